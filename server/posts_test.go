package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
)

// begun is somebody whom an appointment made, signed in by the first code.
func (w *town) begun(by *api, name, phone string, post map[string]any) *api {
	w.t.Helper()
	body := map[string]any{"name": name, "phone": phone}
	for k, v := range post {
		body[k] = v
	}
	made := by.must("POST", "/staff", body)
	code := by.must("POST", "/staff/"+made["id"].(string)+"/code", map[string]any{})["code"]
	return w.nobody().with(w.nobody().must("POST", "/session/code", map[string]any{"phone": phone, "code": code, "password": password, "tokens": true}))
}

// offers are the posts that wait for somebody's answer, as role:place.
func (a *api) offers() string {
	var list []string
	for _, o := range a.must("GET", "/me", nil)["offers"].([]any) {
		o := o.(map[string]any)
		list = append(list, fmt.Sprintf("%v:%v by %v", o["role"], o["at"], o["byName"]))
	}
	return strings.Join(list, " ")
}

// secretaried is a town with a secretary, and the community's id.
func secretaried(t *testing.T) (w *town, room, link, community string, boss, secretary *api) {
	t.Helper()
	w, room, link = newTown(t)
	boss = w.as(admin)
	community = boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"].(string)
	secretary = w.begun(boss, "王书记", "13900008010", map[string]any{"role": "secretary", "community": community})
	return w, room, link, community, boss, secretary
}

// Whoever may give a post may take it, in the one session; nobody else comes to one so.
func TestAPostOfOnesOwnIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	w, room, _, _, boss, secretary := secretaried(t)
	own := map[string]any{"self": true, "role": "owner", "room": room}
	w.as(zhang).no("forbidden", "POST", "/staff", own)
	secretary.no("forbidden", "POST", "/staff", map[string]any{"self": true, "role": "admin"})
	if out := boss.must("POST", "/staff", own); out["offered"] != false || out["id"] != boss.person() || boss.offers() != "" {
		t.Errorf("taken: %v, %s", out, boss.offers())
	}
	boss.act(room, "text.post", 0, nil, map[string]any{"text": "我是群主"}) // and is in the room when it is answered
	boss.no("unchanged", "POST", "/staff", own)
}

// A secretary appoints a stranger to a post, issues a code and signs in as them: an account that exists is only offered the post.
func TestASecretaryCannotSignInAsAStrangerWhomTheyAppoint(t *testing.T) {
	t.Parallel()
	w, room, _, community, boss, secretary := secretaried(t)
	victim := w.as(zhang)
	socket := victim.socket()
	hear(t, socket, "hello")
	out := secretary.must("POST", "/staff", map[string]any{"name": "谁", "phone": zhang.phone, "role": "deputy", "room": room})
	if out["offered"] != true || out["id"] != victim.person() {
		t.Fatalf("appointed: %v", out)
	}
	for _, by := range []*api{secretary, boss} {
		by.no("forbidden", "POST", "/staff/"+victim.person()+"/code", map[string]any{})
		by.no("forbidden", "POST", "/rooms/"+room+"/members/"+victim.person()+"/code", map[string]any{})
		if sheet := by.must("POST", "/staff/codes", map[string]any{"community": community})["codes"].([]any); len(sheet) != 0 {
			t.Errorf("codes on a sheet: %v", sheet)
		}
	}
	// It rings, waits in their own session, and is theirs alone to take.
	if alert := hear(t, socket, "alert")["alert"].(map[string]any); alert["topic"] != "account" {
		t.Errorf("told: %v", alert)
	}
	if got := victim.offers(); got != "deputy:和园3号楼 by 王书记" {
		t.Errorf("offered: %s", got)
	}
	post := map[string]any{"role": "deputy", "room": room}
	post["accept"] = true
	secretary.no("not-found", "PUT", "/me/posts", post)
	w.as(li).no("not-found", "PUT", "/me/posts", post)
	victim.no("forbidden", "POST", "/rooms/"+room+"/members", map[string]any{})
	victim.must("PUT", "/me/posts", post)
	victim.must("POST", "/rooms/"+room+"/members", map[string]any{})
	if got := victim.offers(); got != "" {
		t.Errorf("offered still: %s", got)
	}
	// With the post accepted it stays so.
	secretary.no("forbidden", "POST", "/staff/"+victim.person()+"/code", map[string]any{})
}

// An offer is declined by its person, or withdrawn by who made it, and each sees it gone.
func TestAnOfferedPostIsDeclinedOrWithdrawn(t *testing.T) {
	t.Parallel()
	w, room, _, _, _, secretary := secretaried(t)
	person := w.as(zhang)
	offer := map[string]any{"name": "谁", "phone": zhang.phone, "role": "owner", "room": room}
	offered := func() string {
		return rowsOf(secretary.must("GET", "/staff?room="+room, nil)["offered"], "name", "person")
	}
	secretary.must("POST", "/staff", offer)
	if got := offered(); !strings.Contains(got, zhang.name) {
		t.Errorf("waits: %s", got)
	}
	person.must("PUT", "/me/posts", map[string]any{"role": "owner", "room": room, "accept": false})
	if got := offered() + person.offers(); got != "" {
		t.Errorf("declined: %s", got)
	}
	secretary.must("POST", "/staff", offer)
	secretary.must("DELETE", "/staff/"+person.person()+"?role=owner&room="+room, nil)
	if got := offered() + person.offers(); got != "" {
		t.Errorf("withdrawn: %s", got)
	}
	person.no("not-found", "PUT", "/me/posts", map[string]any{"role": "owner", "room": room, "accept": true})
}

// A name behind a phone is a look that its owner sees.
func TestANameBehindAPhoneIsARecordedLook(t *testing.T) {
	t.Parallel()
	w, room, _, _, _, secretary := secretaried(t)
	person := w.as(zhang)
	out := secretary.must("POST", "/staff", map[string]any{"name": "谁", "phone": zhang.phone, "role": "owner", "room": room})
	if out["name"] != zhang.name {
		t.Fatalf("answered %v", out)
	}
	for _, l := range person.must("GET", "/looks", nil)["looks"].([]any) {
		if l := l.(map[string]any); l["reason"] == "post" && l["byName"] == "王书记" {
			return
		}
	}
	t.Errorf("looks: %v", person.must("GET", "/looks", nil)["looks"])
}

// First codes of all who never signed in are made at once, are good for 72 hours and once, and for nobody else.
func TestFirstCodesOnASheetAreForAccountsThatNeverSignedIn(t *testing.T) {
	t.Parallel()
	w, room, _, community, boss, secretary := secretaried(t)
	phones := map[string]string{"赵社工": "13900008021", "钱社工": "13900008022"}
	var persons []string
	for name, phone := range phones {
		out := secretary.must("POST", "/staff", map[string]any{"name": name, "phone": phone, "role": "deputy", "room": room})
		if out["offered"] != false {
			t.Fatalf("%s: %v", name, out)
		}
		persons = append(persons, out["id"].(string))
	}
	w.as(keeper).no("forbidden", "POST", "/staff/codes", map[string]any{"room": room})
	w.as(keeper).no("forbidden", "POST", "/staff/"+persons[0]+"/code", map[string]any{})
	sheet := secretary.must("POST", "/staff/codes", map[string]any{"community": community})["codes"].([]any)
	if len(sheet) != 2 {
		t.Fatalf("the sheet: %v", sheet)
	}
	for i, c := range sheet {
		c := c.(map[string]any)
		phone := phones[c["name"].(string)]
		if left := time.Until(time.UnixMilli(int64(c["expires"].(float64)))); left < 71*time.Hour || left > 72*time.Hour {
			t.Errorf("good for %v", left)
		}
		if c["phone"] == phone || !strings.Contains(fmt.Sprint(c["at"]), "和园3号楼") {
			t.Errorf("on the sheet: %v", c)
		}
		if i == 1 {
			break // one stays
		}
		redeem := map[string]any{"phone": phone, "code": c["code"], "password": password}
		w.nobody().must("POST", "/session/code", redeem)
		if status := w.nobody().ask("POST", "/session/code", redeem, nil); status == http.StatusOK {
			t.Error("good twice")
		}
	}
	// Who has signed in is on no sheet again.
	if again := boss.must("POST", "/staff/codes", map[string]any{})["codes"].([]any); len(again) != 1 {
		t.Errorf("again: %v", again)
	}
	first := sheet[0].(map[string]any)
	if again := boss.must("GET", "/staff?room="+room, nil)["staff"].([]any); strings.Count(fmt.Sprint(again), "first:true") != 1 {
		t.Errorf("staff: %v", again)
	}
	secretary.must("POST", "/staff", map[string]any{"name": "x", "phone": phones[first["name"].(string)], "role": "owner", "room": room})
	if got := w.as(neighbour{phone: phones[first["name"].(string)]}).offers(); !strings.HasPrefix(got, "owner:") {
		t.Errorf("a second post of who has signed in is offered: %q", got)
	}
}

// A recovery code is announced at once where its account is signed in, and ended there.
func TestARecoveryCodeIsAnnouncedOnTheOtherDevicesAndCancelled(t *testing.T) {
	t.Parallel()
	w, room, _, _, boss, _ := secretaried(t)
	own, victim := w.as(keeper), w.as(zhang)
	socket := victim.socket()
	hear(t, socket, "hello")
	boss.no("forbidden", "POST", "/rooms/"+room+"/members/"+victim.person()+"/code", map[string]any{})
	code := own.must("POST", "/rooms/"+room+"/members/"+victim.person()+"/code", map[string]any{})
	if left := time.Until(time.UnixMilli(int64(code["expires"].(float64)))); left > 10*time.Minute {
		t.Errorf("good for %v", left)
	}
	if alert := hear(t, socket, "alert")["alert"].(map[string]any); alert["topic"] != "account" || !strings.Contains(alert["text"].(string), "登录码") {
		t.Errorf("told: %v", alert)
	}
	waits, _ := victim.must("GET", "/me", nil)["code"].(map[string]any)
	if waits == nil || !strings.Contains(waits["byName"].(string), "周社工") {
		t.Errorf("the page says %v", waits)
	}
	victim.must("DELETE", "/me/code", nil)
	if waits := victim.must("GET", "/me", nil)["code"]; waits != nil {
		t.Errorf("waits still: %v", waits)
	}
	w.nobody().no("wrong", "POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code["code"], "password": "neues-passwort-1"})
	w.as(zhang)
}

// An administrator who takes a post in a room comes in by a line that all members see.
func TestAnAdministratorWhoJoinsByAGrantIsSeenByTheRoom(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, member := w.as(admin), w.as(zhang)
	socket := member.socket()
	hear(t, socket, "hello")
	if out := boss.must("POST", "/staff", map[string]any{"name": "周主任", "phone": admin.phone, "role": "owner", "room": room}); out["offered"] != true {
		t.Fatalf("appointed: %v", out)
	}
	boss.must("PUT", "/me/posts", map[string]any{"role": "owner", "room": room, "accept": true})
	line := hear(t, socket, "new")
	item := line["new"].([]any)[0].(map[string]any)
	if item["kind"] != "joined" || item["by"] != boss.person() || !strings.Contains(fmt.Sprint(line["people"]), "周主任") {
		t.Errorf("the room sees %v", line)
	}
}

// The office's log cannot be written when somebody comes in for the first time: it hears of it when their session is refreshed.
func TestTheOfficeHearsOfAnArrivalOnceItCan(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	w.stop()
	l := lives(t, w.dir)
	t.Cleanup(func() { _ = l.Close() })
	boss := l.town.as(admin)
	made := boss.must("POST", "/staff", map[string]any{"name": "王书记", "phone": "13900008010", "role": "admin"})["id"].(string)
	code := boss.must("POST", "/staff/"+made+"/code", map[string]any{})["code"]
	l.harm.Before(func(log id.Log, _ journal.Seq) error {
		if log == id.Office {
			return journal.ErrUnavailable
		}
		return nil
	})
	unused := func() (yes bool) {
		l.Engine.ReadOffice(func(o *office.State) { yes = o.Made(id.Person(made)) })
		return yes
	}
	in := l.town.nobody().must("POST", "/session/code", map[string]any{"phone": "13900008010", "code": code, "password": password, "tokens": true})
	if !unused() {
		t.Fatal("it was written")
	}
	l.harm.Before(nil)
	l.town.nobody().must("POST", "/session/refresh", map[string]any{"refresh": in["refresh"]})
	if unused() {
		t.Error("for the office nobody has used the account yet")
	}
}

// Somebody of the staff who has forgotten the password, and whom no owner may give a code, gets a new account; nobody comes into the old one.
func TestAForgottenStaffAccountGivesWayToANewOne(t *testing.T) {
	t.Parallel()
	w, _, _, community, boss, secretary := secretaried(t)
	old := secretary.person()
	again := map[string]any{"name": "王书记", "phone": "13900008010", "role": "secretary", "community": community}
	boss.no("unchanged", "POST", "/staff", again) // while the post is held
	secretary.must("PUT", "/me/choices", map[string]any{"muted": map[string]any{}, "quiet": map[string]any{"from": 21, "to": 8}, "topics": map[string]any{}})
	boss.must("DELETE", "/staff/"+old+"?role=secretary&community="+community, nil) // the post
	out := boss.must("POST", "/staff", again)
	if out["offered"] != false || out["id"] == old {
		t.Fatalf("appointed again: %v", out)
	}
	code := boss.must("POST", "/staff/"+out["id"].(string)+"/code", map[string]any{})["code"]
	w.nobody().must("POST", "/session/code", map[string]any{"phone": "13900008010", "code": code, "password": "neues-passwort-1"})
	secretary.no("sign-in", "GET", "/me", nil) // the old session is over
	w.stop()
	p, err := open(t.Context(), &Config{Data: w.dir, Log: "text", Level: "error"}, settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was only read
	for _, prefix := range []string{"reg/" + old, "said/" + old, "pass/" + old, "own/" + old + "/"} {
		for item, err := range p.Journal.Shelf().List(t.Context(), prefix) {
			t.Errorf("of the old account there is %s, %v", item.Key, err)
		}
	}
	// What it wrote may be read.
	if _, _, err := p.Journal.Shelf().Get(t.Context(), "key/"+old); err != nil {
		t.Error(err)
	}
}

// A removal from the community ends the membership, holds in a room that opens later, is seen by who answers for it, and is lifted.
func TestARemovalHoldsInTheCommunityUntilItIsLifted(t *testing.T) {
	t.Parallel()
	w, room, link, community, boss, secretary := secretaried(t)
	own, victim := w.as(keeper), w.as(zhang)
	until := time.Now().Add(time.Hour).UnixMilli()
	own.no("invalid", "POST", "/removals", map[string]any{"person": victim.person(), "community": community, "reason": " "})
	own.must("POST", "/removals", map[string]any{"person": victim.person(), "community": community, "until": until, "reason": "诈骗"})
	victim.no("not-member", "GET", "/rooms/"+room+"/items", nil)
	if _, no := victim.act(room, "text.post", 0, nil, map[string]string{"text": "x"}); no != "removed" {
		t.Errorf("posting: %q", no)
	}
	opened := boss.must("POST", "/rooms", map[string]any{"community": community, "name": "和园全体", "compound": "和园"})["id"].(string)
	everybody := boss.must("POST", "/rooms/"+opened+"/links", map[string]any{})["link"].(string)
	for _, l := range []string{link, everybody} {
		form := map[string]any{"relation": "other", "category": "物业", "charter": 0}
		victim.no("removed", "POST", "/join/"+l, form)
	}
	list := own.must("GET", "/removals?room="+room, nil)["removals"].([]any)
	if len(list) != 1 {
		t.Fatalf("removed: %v", list)
	}
	row := list[0].(map[string]any)
	if row["name"] != zhang.name || row["reason"] != "诈骗" || row["mayLift"] != true || !strings.Contains(row["byName"].(string), "周社工") || row["until"] != float64(until) {
		t.Errorf("the row: %v", row)
	}
	if all := secretary.must("GET", "/removals?community="+community, nil)["removals"].([]any); len(all) != 1 {
		t.Errorf("in the community: %v", all)
	}
	own.must("DELETE", "/removals?person="+victim.person()+"&community="+community, nil)
	victim.say(room, "我回来了")
	if list := own.must("GET", "/removals?room="+room, nil)["removals"].([]any); len(list) != 0 {
		t.Errorf("removed still: %v", list)
	}
}

// An application that waits is not a way back in for who was removed meanwhile; the decider reads why.
func TestARemovedApplicantIsNotApproved(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, applicant := w.as(keeper), w.apply(link, wang, "owner")
	own.must("POST", "/removals", map[string]any{"person": applicant.person(), "room": room, "reason": "冒名"})
	name := applicant.must("GET", "/applications/mine", nil)["applications"].([]any)[0].(map[string]any)["id"].(string)
	own.no("removed", "POST", "/applications/"+name+"/approve", map[string]any{})
	applicant.no("not-member", "GET", "/rooms/"+room+"/items", nil)
}

// Two communities may each have a room of one name; one may not, and it is said in words of its own.
func TestARoomNameIsOneOfItsCommunity(t *testing.T) {
	t.Parallel()
	w, room, _, community, boss, _ := secretaried(t)
	other := boss.must("POST", "/communities", map[string]any{"name": "河畔社区"})["id"].(string)
	twin := boss.must("POST", "/rooms", map[string]any{"community": other, "name": "和园3号楼"})["id"].(string)
	if twin == room {
		t.Fatal("it is the same room")
	}
	for _, c := range []string{community, other} {
		boss.no("name-taken", "POST", "/rooms", map[string]any{"community": c, "name": "和园3号楼", "compound": "别处"})
	}
	_ = w
}

// A list of 800 members is paged: each once, whole names on the page asked for only, and found by name and door.
func TestAMemberListOf800IsPaged(t *testing.T) {
	t.Parallel()
	w, p, room := townInside(t, Config{}, settings{})
	before := len(w.as(keeper).must("POST", "/rooms/"+room+"/members", map[string]any{})["members"].([]any))
	const more = 800
	for from := 0; from < more; from += 400 {
		var people []any
		for i := from; i < from+400; i++ {
			people = append(people, map[string]any{"person": fmt.Sprintf("pm%d", i), "room": room, "badge": "租户"})
		}
		with, err := json.Marshal(map[string]any{"people": people, "quiet": true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Engine.As(t.Context(), id.Office, entry.Command{Act: "person.admit", With: with}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Engine.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	own := w.as(keeper)
	seen := map[string]bool{}
	for offset := 0; ; offset += 150 {
		page := own.must("POST", "/rooms/"+room+"/members", map[string]any{"limit": 150, "offset": offset})
		list := page["members"].([]any)
		if page["total"] != float64(before+more) {
			t.Fatalf("of %v", page["total"])
		}
		if len(list) == 0 {
			break
		}
		for _, m := range list {
			person := m.(map[string]any)["person"].(string)
			if seen[person] {
				t.Errorf("%s is there twice", person)
			}
			seen[person] = true
		}
	}
	if len(seen) != before+more {
		t.Errorf("%d were seen", len(seen))
	}
	if page := own.must("POST", "/rooms/"+room+"/members", map[string]any{"limit": 5000}); len(page["members"].([]any)) != 100 {
		t.Errorf("a page of %d", len(page["members"].([]any)))
	}
	for _, find := range []string{zhang.name, "1-101"} {
		page := own.must("POST", "/rooms/"+room+"/members", map[string]any{"find": find})
		if !strings.Contains(fmt.Sprint(page["members"]), zhang.name) || page["total"].(float64) > 3 {
			t.Errorf("by %s: %v", find, page)
		}
	}
}

// A page far behind the last one shows nobody, but how many were found tells that somebody of that name is there.
func TestASearchByFullNameIsALookAtWhomItFindsAlsoBehindThePage(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, one, other := w.as(keeper), w.as(zhang), w.as(li)
	looks := func(a *api) int { return len(a.must("GET", "/looks", nil)["looks"].([]any)) }
	before, others := looks(one), looks(other)
	page := own.must("POST", "/rooms/"+room+"/members", map[string]any{"find": zhang.name, "offset": 500})
	if page["total"] != 1.0 || len(page["members"].([]any)) != 0 {
		t.Fatalf("found %v", page)
	}
	if looks(one) != before+1 || looks(other) != others {
		t.Errorf("looks at whom it found: %d and now %d; at another: %d and now %d", before, looks(one), others, looks(other))
	}
}

// Who leaves by themselves is behind no door any more, for the room, the office and its roster; and is never brought back by either.
func TestWhoLeavesARoomIsBehindItsDoorNoMore(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, boss, a := w.as(keeper), w.as(admin), w.as(zhang)
	person := a.person()
	covered := func() float64 {
		for _, c := range boss.must("GET", "/levels", nil)["communities"].([]any) {
			for _, r := range c.(map[string]any)["rooms"].([]any) {
				if r := r.(map[string]any); r["id"] == room {
					return r["homes"].(map[string]any)["covered"].(float64)
				}
			}
		}
		t.Fatal("the room is not listed")
		return 0
	}
	before := covered()
	own.no("forbidden", "POST", "/rooms/"+room+"/leave", map[string]any{})
	w.apply(link, liu, "owner").no("not-member", "POST", "/rooms/"+room+"/leave", map[string]any{})
	boss.no("not-member", "POST", "/rooms/r-none/leave", map[string]any{})
	if _, no := a.act(room, "member.leave", 0, nil, nil); no == "" {
		t.Error("the room lets somebody go without the office")
	}
	a.must("POST", "/rooms/"+room+"/leave", map[string]any{})
	a.no("not-member", "POST", "/rooms/"+room+"/leave", map[string]any{})
	if _, no := a.act(room, "text.post", 0, nil, map[string]string{"text": "还在"}); no != "not-member" {
		t.Errorf("said: %q", no)
	}
	if got := covered(); got != before-1 {
		t.Errorf("%v doors are covered, before %v", got, before)
	}
	own.no("not-found", "PUT", "/rooms/"+room+"/members/"+person+"/badge", map[string]any{"badge": "志愿者"})
	w.stop()
	w = serveTown(t, w.dir)
	own, a = w.as(keeper), w.as(zhang)
	if rooms := a.must("GET", "/rooms", nil)["rooms"].([]any); len(rooms) != 0 {
		t.Errorf("after a restart: %v", rooms)
	}
	page := a.must("GET", "/join/"+link, nil)
	a.must("POST", "/join/"+link, map[string]any{
		"premises": w.doorOf(link, zhang), "relation": "owner", "charter": page["charter"].(map[string]any)["version"],
	})
	own.approve(a, "")
	eventually(t, "asked to come back and let in", func() bool {
		return len(a.must("GET", "/rooms", nil)["rooms"].([]any)) == 1
	})
}

// So does that of an owner without a home: who forgot the password, and has no other owner beside them, is dismissed and appointed again.
func TestAnOwnerWhoForgotThePasswordIsAppointedAgain(t *testing.T) {
	t.Parallel()
	w, room, _, _, boss, _ := secretaried(t)
	own := w.as(keeper)
	old := own.person()
	boss.must("DELETE", "/staff/"+old+"?role=owner&room="+room, nil)
	out := boss.must("POST", "/staff", map[string]any{"name": keeper.name, "phone": keeper.phone, "role": "owner", "room": room})
	if out["offered"] != false || out["id"] == old {
		t.Fatalf("appointed again: %v", out)
	}
	code := boss.must("POST", "/staff/"+out["id"].(string)+"/code", map[string]any{})["code"]
	w.nobody().must("POST", "/session/code", map[string]any{"phone": keeper.phone, "code": code, "password": "neues-passwort-1"})
	own.no("sign-in", "GET", "/me", nil)
}
