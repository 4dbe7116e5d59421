package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/pocket"
	"linli/internal/room"
	"linli/internal/wire"
)

// mostTodo is how many rows a list of what waits has; the most urgent are in it, and the number says how many there are.
const mostTodo = 200

type todoRow struct {
	Room     id.Room         `json:"room"`
	RoomName string          `json:"roomName"`
	Seq      entry.Seq       `json:"seq"`
	Act      string          `json:"act"`  // what it waits for: confirm, vote, join, start, complete, reply, claim
	Name     string          `json:"name"` // of the author, as the room knows them
	Item     json.RawMessage `json:"item"`
}

type todoBody struct {
	Todo []todoRow `json:"todo"`
	All  int       `json:"all"` // how many wait, also those left out
}

// urgency is in what order things wait for somebody.
var urgency = []string{"claim", "confirm", "start", "complete", "reply", "vote", "join"}

// todo is what waits for somebody in all their rooms, the most urgent first, then the oldest.
func (s *Server) todo(ctx context.Context, _ *none) (*body[todoBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.waiting(ctx, p)
	if err != nil {
		return nil, err
	}
	b := todoBody{Todo: rows[:min(len(rows), mostTodo)], All: len(rows)}
	for i := range b.Todo {
		b.Todo[i].Name = s.authorOf(b.Todo[i].Room, b.Todo[i].Item)
	}
	return says(b), nil
}

// waiting is all that waits for a person and was not put aside, the most urgent first, without the authors' names.
func (s *Server) waiting(ctx context.Context, p id.Person) ([]todoRow, error) {
	aside, err := s.Pockets.Skips(ctx, p)
	if err != nil {
		return nil, err
	}
	skipped := map[pocket.Star]bool{}
	for _, mark := range aside {
		skipped[pocket.Star{Room: mark.Room, Seq: mark.Seq}] = true
	}
	rows := []todoRow{}
	answers := s.Engine.Answers(p)
	for _, r := range s.Engine.RoomsOf(p) {
		err := s.eachLive(ctx, r.ID, p, func(seq entry.Seq, sent []byte, x *room.State, item *room.Item) {
			if skipped[pocket.Star{Room: r.ID, Seq: seq}] {
				return
			}
			w, ok := item.Card.(kind.Waiting)
			if !ok {
				return
			}
			if act := w.Waits(x.Viewer(p, slices.Contains(answers, r.ID), item)); act != "" {
				rows = append(rows, todoRow{Room: r.ID, RoomName: x.Name(), Seq: seq, Act: act, Item: bytes.Clone(sent)})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(rows, func(x, y todoRow) int {
		return cmp.Compare(slices.Index(urgency, x.Act), slices.Index(urgency, y.Act))
	})
	return rows, nil
}

// eachLive calls f with the live items of a room that a person may read, beside the room as it is now. The items are made of what the
// views keep: to look at many of them must neither hold up the room's writer nor fill its hand.
func (s *Server) eachLive(ctx context.Context, r id.Room, p id.Person, f func(entry.Seq, []byte, *room.State, *room.Item)) error {
	if err := s.Engine.Seen(ctx, r); err != nil {
		return err
	}
	return s.View.EachLive(r, reads(s.Engine, r, p), func(seq entry.Seq, sent, kept []byte) error {
		item, err := wire.ReadItem(sent, kept)
		if err != nil || item.Card == nil {
			return err
		}
		err = s.Engine.ReadRoom(r, func(x *room.State) { f(seq, sent, x, item) })
		if fault.Is(err, fault.NotFound) {
			return nil // the room is gone
		}
		return err
	})
}

// skip puts something aside that waits for somebody; it may be done all the same.
func (s *Server) skip(ctx context.Context, in *itemInput) (*done, error) {
	p, err := s.mayRead(ctx, in.Room, in.Seq)
	if err != nil {
		return nil, err
	}
	mark := pocket.Star{Room: in.Room, Seq: in.Seq, At: s.Now().UnixMilli()}
	if err := s.Pockets.Skip(ctx, p, mark); err != nil {
		return nil, err
	}
	s.tellPocket(p, PocketNews{Aside: &mark})
	return ok(), nil
}

// unskip takes back that something was put aside.
func (s *Server) unskip(ctx context.Context, in *itemInput) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	mark := pocket.Star{Room: in.Room, Seq: in.Seq}
	if err := s.Pockets.Unskip(ctx, p, mark); err != nil {
		return nil, err
	}
	s.tellPocket(p, PocketNews{Aside: &mark})
	return ok(), nil
}
