package room

import (
	"encoding/json"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// FuzzEntry applies entries of any shape, as a later or a broken program may have written them. Apply counts each and never panics,
// and what it makes of them can be kept and read back.
func FuzzEntry(f *testing.F) {
	for _, name := range kind.Names() {
		for _, act := range kind.Of(name).Acts {
			f.Add(name+"."+act, "p1", uint64(3), []byte(`{"on":true}`), []byte(`{"text":"早"}`))
		}
	}
	f.Add("member.join", "-", uint64(0), []byte(`{"who":[{"person":"p2","premises":"h9","role":"owner"}]}`), []byte(nil))
	f.Add("member.drop", "-", uint64(0), []byte(`{"who":[{"person":"p1"},{"person":"p9","premises":"h1"}]}`), []byte(nil))
	f.Add("room.premises", "-", uint64(0), []byte(`{"add":[{"id":"h1"}],"drop":["h1","h1"]}`), []byte(nil))
	f.Add("item.react", "p1", uint64(3), []byte(`{"face":"赞","on":false}`), []byte(nil))
	f.Add("item.pin", "p1", uint64(99), []byte(`null`), []byte(nil))
	f.Add("of.later", "p1", uint64(3), []byte(`[]`), []byte(`"x"`))
	f.Fuzz(func(t *testing.T, what, by string, re uint64, facts, words []byte) {
		s := New("r1")
		set := func(kind, facts string) {
			s.Apply(1, &entry.Entry{Kind: kind, By: id.Server, Facts: json.RawMessage(facts)})
		}
		set("room.premises", `{"add":[{"id":"h1","label":"1-101","kind":"home"}]}`)
		set("member.join", `{"quiet":true,"who":[{"person":"p1","premises":"h1","badge":"业主","rev":1}]}`)
		s.Apply(1, &entry.Entry{Kind: "notice.post", By: "p1", Facts: json.RawMessage(`{"pin":true,"confirm":true}`)})
		if !json.Valid(words) {
			words = nil
		}
		for range 2 { // and again: an entry may find what it made itself
			s.Apply(2, &entry.Entry{Kind: what, By: id.Person(by), ID: "d.1", Re: Seq(re), Facts: facts, Words: words})
		}
		if s.Seq() != 5 {
			t.Fatalf("counted to %d", s.Seq())
		}
		b, err := s.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		restored, err := Restore("r1", b)
		if err != nil {
			t.Fatal(err)
		}
		if restored.Tally() != s.Tally() {
			t.Fatalf("coverage %+v, counted again %+v", s.Tally(), restored.Tally())
		}
	})
}
