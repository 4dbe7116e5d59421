package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"linli/internal/wire"
)

// routes is every URL there is. docs/protocol.md says what they mean.
func (s *Server) routes(r chi.Router) {
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.HandleFunc("/metrics", s.metricsElsewhere)
	r.Post("/share", s.shared)

	r.Route("/api/v1", func(r chi.Router) {
		r.Use(s.paced, compressed)
		a := &api{s: s, huma: humachi.New(r, s.config())}
		s.declare(a, r)
		s.describe(a.huma)
	})
	r.NotFound(s.client)
}

// compressed sends what is asked for as JSON compressed, where the browser takes it: over a slow line a page of a room is a third of a second
// less. Only our own pages can ask with somebody's cookies (cross-origin requests are refused), so lengths tell a stranger nothing.
func compressed(next http.Handler) http.Handler {
	smaller := middleware.Compress(5, "application/json")(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Upgrade") == "" {
			smaller.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// declare is every call below /api/v1: for a, and for files of any kind, one has to be signed in; for half also who has to take the second step
// first; the open ones are for anybody.
func (s *Server) declare(open *api, anybody chi.Router) {
	a, r := &api{s, open.huma, huma.Middlewares{s.insistOn(s.who)}}, anybody.With(s.insist(s.who))
	half := &api{s, open.huma, huma.Middlewares{s.insistOn(s.half)}}
	get(open, "/setup", s.setupNeeded)
	post(open, "/setup", s.setup)
	post(open, "/session", s.signIn)
	post(open, "/session/code", s.signInByCode)
	post(open, "/session/second", s.pass)
	post(open, "/session/second/ask", s.askDue)
	post(open, "/session/refresh", s.refresh)
	remove(open, "/session", s.signOut)

	get(a, "/me", s.me)
	put(a, "/me/password", s.changePassword)
	get(half, "/me/devices", s.devices)
	remove(half, "/me/devices", s.endOthers)
	remove(half, "/me/devices/{device}", s.endDevice)
	get(half, "/me/second", s.steps)
	post(half, "/me/second", s.takeStep)
	remove(half, "/me/second", s.endStep)
	post(half, "/me/second/digits", s.beginDigits)
	put(half, "/me/second/digits", s.setDigits)
	remove(half, "/me/second/digits", s.endDigits)
	post(half, "/me/second/paper", s.newPaper)
	post(half, "/me/second/ask", s.askPasskey)
	post(half, "/me/second/passkeys", s.beginPasskey)
	put(half, "/me/second/passkeys", s.setPasskey)
	remove(half, "/me/second/passkeys/{passkey}", s.endPasskey)
	put(a, "/me/posts", s.answerPost)
	remove(a, "/me/code", s.cancelCode)
	get(a, "/looks", s.looks)

	get(a, "/rooms", s.rooms)
	post(a, "/rooms", s.openRoom)
	get(a, "/rooms/{room}", s.room)
	r.Get("/rooms/{room}/items", s.items)
	r.Get("/rooms/{room}/items/{seq}", s.item)
	get(a, "/rooms/{room}/days", s.days)
	r.Get("/rooms/{room}/items/{seq}/files/{hash}", s.file)
	get(a, "/rooms/{room}/items/{seq}/previews", s.previews)
	post(a, "/rooms/{room}/items/{seq}/spell", s.spell)
	get(a, "/rooms/{room}/items/{seq}/receipts", s.receipts)
	r.Get("/rooms/{room}/items/{seq}/receipts.xlsx", s.receiptsTable)
	get(a, "/rooms/{room}/items/{seq}/contact", s.contact)
	get(a, "/rooms/{room}/items/{seq}/alarm", s.alarm)
	get(a, "/rooms/{room}/items/{seq}/versions", s.versions)
	get(a, "/rooms/{room}/taken", s.taken)
	get(a, "/rooms/{room}/people", s.people)
	post(a, "/rooms/{room}/members", s.members)
	post(a, "/rooms/{room}/members/{person}/code", s.memberCode)
	put(a, "/rooms/{room}/members/{person}/badge", s.setBadge)
	put(a, "/rooms/{room}/members/{person}/name", s.rename)
	post(a, "/rooms/{room}/badge", s.wantBadge)
	post(a, "/rooms/{room}/leave", s.leave)
	post(a, "/rooms/{room}/members/{person}/doors", s.bind)
	remove(a, "/rooms/{room}/members/{person}/doors/{premises}", s.unbind)
	post(a, "/rooms/{room}/commands", s.commands)
	get(a, "/rooms/{room}/links", s.links)
	post(a, "/rooms/{room}/links", s.makeLink)
	remove(a, "/rooms/{room}/links/{link}", s.endLink)
	r.Get("/rooms/{room}/links/{link}/poster.pdf", s.poster)
	r.Get("/rooms/{room}/links/{link}/code.png", s.posterCode)
	get(a, "/rooms/{room}/slips", s.slips)
	post(a, "/rooms/{room}/slips", s.makeSlips)
	remove(a, "/rooms/{room}/slips", s.endSlips)
	r.Get("/rooms/{room}/slips.pdf", s.slipsPaper)

	post(a, "/rooms/{room}/uploads", s.beginUpload)
	get(a, "/uploads/{upload}", s.uploadState)
	r.Patch("/uploads/{upload}", s.uploadPart)
	post(a, "/uploads/{upload}/done", s.endUpload)
	remove(a, "/uploads/{upload}", s.dropUpload)

	post(a, "/search", s.search)

	get(a, "/me/pocket", s.pocket)
	put(a, "/me/choices", s.choose)
	put(a, "/me/drafts/{room}", s.draft)
	put(a, "/me/rooms/{room}", s.stand)
	post(a, "/me/stars", s.stars)
	put(a, "/me/stars/{room}/{seq}", s.star)
	remove(a, "/me/stars/{room}/{seq}", s.unstar)
	get(a, "/me/todo", s.todo)
	put(a, "/me/todo/{room}/{seq}/aside", s.skip)
	remove(a, "/me/todo/{room}/{seq}/aside", s.unskip)
	get(a, "/me/tasks", s.tasks)
	get(a, "/me/catchup", s.catchup)

	get(a, "/me/alerts", s.alerts)
	post(a, "/me/alerts/test", s.testAlert)
	post(a, "/me/pushes", s.subscribe)
	remove(a, "/me/pushes/{push}", s.unsubscribe)
	post(open, "/alerts/{receipt}/shown", s.alertShown)
	get(a, "/rooms/{room}/reach", s.reach)

	get(open, "/join/{link}", s.joinPage)
	get(open, "/join/{link}/doors", s.joinDoors)
	post(open, "/join/{link}", s.apply)
	get(a, "/applications/mine", s.myApplications)
	get(a, "/applications/log", s.decisions)
	get(a, "/applications", s.applications)
	post(a, "/applications/approve", s.approveMany)
	put(a, "/applications/{application}", s.amend)
	remove(a, "/applications/{application}", s.withdraw)
	get(a, "/applications/{application}/page", s.amendPage)
	get(a, "/applications/{application}/doors", s.amendDoors)
	post(a, "/applications/{application}/approve", s.approve)
	post(a, "/applications/{application}/ask", s.ask)
	post(a, "/applications/{application}/reject", s.reject)

	get(a, "/levels", s.levels)
	post(a, "/levels/doors", s.doors)
	r.Get("/levels/doors.xlsx", s.doorsTable)
	get(a, "/doors/byhand", s.byHand)
	post(a, "/doors/withdraw", s.withdrawDoors)
	post(a, "/communities", s.addCommunity)
	r.Post("/roster", s.previewRoster)
	r.Get("/roster/template.xlsx", s.rosterTemplate)
	get(a, "/roster/{roster}", s.rosterState)
	post(a, "/roster/{roster}/apply", s.applyRoster)
	r.Get("/roster/{roster}/errors.xlsx", s.rosterErrors)
	get(a, "/staff", s.staff)
	post(a, "/staff", s.appoint)
	remove(a, "/staff/{person}", s.dismiss)
	post(a, "/staff/{person}/code", s.staffCode)
	post(a, "/staff/{person}/reset", s.resetCode)
	post(a, "/staff/codes", s.codeSheet)
	get(a, "/removals", s.removals)
	post(a, "/removals", s.removePerson)
	remove(a, "/removals", s.restorePerson)
	put(a, "/charter", s.setCharter)
	post(a, "/charter/accept", s.acceptCharter)
	get(a, "/policy", s.rules)
	put(a, "/policy", s.setPolicy)
	get(a, "/telephone", s.telephone)
	put(a, "/telephone", s.setTelephone)
	get(a, "/second", s.second)
	put(a, "/second", s.setSecond)
	get(a, "/limits", s.limits)
	put(a, "/limits", s.setLimits)
	get(a, "/audit", s.auditLines)
	get(a, "/system", s.systemPage)
	post(a, "/system/backup", s.startCopy)
	post(a, "/system/verify", s.startVerify)

	r.Get("/socket", s.socket)
	anybody.NotFound(s.noSuchCall)
	anybody.MethodNotAllowed(s.noSuchMethod)
}

// config is huma's, without what it would add to every answer and without pages that load scripts from elsewhere.
func (s *Server) config() huma.Config {
	c := huma.DefaultConfig("Linli", s.Version)
	c.CreateHooks, c.DocsPath, c.SchemasPath = nil, "", ""
	c.OpenAPIPath = "/openapi"
	c.Servers = []*huma.Server{{URL: "/api/v1"}}
	return c
}

// describe puts the socket's types beside those of HTTP: one schema for all that crosses the wire.
func (s *Server) describe(a huma.API) {
	registry := a.OpenAPI().Components.Schemas
	for _, t := range wire.Types() {
		registry.Schema(t, true, "")
	}
	registry.Schema(reflect.TypeFor[PocketNews](), true, "")
	// It crosses the wire as a list: [room, seq], or [room, seq, lane].
	pair := registry.SchemaFromRef("#/components/schemas/ReadTo")
	*pair = huma.Schema{Type: huma.TypeArray, Description: "[room, seq, lane?]", Items: &huma.Schema{}}
}

// OpenAPI describes every call with a JSON body and everything that crosses the socket, without a server behind it.
func OpenAPI() *huma.OpenAPI {
	s := &Server{}
	r := chi.NewRouter()
	a := &api{s: s, huma: humachi.New(r, s.config())}
	s.declare(a, r)
	s.describe(a.huma)
	return a.huma.OpenAPI()
}

// api is where operations are declared.
type api struct {
	s      *Server
	huma   huma.API
	before huma.Middlewares // runs before anything of a request is read
}

const maxBody = 64 << 10 // bytes of a JSON body

func op[I, O any](a *api, method, path string, h func(context.Context, *I) (*O, error)) {
	huma.Register(a.huma, huma.Operation{
		OperationID: huma.GenerateOperationID(method, path, (*O)(nil)), Method: method, Path: path, MaxBodyBytes: maxBody,
		SkipValidateParams: true, DefaultStatus: http.StatusOK, Middlewares: a.before,
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.s.fail(ctx, err)
		}
		return out, nil
	})
}

func get[I, O any](a *api, path string, h func(context.Context, *I) (*O, error)) {
	op(a, http.MethodGet, path, h)
}

func post[I, O any](a *api, path string, h func(context.Context, *I) (*O, error)) {
	op(a, http.MethodPost, path, h)
}

func put[I, O any](a *api, path string, h func(context.Context, *I) (*O, error)) {
	op(a, http.MethodPut, path, h)
}

func remove[I, O any](a *api, path string, h func(context.Context, *I) (*O, error)) {
	op(a, http.MethodDelete, path, h)
}

// none is the input of a call without any.
type none struct{}

// done is an answer that says no more than that it is done.
type done struct {
	Body struct {
		Done bool `json:"done"`
	}
}

func ok() *done {
	d := &done{}
	d.Body.Done = true
	return d
}

// body is an answer with a JSON body; secret ones are not kept by anybody on the way.
type body[T any] struct {
	Cache string `header:"Cache-Control"`
	Body  T
}

func says[T any](v T) *body[T] { return &body[T]{Cache: "no-store", Body: v} }
