package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// page is what a member reads of a room.
type page struct {
	Reset, First bool
	New          []struct {
		Seq   int
		At    int64
		Kind  string
		Words struct{ Text, Title string }
		Sum   string
	}
	Pins []int
	Mine []struct {
		Seq int
		Own map[string]any
	}
}

func (p page) says() (list []string) {
	for _, i := range p.New {
		if i.Kind != "joined" {
			list = append(list, i.Words.Text+i.Words.Title)
		}
	}
	return list
}

func (a *api) page(room, query string) (p page) {
	a.w.t.Helper()
	if status := a.ask("GET", "/rooms/"+room+"/items"+query, nil, &p); status != 200 {
		a.w.t.Fatalf("items: %d", status)
	}
	return p
}

// What a newcomer reads of what was before is the room's to say; what is pinned, everybody reads.
func TestHistoryHasAHorizon(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, old := w.as(keeper), w.as(zhang)
	first := old.say(room, "很久以前")
	ask, _ := old.act(room, "request.post", 0, map[string]any{"template": "打印", "door": true}, map[string]any{"text": "取药"})
	loose, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "旧公告", "body": "旧文"})
	notice, no := own.act(room, "notice.post", 0, map[string]any{"pin": true, "confirm": true, "importance": "normal"}, map[string]any{"title": "公告", "body": "文"})
	if no != "" {
		t.Fatal(no)
	}
	time.Sleep(5 * time.Millisecond)
	middle := time.Now().UnixMilli()
	time.Sleep(5 * time.Millisecond)
	old.say(room, "刚才")

	w.as(li).no("forbidden", "PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	fresh := w.admit(own, link, wang)
	fresh.say(room, "我是新来的")

	socket := fresh.socket()
	hear(t, socket, "hello")
	tell(t, socket, map[string]any{"resume": []any{map[string]any{"room": room, "after": 0}}})
	b, _ := json.Marshal(hear(t, socket, "reset"))
	var resumed page
	if err := json.Unmarshal(b, &resumed); err != nil {
		t.Fatal(err)
	}
	for _, p := range []page{fresh.page(room, ""), resumed} {
		for _, text := range p.says() {
			if text == "很久以前" || text == "刚才" {
				t.Errorf("a newcomer reads %q", text)
			}
		}
		if !slices.Contains(p.says(), "我是新来的") || !p.First {
			t.Errorf("a newcomer reads %v, first %v", p.says(), p.First)
		}
	}
	if !slices.Contains(resumed.says(), "公告") {
		t.Errorf("the pinned notice is not there: %v", resumed.says())
	}
	fresh.no("not-found", "GET", "/rooms/"+room+"/items/"+itoa(first), nil)
	// Nobody acts on what they cannot see, nor learns its words or its asker that way. What is pinned is theirs too.
	fresh.no("not-found", "GET", "/rooms/"+room+"/items/"+itoa(loose)+"/versions", nil)
	fresh.must("GET", "/rooms/"+room+"/items/"+itoa(notice)+"/versions", nil)
	for act, seq := range map[string]int{"request.claim": ask, "notice.confirm": loose, "item.react": first, "text.post": first} {
		_, no := fresh.act(room, act, seq, map[string]any{"face": "赞", "on": true}, map[string]any{"text": "在"})
		if no != "not-found" {
			t.Errorf("%s on what is from before: %q", act, no)
		}
	}
	if _, no := fresh.act(room, "notice.confirm", notice, nil, nil); no != "" {
		t.Errorf("the pinned notice: %q", no)
	}
	if got := fresh.page(room, "?after=1&limit=100").says(); slices.Contains(got, "很久以前") {
		t.Errorf("paging forwards: %v", got)
	}
	if got := fresh.page(room, "?around="+itoa(first)).says(); slices.Contains(got, "很久以前") {
		t.Errorf("around: %v", got)
	}
	if got := own.page(room, "").says(); !slices.Contains(got, "很久以前") {
		t.Errorf("the owner reads %v", got)
	}
	if got := old.page(room, "").says(); !slices.Contains(got, "很久以前") {
		t.Errorf("who was here reads %v", got)
	}
	for _, r := range fresh.must("GET", "/rooms", nil)["rooms"].([]any) {
		read := r.(map[string]any)["read"].(map[string]any)
		lanes := r.(map[string]any)["lanes"].(map[string]any)
		if n := lanes["chat"].(float64) - read["lanes"].(map[string]any)["chat"].(float64); n > 1 {
			t.Errorf("%v unread for a newcomer", n)
		}
	}

	own.must("PUT", "/policy", map[string]any{"room": room, "history": "since", "since": middle, "autoGreen": false})
	if got := fresh.page(room, "").says(); slices.Contains(got, "很久以前") || !slices.Contains(got, "刚才") {
		t.Errorf("since: %v", got)
	}
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "all", "autoGreen": false})
	if got := fresh.page(room, "").says(); !slices.Contains(got, "很久以前") {
		t.Errorf("all: %v", got)
	}
	if _, no := fresh.act(room, "request.claim", ask, nil, nil); no != "" {
		t.Errorf("all: claimed: %q", no)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// A charter that changes is agreed to again.
func TestAChangedCharterAsksAgain(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, member := w.as(keeper), w.as(zhang)
	if got := member.must("GET", "/rooms/"+room, nil)["agreed"]; got != true {
		t.Errorf("no charter: agreed %v", got)
	}
	own.must("PUT", "/charter", map[string]any{"room": room, "text": "文明用语"})
	// Who says the office's is told which rooms say theirs.
	office := w.as(admin).must("GET", "/policy", nil)
	if all, _ := office["own"].([]any); len(all) != 1 || all[0].(map[string]any)["text"] != "文明用语" {
		t.Errorf("the office is told %v", office)
	}
	body := member.must("GET", "/rooms/"+room, nil)
	version := body["charter"].(map[string]any)["version"]
	if body["agreed"] != false || body["policy"] != nil {
		t.Errorf("a member sees %v", body)
	}
	member.no("conflicting", "POST", "/charter/accept", map[string]any{"room": room, "version": 99})
	member.must("POST", "/charter/accept", map[string]any{"room": room, "version": version})
	if got := member.must("GET", "/rooms/"+room, nil)["agreed"]; got != true {
		t.Errorf("agreed %v", got)
	}
	own.no("unchanged", "PUT", "/charter", map[string]any{"room": room, "text": "文明用语"})
	own.no("unchanged", "PUT", "/charter", map[string]any{"room": room, "text": "文明用语\n"})
	if got := member.must("GET", "/rooms/"+room, nil)["agreed"]; got != true {
		t.Errorf("the same text again asks: agreed %v", got)
	}
}

// A notice that the family confirmed before somebody came in is confirmed for them too.
func TestNewcomersSeeWhatTheirDoorDid(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own, father := w.as(keeper), w.as(zhang)
	seq, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	if _, no := father.act(room, "notice.confirm", seq, nil, nil); no != "" {
		t.Fatal(no)
	}
	son := zhang
	son.name, son.phone = "张晓", "13800000111"
	a := w.admit(own, link, son)
	for _, m := range a.page(room, "").Mine {
		if m.Seq == seq && m.Own["confirmed"] == true {
			return
		}
	}
	t.Errorf("the son's own part does not say confirmed")
}
