package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"testing"

	"linli/internal/paper/papertest"
)

// A room's posters of its stairs are one paper; each code is the room's, says where it hangs, and ends with it.
func TestPostersOfStairs(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	own := w.as(keeper)
	fetch := func(a *api, query string) (status int, pdf []byte) {
		t.Helper()
		var b json.RawMessage
		status = a.ask("GET", "/rooms/"+room+"/links/"+link+"/poster.pdf"+query, nil, &b)
		return status, b
	}
	at := own.must("GET", "/rooms/"+room+"/links", nil)["links"].([]any)[0].(map[string]any)["url"].(string)
	if at != w.url+"/join/"+link {
		t.Errorf("the link is %s", at)
	}
	var stairs []string // what their codes say
	var one url.Values
	for _, b := range w.nobody().must("GET", "/join/"+link+"/doors", nil)["buildings"].([]any) {
		b := b.(map[string]any)
		for _, e := range b["entrances"].([]any) {
			one = url.Values{"building": {b["name"].(string)}, "entrance": {e.(map[string]any)["name"].(string)}}
			stairs = append(stairs, at+"?"+one.Encode())
		}
	}
	slices.Sort(stairs)
	for query, want := range map[string][]string{"": {at}, "?stairs=1": stairs, "?" + one.Encode(): {at + "?" + one.Encode()}} {
		status, pdf := fetch(own, query)
		if pages := bytes.Count(pdf, []byte("/Type /Page\n")); status != 200 || pages != len(want) {
			t.Errorf("%q: %d, %d pages, not %d", query, status, pages, len(want))
		}
		if got := slices.Sorted(slices.Values(papertest.Codes(t, pdf))); !slices.Equal(got, want) {
			t.Errorf("%q leads to %v, not %v", query, got, want)
		}
	}
	for _, query := range []string{"?building=" + url.QueryEscape("没有这栋"), "?building=" + url.QueryEscape(one.Get("building")) + "&entrance=" + url.QueryEscape("9单元")} {
		if status, _ := fetch(own, query); status != 404 {
			t.Errorf("%q: %d", query, status)
		}
	}
	if status, _ := fetch(w.as(li), "?stairs=1"); status != 403 {
		t.Errorf("a member fetches it: %d", status)
	}
	w.nobody().must("GET", "/join/"+link+"?"+one.Encode(), nil)
	own.must("DELETE", "/rooms/"+room+"/links/"+link, nil)
	if status, _ := fetch(own, "?stairs=1"); status != 404 {
		t.Errorf("ended: %d", status)
	}
	w.nobody().no("revoked", "GET", "/join/"+link+"?"+one.Encode(), nil)
}
