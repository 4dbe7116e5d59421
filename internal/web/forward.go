package web

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/view"
	"linli/internal/wire"
)

// passOn puts into a forward what the messages are that it names ({"from": room, "seqs": [3, 4]}), in their order. Who passes on has to
// be able to read each of them now: a member of that room, not before their horizon, and nothing that was taken back.
func passOn(ctx context.Context, e *engine.Engine, v *view.View, p id.Person, c *wire.Command) error {
	var named struct {
		From id.Room     `json:"from"`
		Seqs []entry.Seq `json:"seqs"`
	}
	if json.Unmarshal(c.With, &named) != nil || len(named.Seqs) == 0 || len(named.Seqs) > kind.MostForwarded {
		return fault.Newf(fault.Invalid, "a room and 1 to %d of its messages", kind.MostForwarded).And("field", "seqs").And("limit", kind.MostForwarded)
	}
	in := false
	if err := e.ReadRoom(named.From, func(x *room.State) { in = x.Has(p) }); err != nil || !in {
		return fault.New(fault.NotMember, "not a member of that room")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := e.Seen(ctx, named.From); err != nil {
		return err
	}
	slices.Sort(named.Seqs)
	var list []kind.Passed
	for _, seq := range slices.Compact(named.Seqs) {
		m, err := passed(ctx, e, v, p, named.From, seq)
		if err != nil {
			return err
		}
		list = append(list, m)
	}
	facts, words, err := kind.Forwarding(list, textOf(c.Words, "text"))
	if err == nil {
		c.With, c.Words = facts, words
	}
	return err
}

// passed is one message as it stands in its room.
func passed(ctx context.Context, e *engine.Engine, v *view.View, p id.Person, r id.Room, seq entry.Seq) (m kind.Passed, err error) {
	if _, err := v.Sent(r, reads(e, r, p), seq); err != nil {
		return m, err
	}
	gone, by := false, id.Person("")
	err = e.ReadItem(ctx, r, seq, func(x *room.State, item *room.Item) {
		gone, by = item.Retracted, item.By
		m = kind.Passed{
			Room: r, RoomName: x.Name(), Seq: seq, Kind: item.Kind, At: item.At,
			Words: item.Words, Sum: item.Sum, Card: item.Card,
		}
	})
	switch {
	case err != nil:
		return m, err
	case gone || len(m.Words) == 0 && m.Kind == "text":
		return m, fault.New(fault.Retracted, "the message was taken back")
	}
	name, _ := v.NameOf(r, by)
	m.By = doorless(name.Name)
	return m, nil
}

// doorless is a display name without the door or shop before it: 王女士 of 3-2-501 王女士.
func doorless(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }
