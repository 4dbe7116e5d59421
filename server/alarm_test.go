package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a caller can use up is only what calling again sends beyond page and push: a new call always rings by every way.
func TestNobodyUsesUpTheTextMessagesOfACallForHelp(t *testing.T) {
	t.Parallel()
	text := newHook(t)
	w, room, _ := newInside(t, func(c *Config) { c.SMSHook, c.SMSDaily = text.url, 1 })
	service := newPushService(t)
	own, a := w.as(keeper), w.as(zhang)
	phone, page := service.browser(own), own.online()
	for range 7 { // above what a person gets in a day, what all get, and what a caller widens
		seq, no := a.act(room, "emergency.post", 0, map[string]any{"category": "其他"}, nil)
		if no != "" {
			t.Fatal(no)
		}
		w.shown(alerted(t, page)) // also when a page has shown it
		phone.next()
		if got := text.next(t); got.Body["phone"] != keeper.phone {
			t.Errorf("the owner's text message: %v", got.Body)
		}
		if _, no := a.act(room, "emergency.false", seq, nil, nil); no != "" {
			t.Fatal(no)
		}
	}
}

// Who calls again while their call is open says more on the same card. It rings again by page and push; text messages have an end.
func TestASecondCallForHelpRingsAgainOnTheSameCard(t *testing.T) {
	t.Parallel()
	text := newHook(t)
	w, room, _ := newInside(t, func(c *Config) { c.SMSHook = text.url })
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phone := service.browser(own)
	line := b.online()
	first, no := a.act(room, "emergency.post", 0, map[string]any{"category": "其他"}, map[string]any{"text": "摔倒了"})
	if no != "" {
		t.Fatal(no)
	}
	phone.next()
	text.next(t)
	own.act(room, "emergency.claim", first, nil, nil)
	for i := range 5 {
		again, no := a.act(room, "emergency.post", 0, map[string]any{"category": "突发疾病"}, map[string]any{"text": fmt.Sprint("喘不上气", i)})
		if no != "" || again <= first {
			t.Fatal(again, no)
		}
		p := phone.next()
		if p.Alert["seq"] != float64(first) || p.Alert["loud"] != true || !strings.Contains(p.Alert["text"].(string), "再次呼救") {
			t.Errorf("called again: %v", p.Alert)
		}
		w.clock.skip(30 * time.Second)
		if i < 3 {
			text.next(t)
		} else {
			eventually(t, "text messages have an end", func() bool { return w.p.Notify.Count("sms", "capped") >= uint64(i-2) })
		}
		own.act(room, "emergency.claim", first, nil, nil)
	}
	var d struct {
		New []struct {
			Seq   int
			State struct {
				Times int
				Again []struct{ Words map[string]string }
			}
		}
	}
	a.ask("GET", fmt.Sprintf("/rooms/%s/items/%d", room, first), nil, &d)
	if s := d.New[0].State; s.Times != 5 || len(s.Again) != 3 || s.Again[2].Words["text"] != "喘不上气4" {
		t.Errorf("the card says %+v", s)
	}
	hear(t, line, "set")
	if got := alerted(t, line); got["seq"] != float64(first) {
		t.Errorf("a page that is open hears %v", got)
	}
}

// A room that nobody answers for rings those above it. They open that card, which the room sees, its contact and its answers, and nothing else.
func TestARoomWithoutAnOwnerRingsThoseAboveItWhoSeeThatCardAlone(t *testing.T) {
	t.Parallel()
	text := newHook(t)
	w, room, _ := newInside(t, func(c *Config) { c.SMSHook = text.url })
	service := newPushService(t)
	boss, own, a, b := w.as(admin), w.as(keeper), w.as(zhang), w.as(li)
	said := a.say(room, "早")
	community := own.must("GET", "/rooms/"+room, nil)["community"]
	elsewhere := boss.must("POST", "/communities", map[string]any{"name": "河畔社区"})["id"]
	secretary := w.begun(boss, "王书记", "13900008010", map[string]any{"role": "secretary", "community": community})
	stranger := w.begun(boss, "李书记", "13900008011", map[string]any{"role": "secretary", "community": elsewhere})
	boss.must("DELETE", "/staff/"+own.person()+"?role=owner&room="+room, nil)
	eventually(t, "nobody answers for the room", func() bool {
		var row answer
		a.ask("GET", "/rooms/"+room, nil, &row)
		return row["owner"] == nil
	})
	phone, page, line := service.browser(boss), boss.online(), b.online()
	near, far := service.browser(secretary), service.browser(stranger)
	seq, no := a.act(room, "emergency.post", 0, map[string]any{"category": "火情", "door": true}, map[string]any{"text": "厨房着火"})
	if no != "" {
		t.Fatal(no)
	}
	card := fmt.Sprintf("/alarms/%s/%d", room, seq)
	if p := phone.next(); p.Alert["url"] != card || p.Alert["loud"] != true {
		t.Errorf("the phone of the office: %v", p.Alert)
	}
	if got := alerted(t, page); got["url"] != card {
		t.Errorf("the page of the office: %v", got)
	}
	if p := near.next(); p.Alert["url"] != card || p.Alert["loud"] != true {
		t.Errorf("the phone of the community's secretary: %v", p.Alert)
	}
	texts := []string{text.next(t).Body["phone"].(string), text.next(t).Body["phone"].(string)}
	if slices.Sort(texts); !slices.Equal(texts, []string{admin.phone, "13900008010"}) {
		t.Errorf("text messages went to %v", texts)
	}
	at := fmt.Sprintf("/rooms/%s/items/%d", room, seq)
	refused := func() {
		t.Helper()
		for _, path := range []string{"/rooms/" + room + "/items", at, fmt.Sprintf("/rooms/%s/items/%d", room, said), "/rooms/" + room + "/people",
			fmt.Sprintf("/rooms/%s/items/%d/alarm", room, said), fmt.Sprintf("/rooms/%s/items/%d/alarm", room, seq+999)} {
			boss.no("not-member", "GET", path, nil)
		}
		boss.no("forbidden", "GET", fmt.Sprintf("/rooms/%s/items/%d/contact", room, said), nil)
		for act, re := range map[string]int{"text.post": 0, "item.react": seq, "item.retract": seq, "item.pin": said} {
			if _, no := boss.act(room, act, re, map[string]any{"face": "赞", "on": true}, map[string]any{"text": "好"}); no != "not-member" {
				t.Errorf("%s: %q", act, no)
			}
		}
	}
	refused()
	boss.no("not-member", "GET", at+"/alarm", nil) // not before the room sees it
	boss.no("forbidden", "GET", at+"/contact", nil)
	if _, no := boss.act(room, "emergency.open", seq, nil, nil); no != "" {
		t.Fatal(no)
	}
	got := boss.must("GET", at+"/alarm", nil)
	if words := got["item"].(map[string]any)["words"].(map[string]any); words["text"] != "厨房着火" || got["contact"] != true || got["roomName"] == "" {
		t.Errorf("the card: %v", got)
	}
	if c := boss.must("GET", at+"/contact", nil); c["phone"] != zhang.phone || c["door"] == "" {
		t.Errorf("the contact: %v", c)
	}
	set := hear(t, line, "set")
	if state := set["set"].([]any)[0].(map[string]any)["state"].(map[string]any); state["opened"].([]any)[0].([]any)[0] != boss.person() || len(set["people"].([]any)) == 0 {
		t.Errorf("the room sees %v", set)
	}
	if _, no := boss.act(room, "emergency.claim", seq, nil, nil); no != "" {
		t.Fatal(no)
	}
	if got := boss.must("GET", at+"/alarm", nil); !strings.Contains(fmt.Sprint(got["item"]), "acknowledged") {
		t.Errorf("answered: %v", got)
	}
	refused()
	if _, no := boss.act(room, "emergency.complete", seq, nil, map[string]any{"note": "消防到了"}); no != "" {
		t.Fatal(no)
	}
	boss.no("forbidden", "GET", at+"/contact", nil) // it is over
	b.no("not-member", "GET", at+"/alarm", nil)
	select {
	case p := <-far.got:
		t.Errorf("another community's secretary was rung: %v", p.Alert)
	default:
	}
}
