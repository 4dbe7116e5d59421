package kind

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"linli/internal/fault"
)

// passing is a message of a kind as the door finds it.
func passing(t *testing.T, name, facts, words string) Passed {
	t.Helper()
	k := Of(name)
	card := k.New().Apply("post", Event{Words: json.RawMessage(words), Room: street{}}, json.RawMessage(facts))
	return Passed{
		Room: "r2", RoomName: "和园3号楼", Seq: 7, Kind: name, By: "李女士", At: start, Words: json.RawMessage(words),
		Sum: k.Summary(json.RawMessage(words), card.Facts()), Card: card,
	}
}

func forwarded(t *testing.T, list ...Passed) (facts, words string) {
	t.Helper()
	f, w, err := Forwarding(list, "")
	if err != nil {
		t.Fatal(err)
	}
	b := newTable(t, Forward)
	b.must("p1", "post", string(f), string(w))
	return string(f), string(w)
}

func TestWhatMayLeaveARoom(t *testing.T) {
	for _, name := range Names() {
		_, passes := Of(name).New().(Passing).Pass()
		stays := name == "suggestion" || name == "emergency" || name == "joined"
		if passes == stays && name != Forward {
			t.Errorf("%s passes: %v", name, passes)
		}
		if !stays {
			continue
		}
		if _, _, err := Forwarding([]Passed{passing(t, name, "", `{"text":"不外传"}`)}, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s was passed on: %v", name, err)
		}
	}
}

func TestNothingThatWasWrittenInANeedOrAPlaceLeavesItsRoom(t *testing.T) {
	facts, words := forwarded(t,
		passing(t, "request", `{"template":"买药","door":true}`, `{"text":"301 的降压药","note":"电话 13800000000","list":["药"]}`),
		passing(t, "place", `{"lat":34.7,"lon":113.6}`, `{"text":"3-1-101"}`))
	all := facts + words
	for _, secret := range []string{"301", "降压药", "138", "3-1-101", "34.7"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q leaves with %s", secret, all)
		}
	}
	if !strings.Contains(all, "[求助] 买药") || !strings.Contains(facts, `{"kind":"request","room":"r2","seq":7}`) {
		t.Errorf("%s", all)
	}
}

func TestAForwardOfAForwardKeepsTheFirstSource(t *testing.T) {
	file := `{"files":[{"hash":"H","type":"application/pdf","size":9}]}`
	picture := `{"files":[{"hash":"P","type":"image/jpeg","size":9}]}`
	facts, words := forwarded(t, passing(t, "text", ``, `{"text":"五点来水"}`), passing(t, "picture", picture, ``), passing(t, "file", file, `{"name":"报价.pdf"}`))
	again := passing(t, Forward, facts, words)
	again.Room, again.RoomName, again.By = "r3", "别的群", "转的人"
	facts2, words2 := forwarded(t, again)
	if facts2 != facts || words2 != words {
		t.Errorf("\n%s\n%s became\n%s\n%s", facts, words, facts2, words2)
	}
	for i, want := range []string{"", "报价.pdf"} {
		if got := NameOf(json.RawMessage(words2), i); got != want {
			t.Errorf("file %d is called %q", i, got)
		}
	}
	again.Words = nil // forgotten
	if _, _, err := Forwarding([]Passed{again}, ""); !fault.Is(err, fault.Retracted) {
		t.Errorf("%v", err)
	}
}

func TestTheFullestForwardStaysSmall(t *testing.T) {
	var list []Passed
	hash := strings.Repeat("0", 64)
	for range mostBrought {
		list = append(list, passing(t, "picture", fmt.Sprintf(`{"files":[{"hash":%q,"type":"image/jpeg","size":9999999,"w":2560,"h":2560}]}`, hash), ``))
	}
	for len(list) < MostForwarded {
		list = append(list, passing(t, "text", ``, `{"text":"好"}`))
	}
	facts, _ := forwarded(t, list...)
	if len(facts) > 2048 {
		t.Errorf("%d bytes", len(facts))
	}
	f, w, err := Forwarding(append(list, list[0]), "")
	if err != nil {
		t.Fatal(err)
	}
	newTable(t, Forward).refused(fault.Invalid, "p1", "post", string(f), string(w))
	f, w, err = Forwarding(append(list[:mostBrought:mostBrought], list[0]), "")
	if err != nil {
		t.Fatal(err)
	}
	newTable(t, Forward).refused(fault.TooLarge, "p1", "post", string(f), string(w))
}

func TestOneLineOfAForward(t *testing.T) {
	text, notice := passing(t, "text", ``, `{"text":"五点来水"}`), passing(t, "notice", `{}`, `{"title":"停水","body":"今晚"}`)
	for want, list := range map[string][]Passed{
		"[转发] 李女士：五点来水":    {text},
		"[转发] 李女士：[公告] 停水": {notice},
		"[转发] 2 条消息":       {text, notice},
	} {
		facts, words := forwarded(t, list...)
		if got := Of(Forward).Summary(json.RawMessage(words), json.RawMessage(facts)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	facts, _ := forwarded(t, text)
	if got := Of(Forward).Summary(nil, json.RawMessage(facts)); got != "[转发]" {
		t.Errorf("forgotten: %s", got)
	}
}
