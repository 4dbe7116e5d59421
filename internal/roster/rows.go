package roster

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// plain is a cell's text as it is compared: half-width, without spaces and invisible characters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || invisible(r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

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

// reader is one row on its way into a table.
type reader struct {
	table   *Table
	columns map[column]int
	cells   []cell
	from    Row
}

func (r *reader) raw(c column) string {
	i, ok := r.columns[c]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return r.cells[i].text
}

func (r *reader) get(c column) string { return plain(r.raw(c)) }

// person is a name: half-width and without the spaces that line names up in a column.
func (r *reader) person(c column) string {
	s := tidy(width.Fold.String(r.raw(c)))
	for again := spaced.ReplaceAllString(s, "$1$2"); again != s; again = spaced.ReplaceAllString(s, "$1$2") {
		s = again
	}
	return s
}

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
	for col, i := range r.columns {
		if i >= len(r.cells) {
			continue
		}
		if is, ok := meaning(r.cells[i]); ok && is == col {
			named++
		} else if plain(r.cells[i].text) != "" {
			return false
		}
	}
	return named >= 2
}

// unsound says why nothing of the row can be trusted: a formula, code of a page, control characters, a novel in a cell. The
// first such cell counts. Nobody reads the numbers in front of the rows, which are often formulas.
func (r *reader) unsound() string {
	for i, c := range r.cells {
		if used(r.columns, i) {
			if reason := c.unsound(); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func used(columns map[column]int, i int) bool {
	for col, at := range columns {
		if at == i && col != "number" {
			return true
		}
	}
	return false
}

// broken are what a workbook keeps of a formula that failed.
var broken = []string{"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"}

func (c cell) unsound() string {
	text := plain(c.text)
	switch {
	case c.formula, slices.Contains(broken, text):
		return "formula"
	case utf8.RuneCountInString(c.text) > maxCell:
		return "long"
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
	h := Household{
		Community: r.get("community"), Compound: r.get("compound"), Name: r.person("name"), Tenure: r.get("tenure"),
		Note: tidy(r.raw("note")), From: r.from,
	}
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
		}
	} else if rest := strings.TrimPrefix(door, h.Compound); rest != "" {
		door = rest
	}
	if h.Compound == "" {
		return "missing"
	}
	if tooLong(h.Community, h.Compound, h.Tenure) {
		return "long"
	}
	var ok bool
	if h.Building, h.Entrance, h.Door, ok = NormaliseDoor(building, entrance, door); !ok {
		return "door"
	}
	if h.Phone, ok = mobile(r.get("phone")); !ok {
		return "phone"
	}
	if !nameLike(h.Name) {
		return "name"
	}
	if h.People, ok = heads(r.get("people")); !ok {
		return "people"
	}
	r.table.Households = append(r.table.Households, h)
	return ""
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
		Address: r.get("address"), Principal: r.person("principal"), Trade: r.get("trade"), From: r.from,
	}
	if s.Name == "" || s.Compound == "" {
		return "missing"
	}
	if tooLong(s.Community, s.Compound, s.Name, s.Address, s.Trade) {
		return "long"
	}
	var ok bool
	if s.Phone, ok = mobile(r.get("phone")); !ok {
		return "phone"
	}
	if !nameLike(s.Principal) {
		return "name"
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
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" ·•・.'-()（）、/", c) {
			return false
		}
	}
	return true
}
