// Package notify is the ladder that reaches people. What happens and concerns somebody goes up rung by rung until it was noticed:
// a page that is open, a push to a browser, a text message for what is urgent. The staff's robot is told beside it; and whoever
// nothing reached stays on the owner's list of doors to knock at.
//
//	batches ─▶ news (who is wanted) ─▶ a climb for each person: page ─▶ push ─▶ sms
//	                                                              └──────┴── "it was shown" ends it
//
// Whom a message calls by a role are rung in turns: who is on duty first, the others when none of them has looked.
//
// What was sent is not what arrived. A rung works for somebody only when a page or a service worker said that it showed an alert
// (its receipt, which is sealed and says all that is needed to believe it), or when a hook took a message.
//
// One goroutine owns news, climbs and the agenda; it stands behind the deliveries and never holds them up. Rungs that talk to other
// machines have goroutines of their own, bounded.
//
// On the shelf, ids and numbers only:
//
//	alert/begun               since when alerts are sent
//	alert/log/<log>           record: how far the log was seen, and the news that have not reached everybody. It is written before
//	                          anybody is rung, so that a restart goes on where it was
//	alert/can/<person>        what worked for somebody last, and what failed; a few seconds behind
//	alert/reached/<room>/<seq>  who was reached by what, of items that must not stay unanswered; for 60 days
//	alert/sms/<day>           text messages of a day, written before each is sent
//	alert/alarm/<room>/<seq>/<person>  one of a call for help, likewise; with the entry when it was called again
//	push/<person>/<push>      subscription, sealed with the person's key
//	pushed/<push>             whose it is
//	vapid                     the key that pushes are signed with, sealed with the office's key
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/pocket"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/view"
	"linli/internal/webpush"
	"linli/internal/wire"
)

// Options are what an operator may say.
type Options struct {
	Robot  string // URL that the staff's robot listens at; empty for none
	SMS    string // URL that sends text messages; empty for none
	Secret string // what bodies to both are signed with; empty for no signature
	Daily  int    // text messages a day at most
	Public string // URL under which residents reach the server; empty when unknown
	Local  bool   // push services on this machine are fine, by http too: for tests
}

// Parts that a ladder is made of.
type Parts struct {
	Engine   *engine.Engine
	Marks    *engine.Marks
	Hub      *hub.Hub
	View     *view.View
	Pockets  *pocket.Pockets
	Register *register.Register
	Shelf    journal.Shelf
	Alive    func(id.Device) bool              // is a device still signed in?
	Seen     func(since time.Time) []id.Person // who used a device since then
	Now      func() time.Time                  // the office's clock
	Log      *slog.Logger
	Options
}

// Rung is one way of reaching somebody.
type Rung interface {
	Channel() string
	// Fits tells whether an alert is worth this rung.
	Fits(*climb) bool
	// Ring sends the alert on its way and returns at once; false when there is no way to this person.
	Ring(*climb) bool
	// Patience is how long to wait for a sign that it was noticed before the next rung.
	Patience(*climb) time.Duration
}

// Channels are the ways there are, best first. The robot reaches the staff together; the door is where nothing else leads to.
var Channels = []string{"page", "push", "robot", "sms", "door"}

// Ladder is made by New, takes batches from then on, and rings from Start until Close.
type Ladder struct {
	Parts
	page   *page
	push   *push
	sms    *sms
	robot  *robot
	rungs  []Rung
	can    *measured
	counts counts

	work   sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
	calls  chan func() // for the one goroutine
	woken  chan struct{}

	mu    sync.Mutex
	inbox map[id.Log]*arrived
	first map[id.Log]uint64 // the first frame of each log that came as a batch

	// Of the one goroutine:
	logs    map[id.Log]*record
	climbs  map[climbKey]*climb
	agenda  agenda
	press   map[id.Room]map[entry.Seq]int64
	bursts  map[id.Room]*burst
	reached map[place]*reached
	waiting map[id.Room]*waiting
	hour    int // for which held news were looked at
	flushed time.Time
	moved   time.Time // when records were written of which only the frame had moved
	tested  map[id.Person][]time.Time
}

// place is an item of a room.
type place struct {
	room id.Room
	seq  entry.Seq
}

const (
	beat       = 200 * time.Millisecond // how often the agenda is looked at
	flushEvery = time.Second
	moveEvery  = 5 * time.Second
)

// New is a ladder that takes batches and rings nobody yet.
func New() *Ladder {
	l := &Ladder{
		calls: make(chan func(), 256), woken: make(chan struct{}, 1),
		inbox: map[id.Log]*arrived{}, first: map[id.Log]uint64{},
		logs: map[id.Log]*record{}, climbs: map[climbKey]*climb{}, press: map[id.Room]map[entry.Seq]int64{}, bursts: map[id.Room]*burst{},
		reached: map[place]*reached{}, waiting: map[id.Room]*waiting{}, hour: -1, tested: map[id.Person][]time.Time{},
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Start takes up what was left undone when the program last ended, and rings from then on.
func (l *Ladder) Start(ctx context.Context, parts Parts) error {
	l.Parts = parts
	key, err := l.vapid(ctx)
	if err != nil {
		return err
	}
	subject := ""
	if strings.HasPrefix(l.Public, "https://") {
		subject = l.Public
	}
	sender, err := webpush.NewSender(key, subject)
	if err != nil {
		return err
	}
	if l.can, err = openMeasured(ctx, l.Shelf); err != nil {
		return err
	}
	l.page, l.push, l.sms, l.robot = &page{l}, newPush(l, sender), newSMS(l), newRobot(l)
	l.rungs = []Rung{l.page, l.push, l.sms}
	if err := l.resume(ctx); err != nil {
		return err
	}
	l.work.Go(l.run)
	return nil
}

// wrong logs what went wrong. What the stop broke off did not: it is done at the next start.
func (l *Ladder) wrong(what string, err error, args ...any) {
	if l.ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		l.Log.Error(what, append(args, "err", err)...)
	}
}

// Close stops ringing; what has not reached everybody is kept for the next start.
func (l *Ladder) Close() {
	l.cancel()
	l.work.Wait()
}

// vapid is the private key that pushes are signed with, made once.
func (l *Ladder) vapid(ctx context.Context) ([]byte, error) {
	sealed, _, err := l.Shelf.Get(ctx, "vapid")
	if err == nil {
		return l.Register.Open(id.Server, sealed)
	}
	if !isAbsent(err) {
		return nil, fmt.Errorf("notify: vapid: %w", err)
	}
	key, err := webpush.NewKey()
	if err != nil {
		return nil, err
	}
	if sealed, err = l.Register.Seal(id.Server, key); err != nil {
		return nil, err
	}
	if _, err := l.Shelf.Put(ctx, "vapid", sealed, journal.Absent, 0); err != nil {
		return nil, fmt.Errorf("notify: vapid: %w", err)
	}
	return key, nil
}

// Key is the public key that browsers subscribe with.
func (l *Ladder) Key() string { return l.push.sender.Public() }

// arrived is what came of one log since the one goroutine last looked.
type arrived struct {
	frame  uint64
	rings  []ringed
	office []changed
	press  map[entry.Seq]int64
	chat   burst
}

type ringed struct {
	frame uint64
	wire.Ring
}

type changed struct {
	frame uint64
	at    int64
	office.Change
}

// burst is what was said in a room within moments.
type burst struct {
	frame uint64
	seq   entry.Seq // of the last
	by    id.Person
	count int
	due   time.Time
}

// Apply takes a batch: whom it rings, and that something was said. It costs the follower a lock and no more.
func (l *Ladder) Apply(b *engine.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.first[b.Log]; !ok {
		l.first[b.Log] = b.Frame
	}
	in := l.inbox[b.Log]
	if in == nil {
		in = &arrived{press: map[entry.Seq]int64{}}
		l.inbox[b.Log] = in
	}
	in.frame = b.Frame
	for i := range b.Office {
		if c := &b.Office[i]; c.What == office.Admission || c.What == office.Coded || c.What == office.Offered && c.Gained && c.By != c.Person {
			in.office = append(in.office, changed{b.Frame, 0, b.Office[i]})
		}
	}
	if b.Parts == nil {
		return
	}
	for i := range b.Parts.Rings {
		in.rings = append(in.rings, ringed{b.Frame, b.Parts.Rings[i]})
	}
	for i := range b.Parts.Items {
		r := &b.Parts.Items[i]
		if r.Press != 0 || !r.New && !r.Live {
			in.press[r.Seq] = r.Press
		}
		if r.New && r.Lane == string(kind.Chat) {
			in.chat.frame, in.chat.seq = b.Frame, r.Seq
			in.chat.count++
		}
	}
	if len(in.rings)+len(in.office) > 0 {
		l.wake()
	}
}

func (l *Ladder) wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// do runs f in the one goroutine, some time soon; not at all when the ladder has stopped.
func (l *Ladder) do(f func()) {
	select {
	case l.calls <- f:
	case <-l.ctx.Done():
	}
}

// ask runs f in the one goroutine and waits for it.
func (l *Ladder) ask(ctx context.Context, f func()) error {
	done := make(chan struct{})
	l.do(func() { f(); close(done) })
	select {
	case <-done:
		return nil
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the one goroutine.
func (l *Ladder) run() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			l.flush(context.WithoutCancel(l.ctx))
			return
		case f := <-l.calls:
			f()
			continue
		case <-l.woken:
		case <-tick.C:
		}
		l.take()
		l.sayBursts()
		l.pressDue()
		l.release()
		l.agenda.run(l.Now())
		l.robot.pump()
		if time.Since(l.flushed) >= flushEvery {
			l.flush(l.ctx)
		}
	}
}

// take turns what has arrived into news.
func (l *Ladder) take() {
	l.mu.Lock()
	in := l.inbox
	l.inbox = map[id.Log]*arrived{}
	l.mu.Unlock()
	for log, a := range in {
		rec := l.record(log)
		if len(a.press)+len(a.rings) > 0 {
			delete(l.waiting, log.Room())
		}
		var fresh []*news
		for i := range a.rings {
			if r := &a.rings[i]; r.frame > rec.Frame {
				fresh = append(fresh, newsOf(log.Room(), &r.Ring))
			}
		}
		for i := range a.office {
			if c := &a.office[i]; c.frame > rec.Frame {
				if c.What != office.Admission {
					l.announce(c.Person, c.What)
					continue
				}
				c.at = l.Now().UnixMilli()
				fresh = append(fresh, l.newsOfOffice(c))
			}
		}
		if a.chat.count > 0 && a.chat.frame > rec.Frame {
			l.gather(log.Room(), a.chat)
		}
		for seq, at := range a.press {
			l.pressAt(log.Room(), seq, at)
		}
		if a.frame > rec.Frame {
			rec.Frame, rec.moved = a.frame, true
		}
		l.begin(log, fresh)
	}
}

// member tells whether somebody is in a room.
func (l *Ladder) member(r id.Room, p id.Person) (in bool) {
	_ = l.Engine.ReadRoom(r, func(s *room.State) { in = s.Has(p) })
	return in
}

func (l *Ladder) say(p id.Person, a *wire.Alert) bool {
	b, err := json.Marshal(map[string]any{"alert": a})
	if err != nil {
		l.wrong("not JSON", err)
		return false
	}
	return l.Hub.Tell(p, hub.Frame(b)) > 0
}

// agenda is what is to be done later, by the office's clock.
type agenda struct{ list []errand }

type errand struct {
	at time.Time
	f  func()
}

func (l *Ladder) later(after time.Duration, f func()) {
	l.agenda.list = append(l.agenda.list, errand{l.Now().Add(after), f})
}

// run does what is due. What it adds is left for the next time.
func (a *agenda) run(now time.Time) {
	list := a.list
	a.list = nil
	for _, e := range list {
		if e.at.After(now) {
			a.list = append(a.list, e)
		} else {
			e.f()
		}
	}
}

// counts are for metrics: what came of alerts, by channel.
type counts struct {
	mu sync.Mutex
	of map[[2]string]uint64
}

// Outcomes are what may come of an alert on a channel.
var Outcomes = []string{"sent", "shown", "gone", "refused", "failed", "capped"}

func (c *counts) add(channel, outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[[2]string]uint64{}
	}
	c.of[[2]string{channel, outcome}]++
}

// Waiting is how many pushes, text messages and messages to the staff wait for who delivers them.
func (l *Ladder) Waiting() (pushes, texts, staff int) {
	l.push.mu.Lock()
	for _, s := range l.push.services {
		pushes += len(s.queue)
	}
	l.push.mu.Unlock()
	l.sms.mu.Lock()
	texts = len(l.sms.queue)
	l.sms.mu.Unlock()
	return pushes, texts, int(l.robot.waits.Load())
}

// Count is how many alerts of a channel came to an outcome since the start.
func (l *Ladder) Count(channel, outcome string) uint64 {
	l.counts.mu.Lock()
	defer l.counts.mu.Unlock()
	return l.counts.of[[2]string{channel, outcome}]
}
