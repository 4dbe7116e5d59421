package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/wire"
)

// Past is an entry that was written before.
type Past struct {
	Frame uint64
	Seq   entry.Seq
	At    int64 // ms
	Entry *entry.Entry
}

// Since calls f with what was written into a log behind a frame, in order; of at most so many frames (0: all).
func (e *Engine) Since(ctx context.Context, log id.Log, after uint64, frames int, f func(Past) error) error {
	for frame, err := range e.Journal.Read(ctx, log, journal.Seq(after), frames) {
		if damaged := (*journal.Damaged)(nil); errors.As(err, &damaged) {
			return nil // what is behind it is read when a copy was put back
		}
		if err != nil {
			return fmt.Errorf("engine: past: %w", err)
		}
		b, err := readBody(frame.Body)
		if err != nil {
			return fmt.Errorf("engine: past: %w", err)
		}
		for i := range b.Entries {
			s := &b.Entries[i]
			en, err := e.open(s)
			if err != nil {
				return fmt.Errorf("engine: past: %w", err)
			}
			if err := f(Past{Frame: uint64(frame.Seq), Seq: b.From + entry.Seq(i), At: s.at(b), Entry: en}); err != nil {
				return err
			}
		}
	}
	return nil
}

// RingsOf is whom an entry of a room wants to reach, by its item as that is now.
func (e *Engine) RingsOf(ctx context.Context, r id.Room, p Past, verb string) (rings []wire.Ring, err error) {
	targets := []entry.Seq{p.Entry.Re}
	seq := p.Entry.Re
	if verb == "post" {
		seq = p.Seq
		targets = append(targets, seq)
	}
	l := e.known(r)
	if l == nil {
		return nil, fault.New(fault.NotFound, "there is no such room")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut != nil {
		return nil, errShut
	}
	if err := e.hold(ctx, l, slices.DeleteFunc(targets, func(s entry.Seq) bool { return s == 0 })); err != nil {
		return nil, err
	}
	s := l.fold.(*roomFold).state
	if item := s.Held(seq); item != nil {
		for _, ring := range s.Rings(item, verb, p.Seq, p.At, p.Entry) {
			rings = append(rings, wire.Ring{Item: seq, Seq: p.Seq, By: p.Entry.By, At: p.At, Ring: ring})
		}
	}
	return rings, nil
}
