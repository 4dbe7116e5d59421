package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"linli/internal/audit"
	"linli/internal/auth"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/legible"
	"linli/internal/office"
	"linli/internal/register"
)

const (
	accessCookie  = "linli_access"
	refreshCookie = "linli_refresh"
	knownCookie   = "linli_known" // that somebody signed in here before; stays when they sign out
	untilCookie   = "linli_until" // when the access token ends (ms); the page reads it, so that nobody asks who is not signed in
	sessionPath   = "/api/v1/session"
	knownPath     = "/api/v1"
	knownFor      = 400 * 24 * time.Hour // the longest that browsers keep one; renewed with every session
)

// sessionBody is what signing in answers; the tokens only to who asks for them.
type sessionBody struct {
	Person  id.Person `json:"person,omitempty"`
	Device  id.Device `json:"device,omitempty"`
	Expires int64     `json:"expires,omitempty"`
	Access  string    `json:"access,omitempty"`
	Refresh string    `json:"refresh,omitempty"`
	Before  bool      `json:"before,omitempty"` // applied before: this is that application, as it was
	Due     *dueBody  `json:"due,omitempty"`    // nobody is signed in yet: the second step is due
	Owes    bool      `json:"owes,omitempty"`   // refreshed, but the second step is due on this device
}

type sessionAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Cache     string        `header:"Cache-Control"`
	Body      sessionBody
}

// session is what somebody is answered who is signed in.
func (s *Server) session(ctx context.Context, v auth.Session, tokens bool) *sessionAnswer {
	if v.Due != "" {
		return s.due(ctx, v, tokens)
	}
	s.arrived(ctx, v.Person)
	r, _ := ctx.Value(askKey).(*http.Request)
	cookie := func(name, value, path string, until time.Time) http.Cookie {
		return http.Cookie{
			Name: name, Value: value, Path: path, Expires: until, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(r),
		}
	}
	ends := s.Now().Add(v.Expires.Sub(s.Auth.Now())) // by the clock that the socket tells: a demo's day is another than its sessions'
	until := cookie(untilCookie, strconv.FormatInt(ends.UnixMilli(), 10), "/", v.Until)
	until.HttpOnly = false
	out := &sessionAnswer{Cache: "no-store", Body: sessionBody{Person: v.Person, Device: v.Device, Expires: v.Expires.UnixMilli()}}
	out.SetCookie = []http.Cookie{
		cookie(accessCookie, v.Access, "/", v.Until), // its own time is in it; the cookie only has to be there
		cookie(refreshCookie, v.Refresh, sessionPath, v.Until),
		until,
		cookie(knownCookie, s.Auth.Known(cookieOf(r, knownCookie), v.Person), knownPath, s.Now().Add(knownFor)),
	}
	if tokens {
		out.Body.Access, out.Body.Refresh = v.Access, v.Refresh
	}
	return out
}

// cookieOf is what a browser holds under this name; empty for nothing.
func cookieOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

type setupAnswer struct {
	Needed bool   `json:"needed"`
	Office string `json:"office,omitempty"`
}

func (s *Server) setupNeeded(ctx context.Context, _ *none) (*body[setupAnswer], error) {
	var a setupAnswer
	s.Engine.ReadOffice(func(o *office.State) { a = setupAnswer{!o.Founded(), o.Name()} })
	return says(a), nil
}

type setupInput struct {
	Body struct {
		Code     string `json:"code"`
		Office   string `json:"office"`
		Name     string `json:"name"`
		Phone    string `json:"phone"`
		Password string `json:"password"`
		Tokens   bool   `json:"tokens,omitempty"`
	}
}

// setup makes the office and its first administrator.
func (s *Server) setup(ctx context.Context, in *setupInput) (*sessionAnswer, error) {
	b := &in.Body
	founded := false
	s.Engine.ReadOffice(func(o *office.State) { founded = o.Founded() })
	if founded {
		return nil, fault.New(fault.SetupDone, "the office has its administrator")
	}
	if err := s.Auth.CheckSetup(ctx, b.Code, where(ctx, "")); err != nil {
		s.noteTry(ctx, audit.SignIn, b.Phone, err)
		return nil, err
	}
	if legible.Blank(b.Office) || !legible.Name(b.Office) || len(b.Office) > 120 {
		return nil, fault.New(fault.Invalid, "the office has a name").And("field", "office")
	}
	p := id.New[id.Person]("p")
	if err := s.newPerson(ctx, p, b.Name, "", b.Phone, b.Password); err != nil {
		return nil, err
	}
	rec, err := s.Register.Record(ctx, p)
	if err != nil {
		return nil, err
	}
	err = s.Register.ClaimPhone(ctx, rec.Phone, p)
	if err == nil {
		_, err = s.server(ctx, "office.found", map[string]any{"name": strings.TrimSpace(b.Office), "person": p}, nil)
	}
	if refused(err) { // somebody was quicker: nothing stays of who was not
		return nil, errors.Join(err, s.Register.ReleasePhone(ctx, rec.Phone, p), s.unmake(ctx, p))
	}
	if err != nil {
		return nil, err
	}
	if err := s.Auth.EndSetup(ctx); err != nil {
		return nil, err
	}
	return s.start(ctx, p, "", b.Tokens)
}

// newPerson puts somebody into the register, with a password.
func (s *Server) newPerson(ctx context.Context, p id.Person, name, title, phone, password string) error {
	rec, err := recordOf(name, title, phone)
	if err != nil {
		return err
	}
	if err := s.Register.Put(ctx, p, rec); err != nil {
		return err
	}
	if password == "" {
		return nil
	}
	return s.Auth.SetPassword(ctx, p, password)
}

// recordOf makes a record of what somebody says of themselves.
func recordOf(name, title, phone string) (rec register.Record, err error) {
	if rec.Name, err = register.NormaliseName(name); err != nil {
		return rec, err
	}
	if rec.Phone, err = register.NormalisePhone(phone); err != nil {
		return rec, err
	}
	if title != "" && title != "女士" && title != "先生" {
		return rec, fault.New(fault.Invalid, "a title is 女士, 先生 or none").And("field", "title")
	}
	rec.Title = title
	return rec, nil
}

func (s *Server) start(ctx context.Context, p id.Person, label string, tokens bool) (*sessionAnswer, error) {
	v, err := s.Auth.Start(ctx, p, where(ctx, label))
	if err != nil {
		return nil, err
	}
	return s.session(ctx, v, tokens), nil
}

type signInInput struct {
	Body struct {
		Phone    string `json:"phone"`
		Password string `json:"password"`
		Label    string `json:"label,omitempty"`
		Tokens   bool   `json:"tokens,omitempty"`
	}
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*sessionAnswer, error) {
	v, err := s.Auth.SignIn(ctx, in.Body.Phone, in.Body.Password, where(ctx, in.Body.Label))
	s.meters.signedIn("password", err)
	if err != nil {
		s.noteTry(ctx, audit.SignIn, in.Body.Phone, err)
		return nil, err
	}
	return s.session(ctx, v, in.Body.Tokens), nil
}

type codeInput struct {
	Body struct {
		Phone    string `json:"phone"`
		Code     string `json:"code"`
		Password string `json:"password"`
		Label    string `json:"label,omitempty"`
		Tokens   bool   `json:"tokens,omitempty"`
	}
}

func (s *Server) signInByCode(ctx context.Context, in *codeInput) (*sessionAnswer, error) {
	v, err := s.Auth.RedeemCode(ctx, in.Body.Phone, in.Body.Code, in.Body.Password, where(ctx, in.Body.Label))
	s.meters.signedIn("code", err)
	if err != nil {
		s.noteTry(ctx, audit.Code, in.Body.Phone, err)
		return nil, err
	}
	s.Audit.Note(audit.Code, "used", v.Person, string(v.Person), source(ctx))
	return s.session(ctx, v, in.Body.Tokens), nil
}

// arrived lets the office know that an account is used which an appointment made. Where its log does not take that now, the next session or
// the next refresh says so again.
func (s *Server) arrived(ctx context.Context, p id.Person) {
	made := false
	s.Engine.ReadOffice(func(o *office.State) { made = o.Made(p) })
	if !made {
		return
	}
	if _, err := s.server(ctx, "person.arrived", map[string]any{"person": p}, nil); err != nil && !fault.Is(err, fault.Unchanged) {
		s.Log.Warn("the office has not heard yet that somebody arrived", "person", p, "err", err)
	}
}

type refreshInput struct {
	Cookie string `cookie:"linli_refresh"`
	Body   *struct {
		Refresh string `json:"refresh,omitempty"`
	}
}

func (s *Server) refresh(ctx context.Context, in *refreshInput) (*sessionAnswer, error) {
	token, tokens := in.Cookie, false
	if in.Body != nil && in.Body.Refresh != "" {
		token, tokens = in.Body.Refresh, true
	}
	v, err := s.Auth.Refresh(ctx, token)
	s.meters.signedIn("refresh", err)
	if err != nil {
		return nil, err
	}
	out := s.session(ctx, v, tokens)
	if s.owes(ctx, auth.Claim{Person: v.Person, Device: v.Device}) != nil {
		out.Body.Owes = true
		s.Hub.Drop(v.Device)
	}
	return out, nil
}

type signedOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Done bool `json:"done"`
	}
}

type signOutInput struct {
	Cookie string `cookie:"linli_refresh"`
}

// signOut ends the device, which the refresh token names where the access token is past its time.
func (s *Server) signOut(ctx context.Context, in *signOutInput) (*signedOut, error) {
	c, err := s.half(ctx)
	if err != nil {
		c, err = s.Auth.Holder(ctx, in.Cookie)
	}
	if err == nil {
		err = s.Auth.End(ctx, c.Person, c.Device, auth.WhyHere)
	}
	if f := fault.Of(err); err != nil && (f == nil || f.Code != fault.SignIn && f.Code != fault.NotFound && f.Code != fault.Revoked) {
		return nil, err
	}
	out := &signedOut{SetCookie: []http.Cookie{
		{Name: accessCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		{Name: refreshCookie, Path: sessionPath, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		{Name: untilCookie, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode},
	}}
	out.Body.Done = true
	return out, nil
}

type meBody struct {
	Person       id.Person         `json:"person"`
	Device       id.Device         `json:"device"`
	Name         string            `json:"name"`
	Title        string            `json:"title,omitempty"`
	Phone        string            `json:"phone"` // masked
	Office       officeName        `json:"office"`
	Grants       []entry.Grant     `json:"grants"`
	Applications []applicationMine `json:"applications"`
	Rooms        int               `json:"rooms"`            // how many one is in
	Offers       []offerMine       `json:"offers"`           // posts that wait for an answer
	Code         *codeMine         `json:"code,omitempty"`   // one that somebody has for signing in to this account
	Step         *stepMine         `json:"step,omitempty"`   // what became of the second step on another device
	StepBy       int64             `json:"stepBy,omitempty"` // until when the office asks for a second step that one has not, ms
	Features     features          `json:"features"`
}

type officeName struct {
	Name string `json:"name"`
}

// features is what this office has, and how it keeps what is brought.
type features struct {
	Demo      bool     `json:"demo"`
	Speech    bool     `json:"speech"`    // voices can be spelled out
	Previews  []string `json:"previews"`  // hosts whose links are shown with their title; .name for all below it
	KeepFiles int      `json:"keepFiles"` // days that documents are kept; 0 for ever
	KeepMedia int      `json:"keepMedia"` // pictures, videos, voices
}

func (s *Server) me(ctx context.Context, _ *none) (*body[meBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	rec, err := s.Register.Record(ctx, c.Person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	m := meBody{
		Person: c.Person, Device: c.Device, Name: rec.Name, Title: rec.Title, Phone: register.Masked(rec.Phone),
		Grants: []entry.Grant{}, Rooms: len(s.Engine.RoomsOf(c.Person)), Features: features{
			Demo: s.Demo, Speech: s.Speech != nil, Previews: s.Preview.Hosts(), KeepFiles: s.Keep.Files, KeepMedia: s.Keep.Media,
		},
	}
	if m.Applications, err = s.applicationsOf(ctx, c.Person); err != nil {
		return nil, err
	}
	m.Offers, m.Code = s.waitsForMe(ctx, c.Person)
	if m.Step = s.stepNewsOf(ctx, c); !s.Auth.HasStep(ctx, c.Person) {
		m.StepBy = s.asked(c.Person)
	}
	s.Engine.ReadOffice(func(o *office.State) {
		m.Office.Name = o.Name()
		m.Grants = append(m.Grants, o.GrantsOf(c.Person)...)
	})
	return says(m), nil
}

type passwordInput struct {
	Body struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
}

func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*done, error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Auth.ChangePassword(ctx, c.Person, c.Device, in.Body.Old, in.Body.New)
	if fault.Is(err, fault.Wrong) {
		s.note(ctx, audit.SignIn, "password", string(c.Person))
	}
	return ok(), err
}

type deviceRow struct {
	ID      id.Device `json:"id"`
	Label   string    `json:"label"`
	Created int64     `json:"created"`
	Seen    int64     `json:"seen"`
	Current bool      `json:"current"`
	Online  bool      `json:"online"`
	Step    string    `json:"step,omitempty"` // how the second step was taken on it: digits, passkey, paper, trust; empty: it was not
}

type devicesBody struct {
	Devices []deviceRow `json:"devices"`
}

func (s *Server) devices(ctx context.Context, _ *none) (*body[devicesBody], error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	online := map[id.Device]bool{}
	for _, d := range s.Hub.Present(c.Person) {
		online[d] = true
	}
	b := devicesBody{Devices: []deviceRow{}}
	for _, d := range s.Auth.Devices(c.Person) {
		b.Devices = append(b.Devices, deviceRow{d.ID, d.Label, d.Created, d.Seen, d.ID == c.Device, online[d.ID], d.Step})
	}
	return says(b), nil
}

type deviceInput struct {
	Device id.Device `path:"device"`
}

func (s *Server) endDevice(ctx context.Context, in *deviceInput) (*done, error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	return ok(), s.Auth.End(ctx, c.Person, in.Device, auth.WhyOther)
}

func (s *Server) endOthers(ctx context.Context, _ *none) (*done, error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.Distrust(ctx, c.Person); err != nil {
		return nil, err
	}
	return ok(), s.Auth.EndOthers(ctx, c.Person, c.Device, auth.WhyOther)
}
