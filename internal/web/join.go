package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"linli/internal/auth"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/legible"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/roster"
)

// privacy is what applicants are told, in one breath; the client shows the long form.
const privacy = "邻居看到的是门牌和称呼。真实姓名、手机号平时只有群主、社区和办事处看得到。您求助时，接下的人看得到您的姓名和手机号，要上门的还看得到门牌；您接别人的求助，他也看得到您的姓名和手机号。紧急求助时，赶来的人也一样。每一次查看都有记录。"

type joinInput struct {
	Link id.Link `path:"link"`
}

type joinBody struct {
	Room       id.Room `json:"room"`
	Name       string  `json:"name"`
	Community  string  `json:"community"`
	Owner      string  `json:"owner"`
	Charter    charter `json:"charter"`
	Privacy    string  `json:"privacy"`
	Households int     `json:"households"`
	Waited     int     `json:"waited"`         // minutes that an application typically waits; 0 when not known
	Slip       *bySlip `json:"slip,omitempty"` // the door, when a slip led here
}

// bySlip is the door that a slip is for.
type bySlip struct {
	Premises id.Premises `json:"premises"`
	Door     string      `json:"door"` // 3号楼 2单元 501, or the shop's name
	Kind     string      `json:"kind"`
	Until    int64       `json:"until"`
}

// linked is the room that a link leads to, of a poster or of a door slip: fault.Revoked when it was ended, and for slips fault.Taken
// when it was used and fault.Expired past its time; the room is told with these too, where there is one.
func (s *Server) linked(l id.Link) (r office.Room, slip office.Slip, err error) {
	name, signed := s.Register.Keys().SlipOf(string(l))
	s.Engine.ReadOffice(func(o *office.State) {
		if signed {
			known := false
			if slip, known = o.Slip(name); !known {
				err = fault.New(fault.Revoked, "there is a newer slip for this door")
				return
			}
			r, known = roomOf(o, slip.Premises)
			if err = slip.Good(s.Now().UnixMilli()); err == nil && !known {
				err = fault.New(fault.Revoked, "the door is in no room any more")
			}
			return
		}
		link, ok := o.Link(l)
		if !ok {
			err = fault.New(fault.NotFound, "no such link")
			return
		}
		if link.Ended != 0 {
			err = fault.New(fault.Revoked, "this link was ended")
		}
		x, _ := o.Room(link.Room)
		r = *x
	})
	return r, slip, err
}

// whom adds to the refusal of a link that leads nowhere any more the number that those who decide chose to tell: it stood on that paper.
func (s *Server) whom(r id.Room, err error) error {
	f := fault.Of(err)
	if f == nil || r == "" {
		return err
	}
	s.Engine.ReadOffice(func(o *office.State) {
		if tel, _, ok := o.Telephone(r); ok {
			f = f.And("telephone", tel)
		}
	})
	return f
}

// roomOf is the room that a door is in.
func roomOf(o *office.State, h id.Premises) (r office.Room, ok bool) {
	if at, there := o.Premises(h); there {
		if x, there := o.Room(at.Room); there {
			return *x, true
		}
	}
	return r, false
}

func (s *Server) joinPage(ctx context.Context, in *joinInput) (*body[joinBody], error) {
	r, slip, err := s.linked(in.Link)
	if err != nil {
		return nil, s.whom(r.ID, err)
	}
	b := s.joinBody(r)
	if slip.ID == "" {
		s.Scans.Count(in.Link)
		return says(b), nil
	}
	s.Engine.ReadOffice(func(o *office.State) {
		if h, ok := o.Premises(slip.Premises); ok {
			b.Slip = &bySlip{h.ID, written(h), h.Kind, slip.Until}
		}
	})
	return says(b), nil
}

// written is a door as it stands on the walls.
func written(h *office.Premises) string {
	if h.Kind == office.Shop {
		return h.Name
	}
	return strings.Join(slices.DeleteFunc([]string{h.Building, h.Entrance, h.Door}, func(x string) bool { return x == "" }), " ")
}

func (s *Server) joinBody(r office.Room) joinBody {
	b := joinBody{Room: r.ID, Name: r.Name, Privacy: privacy}
	var owners []id.Person
	s.Engine.ReadOffice(func(o *office.State) {
		if c, ok := o.Community(r.Community); ok {
			b.Community = c.Name
		}
		b.Charter = charterOf(o, r.ID)
		b.Households = o.TallyOf(r.ID).Homes
		b.Waited, _ = o.MedianWait(r.ID)
		owners = o.Owners(r.ID)
	})
	b.Owner = s.nameOfOne(r.ID, owners)
	return b
}

// nameOfOne is how a room knows the first of some people whom it knows. The views are asked outside of the office's lock, which all
// commands wait for.
func (s *Server) nameOfOne(r id.Room, of []id.Person) string {
	for _, p := range of {
		if n, ok := s.View.NameOf(r, p); ok {
			return n.Name
		}
	}
	return ""
}

// amending is the room of an application, for its applicant alone: they do not need the poster for it, which may have ended meanwhile.
func (s *Server) amending(ctx context.Context, name id.Application) (r office.Room, err error) {
	a, err := s.ownApplication(ctx, name)
	if err != nil {
		return r, err
	}
	s.Engine.ReadOffice(func(o *office.State) {
		x, _ := o.Room(a.Room)
		r = *x
	})
	return r, nil
}

func (s *Server) ownApplication(ctx context.Context, name id.Application) (a office.Application, err error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return a, err
	}
	if a, err = s.application(name); err != nil || a.Person != p {
		return a, fault.New(fault.NotFound, "no such application")
	}
	return a, nil
}

type applicationInput struct {
	Application id.Application `path:"application"`
}

func (s *Server) amendPage(ctx context.Context, in *applicationInput) (*body[joinBody], error) {
	r, err := s.amending(ctx, in.Application)
	if err != nil {
		return nil, err
	}
	return says(s.joinBody(r)), nil
}

func (s *Server) amendDoors(ctx context.Context, in *applicationInput) (*body[doorsChoice], error) {
	r, err := s.amending(ctx, in.Application)
	if err != nil {
		return nil, err
	}
	return says(s.doorsChoice(r)), nil
}

type doorChoice struct {
	Premises id.Premises `json:"premises"`
	Door     string      `json:"door"`
}

type entranceChoice struct {
	Name  string       `json:"name"`
	Doors []doorChoice `json:"doors"`
}

type buildingChoice struct {
	Name      string           `json:"name"`
	Entrances []entranceChoice `json:"entrances"`
}

type shopChoice struct {
	Premises id.Premises `json:"premises"`
	Name     string      `json:"name"`
}

type doorsChoice struct {
	Buildings []buildingChoice `json:"buildings"`
	Shops     []shopChoice     `json:"shops"`
}

// joinDoors are the places one may say to live in: no more than what stands on the doors.
func (s *Server) joinDoors(ctx context.Context, in *joinInput) (*body[doorsChoice], error) {
	r, _, err := s.linked(in.Link)
	if err != nil {
		return nil, err
	}
	return says(s.doorsChoice(r)), nil
}

func (s *Server) doorsChoice(r office.Room) doorsChoice {
	b := doorsChoice{Buildings: []buildingChoice{}, Shops: []shopChoice{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, h := range o.PremisesOf(r.ID) {
			if h.Kind == office.Shop {
				b.Shops = append(b.Shops, shopChoice{h.ID, h.Name})
				continue
			}
			b.add(h)
		}
	})
	return b
}

// add appends a door; they come in walking order.
func (b *doorsChoice) add(h *office.Premises) {
	if n := len(b.Buildings); n == 0 || b.Buildings[n-1].Name != h.Building {
		b.Buildings = append(b.Buildings, buildingChoice{Name: h.Building})
	}
	building := &b.Buildings[len(b.Buildings)-1]
	if n := len(building.Entrances); n == 0 || building.Entrances[n-1].Name != h.Entrance {
		building.Entrances = append(building.Entrances, entranceChoice{Name: h.Entrance})
	}
	entrance := &building.Entrances[len(building.Entrances)-1]
	entrance.Doors = append(entrance.Doors, doorChoice{h.ID, h.Door})
}

// form is what an applicant fills in. Somebody who is signed in says neither name nor phone nor password again.
type form struct {
	Name     string      `json:"name,omitempty"`
	Title    string      `json:"title,omitempty"`
	Phone    string      `json:"phone,omitempty"`
	Password string      `json:"password,omitempty"`
	Premises id.Premises `json:"premises,omitempty"`
	Door     string      `json:"door,omitempty"` // typed, when it is not in the list
	Relation string      `json:"relation"`
	Category string      `json:"category,omitempty"`
	Note     string      `json:"note,omitempty"`
	Charter  int         `json:"charter,omitempty"`
	Label    string      `json:"label,omitempty"`
	Tokens   bool        `json:"tokens,omitempty"`
}

type applyInput struct {
	Link id.Link `path:"link"`
	Body form
}

// slipsOff is the cookie of a browser in which a slip was tried with a name or a phone that did not fit: nobody is let in by a slip
// from there any more.
const slipsOff = "linli_slips_off"

// apply asks to enter a room. It makes the person, who may from then on do no more than see the application. Nothing of them is kept
// when the log refuses.
func (s *Server) apply(ctx context.Context, in *applyInput) (*sessionAnswer, error) {
	r, slip, err := s.linked(in.Link)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.Allow(ctx, "apply", where(ctx, "").Address); err != nil {
		return nil, err
	}
	f := &in.Body
	if slip.ID != "" {
		f.Premises, f.Door = slip.Premises, ""
	}
	claim, err := s.who(ctx)
	p, known, rec := claim.Person, err == nil, register.Record{}
	back, record := false, ""
	if known {
		rec, err = s.mayApply(ctx, p, r.ID, f.Premises)
	} else if rec, err = stranger(f); err == nil {
		one := &s.applying[int(rec.Phone[9]-'0')*10+int(rec.Phone[10]-'0')]
		one.Lock() // two at once with one phone and one password are one
		defer one.Unlock()
		p, record, back, err = s.cameBack(ctx, rec, f.Password, r.ID, f.Premises)
	}
	if err != nil {
		return nil, err
	}
	if back && s.hasOpen(p, r.ID) {
		out, err := s.start(ctx, p, f.Label, f.Tokens)
		if err == nil {
			out.Body.Before = true
		}
		return out, err
	}
	facts, words, err := s.fill(ctx, rec, r.ID, f)
	if err != nil {
		return nil, err
	}
	name := id.New[id.Application]("a")
	facts["application"], facts["person"], facts["room"], facts["record"] = name, p, r.ID, record
	if slip.ID != "" {
		ask, _ := ctx.Value(askKey).(*http.Request)
		_, err := ask.Cookie(slipsOff)
		facts["slip"], facts["off"] = slip.ID, err == nil
	}
	if err := s.would(asServer, "application.submit", facts, words); err != nil {
		return nil, err
	}
	fresh := !known && !back
	switch {
	case fresh:
		if err := errors.Join(s.Register.Put(ctx, p, rec), s.Auth.SetPassword(ctx, p, f.Password)); err != nil {
			return nil, errors.Join(err, s.unmake(ctx, p))
		}
	case record != "":
		if err := s.Register.PutSaid(ctx, p, record, rec); err != nil {
			return nil, err
		}
	}
	if _, err := s.server(ctx, "application.submit", facts, words); err != nil {
		if refused(err) {
			switch {
			case fresh:
				err = errors.Join(err, s.unmake(ctx, p))
			case record != "":
				err = errors.Join(err, s.Register.DropSaid(ctx, p, record))
			}
		}
		return nil, err
	}
	s.letInBySlip(ctx, name)
	var out *sessionAnswer
	if known {
		out = s.session(ctx, auth.Session{Person: p, Device: claim.Device, Expires: claim.Expires}, false)
		out.SetCookie = nil
	} else if out, err = s.start(ctx, p, f.Label, f.Tokens); err != nil {
		return nil, err
	}
	if a, err := s.application(name); err == nil && a.Slip != "" && a.Off {
		ask, _ := ctx.Value(askKey).(*http.Request)
		out.SetCookie = append(out.SetCookie, http.Cookie{
			Name: slipsOff, Value: "1", Path: "/api/v1/join", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(ask),
		})
	}
	return out, nil
}

// cameBack is who applies with a phone and a password: the one who did so before and was not let in yet, or somebody new. What they
// say of their name this time gets a record of its own when it is another.
func (s *Server) cameBack(ctx context.Context, rec register.Record, password string, r id.Room, h id.Premises) (p id.Person, record string, back bool, err error) {
	if p, err = s.Auth.Applicant(ctx, rec.Phone, password); err != nil {
		return "", "", false, err
	}
	if p == "" {
		return id.New[id.Person]("p"), "", false, nil
	}
	if err = s.notIn(p, r, h); err != nil {
		return "", "", false, err
	}
	was, err := s.Register.Record(ctx, p)
	if err == nil && was != rec {
		record = id.New[string]("n")
	}
	return p, record, true, err
}

// hasOpen tells whether somebody's application for a room is open.
func (s *Server) hasOpen(p id.Person, r id.Room) (open bool) {
	s.Engine.ReadOffice(func(o *office.State) {
		open = slices.ContainsFunc(o.Applications(office.Filter{Person: p, Room: r}), func(a office.Application) bool { return a.Open() && a.For == "" })
	})
	return open
}

// stranger is what somebody says of themselves who is not signed in.
func stranger(f *form) (rec register.Record, err error) {
	if f.Password == "" {
		return rec, fault.New(fault.Invalid, "choose a password").And("field", "password")
	}
	if rec, err = recordOf(f.Name, f.Title, f.Phone); err != nil {
		return rec, err
	}
	return rec, auth.Strong(f.Password, rec.Phone)
}

// mayApply is the record of somebody who is signed in and not in the room for this door.
func (s *Server) mayApply(ctx context.Context, p id.Person, r id.Room, h id.Premises) (register.Record, error) {
	if err := s.notIn(p, r, h); err != nil {
		return register.Record{}, err
	}
	return s.Register.Record(ctx, p)
}

// unmake takes back what was written down of somebody whom the log did not take.
func (s *Server) unmake(ctx context.Context, p id.Person) error {
	return errors.Join(s.Register.Forget(ctx, p), s.Auth.Unmake(ctx, p))
}

// refused tells whether the log has said no for good. Of a log that is busy, or an engine that stops, nothing is known: what it was told may
// be in it.
func refused(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Code != fault.Busy
}

// would asks the office's log what it would say to a command, so that nothing is written elsewhere for one that it refuses.
func (s *Server) would(by entry.Actor, act string, facts any, words map[string]string) (err error) {
	c, err := officeCommand(act, facts, words)
	if err != nil {
		return err
	}
	s.Engine.ReadOffice(func(o *office.State) {
		if by.Person != id.Server {
			by.Grants = o.GrantsOf(by.Person)
		}
		_, err = o.Decide(by, &c, s.Now().UnixMilli())
	})
	return err
}

var asServer = entry.Actor{Person: id.Server}

// notIn refuses who is in the room already, for this door, or was removed from it for a time that is not over.
func (s *Server) notIn(p id.Person, r id.Room, h id.Premises) (err error) {
	read := s.Engine.ReadRoom(r, func(x *room.State) {
		if m := x.Member(p); m != nil && len(m.Premises) > 0 && (h == "" || slices.Contains(m.Premises, h)) {
			err = fault.New(fault.Unchanged, "in this room already")
		}
		if until, removed := x.Removed(p); removed && (until == 0 || until > s.Now().UnixMilli()) {
			err = fault.New(fault.Removed, "removed from this room").And("until", until)
		}
	})
	if fault.Is(read, fault.NotFound) {
		return nil // its log begins with the first who comes in
	}
	if read != nil {
		return read
	}
	return err
}

// categories are what a relation makes somebody when they claim nothing else.
var categories = map[string]string{"owner": "业主", "tenant": "租户", "family": "家属", "shop": "商户"}

// fill turns a form into facts and words. How it compares with the roster is the server's to say, and the owner's to know.
func (s *Server) fill(ctx context.Context, rec register.Record, r id.Room, f *form) (map[string]any, map[string]string, error) {
	if f.Relation != "other" && f.Premises == "" && legible.Blank(f.Door) {
		return nil, nil, fault.New(fault.Invalid, "which door is it?").And("field", "premises")
	}
	h, known := office.Premises{}, false
	s.Engine.ReadOffice(func(o *office.State) {
		if x, ok := o.Premises(f.Premises); ok && x.Room == r {
			h, known = *x, true
			return
		}
		if b, e, d, ok := roster.NormaliseDoor("", "", f.Door); ok && f.Door != "" {
			for _, x := range o.PremisesOf(r) {
				if x.Kind == office.Home && x.Door == d && (b == "" || x.Building == b) && (e == "" || x.Entrance == e) && b+e != "" {
					h, known = *x, true
				}
			}
		}
	})
	door, there := register.Door{}, false
	if known {
		page, err := s.Register.Page(ctx, h.Page)
		if err != nil {
			return nil, nil, err
		}
		door, there = page[h.ID]
	}
	light := register.Match(door, there, rec.Name)
	phone, _ := door.SamePhone(rec.Name, rec.Phone)
	category := f.Category
	if category == "" {
		category = categories[f.Relation]
	}
	if len(f.Door) > 120 {
		return nil, nil, fault.New(fault.TooLarge, "the door is too long").And("field", "door").And("limit", 40)
	}
	words, err := noteOf(f.Note)
	if err != nil {
		return nil, nil, err
	}
	if d := strings.TrimSpace(f.Door); d != "" {
		words["door"] = d
	}
	facts := map[string]any{
		"premises": h.ID, "relation": f.Relation, "category": category, "light": light, "charter": f.Charter, "phone": phone,
	}
	return facts, words, nil
}

// noteOf is an applicant's note as words.
func noteOf(note string) (map[string]string, error) {
	if len(note) > 600 {
		return nil, fault.New(fault.TooLarge, "the note is too long").And("field", "note").And("limit", 200)
	}
	words := map[string]string{}
	if n := strings.TrimSpace(note); n != "" {
		words["note"] = n
	}
	return words, nil
}

type applicationMine struct {
	ID       id.Application `json:"id"`
	Room     id.Room        `json:"room"`
	RoomName string         `json:"roomName"`
	State    office.Status  `json:"state"`
	Place    int            `json:"place,omitempty"`
	Text     string         `json:"text,omitempty"`  // what the owner asks or why they refused
	About    string         `json:"about,omitempty"` // the part of the form that is asked about: name, premises, relation, note
	At       int64          `json:"at"`
	Waited   int            `json:"waited,omitempty"`
	Owner    string         `json:"owner,omitempty"`

	Telephone *office.Telephone `json:"telephone,omitempty"` // of who decides, where they chose to tell one

	Premises id.Premises `json:"premises,omitempty"`
	Relation string      `json:"relation"`
	Category string      `json:"category"`
	Note     string      `json:"note,omitempty"`
	Door     string      `json:"door,omitempty"`
	Label    string      `json:"label,omitempty"` // the door that was chosen, as it stands on the walls
	Link     id.Link     `json:"link,omitempty"`  // a link of the room, for choosing another door
	Charter  int         `json:"charter"`
	Version  entry.Seq   `json:"version"`
	For      string      `json:"for,omitempty"`  // badge: a member's wish for another badge; empty: to come in
	Name     string      `json:"name,omitempty"` // as the application says it
	Title    string      `json:"title,omitempty"`
}

func (s *Server) applicationsOf(ctx context.Context, p id.Person) ([]applicationMine, error) {
	list, records, owners := []applicationMine{}, []string{}, [][]id.Person{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, a := range o.Applications(office.Filter{Person: p}) {
			if a.For == "" && a.Status == office.Approved && !o.BoundTo(p, a.Room) {
				continue // they have gone out of the room since
			}
			m := applicationMine{
				ID: a.ID, Room: a.Room, State: a.Status, Place: o.Place(a.ID), At: a.Since, Premises: a.Premises, Relation: a.Relation,
				Category: a.Category, Charter: a.Charter, Version: a.Version, For: a.For, Note: textOf(a.Note, "note"), Door: textOf(a.Note, "door"), About: a.About,
			}
			if tel, _, ok := o.Telephone(a.Room); ok {
				m.Telephone = &tel
			}
			m.Text = textOf(a.Text, "text") + textOf(a.Text, "reason")
			m.Waited, _ = o.MedianWait(a.Room)
			if h, ok := o.Premises(a.Premises); ok {
				m.Label = written(h)
			}
			if r, ok := o.Room(a.Room); ok {
				m.RoomName = r.Name
			}
			for _, l := range o.Links(a.Room) {
				if l.Ended == 0 {
					m.Link = l.ID
				}
			}
			list, records, owners = append(list, m), append(records, a.Record), append(owners, o.Owners(a.Room))
		}
	})
	for i := range list {
		rec, err := s.Register.Said(ctx, p, records[i])
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		list[i].Name, list[i].Title, list[i].Owner = rec.Name, rec.Title, s.nameOfOne(list[i].Room, owners[i])
	}
	return list, nil
}

type mineBody struct {
	Applications []applicationMine `json:"applications"`
}

func (s *Server) myApplications(ctx context.Context, _ *none) (*body[mineBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.applicationsOf(ctx, p)
	return says(mineBody{list}), err
}

type amendInput struct {
	Application id.Application `path:"application"`
	Body        form
}

// amend is the applicant's answer to a question, or another try after a refusal. What it says of their name is kept beside the record
// that is in force, and holds when who decides on it approves.
func (s *Server) amend(ctx context.Context, in *amendInput) (*done, error) {
	a, err := s.ownApplication(ctx, in.Application)
	if err != nil {
		return nil, err
	}
	rec, err := s.Register.Said(ctx, a.Person, a.Record)
	if err != nil {
		return nil, err
	}
	record, was := a.Record, rec
	if f := &in.Body; a.For == "" && (f.Name != "" || f.Title != "") {
		if rec, err = recordOf(cmp.Or(f.Name, rec.Name), cmp.Or(f.Title, rec.Title), rec.Phone); err != nil {
			return nil, err
		}
		if rec != was {
			record = id.New[string]("n")
		}
	}
	facts, words, err := s.amended(ctx, &a, rec, &in.Body)
	if err != nil {
		return nil, err
	}
	facts["application"], facts["person"], facts["room"], facts["record"], facts["version"] = a.ID, a.Person, a.Room, record, a.Version
	if err := s.would(asServer, "application.amend", facts, words); err != nil {
		return nil, err
	}
	if record != a.Record {
		if err := s.Register.PutSaid(ctx, a.Person, record, rec); err != nil {
			return nil, err
		}
	}
	if _, err = s.server(ctx, "application.amend", facts, words); err != nil {
		if record != a.Record && refused(err) {
			err = errors.Join(err, s.Register.DropSaid(ctx, a.Person, record))
		}
		return nil, err
	}
	if record != a.Record {
		if err := s.Register.DropSaid(ctx, a.Person, a.Record); err != nil {
			s.Log.Error("a record that does not hold was not deleted", "application", a.ID, "err", err)
		}
	}
	s.letInBySlip(ctx, a.ID)
	return ok(), nil
}

func (s *Server) amended(ctx context.Context, a *office.Application, rec register.Record, f *form) (map[string]any, map[string]string, error) {
	if a.For != office.ForBadge {
		return s.fill(ctx, rec, a.Room, f)
	}
	words, err := noteOf(f.Note)
	return map[string]any{"category": cmp.Or(f.Category, a.Category)}, words, err
}

func (s *Server) withdraw(ctx context.Context, in *applicationInput) (*done, error) {
	_, err := s.asPerson(ctx, "application.withdraw", map[string]any{"application": in.Application}, nil)
	return ok(), err
}

func (s *Server) application(a id.Application) (app office.Application, err error) {
	there := false
	s.Engine.ReadOffice(func(o *office.State) { app, there = o.Application(a) })
	if !there {
		return app, fault.New(fault.NotFound, "no such application")
	}
	return app, nil
}
