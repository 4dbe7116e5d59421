package main

import (
	"fmt"
	"strings"
	"testing"
)

// What somebody keeps for themselves is the same on all of their devices, nobody else's, and sealed on disk.
func TestPocket(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(zhang)
	c := b.socket()
	hear(t, c, "hello")

	a.must("PUT", "/me/drafts/"+room, map[string]any{"text": "写到一半的悄悄话"})
	if got := hear(t, c, "own")["own"].(map[string]any)["draft"].(map[string]any); got["text"] != "写到一半的悄悄话" || got["room"] != room {
		t.Errorf("the other device hears %v", got)
	}
	a.must("PUT", "/me/choices", map[string]any{"muted": map[string]any{room: []string{"chat"}}, "quiet": map[string]any{"from": 21, "to": 6}, "topics": map[string]any{"chat": true}})
	hear(t, c, "own")
	seq := own.say(room, "明早五点来水")
	a.must("PUT", "/me/stars/"+room+"/"+itoa(seq), nil)
	if got := hear(t, c, "own")["own"].(map[string]any)["star"].(map[string]any); got["seq"] != float64(seq) {
		t.Errorf("the other device hears %v", got)
	}
	pocket := b.must("GET", "/me/pocket", nil)
	if got := pocket["drafts"].([]any)[0].(map[string]any)["text"]; got != "写到一半的悄悄话" {
		t.Errorf("draft: %v", got)
	}
	if got := pocket["choices"].(map[string]any)["quiet"].(map[string]any)["from"]; got != 21.0 {
		t.Errorf("choices: %v", got)
	}
	stars := func(q map[string]any) []any { return a.must("POST", "/me/stars", q)["stars"].([]any) }
	if list := stars(map[string]any{}); len(list) != 1 || list[0].(map[string]any)["name"] == "" {
		t.Errorf("stars: %v", list)
	}
	if len(stars(map[string]any{"text": "来水"})) != 1 || len(stars(map[string]any{"text": "停电"})) != 0 {
		t.Error("stars are not found by what they say")
	}

	if len(stars(map[string]any{"text": "mzwd"})) != 1 || len(stars(map[string]any{"text": "周社工"})) != 1 || len(stars(map[string]any{"text": `"kind"`})) != 0 {
		t.Error("stars are not found as in a search")
	}

	if mine := own.must("GET", "/me/pocket", nil); len(mine["drafts"].([]any))+len(mine["stars"].([]any)) != 0 {
		t.Errorf("somebody else's pocket: %v", mine)
	}
	a.must("PUT", "/me/drafts/"+room, map[string]any{"text": ""})
	a.no("too-large", "PUT", "/me/drafts/"+room, map[string]any{"text": strings.Repeat("长", 4001)})
	a.no("invalid", "PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 24, "to": 6}, "topics": map[string]any{}})
	a.no("invalid", "PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 0, "to": 0}, "topics": map[string]any{"secret": true}})
	a.no("not-found", "PUT", "/me/stars/"+room+"/99999", nil)
	applicant := w.apply(link, wang, "owner")
	applicant.no("not-member", "PUT", "/me/stars/"+room+"/"+itoa(seq), nil)
	applicant.no("not-member", "PUT", "/me/drafts/"+room, map[string]any{"text": "x"})
	w.nobody().no("sign-in", "GET", "/me/pocket", nil)

	w.stop()
	w = serveTown(t, w.dir)
	a = w.as(zhang)
	if pocket := a.must("GET", "/me/pocket", nil); len(pocket["drafts"].([]any)) != 0 || len(pocket["stars"].([]any)) != 1 || pocket["choices"].(map[string]any)["topics"].(map[string]any)["chat"] != true {
		t.Errorf("after a restart: %v", pocket)
	}
	// Of what one may not read any more, only that it was there.
	a.must("POST", "/rooms/"+room+"/leave", map[string]any{})
	if got := a.must("POST", "/me/stars", map[string]any{})["stars"].([]any)[0].(map[string]any); got["gone"] != true || got["item"] != nil {
		t.Errorf("who left reads %v", got)
	}
	a.must("DELETE", "/me/stars/"+room+"/"+itoa(seq), nil)
	if got := a.must("POST", "/me/stars", map[string]any{})["stars"].([]any); len(got) != 0 {
		t.Errorf("the mark stays: %v", got)
	}
}

// How a room stands in one's list is the same on all of one's devices, nobody else's, and moves no read mark.
func TestARoomIsMarkedUnreadAndPutOnTopForOneselfAlone(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(zhang)
	c, hers := b.socket(), own.socket()
	hear(t, c, "hello")
	hear(t, hers, "hello")
	marks := func(p *api) []any { return p.must("GET", "/me/pocket", nil)["rooms"].([]any) }
	read := func() any { return a.must("GET", "/rooms", nil)["rooms"].([]any)[0].(map[string]any)["read"] }
	before := fmt.Sprint(read())
	frames := fmt.Sprint(own.must("GET", "/rooms/"+room, nil))

	first := a.must("PUT", "/me/rooms/"+room, map[string]any{"pinned": true, "unread": true})
	if first["unread"] == nil || first["pinned"] == nil {
		t.Errorf("the mark: %v", first)
	}
	if got := hear(t, c, "own")["own"].(map[string]any)["room"].(map[string]any); got["room"] != room || got["unread"] != first["unread"] {
		t.Errorf("the other device hears %v", got)
	}
	if got := fmt.Sprint(read()); got != before {
		t.Errorf("how far was read: %s, before %s", got, before)
	}
	if len(marks(b)) != 1 || len(marks(own)) != 0 {
		t.Errorf("mine %v, the owner's %v", marks(b), marks(own))
	}
	if got := fmt.Sprint(own.must("GET", "/rooms/"+room, nil)); got != frames {
		t.Errorf("the room has changed: %s", got)
	}
	// What it is already, it stays since then.
	if again := a.must("PUT", "/me/rooms/"+room, map[string]any{"pinned": true, "unread": false}); again["pinned"] != first["pinned"] || again["unread"] != nil {
		t.Errorf("then %v", again)
	}
	w.apply(link, wang, "owner").no("not-member", "PUT", "/me/rooms/"+room, map[string]any{"pinned": true, "unread": true})
	a.no("invalid", "PUT", "/me/rooms/"+room, map[string]any{"pinned": "yes", "unread": true})

	w.stop()
	w = serveTown(t, w.dir)
	a = w.as(zhang)
	if got := marks(a); len(got) != 1 || got[0].(map[string]any)["pinned"] != first["pinned"] {
		t.Errorf("after a restart: %v", got)
	}
	a.must("PUT", "/me/rooms/"+room, map[string]any{"pinned": false, "unread": false})
	if got := marks(a); len(got) != 0 {
		t.Errorf("it stays: %v", got)
	}
}

// What waits for whom, until it is done, put aside or taken back.
func TestTodo(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	waits := func(p *api) string {
		var acts []string
		for _, row := range p.must("GET", "/me/todo", nil)["todo"].([]any) {
			acts = append(acts, row.(map[string]any)["act"].(string))
		}
		return strings.Join(acts, " ")
	}
	poll, _ := own.act(room, "poll.post", 0, map[string]any{"options": 2, "per": "household"}, map[string]any{"title": "装不装快递柜", "options": []string{"装", "不装"}})
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	idea, _ := b.act(room, "suggestion.post", 0, nil, map[string]any{"text": "楼道灯太暗"})
	if got := waits(a); got != "confirm vote" {
		t.Errorf("for a resident: %q", got)
	}
	if got := waits(own); !strings.Contains(got, "reply") {
		t.Errorf("for the owner: %q", got)
	}
	a.act(room, "notice.confirm", notice, nil, nil)
	if got := waits(a); got != "vote" {
		t.Errorf("confirmed: %q", got)
	}
	a.must("PUT", "/me/todo/"+room+"/"+itoa(poll)+"/aside", nil)
	if got := waits(a); got != "" {
		t.Errorf("put aside: %q", got)
	}
	if got := waits(b); got != "confirm vote" {
		t.Errorf("for a neighbour: %q", got)
	}
	own.act(room, "poll.close", poll, nil, nil)
	own.act(room, "item.retract", notice, nil, nil)
	own.act(room, "suggestion.reply", idea, nil, map[string]any{"text": "这周换"})
	if got := waits(b) + waits(own); got != "" {
		t.Errorf("all is over: %q", got)
	}
}
