package auth

import (
	"strings"
	"sync"
	"time"

	"linli/internal/fault"
)

// tries counts attempts, in memory: per phone (and for the setup) eight in a quarter of an hour, per address sixty.
type tries struct {
	o  Options
	mu sync.Mutex
	at map[string][]time.Time
}

const (
	triesFor   = 15 * time.Minute
	perPhone   = 8
	perAddress = 60
	most       = 100_000 // counted names; beyond it the counts start anew
)

func newTries(o Options) *tries { return &tries{o: o, at: map[string][]time.Time{}} }

func limitOf(name string) int {
	if strings.HasPrefix(name, "from/") {
		return perAddress
	}
	return perPhone
}

// allow counts one try under each name: fault.TooMany when one of them has used up its tries.
func (t *tries) allow(names ...string) error {
	if t.o.Free {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.o.Now()
	if len(t.at) > most {
		clear(t.at)
	}
	for _, name := range names {
		t.at[name] = recent(t.at[name], now)
		if len(t.at[name]) >= limitOf(name) {
			wait := t.at[name][0].Add(triesFor).Sub(now)
			return fault.New(fault.TooMany, "too many tries").And("retry", int(wait.Seconds())+1)
		}
	}
	for _, name := range names {
		t.at[name] = append(t.at[name], now)
	}
	return nil
}

// left is how many tries a name has left.
func (t *tries) left(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, limitOf(name)-len(recent(t.at[name], t.o.Now())))
}

// forgive forgets a name's tries: it was the right one after all.
func (t *tries) forgive(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.at, name)
}

func recent(at []time.Time, now time.Time) []time.Time {
	for len(at) > 0 && now.Sub(at[0]) > triesFor {
		at = at[1:]
	}
	return at
}

// Allow counts an attempt of another sort, such as applying, under a name.
func (a *Auth) Allow(name string) error { return a.tries.allow(name) }
