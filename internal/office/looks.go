package office

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Look is one look at personal data, or a code issued for somebody's sign-in: what the person may see of it.
type Look struct {
	Seq    entry.Seq `json:"seq"`
	By     id.Person `json:"by"`
	As     string    `json:"as,omitempty"`
	At     int64     `json:"at"`
	Reason string    `json:"reason"` // a key that the client words: admission, members, contact, code, reset, name
	Room   id.Room   `json:"room,omitempty"`
}

// again is within which the same look by the same person is shown as one, with its latest time. The log has them all.
const again = time.Hour

// atOnce is within which the same person who looks at the same once more is still looking: a page that reads itself again is no other look.
const atOnce = time.Minute

// looking tells whether somebody began to look at a person's data just now, for the same reason.
func (s *State) looking(p id.Person, f *lookFacts, by id.Person, now int64) bool {
	return slices.ContainsFunc(s.looked[p], func(l *Look) bool {
		return l.By == by && l.Reason == f.Reason && l.Room == f.Room && now-l.At < atOnce.Milliseconds()
	})
}

// people is one person or a list of them.
type people []id.Person

func (p *people) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]id.Person)(p))
	}
	*p = make(people, 1)
	return json.Unmarshal(b, &(*p)[0])
}

type lookFacts struct {
	By     id.Person `json:"by,omitempty"` // who looked, when the server says so
	Of     people    `json:"of"`
	Reason string    `json:"reason"`
	Room   id.Room   `json:"room,omitempty"`
}

// mayLook records a look, before the data leaves, at all whom its person is not looking at already: fault.Unchanged when there are none. Whether somebody may look, the register's callers check; here it takes an
// office role, or the server's word that a card entitles.
func (s *State) mayLook(a *asking) ([]step, error) {
	f, err := take[lookFacts](a)
	switch {
	case err != nil:
		return nil, err
	case len(f.Of) == 0 || len(f.Of) > MaxBatch || slices.ContainsFunc(f.Of, func(p id.Person) bool { return !proper(p) }):
		return nil, invalid("of", "whom was looked at?")
	case !proper(f.Reason):
		return nil, invalid("reason", "a reason is one word")
	case a.server() && !proper(f.By):
		return nil, invalid("by", "who looked?")
	case !a.server() && f.By != "" && f.By != a.by.Person:
		return nil, fault.New(fault.Forbidden, "one looks for oneself")
	}
	if !a.server() {
		at := place{}
		if f.Room != "" {
			at = s.at(f.Room)
		}
		if held(a.by.Grants, at, readers) == "" && (f.Room != "" || len(a.by.Grants) == 0) {
			return nil, fault.New(fault.Forbidden, "no right to look")
		}
		a.as = string(held(a.by.Grants, at, readers))
		f.By = ""
	} else if err := s.mayContact(&f, a.now); err != nil {
		return nil, err
	}
	by := cmp.Or(f.By, a.by.Person)
	if f.Of = slices.DeleteFunc(f.Of, func(p id.Person) bool { return s.looking(p, &f, by, a.now) }); len(f.Of) == 0 {
		return nil, fault.New(fault.Unchanged, "that look is on record")
	}
	return one(f), nil
}

func (s *State) noted(ev *event) {
	f, ok := read[lookFacts](ev.Entry)
	if !ok {
		return
	}
	s.contacted(&f, ev.at)
	s.look(ev, f.Of, &Look{
		Seq: ev.seq, By: cmp.Or(f.By, ev.By), As: ev.As, At: ev.at, Reason: s.once(f.Reason), Room: id.Room(s.once(string(f.Room))),
	})
}

// look keeps one record for all whom it concerned.
func (s *State) look(ev *event, of []id.Person, l *Look) {
	for _, p := range of {
		list := s.looked[p]
		if n := len(list); n > 0 {
			last := list[n-1]
			if last.Seq == l.Seq {
				continue
			}
			if last.By == l.By && last.Reason == l.Reason && last.Room == l.Room && l.At-last.At < again.Milliseconds() {
				list[n-1] = l
				continue
			}
		}
		if list = append(list, l); len(list) > keptLooks {
			list = slices.Delete(list, 0, 1)
		}
		s.looked[p] = list
	}
	if len(of) == 1 {
		ev.tell(Change{What: Looked, Person: of[0], Room: l.Room})
	}
}

// allLooks is every look that somebody is still shown, once, with all of those.
func (s *State) allLooks() []lookAt {
	of := map[*Look][]id.Person{}
	for _, p := range sortedKeys(s.looked) {
		for _, l := range s.looked[p] {
			of[l] = append(of[l], p)
		}
	}
	all := make([]lookAt, 0, len(of))
	for l, people := range of {
		all = append(all, lookAt{l, people})
	}
	slices.SortFunc(all, func(a, b lookAt) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

type issueFacts struct {
	Person id.Person `json:"person"`
	Room   id.Room   `json:"room,omitempty"`
}

// mayIssue is for the ten-minute code that lets a person in anew. Whoever gets it becomes that person, so it comes only from an owner
// or deputy of a room that the person was admitted to, a post being no admission; and never for somebody with a role that does not
// end below the issuer's own.
func (s *State) mayIssue(a *asking) ([]step, error) {
	f, err := take[issueFacts](a)
	if err != nil {
		return nil, err
	}
	who := s.core.People[f.Person]
	if who == nil {
		return nil, fault.New(fault.NotFound, "there is no such person")
	}
	if err := a.may(s.at(f.Room), []entry.Role{entry.Owner, entry.Deputy}); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(who.Bindings, func(b Binding) bool { return b.Room == f.Room }) {
		return nil, fault.New(fault.NotFound, "there is no such person in this room")
	}
	if err := s.mayHandle(a, who); err != nil {
		return nil, err
	}
	return one(f), nil
}

func (s *State) issued(ev *event) {
	if f, ok := read[issueFacts](ev.Entry); ok && f.Person != "" {
		s.look(ev, []id.Person{f.Person}, &Look{Seq: ev.seq, By: ev.By, As: ev.As, At: ev.at, Reason: "code", Room: f.Room})
		ev.tell(Change{What: Coded, Person: f.Person, Room: f.Room})
	}
}
