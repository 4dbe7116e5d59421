package main

import (
	"strings"
	"testing"
	"time"
)

// way is how a channel stands for somebody.
func (a *api) way(channel string) answer {
	a.w.t.Helper()
	for _, c := range a.must("GET", "/me/alerts", nil)["channels"].([]any) {
		if c := c.(map[string]any); c["channel"] == channel {
			return c
		}
	}
	a.w.t.Fatalf("no channel %s", channel)
	return nil
}

// A page that shows an alert ends the climb; where none does, the phone rings.
func TestThePhoneRingsWhenNoPageShowsIt(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phoneA, phoneB := service.browser(a), service.browser(b)
	pageA, pageB := a.online(), b.online()

	if got := a.must("GET", "/me/alerts", nil)["verdict"]; got != "unsure" {
		t.Errorf("before anything was measured: %v", got)
	}
	seq := own.calls(room, "楼下的快递是谁的", a, b)
	alert := alerted(t, pageA)
	if alert["topic"] != "call" || alert["room"] != room || alert["seq"] != float64(seq) || alert["text"] != "周社工：楼下的快递是谁的" || alert["title"] == "" {
		t.Errorf("the page hears %v", alert)
	}
	alerted(t, pageB)
	w.shown(alert)
	eventually(t, "the page works", func() bool { return a.way("page")["state"] == "works" })
	w.clock.skip(10 * time.Second)

	p := phoneB.next()
	if p.Alert["text"] != "周社工：楼下的快递是谁的" || p.Alert["url"] != "/rooms/"+room+"?at="+itoa(seq) || p.Alert["badge"] != 0.0 {
		t.Errorf("the phone hears %v", p.Alert)
	}
	if h := p.Header; h.Get("TTL") == "" || h.Get("Urgency") != "high" || len(h.Get("Topic")) == 0 || len(h.Get("Topic")) > 32 {
		t.Errorf("headers %v", h)
	}
	phoneA.silent(a)
	alerted(t, pageA) // the test rings pages as well
	if got := b.way("push")["state"]; got != "untried" {
		t.Errorf("taken by the service, and not seen by anybody: %v", got)
	}
	w.shown(p.Alert)
	eventually(t, "the phone rings", func() bool { return b.must("GET", "/me/alerts", nil)["verdict"] == "rings" })
	if row := b.must("GET", "/me/alerts", nil)["pushes"].([]any)[0].(map[string]any); row["current"] != true || row["worked"] == nil {
		t.Errorf("the browser's row: %v", row)
	}
	if got := b.way("page")["state"]; got != "failing" {
		t.Errorf("a page that shows nothing: %v", got)
	}

	// What was read on another device does not ring the phone any more.
	own.calls(room, "又来一个", b)
	second := alerted(t, pageB)
	tell(t, pageB, map[string]any{"read": []any{[]any{room, second["seq"]}}})
	hear(t, pageB, "read")
	w.clock.skip(10 * time.Second)
	phoneB.silent(b)

	// Nobody rings themselves, and what is no receipt is answered the same.
	w.nobody().must("POST", "/alerts/nonsense/shown", map[string]any{})
	w.nobody().must("POST", "/alerts/"+strings.Repeat("A", 200)+"/shown", map[string]any{})
	own.no("invalid", "POST", "/me/pushes", map[string]any{"endpoint": service.url + "/x", "p256dh": "AAAA", "auth": "AAAA"})
}

// A reply rings whom it answers; a request rings those who help, and then each what concerns them.
func TestWhatConcernsSomebodyRingsThem(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phoneOwn, phoneA, phoneB := service.browser(own), service.browser(a), service.browser(b)

	seq := a.say(room, "谁有梯子")
	b.act(room, "text.post", seq, nil, map[string]string{"text": "我家有"})
	if p := phoneA.next(); p.Alert["topic"] != "call" || !strings.HasSuffix(p.Alert["text"].(string), "李女士：我家有") {
		t.Errorf("answered: %v", p.Alert)
	}
	need, no := a.act(room, "request.post", 0, map[string]any{"template": "买药", "door": true}, map[string]any{"text": "降压药两盒"})
	if no != "" {
		t.Fatal(no)
	}
	b.act(room, "request.claim", need, nil, nil)
	if p := phoneA.next(); p.Alert["topic"] != "mine" || !strings.Contains(p.Alert["text"].(string), "李女士 来帮您：[求助] 买药") {
		t.Errorf("claimed: %v", p.Alert)
	}
	b.act(room, "request.start", need, nil, nil)
	b.act(room, "request.complete", need, nil, nil)
	phoneA.next()
	last := phoneA.next()
	if last.Alert["badge"] != 1.0 { // to be confirmed
		t.Errorf("badge: %v", last.Alert)
	}
	a.act(room, "request.confirm", need, nil, nil)
	if p := phoneB.next(); !strings.Contains(p.Alert["text"].(string), "确认办结") {
		t.Errorf("the helper: %v", p.Alert)
	}
	phoneOwn.silent(own)

	for _, p := range append(phoneA.took(), phoneB.took()...) {
		for _, secret := range []string{zhang.name, li.name, zhang.phone, li.phone, keeper.phone} {
			if strings.Contains(p.plain, secret) {
				t.Errorf("%s holds %q", p.plain, secret)
			}
		}
		if len(p.plain) > 3000 {
			t.Errorf("%d bytes", len(p.plain))
		}
	}
}

// What somebody turned off or muted does not ring; notices that have to be confirmed, and emergencies, do.
func TestMutesAndTopics(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a := w.as(keeper), w.as(zhang)
	phone, ownPhone := service.browser(a), service.browser(own)
	choose := func(muted []string, topics map[string]any) {
		a.must("PUT", "/me/choices", map[string]any{"muted": map[string]any{room: muted}, "quiet": map[string]any{"from": 22, "to": 7}, "topics": topics})
	}
	notice := func(confirm bool) {
		if _, no := own.act(room, "notice.post", 0, map[string]any{"confirm": confirm, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"}); no != "" {
			t.Fatal(no)
		}
	}
	choose([]string{"notice", "chat", "request"}, map[string]any{})
	notice(false)
	own.calls(room, "听得到吗", a)
	choose([]string{}, map[string]any{"notice": false, "call": false})
	notice(false)
	own.calls(room, "听得到吗", a)
	notice(true)
	if p := phone.next(); p.Alert["topic"] != "confirm" || p.Alert["text"] != "周社工：[公告] 停水" || p.Alert["badge"] != 1.0 {
		t.Errorf("rang for %v", p.Alert)
	}
	phone.silent(a)

	page := a.online()
	choose([]string{"request"}, map[string]any{})
	if _, no := w.as(li).act(room, "emergency.post", 0, map[string]any{"category": "突发疾病", "door": true}, nil); no != "" {
		t.Fatal(no)
	}
	if alert := alerted(t, page); alert["topic"] != "emergency" || alert["loud"] != true {
		t.Errorf("an open page hears %v", alert)
	}
	if p := ownPhone.next(); p.Alert["topic"] != "emergency" || p.Alert["loud"] != true || p.Header.Get("Urgency") != "high" {
		t.Errorf("who answers for the room hears %v", p.Alert)
	}
	phone.silent(a)
}

// At night what comes is held, and told at once in the morning; an emergency is not held.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phone, ownPhone, other := service.browser(a), service.browser(own), service.browser(b)
	w.clock.until(23)
	own.calls(room, "睡了吗", a, b)
	own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "明早"})
	gone := own.calls(room, "算了", a)
	own.act(room, "item.retract", gone, nil, nil)
	if _, no := b.act(room, "emergency.post", 0, map[string]any{"category": "火情", "door": true}, nil); no != "" {
		t.Fatal(no)
	}
	if p := ownPhone.next(); p.Alert["topic"] != "emergency" {
		t.Errorf("at night: %v", p.Alert)
	}
	phone.silent(a)

	// A restart in the night forgets nothing.
	w.close()
	w = serveInside(t, w.dir, w.clock, nil)
	a, b = w.as(zhang), w.as(li)
	page := b.online()
	tell(t, page, map[string]any{"read": []any{[]any{room, 99999}}})
	hear(t, page, "read")
	page.CloseNow()
	w.clock.until(7)
	p := phone.next()
	if p.Alert["topic"] != "summary" || p.Alert["text"] != "有 2 件事：叫到您 1、公告待确认 1" || p.Alert["url"] != "/rooms" {
		t.Errorf("in the morning: %v", p.Alert)
	}
	phone.silent(a)
	other.silent(b) // who has read it is not told
}

// Who was removed, left or signed out hears nothing, not even what was on its way.
func TestWhoIsGoneIsNotRung(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phoneA, phoneB := service.browser(a), service.browser(b)
	page := a.online()
	own.calls(room, "在吗", a)
	alerted(t, page)
	own.must("POST", "/removals", map[string]any{"person": a.person(), "room": room, "reason": "已搬走"})
	w.clock.skip(10 * time.Second)
	phoneB.answers(503)
	own.calls(room, "在吗", b)
	eventually(t, "the first try", func() bool { return phoneB.left() == 0 })
	b.must("POST", "/rooms/"+room+"/leave", map[string]any{})
	w.clock.skip(10 * time.Second)
	phoneA.silent(a)
	phoneB.silent(b)

	// A browser belongs to the device that subscribed it, and to one person.
	second := w.as(li)
	phone := service.browser(second)
	if n := len(b.must("GET", "/me/alerts", nil)["pushes"].([]any)); n != 2 {
		t.Errorf("%d browsers", n)
	}
	second.must("DELETE", "/session", nil)
	if n := len(b.must("GET", "/me/alerts", nil)["pushes"].([]any)); n != 1 {
		t.Errorf("%d browsers after a device was signed out", n)
	}
	own.must("POST", "/me/pushes", phoneB.subscription())
	if n := len(b.must("GET", "/me/alerts", nil)["pushes"].([]any)); n != 0 {
		t.Errorf("%d browsers after another person took it over", n)
	}
	b.no("not-found", "DELETE", "/me/pushes/"+phoneB.id, nil)
	own.must("DELETE", "/me/pushes/"+phoneB.id, nil)
	if all := phone.took(); len(all) != 0 {
		t.Errorf("rang a device that was signed out: %v", all)
	}
}

// A service that has no such browser any more is believed; one that is overloaded is asked again, a few times.
func TestPushServicesThatFail(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a := w.as(keeper), w.as(zhang)
	phone := service.browser(a)
	phone.answers(503)
	own.calls(room, "一", a)
	eventually(t, "the first try", func() bool { return phone.left() == 0 })
	w.clock.skip(6 * time.Second)
	if p := phone.next(); p.Alert["text"] != "周社工：一" {
		t.Errorf("asked again: %v", p.Alert)
	}
	phone.answers(500, 429, 503)
	own.calls(room, "二", a)
	for n := 2; n >= 0; n-- {
		eventually(t, "a try", func() bool { return phone.left() == n })
		w.clock.skip(time.Minute)
	}
	eventually(t, "it is given up", func() bool { return a.way("push")["why"] == "unreachable" })
	phone.answers(307)
	own.calls(room, "三", a)
	eventually(t, "a redirect is not followed", func() bool { return a.way("push")["why"] == "refused" })
	phone.answers(410)
	own.calls(room, "四", a)
	eventually(t, "it is gone", func() bool { return len(a.must("GET", "/me/alerts", nil)["pushes"].([]any)) == 0 })
	if got := a.way("push"); got["state"] != "absent" || got["why"] != "gone" {
		t.Errorf("gone: %v", got)
	}
	if got := a.must("GET", "/me/alerts", nil)["verdict"]; got != "silent" {
		t.Errorf("gone: %v", got)
	}
	for outcome, n := range map[string]uint64{"sent": 1, "failed": 1, "refused": 1, "gone": 1} {
		if got := w.p.Notify.Count("push", outcome); got != n {
			t.Errorf("%s: %d", outcome, got)
		}
	}
}

// An endpoint is a public host's, by https.
func TestEndpointsAreCheckedAtTheDoor(t *testing.T) {
	t.Parallel()
	w, _, _ := newInside(t, func(c *Config) { c.PushLocal = false })
	a := w.as(zhang)
	keys := newPushService(t).unsubscribed().subscription()
	for _, endpoint := range []string{
		"", "ftp://push.example.org/x", "http://push.example.org/x", "https://localhost/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.1.2.3/x",
		"https://169.254.169.254/latest", "https://192.168.1.1/x", "https://100.64.0.1/x", "https://intranet/x", "https://u:p@push.example.org/x",
		"https://[::ffff:10.0.0.1]/x", "https://push.example.org/" + strings.Repeat("x", 1100),
	} {
		keys["endpoint"] = endpoint
		a.no("invalid", "POST", "/me/pushes", keys)
	}
	keys["endpoint"] = "https://push.example.org/x"
	a.must("POST", "/me/pushes", keys)
}

// Talk rings nobody who has not asked for it; who has is told once, of all of it, until they look.
func TestTalkIsToldOnceUntilSomebodyLooks(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	service := newPushService(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	phoneA, phoneB := service.browser(a), service.browser(b)
	b.must("PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 22, "to": 7}, "topics": map[string]any{"chat": true}})
	for _, text := range []string{"早", "早啊", "今天有雨"} {
		own.say(room, text)
	}
	eventually(t, "it is heard of", func() bool { w.clock.skip(time.Second); return len(phoneB.got) > 0 })
	p := phoneB.next()
	if p.Alert["topic"] != "chat" || p.Alert["text"] != "周社工：今天有雨（3 条新消息）" || p.Header.Get("Urgency") != "low" {
		t.Errorf("told %v", p.Alert)
	}
	last := own.say(room, "带伞")
	w.clock.skip(time.Minute)
	phoneB.silent(b)
	page := b.online()
	tell(t, page, map[string]any{"read": []any{[]any{room, last}}})
	hear(t, page, "read")
	page.CloseNow()
	eventually(t, "she is away", func() bool { return w.p.Hub.Counts().Connections == 0 })
	own.say(room, "雨停了")
	eventually(t, "it is heard of", func() bool { w.clock.skip(time.Second); return len(phoneB.got) > 0 })
	if p := phoneB.next(); !strings.HasPrefix(p.Alert["text"].(string), "周社工：雨停了") {
		t.Errorf("told %v", p.Alert)
	}
	phoneA.silent(a)
}

// Who decides on applications is told of one, and the applicant of the decision.
func TestApplicationsRing(t *testing.T) {
	t.Parallel()
	w, _, link := newInside(t, nil)
	service := newPushService(t)
	own := w.as(keeper)
	phone := service.browser(own)
	applicant := w.apply(link, wang, "owner")
	page := applicant.online()
	if p := phone.next(); p.Alert["topic"] != "admission" || p.Alert["text"] != "1 份入群申请等您审核" || p.Alert["url"] != "/admission" || strings.Contains(p.plain, wang.name) {
		t.Errorf("told %v", p.Alert)
	}
	own.approve(applicant, "")
	if alert := alerted(t, page); alert["topic"] != "mine" || alert["text"] != "您的入群申请通过了" {
		t.Errorf("the applicant hears %v", alert)
	}
}

// Killed with an alert under way, the program goes on with it, once.
func TestAKillNeitherForgetsNorDoubles(t *testing.T) {
	t.Parallel()
	quiet, room, _ := newInside(t, nil)
	quiet.close()
	service := newPushService(t)
	w := serveTown(t, quiet.dir, "-push-local")
	own, a := w.as(keeper), w.as(zhang)
	a.must("PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 0, "to": 0}, "topics": map[string]any{}})
	phone := service.browser(a)
	page := a.online()
	own.calls(room, "还在吗", a)
	alerted(t, page)
	own.say(room, "后面还有一句")
	_ = w.cmd.Process.Kill()
	_, _ = w.cmd.Process.Wait()
	w = serveTown(t, w.dir, "-push-local")
	if p := phone.next(); p.Alert["text"] != "周社工：还在吗" {
		t.Errorf("after a kill: %v", p.Alert)
	}
	a = w.as(zhang)
	phone.silent(a)
	w.stop()
	w = serveTown(t, w.dir, "-push-local")
	phone.silent(w.as(zhang))
	eventually(t, "alerts are counted", func() bool {
		return strings.Contains(w.metrics(), `linli_alerts_total{channel="push",outcome="sent"} 1`)
	})
}
