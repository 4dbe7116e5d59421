package paper

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestTableGivesCellsBackAsText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Table(&b, "错误行", []string{"行", "原因"}, [][]string{{"3", "=HYPERLINK(\"http://x\")"}, {"4", "<b>"}}); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := x.GetRows("错误行")
	if err != nil || len(rows) != 3 || rows[1][1] != `=HYPERLINK("http://x")` || rows[2][1] != "<b>" {
		t.Fatalf("%v %v", rows, err)
	}
	if formula, _ := x.GetCellFormula("错误行", "B2"); formula != "" {
		t.Errorf("a cell became the formula %q", formula)
	}
}

func TestTableOfSpoiledRowsCanBeOpened(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Table(&b, "错误行", []string{"行"}, [][]string{{"a\x00b\x1bc"}, {"\xff"}, {strings.Repeat("长", 40000)}, {"19900000001"}, {}}); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := x.GetRows("错误行")
	if err != nil || len(rows) < 5 || rows[1][0] != "a�b�c" || rows[2][0] != "�" || rows[4][0] != "19900000001" {
		t.Fatalf("%.100v %v", rows, err)
	}
	if kind, _ := x.GetCellType("错误行", "A5"); kind != excelize.CellTypeInlineString {
		t.Errorf("a phone is no text but of type %v", kind)
	}
}
