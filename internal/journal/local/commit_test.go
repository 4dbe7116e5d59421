package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// gated is a journal whose commits wait for the test, one by one.
type gated struct {
	*Journal
	reached chan *badger.Txn // a commit is about to be made
	outcome chan error       // nil: make it
}

func openGated(t *testing.T) *gated {
	t.Helper()
	j, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := &gated{j, make(chan *badger.Txn), make(chan error)}
	j.write = func(txn *badger.Txn) error {
		g.reached <- txn
		if err := <-g.outcome; err != nil {
			return err
		}
		return txn.Commit()
	}
	return g
}

// shut closes a journal, letting through what still waits.
func (g *gated) shut(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-g.reached:
				g.outcome <- nil
			case <-ended:
				return
			}
		}
	}()
	if err := g.Close(); err != nil {
		t.Error("close:", err)
	}
	close(ended)
}

// queued waits until so many things wait for the committer.
func (g *gated) queued(n int) {
	for len(g.in) < n {
		time.Sleep(time.Millisecond)
	}
}

func TestWhatWaitsDuringACommitIsOneCommit(t *testing.T) {
	t.Parallel()
	g, ctx := openGated(t), context.Background()
	defer g.shut(t)
	var callers sync.WaitGroup
	appendTo := func(log id.Log) {
		callers.Go(func() {
			if _, err := g.Append(ctx, log, 0, journal.ID{1}, []byte("x")); err != nil {
				t.Error("append:", err)
			}
		})
	}
	appendTo("room/first")
	<-g.reached
	for n := range 300 {
		appendTo(id.Log(fmt.Sprint("room/r", n)))
		callers.Go(func() {
			if _, err := g.Shelf().Put(ctx, fmt.Sprint("k", n), nil, journal.Absent, 0); err != nil {
				t.Error("put:", err)
			}
		})
	}
	g.queued(600)
	if head, _ := g.Head(ctx, "room/first"); head != 0 {
		t.Error("a head moved before its commit")
	}
	g.outcome <- nil
	<-g.reached
	g.outcome <- nil
	callers.Wait() // all of them, though only two commits were let through
	if pos := g.pos.Load(); pos != 301 {
		t.Errorf("%d frames", pos)
	}
}

func TestMoreThanOneTransactionTakesIsSplit(t *testing.T) {
	t.Parallel()
	j, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx := context.Background()
	// Large ones, as they come.
	var callers sync.WaitGroup
	for n := range 40 {
		callers.Go(func() {
			body := []byte(strings.Repeat("x", journal.MaxBody))
			if _, err := j.Append(ctx, id.Log(fmt.Sprint("room/r", n)), 0, journal.ID{1}, body); err != nil {
				t.Error("append:", err)
			}
		})
	}
	callers.Wait()
	// Many small ones; the committer rests meanwhile, so the test may take its place.
	works := make([]*work, 30_000)
	for n := range works {
		works[n] = &work{change: func(b *batch) error { b.shelve(fmt.Sprint("k", n), nil, 0); return nil }}
	}
	j.commit(slices.Clone(works))
	for n, w := range works {
		if w.err != nil {
			t.Fatalf("work %d: %v", n, w.err)
		}
	}
	items, revs := 0, map[journal.Rev]bool{}
	for item, err := range j.Shelf().List(ctx, "k") {
		if err != nil {
			t.Fatal("list:", err)
		}
		items++
		revs[item.Rev] = true
	}
	if items != len(works) || len(revs) != len(works) {
		t.Errorf("%d items with %d revisions", items, len(revs))
	}
}

func TestWhoLeavesInTimeTakesItBackAndWhoLeavesTooLateDoesNotKnow(t *testing.T) {
	t.Parallel()
	g := openGated(t)
	defer g.shut(t)
	early, leaveEarly := context.WithCancel(context.Background())
	late, leaveLate := context.WithCancel(context.Background())
	answers := make(chan error)
	go func() { _, err := g.Append(late, "room/r1", 0, journal.ID{1}, nil); answers <- err }()
	<-g.reached
	leaveLate()
	if err := <-answers; !errors.Is(err, journal.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Error("too late:", err)
	}
	go func() { _, err := g.Append(early, "room/r2", 0, journal.ID{2}, nil); answers <- err }()
	g.queued(1)
	leaveEarly()
	if err := <-answers; !errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) {
		t.Error("in time:", err)
	}
	g.outcome <- nil
	if seq, err := g.Append(context.Background(), "room/r1", 0, journal.ID{1}, nil); seq != 1 || err != nil {
		t.Errorf("asked again: %d, %v", seq, err)
	}
	if head, err := g.Head(context.Background(), "room/r2"); head != 0 || err != nil {
		t.Errorf("what was taken back: %d, %v", head, err)
	}
}

func TestAFailedCommitAcknowledgesNothingAndIsTheLast(t *testing.T) {
	t.Parallel()
	g, ctx := openGated(t), context.Background()
	defer g.shut(t)
	var callers sync.WaitGroup
	callers.Go(func() {
		if _, err := g.Append(ctx, "room/r1", 0, journal.ID{1}, nil); err != nil {
			t.Error("append:", err)
		}
	})
	<-g.reached
	// These are judged by one another: the second is in conflict with the first, so neither may be told anything.
	hurried, leave := context.WithCancel(ctx)
	for n := range byte(2) {
		callers.Go(func() {
			if _, err := g.Append(hurried, "room/r1", 1, journal.ID{2 + n}, nil); !errors.Is(err, journal.ErrUnknown) {
				t.Error("append of the failed commit:", err)
			}
		})
	}
	callers.Go(func() {
		if _, err := g.Shelf().Put(hurried, "k", nil, journal.Any, 0); !errors.Is(err, journal.ErrUnknown) {
			t.Error("put of the failed commit:", err)
		}
	})
	g.queued(3)
	g.outcome <- nil
	txn := <-g.reached
	if err := txn.Commit(); err != nil { // it landed, and only the answer was lost
		t.Fatal(err)
	}
	g.outcome <- errors.New("input/output error")

	if _, err := g.Append(ctx, "room/r2", 0, journal.ID{4}, nil); !errors.Is(err, journal.ErrUnavailable) {
		t.Error("after the failure:", err)
	}
	if head, err := g.Head(ctx, "room/r1"); head != 1 || err != nil {
		t.Errorf("head: %d, %v", head, err)
	}
	if frames := g.live.take(1, 10); len(frames) != 0 || g.pos.Load() != 1 {
		t.Error("followers were told of it")
	}
	// Whoever it was of the two, it stays open until the next start.
	open := 0
	for n := range byte(2) {
		again := &work{frame: &journal.Frame{Log: "room/r1", Seq: 2, ID: journal.ID{2 + n}}, size: 256, done: make(chan struct{})}
		g.in <- again
		<-again.done
		if errors.Is(again.err, journal.ErrUnknown) {
			open++
		} else if !errors.Is(again.err, journal.ErrUnavailable) {
			t.Error("asked again:", again.err)
		}
	}
	if open != 1 {
		t.Errorf("%d frames are open", open)
	}
	leave()
	callers.Wait()
	g.shut(t)

	j, err := Open(g.disk.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	landed := 0
	for n := range byte(2) {
		if _, err := j.Append(ctx, "room/r1", 1, journal.ID{2 + n}, nil); err == nil {
			landed++
		}
	}
	if landed != 1 {
		t.Errorf("%d of two landed", landed)
	}
}

func TestACommitRefusedAtTheDoorHappenedForNobody(t *testing.T) {
	t.Parallel()
	g, ctx := openGated(t), context.Background()
	defer g.shut(t)
	answer := make(chan error)
	try := func() { _, err := g.Append(ctx, "room/r1", 0, journal.ID{1}, nil); answer <- err }
	go try()
	<-g.reached
	g.outcome <- badger.ErrBlockedWrites
	if err := <-answer; !errors.Is(err, journal.ErrUnavailable) {
		t.Error("refused:", err)
	}
	go try()
	<-g.reached
	g.outcome <- nil
	if err := <-answer; err != nil {
		t.Error("then:", err)
	}
}

func TestRedactingWhatWasJustAppendedHidesItFromFollowers(t *testing.T) {
	t.Parallel()
	g, ctx := openGated(t), context.Background()
	defer g.shut(t)
	var callers sync.WaitGroup
	callers.Go(func() { g.Shelf().Put(ctx, "k", nil, journal.Any, 0) }) //nolint:errcheck // only keeps the committer busy
	<-g.reached
	callers.Go(func() { g.Append(ctx, "room/r1", 0, journal.ID{1}, []byte("secret")) }) //nolint:errcheck // seen below
	g.queued(1)
	callers.Go(func() {
		if err := g.Redact(ctx, "room/r1", 1, []byte("gone")); err != nil {
			t.Error("redact:", err)
		}
	})
	g.queued(2)
	g.outcome <- nil
	<-g.reached
	g.outcome <- nil
	callers.Wait()
	for step, err := range g.Follow(ctx, 0, nil) {
		if err != nil {
			t.Fatal("follow:", err)
		}
		if step.Frame.Log == "" {
			break
		}
		if !step.Frame.Gone || string(step.Frame.Body) != "gone" {
			t.Errorf("a follower sees %q", step.Frame.Body)
		}
	}
}
