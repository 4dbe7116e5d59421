package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"linli/internal/auth"
)

// The ladder to its end: a notice that has to be confirmed is shown here, pushed there, sent as a text message to a door that nothing
// reached; and the list of doors says how.
func TestAnImportantNoticeReachesEveryDoor(t *testing.T) {
	t.Parallel()
	text, robot := newHook(t), newHook(t)
	hooks := func(c *Config) {
		c.SMSHook, c.RobotHook, c.HookSecret, c.Public = text.url, robot.url, "geheim", "https://linli.example.cn"
	}
	w, room, link := newInside(t, hooks)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	c := w.admit(own, link, wang)
	phone := service.browser(b)
	page := a.online()
	seq, no := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "important"}, map[string]any{"title": "停水通知", "body": "今晚"})
	if no != "" {
		t.Fatal(no)
	}
	w.shown(alerted(t, page))
	w.shown(phone.next().Alert)
	reached := func() string {
		var list []string
		for _, row := range own.must("GET", "/rooms/"+room+"/items/"+itoa(seq)+"/receipts", nil)["missing"].([]any) {
			if row := row.(map[string]any); row["members"].(float64) > 0 {
				list = append(list, row["reached"].(string))
			}
		}
		return strings.Join(list, " ")
	}
	// From the top down: 201, 102, 101.
	eventually(t, "page and phone are known", func() bool { return reached() == " push page" })
	reader := w.admit(own, link, liu).online()
	tell(t, reader, map[string]any{"read": []any{[]any{room, 99999}}})
	hear(t, reader, "read")
	reader.CloseNow()
	if got := reached(); got != "page  push page" { // who has read so far has seen it
		t.Errorf("reached: %q", got)
	}
	w.clock.skip(4*time.Hour + time.Minute)

	if p := phone.next(); p.Alert["text"] != "[公告] 停水通知：还没有确认" {
		t.Errorf("reminded by %v", p.Alert)
	}
	m := robot.next(t)
	if m.Body["topic"] != "confirm" || !strings.Contains(m.Body["text"].(string), "[公告] 停水通知：还没有确认（4 户）") {
		t.Errorf("the staff is told %v", m.Body)
	}
	got := text.next(t)
	if got.Body["phone"] != wang.phone || got.Body["id"] == "" || !strings.Contains(got.Body["text"].(string), "停水通知") || !strings.Contains(got.Body["text"].(string), "https://linli.example.cn/rooms/"+room) {
		t.Errorf("a text message: %v", got.Body)
	}
	for _, x := range []hooked{m, got} {
		h := hmac.New(sha256.New, []byte("geheim"))
		h.Write(x.Raw)
		if x.Signature != "sha256="+hex.EncodeToString(h.Sum(nil)) {
			t.Errorf("signed %q", x.Signature)
		}
		for _, secret := range []string{zhang.name, li.name, wang.name, zhang.phone, li.phone} {
			if strings.Contains(string(x.Raw), secret) {
				t.Errorf("%s holds %q", x.Raw, secret)
			}
		}
	}
	eventually(t, "the door was reached", func() bool { return reached() == "page sms push page" })
	looks := c.must("GET", "/looks", nil)["looks"].([]any)
	if look := looks[0].(map[string]any); look["reason"] != "sms" || look["byName"] != "系统" {
		t.Errorf("looks: %v", looks)
	}
	alerted(t, page)
	w.clock.skip(time.Minute)
	// Nothing twice, whatever restarts: the reminder is over, and the message was sent.
	w.close()
	w = serveInside(t, w.dir, w.clock, hooks)
	own, b = w.as(keeper), w.as(li)
	w.clock.skip(time.Hour)
	phone.silent(b)
	if got := reached(); got != "page sms push page" {
		t.Errorf("after a restart: %s", got)
	}
	select {
	case x := <-text.got:
		t.Errorf("another text message: %v", x.Body)
	default:
	}

	row := own.must("GET", "/rooms/"+room+"/reach", nil)
	by := row["by"].(map[string]any)
	if row["members"] != 7.0 || row["homes"] != 4.0 || by["page"].(float64)+by["push"].(float64)+by["robot"].(float64)+by["sms"].(float64)+by["none"].(float64) != 7 {
		t.Errorf("reach: %v", row)
	}
	for _, p := range row["people"].([]any) {
		if p := p.(map[string]any); p["name"] == wang.name || p["name"] == "" {
			t.Errorf("reach names %v", p)
		}
	}
}

// An emergency climbs to a text message for those who answer, and stops when somebody does.
func TestAnEmergencyThatNobodyNotices(t *testing.T) {
	t.Parallel()
	text, robot := newHook(t), newHook(t)
	w, room, _ := newInside(t, func(c *Config) { c.SMSHook, c.RobotHook = text.url, robot.url })
	service := newPushService(t)
	own, a := w.as(keeper), w.as(zhang)
	phone := service.browser(own)
	seq, no := a.act(room, "emergency.post", 0, map[string]any{"category": "人员被困", "door": true}, map[string]any{"text": "电梯里，钥匙在门垫下"})
	if no != "" {
		t.Fatal(no)
	}
	phone.next()
	m := robot.next(t)
	if m.Body["topic"] != "emergency" || !strings.Contains(m.Body["text"].(string), "[紧急求助] 人员被困") || strings.Contains(m.Body["text"].(string), "钥匙") {
		t.Errorf("the staff is told %v", m.Body)
	}
	w.clock.skip(26 * time.Second)
	if got := text.next(t); got.Body["phone"] != keeper.phone || strings.Contains(got.Body["text"].(string), "钥匙") || got.Signature != "" {
		t.Errorf("a text message: %v", got.Body)
	}
	w.clock.skip(time.Minute)
	if p := phone.next(); !strings.HasSuffix(p.Alert["text"].(string), "还没有人响应") || p.Alert["loud"] != true {
		t.Errorf("rung again: %v", p.Alert)
	}
	robot.next(t)
	own.act(room, "emergency.claim", seq, nil, nil)
	w.clock.skip(time.Hour)
	phone.silent(own)
	select {
	case x := <-text.got:
		t.Errorf("another text message: %v", x.Body)
	default:
	}
}

// Text messages have an end each day, and nobody gets the same twice.
func TestTextMessagesAreCapped(t *testing.T) {
	t.Parallel()
	text := newHook(t)
	w, room, _ := newInside(t, func(c *Config) { c.SMSHook, c.SMSDaily = text.url, 1 })
	own, a := w.as(keeper), w.as(zhang)
	w.as(li)
	notice, no := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "urgent"}, map[string]any{"title": "停水"})
	if no != "" {
		t.Fatal(no)
	}
	w.clock.skip(2 * time.Hour) // two doors are reminded
	w.clock.skip(time.Minute)
	text.next(t)
	eventually(t, "the second is not sent", func() bool { return w.p.Notify.Count("sms", "capped") == 1 })
	if n := w.p.Notify.Count("sms", "sent"); n != 1 {
		t.Errorf("%d were sent", n)
	}
	// What was used up is nothing to a call for help.
	if _, no := a.act(room, "emergency.post", 0, map[string]any{"category": "火情", "door": true}, nil); no != "" {
		t.Fatal(no)
	}
	if got := text.next(t); got.Body["phone"] != keeper.phone {
		t.Errorf("called for help: %v", got.Body)
	}
	own.act(room, "notice.withdraw", notice, nil, map[string]any{"reason": "来水了"})
	if got := w.as(keeper).way("sms"); got["state"] != "works" {
		t.Errorf("by text message: %v", got)
	}
}

// A call of a role rings who is there; the others five minutes later when none of them has looked, once, whatever restarts meanwhile.
func TestARoleIsCalledInTurns(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	service := newPushService(t)
	// Who was seen when is told by the same clock.
	again := func() {
		w.close()
		w = serveBy(t, w.dir, w.clock, settings{now: w.clock.now, auth: auth.Options{Now: w.clock.now}}, nil)
	}
	again()
	worker := func(r neighbour) (phone *browser, person string) {
		t.Helper()
		a := w.apply(link, r, "owner")
		phone = service.browser(a)
		w.as(keeper).approve(a, "物业")
		phone.next() // they are let in
		return phone, a.person()
	}
	phoneHere, here := worker(wang)
	phoneAway, away := worker(liu)

	// call has 李秀英 call when some were there lately and the others were not.
	call := func(text string, re int, to []string, there ...neighbour) (seq int) {
		t.Helper()
		w.clock.skip(70 * time.Minute)
		for _, r := range there {
			w.as(r)
		}
		seq, no := w.as(li).act(room, "text.post", re, map[string]any{"roles": []string{"物业"}, "to": to, "named": []string{}}, map[string]string{"text": text})
		if no != "" {
			t.Fatalf("refused: %s", no)
		}
		return seq
	}
	rings := func(phone *browser, text string) {
		t.Helper()
		if p := phone.next(); p.Alert["topic"] != "call" || !strings.HasSuffix(p.Alert["text"].(string), " 李女士："+text) {
			t.Errorf("rung by %v, not %q", p.Alert, text)
		}
	}
	over := func() {
		t.Helper()
		eventually(t, "the call is over", func() bool {
			b, _, err := w.p.Journal.Shelf().Get(context.Background(), "alert/log/room/"+room)
			return err == nil && !strings.Contains(string(b), `"turns"`)
		})
	}

	call("漏水了", 0, nil, wang)
	rings(phoneHere, "漏水了")
	phoneAway.silent(w.as(liu))
	w.clock.skip(4 * time.Minute)
	phoneAway.silent(w.as(liu))
	w.clock.skip(time.Minute)
	rings(phoneAway, "漏水了")
	over()
	phoneHere.silent(w.as(wang))

	call("还在漏", 0, nil, wang)
	rings(phoneHere, "还在漏")
	again()
	w.clock.skip(5 * time.Minute)
	rings(phoneAway, "还在漏")
	over()
	again()
	w.clock.skip(6 * time.Minute)
	phoneAway.silent(w.as(liu))
	phoneHere.silent(w.as(wang))

	for what, answer := range map[string]func(a *api, seq int){
		"read": func(a *api, seq int) {
			page := a.online()
			tell(t, page, map[string]any{"read": []any{[]any{room, seq}}})
			hear(t, page, "read")
			page.CloseNow()
		},
		"a face": func(a *api, seq int) {
			a.act(room, "item.react", seq, map[string]any{"face": "收到", "on": true}, nil)
		},
		"a word": func(a *api, _ int) { a.say(room, "马上来") },
	} {
		seq := call(what, 0, nil, wang)
		rings(phoneHere, what)
		answer(w.as(wang), seq)
		w.clock.skip(6 * time.Minute)
		over()
		phoneAway.silent(w.as(liu))
	}

	// An open page is somebody there. Who is answered by the call is rung for that, and not again for their role.
	w.clock.until(9) // before it is night
	page := w.as(wang).online()
	shows := func() {
		t.Helper()
		before := w.p.Notify.Count("page", "shown")
		w.shown(alerted(t, page))
		eventually(t, "it was shown", func() bool { return w.p.Notify.Count("page", "shown") == before+1 })
	}
	asked := w.as(liu).say(room, "哪家漏水")
	call("我家", asked, nil)
	shows()
	rings(phoneAway, "我家")
	w.clock.skip(6 * time.Minute)
	over()
	phoneAway.silent(w.as(liu))
	call("快来人", 0, nil)
	shows()
	phoneAway.silent(w.as(liu))
	w.clock.skip(5 * time.Minute)
	rings(phoneAway, "快来人")
	over()
	phoneHere.silent(w.as(wang))
	page.CloseNow()
	eventually(t, "nobody is there", func() bool { return w.p.Hub.Counts().Connections == 0 })

	// Nobody is there, or who is wants quiet: all at once. Who is called by name is rung at once.
	call("有人吗", 0, nil)
	rings(phoneHere, "有人吗")
	rings(phoneAway, "有人吗")
	seq := call("刘师傅在吗", 0, []string{away}, wang)
	rings(phoneAway, "刘师傅在吗")
	rings(phoneHere, "刘师傅在吗")
	state := w.as(li).must("GET", "/rooms/"+room+"/items/"+itoa(seq), nil)
	if to := fmt.Sprint(state); !strings.Contains(to, away) || !strings.Contains(to, here) || strings.Contains(to, "named:") {
		t.Errorf("all who are called see it: %v", state)
	}
	w.as(wang).must("PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 0, "to": 23}, "topics": map[string]any{}})
	call("急事", 0, nil, wang)
	rings(phoneAway, "急事")
	phoneHere.silent(w.as(wang))

	// What was answered in the night is not told in the morning.
	w.as(wang).must("PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 0, "to": 0}, "topics": map[string]any{}})
	w.clock.until(22)
	rings(phoneHere, "急事") // it was held
	seq = call("半夜漏水", 0, nil)
	rings(phoneHere, "半夜漏水")
	w.as(wang).act(room, "item.react", seq, map[string]any{"face": "收到", "on": true}, nil)
	w.clock.until(7)
	over()
	phoneAway.silent(w.as(liu))
}
