package web

import (
	"context"
	"strings"

	"linli/internal/auth"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/roster"
)

// privacy is what applicants are told, in one breath; the client shows the long form.
const privacy = "真实姓名、手机号只有群主、社区和办事处看得到；每一次查看都有记录。邻居看到的是门牌和称呼。"

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
	Waited     int     `json:"waited"` // minutes that an application typically waits; 0 when not known
}

// linked is the room that a poster's link leads to: fault.Revoked when it was ended.
func (s *Server) linked(l id.Link) (r office.Room, err error) {
	s.Engine.ReadOffice(func(o *office.State) {
		link, ok := o.Link(l)
		if !ok {
			err = fault.New(fault.NotFound, "no such link")
			return
		}
		if link.Ended != 0 {
			err = fault.New(fault.Revoked, "this link was ended")
			return
		}
		x, _ := o.Room(link.Room)
		r = *x
	})
	return r, err
}

func (s *Server) joinPage(ctx context.Context, in *joinInput) (*body[joinBody], error) {
	r, err := s.linked(in.Link)
	if err != nil {
		return nil, err
	}
	s.Scans.Count(in.Link)
	b := joinBody{Room: r.ID, Name: r.Name, Privacy: privacy}
	s.Engine.ReadOffice(func(o *office.State) {
		if c, ok := o.Community(r.Community); ok {
			b.Community = c.Name
		}
		b.Charter = charterOf(o, r.ID)
		b.Households = o.TallyOf(r.ID).Homes
		b.Waited, _ = o.MedianWait(r.ID)
		for _, p := range o.Owners(r.ID) {
			if n, ok := s.View.NameOf(r.ID, p); ok && b.Owner == "" {
				b.Owner = n.Name
			}
		}
	})
	return says(b), nil
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
	r, err := s.linked(in.Link)
	if err != nil {
		return nil, err
	}
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
	return says(b), nil
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

// apply asks to enter a room. It makes the person, who may from then on do no more than see the application.
func (s *Server) apply(ctx context.Context, in *applyInput) (*sessionAnswer, error) {
	r, err := s.linked(in.Link)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.Allow(ctx, "apply", where(ctx, "").Address); err != nil {
		return nil, err
	}
	f := &in.Body
	claim, err := s.who(ctx)
	p, known := claim.Person, err == nil
	if !known {
		p = id.New[id.Person]("p")
		if f.Password == "" {
			return nil, fault.New(fault.Invalid, "choose a password").And("field", "password")
		}
		if err := s.newPerson(ctx, p, f.Name, f.Title, f.Phone, f.Password); err != nil {
			return nil, err
		}
	} else if err := s.notIn(p, r.ID); err != nil {
		return nil, err
	}
	facts, words, err := s.fill(ctx, p, r.ID, f)
	if err != nil {
		return nil, err
	}
	name := id.New[id.Application]("a")
	facts["application"], facts["person"], facts["room"] = name, p, r.ID
	if _, err := s.server(ctx, "application.submit", facts, words); err != nil {
		return nil, err
	}
	s.admitGreen(ctx, name)
	if known {
		d := auth.Session{Person: p, Device: claim.Device}
		out := s.session(ctx, d, false)
		out.SetCookie = nil
		return out, nil
	}
	return s.start(ctx, p, f.Label, f.Tokens)
}

// notIn refuses who is in the room already, or was removed from it for a time that is not over.
func (s *Server) notIn(p id.Person, r id.Room) (err error) {
	read := s.Engine.ReadRoom(r, func(x *room.State) {
		if m := x.Member(p); m != nil && len(m.Premises) > 0 {
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
func (s *Server) fill(ctx context.Context, p id.Person, r id.Room, f *form) (map[string]any, map[string]string, error) {
	rec, err := s.Register.Record(ctx, p)
	if err != nil {
		return nil, nil, err
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
	category := f.Category
	if category == "" {
		category = categories[f.Relation]
	}
	if len(f.Note) > 600 || len(f.Door) > 120 {
		return nil, nil, fault.New(fault.TooLarge, "the note is too long").And("field", "note").And("limit", 200)
	}
	words := map[string]string{}
	for k, v := range map[string]string{"note": f.Note, "door": f.Door} {
		if v = strings.TrimSpace(v); v != "" {
			words[k] = v
		}
	}
	facts := map[string]any{
		"premises": h.ID, "relation": f.Relation, "category": category, "light": light, "charter": f.Charter,
	}
	return facts, words, nil
}

type applicationMine struct {
	ID       id.Application `json:"id"`
	Room     id.Room        `json:"room"`
	RoomName string         `json:"roomName"`
	State    office.Status  `json:"state"`
	Place    int            `json:"place,omitempty"`
	Text     string         `json:"text,omitempty"` // what the owner asks or why they refused
	At       int64          `json:"at"`
	Waited   int            `json:"waited,omitempty"`
	Owner    string         `json:"owner,omitempty"`
	Premises id.Premises    `json:"premises,omitempty"`
	Relation string         `json:"relation"`
	Category string         `json:"category"`
	Note     string         `json:"note,omitempty"`
	Door     string         `json:"door,omitempty"`
	Link     id.Link        `json:"link,omitempty"` // a link of the room, for choosing another door
	Charter  int            `json:"charter"`
}

func (s *Server) applicationsOf(p id.Person) []applicationMine {
	list := []applicationMine{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, a := range o.Applications(office.Filter{Person: p}) {
			m := applicationMine{
				ID: a.ID, Room: a.Room, State: a.Status, Place: o.Place(a.ID), At: a.Since, Premises: a.Premises, Relation: a.Relation,
				Category: a.Category, Charter: a.Charter, Note: textOf(a.Note, "note"), Door: textOf(a.Note, "door"),
			}
			m.Text = textOf(a.Text, "text") + textOf(a.Text, "reason")
			m.Waited, _ = o.MedianWait(a.Room)
			if r, ok := o.Room(a.Room); ok {
				m.RoomName = r.Name
			}
			for _, l := range o.Links(a.Room) {
				if l.Ended == 0 {
					m.Link = l.ID
				}
			}
			for _, owner := range o.Owners(a.Room) {
				if n, ok := s.View.NameOf(a.Room, owner); ok {
					m.Owner = n.Name
				}
			}
			list = append(list, m)
		}
	})
	return list
}

type mineBody struct {
	Applications []applicationMine `json:"applications"`
}

func (s *Server) myApplications(ctx context.Context, _ *none) (*body[mineBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return says(mineBody{s.applicationsOf(p)}), nil
}

type amendInput struct {
	Application id.Application `path:"application"`
	Body        form
}

// amend is the applicant's answer to a question, or another try after a refusal.
func (s *Server) amend(ctx context.Context, in *amendInput) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.application(in.Application)
	if err != nil {
		return nil, err
	}
	if a.Person != p {
		return nil, fault.New(fault.NotFound, "no such application")
	}
	if f := &in.Body; f.Name != "" || f.Title != "" {
		rec, err := s.Register.Record(ctx, p)
		if err != nil {
			return nil, err
		}
		name, title := f.Name, f.Title
		if name == "" {
			name = rec.Name
		}
		if title == "" {
			title = rec.Title
		}
		if err := s.newPerson(ctx, p, name, title, rec.Phone, ""); err != nil {
			return nil, err
		}
	}
	facts, words, err := s.fill(ctx, p, a.Room, &in.Body)
	if err != nil {
		return nil, err
	}
	facts["application"], facts["person"], facts["room"] = a.ID, p, a.Room
	if _, err = s.server(ctx, "application.amend", facts, words); err != nil {
		return nil, err
	}
	s.admitGreen(ctx, a.ID)
	return ok(), nil
}

func (s *Server) application(a id.Application) (app office.Application, err error) {
	there := false
	s.Engine.ReadOffice(func(o *office.State) { app, there = o.Application(a) })
	if !there {
		return app, fault.New(fault.NotFound, "no such application")
	}
	return app, nil
}
