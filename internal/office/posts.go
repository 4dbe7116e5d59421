package office

import (
	"cmp"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Offer is a post that waits for its person, who takes or declines it in a session of their own.
type Offer struct {
	entry.Grant
	By id.Person `json:"by"`
	At int64     `json:"at"` // ms
}

// mayOffer offers a post to somebody who has an account.
func (s *State) mayOffer(a *asking) ([]step, error) {
	p, err := take[appointment](a)
	if err != nil {
		return nil, err
	}
	if err := s.mayAppoint(a, p); err != nil {
		return nil, err
	}
	switch {
	case s.unknown(p.Person):
		return nil, fault.New(fault.NotFound, "there is no such person").And("field", "person")
	case s.holds(p):
		return nil, fault.New(fault.Unchanged, "they hold it already")
	case s.offered(p.Person, p.grant()) != nil:
		return nil, fault.New(fault.Unchanged, "it is offered to them already")
	}
	if err := s.mayEnter(a.by.Person, p.Person, p.Room, a.now); err != nil {
		return nil, err
	}
	return one(appointment{Person: p.Person, Role: p.Role, Community: p.Community, Room: p.Room}), nil
}

func (s *State) postOffered(ev *event) {
	p, ok := read[appointment](ev.Entry)
	if !ok || p.Person == "" || s.offered(p.Person, p.grant()) != nil {
		return
	}
	s.core.Offers[p.Person] = append(s.core.Offers[p.Person], Offer{Grant: p.grant(), By: ev.By, At: ev.at})
	ev.tell(Change{What: Offered, Person: p.Person, Role: p.Role, Room: p.Room, Community: p.Community, Gained: true})
}

// offered is an offer of exactly this post; nil when there is none.
func (s *State) offered(p id.Person, g entry.Grant) *Offer {
	list := s.core.Offers[p]
	if i := slices.IndexFunc(list, func(o Offer) bool { return o.Grant == g }); i >= 0 {
		return &list[i]
	}
	return nil
}

// answering finds the offer that its person answers.
func (s *State) answering(a *asking) (p appointment, o *Offer, err error) {
	if p, err = take[appointment](a); err != nil {
		return p, nil, err
	}
	p.Person = a.by.Person
	if o = s.offered(p.Person, p.grant()); o == nil {
		return p, nil, fault.New(fault.NotFound, "no such post is offered")
	}
	return p, o, nil
}

// mayTakePost takes a post that was offered, as long as who offered it may still give it.
func (s *State) mayTakePost(a *asking) ([]step, error) {
	p, o, err := s.answering(a)
	if err != nil {
		return nil, err
	}
	if err := s.mayAppoint(&asking{by: entry.Actor{Person: o.By, Grants: s.GrantsOf(o.By)}}, p); err != nil {
		return nil, fault.New(fault.Closed, "who offered it may not give it any more")
	}
	if err := s.mayEnter(a.by.Person, p.Person, p.Room, a.now); err != nil {
		return nil, err
	}
	return one(grantFacts{Grants: []appointment{s.complete(p)}}), nil
}

func (s *State) postAccepted(ev *event) {
	f, ok := read[grantFacts](ev.Entry)
	if !ok {
		return
	}
	s.granted(ev)
	for _, p := range f.Grants {
		s.unoffer(p)
	}
}

func (s *State) mayDecline(a *asking) ([]step, error) {
	p, _, err := s.answering(a)
	if err != nil {
		return nil, err
	}
	return one(p), nil
}

// mayWithdrawPost takes an offer back, as whoever may give the post.
func (s *State) mayWithdrawPost(a *asking) ([]step, error) {
	p, err := take[appointment](a)
	if err != nil {
		return nil, err
	}
	if err := s.mayAppoint(a, p); err != nil {
		return nil, err
	}
	if s.offered(p.Person, p.grant()) == nil {
		return nil, fault.New(fault.Unchanged, "it is not offered")
	}
	return one(appointment{Person: p.Person, Role: p.Role, Community: p.Community, Room: p.Room}), nil
}

func (s *State) postUnoffered(ev *event) {
	if p, ok := read[appointment](ev.Entry); ok {
		s.unoffer(p)
		ev.tell(Change{What: Offered, Person: p.Person, Role: p.Role, Room: p.Room, Community: p.Community})
	}
}

func (s *State) unoffer(p appointment) {
	left := slices.DeleteFunc(slices.Clone(s.core.Offers[p.Person]), func(o Offer) bool { return o.Grant == p.grant() })
	if s.core.Offers[p.Person] = left; len(left) == 0 {
		delete(s.core.Offers, p.Person)
	}
}

// mayArrive is the server's word that an account that an appointment made was signed in to for the first time.
func (s *State) mayArrive(a *asking) ([]step, error) {
	f, err := take[issueFacts](a)
	switch {
	case err != nil:
		return nil, err
	case !a.server():
		return nil, fault.New(fault.Forbidden, "only the server knows")
	case s.core.People[f.Person] == nil || !s.core.People[f.Person].Made:
		return nil, fault.New(fault.Unchanged, "they have been here")
	}
	return one(issueFacts{Person: f.Person}), nil
}

func (s *State) arrived(ev *event) {
	if f, ok := read[issueFacts](ev.Entry); ok {
		s.been(f.Person)
	}
}

// been notes that somebody has used their account: from now on nobody else can give it a first code.
func (s *State) been(p id.Person) {
	if who := s.core.People[p]; who != nil {
		who.Made = false
	}
}

// firstFacts is to whom first codes are given.
type firstFacts struct {
	People people `json:"people"`
}

// mayIssueFirst is for the codes by which accounts are signed in to that an appointment made and nobody has used: given by who may give
// the post.
func (s *State) mayIssueFirst(a *asking) ([]step, error) {
	f, err := take[firstFacts](a)
	switch {
	case err != nil:
		return nil, err
	case len(f.People) == 0 || len(f.People) > MaxBatch:
		return nil, invalid("people", "for whom?")
	}
	for _, p := range f.People {
		who := s.core.People[p]
		may := a.server()
		if who == nil {
			if err := a.may(place{}, governors); err != nil {
				return nil, fault.New(fault.Forbidden, "only who may give the post").And("field", "person")
			}
			return nil, fault.New(fault.NotFound, "there is no such person").And("field", "person")
		}
		for _, g := range who.Grants {
			may = may || s.mayAppoint(a, appointment{Person: p, Role: g.Role, Community: g.Community, Room: g.Room}) == nil
		}
		switch {
		case !may:
			return nil, fault.New(fault.Forbidden, "only who may give the post").And("field", "person")
		case !who.Made:
			return nil, fault.New(fault.Forbidden, "they have used their account: a code comes from who answers for a room of theirs").And("field", "person")
		}
	}
	return one(f), nil
}

func (s *State) issuedFirst(ev *event) {
	if f, ok := read[firstFacts](ev.Entry); ok {
		s.look(ev, f.People, &Look{Seq: ev.seq, By: ev.By, As: ev.As, At: ev.at, Reason: "first"})
	}
}

// Offers lists the posts that wait for somebody's answer.
func (s *State) Offers(p id.Person) []Offer { return slices.Clone(s.core.Offers[p]) }

// Offered lists the posts that wait for an answer at a place and what lies below it, as Staff does.
func (s *State) Offered(c id.Community, r id.Room) (list []Post) {
	for p, offers := range s.core.Offers {
		for _, o := range offers {
			at := s.of(o.Grant)
			if (r == "" || o.Room == r) && (c == "" || at.community == c) {
				list = append(list, Post{p, o.Grant})
			}
		}
	}
	slices.SortFunc(list, func(a, b Post) int { return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Person, b.Person)) })
	return list
}

// Unknown tells whether the office has never heard of somebody.
func (s *State) Unknown(p id.Person) bool { return s.unknown(p) }

// MayAppoint refuses a person who may not give a post, and a post that there is not.
func (s *State) MayAppoint(p id.Person, g entry.Grant) error {
	a := &asking{by: entry.Actor{Person: p, Grants: s.GrantsOf(p)}}
	return s.mayAppoint(a, appointment{Person: p, Role: g.Role, Community: g.Community, Room: g.Room})
}

// Awaits tells whether exactly this post is offered to somebody, and waits for their answer.
func (s *State) Awaits(p id.Person, g entry.Grant) bool { return s.offered(p, g) != nil }

// Made tells whether an appointment made somebody's account, and nobody has used it since as far as the office knows.
func (s *State) Made(p id.Person) bool { return s.core.People[p] != nil && s.core.People[p].Made }

// Idle tells whether nothing at all hangs on somebody: no room, post, offer, application or removal.
func (s *State) Idle(p id.Person) bool {
	who := s.core.People[p]
	return (who == nil || len(who.Bindings)+len(who.Grants) == 0) &&
		len(s.mine[p])+len(s.core.Offers[p])+len(s.core.Removals[p]) == 0
}
