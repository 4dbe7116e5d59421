package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// shot is what a snapshot handed over.
type shot struct {
	at    journal.Cursor
	items []journal.Item
	gone  map[id.Log][]journal.Frame
}

func (l *lab) shoot() (s shot) {
	l.Helper()
	s.gone = map[id.Log][]journal.Frame{}
	at, err := l.Snapshot(l.ctx, 0,
		func(i journal.Item) error { s.items = append(s.items, i); return nil },
		func(f journal.Frame) error { s.gone[f.Log] = append(s.gone[f.Log], f); return nil })
	if err != nil {
		l.Fatal("snapshot:", err)
	}
	s.at = at
	return s
}

// framesTo counts the frames up to a cursor.
func (l *lab) framesTo(at journal.Cursor) (n int) {
	l.Helper()
	for step, err := range l.Follow(l.ctx, 0, nil) {
		if err != nil {
			l.Fatal("follow:", err)
		}
		n++
		if bytes.Equal(step.Cursor, at) {
			break
		}
	}
	return n
}

func snapshotOfOneMoment(t *testing.T, e Engine) {
	l := newLab(t, e)
	const all, shots = 300, 20
	log := logName(1)
	step := func(n int) {
		l.appends(log, journal.Seq(n), newID(), fmt.Sprint("frame ", n+1))
		if _, err := l.Shelf().Put(l.ctx, "n", strconv.AppendInt(nil, int64(n+1), 10), journal.Any, 0); err != nil {
			t.Error("put:", err)
		}
	}
	step(0)
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 1; n < all; n++ {
			step(n)
		}
	})
	for range shots {
		s := l.shoot()
		if len(s.items) != 1 {
			t.Fatalf("%d items", len(s.items))
		}
		put, _ := strconv.Atoi(string(s.items[0].Value))
		if frames := l.framesTo(s.at); frames != put && frames != put+1 {
			t.Errorf("%d frames beside item %d", frames, put)
		}
	}
	writer.Wait()
}

func snapshotHasAll(t *testing.T, e Engine) {
	l := newLab(t, e)
	if s := l.shoot(); len(s.items)+len(s.gone) != 0 {
		t.Errorf("of nothing: %+v", s)
	}
	l.fill(logName(1), 5)
	for _, put := range []struct {
		key string
		ttl time.Duration
	}{{"b/2", 0}, {"a", time.Hour}, {"b/1", 0}} {
		if _, err := l.Shelf().Put(l.ctx, put.key, []byte("value of "+put.key), journal.Any, put.ttl); err != nil {
			t.Fatal("put:", err)
		}
	}
	if err := errors.Join(l.Redact(l.ctx, logName(1), 2, []byte("gone")), l.Redact(l.ctx, logName(1), 4, nil)); err != nil {
		t.Fatal("redact:", err)
	}
	l.reopen()
	s := l.shoot()
	var keys []string
	for _, i := range s.items {
		keys = append(keys, i.Key)
		value, rev, err := l.Shelf().Get(l.ctx, i.Key)
		if err != nil || rev != i.Rev || string(value) != string(i.Value) || (i.Until != 0) != (i.Key == "a") {
			t.Errorf("%+v, on the shelf %q of %d, %v", i, value, rev, err)
		}
	}
	if got := fmt.Sprint(keys); got != "[a b/1 b/2]" {
		t.Error("keys:", got)
	}
	l.sameFrames("redacted", s.gone[logName(1)], []journal.Frame{l.reads(logName(1))[1], l.reads(logName(1))[3]})
	enough := errors.New("enough")
	_, err := l.Snapshot(l.ctx, 0, func(journal.Item) error { return enough }, func(journal.Frame) error { return nil })
	if !errors.Is(err, enough) {
		t.Error("ended by its reader:", err)
	}
}

func importIsTheSame(t *testing.T, e Engine) {
	from, to := newLab(t, e), newLab(t, e)
	for n := range 3 {
		from.fill(logName(n), 40)
	}
	if err := errors.Join(from.Redact(from.ctx, logName(1), 7, []byte("gone")), from.Redact(from.ctx, logName(1), 40, nil)); err != nil {
		t.Fatal("redact:", err)
	}
	frames, _ := collect(from.replay(nil))
	for _, part := range [][]journal.Frame{frames[:50], frames[20:90], frames[90:], frames} { // the same again is passed over
		if err := to.Import(to.ctx, part); err != nil {
			t.Fatal("import:", err)
		}
	}
	check := func() {
		t.Helper()
		for n := range 3 {
			want := from.reads(logName(n))
			to.sameFrames("imported", to.reads(logName(n)), want)
			for i, f := range to.reads(logName(n)) {
				if f.Link() != want[i].Link() {
					t.Errorf("%s %d has another hash", f.Log, f.Seq)
				}
			}
		}
		again, _ := collect(to.replay(nil))
		to.sameFrames("in the order of the whole", again, frames)
		if gone := to.shoot().gone[logName(1)]; len(gone) != 2 {
			t.Errorf("%d frames are gone", len(gone))
		}
	}
	check()
	to.reopen()
	check()
	to.appends(logName(1), 40, newID(), "behind it")
	if _, _, damaged := to.checks(); len(damaged) > 0 {
		t.Error(damaged)
	}
	until := time.Now().Add(time.Hour).Unix()
	if err := to.Shelf().PutAll(to.ctx, []journal.Item{{Key: "stays"}, {Key: "goes", Until: until}, {Key: "went", Until: 1}}); err != nil {
		t.Fatal("put all:", err)
	}
	if s := to.shoot(); len(s.items) != 2 || s.items[0].Until != until || s.items[1].Until != 0 {
		t.Errorf("items: %+v", s.items)
	}
}

func importRefuses(t *testing.T, e Engine) {
	from := newLab(t, e)
	frames := from.fill(logName(1), 6)
	other := from.fill(logName(2), 6)
	for name, harm := range map[string]func([]journal.Frame) []journal.Frame{
		"a_hole":         func(f []journal.Frame) []journal.Frame { return append(f[:3], f[4:]...) },
		"a_changed_body": func(f []journal.Frame) []journal.Frame { f[2].Body = []byte("changed"); return f },
		"another_before": func(f []journal.Frame) []journal.Frame { f[3].Prev = other[2].Hash(); return f },
		"another_there":  func(f []journal.Frame) []journal.Frame { f[3] = f[1]; f[3].ID = newID(); return f },
	} {
		t.Run(name, func(t *testing.T) {
			to := newLab(t, e)
			err := to.Import(to.ctx, harm(append([]journal.Frame(nil), frames...)))
			var d *journal.Damaged
			if !errors.As(err, &d) || d.Log != logName(1) {
				t.Fatal("import:", err)
			}
			if got := to.reads(logName(1)); len(got) != 3 {
				t.Errorf("%d frames stand", len(got))
			}
			to.appends(logName(3), 0, newID(), "it goes on")
		})
	}
	to := newLab(t, e)
	if err := to.Import(to.ctx, []journal.Frame{{Log: logName(1), Seq: 1, Body: make([]byte, journal.MaxBody+1)}}); !errors.Is(err, journal.ErrTooLarge) {
		t.Error("a large body:", err)
	}
	if err := to.Import(to.ctx, []journal.Frame{{Log: "no name", Seq: 1}}); err == nil {
		t.Error("a log without a name was stored")
	}
}
