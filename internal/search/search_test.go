package search

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
)

// memory is a source whose rooms are lists.
type memory map[id.Room][][]byte

func (m memory) Items(r id.Room, f func([]byte) error) error {
	for _, item := range m[r] {
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}

func item(seq entry.Seq, by, lane, words string) []byte {
	kind := map[string]string{"chat": "text"}[lane]
	if kind == "" {
		kind = lane
	}
	return fmt.Appendf(nil, `{"seq":%d,"ch":%d,"kind":"%s","by":"%s","at":%d,"o":{"%s":1},"words":%s}`, seq, seq, kind, by, int64(seq)*1000, lane, words)
}

func text1(seq entry.Seq, by, s string) []byte {
	b, _ := json.Marshal(map[string]string{"text": s})
	return item(seq, by, "chat", string(b))
}

var names = map[id.Person]string{"p1": "3-2-501 王女士", "p2": "周社工", "p3": "和园便利店 钱先生"}

func rooms(since int64, ids ...id.Room) (list []Room) {
	for _, r := range ids {
		list = append(list, Room{ID: r, Since: since, NameOf: func(p id.Person) string { return names[p] }})
	}
	return list
}

func find(t *testing.T, x *Index, in []Room, q Query) Found {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 30
	}
	f, err := x.Find(context.Background(), in, q, func(id.Room) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func seqs(f Found) string {
	var list []string
	for _, h := range f.Hits {
		list = append(list, fmt.Sprintf("%s/%d", h.Room, h.Seq))
	}
	return strings.Join(list, " ")
}

// What has to be found by what, and what must not be: testdata/conformance.txt.
func TestConformance(t *testing.T) {
	b, err := os.ReadFile("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for n, line := range strings.Split(string(b), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		lines++
		var unquoted string
		if err := json.Unmarshal([]byte(`"`+strings.ReplaceAll(line, `"`, `\"`)+`"`), &unquoted); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		c := strings.Split(unquoted, " | ")
		if len(c) != 4 || c[3] != "found" && c[3] != "not" {
			t.Fatalf("line %d is not: who | what | sought | found or not", n+1)
		}
		in := Room{ID: "r1", NameOf: func(id.Person) string { return c[0] }}
		room, what := id.Room("r1"), c[1]
		if is, ok := strings.CutPrefix(what, "(elsewhere) "); ok {
			room, what = "r2", is
		}
		if is, ok := strings.CutPrefix(what, "(before) "); ok {
			in.Since, what = 3001, is
		}
		what, gone := strings.CutPrefix(what, "(taken back) ")
		x := New(memory{room: {posted(t, what)}})
		if got := len(find(t, x, []Room{in}, Query{Text: c[2]}).Hits) > 0; got != (gone || c[3] == "found") {
			t.Errorf("line %d: found is %v: %s", n+1, got, line)
		}
		if gone { // it was found, and then it is not
			x.Apply("r1", [][]byte{[]byte(`{"seq":3,"ch":4,"kind":"text","by":"p9","at":3000,"o":{"chat":1},"state":{"retracted":true}}`)})
			if found := find(t, x, []Room{in}, Query{Text: c[2]}); len(found.Hits) > 0 || found.Counts[""] > 0 {
				t.Errorf("line %d: taken back, and found: %s", n+1, line)
			}
		}
	}
	if lines < 100 {
		t.Errorf("%d lines", lines)
	}
}

// posted is an item as sent, of a text or of a kind with its words and its state.
func posted(t *testing.T, what string) []byte {
	t.Helper()
	kind, words, card := strings.Cut(what, " ")
	if !card || !strings.HasPrefix(words, "{") && words != "null" {
		b, _ := json.Marshal(map[string]string{"text": what})
		return item(3, "p9", "chat", string(b))
	}
	state := "{}"
	if at := strings.Index(words, "} {"); at > 0 {
		words, state = words[:at+1], words[at+2:]
	}
	b := fmt.Appendf(nil, `{"seq":3,"ch":3,"kind":%q,"by":"p9","at":3000,"o":{"chat":1},"words":%s,"state":%s}`, kind, words, state)
	if !json.Valid(b) {
		t.Fatalf("not an item: %s", b)
	}
	return b
}

func TestFiltersAndNames(t *testing.T) {
	x := New(memory{
		"r1": {text1(3, "p1", "今晚停水吗"), text1(4, "p2", "停水到五点"), item(5, "p2", "notice", `{"title":"停水通知","body":"二十二点起"}`)},
		"r2": {text1(3, "p3", "停水了"), text1(9, "p1", "有人在吗")},
	})
	both := rooms(0, "r1", "r2")
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Text: "停水"}, "r1/5 r1/4 r1/3 r2/3"},
		{Query{Text: "二十二点"}, "r1/5"}, // every text of a card
		{Query{Text: "停水", Lane: "notice"}, "r1/5"},
		{Query{Text: "停水", By: "p2"}, "r1/5 r1/4"},
		{Query{Text: "停水", From: 4000}, "r1/5 r1/4"},
		{Query{Text: "停水", To: 4000}, "r1/3 r2/3"},
		{Query{Text: "3-2-501"}, "r2/9 r1/3"}, // what a door said
		{Query{Text: "3-2-501 停水"}, "r1/3"},
		{Query{Text: "便利店"}, "r2/3"},
		{Query{Text: "停水", Limit: 2}, "r1/5 r1/4"},
		{Query{Text: "停水", Limit: 2, After: Hit{"r1", 4, 4000}}, "r1/3 r2/3"},
		{Query{Text: "停水", Limit: 2, After: Hit{"r1", 3, 3000}}, "r2/3"}, // the same moment in another room
	} {
		if got := seqs(find(t, x, both, c.q)); got != c.want {
			t.Errorf("%+v: %s, not %s", c.q, got, c.want)
		}
	}
	f := find(t, x, both, Query{Text: "停水", Limit: 1, Lane: "chat"})
	if f.Counts[""] != 4 || f.Counts["notice"] != 1 || f.Counts["chat"] != 3 || !f.More {
		t.Errorf("counts %v, more %v", f.Counts, f.More)
	}
	// Nothing is sought but what the rest lets through.
	mixed := rooms(0, "r3")
	y := New(memory{"r3": {
		text1(3, "p1", "花"),
		[]byte(`{"seq":4,"ch":4,"kind":"picture","by":"p1","at":4000,"o":{"chat":2},"words":{"text":"花"},"state":{"files":[{"hash":"h"}]}}`),
		[]byte(`{"seq":5,"ch":5,"kind":"file","by":"p2","at":5000,"o":{"chat":3},"words":{"name":"花名册.pdf"},"state":{"files":[{"hash":"h"}]}}`),
		[]byte(`{"seq":6,"ch":6,"kind":"voice","by":"p2","at":6000,"o":{"chat":4},"state":{"files":[{"hash":"h"}]}}`),
	}})
	for _, c := range []struct {
		q             Query
		want, without string
	}{
		{Query{Text: "花", Kind: "picture"}, "r3/4", "map[kind:2]"},
		{Query{Text: "花", Kind: "text"}, "r3/3", "map[kind:2]"},
		{Query{Text: "花", Files: true}, "r3/5 r3/4", "map[files:1]"},
		{Query{Text: "花", Kind: "video"}, "", "map[kind:3]"},
		{Query{Text: "花", Kind: "video", By: "p2"}, "", "map[kind:1]"}, // of the others two conditions had to go
		{Query{Text: "花", From: 9000}, "", "map[day:3]"},
		{Query{Text: "花", By: "p3"}, "", "map[by:3]"},
		{Query{Kind: "voice"}, "r3/6", "map[kind:3]"}, // without a term: all there are
		{Query{Files: true, By: "p2"}, "r3/6 r3/5", "map[by:1]"},
		{Query{}, "", "map[]"},
		{Query{Text: " ", Files: true}, "r3/6 r3/5 r3/4", "map[files:1]"},
		{Query{Text: "\u200b", Files: true}, "", "map[]"}, // something was sought, and it is nothing
	} {
		f := find(t, y, mixed, c.q)
		if got := seqs(f); got != c.want || fmt.Sprint(f.Without) != c.without {
			t.Errorf("%+v: %s %v, not %s %s", c.q, got, f.Without, c.want, c.without)
		}
	}
	// Never a room that one may not read, nor what was before one's time.
	if got := seqs(find(t, x, rooms(0, "r2"), Query{Text: "停水"})); got != "r2/3" {
		t.Errorf("of one room: %s", got)
	}
	if got := seqs(find(t, x, rooms(4000, "r1"), Query{Text: "停水"})); got != "r1/5 r1/4" {
		t.Errorf("since 4000: %s", got)
	}
}

func TestItFollowsWhatIsSaidAndTakenBack(t *testing.T) {
	source := memory{"r1": {text1(3, "p1", "旧的")}}
	x := New(source)
	x.Apply("r1", [][]byte{text1(4, "p1", "还没人搜过")}) // the source has it, too, by the time of the first search
	source["r1"] = append(source["r1"], text1(4, "p1", "还没人搜过"))
	in := rooms(0, "r1")
	if got := seqs(find(t, x, in, Query{Text: "没人"})); got != "r1/4" {
		t.Fatal(got)
	}
	x.Apply("r1", [][]byte{text1(5, "p2", "新的消息")})
	if got := seqs(find(t, x, in, Query{Text: "新的"})); got != "r1/5" {
		t.Error(got)
	}
	x.Apply("r1", [][]byte{[]byte(`{"seq":5,"ch":6,"kind":"text","by":"p2","at":5000,"o":{"chat":3},"state":{"retracted":true}}`)})
	if got := seqs(find(t, x, in, Query{Text: "新的"})); got != "" {
		t.Errorf("taken back, and found: %s", got)
	}
	if got := seqs(find(t, x, in, Query{Text: "周社工"})); got != "" {
		t.Errorf("taken back, and found by its author: %s", got)
	}
	if strings.Contains(string(x.rooms["r1"].run), "新的") {
		t.Error("what was taken back is still in memory")
	}
	x.Apply("r1", [][]byte{text1(3, "p1", "改过的")})
	if got := seqs(find(t, x, in, Query{Text: "旧"})) + "|" + seqs(find(t, x, in, Query{Text: "改过"})); got != "|r1/3" {
		t.Errorf("edited: %s", got)
	}
}

// What comes while a room is read for the first time is neither lost nor older than what was read.
func TestWhatComesWhileARoomIsRead(t *testing.T) {
	source := memory{"r1": {text1(3, "p1", "一")}}
	x := New(source)
	f, err := x.Find(context.Background(), rooms(0, "r1"), Query{Text: "二", Limit: 9}, func(id.Room) error {
		x.Apply("r1", [][]byte{text1(4, "p1", "二")})
		return nil
	})
	if err != nil || seqs(f) != "r1/4" {
		t.Errorf("%s %v", seqs(f), err)
	}
}

// One message is found by the same as all are.
func TestHasIsWhatFindFinds(t *testing.T) {
	const item = `{"seq":3,"kind":"forward","by":"p1","words":{"text":"看看","parts":[{"by":"李女士","at":5,"text":"明早 5 点来水"}]}}`
	for text, want := range map[string]bool{
		"来水": true, "李女士": true, "看看 来水": true, "mz5dls": false, "mz": true, "3-1-101": true, "p1": false, "forward": false, "停电": false, "": true,
	} {
		if got := Has([]byte(item), "3-1-101 张先生", text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if Has([]byte("not JSON"), "", "x") {
		t.Error("nonsense is found")
	}
}
