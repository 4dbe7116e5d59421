package local_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/long"
)

// disk is one whose free space the test decides.
type disk struct{ free atomic.Int64 }

func (d *disk) open(t *testing.T, dir string, reserve int64) (*local.Journal, error) {
	j, err := local.Open(dir, local.Options{
		Reserve: reserve, Log: logTo(t), Free: func(string) (int64, error) { return d.free.Load(), nil },
	})
	if err == nil {
		t.Cleanup(func() { j.Close() })
	}
	return j, err
}

// opened is a journal with a reserve of 100 MiB on a disk with so many MiB free.
func (d *disk) opened(t *testing.T, dir string, free int64) *local.Journal {
	t.Helper()
	d.free.Store(free << 20)
	j, err := d.open(t, dir, 100<<20)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestBelowTheReserveNothingIsStoredAndReadingGoesOn(t *testing.T) {
	t.Parallel()
	ctx, d := context.Background(), &disk{}
	j := d.opened(t, t.TempDir(), 200)
	store := func(after journal.Seq, name byte) []error {
		_, appendErr := j.Append(ctx, "room/r1", after, journal.ID{name}, []byte("x"))
		_, putErr := j.Shelf().Put(ctx, "k", []byte{name}, journal.Any, 0)
		return []error{appendErr, putErr, j.Redact(ctx, "room/r1", 1, nil), j.Shelf().PutAll(ctx, []journal.Item{{Key: "all"}})}
	}
	for _, err := range store(0, 1) {
		if err != nil {
			t.Fatal("with room:", err)
		}
	}
	d.free.Store(99 << 20)
	eventually(t, "refusal", func() bool { return errors.Is(j.Shelf().Delete(ctx, "none", journal.Any), journal.ErrNoSpace) })
	for n, err := range store(1, 2) {
		if !errors.Is(err, journal.ErrNoSpace) {
			t.Errorf("without room, call %d: %v", n, err)
		}
	}
	if head, err := j.Head(ctx, "room/r1"); head != 1 || err != nil {
		t.Errorf("head: %d, %v", head, err)
	}
	for f, err := range j.Read(ctx, "room/r1", 0, 0) {
		if err != nil || f.Seq != 1 {
			t.Errorf("read: %v, %v", f, err)
		}
	}
	if value, _, err := j.Shelf().Get(ctx, "k"); err != nil || value[0] != 1 {
		t.Errorf("get: %v, %v", value, err)
	}
	d.free.Store(200 << 20)
	eventually(t, "recovery", func() bool { return j.Shelf().Delete(ctx, "none", journal.Any) == nil })
	for _, err := range store(1, 3) {
		if err != nil {
			t.Error("with room again:", err)
		}
	}
}

// eventually asks until it is so; how long that takes is no part of any test.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	long.Wait(t, what, so)
}

func TestAnUnreadableDiskStoresNothing(t *testing.T) {
	t.Parallel()
	j, err := local.Open(t.TempDir(), local.Options{Free: func(string) (int64, error) { return 0, errors.New("no such device") }})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := j.Append(context.Background(), "room/r1", 0, journal.ID{1}, nil); !errors.Is(err, journal.ErrUnavailable) {
		t.Error(err)
	}
}

func TestWithoutAByteLeftWhatIsVitalIsStoredAndNothingElse(t *testing.T) {
	t.Parallel()
	ctx, d := context.Background(), &disk{}
	j := d.opened(t, t.TempDir(), 500)
	d.free.Store(0)
	eventually(t, "refusal", func() bool { return errors.Is(j.Shelf().Delete(ctx, "none", journal.Any), journal.ErrNoSpace) })
	for n := range 3000 {
		if _, err := j.Shelf().Put(journal.Vital(ctx), "k", []byte{byte(n)}, journal.Any, 0); err != nil {
			t.Fatal("vital:", err)
		}
	}
	if err := j.Shelf().Delete(journal.Vital(ctx), "k", journal.Any); err != nil {
		t.Error("vital:", err)
	}
	if _, err := j.Append(ctx, "room/r1", 0, journal.ID{1}, nil); !errors.Is(err, journal.ErrNoSpace) {
		t.Error("a message:", err)
	}
	if err := j.Ready(); !errors.Is(err, journal.ErrNoSpace) {
		t.Error("ready:", err)
	}
	// Before the write-ahead file is full it ends: another would need room.
	var stopped error
	for n := 0; stopped == nil && n < 200; n++ {
		_, stopped = j.Shelf().Put(journal.Vital(ctx), "k", make([]byte, 200<<10), journal.Any, 0)
	}
	if !errors.Is(stopped, journal.ErrNoSpace) {
		t.Error("without end:", stopped)
	}
	d.free.Store(500 << 20)
	eventually(t, "recovery", func() bool { return j.Shelf().Delete(ctx, "none", journal.Any) == nil })
}

func TestAReserveOfNothingReservesNothing(t *testing.T) {
	t.Parallel()
	d := &disk{}
	d.free.Store(60 << 20)
	j, err := d.open(t, t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(context.Background(), "room/r1", 0, journal.ID{1}, nil); err != nil || j.Ready() != nil {
		t.Error(err, j.Ready())
	}
	// With less than the database itself needs what is said is stored as long as it fits, and whoever watches over the disk is told.
	d.free.Store(30 << 20)
	if _, err := j.Append(context.Background(), "room/r1", 1, journal.ID{2}, nil); err != nil || !errors.Is(j.Ready(), journal.ErrNoSpace) {
		t.Error(err, j.Ready())
	}
}

func TestADiskThatIsNearlyFullIsOpenedForReading(t *testing.T) {
	t.Parallel()
	ctx, d, dir := context.Background(), &disk{}, t.TempDir()
	j := d.opened(t, dir, 500)
	if _, err := j.Append(ctx, "room/r1", 0, journal.ID{1}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j = d.opened(t, dir, 2)
	for f, err := range j.Read(ctx, "room/r1", 0, 0) {
		if err != nil || string(f.Body) != "x" {
			t.Errorf("read: %v, %v", f, err)
		}
	}
	if _, err := j.Append(ctx, "room/r1", 1, journal.ID{2}, nil); !errors.Is(err, journal.ErrNoSpace) {
		t.Error("append:", err)
	}
	if _, err := j.Shelf().Put(journal.Vital(ctx), "dev/d1", nil, journal.Any, 0); err != nil {
		t.Error("sign-in:", err)
	}
}

// The advice is to be enough, whatever it says.
func TestADiskTooFullToStartSaysHowMuchIsNeededAndTheBallastWhereItIsEnough(t *testing.T) {
	t.Parallel()
	d, dir := &disk{}, t.TempDir()
	ballast := filepath.Join(dir, "ballast")
	if _, err := d.open(t, dir, 100<<20); !errors.Is(err, journal.ErrNoSpace) || !strings.Contains(err.Error(), "2 are needed") || strings.Contains(err.Error(), ballast) {
		t.Error("without ballast:", err)
	}
	if err := os.WriteFile(ballast, make([]byte, 64<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.open(t, dir, 100<<20); !errors.Is(err, journal.ErrNoSpace) || !strings.Contains(err.Error(), ballast+" may be deleted") {
		t.Error("with it:", err)
	}
	d.free.Store(64 << 20)
	if _, err := d.open(t, dir, 100<<20); err != nil {
		t.Error("as advised:", err)
	}
}

func TestBallastIsKeptWhereThereIsPlentyOfRoom(t *testing.T) {
	t.Parallel()
	d, dir := &disk{}, t.TempDir()
	ballast := filepath.Join(dir, "ballast")
	reopen := func(free int64) { d.opened(t, dir, free).Close() }
	reopen(200)
	if _, err := os.Stat(ballast); err == nil {
		t.Error("ballast took what was left")
	}
	if err := os.WriteFile(ballast, nil, 0o600); err != nil { // as a start that was killed leaves it
		t.Fatal(err)
	}
	reopen(100 << 10)
	if at, err := os.Stat(ballast); err != nil || at.Size() != 64<<20 {
		t.Errorf("ballast: %v, %v", at, err)
	}
	if err := os.Remove(ballast); err != nil { // as an operator does
		t.Fatal(err)
	}
	reopen(120)
	if _, err := os.Stat(ballast); err == nil {
		t.Error("ballast came back at once")
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).Close()
	j := open(t, dir)
	defer j.Close()
	if _, err := local.Open(dir, local.Options{}); err == nil || !strings.Contains(err.Error(), "data folder in use") || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}
