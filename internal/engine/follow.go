package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"linli/internal/entry"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// follow is the read half: the only one that tells anybody anything. One goroutine, from New's cursor until Close.
func (e *Engine) follow(cursor journal.Cursor) {
	defer e.work.Done()
	defer close(e.ended)
	caughtUp := false
	for step, err := range e.Journal.Follow(e.ctx, 0, cursor) {
		if err == nil && step.Frame.Log != "" {
			err = e.see(&step)
		}
		if e.pass(err) {
			continue
		}
		if e.ctx.Err() != nil {
			return
		}
		if err != nil {
			e.Log.Error("the follower of the log stopped", "err", err)
			e.failed.Store(&err)
			return
		}
		if step.Frame.Log == "" && !caughtUp {
			caughtUp = true
			close(e.ready)
		}
	}
}

// pass closes the log that an error is about, when it is damaged: the others go on.
func (e *Engine) pass(err error) bool {
	var d *journal.Damaged
	if !errors.As(err, &d) || d.Log == "" {
		return false
	}
	if d.Log != id.Office && d.Log.Room() == "" { // others read it
		e.Log.Error("a log is damaged", "log", d.Log, "frame", d.Seq, "file", d.File)
		return true
	}
	l := e.ledger(d.Log)
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.close(l, err)
}

// see takes one frame: the writer's own, decided already, or one from before the start.
func (e *Engine) see(step *journal.Step) error {
	f := &step.Frame
	if f.Log != id.Office && f.Log.Room() == "" {
		return nil // a log of a kind that this program does not know
	}
	l := e.ledger(f.Log)
	b, err := e.changesOf(l, f)
	if err != nil || b == nil {
		return err
	}
	out := Batch{
		Log: f.Log, Frame: uint64(f.Seq), Seq: b.seq, Cursor: step.Cursor, Parts: b.parts, Checkpoint: b.checkpoint, Office: b.office,
	}
	if b.parts != nil {
		if out.Names, err = e.names(b.parts); err != nil {
			return err
		}
		e.tellRoom(l, b.parts, out.Names)
	}
	out.Published = l.published
	e.tellOffice(b.office)
	if f.Seq > e.resumed {
		e.owe(f.Seq, b.duties)
	}
	e.Reader.Apply(out) // before the answer: who wrote finds it
	l.told(f.Seq)
	b.answer()
	return nil
}

// changesOf are the changes of a frame: the writer's own, or those of applying it now; nil when the state had it. A frame that
// stands where the writer wants its own is somebody else's: the writer will decide again, behind it.
func (e *Engine) changesOf(l *ledger, f *journal.Frame) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.own[f.Seq]; b != nil {
		if b.name == f.ID {
			return b, nil
		}
		l.takeBack(b)
	}
	if f.Seq <= l.frame || l.shut != nil {
		return nil, nil
	}
	if f.Seq != l.frame+1 {
		return nil, fmt.Errorf("engine: %s: frame %d follows %d", l.log, f.Seq, l.frame)
	}
	if l.lost {
		if err := e.load(l, l.frame); err != nil {
			return nil, err
		}
	}
	if err := e.catchUp(l, f); err != nil {
		return nil, err
	}
	b := &batch{}
	l.count()
	l.fold.take(b)
	b.seq = l.fold.seq()
	if l.since >= checkpointEvery*l.fold.thrift() {
		var err error
		l.since = 0
		if b.checkpoint, err = l.fold.checkpoint(); err != nil {
			return nil, fmt.Errorf("engine: checkpoint of %s: %w", l.log, err)
		}
	}
	_, viewed := e.Reader.At(l.log)
	l.fold.shed(viewed)
	return b, nil
}

// catchUp applies a frame whole: the items it works on are put in hand first.
func (e *Engine) catchUp(l *ledger, f *journal.Frame) error {
	b, err := readBody(f.Body)
	if err != nil {
		return fmt.Errorf("engine: %s frame %d: %w", l.log, f.Seq, err)
	}
	for i := range b.Entries {
		s := &b.Entries[i]
		if err := e.hold(e.ctx, l, l.fold.targets(&entry.Command{Re: s.Re})); err != nil {
			return err
		}
		en, err := e.open(s)
		if err != nil {
			return fmt.Errorf("engine: %s frame %d: %w", l.log, f.Seq, err)
		}
		l.fold.apply(s.at(b), en)
	}
	l.frame = f.Seq
	l.since += len(b.Entries)
	return nil
}

// told ends the writer's frame's way: everybody knows, and nobody's answer joins those of this frame any more.
func (l *ledger) told(frame journal.Seq) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.own, frame)
}

// names asks how the room knows those who joined or were renamed.
func (e *Engine) names(p *wire.Parts) (list []wire.Name, err error) {
	for _, who := range append(append([]room.Newcomer(nil), p.Joined...), p.Renamed...) {
		n, err := e.Names.Name(e.ctx, p.Room, who.Place, who)
		if err != nil {
			return nil, fmt.Errorf("engine: name: %w", err)
		}
		list = append(list, n)
	}
	return list, nil
}

// tellRoom hands a frame's delivery to all who hear the room, own parts to whose they are, and ends the hearing of those who
// left: deliveries up to and including the removal, never one after.
//
// A delivery says behind which one it stands. What tells nobody but those it concerns, a confirmation, moves the log and not that
// chain: for everybody else nothing is missing.
func (e *Engine) tellRoom(l *ledger, p *wire.Parts, names []wire.Name) {
	topic := hub.Room(p.Room)
	for _, n := range p.Joined {
		e.Hub.Join(n.Person, topic)
		e.tell(n.Person, map[string]any{"join": wire.RoomHead{ID: p.Room, Seq: p.Seq}})
	}
	d := p.Pieces()
	for i := range names {
		d.People = append(d.People, mustJSON(&names[i]))
	}
	spoken := e.spoken(p)
	if !d.Empty() {
		from := l.published
		d.From = &from
		d.People = append(d.People, spoken...)
		size := hub.HeaderRoom + 64
		for _, list := range [][][]byte{d.New, d.Set, d.People} {
			for _, b := range list {
				size += len(b) + 1
			}
		}
		e.Hub.Publish(topic, hub.Finish(wire.AppendDelivery(make([]byte, hub.HeaderRoom, size), d)))
		l.published = p.Seq
	}
	e.tellOwn(p, l.published, spoken)
	for _, g := range p.Gone {
		e.Hub.Leave(g.Person, topic)
		e.tell(g.Person, map[string]any{"leave": wire.Leave{Room: p.Room, Until: g.Until, Reason: g.Words, Self: g.Self}})
	}
	for _, m := range p.Muted {
		e.tell(m.Person, map[string]any{"muted": wire.Muted{Room: p.Room, Until: m.Until, Reason: m.Words}})
	}
}

// spoken are the names that a delivery needs, of people whom a client may not have heard of yet.
func (e *Engine) spoken(p *wire.Parts) (list [][]byte) {
	for _, who := range p.Spoken {
		if name := e.Reader.Name(p.Room, who); name != nil {
			list = append(list, name)
		}
	}
	return list
}

// tellOwn hands out own parts, one message a person, behind what the room was told up to `from`.
func (e *Engine) tellOwn(p *wire.Parts, from entry.Seq, names [][]byte) {
	if len(p.Own) == 0 {
		return
	}
	by := map[id.Person]*wire.Pieces{}
	for _, o := range p.Own {
		if o.Mine == nil {
			continue
		}
		d := by[o.Person]
		if d == nil {
			d = &wire.Pieces{Room: p.Room, Seq: p.Seq, From: &from, People: names}
			by[o.Person] = d
		}
		d.Mine = append(d.Mine, o.Mine)
	}
	for person, d := range by {
		e.Hub.Tell(person, hub.Finish(wire.AppendDelivery(make([]byte, hub.HeaderRoom, 256), *d)))
	}
}

// tellOffice tells those whom changes of the office concern: an applicant, those who decide, and who got or lost a role.
func (e *Engine) tellOffice(changes []office.Change) {
	for i := range changes {
		switch c := &changes[i]; c.What {
		case office.Admission:
			e.tell(c.Person, map[string]any{"me": wire.MyApplication{
				Application: c.Application, Room: c.Room, State: string(c.Status), Place: c.Place, Words: c.Text,
			}})
			e.Hub.Publish(hub.Queue(c.Room), hub.Frame(mustJSON(map[string]any{"queue": wire.Queued{
				Room: c.Room, Application: c.Application, State: string(c.Status), Pending: c.Pending,
			}})))
		case office.Role:
			e.rehear(c.Person)
		case office.Offered, office.Coded:
			e.tell(c.Person, map[string]any{"me": map[string]any{"roles": true}})
		}
	}
}

// rehear brings the queues that somebody hears in line with the roles they have now.
func (e *Engine) rehear(p id.Person) {
	if len(e.Hub.Present(p)) == 0 {
		return
	}
	answers := e.Answers(p)
	var rooms []id.Room
	e.EachRoom(func(s *room.State) { rooms = append(rooms, s.ID()) })
	for _, r := range rooms {
		if slices.Contains(answers, r) {
			e.Hub.Join(p, hub.Queue(r))
		} else {
			e.Hub.Leave(p, hub.Queue(r))
		}
	}
	e.tell(p, map[string]any{"me": map[string]any{"roles": true}})
}

func (e *Engine) tell(p id.Person, message any) { e.Hub.Tell(p, hub.Frame(mustJSON(message))) }

// Seen waits until the views of a room have all that its connections may have heard, so that what is read now and what is
// heard from now on leave no gap.
func (e *Engine) Seen(ctx context.Context, r id.Room) error {
	l := e.known(r)
	if l == nil {
		return nil
	}
	l.mu.RLock()
	seq := l.fold.seq()
	l.mu.RUnlock()
	return e.Reader.Wait(ctx, l.log, seq)
}
