package engine_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/long"
	"linli/internal/office"
	"linli/internal/room"
)

// caused are the entries of a room that follow from the office's, by cause.
func caused(s *Street, r id.Room) map[entry.Seq][]string {
	all := map[entry.Seq][]string{}
	for _, e := range s.Read(r.Log()) {
		if e.Cause != 0 {
			all[e.Cause] = append(all[e.Cause], e.Kind)
		}
	}
	return all
}

func has(t *testing.T, s *Street, r id.Room, p id.Person) (in bool) {
	t.Helper()
	if err := s.Engine.ReadRoom(r, func(x *room.State) { in = x.Has(p) }); err != nil {
		t.Fatal(err)
	}
	return in
}

// admit lets people in, by the office; their rooms follow.
func admit(s *Street, people ...map[string]any) error {
	with, err := json.Marshal(map[string]any{"people": people, "quiet": true})
	if err == nil {
		_, err = s.Engine.As(s.T.Context(), id.Office, entry.Command{Act: "person.admit", With: with}, time.Time{})
	}
	return err
}

// The program dies between each two steps of an admission to two rooms, before or behind the step: stored in the office, in the one
// room, in the other, noted as done. Whatever it was, in the end the newcomer is in both rooms, once.
func TestAnEffectHappensExactlyOnce(t *testing.T) {
	t.Parallel()
	s := New(t)
	for step := 1; step <= 5; step++ {
		for _, late := range []bool{false, true} {
			name := fmt.Sprintf("step %d, late %v", step, late)
			p := id.Person(fmt.Sprintf("pnew%d%v", step, late))
			enter := func() error { return admit(s, Admission(p, Heyuan, 5), Admission(p, Other, 5)) }
			before := s.Read(id.Office)
			s.DieAt(step, late)
			_ = enter()
			select {
			case <-s.Ended():
			case <-time.After(100 * time.Millisecond): // it has fewer steps
			}
			s.Kill()
			s.Start()
			stored := len(s.Read(id.Office)) - len(before)
			if stored == 0 {
				if step > 1 || late {
					t.Fatalf("%s: the office did not store it", name)
				}
				if err := enter(); err != nil { // whoever asked asks again
					t.Fatal(err)
				}
			} else if err := enter(); !fault.Is(err, fault.Unchanged) {
				t.Errorf("%s: asked again: %v", name, err)
			}
			s.Settle()
			cause := entry.Seq(len(before) + 1)
			for _, r := range []id.Room{Heyuan, Other} {
				if got := caused(s, r)[cause]; !slices.Equal(got, []string{"member.join"}) {
					t.Errorf("%s: %s has %v", name, r, got)
				}
				if !has(t, s, r, p) {
					t.Errorf("%s: %s is not in %s", name, p, r)
				}
			}
		}
	}
	// All of it once more, as if nobody had ever noted how far it had come.
	rooms := map[id.Room]int{Heyuan: len(s.Read(Heyuan.Log())), Other: len(s.Read(Other.Log()))}
	s.Engine.Close()
	if err := s.Disk.Shelf().Delete(t.Context(), "duty/office", journal.Any); err != nil {
		t.Fatal(err)
	}
	s.Start()
	s.Settle()
	for r, n := range rooms {
		if got := len(s.Read(r.Log())); got != n {
			t.Errorf("%s: %d entries, were %d", r, got, n)
		}
	}
}

// A room hears the causes in their order, also of what the office decided shortly before the program died: one that heard a later
// cause would not hear the earlier ones.
func TestEffectsThatWaitedKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Before(func(log id.Log, _ journal.Seq) error { // the rooms cannot be written for a while
		if log.Room() != "" {
			return journal.ErrUnavailable
		}
		return nil
	})
	if err := admit(s, Admission("pfirst", Heyuan, 5)); err != nil {
		t.Fatal(err)
	}
	if err := s.View.Wait(t.Context(), id.Office, entry.Seq(len(s.Read(id.Office)))); err != nil {
		t.Fatal(err)
	}
	s.HoldViews() // and the views lose the second
	answered := make(chan error)
	go func() { answered <- admit(s, Admission("psecond", Heyuan, 6)) }()
	for {
		if all := s.Read(id.Office); strings.Contains(string(all[len(all)-1].Facts), "psecond") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	s.Kill()
	<-answered
	s.Start()
	s.Settle()
	for _, p := range []id.Person{"pfirst", "psecond"} {
		if !has(t, s, Heyuan, p) {
			t.Errorf("%s was admitted and is not in the room; its causes are %v", p, caused(s, Heyuan))
		}
	}
}

// Duty goes on when what hindered it has gone.
func TestAnEffectThatIsHinderedWaits(t *testing.T) {
	t.Parallel()
	s := New(t)
	tries := 0
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() {
			if tries++; tries < 3 {
				return journal.ErrUnavailable
			}
		}
		return nil
	})
	if err := admit(s, Admission(Passer, Heyuan, 5)); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	if !has(t, s, Heyuan, Passer) || tries != 3 {
		t.Errorf("in the room: %v, after %d tries", has(t, s, Heyuan, Passer), tries)
	}
}

// One room cannot be written: the others have theirs, and after a crash it is owed what it was owed before.
func TestARoomThatCannotTakeAnEffectHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Restart()
	noted := func() (frame uint64, rev journal.Rev) {
		b, rev, err := s.Disk.Shelf().Get(t.Context(), "duty/office")
		if err != nil {
			t.Fatal(err)
		}
		return binary.BigEndian.Uint64(b), rev
	}
	all := s.Read(id.Office)
	long.Wait(t, "what is in is noted", func() bool { n, _ := noted(); return n == uint64(all[len(all)-1].Frame) })
	_, before := noted()
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() {
			return journal.ErrUnavailable
		}
		return nil
	})
	if err := errors.Join(admit(s, Admission("pfirst", Heyuan, 5)), admit(s, Admission("psecond", Other, 5))); err != nil {
		t.Fatal(err)
	}
	n := 0
	long.Wait(t, "the other room has its own, and some time that is noted", func() bool { // not each: about once a second
		n++
		if err := admit(s, Admission(id.Person(fmt.Sprint("plater", n)), Other, 6)); err != nil {
			t.Fatal(err)
		}
		_, now := noted()
		return has(t, s, Other, "psecond") && now != before
	})
	s.Kill()
	s.Start()
	s.Settle()
	if !has(t, s, Heyuan, "pfirst") {
		t.Errorf("admitted and not in the room; its causes are %v", caused(s, Heyuan))
	}
}

// Whoever did something in the office is answered when it holds: not later because others go on, nor because another room cannot be
// written.
func TestWhatFollowsFromOnesOwnEntryIsAllThatIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := New(t)
	var written, later atomic.Bool
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() && !written.Load() {
			return journal.ErrUnavailable
		}
		if log == Other.Log() && later.Load() {
			<-s.Ended()
		}
		return nil
	})
	if err := admit(s, Admission("pfirst", Heyuan, 5)); err != nil {
		t.Fatal(err)
	}
	mine := s.Serve("person.admit", map[string]any{"people": []any{Admission("pmine", Heyuan, 6), Admission("pmine", Other, 5)}})
	s.Engine.Followed(t.Context(), mine)
	if !has(t, s, Other, "pmine") {
		t.Error("what the other room was owed was not waited for")
	}
	later.Store(true)
	if err := admit(s, Admission("plater", Other, 6)); err != nil {
		t.Fatal(err)
	}
	s.Engine.Followed(t.Context(), mine)
	written.Store(true)
	long.Wait(t, "the first room is written again", func() bool { return has(t, s, Heyuan, "pmine") })
	s.Kill()
}

// What a room can never take is tried once, and what comes behind it is in.
func TestAnEffectThatIsRefusedForGoodIsPassedOver(t *testing.T) {
	t.Parallel()
	s := New(t)
	tries := 0
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() {
			if tries++; tries == 1 {
				return journal.ErrTooLarge
			}
		}
		return nil
	})
	if err := errors.Join(admit(s, Admission("pfirst", Heyuan, 5)), admit(s, Admission("psecond", Heyuan, 5))); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	if has(t, s, Heyuan, "pfirst") || !has(t, s, Heyuan, "psecond") || tries != 2 {
		t.Errorf("in are: the first %v, the second %v, after %d tries", has(t, s, Heyuan, "pfirst"), has(t, s, Heyuan, "psecond"), tries)
	}
}

// fired are the entries of the server itself that a deadline made.
func fired(s *Street, re entry.Seq) (kinds []string) {
	for _, e := range s.Read(Heyuan.Log()) {
		if e.By == id.Server && e.Re == re {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// Whatever has a time does its thing once: also when the program did not run at that time, and when the card had changed long
// before, so that nobody has it at hand.
func TestADeadlineFiresOnce(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"running", "restarted", "killed", "rebuilt"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := New(t)
			at := func(d time.Duration) int64 { return s.Now().Add(d).UnixMilli() }
			poll := s.Must(Zhou, "poll.post", 0, fmt.Sprintf(`{"options":2,"closes":%d}`, at(time.Hour)), `{"title":"题","options":["甲","乙"]}`)
			signup := s.Must(Zhang, "signup.post", 0, fmt.Sprintf(`{"options":1,"closes":%d}`, at(2*time.Hour)), `{"title":"题","options":["甲"]}`)
			notice := s.Must(Zhou, "notice.post", 0, fmt.Sprintf(`{"pin":true,"confirm":true,"importance":"normal","until":%d}`, at(3*time.Hour)), `{"title":"停水","body":"今晚"}`)
			request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
			early := s.Must(Zhou, "poll.post", 0, fmt.Sprintf(`{"options":2,"closes":%d}`, at(time.Hour)), `{"title":"题","options":["甲","乙"]}`)
			s.Must(Li, "request.claim", request, "", "")
			s.Must(Li, "request.complete", request, "", "")
			s.Must(Li, "poll.vote", poll, `{"option":0}`, "")
			s.Must(Li, "notice.confirm", notice, "", "")
			s.Must(Zhou, "poll.close", early, "", "")
			s.Engine.Due()
			if n := len(fired(s, poll)); n != 0 {
				t.Fatalf("fired before its time: %d", n)
			}
			later := func(d time.Duration) {
				switch way {
				case "running":
					s.Wait(d)
				case "restarted":
					s.Engine.Close()
					s.Wait(d)
					s.Start()
				case "killed":
					s.Kill()
					s.Wait(d)
					s.Start()
				case "rebuilt":
					s.Wait(d)
					s.Rebuild()
				}
				for range 3 {
					s.Engine.Due()
				}
			}
			later(time.Hour)
			s.Refused(fault.Closed, Wang, "poll.vote", poll, `{"option":0}`, "")
			later(4 * time.Hour)
			later(72 * time.Hour)
			for seq, want := range map[entry.Seq]string{poll: "poll.close", signup: "signup.close", notice: "notice.expire", request: "request.lapse"} {
				if got := fired(s, seq); !slices.Equal(got, []string{want}) {
					t.Errorf("item %d: %v, want once %s", seq, got, want)
				}
			}
			if got := fired(s, early); len(got) != 0 {
				t.Errorf("what was closed by hand was closed again: %v", got)
			}
			if got := s.Item(request); !strings.Contains(string(got.State), `"status":"closed"`) {
				t.Errorf("the request is %s", got.State)
			}
			err := s.Engine.ReadRoom(Heyuan, func(r *room.State) {
				if at, due := r.NextDue(); due || len(r.Pins()) != 0 {
					t.Errorf("still due at %d, pinned %v", at, r.Pins())
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// The engine looks by itself.
func TestSomebodyLooksAtTheClock(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Li)
	poll := s.Must(Zhou, "poll.post", 0, fmt.Sprintf(`{"options":2,"closes":%d}`, s.Now().Add(time.Hour).UnixMilli()), `{"title":"题","options":["甲","乙"]}`)
	s.Wait(time.Hour)
	ear.Until(func(h Heard) bool {
		return len(h.Set) == 1 && h.Set[0].Seq == poll && strings.Contains(string(h.Set[0].State), `"open":false`)
	})
}

// What is due at one time is written together; a log that is slow holds up its own room alone.
func TestDeadlinesAreWrittenTogetherAndEachRoomsByItself(t *testing.T) {
	t.Parallel()
	s := New(t)
	const many = 200
	closes := func(d time.Duration) string {
		return fmt.Sprintf(`{"options":2,"closes":%d}`, s.Now().Add(d).UnixMilli())
	}
	words := `{"title":"题","options":["甲","乙"]}`
	ear, polls := s.Ear(Zhou), make([]entry.Command, many)
	for i := range polls {
		polls[i] = s.Command(Zhou, "poll.post", 0, closes(time.Hour), words)
	}
	ear.Asks(polls...)
	ear.Answers(many)
	for _, d := range []time.Duration{time.Hour, 2 * time.Hour} {
		if _, err := s.Engine.Do(t.Context(), Other.Log(), Zhou, Device(Zhou), s.Command(Zhou, "poll.post", 0, closes(d), words)); err != nil {
			t.Fatal(err)
		}
	}
	closed := func(r id.Room) (n int, frames map[journal.Seq]bool) {
		frames = map[journal.Seq]bool{}
		for _, e := range s.Read(r.Log()) {
			if e.Kind == "poll.close" {
				n++
				frames[e.Frame] = true
			}
		}
		return n, frames
	}
	slow := make(chan struct{})
	s.Before(func(log id.Log, _ journal.Seq) error {
		if log == Heyuan.Log() {
			<-slow
		}
		return nil
	})
	for i := range 2 {
		s.Wait(time.Hour)
		long.Wait(t, "what is due in the other room", func() bool { n, _ := closed(Other); return n == i+1 })
	}
	close(slow)
	long.Wait(t, "what is due in the slow one", func() bool { n, _ := closed(Heyuan); return n == many })
	if _, frames := closed(Heyuan); len(frames) > 3 {
		t.Errorf("written in %d frames", len(frames))
	}
}

// A mute is no card: it ends when its time has come, and nobody appends anything.
func TestAMuteEndsByItself(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Li)
	s.Must(Zhou, "member.mute", 0, fmt.Sprintf(`{"person":"pli","until":%d}`, s.Now().Add(time.Hour).UnixMilli()), `{"reason":"广告"}`)
	ear.Until(func(h Heard) bool { return h.Muted != nil && h.Muted.Until > 0 })
	s.Refused(fault.Muted, Li, "text.post", 0, "", `{"text":"早"}`)
	s.Restart()
	s.Refused(fault.Muted, Li, "text.post", 0, "", `{"text":"早"}`)
	s.Wait(time.Hour)
	s.Says(Li, "早")
}

// Before removals were the office's, an owner's entry in the room kept somebody out. It counts as a removal from that room: also for
// the office, which would let them in by another way.
func TestAnOldRemovalCountsAsARemovalFromItsRoom(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Kill()
	log := s.Read(Heyuan.Log())
	last := log[len(log)-1]
	body := fmt.Sprintf(`{"v":1,"from":%d,"at":%d,"e":[{"k":"member.remove","by":%q,"as":"owner","f":{"person":%q}},`+
		`{"k":"member.remove","by":%[3]q,"as":"owner","f":{"person":%[5]q,"until":%[2]d}}]}`, last.Seq+1, s.Now().UnixMilli(), Zhou, Wang, Li)
	if _, err := s.Disk.Append(t.Context(), Heyuan.Log(), last.Frame, journal.ID{7}, []byte(body)); err != nil {
		t.Fatal(err)
	}
	s.Wait(time.Minute)
	n := len(s.Read(id.Office)) + 2 // and whose time is over is not in, and bound no more
	s.Start()
	kept := func(p id.Person) (removed bool) {
		s.Engine.ReadOffice(func(o *office.State) { _, removed = o.Removed(p, Heyuan, s.Now().UnixMilli()) })
		return removed
	}
	long.Wait(t, "the office hears of both", func() bool { return len(s.Read(id.Office)) == n && kept(Wang) })
	if has(t, s, Heyuan, Wang) || kept(Li) {
		t.Errorf("in the room: %v; kept out after the end: %v", has(t, s, Heyuan, Wang), kept(Li))
	}
	if err := admit(s, Admission(Wang, Heyuan, 5)); !fault.Is(err, fault.Removed) {
		t.Errorf("let in: %v", err)
	}
	// Once: a restart finds it there.
	s.Settle()
	s.Restart()
	s.Serve("person.restored", map[string]any{"person": Wang, "room": Heyuan})
	s.Settle()
	s.Restart()
	s.Settle()
	if again := len(s.Read(id.Office)); again != n+1 || kept(Wang) {
		t.Errorf("%d entries more, kept out: %v", again-n, kept(Wang))
	}
	if !has(t, s, Heyuan, Wang) {
		t.Error("lifted, she is not in")
	}
}

// Before leaving was the office's to hear, only the room knew who had left it: for the office they stood behind their door for good.
func TestWhoLeftARoomBeforeStandsBehindNoDoorOfTheOfficeEither(t *testing.T) {
	t.Parallel()
	s := New(t)
	bound := func(p id.Person) (yes bool) {
		s.Engine.ReadOffice(func(o *office.State) {
			for _, b := range mustPerson(o, p).Bindings {
				yes = yes || b.Room == Heyuan
			}
		})
		return yes
	}
	if !bound(Wang) || !bound(Li) {
		t.Fatal("nobody is bound")
	}
	s.Kill()
	log := s.Read(Heyuan.Log())
	last := log[len(log)-1]
	body := fmt.Sprintf(`{"v":1,"from":%d,"at":%d,"e":[{"k":"member.leave","by":%q,"f":{"person":%[3]q}}]}`, last.Seq+1, s.Now().UnixMilli(), Wang)
	if _, err := s.Disk.Append(t.Context(), Heyuan.Log(), last.Frame, journal.ID{8}, []byte(body)); err != nil {
		t.Fatal(err)
	}
	n := len(s.Read(id.Office)) + 1
	s.Start()
	long.Wait(t, "the office hears of it", func() bool { return len(s.Read(id.Office)) == n && !bound(Wang) })
	if !bound(Li) || has(t, s, Heyuan, Wang) {
		t.Errorf("who stayed: %v, who left is in: %v", bound(Li), has(t, s, Heyuan, Wang))
	}
	s.Settle()
	s.Restart()
	if s.Settle(); len(s.Read(id.Office)) != n {
		t.Error("it is told once more at each start")
	}
	if err := admit(s, Admission(Wang, Heyuan, 5)); err != nil || !bound(Wang) {
		t.Errorf("not let in again: %v", err)
	}
}

func mustPerson(o *office.State, p id.Person) office.Person {
	who, _ := o.Person(p)
	return who
}
