package main

import "testing"

// Whoever reads a message the moment it comes has read it: a mark counts lanes by the views, which come a little later.
func TestWhatIsReadAtOnceIsRead(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	a, b := w.as(zhang), w.as(li)
	line := b.socket()
	hear(t, line, "hello")
	for range 10 {
		a.say(room, "在吗")
		m := hear(t, line, "new")
		tell(t, line, map[string]any{"read": []any{[]any{room, m["seq"]}}})
		hear(t, line, "read")
		var row struct {
			Lanes map[string]int
			Read  struct{ Lanes map[string]int }
		}
		b.ask("GET", "/rooms/"+room, nil, &row)
		if row.Lanes["chat"] == 0 || row.Read.Lanes["chat"] != row.Lanes["chat"] {
			t.Fatalf("read %v of %v", row.Read.Lanes, row.Lanes)
		}
	}
}
