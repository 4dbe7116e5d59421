package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"linli/internal/id"
	"linli/internal/journal"
)

// work is one thing for the committer: a frame, or a change somewhere else.
type work struct {
	frame  *journal.Frame // Seq is where it must stand
	change func(*batch) error
	size   int  // of what it writes, generously
	vital  bool // stored also below the reserve

	state atomic.Int32
	err   error // valid when done is closed
	done  chan struct{}
}

// A work waits until the committer takes it or its giver takes it back.
const (
	waits = iota
	taken
	withdrawn
)

// Waiting is how much waits for the committer, about.
func (j *Journal) Waiting() int { return len(j.in) }

// Append is journal.Journal's.
func (j *Journal) Append(ctx context.Context, log id.Log, after journal.Seq, name journal.ID, body []byte) (journal.Seq, error) {
	if len(body) > journal.MaxBody {
		return 0, journal.ErrTooLarge
	}
	if !valid(log) {
		return 0, fmt.Errorf("local: %q is not the name of a log", log)
	}
	f := &journal.Frame{Log: log, Seq: after + 1, ID: name, Body: append([]byte(nil), body...)}
	if err := j.give(ctx, &work{frame: f, size: len(body) + 4*len(log) + 256}); err != nil {
		return 0, err
	}
	return after + 1, nil
}

// give hands work to the committer and waits until it is done. When ctx ends first the work is taken back; when it is too
// late for that the outcome is open.
func (j *Journal) give(ctx context.Context, w *work) error {
	w.done, w.vital = make(chan struct{}), journal.IsVital(ctx)
	if err := j.send(ctx, w); err != nil {
		return err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if w.state.CompareAndSwap(waits, withdrawn) {
			return unavailable(ctx.Err())
		}
		select {
		case <-w.done:
		default:
			return fmt.Errorf("%w: %w", journal.ErrUnknown, ctx.Err())
		}
	}
	if errors.Is(w.err, journal.ErrUnknown) {
		// Only the next start can tell. Who is told "unknown" asks again, and would do so without end.
		select {
		case <-ctx.Done():
		case <-j.closing:
		}
	}
	return j.named(w.err)
}

func (j *Journal) send(ctx context.Context, w *work) error {
	j.users.RLock()
	defer j.users.RUnlock()
	select {
	case <-j.closing:
		return journal.ErrClosed
	case <-ctx.Done():
		return unavailable(ctx.Err())
	default:
	}
	select {
	case j.in <- w:
		return nil
	case <-j.closing:
		return journal.ErrClosed
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// perCommit is how many bytes go into one transaction. Badger takes 15 % of a memtable, 2.4 MiB, and 26,214 keys.
const perCommit = 2 << 20

// commitAll is the one committer. It ends when Close has closed the inbox and all of it is done.
func (j *Journal) commitAll() {
	defer close(j.done)
	var next *work
	for {
		var works []*work
		if works, next = j.gather(next); len(works) == 0 {
			return
		}
		j.commit(slices.Clone(works))
		for _, w := range works {
			close(w.done)
		}
	}
}

// gather waits for work, and takes with it all that waits as well and fits. What no longer fits is the next one's first.
func (j *Journal) gather(first *work) (works []*work, next *work) {
	size := 0
	for len(works) == 0 {
		if first == nil {
			var open bool
			if first, open = <-j.in; !open {
				return nil, nil
			}
		}
		if first.state.CompareAndSwap(waits, taken) {
			works, size = append(works, first), first.size
		}
		first = nil
	}
	for {
		select {
		case w, open := <-j.in:
			if !open {
				return works, nil
			}
			if size+w.size > perCommit {
				return works, w
			}
			if w.state.CompareAndSwap(waits, taken) {
				works, size = append(works, w), size+w.size
			}
		default:
			return works, nil
		}
	}
}
