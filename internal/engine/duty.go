package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// debts are the duties that wait, without limit: the follower must never wait for them.
type debts struct {
	mu    sync.Mutex
	list  []duty
	woken chan struct{}
}

func dutiesOf(seq entry.Seq, at int64, e *entry.Entry) []duty {
	effects := office.Effects(seq, e)
	list := make([]duty, 0, len(effects))
	for r, entries := range effects {
		list = append(list, duty{room: r, cause: seq, at: at, effects: entries})
	}
	slices.SortFunc(list, func(a, b duty) int { return strings.Compare(string(a.room), string(b.room)) })
	return list
}

// owe queues duties.
func (e *Engine) owe(list []duty) {
	if len(list) == 0 {
		return
	}
	e.debts.mu.Lock()
	e.debts.list = append(e.debts.list, list...)
	e.debts.mu.Unlock()
	select {
	case e.debts.woken <- struct{}{}:
	default:
	}
}

// Settled waits until every effect of the office's log so far is in the rooms.
func (e *Engine) Settled(ctx context.Context) error {
	for {
		e.debts.mu.Lock()
		n := len(e.debts.list)
		e.debts.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ended:
			return fault.New(fault.Busy, "the server is stopping")
		case <-time.After(5 * time.Millisecond):
		}
	}
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
	e.owed = done
	for f, err := range e.Journal.Read(ctx, id.Office, done, 0) {
		if damaged := (*journal.Damaged)(nil); errors.As(err, &damaged) {
			break // the office decides nothing
		}
		if err != nil {
			return fmt.Errorf("engine: duty: %w", err)
		}
		e.owed = f.Seq
		body, err := readBody(f.Body)
		if err != nil {
			return fmt.Errorf("engine: duty: %w", err)
		}
		for i := range body.Entries {
			s := &body.Entries[i]
			en, err := e.open(s)
			if err != nil {
				return fmt.Errorf("engine: duty: %w", err)
			}
			list := dutiesOf(body.From+entry.Seq(i), s.at(body), en)
			for i := range list {
				list[i].frame = f.Seq
			}
			e.owe(list)
		}
	}
	return nil
}

// serveDuty does what is owed, in the office's order.
func (e *Engine) serveDuty() {
	defer e.work.Done()
	saved := time.Now()
	for {
		d, ok := e.debts.first()
		if !ok {
			select {
			case <-e.debts.woken:
				continue
			case <-e.ctx.Done():
				return
			}
		}
		_, err := e.do(e.ctx, d.room.Log(), ask{person: id.Server, at: d.at, cause: d.cause, effects: d.effects})
		if err != nil {
			if e.ctx.Err() != nil {
				return
			}
			if fault.Is(err, fault.Damaged) { // the copy that is put back knows what it owes; the other rooms do not wait for that
				e.debts.done()
				continue
			}
			e.Log.Warn("an effect of the office waits", "room", d.room, "cause", d.cause, "err", err)
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if e.debts.done() || time.Since(saved) > time.Second {
			saved = time.Now()
			e.saveDuty(d.frame)
		}
	}
}

func (d *debts) first() (duty, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.list) == 0 {
		return duty{}, false
	}
	return d.list[0], true
}

// done takes the first away, and tells whether it was the last.
func (d *debts) done() (last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = d.list[1:]
	return len(d.list) == 0
}

// saveDuty notes how far the effects are in. One frame less is always true: the frame's other effects may still wait.
func (e *Engine) saveDuty(frame journal.Seq) {
	value := binary.BigEndian.AppendUint64(nil, uint64(frame-1))
	if _, err := e.Journal.Shelf().Put(e.ctx, dutyKey, value, journal.Any, 0); err != nil && e.ctx.Err() == nil {
		e.Log.Warn("duty was not saved", "err", err)
	}
}

// kept is somebody who is kept out of a room.
type kept struct {
	person id.Person
	room   id.Room
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
	defer e.work.Done()
	if e.Settled(e.ctx) != nil {
		return
	}
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

// watchDeadlines appends what is due. A deadline that passes is an entry, not a rule that readers evaluate.
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
		e.Due()
	}
}

// settleDoubt puts cards in hand that changed while they were not, so that they say again what is due.
func (e *Engine) settleDoubt(r id.Room, list []entry.Seq) error {
	l := e.known(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.hold(e.ctx, l, list)
}

// Due appends every deadline that has passed by the office's clock.
func (e *Engine) Due() {
	if e.office.open() != nil {
		return // nothing is decided
	}
	now := e.Now().UnixMilli()
	type owed struct {
		log      id.Log
		commands []entry.Command
	}
	var all []owed
	doubts := map[id.Room][]entry.Seq{}
	e.EachRoom(func(s *room.State) {
		if at, ok := s.NextDue(); ok && at <= now {
			all = append(all, owed{s.ID().Log(), s.Overdue(now)})
		}
		if list := s.Doubtful(); len(list) > 0 {
			doubts[s.ID()] = list
		}
	})
	for r, list := range doubts {
		if err := e.settleDoubt(r, list); err != nil && e.ctx.Err() == nil {
			e.Log.Warn("deadlines of a room wait", "room", r, "err", err)
		}
	}
	for _, o := range all {
		for _, c := range o.commands {
			if _, err := e.As(e.ctx, o.log, c, time.Time{}); err != nil && e.ctx.Err() == nil {
				e.Log.Warn("a deadline was refused", "log", o.log, "act", c.Act, "item", c.Re, "err", err)
			}
		}
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("engine: not JSON: " + err.Error())
	}
	return b
}
