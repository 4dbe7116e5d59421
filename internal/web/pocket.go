package web

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/pocket"
	"linli/internal/room"
	"linli/internal/search"
	"linli/internal/view"
)

type pocketBody struct {
	Choices pocket.Choices    `json:"choices"`
	Topics  map[string]bool   `json:"topics"` // what there is to choose from, and how it is when one does not
	Drafts  []pocket.Draft    `json:"drafts"`
	Stars   []pocket.Star     `json:"stars"` // the one marked last first
	Rooms   []pocket.Standing `json:"rooms"` // on top or marked unread
}

// PocketNews is what one of a person's devices changed in what they keep, told to all of them. It crosses the socket.
type PocketNews struct {
	Choices *pocket.Choices  `json:"choices,omitempty"`
	Draft   *pocket.Draft    `json:"draft,omitempty"`
	Room    *pocket.Standing `json:"room,omitempty"` // how one stands in the list
	Star    *pocket.Star     `json:"star,omitempty"`
	Unstar  *pocket.Star     `json:"unstar,omitempty"`
	Aside   *pocket.Star     `json:"aside,omitempty"` // put aside, or taken back: what waits is another list now
}

func (s *Server) tellPocket(p id.Person, n PocketNews) {
	b, _ := json.Marshal(map[string]any{"own": n})
	s.Hub.Tell(p, hub.Frame(b))
}

// pocket is all that somebody keeps for themselves.
func (s *Server) pocket(ctx context.Context, _ *none) (*body[pocketBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b := pocketBody{Topics: pocket.Topics}
	if b.Choices, err = s.Pockets.Choices(ctx, p); err != nil {
		return nil, err
	}
	if b.Drafts, err = s.Pockets.Drafts(ctx, p); err != nil {
		return nil, err
	}
	if b.Stars, err = s.Pockets.Stars(ctx, p); err != nil {
		return nil, err
	}
	if b.Rooms, err = s.Pockets.Standings(ctx, p); err != nil {
		return nil, err
	}
	b.Drafts, b.Stars, b.Rooms = orEmpty(b.Drafts), orEmpty(b.Stars), orEmpty(b.Rooms)
	return says(b), nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type choicesInput struct {
	Body pocket.Choices
}

func (s *Server) choose(ctx context.Context, in *choicesInput) (*body[pocket.Choices], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	c := in.Body
	if c.Muted == nil {
		c.Muted = map[id.Room][]string{}
	}
	if c.Topics == nil {
		c.Topics = map[string]bool{}
	}
	if err := s.Pockets.Choose(ctx, p, c); err != nil {
		return nil, err
	}
	s.tellPocket(p, PocketNews{Choices: &c})
	return says(c), nil
}

type draftInput struct {
	Room id.Room `path:"room"`
	Body struct {
		Text string `json:"text"` // empty: there is none any more
	}
}

func (s *Server) draft(ctx context.Context, in *draftInput) (*body[pocket.Draft], error) {
	c, err := s.mayHear(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	d := pocket.Draft{Room: in.Room, Text: in.Body.Text, At: s.Now().UnixMilli()}
	if err := s.Pockets.Draft(ctx, c.Person, d); err != nil {
		return nil, err
	}
	s.tellPocket(c.Person, PocketNews{Draft: &d})
	return says(d), nil
}

type standingInput struct {
	Room id.Room `path:"room"`
	Body struct {
		Pinned bool `json:"pinned,omitempty"`
		Unread bool `json:"unread,omitempty"`
	}
}

// stand puts a room on top of one's own list, or marks it unread, or no longer.
func (s *Server) stand(ctx context.Context, in *standingInput) (*body[pocket.Standing], error) {
	c, err := s.mayHear(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	m, err := s.Pockets.Stand(ctx, c.Person, in.Room, in.Body.Pinned, in.Body.Unread, s.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	s.tellPocket(c.Person, PocketNews{Room: &m})
	return says(m), nil
}

// mayRead tells whether a person may read an item of a room now.
func (s *Server) mayRead(ctx context.Context, r id.Room, seq entry.Seq) (id.Person, error) {
	c, err := s.mayHear(ctx, r)
	if err != nil {
		return "", err
	}
	_, err = s.readable(ctx, r, seq, c.Person)
	return c.Person, err
}

// readable is an item as sent, for somebody who is in its room; fault.NotFound when it is from before they may read.
func (s *Server) readable(ctx context.Context, r id.Room, seq entry.Seq, p id.Person) ([]byte, error) {
	if err := s.Engine.Seen(ctx, r); err != nil {
		return nil, err
	}
	return s.View.Sent(r, view.Who{Since: s.Engine.Horizon(r, p)}, seq)
}

func (s *Server) star(ctx context.Context, in *itemInput) (*done, error) {
	p, err := s.mayRead(ctx, in.Room, in.Seq)
	if err != nil {
		return nil, err
	}
	mark := pocket.Star{Room: in.Room, Seq: in.Seq, At: s.Now().UnixMilli()}
	if err := s.Pockets.Star(ctx, p, mark, true); err != nil {
		return nil, err
	}
	s.tellPocket(p, PocketNews{Star: &mark})
	return ok(), nil
}

func (s *Server) unstar(ctx context.Context, in *itemInput) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	mark := pocket.Star{Room: in.Room, Seq: in.Seq}
	if err := s.Pockets.Star(ctx, p, mark, false); err != nil {
		return nil, err
	}
	s.tellPocket(p, PocketNews{Unstar: &mark})
	return ok(), nil
}

// starsInput is a POST because what people seek must not stand in URLs.
type starsInput struct {
	Body struct {
		Text string `json:"text,omitempty"` // only those that are found by it, as in a search
		From int    `json:"from,omitempty"` // how many of the newest to leave out
	}
}

type starRow struct {
	pocket.Star
	RoomName string          `json:"roomName"`
	Name     string          `json:"name"` // of the author, as the room knows them
	Item     json.RawMessage `json:"item"`
	Gone     bool            `json:"gone,omitempty"` // one may not read it any more, or it is not there
}

type starsBody struct {
	Stars []starRow `json:"stars"`
	More  bool      `json:"more"`
}

// stars are the messages that somebody wants to find again. Of what they may not read any more they see only that it was there.
func (s *Server) stars(ctx context.Context, in *starsInput) (*body[starsBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(in.Body.Text) > maxQuery {
		return nil, fault.New(fault.TooLarge, "shorter, please").And("field", "text").And("limit", maxQuery)
	}
	list, err := s.Pockets.Stars(ctx, p)
	if err != nil {
		return nil, err
	}
	b := starsBody{Stars: []starRow{}}
	seen := 0
	for _, mark := range list {
		row, err := s.starRow(ctx, p, mark)
		if err != nil {
			return nil, err
		}
		if in.Body.Text != "" && (row.Gone || !search.Has(row.Item, row.Name, in.Body.Text)) {
			continue
		}
		if seen++; seen <= in.Body.From {
			continue
		}
		if len(b.Stars) == perPage {
			b.More = true
			break
		}
		b.Stars = append(b.Stars, row)
	}
	return says(b), nil
}

func (s *Server) starRow(ctx context.Context, p id.Person, mark pocket.Star) (row starRow, err error) {
	row.Star, row.Item = mark, json.RawMessage("null")
	in := false
	_ = s.Engine.ReadRoom(mark.Room, func(x *room.State) { in, row.RoomName = x.Has(p), x.Name() })
	if !in {
		row.Gone = true
		return row, nil
	}
	item, err := s.readable(ctx, mark.Room, mark.Seq, p)
	if fault.Is(err, fault.NotFound) {
		row.Gone = true
		return row, nil
	}
	if err != nil {
		return row, err
	}
	row.Item, row.Name = item, s.authorOf(mark.Room, item)
	return row, nil
}

// authorOf is how a room knows who posted an item.
func (s *Server) authorOf(r id.Room, item []byte) string {
	var by struct{ By id.Person }
	_ = json.Unmarshal(item, &by)
	n, _ := s.View.NameOf(r, by.By)
	return n.Name
}
