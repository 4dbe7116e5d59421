package local_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

// written is a closed journal of a few logs.
func written(t *testing.T, logs, frames int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	j := open(t, dir)
	for n := range frames {
		for log := range logs {
			name := id.Log(fmt.Sprint("room/r", log))
			if _, err := j.Append(context.Background(), name, journal.Seq(n), journal.ID{byte(n), byte(log)}, fmt.Appendf(nil, "%d in %s", n, name)); err != nil {
				t.Fatal("append:", err)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal("close:", err)
	}
	os.Remove(filepath.Join(dir, "ballast")) //nolint:errcheck // it would only be copied around
	return dir
}

// check is what Check finds: frames, and the damage.
func check(t *testing.T, j journal.Journal) (frames int, damaged []journal.Damaged) {
	t.Helper()
	err := journal.Check(context.Background(), j, func(c journal.Checked) {
		frames += c.Frames
		if c.Damage != nil {
			damaged = append(damaged, *c.Damage)
		}
	})
	if err != nil {
		t.Fatal("check:", err)
	}
	return frames, damaged
}

func TestAChangedBitAnywhereInAFrameIsNoticed(t *testing.T) {
	t.Parallel()
	dir := written(t, 1, 3)
	const size = 2 + 16 + 16 + 16 + len("1 in room/r0")
	for at := 0; at < size; at += 3 {
		change(t, dir, "room/r0", 2, at)
		j := open(t, dir)
		if frames, damaged := check(t, j); frames != 1 || len(damaged) != 1 || damaged[0].Seq != 2 {
			t.Errorf("byte %d: %d frames, %v", at, frames, damaged)
		}
		j.Close()
		change(t, dir, "room/r0", 2, at) // back
	}
	j := open(t, dir)
	defer j.Close()
	if frames, damaged := check(t, j); frames != 3 || damaged != nil {
		t.Errorf("healed: %d frames, %v", frames, damaged)
	}
}

func TestALogWhoseHeadAndLastFrameDisagreeIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	dir := written(t, 3, 3)
	harm(t, dir, func(txn *badger.Txn) error {
		return errors.Join(
			txn.Delete([]byte("h/room/r0")),
			txn.Delete(frameKey("room/r1", 1)), txn.Delete(frameKey("room/r1", 2)), txn.Delete(frameKey("room/r1", 3)),
		)
	})
	j := open(t, dir)
	defer j.Close()
	for log, at := range map[id.Log]journal.Seq{"room/r0": 3, "room/r1": 1} {
		for after := range journal.Seq(4) {
			_, err := j.Append(context.Background(), log, after, journal.ID{99}, nil)
			if d := (*journal.Damaged)(nil); !errors.As(err, &d) || d.Log != log || d.Seq != at {
				t.Errorf("append to %s after %d: %v", log, after, err)
			}
		}
		if _, err := j.Head(context.Background(), log); err == nil {
			t.Errorf("%s has a head", log)
		}
	}
	if frames, damaged := check(t, j); frames != 2+0+3 || len(damaged) != 2 {
		t.Errorf("%d frames, %v", frames, damaged)
	}
}

func TestAHoleInTheOrderOfTheShardStopsFollowers(t *testing.T) {
	t.Parallel()
	dir := written(t, 2, 3)
	var cursors []journal.Cursor
	follow := func(from journal.Cursor) (n int, failed error) {
		t.Helper()
		j := open(t, dir)
		defer j.Close()
		for step, err := range j.Follow(context.Background(), 0, from) {
			if err != nil {
				return n, err
			}
			if step.Frame.Log == "" {
				break
			}
			n++
			cursors = append(cursors, step.Cursor)
		}
		return n, nil
	}
	if n, err := follow(nil); n != 6 || err != nil {
		t.Fatalf("%d frames, %v", n, err)
	}
	last := cursors[5]
	position := func(n byte) []byte { return append([]byte("f/"), 0, 0, 0, 0, 0, 0, 0, n) }
	harm(t, dir, func(txn *badger.Txn) error { return txn.Delete(position(4)) })
	if n, err := follow(nil); n != 3 || !errors.As(err, new(*journal.Damaged)) {
		t.Errorf("over a hole: %d frames, %v", n, err)
	}
	// Who has seen more than there is does not go on as if nothing were.
	harm(t, dir, func(txn *badger.Txn) error { return txn.Delete(position(6)) })
	if _, err := follow(last); !errors.Is(err, journal.ErrEpoch) {
		t.Error("ahead of the journal:", err)
	}
}

func TestDataOfAnotherFormatIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := written(t, 1, 1)
	harm(t, dir, func(txn *badger.Txn) error { return txn.Set([]byte("m/epoch"), []byte("\x02another")) })
	if _, err := local.Open(dir, local.Options{}); err == nil || !strings.Contains(err.Error(), "format") {
		t.Error(err)
	}
}

// Bits turn in the tables on disk, wherever. The journal may refuse to open, and it may say what is damaged; it may not have
// fewer frames without a word, nor other ones.
func TestRotInTheFilesIsNeverSilent(t *testing.T) {
	t.Parallel()
	dir := written(t, 20, 60)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	quiet, noticed := 0, 0
	for _, table := range tables {
		sound, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 30 {
			at := len(sound) * n / 30
			rotten := append([]byte(nil), sound...)
			rotten[at] ^= 16
			if err := os.WriteFile(table, rotten, 0o600); err != nil {
				t.Fatal(err)
			}
			if said := openRotten(t, dir, fmt.Sprintf("%s at %d", filepath.Base(table), at)); said {
				noticed++
			} else {
				quiet++
			}
		}
		if err := os.WriteFile(table, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d times it was noticed, %d times nothing was hurt", noticed, quiet)
}

// openRotten tells whether the rot was noticed; if not, all must be there.
func openRotten(t *testing.T, dir, where string) (said bool) {
	t.Helper()
	scratch := t.TempDir()
	if err := os.CopyFS(scratch, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	j, err := local.Open(scratch, local.Options{})
	if err != nil {
		return true
	}
	defer j.Close()
	frames := 0
	err = journal.Check(context.Background(), j, func(c journal.Checked) {
		frames += c.Frames
		said = said || c.Damage != nil
	})
	said = said || err != nil
	if !said && frames != 20*60 {
		t.Errorf("%s: %d frames without a word", where, frames)
	}
	for log := range 20 {
		name := id.Log(fmt.Sprint("room/r", log))
		for f, err := range j.Read(context.Background(), name, 0, 0) {
			if err == nil && string(f.Body) != fmt.Sprintf("%d in %s", f.Seq-1, name) {
				t.Errorf("%s: %s %d says %q", where, name, f.Seq, f.Body)
			}
		}
	}
	return said
}
