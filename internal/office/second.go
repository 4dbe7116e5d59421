package office

import (
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// secondFacts is from when on who holds a post signs in with a second step (ms); 0: whoever wants to.
type secondFacts struct {
	From *int64 `json:"from"`
}

func (s *State) maySecond(a *asking) ([]step, error) {
	f, err := take[secondFacts](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(place{}, governors); err != nil {
		return nil, err
	}
	switch {
	case f.From == nil || *f.From < 0:
		return nil, invalid("from", "a time, or 0")
	case *f.From == s.core.Second:
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	return one(f), nil
}

func (s *State) seconded(ev *event) {
	if f, ok := read[secondFacts](ev.Entry); ok && f.From != nil {
		s.core.Second = *f.From
	}
}

// SecondFrom is from when on who holds a post signs in with a second step (ms); 0: whoever wants to.
func (s *State) SecondFrom() int64 { return s.core.Second }

// AsksSecond is SecondFrom for somebody: 0 for who holds no post.
func (s *State) AsksSecond(p id.Person) int64 {
	if who := s.core.People[p]; who == nil || len(who.Grants) == 0 {
		return 0
	}
	return s.core.Second
}

// mayReset is for the ten-minute code that lets somebody who holds a post in anew, with a new password and without their second step: by who
// stands above all of their posts, and for an administrator by the server alone, whose machine somebody has.
func (s *State) mayReset(a *asking) ([]step, error) {
	f, err := take[issueFacts](a)
	if err != nil {
		return nil, err
	}
	who := s.core.People[f.Person]
	out := issueFacts{Person: f.Person}
	if a.server() {
		if who == nil || !slices.Contains(who.Grants, entry.Grant{Role: entry.Admin}) {
			return nil, fault.New(fault.NotFound, "there is no such administrator")
		}
		return one(out), nil
	}
	if who == nil || !s.above(a, who) {
		return nil, fault.New(fault.Forbidden, "only who is above may, for this person")
	}
	return one(out), nil
}

// above tells whether somebody's posts all end below a post of who asks, and notes the strongest of those.
func (s *State) above(a *asking, who *Person) bool {
	for _, g := range who.Grants {
		at := slices.IndexFunc(a.by.Grants, func(mine entry.Grant) bool {
			return reaches(mine, s.of(g)) && mine.Role != entry.Assessor && strength(mine.Role) > strength(g.Role)
		})
		if at < 0 {
			return false
		}
		if role := a.by.Grants[at].Role; strength(role) > strength(entry.Role(a.as)) {
			a.as = string(role)
		}
	}
	return len(who.Grants) > 0
}

func (s *State) reset(ev *event) {
	if f, ok := read[issueFacts](ev.Entry); ok && f.Person != "" {
		s.look(ev, []id.Person{f.Person}, &Look{Seq: ev.seq, By: ev.By, As: ev.As, At: ev.at, Reason: "reset"})
		ev.tell(Change{What: Coded, Person: f.Person})
	}
}

// MayReset tells whether somebody may give another one a code that lets them in anew.
func (s *State) MayReset(by, p id.Person) bool {
	who := s.core.People[p]
	return who != nil && s.above(&asking{by: entry.Actor{Person: by, Grants: s.GrantsOf(by)}}, who)
}

// Above is somebody who may give a person such a code: of those who are nearest, the first; empty when there is none but who has the machine.
func (s *State) Above(p id.Person) id.Person {
	var best Post
	for _, post := range s.Staff("", "") {
		if post.Person != p && (best.Person == "" || strength(post.Role) < strength(best.Role)) && s.MayReset(post.Person, p) {
			best = post
		}
	}
	return best.Person
}
