package web

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/wire"
)

// desk is where resumes are asked for; each answer waits until the test lets it go on.
type desk struct {
	*Sockets
	mu       sync.Mutex
	answered []string // person room@after
	at       map[id.Person]int
	most     int
	step     chan struct{}
}

func newDesk() *desk {
	d := &desk{Sockets: &Sockets{}, at: map[id.Person]int{}, step: make(chan struct{})}
	d.Start()
	d.resumes.answer = func(k *conn, r wire.Resume) {
		d.mu.Lock()
		d.at[k.person]++
		d.most = max(d.most, d.at[k.person])
		d.mu.Unlock()
		<-d.step
		d.mu.Lock()
		defer d.mu.Unlock()
		d.at[k.person]--
		if k.ctx.Err() == nil {
			d.answered = append(d.answered, fmt.Sprintf("%s %s@%d", k.person, r.Room, r.After))
		}
	}
	return d
}

func (d *desk) connects(p id.Person) *conn { return d.connect(&line{}, p, id.Device("d"+p)) }

func rooms(n int) (list []wire.Resume) {
	for i := range n {
		list = append(list, wire.Resume{Room: id.Room(fmt.Sprint("r", i)), After: 1})
	}
	return list
}

// count is how many were answered so far.
func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.answered)
}

// settle lets n answers go on, one after the other.
func (d *desk) settle(n int) {
	for range n {
		d.step <- struct{}{}
		synctest.Wait()
	}
}

// 40 connections ask for 256 rooms each. Whoever comes then waits for one answer at most of each person before them, not for 10,240.
func TestHundredsOfResumesOnDozensOfConnectionsHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		for range 40 {
			d.resumes.ask(d.connects("pgreedy"), rooms(maxResumes))
		}
		synctest.Wait()
		d.resumes.ask(d.connects("pli"), rooms(2))
		synctest.Wait()
		// Both are being answered now: one room of each of them.
		if d.at["pgreedy"] != 1 || d.at["pli"] != 1 {
			t.Fatalf("being answered: %v", d.at)
		}
		served := func(p string) (n int) {
			for _, a := range d.answered {
				if a[:len(p)] == p {
					n++
				}
			}
			return n
		}
		for served("pli") < 2 {
			d.settle(1)
			if g := served("pgreedy"); g > 4 {
				t.Fatalf("%d answers to the greedy one before two to another", g)
			}
		}
		if d.most != 1 {
			t.Errorf("%d answers for one person at the same time", d.most)
		}
		// More people than can be answered at once take turns: nobody's second room comes before everybody's first.
		d.answered = nil
		crowd := map[string]int{}
		for i := range 3 * resumers {
			d.resumes.ask(d.connects(id.Person(fmt.Sprint("pcrowd", i))), rooms(2))
		}
		synctest.Wait()
		for first := 0; first < 3*resumers; {
			d.settle(1)
			last := d.answered[len(d.answered)-1]
			var who string
			_, _ = fmt.Sscan(last, &who)
			if crowd[who]++; who != "pgreedy" && crowd[who] == 1 {
				first++
			} else if who != "pgreedy" && first < 2*resumers {
				t.Fatalf("%s has two answers, and %d have none", who, 3*resumers-first)
			}
		}
		for _, r := range d.everything() {
			d.resumes.end(r)
		}
		d.drain()
	})
}

// everything is every connection that waits.
func (d *desk) everything() (list []*conn) {
	d.resumes.mu.Lock()
	defer d.resumes.mu.Unlock()
	for _, p := range d.resumes.people {
		for _, w := range p.waits {
			list = append(list, w.conn)
		}
	}
	return list
}

// drain lets all go on that are still at it.
func (d *desk) drain() {
	for {
		synctest.Wait()
		select {
		case d.step <- struct{}{}:
		default:
			return
		}
	}
}

func TestARoomWaitsOnceAsItWasAskedForLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		k := d.connects("pli")
		for after := range 100 {
			d.resumes.ask(k, []wire.Resume{{Room: "r1", After: 1}, {Room: "r2", After: 7 + entry.Seq(after)}})
			synctest.Wait()
		}
		synctest.Wait()
		d.drain()
		want := []string{"pli r1@1", "pli r2@106", "pli r1@1"} // the first was being answered already when it was asked for again
		if fmt.Sprint(d.answered) != fmt.Sprint(want) {
			t.Errorf("answered %v", d.answered)
		}
	})
}

func TestResumesEndWithTheirConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		gone, stays := d.connects("pli"), d.connects("pli")
		d.resumes.ask(gone, rooms(100))
		d.resumes.ask(stays, []wire.Resume{{Room: "r5", After: 9}})
		synctest.Wait()
		d.resumes.end(gone)
		d.resumes.ask(gone, rooms(3)) // heard late
		d.drain()
		if fmt.Sprint(d.answered) != "[pli r5@9]" {
			t.Errorf("answered %v", d.answered)
		}
	})
}

// Who asks all the time is slowed down: a burst, and then so many a second.
func TestResumesArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		close(d.step)
		k := d.connects("pgreedy")
		want := resumesAtOnce
		for i := range 4 * resumesAtOnce {
			d.resumes.ask(k, rooms(maxResumes))
			synctest.Wait()
			if n := d.count(); i > 3*resumesAtOnce && n > want {
				t.Fatalf("%d answers at once", n)
			}
		}
		for range 10 {
			before := d.count()
			time.Sleep(time.Second) // of a clock that stands still otherwise
			synctest.Wait()
			if n := d.count() - before; n > int(resumesPerSecond)+1 || n < int(resumesPerSecond)-1 {
				t.Errorf("%d answers in a second", n)
			}
		}
		d.resumes.end(k)
		time.Sleep(time.Minute)
	})
}

func TestMoreWaitingResumesThanRoomsBreakTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		k := d.connects("pgreedy")
		for i := range 5 {
			list := rooms(maxResumes)
			for n := range list {
				list[n].Room = id.Room(fmt.Sprint("r", i, "-", n))
			}
			d.resumes.ask(k, list)
		}
		if k.conn.(*line).code != 1008 || len(d.everything()) != 0 {
			t.Errorf("ended with %d, %d wait", k.conn.(*line).code, len(d.everything()))
		}
		d.drain()
	})
}
