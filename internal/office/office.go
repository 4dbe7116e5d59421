// Package office is the office's own log as a state: its places (communities, rooms, premises), its persons and what binds
// them to rooms and premises, who answers for what, who asks to come in and what was decided, the posters' links, charter,
// policy, and who looked at whom. It is a pure fold: no I/O, no clock, no goroutine.
//
// Decide says whether a command happens, and as which entries; it changes nothing. Apply takes one entry into the state; it
// never refuses, because it replays yesterday's entries. Effects says what follows from one entry in rooms: the server
// appends it there, with the entry's seq as cause. So everything that an effect needs is in the entry's facts: Decide fills
// in what the command left open (the room of a premises, the badge and rev of a newcomer).
//
// Facts name persons by id only. Which names, phones and roster lines belong to them is the register's knowledge.
//
// Records that queries hand out as pointers (Premises, Room, Community) are never changed in place: a change makes another.
package office

import (
	"encoding/json"
	"fmt"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
)

const (
	keptDecisions = 500 // per room
	keptLooks     = 50  // per person
	keptAnswers   = 256 // of commands that may be sent again
)

// State is the office as its log has it. It is not safe for concurrent use: its owner locks. Queries only read.
type State struct {
	core core

	// Below is derived from the core.
	names  map[string]string            // one copy of each place's name
	within map[id.Room][]*Premises      // in walking order
	behind map[id.Premises][]id.Person  // who is bound to a premises, in any room
	posts  map[entry.Grant][]id.Person  // who holds a role
	queue  map[id.Room][]*Application   // open applications in order of their places
	mine   map[id.Person][]*Application // oldest first
	looked map[id.Person][]*Look        // newest last
	links  map[id.Room][]id.Link        // oldest first
	tally  map[id.Room]Tally            // premises of each room
	slips  map[id.Slip]*Slip
}

// core is what a checkpoint keeps. Fields are only added.
type core struct {
	Seq          entry.Seq                       `json:"seq"`
	Strange      bool                            `json:"strange,omitempty"` // an act was not known: a newer program wrote it
	Name         string                          `json:"name,omitempty"`
	Code         string                          `json:"code,omitempty"`
	Communities  map[id.Community]*Community     `json:"communities"`
	Rooms        map[id.Room]*Room               `json:"rooms"`
	Premises     map[id.Premises]*Premises       `json:"premises"`
	People       map[id.Person]*Person           `json:"people"`
	Applications map[id.Application]*Application `json:"applications"`
	Decisions    map[id.Room][]Decision          `json:"decisions"`
	Links        map[id.Link]*Link               `json:"links"`
	Charters     map[id.Room]*Charter            `json:"charters"`             // "" is the office's
	Charter      int                             `json:"charter"`              // the greatest version given out
	Policies     map[id.Room]saying              `json:"policies"`             // "" is the office's
	Telephones   map[id.Room]entry.Words         `json:"telephones,omitempty"` // {"phone", "when"}; "" is the office's
	Slips        map[id.Premises]*Slip           `json:"slips,omitempty"`
	Shut         map[id.Premises]int64           `json:"shut,omitempty"` // until when a door lets nobody in by a slip, ms
	Offers       map[id.Person][]Offer           `json:"offers,omitempty"`
	Removals     map[id.Person][]Removal         `json:"removals,omitempty"`
	Limits       *entry.Limits                   `json:"limits,omitempty"`   // nil: as usual
	Second       int64                           `json:"second,omitempty"`   // from when on staff signs in with a second step, ms; 0: who wants to
	Contacts     map[id.Person][]contact         `json:"contacts,omitempty"` // whose phone each was shown within a day
	Windows      entry.Windows                   `json:"windows"`
	Answers      []answer                        `json:"answers,omitempty"`
}

// answer is what a command was answered.
type answer struct {
	ID  string    `json:"id"`
	Seq entry.Seq `json:"seq"`
}

// New is an office before its first entry.
func New() *State { return (&State{}).whole() }

func (s *State) Seq() entry.Seq { return s.core.Seq }

// Greatest is the greatest command number taken from a device.
func (s *State) Greatest(device id.Device) uint64 { return s.core.Windows.Greatest(device) }

// checkpoint is the core and the looks, each once with all whom it concerned.
type checkpoint struct {
	core
	Looks []lookAt `json:"looks,omitempty"`
}

type lookAt struct {
	*Look
	Of []id.Person `json:"of"`
}

// Checkpoint is the state as bytes. It holds words (what open applications say, the charter): it is to be kept like them.
func (s *State) Checkpoint() ([]byte, error) { return json.Marshal(checkpoint{s.core, s.allLooks()}) }

// Restore makes a state from a checkpoint.
func Restore(b []byte) (*State, error) {
	var c checkpoint
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("office: checkpoint: %w", err)
	}
	s := (&State{core: c.core}).whole()
	for _, l := range c.Looks {
		for _, p := range l.Of {
			s.looked[p] = append(s.looked[p], l.Look)
		}
	}
	return s, nil
}

// whole makes the maps that may be nil, and all that is derived from the core.
func (s *State) whole() *State {
	c := &s.core
	made(&c.Communities)
	made(&c.Rooms)
	made(&c.Premises)
	made(&c.People)
	made(&c.Applications)
	made(&c.Decisions)
	made(&c.Links)
	made(&c.Charters)
	made(&c.Policies)
	made(&c.Slips)
	made(&c.Shut)
	made(&c.Removals)
	made(&c.Offers)
	if c.Windows == nil {
		c.Windows = entry.Windows{}
	}
	made(&s.names)
	made(&s.within)
	made(&s.behind)
	made(&s.posts)
	made(&s.queue)
	made(&s.mine)
	made(&s.looked)
	made(&s.links)
	made(&s.tally)
	made(&s.slips)
	for _, r := range c.Rooms {
		r.key = natural(r.Name)
	}
	for _, x := range c.Communities {
		x.key = natural(x.Name)
	}
	s.wholePlaces()
	s.wholeSlips()
	for p, who := range c.People {
		for _, b := range who.Bindings {
			s.stand(p, b.Premises)
		}
		for _, g := range who.Grants {
			s.posts[g] = with(s.posts[g], p)
		}
	}
	for _, a := range sorted(c.Applications, func(a, b *Application) int { return compare(a.Submitted, b.Submitted) }) {
		s.mine[a.Person] = append(s.mine[a.Person], a)
		if a.Open() {
			s.enqueue(a)
		}
	}
	for _, list := range c.Decisions { // a checkpoint of before may have more
		for i := range list {
			if a := c.Applications[list[i].Application]; a == nil || a.Status == Withdrawn {
				list[i].Words = nil
			}
		}
	}
	for _, l := range sorted(c.Links, func(a, b *Link) int { return compare(a.Seq, b.Seq) }) {
		s.links[l.Room] = append(s.links[l.Room], l.ID)
	}
	return s
}

func (s *State) wholePlaces() {
	for _, p := range s.core.Premises {
		s.common(p)
		s.within[p.Room] = append(s.within[p.Room], p)
		s.count(p, +1)
	}
	for _, list := range s.within {
		slices.SortFunc(list, walking)
	}
}

func made[K comparable, V any](m *map[K]V) {
	if *m == nil {
		*m = map[K]V{}
	}
}

// with is a sorted list with one more in it, once.
func with(list []id.Person, p id.Person) []id.Person {
	i, found := slices.BinarySearch(list, p)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), i, p)
}

// without is a sorted list with one less in it.
func without(list []id.Person, p id.Person) []id.Person {
	i, found := slices.BinarySearch(list, p)
	if !found {
		return list
	}
	return slices.Delete(slices.Clone(list), i, i+1)
}

func sorted[K comparable, V any](m map[K]V, by func(a, b V) int) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, v)
	}
	slices.SortFunc(list, by)
	return list
}
