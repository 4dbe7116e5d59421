package view

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/long"
)

// A bit turns anywhere in the tables: what is read is what was written, or the views are empty and built again.
func TestAFlippedBitServesNoChangedWordAndLosesNoMessage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "view")
	v := opened(t, dir)
	const messages = 1211
	for seq := range entry.Seq(messages) {
		v.Apply(said("r1", seq+1))
	}
	whole, err := v.Digest()
	if err != nil {
		t.Fatal(err)
	}
	shut(t, v)
	list, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	chance := rand.New(rand.NewPCG(7, 8))
	rebuilt := 0
	for range 25 {
		scratch := filepath.Join(t.TempDir(), "view")
		if err := os.CopyFS(scratch, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(scratch, filepath.Base(list[chance.IntN(len(list))]))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := chance.IntN(len(b)), byte(1)<<chance.IntN(8)
		b[at] ^= bit
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		v := opened(t, scratch)
		if cursor, err := v.Cursor(); cursor == nil && err == nil {
			rebuilt++
		} else if again, err := v.Digest(); err != nil || string(again) != string(whole) {
			t.Errorf("byte %d, bit %x: other views without a word (%v)", at, bit, err)
		}
		shut(t, v)
	}
	if rebuilt < 20 {
		t.Errorf("only %d of 25 were noticed", rebuilt)
	}
}

func TestWithoutRoomTheViewsWaitAndGoOnByThemselves(t *testing.T) {
	t.Parallel()
	var free atomic.Int64
	free.Store(1 << 30)
	v, err := openWith(filepath.Join(t.TempDir(), "view"), slog.New(slog.DiscardHandler), func(err error) { t.Error("fatal:", err) },
		func() (int64, error) { return free.Load(), nil })
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, v)
	v.Apply(said("r1", 1))
	long.Wait(t, "the first", func() bool { _, seq := v.At("room/r1"); return seq == 1 })
	free.Store(0)
	v.Apply(said("r1", 2))
	if err := v.Wait(context.Background(), "room/r1", 2); !fault.Is(err, fault.Busy) {
		t.Error("without room:", err)
	}
	if item, _, err := v.Item("r1", 1); err != nil || len(item) == 0 {
		t.Error("reading:", err)
	}
	free.Store(1 << 30)
	long.Wait(t, "the second", func() bool { _, seq := v.At("room/r1"); return seq == 2 })
}

// Killed views have all in their write-ahead file, and the disk is full.
func TestViewsThatAFullDiskKeepsFromBeingWrittenCanBeRead(t *testing.T) {
	t.Parallel()
	dir, killed := filepath.Join(t.TempDir(), "view"), filepath.Join(t.TempDir(), "view")
	v := opened(t, dir)
	for seq := range entry.Seq(300) {
		v.Apply(said("r1", seq+1))
	}
	whole, err := v.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	shut(t, v)
	v, err = openWith(killed, slog.New(slog.DiscardHandler), func(err error) { t.Error("fatal:", err) }, func() (int64, error) { return 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	v.Apply(said("r1", 301))
	if again, err := v.digest(); err != nil || fmt.Sprintf("%x", again) != fmt.Sprintf("%x", whole) {
		t.Error("read:", err)
	}
	shut(t, v)
	if _, err := openWith(filepath.Join(t.TempDir(), "view"), slog.New(slog.DiscardHandler), nil, func() (int64, error) { return 0, nil }); !fault.Is(err, fault.NoSpace) {
		t.Error("new ones:", err)
	}
}
