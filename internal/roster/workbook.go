package roster

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"linli/internal/fault"
)

// What a workbook may make us do, beyond its size: rows that are not there and cells far to the right cost bytes of a file nothing.
const (
	maxParts  = 2000      // files in the zip
	maxPassed = 4_000_000 // rows, empty ones too
	maxCells  = 2_500_000 // cells, empty ones too: some seconds of work
	maxText   = 4 * 32767 // bytes of a cell; table programs take so many characters
)

var (
	errBook = errors.New("not a workbook")
	errMuch = errors.New("too much in it")
)

// workbook reads an xlsx. How large it will be is looked at before anything is unpacked; that a part is no larger than the zip says
// is seen to by the zip reader. It stays in memory, so that nobody's phone lies about in a temporary file.
func workbook(f *File, left *allowance) (grids []grid, err error) {
	defer func() {
		if p := recover(); p != nil { // the library met something that no program would write
			err = errBook
		}
		switch {
		case errors.Is(err, errMuch):
			err = fault.New(fault.TooLarge, "too many rows").And("limit", MaxRows).And("file", f.Name)
		case err != nil && fault.Of(err) == nil:
			err = fault.New(fault.Unreadable, "not a workbook").And("file", f.Name)
		}
	}()
	marked := map[string]*marks{}
	z, err := zip.NewReader(bytes.NewReader(f.Content), int64(len(f.Content)))
	if err != nil {
		return nil, err
	}
	var size uint64
	for _, e := range z.File {
		if e.UncompressedSize64 > MaxUnzipped || len(z.File) > maxParts {
			size = MaxUnzipped
		}
		if size += e.UncompressedSize64; size > MaxUnzipped {
			return nil, fault.New(fault.TooLarge, "the workbook unpacks to too much").And("limit", MaxUnzipped).And("file", f.Name)
		}
	}
	if what := foreign(z); what != "" {
		return nil, resave(f, what)
	}
	parts, styles, err := sheetParts(z)
	if err != nil {
		return nil, err
	}
	dates := datesOf(styles)
	for sheet, part := range parts { // before the library takes all of it into memory
		if marked[sheet], err = marksOf(part, dates, left); err != nil {
			return nil, err
		}
	}
	x, err := excelize.OpenReader(bytes.NewReader(f.Content), excelize.Options{UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: MaxUnzipped})
	if err != nil {
		return nil, err
	}
	defer x.Close() //nolint:errcheck // nothing was written
	for _, sheet := range x.GetSheetList() {
		m := marked[sheet]
		if m == nil {
			continue // a sheet of a chart, or of macros
		}
		g, err := left.sheet(x, sheet)
		if err != nil {
			return nil, err
		}
		if err := m.onto(g); err != nil {
			return nil, err
		}
		g.file = f.Name
		grids = append(grids, *g)
	}
	return grids, nil
}

// allowance is what may still be read of a workbook.
type allowance struct{ rows, passed, cells int }

func (a *allowance) sheet(x *excelize.File, name string) (*grid, error) {
	g := &grid{name: name}
	rows, err := x.Rows(name)
	if err != nil {
		return nil, err
	}
	for at := 1; rows.Next(); at++ {
		texts, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, err
		}
		a.passed--
		a.cells -= len(texts)
		if len(texts) > 0 {
			a.rows--
			g.rows = append(g.rows, line{at, cellsOf(texts)})
		}
		if a.passed < 0 || a.cells < 0 || a.rows < 0 {
			return nil, errMuch
		}
	}
	return g, errors.Join(rows.Error(), rows.Close())
}

// foreign tells what other program's file a zip is; empty when it may be a workbook.
func foreign(z *zip.Reader) string {
	for _, e := range z.File {
		switch name := partName(e.Name); {
		case name == "mimetype" || name == "content.xml":
			return "a workbook of another program (.ods)"
		case strings.HasSuffix(name, "workbook.bin"):
			return "a binary workbook (.xlsb)"
		case strings.HasSuffix(name, ".iwa"), name == "index.zip":
			return "a workbook of another program (.numbers)"
		case name == "word/document.xml", name == "ppt/presentation.xml":
			return "a text or slides and no workbook"
		}
	}
	return ""
}

// sheetParts finds the part of the zip that each sheet of cells is in, by the sheet's name, and the one with the formats of cells.
func sheetParts(z *zip.Reader) (map[string]*zip.File, *zip.File, error) {
	files := map[string]*zip.File{}
	for _, e := range z.File {
		name := partName(e.Name)
		if files[name] != nil {
			return nil, nil, errBook // two parts of one name: which one the library takes is anybody's guess
		}
		files[name] = e
	}
	book := ""
	for _, r := range relationsOf(files["_rels/.rels"]) {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			book = partName(r.Target)
		}
	}
	targets := map[string]string{}
	var styles *zip.File
	for _, r := range relationsOf(files[path.Dir(book)+"/_rels/"+path.Base(book)+".rels"]) {
		target := strings.ReplaceAll(r.Target, `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir(book), target)
		}
		if strings.HasSuffix(r.Type, "/worksheet") {
			targets[r.ID] = partName(target)
		}
		if strings.HasSuffix(r.Type, "/styles") {
			styles = files[partName(target)]
		}
	}
	var sheets struct {
		Sheet []struct {
			Name string     `xml:"name,attr"`
			All  []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := decodePart(files[book], &sheets); err != nil {
		return nil, nil, err
	}
	parts := map[string]*zip.File{}
	for _, s := range sheets.Sheet {
		for _, a := range s.All {
			target, ok := targets[a.Value]
			if !ok || a.Name.Local != "id" || a.Name.Space == "" {
				continue
			}
			if parts[s.Name] = files[target]; parts[s.Name] == nil {
				return nil, nil, errBook
			}
		}
	}
	return parts, styles, nil
}

// partName is the name of a part as it is compared: some programs write backslashes, or other capitals than they refer to.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

func relationsOf(part *zip.File) []relation {
	var all struct {
		Relations []relation `xml:"Relationship"`
	}
	if decodePart(part, &all) != nil {
		return nil
	}
	return all.Relations
}

func decodePart(part *zip.File, into any) error {
	if part == nil {
		return errBook
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read only
	return xml.NewDecoder(r).Decode(into)
}

// place is a cell: its row and column, from 1.
type place struct{ row, column int }

// marks are what the library does not tell while it streams: which cells are formulas or dates, and which are merged downwards.
type marks struct {
	formulas map[place]bool
	dates    map[place]bool
	merges   [][2]place // from, to
}

// marksOf reads a sheet to its end, and so finds too whether it is whole: the library takes a broken sheet for one that is over. It
// stops where there is more than may be read. dates are the formats that show a number as one.
func marksOf(part *zip.File, dates map[int]bool, left *allowance) (*marks, error) {
	r, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	m, d, at := &marks{formulas: map[place]bool{}, dates: map[place]bool{}}, xml.NewDecoder(r), place{}
	rows, full, last, cells := 0, 0, -1, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		if text, ok := token.(xml.CharData); ok && len(text) > maxText {
			return nil, errMuch
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			at = place{at.row + 1, 0}
			if n, ok := count(attr(start, "r")); ok {
				at.row = n
			}
			rows++
		case "c":
			at.column++
			if column, _, err := excelize.CellNameToCoordinates(attr(start, "r")); err == nil {
				at.column = column
			}
			if style, ok := count(attr(start, "s")); ok && dates[style] && (attr(start, "t") == "" || attr(start, "t") == "n") || attr(start, "t") == "d" {
				m.dates[at] = true
			}
			cells++
		case "v", "is":
			if at.row != last {
				last, full = at.row, full+1
			}
		case "f":
			m.formulas[at] = true
		case "mergeCell":
			m.merge(attr(start, "ref"))
		}
		if rows > left.passed || full > left.rows || cells > left.cells || len(m.formulas) > maxCells || len(m.merges) > MaxRows {
			return nil, errMuch
		}
	}
}

// datesOf are the formats of cells that show a number as a date or a time, by their place among the formats.
func datesOf(part *zip.File) map[int]bool {
	var styles struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			ID int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if decodePart(part, &styles) != nil {
		return nil
	}
	codes := map[int]string{}
	for _, f := range styles.Formats {
		codes[f.ID] = f.Code
	}
	dates := map[int]bool{}
	for i, c := range styles.Cells {
		code, own := codes[c.ID]
		code = dateless.ReplaceAllString(strings.ToLower(code), "")
		dates[i] = own && code != "general" && strings.ContainsAny(code, "ymd") || !own && (c.ID >= 14 && c.ID <= 22 || c.ID >= 27 && c.ID <= 36 || c.ID >= 45 && c.ID <= 47 || c.ID >= 50 && c.ID <= 58)
	}
	return dates
}

// dateless is what of a format is no part of a date: words, colours and places in brackets, what is written behind a mark.
var dateless = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func count(s string) (n int, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' || n > excelize.TotalRows {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}

// merge keeps what is merged downwards; what is merged across is a title.
func (m *marks) merge(ref string) {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return
	}
	left, top, err1 := excelize.CellNameToCoordinates(from)
	_, bottom, err2 := excelize.CellNameToCoordinates(to)
	if err1 == nil && err2 == nil && bottom > top && left <= maxColumns {
		m.merges = append(m.merges, [2]place{{top, left}, {bottom, left}})
	}
}

// onto marks formulas in the grid, and writes what is merged downwards into each of its rows, as people read it.
func (m *marks) onto(g *grid) error {
	rows := map[int]*line{}
	for i := range g.rows {
		rows[g.rows[i].at] = &g.rows[i]
	}
	for at := range m.formulas {
		if row := rows[at.row]; row != nil && at.column >= 1 && at.column <= maxColumns {
			row.cell(at.column).formula = true
		}
	}
	for at := range m.dates {
		if row := rows[at.row]; row != nil && at.column >= 1 && at.column <= len(row.cells) && row.cells[at.column-1].text != "" {
			row.cells[at.column-1].date = true
		}
	}
	passed := 0
	for _, span := range m.merges {
		top := rows[span[0].row]
		if top == nil || len(top.cells) < span[0].column {
			continue
		}
		if passed += span[1].row - span[0].row; passed > maxPassed {
			return errMuch
		}
		value := top.cells[span[0].column-1]
		for at := span[0].row + 1; at <= span[1].row; at++ {
			if row := rows[at]; row != nil {
				if c := row.cell(span[0].column); c.text == "" {
					*c = value
				}
			}
		}
	}
	return nil
}
