package engine

import (
	"slices"
	"strings"

	"linli/internal/entry"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// RoomsOf lists the rooms that a person is in, with the heads of their logs.
func (e *Engine) RoomsOf(p id.Person) (rooms []wire.RoomHead) {
	e.eachRoom(func(s *room.State, _ bool) { // one that is closed is shown as that
		if s.Has(p) {
			rooms = append(rooms, wire.RoomHead{ID: s.ID(), Seq: s.Seq()})
		}
	})
	slices.SortFunc(rooms, func(a, b wire.RoomHead) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return rooms
}

// Answers lists the rooms that a person answers for: whose queue they hear.
func (e *Engine) Answers(p id.Person) (rooms []id.Room) {
	e.ReadOffice(func(s *office.State) {
		if len(s.GrantsOf(p)) == 0 {
			return
		}
		for _, r := range s.Rooms() {
			if s.MayAdmit(p, r.ID) {
				rooms = append(rooms, r.ID)
			}
		}
	})
	return rooms
}

// Topics is all that a person hears.
func (e *Engine) Topics(p id.Person, rooms []wire.RoomHead) []hub.Topic {
	topics := make([]hub.Topic, 0, len(rooms)+4)
	for _, r := range rooms {
		topics = append(topics, hub.Room(r.ID))
	}
	for _, r := range e.Answers(p) {
		topics = append(topics, hub.Queue(r))
	}
	return topics
}

// Greatest is the greatest command number taken from a device, in the rooms of its person and in the office.
func (e *Engine) Greatest(device id.Device, rooms []wire.RoomHead) (n uint64) {
	for _, r := range rooms {
		_ = e.ReadRoom(r.ID, func(s *room.State) { n = max(n, s.Greatest(device)) })
	}
	e.ReadOffice(func(s *office.State) { n = max(n, s.Greatest(device)) })
	return n
}

// Joined is when a person came into a room, ms; 0 when they are not in it.
func (e *Engine) Joined(r id.Room, p id.Person) (at int64) {
	_ = e.ReadRoom(r, func(s *room.State) {
		if m := s.Member(p); m != nil {
			at = m.Joined
		}
	})
	return at
}

// Horizon is from when on (ms) a person may read what was posted in a room, by its policy; 0 for all of it.
// Who answers for the room reads all.
func (e *Engine) Horizon(r id.Room, p id.Person) (since int64) {
	e.ReadOffice(func(s *office.State) { since = s.Unseen(p, r) })
	if since != 0 {
		since = min(since, e.Joined(r, p))
	}
	return since
}

// Mine is what a person sees of a room's items for themselves, made of what the views keep of an item.
func (e *Engine) Mine(r id.Room, p id.Person) func(sent, kept []byte) ([]byte, error) {
	return func(sent, kept []byte) (mine []byte, err error) {
		item, err := wire.ReadItem(sent, kept)
		if err != nil || item.Card == nil {
			return nil, err
		}
		err = e.ReadRoom(r, func(s *room.State) { mine = wire.MineOf(s, item, p) })
		return mine, err
	}
}

// Head is the last seq of a room's log as its members may know it.
func (e *Engine) Head(r id.Room) (seq entry.Seq) {
	_ = e.ReadRoom(r, func(s *room.State) { seq = s.Seq() })
	return seq
}
