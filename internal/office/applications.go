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
	// Withdrawn was taken back by who applied: nobody has to decide.
	Withdrawn Status = "withdrawn"
)

// ForBadge is what an application of a member is for who wants another badge; others want to come in.
const ForBadge = "badge"

// perDay is how often an application may be changed in one day.
const perDay = 3

// Form is what an applicant says, as far as it decides.
type Form struct {
	Premises id.Premises `json:"premises,omitempty"`
	Relation string      `json:"relation"`
	Category string      `json:"category"`
	Light    string      `json:"light"` // green, yellow, red: how it fits the roster
	Charter  int         `json:"charter"`
	Phone    bool        `json:"phone,omitempty"` // the phone is the one that the roster has behind that door
}

// plain tells whether no more is asked for than the relation gives.
func (f *Form) plain() bool { return f.Category == relations[f.Relation] }

// asRoster tells whether name, door and phone are as the roster has them.
func (f *Form) asRoster() bool { return f.Light == "green" && f.Phone && f.Premises != "" }

// Application is somebody's wish to enter a room, or of a member to wear another badge there.
type Application struct {
	ID     id.Application `json:"id"`
	Person id.Person      `json:"person"`
	Room   id.Room        `json:"room"`
	For    string         `json:"for,omitempty"` // ForBadge; empty: to come in
	Form
	Version   entry.Seq   `json:"version,omitempty"` // the entry that said what it says now: who approves names it
	Record    string      `json:"record,omitempty"`  // which of the person's records it shows; empty: the one that is in force
	Slip      id.Slip     `json:"slip,omitempty"`    // the door slip it was made with
	Off       bool        `json:"off,omitempty"`     // it is not approved by itself: something did not fit, once
	Changes   int         `json:"changes,omitempty"` // how often it was changed on Day
	Day       int64       `json:"day,omitempty"`
	Status    Status      `json:"status"`
	Submitted entry.Seq   `json:"submitted"`
	Queued    entry.Seq   `json:"queued"` // its place in the queue: kept while more is asked, new after a rejection
	Since     int64       `json:"since"`  // when it took that place, ms
	Decided   int64       `json:"decided,omitempty"`
	By        id.Person   `json:"by,omitempty"`
	Note      entry.Words `json:"note,omitempty"`  // the applicant's; let go once approved
	Text      entry.Words `json:"text,omitempty"`  // the question or the reason of who decides
	About     string      `json:"about,omitempty"` // which part of the form the question is about: one of abouts; empty: none, or several
}

// Open tells whether a decision is still to come.
func (a *Application) Open() bool { return a.Status == Pending || a.Status == Asked }

// Decision is one verdict, for the audit. It names who decided, when, what they said, and nothing of the applicant but the application.
type Decision struct {
	Application id.Application `json:"a"`
	Verb        string         `json:"v"` // ask, approve, reject
	By          id.Person      `json:"by"`
	As          string         `json:"as,omitempty"`
	At          int64          `json:"at"`
	Light       string         `json:"l,omitempty"`
	Waited      int64          `json:"w"`           // ms since the application took its place
	Words       entry.Words    `json:"t,omitempty"` // what was asked, or why not; as long as the application is kept
}

type submitFacts struct {
	Application id.Application `json:"application"`
	Person      id.Person      `json:"person,omitempty"`
	Room        id.Room        `json:"room,omitempty"`
	For         string         `json:"for,omitempty"`
	Form
	Record  string    `json:"record,omitempty"`
	Version entry.Seq `json:"version,omitempty"` // in a command: which one is amended; 0: however it stands
	Slip    id.Slip   `json:"slip,omitempty"`
	Off     bool      `json:"off,omitempty"`
	Shut    int64     `json:"shut,omitempty"` // until when nobody is let in by a slip of that door, ms
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
	case s.core.Rooms[f.Room] == nil && f.For != "":
		return nil, fault.New(fault.NotMember, "not a member of this room")
	case s.core.Rooms[f.Room] == nil:
		return nil, fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case s.core.Applications[f.Application] != nil:
		return nil, fault.New(fault.Conflicting, "there is such an application already")
	case s.openFor(f.Person, f.Room) != nil:
		return nil, fault.New(fault.Conflicting, "an application for this room waits already").And("application", s.openFor(f.Person, f.Room).ID)
	}
	if err := s.mayEnter(f.Person, f.Person, f.Room, a.now); err != nil {
		return nil, err
	}
	if old := s.latestFor(f.Person, f.Room); old != nil && old.For == f.For { // applying anew is changing what one said
		if err := old.mayChange(a.now); err != nil {
			return nil, err
		}
	}
	if f.For != "" {
		if err := s.mayWant(&f); err != nil {
			return nil, err
		}
	}
	if err := s.mayFill(f.Room, &f.Form); err != nil {
		return nil, err
	}
	if f.Slip != "" {
		if err := s.mayUse(f.Slip, f.Room, f.Premises, a.now); err != nil {
			return nil, err
		}
	}
	a.of = f.Person
	f.Off = f.Off || slices.ContainsFunc(s.mine[f.Person], func(x *Application) bool { return x.Off })
	f.judge(f.Slip, a.now)
	return one(f), nil
}

// mayWant checks what a member wants to be beyond what their relation makes them, and fills in what the office knows of them.
func (s *State) mayWant(f *submitFacts) error {
	who := s.core.People[f.Person]
	switch {
	case f.For != ForBadge:
		return invalid("for", "an application is for coming in, or for a badge")
	case who == nil || who.in(f.Room) == nil:
		return fault.New(fault.NotMember, "not a member of this room")
	case !slices.Contains(Badges, f.Category) || household(f.Category):
		return invalid("category", "no badge that one can ask for")
	case who.badge(f.Room, nil, "") == f.Category:
		return fault.New(fault.Unchanged, "worn already")
	}
	b := who.in(f.Room)
	version, _ := s.Charter(f.Room)
	f.Form = Form{Premises: b.Premises, Relation: cmp.Or(b.Relation, "other"), Category: f.Category, Light: "green", Charter: version}
	if f.Premises != "" && !s.lies(f.Premises, f.Room) {
		f.Premises = ""
	}
	return nil
}

// judge notes, for an application by a slip, that something is not as the roster has it: neither this application nor its person is
// let in by a slip any more, and nobody by that door's until the next day.
func (f *submitFacts) judge(slip id.Slip, now int64) {
	if slip != "" && !f.asRoster() {
		f.Off, f.Shut = true, nextDay(now)
	}
}

const day = 24 * 60 * 60 * 1000

// dayOf counts days where the office is (UTC+8); nextDay is when the next one begins, ms.
func dayOf(now int64) int64   { return (now + day/3) / day }
func nextDay(now int64) int64 { return (dayOf(now)+1)*day - day/3 }

// mayChange refuses the fourth change of a day.
func (a *Application) mayChange(now int64) error {
	if a.Day == dayOf(now) && a.Changes >= perDay {
		return fault.New(fault.Quota, "changed as often today as it may be").And("field", "application").And("limit", perDay)
	}
	return nil
}

func (a *Application) changed(at int64) {
	if a.Day != dayOf(at) {
		a.Day, a.Changes = dayOf(at), 0
	}
	a.Changes++
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
	app := &Application{
		ID: f.Application, Person: f.Person, Room: id.Room(s.once(string(f.Room))), For: f.For, Form: s.form(f.Form), Version: ev.seq,
		Record: f.Record, Slip: f.Slip, Off: f.Off, Status: Pending, Submitted: ev.seq, Queued: ev.seq, Since: ev.at, Note: ev.Words,
	}
	// An older one for the same room has had its answer; the log and the decisions keep it.
	for _, old := range slices.Clone(s.mine[f.Person]) {
		if old.Room == f.Room {
			if old.For == f.For {
				app.Changes, app.Day = old.Changes, old.Day
				app.changed(ev.at)
			}
			s.mine[f.Person] = slices.DeleteFunc(s.mine[f.Person], func(x *Application) bool { return x == old })
			delete(s.core.Applications, old.ID)
			s.hush(old)
		}
	}
	s.used(f.Slip, ev.at)
	s.shut(f.Premises, f.Shut, ev.at)
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
	case !app.Open() && s.openFor(app.Person, app.Room) != nil:
		return nil, fault.New(fault.Conflicting, "another application for this room waits already")
	case f.Version != 0 && f.Version != app.Version: // what it shows of the person may be gone by now
		return nil, changedMeanwhile(app)
	}
	if err := app.mayChange(a.now); err != nil {
		return nil, err
	}
	a.of = app.Person
	f.Person, f.Room, f.For, f.Slip, f.Version = app.Person, app.Room, app.For, "", 0
	if f.For != "" {
		if err := s.mayWant(&f); err != nil {
			return nil, err
		}
	}
	if err := s.mayFill(app.Room, &f.Form); err != nil {
		return nil, err
	}
	f.Off = f.Off || app.Off || app.Slip != "" && f.Premises != app.Premises
	f.judge(app.Slip, a.now)
	return one(f), nil
}

func (s *State) amended(ev *event) {
	f, ok := read[submitFacts](ev.Entry)
	app := s.core.Applications[f.Application]
	if !ok || app == nil || app.Status == Approved {
		return
	}
	if !app.Open() {
		if s.openFor(app.Person, app.Room) != nil {
			return
		}
		app.Queued, app.Since = ev.seq, ev.at
	}
	s.dequeue(app)
	app.Form, app.Status, app.Note, app.Text, app.About, app.Decided, app.By = s.form(f.Form), Pending, ev.Words, nil, "", 0, ""
	app.Version, app.Record, app.Off = ev.seq, f.Record, app.Off || f.Off
	app.changed(ev.at)
	s.shut(f.Premises, f.Shut, ev.at)
	s.enqueue(app)
	s.tellApplication(ev, app)
}

// mayWithdraw lets somebody take back what nobody has decided on.
func (s *State) mayWithdraw(a *asking) ([]step, error) {
	f, err := take[verdict](a)
	if err != nil {
		return nil, err
	}
	app := s.core.Applications[f.Application]
	switch {
	case app == nil || app.Person != a.by.Person:
		return nil, fault.New(fault.NotFound, "there is no such application of this person")
	case !app.Open():
		return nil, decided(app)
	}
	return one(verdict{Application: app.ID, Room: app.Room}), nil
}

// unwish takes back what somebody wanted to be in rooms that they go out of: nobody has to decide.
func (s *State) unwish(p id.Person, rooms ...id.Room) (steps []step) {
	for _, r := range slices.Compact(slices.Sorted(slices.Values(rooms))) {
		if a := s.openFor(p, r); a != nil && a.For == ForBadge {
			steps = append(steps, step{kind: "application.withdraw", facts: verdict{Application: a.ID, Room: r}})
		}
	}
	return steps
}

func (s *State) withdrawn(ev *event) {
	f, ok := read[verdict](ev.Entry)
	app := s.core.Applications[f.Application]
	if !ok || app == nil || !app.Open() {
		return
	}
	s.dequeue(app)
	app.Status, app.Decided, app.Note, app.Text, app.About = Withdrawn, ev.at, nil, nil, ""
	s.hush(app)
	s.tellApplication(ev, app)
}

// verdict is what who decides says of an application; with an approval, all that lets the person in.
type verdict struct {
	Application id.Application `json:"application"`
	Room        id.Room        `json:"room,omitempty"`
	Person      id.Person      `json:"person,omitempty"`
	Premises    id.Premises    `json:"premises,omitempty"` // in a command: the door of who typed one that was not in the roster
	Badge       string         `json:"badge,omitempty"`
	Relation    string         `json:"relation,omitempty"`
	Light       string         `json:"light,omitempty"`
	Rev         int            `json:"rev,omitempty"`
	Category    string         `json:"category,omitempty"` // in a command: the decider's choice; its entry has the badge
	Version     entry.Seq      `json:"version,omitempty"`  // in a command: the one that the decider saw
	For         string         `json:"for,omitempty"`
	Record      string         `json:"record,omitempty"` // which of the person's records is in force from now on, when it is another
	Rooms       []id.Room      `json:"rooms,omitempty"`  // that know the person by the record before
	About       string         `json:"about,omitempty"`  // which part of the form a question is about
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
	a.of = app.Person
	switch {
	case !app.Open():
		return f, nil, decided(app)
	case f.Version != 0 && f.Version != app.Version:
		return f, nil, changedMeanwhile(app)
	}
	return f, app, nil
}

func changedMeanwhile(a *Application) error {
	return fault.New(fault.Conflicting, "the application was changed meanwhile; look again").And("field", "version").And("version", a.Version)
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
	if f.About != "" && !slices.Contains(abouts, f.About) {
		return nil, invalid("about", "no such part of the form")
	}
	return one(verdict{Application: f.Application, Room: app.Room, About: f.About}), nil
}

// abouts are the parts of a form that a question may be about.
var abouts = []string{"name", "premises", "relation", "note"}

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
	if err := s.mayEnter(a.by.Person, app.Person, app.Room, a.now); err != nil {
		return nil, err
	}
	premises := cmp.Or(app.Premises, f.Premises)
	relation := cmp.Or(f.Relation, app.Relation)
	byRelation, known := relations[relation]
	badge := cmp.Or(f.Category, byRelation)
	who := s.core.People[app.Person]
	switch {
	case a.server() && !s.mayLetIn(app, a.now):
		return nil, fault.New(fault.Forbidden, "somebody has to decide on this one")
	case f.Version != app.Version:
		return nil, fault.New(fault.Conflicting, "which version of the application?").And("field", "version").And("version", app.Version)
	case f.Category != "" && !slices.Contains(Badges, f.Category):
		return nil, invalid("category", "no such category")
	case !known:
		return nil, invalid("relation", "no such relation")
	case f.Category == "" && (badge == "" || f.Relation == "" && !app.plain()):
		return nil, fault.New(fault.Invalid, "a badge was asked for: give it by its name, or another").And("field", "category").And("asked", app.Category)
	case app.Premises != "" && f.Premises != "" && f.Premises != app.Premises:
		return nil, fault.New(fault.Conflicting, "the applicant chose another door: ask them").And("field", "premises")
	case premises != "" && !s.lies(premises, app.Room):
		return nil, fault.New(fault.Conflicting, "the premises no longer belong to this room: ask the applicant").And("field", "premises")
	case premises == "" && household(badge):
		return nil, fault.New(fault.NoPremises, "without a door nobody is of a household: ask which one it is").And("field", "premises")
	case app.For == ForBadge && (who == nil || who.in(app.Room) == nil):
		return nil, fault.New(fault.NotMember, "no longer a member of this room")
	}
	out := verdict{
		Application: app.ID, Room: app.Room, Person: app.Person, Premises: premises, Badge: badge, Relation: relation,
		Light: app.Light, Rev: s.rev(app.Person), Version: app.Version, For: app.For,
	}
	if app.Record != "" && (who == nil || who.Record != app.Record) {
		out.Record = app.Record
		if who != nil {
			out.Rev++
			out.Rooms = slices.DeleteFunc(who.rooms(), func(r id.Room) bool { return r == app.Room && app.For == "" })
		}
	}
	return one(out), nil
}

func (s *State) asked(ev *event)    { s.decide(ev, "ask", Asked) }
func (s *State) rejected(ev *event) { s.decide(ev, "reject", Rejected) }

func (s *State) approved(ev *event) {
	// Who was let in is in, whatever became of the application.
	if f, ok := read[verdict](ev.Entry); ok && f.Person != "" && f.Room != "" {
		if f.For == ForBadge {
			s.wear(f.Person, f.Room, f.Badge)
		} else {
			s.bind(f.Person, f.Rev, Binding{Room: f.Room, Premises: f.Premises, Badge: f.Badge, Relation: f.Relation})
		}
		if app, who := s.core.Applications[f.Application], s.core.People[f.Person]; app != nil && who != nil {
			who.agree(app.Charter)
		}
		if app := s.core.Applications[f.Application]; app != nil {
			app.Premises = cmp.Or(app.Premises, f.Premises)
		}
		s.hold(ev, f.Person, f.Record, f.Rev, f.Room)
		defer ev.tell(Change{What: Who, Person: f.Person, Room: f.Room})
	}
	s.decide(ev, "approve", Approved)
}

// hold puts another record of a person in force: they are called by it from now on, and may see who ordered it.
func (s *State) hold(ev *event, p id.Person, record string, rev int, r id.Room) {
	if record == "" {
		return
	}
	_, known := s.core.People[p]
	who := s.person(p, rev)
	if known && rev > 1 && ev.By != id.Server {
		s.look(ev, []id.Person{p}, &Look{Seq: ev.seq, By: ev.By, As: ev.As, At: ev.at, Reason: "name", Room: r})
	}
	who.Record = record
	ev.tell(Change{What: Name, Person: p})
}

// decide notes a verdict.
func (s *State) decide(ev *event, verb string, to Status) {
	f, ok := read[verdict](ev.Entry)
	app := s.core.Applications[f.Application]
	if !ok || app == nil || !app.Open() {
		return
	}
	s.dequeue(app)
	app.Status, app.By, app.Text, app.About = to, ev.By, ev.Words, ""
	if to == Asked {
		app.About = f.About
	}
	if app.Open() {
		s.enqueue(app)
	} else {
		app.Decided = ev.at
	}
	if to == Approved {
		app.Note, app.Text = nil, nil
	}
	list := append(s.core.Decisions[app.Room], Decision{
		Application: app.ID, Verb: verb, By: ev.By, As: ev.As, At: ev.at, Light: app.Light, Waited: ev.at - app.Since, Words: ev.Words,
	})
	if len(list) > keptDecisions {
		list = slices.Delete(list, 0, len(list)-keptDecisions)
	}
	s.core.Decisions[app.Room] = list
	s.tellApplication(ev, app)
}

// hush lets go of what was said of an application that is no more.
func (s *State) hush(a *Application) {
	for i, d := range s.core.Decisions[a.Room] {
		if d.Application == a.ID {
			s.core.Decisions[a.Room][i].Words = nil
		}
	}
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

// latestFor is the latest application of a person for a room, open or not.
func (s *State) latestFor(p id.Person, r id.Room) *Application {
	for _, a := range slices.Backward(s.mine[p]) {
		if a.Room == r {
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
