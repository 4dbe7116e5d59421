package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// open are the calls for which nobody has to be signed in.
var open = []string{
	"GET /api/v1/setup", "POST /api/v1/setup",
	"POST /api/v1/session", "POST /api/v1/session/code", "POST /api/v1/session/second", "POST /api/v1/session/second/ask", "POST /api/v1/session/refresh", "DELETE /api/v1/session",
	"POST /api/v1/alerts/{receipt}/shown",
	"GET /api/v1/join/{link}", "GET /api/v1/join/{link}/doors", "POST /api/v1/join/{link}",
	"GET /api/v1/openapi.json", "GET /api/v1/openapi.yaml", "GET /api/v1/openapi-3.0.json", "GET /api/v1/openapi-3.0.yaml",
}

// Who is not signed in hears that first, by every call, and whatever they send: nothing of what they sent has been looked at.
func TestWhoIsNotSignedInHearsThatFirst(t *testing.T) {
	t.Parallel()
	s := &Server{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	h := s.Handler()
	calls := map[string]bool{}
	err := chi.Walk(h.(chi.Routes), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error { //nolint:forcetypeassert // a panic says it
		if strings.HasPrefix(path, "/api/v1/") {
			calls[method+" "+path] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range OpenAPI().Paths {
		for _, op := range operations(item) {
			if !calls[op.Method+" /api/v1"+path] {
				t.Errorf("%s %s is in no table", op.Method, path)
			}
		}
	}
	for _, call := range open {
		if !calls[call] {
			t.Errorf("%s is no call", call)
		}
		delete(calls, call)
	}
	hole := regexp.MustCompile(`\{[^}]*\}`)
	for call := range calls {
		method, path, _ := strings.Cut(call, " ")
		for _, body := range []string{"", "{}", "[]", "5", "null", `"x"`, "{", `{"no":1}`, "\xff", strings.Repeat(" ", maxBody+1)} {
			for _, form := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded", ""} {
				r := httptest.NewRequest(method, hole.ReplaceAllString(path, "7")+"?month=x&state=%ff", strings.NewReader(body))
				r.Header.Set("Content-Type", form)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"sign-in"`) {
					t.Errorf("%s with %.20q as %q: %d %s", call, body, form, w.Code, w.Body)
				}
			}
		}
	}
}
