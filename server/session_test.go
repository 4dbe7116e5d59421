package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/long"
)

// Guessing ends soon, and a code of the owner's is good once.
func TestGuessingAndCodes(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, before := w.as(keeper), w.as(zhang)
	person := before.must("GET", "/me", nil)["person"].(string)
	code := own.must("POST", "/rooms/"+room+"/members/"+person+"/code", map[string]any{})["code"]
	w.nobody().no("wrong", "POST", "/session/code", map[string]any{"phone": zhang.phone, "code": "00000000", "password": "neues-passwort-1"})
	w.nobody().no("weak", "POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code, "password": "123"})
	w.nobody().must("POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code, "password": "heyuan-2021"})
	out := answer{}
	if status := w.nobody().ask("POST", "/session/code", map[string]any{"phone": zhang.phone, "code": code, "password": "heyuan-2022"}, &out); status == 200 {
		t.Error("the code was good twice")
	}
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": zhang.phone, "password": password})
	for range 12 {
		w.nobody().ask("POST", "/session", map[string]any{"phone": li.phone, "password": "geraten-123"}, &out)
		if out["code"] == "too-many" {
			if out["with"].(map[string]any)["retry"] == nil {
				t.Error("it does not say when to try again")
			}
			return
		}
	}
	t.Error("guessing is not limited")
}

// Two volunteers, one request: exactly one helps, and the other hears who.
func TestOneWinsTheClaim(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	asker := w.as(zhang)
	people := []*api{w.as(li), w.as(keeper)}
	for range 10 {
		request, _ := asker.act(room, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "降压药"})
		var race sync.WaitGroup
		results := make([]string, len(people))
		for i, p := range people {
			race.Go(func() { _, results[i] = p.act(room, "request.claim", request, nil, nil) })
		}
		race.Wait()
		if all := strings.Join(results, "|"); all != "|taken" && all != "taken|" {
			t.Errorf("the two were told %q", all)
		}
		asker.act(room, "request.cancel", request, nil, nil) // nobody may hold ten
	}
}

// A disk below its reserve refuses sending in words; reading and signing in go on.
func TestAFullDiskRefusesAndReads(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	a := w.as(zhang)
	a.say(room, "还有空间")
	w.apply(link, wang, "owner")
	w.stop()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(w.dir, &fs); err != nil {
		t.Fatal(err)
	}
	free := int64(fs.Bavail) * fs.Bsize >> 20
	w = serveTown(t, w.dir, "-reserve", strconv.FormatInt(free*3/2, 10))
	a.w = w
	if _, no := a.act(room, "text.post", 0, nil, map[string]string{"text": "没有空间"}); no != "no-space" {
		t.Errorf("sending: %q", no)
	}
	if got := a.page(room, "").says(); !slices.Contains(got, "还有空间") || slices.Contains(got, "没有空间") {
		t.Errorf("it reads %v", got)
	}
	// Nobody is shut out: signing in, refreshing and signing out go on, and looking at names is refused in words.
	s := w.nobody().must("POST", "/session", map[string]any{"phone": zhang.phone, "password": password, "tokens": true})
	fresh := w.nobody().with(w.nobody().must("POST", "/session/refresh", map[string]any{"refresh": s["refresh"]}))
	fresh.must("GET", "/rooms", nil)
	fresh.must("DELETE", "/session", nil)
	fresh.no("sign-in", "GET", "/rooms", nil)
	own := w.as(keeper)
	for path, method := range map[string]string{"/rooms/" + room + "/members": "POST", "/applications?state=pending&room=" + room: "GET"} {
		var body any
		if method == "POST" {
			body = map[string]any{}
		}
		looked := answer{}
		own.ask(method, path, body, &looked)
		if with, _ := looked["with"].(map[string]any); looked["code"] != "no-space" || with["field"] != "look" {
			t.Errorf("looking at names, %s: %v", path, looked)
		}
	}
	if status, code := w.ready(); status != http.StatusServiceUnavailable || code != "no-space" {
		t.Errorf("ready: %d %s", status, code)
	}
	w.stop()
	w = serveTown(t, w.dir)
	a.w = w
	a.say(room, "又有空间")
}

// What a browser must know and what strangers must not do.
func TestTheDoor(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	res, err := http.Get(w.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if !strings.Contains(res.Header.Get(header), want) {
			t.Errorf("%s is %q", header, res.Header.Get(header))
		}
	}
	if strings.Contains(res.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Error("inline script or style is allowed")
	}
	res, err = http.Post(w.url+"/api/v1/session", "application/json", strings.NewReader(`{"phone":"`+zhang.phone+`","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(res.Cookies()) != 4 {
		t.Errorf("%d cookies", len(res.Cookies()))
	}
	for _, c := range res.Cookies() {
		// One says until when, and opens nothing: the page reads it.
		if c.HttpOnly == (c.Name == "linli_until") || c.SameSite == http.SameSiteNoneMode || c.SameSite == http.SameSiteDefaultMode {
			t.Errorf("%s: HttpOnly %v, SameSite %v", c.Name, c.HttpOnly, c.SameSite)
		}
		if left := time.Until(c.Expires); c.Name == "linli_known" && left < 365*24*time.Hour {
			t.Errorf("that somebody signed in here is known for %v", left)
		}
	}

	a := w.as(zhang)
	_, refused, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + a.access}, "Origin": {"https://elsewhere.example"}},
	})
	if err == nil || refused == nil || refused.StatusCode != http.StatusForbidden {
		t.Errorf("a page from elsewhere may connect: %v", err)
	}
	line := a.socket()
	hear(t, line, "hello")
	tell(t, line, map[string]any{"do": []any{map[string]any{"id": "x", "act": strings.Repeat("长", 40_000)}}})
	closedWithLimit(t, line)

	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json"} {
		res, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	w.nobody().no("not-found", "GET", "/no/such/call", nil)
}

func closedWithLimit(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long.Patience)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			if s := websocket.CloseStatus(err); s != websocket.StatusPolicyViolation && s != websocket.StatusMessageTooBig {
				t.Errorf("closed with %v", err)
			}
			return
		}
	}
}

// The demo is up, its four accounts may sign in, and it goes on after a restart.
func TestTheDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		w := runTown(t, dir, "demo", "-at", "10:30")
		for _, phone := range []string{"19900000001", "19926220941", "19904307936", "19905155269"} {
			a := w.nobody().with(w.nobody().must("POST", "/session", map[string]any{"phone": phone, "password": "linli2026", "tokens": true}))
			if rooms := a.must("GET", "/rooms", nil)["rooms"].([]any); len(rooms) == 0 {
				t.Errorf("%s has no rooms", phone)
			}
		}
		w.stop()
	}
	if out, code := program(t, "check", "-data", dir); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
}
