// Package socket is the WebSocket connection as this server wants it: cheap while idle, never waited for, and fed with
// frames that are encoded once for everybody.
//
// coder/websocket does the handshake, reads, and answers pings and closes. It has no prepared frames, and writing past it
// is not safe: a pong would wait behind a stuck write, frames could follow a closing frame. So the net.Conn that it is
// given is our queue (see queue): the library writes into it, the hub pushes into it, one goroutine empties it, and only
// while something is queued.
//
// An idle connection is one goroutine in a read, with buffers of a few hundred bytes. For that the HTTP handler has to
// return after Accept, and Listen runs in a fresh goroutine: the handler's own holds on to the request and to a stack that
// has grown. Compression is off: it would cost 30 KiB for each connection.
package socket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"linli/internal/hub"
)

const (
	readBuffer  = 512 // most commands fit; longer ones are read past it
	writeBuffer = 256 // more than a control frame, which must reach the queue in one piece
	silence     = 75 * time.Second
)

// Conn is one WebSocket connection. It is a hub.Conn; Listen has to be called, once, in a goroutine of its own.
type Conn struct {
	q  *queue
	ws *websocket.Conn
}

var _ hub.Conn = (*Conn)(nil)

// Accept answers the handshake; on an error the answer has been written. Frames may be pushed from then on. Whether the page may ask at all, which
// its origin decides, is the caller's to know.
func Accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	h := &hijack{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // of the origin
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1) // Listen has its own
	return &Conn{q: h.q, ws: ws}, nil
}

// hijack gives the library the queue in place of the connection.
type hijack struct {
	http.ResponseWriter
	q *queue
}

func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	h.q = newQueue(conn, bytes.Clone(early))
	// The server's own buffers are eight times as large, and end with the request.
	return h.q, bufio.NewReadWriter(bufio.NewReaderSize(h.q, readBuffer), bufio.NewWriterSize(h.q, writeBuffer)), nil
}

// Push queues a frame and returns at once; false if the connection is on its way out. A connection that is more than 1 MiB
// behind is let go.
func (c *Conn) Push(frame []byte) bool { return c.q.push(frame) }

// Bye queues a closing frame and returns at once; nothing is taken behind it, and nothing of what the client still says is
// heard. Listen returns when the client has answered, or after a few seconds.
func (c *Conn) Bye(code int, reason string) { c.q.push(hub.Closing(code, reason)) }

// Waiting is how many bytes are queued.
func (c *Conn) Waiting() int {
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	return c.q.size
}

// ErrLimits ends Listen for a client that sent something too large or not text.
var ErrLimits = errors.New("socket: message too large or not text")

// Listen hears the client's text messages, one after the other, until the connection ends. A message is valid only during
// the call. Messages over most bytes end the connection with hub.Limits.
func (c *Conn) Listen(most int, hear func(message []byte)) error {
	defer c.ws.CloseNow() //nolint:errcheck // it is over either way
	var broken error
	for {
		kind, r, err := c.ws.Reader(context.Background())
		if err != nil {
			return errors.Join(broken, err)
		}
		if broken == nil {
			broken = c.hear(kind, r, most, hear)
		}
		if broken != nil {
			c.Bye(hub.Limits, "limits")
			io.Copy(io.Discard, r) //nolint:errcheck // the next read says it again
		}
	}
}

func (c *Conn) hear(kind websocket.MessageType, r io.Reader, most int, hear func([]byte)) error {
	if kind != websocket.MessageText {
		return ErrLimits
	}
	m := messages.Get().(*bytes.Buffer)
	defer messages.Put(m)
	m.Reset()
	n, err := m.ReadFrom(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return nil // the next read says it again
	}
	if n > int64(most) {
		return ErrLimits
	}
	if !c.q.leaving() {
		hear(m.Bytes())
	}
	return nil
}

// messages are lent to connections while they hear something; an idle one has none.
var messages = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 4<<10)) }}

// Beat pings the client, or ends the connection when nothing, not even a pong, came from it for a while.
func (c *Conn) Beat(now time.Time) {
	if now.UnixNano()-c.q.heard.Load() > int64(silence) {
		c.q.Close() //nolint:errcheck // it is over either way
		return
	}
	c.q.push(hub.Ping)
}

// Beat keeps the connections of a hub alive until ctx ends: every interval each is pinged, a few hundred at a time, so that
// ten thousand of them do not wake together.
func Beat(ctx context.Context, h *hub.Hub, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, conn := range h.All() {
			if c, ok := conn.(*Conn); ok {
				c.Beat(time.Now())
			}
			if i%256 == 255 {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
}
