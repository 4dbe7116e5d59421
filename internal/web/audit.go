package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"linli/internal/audit"
	"linli/internal/auth"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
)

// noted are the acts of the office that the audit log has, whoever calls them.
var noted = map[string]audit.Kind{
	"role.grant": audit.Grant, "role.revoke": audit.Grant, "code.issue": audit.Code, "code.first": audit.Code, "code.reset": audit.Code, "second.set": audit.Setting,
	"post.offer": audit.Grant, "post.accept": audit.Grant, "post.decline": audit.Grant, "post.withdraw": audit.Grant,
	"person.removed": audit.Grant, "person.restored": audit.Grant, "charter.set": audit.Setting, "policy.set": audit.Setting,
	"badge.set": audit.Grant, "person.bind": audit.Grant, "person.moved": audit.Grant, "person.renamed": audit.Grant, "limits.set": audit.Setting, "telephone.set": audit.Setting, "slip.make": audit.Setting, "slip.end": audit.Setting, "places.remove": audit.Setting, "doors.withdraw": audit.Setting,
	"places.put": audit.Setting, "room.open": audit.Setting, "link.make": audit.Setting, "link.end": audit.Setting,
}

// note writes behind that who asks did something. what is a word or two; subject an id, never a name or a phone.
func (s *Server) note(ctx context.Context, kind audit.Kind, what, subject string) {
	by := id.Person("")
	if c, err := s.who(ctx); err == nil {
		by = c.Person
	}
	s.Audit.Note(kind, what, by, subject, source(ctx))
}

// source is the address that a request comes from.
func source(ctx context.Context) string {
	if r, ok := ctx.Value(askKey).(*http.Request); ok {
		return address(r)
	}
	return ""
}

// noteAct notes what was done to the office, where it is one of those that are noted.
func (s *Server) noteAct(ctx context.Context, act string, with json.RawMessage) {
	kind, ok := noted[act]
	if !ok {
		return
	}
	type facts struct {
		Person    id.Person
		Role      entry.Role
		Badge     string
		Room      id.Room
		ID        string
		Link      id.Link
		Community id.Community
	}
	var f struct {
		facts
		Grants []facts
		People []id.Person
	}
	_ = json.Unmarshal(with, &f) // it was made here
	all := f.Grants
	for _, p := range f.People {
		all = append(all, facts{Person: p})
	}
	if len(all) == 0 {
		all = []facts{f.facts}
	}
	for _, g := range all {
		name := act
		if act == "badge.set" && g.Badge == "" {
			name = "badge.taken"
		}
		what := strings.TrimSpace(name + " " + string(g.Role))
		s.note(ctx, kind, what, cmp.Or(string(g.Person), string(g.Link), string(g.Room), g.ID, string(g.Community)))
	}
}

// phoneMark is what stands for a phone in the audit log: the same phone has the same, and nobody without the key finds it.
func (s *Server) phoneMark(phone string) string {
	if p, err := register.NormalisePhone(phone); err == nil {
		phone = p
	}
	return "t" + s.Register.Keys().Digest("audit", "phone", phone)[:12]
}

// noteTry notes a sign-in that failed. What the server could not do is not the person's failure.
func (s *Server) noteTry(ctx context.Context, kind audit.Kind, phone string, err error) {
	if f := fault.Of(err); f != nil {
		switch f.Code {
		case fault.Wrong, fault.TooMany, fault.Expired, fault.NotFound, fault.Forbidden:
			s.Audit.Note(kind, string(f.Code), "", s.phoneMark(phone), source(ctx))
		}
	}
}

// noteRefusal notes that somebody who is signed in wanted what is not theirs.
func (s *Server) noteRefusal(ctx context.Context, err error) {
	f := fault.Of(err)
	if f == nil || f.Code != fault.Forbidden && f.Code != fault.NotMember {
		return
	}
	c, err := s.who(ctx)
	r, _ := ctx.Value(askKey).(*http.Request)
	if err != nil || r == nil {
		return
	}
	call, subject := r.Method, ""
	if route := chi.RouteContext(ctx); route != nil {
		call += " " + strings.TrimPrefix(route.RoutePattern(), "/api/v1")
		for i := range route.URLParams.Keys {
			if v := route.URLParams.Values[i]; subject == "" && route.URLParams.Keys[i] != "*" {
				subject = v
			}
		}
	}
	q := r.URL.Query()
	s.Audit.Note(audit.Refused, call, c.Person, thing(s.Engine, cmp.Or(subject, q.Get("room"), q.Get("community"))), address(r))
}

// mayAudit: administrators.
func (s *Server) mayAudit(ctx context.Context) (auth.Claim, error) {
	c, err := s.who(ctx)
	if err != nil {
		return c, err
	}
	may := false
	s.Engine.ReadOffice(func(o *office.State) {
		for _, g := range o.GrantsOf(c.Person) {
			may = may || g.Role == entry.Admin
		}
	})
	if !may {
		return c, fault.New(fault.Forbidden, "only administrators may")
	}
	return c, nil
}

type auditInput struct {
	Month  string     `query:"month"`
	Kind   audit.Kind `query:"kind"`
	Before uint64     `query:"before"`
}

// auditLine is a line as it is shown: how those are called whom the office knows by their work, and the place that it is about.
type auditLine struct {
	audit.Line
	Name string `json:"name,omitempty"` // of who did it
	Of   string `json:"of,omitempty"`   // what the subject is called
}

type auditBody struct {
	Months []string    `json:"months"` // of which there is something, the newest first
	Lines  []auditLine `json:"lines"`  // the newest first
	Before uint64      `json:"before,omitempty"`
}

// auditLines is a page of the audit log, for administrators. Reading it is noted too.
func (s *Server) auditLines(ctx context.Context, in *auditInput) (*body[auditBody], error) {
	if _, err := s.mayAudit(ctx); err != nil {
		return nil, err
	}
	months, err := s.Audit.Months(ctx)
	if err != nil {
		return nil, err
	}
	lines, before, err := s.Audit.Lines(ctx, audit.Want{Month: in.Month, Kind: in.Kind, Before: in.Before, Limit: 100})
	if err != nil {
		return nil, err
	}
	s.note(ctx, audit.Read, "audit", "")
	b := auditBody{Months: months, Lines: make([]auditLine, 0, len(lines)), Before: before}
	for _, l := range lines {
		row := auditLine{Line: l}
		if row.Name, err = s.knownAs(ctx, l.By); err != nil {
			return nil, err
		}
		if row.Of, err = s.called(ctx, l.Subject); err != nil {
			return nil, err
		}
		b.Lines = append(b.Lines, row)
	}
	return says(b), nil
}

// knownAs is how the office knows somebody: staff by name, others as their neighbours do.
func (s *Server) knownAs(ctx context.Context, p id.Person) (string, error) {
	if p == "" || p == id.Server {
		return "", nil
	}
	staff, rooms := false, []id.Room(nil)
	s.Engine.ReadOffice(func(o *office.State) { staff = len(o.GrantsOf(p)) > 0 })
	if staff {
		rec, err := s.Register.Record(ctx, p)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
		return rec.Name, nil
	}
	for _, h := range s.Engine.RoomsOf(p) {
		rooms = append(rooms, h.ID)
	}
	for _, r := range rooms {
		if n, ok := s.View.NameOf(r, p); ok {
			return n.Name, nil
		}
	}
	return "", nil
}

// called is what the subject of a line is called: a room, a community or a person.
func (s *Server) called(ctx context.Context, subject string) (name string, err error) {
	s.Engine.ReadOffice(func(o *office.State) {
		if r, ok := o.Room(id.Room(subject)); ok {
			name = r.Name
		} else if c, ok := o.Community(id.Community(subject)); ok {
			name = c.Name
		} else if l, ok := o.Link(id.Link(subject)); ok {
			if r, ok := o.Room(l.Room); ok {
				name = r.Name
			}
		}
	})
	if name == "" && strings.HasPrefix(subject, "p") {
		return s.knownAs(ctx, id.Person(subject))
	}
	return name, nil
}

// noteStranger notes that somebody wants to do something in a room that is not theirs. The log decides.
func noteStranger(e *engine.Engine, log *audit.Log, p id.Person, r id.Room, act, from string) {
	theirs := false
	if err := e.ReadRoom(r, func(x *room.State) { theirs = x.Has(p) }); err != nil || !theirs {
		e.ReadOffice(func(o *office.State) {
			if x, ok := o.Room(r); ok {
				theirs = o.MayRead(p, x.Community, r)
			}
		})
	}
	if !theirs {
		if !room.IsAct(act) {
			act = "?"
		}
		log.Note(audit.Refused, act, p, thing(e, string(r)), from)
	}
}

// thing is what a stranger named, where there is such a room, community, link, application or person; anything else they sent, a phone or a
// name say, does not come into the log.
func thing(e *engine.Engine, named string) string {
	there := named == ""
	e.ReadOffice(func(o *office.State) {
		_, aRoom := o.Room(id.Room(named))
		_, aCommunity := o.Community(id.Community(named))
		_, aLink := o.Link(id.Link(named))
		_, anApplication := o.Application(id.Application(named))
		_, aPerson := o.Person(id.Person(named))
		there = there || aRoom || aCommunity || aLink || anApplication || aPerson
	})
	if !there {
		return "?"
	}
	return named
}
