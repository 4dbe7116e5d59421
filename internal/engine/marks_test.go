package engine

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
)

// memory is a shelf without a disk, for what is about timers. It may be full.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	puts   int
	err    error
}

func (m *memory) Get(context.Context, string) ([]byte, journal.Rev, error) {
	return nil, 0, journal.ErrAbsent
}
func (m *memory) Put(context.Context, string, []byte, journal.Rev, time.Duration) (journal.Rev, error) {
	return 0, errors.New("not wanted")
}
func (m *memory) Delete(context.Context, string, journal.Rev) error { return errors.New("not wanted") }

func (m *memory) List(_ context.Context, prefix string) iter.Seq2[journal.Item, error] {
	return func(yield func(journal.Item, error) bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, k := range slices.Sorted(maps.Keys(m.values)) {
			if strings.HasPrefix(k, prefix) && !yield(journal.Item{Key: k, Value: m.values[k]}, nil) {
				return
			}
		}
	}
}

func (m *memory) PutAll(_ context.Context, items []journal.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.puts++
	for _, i := range items {
		m.values[i.Key] = i.Value
	}
	return nil
}

func (m *memory) fill(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// kept is how often something was put, and what is there.
func (m *memory) kept() (int, map[string][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.puts, maps.Clone(m.values)
}

// lanes says that every entry is one of the chat.
func lanes(_ id.Room, at entry.Seq) (map[string]uint64, error) {
	return map[string]uint64{"chat": uint64(at)}, nil
}

func TestAMarkOnlyGrowsAndIsKeptALittleLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := &memory{values: map[string][]byte{}}
		m, err := NewMarks(t.Context(), shelf, lanes)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failures := 0
		var kept sync.WaitGroup
		kept.Go(func() { m.Keep(ctx, func(error) { failures++ }) })
		read := func(p id.Person, seq entry.Seq, want bool) {
			t.Helper()
			if moved, err := m.Read(p, "r1", seq, ""); moved != want || err != nil {
				t.Errorf("read up to %d: %v, %v", seq, moved, err)
			}
		}
		read("pli", 7, true)
		read("pli", 7, false)
		read("pli", 3, false)
		read("pli", 9, true)
		read("pwang", 2, true)
		if got := m.Of("pli", "r1"); got.Seq != 9 || got.Lanes["chat"] != 9 || m.Of("pli", "r2").Seq != 0 {
			t.Errorf("%+v", got)
		}
		if puts, _ := shelf.kept(); puts != 0 {
			t.Error("kept at once")
		}
		time.Sleep(marksEvery + time.Second)
		synctest.Wait()
		if puts, values := shelf.kept(); puts != 1 || len(values) != 2 {
			t.Errorf("kept %d times: %v", puts, values)
		}
		time.Sleep(time.Minute) // nothing moved: nothing is written
		synctest.Wait()
		if puts, _ := shelf.kept(); puts != 1 {
			t.Errorf("kept %d times", puts)
		}
		shelf.fill(journal.ErrNoSpace)
		read("pli", 11, true)
		time.Sleep(marksEvery)
		synctest.Wait()
		if failures != 1 {
			t.Errorf("failed %d times", failures)
		}
		shelf.fill(nil)
		cancel() // and once more at the end
		kept.Wait()
		again, err := NewMarks(t.Context(), shelf, lanes)
		if err != nil || again.Of("pli", "r1").Seq != 11 || again.Of("pwang", "r1").Lanes["chat"] != 2 {
			t.Errorf("read back: %+v, %v", again.Of("pli", "r1"), err)
		}
	})
}

func TestClicksOnAPosterAreKeptALittleLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := &memory{values: map[string][]byte{}}
		s, err := NewScans(t.Context(), shelf)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failures := 0
		var kept sync.WaitGroup
		kept.Go(func() { s.Keep(ctx, func(error) { failures++ }) })
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { s.Count("l1") })
		}
		all.Wait()
		s.Count("l2")
		if puts, _ := shelf.kept(); s.Of("l1") != 50 || s.Of("l2") != 1 || s.Of("l3") != 0 || puts != 0 {
			t.Errorf("%d, %d, %d, kept %d times", s.Of("l1"), s.Of("l2"), s.Of("l3"), puts)
		}
		shelf.fill(journal.ErrNoSpace)
		time.Sleep(scansEvery)
		synctest.Wait()
		s.Count("l1")
		shelf.fill(nil)
		time.Sleep(scansEvery)
		synctest.Wait()
		puts, values := shelf.kept()
		if failures != 1 || puts != 1 || string(values["scans/l1"]) != "51" || string(values["scans/l2"]) != "1" {
			t.Errorf("failed %d times, kept %d times: %q", failures, puts, values)
		}
		s.Count("l2")
		cancel()
		kept.Wait()
		again, err := NewScans(t.Context(), shelf)
		if err != nil || again.Of("l1") != 51 || again.Of("l2") != 2 {
			t.Errorf("read back: %d, %d, %v", again.Of("l1"), again.Of("l2"), err)
		}
	})
}
