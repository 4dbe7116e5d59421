package web

import (
	"net/http"
	"testing"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct{ remote, said, want string }{
		{"192.0.2.7:4000", "", "192.0.2.7"},
		{"192.0.2.7:4000", "198.51.100.1", "192.0.2.7"}, // not our proxy: only a claim
		{"127.0.0.1:4000", "", "127.0.0.1"},
		{"127.0.0.1:4000", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:4000", "203.0.113.9, 198.51.100.1", "198.51.100.1"}, // the first was the browser's own claim
		{"[::1]:4000", "2001:db8::1", "2001:db8::1"},
		{"127.0.0.1:4000", "<script>", "127.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.said != "" {
			r.Header.Set("X-Forwarded-For", c.said)
		}
		if got := address(r); got != c.want {
			t.Errorf("from %s saying %q: %s, not %s", c.remote, c.said, got, c.want)
		}
	}
}
