package roster

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain is a cell's text as it is compared: half-width, in the characters that are commonly written, without spaces and invisible ones.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || invisible(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// empty tells whether a cell says that there is nothing: 无, /, -, 暂无.
func empty(s string) bool {
	s = strings.Trim(strings.ToLower(plain(s)), `-/\_—–―.·*×~`)
	return s == "" || slices.Contains(nothing, s)
}

var nothing = strings.Fields("无 没有 空 暂无 不详 未知 未填 未提供 暂缺 缺 n/a na null none nil 无单元 无电话 无手机 没电话 〇 /")

// tidy is a cell's text as people read it: what cannot be seen is gone, and every gap is one space.
func tidy(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)), " ")
}

// invisible are characters that change what a text is without changing how it looks, or turn it around.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || strings.ContainsRune("\u034f\u115f\u1160\u3164\uffa0", r)
}

// spaced is a space that only sets two Chinese characters apart: 王　丽 is 王丽.
var spaced = regexp.MustCompile(`(\p{Han}) (\p{Han})`)

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
			s.table.Refuse(w.row.from, "missing")
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

// notes are the beginnings of lines that are about the table and not in it: sums, and who made it.
var notes = []string{"合计", "总计", "小计", "共计", "制表", "填表", "填报", "注:", "说明:"}

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

// dates are what table programs make of 3-12 and keep as text.
var dates = regexp.MustCompile(`(?i)^(?:(?:19|20)[0-9]{2}[-/.年][0-9]{1,2}(?:[-/.月][0-9]{1,2}日?)?(?:[0-9]{1,2}:[0-9:.]+)?|(?:[0-9]{2,4}年)?[0-9一二三四五六七八九十]{1,2}月(?:[0-9一二三四五六七八九十]{1,3}[日号]?)?|` +
	`[0-9]{1,2}[-/ ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*(?:[-/ ]?[0-9]{2,4})?|` +
	`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*[-/ ]?[0-9]{1,4}(?:,?[0-9]{4})?|[0-9]{1,2}/[0-9]{1,2}/(?:19|20)[0-9]{2}[0-9]{1,2}:[0-9:.]+)$`)

// dated tells whether a text is a date that was a door.
func dated(s string) bool { return dates.MatchString(plain(s)) }

// broken are what a workbook keeps of a formula that failed.
var broken = []string{"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"}

func (c cell) unsound() string {
	text := plain(c.text)
	switch {
	case c.formula, slices.Contains(broken, text):
		return "formula"
	case utf8.RuneCountInString(c.text) > maxCell:
		return "long"
	case strings.ContainsFunc(c.text, unread):
		return "character"
	case strings.ContainsAny(c.text, "<>\x00"), !utf8.ValidString(c.text), runs(text):
		return "markup"
	}
	for _, x := range c.text {
		if unicode.IsControl(x) && x != '\n' && x != '\t' && x != '\r' {
			return "markup"
		}
	}
	return ""
}

// unread is a character that was none in the file's encoding, or that only one program knows.
func unread(r rune) bool { return r == utf8.RuneError || unicode.Is(unicode.Co, r) }

// runs tells what a table program would run if it were pasted into a cell: =…, @…, and +… or -… that calls something.
func runs(text string) bool {
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@':
		return true
	case '+', '-':
		return strings.ContainsAny(text, "|(!")
	}
	return false
}

// take reads the row as one of a kind of sheet; why not, else.
func (r *reader) take(kind Sheet) (reason string) {
	switch kind {
	case Organization:
		return r.organization()
	case Homes:
		return r.household()
	case ShopSheet:
		return r.shop()
	default:
		return r.staff()
	}
}

// maxName is as long as the name of a place may be.
const maxName = 60

func tooLong(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) > maxName })
}

func (r *reader) organization() string {
	name, code, above := r.get("title"), r.get("code"), r.get("above")
	if name == "" {
		return "missing"
	}
	if tooLong(name, above) || len(code) > 30 {
		return "long"
	}
	t := r.table
	switch r.get("level") {
	case "办事处", "街道", "街道办事处":
		if t.Office.Name != "" && t.Office.Name != name {
			return "office"
		}
		t.Office = Office{Name: name, Code: cmp.Or(code, t.Office.Code)}
	case "社区", "居委会", "社区居委会":
		t.Communities = append(t.Communities, Community{Name: name, Code: code, From: r.from})
	case "群", "微信群", "居民群":
		if above == "" {
			return "missing"
		}
		t.Rooms = append(t.Rooms, Room{Name: name, Community: above, From: r.from})
	default:
		return "level"
	}
	return ""
}

func (r *reader) household() string {
	h := Household{Community: r.get("community"), Compound: r.get("compound"), Tenure: r.get("tenure"), From: r.from}
	building, entrance, door := r.get("building"), r.get("entrance"), cmp.Or(r.get("door"), r.get("address"))
	if door == "" {
		return "missing"
	}
	if rest := strings.TrimPrefix(door, h.Community); rest != "" {
		door = rest
	}
	if h.Compound == "" && building == "" && entrance == "" {
		if compound, rest, ok := splitAddress(door); ok {
			h.Compound, door = compound, rest
			r.sheet.told = true
		}
	} else if rest := strings.TrimPrefix(door, h.Compound); rest != "" {
		door = rest
	}
	from := r.sheet.place
	h.Community = cmp.Or(h.Community, r.unless("community", from.Community))
	h.Compound = cmp.Or(h.Compound, r.unless("compound", from.Compound))
	if tooLong(h.Community, h.Compound, h.Tenure) {
		return "long"
	}
	own := building
	if b, _, _, ok := NormaliseDoor("", "", door); !ok || b == "" || r.unless("building", from.Building) != "" && hyphened.MatchString(door) {
		building = cmp.Or(building, r.unless("building", from.Building)) // a whole address says it better than the sheet
		entrance = cmp.Or(entrance, r.unless("entrance", from.Entrance))
	}
	at, ok := readDoor(building, entrance, door, r.sheet.parted)
	if !ok {
		return "door"
	}
	if own == "" && from.Building != "" && at.building == "" {
		at.building = r.unless("building", from.Building)
	}
	h.Building, h.Entrance, h.Door = at.building, at.entrance, at.door
	if at.remark != "" {
		r.table.Remark(r.from, at.remark)
	}
	r.people(&h)
	if h.Compound == "" {
		r.sheet.waiting = append(r.sheet.waiting, waiting{h, r})
		return ""
	}
	if len(r.columns["compound"]) > 0 {
		r.sheet.told = true
	}
	r.sheet.add(h)
	return ""
}

// unless is what is said of all rows of a sheet, for those without a column that says it row by row.
func (r *reader) unless(c column, said string) string {
	for _, i := range r.columns[c] {
		if r.sheet.filled(i) {
			return ""
		}
	}
	return said
}

// add takes a household in; where each person has a row, the second of a door joins the first.
func (s *sheet) add(h Household) {
	t := s.table
	if s.persons {
		k := key(h.Compound, h.Building, h.Entrance, h.Door)
		if at, there := s.at[k]; there && t.Households[at].From.File == h.From.File {
			t.Households[at].join(h, len(s.of["people"]) > 0)
			return
		}
		s.at[k] = len(t.Households)
		if len(s.of["people"]) == 0 && len(h.Names) > 0 {
			h.People = len(h.Names)
		}
	}
	t.Households = append(t.Households, h)
}

// join takes in who else lives in the same home.
func (h *Household) join(other Household, counted bool) {
	for i, name := range other.Names {
		if at := slices.Index(h.Names, name); at < 0 {
			h.Names, h.Phones = append(h.Names, name), append(h.Phones, other.Phones[i])
		} else if h.Phones[at] == "" {
			h.Phones[at] = other.Phones[i]
		}
	}
	h.Note = joined("；", h.Note, other.Note)
	h.Tenure = cmp.Or(h.Tenure, other.Tenure)
	if h.People = max(h.People, other.People); !counted {
		h.People = len(h.Names)
	}
	h.say()
}

// say puts the people of a home into words: 王丽、李强.
func (h *Household) say() {
	h.Name = strings.Join(h.Names, between)
	h.Phone = strings.Join(h.Phones, between)
	if strings.Trim(h.Phone, between) == "" {
		h.Phone = ""
	}
}

// between stands between the people of one home.
const between = "、"

func joined(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), between)
}

// people reads who lives in a home, how many, and what else is said of them. Nothing of it can cost the home its place.
func (r *reader) people(h *Household) {
	var notes []string
	for _, text := range r.all("note") {
		notes = append(notes, tidy(text))
	}
	who := peopleOf(append(r.all("name"), r.all("others")...))
	phones, rest, reason := phonesOf(append(r.all("phone"), r.all("phones")...))
	phones = append(phones, who.phones...)
	for _, reason := range []string{who.reason, reason} {
		if reason != "" {
			r.table.Remark(r.from, reason)
		}
	}
	if h.Names = who.names; len(h.Names) == 0 && len(phones) > 0 {
		h.Names = []string{""}
	}
	h.Phones = make([]string, len(h.Names))
	switch own := len(r.all("others")) == 0 || len(r.all("phones")) > 0 || r.sheet.persons; {
	case len(phones) == len(h.Names) && own:
		copy(h.Phones, phones)
	case len(phones) > 0:
		h.Phones[0] = phones[0]
		if len(phones) > 1 {
			rest = joined("、", append(slices.Clone(phones[1:]), rest)...)
			if reason == "" {
				r.table.Remark(r.from, "phones")
			}
		}
	}
	h.say()
	if len(h.Names) == 1 && h.Names[0] == "" {
		h.Names, h.Phones = nil, nil
	}
	h.Note = joined("；", append(notes, who.rest, rest)...)
	if runes := []rune(h.Note); len(runes) > maxCell {
		h.Note = string(runes[:maxCell])
	}
	var ok bool
	if h.People, ok = heads(r.get("people")); !ok {
		h.People = 0
		r.table.Remark(r.from, "people")
	}
}

func heads(s string) (int, bool) {
	if s = strings.TrimRight(strings.TrimSuffix(s, ".0"), "人口"); s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= 99
}

func (r *reader) shop() string {
	s := Shop{
		Community: r.get("community"), Compound: r.get("compound"), Name: cmp.Or(tidy(r.raw("shop")), tidy(r.raw("title"))),
		Address: r.get("address"), Trade: r.get("trade"), From: r.from,
	}
	from := r.sheet.place
	s.Community = cmp.Or(s.Community, r.unless("community", from.Community))
	s.Compound = cmp.Or(s.Compound, r.unless("compound", from.Compound))
	if s.Name == "" {
		return "missing"
	}
	if tooLong(s.Community, s.Compound, s.Name, s.Address, s.Trade) {
		return "long"
	}
	h := Household{From: r.from}
	r.columns = maps.Clone(r.columns)
	r.columns["name"] = r.columns["principal"]
	r.people(&h)
	s.Principal, s.Phone = h.Name, h.Phone
	if s.Compound == "" {
		if len(r.columns["compound"]) > 0 {
			return "missing"
		}
		r.table.Ask(Question{File: r.from.File, Sheet: r.from.Sheet, What: "compound", Rows: 1, Guess: r.sheet.heading.guess})
		return ""
	}
	r.table.Shops = append(r.table.Shops, s)
	return ""
}

func (r *reader) staff() string {
	s := Staff{
		Role: r.get("role"), Community: r.get("community"), Room: r.get("room"), Name: r.person("name"),
		Category: r.get("category"), From: r.from,
	}
	var ok bool
	s.Phone, ok = mobile(r.get("phone"))
	switch {
	case s.Name == "" || s.Phone == "" && ok || s.Room == "" && s.Role != "办事处":
		return "missing"
	case !ok:
		return "phone"
	case !nameLike(s.Name):
		return "name"
	case tooLong(s.Community, s.Room, s.Category):
		return "long"
	case s.Role != "群主" && s.Role != "成员" && s.Role != "办事处":
		return "role"
	}
	r.table.Staff = append(r.table.Staff, s)
	return ""
}

// mobile is a phone as eleven digits. An empty cell is no phone, which is allowed. Of several the first counts.
func mobile(s string) (string, bool) {
	first := ""
	for i, one := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/、,;|", r) }) {
		one, ok := oneMobile(one)
		if !ok {
			return "", false
		}
		if i == 0 {
			first = one
		}
	}
	return first, first != "" || s == ""
}

// oneMobile reads one phone. 199….0 and 1.99…E10 are how some programs write numbers; the latter counts only with all its digits.
func oneMobile(s string) (string, bool) {
	s = strings.TrimSuffix(strings.NewReplacer("-", "", "+86", "").Replace(s), ".0")
	if digits, ok := strings.CutSuffix(strings.Replace(strings.ToUpper(s), "E+", "E", 1), "E10"); ok && len(digits) == 12 && digits[1] == '.' {
		s = digits[:1] + digits[2:]
	}
	if len(s) == 13 {
		s = strings.TrimPrefix(s, "86")
	}
	if len(s) != 11 || s[0] != '1' {
		return "", false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	return s, true
}

func nameLike(s string) bool {
	if utf8.RuneCountInString(s) > 40 {
		return false
	}
	for _, c := range s {
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" ·.'-()〇", c) {
			return false
		}
	}
	return true
}
