package journaltest

import (
	"errors"
	"strings"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
)

func redact(t *testing.T, e Engine) {
	l := newLab(t, e)
	log := logName(1)
	before := l.fill(log, 9)
	for _, seq := range []journal.Seq{1, 4, 5} {
		if err := l.Redact(l.ctx, log, seq, []byte("gone")); err != nil {
			t.Fatal("redact:", err)
		}
	}
	if err := l.Redact(l.ctx, log, 4, nil); err != nil { // even more of it
		t.Fatal("redact again:", err)
	}
	check := func(n int) {
		t.Helper()
		frames := l.reads(log)
		if len(frames) != n {
			t.Fatalf("%d frames, want %d", len(frames), n)
		}
		for i, was := range before {
			f := frames[i]
			if f.Seq != was.Seq || f.ID != was.ID || f.Prev != was.Prev {
				t.Errorf("frame %d lost its place: %+v", i+1, f)
			}
			switch f.Seq {
			case 1, 5:
				if !f.Gone || string(f.Body) != "gone" {
					t.Errorf("frame %d: %q, gone %v", f.Seq, f.Body, f.Gone)
				}
			case 4:
				if !f.Gone || len(f.Body) != 0 {
					t.Errorf("frame 4: %q, gone %v", f.Body, f.Gone)
				}
			default:
				if f.Gone || string(f.Body) != string(was.Body) {
					t.Errorf("frame %d changed with its neighbours", f.Seq)
				}
			}
			// Reading may begin right behind a redacted frame.
			for f, err := range l.Read(l.ctx, log, was.Seq, 1) {
				if err != nil || f.Seq != was.Seq+1 {
					t.Errorf("behind %d: %d, %v", was.Seq, f.Seq, err)
				}
			}
		}
	}
	check(9)
	l.appends(log, 9, newID(), "after it")
	check(10)
	l.appends(log, 3, before[3].ID, string(before[3].Body)) // still the answer to its writer
	l.reopen()
	check(10)
	l.appends(log, 10, newID(), "later")
	check(11)
	for _, seq := range []journal.Seq{0, 12, 99} {
		if err := l.Redact(l.ctx, log, seq, nil); !errors.Is(err, journal.ErrAbsent) {
			t.Errorf("redact %d: %v", seq, err)
		}
	}
	if err := l.Redact(l.ctx, log, 2, make([]byte, journal.MaxBody+1)); !errors.Is(err, journal.ErrTooLarge) {
		t.Error("redact with a large body:", err)
	}
	check(11)
	if _, sum, damaged := l.checks(); sum.Gone != 3 || sum.Frames != 11 || damaged != nil {
		t.Errorf("check: %+v, %v", sum, damaged)
	}
}

func redactFollowed(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.fill(logName(1), 6)
	l.fill(logName(2), 6)
	check := func(want int) {
		t.Helper()
		frames, _ := collect(l.replay(nil))
		gone := 0
		for _, f := range frames {
			if strings.Contains(string(f.Body), "frame 3") {
				t.Errorf("%s %d still says it", f.Log, f.Seq)
			}
			if f.Gone {
				gone++
			}
		}
		if gone != want || len(frames) != 12 {
			t.Errorf("%d of %d frames are gone", gone, len(frames))
		}
		l.isEveryLog("follow", frames)
	}
	for _, log := range []id.Log{logName(1), logName(2)} {
		if err := l.Redact(l.ctx, log, 3, nil); err != nil {
			t.Fatal("redact:", err)
		}
	}
	check(2)
	l.reopen()
	check(2)
}

func damage(t *testing.T, e Engine) {
	const frames, whole = 300, 5
	for _, harm := range []struct {
		name string
		do   func(*testing.T, string, id.Log, journal.Seq)
		seq  journal.Seq
		gone bool // the frame was redacted before
	}{
		{"the first is lost", e.Lose, 1, false},
		{"one is lost", e.Lose, 150, false},
		{"the last is lost", e.Lose, frames, false},
		{"the first is changed", e.Change, 1, false},
		{"one is changed", e.Change, 150, false},
		{"a redacted one is changed", e.Change, 150, true},
		{"the last is changed", e.Change, frames, false},
	} {
		t.Run(strings.ReplaceAll(harm.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, e)
			hurt, sound := logName(1), logName(2)
			l.fill(sound, whole)
			all := l.fill(hurt, frames)
			if harm.gone {
				if err := l.Redact(l.ctx, hurt, harm.seq, []byte("redacted")); err != nil {
					t.Fatal("redact:", err)
				}
			}
			l.shut()
			harm.do(t, l.dir, hurt, harm.seq)
			l.Journal = e.Open(t, l.dir)

			got, err := l.readUntil(hurt)
			var d *journal.Damaged
			if !errors.As(err, &d) || d.Log != hurt || d.Seq != harm.seq {
				t.Fatalf("read: %v after %d frames", err, len(got))
			}
			l.sameFrames("what stands before the damage", got, all[:harm.seq-1])
			followHurt(l, hurt, harm.seq)
			for _, after := range []journal.Seq{harm.seq - 1, frames - 1, frames} {
				// Never another frame where one was acknowledged. Behind an undamaged end appending may go on.
				_, err := l.Append(l.ctx, hurt, after, newID(), []byte("history written anew"))
				if !isDamaged(err) && !isConflict(err) && (after != frames || harm.seq == frames) {
					t.Errorf("append after %d: %v", after, err)
				}
			}
			if got := l.reads(sound); len(got) != whole {
				t.Errorf("the sound log has %d frames", len(got))
			}
			l.appends(sound, whole, newID(), "goes on")
			if _, _, damaged := l.checks(); len(damaged) != 1 || damaged[0] != (journal.Damaged{Log: hurt, Seq: harm.seq}) {
				t.Errorf("check: %v", damaged)
			}
		})
	}
}

// followHurt checks that a follower is told, and has had nothing of the log from the damage on.
func followHurt(l *lab, hurt id.Log, seq journal.Seq) {
	l.Helper()
	for step, err := range l.Follow(l.ctx, 0, nil) {
		if isDamaged(err) {
			return
		}
		if err != nil {
			l.Fatal("follow:", err)
		}
		if step.Frame.Log == hurt && step.Frame.Seq >= seq {
			l.Fatalf("follow yields %d, damaged is %d", step.Frame.Seq, seq)
		}
		if step.Frame.Log == "" {
			l.Fatal("a follower caught up with a damaged log")
		}
	}
}
