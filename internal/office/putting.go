package office

import (
	"cmp"
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
)

type placesFacts struct {
	Communities []Community `json:"communities,omitempty"`
	Rooms       []Room      `json:"rooms,omitempty"`
	Premises    []placed    `json:"premises,omitempty"`
}

// mayPut takes places in, or changes them by their ids. What says nothing new is left out; when nothing is left, nothing is done.
func (s *State) mayPut(a *asking) ([]step, error) {
	f, err := take[placesFacts](a)
	if err != nil {
		return nil, err
	}
	if n := len(f.Communities) + len(f.Rooms) + len(f.Premises); n > MaxBatch {
		return nil, fault.New(fault.TooLarge, "too many places at once").And("limit", MaxBatch)
	}
	p := &putting{state: s, asking: a, communities: map[id.Community]bool{}, premises: map[id.Premises]bool{}}
	for i := range f.Communities {
		if err := p.community(&f.Communities[i]); err != nil {
			return nil, err
		}
	}
	for i := range f.Rooms {
		if err := p.room(&f.Rooms[i]); err != nil {
			return nil, err
		}
	}
	site := newSite(s, p.out.Rooms)
	for i := range f.Premises {
		if err := p.door(site, &f.Premises[i].Premises); err != nil {
			return nil, err
		}
	}
	return p.steps("", site)
}

// mayOpen opens one room by hand: what its doors are follows from its place.
func (s *State) mayOpen(a *asking) ([]step, error) {
	r, err := take[Room](a)
	if err != nil {
		return nil, err
	}
	if s.core.Rooms[r.ID] != nil {
		return nil, fault.New(fault.Conflicting, "there is such a room already")
	}
	p := &putting{state: s, asking: a, communities: map[id.Community]bool{}, premises: map[id.Premises]bool{}}
	if err := p.room(&r); err != nil {
		return nil, err
	}
	for _, other := range newSite(s, nil)[compoundOf(&r)] {
		if other.building == buildingOf(&r) {
			return nil, fault.New(fault.Conflicting, "another room is for this place").And("room", other.room)
		}
	}
	return p.steps("places.put", newSite(s, p.out.Rooms))
}

// openFacts is a room.open: the room, and the premises that move into it.
type openFacts struct {
	Room
	Premises []placed `json:"premises,omitempty"`
}

// putting is a batch of places on its way through the rules.
type putting struct {
	*asking
	state       *State
	out         placesFacts
	communities map[id.Community]bool // of this batch
	premises    map[id.Premises]bool
}

func (p *putting) community(c *Community) error {
	if !proper(c.ID) || !named(c.Name, 60) || !fits(c.Code, 30) {
		return invalid("communities", "a community has an id and a name")
	}
	if err := p.may(place{}, governors); err != nil {
		return err
	}
	p.communities[c.ID] = true
	if old := p.state.core.Communities[c.ID]; old == nil || old.Name != c.Name || old.Code != c.Code {
		p.out.Communities = append(p.out.Communities, *c)
	}
	return nil
}

func (p *putting) knows(c id.Community) bool {
	return p.communities[c] || p.state.core.Communities[c] != nil
}

func (p *putting) room(r *Room) error {
	if !proper(r.ID) || !named(r.Name, 60) || !fits(r.Compound, 60) || !fits(r.Building, 30) || r.Building != "" && r.Compound == "" {
		return invalid("rooms", "a room has an id, a name, and a compound if it has a building")
	}
	if err := p.may(in(r.Community), appointers); err != nil {
		return err
	}
	if !p.knows(r.Community) {
		return invalid("rooms", "a room lies in a community of the office")
	}
	old := p.state.core.Rooms[r.ID]
	if old != nil && old.Community != r.Community {
		return fault.New(fault.Conflicting, "a room stays in its community")
	}
	if (old == nil || old.Name != r.Name) && p.taken(r) {
		return fault.New(fault.NameTaken, "a room of this community is called so").And("field", "name")
	}
	if old != nil && old.Name == r.Name && old.Compound == r.Compound && old.Building == r.Building {
		return nil
	}
	if slices.ContainsFunc(p.out.Rooms, func(x Room) bool { return x.ID == r.ID }) {
		return invalid("rooms", "a room is there twice")
	}
	p.out.Rooms = append(p.out.Rooms, *r)
	return nil
}

// taken tells whether another room of the community, or of the batch, has a room's name.
func (p *putting) taken(r *Room) bool {
	same := func(x *Room) bool { return x.ID != r.ID && x.Community == r.Community && x.Name == r.Name }
	for i := range p.out.Rooms {
		if same(&p.out.Rooms[i]) {
			return true
		}
	}
	for _, x := range p.state.core.Rooms {
		if same(x) && !slices.ContainsFunc(p.out.Rooms, func(now Room) bool { return now.ID == x.ID && now.Name != r.Name }) {
			return true
		}
	}
	return false
}

func (p *putting) door(site site, h *Premises) error {
	long := !fits(h.Compound, 60) || !fits(h.Building, 30) || !fits(h.Entrance, 30) || !fits(h.Door, 60) || !fits(h.Name, 60) || !fits(h.Page, 60)
	switch {
	case !proper(h.ID) || long, h.Kind == Home && !named(h.Door, 60), h.Kind == Shop && !named(h.Name, 60), h.Kind != Home && h.Kind != Shop:
		return invalid("premises", "a home has an id and a door, a shop an id and a name")
	case !p.knows(h.Community):
		return invalid("premises", "premises lie in a community of the office")
	case p.premises[h.ID]:
		return invalid("premises", "premises are there twice")
	}
	if err := p.may(in(h.Community), appointers); err != nil {
		return err
	}
	p.premises[h.ID] = true
	old := p.state.core.Premises[h.ID]
	if old != nil && old.Community != h.Community {
		if err := p.may(in(old.Community), appointers); err != nil {
			return err
		}
	}
	h.Room = site.roomOf(h)
	if old == nil || !old.same(h) {
		p.out.Premises = append(p.out.Premises, p.state.placed(old, *h, p.now))
	}
	return nil
}

// placed is the entry's word for a premises as it is from now on. Who was removed from the room that it leaves, or is kept from the one
// it comes into, does not come along.
func (s *State) placed(old *Premises, now Premises, at int64) placed {
	now.key = ""
	out := placed{Premises: now}
	if old != nil && old.Room != now.Room {
		out.Was = old.Room
	}
	if now.Room == "" || old != nil && out.Was == "" && old.Room == now.Room {
		return out
	}
	for _, who := range s.behind[now.ID] {
		person := s.core.People[who]
		if person.bound(now.Room, now.ID) || s.mayEnter(who, who, now.Room, at) != nil || out.Was != "" && s.mayEnter(who, who, out.Was, at) != nil {
			continue
		}
		for _, b := range person.Bindings {
			if b.Premises == now.ID {
				out.Behind = append(out.Behind, newcomer{Person: who, Badge: b.Badge, Relation: b.Relation, Rev: person.Rev})
				break
			}
		}
	}
	return out
}

// steps makes the entries: the batch, and behind it, in further ones where there are many, the premises that move because of
// its rooms.
func (p *putting) steps(rest string, site site) ([]step, error) {
	if len(p.out.Communities)+len(p.out.Rooms)+len(p.out.Premises) == 0 {
		return nil, fault.New(fault.Unchanged, "all of it is so already")
	}
	if len(p.out.Rooms) > 0 {
		p.out.Premises = append(p.out.Premises, p.movers(site)...)
	}
	var steps []step
	for first := true; first || len(p.out.Premises) > 0; first = false {
		n := min(len(p.out.Premises), MaxBatch)
		part := placesFacts{Premises: p.out.Premises[:n]}
		p.out.Premises = p.out.Premises[n:]
		switch {
		case first && rest != "":
			steps = append(steps, step{facts: openFacts{Room: p.out.Rooms[0], Premises: part.Premises}})
			continue
		case first:
			part.Communities, part.Rooms = p.out.Communities, p.out.Rooms
		}
		steps = append(steps, step{kind: rest, facts: part})
	}
	return append(steps, p.rules()...), nil
}

// rules tells the rooms that the batch opens what may be posted in them, where that is not what may be posted anywhere.
func (p *putting) rules() []step {
	var f policyFacts
	for i := range p.out.Rooms {
		r := p.out.Rooms[i].ID
		if now := p.state.Policy(r); p.state.core.Rooms[r] == nil && !now.posts(usualPolicy) {
			f.Told = append(f.Told, posting{r, now.NoStickers, now.Reserved})
		}
	}
	if len(f.Told) == 0 {
		return nil
	}
	return []step{{kind: "policy.set", facts: f}}
}

// movers are the premises that belong to another room once the batch's rooms are there.
func (p *putting) movers(site site) []placed {
	touched := map[compound]bool{}
	for i := range p.out.Rooms {
		r := &p.out.Rooms[i]
		touched[compoundOf(r)] = true
		if old := p.state.core.Rooms[r.ID]; old != nil {
			touched[compoundOf(old)] = true
		}
	}
	var out []placed
	for _, h := range p.state.core.Premises {
		if p.premises[h.ID] || !touched[compound{h.Community, h.Compound}] {
			continue
		}
		now := *h
		if now.Room = site.roomOf(h); now.Room != h.Room {
			out = append(out, p.state.placed(h, now, p.now))
		}
	}
	slices.SortFunc(out, func(a, b placed) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

type removeFacts struct {
	Premises []struct {
		ID   id.Premises `json:"id"`
		Room id.Room     `json:"room,omitempty"`
	} `json:"premises"`
}

// mayRemove takes premises out of the roster. It ends nobody's membership: moving out does, and a line that is missing from
// a table by mistake must not throw anybody out.
func (s *State) mayRemove(a *asking) ([]step, error) {
	f, err := take[struct {
		Premises []id.Premises `json:"premises"`
	}](a)
	if err != nil {
		return nil, err
	}
	if len(f.Premises) > MaxBatch {
		return nil, fault.New(fault.TooLarge, "too many places at once").And("limit", MaxBatch)
	}
	var out removeFacts
	seen := map[id.Premises]bool{}
	for _, h := range f.Premises {
		p := s.core.Premises[h]
		if p == nil || seen[h] {
			continue
		}
		if err := a.may(in(p.Community), appointers); err != nil {
			return nil, err
		}
		seen[h] = true
		out.Premises = append(out.Premises, struct {
			ID   id.Premises `json:"id"`
			Room id.Room     `json:"room,omitempty"`
		}{h, p.Room})
	}
	if len(out.Premises) == 0 {
		return nil, fault.New(fault.Unchanged, "none of them is in the roster")
	}
	return one(out), nil
}

func (s *State) remove(ev *event) {
	f, ok := read[removeFacts](ev.Entry)
	if !ok {
		return
	}
	touched := map[id.Room]bool{}
	for _, h := range f.Premises {
		if old := s.core.Premises[h.ID]; old != nil {
			touched[old.Room] = true
			s.lift(old)
			delete(s.core.Premises, h.ID)
		}
	}
	s.tellCounts(ev, touched)
}
