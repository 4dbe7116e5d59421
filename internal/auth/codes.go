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
	codeFor   = 10 * time.Minute
	codeTries = 5
)

// code is a recovery code as it is kept.
type code struct {
	Hash  string    `json:"hash"`
	Until int64     `json:"until"` // ms
	Tries int       `json:"tries"`
	By    id.Person `json:"by"`
}

// IssueCode makes a code of eight digits with which a person may set a new password within ten minutes, once. A new one
// replaces the one before. It is shown to who issued it, and not kept in plain.
func (a *Auth) IssueCode(ctx context.Context, p, by id.Person) (plain string, until time.Time, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", until, wrap("code", err)
	}
	plain, until = fmt.Sprintf("%08d", n), a.o.Now().Add(codeFor)
	b, err := json.Marshal(code{Hash: digest(string(p) + plain), Until: until.UnixMilli(), By: by})
	if err == nil {
		_, err = a.shelf.Put(ctx, "code/"+string(p), b, journal.Any, 2*codeFor)
	}
	return plain, until, wrap("code", err)
}

// RedeemCode sets a new password by a code, ends the person's other devices and starts one. fault.Wrong with the tries left;
// after five the code is void.
func (a *Auth) RedeemCode(ctx context.Context, phone, plain, password string, where Where) (Session, error) {
	phone, err := register.NormalisePhone(phone)
	if err != nil {
		return Session{}, err
	}
	if err := a.tries.allow("phone/"+phone, "from/"+where.Address); err != nil {
		return Session{}, err
	}
	if err := strong(password, phone); err != nil {
		return Session{}, err
	}
	wrong := fault.New(fault.Wrong, "wrong phone or code")
	p, err := a.register.ByPhone(ctx, phone)
	if fault.Is(err, fault.NotFound) {
		return Session{}, wrong
	}
	if err != nil {
		return Session{}, err
	}
	if err := a.useCode(ctx, p, plain); err != nil {
		return Session{}, err
	}
	if err := a.SetPassword(ctx, p, password); err != nil {
		return Session{}, err
	}
	if err := a.EndOthers(ctx, p, ""); err != nil {
		return Session{}, err
	}
	a.tries.forgive("phone/" + phone)
	return a.Start(ctx, p, where)
}

// useCode compares a code and uses it up, or counts the try. Two at once: one of them finds the code changed.
func (a *Auth) useCode(ctx context.Context, p id.Person, plain string) error {
	key := "code/" + string(p)
	b, rev, err := a.shelf.Get(ctx, key)
	if errors.Is(err, journal.ErrAbsent) {
		return fault.New(fault.Wrong, "wrong phone or code")
	}
	if err != nil {
		return wrap("code", err)
	}
	var c code
	if err := json.Unmarshal(b, &c); err != nil {
		return wrap("code", err)
	}
	plain = strings.ReplaceAll(strings.TrimSpace(plain), " ", "")
	switch {
	case a.o.Now().UnixMilli() > c.Until || c.Tries >= codeTries:
		return fault.New(fault.Expired, "the code is past its time")
	case same(digest(string(p)+plain), c.Hash):
		err = a.shelf.Delete(ctx, key, rev)
	default:
		c.Tries++
		if b, err = json.Marshal(c); err == nil {
			_, err = a.shelf.Put(ctx, key, b, rev, 2*codeFor)
		}
		if err == nil {
			return fault.New(fault.Wrong, "wrong phone or code").And("left", codeTries-c.Tries)
		}
	}
	if errors.Is(err, journal.ErrChanged) {
		return fault.New(fault.Busy, "somebody else is using this code")
	}
	return wrap("code", err)
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

// CheckSetup compares the setup code: fault.Wrong.
func (a *Auth) CheckSetup(ctx context.Context, code string, where Where) error {
	if err := a.tries.allow("setup", "from/"+where.Address); err != nil {
		return err
	}
	b, _, err := a.shelf.Get(ctx, "setup")
	if err != nil && !errors.Is(err, journal.ErrAbsent) {
		return wrap("setup", err)
	}
	if !same(strings.ToUpper(strings.TrimSpace(code)), string(b)) {
		return fault.New(fault.Wrong, "wrong setup code").And("left", a.tries.left("setup"))
	}
	a.tries.forgive("setup")
	return nil
}

// EndSetup takes the setup code away: the office has its administrator.
func (a *Auth) EndSetup(ctx context.Context) error {
	return wrap("setup", a.shelf.Delete(ctx, "setup", journal.Any))
}
