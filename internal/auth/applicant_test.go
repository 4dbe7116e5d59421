package auth

import (
	"context"
	"fmt"
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/register"
)

func applicant(of string, n int) id.Person { return id.Person(fmt.Sprint(of, n)) }

// Applying with somebody's phone buys no tries at their password: a sign-in with the own password counts as a wrong one of theirs.
func TestWhoAppliesWithAPhoneGuessesNoMoreAtItsOwner(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, _, _ := open(t)
	guesses := []string{"guess-0001", "guess-0002", "guess-0003", "guess-0004", "guess-0005", "guess-0006", "guess-0007", "guess-0008", "guess-0009"}
	for i, g := range guesses {
		p := applicant("q", i)
		if err := a.register.Put(ctx, p, register.Record{Name: "李四", Phone: "13800000001"}); err != nil {
			t.Fatal(err)
		}
		if err := a.SetPassword(ctx, p, g); err != nil {
			t.Fatal(err)
		}
		s, err := a.SignIn(ctx, "13800000001", g, Where{Address: "192.0.2.1"})
		switch {
		case i < len(guesses)-1 && (err != nil || s.Person != p):
			t.Errorf("applicant %d: %v %v", i, s.Person, err)
		case i == len(guesses)-1 && !fault.Is(err, fault.TooMany):
			t.Errorf("the ninth guess: %v", err)
		}
	}
	// In the browser they applied in they come in all the same, and only with their own password.
	known := Where{Address: "192.0.2.1", Known: a.Known("", applicant("q", 0))}
	if s, err := a.SignIn(ctx, "13800000001", guesses[0], known); err != nil || s.Person != applicant("q", 0) {
		t.Errorf("back in the own browser: %v %v", s.Person, err)
	}
	if _, err := a.SignIn(ctx, "13800000001", "heyuan-2020", known); !fault.Is(err, fault.TooMany) {
		t.Errorf("the owner's password in an applicant's browser: %v", err)
	}
}
