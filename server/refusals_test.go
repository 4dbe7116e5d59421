package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Somebody who may not see a thing gets the same answer for one that is there and for one that is not.
func TestARefusalDoesNotTellWhatExists(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	_, second := w.another(room)
	stranger, own := w.as(li), w.as(keeper)
	fresh := w.apply(link, wang, "owner")
	app := fresh.must("GET", "/applications/mine", nil)["applications"].([]any)[0].(map[string]any)["id"].(string)
	person := w.as(admin).person()
	for _, c := range []struct{ method, path, there, absent string }{
		{"GET", "/rooms/{}", second, "rnowhere"},
		{"GET", "/rooms/{}/items", second, "rnowhere"},
		{"GET", "/rooms/{}/people", second, "rnowhere"},
		{"POST", "/rooms/{}/members", second, "rnowhere"},
		{"GET", "/rooms/{}/links", second, "rnowhere"},
		{"POST", "/rooms/{}/links", second, "rnowhere"},
		{"POST", "/applications/{}/approve", app, "anowhere"},
		{"POST", "/applications/{}/ask", app, "anowhere"},
		{"POST", "/applications/{}/reject", app, "anowhere"},
		{"POST", "/staff/{}/code", person, "pnowhere"},
		{"DELETE", "/rooms/" + room + "/links/{}", link, "lnowhere"},
		{"DELETE", "/me/devices/{}", own.device, "dnowhere"},
	} {
		there, absent := answer{}, answer{}
		a := stranger.ask(c.method, strings.ReplaceAll(c.path, "{}", c.there), map[string]any{}, &there)
		b := stranger.ask(c.method, strings.ReplaceAll(c.path, "{}", c.absent), map[string]any{}, &absent)
		if a != b || there["code"] != absent["code"] || there["reason"] != absent["reason"] || a < 400 {
			t.Errorf("%s %s: %d %v where it is, %d %v where not", c.method, c.path, a, there, b, absent)
		}
	}
}

// A command says the same to a stranger whether there is such a room or not, whatever the command; a code likewise, whether a phone has
// one or not.
func TestACommandAndACodeDoNotTellWhatExists(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	boss, second := w.another(room)
	own, one := w.as(keeper), w.as(li)
	for _, a := range []*api{one, boss} { // a stranger there, and who is above every room but in none
		for i, c := range []struct {
			act, id string
			re      int
			with    any
			words   any
		}{
			{"text.post", "", 0, nil, map[string]string{"text": "早"}},
			{"poll.vote", "", 7, map[string]any{"option": 0}, nil},
			{"item.retract", "", 1, nil, nil},
			{"member.mute", "", 0, map[string]any{"person": "pnobody", "until": 9e12}, nil},
			{"no.such", "", 0, nil, nil},
			{"text.post", "dother.1", 0, nil, map[string]string{"text": "早"}},
			{"text.post", "", 0, nil, map[string]string{"text": strings.Repeat("早", 9000)}},
			{"text.post", "", 0, strings.Repeat("x", 5000), nil},
		} {
			said := func(room string) string {
				a.n++
				name := c.id
				if name == "" {
					name = fmt.Sprintf("%s.%d", a.device, a.n)
				}
				got := a.must("POST", "/rooms/"+room+"/commands", map[string]any{"do": []any{map[string]any{
					"id": name, "act": c.act, "re": c.re, "with": c.with, "words": c.words,
				}}})
				no, _ := got["no"].([]any)
				if len(no) == 0 {
					return jsonText(t, got)
				}
				return jsonText(t, no[0].([]any)[1:])
			}
			there := said(second)
			absent := said("rnowhere")
			if there != absent {
				t.Errorf("%d %s: %s where there is one, %s where there is none", i, c.act, there, absent)
			}
		}
	}
	own.must("POST", "/rooms/"+room+"/members/"+w.as(zhang).person()+"/code", nil)
	said := func(phone string) string {
		var f answer
		status := w.nobody().ask("POST", "/session/code", map[string]any{"phone": phone, "code": "00000000", "password": "heyuan-2021"}, &f)
		return fmt.Sprint(status, jsonText(t, f))
	}
	with, without, nobody := said(zhang.phone), said(li.phone), said("13899990000")
	if with != without || with != nobody {
		t.Errorf("with a code %s, without one %s, nobody's %s", with, without, nobody)
	}
}

// A link ends only through its own room.
func TestALinkDoesNotEndThroughAnotherRoom(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	boss, second := w.another(room)
	boss.no("not-found", "DELETE", "/rooms/"+second+"/links/"+link, nil)
	w.nobody().must("GET", "/join/"+link, nil)
	w.as(keeper).must("DELETE", "/rooms/"+room+"/links/"+link, nil)
	w.nobody().no("revoked", "GET", "/join/"+link, nil)
}

// Whatever is refused is a fault with its field, a method that is not there too; who asks too often is told when to ask again.
func TestEveryRefusalIsAFault(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	ask := func(method, path, body string) *http.Response {
		req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Code, Reason string
			With         map[string]any
		}
		if err := json.NewDecoder(res.Body).Decode(&f); err != nil || f.Code == "" || f.Reason == "" || f.With["field"] == nil && res.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s %s: %d %+v, %v", method, path, res.StatusCode, f, err)
		}
		_ = res.Body.Close()
		return res
	}
	for _, c := range [][2]string{{"PATCH", "/api/v1/session"}, {"DELETE", "/healthz"}, {"PUT", "/api/v1/levels"}} {
		if res := ask(c[0], c[1], "{}"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") == "" {
			t.Errorf("%v: %d, allowed %q", c, res.StatusCode, res.Header.Get("Allow"))
		}
	}
	ask("POST", "/api/v1/session", "{")
	ask("POST", "/api/v1/session", `{"phone":5,"password":"x"}`)
	for range 200 {
		res := ask("POST", "/api/v1/session", `{"phone":"13800000101x","password":"wrong"}`)
		if res.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	for range 200 {
		req, err := http.Post(w.url+"/api/v1/session", "application/json", strings.NewReader(`{"phone":"13800000101","password":"wrong"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = req.Body.Close()
		if req.StatusCode == http.StatusTooManyRequests {
			if req.Header.Get("Retry-After") == "" {
				t.Error("it does not say when to ask again")
			}
			return
		}
	}
	t.Error("never too many")
}
