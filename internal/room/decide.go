package room

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/legible"
)

const (
	// RetractWindow is how long an author may take a message back; owners may at any time.
	RetractWindow = 2 * time.Minute
	// MaxWords is the size of a command's words in bytes.
	MaxWords = 24 << 10
	// MaxFacts is the size of a command's facts in bytes.
	MaxFacts = 4 << 10
	// MaxReason is how many characters the reason of muting or removing somebody has.
	MaxReason = 200
	// EditWindow is how long an author may change the words of a message.
	EditWindow = 15 * time.Minute
	// MaxEdits is how often it may be changed.
	MaxEdits = 20
	// MaxPins is how many items stand in the notice bar; the oldest gives way to another one.
	MaxPins = 20
)

// Faces are the reactions there are.
var Faces = []string{"赞", "谢谢", "收到", "加油", "爱心"}

// Done says that a command had happened before; Seq is its answer, 0 when that is long ago.
type Done struct{ Seq Seq }

func (*Done) Error() string { return "room: already done" }

// Decide says whether a command happens, now (ms) and asked by this actor, and as which entries. It changes nothing. The items of
// Targets must be in hand. Errors are faults, or *Done for a command that came before.
func (s *State) Decide(by entry.Actor, c *entry.Command, now int64) ([]entry.Entry, error) {
	if by.Person != id.Server {
		if err := s.fresh(by, c); err != nil {
			return nil, err
		}
	}
	if err := sound(c); err != nil {
		return nil, err
	}
	who := s.actor(by, now)
	if !who.Member && !who.Owner && !who.Server {
		return nil, s.stranger(by.Person, now)
	}
	if k := kindOf(c); k != nil && k.Again != "" { // a second one while the first is open goes on its card
		if seq := s.held(who.Person, k.Name); seq != 0 {
			again := *c
			again.Act, again.Re = k.Name+"."+k.Again, seq
			c = &again
		}
	}
	thing, verb, _ := strings.Cut(c.Act, ".")
	if !who.Member && who.Owner && thing != "member" && !s.summoned(c.Re, thing) {
		return nil, fault.New(fault.NotMember, "not a member of this room; who may not read it does nothing in it")
	}
	if item := s.hand[c.Re]; item != nil && s.unseen(by, item) {
		return nil, fault.New(fault.NotFound, "there is no such message").And("field", "re")
	}
	e := entry.Entry{Kind: c.Act, By: by.Person, As: who.as, ID: c.ID, Re: c.Re, Words: own(c)}
	var err error
	if do, ours := ownActs[c.Act]; ours {
		e.Facts, err = do.decide(s, who, c, now)
	} else {
		e.Facts, err = s.decideCard(who, thing, verb, c, now)
	}
	if err != nil {
		return nil, err
	}
	if thing == "member" && e.Words != nil {
		var f memberFacts
		_ = json.Unmarshal(e.Facts, &f) // it was made here
		e.Of = f.Person
	}
	if item := s.hand[c.Re]; item != nil && rewords(item, thing, verb) {
		e.By, e.As = item.By, item.As // whose key seals them
	}
	return append(s.giveWay(&e), e), nil
}

// ownAct is something done in a room to an item or to a member, of whatever kind the item is.
type ownAct struct {
	says   []string // the fields of a command's words that it shows
	decide func(s *State, who actor, c *entry.Command, now int64) (json.RawMessage, error)
}

// ownActs are all of them; what else is done in a room is an act of a kind, and who is in it is the office's to say.
var ownActs = map[string]ownAct{
	"item.retract": {[]string{"reason"}, onItem((*State).mayRetract)},
	"item.edit":    {[]string{"text"}, onItem((*State).mayEdit)},
	"item.react":   {nil, onItem((*State).mayReact)},
	"item.pin":     {nil, onItem((*State).mayPin)},
	"member.mute":  {[]string{"reason"}, (*State).mayMute},
}

// IsAct tells whether there is such an act in a room.
func IsAct(act string) bool {
	if _, ours := ownActs[act]; ours {
		return true
	}
	thing, verb, _ := strings.Cut(act, ".")
	k := kind.Of(thing)
	return k != nil && slices.Contains(k.Acts, verb)
}

// TakesOn is the kind of card that an act takes on, of which one person holds so many over all rooms; empty for any other act.
func TakesOn(act string) string {
	thing, verb, _ := strings.Cut(act, ".")
	if k := kind.Of(thing); k != nil && verb != "" && k.Takes == verb {
		return thing
	}
	return ""
}

// own is of a command's words what its act shows.
func own(c *entry.Command) entry.Words {
	if do, ours := ownActs[c.Act]; ours {
		return kind.Own(c.Words, do.says...)
	}
	thing, verb, _ := strings.Cut(c.Act, ".")
	if k := kind.Of(thing); k != nil {
		return k.Own(verb, c.Words)
	}
	return nil
}

// summoned tells whether a command is about a card for which those above the room were rung.
func (s *State) summoned(seq Seq, thing string) bool {
	item := s.hand[seq]
	if item == nil || item.Kind != thing || item.Retracted {
		return false
	}
	c, ok := item.Card.(kind.Summoning)
	return ok && c.Summons()
}

// unseen tells whether an item is from before somebody may read: nobody acts on what they cannot see. What is pinned all see.
func (s *State) unseen(by entry.Actor, item *Item) bool {
	m := s.Member(by.Person)
	return m != nil && item.By != by.Person && item.At < min(by.Unseen, m.Joined) && !slices.Contains(s.core.Pins, item.Seq)
}

// giveWay unpins the oldest pinned item when e pins one more than there may be.
func (s *State) giveWay(e *entry.Entry) []entry.Entry {
	if len(s.core.Pins) < MaxPins {
		return nil
	}
	pins := false
	if thing, verb, _ := strings.Cut(e.Kind, "."); verb == "post" {
		p, ok := kind.Of(thing).New().Apply("post", kind.Event{By: e.By, Room: s}, e.Facts).(kind.Pinned)
		pins = ok && p.Pin()
	} else if e.Kind == "item.pin" {
		var f pinFacts
		pins = json.Unmarshal(e.Facts, &f) == nil && f.On
	}
	if !pins {
		return nil
	}
	oldest := s.core.Pins[len(s.core.Pins)-1]
	return []entry.Entry{{Kind: "item.pin", By: e.By, As: e.As, Re: oldest, Facts: marshal(pinFacts{})}}
}

// DecideEffects are the entries that follow in this room from one entry of the office; none when they are in already.
func (s *State) DecideEffects(cause Seq, effects []entry.Entry) []entry.Entry {
	if cause <= s.core.Heard {
		return nil
	}
	return effects
}

// actor is the asker with the rights held in this room.
type actor struct {
	kind.Actor
	as        string
	elsewhere int // open cards of the command's kind that they have taken on in other rooms
}

func (s *State) actor(by entry.Actor, now int64) actor {
	a := actor{Actor: kind.Actor{Person: by.Person, Server: by.Person == id.Server}}
	if m := s.core.Members[by.Person]; m != nil {
		a.Member, a.Homes = true, m.Premises
		a.Claims, a.elsewhere = by.Limit.Claims, by.Held
	}
	for _, role := range []entry.Role{entry.Owner, entry.Deputy, entry.Secretary, entry.Admin} {
		if slices.ContainsFunc(by.Grants, func(g entry.Grant) bool { return g.Role == role && holds(g, s) }) {
			a.Owner, a.as, a.As = true, string(role), string(role)
			break
		}
	}
	return a
}

// fresh refuses a command that came before, or that stands too far behind its device's others to tell.
func (s *State) fresh(by entry.Actor, c *entry.Command) error {
	device, n, ok := c.Device()
	if !ok || device != by.Device {
		return fault.New(fault.Invalid, "a command's id is <device>.<n> of the device that sends it").And("field", "id")
	}
	done, stale := s.core.Windows.Check(device, n)
	switch {
	case done:
		return &Done{Seq: s.recent[c.ID]}
	case stale:
		return fault.New(fault.Stale, "the number lies far behind this device's others")
	}
	return nil
}

// sound checks sizes and encodings before anything looks inside.
func sound(c *entry.Command) error {
	switch {
	case len(c.Words) > MaxWords:
		return fault.New(fault.TooLarge, "words are too long").And("field", "words").And("limit", MaxWords)
	case len(c.With) > MaxFacts:
		return fault.New(fault.TooLarge, "facts are too long").And("field", "with").And("limit", MaxFacts)
	case !utf8.Valid(c.Words) || !utf8.Valid(c.With):
		return fault.New(fault.Invalid, "text is not UTF-8")
	}
	if len(c.Words) == 0 || bytes.Equal(c.Words, []byte("null")) {
		c.Words = nil
		return nil
	}
	words, ok := legible.Words(c.Words)
	if !ok || words[0] != '{' {
		return fault.New(fault.Invalid, "words are an object of texts").And("field", "words")
	}
	if c.Words = words; len(words) == 2 {
		c.Words = nil
	}
	return nil
}

// stranger says why somebody who is not in the room may do nothing in it.
func (s *State) stranger(p id.Person, now int64) error {
	until, removed := s.core.Removed[p]
	switch {
	case removed && until == 0:
		return fault.New(fault.Removed, "removed from this room")
	case removed && now < until:
		return fault.New(fault.Removed, "removed from this room").And("until", until)
	}
	return fault.New(fault.NotMember, "not a member of this room")
}

// muted refuses what a muted member may not do: add something to the room, by a message or by words on a card. Calling for help is
// never muted, nor is answering a call.
func (s *State) muted(who actor, now int64) error {
	if m := s.core.Members[who.Person]; m != nil && m.Muted > now && !who.Owner {
		return fault.New(fault.Muted, "muted in this room").And("until", m.Muted)
	}
	return nil
}

// reserved refuses a post in a lane that is kept for those who answer for the room. Calling for help never is.
func (s *State) reserved(who actor, k *kind.Kind) error {
	if who.Owner || who.Server || k.Name == "emergency" || !slices.Contains(s.core.Reserved, k.Lane) {
		return nil
	}
	return fault.New(fault.Forbidden, "only who answers for the room posts in this lane").And("field", "lane").And("lane", k.Lane)
}

func (s *State) decideCard(who actor, name, verb string, c *entry.Command, now int64) (json.RawMessage, error) {
	k := kind.Of(name)
	if k == nil {
		return nil, fault.New(fault.Invalid, "there is no such kind").And("field", "act")
	}
	ask := kind.Ask{By: who.Actor, Now: now, Room: s}
	if verb == "post" {
		if name != "emergency" {
			if err := s.muted(who, now); err != nil {
				return nil, err
			}
		}
		if err := s.reserved(who, k); err != nil {
			return nil, err
		}
		if slices.Contains(s.core.Without, name) {
			return nil, fault.New(fault.Forbidden, "switched off in this room").And("field", "act").And("kind", name)
		}
		if c.Re != 0 && s.hand[c.Re] == nil {
			return nil, fault.New(fault.NotFound, "the message replied to is not there").And("field", "re")
		}
		return k.New().Act("post", ask, c.With, c.Words)
	}
	item, err := s.target(c)
	if err != nil {
		return nil, err
	}
	if item.Kind != name || item.Card == nil {
		return nil, fault.New(fault.Invalid, "the message is of another kind").And("field", "re")
	}
	if name != "emergency" && (k.Own(verb, c.Words) != nil || k.Speaks(verb)) {
		if err := s.muted(who, now); err != nil {
			return nil, err
		}
	}
	ask.Post, ask.Holds = item.post(), s.Holds(who.Person, name)+who.elsewhere
	return item.Card.Act(verb, ask, c.With, c.Words)
}

// rewords tells whether an action replaces the words of an item.
func rewords(item *Item, name, verb string) bool {
	r, ok := item.Card.(kind.Rewords)
	return ok && item.Kind == name && r.Rewords(verb)
}

// target is the item a command works on.
func (s *State) target(c *entry.Command) (*Item, error) {
	item := s.hand[c.Re]
	switch {
	case item == nil:
		return nil, fault.New(fault.NotFound, "there is no such message").And("field", "re")
	case item.Retracted:
		return nil, fault.New(fault.Retracted, "the message was taken back")
	}
	return item, nil
}

// mayEdit lets an author say it better for a while. The new words have to be such as could have been posted.
func (s *State) mayEdit(who actor, item *Item, c *entry.Command, now int64) (json.RawMessage, error) {
	switch {
	case item.Kind != "text":
		return nil, fault.New(fault.Forbidden, "only messages can be edited")
	case who.Person != item.By:
		return nil, fault.New(fault.Forbidden, "only the author may edit a message")
	case now > item.At+EditWindow.Milliseconds():
		return nil, fault.New(fault.TooLate, "the time for editing it is over").And("field", "edit")
	case len(item.Was) >= MaxEdits:
		return nil, fault.New(fault.Quota, "it was changed often enough").And("field", "edits").And("limit", MaxEdits)
	case bytes.Equal(kind.Own(c.Words, "text"), item.Words):
		return nil, fault.New(fault.Unchanged, "it says so already")
	}
	if err := s.muted(who, now); err != nil {
		return nil, err
	}
	if err := s.reserved(who, kind.Of(item.Kind)); err != nil {
		return nil, err
	}
	_, err := kind.Of(item.Kind).New().Act("post", kind.Ask{By: who.Actor, Now: now, Room: s}, nil, c.Words)
	return nil, err
}

type reactFacts struct {
	Face string `json:"face"`
	On   bool   `json:"on"`
}

type pinFacts struct {
	On bool `json:"on"`
}

// onItem makes an act on the item that a command works on.
func onItem(may func(*State, actor, *Item, *entry.Command, int64) (json.RawMessage, error)) func(*State, actor, *entry.Command, int64) (json.RawMessage, error) {
	return func(s *State, who actor, c *entry.Command, now int64) (json.RawMessage, error) {
		item, err := s.target(c)
		if err != nil {
			return nil, err
		}
		return may(s, who, item, c, now)
	}
}

func (s *State) mayRetract(who actor, item *Item, _ *entry.Command, now int64) (json.RawMessage, error) {
	switch {
	case item.Kind == "joined":
		return nil, fault.New(fault.Forbidden, "that somebody joined cannot be taken back")
	case who.Owner:
	case who.Person != item.By:
		return nil, fault.New(fault.Forbidden, "only the author and owners may take a message back")
	case now > item.At+RetractWindow.Milliseconds():
		return nil, fault.New(fault.TooLate, "the time for taking it back is over").And("field", "retract")
	}
	return nil, nil
}

func (s *State) mayReact(who actor, item *Item, c *entry.Command, now int64) (json.RawMessage, error) {
	f, err := facts[reactFacts](c)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(Faces, f.Face):
		return nil, fault.New(fault.Invalid, "there is no such reaction").And("field", "face")
	case slices.Contains(item.React[f.Face], who.Person) == f.On:
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	if err := s.muted(who, now); err != nil && f.On {
		return nil, err
	}
	return marshal(f), nil
}

func (s *State) mayPin(who actor, item *Item, c *entry.Command, _ int64) (json.RawMessage, error) {
	f, err := facts[pinFacts](c)
	switch {
	case err != nil:
		return nil, err
	case !who.Owner:
		return nil, fault.New(fault.Forbidden, "only owners may pin")
	case item.Pinned == f.On:
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	return marshal(f), nil
}

type memberFacts struct {
	Person id.Person `json:"person"`
	Until  int64     `json:"until,omitempty"`
}

func (s *State) mayMute(who actor, c *entry.Command, now int64) (json.RawMessage, error) {
	f, err := facts[memberFacts](c)
	if err != nil {
		return nil, err
	}
	if err := kind.Brief(c.Words, "reason", MaxReason); err != nil {
		return nil, err
	}
	m := s.core.Members[f.Person]
	switch {
	case !who.Owner:
		return nil, fault.New(fault.Forbidden, "only owners may")
	case m == nil:
		return nil, fault.New(fault.NotFound, "no such member").And("field", "person")
	case f.Person == who.Person:
		return nil, fault.New(fault.Forbidden, "not to oneself")
	case m.Role != "" && who.as != string(entry.Admin) && who.as != string(entry.Secretary):
		return nil, fault.New(fault.Forbidden, "who answers for the room is above it")
	case f.Until != 0 && f.Until <= now && m.Muted == 0:
		return nil, fault.New(fault.Invalid, "until lies in the past").And("field", "until")
	case f.Until == 0 && m.Muted == 0:
		return nil, fault.New(fault.Unchanged, "not muted")
	}
	return marshal(f), nil
}

func facts[F any](c *entry.Command) (f F, err error) {
	if len(c.With) > 0 && json.Unmarshal(c.With, &f) != nil {
		return f, fault.New(fault.Invalid, "the facts of this action do not have its shape").And("field", "with")
	}
	return f, nil
}

func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("room: facts are not JSON: " + err.Error())
	}
	return b
}

// holds tells whether a grant reaches this room.
func holds(g entry.Grant, s *State) bool {
	switch {
	case g.Room != "":
		return g.Room == s.id
	case g.Community != "":
		return g.Community == s.core.Community
	}
	return g.Role == entry.Admin || g.Role == entry.Secretary
}
