package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/view"
	"linli/internal/wire"
)

// What is remembered of strangers is never said of somebody whom the card names, of another group, or after a change.
func TestStrangersAreToldApart(t *testing.T) {
	t.Parallel()
	var w waits
	notice := func(ch int) []byte {
		return fmt.Appendf(nil, `{"seq":3,"ch":%d,"kind":"notice","by":"p9","at":1,"state":{"confirm":true}}`, ch)
	}
	kept := func(homes string) []byte {
		return fmt.Appendf(nil, `{"for":"h9","card":{"confirm":true,"homes":{%s}}}`, homes)
	}
	confirmed := `"h1":{"by":"p1","at":1}`
	owner := kind.Viewer{Person: "p2", Owner: true}
	suggestion := []byte(`{"seq":4,"ch":4,"kind":"suggestion","by":"p9","at":1}`)
	for i, c := range []struct {
		sent, kept []byte
		seq        entry.Seq
		v          kind.Viewer
		want       string
	}{
		{notice(3), kept(""), 3, kind.Viewer{Person: "p1", Homes: []id.Premises{"h1"}}, "confirm"},
		{notice(3), kept(""), 3, kind.Viewer{Person: "p2", Homes: []id.Premises{"h2"}}, "confirm"},
		{notice(5), kept(confirmed), 3, kind.Viewer{Person: "p1", Homes: []id.Premises{"h1"}}, ""},
		{notice(5), kept(confirmed), 3, kind.Viewer{Person: "p3", Homes: []id.Premises{"h1"}}, ""},
		{notice(5), kept(confirmed), 3, kind.Viewer{Person: "p2", Homes: []id.Premises{"h2"}}, "confirm"},
		{notice(5), kept(confirmed), 3, kind.Viewer{Person: "p4", Homes: []id.Premises{"h4", "h1"}}, "confirm"},
		{notice(5), kept(confirmed + `,"h4":{"by":"p4","at":1}`), 3, kind.Viewer{Person: "p4", Homes: []id.Premises{"h4", "h1"}}, ""},
		{notice(5), kept(confirmed), 3, kind.Viewer{Person: "p9", Owner: true}, "confirm"},
		{notice(6), []byte(`{"card":{"confirm":true,"people":{"p9":1}}}`), 3, kind.Viewer{Person: "p9", Owner: true}, ""},
		{suggestion, nil, 4, kind.Viewer{Person: "p9", Owner: true}, "reply"},
		{suggestion, nil, 4, kind.Viewer{Person: "p2", Homes: []id.Premises{"h2"}}, ""},
		{suggestion, nil, 4, owner, "reply"},
		{suggestion, nil, 4, kind.Viewer{Person: "p3", Homes: []id.Premises{"h3"}}, ""},
		{[]byte(`{"seq":4,"ch":6,"kind":"suggestion","by":"p9","at":1,"state":{"retracted":true}}`), nil, 4, owner, ""},
	} {
		if got, err := w.of("r1", c.seq, c.sent, c.kept, c.v); got != c.want || err != nil {
			t.Errorf("%d: %q, %v, not %q", i, got, err, c.want)
		}
	}
}

// What an owner of ten rooms waits for his list, after years of notices that nobody withdrew, each confirmed by 300 households.
func BenchmarkTodo(b *testing.B) {
	v, err := view.Open(b.TempDir(), slog.New(slog.DiscardHandler), func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	var w waits
	const rooms, live, homes = 10, 100, 300
	confirmed := map[id.Premises]kind.Receipt{}
	for h := range homes {
		confirmed[id.Premises(fmt.Sprintf("h%012d", h))] = kind.Receipt{By: id.Person(fmt.Sprintf("p%012d", h)), At: 1772600000000}
	}
	card, err := json.Marshal(map[string]any{"confirm": true, "importance": "normal", "of": homes, "homes": confirmed})
	if err != nil {
		b.Fatal(err)
	}
	kept := append(append([]byte(`{"card":`), card...), '}')
	for r := range rooms {
		room := id.Room(fmt.Sprintf("r%d", r))
		for n := entry.Seq(1); n <= live; n++ {
			sent := fmt.Appendf(nil, `{"seq":%d,"ch":%d,"kind":"notice","by":"p9","at":%d}`, n, n, n)
			v.Apply(view.Batch{Log: room.Log(), Frame: uint64(n), Seq: n, Cursor: []byte("x"), Parts: &wire.Parts{
				Room: room, Seq: n, Items: []wire.Record{{Seq: n, Ch: n, New: true, Live: true, Item: sent, Kept: kept}},
			}})
		}
		if err := v.Wait(context.Background(), room.Log(), live); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		for r := range rooms {
			room := id.Room(fmt.Sprintf("r%d", r))
			err := v.EachLive(room, view.Who{}, func(seq entry.Seq, sent, kept []byte) error {
				act, err := w.of(room, seq, sent, kept, kind.Viewer{Person: "p9", Owner: true})
				if act == "confirm" {
					n++
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		if n != rooms*live {
			b.Fatal(n)
		}
	}
}
