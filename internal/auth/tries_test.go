package auth

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
)

const (
	phone   = "13800000001"
	secret  = "heyuan-2020"
	guessed = "geraten-123"
)

func codeOf(err error) fault.Code {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	if err != nil {
		return fault.Code(err.Error())
	}
	return "ok"
}

// tries is what came of signing in.
func triesTo(a *Auth, phone, password string, where Where) fault.Code {
	_, err := a.SignIn(context.Background(), phone, password, where)
	return codeOf(err)
}

func elsewhere(n int) Where { return Where{Address: fmt.Sprintf("198.51.%d.%d", n/200, n%200)} }

func TestWrongTriesFromAnywhereDoNotShutOutAKnownDevice(t *testing.T) {
	a, _, _ := open(t)
	known := Where{Address: "192.0.2.1", Known: a.Known("", "p1")}
	for n := range 50 {
		triesTo(a, phone, guessed, elsewhere(n))
	}
	if got := triesTo(a, phone, secret, elsewhere(99)); got != fault.TooMany {
		t.Errorf("somebody else with the right one: %s", got)
	}
	if got := triesTo(a, phone, secret, known); got != "ok" {
		t.Errorf("the device that has signed in before: %s", got)
	}
	// Also from the address that all the wrong ones come from.
	for n := range 70 {
		triesTo(a, fmt.Sprintf("139%08d", n), guessed, Where{Address: known.Address})
	}
	if got := triesTo(a, phone, secret, known); got != "ok" {
		t.Errorf("behind an address that guesses: %s", got)
	}
	// Its own wrong ones count, for itself alone.
	for range 8 {
		if got := triesTo(a, phone, guessed, known); got != fault.Wrong {
			t.Fatalf("its own: %s", got)
		}
	}
	if got := triesTo(a, phone, secret, known); got != fault.TooMany {
		t.Errorf("a known device may guess for ever: %s", got)
	}
	if got := triesTo(a, phone, secret, Where{Address: known.Address, Known: a.Known("", "p1")}); got != "ok" {
		t.Errorf("another of the person's devices: %s", got)
	}
}

func TestAnOwnersCodeIsNotShutOutByOthersTries(t *testing.T) {
	ctx := context.Background()
	a, _, _ := open(t)
	plain, _, err := a.IssueCode(ctx, "p1", "p9")
	if err != nil {
		t.Fatal(err)
	}
	own := Where{Address: "192.0.2.1"}
	for n := range 40 {
		triesTo(a, phone, guessed, own) // the person's own, from where they are
		triesTo(a, phone, guessed, elsewhere(n))
		if _, err := a.RedeemCode(ctx, phone, "00000000", "neues-passwort", elsewhere(n%4)); codeOf(err) != fault.Wrong && codeOf(err) != fault.TooMany {
			t.Fatalf("a guessed code: %v", err)
		}
	}
	if _, err := a.RedeemCode(ctx, phone, plain, "neues-passwort", elsewhere(0)); codeOf(err) != fault.TooMany {
		t.Errorf("codes may be guessed for ever: %v", err)
	}
	if _, err := a.RedeemCode(ctx, phone, plain, "neues-passwort", own); err != nil {
		t.Errorf("the owner's code: %v", err)
	}
	if got := triesTo(a, phone, "neues-passwort", elsewhere(77)); got != "ok" {
		t.Errorf("with the new password: %s", got)
	}
}

func TestWhetherAPhoneHasACodeIsToldToNobody(t *testing.T) {
	ctx := context.Background()
	a, _, clock := open(t)
	said := func(phone string) string {
		_, err := a.RedeemCode(ctx, phone, "00000000", "neues-passwort", Where{Address: "192.0.2.1"})
		return fmt.Sprint(err, fault.Of(err).With)
	}
	stranger := said("13900000009")
	if got := said(phone); got != stranger {
		t.Errorf("without a code: %s, not %s", got, stranger)
	}
	if _, _, err := a.IssueCode(ctx, "p1", "p9"); err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(25 * time.Hour) // past the code's time, and all counts
	stranger = said("13900000009")
	if got := said(phone); got != stranger {
		t.Errorf("with one past its time: %s, not %s", got, stranger)
	}
}

func TestAfterEightWrongOneTryAMinuteDoublingToFifteen(t *testing.T) {
	a, _, clock := open(t)
	n := 0
	try := func(password string) fault.Code {
		n++
		return triesTo(a, phone, password, elsewhere(n))
	}
	for i := range 8 {
		_, err := a.SignIn(context.Background(), phone, guessed, elsewhere(i))
		if f := fault.Of(err); f == nil || f.Code != fault.Wrong || f.With["left"] != 7-i {
			t.Fatalf("wrong one %d: %v %v", i+1, err, f.With)
		}
	}
	for _, minutes := range []time.Duration{1, 2, 4, 8, 15, 15, 15} {
		*clock = clock.Add(minutes*time.Minute - time.Second)
		_, err := a.SignIn(context.Background(), phone, secret, elsewhere(100))
		if f := fault.Of(err); f == nil || f.Code != fault.TooMany || f.With["retry"] != 1 {
			t.Fatalf("a second before %d minutes, with the right one: %v", minutes, err)
		}
		*clock = clock.Add(time.Second)
		if got := try(guessed); got != fault.Wrong {
			t.Fatalf("after %d minutes: %s", minutes, got)
		}
		if got := try(secret); got != fault.TooMany {
			t.Fatalf("a second one at once, with the right one: %s", got)
		}
	}
	*clock = clock.Add(15 * time.Minute)
	if got := try(secret); got != "ok" {
		t.Errorf("the right one in its turn: %s", got)
	}
	if got := try(guessed); got != fault.Wrong {
		t.Errorf("after the right one it begins anew: %s", got)
	}
}

func TestAStrangersPhoneIsCountedLikeAResidents(t *testing.T) {
	a, _, _ := open(t)
	for n := range 12 {
		_, one := a.SignIn(context.Background(), phone, guessed, elsewhere(n))
		_, other := a.SignIn(context.Background(), "13900000009", guessed, elsewhere(n))
		if fmt.Sprint(one, fault.Of(one).With) != fmt.Sprint(other, fault.Of(other).With) {
			t.Errorf("try %d: %v %v, %v %v", n, one, fault.Of(one).With, other, fault.Of(other).With)
		}
	}
}

func TestRightSignInsFromOneAddressNeverShutOutTheRest(t *testing.T) {
	a, _, _ := open(t)
	office := Where{Address: "192.0.2.1"}
	var rush sync.WaitGroup
	for range 200 {
		rush.Go(func() {
			if got := triesTo(a, phone, secret, office); got != "ok" {
				t.Errorf("a right one: %s", got)
			}
		})
	}
	rush.Wait()
}

func TestWrongOnesFromOneAddressAreHeldBack(t *testing.T) {
	a, _, clock := open(t)
	office := Where{Address: "192.0.2.1"}
	for n := range 60 {
		if got := triesTo(a, fmt.Sprintf("139%08d", n), guessed, office); got != fault.Wrong {
			t.Fatalf("%d: %s", n, got)
		}
	}
	if got := triesTo(a, phone, secret, office); got != fault.TooMany {
		t.Errorf("the 61st: %s", got)
	}
	*clock = clock.Add(15 * time.Second)
	if got := triesTo(a, phone, secret, office); got != "ok" {
		t.Errorf("a quarter of a minute later: %s", got)
	}
	// All of an IPv6 network is one address.
	for n := range 60 {
		triesTo(a, fmt.Sprintf("139%08d", n), guessed, Where{Address: fmt.Sprintf("2001:db8::%x", n)})
	}
	if got := triesTo(a, phone, secret, Where{Address: "2001:db8::ffff"}); got != fault.TooMany {
		t.Errorf("another address of the same network: %s", got)
	}
	if got := triesTo(a, phone, secret, Where{Address: "2001:db8:0:1::1"}); got != "ok" {
		t.Errorf("another network: %s", got)
	}
}

func TestAHundredTriesAtOnceAreNoMoreThanEight(t *testing.T) {
	a, _, _ := open(t)
	var rush sync.WaitGroup
	var mu sync.Mutex
	got := map[fault.Code]int{}
	for n := range 100 {
		rush.Go(func() {
			c := triesTo(a, phone, guessed, elsewhere(n))
			mu.Lock()
			defer mu.Unlock()
			got[c]++
		})
	}
	rush.Wait()
	if got[fault.Wrong] != 8 || got[fault.TooMany] != 92 {
		t.Errorf("%v", got)
	}
}

func TestAFloodOfUnknownPhonesWipesNoCounts(t *testing.T) {
	a, _, _ := open(t)
	for n := range 9 {
		triesTo(a, phone, guessed, elsewhere(n))
	}
	ctx := context.Background()
	for n := range 2*most + 1000 {
		end, err := a.tries.begin(ctx, fmt.Sprintf("%s/%d", byStranger, n), fmt.Sprintf("%s/%d", fromWhere, n))
		if err != nil {
			t.Fatal(err)
		}
		end(wrong)
	}
	if got := triesTo(a, phone, secret, elsewhere(100)); got != fault.TooMany {
		t.Errorf("the count of a resident's phone: %s", got)
	}
	for sort, table := range a.tries.tables {
		if len(table.of) > most || table.order.Len() != len(table.of) {
			t.Errorf("%s: %d counts, %d in order", sort, len(table.of), table.order.Len())
		}
	}
	// Of one sort the oldest goes, not the one in use.
	if c := a.tries.count(fmt.Sprintf("%s/%d", byStranger, 2*most+999), a.o.Now()); c.wrong != 1 {
		t.Error("the newest was dropped")
	}
	if c := a.tries.count(byStranger+"/0", a.o.Now()); c.wrong != 0 {
		t.Error("the oldest was kept")
	}
}

func TestTheOldPasswordIsGuessedNoMoreThanAnyOther(t *testing.T) {
	ctx := context.Background()
	a, _, _ := open(t)
	s, other := signIn(t, a), signIn(t, a)
	for range 8 {
		if got := codeOf(a.ChangePassword(ctx, "p1", s.Device, guessed, "neues-passwort")); got != fault.Wrong {
			t.Fatal(got)
		}
	}
	if got := codeOf(a.ChangePassword(ctx, "p1", s.Device, secret, "neues-passwort")); got != fault.TooMany {
		t.Errorf("the ninth: %s", got)
	}
	// Who sits at a stolen device shuts the person out of nothing.
	if got := codeOf(a.ChangePassword(ctx, "p1", other.Device, secret, "neues-passwort")); got != "ok" {
		t.Errorf("on their other device: %s", got)
	}
	if a.Alive(s.Device) {
		t.Error("the stolen device is signed in still")
	}
}

func TestOnlyWhatWeGaveMakesABrowserKnown(t *testing.T) {
	a, _, _ := open(t)
	given := a.Known("", "p1")
	for _, forged := range []string{"", ".", "x.p1.", "x.p1.y", given + "x", "x" + given, given[:len(given)-1]} {
		if _, yes := a.knows(forged, "p1"); yes {
			t.Errorf("%q is known", forged)
		}
	}
	if _, yes := a.knows(given, "p2"); yes {
		t.Error("known for somebody else")
	}
	if _, yes := a.knows(given, ""); yes {
		t.Error("known for nobody")
	}
	browser, _ := a.knows(given, "p1")
	for n := 2; n <= mostKnown; n++ {
		given = a.Known(given, id.Person(fmt.Sprint("p", n)))
	}
	if same, yes := a.knows(given, "p1"); !yes || same != browser {
		t.Error("a family's browser is known for one of them only")
	}
	if _, yes := a.knows(a.Known(given, "p99"), "p1"); yes {
		t.Error("what a browser holds grows for ever")
	}
}
