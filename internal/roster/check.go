package roster

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// check holds the sheets against each other: what is there twice, and communities and rooms that the organization does not have.
func (t *Table) check() {
	t.Spell(nil)
	c := &checking{table: t, said: map[string]string{}, communities: map[string]bool{}, rooms: map[string]bool{}}
	t.Communities = keep(c, t.Communities, func(x Community) (Row, string) {
		return x.From, c.twice("", key("c", x.Name), x.Code)
	})
	for _, x := range t.Communities {
		c.communities[x.Name] = true
	}
	t.Rooms = keep(c, t.Rooms, func(x Room) (Row, string) {
		return x.From, c.twice(c.community(x.Community), key("r", x.Community, x.Name), "")
	})
	for _, x := range t.Rooms {
		c.rooms[x.Name] = true
	}
	c.settle(t)
	t.Households = keep(c, t.Households, func(h Household) (Row, string) {
		return h.From, c.twice(c.community(h.Community), key("h", h.Compound, h.Building, h.Entrance, h.Door),
			key(h.Community, h.Name, h.Phone, strconv.Itoa(h.People), h.Tenure, h.Note))
	})
	t.Shops = keep(c, t.Shops, func(s Shop) (Row, string) {
		return s.From, c.twice(c.community(s.Community), key("s", s.Compound, s.Name, s.Address),
			key(s.Community, s.Principal, s.Phone, s.Trade))
	})
	t.Staff = keep(c, t.Staff, func(s Staff) (Row, string) {
		reason := cmp.Or(c.room(s.Room), c.workplace(s.Community))
		if reason == "" {
			reason = c.person(s)
		}
		return s.From, c.twice(reason, key("g", s.Role, s.Community, s.Room, s.Phone, s.Category), "")
	})
	order := func(a, b RowError) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Sheet, b.Sheet), cmp.Compare(a.Row, b.Row))
	}
	slices.SortStableFunc(t.Errors, order)
	slices.SortStableFunc(t.Remarks, order)
	t.Remarks = slices.DeleteFunc(t.Remarks, func(r RowError) bool { // what is not taken is said once
		_, refused := slices.BinarySearchFunc(t.Errors, r, order)
		return refused
	})
}

// committee is what may stand behind the name of a community.
var committee = regexp.MustCompile(`^(.{2,}?)(?:社区)?(?:居民委员会|居委会|党群服务中心|工作站)?$`)

// Core is the name of a community as people shorten it: 湖心 of 湖心社区 and of 湖心社区居委会.
func Core(community string) string {
	if m := committee.FindStringSubmatch(plain(community)); m != nil {
		return m[1]
	}
	return plain(community)
}

// Spell gives every community one spelling, however its rows shorten it: that of the names given, else of the table's own
// organization, else that which ends in 社区.
func (t *Table) Spell(names []string) {
	of := map[string]string{}
	hear := func(name string, sure bool) {
		core := Core(name)
		if old, ok := of[core]; name != "" && (!ok || !sure && !strings.HasSuffix(old, "社区") && name == core+"社区") {
			of[core] = name
		}
	}
	for _, name := range names {
		hear(name, true)
	}
	for _, x := range t.Communities {
		hear(x.Name, true)
	}
	known := len(of) > 0
	t.eachCommunity(func(name *string) { hear(*name, known) })
	t.eachCommunity(func(name *string) {
		if *name != "" {
			*name = of[Core(*name)]
		}
	})
	for i := range t.Communities {
		if len(names) > 0 {
			t.Communities[i].Name = of[Core(t.Communities[i].Name)]
		}
	}
}

// eachCommunity is each place of the table that names a community, but for the organization.
func (t *Table) eachCommunity(f func(name *string)) {
	for i := range t.Rooms {
		f(&t.Rooms[i].Community)
	}
	for i := range t.Households {
		f(&t.Households[i].Community)
	}
	for i := range t.Shops {
		f(&t.Shops[i].Community)
	}
	for i := range t.Staff {
		f(&t.Staff[i].Community)
	}
}

// settle gives homes and shops without a community that of their compound, where another row tells it, or the only one there is.
func (c *checking) settle(t *Table) {
	of := map[string]string{} // of a compound; empty when rows differ
	hear := func(compound, community string) {
		if community == "" || c.community(community) != "" {
			return
		}
		if old, ok := of[compound]; ok && old != community {
			community = ""
		}
		of[compound] = community
	}
	for _, h := range t.Households {
		hear(h.Compound, h.Community)
	}
	for _, s := range t.Shops {
		hear(s.Compound, s.Community)
	}
	only := ""
	if len(t.Communities) == 1 {
		only = t.Communities[0].Name
	}
	for i := range t.Households {
		h := &t.Households[i]
		h.Community = cmp.Or(h.Community, of[h.Compound], only)
	}
	for i := range t.Shops {
		s := &t.Shops[i]
		s.Community = cmp.Or(s.Community, of[s.Compound], only)
	}
}

// checking is what has been seen of a table so far.
type checking struct {
	table              *Table
	said               map[string]string // of a key: what its first row said
	communities, rooms map[string]bool
}

func key(parts ...string) string { return strings.Join(parts, "\x00") }

// again marks a row that says the same once more.
const again = "again"

// twice says why a second row of a key is not taken. A row that is refused for another reason is no first row.
func (c *checking) twice(reason, key, says string) string {
	before, there := c.said[key]
	switch {
	case reason != "":
		return reason
	case !there:
		c.said[key] = says
		return ""
	case before == says:
		return again
	}
	return "duplicate"
}

// community refuses one that is not in the table's own organization. A table without one may speak of what the office has already.
func (c *checking) community(name string) string {
	switch {
	case len(c.communities) == 0 || c.communities[name]:
		return ""
	case name == "":
		return "noCommunity"
	}
	return "community"
}

// workplace is community for staff, who may have none.
func (c *checking) workplace(name string) string {
	if name == "" {
		return ""
	}
	return c.community(name)
}

func (c *checking) room(name string) string {
	if name == "" || len(c.rooms) == 0 || c.rooms[name] {
		return ""
	}
	return "room"
}

// person refuses a phone that was another's: whoever signs in with it would be both.
func (c *checking) person(s Staff) string {
	if c.twice("", key("p", s.Phone), s.Name) == "duplicate" {
		return "shared"
	}
	return ""
}

// keep takes the rows out of a list that are judged not to belong there, and remembers why.
func keep[T any](c *checking, list []T, judge func(T) (Row, string)) []T {
	return slices.DeleteFunc(list, func(x T) bool {
		from, reason := judge(x)
		switch reason {
		case "":
			return false
		case again:
			c.table.Duplicates++
		default:
			c.table.Refuse(from, reason)
		}
		return true
	})
}
