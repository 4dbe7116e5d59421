package main

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"linli/internal/journal/local"
)

// audited are the lines of a kind, the newest first, as an administrator reads them.
func (a *api) audited(kind string) (lines []map[string]any) {
	a.w.t.Helper()
	for _, l := range a.must("GET", "/audit?kind="+kind, nil)["lines"].([]any) {
		lines = append(lines, l.(map[string]any))
	}
	return lines
}

func oneLine(t *testing.T, lines []map[string]any, what, subject string) map[string]any {
	t.Helper()
	for _, l := range lines {
		if l["what"] == what && (subject == "" || l["subject"] == subject) {
			return l
		}
	}
	t.Errorf("no line %s of %s among %v", what, subject, lines)
	return map[string]any{}
}

func TestFailedSignInsAreCountedAndNoPhoneIsKept(t *testing.T) {
	t.Parallel()
	w, _, _ := newInside(t, nil)
	boss := w.as(admin)
	for range 3 {
		w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": zhang.phone, "password": "not this one"})
	}
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": "13899990000", "password": "not this one"})
	w.nobody().no("wrong", "POST", "/session/code", map[string]any{"phone": zhang.phone, "code": "00000000", "password": "heyuan-2021"})
	lines := boss.audited("sign-in")
	n := map[string]float64{}
	for _, l := range lines {
		if l["source"] != "127.0.0.1" || l["by"] != nil || l["what"] != "wrong" {
			t.Errorf("a line: %v", l)
		}
		n[l["subject"].(string)] += l["n"].(float64)
	}
	if len(n) != 2 {
		t.Errorf("two phones were tried: %v", n)
	}
	mark, _ := oneLine(t, boss.audited("code"), "wrong", "")["subject"].(string)
	if n[mark] != 3 {
		t.Errorf("the same phone has the same mark: %v, %s", n, mark)
	}
	w.close()
	for log, err := range loggedBodies(t, w.dir, "audit/") {
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{zhang.phone, "13899990000", zhang.name, admin.name, "not this one"} {
			if strings.Contains(log, secret) {
				t.Errorf("%s stands in the log: %s", secret, log)
			}
		}
	}
}

func TestGrantsCodesSettingsAndExportsAreNotedWithWhoAndWhere(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, own := w.as(admin), w.as(keeper)
	me := boss.must("GET", "/me", nil)["person"].(string)
	who := boss.must("POST", "/staff", map[string]any{"name": "田书记", "phone": "13900008099", "role": "deputy", "room": room})["id"].(string)
	if l := oneLine(t, boss.audited("grant"), "role.grant deputy", who); l["by"] != me || l["name"] != admin.name || l["source"] != "127.0.0.1" {
		t.Errorf("the grant: %v", l)
	}
	boss.must("DELETE", "/staff/"+who+"?role=deputy&room="+room, nil)
	oneLine(t, boss.audited("grant"), "role.revoke deputy", who)
	zhangID := w.as(zhang).must("GET", "/me", nil)["person"].(string)
	code := own.must("POST", "/rooms/"+room+"/members/"+zhangID+"/code", nil)["code"].(string)
	w.nobody().must("POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code, "password": "heyuan-2021"})
	codes := boss.audited("code")
	if l := oneLine(t, codes, "code.issue", zhangID); l["by"] == zhangID || l["of"] == "" {
		t.Errorf("the code: %v", l)
	}
	oneLine(t, codes, "used", zhangID)
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none"})
	if l := oneLine(t, boss.audited("setting"), "policy.set", room); l["of"] == "" {
		t.Errorf("the setting: %v", l)
	}
	own.must("PUT", "/rooms/"+room+"/members/"+zhangID+"/badge", map[string]any{"badge": "志愿者"})
	own.must("PUT", "/rooms/"+room+"/members/"+zhangID+"/badge", map[string]any{"badge": ""})
	own.must("PUT", "/rooms/"+room+"/members/"+zhangID+"/name", map[string]any{"name": "张建军"})
	grants := boss.audited("grant")
	if l := oneLine(t, grants, "badge.set", zhangID); l["n"].(float64)+oneLine(t, grants, "badge.taken", zhangID)["n"].(float64) != 2 {
		t.Errorf("a badge given and taken: %v", l)
	}
	oneLine(t, grants, "person.renamed", zhangID)
	stair := own.must("GET", "/rooms/"+room+"/slips", nil)["stairs"].([]any)[0].(map[string]any)
	own.must("POST", "/rooms/"+room+"/slips", map[string]any{"kind": stair["kind"], "building": stair["building"], "entrance": stair["entrance"]})
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "pin": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	of := url.Values{"kind": {stair["kind"].(string)}, "building": {stair["building"].(string)}, "entrance": {stair["entrance"].(string)}}
	for file, path := range map[string]string{
		"doors.xlsx": "/levels/doors.xlsx?room=" + room, "receipts.xlsx": fmt.Sprintf("/rooms/%s/items/%d/receipts.xlsx", room, notice), "slips.pdf": "/rooms/" + room + "/slips.pdf?" + of.Encode(),
	} {
		var whole json.RawMessage
		if status := own.ask("GET", path, nil, &whole); status != http.StatusOK {
			t.Fatal(file, status)
		}
		oneLine(t, boss.audited("export"), file, room)
	}
	own.must("DELETE", fmt.Sprintf("/rooms/%s/slips?kind=%v&building=%v&entrance=%v", room, stair["kind"], stair["building"], stair["entrance"]), nil)
	oneLine(t, boss.audited("setting"), "slip.make", room)
	oneLine(t, boss.audited("setting"), "slip.end", room)
	oneLine(t, boss.audited("read"), "audit", "")
}

func TestRefusalsAcrossLevelsAreNotedAndOnlyAdministratorsReadThem(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, own, one := w.as(admin), w.as(keeper), w.as(zhang)
	who := one.must("GET", "/me", nil)["person"].(string)
	one.no("forbidden", "POST", "/rooms/"+room+"/members", map[string]any{})
	one.no("forbidden", "POST", "/rooms/13800000501/members", map[string]any{})
	one.no("forbidden", "GET", "/audit", nil)
	own.no("forbidden", "GET", "/audit", nil)
	w.nobody().no("sign-in", "GET", "/audit", nil)
	community := boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"].(string)
	other := boss.must("POST", "/rooms", map[string]any{"community": community, "name": "别的楼"})["id"].(string)
	for _, c := range []struct{ room, act string }{
		{other, "text.post"}, {"zhangsan", "text.post"}, {"p13800000501", "text.post"}, {other, "zhang.jianguo"}, {other, "text.zhang"}, {other, "item.13800000501"},
	} {
		if _, no := one.act(c.room, c.act, 0, nil, map[string]string{"text": "早"}); no == "" {
			t.Error("said in a room that is not theirs")
		}
	}
	lines := boss.audited("refused")
	if l := oneLine(t, lines, "POST /rooms/{room}/members", room); l["by"] != who || l["of"] == "" {
		t.Errorf("the refusal: %v", l)
	}
	oneLine(t, lines, "POST /rooms/{room}/members", "?")
	oneLine(t, lines, "GET /audit", "")
	oneLine(t, lines, "text.post", other)
	if all := jsonText(t, lines); strings.Contains(all, "zhang") || strings.Contains(all, "13800000501") {
		t.Errorf("what a stranger typed stands there: %s", all)
	}
}

// loggedBodies are the frames of logs whose names begin so, of a program that has stopped.
func loggedBodies(t *testing.T, dir, prefix string) iter.Seq2[string, error] {
	t.Helper()
	j, err := local.Open(filepath.Join(dir, "log"), local.Options{Reserve: 1})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string, error) bool) {
		defer j.Close()
		n := 0
		for log, err := range j.Logs(t.Context(), 0) {
			if err != nil || !strings.HasPrefix(string(log), prefix) {
				continue
			}
			for f, err := range j.Read(t.Context(), log, 0, 0) {
				if n++; !yield(string(f.Body), err) {
					return
				}
			}
		}
		if n == 0 {
			t.Errorf("there is no %s", prefix)
		}
	}
}

// What an owner takes back keeps why, who, when and what it said, for those above the room and for nobody else; its author too reads no more of it.
func TestWhatAnOwnerTakesBackKeepsATraceForWhoDecidesComplaints(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, own, one := w.as(admin), w.as(keeper), w.as(zhang)
	said, mine := one.say(room, "物业收了钱不办事"), one.say(room, "说错了")
	if _, no := one.act(room, "item.edit", said, nil, map[string]string{"text": "物业收了钱，什么也不办"}); no != "" {
		t.Fatal(no)
	}
	one.act(room, "item.retract", mine, nil, nil)
	if _, no := own.act(room, "item.retract", said, nil, map[string]string{"reason": "骂人", "junk": "x"}); no != "" {
		t.Fatal(no)
	}
	read := func() (list []any) {
		list = boss.must("GET", "/rooms/"+room+"/taken", nil)["taken"].([]any)
		if len(list) != 1 {
			t.Fatalf("taken: %v", list)
		}
		row := list[0].(map[string]any)
		v, _ := json.Marshal(row["versions"])
		if row["reason"] != "骂人" || row["by"] != own.person() || row["author"] != one.person() || row["at"].(float64) < row["posted"].(float64) ||
			!strings.Contains(string(v), "物业收了钱不办事") || !strings.Contains(string(v), "什么也不办") || strings.Contains(string(v), "说错了") {
			t.Errorf("the trace: %v", row)
		}
		return list
	}
	read()
	for _, a := range []*api{own, one, w.as(li)} {
		a.no("forbidden", "GET", "/rooms/"+room+"/taken", nil)
	}
	var page json.RawMessage
	if one.ask("GET", "/rooms/"+room+"/items", nil, &page); strings.Contains(string(page), "物业收了钱") {
		t.Errorf("it is said still: %s", page)
	}
	one.no("retracted", "GET", "/rooms/"+room+"/items/"+strconv.Itoa(said)+"/versions", nil)
	oneLine(t, boss.audited("read"), "taken", room)
	w.stop()
	w = serveTown(t, w.dir)
	boss.w, own.w, one.w = w, w, w
	read()
}
