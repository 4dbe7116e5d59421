package socket

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"linli/internal/hub"
)

const (
	limit     = 1 << 20          // bytes that may wait; who is further behind is better off resuming
	patience  = 30 * time.Second // for a write to move
	farewell  = 5 * time.Second  // for what waits when the connection ends, and for the client's answer
	joinBelow = 16 << 10         // frames are joined into writes of this size: one system call, one TLS record
)

// queue is the net.Conn that the library believes in. Everything goes through it in one order: the hub's frames, and the
// library's own pongs and closing frames, which it writes as it would to a socket. Nobody waits for the network but drain,
// and drain lives only while something is queued.
//
// It ends in steps: bye (a closing frame is queued, nothing is taken behind it), drained (our side is shut, the client has
// a moment to answer), closed. Closing at once would lose the closing frame, and browsers would report 1006.
type queue struct {
	net.Conn
	early []byte       // what the client sent right behind its handshake
	heard atomic.Int64 // when the client last sent anything, Unix nanoseconds
	start func()       // drain as a value, made once: starting it allocates nothing

	mu      sync.Mutex
	waiting [][]byte
	few     [2][]byte // where waiting begins, so that a frame for an idle connection allocates nothing
	size    int       // bytes waiting or being written
	writing bool      // drain runs
	bye     bool      // takes no more
	done    bool      // close as soon as drained
	closed  bool
	until   time.Time // the write deadline in force
}

func newQueue(conn net.Conn, early []byte) *queue {
	q := &queue{Conn: conn, early: early}
	q.waiting, q.start = q.few[:0], q.drain
	q.heard.Store(time.Now().UnixNano())
	return q
}

// push queues a frame and returns at once; false if the connection is on its way out.
func (q *queue) push(frame []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bye {
		return false
	}
	if q.size+len(frame) > limit {
		q.letGo()
		return false
	}
	q.add(frame)
	q.bye = hub.IsClosing(frame)
	return true
}

func (q *queue) add(frame []byte) {
	q.waiting = append(q.waiting, frame)
	q.size += len(frame)
	if !q.writing {
		q.writing = true
		go q.start()
	}
}

var tooSlow = hub.Closing(hub.TooSlow, "too slow")

// letGo forgets what waits and ends the connection: whatever is being written has a few seconds, and then the client may
// still learn why.
func (q *queue) letGo() {
	q.forget()
	q.bye = true
	q.hurry()
	q.add(tooSlow)
}

func (q *queue) forget() {
	for _, frame := range q.waiting {
		q.size -= len(frame)
	}
	q.empty()
}

func (q *queue) empty() {
	clear(q.waiting)
	q.waiting = q.few[:0]
}

// hurry shortens the deadline, also of a write that is under way.
func (q *queue) hurry() {
	q.until = time.Now().Add(farewell)
	q.SetWriteDeadline(q.until) //nolint:errcheck // fails only on a closed connection
}

// Write is for the library: pongs and its answer to a closing frame, each a whole frame. After a closing frame of ours it
// is told that all is well, since there is nobody to tell otherwise.
func (q *queue) Write(frame []byte) (int, error) {
	q.push(append(make([]byte, 0, len(frame)), frame...))
	return len(frame), nil
}

// Read is for the library, and notes that the client lives.
func (q *queue) Read(into []byte) (int, error) {
	if len(q.early) > 0 {
		n := copy(into, q.early)
		if q.early = q.early[n:]; len(q.early) == 0 {
			q.early = nil
		}
		return n, nil
	}
	n, err := q.Conn.Read(into)
	q.heard.Store(time.Now().UnixNano())
	return n, err
}

// Close closes when what waits is written, within a few seconds.
func (q *queue) Close() error {
	q.mu.Lock()
	q.bye, q.done = true, true
	if q.writing {
		q.hurry()
		q.mu.Unlock()
		return nil
	}
	closed := q.closed
	q.closed = true
	q.mu.Unlock()
	if closed {
		return nil
	}
	return q.Conn.Close()
}

func (q *queue) leaving() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bye
}

// drain writes whatever waits until nothing does.
func (q *queue) drain() {
	b := batches.Get().(*batch)
	defer batches.Put(b)
	q.mu.Lock()
	for len(q.waiting) > 0 {
		b.frames = append(b.frames[:0], q.waiting...)
		q.empty()
		q.extend()
		q.mu.Unlock()
		n, err := b.write(q.Conn)
		q.mu.Lock()
		q.size -= n
		if err != nil {
			q.bye, q.done = true, true
			q.forget()
		}
	}
	q.writing = false
	end, shut := q.done && !q.closed, q.bye && !q.done
	q.closed = q.closed || end
	q.mu.Unlock()
	if end {
		q.Conn.Close()
	} else if shut {
		q.shut()
	}
}

// extend renews the write deadline when it is used up by a part: setting it for each write would cost more than it tells.
func (q *queue) extend() {
	if q.bye {
		q.hurry()
		return
	}
	now := time.Now()
	if q.until.Sub(now) < patience*3/4 {
		q.until = now.Add(patience)
		q.SetWriteDeadline(q.until) //nolint:errcheck // fails only on a closed connection
	}
}

// shut ends our side and gives the client a moment to end its own; then the reader ends, and closes.
func (q *queue) shut() {
	if c, ok := q.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite() //nolint:errcheck // the reader finds out
	}
	q.SetReadDeadline(time.Now().Add(farewell)) //nolint:errcheck // fails only on a closed connection
}

// batch is what drain works with; there are only as many as connections being written to.
type batch struct {
	frames [][]byte
	joined []byte
}

var batches = sync.Pool{New: func() any { return &batch{joined: make([]byte, 0, joinBelow)} }}

// write writes all frames, small ones joined, and returns how many bytes are off the queue: all of them, come what may.
func (b *batch) write(to net.Conn) (size int, err error) {
	b.joined = b.joined[:0]
	send := func(bytes []byte) {
		if err == nil && len(bytes) > 0 {
			_, err = to.Write(bytes)
		}
	}
	for i, frame := range b.frames {
		size += len(frame)
		if len(b.joined)+len(frame) > joinBelow {
			send(b.joined)
			b.joined = b.joined[:0]
		}
		if len(frame) > joinBelow || len(b.frames) == 1 {
			send(frame)
		} else {
			b.joined = append(b.joined, frame...)
		}
		b.frames[i] = nil
	}
	send(b.joined)
	return size, err
}
