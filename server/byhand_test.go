package main

import (
	"slices"
	"testing"
)

// Doors that were added by hand are taken back by who may put doors there; none where somebody lives or asks to come in, and none of a
// table. Their slips end with them.
func TestDoorsAddedByHandAreTakenBackButNotWhereSomebodyLives(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	boss, own := w.as(admin), w.as(keeper)
	typed := func(r neighbour, door string) (string, *api) {
		a := w.typed(link, r, door)
		mine := a.application()
		boss.must("POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"], "addDoor": true})
		return a.application()["premises"].(string), a
	}
	lived, _ := typed(neighbour{"吴新居", "女士", "13800000771", wang.entrance, wang.door}, "3号楼2单元1901")
	left, who := typed(neighbour{"孙搬走", "女士", "13800000772", wang.entrance, wang.door}, "3号楼2单元1902")
	boss.no("conflicting", "POST", "/doors/withdraw", map[string]any{"premises": []string{left, lived}})
	own.must("DELETE", "/rooms/"+room+"/members/"+who.person()+"/doors/"+left, nil)
	own.must("POST", "/rooms/"+room+"/slips", map[string]any{"kind": "home", "building": "3号楼", "entrance": wang.entrance})
	own.no("forbidden", "POST", "/doors/withdraw", map[string]any{"premises": []string{left}})
	if list := own.must("GET", "/doors/byhand", nil)["houses"].([]any); len(list) != 0 {
		t.Errorf("an owner is shown %v", list)
	}
	boss.no("conflicting", "POST", "/doors/withdraw", map[string]any{"premises": []string{left, w.doorOf(link, wang)}})
	doors := boss.must("GET", "/doors/byhand", nil)["houses"].([]any)[0].(map[string]any)["doors"].([]any)
	lives := func(h string) bool {
		i := slices.IndexFunc(doors, func(x any) bool { return x.(map[string]any)["premises"] == h })
		return i >= 0 && doors[i].(map[string]any)["lives"] == true
	}
	if len(doors) != 2 || !lives(lived) || lives(left) {
		t.Errorf("the administrator is shown %v", doors)
	}
	before := boss.must("GET", "/levels", nil)["office"].(map[string]any)["homes"].(map[string]any)["all"].(float64)
	boss.must("POST", "/doors/withdraw", map[string]any{"premises": []string{left}})
	if now := boss.must("GET", "/levels", nil)["office"].(map[string]any)["homes"].(map[string]any)["all"].(float64); now != before-1 {
		t.Errorf("%v homes of %v", now, before)
	}
	if got := boss.must("POST", "/levels/doors", map[string]any{"room": room, "find": "1902"}); got["total"].(float64) != 0 {
		t.Errorf("it is still listed: %v", got)
	}
}
