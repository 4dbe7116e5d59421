// Package journaltest is the suite that every engine of a journal must pass. It knows engines by journal.Journal alone: an
// engine hands over how it is opened, and how a frame of it is harmed on disk.
//
// What came back from concurrent calls is written down in a history and judged afterwards. Since a log's order is its frame
// numbers, that is one pass over the log: no search for an order that would explain the answers.
package journaltest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// Engine is what is tested.
type Engine struct {
	// Open opens the journal in dir, or opens it again.
	Open func(t *testing.T, dir string) journal.Journal
	// Lose removes a stored frame, Change changes one byte of it; the journal in dir is closed.
	Lose   func(t *testing.T, dir string, log id.Log, seq journal.Seq)
	Change func(t *testing.T, dir string, log id.Log, seq journal.Seq)
}

// patience is how long something may take that should take no time: it ends a hanging test, it measures nothing.
const patience = 2 * time.Minute

// Run runs the whole suite.
func Run(t *testing.T, e Engine) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Engine)
	}{
		{"ALogHasOneOrderUnder64Writers", oneOrder},
		{"OneOfManyRacingAppendsWins", oneWinner},
		{"AppendIsIdempotentAtAnyAge", idempotent},
		{"AnOpenOutcomeIsLandedOrNever", openOutcomes},
		{"RefusedNeverAppears", refused},
		{"AFrameIsAllOrNothing", atomic},
		{"LogsAndHeadsAreWhatWasAppended", logsAndHeads},
		{"ReadBeginsAndEndsWhereAsked", readRanges},
		{"AfterReopeningAllIsThere", reopened},
		{"FollowFromAnyCursorIsReadOfEveryLog", followFromAnywhere},
		{"LiveIsReplay", liveIsReplay},
		{"FollowBeatsWhenItHasCaughtUp", beats},
		{"ACursorOfAnotherJournalIsRefused", foreignCursors},
		{"ACrashedViewEndsAsAnUncrashedOne", crashedViews},
		{"RedactKeepsDensityAndChain", redact},
		{"AFollowerSeesWhatWasRedacted", redactFollowed},
		{"DamageIsNeverSkipped", damage},
		{"ASnapshotIsOfOneMoment", snapshotOfOneMoment},
		{"ASnapshotHasAllThatFollowDoesNotBring", snapshotHasAll},
		{"WhatIsImportedIsTheSame", importIsTheSame},
		{"ImportRefusesWhatDoesNotFit", importRefuses},
		{"OfRacingPutsOneWins", shelfRaces},
		{"CountersByRevLoseNothing", shelfCounters},
		{"DeletedIsUnreadableAndItsRevNeverReturns", shelfDeleted},
		{"TheShelfListsByPrefixInOrder", shelfLists},
		{"TimeToLiveIsKeptAndNotCutShort", shelfTTL},
		{"LimitsLeaveNothingBehind", limits},
		{"CancelledCallsLeaveNothingBehind", cancelled},
		{"AfterCloseNothingWorks", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, e)
		})
	}
}

// lab is a journal under test that can be closed and opened again.
type lab struct {
	*testing.T
	engine Engine
	dir    string
	ctx    context.Context
	journal.Journal
}

func newLab(t *testing.T, e Engine) *lab {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	l := &lab{T: t, engine: e, dir: t.TempDir(), ctx: ctx}
	l.Journal = e.Open(t, l.dir)
	t.Cleanup(func() {
		l.Journal.Close() //nolint:errcheck // a test may have closed it
		cancel()
	})
	return l
}

func (l *lab) shut() {
	l.Helper()
	if err := l.Journal.Close(); err != nil {
		l.Fatal("close:", err)
	}
}

func (l *lab) reopen() {
	l.Helper()
	l.shut()
	l.Journal = l.engine.Open(l.T, l.dir)
}

func newID() (name journal.ID) {
	rand.Read(name[:]) //nolint:errcheck // never fails
	return name
}

func logName(n int) id.Log { return id.Log(fmt.Sprintf("room/r%d", n)) }

// appends adds a frame that must be accepted.
func (l *lab) appends(log id.Log, after journal.Seq, name journal.ID, body string) {
	l.Helper()
	seq, err := l.Append(l.ctx, log, after, name, []byte(body))
	if err != nil || seq != after+1 {
		l.Fatalf("append to %s after %d: %d, %v", log, after, seq, err)
	}
}

// fill gives a log n frames, and returns them.
func (l *lab) fill(log id.Log, n int) []journal.Frame {
	l.Helper()
	for seq := range journal.Seq(n) {
		l.appends(log, seq, newID(), fmt.Sprintf("%s frame %d", log, seq+1))
	}
	return l.reads(log)
}

// reads is a whole log, whose density and chain it checks itself.
func (l *lab) reads(log id.Log) []journal.Frame {
	l.Helper()
	frames, err := l.readUntil(log)
	if err != nil {
		l.Fatalf("read %s: %v", log, err)
	}
	return frames
}

// readUntil is a log up to its end or its first error.
func (l *lab) readUntil(log id.Log) (frames []journal.Frame, err error) {
	l.Helper()
	for f, err := range l.Read(l.ctx, log, 0, 0) {
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
	l.chained(log, frames)
	return frames, nil
}

// chained checks what a reader may rely on, without relying on the engine. A redacted frame's hash is known to the engine
// alone.
func (l *lab) chained(log id.Log, frames []journal.Frame) {
	l.Helper()
	for i := range frames {
		f := &frames[i]
		if f.Log != log || f.Seq != journal.Seq(i)+1 {
			l.Fatalf("frame %d of %s is %s %d", i+1, log, f.Log, f.Seq)
		}
		if i == 0 && f.Prev != (journal.Hash{}) {
			l.Fatalf("%s begins with a predecessor", log)
		}
		if i > 0 && !frames[i-1].Gone && f.Prev != frames[i-1].Hash() {
			l.Fatalf("%s %d does not name the one before", log, f.Seq)
		}
	}
}

// same tells whether two frames are the same.
func same(a, b journal.Frame) bool {
	return a.Log == b.Log && a.Seq == b.Seq && a.ID == b.ID && a.Prev == b.Prev && a.Gone == b.Gone && string(a.Body) == string(b.Body)
}

func (l *lab) sameFrames(what string, got, want []journal.Frame) {
	l.Helper()
	if len(got) != len(want) {
		l.Fatalf("%s: %d frames, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !same(got[i], want[i]) {
			l.Fatalf("%s: frame %d is %+v, want %+v", what, i, got[i], want[i])
		}
	}
}

func isConflict(err error) bool {
	var c *journal.Conflict
	return errors.As(err, &c)
}

func isDamaged(err error) bool {
	var d *journal.Damaged
	return errors.As(err, &d)
}

// history is who was told what.
type history struct {
	mu      sync.Mutex
	acked   map[journal.ID]journal.Frame
	refused map[journal.ID]error
}

func newHistory() *history {
	return &history{acked: map[journal.ID]journal.Frame{}, refused: map[journal.ID]error{}}
}

func (h *history) note(log id.Log, seq journal.Seq, name journal.ID, body string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.refused[name] = err
		return
	}
	h.acked[name] = journal.Frame{Log: log, Seq: seq, ID: name, Body: []byte(body)}
}

// judge compares the logs with what was said: each acknowledged frame once and where it was said to be, no refused one, and
// nothing that nobody appended.
func (h *history) judge(l *lab, logs ...id.Log) {
	l.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	found := 0
	for _, log := range logs {
		for _, f := range l.reads(log) {
			said, ok := h.acked[f.ID]
			if !ok {
				l.Fatalf("%s %d was never acknowledged (%v)", log, f.Seq, h.refused[f.ID])
			}
			if said.Log != log || said.Seq != f.Seq || string(said.Body) != string(f.Body) {
				l.Fatalf("%s %d was acknowledged as %s %d %q, is %q", log, f.Seq, said.Log, said.Seq, said.Body, f.Body)
			}
			found++
		}
	}
	if found != len(h.acked) {
		l.Fatalf("%d frames are there, %d were acknowledged", found, len(h.acked))
	}
}

// checks is what journal.Check finds: the sums, and the damage.
func (l *lab) checks() (logs int, sum journal.Checked, damaged []journal.Damaged) {
	l.Helper()
	err := journal.Check(l.ctx, l, func(c journal.Checked) {
		logs++
		sum.Frames += c.Frames
		sum.Gone += c.Gone
		sum.Bytes += c.Bytes
		if c.Damage != nil {
			damaged = append(damaged, *c.Damage)
		}
	})
	if err != nil {
		l.Fatal("check:", err)
	}
	return logs, sum, damaged
}
