package enginetest

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// Harm is the journal as one life of the engine sees it. Everything it stores is stored by the journal behind it, until the life
// ends.
type Harm struct {
	journal.Journal

	before atomic.Pointer[func(id.Log, journal.Seq) error]
	dead   chan struct{}
	end    sync.Once
	steps  atomic.Int64 // appends and puts so far
	last   atomic.Int64 // the step that is the last; 0 for none
	late   atomic.Bool  // it happens, and nobody learns of it

	follower, views, items gate
}

// Harmed is a journal whose life a test can end.
func Harmed(j journal.Journal) *Harm { return &Harm{Journal: j, dead: make(chan struct{})} }

// gate is where somebody waits while it is held.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // nil: it is not held
	came chan struct{} // has one when somebody waits
}

// hold says when somebody has come.
func (g *gate) hold() (came <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open, g.came = make(chan struct{}), make(chan struct{}, 1)
	}
	return g.came
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil {
		close(g.open)
		g.open = nil
	}
}

// pass returns when the gate is not held, or the life has ended.
func (g *gate) pass(dead <-chan struct{}) {
	g.mu.Lock()
	open, came := g.open, g.came
	g.mu.Unlock()
	if open == nil {
		return
	}
	select {
	case came <- struct{}{}:
	default:
	}
	select {
	case <-open:
	case <-dead:
	}
}

// HoldFollower lets nobody learn of what is appended, until ReleaseFollower.
func (h *Harm) HoldFollower()    { h.follower.hold() }
func (h *Harm) ReleaseFollower() { h.follower.release() }

// HoldViews lets the views take nothing, until ReleaseViews. The follower waits for them.
func (h *Harm) HoldViews()    { h.views.hold() }
func (h *Harm) ReleaseViews() { h.views.release() }

// HoldItems lets nobody read an item from the views, until ReleaseItems, and says when somebody wants to.
func (h *Harm) HoldItems() (wanted <-chan struct{}) { return h.items.hold() }
func (h *Harm) ReleaseItems()                       { h.items.release() }

// Before has f called before each append from now on; what f returns is returned instead of appending. nil: nothing is called.
func (h *Harm) Before(f func(log id.Log, after journal.Seq) error) {
	if f == nil {
		h.before.Store(nil)
		return
	}
	h.before.Store(&f)
}

// Die ends this life: nothing more is stored, read or heard.
func (h *Harm) Die() { h.end.Do(func() { close(h.dead) }) }

// Dead tells whether this life has ended.
func (h *Harm) Dead() bool {
	select {
	case <-h.dead:
		return true
	default:
		return false
	}
}

// Steps is how often something was stored in this life.
func (h *Harm) Steps() int { return int(h.steps.Load()) }

// DieAt ends this life at the n-th step from now on; late lets that one still happen. Ended is closed then.
func (h *Harm) DieAt(n int, late bool) {
	h.late.Store(late)
	h.last.Store(h.steps.Load() + int64(n))
}

// Ended is closed when this life has ended.
func (h *Harm) Ended() <-chan struct{} { return h.dead }

// step does one thing that stores something.
func (h *Harm) step(store func() error) error {
	if n := h.steps.Add(1); n == h.last.Load() {
		if h.late.Load() {
			_ = store()
		}
		h.Die()
	}
	if h.Dead() {
		return journal.ErrClosed
	}
	return store()
}

func (h *Harm) Append(ctx context.Context, log id.Log, after journal.Seq, name journal.ID, body []byte) (seq journal.Seq, err error) {
	if before := h.before.Load(); before != nil && !h.Dead() {
		if err := (*before)(log, after); err != nil {
			return 0, err
		}
	}
	err = h.step(func() error {
		seq, err = h.Journal.Append(ctx, log, after, name, body)
		return err
	})
	return seq, err
}

func (h *Harm) Read(ctx context.Context, log id.Log, after journal.Seq, limit int) iter.Seq2[journal.Frame, error] {
	if h.Dead() {
		return func(yield func(journal.Frame, error) bool) { yield(journal.Frame{}, journal.ErrClosed) }
	}
	return h.Journal.Read(ctx, log, after, limit)
}

func (h *Harm) Head(ctx context.Context, log id.Log) (journal.Seq, error) {
	if h.Dead() {
		return 0, journal.ErrClosed
	}
	return h.Journal.Head(ctx, log)
}

func (h *Harm) Follow(ctx context.Context, shard int, from journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			select {
			case <-h.dead:
				cancel()
			case <-ctx.Done():
			}
		}()
		for step, err := range h.Journal.Follow(ctx, shard, from) {
			if step.Frame.Log != "" {
				h.follower.pass(h.dead)
			}
			if h.Dead() {
				break
			}
			if !yield(step, err) {
				return
			}
		}
		if h.Dead() {
			yield(journal.Step{}, journal.ErrClosed)
		}
	}
}

func (h *Harm) Shelf() journal.Shelf { return shelf{h.Journal.Shelf(), h} }

type shelf struct {
	journal.Shelf
	harm *Harm
}

func (s shelf) Put(ctx context.Context, key string, value []byte, when journal.Rev, ttl time.Duration) (rev journal.Rev, err error) {
	err = s.harm.step(func() error {
		rev, err = s.Shelf.Put(ctx, key, value, when, ttl)
		return err
	})
	return rev, err
}

func (s shelf) PutAll(ctx context.Context, items []journal.Item) error {
	return s.harm.step(func() error { return s.Shelf.PutAll(ctx, items) })
}

func (s shelf) Delete(ctx context.Context, key string, when journal.Rev) error {
	return s.harm.step(func() error { return s.Shelf.Delete(ctx, key, when) })
}
