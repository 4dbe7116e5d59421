package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/wire"
)

// Resumes cost the most of all that a connection may ask, up to 300 items each. So people take turns: whoever asks for hundreds of rooms
// on dozens of connections gets one answer, and then everybody else who waits gets one.
const (
	maxResumes       = 256             // rooms of one message
	mostWaiting      = 4 * maxResumes  // rooms that wait on one connection; more break the limits
	resumers         = 64              // people who are answered at the same time
	resumesAtOnce    = 512             // of one person; then they are slowed down
	resumesPerSecond = rate.Limit(20)  // of one person
	resumeWithin     = 5 * time.Second // or it has failed
)

// resumes is what was asked for and not yet answered.
type resumes struct {
	answer func(*conn, wire.Resume)

	mu     sync.Mutex
	people map[id.Person]*resuming
	turn   []*resuming // who has something to be answered, each once, and nobody whose answer is being made
	busy   int
	swept  int // how many people there were after the last sweep
}

// resuming is one person's part, over all of their connections.
type resuming struct {
	waits []waiting
	due   bool // in turn, being answered, or held back by the pace
	pace  *rate.Limiter
}

type waiting struct {
	conn *conn
	wire.Resume
}

// ask puts rooms behind those that wait on this connection already. A room is there once, as it was asked for last.
func (t *resumes) ask(k *conn, list []wire.Resume) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.ctx.Err() != nil {
		return
	}
	p := t.of(k.person)
	for _, r := range list {
		at := slices.IndexFunc(p.waits, func(w waiting) bool { return w.conn == k && w.Room == r.Room })
		if at >= 0 {
			p.waits[at].After = r.After
			continue
		}
		if k.resuming++; k.resuming > mostWaiting {
			k.conn.Bye(hub.Limits, "too many resumes")
			t.drop(k)
			return
		}
		p.waits = append(p.waits, waiting{k, r})
	}
	t.next(p)
}

// of is a person's part. Those who have waited their pace out are forgotten now and then.
func (t *resumes) of(who id.Person) *resuming {
	p := t.people[who]
	if p != nil {
		return p
	}
	if t.people == nil {
		t.people = map[id.Person]*resuming{}
	}
	if len(t.people) >= 2*t.swept+manyPaces {
		for other, o := range t.people {
			if !o.due && o.pace.Tokens() >= resumesAtOnce {
				delete(t.people, other)
			}
		}
		t.swept = len(t.people)
	}
	p = &resuming{pace: rate.NewLimiter(resumesPerSecond, resumesAtOnce)}
	t.people[who] = p
	return p
}

// next gives somebody a turn behind everybody else's, as soon as their pace lets them.
func (t *resumes) next(p *resuming) {
	if p.due || len(p.waits) == 0 {
		return
	}
	p.due = true
	if wait := p.pace.Reserve().Delay(); wait > 0 {
		time.AfterFunc(wait, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.line(p)
		})
		return
	}
	t.line(p)
}

func (t *resumes) line(p *resuming) {
	t.turn = append(t.turn, p)
	if t.busy < resumers {
		t.busy++
		go t.work()
	}
}

// work answers, a room a turn, until nobody waits.
func (t *resumes) work() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; len(t.turn) > 0; t.mu.Lock() {
		p := t.turn[0]
		t.turn = t.turn[1:]
		if len(p.waits) == 0 { // its connections have ended
			p.due = false
			t.mu.Unlock()
			continue
		}
		w := p.waits[0]
		p.waits = p.waits[1:]
		w.conn.resuming--
		t.mu.Unlock()
		t.answer(w.conn, w.Resume)
		t.mu.Lock()
		p.due = false
		t.next(p)
		t.mu.Unlock()
	}
	t.busy--
}

// end forgets what a connection still waits for, and stops what is being made for it.
func (t *resumes) end(k *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
}

func (t *resumes) drop(k *conn) {
	k.cancel()
	if p := t.people[k.person]; p != nil {
		p.waits = slices.DeleteFunc(p.waits, func(w waiting) bool { return w.conn == k })
	}
}

// resume answers what changed in a room since the client last heard of it. The room's deliveries are on their way to the connection
// already, so nothing falls in between: the view waits until it has all that may have been heard.
func (k *conn) resume(r wire.Resume) {
	ctx, cancel := context.WithTimeout(k.ctx, resumeWithin)
	defer cancel()
	var b []byte
	err := fault.Caught(func() (err error) {
		b, err = k.changes(ctx, r)
		return err
	})
	switch {
	case k.ctx.Err() != nil:
	case err != nil:
		k.say("failed", map[string]any{"room": r.Room, "code": faultOf(k.Log, err, "room", r.Room).Code})
	case !k.conn.Push(hub.Frame(b)):
		k.cancel() // it is on its way out
	}
}
