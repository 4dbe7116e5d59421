package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func edged(public string, proxies ...string) (*Server, *bytes.Buffer) {
	said := &bytes.Buffer{}
	s := &Server{Public: public, Log: slog.New(slog.NewTextHandler(said, nil))}
	for _, p := range proxies {
		s.Proxies = append(s.Proxies, netip.MustParsePrefix(p))
	}
	s.cross = s.origins()
	return s, said
}

// arrived is a request as handlers see it.
func arrived(s *Server, r *http.Request) (seen *http.Request) {
	s.arrive(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).ServeHTTP(httptest.NewRecorder(), r)
	return seen
}

func TestOnlyTrustedProxiesSayWhereARequestComesFrom(t *testing.T) {
	for _, c := range []struct{ remote, said, want string }{
		{"192.0.2.7:4000", "", "192.0.2.7"},
		{"192.0.2.7:4000", "198.51.100.1", "192.0.2.7"}, // not our proxy: only a claim
		{"127.0.0.1:4000", "", "127.0.0.1"},
		{"127.0.0.1:4000", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:4000", "203.0.113.9, 198.51.100.1", "198.51.100.1"}, // the first was the browser's own claim
		{"[::1]:4000", "2001:db8::1", "2001:db8::1"},
		{"127.0.0.1:4000", "<script>", "127.0.0.1"},
		{"172.18.0.2:4000", "198.51.100.1", "198.51.100.1"},            // in another container
		{"127.0.0.1:4000", "198.51.100.1, 172.18.0.2", "198.51.100.1"}, // a chain
		{"127.0.0.1:4000", "<script>, 172.18.0.2", "172.18.0.2"},       // as far as it is known
		{"127.0.0.1:4000", "198.51.100.1:55123", "198.51.100.1"},       // with a port
		{"127.0.0.1:4000", "[2001:db8::1]:55123", "2001:db8::1"},       //
		{"127.0.0.1:4000", "::ffff:198.51.100.1", "198.51.100.1"},      //
		{"[::ffff:127.0.0.1]:4000", "198.51.100.1", "198.51.100.1"},    // a listener on both
		{"172.19.0.2:4000", "198.51.100.1", "172.19.0.2"},              // a container that nobody named
		{"127.0.0.1:4000", "203.0.113.9, 192.0.2.66", "192.0.2.66"},    // not back beyond who is not trusted
		{"127.0.0.1:4000", "172.18.0.9, 172.18.0.2", "172.18.0.9"},     // inside
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.said != "" {
			r.Header.Set("X-Forwarded-For", c.said)
		}
		s, _ := edged("", "127.0.0.0/8", "::1/128", "172.18.0.0/16")
		if got := address(arrived(s, r)); got != c.want {
			t.Errorf("from %s saying %q: %s, not %s", c.remote, c.said, got, c.want)
		}
	}
}

func TestHTTPSIsSaidByTrustedProxiesAlone(t *testing.T) {
	for _, c := range []struct {
		remote, said string
		want         bool
	}{
		{"127.0.0.1:4000", "https", true},
		{"127.0.0.1:4000", "https,http", true}, // of two proxies the first one spoke with the browser
		{"127.0.0.1:4000", "HTTPS, http", true},
		{"127.0.0.1:4000", "http,https", false},
		{"127.0.0.1:4000", "http", false},
		{"127.0.0.1:4000", "", false},
		{"192.0.2.7:4000", "https", false},
	} {
		r := httptest.NewRequest("GET", "http://linli.example.cn/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-Proto", c.said)
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("Forwarded", "host=evil.example;proto=https")
		s, _ := edged("", "127.0.0.0/8")
		seen := arrived(s, r)
		if secure(seen) != c.want {
			t.Errorf("%s saying %q: secure is %v", c.remote, c.said, !c.want)
		}
		if link := s.linkURL(context.WithValue(t.Context(), askKey, seen), "x"); (link == "https://linli.example.cn/join/x") != c.want {
			t.Errorf("%s saying %q: a link is %s", c.remote, c.said, link)
		}
		if seen.Host != "linli.example.cn" || seen.Header.Get("X-Forwarded-Host")+seen.Header.Get("Forwarded") != "" {
			t.Errorf("what is no host of ours got in: %q %v", seen.Host, seen.Header)
		}
	}
}

func TestAPageIsOursByItsOriginOrByThePublicAddress(t *testing.T) {
	const ours, upstream = "https://linli.example.cn", "127.0.0.1:8080"
	for _, c := range []struct {
		name, public, host, origin, fetch string
		ok                                bool
	}{
		{"as asked", "", "linli.example.cn", ours, "", true},
		{"a program", "", "linli.example.cn", "", "", true},
		{"the browser says so, whatever the proxy made of the host", "", upstream, ours, "same-origin", true},
		{"a proxy without Host, and -public", ours, upstream, ours, "", true},
		{"-public with a slash and the usual port", ours + ":443/", upstream, ours, "", true},
		{"a proxy without Host, and nothing else", "", upstream, ours, "", false},
		{"another page", ours, upstream, "https://evil.example", "", false},
		{"another page, the host claimed", ours, "evil.example:81", "https://evil.example", "", false},
		{"another page that the browser names", ours, "linli.example.cn", ours, "cross-site", true}, // the origin is ours all the same
		{"another site", ours, "linli.example.cn", "https://evil.example", "cross-site", false},
		{"not https", ours, upstream, "http://linli.example.cn", "", false},
		{"no origin", ours, upstream, "null", "", false},
	} {
		for _, socket := range []bool{false, true} {
			s, said := edged(c.public)
			r := httptest.NewRequest("POST", "/api/v1/session", nil)
			r.Host = c.host
			for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.fetch} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			r = r.WithContext(context.WithValue(r.Context(), askKey, r))
			w, ok := httptest.NewRecorder(), false
			if socket {
				r.Method = "GET"
				r.Header.Set("Upgrade", "websocket")
				ok = s.knock(w, r)
			} else {
				s.cross.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ok = true })).ServeHTTP(w, r)
			}
			if ok != c.ok {
				t.Errorf("%s, socket %v: let in: %v", c.name, socket, ok)
			}
			if ok {
				continue
			}
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `"origin"`) {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
			if !strings.Contains(said.String(), "header Host") || !strings.Contains(said.String(), c.host) {
				t.Errorf("%s: the log does not name the header: %s", c.name, said)
			}
		}
	}
}

func TestAProxyThatPassesNoUpgradeIsNamedInTheLogOnceAMinute(t *testing.T) {
	s, said := edged("")
	for range 3 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/api/v1/socket", nil)
		if s.knock(w, r.WithContext(context.WithValue(r.Context(), askKey, r))) || w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if strings.Count(said.String(), "Upgrade and Connection") != 1 {
		t.Errorf("it says %s", said)
	}
}

func TestWhoComesByHTTPIsLedToHTTPS(t *testing.T) {
	for _, c := range []struct {
		public, port, method, host, path string
		status                           int
		to                               string
	}{
		{"", "443", "GET", "linli.example.cn", "/join/abc?x=1", 308, "https://linli.example.cn/join/abc?x=1"},
		{"", "443", "GET", "linli.example.cn:80", "/", 308, "https://linli.example.cn/"},
		{"", "8443", "HEAD", "linli.example.cn", "/", 308, "https://linli.example.cn:8443/"},
		{"", "8443", "GET", "[2001:db8::1]:80", "/", 308, "https://[2001:db8::1]:8443/"},
		{"https://linli.example.cn/", "8443", "GET", "elsewhere.example", "/a", 308, "https://linli.example.cn/a"},
		{"", "443", "GET", "", "/", 403, ""},
		{"", "443", "GET", "a@elsewhere.example", "/", 403, ""},
		{"", "443", "GET", "linli.example.cn", "//elsewhere.example/", 308, "https://linli.example.cn//elsewhere.example/"},
		{"", "443", "POST", "linli.example.cn", "/api/v1/session", 403, ""},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.Host, r.URL.Path = c.host, strings.Split(c.path, "?")[0]
		if _, query, ok := strings.Cut(c.path, "?"); ok {
			r.URL.RawQuery = query
		}
		if strings.HasPrefix(c.path, "//") {
			r.URL.Opaque, r.URL.Path = "", c.path
		}
		at, _ := net.ResolveTCPAddr("tcp", "127.0.0.1:"+c.port)
		w := httptest.NewRecorder()
		ToHTTPS(c.public, at).ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.to || w.Header().Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s%s: %d %v", c.method, c.host, c.path, w.Code, w.Header())
		}
	}
}

// Browsers are held to HTTPS when they came by it, as far as that is believed, and by no answer of plain http.
func TestOnlyAPageOfHTTPSHoldsBrowsersToIt(t *testing.T) {
	for _, c := range []struct {
		remote, said, host string
		tls, want          bool
	}{
		{"192.0.2.7:4000", "", "linli.example.cn", true, true},
		{"127.0.0.1:4000", "https", "linli.example.cn", false, true},
		{"127.0.0.1:4000", "http", "linli.example.cn", false, false},
		{"192.0.2.7:4000", "https", "linli.example.cn", false, false}, // a claim of anybody
		{"192.0.2.7:4000", "", "linli.example.cn", false, false},
		{"127.0.0.1:4000", "", "localhost:8443", true, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if c.said != "" {
			r.Header.Set("X-Forwarded-Proto", c.said)
		}
		s, _ := edged("", "127.0.0.0/8")
		w := httptest.NewRecorder()
		s.arrive(s.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))).ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); (got == "max-age=31536000") != c.want || !c.want && got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
