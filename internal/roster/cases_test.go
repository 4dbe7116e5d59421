package roster

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"linli/internal/fault"
)

// from is a file as somebody brought it, in testdata.
func from(t *testing.T, name string) File {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return File{Name: name, Content: b}
}

// homesOf are the homes as compound building/entrance/door.
func homesOf(table *Table) (list []string) {
	for _, h := range table.Households {
		list = append(list, fmt.Sprintf("%s %s/%s/%s", h.Compound, h.Building, h.Entrance, h.Door))
	}
	return list
}

func wantHomes(t *testing.T, table *Table, want ...string) {
	t.Helper()
	if got := homesOf(table); !slices.Equal(got, want) {
		t.Errorf("homes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func wantQuestions(t *testing.T, table *Table, want ...string) {
	t.Helper()
	var got []string
	for _, q := range table.Questions {
		got = append(got, fmt.Sprintf("%s %s %d %s", q.Sheet, q.What, q.Rows, q.Guess))
	}
	if !slices.Equal(got, want) {
		t.Errorf("questions %q, want %q", got, want)
	}
}

// peopleIn are the people of a home with their phones.
func peopleIn(h Household) (list []string) {
	for i, name := range h.Names {
		list = append(list, strings.TrimSpace(name+" "+h.Phones[i]))
	}
	return list
}

func TestATableWithoutACompoundIsAskedForItOnce(t *testing.T) {
	t.Parallel()
	f := from(t, "without-a-compound.xlsx")
	table := parse(t, f)
	wantQuestions(t, table, "Sheet1 compound 2 ")
	wantHomes(t, table)
	wantReasons(t, table, nil)
	f.Places = map[string]Place{"Sheet1": {Compound: "和园"}}
	table = parse(t, f)
	wantQuestions(t, table)
	wantHomes(t, table, "和园 1号楼/A单元/1234", "和园 2号楼/C单元/1234")
	if !slices.Equal(table.Headings[0].Left, []string{"用户名"}) {
		t.Errorf("left out: %q", table.Headings[0].Left)
	}
	simple := csvOf("门牌,住户,电话", "3-2-501,王丽,13800000501", "3-2-502,李强,")
	wantQuestions(t, parse(t, simple), "x.csv compound 2 ")
	simple.Places = map[string]Place{"x.csv": {Compound: "和 园", Community: "湖心社区"}}
	table = parse(t, simple)
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502")
	if table.Households[0].Community != "湖心社区" {
		t.Errorf("%+v", table.Households[0])
	}
	simple.Places = map[string]Place{"x.csv": {Compound: strings.Repeat("园", 61)}}
	if _, err := Parse([]File{simple}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("%v", err)
	}
}

func TestARowForEachPersonMakesOneHomeWithAllOfThem(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "a-row-for-each-person.csv"))
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502")
	for i, want := range [][]string{{"王丽 13800000501", "李强 13800000502", "李小明"}, {"赵敏 13800000503"}} {
		if h := table.Households[i]; !slices.Equal(peopleIn(h), want) || h.People != len(want) {
			t.Errorf("%q, %d people; want %q", peopleIn(h), h.People, want)
		}
	}
	if h := table.Households[0]; h.Name != "王丽、李强、李小明" || h.Phone != "13800000501、13800000502、" {
		t.Errorf("%+v", h)
	}
	// Without a relation what belongs to one person says it; with the head in each row, the row is about who stands beside.
	table = parse(t, csvOf("小区,楼栋,单元,房号,户主,姓名,与户主关系,手机", "和园,3,2,501,王丽,王丽,户主,13800000501", "和园,3,2,501,王丽,李强,配偶,13800000502"))
	if len(table.Households) != 1 || !slices.Equal(peopleIn(table.Households[0]), []string{"王丽 13800000501", "李强 13800000502"}) {
		t.Errorf("%+v %v", table.Households, table.Errors)
	}
	table = parse(t, csvOf("小区,楼栋,单元,房号,姓名,性别,身份证号", "和园,3,2,501,王丽,女,", "和园,3,2,501,李强,男,", "和园,3,2,502,赵敏,女,"))
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502")
	wantReasons(t, table, nil)
	// Tenants beside their landlords are people of the home, with their own phones.
	table = parse(t, csvOf("小区,房号,业主姓名,业主电话,租户姓名,租户电话", "和园,3-2-501,王丽,13800000501,李强,13800000502"))
	if !slices.Equal(peopleIn(table.Households[0]), []string{"王丽 13800000501", "李强 13800000502"}) {
		t.Errorf("%q", peopleIn(table.Households[0]))
	}
}

func TestASheetForEachBuilding(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "a-sheet-for-each-building.xlsx"))
	wantHomes(t, table, "和园 1号楼/1单元/101", "和园 1号楼/1单元/102", "和园 2号楼/1单元/101", "和园 2号楼/1单元/102")
	wantQuestions(t, table)
	table = parse(t, from(t, "a-sheet-for-each-building-under-its-title.xlsx"))
	wantHomes(t, table, "和园小区 1号楼/1单元/101", "和园小区 2号楼/1单元/101")
	wantQuestions(t, table)
	if p := table.Headings[1].Place; p.Compound != "和园小区" || p.Building != "2号楼" {
		t.Errorf("%+v", p) // a word about where it comes from
	}
	// A file for each building, and lines between the homes that say where the next ones are.
	one := File{Name: "和园小区5号楼住户表.csv", Content: []byte("小区,单元,房号,户主\n和园小区,1,101,王丽\n")}
	wantHomes(t, parse(t, one), "和园小区 5号楼/1单元/101")
	table = parse(t, csvOf("小区,单元,房号,户主", "1号楼,,,", "和园,1,101,王丽", "2号楼,,,", "和园,1,101,李强"))
	wantHomes(t, table, "和园 1号楼/1单元/101", "和园 2号楼/1单元/101")
	wantReasons(t, table, nil)
}

func TestTablesSideBySideAreBothRead(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "side-by-side.csv"))
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502", "和园 3号楼/2单元/601", "和园 3号楼/2单元/602")
	if table.Households[2].Name != "赵敏" || table.Households[2].Phone != "13800000503" {
		t.Errorf("%+v", table.Households[2])
	}
	table = parse(t, csvOf("序号,小区,房号,户主,,序号,房号,户主", "1,和园,3-2-501,王丽,,2,3-2-601,赵敏", "3,和园,3-2-502,李强,,,,"))
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502", "和园 3号楼/2单元/601")
	wantReasons(t, table, nil)
	// One under the other, with columns of its own.
	table = parse(t, csvOf("小区,房号,户主", "和园,3-2-501,王丽", "", "户主,电话,房号,小区", "李强,13800000502,3-2-502,和园"))
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502")
	// What can be no table of its own is said not to be taken.
	table = parse(t, csvOf("小区,房号,户主,房号", "和园,3-2-501,王丽,3-2-601"))
	if len(table.Households) != 1 || !slices.Equal(table.Headings[0].Left, []string{"房号"}) {
		t.Errorf("%+v %+v", table.Households, table.Headings)
	}
}

func TestDoorsThatBecameDatesAreRefusedAsDates(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "door-that-became-a-date.xlsx"))
	wantReasons(t, table, map[int]string{3: "date"})
	wantHomes(t, table, "和园 3号楼//21")
	table = parse(t, from(t, "doors-that-became-dates.csv"))
	wantReasons(t, table, map[int]string{2: "date", 3: "date", 4: "date"})
	for _, door := range []string{"3月12日", "3月", "2024年3月12日", "2024-03-12", "2024-3-12 00:00:00", "12-Mar-24", "Mar-2012", "1-Dec", "2024.3.12", "12月3号", "2024/3"} {
		wantReasons(t, parse(t, csvOf("小区,房号,户主", "和园,"+door+",王丽", "和园,3-2-501,王丽")), map[int]string{2: "date"})
		wantReasons(t, parse(t, csvOf("小区,楼栋,房号", "和园,"+door+",501", "和园,3,501")), map[int]string{2: "date"})
	}
	for _, door := range []string{"3-12", "3-2-12", "3/2/501", "12-3-2024"} {
		wantReasons(t, parse(t, csvOf("小区,房号,户主", "和园,"+door+",王丽")), nil)
	}
}

func TestASignForNoEntranceIsNone(t *testing.T) {
	t.Parallel()
	wantHomes(t, parse(t, from(t, "signs-for-no-entrance.csv")), "和园 3号楼//501", "和园 3号楼//502", "和园 3号楼//503")
	for _, sign := range []string{"——", "\\", "暂无", "没有", "0", "／", "N/A", "*"} {
		wantHomes(t, parse(t, csvOf("小区,楼栋,单元,房号", "和园,3,"+sign+",501")), "和园 3号楼//501")
	}
}

func TestHeadersOfCompaniesAreKnown(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "headers-of-a-company.csv"))
	wantHomes(t, table, "和园 3号楼/2单元/501")
	wantQuestions(t, table)
	if h := table.Households[0]; h.Community != "湖心" || h.Name != "王丽" || h.Phone != "13800000501" {
		t.Errorf("%+v", h)
	}
	for _, header := range []string{
		"楼盘名称,楼座,单元名称,房间号,产权人姓名,联系人手机", "所在小区,幢号,梯,室,住户名称,联系号码", "项目名称,楼栋名称,单元门,房间编号,业主名称,手机号码（必填）",
		"*小区,*楼栋,*单元,*房号,*业主姓名,*手机号", "小 区,楼 栋,单 元,房 号,户 主,电 话", "小區,樓棟,單元,房號,戶主,電話", "小区名称:,栋/幢,单元/梯,房号/室号,业主（产权人）,电话/手机",
	} {
		table := parse(t, csvOf(header, "和园,3,2,501,王丽,13800000501"))
		wantQuestions(t, table)
		if len(table.Households) != 1 || table.Households[0].Label() != "3-2-501" || table.Households[0].Name != "王丽" || table.Households[0].Phone != "13800000501" {
			t.Errorf("%s: %+v %v", header, table.Households, table.Errors)
		}
	}
	wantHomes(t, parse(t, csvOf("小区,楼栋-单元-房号,业主", "和园,3-2-501,王丽")), "和园 3号楼/2单元/501")
	wantHomes(t, parse(t, csvOf("小区,楼栋单元房号,业主", "和园,3-2-501,王丽")), "和园 3号楼/2单元/501")
}

// Never one home of two rows: what is a guess is filled in and asked.
func TestHeadersHalfKnownAreAskedWithWhatIsKnownFilledIn(t *testing.T) {
	t.Parallel()
	f := from(t, "headers-half-known.csv")
	table := parse(t, f)
	wantQuestions(t, table, "headers-half-known.csv columns 2 ")
	want := []string{"compound", "building", "entrance", "door", "name", "phone"}
	if h := table.Headings[0]; !h.Unsure || !slices.Equal(h.Columns, want) {
		t.Errorf("%+v", h)
	}
	f.Columns = map[string][]string{f.Name: want}
	table = parse(t, f)
	wantQuestions(t, table)
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 4号楼/2单元/501")
	// A column of which nobody knows anything, where the building is missing.
	table = parse(t, csvOf("小区,甲,单元,房号,户主,电话", "和园,3,2,501,王丽,", "和园,4,2,501,李强,"))
	wantQuestions(t, table, "x.csv columns 2 ")
	if !slices.Equal(table.Headings[0].Left, []string{"甲"}) {
		t.Errorf("%q", table.Headings[0].Left)
	}
	// And one without a name, in front of which nothing else is missing.
	wantQuestions(t, parse(t, csvOf("小区,楼栋,单元,房号,户主,", "和园,3,2,501,王丽,13800000501")), "x.csv columns 1 ")
}

func TestThePlaceInALineAboveIsTaken(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "place-in-a-line-above.csv"))
	wantHomes(t, table, "和园 3号楼/2单元/501")
	if h := table.Households[0]; h.Community != "湖心社区" || h.People != 3 {
		t.Errorf("%+v", h)
	}
	for _, above := range []string{"小区,和园,,社区,湖心社区", "社区:湖心社区 小区:和园", "所属小区： 和园 所属社区： 湖心社区", "2026年湖心社区和园小区居民信息登记表"} {
		table := parse(t, csvOf(above, "楼号,单元,房号,户主,电话", "3,2,501,王丽,"))
		if len(table.Households) != 1 || table.Households[0].Community != "湖心社区" || !strings.HasPrefix(table.Households[0].Compound, "和园") {
			t.Errorf("%s: %+v %+v", above, table.Households, table.Questions)
		}
	}
}

func TestAShortenedCommunityIsTheSame(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "community.csv"), from(t, "community-shortened.csv"))
	wantReasons(t, table, nil)
	for _, h := range table.Households {
		if h.Community != "湖心社区" {
			t.Errorf("%+v", h)
		}
	}
	if len(table.Households) != 2 {
		t.Errorf("%+v", table.Households)
	}
	table = parse(t, csvOf("社区,小区,房号", "湖心,和园,3-2-501", "湖心社区居民委员会,和园,3-2-502", "湖心社区,和园,3-2-503"))
	for _, h := range table.Households {
		if h.Community != "湖心社区" {
			t.Errorf("%+v", h)
		}
	}
}

func TestWaysToWriteADoorInOneCell(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "doors-in-one-cell.csv"))
	wantHomes(t, table, "院1 12号楼//302", "院2 3号楼/2单元/501", "院3 3号楼//501", "院4 3号楼//501", "院5 3号楼//附1号", "院6 3号楼/1单元/501",
		"院7 3号楼/1单元/501东", "院8 3号楼/1单元/501跃层", "院9 3号楼/1单元/地下室2", "院10 3号楼/1单元/-101", "院11 3号楼/1单元/501-502",
		"院12 3号楼/1单元/501、502", "院13 3号楼/1单元/1001-A", "院14 3号楼//商铺12", "院15 //平房12号", "院20 3号楼/1单元/501")
	wantReasons(t, table, nil)
	wantRemarks(t, table, map[int]string{11: "below", 17: "aside"})
}

func TestWaysToWriteADoorInThreeCells(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "doors-in-three-cells.csv"))
	wantHomes(t, table, "院1 3号楼/2单元/501", "院2 3号楼//附1号", "院3 3号楼/1单元/地下室", "院4 3号楼/1单元/5楼东户", "院5 3号楼/1单元/中东", "院6 3号楼A座/1单元/501",
		"院7 3-1号楼/1单元/501", "院8 3号楼/1单元/501", "院12 3号楼/2单元/501", "院13 3号楼/1单元/501-1", "院14 3号楼//门面3")
	wantReasons(t, table, nil)
}

func TestMoreWaysToWriteADoor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ building, entrance, door, want string }{
		{"", "", "第12幢302", "12号楼//302"}, {"", "", "8号1单元302室", "8号楼/1单元/302"}, {"", "", "3号楼2单元5层东户", "3号楼/2单元/5楼东户"},
		{"", "", "3号楼2单元6层东户", "3号楼/2单元/6楼东户"}, {"", "", "3-2-附1号", "3号楼/2单元/附1号"}, {"", "", "3-2-501-1", "3号楼/2单元/501-1"},
		{"", "", "3号楼1单元负101", "3号楼/1单元/负101"}, {"3", "1", "-101", "3号楼/1单元/-101"}, {"3", "1", "－102", "3号楼/1单元/-102"}, {"3", "1", "负101", "3号楼/1单元/-101"},
		{"3", "1", "5楼501", "3号楼/1单元/501"}, {"3", "1", "1-501", "3号楼/1单元/501"}, {"3", "1", "501-601", "3号楼/1单元/501-601"}, {"12号楼A座", "", "1503", "12号楼A座//1503"},
		{"", "", "12号楼A座-1503", "12号楼A座//1503"}, {"3号楼(东)", "1", "501", "东3号楼/1单元/501"}, {"平房", "", "12", "平房//12"}, {"", "", "3号楼1单元501室(王家)", "3号楼/1单元/501"},
		{"3", "甲单元", "501", "3号楼/甲单元/501"}, {"3", "1", "储藏间5", "3号楼/1单元/储藏间5"}, {"3", "1", "501附1", "3号楼/1单元/501附1"}, {"3", "1", "A501", "3号楼/1单元/A501"},
		{"", "", "①号楼②单元501", "1号楼/2单元/501"}, {"", "", "三号楼二单元五楼502", "3号楼/2单元/502"}, {"3号楼", "第二单元", "501户", "3号楼/2单元/501"},
		{"", "", "501-502", "//501-502"}, {"", "", "12-501", "12号楼//501"}, {"", "", "1001-A", "//1001-A"}, {"", "", "3号楼501-502", "3号楼//501-502"},
		{"", "", "3號樓2單元501室", "3号楼/2单元/501"}, {"3號樓", "東單元", "501東戶", "3号楼/东单元/501东"}, {"3号楼", "2单元", "3-1-501", ""}, {"3-1", "", "501", ""},
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
	// Where a table has a dash before every door, none of them is below the ground.
	wantHomes(t, parse(t, csvOf("小区,房号", "和园,3号楼1单元-101", "和园,3号楼1单元-501")), "和园 3号楼/1单元/101", "和园 3号楼/1单元/501")
}

func TestOneCharacterThatCannotBeReadCostsItsCellAndNoMore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gb18030-with-a-character-of-its-own.csv", "utf8-with-a-cut-character.csv"} {
		table := parse(t, from(t, name))
		wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502", "和园 3号楼/2单元/503")
		wantRemarks(t, table, map[int]string{3: "character"})
		if table.Households[0].Name != "王丽" || table.Households[1].Name != "" || table.Households[2].Name != "赵敏" {
			t.Errorf("%s: %+v", name, table.Households)
		}
	}
	table := parse(t, csvOf("小区,房号,户主", "和园,3-2-50\xe4,王丽", "和园,3-2-502,王丽"))
	wantReasons(t, table, map[int]string{2: "character"})
	if _, err := Parse([]File{csvOf("小区,房号,户主", strings.Repeat("\xff\xfe\x81", 200))}); !fault.Is(err, fault.Unreadable) {
		t.Errorf("nothing but noise: %v", err)
	}
	// A file that was cut within its last character.
	whole := "小区,房号,户主\n和园,3-2-501,王丽\n和园,3-2-502,李强"
	table = parse(t, File{Name: "x.csv", Content: []byte(whole[:len(whole)-1])})
	wantHomes(t, table, "和园 3号楼/2单元/501", "和园 3号楼/2单元/502")
	wantRemarks(t, table, map[int]string{3: "character"})
}

func TestNamesNeverCostADoor(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "names.csv"))
	wantReasons(t, table, nil)
	want := map[string][]string{
		"101": {"王〇"}, "102": {"O'Brien"}, "103": {"王丽", "李强"}, "104": {"王丽", "李强"}, "105": {"王丽", "李强"}, "106": {"王丽", "李强"}, "107": {"王丽"},
		"108": {"王丽"}, "109": nil, "110": nil, "111": nil, "112": {"买买提·吐尔逊"}, "113": {"买买提·吐尔逊"}, "114": {"高文"}, "115": {"王䶮"},
		"116": {"王丽"}, "117": {"XX公司2号仓"},
	}
	if len(table.Households) != len(want) {
		t.Fatalf("%d homes", len(table.Households))
	}
	for _, h := range table.Households {
		if !slices.Equal(h.Names, want[h.Door]) {
			t.Errorf("%s: %q, want %q", h.Door, h.Names, want[h.Door])
		}
	}
	wantRemarks(t, table, map[int]string{9: "nameRest", 10: "nameRest", 11: "name", 12: "name"})
	if h := table.Households[15]; h.Phone != "13800000501" {
		t.Errorf("the phone beside the name: %+v", h)
	}
	for cell, want := range map[string]string{
		"王丽/李强": "王丽、李强", "王丽 李强 赵敏": "王丽、李强、赵敏", "王丽和李强": "王丽、李强", "欧阳 娜娜": "欧阳娜娜", "欧阳娜娜 李强": "欧阳娜娜、李强", "王 丽": "王丽", "王　丽": "王丽",
		"John Smith": "John Smith", "诸葛 孔明": "诸葛孔明", "阿依 古丽": "阿依古丽", "买买提･吐尔逊": "买买提·吐尔逊", "王丽13800000501": "王丽", "空置": "", "无": "",
		"王丽、王丽": "王丽", "王丽(李强)": "王丽", "欧阳和平": "欧阳和平", "李和平": "李和平", "D’Angelo、王丽": "D'Angelo、王丽",
	} {
		table := parse(t, csvOf("小区,房号,户主", `和园,3-1-101,"`+cell+`"`))
		if len(table.Households) != 1 || table.Households[0].Name != want {
			t.Errorf("%q: %+v %v", cell, table.Households, table.Errors)
		}
	}
}

func TestPhonesNeverCostADoor(t *testing.T) {
	t.Parallel()
	table := parse(t, from(t, "phones.csv"))
	wantReasons(t, table, nil)
	const one = "13800000501"
	want := map[string][2]string{
		"101": {"", "0371-65551234"}, "102": {one, "0371-65551234"}, "103": {one, "13900000501"}, "104": {one, "13900000501"}, "105": {one, "儿子"},
		"106": {one, "王强"}, "107": {}, "108": {}, "109": {}, "110": {}, "111": {"", "138****0501"}, "112": {one}, "113": {one}, "114": {one}, "115": {one},
		"116": {one}, "117": {"", "+852 6123 4567"}, "118": {one},
	}
	if len(table.Households) != len(want) {
		t.Fatalf("%d homes", len(table.Households))
	}
	for _, h := range table.Households {
		if got := [2]string{h.Phone, h.Note}; got != want[h.Door] || h.Name != "王丽" {
			t.Errorf("%s: %q, want %q", h.Door, got, want[h.Door])
		}
	}
	wantRemarks(t, table, map[int]string{2: "phone", 3: "phoneRest", 4: "phones", 5: "phones", 7: "phoneRest", 8: "phoneRest", 13: "phone", 19: "phone"})
	table = parse(t, csvOf("小区,房号,户主,电话", "和园,3-1-101,王丽、李强,13800000501/13900000501"))
	if !slices.Equal(peopleIn(table.Households[0]), []string{"王丽 13800000501", "李强 13900000501"}) || len(table.Remarks) > 0 {
		t.Errorf("two people and two phones: %q", peopleIn(table.Households[0]))
	}
}

func TestWhatIsNotReallyAWorkbookIsToBeSavedAsOne(t *testing.T) {
	t.Parallel()
	files := []File{
		from(t, "page-called-xls.xls"), from(t, "spreadsheetml-2003.xls"), from(t, "opendocument.ods"),
		{Name: "old.xls", Content: []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1}},
		{Name: "page.xls", Content: []byte("\ufeff\n<TABLE><tr><td>小区</td></tr></TABLE>")},
		{Name: "single.xls", Content: []byte("MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>")},
		{Name: "sylk.xls", Content: []byte("ID;PWXL;N;E\nC;Y1;X1;K\"a\"\n")}, {Name: "a.pdf", Content: []byte("%PDF-1.7\n")},
		zipped(t, "binary.xlsb", "xl/workbook.bin"), zipped(t, "a.numbers", "Index/Document.iwa"), zipped(t, "a.docx", "word/document.xml"),
	}
	for _, f := range files {
		_, err := Parse([]File{f})
		if is := fault.Of(err); is == nil || is.Code != fault.Unreadable || is.With["save"] != ".xlsx" || is.With["file"] != f.Name {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

// No sheet is left out without a word: one that may be a table is asked for, a page of text is named.
func TestNoSheetIsDroppedWithoutAWord(t *testing.T) {
	t.Parallel()
	f := sheets(t, map[string][][]any{
		"居民": {{"小区", "房号", "户主"}, {"和园", "3-2-501", "王丽"}},
		"说明": {{"请按表填写，不要改动表头。"}, {"填好后发给居委会。"}},
		"其它": {{"甲", "乙", "丙"}, {"和园", "3-2-502", "李强"}, {"和园", "3-2-503", "赵敏"}},
	})
	table := parse(t, f)
	wantHomes(t, table, "和园 3号楼/2单元/501")
	wantQuestions(t, table, "其它 columns 2 ")
	if len(table.Skipped) != 2 {
		t.Errorf("%+v", table.Skipped)
	}
	f.Columns = map[string][]string{"其它": {"", "", ""}} // leave it out
	table = parse(t, f)
	wantQuestions(t, table)
	if len(table.Skipped) != 2 {
		t.Errorf("%+v", table.Skipped)
	}
	f.Columns = map[string][]string{"其它": {"compound", "door", "name"}}
	if table = parse(t, f); len(table.Households) != 3 || len(table.Skipped) != 1 {
		t.Errorf("%q %+v", homesOf(table), table.Skipped)
	}
}

// What may be read is of a whole upload: many files have no more rows than one.
func TestTheRowLimitIsOfAllFilesTogether(t *testing.T) {
	t.Parallel()
	var half strings.Builder
	half.WriteString("小区,房号\n")
	for i := range MaxRows/2 + 10 {
		fmt.Fprintf(&half, "和园,3-2-%d\n", i%900+100)
	}
	f := File{Name: "a.csv", Content: []byte(half.String())}
	if _, err := Parse([]File{f, f}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("%v", err)
	}
}
