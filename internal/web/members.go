package web

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
)

// asPerson runs a command of the office in the name of who asks: the log decides whether they may.
func (s *Server) asPerson(ctx context.Context, act string, facts any, words map[string]string) (entry.Seq, error) {
	c, err := s.who(ctx)
	if err != nil {
		return 0, err
	}
	command, err := officeCommand(act, facts, words)
	if err != nil {
		return 0, err
	}
	seq, err := s.Engine.Do(ctx, id.Office, c.Person, c.Device, command)
	if err == nil {
		s.noteAct(ctx, act, command.With)
	}
	return seq, err
}

// server runs a command of the office by the server itself: for what has been proved in another way.
func (s *Server) server(ctx context.Context, act string, facts any, words map[string]string) (entry.Seq, error) {
	command, err := officeCommand(act, facts, words)
	if err != nil {
		return 0, err
	}
	return s.Engine.As(ctx, id.Office, command, s.Now())
}

func officeCommand(act string, facts any, words map[string]string) (c entry.Command, err error) {
	c.Act = act
	if c.With, err = json.Marshal(facts); err != nil {
		return c, err
	}
	if words != nil {
		c.Words, err = json.Marshal(words)
	}
	return c, err
}

type memberRow struct {
	Person   id.Person   `json:"person"`
	Name     string      `json:"name"`
	Title    string      `json:"title,omitempty"`
	Display  string      `json:"display"`
	Badge    string      `json:"badge,omitempty"`
	Role     entry.Role  `json:"role,omitempty"`
	Premises id.Premises `json:"premises,omitempty"`
	Label    string      `json:"label,omitempty"`
	Phone    string      `json:"phone"` // masked
	Muted    int64       `json:"muted,omitempty"`
	Joined   int64       `json:"joined"`
	Online   bool        `json:"online"`
}

type membersBody struct {
	Members []memberRow `json:"members"`
}

// members is who is in a room, by full name, for who answers for it.
func (s *Server) members(ctx context.Context, in *roomInput) (*body[membersBody], error) {
	c, err := s.answersFor(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := membersBody{Members: []memberRow{}}
	now := s.Now().UnixMilli()
	err = s.Engine.ReadRoom(in.Room, func(x *room.State) {
		for p, m := range x.Members {
			row := memberRow{Person: p, Badge: m.Badge, Role: m.Role, Joined: m.Joined}
			if m.Muted > now {
				row.Muted = m.Muted
			}
			if len(m.Premises) > 0 {
				d, _ := x.Door(m.Premises[0])
				row.Premises, row.Label = m.Premises[0], d.Label
			}
			b.Members = append(b.Members, row)
		}
	})
	if err != nil {
		return nil, err
	}
	of := make([]id.Person, 0, len(b.Members))
	for _, m := range b.Members {
		of = append(of, m.Person)
	}
	records := map[id.Person]register.Record{}
	for part := range slices.Chunk(of, 500) {
		some, err := s.Register.Look(ctx, c.Person, part, "members")
		if err != nil {
			return nil, err
		}
		for p, rec := range some {
			records[p] = rec
		}
	}
	for i := range b.Members {
		m := &b.Members[i]
		rec := records[m.Person]
		m.Title = rec.Title
		m.Name, m.Phone, m.Online = rec.Name, register.Masked(rec.Phone), len(s.Hub.Present(m.Person)) > 0
		if n, ok := s.View.NameOf(in.Room, m.Person); ok {
			m.Display = n.Name
		}
	}
	order := s.walking(in.Room)
	slices.SortFunc(b.Members, func(x, y memberRow) int {
		return cmp.Or(-cmp.Compare(x.Role, y.Role), cmp.Compare(order[x.Premises], order[y.Premises]), cmp.Compare(x.Person, y.Person))
	})
	return says(b), nil
}

type codeBody struct {
	Code    string `json:"code"`
	Expires int64  `json:"expires"`
}

type memberInput struct {
	Room   id.Room   `path:"room"`
	Person id.Person `path:"person"`
}

// memberCode gives a member, face to face, a code for setting a new password.
func (s *Server) memberCode(ctx context.Context, in *memberInput) (*body[codeBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	has := false
	if err := s.Engine.ReadRoom(in.Room, func(x *room.State) { has = x.Has(in.Person) }); err != nil {
		return nil, err
	}
	if !has {
		return nil, fault.New(fault.NotFound, "no such member")
	}
	return s.issue(ctx, in.Person, in.Room)
}

// issue makes a code and writes down who issued it.
func (s *Server) issue(ctx context.Context, p id.Person, r id.Room) (*body[codeBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.asPerson(ctx, "code.issue", map[string]any{"person": p, "room": r}, nil); err != nil {
		return nil, err
	}
	code, until, err := s.Auth.IssueCode(ctx, p, c.Person)
	if err != nil {
		return nil, err
	}
	return says(codeBody{Code: code, Expires: until.UnixMilli()}), nil
}

// walking is the order of a room's doors, from the bottom up.
func (s *Server) walking(r id.Room) map[id.Premises]int {
	order := map[id.Premises]int{}
	s.Engine.ReadOffice(func(o *office.State) {
		for i, h := range o.PremisesOf(r) {
			order[h.ID] = i
		}
	})
	return order
}
