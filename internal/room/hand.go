package room

import (
	"cmp"
	"slices"
	"strings"

	"linli/internal/entry"
	"linli/internal/kind"
)

// handful is how many items a room keeps in hand beyond those that must stay.
const handful = 128

// Targets lists the items that must be in hand before a command is decided: the one it works on, and the pinned one that may have
// to give way.
func (s *State) Targets(c *entry.Command) []Seq {
	var list []Seq
	if c.Re != 0 && c.Re <= s.core.Seq && s.hand[c.Re] == nil {
		list = append(list, c.Re)
	}
	if k := kindOf(c); k != nil && k.Again != "" { // a post may go on the card that its author has open
		for seq, h := range s.core.Held {
			if h.Kind == k.Name && s.hand[seq] == nil {
				list = append(list, seq)
			}
		}
	}
	if n := len(s.core.Pins); n >= MaxPins && s.hand[s.core.Pins[n-1]] == nil {
		list = append(list, s.core.Pins[n-1])
	}
	return list
}

// Hold puts an item in hand, as its last change left it: what the core keeps of it follows. One that is there already is newer
// and stays.
func (s *State) Hold(item *Item) {
	if s.hand[item.Seq] != nil {
		return
	}
	s.hand[item.Seq] = item
	delete(s.core.Doubt, item.Seq)
	if pinned := slices.Contains(s.core.Pins, item.Seq); pinned && !item.Pinned {
		s.core.Pins = slices.DeleteFunc(slices.Clone(s.core.Pins), func(seq Seq) bool { return seq == item.Seq })
	}
	s.schedule(item)
}

// Absent says that there is no such item to put in hand: nothing can be due.
func (s *State) Absent(seq Seq) {
	delete(s.core.Doubt, seq)
	delete(s.core.Due, seq)
	delete(s.core.Held, seq)
	delete(s.core.Current, seq)
}

// kindOf is the kind of a post; nil for what is none.
func kindOf(c *entry.Command) *kind.Kind {
	name, verb, _ := strings.Cut(c.Act, ".")
	if verb != "post" {
		return nil
	}
	return kind.Of(name)
}

// Empty takes everything out of hand.
func (s *State) Empty() { s.hand = map[Seq]*Item{} }

// Held is an item in hand; nil when it is not.
func (s *State) Held(seq Seq) *Item { return s.hand[seq] }

// Shed lets go of items in hand that the views have as they are (changed last at or before viewed), the longest untouched
// first, down to a handful.
func (s *State) Shed(viewed Seq) {
	if len(s.hand) <= 2*handful {
		return
	}
	items := make([]*Item, 0, len(s.hand))
	for _, item := range s.hand {
		if item.Ch <= viewed {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b *Item) int { return cmp.Compare(a.Ch, b.Ch) })
	for _, item := range items[:max(0, len(items)-handful)] {
		delete(s.hand, item.Seq)
	}
}
