package office

import (
	"cmp"
	"maps"
	"slices"

	"linli/internal/id"
)

// compound is one, of a community, by its name.
type compound struct {
	community id.Community
	name      string
}

// site knows the rooms of each compound, in order of their buildings: it says where premises belong.
type site map[compound][]sited

// sited is a room and the building it is for, as a sorting key, so that 一栋 is 1号楼; none for a whole compound.
type sited struct {
	room     id.Room
	building string
}

func newSite(s *State, more []Room) site {
	all := maps.Clone(s.core.Rooms)
	for i := range more {
		all[more[i].ID] = &more[i]
	}
	m := site{}
	for _, r := range all {
		m[compoundOf(r)] = append(m[compoundOf(r)], sited{r.ID, buildingOf(r)})
	}
	for _, list := range m {
		slices.SortFunc(list, func(a, b sited) int {
			return cmp.Or(cmp.Compare(a.building, b.building), cmp.Compare(a.room, b.room))
		})
	}
	return m
}

// roomOf is the home room of premises: that of the building, else that of the compound. A shop belongs to the compound, and
// where that has no room, to its first building's.
func (m site) roomOf(h *Premises) id.Room {
	var whole, building, first id.Room
	mine := ""
	if h.Building != "" {
		mine = natural(bare(h.Building))
	}
	for _, r := range m[compound{h.Community, h.Compound}] {
		switch {
		case r.building == "":
			whole = cmp.Or(whole, r.room)
		case r.building == mine:
			building = cmp.Or(building, r.room)
		}
		if r.building != "" {
			first = cmp.Or(first, r.room)
		}
	}
	if h.Kind == Shop {
		return cmp.Or(whole, first)
	}
	return cmp.Or(building, whole)
}

// compoundOf and buildingOf read a room's place: from its fields, or else from its name.
func compoundOf(r *Room) compound {
	if r.Compound != "" {
		return compound{r.Community, r.Compound}
	}
	if m := buildingEnd.FindStringSubmatch(r.Name); m != nil {
		return compound{r.Community, m[1]}
	}
	return compound{r.Community, r.Name}
}

func buildingOf(r *Room) string {
	building := r.Building
	if r.Compound == "" {
		if m := buildingEnd.FindStringSubmatch(r.Name); m != nil {
			building = m[2]
		}
	}
	if building == "" {
		return ""
	}
	return natural(bare(building))
}
