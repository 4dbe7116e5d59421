package main

import (
	"slices"
	"testing"
)

// Who answers for a room says who may post in which of its lanes. It holds for whoever asks however, the pages that are open hear it, and
// the same switch takes it back.
func TestWhoPostsInWhichLane(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, l := w.as(keeper), w.as(li)
	socket := l.socket()
	hear(t, socket, "hello")
	policy := func(body map[string]any) any {
		body["room"] = room
		own.must("PUT", "/policy", body)
		return own.must("GET", "/rooms/"+room, nil)["policy"].(map[string]any)["reserved"]
	}
	reserved := func(a *api) int {
		list, _ := a.must("GET", "/rooms/"+room, nil)["reserved"].([]any)
		return len(list)
	}
	text, help := map[string]any{"text": "早"}, map[string]any{"template": "买药"}
	said := l.say(room, "早")

	l.no("forbidden", "PUT", "/policy", map[string]any{"room": room, "history": "all", "reserved": []string{"chat"}})
	own.no("invalid", "PUT", "/policy", map[string]any{"room": room, "history": "all", "reserved": []string{"notice"}})
	policy(map[string]any{"reserved": []string{"chat", "request"}})
	for {
		d := hear(t, socket, "room")
		if rules, ok := d["rules"].(map[string]any); ok {
			if list, _ := rules["reserved"].([]any); !slices.Equal(list, []any{"chat", "request"}) {
				t.Errorf("told %v", rules)
			}
			break
		}
	}
	if reserved(l) != 2 {
		t.Error("the room does not say so")
	}
	for act, with := range map[string]any{"text.post": nil, "request.post": help, "suggestion.post": nil} {
		if _, no := l.act(room, act, 0, with, text); no != "forbidden" {
			t.Errorf("%s where it is closed: %q", act, no)
		}
	}
	if _, no := l.act(room, "item.edit", said, nil, map[string]any{"text": "晚"}); no != "forbidden" {
		t.Errorf("edited where it is closed: %q", no)
	}
	if _, no := l.act(room, "emergency.post", 0, map[string]any{"category": "火情"}, nil); no != "" {
		t.Errorf("a call for help: %q", no)
	}
	if _, no := own.act(room, "text.post", 0, nil, text); no != "" {
		t.Errorf("the owner: %q", no)
	}
	if got := policy(map[string]any{"autoGreen": true}); len(got.([]any)) != 2 { // who does not speak of it leaves it as it is
		t.Errorf("untold: %v", got)
	}
	if got := policy(map[string]any{"reserved": []string{}}); got != nil || reserved(l) != 0 {
		t.Errorf("given back: %v", got)
	}
	for act, with := range map[string]any{"text.post": nil, "request.post": help} {
		if _, no := l.act(room, act, 0, with, text); no != "" {
			t.Errorf("%s once it is given back: %q", act, no)
		}
	}
}

// What the office says of all rooms is read by who may set it, and by owners beside what their room says itself.
func TestWhatTheOfficeSaysOfAllRoomsIsRead(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own := w.as(keeper)
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none"})
	w.as(admin).must("PUT", "/policy", map[string]any{"stickers": false, "reserved": []string{"chat"}})
	own.no("forbidden", "GET", "/policy", nil)
	in := own.must("GET", "/rooms/"+room, nil)
	for who, said := range map[string]any{"the administrator": w.as(admin).must("GET", "/policy", nil)["policy"], "the owner": in["office"]} {
		p := said.(map[string]any)
		if p["history"] != "all" || p["stickers"] != false || p["own"] != nil || len(p["reserved"].([]any)) != 1 {
			t.Errorf("%s reads %v", who, p)
		}
	}
	if p := in["policy"].(map[string]any); p["history"] != "none" || p["stickers"] != false {
		t.Errorf("the room: %v", p)
	}
	if w.as(li).must("GET", "/rooms/"+room, nil)["office"] != nil {
		t.Error("a member reads it")
	}
}
