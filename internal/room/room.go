// Package room is what a room is: who is in it, what stands in it, and the rules by which both change. It is a pure fold
// over the room's log: no I/O, no clock, no goroutine. Decide says whether a command happens and as which entries; Apply
// takes an entry into the state and says what it changed. Decide may change its mind from one release to the next, Apply may
// not: it replays yesterday's entries.
//
// The state has two parts. The core (members, mutes, premises, pins, lanes, what was heard from the office, the devices'
// windows) is always whole. Items are only in hand while somebody works on them: the engine puts the items that a command
// targets in hand first, and Shed lets go of those that the views have. So the state does not grow with history, and an
// entry whose item is not in hand changes the core alone: that is how the tail behind a checkpoint is replayed.
package room

import (
	"encoding/json"
	"maps"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// Seq counts the entries of a room.
type Seq = entry.Seq

// State is a room as its log has it. It is not safe for concurrent use: its owner locks.
type State struct {
	id   id.Room
	core core
	hand map[Seq]*Item
	// recent answers what a repeated command was answered, for the last ones; windows know all.
	recent  map[string]Seq
	answers []string

	behind map[id.Premises][]id.Person // derived from core.Members
	tally  Tally                       // derived from behind and core.Premises
}

// core is what a checkpoint keeps. Fields are only added.
type core struct {
	Seq       Seq                   `json:"seq"`
	Strange   bool                  `json:"strange,omitempty"` // an act about members was not known: a newer program wrote it
	Heard     Seq                   `json:"heard"`             // the office's last entry whose effects are in
	Name      string                `json:"name"`
	Community id.Community          `json:"community"`
	Members   map[id.Person]*Member `json:"members"`
	Removed   map[id.Person]int64   `json:"removed,omitempty"` // until when they may not come back; 0 for without end
	Premises  map[id.Premises]Door  `json:"premises"`
	Pins      []Seq                 `json:"pins,omitempty"` // newest first
	Lanes     map[kind.Lane]uint64  `json:"lanes"`          // how many items each lane has
	Due       map[Seq]Due           `json:"due,omitempty"`
	Doubt     map[Seq]bool          `json:"doubt,omitempty"`   // cards that changed while they were not in hand: Due and Pins may lag
	Rung      []int64               `json:"rung,omitempty"`    // when everybody was called, the last few (ms)
	Held      map[Seq]Held          `json:"held,omitempty"`    // open cards of which somebody has only so many at once
	Current   map[Seq]kind.Lane     `json:"current,omitempty"` // cards that are not over, for their lanes' counts
	Waits     []int64               `json:"waits,omitempty"`   // how long those who asked for help waited for somebody, the last few (ms)
	Windows   entry.Windows         `json:"windows"`
	Without   []string              `json:"without,omitempty"`  // kinds that nobody may post here
	Reserved  []kind.Lane           `json:"reserved,omitempty"` // lanes in which only those post who answer for the room
	Taken     []Seq                 `json:"taken,omitempty"`    // what was taken back by who answers for the room, the newest last; the last few
}

// Member is a person in the room.
type Member struct {
	Premises []id.Premises `json:"premises,omitempty"` // the first is acted for
	Badge    string        `json:"badge,omitempty"`
	Role     entry.Role    `json:"role,omitempty"` // owner, deputy, or none: who is told what owners are told
	Rev      int           `json:"rev"`            // of the display name
	Joined   int64         `json:"joined"`
	Muted    int64         `json:"muted,omitempty"` // until, ms; 0 when not
}

// Door is a household or shop of the room: a place, not a person.
type Door struct {
	Label string `json:"label"` // 3-2-501, or the shop's name
	Kind  string `json:"kind"`  // home, shop
}

// Due is what the server will do to a card, and when.
type Due struct {
	At  int64  `json:"at"`
	Act string `json:"act"`
}

// Held is an open card that somebody holds: a request they have taken on, a call for help of theirs.
type Held struct {
	Kind string    `json:"kind"`
	By   id.Person `json:"by"`
}

// Count is how many there are, and how many of them have at least one member in the room.
type Count struct {
	All     int `json:"all"`
	Covered int `json:"covered"`
}

// Tally is the room's coverage.
type Tally struct {
	Homes Count `json:"homes"`
	Shops Count `json:"shops"`
}

// Item is what a post made: the card and its header.
type Item struct {
	Seq       Seq
	Ch        Seq // what changed it last
	Kind      string
	By        id.Person
	For       id.Premises // the premises the author acted for
	As        string
	At        int64
	ID        string
	Re        Seq
	Lane      kind.Lane
	Ordinal   uint64 // in its lane
	Words     entry.Words
	Sum       string
	Retracted bool
	Edited    int64     // when its words were changed last, ms; 0 when never
	Was       []Version // what it said before, the first first
	Taken     *Taken    // by whom else it was taken back
	Pinned    bool
	React     map[string][]id.Person
	Card      kind.Card // nil for a kind this program does not know
}

// Taken is the trace of an item that somebody other than its author took back, for those who decide complaints about that.
type Taken struct {
	By     id.Person   `json:"by"`
	At     int64       `json:"at"` // ms
	Reason entry.Words `json:"reason,omitempty"`
	Was    []Version   `json:"was"` // all that it said, what it said last last
}

// Version is what an item said from a time on.
type Version struct {
	At    int64       `json:"at"` // ms
	Words entry.Words `json:"words"`
}

// Versions is all that an item said, the last last; none when it was taken back.
func (i *Item) Versions() []Version {
	if i.Retracted {
		return nil
	}
	return append(slices.Clone(i.Was), Version{max(i.At, i.Edited), i.Words})
}

// Change is what one entry made different. Items in it are the state's own: read them before the next Apply.
type Change struct {
	Entry   *entry.Entry
	Seq     Seq
	Item    *Item // new or changed; nil when none, or when it was not in hand
	New     bool
	Was     Seq         // the item's Ch before
	Quiet   bool        // only own parts changed: nobody else is told
	Own     []id.Person // whose own parts of the item changed
	Rings   []kind.Ring // whom it wants to reach
	At      int64       // when, ms
	Pins    bool        // the pinned items changed
	Counts  bool        // a lane has another number of cards that are not over
	Rules   bool        // what may be posted, or by whom, changed
	Joined  []Newcomer
	Renamed []Newcomer
	Gone    []Leaver
	Muted   *Mute
}

// Newcomer is somebody whose name the room must learn.
type Newcomer struct {
	Person   id.Person   `json:"person"`
	Premises id.Premises `json:"premises,omitempty"`
	Badge    string      `json:"badge,omitempty"`
	Role     entry.Role  `json:"role,omitempty"`
	Rev      int         `json:"rev"`
	Place    string      `json:"-"` // the label of the door, in a change
}

// Leaver is somebody who is no longer in the room.
type Leaver struct {
	Person id.Person
	Until  int64
	Words  entry.Words
	Self   bool // of their own will
}

// Mute is somebody who may not post until a time; 0 when the mute ended.
type Mute struct {
	Person id.Person
	Until  int64
	Words  entry.Words
}

// New is a room before its first entry.
func New(room id.Room) *State {
	return (&State{id: room, core: core{}}).whole()
}

// whole makes the maps that may be nil and what is derived from the core.
func (s *State) whole() *State {
	c := &s.core
	if c.Members == nil {
		c.Members = map[id.Person]*Member{}
	}
	if c.Removed == nil {
		c.Removed = map[id.Person]int64{}
	}
	if c.Premises == nil {
		c.Premises = map[id.Premises]Door{}
	}
	if c.Lanes == nil {
		c.Lanes = map[kind.Lane]uint64{}
	}
	if c.Due == nil {
		c.Due = map[Seq]Due{}
	}
	if c.Held == nil {
		c.Held = map[Seq]Held{}
	}
	if c.Doubt == nil {
		c.Doubt = map[Seq]bool{}
	}
	if c.Current == nil {
		c.Current = map[Seq]kind.Lane{}
	}
	if c.Windows == nil {
		c.Windows = entry.Windows{}
	}
	s.hand, s.recent = map[Seq]*Item{}, map[string]Seq{}
	s.behind = map[id.Premises][]id.Person{}
	for p, m := range c.Members {
		for _, h := range m.Premises {
			s.behind[h] = append(s.behind[h], p)
		}
	}
	for h, persons := range s.behind {
		slices.Sort(persons)
		s.behind[h] = persons
	}
	s.tally = Tally{}
	for h, d := range c.Premises {
		count := s.count(d.Kind)
		count.All++
		if len(s.behind[h]) > 0 {
			count.Covered++
		}
	}
	return s
}

func (s *State) count(kind string) *Count {
	if kind == "shop" {
		return &s.tally.Shops
	}
	return &s.tally.Homes
}

// Checkpoint is the core as bytes; Restore reads it back with no item in hand.
func (s *State) Checkpoint() ([]byte, error) { return json.Marshal(&s.core) }

// Restore makes a state from a checkpoint.
func Restore(room id.Room, b []byte) (*State, error) {
	s := &State{id: room}
	if err := json.Unmarshal(b, &s.core); err != nil {
		return nil, err
	}
	return s.whole(), nil
}

// Below: what others may ask a room.

// Whole tells whether every act about members was understood. One of a newer program may have let people in of whom this one knows nothing.
func (s *State) Whole() bool { return !s.core.Strange }

func (s *State) ID() id.Room                { return s.id }
func (s *State) Seq() Seq                   { return s.core.Seq }
func (s *State) Heard() Seq                 { return s.core.Heard }
func (s *State) Name() string               { return s.core.Name }
func (s *State) Community() id.Community    { return s.core.Community }
func (s *State) Tally() Tally               { return s.tally }
func (s *State) Size() int                  { return len(s.core.Members) }
func (s *State) Pins() []Seq                { return slices.Clone(s.core.Pins) }
func (s *State) Without() []string          { return slices.Clone(s.core.Without) }
func (s *State) Reserved() []kind.Lane      { return slices.Clone(s.core.Reserved) }
func (s *State) Lane(lane kind.Lane) uint64 { return s.core.Lanes[lane] }
func (s *State) Member(p id.Person) *Member { return s.core.Members[p] }
func (s *State) Has(p id.Person) bool       { return s.core.Members[p] != nil }
func (s *State) Premises() int              { return len(s.core.Premises) }
func (s *State) Door(h id.Premises) (Door, bool) {
	d, ok := s.core.Premises[h]
	return d, ok
}

// Shops is how many of the premises are shops.
func (s *State) Shops() int { return s.tally.Shops.All }

// Shop tells whether a premises is a shop of the room.
func (s *State) Shop(h id.Premises) bool { return s.core.Premises[h].Kind == "shop" }

// Includes tells whether a premises is one of the room's.
func (s *State) Includes(h id.Premises) bool {
	_, ok := s.core.Premises[h]
	return ok
}

// Greatest is the greatest command number taken from a device, for a client that lost its own count.
func (s *State) Greatest(device id.Device) uint64 { return s.core.Windows.Greatest(device) }

// Behind lists the members of a premises.
func (s *State) Behind(h id.Premises) []id.Person { return s.behind[h] }

// Members yields everybody in the room, in no particular order.
func (s *State) Members(yield func(id.Person, *Member) bool) {
	for p, m := range s.core.Members {
		if !yield(p, m) {
			return
		}
	}
}

// Doors yields the room's premises, in no particular order.
func (s *State) Doors(yield func(id.Premises, Door) bool) {
	for h, d := range s.core.Premises {
		if !yield(h, d) {
			return
		}
	}
}

// Owners lists the members who answer for the room.
func (s *State) Owners() []id.Person {
	var owners []id.Person
	for p, m := range s.core.Members {
		if m.Role != "" {
			owners = append(owners, p)
		}
	}
	slices.Sort(owners)
	return owners
}

// AllSince tells whether everybody who is in the room was in it at a time (ms): what was said then is no history to any of them.
func (s *State) AllSince(at int64) bool {
	for _, m := range s.core.Members {
		if m.Joined > at {
			return false
		}
	}
	return true
}

// Counts is how many cards are not over, of the lanes that have cards.
func (s *State) Counts() map[kind.Lane]int {
	n := map[kind.Lane]int{kind.Notices: 0, kind.Needs: 0}
	for _, lane := range s.core.Current {
		n[lane]++
	}
	return n
}

const (
	fewWaits  = 3  // below which there is no telling how soon somebody comes
	keptWaits = 20 // so many of the last count
)

// Answers is how long those who asked for help last waited until somebody took it on (ms): half of them no longer; 0 when that were too few
// to tell.
func (s *State) Answers() int64 {
	n := len(s.core.Waits)
	if n < fewWaits {
		return 0
	}
	return slices.Sorted(slices.Values(s.core.Waits))[n/2]
}

// Badged lists the members with a badge.
func (s *State) Badged(badge string) (list []id.Person) {
	for p, m := range s.core.Members {
		if m.Badge == badge {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list
}

// Calls is how often everybody was called since a time (ms).
func (s *State) Calls(since int64) (n int) {
	for _, at := range s.core.Rung {
		if at > since {
			n++
		}
	}
	return n
}

// Holds is how many open cards of a kind somebody holds.
func (s *State) Holds(p id.Person, kind string) (n int) {
	for _, h := range s.core.Held {
		if h == (Held{kind, p}) {
			n++
		}
	}
	return n
}

// Holders counts who holds how many open cards of each kind.
func (s *State) Holders() map[Held]int {
	n := make(map[Held]int, len(s.core.Held))
	for _, h := range s.core.Held {
		n[h]++
	}
	return n
}

// held is the newest open card of a kind that somebody holds; 0 for none.
func (s *State) held(p id.Person, kind string) (seq Seq) {
	for at, h := range s.core.Held {
		if h == (Held{kind, p}) {
			seq = max(seq, at)
		}
	}
	return seq
}

// Viewer is how a person sees own parts of an item.
func (s *State) Viewer(p id.Person, answers bool, item *Item) kind.Viewer {
	v := kind.Viewer{Person: p, Owner: answers, Post: item.post(), Room: s}
	if m := s.core.Members[p]; m != nil {
		v.Homes, v.Owner = m.Premises, answers || m.Role != ""
	}
	return v
}

// NextDue is the earliest deadline of the room; ok is false when there is none.
func (s *State) NextDue() (at int64, ok bool) {
	for _, d := range s.core.Due {
		if !ok || d.At < at {
			at, ok = d.At, true
		}
	}
	return at, ok
}

// Overdue lists the commands the server owes by now, in order of their items.
func (s *State) Overdue(now int64) []entry.Command {
	var commands []entry.Command
	for seq, d := range s.core.Due {
		if d.At <= now {
			commands = append(commands, entry.Command{Act: d.Act, Re: seq})
		}
	}
	slices.SortFunc(commands, func(a, b entry.Command) int { return int(a.Re) - int(b.Re) })
	return commands
}

// Doubtful lists the cards that changed while they were not in hand. Put in hand, they say again what is due and pinned.
func (s *State) Doubtful() []Seq {
	return slices.Sorted(maps.Keys(s.core.Doubt))
}

func (m *Member) home() id.Premises {
	if len(m.Premises) == 0 {
		return ""
	}
	return m.Premises[0]
}

func (i *Item) post() kind.Post { return kind.Post{Seq: i.Seq, By: i.By, For: i.For, At: i.At} }

// EachRemoved yields who was removed from the room, and until when (ms; 0 without end).
func (s *State) EachRemoved(yield func(p id.Person, until int64) bool) {
	for p, until := range s.core.Removed {
		if !yield(p, until) {
			return
		}
	}
}

// Removed tells whether somebody was removed from the room, and until when they may not come back; 0 for without end.
func (s *State) Removed(p id.Person) (until int64, removed bool) {
	until, removed = s.core.Removed[p]
	return until, removed
}
