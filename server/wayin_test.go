package main

import (
	"sync"
	"testing"
)

// form is what somebody says of themselves at the poster.
func (w *town) form(link string, r neighbour, more map[string]any) map[string]any {
	page := w.nobody().must("GET", "/join/"+link, nil)
	f := map[string]any{
		"name": r.name, "title": r.title, "phone": r.phone, "password": password, "premises": w.doorOf(link, r), "relation": "owner",
		"charter": page["charter"].(map[string]any)["version"], "tokens": true,
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}

func (a *api) applications() []any {
	return a.must("GET", "/applications/mine", nil)["applications"].([]any)
}

// Who applied signs in with the phone and password they gave: before anybody decided, after a refusal, after a restart.
func TestAnApplicantComesBackBeforeAnybodyDecided(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	a := w.apply(link, wang, "owner")
	mine, person := a.application()["id"], a.person()
	in := func(word string) *api {
		return w.nobody().with(w.nobody().must("POST", "/session", map[string]any{"phone": wang.phone, "password": word, "tokens": true}))
	}
	again := in(password)
	if got := again.application(); got["id"] != mine || got["state"] != "pending" || again.person() != person {
		t.Errorf("came back to %v", got)
	}
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": wang.phone, "password": "other-2020"})
	again.no("not-member", "GET", "/rooms/"+room, nil)
	w.restart()
	own := w.as(keeper)
	own.must("POST", "/applications/"+mine.(string)+"/reject", map[string]any{"reason": "资料对不上"})
	if got := in(password).application(); got["text"] != "资料对不上" {
		t.Errorf("after a refusal: %v", got)
	}
	again.must("PUT", "/me/password", map[string]any{"old": password, "new": "changed-2020"})
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": wang.phone, "password": password})
	if got := in("changed-2020").person(); got != person {
		t.Errorf("with the changed password it is %v", got)
	}
}

// One phone, one password, one room: one open application, however often and however fast it is sent.
func TestApplyingTwiceIsOneApplication(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	first := w.apply(link, wang, "owner")
	mine := first.application()
	res := w.nobody().must("POST", "/join/"+link, w.form(link, wang, map[string]any{"name": "王另名"}))
	if got := w.nobody().with(res); res["before"] != true || got.person() != first.person() || len(got.applications()) != 1 {
		t.Errorf("sent twice: %v, %v", res["before"], got.applications())
	}
	if got := first.application(); got["version"] != mine["version"] || got["name"] != wang.name {
		t.Errorf("what was sent first became %v", got)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { w.nobody().ask("POST", "/join/"+link, w.form(link, liu, nil), nil) })
	}
	all.Wait()
	n := 0
	own := w.as(keeper)
	for _, x := range own.must("GET", "/applications?state=pending&room="+room, nil)["applications"].([]any) {
		if row := x.(map[string]any); row["phone"] == liu.phone {
			n++
			if row["twice"] != nil {
				t.Errorf("one alone is marked: %v", row)
			}
		}
	}
	if n != 1 {
		t.Errorf("four at once made %d applications", n)
	}
	// Withdrawn, it is made anew by the same person, with what they say now.
	first.must("DELETE", "/applications/"+mine["id"].(string), nil)
	res = w.nobody().must("POST", "/join/"+link, w.form(link, wang, map[string]any{"name": "王芳芳"}))
	again := w.nobody().with(res)
	if got := again.application(); res["before"] != nil || again.person() != first.person() || got["name"] != "王芳芳" || got["id"] == mine["id"] {
		t.Errorf("anew it is %v", got)
	}
	own.approve(again, "")
	if m := own.memberOf(room, again.person()); m["name"] != "王芳芳" {
		t.Errorf("let in as %v", m)
	}
}

// The same phone with another password is another application: both are marked, each comes back to their own, neither stands in the
// other's way, and the phone goes to the one who is let in.
func TestTwoWithOnePhoneDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	squatter := liu
	squatter.phone = wang.phone
	other := w.nobody().with(w.nobody().must("POST", "/join/"+link, w.form(link, squatter, map[string]any{"password": "squatter-2020"})))
	hers := w.apply(link, wang, "owner")
	if other.person() == hers.person() {
		t.Fatal("two passwords, one person")
	}
	own := w.as(keeper)
	for _, name := range []string{wang.name, liu.name} {
		if row := own.queued(room, name); row["twice"] != true || row["taken"] != nil {
			t.Errorf("shown as %v", row)
		}
	}
	own.approve(hers, "")
	if row := own.queued(room, liu.name); row["twice"] != nil || row["taken"] != "here" || row["member"] != hers.person() {
		t.Errorf("when the phone is a member's: %v", row)
	}
	mine := other.application()
	own.no("phone-taken", "POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"]})
	for word, person := range map[string]string{password: hers.person(), "squatter-2020": other.person()} {
		s := w.nobody().must("POST", "/session", map[string]any{"phone": wang.phone, "password": word, "tokens": true})
		if s["person"] != person {
			t.Errorf("%s signs in %v, not %s", word, s["person"], person)
		}
	}
}

// Who is let in and forgets it applies again: the queue says so, and a code for them lets them in.
func TestAMemberWhoAppliesAgainIsGivenACode(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	again := w.nobody().with(w.nobody().must("POST", "/join/"+link, w.form(link, zhang, map[string]any{"password": "forgot-2020"})))
	own := w.as(keeper)
	row := own.must("GET", "/applications?state=pending&room="+room, nil)["applications"].([]any)[0].(map[string]any)
	if row["taken"] != "here" || row["member"] != w.as(zhang).person() || row["member"] == again.person() {
		t.Errorf("shown as %v", row)
	}
	code := own.must("POST", "/rooms/"+room+"/members/"+row["member"].(string)+"/code", nil)["code"]
	s := w.nobody().must("POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code, "password": "again-2020", "tokens": true})
	w.nobody().with(s).must("GET", "/rooms/"+room, nil)
}
