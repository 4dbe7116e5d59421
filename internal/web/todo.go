package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"linli/internal/entry"
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
	for _, r := range s.open(p) {
		if err := s.Engine.Seen(ctx, r.ID); err != nil {
			return nil, err
		}
		viewer, name := kind.Viewer{}, ""
		if err := s.Engine.ReadRoom(r.ID, func(x *room.State) {
			viewer, name = x.Viewer(p, slices.Contains(answers, r.ID), &room.Item{}), x.Name()
		}); err != nil {
			return nil, err
		}
		err := s.View.EachLive(r.ID, reads(s.Engine, r.ID, p), func(seq entry.Seq, sent, kept []byte) error {
			if skipped[pocket.Star{Room: r.ID, Seq: seq}] {
				return nil
			}
			act, err := s.waits.of(r.ID, seq, sent, kept, viewer)
			if act != "" {
				rows = append(rows, todoRow{Room: r.ID, RoomName: name, Seq: seq, Act: act, Item: bytes.Clone(sent)})
			}
			return err
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

// waits knows what live items wait for. It makes them of what the views keep: to look at many of them must neither hold up the
// room's writer nor fill its hand.
//
// A notice that 300 households confirmed takes long to read, and there may be hundreds of them. But ids are opaque to kinds: a card
// that does not name somebody waits for the same from them as from anybody else whom it does not name. That is remembered, until the
// item changes; who is named has the card read for them.
type waits struct {
	mu    sync.Mutex
	known map[wire.ReadTo]strangers
}

// strangers is what an item, as its last change left it, waits for from those whom it does not name.
type strangers struct {
	ch    entry.Seq
	known [8]bool // by groupOf
	acts  [8]string
}

// mostKnown is how many items are remembered, some 100 bytes each. Then it begins anew.
const mostKnown = 50_000

// groupOf tells apart what a kind may know of a stranger: also that they posted it, as owners did most of their notices.
func groupOf(v kind.Viewer, author bool) (n int) {
	if v.Owner {
		n++
	}
	if len(v.Homes) > 0 {
		n += 2
	}
	if author {
		n += 4
	}
	return n
}

// of is what an item waits for from a viewer, whose Post is not filled in; empty for nothing.
func (w *waits) of(r id.Room, seq entry.Seq, sent, kept []byte, v kind.Viewer) (act string, err error) {
	var as struct {
		Ch entry.Seq
		By id.Person
	}
	if err := json.Unmarshal(sent, &as); err != nil {
		return "", err
	}
	author := as.By == v.Person
	at, group, stranger := wire.ReadTo{Room: r, Seq: seq}, groupOf(v, author), !names(v, author, sent, kept)
	if stranger {
		w.mu.Lock()
		s := w.known[at]
		w.mu.Unlock()
		if s.ch == as.Ch && s.known[group] {
			return s.acts[group], nil
		}
	}
	item, err := wire.ReadItem(sent, kept)
	if err != nil {
		return "", err
	}
	if card, ok := item.Card.(kind.Waiting); ok && !item.Retracted {
		v.Post = kind.Post{Seq: item.Seq, By: item.By, For: item.For, At: item.At}
		act = card.Waits(v)
	}
	if stranger {
		w.remember(at, as.Ch, group, act)
	}
	return act, nil
}

func (w *waits) remember(at wire.ReadTo, ch entry.Seq, group int, act string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil || len(w.known) >= mostKnown {
		w.known = map[wire.ReadTo]strangers{}
	}
	s := w.known[at]
	if s.ch != ch {
		s = strangers{ch: ch}
	}
	s.known[group], s.acts[group] = true, act
	w.known[at] = s
}

// names tells whether somebody's id, or their premises', stands anywhere in an item, but for its author.
func names(v kind.Viewer, author bool, sent, kept []byte) bool {
	once := 0
	if author {
		once = 1
	}
	person := []byte(`"` + v.Person + `"`)
	return bytes.Count(sent, person) > once || bytes.Contains(kept, person) || slices.ContainsFunc(v.Homes, func(h id.Premises) bool {
		home := []byte(`"` + h + `"`)
		return bytes.Contains(sent, home) || bytes.Contains(kept, home)
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
