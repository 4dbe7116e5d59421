package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/roster"
)

// perBatch is how many things one command carries, and perBytes of how many bytes: a frame of the log holds 256 KiB, and names may
// be long.
const (
	perBatch = 400
	perBytes = 150 << 10
)

// Apply writes a plan down, as the server; who may ask for it has been checked. progress is told now and then how many things are
// written. Its effects in rooms follow behind. Duties that the office refuses, of who was removed since the preview, say, are given back
// with the reason; all others are taken. When ctx ends it stops between two steps, as fault.Busy: what is written is whole, and the same
// files go on from there.
func (s *Service) Apply(ctx context.Context, p *Plan, progress func(written, total int)) (refused []roster.RowError, err error) {
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.apply(ctx, p, progress)
}

// ApplySoon is Apply for a few doors that somebody waits for: fault.Busy when its turn does not come soon.
func (s *Service) ApplySoon(ctx context.Context, p *Plan) (refused []roster.RowError, err error) {
	done, err := s.soon(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.apply(ctx, p, nil)
}

func (s *Service) apply(ctx context.Context, p *Plan, progress func(written, total int)) (refused []roster.RowError, err error) {
	if len(p.Questions) > 0 {
		return nil, fault.New(fault.Invalid, "the files do not say "+p.Questions[0].What).And("field", p.Questions[0].What)
	}
	w := &writing{Service: s, ctx: context.WithoutCancel(ctx), stop: ctx, total: p.Total(), progress: progress}
	if p.found && p.table.Office.Name != "" {
		if err := w.do("office.found", map[string]any{"name": p.table.Office.Name, "code": p.table.Office.Code}, 0); err != nil {
			return nil, err
		}
	}
	if err := w.on(); err != nil {
		return nil, err
	}
	if err := s.pages(w.ctx, p); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return each(w, "places.put", "communities", p.communities) },
		func() error { return each(w, "places.put", "rooms", p.rooms) },
		func() error { return each(w, "places.put", "premises", p.premises) },
		func() error { return each(w, "places.remove", "premises", p.removes) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	err = w.people(p.staff)
	return w.refused, err
}

// each writes a list of things down, in as many commands as it takes.
func each[T any](w *writing, act, field string, list []T) error {
	for len(list) > 0 {
		n, size := 0, 0
		var part []json.RawMessage
		for ; n < len(list) && n < perBatch; n++ {
			b, err := json.Marshal(list[n])
			if err != nil {
				return fmt.Errorf("intake: %s: %w", act, err)
			}
			if size += len(b); n > 0 && size > perBytes {
				break
			}
			part = append(part, b)
		}
		facts := map[string]any{field: part}
		if act == "person.admit" {
			facts["quiet"] = true
		}
		if err := w.do(act, facts, n); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// pages puts what the roster says of each door into the register, before the doors are anywhere else, and takes out what is said of
// those that go, while it is still known where that stands.
func (s *Service) pages(ctx context.Context, p *Plan) error {
	whole := map[string]register.Page{}
	names := slices.AppendSeq(slices.Collect(maps.Keys(p.pages)), maps.Keys(p.gone))
	for _, name := range names {
		page, err := s.Register.Page(ctx, name)
		if err != nil {
			return err
		}
		maps.Copy(page, p.pages[name])
		for _, h := range p.gone[name] {
			delete(page, h)
		}
		whole[name] = page
	}
	return s.Register.PutPages(ctx, whole)
}

type writing struct {
	*Service
	ctx, stop      context.Context // each step is done with the one, and none is begun when the other has ended
	written, total int
	progress       func(written, total int)
	refused        []roster.RowError
}

// on is nil while it goes on.
func (w *writing) on() error {
	if w.stop.Err() != nil {
		return fault.New(fault.Busy, "it was stopped; what is written is whole, and the same files go on from there")
	}
	return nil
}

func (w *writing) do(act string, facts any, things int) error {
	if err := w.on(); err != nil {
		return err
	}
	with, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("intake: %s: %w", act, err)
	}
	_, err = w.Engine.As(w.ctx, id.Office, entry.Command{Act: act, With: with}, time.Time{})
	if err != nil && !fault.Is(err, fault.Unchanged) {
		return err
	}
	w.written += things
	if w.progress != nil {
		w.progress(w.written, w.total)
	}
	return nil
}

// people makes those who are not known yet, and gives them their duties.
func (w *writing) people(staff []roster.Staff) error {
	if err := w.on(); err != nil {
		return err
	}
	persons, err := w.persons(staff)
	if err != nil {
		return err
	}
	rooms, homes := map[[2]string]id.Room{}, map[string]office.Binding{} // by the names of community and room
	w.Engine.ReadOffice(func(s *office.State) {
		for _, r := range s.Rooms() {
			if c, ok := s.Community(r.Community); ok {
				rooms[[2]string{c.Name, r.Name}] = r.ID
			}
		}
	})
	if err := w.homes(staff, homes); err != nil {
		return err
	}
	type grant struct {
		Person id.Person  `json:"person"`
		Role   entry.Role `json:"role"`
		Room   id.Room    `json:"room,omitempty"`
		from   roster.Row
	}
	type admission struct {
		Person   id.Person   `json:"person"`
		Room     id.Room     `json:"room"`
		Premises id.Premises `json:"premises,omitempty"`
		Badge    string      `json:"badge"`
		from     roster.Row
	}
	var grants []grant
	var members []admission
	for _, x := range staff {
		at := rooms[[2]string{x.Community, x.Room}]
		switch p := persons[x.Phone]; x.Role {
		case "群主":
			grants = append(grants, grant{p, entry.Owner, at, x.From})
		case "办事处":
			grants = append(grants, grant{Person: p, Role: entry.Assessor, from: x.From})
		default:
			a := admission{Person: p, Room: at, Badge: x.Category, from: x.From}
			if home, ok := homes[x.Phone]; ok && home.Room == a.Room {
				a.Premises = home.Premises
			}
			members = append(members, a)
		}
	}
	// Whoever has an account of their own takes a post in it, or not.
	var offers []grant
	w.Engine.ReadOffice(func(s *office.State) {
		grants = slices.DeleteFunc(grants, func(g grant) bool {
			who, known := s.Person(g.Person)
			own := known && !who.Made && !slices.Contains(who.Grants, entry.Grant{Role: g.Role, Room: g.Room})
			if own {
				offers = append(offers, g)
			}
			return own
		})
	})
	if err := singly(w, "role.grant", "grants", grants, func(g grant) (id.Person, id.Room, roster.Row) { return g.Person, g.Room, g.from }); err != nil {
		return err
	}
	for _, g := range offers {
		if err := w.refuse(w.do("post.offer", g, 1), g.from); err != nil {
			return err
		}
	}
	return singly(w, "person.admit", "people", members, func(a admission) (id.Person, id.Room, roster.Row) { return a.Person, a.Room, a.from })
}

// singly is each for people: who is kept out of the room is left out, and where the office refuses a batch for one of them, it is
// asked for each.
func singly[T any](w *writing, act, field string, list []T, of func(T) (id.Person, id.Room, roster.Row)) error {
	var may []T
	w.Engine.ReadOffice(func(s *office.State) {
		now := w.Engine.Now().UnixMilli()
		for _, x := range list {
			p, r, from := of(x)
			if _, removed := s.Removed(p, r, now); removed && r != "" {
				w.refused = append(w.refused, roster.Refusal(from, "removed"))
				continue
			}
			may = append(may, x)
		}
	})
	w.written += len(list) - len(may)
	written := w.written
	err := each(w, act, field, may)
	if !refusedForGood(err) {
		return err
	}
	for _, x := range may[w.written-written:] {
		_, _, from := of(x)
		if err := w.refuse(each(w, act, field, []T{x}), from); err != nil {
			return err
		}
	}
	return nil
}

// refuse lists the row that the office refused; what is no refusal of it goes on.
func (w *writing) refuse(err error, from roster.Row) error {
	if !refusedForGood(err) {
		return err
	}
	reason := "refused"
	if fault.Is(err, fault.Removed) {
		reason = "removed"
	}
	w.refused = append(w.refused, roster.Refusal(from, reason))
	w.written++
	return nil
}

// refusedForGood tells a refusal of what was asked from what hinders any command.
func refusedForGood(err error) bool {
	f := fault.Of(err)
	return f != nil && !slices.Contains([]fault.Code{fault.Busy, fault.NoSpace, fault.NotReady, fault.Internal, fault.Damaged}, f.Code)
}

// persons finds staff by their phones, and makes those whom nobody knows.
func (w *writing) persons(staff []roster.Staff) (map[string]id.Person, error) {
	persons, records, phones := map[string]id.Person{}, map[id.Person]register.Record{}, map[string]id.Person{}
	for _, x := range staff {
		if persons[x.Phone] != "" {
			continue
		}
		p, err := w.Register.ByPhone(w.ctx, x.Phone)
		if fault.Is(err, fault.NotFound) {
			p, err = id.New[id.Person]("p"), nil
			records[p], phones[x.Phone] = register.Record{Name: x.Name, Phone: x.Phone}, p
		}
		if err != nil {
			return nil, err
		}
		persons[x.Phone] = p
	}
	if err := w.Register.PutAll(w.ctx, records); err != nil {
		return nil, err
	}
	return persons, w.Register.ClaimPhones(w.ctx, phones)
}

// homes finds the household of each volunteer or committee member who lives there, by phone.
func (w *writing) homes(staff []roster.Staff, homes map[string]office.Binding) error {
	wanted := map[string]bool{}
	for _, x := range staff {
		wanted[x.Phone] = true
	}
	pages := map[string]bool{}
	rooms := map[id.Premises]id.Room{}
	w.Engine.ReadOffice(func(s *office.State) {
		s.EachPremises(func(h *office.Premises) bool {
			pages[h.Page], rooms[h.ID] = true, h.Room
			return true
		})
	})
	for name := range pages {
		page, err := w.Register.Page(w.ctx, name)
		if err != nil {
			return err
		}
		for h, door := range page {
			for _, known := range door.Known() {
				if wanted[known.Phone] {
					homes[known.Phone] = office.Binding{Room: rooms[h], Premises: h}
				}
			}
		}
	}
	return nil
}

// Forget takes out what the roster says of doors that are gone, by their pages; not of those that somebody has added again meanwhile.
// fault.Busy when its turn does not come soon: what nobody needs any more goes at the next start.
func (s *Service) Forget(ctx context.Context, gone map[string][]id.Premises) error {
	done, err := s.soon(ctx)
	if err != nil {
		return err
	}
	defer done()
	s.Engine.ReadOffice(func(o *office.State) {
		for page, doors := range gone {
			gone[page] = slices.DeleteFunc(slices.Clone(doors), func(h id.Premises) bool { _, there := o.Premises(h); return there })
		}
	})
	return s.pages(ctx, &Plan{gone: gone})
}
