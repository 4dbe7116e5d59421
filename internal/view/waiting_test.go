package view_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/view"
	"linli/internal/wire"
)

func openView(t testing.TB) *view.View {
	t.Helper()
	v, err := view.Open(t.TempDir(), slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// put posts or changes items of a room, as one frame.
func put(t testing.TB, v *view.View, room id.Room, frame uint64, head entry.Seq, records ...wire.Record) {
	t.Helper()
	v.Apply(view.Batch{Log: room.Log(), Frame: frame, Seq: head, Cursor: []byte("x"), Parts: &wire.Parts{Room: room, Seq: head, Items: records}})
	if err := v.Wait(context.Background(), room.Log(), head); err != nil {
		t.Fatal(err)
	}
}

func item(seq, ch entry.Seq, at int64) []byte {
	return fmt.Appendf(nil, `{"seq":%d,"ch":%d,"kind":"notice","by":"p1","at":%d,"o":{"notice":%d}}`, seq, ch, at, seq)
}

func TestWhatWaitsAndWhatChanged(t *testing.T) {
	t.Parallel()
	v, room := openView(t), id.Room("r1")
	for n := entry.Seq(1); n <= 5; n++ {
		put(t, v, room, uint64(n), n, wire.Record{
			Seq: n, Ch: n, New: true, Live: n != 3, Lane: "notice", Ordinal: uint64(n), Item: item(n, n, int64(n)), Kept: []byte(`{}`),
			To: []id.Person{"p7"}, All: n == 4,
		})
	}
	put(t, v, room, 6, 6, wire.Record{Seq: 2, Ch: 6, Was: 2, Item: item(2, 6, 2), Kept: []byte(`{}`)})
	put(t, v, room, 7, 7, wire.Record{Seq: 1, Ch: 7, Was: 1, Live: true, Item: item(1, 7, 1), Kept: []byte(`{}`)})

	seqs := func(each func(func(entry.Seq, []byte, []byte) error) error) (list []entry.Seq) {
		if err := each(func(seq entry.Seq, sent, _ []byte) error {
			var x struct{ Seq entry.Seq }
			if json.Unmarshal(sent, &x) != nil || x.Seq != seq {
				t.Errorf("for %d came %s", seq, sent)
			}
			list = append(list, seq)
			return nil
		}); err != nil {
			t.Error(err)
		}
		return list
	}
	type each = func(func(entry.Seq, []byte, []byte) error) error
	for _, c := range []struct {
		what string
		each each
		want []entry.Seq
	}{
		{"live", func(f func(entry.Seq, []byte, []byte) error) error { return v.EachLive(room, view.Who{}, f) }, []entry.Seq{1, 4, 5}},
		{"live, since then", func(f func(entry.Seq, []byte, []byte) error) error { return v.EachLive(room, view.Who{Since: 4}, f) }, []entry.Seq{4, 5}},
		{"changed", func(f func(entry.Seq, []byte, []byte) error) error {
			return v.EachChanged(room, view.Who{}, "pother", 5, f)
		}, []entry.Seq{1, 2}},
		{"changed later", func(f func(entry.Seq, []byte, []byte) error) error {
			return v.EachChanged(room, view.Who{}, "pother", 6, f)
		}, []entry.Seq{1}},
		{"calls", func(f func(entry.Seq, []byte, []byte) error) error {
			return v.EachCall(room, view.Who{}, "p7", 3, 9, f)
		}, []entry.Seq{5, 4}},
		{"calls of another", func(f func(entry.Seq, []byte, []byte) error) error {
			return v.EachCall(room, view.Who{}, "p8", 0, 9, f)
		}, []entry.Seq{4}},
	} {
		if got := seqs(c.each); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.what, got, c.want)
		}
	}
	var newest []entry.Seq
	if err := v.Newest(room, view.Who{}, "notice", 2, 2, func(seq entry.Seq, _ []byte) error { newest = append(newest, seq); return nil }); err != nil || !slices.Equal(newest, []entry.Seq{5, 4}) {
		t.Errorf("newest: %v, %v", newest, err)
	}
	if next, err := v.Unread(room, "pother", 2); next != 3 || err != nil {
		t.Errorf("next: %d, %v", next, err)
	}
	if next, err := v.Unread(room, "pother", 5); next != 0 || err != nil {
		t.Errorf("behind the last: %d, %v", next, err)
	}
}
