package engine_test

import (
	"context"
	"errors"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/long"

	. "linli/internal/engine/enginetest"
)

// inBoth is a street where Li is in both rooms and may take on one request at once, and Zhang asks for help in both.
func inBoth(t *testing.T) (s *Street, here, there entry.Seq) {
	t.Helper()
	s = New(t)
	s.Serve("person.admit", map[string]any{"people": []any{Admission(Li, Other, 1), Admission(Wang, Other, 2), Admission(Zhang, Other, 3)}, "quiet": true})
	s.Settle()
	limit := map[string]any{"claims": 1, "contacts": 9}
	s.Serve("limits.set", map[string]any{"residents": limit, "volunteers": limit})
	here = s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
	c := s.Command(Zhang, "request.post", 0, `{"template":"买菜"}`, `{"text":"青菜"}`)
	there, err := s.Engine.Do(t.Context(), Other.Log(), Zhang, Device(Zhang), c)
	if err != nil {
		t.Fatal(err)
	}
	return s, here, there
}

func claimIn(s *Street, r id.Room, p id.Person, seq entry.Seq) error {
	ctx, cancel := context.WithTimeout(s.T.Context(), long.Patience)
	defer cancel()
	_, err := s.Engine.Do(ctx, r.Log(), p, Device(p), s.Command(p, "request.claim", seq, "", ""))
	return err
}

// In one room the card that is taken on has to be read from a disk that does not answer.
func TestWhoTakesOnACardWaitsForNoOtherRoomsDisk(t *testing.T) {
	t.Parallel()
	s, here, there := inBoth(t)
	s.Seen()
	s.Restart()
	if _, err := s.Engine.Do(t.Context(), Other.Log(), Zhang, Device(Zhang), s.Command(Zhang, "request.nudge", there, "", "")); err != nil {
		t.Fatal(err) // now it is at hand
	}
	wanted, ear := s.HoldItems(), s.Ear(Wang)
	ear.Asks(s.Command(Wang, "request.claim", here, "", ""))
	<-wanted
	if err := claimIn(s, Other, Li, there); err != nil {
		t.Error("in the other room: ", err)
	}
	s.ReleaseItems()
	if a := ear.Answers(1)[0]; a.Err != nil {
		t.Error("once the disk answers: ", a.Err)
	}
	if err := claimIn(s, Heyuan, Li, here); !fault.Is(err, fault.Taken) {
		t.Errorf("what is taken: %v", err)
	}
}

// Who has taken on as many as one may has them at a restart as well, from the first moment on.
func TestWhatIsTakenOnCountsAfterARestart(t *testing.T) {
	t.Parallel()
	s, here, there := inBoth(t)
	ear, much := s.Ear(Wang), make([]entry.Command, 600) // of which the state is checkpointed
	for i := range much {
		much[i] = s.Command(Wang, "text.post", 0, "", `{"text":"话"}`)
	}
	ear.Asks(much...)
	ear.Answers(len(much))
	if err := claimIn(s, Heyuan, Li, here); err != nil {
		t.Fatal(err)
	}
	s.Seen()
	s.Restart()
	if err := claimIn(s, Other, Li, there); !fault.Is(err, fault.Quota) {
		t.Errorf("one more: %v", err)
	}
	s.Must(Li, "request.release", here, "", "")
	s.Seen()
	s.Restart()
	if err := claimIn(s, Other, Li, there); err != nil {
		t.Errorf("given back, and another: %v", err)
	}
}

// What was decided and is not stored is not held.
func TestAClaimThatIsNotStoredCountsNoLonger(t *testing.T) {
	t.Parallel()
	s, here, there := inBoth(t)
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() {
			return errors.New("the disk is gone")
		}
		return nil
	})
	if err := claimIn(s, Heyuan, Li, here); !fault.Is(err, fault.Busy) {
		t.Fatalf("stored: %v", err)
	}
	s.Before(nil)
	if err := claimIn(s, Other, Li, there); err != nil {
		t.Error("the other room: ", err)
	}
	if err := claimIn(s, Heyuan, Li, here); !fault.Is(err, fault.Quota) {
		t.Errorf("a second one: %v", err)
	}
}
