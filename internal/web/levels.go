package web

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"linli/internal/audit"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/paper"
	"linli/internal/room"
)

type levelRoom struct {
	ID      id.Room    `json:"id"`
	Name    string     `json:"name"`
	Owner   string     `json:"owner"`
	Homes   room.Count `json:"homes"`
	Shops   room.Count `json:"shops"`
	Members int        `json:"members"`
	Online  int        `json:"online"`
	Pending int        `json:"pending"`
	Posters int        `json:"posters"` // links that are good
	Waiting int        `json:"waiting"` // doors whose people the roster brought in and who have not signed in yet: not covered
}

type levelCommunity struct {
	ID      id.Community `json:"id"`
	Name    string       `json:"name"`
	Homes   room.Count   `json:"homes"`
	Shops   room.Count   `json:"shops"`
	Members int          `json:"members"`
	Pending int          `json:"pending"`
	Waiting int          `json:"waiting"`
	Rooms   []levelRoom  `json:"rooms"`
}

type levelOffice struct {
	Name    string     `json:"name"`
	Homes   room.Count `json:"homes"`
	Shops   room.Count `json:"shops"`
	Rooms   int        `json:"rooms"`
	Members int        `json:"members"`
	Pending int        `json:"pending"`
	Waiting int        `json:"waiting"`
	Listed  int        `json:"listed"` // homes and shops that are from the office's table; the others were counted by hand
	Whole   bool       `json:"whole"`  // these are the numbers of the whole office, not of a part of it
}

type levelsBody struct {
	Office      levelOffice      `json:"office"`
	Communities []levelCommunity `json:"communities"`
}

// levels is the tree that a person may see, with the coverage of each level. The numbers of a level are those of its rooms, and of
// the premises that are in no room yet for who may see the whole level.
func (s *Server) levels(ctx context.Context, _ *none) (*body[levelsBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rooms := s.levelRooms()
	b := levelsBody{Communities: []levelCommunity{}}
	may := false
	s.Engine.ReadOffice(func(o *office.State) {
		b.Office.Name, b.Office.Whole = o.Name(), o.MayRead(p, "", "")
		roomless := roomlessOf(o)
		listed := listedOf(o)
		for _, c := range o.Communities() {
			l := levelCommunity{ID: c.ID, Name: c.Name, Rooms: []levelRoom{}}
			for _, r := range o.RoomsOf(c.ID) {
				if !o.MayRead(p, c.ID, r.ID) {
					continue
				}
				row := rooms[r.ID]
				row.ID, row.Name, row.Pending = r.ID, r.Name, o.PendingIn(r.ID)
				for _, link := range o.Links(r.ID) {
					if link.Ended == 0 {
						row.Posters++
					}
				}
				b.Office.Listed += listed[listedIn{r.ID, ""}]
				if row.Homes.All+row.Shops.All == 0 { // its log has not begun
					t := o.TallyOf(r.ID)
					row.Homes.All, row.Shops.All = t.Homes, t.Shops
				}
				l.add(row)
			}
			if o.MayRead(p, c.ID, "") {
				t := roomless[c.ID]
				l.Homes.All, l.Shops.All = l.Homes.All+t.Homes, l.Shops.All+t.Shops
				b.Office.Listed += listed[listedIn{"", c.ID}]
			}
			if len(l.Rooms) > 0 || o.MayRead(p, c.ID, "") {
				may = true
				b.add(l)
			}
		}
		may = may || b.Office.Whole
	})
	if !may {
		return nil, fault.New(fault.Forbidden, "only who answers for a room or above may")
	}
	return says(b), nil
}

// roomlessOf counts each community's premises that belong to no room.
func roomlessOf(o *office.State) map[id.Community]office.Tally {
	if o.TallyOf("") == (office.Tally{}) {
		return nil
	}
	list := map[id.Community]office.Tally{}
	o.EachPremises(func(h *office.Premises) bool {
		if h.Room == "" {
			t := list[h.Community]
			if h.Kind == office.Home {
				t.Homes++
			} else {
				t.Shops++
			}
			list[h.Community] = t
		}
		return true
	})
	return list
}

// listedIn is a room, or for premises in none their community.
type listedIn struct {
	room      id.Room
	community id.Community
}

// listedOf counts the premises that are from the office's table.
func listedOf(o *office.State) map[listedIn]int {
	list := map[listedIn]int{}
	o.EachPremises(func(h *office.Premises) bool {
		switch {
		case h.Hand:
		case h.Room != "":
			list[listedIn{h.Room, ""}]++
		default:
			list[listedIn{"", h.Community}]++
		}
		return true
	})
	return list
}

func (l *levelCommunity) add(r levelRoom) {
	l.Rooms = append(l.Rooms, r)
	l.Homes, l.Shops = plus(l.Homes, r.Homes), plus(l.Shops, r.Shops)
	l.Members, l.Pending, l.Waiting = l.Members+r.Members, l.Pending+r.Pending, l.Waiting+r.Waiting
}

func (b *levelsBody) add(l levelCommunity) {
	b.Communities = append(b.Communities, l)
	o := &b.Office
	o.Homes, o.Shops = plus(o.Homes, l.Homes), plus(o.Shops, l.Shops)
	o.Rooms, o.Members, o.Pending, o.Waiting = o.Rooms+len(l.Rooms), o.Members+l.Members, o.Pending+l.Pending, o.Waiting+l.Waiting
}

func plus(a, b room.Count) room.Count {
	return room.Count{All: a.All + b.All, Covered: a.Covered + b.Covered}
}

// levelRooms is what the rooms themselves know.
func (s *Server) levelRooms() map[id.Room]levelRoom {
	rooms := map[id.Room]levelRoom{}
	owners := map[id.Room]id.Person{}
	s.Engine.EachRoom(func(x *room.State) {
		t, waiting := s.tally(x)
		rooms[x.ID()] = levelRoom{Homes: t.Homes, Shops: t.Shops, Members: x.Size(), Waiting: waiting}
		for p, m := range x.Members {
			if m.Role == entry.Owner {
				owners[x.ID()] = p
			}
		}
	})
	for r, row := range rooms {
		row.Online = s.Hub.Online(roomTopic(r))
		if n, ok := s.View.NameOf(r, owners[r]); ok {
			row.Owner = n.Name
		}
		rooms[r] = row
	}
	return rooms
}

// doorsWanted says which doors; what is typed stands in no URL.
type doorsWanted struct {
	Room      id.Room      `json:"room,omitempty"`
	Community id.Community `json:"community,omitempty"`
	Uncovered bool         `json:"uncovered,omitempty"`
	Kind      string       `json:"kind,omitempty"`
	Find      string       `json:"find,omitempty"` // in the label
	Offset    int          `json:"offset,omitempty"`
	Limit     int          `json:"limit,omitempty"`
}

type doorsInput struct {
	Body doorsWanted
}

type doorRow struct {
	Premises  id.Premises `json:"premises"`
	Community string      `json:"community"`
	Room      string      `json:"room"`
	Compound  string      `json:"compound"`
	Building  string      `json:"building"`
	Entrance  string      `json:"entrance"`
	Door      string      `json:"door"`
	Label     string      `json:"label"`
	Kind      string      `json:"kind"`
	Covered   bool        `json:"covered"`
	Members   int         `json:"members"`
}

type doorsBody struct {
	Total int       `json:"total"`
	Doors []doorRow `json:"doors"`
}

// doors lists premises in walking order; places, and whether somebody of them is in and has signed in once.
func (s *Server) doors(ctx context.Context, in *doorsInput) (*body[doorsBody], error) {
	b := &in.Body
	all, err := s.doorRows(ctx, b)
	if err != nil {
		return nil, err
	}
	if b.Limit <= 0 || b.Limit > 500 {
		b.Limit = 200
	}
	from := min(max(b.Offset, 0), len(all))
	return says(doorsBody{Total: len(all), Doors: append([]doorRow{}, all[from:min(from+b.Limit, len(all))]...)}), nil
}

func (s *Server) doorRows(ctx context.Context, in *doorsWanted) ([]doorRow, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	var rooms []office.Room
	rows := map[id.Room][]doorRow{}
	may := false
	s.Engine.ReadOffice(func(o *office.State) {
		community := in.Community
		if r, ok := o.Room(in.Room); ok {
			community = r.Community
		}
		if may = o.MayRead(p, community, in.Room); !may {
			return
		}
		for _, r := range o.Rooms() {
			if in.Room != "" && r.ID != in.Room || in.Community != "" && r.Community != in.Community {
				continue
			}
			rooms = append(rooms, *r)
			c, _ := o.Community(r.Community)
			for _, h := range o.PremisesOf(r.ID) {
				if in.Kind != "" && h.Kind != in.Kind || !strings.Contains(h.Label(), strings.TrimSpace(in.Find)) {
					continue
				}
				row := doorRow{
					Premises: h.ID, Room: r.Name, Compound: h.Compound, Building: h.Building, Entrance: h.Entrance, Door: h.Door,
					Label: h.Label(), Kind: h.Kind,
				}
				if c != nil {
					row.Community = c.Name
				}
				rows[r.ID] = append(rows[r.ID], row)
			}
		}
	})
	if !may {
		return nil, fault.New(fault.Forbidden, "only who answers for this level may")
	}
	var all []doorRow
	for _, r := range rooms {
		_ = s.Engine.ReadRoom(r.ID, func(x *room.State) {
			for i := range rows[r.ID] {
				row := &rows[r.ID][i]
				row.Members = len(x.Behind(row.Premises))
				row.Covered = s.reached(x, row.Premises)
			}
		})
		for _, row := range rows[r.ID] {
			if !in.Uncovered || !row.Covered {
				all = append(all, row)
			}
		}
	}
	return all, nil
}

// doorsTable is the same as a table to take along.
func (s *Server) doorsTable(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	all, err := s.doorRows(r.Context(), &doorsWanted{
		Room: id.Room(q.Get("room")), Community: id.Community(q.Get("community")), Uncovered: q.Get("uncovered") == "true", Kind: q.Get("kind"),
	})
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	table := make([][]string, 0, len(all))
	for _, d := range all {
		state := "未入群"
		if d.Covered {
			state = "已入群"
		}
		table = append(table, []string{d.Community, d.Room, d.Compound, d.Building, d.Entrance, strings.TrimSpace(d.Door), state})
	}
	s.note(r.Context(), audit.Export, "doors.xlsx", cmp.Or(q.Get("room"), q.Get("community")))
	s.xlsx(w, "doors.xlsx", func() error {
		return paper.Table(w, "门牌", []string{"社区", "群", "院区", "楼栋", "单元", "房号", "状态"}, table)
	})
}

func (s *Server) xlsx(w http.ResponseWriter, name string, write func() error) {
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	if err := write(); err != nil {
		s.Log.Error("table failed", "name", name, "err", err)
	}
}

type communityInput struct {
	Body struct {
		Name string `json:"name"`
	}
}

type idBody struct {
	ID string `json:"id"`
}

func (s *Server) addCommunity(ctx context.Context, in *communityInput) (*body[idBody], error) {
	c := id.Derive[id.Community]("c", "community", strings.TrimSpace(in.Body.Name))
	_, err := s.asPerson(ctx, "places.put", map[string]any{
		"communities": []office.Community{{ID: c, Name: strings.TrimSpace(in.Body.Name)}},
	}, nil)
	return says(idBody{string(c)}), err
}

type openRoomInput struct {
	Body struct {
		Name      string       `json:"name"`
		Community id.Community `json:"community"`
		Compound  string       `json:"compound,omitempty"`
		Building  string       `json:"building,omitempty"`
	}
}

func (s *Server) openRoom(ctx context.Context, in *openRoomInput) (*body[idBody], error) {
	b := &in.Body
	r := id.New[id.Room]("r")
	_, err := s.asPerson(ctx, "room.open", office.Room{
		ID: r, Name: strings.TrimSpace(b.Name), Community: b.Community, Compound: strings.TrimSpace(b.Compound), Building: strings.TrimSpace(b.Building),
	}, nil)
	return says(idBody{string(r)}), err
}
