package journaltest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
)

// replay is Follow up to the first beat.
func (l *lab) replay(from journal.Cursor) iter.Seq[journal.Step] {
	return func(yield func(journal.Step) bool) {
		l.Helper()
		for step, err := range l.Follow(l.ctx, 0, from) {
			if err != nil {
				l.Fatal("follow:", err)
			}
			if step.Frame.Log == "" || !yield(step) {
				return
			}
		}
		l.Fatal("follow ended before its first beat")
	}
}

func collect(steps iter.Seq[journal.Step]) (frames []journal.Frame, cursors []journal.Cursor) {
	for s := range steps {
		frames, cursors = append(frames, s.Frame), append(cursors, s.Cursor)
	}
	return frames, cursors
}

// byLog sorts frames into their logs, keeping their order.
func byLog(frames []journal.Frame) map[id.Log][]journal.Frame {
	logs := map[id.Log][]journal.Frame{}
	for _, f := range frames {
		logs[f.Log] = append(logs[f.Log], f)
	}
	return logs
}

func (l *lab) isEveryLog(what string, frames []journal.Frame) {
	l.Helper()
	logs := byLog(frames)
	n := 0
	for log, err := range l.Logs(l.ctx, 0) {
		if err != nil {
			l.Fatal("logs:", err)
		}
		n++
		l.sameFrames(what+" of "+string(log), logs[log], l.reads(log))
	}
	if n != len(logs) {
		l.Fatalf("%s: %d logs, want %d", what, len(logs), n)
	}
}

// scatter appends to a few logs in a random order, by one writer each.
func (l *lab) scatter(logs, each int) {
	var writers sync.WaitGroup
	for n := range logs {
		writers.Go(func() { write(l, newHistory(), logName(n), n, each) })
	}
	writers.Wait()
}

func followFromAnywhere(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.scatter(6, 25)
	l.reopen() // nothing of it is in memory any more
	l.scatter(6, 10)
	frames, cursors := collect(l.replay(nil))
	l.isEveryLog("follow", frames)
	check := func(what string) {
		t.Helper()
		for i, cursor := range cursors {
			rest, _ := collect(l.replay(cursor))
			l.sameFrames(fmt.Sprintf("%s: from cursor %d", what, i), rest, frames[i+1:])
		}
	}
	check("with the last ones in memory")
	l.reopen()
	check("from disk")
}

func liveIsReplay(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.scatter(5, 10)
	const all = 5*10 + 5*200
	type followed struct {
		frames  []journal.Frame
		cursors []journal.Cursor
	}
	followers := make([]followed, 4)
	var running sync.WaitGroup
	for n := range followers {
		f := &followers[n]
		running.Go(func() {
			for step, err := range l.Follow(l.ctx, 0, nil) {
				if err != nil {
					t.Error("follow:", err)
					return
				}
				if step.Frame.Log != "" {
					f.frames, f.cursors = append(f.frames, step.Frame), append(f.cursors, step.Cursor)
				}
				if n == 0 && len(f.frames)%50 == 0 { // a slow one, that falls out of what is kept in memory
					for range l.Read(l.ctx, logName(0), 0, 0) {
					}
				}
				if len(f.frames) == all {
					return
				}
			}
		})
	}
	l.scatter(5, 200)
	running.Wait()
	replayed, _ := collect(l.replay(nil))
	l.isEveryLog("replay", replayed)
	for _, f := range followers {
		l.isEveryLog("live", f.frames)
		for log, frames := range byLog(f.frames) {
			l.sameFrames("live and replay", frames, byLog(replayed)[log])
		}
		for _, i := range []int{0, 49, 50, 333, 900, all - 1} {
			rest, _ := collect(l.replay(f.cursors[i]))
			for log, frames := range byLog(rest) {
				live := byLog(f.frames[i+1:])[log]
				l.sameFrames("from a live cursor", frames, live)
			}
			if len(rest) != all-i-1 {
				t.Errorf("from live cursor %d: %d frames", i, len(rest))
			}
		}
	}
}

func beats(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.scatter(2, 3)
	n, seen := 0, 0
	var last journal.Cursor
	for step, err := range l.Follow(l.ctx, 0, nil) {
		if err != nil {
			t.Fatal("follow:", err)
		}
		if step.Frame.Log != "" {
			seen++
			last = step.Cursor
			continue
		}
		n++
		switch n {
		case 1:
			if seen != 6 {
				t.Errorf("the first beat came after %d of 6 frames", seen)
			}
			l.appends(logName(0), 3, newID(), "live")
		case 2:
			// It may have come before the new frame did, or after: then it is behind it.
			if seen == 7 && string(step.Cursor) != string(last) {
				t.Error("a beat's cursor is not the last frame's")
			}
		}
		if n >= 3 && seen == 7 {
			break
		}
	}
	rest, _ := collect(l.replay(last))
	if len(rest) != 0 {
		t.Errorf("%d frames behind the last", len(rest))
	}

	ctx, cancel := context.WithCancel(l.ctx)
	for _, err := range l.Follow(ctx, 0, nil) {
		if err != nil {
			t.Error("a follower that was ended:", err)
		}
		cancel()
	}
	cancel()
}

func foreignCursors(t *testing.T, e Engine) {
	l, other := newLab(t, e), newLab(t, e)
	l.scatter(2, 3)
	other.scatter(2, 3)
	_, cursors := collect(other.replay(nil))
	for _, cursor := range append(cursors, journal.Cursor("nonsense"), journal.Cursor{0}) {
		for step, err := range l.Follow(l.ctx, 0, cursor) {
			if !errors.Is(err, journal.ErrEpoch) {
				t.Fatalf("cursor %x: %v, %v", cursor, step, err)
			}
		}
	}
}

// ledger is a view as those above a journal keep them: what was read and the cursor are saved together.
type ledger struct {
	cursor journal.Cursor
	last   map[id.Log]journal.Seq
	sum    map[id.Log]string
}

func (v *ledger) apply(s journal.Step) error {
	f := &s.Frame
	if f.Seq != v.last[f.Log]+1 {
		return fmt.Errorf("%s: %d follows %d", f.Log, f.Seq, v.last[f.Log])
	}
	v.last[f.Log] = f.Seq
	h := journal.Frame{Log: f.Log, Body: append([]byte(v.sum[f.Log]), f.Body...)}
	hash := h.Hash()
	v.sum[f.Log], v.cursor = string(hash[:]), s.Cursor
	return nil
}

func (v *ledger) copy() *ledger {
	c := &ledger{cursor: v.cursor, last: map[id.Log]journal.Seq{}, sum: map[id.Log]string{}}
	for log := range v.last {
		c.last[log], c.sum[log] = v.last[log], v.sum[log]
	}
	return c
}

func crashedViews(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.scatter(4, 25)
	l.reopen()
	l.scatter(4, 10)
	const all = 4 * 35
	// run follows until all is seen or the crash comes; it returns what was saved.
	run := func(saved *ledger, crashAt, saveEvery int) *ledger {
		v, n := saved.copy(), 0
		for step := range l.replay(v.cursor) {
			if n == crashAt {
				return saved
			}
			if err := v.apply(step); err != nil {
				t.Fatal(err)
			}
			if n++; n%saveEvery == 0 {
				saved = v.copy()
			}
		}
		return v
	}
	want := run(&ledger{}, -1, 1)
	for at := range all {
		v := run(&ledger{}, at, 1+at%9)
		if at%7 == 0 { // and once more, soon after
			v = run(v, at%5, 3)
		}
		v = run(v, -1, 10)
		for log, sum := range want.sum {
			if v.sum[log] != sum || v.last[log] != want.last[log] {
				t.Fatalf("crashed at %d: %s differs", at, log)
			}
		}
	}

	// The same while frames come, with the journal opened anew in between.
	v := &ledger{}
	for round := range 5 {
		var writers sync.WaitGroup
		writers.Go(func() { l.scatter(4, 10) })
		v = run(v, 20+rand.IntN(30), 1+round)
		writers.Wait()
		l.reopen()
	}
	v, want = run(v, -1, 1), run(&ledger{}, -1, 1)
	for log, sum := range want.sum {
		if v.sum[log] != sum {
			t.Errorf("%s differs", log)
		}
	}
}
