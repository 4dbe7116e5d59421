package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"linli/internal/engine"
	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/long"
	"linli/internal/room"
	"linli/internal/wire"
)

// An ok means: durable, and its delivery is queued.
func TestTheOkComesBehindTheDelivery(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear, neighbour := s.Ear(Zhang), s.Ear(Li)
	for i := range 20 {
		c := s.Command(Zhang, "text.post", 0, "", fmt.Sprintf(`{"text":"%d"}`, i))
		ear.Asks(c)
		heard := ear.Until(Answer(c.ID))
		a := heard[len(heard)-1].Answer[0]
		if a.Err != nil {
			t.Fatal(a.Err)
		}
		if !slices.ContainsFunc(heard, News(a.Seq)) || !slices.ContainsFunc(neighbour.All(), News(a.Seq)) {
			t.Fatalf("ok before the delivery of %d", a.Seq)
		}
		if count(s, c.ID) != 1 {
			t.Fatalf("ok before %d was stored", a.Seq)
		}
		// Who wrote it finds it.
		if b, err := s.View.Sent(Heyuan, s.Who(Zhang), a.Seq); i%5 == 0 && err == nil && !strings.Contains(string(b), c.ID) {
			t.Errorf("read back: %s", b)
		}
	}
}

// What only one may see goes to that one, behind what all see.
func TestOwnPartsGoToTheirPersonAlone(t *testing.T) {
	t.Parallel()
	s := New(t)
	poll := s.Must(Zhou, "poll.post", 0, `{"options":2,"per":"household"}`, `{"title":"刷漆","options":["白","灰"]}`)
	voter, spouse, neighbour := s.Ear(Zhang), s.Ear(ZhangB), s.Ear(Li)
	vote := s.Must(Zhang, "poll.vote", poll, `{"option":1}`, "")
	s.Says(Li, "投了")
	last := News(s.Engine.Head(Heyuan))
	own := func(e *Ear) (mine []wire.Mine) {
		shown := false
		for _, h := range e.Until(last) {
			for _, x := range h.Set {
				shown = shown || x.Ch == vote
			}
			for _, m := range h.Mine {
				if !shown {
					t.Errorf("own part %+v before the delivery", m)
				}
				mine = append(mine, m)
			}
		}
		return mine
	}
	for _, e := range []*Ear{voter, spouse} {
		if mine := own(e); len(mine) != 1 || mine[0].Seq != poll || mine[0].Ch != vote || !strings.Contains(string(mine[0].Own), `"option":1`) {
			t.Errorf("own parts %+v", mine)
		}
	}
	if mine := own(neighbour); len(mine) != 0 {
		t.Errorf("a neighbour hears the ballot: %+v", mine)
	}
}

func TestAConfirmationIsNotFannedOut(t *testing.T) {
	t.Parallel()
	s := New(t)
	notice := s.Must(Zhou, "notice.post", 0, `{"confirm":true,"importance":"normal"}`, `{"title":"停水","body":"今晚"}`)
	owner, neighbour := s.Ear(Zhou), s.Ear(Li)
	s.Must(Zhang, "notice.confirm", notice, "", "")
	last := News(s.Says(Wang, "好"))
	for _, h := range neighbour.Until(last) {
		if len(h.Set)+len(h.Mine) > 0 {
			t.Errorf("a neighbour hears of it: %+v", h)
		}
	}
	if !slices.ContainsFunc(owner.Until(last), func(h Heard) bool {
		return len(h.Mine) == 1 && strings.Contains(string(h.Mine[0].Own), `"n":1`)
	}) {
		t.Error("the owner's count did not move")
	}
}

// A delivery says behind which one it stands: what the room was told before, in whichever life of the program. A confirmation moves
// the log and not that; whom it concerns hears of it behind what all have heard.
func TestADeliverySaysBehindWhichOneItStands(t *testing.T) {
	t.Parallel()
	s := New(t)
	told := entry.Seq(0) // to all, so far
	chain := func(heard []Heard) {
		t.Helper()
		for _, h := range heard {
			switch {
			case h.Room != Heyuan:
			case h.From == nil || h.After != nil:
				t.Fatalf("not to be told from an answer: %+v", h)
			case told != 0 && *h.From != told:
				t.Errorf("%d stands behind %d; told before it was %d", h.Seq, *h.From, told)
			case len(h.Mine) == 0:
				told = h.Seq
			}
		}
	}
	hears := func(do func() entry.Seq) {
		t.Helper()
		ear := s.Ear(Li)
		chain(ear.Until(News(do())))
	}
	notice := s.Must(Zhou, "notice.post", 0, `{"confirm":true,"importance":"normal"}`, `{"title":"停水","body":"今晚"}`)
	told = notice
	says := func() entry.Seq { return s.Says(Wang, "好") }
	confirm := func() { s.Must(Li, "notice.confirm", notice, "", "") }
	for _, between := range []func(){
		func() {}, confirm, s.Restart,
		func() { s.Must(Wang, "notice.confirm", notice, "", ""); s.Restart() },
		func() { s.Must(Zhang, "notice.confirm", notice, "", ""); s.Rebuild() },
		func() { s.Kill(); s.Start() }, s.Rebuild,
	} {
		between()
		hears(says)
	}
	// The very first one in a room stands behind nothing.
	s.Serve("person.admit", map[string]any{"people": []any{Admission(Passer, Other, 1)}})
	s.Settle()
	first := s.Ear(Passer)
	seq, err := s.Engine.Do(t.Context(), Other.Log(), Zhou, Device(Zhou), s.Command(Zhou, "text.post", 0, "", `{"text":"早"}`))
	if err != nil {
		t.Fatal(err)
	}
	if h := first.Until(News(seq)); h[len(h)-1].From == nil || *h[len(h)-1].From >= seq {
		t.Errorf("heard %+v", h)
	}
}

// Everything up to and including the removal, never one after: not even what was written in the same moment.
func TestARemovedResidentHearsNothingAfterTheRemoval(t *testing.T) {
	t.Parallel()
	s := New(t)
	wang, li := s.Ear(Wang), s.Ear(Li)
	s.Ear(Zhou)
	// What waits with the removal, and is written in the same moment: everybody writes all the time.
	wang.Asks(s.Command(Wang, "text.post", 0, "", `{"text":"我还在"}`))
	wang.Answers(1)
	s.Serve("person.removed", map[string]any{"person": Wang, "room": Heyuan})
	asked := 0
	for has(t, s, Heyuan, Wang) {
		li.Asks(s.Command(Li, "text.post", 0, "", `{"text":"正走着"}`))
		if asked++; asked%20 == 0 {
			li.Answers(asked)
		}
	}
	wang.Asks(s.Command(Wang, "text.post", 0, "", `{"text":"我不在了"}`))
	s.Settle()
	removal := entry.Seq(0)
	for i, e := range s.Read(Heyuan.Log()) {
		if e.Kind == "member.removed" {
			removal = entry.Seq(i + 1)
		}
	}
	if removal == 0 {
		t.Fatal("the room did not hear of the removal")
	}
	if a := wang.Answers(2)[1]; !fault.Is(a.Err, fault.Removed) {
		t.Errorf("she may still write: %+v", a)
	}
	s.Says(Li, "再一条")
	gone := false
	for _, h := range wang.All() {
		gone = gone || slices.Contains(h.Gone, Wang)
		if h.Seq > removal {
			t.Errorf("she hears up to %d; her removal is %d: %+v", h.Seq, removal, h)
		}
		for _, item := range h.New {
			if item.Seq > removal {
				t.Errorf("she hears item %d", item.Seq)
			}
		}
	}
	if !gone || !slices.ContainsFunc(wang.All(), func(h Heard) bool { return h.Leave != nil && h.Leave.Room == Heyuan }) {
		t.Error("nobody told her that she is out")
	}
	if s.Hub.Online(hub.Room(Heyuan)) != 2 {
		t.Errorf("%d hear the room", s.Hub.Online(hub.Room(Heyuan)))
	}
	// When it is lifted she hears it again; nobody is told that she joined, which she did long ago.
	s.Serve("person.restored", map[string]any{"person": Wang, "room": Heyuan})
	s.Settle()
	for _, h := range wang.Until(News(s.Says(Li, "欢迎回来"))) {
		if slices.ContainsFunc(h.New, func(i wire.Item) bool { return i.Kind == "joined" }) {
			t.Errorf("she is told of as a newcomer: %+v", h)
		}
	}
}

func TestANewcomerHearsTheRoomFromTheirOwnArrivalOn(t *testing.T) {
	t.Parallel()
	s := New(t)
	before := s.Says(Li, "之前")
	ear, li := s.Ear(Passer), s.Ear(Li)
	s.Serve("person.admit", map[string]any{"people": []any{Admission(Passer, Heyuan, 5)}})
	joined := li.Until(func(h Heard) bool { return len(h.New) == 1 && h.New[0].Kind == "joined" })
	line := joined[len(joined)-1]
	if len(line.People) == 0 || !slices.ContainsFunc(line.People, func(n wire.Name) bool { return n.ID == Passer && strings.Contains(n.Name, "3-1-105") }) {
		t.Errorf("the line comes without the name: %+v", line)
	}
	heard := ear.Until(News(s.Says(Li, "欢迎")))
	if heard[0].Join == nil || heard[0].Join.ID != Heyuan {
		t.Errorf("first heard: %+v", heard[0])
	}
	if slices.ContainsFunc(heard, News(before)) || !slices.ContainsFunc(heard, News(line.Seq)) {
		t.Errorf("heard %+v", heard)
	}
}

type broken struct {
	journal.Journal
	err error
}

func (b broken) Follow(context.Context, int, journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) { yield(journal.Step{}, b.err) }
}

// A log that cannot be followed is an error at the start, not a start without end.
func TestALogThatCannotBeFollowedIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	for _, err := range []error{journal.ErrEpoch, &journal.Damaged{}} {
		s := New(t)
		s.Engine.Close()
		parts := s.Engine.Parts
		parts.Journal = broken{s.Disk, err}
		e, failed := engine.New(parts)
		if failed != nil {
			t.Fatal(failed)
		}
		ctx, cancel := context.WithTimeout(t.Context(), long.Patience)
		if got := e.Start(ctx); !errors.Is(got, err) {
			t.Errorf("started with %v, the journal says %v", got, err)
		}
		cancel()
		if got := e.Ready(); !fault.Is(got, fault.NotReady) {
			t.Errorf("ready: %v", got)
		}
		e.Close()
	}
}

// damaged is a journal of which a log has a damaged frame.
type damaged struct {
	journal.Journal
	at *journal.Damaged
}

func (d damaged) Sound(ctx context.Context, log id.Log) error {
	if log == d.at.Log {
		return d.at
	}
	return d.Journal.Sound(ctx, log)
}

// on closes the street and starts an engine on a damaged journal.
func (s harmed) on(log id.Log) *engine.Engine {
	s.T.Helper()
	s.Engine.Close()
	parts := s.Engine.Parts
	parts.Journal = damaged{s.Disk, &journal.Damaged{Log: log, Seq: 3, File: "/data/log/damaged/000003.sst"}}
	e, err := engine.New(parts)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(e.Close)
	if err := e.Start(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	return e
}

type harmed struct{ *Street }

func TestADamagedRoomIsClosedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	s := harmed{New(t)}
	e := s.on(Heyuan.Log())
	if err := e.ReadRoom(Heyuan, func(*room.State) { t.Error("it was read") }); !fault.Is(err, fault.Damaged) {
		t.Error("reading:", err)
	}
	if _, err := e.Do(t.Context(), Heyuan.Log(), Zhang, Device(Zhang), s.Command(Zhang, "text.post", 0, "", `{"text":"在吗"}`)); !fault.Is(err, fault.Damaged) {
		t.Error("saying:", err)
	}
	if err := e.ReadRoom(Other, func(*room.State) {}); err != nil {
		t.Error("the other:", err)
	}
	if _, err := e.As(t.Context(), id.Office, entry.Command{Act: "look", With: []byte(`{"by":"padmin","of":["pzhang"],"reason":"test"}`)}, time.Time{}); err != nil {
		t.Error("the office:", err)
	}
	if list := e.Damages(); len(list) != 1 || list[0] != (engine.Damage{Log: Heyuan.Log(), Frame: 3, File: "damaged/000003.sst"}) {
		t.Errorf("damages: %+v", list)
	}
}

// keyless is a sealer that cannot read somebody's key from the disk.
type keyless struct {
	engine.Sealer
	of id.Person
}

func (k keyless) Open(p id.Person, sealed []byte) ([]byte, error) {
	if p == k.of {
		return nil, journal.ErrUnreadable
	}
	return k.Sealer.Open(p, sealed)
}

// What was forgotten has no words. What is damaged says that it is: else rot would look like somebody's wish.
func TestWordsWhoseKeyIsDamagedAreNotTakenForForgotten(t *testing.T) {
	t.Parallel()
	s := New(t)
	hers, his := s.Says(Li, "今晚停水"), s.Says(Zhang, "收到")
	s.Sealer = keyless{s.Register, Li}
	s.Rebuild()
	s.Seen()
	for seq, words := range map[entry.Seq]string{hers: `"words":{"damaged":true}`, his: `"words":{"text":"收到"}`} {
		if b, err := s.View.Sent(Heyuan, s.Who(Zhang), seq); err != nil || !strings.Contains(string(b), words) {
			t.Errorf("%d: %s, %v", seq, b, err)
		}
	}
}

func TestWithADamagedOfficeNothingIsDecidedAndEverythingIsRead(t *testing.T) {
	t.Parallel()
	s := harmed{New(t)}
	e := s.on(id.Office)
	if err := e.ReadRoom(Heyuan, func(x *room.State) {
		if !x.Has(Zhang) {
			t.Error("it has no members")
		}
	}); err != nil {
		t.Error("reading:", err)
	}
	for _, log := range []id.Log{Heyuan.Log(), id.Office} {
		if _, err := e.Do(t.Context(), log, Zhang, Device(Zhang), s.Command(Zhang, "text.post", 0, "", `{"text":"在吗"}`)); !fault.Is(err, fault.Damaged) {
			t.Error(log, err)
		}
	}
	if list := e.Damages(); len(list) != 1 || list[0].Log != id.Office {
		t.Errorf("damages: %+v", list)
	}
}

// What was appended and never told, because the program died between the two, is told by the next one, and the same command sent
// again is answered with the same seq.
func TestACrashBetweenAppendAndAnswer(t *testing.T) {
	t.Parallel()
	s := New(t)
	var all []entry.Command
	var seqs []entry.Seq
	for round := range 6 {
		ear := s.Ear(Zhang)
		s.HoldFollower()
		s.DieAt(1, round%2 == 0)
		head := s.Engine.Head(Heyuan)
		c := s.Command(Zhang, "text.post", 0, "", fmt.Sprintf(`{"text":"%d"}`, round))
		ear.Asks(c)
		<-s.Ended()
		s.Kill()
		for _, h := range ear.All() {
			for _, a := range h.Answer {
				if a.Err == nil {
					t.Fatalf("a dead program answers %+v", a)
				}
			}
		}
		s.Start()
		seq, err := s.Send(Zhang, c)
		if err != nil || seq != head+1 {
			t.Fatalf("round %d: %d, %v; want %d", round, seq, err, head+1)
		}
		all, seqs = append(all, c), append(seqs, seq)
		for i, c := range all {
			if got, err := s.Send(Zhang, c); err != nil || got != seqs[i] && got != 0 {
				t.Errorf("round %d, command %d: %d, %v; was %d", round, i, got, err, seqs[i])
			}
			if count(s, c.ID) != 1 {
				t.Errorf("command %d happened %d times", i, count(s, c.ID))
			}
			if got := s.Item(seqs[i]); got.ID != c.ID {
				t.Errorf("the views have %+v at %d", got, seqs[i])
			}
		}
	}
}

// When the follower stops, whoever waits for an answer learns that it will not come; whether it happened is open.
func TestNobodyWaitsForAFollowerThatHasStopped(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.HoldFollower()
	head := len(s.Read(Heyuan.Log()))
	c := s.Command(Zhang, "text.post", 0, "", `{"text":"在吗"}`)
	answer := make(chan error)
	go func() {
		_, err := s.Send(Zhang, c)
		answer <- err
	}()
	for len(s.Read(Heyuan.Log())) == head {
		time.Sleep(time.Millisecond)
	}
	s.Die()
	select {
	case err := <-answer:
		if !fault.Is(err, fault.Busy) {
			t.Errorf("answered %v", err)
		}
	case <-time.After(long.Patience):
		t.Fatal("it waits still")
	}
	if err := s.Engine.Settled(t.Context()); err != nil && !fault.Is(err, fault.Busy) {
		t.Errorf("settled: %v", err)
	}
	s.Kill()
	s.Start()
	if seq, err := s.Send(Zhang, c); err != nil || seq != entry.Seq(head+1) {
		t.Errorf("sent again: %d, %v", seq, err)
	}
}
