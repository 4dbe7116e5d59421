package main

import (
	"regexp"
	"strings"
	"testing"
)

var eightDigits = regexp.MustCompile(`: (\d{8})\n`)

// Who is the only administrator and has forgotten the password comes back by who has the machine.
func TestTheLastAdministratorComesBackByTheMachine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"admin"}, {"admin", "rest"}, {"code"}, {"admin", "reset", "-data", t.TempDir(), "a", "b"}} {
		if out, code := program(t, args...); code != 2 {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
	fresh := t.TempDir()
	if out, code := program(t, "admin", "reset", "-data", fresh); code != 1 || !strings.Contains(out, "setup code") {
		t.Errorf("an office without administrator: %d %s", code, out)
	}
	w, _, _ := newTown(t)
	before := w.as(admin)
	_, paper := before.setUpDigits()
	if out, code := program(t, "admin", "reset", "-data", w.dir); code != 1 || !strings.Contains(out, "in use") {
		t.Errorf("while it runs: %d %s", code, out)
	}
	w.stop()
	for _, other := range []string{zhang.name, keeper.phone} {
		if out, code := program(t, "admin", "reset", "-data", w.dir, other); code != 1 || eightDigits.MatchString(out) {
			t.Errorf("a code for %s: %d %s", other, code, out)
		}
	}
	out, code := program(t, "admin", "reset", "-data", w.dir)
	found := eightDigits.FindStringSubmatch(out)
	if code != 0 || found == nil || !strings.Contains(out, admin.name) {
		t.Fatalf("%d %s", code, out)
	}
	if !strings.Contains(out, "second step") {
		t.Errorf("it says nothing of the second step: %s", out)
	}
	w = serveTown(t, w.dir)
	if s := w.nobody().must("POST", "/session", map[string]any{"phone": admin.phone, "password": password, "tokens": true}); s["due"] != nil {
		t.Errorf("the second step is still there: %v", s)
	}
	w.nobody().no("wrong", "POST", "/session/code", map[string]any{"phone": admin.phone, "code": "00000000", "password": "neues-passwort-1"})
	body := map[string]any{"phone": admin.phone, "code": found[1], "password": "neues-passwort-1", "tokens": true}
	boss := w.nobody().with(w.nobody().must("POST", "/session/code", body))
	boss.must("GET", "/staff", nil)
	boss.no("wrong", "POST", "/me/second", map[string]any{"paper": paper[0]})
	w.nobody().no("wrong", "POST", "/session/code", body)
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": admin.phone, "password": password})
	before.w = w
	before.no("sign-in", "GET", "/me", nil)
	if looks := jsonText(t, boss.must("GET", "/looks?person=me", nil)); !strings.Contains(looks, `"reset"`) {
		t.Errorf("they do not see it: %s", looks)
	}
	boss.must("POST", "/staff", map[string]any{"name": "田书记", "phone": "13900008099", "role": "admin"})
	w.stop()
	if out, code := program(t, "admin", "reset", "-data", w.dir); code != 1 || !strings.Contains(out, "田书记") || eightDigits.MatchString(out) {
		t.Errorf("which of two: %d %s", code, out)
	}
	if out, code := program(t, "admin", "reset", "-data", w.dir, "13900008099"); code != 0 || !eightDigits.MatchString(out) {
		t.Errorf("by phone: %d %s", code, out)
	}
}
