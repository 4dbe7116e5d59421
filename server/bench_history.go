package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"linli/internal/auth"
	"linli/internal/bench"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/id"
)

const (
	historyWorkload = "history"
	pageItems       = 50     // of a page
	missedEntries   = 10_000 // while somebody was away
	shortHistory    = 1_000  // entries of the room that the long one is compared with
)

// opened is one line of the workload history.
type opened struct {
	Workload   string  `json:"workload"`
	Params     any     `json:"params"`
	Subject    string  `json:"subject"`
	What       string  `json:"what"` // newest, middle, beginning, day; reset: what a catch-up begins with; missed: all of it, by pages
	Bytes      int     `json:"bytes"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Worst      float64 `json:"worst_ms"`
	TimesFloor float64 `json:"times_floor,omitempty"`
	TimesShort float64 `json:"times_short,omitempty"` // beside the same in a room with a short history
}

// benchHistory measures how long the server takes to answer for a page of a room: a short one, and one with a long history. A page is
// asked of the whole HTTP handler, without a network between; a catch-up goes through a socket on the loopback. The floor is the same
// number of values read from Badger and joined.
func benchHistory(ctx context.Context, o bench.Options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "linli-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	floor, err := historyFloor(filepath.Join(dir, "floor"), o, out)
	if err != nil {
		return err
	}
	c := &Config{Data: dir, Listen: "127.0.0.1:0", Log: "text", Level: "warn", Reserve: 64}
	p, err := open(ctx, c, settings{auth: auth.Options{Cost: auth.Cost{Time: 1, Memory: 8}, Free: true}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var said bytes.Buffer
	if err := p.seed(ctx, 2, o.Members, &said); err != nil {
		return err
	}
	var members []bench.Member
	for lines := json.NewDecoder(&said); lines.More(); {
		var m bench.Member
		if err := lines.Decode(&m); err != nil {
			return err
		}
		members = append(members, m)
	}
	server := httptest.NewServer(p.web(c, special{rate: rate.Inf}).Handler())
	defer server.Close()
	short := map[string]float64{}
	for i, entries := range []int{shortHistory, o.Messages} {
		m := members[i*o.Members]
		if err := p.talk(ctx, members[i*o.Members:(i+1)*o.Members], entries); err != nil {
			return err
		}
		h := reading{Program: p, ctx: ctx, server: server, member: m, entries: entries, time: o.Time / 8}
		results, err := h.all()
		if err != nil {
			return err
		}
		for _, r := range results {
			if f := floor[r.What]; f > 0 {
				r.TimesFloor = hundredths(r.P50 / f)
			}
			if s := short[r.What]; s > 0 {
				r.TimesShort = hundredths(r.P50 / s)
			}
			if i == 0 {
				short[r.What] = r.P50
			}
			if err := json.NewEncoder(out).Encode(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func hundredths(x float64) float64 { return float64(int(x*100+0.5)) / 100 }

// talk lets members of a room say things until it has so many entries: texts, and now and then a reaction to one.
func (p *Program) talk(ctx context.Context, members []bench.Member, entries int) error {
	r := id.Room(members[0].Room)
	var people []id.Person
	for _, m := range members {
		c, err := p.Auth.Verify(m.Token)
		if err != nil {
			return err
		}
		people = append(people, c.Person)
	}
	answers := &answerers{}
	sent := make([]int, len(members))
	for n := int(p.Engine.Head(r)); n < entries; n++ { //nolint:gosec // far below
		who := n % len(members)
		sent[who]++
		ask := engine.Ask{Person: people[who], Device: id.Device(members[who].Device), Asker: answers, Command: entry.Command{
			ID: fmt.Sprintf("%s.%d", members[who].Device, sent[who]), Act: "text.post",
			Words: json.RawMessage(fmt.Sprintf(`{"text":"第 %d 句：%s"}`, n, strings.Repeat("邻里守望", 14))),
		}}
		if n%10 == 9 {
			ask.Command.Act, ask.Command.Re = "item.react", entry.Seq(n) //nolint:gosec // far below
			ask.Command.Words, ask.Command.With = nil, json.RawMessage(`{"face":"赞","on":true}`)
		}
		answers.Add(1)
		p.Engine.Submit(r.Log(), ask)
		if n%256 == 0 || n+1 == entries {
			answers.Wait()
		}
	}
	if answers.failed != nil {
		return answers.failed
	}
	return p.Engine.Seen(ctx, r)
}

// answerers waits for the answers to commands.
type answerers struct {
	sync.WaitGroup
	mu     sync.Mutex
	failed error
}

func (a *answerers) Answered(all []engine.Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range all {
		if x.Err != nil {
			a.failed = fmt.Errorf("%s: %w", x.Command, x.Err)
		}
		a.Done()
	}
}

// reading is a member who reads a room.
type reading struct {
	*Program
	ctx     context.Context
	server  *httptest.Server
	member  bench.Member
	entries int
	time    time.Duration // for each measurement
}

func (h *reading) page(query string) (size int, err error) {
	r := httptest.NewRequestWithContext(h.ctx, "GET", "/api/v1/rooms/"+h.member.Room+"/items?limit=50"+query, nil)
	r.Header.Set("Authorization", "Bearer "+h.member.Token)
	w := httptest.NewRecorder()
	h.server.Config.Handler.ServeHTTP(w, r)
	if w.Code != 200 {
		return 0, fmt.Errorf("a page: %d %s", w.Code, w.Body)
	}
	return w.Body.Len(), nil
}

func (h *reading) all() (results []opened, err error) {
	began := time.Now().Add(-time.Minute).UnixMilli()
	for _, what := range []struct {
		name  string
		query func(n int) string
	}{
		{"newest", func(int) string { return "" }},
		{"middle", func(n int) string { return fmt.Sprintf("&before=%d", h.entries/2+n%100) }},
		{"beginning", func(n int) string { return fmt.Sprintf("&before=%d", pageItems+60+n%100) }},
		{"day", func(n int) string { return fmt.Sprintf("&at=%d", began+int64(n%60_000)) }},
	} {
		r, err := h.measure(what.name, func(n int) (int, error) { return h.page(what.query(n)) })
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	if h.entries <= missedEntries {
		return results, nil
	}
	after := uint64(h.entries - missedEntries) //nolint:gosec // far below
	to := "ws" + strings.TrimPrefix(h.server.URL, "http") + "/api/v1/socket"
	reset, err := h.measure("reset", func(int) (int, error) {
		c, err := bench.CatchUp(h.ctx, to, h.member, after)
		if err == nil && !c.Reset {
			err = errors.New("no reset")
		}
		return c.Bytes, err
	})
	if err != nil {
		return nil, err
	}
	missed, err := h.measure("missed", func(int) (size int, err error) {
		c, err := bench.CatchUp(h.ctx, to, h.member, after)
		size = c.Bytes
		for from := h.entries - pageItems; err == nil && from > int(after); from -= pageItems { //nolint:gosec // far below
			var n int
			n, err = h.page(fmt.Sprintf("&before=%d", from))
			size += n
		}
		return size, err
	})
	return append(results, reset, missed), err
}

func (h *reading) measure(what string, once func(n int) (size int, err error)) (opened, error) {
	r := opened{Workload: historyWorkload, Params: map[string]int{"entries": h.entries}, Subject: "linli", What: what}
	err := r.repeat(h.time, once)
	return r, err
}

// repeat does it again and again for a while, and notes how long it took.
func (r *opened) repeat(d time.Duration, once func(n int) (size int, err error)) (err error) {
	var all []time.Duration
	for began, n := time.Now(), 0; time.Since(began) < d || n < 20; n++ {
		at := time.Now()
		if r.Bytes, err = once(n); err != nil {
			return err
		}
		all = append(all, time.Since(at))
	}
	r.P50, r.P99, r.Worst = bench.Percentiles(all)
	return nil
}

func historyFloor(dir string, o bench.Options, out io.Writer) (p50 map[string]float64, err error) {
	item := func(n int) []byte {
		return fmt.Appendf(nil, `{"seq":%d,"ch":%d,"kind":"text","by":"p2f81kx0a","at":%d,"id":"d9s0k2.%d","o":{"chat":%d},"words":{"text":"第 %d 句：%s"}}`,
			n, n, 1_700_000_000_000+n, n, n, n, strings.Repeat("邻里守望", 14))
	}
	f, err := bench.OpenPlainPages(dir, o.Messages, item)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p50 = map[string]float64{}
	for what, before := range map[string]func(n int) int{
		"newest": func(int) int { return o.Messages + 1 }, "middle": func(n int) int { return o.Messages/2 + n%100 },
	} {
		r := opened{Workload: historyWorkload, Params: map[string]int{"entries": o.Messages}, Subject: bench.FloorName, What: what}
		if err := r.repeat(o.Time/8, func(n int) (int, error) {
			page, err := f.Page(uint64(before(n)), pageItems) //nolint:gosec // far below
			return len(page), err
		}); err != nil {
			return nil, err
		}
		p50[what] = r.P50
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return nil, err
		}
	}
	return p50, nil
}
