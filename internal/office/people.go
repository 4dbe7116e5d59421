package office

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Person is somebody the office knows: by id, and what binds them.
type Person struct {
	Rev      int           `json:"rev"`              // of the display name
	Record   string        `json:"record,omitempty"` // which of their records in the register is in force; empty: the first
	Bindings []Binding     `json:"bindings,omitempty"`
	Grants   []entry.Grant `json:"grants,omitempty"`
	Agreed   []int         `json:"agreed,omitempty"` // versions of charters agreed to; they count through the whole office
	Made     bool          `json:"made,omitempty"`   // by an appointment, and not used since: who may give the post may give a first code
}

// Binding lets a person into a room: for a premises, or, as police and property managers, for none.
type Binding struct {
	Room     id.Room     `json:"room"`
	Premises id.Premises `json:"premises,omitempty"`
	Badge    string      `json:"badge"`
	Relation string      `json:"relation,omitempty"`
}

// The badges that one can be admitted with. Staff may be given another.
var Badges = []string{"片警", "物业", "公共单位", "商户", "业委会", "党员志愿者", "志愿者", "业主", "租户", "家属"}

// Relations to the premises, and the badge each gives when no other is chosen.
var relations = map[string]string{"owner": "业主", "tenant": "租户", "family": "家属", "shop": "商户", "other": ""}

// household tells whether a badge says that somebody belongs to a household or a shop, and so to a door.
func household(badge string) bool {
	for _, b := range relations {
		if b != "" && b == badge {
			return true
		}
	}
	return false
}

var roleBadges = map[entry.Role]string{entry.Owner: "群主", entry.Deputy: "副群主"}

func (p *Person) bound(r id.Room, h id.Premises) bool {
	return slices.ContainsFunc(p.Bindings, func(b Binding) bool { return b.Room == r && b.Premises == h })
}

// in is what binds a person to a room, a premises before none; nil when nothing does.
func (p *Person) in(r id.Room) (found *Binding) {
	for i := range p.Bindings {
		if b := &p.Bindings[i]; b.Room == r && (found == nil || found.Premises == "") {
			found = b
		}
	}
	return found
}

// badge is what a person wears in a room, leaving some bindings and a role out of account; empty when nothing else binds
// them to it.
func (p *Person) badge(r id.Room, but func(Binding) bool, lost entry.Role) string {
	for _, g := range p.Grants {
		if g.Room == r && g.Role != lost && roleBadges[g.Role] != "" {
			return roleBadges[g.Role]
		}
	}
	for _, b := range p.Bindings {
		if b.Room == r && (but == nil || !but(b)) {
			return b.Badge
		}
	}
	return ""
}

// inside tells whether a person is bound to a room or answers for it.
func (p *Person) inside(r id.Room) bool {
	return slices.ContainsFunc(p.Bindings, func(b Binding) bool { return b.Room == r }) ||
		slices.ContainsFunc(p.Grants, func(g entry.Grant) bool { return g.Room == r })
}

// rooms are those a person is bound to or answers for.
func (p *Person) rooms() []id.Room {
	var rooms []id.Room
	for _, b := range p.Bindings {
		rooms = append(rooms, b.Room)
	}
	for _, g := range p.Grants {
		if g.Room != "" {
			rooms = append(rooms, g.Room)
		}
	}
	slices.Sort(rooms)
	return slices.Compact(rooms)
}

// newcomer is somebody who comes into a room.
type newcomer struct {
	Person   id.Person   `json:"person"`
	Room     id.Room     `json:"room,omitempty"`
	Premises id.Premises `json:"premises,omitempty"`
	Badge    string      `json:"badge,omitempty"`
	Relation string      `json:"relation,omitempty"`
	Role     entry.Role  `json:"role,omitempty"`
	Rev      int         `json:"rev,omitempty"`
}

type admitFacts struct {
	People []newcomer `json:"people"`
	Quiet  bool       `json:"quiet,omitempty"`
}

// mayAdmit lets many in at once, without asking them: staff from the office's table, a bulk admission. Who was removed stays out.
func (s *State) mayAdmit(a *asking) ([]step, error) {
	f, err := take[admitFacts](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(place{}, governors); err != nil {
		return nil, err
	}
	if len(f.People) > MaxBatch {
		return nil, fault.New(fault.TooLarge, "too many at once").And("limit", MaxBatch)
	}
	out := admitFacts{Quiet: f.Quiet}
	var kept error
	for _, n := range f.People {
		if err := s.sane(&n); err != nil {
			return nil, err
		}
		if err := s.mayEnter(a.by.Person, n.Person, n.Room, a.now); err != nil {
			kept = err
			continue
		}
		if !s.admitted(n) && !slices.Contains(out.People, n) {
			out.People = append(out.People, n)
		}
	}
	switch {
	case len(out.People) > 0:
		return one(out), nil
	case kept != nil:
		return nil, kept
	}
	return nil, fault.New(fault.Unchanged, "all of them are in already")
}

// mayBind lets those who decide on a room bind somebody who is in it to one more of its doors.
func (s *State) mayBind(a *asking) ([]step, error) {
	n, err := take[newcomer](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(s.at(n.Room), deciders); err != nil {
		return nil, err
	}
	who := s.core.People[n.Person]
	switch {
	case who == nil || !who.inside(n.Room):
		return nil, fault.New(fault.NotFound, "no such member").And("field", "person")
	case n.Premises == "":
		return nil, invalid("premises", "which door?")
	case who.bound(n.Room, n.Premises):
		return nil, fault.New(fault.Unchanged, "bound to it already")
	}
	n.Role, n.Badge = "", ""
	for _, b := range who.Bindings {
		if b.Room == n.Room {
			n.Badge = cmp.Or(n.Badge, b.Badge)
		}
	}
	if err := s.sane(&n); err != nil {
		return nil, err
	}
	return one(admitFacts{People: []newcomer{n}, Quiet: true}), nil
}

// sane checks a newcomer and fills in what follows from the rest.
func (s *State) sane(n *newcomer) error {
	badge, known := relations[n.Relation]
	switch {
	case !proper(n.Person) || n.Person == id.Server:
		return invalid("person", "a person is missing")
	case s.core.Rooms[n.Room] == nil:
		return fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case n.Relation != "" && !known:
		return invalid("relation", "no such relation")
	case n.Role != "" && roleBadges[n.Role] == "":
		return invalid("role", "one comes into a room as owner, deputy or neither")
	case n.Premises != "" && !s.lies(n.Premises, n.Room):
		return fault.New(fault.Conflicting, "the premises do not belong to this room").And("field", "premises")
	}
	n.Badge = cmp.Or(n.Badge, badge, roleBadges[n.Role])
	if n.Badge == "" || !fits(n.Badge, 12) || !utf8.ValidString(n.Badge) {
		return invalid("badge", "a badge is missing or too long")
	}
	n.Rev = s.rev(n.Person)
	return nil
}

// lies tells whether premises belong to a room.
func (s *State) lies(h id.Premises, r id.Room) bool {
	p := s.core.Premises[h]
	return p != nil && p.Room == r
}

// rev is that of a person's display name now.
func (s *State) rev(p id.Person) int {
	if who := s.core.People[p]; who != nil {
		return who.Rev
	}
	return 1
}

// admitted tells whether a newcomer is in already, as this.
func (s *State) admitted(n newcomer) bool {
	who := s.core.People[n.Person]
	if who == nil || n.Role != "" && !slices.Contains(who.Grants, entry.Grant{Role: n.Role, Room: n.Room}) {
		return false
	}
	return n.Role != "" && n.Premises == "" || slices.Contains(who.Bindings, n.binding())
}

func (n newcomer) binding() Binding {
	return Binding{Room: n.Room, Premises: n.Premises, Badge: n.Badge, Relation: n.Relation}
}

func (s *State) admit(ev *event) {
	f, ok := read[admitFacts](ev.Entry)
	if !ok {
		return
	}
	for _, n := range f.People {
		if n.Person == "" || n.Room == "" {
			continue
		}
		// Who comes as an owner without premises is held by the role alone, and leaves with it.
		if n.Role == "" || n.Premises != "" {
			s.bind(n.Person, n.Rev, n.binding())
		} else {
			s.person(n.Person, n.Rev)
		}
		ev.tell(Change{What: Who, Person: n.Person, Room: n.Room})
		if n.Role != "" {
			s.grant(ev, n.Person, entry.Grant{Role: n.Role, Room: n.Room})
		}
	}
}

// person is somebody's record, made when new.
func (s *State) person(p id.Person, rev int) *Person {
	who := s.core.People[p]
	if who == nil {
		who = &Person{Rev: 1}
		s.core.People[p] = who
	}
	who.Rev = max(who.Rev, rev)
	return who
}

// bind binds a person to a room and premises, or changes the badge and relation they have there.
func (s *State) bind(p id.Person, rev int, b Binding) {
	if p == "" || b.Room == "" {
		return
	}
	b.Room, b.Badge, b.Relation = id.Room(s.once(string(b.Room))), s.once(b.Badge), s.once(b.Relation)
	who := s.person(p, rev)
	for i, old := range who.Bindings {
		if old.Room == b.Room && old.Premises == b.Premises {
			who.Bindings[i] = b
			return
		}
	}
	who.Bindings = append(who.Bindings, b)
	s.stand(p, b.Premises)
}

func (s *State) unbind(p id.Person, r id.Room, h id.Premises) {
	who := s.core.People[p]
	if who == nil {
		return
	}
	who.Bindings = slices.DeleteFunc(who.Bindings, func(b Binding) bool { return b.Room == r && b.Premises == h })
	if len(who.Bindings) == 0 {
		who.Bindings = nil
	}
	if h != "" && !slices.ContainsFunc(who.Bindings, func(b Binding) bool { return b.Premises == h }) {
		if s.behind[h] = without(s.behind[h], p); len(s.behind[h]) == 0 {
			delete(s.behind, h)
		}
	}
}

// stand notes that a person is behind a door.
func (s *State) stand(p id.Person, h id.Premises) {
	if h != "" {
		s.behind[h] = with(s.behind[h], p)
	}
}

type badgeFacts struct {
	Person id.Person `json:"person"`
	Room   id.Room   `json:"room"`
	Badge  string    `json:"badge,omitempty"` // in a command, empty: take the badge; the entry has what is worn from now on
}

// mayBadge gives a member another badge, or takes the one they have: who has a door is then again what they are to it. One may give
// up one's own.
func (s *State) mayBadge(a *asking) ([]step, error) {
	f, err := take[badgeFacts](a)
	if err != nil {
		return nil, err
	}
	if f.Badge != "" || f.Person != a.by.Person {
		if err := a.may(s.at(f.Room), deciders); err != nil {
			return nil, err
		}
	}
	who := s.core.People[f.Person]
	if who == nil || who.in(f.Room) == nil {
		return nil, fault.New(fault.NotFound, "there is no such member")
	}
	b := who.in(f.Room)
	if f.Badge == "" && b.Premises != "" {
		f.Badge = relations[b.Relation]
	}
	switch {
	case f.Badge == "", household(f.Badge) && b.Premises == "":
		return nil, fault.New(fault.NoPremises, "nobody is of a household without a door, and without a badge nothing holds them here").And("field", "badge")
	case !slices.Contains(Badges, f.Badge):
		return nil, invalid("badge", "no such badge")
	case b.Badge == f.Badge:
		return nil, fault.New(fault.Unchanged, "worn already")
	}
	return one(f), nil
}

func (s *State) badged(ev *event) {
	if f, ok := read[badgeFacts](ev.Entry); ok && f.Badge != "" {
		s.wear(f.Person, f.Room, f.Badge)
		ev.tell(Change{What: Who, Person: f.Person, Room: f.Room})
	}
}

// wear changes the badge that a person has in a room.
func (s *State) wear(p id.Person, r id.Room, badge string) {
	if who := s.core.People[p]; who != nil {
		for i := range who.Bindings {
			if b := &who.Bindings[i]; b.Room == r {
				b.Badge = s.once(badge)
			}
		}
	}
}

type renameFacts struct {
	Person id.Person `json:"person"`
	Record string    `json:"record,omitempty"` // which of their records is in force from now on; empty: the same
	Room   id.Room   `json:"room,omitempty"`   // where it was ordered
	Rev    int       `json:"rev,omitempty"`
	Rooms  []id.Room `json:"rooms,omitempty"`
}

// mayRename says that the register has another name, or the office another rule for names: every room asks again. A person
// cannot rename themselves.
func (s *State) mayRename(a *asking) ([]step, error) {
	f, err := take[renameFacts](a)
	if err != nil {
		return nil, err
	}
	if !proper(f.Person) {
		return nil, invalid("person", "a person is missing")
	}
	who := s.core.People[f.Person]
	if who == nil {
		return nil, fault.New(fault.NotFound, "there is no such person")
	}
	if err := s.mayCare(a, f.Person); err != nil {
		return nil, err
	}
	if err := s.mayHandle(a, who); err != nil {
		return nil, err
	}
	f.Rev, f.Rooms = max(f.Rev, who.Rev+1), who.rooms()
	return one(f), nil
}

// mayCare is for what concerns a person wherever they are: the office's administrators, and who answers for one of their rooms.
func (s *State) mayCare(a *asking, p id.Person) error {
	if who := s.core.People[p]; who != nil {
		for _, r := range who.rooms() {
			if a.may(s.at(r), deciders) == nil {
				return nil
			}
		}
	}
	return a.may(place{}, governors)
}

func (s *State) renamed(ev *event) {
	if f, ok := read[renameFacts](ev.Entry); ok && f.Person != "" {
		s.person(f.Person, f.Rev)
		if f.Record == "" {
			ev.tell(Change{What: Name, Person: f.Person})
			return
		}
		s.hold(ev, f.Person, f.Record, f.Rev, f.Room)
	}
}

// mayHandle is for what changes who somebody is or how they sign in: not for people whose roles one's own do not outrank everywhere.
func (s *State) mayHandle(a *asking, who *Person) error {
	if a.server() || held(a.by.Grants, place{}, governors) != "" {
		return nil
	}
	for _, g := range who.Grants {
		outranks := func(mine entry.Grant) bool { return reaches(mine, s.of(g)) && strength(mine.Role) > strength(g.Role) }
		if !slices.ContainsFunc(a.by.Grants, outranks) {
			return fault.New(fault.Forbidden, "only who is above may, for this person")
		}
	}
	return nil
}

// moveFacts ends bindings. badge is what the person still is in that room; empty when nothing holds them there any more.
type moveFacts struct {
	Person id.Person `json:"person"`
	Ends   []ending  `json:"ends"`
}

type ending struct {
	Room     id.Room     `json:"room"`
	Premises id.Premises `json:"premises,omitempty"`
	Badge    string      `json:"badge,omitempty"`
}

// mayMove takes a person from behind a door: from that premises in all rooms, from it in one, or, when no premises is named,
// from all that binds them to a room but a role.
func (s *State) mayMove(a *asking) ([]step, error) {
	f, err := take[struct {
		Person   id.Person   `json:"person"`
		Room     id.Room     `json:"room"`
		Premises id.Premises `json:"premises"`
	}](a)
	if err != nil {
		return nil, err
	}
	if f.Person == "" || f.Room == "" && f.Premises == "" {
		return nil, invalid("person", "a person, and a room or premises, are missing")
	}
	meant := func(b Binding) bool {
		return (f.Room == "" || b.Room == f.Room) && (f.Premises == "" || b.Premises == f.Premises)
	}
	if f.Room != "" {
		if err := a.may(s.at(f.Room), deciders); err != nil {
			return nil, err
		}
	}
	who := s.core.People[f.Person]
	out := moveFacts{Person: f.Person}
	if who != nil {
		for _, b := range who.Bindings {
			if !meant(b) {
				continue
			}
			if err := a.may(s.at(b.Room), deciders); err != nil {
				return nil, err
			}
			out.Ends = append(out.Ends, ending{b.Room, b.Premises, who.badge(b.Room, meant, "")})
		}
	}
	if len(out.Ends) == 0 {
		// Whether somebody is bound somewhere is told only to who may know.
		if f.Room == "" {
			if err := s.mayCare(a, f.Person); err != nil {
				return nil, err
			}
		}
		return nil, fault.New(fault.Unchanged, "not bound there")
	}
	var left []id.Room
	for _, end := range out.Ends {
		if end.Badge == "" { // nothing holds them there any more
			left = append(left, end.Room)
		}
	}
	return append(one(out), s.unwish(f.Person, left...)...), nil
}

// mayLeave lets somebody out of a room who does not answer for it. The office is asked, not the room: it knows who stands behind its
// doors.
func (s *State) mayLeave(a *asking) ([]step, error) {
	f, err := take[struct {
		Person id.Person `json:"person"` // of the server alone; anybody else speaks for themselves
		Room   id.Room   `json:"room"`
	}](a)
	if err != nil {
		return nil, err
	}
	if !a.server() {
		f.Person = a.by.Person
	}
	who := s.core.People[f.Person]
	if who == nil || !who.inside(f.Room) {
		return nil, fault.New(fault.NotMember, "not a member of this room")
	}
	if slices.ContainsFunc(who.Grants, func(g entry.Grant) bool { return g.Room == f.Room }) {
		return nil, fault.New(fault.Forbidden, "who answers for the room cannot leave it; the office takes the role back first").And("field", "role")
	}
	out := moveFacts{Person: f.Person}
	for _, b := range who.Bindings {
		if b.Room == f.Room {
			out.Ends = append(out.Ends, ending{Room: b.Room, Premises: b.Premises})
		}
	}
	return append(one(out), s.unwish(f.Person, f.Room)...), nil
}

func (s *State) moved(ev *event) {
	f, ok := read[moveFacts](ev.Entry)
	if !ok {
		return
	}
	for _, end := range f.Ends {
		s.unbind(f.Person, end.Room, end.Premises)
		ev.tell(Change{What: Who, Person: f.Person, Room: end.Room})
	}
}
