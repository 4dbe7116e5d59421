package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/long"
)

// cabinet is a log on a real journal, with a clock and a disk that the test moves.
// roomy is a disk with room for all but a ballast, bytes.
const roomy = 64 << 20

type cabinet struct {
	*Log
	t    *testing.T
	dir  string
	j    *local.Journal
	now  atomic.Int64
	free atomic.Int64
}

func newCabinet(t *testing.T) *cabinet {
	c := &cabinet{t: t, dir: filepath.Join(t.TempDir(), "log")}
	c.now.Store(time.Date(2026, 3, 6, 10, 0, 0, 0, time.UTC).UnixMilli())
	c.free.Store(roomy)
	c.open()
	t.Cleanup(func() { c.shut() })
	return c
}

func (c *cabinet) open() {
	c.t.Helper()
	var err error
	c.j, err = local.Open(c.dir, local.Options{Reserve: 8 << 20, Free: func(string) (int64, error) { return c.free.Load(), nil }})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Log = Open(c.j, Options{Now: func() time.Time { return time.UnixMilli(c.now.Load()) }, Zone: time.UTC, Log: slog.New(slog.DiscardHandler)})
}

func (c *cabinet) shut() {
	c.t.Helper()
	if err := c.Log.Close(); err != nil {
		c.t.Error(err)
	}
	if err := c.j.Close(); err != nil {
		c.t.Error(err)
	}
}

// fill leaves less than the reserve, and waits until the journal, which asks now and then, knows.
func (c *cabinet) fill() {
	c.t.Helper()
	c.free.Store(2 << 20)
	wait(c.t, func() bool {
		log := id.Room("full").Log()
		head, _ := c.j.Head(c.t.Context(), log)
		_, err := c.j.Append(c.t.Context(), log, head, journal.ID([]byte(rand.Text())[:16]), []byte("{}"))
		return errors.Is(err, journal.ErrNoSpace)
	})
}

func (c *cabinet) skip(d time.Duration) { c.now.Add(d.Milliseconds()) }

// flush writes what is over, as the ticker does.
func (c *cabinet) flush() {
	c.keep(c.t.Context(), c.o.Now().Truncate(time.Minute).UnixMilli())
}

func (c *cabinet) all(w Want) (list []Line) {
	c.t.Helper()
	for w.Limit = max(w.Limit, 1); ; {
		some, before, err := c.Lines(c.t.Context(), w)
		if err != nil {
			c.t.Fatal(err)
		}
		list = append(list, some...)
		if w.Before = before; before == 0 {
			return list
		}
	}
}

func count(list []Line) (n int) {
	for _, l := range list {
		n += l.N
	}
	return n
}

func TestALineStandsForKindSubjectSourceAndMinuteWithACount(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	for range 3 {
		c.Note(SignIn, "failed", "", "t1", "192.0.2.1")
	}
	c.Note(SignIn, "failed", "", "t2", "192.0.2.1")
	c.Note(SignIn, "failed", "", "t1", "192.0.2.2")
	c.Note(Grant, "owner", "padmin", "pzhou", "192.0.2.1")
	c.skip(time.Minute)
	c.Note(SignIn, "failed", "", "t1", "192.0.2.1")
	for range 2 { // before it is written, and after
		list := c.all(Want{})
		if len(list) != 5 || count(list) != 7 || list[0].N != 1 || list[0].At-list[1].At != 60_000 {
			t.Fatalf("%+v", list)
		}
		if some := c.all(Want{Kind: Grant}); len(some) != 1 || some[0].By != "padmin" || some[0].Subject != "pzhou" || some[0].What != "owner" {
			t.Errorf("%+v", some)
		}
		c.flush()
	}
	if head, err := c.j.Head(t.Context(), "audit/2026-03"); head != 1 || err != nil {
		t.Errorf("head %d, %v: a minute that is not over is not written", head, err)
	}
}

func TestAFullDiskStopsNoNoteAndLosesNone(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.fill()
	for i := range 50 {
		c.Note(SignIn, "failed", "", fmt.Sprint("t", i), "192.0.2.1")
		c.Note(SignIn, "failed", "", fmt.Sprint("t", i), "192.0.2.1")
	}
	c.skip(2 * time.Minute)
	c.flush()
	if head, _ := c.j.Head(t.Context(), "audit/2026-03"); head != 0 || count(c.all(Want{})) != 100 {
		t.Fatalf("head %d, %d noted", head, count(c.all(Want{})))
	}
	c.free.Store(roomy)
	wait(t, func() bool { c.flush(); head, _ := c.j.Head(t.Context(), "audit/2026-03"); return head > 0 })
	if list := c.all(Want{}); len(list) != 50 || count(list) != 100 || len(c.pending()) != 0 {
		t.Errorf("%d lines of %d, %d wait", len(list), count(list), len(c.pending()))
	}
}

func TestAFloodIsCountedInBoundedMemoryAndLines(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.fill()
	const n = 60_000
	var work sync.WaitGroup
	for w := range 4 {
		work.Go(func() {
			for i := range n / 4 {
				c.Note(SignIn, fmt.Sprint("failed", i%7), "", fmt.Sprint("t", w, "-", i), fmt.Sprint("192.0.2.", i%250))
			}
		})
	}
	work.Wait()
	c.Note(Grant, "owner", "padmin", "pzhou", "192.0.2.1") // which a flood of something else does not hide
	if waiting := len(c.pending()); waiting > perHour+10 {
		t.Errorf("%d lines wait", waiting)
	}
	for day := range 60 { // and it goes on while the disk is full
		c.skip(time.Hour)
		for i := range 2 * perHour {
			c.Note(SignIn, "failed", "", fmt.Sprint("d", day, "-", i), "192.0.2.1")
		}
	}
	if waiting := len(c.pending()); waiting > mostWaiting+60*len(Kinds) {
		t.Errorf("%d lines wait", waiting)
	}
	c.free.Store(roomy)
	c.skip(time.Hour)
	wait(t, func() bool { c.flush(); return len(c.pending()) == 0 })
	list := c.all(Want{Limit: 1000})
	if total := count(list); total != n+1+60*2*perHour {
		t.Errorf("%d were counted", total)
	}
	if some := c.all(Want{Kind: Grant}); len(some) != 1 || some[0].Subject != "pzhou" {
		t.Errorf("the grant: %+v", some)
	}
}

func TestItIsThereAfterARestartAndEachMonthHasALogOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.Note(Setting, "policy.set", "padmin", "r1", "192.0.2.1")
	c.shut()
	c.open()
	c.Note(Setting, "policy.set", "padmin", "r1", "192.0.2.1") // in the same minute
	if list := c.all(Want{}); len(list) != 1 || list[0].N != 2 {
		t.Errorf("one line is one line: %+v", list)
	}
	c.skip(30 * 24 * time.Hour)
	c.Note(Export, "doors.xlsx", "padmin", "r1", "192.0.2.1")
	c.skip(time.Minute)
	c.flush()
	c.shut()
	c.open()
	if months, err := c.Months(t.Context()); err != nil || len(months) != 2 || months[0] != "2026-04" || months[1] != "2026-03" {
		t.Errorf("months %v, %v", months, err)
	}
	if list := c.all(Want{Month: "2026-03"}); len(list) != 1 || list[0].N != 2 {
		t.Errorf("march: %+v", list)
	}
	if list := c.all(Want{}); len(list) != 1 || list[0].Kind != Export {
		t.Errorf("april: %+v", list)
	}
	for _, odd := range []string{"2026-13", "../office", "main"} {
		if list := c.all(Want{Month: odd}); len(list) != 0 {
			t.Errorf("%s: %+v", odd, list)
		}
	}
	if f := firstBody(t, c); !bytes.Contains(f, []byte(`"kind":"setting"`)) {
		t.Errorf("it is legible: %s", f)
	}
}

func firstBody(t *testing.T, c *cabinet) []byte {
	t.Helper()
	for f, err := range c.j.Read(context.Background(), id.Log("audit/2026-03"), 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		return f.Body
	}
	return nil
}

func wait(t *testing.T, so func() bool) {
	t.Helper()
	long.Wait(t, "the disk", so)
}
