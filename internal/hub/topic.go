package hub

import (
	"slices"
	"sync"

	"linli/internal/id"
)

// Topic is what can be listened to: what happens in a room, who waits at its door, the numbers of the office.
type Topic string

// Office is for those who watch the office's own numbers.
const Office Topic = "office"

// Room is what the members of a room hear.
func Room(r id.Room) Topic { return Topic("room/" + string(r)) }

// Queue is what those hear who decide on applications to a room.
func Queue(r id.Room) Topic { return Topic("queue/" + string(r)) }

// Community is for those who answer for a community.
func Community(c id.Community) Topic { return Topic("community/" + string(c)) }

// audience is who hears a topic now.
type audience struct {
	topic  Topic
	people int // guarded by Hub.mu

	mu    sync.RWMutex
	conns []Conn // each connection of each person: a plain slice, because every delivery walks it
}

// publish pushes a frame to each, and returns how many took it and how many are on their way out.
func (a *audience) publish(frame []byte) (pushed, refused int) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, c := range a.conns {
		if c.Push(frame) {
			pushed++
		}
	}
	return pushed, len(a.conns) - pushed
}

func (a *audience) add(c Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns = append(a.conns, c)
}

func (a *audience) remove(c Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := slices.Index(a.conns, c)
	if at < 0 {
		return
	}
	last := len(a.conns) - 1
	a.conns[at], a.conns[last] = a.conns[last], nil
	a.conns = a.conns[:last]
}
