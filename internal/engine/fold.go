package engine

import (
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// fold is a log's state as a ledger drives it, the same for a room and for the office.
type fold interface {
	seq() entry.Seq
	targets(*entry.Command) []entry.Seq
	decide(by entry.Actor, a *ask, now int64) ([]entry.Entry, error)
	apply(at int64, e *entry.Entry)
	take(into *batch) // hands over what the entries applied since the last take have changed
	parted() bool     // whether somebody left by them
	settle()          // forgets what was changed and what is in hand
	shed(viewed entry.Seq)
	thrift() int // how many times more entries than usual a checkpoint waits for: it is that much dearer
	checkpoint() ([]byte, error)
	restore([]byte) error
}

func newFold(log id.Log) fold {
	if r := log.Room(); r != "" {
		return &roomFold{state: room.New(r)}
	}
	return &officeFold{state: office.New()}
}

type roomFold struct {
	state   *room.State
	changes []room.Change
}

func (f *roomFold) seq() entry.Seq                       { return f.state.Seq() }
func (f *roomFold) targets(c *entry.Command) []entry.Seq { return f.state.Targets(c) }
func (f *roomFold) shed(viewed entry.Seq)                { f.state.Shed(viewed) }
func (f *roomFold) checkpoint() ([]byte, error)          { return f.state.Checkpoint() }
func (f *roomFold) apply(at int64, e *entry.Entry) {
	f.changes = append(f.changes, f.state.Apply(at, e))
}

func (f *roomFold) thrift() int { return 1 }

func (f *roomFold) decide(by entry.Actor, a *ask, now int64) ([]entry.Entry, error) {
	if a.effects != nil {
		return f.state.DecideEffects(a.cause, a.effects), nil
	}
	return f.state.Decide(by, &a.command, now)
}

func (f *roomFold) take(into *batch) {
	parts := wire.Render(f.state, f.changes)
	into.parts, f.changes = &parts, nil
}

func (f *roomFold) parted() bool {
	return slices.ContainsFunc(f.changes, func(c room.Change) bool { return len(c.Gone) > 0 })
}

func (f *roomFold) settle() {
	f.changes = nil
	f.state.Empty()
}

func (f *roomFold) restore(b []byte) (err error) {
	f.state, err = room.Restore(f.state.ID(), b)
	return err
}

type officeFold struct {
	state   *office.State
	changes []office.Change
	duties  []duty
}

func (f *officeFold) seq() entry.Seq                     { return f.state.Seq() }
func (f *officeFold) targets(*entry.Command) []entry.Seq { return nil }
func (f *officeFold) shed(entry.Seq)                     {}
func (f *officeFold) checkpoint() ([]byte, error)        { return f.state.Checkpoint() }

func (f *officeFold) thrift() int { return 40 }

func (f *officeFold) decide(by entry.Actor, a *ask, now int64) ([]entry.Entry, error) {
	return f.state.Decide(by, &a.command, now)
}

func (f *officeFold) apply(at int64, e *entry.Entry) {
	seq := f.state.Seq() + 1
	f.changes = append(f.changes, f.state.Apply(seq, at, e)...)
	f.duties = append(f.duties, dutiesOf(seq, at, e)...)
}

func (f *officeFold) take(into *batch) {
	into.office, into.duties, f.changes, f.duties = f.changes, f.duties, nil, nil
}

func (f *officeFold) parted() bool { return false }

func (f *officeFold) settle() { f.changes, f.duties = nil, nil }

func (f *officeFold) restore(b []byte) (err error) {
	f.state, err = office.Restore(b)
	return err
}
