package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

// A refresh token is `<device>.<turn>.<seal>`. The seal is made with the office's key and the device's salt, so that any token, however old, shows
// by itself whether it was one of ours and which; the shelf has no token and no hash of one. With Turn the number in force:
//
//	turn = Turn       the one in force: replaced by the next
//	turn = Turn - 1   its answer was lost, or two tabs asked at once: the same successor again, at any age, since nobody has used that one
//	turn < Turn - 1   somebody goes on with a copy: the device ends, for both
//	turn > Turn       the disk forgot (store, or a folder that was restored): in force
//
// What is no token of ours ends nothing: a device's name is no secret.

// token is the refresh token of a device with this number.
func (a *Auth) token(d id.Device, salt []byte, turn int) string {
	body := string(d) + "." + strconv.Itoa(turn)
	return body + "." + a.seal("refresh", body, salt)
}

// seal is a MAC with the office's key over what is for this use alone.
func (a *Auth) seal(use, body string, salt []byte) string {
	h := hmac.New(sha256.New, a.key)
	fmt.Fprintf(h, "%s %d %s%s", use, len(salt), salt, body) // no JWT begins like this, and the key signs nothing else
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// turnOf is the number of a token of a device; false when it is none.
func (a *Auth) turnOf(token string, d *Device) (turn int, ours bool) {
	_, rest, _ := strings.Cut(token, ".")
	number, _, numbered := strings.Cut(rest, ".")
	if !numbered { // of the time before numbers
		return 0, same(digest(rest), d.Current) || same(digest(rest), d.Before)
	}
	turn, err := strconv.Atoi(number)
	return turn, err == nil && turn > 0 && same(token, a.token(d.ID, d.Salt, turn))
}

// Refresh replaces a device's tokens. fault.SignIn: the token is none, or its time is over. fault.Revoked, with why: the device has ended.
func (a *Auth) Refresh(ctx context.Context, token string) (Session, error) {
	name, _, _ := strings.Cut(token, ".")
	one := a.turn(id.Device(name))
	one.Lock()
	defer one.Unlock()
	d, turn, err := a.holder(ctx, token)
	if err != nil {
		return Session{}, err
	}
	now := a.o.Now()
	switch {
	case turn >= d.Turn:
		d.Turn, d.Seen = turn+1, now.UnixMilli()
		if err := a.keep(ctx, d); err != nil {
			return Session{}, err
		}
	case turn < d.Turn-1:
		if err := a.end(ctx, d.Person, d.ID, WhyCopied); err != nil {
			return Session{}, err
		}
		return Session{}, revoked(WhyCopied)
	}
	return a.session(&d)
}

// Holder is the device that a refresh token speaks for, old or not, while it is signed in.
func (a *Auth) Holder(ctx context.Context, token string) (Claim, error) {
	d, _, err := a.holder(ctx, token)
	return Claim{Person: d.Person, Device: d.ID}, err
}

func (a *Auth) holder(ctx context.Context, token string) (d Device, turn int, err error) {
	name, _, _ := strings.Cut(token, ".")
	a.mu.RLock()
	there := a.devices[id.Device(name)]
	a.mu.RUnlock()
	if there != nil && !a.inUse(there) {
		return d, 0, fault.New(fault.SignIn, "nobody is signed in, or no longer")
	}
	if there == nil {
		return d, 0, a.whyGone(ctx, id.Device(name), token)
	}
	d = *there
	turn, ours := a.turnOf(token, &d)
	if !ours {
		return d, 0, fault.New(fault.SignIn, "nobody is signed in, or no longer")
	}
	return d, turn, nil
}

// gone is why a device has ended, kept for who still has its tokens.
type gone struct {
	Device
	Why string `json:"why"`
}

func deviceKey(p id.Person, d id.Device) string { return "dev/" + string(p) + "/" + string(d) }
func goneKey(d id.Device) string                { return "gone/" + string(d) }

func revoked(why string) *fault.Fault {
	return fault.New(fault.Revoked, "this device was signed out").And("why", why)
}

// bury takes a device off the shelf and lays down why.
func (a *Auth) bury(ctx context.Context, d *Device, why string) error {
	b, err := json.Marshal(gone{*d, why})
	if err == nil {
		err = a.store(ctx, goneKey(d.ID), b, refreshFor)
	}
	if err == nil {
		err = a.store(ctx, deviceKey(d.Person, d.ID), nil, 0)
	}
	return wrap("device", err)
}

// whyGone is what is told about a device that is not there: why, to who has a token of it, and nothing to others.
func (a *Auth) whyGone(ctx context.Context, name id.Device, token string) error {
	nobody := fault.New(fault.SignIn, "nobody is signed in, or no longer")
	a.owing.RLock()
	b := a.owed[goneKey(name)].value
	a.owing.RUnlock()
	if b == nil {
		var err error
		if b, _, err = a.shelf.Get(ctx, goneKey(name)); errors.Is(err, journal.ErrAbsent) && a.torn {
			return wrap("device", journal.ErrUnreadable) // who is signed in stays so until a copy is put back
		} else if errors.Is(err, journal.ErrAbsent) {
			return nobody
		} else if err != nil {
			return wrap("device", err)
		}
	}
	var g gone
	if json.Unmarshal(b, &g) != nil {
		return nobody
	}
	if _, ours := a.turnOf(token, &g.Device); !ours {
		return nobody
	}
	return revoked(g.Why)
}

// owed is what the disk did not take; without a value: a deletion.
type owed struct {
	value []byte
	ttl   time.Duration
}

// store puts a value on the shelf, or takes the key away when it is nil. Where the disk takes nothing it stays in memory, and goes with the next
// that the disk takes: nobody is shut out of signing in, refreshing and signing out by a disk. What is lost when the program ends before that: a new device
// has to sign in once more, and one that was signed out meanwhile is back.
//
// Whoever stores one key holds its device (turn), so that one thing at a time is stored under it. Where nothing is owed those of many devices
// are stored beside each other, and share a sync.
func (a *Auth) store(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	a.owing.RLock()
	if len(a.owed) == 0 {
		err := a.put(ctx, key, owed{value, ttl})
		a.owing.RUnlock()
		if refusedByDisk(err) {
			a.owing.Lock()
			defer a.owing.Unlock()
			a.owed[key] = owed{value, ttl}
			return nil
		}
		return err
	}
	a.owing.RUnlock()
	a.owing.Lock()
	defer a.owing.Unlock()
	delete(a.owed, key)
	err := a.put(ctx, key, owed{value, ttl})
	if refusedByDisk(err) {
		a.owed[key] = owed{value, ttl}
		return nil
	}
	for key, o := range a.owed {
		if a.put(ctx, key, o) != nil {
			break // not yet
		}
		delete(a.owed, key)
	}
	return err
}

func (a *Auth) put(ctx context.Context, key string, o owed) (err error) {
	if o.value == nil {
		return a.shelf.Delete(ctx, key, journal.Any)
	}
	_, err = a.shelf.Put(ctx, key, o.value, journal.Any, o.ttl)
	return err
}

func refusedByDisk(err error) bool {
	return errors.Is(err, journal.ErrNoSpace) || errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown)
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func same(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
