package roster

import (
	"regexp"
	"slices"
	"strings"
)

// column is what a column means.
type column string

// words that offices and property companies use for a column.
var words = map[column]string{
	"community": "社区 所属社区 社区名称 所在社区 居委会 社区居委会 村居 村社区",
	"compound":  "院区 小区 小区名称 院落 小区院落 所属小区 所在小区 楼院 院区名称 小区/院区 院区/小区 庭院 楼盘 楼盘名称 项目名称 苑区 家属院 住宅小区",
	"building":  "楼栋 栋 楼号 幢 楼 栋号 幢号 楼栋号 楼幢 楼幢号 座 座号 栋数 栋座 楼座 几栋 几号楼 楼房号 楼栋名称",
	"entrance":  "单元 梯 单元号 门洞 单元门 几单元 单元名称",
	"door": "房号 门牌 门牌号 室 房间号 室号 住址 房屋 房屋号 户号 房间 门号 门牌号码 家庭住址 居住地址 详细地址 住户地址 房屋地址 房屋坐落 坐落 " +
		"房屋编号 房产编号 房屋编码 房间编号 房产名称 房源 房源名称 房屋名称 楼房门牌 几号 门户号 房屋信息 现住址 现居住地址",
	"name": "户主姓名 户主 姓名 业主 业主姓名 户主名 住户姓名 居民姓名 住户 业主名称 产权人 产权人姓名 房主 房主姓名 住户名称 户主名称 居民 人员姓名 业主名",
	"others": "家庭成员 成员姓名 家庭成员姓名 共有人 共有人姓名 配偶 配偶姓名 同住人 同住人员 其他成员 租户 租户姓名 租客 租客姓名 承租人 第二业主 " +
		"共同居住人 共有产权人 子女 其他住户",
	"phone": "联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 移动电话 联系手机 户主电话 业主电话 联系人电话 户主手机号 联系号码 手机电话 电话/手机 联系人手机",
	"phones": "其他电话 备用电话 备用手机 备用联系电话 紧急联系电话 紧急电话 家属电话 租户电话 租客电话 配偶电话 第二联系电话 固定电话 固话 座机 家庭电话 " +
		"住宅电话 办公电话 其他联系方式 备用联系方式",
	"relation":  "与户主关系 关系 和户主关系 与户主的关系 家庭关系 成员关系 与业主关系 户主关系 称谓 与户主之关系",
	"people":    "人口数 人口 常住人口 人数 家庭人口 家庭人数 家庭人口数 居住人数 家庭人口数量 居住人口 常住人数",
	"tenure":    "住房性质 房屋性质 居住性质 住房类型 房屋类型 居住情况 房屋用途 居住状态 房屋状态 入住状态 入住情况 自住/出租 自住/租住",
	"note":      "备注 说明 备注说明 其他 备考",
	"shop":      "店铺名称 店名 商铺名称 商户名称 门店名称 店面名称 商户 店铺 商铺 字号",
	"address":   "地址 店铺地址 经营地址 商铺地址 门店地址",
	"principal": "负责人 店主 负责人姓名 经营者 店主姓名 经营者姓名 法人 法定代表人",
	"trade":     "行业 经营范围 类别 经营项目 业态 主营",
	"role":      "群内身份 群身份 群内角色",
	"room":      "群 群名称 微信群 所在群 群名 微信群名称",
	"category":  "身份 人员身份 身份标识 人员类别",
	"level":     "级别 层级",
	"code":      "代码 编码 区划代码",
	"title":     "名称",
	"above":     "上级 上级名称 所属上级",
	"number":    "序号 编号 行号 顺序号 no no.",
	beside: "身份证 身份证号 身份证号码 证件号 证件号码 证件类型 公民身份号码 性别 民族 年龄 出生日期 出生年月 生日 政治面貌 学历 文化程度 婚姻状况 职业 工作单位 单位 籍贯 " +
		"户籍 户籍地 户籍地址 户口所在地 户口性质 面积 建筑面积 套内面积 使用面积 房屋面积 收费面积 公摊面积 户型 朝向 产权证号 房产证号 入住日期 入住时间 交房日期 " +
		"登记日期 登记时间 填表日期 日期 时间 车牌 车牌号 车牌号码 车位 车位号 用户名 账号 邮箱 微信号 微信 qq 物业费 物业费标准 单价 金额 欠费 签字 签名 照片 " +
		"健康状况 特殊人群 人员类型 是否常住 是否党员 宠物 楼层 层 层数 所在楼层 网格 网格员 楼栋长 网格号 所属网格 街道 所属街道 办事处 区 市 省",
}

// beside are columns that rosters have and that are not taken.
const beside column = "beside"

// personal are headers of what belongs to one person: a table with them, or with a relation, has a row for each.
var personal = strings.Fields("身份证 身份证号 身份证号码 证件号码 公民身份号码 性别 年龄 出生日期 出生年月 政治面貌 民族")

var aliases = func() map[string]column {
	m := map[string]column{}
	for c, names := range words {
		for _, name := range strings.Fields(names) {
			m[name] = c
		}
	}
	return m
}()

// needs are the columns that a sheet must have to be of a kind, the most telling first.
var needs = []struct {
	sheet   Sheet
	columns []column
}{
	{Organization, []column{"level", "title"}},
	{StaffSheet, []column{"role", "name", "phone"}},
	{ShopSheet, []column{"shop"}},
	{ShopSheet, []column{"title", "principal"}},
	{Homes, []column{"door"}},
	{Homes, []column{"address", "name"}},
}

// headerWithin is how many rows from the top a header may stand.
const headerWithin = 20

// sense is what a header cell was taken for. It is sure where the words are known; else it is a guess, which somebody has to confirm.
type sense struct {
	column column
	sure   bool
	head   bool // it says whose household it is
}

// meaning is what a header cell says, whatever stands behind it in brackets.
func meaning(c cell) (sense, bool) {
	if is, ok := known(c); ok {
		return is, true
	}
	return guess(header(c))
}

// header is a header cell as it is looked up.
func header(c cell) string {
	return strings.Trim(simpler.Replace(strings.ToLower(plain(c.text))), "*:。.、 ")
}

// known is the meaning of a header whose words are known.
func known(c cell) (sense, bool) {
	name := header(c)
	if name == "" || len(name) > 90 {
		return sense{}, false
	}
	if is, ok := meant(name); ok {
		return is, true
	}
	if at := strings.IndexAny(name, "([【"); at > 0 {
		return meant(strings.Trim(name[:at], "*: "))
	}
	return sense{}, false
}

// meant is what a header means by words that are known: whole, in parts that agree (业主/住户姓名), or behind whose it is (业主手机).
func meant(name string) (sense, bool) {
	if col, ok := plainly(name); ok {
		return sense{column: col, sure: true, head: strings.Contains(name, "户主")}, true
	}
	parts := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("/、-_或|,+&", r) })
	if len(parts) < 2 {
		parts = whole.FindStringSubmatch(name)
		if parts == nil {
			return sense{}, false
		}
		return sense{column: "door", sure: true}, true
	}
	all := map[column]bool{}
	for _, part := range parts {
		col, ok := plainly(part)
		if !ok {
			return sense{}, false
		}
		all[col] = true
	}
	switch {
	case len(all) == 1:
		col, _ := plainly(parts[0])
		return sense{column: col, sure: true, head: strings.Contains(name, "户主")}, true
	case all["door"] && only(all, "building", "entrance", "door"):
		return sense{column: "door", sure: true}, true // 楼栋-单元-房号 is a whole address
	}
	return sense{}, false
}

// whole are headers of a whole address without anything between its parts: 楼栋单元房号.
var whole = regexp.MustCompile(`^(?:小区)?(?:楼栋|栋|楼号|幢|楼|座)号?(?:单元|梯)?号?(?:房号|室号|室|房间号|门牌号|门牌|户号|房间)$`)

// only tells whether there is nothing in a set beside some.
func only(all map[column]bool, some ...column) bool {
	for col := range all {
		if !slices.Contains(some, col) {
			return false
		}
	}
	return true
}

var (
	whose  = regexp.MustCompile(`^(?:业主|户主|住户|居民|产权人|房主|家庭|所属|所在|本人|主要|登记|现|联系人|客户|业户|居住)(.+)$`)
	called = regexp.MustCompile(`^(.+?)(?:名称|名字|号码|编号|名|号|信息|全称)$`)
)

// plainly is an alias, as it stands or without the words around it.
func plainly(name string) (column, bool) {
	if col, ok := aliases[name]; ok {
		return col, true
	}
	for _, around := range []*regexp.Regexp{whose, called} {
		if m := around.FindStringSubmatch(name); m != nil {
			if col, ok := aliases[m[1]]; ok && col != "title" && col != "note" && col != "number" && col != "code" {
				return col, true
			}
		}
	}
	if m := whose.FindStringSubmatch(name); m != nil {
		if m = called.FindStringSubmatch(m[1]); m != nil {
			if col, ok := aliases[m[1]]; ok && slices.Contains([]column{"phone", "name", "building", "entrance", "compound", "community"}, col) {
				return col, true
			}
		}
	}
	return "", false
}

// hints are what a header may mean that nobody knows, by what it contains. What tells of a number, a size or a time is none of them.
var (
	hints = []struct {
		in  *regexp.Regexp
		col column
	}{
		{regexp.MustCompile(`电话|手机|联系方式|联系号码|phone|mobile|tel`), "phone"},
		{regexp.MustCompile(`与.*关系|relation`), "relation"},
		{regexp.MustCompile(`姓名|(?:客户|业主|户主|住户|居民|房主|产权人|人员).{0,2}(?:名称|名)?$|^name`), "name"},
		{regexp.MustCompile(`小区|院区|楼盘|花园名|家属院|compound`), "compound"},
		{regexp.MustCompile(`社区|居委|community`), "community"},
		{regexp.MustCompile(`单元|梯号|门洞|unit|entrance`), "entrance"},
		{regexp.MustCompile(`房号|门牌|室号|房间|户号|房屋编|住址|地址|坐落|room|door|address|flat`), "door"},
		{regexp.MustCompile(`楼|栋|幢|building`), "building"},
	}
	noHint = regexp.MustCompile(`面积|日期|时间|年月|身份证|证件|类型|类别|性质|状态|情况|金额|费|率|数量|个数|层|是否|用途|单价|签|照|物业公司|花名册|台账|登记|名册|一览|统计|汇总|户籍|户口|单位`)
	digits = regexp.MustCompile(`[0-9一二三四]$`)
)

// guess is what a header may mean; 移动电话1 may be the phone.
func guess(name string) (sense, bool) {
	if name == "" || len([]rune(name)) > 12 || strings.Contains(name, ":") || noHint.MatchString(name) {
		return sense{}, false
	}
	short := strings.TrimSpace(digits.ReplaceAllString(name, ""))
	if col, ok := plainly(short); ok && short != name {
		return sense{column: col}, col != beside
	}
	if strings.ContainsAny(short, "0123456789") {
		return sense{}, false
	}
	for _, h := range hints {
		if h.in.MatchString(short) {
			return sense{column: h.col}, true
		}
	}
	return sense{}, false
}

// layout is what the columns of a sheet mean, one for each as they stand; empty for nothing.
type layout []sense

// has tells where a meaning stands first; -1 when it does not.
func (l layout) has(col column) int {
	return slices.IndexFunc(l, func(n sense) bool { return n.column == col })
}

// names is how many columns mean something that is taken, and how many of those surely.
func (l layout) names() (all, sure int) {
	for _, n := range l {
		if n.column != "" && n.column != beside {
			if all++; n.sure {
				sure++
			}
		}
	}
	return all, sure
}

func (l layout) all() int {
	all, _ := l.names()
	return all
}

// findHeader finds the row with the column names, and what table it heads: the first of those that name most columns. A second
// row of names below it (住址 over 楼栋, 单元, 房号) counts before the first.
func findHeader(rows []line) (from, at int, kind Sheet, columns layout) {
	best := 0
	for i := range min(len(rows), headerWithin) {
		last, found := i, headings(rows[i].cells, nil)
		if i+1 < len(rows) && subheadings(rows[i+1].cells) {
			alone, _ := headings(rows[i+1].cells, nil).names()
			if two := headings(rows[i+1].cells, rows[i].cells); alone < two.all() {
				last, found = i+1, two
			}
		}
		all, sure := found.names()
		if kind != "" && last == i && i > at && doorsIn(rows[i-1], columns) {
			break // what names more columns below homes is the header of a second table
		}
		if k := kindOf(found); k != "" && all >= 2 && all+2*sure > best {
			from, at, kind, columns, best = i, last, k, found, all+2*sure
		}
	}
	return from, at, kind, columns
}

// doorsIn tells whether a row has a home's door where a header says that doors stand.
func doorsIn(row line, columns layout) bool {
	door := columns.has("door")
	if door < 0 || door >= len(row.cells) {
		return false
	}
	text := row.cells[door].text
	if _, is := meaning(cell{text: text}); is {
		return false
	}
	_, _, _, ok := NormaliseDoor("", "", text)
	_, _, split := splitAddress(text)
	return ok || split
}

// headings are the columns that a row names; where a cell of it names none, the one above does.
func headings(row, above []cell) layout {
	l := make(layout, max(len(row), len(above)))
	for i, c := range row {
		if is, ok := meaning(c); ok {
			l[i] = is
		}
	}
	for i, c := range above {
		if is, ok := meaning(c); ok && l[i].column == "" && l.has(is.column) < 0 {
			l[i] = is
		}
	}
	return l.settled()
}

// settled gives a meaning that comes twice its place: a second name is of somebody else in the home, a second phone another phone, and
// whatever else is there twice is not taken. Where each person has a row, whom it is about counts before the head of the household.
func (l layout) settled() layout {
	for _, part := range l.blocks() {
		block := l[part[0]:part[1]]
		if at := block.has("name"); at >= 0 && block[at].head && block.has("relation") >= 0 {
			if next := block[at+1:].has("name"); next >= 0 {
				block[at].column = "others"
			}
		}
		seen := map[column]bool{}
		for i := range block {
			col := block[i].column
			switch {
			case col == "" || col == beside:
			case !seen[col]:
				seen[col] = true
			case col == "name":
				block[i].column = "others"
			case col == "phone":
				block[i].column = "phones"
			case col != "others" && col != "phones" && col != "note":
				block[i] = sense{}
			}
		}
	}
	return l
}

// blocks are the tables that stand side by side, each from a column to the one behind its last. A second one begins where a run of
// two columns or more, the door among them, comes again.
func (l layout) blocks() (parts [][2]int) {
	begin := 0
	for i := range l {
		if i > begin && l[i].telling() && l.again(begin, i) {
			parts, begin = append(parts, [2]int{begin, i}), i
		}
	}
	return append(parts, [2]int{begin, len(l)})
}

func (s sense) telling() bool { return s.column != "" && s.column != beside && s.column != "number" }

// again tells whether the columns from i on are once more those that stood somewhere between begin and i.
func (l layout) again(begin, i int) bool {
	var first, then []column
	for n, s := range l {
		switch {
		case !s.telling() || n < begin:
		case n < i:
			first = append(first, s.column)
		default:
			then = append(then, s.column)
		}
	}
	at := slices.Index(first, then[0])
	if at < 0 {
		return false
	}
	first = first[at:]
	n := 0
	for n < min(len(first), len(then)) && first[n] == then[n] {
		n++
	}
	return n >= 2 && slices.Contains(first[:n], "door") && (n == len(first) || n == len(then))
}

// subheadings tells whether a row is nothing but names of columns.
func subheadings(row []cell) bool {
	names := 0
	for _, c := range row {
		if _, ok := known(c); ok {
			names++
		} else if plain(c.text) != "" {
			return false
		}
	}
	return names >= 2
}

func kindOf(columns layout) Sheet {
	for _, n := range needs {
		if !slices.ContainsFunc(n.columns, func(c column) bool { return columns.has(c) < 0 }) {
			return n.sheet
		}
	}
	return ""
}
