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
// written. Its effects in rooms follow behind.
func (s *Service) Apply(ctx context.Context, p *Plan, progress func(written, total int)) error {
	if len(p.Questions) > 0 {
		return fault.New(fault.Invalid, "the files do not say "+p.Questions[0].What).And("field", p.Questions[0].What)
	}
	s.one.Lock()
	defer s.one.Unlock()
	w := &writing{Service: s, ctx: ctx, total: p.Total(), progress: progress}
	if p.found && p.table.Office.Name != "" {
		if err := w.do("office.found", map[string]any{"name": p.table.Office.Name, "code": p.table.Office.Code}, 0); err != nil {
			return err
		}
	}
	if err := s.pages(ctx, p); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return each(w, "places.put", "communities", p.communities) },
		func() error { return each(w, "places.put", "rooms", p.rooms) },
		func() error { return each(w, "places.put", "premises", p.premises) },
		func() error { return each(w, "places.remove", "premises", p.removes) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return w.people(p.staff)
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
	ctx            context.Context
	written, total int
	progress       func(written, total int)
}

func (w *writing) do(act string, facts any, things int) error {
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
	}
	type admission struct {
		Person   id.Person   `json:"person"`
		Room     id.Room     `json:"room"`
		Premises id.Premises `json:"premises,omitempty"`
		Badge    string      `json:"badge"`
	}
	var grants []grant
	var members []admission
	for _, x := range staff {
		at := rooms[[2]string{x.Community, x.Room}]
		switch p := persons[x.Phone]; x.Role {
		case "群主":
			grants = append(grants, grant{p, entry.Owner, at})
		case "办事处":
			grants = append(grants, grant{Person: p, Role: entry.Assessor})
		default:
			a := admission{Person: p, Room: at, Badge: x.Category}
			if home, ok := homes[x.Phone]; ok && home.Room == a.Room {
				a.Premises = home.Premises
			}
			members = append(members, a)
		}
	}
	// Whoever has an account of their own takes a post in it, or not.
	var offers []grant
	w.Engine.ReadOffice(func(s *office.State) {
		for _, g := range grants {
			if who, known := s.Person(g.Person); known && !who.Made && !slices.Contains(who.Grants, entry.Grant{Role: g.Role, Room: g.Room}) {
				offers = append(offers, g)
			}
		}
	})
	grants = slices.DeleteFunc(grants, func(g grant) bool { return slices.Contains(offers, g) })
	if err := each(w, "role.grant", "grants", grants); err != nil {
		return err
	}
	for _, g := range offers {
		if err := w.do("post.offer", g, 1); err != nil {
			return err
		}
	}
	return each(w, "person.admit", "people", members)
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
