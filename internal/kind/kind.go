// Package kind is the kinds of messages, one file each. A kind is a small pure state machine: who may do what to its card,
// and what that changes. It does no I/O, reads no clock and knows nothing of rooms, sockets or storage; the packages around
// it know the kinds only through the registry in this file. A new kind is a new file here and a new folder in the client.
//
// Facts decide, words are shown: a rule may look at the card's facts, the actor, the command's facts and the time given to it, never at
// words. Words pass through a kind as an opaque value that may be null at any time (forgotten), and the card must then
// still fold and show.
package kind

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Actor is who asks, as far as a card's rules need to know.
type Actor struct {
	Person id.Person
	Homes  []id.Premises // the households and shops that they may act for here, the first one first; none for those who belong to none
	Owner  bool          // answers for the room: owner, deputy, or an office role above them
	As     string        // the office role that makes them one; empty for none
	Claims int           // how many open cards of one kind they may hold at once; 0 for as many as there are
	Member bool          // is in the room; an office role may act without being a member
	Server bool          // the server itself: deadlines
}

// Room is what a rule may know about the room around its card.
type Room interface {
	Premises() int                    // households and shops of the room
	Has(p id.Person) bool             // is p a member?
	Includes(h id.Premises) bool      // is it one of the room's?
	Shops() int                       // of the premises
	Shop(h id.Premises) bool          // is it a shop?
	Behind(h id.Premises) []id.Person // the members of a premises
	Owners() []id.Person              // members who answer for the room
	Badged(badge string) []id.Person  // members with a badge
	Calls(since int64) int            // how often everybody was called since a time (ms)
}

// Ask is one question to a rule: may this be done now?
type Ask struct {
	By   Actor
	Now  int64 // ms since 1970
	Room Room
	Post Post // the header of the card; zero for a post

	Holds int // how many open cards of the kind the asker holds in the room
}

// Post is the header of a card: who posted it and when.
type Post struct {
	Seq entry.Seq
	By  id.Person
	For id.Premises
	At  int64
}

// Event is an entry on its way into a card.
type Event struct {
	Post            // the card's header
	Seq   entry.Seq // of this entry
	By    id.Person
	At    int64
	Words entry.Words // opaque; may be nil
	Room  Room        // as of this entry; only Concerns looks at it
}

// Lane is where a kind's items are counted; empty for those that are in none.
type Lane string

const (
	Chat    Lane = "chat"
	Notices Lane = "notice"
	Needs   Lane = "request"
)

// Card is a card's state as the packages around the kinds hold it: opaque but for these methods.
type Card interface {
	// Act asks whether act may happen and returns its facts as they will be written down. It never changes the card.
	Act(act string, ask Ask, with json.RawMessage, words entry.Words) (facts json.RawMessage, err error)
	// Apply is the card after the event; the card before must no longer be used (maps change in place). It never refuses:
	// facts it cannot read leave the card as it was.
	Apply(act string, e Event, facts json.RawMessage) Card
	// Shown is what every member sees: the item's state.
	Shown() any
	// Own is what only this person sees of it; nil when nothing.
	Own(viewer Viewer) any
	// Concerns lists whose own parts an event changed, beyond the actor, the author and those behind the actor's premises.
	Concerns(e Event) []id.Person
	// Facts is the whole state for keeping; Load of its kind reads it back.
	Facts() json.RawMessage
}

// Viewer is who looks at a card's own part.
type Viewer struct {
	Person id.Person
	Homes  []id.Premises // as an Actor's
	Owner  bool
	Post   Post
	Room   Room // as it is now
}

// Optional abilities. A kind's state has one by having the method.
type (
	// Pinned says whether a new card stands in the room's notice bar.
	Pinned interface{ Pin() bool }
	// Settled says that the card is over for good and leaves the notice bar, whoever put it there.
	Settled interface{ Settled() bool }
	// Deadline is when the server must act, and the action it then does; 0 for never.
	Deadline interface{ Due() (at int64, act string) }
	// Contact says who may be told whose name and phone now.
	Contact interface {
		MayContact(viewer Viewer) (whose id.Person, ok bool)
	}
	// Visited says who of those may come to the door, and is told it; without this method nobody is.
	Visited interface{ MayVisit(viewer Viewer) bool }
	// Held says whose open card it is, of kinds of which somebody has only so many at once; empty for nobody's.
	Held interface{ Holder(p Post) id.Person }
	// Summoning says that nobody in the room answers for it but who posted: those above the room are rung, and may open this card.
	Summoning interface {
		Summons() bool
		OpenedBy(p id.Person) bool // who of them has opened it, as the room sees
	}
	// Receipts lists the premises that have confirmed, with who and when.
	Receipts interface {
		Confirmed() map[id.Premises]Receipt
	}
	// Waiting is for cards that want something of somebody until they are over.
	Waiting interface {
		Live() bool            // not over yet
		Waits(v Viewer) string // what a live card waits for from this viewer, as an action's name; empty for nothing
	}
	// Current is for cards whose lane counts them for as long as they are not over.
	Current interface{ Current() bool }
	// Helped is for cards that somebody may take on: what one is to this viewer.
	Helped interface{ Task(v Viewer) Task }
	// Attached lists the files that belong to a card.
	Attached interface{ Attached() []File }
	// Passing says how an item may be passed on into another room, and what of its facts goes along; not ok, or no such method, for
	// what stays where it was said.
	Passing interface{ Pass() (part Part, ok bool) }
	// Calling says whom a post calls: their phones ring, and they find it again.
	Calling interface {
		Calls() (to []id.Person, all bool)
	}
	// Rewords marks events whose words take the place of the post's. Whoever asked for them, they are the author's, and sealed as such.
	Rewords interface{ Rewords(act string) bool }
	// Versioned says that what the item said before is kept whenever an act takes the place of its words, for every member to compare.
	Versioned interface{ Versioned() bool }
	// Quiet marks events that change no more than own parts: they are not fanned out.
	Quiet interface{ Quiet(act string) bool }
	// Ringing says whose phones an event rings; asked of the card behind the event.
	Ringing interface {
		Rings(act string, e Event) []Ring
	}
	// Pressing is for cards that may not stay unanswered: when (ms; 0 for never) and how those are reached for whom they still wait.
	Pressing interface {
		Presses(p Post) (at int64, how Ring)
	}
)

// Task is what a card that may be taken on is to somebody.
type Task string

const (
	NoTask   Task = ""     // none of theirs
	OpenTask Task = "open" // they may take it on
	MyTask   Task = "mine" // they are at it
	DoneTask Task = "done" // they did it
)

// Ring is whom an event wants to reach, and how. Whoever made it happen is never rung.
type Ring struct {
	Topic string      `json:"topic"`           // what it is about; those that pocket.Topics has may be turned off
	To    []id.Person `json:"to,omitempty"`    // who have to be in the room still when it rings
	All   bool        `json:"all,omitempty"`   // every member
	Turns bool        `json:"turns,omitempty"` // who is on duty first, the others when none of them looks
	Open  bool        `json:"open,omitempty"`  // no more than pages that are open
	Loud  bool        `json:"loud,omitempty"`  // at any hour, and on page and phone at once
	Text  bool        `json:"text,omitempty"`  // worth a text message when neither is noticed
	Staff bool        `json:"staff,omitempty"` // said where the staff works, too
	Above bool        `json:"above,omitempty"` // those above the room too: its community's secretaries and the office's administrators
	Says  string      `json:"says,omitempty"`  // what happened, between who did it and the card's summary
}

// What rings, beside what pocket.Topics has.
const (
	Confirm   = "confirm"   // a notice that every household has to confirm
	Emergency = "emergency" // somebody is in need
)

// Receipt is one premises' confirmation: by one of its people, or by who told it at the door.
type Receipt struct {
	By    id.Person   `json:"by"`
	At    int64       `json:"at"`
	Visit bool        `json:"visit,omitempty"`
	Note  entry.Words `json:"note,omitempty"` // of who was there
}

// Kind is a registered kind.
type Kind struct {
	Name    string
	Lane    Lane
	Summary func(words entry.Words, facts json.RawMessage) string // one line for push, search, export, and clients that do not know the kind; empty for text
	New     func() Card
	Load    func(facts json.RawMessage) Card
	Acts    []string // what can be done with it, post among them
	Files   bool     // a post brings files: its cards are Attached
	Takes   string   // the act by which somebody takes one on, and may take on so many at once, over all rooms; empty: any number
	Again   string   // what a post becomes on the card that its author has open already; empty: another card
	speaks  map[string]bool
	says    map[string][]string
}

// Own is of some words what an act itself shows.
func (k *Kind) Own(act string, words entry.Words) entry.Words { return Own(words, k.says[act]...) }

var registry = map[string]*Kind{}

// Of finds a kind by name; nil when this program does not know it.
func Of(name string) *Kind { return registry[name] }

// Speaks tells whether an act says something about others even without words.
func (k *Kind) Speaks(act string) bool { return k.speaks[act] }

// Names lists all kinds in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(registry))
	for name := range registry {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// kind declares a kind whose card has the state S, a plain struct that JSON can keep.
type kind[S any] struct {
	name     string
	lane     Lane
	actions  map[string]action[S]
	shown    func(S) any
	own      func(S, Viewer) any                 // optional
	concerns func(S, Event) []id.Person          // optional
	summary  func(words entry.Words, s S) string // optional
	again    string                              // optional
	takes    string                              // optional
}

// action is a pair: may it happen, and what it changes.
type action[S any] struct {
	allow  func(S, Ask, json.RawMessage, entry.Words) (json.RawMessage, error)
	apply  func(S, Event, json.RawMessage) S
	says   []string // the fields that its words have; what else is sent goes nowhere
	speaks bool
}

// speaking marks an action that says something about others even without words: a muted member may not do it.
func (a action[S]) speaking() action[S] {
	a.speaks = true
	return a
}

// act makes an action without words out of a rule and a change that share the facts F. The rule may complete the facts (for whom, of how
// many); what it leaves in them is what is written down and what apply will see, today and at every replay.
func act[S, F any](allow func(S, Ask, *F) error, apply func(S, Event, F) S) action[S] {
	return actw(func(s S, ask Ask, f *F, _ entry.Words) error { return allow(s, ask, f) }, apply)
}

// actw is act for an action whose words have these fields, and a rule that also checks their shape and length. It must not decide
// anything else by them.
func actw[S, F any](allow func(S, Ask, *F, entry.Words) error, apply func(S, Event, F) S, says ...string) action[S] {
	return action[S]{
		says: says,
		allow: func(s S, ask Ask, with json.RawMessage, words entry.Words) (json.RawMessage, error) {
			var f F
			if len(with) > 0 {
				if err := decode(with, &f); err != nil {
					return nil, fault.New(fault.Invalid, "the facts of this action do not have its shape").And("field", "with")
				}
			}
			if err := allow(s, ask, &f, words); err != nil {
				return nil, err
			}
			facts, err := json.Marshal(f)
			if err != nil || string(facts) == "{}" {
				return nil, err
			}
			return facts, nil
		},
		apply: func(s S, e Event, facts json.RawMessage) S {
			var f F
			if len(facts) > 0 && json.Unmarshal(facts, &f) != nil {
				return s
			}
			return apply(s, e, f)
		},
	}
}

// declare puts a kind into the registry. A duplicate or incomplete kind is a mistake of the program and stops it at start.
func declare[S any](k kind[S]) struct{} {
	switch {
	case registry[k.name] != nil:
		panic("kind: declared twice: " + k.name)
	case k.name == "" || k.shown == nil || k.actions["post"].apply == nil:
		panic(fmt.Sprintf("kind: %q is incomplete", k.name))
	}
	acts, speaks, says := make([]string, 0, len(k.actions)), map[string]bool{}, map[string][]string{}
	for name, a := range k.actions {
		acts, speaks[name], says[name] = append(acts, name), a.speaks, a.says
	}
	sort.Strings(acts)
	var blank S
	_, files := any(blank).(Attached)
	registry[k.name] = &Kind{
		Name: k.name, Lane: k.lane, Acts: acts, Files: files, Again: k.again, Takes: k.takes, speaks: speaks, says: says,
		New: func() Card { return card[S]{kind: &k} },
		Load: func(facts json.RawMessage) Card {
			c := card[S]{kind: &k}
			if len(facts) > 0 {
				_ = json.Unmarshal(facts, &c.state) // what cannot be read shows as a fresh card, with its summary
			}
			return c
		},
		Summary: func(words entry.Words, facts json.RawMessage) string {
			if k.summary == nil {
				return ""
			}
			var s S
			_ = json.Unmarshal(facts, &s)
			return k.summary(words, s)
		},
	}
	return struct{}{}
}

// card is the one implementation of Card: a kind and a state of its type.
type card[S any] struct {
	kind  *kind[S]
	state S
}

func (c card[S]) Act(act string, ask Ask, with json.RawMessage, words entry.Words) (json.RawMessage, error) {
	a, ok := c.kind.actions[act]
	if !ok || a.allow == nil {
		return nil, fault.Newf(fault.Invalid, "%s cannot be done to a %s", act, c.kind.name).And("field", "act")
	}
	return a.allow(c.state, ask, with, words)
}

func (c card[S]) Apply(act string, e Event, facts json.RawMessage) Card {
	if a, ok := c.kind.actions[act]; ok {
		c.state = a.apply(c.state, e, facts)
	}
	return c
}

func (c card[S]) Shown() any { return c.kind.shown(c.state) }

func (c card[S]) Own(v Viewer) any {
	if c.kind.own == nil {
		return nil
	}
	return c.kind.own(c.state, v)
}

func (c card[S]) Concerns(e Event) []id.Person {
	if c.kind.concerns == nil {
		return nil
	}
	return c.kind.concerns(c.state, e)
}

func (c card[S]) Facts() json.RawMessage {
	b, err := json.Marshal(c.state)
	if err != nil {
		panic("kind: the state of " + c.kind.name + " is not JSON: " + err.Error())
	}
	return b
}

// Pin, Settled, Due, MayContact, MayVisit, Holder, Summons, Confirmed, Live, Waits, Attached, Pass, Calls, Rings, Presses, Rewords, Versioned and Quiet pass the optional abilities of
// a state through the card.

func (c card[S]) Pin() bool {
	p, ok := any(c.state).(Pinned)
	return ok && p.Pin()
}

func (c card[S]) Settled() bool {
	s, ok := any(c.state).(Settled)
	return ok && s.Settled()
}

func (c card[S]) Due() (int64, string) {
	if d, ok := any(c.state).(Deadline); ok {
		return d.Due()
	}
	return 0, ""
}

func (c card[S]) MayContact(v Viewer) (id.Person, bool) {
	if m, ok := any(c.state).(Contact); ok {
		return m.MayContact(v)
	}
	return "", false
}

func (c card[S]) MayVisit(v Viewer) bool {
	m, ok := any(c.state).(Visited)
	return ok && m.MayVisit(v)
}

func (c card[S]) Holder(p Post) id.Person {
	if h, ok := any(c.state).(Held); ok {
		return h.Holder(p)
	}
	return ""
}

func (c card[S]) Summons() bool {
	s, ok := any(c.state).(Summoning)
	return ok && s.Summons()
}

func (c card[S]) OpenedBy(p id.Person) bool {
	s, ok := any(c.state).(Summoning)
	return ok && s.OpenedBy(p)
}

func (c card[S]) Confirmed() map[id.Premises]Receipt {
	if r, ok := any(c.state).(Receipts); ok {
		return r.Confirmed()
	}
	return nil
}

func (c card[S]) Task(v Viewer) Task {
	if h, ok := any(c.state).(Helped); ok {
		return h.Task(v)
	}
	return NoTask
}

func (c card[S]) Attached() []File {
	if a, ok := any(c.state).(Attached); ok {
		return a.Attached()
	}
	return nil
}

func (c card[S]) Pass() (Part, bool) {
	if p, ok := any(c.state).(Passing); ok {
		return p.Pass()
	}
	return Part{}, false
}

func (c card[S]) Live() bool {
	w, ok := any(c.state).(Waiting)
	return ok && w.Live()
}

func (c card[S]) Waits(v Viewer) string {
	if w, ok := any(c.state).(Waiting); ok && w.Live() {
		return w.Waits(v)
	}
	return ""
}

func (c card[S]) Current() bool {
	n, ok := any(c.state).(Current)
	return ok && n.Current()
}

func (c card[S]) Calls() ([]id.Person, bool) {
	if m, ok := any(c.state).(Calling); ok {
		return m.Calls()
	}
	return nil, false
}

func (c card[S]) Rings(act string, e Event) []Ring {
	if r, ok := any(c.state).(Ringing); ok {
		return r.Rings(act, e)
	}
	return nil
}

func (c card[S]) Presses(p Post) (int64, Ring) {
	if r, ok := any(c.state).(Pressing); ok {
		return r.Presses(p)
	}
	return 0, Ring{}
}

func (c card[S]) Rewords(act string) bool {
	r, ok := any(c.state).(Rewords)
	return ok && r.Rewords(act)
}

func (c card[S]) Versioned() bool {
	v, ok := any(c.state).(Versioned)
	return ok && v.Versioned()
}

func (c card[S]) Quiet(act string) bool {
	q, ok := any(c.state).(Quiet)
	return ok && q.Quiet(act)
}

// nothing is the facts of an action that has none.
type nothing struct{}

// member lets any member of the room do it.
func member(ask Ask) error {
	if !ask.By.Member {
		return fault.New(fault.NotMember, "only members of the room may")
	}
	return nil
}

// owner lets those do it who answer for the room.
func owner(ask Ask, what string) error {
	if !ask.By.Owner {
		return fault.New(fault.Forbidden, "only owners may "+what)
	}
	return nil
}

// household finds the premises that something is done for: the only one the actor has, whatever is named; of several the one that is.
func household(ask Ask, named id.Premises) (id.Premises, error) {
	if err := member(ask); err != nil {
		return "", err
	}
	homes := ask.By.Homes
	switch {
	case len(homes) == 0:
		return "", fault.New(fault.NoPremises, "this is done for a household or shop")
	case len(homes) == 1:
		return homes[0], nil
	case named == "":
		return "", fault.New(fault.WhichDoor, "they act for several doors: say for which").And("field", "for")
	case !slices.Contains(homes, named):
		return "", fault.New(fault.Forbidden, "the door is not theirs").And("field", "for")
	}
	return named, nil
}

// home is household for what somebody does for themselves: who has several doors may name one; else it is the first one's.
func home(ask Ask, named id.Premises) (id.Premises, error) {
	if named == "" || len(ask.By.Homes) < 2 {
		return "", nil
	}
	return household(ask, named)
}

// perHome is what the viewer's premises have done, each: what `of` says of it. Of several it says which.
func perHome[T any](v Viewer, of func(id.Premises) (T, bool)) any {
	all := map[id.Premises]T{}
	for _, h := range v.Homes {
		if own, ok := of(h); ok {
			all[h] = own
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case len(v.Homes) == 1:
		return all[v.Homes[0]]
	}
	return struct {
		Homes map[id.Premises]T `json:"homes"`
	}{all}
}

// lacks tells whether one of the viewer's premises is not among those that have done something.
func lacks[T any](v Viewer, done map[id.Premises]T) bool {
	return slices.ContainsFunc(v.Homes, func(h id.Premises) bool {
		_, ok := done[h]
		return !ok
	})
}

// server lets only the server do it: a time has passed.
func server(ask Ask) error {
	if !ask.By.Server {
		return fault.New(fault.Forbidden, "only time does this")
	}
	return nil
}

// ahead checks an optional time: it lies ahead, and not beyond what anybody plans.
func ahead(ask Ask, field string, at int64) error {
	const year = 366 * 24 * 3600 * 1000
	switch {
	case at == 0:
		return nil
	case at <= ask.Now:
		return fault.New(fault.Invalid, field+" lies in the past").And("field", field)
	case at > ask.Now+2*year:
		return fault.New(fault.Invalid, field+" lies too far ahead").And("field", field)
	}
	return nil
}
