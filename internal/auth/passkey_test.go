package auth

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	virtual "github.com/descope/virtualwebauthn"

	"linli/internal/fault"
	"linli/internal/twostep"
)

var (
	site  = twostep.Site{Origin: "https://linli.example", Host: "linli.example"}
	party = virtual.RelyingParty{ID: "linli.example", Name: "邻里", Origin: "https://linli.example"}
)

// finger is somebody's phone that holds a passkey.
type finger struct {
	virtual.Authenticator
	key virtual.Credential
}

// made answers the question for a new passkey.
func (f *finger) made(t *testing.T, options json.RawMessage, at virtual.RelyingParty) []byte {
	t.Helper()
	asked, err := virtual.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	f.key = virtual.NewCredential(virtual.KeyTypeEC2)
	var user struct{ User struct{ ID string } }
	if json.Unmarshal(options, &user) != nil || strings.Contains(user.User.ID, "p1") || len(user.User.ID) < 20 {
		t.Errorf("the handle is no random one: %s", options)
	}
	return []byte(virtual.CreateAttestationResponse(at, f.Authenticator, f.key, *asked))
}

// shown answers the question for a passkey that there is.
func (f *finger) shown(t *testing.T, options json.RawMessage, at virtual.RelyingParty) []byte {
	t.Helper()
	asked, err := virtual.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	f.key.Counter++
	return []byte(virtual.CreateAssertionResponse(at, f.Authenticator, f.key, *asked))
}

func (s *stepping) setUpPasskey(c Claim) *finger {
	s.t.Helper()
	f := &finger{Authenticator: virtual.NewAuthenticator()}
	options, err := s.BeginPasskey(context.Background(), c, site, "办事处", "张三")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.SetPasskey(context.Background(), c, site, f.made(s.t, options, party), "iPhone"); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// ask is the question that a sign-in which waits asks a passkey.
func (s *stepping) ask(due string) json.RawMessage {
	s.t.Helper()
	options, err := s.AskDue(context.Background(), due, site)
	if err != nil || options == nil {
		s.t.Fatal(err)
	}
	return options
}

func TestAPasskeyIsASecondStep(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	f := s.setUpPasskey(s.own)
	due := s.password(Where{})
	v, err := s.Pass(ctx, due, Proof{Passkey: f.shown(t, s.ask(due), party), Site: site}, false, Where{})
	if err != nil || v.Access == "" {
		t.Fatal(err)
	}
	got, err := s.Steps(ctx, "p1")
	if err != nil || len(got.Passkeys) != 1 || got.Passkeys[0].Name != "iPhone" || got.Passkeys[0].Used == 0 || !got.Digits {
		t.Fatalf("%+v %v", got, err)
	}
	// On a device that is signed in, to change what there is.
	s.pass(freshFor + 1e9)
	options, err := s.AskPasskey(ctx, s.own, site)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.TakeStep(ctx, s.own, Proof{Passkey: f.shown(t, options, party), Site: site}); err != nil {
		t.Fatal(err)
	}
	if err := s.EndDigits(ctx, s.own); err != nil {
		t.Fatal(err)
	}
	s.refused(fault.Conflicting, "the last way", s.EndPasskey(ctx, s.own, got.Passkeys[0].ID))
	s.refused(fault.NotFound, "none", s.EndPasskey(ctx, s.own, "x"))
	s.setUp(s.own)
	if err := s.EndPasskey(ctx, s.own, got.Passkeys[0].ID); err != nil {
		t.Fatal(err)
	}
	if options, err := s.AskDue(ctx, s.password(Where{}), site); err != nil || options != nil {
		t.Errorf("there is none any more: %s %v", options, err)
	}
}

func TestAPasskeyOfAnotherPageKeyOrQuestionIsWrong(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	f := s.setUpPasskey(s.own)
	two, _ := s.other()
	others := s.setUpPasskey(two)
	pass := func(due string, answer []byte, at twostep.Site) error {
		_, err := s.Pass(ctx, due, Proof{Passkey: answer, Site: at}, false, Where{})
		s.tries.forgive(byStep + "/p1")
		return err
	}
	evil := virtual.RelyingParty{ID: "linli.example", Origin: "https://linli.example.evil"}
	due := s.password(Where{})
	s.refused(fault.Wrong, "another origin", pass(due, f.shown(t, s.ask(due), evil), site))
	s.refused(fault.Wrong, "another host", pass(due, f.shown(t, s.ask(due), virtual.RelyingParty{ID: "evil.example", Origin: party.Origin}), site))
	s.refused(fault.Wrong, "asked by a page that is another", pass(due, f.shown(t, s.ask(due), evil), twostep.Site{Origin: evil.Origin, Host: "linli.example.evil"}))
	s.refused(fault.Wrong, "another's passkey", pass(due, others.shown(t, s.ask(due), party), site))

	old := s.ask(due)
	s.ask(due)
	s.refused(fault.Wrong, "an earlier question", pass(due, f.shown(t, old, party), site))
	again := s.password(Where{})
	asked := s.ask(again)
	s.ask(due)
	s.refused(fault.Wrong, "another sign-in's question", pass(due, f.shown(t, asked, party), site))

	answer := f.shown(t, s.ask(due), party)
	if err := pass(due, answer, site); err != nil {
		t.Fatal(err)
	}
	due = s.password(Where{})
	s.ask(due)
	s.refused(fault.Wrong, "the same answer again", pass(due, answer, site))
	s.refused(fault.Wrong, "unasked", pass(due, answer, site))

	f.key.Counter = 0 // a copy that has not seen what the other one did
	s.refused(fault.Wrong, "a counter that goes back", pass(due, f.shown(t, s.ask(due), party), site))
	f.key.Counter = 10
	f.Options.UserNotVerified = true
	s.refused(fault.Wrong, "without a finger", pass(due, f.shown(t, s.ask(due), party), site))
	f.Options.UserNotVerified = false
	f.Options.UserHandle = []byte("somebody else")
	s.refused(fault.Wrong, "another's handle", pass(due, f.shown(t, s.ask(due), party), site))
	f.Options.UserHandle = nil
	for _, rubbish := range []string{"{}", "null", "[]", `"x"`, `{"id":"","rawId":"","type":"public-key","response":{}}`, strings.Repeat("[", 30_000), "\xff\xfe"} {
		s.ask(due)
		s.refused(fault.Wrong, "rubbish", pass(due, []byte(rubbish), site))
	}
	if err := pass(due, f.shown(t, s.ask(due), party), site); err != nil {
		t.Errorf("after all of that the right one: %v", err)
	}
}

func TestANewPasskeyIsTheOneThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s, ctx := openStepping(t), t.Context()
	begin := func() json.RawMessage {
		options, err := s.BeginPasskey(ctx, s.own, site, "办事处", "张三")
		if err != nil {
			t.Fatal(err)
		}
		return options
	}
	f := &finger{Authenticator: virtual.NewAuthenticator()}
	set := func(answer []byte) error {
		_, err := s.SetPasskey(ctx, s.own, site, answer, "")
		return err
	}
	old := begin()
	begin()
	s.refused(fault.Wrong, "an earlier question", set(f.made(t, old, party)))
	s.refused(fault.Expired, "unasked", set(f.made(t, old, party)))
	s.refused(fault.Wrong, "another origin", set(f.made(t, begin(), virtual.RelyingParty{ID: party.ID, Origin: "https://evil.example"})))
	f.Options.UserNotVerified = true
	s.refused(fault.Wrong, "without a finger", set(f.made(t, begin(), party)))
	f.Options.UserNotVerified = false
	begin()
	s.refused(fault.Wrong, "rubbish", set([]byte(`{"id":1}`)))
	answer := f.made(t, begin(), party)
	s.pass(freshFor)
	s.refused(fault.SecondStep, "long after the second step", set(answer))
}
