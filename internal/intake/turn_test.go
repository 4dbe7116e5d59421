package intake

import (
	"context"
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
)

// Whoever waits at a page while a whole roster is written hears soon that it is; who brings a roster waits their turn.
func TestWhoWaitsAtAPageIsToldThatARosterIsWritten(t *testing.T) {
	t.Parallel()
	_, in := desk(t)
	s := in()
	done, err := s.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ApplySoon(t.Context(), &Plan{}); !fault.Is(err, fault.Busy) {
		t.Errorf("doors: %v", err)
	}
	if err := s.Forget(t.Context(), map[string][]id.Premises{}); !fault.Is(err, fault.Busy) {
		t.Errorf("doors that are gone: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := s.Apply(ended, &Plan{}, nil); !fault.Is(err, fault.Busy) {
		t.Errorf("a roster whose server stops: %v", err)
	}
	done()
	if _, err := s.ApplySoon(t.Context(), &Plan{}); err != nil {
		t.Error(err)
	}
}
