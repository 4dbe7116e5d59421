package auth

import (
	"container/list"
	"context"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"

	"linli/internal/fault"
)

// tries counts, in memory, what was tried and was wrong. A name is `<sort>/…`; each sort has a table of its own, in which the one
// unused for longest gives way, so that a flood of one sort wipes out nothing of another.
type tries struct {
	o      Options
	mu     sync.Mutex
	tables map[string]*table
	ended  chan struct{} // closed when a try has ended: who waits looks again
}

// table holds the counts of one sort, the last used first.
type table struct {
	of    map[string]*list.Element
	order list.List // of *count
}

// count is what is known of one name.
type count struct {
	name  string
	wrong int       // that are not forgotten
	under int       // tries that have begun and not ended
	last  time.Time // when the last wrong one ended, or was forgotten
}

// rule is how a sort is counted.
type rule struct {
	free   int           // wrong ones before anything is refused
	forget time.Duration // after so long one of them is forgotten; 0: they are slowed down instead (pause), and all forgotten after a day
}

// Who may be asked for whose sake. A phone that is nobody's is counted like one that is, apart, so that inventing phones does not push out
// what was counted for real ones.
const (
	byPhone    = "phone"    // a password, from a device that the phone's person never signed in on
	byStranger = "stranger" // the same for a phone that is nobody's
	byKnown    = "known"    // a password, from a device that they have: that device's own tries
	byChange   = "change"   // the old password, when it is changed
	byCode     = "code"     // a code, from one address for one phone, or from a known device
	fromWhere  = "from"     // passwords, from one address
	codesFrom  = "codes"    // codes, from one address
)

var rules = map[string]rule{
	fromWhere: {free: 60, forget: 15 * time.Second}, // 60 in a quarter of an hour, as an office behind one address may need
	codesFrom: {free: 60, forget: 15 * time.Second},
	"":        {free: 60, forget: 15 * time.Second}, // what others count (Allow)
	byPhone:   {free: 8}, byStranger: {free: 8}, byKnown: {free: 8}, byChange: {free: 8}, byCode: {free: 8}, byStep: {free: 8},
}

const (
	most    = 100_000 // counted names of a sort
	longest = 15 * time.Minute
	dayLong = 24 * time.Hour
)

// pause is how long after a wrong one the next may come, with so many beyond the free ones: a minute, doubling.
func pause(beyond int) time.Duration {
	return min(time.Minute<<min(beyond, 8), longest)
}

// outcome of a try.
type outcome int

const (
	none  outcome = iota // it came to nothing: an error, a refusal of another kind
	right                // forgets what was wrong before, but not of an address
	wrong
)

func newTries(o Options) *tries {
	return &tries{o: o, tables: map[string]*table{}, ended: make(chan struct{})}
}

func sortOf(name string) string {
	sort, _, _ := strings.Cut(name, "/")
	return sort
}

func ruleOf(name string) rule {
	if r, ok := rules[sortOf(name)]; ok {
		return r
	}
	return rules[""]
}

// begin lets a try begin under all of the names: fault.TooMany with retry (seconds) when one of them refuses it. While tries that are under
// way could use up what is left it waits for their end, so that a hundred at once get no more than one after the other, and who is
// right is not refused for it. end must be called, once.
func (t *tries) begin(ctx context.Context, names ...string) (end func(outcome), err error) {
	if t.o.Free {
		return func(outcome) {}, nil
	}
	for {
		wait, open, err := t.enter(names)
		if err != nil || open {
			return func(o outcome) { t.end(names, o) }, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, fault.New(fault.Busy, "too many sign in")
		}
	}
}

// enter begins under all names or none; neither an error nor open: wait and ask again.
func (t *tries) enter(names []string) (wait <-chan struct{}, open bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, room := t.o.Now(), true
	for _, name := range names {
		c, r := t.count(name, now), ruleOf(name)
		switch {
		case c.wrong < r.free:
			room = room && c.wrong+c.under < r.free
		case r.opens(c, now) > 0:
			return nil, false, fault.New(fault.TooMany, "too many tries").And("retry", seconds(r.opens(c, now)))
		default:
			room = room && c.under == 0
		}
	}
	if !room {
		return t.ended, false, nil
	}
	for _, name := range names {
		t.count(name, now).under++
	}
	return nil, true, nil
}

// opens is how long it takes until a name that has used up its free ones may try again.
func (r rule) opens(c *count, now time.Time) time.Duration {
	if r.forget > 0 {
		return c.last.Add(r.forget).Sub(now)
	}
	return c.last.Add(pause(c.wrong - r.free)).Sub(now)
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func (t *tries) end(names []string, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.o.Now()
	for _, name := range names {
		c, r := t.count(name, now), ruleOf(name)
		c.under = max(0, c.under-1) // its count may have given way meanwhile
		switch {
		case o == right && r.forget == 0:
			c.wrong = 0
		case o == wrong:
			if r.forget == 0 || c.wrong == 0 || c.wrong >= r.free {
				c.last = now
			}
			c.wrong++
		}
	}
	close(t.ended)
	t.ended = make(chan struct{})
}

// count is that of a name as of now; it has just been used.
func (t *tries) count(name string, now time.Time) *count {
	sort := sortOf(name)
	of := t.tables[sort]
	if of == nil {
		of = &table{of: map[string]*list.Element{}}
		t.tables[sort] = of
	}
	e := of.of[name]
	if e == nil {
		e = of.order.PushFront(&count{name: name})
		of.of[name] = e
		if len(of.of) > most {
			oldest := of.order.Back()
			delete(of.of, of.order.Remove(oldest).(*count).name) //nolint:forcetypeassert // nothing else is in it
		}
	}
	of.order.MoveToFront(e)
	c := e.Value.(*count) //nolint:forcetypeassert // nothing else is in it
	switch r := ruleOf(name); {
	case c.wrong == 0:
	case r.forget == 0 && now.Sub(c.last) >= dayLong:
		c.wrong = 0
	case r.forget > 0:
		n := min(c.wrong, int(now.Sub(c.last)/r.forget))
		c.wrong -= n
		c.last = c.last.Add(time.Duration(n) * r.forget)
	}
	return c
}

// left tells, with a fault, how many tries a name has left, and in how many seconds the next may come when it has none.
func (t *tries) left(name string, f *fault.Fault) *fault.Fault {
	if t.o.Free {
		return f
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.o.Now()
	c, r := t.count(name, now), ruleOf(name)
	if n := r.free - c.wrong; n > 0 {
		return f.And("left", n)
	}
	return f.And("left", 0).And("retry", seconds(r.opens(c, now)))
}

// forgive forgets what was wrong under a name.
func (t *tries) forgive(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(name, t.o.Now()).wrong = 0
}

// network is what an address is counted as: whoever has one address of IPv6 has all of its /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	net, _ := ip.Prefix(64)
	return net.String()
}

// Allow counts an attempt of another sort, such as applying: sixty in a quarter of an hour under one name (`<sort>/…`).
func (a *Auth) Allow(ctx context.Context, sort, address string) error {
	end, err := a.tries.begin(ctx, sort+"/"+network(address))
	if err != nil {
		return err
	}
	end(wrong)
	return nil
}
