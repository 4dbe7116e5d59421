package room

import (
	"encoding/json"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// A room that goes without a kind refuses it to everybody, also after a checkpoint, and keeps what was posted before.
func TestARoomGoesWithoutAKind(t *testing.T) {
	s := New("r1")
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(
		`{"quiet":true,"who":[{"person":"p0","role":"owner","badge":"群主","rev":1},{"person":"p1","premises":"h1","badge":"业主","rev":1}]}`)})
	post := func(by id.Person) error {
		who := entry.Actor{Person: by, Device: "d" + id.Device(by)}
		if by == "p0" {
			who.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		_, err := s.Decide(who, &entry.Command{ID: "d" + string(by) + ".1", Act: "sticker.post", With: json.RawMessage(`{"name":"rain"}`)}, 2)
		return err
	}
	if err := post("p1"); err != nil {
		t.Fatal(err)
	}
	s.Apply(3, &entry.Entry{Kind: "room.rules", By: id.Server, Cause: 7, Facts: json.RawMessage(`{"without":["sticker"]}`)})
	kept, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = Restore("r1", kept); err != nil {
		t.Fatal(err)
	}
	for _, p := range []id.Person{"p0", "p1"} {
		if err := post(p); !fault.Is(err, fault.Forbidden) || fault.Of(err).With["kind"] != "sticker" {
			t.Errorf("%s: %v", p, err)
		}
	}
	if got := s.Without(); !slices.Equal(got, []string{"sticker"}) {
		t.Errorf("without %v", got)
	}
	s.Apply(4, &entry.Entry{Kind: "room.rules", By: id.Server, Cause: 8, Facts: json.RawMessage(`{}`)})
	if err := post("p1"); err != nil || len(s.Without()) > 0 {
		t.Errorf("%v, without %v", err, s.Without())
	}
}
