package web

import (
	"cmp"
	"context"
	"slices"

	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
)

type decisionRow struct {
	Application id.Application `json:"application"`
	Room        id.Room        `json:"room"`
	RoomName    string         `json:"roomName"`
	Label       string         `json:"label,omitempty"` // the door it was about
	Name        string         `json:"name,omitempty"`  // who applied, as long as the application is kept
	Text        string         `json:"text,omitempty"`  // what was asked, or why not
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
	about := map[id.Application]office.Application{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, r := range rooms {
			b.Decisions = append(b.Decisions, decisionsIn(o, r)...)
		}
		slices.SortStableFunc(b.Decisions, func(x, y decisionRow) int { return cmp.Compare(y.At, x.At) })
		b.Decisions = b.Decisions[:min(perList, len(b.Decisions))]
		for _, d := range b.Decisions {
			if a, ok := o.Application(d.Application); ok {
				about[a.ID] = a
			}
		}
	})
	var persons []id.Person
	for _, a := range about {
		persons = append(persons, a.Person)
	}
	records, err := s.Register.Look(ctx, c.Person, persons, "admission")
	if err != nil {
		return nil, err
	}
	for i := range b.Decisions {
		d := &b.Decisions[i]
		d.ByName, d.Name = s.calls(ctx, d.Room, d.By), records[about[d.Application].Person].Name
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
			Text: textOf(d.Words, "text") + textOf(d.Words, "reason"),
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
