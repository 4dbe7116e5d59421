// Package roster reads the office's tables: who is supposed to live where, which shops and rooms there are, and who answers for
// them. It understands what offices hand over (workbooks and csv, title rows, other words for the same column, other spellings
// of the same door), and says of every row it cannot take which one it is and why. It reads and compares; it stores nothing.
package roster

import (
	"fmt"
	"slices"
	"strings"

	"linli/internal/fault"
)

// Limits on what is read.
const (
	MaxFile     = 32 << 20  // bytes of one file
	MaxUnzipped = 128 << 20 // bytes of a workbook's contents
	MaxRows     = 200_000   // of all sheets of a file
	maxCell     = 500       // characters
	maxColumns  = 60
)

// Table is all that the files say.
type Table struct {
	Office      Office
	Communities []Community
	Rooms       []Room
	Households  []Household
	Shops       []Shop
	Staff       []Staff
	Errors      []RowError     // rows that are not taken
	Remarks     []RowError     // rows that are taken, but for something in them
	Questions   []Question     // what the files do not say and somebody has to; until then the rows that wait for it are in none of the lists
	Skipped     []Skipped      // sheets that are not taken
	Duplicates  int            // rows that say word for word what one before them said; they are left out and are no errors
	Has         map[Sheet]bool // which sheets there were: what is not in one of them is to be removed
	Headings    []Heading      // how the columns were read
}

// Sheet is what a table is about.
type Sheet string

const (
	Organization Sheet = "organization"
	Homes        Sheet = "households"
	ShopSheet    Sheet = "shops"
	StaffSheet   Sheet = "staff"
)

type (
	// Office is the top of the three levels.
	Office struct{ Name, Code string }
	// Community is the middle level.
	Community struct {
		Name, Code string
		From       Row
	}
	// Room is a conversation. Its name says which compound or building it is of; one that fits none is of members alone.
	Room struct {
		Name, Community string
		From            Row
	}
	// Household is one home, in canonical spelling: 3号楼, 2单元, 501.
	Household struct {
		Community, Compound, Building, Entrance, Door string
		Name, Phone                                   string // of several people in the same order, as the register keeps them: 王丽、李强
		People                                        int
		Tenure, Note                                  string
		Names, Phones                                 []string // the people one by one; a phone is 11 digits or empty
		From                                          Row
	}
	// Shop is one shop and its principal.
	Shop struct {
		Community, Compound, Name, Address string
		Principal, Phone, Trade            string
		From                               Row
	}
	// Staff is one duty of one person: Role is 群主, 成员 or 办事处.
	Staff struct {
		Role, Community, Room, Name, Phone, Category string
		From                                         Row
	}
	// Row is where something stood.
	Row struct {
		File, Sheet string
		Row         int // as the file counts, from 1
		Cells       []string
	}
	// RowError is a row that could not be taken, and why.
	RowError struct {
		File   string   `json:"file"`
		Sheet  string   `json:"sheet"`
		Row    int      `json:"row"`
		Reason string   `json:"reason"` // a key of reasons
		Text   string   `json:"text"`   // the same in Chinese
		Cells  []string `json:"-"`
	}
	// Question is something that a sheet does not say.
	Question struct {
		File  string `json:"file"`
		Sheet string `json:"sheet"`
		What  string `json:"what"`  // columns, compound, community
		Rows  int    `json:"rows"`  // how many wait for the answer
		Guess string `json:"guess"` // what it may be; empty for no idea
	}
	// Skipped is a sheet with something in it that is no table we know, or that somebody said to leave out.
	Skipped struct {
		File  string `json:"file"`
		Sheet string `json:"sheet"`
		Rows  int    `json:"rows"`
		Table bool   `json:"table"` // it has rows as a table has
	}
	// File is one file as it came.
	File struct {
		Name    string
		Content []byte
		Columns map[string][]string // by sheet: what its columns mean (Meanings), where somebody has said so; all empty for one to leave out
		Places  map[string]Place    // by sheet, or "" for all: where homes lie that do not say so themselves
	}
)

// Label is a household's door without the compound: 3-2-501.
func (h *Household) Label() string { return Label(h.Building, h.Entrance, h.Door) }

// Label joins the parts of a door without their units: 3-2-501.
func Label(building, entrance, door string) string {
	var parts []string
	for _, p := range []string{strings.TrimSuffix(strings.TrimSuffix(building, "楼"), "号"), strings.TrimSuffix(entrance, "单元"), door} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "-")
}

// Parse reads all files into one table. A file that is no table at all is a fault; rows that cannot be taken are in Errors.
func Parse(files []File) (*Table, error) {
	t := &Table{Has: map[Sheet]bool{}}
	if len(files) == 0 {
		return nil, fault.New(fault.Invalid, "no file")
	}
	left := &allowance{rows: MaxRows, passed: maxPassed, cells: maxCells}
	for i := range files {
		f := &files[i]
		if err := checkColumns(f); err != nil {
			return nil, err
		}
		grids, err := read(f, left)
		if err != nil {
			return nil, err
		}
		found := false
		for _, g := range grids {
			found = t.take(g, f) || found
		}
		if !found {
			return nil, fault.New(fault.Unreadable, "no sheet with a header that is known").And("file", f.Name)
		}
	}
	t.check()
	return t, nil
}

// grid is a sheet as rows of cells.
type grid struct {
	file, name string
	rows       []line
}

// line is a row with something in it.
type line struct {
	at    int // as the file counts, from 1
	cells []cell
}

// cell is the cell in a column counted from 1; a short row is made long enough for it.
func (l *line) cell(column int) *cell {
	for len(l.cells) < column {
		l.cells = append(l.cells, cell{})
	}
	return &l.cells[column-1]
}

type cell struct {
	text    string
	formula bool
	date    bool // a number that the workbook shows as a date
}

// take reads one sheet; false when its headers are not of any table we know. Tables that stand side by side or one under the other are
// read each for itself.
func (t *Table) take(g grid, f *File) bool {
	h := headingOf(g, f)
	if len(h.Names) > 1 {
		t.Headings = append(t.Headings, h.Heading)
	}
	if said, ok := f.Columns[g.name]; h.Kind == "" {
		rows := len(g.rows)
		if rows > 0 {
			t.Skipped = append(t.Skipped, Skipped{g.file, g.name, rows, g.tabular(h.at)})
		}
		if left := ok && !slices.ContainsFunc(said, func(c string) bool { return c != "" }); !left && g.tabular(h.at) {
			t.Questions = append(t.Questions, Question{File: g.file, Sheet: g.name, What: "columns", Rows: rows - h.at - 1})
		}
		return ok && rows > 0
	}
	t.Has[h.Kind] = true
	if h.Unsure {
		t.Questions = append(t.Questions, Question{File: g.file, Sheet: g.name, What: "columns", Rows: len(g.rows) - h.at - 1})
	}
	for i, part := range h.layout.blocks() {
		s := &sheet{table: t, grid: &g, heading: &h, kind: h.Kind, layout: h.layout, part: part, place: h.Place, at: map[string]int{}}
		if i > 0 {
			s.shared = h.layout.blocks()[0]
			if s.columns(); kindOf(s.block()) == "" {
				continue // its columns are named among those that are not taken
			}
		}
		s.columns()
		s.rows(h.at + 1)
		s.ask()
	}
	return true
}

// tabular tells whether a sheet that nobody knows may be a table, and no page of text: three rows of two cells and more.
func (g *grid) tabular(at int) bool {
	rows := 0
	for _, row := range g.rows[min(at, len(g.rows)):] {
		full := 0
		for _, c := range row.cells {
			if plain(c.text) != "" {
				full++
			}
		}
		if full >= 2 {
			rows++
		}
	}
	return rows >= 3 || rows == 2 && len(g.rows) <= 4
}

// reasons are why a row is not taken, in words.
var reasons = map[string]string{
	"noTitle":     "没有填名称",
	"noAbove":     "没有填这个群属于哪个社区",
	"noCommunity": "没有填社区",
	"noCompound":  "没有填小区",
	"noDoor":      "没有填房号",
	"noName":      "没有填姓名",
	"noPhone":     "没有填手机号",
	"noRoom":      "没有填群",
	"door":        "门牌看不明白，请写成 3号楼 2单元 501",
	"phone":       "手机号不是 11 位",
	"name":        "姓名里有不该有的符号",
	"people":      "人口数不是数字",
	"duplicate":   "和前面一行是同一户（店、人），内容却不一样",
	"office":      "一次只能导入一个办事处",
	"shared":      "这个手机号在前面是另一个人的",
	"community":   "组织表里没有这个社区",
	"room":        "组织表里没有这个群",
	"level":       "级别不是办事处、社区或群",
	"role":        "群内身份不是群主、成员或办事处",
	"formula":     "这一格是公式，请粘贴成数值",
	"markup":      "这一格里有网页代码或控制符",
	"long":        "这一格的字太多",
	"date":        "表格软件把门牌变成了日期，请把这一栏设成“文本”再填一次",
	"character":   "这一格里有一个字读不出来",
	"removed":     "这个人被移出了这个群，要先解除移出",
	"refused":     "现在不能这样任职或入群，请在“人员”里看一看",
	"compound":    "别的社区已有同名的院区，请在院区名前加上社区名",
}

// remarks are what is to be said of a row that is taken, in words.
var remarks = map[string]string{
	"phone":     "电话不是手机号，没有导入，记在备注里",
	"phones":    "有几个电话，取了第一个，其余记在备注里",
	"phoneRest": "电话里还写了别的，记在备注里",
	"name":      "姓名看不明白，没有导入，记在备注里",
	"nameRest":  "姓名里还写了别的，记在备注里",
	"people":    "人口数不是数字，没有导入",
	"formula":   "有一格是公式，那一格没有导入",
	"markup":    "有一格里有网页代码或控制符，那一格没有导入",
	"long":      "有一格的字太多，那一格没有导入",
	"date":      "有一格是日期，那一格没有导入",
	"character": "有一个字读不出来，那一格没有导入",
	"aside":     "门牌里括号内的字没有导入",
	"below":     "“-”后面读作地下的门牌（-101），不是 101",
	"dash":      "“-”读作分隔（101），不是地下的门牌",
}

// Remark remembers something about a row that is taken, for one of the remarks above.
func (t *Table) Remark(from Row, reason string) {
	if n := len(t.Remarks); n > 0 && t.Remarks[n-1].Row == from.Row && t.Remarks[n-1].Reason == reason && t.Remarks[n-1].Sheet == from.Sheet &&
		t.Remarks[n-1].File == from.File {
		return
	}
	t.Remarks = append(t.Remarks, RowError{
		File: from.File, Sheet: from.Sheet, Row: from.Row, Reason: reason, Text: remarks[reason], Cells: from.Cells,
	})
}

// Refuse remembers that a row cannot be taken, for one of the reasons above.
func (t *Table) Refuse(from Row, reason string) {
	t.Errors = append(t.Errors, Refusal(from, reason))
}

// Refusal is a row that cannot be taken, for one of the reasons above.
func Refusal(from Row, reason string) RowError {
	return RowError{File: from.File, Sheet: from.Sheet, Row: from.Row, Reason: reason, Text: reasons[reason], Cells: from.Cells}
}

func (e RowError) String() string {
	return fmt.Sprintf("%s %s:%d %s", e.File, e.Sheet, e.Row, e.Reason)
}
