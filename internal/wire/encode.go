package wire

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
)

// Record is an item as it goes out and as the views keep it.
type Record struct {
	Seq, Ch, Was entry.Seq // Was: its ch before; 0 for a new one
	New          bool
	Quiet        bool      // nobody but those in Mine is told
	By, Last     id.Person // who posted it, and who did something to it last
	Lane         string
	Ordinal      uint64
	Item         []byte      // the whole item
	Set          []byte      // its state alone
	Kept         []byte      // what the item does not say (kept), never sent; nil when it says all
	To           []id.Person // whom a new one calls
	All          bool        // it calls everybody
	Live         bool        // it wants something of somebody
	Press        int64       // when whoever it waits for is to be reminded, ms; 0 for never
	Files        []string    // hashes of what it brought
	Gone         bool        // it was taken back, and its files with it
}

// Own is what one person sees of an item.
type Own struct {
	Person id.Person
	Seq    entry.Seq
	Mine   []byte // a Mine
}

// Parts is what the entries of one frame made different, encoded: what the hub sends and the views store.
type Parts struct {
	Room    id.Room
	Seq     entry.Seq // the log's head behind the frame
	Items   []Record
	Own     []Own
	Quotes  [][]byte // what the new ones answer, each a Quote; of what some member may not read none
	Pins    []entry.Seq
	Repin   bool              // Pins changed
	Current map[kind.Lane]int // how many cards of each lane are not over; nil when that did not change
	Rules   *Rules            // nil when they did not change
	Joined  []room.Newcomer
	Renamed []room.Newcomer
	Gone    []room.Leaver
	Muted   []room.Mute
	Spoken  []id.Person // whose names a reader needs: who acted, and few whom it concerned
	Rings   []Ring
}

// Ring is whom an entry wants to reach.
type Ring struct {
	Item entry.Seq // what it is about
	Seq  entry.Seq // of the entry
	By   id.Person
	At   int64 // ms
	kind.Ring
}

// Render encodes the changes of one frame. It reads the state and its items, so the caller holds the room; what it returns
// is independent of them. An item that changed several times in the frame appears once, as it is at the end.
func Render(s *room.State, changes []room.Change) Parts {
	parts := Parts{Room: s.ID(), Seq: s.Seq()}
	at := map[entry.Seq]int{}
	for i := range changes {
		c := &changes[i]
		parts.Repin = parts.Repin || c.Pins
		if c.Counts {
			parts.Current = s.Counts()
		}
		if c.Rules {
			parts.Rules = &Rules{Without: s.Without(), Reserved: s.Reserved()}
		}
		parts.Joined = append(parts.Joined, c.Joined...)
		parts.Renamed = append(parts.Renamed, c.Renamed...)
		parts.Gone = append(parts.Gone, c.Gone...)
		if c.Muted != nil {
			parts.Muted = append(parts.Muted, *c.Muted)
		}
		if c.Item == nil {
			continue
		}
		parts.speakOf(c)
		for _, r := range c.Rings {
			parts.Rings = append(parts.Rings, Ring{Item: c.Item.Seq, Seq: c.Seq, By: c.Entry.By, At: c.At, Ring: r})
		}
		if n, ok := at[c.Item.Seq]; ok {
			parts.Items[n].Quiet = parts.Items[n].Quiet && c.Quiet
			parts.Items[n].Last = c.Entry.By
			continue
		}
		at[c.Item.Seq] = len(parts.Items)
		parts.Items = append(parts.Items, Record{Seq: c.Item.Seq, Was: c.Was, New: c.New, Quiet: c.Quiet, By: c.Item.By, Last: c.Entry.By})
	}
	for i := range parts.Items {
		r, item := &parts.Items[i], s.Held(parts.Items[i].Seq)
		state := stateOf(item)
		r.Ch, r.Lane, r.Ordinal = item.Ch, string(item.Lane), item.Ordinal
		r.Item = appendItem(make([]byte, 0, 192+len(item.Words)+len(state)), item, state)
		if !r.New {
			r.Set = appendSet(nil, item, state)
		} else if item.Re != 0 {
			parts.quote(s, item.Re)
		}
		r.Kept, r.Files, r.Gone = keep(item), filesOf(item), item.Retracted
		if c, ok := item.Card.(kind.Calling); ok && r.New {
			r.To, r.All = c.Calls()
		}
		if w, ok := item.Card.(kind.Waiting); ok {
			r.Live = w.Live() && !item.Retracted
		}
		if p, ok := item.Card.(kind.Pressing); ok && r.Live {
			r.Press, _ = p.Presses(s.Viewer("", false, item).Post)
		}
	}
	parts.Own = owns(s, changes)
	if parts.Repin {
		parts.Pins = s.Pins()
	}
	return parts
}

// quote adds what a reply shows of its source. What was said before somebody came they may not be allowed to read, and all are told the
// same: then it is left out, and whoever lacks it asks.
func (p *Parts) quote(s *room.State, seq entry.Seq) {
	src := s.Held(seq)
	if src == nil || !s.AllSince(src.At) {
		return
	}
	p.Quotes = append(p.Quotes, mustJSON(quoteOf(src.Seq, src.Ch, src.Kind, src.By, src.Words, src.Sum, src.Retracted)))
	if !slices.Contains(p.Spoken, src.By) {
		p.Spoken = append(p.Spoken, src.By)
	}
}

func quoteOf(seq, ch entry.Seq, kindOf string, by id.Person, words entry.Words, sum string, gone bool) Quote {
	q := Quote{Seq: seq, Ch: ch, Kind: kindOf, By: by, Retracted: gone}
	if !gone {
		q.Sum = kind.FirstLine(cmp.Or(sum, kind.Word(words, "text"), kind.Word(words, "title")))
	}
	return q
}

// QuoteOf is a Quote of an item as sent; of what a reader may not read it says no more than that.
func QuoteOf(sent []byte, may bool) ([]byte, error) {
	var w struct {
		Item
		State Flags `json:"state"`
	}
	if err := json.Unmarshal(sent, &w); err != nil {
		return nil, fmt.Errorf("wire: quote: %w", err)
	}
	if !may {
		return mustJSON(Quote{Seq: w.Seq, Hidden: true}), nil
	}
	return mustJSON(quoteOf(w.Seq, w.Ch, w.Kind, w.By, entry.Words(w.Words), w.Sum, w.State.Retracted)), nil
}

// kept is what the views keep of an item beside what is sent of it.
type kept struct {
	For  id.Premises     `json:"for,omitempty"`
	Card json.RawMessage `json:"card,omitempty"`
	Was  []room.Version  `json:"was,omitempty"`

	Taken *room.Taken `json:"taken,omitempty"`
}

// keep is nil for an item that nothing can be done with, whose card has no facts and which says what it always said.
func keep(item *room.Item) []byte {
	k := kind.Of(item.Kind)
	if k == nil {
		if item.Taken != nil {
			return mustJSON(kept{Taken: item.Taken})
		}
		return nil
	}
	facts, whose := item.Card.Facts(), item.For
	if len(k.Acts) < 2 { // whom it was posted for matters to actions only
		if whose = ""; string(facts) == "{}" && item.Was == nil && item.Taken == nil {
			return nil
		}
	}
	return mustJSON(kept{For: whose, Card: facts, Was: item.Was, Taken: item.Taken})
}

func filesOf(item *room.Item) (hashes []string) {
	if a, ok := item.Card.(kind.Attached); ok {
		for _, f := range a.Attached() {
			hashes = append(hashes, f.Hash)
		}
	}
	return hashes
}

// owns encodes the own parts that the changes touched, each once.
func owns(s *room.State, changes []room.Change) []Own {
	type key struct {
		seq entry.Seq
		who id.Person
	}
	var out []Own
	seen := map[key]bool{}
	for i := range changes {
		item := changes[i].Item
		if item == nil || item.Card == nil {
			continue
		}
		for _, p := range changes[i].Own {
			if k := (key{item.Seq, p}); !seen[k] {
				seen[k] = true
				if mine := MineOf(s, item, p); mine != nil || !changes[i].New {
					out = append(out, Own{Person: p, Seq: item.Seq, Mine: mine})
				}
			}
		}
	}
	return out
}

// MineOf is what a person sees of an item for themselves, as a Mine; own is null when there is nothing (any more).
func MineOf(s *room.State, item *room.Item, p id.Person) []byte {
	own := []byte("null")
	if v := item.Card.Own(s.Viewer(p, false, item)); v != nil && !item.Retracted {
		own = mustJSON(v)
	}
	if string(own) == "null" && item.Seq == item.Ch {
		return nil
	}
	b := append([]byte(`{"seq":`), strconv.FormatUint(uint64(item.Seq), 10)...)
	b = append(b, `,"ch":`...)
	b = strconv.AppendUint(b, uint64(item.Ch), 10)
	b = append(b, `,"own":`...)
	return append(append(b, own...), '}')
}

// stateOf is an item's state as JSON: its kind's, with the flags of any kind; empty when there is nothing to say.
func stateOf(item *room.Item) []byte {
	flags := Flags{Retracted: item.Retracted, Pinned: item.Pinned, Edited: item.Edited, React: item.React}
	if item.Retracted {
		flags.Edited = 0
		return mustJSON(flags)
	}
	var state []byte
	if item.Card != nil {
		if shown := item.Card.Shown(); shown != nil {
			state = mustJSON(shown)
		}
	}
	if !flags.Pinned && flags.Edited == 0 && len(flags.React) == 0 {
		return state
	}
	more := mustJSON(flags)
	if len(state) <= 2 {
		return more
	}
	return append(append(state[:len(state)-1], ','), more[1:]...)
}

func appendItem(b []byte, item *room.Item, state []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, uint64(item.Seq), 10)
	b = append(b, `,"ch":`...)
	b = strconv.AppendUint(b, uint64(item.Ch), 10)
	b = append(b, `,"kind":"`...)
	b = append(b, item.Kind...)
	b = append(b, `","by":"`...)
	b = append(b, item.By...)
	b = append(b, '"')
	if item.As != "" {
		b = append(append(append(b, `,"as":"`...), item.As...), '"')
	}
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, item.At, 10)
	if item.ID != "" {
		b = append(append(append(b, `,"id":"`...), item.ID...), '"')
	}
	if item.Re != 0 {
		b = append(b, `,"re":`...)
		b = strconv.AppendUint(b, uint64(item.Re), 10)
	}
	if item.Lane != "" {
		b = append(append(append(b, `,"o":{"`...), item.Lane...), `":`...)
		b = strconv.AppendUint(b, item.Ordinal, 10)
		b = append(b, '}')
	}
	if len(item.Words) > 0 {
		b = append(append(b, `,"words":`...), item.Words...)
	}
	if item.Sum != "" {
		b = append(append(b, `,"sum":`...), mustJSON(item.Sum)...)
	}
	if len(state) > 0 {
		b = append(append(b, `,"state":`...), state...)
	}
	return append(b, '}')
}

func appendSet(b []byte, item *room.Item, state []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, uint64(item.Seq), 10)
	b = append(b, `,"ch":`...)
	b = strconv.AppendUint(b, uint64(item.Ch), 10)
	b = append(b, `,"state":`...)
	if len(state) == 0 {
		state = []byte("{}")
	}
	b = append(b, state...)
	if item.Edited != 0 && len(item.Words) > 0 {
		b = append(append(b, `,"words":`...), item.Words...)
		if item.Sum != "" {
			b = append(append(b, `,"sum":`...), mustJSON(item.Sum)...)
		}
	}
	return append(b, '}')
}

// few is how many people one change may bring names of besides who acted: a card that concerns a whole room needs none of them.
const few = 4

// speakOf notes whose names a change needs.
func (p *Parts) speakOf(c *room.Change) {
	people := []id.Person{c.Entry.By}
	if len(c.Own) <= few {
		people = append(people, c.Own...)
	}
	for _, who := range people {
		if who != id.Server && !slices.Contains(p.Spoken, who) {
			p.Spoken = append(p.Spoken, who)
		}
	}
}

// AppendDelivery appends a delivery made of parts that are encoded already. Empty lists are left out; pins nil means unchanged.
func AppendDelivery(b []byte, d Pieces) []byte {
	b = append(b, `{"room":"`...)
	b = append(b, d.Room...)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, uint64(d.Seq), 10)
	if d.From != nil {
		b = append(b, `,"from":`...)
		b = strconv.AppendUint(b, uint64(*d.From), 10)
	}
	if d.After != nil {
		b = append(b, `,"after":`...)
		b = strconv.AppendUint(b, uint64(*d.After), 10)
	}
	if d.Reset {
		b = append(b, `,"reset":true`...)
	}
	if d.First {
		b = append(b, `,"first":true`...)
	}
	b = appendList(b, "people", d.People)
	b = appendList(b, "new", d.New)
	b = appendList(b, "set", d.Set)
	b = appendList(b, "quotes", d.Quotes)
	b = appendList(b, "mine", d.Mine)
	if d.Pins != nil {
		b = append(b, `,"pins":[`...)
		for i, seq := range d.Pins {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, uint64(seq), 10)
		}
		b = append(b, ']')
	}
	if d.Current != nil {
		b = append(append(b, `,"current":`...), mustJSON(d.Current)...)
	}
	if d.Rules != nil {
		b = append(append(b, `,"rules":`...), mustJSON(d.Rules)...)
	}
	if len(d.Gone) > 0 {
		b = append(append(b, `,"gone":`...), mustJSON(d.Gone)...)
	}
	return append(b, '}')
}

// Pieces is a delivery whose elements are bytes already.
type Pieces struct {
	Room                   id.Room
	Seq                    entry.Seq
	From, After            *entry.Seq // as in a Delivery
	Reset, First           bool
	New, Set, People, Mine [][]byte
	Quotes                 [][]byte
	Pins                   []entry.Seq
	Gone                   []id.Person
	Current                map[kind.Lane]int
	Rules                  *Rules
}

// Empty tells whether nobody would learn anything from it.
func (d *Pieces) Empty() bool {
	return len(d.New)+len(d.Set)+len(d.People)+len(d.Mine)+len(d.Gone) == 0 && d.Pins == nil && d.Current == nil && d.Rules == nil && !d.Reset
}

func appendList(b []byte, key string, list [][]byte) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":[`...)
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	return append(b, ']')
}

// Pieces are the parts of a frame that go to all members. Names are added by who knows them.
func (p *Parts) Pieces() Pieces {
	d := Pieces{Room: p.Room, Seq: p.Seq, Quotes: p.Quotes, Current: p.Current, Rules: p.Rules}
	for i := range p.Items {
		switch r := &p.Items[i]; {
		case r.New:
			d.New = append(d.New, r.Item)
		case !r.Quiet:
			d.Set = append(d.Set, r.Set)
		}
	}
	if p.Repin {
		d.Pins = append([]entry.Seq{}, p.Pins...)
	}
	for _, l := range p.Gone {
		d.Gone = append(d.Gone, l.Person)
	}
	return d
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: not JSON: " + err.Error())
	}
	return b
}
