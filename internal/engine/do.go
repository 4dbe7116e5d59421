package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

const (
	perFrame        = 256       // commands of one frame
	bytesPerFrame   = 150 << 10 // of their words and facts, before sealing
	maxInbox        = 8192      // commands that may wait in one log; more are refused as busy
	checkpointEvery = 512       // entries
	mostLeap        = 1 << 24   // how far a command's number may lie beyond the greatest that was taken from its device
)

// Answer is what came of a command: its seq, or why not.
type Answer struct {
	Command string
	Seq     entry.Seq
	Err     error // a fault, or internal
}

// Asker is told what came of its commands, those of one frame at once, behind the delivery they caused. It must not block.
type Asker interface{ Answered([]Answer) }

// Ask is one command and who asks.
type Ask struct {
	Person  id.Person
	Device  id.Device
	Command entry.Command
	Asker   Asker
	At      time.Time // zero: now. Only who replays a recorded day says another time
}

// ask is a command on its way through a ledger.
type ask struct {
	person  id.Person
	device  id.Device
	command entry.Command
	asker   Asker
	at      int64 // ms; 0: when it is decided
	cause   entry.Seq
	effects []entry.Entry // of the office in a room, instead of a command
}

// batch is one frame on its way from the writer to the follower.
type batch struct {
	name       journal.ID
	after      journal.Seq
	body       []byte // nil when the asks came to nothing new
	asks       int    // how many it took in
	seq        entry.Seq
	parts      *wire.Parts
	office     []office.Change
	duties     []duty
	checkpoint []byte
	answers    []pending
}

type pending struct {
	asker  Asker
	answer Answer
}

// Submit puts a command into a log's inbox and returns at once; the asker hears what came of it. A room that does not exist answers a
// person as one does that they are not in, and the server with fault.NotFound.
func (e *Engine) Submit(log id.Log, a Ask) {
	in := ask{person: a.Person, device: a.Device, command: a.Command, asker: a.Asker}
	if !a.At.IsZero() {
		in.at = a.At.UnixMilli()
	}
	if err := e.put(log, in); err != nil {
		a.Asker.Answered([]Answer{{Command: a.Command.ID, Err: err}})
	}
}

// Do submits a command and waits for its answer. When ctx ends first the outcome is open: ask again with the same command.
func (e *Engine) Do(ctx context.Context, log id.Log, person id.Person, device id.Device, c entry.Command) (entry.Seq, error) {
	return e.do(ctx, log, ask{person: person, device: device, command: c})
}

// As is Do by the server itself, which may do anything: what a person proved in another way, deadlines, imports.
func (e *Engine) As(ctx context.Context, log id.Log, c entry.Command, at time.Time) (entry.Seq, error) {
	in := ask{person: id.Server, command: c}
	if !at.IsZero() {
		in.at = at.UnixMilli()
	}
	return e.do(ctx, log, in)
}

type waiter chan Answer

func (w waiter) Answered(all []Answer) {
	for _, a := range all {
		w <- a
	}
}

func (e *Engine) do(ctx context.Context, log id.Log, in ask) (entry.Seq, error) {
	w := make(waiter, 1)
	in.asker = w
	if err := e.put(log, in); err != nil {
		return 0, err
	}
	select {
	case a := <-w:
		return a.Seq, a.Err
	case <-ctx.Done():
		return 0, fault.New(fault.Busy, "no answer yet")
	case <-e.ended: // nobody will tell; but perhaps somebody just has
		select {
		case a := <-w:
			return a.Seq, a.Err
		default:
			return 0, fault.New(fault.Busy, "the server is stopping")
		}
	}
}

// put queues an ask and makes sure that a writer is at work.
func (e *Engine) put(log id.Log, in ask) error {
	if err := e.Ready(); err != nil {
		return err
	}
	if err := e.leaps(&in); err != nil {
		return err
	}
	l := e.office
	if log != id.Office {
		if l = e.known(log.Room()); l == nil && in.effects != nil {
			l = e.ledger(log)
		}
		if l == nil {
			return e.nowhere(log.Room(), &in)
		}
	}
	if err := e.office.open(); err != nil { // without it nobody knows what anybody may do
		return err
	}
	if err := l.open(); err != nil {
		if !e.concerned(l, in.person) {
			return e.nowhere(log.Room(), &in)
		}
		return err
	}
	l.queue.Lock()
	defer l.queue.Unlock()
	if e.ctx.Err() != nil || len(l.inbox) >= maxInbox {
		return fault.New(fault.Busy, "too much waits in this room")
	}
	l.inbox = append(l.inbox, in)
	if !l.writing {
		l.writing = true
		e.work.Add(1)
		go e.write(l)
	}
	return nil
}

// nowhere is what a room that does not exist says to a command: what an empty one would, so that nobody learns which there are.
func (e *Engine) nowhere(r id.Room, in *ask) error {
	if in.person == id.Server {
		return fault.New(fault.NotFound, "there is no such room")
	}
	now := in.at
	if now == 0 {
		now = e.Now().UnixMilli()
	}
	by := entry.Actor{Person: in.person, Device: in.device, Grants: e.Grants(in.person)}
	if _, err := room.New(r).Decide(by, &in.command, now); fault.Of(err) != nil {
		return err
	}
	return fault.New(fault.NotMember, "not a member of this room")
}

// concerned tells whether somebody may know that a room's log is closed: who is in it or answers for it. The office knows of most, also
// where the log is closed before it said who is in; where the office's is closed too, nobody can be told apart.
func (e *Engine) concerned(l *ledger, p id.Person) (yes bool) {
	if p == id.Server || e.OfficeShut() {
		return true
	}
	l.mu.RLock()
	if f, ok := l.fold.(*roomFold); ok {
		yes = f.state.Has(p)
	}
	l.mu.RUnlock()
	if !yes {
		r := l.log.Room()
		e.ReadOffice(func(o *office.State) { yes = o.RoleIn(p, r) != "" || o.BoundTo(p, r) })
	}
	return yes
}

// leaps refuses a number that nobody counts up to: behind one near the end of the numbers a device could say nothing more.
func (e *Engine) leaps(in *ask) error {
	_, n, ok := in.command.Device()
	if !ok || n <= mostLeap || in.person == id.Server {
		return nil
	}
	if most := e.Greatest(in.device, e.RoomsOf(in.person)) + mostLeap; n > most {
		return fault.New(fault.Invalid, "the number leaps far beyond this device's others").And("field", "id").And("most", most)
	}
	return nil
}

// write empties the inbox, frame after frame, and ends.
func (e *Engine) write(l *ledger) {
	defer e.work.Done()
	for asks := l.next(); asks != nil; asks = l.next() {
		e.decideAndAppend(l, asks)
	}
}

// next takes what one frame may hold; nil, and the writer is no longer at work, when nothing waits.
func (l *ledger) next() []ask {
	l.queue.Lock()
	defer l.queue.Unlock()
	n, size := 0, 0
	for n < len(l.inbox) && n < perFrame {
		a := &l.inbox[n]
		size += 200 + len(a.command.Words) + len(a.command.With)
		for i := range a.effects {
			size += 200 + len(a.effects[i].Facts)
		}
		if n > 0 && size > bytesPerFrame {
			break
		}
		n++
	}
	if n == 0 {
		l.writing, l.inbox = false, nil
		return nil
	}
	asks := l.inbox[:n:n]
	l.inbox = l.inbox[n:]
	return asks
}

// decideAndAppend makes frames of what the asks come to, and appends them; usually one. When somebody else was first, it decides
// again behind them.
func (e *Engine) decideAndAppend(l *ledger, asks []ask) {
	for tries := 0; len(asks) > 0; {
		b, err := e.decide(l, asks)
		if err == nil && b.body != nil {
			err = e.append(l, b)
		}
		var conflict *journal.Conflict
		switch {
		case err == nil:
			l.answer(b)
			asks, tries = asks[b.asks:], 0
		case errors.As(err, &conflict) && tries < 8 && e.overtaken(l, b, conflict.Head):
			tries++
		case errors.Is(err, journal.ErrTooLarge) && b.asks > 1:
			e.overtaken(l, b, 0)
			e.decideAndAppend(l, asks[:b.asks/2])
			asks = asks[b.asks/2:]
		default:
			e.overtaken(l, b, 0)
			e.refuse(l, asks[:b.asks], err)
			asks = asks[b.asks:]
		}
	}
}

// decide runs the asks against the state, each behind the changes of those before, and encodes what came of them. A frame ends
// with who leaves: what stands behind that in the log is no longer for them.
func (e *Engine) decide(l *ledger, asks []ask) (b *batch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b = &batch{asks: len(asks)}
	if l.lost {
		if err := e.load(l, l.frame); err != nil {
			return b, err
		}
	}
	_, viewed := e.Reader.At(l.log)
	l.fold.shed(viewed)
	out := body{V: 1, From: l.fold.seq() + 1, At: e.Now().UnixMilli()}
	for i := range asks {
		a := &asks[i]
		at := a.at
		if at == 0 {
			at = out.At
		}
		err, sealErr := e.decideAndApply(l, a, at, &out)
		if sealErr != nil {
			l.lost = true
			return b, fmt.Errorf("seal: %w", sealErr)
		}
		b.note(a, l.fold.seq(), err)
		if l.fold.parted() {
			b.asks = i + 1
			break
		}
	}
	if len(out.Entries) == 0 {
		return b, nil
	}
	l.count()
	l.fold.take(b)
	b.seq = l.fold.seq()
	if l.since += len(out.Entries); l.since >= checkpointEvery*l.fold.thrift() {
		l.since = 0
		if b.checkpoint, err = l.fold.checkpoint(); err != nil {
			l.lost = true
			return b, fmt.Errorf("checkpoint: %w", err)
		}
	}
	if b.body, err = json.Marshal(out); err != nil {
		l.lost = true
		return b, fmt.Errorf("body: %w", err)
	}
	_, _ = rand.Read(b.name[:])
	b.after = l.frame
	l.frame++
	l.own[l.frame] = b
	return b, nil
}

// decideAndApply decides one ask, and applies and adds to a frame what it comes to. What it needs of the disk is read before and written
// behind: who takes on a card in one room waits for those who do in others only while they are counted.
func (e *Engine) decideAndApply(l *ledger, a *ask, at int64, out *body) (refused, failed error) {
	if err := e.hold(e.ctx, l, l.fold.targets(&a.command)); err != nil {
		return err, nil
	}
	entries, refused := e.decideOne(l, a, at)
	for i := range entries {
		s, err := e.seal(&entries[i])
		if err != nil { // the state has it already, and is read again before anybody works with it
			return refused, err
		}
		if at != out.At {
			s.Time = at
		}
		out.Entries = append(out.Entries, s)
	}
	return refused, nil
}

// decideOne decides one ask, whose targets are in hand, and applies what it comes to.
func (e *Engine) decideOne(l *ledger, a *ask, at int64) ([]entry.Entry, error) {
	by := entry.Actor{Person: a.person, Device: a.device}
	kind := ""
	switch {
	case a.person == id.Server:
	case l == e.office:
		by.Grants = l.fold.(*officeFold).state.GrantsOf(a.person)
	default:
		e.ReadOffice(func(s *office.State) {
			by.Grants, by.Limit, by.Unseen = s.GrantsOf(a.person), s.LimitOf(a.person), s.Unseen(a.person, l.log.Room())
		})
		kind = room.TakesOn(a.command.Act)
	}
	if kind != "" {
		e.taking.Lock()
		defer e.taking.Unlock()
		defer l.count() // before the lock is given up: the next one counts this one
		by.Held = e.heldBeside(l, a.person, kind)
	}
	entries, err := l.fold.decide(by, a, at)
	for i := range entries {
		l.fold.apply(at, &entries[i])
	}
	return entries, err
}

// note keeps what an ask came to, until it may be told.
func (b *batch) note(a *ask, seq entry.Seq, err error) {
	if a.asker == nil {
		return
	}
	answer := Answer{Command: a.command.ID, Seq: seq, Err: err}
	var done *room.Done
	var filed *office.Done
	switch {
	case errors.As(err, &done):
		answer.Seq, answer.Err = done.Seq, nil
	case errors.As(err, &filed):
		answer.Seq, answer.Err = filed.Seq, nil
	}
	b.answers = append(b.answers, pending{a.asker, answer})
}

// answer tells the askers what came of a frame, unless the follower will: for what came to nothing new, only when nothing is
// on its way. Who sent something twice is told that it has happened, and that is to come behind the delivery of it.
func (l *ledger) answer(b *batch) {
	if b.body != nil {
		return
	}
	l.mu.Lock()
	last := l.own[l.frame]
	if last != nil {
		last.answers = append(last.answers, b.answers...)
	}
	l.mu.Unlock()
	if last == nil {
		b.answer()
	}
}

// answer tells the askers, each once with all that is theirs.
func (b *batch) answer() {
	for len(b.answers) > 0 {
		asker, mine, rest := b.answers[0].asker, []Answer(nil), b.answers[:0:0]
		for _, p := range b.answers {
			if p.asker == asker {
				mine = append(mine, p.answer)
			} else {
				rest = append(rest, p)
			}
		}
		asker.Answered(mine)
		b.answers = rest
	}
}

// append writes a frame down, and asks again while the outcome is open.
func (e *Engine) append(l *ledger, b *batch) error {
	for {
		_, err := e.Journal.Append(e.ctx, l.log, b.after, b.name, b.body)
		if !errors.Is(err, journal.ErrUnknown) || e.ctx.Err() != nil {
			return err
		}
	}
}

// takeBack forgets a frame that will not come. The state has its changes still: it is read again before anybody works with it.
func (l *ledger) takeBack(b *batch) {
	if b.body != nil && l.own[b.after+1] == b {
		delete(l.own, b.after+1)
		l.frame, l.lost = b.after, true
	}
}

// overtaken takes a frame back, waits for the follower to be where the log is, up to head, and reads the state again; it tells
// whether the follower was there in time. What somebody else appended is the follower's to apply and to tell, and the views,
// which must have what is no longer in hand, hear it from the follower.
func (e *Engine) overtaken(l *ledger, b *batch, head journal.Seq) bool {
	for late := time.Now().Add(2 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		l.takeBack(b)
		there := len(l.own) == 0 && l.frame >= head
		if there && l.lost {
			if err := e.load(l, l.frame); err != nil {
				e.Log.Error("the state could not be read again", "log", l.log, "err", err)
			}
		}
		l.mu.Unlock()
		if there || e.ctx.Err() != nil || e.Failed() != nil || time.Now().After(late) {
			return there
		}
	}
}

// refuse tells the askers that nothing was stored.
func (e *Engine) refuse(l *ledger, asks []ask, cause error) {
	refusal := error(fault.New(fault.Busy, "nothing was stored; send it again"))
	var conflict *journal.Conflict
	var damaged *journal.Damaged
	switch {
	case errors.Is(cause, journal.ErrNoSpace):
		e.full.Store(time.Now().Add(time.Second).UnixNano())
		refusal = fault.New(fault.NoSpace, "the disk is below its reserve; nothing was stored")
	case errors.Is(cause, journal.ErrTooLarge):
		refusal = fault.New(fault.TooLarge, "more than one entry can hold").And("limit", journal.MaxBody)
	case errors.Is(cause, journal.ErrUnreadable), errors.As(cause, &damaged):
		refusal = errShut
		e.Log.Error("nothing was stored: a part of the disk is damaged", "log", l.log, "err", cause)
	case !errors.As(cause, &conflict):
		e.Log.Error("append failed", "log", l.log, "err", cause)
	}
	b := &batch{}
	for i := range asks {
		b.note(&asks[i], 0, refusal)
	}
	b.answer()
}

// drain waits until no writer is at work; new commands are refused from now on because the engine is closing.
func (e *Engine) drain() {
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if e.idle() || e.Failed() != nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// idle tells whether all that was asked is written, followed and told.
func (e *Engine) idle() bool {
	for _, l := range e.ledgers() {
		l.queue.Lock()
		busy := l.writing || len(l.inbox) > 0
		l.queue.Unlock()
		l.mu.RLock()
		busy = busy || len(l.own) > 0
		l.mu.RUnlock()
		if busy {
			return false
		}
	}
	return true
}

func values[K comparable, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, v)
	}
	return list
}
