package archive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linli/internal/journal"
	"linli/internal/journal/local"
)

// keeper is one of a town, with a folder of its own.
func (w *town) keeper(dir string, targets ...Target) *Keeper {
	w.Helper()
	if len(targets) == 0 {
		targets = []Target{Folder{w.dir}}
	}
	k, err := NewKeeper(KeeperOptions{
		Dir: dir, Targets: targets, Archive: w.o, Source: w.source(), Keep: Keep{All: 48 * time.Hour, Days: 30, Months: 12, Zone: time.UTC},
		Every: 15 * time.Minute, VerifyAt: 4, Now: w.o.Now, Log: w.o.Log,
		Free: func(string) (int64, error) { return 1 << 40, nil },
		Scratch: func(dir string) (journal.Journal, func() error, error) {
			j, err := local.Open(filepath.Join(dir, "log"), local.Options{Reserve: 1 << 10, Free: func(string) (int64, error) { return 64 << 20, nil }})
			if err != nil {
				return nil, nil, err
			}
			return j, j.Close, nil
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	return k
}

func TestATriedCopyIsSaidToBeTheSame(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	dir := t.TempDir()
	k := w.keeper(dir)
	w.live(9)
	if err := errors.Join(k.Copy(w.ctx, false), k.Verify(w.ctx)); err != nil {
		t.Fatal(err)
	}
	w.live(5) // the office has gone on
	if err := k.Verify(w.ctx); err != nil {
		t.Fatal(err)
	}
	p := w.keeper(dir).Report().Places[0] // as the next start reads it
	v := p.Verified
	if len(p.Copies) != 1 || v == nil || len(v.Wrong) > 0 || v.Was != v.Is || v.Is.Frames != 10 || v.Is.Files != 1 || v.Copy != p.Copies[0].Name {
		t.Errorf("%+v, %+v", p, v)
	}
	if there(filepath.Join(dir, "scratch")) {
		t.Error("the scratch folder is left")
	}
	// A part that rots is found, and said.
	names, err := filepath.Glob(filepath.Join(w.dir, framesD, "*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	b, _ := os.ReadFile(names[0])
	b[len(b)/2] ^= 4
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(w.ctx); err != nil {
		t.Fatal(err)
	}
	if v := k.Report().Places[0].Verified; len(v.Wrong) == 0 || !strings.Contains(strings.Join(v.Wrong, " "), framesD) {
		t.Errorf("%+v", v)
	}
	// The next copy is a whole one, and sound; so with a file.
	sound := func() {
		t.Helper()
		w.at = w.at.Add(time.Hour)
		if err := errors.Join(k.Copy(w.ctx, false), k.Verify(w.ctx)); err != nil {
			t.Fatal(err)
		}
		p := k.Report().Places[0]
		if !p.Copies[len(p.Copies)-1].Whole || len(p.Verified.Wrong) > 0 {
			t.Errorf("%+v", p)
		}
	}
	sound()
	names, err = filepath.Glob(filepath.Join(w.dir, filesD, "*", "*"))
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	if err := os.Truncate(names[0], 1000); err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(w.ctx); err != nil {
		t.Fatal(err)
	}
	if v := k.Report().Places[0].Verified; len(v.Wrong) == 0 || !strings.Contains(v.Wrong[0], filesD) {
		t.Errorf("%+v", v)
	}
	sound()
	w.at = w.at.Add(time.Hour)
	if err := k.Copy(w.ctx, false); err != nil {
		t.Fatal(err)
	}
	if p := k.Report().Places[0]; p.Copies[len(p.Copies)-1].Whole {
		t.Error("whole again, without a reason")
	}
}

// An office that was changed behind the log is not what its copy has.
func TestACopyIsComparedWithTheOffice(t *testing.T) {
	t.Parallel()
	w, other := newTown(t), newTown(t)
	k := w.keeper(t.TempDir())
	w.live(6)
	other.live(6)
	if err := k.Copy(w.ctx, false); err != nil {
		t.Fatal(err)
	}
	k.o.Source.Journal = other.Journal
	if err := k.Verify(w.ctx); err != nil {
		t.Fatal(err)
	}
	if v := k.Report().Places[0].Verified; len(v.Wrong) != 4 {
		t.Errorf("%+v", v)
	}
}

func TestATargetThatIsGoneDoesNotKeepTheOthersFromTheirs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	gone := Folder{filepath.Join(t.TempDir(), "stick")}
	k := w.keeper(t.TempDir(), gone, Folder{w.dir})
	w.live(3)
	if err := k.Copy(w.ctx, false); err == nil {
		t.Error("nothing is said")
	}
	r := k.Report()
	if p := r.Places[0]; p.Last == nil || p.Last.Why != "missing" || len(p.Copies) != 0 {
		t.Errorf("the one that is gone: %+v, %+v", p, p.Last)
	}
	if p := r.Places[1]; p.Last == nil || p.Last.Why != "" || len(p.Copies) != 1 {
		t.Errorf("the other: %+v, %+v", p, p.Last)
	}
	if err := os.Mkdir(gone.Dir, 0o700); err != nil { // it is plugged in
		t.Fatal(err)
	}
	if err := k.Copy(w.ctx, false); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(gone.Dir); err != nil { // and taken out, with the folder under it still there
		t.Fatal(err)
	}
	if err := os.Mkdir(gone.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := k.Copy(w.ctx, false)
	if p := k.Report().Places[0]; !errors.Is(err, ErrEmptied) || p.Last.Why != "emptied" {
		t.Errorf("emptied: %v, %+v", err, p.Last)
	}
}

func TestWhoHasNoRoomForATryIsTold(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.keeper(t.TempDir())
	k.o.Free = func(string) (int64, error) { return 1 << 20, nil }
	w.live(3)
	if err := k.Copy(w.ctx, false); err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(w.ctx); err == nil || !strings.Contains(err.Error(), "have to be free") {
		t.Error(err)
	}
	if v := k.Report().Places[0].Verified; v == nil || len(v.Wrong) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestCopiesAreMadeWhenTheyAreDueAndTriedOnceADay(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	dir := t.TempDir()
	k := w.keeper(dir)
	w.live(3)
	ctx, cancel := context.WithCancel(w.ctx)
	ran := make(chan struct{})
	go func() { k.Run(ctx); close(ran) }()
	await := func(what string, is func(CopyReport) bool) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); !is(k.Report()); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("it hangs, waiting for %s: %+v", what, k.Report())
			}
		}
	}
	await("the first copy, and its try", func(r CopyReport) bool { return r.Places[0].Verified != nil && r.Work == nil })
	if r := k.Report(); r.Next != w.at.Add(15*time.Minute).UnixMilli() {
		t.Errorf("next at %d", r.Next)
	}
	if err := k.Ask("copy"); err != nil {
		t.Fatal(err)
	}
	if err := k.Ask("verify"); !errors.Is(err, ErrBusy) {
		t.Error("asked twice:", err)
	}
	await("the one that was asked for", func(r CopyReport) bool { return len(r.Places[0].Copies) == 2 && r.Work == nil })
	if err := k.Ask("verify"); err != nil {
		t.Fatal(err)
	}
	await("its try", func(r CopyReport) bool { p := r.Places[0]; return p.Verified.Copy == p.Copies[1].Name && r.Work == nil })
	cancel()
	<-ran
	if k.untried() {
		t.Error("it is to be tried twice on one day")
	}
	w.at = w.at.Add(24 * time.Hour)
	if !k.untried() {
		t.Error("on the next day it is not to be tried")
	}
	w.at = w.at.Add(-100 * 24 * time.Hour) // the clock is set back: nothing waits for a time that was
	if next := w.keeper(dir).due(); next.After(w.at) {
		t.Errorf("the next one is due %v, and it is %v", next, w.at)
	}
	if !k.untried() {
		t.Error("with the clock set back nothing is tried")
	}
}

// While a copy is made or tried by hand, the keeper waits, and does not ask again and again.
func TestAKeeperThatIsBusyWaits(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.keeper(t.TempDir())
	end, err := k.begin("verify")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	ran := make(chan struct{})
	go func() { k.Run(ctx); close(ran) }()
	for end := time.Now().Add(2 * time.Minute); k.Report().Next < w.at.UnixMilli() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if r := k.Report(); r.Next != w.at.Add(time.Minute).UnixMilli() || r.Work == nil || r.Work.What != "verify" {
		t.Errorf("next %d, at %+v", r.Next-w.at.UnixMilli(), r.Work)
	}
	cancel()
	<-ran
	end()
}
