package web

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"linli/internal/audit"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/paper"
	"linli/internal/room"
)

// Stair is an entrance of a building, or the shops of a room: what somebody walks with the slips in hand.
type Stair struct {
	Kind     string `json:"kind,omitempty"` // home, shop
	Building string `json:"building,omitempty"`
	Entrance string `json:"entrance,omitempty"`
}

type stairRow struct {
	Stair
	Uncovered int   `json:"uncovered"`       // doors that nobody is in for
	Ready     int   `json:"ready"`           // of them with a slip that is good
	Used      int   `json:"used"`            // of them whose slip somebody has applied with
	Until     int64 `json:"until,omitempty"` // when the first of the good ones is past its time
}

type slipsBody struct {
	Stairs []stairRow `json:"stairs"`
}

// uncovered lists the doors of a room of which nobody has signed in yet, in walking order, each with its stair and its latest slip.
func (s *Server) uncovered(r id.Room) (list []uncoveredDoor) {
	s.Engine.ReadOffice(func(o *office.State) {
		for _, h := range o.PremisesOf(r) {
			d := uncoveredDoor{Premises: *h, stair: Stair{h.Kind, h.Building, h.Entrance}}
			if h.Kind == office.Shop {
				d.stair = Stair{Kind: h.Kind}
			}
			d.slip, _ = o.SlipOf(h.ID)
			list = append(list, d)
		}
	})
	open := list[:0]
	_ = s.Engine.ReadRoom(r, func(x *room.State) { // a room whose log has not begun covers none
		for _, d := range list {
			if !s.reached(x, d.ID) {
				open = append(open, d)
			}
		}
		list = open
	})
	return list
}

type uncoveredDoor struct {
	office.Premises
	stair Stair
	slip  office.Slip
}

func (d *uncoveredDoor) ready(now int64) bool { return d.slip.ID != "" && d.slip.Good(now) == nil }

// slips is how far the slips of a room are, stair by stair.
func (s *Server) slips(ctx context.Context, in *roomInput) (*body[slipsBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	return says(slipsBody{s.stairs(in.Room)}), nil
}

func (s *Server) stairs(r id.Room) []stairRow {
	rows, now := []stairRow{}, s.Now().UnixMilli()
	at := map[Stair]int{}
	for _, d := range s.uncovered(r) {
		i, ok := at[d.stair]
		if !ok {
			i = len(rows)
			at[d.stair] = i
			rows = append(rows, stairRow{Stair: d.stair})
		}
		row := &rows[i]
		row.Uncovered++
		switch {
		case d.ready(now):
			if row.Ready++; row.Until == 0 || d.slip.Until < row.Until {
				row.Until = d.slip.Until
			}
		case d.slip.Used != 0:
			row.Used++
		}
	}
	return rows
}

type stairInput struct {
	Room id.Room `path:"room"`
	Body Stair
}

// makeSlips makes slips for the doors of a stair that nobody is in for and that have none that is good.
func (s *Server) makeSlips(ctx context.Context, in *stairInput) (*body[slipsBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	now := s.Now().UnixMilli()
	var list []map[string]any
	for _, d := range s.uncovered(in.Room) {
		if d.stair == in.Body && !d.ready(now) && len(list) < office.MaxBatch {
			list = append(list, map[string]any{"slip": id.New[id.Slip]("s"), "premises": d.ID})
		}
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Unchanged, "every door of this stair has a slip that is good")
	}
	if _, err := s.asPerson(ctx, "slip.make", map[string]any{"room": in.Room, "slips": list}, nil); err != nil {
		return nil, err
	}
	return says(slipsBody{s.stairs(in.Room)}), nil
}

type endSlipsInput struct {
	Room     id.Room `path:"room"`
	Kind     string  `query:"kind"`
	Building string  `query:"building"`
	Entrance string  `query:"entrance"`
}

// endSlips makes the slips of a stair worthless, wherever they are by now.
func (s *Server) endSlips(ctx context.Context, in *endSlipsInput) (*body[slipsBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	now := s.Now().UnixMilli()
	var list []id.Premises
	for _, d := range s.uncovered(in.Room) {
		if d.stair == (Stair{in.Kind, in.Building, in.Entrance}) && d.ready(now) {
			list = append(list, d.ID)
		}
	}
	if _, err := s.asPerson(ctx, "slip.end", map[string]any{"room": in.Room, "premises": list}, nil); err != nil {
		return nil, err
	}
	return says(slipsBody{s.stairs(in.Room)}), nil
}

// slipsPaper prints the slips of a stair that are good.
func (s *Server) slipsPaper(w http.ResponseWriter, r *http.Request) {
	ctx, in := r.Context(), id.Room(chi.URLParam(r, "room"))
	if _, err := s.answersFor(ctx, in); err != nil {
		s.refuse(w, r, err)
		return
	}
	q := r.URL.Query()
	of := Stair{q.Get("kind"), q.Get("building"), q.Get("entrance")}
	now := s.Now().UnixMilli()
	var slips []paper.SlipText
	until := int64(0)
	for _, d := range s.uncovered(in) {
		if d.stair != of || !d.ready(now) {
			continue
		}
		slips = append(slips, paper.SlipText{
			Door: d.Label(), URL: s.linkURL(ctx, id.Link(s.Register.Keys().SlipToken(d.slip.ID))),
		})
		if until == 0 || d.slip.Until < until {
			until = d.slip.Until
		}
	}
	if len(slips) == 0 {
		s.refuse(w, r, fault.New(fault.NotFound, "no door of this stair has a slip that is good"))
		return
	}
	t := paper.StairText{Stair: of.Building + " " + of.Entrance, Until: time.UnixMilli(until).In(kind.Zone).Format("1月2日")}
	s.Engine.ReadOffice(func(o *office.State) {
		t.Office = o.Name()
		if x, ok := o.Room(in); ok {
			t.Room = x.Name
			if c, ok := o.Community(x.Community); ok {
				t.Community = c.Name
			}
		}
	})
	s.note(ctx, audit.Export, "slips.pdf", string(in))
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="slips.pdf"`)
	w.Header().Set("Cache-Control", "no-store")
	if err := paper.Slips(w, t, slips); err != nil {
		s.Log.Error("slips failed", "room", in, "err", err)
	}
}
