package web

import (
	"context"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/search"
)

const (
	maxQuery = 100 // characters
	perPage  = 30  // hits
)

// searchInput is a POST because what people seek must not stand in URLs.
type searchInput struct {
	Body struct {
		Text  string      `json:"text"`
		Room  id.Room     `json:"room,omitempty"` // only in this room
		By    id.Person   `json:"by,omitempty"`
		From  int64       `json:"from,omitempty"`  // ms
		To    int64       `json:"to,omitempty"`    // ms, not in it
		Lane  string      `json:"lane,omitempty"`  // chat, notice, request
		After *search.Hit `json:"after,omitempty"` // the last hit of the page before
	}
}

type foundRow struct {
	search.Hit
	RoomName string          `json:"roomName"`
	Name     string          `json:"name"` // of the author, as the room knows them
	Item     json.RawMessage `json:"item"`
}

type foundBody struct {
	Hits   []foundRow     `json:"hits"`
	Counts map[string]int `json:"counts"` // by lane; "" is all
	More   bool           `json:"more"`
}

// search finds what was said in the rooms that one is in, as far back as one may read.
func (s *Server) search(ctx context.Context, in *searchInput) (*body[foundBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	q := &in.Body
	switch {
	case utf8.RuneCountInString(q.Text) > maxQuery:
		return nil, fault.New(fault.TooLarge, "shorter, please").And("field", "text").And("limit", maxQuery)
	case q.Lane != "" && !slices.Contains(lanes, kind.Lane(q.Lane)):
		return nil, fault.New(fault.Invalid, "there is no such lane").And("field", "lane")
	}
	var rooms []search.Room
	titles := map[id.Room]string{}
	for _, r := range s.Engine.RoomsOf(p) {
		if q.Room != "" && q.Room != r.ID {
			continue
		}
		rooms = append(rooms, search.Room{ID: r.ID, Since: s.Engine.Horizon(r.ID, p), NameOf: func(who id.Person) string {
			n, _ := s.View.NameOf(r.ID, who)
			return n.Name
		}})
		_ = s.Engine.ReadRoom(r.ID, func(x *room.State) { titles[r.ID] = x.Name() })
	}
	if q.Room != "" && len(rooms) == 0 {
		return nil, fault.New(fault.NotMember, "not a member of this room")
	}
	wanted := search.Query{Text: q.Text, By: q.By, From: q.From, To: q.To, Lane: q.Lane, Limit: perPage}
	if q.After != nil {
		wanted.After = *q.After
	}
	found, err := s.Search.Find(ctx, rooms, wanted, func(r id.Room) error { return s.Engine.Seen(ctx, r) })
	if err != nil {
		return nil, err
	}
	b := foundBody{Hits: []foundRow{}, Counts: found.Counts, More: found.More}
	for _, h := range found.Hits {
		if err := s.Engine.Seen(ctx, h.Room); err != nil { // the text may be ahead of the views
			return nil, err
		}
		item, _, err := s.View.Item(h.Room, h.Seq)
		if err != nil {
			return nil, err
		}
		b.Hits = append(b.Hits, foundRow{Hit: h, RoomName: titles[h.Room], Name: s.authorOf(h.Room, item), Item: item})
	}
	return says(b), nil
}
