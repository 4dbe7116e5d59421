package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
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

// appliedKey is where an applicant is found: slow to make, as a password's hash is, at a cost.
func (a *Auth) appliedKey(ctx context.Context, phone, password string, at Cost) (string, error) {
	hash, err := a.derive(ctx, password, []byte(a.seal("applied", phone, nil)), at)
	return "applied/" + hex.EncodeToString(hash), err
}

// costsSoFar are the costs at which applicants may be found, that of today last: who applied before it was raised is found as they were
// laid down. Where there are applicants and no word of what they cost, it was the first cost there was.
func (a *Auth) costsSoFar(ctx context.Context) (costs []Cost, err error) {
	b, _, err := a.shelf.Get(ctx, "costs")
	switch {
	case err == nil:
		err = json.Unmarshal(b, &costs)
	case errors.Is(err, journal.ErrUnreadable): // what stands there is left for who mends it
		return slices.Compact([]Cost{DefaultCost, a.o.Cost}), nil
	case errors.Is(err, journal.ErrAbsent):
		err = nil
		for item, no := range a.shelf.List(ctx, "applied/") {
			if no == nil && item.Key != "" {
				costs = []Cost{DefaultCost}
				break
			}
		}
	}
	if err != nil {
		return nil, wrap("costs", err)
	}
	if n := len(costs); n > 0 && costs[n-1] == a.o.Cost {
		return costs, nil
	}
	costs = append(slices.DeleteFunc(costs, func(c Cost) bool { return c == a.o.Cost }), a.o.Cost)
	if b, err = json.Marshal(costs); err == nil {
		_, err = a.shelf.Put(ctx, "costs", b, journal.Any, 0)
	}
	if refusedByDisk(err) { // at the next start
		err = nil
	}
	return costs, wrap("costs", err)
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
	key, err := a.appliedKey(ctx, phone, password, a.o.Cost)
	if err == nil {
		_, err = a.shelf.Put(ctx, key, []byte(p), journal.Any, 0)
	}
	return wrap("applicant", err)
}

// Applicant is who applied with a phone and this password and does not own the phone; empty when nobody did. It counts no tries.
func (a *Auth) Applicant(ctx context.Context, phone, password string) (id.Person, error) {
	p, _, err := a.applicant(ctx, phone, password)
	return p, err
}

// applicant is Applicant with the revision of the password that it was compared with. All costs are tried, whoever is found, so that
// it takes as long for everybody.
func (a *Auth) applicant(ctx context.Context, phone, password string) (found id.Person, rev journal.Rev, err error) {
	owner, err := a.register.ByPhone(ctx, phone)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", 0, err
	}
	for _, cost := range a.costs {
		key, err := a.appliedKey(ctx, phone, password, cost)
		if err != nil {
			return "", 0, err
		}
		b, _, err := a.shelf.Get(ctx, key)
		if errors.Is(err, journal.ErrAbsent) {
			continue
		}
		if err != nil {
			return "", 0, wrap("applicant", err)
		}
		p := id.Person(b)
		if p == owner { // let in since: signs in as everybody does
			continue
		}
		is, err := a.compare(ctx, p, password)
		if fault.Is(err, fault.Wrong) { // changed since, or forgotten
			continue
		}
		if err != nil {
			return "", 0, err
		}
		found, rev = p, is
	}
	return found, rev, nil
}

// appliedHere is an applicant who comes back to the browser they applied in: their tries are counted for them and this browser, so that what others
// try with the phone does not keep them out. Only their own password counts here, never that of the phone's owner.
func (a *Auth) appliedHere(ctx context.Context, where Where, phone string, owner id.Person, password string) (id.Person, journal.Rev) {
	browser, persons := a.openKnown(where.Known)
	for _, x := range slices.Backward(persons) {
		p := id.Person(x)
		rec, err := a.register.Record(ctx, p)
		if p == owner || err != nil || rec.Phone != phone {
			continue
		}
		var rev journal.Rev
		if a.try(ctx, func() (err error) { rev, err = a.compare(ctx, p, password); return err }, byKnown+"/"+x+"/"+browser) == nil {
			return p, rev
		}
	}
	return "", 0
}
