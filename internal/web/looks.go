package web

import (
	"context"

	"linli/internal/id"
	"linli/internal/office"
)

type lookRow struct {
	By     id.Person `json:"by"`
	ByName string    `json:"byName"`
	As     string    `json:"as,omitempty"`    // the office role by which they looked
	Badge  string    `json:"badge,omitempty"` // what they are in the room
	At     int64     `json:"at"`
	Reason string    `json:"reason"`
	Room   id.Room   `json:"room,omitempty"`
	Name   string    `json:"roomName,omitempty"`
}

type looksBody struct {
	Looks []lookRow `json:"looks"`
}

// looks is who else looked at one's own data, the newest first.
func (s *Server) looks(ctx context.Context, _ *none) (*body[looksBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b := looksBody{Looks: []lookRow{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, l := range o.Looks(p, 50) {
			if l.By != p {
				b.Looks = append(b.Looks, lookRow{By: l.By, As: l.As, At: l.At, Reason: l.Reason, Room: l.Room})
			}
		}
	})
	rooms := s.Engine.RoomsOf(p)
	for i := range b.Looks {
		l := &b.Looks[i]
		for _, r := range rooms { // as the room knows them that both are in
			if _, ok := s.View.NameOf(r.ID, l.By); ok && l.Room == "" {
				l.Room = r.ID
			}
		}
		s.Engine.ReadOffice(func(o *office.State) {
			if r, ok := o.Room(l.Room); ok {
				l.Name = r.Name
			}
		})
		if n, ok := s.View.NameOf(l.Room, l.By); ok {
			l.Badge = n.Badge
		}
		l.ByName = s.calls(ctx, l.Room, l.By)
	}
	return says(b), nil
}
