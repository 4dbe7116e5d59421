package hub

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"linli/internal/id"
)

// ear is a connection that remembers.
type ear struct {
	mu    sync.Mutex
	heard []string
	code  int
}

func (e *ear) Push(frame []byte) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.code != 0 {
		return false
	}
	e.heard = append(e.heard, string(frame))
	return true
}

func (e *ear) Bye(code int, _ string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code = code
}

func (e *ear) Waiting() int { return 7 }

func (e *ear) hears(t *testing.T, want ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.heard, want) {
		t.Errorf("heard %q, want %q", e.heard, want)
	}
}

func in(topics ...Topic) func() []Topic { return func() []Topic { return topics } }

var hexi = Room("rhx3")

func TestAConnectionHearsItsPersonsRoomsAtOnce(t *testing.T) {
	h, wang, li := New(), &ear{}, &ear{}
	h.Open("pwang", "d1", wang, in(hexi, Office))
	h.Open("pli", "d2", li, in(Room("rother")))
	if n := h.Publish(hexi, []byte("菜到了")); n != 1 {
		t.Errorf("%d connections took it", n)
	}
	h.Publish(Office, []byte("figures"))
	wang.hears(t, "菜到了", "figures")
	li.hears(t)
}

func TestJoinAndLeaveHoldForAllConnectionsOfAPerson(t *testing.T) {
	h, phone, desk := New(), &ear{}, &ear{}
	h.Join("pwang", hexi) // away: nothing to do
	h.Open("pwang", "d1", phone, nil)
	h.Join("pwang", hexi)
	h.Join("pwang", hexi)
	h.Open("pwang", "d2", desk, nil)
	h.Publish(hexi, []byte("1"))
	h.Leave("pwang", hexi)
	h.Leave("pwang", hexi)
	h.Publish(hexi, []byte("2"))
	phone.hears(t, "1")
	desk.hears(t, "1")
}

func TestRemovedResidentStopsHearingTheRoomEvenWhileConnecting(t *testing.T) {
	h, wang := New(), &ear{}
	h.Open("pwang", "d1", wang, func() []Topic {
		list := []Topic{hexi, Office} // read from the room's state, and then the removal is applied
		h.Leave("pwang", hexi)
		return list
	})
	h.Publish(hexi, []byte("not for her"))
	h.Publish(Office, []byte("1"))
	wang.hears(t, "1")

	h.Join("pwang", hexi) // admitted again later
	h.Publish(hexi, []byte("2"))
	wang.hears(t, "1", "2")
}

func TestAdmittedAgainWhileConnectingHearsTheRoom(t *testing.T) {
	h, wang := New(), &ear{}
	h.Open("pwang", "d1", wang, func() []Topic {
		h.Leave("pwang", hexi)
		h.Join("pwang", hexi)
		return nil
	})
	h.Publish(hexi, []byte("1"))
	wang.hears(t, "1")
}

func TestWhatAConnectionIsGreetedWithComesFirst(t *testing.T) {
	h, phone, desk := New(), &ear{}, &ear{}
	h.Open("pwang", "d1", phone, in(hexi))
	h.Open("pwang", "d2", desk, func() []Topic {
		h.Publish(hexi, []byte("early"))
		h.Join("pwang", Office)
		h.Publish(Office, []byte("early too"))
		desk.Push([]byte("hello"))
		return []Topic{hexi}
	})
	h.Publish(hexi, []byte("1"))
	h.Publish(Office, []byte("2"))
	phone.hears(t, "early", "early too", "1", "2")
	desk.hears(t, "hello", "1", "2")
}

func TestSignedOutDeviceHearsNothingMore(t *testing.T) {
	h, lost, kept := New(), &ear{}, &ear{}
	c := h.Open("pwang", "d1", lost, in(hexi))
	h.Open("pwang", "d2", kept, in(hexi))
	h.Drop("d1")
	h.Publish(hexi, []byte("1"))
	h.Tell("pwang", []byte("2"))
	lost.hears(t)
	kept.hears(t, "1", "2")
	if lost.code != SignedOut {
		t.Errorf("ended with %d", lost.code)
	}
	if got := h.Present("pwang"); !slices.Equal(got, []id.Device{"d2"}) {
		t.Errorf("present on %v", got)
	}
	h.Close(c)
}

func TestDeviceSignedOutWhileConnectingHearsNothing(t *testing.T) {
	h, lost := New(), &ear{}
	h.Open("pwang", "d1", lost, func() []Topic {
		h.Drop("d1")
		return []Topic{hexi}
	})
	if n := h.Publish(hexi, []byte("1")); n != 0 || h.Online(hexi) != 0 {
		t.Errorf("%d took it, %d online", n, h.Online(hexi))
	}
}

func TestOnlineCountsPeopleNotConnections(t *testing.T) {
	h := New()
	a := h.Open("pwang", "d1", &ear{}, in(hexi))
	b := h.Open("pwang", "d1", &ear{}, in(hexi))
	h.Open("pli", "d2", &ear{}, in(hexi))
	if n := h.Online(hexi); n != 2 {
		t.Errorf("%d online", n)
	}
	if got := h.Present("pwang"); len(got) != 1 {
		t.Errorf("present on %v", got)
	}
	n := h.Counts()
	if n.Connections != 3 || n.People != 2 || n.Topics != 1 || n.Waiting != 21 {
		t.Errorf("counts %+v", n)
	}
	h.Close(a)
	h.Close(b)
	h.Close(b)
	if n := h.Online(hexi); n != 1 || h.Present("pwang") != nil {
		t.Errorf("%d online", n)
	}
}

func TestNothingIsKeptOfThoseWhoLeft(t *testing.T) {
	h := New()
	for i := range 100 {
		c := h.Open(id.Person(fmt.Sprint("p", i)), id.Device(fmt.Sprint("d", i)), &ear{}, in(hexi, Room(id.Room(fmt.Sprint("r", i)))))
		defer func() {
			h.Close(c)
			if i == 0 && len(h.people)+len(h.devices)+len(h.topics)+h.open != 0 {
				t.Errorf("left over: %d people, %d devices, %d topics", len(h.people), len(h.devices), len(h.topics))
			}
		}()
	}
}

func TestByeReachesEveryConnection(t *testing.T) {
	h, a, b := New(), &ear{}, &ear{}
	h.Open("pwang", "d1", a, nil)
	h.Open("pli", "d2", b, nil)
	h.Bye(GoingAway, "stopping")
	if a.code != GoingAway || b.code != GoingAway {
		t.Errorf("ended with %d and %d", a.code, b.code)
	}
}

// Rooms publish side by side while people come and go; who stays hears every room in order, all of it.
func TestRoomsPublishSideBySideInOrder(t *testing.T) {
	const rooms, each = 8, 300
	h := New()
	var topics []Topic
	for r := range rooms {
		topics = append(topics, Room(id.Room(fmt.Sprint("r", r))))
	}
	stay := &ear{}
	h.Open("pstay", "dstay", stay, in(topics...))

	var all sync.WaitGroup
	for r, topic := range topics {
		all.Go(func() {
			for n := range each {
				h.Publish(topic, fmt.Appendf(nil, "%d:%d", r, n))
				h.Tell("pstay", fmt.Appendf(nil, "%d:ok %d", r, n))
			}
		})
		all.Go(func() {
			who, device := id.Person(fmt.Sprint("p", r)), id.Device(fmt.Sprint("d", r))
			for range each {
				c := h.Open(who, device, &ear{}, in(topics...))
				h.Leave(who, topic)
				h.Join("pstay", topic)
				h.Online(topic)
				h.Close(c)
			}
		})
	}
	all.Wait()

	next := map[string]int{}
	for _, got := range stay.heard {
		room, what, _ := bytes.Cut([]byte(got), []byte(":"))
		n := next[string(room)]
		want := fmt.Sprint(n / 2)
		if n%2 == 1 {
			want = "ok " + want
		}
		if string(what) != want {
			t.Fatalf("room %s: got %q, want %q", room, what, want)
		}
		next[string(room)]++
	}
	if len(stay.heard) != 2*rooms*each {
		t.Errorf("heard %d of %d", len(stay.heard), 2*rooms*each)
	}
}

func TestPublishAllocatesNothing(t *testing.T) {
	h := New()
	for i := range 50 {
		h.Open(id.Person(fmt.Sprint("p", i)), id.Device(fmt.Sprint("d", i)), deaf{new(int)}, in(hexi))
	}
	frame := Frame([]byte("楼下的菜到了吗?"))
	if n := testing.AllocsPerRun(100, func() { h.Publish(hexi, frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type deaf struct{ *int }

func (deaf) Push([]byte) bool { return true }
func (deaf) Bye(int, string)  {}
func (deaf) Waiting() int     { return 0 }

func TestFramesCarryTheirLength(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 300000} {
		payload := bytes.Repeat([]byte{'x'}, n)
		frame := Frame(payload)
		if frame[0] != 0x81 || !bytes.HasSuffix(frame, payload) {
			t.Errorf("%d: header % x", n, frame[:2])
		}
		in := Finish(append(make([]byte, HeaderRoom), payload...))
		if !bytes.Equal(frame, in) {
			t.Errorf("%d: in place % x, copied % x", n, in[:min(len(in), 10)], frame[:min(len(frame), 10)])
		}
	}
	if got := AppendHeader(nil, 70000); !bytes.Equal(got, []byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70}) {
		t.Errorf("% x", got)
	}
	if got := Closing(TooSlow, "too slow"); !bytes.Equal(got[:4], []byte{0x88, 10, 0x0f, 0xa2}) || !IsClosing(got) {
		t.Errorf("% x", got)
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, members := range []int{200, 500, 2000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			h := New()
			for i := range members {
				h.Open(id.Person(fmt.Sprint("p", i)), id.Device(fmt.Sprint("d", i)), deaf{new(int)}, in(hexi))
			}
			frame := Frame([]byte("楼下的菜到了吗?"))
			b.ReportAllocs()
			for b.Loop() {
				h.Publish(hexi, frame)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/delivery")
		})
	}
}
