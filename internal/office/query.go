package office

import (
	"cmp"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
)

// Below: what others may ask the office. Everything is a copy or a record that is never changed.

func (s *State) Name() string { return s.core.Name }
func (s *State) Code() string { return s.core.Code }

// Founded tells whether the office has an administrator.
func (s *State) Founded() bool { return len(s.Admins()) > 0 }

// Communities lists all in natural order.
func (s *State) Communities() []*Community {
	return sorted(s.core.Communities, func(a, b *Community) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID)) })
}

func (s *State) Community(c id.Community) (*Community, bool) {
	x, ok := s.core.Communities[c]
	return x, ok
}

// Rooms lists all in natural order of their names.
func (s *State) Rooms() []*Room { return sorted(s.core.Rooms, byName) }

// RoomsOf lists those of a community.
func (s *State) RoomsOf(c id.Community) []*Room {
	return slices.DeleteFunc(s.Rooms(), func(r *Room) bool { return r.Community != c })
}

func byName(a, b *Room) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID)) }

func (s *State) Room(r id.Room) (*Room, bool) {
	x, ok := s.core.Rooms[r]
	return x, ok
}

func (s *State) Premises(h id.Premises) (*Premises, bool) {
	x, ok := s.core.Premises[h]
	return x, ok
}

// PremisesOf lists a room's premises in walking order, homes first; those of no room when r is empty.
func (s *State) PremisesOf(r id.Room) []*Premises { return slices.Clone(s.within[r]) }

// EachBinding yields what binds people to rooms, in no particular order.
func (s *State) EachBinding(yield func(id.Person, Binding) bool) {
	for p, who := range s.core.People {
		for _, b := range who.Bindings {
			if !yield(p, b) {
				return
			}
		}
	}
}

// EachPremises yields the whole roster, in no particular order.
func (s *State) EachPremises(yield func(*Premises) bool) {
	for _, h := range s.core.Premises {
		if !yield(h) {
			return
		}
	}
}

// TallyOf counts a room's premises; those of no room when r is empty.
func (s *State) TallyOf(r id.Room) Tally { return s.tally[r] }

// Person is what binds somebody; ok is false for who was never admitted nor given a role.
func (s *State) Person(p id.Person) (Person, bool) {
	who := s.core.People[p]
	if who == nil {
		return Person{}, false
	}
	return Person{
		Rev: who.Rev, Record: who.Record, Bindings: slices.Clone(who.Bindings), Grants: slices.Clone(who.Grants), Agreed: slices.Clone(who.Agreed), Made: who.Made,
	}, true
}

// RecordOf is which of a person's records in the register is in force; empty: the first.
func (s *State) RecordOf(p id.Person) string {
	if who := s.core.People[p]; who != nil {
		return who.Record
	}
	return ""
}

// Names tells whether the log names somebody at all: as let in, appointed, offered a post, applying or removed.
func (s *State) Names(p id.Person) bool { return !s.unknown(p) || !s.Idle(p) }

// Whole tells whether every act of the log was understood. One of a newer program may name people and doors of which this one knows
// nothing.
func (s *State) Whole() bool { return !s.core.Strange }

// BoundTo tells whether the office has somebody in a room, whatever is known of the room itself.
func (s *State) BoundTo(p id.Person, r id.Room) bool {
	who := s.core.People[p]
	return who != nil && slices.ContainsFunc(who.Bindings, func(b Binding) bool { return b.Room == r })
}

// Shows tells whether a record of somebody's is in force, or one of their applications shows it.
func (s *State) Shows(p id.Person, record string) bool {
	return s.RecordOf(p) == record || slices.ContainsFunc(s.mine[p], func(a *Application) bool { return a.Record == record })
}

// People is how many persons the office knows.
func (s *State) People() int { return len(s.core.People) }

// Behind lists who is bound to a premises.
func (s *State) Behind(h id.Premises) []id.Person { return slices.Clone(s.behind[h]) }

// GrantsOf are the roles of a person. The list is never changed.
func (s *State) GrantsOf(p id.Person) []entry.Grant {
	if who := s.core.People[p]; who != nil {
		return slices.Clip(who.Grants)
	}
	return nil
}

// RoleIn is the strongest role that lets a person answer for a room; empty for none.
func (s *State) RoleIn(p id.Person, r id.Room) entry.Role {
	return held(s.GrantsOf(p), s.at(r), []entry.Role{entry.Admin, entry.Secretary, entry.Owner, entry.Deputy})
}

// MayAdmit tells whether a person may decide on a room's applications.
func (s *State) MayAdmit(p id.Person, r id.Room) bool { return s.RoleIn(p, r) != "" }

// MayPlace tells whether a person may put a room's doors into the roster.
func (s *State) MayPlace(p id.Person, r id.Room) bool {
	return held(s.GrantsOf(p), s.at(r), appointers) != ""
}

// SiteOf is the compound that a room is for, and its building; no building for a whole compound.
func (s *State) SiteOf(r id.Room) (compound, building string) {
	x := s.core.Rooms[r]
	if x == nil {
		return "", ""
	}
	if building = x.Building; x.Compound == "" {
		if m := buildingEnd.FindStringSubmatch(x.Name); m != nil {
			building = m[2]
		}
	}
	return compoundOf(x).name, building
}

// MayRead tells whether a person may read the numbers of a room; of a community when r is empty, and of the office when both are.
func (s *State) MayRead(p id.Person, c id.Community, r id.Room) bool {
	at := place{c, r}
	if r != "" {
		at = s.at(r)
	}
	return held(s.GrantsOf(p), at, readers) != ""
}

// Owners lists who answers for a room: owners before deputies.
func (s *State) Owners(r id.Room) []id.Person {
	return append(slices.Clone(s.posts[entry.Grant{Role: entry.Owner, Room: r}]), s.posts[entry.Grant{Role: entry.Deputy, Room: r}]...)
}

// Secretaries lists those of a community.
func (s *State) Secretaries(c id.Community) []id.Person {
	return slices.Clone(s.posts[entry.Grant{Role: entry.Secretary, Community: c}])
}

// Deciders lists everybody who may decide on a room's applications and is told of them: owners, deputies, secretaries, administrators.
func (s *State) Deciders(r id.Room) []id.Person {
	all := slices.Concat(s.Owners(r), s.posts[entry.Grant{Role: entry.Secretary, Community: s.at(r).community}], s.Admins())
	slices.Sort(all)
	return slices.Compact(all)
}

// Admins lists the office's administrators.
func (s *State) Admins() []id.Person { return slices.Clone(s.posts[entry.Grant{Role: entry.Admin}]) }

// Post is somebody's role.
type Post struct {
	Person id.Person
	entry.Grant
}

// Staff lists who holds a role at a place and what lies below it: a room, a community with its rooms, or, when both are
// empty, the whole office. The strongest come first.
func (s *State) Staff(c id.Community, r id.Room) []Post {
	var all []Post
	for g, people := range s.posts {
		at := s.of(g)
		if r != "" && g.Room != r || c != "" && at.community != c {
			continue
		}
		for _, p := range people {
			all = append(all, Post{p, g})
		}
	}
	slices.SortFunc(all, func(a, b Post) int {
		return cmp.Or(cmp.Compare(strength(b.Role), strength(a.Role)), cmp.Compare(a.Community, b.Community), cmp.Compare(a.Room, b.Room), cmp.Compare(a.Person, b.Person))
	})
	return all
}

// Application finds one that is open, or the latest of its person for its room.
func (s *State) Application(a id.Application) (Application, bool) {
	if x := s.core.Applications[a]; x != nil {
		return *x, true
	}
	return Application{}, false
}

// Place is where an application stands in its room's queue, from 1; 0 when it does not wait for a decision.
func (s *State) Place(a id.Application) int {
	app := s.core.Applications[a]
	if app == nil || app.Status != Pending {
		return 0
	}
	place := 1
	for _, x := range s.queue[app.Room] {
		if x == app {
			break
		}
		if x.Status == Pending {
			place++
		}
	}
	return place
}

// Pending lists what waits for a decision in a room, in order of places.
func (s *State) Pending(r id.Room) []Application {
	var list []Application
	for _, a := range s.queue[r] {
		if a.Status == Pending {
			list = append(list, *a)
		}
	}
	return list
}

// PendingIn is how many wait in a room.
func (s *State) PendingIn(r id.Room) (n int) {
	for _, a := range s.queue[r] {
		if a.Status == Pending {
			n++
		}
	}
	return n
}

// Filter says which applications are wanted; what is empty does not narrow.
type Filter struct {
	Room      id.Room
	Community id.Community
	Person    id.Person
	Status    Status
	Limit     int // 0 for all
}

// Applications lists those of a filter: of a person the newest first, else in order of their places.
func (s *State) Applications(f Filter) []Application {
	var list []Application
	see := func(a *Application) {
		if (f.Room == "" || a.Room == f.Room) && (f.Status == "" || a.Status == f.Status) && (f.Community == "" || s.at(a.Room).community == f.Community) {
			list = append(list, *a)
		}
	}
	switch {
	case f.Person != "":
		for _, a := range slices.Backward(s.mine[f.Person]) {
			see(a)
		}
	case f.Status == Pending || f.Status == Asked:
		for r, queue := range s.queue {
			if f.Room != "" && r != f.Room {
				continue
			}
			for _, a := range queue {
				see(a)
			}
		}
	default:
		for _, a := range s.core.Applications {
			see(a)
		}
	}
	if f.Person == "" {
		slices.SortFunc(list, func(a, b Application) int { return inQueue(&a, &b) })
	}
	if f.Limit > 0 && len(list) > f.Limit {
		list = list[:f.Limit]
	}
	return list
}

// Decisions lists a room's latest, newest first.
func (s *State) Decisions(r id.Room, limit int) []Decision {
	list := slices.Clone(s.core.Decisions[r])
	slices.Reverse(list)
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list
}

// LastWord is what was last decided on an application that goes on; ok is false when nothing was.
func (s *State) LastWord(a *Application) (d Decision, ok bool) {
	for _, d := range slices.Backward(s.core.Decisions[a.Room]) {
		if d.Application == a.ID {
			return d, true
		}
	}
	return d, false
}

// MedianWait is how many minutes an application for a room typically waits, by its last hundred; ok is false when none was decided.
func (s *State) MedianWait(r id.Room) (minutes int, ok bool) {
	const by = 100
	var waits []int64
	for _, d := range slices.Backward(s.core.Decisions[r]) {
		if d.Verb != "ask" && len(waits) < by {
			waits = append(waits, d.Waited)
		}
	}
	if len(waits) == 0 {
		return 0, false
	}
	slices.Sort(waits)
	return int((waits[len(waits)/2] + 59_999) / 60_000), true
}

// Link finds a link, ended or not.
func (s *State) Link(l id.Link) (Link, bool) {
	if x := s.core.Links[l]; x != nil {
		return *x, true
	}
	return Link{}, false
}

// Links lists a room's, the newest first.
func (s *State) Links(r id.Room) []Link {
	var list []Link
	for _, l := range slices.Backward(s.links[r]) {
		list = append(list, *s.core.Links[l])
	}
	return list
}

// Charter is what a newcomer to a room agrees to: its own, or else the office's. Version 0 is none.
func (s *State) Charter(r id.Room) (version int, words entry.Words) {
	for _, at := range []id.Room{r, ""} {
		if c := s.core.Charters[at]; c != nil {
			return c.Version, c.Words
		}
	}
	return 0, nil
}

// OwnCharter tells whether a room has a charter of its own.
func (s *State) OwnCharter(r id.Room) bool { return s.core.Charters[r] != nil }

// Looks lists who looked at a person's data, the newest first.
func (s *State) Looks(p id.Person, limit int) []Look {
	var list []Look
	for _, l := range slices.Backward(s.looked[p]) {
		if limit > 0 && len(list) == limit {
			break
		}
		list = append(list, *l)
	}
	return list
}
