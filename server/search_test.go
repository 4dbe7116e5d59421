package main

import (
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
	if _, no := a.act(room, "member.leave", 0, nil, nil); no != "" {
		t.Fatal(no)
	}
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
