package engine_test

import (
	"fmt"
	"strings"
	"testing"

	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/fault"
)

// A number near the end of all numbers would be the last that its device can say anything under. It is refused in whatever room, and
// what was counted on from before is not.
func TestALeapOfCommandNumbersIsRefused(t *testing.T) {
	t.Parallel()
	s := New(t)
	numbered := func(n uint64) entry.Command {
		c := s.Command(Zhang, "text.post", 0, "", `{"text":"早"}`)
		c.ID = fmt.Sprintf("%s.%d", Device(Zhang), n)
		return c
	}
	head := s.Engine.Head(Heyuan)
	for _, n := range []uint64{1<<53 - 1, 1 << 40, 1 << 30, 1<<24 + 1} {
		_, err := s.Send(Zhang, numbered(n))
		if f := fault.Of(err); f == nil || f.Code != fault.Invalid || f.With["field"] != "id" || f.With["most"] == nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	if got := s.Engine.Head(Heyuan); got != head {
		t.Errorf("something was stored: %d, %d", head, got)
	}
	for _, n := range []uint64{1, 2, 5000, 1 << 24, 1<<24 + 1, 2 << 24} { // some were refused or lost on the way
		if _, err := s.Send(Zhang, numbered(n)); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := s.Send(Zhang, numbered(3<<24+1)); err == nil || !strings.Contains(err.Error(), "leaps") {
		t.Errorf("a leap further on: %v", err)
	}
}
