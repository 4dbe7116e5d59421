package main

import (
	"fmt"
	"testing"
	"time"
)

// Claim, look, release: whoever gathers phones so comes to an end, the office says where, and who answers for the room sees it coming.
func TestClaimLookReleaseGathersNoPhones(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	boss, own, a, b := w.as(admin), w.as(keeper), w.as(zhang), w.as(li)
	boss.must("PUT", "/limits", map[string]any{"residents": map[string]int{"claims": 2, "contacts": 1}, "volunteers": map[string]int{"claims": 20, "contacts": 100}})
	own.no("forbidden", "PUT", "/limits", map[string]any{"residents": map[string]int{"claims": 9, "contacts": 9}, "volunteers": map[string]int{"claims": 9, "contacts": 9}})
	boss.no("invalid", "PUT", "/limits", map[string]any{"residents": map[string]int{"claims": 0, "contacts": 9}, "volunteers": map[string]int{"claims": 9, "contacts": 9}})
	post := func(by *api) int {
		seq, no := by.act(room, "request.post", 0, map[string]any{"template": "买药", "door": false}, map[string]any{"text": "药"})
		if no != "" {
			t.Fatal(no)
		}
		return seq
	}
	contact := func(seq int) string { return fmt.Sprintf("/rooms/%s/items/%d/contact", room, seq) }
	first := post(a)
	b.act(room, "request.claim", first, nil, nil)
	got := b.must("GET", contact(first), nil)
	if got["phone"] != zhang.phone || got["door"] != "" {
		t.Errorf("the helper of a request that needs no door is told %v", got)
	}
	b.must("GET", contact(first), nil) // the same person again costs nothing
	b.act(room, "request.release", first, nil, nil)
	var row struct {
		Near []struct {
			Person   string
			Contacts int
		}
	}
	own.ask("GET", "/rooms/"+room, nil, &row)
	if len(row.Near) != 1 || row.Near[0].Person != b.person() || row.Near[0].Contacts != 1 {
		t.Errorf("who answers for the room sees %+v", row.Near)
	}
	other := post(own)
	b.act(room, "request.claim", other, nil, nil)
	b.no("quota", "GET", contact(other), nil)
	w.clock.skip(25 * time.Hour)
	b.must("GET", contact(other), nil)
	b.act(room, "request.claim", post(a), nil, nil)
	if _, no := b.act(room, "request.claim", post(a), nil, nil); no != "quota" {
		t.Errorf("a third one at once: %q", no)
	}
	alarm, _ := a.act(room, "emergency.post", 0, map[string]any{"door": true}, nil)
	b.act(room, "emergency.claim", alarm, nil, nil)
	if got := b.must("GET", contact(alarm), nil); got["phone"] != zhang.phone || got["door"] == "" {
		t.Errorf("who answers a call for help is told %v", got)
	}
}
