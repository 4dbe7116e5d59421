package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
)

// amendment is a form that says what an application says already, with other fields over it.
func amendment(mine answer, more map[string]any) map[string]any {
	form := map[string]any{"premises": mine["premises"], "relation": mine["relation"], "category": mine["category"], "charter": mine["charter"]}
	for k, v := range more {
		form[k] = v
	}
	return form
}

// memberOf is somebody as who answers for the room sees them.
func (a *api) memberOf(room, person string) answer {
	a.w.t.Helper()
	for _, m := range a.must("POST", "/rooms/"+room+"/members", map[string]any{})["members"].([]any) {
		if m := m.(map[string]any); m["person"] == person {
			return m
		}
	}
	return nil
}

// queued is somebody's application as who decides sees it.
func (a *api) queued(room, name string) answer {
	a.w.t.Helper()
	for _, m := range a.must("GET", "/applications?room="+room, nil)["applications"].([]any) {
		if m := m.(map[string]any); m["name"] == name {
			return m
		}
	}
	a.w.t.Fatalf("%s is not in the queue", name)
	return nil
}

func (a *api) state() string { return a.application()["state"].(string) }

// An approved applicant's amendment is answered closed, and nothing of it is anywhere.
func TestAnAmendmentAfterApprovalRenamesNobody(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	own, a := w.as(keeper), w.as(zhang)
	mine := a.application()
	a.no("closed", "PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"name": "周社工", "title": "女士"}))
	if got := a.must("GET", "/me", nil); got["name"] != zhang.name || got["title"] != zhang.title {
		t.Errorf("is now %v %v", got["name"], got["title"])
	}
	if m := own.memberOf(room, a.person()); m["name"] != zhang.name || m["display"] != "3-1-101 张先生" {
		t.Errorf("the owner sees %v", m)
	}
	w.restart()
	if got := w.as(zhang).must("GET", "/me", nil)["name"]; got != zhang.name {
		t.Errorf("after a restart: %v", got)
	}
}

// What a pending applicant says of their name is what the decider sees, and holds when approved; approving what was seen before is refused.
func TestApprovingWhatWasShownBeforeIsRefused(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own, a := w.as(keeper), w.apply(link, wang, "owner")
	mine := a.application()
	seen := own.queued(room, wang.name)
	if seen["version"] != mine["version"] {
		t.Errorf("the owner saw version %v of %v", seen["version"], mine["version"])
	}
	a.must("PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"name": "陈警官", "category": "片警"}))
	approve := "/applications/" + mine["id"].(string) + "/approve"
	own.no("conflicting", "POST", approve, map[string]any{"version": seen["version"]})
	own.no("conflicting", "POST", approve, map[string]any{})
	out := own.must("POST", "/applications/approve", map[string]any{"these": []any{map[string]any{"id": seen["id"], "version": seen["version"]}}})
	if out["approved"] != 0.0 {
		t.Errorf("approved with others: %v", out)
	}
	for verb, field := range map[string]string{"ask": "text", "reject": "reason"} {
		own.no("conflicting", "POST", "/applications/"+mine["id"].(string)+"/"+verb, map[string]any{"version": seen["version"], field: "旧的"})
	}
	now := own.queued(room, "陈警官")
	if now["badge"] != "片警" || now["known"] != nil {
		t.Errorf("shown as %v", now)
	}
	// The badge is given by its name: not by all at once, and not by an approval that says nothing of it.
	out = own.must("POST", "/applications/approve", map[string]any{"these": []any{map[string]any{"id": now["id"], "version": now["version"]}}})
	if f, _ := out["faults"].(map[string]any)[mine["id"].(string)].(map[string]any); out["approved"] != 0.0 || f["code"] != "invalid" {
		t.Errorf("a badge was given with others: %v", out)
	}
	own.no("invalid", "POST", approve, map[string]any{"version": now["version"]})
	own.must("POST", approve, map[string]any{"version": now["version"], "category": "片警"})
	if m := own.memberOf(room, a.person()); m["name"] != "陈警官" || m["badge"] != "片警" {
		t.Errorf("let in as %v", m)
	}
	if got := a.must("GET", "/me", nil)["name"]; got != "陈警官" {
		t.Errorf("is called %v", got)
	}
}

// A member asks for another name with an application elsewhere: it is in force nowhere before it is decided, everywhere after, and
// they see who did it.
func TestANameChangesByADecisionThatAllHearOf(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	boss, own, a := w.as(admin), w.as(keeper), w.as(zhang)
	community := boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"].(string)
	second := boss.must("POST", "/rooms", map[string]any{"community": community, "name": "志愿者群"})["id"].(string)
	link := boss.must("POST", "/rooms/"+second+"/links", map[string]any{})["link"].(string)
	a.must("POST", "/join/"+link, map[string]any{"relation": "other", "category": "志愿者"})
	mine := a.application()
	a.must("PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"name": "周社工", "title": "女士"}))
	if m := own.memberOf(room, a.person()); m["name"] != zhang.name || m["display"] != "3-1-101 张先生" {
		t.Errorf("before anybody decided: %v", m)
	}
	if got := a.must("GET", "/me", nil)["name"]; got != zhang.name {
		t.Errorf("before anybody decided: %v", got)
	}
	row := boss.queued(second, "周社工")
	if row["known"] != zhang.name {
		t.Errorf("who decides is not told that %v was %v", row["name"], row["known"])
	}
	heard := w.as(li).socket()
	hear(t, heard, "hello")
	boss.approve(a, "志愿者")
	people := hear(t, heard, "people")["people"].([]any)[0].(map[string]any)
	if people["id"] != a.person() || people["name"] != "3-1-101 周女士" {
		t.Errorf("the other room hears %v", people)
	}
	looks := a.must("GET", "/looks", nil)["looks"].([]any)
	told := false
	for _, l := range looks {
		told = told || l.(map[string]any)["reason"] == "name"
	}
	if !told {
		t.Errorf("the person is not told: %v", looks)
	}

	// And corrected by who answers for the room, with a button.
	own.no("forbidden", "PUT", "/rooms/"+second+"/members/"+a.person()+"/name", map[string]any{"name": zhang.name})
	w.as(li).no("forbidden", "PUT", "/rooms/"+room+"/members/"+a.person()+"/name", map[string]any{"name": "张三"})
	own.must("PUT", "/rooms/"+room+"/members/"+a.person()+"/name", map[string]any{"name": zhang.name, "title": zhang.title})
	if people := hear(t, heard, "people")["people"].([]any)[0].(map[string]any); people["name"] != "3-1-101 张先生" {
		t.Errorf("the room hears %v", people)
	}
	w.restart()
	if m := w.as(keeper).memberOf(room, a.person()); m["name"] != zhang.name {
		t.Errorf("after a restart: %v", m)
	}
}

// What the log refuses leaves nobody behind.
func TestARefusedApplicationLeavesNothing(t *testing.T) {
	t.Parallel()
	w, _, link := newInside(t, nil)
	form := map[string]any{"name": "无此人", "title": "女士", "phone": "13800000777", "password": password, "premises": w.doorOf(link, wang), "relation": "owner"}
	with := func(key string, value any) map[string]any {
		m := map[string]any{key: value}
		for k, v := range form {
			if k != key {
				m[k] = v
			}
		}
		return m
	}
	before := w.kept("reg/", "said/", "pass/", "key/", "dev/")
	for code, f := range map[string]map[string]any{"weak": with("password", "12345678"), "conflicting": with("charter", 99)} {
		w.nobody().no(code, "POST", "/join/"+link, f)
	}
	for key, value := range map[string]any{"relation": "boss", "category": "群主", "name": "12", "phone": "12", "title": "大人", "premises": ""} {
		w.nobody().no("invalid", "POST", "/join/"+link, with(key, value))
	}
	if after := w.kept("reg/", "said/", "pass/", "key/", "dev/"); after != before {
		t.Errorf("%d things of persons before, %d after", before, after)
	}
}

// An applicant who was asked for more, and whose poster has ended since, can still answer.
func TestAnEndedPosterTrapsNobody(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own, a := w.as(keeper), w.apply(link, wang, "owner")
	mine := a.application()
	own.must("POST", "/applications/"+mine["id"].(string)+"/ask", map[string]any{"text": "请补充"})
	own.must("DELETE", "/rooms/"+room+"/links/"+link, nil)
	page := a.must("GET", "/applications/"+mine["id"].(string)+"/page", nil)
	if page["room"] != room || page["charter"] == nil {
		t.Errorf("the form's page: %v", page)
	}
	if doors := a.must("GET", "/applications/"+mine["id"].(string)+"/doors", nil)["buildings"].([]any); len(doors) == 0 {
		t.Error("no doors to choose from")
	}
	for _, other := range []*api{w.as(zhang), own} {
		other.no("not-found", "GET", "/applications/"+mine["id"].(string)+"/page", nil)
		other.no("not-found", "GET", "/applications/"+mine["id"].(string)+"/doors", nil)
	}
	a.must("PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"note": "补好了"}))
	if a.state() != "pending" {
		t.Errorf("is %s", a.state())
	}
	// And who has thought better of it takes it back.
	a.must("DELETE", "/applications/"+mine["id"].(string), nil)
	if a.state() != "withdrawn" {
		t.Errorf("is %s", a.state())
	}
	own.no("closed", "POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": a.application()["version"]})
}

// Without a door nobody becomes 业主, whoever approves it and however.
func TestWithoutADoorNobodyIsAnOwner(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own := w.as(keeper)
	form := map[string]any{"name": "钱无门", "title": "女士", "phone": "13800000999", "password": password, "relation": "owner", "tokens": true}
	w.nobody().no("invalid", "POST", "/join/"+link, form)
	form["door"] = "9-9-999"
	a := w.nobody().with(w.nobody().must("POST", "/join/"+link, form))
	mine := a.application()
	for _, how := range []map[string]any{{}, {"category": "业主"}, {"category": "租户"}, {"relation": "family"}, {"relation": "family", "category": "家属"}} {
		how["version"] = mine["version"]
		own.no("no-premises", "POST", "/applications/"+mine["id"].(string)+"/approve", how)
	}
	if m := own.memberOf(room, a.person()); m != nil {
		t.Errorf("is in as %v", m)
	}
}

// Badges are given, changed and taken later; a resident asks to be a volunteer and stops being one.
func TestBadgesAreGivenChangedAndTaken(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	own, a := w.as(keeper), w.as(zhang)
	badge := func() any { return own.memberOf(room, a.person())["badge"] }
	a.must("POST", "/rooms/"+room+"/badge", map[string]any{"badge": "志愿者", "note": "晚上有空"})
	a.no("conflicting", "POST", "/rooms/"+room+"/badge", map[string]any{"badge": "志愿者"})
	row := own.queued(room, zhang.name)
	if row["for"] != "badge" || row["badge"] != "志愿者" || row["note"] != "晚上有空" {
		t.Errorf("the owner sees %v", row)
	}
	heard := w.as(li).socket()
	hear(t, heard, "hello")
	own.must("POST", "/applications/"+row["id"].(string)+"/approve", map[string]any{"version": row["version"], "category": "志愿者"})
	if people := hear(t, heard, "people")["people"].([]any)[0].(map[string]any); people["badge"] != "志愿者" || people["id"] != a.person() {
		t.Errorf("the room hears %v", people)
	}
	set := "/rooms/" + room + "/members/" + a.person() + "/badge"
	w.as(li).no("forbidden", "PUT", set, map[string]any{"badge": "业委会"})
	a.no("forbidden", "PUT", set, map[string]any{"badge": "片警"})
	own.must("PUT", set, map[string]any{"badge": "党员志愿者"})
	if badge() != "党员志愿者" {
		t.Errorf("is %v", badge())
	}
	own.no("invalid", "PUT", set, map[string]any{"badge": "群主"})
	own.must("PUT", set, map[string]any{"badge": ""})
	if badge() != "业主" {
		t.Errorf("is %v", badge())
	}
	own.must("PUT", set, map[string]any{"badge": "志愿者"})
	a.must("PUT", set, map[string]any{"badge": ""})
	if badge() != "业主" {
		t.Errorf("after giving it up: %v", badge())
	}
	// Who was removed is not brought back by a badge.
	a.must("POST", "/rooms/"+room+"/badge", map[string]any{"badge": "志愿者"})
	row = own.queued(room, zhang.name)
	own.must("POST", "/removals", map[string]any{"person": a.person(), "room": room, "reason": "骚扰"})
	own.ask("POST", "/applications/"+row["id"].(string)+"/approve", map[string]any{"version": row["version"], "category": "志愿者"}, nil)
	own.ask("PUT", set, map[string]any{"badge": "业委会"}, nil)
	if m := own.memberOf(room, a.person()); m != nil {
		t.Errorf("is back as %v", m)
	}
}

// A signed-in applicant is told when their token ends, not the beginning of time.
func TestASignedInApplicantKeepsTheirToken(t *testing.T) {
	t.Parallel()
	w, _, _ := newInside(t, nil)
	boss, a := w.as(admin), w.as(zhang)
	community := boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"].(string)
	second := boss.must("POST", "/rooms", map[string]any{"community": community, "name": "别的楼"})["id"].(string)
	link := boss.must("POST", "/rooms/"+second+"/links", map[string]any{})["link"].(string)
	got := a.must("POST", "/join/"+link, map[string]any{"relation": "other", "category": "志愿者"})
	expires := time.UnixMilli(int64(got["expires"].(float64)))
	if left := time.Until(expires); left < 0 || left > 10*time.Minute {
		t.Errorf("expires %v", expires)
	}
}

// A fourth change on one day is refused, and applying anew is a change.
func TestThreeAmendmentsADay(t *testing.T) {
	t.Parallel()
	w, _, link := newInside(t, nil)
	a := w.apply(link, wang, "owner")
	mine := a.application()
	for range 3 {
		a.must("PUT", "/applications/"+mine["id"].(string), amendment(mine, nil))
	}
	a.no("quota", "PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"name": "王方"}))
	a.must("DELETE", "/applications/"+mine["id"].(string), nil)
	a.no("quota", "POST", "/join/"+link, map[string]any{"premises": mine["premises"], "relation": "owner"})
	if got := a.must("GET", "/me", nil)["name"]; got != wang.name {
		t.Errorf("is called %v", got)
	}
}

// restart ends the program and begins again on what it left.
func (w *inside) restart() {
	w.t.Helper()
	w.close()
	next := serveInside(w.t, w.dir, w.clock, nil)
	*w.town, w.p, w.close = *next.town, next.p, next.close
}

// kept counts what is kept of persons.
func (w *inside) kept(prefixes ...string) (n int) {
	w.t.Helper()
	for _, prefix := range prefixes {
		for _, err := range w.p.Journal.Shelf().List(w.t.Context(), prefix) {
			if err != nil {
				w.t.Fatal(err)
			}
			n++
		}
	}
	return n
}

// slipFor makes the slips of a door's stair, and is what the QR of the door's says.
func (w *inside) slipFor(room string, r neighbour) (token string) {
	w.t.Helper()
	w.as(keeper).ask("POST", "/rooms/"+room+"/slips", map[string]any{"kind": "home", "building": "3号楼", "entrance": r.entrance}, nil)
	w.p.Engine.ReadOffice(func(o *office.State) {
		for _, h := range o.PremisesOf(id.Room(room)) {
			if x, ok := o.SlipOf(h.ID); ok && h.Entrance == r.entrance && h.Door == r.door {
				token = w.p.Register.Keys().SlipToken(x.ID)
			}
		}
	})
	return token
}

func stairOf(room, entrance, more string) string {
	return "/rooms/" + room + "/slips" + more + "?kind=home&building=" + url.QueryEscape("3号楼") + "&entrance=" + url.QueryEscape(entrance)
}

// browserOf is a browser that keeps its cookies.
func browserOf(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// onRoster is a neighbour with the phone that the roster has.
func onRoster(r neighbour, phone string) neighbour {
	r.phone = phone
	return r
}

// Of many who set the office up at once one is its administrator, and of the others nothing stays.
func TestOneOfManyWhoSetUpAtOnceIsTheAdministrator(t *testing.T) {
	t.Parallel()
	w := serveTown(t, t.TempDir())
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for n := range 12 {
		all.Go(func() {
			phone := "1390000" + strconv.Itoa(4000+n)
			got := answer{}
			w.nobody().ask("POST", "/setup", map[string]any{
				"code": w.code, "office": "如意示范办事处", "name": "管理甲", "phone": phone, "password": password, "tokens": true,
			}, &got)
			code, _ := got["code"].(string)
			signed := answer{}
			w.nobody().ask("POST", "/session", map[string]any{"phone": phone, "password": password, "tokens": true}, &signed)
			if _, in := signed["access"]; in != (code == "") {
				t.Errorf("set up: %q, signed in: %v", code, signed)
			}
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	if all.Wait(); codes[""] != 1 || codes["setup-done"] != 11 {
		t.Errorf("answered %v", codes)
	}
}

// Who is let in is in the room when the owner reads that it is done: neither their next click nor the newcomer's comes too early.
func TestWhoIsLetInIsInTheRoomWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own := w.as(keeper)
	for _, r := range []neighbour{wang, liu} {
		a := w.apply(link, r, "owner")
		own.approve(a, "")
		if rooms := a.must("GET", "/rooms", nil)["rooms"].([]any); len(rooms) != 1 {
			t.Fatalf("%s is let in and has the rooms %v", r.name, rooms)
		}
		if m := own.memberOf(room, a.person()); m["name"] != r.name {
			t.Errorf("is in as %v", m)
		}
	}
}

func TestASlipLetsInWhoIsAsTheRosterSays(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	w.as(keeper).must("PUT", "/policy", map[string]any{"room": room, "history": "all", "autoGreen": true})
	fits := onRoster(wang, "13910000274")
	// The poster lets nobody in, however much fits.
	if got := w.apply(link, fits, "owner"); got.state() != "pending" {
		t.Errorf("without a slip: %s", got.state())
	}
	token := w.slipFor(room, fits)
	own := w.as(keeper)
	row := own.queued(room, wang.name)
	if says := row["roster"].(map[string]any); says["phone"] != "same" || row["light"] != "green" {
		t.Errorf("the owner is told %v", says)
	}
	own.must("POST", "/applications/"+row["id"].(string)+"/reject", map[string]any{"reason": "请用门牌码"})
	page := w.nobody().must("GET", "/join/"+token, nil)
	if slip := page["slip"].(map[string]any); slip["door"] != "3号楼 1单元 201" {
		t.Errorf("the slip is for %v", slip)
	}
	form := map[string]any{"name": fits.name, "title": fits.title, "phone": fits.phone, "password": password, "relation": "owner", "tokens": true,
		"premises": w.doorOf(link, liu)} // whatever door they say, the slip's counts
	a := w.nobody().with(w.nobody().must("POST", "/join/"+token, form))
	if a.state() != "approved" {
		t.Errorf("by slip, name and phone: %s", a.state())
	}
	if m := own.memberOf(room, a.person()); m["display"] != "3-1-201 王女士" {
		t.Errorf("is in as %v", m)
	}
	// Once.
	form["phone"] = "13910000411"
	w.nobody().no("taken", "POST", "/join/"+token, form)
	w.nobody().no("taken", "GET", "/join/"+token, nil)
	// A token that only looks like one.
	other := "0"
	if strings.HasSuffix(token, other) {
		other = "1"
	}
	w.nobody().no("not-found", "GET", "/join/"+token[:len(token)-1]+other, nil)
	w.nobody().no("not-found", "GET", "/join/"+strings.Split(token, "-")[0], nil)
}

func TestAWrongNameTurnsTheSlipOff(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	w.as(keeper).must("PUT", "/policy", map[string]any{"room": room, "history": "all", "autoGreen": true})
	token := w.slipFor(room, wang)
	form := map[string]any{"name": "王莉", "title": "女士", "phone": "13910000274", "password": password, "relation": "owner", "tokens": true}
	raw := w.nobody()
	guesser := raw.with(raw.must("POST", "/join/"+token, form))
	if guesser.state() != "pending" {
		t.Fatalf("a wrong name: %s", guesser.state())
	}
	// The application: the right name comes too late.
	mine := guesser.application()
	guesser.must("PUT", "/applications/"+mine["id"].(string), amendment(mine, map[string]any{"name": "王芳"}))
	if guesser.state() != "pending" {
		t.Errorf("guessed: %s", guesser.state())
	}
	// The door, until the next day: another slip of it, name and phone right, waits too.
	token = w.slipFor(room, wang)
	form["name"] = "王芳"
	a := w.nobody().with(w.nobody().must("POST", "/join/"+token, form))
	if a.state() != "pending" {
		t.Errorf("the door was shut, and %s", a.state())
	}
	w.as(keeper).must("POST", "/applications/"+w.as(keeper).queued(room, "王芳")["id"].(string)+"/reject", map[string]any{"reason": "重来"})
	// The phone of somebody else: the owner is told, and it waits.
	token = w.slipFor(room, liu)
	form["name"], form["phone"] = liu.name, "13800000222"
	b := w.nobody().with(w.nobody().must("POST", "/join/"+token, form))
	if b.state() != "pending" {
		t.Errorf("another phone: %s", b.state())
	}
	if says := w.as(keeper).queued(room, liu.name)["roster"].(map[string]any); says["phone"] != "other" {
		t.Errorf("the owner is told %v", says)
	}
}

// The browser in which a wrong name was tried is not let in by a slip of another door either.
func TestAWrongNameTurnsTheBrowserOff(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	w.as(keeper).must("PUT", "/policy", map[string]any{"room": room, "history": "all", "autoGreen": true})
	first, second := w.slipFor(room, wang), w.slipFor(room, liu)
	browser := browserOf(t)
	apply := func(token, name, phone string) {
		t.Helper()
		b, _ := json.Marshal(map[string]any{"name": name, "title": "女士", "phone": phone, "password": password, "relation": "owner"})
		res, err := browser.Post(w.url+"/api/v1/join/"+token, "application/json", bytes.NewReader(b))
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
	}
	apply(first, "王莉", "13910000274")
	// Signed out; the browser's other cookies stay.
	req, _ := http.NewRequest(http.MethodDelete, w.url+"/api/v1/session", nil)
	if res, err := browser.Do(req); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	apply(second, liu.name, "13910000411")
	if row := w.as(keeper).queued(room, liu.name); row["state"] != "pending" {
		t.Errorf("from the browser of a wrong name: %v", row["state"])
	}
}

// Who was removed is not let in by a slip, also when the time of the removal is over.
func TestARemovedPersonIsNeverLetInBySlip(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	w.as(keeper).must("PUT", "/policy", map[string]any{"room": room, "history": "all", "autoGreen": true})
	fits := onRoster(wang, "13910000274")
	a := w.admit(w.as(keeper), link, fits)
	w.as(keeper).must("POST", "/removals", map[string]any{
		"person": a.person(), "room": room, "until": w.clock.now().Add(time.Hour).UnixMilli(), "reason": "骚扰",
	})
	token := w.slipFor(room, wang)
	again := w.as(fits)
	again.no("removed", "POST", "/join/"+token, map[string]any{"relation": "owner"})
	w.clock.skip(2 * time.Hour)
	again = w.as(fits)
	again.must("POST", "/join/"+token, map[string]any{"relation": "owner"})
	if again.state() != "pending" {
		t.Errorf("who was removed: %s", again.state())
	}
}

// Slips are printed by who answers for the room, stair by stair, and can be made worthless.
func TestSlipsArePrintedAndEnded(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	own := w.as(keeper)
	stair := map[string]any{"kind": "home", "building": "3号楼", "entrance": "2单元"}
	for _, other := range []*api{w.nobody(), w.as(zhang)} {
		for _, c := range [][2]string{{"GET", "/slips"}, {"POST", "/slips"}, {"DELETE", strings.TrimPrefix(stairOf(room, "2单元", ""), "/rooms/"+room)}, {"GET", "/slips.pdf"}} {
			if status := other.ask(c[0], "/rooms/"+room+c[1], stair, nil); status != http.StatusForbidden && status != http.StatusUnauthorized {
				t.Errorf("%v: %d", c, status)
			}
		}
	}
	before := own.must("GET", "/rooms/"+room+"/slips", nil)["stairs"].([]any)
	if len(before) < 2 || before[1].(map[string]any)["ready"] != 0.0 {
		t.Fatalf("stairs: %v", before)
	}
	path := stairOf(room, "2单元", ".pdf")
	own.no("not-found", "GET", path, nil)
	own.must("POST", "/rooms/"+room+"/slips", stair)
	own.no("unchanged", "POST", "/rooms/"+room+"/slips", stair)
	after := own.must("GET", "/rooms/"+room+"/slips", nil)["stairs"].([]any)[1].(map[string]any)
	if after["ready"] != after["uncovered"] || after["until"] == nil {
		t.Errorf("made: %v", after)
	}
	var paper json.RawMessage
	if status := own.ask("GET", path, nil, &paper); status != http.StatusOK || !bytes.HasPrefix(paper, []byte("%PDF-")) {
		t.Errorf("the paper: %d, %d bytes", status, len(paper))
	}
	token := w.slipFor(room, neighbour{entrance: "2单元", door: "501"})
	w.nobody().must("GET", "/join/"+token, nil)
	w.as(keeper).must("DELETE", stairOf(room, "2单元", ""), nil)
	w.nobody().no("revoked", "GET", "/join/"+token, nil)
	w.as(keeper).no("not-found", "GET", path, nil)
	// The log alone makes no slip: the proof in a QR lies nowhere on the disk.
	w.close()
	proof := strings.Split(token, "-")[1]
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), proof) {
			t.Errorf("%s has the proof of a slip", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Of those who wait with one phone each is looked at by itself: whoever approves all at once would let in the first of them.
func TestWhoSharesAPhoneIsNotApprovedWithTheOthers(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own := w.as(keeper)
	w.apply(link, wang, "owner")
	w.nobody().must("POST", "/join/"+link, w.form(link, wang, map[string]any{"name": "王大力", "password": "another-2020"}))
	var these []any
	for _, a := range own.must("GET", "/applications?state=pending&room="+room, nil)["applications"].([]any) {
		a := a.(map[string]any)
		these = append(these, map[string]any{"id": a["id"], "version": a["version"]})
	}
	out := own.must("POST", "/applications/approve", map[string]any{"these": these})
	if len(these) != 2 || out["approved"] != 0.0 {
		t.Errorf("of %d with one phone: %v", len(these), out)
	}
	for _, f := range out["faults"].(map[string]any) {
		if f.(map[string]any)["code"] != "conflicting" {
			t.Errorf("refused: %v", f)
		}
	}
	first := these[0].(map[string]any)
	own.must("POST", "/applications/"+first["id"].(string)+"/approve", map[string]any{"version": first["version"]})
}

// Whoever approves many does not wait for the disk as often: while the log takes the first, the others are on their way.
func TestManyAreApprovedSideBySide(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	w.stop()
	l := lives(t, w.dir)
	t.Cleanup(func() { _ = l.Close() })
	own := l.town.as(keeper)
	for i, r := range []neighbour{wang, liu} {
		r.phone = fmt.Sprintf("1380000990%d", i)
		l.town.apply(link, r, "owner")
	}
	var these []any
	for _, a := range own.must("GET", "/applications?state=pending&room="+room, nil)["applications"].([]any) {
		a := a.(map[string]any)
		these = append(these, map[string]any{"id": a["id"], "version": a["version"]})
	}
	before := l.harm.Steps()
	l.harm.Before(func(log id.Log, _ journal.Seq) error {
		if log == id.Office {
			eventually(t, "each has taken its phone", func() bool { return l.harm.Steps() >= before+len(these) })
		}
		return nil
	})
	if out := own.must("POST", "/applications/approve", map[string]any{"these": these}); out["approved"] != float64(len(these)) || len(these) < 2 {
		t.Errorf("of %d: %v", len(these), out)
	}
}
