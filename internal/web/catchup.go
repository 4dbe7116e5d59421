package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/wire"
)

// mostCaught is how many rows each part of a catch-up has: it is to be read in three minutes.
const mostCaught = 30

// catchRow is something that happened while somebody was away.
type catchRow struct {
	Room     id.Room         `json:"room"`
	RoomName string          `json:"roomName"`
	Seq      entry.Seq       `json:"seq"`
	Why      string          `json:"why"`  // confirm, call, all, mine, help, notice, request
	Name     string          `json:"name"` // of the author, as the room knows them
	Item     json.RawMessage `json:"item"`
}

// restRow is a room with what is unread in it, as numbers.
type restRow struct {
	Room     id.Room           `json:"room"`
	RoomName string            `json:"roomName"`
	First    entry.Seq         `json:"first"` // the first unread item
	Unread   map[string]uint64 `json:"unread"`
	Home     bool              `json:"home,omitempty"` // it is where one lives or has a shop
}

type catchupBody struct {
	Confirm []catchRow    `json:"confirm"` // notices that one's household has not confirmed
	Mine    []catchRow    `json:"mine"`    // what concerns one: calls, own cards that changed, requests one helps with
	Home    []catchRow    `json:"home"`    // notices and requests of where one lives
	Rest    []restRow     `json:"rest"`
	Read    []wire.ReadTo `json:"read"` // what to say on the socket when all of it was seen
}

// catchup is what somebody missed, by fixed rules: what they have to confirm, what concerns them, what is new where they live, and
// the rest as numbers. It stands between their read marks and now.
func (s *Server) catchup(ctx context.Context, _ *none) (*body[catchupBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b := catchupBody{Confirm: []catchRow{}, Mine: []catchRow{}, Home: []catchRow{}, Rest: []restRow{}, Read: []wire.ReadTo{}}
	seen := map[wire.ReadTo]bool{}
	rows, err := s.waiting(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if g := glimpse(row.Item); row.Act == "confirm" && g.Kind == "notice" && g.By != p {
			seen[wire.ReadTo{Room: row.Room, Seq: row.Seq}] = true
			b.Confirm = append(b.Confirm, catchRow{Room: row.Room, RoomName: row.RoomName, Seq: row.Seq, Why: "confirm", Item: row.Item})
		}
	}
	for _, r := range s.open(p) {
		c := catching{s: s, p: p, room: r.ID, body: &b, seen: seen}
		if err := c.look(ctx); err != nil {
			return nil, err
		}
	}
	for _, part := range []*[]catchRow{&b.Confirm, &b.Mine, &b.Home} {
		s.shorten(part)
	}
	return says(b), nil
}

// shorten keeps the newest of a part, and names their authors.
func (s *Server) shorten(part *[]catchRow) {
	slices.SortStableFunc(*part, func(x, y catchRow) int {
		return cmp.Or(cmp.Compare(glimpse(y.Item).At, glimpse(x.Item).At), cmp.Compare(y.Seq, x.Seq))
	})
	*part = (*part)[:min(len(*part), mostCaught)]
	for i := range *part {
		(*part)[i].Name = s.authorOf((*part)[i].Room, (*part)[i].Item)
	}
}

// glance is what a catch-up looks at of an item as sent.
type glance struct {
	Kind  string
	By    id.Person
	At    int64
	State struct {
		wire.Flags
		Withdrawn, Expired int64
		Status             string
		Helper             id.Person
		Steps              [][]json.RawMessage // verb, person, time
	}
}

func glimpse(sent []byte) (g glance) {
	_ = json.Unmarshal(sent, &g)
	return g
}

// over tells whether nothing more is to be done about it.
func (g *glance) over() bool {
	x := &g.State
	return x.Retracted || x.Withdrawn != 0 || x.Expired != 0 || slices.Contains([]string{"closed", "rated", "cancelled", "resolved", "false"}, x.Status)
}

// doneBy tells whether this person did the last thing to it, as far as the item says.
func (g *glance) doneBy(p id.Person) bool {
	if len(g.State.Steps) == 0 {
		return false
	}
	last, who := g.State.Steps[len(g.State.Steps)-1], id.Person("")
	return len(last) > 1 && json.Unmarshal(last[1], &who) == nil && who == p
}

// catching looks through one room for somebody who was away.
type catching struct {
	s     *Server
	p     id.Person
	room  id.Room
	body  *catchupBody
	seen  map[wire.ReadTo]bool
	name  string
	home  bool
	doors []id.Premises
	heads map[string]uint64
}

func (c *catching) look(ctx context.Context) error {
	if err := c.s.Engine.Seen(ctx, c.room); err != nil {
		return err
	}
	head, in := entry.Seq(0), false
	err := c.s.Engine.ReadRoom(c.room, func(x *room.State) {
		m := x.Member(c.p)
		if in = m != nil; !in {
			return
		}
		c.home, c.doors = len(m.Premises) > 0, m.Premises
		head, c.name, c.heads = x.Seq(), x.Name(), map[string]uint64{}
		for _, l := range lanes {
			c.heads[string(l)] = x.Lane(l)
		}
	})
	if err != nil || !in {
		return err
	}
	mark, err := c.s.readTo(c.p, c.room, head, c.heads)
	if err != nil || head <= mark.Seq {
		return err
	}
	if err := c.concerns(mark.Seq); err != nil {
		return err
	}
	if c.home {
		for _, l := range []kind.Lane{kind.Notices, kind.Needs} {
			if err := c.newIn(l, mark.Seq); err != nil {
				return err
			}
		}
	}
	c.body.Read = append(c.body.Read, wire.ReadTo{Room: c.room, Seq: head})
	row := restRow{Room: c.room, RoomName: c.name, Unread: map[string]uint64{}, Home: c.home}
	for l, n := range c.heads {
		if read := mark.Lanes[l]; n > read {
			row.Unread[l] = n - read
		}
	}
	if len(row.Unread) == 0 {
		return nil
	}
	if row.First, err = c.s.View.Unread(c.room, c.p, mark.Seq); err != nil {
		return err
	}
	c.body.Rest = append(c.body.Rest, row)
	return nil
}

// concerns finds calls, one's own cards that others did something to, and requests that one helps with.
func (c *catching) concerns(after entry.Seq) error {
	who := reads(c.s.Engine, c.room, c.p)
	err := c.s.View.EachCall(c.room, who, c.p, after, mostCaught, func(seq entry.Seq, sent, kept []byte) error {
		item, err := wire.ReadItem(sent, kept)
		if err != nil || item.Retracted || item.By == c.p {
			return err
		}
		why := "all"
		if called, ok := item.Card.(kind.Calling); ok {
			if to, _ := called.Calls(); slices.Contains(to, c.p) {
				why = "call"
			}
		}
		c.add(&c.body.Mine, seq, why, sent)
		return nil
	})
	if err != nil {
		return err
	}
	err = c.s.View.EachChanged(c.room, who, c.p, after, func(seq entry.Seq, sent, kept []byte) error {
		item, err := wire.ReadItem(sent, kept)
		if err != nil || item.Retracted {
			return err
		}
		k, g := kind.Of(item.Kind), glimpse(sent)
		card := k != nil && len(k.Acts) > 1 // something can be done with it
		mine := item.By == c.p || slices.Contains(c.doors, item.For)
		if card && mine && !g.doneBy(c.p) {
			c.add(&c.body.Mine, seq, "mine", sent)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.s.View.EachLive(c.room, who, func(seq entry.Seq, sent, _ []byte) error {
		if g := glimpse(sent); g.Kind == "request" && g.State.Helper == c.p {
			c.add(&c.body.Mine, seq, "help", sent)
		}
		return nil
	})
}

// newIn finds the new items of a lane that are not over.
func (c *catching) newIn(l kind.Lane, after entry.Seq) error {
	return c.s.View.Newest(c.room, reads(c.s.Engine, c.room, c.p), string(l), after, mostCaught, func(seq entry.Seq, sent []byte) error {
		if g := glimpse(sent); g.By != c.p && !g.over() {
			c.add(&c.body.Home, seq, string(l), sent)
		}
		return nil
	})
}

func (c *catching) add(part *[]catchRow, seq entry.Seq, why string, sent []byte) {
	at := wire.ReadTo{Room: c.room, Seq: seq}
	if c.seen[at] {
		return
	}
	c.seen[at] = true
	*part = append(*part, catchRow{Room: c.room, RoomName: c.name, Seq: seq, Why: why, Item: bytes.Clone(sent)})
}
