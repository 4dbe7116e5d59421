package auth

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/register"
)

// stepping is auth with a person who has set up an authenticator on their own device.
type stepping struct {
	*Auth
	t      *testing.T
	clock  *time.Time
	shelf  *full
	again  func() *Auth
	own    Claim
	secret string
	codes  []string
}

func openStepping(t *testing.T) *stepping {
	t.Helper()
	a, again, clock, shelf := openOn(t)
	s := &stepping{Auth: a, t: t, clock: clock, shelf: shelf, again: again}
	s.own = s.signIn("p1", phone1)
	s.secret, s.codes = s.setUp(s.own)
	return s
}

// signIn is a device of somebody without a second step.
func (s *stepping) signIn(p id.Person, phone string) Claim {
	s.t.Helper()
	v, err := s.SignIn(context.Background(), phone, "heyuan-2020", Where{})
	if err != nil || v.Due != "" || v.Person != p {
		s.t.Fatal(v, err)
	}
	return Claim{Person: p, Device: v.Device}
}

func (s *stepping) setUp(c Claim) (secret string, codes []string) {
	s.t.Helper()
	secret, err := s.BeginDigits(context.Background(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	before, _ := s.Steps(context.Background(), c.Person)
	codes, err = s.SetDigits(context.Background(), c, s.digits(secret, 0))
	if err != nil || (before.Codes == 0) != (len(codes) == 8) {
		s.t.Fatal(codes, err)
	}
	s.pass(30 * time.Second)
	return secret, codes
}

func (s *stepping) digits(secret string, after time.Duration) string {
	s.t.Helper()
	d, err := totp.GenerateCode(secret, s.clock.Add(after))
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *stepping) pass(d time.Duration) { *s.clock = s.clock.Add(d) }

// password is a sign-in up to its second step.
func (s *stepping) password(where Where) string {
	s.t.Helper()
	v, err := s.SignIn(context.Background(), phone1, "heyuan-2020", where)
	if err != nil || v.Due == "" || v.Access != "" || v.Refresh != "" || v.Device != "" {
		s.t.Fatalf("a right password alone: %+v %v", v, err)
	}
	return v.Due
}

// other is a second person with an authenticator of their own.
func (s *stepping) other() (Claim, string) {
	s.t.Helper()
	ctx := context.Background()
	for _, err := range []error{
		s.register.Put(ctx, "p2", register.Record{Name: "李四", Phone: "13800000002"}),
		s.register.ClaimPhone(ctx, "13800000002", "p2"), s.SetPassword(ctx, "p2", "heyuan-2020"),
	} {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	c := s.signIn("p2", "13800000002")
	secret, _ := s.setUp(c)
	return c, secret
}

func (s *stepping) refused(code fault.Code, what string, err error) {
	s.t.Helper()
	if !fault.Is(err, code) {
		s.t.Errorf("%s: %v, not %s", what, err, code)
	}
}

func TestAPasswordAloneGivesNoSessionWhereThereIsASecondStep(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	due := s.password(Where{})
	if list := s.Devices("p1"); len(list) != 1 {
		t.Errorf("devices: %v", list)
	}
	v, err := s.Pass(ctx, due, Proof{Digits: s.digits(s.secret, 0)}, false, Where{Label: "电脑"})
	if err != nil || v.Access == "" || v.Trust != "" {
		t.Fatal(v, err)
	}
	if list := s.Devices("p1"); len(list) != 2 || list[0].Step != ByDigits && list[1].Step != ByDigits {
		t.Errorf("devices: %+v", list)
	}
	if c := (Claim{Person: "p1", Device: v.Device}); s.Owes(ctx, c) || !s.Passed(ctx, c) {
		t.Error("it was taken there")
	}
	*s = stepping{Auth: s.again(), t: t, clock: s.clock, shelf: s.shelf, secret: s.secret, own: s.own} // after a restart it is as it was
	s.password(Where{})
	if s.Owes(ctx, s.own) || s.Owes(ctx, Claim{Person: "p1", Device: v.Device}) {
		t.Error("devices on which it was taken are asked again")
	}
}

func TestADeviceFromBeforeOwesTheSecondStep(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, again, clock, shelf := openOn(t)
	s := &stepping{Auth: a, t: t, clock: clock, shelf: shelf, again: again}
	old, own := s.signIn("p1", phone1), s.signIn("p1", phone1)
	if s.Owes(ctx, old) {
		t.Error("nothing is set up")
	}
	secret, _ := s.setUp(own)
	if !s.Owes(ctx, old) || s.Owes(ctx, own) {
		t.Error("who was signed in before takes it now")
	}
	v, err := s.Refresh(ctx, s.token(old.Device, s.devices[old.Device].Salt, 1))
	if err != nil || !s.Owes(ctx, Claim{Person: "p1", Device: v.Device}) {
		t.Errorf("an old refresh token: %v", err)
	}
	if err := s.TakeStep(ctx, old, Proof{Digits: s.digits(secret, 0)}); err != nil || s.Owes(ctx, old) {
		t.Error(err)
	}
	// Off and on again asks those that took the first one.
	s.pass(time.Second)
	if err := s.EndStep(ctx, old); err != nil || s.Owes(ctx, own) {
		t.Fatal(err)
	}
	s.pass(time.Second)
	s.setUp(own)
	if !s.Owes(ctx, old) {
		t.Error("what was taken of another one counts")
	}
}

func TestDigitsThatWereUsedAreNotTakenAgain(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	digits := s.digits(s.secret, 0)
	if _, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: digits}, false, Where{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: digits}, false, Where{})
	s.refused(fault.Wrong, "the same digits", err)
	_, err = s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, -30*time.Second)}, false, Where{})
	s.refused(fault.Wrong, "those before them", err)
	s.refused(fault.Wrong, "the same digits elsewhere", s.TakeStep(ctx, s.own, Proof{Digits: digits}))
}

func TestOfTwoDevicesWithTheSameDigitsOneComesIn(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	for name, proof := range map[string]Proof{"digits": {Digits: s.digits(s.secret, 0)}, "paper": {Paper: s.codes[3]}} {
		var all sync.WaitGroup
		var mu sync.Mutex
		in := 0
		for range 8 {
			due := s.password(Where{})
			all.Go(func() {
				if _, err := s.Pass(ctx, due, proof, false, Where{}); err == nil {
					mu.Lock()
					in++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if in != 1 {
			t.Errorf("%s: %d came in", name, in)
		}
		s.tries.forgive(byStep + "/p1")
	}
}

func TestOthersDigitsAndCodesAreWrong(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	_, secret := s.other()
	_, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(secret, 0)}, false, Where{})
	s.refused(fault.Wrong, "another's digits", err)
	_, err = s.Pass(ctx, strings.Replace(s.password(Where{}), "p1.", "p2.", 1), Proof{Digits: s.digits(secret, 0)}, false, Where{})
	s.refused(fault.Expired, "one's own sign-in as another", err)
}

func TestASignInThatWaitsIsGoodOnceAndForFiveMinutes(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	due := s.password(Where{})
	if _, err := s.Pass(ctx, due, Proof{Paper: s.codes[0]}, false, Where{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Pass(ctx, due, Proof{Paper: s.codes[1]}, false, Where{})
	s.refused(fault.Expired, "a second time", err)
	due = s.password(Where{})
	s.pass(dueFor + time.Second)
	_, err = s.Pass(ctx, due, Proof{Paper: s.codes[1]}, false, Where{})
	s.refused(fault.Expired, "after five minutes", err)
	for _, rubbish := range []string{"", ".", "p1.", "p1", "p1." + strings.Repeat("A", 26), strings.Repeat(".", 1000)} {
		_, err = s.Pass(ctx, rubbish, Proof{Paper: s.codes[1]}, false, Where{})
		s.refused(fault.Expired, "rubbish", err)
	}
	// What was refused used nothing up.
	if _, err := s.Pass(ctx, s.password(Where{}), Proof{Paper: strings.ToLower(s.codes[1])}, false, Where{}); err != nil {
		t.Error(err)
	}
	v, _ := s.Steps(ctx, "p1")
	if v.Codes != 6 {
		t.Errorf("%d codes are left", v.Codes)
	}
}

func TestASignInThatWaitsEndsWithThePassword(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	due := s.password(Where{})
	if err := s.ChangePassword(ctx, "p1", s.own.Device, "heyuan-2020", "liuyuan-2021"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Pass(ctx, due, Proof{Digits: s.digits(s.secret, 0)}, false, Where{})
	s.refused(fault.Expired, "by a password that was changed", err)
	if list := s.Devices("p1"); len(list) != 1 {
		t.Errorf("devices: %v", list)
	}
}

func TestAfterEightWrongTheSecondStepIsSlowAndAKnownBrowserIsNot(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	for n := range 8 {
		_, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: "000000"}, false, Where{}) // who has the password
		if f := fault.Of(err); f == nil || f.Code != fault.Wrong || f.With["left"] != 7-n {
			t.Fatal(n, err)
		}
	}
	_, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, 0)}, false, Where{})
	s.refused(fault.TooMany, "right ones too", err)
	known := Where{Known: s.Known("", "p1")}
	if _, err := s.Pass(ctx, s.password(known), Proof{Digits: s.digits(s.secret, 0)}, false, known); err != nil {
		t.Errorf("where they signed in before: %v", err)
	}
	s.pass(61 * time.Second)
	if _, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, 0)}, false, Where{}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestNothingIsChangedWithoutAFreshSecondStep(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	s.pass(freshFor)
	_, err := s.BeginDigits(ctx, s.own)
	s.refused(fault.SecondStep, "another authenticator", err)
	_, err = s.NewPaper(ctx, s.own)
	s.refused(fault.SecondStep, "new codes", err)
	s.refused(fault.SecondStep, "off", s.EndStep(ctx, s.own))
	if err := s.TakeStep(ctx, s.own, Proof{Digits: s.digits(s.secret, 0)}); err != nil {
		t.Fatal(err)
	}
	codes, err := s.NewPaper(ctx, s.own)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Pass(ctx, s.password(Where{}), Proof{Paper: s.codes[0]}, false, Where{})
	s.refused(fault.Wrong, "an old code", err)
	if _, err := s.Pass(ctx, s.password(Where{}), Proof{Paper: codes[0]}, false, Where{}); err != nil {
		t.Error(err)
	}
	if err := s.EndStep(ctx, s.own); err != nil || s.HasStep(ctx, "p1") {
		t.Error(err)
	}
	s.signIn("p1", phone1)
	if last := s.LastStep(ctx, "p1"); last == nil || last.What != "off" || last.Device != s.own.Device {
		t.Errorf("other devices are told %+v", last)
	}
}

// Two devices set up a first one at once: the second would replace it without having been asked for it.
func TestOfTwoWhoSetUpAFirstOneTheSecondIsAsked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, again, clock, shelf := openOn(t)
	s := &stepping{Auth: a, t: t, clock: clock, shelf: shelf, again: again}
	one, two := s.signIn("p1", phone1), s.signIn("p1", phone1)
	secret, err := s.BeginDigits(ctx, two)
	if err != nil {
		t.Fatal(err)
	}
	s.setUp(one)
	_, err = s.SetDigits(ctx, two, s.digits(secret, 0))
	s.refused(fault.SecondStep, "the second", err)
	_, err = s.SetDigits(ctx, one, s.digits(secret, 0))
	s.refused(fault.Expired, "what another device began", err)
}

func TestATrustedBrowserIsNotAskedForThirtyDays(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	v, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, 0)}, true, Where{})
	if err != nil || v.Trust == "" {
		t.Fatal(err)
	}
	trusted := Where{Trust: v.Trust}
	in, err := s.SignIn(ctx, phone1, "heyuan-2020", trusted)
	if err != nil || in.Due != "" || s.Owes(ctx, Claim{Person: "p1", Device: in.Device}) {
		t.Fatal(in, err)
	}
	s.refused(fault.SecondStep, "off by trust alone", s.EndStep(ctx, Claim{Person: "p1", Device: in.Device}))
	for _, other := range []string{"", "p1", "p1.99999999999999.AAAA", strings.Replace(v.Trust, "p1.", "p2.", 1), strings.Replace(v.Trust, "p1.1", "p1.2", 1)} {
		s.password(Where{Trust: other})
	}
	if err := s.Distrust(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	s.password(trusted)
	s.pass(time.Minute)
	v, err = s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, 0)}, true, Where{})
	if err != nil {
		t.Fatal(err)
	}
	s.pass(trustFor + time.Second)
	s.password(Where{Trust: v.Trust})
}

func TestACodeTakesTheSecondStepAway(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	due := s.password(Where{})
	code, _, err := s.IssueCode(ctx, "p1", "p9")
	if err != nil {
		t.Fatal(err)
	}
	s.password(Where{}) // that it was given takes nothing away
	v, err := s.RedeemCode(ctx, phone1, code, "liuyuan-2021", Where{})
	if err != nil || v.Access == "" || s.HasStep(ctx, "p1") || s.Alive(s.own.Device) {
		t.Fatal(v, err)
	}
	_, err = s.Pass(ctx, due, Proof{Digits: s.digits(s.secret, 0)}, false, Where{})
	s.refused(fault.Expired, "what waited", err)
}

func TestASecondStepThatCannotBeReadLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	s.shelf.lost.Store(stepPrefix + "p1")
	s.steps.torn = true
	delete(s.steps.of, "p1")
	if v, err := s.SignIn(ctx, phone1, "heyuan-2020", Where{}); err == nil {
		t.Errorf("signed in: %+v", v)
	}
	if !s.Owes(ctx, s.own) {
		t.Error("a device does not owe it")
	}
}

func TestADiskThatTakesNothingTakesDigitsOnce(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	s.shelf.is.Store(true)
	for i, want := range []bool{true, false} {
		_, err := s.Pass(ctx, s.password(Where{}), Proof{Digits: s.digits(s.secret, 0)}, false, Where{})
		if (err == nil) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
}
