package office

import (
	"cmp"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// usual is how much one person may take on until the office says otherwise.
var usual = entry.Limits{Residents: entry.Limit{Claims: 5, Contacts: 20}, Volunteers: entry.Limit{Claims: 20, Contacts: 100}}

const (
	mostLimit = 1000
	// ContactsWithin is how long it counts whose phone somebody was shown.
	ContactsWithin = 24 * time.Hour
	contacting     = "contact" // the reason of a look at a phone that a request shows
)

var volunteers = []string{"志愿者", "党员志愿者"}

// Limits is how much one person may take on.
func (s *State) Limits() entry.Limits {
	if s.core.Limits == nil {
		return usual
	}
	return *s.core.Limits
}

// LimitOf is how much this person may take on: who is a volunteer in any room has their limits.
func (s *State) LimitOf(p id.Person) entry.Limit {
	who := s.core.People[p]
	helps := who != nil && slices.ContainsFunc(who.Bindings, func(b Binding) bool { return slices.Contains(volunteers, b.Badge) })
	return s.Limits().For(helps)
}

// limitsAsked are those of the limits that a command changes: what is left out stays as it is.
type limitsAsked struct {
	Residents  limitAsked `json:"residents"`
	Volunteers limitAsked `json:"volunteers"`
}

type limitAsked struct {
	Claims   *int `json:"claims"`
	Contacts *int `json:"contacts"`
}

func (s *State) mayLimit(a *asking) ([]step, error) {
	f, err := take[limitsAsked](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(place{}, governors); err != nil {
		return nil, err
	}
	now, out := s.Limits(), entry.Limits{}
	for _, x := range []struct {
		field   string
		asked   *int
		is, set *int
	}{
		{"residents", f.Residents.Claims, &now.Residents.Claims, &out.Residents.Claims},
		{"residents", f.Residents.Contacts, &now.Residents.Contacts, &out.Residents.Contacts},
		{"volunteers", f.Volunteers.Claims, &now.Volunteers.Claims, &out.Volunteers.Claims},
		{"volunteers", f.Volunteers.Contacts, &now.Volunteers.Contacts, &out.Volunteers.Contacts},
	} {
		switch {
		case x.asked == nil || *x.asked == *x.is:
		case *x.asked < 1 || *x.asked > mostLimit:
			return nil, invalid(x.field, "1 to 1000")
		default:
			*x.set = *x.asked
		}
	}
	if out == (entry.Limits{}) {
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	return one(out), nil
}

// limited takes the limits that an entry names; 0 is none of them. Old entries name all.
func (s *State) limited(ev *event) {
	f, ok := read[entry.Limits](ev.Entry)
	if !ok || f == (entry.Limits{}) {
		return
	}
	now := s.Limits()
	over := func(l *entry.Limit, f entry.Limit) {
		l.Claims, l.Contacts = cmp.Or(f.Claims, l.Claims), cmp.Or(f.Contacts, l.Contacts)
	}
	over(&now.Residents, f.Residents)
	over(&now.Volunteers, f.Volunteers)
	s.core.Limits = &now
}

// contact is whose phone somebody was shown, and when first within the day.
type contact struct {
	Of id.Person `json:"of"`
	At int64     `json:"at"`
}

// Contacts is of how many people somebody was shown the phone by requests within a day, and when the first of them no longer counts (ms).
func (s *State) Contacts(p id.Person, now int64) (n int, until int64) {
	for _, c := range s.core.Contacts[p] {
		if now-c.At >= ContactsWithin.Milliseconds() {
			continue
		}
		if n++; until == 0 {
			until = c.At + ContactsWithin.Milliseconds()
		}
	}
	return n, until
}

// mayContact bounds of how many people somebody is shown the phone: claiming, looking and releasing again gathers them. Who answers for a
// room sees its phones anyway.
func (s *State) mayContact(f *lookFacts, now int64) error {
	if f.Reason != contacting || len(s.GrantsOf(f.By)) > 0 {
		return nil
	}
	for _, c := range s.core.Contacts[f.By] {
		if now-c.At < ContactsWithin.Milliseconds() && slices.Contains(f.Of, c.Of) {
			return nil // seen already
		}
	}
	if n, until := s.Contacts(f.By, now); n >= s.LimitOf(f.By).Contacts {
		return fault.New(fault.Quota, "so many phones were seen within a day already").And("field", "contacts").And("limit", s.LimitOf(f.By).Contacts).And("until", until)
	}
	return nil
}

// contacted keeps whose phone somebody was shown.
func (s *State) contacted(f *lookFacts, at int64) {
	if f.Reason != contacting || f.By == "" {
		return
	}
	if s.core.Contacts == nil {
		s.core.Contacts = map[id.Person][]contact{}
	}
	list := slices.DeleteFunc(slices.Clone(s.core.Contacts[f.By]), func(c contact) bool { return at-c.At >= ContactsWithin.Milliseconds() })
	for _, p := range f.Of {
		if !slices.ContainsFunc(list, func(c contact) bool { return c.Of == p }) && len(list) < mostLimit {
			list = append(list, contact{p, at})
		}
	}
	s.core.Contacts[f.By] = list
}
