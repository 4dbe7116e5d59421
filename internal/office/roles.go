package office

import (
	"cmp"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

type foundFacts struct {
	Name      string     `json:"name"`
	Code      string     `json:"code,omitempty"`
	Person    id.Person  `json:"person,omitempty"`
	Community *Community `json:"community,omitempty"`
}

// mayFound names the office and makes its first administrator. A table read before anybody came may name it without one;
// the first administrator may then still be founded, and nobody after.
func (s *State) mayFound(a *asking) ([]step, error) {
	f, err := take[foundFacts](a)
	if err != nil {
		return nil, err
	}
	switch {
	case len(s.Admins()) > 0:
		return nil, fault.New(fault.SetupDone, "the office has its administrator")
	case !a.server() && f.Person != a.by.Person:
		return nil, fault.New(fault.Forbidden, "one founds an office for oneself")
	case !named(f.Name, 60) || !fits(f.Code, 30):
		return nil, invalid("name", "an office has a name")
	case f.Person != "" && (!proper(f.Person) || f.Person == id.Server):
		return nil, invalid("person", "this is no person")
	case f.Community != nil && (!proper(f.Community.ID) || !named(f.Community.Name, 60)):
		return nil, invalid("community", "a community has an id and a name")
	case f.Person == "" && f.Name == s.core.Name && f.Code == s.core.Code && f.Community == nil:
		return nil, fault.New(fault.Unchanged, "the office is called so already")
	}
	return one(f), nil
}

func (s *State) found(ev *event) {
	f, ok := read[foundFacts](ev.Entry)
	if !ok || f.Name == "" {
		return
	}
	s.core.Name, s.core.Code = f.Name, cmp.Or(f.Code, s.core.Code)
	ev.tell(Change{What: Place})
	if f.Community != nil {
		s.putCommunity(ev, *f.Community)
	}
	if f.Person != "" {
		s.person(f.Person, 1)
		s.grant(ev, f.Person, entry.Grant{Role: entry.Admin})
	}
}

// appointment is a role given to a person, and how they are seen in the room. Quiet leaves no line in it: nobody is there to read
// it, or they are there already.
type appointment struct {
	Person    id.Person    `json:"person"`
	Role      entry.Role   `json:"role"`
	Community id.Community `json:"community,omitempty"`
	Room      id.Room      `json:"room,omitempty"`
	Badge     string       `json:"badge,omitempty"`
	Rev       int          `json:"rev,omitempty"`
	Quiet     bool         `json:"quiet,omitempty"`
}

func (p appointment) grant() entry.Grant {
	return entry.Grant{Role: p.Role, Community: p.Community, Room: p.Room}
}

type grantFacts struct {
	Grants []appointment `json:"grants"`
}

// mayAppoint checks that a role is given where it can be held, and that the actor may give or take it there.
func (s *State) mayAppoint(a *asking, p appointment) error {
	wants := func(community, room bool) bool { return community == (p.Community != "") && room == (p.Room != "") }
	switch {
	case !proper(p.Person) || p.Person == id.Server:
		return invalid("person", "a person is missing")
	case strength(p.Role) == 0:
		return invalid("role", "no such role")
	case roleBadges[p.Role] != "" && !wants(false, true), p.Role == entry.Secretary && !wants(true, false),
		(p.Role == entry.Admin || p.Role == entry.Assessor) && !wants(false, false):
		return invalid("role", "the role is not held there")
	}
	at, who := place{}, governors
	if roleBadges[p.Role] != "" {
		at, who = s.at(p.Room), appointers
	}
	if err := a.may(at, who); err != nil { // before it is said what there is
		return err
	}
	switch {
	case p.Room != "" && s.core.Rooms[p.Room] == nil:
		return fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case p.Community != "" && s.core.Communities[p.Community] == nil:
		return fault.New(fault.NotFound, "there is no such community").And("field", "community")
	case !fits(p.Badge, 12):
		return invalid("badge", "a badge is too long")
	}
	return nil
}

// mayGrant gives posts at once: to people whom the appointment makes. Others are offered them.
func (s *State) mayGrant(a *asking) ([]step, error) {
	f, err := take[grantFacts](a)
	if err != nil {
		return nil, err
	}
	if len(f.Grants) > MaxBatch {
		return nil, fault.New(fault.TooLarge, "too many at once").And("limit", MaxBatch)
	}
	var out grantFacts
	for _, p := range f.Grants {
		if err := s.mayAppoint(a, p); err != nil {
			return nil, err
		}
		if who := s.core.People[p.Person]; !a.server() && !s.unknown(p.Person) && (who == nil || !who.Made) {
			return nil, fault.New(fault.Conflicting, "they have an account of their own: offer them the post").And("field", "person")
		}
		if s.holds(p) {
			continue
		}
		if err := s.mayEnter(a.by.Person, p.Person, p.Room, a.now); err != nil {
			return nil, err
		}
		out.Grants = append(out.Grants, s.complete(p))
	}
	if len(out.Grants) == 0 {
		return nil, fault.New(fault.Unchanged, "all of them hold it already")
	}
	return one(out), nil
}

func (s *State) holds(p appointment) bool {
	who := s.core.People[p.Person]
	return who != nil && slices.Contains(who.Grants, p.grant())
}

// unknown tells whether the office has never heard of somebody.
func (s *State) unknown(p id.Person) bool { return s.core.People[p] == nil && len(s.mine[p]) == 0 }

// complete fills in how the room sees an appointment. Whoever comes into a room with people in it is seen by them.
func (s *State) complete(p appointment) appointment {
	p.Badge, p.Rev = cmp.Or(p.Badge, roleBadges[p.Role]), s.rev(p.Person)
	p.Quiet = s.core.People[p.Person] != nil && s.core.People[p.Person].inside(p.Room)
	if !p.Quiet {
		p.Quiet = true
		for _, who := range s.core.People {
			p.Quiet = p.Quiet && !who.inside(p.Room)
		}
	}
	return p
}

func (s *State) granted(ev *event) {
	f, ok := read[grantFacts](ev.Entry)
	if !ok {
		return
	}
	for _, p := range f.Grants {
		if p.Person != "" {
			made := s.unknown(p.Person)
			who := s.person(p.Person, p.Rev)
			who.Made = who.Made || made
			s.grant(ev, p.Person, p.grant())
		}
	}
}

// grant gives a role. One answers for a room as owner or as deputy, not as both: the newer one holds.
func (s *State) grant(ev *event, p id.Person, g entry.Grant) {
	who := s.person(p, 1)
	if slices.Contains(who.Grants, g) {
		return
	}
	if roleBadges[g.Role] != "" {
		for _, role := range []entry.Role{entry.Owner, entry.Deputy} {
			s.revoke(ev, p, entry.Grant{Role: role, Room: g.Room})
		}
	}
	g.Room, g.Community = id.Room(s.once(string(g.Room))), id.Community(s.once(string(g.Community)))
	who.Grants = append(who.Grants, g)
	s.posts[g] = with(s.posts[g], p)
	ev.tell(Change{What: Role, Person: p, Role: g.Role, Room: g.Room, Community: g.Community, Gained: true})
}

func (s *State) revoke(ev *event, p id.Person, g entry.Grant) {
	who := s.core.People[p]
	if who == nil || !slices.Contains(who.Grants, g) {
		return
	}
	// Grants are handed out: the list is made anew.
	var left []entry.Grant
	for _, x := range who.Grants {
		if x != g {
			left = append(left, x)
		}
	}
	who.Grants = left
	if s.posts[g] = without(s.posts[g], p); len(s.posts[g]) == 0 {
		delete(s.posts, g)
	}
	ev.tell(Change{What: Role, Person: p, Role: g.Role, Room: g.Room, Community: g.Community})
}

func (s *State) mayRevoke(a *asking) ([]step, error) {
	p, err := take[appointment](a)
	if err != nil {
		return nil, err
	}
	if err := s.mayAppoint(a, p); err != nil {
		return nil, err
	}
	who := s.core.People[p.Person]
	switch {
	case who == nil || !slices.Contains(who.Grants, p.grant()):
		return nil, fault.New(fault.Unchanged, "the person does not hold it")
	case p.Role == entry.Admin && len(s.Admins()) == 1:
		return nil, fault.New(fault.Forbidden, "the last administrator stays")
	}
	p.Badge, p.Rev = "", 0
	if p.Room != "" {
		p.Badge = who.badge(p.Room, nil, p.Role)
	}
	return one(p), nil
}

func (s *State) revoked(ev *event) {
	if p, ok := read[appointment](ev.Entry); ok {
		s.revoke(ev, p.Person, p.grant())
	}
}
