package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/notify"
	"linli/internal/room"
)

// meters count what goes by. Labels are words of a short list: routes as they stand in the table, never a path that somebody asked for; nobody's
// name, phone, room or address.
type meters struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	signIns  *prometheus.CounterVec
}

func newMeters() *meters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "linli", Name: name, Help: help}, labels)
	}
	return &meters{
		requests: counter("http_requests_total", "Requests that were answered, by route, method and class of the answer.", "route", "method", "class"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "linli", Name: "http_seconds", Help: "How long requests took, by route; without those of the socket.",
			Buckets: []float64{.005, .025, .1, .5, 2.5, 10},
		}, []string{"route"}),
		signIns: counter("sign_ins_total", "Sign-ins, by what they were tried with and what came of them: ok, or why not.", "with", "outcome"),
	}
}

// page is the route of all that is none in the table: pages of the client's own, and its files.
const page = "page"

// routeOf is the route that a request took, as it stands in the table. Known when it was answered.
func routeOf(ctx context.Context) string {
	if c := chi.RouteContext(ctx); c != nil && c.RoutePattern() != "" {
		return c.RoutePattern()
	}
	return page
}

// counted counts each request when it is answered.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, began := middleware.NewWrapResponseWriter(w, r.ProtoMajor), time.Now()
		defer func() {
			method := "other"
			switch r.Method {
			case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
				method = r.Method
			}
			status, route := answer.Status(), routeOf(r.Context())
			if status == 0 { // what is said by saying nothing
				status = http.StatusOK
			}
			s.meters.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Inc()
			if r.Header.Get("Upgrade") == "" {
				s.meters.seconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// signedIn counts a sign-in; err is what came of it.
func (m *meters) signedIn(with string, err error) {
	outcome := "ok"
	if f := fault.Of(err); f != nil {
		outcome = string(f.Code)
	} else if err != nil && !errors.Is(err, context.Canceled) {
		outcome = string(fault.Internal)
	}
	m.signIns.WithLabelValues(with, outcome).Inc()
}

// Watch is what an operator's own programs ask, on an address of its own: /metrics and /debug/pprof. Nobody else may reach it. It stands
// when Handler was called. The command line is left out of what Go offers there: keys may stand in it.
func (s *Server) Watch() http.Handler {
	r := chi.NewRouter()
	r.Handle("/metrics", s.metrics)
	r.Get("/debug/pprof/*", pprof.Index)
	r.Get("/debug/pprof/cmdline", http.NotFound)
	r.Get("/debug/pprof/profile", pprof.Profile)
	r.Get("/debug/pprof/trace", pprof.Trace)
	r.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return r
}

// newMetrics is what /metrics says, asked of the parts at each scrape.
func (s *Server) newMetrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(s.meters.requests, s.meters.seconds, s.meters.signIns)
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "linli", Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "linli", Name: name, Help: help}, value))
	}
	gauge("connections", "Open WebSocket connections.", func() float64 { return float64(s.Hub.Counts().Connections) })
	gauge("people_online", "People with at least one connection.", func() float64 { return float64(s.Hub.Counts().People) })
	gauge("queued_bytes", "Bytes that wait for slow readers.", func() float64 { return float64(s.Hub.Counts().Waiting) })
	counter("published_total", "Deliveries published to topics.", func() float64 { return float64(s.Hub.Counts().Published) })
	counter("delivered_total", "Frames handed to connections.", func() float64 { return float64(s.Hub.Counts().Pushed) })
	gauge("rooms", "Rooms with a log.", func() float64 { return s.sum(func(*room.State) float64 { return 1 }) })
	gauge("members", "Members of all rooms.", func() float64 { return s.sum(func(x *room.State) float64 { return float64(x.Size()) }) })
	gauge("entries", "Entries of all rooms' logs.", func() float64 { return s.sum(func(x *room.State) float64 { return float64(x.Seq()) }) })
	gauge("view_lag_entries", "Entries that the views do not have yet.", func() float64 {
		return s.sum(func(x *room.State) float64 { return float64(x.Seq() - s.viewed(x.ID())) })
	})
	for _, channel := range notify.Channels {
		for _, outcome := range notify.Outcomes {
			r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
				Namespace: "linli", Name: "alerts_total", Help: "What came of alerts, by channel.",
				ConstLabels: prometheus.Labels{"channel": channel, "outcome": outcome},
			}, func() float64 { return float64(s.Notify.Count(channel, outcome)) }))
		}
	}
	gauge("ready", "1 when commands are taken.", func() float64 {
		if s.Engine.Able() != nil {
			return 0
		}
		return 1
	})
	each := func(name, help, label string, of map[string]func() float64) {
		for what, value := range of {
			r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Namespace: "linli", Name: name, Help: help, ConstLabels: prometheus.Labels{label: what},
			}, value))
		}
	}
	each("queue", "What waits: commits for the log, pushes, text messages and messages to the staff for those who deliver them; uploads under way.", "of", s.Queues)
	each("data_bytes", "What the folders of the data take on disk, counted once a minute at most.", "folder", s.Sizes)
	if s.Certificate != nil {
		gauge("certificate_expires_seconds", "Until the certificate that is shown goes over; below 0 when it is over.", func() float64 {
			if until := s.Certificate(); !until.IsZero() {
				return time.Until(until).Seconds()
			}
			return 0 // there is none yet
		})
	}
	if s.Disk != nil {
		gauge("disk_free_bytes", "Free space where the data lie.", func() float64 { return float64(s.Disk()) })
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

func (s *Server) sum(of func(*room.State) float64) (total float64) {
	s.Engine.EachRoom(func(x *room.State) { total += of(x) })
	return total
}

func (s *Server) viewed(r id.Room) room.Seq {
	_, seq := s.View.At(r.Log())
	return seq
}
