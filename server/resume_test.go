package main

import (
	"fmt"
	"testing"
)

func TestPagesGoOnFromTheBeginning(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	a := w.as(li)
	want := map[string]bool{}
	for n := range 3 {
		text := fmt.Sprintf("第 %d 句", n)
		a.say(room, text)
		want[text] = true
	}
	first := 0
	for after := 0; ; {
		p := a.page(room, fmt.Sprintf("?after=%d&limit=2", after))
		if len(p.New) == 0 {
			break
		}
		if first == 0 {
			first = p.New[0].Seq
		}
		for _, text := range p.says() {
			delete(want, text)
		}
		after = p.New[len(p.New)-1].Seq
	}
	if len(want) > 0 || first == 0 || first > a.page(room, "?at=1&limit=100").New[0].Seq {
		t.Errorf("from %d on; missing: %v", first, want)
	}
	a.no("invalid", "GET", "/rooms/"+room+"/items?after=x", nil)
	a.no("invalid", "GET", "/rooms/"+room+"/items?before=-1", nil)
}

// What one has said on one device is not unread on the other, nor does the catch-up tell of it: a message, a forward, a notice, a card.
// What was taken back is unread for nobody.
func TestOwnMessagesAreNeverUnreadOnTheOtherDevice(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	phone, desk, other := w.as(keeper), w.as(keeper), w.as(li)
	unread := func(a *api) (n float64) {
		t.Helper()
		for _, r := range a.must("GET", "/rooms", nil)["rooms"].([]any) {
			row := r.(map[string]any)
			if row["id"] != room {
				continue
			}
			read, _ := row["read"].(map[string]any)["lanes"].(map[string]any)
			for lane, head := range row["lanes"].(map[string]any) {
				at, _ := read[lane].(float64)
				n += head.(float64) - at
			}
		}
		return n
	}
	before := unread(desk)
	seq := phone.say(room, "我说的")
	post := func(act string, with, words map[string]any) {
		t.Helper()
		phone.n++
		got := phone.must("POST", "/rooms/"+room+"/commands", map[string]any{"do": []any{map[string]any{
			"id": fmt.Sprintf("%s.%d", phone.device, phone.n), "act": act, "with": with, "words": words,
		}}})
		if got["no"] != nil {
			t.Fatal(act, got)
		}
	}
	post("forward.post", map[string]any{"from": room, "seqs": []int{seq}}, nil)
	post("notice.post", map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	post("request.post", map[string]any{"template": "买菜"}, map[string]any{"text": "两斤土豆"})
	if n := unread(desk); n != before {
		t.Errorf("%v of one's own are unread", n-before)
	}
	catch := desk.must("GET", "/me/catchup", nil)
	for _, part := range []string{"confirm", "mine", "home", "rest"} {
		for _, x := range catch[part].([]any) {
			row := x.(map[string]any)
			if at, _ := row["seq"].(float64); row["room"] == room && int(at) >= seq || part == "rest" && before == 0 && row["room"] == room {
				t.Errorf("the catch-up tells of one's own: %s %v", part, row)
			}
		}
	}
	theirs := unread(other)
	gone := other.say(room, "写错了")
	if unread(desk) != before+1 || unread(other) != theirs {
		t.Errorf("unread: %v and %v", unread(desk), unread(other))
	}
	other.n++
	other.must("POST", "/rooms/"+room+"/commands", map[string]any{"do": []any{map[string]any{
		"id": fmt.Sprintf("%s.%d", other.device, other.n), "act": "item.retract", "re": gone,
	}}})
	if unread(desk) != before || unread(other) != theirs {
		t.Errorf("what was taken back is unread: %v and %v", unread(desk), unread(other))
	}
}
