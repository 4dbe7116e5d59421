package roster

import (
	"maps"
	"slices"
	"strings"

	"linli/internal/fault"
)

// Heading is what was made of a sheet's columns, for somebody to look over and to correct.
type Heading struct {
	File    string   `json:"file"`
	Sheet   string   `json:"sheet"`
	Row     int      `json:"row"`     // where the names of the columns stand, as the file counts
	Kind    Sheet    `json:"kind"`    // empty when it is of no table that is known
	Names   []string `json:"names"`   // of the columns, as they stand
	Columns []string `json:"columns"` // what each means; empty for nothing
	Unsure  bool     `json:"unsure"`  // some of the columns are a guess, or may hold what the table lacks: somebody has to look
	Place   Place    `json:"place"`   // where all rows lie that do not say it themselves: from a line above, the sheet's name, or an answer
	Left    []string `json:"left"`    // the columns with something in them that are not taken
}

// Place is where homes lie; empty where it is not known.
type Place struct {
	Community string `json:"community,omitempty"`
	Compound  string `json:"compound,omitempty"`
	Building  string `json:"building,omitempty"`
	Entrance  string `json:"entrance,omitempty"`
}

// over is a place with what it lacks from another.
func (p Place) over(q Place) Place {
	for _, x := range []struct {
		to   *string
		from string
	}{{&p.Community, q.Community}, {&p.Compound, q.Compound}, {&p.Building, q.Building}, {&p.Entrance, q.Entrance}} {
		if *x.to == "" {
			*x.to = x.from
		}
	}
	return p
}

// Meanings are what a column may mean, in the order in which they are offered.
func Meanings() []string {
	return []string{
		"community", "compound", "building", "entrance", "door", "name", "phone", "people", "tenure", "note", "shop", "address", "principal",
		"trade", "role", "room", "category", "level", "code", "title", "above", "others", "phones", "relation",
	}
}

// Headings says how the columns of all sheets are read that have more than one. It is fault.Unreadable as Parse is, but not for
// columns that are not known.
func Headings(files []File) (list []Heading, err error) {
	for i := range files {
		grids, err := read(&files[i], &allowance{rows: MaxRows, passed: maxPassed, cells: maxCells})
		if err != nil {
			return nil, err
		}
		for _, g := range grids {
			if h := headingOf(g, &files[i]); len(h.Names) > 1 {
				list = append(list, h.Heading)
			}
		}
	}
	return list, nil
}

// heading is a Heading and where to go on from it.
type heading struct {
	Heading
	at     int // of the last row of the header among the grid's rows
	layout layout
	guess  string // what the sheet's name or a title may say of the compound
}

// headingOf finds a sheet's columns: as somebody has said what they mean, else by their names.
func headingOf(g grid, f *File) (h heading) {
	said, saidSo := f.Columns[g.name]
	from := 0
	from, h.at, h.Kind, h.layout = findHeader(g.rows)
	if h.Kind == "" {
		h.at = fullest(g.rows)
		from = h.at
		if h.at < len(g.rows) {
			h.layout = headings(g.rows[h.at].cells, nil)
		}
	}
	if saidSo {
		h.layout = make(layout, len(said))
		for i, c := range said {
			h.layout[i] = sense{column: column(c), sure: true, head: i < len(g.cells(h.at)) && strings.Contains(g.cells(h.at)[i].text, "户主")}
		}
		h.layout = h.layout.settled()
		h.Kind = kindOf(h.layout)
	}
	h.File, h.Sheet, h.Left = g.file, g.name, []string{}
	if h.at >= len(g.rows) {
		return h
	}
	h.Row = g.rows[h.at].at
	for i, c := range g.rows[h.at].cells {
		name := tidy(c.text)
		if name == "" && from < h.at { // 住址 over 楼栋, 单元, 房号
			name = tidy(g.rows[from].cell(i + 1).text)
		}
		h.Names = append(h.Names, name)
	}
	for len(h.Names) > 0 && h.Names[len(h.Names)-1] == "" {
		h.Names = h.Names[:len(h.Names)-1]
	}
	h.Columns = make([]string, len(h.Names))
	for i := range h.Columns {
		if i < len(h.layout) && h.layout[i].column != beside && h.layout[i].column != "number" {
			h.Columns[i] = string(h.layout[i].column)
		}
	}
	if h.Kind == Homes || h.Kind == ShopSheet {
		h.Place, h.guess = placeOf(g, from)
		h.Place = h.Place.over(f.PlaceOf(g.name))
	}
	h.look(g, saidSo)
	return h
}

// PlaceOf is what somebody said of a sheet.
func (f *File) PlaceOf(sheet string) Place {
	p := f.Places[sheet].over(f.Places[""])
	return Place{plain(p.Community), plain(p.Compound), plain(p.Building), plain(p.Entrance)}
}

// look tells which columns with something in them are not taken, and whether somebody has to look over them: because what they mean is
// a guess, or because the table lacks what one of them may be.
func (h *heading) look(g grid, said bool) {
	unknown := false
	for i := range max(len(h.layout), len(h.Columns)) {
		known := i < len(h.layout) && h.layout[i].column != ""
		if known && h.layout[i].column != beside {
			h.Unsure = h.Unsure || !h.layout[i].sure
			continue
		}
		if !g.filled(h.at, i) {
			continue
		}
		if i < len(h.Names) && h.Names[i] != "" {
			h.Left = append(h.Left, h.Names[i])
			unknown = unknown || !known
		} else if i >= len(h.Names) || h.Kind != "" {
			h.Left = append(h.Left, "")
			unknown = true
		}
	}
	for i := len(h.layout); i < g.width(h.at); i++ { // to the right of all names
		if i >= len(h.Columns) && g.filled(h.at, i) {
			h.Left, unknown = append(h.Left, ""), true
		}
	}
	if h.Kind == Homes && unknown {
		h.Unsure = h.Unsure || h.layout.has("name") < 0 || h.layout.has("phone") < 0 || h.layout.has("building") < 0 && h.Place.Building == "" && !g.whole(h.at, h.layout.has("door"))
	}
	if said {
		h.Unsure = false
	}
}

// cells are those of a row.
func (g *grid) cells(at int) []cell {
	if at >= len(g.rows) {
		return nil
	}
	return g.rows[at].cells
}

// filled tells whether a column has anything below a row.
func (g *grid) filled(at, column int) bool {
	for _, row := range g.rows[min(at+1, len(g.rows)):] {
		if column < len(row.cells) && plain(row.cells[column].text) != "" {
			return true
		}
	}
	return false
}

// width is how many columns the rows below one have.
func (g *grid) width(at int) (n int) {
	for _, row := range g.rows[min(at+1, len(g.rows)):] {
		n = max(n, len(row.cells))
	}
	return n
}

// whole tells whether the doors of a column mostly say their building themselves.
func (g *grid) whole(at, column int) bool {
	if column < 0 {
		return false
	}
	all, whole := 0, 0
	for _, row := range g.rows[min(at+1, len(g.rows)):] {
		if column >= len(row.cells) || plain(row.cells[column].text) == "" {
			continue
		}
		all++
		if b, _, _, ok := NormaliseDoor("", "", row.cells[column].text); ok && b != "" {
			whole++
		} else if _, _, ok := splitAddress(row.cells[column].text); ok {
			whole++
		}
		if all == 200 {
			break
		}
	}
	return 2*whole > all
}

// fullest is the first of those rows at the top that have most cells: where names of columns stand that nobody knows.
func fullest(rows []line) (at int) {
	most := 0
	for i := range min(len(rows), headerWithin) {
		n := 0
		for _, c := range rows[i].cells {
			if plain(c.text) != "" {
				n++
			}
		}
		if n > most {
			at, most = i, n
		}
	}
	return at
}

// checkColumns refuses meanings that are none, as fault.Invalid.
func checkColumns(f *File) error {
	for _, sheet := range slices.Sorted(maps.Keys(f.Columns)) {
		for _, c := range f.Columns[sheet] {
			if c != "" && !slices.Contains(Meanings(), c) {
				return fault.New(fault.Invalid, "a column means none of what is offered").And("field", "columns")
			}
		}
	}
	for _, p := range f.Places {
		if tooLong(p.Community, p.Compound, p.Building, p.Entrance) {
			return fault.New(fault.TooLarge, "the name of a place is too long").And("field", "places").And("limit", maxName)
		}
	}
	return nil
}
