package room

import (
	"encoding/json"
	"slices"
	"strings"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// Apply takes one entry into the state, in place, and says what it changed. at is the time of its frame in ms. It never
// refuses: what it does not understand is counted and otherwise left alone, so that an old program can live with a newer log.
func (s *State) Apply(at int64, e *entry.Entry) Change {
	s.core.Seq++
	change := Change{Entry: e, Seq: s.core.Seq, At: at}
	if e.Cause != 0 {
		s.core.Heard = max(s.core.Heard, e.Cause)
	}
	if e.ID != "" {
		s.remember(e.ID)
	}
	thing, verb, _ := strings.Cut(e.Kind, ".")
	switch {
	case thing == "room":
		s.applyRoom(&change, verb, e)
	case thing == "member":
		s.applyMember(&change, verb, at, e)
	case thing == "item":
		s.applyItem(&change, verb, at, e)
	case verb == "post":
		s.applyPost(&change, thing, at, e)
	default:
		s.applyAct(&change, verb, at, e)
	}
	return change
}

// answered is how many answers a room remembers for commands that are sent again.
const answered = 1024

func (s *State) remember(command string) {
	c := entry.Command{ID: command}
	if device, n, ok := c.Device(); ok {
		s.core.Windows.Done(device, n)
	}
	s.recent[command] = s.core.Seq
	s.answers = append(s.answers, command)
	if len(s.answers) > 2*answered {
		for _, old := range s.answers[:answered] {
			delete(s.recent, old)
		}
		s.answers = slices.Clone(s.answers[answered:])
	}
}

func (s *State) applyPost(change *Change, name string, at int64, e *entry.Entry) {
	item := &Item{
		Seq: s.core.Seq, Ch: s.core.Seq, Kind: name, By: e.By, As: e.As, At: at, ID: e.ID, Re: e.Re, Words: e.Words,
	}
	if m := s.core.Members[e.By]; m != nil {
		item.For = m.home()
		if at := doorOf(e); slices.Contains(m.Premises, at) {
			item.For = at
		}
	}
	if k := kind.Of(name); k != nil {
		item.Lane = k.Lane
		event := kind.Event{Post: item.post(), Seq: s.core.Seq, By: e.By, At: at, Words: e.Words, Room: s}
		item.Card = k.New().Apply("post", event, e.Facts)
		change.Own = item.Card.Concerns(event)
		s.ring(item.Card, at)
		item.Sum = k.Summary(e.Words, item.Card.Facts())
	}
	if item.Lane != "" {
		s.core.Lanes[item.Lane]++
		item.Ordinal = s.core.Lanes[item.Lane]
	}
	s.hand[item.Seq] = item
	change.Item, change.New, change.Own = item, true, append(change.Own, e.By)
	change.Rings = s.Rings(item, "post", s.core.Seq, at, e)
	s.follow(change, item)
}

// doorOf is the premises that a post says it is for, if it does.
func doorOf(e *entry.Entry) id.Premises {
	var f struct {
		For id.Premises `json:"for"`
	}
	if json.Unmarshal(e.Facts, &f) != nil {
		return ""
	}
	return f.For
}

// ring keeps when everybody was called.
func (s *State) ring(card kind.Card, at int64) {
	c, ok := card.(kind.Calling)
	if !ok {
		return
	}
	if _, all := c.Calls(); all {
		s.core.Rung = append(s.core.Rung, at)
		s.core.Rung = s.core.Rung[max(0, len(s.core.Rung)-2*kind.AllPerWeek):]
	}
}

// follow brings what the core keeps of a card in line with the card: its pin and its deadline.
func (s *State) follow(change *Change, item *Item) {
	was := len(s.core.Current)
	s.schedule(item)
	change.Counts = len(s.core.Current) != was
	if item.Card == nil || item.Retracted {
		s.pin(change, item, false)
		return
	}
	if p, ok := item.Card.(kind.Pinned); ok && change.New && p.Pin() {
		s.pin(change, item, true)
	}
	if o, ok := item.Card.(kind.Settled); ok && o.Settled() {
		s.pin(change, item, false)
	}
}

// schedule keeps the card's next deadline, who holds it, and whether it is over.
func (s *State) schedule(item *Item) {
	delete(s.core.Held, item.Seq)
	delete(s.core.Current, item.Seq)
	if c, ok := item.Card.(kind.Current); ok && !item.Retracted && c.Current() {
		s.core.Current[item.Seq] = item.Lane
	}
	if h, ok := item.Card.(kind.Held); ok && !item.Retracted {
		if by := h.Holder(item.post()); by != "" {
			s.core.Held[item.Seq] = Held{item.Kind, by}
		}
	}
	if d, ok := item.Card.(kind.Deadline); ok && !item.Retracted {
		if due, act := d.Due(); due > 0 {
			s.core.Due[item.Seq] = Due{At: due, Act: item.Kind + "." + act}
			return
		}
	}
	delete(s.core.Due, item.Seq)
}

func (s *State) pin(change *Change, item *Item, on bool) {
	if item.Pinned == on {
		return
	}
	item.Pinned, change.Pins = on, true
	s.core.Pins = slices.DeleteFunc(s.core.Pins, func(seq Seq) bool { return seq == item.Seq })
	if on {
		s.core.Pins = append([]Seq{item.Seq}, s.core.Pins...)
	}
}

// touch starts the change of an item in hand. An item that is not in hand, or that has this entry already, is left alone.
func (s *State) touch(change *Change, seq Seq) *Item {
	item := s.hand[seq]
	if item == nil || item.Ch >= s.core.Seq {
		return nil
	}
	change.Item, change.Was = item, item.Ch
	item.Ch = s.core.Seq
	return item
}

func (s *State) applyAct(change *Change, verb string, at int64, e *entry.Entry) {
	item := s.touch(change, e.Re)
	if s.hand[e.Re] == nil {
		s.core.Doubt[e.Re] = true
		if s.core.Due[e.Re].Act == e.Kind { // a deadline fires once, whether or not its card is at hand to say so
			delete(s.core.Due, e.Re)
		}
	}
	if TakesOn(e.Kind) != "" {
		if waited, ok := kind.Waited(e.Facts); ok {
			s.core.Waits = append(s.core.Waits[max(0, len(s.core.Waits)-keptWaits+1):], waited)
		}
	}
	if item == nil || item.Card == nil {
		return
	}
	event := kind.Event{Post: item.post(), Seq: s.core.Seq, By: e.By, At: at, Words: e.Words, Room: s}
	item.Card = item.Card.Apply(verb, event, e.Facts)
	if rewords(item, item.Kind, verb) {
		if v, ok := item.Card.(kind.Versioned); ok && v.Versioned() {
			item.Was = item.Versions()
		}
		item.Words, item.Edited = e.Words, at
		item.Sum = kind.Of(item.Kind).Summary(e.Words, item.Card.Facts())
	}
	if q, ok := item.Card.(kind.Quiet); ok && q.Quiet(verb) {
		change.Quiet = true
	}
	change.Own = s.concerned(item, event, change.Quiet)
	change.Rings = s.Rings(item, verb, s.core.Seq, at, e)
	s.follow(change, item)
}

// Rings is whom an entry wants to reach, by its item as it is now, and by the one it replies to when that is in hand.
func (s *State) Rings(item *Item, verb string, seq Seq, at int64, e *entry.Entry) []kind.Ring {
	var rings []kind.Ring
	if r, ok := item.Card.(kind.Ringing); ok && !item.Retracted {
		rings = r.Rings(verb, kind.Event{Post: item.post(), Seq: seq, By: e.By, At: at, Room: s})
	}
	if to := s.hand[item.Re]; verb == "post" && to != nil && to.By != e.By && !item.Retracted {
		rings = append(rings, kind.Ring{Topic: "call", To: []id.Person{to.By}})
	}
	return rings
}

// concerned lists whose own parts an event may have changed.
func (s *State) concerned(item *Item, e kind.Event, owners bool) []id.Person {
	who := []id.Person{e.By, item.By}
	if m := s.core.Members[e.By]; m != nil {
		for _, h := range m.Premises {
			who = append(who, s.behind[h]...)
		}
	}
	if owners {
		who = append(who, s.Owners()...)
	}
	who = append(who, item.Card.Concerns(e)...)
	slices.Sort(who)
	return slices.Compact(who)
}

// keptTaken is of how many items that were taken back from others a room's list says so; what each says of it is kept with it.
const keptTaken = 200

// TakenBack are the items that who answers for the room took back, the newest first.
func (s *State) TakenBack() []Seq {
	list := slices.Clone(s.core.Taken)
	slices.Reverse(list)
	return list
}

func (s *State) applyItem(change *Change, verb string, at int64, e *entry.Entry) {
	item := s.touch(change, e.Re)
	if verb == "retract" {
		delete(s.core.Due, e.Re)
		delete(s.core.Held, e.Re)
		if _, current := s.core.Current[e.Re]; current && item == nil {
			delete(s.core.Current, e.Re)
			change.Counts = true
		}
		if e.As != "" && !slices.Contains(s.core.Taken, e.Re) {
			s.core.Taken = append(s.core.Taken[max(0, len(s.core.Taken)-keptTaken+1):], e.Re)
		}
		if n := len(s.core.Pins); item == nil {
			s.core.Pins = slices.DeleteFunc(s.core.Pins, func(seq Seq) bool { return seq == e.Re })
			change.Pins = n != len(s.core.Pins)
		}
	}
	if item == nil {
		if verb == "pin" {
			s.pinUnseen(e)
		}
		return
	}
	switch verb {
	case "retract":
		if e.By != item.By {
			item.Taken = &Taken{By: e.By, At: at, Reason: e.Words, Was: item.Versions()}
		}
		item.Retracted, item.Words, item.Was, item.Sum, item.React = true, nil, nil, "", nil
		s.follow(change, item)
	case "edit":
		item.Was, item.Words, item.Edited = item.Versions(), e.Words, at
	case "react":
		var f reactFacts
		if json.Unmarshal(e.Facts, &f) != nil {
			return
		}
		faces := map[string][]id.Person{}
		for face, who := range item.React {
			faces[face] = who
		}
		faces[f.Face] = slices.DeleteFunc(slices.Clone(faces[f.Face]), func(p id.Person) bool { return p == e.By })
		if f.On {
			faces[f.Face] = append(faces[f.Face], e.By)
		}
		if len(faces[f.Face]) == 0 {
			delete(faces, f.Face)
		}
		item.React = faces
	case "pin":
		var f pinFacts
		if json.Unmarshal(e.Facts, &f) == nil {
			s.pin(change, item, f.On)
		}
	}
}

// pinUnseen keeps the core's pins right when the item itself is not in hand.
func (s *State) pinUnseen(e *entry.Entry) {
	var f pinFacts
	if json.Unmarshal(e.Facts, &f) == nil {
		s.pin(&Change{}, &Item{Seq: e.Re, Pinned: !f.On}, f.On)
	}
}
