package twostep

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

func TestDigitsAreTakenOncePerPeriodAndOneToEitherSide(t *testing.T) {
	t.Parallel()
	secret, now := NewSecret(), time.Unix(1_700_000_010, 0)
	digits := func(after time.Duration) string {
		d, err := totp.GenerateCode(secret, now.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, by := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		at, ok := Digits(secret, digits(by), 0, now)
		if !ok || at != now.Add(by).Unix()/30 {
			t.Errorf("%v: %d %v", by, at, ok)
		}
		if _, again := Digits(secret, digits(by), at, now); again {
			t.Errorf("%v: taken twice", by)
		}
	}
	for _, by := range []time.Duration{-60 * time.Second, 60 * time.Second} {
		if _, ok := Digits(secret, digits(by), 0, now); ok {
			t.Errorf("%v is taken", by)
		}
	}
	after, _ := Digits(secret, digits(0), 0, now)
	if _, ok := Digits(secret, digits(-30*time.Second), after, now); ok {
		t.Error("the one before that was taken is taken after it")
	}
	if _, ok := Digits(secret, " "+digits(0)[:3]+" "+digits(0)[3:], 0, now); !ok {
		t.Error("a space between them makes them others")
	}
}

func TestRubbishIsNoDigits(t *testing.T) {
	t.Parallel()
	for _, x := range []string{"", "0", "00000000", "abcdef", "１２３", strings.Repeat("1", 10_000), "\x00\x00\x00\x00\x00\x00", "-12345"} {
		if _, ok := Digits(NewSecret(), x, 0, time.Now()); ok {
			t.Errorf("%q is taken", x)
		}
	}
}

func TestALinkSaysWhoseAccountItIs(t *testing.T) {
	t.Parallel()
	link := Link("ABCDEFGH", "如意湖 办事处", "程胜嘉")
	if want := "otpauth://totp/%E5%A6%82%E6%84%8F%E6%B9%96%20%E5%8A%9E%E4%BA%8B%E5%A4%84:%E7%A8%8B%E8%83%9C%E5%98%89?secret=ABCDEFGH&issuer="; !strings.HasPrefix(link, want) {
		t.Error(link)
	}
	side, path, err := Square(link)
	if err != nil || side < 21 || !strings.HasPrefix(path, "M0 0h7v1H0z") {
		t.Error(side, path, err)
	}
}

func TestCodesArePlainHoweverTheyAreTyped(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range NewCodes() {
		if len(Plain(c)) != codeSize || Plain(strings.ToLower(c)) != Plain(c) || Plain(" "+strings.ReplaceAll(c, "-", " ")) != Plain(c) {
			t.Error(c)
		}
		seen[c] = true
	}
	if len(seen) != Codes {
		t.Error("two are alike")
	}
}
