package room

import (
	"cmp"
	"slices"

	"linli/internal/entry"
)

// handful is how many items a room keeps in hand beyond those that must stay.
const handful = 128

// Targets lists the items that must be in hand before a command is decided.
func (s *State) Targets(c *entry.Command) []Seq {
	if c.Re == 0 || c.Re > s.core.Seq || s.hand[c.Re] != nil {
		return nil
	}
	return []Seq{c.Re}
}

// Hold puts an item in hand. One that is there already is newer and stays.
func (s *State) Hold(item *Item) {
	if s.hand[item.Seq] != nil {
		return
	}
	if m := s.core.Members[item.By]; m != nil {
		item.For = m.home()
	}
	s.hand[item.Seq] = item
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
