package web

import (
	"cmp"
	"context"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
)

// rosterSays is what the office's roster has of a door.
type rosterSays struct {
	Name   string `json:"name"`
	People int    `json:"people,omitempty"`
	Tenure string `json:"tenure,omitempty"`
	Phone  string `json:"phone"` // same: the applicant's is the one that the roster has; other; none: it has none
}

// applicationRow is an application as those see it who decide on it.
type applicationRow struct {
	ID       id.Application `json:"id"`
	Room     id.Room        `json:"room"`
	RoomName string         `json:"roomName"`
	Light    string         `json:"light"`
	State    office.Status  `json:"state"`
	At       int64          `json:"at"`
	Version  entry.Seq      `json:"version"` // what was shown: to be named when approving
	For      string         `json:"for,omitempty"`
	Relation string         `json:"relation"`
	Category string         `json:"category"`
	Badge    string         `json:"badge,omitempty"` // asked for beyond what the relation gives: given by name or not
	Slip     bool           `json:"slip,omitempty"`  // made with the slip of that door
	Known    string         `json:"known,omitempty"` // the name that is in force, where this would change it
	Premises id.Premises    `json:"premises,omitempty"`
	Label    string         `json:"label,omitempty"`
	Name     string         `json:"name"`
	Title    string         `json:"title,omitempty"`
	Phone    string         `json:"phone"`
	Twice    bool           `json:"twice,omitempty"`  // somebody else waits with the same phone
	Taken    string         `json:"taken,omitempty"`  // whose the phone is already: of a member of this room (here), or somebody else (elsewhere)
	Member   id.Person      `json:"member,omitempty"` // of this room, whose phone it is
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
	shown := map[id.Application]office.Application{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, a := range o.Applications(office.Filter{Room: in.Room, Status: in.State}) {
			if len(b.Applications) == perList || !o.MayAdmit(c.Person, a.Room) {
				continue
			}
			row := applicationRow{
				ID: a.ID, Room: a.Room, Light: a.Light, State: a.Status, At: a.Since, Relation: a.Relation, Category: a.Category,
				Version: a.Version, For: a.For, Slip: a.Slip != "",
				Premises: a.Premises, Note: textOf(a.Note, "note"), Door: textOf(a.Note, "door"),
				Text: textOf(a.Text, "text") + textOf(a.Text, "reason"),
			}
			if a.Category != categories[a.Relation] {
				row.Badge = a.Category
			}
			if r, ok := o.Room(a.Room); ok {
				row.RoomName = r.Name
			}
			if h, ok := o.Premises(a.Premises); ok {
				row.Label, pages[a.ID] = h.Label(), h.Page
			}
			shown[a.ID] = a
			persons = append(persons, a.Person)
			b.Applications = append(b.Applications, row)
		}
		b.Waited, _ = o.MedianWait(in.Room)
	})
	records, err := s.Register.Look(ctx, c.Person, persons, "admission")
	if err != nil {
		return nil, err
	}
	twice, err := s.phonesTwice(ctx, shown)
	if err != nil {
		return nil, err
	}
	for i := range b.Applications {
		row := &b.Applications[i]
		a := shown[row.ID]
		rec := records[a.Person]
		if a.Record != "" {
			known := rec.Name
			if rec, err = s.Register.Said(ctx, a.Person, a.Record); err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			if known != rec.Name && s.isKnown(a.Person) {
				row.Known = known
			}
		}
		row.Name, row.Title, row.Phone = rec.Name, rec.Title, rec.Phone
		if err := s.comparePhone(ctx, row, a.Person, twice); err != nil {
			return nil, err
		}
		if err := s.compareRow(ctx, row, pages[row.ID]); err != nil {
			return nil, err
		}
	}
	return says(b), nil
}

// phonesTwice are the phones with which several wait for one of the rooms.
func (s *Server) phonesTwice(ctx context.Context, shown map[id.Application]office.Application) (map[phoneIn]bool, error) {
	var open []office.Application
	s.Engine.ReadOffice(func(o *office.State) {
		rooms := map[id.Room]bool{}
		for _, a := range shown {
			if !rooms[a.Room] {
				rooms[a.Room] = true
				open = append(open, o.Applications(office.Filter{Room: a.Room, Status: office.Pending})...)
				open = append(open, o.Applications(office.Filter{Room: a.Room, Status: office.Asked})...)
			}
		}
	})
	first, twice := map[phoneIn]id.Person{}, map[phoneIn]bool{}
	for _, a := range open {
		rec, err := s.Register.Record(ctx, a.Person)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		at := phoneIn{a.Room, rec.Phone}
		if other, there := first[at]; there && other != a.Person {
			twice[at] = true
		}
		first[at] = a.Person
	}
	return twice, nil
}

// phoneIn is a phone with which somebody applies for a room.
type phoneIn struct {
	room  id.Room
	phone string
}

// comparePhone adds who else has or gave an open application's phone.
func (s *Server) comparePhone(ctx context.Context, row *applicationRow, p id.Person, twice map[phoneIn]bool) error {
	if row.State != office.Pending && row.State != office.Asked {
		return nil
	}
	row.Twice = twice[phoneIn{row.Room, row.Phone}]
	owner, err := s.Register.ByPhone(ctx, row.Phone)
	if fault.Is(err, fault.NotFound) || err == nil && owner == p {
		return nil
	}
	if err != nil {
		return err
	}
	row.Taken = "elsewhere"
	err = s.Engine.ReadRoom(row.Room, func(x *room.State) {
		if m := x.Member(owner); m != nil {
			row.Taken, row.Member = "here", owner
		}
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// isKnown tells whether a decider has let somebody in before: a record of theirs is in force then.
func (s *Server) isKnown(p id.Person) (yes bool) {
	s.Engine.ReadOffice(func(o *office.State) { _, yes = o.Person(p) })
	return yes
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
		phone := "other"
		switch same, none := d.SamePhone(row.Name, row.Phone); {
		case same:
			phone = "same"
		case none:
			phone = "none"
		}
		row.Roster = &rosterSays{d.Name, d.People, d.Tenure, phone}
	}
	err = s.Engine.ReadRoom(row.Room, func(x *room.State) { row.Inside = len(x.Behind(row.Premises)) })
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

type approveInput struct {
	Application id.Application `path:"application"`
	Body        verdict
}

// verdict is an approval: of the version that was seen, with the badge where one was asked for.
type verdict struct {
	Version  entry.Seq `json:"version,omitempty"`
	Category string    `json:"category,omitempty"`
	Relation string    `json:"relation,omitempty"`
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
	facts := map[string]any{"application": name, "category": v.Category, "relation": v.Relation, "version": v.Version}
	if err := s.would(entry.Actor{Person: c.Person}, "application.approve", facts, nil); err != nil {
		return err
	}
	return s.letIn(ctx, a, func() error {
		_, err := s.asPerson(ctx, "application.approve", facts, nil)
		return err
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
	err = s.letIn(ctx, a, func() error {
		_, err := s.server(ctx, "application.approve", map[string]any{"application": name, "version": a.Version}, nil)
		return err
	})
	if err != nil && fault.Of(err) == nil {
		s.Log.Error("not let in", "application", name, "err", err)
	}
}

// letIn takes the applicant's phone and approves. The phone is taken now and not when applying, so that nobody can squat a
// neighbour's; when the log then refuses, it is let go again.
func (s *Server) letIn(ctx context.Context, a office.Application, approve func() error) error {
	rec, err := s.Register.Said(ctx, a.Person, a.Record)
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

// approveMany approves as they stand what asks for nothing more than to come in: a badge is given to one at a time, by its name.
func (s *Server) approveMany(ctx context.Context, in *approveManyInput) (*body[approvedBody], error) {
	if _, err := s.who(ctx); err != nil {
		return nil, err
	}
	if len(in.Body.These) > perList {
		return nil, fault.New(fault.TooLarge, "too many at once").And("limit", perList)
	}
	b := approvedBody{Faults: map[id.Application]*fault.Fault{}}
	for _, a := range in.Body.These {
		err := s.admit(ctx, a.ID, verdict{Version: a.Version})
		switch f := fault.Of(err); {
		case err == nil:
			b.Approved++
		case f != nil:
			b.Faults[a.ID] = f
		default:
			return nil, err
		}
	}
	return says(b), nil
}

type textInput struct {
	Application id.Application `path:"application"`
	Body        struct {
		Version entry.Seq `json:"version,omitempty"` // what was seen; left out: however it stands
		Text    string    `json:"text,omitempty"`
		Reason  string    `json:"reason,omitempty"`
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
	_, err := s.asPerson(ctx, "application.ask", map[string]any{"application": in.Application, "version": in.Body.Version}, map[string]string{"text": in.Body.Text})
	return ok(), err
}

func (s *Server) reject(ctx context.Context, in *textInput) (*done, error) {
	if err := s.mayDecideOn(ctx, in.Application); err != nil {
		return nil, err
	}
	_, err := s.asPerson(ctx, "application.reject", map[string]any{"application": in.Application, "version": in.Body.Version}, map[string]string{"reason": in.Body.Reason})
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
