package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/register"
)

// open is auth on a shelf of its own, with a clock that the test moves.
func open(t *testing.T) (a *Auth, again func() *Auth, clock *time.Time) {
	t.Helper()
	a, again, clock, _ = openOn(t)
	return a, again, clock
}

// full is a shelf whose disk may take nothing, and of which one key may lie in a damaged part of it.
type full struct {
	journal.Shelf
	is   atomic.Bool
	lost atomic.Value // string
	late atomic.Value // func(key string), which runs before a write
}

func (s *full) Get(ctx context.Context, key string) ([]byte, journal.Rev, error) {
	if key == s.lost.Load() {
		return nil, 0, journal.ErrUnreadable
	}
	return s.Shelf.Get(ctx, key)
}

func (s *full) Put(ctx context.Context, key string, value []byte, when journal.Rev, ttl time.Duration) (journal.Rev, error) {
	if late, ok := s.late.Load().(func(string)); ok {
		late(key)
	}
	if s.is.Load() {
		return 0, journal.ErrNoSpace
	}
	return s.Shelf.Put(ctx, key, value, when, ttl)
}

func (s *full) Delete(ctx context.Context, key string, when journal.Rev) error {
	if s.is.Load() {
		return journal.ErrNoSpace
	}
	return s.Shelf.Delete(ctx, key, when)
}

func openOn(t *testing.T) (a *Auth, again func() *Auth, clock *time.Time, shelf *full) {
	t.Helper()
	ctx := context.Background()
	j, err := local.Open(t.TempDir(), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	keys, err := register.LoadKeys(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	shelf = &full{Shelf: j.Shelf()}
	reg := register.Open(shelf, keys)
	now := time.Now()
	clock = &now
	again = func() *Auth {
		a, err := Open(ctx, shelf, reg, Options{Cost: Cost{Time: 1, Memory: 8}, Now: func() time.Time { return *clock }})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a = again()
	if err := reg.Put(ctx, "p1", register.Record{Name: "张三", Phone: "13800000001"}); err != nil {
		t.Fatal(err)
	}
	if err := reg.ClaimPhone(ctx, "13800000001", "p1"); err != nil {
		t.Fatal(err)
	}
	if err := a.SetPassword(ctx, "p1", "heyuan-2020"); err != nil {
		t.Fatal(err)
	}
	return a, again, clock, shelf
}

func TestAnAccessTokenIsShort(t *testing.T) {
	a, _, clock := open(t)
	s, err := a.SignIn(context.Background(), "13800000001", "heyuan-2020", Where{})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := a.Verify(s.Access); err != nil || c.Person != "p1" || c.Device != s.Device {
		t.Fatalf("%v %v", c, err)
	}
	for _, forged := range []string{"", "x", s.Access + "x", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJwMSJ9."} {
		if _, err := a.Verify(forged); err == nil {
			t.Errorf("%q opens", forged)
		}
	}
	*clock = clock.Add(accessFor + time.Minute)
	if _, err := a.Verify(s.Access); err == nil {
		t.Error("it opens after its time")
	}
}

func TestDevicesAreListedNewestFirst(t *testing.T) {
	ctx := context.Background()
	a, _, clock := open(t)
	var want []id.Device
	for i := range 3 {
		if i > 0 {
			*clock = clock.Add(25 * 24 * time.Hour) // differences beyond 32 bits
		}
		s, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Label: "手机"})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]id.Device{s.Device}, want...)
	}
	for i, d := range a.Devices("p1") {
		if d.ID != want[i] {
			t.Errorf("%d is %s, not %s", i, d.ID, want[i])
		}
	}
	if err := a.EndOthers(ctx, "p1", want[0], WhyOther); err != nil {
		t.Fatal(err)
	}
	if list := a.Devices("p1"); len(list) != 1 || list[0].ID != want[0] {
		t.Errorf("left: %v", list)
	}
	if err := a.End(ctx, "p2", want[0], WhyOther); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's device: %v", err)
	}
}

func TestACodeIsGoodOnceAndForTenMinutes(t *testing.T) {
	ctx := context.Background()
	a, _, clock := open(t)
	code, until, err := a.IssueCode(ctx, "p1", "p9")
	if err != nil || until.Sub(*clock) != 10*time.Minute {
		t.Fatalf("until %v, %v", until.Sub(*clock), err)
	}
	if _, err := a.RedeemCode(ctx, "13800000001", "000000", "neues-passwort", Where{}); !fault.Is(err, fault.Wrong) {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err := a.RedeemCode(ctx, "13800000001", code, "neues-passwort", Where{}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.RedeemCode(ctx, "13800000001", code, "noch-eins-123", Where{}); err == nil {
		t.Error("good twice")
	}
	if _, err := a.SignIn(ctx, "13800000001", "neues-passwort", Where{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	code, _, err = a.IssueCode(ctx, "p1", "p9")
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(11 * time.Minute)
	if _, err := a.RedeemCode(ctx, "13800000001", code, "noch-eins-123", Where{}); err == nil {
		t.Error("good after its time")
	}
}

func TestAFirstCodeIsForAnAccountThatNeverSignedIn(t *testing.T) {
	ctx := context.Background()
	a, _, clock := open(t)
	reg := a.register
	if _, _, err := a.IssueFirst(ctx, "p1", "p9"); !fault.Is(err, fault.Conflicting) {
		t.Errorf("for an account with a password: %v", err)
	}
	if err := reg.Put(ctx, "p5", register.Record{Name: "新人", Phone: "13800000005"}); err != nil {
		t.Fatal(err)
	}
	if err := reg.ClaimPhone(ctx, "13800000005", "p5"); err != nil {
		t.Fatal(err)
	}
	code, until, err := a.IssueFirst(ctx, "p5", "p9")
	if err != nil || until.Sub(*clock) != 72*time.Hour {
		t.Fatalf("until %v, %v", until.Sub(*clock), err)
	}
	// The account got a password in another way: the code on the sheet is waste paper.
	if err := a.SetPassword(ctx, "p5", "heyuan-2020"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.RedeemCode(ctx, "13800000005", code, "noch-eins-123", Where{}); !fault.Is(err, fault.Expired) {
		t.Errorf("taken by the code of a sheet: %v", err)
	}
	for i, after := range []time.Duration{71 * time.Hour, 73 * time.Hour} {
		p, phone := id.Person(fmt.Sprint("p6", i)), fmt.Sprint("1380000060", i)
		if err := reg.Put(ctx, p, register.Record{Name: "新人", Phone: phone}); err != nil {
			t.Fatal(err)
		}
		if err := reg.ClaimPhone(ctx, phone, p); err != nil {
			t.Fatal(err)
		}
		code, _, err := a.IssueFirst(ctx, p, "p9")
		if err != nil {
			t.Fatal(err)
		}
		*clock = clock.Add(after)
		if _, err := a.RedeemCode(ctx, phone, code, "noch-eins-123", Where{}); (err == nil) != (after < 72*time.Hour) {
			t.Errorf("after %v: %v", after, err)
		}
		if _, err := a.RedeemCode(ctx, phone, code, "noch-eins-123", Where{}); err == nil {
			t.Error("good twice")
		}
	}
}

func TestACodeThatNobodyAskedForIsCancelled(t *testing.T) {
	ctx := context.Background()
	a, _, _ := open(t)
	code, until, err := a.IssueCode(ctx, "p1", "p9")
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := a.PendingCode(ctx, "p1"); !ok || c.By != "p9" || c.Until != until.UnixMilli() {
		t.Errorf("waits: %+v, %v", c, ok)
	}
	if err := a.CancelCode(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.PendingCode(ctx, "p1"); ok {
		t.Error("waits still")
	}
	if _, err := a.RedeemCode(ctx, "13800000001", code, "neues-passwort", Where{}); !fault.Is(err, fault.Wrong) {
		t.Errorf("good still: %v", err)
	}
	if err := a.CancelCode(ctx, "p1"); err != nil {
		t.Errorf("again: %v", err)
	}
}

// Whole rooms are asked for at once, while they are held: it is known without the disk.
func TestWhoChoseAPasswordIsKnownFromMemory(t *testing.T) {
	ctx := context.Background()
	a, again, _, shelf := openOn(t)
	for _, p := range []id.Person{"p2", "p3"} {
		if a.ChosePassword(p) {
			t.Errorf("%s has none yet", p)
		}
		if err := a.SetPassword(ctx, p, "heyuan-2022"); err != nil {
			t.Fatal(err)
		}
	}
	shelf.lost.Store("pass/p2")
	if err := a.Unmake(ctx, "p3"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*Auth{a, again()} {
		if !a.ChosePassword("p1") || !a.ChosePassword("p2") || a.ChosePassword("p3") {
			t.Error("not as they chose")
		}
	}
	if _, err := a.Tidy(ctx, func(p id.Person) bool { return p != "p2" }); err != nil || a.ChosePassword("p2") {
		t.Errorf("tidied away: %v", err)
	}
}

func TestAFirstCodeIsNoWayIntoAnAccountWhosePasswordCannotBeRead(t *testing.T) {
	ctx := context.Background()
	a, _, _, shelf := openOn(t)
	shelf.lost.Store("pass/p1")
	if _, _, err := a.IssueFirst(ctx, "p1", "p9"); !fault.Is(err, fault.Conflicting) {
		t.Errorf("issued: %v", err)
	}
	if !a.HasPassword(ctx, "p1") || a.HasPassword(ctx, "p2") {
		t.Error("absent and unreadable are one")
	}
	if _, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Address: "192.0.2.1"}); !errors.Is(err, journal.ErrUnreadable) {
		t.Errorf("signing in: %v", err)
	}
}
