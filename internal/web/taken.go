package web

import (
	"context"

	"linli/internal/audit"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/room"
)

// takenRow is the trace of a message that somebody else took back.
type takenRow struct {
	Seq        entry.Seq      `json:"seq"`
	Kind       string         `json:"kind"`
	Author     id.Person      `json:"author"`
	AuthorName string         `json:"authorName"`
	Posted     int64          `json:"posted"`
	By         id.Person      `json:"by"`
	ByName     string         `json:"byName"`
	At         int64          `json:"at"`
	Reason     string         `json:"reason,omitempty"`
	Versions   []room.Version `json:"versions"` // what it said last last
}

type takenBody struct {
	Taken []takenRow `json:"taken"`
}

const takenRows = 50

// taken is what was taken back from others in a room, newest first, for those above it: they decide complaints. It is noted that it was
// read.
func (s *Server) taken(ctx context.Context, in *roomInput) (*body[takenBody], error) {
	if err := s.above(ctx, "", in.Room); err != nil {
		return nil, err
	}
	var seqs []entry.Seq
	if err := s.Engine.ReadRoom(in.Room, func(x *room.State) { seqs = x.TakenBack() }); err != nil {
		return nil, err
	}
	s.note(ctx, audit.Read, "taken", string(in.Room))
	b := takenBody{Taken: []takenRow{}}
	for _, seq := range seqs {
		if len(b.Taken) == takenRows {
			break
		}
		var row *takenRow
		err := s.Engine.ReadItem(ctx, in.Room, seq, func(_ *room.State, item *room.Item) {
			if t := item.Taken; t != nil {
				row = &takenRow{
					Seq: seq, Kind: item.Kind, Author: item.By, Posted: item.At, By: t.By, At: t.At, Reason: textOf(t.Reason, "reason"), Versions: t.Was,
				}
			}
		})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if row == nil {
			continue
		}
		row.AuthorName, row.ByName = s.calls(ctx, in.Room, row.Author), s.calls(ctx, in.Room, row.By)
		b.Taken = append(b.Taken, *row)
	}
	return says(b), nil
}
