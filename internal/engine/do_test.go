package engine_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
)

// count is how many entries of a log a command made.
func count(s *Street, command string) (n int) {
	for _, e := range s.Read(Heyuan.Log()) {
		if e.ID == command {
			n++
		}
	}
	return n
}

func TestADoubleClickHappensOnce(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Zhang)
	click := s.Command(Zhang, "text.post", 0, "", `{"text":"楼下的菜到了吗"}`)
	ear.Asks(click, click, click)
	first := ear.Answers(3)
	for _, a := range first {
		if a.Err != nil || a.Seq != first[0].Seq || a.Seq == 0 {
			t.Errorf("answered %+v, at first %+v", a, first[0])
		}
	}
	for range 70 {
		s.Says(Zhang, "还有")
	}
	if count(s, click.ID) != 1 {
		t.Errorf("it happened %d times", count(s, click.ID))
	}
	// Within the window of 64 it is known; below it nobody can tell.
	if _, err := s.Send(Zhang, click); !fault.Is(err, fault.Stale) {
		t.Errorf("70 commands later: %v", err)
	}
	late := s.Command(Zhang, "text.post", 0, "", `{"text":"慢"}`)
	for range 40 {
		s.Says(Zhang, "还有")
	}
	seq, err := s.Send(Zhang, late) // an older number that never came is no repetition
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range []func(){func() {}, s.Restart} {
		again()
		got, err := s.Send(Zhang, late)
		if err != nil || got != seq && got != 0 {
			t.Errorf("sent again: %d, %v; was %d", got, err, seq)
		}
	}
	if count(s, late.ID) != 1 {
		t.Errorf("it happened %d times", count(s, late.ID))
	}
}

// Who has the same command on its way twice, and is told ok, has the delivery before it.
func TestTheOkOfADoubleClickComesBehindTheDeliveryToo(t *testing.T) {
	t.Parallel()
	s := New(t)
	first, second := s.Ear(Zhang), s.Ear(Zhang)
	s.HoldFollower()
	click := s.Command(Zhang, "text.post", 0, "", `{"text":"在吗"}`)
	head, _ := s.Disk.Head(t.Context(), Heyuan.Log())
	first.Asks(click)
	for { // until it is written
		if now, _ := s.Disk.Head(t.Context(), Heyuan.Log()); now > head {
			break
		}
		time.Sleep(time.Millisecond)
	}
	second.Asks(click)
	for s.Engine.Waiting(Heyuan) {
		time.Sleep(time.Millisecond)
	}
	if heard := second.All(); len(heard) > 0 {
		t.Errorf("told before anybody knows of it: %+v", heard)
	}
	s.ReleaseFollower()
	told := first.Answers(1)[0]
	before := second.Until(Answer(click.ID))
	if again := before[len(before)-1].Answer[0]; again.Err != nil || again.Seq != told.Seq {
		t.Errorf("answered %+v, at first %+v", again, told)
	}
	if !slices.ContainsFunc(before[:len(before)-1], News(told.Seq)) {
		t.Errorf("the ok came before the delivery: %+v", before)
	}
}

// What waits together is written together: in order, and one that is refused is as if it had not been there.
func TestCommandsOfOneFrameKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Zhang)
	var once sync.Once
	waiting, more := make(chan struct{}), make(chan struct{})
	s.Before(func(id.Log, journal.Seq) error { // the first append takes as long as it takes the others to come
		once.Do(func() { close(waiting); <-more })
		return nil
	})
	said := func(i int) entry.Command {
		return s.Command(Zhang, "text.post", 0, "", fmt.Sprintf(`{"text":"%d"}`, i))
	}
	commands := []entry.Command{said(0)}
	ear.Asks(commands[0])
	<-waiting
	for i := 1; i <= 20; i++ {
		c := said(i)
		switch i {
		case 7:
			c.Words = nil // refused: nothing is said
		case 13:
			c.Act, c.Re = "item.pin", 1 // refused: not the owner
		}
		commands = append(commands, c)
		ear.Asks(c)
	}
	close(more)
	answers := ear.Answers(len(commands))
	last := entry.Seq(0)
	for i, a := range answers {
		refused := i == 7 || i == 13
		switch {
		case a.Command != commands[i].ID:
			t.Errorf("answer %d is %s's", i, a.Command)
		case refused != (fault.Of(a.Err) != nil):
			t.Errorf("command %d: %v", i, a.Err)
		case !refused && a.Seq != last+1 && last != 0:
			t.Errorf("command %d is at %d, behind %d", i, a.Seq, last)
		}
		if !refused {
			last = a.Seq
		}
	}
	frames := map[journal.Seq]int{}
	for _, e := range s.Read(Heyuan.Log()) {
		if strings.HasPrefix(e.ID, string(Device(Zhang))) {
			frames[e.Frame]++
		}
	}
	if len(frames) != 2 {
		t.Errorf("in %d frames", len(frames))
	}
	// All of them, and the answers behind.
	heard := ear.Until(Answer(commands[20].ID))
	if d := heard[len(heard)-2]; len(d.New) != 18 || d.Seq != last {
		t.Errorf("delivered %d items up to %d", len(d.New), d.Seq)
	}
}

// somebodyElse appends a text of 王芳 to the first room before the engine does, as another node would.
func somebodyElse(t *testing.T, s *Street, seq entry.Seq) func(id.Log, journal.Seq) error {
	t.Helper()
	words, err := s.Register.Seal(Wang, []byte(`{"text":"我先说"}`))
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	return func(log id.Log, after journal.Seq) error {
		if log != Heyuan.Log() {
			return nil
		}
		once.Do(func() {
			body := fmt.Sprintf(`{"v":1,"from":%d,"at":1772784000000,"e":[{"k":"text.post","by":"pwang","id":"delsewhere.1","w":%q}]}`, seq, base64.StdEncoding.EncodeToString(words))
			if _, err := s.Disk.Append(t.Context(), log, after, journal.ID{9}, []byte(body)); err != nil {
				t.Error(err)
			}
		})
		return nil
	}
}

func TestWhoWasOvertakenDecidesAgain(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} { // whether the follower learns of it before the writer
		t.Run(fmt.Sprint(held), func(t *testing.T) {
			t.Parallel()
			s := New(t)
			ear := s.Ear(Li)
			request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
			next := s.Engine.Head(Heyuan) + 1
			overtake := somebodyElse(t, s, next)
			s.Before(func(log id.Log, after journal.Seq) error {
				err := overtake(log, after)
				if !held && log == Heyuan.Log() {
					ear.Until(News(next))
				}
				return err
			})
			if held {
				s.HoldFollower()
				time.AfterFunc(50*time.Millisecond, s.ReleaseFollower)
			}
			c := s.Command(Li, "request.claim", request, "", "")
			ear.Asks(c)
			if a := ear.Answers(1)[0]; a.Err != nil || a.Seq != next+1 {
				t.Fatalf("answered %+v; the other stands at %d", a, next)
			}
			heard := ear.All()
			if !slices.ContainsFunc(heard, News(next)) {
				t.Errorf("nobody heard of what the other appended: %+v", heard)
			}
			if got := s.Item(next); got.By != Wang || !strings.Contains(string(got.Words), "我先说") {
				t.Errorf("the views have %+v", got)
			}
			if got := s.Item(request); !strings.Contains(string(got.State), `"helper":"pli"`) {
				t.Errorf("the request is %s", got.State)
			}
			before := s.Digest()
			s.Rebuild()
			if s.Seen(); s.Digest() != before {
				t.Error("built again the views differ")
			}
		})
	}
}

// What an office says of somebody is theirs: without their key nobody reads why they were not let in, or had to go.
func TestWordsAboutSomebodyGoWithTheirKey(t *testing.T) {
	t.Parallel()
	s := New(t)
	if err := s.Register.Put(t.Context(), "pnew", register.Record{Name: "赵六", Phone: "13800009999"}); err != nil {
		t.Fatal(err)
	}
	s.Serve("application.submit", map[string]any{"application": "a1", "person": "pnew", "room": Heyuan, "relation": "owner", "category": "业主", "light": "red", "charter": 0})
	for _, c := range []entry.Command{
		{Act: "application.reject", With: []byte(`{"application":"a1"}`), Words: []byte(`{"reason":"查无此人"}`)},
		{Act: "person.removed", With: []byte(`{"person":"pnew","room":"` + string(Heyuan) + `"}`), Words: []byte(`{"reason":"冒名"}`)},
	} {
		c.ID = s.Command(Zhou, "", 0, "", "").ID
		if _, err := s.Engine.Do(t.Context(), id.Office, Zhou, Device(Zhou), c); err != nil {
			t.Fatal(c.Act, err)
		}
	}
	s.Settle()
	said := func() (text, reason string) {
		s.Engine.ReadOffice(func(o *office.State) {
			a, _ := o.Application("a1")
			x, _ := o.Removed("pnew", Heyuan, s.Now().UnixMilli())
			text, reason = string(a.Text), string(x.Reason)
		})
		return text, reason
	}
	if text, reason := said(); !strings.Contains(text, "查无此人") || !strings.Contains(reason, "冒名") {
		t.Fatalf("%s, %s", text, reason)
	}
	if err := s.Register.Forget(t.Context(), "pnew"); err != nil {
		t.Fatal(err)
	}
	s.Rebuild()
	if text, reason := said(); text != "" || reason != "" {
		t.Errorf("said still: %s, %s", text, reason)
	}
}

// The frame that came first may change the answer.
func TestWhoWasOvertakenMayBeTooLate(t *testing.T) {
	t.Parallel()
	s := New(t)
	request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
	var once sync.Once
	s.Before(func(log id.Log, after journal.Seq) error {
		if log == Heyuan.Log() {
			once.Do(func() {
				body := fmt.Sprintf(`{"v":1,"from":%d,"at":1772784000000,"e":[{"k":"request.claim","by":"pwang","id":"delsewhere.1","re":%d}]}`, request+1, request)
				if _, err := s.Disk.Append(t.Context(), log, after, journal.ID{9}, []byte(body)); err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	})
	s.Refused(fault.Taken, Li, "request.claim", request, "", "")
	if got := s.Item(request); !strings.Contains(string(got.State), `"helper":"pwang"`) {
		t.Errorf("the request is %s", got.State)
	}
}

func TestAFailedAppendLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"unavailable": journal.ErrUnavailable, "no-space": journal.ErrNoSpace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New(t)
			signup := s.Must(Zhou, "signup.post", 0, `{"options":1,"stock":[1]}`, `{"title":"团购","options":["鸡蛋"]}`)
			failed := false
			s.Before(func(log id.Log, _ journal.Seq) error {
				if log == Heyuan.Log() && !failed {
					failed = true
					return failure
				}
				return nil
			})
			c := s.Command(Li, "signup.join", signup, `{"option":0,"quantity":1}`, "")
			if _, err := s.Send(Li, c); !fault.Is(err, fault.Busy) && !fault.Is(err, fault.NoSpace) {
				t.Fatalf("refused with %v", err)
			}
			// The one egg is still there, for whoever comes first: and that is the same command, sent again.
			for {
				seq, err := s.Send(Li, c)
				if fault.Is(err, fault.NoSpace) { // for a second after it was seen
					time.Sleep(20 * time.Millisecond)
					continue
				}
				if err != nil || seq != signup+1 {
					t.Fatalf("sent again: %d, %v", seq, err)
				}
				break
			}
			s.Refused(fault.OutOfStock, Wang, "signup.join", signup, `{"option":0,"quantity":1}`, "")
		})
	}
}

// What was written before the failure, and not yet told, is told; what is decided behind it is decided by it.
func TestAFailedAppendKeepsWhatStandsBeforeIt(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Li)
	request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
	s.HoldFollower()
	head, _ := s.Disk.Head(t.Context(), Heyuan.Log())
	claim := s.Command(Li, "request.claim", request, "", "")
	fails := s.Command(Zhang, "text.post", 0, "", `{"text":"这句没有存下"}`)
	s.Before(func(log id.Log, after journal.Seq) error {
		if log == Heyuan.Log() && after == head+1 {
			return journal.ErrUnavailable
		}
		return nil
	})
	ear.Asks(claim)
	other := s.Ear(Zhang)
	for s.Engine.Waiting(Heyuan) {
		time.Sleep(time.Millisecond)
	}
	other.Asks(fails)
	third := s.Ear(Wang)
	time.AfterFunc(50*time.Millisecond, s.ReleaseFollower)
	if a := other.Answers(1)[0]; !fault.Is(a.Err, fault.Busy) {
		t.Errorf("answered %+v", a)
	}
	if a := ear.Answers(1)[0]; a.Err != nil || a.Seq != request+1 {
		t.Errorf("answered %+v", a)
	}
	s.Before(nil)
	// Its card is no longer in hand, and the views have it from the follower.
	third.Asks(s.Command(Wang, "request.claim", request, "", ""))
	if a := third.Answers(1)[0]; !fault.Is(a.Err, fault.Taken) {
		t.Errorf("answered %+v", a)
	}
	if seq, err := s.Send(Zhang, fails); err != nil || seq != request+2 {
		t.Errorf("sent again: %d, %v", seq, err)
	}
}

func TestADiskBelowItsReserveRefusesAndRecoversByItself(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Says(Zhang, "早")
	s.FreeSpace(100)
	var c entry.Command
	for range 1000 { // the disk is looked at now and then
		c = s.Command(Zhang, "text.post", 0, "", `{"text":"放不下"}`)
		if _, err := s.Send(Zhang, c); err != nil {
			if !fault.Is(err, fault.NoSpace) {
				t.Fatal(err)
			}
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if count(s, c.ID) != 0 {
		t.Fatal("it was stored")
	}
	if err := s.Engine.Ready(); !fault.Is(err, fault.NoSpace) {
		t.Errorf("ready: %v", err)
	}
	s.Seen() // reading goes on
	s.FreeSpace(1 << 20)
	for {
		_, err := s.Send(Zhang, c)
		if err == nil {
			break
		}
		if !fault.Is(err, fault.NoSpace) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if count(s, c.ID) != 1 || s.Engine.Ready() != nil {
		t.Errorf("stored %d times; ready: %v", count(s, c.ID), s.Engine.Ready())
	}
}

// A frame has a limit that the commands in it do not know of: what their rules add to them may be more than they brought.
func TestCommandsThatAreTooMuchForOneFrameAreWrittenInTwo(t *testing.T) {
	t.Parallel()
	s := New(t)
	crowd(t, s, 50, "志愿者")
	ear := s.Ear(Zhang)
	var once sync.Once
	waiting, more := make(chan struct{}), make(chan struct{})
	s.Before(func(id.Log, journal.Seq) error {
		once.Do(func() { close(waiting); <-more })
		return nil
	})
	ear.Asks(s.Command(Zhang, "text.post", 0, "", `{"text":"早"}`))
	<-waiting
	const n = 250
	for range n { // each calls fifty people
		ear.Asks(s.Command(Zhang, "text.post", 0, `{"roles":["志愿者"]}`, `{"text":"来搭把手"}`))
	}
	close(more)
	last := entry.Seq(0)
	for i, a := range ear.Answers(n + 1) {
		if a.Err != nil || last != 0 && a.Seq != last+1 {
			t.Fatalf("answer %d: %+v behind %d", i, a, last)
		}
		last = a.Seq
	}
}

// crowd lets many in with one badge.
func crowd(t *testing.T, s *Street, n int, badge string) {
	t.Helper()
	var people []any
	for i := range n {
		people = append(people, map[string]any{"person": fmt.Sprintf("pcrowd-of-neighbours-%017d", i), "room": Heyuan, "badge": badge})
	}
	s.Serve("person.admit", map[string]any{"people": people, "quiet": true})
	s.Settle()
}

func TestTheInboxHasAnEnd(t *testing.T) {
	t.Parallel()
	s := New(t)
	stop := make(chan struct{})
	s.Before(func(id.Log, journal.Seq) error { <-stop; return nil })
	ear := s.Ear(Zhang)
	c := s.Command(Zhang, "text.post", 0, "", `{"text":"早"}`)
	const n = 10_000
	for range n {
		ear.Asks(c)
	}
	refused := 0
	for _, h := range ear.All() {
		for _, a := range h.Answer {
			if !fault.Is(a.Err, fault.Busy) {
				t.Fatalf("answered %+v", a)
			}
			refused++
		}
	}
	if refused == 0 || refused > n-8192 {
		t.Errorf("%d of %d refused at once", refused, n)
	}
	close(stop)
	ear.Answers(n)
	if count(s, c.ID) != 1 {
		t.Errorf("it happened %d times", count(s, c.ID))
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	s := New(t)
	c := s.Command(Zhang, "text.post", 0, "", `{"text":"早"}`)
	if _, err := s.Engine.Do(t.Context(), id.Room("rnowhere").Log(), Zhang, Device(Zhang), c); !fault.Is(err, fault.NotMember) {
		t.Errorf("a room that is not there: %v", err)
	}
	if err := s.Engine.ReadRoom("rnowhere", nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("read: %v", err)
	}
	if err := s.Engine.ReadItem(t.Context(), Heyuan, 1, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("an entry that is no item: %v", err)
	}
	s.Refused(fault.NotMember, Passer, "text.post", 0, "", `{"text":"早"}`)
	s.Refused(fault.NotFound, Zhang, "item.retract", 99999, "", "")
	if _, err := s.Engine.Do(t.Context(), Heyuan.Log(), Li, Device(Li), c); !fault.Is(err, fault.Invalid) {
		t.Errorf("another device's command: %v", err)
	}
}

// An action on an item from long ago is decided like any other, and what a room holds in memory does not grow with its history.
func TestHistoryCostsNoMemory(t *testing.T) {
	t.Parallel()
	s := New(t)
	request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"降压药"}`)
	ear := s.Ear(Wang)
	const n = 5000
	for i := range n {
		ear.Asks(s.Command(Wang, "text.post", 0, "", fmt.Sprintf(`{"text":"%d"}`, i)))
		if i%1000 == 999 {
			ear.Answers(i + 1)
		}
	}
	s.Seen()
	s.Says(Li, "好")
	held := 0
	err := s.Engine.ReadRoom(Heyuan, func(r *room.State) {
		for seq := range entry.Seq(n) {
			if r.Held(seq) != nil {
				held++
			}
		}
	})
	if err != nil || held > 1000 {
		t.Errorf("%d items in hand, %v", held, err)
	}
	s.Must(Li, "request.claim", request, "", "")
	s.Restart()
	s.Refused(fault.Taken, Wang, "request.claim", request, "", "")
	s.Must(Li, "request.complete", request, "", "")
	s.Must(Zhang, "request.rate", request, `{"stars":5}`, "")
	if got := s.Item(request); !strings.Contains(string(got.State), `"status":"rated"`) {
		t.Errorf("the request is %s", got.State)
	}
}

// Who wants to read what may have been heard waits for views that are behind, and not for ever.
func TestViewsThatAreBehindAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Wang)
	s.HoldViews()
	c := s.Command(Wang, "text.post", 0, "", `{"text":"早"}`)
	ear.Asks(c)
	ear.Until(func(h Heard) bool { return len(h.New) == 1 }) // who is there hears it
	started := time.Now()
	if err := s.Engine.Seen(t.Context(), Heyuan); !fault.Is(err, fault.Busy) || time.Since(started) < 2*time.Second {
		t.Errorf("%v after %s", err, time.Since(started))
	}
	s.ReleaseViews()
	ear.Until(Answer(c.ID))
	s.Seen()
}
