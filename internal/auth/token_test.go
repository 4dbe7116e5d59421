package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

func signIn(t *testing.T, a *Auth) Session {
	t.Helper()
	s, err := a.SignIn(context.Background(), "13800000001", "heyuan-2020", Where{Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func turn(t *testing.T, a *Auth, token string) Session {
	t.Helper()
	s, err := a.Refresh(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestATokenWhoseSuccessorNobodyUsedGivesTheSameSuccessorAtAnyAge(t *testing.T) {
	a, again, clock := open(t)
	s := signIn(t, a)
	first := turn(t, a, s.Refresh) // its answer is lost on the way
	if first.Refresh == s.Refresh {
		t.Fatal("not replaced")
	}
	for _, later := range []time.Duration{time.Second, time.Minute, 50 * 24 * time.Hour} {
		*clock = clock.Add(later)
		if twin := turn(t, a, s.Refresh); twin.Refresh != first.Refresh {
			t.Fatalf("%v later: another successor", later)
		}
		a = again() // after a restart, too
	}
	if second := turn(t, a, first.Refresh); second.Refresh == first.Refresh || !a.Alive(s.Device) {
		t.Error("the successor is no good")
	}
}

func TestATokenFromFurtherBackEndsTheDeviceForBothAndSaysWhy(t *testing.T) {
	ctx := context.Background()
	a, again, _ := open(t)
	s := signIn(t, a)
	first := turn(t, a, s.Refresh)
	second := turn(t, a, first.Refresh)
	a = again()
	var ended []id.Device
	a.OnEnd(func(_ id.Person, d id.Device) { ended = append(ended, d) })
	if _, err := a.Refresh(ctx, s.Refresh); !fault.Is(err, fault.Revoked) || fault.Of(err).With["why"] != WhyCopied {
		t.Fatalf("the copy: %v", err)
	}
	if len(ended) != 1 || ended[0] != s.Device || a.Alive(s.Device) {
		t.Errorf("ended %v, alive %v", ended, a.Alive(s.Device))
	}
	a = again() // it is on the shelf
	for _, token := range []string{second.Refresh, first.Refresh, s.Refresh} {
		if _, err := a.Refresh(ctx, token); !fault.Is(err, fault.Revoked) || fault.Of(err).With["why"] != WhyCopied {
			t.Errorf("the other side: %v", err)
		}
	}
	if _, err := a.Verify(second.Access); err == nil {
		t.Error("the access token still opens")
	}
}

func TestATokenThatIsNoneOfOursEndsNothing(t *testing.T) {
	ctx := context.Background()
	a, _, _ := open(t)
	s, other := signIn(t, a), signIn(t, a)
	turn(t, a, turn(t, a, s.Refresh).Refresh)
	_, body, _ := strings.Cut(s.Refresh, ".")
	for _, token := range []string{
		"", ".", "x.y", string(s.Device), string(s.Device) + ".", string(s.Device) + ".1", string(s.Device) + ".1.", string(s.Device) + ".1.guess",
		string(s.Device) + ".0.", string(s.Device) + ".-1.x", string(s.Device) + ".guess", string(other.Device) + "." + body,
	} {
		if _, err := a.Refresh(ctx, token); !fault.Is(err, fault.SignIn) {
			t.Errorf("%q: %v", token, err)
		}
	}
	if !a.Alive(s.Device) || !a.Alive(other.Device) {
		t.Error("ended by a token that is none")
	}
}

func TestWhoWasSignedOutReadsWhy(t *testing.T) {
	ctx := context.Background()
	for _, why := range []string{WhyHere, WhyOther, WhyPassword, WhyCode} {
		a, again, _ := open(t)
		s, here := signIn(t, a), signIn(t, a)
		var err error
		switch why {
		case WhyPassword:
			err = a.ChangePassword(ctx, "p1", here.Device, "heyuan-2020", "neues-passwort")
		case WhyCode:
			code, _, issued := a.IssueCode(ctx, "p1", "p9")
			if issued != nil {
				t.Fatal(issued)
			}
			_, err = a.RedeemCode(ctx, "13800000001", code, "neues-passwort", Where{})
		default:
			err = a.End(ctx, "p1", s.Device, why)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again().Refresh(ctx, s.Refresh); !fault.Is(err, fault.Revoked) || fault.Of(err).With["why"] != why {
			t.Errorf("%s: %v", why, err)
		}
		if _, err := a.Refresh(ctx, string(s.Device)+".1.guess"); !fault.Is(err, fault.SignIn) {
			t.Errorf("%s: told to who has no token of it: %v", why, err)
		}
	}
}

// What a device held before tokens had numbers stays good.
func TestDevicesOfBeforeStaySignedIn(t *testing.T) {
	ctx := context.Background()
	a, again, clock := open(t)
	salt := []byte("salt")
	h := hmac.New(sha256.New, salt)
	h.Write([]byte("old"))
	next := base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	b, err := json.Marshal(map[string]any{
		"id": "d1", "person": "p1", "created": 1, "seen": clock.UnixMilli(), "salt": salt, "before": digest("old"), "current": digest(next),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.shelf.Put(ctx, "dev/p1/d1", b, journal.Any, 0); err != nil {
		t.Fatal(err)
	}
	a = again()
	if _, err := a.Refresh(ctx, "d1.other"); !fault.Is(err, fault.SignIn) {
		t.Errorf("a guess: %v", err)
	}
	first := turn(t, a, "d1."+next)
	if twin := turn(t, a, "d1.old"); twin.Refresh != first.Refresh {
		t.Error("not the same successor")
	}
	turn(t, a, first.Refresh)
	if _, err := a.Refresh(ctx, "d1."+next); !fault.Is(err, fault.Revoked) {
		t.Errorf("from further back: %v", err)
	}
}

// A disk that takes nothing shuts nobody out.
func TestSigningInRefreshingAndSigningOutGoOnOnAFullDisk(t *testing.T) {
	ctx := context.Background()
	a, again, _, shelf := openOn(t)
	before := signIn(t, a)
	leaves := signIn(t, a)
	shelf.is.Store(true)
	s := signIn(t, a)
	next := turn(t, a, turn(t, a, s.Refresh).Refresh)
	if c, err := a.Verify(next.Access); err != nil || c.Device != s.Device {
		t.Errorf("signed in on a full disk: %v", err)
	}
	kept := turn(t, a, turn(t, a, before.Refresh).Refresh)
	if err := a.End(ctx, "p1", leaves.Device, WhyHere); err != nil || a.Alive(leaves.Device) {
		t.Errorf("signing out: %v", err)
	}
	if _, err := a.Refresh(ctx, leaves.Refresh); !fault.Is(err, fault.Revoked) {
		t.Errorf("signed out: %v", err)
	}

	// The program starts again before there is room: who was signed in before still is.
	if a := again(); a.Alive(s.Device) {
		t.Error("it is on a full disk")
	} else if turn(t, a, kept.Refresh).Refresh == "" || !a.Alive(before.Device) {
		t.Error("who was signed in is not any more")
	}

	// There is room again: what was owed goes with the next that is written.
	shelf.is.Store(false)
	signIn(t, a)
	a = again()
	if !a.Alive(s.Device) || a.Alive(leaves.Device) {
		t.Errorf("new one there: %v, ended one there: %v", a.Alive(s.Device), a.Alive(leaves.Device))
	}
	turn(t, a, next.Refresh)
	if _, err := a.Refresh(ctx, leaves.Refresh); !fault.Is(err, fault.Revoked) || fault.Of(err).With["why"] != WhyHere {
		t.Errorf("why: %v", err)
	}
}

// A device that is signed out while it refreshes stays signed out.
func TestADeviceThatEndsWhileItRefreshesStaysEnded(t *testing.T) {
	ctx := context.Background()
	a, again, _ := open(t)
	for range 50 {
		s := signIn(t, a)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = a.Refresh(ctx, s.Refresh)
		}()
		if err := a.End(ctx, "p1", s.Device, WhyOther); err != nil {
			t.Fatal(err)
		}
		<-done
		if a.Alive(s.Device) || again().Alive(s.Device) {
			t.Fatal("it is back")
		}
	}
}
