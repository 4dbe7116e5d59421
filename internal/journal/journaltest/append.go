package journaltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
)

// write appends n frames to the end of a log that others write to as well, and notes each answer.
func write(l *lab, h *history, log id.Log, who, n int) {
	after, err := l.Head(l.ctx, log)
	if err != nil {
		l.Error("head:", err)
		return
	}
	for i := 0; i < n; {
		name, body := newID(), fmt.Sprintf("%d says %d", who, i)
		seq, err := l.Append(l.ctx, log, after, name, []byte(body))
		h.note(log, seq, name, body, err)
		var conflict *journal.Conflict
		switch {
		case errors.As(err, &conflict):
			if conflict.Head <= after {
				l.Errorf("conflict after %d names head %d", after, conflict.Head)
				return
			}
			after = conflict.Head
		case err != nil:
			l.Error("append:", err)
			return
		default:
			after, i = seq, i+1
		}
	}
}

func oneOrder(t *testing.T, e Engine) {
	l, h := newLab(t, e), newHistory()
	var logs []id.Log
	var writers sync.WaitGroup
	for n := range 4 {
		logs = append(logs, logName(n))
	}
	for who := range 64 {
		writers.Go(func() { write(l, h, logs[who%len(logs)], who, 20) })
	}
	// Whoever reads meanwhile reads the beginning of what is there in the end.
	seen := make([][]journal.Frame, len(logs))
	for n, log := range logs {
		writers.Go(func() {
			for len(seen[n]) < 200 && l.ctx.Err() == nil && !t.Failed() {
				frames, err := l.readUntil(log)
				if err != nil {
					t.Error("read:", err)
					return
				}
				seen[n] = frames
			}
		})
	}
	writers.Wait()
	h.judge(l, logs...)
	for n, log := range logs {
		all := l.reads(log)
		if len(all) != 16*20 {
			t.Errorf("%s has %d frames", log, len(all))
		}
		l.sameFrames("what a reader saw", seen[n], all[:len(seen[n])])
	}
}

func oneWinner(t *testing.T, e Engine) {
	l, h := newLab(t, e), newHistory()
	log := logName(1)
	for after := range journal.Seq(20) {
		var racers sync.WaitGroup
		for who := range 16 {
			racers.Go(func() {
				name, body := newID(), fmt.Sprint(who)
				seq, err := l.Append(l.ctx, log, after, name, []byte(body))
				if err != nil && !isConflict(err) {
					t.Error("append:", err)
				}
				h.note(log, seq, name, body, err)
			})
		}
		racers.Wait()
		if len(h.acked) != int(after)+1 {
			t.Fatalf("%d winners in %d races", len(h.acked), after+1)
		}
	}
	h.judge(l, log)
	if _, err := l.Append(l.ctx, log, 25, newID(), nil); !isConflict(err) {
		t.Errorf("an append behind the end: %v", err)
	}
	if _, err := l.Append(l.ctx, log, ^journal.Seq(0), newID(), nil); !isConflict(err) {
		t.Errorf("an append behind the last number there is: %v", err)
	}
}

func idempotent(t *testing.T, e Engine) {
	l := newLab(t, e)
	log, first, third := logName(1), newID(), newID()
	again := func(when string) {
		t.Helper()
		for range 2 {
			l.appends(log, 0, first, "one")
			l.appends(log, 2, third, "three")
		}
		if _, err := l.Append(l.ctx, log, 2, newID(), []byte("three")); !isConflict(err) {
			t.Errorf("%s: the same body under another id: %v", when, err)
		}
	}
	l.appends(log, 0, first, "one")
	l.appends(log, 1, newID(), "two")
	l.appends(log, 2, third, "three")
	again("at once")
	l.appends(log, 3, newID(), "four")

	// At the same time, too: a client that asks again does not wait for its first answer.
	var askers sync.WaitGroup
	fifth := newID()
	for range 8 {
		askers.Go(func() {
			if seq, err := l.Append(l.ctx, log, 4, fifth, []byte("five")); seq != 5 || err != nil {
				t.Errorf("asked eight times at once: %d, %v", seq, err)
			}
		})
	}
	askers.Wait()

	h := newHistory()
	for who := range 64 {
		askers.Go(func() { write(l, h, logName(2+who%63), who, 157) }) // 10,048 frames; two share a log
	}
	askers.Wait()
	again("after 10,000 frames")
	l.reopen()
	again("after a restart")
	if frames := l.reads(log); len(frames) != 5 {
		t.Errorf("%d frames, want 5", len(frames))
	}
}

func openOutcomes(t *testing.T, e Engine) {
	l, h := newLab(t, e), newHistory()
	log := logName(1)
	var writers sync.WaitGroup
	for who := range 8 {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(who)))
			after := journal.Seq(0)
			for i := range 60 {
				name, body := newID(), fmt.Sprintf("%d says %d", who, i)
				ctx, cancel := context.WithCancel(l.ctx)
				go func() {
					for range random.IntN(2000) {
						if ctx.Err() != nil {
							break
						}
					}
					cancel()
				}()
				seq, err := l.Append(ctx, log, after, name, []byte(body))
				<-ctx.Done()
				if errors.Is(err, journal.ErrUnknown) {
					seq, err = l.Append(l.ctx, log, after, name, []byte(body))
				}
				h.note(log, seq, name, body, err)
				if err != nil && !isConflict(err) && !errors.Is(err, journal.ErrUnavailable) {
					t.Errorf("an outcome that is none: %v", err)
				}
				if after, err = l.Head(l.ctx, log); err != nil {
					t.Error("head:", err)
				}
			}
		})
	}
	writers.Wait()
	h.judge(l, log)
	l.reopen()
	h.judge(l, log)
}

func refused(t *testing.T, e Engine) {
	l, h := newLab(t, e), newHistory()
	log := logName(1)
	l.appends(log, 0, newID(), "one")
	l.appends(log, 1, newID(), "two")
	before := l.reads(log)
	ended, end := context.WithCancel(l.ctx)
	end()
	for _, try := range []struct {
		ctx   context.Context
		log   id.Log
		after journal.Seq
		body  string
	}{
		{l.ctx, log, 0, "stale"},
		{l.ctx, log, 7, "ahead"},
		{l.ctx, log, 2, strings.Repeat("x", journal.MaxBody+1)},
		{ended, log, 2, "too late"},
		{l.ctx, "", 0, "no name"},
		{l.ctx, "room", 0, "no id"},
		{l.ctx, "room/", 0, "empty id"},
		{l.ctx, "room/a b", 0, "a space"},
		{l.ctx, "room/a/b", 0, "two slashes"},
		{l.ctx, id.Log("room/" + strings.Repeat("x", 41)), 0, "a long id"},
	} {
		name := newID()
		seq, err := l.Append(try.ctx, try.log, try.after, name, []byte(try.body))
		if err == nil {
			t.Errorf("%.20s was accepted", try.body)
		}
		h.note(try.log, seq, name, try.body, err)
	}
	check := func() {
		t.Helper()
		l.sameFrames("after refusals", l.reads(log), before)
		for step := range l.replay(nil) {
			if _, bad := h.refused[step.Frame.ID]; bad {
				t.Errorf("%s %d was refused", step.Frame.Log, step.Frame.Seq)
			}
		}
	}
	check()
	l.reopen()
	check()
}

// A body of the largest size is whole or not there, whatever else is written around it.
func atomic(t *testing.T, e Engine) {
	l := newLab(t, e)
	var writers sync.WaitGroup
	for who := range 6 {
		writers.Go(func() {
			for seq := range journal.Seq(5) {
				body := strings.Repeat(fmt.Sprintf("%d.%d ", who, seq), 1+rand.IntN(journal.MaxBody/4))
				if seq == 2 {
					body = strings.Repeat("x", journal.MaxBody)
				}
				body = fmt.Sprintf("%d:%s", len(body), body)[:min(journal.MaxBody, len(body)+1)]
				if _, err := l.Append(l.ctx, logName(who), seq, newID(), []byte(body)); err != nil {
					t.Error("append:", err)
					return
				}
			}
		})
	}
	for range 3 {
		writers.Go(func() { write(l, newHistory(), logName(7), 7, 40) })
	}
	count := 0
	followed, stop := context.WithCancel(l.ctx)
	defer stop()
	for step, err := range l.Follow(followed, 0, nil) {
		if err != nil {
			t.Fatal("follow:", err)
		}
		if step.Frame.Log == "" || step.Frame.Log == logName(7) {
			if count == 30 {
				break
			}
			continue
		}
		count++
		stored := l.Read(l.ctx, step.Frame.Log, step.Frame.Seq-1, 1)
		for f, err := range stored {
			if err != nil || !same(f, step.Frame) {
				t.Fatalf("%s %d: %d bytes live, %d bytes read, %v", f.Log, f.Seq, len(step.Frame.Body), len(f.Body), err)
			}
		}
		if count == 30 {
			break
		}
	}
	writers.Wait()
}

func logsAndHeads(t *testing.T, e Engine) {
	l := newLab(t, e)
	want := map[id.Log]journal.Seq{"office/main": 3, "room/r1": 1, "room/r10": 4, "room/r1-a": 2, "room/R1": 1, "case/r1": 2}
	for log, n := range want {
		l.fill(log, int(n))
	}
	check := func() {
		t.Helper()
		got := map[id.Log]int{}
		for shard := range l.Shards() {
			for log, err := range l.Logs(l.ctx, shard) {
				if err != nil {
					t.Fatal("logs:", err)
				}
				got[log]++
			}
		}
		for log, n := range want {
			if head, err := l.Head(l.ctx, log); head != n || err != nil {
				t.Errorf("head of %s is %d, %v, want %d", log, head, err, n)
			}
			if got[log] != 1 {
				t.Errorf("%s is named %d times", log, got[log])
			}
		}
		if len(got) != len(want) {
			t.Errorf("logs: %v", got)
		}
		if head, err := l.Head(l.ctx, "room/none"); head != 0 || err != nil {
			t.Errorf("head of a log that does not exist: %d, %v", head, err)
		}
	}
	check()
	l.reopen()
	check()
}

func readRanges(t *testing.T, e Engine) {
	l := newLab(t, e)
	all := l.fill(logName(1), 20)
	l.fill(logName(11), 3) // a name that begins like the other's
	for _, try := range []struct {
		after      journal.Seq
		limit      int
		from, upTo int
	}{
		{0, 0, 0, 20}, {0, 1, 0, 1}, {0, 20, 0, 20}, {0, 21, 0, 20}, {5, 3, 5, 8}, {19, 0, 19, 20}, {19, 5, 19, 20},
		{20, 0, 20, 20}, {20, 5, 20, 20}, {1000, 0, 20, 20}, {1000, 7, 20, 20},
	} {
		var got []journal.Frame
		for f, err := range l.Read(l.ctx, logName(1), try.after, try.limit) {
			if err != nil {
				t.Fatalf("after %d, %d: %v", try.after, try.limit, err)
			}
			got = append(got, f)
		}
		l.sameFrames(fmt.Sprintf("after %d, %d", try.after, try.limit), got, all[try.from:try.upTo])
	}
	for f, err := range l.Read(l.ctx, "room/none", 0, 0) {
		t.Errorf("a log that does not exist yields %v, %v", f, err)
	}
	n := 0
	for range l.Read(l.ctx, logName(1), 0, 0) { // a reader may leave
		if n++; n == 3 {
			break
		}
	}
}

func reopened(t *testing.T, e Engine) {
	l, h := newLab(t, e), newHistory()
	logs := []id.Log{logName(1), logName(2), logName(3)}
	for round := range 4 {
		var writers sync.WaitGroup
		for who := range 12 {
			writers.Go(func() { write(l, h, logs[who%3], who, 5) })
		}
		writers.Wait()
		key := fmt.Sprint("round/", round)
		if _, err := l.Shelf().Put(l.ctx, key, []byte(key), journal.Absent, 0); err != nil {
			t.Fatal("put:", err)
		}
		l.reopen()
		h.judge(l, logs...)
		for i := range round + 1 {
			key := fmt.Sprint("round/", i)
			if value, _, err := l.Shelf().Get(l.ctx, key); string(value) != key || err != nil {
				t.Errorf("shelf %s after round %d: %q, %v", key, round, value, err)
			}
		}
	}
	if n, sum, damaged := l.checks(); n != len(logs) || sum.Frames != len(h.acked) || damaged != nil {
		t.Errorf("check: %d logs, %+v, %v", n, sum, damaged)
	}
}
