package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/twostep"
)

// Who has set up a second step takes it after the password, on every device: one on which it was not taken can do nothing (Owes). A right
// password then gives no session but a due, which the second step turns into one. It lives in memory, for five minutes, and is good once.
//
// How often the second step may be tried is counted for the person: nobody comes there without the password. Browsers in which they signed in
// before are counted apart, and so is every device that is signed in, so that who has the password shuts out nobody with it.

const (
	dueFor       = 5 * time.Minute // to take the second step after the password, and to end a set-up
	freshFor     = 5 * time.Minute // for how long the second step lets one change it
	trustFor     = 30 * 24 * time.Hour
	mostPasskeys = 10
	mostDue      = 16 // of one person; the oldest gives way
	toldFor      = 30 * 24 * time.Hour
	byStep       = "step" // the second step, of a person, or on a known browser or a device of theirs
	stepPrefix   = "second/"
)

// How the second step was taken on a device.
const (
	ByDigits  = "digits"  // of an authenticator
	ByPasskey = "passkey" // fingerprint, face, or a key that is plugged in
	ByPaper   = "paper"   // a code on paper
	ByTrust   = "trust"   // the browser is trusted since it was taken there
)

// Proof is what somebody shows for the second step: one of these.
type Proof struct {
	Digits  string
	Paper   string
	Passkey []byte       // what a browser answered to the last question (AskPasskey, Session.Ask)
	Site    twostep.Site // where it was asked
}

// StepChange is what somebody's other devices are told.
type StepChange struct {
	What   string    `json:"what"` // on, off, digits, digits-off, passkey, passkey-off, codes (on paper), code: taken away by a code
	At     int64     `json:"at"`   // ms
	Device id.Device `json:"device,omitempty"`
}

// Steps is what somebody has set up, as they may see it.
type Steps struct {
	On       bool
	Digits   bool
	Passkeys []Passkey
	Codes    int // on paper, that are left
	Since    int64
	Last     *StepChange
}

// Passkey is one that somebody has.
type Passkey struct {
	ID   string
	Name string
	Site string
	At   int64
	Used int64
}

// keptStep is what lies on the shelf: what is set up is sealed with the person's key.
type keptStep struct {
	On     bool        `json:"on"`
	Since  int64       `json:"since,omitempty"`
	Sealed []byte      `json:"sealed,omitempty"`
	Last   *StepChange `json:"last,omitempty"`
}

// due is a sign-in that waits for its second step.
type due struct {
	hash  string      // of its secret
	rev   journal.Rev // of the password that was right
	until time.Time
	asked *twostep.Asked // of a passkey, once
}

// begun is what waits on a device for its proof: an authenticator or a passkey that is set up, or a question to a passkey.
type begun struct {
	secret string
	asked  *twostep.Asked
	kept   *twostep.Kept // with a new passkey: what it was asked with
	until  time.Time
}

// steps is what is known of second steps in memory.
type steps struct {
	mu    sync.Mutex
	of    map[id.Person]keptStep
	torn  bool // some lie in a damaged part of the disk: who has none here may have one there
	due   map[id.Person][]*due
	begun map[string]*begun // <what>/<device>
	one   [64]sync.Mutex    // a person's is changed by one at a time
}

func (a *Auth) openSteps(ctx context.Context) error {
	a.steps.of, a.steps.due, a.steps.begun = map[id.Person]keptStep{}, map[id.Person][]*due{}, map[string]*begun{}
	for item, err := range a.shelf.List(ctx, stepPrefix) {
		if errors.Is(err, journal.ErrUnreadable) {
			a.steps.torn = true
			continue
		}
		if err != nil {
			return wrap("second steps", err)
		}
		var k keptStep
		if json.Unmarshal(item.Value, &k) == nil {
			a.steps.of[id.Person(item.Key[len(stepPrefix):])] = k
		}
	}
	return nil
}

// keptOf is what is on the shelf of somebody: journal.ErrUnreadable where it lies in a damaged part of it.
func (a *Auth) keptOf(ctx context.Context, p id.Person) (keptStep, error) {
	a.steps.mu.Lock()
	k, ok := a.steps.of[p]
	torn := a.steps.torn
	a.steps.mu.Unlock()
	if ok || !torn {
		return k, nil
	}
	b, _, err := a.shelf.Get(ctx, stepPrefix+string(p))
	if errors.Is(err, journal.ErrAbsent) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &k)
	}
	return k, wrap("second step", err)
}

// opened is what somebody has set up; a new one where it is nothing.
func (a *Auth) opened(p id.Person, k keptStep) (*twostep.Kept, error) {
	if !k.On {
		return &twostep.Kept{Salt: rand.Text()}, nil
	}
	b, err := a.register.Open(p, k.Sealed)
	if err != nil {
		return nil, wrap("second step", err)
	}
	var kept twostep.Kept
	if err := json.Unmarshal(b, &kept); err != nil { // sealed with a key that is gone: nothing is let in for it
		return nil, wrap("second step", err)
	}
	return &kept, nil
}

// alter changes what somebody has set up, one at a time. What it is to be told as is empty where it is nothing to tell, as when digits were taken.
func (a *Auth) alter(ctx context.Context, p id.Person, change func(*twostep.Kept) (told string, err error), d id.Device) error {
	defer a.alone(p)()
	k, err := a.keptOf(ctx, p)
	if err != nil {
		return err
	}
	kept, err := a.opened(p, k)
	if err != nil {
		return err
	}
	was := kept.On()
	told, err := change(kept)
	if err != nil {
		return err
	}
	now := a.o.Now().UnixMilli()
	if kept.On() && !was {
		kept.Since = now
	}
	if told != "" {
		k.Last = &StepChange{What: told, At: now, Device: d}
	}
	k.On, k.Since, k.Sealed = kept.On(), kept.Since, nil
	ttl := toldFor
	if k.On {
		ttl = 0
		b, err := json.Marshal(kept)
		if err == nil {
			k.Sealed, err = a.register.Seal(p, b)
		}
		if err != nil {
			return wrap("second step", err)
		}
	}
	return a.keepStep(ctx, p, k, ttl)
}

// alone is held by who changes somebody's second step, and ended by what it returns.
func (a *Auth) alone(p id.Person) (end func()) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p))
	one := &a.steps.one[h.Sum32()%uint32(len(a.steps.one))]
	one.Lock()
	return one.Unlock
}

func (a *Auth) keepStep(ctx context.Context, p id.Person, k keptStep, ttl time.Duration) error {
	b, err := json.Marshal(k)
	if err == nil {
		err = a.store(ctx, stepPrefix+string(p), b, ttl)
	}
	if err != nil {
		return wrap("second step", err)
	}
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	a.steps.of[p] = k
	return nil
}

// Steps is what somebody has set up.
func (a *Auth) Steps(ctx context.Context, p id.Person) (s Steps, err error) {
	k, err := a.keptOf(ctx, p)
	if err != nil {
		return s, err
	}
	kept, err := a.opened(p, k)
	if err != nil {
		return s, err
	}
	s = Steps{On: k.On, Digits: kept.Secret != "", Codes: len(kept.Codes), Since: k.Since, Last: k.Last}
	for _, x := range kept.Passkeys {
		s.Passkeys = append(s.Passkeys, Passkey{ID: nameOf(x), Name: x.Name, Site: x.Site, At: x.At, Used: x.Used})
	}
	return s, nil
}

// HasStep tells whether somebody has set up a second step. Where that cannot be read they have.
func (a *Auth) HasStep(ctx context.Context, p id.Person) bool {
	k, err := a.keptOf(ctx, p)
	return err != nil || k.On
}

// LastStep is what became of somebody's second step most recently; nil for nothing.
func (a *Auth) LastStep(ctx context.Context, p id.Person) *StepChange {
	k, err := a.keptOf(ctx, p)
	if err != nil {
		return nil
	}
	return k.Last
}

// Passed tells whether the second step that somebody has was taken on their device.
func (a *Auth) Passed(ctx context.Context, c Claim) bool {
	k, err := a.keptOf(ctx, c.Person)
	if err != nil {
		return false
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	d := a.devices[c.Device]
	return k.On && d != nil && d.Step != "" && d.Stepped >= k.Since
}

// Owes tells whether somebody has a second step that was not taken on this device: it can do nothing else.
func (a *Auth) Owes(ctx context.Context, c Claim) bool {
	return a.HasStep(ctx, c.Person) && !a.Passed(ctx, c)
}

// fresh tells whether the second step was taken on a device just now.
func (a *Auth) fresh(d id.Device) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	there := a.devices[d]
	return there != nil && there.Step != "" && there.Step != ByTrust && a.o.Now().Sub(time.UnixMilli(there.Stepped)) <= freshFor
}

// mark notes how the second step was taken on a device.
func (a *Auth) mark(ctx context.Context, d id.Device, by string) error {
	one := a.turn(d)
	one.Lock()
	defer one.Unlock()
	a.mu.RLock()
	there := a.devices[d]
	a.mu.RUnlock()
	if there == nil {
		return fault.New(fault.SignIn, "nobody is signed in, or no longer")
	}
	marked := *there
	marked.Step, marked.Stepped = by, a.o.Now().UnixMilli()
	return a.keep(ctx, marked)
}

// wait begins a second step for who knew the password now: a session without tokens.
func (a *Auth) wait(ctx context.Context, p id.Person) (Session, error) {
	_, rev, err := a.shelf.Get(ctx, "pass/"+string(p))
	if err != nil && !errors.Is(err, journal.ErrAbsent) && !errors.Is(err, journal.ErrUnreadable) {
		return Session{}, wrap("password", err)
	}
	secret, until := rand.Text(), a.o.Now().Add(dueFor)
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	list := append(a.steps.due[p], &due{hash: digest(secret), rev: rev, until: until})
	a.steps.due[p] = list[max(0, len(list)-mostDue):]
	return Session{Person: p, Due: string(p) + "." + secret, Until: until}, nil
}

// waits finds a sign-in that waits for its second step: fault.Expired when there is none, or no longer. take ends it.
func (a *Auth) waits(token string, take bool) (p id.Person, found *due, err error) {
	who, secret, _ := strings.Cut(token, ".")
	p = id.Person(who)
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	list := slices.DeleteFunc(a.steps.due[p], func(d *due) bool { return a.o.Now().After(d.until) })
	at := slices.IndexFunc(list, func(d *due) bool { return same(d.hash, digest(secret)) })
	if at >= 0 {
		found = list[at]
		if take {
			list = slices.Delete(list, at, at+1)
		}
	}
	if a.steps.due[p] = list; len(list) == 0 {
		delete(a.steps.due, p)
	}
	if found == nil {
		return "", nil, fault.New(fault.Expired, "sign in anew")
	}
	return p, found, nil
}

// Pass takes the second step of a sign-in that waits for it: fault.Expired when that has ended, fault.Wrong with the tries that are left. With
// trust the browser is not asked again for 30 days.
func (a *Auth) Pass(ctx context.Context, token string, proof Proof, trust bool, where Where) (Session, error) {
	p, _, err := a.waits(token, false)
	if err != nil {
		return Session{}, err
	}
	name := byStep + "/" + string(p)
	if browser, known := a.knows(where.Known, p); known {
		name += "/" + browser
	}
	var by string
	if err := a.try(ctx, func() (err error) { by, err = a.prove(ctx, p, proof, a.askedOnce(token)); return err }, name); err != nil {
		return Session{}, err
	}
	_, found, err := a.waits(token, true)
	if err != nil { // another took it meanwhile
		return Session{}, err
	}
	s, err := a.start(ctx, p, where, by)
	if err != nil {
		return Session{}, err
	}
	_, now, err := a.shelf.Get(ctx, "pass/"+string(p))
	if err == nil && now != found.rev { // as in startBy
		_ = a.End(ctx, p, s.Device, WhyPassword)
		return Session{}, fault.New(fault.Expired, "sign in anew")
	}
	if trust {
		s.Trust = a.trust(ctx, p)
	}
	return s, nil
}

// prove uses up what somebody shows: fault.Wrong when it is not theirs, or was used.
func (a *Auth) prove(ctx context.Context, p id.Person, proof Proof, asked *twostep.Asked) (by string, err error) {
	wrong := fault.New(fault.Wrong, "wrong, or used already")
	return by, a.alter(ctx, p, func(k *twostep.Kept) (string, error) {
		switch {
		case !k.On():
			return "", wrong
		case proof.Digits != "" && k.Secret != "":
			at, ok := twostep.Digits(k.Secret, proof.Digits, k.Period, a.o.Now())
			if !ok {
				return "", wrong
			}
			by, k.Period = ByDigits, at
		case proof.Paper != "":
			at := slices.Index(k.Codes, a.paper(p, proof.Paper))
			if at < 0 {
				return "", wrong
			}
			by, k.Codes = ByPaper, slices.Delete(k.Codes, at, at+1)
		case len(proof.Passkey) > 0 && asked != nil:
			if err := k.TakePasskey(proof.Site, asked, proof.Passkey, a.o.Now().UnixMilli()); errors.Is(err, twostep.ErrNot) {
				return "", wrong
			} else if err != nil {
				return "", wrap("passkey", err)
			}
			by = ByPasskey
		default:
			return "", wrong
		}
		return "", nil
	}, "")
}

// paper is what is kept of a code on paper.
func (a *Auth) paper(p id.Person, code string) string {
	return a.seal("paper", string(p)+" "+twostep.Plain(code), nil)
}

// TakeStep takes the second step on a device that is signed in: fault.Wrong with the tries that are left there.
func (a *Auth) TakeStep(ctx context.Context, c Claim, proof Proof) error {
	var by string
	err := a.try(ctx, func() (err error) {
		var asked *twostep.Asked
		if b, err := a.begun(askedOf(c), len(proof.Passkey) > 0); err == nil {
			asked = b.asked
		}
		by, err = a.prove(ctx, c.Person, proof, asked)
		return err
	}, byStep+"/"+string(c.Person)+"/"+string(c.Device))
	if err != nil {
		return err
	}
	return a.mark(ctx, c.Device, by)
}

// mayAlter is for who changes a second step that there is: it was taken on their device just now.
func (a *Auth) mayAlter(on bool, d id.Device) error {
	if on && !a.fresh(d) {
		return fault.New(fault.SecondStep, "the second step once more, to change it").And("fresh", true)
	}
	return nil
}

// BeginDigits begins to set up an authenticator: its secret, which counts when the digits that come of it were shown.
func (a *Auth) BeginDigits(ctx context.Context, c Claim) (secret string, err error) {
	if err := a.mayAlter(a.HasStep(ctx, c.Person), c.Device); err != nil {
		return "", err
	}
	secret = twostep.NewSecret()
	a.begin(digitsOf(c), &begun{secret: secret})
	return secret, nil
}

// begin keeps what waits for its proof, for ten minutes; what waited before under this name gives way.
func (a *Auth) begin(name string, b *begun) {
	now := a.o.Now()
	b.until = now.Add(2 * dueFor)
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	for other, b := range a.steps.begun {
		if now.After(b.until) {
			delete(a.steps.begun, other)
		}
	}
	a.steps.begun[name] = b
}

// begun is what waits under a name: fault.Expired. With take it waits no longer.
func (a *Auth) begun(name string, take bool) (*begun, error) {
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	b := a.steps.begun[name]
	if b == nil || a.o.Now().After(b.until) {
		return nil, fault.New(fault.Expired, "begin anew")
	}
	if take {
		delete(a.steps.begun, name)
	}
	return b, nil
}

func digitsOf(c Claim) string  { return "digits/" + string(c.Device) }
func passkeyOf(c Claim) string { return "passkey/" + string(c.Device) }
func askedOf(c Claim) string   { return "asked/" + string(c.Device) }

// SetDigits sets up the authenticator that was begun on this device, and marks the device. codes are new ones on paper, where there were none.
func (a *Auth) SetDigits(ctx context.Context, c Claim, digits string) (codes []string, err error) {
	b, err := a.begun(digitsOf(c), false)
	if err != nil {
		return nil, err
	}
	at, ok := int64(0), false
	err = a.try(ctx, func() error {
		if at, ok = twostep.Digits(b.secret, digits, 0, a.o.Now()); !ok {
			return fault.New(fault.Wrong, "these are not its digits now")
		}
		return nil
	}, byStep+"/"+string(c.Person)+"/"+string(c.Device)+"/new")
	if err != nil {
		return nil, err
	}
	err = a.alter(ctx, c.Person, func(k *twostep.Kept) (string, error) {
		if err := a.mayAlter(k.On(), c.Device); err != nil {
			return "", err
		}
		told := onOr(k, "digits")
		k.Secret, k.Period = b.secret, at
		if len(k.Codes) == 0 {
			codes = a.newPaper(c.Person, k)
		}
		return told, nil
	}, c.Device)
	if err != nil {
		return nil, err
	}
	_, _ = a.begun(digitsOf(c), true)
	return codes, a.mark(ctx, c.Device, ByDigits)
}

// onOr is what is told: that it is on from now, or else this.
func onOr(k *twostep.Kept, told string) string {
	if !k.On() {
		return "on"
	}
	return told
}

func (a *Auth) newPaper(p id.Person, k *twostep.Kept) []string {
	codes := twostep.NewCodes()
	k.Codes = nil
	for _, c := range codes {
		k.Codes = append(k.Codes, a.paper(p, c))
	}
	return codes
}

// NewPaper makes new codes on paper; those before are void.
func (a *Auth) NewPaper(ctx context.Context, c Claim) (codes []string, err error) {
	err = a.alter(ctx, c.Person, func(k *twostep.Kept) (string, error) {
		if !k.On() {
			return "", fault.New(fault.Conflicting, "there is no second step")
		}
		if err := a.mayAlter(true, c.Device); err != nil {
			return "", err
		}
		codes = a.newPaper(c.Person, k)
		return "codes", nil
	}, c.Device)
	return codes, err
}

// EndStep turns somebody's second step off, on a device on which it was taken just now.
func (a *Auth) EndStep(ctx context.Context, c Claim) error {
	return a.alter(ctx, c.Person, func(k *twostep.Kept) (string, error) {
		if !k.On() {
			return "", fault.New(fault.Unchanged, "there is no second step")
		}
		if err := a.mayAlter(true, c.Device); err != nil {
			return "", err
		}
		*k = twostep.Kept{}
		return "off", nil
	}, c.Device)
}

// ResetStep takes somebody's second step away, whatever state it is in, as who may let them in anew does.
func (a *Auth) ResetStep(ctx context.Context, p id.Person) error {
	defer a.alone(p)()
	if !a.HasStep(ctx, p) {
		return nil
	}
	a.steps.mu.Lock()
	delete(a.steps.due, p)
	a.steps.mu.Unlock()
	return a.keepStep(ctx, p, keptStep{Last: &StepChange{What: "code", At: a.o.Now().UnixMilli()}}, toldFor)
}

// trust is what a browser holds that is not asked for this person's second step: `<person>.<until, ms>.<seal>`. It opens nothing by itself.
func (a *Auth) trust(ctx context.Context, p id.Person) string {
	k, err := a.keptOf(ctx, p)
	if err != nil || !k.On {
		return ""
	}
	kept, err := a.opened(p, k)
	if err != nil {
		return ""
	}
	body := string(p) + "." + strconv.FormatInt(a.o.Now().Add(trustFor).UnixMilli(), 10)
	return body + "." + a.seal("trust", body, []byte(kept.Salt))
}

// trusts tells whether a browser is trusted with somebody's second step.
func (a *Auth) trusts(p id.Person, k keptStep, held string) bool {
	at := strings.LastIndexByte(held, '.')
	if at < 0 {
		return false
	}
	who, until, _ := strings.Cut(held[:at], ".")
	ms, err := strconv.ParseInt(until, 10, 64)
	if err != nil || id.Person(who) != p || a.o.Now().UnixMilli() > ms {
		return false
	}
	kept, err := a.opened(p, k)
	return err == nil && same(held[at+1:], a.seal("trust", held[:at], []byte(kept.Salt)))
}

// Distrust ends that browsers are trusted with somebody's second step, wherever they are.
func (a *Auth) Distrust(ctx context.Context, p id.Person) error {
	if !a.HasStep(ctx, p) {
		return nil
	}
	return a.alter(ctx, p, func(k *twostep.Kept) (string, error) {
		k.Salt = rand.Text()
		return "", nil
	}, "")
}

// askedOnce is the question that a passkey was asked for a sign-in that waits. It is asked for each answer anew.
func (a *Auth) askedOnce(token string) *twostep.Asked {
	_, d, err := a.waits(token, false)
	if err != nil {
		return nil
	}
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	asked := d.asked
	d.asked = nil
	return asked
}

// AskDue asks for a passkey of who waits for their second step: what the browser takes, as JSON; nothing where they have none for this site.
func (a *Auth) AskDue(ctx context.Context, token string, site twostep.Site) (options json.RawMessage, err error) {
	p, d, err := a.waits(token, false)
	if err != nil {
		return nil, err
	}
	options, asked, err := a.ask(ctx, p, site)
	if err != nil || asked == nil {
		return nil, err
	}
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	d.asked = asked
	return options, nil
}

// AskPasskey is AskDue on a device that is signed in.
func (a *Auth) AskPasskey(ctx context.Context, c Claim, site twostep.Site) (options json.RawMessage, err error) {
	options, asked, err := a.ask(ctx, c.Person, site)
	if err == nil && asked != nil {
		a.begin(askedOf(c), &begun{asked: asked})
	}
	return options, err
}

func (a *Auth) ask(ctx context.Context, p id.Person, site twostep.Site) (json.RawMessage, *twostep.Asked, error) {
	k, err := a.keptOf(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	kept, err := a.opened(p, k)
	if err != nil {
		return nil, nil, err
	}
	options, asked, err := kept.AskPasskey(site)
	return options, asked, wrap("passkey", err)
}

// BeginPasskey begins to set up a passkey on a device: what the browser takes, as JSON. name is the person's, for their own eyes.
func (a *Auth) BeginPasskey(ctx context.Context, c Claim, site twostep.Site, office, name string) (options json.RawMessage, err error) {
	k, err := a.keptOf(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	if err := a.mayAlter(k.On, c.Device); err != nil {
		return nil, err
	}
	kept, err := a.opened(c.Person, k)
	if err != nil {
		return nil, err
	}
	if len(kept.Passkeys) >= mostPasskeys {
		return nil, fault.New(fault.Quota, "so many passkeys are enough").And("limit", mostPasskeys)
	}
	if kept.Handle == nil {
		kept.Handle = []byte(rand.Text())
	}
	options, asked, err := kept.BeginPasskey(site, office, name)
	if err != nil {
		return nil, wrap("passkey", err)
	}
	a.begin(passkeyOf(c), &begun{asked: asked, kept: kept})
	return options, nil
}

// SetPasskey sets up the passkey that was begun on this device, and marks the device: fault.Wrong. codes are new ones on paper, where there were none.
func (a *Auth) SetPasskey(ctx context.Context, c Claim, site twostep.Site, answer []byte, label string) (codes []string, err error) {
	b, err := a.begun(passkeyOf(c), true)
	if err != nil {
		return nil, err
	}
	err = a.alter(ctx, c.Person, func(k *twostep.Kept) (string, error) {
		if err := a.mayAlter(k.On(), c.Device); err != nil {
			return "", err
		}
		if k.Handle == nil {
			k.Handle = b.kept.Handle
		}
		passkey, err := k.EndPasskey(site, b.asked, answer)
		if errors.Is(err, twostep.ErrNot) {
			return "", fault.New(fault.Wrong, "this is not the passkey that was asked for")
		} else if err != nil {
			return "", wrap("passkey", err)
		}
		told := onOr(k, "passkey")
		passkey.Name, passkey.At = cut(label, 60), a.o.Now().UnixMilli()
		k.Passkeys = append(k.Passkeys, passkey)
		if len(k.Codes) == 0 {
			codes = a.newPaper(c.Person, k)
		}
		return told, nil
	}, c.Device)
	if err != nil {
		return nil, err
	}
	return codes, a.mark(ctx, c.Device, ByPasskey)
}

// endWay takes the authenticator away, or a passkey. The last way is taken away by EndStep alone.
func (a *Auth) endWay(ctx context.Context, c Claim, passkey string) error {
	return a.alter(ctx, c.Person, func(k *twostep.Kept) (string, error) {
		if err := a.mayAlter(k.On(), c.Device); err != nil {
			return "", err
		}
		told := "digits-off"
		if passkey == "" {
			if k.Secret == "" {
				return "", fault.New(fault.Unchanged, "there is none")
			}
			k.Secret = ""
		} else {
			had := len(k.Passkeys)
			k.Passkeys = slices.DeleteFunc(k.Passkeys, func(x twostep.Passkey) bool { return nameOf(x) == passkey })
			if told = "passkey-off"; len(k.Passkeys) == had {
				return "", fault.New(fault.NotFound, "no such passkey")
			}
		}
		if !k.On() {
			return "", fault.New(fault.Conflicting, "this is the last way: turn the second step off instead")
		}
		return told, nil
	}, c.Device)
}

// EndDigits takes somebody's authenticator away, where they have another way: on a device on which the second step was taken just now.
func (a *Auth) EndDigits(ctx context.Context, c Claim) error { return a.endWay(ctx, c, "") }

// EndPasskey takes one of somebody's passkeys away, as EndDigits.
func (a *Auth) EndPasskey(ctx context.Context, c Claim, passkey string) error {
	if passkey == "" {
		return fault.New(fault.NotFound, "no such passkey")
	}
	return a.endWay(ctx, c, passkey)
}

// nameOf is what a passkey is called among its person's.
func nameOf(p twostep.Passkey) string { return digest(string(p.Key.ID))[:12] }

// DueOf is whose sign-in waits, by its token, right or not.
func DueOf(token string) id.Person {
	who, _, _ := strings.Cut(token, ".")
	return id.Person(who)
}
