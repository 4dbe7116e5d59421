package enginetest

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/long"
	"linli/internal/wire"
)

// Ear is a connection that remembers what it heard, in order: deliveries, news and answers.
type Ear struct {
	t      testing.TB
	person id.Person
	street *Street

	mu    sync.Mutex
	heard []Heard
	came  chan struct{} // closed when something comes
}

// Heard is one message of the server.
type Heard struct {
	wire.Delivery
	Join   *wire.RoomHead  `json:"join"`
	Leave  *wire.Leave     `json:"leave"`
	Muted  *wire.Muted     `json:"muted"`
	Me     json.RawMessage `json:"me"`
	Queue  *wire.Queued    `json:"queue"`
	Answer []engine.Answer `json:"-"` // ok and no
}

// Ear opens a connection of a person, who hears what the program lets them hear.
func (s *Street) Ear(p id.Person) *Ear {
	e := &Ear{t: s.T, person: p, street: s, came: make(chan struct{})}
	s.Hub.Open(p, Device(p), e, func() []hub.Topic { return s.Engine.Topics(p, s.Engine.RoomsOf(p)) })
	return e
}

// Asks puts commands into the inbox of the first room, one behind the other, and does not wait.
func (e *Ear) Asks(commands ...entry.Command) {
	for _, c := range commands {
		e.street.Engine.Submit(Heyuan.Log(), engine.Ask{Person: e.person, Device: Device(e.person), Command: c, Asker: e})
	}
}

func (e *Ear) note(h Heard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, h)
	close(e.came)
	e.came = make(chan struct{})
}

// Push is the hub's.
func (e *Ear) Push(frame []byte) bool {
	head := 2
	switch frame[1] {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	var h Heard
	if err := json.Unmarshal(frame[head:], &h); err != nil {
		e.t.Errorf("%s hears %q: %v", e.person, frame[head:], err)
	}
	e.note(h)
	return true
}

func (e *Ear) Bye(int, string) {}
func (e *Ear) Waiting() int    { return 0 }

// Answered is the engine's.
func (e *Ear) Answered(all []engine.Answer) { e.note(Heard{Answer: slices.Clone(all)}) }

// All is what was heard so far.
func (e *Ear) All() []Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// wait waits until what was heard so far is enough.
func (e *Ear) wait(enough func([]Heard) bool) {
	e.t.Helper()
	late := time.After(long.Patience)
	for {
		e.mu.Lock()
		heard, came := slices.Clone(e.heard), e.came
		e.mu.Unlock()
		if enough(heard) {
			return
		}
		select {
		case <-came:
		case <-late:
			e.t.Fatalf("%s waits in vain; heard %+v", e.person, heard)
		}
	}
}

// Until waits until something was heard for which is says yes, and returns all that was heard up to it.
func (e *Ear) Until(is func(Heard) bool) (all []Heard) {
	e.t.Helper()
	e.wait(func(heard []Heard) bool {
		at := slices.IndexFunc(heard, is)
		all = heard[:at+1]
		return at >= 0
	})
	return all
}

// Answers waits for the answers to so many commands, in the order in which they came.
func (e *Ear) Answers(n int) (all []engine.Answer) {
	e.t.Helper()
	e.wait(func(heard []Heard) bool {
		all = nil
		for _, h := range heard {
			all = append(all, h.Answer...)
		}
		return len(all) >= n
	})
	return all
}

// News tells whether a delivery brings an item.
func News(seq entry.Seq) func(Heard) bool {
	return func(h Heard) bool {
		return slices.ContainsFunc(h.New, func(i wire.Item) bool { return i.Seq == seq })
	}
}

// Answer tells whether a command is answered.
func Answer(command string) func(Heard) bool {
	return func(h Heard) bool {
		return slices.ContainsFunc(h.Answer, func(a engine.Answer) bool { return a.Command == command })
	}
}
