package web

import (
	"context"
	"encoding/json"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/view"
	"linli/internal/wire"
)

type alarmBody struct {
	RoomName string          `json:"roomName"`
	Item     json.RawMessage `json:"item"`
	Contact  bool            `json:"contact"` // whose call it is may be asked for
	People   []wire.Name     `json:"people"`  // who called, answered, opened
}

// alarm is a call for help as those above a room see it who were rung because nobody in it answers for it. They see it once they have opened
// it (the act emergency.open), so that the room knows; and nothing else of the room.
func (s *Server) alarm(ctx context.Context, in *itemInput) (*body[alarmBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	none := fault.New(fault.NotMember, "not a member of this room")
	if !s.answersAbove(c.Person, in.Room) {
		return nil, none
	}
	b, opened := alarmBody{People: []wire.Name{}}, false
	err = s.Engine.ReadItem(ctx, in.Room, in.Seq, func(x *room.State, item *room.Item) {
		card, ok := item.Card.(kind.Summoning)
		if opened = ok && card.Summons() && card.OpenedBy(c.Person) && !item.Retracted; opened {
			b.RoomName = x.Name()
			_, b.Contact = item.Card.(kind.Contact).MayContact(x.Viewer(c.Person, true, item)) // every card has the method
		}
	})
	if fault.Is(err, fault.NotFound) || err == nil && !opened {
		return nil, none // no word about what else there is
	}
	if err == nil {
		err = s.Engine.Seen(ctx, in.Room)
	}
	if err == nil {
		b.Item, err = s.View.Sent(in.Room, view.Who{}, in.Seq)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range namedOn(b.Item) {
		if n, ok := s.View.NameOf(in.Room, p); ok {
			b.People = append(b.People, n)
		}
	}
	return says(b), nil
}

// namedOn are the people whom a call for help names.
func namedOn(item json.RawMessage) (list []id.Person) {
	var named struct {
		By    id.Person
		State struct {
			Responders, Opened [][]json.RawMessage
			Resolver           id.Person
		}
	}
	if json.Unmarshal(item, &named) != nil {
		return nil
	}
	list = append(list, named.By)
	for _, row := range append(named.State.Responders, named.State.Opened...) {
		var p id.Person
		if len(row) > 0 && json.Unmarshal(row[0], &p) == nil {
			list = append(list, p)
		}
	}
	if named.State.Resolver != "" {
		list = append(list, named.State.Resolver)
	}
	return list
}

// answersAbove tells whether a person's office role reaches a room.
func (s *Server) answersAbove(p id.Person, r id.Room) (may bool) {
	s.Engine.ReadOffice(func(o *office.State) { may = o.MayAdmit(p, r) })
	return may
}
