package web

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
)

// scopeInput is from where somebody is removed: a room or a community.
type scopeInput struct {
	Person    id.Person    `query:"person"`
	Room      id.Room      `query:"room"`
	Community id.Community `query:"community"`
}

type removeInput struct {
	Body struct {
		Person    id.Person    `json:"person"`
		Room      id.Room      `json:"room,omitempty"`      // one of the two
		Community id.Community `json:"community,omitempty"` // from all its rooms, and those that it will have
		Until     int64        `json:"until,omitempty"`     // ms; without end when there is none
		Reason    string       `json:"reason"`
	}
}

// removePerson removes somebody from a room or a community. When it is answered, it holds in the rooms (see settled).
func (s *Server) removePerson(ctx context.Context, in *removeInput) (*done, error) {
	b := &in.Body
	return s.settled(ctx, "person.removed", map[string]any{
		"person": b.Person, "room": b.Room, "community": b.Community, "until": b.Until,
	}, map[string]string{"reason": b.Reason})
}

type leaveInput struct {
	Room id.Room `path:"room"`
}

// leave is going out of a room by oneself. When it is answered, it holds in the room (see settled).
func (s *Server) leave(ctx context.Context, in *leaveInput) (*done, error) {
	return s.settled(ctx, "person.left", map[string]any{"room": in.Room}, nil)
}

// restorePerson lifts a removal before its end: who was removed is in again as before.
func (s *Server) restorePerson(ctx context.Context, in *scopeInput) (*done, error) {
	return s.settled(ctx, "person.restored", map[string]any{"person": in.Person, "room": in.Room, "community": in.Community}, nil)
}

type removalRow struct {
	Person    id.Person    `json:"person"`
	Name      string       `json:"name"`
	Room      id.Room      `json:"room,omitempty"`
	Community id.Community `json:"community,omitempty"`
	From      string       `json:"from"`            // its name
	Until     int64        `json:"until,omitempty"` // ms
	At        int64        `json:"at"`
	ByName    string       `json:"byName,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	MayLift   bool         `json:"mayLift"`
}

type removalsBody struct {
	Removals []removalRow `json:"removals"`
}

// removals is who is kept out of a room or a community now, for those who answer for it. Each name is a recorded look.
func (s *Server) removals(ctx context.Context, in *scopeInput) (*body[removalsBody], error) {
	c, err := s.who(ctx)
	switch {
	case err != nil:
		return nil, err
	case in.Room != "":
		_, err = s.answersFor(ctx, in.Room)
	case in.Community != "":
		err = s.above(ctx, in.Community, "")
	default:
		err = fault.New(fault.Invalid, "of which room or community?").And("field", "room")
	}
	if err != nil {
		return nil, err
	}
	b, people := removalsBody{Removals: []removalRow{}}, []id.Person(nil)
	by := map[int]office.Removal{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, x := range o.RemovedAt(in.Community, in.Room, s.Now().UnixMilli()) {
			row := removalRow{
				Person: x.Person, Room: x.Room, Community: x.Community, Until: x.Until, At: x.At, Reason: textOf(x.Reason, "reason"),
				MayLift: o.MayLift(c.Person, &x.Removal),
			}
			if r, ok := o.Room(x.Room); ok {
				row.From = r.Name
			} else if at, ok := o.Community(x.Community); ok {
				row.From = at.Name
			}
			by[len(b.Removals)] = x.Removal
			people = append(people, x.Person)
			b.Removals = append(b.Removals, row)
		}
	})
	records, err := s.look(ctx, c.Person, people, "members")
	if err != nil {
		return nil, err
	}
	for i := range b.Removals {
		row, x := &b.Removals[i], by[i]
		row.Name = records[row.Person].Name
		if x.By != id.Server { // one of before removals were the office's
			row.ByName = s.calls(ctx, cmp.Or(append(slices.Clone(x.Told), x.Room)...), x.By)
		}
	}
	return says(b), nil
}

// look is a look at people's records, however many.
func (s *Server) look(ctx context.Context, by id.Person, of []id.Person, reason string) (map[id.Person]register.Record, error) {
	records := make(map[id.Person]register.Record, len(of))
	for part := range slices.Chunk(of, office.MaxBatch) {
		some, err := s.Register.Look(ctx, by, part, reason)
		if err != nil {
			return nil, err
		}
		maps.Copy(records, some)
	}
	return records, nil
}
