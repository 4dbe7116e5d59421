package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// record is what is kept of a log.
type record struct {
	Frame   uint64                  `json:"frame"`             // all up to here has become news
	Open    []*news                 `json:"open,omitempty"`    // what has not reached everybody
	Nudged  map[id.Person]entry.Seq `json:"nudged,omitempty"`  // who was told of talk, and has not looked since
	Pressed map[entry.Seq]int64     `json:"pressed,omitempty"` // of which deadline somebody was reminded
	dirty   bool
	moved   bool // only Frame is newer than what is kept
}

// mostOpen is how many news of a log wait; the oldest are let go of.
const mostOpen = 300

// news is something that concerns people. Its words are not here: they are read from the views when somebody is rung.
type news struct {
	Room        id.Room            `json:"room"`
	Item        entry.Seq          `json:"item,omitempty"`
	Entry       entry.Seq          `json:"entry"`
	By          id.Person          `json:"by,omitempty"`
	At          int64              `json:"at"` // ms
	Ring        kind.Ring          `json:"ring"`
	Count       int                `json:"count,omitempty"` // of messages, when they are told together
	Press       bool               `json:"press,omitempty"` // a reminder
	Application id.Application     `json:"application,omitempty"`
	Left        map[id.Person]rung `json:"left,omitempty"` // who is not reached yet, and the rung to try next

	learnt      bool
	gone        bool // there is no such item any more
	inside      bool // of an application whose answer is in the room itself: who made it is in there
	lane        string
	title, text string
	plain       string // what may leave the machine in the clear: nothing that a resident wrote
}

// rung counts the ladder's from 0; held is for who sleeps, second for who is not on duty.
type rung int

const held rung = -1

// How old news may be and still ring: after a restart nobody is rung for what is long over.
var freshFor = map[string]time.Duration{"chat": 10 * time.Minute, "notice": 12 * time.Hour, kind.Confirm: 12 * time.Hour}

const (
	freshElse = 2 * time.Hour
	heldFor   = 24 * time.Hour
)

func (n *news) stale(now time.Time) bool {
	most, ok := freshFor[n.Ring.Topic]
	if !ok {
		most = freshElse
	}
	return now.UnixMilli()-n.At > most.Milliseconds()
}

func newsOf(r id.Room, w *wire.Ring) *news {
	return &news{Room: r, Item: w.Item, Entry: w.Seq, By: w.By, At: w.At, Ring: w.Ring}
}

// newsOfOffice is of an application: those nearest to it who decide are told that it waits, and the applicant what came of it.
func (l *Ladder) newsOfOffice(c *changed) *news {
	n := &news{Room: c.Room, Entry: c.Seq, By: c.By, At: c.at, Application: c.Application, Ring: kind.Ring{Topic: "mine", To: []id.Person{c.Person}}}
	switch c.Status {
	case office.Pending:
		n.Ring.Topic = "admission"
		l.Engine.ReadOffice(func(o *office.State) { n.Ring.To = nearest(o, c.Room) })
	case office.Withdrawn:
		n.Ring.To = nil
	}
	return n
}

// nearest are those who answer for a room: its owners and deputies, else the community's secretaries, else the office.
func nearest(o *office.State, r id.Room) []id.Person {
	if list := o.Owners(r); len(list) > 0 {
		return list
	}
	if x, ok := o.Room(r); ok {
		if list := o.Secretaries(x.Community); len(list) > 0 {
			return list
		}
	}
	return o.Admins()
}

func isAbsent(err error) bool { return errors.Is(err, journal.ErrAbsent) }

const (
	keyBegun = "alert/begun"
	logs     = "alert/log/"
)

func (l *Ladder) record(log id.Log) *record {
	rec := l.logs[log]
	if rec == nil {
		rec = &record{}
		l.logs[log] = rec
	}
	if rec.Nudged == nil {
		rec.Nudged = map[id.Person]entry.Seq{}
	}
	if rec.Pressed == nil {
		rec.Pressed = map[entry.Seq]int64{}
	}
	return rec
}

// logOf is where news of a room's item or application came from.
func (n *news) log() id.Log {
	if n.Application != "" {
		return id.Office
	}
	return n.Room.Log()
}

// resume reads what is on the shelf, catches up with what the logs have beyond it, and goes on with news that were open.
func (l *Ladder) resume(ctx context.Context) error {
	for item, err := range l.Shelf.List(ctx, logs) {
		if errors.Is(err, journal.ErrUnreadable) {
			continue // what was told may be told again
		}
		if err != nil {
			return fmt.Errorf("notify: records: %w", err)
		}
		rec := &record{}
		if json.Unmarshal(item.Value, rec) == nil {
			l.logs[id.Log(strings.TrimPrefix(item.Key, logs))] = rec
		}
	}
	_, _, err := l.Shelf.Get(ctx, keyBegun)
	begun := err == nil
	if err != nil && !isAbsent(err) {
		return fmt.Errorf("notify: begun: %w", err)
	}
	all := []id.Log{id.Office}
	l.Engine.EachRoom(func(s *room.State) { all = append(all, s.ID().Log()) })
	for _, log := range all {
		if begun {
			err = l.catchUp(ctx, log)
		} else {
			err = l.beginNow(ctx, log)
		}
		if err == nil && log != id.Office {
			err = l.loadPresses(ctx, log.Room())
		}
		if err != nil {
			return err
		}
	}
	if !begun {
		l.flush(ctx)
		if _, err := l.Shelf.Put(ctx, keyBegun, fmt.Appendf(nil, "%d", l.Now().UnixMilli()), journal.Any, 0); err != nil {
			return fmt.Errorf("notify: begun: %w", err)
		}
	}
	l.goOn()
	return nil
}

// above are those who are rung where nobody in a room answers for it: the secretaries of its community, and the office's administrators.
func above(o *office.State, r id.Room) []id.Person {
	list := o.Admins()
	if x, ok := o.Room(r); ok {
		list = append(o.Secretaries(x.Community), list...)
	}
	return list
}

// reaches tells whether somebody may hear of an item of a room: its members, and those above it who were rung for this item.
func (l *Ladder) reaches(p id.Person, at place) bool {
	if l.member(at.room, p) {
		return true
	}
	summoned, may := false, false
	_ = l.Engine.ReadItem(l.ctx, at.room, at.seq, func(_ *room.State, item *room.Item) {
		c, ok := item.Card.(kind.Summoning)
		summoned = ok && c.Summons() && !item.Retracted
	})
	l.Engine.ReadOffice(func(o *office.State) { may = o.MayAdmit(p, at.room) })
	return summoned && may
}

// beginNow leaves a log's past alone.
func (l *Ladder) beginNow(ctx context.Context, log id.Log) error {
	head, err := l.Engine.Journal.Head(ctx, log)
	if err != nil {
		return fmt.Errorf("notify: head: %w", err)
	}
	rec := l.record(log)
	rec.Frame, rec.dirty = uint64(head), true
	if first, ok := l.firstOf(log); ok {
		rec.Frame = min(rec.Frame, first-1)
	}
	return nil
}

func (l *Ladder) firstOf(log id.Log) (uint64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, ok := l.first[log]
	return first, ok
}

// catchUp makes news of what was written behind the record and will not come as a batch.
func (l *Ladder) catchUp(ctx context.Context, log id.Log) error {
	rec, limit := l.record(log), 0
	if first, ok := l.firstOf(log); ok {
		if first <= rec.Frame+1 {
			return nil
		}
		limit = int(first - 1 - rec.Frame)
	}
	var fresh []*news
	var talk burst
	last := rec.Frame
	err := l.Engine.Since(ctx, log, rec.Frame, limit, func(p engine.Past) error {
		last = p.Frame
		list, said, err := l.newsOfPast(ctx, log, p)
		fresh = append(fresh, list...)
		if said && !(&news{At: p.At, Ring: kind.Ring{Topic: "chat"}}).stale(l.Now()) {
			talk.frame, talk.seq, talk.by = p.Frame, p.Seq, p.Entry.By
			talk.count++
		}
		return err
	})
	if err != nil {
		return err
	}
	fresh = slices.DeleteFunc(fresh, func(n *news) bool { return n.stale(l.Now()) })
	if talk.count > 0 {
		l.gather(log.Room(), talk)
	}
	rec.Frame, rec.dirty = last, true
	var open []*news
	for _, n := range fresh {
		if n.Ring.Open {
			continue
		}
		if l.enlist(n) {
			open = append(open, n)
		}
		if n.Ring.Staff {
			l.robot.tell(n, n.plain)
		}
	}
	l.giveTurns(open)
	rec.Open = append(rec.Open, open...)
	return nil
}

// newsOfPast is what an entry rings that was written before, by what has become of it; said tells that it is talk.
func (l *Ladder) newsOfPast(ctx context.Context, log id.Log, p engine.Past) (list []*news, said bool, err error) {
	thing, verb, _ := strings.Cut(p.Entry.Kind, ".")
	if log == id.Office {
		var f struct{ Application id.Application }
		if thing != "application" || json.Unmarshal(p.Entry.Facts, &f) != nil {
			return nil, false, nil
		}
		l.Engine.ReadOffice(func(o *office.State) {
			if a, ok := o.Application(f.Application); ok {
				list = append(list, &news{Room: a.Room, Application: a.ID, By: p.Entry.By, At: p.At, Entry: p.Seq})
				n := list[0]
				n.Ring = kind.Ring{Topic: "mine", To: []id.Person{a.Person}}
				if a.Status == office.Pending {
					n.Ring = kind.Ring{Topic: "admission", To: nearest(o, a.Room)}
				}
			}
		})
		return list, false, nil
	}
	k := kind.Of(thing)
	if k == nil || l.Now().UnixMilli()-p.At > heldFor.Milliseconds() {
		return nil, false, nil
	}
	rings, err := l.Engine.RingsOf(ctx, log.Room(), p, verb)
	for i := range rings {
		list = append(list, newsOf(log.Room(), &rings[i]))
	}
	return list, verb == "post" && k.Lane == kind.Chat, err
}

// goOn takes up the news that were open: each person once, where they were left.
func (l *Ladder) goOn() {
	by := map[id.Person][]*news{}
	for _, rec := range l.logs {
		for _, n := range rec.Open {
			for p, next := range n.Left {
				switch {
				case next == held:
				case n.stale(l.Now()):
					delete(n.Left, p)
					rec.dirty = true
				case next == second:
				default:
					by[p] = append(by[p], n)
				}
			}
			l.waitTurns(n)
		}
	}
	for p, list := range by {
		list = l.once(p, list)
		if list[0].Ring.Loud || len(list) == 1 {
			for _, n := range list {
				l.start(p, []*news{n}, n.Left[p])
			}
			continue
		}
		next := list[0].Left[p]
		for _, n := range list {
			next = max(next, n.Left[p])
		}
		l.start(p, list, next)
	}
}

func byTime(a, b *news) int { return int(a.At - b.At) }

// begin writes news down and rings whom they concern.
func (l *Ladder) begin(log id.Log, fresh []*news) {
	rec := l.record(log)
	var open []*news
	for _, n := range fresh {
		if n.stale(l.Now()) {
			continue // a recorded day, or a batch from before the start
		}
		if n.Ring.Open {
			l.ringPages(n)
		} else if l.enlist(n) {
			open = append(open, n)
		}
		if n.Ring.Staff && !n.Press {
			l.learn(n)
			l.robot.tell(n, n.plain)
		}
	}
	if len(open) == 0 {
		return
	}
	l.giveTurns(open)
	rec.Open = append(rec.Open, open...)
	if over := len(rec.Open) - mostOpen; over > 0 {
		rec.Open = slices.Clone(rec.Open[over:])
	}
	if err := l.keep(context.WithoutCancel(l.ctx), log, rec); err != nil {
		l.wrong("alerts were not written down", err, "log", log)
	}
	for _, n := range open {
		for p, next := range n.Left {
			if next != second {
				l.start(p, []*news{n}, 0)
			}
		}
		l.waitTurns(n)
	}
	if err := l.keep(context.WithoutCancel(l.ctx), log, rec); err != nil {
		l.wrong("alerts were not written down", err, "log", log)
	}
}

// enlist finds out whom news concern; false when nobody.
func (l *Ladder) enlist(n *news) bool {
	to := slices.Clone(n.Ring.To)
	if n.Ring.All {
		_ = l.Engine.ReadRoom(n.Room, func(s *room.State) {
			for p := range s.Members {
				to = append(to, p)
			}
		})
	}
	if n.Ring.Above {
		l.Engine.ReadOffice(func(o *office.State) { to = append(to, above(o, n.Room)...) })
	}
	if n.Ring.All = false; !n.Ring.Turns { // of a role, one who looks spares the others
		n.Ring.To = nil
	}
	l.learn(n)
	n.Left = map[id.Person]rung{}
	for _, p := range to {
		if p != "" && p != id.Server && p != n.By && l.wants(p, n) && l.concerned(p, n) {
			n.Left[p] = 0
		}
	}
	return len(n.Left) > 0 && !n.gone
}

// wants tells whether somebody lets this ring: by its topic, and by the lane.
func (l *Ladder) wants(p id.Person, n *news) bool {
	if n.Ring.Loud || n.Ring.Topic == kind.Confirm {
		return true
	}
	c, err := l.Pockets.Choices(l.ctx, p)
	if err != nil {
		l.wrong("choices were not read", err)
		return true
	}
	return c.Rings(n.Ring.Topic) && (n.lane == "" || !c.Mutes(n.Room, n.lane))
}

// asleep tells whether somebody wants quiet now.
func (l *Ladder) asleep(p id.Person) bool {
	c, err := l.Pockets.Choices(l.ctx, p)
	return err == nil && c.Quiet.In(l.Now().In(kind.Zone).Hour())
}

// concerned tells whether news still concern somebody: they are in the room (or decide on the application), have not read it, and
// it still waits for them.
func (l *Ladder) concerned(p id.Person, n *news) (yes bool) {
	if n.Application != "" {
		l.Engine.ReadOffice(func(o *office.State) {
			a, ok := o.Application(n.Application)
			switch {
			case !ok:
			case n.Ring.Topic == "admission":
				yes = a.Status == office.Pending && o.MayAdmit(p, n.Room)
			default:
				yes = a.Person == p && a.Status != office.Pending && a.Status != office.Withdrawn
			}
		})
		return yes
	}
	if !n.Press && l.Marks.Of(p, n.Room).Seq >= n.Entry {
		return false
	}
	fromAbove := n.Ring.Above && !l.member(n.Room, p) && l.reaches(p, place{n.Room, n.Item})
	err := l.Engine.ReadItem(l.ctx, n.Room, n.Item, func(s *room.State, item *room.Item) {
		yes = (s.Has(p) || fromAbove) && !item.Retracted
		w, waits := item.Card.(kind.Waiting)
		if yes && waits && (n.Press || n.Ring.Text || n.Ring.Topic == kind.Confirm) {
			yes = w.Waits(s.Viewer(p, fromAbove, item)) != ""
		}
	})
	return yes && err == nil
}

// done says that news need not reach somebody any more.
func (l *Ladder) done(p id.Person, n *news) {
	delete(n.Left, p)
	l.record(n.log()).dirty = true
}

// release rings at the end of somebody's quiet hours: what came meanwhile, at once.
func (l *Ladder) release() {
	hour := l.Now().In(kind.Zone).Hour()
	if hour == l.hour {
		return
	}
	l.hour = hour
	by := map[id.Person][]*news{}
	for _, rec := range l.logs {
		for _, n := range rec.Open {
			for p, next := range n.Left {
				switch {
				case next != held:
				case l.Now().UnixMilli()-n.At > heldFor.Milliseconds():
					l.done(p, n)
				case n.Ring.Turns && l.answered(n):
					l.done(p, n)
				case !l.asleep(p):
					by[p] = append(by[p], n)
				}
			}
		}
	}
	for p, list := range by {
		l.start(p, l.once(p, list), 0)
	}
}

// once leaves out what a later reminder says again; the oldest first.
func (l *Ladder) once(p id.Person, list []*news) []*news {
	slices.SortFunc(list, byTime)
	last := map[place]*news{}
	for _, n := range list {
		last[place{n.Room, n.Item}] = n
	}
	return slices.DeleteFunc(list, func(n *news) bool {
		again := n.Item != 0 && last[place{n.Room, n.Item}].Press && last[place{n.Room, n.Item}] != n
		if again {
			l.done(p, n)
		}
		return again
	})
}

// keep writes a record.
func (l *Ladder) keep(ctx context.Context, log id.Log, rec *record) error {
	b, err := rec.pack()
	if err == nil {
		_, err = l.Shelf.Put(ctx, logs+string(log), b, journal.Any, 0)
	}
	if err != nil {
		return fmt.Errorf("notify: record: %w", err)
	}
	rec.dirty, rec.moved = false, false
	return nil
}

func (rec *record) pack() ([]byte, error) {
	rec.Open = slices.DeleteFunc(rec.Open, func(n *news) bool { return len(n.Left) == 0 })
	b, err := json.Marshal(rec)
	for err == nil && len(b) > journal.MaxBody && len(rec.Open) > 0 {
		rec.Open = slices.Clone(rec.Open[(len(rec.Open)+1)/2:])
		b, err = json.Marshal(rec)
	}
	return b, err
}

// flush writes what has changed: many values, few transactions.
func (l *Ladder) flush(ctx context.Context) {
	l.flushed = time.Now()
	var items []journal.Item
	var written []*record
	all := ctx != l.ctx || time.Since(l.moved) >= moveEvery
	if all {
		l.moved = time.Now()
	}
	for log, rec := range l.logs {
		if !rec.dirty && !(all && rec.moved) {
			continue
		}
		b, err := rec.pack()
		if err != nil {
			l.wrong("alerts were not written down", err, "log", log)
			continue
		}
		items, written = append(items, journal.Item{Key: logs + string(log), Value: b}), append(written, rec)
	}
	if len(items) > 0 {
		if err := l.Shelf.PutAll(ctx, items); err != nil {
			l.wrong("alerts were not written down", err)
		} else {
			for _, rec := range written {
				rec.dirty, rec.moved = false, false
			}
		}
	}
	l.flushReached(ctx)
	if err := l.can.flush(ctx, l.Shelf); err != nil {
		l.wrong("reachability was not kept", err)
	}
}
