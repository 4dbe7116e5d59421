package auth

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/register"
)

const phone1 = "13800000001"

// before runs once, before the next write under a key that begins so.
func (s *full) before(prefix string, run func()) {
	var once atomic.Bool
	s.late.Store(func(key string) {
		if strings.HasPrefix(key, prefix) && once.CompareAndSwap(false, true) {
			run()
		}
	})
}

// openSignedIn is auth with a device of p1.
func openSignedIn(t *testing.T) (*Auth, *full, Session) {
	t.Helper()
	a, _, _, shelf := openOn(t)
	own, err := a.SignIn(t.Context(), phone1, "heyuan-2020", Where{})
	if err != nil {
		t.Fatal(err)
	}
	return a, shelf, own
}

// The old password is compared, the password is changed, which ends all other devices, and only then the device is laid down.
func TestASignInUnderWayDoesNotOutliveAChangeOfThePassword(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, shelf, own := openSignedIn(t)
	shelf.before("dev/", func() {
		if err := a.ChangePassword(ctx, "p1", own.Device, "heyuan-2020", "liuyuan-2021"); err != nil {
			t.Error(err)
		}
	})
	if s, err := a.SignIn(ctx, phone1, "heyuan-2020", Where{}); !fault.Is(err, fault.Wrong) {
		t.Errorf("signed in by a password that was changed: %v, %v", s.Device, err)
	}
	if list := a.Devices("p1"); len(list) != 1 || list[0].ID != own.Device {
		t.Errorf("devices: %v", list)
	}
}

// Two change it at the same time, one of whom has the old password from elsewhere.
func TestOfTwoChangesOfAPasswordOneIsRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, shelf, own := openSignedIn(t)
	other, err := a.SignIn(ctx, phone1, "heyuan-2020", Where{})
	if err != nil {
		t.Fatal(err)
	}
	shelf.before("pass/", func() {
		if err := a.ChangePassword(ctx, "p1", own.Device, "heyuan-2020", "liuyuan-2021"); err != nil {
			t.Error(err)
		}
	})
	if err := a.ChangePassword(ctx, "p1", other.Device, "heyuan-2020", "stolen-2021"); !fault.Is(err, fault.Wrong) {
		t.Errorf("the second change: %v", err)
	}
	if !a.Alive(own.Device) || a.Alive(other.Device) {
		t.Error("who changed it stays, the other is signed out")
	}
	if _, err := a.SignIn(ctx, phone1, "liuyuan-2021", Where{}); err != nil {
		t.Error(err)
	}
}

func TestADeviceUnusedForSixtyDaysIsRefusedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	a, _, clock := open(t)
	ctx := t.Context()
	s, err := a.SignIn(ctx, phone1, "heyuan-2020", Where{})
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(59 * 24 * time.Hour)
	if s, err = a.Refresh(ctx, s.Refresh); err != nil {
		t.Fatal("within its time: ", err)
	}
	*clock = clock.Add(60*24*time.Hour + time.Minute)
	if _, err := a.Refresh(ctx, s.Refresh); !fault.Is(err, fault.SignIn) {
		t.Errorf("after its time: %v", err)
	}
	if a.Alive(s.Device) || len(a.Devices("p1")) != 0 {
		t.Error("it is still one of their devices")
	}
}

// Who waits to be let in is found by a hash of phone and password, which costs what it did when they applied.
func TestWhoAppliedBeforePasswordsCostMoreSignsInAfterwards(t *testing.T) {
	t.Parallel()
	a, _, _, shelf := openOn(t)
	ctx := t.Context()
	if err := a.register.Put(ctx, "p2", register.Record{Name: "李四", Phone: "13800000002"}); err != nil {
		t.Fatal(err)
	}
	if err := a.SetPassword(ctx, "p2", "heyuan-2022"); err != nil {
		t.Fatal(err)
	}
	for _, cost := range []Cost{{Time: 1, Memory: 8}, {Time: 2, Memory: 16}, {Time: 3, Memory: 16}, {Time: 3, Memory: 16}} {
		raised, err := Open(ctx, shelf, a.register, Options{Cost: cost})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			phone, password string
			who             id.Person
		}{{"13800000002", "heyuan-2022", "p2"}, {phone1, "heyuan-2020", "p1"}} {
			if s, err := raised.SignIn(context.WithoutCancel(ctx), c.phone, c.password, Where{}); err != nil || s.Person != c.who {
				t.Errorf("at %v: %q, %v", cost, s.Person, err)
			}
		}
		if _, err := raised.SignIn(ctx, "13800000002", "heyuan-2020", Where{}); !fault.Is(err, fault.Wrong) {
			t.Errorf("another's password at %v: %v", cost, err)
		}
	}
}
