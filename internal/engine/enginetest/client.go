package enginetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/wire"
)

// Client holds of a room what docs/protocol.md says a client keeps. It folds nothing.
type Client struct {
	Ch       entry.Seq // the cursor: nothing up to it is missing
	Answered bool      // on this connection
	Floor    entry.Seq // where the row begins that it holds without a gap

	heard  *stretch // live on this connection, without a gap; nil for nothing
	items  map[entry.Seq]wire.Item
	early  map[entry.Seq]wire.Set // states whose items have not come yet
	mine   map[entry.Seq]wire.Mine
	people map[id.Person]wire.Name
	pins   []entry.Seq
	pinned entry.Seq // the seq of the delivery that said so
}

// stretch is what was heard live without a gap: behind from and up to seq, and whole up to full. What all are told of a moment and what
// only one person is come one behind the other: so a delivery is whole when the next one has come.
type stretch struct{ from, seq, full entry.Seq }

// newestOfReset is how many items of a reset are a row; those before stand alone.
const newestOfReset = 50

// NewClient holds nothing.
func NewClient() *Client {
	return &Client{
		items: map[entry.Seq]wire.Item{}, early: map[entry.Seq]wire.Set{}, mine: map[entry.Seq]wire.Mine{}, people: map[id.Person]wire.Name{},
	}
}

// Connect begins a new connection.
func (c *Client) Connect() { c.Answered, c.heard = false, nil }

// Missing tells whether this connection brought something that what is held does not reach.
func (c *Client) Missing() bool { return c.Answered && c.heard != nil && c.heard.from > c.Ch }

// Asks are the pinned items that it does not hold: they lie further back, and are fetched one by one.
func (c *Client) Asks() (seqs []entry.Seq) {
	for _, seq := range c.pins {
		if _, ok := c.items[seq]; !ok {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// Reaches is up to where it has heard of everything.
func (c *Client) Reaches() entry.Seq {
	if c.Answered && c.heard != nil && c.heard.from <= c.Ch {
		return max(c.Ch, c.heard.seq)
	}
	return c.Ch
}

// Hear takes a delivery, an answer or a page.
func (c *Client) Hear(d wire.Delivery) {
	if d.Reset {
		c.drop(d)
	}
	for _, i := range d.New {
		c.put(i)
	}
	for _, s := range d.Set {
		if i, ok := c.items[s.Seq]; ok {
			c.items[s.Seq] = become(i, s)
		} else if s.Ch > c.early[s.Seq].Ch {
			c.early[s.Seq] = s
		}
	}
	for _, m := range d.Mine {
		if m.Ch >= c.mine[m.Seq].Ch {
			c.mine[m.Seq] = m
		}
	}
	for _, n := range d.People {
		if n.Rev >= c.people[n.ID].Rev {
			c.people[n.ID] = n
		}
	}
	if d.Pins != nil && d.Seq >= c.pinned {
		c.pins, c.pinned = d.Pins, d.Seq
	}
	c.count(d)
}

// count moves the cursor as far as nothing is missing.
func (c *Client) count(d wire.Delivery) {
	switch {
	case d.From != nil && c.heard != nil && *d.From <= c.heard.seq:
		c.heard = &stretch{c.heard.from, max(c.heard.seq, d.Seq), *d.From}
	case d.From != nil:
		c.heard = &stretch{*d.From, d.Seq, *d.From}
	case d.After != nil && (d.Reset || *d.After <= c.Ch):
		c.Ch, c.Answered = max(c.Ch, d.Seq), true
	}
	if c.Answered && c.heard != nil && c.heard.from <= c.Ch {
		c.Ch = max(c.Ch, c.heard.full)
	}
}

// drop begins anew with a reset: what is newer than it stays.
func (c *Client) drop(d wire.Delivery) {
	if d.After != nil && *d.After > d.Seq { // the server was put back to an earlier state: nothing is known to have happened
		people := c.people
		*c = *NewClient()
		c.people = people
	}
	for seq, i := range c.items {
		if seq > d.Seq {
			continue
		}
		delete(c.items, seq)
		if i.Ch > d.Seq {
			c.early[seq] = wire.Set{Seq: seq, Ch: i.Ch, State: i.State, Words: i.Words, Sum: i.Sum}
		}
	}
	for seq, m := range c.mine {
		if m.Ch <= d.Seq {
			delete(c.mine, seq)
		}
	}
	c.Floor = 0
	if !d.First && len(d.New) > 0 {
		c.Floor = d.New[max(0, len(d.New)-newestOfReset)].Seq
	}
}

func (c *Client) put(i wire.Item) {
	if held, ok := c.items[i.Seq]; ok && held.Ch >= i.Ch {
		return
	}
	c.items[i.Seq] = become(i, c.early[i.Seq])
}

// become is an item in a later state. What was taken back has no words any more.
func become(i wire.Item, s wire.Set) wire.Item {
	if s.Ch <= i.Ch {
		return i
	}
	i.Ch, i.State = s.Ch, s.State
	if s.Words != nil {
		i.Words, i.Sum = s.Words, s.Sum
	}
	if retracted(i.State) {
		i.Words, i.Sum = nil, ""
	}
	return i
}

// retracted tells whether an item was taken back: it has neither words nor own parts then.
func retracted(state json.RawMessage) bool {
	var flags wire.Flags
	return json.Unmarshal(state, &flags) == nil && flags.Retracted
}

// Shows is what somebody sees of the items from a seq on. A change that only others' own parts have in it is not told to all, so ch
// itself may lag.
func (c *Client) Shows(from entry.Seq) map[string]string {
	all := map[string]string{"pins": fmt.Sprint(c.pins)}
	for seq, i := range c.items {
		if seq < from && !slices.Contains(c.pins, seq) {
			continue
		}
		i.Ch = 0
		if len(i.State) == 0 {
			i.State = json.RawMessage("{}")
		}
		b, _ := json.Marshal(i)
		all[fmt.Sprint("item ", seq)] = string(b)
		all[fmt.Sprint("name ", i.By)] = c.people[i.By].Name
		if m, ok := c.mine[seq]; ok && string(m.Own) != "null" && !retracted(i.State) {
			all[fmt.Sprint("mine ", seq)] = string(m.Own)
		}
	}
	return all
}

// SameShown compares what somebody sees with what they would see of a fresh page.
func SameShown(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %s is\n%s, a fresh page has\n%s", what, k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %s is\n%s, a fresh page does not have it", what, k, v)
		}
	}
}
