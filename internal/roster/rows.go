package roster

import (
	"slices"
	"strings"
)

// sheet is one table of a sheet on its way into the tables.
type sheet struct {
	table   *Table
	grid    *grid
	heading *heading
	kind    Sheet
	layout  layout
	part    [2]int // its columns
	shared  [2]int // of a table beside it that says the place for both
	of      map[column][]int
	place   Place
	parted  bool           // there are dashes before doors
	persons bool           // a row for each person
	at      map[string]int // of a door: where its household is
	waiting []waiting
	told    bool         // a row said its compound itself
	has     map[int]bool // columns that have been looked through for anything in them
}

// filled tells whether a column has anything in it.
func (s *sheet) filled(column int) bool {
	is, known := s.has[column]
	if !known {
		is = s.grid.filled(s.heading.at, column)
		if s.has == nil {
			s.has = map[int]bool{}
		}
		s.has[column] = is
	}
	return is
}

// waiting is a home that does not say its compound.
type waiting struct {
	home Household
	row  *reader
}

// block is the table's own part of the layout, and the place of the table beside it.
func (s *sheet) block() (l layout) {
	for col, all := range s.of {
		for range all {
			l = append(l, sense{column: col})
		}
	}
	return l
}

// columns finds where each meaning stands.
func (s *sheet) columns() {
	s.of = map[column][]int{}
	for i := s.part[0]; i < s.part[1]; i++ {
		if col := s.layout[i].column; col != "" && col != beside {
			s.of[col] = append(s.of[col], i)
		}
	}
	for i := s.shared[0]; i < s.shared[1]; i++ {
		if col := s.layout[i].column; slices.Contains(places, col) && col != "door" && len(s.of[col]) == 0 {
			s.of[col] = append(s.of[col], i)
		}
	}
	s.persons = len(s.of["relation"]) > 0
	for i := s.part[0]; i < s.part[1] && i < len(s.heading.Names); i++ {
		s.persons = s.persons || slices.Contains(personal, plain(s.heading.Names[i]))
	}
	for _, row := range s.grid.rows {
		for _, i := range s.of["door"] {
			s.parted = s.parted || i < len(row.cells) && parted(row.cells[i].text)
		}
	}
}

// places are the columns that say where a home is. What cannot be trusted there spoils the row; elsewhere it is left out.
var places = []column{"community", "compound", "building", "entrance", "door", "address"}

// rows reads all rows from one on.
func (s *sheet) rows(from int) {
	for n := from; n < len(s.grid.rows); n++ {
		row := s.grid.rows[n]
		cells := row.cells
		if s.part[1] < len(s.layout) { // what stands beside it is none of its business
			cells = cells[:min(len(cells), s.part[1])]
		}
		r := &reader{table: s.table, sheet: s, columns: s.of, cells: slices.Clone(cells), from: Row{File: s.grid.file, Sheet: s.grid.name, Row: row.at}}
		for i := range min(s.part[0], len(r.cells)) {
			if !slices.ContainsFunc(places, func(c column) bool { return slices.Contains(s.of[c], i) }) {
				r.cells[i] = cell{}
			}
		}
		if r.blank() || r.aside() {
			continue
		}
		if s.kind == Homes && s.section(r) || s.part[0] == 0 && s.another(n) {
			continue
		}
		for _, c := range row.cells {
			r.from.Cells = append(r.from.Cells, c.text)
		}
		reason := r.unsound()
		if reason == "" {
			reason = r.take(s.kind)
		}
		if reason != "" {
			s.table.Refuse(r.from, reason)
		}
	}
}

// section is a line between the homes that says where those below it lie: 2号楼.
func (s *sheet) section(r *reader) bool {
	text := ""
	for _, c := range r.cells {
		if plain(c.text) != "" && c.text != text {
			if text != "" {
				return false
			}
			text = c.text
		}
	}
	p, _ := titled(text)
	if p.Building == "" && p.Compound == "" || !han.MatchString(text) && !strings.Contains(text, "#") {
		return false
	}
	if p.Building != "" && p.Compound == "" && len(s.of["building"]) > 0 && s.filled(s.of["building"][0]) {
		return false // a home of which only the building is written
	}
	s.place = p.over(Place{Community: s.place.Community, Compound: s.place.Compound})
	return true
}

// another is a header between the rows: a second table stands below the first.
func (s *sheet) another(n int) bool {
	row := s.grid.rows[n]
	if !subheadings(row.cells) {
		return false
	}
	l := headings(row.cells, nil)
	k := kindOf(l)
	if _, sure := l.names(); k == "" || sure < 2 {
		return false
	}
	s.ask()
	s.waiting, s.told = nil, false
	s.layout, s.kind, s.part = l, k, [2]int{0, len(l)}
	s.table.Has[k] = true
	s.columns()
	return true
}

// ask asks for the compound of a sheet of which no row says it; where some do, the others have left it out.
func (s *sheet) ask() {
	if len(s.waiting) == 0 {
		return
	}
	if s.told || len(s.of["compound"]) > 0 && s.filled(s.of["compound"][0]) {
		for _, w := range s.waiting {
			s.table.Refuse(w.row.from, "noCompound")
		}
		return
	}
	s.table.Ask(Question{File: s.grid.file, Sheet: s.grid.name, What: "compound", Rows: len(s.waiting), Guess: s.heading.guess})
}

// Ask adds a question, or its rows to the same one.
func (t *Table) Ask(q Question) {
	for i := range t.Questions {
		if old := &t.Questions[i]; old.File == q.File && old.Sheet == q.Sheet && old.What == q.What {
			old.Rows += q.Rows
			return
		}
	}
	t.Questions = append(t.Questions, q)
}

// reader is one row on its way into a table.
type reader struct {
	table   *Table
	sheet   *sheet
	columns map[column][]int
	cells   []cell
	from    Row
}

func (r *reader) raw(c column) string {
	for _, i := range r.columns[c] {
		if i < len(r.cells) && (r.cells[i].text != "" || len(r.columns[c]) == 1) {
			return r.cells[i].text
		}
	}
	return ""
}

// all are the texts of all columns of a meaning.
func (r *reader) all(c column) (texts []string) {
	for _, i := range r.columns[c] {
		if i < len(r.cells) && plain(r.cells[i].text) != "" {
			texts = append(texts, r.cells[i].text)
		}
	}
	return texts
}

// get is a text as it is compared, of which it may say that there is none.
func (r *reader) get(c column) string {
	if s := plain(r.raw(c)); !empty(s) {
		return s
	}
	return ""
}

// person is a name: half-width and without the spaces that line names up in a column.
func (r *reader) person(c column) string { return nameOf(r.raw(c)) }

func (r *reader) blank() bool {
	for _, c := range r.cells {
		if c.formula || plain(c.text) != "" {
			return false
		}
	}
	return true
}

// notes are the beginnings of lines that are about the table and not in it: sums, who made it, and how a row is to look.
var notes = []string{"合计", "总计", "小计", "共计", "制表", "填表", "填报", "注:", "说明:", "示例:", "例:", "例如:"}

// aside tells a line of sums or notes by its first two words, and a header that is there once more.
func (r *reader) aside() bool {
	seen := 0
	for _, c := range r.cells {
		text := plain(c.text)
		if text == "" {
			continue
		}
		if slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(text, n) }) {
			return true
		}
		if seen++; seen == 2 {
			break
		}
	}
	return r.header()
}

func (r *reader) header() bool {
	named := 0
	for col, all := range r.columns {
		for _, i := range all {
			if i >= len(r.cells) {
				continue
			}
			if is, ok := known(r.cells[i]); ok && (is.column == col || len(all) > 1 || col == "others" || col == "phones") {
				named++
			} else if plain(r.cells[i].text) != "" {
				return false
			}
		}
	}
	return named >= 2
}

// unsound says why a row cannot be trusted: a formula, code of a page, control characters, a novel in a cell, where the home's place
// should be. The first such cell counts. Elsewhere the cell alone is left out, with a remark; nobody reads the numbers in front of the
// rows, which are often formulas.
func (r *reader) unsound() string {
	for i := range r.cells {
		col := r.means(i)
		if col == "" || col == "number" {
			continue
		}
		reason := r.cells[i].unsound()
		if reason == "" && slices.Contains([]column{"building", "entrance", "door"}, col) && (r.cells[i].date || dated(r.cells[i].text)) {
			reason = "date"
		}
		if reason == "" && r.cells[i].date && col != "note" {
			reason = "date"
		}
		switch home := r.sheet.kind == Homes || r.sheet.kind == ShopSheet; {
		case reason == "":
		case home && !slices.Contains(places, col) && col != "shop" && col != "title":
			r.cells[i] = cell{}
			r.table.Remark(r.from, reason)
		default:
			return reason
		}
	}
	return ""
}

// means is what a column means in this table.
func (r *reader) means(i int) column {
	for col, all := range r.columns {
		if slices.Contains(all, i) {
			return col
		}
	}
	return ""
}
