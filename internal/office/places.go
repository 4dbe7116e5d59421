package office

import (
	"cmp"
	"slices"
	"strings"

	"linli/internal/entry"
	"linli/internal/id"
)

// Community is the middle level.
type Community struct {
	ID   id.Community `json:"id"`
	Name string       `json:"name"`
	Code string       `json:"code,omitempty"`

	key string // for sorting
}

// Room is a conversation and the places it is for. Without a compound its name says them.
type Room struct {
	ID        id.Room      `json:"id"`
	Name      string       `json:"name"`
	Community id.Community `json:"community"`
	Compound  string       `json:"compound,omitempty"`
	Building  string       `json:"building,omitempty"`

	key string
}

// The kinds of premises.
const (
	Home = "home"
	Shop = "shop"
)

// Premises is a household or a shop, as the roster has it.
type Premises struct {
	ID        id.Premises  `json:"id"`
	Kind      string       `json:"kind"` // home, shop
	Community id.Community `json:"community"`
	Compound  string       `json:"compound,omitempty"`
	Building  string       `json:"building,omitempty"`
	Entrance  string       `json:"entrance,omitempty"`
	Door      string       `json:"door,omitempty"`
	Name      string       `json:"name,omitempty"` // of a shop
	Page      string       `json:"page,omitempty"` // of the register, where those who live there are found
	Room      id.Room      `json:"room,omitempty"` // its home room; none while nobody opened one
	Hand      bool         `json:"hand,omitempty"` // counted or typed by hand; not in the office's table yet

	key string // for walking order
}

// Label is what a room calls the premises: 3-2-501, or the shop's name.
func (p *Premises) Label() string {
	if p.Kind == Shop && p.Name != "" {
		return p.Name
	}
	var parts []string
	for _, part := range []string{p.Building, p.Entrance, p.Door} {
		if part != "" {
			parts = append(parts, bare(part))
		}
	}
	return strings.Join(parts, "-")
}

// same tells whether two records say the same.
func (p *Premises) same(q *Premises) bool {
	a, b := *p, *q
	a.key, b.key = "", ""
	return a == b
}

// Tally counts premises.
type Tally struct {
	Homes int `json:"homes"`
	Shops int `json:"shops"`
}

// placed is a premises as an entry puts it: with the room it was in before, when it moved, and with those who live there and
// come along into the new one.
type placed struct {
	Premises
	Was    id.Room    `json:"was,omitempty"`
	Behind []newcomer `json:"behind,omitempty"`
}

func (s *State) put(ev *event) {
	f, ok := read[placesFacts](ev.Entry)
	if !ok {
		return
	}
	for _, c := range f.Communities {
		s.putCommunity(ev, c)
	}
	for _, r := range f.Rooms {
		s.putRoom(ev, r)
	}
	s.putPremises(ev, f.Premises)
}

func (s *State) open(ev *event) {
	if f, ok := read[openFacts](ev.Entry); ok {
		s.putRoom(ev, f.Room)
		s.putPremises(ev, f.Premises)
	}
}

func (s *State) putCommunity(ev *event, c Community) {
	if c.ID == "" {
		return
	}
	c.key = natural(c.Name)
	s.core.Communities[c.ID] = &c
	ev.tell(Change{What: Place, Community: c.ID})
}

func (s *State) putRoom(ev *event, r Room) {
	if r.ID == "" {
		return
	}
	r.key = natural(r.Name)
	s.core.Rooms[r.ID] = &r
	ev.tell(Change{What: Place, Room: r.ID, Community: r.Community})
}

func (s *State) putPremises(ev *event, list []placed) {
	touched, fresh := map[id.Room]bool{}, map[id.Room]bool{}
	for i := range list {
		h := &list[i].Premises
		if h.ID == "" {
			continue
		}
		if !touched[h.Room] {
			fresh[h.Room] = len(s.within[h.Room]) == 0
		}
		if old := s.core.Premises[h.ID]; old != nil {
			touched[old.Room] = true
			s.lift(old)
		}
		touched[h.Room] = true
		s.lay(h)
		for _, n := range list[i].Behind {
			s.bind(n.Person, n.Rev, Binding{Room: h.Room, Premises: h.ID, Badge: n.Badge, Relation: n.Relation})
			ev.tell(Change{What: Who, Person: n.Person, Room: h.Room})
		}
		if list[i].Was != "" {
			if h.Room != "" {
				s.followDoor(h, list[i].Was, fresh[h.Room])
			}
			s.reroute(ev, h, list[i].Was)
		}
	}
	s.tellCounts(ev, touched)
}

// reroute sends the open applications for premises along to its new room, where its owner decides.
func (s *State) reroute(ev *event, h *Premises, was id.Room) {
	for _, a := range slices.Clone(s.queue[was]) {
		if a.Premises != h.ID || h.Room == "" || s.openFor(a.Person, h.Room) != nil {
			continue
		}
		s.dequeue(a)
		a.Room = h.Room
		s.enqueue(a)
		s.tellApplication(ev, a)
	}
}

func (s *State) tellCounts(ev *event, rooms map[id.Room]bool) {
	for _, r := range sortedKeys(rooms) {
		if r != "" {
			ev.tell(Change{What: Counts, Room: r, Community: s.at(r).community})
		}
	}
}

// lay puts a premises into the state, lift takes it out of its room.
func (s *State) lay(h *Premises) {
	s.common(h)
	s.core.Premises[h.ID] = h
	list := s.within[h.Room]
	i, _ := slices.BinarySearchFunc(list, h, walking)
	s.within[h.Room] = slices.Insert(list, i, h)
	s.count(h, +1)
}

func (s *State) lift(h *Premises) {
	list := s.within[h.Room]
	if i, found := slices.BinarySearchFunc(list, h, walking); found {
		if s.within[h.Room] = slices.Delete(list, i, i+1); len(s.within[h.Room]) == 0 {
			delete(s.within, h.Room)
		}
	}
	s.count(h, -1)
}

func (s *State) count(h *Premises, by int) {
	t := s.tally[h.Room]
	if h.Kind == Shop {
		t.Shops += by
	} else {
		t.Homes += by
	}
	if s.tally[h.Room] = t; t == (Tally{}) {
		delete(s.tally, h.Room)
	}
}

// common makes the texts of a premises those that its neighbours have, and its key.
func (s *State) common(h *Premises) {
	for _, text := range []*string{&h.Kind, &h.Compound, &h.Building, &h.Entrance, &h.Door, &h.Page} {
		*text = s.once(*text)
	}
	h.Community, h.Room = id.Community(s.once(string(h.Community))), id.Room(s.once(string(h.Room)))
	h.key = strings.Join([]string{h.Kind, natural(h.Compound), natural(h.Building), natural(h.Entrance), natural(h.Door), natural(h.Name)}, "\x00")
}

func (s *State) once(text string) string {
	if text == "" {
		return ""
	}
	if had, ok := s.names[text]; ok {
		return had
	}
	s.names[text] = text
	return text
}

// walking is the order in which one goes from door to door; shops come behind homes.
func walking(a, b *Premises) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID)) }

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func compare(a, b entry.Seq) int { return cmp.Compare(a, b) }
