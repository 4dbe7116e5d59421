package main

import (
	"slices"
	"testing"
)

// What may be taken on is listed from all rooms of somebody, the oldest first and with the name of its room; what one asks for oneself is not
// among it, and what somebody else took is gone from it.
func TestTasksOfAllRooms(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, z, l := w.as(admin), w.as(zhang), w.as(li)
	community := w.as(keeper).must("GET", "/rooms/"+room, nil)["community"]
	second := boss.must("POST", "/rooms", map[string]any{"name": "志愿者群", "community": community})["id"].(string)
	link := boss.must("POST", "/rooms/"+second+"/links", map[string]any{})["link"].(string)
	charter := boss.must("GET", "/join/"+link, nil)["charter"].(map[string]any)["version"]
	for _, a := range []*api{z, l} {
		a.must("POST", "/join/"+link, map[string]any{"relation": "other", "category": "志愿者", "charter": charter})
		for _, x := range boss.must("GET", "/applications?state=pending", nil)["applications"].([]any) {
			x := x.(map[string]any)
			boss.must("POST", "/applications/"+x["id"].(string)+"/approve", map[string]any{"version": x["version"], "category": "志愿者"})
		}
	}
	post := func(a *api, in, text string) int {
		seq, no := a.act(in, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": text})
		if no != "" {
			t.Fatalf("%s: %s", text, no)
		}
		return seq
	}
	listed := func(a *api, part string) (rows []string) {
		for _, x := range a.must("GET", "/me/tasks", nil)[part].([]any) {
			x := x.(map[string]any)
			rows = append(rows, x["roomName"].(string)+" "+x["item"].(map[string]any)["words"].(map[string]any)["text"].(string))
		}
		return rows
	}
	first := post(l, second, "先")
	post(z, room, "自己的")
	post(l, room, "中")
	post(l, second, "后")
	all := []string{"志愿者群 先", "和园3号楼 中", "志愿者群 后"}
	if got := listed(z, "open"); !slices.Equal(got, all) {
		t.Errorf("may take %q", got)
	}
	// The owner is in one room only, and there both ask.
	if got := listed(w.as(keeper), "open"); !slices.Equal(got, []string{"和园3号楼 自己的", "和园3号楼 中"}) {
		t.Errorf("the owner may take %q", got)
	}
	if _, no := z.act(second, "request.claim", first, nil, nil); no != "" {
		t.Fatal(no)
	}
	if open, mine := listed(z, "open"), listed(z, "mine"); !slices.Equal(open, all[1:]) || !slices.Equal(mine, all[:1]) {
		t.Errorf("taken: open %q, at %q", open, mine)
	}
	// Whoever else could have taken it finds it no more.
	before := listed(l, "open")
	if !slices.Equal(before, []string{"和园3号楼 自己的"}) {
		t.Errorf("the asker may take %q", before)
	}
	own := w.as(keeper)
	seq := post(l, room, "快手")
	if got := listed(own, "open"); len(got) != 3 {
		t.Errorf("before: %q", got)
	}
	if _, no := z.act(room, "request.claim", seq, nil, nil); no != "" {
		t.Fatal(no)
	}
	if got := listed(own, "open"); !slices.Equal(got, []string{"和园3号楼 自己的", "和园3号楼 中"}) {
		t.Errorf("after another took it: %q", got)
	}
}
