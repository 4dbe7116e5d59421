package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"linli/internal/audit"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/notify"
	"linli/internal/office"
	"linli/internal/paper"
	"linli/internal/room"
)

// Doorway is a household or shop as somebody finds it who walks past.
type Doorway struct {
	Premises id.Premises `json:"premises"`
	Label    string      `json:"label"`
	Kind     string      `json:"kind"` // home, shop
	Building string      `json:"building,omitempty"`
	Entrance string      `json:"entrance,omitempty"`
	Door     string      `json:"door,omitempty"`
}

type confirmedRow struct {
	Doorway
	By    id.Person       `json:"by"`
	At    int64           `json:"at"`
	Visit bool            `json:"visit,omitempty"` // told at the door
	Note  json.RawMessage `json:"note,omitempty"`  // words of who was there
}

type missingRow struct {
	Doorway
	Members int      `json:"members"` // 0: a door nobody is behind yet
	Seen    bool     `json:"seen"`    // somebody of them has read that far
	Names   []string `json:"names"`   // how the room knows them
	Reached string   `json:"reached"` // by what its people were reached, at best: page, push, sms; empty: knock
}

type receiptsBody struct {
	Of        int            `json:"of"`
	Seen      int            `json:"seen"` // have not confirmed, but have seen it
	Confirmed []confirmedRow `json:"confirmed"`
	Missing   []missingRow   `json:"missing"`
	Remind    *reminder      `json:"remind,omitempty"` // nobody could be reminded: absent
}

// reminder is what reminding those who have not confirmed would do, and cost.
type reminder struct {
	Homes  int `json:"homes"` // with somebody behind them
	Shops  int `json:"shops"`
	People int `json:"people"`
	App    int `json:"app"`   // of them: on a page or a phone, which costs nothing
	Texts  int `json:"texts"` // text messages at most; 0 where the office sends none
	Most   int `json:"most"`  // how often one version may be reminded of by hand
}

// receipts is who has confirmed a notice and which doors have not, in walking order: entrance after entrance, from the top down.
func (s *Server) receipts(ctx context.Context, in *itemInput) (*body[receiptsBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	b, err := s.receiptsOf(ctx, in.Room, in.Seq)
	if err != nil {
		return nil, err
	}
	return says(*b), nil
}

func (s *Server) receiptsOf(ctx context.Context, r id.Room, seq entry.Seq) (*receiptsBody, error) {
	b := &receiptsBody{Confirmed: []confirmedRow{}, Missing: []missingRow{}}
	walk := s.walk(r)
	behind := map[id.Premises][]id.Person{}
	var none error
	err := s.Engine.ReadItem(ctx, r, seq, func(x *room.State, item *room.Item) {
		card, ok := item.Card.(kind.Receipts)
		if !ok || item.Kind != "notice" {
			none = fault.New(fault.NotFound, "this message has no receipts")
			return
		}
		confirmed := card.Confirmed()
		for h, d := range x.Doors {
			at, ok := walk.doors[h]
			if !ok {
				at = Doorway{Premises: h, Label: d.Label, Kind: d.Kind}
			}
			if c, ok := confirmed[h]; ok {
				b.Confirmed = append(b.Confirmed, confirmedRow{at, c.By, c.At, c.Visit, json.RawMessage(c.Note)})
				continue
			}
			behind[h] = x.Behind(h)
			b.Missing = append(b.Missing, missingRow{Doorway: at, Members: len(behind[h]), Names: []string{}})
		}
	})
	if err = cmp.Or(err, none); err != nil {
		return nil, err
	}
	if b.Remind, err = s.reminder(ctx, r, b, behind); err != nil {
		return nil, err
	}
	reached, err := s.Notify.Reached(ctx, r, seq)
	if err != nil {
		return nil, err
	}
	for i := range b.Missing {
		m := &b.Missing[i]
		for _, p := range behind[m.Premises] {
			if n, ok := s.View.NameOf(r, p); ok {
				m.Names = append(m.Names, n.Name)
			}
		}
		m.Reached = best(reached, behind[m.Premises])
		m.Seen = slices.ContainsFunc(behind[m.Premises], func(p id.Person) bool { return s.Marks.Of(p, r).Seq >= seq })
		if m.Seen {
			b.Seen++
		}
	}
	b.Of = len(b.Confirmed) + len(b.Missing)
	slices.SortFunc(b.Confirmed, func(x, y confirmedRow) int { return walk.compare(x.Premises, y.Premises) })
	slices.SortFunc(b.Missing, func(x, y missingRow) int { return walk.compare(x.Premises, y.Premises) })
	return b, nil
}

// reminder counts whom a reminder would reach, and by what.
func (s *Server) reminder(ctx context.Context, r id.Room, b *receiptsBody, behind map[id.Premises][]id.Person) (*reminder, error) {
	now := reminder{Most: kind.MostReminders}
	waiting := map[id.Person]bool{}
	for _, m := range b.Missing {
		switch {
		case len(behind[m.Premises]) == 0:
		case m.Kind == "shop":
			now.Shops++
		default:
			now.Homes++
		}
		for _, p := range behind[m.Premises] {
			waiting[p] = true
		}
	}
	if now.People = len(waiting); now.People == 0 {
		return nil, nil
	}
	ways, err := s.Notify.Best(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, w := range ways {
		if waiting[w.Person] && (w.Channel == "page" || w.Channel == "push") {
			now.App++
		}
	}
	if s.Notify.Options.SMS != "" {
		now.Texts = now.People
	}
	return &now, nil
}

// best is the first of the channels by which one of these people was reached; empty when none was.
func best(reached map[id.Person]string, people []id.Person) string {
	for _, channel := range notify.Channels {
		if slices.ContainsFunc(people, func(p id.Person) bool { return reached[p] == channel }) {
			return channel
		}
	}
	return ""
}

// receiptsTable is the doors where the notice has not arrived, to take along and to write on.
func (s *Server) receiptsTable(w http.ResponseWriter, r *http.Request) {
	in := id.Room(chi.URLParam(r, "room"))
	seq, err := strconv.ParseUint(chi.URLParam(r, "seq"), 10, 53)
	if err != nil {
		err = fault.New(fault.NotFound, "there is no such message")
	} else {
		_, err = s.answersFor(r.Context(), in)
	}
	var b *receiptsBody
	if err == nil {
		b, err = s.receiptsOf(r.Context(), in, entry.Seq(seq))
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	table := make([][]string, 0, len(b.Missing))
	for _, m := range b.Missing {
		state := "没收到"
		switch {
		case m.Members == 0:
			state = "没有入群"
		case m.Seen:
			state = "看过，没确认"
		}
		table = append(table, []string{m.Building, m.Entrance, cmp.Or(m.Door, m.Label), state, "", ""})
	}
	s.note(r.Context(), audit.Export, "receipts.xlsx", string(in))
	s.xlsx(w, "doors.xlsx", func() error {
		return paper.Table(w, "上门清单", []string{"楼栋", "单元", "房号", "状态", "已告知", "备注"}, table)
	})
}

// walk is how somebody walks past a room's doors.
type walk struct {
	doors    map[id.Premises]Doorway
	entrance map[id.Premises]int
	up       map[id.Premises]int // how far up in its entrance
}

func (s *Server) walk(r id.Room) walk {
	w := walk{doors: map[id.Premises]Doorway{}, entrance: map[id.Premises]int{}, up: map[id.Premises]int{}}
	entrances := map[[2]string]int{}
	s.Engine.ReadOffice(func(o *office.State) {
		for i, h := range o.PremisesOf(r) {
			w.doors[h.ID] = Doorway{Premises: h.ID, Label: h.Label(), Kind: h.Kind, Building: h.Building, Entrance: h.Entrance, Door: h.Door}
			at := [2]string{h.Building, h.Entrance}
			if _, ok := entrances[at]; !ok {
				entrances[at] = len(entrances)
			}
			w.entrance[h.ID], w.up[h.ID] = entrances[at], i
		}
	})
	return w
}

// compare puts entrances in their order, and in each the doors from the top down.
func (w *walk) compare(x, y id.Premises) int {
	return cmp.Or(cmp.Compare(w.entrance[x], w.entrance[y]), cmp.Compare(w.up[y], w.up[x]))
}
