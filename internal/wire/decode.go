package wire

import (
	"encoding/json"
	"fmt"

	"linli/internal/kind"
	"linli/internal/room"
)

// ReadItem makes an item for the room's hand out of what the views keep: the item as sent, and what else was kept of it (nil when nothing was).
func ReadItem(sent, rest []byte) (*room.Item, error) {
	var w Item
	if err := json.Unmarshal(sent, &w); err != nil {
		return nil, fmt.Errorf("wire: item: %w", err)
	}
	var more kept
	if len(rest) > 0 {
		if err := json.Unmarshal(rest, &more); err != nil {
			return nil, fmt.Errorf("wire: kept: %w", err)
		}
	}
	var flags Flags
	if len(w.State) > 0 {
		if err := json.Unmarshal(w.State, &flags); err != nil {
			return nil, fmt.Errorf("wire: state: %w", err)
		}
	}
	item := &room.Item{
		Seq: w.Seq, Ch: w.Ch, Kind: w.Kind, By: w.By, For: more.For, As: w.As, At: w.At, ID: w.ID, Re: w.Re, Words: w.Words, Sum: w.Sum,
		Retracted: flags.Retracted, Pinned: flags.Pinned, Edited: flags.Edited, Was: more.Was, Taken: more.Taken, React: flags.React,
	}
	for lane, ordinal := range w.O {
		item.Lane, item.Ordinal = kind.Lane(lane), ordinal
	}
	if k := kind.Of(w.Kind); k != nil {
		item.Card = k.Load(more.Card)
	}
	return item, nil
}
