package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/view"
)

// Stat is when a way last worked, as far as that was measured, and when it last failed (ms).
type Stat struct {
	Worked int64  `json:"worked,omitempty"`
	Failed int64  `json:"failed,omitempty"`
	Why    string `json:"why,omitempty"` // of the failure: gone, refused, unreachable
}

// able is what is known of one person.
type able struct {
	Ways   map[string]Stat  `json:"ways,omitempty"` // by channel
	Pushes map[id.Push]Stat `json:"pushes,omitempty"`
}

// measured is everybody's reachability: in memory, and on the shelf a few seconds later. The robot's stands under the server.
type measured struct {
	mu    sync.Mutex
	of    map[id.Person]*able
	dirty map[id.Person]bool
}

const (
	abilities = "alert/can/"
	worksFor  = 30 * 24 * time.Hour // how long a way is believed to work since it did
	seenFor   = 3 * 24 * time.Hour  // how long somebody is believed to open the page again since they used a device
	finely    = 10 * time.Minute    // a way that goes on working is written down no more often
)

func openMeasured(ctx context.Context, shelf journal.Shelf) (*measured, error) {
	m := &measured{of: map[id.Person]*able{}, dirty: map[id.Person]bool{}}
	for item, err := range shelf.List(ctx, abilities) {
		if errors.Is(err, journal.ErrUnreadable) {
			continue // what was measured is measured again
		}
		if err != nil {
			return nil, fmt.Errorf("notify: reachability: %w", err)
		}
		a := &able{}
		if json.Unmarshal(item.Value, a) == nil {
			m.of[id.Person(strings.TrimPrefix(item.Key, abilities))] = a
		}
	}
	return m, nil
}

func (m *measured) worked(p id.Person, channel string, push id.Push, now time.Time) {
	m.change(p, channel, push, func(s *Stat) bool {
		news := now.UnixMilli()-s.Worked >= finely.Milliseconds() || s.Failed > s.Worked
		s.Worked = now.UnixMilli()
		return news
	})
}

func (m *measured) failed(p id.Person, channel string, push id.Push, why string, now time.Time) {
	m.change(p, channel, push, func(s *Stat) bool {
		news := now.UnixMilli()-s.Failed >= finely.Milliseconds() || s.Failed <= s.Worked || s.Why != why
		s.Failed, s.Why = now.UnixMilli(), why
		return news
	})
}

func (m *measured) change(p id.Person, channel string, push id.Push, f func(*Stat) (news bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.of[p]
	if a == nil {
		a = &able{}
		m.of[p] = a
	}
	if a.Ways == nil {
		a.Ways = map[string]Stat{}
	}
	s := a.Ways[channel]
	news := f(&s)
	a.Ways[channel] = s
	if push != "" {
		if a.Pushes == nil {
			a.Pushes = map[id.Push]Stat{}
		}
		s := a.Pushes[push]
		news = f(&s) || news
		if a.Pushes[push] = s; s.Why == "gone" && s.Failed > s.Worked {
			delete(a.Pushes, push)
		}
	}
	if news {
		m.dirty[p] = true
	}
}

func (m *measured) way(p id.Person, channel string) (s Stat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a := m.of[p]; a != nil {
		s = a.Ways[channel]
	}
	return s
}

func (m *measured) browser(p id.Person, push id.Push) (s Stat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a := m.of[p]; a != nil {
		s = a.Pushes[push]
	}
	return s
}

// flush writes what has changed.
func (m *measured) flush(ctx context.Context, shelf journal.Shelf) error {
	m.mu.Lock()
	var items []journal.Item
	for p := range m.dirty {
		b, err := json.Marshal(m.of[p])
		if err != nil {
			m.mu.Unlock()
			return fmt.Errorf("notify: reachability: %w", err)
		}
		items = append(items, journal.Item{Key: abilities + string(p), Value: b})
	}
	m.dirty = map[id.Person]bool{}
	m.mu.Unlock()
	if len(items) == 0 {
		return nil
	}
	if err := shelf.PutAll(ctx, items); err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, item := range items {
			m.dirty[id.Person(strings.TrimPrefix(item.Key, abilities))] = true
		}
		return fmt.Errorf("notify: reachability: %w", err)
	}
	return nil
}

// Way is a channel as it stands for somebody.
type Way struct {
	Channel string `json:"channel"`
	State   string `json:"state"` // works, untried, failing, absent
	Stat
}

func (s Stat) state(now time.Time) string {
	switch {
	case s.Failed > s.Worked:
		return "failing"
	case s.works(now):
		return "works"
	}
	return "untried"
}

func (s Stat) works(now time.Time) bool {
	return s.Worked > 0 && now.UnixMilli()-s.Worked <= worksFor.Milliseconds()
}

// Ways are the channels as they stand for somebody, and whether their phone rings by what was measured: rings, unsure, silent.
func (l *Ladder) Ways(ctx context.Context, p id.Person) (ways []Way, verdict string, err error) {
	subs, err := l.push.of(ctx, p)
	if err != nil {
		return nil, "", err
	}
	rec, err := l.Register.Record(ctx, p)
	phone := err == nil && rec.Phone != ""
	door := false
	l.Engine.EachRoom(func(s *room.State) {
		m := s.Member(p)
		door = door || m != nil && len(m.Premises) > 0
	})
	now := l.Now()
	verdict = "silent"
	for _, channel := range Channels {
		w := Way{Channel: channel}
		has := true
		switch channel {
		case "push":
			has = len(subs) > 0
		case "robot":
			has = l.Options.Robot != "" && len(l.Engine.Answers(p)) > 0
		case "sms":
			has = l.Options.SMS != "" && phone
		case "door":
			has = door
		}
		switch {
		case channel == "robot":
			w.Stat = l.can.way(id.Server, channel)
		case channel == "push" && !has:
			w.Stat = l.can.way(p, channel)
			w.Worked = 0 // by a browser that is gone
		default:
			w.Stat = l.can.way(p, channel)
		}
		if w.State = w.Stat.state(now); !has {
			w.State = "absent"
		}
		if w.Failed <= w.Worked {
			w.Why = ""
		}
		ways = append(ways, w)
		switch {
		case channel == "push" && w.State == "works":
			verdict = "rings"
		case verdict == "silent" && (channel == "push" && w.State == "untried" || channel == "page" && w.State == "works"):
			verdict = "unsure"
		}
	}
	return ways, verdict, nil
}

// Browser is a subscription as its person sees it.
type Browser struct {
	Subscription
	Stat
}

// Browsers are a person's subscriptions.
func (l *Ladder) Browsers(ctx context.Context, p id.Person) (list []Browser, err error) {
	subs, err := l.push.of(ctx, p)
	for _, s := range subs {
		list = append(list, Browser{s, l.can.browser(p, s.ID)})
	}
	return list, err
}

// Best is how a member of a room is best reached: the first channel that worked within thirty days; a page also when it is open now or
// was within three days.
type Best struct {
	Person  id.Person
	Channel string // page, push, robot, sms, none
	Worked  int64  // ms; 0 when it was not measured
}

// Best of each member of a room.
func (l *Ladder) Best(ctx context.Context, r id.Room) ([]Best, error) {
	var members, staff []id.Person
	if err := l.Engine.ReadRoom(r, func(s *room.State) {
		for p := range s.Members {
			members = append(members, p)
		}
	}); err != nil {
		return nil, err
	}
	l.Engine.ReadOffice(func(o *office.State) { staff = nearest(o, r) })
	slices.Sort(members)
	now := l.Now()
	recent := map[id.Person]bool{}
	for _, p := range l.Seen(now.Add(-seenFor)) {
		recent[p] = true
	}
	list := make([]Best, 0, len(members))
	for _, p := range members {
		b := Best{Person: p, Channel: "none"}
		page, push, sms := l.can.way(p, "page"), l.can.way(p, "push"), l.can.way(p, "sms")
		subs, err := l.push.of(ctx, p)
		if err != nil {
			return nil, err
		}
		robot := l.can.way(id.Server, "robot")
		switch {
		case recent[p] || len(l.Hub.Present(p)) > 0:
			b.Channel, b.Worked = "page", page.Worked
		case len(subs) > 0 && push.works(now) && push.Worked >= push.Failed:
			b.Channel, b.Worked = "push", push.Worked
		case l.Options.Robot != "" && slices.Contains(staff, p) && robot.works(now):
			b.Channel, b.Worked = "robot", robot.Worked
		case sms.works(now) && sms.Worked >= sms.Failed:
			b.Channel, b.Worked = "sms", sms.Worked
		}
		list = append(list, b)
	}
	return list, nil
}

// Test rings all of a person's pages and browsers, and says by which ways; fault.TooMany after three times a minute.
func (l *Ladder) Test(ctx context.Context, p id.Person) (sent []string, ok bool, err error) {
	err = l.ask(ctx, func() { sent, ok = l.test(p) })
	return sent, ok, err
}

// waiting is who a room's cards wait for, as it was a moment ago.
type waiting struct {
	of    map[id.Person][]entry.Seq
	until time.Time
}

const waitingFor = 5 * time.Second

// badge is how many things wait for somebody in all their rooms, but for those that they put aside.
func (l *Ladder) badge(p id.Person) (n int) {
	var list []place
	for _, r := range l.Engine.RoomsOf(p) {
		w := l.waiting[r.ID]
		if w == nil || time.Now().After(w.until) {
			w = l.waits(r.ID)
			l.waiting[r.ID] = w
		}
		n += len(w.of[p])
		for _, seq := range w.of[p] {
			list = append(list, place{r.ID, seq})
		}
	}
	if len(list) == 0 {
		return 0
	}
	aside, err := l.Pockets.Skips(l.ctx, p)
	if err != nil {
		l.wrong("what was put aside is unknown", err)
	}
	for _, s := range aside {
		if slices.Contains(list, place{s.Room, s.Seq}) {
			n--
		}
	}
	return n
}

// waits counts, once for all members.
func (l *Ladder) waits(r id.Room) *waiting {
	w := &waiting{of: map[id.Person][]entry.Seq{}, until: time.Now().Add(waitingFor)}
	_ = l.Engine.Seen(l.ctx, r) // what rings now counts already; a view that stands still is said elsewhere
	seqs, err := l.live(r)
	if err != nil {
		l.wrong("what waits is unknown", err)
	}
	for _, seq := range seqs {
		_ = l.Engine.ReadItem(l.ctx, r, seq, func(s *room.State, item *room.Item) {
			card, ok := item.Card.(kind.Waiting)
			if !ok || item.Retracted {
				return
			}
			for p := range s.Members {
				if card.Waits(s.Viewer(p, false, item)) != "" {
					w.of[p] = append(w.of[p], seq)
				}
			}
		})
	}
	return w
}

// live are the cards of a room that want something of somebody.
func (l *Ladder) live(r id.Room) (seqs []entry.Seq, err error) {
	err = l.View.EachLive(r, view.Who{}, func(seq entry.Seq, _, _ []byte) error {
		seqs = append(seqs, seq)
		return nil
	})
	return seqs, err
}
