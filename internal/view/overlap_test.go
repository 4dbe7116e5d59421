package view_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/long"
	"linli/internal/view"
	"linli/internal/wire"
)

func decode(t *testing.T, b []byte, err error) (d wire.Delivery) {
	t.Helper()
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pages are the whole room, page by page from the newest to the oldest.
func pages(t *testing.T, s *Street, who view.Who) (all []wire.Delivery) {
	t.Helper()
	s.Seen()
	for before := entry.Seq(0); ; {
		b, err := s.View.Page(Heyuan, who, view.Span{Before: before, Limit: 40})
		d := decode(t, b, err)
		all = append(all, d)
		if d.First {
			return all
		}
		before = d.New[0].Seq
	}
}

func fresh(t *testing.T, s *Street, p id.Person) *Client {
	c := NewClient()
	for _, d := range pages(t, s, s.Who(p)) {
		c.Hear(d)
	}
	return c
}

// Pages may come late and deliveries overlap with them: whatever the order, in the end everybody holds what a fresh page has.
func TestPagesAndDeliveriesMayOverlapInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(long.Runs(2, 20)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := New(t)
			w := s.Walk(seed)
			people := []id.Person{Zhou, Zhang, ZhangB, Li}
			ears, heard := map[id.Person]*Ear{}, map[id.Person][]wire.Delivery{}
			for _, p := range people {
				ears[p] = s.Ear(p)
			}
			for range 500 {
				w.Step()
				if w.IntN(25) == 0 {
					p := people[w.IntN(len(people))]
					heard[p] = append(heard[p], pages(t, s, s.Who(p))...)
				}
				if w.IntN(25) == 0 {
					p := people[w.IntN(len(people))]
					s.Seen()
					b, err := s.View.Resume(Heyuan, s.Who(p), s.Engine.Head(Heyuan)-entry.Seq(w.IntN(20)))
					if d := decode(t, b, err); !d.Reset {
						heard[p] = append(heard[p], d)
					}
				}
			}
			last := News(s.Says(Zhou, "完"))
			for _, p := range people {
				for _, h := range ears[p].Until(last) {
					if h.Room == Heyuan {
						heard[p] = append(heard[p], h.Delivery)
					}
				}
				want := fresh(t, s, p).Shows(0)
				for trial := range 5 {
					if trial > 0 {
						w.Shuffle(len(heard[p]), func(i, j int) { heard[p][i], heard[p][j] = heard[p][j], heard[p][i] })
					}
					c := NewClient()
					for _, d := range heard[p] {
						c.Hear(d)
					}
					SameShown(t, fmt.Sprintf("%s, order %d", p, trial), c.Shows(0), want)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// Who was away says the last ch that it holds, and holds then what a fresh page has; who was away too long starts anew.
func TestAResumeLeavesNoGap(t *testing.T) {
	t.Parallel()
	s := New(t)
	w := s.Walk(7)
	type away struct {
		p    id.Person
		held *Client
	}
	var all []away
	for i := range 600 {
		w.Step()
		if i == 200 {
			chatter(s, view.MaxResume)
		}
		if w.IntN(30) == 0 {
			p := []id.Person{Zhou, Zhang, ZhangB, Li}[w.IntN(4)]
			c := fresh(t, s, p)
			c.Ch = s.Engine.Head(Heyuan)
			all = append(all, away{p, c})
		}
	}
	s.Seen()
	resets := 0
	for _, a := range all {
		b, err := s.View.Resume(Heyuan, s.Who(a.p), a.held.Ch)
		d := decode(t, b, err)
		changed := len(d.New) + len(d.Set)
		a.held.Hear(d)
		from := entry.Seq(0)
		if d.Reset {
			resets++
			if len(d.New) < view.NewestPage || len(d.Set) != 0 {
				t.Errorf("a reset of %d items and %d states", len(d.New), len(d.Set))
			}
			from = d.New[len(d.New)-view.NewestPage].Seq
		} else if changed > view.MaxResume {
			t.Errorf("a resume of %d items", changed)
		}
		want := fresh(t, s, a.p)
		SameShown(t, fmt.Sprintf("%s behind %d", a.p, a.held.Ch), a.held.Shows(from), want.Shows(from))
	}
	if resets == 0 || resets == len(all) {
		t.Errorf("%d of %d were too far behind", resets, len(all))
	}
}

// chatter is many messages at once.
func chatter(s *Street, n int) {
	ear := s.Ear(Zhou)
	for i := range n {
		ear.Asks(s.Command(Zhou, "text.post", 0, "", fmt.Sprintf(`{"text":"%d"}`, i)))
	}
	ear.Answers(n)
}

// Up to 300 changed items come one by one, each once and as it is now; one more, and it is shorter to start anew.
func TestMoreThan300ChangesAreAReset(t *testing.T) {
	t.Parallel()
	s := New(t)
	notice := s.Must(Zhou, "notice.post", 0, `{"pin":true,"importance":"normal"}`, `{"title":"停水","body":"今晚"}`)
	held := s.Says(Zhang, "早")
	s.Must(Li, "item.react", notice, `{"face":"收到","on":true}`, "") // one that is held changes, twice
	s.Must(Wang, "item.react", notice, `{"face":"收到","on":true}`, "")
	chatter(s, view.MaxResume-1)
	s.Seen()
	resume := func() wire.Delivery {
		b, err := s.View.Resume(Heyuan, s.Who(Li), held)
		return decode(t, b, err)
	}
	if d := resume(); d.Reset || len(d.New) != view.MaxResume-1 || len(d.Set) != 1 || d.Set[0].Seq != notice {
		t.Errorf("reset %v, %d new, %d changed", d.Reset, len(d.New), len(d.Set))
	}
	last := s.Says(Zhang, "再一条")
	s.Seen()
	d := resume()
	if !d.Reset || d.First || len(d.Set) != 0 || len(d.New) != view.NewestPage+1 || d.New[0].Seq != notice || d.New[view.NewestPage].Seq != last {
		t.Errorf("reset %v, first %v, %d new, %d changed", d.Reset, d.First, len(d.New), len(d.Set))
	}
	if d.Seq != last || !slices.Equal(d.Pins, []entry.Seq{notice}) {
		t.Errorf("up to %d, pinned %v", d.Seq, d.Pins)
	}
}
