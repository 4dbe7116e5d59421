package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/register"
)

const (
	codeFor  = 10 * time.Minute
	firstFor = 72 * time.Hour
)

// code is a code for signing in without a password, as it is kept.
type code struct {
	Hash  string    `json:"hash"`
	Until int64     `json:"until"` // ms
	By    id.Person `json:"by"`
	First bool      `json:"first,omitempty"` // good only while the account has no password
}

// IssueCode makes a code of eight digits with which a person may set a new password within ten minutes, once. A new one
// replaces the one before. It is shown to who issued it, and not kept in plain.
func (a *Auth) IssueCode(ctx context.Context, p, by id.Person) (plain string, until time.Time, err error) {
	return a.newCode(ctx, p, code{By: by}, 100_000_000, codeFor)
}

// IssueFirst makes the code of ten digits by which an account is signed in to for the first time, within 72 hours, once:
// fault.Conflicting when it has been. It is worth nothing any more as soon as the account has a password.
func (a *Auth) IssueFirst(ctx context.Context, p, by id.Person) (plain string, until time.Time, err error) {
	if a.HasPassword(ctx, p) {
		return "", until, fault.New(fault.Conflicting, "they have signed in").And("field", "person")
	}
	return a.newCode(ctx, p, code{By: by, First: true}, 10_000_000_000, firstFor)
}

// newCode makes one of `of` codes, all of as many digits.
func (a *Auth) newCode(ctx context.Context, p id.Person, c code, of int64, good time.Duration) (plain string, until time.Time, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(of))
	if err != nil {
		return "", until, wrap("code", err)
	}
	plain, until = fmt.Sprintf("%0*d", len(fmt.Sprint(of))-1, n), a.o.Now().Add(good)
	c.Hash, c.Until = digest(string(p)+plain), until.UnixMilli()
	b, err := json.Marshal(c)
	if err == nil {
		_, err = a.shelf.Put(ctx, "code/"+string(p), b, journal.Any, 2*good)
	}
	return plain, until, wrap("code", err)
}

// Code is a code that waits to be used: who issued it, and until when it is good (ms).
type Code struct {
	By    id.Person
	Until int64
}

// PendingCode is the code by which somebody may set a person's password now; ok is false when there is none.
func (a *Auth) PendingCode(ctx context.Context, p id.Person) (c Code, ok bool) {
	b, _, err := a.shelf.Get(ctx, "code/"+string(p))
	var kept code
	if err != nil || json.Unmarshal(b, &kept) != nil || a.o.Now().UnixMilli() > kept.Until {
		return c, false
	}
	return Code{By: kept.By, Until: kept.Until}, true
}

// CancelCode ends the code that waits for a person: they did not ask for it.
func (a *Auth) CancelCode(ctx context.Context, p id.Person) error {
	return wrap("code", a.shelf.Delete(ctx, "code/"+string(p), journal.Any))
}

// RedeemCode sets a new password by a code, takes the second step away, ends the person's other devices and starts one. fault.Wrong with the tries that are left; they are counted
// for who tries (a known device, else an address), so that nobody else's use up somebody's code.
func (a *Auth) RedeemCode(ctx context.Context, phone, plain, password string, where Where) (Session, error) {
	phone, err := register.NormalisePhone(phone)
	if err != nil {
		return Session{}, err
	}
	if err := strong(password, phone); err != nil {
		return Session{}, err
	}
	p, err := a.register.ByPhone(ctx, phone)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, err
	}
	from := network(where.Address)
	names := []string{byCode + "/" + phone + "/" + from, codesFrom + "/" + from}
	if browser, known := a.knows(where.Known, p); known {
		names = []string{byCode + "/" + string(p) + "/" + browser}
	}
	if err := a.try(ctx, func() error { return a.useCode(ctx, p, plain) }, names...); err != nil {
		return Session{}, err
	}
	if err := a.SetPassword(ctx, p, password); err != nil {
		return Session{}, err
	}
	if err := a.EndOthers(ctx, p, "", WhyCode); err != nil {
		return Session{}, err
	}
	if err := a.ResetStep(ctx, p); err != nil { // who gave the code looked at them: what they have lost stops them no more
		return Session{}, err
	}
	a.tries.forgive(byPhone + "/" + phone)
	a.tries.forgive(byStep + "/" + string(p))
	return a.Start(ctx, p, where)
}

// useCode compares a code and uses it up. Two at once: one of them finds the code changed. Whether there is a code is told only to who has it.
func (a *Auth) useCode(ctx context.Context, p id.Person, plain string) error {
	wrong := fault.New(fault.Wrong, "wrong phone or code")
	key := "code/" + string(p)
	b, rev, err := a.shelf.Get(ctx, key)
	if p == "" || errors.Is(err, journal.ErrAbsent) {
		return wrong
	}
	if err != nil {
		return wrap("code", err)
	}
	var c code
	if err := json.Unmarshal(b, &c); err != nil {
		return wrap("code", err)
	}
	plain = strings.ReplaceAll(strings.TrimSpace(plain), " ", "")
	if !same(digest(string(p)+plain), c.Hash) {
		return wrong
	}
	if a.o.Now().UnixMilli() > c.Until || c.First && a.HasPassword(ctx, p) {
		return fault.New(fault.Expired, "the code is past its time")
	}
	if err := a.shelf.Delete(ctx, key, rev); errors.Is(err, journal.ErrChanged) {
		return fault.New(fault.Busy, "somebody else is using this code")
	} else if err != nil {
		return wrap("code", err)
	}
	return nil
}

// SetupCode is the code that makes the first administrator, made at the first start.
func (a *Auth) SetupCode(ctx context.Context) (string, error) {
	made := rand.Text()[:12]
	_, err := a.shelf.Put(ctx, "setup", []byte(made), journal.Absent, 0)
	if err == nil {
		return made, nil
	}
	if !errors.Is(err, journal.ErrChanged) {
		return "", wrap("setup", err)
	}
	b, _, err := a.shelf.Get(ctx, "setup")
	return string(b), wrap("setup", err)
}

// CheckSetup compares the setup code: fault.Wrong. It is long enough to need no counting but that of addresses.
func (a *Auth) CheckSetup(ctx context.Context, code string, where Where) error {
	b, _, err := a.shelf.Get(ctx, "setup")
	if err != nil && !errors.Is(err, journal.ErrAbsent) {
		return wrap("setup", err)
	}
	return a.try(ctx, func() error {
		if !same(strings.ToUpper(strings.TrimSpace(code)), string(b)) {
			return fault.New(fault.Wrong, "wrong setup code")
		}
		return nil
	}, fromWhere+"/"+network(where.Address))
}

// EndSetup takes the setup code away: the office has its administrator.
func (a *Auth) EndSetup(ctx context.Context) error {
	return wrap("setup", a.shelf.Delete(ctx, "setup", journal.Any))
}
