// Package auth is how people sign in: phone and password, a code from the owner, and the devices that come of it.
//
// A device is a signed-in browser, for as long as it is used now and then. It holds two tokens. The access token is a JWT for ten
// minutes with the person and the device and no rights in it; the refresh token is replaced at each use (token.go). A device that has ended is
// refused from that moment on, whatever its tokens say.
//
// A browser in which somebody has signed in is known for that person from then on, also after it signed out (known.go): what others
// try with the person's phone shuts it out of nothing (tries.go).
//
// On the shelf:
//
//	pass/<person>          the password's hash (PHC string)
//	applied/<hash>         who applied with a phone that is not theirs yet, and this password (applicant.go)
//	costs                  what those hashes have cost over the years
//	dev/<person>/<device>  the device
//	gone/<device>          why a device has ended, for as long as its tokens would have been good
//	code/<person>          a recovery code, hashed; for ten minutes
//	second/<person>        the second step of their sign-ins (second.go), sealed with their key
//	setup                  the code of the first start, until the office has its administrator
//
// Signing in, refreshing and signing out go on where the disk takes nothing: see store.
package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/register"
)

const (
	accessFor  = 10 * time.Minute
	refreshFor = 60 * 24 * time.Hour
	seenEvery  = 5 * time.Minute
)

// Options of Auth; zero values are sensible.
type Options struct {
	Cost Cost
	Now  func() time.Time
	// Free lifts the limits on how often one may try; for measuring and tests.
	Free bool
}

// Auth is safe for any number of goroutines.
type Auth struct {
	shelf    journal.Shelf
	register *register.Register
	key      []byte
	o        Options
	hashing  chan struct{}
	tries    *tries
	dummy    string // a hash to compare with when there is none, so that unknown phones take as long as known ones
	ended    func(id.Person, id.Device)

	mu      sync.RWMutex
	devices map[id.Device]*Device
	steps   steps
	turning [256]sync.Mutex // a device is refreshed, seen or ended by one at a time, and others beside it: their writes share a sync

	owing sync.RWMutex
	owed  map[string]owed // what the disk did not take yet, by key

	chosen sync.Map // id.Person: has a password

	costs []Cost // at which applicants are found; the last is that of new ones
	torn  bool   // some devices lie in a damaged part of the disk: one that is not known may be one of them
}

// Device is a signed-in browser, as it is kept.
type Device struct {
	ID      id.Device `json:"id"`
	Person  id.Person `json:"person"`
	Label   string    `json:"label,omitempty"`
	Created int64     `json:"created"`           // ms
	Seen    int64     `json:"seen"`              // ms, to within minutes
	Turn    int       `json:"turn,omitempty"`    // which of its refresh tokens is the one in force
	Salt    []byte    `json:"salt"`              // what they are made with
	Step    string    `json:"step,omitempty"`    // how the second step was taken on it; empty: it was not
	Stepped int64     `json:"stepped,omitempty"` // when, ms
	// Hashes of the tokens that it held before they had numbers; both count as number 0.
	Current string `json:"current,omitempty"`
	Before  string `json:"before,omitempty"`
}

// Session is what signing in gives. While the second step is due there is no device yet, and no token.
type Session struct {
	Person  id.Person
	Device  id.Device
	Access  string
	Expires time.Time // of the access token
	Refresh string
	Until   time.Time // of the refresh token, or of what is due
	Due     string    // a sign-in that waits for its second step (Pass)
	Trust   string    // what the browser holds so that it is not asked for the second step for a while
}

// Claim is who an access token speaks for.
type Claim struct {
	Person  id.Person
	Device  id.Device
	Expires time.Time // of the token
}

// Where is what a sign-in comes from: a label for the person's list of devices, an address for counting tries, and what the browser
// was given by Known when somebody signed in on it before, and with the second step.
type Where struct {
	Label   string
	Address string
	Known   string
	Trust   string // of Session
}

// Open reads the devices from the shelf.
func Open(ctx context.Context, shelf journal.Shelf, reg *register.Register, o Options) (*Auth, error) {
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Auth{
		shelf:    journal.VitalShelf(shelf), // who may read can sign in and out, on a full disk too
		register: reg, key: reg.Keys().Tokens(), o: o, hashing: make(chan struct{}, hashers),
		tries: newTries(o), ended: func(id.Person, id.Device) {}, devices: map[id.Device]*Device{}, owed: map[string]owed{},
	}
	for item, err := range shelf.List(ctx, "dev/") {
		if errors.Is(err, journal.ErrUnreadable) {
			a.torn = true
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("auth: devices: %w", err)
		}
		var d Device
		if json.Unmarshal(item.Value, &d) == nil {
			a.devices[d.ID] = &d
		}
	}
	for item, err := range shelf.List(ctx, "pass/") {
		if errors.Is(err, journal.ErrUnreadable) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("auth: passwords: %w", err)
		}
		a.chosen.Store(id.Person(item.Key[len("pass/"):]), true)
	}
	if err := a.openSteps(ctx); err != nil {
		return nil, err
	}
	var err error
	if a.costs, err = a.costsSoFar(ctx); err != nil {
		return nil, err
	}
	a.dummy, err = a.hash(ctx, rand.Text())
	return a, err
}

// turn is held while a device is refreshed, seen or ended.
func (a *Auth) turn(d id.Device) *sync.Mutex {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d))
	return &a.turning[h.Sum32()%uint32(len(a.turning))]
}

// OnEnd says who is told when a device has ended. It is called once, before the first request.
func (a *Auth) OnEnd(f func(id.Person, id.Device)) { a.ended = f }

// SetPassword gives a person a password: fault.Weak when it is too easy.
func (a *Auth) SetPassword(ctx context.Context, p id.Person, password string) error {
	return a.setPassword(ctx, p, password, journal.Any)
}

// setPassword is SetPassword while the password has this revision: journal.ErrChanged.
func (a *Auth) setPassword(ctx context.Context, p id.Person, password string, when journal.Rev) error {
	rec, err := a.register.Record(ctx, p)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := strong(password, rec.Phone); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	if _, err = a.shelf.Put(ctx, "pass/"+string(p), []byte(hash), when, 0); err != nil {
		return wrap("password", err)
	}
	a.chosen.Store(p, true)
	return a.noteApplicant(ctx, p, rec.Phone, password)
}

// HasPassword tells whether a person can sign in by password. Where that cannot be read they may: nobody else is let into their account for it.
func (a *Auth) HasPassword(ctx context.Context, p id.Person) bool {
	_, _, err := a.shelf.Get(ctx, "pass/"+string(p))
	return !errors.Is(err, journal.ErrAbsent)
}

// ChosePassword is HasPassword as far as this process knows, from memory alone: for who may not wait for the disk. Whose password lies in a
// damaged part of the disk has none here.
func (a *Auth) ChosePassword(p id.Person) bool {
	_, chosen := a.chosen.Load(p)
	return chosen
}

// ChangePassword replaces a password by its holder, on a device that stays signed in while all others end: fault.Wrong when the old one is
// not it, fault.TooMany when that was tried too often on this device.
func (a *Auth) ChangePassword(ctx context.Context, p id.Person, d id.Device, old, changed string) error {
	name := byChange + "/" + string(p) + "/" + string(d)
	for {
		var rev journal.Rev
		err := a.try(ctx, func() (err error) { rev, err = a.compare(ctx, p, old); return err }, name)
		if err != nil {
			return err
		}
		err = a.setPassword(ctx, p, changed, rev)
		if errors.Is(err, journal.ErrChanged) { // by another meanwhile: what was compared may not be it any more
			continue
		}
		if err != nil {
			return err
		}
		return a.EndOthers(ctx, p, d, WhyPassword)
	}
}

// compare tells whether a password is a person's, and the revision of it that it was compared with: fault.Wrong.
func (a *Auth) compare(ctx context.Context, p id.Person, password string) (rev journal.Rev, err error) {
	hash, rev, err := a.shelf.Get(ctx, "pass/"+string(p))
	if p == "" || errors.Is(err, journal.ErrAbsent) {
		hash, err = []byte(a.dummy), nil
	}
	if err != nil {
		return 0, wrap("password", err)
	}
	ok, stale, err := a.matches(ctx, password, string(hash))
	if err != nil {
		return 0, err
	}
	if !ok || string(hash) == a.dummy {
		return 0, fault.New(fault.Wrong, "wrong phone or password")
	}
	if stale {
		if again, err := a.hash(ctx, password); err == nil {
			if now, err := a.shelf.Put(ctx, "pass/"+string(p), []byte(again), rev, 0); err == nil { // next time, if not now
				rev = now
			}
		}
	}
	return rev, nil
}

// startBy starts a device for who knew a password. One that was changed since it was compared ends the device again: who changed it
// ends all devices behind the change, and this one may have come too late for that.
func (a *Auth) startBy(ctx context.Context, p id.Person, password string, rev journal.Rev, where Where) (Session, error) {
	s, err := a.Start(ctx, p, where)
	if err != nil {
		return Session{}, err
	}
	_, now, err := a.shelf.Get(ctx, "pass/"+string(p))
	if err == nil && now != rev { // or hashed again, at another cost
		_, err = a.compare(ctx, p, password)
	}
	if err != nil && !errors.Is(err, journal.ErrUnreadable) {
		if s.Due != "" {
			_, _, _ = a.waits(s.Due, true)
			return Session{}, err
		}
		return Session{}, cmp.Or(a.End(ctx, p, s.Device, WhyPassword), err)
	}
	return s, nil
}

// try runs what may be right or wrong (fault.Wrong), and counts it under the names. A wrong one says how often the first of them may still be tried.
func (a *Auth) try(ctx context.Context, what func() error, names ...string) error {
	end, err := a.tries.begin(ctx, names...)
	if err != nil {
		return err
	}
	err = what()
	f := fault.Of(err)
	switch {
	case err == nil:
		end(right)
	case f != nil && f.Code == fault.Wrong:
		end(wrong)
		return a.tries.left(names[0], f)
	default:
		end(none)
	}
	return err
}

// SignIn checks phone and password and starts a device. Unknown phones take as long and answer the same as wrong passwords. A phone is its
// owner's first; with a password that somebody else gave when they applied with it, it is that applicant who signs in.
func (a *Auth) SignIn(ctx context.Context, phone, password string, where Where) (Session, error) {
	phone, err := register.NormalisePhone(phone)
	if err != nil {
		return Session{}, err
	}
	p, err := a.register.ByPhone(ctx, phone)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, err
	}
	names := []string{byPhone + "/" + phone, fromWhere + "/" + network(where.Address)}
	if browser, known := a.knows(where.Known, p); known {
		names = []string{byKnown + "/" + string(p) + "/" + browser}
	} else if p == "" {
		names[0] = byStranger + "/" + phone
	}
	if q, rev := a.appliedHere(ctx, where, phone, p, password); q != "" {
		return a.startBy(ctx, q, password, rev, where)
	}
	applicant, rev := id.Person(""), journal.Rev(0)
	err = a.try(ctx, func() (err error) {
		rev, err = a.compare(ctx, p, password)
		if !fault.Is(err, fault.Wrong) {
			return err
		}
		var other error
		if applicant, rev, other = a.applicant(ctx, phone, password); other != nil {
			return other
		}
		if applicant != "" && p == "" {
			return errApplicant
		}
		return err // a wrong one at the owner's, also when it is an applicant's: nobody buys tries by applying with a phone
	}, names...)
	if applicant != "" {
		return a.startBy(ctx, applicant, password, rev, where)
	}
	if err != nil {
		return Session{}, err
	}
	return a.startBy(ctx, p, password, rev, where)
}

// Start starts a device for a person who has proved who they are; where they have a second step it waits for that (Session.Due), unless
// the browser is trusted with it.
func (a *Auth) Start(ctx context.Context, p id.Person, where Where) (Session, error) {
	k, err := a.keptOf(ctx, p)
	switch {
	case err != nil:
		return Session{}, err
	case !k.On:
		return a.start(ctx, p, where, "")
	case a.trusts(p, k, where.Trust):
		return a.start(ctx, p, where, ByTrust)
	}
	return a.wait(ctx, p)
}

// start starts a device on which the second step was taken so; empty: it was not.
func (a *Auth) start(ctx context.Context, p id.Person, where Where, step string) (Session, error) {
	now := a.o.Now()
	d := Device{
		ID: id.New[id.Device]("d"), Person: p, Label: cut(where.Label, 60), Created: now.UnixMilli(), Seen: now.UnixMilli(),
		Turn: 1, Salt: []byte(rand.Text()), Step: step,
	}
	if step != "" {
		d.Stepped = d.Created
	}
	if err := a.keep(ctx, d); err != nil {
		return Session{}, err
	}
	return a.session(&d)
}

func (a *Auth) keep(ctx context.Context, d Device) error {
	b, err := json.Marshal(d)
	if err != nil {
		return wrap("device", err)
	}
	if err := a.store(ctx, deviceKey(d.Person, d.ID), b, refreshFor); err != nil {
		return wrap("device", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.devices[d.ID] = &d
	return nil
}

func (a *Auth) session(d *Device) (Session, error) {
	now := a.o.Now()
	s := Session{
		Person: d.Person, Device: d.ID, Expires: now.Add(accessFor), Refresh: a.token(d.ID, d.Salt, d.Turn), Until: now.Add(refreshFor),
	}
	var err error
	s.Access, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		Device:           d.ID,
		RegisteredClaims: jwt.RegisteredClaims{Subject: string(d.Person), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(s.Expires)},
	}).SignedString(a.key)
	return s, wrap("token", err)
}

type claims struct {
	Device id.Device `json:"dev"`
	jwt.RegisteredClaims
}

// Verify says who an access token speaks for: fault.SignIn when it is not ours, is past its time, or its device has ended.
func (a *Auth) Verify(access string) (Claim, error) {
	var c claims
	_, err := jwt.ParseWithClaims(access, &c, func(*jwt.Token) (any, error) { return a.key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(a.o.Now))
	if err != nil || !a.Alive(c.Device) {
		return Claim{}, fault.New(fault.SignIn, "nobody is signed in, or no longer")
	}
	return Claim{Person: id.Person(c.Subject), Device: c.Device, Expires: c.ExpiresAt.Time}, nil
}

// Alive tells whether a device is still signed in.
func (a *Auth) Alive(d id.Device) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.inUse(a.devices[d])
}

// inUse tells whether a device is there and was used within its time: the shelf forgets others by itself.
func (a *Auth) inUse(d *Device) bool {
	return d != nil && a.o.Now().Sub(time.UnixMilli(d.Seen)) <= refreshFor
}

// Seen notes now and then that a device is in use.
func (a *Auth) Seen(ctx context.Context, d id.Device) {
	a.mu.RLock()
	there := a.devices[d]
	a.mu.RUnlock()
	now := a.o.Now()
	if !a.inUse(there) || now.UnixMilli()-there.Seen < seenEvery.Milliseconds() {
		return
	}
	one := a.turn(d)
	one.Lock()
	defer one.Unlock()
	if a.mu.RLock(); a.devices[d] != nil {
		copied := *a.devices[d]
		a.mu.RUnlock()
		copied.Seen = now.UnixMilli()
		_ = a.keep(ctx, copied) // next time, if not now
		return
	}
	a.mu.RUnlock()
}

// Devices lists a person's devices, the last used first.
func (a *Auth) Devices(p id.Person) []Device {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []Device
	for _, d := range a.devices {
		if d.Person == p && a.inUse(d) {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(x, y Device) int { return cmp.Or(cmp.Compare(y.Seen, x.Seen), cmp.Compare(x.ID, y.ID)) })
	return list
}

// SeenSince lists who has used a device since a time, each once.
func (a *Auth) SeenSince(since time.Time) []id.Person {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []id.Person
	for _, d := range a.devices {
		if d.Seen >= since.UnixMilli() {
			list = append(list, d.Person)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Why a device has ended, as whoever still holds its tokens is told (fault.Revoked, with why).
const (
	WhyHere     = "here"     // signed out on it
	WhyOther    = "other"    // signed out on another device of the person
	WhyPassword = "password" // the password was changed
	WhyCode     = "code"     // a new password was set by a code
	WhyCopied   = "copied"   // a token came that had been replaced long ago: two held it
)

// End signs a device out: fault.NotFound when it is not this person's. It is refused and whoever listens (OnEnd) is told at once, also
// where the disk takes nothing.
func (a *Auth) End(ctx context.Context, p id.Person, d id.Device, why string) error {
	one := a.turn(d)
	one.Lock() // what is being refreshed would be back
	defer one.Unlock()
	return a.end(ctx, p, d, why)
}

func (a *Auth) end(ctx context.Context, p id.Person, d id.Device, why string) error {
	a.mu.Lock()
	there := a.devices[d]
	if there == nil || there.Person != p {
		a.mu.Unlock()
		return fault.New(fault.NotFound, "no such device")
	}
	delete(a.devices, d)
	a.mu.Unlock()
	err := a.bury(ctx, there, why)
	a.ended(p, d)
	return err
}

// EndOthers signs out all of a person's devices but one; empty: all.
func (a *Auth) EndOthers(ctx context.Context, p id.Person, but id.Device, why string) error {
	for _, d := range a.Devices(p) {
		if d.ID == but {
			continue
		}
		if err := a.End(ctx, p, d.ID, why); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("auth: %s: %w", what, err)
}

// Now is the time by which tokens end.
func (a *Auth) Now() time.Time { return a.o.Now() }
