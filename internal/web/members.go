package web

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

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

// settled is asPerson; when it is answered, what it is about holds in the rooms, but for one that can write nothing now: there it holds as
// soon as it can.
func (s *Server) settled(ctx context.Context, act string, facts any, words map[string]string) (*done, error) {
	seq, err := s.asPerson(ctx, act, facts, words)
	if err != nil {
		return nil, err
	}
	s.Engine.Followed(ctx, seq)
	return ok(), nil
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
	Person  id.Person   `json:"person"`
	Name    string      `json:"name"`
	Title   string      `json:"title,omitempty"`
	Display string      `json:"display"`
	Badge   string      `json:"badge,omitempty"`
	Role    entry.Role  `json:"role,omitempty"`
	Doors   []doorOfOne `json:"doors"` // the first is the one that the display name says
	Phone   string      `json:"phone"` // masked
	Muted   int64       `json:"muted,omitempty"`
	Joined  int64       `json:"joined"`
	Online  bool        `json:"online"`
}

// doorOfOne is a household or shop that somebody acts for in a room.
type doorOfOne struct {
	Premises id.Premises `json:"premises"`
	Label    string      `json:"label"`
}

func doorsOf(x *room.State, m *room.Member) []doorOfOne {
	list := make([]doorOfOne, 0, len(m.Premises))
	for _, h := range m.Premises {
		d, _ := x.Door(h)
		list = append(list, doorOfOne{h, d.Label})
	}
	return list
}

type membersInput struct {
	Room id.Room `path:"room"`
	// What is sought is somebody's name or door: it stands in no URL.
	Body struct {
		Find   string `json:"find,omitempty"` // in display name, full name or door
		Offset int    `json:"offset,omitempty"`
		Limit  int    `json:"limit,omitempty"` // 1 to 200; 100 when none is said
	}
}

type membersBody struct {
	Total   int         `json:"total"` // that were found
	Members []memberRow `json:"members"`
}

// members is who is in a room, by full name, a page of them: for who answers for it, owners first, then in walking order. Only those
// on the page are looked at, and whom what is sought found by their full name, on the page or not: that answer tells it.
func (s *Server) members(ctx context.Context, in *membersInput) (*body[membersBody], error) {
	c, err := s.answersFor(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	find := strings.TrimSpace(b.Find)
	if b.Limit <= 0 || b.Limit > 200 {
		b.Limit = 100
	}
	all := []memberRow{}
	now := s.Now().UnixMilli()
	err = s.Engine.ReadRoom(in.Room, func(x *room.State) {
		for p, m := range x.Members {
			row := memberRow{Person: p, Badge: m.Badge, Role: m.Role, Joined: m.Joined, Doors: doorsOf(x, m)}
			if m.Muted > now {
				row.Muted = m.Muted
			}
			all = append(all, row)
		}
	})
	if err != nil {
		return nil, err
	}
	_ = s.Engine.Seen(ctx, in.Room) // who just came in has a name by then; where the views stand still the list comes without it
	for i := range all {
		if n, ok := s.View.NameOf(in.Room, all[i].Person); ok {
			all[i].Display = n.Name
		}
	}
	var of []id.Person
	all = slices.DeleteFunc(all, func(m memberRow) bool {
		if m.isSought(find) {
			return false
		}
		rec, err := s.Register.Record(ctx, m.Person)
		named := err == nil && strings.Contains(rec.Name, find)
		if named {
			of = append(of, m.Person)
		}
		return !named
	})
	order := s.walking(in.Room)
	door := func(m *memberRow) int {
		if len(m.Doors) == 0 {
			return 0
		}
		return order[m.Doors[0].Premises]
	}
	slices.SortFunc(all, func(x, y memberRow) int {
		return cmp.Or(-cmp.Compare(x.Role, y.Role), cmp.Compare(door(&x), door(&y)), cmp.Compare(x.Person, y.Person))
	})
	from := min(max(b.Offset, 0), len(all))
	page := membersBody{Total: len(all), Members: all[from:min(from+b.Limit, len(all))]}
	for _, m := range page.Members {
		if !slices.Contains(of, m.Person) {
			of = append(of, m.Person)
		}
	}
	records, err := s.look(ctx, c.Person, of, "members")
	if err != nil {
		return nil, err
	}
	for i := range page.Members {
		m := &page.Members[i]
		rec := records[m.Person]
		m.Title = rec.Title
		m.Name, m.Phone, m.Online = rec.Name, register.Masked(rec.Phone), len(s.Hub.Present(m.Person)) > 0
	}
	return says(page), nil
}

// isSought tells whether what everybody in the room sees of a member has what is sought; everybody has nothing.
func (m *memberRow) isSought(find string) bool {
	return find == "" || strings.Contains(m.Display, find) || slices.ContainsFunc(m.Doors, func(d doorOfOne) bool { return strings.Contains(d.Label, find) })
}

type codeBody struct {
	Code    string `json:"code"`
	Expires int64  `json:"expires"`
}

type memberInput struct {
	Room   id.Room   `path:"room"`
	Person id.Person `path:"person"`
}

// memberCode gives a member, face to face, a code for setting a new password: the room's owners and deputies do. It is announced on
// whatever devices the member has.
func (s *Server) memberCode(ctx context.Context, in *memberInput) (*body[codeBody], error) {
	c, err := s.answersFor(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	has := false
	if err := s.Engine.ReadRoom(in.Room, func(x *room.State) { has = x.Has(in.Person) }); err != nil {
		return nil, err
	}
	if !has {
		return nil, fault.New(fault.NotFound, "no such member")
	}
	if _, err := s.asPerson(ctx, "code.issue", map[string]any{"person": in.Person, "room": in.Room}, nil); err != nil {
		return nil, err
	}
	code, until, err := s.Auth.IssueCode(ctx, in.Person, c.Person)
	if err != nil {
		return nil, err
	}
	return says(codeBody{Code: code, Expires: until.UnixMilli()}), nil
}

type bindInput struct {
	Room   id.Room   `path:"room"`
	Person id.Person `path:"person"`
	Body   struct {
		Premises id.Premises `json:"premises"`
		Relation string      `json:"relation,omitempty"` // owner, when none is said
	}
}

// bind gives a member one more door of the room.
func (s *Server) bind(ctx context.Context, in *bindInput) (*done, error) {
	return s.settled(ctx, "person.bind", map[string]any{
		"person": in.Person, "room": in.Room, "premises": in.Body.Premises, "relation": cmp.Or(in.Body.Relation, "owner"),
	}, nil)
}

type unbindInput struct {
	Room     id.Room     `path:"room"`
	Person   id.Person   `path:"person"`
	Premises id.Premises `path:"premises"`
}

// unbind takes a member from behind a door; from the last one they leave the room.
func (s *Server) unbind(ctx context.Context, in *unbindInput) (*done, error) {
	return s.settled(ctx, "person.moved", map[string]any{"person": in.Person, "room": in.Room, "premises": in.Premises}, nil)
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
