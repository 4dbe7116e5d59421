package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// another opens a second room of the community, with 张建国 in it and, as its only other member, whoever is given.
func (w *town) another(room string, others ...neighbour) (boss *api, second string) {
	w.t.Helper()
	boss = w.as(admin)
	community := w.as(keeper).must("GET", "/rooms/"+room, nil)["community"]
	second = boss.must("POST", "/rooms", map[string]any{"name": "志愿者群", "community": community})["id"].(string)
	link := boss.must("POST", "/rooms/"+second+"/links", map[string]any{})["link"].(string)
	for _, r := range append([]neighbour{zhang}, others...) {
		a := w.nobody()
		form := map[string]any{"relation": "other", "category": "志愿者", "charter": w.nobody().must("GET", "/join/"+link, nil)["charter"].(map[string]any)["version"], "tokens": true}
		if r == zhang {
			a = w.as(zhang)
		} else {
			form["name"], form["title"], form["phone"], form["password"] = r.name, r.title, r.phone, password
		}
		answer := a.must("POST", "/join/"+link, form)
		if r != zhang {
			a.with(answer)
		}
		for _, mine := range a.must("GET", "/applications/mine", nil)["applications"].([]any) {
			if mine := mine.(map[string]any); mine["room"] == second {
				boss.must("POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"], "category": "志愿者"})
			}
		}
	}
	return boss, second
}

func (a *api) forward(to, from string, along string, seqs ...int) (int, string) {
	a.w.t.Helper()
	words := map[string]any{}
	if along != "" {
		words["text"] = along
	}
	return a.act(to, "forward.post", 0, map[string]any{"from": from, "seqs": seqs}, words)
}

// itemAsItCame is an item, for what must not stand anywhere in it.
func (a *api) itemAsItCame(room string, seq int) string {
	a.w.t.Helper()
	b, err := json.Marshal(a.must("GET", "/rooms/"+room+"/items/"+itoa(seq), nil)["new"])
	if err != nil {
		a.w.t.Fatal(err)
	}
	return string(b)
}

// What was said is passed on as it was, whatever the client says; files are read through the new message, by who may read that one.
func TestWhatWasSaidIsPassedOnAsItWas(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	_, second := w.another(room, wang)
	z, l, outside := w.as(zhang), w.as(li), w.as(wang)
	first := l.say(room, "明早五点来水")
	upload, _ := l.bring(room, "picture", snapshot(t), 1)
	picture, _ := l.post(room, "picture", nil, map[string]any{"text": "水表在这里"}, upload)
	paper, _ := l.bring(room, "file", []byte("%PDF-1.7 报价"), 1)
	file, _ := l.post(room, "file", nil, map[string]any{"name": "报价.pdf"}, paper)

	got, no := z.forward(second, room, "和园那边说", file, first, picture, first)
	if no != "" {
		t.Fatal(no)
	}
	item := outside.must("GET", "/rooms/"+second+"/items/"+itoa(got), nil)["new"].([]any)[0].(map[string]any)
	words := item["words"].(map[string]any)
	var said []string
	for _, p := range words["parts"].([]any) {
		p := p.(map[string]any)
		text, _ := p["text"].(string)
		sum, _ := p["sum"].(string)
		said = append(said, p["room"].(string)+" "+p["by"].(string)+" "+text+sum)
	}
	if want := []string{"和园3号楼 李女士 明早五点来水", "和园3号楼 李女士 水表在这里", "和园3号楼 李女士 [文件] 报价.pdf"}; !slices.Equal(said, want) {
		t.Errorf("%v", said)
	}
	if words["text"] != "和园那边说" || item["sum"] != "[转发] 3 条消息" {
		t.Errorf("%v %v", words["text"], item["sum"])
	}
	if raw := outside.itemAsItCame(second, got); strings.Contains(raw, "3-1-102") || strings.Contains(raw, li.name) {
		t.Errorf("a door or a name leaves with %s", raw)
	}

	files := filesAt(outside, second, got)
	if len(files) != 2 {
		t.Fatalf("%v", files)
	}
	if status, _, b := outside.fetch(pathOf(second, got, files[0])); status != 200 || len(b) == 0 {
		t.Errorf("the picture in the other room: %d", status)
	}
	status, head, b := outside.fetch(pathOf(second, got, files[1]))
	if status != 200 || string(b) != "%PDF-1.7 报价" || !strings.Contains(head.Get("Content-Disposition"), "attachment") || !strings.Contains(head.Get("Content-Disposition"), "%E6%8A%A5%E4%BB%B7.pdf") {
		t.Errorf("the file in the other room: %d %v %q", status, head, b)
	}
	for who, at := range map[*api][2]any{outside: {room, picture}, l: {second, got}} {
		if status, _, _ := who.fetch(pathOf(at[0].(string), at[1].(int), files[0])); status != 403 {
			t.Errorf("who is not in the room reads its file: %d", status)
		}
	}
	// Taken back where it was said, it stays where it was passed on to; taken back there, it is gone, and its files with it.
	if _, no := l.act(room, "item.retract", picture, nil, nil); no != "" {
		t.Fatal(no)
	}
	if status, _, _ := outside.fetch(pathOf(second, got, files[0])); status != 200 {
		t.Errorf("the source was taken back: %d", status)
	}
	again, no := z.forward(second, second, "", got)
	if no != "" {
		t.Fatal(no)
	}
	if raw := outside.itemAsItCame(second, again); !strings.Contains(raw, "和园3号楼") || strings.Contains(raw, "志愿者群") || strings.Contains(raw, "张先生") {
		t.Errorf("the first source is lost: %s", raw)
	}
	z.act(second, "item.retract", got, nil, nil)
	if status, _, _ := outside.fetch(pathOf(second, got, files[0])); status != 404 {
		t.Errorf("the forward was taken back: %d", status)
	}

	// Found, by what was said and by who said it.
	for _, text := range []string{"五点来水", "李女士", "报价"} {
		hits := outside.must("POST", "/search", map[string]any{"text": text, "room": second})["hits"].([]any)
		if len(hits) != 1 || hits[0].(map[string]any)["seq"] != float64(again) {
			t.Errorf("%s: %v", text, hits)
		}
	}
}

func TestNobodyPassesOnWhatTheyMayNotReadOrMakesUpWords(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	boss, second := w.another(room)
	own, z, l := w.as(keeper), w.as(zhang), w.as(li)
	old := l.say(room, "很久以前")
	time.Sleep(5 * time.Millisecond)
	own.must("PUT", "/policy", map[string]any{"room": room, "history": "none", "autoGreen": false})
	fresh := w.admit(own, link, wang)
	seen := l.say(room, "刚才")
	suggestion, _ := l.act(room, "suggestion.post", 0, nil, map[string]any{"text": "楼道灯太暗"})
	alarm, _ := l.act(room, "emergency.post", 0, map[string]any{"category": "火情"}, map[string]any{"text": "三楼冒烟"})
	gone := l.say(room, "说错了")
	l.act(room, "item.retract", gone, nil, nil)
	hers := z.say(second, "志愿者内部的话")

	for _, c := range []struct {
		who      *api
		to, from string
		seqs     []int
		want     string
	}{
		{z, second, room, []int{seen}, ""},
		{z, second, room, []int{gone}, "retracted"},
		{z, second, room, []int{seen, gone}, "retracted"},
		{z, second, room, []int{suggestion}, "forbidden"},
		{z, second, room, []int{alarm}, "forbidden"},
		{z, second, room, []int{99999}, "not-found"},
		{z, second, room, []int{}, "invalid"},
		{z, second, "rnosuchroom", []int{1}, "not-member"},
		{l, second, room, []int{seen}, "not-member"}, // not in the room it goes to
		{l, room, second, []int{hers}, "not-member"}, // not in the room it comes from
		{fresh, room, room, []int{old}, "not-found"}, // from before they came
		{fresh, room, room, []int{seen}, ""},
		{boss, room, second, []int{hers}, "not-member"}, // answers for both, and is in neither
	} {
		if _, no := c.who.forward(c.to, c.from, "", c.seqs...); no != c.want {
			t.Errorf("%v from %s to %s: %q, want %q", c.seqs, c.from, c.to, no, c.want)
		}
	}
	// Facts and quotations of the client's own making count for nothing.
	forged := map[string]any{"parts": []any{map[string]any{"room": "和园3号楼", "by": "周社工", "text": "今晚不停水"}}}
	if _, no := z.act(second, "forward.post", 0, map[string]any{"parts": []any{map[string]any{}}}, forged); no != "invalid" {
		t.Errorf("forged facts: %q", no)
	}
	seq, no := z.act(second, "forward.post", 0, map[string]any{"from": room, "seqs": []int{seen}, "parts": []any{map[string]any{}, map[string]any{}}}, forged)
	if raw := z.itemAsItCame(second, seq); no != "" || strings.Contains(raw, "不停水") || !strings.Contains(raw, "刚才") {
		t.Errorf("forged words: %q %s", no, raw)
	}
	// By the socket it is the same.
	c := z.socket()
	hear(t, c, "hello")
	z.n++
	tell(t, c, map[string]any{"do": []any{map[string]any{"id": z.device + "." + itoa(z.n), "room": second, "act": "forward.post", "with": map[string]any{"from": room, "seqs": []int{alarm}}}}})
	if no := hear(t, c, "no")["no"].([]any)[0].([]any); no[1] != "forbidden" || no[2].(map[string]any)["kind"] != "emergency" {
		t.Errorf("by the socket: %v", no)
	}
}

// A card is not copied: who may read its room sees it as it is now, others no more than what sort of card it is.
func TestACardIsPointedToAndNotCopied(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	_, second := w.another(room, wang)
	z, l, outside := w.as(zhang), w.as(li), w.as(wang)
	need, _ := l.act(room, "request.post", 0, map[string]any{"template": "买药", "door": true}, map[string]any{"text": "降压药两盒", "note": "到 102 敲门"})
	got, no := z.forward(second, room, "谁有空", need)
	if no != "" {
		t.Fatal(no)
	}
	raw := outside.itemAsItCame(second, got)
	for _, secret := range []string{"降压药", "敲门", "102", li.name, li.phone} {
		if strings.Contains(raw, secret) {
			t.Errorf("%q leaves with %s", secret, raw)
		}
	}
	part := outside.must("GET", "/rooms/"+second+"/items/"+itoa(got), nil)["new"].([]any)[0].(map[string]any)["state"].(map[string]any)["parts"].([]any)[0].(map[string]any)
	if part["room"] != room || part["seq"] != float64(need) || !strings.Contains(raw, "[求助] 买药") {
		t.Errorf("%v in %s", part, raw)
	}
	outside.no("not-member", "GET", "/rooms/"+room+"/items/"+itoa(need), nil)
	if z.itemAsItCame(room, need) == "null" {
		t.Error("who is in the room does not see the card")
	}
}

// All that a message said before it was edited, for its author and who answers for the room.
func TestWhatAMessageSaidBefore(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, z, l := w.as(keeper), w.as(zhang), w.as(li)
	seq := l.say(room, "今晚提水")
	for _, text := range []string{"今晚停税", "今晚停水"} {
		if _, no := l.act(room, "item.edit", seq, nil, map[string]any{"text": text}); no != "" {
			t.Fatal(no)
		}
	}
	path := "/rooms/" + room + "/items/" + itoa(seq) + "/versions"
	said := func(a *api) (list []string) {
		at := 0.0
		for _, v := range a.must("GET", path, nil)["versions"].([]any) {
			v := v.(map[string]any)
			if v["at"].(float64) < at {
				t.Error("not in order of time")
			}
			at = v["at"].(float64)
			list = append(list, v["words"].(map[string]any)["text"].(string))
		}
		return list
	}
	want := []string{"今晚提水", "今晚停税", "今晚停水"}
	for _, a := range []*api{own, l, w.as(admin)} {
		if got := said(a); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	}
	z.no("forbidden", "GET", path, nil)
	w.nobody().no("sign-in", "GET", path, nil)
	if raw := z.itemAsItCame(room, seq); strings.Contains(raw, "提水") {
		t.Errorf("everybody reads what was said before: %s", raw)
	}
	w.stop()
	w = serveTown(t, w.dir)
	if got := said(w.as(keeper)); !slices.Equal(got, want) {
		t.Errorf("after a restart: %v", got)
	}
	own = w.as(keeper)
	own.act(room, "item.retract", seq, nil, nil)
	own.no("retracted", "GET", path, nil)
}
