package room

import (
	"encoding/json"
	"fmt"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// A lane counts what is not over: until it is done, taken back or has ended, and again when it turns out not to be done.
func TestALaneCountsWhatIsNotOver(t *testing.T) {
	s, do := owned(t)
	counts := func(notices, needs int) {
		t.Helper()
		got := s.Counts()
		if got[kind.Notices] != notices || got[kind.Needs] != needs {
			t.Errorf("%v, not %d notices and %d requests", got, notices, needs)
		}
		b, _ := s.Checkpoint()
		if again, err := Restore("r1", b); err != nil || again.Counts()[kind.Notices] != notices || again.Counts()[kind.Needs] != needs {
			t.Errorf("after a checkpoint: %v, %v", again.Counts(), err)
		}
	}
	counts(0, 0)
	do("p0", "notice.post", 0, `{"importance":"normal"}`, `{"title":"停水","body":"今晚"}`)
	notice := s.Seq()
	do("p1", "request.post", 0, `{"template":"买药"}`, `{"text":"药"}`)
	request := s.Seq()
	do("p1", "request.post", 0, `{"template":"买药"}`, `{"text":"药"}`)
	counts(1, 2)
	do("p1", "item.retract", s.Seq(), "", "")
	counts(1, 1)
	do("p0", "request.claim", request, "", "")
	do("p0", "request.complete", request, "", "")
	counts(1, 1)
	do("p1", "request.confirm", request, "", "")
	counts(1, 0)
	do("p1", "request.reopen", request, "", `{"reason":"没送到"}`)
	counts(1, 1)
	do("p0", "notice.withdraw", notice, "", `{"reason":"错了"}`)
	counts(0, 1)
}

// What is taken back while it is not in hand is counted no longer, and the room hears it.
func TestWhatIsTakenBackUnseenIsNotCounted(t *testing.T) {
	s, do := owned(t)
	do("p1", "request.post", 0, `{"template":"买药"}`, `{"text":"药"}`)
	request := s.Seq()
	s.Empty()
	change := s.Apply(2000, &entry.Entry{Kind: "item.retract", By: "p0", As: "owner", Re: request})
	if s.Counts()[kind.Needs] != 0 || !change.Counts {
		t.Errorf("%v, %v", s.Counts(), change.Counts)
	}
}

// How soon somebody comes: the middle of the last waits until a first helper came by themselves; nothing after one or two.
func TestHowSoonSomebodyComes(t *testing.T) {
	s := New("r1")
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(`{"who":[{"person":"p1","rev":1},{"person":"p2","rev":1}]}`)})
	n := 0
	take := func(seq Seq, at int64, held bool) {
		t.Helper()
		n++
		list, err := s.Decide(entry.Actor{Person: "p2", Device: "d2"}, &entry.Command{ID: fmt.Sprintf("d2.%d", n), Act: "request.claim", Re: seq}, at)
		if err != nil {
			t.Fatal(err)
		}
		if !held {
			delete(s.hand, seq) // as in a replay, when the card is of before the checkpoint
		}
		for i := range list {
			s.Apply(at, &list[i])
		}
	}
	ask := func(waited int64, held bool) Seq {
		s.Apply(1000, &entry.Entry{Kind: "request.post", By: "p1", Facts: json.RawMessage(`{"template":"买药"}`)})
		seq := s.Seq()
		take(seq, 1000+waited, held)
		return seq
	}
	asked := func(waited int64) Seq { return ask(waited, true) }
	asked(60_000)
	ask(600_000, false)
	if s.Answers() != 0 {
		t.Errorf("two are no measure: %d", s.Answers())
	}
	seq := asked(120_000)
	if s.Answers() != 120_000 {
		t.Errorf("%d", s.Answers())
	}
	s.Apply(9_000_000, &entry.Entry{Kind: "request.release", By: "p2", Re: seq})
	take(seq, 99_000_000, true)
	if s.Answers() != 120_000 {
		t.Errorf("who comes after another gave it back was not waited for from the beginning: %d", s.Answers())
	}
	// Nor for days, who takes on what was done and turned out not to be when its helper had left.
	again := asked(120_000)
	s.Apply(200_000, &entry.Entry{Kind: "request.complete", By: "p2", Re: again})
	s.Apply(300_000, &entry.Entry{Kind: "request.reopen", By: "p1", Re: again, Facts: json.RawMessage(`{"open":true}`)})
	take(again, 99_000_000, true)
	if s.Answers() != 120_000 || len(s.core.Waits) != 4 {
		t.Errorf("%d of %v", s.Answers(), s.core.Waits)
	}
	for range keptWaits {
		asked(5_000)
	}
	if s.Answers() != 5_000 || len(s.core.Waits) != keptWaits {
		t.Errorf("%d of %d", s.Answers(), len(s.core.Waits))
	}
}
