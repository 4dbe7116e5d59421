package entry

import (
	"testing"

	"linli/internal/id"
)

func TestCommandSentAgainIsDoneAtAnyAgeWithinTheWindow(t *testing.T) {
	w := Windows{}
	for n := uint64(1); n <= 200; n++ {
		if n%3 == 0 {
			continue // never sent
		}
		if done, stale := w.Check("d1", n); done || stale {
			t.Fatalf("%d: done %v, stale %v before it was sent", n, done, stale)
		}
		w.Done("d1", n)
	}
	for n := uint64(1); n <= 200; n++ {
		done, stale := w.Check("d1", n)
		wantStale := n <= 200-64
		if stale != wantStale || !stale && done != (n%3 != 0) {
			t.Errorf("%d: done %v, stale %v", n, done, stale)
		}
	}
}

// FuzzWindow compares a window with a plain set of numbers.
func FuzzWindow(f *testing.F) {
	f.Add([]byte{1, 2, 2, 70, 3, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		w, set, top := Windows{}, map[uint64]bool{}, uint64(0)
		for _, step := range steps {
			n := uint64(step) + 1
			done, stale := w.Check(id.Device("d"), n)
			if wantStale := top >= 64 && n <= top-64; stale != wantStale || !stale && done != set[n] {
				t.Fatalf("%d with top %d: done %v, stale %v", n, top, done, stale)
			}
			if stale || done {
				continue
			}
			w.Done(id.Device("d"), n)
			set[n], top = true, max(top, n)
		}
	})
}
