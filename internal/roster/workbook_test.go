package roster

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"linli/internal/fault"
)

// written is a workbook that the library writes, with one sheet.
func written(t testing.TB, fill func(x *excelize.File) error) File {
	t.Helper()
	x := excelize.NewFile()
	if err := fill(x); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return File{Name: "x.xlsx", Content: b.Bytes()}
}

func rowsOf(x *excelize.File, rows ...[]any) error {
	for i, row := range rows {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			return err
		}
	}
	return nil
}

// packed is a workbook put together by hand around the XML of its sheet.
func packed(t testing.TB, sheet string, more map[string]string) File {
	t.Helper()
	const ns = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	const rels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/></Relationships>`
	parts := map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":                fmt.Sprintf(rels, "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml":            `<workbook ` + ns + `><sheets><sheet name="居民" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": fmt.Sprintf(rels, "worksheet", "elsewhere/s.xml"),
		"xl/elsewhere/s.xml":         `<worksheet ` + ns + `>` + sheet + `</worksheet>`,
	}
	for name, text := range more {
		parts[name] = text
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return File{Name: "x.xlsx", Content: b.Bytes()}
}

// sheets is a workbook with a sheet for each name.
func sheets(t *testing.T, all map[string][][]any) File {
	t.Helper()
	return written(t, func(x *excelize.File) error {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if _, err := x.NewSheet(name); err != nil {
				return err
			}
			for i, row := range all[name] {
				if err := x.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
					return err
				}
			}
		}
		return x.DeleteSheet("Sheet1")
	})
}

// zipped is a zip with one part of a name.
func zipped(t *testing.T, name, part string) File {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create(part); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return File{Name: name, Content: b.Bytes()}
}

func inline(ref, text string) string {
	return fmt.Sprintf(`<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, ref, text)
}

var head = `<row r="1">` + inline("A1", "院区") + inline("B1", "楼栋") + inline("C1", "房号") + inline("D1", "户主") + `</row>`

func TestMergedCellsSpeakForAllTheirRows(t *testing.T) {
	t.Parallel()
	table := parse(t, written(t, func(x *excelize.File) error {
		if err := rowsOf(x, []any{"和园居民台账"}, []any{"序号", "院区", "楼栋", "房号", "户主"}, []any{1, "和园", 3, 501, "王丽"},
			[]any{2, nil, nil, 502, "李强"}, []any{3, nil, 4, 501, "周敏"}, []any{4, nil, nil, 502, "吴刚"}); err != nil {
			return err
		}
		for _, m := range [][2]string{{"A1", "E1"}, {"B3", "B5"}, {"C3", "C4"}} {
			if err := x.MergeCell("Sheet1", m[0], m[1]); err != nil {
				return err
			}
		}
		return nil
	}))
	wantReasons(t, table, map[int]string{6: "noCompound"}) // below the merged cells, and in none of them
	if len(table.Households) != 3 {
		t.Fatalf("%+v", table.Households)
	}
	for i, want := range []string{"3-501", "3-502", "4-501"} {
		if h := table.Households[i]; h.Compound != "和园" || h.Label() != want {
			t.Errorf("got %s %s, want %s", h.Compound, h.Label(), want)
		}
	}
}

func TestFormulasBesideTheRosterDoNoHarm(t *testing.T) {
	t.Parallel()
	table := parse(t, written(t, func(x *excelize.File) error {
		if err := rowsOf(x, []any{"序号", "院区", "楼栋", "房号", "户主"}, []any{1, "和园", 3, 501, "王丽"}, []any{2, "和园", 3, 502, "#N/A"},
			[]any{"合计"}); err != nil {
			return err
		}
		for cell, formula := range map[string]string{"A2": "ROW()-1", "H2": "NOW()", "D4": "COUNTA(D2:D3)"} {
			if err := x.SetCellFormula("Sheet1", cell, formula); err != nil {
				return err
			}
		}
		return nil
	}))
	wantReasons(t, table, nil)
	wantRemarks(t, table, map[int]string{3: "formula"})
}

func TestFormulasAreSeenWhereverTheSheetLiesAndHoweverItIsSpelt(t *testing.T) {
	t.Parallel()
	row := func(n int, door string) string {
		return fmt.Sprintf(`<row r="%d">%s%s%s%s</row>`, n, inline(fmt.Sprint("A", n), "和园"), inline(fmt.Sprint("B", n), "3"), door,
			inline(fmt.Sprint("D", n), "王丽"))
	}
	table := parse(t, packed(t, `<sheetData>`+head+row(2, `<c r="C2"><v>501</v></c>`)+row(3, `<c r="C3"><f>500+2</f><v>502</v></c>`)+
		row(4, `<c r="C4"><f t="shared" si="0"/><v>503</v></c>`)+row(5, "<c r=\"C5\"><f\n>1</f><v>504</v></c>")+`</sheetData>`, nil))
	wantReasons(t, table, map[int]string{3: "formula", 4: "formula", 5: "formula"})
	if len(table.Households) != 1 {
		t.Errorf("%+v", table.Households)
	}
}

func TestManyFormulasTakeNoLonger(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`<sheetData>` + head)
	for n := 2; n < 20_000; n++ {
		fmt.Fprintf(&b, `<row r="%d"><c r="A%d"><f>1</f><v>1</v></c><c r="D%d"><f>1</f><v>1</v></c></row>`, n, n, n)
	}
	b.WriteString(`</sheetData>`)
	table := parse(t, packed(t, b.String(), nil))
	if len(table.Errors) != 19_998 {
		t.Errorf("%d errors", len(table.Errors))
	}
}

func TestACellFarBelowIsNoLongTable(t *testing.T) {
	t.Parallel()
	table := parse(t, packed(t, `<sheetData>`+head+`<row r="2">`+inline("A2", "和园")+inline("B2", "3")+inline("C2", "501")+inline("D2", "王丽")+
		`</row><row r="1048576"><c r="A1048576" s="1"/></row></sheetData>`, nil))
	wantReasons(t, table, nil)
	if len(table.Households) != 1 {
		t.Errorf("%+v", table.Households)
	}
}

func TestWorkbooksThatAskForTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	wide := func(n int) string {
		var b strings.Builder
		b.WriteString(`<sheetData>` + head)
		for i := range n {
			fmt.Fprintf(&b, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+2, i+2)
		}
		return b.String() + `</sheetData>`
	}
	long := strings.Builder{}
	long.WriteString(`<sheetData>` + head)
	for i := range MaxRows + 1 {
		fmt.Fprintf(&long, `<row r="%d"><c r="A%d"><v>1</v></c></row>`, i+2, i+2)
	}
	long.WriteString(`</sheetData>`)
	merges := `<sheetData>` + head + `</sheetData><mergeCells>` + strings.Repeat(`<mergeCell ref="A1:A1048576"/>`, 1000) + `</mergeCells>`
	good := `<sheetData>` + head + `</sheetData>`
	for name, c := range map[string]struct {
		file File
		code fault.Code
	}{
		"too wide":                {packed(t, wide(2000), nil), fault.TooLarge},
		"full of cells":           {packed(t, `<sheetData>`+strings.Repeat(`<row>`+strings.Repeat(`<c/>`, 16384)+`</row>`, 160)+`</sheetData>`, nil), fault.TooLarge},
		"a cell without end":      {packed(t, `<sheetData>`+head+`<row r="2">`+inline("A2", strings.Repeat("和", 50_000))+`</row></sheetData>`, nil), fault.TooLarge},
		"too long":                {packed(t, long.String(), nil), fault.TooLarge},
		"merged over and over":    {packed(t, merges, nil), fault.TooLarge},
		"broken off":              {packed(t, `<sheetData>`+head+`<row r="2"><c`, nil), fault.Unreadable},
		"a sheet that is nowhere": {packed(t, good, map[string]string{"xl/_rels/workbook.xml.rels": strings.ReplaceAll(relations, "s.xml", "t.xml")}), fault.Unreadable},
		"a part twice":            {packed(t, good, map[string]string{"xl/ELSEWHERE/s.xml": good}), fault.Unreadable},
		"no workbook":             {packed(t, good, map[string]string{"xl/workbook.xml": "<html/>"}), fault.Unreadable},
	} {
		if _, err := Parse([]File{c.file}); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
	`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="elsewhere/s.xml"/></Relationships>`

// FuzzSheet feeds the XML of a sheet inside a sound workbook: bytes that change a zip at random rarely get past its checksums.
func FuzzSheet(f *testing.F) {
	f.Add(`<sheetData>` + head + `<row r="2">` + inline("A2", "和园") + inline("C2", "3#2-501") + `</row></sheetData><mergeCells><mergeCell ref="A1:A9"/></mergeCells>`)
	f.Add(`<sheetData><row r="0"><c r="A0"><f/></c></row><row r="-1"/><row r="99999999999"/></sheetData>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		if _, err := Parse([]File{packed(t, sheet, nil)}); err != nil && fault.Of(err) == nil {
			t.Fatalf("not a fault: %v", err)
		}
	})
}
