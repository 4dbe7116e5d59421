package local_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

const (
	lostLogs   = 12
	lostFrames = 40
	lostKeys   = 600
)

func value(n int) string { return fmt.Sprintf("what the register knows of %d, sealed %x", n, n*n*7919) }

// town is a closed journal with logs and a shelf.
func town(t *testing.T) (dir string) {
	t.Helper()
	dir = written(t, lostLogs, lostFrames)
	j := open(t, dir)
	for n := range lostKeys {
		if _, err := j.Shelf().Put(context.Background(), fmt.Sprintf("reg/p%04d", n), []byte(value(n)), journal.Any, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ballast", "margin"} {
		os.Remove(filepath.Join(dir, name)) //nolint:errcheck // it would only be copied around
	}
	return dir
}

// A bit turns anywhere. The journal says which file it is and does not open, or it opens: then what is read is what was written, what is lost is
// named, with its file, and what is absent was never there.
func TestAFlippedBitIsNeverTakenForAbsence(t *testing.T) {
	t.Parallel()
	dir := town(t)
	tables, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	chance := rand.New(rand.NewPCG(11, 12))
	refused, unreadable, damaged := 0, 0, 0
	for range 40 {
		scratch := t.TempDir()
		if err := os.CopyFS(scratch, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(scratch, filepath.Base(tables[chance.IntN(len(tables))]))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := chance.IntN(len(b)), byte(1)<<chance.IntN(8)
		where := fmt.Sprintf("%s byte %d bit %x", filepath.Base(path), at, bit)
		b[at] ^= bit
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for start := range 2 { // the second start has not forgotten what the first put aside
			j, err := local.Open(scratch, local.Options{})
			if err != nil {
				if !strings.Contains(err.Error(), filepath.Base(path)) || !strings.Contains(err.Error(), "Put back") {
					t.Errorf("%s: refused with %v", where, err)
				}
				refused++
				break
			}
			u, d := reads(t, j, where)
			if start == 1 {
				unreadable, damaged = unreadable+u, damaged+d
			}
			if err := j.Close(); err != nil {
				t.Error(where, err)
			}
		}
	}
	if unreadable == 0 || damaged == 0 {
		t.Errorf("%d values unreadable, %d logs damaged: the flips hit nothing", unreadable, damaged)
	}
	t.Logf("%d starts refused, %d values unreadable, %d logs damaged", refused, unreadable, damaged)
}

// reads reads everything and counts what is said to be lost.
func reads(t *testing.T, j *local.Journal, where string) (unreadable, damaged int) {
	t.Helper()
	ctx := context.Background()
	for n := range lostKeys {
		b, _, err := j.Shelf().Get(ctx, fmt.Sprintf("reg/p%04d", n))
		switch {
		case errors.Is(err, journal.ErrUnreadable):
			unreadable++
		case err != nil || string(b) != value(n):
			t.Errorf("%s: value %d: %q, %v", where, n, b, err)
		}
	}
	listed, said := 0, false
	for item, err := range j.Shelf().List(ctx, "reg/") {
		if errors.Is(err, journal.ErrUnreadable) {
			said = true
		} else if err != nil || item.Key == "" {
			t.Error(where, err)
		}
		if err == nil {
			listed++
		}
	}
	if listed+unreadable != lostKeys || unreadable > 0 && !said {
		t.Errorf("%s: %d listed, %d unreadable, said: %v", where, listed, unreadable, said)
	}
	if _, _, err := j.Shelf().Get(ctx, "aaa"); !errors.Is(err, journal.ErrAbsent) && !(said && errors.Is(err, journal.ErrUnreadable)) {
		t.Errorf("%s: what never was: %v", where, err)
	}
	frames := map[id.Log]int{}
	bad := map[id.Log]bool{}
	for n := range lostLogs {
		log := id.Log(fmt.Sprint("room/r", n))
		seen := 0
		for f, err := range j.Read(ctx, log, 0, 0) {
			var d *journal.Damaged
			if errors.As(err, &d) {
				if d.Log != log || d.File == "" {
					t.Errorf("%s: %v", where, err)
				}
				bad[log] = true
				damaged++
				break
			}
			if err != nil || string(f.Body) != fmt.Sprintf("%d in %s", f.Seq-1, log) {
				t.Errorf("%s: %s %d says %q, %v", where, log, f.Seq, f.Body, err)
			}
			seen++
		}
		if frames[log] = seen; !bad[log] && seen != lostFrames {
			t.Errorf("%s: %s has %d frames without a word", where, log, seen)
		}
		if got := j.Sound(ctx, log); (got != nil) != bad[log] {
			t.Errorf("%s: sound: %v", where, got)
		}
	}
	followed := map[id.Log]map[journal.Seq]bool{}
	for step, err := range j.Follow(ctx, 0, nil) {
		var d *journal.Damaged
		if errors.As(err, &d) && d.Log != "" {
			bad[d.Log] = true
			continue // the others go on
		}
		if err != nil {
			t.Errorf("%s: follow: %v", where, err)
			break
		}
		if step.Frame.Log == "" {
			break
		}
		if followed[step.Frame.Log] == nil {
			followed[step.Frame.Log] = map[journal.Seq]bool{}
		}
		followed[step.Frame.Log][step.Frame.Seq] = true
	}
	for n := range lostLogs {
		if log := id.Log(fmt.Sprint("room/r", n)); !bad[log] && len(followed[log]) < lostFrames {
			t.Errorf("%s: %d frames of %s were followed", where, len(followed[log]), log)
		}
	}
	return unreadable, damaged
}
