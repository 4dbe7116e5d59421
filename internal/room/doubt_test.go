package room

import (
	"encoding/json"
	"fmt"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
)

// owned is a room with an owner p0 and a resident p1.
func owned(t *testing.T) (s *State, do func(p id.Person, act string, re Seq, with, words string)) {
	t.Helper()
	s = New("r1")
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(
		`{"quiet":true,"who":[{"person":"p0","role":"owner","badge":"群主","rev":1},{"person":"p1","premises":"h1","badge":"业主","rev":1}]}`)})
	n := 0
	return s, func(p id.Person, act string, re Seq, with, words string) {
		t.Helper()
		n++
		by := entry.Actor{Person: p, Device: "d"}
		if p == "p0" {
			by.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		c := entry.Command{ID: fmt.Sprintf("d.%d", n), Act: act, Re: re, With: json.RawMessage(with), Words: json.RawMessage(words)}
		entries, err := s.Decide(by, &c, 1000)
		if err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		for i := range entries {
			s.Apply(1000, &entries[i])
		}
	}
}

// A card that changes while it is not in hand leaves its deadline standing, and in doubt until it is put in hand.
func TestADeadlineOutlivesATail(t *testing.T) {
	s, do := owned(t)
	do("p0", "notice.post", 0, `{"confirm":true,"pin":true,"importance":"normal","until":90000000}`, `{"title":"停水","body":"今晚"}`)
	notice := s.Seq()
	at, ok := s.NextDue()
	if !ok {
		t.Fatal("nothing is due")
	}
	b, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	behind, err := Restore("r1", b)
	if err != nil {
		t.Fatal(err)
	}
	do("p1", "notice.confirm", notice, ``, ``)
	behind.Apply(2000, &entry.Entry{Kind: "notice.confirm", By: "p1", Re: notice, Facts: json.RawMessage(`{"for":"h1"}`)})
	if got, ok := behind.NextDue(); !ok || got != at {
		t.Errorf("due at %d (%v), not %d", got, ok, at)
	}
	if list := behind.Doubtful(); len(list) != 1 || list[0] != notice {
		t.Errorf("in doubt: %v", list)
	}
	behind.Hold(s.Held(notice))
	if got, _ := behind.NextDue(); got != at || len(behind.Doubtful()) != 0 {
		t.Errorf("held: due at %d, in doubt %v", got, behind.Doubtful())
	}
}

// What was taken back, or settled, in the tail is neither due nor pinned when it is put in hand.
func TestWhatIsOverIsNotDue(t *testing.T) {
	s, do := owned(t)
	do("p0", "notice.post", 0, `{"confirm":true,"pin":true,"importance":"normal","until":90000000}`, `{"title":"停水","body":"今晚"}`)
	notice := s.Seq()
	b, _ := s.Checkpoint()
	behind, err := Restore("r1", b)
	if err != nil {
		t.Fatal(err)
	}
	do("p0", "item.retract", notice, ``, ``)
	behind.Hold(s.Held(notice))
	if _, due := behind.NextDue(); due || len(behind.Pins()) != 0 {
		t.Errorf("due %v, pinned %v", due, behind.Pins())
	}
	behind, _ = Restore("r1", b)
	behind.Absent(notice)
	if _, due := behind.NextDue(); due {
		t.Error("due, and it is not there")
	}
}

// The bar holds MaxPins; the oldest gives way and knows it.
func TestTheOldestPinGivesWay(t *testing.T) {
	s, do := owned(t)
	var first Seq
	for i := range MaxPins + 1 {
		do("p0", "notice.post", 0, `{"pin":true,"importance":"normal"}`, `{"title":"公告","body":"文"}`)
		if i == 0 {
			first = s.Seq()
		}
	}
	if len(s.Pins()) != MaxPins || s.Held(first).Pinned {
		t.Fatalf("%d pinned, the first still: %v", len(s.Pins()), s.Held(first).Pinned)
	}
	do("p0", "item.pin", first, `{"on":true}`, ``)
	if got := s.Pins(); len(got) != MaxPins || got[0] != first {
		t.Errorf("pinned again: %v", got)
	}
	if s.Held(first + 1).Pinned {
		t.Error("the second is pinned still")
	}
}
