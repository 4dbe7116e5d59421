package paper

import (
	"bytes"
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

func TestPosterIsOnePageWithItsFontInside(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := Poster(&b, PosterText{Office: "如意湖街道办事处", Community: "湖心社区", Room: "和园3号楼", Owner: "周社工", URL: "http://localhost:8080/join/l0"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) || bytes.Count(b.Bytes(), []byte("/Type /Page\n")) != 1 || !bytes.Contains(b.Bytes(), []byte("/FontFile2")) {
		t.Errorf("%d bytes, not one page with an embedded font", b.Len())
	}
}
