package office

import (
	"cmp"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Status is how far an application has come.
type Status string

const (
	Pending  Status = "pending"
	Asked    Status = "asked" // more is wanted from the applicant
	Approved Status = "approved"
	Rejected Status = "rejected"
)

// Form is what an applicant says, as far as it decides.
type Form struct {
	Premises id.Premises `json:"premises,omitempty"`
	Relation string      `json:"relation"`
	Category string      `json:"category"`
	Light    string      `json:"light"` // green, yellow, red: how it fits the roster
	Charter  int         `json:"charter"`
}

// Application is somebody's wish to enter a room.
type Application struct {
	ID     id.Application `json:"id"`
	Person id.Person      `json:"person"`
	Room   id.Room        `json:"room"`
	Form
	Status    Status      `json:"status"`
	Submitted entry.Seq   `json:"submitted"`
	Queued    entry.Seq   `json:"queued"` // its place in the queue: kept while more is asked, new after a rejection
	Since     int64       `json:"since"`  // when it took that place, ms
	Decided   int64       `json:"decided,omitempty"`
	By        id.Person   `json:"by,omitempty"`
	Note      entry.Words `json:"note,omitempty"` // the applicant's; let go once approved
	Text      entry.Words `json:"text,omitempty"` // the question or the reason of who decides
}

// Open tells whether a decision is still to come.
func (a *Application) Open() bool { return a.Status == Pending || a.Status == Asked }

// Decision is one verdict, for the audit. It names who decided, when, and nothing of the applicant but the application.
type Decision struct {
	Application id.Application `json:"a"`
	Verb        string         `json:"v"` // ask, approve, reject
	By          id.Person      `json:"by"`
	As          string         `json:"as,omitempty"`
	At          int64          `json:"at"`
	Light       string         `json:"l,omitempty"`
	Waited      int64          `json:"w"` // ms since the application took its place
}

type submitFacts struct {
	Application id.Application `json:"application"`
	Person      id.Person      `json:"person,omitempty"`
	Room        id.Room        `json:"room,omitempty"`
	Form
}

func (s *State) maySubmit(a *asking) ([]step, error) {
	f, err := take[submitFacts](a)
	if err != nil {
		return nil, err
	}
	switch {
	case !proper(f.Application) || !proper(f.Person):
		return nil, invalid("application", "an application has an id and a person")
	case !a.server() && f.Person != a.by.Person:
		return nil, fault.New(fault.Forbidden, "one applies for oneself")
	case s.core.Rooms[f.Room] == nil:
		return nil, fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case s.core.Applications[f.Application] != nil:
		return nil, fault.New(fault.Conflicting, "there is such an application already")
	case s.openFor(f.Person, f.Room) != nil:
		return nil, fault.New(fault.Conflicting, "an application for this room waits already").And("application", s.openFor(f.Person, f.Room).ID)
	}
	if err := s.mayFill(f.Room, &f.Form); err != nil {
		return nil, err
	}
	return one(f), nil
}

// mayFill checks a form. The category is the applicant's choice, so it is one of those that everybody may claim.
func (s *State) mayFill(r id.Room, f *Form) error {
	_, relation := relations[f.Relation]
	version, _ := s.Charter(r)
	switch {
	case !relation:
		return invalid("relation", "no such relation")
	case !slices.Contains(Badges, f.Category):
		return invalid("category", "no such category")
	case f.Light != "green" && f.Light != "yellow" && f.Light != "red":
		return invalid("light", "a light is green, yellow or red")
	case f.Premises != "" && !s.lies(f.Premises, r):
		return fault.New(fault.Conflicting, "the premises do not belong to this room").And("field", "premises")
	case f.Charter != version:
		return fault.New(fault.Conflicting, "the charter has changed; read it again").And("field", "charter").And("version", version)
	}
	return nil
}

func (s *State) submitted(ev *event) {
	f, ok := read[submitFacts](ev.Entry)
	if !ok || f.Application == "" || f.Person == "" || f.Room == "" || s.core.Applications[f.Application] != nil {
		return
	}
	if old := s.openFor(f.Person, f.Room); old != nil {
		return
	}
	// An older one for the same room has had its answer; the log and the decisions keep it.
	for _, old := range slices.Clone(s.mine[f.Person]) {
		if old.Room == f.Room {
			s.mine[f.Person] = slices.DeleteFunc(s.mine[f.Person], func(x *Application) bool { return x == old })
			delete(s.core.Applications, old.ID)
		}
	}
	app := &Application{
		ID: f.Application, Person: f.Person, Room: id.Room(s.once(string(f.Room))), Form: s.form(f.Form),
		Status: Pending, Submitted: ev.seq, Queued: ev.seq, Since: ev.at, Note: ev.Words,
	}
	s.core.Applications[app.ID] = app
	s.mine[app.Person] = append(s.mine[app.Person], app)
	s.enqueue(app)
	s.tellApplication(ev, app)
}

// form is a form with its few words held once.
func (s *State) form(f Form) Form {
	f.Relation, f.Category, f.Light = s.once(f.Relation), s.once(f.Category), s.once(f.Light)
	return f
}

func (s *State) mayAmend(a *asking) ([]step, error) {
	f, err := take[submitFacts](a)
	if err != nil {
		return nil, err
	}
	app := s.core.Applications[f.Application]
	switch {
	case app == nil || !a.server() && app.Person != a.by.Person:
		return nil, fault.New(fault.NotFound, "there is no such application of this person")
	case app.Status == Approved:
		return nil, decided(app)
	case app.Status == Rejected && s.openFor(app.Person, app.Room) != nil:
		return nil, fault.New(fault.Conflicting, "another application for this room waits already")
	}
	if err := s.mayFill(app.Room, &f.Form); err != nil {
		return nil, err
	}
	f.Person, f.Room = app.Person, app.Room
	return one(f), nil
}

func (s *State) amended(ev *event) {
	f, ok := read[submitFacts](ev.Entry)
	app := s.core.Applications[f.Application]
	if !ok || app == nil || app.Status == Approved {
		return
	}
	if app.Status == Rejected {
		if s.openFor(app.Person, app.Room) != nil {
			return
		}
		app.Queued, app.Since = ev.seq, ev.at
	}
	s.dequeue(app)
	app.Form, app.Status, app.Note, app.Text, app.Decided, app.By = s.form(f.Form), Pending, ev.Words, nil, 0, ""
	s.enqueue(app)
	s.tellApplication(ev, app)
}

// verdict is what who decides says of an application; with an approval, all that lets the person in.
type verdict struct {
	Application id.Application `json:"application"`
	Room        id.Room        `json:"room,omitempty"`
	Person      id.Person      `json:"person,omitempty"`
	Premises    id.Premises    `json:"premises,omitempty"`
	Badge       string         `json:"badge,omitempty"`
	Relation    string         `json:"relation,omitempty"`
	Light       string         `json:"light,omitempty"`
	Rev         int            `json:"rev,omitempty"`
	Category    string         `json:"category,omitempty"` // in a command: the decider's choice; its entry has the badge
}

// mayDecide finds the application of a verdict, and checks the right to decide on it and that nobody else did.
func (s *State) mayDecide(a *asking) (f verdict, app *Application, err error) {
	if f, err = take[verdict](a); err != nil {
		return f, nil, err
	}
	if app = s.core.Applications[f.Application]; app == nil {
		return f, nil, fault.New(fault.NotFound, "there is no such application")
	}
	if err := a.may(s.at(app.Room), deciders); err != nil {
		return f, nil, err
	}
	if !app.Open() {
		return f, nil, decided(app)
	}
	return f, app, nil
}

func decided(a *Application) error {
	return fault.New(fault.Closed, "it has been decided").And("by", a.By).And("state", string(a.Status))
}

func (s *State) mayAsk(a *asking) ([]step, error) {
	f, app, err := s.mayDecide(a)
	if err != nil {
		return nil, err
	}
	if app.Status == Asked {
		return nil, fault.New(fault.Conflicting, "somebody has asked already")
	}
	if err := say(a.words, "text", 500); err != nil {
		return nil, err
	}
	return one(verdict{Application: f.Application, Room: app.Room}), nil
}

func (s *State) mayReject(a *asking) ([]step, error) {
	f, app, err := s.mayDecide(a)
	if err != nil {
		return nil, err
	}
	if err := say(a.words, "reason", 500); err != nil {
		return nil, err
	}
	return one(verdict{Application: f.Application, Room: app.Room}), nil
}

func (s *State) mayApprove(a *asking) ([]step, error) {
	f, app, err := s.mayDecide(a)
	if err != nil {
		return nil, err
	}
	badge, known := relations[f.Relation]
	switch {
	case f.Category != "" && !slices.Contains(Badges, f.Category):
		return nil, invalid("category", "no such category")
	case f.Relation != "" && !known:
		return nil, invalid("relation", "no such relation")
	case app.Premises != "" && !s.lies(app.Premises, app.Room):
		return nil, fault.New(fault.Conflicting, "the premises no longer belong to this room: ask the applicant").And("field", "premises")
	}
	return one(verdict{
		Application: app.ID, Room: app.Room, Person: app.Person, Premises: app.Premises,
		Badge: cmp.Or(f.Category, badge, app.Category), Relation: cmp.Or(f.Relation, app.Relation),
		Light: app.Light, Rev: s.rev(app.Person),
	}), nil
}

func (s *State) asked(ev *event)    { s.decide(ev, "ask", Asked) }
func (s *State) rejected(ev *event) { s.decide(ev, "reject", Rejected) }

func (s *State) approved(ev *event) {
	// Who was let in is in, whatever became of the application.
	if f, ok := read[verdict](ev.Entry); ok && f.Person != "" && f.Room != "" {
		s.bind(f.Person, f.Rev, Binding{Room: f.Room, Premises: f.Premises, Badge: f.Badge, Relation: f.Relation})
		if app, who := s.core.Applications[f.Application], s.core.People[f.Person]; app != nil && who != nil {
			who.agree(app.Charter)
		}
		defer ev.tell(Change{What: Who, Person: f.Person, Room: f.Room})
	}
	s.decide(ev, "approve", Approved)
}

// decide notes a verdict.
func (s *State) decide(ev *event, verb string, to Status) {
	f, ok := read[verdict](ev.Entry)
	app := s.core.Applications[f.Application]
	if !ok || app == nil || !app.Open() {
		return
	}
	s.dequeue(app)
	app.Status, app.By, app.Text = to, ev.By, ev.Words
	if app.Open() {
		s.enqueue(app)
	} else {
		app.Decided = ev.at
	}
	if to == Approved {
		app.Note, app.Text = nil, nil
	}
	list := append(s.core.Decisions[app.Room], Decision{
		Application: app.ID, Verb: verb, By: ev.By, As: ev.As, At: ev.at, Light: app.Light, Waited: ev.at - app.Since,
	})
	if len(list) > keptDecisions {
		list = slices.Delete(list, 0, len(list)-keptDecisions)
	}
	s.core.Decisions[app.Room] = list
	s.tellApplication(ev, app)
}

// openFor is the open application of a person for a room: there is at most one.
func (s *State) openFor(p id.Person, r id.Room) *Application {
	for _, a := range s.mine[p] {
		if a.Room == r && a.Open() {
			return a
		}
	}
	return nil
}

func (s *State) enqueue(a *Application) {
	list := s.queue[a.Room]
	i, _ := slices.BinarySearchFunc(list, a, inQueue)
	s.queue[a.Room] = slices.Insert(list, i, a)
}

func (s *State) dequeue(a *Application) {
	list := s.queue[a.Room]
	i, found := slices.BinarySearchFunc(list, a, inQueue)
	if !found {
		return
	}
	if s.queue[a.Room] = slices.Delete(list, i, i+1); len(s.queue[a.Room]) == 0 {
		delete(s.queue, a.Room)
	}
}

func inQueue(a, b *Application) int {
	return cmp.Or(cmp.Compare(a.Queued, b.Queued), cmp.Compare(a.ID, b.ID))
}

func (s *State) tellApplication(ev *event, a *Application) {
	ev.tell(Change{
		What: Admission, Person: a.Person, Room: a.Room, Community: s.at(a.Room).community,
		Application: a.ID, Status: a.Status, Place: s.Place(a.ID), Pending: s.PendingIn(a.Room), Text: a.Text,
	})
}
