package main

import (
	"slices"
	"testing"
)

// typed applies with a door that the roster does not have.
func (w *town) typed(link string, r neighbour, door string) *api {
	return w.nobody().with(w.nobody().must("POST", "/join/"+link, w.form(link, r, map[string]any{"premises": "", "door": door})))
}

// A door that somebody typed goes into the roster with one call, for who may put doors there, the way that every door takes; an owner may
// not, nor anybody for a building that is not the room's.
func TestATypedDoorIsAddedByWhoMayPutDoorsThere(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	boss, own := w.as(admin), w.as(keeper)
	all := func() float64 {
		return boss.must("GET", "/levels", nil)["office"].(map[string]any)["homes"].(map[string]any)["all"].(float64)
	}
	before := all()
	a := w.typed(link, neighbour{"吴新居", "女士", "13800000771", wang.entrance, wang.door}, "3号楼2单元1901")
	mine := a.application()
	path := "/applications/" + mine["id"].(string) + "/approve"
	if row := own.queued(room, "吴新居"); row["lacks"] != true || row["adds"] != nil || len(row["near"].([]any)) != 3 {
		t.Errorf("the owner is shown %v", row)
	}
	own.no("forbidden", "POST", path, map[string]any{"version": mine["version"], "addDoor": true})
	if all() != before {
		t.Error("a refused door is in the roster")
	}
	if row := boss.queued(room, "吴新居"); row["adds"] != "3-2-1901" {
		t.Errorf("the administrator is shown %v", row)
	}
	boss.must("POST", path, map[string]any{"version": mine["version"], "addDoor": true})
	if all() != before+1 {
		t.Errorf("%v homes behind %v", all(), before)
	}
	m := own.memberOf(room, a.person())
	if m == nil || m["label"] != "3-2-1901" && m["doors"] == nil {
		t.Errorf("is in as %v", m)
	}
	office := boss.must("GET", "/levels", nil)["office"].(map[string]any)
	if office["listed"].(float64) != office["homes"].(map[string]any)["all"].(float64)+office["shops"].(map[string]any)["all"].(float64)-1 {
		t.Errorf("one of them was typed: %v", office)
	}

	elsewhere := w.typed(link, neighbour{"钱别处", "女士", "13800000772", wang.entrance, wang.door}, "9-9-999")
	mine = elsewhere.application()
	if row := boss.queued(room, "钱别处"); row["lacks"] != true || row["adds"] != nil {
		t.Errorf("of another building: %v", row)
	}
	boss.no("invalid", "POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"], "addDoor": true})
	if all() != before+1 {
		t.Error("a door of another building is in the roster")
	}
	// Who mistyped is let in for the door that it is.
	row := own.queued(room, "钱别处")
	near := row["near"].([]any)[0].(map[string]any)
	own.must("POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"], "premises": near["premises"]})
	if m := own.memberOf(room, elsewhere.person()); m == nil {
		t.Error("is not in")
	}
	// A door that the applicant chose is not changed by who decides.
	chose := w.apply(link, wang, "owner").application()
	own.no("conflicting", "POST", "/applications/"+chose["id"].(string)+"/approve", map[string]any{"version": chose["version"], "premises": near["premises"]})
}

// A door is covered when somebody of it has signed in once: whom the roster brought in counts as waiting until then.
func TestCoverageCountsWhoSignedInOnce(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	own := w.as(keeper)
	const name, phone = "李志愿", "13900008002" // a volunteer whom the roster brought in
	members := own.must("POST", "/rooms/"+room+"/members", map[string]any{})["members"].([]any)
	at := slices.IndexFunc(members, func(x any) bool { return x.(map[string]any)["name"] == name })
	person := "/rooms/" + room + "/members/" + members[at].(map[string]any)["person"].(string)
	own.must("POST", person+"/doors", map[string]any{"premises": w.doorOf(link, wang)})
	level := func() map[string]any {
		return own.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["rooms"].([]any)[0].(map[string]any)
	}
	is := level()
	covered, waiting := is["homes"].(map[string]any)["covered"].(float64), is["waiting"].(float64)
	open := func() float64 {
		return own.must("POST", "/levels/doors", map[string]any{"uncovered": true, "kind": "home", "room": room})["total"].(float64)
	}
	all := is["homes"].(map[string]any)["all"].(float64)
	if open() != all-covered || waiting == 0 {
		t.Fatalf("%v open of %v, %v covered, %v waiting", open(), all, covered, waiting)
	}
	if row := own.must("GET", "/rooms/"+room, nil); row["homes"].(map[string]any)["covered"] != covered {
		t.Errorf("the room says %v", row["homes"])
	}
	// Such a door gets a slip like any other.
	bare := func() (n float64) {
		for _, x := range own.must("GET", "/rooms/"+room+"/slips", nil)["stairs"].([]any) {
			if stair := x.(map[string]any); stair["kind"] == "home" {
				n += stair["uncovered"].(float64)
			}
		}
		return n
	}
	if bare() != open() {
		t.Errorf("slips for %v doors, and %v are uncovered", bare(), open())
	}
	code := own.must("POST", person+"/code", nil)["code"]
	w.nobody().must("POST", "/session/code", map[string]any{"phone": phone, "code": code, "password": password, "tokens": true})
	if now := level(); now["homes"].(map[string]any)["covered"] != covered+1 || now["waiting"].(float64) != waiting-1 || open() != all-covered-1 {
		t.Errorf("after a first sign-in: %v", now)
	}
	if bare() != open() {
		t.Errorf("after a first sign-in: slips for %v doors, and %v are uncovered", bare(), open())
	}
}

// What was decided names who applied and says what was asked or why not; the look at those names is written down.
func TestDecisionsSayWhoAndWhy(t *testing.T) {
	t.Parallel()
	w, _, link := newInside(t, nil)
	own := w.as(keeper)
	a := w.apply(link, wang, "owner")
	path := "/applications/" + a.application()["id"].(string)
	own.must("POST", path+"/ask", map[string]any{"text": "请写房产证上的名字"})
	own.must("POST", path+"/reject", map[string]any{"reason": "这一户已搬走"})
	list := own.must("GET", "/applications/log", nil)["decisions"].([]any)
	for i, want := range []string{"这一户已搬走", "请写房产证上的名字"} {
		if d := list[i].(map[string]any); d["text"] != want || d["name"] != wang.name {
			t.Errorf("%d: %v", i, d)
		}
	}
	if looks := a.must("GET", "/looks", nil)["looks"].([]any); len(looks) == 0 {
		t.Error("nobody says that the name was looked at")
	}
}
