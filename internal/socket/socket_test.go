package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/hub"
	"linli/internal/long"
)

// listener is a server whose one route accepts sockets and hands them to the test.
type listener struct {
	*httptest.Server
	conns chan *Conn
	heard chan string
	ended chan error
}

func listen(t *testing.T, secure bool) *listener {
	t.Helper()
	l := &listener{conns: make(chan *Conn, 1), heard: make(chan string, 64), ended: make(chan error, 1)}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r)
		if err != nil {
			return
		}
		l.conns <- c
		go func() { l.ended <- c.Listen(1000, func(m []byte) { l.heard <- string(m) }) }()
	}))
	if secure {
		l.StartTLS()
	} else {
		l.Start()
	}
	t.Cleanup(l.Close)
	return l
}

func (l *listener) dial(t *testing.T, o *websocket.DialOptions) (*websocket.Conn, *Conn) {
	t.Helper()
	if o == nil {
		o = &websocket.DialOptions{}
	}
	o.HTTPClient = l.Client()
	client, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(l.URL, "http"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.CloseNow() })
	return client, <-l.conns
}

// raw is a client that does only what the test says.
func (l *listener) raw(t *testing.T, behind string) (net.Conn, *Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", l.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if l.TLS != nil {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own server
	}
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n%s", behind)
	return conn, <-l.conns
}

func plainAndTLS(t *testing.T, test func(t *testing.T, l *listener)) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "tls"}[secure], func(t *testing.T) {
			t.Parallel()
			test(t, listen(t, secure))
		})
	}
}

func TestFramesPingsAndTheCloseKeepTheirOrder(t *testing.T) {
	const frames, pings = 20_000, 200
	plainAndTLS(t, func(t *testing.T, l *listener) {
		pongs := 0
		client, server := l.dial(t, &websocket.DialOptions{})
		var pinging sync.WaitGroup
		pinging.Go(func() { // the client's pings are answered in between
			for range pings {
				if err := client.Ping(t.Context()); err != nil {
					t.Error(err)
					return
				}
				pongs++
			}
		})
		go func() { // and so are the server's
			for n := range frames {
				if !server.Push(hub.Frame(fmt.Appendf(nil, `{"seq":%d,"pad":"%s"}`, n, strings.Repeat("菜", n%100)))) {
					return
				}
				if n%(frames/pings) == 0 {
					server.Beat(time.Now())
				}
				for server.Waiting() > limit/2 {
					time.Sleep(time.Millisecond)
				}
			}
			pinging.Wait()
			server.Bye(hub.Elsewhere, "moved")
			if server.Push(hub.Frame([]byte("too late"))) {
				t.Error("a frame was taken behind the closing frame")
			}
		}()
		for n := range frames {
			_, message, err := client.Read(t.Context())
			if err != nil {
				t.Fatalf("after %d: %v", n, err)
			}
			if !strings.HasPrefix(string(message), fmt.Sprintf(`{"seq":%d,`, n)) {
				t.Fatalf("message %d is %.40s", n, message)
			}
		}
		if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != hub.Elsewhere {
			t.Errorf("ended with %v", err)
		}
		if err := <-l.ended; err == nil {
			t.Error("Listen returned no error")
		}
		// The client may see the closing frame before its writer has counted it as gone.
		for late := time.Now().Add(long.Patience); server.Waiting() != 0 && time.Now().Before(late); {
			time.Sleep(time.Millisecond)
		}
		if pongs != pings || server.Waiting() != 0 {
			t.Errorf("%d pongs, %d bytes waiting", pongs, server.Waiting())
		}
	})
}

func TestSlowReaderIsLetGoWithoutHoldingUpAnybody(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, l *listener) {
		_, server := l.raw(t, "") // and never reads
		frame := hub.Frame(make([]byte, 60<<10))
		for server.Push(frame) {
			if server.Waiting() > limit {
				t.Fatalf("%d bytes wait", server.Waiting())
			}
		}
		if got := server.Waiting(); got > limit/2+len(tooSlow) {
			t.Errorf("%d bytes are kept for a connection that was let go", got)
		}
		if err := <-l.ended; err == nil {
			t.Error("Listen returned no error")
		}
	})
}

func TestSlowReaderThatWakesUpLearnsWhy(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, l *listener) {
		client, server := l.dial(t, nil)
		client.SetReadLimit(-1)
		frame := hub.Frame(make([]byte, 60<<10))
		for server.Push(frame) {
		}
		var err error
		for err == nil {
			_, _, err = client.Read(t.Context())
		}
		if websocket.CloseStatus(err) != hub.TooSlow {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestClientThatClosesIsAnswered(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, l *listener) {
		client, server := l.dial(t, nil)
		for range 100 {
			server.Push(hub.Frame(make([]byte, 1000)))
		}
		if err := client.Close(websocket.StatusNormalClosure, "bye"); err != nil {
			t.Errorf("the close was not answered: %v", err)
		}
		if err := <-l.ended; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("Listen returned %v", err)
		}
		if server.Push(hub.Frame(nil)) {
			t.Error("a frame was taken after the end")
		}
	})
}

func TestNothingIsHeardFromAClientThatWasSentAway(t *testing.T) {
	l := listen(t, false)
	client, server := l.dial(t, nil)
	client.Write(t.Context(), websocket.MessageText, []byte("before"))
	if got := <-l.heard; got != "before" {
		t.Errorf("heard %q", got)
	}
	server.Bye(hub.SignedOut, "signed out")
	client.Write(t.Context(), websocket.MessageText, []byte("after"))
	if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != hub.SignedOut {
		t.Errorf("ended with %v", err)
	}
	<-l.ended
	if len(l.heard) > 0 {
		t.Errorf("heard %q", <-l.heard)
	}
}

func TestWhatComesWithTheHandshakeIsHeard(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, l *listener) {
		l.raw(t, "\x81\x82\x00\x00\x00\x00hi\x81\x83\x00\x00\x00\x00you")
		if a, b := <-l.heard, <-l.heard; a != "hi" || b != "you" {
			t.Errorf("heard %q and %q", a, b)
		}
	})
}

func TestClientOverTheLimitsIsSentAway(t *testing.T) {
	for name, message := range map[string]struct {
		kind websocket.MessageType
		size int
	}{"too large": {websocket.MessageText, 50_000}, "binary": {websocket.MessageBinary, 10}} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, false)
			client, _ := l.dial(t, nil)
			client.Write(t.Context(), websocket.MessageText, make([]byte, 1000))
			if got := <-l.heard; len(got) != 1000 {
				t.Errorf("heard %d bytes", len(got))
			}
			client.Write(t.Context(), message.kind, make([]byte, message.size))
			if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != hub.Limits {
				t.Errorf("ended with %v", err)
			}
			if err := <-l.ended; !errors.Is(err, ErrLimits) {
				t.Errorf("Listen returned %v", err)
			}
		})
	}
}

func TestBeatReachesEverybodyInTheHub(t *testing.T) {
	l, h := listen(t, false), hub.New()
	client, server := l.dial(t, nil)
	h.Open("pwang", "d1", server, nil)
	before := server.q.heard.Load()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go Beat(ctx, h, 5*time.Millisecond)
	go client.Read(ctx) //nolint:errcheck // it answers pings meanwhile
	for server.q.heard.Load() == before {
		time.Sleep(time.Millisecond)
	}
}
