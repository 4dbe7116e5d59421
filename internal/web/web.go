// Package web is HTTP and the socket: the table of URLs (routes.go), who asks (who.go), and the socket's conversation (conn.go).
// Each handler checks at the door whether this person may; the log checks again. What a handler answers about other people is
// recorded before it leaves, and not stored by anybody on the way.
package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"golang.org/x/time/rate"

	"linli/internal/archive"
	"linli/internal/audit"
	"linli/internal/auth"
	"linli/internal/blob"
	"linli/internal/engine"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/intake"
	"linli/internal/kind"
	"linli/internal/legible"
	"linli/internal/notify"
	"linli/internal/pocket"
	"linli/internal/preview"
	"linli/internal/register"
	"linli/internal/search"
	"linli/internal/speech"
	"linli/internal/view"
)

// Server answers everything that comes by HTTP.
type Server struct {
	Engine   *engine.Engine
	View     *view.View
	Search   *search.Index
	Blobs    *blob.Store
	Hub      *hub.Hub
	Register *register.Register
	Auth     *auth.Auth
	Marks    *engine.Marks
	Scans    *engine.Scans
	Pockets  *pocket.Pockets
	Notify   *notify.Ladder
	Intake   *intake.Service
	Speech   *speech.Engine // nil: none
	Preview  *preview.Fetcher
	Audit    *audit.Log
	Keeper   *archive.Keeper // nil: no copies are made
	Keep     kind.Keep
	Sockets  *Sockets
	Public   string         // URL under which residents reach the server; empty: as asked
	Proxies  []netip.Prefix // who is believed about where a request comes from
	Version  string
	Demo     bool
	Rate     rate.Limit // requests a second of one device; 0: asksPerSecond
	Now      func() time.Time
	Log      *slog.Logger
	Data     string // the folder with everything
	Reserve  int64  // bytes of free disk below which nothing more is stored

	Noted func(name, text string) // takes what the operator has to mend; nil: nobody

	// For metrics:
	Disk        func() (free int64)
	Queues      map[string]func() float64 // how much waits in each
	Sizes       map[string]func() float64 // bytes on disk of each folder of the data
	Certificate func() time.Time          // when it goes over; nil where this server shows none

	applying [100]sync.Mutex // by the last two digits of a phone
	paces    paces
	rosters  rosters
	waits    waits
	spelling once
	metrics  http.Handler
	meters   *meters
	cross    *http.CrossOriginProtection
	hints    hints
	system   systemCache
}

// Handler is the whole of it.
func (s *Server) Handler() http.Handler {
	s.meters = newMeters()
	s.metrics, s.cross = s.newMetrics(), s.origins()
	r := chi.NewRouter()
	r.Use(s.arrive, s.counted, s.guard, s.cross.Handler)
	r.MethodNotAllowed(s.noSuchMethod)
	s.routes(r)
	return r
}

type contextKey int

const (
	requestKey contextKey = iota
	claimKey
	halfKey // as claimKey, also where the second step is due
	askKey
)

// named is the id of a request: what a trusted proxy calls it (arrive takes off what anybody else says), or a name of ours.
func named(r *http.Request) string {
	if said := r.Header.Get(requestID); requestName.MatchString(said) {
		return said
	}
	return rand.Text()[:12]
}

const requestID = "X-Request-Id"

var requestName = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// guard gives each request an id, which the answer and the log have; holds what every answer says about itself, and turns a panic into an internal fault.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp(""))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		strict(w, r)
		name := named(r)
		h.Set(requestID, name)
		ctx := context.WithValue(r.Context(), requestKey, name)
		ctx = context.WithValue(ctx, askKey, r)
		r = r.WithContext(ctx)
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // it is that very value
					panic(p)
				}
				s.refuse(w, r, fault.Panicked(p))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// who is the device that asks; fault.SignIn when none is signed in, fault.SecondStep when it has to take its second step first.
func (s *Server) who(ctx context.Context) (auth.Claim, error) {
	if c, ok := ctx.Value(claimKey).(auth.Claim); ok {
		return c, nil
	}
	c, err := s.half(ctx)
	if err == nil {
		err = s.owes(ctx, c)
	}
	return c, err
}

// claim is the device whose token comes with a request.
func (s *Server) claim(ctx context.Context) (auth.Claim, error) {
	r, _ := ctx.Value(askKey).(*http.Request)
	token := bearer(r)
	if token == "" {
		if c, err := r.Cookie(accessCookie); err == nil {
			token = c.Value
		}
	}
	if token == "" {
		return auth.Claim{}, fault.New(fault.SignIn, "nobody is signed in")
	}
	c, err := s.Auth.Verify(token)
	if err == nil {
		s.Auth.Seen(ctx, c.Device)
	}
	return c, err
}

// insist refuses who may not ask (who, half), before anything of what they sent is read.
func (s *Server) insist(may func(context.Context) (auth.Claim, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := may(r.Context()); err != nil {
				s.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// insistOn is insist for a call that huma reads.
func (s *Server) insistOn(may func(context.Context) (auth.Claim, error)) func(huma.Context, func(huma.Context)) {
	insist := s.insist(may)
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		insist(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { next(ctx) })).ServeHTTP(w, r)
	}
}

// where is what a sign-in comes from.
func where(ctx context.Context, label string) auth.Where {
	r, _ := ctx.Value(askKey).(*http.Request)
	if legible.Blank(label) || !legible.Name(label) {
		label = browser(r.UserAgent())
	}
	return auth.Where{Label: label, Address: address(r), Known: cookieOf(r, knownCookie), Trust: cookieOf(r, trustCookie)}
}

// browser is a name for a device that its owner recognises: the phone's model where it says one, its system, the program.
func browser(agent string) string {
	name := func(of [][2]string, otherwise string) string {
		for _, x := range of {
			if strings.Contains(agent, x[0]) {
				return x[1]
			}
		}
		return otherwise
	}
	system, version := name(systems, ""), ""
	switch system {
	case "iPhone", "iPad":
		if _, rest, ok := strings.Cut(agent, " OS "); ok {
			version, _, _ = strings.Cut(rest, "_")
			version = " iOS " + version
		}
	case "安卓", "鸿蒙":
		version = " " + modelOf(agent)
	}
	device := strings.TrimSpace(system + strings.TrimRight(version, " "))
	return strings.TrimSpace(device + " " + name(programs, "浏览器"))
}

var (
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"HarmonyOS", "鸿蒙"}, {"Android", "安卓"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
	}
	programs = [][2]string{
		{"MicroMessenger", "微信"}, {"HuaweiBrowser", "华为浏览器"}, {"MiuiBrowser", "小米浏览器"}, {"HeyTapBrowser", "OPPO 浏览器"}, {"VivoBrowser", "vivo 浏览器"},
		{"MQQBrowser", "QQ 浏览器"}, {"UCBrowser", "UC 浏览器"}, {"Quark", "夸克"}, {"SamsungBrowser", "三星浏览器"}, {"Edg", "Edge"}, {"Firefox", "Firefox"},
		{"Chrome", "Chrome"}, {"Safari", "Safari"},
	}
)

// mostModel is how many characters of a model are shown.
const mostModel = 24

// modelOf is the model in what an Android browser says of itself: (Linux; Android 12; M2102K1C Build/SKQ1); empty where it keeps that to
// itself (K).
func modelOf(agent string) string {
	_, rest, _ := strings.Cut(agent, "(")
	inside, _, _ := strings.Cut(rest, ")")
	parts := strings.Split(inside, ";")
	if len(parts) < 3 {
		return ""
	}
	model, _, _ := strings.Cut(strings.TrimSpace(parts[2]), " Build/")
	if model == "HarmonyOS" && len(parts) > 3 {
		model = strings.TrimSpace(parts[3])
	}
	if model == "K" || strings.HasPrefix(model, "rv:") || model == "Mobile" || len([]rune(model)) > mostModel || !legible.Name(model) {
		return ""
	}
	return model
}

// base is the URL under which the person who asks reached the server.
func (s *Server) base(ctx context.Context) string {
	if s.Public != "" {
		return strings.TrimSuffix(s.Public, "/")
	}
	r, _ := ctx.Value(askKey).(*http.Request)
	if secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// socket is GET /api/v1/socket.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	c, err := s.who(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if s.knock(w, r) {
		s.Sockets.Serve(w, r, c.Person, c.Device)
	}
}

// signedIn is the person who asks.
func (s *Server) signedIn(ctx context.Context) (id.Person, error) {
	c, err := s.who(ctx)
	return c.Person, err
}
