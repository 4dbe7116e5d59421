package web

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"linli/internal/id"
	"linli/internal/notify"
	"linli/internal/room"
)

// newMetrics is what /metrics says, asked of the parts at each scrape.
func (s *Server) newMetrics() http.Handler {
	r := prometheus.NewRegistry()
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
