package certificate

import (
	"log/slog"
	"sync"
	"time"
)

// steps towards the end of a certificate at which the log says how near it is.
var steps = []time.Duration{21 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, 0}

// ending says in the log how near the end of a certificate is.
type ending struct {
	log    *slog.Logger
	now    func() time.Time
	advice string

	mu     sync.Mutex
	until  time.Time
	warned int // of the steps, how many the log has said
	last   time.Time
}

// warn says once at each step how near the end is, and every day that it is over. Another end begins anew.
func (e *ending) warn(until time.Time, where string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !until.Equal(e.until) {
		e.until, e.warned = until, 0
	}
	now, near := e.now(), 0
	for _, s := range steps {
		if !now.Before(until.Add(-s)) {
			near++
		}
	}
	over := near == len(steps)
	if near <= e.warned && (!over || now.Sub(e.last) < 24*time.Hour) {
		return
	}
	e.warned, e.last = near, now
	what := []any{"of", where, "until", until.Format(time.RFC3339), "advice", e.advice}
	if over {
		e.log.Error("the certificate is over: browsers open the page no more", what...)
		return
	}
	e.log.Warn("the certificate goes over soon", append([]any{"days", int(until.Sub(now).Hours() / 24)}, what...)...)
}
