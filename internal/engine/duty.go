package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/room"
)

// What the server itself must append. Effects go one way, from the office's log to the rooms', and each carries the office's
// seq as its cause: a room that has heard it does nothing. So duty may repeat, after a crash at any point, without harm.

// dutyKey is where the shelf keeps the office's last frame whose effects are in all rooms.
const dutyKey = "duty/office"

// duty is what follows in one room from one entry of the office.
type duty struct {
	room    id.Room
	frame   journal.Seq // of the office's entry
	cause   entry.Seq
	at      int64
	effects []entry.Entry
}

// debts are the duties that wait, room by room, each in the office's order: a room that cannot take what it is owed holds up no other.
// Without limit: the follower must never wait for them.
type debts struct {
	mu      sync.Mutex
	rooms   map[id.Room]*roomDebt // those that are owed something
	serving bool                  // each of them has one who does it
	frame   journal.Seq           // the last that owed anything
	cause   entry.Seq             // and its last entry that did
	saved   time.Time
	moved   chan struct{} // closed when something is in, or a room begins to wait
}

// roomDebt is what one room is owed, the first first.
type roomDebt struct {
	list  []duty
	waits bool // it cannot take it now
}

func (d *debts) move() {
	close(d.moved)
	d.moved = make(chan struct{})
}

func dutiesOf(seq entry.Seq, at int64, e *entry.Entry) []duty {
	effects := office.Effects(seq, e)
	list := make([]duty, 0, len(effects))
	for r, entries := range effects {
		list = append(list, duty{room: r, cause: seq, at: at, effects: entries})
	}
	return list
}

// owe queues all duties of a frame.
func (e *Engine) owe(frame journal.Seq, list []duty) {
	if len(list) == 0 {
		return
	}
	d := &e.debts
	d.mu.Lock()
	defer d.mu.Unlock()
	d.frame = frame
	for _, x := range list {
		x.frame, d.cause = frame, x.cause
		o := d.rooms[x.room]
		if o == nil {
			o = &roomDebt{}
			d.rooms[x.room] = o
		}
		o.list = append(o.list, x)
		if d.serving && len(o.list) == 1 {
			e.work.Add(1)
			go e.serve(x.room)
		}
	}
}

// Followed waits until what the office's log caused up to an entry is in the rooms. Where one cannot take it now, or ctx ends, it does not
// wait: what the log has follows.
func (e *Engine) Followed(ctx context.Context, upTo entry.Seq) {
	_ = e.less(ctx, func(o *roomDebt) bool { return o.list[0].cause <= upTo && !o.waits })
}

// Settled waits until all that the office's log owed the rooms when it was called is in them, however long one of them cannot take it.
func (e *Engine) Settled(ctx context.Context) error {
	e.debts.mu.Lock()
	upTo := e.debts.cause
	e.debts.mu.Unlock()
	return e.less(ctx, func(o *roomDebt) bool { return o.list[0].cause <= upTo })
}

// less waits until no room is owed what is too much.
func (e *Engine) less(ctx context.Context, tooMuch func(*roomDebt) bool) error {
	for {
		moved := e.debts.where(tooMuch)
		if moved == nil {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ended:
			return fault.New(fault.Busy, "the server is stopping")
		}
	}
}

// where is nil when there is no such room, else closed when it is time to ask again.
func (d *debts) where(such func(*roomDebt) bool) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.rooms {
		if such(o) {
			return d.moved
		}
	}
	return nil
}

// resumeDuty takes up what was left undone when the program last ended.
func (e *Engine) resumeDuty(ctx context.Context) error {
	b, _, err := e.Journal.Shelf().Get(ctx, dutyKey)
	// Where it cannot be read all is done again, which is no harm.
	if err != nil && !errors.Is(err, journal.ErrAbsent) && !errors.Is(err, journal.ErrUnreadable) {
		return fmt.Errorf("engine: duty: %w", err)
	}
	done := journal.Seq(0)
	if len(b) == 8 {
		done = journal.Seq(binary.BigEndian.Uint64(b))
	}
	e.resumed = done
	for f, err := range e.Journal.Read(ctx, id.Office, done, 0) {
		if damaged := (*journal.Damaged)(nil); errors.As(err, &damaged) {
			break // the office decides nothing
		}
		if err != nil {
			return fmt.Errorf("engine: duty: %w", err)
		}
		e.resumed = f.Seq
		body, err := readBody(f.Body)
		if err != nil {
			return fmt.Errorf("engine: duty: %w", err)
		}
		var list []duty
		for i := range body.Entries {
			s := &body.Entries[i]
			en, err := e.open(s)
			if err != nil {
				return fmt.Errorf("engine: duty: %w", err)
			}
			list = append(list, dutiesOf(body.From+entry.Seq(i), s.at(body), en)...)
		}
		e.owe(f.Seq, list)
	}
	return nil
}

// serveDuty begins to do what is owed.
func (e *Engine) serveDuty() {
	e.debts.mu.Lock()
	defer e.debts.mu.Unlock()
	e.debts.serving = true
	for r := range e.debts.rooms {
		e.work.Add(1)
		go e.serve(r)
	}
}

const (
	soonAgain = 200 * time.Millisecond // before an effect that had to wait is tried once more; then twice as long each time,
	lateAgain = 5 * time.Second        // and no longer than this
)

// serve does what one room is owed, in the office's order, and ends.
func (e *Engine) serve(r id.Room) {
	defer e.work.Done()
	for wait := time.Duration(0); ; {
		x := e.debts.first(r)
		_, err := e.do(e.ctx, r.Log(), ask{person: id.Server, at: x.at, cause: x.cause, effects: x.effects})
		switch {
		case e.ctx.Err() != nil:
			return
		case passing(err):
			if wait == 0 {
				e.debts.halt(r)
				e.Log.Warn("an effect of the office waits", "room", r, "cause", x.cause, "err", err)
			}
			wait = min(max(2*wait, soonAgain), lateAgain)
			select {
			case <-time.After(wait):
				continue
			case <-e.ctx.Done():
				return
			}
		case err != nil && !fault.Is(err, fault.Damaged): // of what is damaged, the copy that is put back knows what it owes
			e.Log.Error("an effect of the office is refused for good and passed over", "room", r, "cause", x.cause, "err", err)
		}
		wait = 0
		owing, save := e.debts.done(r)
		if save != 0 {
			e.saveDuty(save)
		}
		if !owing {
			return
		}
	}
}

// passing tells whether what an effect met with is over some time. What stands behind it waits then: a room that has heard of a later
// cause does not hear the earlier ones.
func passing(err error) bool {
	f := fault.Of(err)
	return err != nil && (f == nil || f.Code == fault.Busy || f.Code == fault.NoSpace || f.Code == fault.NotReady)
}

func (d *debts) first(r id.Room) duty {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rooms[r].list[0]
}

// halt says that a room cannot take its first now.
func (d *debts) halt(r id.Room) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rooms[r].waits = true
	d.move()
}

// done takes a room's first away, and tells whether it is owed more; and up to which frame all is in, where it is time to save that.
func (d *debts) done(r id.Room) (owing bool, save journal.Seq) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.move()
	o := d.rooms[r]
	if o.list, o.waits = o.list[1:], false; len(o.list) == 0 {
		delete(d.rooms, r)
	}
	owing = len(o.list) > 0
	if len(d.rooms) > 0 && time.Since(d.saved) < time.Second {
		return owing, 0
	}
	d.saved, save = time.Now(), d.frame
	for _, o := range d.rooms {
		save = min(save, o.list[0].frame-1)
	}
	return owing, save
}

// saveDuty notes up to which frame all effects are in. Two that save at once may do it in either order: both are true.
func (e *Engine) saveDuty(frame journal.Seq) {
	value := binary.BigEndian.AppendUint64(nil, uint64(frame))
	if _, err := e.Journal.Shelf().Put(e.ctx, dutyKey, value, journal.Any, 0); err != nil && e.ctx.Err() == nil {
		e.Log.Warn("duty was not saved", "err", err)
	}
}

// kept is somebody who is kept out of a room, or bound to it.
type kept struct {
	person id.Person
	room   id.Room
}

// adoptOld tells the office what the rooms alone decided once, when all that it owes them is in.
func (e *Engine) adoptOld(known, bound map[kept]bool) {
	defer e.work.Done()
	if e.Settled(e.ctx) != nil {
		return
	}
	e.adoptRemovals(known)
	e.adoptLeavers(bound)
}

// boundTo is whom the office binds to which room.
func (e *Engine) boundTo() map[kept]bool {
	bound := map[kept]bool{}
	e.ReadOffice(func(o *office.State) {
		for p, b := range o.EachBinding {
			bound[kept{p, b.Room}] = true
		}
	})
	return bound
}

// adoptLeavers tells the office who left a room by themselves when only the room was told: it bound them before anybody could ask for
// anything, and the room, which has heard and understood all, does not know them.
func (e *Engine) adoptLeavers(bound map[kept]bool) {
	read := map[id.Room]map[id.Person]bool{}
	e.EachRoom(func(s *room.State) {
		if !s.Whole() {
			return
		}
		in := map[id.Person]bool{}
		for p := range s.Members {
			in[p] = true
		}
		read[s.ID()] = in
	})
	for k := range bound {
		in, can := read[k.room]
		if !can || in[k.person] {
			continue
		}
		_, err := e.As(e.ctx, id.Office, entry.Command{Act: "person.left", With: mustJSON(map[string]any{"person": k.person, "room": k.room})}, time.Time{})
		if err != nil && fault.Of(err) == nil && e.ctx.Err() == nil {
			e.Log.Warn("who left before is not the office's yet", "room", k.room, "err", err)
		}
	}
}

// keptOut is whom the office keeps out of which room.
func (e *Engine) keptOut() map[kept]bool {
	known := map[kept]bool{}
	e.ReadOffice(func(o *office.State) {
		for _, r := range o.Rooms() {
			for _, x := range o.RemovedAt("", r.ID, e.Now().UnixMilli()) {
				known[kept{x.Person, r.ID}] = true
			}
		}
	})
	return known
}

// adoptRemovals tells the office of whom owners removed before removals were the office's: they count as removals from their room.
// Whoever is known to it, as it was before anybody could ask for anything, is not told again, whatever becomes of that meanwhile; and
// what it had lifted by then is lifted in the rooms, too, once they have settled.
func (e *Engine) adoptRemovals(known map[kept]bool) {
	now, old := e.Now().UnixMilli(), map[kept]int64{}
	e.EachRoom(func(s *room.State) {
		for p, until := range s.EachRemoved {
			if k := (kept{p, s.ID()}); !known[k] && !s.Has(p) && (until == 0 || until > now) {
				old[k] = until
			}
		}
	})
	for k, until := range old {
		with := mustJSON(map[string]any{"person": k.person, "room": k.room, "until": until})
		_, err := e.As(e.ctx, id.Office, entry.Command{Act: "person.removed", With: with}, time.Time{})
		if err != nil && !fault.Is(err, fault.Unchanged) && e.ctx.Err() == nil {
			e.Log.Warn("a removal of before is not the office's yet", "room", k.room, "err", err)
		}
	}
}

// watchDeadlines appends what is due. A deadline that passes is an entry, not a rule that readers evaluate. A room whose log is slow holds
// up no other's.
func (e *Engine) watchDeadlines() {
	defer e.work.Done()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		for _, l := range e.overdue() {
			if l.firing.TryLock() {
				e.work.Go(func() {
					defer l.firing.Unlock()
					e.fire(l)
				})
			}
		}
	}
}

// Due appends every deadline that has passed by the office's clock, and waits for them.
func (e *Engine) Due() {
	var all sync.WaitGroup
	for _, l := range e.overdue() {
		all.Go(func() {
			l.firing.Lock()
			defer l.firing.Unlock()
			e.fire(l)
		})
	}
	all.Wait()
}

// overdue are the rooms in which something is due, or in doubt.
func (e *Engine) overdue() (list []*ledger) {
	if e.office.open() != nil {
		return nil // nothing is decided
	}
	now := e.Now().UnixMilli()
	var rooms []id.Room
	e.EachRoom(func(s *room.State) {
		if at, ok := s.NextDue(); ok && at <= now || len(s.Doubtful()) > 0 {
			rooms = append(rooms, s.ID())
		}
	})
	for _, r := range rooms {
		list = append(list, e.known(r))
	}
	return list
}

// fire appends all that is due in a room: as much as one frame holds at once. The caller holds l.firing.
func (e *Engine) fire(l *ledger) {
	if err := e.settleDoubt(l); err != nil && e.ctx.Err() == nil {
		e.Log.Warn("what is due in a room, and who holds how many of its cards, waits", "room", l.log.Room(), "err", err)
	}
	var commands []entry.Command
	_ = e.ReadRoom(l.log.Room(), func(s *room.State) { commands = s.Overdue(e.Now().UnixMilli()) })
	answers := make([]waiter, len(commands))
	for i, c := range commands {
		answers[i] = make(waiter, 1)
		e.Submit(l.log, Ask{Person: id.Server, Command: c, Asker: answers[i]})
	}
	for i, c := range commands {
		select {
		case a := <-answers[i]:
			if a.Err != nil && e.ctx.Err() == nil {
				e.Log.Warn("a deadline was refused", "log", l.log, "act", c.Act, "item", c.Re, "err", a.Err)
			}
		case <-e.ended: // nobody will tell
			return
		}
	}
}

// settleDoubts puts the cards of all rooms in hand that changed while they were not.
func (e *Engine) settleDoubts() {
	for _, l := range e.ledgers()[1:] {
		if err := e.settleDoubt(l); err != nil && e.ctx.Err() == nil {
			e.Log.Warn("who holds how many of a room's cards waits", "room", l.log.Room(), "err", err)
		}
	}
}

// settleDoubt puts a room's cards in hand that changed while they were not, so that they say again what is due, and who holds how many.
func (e *Engine) settleDoubt(l *ledger) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.fold.(*roomFold).state.Doubtful()
	if l.shut != nil || len(list) == 0 {
		return nil
	}
	defer l.count()
	return e.hold(e.ctx, l, list)
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("engine: not JSON: " + err.Error())
	}
	return b
}
