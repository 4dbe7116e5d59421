// Package engine turns commands into entries and entries into what people see. It has two halves that meet only at the
// log:
//
//	write half (do.go):      inbox → decide and apply each command that waits → seal → append
//	read half  (follow.go):  frames → changes → one delivery, encoded once → hub; then the views; then the answers
//
// and the server's own hand (duty.go): what it must append when a time passes, or in a room because of the office's log.
//
// Each log in memory is a ledger with two parties: its writer, which lives while commands wait, and the one follower. The
// writer runs ahead of the log by the one frame that is being appended; when that fails, the state is thrown away and read
// again, so there is no rollback code. Nobody is told anything before the follower has seen the frame.
//
// Locks, in this order: ledger.mu of a room (one log's state), that of the office, Engine.taking (who takes on a card: over memory alone),
// Engine.mu (which ledgers there are), ledger.queue (its inbox), debts.mu (what rooms are owed). Nothing is appended or told while one is
// held. Before all of them stands ledger.firing, by which what is due in a room is appended once.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// Reader is a read model: it takes batches and keeps what the engine needs of the past.
type Reader interface {
	Apply(Batch)
	Cursor() ([]byte, error)
	At(id.Log) (frame uint64, seq entry.Seq)
	Published(id.Log) entry.Seq // as the last batch said
	Checkpoint(id.Log) (state []byte, frame uint64, err error)
	Item(id.Room, entry.Seq) (sent, kept []byte, err error)
	Name(id.Room, id.Person) []byte // how the room knows somebody, as sent; nil when it does not
	Wait(context.Context, id.Log, entry.Seq) error
}

// Batch is one frame as a Reader takes it.
type Batch struct {
	Log        id.Log
	Frame      uint64
	Seq        entry.Seq   // behind the frame
	Published  entry.Seq   // behind the last delivery to all of a room, this frame's or an earlier one's
	Cursor     []byte      // in the journal, behind the frame
	Parts      *wire.Parts // of a room; nil for the office
	Names      []wire.Name // of who joined or was renamed
	Checkpoint []byte      // of the log's state behind the frame; usually none
	Office     []office.Change
}

// Sealer keeps words from who does not have their author's key.
type Sealer interface {
	Seal(of id.Person, words []byte) ([]byte, error)
	Open(of id.Person, sealed []byte) ([]byte, error) // nil when the key is gone
}

// Names says how a room knows a person.
type Names interface {
	Name(ctx context.Context, room id.Room, place string, who room.Newcomer) (wire.Name, error)
}

// Parts that an engine is made of.
type Parts struct {
	Journal journal.Journal
	Hub     *hub.Hub
	Reader  Reader
	Sealer  Sealer
	Names   Names
	Now     func() time.Time // the office's clock
	Log     *slog.Logger
}

// Engine runs the office's log and all rooms' logs.
type Engine struct {
	Parts
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	ready  chan struct{} // closed when the follower has caught up with the log
	ended  chan struct{} // closed when it follows no longer
	failed atomic.Pointer[error]

	mu      sync.RWMutex
	rooms   map[id.Room]*ledger
	office  *ledger
	debts   debts
	from    journal.Cursor // where the follower begins: not behind what the states were read up to
	resumed journal.Seq    // the office's frame up to which effects were owed before the follower began
	taking  sync.Mutex     // held while somebody takes on a card, so that two in two rooms count each other
	full    atomic.Int64   // until when (ns) appends are refused because the disk was full
}

// ledger is one log in memory.
type ledger struct {
	log   id.Log
	mu    sync.RWMutex
	fold  fold
	frame journal.Seq // the last frame that the state has
	lost  bool        // it has more than that, and must be read again
	shut  error       // *journal.Damaged: the log cannot be read beyond here, so nobody reads or decides by this state
	floor entry.Seq   // items changed up to here are in the views or not at all: what came later is in hand
	since int         // entries since the last checkpoint
	own   map[journal.Seq]*batch

	holders atomic.Pointer[map[room.Held]int] // of a room: who holds how many cards; read by other rooms' writers, who hold no lock of it

	published entry.Seq // behind the last delivery to all; the follower's alone, and the views keep it

	firing sync.Mutex // held while what is due is appended

	queue   sync.Mutex
	inbox   []ask
	writing bool
}

// New makes an engine and reads every log's state up to where the views are. Start then follows from there.
func New(parts Parts) (*Engine, error) {
	e := &Engine{Parts: parts, rooms: map[id.Room]*ledger{}, ready: make(chan struct{}), ended: make(chan struct{})}
	e.debts.rooms, e.debts.moved = map[id.Room]*roomDebt{}, make(chan struct{})
	e.ctx, e.cancel = context.WithCancel(context.Background())
	var err error
	if e.from, err = e.Reader.Cursor(); err != nil {
		return nil, fmt.Errorf("engine: cursor: %w", err)
	}
	e.office = &ledger{log: id.Office, own: map[journal.Seq]*batch{}}
	if err := e.begin(e.office); err != nil {
		return nil, err
	}
	for log, err := range e.Journal.Logs(e.ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("engine: logs: %w", err)
		}
		if log.Room() == "" {
			continue
		}
		l := e.ledger(log)
		if err := e.begin(l); err != nil {
			return nil, err
		}
		l.published = e.Reader.Published(log)
	}
	return e, nil
}

// begin reads a log's state for the first time. A damaged one is closed; the others go on.
func (e *Engine) begin(l *ledger) error {
	if err := e.load(l, e.viewed(l.log)); err != nil {
		return err
	}
	err := e.Journal.Sound(e.ctx, l.log)
	if !e.close(l, err) && err != nil {
		return fmt.Errorf("engine: %s: %w", l.log, err)
	}
	return nil
}

// close closes a damaged log, and tells whether the error is of that sort. The caller holds l.mu, or is alone with it.
func (e *Engine) close(l *ledger, err error) bool {
	var d *journal.Damaged
	if !errors.As(err, &d) || d.Log != l.log {
		return false
	}
	if l.shut == nil {
		l.shut = d
		e.Log.Error("a log is damaged and closed: put back the last good copy of the data folder", "log", d.Log, "frame", d.Seq, "file", d.File)
	}
	return true
}

// Damage is a log that is closed.
type Damage struct {
	Log   id.Log `json:"log"`
	Frame uint64 `json:"frame,omitempty"` // 0: not told
	File  string `json:"file,omitempty"`  // where what is left of the damaged part lies, below the log's folder
}

// Damages lists the logs that are closed, the office's first.
func (e *Engine) Damages() (list []Damage) {
	for _, l := range e.ledgers() {
		l.mu.RLock()
		if d := (*journal.Damaged)(nil); errors.As(l.shut, &d) {
			file := ""
			if d.File != "" {
				file = filepath.Join(filepath.Base(filepath.Dir(d.File)), filepath.Base(d.File))
			}
			list = append(list, Damage{d.Log, uint64(d.Seq), file})
		}
		l.mu.RUnlock()
	}
	return list
}

func (e *Engine) ledgers() []*ledger {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return append([]*ledger{e.office}, values(e.rooms)...)
}

// errShut is what people are told of a log that is closed.
var errShut = fault.New(fault.Damaged, "the log is damaged on the server's disk")

// open is nil, or why nobody may read or decide by a log.
func (l *ledger) open() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.shut != nil {
		return errShut
	}
	return nil
}

func (e *Engine) viewed(log id.Log) journal.Seq {
	frame, _ := e.Reader.At(log)
	return journal.Seq(frame)
}

// Start follows the logs. It returns when all that was written before is in, or ctx ends.
func (e *Engine) Start(ctx context.Context) error {
	// Before the follower owes anything: a room that has heard of a later cause would not hear the earlier ones.
	if err := e.resumeDuty(ctx); err != nil {
		return err
	}
	e.work.Add(1)
	go e.follow(e.from)
	select {
	case <-e.ready:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.ended:
		return fmt.Errorf("engine: the log cannot be followed: %w", e.Failed())
	}
	e.settleDoubts() // before anybody takes on one more
	known, bound := e.keptOut(), e.boundTo()
	e.serveDuty()
	e.work.Add(2)
	go e.watchDeadlines()
	go e.adoptOld(known, bound)
	return nil
}

// Close stops taking commands, lets those that wait finish, and stops following.
func (e *Engine) Close() {
	e.drain()
	e.cancel()
	e.work.Wait()
}

// Failed is why the follower stopped by itself; nil while it runs.
func (e *Engine) Failed() error {
	if p := e.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// Ready is nil when commands are taken: the follower has caught up and the disk is above its reserve.
func (e *Engine) Ready() error {
	select {
	case <-e.ready:
	default:
		return fault.New(fault.NotReady, "catching up with the log")
	}
	if e.Failed() != nil {
		return fault.New(fault.NotReady, "the follower of the log has stopped")
	}
	if time.Now().UnixNano() < e.full.Load() {
		return fault.New(fault.NoSpace, "the disk is below its reserve")
	}
	return nil
}

// Able is Ready, and whether the journal would store something now: for whoever watches the server.
func (e *Engine) Able() error {
	if err := e.Ready(); err != nil {
		return err
	}
	if err := e.Journal.Ready(); errors.Is(err, journal.ErrNoSpace) {
		return fault.New(fault.NoSpace, "the disk is below its reserve")
	} else if err != nil {
		return fault.New(fault.NotReady, "nothing can be stored")
	}
	return nil
}

// ledger is the log's place in memory, made when it is new.
func (e *Engine) ledger(log id.Log) *ledger {
	if log == id.Office {
		return e.office
	}
	r := log.Room()
	e.mu.RLock()
	l := e.rooms[r]
	e.mu.RUnlock()
	if l != nil {
		return l
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.rooms[r]; l != nil {
		return l
	}
	l = &ledger{log: log, fold: newFold(log), own: map[journal.Seq]*batch{}}
	e.rooms[r] = l
	return l
}

// known is the ledger of a room that exists; nil else.
func (e *Engine) known(r id.Room) *ledger {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.rooms[r]
}

// load reads a log's state: the checkpoint, and the core's changes from there up to a frame. No item is in hand then; the
// views have them all.
func (e *Engine) load(l *ledger, upTo journal.Seq) error {
	state, frame, err := e.Reader.Checkpoint(l.log)
	if err != nil {
		return fmt.Errorf("engine: checkpoint of %s: %w", l.log, err)
	}
	read := ledger{log: l.log, fold: newFold(l.log)}
	if state != nil && journal.Seq(frame) <= upTo {
		if err := read.fold.restore(state); err != nil {
			return fmt.Errorf("engine: restore %s: %w", l.log, err)
		}
		read.frame = journal.Seq(frame)
	}
	if read.frame < upTo {
		for f, err := range e.Journal.Read(e.ctx, l.log, read.frame, int(upTo-read.frame)) {
			if e.close(l, err) {
				break
			}
			if err != nil {
				return fmt.Errorf("engine: read %s: %w", l.log, err)
			}
			if err := e.replay(&read, &f); err != nil {
				return err
			}
		}
	}
	read.fold.settle()
	l.fold, l.frame, l.since, l.floor, l.lost = read.fold, read.frame, read.since, read.fold.seq(), false
	l.count()
	return nil
}

// count lets the other rooms know who holds how many cards in this one.
func (l *ledger) count() {
	if f, ok := l.fold.(*roomFold); ok {
		n := f.state.Holders()
		l.holders.Store(&n)
	}
}

// Holds is how many open cards of a kind somebody holds in all rooms.
func (e *Engine) Holds(p id.Person, kind string) int { return e.heldBeside(nil, p, kind) }

// heldBeside is Holds without one of the rooms.
func (e *Engine) heldBeside(but *ledger, p id.Person, kind string) (n int) {
	for _, l := range e.ledgers()[1:] {
		if counts := l.holders.Load(); l != but && counts != nil {
			n += (*counts)[room.Held{Kind: kind, By: p}]
		}
	}
	return n
}

// replay applies a frame to the state.
func (e *Engine) replay(l *ledger, f *journal.Frame) error {
	b, err := readBody(f.Body)
	if err != nil {
		return fmt.Errorf("engine: %s frame %d: %w", l.log, f.Seq, err)
	}
	for i := range b.Entries {
		s := &b.Entries[i]
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

// ReadOffice calls f with the office's state. f must not keep it, nor call the engine.
func (e *Engine) ReadOffice(f func(*office.State)) {
	e.office.mu.RLock()
	defer e.office.mu.RUnlock()
	f(e.office.fold.(*officeFold).state)
}

// OfficeShut tells whether the office's own log is damaged: then nobody knows any more who is in which room.
func (e *Engine) OfficeShut() bool {
	e.office.mu.RLock()
	defer e.office.mu.RUnlock()
	return e.office.shut != nil
}

// ReadRoom calls f with a room's state. f must not keep it, nor call the engine. fault.NotFound when there is no such room,
// fault.Damaged when its log is.
func (e *Engine) ReadRoom(r id.Room, f func(*room.State)) error {
	l := e.known(r)
	if l == nil {
		return fault.New(fault.NotFound, "there is no such room")
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.shut != nil {
		return errShut
	}
	f(l.fold.(*roomFold).state)
	return nil
}

// EachRoom calls f with every room's state, one after the other, in no particular order; without those whose log is damaged.
func (e *Engine) EachRoom(f func(*room.State)) {
	e.eachRoom(func(s *room.State, shut bool) {
		if !shut {
			f(s)
		}
	})
}

func (e *Engine) eachRoom(f func(s *room.State, shut bool)) {
	for _, l := range e.ledgers()[1:] {
		l.mu.RLock()
		f(l.fold.(*roomFold).state, l.shut != nil)
		l.mu.RUnlock()
	}
}

// ReadItem calls f with a room's state and one of its items in hand. fault.NotFound when there is none.
func (e *Engine) ReadItem(ctx context.Context, r id.Room, seq entry.Seq, f func(*room.State, *room.Item)) error {
	l := e.known(r)
	if l == nil {
		return fault.New(fault.NotFound, "there is no such room")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut != nil {
		return errShut
	}
	if err := e.hold(ctx, l, []entry.Seq{seq}); err != nil {
		return err
	}
	s := l.fold.(*roomFold).state
	item := s.Held(seq)
	if item == nil {
		return fault.New(fault.NotFound, "there is no such message")
	}
	f(s, item)
	return nil
}

// hold puts items in hand, from the views. What is not there stays away, and Decide says so.
//
// It reads a disk while its room's lock is held, and so does the first word of an author, whose key is made then (register.Seal). Both happen
// seldom, for what is read stays in hand and keys in memory, and hold up this room alone; the office has no items, and whoever its words are of
// has a record by then, and so a key. Before the lock, what was read could be changed by the follower until it is decided upon, and would have to be read again.
func (e *Engine) hold(ctx context.Context, l *ledger, seqs []entry.Seq) error {
	rf, ok := l.fold.(*roomFold)
	for _, seq := range seqs {
		if !ok || rf.state.Held(seq) != nil {
			continue
		}
		if err := e.Reader.Wait(ctx, l.log, l.floor); err != nil {
			return err
		}
		sent, kept, err := e.Reader.Item(l.log.Room(), seq)
		if fault.Is(err, fault.NotFound) {
			rf.state.Absent(seq)
			continue
		}
		if err != nil {
			return fmt.Errorf("engine: item: %w", err)
		}
		item, err := wire.ReadItem(sent, kept)
		if err != nil {
			return err
		}
		rf.state.Hold(item)
	}
	return nil
}

// Grants are the office roles of a person, as of now.
func (e *Engine) Grants(p id.Person) (grants []entry.Grant) {
	e.ReadOffice(func(s *office.State) { grants = s.GrantsOf(p) })
	return grants
}

// body is a frame's bytes: legible facts, sealed words.
type body struct {
	V       int       `json:"v"`
	From    entry.Seq `json:"from"` // seq of the first entry
	At      int64     `json:"at"`   // ms
	Entries []sealed  `json:"e"`
}

// sealed is an entry as it is written down.
type sealed struct {
	Kind   string          `json:"k"`
	By     id.Person       `json:"by"`
	As     string          `json:"as,omitempty"`
	ID     string          `json:"id,omitempty"`
	Re     entry.Seq       `json:"re,omitempty"`
	Cause  entry.Seq       `json:"cause,omitempty"`
	Of     id.Person       `json:"of,omitempty"`
	Facts  json.RawMessage `json:"f,omitempty"`
	Sealed []byte          `json:"w,omitempty"`
	Time   int64           `json:"t,omitempty"` // ms, where it is not the frame's
}

func (s *sealed) at(b *body) int64 {
	if s.Time != 0 {
		return s.Time
	}
	return b.At
}

// keeper is whose key seals an entry's words: that of whom they are about, its author's, or the office's for what an office role or the
// server says.
func (s *sealed) keeper() id.Person {
	switch {
	case s.Of != "":
		return s.Of
	case s.As != "":
		return id.Server
	}
	return s.By
}

func (e *Engine) seal(en *entry.Entry) (sealed, error) {
	s := sealed{Kind: en.Kind, By: en.By, As: en.As, ID: en.ID, Re: en.Re, Cause: en.Cause, Of: en.Of, Facts: en.Facts}
	if len(en.Words) == 0 {
		return s, nil
	}
	var err error
	s.Sealed, err = e.Sealer.Seal(s.keeper(), en.Words)
	return s, err
}

func (e *Engine) open(s *sealed) (*entry.Entry, error) {
	en := &entry.Entry{Kind: s.Kind, By: s.By, As: s.As, ID: s.ID, Re: s.Re, Cause: s.Cause, Of: s.Of, Facts: s.Facts}
	if len(s.Sealed) == 0 {
		return en, nil
	}
	words, err := e.Sealer.Open(s.keeper(), s.Sealed)
	if errors.Is(err, journal.ErrUnreadable) { // facts decide: the log goes on without them
		e.Log.Error("words cannot be opened: their key is damaged on disk", "whose", s.keeper())
		words, err = entry.Unreadable, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open words: %w", err)
	}
	en.Words = words
	return en, nil
}

func readBody(b []byte) (*body, error) {
	var out body
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if out.V != 1 {
		return nil, errors.New("body: of a later program")
	}
	return &out, nil
}
