package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"linli/internal/engine"
	"linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/long"
	"linli/internal/view"
	"linli/internal/wire"
)

// phone is a client as docs/protocol.md says, in memory: its connections break between any two messages, on either way.
type phone struct {
	*rand.Rand
	street  *enginetest.Street
	sockets *Sockets
	person  id.Person
	held    *enginetest.Client
	asked   bool // for what it missed, and has no answer yet
	lost    bool // that was lost: the connection is as good as broken
	trace   []string

	wire   *line
	conn   *conn
	opened *hub.Connection
}

func (p *phone) connect() {
	p.wire = &line{came: make(chan struct{}, 1)}
	p.conn = p.sockets.connect(p.wire, p.person, enginetest.Device(p.person))
	p.opened = p.sockets.Hub.Open(p.person, p.conn.device, p.wire, p.conn.hello)
	p.held.Connect()
	p.asked, p.lost = false, false
}

func (p *phone) breaks() {
	p.trace = append(p.trace, "break")
	p.sockets.Hub.Close(p.opened)
	p.sockets.resumes.end(p.conn)
	p.connect()
}

// asks sends a resume; it may be lost with its connection.
func (p *phone) asks() {
	p.asked, p.held.Answered = true, false
	p.trace = append(p.trace, fmt.Sprint("resume ", p.held.Ch))
	if p.lost = p.lost || p.IntN(10) == 0; p.lost {
		return
	}
	b, _ := json.Marshal(wire.FromClient{Resume: []wire.Resume{{Room: enginetest.Heyuan, After: p.held.Ch}}})
	p.conn.hear(b)
}

// next takes one message; false when none has come.
func (p *phone) next(t *testing.T) bool {
	p.wire.mu.Lock()
	var frame []byte
	if len(p.wire.frames) > 0 {
		frame, p.wire.frames = p.wire.frames[0], p.wire.frames[1:]
	}
	p.wire.mu.Unlock()
	if frame == nil {
		return false
	}
	head := map[byte]int{126: 4, 127: 10}[frame[1]]
	var m struct {
		wire.Delivery
		Hello, Failed *struct{ Code string }
	}
	if err := json.Unmarshal(frame[max(head, 2):], &m); err != nil {
		t.Error(err)
	}
	p.trace = append(p.trace, string(frame[max(head, 2):][:min(len(frame)-max(head, 2), 160)]))
	switch {
	case m.Hello != nil:
		if p.IntN(4) > 0 || p.held.Ch > 0 {
			p.asks()
		}
	case m.Failed != nil:
		p.asked = false
	case m.Room == enginetest.Heyuan:
		p.held.Hear(m.Delivery)
		p.asked = p.asked && m.After == nil
		if p.held.Missing() && !p.asked {
			p.asks()
		}
	}
	return true
}

// page reads back from where its row begins, or anywhere else.
func (p *phone) page(t *testing.T) {
	s := p.street
	if s.Engine.Seen(t.Context(), enginetest.Heyuan) != nil {
		return
	}
	span := view.Span{Limit: 20, Before: p.held.Floor}
	if p.IntN(2) == 0 {
		span = view.Span{Limit: 20, After: entry.Seq(p.IntN(int(s.Engine.Head(enginetest.Heyuan)) + 1)), Onward: true}
	}
	b, err := s.View.Page(enginetest.Heyuan, s.Who(p.person), span)
	var d wire.Delivery
	if err != nil || json.Unmarshal(b, &d) != nil {
		t.Error(err)
	}
	for range p.IntN(3) { // the page is on its way, and messages come
		p.next(t)
	}
	p.held.Hear(d)
}

// live is a while of a phone's life, until the others have said what they had to say.
func (p *phone) live(t *testing.T, quiet <-chan struct{}) {
	for {
		select {
		case <-quiet:
			return
		default:
		}
		switch n := p.IntN(100); {
		case n < 6:
			p.breaks()
		case n < 8:
			p.page(t)
		case n < 10 && p.held.Ch == 0 && !p.asked:
			p.asks()
		default:
			if p.next(t) {
				continue
			}
			select {
			case <-p.wire.came:
			case <-quiet:
			}
		}
	}
}

// settle hears all that still comes, until nothing up to head is missing.
func (p *phone) settle(t *testing.T, head entry.Seq) {
	late := time.After(long.Patience)
	for !p.held.Answered || p.held.Reaches() < head {
		switch {
		case p.lost:
			p.breaks()
		case p.next(t):
		case !p.asked:
			p.asks()
		default:
			select {
			case <-p.wire.came:
			case <-late:
				t.Fatalf("%s waits in vain; it heard:\n%s", p.person, joined(p.trace))
			}
		}
	}
	for p.next(t) {
	}
	for _, seq := range p.held.Asks() {
		b, err := p.street.View.One(enginetest.Heyuan, p.street.Who(p.person), seq)
		var d wire.Delivery
		if err != nil || json.Unmarshal(b, &d) != nil {
			t.Error(err)
		}
		p.held.Hear(d)
	}
}

// Whatever breaks and whenever, whoever keeps what docs/protocol.md says shows in the end what a fresh page shows: own parts, names and
// pins too. The engine, hub, views and the server's side of the connection are the program's; people do whatever they may do
// meanwhile, and the program is restarted, killed, and loses its views.
func TestAfterBreaksAtAnyMessageEverybodyShowsWhatTheServerHas(t *testing.T) {
	t.Parallel()
	const together, whiles = 50, 4
	streets := long.Runs(1, 10_000/together/whiles)
	for seed := range streets {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := enginetest.New(t)
			walk := s.Walk(uint64(seed) + 77)
			for while := range whiles {
				sockets := socketsOf(t, s)
				var all sync.WaitGroup
				quiet := make(chan struct{})
				phones := make([]*phone, together)
				for i := range phones {
					people := append([]id.Person{enginetest.Zhou}, enginetest.Neighbours...)
					phones[i] = &phone{
						Rand: rand.New(rand.NewPCG(uint64(seed*1000+while), uint64(i))), street: s, sockets: sockets,
						person: people[i%len(people)], held: enginetest.NewClient(),
					}
					phones[i].connect()
					all.Go(func() { phones[i].live(t, quiet) })
				}
				for range 60 + walk.IntN(60) {
					walk.Step()
				}
				close(quiet)
				all.Wait()
				// Some have slept over what comes now, and over another life of the program.
				for _, p := range phones {
					s.Hub.Close(p.opened)
					sockets.resumes.end(p.conn)
				}
				[]func(){func() {}, s.Restart, func() { s.Kill(); s.Start() }, s.Rebuild}[while%4]()
				sockets = socketsOf(t, s)
				for range walk.IntN(20) {
					walk.Step()
				}
				for i, p := range phones {
					p.sockets = sockets
					p.connect()
					if i%2 == 0 { // they hear the next one live before anything else
						p.next(t)
					}
				}
				last := s.Says(enginetest.Zhou, "完")
				s.Seen()
				want := map[id.Person]*enginetest.Client{}
				for _, p := range phones {
					p.settle(t, last)
					if want[p.person] == nil {
						want[p.person] = fresh(t, s, p.person)
					}
					enginetest.SameShown(t, fmt.Sprintf("seed %d, while %d, %s", seed, while, p.person), p.held.Shows(p.held.Floor), want[p.person].Shows(p.held.Floor))
					if t.Failed() {
						t.Fatalf("it heard:\n%s", joined(p.trace))
					}
				}
			}
		})
	}
}

func joined(lines []string) (all string) {
	for _, l := range lines[max(0, len(lines)-60):] {
		all += l + "\n"
	}
	return all
}

func fresh(t *testing.T, s *enginetest.Street, p id.Person) *enginetest.Client {
	c := enginetest.NewClient()
	for after := entry.Seq(0); ; {
		b, err := s.View.Page(enginetest.Heyuan, s.Who(p), view.Span{After: after, Onward: true, Limit: view.MaxPage})
		var d wire.Delivery
		if err != nil || json.Unmarshal(b, &d) != nil {
			t.Fatal(err)
		}
		c.Hear(d)
		if len(d.New) == 0 {
			return c
		}
		after = d.New[len(d.New)-1].Seq
	}
}

// socketsOf is the server's side of connections to a street.
func socketsOf(t *testing.T, s *enginetest.Street) *Sockets {
	marks, err := engine.NewMarks(t.Context(), s.Disk.Shelf(), func(r id.Room, at entry.Seq) (map[string]uint64, error) {
		return s.View.Ordinals(r, []string{"chat"}, at)
	})
	if err != nil {
		t.Fatal(err)
	}
	sockets := &Sockets{
		Engine: s.Engine, View: s.View, Hub: s.Hub, Marks: marks, Alive: func(id.Device) bool { return true }, Now: s.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	sockets.Start()
	return sockets
}
