package journaltest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/journal"
)

func shelfRaces(t *testing.T, e Engine) {
	l := newLab(t, e)
	shelf := l.Shelf()
	race := func(when journal.Rev) journal.Rev {
		t.Helper()
		var mu sync.Mutex
		winners, rev, said := 0, journal.Rev(0), ""
		var racers sync.WaitGroup
		for who := range 16 {
			racers.Go(func() {
				mine := fmt.Sprint("value of ", who)
				r, err := shelf.Put(l.ctx, "claim", []byte(mine), when, 0)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					winners, rev, said = winners+1, r, mine
				case !errors.Is(err, journal.ErrChanged):
					t.Error("put:", err)
				}
			})
		}
		racers.Wait()
		value, now, err := shelf.Get(l.ctx, "claim")
		if winners != 1 || err != nil || now != rev || string(value) != said {
			t.Fatalf("%d winners; %q at %d, want %q at %d (%v)", winners, value, now, said, rev, err)
		}
		return rev
	}
	rev := race(journal.Absent)
	for range 10 {
		rev = race(rev)
	}
	l.reopen()
	shelf = l.Shelf()
	rev = race(rev)

	if _, err := shelf.Put(l.ctx, "claim", nil, journal.Absent, 0); !errors.Is(err, journal.ErrChanged) {
		t.Error("put if absent:", err)
	}
	if _, err := shelf.Put(l.ctx, "none", nil, rev, 0); !errors.Is(err, journal.ErrChanged) {
		t.Error("put of a revision where nothing is:", err)
	}
	if r, err := shelf.Put(l.ctx, "claim", []byte("any"), journal.Any, 0); err != nil || r == rev {
		t.Errorf("put of any: %d, %v", r, err)
	}
}

// Many add to one number by reading it, and putting it if it is still what they read: nothing is lost. And the greatest
// position that anybody puts stays.
func shelfCounters(t *testing.T, e Engine) {
	l := newLab(t, e)
	shelf := l.Shelf()
	number := func(key string) (uint64, journal.Rev) {
		value, rev, err := shelf.Get(l.ctx, key)
		if errors.Is(err, journal.ErrAbsent) {
			return 0, journal.Absent
		}
		if err != nil {
			t.Error("get:", err)
			return 0, 0
		}
		return binary.BigEndian.Uint64(value), rev
	}
	change := func(key string, to func(uint64) uint64) {
		for l.ctx.Err() == nil && !t.Failed() {
			n, rev := number(key)
			_, err := shelf.Put(l.ctx, key, binary.BigEndian.AppendUint64(nil, to(n)), rev, 0)
			if err == nil {
				return
			}
			if !errors.Is(err, journal.ErrChanged) {
				t.Error("put:", err)
			}
		}
	}
	var adders sync.WaitGroup
	for who := range 8 {
		adders.Go(func() {
			for i := range 25 {
				change("count", func(n uint64) uint64 { return n + 1 })
				change("read/p1/r1", func(n uint64) uint64 { return max(n, uint64(i*8+who)) })
			}
		})
	}
	adders.Wait()
	if n, _ := number("count"); n != 200 {
		t.Errorf("count is %d, want 200", n)
	}
	if n, _ := number("read/p1/r1"); n != 199 {
		t.Errorf("the greatest is %d, want 199", n)
	}
}

func shelfDeleted(t *testing.T, e Engine) {
	l := newLab(t, e)
	absent := func() {
		t.Helper()
		if value, _, err := l.Shelf().Get(l.ctx, "key/p1"); !errors.Is(err, journal.ErrAbsent) || len(value) != 0 {
			t.Errorf("get: %q, %v", value, err)
		}
		for item, err := range l.Shelf().List(l.ctx, "key/") {
			t.Errorf("list: %v, %v", item, err)
		}
	}
	put := func(when journal.Rev) journal.Rev {
		t.Helper()
		rev, err := l.Shelf().Put(l.ctx, "key/p1", []byte("secret"), when, 0)
		if err != nil || rev == journal.Any || rev == journal.Absent {
			t.Fatal("put:", rev, err)
		}
		return rev
	}
	absent()
	seen := map[journal.Rev]bool{}
	first := put(journal.Absent)
	seen[first] = true
	for _, when := range []journal.Rev{journal.Any, 0} {
		if err := l.Shelf().Delete(l.ctx, "key/p1", when); err != nil {
			t.Fatal("delete:", err)
		}
		absent()
		l.reopen()
		absent()
		rev := put(journal.Absent)
		if seen[rev] {
			t.Errorf("revision %d came back", rev)
		}
		seen[rev] = true
		if err := l.Shelf().Delete(l.ctx, "key/p1", first); !errors.Is(err, journal.ErrChanged) {
			t.Error("delete of an old revision:", err)
		}
		if _, err := l.Shelf().Put(l.ctx, "key/p1", nil, first, 0); !errors.Is(err, journal.ErrChanged) {
			t.Error("put of an old revision:", err)
		}
		if err := l.Shelf().Delete(l.ctx, "key/p1", rev); err != nil {
			t.Error("delete of the present revision:", err)
		}
		absent()
		put(journal.Any)
	}
	for _, when := range []journal.Rev{journal.Any, journal.Absent, 77} {
		if err := l.Shelf().Delete(l.ctx, "none", when); err != nil {
			t.Error("deleting what is absent:", err)
		}
	}
}

func shelfLists(t *testing.T, e Engine) {
	l := newLab(t, e)
	items := []journal.Item{{Key: "a"}, {Key: "ab", Value: []byte("x")}, {Key: "b/名", Value: []byte("y")}, {Key: "c"}}
	for n := range 5000 {
		items = append(items, journal.Item{Key: fmt.Sprintf("b/%04d", n), Value: []byte(fmt.Sprint(n))})
	}
	for n := range 12 {
		items = append(items, journal.Item{Key: fmt.Sprint("large/", n), Value: []byte(strings.Repeat("z", journal.MaxBody-n))})
	}
	if err := l.Shelf().PutAll(l.ctx, items); err != nil {
		t.Fatal("put all:", err)
	}
	slices.SortFunc(items, func(a, b journal.Item) int { return strings.Compare(a.Key, b.Key) })
	check := func(prefix string) {
		t.Helper()
		var want []journal.Item
		for _, item := range items {
			if strings.HasPrefix(item.Key, prefix) {
				want = append(want, item)
			}
		}
		n := 0
		for item, err := range l.Shelf().List(l.ctx, prefix) {
			if err != nil || n == len(want) || item.Key != want[n].Key || string(item.Value) != string(want[n].Value) {
				t.Fatalf("list %q: number %d is %q, %v", prefix, n, item.Key, err)
			}
			if n%500 == 0 {
				if value, rev, err := l.Shelf().Get(l.ctx, item.Key); err != nil || rev != item.Rev || string(value) != string(item.Value) {
					t.Errorf("get %s: revision %d, listed %d, %v", item.Key, rev, item.Rev, err)
				}
			}
			n++
		}
		if n != len(want) {
			t.Errorf("list %q: %d items, want %d", prefix, n, len(want))
		}
	}
	all := func() {
		t.Helper()
		for _, prefix := range []string{"", "a", "ab", "b/", "b/49", "b/名", "large/", "none"} {
			check(prefix)
		}
	}
	all()
	l.reopen()
	all()

	old, err := first(l, "b/0001")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Shelf().PutAll(l.ctx, []journal.Item{{Key: "b/0001", Value: []byte("new")}}); err != nil {
		t.Fatal("put all:", err)
	}
	if now, err := first(l, "b/0001"); err != nil || string(now.Value) != "new" || now.Rev == old.Rev {
		t.Errorf("put all over what is there: %+v, %v", now, err)
	}
	err = l.Shelf().PutAll(l.ctx, []journal.Item{{Key: "late"}, {Key: strings.Repeat("k", 513)}})
	if _, getErr := first(l, "late"); !errors.Is(err, journal.ErrTooLarge) || !errors.Is(getErr, journal.ErrAbsent) {
		t.Errorf("put all with a key too long: %v; the others: %v", err, getErr)
	}
}

// first is the first item of a prefix.
func first(l *lab, prefix string) (journal.Item, error) {
	for item, err := range l.Shelf().List(l.ctx, prefix) {
		return item, err
	}
	return journal.Item{}, journal.ErrAbsent
}

func shelfTTL(t *testing.T, e Engine) {
	l := newLab(t, e)
	const ttl = 1500 * time.Millisecond
	put := time.Now()
	if _, err := l.Shelf().Put(l.ctx, "code/1", []byte("123456"), journal.Absent, ttl); err != nil {
		t.Fatal("put:", err)
	}
	if _, err := l.Shelf().Put(l.ctx, "code/2", []byte("stays"), journal.Absent, time.Hour); err != nil {
		t.Fatal("put:", err)
	}
	for {
		_, _, err := l.Shelf().Get(l.ctx, "code/1")
		now := time.Now()
		if errors.Is(err, journal.ErrAbsent) {
			if now.Sub(put) < ttl {
				t.Errorf("gone after %v", now.Sub(put))
			}
			break
		}
		if err != nil {
			t.Fatal("get:", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	items := 0
	for item, err := range l.Shelf().List(l.ctx, "code/") {
		if err != nil || item.Key != "code/2" {
			t.Errorf("list: %v, %v", item, err)
		}
		items++
	}
	if items != 1 {
		t.Errorf("%d items", items)
	}
	rev, err := l.Shelf().Put(l.ctx, "code/1", []byte("again"), journal.Absent, 0) // what has gone is absent
	if err != nil {
		t.Fatal("put:", err)
	}
	l.reopen()
	if value, now, err := l.Shelf().Get(l.ctx, "code/1"); string(value) != "again" || now != rev || err != nil {
		t.Errorf("get: %q, %d, %v", value, now, err)
	}
}
