// Package hub knows who is connected to what, and hands each delivery to all who hear it.
//
// People hear topics; connections are where they hear them. The followers of the logs decide who hears what, so Join and
// Leave are said of a person and hold for all of their connections, present and future ones of this process. Nothing here
// is kept: a connection brings its person's topics along when it opens.
//
// Nothing blocks. A connection takes a frame into its own queue, counted in bytes, or refuses it because it is on its way
// out; who reads too slowly is let go by that queue and resumes. Frames are complete WebSocket frames (see Frame), shared
// by all who get them: they are never written to again.
//
// Order: what one goroutine publishes and tells reaches each connection in that order. The one follower of a room is that
// goroutine for the room; different rooms publish at the same time.
//
// Locks, in this order: Hub.mu (people, devices), Hub.names (topics), audience.mu (the connections of one topic). Publish
// takes the last two only, one after the other, so that people coming and going elsewhere do not hold it up.
package hub

import (
	"slices"
	"sync"
	"sync/atomic"

	"linli/internal/id"
)

// Conn is one connection, as the hub sees it. It is comparable, and calls nothing of the hub from within these methods.
type Conn interface {
	// Push queues a whole frame behind what waits and returns at once; false if the connection is on its way out.
	Push(frame []byte) bool
	// Bye queues a closing frame; nothing is taken behind it. It returns at once.
	Bye(code int, reason string)
	// Waiting is how many bytes are queued.
	Waiting() int
}

// Hub is made by New and used by any number of goroutines.
type Hub struct {
	mu      sync.RWMutex
	people  map[id.Person]*person
	devices map[id.Device][]*Connection
	open    int

	names  sync.RWMutex
	topics map[Topic]*audience

	published, pushed, refused atomic.Uint64
}

// person is somebody with at least one connection.
type person struct {
	connections []*Connection
	hears       []*audience
	opening     int            // connections that are asking what this person hears
	left        map[Topic]bool // what was left while they asked: their answer may be older than that
}

// Connection is a Conn that is open in the hub.
type Connection struct {
	Person id.Person
	Device id.Device
	conn   Conn
	hears  bool // it is among the audiences of what its person hears; guarded by Hub.mu, like closed
	closed bool
}

// New makes an empty hub.
func New() *Hub {
	return &Hub{
		people:  map[id.Person]*person{},
		devices: map[id.Device][]*Connection{},
		topics:  map[Topic]*audience{},
	}
}

// Open adds a connection of a person's device. topics says what the person hears. It is called once, without locks, when
// the connection already takes part in Join, Leave and Drop: a room that is left while topics looks it up stays left, and
// whoever asks inside it whether the device is still signed in cannot miss its end. Nothing of any topic is heard before
// topics returned, so what it pushes itself comes first. Whoever opens closes.
func (h *Hub) Open(who id.Person, device id.Device, conn Conn, topics func() []Topic) *Connection {
	c := &Connection{Person: who, Device: device, conn: conn}
	p := h.enter(c)
	var list []Topic
	if topics != nil {
		list = topics()
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.closed {
		for _, t := range list {
			if !p.left[t] {
				h.join(p, t)
			}
		}
		c.hears = true
		for _, a := range p.hears {
			a.add(conn)
		}
	}
	if p.opening--; p.opening == 0 {
		p.left = nil
	}
	return c
}

func (h *Hub) enter(c *Connection) *person {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.people[c.Person]
	if p == nil {
		p = &person{}
		h.people[c.Person] = p
	}
	p.opening++
	p.connections = append(p.connections, c)
	h.devices[c.Device] = append(h.devices[c.Device], c)
	h.open++
	return p
}

// Close takes a connection out. It may be called more than once.
func (h *Hub) Close(c *Connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.close(c)
}

func (h *Hub) close(c *Connection) {
	if c.closed {
		return
	}
	c.closed = true
	h.open--
	h.devices[c.Device] = without(h.devices[c.Device], c)
	if len(h.devices[c.Device]) == 0 {
		delete(h.devices, c.Device)
	}
	p := h.people[c.Person]
	for _, a := range p.hears {
		a.remove(c.conn)
	}
	p.connections = without(p.connections, c)
	if len(p.connections) > 0 {
		return
	}
	for len(p.hears) > 0 {
		h.leave(p, p.hears[0].topic)
	}
	delete(h.people, c.Person)
}

// Join lets a person hear a topic from now on. Somebody without a connection brings it along when one opens.
func (h *Hub) Join(who id.Person, t Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.people[who]; p != nil {
		delete(p.left, t)
		h.join(p, t)
	}
}

func (h *Hub) join(p *person, t Topic) {
	if slices.ContainsFunc(p.hears, func(a *audience) bool { return a.topic == t }) {
		return
	}
	a := h.audience(t)
	if a == nil {
		a = &audience{topic: t}
		h.names.Lock()
		h.topics[t] = a
		h.names.Unlock()
	}
	a.people++
	p.hears = append(p.hears, a)
	for _, c := range p.connections {
		if c.hears {
			a.add(c.conn)
		}
	}
}

// Leave ends that: nothing published after it returns reaches any connection of this person. Say it after the state that
// Open's topics are read from has changed.
func (h *Hub) Leave(who id.Person, t Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.people[who]
	if p == nil {
		return
	}
	if p.opening > 0 {
		if p.left == nil {
			p.left = map[Topic]bool{}
		}
		p.left[t] = true
	}
	h.leave(p, t)
}

func (h *Hub) leave(p *person, t Topic) {
	at := slices.IndexFunc(p.hears, func(a *audience) bool { return a.topic == t })
	if at < 0 {
		return
	}
	a := p.hears[at]
	p.hears = slices.Delete(p.hears, at, at+1)
	for _, c := range p.connections {
		a.remove(c.conn)
	}
	if a.people--; a.people == 0 {
		h.names.Lock()
		delete(h.topics, t)
		h.names.Unlock()
	}
}

// Publish hands a frame to everybody who hears the topic, and returns how many connections took it.
func (h *Hub) Publish(t Topic, frame []byte) int {
	a := h.audience(t)
	if a == nil {
		return 0
	}
	pushed, refused := a.publish(frame)
	h.published.Add(1)
	h.pushed.Add(uint64(pushed))
	if refused > 0 {
		h.refused.Add(uint64(refused))
	}
	return pushed
}

// Tell hands a frame to every connection of one person, and returns how many took it.
func (h *Hub) Tell(who id.Person, frame []byte) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.people[who]
	if p == nil {
		return 0
	}
	pushed := 0
	for _, c := range p.connections {
		if c.conn.Push(frame) {
			pushed++
		}
	}
	h.pushed.Add(uint64(pushed))
	return pushed
}

// Drop ends all connections of a device that was signed out: they hear nothing any more.
func (h *Hub) Drop(device id.Device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range slices.Clone(h.devices[device]) {
		c.conn.Bye(SignedOut, "signed out")
		h.close(c)
	}
}

// Bye tells every connection that it ends, as when the server stops. They close by themselves.
func (h *Hub) Bye(code int, reason string) {
	for _, c := range h.All() {
		c.Bye(code, reason)
	}
}

// Online is how many people hear a topic right now.
func (h *Hub) Online(t Topic) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if a := h.audience(t); a != nil {
		return a.people
	}
	return 0
}

// Present lists the devices on which a person is connected, each once; none when they are away.
func (h *Hub) Present(who id.Person) []id.Device {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.people[who]
	if p == nil {
		return nil
	}
	var devices []id.Device
	for _, c := range p.connections {
		if !slices.Contains(devices, c.Device) {
			devices = append(devices, c.Device)
		}
	}
	return devices
}

// All is every connection as of now.
func (h *Hub) All() []Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]Conn, 0, h.open)
	for _, p := range h.people {
		for _, c := range p.connections {
			all = append(all, c.conn)
		}
	}
	return all
}

// Counts are for metrics.
type Counts struct {
	Connections, People, Topics int
	Waiting                     int    // bytes queued in all connections
	Published                   uint64 // frames that somebody heard
	Pushed                      uint64 // frames taken by connections
	Refused                     uint64 // frames that came too late for a connection on its way out
}

// Counts walks all connections; once in a few seconds is often enough.
func (h *Hub) Counts() Counts {
	n := Counts{Published: h.published.Load(), Pushed: h.pushed.Load(), Refused: h.refused.Load()}
	for _, c := range h.All() {
		n.Waiting += c.Waiting()
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	h.names.RLock()
	defer h.names.RUnlock()
	n.Connections, n.People, n.Topics = h.open, len(h.people), len(h.topics)
	return n
}

func (h *Hub) audience(t Topic) *audience {
	h.names.RLock()
	defer h.names.RUnlock()
	return h.topics[t]
}

func without(list []*Connection, c *Connection) []*Connection {
	return slices.DeleteFunc(list, func(other *Connection) bool { return other == c })
}
