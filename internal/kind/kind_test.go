package kind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// street is a room of five people: p0 answers for it, p1 and p2 live behind h1, p3 behind h2, p4 behind no door.
type street struct{}

var doors = map[id.Person]id.Premises{"p0": "", "p1": "h1", "p2": "h1", "p3": "h2", "p4": ""}

func (street) Premises() int        { return 3 } // nobody is behind the third
func (street) Has(p id.Person) bool { _, ok := doors[p]; return ok }
func (street) Owners() []id.Person  { return []id.Person{"p0"} }
func (street) Calls(int64) int      { return 0 }
func (street) Includes(h id.Premises) bool {
	return slices.Contains([]id.Premises{"h1", "h2", "h3"}, h)
}
func (street) Shops() int              { return 1 }
func (street) Shop(h id.Premises) bool { return h == "h2" }
func (street) Badged(badge string) []id.Person {
	if badge == "物业" {
		return []id.Person{"p4"}
	}
	return nil
}
func (street) Behind(h id.Premises) (who []id.Person) {
	for p, home := range doors {
		if home == h && h != "" {
			who = append(who, p)
		}
	}
	slices.Sort(who)
	return who
}

// table is a card of a kind on which people act, at a time that the test sets.
type table struct {
	t    *testing.T
	kind *Kind
	card Card
	post Post
	seq  entry.Seq
	now  int64
}

const start = 1_772_784_000_000

func newTable(t *testing.T, name string) *table {
	return &table{t: t, kind: Of(name), card: Of(name).New(), now: start}
}

func homesOf(p id.Person) []id.Premises {
	if doors[p] == "" {
		return nil
	}
	return []id.Premises{doors[p]}
}

// ask puts the question without doing it.
func (b *table) ask(by id.Person, act, with, words string) (json.RawMessage, error) {
	who := Actor{Person: by, Homes: homesOf(by), Owner: by == "p0", Member: street{}.Has(by), Server: by == id.Server}
	return b.card.Act(act, Ask{By: who, Now: b.now, Room: street{}, Post: b.post}, json.RawMessage(with), entry.Words(words))
}

// do asks and, when it may be, does it.
func (b *table) do(by id.Person, act, with, words string) error {
	facts, err := b.ask(by, act, with, words)
	if err != nil {
		return err
	}
	b.take(by, act, facts, entry.Words(words))
	return nil
}

func (b *table) take(by id.Person, act string, facts json.RawMessage, words entry.Words) {
	b.seq++
	if act == "post" {
		b.post = Post{Seq: b.seq, By: by, For: doors[by], At: b.now}
	}
	b.card = b.card.Apply(act, Event{Post: b.post, Seq: b.seq, By: by, At: b.now, Words: words, Room: street{}}, facts)
}

func (b *table) must(by id.Person, act, with, words string) {
	b.t.Helper()
	if err := b.do(by, act, with, words); err != nil {
		b.t.Fatalf("%s %s by %s: %v", b.kind.Name, act, by, err)
	}
}

func (b *table) refused(code fault.Code, by id.Person, act, with, words string) *fault.Fault {
	b.t.Helper()
	_, err := b.ask(by, act, with, words)
	if !fault.Is(err, code) {
		b.t.Fatalf("%s %s %s by %s: %v, want %s", b.kind.Name, act, with, by, err, code)
	}
	return fault.Of(err)
}

func (b *table) viewer(p id.Person) Viewer {
	return Viewer{Person: p, Homes: homesOf(p), Owner: p == "p0", Post: b.post, Room: street{}}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// said makes words with one text of n characters.
func said(field string, n int) string {
	return fmt.Sprintf(`{%q:%q}`, field, strings.Repeat("字", n))
}

func TestEveryKindIsRegisteredWithItsLane(t *testing.T) {
	want := map[string]Lane{
		"text": Chat, "poll": Chat, "signup": Chat, "suggestion": Chat, "notice": Notices, "request": Needs, "emergency": Needs, "joined": "",
		"picture": Chat, "video": Chat, "voice": Chat, "file": Chat, "place": Chat,
		"forward": Chat, "sticker": Chat,
	}
	for name, lane := range want {
		if k := Of(name); k == nil || k.Lane != lane || !slices.Contains(k.Acts, "post") {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if got := len(Names()); got != len(want) {
		t.Errorf("%d kinds, want %d: %v", got, len(want), Names())
	}
}

func TestDuplicateOrIncompleteKindStopsTheProgram(t *testing.T) {
	for _, k := range []kind[message]{
		{name: "text", shown: func(message) any { return nil }, actions: map[string]action[message]{"post": act(anyMessage, message.post)}},
		{name: "half", shown: func(message) any { return nil }},
		{name: "unseen", actions: map[string]action[message]{"post": act(anyMessage, message.post)}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was declared", k.name)
				}
			}()
			declare(k)
		}()
	}
}

func anyMessage(message, Ask, *message) error { return nil }

func TestLengthsAreInCharactersAndTheLimitIsTold(t *testing.T) {
	for _, c := range []struct {
		kind, act, by, with, field string
		most                       int
		words                      string // others that the act needs
	}{
		{"text", "post", "p1", ``, "text", 4000, ``},
		{"notice", "post", "p0", `{}`, "title", 80, ``},
		{"notice", "post", "p0", `{}`, "body", 4000, `"title":"题",`},
		{"request", "post", "p1", `{"template":"买菜"}`, "text", 500, ``},
		{"request", "post", "p1", `{"template":"买菜"}`, "note", 1000, `"text":"土豆",`},
		{"signup", "post", "p1", `{"options":1}`, "title", 80, `"options":["甲"],`},
		{"poll", "post", "p0", `{"options":2}`, "title", 80, `"options":["甲","乙"],`},
		{"suggestion", "post", "p1", ``, "text", 1000, ``},
		{"emergency", "post", "p1", `{}`, "text", 500, ``},
	} {
		b := newTable(t, c.kind)
		words := func(n int) string { return "{" + c.words + said(c.field, n)[1:] }
		if _, err := b.ask(id.Person(c.by), c.act, c.with, words(c.most)); err != nil {
			t.Errorf("%s.%s with %d characters of %s: %v", c.kind, c.act, c.most, c.field, err)
		}
		f := b.refused(fault.TooLarge, id.Person(c.by), c.act, c.with, words(c.most+1))
		if f.With["limit"] != c.most || f.With["field"] != c.field {
			t.Errorf("%s.%s: %v", c.kind, c.act, f.With)
		}
	}
}

func TestFactsOfAnotherShapeAreRefusedAndLeaveTheCardAsItWas(t *testing.T) {
	for _, name := range Names() {
		b := newTable(t, name)
		for _, act := range b.kind.Acts {
			before := string(b.card.Facts())
			if f, err := b.ask("p0", act, `[1,2]`, `{}`); err == nil {
				t.Errorf("%s.%s took a list for facts: %s", name, act, f)
			}
			b.take("p0", act, json.RawMessage(`[1,2]`), nil)
			if got := string(b.card.Facts()); got != before {
				t.Errorf("%s.%s with facts it cannot read: %s, before %s", name, act, got, before)
			}
		}
	}
}

// What stands under a name that only looks like one of the facts' goes nowhere.
func TestFactsCountByTheirNamesAsTheyAreWritten(t *testing.T) {
	for _, name := range []string{"Files", "FILES", "file\u017f"} {
		b := newTable(t, "file")
		with := `{"files":[{"hash":"a","type":"text/plain","size":1}],"` + name + `":[{"hash":"b","type":"text/plain","size":1}]}`
		facts, err := b.ask("p0", "post", with, `{"name":"a.txt"}`)
		if err != nil || !strings.Contains(string(facts), `"a"`) || strings.Contains(string(facts), `"b"`) {
			t.Errorf("%s: %s, %v", name, facts, err)
		}
		if facts, err := b.ask("p0", "post", `{"`+name+`":[{"hash":"b","type":"text/plain","size":1}]}`, `{"name":"a.txt"}`); err == nil {
			t.Errorf("%s alone: %s", name, facts)
		}
	}
}

func TestSummariesDoWithoutWords(t *testing.T) {
	for name, want := range map[string]string{
		"text": "", "notice": "[公告]", "poll": "[投票]", "signup": "[接龙]", "suggestion": "[建议]", "joined": "已实名入群",
		"request": "[求助]", "emergency": "[紧急求助]",
	} {
		if got := strings.TrimSpace(Of(name).Summary(nil, nil)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	if got := b.kind.Summary(entry.Words(`{"text":"降压药"}`), b.card.Facts()); got != "[求助] 买药 降压药" {
		t.Errorf("%q", got)
	}
	if got := b.kind.Summary(nil, b.card.Facts()); got != "[求助] 买药" {
		t.Errorf("%q", got)
	}
}

func TestOnlyTimeDoesWhatTimeDoes(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	b.refused(fault.Unchanged, id.Server, "lapse", ``, ``)
	b.must("p3", "claim", ``, ``)
	b.must("p3", "complete", ``, ``)
	at, act := b.card.(Deadline).Due()
	if at != start+silence.Milliseconds() || act != "lapse" {
		t.Fatalf("%s at %d", act, at)
	}
	b.now = at - 1
	b.refused(fault.Unchanged, id.Server, act, ``, ``)
	b.now = at
	b.refused(fault.Forbidden, "p0", act, ``, ``)
	b.must(id.Server, act, ``, ``)
	if at, _ := b.card.(Deadline).Due(); at != 0 {
		t.Errorf("due again at %d", at)
	}

	n := newTable(t, "notice")
	n.must("p0", "post", fmt.Sprintf(`{"confirm":true,"pin":true,"until":%d}`, start+1000), `{"title":"停水"}`)
	if at, act := n.card.(Deadline).Due(); at != start+1000 || act != "expire" {
		t.Fatalf("%s at %d", act, at)
	}
	n.refused(fault.Unchanged, id.Server, "expire", ``, ``)
	n.now += 1000
	n.must(id.Server, "expire", ``, ``)
	if at, _ := n.card.(Deadline).Due(); at != 0 || !n.card.(Settled).Settled() {
		t.Errorf("due again at %d", at)
	}
}
