package socket

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"linli/internal/hub"
)

// stuck is a queue whose client is at the other end of a pipe: without a reader there, no write moves.
func stuck() (*queue, net.Conn) {
	ours, theirs := net.Pipe()
	return newQueue(ours, nil), theirs
}

func TestPongBehindAStuckWriteDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		q.push(hub.Frame([]byte("stuck")))
		synctest.Wait()
		began := time.Now()
		for range 100 {
			if _, err := q.Write([]byte{0x8a, 0}); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(began) != 0 {
			t.Error("a pong waited for the network")
		}
		got := make([]byte, 7+200)
		if _, err := io.ReadFull(client, got); err != nil || !bytes.HasPrefix(got, hub.Frame([]byte("stuck"))) {
			t.Errorf("%q, %v", got, err)
		}
		q.Close()
	})
}

func TestWriteThatDoesNotMoveEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		q.push(hub.Frame([]byte("stuck")))
		q.push(hub.Frame([]byte("behind")))
		time.Sleep(patience + time.Second)
		synctest.Wait()
		if q.push(hub.Frame([]byte("late"))) || q.size != 0 {
			t.Errorf("still taking frames, %d bytes wait", q.size)
		}
		if _, err := client.Read(make([]byte, 9)); err != io.EOF {
			t.Errorf("the client sees %v", err)
		}
	})
}

func TestCloseLetsWhatWaitsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		q.push(hub.Frame([]byte("first")))
		q.push(hub.Closing(hub.GoingAway, ""))
		q.Close()
		time.Sleep(farewell / 2)
		got, err := io.ReadAll(client)
		if want := append(hub.Frame([]byte("first")), hub.Closing(hub.GoingAway, "")...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the client got %q, %v", got, err)
		}
	})
}

func TestCloseDoesNotWaitForAStuckClientForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		q.push(hub.Frame([]byte("first")))
		synctest.Wait()
		q.Close()
		q.Close()
		time.Sleep(farewell + time.Second)
		synctest.Wait()
		if _, err := client.Read(make([]byte, 9)); err != io.EOF {
			t.Errorf("the client sees %v", err)
		}
	})
}

func TestClientThatDoesNotAnswerByeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		q.push(hub.Closing(hub.SignedOut, ""))
		go io.ReadFull(client, make([]byte, 4)) //nolint:errcheck // it only has to be taken
		began := time.Now()
		_, err := q.Read(make([]byte, 10))
		if err == nil || time.Since(began) != farewell {
			t.Errorf("the reader ended after %v with %v", time.Since(began), err)
		}
		q.Close()
	})
}

func TestSilentClientIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		c := &Conn{q: q}
		go io.Copy(io.Discard, client) //nolint:errcheck // reads, and says nothing
		for range 3 {
			time.Sleep(silence / 3)
			c.Beat(time.Now())
		}
		synctest.Wait()
		if q.closed {
			t.Fatal("left too early")
		}
		time.Sleep(silence / 3)
		c.Beat(time.Now())
		if !q.closed {
			t.Error("not left")
		}
	})
}

func TestQueueCountsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, client := stuck()
		frame := hub.Frame(make([]byte, 100_000))
		n := 0
		for q.push(frame) {
			n++
		}
		if n != limit/len(frame) {
			t.Errorf("%d frames were taken", n)
		}
		go io.Copy(io.Discard, client) //nolint:errcheck // takes what still comes
		synctest.Wait()
		if q.size != 0 || q.writing {
			t.Errorf("%d bytes wait", q.size)
		}
		q.Close()
	})
}

type sink struct{ net.Conn }

func (sink) Write(b []byte) (int, error)       { return len(b), nil }
func (sink) SetWriteDeadline(time.Time) error  { return nil }
func (sink) SetReadDeadline(t time.Time) error { return nil }
func (sink) Close() error                      { return nil }

func TestPushingAllocatesNothing(t *testing.T) {
	q, frame := newQueue(sink{}, nil), hub.Frame([]byte("菜到了"))
	if n := testing.AllocsPerRun(1000, func() {
		q.push(frame)
		for q.leavingOrBusy() {
			time.Sleep(time.Microsecond)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func (q *queue) leavingOrBusy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bye || q.writing
}

func BenchmarkPush(b *testing.B) {
	q, frame := newQueue(sink{}, nil), hub.Frame([]byte("菜到了"))
	b.ReportAllocs()
	for b.Loop() {
		q.push(frame)
		for q.leavingOrBusy() {
			time.Sleep(0)
		}
	}
}
