package bench

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// client is a member's connection, reduced to what the load needs so that thousands fit beside the server: it finds the
// frames, counts the messages in them without decoding, answers pings, and notices acknowledgements of what it posted.
type client struct {
	member Member
	conn   net.Conn
	apart  int          // how many bytes at least lie between two messages: their own text
	items  atomic.Int64 // messages received
	posts  atomic.Bool  // whether it posts at all
	failed atomic.Pointer[error]

	buf         []byte
	read, write int // what of buf is unread

	mu      sync.Mutex // of what follows: a member who posts
	text    []byte     // what each message says, as JSON
	sent    []time.Time
	acked   []time.Duration // how long each acknowledgement took, as they came
	posting bool            // post again for each acknowledgement
	out     []byte
}

var (
	item = []byte(`"kind":"text"`)
	oks  = []byte(`"ok":[[`)
	nos  = []byte(`"no":[[`)
	end  = []byte(`]]`)
)

// dial connects a member; buffer is the size of what it reads into at first.
func dial(to string, m Member, buffer, apart int) (*client, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", u.Host, 30*time.Second)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "wss" {
		// It is our own child, with a certificate made for the run.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see above
	}
	c := &client{member: m, conn: conn, apart: apart, buf: make([]byte, buffer)}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bGlubGkgYmVuY2htYXJrIQ==\r\n\r\n",
		u.RequestURI(), u.Host, m.Token)
	if err == nil {
		err = c.upgraded()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	go c.run()
	return c, nil
}

func (c *client) upgraded() error {
	for {
		if err := c.fill(1); err != nil {
			return err
		}
		head, _, whole := bytes.Cut(c.buf[:c.write], []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
			line, _, _ := bytes.Cut(head, []byte("\r\n"))
			return fmt.Errorf("the server refused a connection: %s", line)
		}
		c.read = len(head) + 4
		return nil
	}
}

func (c *client) run() {
	for {
		if err := c.frames(); err != nil {
			c.failed.Store(&err)
			return
		}
	}
}

// frames reads at least one byte more and takes every frame that is whole by then.
func (c *client) frames() error {
	if err := c.fill(1); err != nil {
		return err
	}
	items := 0
	for {
		b := c.buf[c.read:c.write]
		header, size := frameSize(b)
		if header == 0 {
			break
		}
		if len(b) < header+size {
			if err := c.room(header + size); err != nil {
				return err
			}
			break
		}
		payload := b[header : header+size]
		switch b[0] & 0x0f {
		case 1:
			items += c.count(payload)
			if err := c.hear(payload); err != nil {
				return err
			}
		case 8:
			return fmt.Errorf("the server closed a connection: % x", payload[:min(2, len(payload))])
		case 9:
			// The mask is zero: nothing stands between us and the server that it would protect.
			pong := append([]byte{0x8a, 0x80 | byte(size), 0, 0, 0, 0}, payload...)
			if _, err := c.conn.Write(pong); err != nil {
				return err
			}
		}
		c.read += header + size
	}
	c.items.Add(int64(items))
	return c.flush()
}

// frameSize is the size of a frame's header and payload; 0 when not even the header is there.
func frameSize(b []byte) (header, size int) {
	switch {
	case len(b) < 2:
		return 0, 0
	case b[1] < 126:
		return 2, int(b[1])
	case b[1] == 126 && len(b) >= 4:
		return 4, int(binary.BigEndian.Uint16(b[2:]))
	case b[1] == 127 && len(b) >= 10:
		return 10, int(binary.BigEndian.Uint64(b[2:])) //nolint:gosec // room refuses what is too large
	}
	return 0, 0
}

// fill reads what there is, at least n bytes of space being free for it.
func (c *client) fill(n int) error {
	if c.read == c.write {
		c.read, c.write = 0, 0
	}
	if len(c.buf)-c.write < n {
		if err := c.room(c.write - c.read + n); err != nil {
			return err
		}
	}
	got, err := c.conn.Read(c.buf[c.write:])
	c.write += got
	return err
}

// room makes sure that n bytes from read on fit into buf.
func (c *client) room(n int) error {
	if n < 0 || n > 16<<20 {
		return errors.New("the server sent a frame of impossible size")
	}
	if c.read+n <= len(c.buf) {
		return nil
	}
	to := c.buf
	if n > len(to) {
		to = make([]byte, 2*n)
	}
	c.write = copy(to, c.buf[c.read:c.write])
	c.read, c.buf = 0, to
	return nil
}

// count is how many messages a payload holds. Most of what the load costs is spent here.
func (c *client) count(payload []byte) (n int) {
	for {
		at := bytes.Index(payload, item)
		if at < 0 {
			return n
		}
		n++
		payload = payload[min(at+len(item)+c.apart, len(payload)):]
	}
}

// hear looks for acknowledgements.
func (c *client) hear(payload []byte) error {
	if !c.posts.Load() {
		return nil
	}
	if bytes.Contains(payload, nos) {
		return fmt.Errorf("the server refused a message: %.200s", payload[bytes.Index(payload, nos):])
	}
	at := bytes.Index(payload, oks)
	if at < 0 {
		return nil
	}
	now := time.Now()
	list, _, _ := bytes.Cut(payload[at:], end)
	c.mu.Lock()
	defer c.mu.Unlock()
	for mine := []byte(`"` + c.member.Device + `.`); ; {
		_, rest, ok := bytes.Cut(list, mine)
		if !ok {
			return nil
		}
		digits, behind, _ := bytes.Cut(rest, []byte(`"`))
		n, err := strconv.Atoi(string(digits))
		if err != nil || n < 1 || n > len(c.sent) {
			return fmt.Errorf("the server acknowledged what was not sent: %.80s", rest)
		}
		c.acked = append(c.acked, now.Sub(c.sent[n-1]))
		if c.posting {
			c.post(now)
		}
		list = behind
	}
}

// start posts n messages, and one more for each that is acknowledged.
func (c *client) start(text []byte, n int) error {
	c.mu.Lock()
	c.text, c.posting = text, true
	for range n {
		c.post(time.Now())
	}
	c.mu.Unlock()
	return c.flush()
}

// once posts one message.
func (c *client) once(text []byte) error {
	c.mu.Lock()
	c.text = text
	c.post(time.Now())
	c.mu.Unlock()
	return c.flush()
}

// stop posts no more.
func (c *client) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posting = false
}

// post adds one message to what flush sends.
func (c *client) post(now time.Time) {
	c.posts.Store(true)
	c.sent = append(c.sent, now)
	payload := fmt.Appendf(nil, `{"do":[{"id":"%s.%d","room":"%s","act":"text.post","words":{"text":"%s"}}]}`,
		c.member.Device, len(c.sent), c.member.Room, c.text)
	switch n := len(payload); {
	case n < 126:
		c.out = append(c.out, 0x81, 0x80|byte(n))
	default:
		c.out = binary.BigEndian.AppendUint16(append(c.out, 0x81, 0x80|126), uint16(n)) //nolint:gosec // messages are short
	}
	c.out = append(append(c.out, 0, 0, 0, 0), payload...)
}

// flush sends what was posted, all in one write.
func (c *client) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// outstanding is how many messages are posted and not acknowledged.
func (c *client) outstanding() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sent) - len(c.acked)
}

// answers is how long acknowledgements took, but for the first skip.
func (c *client) answers(skip int) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acked[skip:len(c.acked):len(c.acked)]
}
