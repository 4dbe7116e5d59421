package web

import (
	"context"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/room"
)

// rosterSays is what the office's roster has of a door.
type rosterSays struct {
	Name   string `json:"name"` // empty where it knows nobody there: what was counted by hand has no names
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
	Door     string         `json:"door,omitempty"`  // as typed, when it is not in the list
	Adds     string         `json:"adds,omitempty"`  // the typed door as the roster would have it, for who may put it there
	Lacks    bool           `json:"lacks,omitempty"` // the roster has no such door
	Near     []doorOfOne    `json:"near,omitempty"`  // the room's doors that are nearest to the typed one
	Text     string         `json:"text,omitempty"`
	Asked    string         `json:"asked,omitempty"` // what this answers: the last that was asked of them
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
			if d, ok := o.LastWord(&a); ok && d.Verb == "ask" && a.Status == office.Pending {
				row.Asked = textOf(d.Words, "text")
			}
			if a.Category != categories[a.Relation] {
				row.Badge = a.Category
			}
			if r, ok := o.Room(a.Room); ok {
				row.RoomName = r.Name
			}
			if h, ok := o.Premises(a.Premises); ok {
				row.Label, pages[a.ID] = h.Label(), h.Page
			} else if row.Door != "" && a.For == "" {
				d, ok := typed(o, a)
				row.Lacks, row.Near = true, nearest(o, a.Room, d)
				if ok && o.MayPlace(c.Person, a.Room) {
					row.Adds = d.Label()
				}
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
		name := d.Name
		if len(d.Known()) == 0 {
			name = ""
		}
		row.Roster = &rosterSays{name, d.People, d.Tenure, phone}
	}
	err = s.Engine.ReadRoom(row.Room, func(x *room.State) { row.Inside = len(x.Behind(row.Premises)) })
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
