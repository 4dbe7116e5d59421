// Package roster reads the office's tables: who is supposed to live where, which shops and rooms there are, and who answers for
// them. It understands what offices hand over (workbooks and csv, title rows, other words for the same column, other spellings
// of the same door), and says of every row it cannot take which one it is and why. It reads and compares; it stores nothing.
package roster

import (
	"fmt"
	"strings"

	"linli/internal/fault"
)

// Limits on what is read.
const (
	MaxFile     = 32 << 20  // bytes of one file
	MaxUnzipped = 256 << 20 // bytes of a workbook's contents
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
	Errors      []RowError
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
		Name, Phone                                   string
		People                                        int
		Tenure, Note                                  string
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
	// File is one file as it came.
	File struct {
		Name    string
		Content []byte
		Columns map[string][]string // by sheet: what its columns mean (Meanings), where somebody has said so
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
	for _, f := range files {
		if err := checkColumns(f); err != nil {
			return nil, err
		}
		grids, err := read(f)
		if err != nil {
			return nil, err
		}
		found := false
		for _, g := range grids {
			found = t.take(g, f.Columns[g.name]) || found
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
}

// take reads one sheet; false when its headers are not of any table we know.
func (t *Table) take(g grid, said []string) bool {
	h := headingOf(g, said)
	if len(h.Names) > 1 {
		t.Headings = append(t.Headings, h.Heading)
	}
	if h.Kind == "" {
		return false
	}
	t.Has[h.Kind] = true
	for _, row := range g.rows[h.at+1:] {
		r := &reader{table: t, columns: h.columns, cells: row.cells, from: Row{File: g.file, Sheet: g.name, Row: row.at}}
		if r.blank() || r.aside() {
			continue
		}
		for _, c := range row.cells {
			r.from.Cells = append(r.from.Cells, c.text)
		}
		reason := r.unsound()
		if reason == "" {
			reason = r.take(h.Kind)
		}
		if reason != "" {
			t.Refuse(r.from, reason)
		}
	}
	return true
}

// reasons are why a row is not taken, in words.
var reasons = map[string]string{
	"missing":   "必填的一栏是空的",
	"door":      "门牌看不明白，请写成 3号楼 2单元 501",
	"phone":     "手机号不是 11 位",
	"name":      "姓名里有不该有的符号",
	"people":    "人口数不是数字",
	"duplicate": "和前面一行是同一户（店、人），内容却不一样",
	"office":    "一次只能导入一个办事处",
	"shared":    "这个手机号在前面是另一个人的",
	"community": "组织表里没有这个社区",
	"room":      "组织表里没有这个群",
	"level":     "级别不是办事处、社区或群",
	"role":      "群内身份不是群主、成员或办事处",
	"formula":   "这一格是公式，请粘贴成数值",
	"markup":    "这一格里有网页代码或控制符",
	"long":      "这一格的字太多",
}

// Refuse remembers that a row cannot be taken, for one of the reasons above.
func (t *Table) Refuse(from Row, reason string) {
	t.Errors = append(t.Errors, RowError{
		File: from.File, Sheet: from.Sheet, Row: from.Row, Reason: reason, Text: reasons[reason], Cells: from.Cells,
	})
}

func (e RowError) String() string {
	return fmt.Sprintf("%s %s:%d %s", e.File, e.Sheet, e.Row, e.Reason)
}
