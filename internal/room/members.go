package room

import (
	"encoding/json"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// joinFacts is who came in. Quiet is for many at once: they leave no line in the conversation.
type joinFacts struct {
	Who   []Newcomer `json:"who"`
	Quiet bool       `json:"quiet,omitempty"`
}

func (s *State) applyMember(change *Change, verb string, at int64, e *entry.Entry) {
	switch verb {
	case "join":
		var f joinFacts
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		for _, n := range f.Who {
			s.enter(at, n)
			change.Joined = append(change.Joined, s.known(n.Person))
		}
		if !f.Quiet && len(f.Who) == 1 {
			s.applyJoined(change, at, f.Who[0].Person)
		}
	case "renamed":
		var f Newcomer
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		if m := s.core.Members[f.Person]; m != nil {
			m.Rev = max(m.Rev, f.Rev)
			change.Renamed = []Newcomer{s.known(f.Person)}
		}
	case "badge":
		var f Newcomer
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		if m := s.core.Members[f.Person]; m != nil && f.Badge != "" {
			if m.Role == "" {
				m.Badge = f.Badge
			}
			change.Renamed = []Newcomer{s.known(f.Person)}
		}
	case "drop":
		var f dropFacts
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		for _, loss := range f.Who {
			s.applyLoss(change, loss, e)
		}
	case "remove", "leave": // of before the office was asked for both
		var f memberFacts
		if json.Unmarshal(e.Facts, &f) != nil || s.core.Members[f.Person] == nil {
			return
		}
		s.exit(f.Person)
		if verb == "remove" {
			s.core.Removed[f.Person] = f.Until
		}
		change.Gone = []Leaver{{Person: f.Person, Until: f.Until, Words: e.Words, Self: e.By == f.Person}}
	case "removed": // by the office; also who is not in, so that they read why
		var f memberFacts
		if json.Unmarshal(e.Facts, &f) != nil || f.Person == "" {
			return
		}
		s.core.Removed[f.Person] = f.Until
		if s.core.Members[f.Person] != nil {
			s.exit(f.Person)
			change.Gone = []Leaver{{Person: f.Person, Until: f.Until, Words: e.Words}}
		}
	case "restored":
		var f memberFacts
		if json.Unmarshal(e.Facts, &f) == nil {
			delete(s.core.Removed, f.Person)
		}
	case "mute":
		var f memberFacts
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		if m := s.core.Members[f.Person]; m != nil {
			m.Muted = f.Until
			change.Muted = &Mute{Person: f.Person, Until: f.Until, Words: e.Words}
		}
	default:
		s.core.Strange = true
	}
}

// applyJoined makes the line that tells of a newcomer: an item of the kind joined, by the newcomer.
func (s *State) applyJoined(change *Change, at int64, who id.Person) {
	item := &Item{Seq: s.core.Seq, Ch: s.core.Seq, Kind: "joined", By: who, At: at}
	if k := kind.Of("joined"); k != nil {
		item.Card = k.New()
		item.Sum = k.Summary(nil, nil)
	}
	s.hand[item.Seq] = item
	change.Item, change.New = item, true
}

// enter takes somebody in, or adds a premises, badge or role to who is in already.
func (s *State) enter(at int64, n Newcomer) {
	m := s.core.Members[n.Person]
	if m == nil {
		m = &Member{Joined: at}
		s.core.Members[n.Person] = m
	}
	delete(s.core.Removed, n.Person)
	m.Rev = max(m.Rev, n.Rev)
	if n.Badge != "" && (m.Role == "" || n.Role != "") {
		m.Badge = n.Badge
	}
	if n.Role != "" {
		m.Role = n.Role
	}
	if n.Premises == "" || slices.Contains(m.Premises, n.Premises) {
		return
	}
	m.Premises = append(m.Premises, n.Premises)
	if d, ok := s.core.Premises[n.Premises]; ok && len(s.behind[n.Premises]) == 0 {
		s.count(d.Kind).Covered++
	}
	s.behind[n.Premises] = append(s.behind[n.Premises], n.Person)
}

// leavePremises takes somebody from behind a door; the door is uncovered when it was the last.
func (s *State) leavePremises(p id.Person, m *Member, h id.Premises) {
	if !slices.Contains(m.Premises, h) {
		return
	}
	m.Premises = slices.DeleteFunc(slices.Clone(m.Premises), func(x id.Premises) bool { return x == h })
	s.behind[h] = slices.DeleteFunc(slices.Clone(s.behind[h]), func(x id.Person) bool { return x == p })
	if len(s.behind[h]) == 0 {
		delete(s.behind, h)
		if d, ok := s.core.Premises[h]; ok {
			s.count(d.Kind).Covered--
		}
	}
}

func (s *State) exit(p id.Person) {
	m := s.core.Members[p]
	for _, h := range slices.Clone(m.Premises) {
		s.leavePremises(p, m, h)
	}
	delete(s.core.Members, p)
}

// loss is a premises or a role that somebody no longer has here. Badge is what they are from now on; without one nothing holds
// them, and they leave.
type loss struct {
	Person   id.Person   `json:"person"`
	Premises id.Premises `json:"premises,omitempty"`
	Role     entry.Role  `json:"role,omitempty"`
	Badge    string      `json:"badge,omitempty"`
}

type dropFacts struct {
	Who []loss `json:"who"`
}

func (s *State) applyLoss(change *Change, l loss, e *entry.Entry) {
	m := s.core.Members[l.Person]
	if m == nil {
		return
	}
	s.leavePremises(l.Person, m, l.Premises)
	if m.Role == l.Role {
		m.Role = ""
	}
	m.Badge = l.Badge
	if l.Badge == "" {
		s.exit(l.Person)
		change.Gone = append(change.Gone, Leaver{Person: l.Person, Words: e.Words, Self: e.By == l.Person})
		return
	}
	change.Renamed = append(change.Renamed, s.known(l.Person))
}

// known is a member as whoever makes their display name must know them: as of this entry, whatever happens to them next.
func (s *State) known(p id.Person) Newcomer {
	m := s.core.Members[p]
	return Newcomer{Person: p, Premises: m.home(), Badge: m.Badge, Role: m.Role, Rev: m.Rev, Place: s.core.Premises[m.home()].Label}
}

// doorFacts is which premises the room has.
type doorFacts struct {
	Add []struct {
		ID    id.Premises `json:"id"`
		Label string      `json:"label"`
		Kind  string      `json:"kind"`
	} `json:"add,omitempty"`
	Drop []id.Premises `json:"drop,omitempty"`
}

func (s *State) applyRoom(change *Change, verb string, e *entry.Entry) {
	switch verb {
	case "open", "renamed":
		var f struct {
			Name      string       `json:"name"`
			Community id.Community `json:"community"`
		}
		if json.Unmarshal(e.Facts, &f) == nil {
			s.core.Name, s.core.Community = f.Name, f.Community
		}
	case "rules":
		var f struct {
			Without  []string    `json:"without"`
			Reserved []kind.Lane `json:"reserved"`
		}
		if json.Unmarshal(e.Facts, &f) == nil {
			s.core.Without, s.core.Reserved, change.Rules = f.Without, f.Reserved, true
		}
	case "premises":
		var f doorFacts
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		for _, h := range f.Drop {
			s.recount(h, Door{}, false)
		}
		for _, d := range f.Add {
			s.recount(d.ID, Door{Label: d.Label, Kind: d.Kind}, true)
		}
	}
}

// recount replaces, adds or drops a door and keeps the coverage right.
func (s *State) recount(h id.Premises, d Door, there bool) {
	step := func(kind string, by int) {
		count := s.count(kind)
		count.All += by
		if len(s.behind[h]) > 0 {
			count.Covered += by
		}
	}
	if old, ok := s.core.Premises[h]; ok {
		step(old.Kind, -1)
		delete(s.core.Premises, h)
	}
	if there {
		s.core.Premises[h] = d
		step(d.Kind, +1)
	}
}
