package web

import (
	"context"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"linli/internal/fault"
	"linli/internal/id"
)

// A device may ask so often by HTTP, whatever it asks; the socket has a pace of its own (conn.go). A page of pictures is some
// dozens of requests at once, a finger that types a search one in a quarter of a second.
const (
	asksPerSecond = 30
	asksAtOnce    = 300
	// What takes the server longer than a look-up counts as so many.
	searchCosts = 8
	uploadCosts = 4
)

// paces hold every device to its pace. A device that waits gets its pace back; one that has it all is forgotten.
type paces struct {
	mu sync.Mutex
	of map[id.Device]*rate.Limiter
}

const manyPaces = 4096 // beyond it those that are not in use are forgotten

// take lets a device ask for something of this cost at this rate: fault.TooMany, with retry in seconds, when it was too fast.
func (p *paces) take(d id.Device, limit rate.Limit, now time.Time, cost int) error {
	p.mu.Lock()
	if p.of == nil {
		p.of = map[id.Device]*rate.Limiter{}
	}
	if len(p.of) > manyPaces {
		for other, l := range p.of {
			if l.TokensAt(now) >= asksAtOnce {
				delete(p.of, other)
			}
		}
	}
	l := p.of[d]
	if l == nil {
		l = rate.NewLimiter(limit, asksAtOnce)
		p.of[d] = l
	}
	p.mu.Unlock()
	r := l.ReserveN(now, cost)
	wait := r.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	r.CancelAt(now)
	return fault.New(fault.TooMany, "slower, please").And("retry", int(math.Ceil(wait.Seconds())))
}

// costOf is what a request costs. Commands are counted by the call itself, since only it knows how many there are.
func costOf(r *http.Request) int {
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost && (strings.HasSuffix(path, "/search") || strings.HasSuffix(path, "/me/stars")):
		return searchCosts
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/uploads"):
		return uploadCosts
	}
	return 1
}

// paced refuses what a device asks too fast, before anything else is done for it. Who is not signed in is held back where it
// matters: by phone and address at the doors for signing in and applying (auth).
func (s *Server) paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := s.half(r.Context()); err == nil {
			if err := s.paces.take(c.Device, s.pace(), time.Now(), costOf(r)); err != nil {
				s.refuse(w, r, err)
				return
			}
			ctx := context.WithValue(r.Context(), halfKey, c)
			if s.owes(ctx, c) == nil {
				ctx = context.WithValue(ctx, claimKey, c)
			}
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) pace() rate.Limit {
	if s.Rate == 0 {
		return asksPerSecond
	}
	return s.Rate
}
