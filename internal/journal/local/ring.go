package local

import (
	"sync"

	"linli/internal/journal"
)

// stored is a frame with its position and its hash.
type stored struct {
	pos   uint64
	frame journal.Frame
	hash  journal.Hash
}

// ring keeps the latest frames in memory, so that followers who keep up never read what was just written.
type ring struct {
	mu    sync.Mutex
	woken chan struct{} // closed and renewed when frames came
	slots [ringFrames]stored
	first uint64 // the lowest position kept; positions from here to last are in their slots
	last  uint64
	size  int
}

const (
	ringFrames = 1024
	ringBytes  = 8 << 20
)

// wait is closed when more frames have come than now.
func (r *ring) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.woken
}

// put adds the next frame; the oldest make room. The caller holds mu.
func (r *ring) put(s stored) {
	if s.pos != r.last+1 { // the first since the start
		r.first = s.pos
	}
	for r.first < s.pos && (s.pos-r.first >= ringFrames || r.size+len(s.frame.Body) > ringBytes) {
		old := &r.slots[r.first%ringFrames]
		r.size -= len(old.frame.Body)
		*old = stored{}
		r.first++
	}
	r.slots[s.pos%ringFrames] = s
	r.last = s.pos
	r.size += len(s.frame.Body)
}

// remove forgets a frame that was changed; it is found on disk. The caller holds mu.
func (r *ring) remove(p place) {
	for i := range r.slots {
		if s := &r.slots[i]; s.frame.Seq == p.seq && s.frame.Log == p.log {
			r.size -= len(s.frame.Body)
			*s = stored{}
		}
	}
}

// take is up to n frames right behind a position; none when they must be read from disk.
func (r *ring) take(after uint64, n int) (frames []stored) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after+1 < r.first || after >= r.last {
		return nil
	}
	n = min(n, int(r.last-after))
	frames = make([]stored, 0, n)
	for pos := after + 1; len(frames) < n && r.slots[pos%ringFrames].pos == pos; pos++ {
		frames = append(frames, r.slots[pos%ringFrames])
	}
	return frames
}
