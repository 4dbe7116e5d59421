package office

import (
	"cmp"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Removal keeps somebody out of a room or a community, until a time or without end. It ended what bound them there; lifted
// by hand, it gives that back.
type Removal struct {
	Room      id.Room      `json:"room,omitempty"`      // one of the two
	Community id.Community `json:"community,omitempty"` // with all its rooms, those of tomorrow too
	Until     int64        `json:"until,omitempty"`     // ms; 0 without end
	By        id.Person    `json:"by"`
	At        int64        `json:"at"` // ms
	Reason    entry.Words  `json:"reason,omitempty"`
	Told      []id.Room    `json:"told,omitempty"`  // the rooms that heard of it
	Also      []id.Room    `json:"also,omitempty"`  // the rooms that the doors of its room moved into since
	Ended     []Binding    `json:"ended,omitempty"` // what it ended
}

// over tells whether its time has passed.
func (r *Removal) over(now int64) bool { return r.Until != 0 && r.Until <= now }

func (r *Removal) holds(at place, now int64) bool {
	return !r.over(now) && (r.Community != "" && r.Community == at.community || r.keepsFrom(at.room))
}

// keepsFrom tells whether it is of a room, or of one that the room's doors were in before.
func (r *Removal) keepsFrom(room id.Room) bool {
	return r.Room != "" && (r.Room == room || slices.Contains(r.Also, room))
}

// Removed tells whether somebody is kept out of a room now, and by which removal: the one that lasts longest.
func (s *State) Removed(p id.Person, r id.Room, now int64) (longest Removal, removed bool) {
	list := s.core.Removals[p]
	for i := range list {
		if x := &list[i]; x.holds(s.at(r), now) && (!removed || x.Until == 0 || longest.Until != 0 && x.Until > longest.Until) {
			longest, removed = *x, true
		}
	}
	return longest, removed
}

// mayEnter refuses who is kept out of a room; by says who asks that they come in.
func (s *State) mayEnter(by, p id.Person, r id.Room, now int64) error {
	x, removed := s.Removed(p, r, now)
	if !removed {
		return nil
	}
	err := fault.New(fault.Removed, "removed from this room")
	if x.Until != 0 {
		err = err.And("until", x.Until)
	}
	if by != p {
		err = err.And("field", "person")
	}
	return err
}

// RemovedFrom is somebody who is kept out.
type RemovedFrom struct {
	Person id.Person
	Removal
}

// RemovedAt lists who is kept out of a room now, or, when r is empty, by a removal from a community or from one of its rooms; the
// latest first.
func (s *State) RemovedAt(c id.Community, r id.Room, now int64) (list []RemovedFrom) {
	at := place{c, r}
	if r != "" {
		at = s.at(r)
	}
	for p, removals := range s.core.Removals {
		for i := range removals {
			x := &removals[i]
			if x.holds(at, now) || r == "" && x.Room != "" && !x.over(now) && s.at(x.Room).community == c {
				list = append(list, RemovedFrom{p, *x})
			}
		}
	}
	slices.SortFunc(list, func(a, b RemovedFrom) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Person, b.Person)) })
	return list
}

// removedFacts is a removal. Told and Ended follow from who was bound where.
type removedFacts struct {
	Person    id.Person    `json:"person"`
	Room      id.Room      `json:"room,omitempty"`
	Community id.Community `json:"community,omitempty"`
	Until     int64        `json:"until,omitempty"`
	Told      []id.Room    `json:"told,omitempty"`
	Ended     []Binding    `json:"ended,omitempty"`
}

// scope checks from where somebody is removed, or may come back to.
func (s *State) scope(p id.Person, r id.Room, c id.Community) (place, error) {
	switch {
	case !proper(p) || p == id.Server:
		return place{}, invalid("person", "a person is missing")
	case (r == "") == (c == ""):
		return place{}, invalid("room", "from one room, or from one community")
	case r != "" && s.core.Rooms[r] == nil:
		return place{}, fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case c != "" && s.core.Communities[c] == nil:
		return place{}, fault.New(fault.NotFound, "there is no such community").And("field", "community")
	case r != "":
		return s.at(r), nil
	}
	return in(c), nil
}

// mayRemovePerson lets those remove somebody from a room who answer for it, and from a community those above its rooms, or the owner
// of a room that the person is in. Nobody is removed who holds a post there: the post is taken back first.
func (s *State) mayRemovePerson(a *asking) ([]step, error) {
	f, err := take[removedFacts](a)
	if err != nil {
		return nil, err
	}
	at, err := s.scope(f.Person, f.Room, f.Community)
	if err != nil {
		return nil, err
	}
	if err := s.mayExclude(a, at, f.Person); err != nil {
		return nil, err
	}
	if !a.server() && !s.knownAt(f.Person, at, a.now) {
		return nil, fault.New(fault.NotFound, "there is no such person").And("field", "person")
	}
	who := s.core.People[f.Person]
	if who == nil {
		who = &Person{}
	}
	switch {
	case f.Person == a.by.Person:
		return nil, fault.New(fault.Forbidden, "not oneself").And("field", "person")
	case slices.ContainsFunc(who.Grants, func(g entry.Grant) bool { return reaches(g, at) || at.room == "" && s.of(g).community == at.community }):
		return nil, fault.New(fault.Forbidden, "who holds a post there is not removed; the post is taken back first").And("field", "role")
	case f.Until != 0 && f.Until <= a.now:
		return nil, fault.New(fault.Invalid, "until lies in the past").And("field", "until")
	}
	if !a.server() {
		if err := say(a.words, "reason", 180); err != nil {
			return nil, err
		}
	}
	out := removedFacts{Person: f.Person, Room: f.Room, Community: f.Community, Until: f.Until}
	if f.Room != "" {
		out.Told = []id.Room{f.Room}
	}
	if old := s.removal(f.Person, f.Room, f.Community); old != nil && !old.over(a.now) {
		if old.Until == f.Until {
			return nil, fault.New(fault.Unchanged, "removed already")
		}
		out.Told = slices.Clone(old.Told)
	}
	for _, b := range who.Bindings {
		if b.Room != f.Room && (f.Community == "" || s.at(b.Room).community != f.Community) {
			continue
		}
		out.Ended = append(out.Ended, b)
		if !slices.Contains(out.Told, b.Room) {
			out.Told = append(out.Told, b.Room)
		}
	}
	return append(one(out), s.unwish(f.Person, out.Told...)...), nil
}

// knownAt tells whether somebody has to do with a place: is bound, has applied or holds a post there, or is kept out of it. Who answers for the place
// knows their name; of anybody else they would learn it by removing them.
func (s *State) knownAt(p id.Person, at place, now int64) bool {
	there := func(r id.Room) bool { return r == at.room || at.room == "" && s.at(r).community == at.community }
	who := s.core.People[p]
	return who != nil && slices.ContainsFunc(who.Bindings, func(b Binding) bool { return there(b.Room) }) ||
		who != nil && slices.ContainsFunc(who.Grants, func(g entry.Grant) bool { return reaches(g, at) || there(g.Room) }) ||
		slices.ContainsFunc(s.mine[p], func(x *Application) bool { return there(x.Room) }) ||
		slices.ContainsFunc(s.core.Removals[p], func(x Removal) bool { return x.holds(at, now) })
}

// mayExclude checks the right to remove somebody from a place.
func (s *State) mayExclude(a *asking, at place, p id.Person) error {
	a.of = p
	if at.room != "" {
		return a.may(at, deciders)
	}
	if who := s.core.People[p]; who != nil {
		for _, b := range who.Bindings {
			if s.at(b.Room).community == at.community && a.may(s.at(b.Room), owners) == nil {
				return nil
			}
		}
	}
	return a.may(at, appointers)
}

// removal is the one of somebody from exactly this room or community; nil when there is none.
func (s *State) removal(p id.Person, r id.Room, c id.Community) *Removal {
	list := s.core.Removals[p]
	for i := range list {
		if list[i].Room == r && list[i].Community == c {
			return &list[i]
		}
	}
	return nil
}

func (s *State) personRemoved(ev *event) {
	f, ok := read[removedFacts](ev.Entry)
	if !ok || f.Person == "" || f.Room == "" && f.Community == "" {
		return
	}
	for _, b := range f.Ended {
		s.unbind(f.Person, b.Room, b.Premises)
	}
	x := Removal{
		Room: f.Room, Community: f.Community, Until: f.Until, By: ev.By, At: ev.at, Reason: ev.Words, Told: f.Told, Ended: f.Ended,
	}
	if old := s.removal(f.Person, f.Room, f.Community); old != nil {
		if !old.over(ev.at) { // another end for the same one
			x.Also, x.Ended = old.Also, append(slices.Clone(old.Ended), x.Ended...)
		}
		*old = x
	} else {
		s.core.Removals[f.Person] = append(s.core.Removals[f.Person], x)
	}
	for _, r := range f.Told {
		ev.tell(Change{What: Who, Person: f.Person, Room: r})
	}
}

// restoredFacts ends a removal before its time; Back is what it gives back.
type restoredFacts struct {
	Person    id.Person    `json:"person"`
	Room      id.Room      `json:"room,omitempty"`
	Community id.Community `json:"community,omitempty"`
	Told      []id.Room    `json:"told,omitempty"`
	Back      []newcomer   `json:"back,omitempty"`
}

// mayLift lets those lift a removal who stand there or above, and the owner who ordered it.
func (s *State) mayLift(a *asking, at place, x *Removal) error {
	if at.room != "" {
		return a.may(at, deciders)
	}
	if x != nil && x.By == a.by.Person {
		for _, b := range x.Ended {
			if a.may(s.at(b.Room), owners) == nil {
				return nil
			}
		}
	}
	return a.may(at, appointers)
}

// MayLift tells whether a person may lift a removal.
func (s *State) MayLift(p id.Person, x *Removal) bool {
	at := in(x.Community)
	if x.Room != "" {
		at = s.at(x.Room)
	}
	return s.mayLift(&asking{by: entry.Actor{Person: p, Grants: s.GrantsOf(p)}}, at, x) == nil
}

// mayRestorePerson lifts a removal, and gives back what it ended.
func (s *State) mayRestorePerson(a *asking) ([]step, error) {
	f, err := take[restoredFacts](a)
	if err != nil {
		return nil, err
	}
	at, err := s.scope(f.Person, f.Room, f.Community)
	if err != nil {
		return nil, err
	}
	x := s.removal(f.Person, f.Room, f.Community)
	if err := s.mayLift(a, at, x); err != nil {
		return nil, err
	}
	if x == nil || x.over(a.now) {
		return nil, fault.New(fault.Unchanged, "not removed")
	}
	out := restoredFacts{Person: f.Person, Room: f.Room, Community: f.Community, Told: x.Told}
	for _, b := range x.Ended {
		for _, r := range s.backTo(b, x) {
			n := newcomer{Person: f.Person, Room: r, Premises: b.Premises, Badge: b.Badge, Relation: b.Relation, Rev: s.rev(f.Person)}
			if s.core.Rooms[r] != nil && !s.admitted(n) && !s.keptBesides(f.Person, r, x, a.now) && !slices.Contains(out.Back, n) {
				out.Back = append(out.Back, n)
			}
		}
	}
	return one(out), nil
}

// backTo is where a binding leads that a removal ended: into its room, and into that which its door has moved to since.
func (s *State) backTo(b Binding, x *Removal) []id.Room {
	if b.Premises == "" {
		return []id.Room{b.Room}
	}
	h := s.core.Premises[b.Premises]
	switch {
	case h == nil: // no longer in the roster
		return nil
	case h.Room != b.Room && (x.keepsFrom(h.Room) || x.Community != "" && x.Community == h.Community):
		return []id.Room{b.Room, h.Room}
	}
	return []id.Room{b.Room}
}

// keptBesides tells whether another removal keeps somebody from a room.
func (s *State) keptBesides(p id.Person, r id.Room, lifted *Removal, now int64) bool {
	list := s.core.Removals[p]
	for i := range list {
		if x := &list[i]; x != lifted && x.holds(s.at(r), now) {
			return true
		}
	}
	return false
}

func (s *State) personRestored(ev *event) {
	f, ok := read[restoredFacts](ev.Entry)
	if !ok || f.Person == "" {
		return
	}
	left := slices.DeleteFunc(slices.Clone(s.core.Removals[f.Person]), func(x Removal) bool {
		return x.Room == f.Room && x.Community == f.Community
	})
	if s.core.Removals[f.Person] = left; len(left) == 0 {
		delete(s.core.Removals, f.Person)
	}
	for _, n := range f.Back {
		if n.Person == f.Person && n.Room != "" {
			s.bind(n.Person, n.Rev, n.binding())
			ev.tell(Change{What: Who, Person: n.Person, Room: n.Room})
		}
	}
}

// followDoor lets removals from a room hold where its doors go: all of them in a room that had no door before, as after a split;
// those of the people of that door everywhere.
func (s *State) followDoor(h *Premises, was id.Room, fresh bool) {
	for _, list := range s.core.Removals {
		for i := range list {
			x := &list[i]
			if !x.keepsFrom(was) || x.keepsFrom(h.Room) {
				continue
			}
			if fresh || slices.ContainsFunc(x.Ended, func(b Binding) bool { return b.Premises == h.ID }) {
				x.Also = append(slices.Clone(x.Also), h.Room)
			}
		}
	}
}
