package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"linli/internal/audit"
	"linli/internal/auth"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/twostep"
)

const (
	dueCookie   = "linli_due"   // a sign-in that waits for its second step
	trustCookie = "linli_trust" // that the second step was taken here, and need not be for a while
	trustFor    = 30 * 24 * time.Hour
)

// dueBody is what a right password is answered where a second step follows: by when. Programs get what stands in the cookie too.
type dueBody struct {
	Until int64  `json:"until"` // ms
	Token string `json:"token,omitempty"`
}

// due is the answer to a sign-in that waits for its second step.
func (s *Server) due(ctx context.Context, v auth.Session, tokens bool) *sessionAnswer {
	r, _ := ctx.Value(askKey).(*http.Request)
	out := &sessionAnswer{Cache: "no-store", Body: sessionBody{Due: &dueBody{Until: v.Until.UnixMilli()}}}
	if tokens {
		out.Body.Due.Token = v.Due
		return out
	}
	out.SetCookie = []http.Cookie{{
		Name: dueCookie, Value: v.Due, Path: sessionPath, Expires: v.Until, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure(r),
	}}
	return out
}

// proofBody is what somebody shows for the second step: one of these.
type proofBody struct {
	Digits  string `json:"digits,omitempty"`
	Paper   string `json:"paper,omitempty"`
	Passkey any    `json:"passkey,omitempty"` // what the browser answered, as JSON
}

func (s *Server) proof(ctx context.Context, p *proofBody) auth.Proof {
	proof := auth.Proof{Digits: p.Digits, Paper: p.Paper}
	if p.Passkey != nil {
		proof.Passkey, _ = json.Marshal(p.Passkey) // it was JSON
	}
	proof.Site, _ = twostep.SiteOf(s.base(ctx))
	return proof
}

type passInput struct {
	Due  string `cookie:"linli_due"`
	Body struct {
		Digits  string `json:"digits,omitempty"`
		Paper   string `json:"paper,omitempty"`
		Passkey any    `json:"passkey,omitempty"`
		Trust   bool   `json:"trust,omitempty"` // this browser is not asked for a while
		Token   string `json:"token,omitempty"` // of a program, instead of the cookie
		Label   string `json:"label,omitempty"`
		Tokens  bool   `json:"tokens,omitempty"`
	}
}

// pass takes the second step of a sign-in that waits for it.
func (s *Server) pass(ctx context.Context, in *passInput) (*sessionAnswer, error) {
	token := in.Due
	if in.Body.Token != "" {
		token = in.Body.Token
	}
	proof := s.proof(ctx, &proofBody{in.Body.Digits, in.Body.Paper, in.Body.Passkey})
	v, err := s.Auth.Pass(ctx, token, proof, in.Body.Trust, where(ctx, in.Body.Label))
	if err != nil {
		s.noteStep(ctx, auth.DueOf(token), err)
		return nil, err
	}
	out := s.session(ctx, v, in.Body.Tokens)
	r, _ := ctx.Value(askKey).(*http.Request)
	out.SetCookie = append(out.SetCookie, http.Cookie{Name: dueCookie, Path: sessionPath, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	if v.Trust != "" {
		out.SetCookie = append(out.SetCookie, http.Cookie{
			Name: trustCookie, Value: v.Trust, Path: knownPath, Expires: s.Now().Add(trustFor), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(r),
		})
	}
	return out, nil
}

// noteStep notes a second step that was wrong.
func (s *Server) noteStep(ctx context.Context, p id.Person, err error) {
	if f := fault.Of(err); f != nil && (f.Code == fault.Wrong || f.Code == fault.TooMany) {
		s.Audit.Note(audit.SignIn, "step."+string(f.Code), "", thing(s.Engine, string(p)), source(ctx))
	}
}

// owes refuses a device on which the second step is due, and who has none and must have one: fault.SecondStep, then with set.
func (s *Server) owes(ctx context.Context, c auth.Claim) error {
	switch {
	case s.Auth.Owes(ctx, c):
		return fault.New(fault.SecondStep, "the second step of signing in is due")
	case s.mustSet(ctx, c.Person):
		return fault.New(fault.SecondStep, "the office asks for a second step: it has to be set up first").And("set", true)
	}
	return nil
}

// OwesStep tells whether a device can do nothing for want of its second step.
func (s *Server) OwesStep(p id.Person, d id.Device) bool {
	return s.owes(context.Background(), auth.Claim{Person: p, Device: d}) != nil
}

// mustSet tells whether somebody has no second step and the office asks for one by now.
func (s *Server) mustSet(ctx context.Context, p id.Person) bool {
	from := s.asked(p)
	return from > 0 && s.Now().UnixMilli() >= from && !s.Auth.HasStep(ctx, p)
}

// asked is from when on the office asks somebody for a second step (ms); 0: it does not.
func (s *Server) asked(p id.Person) (from int64) {
	s.Engine.ReadOffice(func(o *office.State) { from = o.AsksSecond(p) })
	return from
}

// half is who asks, also while the second step is due on their device.
func (s *Server) half(ctx context.Context) (auth.Claim, error) {
	if c, ok := ctx.Value(halfKey).(auth.Claim); ok {
		return c, nil
	}
	return s.claim(ctx)
}

// stepsBody is what somebody has set up for the second step, and what is asked of them.
type stepsBody struct {
	On       bool         `json:"on"`
	Passed   bool         `json:"passed"` // on this device
	Digits   bool         `json:"digits"`
	Passkeys []passkeyRow `json:"passkeys"`
	Codes    int          `json:"codes"` // on paper, that are left
	Since    int64        `json:"since,omitempty"`
	May      bool         `json:"may"`             // who holds a post
	From     int64        `json:"from,omitempty"`  // from when on the office asks for it, ms; 0: it does not
	Must     bool         `json:"must"`            // it does by now
	Homes    int          `json:"homes,omitempty"` // whose doors and phones they see
	Above    string       `json:"above,omitempty"` // who may let them in anew; empty: who has the machine
	Site     bool         `json:"site"`            // browsers have passkeys at the address by which this one came
}

type passkeyRow struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	At   int64  `json:"at"`
	Used int64  `json:"used,omitempty"`
	Here bool   `json:"here"` // made for the address by which this browser came
}

// steps is answered also to who has to take the second step first, or set it up.
func (s *Server) steps(ctx context.Context, _ *none) (*body[stepsBody], error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	v, err := s.Auth.Steps(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	site, is := twostep.SiteOf(s.base(ctx))
	b := stepsBody{On: v.On, Passed: s.Auth.Passed(ctx, c), Since: v.Since, Passkeys: []passkeyRow{}, Site: is}
	above := id.Person("")
	s.Engine.ReadOffice(func(o *office.State) {
		grants := o.GrantsOf(c.Person)
		b.May, b.From, above = len(grants) > 0, o.AsksSecond(c.Person), o.Above(c.Person)
		for _, r := range o.Rooms() {
			if o.MayRead(c.Person, r.Community, r.ID) {
				b.Homes += o.TallyOf(r.ID).Homes
			}
		}
	})
	b.Must = b.From > 0 && s.Now().UnixMilli() >= b.From
	if b.Above, err = s.knownAs(ctx, above); err != nil {
		return nil, err
	}
	if v.On && !b.Passed { // how it can be taken is told when it is asked for; the rest to who took it
		b.Digits = v.Digits
		for _, p := range v.Passkeys {
			if p.Site == site.Host {
				b.Passkeys = append(b.Passkeys, passkeyRow{Here: true})
			}
		}
		return says(b), nil
	}
	b.Digits, b.Codes = v.Digits, v.Codes
	for _, p := range v.Passkeys {
		b.Passkeys = append(b.Passkeys, passkeyRow{ID: p.ID, Name: p.Name, At: p.At, Used: p.Used, Here: p.Site == site.Host})
	}
	return says(b), nil
}

// posted tells whether somebody answers for a room or more.
func (s *Server) posted(p id.Person) (yes bool) {
	s.Engine.ReadOffice(func(o *office.State) { yes = len(o.GrantsOf(p)) > 0 })
	return yes
}

// setsUp is who may set up a second step, or change theirs: who holds a post, or has one from when they did. Not a device that owes it.
func (s *Server) setsUp(ctx context.Context) (auth.Claim, error) {
	c, err := s.half(ctx)
	switch {
	case err != nil:
		return c, err
	case s.Auth.Owes(ctx, c): // who has none, and must, is here to set it up
		return c, s.owes(ctx, c)
	case !s.posted(c.Person) && !s.Auth.HasStep(ctx, c.Person):
		return c, fault.New(fault.Forbidden, "only who answers for a room or above")
	}
	return c, nil
}

type stepInput struct{ Body proofBody }

// takeStep takes the second step on a device that is signed in: because it is due there, or to change it.
func (s *Server) takeStep(ctx context.Context, in *stepInput) (*done, error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.TakeStep(ctx, c, s.proof(ctx, &in.Body)); err != nil {
		s.noteStep(ctx, c.Person, err)
		return nil, err
	}
	return ok(), nil
}

// digitsBody is what an authenticator has to know: by its camera, or typed.
type digitsBody struct {
	Secret string `json:"secret"`
	Side   int    `json:"side"` // modules of the QR code
	Square string `json:"square"`
}

func (s *Server) beginDigits(ctx context.Context, _ *none) (*body[digitsBody], error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := s.Auth.BeginDigits(ctx, c)
	if err != nil {
		return nil, err
	}
	name, err := s.ownName(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	b := digitsBody{Secret: secret}
	b.Side, b.Square, err = twostep.Square(twostep.Link(secret, s.officeName(), name))
	return says(b), err
}

// ownName is what somebody calls themselves, for their own eyes.
func (s *Server) ownName(ctx context.Context, p id.Person) (string, error) {
	rec, err := s.Register.Record(ctx, p)
	if fault.Is(err, fault.NotFound) {
		rec, err = register.Record{}, nil
	}
	return rec.Name, err
}

func (s *Server) officeName() (name string) {
	s.Engine.ReadOffice(func(o *office.State) { name = o.Name() })
	return name
}

// paperBody is codes on paper, shown once; none where those from before are still good.
type paperBody struct {
	Codes []string `json:"codes"`
}

type digitsInput struct {
	Body struct {
		Digits string `json:"digits"`
	}
}

func (s *Server) setDigits(ctx context.Context, in *digitsInput) (*body[paperBody], error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := s.Auth.SetDigits(ctx, c, in.Body.Digits)
	if err != nil {
		return nil, err
	}
	s.stepChanged(ctx, c, "digits")
	return says(paperBody{Codes: append([]string{}, codes...)}), nil
}

func (s *Server) newPaper(ctx context.Context, _ *none) (*body[paperBody], error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := s.Auth.NewPaper(ctx, c)
	if err != nil {
		return nil, err
	}
	s.stepChanged(ctx, c, "codes")
	return says(paperBody{Codes: codes}), nil
}

// endStep turns one's own second step off, unless the office asks for it by now.
func (s *Server) endStep(ctx context.Context, _ *none) (*done, error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	if from := s.asked(c.Person); from > 0 && s.Now().UnixMilli() >= from {
		return nil, fault.New(fault.Closed, "the office asks for a second step")
	}
	if err := s.Auth.EndStep(ctx, c); err != nil {
		return nil, err
	}
	s.stepChanged(ctx, c, "off")
	return ok(), nil
}

// stepChanged notes what became of somebody's second step and tells their devices. Those that owe it now hear nothing more until they took it.
func (s *Server) stepChanged(ctx context.Context, c auth.Claim, what string) {
	s.Audit.Note(audit.Code, "step."+what, c.Person, string(c.Person), source(ctx))
	b, _ := json.Marshal(map[string]any{"me": map[string]any{}})
	s.Hub.Tell(c.Person, hub.Frame(b))
	s.dropOwing(ctx, c.Person)
}

// dropOwing ends the connections of those of somebody's devices on which the second step is due.
func (s *Server) dropOwing(ctx context.Context, p id.Person) {
	for _, d := range s.Auth.Devices(p) {
		if s.owes(ctx, auth.Claim{Person: p, Device: d.ID}) != nil {
			s.Hub.Drop(d.ID)
		}
	}
}

// stepMine is what became of one's second step on another device.
type stepMine struct {
	What string `json:"what"`
	At   int64  `json:"at"`
}

// stepNews is for how long other devices are told what became of the second step.
const stepNews = 7 * 24 * time.Hour

func (s *Server) stepNewsOf(ctx context.Context, c auth.Claim) *stepMine {
	last := s.Auth.LastStep(ctx, c.Person)
	if last == nil || last.Device == c.Device || s.Auth.Now().Sub(time.UnixMilli(last.At)) > stepNews {
		return nil
	}
	return &stepMine{What: last.What, At: last.At}
}

// questionBody is what a passkey is asked, as navigator.credentials takes it; null where there is none for this site.
type questionBody struct {
	Options any `json:"options"`
}

func question(options json.RawMessage) (*body[questionBody], error) {
	b := questionBody{}
	if options == nil {
		return says(b), nil
	}
	return says(questionBody{Options: options}), nil
}

type askDueInput struct {
	Due  string `cookie:"linli_due"`
	Body struct {
		Token string `json:"token,omitempty"`
	}
}

// askDue asks for a passkey of who waits for the second step of a sign-in, and says what else they may show.
func (s *Server) askDue(ctx context.Context, in *askDueInput) (*body[questionBody], error) {
	site, is := twostep.SiteOf(s.base(ctx))
	options, err := s.Auth.AskDue(ctx, cmp.Or(in.Body.Token, in.Due), site)
	if err != nil || !is {
		options = nil
	}
	if err != nil {
		return nil, err
	}
	return question(options)
}

// askPasskey asks for one on a device that is signed in.
func (s *Server) askPasskey(ctx context.Context, _ *none) (*body[questionBody], error) {
	c, err := s.half(ctx)
	if err != nil {
		return nil, err
	}
	site, _ := twostep.SiteOf(s.base(ctx))
	options, err := s.Auth.AskPasskey(ctx, c, site)
	if err != nil {
		return nil, err
	}
	return question(options)
}

// beginPasskey asks the browser for a new passkey.
func (s *Server) beginPasskey(ctx context.Context, _ *none) (*body[questionBody], error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	site, is := twostep.SiteOf(s.base(ctx))
	if !is {
		return nil, fault.New(fault.NoEngine, "browsers have passkeys for names with HTTPS alone").And("field", "passkey")
	}
	name, err := s.ownName(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	options, err := s.Auth.BeginPasskey(ctx, c, site, s.officeName(), name)
	if err != nil {
		return nil, err
	}
	return question(options)
}

type passkeyInput struct {
	Body struct {
		Passkey any `json:"passkey"` // what the browser answered, as JSON
	}
}

func (s *Server) setPasskey(ctx context.Context, in *passkeyInput) (*body[paperBody], error) {
	c, err := s.setsUp(ctx)
	if err != nil {
		return nil, err
	}
	answer, _ := json.Marshal(in.Body.Passkey)
	site, _ := twostep.SiteOf(s.base(ctx))
	codes, err := s.Auth.SetPasskey(ctx, c, site, answer, where(ctx, "").Label)
	if err != nil {
		return nil, err
	}
	s.stepChanged(ctx, c, "passkey")
	return says(paperBody{Codes: append([]string{}, codes...)}), nil
}

func (s *Server) endDigits(ctx context.Context, _ *none) (*done, error) {
	return s.endWay(ctx, "digits-off", s.Auth.EndDigits)
}

type endPasskeyInput struct {
	Passkey string `path:"passkey"`
}

func (s *Server) endPasskey(ctx context.Context, in *endPasskeyInput) (*done, error) {
	return s.endWay(ctx, "passkey-off", func(ctx context.Context, c auth.Claim) error { return s.Auth.EndPasskey(ctx, c, in.Passkey) })
}

func (s *Server) endWay(ctx context.Context, what string, end func(context.Context, auth.Claim) error) (*done, error) {
	c, err := s.setsUp(ctx)
	if err == nil {
		err = end(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	s.stepChanged(ctx, c, what)
	return ok(), nil
}

// secondBody is the office's policy: from when on who holds a post signs in with a second step, and how many of them do.
type secondBody struct {
	From  int64 `json:"from"` // ms; 0: who wants to
	Staff int   `json:"staff"`
	On    int   `json:"on"`
	Mine  bool  `json:"mine"` // who asks has one
}

func (s *Server) second(ctx context.Context, _ *none) (*body[secondBody], error) {
	c, err := s.mayAudit(ctx)
	if err != nil {
		return nil, err
	}
	b := secondBody{Mine: s.Auth.HasStep(ctx, c.Person)}
	s.Engine.ReadOffice(func(o *office.State) { b.From = o.SecondFrom() })
	for _, p := range s.staffed() {
		b.Staff++
		if s.Auth.HasStep(ctx, p) {
			b.On++
		}
	}
	return says(b), nil
}

// staffed is everybody who holds a post, each once.
func (s *Server) staffed() (people []id.Person) {
	s.Engine.ReadOffice(func(o *office.State) {
		for _, post := range o.Staff("", "") {
			people = append(people, post.Person)
		}
	})
	slices.Sort(people)
	return slices.Compact(people)
}

type secondInput struct {
	Body struct {
		From int64 `json:"from"`
	}
}

// setSecond sets the policy. Who asks everybody for it at once has it themselves: nobody locks themselves out of taking it back.
func (s *Server) setSecond(ctx context.Context, in *secondInput) (*done, error) {
	c, err := s.mayAudit(ctx)
	if err != nil {
		return nil, err
	}
	now := in.Body.From > 0 && in.Body.From <= s.Now().UnixMilli()
	if now && !s.Auth.HasStep(ctx, c.Person) {
		return nil, fault.New(fault.SecondStep, "set up yours first").And("mine", true)
	}
	if _, err := s.asPerson(ctx, "second.set", in.Body, nil); err != nil {
		return nil, err
	}
	b, _ := json.Marshal(map[string]any{"me": map[string]any{}})
	for _, p := range s.staffed() {
		s.Hub.Tell(p, hub.Frame(b))
		if now {
			s.dropOwing(ctx, p)
		}
	}
	return ok(), nil
}

// resetCode gives somebody below a code, face to face, by which they come in anew: with a new password and without their second step.
func (s *Server) resetCode(ctx context.Context, in *personInput) (*body[codeBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if !s.posted(c.Person) { // whether there is such a person or not
		return nil, fault.New(fault.Forbidden, "only who answers for a room or above may")
	}
	if _, err := s.asPerson(ctx, "code.reset", map[string]any{"person": in.Person}, nil); err != nil {
		return nil, err
	}
	code, until, err := s.Auth.IssueCode(ctx, in.Person, c.Person)
	if err != nil {
		return nil, err
	}
	return says(codeBody{Code: code, Expires: until.UnixMilli()}), nil
}
