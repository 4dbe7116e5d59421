package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"linli/internal/long"
)

// rowsOf is a list of an answer as words: what stands under each key, one row after the other.
func rowsOf(list any, keys ...string) string {
	var out []string
	for _, row := range list.([]any) {
		var parts []string
		for _, k := range keys {
			parts = append(parts, fmt.Sprint(row.(map[string]any)[k]))
		}
		out = append(out, strings.Join(parts, " "))
	}
	return strings.Join(out, ", ")
}

// unreadOf is what a room's row says is unread, by lane.
func unreadOf(t *testing.T, a *api, room string) string {
	t.Helper()
	row := a.must("GET", "/rooms/"+room, nil)
	lanes, _ := row["lanes"].(map[string]any)
	read, _ := row["read"].(map[string]any)["lanes"].(map[string]any)
	var out []string
	for _, l := range slices.Sorted(maps.Keys(lanes)) {
		n, _ := read[l].(float64)
		out = append(out, fmt.Sprintf("%s %v", l, lanes[l].(float64)-n))
	}
	return strings.Join(out, ", ")
}

// Who looks through the notices has not read the talk; the other device knows it as well.
func TestALaneIsReadAlone(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	here, there := a.socket(), w.as(zhang).socket()
	hear(t, here, "hello")
	hear(t, there, "hello")
	own.say(room, "第一句")
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": false, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	last := own.say(room, "第二句")
	if got := unreadOf(t, a, room); got != "chat 2, notice 1, request 0" {
		t.Fatalf("at first: %s", got)
	}
	tell(t, here, map[string]any{"read": []any{[]any{room, notice, "notice"}}})
	if got := fmt.Sprint(hear(t, there, "read")["read"]); got != fmt.Sprintf("[[%s %d notice]]", room, notice) {
		t.Errorf("the other device hears %s", got)
	}
	if got := unreadOf(t, a, room); got != "chat 2, notice 0, request 0" {
		t.Errorf("the notices were read: %s", got)
	}
	tell(t, here, map[string]any{"read": []any{[]any{room, last, "files"}, []any{room, last, "chat"}}})
	hear(t, there, "read")
	if got := unreadOf(t, a, room); got != "chat 0, notice 0, request 0" {
		t.Errorf("the talk was read, and there is no such lane: %s", got)
	}
	if seq := a.must("GET", "/rooms/"+room, nil)["read"].(map[string]any)["seq"].(float64); int(seq) >= last {
		t.Errorf("the whole is read up to %v", seq)
	}
	own.say(room, "第三句")
	tell(t, here, map[string]any{"read": []any{[]any{room, 1 << 40}}})
	hear(t, there, "read")
	w.stop()
	w = serveTown(t, w.dir)
	if got := unreadOf(t, w.as(zhang), room); got != "chat 0, notice 0, request 0" {
		t.Errorf("after a restart: %s", got)
	}
}

// What was put aside can be taken back, on any device.
func TestPutAsideAndTakenBack(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	other := w.as(zhang).socket()
	hear(t, other, "hello")
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "pin": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	aside := "/me/todo/" + room + "/" + itoa(notice) + "/aside"
	a.must("PUT", aside, nil)
	if got := hear(t, other, "own")["own"].(map[string]any)["aside"].(map[string]any)["seq"]; got != float64(notice) {
		t.Errorf("the other device hears of %v", got)
	}
	if got := a.must("GET", "/me/todo", nil); got["all"] != 0.0 {
		t.Errorf("put aside: %v", got)
	}
	a.must("DELETE", aside, nil)
	hear(t, other, "own")
	if got := a.must("GET", "/me/todo", nil); got["all"] != 1.0 || rowsOf(got["todo"], "act") != "confirm" {
		t.Errorf("taken back: %v", got)
	}
	a.must("DELETE", aside, nil) // again: nothing happens

	// Who reads nothing of before they came still has to confirm what is pinned, and is asked for nothing else.
	own.act(room, "poll.post", 0, map[string]any{"options": 2, "per": "household"}, map[string]any{"title": "旧投票", "options": []string{"是", "否"}})
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	late := w.admit(own, link, wang)
	if got := late.must("GET", "/me/todo", nil); rowsOf(got["todo"], "act", "seq") != fmt.Sprintf("confirm %d", notice) {
		t.Errorf("for a newcomer: %v", got["todo"])
	}
}

// A catch-up has what concerns somebody, each thing once, by fixed rules, and the rest as numbers.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	me := a.must("GET", "/me", nil)["person"].(string)
	line := a.socket()
	hear(t, line, "hello")
	mine, _ := a.act(room, "request.post", 0, map[string]any{"template": "买药", "door": true}, map[string]any{"text": "降压药"})
	hers, _ := b.act(room, "request.post", 0, map[string]any{"template": "打印", "door": false}, map[string]any{"text": "两页"})
	a.act(room, "request.claim", hers, nil, nil)
	idle := a.say(room, "我走了")
	tell(t, line, map[string]any{"read": []any{[]any{room, idle + 100}}})
	waitFor(t, func() bool { return unreadOf(t, a, room) == "chat 0, notice 0, request 0" })
	if got := a.must("GET", "/me/catchup", nil); len(got["rest"].([]any))+len(got["confirm"].([]any))+len(got["mine"].([]any))+len(got["home"].([]any)) != 0 {
		t.Errorf("nothing happened, and: %v", got)
	}

	b.act(room, "item.react", idle, map[string]any{"face": "收到", "on": true}, nil)
	b.act(room, "request.claim", mine, nil, nil)
	called, _ := b.act(room, "text.post", 0, map[string]any{"to": []string{me}}, map[string]any{"text": "药买好了"})
	gone, _ := b.act(room, "text.post", 0, map[string]any{"to": []string{me}}, map[string]any{"text": "发错了"})
	b.act(room, "item.retract", gone, nil, nil)
	confirm, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	plain, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": false, "importance": "normal"}, map[string]any{"title": "讲座", "body": "周六"})
	need, _ := b.act(room, "request.post", 0, map[string]any{"template": "代取", "door": false}, map[string]any{"text": "快递一件"})
	past, _ := b.act(room, "request.post", 0, map[string]any{"template": "代取", "door": false}, map[string]any{"text": "不用了"})
	b.act(room, "request.cancel", past, nil, nil)
	first := called
	for range 3 {
		b.say(room, "闲聊一句")
	}
	got := a.must("GET", "/me/catchup", nil)
	for part, want := range map[string]string{
		"confirm": fmt.Sprintf("confirm %d", confirm),
		"mine":    fmt.Sprintf("call %d, help %d, mine %d", called, hers, mine),
		"home":    fmt.Sprintf("request %d, notice %d", need, plain),
	} {
		if is := rowsOf(got[part], "why", "seq"); is != want {
			t.Errorf("%s: %s, not %s", part, is, want)
		}
	}
	if is := rowsOf(got["rest"], "room", "first", "unread", "home"); is != fmt.Sprintf("%s %d map[chat:4 notice:2 request:2] true", room, first) {
		t.Errorf("rest: %s", is)
	}

	// All of it was seen.
	tell(t, line, map[string]any{"read": got["read"]})
	waitFor(t, func() bool { return len(a.must("GET", "/me/catchup", nil)["rest"].([]any)) == 0 })
	again := a.must("GET", "/me/catchup", nil)
	if is := rowsOf(again["confirm"], "why", "seq") + rowsOf(again["mine"], "seq") + rowsOf(again["home"], "seq"); is != fmt.Sprintf("confirm %d", confirm) {
		t.Errorf("seen, and what has to be confirmed stays: %s", is)
	}
	// Who answers for the room and lives elsewhere has numbers alone.
	if got := own.must("GET", "/me/catchup", nil); len(got["home"].([]any)) != 0 || len(got["rest"].([]any)) != 1 {
		t.Errorf("for the owner: %v", got)
	}
}

// What happens to a card of one's household is in the catch-up of all behind the door; what the household has done waits for none of
// them any more, and only who asked confirms the help.
func TestCardsOfTheHousehold(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	wife := w.admit(own, link, neighbour{"陈梅", "女士", "13800000111", zhang.entrance, zhang.door})
	for _, p := range []*api{a, b, wife} {
		line := p.socket()
		hear(t, line, "hello")
		tell(t, line, map[string]any{"read": []any{[]any{room, 99999}}})
		hear(t, line, "read")
	}
	need, _ := a.act(room, "request.post", 0, map[string]any{"template": "买药", "door": true}, map[string]any{"text": "降压药"})
	for _, act := range []string{"request.claim", "request.start", "request.complete"} {
		if _, no := b.act(room, act, need, nil, nil); no != "" {
			t.Fatal(no)
		}
	}
	want := fmt.Sprintf("mine %d", need)
	for _, p := range []*api{a, wife} {
		if is := rowsOf(p.must("GET", "/me/catchup", nil)["mine"], "why", "seq"); is != want {
			t.Errorf("%s, not %s", is, want)
		}
	}
	if is := rowsOf(own.must("GET", "/me/catchup", nil)["mine"], "why", "seq"); is != "" {
		t.Errorf("who lives elsewhere: %s", is)
	}
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	poll, _ := own.act(room, "poll.post", 0, map[string]any{"options": 2, "per": "household"}, map[string]any{"title": "换灯", "options": []string{"是", "否"}})
	list, _ := own.act(room, "signup.post", 0, map[string]any{"options": 1}, map[string]any{"title": "团购", "options": []string{"鸡蛋"}})
	waits := func(p *api) string { return rowsOf(p.must("GET", "/me/todo", nil)["todo"], "act", "seq") }
	all := fmt.Sprintf("confirm %d, vote %d, join %d", notice, poll, list)
	if is := waits(wife); is != all {
		t.Errorf("for her: %s, not %s", is, all)
	}
	if is, want := waits(a), fmt.Sprintf("confirm %d, %s", need, all); is != want {
		t.Errorf("for who asked: %s, not %s", is, want)
	}
	if _, no := wife.act(room, "request.confirm", need, nil, nil); no != "forbidden" {
		t.Errorf("confirmed by another of the household: %q", no)
	}
	wife.act(room, "notice.confirm", notice, nil, nil)
	wife.act(room, "poll.vote", poll, map[string]any{"option": 0}, nil)
	wife.act(room, "signup.join", list, map[string]any{"option": 0, "quantity": 1}, nil)
	if is, want := waits(a), fmt.Sprintf("confirm %d", need); is != want {
		t.Errorf("done by the household: %s, not %s", is, want)
	}
}

// waitFor is for what a moment brings: read marks are told in passing.
func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	long.Wait(t, "what a moment brings", what)
}

// How often everybody may still be called is told to those who may, and to nobody else.
func TestCallsLeft(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	if got := own.must("GET", "/rooms/"+room, nil)["calls"]; fmt.Sprint(got) != "map[left:2 of:2]" {
		t.Errorf("at first: %v", got)
	}
	if got, there := a.must("GET", "/rooms/"+room, nil)["calls"]; there {
		t.Errorf("a resident is told %v", got)
	}
	_, no := own.act(room, "text.post", 0, map[string]any{"all": true}, map[string]any{"text": "停水", "why": "抢修"})
	want := "map[left:1 of:2]"
	if no == "quiet-hours" {
		want = "map[left:2 of:2]"
	}
	if got := own.must("GET", "/rooms/"+room, nil)["calls"]; fmt.Sprint(got) != want {
		t.Errorf("after one (%q): %v", no, got)
	}
}
