package auth

import (
	"context"
	"log/slog"
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
	var shelf journal.Shelf = j.Shelf()
	reg := register.Open(shelf, keys)
	now := time.Now()
	clock = &now
	again = func() *Auth {
		a, err := Open(ctx, shelf, reg, Options{Now: func() time.Time { return *clock }})
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
	return a, again, clock
}

func TestARefreshTokenThatComesAgainEndsItsDevice(t *testing.T) {
	ctx := context.Background()
	a, again, clock := open(t)
	var ended []id.Device
	a.OnEnd(func(_ id.Person, d id.Device) { ended = append(ended, d) })
	s, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	first, err := a.Refresh(ctx, s.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(5 * time.Second)
	twin, err := a.Refresh(ctx, s.Refresh) // the other tab
	if err != nil || twin.Refresh != first.Refresh {
		t.Fatalf("two tabs get %q and %q, %v", first.Refresh, twin.Refresh, err)
	}
	a = again() // it is on the shelf
	a.OnEnd(func(_ id.Person, d id.Device) { ended = append(ended, d) })
	second, err := a.Refresh(ctx, first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(time.Minute)
	if _, err := a.Refresh(ctx, first.Refresh); !fault.Is(err, fault.Revoked) {
		t.Fatalf("used again a minute later: %v", err)
	}
	if len(ended) != 1 || ended[0] != s.Device || a.Alive(s.Device) {
		t.Errorf("ended %v, alive %v", ended, a.Alive(s.Device))
	}
	for _, token := range []string{second.Refresh, s.Refresh, "", ".", "x.y", string(s.Device) + "."} {
		if _, err := a.Refresh(ctx, token); !fault.Is(err, fault.SignIn) {
			t.Errorf("%q: %v", token, err)
		}
	}
	if _, err := a.Verify(second.Access); err == nil {
		t.Error("the access token still opens")
	}
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
	for range 3 {
		s, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Label: "手机"})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]id.Device{s.Device}, want...)
		*clock = clock.Add(90 * 24 * time.Hour) // differences beyond 32 bits
	}
	for i, d := range a.Devices("p1") {
		if d.ID != want[i] {
			t.Errorf("%d is %s, not %s", i, d.ID, want[i])
		}
	}
	if err := a.EndOthers(ctx, "p1", want[0]); err != nil {
		t.Fatal(err)
	}
	if list := a.Devices("p1"); len(list) != 1 || list[0].ID != want[0] {
		t.Errorf("left: %v", list)
	}
	if err := a.End(ctx, "p2", want[0]); !fault.Is(err, fault.NotFound) {
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

func TestGuessingIsLimitedAndForgiven(t *testing.T) {
	ctx := context.Background()
	a, _, clock := open(t)
	tried := 0
	for ; tried < 20; tried++ {
		_, err := a.SignIn(ctx, "13800000001", "geraten-123", Where{Address: "192.0.2.1"})
		if fault.Is(err, fault.TooMany) {
			break
		}
		if !fault.Is(err, fault.Wrong) {
			t.Fatal(err)
		}
	}
	if tried == 20 {
		t.Fatal("not limited")
	}
	if _, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Address: "192.0.2.1"}); !fault.Is(err, fault.TooMany) {
		t.Errorf("the right one is told from wrong ones while it is limited: %v", err)
	}
	*clock = clock.Add(16 * time.Minute)
	if _, err := a.SignIn(ctx, "13800000001", "heyuan-2020", Where{Address: "192.0.2.1"}); err != nil {
		t.Errorf("later: %v", err)
	}
}
