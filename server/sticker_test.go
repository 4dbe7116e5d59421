package main

import (
	"slices"
	"strings"
	"testing"
)

// A sticker is found by what it says and passed on as that; a room may go without them, and then nobody posts one, whoever asks.
func TestARoomMayGoWithoutStickers(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, second := w.another(room)
	own, z, l := w.as(keeper), w.as(zhang), w.as(li)
	rain := map[string]any{"name": "rain"}
	question := l.say(room, "外面怎么样")
	seq, no := z.act(room, "sticker.post", question, rain, nil)
	if no != "" {
		t.Fatal(no)
	}
	for q, want := range map[string]bool{"下雨": true, "xyl": true, "晚安": false, "表情": false} {
		hits := l.must("POST", "/search", map[string]any{"text": q, "room": room})["hits"].([]any)
		if found := len(hits) == 1 && hits[0].(map[string]any)["seq"] == float64(seq); found != want || !want && len(hits) > 0 {
			t.Errorf("%s: %v", q, hits)
		}
	}
	without := func(a *api, room string) bool {
		list, _ := a.must("GET", "/rooms/"+room, nil)["without"].([]any)
		return slices.Contains(list, any("sticker"))
	}
	policy := func(body map[string]any) any {
		own.must("PUT", "/policy", body)
		return own.must("GET", "/rooms/"+room, nil)["policy"].(map[string]any)["stickers"]
	}
	if got := own.must("GET", "/rooms/"+room, nil)["policy"].(map[string]any)["stickers"]; got != true || without(l, room) {
		t.Errorf("at first: %v", got)
	}

	l.no("forbidden", "PUT", "/policy", map[string]any{"room": room, "history": "all", "stickers": false})
	if got := policy(map[string]any{"room": room, "stickers": false}); got != false || !without(l, room) {
		t.Errorf("off: %v", got)
	}
	for _, a := range []*api{own, z, l} {
		if _, no := a.act(room, "sticker.post", 0, rain, nil); no != "forbidden" {
			t.Errorf("posted where they are off: %q", no)
		}
	}
	if got := l.itemAsItCame(room, seq); !strings.Contains(got, "[表情] 下雨了") {
		t.Errorf("what was posted before: %s", got)
	}
	// Who does not speak of them leaves them as they are.
	if got := policy(map[string]any{"room": room, "autoGreen": true}); got != false {
		t.Errorf("untold: %v", got)
	}

	// It is passed on by its word, also from and to where there are none.
	for from, to := range map[string]string{room: second, second: room} {
		n := seq
		if from == second {
			if n, no = z.act(second, "sticker.post", 0, rain, nil); no != "" {
				t.Fatal(no)
			}
		}
		if _, no := z.forward(to, from, "", n); no != "" {
			t.Errorf("passed on to %s: %q", to, no)
		}
	}

	// The office's rule holds in rooms without one of their own, also in those that are opened later.
	boss.must("PUT", "/policy", map[string]any{"history": "all", "stickers": false})
	community := own.must("GET", "/rooms/"+room, nil)["community"]
	third := boss.must("POST", "/rooms", map[string]any{"name": "合唱队", "community": community})["id"].(string)
	own.must("PUT", "/policy", map[string]any{"room": room, "follow": []string{"autoGreen"}})
	if got := own.must("GET", "/rooms/"+room, nil)["policy"].(map[string]any)["own"].([]any); !slices.Equal(got, []any{"stickers"}) {
		t.Errorf("its own: %v", got)
	}
	own.no("invalid", "PUT", "/policy", map[string]any{"room": room, "follow": []string{"mood"}})
	if got := policy(map[string]any{"room": room, "stickers": true}); got != true || without(l, room) {
		t.Errorf("on again: %v", got)
	}
	if !without(boss, second) || !without(boss, third) { // with that answer, all before it holds too
		t.Error("the office is without stickers, and a room is not")
	}
	if _, no := l.act(room, "sticker.post", 0, rain, nil); no != "" {
		t.Errorf("on again: %q", no)
	}
}
