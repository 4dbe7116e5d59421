package roster

import "strings"

// column is what a column means.
type column string

// words that offices use for a column.
var words = map[column]string{
	"community": "社区 所属社区 社区名称 所在社区",
	"compound":  "院区 小区 小区名称 院落 小区院落 所属小区 所在小区 楼院 院区名称 小区/院区 院区/小区 庭院",
	"building":  "楼栋 栋 楼号 幢 楼 栋号 幢号 楼栋号 楼幢 楼幢号 座 座号 栋数",
	"entrance":  "单元 梯 单元号",
	"door":      "房号 门牌 门牌号 室 房间号 室号 住址 房屋 房屋号 户号 房间 门号 门牌号码 家庭住址 居住地址 详细地址 住户地址",
	"name":      "户主姓名 户主 姓名 业主 业主姓名 户主名 住户姓名 居民姓名 住户",
	"phone":     "联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 移动电话 联系手机 户主电话 业主电话 联系人电话 户主手机号",
	"people":    "人口数 人口 常住人口 人数 家庭人口 家庭人数 家庭人口数 居住人数",
	"tenure":    "住房性质 房屋性质 居住性质 住房类型 房屋类型 居住情况 房屋用途",
	"note":      "备注 说明 备注说明",
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
	"number":    "序号 编号 行号",
}

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

// meaning is the column that a header cell names, whatever stands behind it in brackets.
func meaning(c cell) (column, bool) {
	name := strings.Trim(plain(c.text), "*: ")
	if col, ok := aliases[name]; ok {
		return col, true
	}
	if at := strings.IndexAny(name, "(["); at > 0 {
		col, ok := aliases[strings.Trim(name[:at], "*: ")]
		return col, ok
	}
	return "", false
}

// findHeader finds the row with the column names, and what table it heads: the first of those that name most columns. A second
// row of names below it (住址 over 楼栋, 单元, 房号) counts before the first.
func findHeader(rows []line) (at int, kind Sheet, columns map[column]int) {
	for i := range min(len(rows), headerWithin) {
		last, found := i, headings(rows[i].cells, nil)
		if i+1 < len(rows) && subheadings(rows[i+1].cells) {
			last, found = i+1, headings(rows[i+1].cells, rows[i].cells)
		}
		if k := kindOf(found); k != "" && len(found) >= 2 && len(found) > len(columns) {
			at, kind, columns = last, k, found
		}
	}
	return at, kind, columns
}

// headings are the columns that a row names; where a cell of it names none, the one above does.
func headings(row, above []cell) map[column]int {
	columns := map[column]int{}
	add := func(row []cell, taken map[int]bool) map[int]bool {
		used := map[int]bool{}
		for i, c := range row {
			if col, ok := meaning(c); ok {
				used[i] = true
				if _, twice := columns[col]; !twice && !taken[i] {
					columns[col] = i
				}
			}
		}
		return used
	}
	add(above, add(row, nil))
	return columns
}

// subheadings tells whether a row is nothing but names of columns.
func subheadings(row []cell) bool {
	names := 0
	for _, c := range row {
		if _, ok := meaning(c); ok {
			names++
		} else if plain(c.text) != "" {
			return false
		}
	}
	return names >= 2
}

func kindOf(columns map[column]int) Sheet {
	for _, n := range needs {
		fits := true
		for _, c := range n.columns {
			_, ok := columns[c]
			fits = fits && ok
		}
		if fits {
			return n.sheet
		}
	}
	return ""
}
