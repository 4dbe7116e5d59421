package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// Scans counts how often the page of each poster's link was opened: in memory, and on the shelf a little later, because a
// stranger's click must not cost a write. A crash loses the last few.
type Scans struct {
	shelf journal.Shelf

	mu    sync.Mutex
	count map[id.Link]int
	dirty map[id.Link]int
}

const (
	scansEvery  = 10 * time.Second
	scansPrefix = "scans/"
)

// NewScans reads what is on the shelf.
func NewScans(ctx context.Context, shelf journal.Shelf) (*Scans, error) {
	s := &Scans{shelf: shelf, count: map[id.Link]int{}, dirty: map[id.Link]int{}}
	for item, err := range shelf.List(ctx, scansPrefix) {
		if errors.Is(err, journal.ErrUnreadable) {
			continue // counted from there
		}
		if err != nil {
			return nil, fmt.Errorf("engine: scans: %w", err)
		}
		n, _ := strconv.Atoi(string(item.Value))
		s.count[id.Link(strings.TrimPrefix(item.Key, scansPrefix))] = n
	}
	return s, nil
}

// Count adds one to a link that exists.
func (s *Scans) Count(l id.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[l]++
	s.dirty[l] = s.count[l]
}

// Of is how often a link's page was opened.
func (s *Scans) Of(l id.Link) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[l]
}

// Keep writes to the shelf now and then until ctx ends, and once more then.
func (s *Scans) Keep(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(scansEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := s.flush(context.WithoutCancel(ctx)); err != nil {
			failed(err)
		}
	}
}

func (s *Scans) flush(ctx context.Context) error {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = map[id.Link]int{}
	s.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	var items []journal.Item
	for l, n := range dirty {
		items = append(items, journal.Item{Key: scansPrefix + string(l), Value: []byte(strconv.Itoa(n))})
	}
	if err := s.shelf.PutAll(ctx, items); err != nil {
		s.mu.Lock()
		maps.Copy(dirty, s.dirty) // what was counted meanwhile is newer
		s.dirty = dirty
		s.mu.Unlock()
		return fmt.Errorf("engine: scans: %w", err)
	}
	return nil
}
