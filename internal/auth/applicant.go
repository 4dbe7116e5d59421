package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

// Anybody may apply with any phone; it becomes somebody's when they are let in. Until then the phone and the password together say
// which of those who applied with it somebody is. They are found by a hash of both, so that it takes as long with one applicant as
// with a thousand, and nobody's application stands in the way of another's.

// errApplicant says that an applicant signed in with a phone that is nobody's: neither right nor wrong of the phone.
var errApplicant = errors.New("auth: an applicant")

// appliedKey is where an applicant is found: slow to make, as a password's hash is.
func (a *Auth) appliedKey(ctx context.Context, phone, password string) (string, error) {
	hash, err := a.derive(ctx, password, []byte(a.seal("applied", phone, nil)), a.o.Cost)
	return "applied/" + hex.EncodeToString(hash), err
}

// noteApplicant makes a person found by phone and password whose phone is not theirs yet.
func (a *Auth) noteApplicant(ctx context.Context, p id.Person, phone, password string) error {
	owner, err := a.register.ByPhone(ctx, phone)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if phone == "" || owner == p {
		return nil
	}
	key, err := a.appliedKey(ctx, phone, password)
	if err == nil {
		_, err = a.shelf.Put(ctx, key, []byte(p), journal.Any, 0)
	}
	return wrap("applicant", err)
}

// Applicant is who applied with a phone and this password and does not own the phone; empty when nobody did. It counts no tries.
func (a *Auth) Applicant(ctx context.Context, phone, password string) (id.Person, error) {
	key, err := a.appliedKey(ctx, phone, password)
	if err != nil {
		return "", err
	}
	b, _, err := a.shelf.Get(ctx, key)
	if errors.Is(err, journal.ErrAbsent) {
		return "", nil
	}
	if err != nil {
		return "", wrap("applicant", err)
	}
	owner, err := a.register.ByPhone(ctx, phone)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	p := id.Person(b)
	if p == owner { // let in since: signs in as everybody does
		return "", nil
	}
	if err = a.compare(ctx, p, password); fault.Is(err, fault.Wrong) { // changed since, or forgotten
		return "", nil
	}
	return p, err
}

// appliedHere is an applicant who comes back to the browser they applied in: their tries are counted for them and this browser, so that what others
// try with the phone does not keep them out. Only their own password counts here, never that of the phone's owner.
func (a *Auth) appliedHere(ctx context.Context, where Where, phone string, owner id.Person, password string) id.Person {
	browser, persons := a.openKnown(where.Known)
	for _, x := range slices.Backward(persons) {
		p := id.Person(x)
		rec, err := a.register.Record(ctx, p)
		if p == owner || err != nil || rec.Phone != phone {
			continue
		}
		if a.try(ctx, func() error { return a.compare(ctx, p, password) }, byKnown+"/"+x+"/"+browser) == nil {
			return p
		}
	}
	return ""
}
