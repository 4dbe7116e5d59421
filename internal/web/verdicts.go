package web

import (
	"context"
	"maps"
	"slices"
	"sync"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/room"
)

type approveInput struct {
	Application id.Application `path:"application"`
	Body        verdict
}

// verdict is an approval: of the version that was seen, with the badge where one was asked for.
type verdict struct {
	Version  entry.Seq   `json:"version,omitempty"`
	Category string      `json:"category,omitempty"`
	Relation string      `json:"relation,omitempty"`
	AddDoor  bool        `json:"addDoor,omitempty"`  // the door that the applicant typed goes into the roster first
	Premises id.Premises `json:"premises,omitempty"` // which door it is, of who typed one that the roster does not have
}

func (s *Server) approve(ctx context.Context, in *approveInput) (*done, error) {
	return ok(), s.admit(ctx, in.Application, in.Body)
}

// admit approves as the person who asks.
func (s *Server) admit(ctx context.Context, name id.Application, v verdict) error {
	a, err := s.application(name)
	c, no := s.answersFor(ctx, a.Room)
	if no != nil { // whether there is such an application or not
		return no
	}
	if err != nil {
		return err
	}
	facts := map[string]any{"application": name, "category": v.Category, "relation": v.Relation, "version": v.Version, "premises": v.Premises}
	if v.AddDoor && a.Premises == "" {
		// A door is added for an approval that nothing but the door stands in the way of.
		no := s.would(entry.Actor{Person: c.Person}, "application.approve", facts, nil)
		if no != nil && !fault.Is(no, fault.NoPremises) {
			return no
		}
		if facts["premises"], err = s.addDoor(ctx, c.Person, a); err != nil {
			return err
		}
	}
	if err := s.would(entry.Actor{Person: c.Person}, "application.approve", facts, nil); err != nil {
		return err
	}
	return s.letIn(ctx, a, func() (entry.Seq, error) {
		return s.asPerson(ctx, "application.approve", facts, nil)
	})
}

// letInBySlip approves by itself where the log may (see office.MayLetIn), but nobody who was removed from the room. Whatever stands
// against it leaves the application to the owner.
func (s *Server) letInBySlip(ctx context.Context, name id.Application) {
	a, err := s.application(name)
	may := false
	s.Engine.ReadOffice(func(o *office.State) { may = o.MayLetIn(name, s.Now().UnixMilli()) })
	if err != nil || !may {
		return
	}
	removed := false
	err = s.Engine.ReadRoom(a.Room, func(x *room.State) { _, removed = x.Removed(a.Person) })
	if removed || err != nil && !fault.Is(err, fault.NotFound) {
		return
	}
	err = s.letIn(ctx, a, func() (entry.Seq, error) {
		return s.server(ctx, "application.approve", map[string]any{"application": name, "version": a.Version}, nil)
	})
	if err != nil && fault.Of(err) == nil {
		s.Log.Error("not let in", "application", name, "err", err)
	}
}

// letIn takes the applicant's phone and approves. The phone is taken now and not when applying, so that nobody can squat a
// neighbour's; when the log then refuses, it is let go again. When it is answered the room has the new member.
func (s *Server) letIn(ctx context.Context, a office.Application, approve func() (entry.Seq, error)) error {
	rec, err := s.Register.Said(ctx, a.Person, a.Record)
	if err != nil {
		return err
	}
	owner, err := s.Register.ByPhone(ctx, rec.Phone)
	had := err == nil && owner == a.Person
	if err := s.Register.ClaimPhone(ctx, rec.Phone, a.Person); err != nil {
		return err
	}
	seq, err := approve()
	if err == nil {
		s.Engine.Followed(ctx, seq)
	}
	if err != nil && !had {
		in := false // also by another application of theirs, approved in the same moment
		s.Engine.ReadOffice(func(o *office.State) { _, in = o.Person(a.Person) })
		if !in {
			if e := s.Register.ReleasePhone(ctx, rec.Phone, a.Person); e != nil {
				s.Log.Error("phone not released", "application", a.ID, "err", e)
			}
		}
	}
	return err
}

type approveManyInput struct {
	Body struct {
		These []seen `json:"these"`
	}
}

// seen is an application in the version that was shown.
type seen struct {
	ID      id.Application `json:"id"`
	Version entry.Seq      `json:"version"`
}

type approvedBody struct {
	Approved int                             `json:"approved"`
	Faults   map[id.Application]*fault.Fault `json:"faults"`
}

// shares tells whether somebody else waits for the same room with an application's phone.
func (s *Server) shares(ctx context.Context, a office.Application, twice map[phoneIn]bool) (bool, error) {
	if a.ID == "" {
		return false, nil
	}
	rec, err := s.Register.Said(ctx, a.Person, a.Record)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return twice[phoneIn{a.Room, rec.Phone}], err
}

// approveMany approves as they stand what asks for nothing more than to come in: a badge is given to one at a time, by its name, and of
// those who share a phone each is looked at by itself.
func (s *Server) approveMany(ctx context.Context, in *approveManyInput) (*body[approvedBody], error) {
	if _, err := s.who(ctx); err != nil {
		return nil, err
	}
	if len(in.Body.These) > perList {
		return nil, fault.New(fault.TooLarge, "too many at once").And("limit", perList)
	}
	these := map[id.Application]office.Application{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, x := range in.Body.These {
			if a, ok := o.Application(x.ID); ok {
				these[a.ID] = a
			}
		}
	})
	twice, err := s.phonesTwice(ctx, these)
	if err != nil {
		return nil, err
	}
	// At once, so that the log takes them together; those of one person one behind the other, for each looks whose the phone is already.
	people := map[id.Person][]seen{}
	for _, a := range in.Body.These {
		p := these[a.ID].Person
		people[p] = append(people[p], a)
	}
	var mu sync.Mutex
	b := approvedBody{Faults: map[id.Application]*fault.Fault{}}
	lists := slices.Collect(maps.Values(people))
	for _, err := range beside(len(lists), func(i int) error {
		for _, a := range lists[i] {
			err := fault.Caught(func() error { return s.admitUnshared(ctx, a, these[a.ID], twice) })
			mu.Lock()
			switch f := fault.Of(err); {
			case err == nil:
				b.Approved++
			case f != nil:
				b.Faults[a.ID] = f
			default:
				b.Faults[a.ID] = s.fail(ctx, err).Fault
			}
			mu.Unlock()
		}
		return nil
	}) {
		if err != nil {
			return nil, err
		}
	}
	return says(b), nil
}

// admitUnshared is admit of who waits alone with their phone.
func (s *Server) admitUnshared(ctx context.Context, as seen, a office.Application, twice map[phoneIn]bool) error {
	shared, err := s.shares(ctx, a, twice)
	switch {
	case err != nil:
		return err
	case shared:
		return fault.New(fault.Conflicting, "somebody else waits with the same phone: decide on each by itself").And("field", "phone")
	}
	return s.admit(ctx, as.ID, verdict{Version: as.Version})
}

type textInput struct {
	Application id.Application `path:"application"`
	Body        struct {
		Version entry.Seq `json:"version,omitempty"` // what was seen; left out: however it stands
		Text    string    `json:"text,omitempty"`
		Reason  string    `json:"reason,omitempty"`
		About   string    `json:"about,omitempty"` // of a question: the part of the form that it is about
	}
}

// mayDecideOn is answersFor of an application's room, and the same refusal where there is no such application.
func (s *Server) mayDecideOn(ctx context.Context, name id.Application) error {
	a, _ := s.application(name)
	_, err := s.answersFor(ctx, a.Room)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "no such application")
	}
	return err
}

func (s *Server) ask(ctx context.Context, in *textInput) (*done, error) {
	if err := s.mayDecideOn(ctx, in.Application); err != nil {
		return nil, err
	}
	_, err := s.asPerson(ctx, "application.ask", map[string]any{"application": in.Application, "version": in.Body.Version, "about": in.Body.About}, map[string]string{"text": in.Body.Text})
	return ok(), err
}

func (s *Server) reject(ctx context.Context, in *textInput) (*done, error) {
	if err := s.mayDecideOn(ctx, in.Application); err != nil {
		return nil, err
	}
	_, err := s.asPerson(ctx, "application.reject", map[string]any{"application": in.Application, "version": in.Body.Version}, map[string]string{"reason": in.Body.Reason})
	return ok(), err
}
