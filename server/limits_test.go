package main

import (
	"fmt"
	"sync"
	"sync/atomic"
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
	type near struct {
		Person           string
		Claims, Contacts int
	}
	seen := func() []near {
		var row struct{ Near []near }
		own.ask("GET", "/rooms/"+room, nil, &row)
		return row.Near
	}
	if got := seen(); len(got) != 1 || got[0] != (near{b.person(), 0, 1}) {
		t.Errorf("who answers for the room sees %+v", got)
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
	// Seen is who has used up four fifths, of the one or of the other.
	boss.must("PUT", "/limits", map[string]any{"residents": map[string]int{"claims": 5, "contacts": 5}})
	for claims := 3; claims <= 4; claims++ {
		b.act(room, "request.claim", post(a), nil, nil)
		if got := seen(); claims < 4 && len(got) != 0 || claims == 4 && (len(got) != 1 || got[0].Claims != 4) {
			t.Errorf("with %d of 5, who answers for the room sees %+v", claims, got)
		}
	}
	alarm, _ := a.act(room, "emergency.post", 0, map[string]any{"door": true}, nil)
	b.act(room, "emergency.claim", alarm, nil, nil)
	if got := b.must("GET", contact(alarm), nil); got["phone"] != zhang.phone || got["door"] == "" {
		t.Errorf("who answers a call for help is told %v", got)
	}
}

// Who has taken on as many as one may goes to another room for more, also into many rooms in the same moment.
func TestClaimsInManyRoomsAreNoMoreThanInOne(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	boss := w.as(admin)
	boss.must("PUT", "/limits", map[string]any{"residents": map[string]int{"claims": 5, "contacts": 9}, "volunteers": map[string]int{"claims": 2, "contacts": 9}})
	_, second := w.another(room)
	asks, helps := w.as(zhang), w.as(li)
	link := boss.must("POST", "/rooms/"+second+"/links", map[string]any{})["link"].(string)
	version := helps.must("GET", "/join/"+link, nil)["charter"].(map[string]any)["version"]
	helps.must("POST", "/join/"+link, map[string]any{"relation": "other", "category": "志愿者", "charter": version})
	wish := boss.must("GET", "/applications?state=pending&room="+second, nil)["applications"].([]any)[0].(map[string]any)
	boss.must("POST", "/applications/"+wish["id"].(string)+"/approve", map[string]any{"version": wish["version"], "category": "志愿者"})
	var cards []struct {
		room string
		seq  int
	}
	for range 4 {
		for _, r := range []string{room, second} {
			seq, no := asks.act(r, "request.post", 0, map[string]any{"template": "买药", "door": false}, map[string]any{"text": "药"})
			if no != "" {
				t.Fatal(no)
			}
			cards = append(cards, struct {
				room string
				seq  int
			}{r, seq})
		}
	}
	var all sync.WaitGroup
	var taken atomic.Int32
	for i, c := range cards {
		all.Add(1)
		go func() {
			defer all.Done()
			var said struct {
				OK [][]any `json:"ok"`
			}
			helps.ask("POST", "/rooms/"+c.room+"/commands", map[string]any{"do": []any{map[string]any{
				"id": fmt.Sprintf("%s.%d", helps.device, 1000+i), "act": "request.claim", "re": c.seq,
			}}}, &said)
			taken.Add(int32(len(said.OK)))
		}()
	}
	all.Wait()
	if n := taken.Load(); n != 2 {
		t.Errorf("%d were taken on in two rooms", n)
	}
	var row struct {
		Near []struct {
			Person string
			Claims int
		}
	}
	boss.ask("GET", "/rooms/"+second, nil, &row)
	if len(row.Near) != 1 || row.Near[0].Person != helps.person() || row.Near[0].Claims != 2 {
		t.Errorf("who answers for one of them sees %+v", row.Near)
	}
}
