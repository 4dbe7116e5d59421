package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
)

// Mark is how far somebody has read a room. Unread is arithmetic: a lane's items less those up to the mark. A lane may be read
// further than the whole: who looked through the notices alone has still to read the talk.
type Mark struct {
	Seq   entry.Seq         `json:"seq"`
	Lanes map[string]uint64 `json:"lanes,omitempty"`
}

// with is the mark moved to where some lanes have come.
func (m Mark) with(lanes map[string]uint64) Mark {
	all := maps.Clone(m.Lanes)
	if all == nil {
		all = map[string]uint64{}
	}
	for l, n := range lanes {
		all[l] = max(all[l], n)
	}
	m.Lanes = all
	return m
}

// Marks are everybody's read marks: in memory, and on the shelf a few seconds later. A mark only grows. Losing some in a crash
// shows a few messages as unread again.
type Marks struct {
	shelf    journal.Shelf
	ordinals func(r id.Room, at entry.Seq) (map[string]uint64, error)

	mu    sync.Mutex
	marks map[string]Mark // by shelf key
	dirty map[string]bool
}

// marksEvery is how long a mark may be in memory only.
const marksEvery = 5 * time.Second

// NewMarks reads what is on the shelf. ordinals says how far each lane of a room has come at a seq.
func NewMarks(ctx context.Context, shelf journal.Shelf, ordinals func(id.Room, entry.Seq) (map[string]uint64, error)) (*Marks, error) {
	m := &Marks{shelf: shelf, ordinals: ordinals, marks: map[string]Mark{}, dirty: map[string]bool{}}
	for item, err := range shelf.List(ctx, "read/") {
		if errors.Is(err, journal.ErrUnreadable) {
			continue // shown as unread again
		}
		if err != nil {
			return nil, fmt.Errorf("engine: marks: %w", err)
		}
		var mark Mark
		if json.Unmarshal(item.Value, &mark) == nil {
			m.marks[item.Key] = mark
		}
	}
	return m, nil
}

func markKey(p id.Person, r id.Room) string { return "read/" + string(p) + "/" + string(r) }

// Of is how far a person has read a room.
func (m *Marks) Of(p id.Person, r id.Room) Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[markKey(p, r)]
}

// From is a person's mark in a room, where `floor` stands for having read nothing yet: what is before it is history, not unread.
func (m *Marks) From(p id.Person, r id.Room, floor entry.Seq) (Mark, error) {
	mark := m.Of(p, r)
	if mark.Seq != 0 {
		return mark, nil
	}
	lanes, err := m.ordinals(r, floor)
	if err != nil {
		return mark, fmt.Errorf("engine: ordinals: %w", err)
	}
	mark = mark.with(lanes)
	mark.Seq = floor
	return mark, nil
}

// Read moves a mark forward, or only that of one lane; it tells whether it moved.
func (m *Marks) Read(p id.Person, r id.Room, seq entry.Seq, lane string) (bool, error) {
	key := markKey(p, r)
	m.mu.Lock()
	behind := m.marks[key].Seq < seq
	m.mu.Unlock()
	if !behind {
		return false, nil
	}
	lanes, err := m.ordinals(r, seq)
	if err != nil {
		return false, fmt.Errorf("engine: ordinals: %w", err)
	}
	if lane != "" {
		lanes = map[string]uint64{lane: lanes[lane]}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.marks[key]
	now := was.with(lanes)
	if lane == "" {
		now.Seq = max(was.Seq, seq)
	}
	if now.Seq == was.Seq && maps.Equal(now.Lanes, was.Lanes) {
		return false, nil
	}
	m.marks[key] = now
	m.dirty[key] = true
	return true, nil
}

// Keep writes marks to the shelf every few seconds until ctx ends, and once more then.
func (m *Marks) Keep(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(marksEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := m.flush(context.WithoutCancel(ctx)); err != nil {
			failed(err)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (m *Marks) flush(ctx context.Context) error {
	m.mu.Lock()
	items := make([]journal.Item, 0, len(m.dirty))
	for key := range m.dirty {
		items = append(items, journal.Item{Key: key, Value: mustJSON(m.marks[key])})
	}
	m.dirty = map[string]bool{}
	m.mu.Unlock()
	if len(items) == 0 {
		return nil
	}
	if err := m.shelf.PutAll(ctx, items); err != nil {
		m.mu.Lock()
		for _, item := range items {
			m.dirty[item.Key] = true
		}
		m.mu.Unlock()
		return fmt.Errorf("engine: marks: %w", err)
	}
	return nil
}
