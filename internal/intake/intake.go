// Package intake takes the office's roster in: it compares what the tables say with what the office and the register have,
// says what would change, and then changes it. The page and the command line both use it.
//
// Everything is parsed and compared before anything is written. It is written in batches, each a command of the office's log,
// places before the people in them; a crash in the middle leaves a valid part, and the same file goes on from there, because
// what is there already is no difference any more. For the same reason the same file again changes nothing.
//
// What is missing from a table is removed only inside the compounds that the table speaks of, and only when every row of it
// could be read: a list of one yard is not an order to empty all others, and a spoiled row or a sheet left out no order to delete homes.
package intake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/roster"
)

// Service compares and applies.
type Service struct {
	Engine   *engine.Engine
	Register *register.Register

	once sync.Once
	one  chan struct{} // holds one while a plan is written down: two must not make the same people
}

// Counts is what a roster comes to. Added, changed, removed and unchanged count communities, rooms, households, shops and
// duties of staff together.
type Counts struct {
	Communities int `json:"communities"`
	Rooms       int `json:"rooms"`
	Households  int `json:"households"`
	Shops       int `json:"shops"`
	Staff       int `json:"staff"`
	Added       int `json:"added"`
	Changed     int `json:"changed"`
	Removed     int `json:"removed"`
	Unchanged   int `json:"unchanged"`
	Duplicates  int `json:"duplicates"` // rows that say once more what another said; left out
}

// Difference is one line of what would change: a place or a duty, never a person's data.
type Difference struct {
	What string `json:"what"` // community, room, household, shop, staff
	Name string `json:"name"` // 和园 3-2-501, or who: the room and the duty
	How  string `json:"how"`  // added, changed, removed
}

// Plan is what applying would do.
type Plan struct {
	Counts      Counts
	Differences []Difference
	Errors      []roster.RowError // rows that are not taken
	Remarks     []roster.RowError // rows that are taken, but for something in them
	Questions   []roster.Question // what the files do not say; until somebody does, there is nothing to apply
	Skipped     []roster.Skipped  // sheets that are not taken
	Headings    []roster.Heading  // how the columns were read

	found       bool // the office has no name yet
	table       *roster.Table
	communities []office.Community
	rooms       []office.Room
	premises    []office.Premises
	removes     []id.Premises
	pages       map[string]map[id.Premises]register.Door // by page: what changes in it
	gone        map[string][]id.Premises                 // by page: what is removed from it
	staff       []roster.Staff
}

// Total is how many things are to be written.
func (p *Plan) Total() int {
	return len(p.communities) + len(p.rooms) + len(p.premises) + len(p.removes) + len(p.staff)
}

func (p *Plan) note(what, name, how string) {
	switch how {
	case "added":
		p.Counts.Added++
	case "changed":
		p.Counts.Changed++
	case "removed":
		p.Counts.Removed++
	default:
		p.Counts.Unchanged++
		return
	}
	p.Differences = append(p.Differences, Difference{what, name, how})
}

// Preview parses and compares. It writes nothing.
func (s *Service) Preview(ctx context.Context, files []roster.File) (*Plan, error) {
	return s.compare(ctx, files, false)
}

// Additions is Preview of rows that are no whole table, as doors counted by hand: what they name is added where it is missing, and
// nothing that is there is changed or removed.
func (s *Service) Additions(ctx context.Context, files []roster.File) (*Plan, error) {
	return s.compare(ctx, files, true)
}

func (s *Service) compare(ctx context.Context, files []roster.File, adding bool) (*Plan, error) {
	table, err := roster.Parse(files)
	if err != nil {
		return nil, err
	}
	p := &Plan{table: table, pages: map[string]map[id.Premises]register.Door{}, gone: map[string][]id.Premises{}}
	c := &comparison{Service: s, ctx: ctx, plan: p, adding: adding, pages: map[string]register.Page{}}
	s.Engine.ReadOffice(c.office)
	c.communitiesOf(files)
	p.Errors, p.Remarks, p.Questions, p.Skipped, p.Headings = table.Errors, table.Remarks, table.Questions, table.Skipped, table.Headings
	p.Counts.Communities, p.Counts.Rooms = len(table.Communities), len(table.Rooms)
	p.Counts.Households, p.Counts.Shops, p.Counts.Staff = len(table.Households), len(table.Shops), len(table.Staff)
	p.Counts.Duplicates = table.Duplicates
	for _, step := range []func() error{c.places, c.doors, c.removals, c.people} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// called is what makes out a room for people: its name is one of its community's.
type called struct {
	community id.Community
	name      string
}

// comparison holds what the office has while a plan is made.
type comparison struct {
	*Service
	ctx         context.Context
	plan        *Plan
	adding      bool // see Additions
	communities map[string]office.Community
	rooms       map[called]office.Room
	premises    map[id.Premises]office.Premises
	pages       map[string]register.Page
	compounds   map[string][]id.Community // where there are some of a name
}

func (c *comparison) office(s *office.State) {
	c.plan.found = s.Name() == ""
	c.communities, c.rooms, c.premises = map[string]office.Community{}, map[called]office.Room{}, map[id.Premises]office.Premises{}
	for _, x := range s.Communities() {
		c.communities[x.Name] = *x
	}
	for _, x := range s.Rooms() {
		c.rooms[called{x.Community, x.Name}] = *x
	}
	s.EachPremises(func(h *office.Premises) bool {
		c.premises[h.ID] = *h
		return true
	})
}

// community is the id of a community by name; one that is not known yet gets the id that it will have.
func (c *comparison) community(name string) id.Community {
	if x, ok := c.communities[name]; ok {
		return x.ID
	}
	return id.Derive[id.Community]("c", "community", name)
}

// communitiesOf gives the table's communities the spelling of the office's, and homes and shops without one that of their compound, or
// the only one there is, or what somebody said of their sheet. For the others it is a question.
func (c *comparison) communitiesOf(files []roster.File) {
	t := c.plan.table
	t.Spell(slices.Sorted(maps.Keys(c.communities)))
	of, names := map[string]string{}, map[id.Community]string{} // of a compound; empty when there are two of its name
	for name, x := range c.communities {
		names[x.ID] = name
	}
	for _, h := range c.premises {
		if old, ok := of[h.Compound]; ok && old != names[h.Community] {
			of[h.Compound] = ""
		} else {
			of[h.Compound] = names[h.Community]
		}
	}
	only := ""
	if len(names) == 1 {
		for _, only = range names {
		}
	}
	said := map[string]*roster.File{}
	for i := range files {
		said[files[i].Name] = &files[i]
	}
	find := func(community *string, compound string, from roster.Row) {
		if *community == "" && len(t.Communities) == 0 {
			*community = cmp.Or(of[compound], said[from.File].PlaceOf(from.Sheet).Community, only)
		}
		if *community == "" {
			t.Ask(roster.Question{File: from.File, Sheet: from.Sheet, What: "community", Rows: 1})
		}
	}
	for _, q := range slices.Clone(t.Questions) { // what will be missing next is asked at once
		at := slices.IndexFunc(t.Headings, func(h roster.Heading) bool { return h.File == q.File && h.Sheet == q.Sheet })
		if q.What == "compound" && at >= 0 && t.Headings[at].Place.Community == "" && !slices.Contains(t.Headings[at].Columns, "community") &&
			len(t.Communities) == 0 && only == "" {
			q.What, q.Guess = "community", ""
			t.Ask(q)
		}
	}
	for i := range t.Households {
		find(&t.Households[i].Community, t.Households[i].Compound, t.Households[i].From)
	}
	for i := range t.Shops {
		find(&t.Shops[i].Community, t.Shops[i].Compound, t.Shops[i].From)
	}
}

func (c *comparison) places() error {
	t := c.plan.table
	// A table without an organization sheet still names the communities that its homes are in.
	named := slices.Clone(t.Communities)
	also := func(name string) {
		if name != "" && !slices.ContainsFunc(named, func(x roster.Community) bool { return x.Name == name }) {
			named = append(named, roster.Community{Name: name})
		}
	}
	for _, h := range t.Households {
		also(h.Community)
	}
	for _, x := range t.Shops {
		also(x.Community)
	}
	c.plan.Counts.Communities = len(named)
	for _, x := range named {
		old, ok := c.communities[x.Name]
		fresh := office.Community{ID: c.community(x.Name), Name: x.Name, Code: cmp.Or(x.Code, old.Code)}
		how := compare(ok, old.Code == fresh.Code)
		c.plan.note("community", x.Name, how)
		if how != "" {
			c.plan.communities = append(c.plan.communities, fresh)
		}
	}
	compounds, buildings := map[called]string{}, map[called]string{}
	for _, h := range t.Households {
		in := c.community(h.Community)
		whole, building := called{in, h.Compound}, called{in, h.Compound + h.Building}
		compounds[whole], buildings[whole] = h.Compound, ""
		compounds[building], buildings[building] = h.Compound, h.Building
	}
	for _, x := range t.Rooms {
		at := called{c.community(x.Community), x.Name}
		old, ok := c.rooms[at]
		fresh := office.Room{
			ID: cmp.Or(old.ID, RoomID(at.community, x.Name)), Name: x.Name, Community: at.community,
			Compound: cmp.Or(old.Compound, compounds[at]), Building: cmp.Or(old.Building, buildings[at]),
		}
		how := compare(ok, old.Community == fresh.Community && old.Compound == fresh.Compound && old.Building == fresh.Building)
		c.plan.note("room", x.Name, how)
		if how != "" {
			c.plan.rooms = append(c.plan.rooms, fresh)
		}
	}
	return nil
}

// refuse lists a row that is not taken, and counts it no more among those of its kind.
func (c *comparison) refuse(from roster.Row, reason string, among *int) {
	c.plan.table.Refuse(from, reason)
	c.plan.Errors = c.plan.table.Errors
	*among--
}

// elsewhere tells whether a compound of this name is another community's: a place has its id by its compound's name, whatever the
// community, so that the doors of one would be taken for the other's. The office's come first, then the table's in its order.
func (c *comparison) elsewhere(compound string, community id.Community) bool {
	if c.compounds == nil {
		c.compounds = map[string][]id.Community{}
		for _, h := range c.premises {
			if !slices.Contains(c.compounds[h.Compound], h.Community) {
				c.compounds[h.Compound] = append(c.compounds[h.Compound], h.Community)
			}
		}
	}
	in := c.compounds[compound]
	if len(in) == 0 {
		c.compounds[compound] = []id.Community{community}
	}
	return len(in) > 0 && !slices.Contains(in, community)
}

// compare says how a thing differs: not there yet, other than it was, or not at all.
func compare(there, same bool) string {
	switch {
	case !there:
		return "added"
	case !same:
		return "changed"
	}
	return ""
}

// RoomID is the id that a room has because of what it is called in its community.
func RoomID(community id.Community, name string) id.Room {
	return id.Derive[id.Room]("r", "room", string(community), name)
}

// HomeID and ShopID are the ids that a place has because of what it is called.
func HomeID(compound, building, entrance, door string) id.Premises {
	return id.Derive[id.Premises]("h", "home", compound, building, entrance, door)
}

// ShopID is HomeID for a shop.
func ShopID(compound, name, address string) id.Premises {
	return id.Derive[id.Premises]("h", "shop", compound, name, address)
}

func pageOf(compound, building string) string {
	return string(id.Derive[id.Log]("g", compound, building))
}

func (c *comparison) doors() error {
	for i := range c.plan.table.Households {
		h := &c.plan.table.Households[i]
		if c.elsewhere(h.Compound, c.community(h.Community)) {
			c.refuse(h.From, "compound", &c.plan.Counts.Households)
			continue
		}
		err := c.door("household", h.Compound+" "+h.Label(), office.Premises{
			ID: HomeID(h.Compound, h.Building, h.Entrance, h.Door), Kind: office.Home, Community: c.community(h.Community),
			Compound: h.Compound, Building: h.Building, Entrance: h.Entrance, Door: h.Door, Page: pageOf(h.Compound, h.Building),
		}, register.Door{Name: h.Name, Phone: h.Phone, People: h.People, Tenure: h.Tenure, Note: h.Note})
		if err != nil {
			return err
		}
	}
	for i := range c.plan.table.Shops {
		x := &c.plan.table.Shops[i]
		if c.elsewhere(x.Compound, c.community(x.Community)) {
			c.refuse(x.From, "compound", &c.plan.Counts.Shops)
			continue
		}
		err := c.door("shop", x.Compound+" "+x.Name, office.Premises{
			ID: ShopID(x.Compound, x.Name, x.Address), Kind: office.Shop, Community: c.community(x.Community),
			Compound: x.Compound, Door: x.Address, Name: x.Name, Page: pageOf(x.Compound, "shops"),
		}, register.Door{Name: x.Principal, Phone: x.Phone, Tenure: x.Trade})
		if err != nil {
			return err
		}
	}
	return nil
}

// door compares one premises: the place with the office's, what the roster says of it with the register's.
func (c *comparison) door(what, name string, fresh office.Premises, says register.Door) error {
	says.Digest = c.Register.Keys().Digest(says.Name, says.Phone, fmt.Sprint(says.People), says.Tenure, says.Note)
	old, there := c.premises[fresh.ID]
	page, err := c.page(fresh.Page)
	if err != nil {
		return err
	}
	fresh.Hand = c.adding
	place := there && old.Community == fresh.Community && old.Page == fresh.Page && old.Kind == fresh.Kind && old.Hand == fresh.Hand
	details := page[fresh.ID].Digest == says.Digest
	if c.adding && there {
		place, details = true, true
	}
	how := compare(there, place && details)
	c.plan.note(what, name, how)
	if !place {
		c.plan.premises = append(c.plan.premises, fresh)
	}
	if !details {
		if c.plan.pages[fresh.Page] == nil {
			c.plan.pages[fresh.Page] = map[id.Premises]register.Door{}
		}
		c.plan.pages[fresh.Page][fresh.ID] = says
	}
	delete(c.premises, fresh.ID)
	return nil
}

func (c *comparison) page(name string) (register.Page, error) {
	if page, ok := c.pages[name]; ok {
		return page, nil
	}
	page, err := c.Register.Page(c.ctx, name)
	c.pages[name] = page
	return page, err
}

// removals are the premises that a table should have named and did not.
func (c *comparison) removals() error {
	t := c.plan.table
	if c.adding || len(t.Errors) > 0 || len(t.Questions) > 0 || slices.ContainsFunc(t.Skipped, func(x roster.Skipped) bool { return x.Table }) {
		return nil
	}
	spoken := map[string]bool{} // kind and compound
	for _, h := range t.Households {
		spoken[office.Home+h.Compound] = true
	}
	for _, x := range t.Shops {
		spoken[office.Shop+x.Compound] = true
	}
	for h, old := range c.premises {
		if spoken[old.Kind+old.Compound] {
			c.plan.removes = append(c.plan.removes, h)
			c.plan.gone[old.Page] = append(c.plan.gone[old.Page], h)
			what := "household"
			if old.Kind == office.Shop {
				what = "shop"
			}
			c.plan.note(what, old.Compound+" "+old.Label(), "removed")
		}
	}
	slices.Sort(c.plan.removes)
	return nil
}

// people compares the duties of staff with who holds them. A duty in a room that neither the office nor the table has is refused.
func (c *comparison) people() error {
	seen := map[string]bool{}
	for _, x := range c.plan.table.Staff {
		if reason := c.room(&x); reason != "" {
			c.refuse(x.From, reason, &c.plan.Counts.Staff)
			continue
		}
		key := x.Phone + "/" + x.Community + "/" + x.Room + "/" + x.Role
		if seen[key] { // one badge in one room is enough
			c.plan.Counts.Duplicates++
			c.plan.Counts.Staff--
			continue
		}
		seen[key] = true
		how, err := c.duty(x)
		if fault.Is(err, fault.Removed) {
			c.refuse(x.From, "removed", &c.plan.Counts.Staff)
			continue
		}
		if err != nil {
			return err
		}
		c.plan.note("staff", cmp.Or(x.Room, "办事处")+" "+cmp.Or(x.Category, x.Role), how)
		if how != "" {
			c.plan.staff = append(c.plan.staff, x)
		}
	}
	return nil
}

// room fills in the community of a duty's room, where only one has a room called so; else it says what is wrong.
func (c *comparison) room(x *roster.Staff) (reason string) {
	if x.Room == "" {
		return ""
	}
	in := map[id.Community]bool{}
	for at := range c.rooms {
		if at.name == x.Room {
			in[at.community] = true
		}
	}
	for _, r := range c.plan.table.Rooms {
		if r.Name == x.Room {
			in[c.community(r.Community)] = true
		}
	}
	switch {
	case x.Community != "" && in[c.community(x.Community)]:
		return ""
	case x.Community != "" || len(in) == 0:
		return "room"
	case len(in) > 1:
		return "noCommunity"
	}
	for only := range in {
		x.Community = c.nameOf(only)
	}
	return ""
}

// nameOf is a community's name, of the office's or of the table's.
func (c *comparison) nameOf(community id.Community) string {
	for name, x := range c.communities {
		if x.ID == community {
			return name
		}
	}
	for _, r := range c.plan.table.Rooms {
		if c.community(r.Community) == community {
			return r.Community
		}
	}
	return ""
}

func (c *comparison) duty(x roster.Staff) (how string, err error) {
	p, err := c.Register.ByPhone(c.ctx, x.Phone)
	if fault.Is(err, fault.NotFound) {
		return "added", nil
	}
	if err != nil {
		return "", err
	}
	room := c.rooms[called{c.community(x.Community), x.Room}].ID
	held := false
	c.Engine.ReadOffice(func(s *office.State) {
		who, _ := s.Person(p)
		if _, removed := s.Removed(p, room, c.Engine.Now().UnixMilli()); removed && room != "" {
			err = fault.New(fault.Removed, "removed from this room")
			return
		}
		switch x.Role {
		case "群主":
			post := entry.Grant{Role: entry.Owner, Room: room}
			held = slices.Contains(who.Grants, post) || slices.ContainsFunc(s.Offers(p), func(o office.Offer) bool { return o.Grant == post })
		case "办事处":
			held = slices.ContainsFunc(who.Grants, func(g entry.Grant) bool { return g.Room == "" && g.Community == "" })
		default:
			held = slices.ContainsFunc(who.Bindings, func(b office.Binding) bool { return b.Room == room && b.Badge == x.Category })
		}
	})
	return compare(held, true), err
}
