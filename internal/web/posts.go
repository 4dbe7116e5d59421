package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"linli/internal/auth"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
)

type staffInput struct {
	Room      id.Room      `query:"room"`
	Community id.Community `query:"community"`
}

type staffRow struct {
	Person   id.Person     `json:"person"`
	Name     string        `json:"name"`
	Grants   []entry.Grant `json:"grants"`
	SignedIn bool          `json:"signedIn"`
	Step     bool          `json:"step"`  // has a second step
	Reset    bool          `json:"reset"` // who asks may give them a code that lets them in anew
	First    bool          `json:"first"` // an appointment made the account, and nobody has used it: a first code may be given
}

type offeredRow struct {
	Person id.Person   `json:"person"`
	Name   string      `json:"name"`
	Post   entry.Grant `json:"post"`
}

type staffBody struct {
	Staff   []staffRow   `json:"staff"`
	Offered []offeredRow `json:"offered"` // posts that wait for their people's answer; for those who may give them
}

// staff is who answers for a level and what lies below it, for those above.
func (s *Server) staff(ctx context.Context, in *staffInput) (*body[staffBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b, at := staffBody{Staff: []staffRow{}, Offered: []offeredRow{}}, map[id.Person]int{}
	may := false
	above := s.above(ctx, in.Community, in.Room) == nil
	s.Engine.ReadOffice(func(o *office.State) {
		community := in.Community
		if r, ok := o.Room(in.Room); ok {
			community = r.Community
		}
		if may = o.MayRead(p, community, in.Room); !may {
			return
		}
		for _, post := range o.Staff(in.Community, in.Room) {
			i, ok := at[post.Person]
			if !ok {
				i = len(b.Staff)
				at[post.Person] = i
				b.Staff = append(b.Staff, staffRow{Person: post.Person, First: o.Made(post.Person), Reset: o.MayReset(p, post.Person)})
			}
			b.Staff[i].Grants = append(b.Staff[i].Grants, post.Grant)
		}
		if above {
			for _, post := range o.Offered(in.Community, in.Room) {
				b.Offered = append(b.Offered, offeredRow{Person: post.Person, Post: post.Grant})
			}
		}
	})
	if !may {
		return nil, fault.New(fault.Forbidden, "only who answers for this level may")
	}
	for i := range b.Staff {
		row := &b.Staff[i]
		rec, err := s.Register.Record(ctx, row.Person)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		row.Name, row.SignedIn = rec.Name, s.Auth.HasPassword(ctx, row.Person)
		row.First = row.First && !row.SignedIn
		row.Step, row.Reset = s.Auth.HasStep(ctx, row.Person), row.Reset && row.SignedIn
	}
	slices.SortStableFunc(b.Staff, func(x, y staffRow) int { return strings.Compare(string(y.Grants[0].Role), string(x.Grants[0].Role)) })
	return says(b), s.nameOffered(ctx, p, b.Offered)
}

// nameOffered says who is offered a post: found by a phone, and so a recorded look.
func (s *Server) nameOffered(ctx context.Context, by id.Person, rows []offeredRow) error {
	people := make([]id.Person, len(rows))
	for i := range rows {
		people[i] = rows[i].Person
	}
	records, err := s.look(ctx, by, people, "post")
	for i := range rows {
		rows[i].Name = records[rows[i].Person].Name
	}
	return err
}

type appointInput struct {
	Body struct {
		Name      string       `json:"name,omitempty"`
		Phone     string       `json:"phone,omitempty"`
		Self      bool         `json:"self,omitempty"` // the post is for who asks; name and phone are not said then
		Role      entry.Role   `json:"role"`
		Room      id.Room      `json:"room,omitempty"`
		Community id.Community `json:"community,omitempty"`
	}
}

type appointedBody struct {
	ID      string `json:"id"`
	Offered bool   `json:"offered"`        // the phone is somebody's who has an account: the post waits for them there
	Name    string `json:"name,omitempty"` // whose it is
}

// appoint gives somebody a role. Who is not known yet becomes a person first, and signs in by a first code. Who has an account is
// offered it, and takes it in a session of their own.
func (s *Server) appoint(ctx context.Context, in *appointInput) (*body[appointedBody], error) {
	b := &in.Body
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	s.Engine.ReadOffice(func(o *office.State) {
		err = o.MayAppoint(c.Person, entry.Grant{Role: b.Role, Community: b.Community, Room: b.Room})
	})
	if err != nil {
		return nil, err
	}
	if b.Self {
		return s.takeOwn(ctx, c.Person, entry.Grant{Role: b.Role, Community: b.Community, Room: b.Room})
	}
	p, err := s.personOf(ctx, b.Name, b.Phone)
	if err != nil {
		return nil, err
	}
	post := map[string]any{"person": p, "role": b.Role, "room": b.Room, "community": b.Community}
	known, made := false, false
	s.Engine.ReadOffice(func(o *office.State) { known, made = !o.Unknown(p), o.Made(p) })
	out := appointedBody{ID: string(p), Offered: s.Auth.HasPassword(ctx, p) || known && !made}
	if !out.Offered {
		_, err = s.asPerson(ctx, "role.grant", map[string]any{"grants": []any{post}}, nil)
		return says(out), err
	}
	if _, err := s.asPerson(ctx, "post.offer", post, nil); err != nil {
		return nil, err
	}
	records, err := s.look(ctx, c.Person, []id.Person{p}, "post")
	out.Name = records[p].Name
	return says(out), err
}

// takeOwn gives somebody a post that is theirs to give: it is offered and accepted at once, in the session that it has to be accepted in.
func (s *Server) takeOwn(ctx context.Context, p id.Person, g entry.Grant) (*body[appointedBody], error) {
	post := map[string]any{"person": p, "role": g.Role, "room": g.Room, "community": g.Community}
	offered := false
	s.Engine.ReadOffice(func(o *office.State) { offered = o.Awaits(p, g) })
	if !offered {
		if _, err := s.asPerson(ctx, "post.offer", post, nil); err != nil {
			return nil, err
		}
	}
	delete(post, "person")
	if _, err := s.settled(ctx, "post.accept", post, nil); err != nil {
		return nil, err
	}
	return says(appointedBody{ID: string(p)}), nil
}

// above tells whether who asks stands above a level: a secretary or an administrator.
func (s *Server) above(ctx context.Context, c id.Community, r id.Room) error {
	p, err := s.signedIn(ctx)
	if err != nil {
		return err
	}
	may := false
	s.Engine.ReadOffice(func(o *office.State) {
		if x, ok := o.Room(r); ok {
			c = x.Community
		}
		for _, g := range o.GrantsOf(p) {
			may = may || g.Role == entry.Admin || g.Role == entry.Secretary && g.Community != "" && g.Community == c
		}
	})
	if !may {
		return fault.New(fault.Forbidden, "only who stands above may")
	}
	return nil
}

// personOf finds somebody by phone, or makes the person. An account on which nothing hangs, as that of somebody who was dismissed and
// has forgotten the password, gives way to a new one: nobody comes into the old one by it. What it wrote stays readable, and
// nothing else is kept of it.
func (s *Server) personOf(ctx context.Context, name, phone string) (id.Person, error) {
	p := id.New[id.Person]("p")
	if err := s.newPerson(ctx, p, name, "", phone, ""); err != nil {
		return "", err
	}
	rec, err := s.Register.Record(ctx, p)
	if err != nil {
		return "", err
	}
	err = s.Register.ClaimPhone(ctx, rec.Phone, p)
	if !fault.Is(err, fault.PhoneTaken) {
		return p, err
	}
	old, err := s.Register.ByPhone(ctx, rec.Phone)
	if err != nil {
		return "", err
	}
	idle, waits := false, false
	s.Engine.ReadOffice(func(o *office.State) { idle, waits = o.Idle(old), o.Unknown(old) || o.Made(old) })
	if idle && (!waits || s.Auth.HasPassword(ctx, old)) {
		if err := s.Register.ReleasePhone(ctx, rec.Phone, old); err != nil {
			return "", err
		}
		if err := s.Register.ClaimPhone(ctx, rec.Phone, p); err != nil {
			return "", err
		}
		return p, errors.Join(s.Auth.EndOthers(ctx, old, "", auth.WhyCode), s.Auth.Unmake(ctx, old), s.Pockets.Forget(ctx, old), s.Register.ForgetName(ctx, old))
	}
	return old, s.Register.Forget(ctx, p)
}

type dismissInput struct {
	Person    id.Person    `path:"person"`
	Role      entry.Role   `query:"role"`
	Room      id.Room      `query:"room"`
	Community id.Community `query:"community"`
}

// dismiss takes a post back, or the offer of one.
func (s *Server) dismiss(ctx context.Context, in *dismissInput) (*done, error) {
	post := map[string]any{"person": in.Person, "role": in.Role, "room": in.Room, "community": in.Community}
	_, err := s.asPerson(ctx, "role.revoke", post, nil)
	if fault.Is(err, fault.Unchanged) {
		_, err = s.asPerson(ctx, "post.withdraw", post, nil)
	}
	return ok(), err
}

type personInput struct {
	Person id.Person `path:"person"`
}

// staffCode gives a first code to one person.
func (s *Server) staffCode(ctx context.Context, in *personInput) (*body[codeBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.Engine.Grants(c.Person)) == 0 { // whether there is such a person or not
		return nil, fault.New(fault.Forbidden, "only who answers for a room or above may")
	}
	list, err := s.firstCodes(ctx, []id.Person{in.Person})
	if err != nil {
		return nil, err
	}
	return says(codeBody{Code: list[in.Person].Code, Expires: list[in.Person].Expires}), nil
}

// firstCodes writes down that first codes are given, and makes them. All are refused when one of them may not be.
func (s *Server) firstCodes(ctx context.Context, people []id.Person) (map[id.Person]codeBody, error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if s.Auth.HasPassword(ctx, p) {
			return nil, fault.New(fault.Forbidden, "they have used their account: a code comes from who answers for a room of theirs").And("field", "person")
		}
	}
	if _, err := s.asPerson(ctx, "code.first", map[string]any{"people": people}, nil); err != nil {
		return nil, err
	}
	list := map[id.Person]codeBody{}
	for _, p := range people {
		code, until, err := s.Auth.IssueFirst(ctx, p, c.Person)
		if err != nil {
			return nil, err
		}
		list[p] = codeBody{Code: code, Expires: until.UnixMilli()}
	}
	return list, nil
}

type sheetInput struct {
	Body struct {
		Room      id.Room      `json:"room,omitempty"`
		Community id.Community `json:"community,omitempty"`
	}
}

type sheetRow struct {
	Name    string   `json:"name"`
	Phone   string   `json:"phone"` // masked
	Role    string   `json:"role"`
	At      []string `json:"at"` // the names of the rooms, the community, or the office
	Code    string   `json:"code"`
	Expires int64    `json:"expires"`
}

type sheetBody struct {
	Codes []sheetRow `json:"codes"`
}

// mostCodes is how many first codes are made at once.
const mostCodes = office.MaxBatch

// codeSheet gives first codes to all at a level who hold a post, and whose account nobody has used: to be printed, cut and handed
// over. The codes that they had before are void by it.
func (s *Server) codeSheet(ctx context.Context, in *sheetInput) (*body[sheetBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.above(ctx, in.Body.Community, in.Body.Room); err != nil {
		return nil, err
	}
	var people []id.Person
	rows := map[id.Person]*sheetRow{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, post := range o.Staff(in.Body.Community, in.Body.Room) {
			if !o.Made(post.Person) || o.MayAppoint(c.Person, post.Grant) != nil {
				continue
			}
			row := rows[post.Person]
			if row == nil {
				row = &sheetRow{Role: string(post.Role)}
				rows[post.Person], people = row, append(people, post.Person)
			}
			at := o.Name()
			if r, ok := o.Room(post.Room); ok {
				at = r.Name
			} else if x, ok := o.Community(post.Community); ok {
				at = x.Name
			}
			row.At = append(row.At, at)
		}
	})
	people = slices.DeleteFunc(people, func(p id.Person) bool { return s.Auth.HasPassword(ctx, p) })
	b := sheetBody{Codes: []sheetRow{}}
	if len(people) == 0 {
		return says(b), nil
	}
	people = people[:min(len(people), mostCodes)]
	codes, err := s.firstCodes(ctx, people)
	if err != nil {
		return nil, err
	}
	records, err := s.look(ctx, c.Person, people, "first")
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		row, rec := rows[p], records[p]
		row.Name, row.Phone, row.Code, row.Expires = rec.Name, register.Masked(rec.Phone), codes[p].Code, codes[p].Expires
		b.Codes = append(b.Codes, *row)
	}
	return says(b), nil
}

type postInput struct {
	Body struct {
		Role      entry.Role   `json:"role"`
		Room      id.Room      `json:"room,omitempty"`
		Community id.Community `json:"community,omitempty"`
		Accept    bool         `json:"accept"` // or declined
	}
}

// answerPost takes or declines a post that one is offered.
func (s *Server) answerPost(ctx context.Context, in *postInput) (*done, error) {
	act := "post.decline"
	if in.Body.Accept {
		act = "post.accept"
	}
	return s.settled(ctx, act, map[string]any{"role": in.Body.Role, "room": in.Body.Room, "community": in.Body.Community}, nil)
}

// cancelCode ends the code that somebody was given for one's own account.
func (s *Server) cancelCode(ctx context.Context, _ *none) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return ok(), s.Auth.CancelCode(ctx, p)
}

// offerMine is a post that waits for one's own answer.
type offerMine struct {
	entry.Grant
	At     string `json:"at"` // the name of the room, the community or the office
	ByName string `json:"byName"`
}

// codeMine is a code that somebody was given for one's own account.
type codeMine struct {
	ByName string `json:"byName"`
	Until  int64  `json:"until"` // ms
}

// waitsForMe are the posts that wait for somebody's answer, and the code by which their account may be signed in to.
func (s *Server) waitsForMe(ctx context.Context, p id.Person) (offers []offerMine, code *codeMine) {
	offers = []offerMine{}
	by := []id.Person(nil)
	s.Engine.ReadOffice(func(o *office.State) {
		for _, x := range o.Offers(p) {
			m := offerMine{Grant: x.Grant, At: o.Name()}
			if r, ok := o.Room(x.Room); ok {
				m.At = r.Name
			} else if c, ok := o.Community(x.Community); ok {
				m.At = c.Name
			}
			offers, by = append(offers, m), append(by, x.By)
		}
	})
	for i := range offers {
		offers[i].ByName = s.calls(ctx, offers[i].Room, by[i])
	}
	if c, ok := s.Auth.PendingCode(ctx, p); ok {
		room := id.Room("")
		for _, r := range s.Engine.RoomsOf(p) { // as the room knows them that both are in
			if _, ok := s.View.NameOf(r.ID, c.By); ok {
				room = r.ID
			}
		}
		code = &codeMine{ByName: s.calls(ctx, room, c.By), Until: c.Until}
	}
	return offers, code
}
