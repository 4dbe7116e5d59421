package office

import (
	"linli/internal/entry"
	"linli/internal/id"
)

// door is a premises as its room knows it.
type door struct {
	ID    id.Premises `json:"id"`
	Label string      `json:"label"`
	Kind  string      `json:"kind"`
}

// What the entries in rooms carry.
type (
	roomOpen struct {
		Name      string       `json:"name"`
		Community id.Community `json:"community"`
	}
	roomPremises struct {
		Add  []door        `json:"add,omitempty"`
		Drop []id.Premises `json:"drop,omitempty"`
	}
	memberJoin struct {
		Who   []newcomer `json:"who"`
		Quiet bool       `json:"quiet,omitempty"`
	}
	memberDrop struct {
		Who []leaver `json:"who"`
	}
	roomRules struct {
		Without  []string `json:"without,omitempty"`  // kinds that nobody may post
		Reserved []string `json:"reserved,omitempty"` // lanes in which only those post who answer for the room
	}
	memberBadge struct {
		Person id.Person `json:"person"`
		Badge  string    `json:"badge"`
	}
	memberRemoved struct {
		Person id.Person `json:"person"`
		Until  int64     `json:"until,omitempty"`
	}
	memberRenamed struct {
		Person id.Person `json:"person"`
		Rev    int       `json:"rev"`
	}
)

// leaver loses a premises or a role in a room. Badge is what the person is there from now on; without one, nothing holds the
// person in the room any more, and they leave it.
type leaver struct {
	Person   id.Person   `json:"person"`
	Premises id.Premises `json:"premises,omitempty"`
	Role     entry.Role  `json:"role,omitempty"`
	Badge    string      `json:"badge,omitempty"`
}

// Effects are the entries that the server must append to rooms because of one of the office's: a function of that entry alone.
// A room takes the list whole, or, when it has heard the cause, not at all. The server is who acts; only removals are by who
// ordered them.
func Effects(seq entry.Seq, e *entry.Entry) map[id.Room][]entry.Entry {
	f := &following{seq: seq, of: e, rooms: map[id.Room][]entry.Entry{}}
	switch e.Kind {
	case "places.put":
		if x, ok := read[placesFacts](e); ok {
			f.places(x.Rooms, x.Premises)
		}
	case "room.open":
		if x, ok := read[openFacts](e); ok {
			f.places([]Room{x.Room}, x.Premises)
		}
	case "policy.set":
		if x, ok := read[policyFacts](e); ok {
			f.rules(x)
		}
	case "places.remove", "doors.withdraw":
		if x, ok := read[removeFacts](e); ok {
			drops := perRoom[id.Premises]{}
			for _, h := range x.Premises {
				drops.add(h.Room, h.ID)
			}
			drops.each(func(r id.Room, list []id.Premises) { f.add(r, "room.premises", roomPremises{Drop: list}) })
		}
	case "person.admit", "person.bind":
		if x, ok := read[admitFacts](e); ok {
			f.joins(x.People, x.Quiet)
		}
	case "application.approve":
		if x, ok := read[verdict](e); ok && x.Person != "" {
			if x.For == ForBadge {
				f.badge(x.Person, x.Room, x.Badge)
			} else {
				f.joins([]newcomer{{Person: x.Person, Room: x.Room, Premises: x.Premises, Badge: x.Badge, Rev: x.Rev}}, false)
			}
			f.renamed(x.Person, x.Rev, x.Rooms)
		}
	case "badge.set":
		if x, ok := read[badgeFacts](e); ok {
			f.badge(x.Person, x.Room, x.Badge)
		}
	case "role.grant", "post.accept":
		if x, ok := read[grantFacts](e); ok {
			f.grants(x.Grants)
		}
	case "role.revoke":
		if x, ok := read[appointment](e); ok && roleBadges[x.Role] != "" {
			f.drop(x.Room, []leaver{{Person: x.Person, Role: x.Role, Badge: x.Badge}})
		}
	case "person.moved", "person.left":
		if x, ok := read[moveFacts](e); ok {
			f.moves(x)
		}
	case "person.removed":
		if x, ok := read[removedFacts](e); ok {
			for _, r := range x.Told {
				f.ordered(r, "member.removed", memberRemoved{x.Person, x.Until})
			}
		}
	case "person.restored":
		if x, ok := read[restoredFacts](e); ok {
			for _, r := range x.Told {
				f.ordered(r, "member.restored", memberRemoved{Person: x.Person})
			}
			f.joins(x.Back, true)
		}
	case "person.renamed":
		if x, ok := read[renameFacts](e); ok {
			f.renamed(x.Person, x.Rev, x.Rooms)
		}
	}
	if len(f.rooms) == 0 {
		return nil
	}
	return f.rooms
}

type following struct {
	seq   entry.Seq
	of    *entry.Entry
	rooms map[id.Room][]entry.Entry
}

func (f *following) add(r id.Room, kind string, facts any) {
	if r != "" {
		f.rooms[r] = append(f.rooms[r], entry.Entry{Kind: kind, By: id.Server, Cause: f.seq, Facts: marshal(facts)})
	}
}

func (f *following) drop(r id.Room, who []leaver) { f.ordered(r, "member.drop", memberDrop{who}) }

// ordered is by who ordered it, with the reason given for it.
func (f *following) ordered(r id.Room, kind string, facts any) {
	if r != "" {
		e := entry.Entry{Kind: kind, By: f.of.By, As: f.of.As, Cause: f.seq, Facts: marshal(facts), Words: f.of.Words, Of: f.of.Of}
		f.rooms[r] = append(f.rooms[r], e)
	}
}

// places opens rooms, hands doors over from one to the other, and brings those behind the doors along.
func (f *following) places(rooms []Room, premises []placed) {
	for _, r := range rooms {
		f.add(r.ID, "room.open", roomOpen{r.Name, r.Community})
	}
	doors := map[id.Room]*roomPremises{}
	of := func(r id.Room) *roomPremises {
		if doors[r] == nil {
			doors[r] = &roomPremises{}
		}
		return doors[r]
	}
	var along []newcomer
	for i := range premises {
		h := &premises[i]
		if h.Room != "" {
			of(h.Room).Add = append(of(h.Room).Add, door{h.ID, h.Label(), h.Kind})
		}
		if h.Was != "" {
			of(h.Was).Drop = append(of(h.Was).Drop, h.ID)
		}
		for _, n := range h.Behind {
			n.Room, n.Premises = h.Room, h.ID
			along = append(along, n)
		}
	}
	for r, d := range doors {
		f.add(r, "room.premises", d)
	}
	f.joins(along, true)
}

func (f *following) rules(x policyFacts) {
	told := x.Told
	for _, r := range x.Rooms {
		told = append(told, posting{r, x.NoStickers, x.Reserved})
	}
	for _, p := range told {
		rules := roomRules{Reserved: p.Reserved}
		if p.NoStickers {
			rules.Without = []string{"sticker"}
		}
		f.add(p.Room, "room.rules", rules)
	}
}

func (f *following) joins(who []newcomer, quiet bool) {
	joins := perRoom[newcomer]{}
	for _, n := range who {
		r := n.Room
		n.Room, n.Relation = "", ""
		if n.Role != "" {
			n.Badge = roleBadges[n.Role]
		}
		joins.add(r, n)
	}
	joins.each(func(r id.Room, list []newcomer) { f.add(r, "member.join", memberJoin{list, quiet}) })
}

func (f *following) grants(grants []appointment) {
	joins := perRoom[newcomer]{}
	for _, p := range grants {
		if roleBadges[p.Role] == "" {
			continue
		}
		n := newcomer{Person: p.Person, Badge: p.Badge, Role: p.Role, Rev: p.Rev}
		if p.Quiet {
			joins.add(p.Room, n)
		} else {
			f.add(p.Room, "member.join", memberJoin{Who: []newcomer{n}})
		}
	}
	joins.each(func(r id.Room, list []newcomer) { f.add(r, "member.join", memberJoin{list, true}) })
}

func (f *following) moves(x moveFacts) {
	drops := perRoom[leaver]{}
	for _, end := range x.Ends {
		drops.add(end.Room, leaver{Person: x.Person, Premises: end.Premises, Badge: end.Badge})
	}
	drops.each(f.drop)
}

func (f *following) renamed(p id.Person, rev int, rooms []id.Room) {
	for _, r := range rooms {
		f.add(r, "member.renamed", memberRenamed{Person: p, Rev: rev})
	}
}

func (f *following) badge(p id.Person, r id.Room, badge string) {
	f.add(r, "member.badge", memberBadge{Person: p, Badge: badge})
}

// perRoom sorts things by their rooms and keeps their order within each.
type perRoom[T any] map[id.Room][]T

func (m perRoom[T]) add(r id.Room, t T) { m[r] = append(m[r], t) }

func (m perRoom[T]) each(do func(id.Room, []T)) {
	for r, list := range m {
		do(r, list)
	}
}
