package main

import (
	"strings"
	"testing"

	"linli/internal/kind"
)

// Whoever waits nudges once a day: who answers for the room while nobody has taken it on, then the helper, once each; nobody else
// nudges, and a second time the same day is refused.
func TestWhoWaitsNudgesOnceADay(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	pageOwn, pageB := own.online(), b.online()
	nudged := func(alert answer) bool {
		return strings.Contains(alert["text"].(string), "轻轻催一下")
	}
	act := func(by *api, act string, re int, with, words any) int {
		t.Helper()
		seq, no := by.act(room, act, re, with, words)
		if no != "" {
			t.Fatalf("%s: %s", act, no)
		}
		return seq
	}
	need := act(a, "request.post", 0, map[string]any{"template": "买药"}, map[string]string{"text": "降压药两盒"})
	if _, no := b.act(room, "request.nudge", need, nil, nil); no != "forbidden" {
		t.Errorf("somebody else nudges: %q", no)
	}
	act(a, "request.nudge", need, nil, nil)
	if alert := alerted(t, pageOwn); !nudged(alert) || alert["seq"] != float64(need) {
		t.Errorf("the owner hears %v", alert)
	}
	if _, no := a.act(room, "request.nudge", need, nil, nil); no != "quota" {
		t.Errorf("twice a day: %q", no)
	}
	act(b, "request.claim", need, nil, nil)
	w.clock.skip(kind.BetweenNudges)
	act(a, "request.nudge", need, nil, nil)
	if alert := alerted(t, pageB); !nudged(alert) || alert["topic"] != "mine" {
		t.Errorf("the helper hears %v", alert)
	}

	idea := act(b, "suggestion.post", 0, nil, map[string]string{"text": "楼道灯坏了"})
	act(b, "suggestion.nudge", idea, nil, nil)
	if alert := alerted(t, pageOwn); !nudged(alert) || alert["seq"] != float64(idea) {
		t.Errorf("the owner, who was nudged about what nobody had taken on and not about what somebody had, hears %v", alert)
	}
	act(own, "suggestion.reply", idea, nil, map[string]string{"text": "已报修"})
	w.clock.skip(kind.BetweenNudges)
	if _, no := b.act(room, "suggestion.nudge", idea, nil, nil); no != "closed" {
		t.Errorf("answered: %q", no)
	}
}
