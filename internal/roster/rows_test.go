package roster

import (
	"maps"
	"strings"
	"testing"

	"linli/internal/fault"
)

func csvOf(rows ...string) File {
	return File{Name: "x.csv", Content: []byte(strings.Join(rows, "\n") + "\n")}
}

// reasonsOf are the reasons by row.
func reasonsOf(t *Table) map[int]string {
	m := map[int]string{}
	for _, e := range t.Errors {
		m[e.Row] = e.Reason
	}
	return m
}

func wantReasons(t *testing.T, table *Table, want map[int]string) {
	t.Helper()
	got := reasonsOf(table)
	for row, reason := range want {
		if got[row] != reason {
			t.Errorf("row %d: got %q, want %q", row, got[row], reason)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, e := range table.Errors {
		if e.Text == "" {
			t.Errorf("no words for %q", e.Reason)
		}
	}
}

// wantRemarks are what is said of rows that are taken, by row.
func wantRemarks(t *testing.T, table *Table, want map[int]string) {
	t.Helper()
	got := map[int]string{}
	for _, e := range table.Remarks {
		got[e.Row] = e.Reason
		if e.Text == "" {
			t.Errorf("no words for %q", e.Reason)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("remarks %v, want %v", got, want)
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	for reason, text := range reasons {
		if text == "" {
			t.Errorf("%q has none", reason)
		}
	}
}

func TestSameRowTwiceIsSkippedAndAContradictionIsNot(t *testing.T) {
	t.Parallel()
	table := parse(t, csvOf(
		"社区,院区,楼栋,单元,房号,户主,电话",
		"湖心社区,和园,3,1,101,王丽,19900000001",
		"湖心社区,和园,３号楼,1单元,0101,王　丽,199-0000-0001",
		"湖心社区,和园,3,1,101,李强,19900000002",
		"湖心社区,和园,,3,1-101,王丽,19900000001",
	))
	wantReasons(t, table, map[int]string{4: "duplicate"})
	if table.Duplicates != 1 || len(table.Households) != 2 {
		t.Errorf("%d duplicates, %d households", table.Duplicates, len(table.Households))
	}
}

func TestARefusedRowIsNoFirstRow(t *testing.T) {
	t.Parallel()
	table := parse(t, csvOf("级别,名称,上级", "办事处,甲街道,", "社区,湖心社区,甲街道", "社区,湖畔社区,甲街道"), File{Name: "homes.csv", Content: []byte(
		"社区,院区,楼栋,房号,户主\n湖西社区,和园,3,101,王丽\n湖心社区,和园,3,101,王丽\n,松园,3,101,王丽\n,和园,3,102,王丽\n")})
	wantReasons(t, table, map[int]string{2: "community", 4: "noCommunity"})
	if len(table.Households) != 2 || table.Households[1].Community != "湖心社区" {
		t.Errorf("%+v", table.Households)
	}
}

func TestOrganizationIsHeldAgainstItself(t *testing.T) {
	t.Parallel()
	wantReasons(t, parse(t, csvOf(
		"级别,代码,名称,上级",
		"办事处,1,甲街道,", "办事处,2,乙街道,", // 2, 3
		"社区,11,湖心社区,甲街道", "社区,11,湖心社区,甲街道", "社区,12,湖心社区,甲街道", // 4, 5, 6
		"群,,和园,湖心社区", "群,,松园,湖西社区", "群,,竹园,", "班,,一班,湖心社区", "群,,"+strings.Repeat("园", 61)+",湖心社区", // 7-11
	)), map[int]string{3: "office", 6: "duplicate", 8: "community", 9: "noAbove", 10: "level", 11: "long"})
}

func TestStaffIsHeldAgainstRoomsAndPhones(t *testing.T) {
	t.Parallel()
	organization := csvOf("级别,名称,上级", "社区,湖心社区,", "群,和园,湖心社区")
	table := parse(t, organization, File{Name: "staff.csv", Content: []byte("群内身份,社区,群,姓名,联系电话,身份\n" +
		"群主,湖心社区,和园,周敏,19900000001,社区工作人员\n" + // 2
		"成员,湖心社区,和园,周敏,19900000001,志愿者\n" + // 3
		"成员,湖心社区,和园,周敏,19900000001,志愿者\n" + // 4, again
		"成员,湖心社区,和园,吴刚,19900000001,志愿者\n" + // 5
		"成员,湖心社区,松园,吴刚,19900000002,志愿者\n" + // 6
		"成员,湖西社区,和园,吴刚,19900000002,志愿者\n" + // 7
		"办事处,,,夏春,19900000003,办事处工作人员\n" +
		"街坊,湖心社区,和园,夏春,19900000003,志愿者\n" + // 9
		"成员,湖心社区,,夏春,19900000003,志愿者\n")}) // 10
	wantReasons(t, table, map[int]string{5: "shared", 6: "room", 7: "community", 9: "role", 10: "noRoom"})
	if len(table.Staff) != 3 || table.Duplicates != 1 {
		t.Errorf("%d staff, %d duplicates", len(table.Staff), table.Duplicates)
	}
}

func TestWhatATableProgramWouldRunIsMarkup(t *testing.T) {
	t.Parallel()
	rows := []string{"院区,楼栋,房号,户主,备注"}
	for i, note := range []string{"=1+1", " =1+1", "＝1+1", "\u200b=cmd", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "<img>", "a\x07b"} {
		rows = append(rows, "和园,3,"+string(rune('1'+i))+"01,王丽,"+note)
	}
	rows = append(rows, "和园,3,1001,王丽,- 独居", "和园,3,1002,王丽,+1 人")
	table := parse(t, csvOf(rows...))
	if len(table.Errors) != 0 || len(table.Households) != 11 || len(table.Remarks) != 9 {
		t.Errorf("%v, %v, %d households", reasonsOf(table), table.Remarks, len(table.Households))
	}
	for i, h := range table.Households { // the door counts, whatever stands beside it
		if (h.Note == "") != (i < 9) {
			t.Errorf("%s: the note is %q", h.Label(), h.Note)
		}
	}
	for _, r := range table.Remarks {
		if r.Reason != "markup" {
			t.Errorf("row %d: %s", r.Row, r.Reason)
		}
	}
}

func TestNamesAreFreedOfWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	table := parse(t, csvOf("院区,楼栋,房号,户主,电话", "和\u200b园,3,501,王\u202e　丽\u3164,１９９００００００１２", "和园,3,502,阿依 古丽·买买提,1.9900000012E+10",
		"和园,3,503,欧 阳 娜 娜,+86 199 0000 0012", "和园,3,504,John  Smith,19900000012/13800000000"))
	wantReasons(t, table, nil)
	for i, want := range []string{"王丽", "阿依古丽·买买提", "欧阳娜娜", "John Smith"} {
		if h := table.Households[i]; h.Name != want || h.Phone != "19900000012" || h.Compound != "和园" {
			t.Errorf("got %+v, want %s", h, want)
		}
	}
	for _, phone := range []string{"1.99E+10", "29900000012", "199****0012", "0371-66000000", "19900000012/1", "/", "1990000001２3"} {
		if got, ok := mobile(plain(phone)); ok {
			t.Errorf("%q is read as %q", phone, got)
		}
	}
}

func TestHeadersInTwoRowsNotesAndRepeatedHeaders(t *testing.T) {
	t.Parallel()
	table := parse(t, csvOf(
		"和园居民台账,,,,,,",
		"序号,小区(院区),住址,,,户主姓名（必填）,联系电话*",
		",,楼栋,单元,房号,,",
		"1,和园,3,2,501,王丽,19900000001",
		"序号,小区,楼栋,单元,房号,户主,电话",
		"2,和园,3,2,502,李强,19900000002",
		",,,,,,",
		"小计：2户,,,,,,",
		",合计,,,2,,",
		"制表人：周敏,,,,审核：吴刚,,",
		"3,和园,3,2,,李强,19900000002",
	))
	wantReasons(t, table, map[int]string{11: "noDoor"})
	if len(table.Households) != 2 || table.Households[0].Label() != "3-2-501" {
		t.Errorf("%+v", table.Households)
	}
}

func TestWholeAddressesInOneColumn(t *testing.T) {
	t.Parallel()
	table := parse(t, csvOf("社区,地址,姓名,电话",
		"百合社区,百合38号院4号楼2单元601,王丽,", "百合社区,百合社区和园3#2-501,王丽,", "百合社区,商务一街院3栋502室,王丽,", "百合社区,和园二十一号楼二单元1203,王丽,",
		"百合社区,501,王丽,"))
	wantReasons(t, table, map[int]string{6: "noCompound"})
	for i, want := range []string{"百合38号院 4-2-601", "和园 3-2-501", "商务一街院 3-502", "和园 21-2-1203"} {
		if h := table.Households[i]; h.Compound+" "+h.Label() != want {
			t.Errorf("got %s %s, want %s", h.Compound, h.Label(), want)
		}
	}
	table = parse(t, csvOf("小区,住址,姓名", "百合38号院,百合38号院4号楼2单元601,王丽"))
	if len(table.Households) != 1 || table.Households[0].Label() != "4-2-601" {
		t.Errorf("%+v %v", table.Households, table.Errors)
	}
}

func TestFilesTogetherMakeOneTable(t *testing.T) {
	t.Parallel()
	files := load(t, "households.csv")
	table := parse(t, append(files, files...)...)
	if len(table.Households) != 15000 || table.Duplicates != 15000 || len(table.Errors) != 0 {
		t.Errorf("%d households, %d duplicates, %d errors", len(table.Households), table.Duplicates, len(table.Errors))
	}
	if table.Has[StaffSheet] || !table.Has[Homes] {
		t.Errorf("sheets %v", table.Has)
	}
	if _, err := Parse(append(files, File{Name: "empty.csv", Content: nil})); !fault.Is(err, fault.Unreadable) {
		t.Errorf("an empty file among good ones: %v", err)
	}
}
