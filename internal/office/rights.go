package office

import (
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// place is where a right is asked for: a room and its community, a community alone, or the office (neither).
type place struct {
	community id.Community
	room      id.Room
}

// Who may do what: the roles that reach, the nearest first, so that an entry records the least that sufficed.
var (
	deciders   = []entry.Role{entry.Owner, entry.Deputy, entry.Secretary, entry.Admin} // admit, ask, reject, links
	appointers = []entry.Role{entry.Secretary, entry.Admin}                            // places, owners and deputies
	governors  = []entry.Role{entry.Admin}
	owners     = []entry.Role{entry.Owner}
	readers    = []entry.Role{entry.Owner, entry.Deputy, entry.Secretary, entry.Assessor, entry.Admin}
)

// Strength orders roles: more is stronger; 0 for none.
func strength(r entry.Role) int {
	switch r {
	case entry.Admin:
		return 5
	case entry.Secretary:
		return 4
	case entry.Assessor:
		return 3
	case entry.Owner:
		return 2
	case entry.Deputy:
		return 1
	}
	return 0
}

// reaches tells whether a grant holds at a place.
func reaches(g entry.Grant, at place) bool {
	switch {
	case g.Room != "":
		return g.Room == at.room
	case g.Community != "":
		return g.Community == at.community
	}
	return g.Role == entry.Admin || g.Role == entry.Assessor
}

// held is the first of the roles that one of the grants gives at a place; empty when none does.
func held(grants []entry.Grant, at place, roles []entry.Role) entry.Role {
	for _, role := range roles {
		if slices.ContainsFunc(grants, func(g entry.Grant) bool { return g.Role == role && reaches(g, at) }) {
			return role
		}
	}
	return ""
}

// may checks a right and notes the role that gave it. The server may do anything.
func (a *asking) may(at place, roles []entry.Role) error {
	if a.server() {
		return nil
	}
	role := held(a.by.Grants, at, roles)
	if role == "" {
		return fault.New(fault.Forbidden, "no right to this here")
	}
	// Where one command needs several rights, the strongest role of them is on record.
	if strength(role) > strength(entry.Role(a.as)) {
		a.as = string(role)
	}
	return nil
}

// at is the place of a room.
func (s *State) at(r id.Room) place {
	if room := s.core.Rooms[r]; room != nil {
		return place{room.Community, r}
	}
	return place{"", r}
}

func in(c id.Community) place { return place{community: c} }

// of is the place where a grant holds.
func (s *State) of(g entry.Grant) place {
	if g.Room != "" {
		return s.at(g.Room)
	}
	return in(g.Community)
}
