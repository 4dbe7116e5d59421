package web

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"linli/internal/auth"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/search"
	"linli/internal/view"
	"linli/internal/wire"
)

// RoomRow is a room as its members, and who answers for it, see it in a list.
type RoomRow struct {
	ID            id.Room           `json:"id"`
	Name          string            `json:"name"`
	Community     id.Community      `json:"community"`
	CommunityName string            `json:"communityName"`
	Seq           entry.Seq         `json:"seq"`
	Lanes         map[string]uint64 `json:"lanes,omitempty"`
	Read          engine.Mark       `json:"read"`
	Pins          []entry.Seq       `json:"pins"`
	Last          json.RawMessage   `json:"last,omitempty"`
	LastName      string            `json:"lastName,omitempty"` // of who posted the last one
	Member        bool              `json:"member"`
	Role          string            `json:"role"`
	Premises      id.Premises       `json:"premises,omitempty"` // the first that one acts for here
	Label         string            `json:"label,omitempty"`
	Display       string            `json:"display,omitempty"` // how the room knows this person: what neighbours see of them
	Badge         string            `json:"badge,omitempty"`
	Doors         []doorOfOne       `json:"doors"` // all of them
	Muted         int64             `json:"muted,omitempty"`
	Homes         room.Count        `json:"homes"`
	Shops         room.Count        `json:"shops"`
	Members       int               `json:"members"`
	Online        int               `json:"online"`
	Owner         id.Person         `json:"owner,omitempty"`
	OwnerName     string            `json:"ownerName,omitempty"`
	Current       map[kind.Lane]int `json:"current,omitempty"`    // how many cards of each lane are not over
	Answers       int64             `json:"answers,omitempty"`    // how long it takes here until somebody takes on what was asked for, ms: half of the last ones no longer
	Called        entry.Seq         `json:"called,omitempty"`     // the first unread one that calls this person
	Pending       int               `json:"pending,omitempty"`    // applications, for who decides on them
	CharterDue    bool              `json:"charterDue,omitempty"` // it was changed since this member agreed to it
	Without       []string          `json:"without,omitempty"`    // kinds that nobody may post here
	Reserved      []kind.Lane       `json:"reserved,omitempty"`   // lanes in which only those post who answer for the room
	Telephone     *telephoneBody    `json:"telephone,omitempty"`  // that somebody who decides chose to publish; for members
	Damaged       bool              `json:"damaged,omitempty"`    // its log is damaged on disk: it is closed until a copy is put back
}

var lanes = []kind.Lane{kind.Chat, kind.Notices, kind.Needs}

// row reads a room as a person sees it; what is said in it only for members.
func (s *Server) row(p id.Person, r id.Room) (row RoomRow, err error) {
	if fault.Is(s.Engine.ReadRoom(r, func(*room.State) {}), fault.Damaged) {
		row = RoomRow{ID: r, Role: "member", Lanes: map[string]uint64{}, Pins: []entry.Seq{}, Doors: []doorOfOne{}, Damaged: true}
		row.Member = s.isIn(p, r)
		s.Engine.ReadOffice(func(o *office.State) {
			if x, ok := o.Room(r); ok {
				row.Name, row.Community = x.Name, x.Community
			}
		})
		return row, nil
	}
	err = s.Engine.ReadRoom(r, func(x *room.State) {
		t, _ := s.tally(x)
		row = RoomRow{
			ID: r, Name: x.Name(), Community: x.Community(), Seq: x.Seq(), Homes: t.Homes, Shops: t.Shops, Members: x.Size(), Role: "member",
			Lanes: map[string]uint64{}, Pins: x.Pins(), Without: x.Without(), Reserved: x.Reserved(), Doors: []doorOfOne{},
		}
		row.Current, row.Answers = x.Counts(), x.Answers()
		for _, l := range lanes {
			row.Lanes[string(l)] = x.Lane(l)
		}
		if m := x.Member(p); m != nil {
			row.Member = true
			if m.Muted > s.Now().UnixMilli() {
				row.Muted = m.Muted
			}
			if row.Doors = doorsOf(x, m); len(row.Doors) > 0 {
				row.Premises, row.Label = row.Doors[0].Premises, row.Doors[0].Label
			}
		}
		for q, m := range x.Members {
			if m.Role == entry.Owner && (row.Owner == "" || q < row.Owner) {
				row.Owner = q
			}
		}
	})
	if err != nil {
		return row, err
	}
	s.Engine.ReadOffice(func(o *office.State) {
		if c, ok := o.Community(row.Community); ok {
			row.CommunityName = c.Name
		}
		if role := o.RoleIn(p, r); role != "" {
			row.Role, row.Pending = string(role), o.PendingIn(r)
		}
		version, _ := o.Charter(r)
		who, _ := o.Person(p)
		if tel, own, ok := o.Telephone(r); ok && row.Member {
			row.Telephone = &telephoneBody{tel, own}
		}
		row.CharterDue = row.Member && version > 0 && !slices.Contains(who.Agreed, version)
	})
	row.Online = s.Hub.Online(hub.Room(r))
	if n, ok := s.View.NameOf(r, row.Owner); ok {
		row.OwnerName = n.Name
	}
	if !row.Member {
		row.Lanes, row.Pins, row.Current, row.Answers = nil, []entry.Seq{}, nil, 0
		return row, nil
	}
	if n, ok := s.View.NameOf(r, p); ok {
		row.Display, row.Badge = n.Name, n.Badge
	}
	if row.Pins == nil {
		row.Pins = []entry.Seq{}
	}
	return row, s.talk(&row, p)
}

// talk adds what a member sees of the conversation: how far they have read, and the last that was said.
func (s *Server) talk(row *RoomRow, p id.Person) (err error) {
	if row.Read, err = s.readTo(p, row.ID, row.Seq, row.Lanes); err != nil {
		return err
	}
	if row.Called, err = s.View.Called(row.ID, p, row.Read.Seq); err != nil {
		return err
	}
	if row.Last, err = s.View.Last(row.ID); err != nil {
		return err
	}
	var last struct {
		By id.Person
		At int64
	}
	if json.Unmarshal(row.Last, &last) != nil || last.At < s.Engine.Horizon(row.ID, p) {
		row.Last = nil
		return nil
	}
	n, _ := s.View.NameOf(row.ID, last.By)
	row.LastName = n.Name
	return nil
}

// readTo is how far a person has read a room of which seq and lanes are the heads. What was said before they came is history, and what
// they said themselves or was taken back is for nobody to read: it counts as read.
func (s *Server) readTo(p id.Person, r id.Room, seq entry.Seq, heads map[string]uint64) (engine.Mark, error) {
	m := s.Marks.Of(p, r)
	if m.Seq == 0 {
		floor, err := s.View.Floor(r, s.Engine.Joined(r, p))
		if err != nil {
			return m, err
		}
		if m, err = s.Marks.From(p, r, floor-1); err != nil {
			return m, err
		}
	}
	// The views are a moment behind the heads. When they stand still, the numbers are a little too great, and said all the same.
	_ = s.View.Wait(context.Background(), r.Log(), seq)
	spared, err := s.View.Spared(r, p, m.Lanes, heads)
	if err != nil || len(spared) == 0 {
		return m, err
	}
	read := maps.Clone(m.Lanes)
	if read == nil {
		read = map[string]uint64{}
	}
	for l, n := range spared {
		read[l] += n
	}
	m.Lanes = read
	return m, nil
}

// open are the rooms somebody is in but for those whose logs are damaged: what is gathered from all of them goes on without these.
func (s *Server) open(p id.Person) []wire.RoomHead {
	return slices.DeleteFunc(s.Engine.RoomsOf(p), func(r wire.RoomHead) bool {
		return fault.Is(s.Engine.ReadRoom(r.ID, func(*room.State) {}), fault.Damaged)
	})
}

// isIn tells whether somebody is in a room, also in one whose log is damaged.
func (s *Server) isIn(p id.Person, r id.Room) (in bool) {
	s.Engine.ReadOffice(func(o *office.State) { in = o.BoundTo(p, r) })
	return in || slices.ContainsFunc(s.Engine.RoomsOf(p), func(h wire.RoomHead) bool { return h.ID == r })
}

// isTold tells whether somebody may know that a room's log is damaged: who is in it, or everybody where nobody can be told apart.
func (s *Server) isTold(p id.Person, r id.Room) bool { return s.Engine.OfficeShut() || s.isIn(p, r) }

type roomsBody struct {
	Rooms  []RoomRow       `json:"rooms"`
	Damage []engine.Damage `json:"damage,omitempty"` // the office's log, where it is closed: then nothing is decided anywhere. For administrators rooms' too, and frames and files
}

func (s *Server) rooms(ctx context.Context, _ *none) (*body[roomsBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	var ids []id.Room
	for _, r := range s.Engine.RoomsOf(p) {
		ids = append(ids, r.ID)
	}
	ids = append(ids, s.Engine.Answers(p)...)
	slices.Sort(ids)
	b := roomsBody{Rooms: []RoomRow{}}
	for _, r := range slices.Compact(ids) {
		row, err := s.row(p, r)
		if err != nil {
			return nil, err
		}
		b.Rooms = append(b.Rooms, row)
	}
	// Frames and files are the administrator's. Where the office's log is damaged so early that nobody is known for one, all may tell them.
	admin := false
	s.Engine.ReadOffice(func(o *office.State) {
		list := o.Admins()
		admin = slices.Contains(list, p) || len(list) == 0
	})
	for _, d := range s.Engine.Damages() {
		switch {
		case admin:
			b.Damage = append(b.Damage, d)
		case d.Log == id.Office:
			b.Damage = append(b.Damage, engine.Damage{Log: d.Log})
		}
	}
	return says(b), nil
}

type roomInput struct {
	Room id.Room `path:"room"`
}

type charter struct {
	Version int    `json:"version"`
	Text    string `json:"text"`
}

type roomBody struct {
	RoomRow
	Charter charter `json:"charter"`
	Agreed  bool    `json:"agreed"`           // to the charter that holds now
	Policy  *policy `json:"policy,omitempty"` // for who answers for the room
	Office  *policy `json:"office,omitempty"` // and what the office says, which it may follow
	Calls   *calls  `json:"calls,omitempty"`  // of everybody, for who may
	Near    []near  `json:"near,omitempty"`   // for who answers for the room: who has used up most of what one may take on
}

// near is a member who has used up four fifths of what one person may take on.
type near struct {
	Person   id.Person   `json:"person"`
	Name     string      `json:"name"`
	Claims   int         `json:"claims"`
	Contacts int         `json:"contacts"` // within a day
	Of       entry.Limit `json:"of"`
}

// calls is how often everybody may still be called this week.
type calls struct {
	Left int `json:"left"`
	Of   int `json:"of"`
}

// policy is how a room is run.
type policy struct {
	History   string `json:"history"`         // what newcomers see of what was before: all, since, none
	Since     int64  `json:"since,omitempty"` // ms, with since
	AutoGreen bool   `json:"autoGreen"`       // who is as the roster says is let in at once
	Stickers  bool   `json:"stickers"`        // they may be posted

	Reserved []string `json:"reserved,omitempty"` // lanes in which only those post who answer for the room: chat, request
	Own      []string `json:"own,omitempty"`      // which of these the room says itself; in the others it does as the office
}

// room is one room. Who neither is in it nor answers for it is told no more than that.
func (s *Server) room(ctx context.Context, in *roomInput) (*body[roomBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.row(p, in.Room)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err != nil || !row.Member && row.Role == "member" { // whether there is such a room or not
		return nil, fault.New(fault.NotMember, "not a member of this room")
	}
	b := roomBody{RoomRow: row}
	s.Engine.ReadOffice(func(o *office.State) {
		b.Charter = charterOf(o, in.Room)
		who, _ := o.Person(p)
		b.Agreed = b.Charter.Version == 0 || slices.Contains(who.Agreed, b.Charter.Version)
		if o.MayAdmit(p, in.Room) {
			b.Policy, b.Office = policyOf(o, in.Room), officePolicy(o)
		}
	})
	if b.Policy != nil {
		if b.Near, err = s.nearLimits(in.Room); err != nil {
			return nil, err
		}
		if b.Calls, err = s.callsLeft(in.Room); err != nil {
			return nil, err
		}
	}
	return says(b), nil
}

// nearLimits are the members of a room who have used up four fifths of what they may take on, the most eager first.
func (s *Server) nearLimits(r id.Room) (list []near, err error) {
	err = s.Engine.ReadRoom(r, func(x *room.State) {
		for p, m := range x.Members {
			if m.Role == "" {
				list = append(list, near{Person: p})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Claims = s.Engine.Holds(list[i].Person, "request")
	}
	s.Engine.ReadOffice(func(o *office.State) {
		for i := range list {
			n := &list[i]
			n.Of = o.LimitOf(n.Person)
			n.Contacts, _ = o.Contacts(n.Person, s.Now().UnixMilli())
		}
	})
	list = slices.DeleteFunc(list, func(n near) bool { return 5*n.Claims < 4*n.Of.Claims && 5*n.Contacts < 4*n.Of.Contacts })
	for i := range list {
		name, _ := s.View.NameOf(r, list[i].Person)
		list[i].Name = name.Name
	}
	slices.SortFunc(list, func(a, b near) int {
		return cmp.Or(b.Contacts-a.Contacts, b.Claims-a.Claims, cmp.Compare(a.Person, b.Person))
	})
	return list, nil
}

// callsLeft is how often everybody may still be called in a room within seven days.
func (s *Server) callsLeft(r id.Room) (*calls, error) {
	c := &calls{Of: kind.AllPerWeek}
	err := s.Engine.ReadRoom(r, func(x *room.State) {
		c.Left = max(0, kind.AllPerWeek-x.Calls(s.Now().Add(-kind.AllWithin).UnixMilli()))
	})
	return c, err
}

func charterOf(o *office.State, r id.Room) (c charter) {
	var words entry.Words
	c.Version, words = o.Charter(r)
	c.Text = textOf(words, "text")
	return c
}

// textOf reads one text out of words; empty when it is not there or forgotten.
func textOf(words entry.Words, field string) string {
	var w map[string]json.RawMessage
	var text string
	if json.Unmarshal(words, &w) == nil {
		_ = json.Unmarshal(w[field], &text)
	}
	return text
}

// mayHear tells whether a person may read what is said in a room: its members may.
func (s *Server) mayHear(ctx context.Context, r id.Room) (auth.Claim, error) {
	c, err := s.who(ctx)
	if err != nil {
		return c, err
	}
	in := false
	err = s.Engine.ReadRoom(r, func(x *room.State) { in = x.Has(c.Person) })
	if err != nil && !fault.Is(err, fault.NotFound) && (!fault.Is(err, fault.Damaged) || s.isTold(c.Person, r)) {
		return c, err
	}
	if !in { // whether there is such a room or not
		return c, fault.New(fault.NotMember, "not a member of this room")
	}
	return c, nil
}

// answersFor tells whether a person answers for a room.
func (s *Server) answersFor(ctx context.Context, r id.Room) (auth.Claim, error) {
	c, err := s.who(ctx)
	if err != nil {
		return c, err
	}
	may, there := false, false
	s.Engine.ReadOffice(func(o *office.State) {
		_, there = o.Room(r)
		may = o.MayAdmit(c.Person, r)
	})
	switch {
	case may && there:
		return c, nil
	case may:
		return c, fault.New(fault.NotFound, "there is no such room")
	}
	return c, fault.New(fault.Forbidden, "only who answers for this room may") // whether there is one or not
}

// items is a page of a room's history: stored bytes joined.
func (s *Server) items(w http.ResponseWriter, r *http.Request) {
	query, wrong := r.URL.Query(), ""
	number := func(name string) entry.Seq {
		if !query.Has(name) {
			return 0
		}
		n, err := strconv.ParseUint(query.Get(name), 10, 53)
		if err != nil {
			wrong = name
		}
		return entry.Seq(n)
	}
	span := view.Span{
		Before: number("before"), After: number("after"), Onward: query.Has("after"), Around: number("around"), At: int64(number("at")),
		Limit: int(number("limit")), Lane: query.Get("lane"),
	}
	if wrong != "" {
		s.refuse(w, r, fault.New(fault.Invalid, "not a number").And("field", wrong))
		return
	}
	if span.Lane != "" && span.Lane != view.Files && !slices.Contains(lanes, kind.Lane(span.Lane)) {
		s.refuse(w, r, fault.New(fault.Invalid, "there is no such lane").And("field", "lane"))
		return
	}
	s.page(w, r, func(room id.Room, who view.Who) ([]byte, error) { return s.View.Page(room, who, span) })
}

type daysInput struct {
	Room id.Room `path:"room"`
	From int64   `query:"from"` // ms, where the first day begins
	Days int     `query:"days"` // how many, of 24 hours; at most 42
}

type daysBody struct {
	Days []int `json:"days"` // counted from 0
}

// days are the days of a calendar on which something was said.
func (s *Server) days(ctx context.Context, in *daysInput) (*body[daysBody], error) {
	c, err := s.mayHear(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if in.From < 0 || in.From > 1<<52 || in.Days < 1 || in.Days > mostDays {
		return nil, fault.New(fault.Invalid, "1 to 42 days from a time on").And("field", "days").And("limit", mostDays)
	}
	if err := s.Engine.Seen(ctx, in.Room); err != nil {
		return nil, err
	}
	days, err := s.View.Days(in.Room, reads(s.Engine, in.Room, c.Person), in.From, in.Days)
	return says(daysBody{orEmpty(days)}), err
}

const mostDays = 42 // six weeks: what a month's page shows at most

func (s *Server) item(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(chi.URLParam(r, "seq"), 10, 53)
	if err != nil {
		s.refuse(w, r, fault.New(fault.NotFound, "there is no such message"))
		return
	}
	s.page(w, r, func(room id.Room, who view.Who) ([]byte, error) { return s.View.One(room, who, entry.Seq(seq)) })
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, read func(id.Room, view.Who) ([]byte, error)) {
	in := id.Room(chi.URLParam(r, "room"))
	c, err := s.mayHear(r.Context(), in)
	if err == nil {
		err = s.Engine.Seen(r.Context(), in)
	}
	var page []byte
	if err == nil {
		page, err = read(in, reads(s.Engine, in, c.Person))
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(page)
}

type itemInput struct {
	Room id.Room   `path:"room"`
	Seq  entry.Seq `path:"seq"`
}

type versionsBody struct {
	Versions []room.Version `json:"versions"` // the first first, what it says now last
}

// versions is all that a message said since it was posted: for its author and for who answers for the room; of a notice for everybody.
func (s *Server) versions(ctx context.Context, in *itemInput) (*body[versionsBody], error) {
	c, err := s.answersFor(ctx, in.Room)
	answers := err == nil
	if !answers {
		if c, err = s.mayHear(ctx, in.Room); err != nil {
			return nil, err
		}
		if _, err = s.readable(ctx, in.Room, in.Seq, c.Person); err != nil {
			return nil, err
		}
	}
	b := versionsBody{}
	var no error
	err = s.Engine.ReadItem(ctx, in.Room, in.Seq, func(_ *room.State, item *room.Item) {
		switch {
		case !answers && item.By != c.Person && !versioned(item):
			no = fault.New(fault.Forbidden, "only its author and who answers for the room may")
		case item.Retracted:
			no = fault.New(fault.Retracted, "the message was taken back")
		default:
			b.Versions = item.Versions()
		}
	})
	if err := cmp.Or(err, no); err != nil {
		return nil, err
	}
	return says(b), nil
}

func versioned(item *room.Item) bool {
	v, ok := item.Card.(kind.Versioned)
	return ok && v.Versioned()
}

type contactBody struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Door  string `json:"door"`
}

// contact is whom the card's state lets this person call: recorded, then answered.
func (s *Server) contact(ctx context.Context, in *itemInput) (*body[contactBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	whose, door, may, reason := id.Person(""), "", false, "contact"
	reaches := s.answersAbove(c.Person, in.Room)
	if !reaches { // whether there is such a message, or such a room, or not
		if _, err := s.mayHear(ctx, in.Room); err != nil {
			return nil, err
		}
	}
	err = s.Engine.ReadItem(ctx, in.Room, in.Seq, func(x *room.State, item *room.Item) {
		card, ok := item.Card.(kind.Contact)
		summons, _ := item.Card.(kind.Summoning)
		above := reaches && !x.Has(c.Person) && summons != nil && summons.Summons() && summons.OpenedBy(c.Person)
		if !ok || item.Retracted || !x.Has(c.Person) && !above {
			return
		}
		if item.Kind == "emergency" { // nobody has seen too many phones to help
			reason = "emergency"
		}
		viewer := x.Viewer(c.Person, above, item)
		home, visits := item.Card.(kind.Visited)
		if whose, may = card.MayContact(viewer); may && visits && home.MayVisit(viewer) {
			if m := x.Member(whose); m != nil && len(m.Premises) > 0 {
				at := m.Premises[0]
				if whose == item.By && slices.Contains(m.Premises, item.For) {
					at = item.For
				}
				d, _ := x.Door(at)
				door = d.Label
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, fault.New(fault.Forbidden, "the card does not let this person see it now")
	}
	records, err := s.Register.Look(ctx, c.Person, []id.Person{whose}, reason)
	if err != nil {
		return nil, err
	}
	rec := records[whose]
	return says(contactBody{Name: rec.Name, Phone: rec.Phone, Door: door}), nil
}

// spelledName is a display name with how its Chinese is spelled, for finding it by typing letters.
type spelledName struct {
	wire.Name
	Spelled string `json:"spelled,omitempty"` // whole and by first letters: linvshi lns
	Out     bool   `json:"out,omitempty"`     // no member any more: a name of what was said before
}

type peopleBody struct {
	People []spelledName `json:"people"`
}

// people are the display names of a room's people, and of those who were in it.
func (s *Server) people(ctx context.Context, in *roomInput) (*body[peopleBody], error) {
	if _, err := s.mayHear(ctx, in.Room); err != nil {
		return nil, err
	}
	b := peopleBody{People: []spelledName{}}
	for _, raw := range s.View.People(in.Room) {
		var n wire.Name
		if err := json.Unmarshal(raw, &n); err != nil {
			return nil, err
		}
		b.People = append(b.People, spelledName{Name: n, Spelled: search.Spell(n.Name)})
	}
	err := s.Engine.ReadRoom(in.Room, func(x *room.State) {
		for i := range b.People {
			b.People[i].Out = !x.Has(b.People[i].ID)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(b.People, func(x, y spelledName) int { return cmp.Compare(x.ID, y.ID) })
	return says(b), nil
}

type commandsInput struct {
	Room id.Room `path:"room"`
	Body struct {
		Do []wire.Command `json:"do"`
	}
}

// gathering waits for the answers of a request's commands.
type gathering struct {
	all  []engine.Answer
	left int
	more chan []engine.Answer
}

func (g *gathering) Answered(all []engine.Answer) { g.more <- all }

// commands are the socket's, without a socket.
func (s *Server) commands(ctx context.Context, in *commandsInput) (*body[commandAnswers], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	if n := len(in.Body.Do); n == 0 || n > maxCommands {
		return nil, fault.New(fault.Invalid, "1 to 32 commands").And("field", "do")
	}
	if err := s.paces.take(c.Device, s.pace(), time.Now(), len(in.Body.Do)-1); err != nil {
		return nil, err
	}
	g := &gathering{left: len(in.Body.Do), more: make(chan []engine.Answer, len(in.Body.Do))}
	for _, x := range in.Body.Do {
		noteStranger(s.Engine, s.Audit, c.Person, in.Room, x.Act, source(ctx))
		if err := complete(ctx, s.Engine, s.View, s.Blobs, c.Person, in.Room, &x); err != nil {
			g.Answered([]engine.Answer{{Command: x.ID, Err: err}})
			continue
		}
		s.Engine.Submit(in.Room.Log(), engine.Ask{
			Person: c.Person, Device: c.Device, Asker: g,
			Command: entry.Command{ID: x.ID, Act: x.Act, Re: x.Re, With: x.With, Words: x.Words},
		})
	}
	late := time.After(15 * time.Second)
	for g.left > 0 {
		select {
		case all := <-g.more:
			g.all, g.left = append(g.all, all...), g.left-len(all)
		case <-late:
			return nil, fault.New(fault.Busy, "no answer yet; send the same again")
		case <-ctx.Done():
			return nil, fault.New(fault.Busy, "no answer yet; send the same again")
		}
	}
	return says(answersOf(g.all, s.Log)), nil
}
