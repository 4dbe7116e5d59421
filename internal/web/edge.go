package web

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"linli/internal/fault"
)

// Where a request comes from, and by which way. A proxy that the operator trusts says so in X-Forwarded-For and X-Forwarded-Proto; from
// anybody else these headers are only a claim, and are taken off before anything looks at them. X-Forwarded-Host is nobody's: proxies pass on
// what browsers say in it.

// arrive puts in place what the rest may believe: RemoteAddr is the browser's, and X-Forwarded-Proto is there, as "https", only when the browser
// spoke HTTPS to a trusted proxy.
func (s *Server) arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, proto, proxied := netip.Addr{}, "", false
		if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && s.trusts(at.Addr()) {
			from = s.browserOf(at.Addr(), r.Header.Values("X-Forwarded-For"))
			// Of a chain the first one spoke with the browser.
			proto, _, _ = strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
			proxied = from != at.Addr()
		}
		believed := from.IsValid()
		if !believed && r.Header.Get("X-Forwarded-For") != "" {
			s.stranger(r)
		}
		r = r.Clone(r.Context())
		if !believed {
			r.Header.Del(requestID)
		}
		for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"} {
			r.Header.Del(h)
		}
		if strings.EqualFold(strings.TrimSpace(proto), "https") {
			r.Header.Set("X-Forwarded-Proto", "https")
		}
		if proxied {
			r.RemoteAddr = netip.AddrPortFrom(from, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

// stranger tells the operator of a proxy that nobody named: one in a network of ours, anybody else only claims to be one.
func (s *Server) stranger(r *http.Request) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if a := at.Addr().Unmap().WithZone(""); err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()) {
		s.hint("proxy", "a proxy at "+a.String()+" is not named in -proxies: all of its people seem to come from one address, and their wrong passwords count together")
	}
}

func (s *Server) trusts(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// browserOf goes back hop by hop, from the proxy that asks, as far as the hops are trusted.
func (s *Server) browserOf(proxy netip.Addr, forwarded []string) netip.Addr {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(proxy); i-- {
		hop := strings.TrimSpace(hops[i])
		a, err := netip.ParseAddr(strings.Trim(hop, "[]"))
		if err != nil {
			at, err := netip.ParseAddrPort(hop)
			if err != nil {
				break // what this one says is no address
			}
			a = at.Addr()
		}
		proxy = a.Unmap()
	}
	return proxy
}

// address is where a request comes from.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// secure tells whether the person's browser speaks HTTPS, to us or to a trusted proxy.
func secure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// strict keeps browsers that came by HTTPS from coming by anything else for a year: from this host alone, others of its domain are not ours
// to speak for. localhost is every program of a machine, so it is left out.
func strict(w http.ResponseWriter, r *http.Request) {
	if host, _, _ := strings.Cut(r.Host, ":"); secure(r) && host != "localhost" {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// ToHTTPS answers who comes by http where the office speaks https itself, at main: it leads to the public address or, without one, to the host
// that was asked. What is not only read is refused, so that nobody goes on sending passwords by a way that others can read.
func ToHTTPS(public string, main net.Addr) http.Handler {
	port := ""
	if at, err := netip.ParseAddrPort(main.String()); err == nil && at.Port() != 443 {
		port = ":" + strconv.Itoa(int(at.Port()))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		to := strings.TrimSuffix(public, "/")
		if asked, err := url.Parse("http://" + r.Host); to == "" && err == nil && asked.Hostname() != "" && asked.Host == r.Host {
			to = "https://" + strings.TrimSuffix(r.Host, ":"+asked.Port()) + port
		}
		if to == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(answer{fault.New(fault.Forbidden, "this server speaks https").And("field", "https")})
			return
		}
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// origins tells a page of ours from one of elsewhere: by what the browser says of it, or because its origin is the host that was asked, or
// the office's public address. Programs say nothing and are no pages.
func (s *Server) origins() *http.CrossOriginProtection {
	c := http.NewCrossOriginProtection()
	if u, err := url.Parse(s.Public); err == nil && u.Host != "" {
		usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme] // browsers leave it out
		_ = c.AddTrustedOrigin(u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual))
	}
	c.SetDenyHandler(http.HandlerFunc(s.foreign))
	return c
}

// foreign refuses a page of elsewhere. Behind a proxy that does not pass on the host that was asked, our own pages look like that: the log
// says so to the operator.
func (s *Server) foreign(w http.ResponseWriter, r *http.Request) {
	s.hint("host", "a page of another origin was refused; if it is ours, the proxy in front does not pass on the header Host "+
		"(nginx: proxy_set_header Host $http_host;), or -public is not the page's address", "origin", r.Header.Get("Origin"), "host", r.Host)
	s.refuse(w, r, fault.New(fault.Forbidden, "from a page of another origin").And("field", "origin"))
}

// knock refuses a request for the socket that is none, or comes from a page of elsewhere.
func (s *Server) knock(w http.ResponseWriter, r *http.Request) bool {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.hint("upgrade", "the socket was asked for without an upgrade; if this goes on, the proxy in front does not pass on the headers "+
			"Upgrade and Connection (see operating.md)")
		w.Header().Set("Upgrade", "websocket")
		s.refuse(w, r, fault.New(fault.Invalid, "this is a WebSocket").And("field", "upgrade"))
		return false
	}
	asks := *r // reading it changes something, so it is held to what holds for changes
	asks.Method = http.MethodPost
	if s.cross.Check(&asks) != nil {
		s.foreign(w, r)
		return false
	}
	return true
}

// hints are said to the operator at most once a minute each.
type hints struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (h *hints) due(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.last[name]) < time.Minute {
		return false
	}
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	h.last[name] = time.Now()
	return true
}

// hint says in the log what the operator has to mend, and notes it for linli doctor; there without what came from strangers (args).
func (s *Server) hint(name, text string, args ...any) {
	if !s.hints.due(name) {
		return
	}
	s.Log.Warn(text, args...)
	if s.Noted != nil {
		s.Noted(name, text)
	}
}
