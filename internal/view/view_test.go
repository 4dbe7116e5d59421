package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/long"
	"linli/internal/wire"
)

func opened(t *testing.T, dir string) *View {
	t.Helper()
	v, err := Open(dir, slog.New(slog.DiscardHandler), func(err error) { t.Error("fatal:", err) })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func shut(t *testing.T, v *View) {
	t.Helper()
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

// said is a frame that brings one item and changes what the one before it says it was changed by.
func said(room id.Room, seq entry.Seq, more ...wire.Record) Batch {
	item := fmt.Sprintf(`{"seq":%d,"ch":%d,"kind":"text","by":"pwang","at":%d,"o":{"chat":%d}}`, seq, seq, seq*1000, seq)
	parts := &wire.Parts{Room: room, Seq: seq, Items: append([]wire.Record{
		{Seq: seq, Ch: seq, New: true, Lane: "chat", Ordinal: uint64(seq), Item: []byte(item)},
	}, more...)}
	return Batch{Log: room.Log(), Frame: uint64(seq), Seq: seq, Cursor: fmt.Appendf(nil, "%d", seq), Parts: parts}
}

func has(t *testing.T, v *View, room id.Room, seqs ...entry.Seq) {
	t.Helper()
	if err := v.settle(); err != nil {
		t.Fatal(err)
	}
	var got []entry.Seq
	for seq := range entry.Seq(1000) {
		if _, _, err := v.Item(room, seq); err == nil {
			got = append(got, seq)
		} else if !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, seqs) {
		t.Errorf("it has %v, not %v", got, seqs)
	}
}

func TestViewsAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := opened(t, dir)
	for seq := range entry.Seq(5) {
		b := said("r1", seq+1)
		b.Names = []wire.Name{{ID: "pwang", Rev: int(seq), Name: "王女士"}}
		v.Apply(b)
	}
	shut(t, v)
	v = opened(t, dir)
	defer shut(t, v)
	has(t, v, "r1", 1, 2, 3, 4, 5)
	if c, err := v.Cursor(); string(c) != "5" || err != nil {
		t.Errorf("cursor %q, %v", c, err)
	}
	if frame, seq := v.At("room/r1"); frame != 5 || seq != 5 {
		t.Errorf("at %d, %d", frame, seq)
	}
	if n, ok := v.NameOf("r1", "pwang"); !ok || n.Rev != 4 {
		t.Errorf("name %+v", n)
	}
}

// Views of another version, and a folder that cannot be opened, are emptied: they are built again from the log.
func TestWhatCannotBeReadIsBuiltAgain(t *testing.T) {
	t.Parallel()
	spoil := map[string]func(t *testing.T, dir string){
		"another version": func(t *testing.T, dir string) {
			db, err := open(dir, false)
			if err == nil {
				err = db.Update(func(txn *badger.Txn) error { return txn.Set(keyVersion, []byte("0")) })
			}
			if err = errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		},
		"a table is gone": func(t *testing.T, dir string) { tables(t, dir, os.Remove) },
		"the last opening ended the program": func(t *testing.T, dir string) {
			if err := os.WriteFile(dir+".opening", nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"the manifest is garbage": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte("no manifest"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"it is a file": func(t *testing.T, dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, []byte("?"), 0o600)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "view")
			v := opened(t, dir)
			for seq := range entry.Seq(50) {
				v.Apply(said("r1", seq+1))
			}
			shut(t, v)
			spoil(t, dir)
			v = opened(t, dir)
			defer shut(t, v)
			if c, err := v.Cursor(); c != nil || err != nil {
				t.Fatalf("cursor %q, %v", c, err)
			}
			has(t, v, "r1")
			v.Apply(said("r1", 1))
			has(t, v, "r1", 1)
		})
	}
}

// Badger ends the program over a table that was cut short: it does not see it.
func TestATableThatWouldEndTheProgramIsBuiltAgain(t *testing.T) {
	t.Parallel()
	const asProgram = "OPEN_VIEWS"
	if dir := os.Getenv(asProgram); dir != "" {
		v := opened(t, dir)
		has(t, v, "r1")
		shut(t, v)
		return
	}
	dir := filepath.Join(t.TempDir(), "view")
	v := opened(t, dir)
	for seq := range entry.Seq(50) {
		v.Apply(said("r1", seq+1))
	}
	shut(t, v)
	tables(t, dir, func(path string) error { return os.Truncate(path, 100) })
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), asProgram+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func tables(t *testing.T, dir string, f func(path string) error) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no tables in %s: %v", dir, err)
	}
	for _, path := range found {
		if err := f(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Views that another program has open are left alone.
func TestViewsInUseAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := opened(t, dir)
	v.Apply(said("r1", 1))
	if other, err := Open(dir, slog.New(slog.DiscardHandler), nil); err == nil {
		shut(t, other)
		t.Fatal("two programs have it")
	} else if !strings.Contains(err.Error(), "in use") {
		t.Errorf("it says: %v", err)
	}
	shut(t, v)
	v = opened(t, dir)
	defer shut(t, v)
	has(t, v, "r1", 1)
}

// What is too much for one transaction is written in several, and all of it is there.
func TestCommitsThatAreTooBigAreHalved(t *testing.T) {
	t.Parallel()
	v := opened(t, t.TempDir())
	defer shut(t, v)
	const n, kept = 24, 400 << 10 // Badger takes 4.8 MB
	var all []Batch
	want := []entry.Seq{}
	for seq := range entry.Seq(n) {
		b := said("r1", seq+1)
		b.Parts.Items[0].Kept = []byte(strings.Repeat("x", kept))
		all, want = append(all, b), append(want, seq+1)
		v.mu.Lock()
		v.taken["room/r1"] = seq + 1
		v.mu.Unlock()
	}
	if err := v.commit(all); err != nil {
		t.Fatal(err)
	}
	has(t, v, "r1", want...)
	if frame, _ := v.At("room/r1"); frame != n {
		t.Errorf("at frame %d", frame)
	}
	// So is one frame that changes very many large cards.
	one := said("r1", n+1)
	for seq := range entry.Seq(n) {
		one.Parts.Items = append(one.Parts.Items, wire.Record{
			Seq: seq + 1, Ch: n + 1, Was: seq + 1, Item: fmt.Appendf(nil, `{"seq":%d,"ch":%d}`, seq+1, n+1), Kept: []byte(strings.Repeat("y", kept)),
		})
	}
	v.Apply(one)
	has(t, v, "r1", append(want, n+1)...)
	for seq := range entry.Seq(n) {
		if sent, rest, err := v.Item("r1", seq+1); err != nil || !strings.Contains(string(sent), fmt.Sprintf(`"ch":%d`, n+1)) || rest[0] != 'y' {
			t.Fatalf("item %d: %s, %v", seq+1, sent, err)
		}
	}
}

// After a commit that failed the views stand still: what came behind it would leave a hole that nobody sees.
func TestViewsStandStillAfterAFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	told := 0
	v, err := Open(dir, slog.New(slog.DiscardHandler), func(error) { mu.Lock(); defer mu.Unlock(); told++ })
	if err != nil {
		t.Fatal(err)
	}
	v.Apply(said("r1", 1))
	has(t, v, "r1", 1)
	v.write = func(txn *badger.Txn) error { // once
		v.write = (*badger.Txn).Commit
		return errors.New("input/output error")
	}
	v.Apply(said("r1", 2))
	long.Wait(t, "a commit of its own", func() bool { mu.Lock(); defer mu.Unlock(); return told == 1 })
	for seq := entry.Seq(3); seq < backlog+10; seq++ { // and nobody is held up
		v.Apply(said("r1", seq))
	}
	if err := v.Wait(t.Context(), "room/r1", 2); !fault.Is(err, fault.Busy) {
		t.Errorf("waited for: %v", err)
	}
	if _, seq := v.At("room/r1"); seq != 1 {
		t.Errorf("at %d", seq)
	}
	shut(t, v)
	mu.Lock()
	defer mu.Unlock()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	v = opened(t, dir)
	defer shut(t, v)
	if c, _ := v.Cursor(); string(c) != "1" {
		t.Errorf("they go on from %q", c)
	}
}

// A page says how far it goes by what it was read from: who believes it misses nothing.
func TestAPageNeverSaysThatItIsNewerThanItIs(t *testing.T) {
	t.Parallel()
	v := opened(t, t.TempDir())
	defer shut(t, v)
	const n = 3000
	done := make(chan error, 1)
	go func() {
		for seq := range entry.Seq(n) {
			if err := v.commit([]Batch{said("r1", seq+1)}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		for _, read := range []func() ([]byte, error){
			func() ([]byte, error) { return v.Page("r1", Who{}, Span{Limit: 1}) },
			func() ([]byte, error) { return v.Resume("r1", Who{}, 0) },
		} {
			d := delivery(t, read)
			if newest := len(d.New); newest > 0 && d.New[newest-1].Seq != d.Seq {
				t.Fatalf("it says %d, and its newest item is %d", d.Seq, d.New[newest-1].Seq)
			}
		}
	}
}

func TestWaitingEndsAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &View{at: map[id.Log]place{}}
		v.moved = sync.NewCond(&v.mu)
		started := time.Now()
		if err := v.Wait(t.Context(), "room/r1", 1); !fault.Is(err, fault.Busy) || time.Since(started) != patience {
			t.Errorf("%v after %s", err, time.Since(started))
		}
		time.AfterFunc(time.Second, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.at["room/r1"] = place{frame: 1, seq: 5}
			v.moved.Broadcast()
		})
		started = time.Now()
		if err := v.Wait(t.Context(), "room/r1", 5); err != nil || time.Since(started) != time.Second {
			t.Errorf("%v after %s", err, time.Since(started))
		}
		time.AfterFunc(time.Second, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.gone = true
			v.moved.Broadcast()
		})
		if err := v.Wait(t.Context(), "room/r1", 6); !fault.Is(err, fault.Busy) {
			t.Errorf("waiting for closed views: %v", err)
		}
	})
}

func delivery(t *testing.T, read func() ([]byte, error)) (d wire.Delivery) {
	t.Helper()
	b, err := read()
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}
