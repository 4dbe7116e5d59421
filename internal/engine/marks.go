package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
)

// Mark is how far somebody has read a room. Unread is arithmetic: a lane's items less those up to the mark.
type Mark struct {
	Seq   entry.Seq         `json:"seq"`
	Lanes map[string]uint64 `json:"lanes,omitempty"`
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

// Ordinals are how far each lane of a room has come at a seq.
func (m *Marks) Ordinals(r id.Room, at entry.Seq) (map[string]uint64, error) {
	return m.ordinals(r, at)
}

// Read moves a mark forward; it tells whether it moved.
func (m *Marks) Read(p id.Person, r id.Room, seq entry.Seq) (bool, error) {
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
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marks[key].Seq >= seq {
		return false, nil
	}
	m.marks[key] = Mark{Seq: seq, Lanes: lanes}
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
