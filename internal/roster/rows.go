package roster

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// column is what a column means.
type column string

// aliases are the words that offices use for a column.
var aliases = map[string]column{
	"社区": "community", "所属社区": "community", "社区名称": "community",
	"院区": "compound", "小区": "compound", "小区名称": "compound", "院落": "compound", "小区院落": "compound",
	"楼栋": "building", "栋": "building", "楼号": "building", "幢": "building", "楼": "building", "栋号": "building", "幢号": "building",
	"单元": "entrance", "梯": "entrance", "单元号": "entrance",
	"房号": "door", "门牌": "door", "门牌号": "door", "室": "door", "房间号": "door", "室号": "door", "住址": "door", "房屋": "door",
	"户主姓名": "name", "户主": "name", "姓名": "name", "业主": "name", "业主姓名": "name",
	"联系电话": "phone", "电话": "phone", "手机": "phone", "手机号": "phone", "手机号码": "phone", "联系方式": "phone", "电话号码": "phone",
	"人口数": "people", "人口": "people", "常住人口": "people", "人数": "people",
	"住房性质": "tenure", "房屋性质": "tenure", "居住性质": "tenure",
	"备注": "note", "说明": "note",
	"店铺名称": "shop", "店名": "shop", "商铺名称": "shop", "商户名称": "shop", "门店名称": "shop",
	"地址": "address", "店铺地址": "address",
	"负责人": "principal", "店主": "principal", "负责人姓名": "principal", "经营者": "principal",
	"行业": "trade", "经营范围": "trade", "类别": "trade",
	"群内身份": "role", "群身份": "role",
	"群": "room", "群名称": "room", "微信群": "room", "所在群": "room",
	"身份": "category", "人员身份": "category", "身份标识": "category",
	"级别": "level", "层级": "level", "代码": "code", "编码": "code", "名称": "title", "上级": "above", "上级名称": "above",
	"序号": "number", "编号": "number",
}

// needs are the columns that a sheet must have to be of a kind, the most telling first.
var needs = []struct {
	sheet   Sheet
	columns []column
}{
	{Organization, []column{"level", "title"}},
	{StaffSheet, []column{"role", "name", "phone"}},
	{ShopSheet, []column{"shop"}},
	{Homes, []column{"door"}},
}

// headerWithin is how many rows from the top a header may stand.
const headerWithin = 20

// findHeader finds the row with the column names, and what table it heads.
func findHeader(rows [][]cell) (at int, kind Sheet, columns map[column]int) {
	for at := range min(len(rows), headerWithin) {
		columns := map[column]int{}
		for i, c := range rows[at] {
			if i >= maxColumns {
				break
			}
			name := strings.Trim(plain(c.text), "*:：()（）必填 ")
			if col, ok := aliases[name]; ok {
				if _, twice := columns[col]; !twice {
					columns[col] = i
				}
			}
		}
		for _, n := range needs {
			fits := true
			for _, c := range n.columns {
				_, ok := columns[c]
				fits = fits && ok
			}
			if fits && len(columns) >= 2 {
				return at, n.sheet, columns
			}
		}
	}
	return 0, "", nil
}

// plain is a cell's text as it is compared: half-width, without spaces and invisible characters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

// reader is one row on its way into a table.
type reader struct {
	table   *Table
	columns map[column]int
	cells   []cell
	from    Row
}

func (r *reader) get(c column) string {
	i, ok := r.columns[c]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return plain(r.cells[i].text)
}

// words is a cell as it was written, trimmed: for names and notes.
func (r *reader) words(c column) string {
	i, ok := r.columns[c]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(strings.Map(func(x rune) rune {
		if unicode.Is(unicode.Cf, x) {
			return -1
		}
		return x
	}, r.cells[i].text))
}

func (r *reader) blank() bool {
	for _, c := range r.cells {
		if plain(c.text) != "" || c.formula {
			return false
		}
	}
	return true
}

// total tells a line of sums: 合计 in one of the first cells.
func (r *reader) total() bool {
	for i, c := range r.cells {
		if i > 2 {
			return false
		}
		switch plain(c.text) {
		case "合计", "总计", "小计", "合计:", "总计:", "小计:":
			return true
		}
	}
	return false
}

// unsound says why nothing of the row can be trusted: a formula, code of a page, control characters, a novel in a cell.
func (r *reader) unsound() string {
	for _, i := range r.columns {
		if i >= len(r.cells) {
			continue
		}
		c := r.cells[i]
		switch {
		case c.formula:
			return "formula"
		case utf8.RuneCountInString(c.text) > maxCell:
			return "long"
		case strings.ContainsAny(c.text, "<>\x00"), strings.HasPrefix(c.text, "="), strings.HasPrefix(c.text, "@"), !utf8.ValidString(c.text):
			return "markup"
		}
		for _, x := range c.text {
			if unicode.IsControl(x) && x != '\n' && x != '\t' && x != '\r' {
				return "markup"
			}
		}
	}
	return ""
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

func (r *reader) organization() string {
	name := r.get("title")
	if name == "" {
		return "missing"
	}
	switch r.get("level") {
	case "办事处", "街道", "街道办事处":
		r.table.Office = Office{Name: name, Code: r.get("code")}
	case "社区":
		r.table.Communities = append(r.table.Communities, Community{Name: name, Code: r.get("code")})
	case "群":
		r.table.Rooms = append(r.table.Rooms, Room{Name: name, Community: r.get("above")})
	default:
		return "level"
	}
	return ""
}

func (r *reader) household() string {
	h := Household{
		Community: r.get("community"), Compound: r.get("compound"), Name: r.words("name"), Tenure: r.get("tenure"),
		Note: r.words("note"), From: r.from,
	}
	if h.Compound == "" || r.get("door") == "" {
		return "missing"
	}
	var ok bool
	if h.Building, h.Entrance, h.Door, ok = NormaliseDoor(r.get("building"), r.get("entrance"), r.get("door")); !ok {
		return "door"
	}
	if h.Phone, ok = mobile(r.get("phone")); !ok {
		return "phone"
	}
	if !nameLike(h.Name) {
		return "name"
	}
	if n := r.get("people"); n != "" {
		people, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(n, ".0"), "人"))
		if err != nil || people < 0 || people > 99 {
			return "people"
		}
		h.People = people
	}
	r.table.Households = append(r.table.Households, h)
	return ""
}

func (r *reader) shop() string {
	s := Shop{
		Community: r.get("community"), Compound: r.get("compound"), Name: r.words("shop"), Address: r.get("address"),
		Principal: r.words("principal"), Trade: r.get("trade"), From: r.from,
	}
	if s.Name == "" || s.Compound == "" {
		return "missing"
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
		Role: r.get("role"), Community: r.get("community"), Room: r.get("room"), Name: r.words("name"),
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
	case s.Role != "群主" && s.Role != "成员" && s.Role != "办事处":
		return "role"
	}
	r.table.Staff = append(r.table.Staff, s)
	return ""
}

// mobile is a phone as eleven digits. An empty cell is no phone, which is allowed; 199….0 is how some workbooks write numbers.
func mobile(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	s = strings.TrimSuffix(strings.NewReplacer("-", "", "+86", "").Replace(s), ".0")
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
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" ·•・.'-()（）、", c) {
			return false
		}
	}
	return true
}
