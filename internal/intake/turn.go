package intake

import (
	"context"
	"time"

	"linli/internal/fault"
)

// patience is how long somebody at a page waits while a whole roster is written.
const patience = 2 * time.Second

// soon is turn for who waits for the answer.
func (s *Service) soon(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.turn(ctx)
}

// turn waits for one's turn to write, and answers with how it is given back; fault.Busy when ctx ends before.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	s.once.Do(func() { s.one = make(chan struct{}, 1) })
	select {
	case s.one <- struct{}{}:
		return func() { <-s.one }, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Busy, "a roster is being written")
	}
}
