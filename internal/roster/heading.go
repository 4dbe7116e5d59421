package roster

import (
	"maps"
	"slices"

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
}

// Meanings are what a column may mean, in the order in which they are offered.
func Meanings() []string {
	return []string{
		"community", "compound", "building", "entrance", "door", "name", "phone", "people", "tenure", "note", "shop", "address", "principal",
		"trade", "role", "room", "category", "level", "code", "title", "above",
	}
}

// Headings says how the columns of all sheets are read that have more than one. It is fault.Unreadable as Parse is, but not for
// columns that are not known.
func Headings(files []File) (list []Heading, err error) {
	for _, f := range files {
		grids, err := read(f)
		if err != nil {
			return nil, err
		}
		for _, g := range grids {
			if h := headingOf(g, f.Columns[g.name]); len(h.Names) > 1 {
				list = append(list, h.Heading)
			}
		}
	}
	return list, nil
}

// heading is a Heading and where to go on from it.
type heading struct {
	Heading
	at      int // among the grid's rows
	columns map[column]int
}

// headingOf finds a sheet's columns: as somebody has said what they mean, else by their names.
func headingOf(g grid, said []string) (h heading) {
	h.at, h.Kind, h.columns = findHeader(g.rows)
	if h.Kind == "" {
		h.at = fullest(g.rows)
	}
	if said != nil {
		h.columns = map[column]int{}
		for i, c := range said {
			if _, twice := h.columns[column(c)]; c != "" && !twice {
				h.columns[column(c)] = i
			}
		}
		h.Kind = kindOf(h.columns)
	}
	h.File, h.Sheet = g.file, g.name
	if h.at >= len(g.rows) {
		return h
	}
	h.Row = g.rows[h.at].at
	for _, c := range g.rows[h.at].cells {
		h.Names = append(h.Names, tidy(c.text))
	}
	for len(h.Names) > 0 && h.Names[len(h.Names)-1] == "" {
		h.Names = h.Names[:len(h.Names)-1]
	}
	h.Columns = make([]string, len(h.Names))
	for c, i := range h.columns {
		if i < len(h.Columns) {
			h.Columns[i] = string(c)
		}
	}
	return h
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
func checkColumns(f File) error {
	for _, sheet := range slices.Sorted(maps.Keys(f.Columns)) {
		for _, c := range f.Columns[sheet] {
			if c != "" && !slices.Contains(Meanings(), c) {
				return fault.New(fault.Invalid, "a column means none of what is offered").And("field", "columns")
			}
		}
	}
	return nil
}
