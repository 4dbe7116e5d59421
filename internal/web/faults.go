package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"linli/internal/fault"
)

// statuses is the one table from faults to HTTP.
var statuses = map[fault.Code]int{
	fault.Internal: 500, fault.Invalid: 422, fault.SignIn: 401, fault.Wrong: 401, fault.Forbidden: 403, fault.NotMember: 403,
	fault.Muted: 403, fault.Removed: 403, fault.NotFound: 404, fault.Taken: 409, fault.Closed: 409, fault.Retracted: 409,
	fault.TooLate: 409, fault.Unchanged: 409, fault.PhoneTaken: 409, fault.SetupDone: 409, fault.OutOfStock: 409,
	fault.WhichDoor: 409, fault.NameTaken: 409, fault.NoPremises: 409, fault.Stale: 409, fault.Conflicting: 409, fault.QuietHours: 409, fault.Quota: 409, fault.Expired: 410, fault.Revoked: 410, fault.TooLarge: 413,
	fault.Unreadable: 422, fault.Weak: 422, fault.TooMany: 429, fault.Busy: 503, fault.NotReady: 503, fault.NoSpace: 507,
	fault.NoEngine: 404, fault.EngineDown: 424, fault.Unheard: 422, fault.Damaged: 503, fault.SecondStep: 403,
}

// answer is a fault on its way out. It is huma's StatusError.
type answer struct{ *fault.Fault }

func (a answer) GetStatus() int {
	if n := statuses[a.Code]; n != 0 {
		return n
	}
	return http.StatusInternalServerError
}

// retryAfter is in how many seconds the same may be tried again; empty when that is not known.
func (a answer) retryAfter() string {
	switch wait := a.With["retry"].(type) {
	case int:
		return strconv.Itoa(max(wait, 1))
	case int64:
		return strconv.FormatInt(max(wait, 1), 10)
	}
	if a.GetStatus() == http.StatusTooManyRequests {
		return "60"
	}
	return ""
}

// GetHeaders is what huma sends with it.
func (a answer) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if after := a.retryAfter(); after != "" {
		h.Set("Retry-After", after)
	}
	return h
}

// ContentType keeps huma from calling it a problem document.
func (a answer) ContentType(string) string { return "application/json" }

// MarshalJSON leaves out what an embedded error would add.
func (a answer) MarshalJSON() ([]byte, error) { return json.Marshal(a.Fault) }

// fail turns what a handler returns into what may be told; anything but a fault is logged here, once.
func (s *Server) fail(ctx context.Context, err error) answer {
	if f := fault.Of(err); f != nil {
		s.noteRefusal(ctx, err)
		said := answer{f}
		level := slog.LevelDebug
		if said.GetStatus() >= http.StatusInternalServerError { // it is not the asker's
			level = slog.LevelInfo
		}
		s.Log.Log(ctx, level, "request refused", append(whose(ctx), "code", f.Code, "reason", f.Reason)...)
		return said
	}
	name, _ := ctx.Value(requestKey).(string)
	level := slog.LevelError
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		level = slog.LevelDebug // whoever asked has gone away
	}
	s.Log.Log(ctx, level, "request failed", append(whose(ctx), "err", err)...)
	return answer{fault.New(fault.Internal, "something went wrong").And("id", name)}
}

// whose says in the log which request it was: by its id, its method and its route. What stands in its URL may be a secret (a poster's link).
func whose(ctx context.Context) []any {
	name, _ := ctx.Value(requestKey).(string)
	method := ""
	if r, ok := ctx.Value(askKey).(*http.Request); ok {
		method = r.Method
	}
	return []any{"request", name, "method", method, "route", routeOf(ctx)}
}

// refuse answers a plain handler's request with a fault.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	a := s.fail(r.Context(), err)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if after := a.retryAfter(); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.WriteHeader(a.GetStatus())
	_ = json.NewEncoder(w).Encode(a)
}

// init says huma's own refusals (a body of the wrong shape) in our words, and that no list here is ever null.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, details ...error) huma.StatusError {
		f := fault.New(fault.Invalid, message)
		for _, d := range details {
			if detail, ok := d.(*huma.ErrorDetail); ok { //nolint:errorlint // huma passes it as it is
				f = fault.New(f.Code, detail.Message).And("field", detail.Location)
			}
		}
		switch {
		case status == http.StatusRequestEntityTooLarge:
			f.Code = fault.TooLarge
		case status == http.StatusNotFound:
			f.Code = fault.NotFound
		case status >= http.StatusInternalServerError:
			f.Code = fault.Internal
		case f.With["field"] == nil:
			f = f.And("field", "body")
		}
		return answer{f}
	}
}
