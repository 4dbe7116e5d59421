package roster

import (
	"archive/zip"
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"linli/internal/fault"
)

func load(t testing.TB, names ...string) []File {
	t.Helper()
	var files []File
	for _, name := range names {
		b, err := os.ReadFile("../../assets/ruyihu/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Name: name, Content: b})
	}
	return files
}

func parse(t testing.TB, files ...File) *Table {
	t.Helper()
	table, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWorkbookAndCsvOfTheDistrictSayTheSame(t *testing.T) {
	t.Parallel()
	book := parse(t, load(t, "roster.xlsx")...)
	sheets := parse(t, load(t, "organization.csv", "households.csv", "shops.csv", "staff.csv")...)
	for name, table := range map[string]*Table{"workbook": book, "csv": sheets} {
		got := []int{len(table.Communities), len(table.Rooms), len(table.Households), len(table.Shops), len(table.Staff), len(table.Errors)}
		want := []int{7, 78, 15000, 936, 954, 0} // ten of 964 duties stand there twice
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %v, want %v; %v", name, got, want, table.Errors[:min(3, len(table.Errors))])
				break
			}
		}
		if table.Office.Name != "如意湖街道办事处" {
			t.Errorf("%s: the office is %q", name, table.Office.Name)
		}
	}
	if a, b := unplaced(book), unplaced(sheets); !reflect.DeepEqual(a, b) {
		t.Error("the workbook and the csv files make different tables")
	}
	if book.Duplicates != 10 {
		t.Errorf("%d duplicates", book.Duplicates)
	}
}

// unplaced is a table without the files and rows that it is from.
func unplaced(t *Table) Table {
	out := *t
	out.Headings = nil
	out.Communities, out.Rooms, out.Households = slices.Clone(t.Communities), slices.Clone(t.Rooms), slices.Clone(t.Households)
	out.Shops, out.Staff = slices.Clone(t.Shops), slices.Clone(t.Staff)
	for i := range out.Communities {
		out.Communities[i].From = Row{}
	}
	for i := range out.Rooms {
		out.Rooms[i].From = Row{}
	}
	for i := range out.Households {
		out.Households[i].From = Row{}
	}
	for i := range out.Shops {
		out.Shops[i].From = Row{}
	}
	for i := range out.Staff {
		out.Staff[i].From = Row{}
	}
	return out
}

func TestDoors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ building, entrance, door, want string }{
		{"3号楼", "2单元", "501", "3号楼/2单元/501"},
		{"3", "2", "501", "3号楼/2单元/501"},
		{"三栋", "二单元", "５０１室", "3号楼/2单元/501"},
		{"", "", "3#2-501", "3号楼/2单元/501"},
		{"", "", "3栋2单元501室", "3号楼/2单元/501"},
		{"", "", "3号楼2单元501", "3号楼/2单元/501"},
		{"", "", "３－２－５０１", "3号楼/2单元/501"},
		{"", "", "3-501", "3号楼//501"},
		{"3号楼", "", "2-501", "3号楼/2单元/501"}, // the building has its own cell
		{"3号楼", "", "3-501", "3号楼/3单元/501"},
		{"3号楼", "", "3号楼501", "3号楼//501"},
		{"3号楼", "", "4号楼501", ""},
		{"3号楼", "", "2单元501室", "3号楼/2单元/501"},
		{"", "2单元", "3-501", "3号楼/2单元/501"},
		{"二十一号楼", "十二单元", "五〇一室", "21号楼/12单元/501"},
		{"", "", "二十一栋三单元1203", "21号楼/3单元/1203"},
		{"03", "01单元", "0501", "3号楼/1单元/501"},
		{"3.0", "2.0", "501.0", "3号楼/2单元/501"},
		{"a座", "", "10b", "A号楼//10B"},
		{"东楼", "西单元", "101东户", "东楼/西单元/101东"},
		{"东区3号楼", "1", "101", "东区3号楼/1单元/101"},
		{"百合楼", "", "101", "百合楼//101"},
		{"", "", "3号楼—2单元—501", "3号楼/2单元/501"},
		{"", "", "3#2单元5层501", "3号楼/2单元/501"},
		{"", "", "3＃2#501", "3号楼/2单元/501"},
		{"", "", "3/2/501", "3号楼/2单元/501"},
		{"号楼", "", "501", ""},
		{"3号楼", "单元", "501", ""},
		{"", "", "501", "//501"},
		{"12幢", "", "1802", "12号楼//1802"},
		{"A座", "1单元", "10B", "A号楼/1单元/10B"},
		{"3号楼", "2单元", "3-2-501", "3号楼/2单元/501"},
		{"3号楼", "2单元", "4-2-501", ""},
		{"3号楼", "2单元", "五楼左手", ""},
		{"<b>", "2单元", "501", ""},
		{"", "", "", ""},
	} {
		b, e, d, ok := NormaliseDoor(c.building, c.entrance, c.door)
		got := b + "/" + e + "/" + d
		if !ok {
			got = ""
		}
		if got != c.want {
			t.Errorf("%q %q %q: got %q, want %q", c.building, c.entrance, c.door, got, c.want)
		}
	}
}

const homes = "和园小区居民台账,,,,\n小区名称,楼号,单元,门牌号,户主,手机号码,备注\n" +
	"和园,3,2,501,王丽,199 0000 0001,\n和园,,,3#2-502,李强,19900000002,独居老人\n\n合计,,,,2,,\n"

func TestTitleRowsAliasesTotalsAndOneCellAddresses(t *testing.T) {
	t.Parallel()
	table := parse(t, File{Name: "homes.csv", Content: []byte(homes)})
	if len(table.Households) != 2 || len(table.Errors) != 0 {
		t.Fatalf("%+v %v", table.Households, table.Errors)
	}
	if h := table.Households[0]; h.Label() != "3-2-501" || h.Phone != "19900000001" || h.Building != "3号楼" {
		t.Errorf("%+v", h)
	}
}

func TestEncodingsAndSeparators(t *testing.T) {
	t.Parallel()
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(homes)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(homes)
	if err != nil {
		t.Fatal(err)
	}
	bare := func(order unicode.Endianness) string {
		s, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().String(homes)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, content := range map[string]string{
		"utf-16 big": "\xfe\xff" + bare(unicode.BigEndian), "utf-16 big without mark": bare(unicode.BigEndian),
		"utf-16 without mark": bare(unicode.LittleEndian), "semicolons": strings.ReplaceAll(homes, ",", ";"),
		"cr": strings.ReplaceAll(homes, "\n", "\r"), "quoted": strings.ReplaceAll(homes, "王丽", "\"王丽\""),
		"utf-8": homes, "utf-8 with mark": "\ufeff" + homes, "gb18030": gb, "utf-16": wide,
		"tabs": strings.ReplaceAll(homes, ",", "\t"), "crlf": strings.ReplaceAll(homes, "\n", "\r\n"),
	} {
		if table := parse(t, File{Name: "x.csv", Content: []byte(content)}); len(table.Households) != 2 || table.Households[0].Name != "王丽" {
			t.Errorf("%s: %d households, %v", name, len(table.Households), table.Errors)
		}
	}
}

func TestEachBadRowIsNamedWithItsReason(t *testing.T) {
	t.Parallel()
	table := parse(t, File{Name: "x.csv", Content: []byte("院区,楼栋,单元,房号,户主,电话,人口数\n" +
		"和园,3,2,501,王丽,19900000001,2\n" + // 2
		"和园,3,2,5楼左,王丽,19900000001,2\n" + // 3
		"和园,3,2,502,王丽,1990000,2\n" + // 4
		"和园,3,2,501,李强,19900000002,2\n" + // 5
		",3,2,503,李强,19900000002,2\n" + // 6
		"和园,3,2,504,<script>alert(1)</script>,19900000002,2\n" + // 7
		"和园,3,2,505,=cmd|' /C calc'!A0,19900000002,2\n" + // 8
		"和园,3,2,506,李强,19900000002,很多\n" + // 9
		"和园,3,2,507,李强!,19900000002,2\n")}) // 10
	wantReasons(t, table, map[int]string{3: "door", 5: "duplicate", 6: "noCompound"})
	wantRemarks(t, table, map[int]string{4: "phone", 7: "markup", 8: "markup", 9: "people", 10: "name"})
	if len(table.Households) != 6 {
		t.Errorf("%d households", len(table.Households))
	}
	for _, h := range table.Households[2:4] {
		if h.Name != "" || strings.Contains(h.Note, "script") || strings.Contains(h.Note, "cmd") {
			t.Errorf("%+v", h)
		}
	}
}

func TestWhatIsNoTableIsRefusedInWords(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range MaxUnzipped>>20 + 1 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		code    fault.Code
	}{
		"empty":           {nil, fault.Unreadable},
		"a picture":       {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), fault.Unreadable},
		"a zip of naught": {[]byte("PK\x03\x04 nothing"), fault.Unreadable},
		"an old workbook": {[]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1}, fault.Unreadable},
		"a letter":        {[]byte("尊敬的居民：\n您好。\n"), fault.Unreadable},
		"an open quote":   {[]byte("院区,楼栋,房号,户主\n和园,\"3\"号,501,王丽\n和园,3,502,\"王丽\n和园,3,503,李强\n"), fault.Unreadable},
		"a bomb":          {bomb.Bytes(), fault.TooLarge},
		"too large":       {make([]byte, MaxFile+1), fault.TooLarge},
	} {
		if _, err := Parse([]File{{Name: "roster.xlsx", Content: c.content}}); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFormulasAreNotTrusted(t *testing.T) {
	t.Parallel()
	x := excelize.NewFile()
	for cell, value := range map[string]any{
		"A1": "院区", "B1": "楼栋", "C1": "单元", "D1": "房号", "E1": "户主", "A2": "和园", "B2": 3, "C2": 2, "D2": 501, "E2": "王丽",
		"A3": "和园", "B3": 3, "C3": 2, "D3": 502,
	} {
		if err := x.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.SetCellFormula("Sheet1", "E3", `HYPERLINK("http://example.org","王丽")`); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	table := parse(t, File{Name: "x.xlsx", Content: b.Bytes()})
	if len(table.Households) != 2 || table.Households[1].Name != "" || len(table.Errors) != 0 || len(table.Remarks) != 1 ||
		table.Remarks[0].Reason != "formula" || table.Remarks[0].Row != 3 {
		t.Errorf("%+v %v %v", table.Households, table.Errors, table.Remarks)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(homes))
	f.Add([]byte("级别,名称\n社区,甲\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := Parse([]File{{Name: "x", Content: content}})
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		for _, h := range table.Households {
			if h.Door == "" || h.Compound == "" || strings.ContainsAny(h.Name, "<>") {
				t.Fatalf("%+v", h)
			}
		}
	})
}

func FuzzDoor(f *testing.F) {
	f.Add("3", "2", "501")
	f.Add("", "", "3#2-501")
	f.Fuzz(func(t *testing.T, building, entrance, door string) {
		b, e, d, ok := NormaliseDoor(building, entrance, door)
		if !ok {
			return
		}
		b2, e2, d2, again := NormaliseDoor(b, e, d)
		if !again || b != b2 || e != e2 || d != d2 {
			t.Fatalf("%q %q %q became %q %q %q, and that %q %q %q", building, entrance, door, b, e, d, b2, e2, d2)
		}
	})
}

func BenchmarkParseDistrict(b *testing.B) {
	files := load(b, "roster.xlsx")
	for b.Loop() {
		parse(b, files...)
	}
}
