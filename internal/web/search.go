package web

import (
	"cmp"
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
		Text  string      `json:"text,omitempty"` // nothing: all that the rest lets through
		Room  id.Room     `json:"room,omitempty"` // only in this room
		By    id.Person   `json:"by,omitempty"`
		From  int64       `json:"from,omitempty"`  // ms
		To    int64       `json:"to,omitempty"`    // ms, not in it
		Lane  string      `json:"lane,omitempty"`  // chat, notice, request
		Kind  string      `json:"kind,omitempty"`  // text, picture, notice, …
		Files bool        `json:"files,omitempty"` // only what brought files
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
	// When nothing is found: how much there would be without one of the conditions room, by, day, kind, files.
	Without map[string]int `json:"without,omitempty"`
	More    bool           `json:"more"`
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
	case q.Kind != "" && kind.Of(q.Kind) == nil:
		return nil, fault.New(fault.Invalid, "there is no such kind").And("field", "kind")
	}
	wanted := search.Query{
		Text: q.Text, By: q.By, From: q.From, To: q.To, Lane: q.Lane, Kind: q.Kind, Files: q.Files, Limit: perPage,
	}
	if q.After != nil {
		wanted.After = *q.After
	}
	// Somebody may be let out of a room, or their horizon moved, while it is read: what was found then is not answered.
	for range 3 {
		rooms, all := s.searchable(p, q.Room)
		if q.Room != "" && len(rooms) == 0 {
			if err := s.Engine.ReadRoom(q.Room, func(*room.State) {}); fault.Is(err, fault.Damaged) && s.isTold(p, q.Room) {
				return nil, err
			}
			return nil, fault.New(fault.NotMember, "not a member of this room")
		}
		b, err := s.find(ctx, rooms, wanted)
		if err == nil && q.Room != "" && b.Counts[""] == 0 {
			err = s.elsewhere(ctx, b, all, wanted)
		}
		if err != nil {
			return nil, err
		}
		if _, now := s.searchable(p, q.Room); slices.EqualFunc(all, now, sameReach) {
			return says(*b), nil
		}
	}
	return nil, fault.New(fault.Busy, "one's rooms are changing; ask again")
}

// searchable are the rooms somebody may search now: the one they want to, and all there are.
func (s *Server) searchable(p id.Person, only id.Room) (rooms, all []search.Room) {
	for _, r := range s.open(p) {
		one := search.Room{ID: r.ID, Since: s.Engine.Horizon(r.ID, p), NameOf: func(who id.Person) string {
			n, _ := s.View.NameOf(r.ID, who)
			return n.Name
		}}
		all = append(all, one)
		if only == "" || only == r.ID {
			rooms = append(rooms, one)
		}
	}
	slices.SortFunc(all, func(a, b search.Room) int { return cmp.Compare(a.ID, b.ID) })
	return rooms, all
}

func sameReach(a, b search.Room) bool { return a.ID == b.ID && a.Since == b.Since }

// find is a page of hits with what is shown of them.
func (s *Server) find(ctx context.Context, rooms []search.Room, q search.Query) (*foundBody, error) {
	seen := func(r id.Room) error { return s.Engine.Seen(ctx, r) }
	found, err := s.Search.Find(ctx, rooms, q, seen)
	if err != nil {
		return nil, err
	}
	b := &foundBody{Hits: []foundRow{}, Counts: found.Counts, More: found.More}
	if found.Counts[""] == 0 {
		b.Without = found.Without
	}
	for _, h := range found.Hits {
		if err := seen(h.Room); err != nil { // the text may be ahead of the views
			return nil, err
		}
		item, _, err := s.View.Item(h.Room, h.Seq)
		if err != nil {
			return nil, err
		}
		row := foundRow{Hit: h, Name: s.authorOf(h.Room, item), Item: item}
		if err := s.Engine.ReadRoom(h.Room, func(x *room.State) { row.RoomName = x.Name() }); err != nil {
			return nil, err
		}
		b.Hits = append(b.Hits, row)
	}
	return b, nil
}

// elsewhere says how much there is in the other rooms when there is nothing in this one.
func (s *Server) elsewhere(ctx context.Context, b *foundBody, all []search.Room, q search.Query) error {
	q.Limit, q.After = 0, search.Hit{}
	found, err := s.Search.Find(ctx, all, q, func(r id.Room) error { return s.Engine.Seen(ctx, r) })
	if n := found.Counts[""]; n > 0 {
		if b.Without == nil {
			b.Without = map[string]int{}
		}
		b.Without["room"] = n
	}
	return err
}
