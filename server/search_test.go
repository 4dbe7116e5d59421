package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func (a *api) find(q map[string]any) (texts []string, counts map[string]any) {
	a.w.t.Helper()
	out := a.must("POST", "/search", q)
	for _, h := range out["hits"].([]any) {
		words := h.(map[string]any)["item"].(map[string]any)["words"].(map[string]any)
		if s, ok := words["text"].(string); ok {
			texts = append(texts, s)
		} else {
			texts = append(texts, words["title"].(string))
		}
	}
	counts, _ = out["counts"].(map[string]any)
	return texts, counts
}

// What was said is found at once, by whom it is for: not by who left, and not further back than one may read.
func TestSearching(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	a.say(room, "我家在上海东边")
	found := func(p *api, q string) string {
		texts, _ := p.find(map[string]any{"text": q})
		return strings.Join(texts, "|")
	}
	if got := found(own, "上海"); got != "我家在上海东边" {
		t.Errorf("上海: %q", got)
	}
	seq := a.say(room, "这句要撤回") // the room is held by now: it follows
	if got := found(own, "zjych"); got != "这句要撤回" {
		t.Errorf("by initials: %q", got)
	}
	a.act(room, "item.retract", seq, nil, nil)
	if got := found(own, "撤回"); got != "" {
		t.Errorf("taken back: %q", got)
	}
	own.act(room, "notice.post", 0, map[string]any{"importance": "normal"}, map[string]any{"title": "停水", "body": "上海路今晚停水"})
	if texts, counts := own.find(map[string]any{"text": "上海"}); strings.Join(texts, "|") != "停水|我家在上海东边" || counts["notice"] != 1.0 || counts[""] != 2.0 {
		t.Errorf("%v %v", texts, counts)
	}
	if texts, _ := own.find(map[string]any{"text": "上海", "lane": "notice", "room": room}); strings.Join(texts, "|") != "停水" {
		t.Errorf("notices: %v", texts)
	}
	if got := found(own, "3-1-101"); !strings.Contains(got, "我家在上海东边") {
		t.Errorf("by door: %q", got)
	}

	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	late := w.admit(own, link, wang)
	if got := found(late, "上海"); got != "" {
		t.Errorf("a newcomer finds %q", got)
	}
	applicant := w.apply(link, liu, "owner")
	if got := found(applicant, "上海"); got != "" {
		t.Errorf("an applicant finds %q", got)
	}
	applicant.no("not-member", "POST", "/search", map[string]any{"text": "上海", "room": room})
	w.nobody().no("sign-in", "POST", "/search", map[string]any{"text": "上海"})
	a.must("POST", "/rooms/"+room+"/leave", map[string]any{})
	if got := found(a, "上海"); got != "" {
		t.Errorf("who left finds %q", got)
	}
	own.no("too-large", "POST", "/search", map[string]any{"text": strings.Repeat("长", 101)})
	own.no("invalid", "POST", "/search", map[string]any{"text": "上", "lane": "secret"})

	w.stop()
	w = serveTown(t, w.dir)
	if texts, _ := w.as(keeper).find(map[string]any{"text": "上海"}); len(texts) != 2 {
		t.Errorf("after a restart: %v", texts)
	}
}

// Narrowed to a kind, to what brought files, to somebody; and when nothing is found, what to drop.
func TestSearchingByKind(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	a.say(room, "药店几点开门")
	a.act(room, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "降压药"})
	own.act(room, "poll.post", 0, map[string]any{"options": 2, "per": "person"}, map[string]any{"title": "统一买药吗", "options": []string{"买", "不买"}})
	b.act(room, "place.post", 0, nil, map[string]any{"text": "电厂路药房"})
	hits := func(q map[string]any) (n int, without map[string]any) {
		out := b.must("POST", "/search", q)
		without, _ = out["without"].(map[string]any)
		return len(out["hits"].([]any)), without
	}
	for kind, want := range map[string]int{"": 4, "text": 1, "request": 1, "poll": 1, "place": 1, "picture": 0} {
		if n, _ := hits(map[string]any{"text": "药", "kind": kind}); n != want {
			t.Errorf("药 as %q: %d", kind, n)
		}
	}
	if _, without := hits(map[string]any{"text": "药", "kind": "picture"}); without["kind"] != 4.0 {
		t.Errorf("what to drop: %v", without)
	}
	if _, without := hits(map[string]any{"text": "药", "room": room, "to": 1}); without["day"] != 4.0 {
		t.Errorf("what to drop: %v", without)
	}
	if n, _ := hits(map[string]any{"kind": "poll"}); n != 1 {
		t.Errorf("all polls: %d", n)
	}
	b.no("invalid", "POST", "/search", map[string]any{"text": "药", "kind": "secret"})

	// Removed, nothing is found and nothing is counted, whatever the search asks.
	me := b.must("GET", "/me", nil)["person"]
	own.must("POST", "/removals", map[string]any{"person": me, "room": room, "reason": "搬走"})
	for _, q := range []map[string]any{{"text": "药"}, {"text": "药", "kind": "picture"}, {"kind": "poll"}} {
		out := b.must("POST", "/search", q)
		if len(out["hits"].([]any)) > 0 || len(out["counts"].(map[string]any)) > 0 || out["without"] != nil {
			t.Errorf("removed, and %v finds %v", q, out)
		}
	}
}

// A day of the calendar opens at its first message, and never further back than one may read.
func TestOpeningARoomAtADay(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	first := a.say(room, "第一句")
	for range 60 {
		a.say(room, "后来")
	}
	const day = 24 * 60 * 60 * 1000
	at := func(p *api, seq int) int64 {
		var d struct{ New []struct{ At int64 } }
		p.ask("GET", fmt.Sprintf("/rooms/%s/items/%d", room, seq), nil, &d)
		return d.New[0].At
	}
	page := func(p *api, ms int64) (seqs []int, isFirst bool) {
		var d struct {
			New   []struct{ Seq int }
			First bool
		}
		p.ask("GET", fmt.Sprintf("/rooms/%s/items?at=%d&limit=20", room, ms), nil, &d)
		for _, i := range d.New {
			seqs = append(seqs, i.Seq)
		}
		return seqs, d.First
	}
	began := at(a, first)
	if seqs, _ := page(a, began); !slices.Contains(seqs, first) {
		t.Errorf("the page of its moment has %v", seqs)
	}
	if seqs, start := page(a, 1); len(seqs) == 0 || !start {
		t.Errorf("before all that was said: %v", seqs)
	}
	if seqs, _ := page(a, began+10*day); len(seqs) == 0 || seqs[len(seqs)-1] != first+60 {
		t.Errorf("behind all that was said: %v", seqs)
	}
	days := func(p *api, from int64, n int) string {
		return fmt.Sprint(p.must("GET", fmt.Sprintf("/rooms/%s/days?from=%d&days=%d", room, from, n), nil)["days"])
	}
	midnight := began - began%day
	if got := days(a, midnight-3*day, 10); !strings.Contains(got, "3") || strings.Contains(got, "9") {
		t.Errorf("days with something: %s", got)
	}
	if got := days(a, midnight+5*day, 30); got != "[]" {
		t.Errorf("days to come: %s", got)
	}
	a.no("invalid", "GET", "/rooms/"+room+"/days?from=0&days=43", nil)
	w.nobody().no("sign-in", "GET", "/rooms/"+room+"/days?from=0&days=1", nil)

	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	late := w.admit(own, link, wang)
	late.say(room, "我来了")
	if seqs, start := page(late, 1); len(seqs) == 0 || seqs[0] <= first+60 || !start {
		t.Errorf("a newcomer sees %v", seqs)
	}
	w.apply(link, liu, "owner").no("not-member", "GET", "/rooms/"+room+"/days?from=0&days=1", nil)
}
