package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/wire"
)

const (
	mostTasks = 200 // rows of each list of tasks
	tasksBack = 300 // how many of a room's newest cards are looked through for what somebody did
)

type taskRow struct {
	Room     id.Room         `json:"room"`
	RoomName string          `json:"roomName"`
	Seq      entry.Seq       `json:"seq"`
	At       int64           `json:"at"`   // when it was asked for, ms
	Name     string          `json:"name"` // of who asks, as the room knows them
	Item     json.RawMessage `json:"item"`
	People   []wire.Name     `json:"people"` // whom the item speaks of, as the room knows them
}

// tasksBody is what somebody may take on in all their rooms, is at, and did: the first two the oldest first, the last the newest first,
// and at most mostTasks of each.
type tasksBody struct {
	Open []taskRow `json:"open"`
	Mine []taskRow `json:"mine"`
	Done []taskRow `json:"done"`
}

func (s *Server) tasks(ctx context.Context, _ *none) (*body[tasksBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	lists := map[kind.Task][]taskRow{}
	for _, r := range s.open(p) {
		if err := s.Engine.Seen(ctx, r.ID); err != nil {
			return nil, err
		}
		who, name := reads(s.Engine, r.ID, p), ""
		if err := s.Engine.ReadRoom(r.ID, func(x *room.State) { name = x.Name() }); err != nil {
			return nil, err
		}
		take := func(seq entry.Seq, sent, kept []byte, wanted ...kind.Task) error {
			task, at, err := taskOf(p, sent, kept)
			if slices.Contains(wanted, task) {
				lists[task] = append(lists[task], taskRow{Room: r.ID, RoomName: name, Seq: seq, At: at, Item: bytes.Clone(sent)})
			}
			return err
		}
		// What is open or under way is live; what is done is not, and is found among the newest.
		if err := s.View.EachLive(r.ID, who, func(seq entry.Seq, sent, kept []byte) error {
			return take(seq, sent, kept, kind.OpenTask, kind.MyTask)
		}); err != nil {
			return nil, err
		}
		if err := s.View.EachLatest(r.ID, who, string(kind.Needs), tasksBack, func(seq entry.Seq, sent, kept []byte) error {
			return take(seq, sent, kept, kind.DoneTask)
		}); err != nil {
			return nil, err
		}
	}
	oldest := func(x, y taskRow) int { return cmp.Compare(x.At, y.At) }
	newest := func(x, y taskRow) int { return cmp.Compare(y.At, x.At) }
	var b tasksBody
	for _, l := range []struct {
		of   kind.Task
		by   func(x, y taskRow) int
		list *[]taskRow
	}{{kind.OpenTask, oldest, &b.Open}, {kind.MyTask, oldest, &b.Mine}, {kind.DoneTask, newest, &b.Done}} {
		if *l.list, err = s.sorted(lists[l.of], l.by); err != nil {
			return nil, err
		}
	}
	return says(b), nil
}

// sorted is the beginning of a list, with the names of whom it speaks of.
func (s *Server) sorted(rows []taskRow, by func(x, y taskRow) int) (_ []taskRow, err error) {
	slices.SortStableFunc(rows, by)
	rows = append([]taskRow{}, rows[:min(len(rows), mostTasks)]...)
	for i := range rows {
		x := &rows[i]
		x.Name = s.authorOf(x.Room, x.Item)
		if x.People, err = s.View.Named(x.Room, x.Item); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// taskOf is what an item is to somebody, and when it was posted.
func taskOf(p id.Person, sent, kept []byte) (kind.Task, int64, error) {
	item, err := wire.ReadItem(sent, kept)
	if err != nil || item.Retracted {
		return kind.NoTask, 0, err
	}
	h, ok := item.Card.(kind.Helped)
	if !ok {
		return kind.NoTask, 0, nil
	}
	return h.Task(kind.Viewer{Person: p, Post: kind.Post{Seq: item.Seq, By: item.By, For: item.For, At: item.At}}), item.At, nil
}
