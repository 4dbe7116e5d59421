package web

import (
	"cmp"
	"context"
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
)

type rosterSays struct {
	Name   string `json:"name"`
	People int    `json:"people,omitempty"`
	Tenure string `json:"tenure,omitempty"`
}

// applicationRow is an application as those see it who decide on it.
type applicationRow struct {
	ID       id.Application `json:"id"`
	Room     id.Room        `json:"room"`
	RoomName string         `json:"roomName"`
	Light    string         `json:"light"`
	State    office.Status  `json:"state"`
	At       int64          `json:"at"`
	Relation string         `json:"relation"`
	Category string         `json:"category"`
	Premises id.Premises    `json:"premises,omitempty"`
	Label    string         `json:"label,omitempty"`
	Name     string         `json:"name"`
	Title    string         `json:"title,omitempty"`
	Phone    string         `json:"phone"`
	Note     string         `json:"note,omitempty"`
	Door     string         `json:"door,omitempty"` // as typed, when it is not in the list
	Text     string         `json:"text,omitempty"`
	Roster   *rosterSays    `json:"roster,omitempty"`
	Inside   int            `json:"inside"` // members behind that door now
}

type applicationsInput struct {
	State office.Status `query:"state"`
	Room  id.Room       `query:"room"`
}

type applicationsBody struct {
	Applications []applicationRow `json:"applications"`
	Waited       int              `json:"waited"` // minutes that one typically waits
}

// perList is how many applications one list shows.
const perList = 200

// applications is the queue of those who decide: names and phones are shown, and every look is written down first.
func (s *Server) applications(ctx context.Context, in *applicationsInput) (*body[applicationsBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if in.Room != "" {
		if _, err := s.answersFor(ctx, in.Room); err != nil {
			return nil, err
		}
	}
	b := applicationsBody{Applications: []applicationRow{}}
	pages, persons := map[id.Application]string{}, []id.Person(nil)
	by := map[id.Application]id.Person{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, a := range o.Applications(office.Filter{Room: in.Room, Status: in.State}) {
			if len(b.Applications) == perList || !o.MayAdmit(c.Person, a.Room) {
				continue
			}
			row := applicationRow{
				ID: a.ID, Room: a.Room, Light: a.Light, State: a.Status, At: a.Since, Relation: a.Relation, Category: a.Category,
				Premises: a.Premises, Note: textOf(a.Note, "note"), Door: textOf(a.Note, "door"),
				Text: textOf(a.Text, "text") + textOf(a.Text, "reason"),
			}
			if r, ok := o.Room(a.Room); ok {
				row.RoomName = r.Name
			}
			if h, ok := o.Premises(a.Premises); ok {
				row.Label, pages[a.ID] = h.Label(), h.Page
			}
			by[a.ID] = a.Person
			persons = append(persons, a.Person)
			b.Applications = append(b.Applications, row)
		}
		b.Waited, _ = o.MedianWait(in.Room)
	})
	records, err := s.Register.Look(ctx, c.Person, persons, "admission")
	if err != nil {
		return nil, err
	}
	for i := range b.Applications {
		row := &b.Applications[i]
		rec := records[by[row.ID]]
		row.Name, row.Title, row.Phone = rec.Name, rec.Title, rec.Phone
		if err := s.compareRow(ctx, row, pages[row.ID]); err != nil {
			return nil, err
		}
	}
	return says(b), nil
}

// compareRow adds what the roster says of the door, and how many are behind it.
func (s *Server) compareRow(ctx context.Context, row *applicationRow, page string) error {
	if page == "" {
		return nil
	}
	doors, err := s.Register.Page(ctx, page)
	if err != nil {
		return err
	}
	if d, ok := doors[row.Premises]; ok {
		row.Roster = &rosterSays{d.Name, d.People, d.Tenure}
	}
	err = s.Engine.ReadRoom(row.Room, func(x *room.State) { row.Inside = len(x.Behind(row.Premises)) })
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

type approveInput struct {
	Application id.Application `path:"application"`
	Body        *struct {
		Category string `json:"category,omitempty"`
		Relation string `json:"relation,omitempty"`
	}
}

func (s *Server) approve(ctx context.Context, in *approveInput) (*done, error) {
	category, relation := "", ""
	if in.Body != nil {
		category, relation = in.Body.Category, in.Body.Relation
	}
	return ok(), s.admit(ctx, in.Application, category, relation)
}

// admit approves as the person who asks.
func (s *Server) admit(ctx context.Context, name id.Application, category, relation string) error {
	a, err := s.application(name)
	if err != nil {
		return err
	}
	if _, err := s.answersFor(ctx, a.Room); err != nil {
		return err
	}
	return s.letIn(ctx, a, func() error {
		facts := map[string]any{"application": name, "category": category, "relation": relation}
		_, err := s.asPerson(ctx, "application.approve", facts, nil)
		return err
	})
}

// admitGreen approves by itself where the room's policy says so: who is as the roster says, at a door of the room, and asks for no
// badge beyond what their relation gives. Whatever stands against it leaves the application to the owner.
func (s *Server) admitGreen(ctx context.Context, name id.Application) {
	a, err := s.application(name)
	auto := false
	s.Engine.ReadOffice(func(o *office.State) { auto = o.Policy(a.Room).AutoGreen })
	if err != nil || !auto || a.Light != "green" || a.Premises == "" || a.Category != categories[a.Relation] {
		return
	}
	err = s.letIn(ctx, a, func() error {
		_, err := s.server(ctx, "application.approve", map[string]any{"application": name}, nil)
		return err
	})
	if err != nil && fault.Of(err) == nil {
		s.Log.Error("not let in", "application", name, "err", err)
	}
}

// letIn takes the applicant's phone and approves. The phone is taken now and not when applying, so that nobody can squat a
// neighbour's; when the log then refuses, it is let go again.
func (s *Server) letIn(ctx context.Context, a office.Application, approve func() error) error {
	rec, err := s.Register.Record(ctx, a.Person)
	if err != nil {
		return err
	}
	owner, err := s.Register.ByPhone(ctx, rec.Phone)
	had := err == nil && owner == a.Person
	if err := s.Register.ClaimPhone(ctx, rec.Phone, a.Person); err != nil {
		return err
	}
	err = approve()
	if err != nil && !had {
		if now, e := s.application(a.ID); e == nil && now.Status != office.Approved {
			if e := s.Register.ReleasePhone(ctx, rec.Phone, a.Person); e != nil {
				s.Log.Error("phone not released", "application", a.ID, "err", e)
			}
		}
	}
	return err
}

type approveManyInput struct {
	Body struct {
		IDs []id.Application `json:"ids"`
	}
}

type approvedBody struct {
	Approved int                             `json:"approved"`
	Faults   map[id.Application]*fault.Fault `json:"faults"`
}

func (s *Server) approveMany(ctx context.Context, in *approveManyInput) (*body[approvedBody], error) {
	if _, err := s.who(ctx); err != nil {
		return nil, err
	}
	if len(in.Body.IDs) > perList {
		return nil, fault.New(fault.TooLarge, "too many at once").And("limit", perList)
	}
	b := approvedBody{Faults: map[id.Application]*fault.Fault{}}
	for _, a := range in.Body.IDs {
		err := s.admit(ctx, a, "", "")
		switch f := fault.Of(err); {
		case err == nil:
			b.Approved++
		case f != nil:
			b.Faults[a] = f
		default:
			return nil, err
		}
	}
	return says(b), nil
}

type textInput struct {
	Application id.Application `path:"application"`
	Body        struct {
		Text   string `json:"text,omitempty"`
		Reason string `json:"reason,omitempty"`
	}
}

func (s *Server) ask(ctx context.Context, in *textInput) (*done, error) {
	_, err := s.asPerson(ctx, "application.ask", map[string]any{"application": in.Application}, map[string]string{"text": in.Body.Text})
	return ok(), err
}

func (s *Server) reject(ctx context.Context, in *textInput) (*done, error) {
	_, err := s.asPerson(ctx, "application.reject", map[string]any{"application": in.Application}, map[string]string{"reason": in.Body.Reason})
	return ok(), err
}

type decisionRow struct {
	Application id.Application `json:"application"`
	Room        id.Room        `json:"room"`
	RoomName    string         `json:"roomName"`
	Label       string         `json:"label,omitempty"` // the door it was about
	Verb        string         `json:"verb"`
	By          id.Person      `json:"by"`
	ByName      string         `json:"byName"`
	As          string         `json:"as,omitempty"`
	At          int64          `json:"at"`
	Light       string         `json:"light,omitempty"`
}

type decisionsBody struct {
	Decisions []decisionRow `json:"decisions"`
}

// decisions is the audit of admissions, newest first: of one room, or of all that one answers for.
func (s *Server) decisions(ctx context.Context, in *applicationsInput) (*body[decisionsBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	rooms := s.Engine.Answers(c.Person)
	if in.Room != "" {
		if _, err := s.answersFor(ctx, in.Room); err != nil {
			return nil, err
		}
		rooms = []id.Room{in.Room}
	}
	b := decisionsBody{Decisions: []decisionRow{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, r := range rooms {
			b.Decisions = append(b.Decisions, decisionsIn(o, r)...)
		}
	})
	slices.SortStableFunc(b.Decisions, func(x, y decisionRow) int { return cmp.Compare(y.At, x.At) })
	b.Decisions = b.Decisions[:min(perList, len(b.Decisions))]
	for i := range b.Decisions {
		d := &b.Decisions[i]
		d.ByName = s.calls(ctx, d.Room, d.By)
	}
	return says(b), nil
}

func decisionsIn(o *office.State, r id.Room) (list []decisionRow) {
	name := ""
	if x, ok := o.Room(r); ok {
		name = x.Name
	}
	for _, d := range o.Decisions(r, perList) {
		row := decisionRow{
			Application: d.Application, Room: r, RoomName: name, Verb: d.Verb, By: d.By, As: d.As, At: d.At, Light: d.Light,
		}
		if a, ok := o.Application(d.Application); ok {
			if h, ok := o.Premises(a.Premises); ok {
				row.Label = h.Label()
			}
		}
		list = append(list, row)
	}
	return list
}

// calls is how somebody who acted in an office is called: by the room's name for them, or else by their own.
func (s *Server) calls(ctx context.Context, r id.Room, p id.Person) string {
	if p == id.Server {
		return "系统"
	}
	if n, ok := s.View.NameOf(r, p); ok {
		return n.Name
	}
	rec, err := s.Register.Record(ctx, p)
	if err != nil {
		return ""
	}
	staff := false
	s.Engine.ReadOffice(func(o *office.State) { staff = len(o.GrantsOf(p)) > 0 })
	if staff {
		return rec.Name
	}
	return register.Short(rec)
}

type lookRow struct {
	By     id.Person `json:"by"`
	ByName string    `json:"byName"`
	At     int64     `json:"at"`
	Reason string    `json:"reason"`
	Room   id.Room   `json:"room,omitempty"`
}

type looksBody struct {
	Looks []lookRow `json:"looks"`
}

// looks is who looked at one's own data.
func (s *Server) looks(ctx context.Context, _ *none) (*body[looksBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b := looksBody{Looks: []lookRow{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, l := range o.Looks(p, 50) {
			b.Looks = append(b.Looks, lookRow{By: l.By, At: l.At, Reason: l.Reason, Room: l.Room})
		}
	})
	rooms := s.Engine.RoomsOf(p)
	for i := range b.Looks {
		l := &b.Looks[i]
		for _, r := range rooms { // as the room knows them that both are in
			if _, ok := s.View.NameOf(r.ID, l.By); ok && l.Room == "" {
				l.Room = r.ID
			}
		}
		l.ByName = s.calls(ctx, l.Room, l.By)
	}
	return says(b), nil
}
