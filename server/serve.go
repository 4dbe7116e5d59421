package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/room"
	"linli/internal/socket"
	"linli/internal/speech"
	"linli/internal/web"
)

const (
	pingEvery = 30 * time.Second
	talkIn    = 3 * time.Second // requests may go on for so long when the program stops
	closeIn   = 5 * time.Second // and so long may the disk take
)

// serve is the office's server.
func serve(ctx context.Context, args []string, _, errs io.Writer) int {
	c := &Config{}
	if err := c.parse("serve", args, errs); err != nil {
		return exit(err, errs)
	}
	p, err := open(ctx, c, settings{})
	if err != nil {
		return exit(stopped(ctx, err), errs)
	}
	return exit(p.serve(ctx, c, special{}), errs)
}

// stopped makes nothing of an error that is no more than that somebody stopped the program while it started.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// special is what a demo or a measurement wants otherwise.
type special struct {
	demo bool
	rate rate.Limit // commands a second of one connection, requests of one device; 0: as usual
}

// serve answers on the configured address until ctx ends, and closes the program. with is what is not usual about
// it.
func (p *Program) serve(ctx context.Context, c *Config, with special) (err error) {
	defer func() { err = errors.Join(err, p.closeWithin(closeIn)) }()
	listener, err := listen("listen", c.Listen)
	if err != nil {
		return err
	}
	return p.serveOn(ctx, listener, c, with)
}

// listen opens an address. Who may not says what would let them.
func listen(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("%s: %w; a port below 1024 needs CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)", flag, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return l, nil
}

// serveOn is serve on an address that is open already.
func (p *Program) serveOn(ctx context.Context, listener net.Listener, c *Config, with special) error {
	debug.SetGCPercent(50) // memory per connection matters more here than the collector's time
	edge, err := openEdge(c, listener, p.Log)
	if err != nil {
		return err
	}
	defer edge.close()
	if err := p.sayCode(ctx, edge.url); err != nil {
		return err
	}
	answers := p.web(c, with)
	if edge.shown != nil {
		answers.Certificate = edge.shown.Expires
	}
	beats, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go socket.Beat(beats, p.Hub, pingEvery)
	copies := p.copies(beats, c)
	failed := edge.serve(beats, answers.Handler(), answers.Watch)
	if !with.demo {
		p.mindClock()
	}
	p.Log.Info("serving", "url", edge.url, "version", version)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	p.Log.Info("stopping")
	answers.Stop()
	p.Hub.Bye(hub.GoingAway, "the server stops")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), talkIn)
	defer cancel()
	edge.shutdown(last)
	answers.Wait(last)
	stop()
	ended := make(chan struct{})
	go func() { copies.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(closeIn): // a place of copies that does not answer keeps nobody from stopping
	}
	return nil
}

// copies makes them when they are due, and hears commands of this machine, until ctx ends.
func (p *Program) copies(ctx context.Context, c *Config) *sync.WaitGroup {
	var both sync.WaitGroup
	both.Go(func() {
		if err := p.control(ctx, c); err != nil {
			p.Log.Warn("commands of this machine are not heard", "err", err)
		}
	})
	if p.Keeper != nil {
		both.Go(func() { p.Keeper.Run(ctx) })
	}
	return &both
}

// mindClock warns when what was said last is ahead of the clock: it was set back. Nothing is lost by that, order is kept by numbers, and the times of
// what was said stay as they are.
func (p *Program) mindClock() {
	newest := int64(0)
	var rooms []id.Room
	p.Engine.EachRoom(func(s *room.State) { rooms = append(rooms, s.ID()) })
	for _, r := range rooms {
		b, err := p.View.Last(r)
		var last struct{ At int64 }
		if err == nil && json.Unmarshal(b, &last) == nil {
			newest = max(newest, last.At)
		}
	}
	if ahead := time.UnixMilli(newest).Sub(p.Now()); ahead > clockSlack {
		p.Log.Warn("the clock was set back: what was said last is ahead of it; linli doctor says what to do", "ahead", ahead.Round(time.Second).String())
	}
}

// web joins HTTP and the socket to the parts.
func (p *Program) web(c *Config, with special) *web.Server {
	proxies, _ := c.trusted() // validated
	s := &web.Server{
		Engine: p.Engine, View: p.View, Search: p.Search, Blobs: p.Blobs, Hub: p.Hub, Register: p.Register, Auth: p.Auth, Marks: p.Marks, Intake: p.Intake, Scans: p.Scans, Pockets: p.Pockets, Notify: p.Notify,
		Speech: speech.New(c.SpeechHook), Preview: p.Preview, Keep: p.Keep, Keeper: p.Keeper, Audit: p.Audit, Data: c.Data, Reserve: c.Reserve << 20,
		Public: c.Public, Proxies: proxies, Version: version, Demo: with.demo, Rate: with.rate, Now: p.Now, Log: p.Log,
	}
	s.Disk = func() int64 {
		var st syscall.Statfs_t
		if syscall.Statfs(c.Data, &st) != nil {
			return 0
		}
		return int64(st.Bavail) * st.Bsize
	}
	s.Queues = map[string]func() float64{
		"log":     func() float64 { return float64(p.waiting()) },
		"pushes":  func() float64 { n, _, _ := p.Notify.Waiting(); return float64(n) },
		"texts":   func() float64 { _, n, _ := p.Notify.Waiting(); return float64(n) },
		"staff":   func() float64 { _, _, n := p.Notify.Waiting(); return float64(n) },
		"uploads": func() float64 { return float64(p.Blobs.Underway()) },
	}
	s.Sizes = newSizes(c.Data).all()
	s.Noted = openNotes(c.Data).note
	s.Sockets = &web.Sockets{
		Engine: p.Engine, View: p.View, Blobs: p.Blobs, Audit: p.Audit, Hub: p.Hub, Marks: p.Marks, Alive: p.Auth.Alive, Owes: s.OwesStep, Life: p.Life, Rate: with.rate, Now: p.Now, Log: p.Log,
	}
	s.Sockets.Start()
	return s
}
