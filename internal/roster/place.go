package roster

import (
	"regexp"
	"strings"
)

// What a sheet says of its place outside its columns: lines above them, a title, its own name.

var (
	// spoken is 小区：和园 in a line above the columns.
	spoken = regexp.MustCompile(`(\p{Han}{1,8})[:：]\s*([^\s:：,，;；]+)`)
	// year and street are in front of titles, paper behind them; none of them is a place.
	year   = regexp.MustCompile(`^(?:[0-9]{4}年?(?:度|第?[0-9一二三四]{1,2}(?:季度|月份?))?)`)
	street = regexp.MustCompile(`^.{1,20}?(?:街道办事处|办事处|街道)`)
	paper  = regexp.MustCompile(`(?:\([^()]*\)|住户|居民|业主|人员|家庭|户主|入住|住宅|基本|基础|详细|最新|信息|情况|数据|资料|花名册|名册|花名|台账|一览表|登记|统计|汇总|明细|采集|摸底|` +
		`排查|调查|联系|通讯录|商户|商铺|店铺|门店|电话|名单|清单|表|册|单|的|[0-9]{4}[0-9.年月日-]*)+$`)
	quarter  = regexp.MustCompile(`^(.{2,10}?社区)(?:居委会|居民委员会)?(.*)$`)
	building = regexp.MustCompile(`^(.*?)第?((?:[东南西北中]区?)?(?:[0-9A-Z]{1,3}(?:-[0-9]{1,2})?)(?:号楼|栋|幢|座|#楼|#))(?:第?` + stair + `单元)?$`)
	// yard are the endings of names of compounds.
	yard   = regexp.MustCompile(`^.{1,20}(?:小区|花园|家园|嘉园|名苑|公寓|家属院|大院|新村|新城|山庄|国际|广场|大厦|苑|园|院|府|庭|城|湾|里|居|庄|邸|坊)$`)
	plainN = regexp.MustCompile(`^(?i:sheet|工作表|表|table)?\s*[0-9]*$`)
)

// titled reads a title: 湖心社区和园小区1号楼住户花名册 names a community, a compound and a building. What is left and is like no compound
// is a guess.
func titled(text string) (p Place, guess string) {
	s := strings.ToUpper(plain(text))
	s = street.ReplaceAllString(year.ReplaceAllString(s, ""), "")
	s = strings.Trim(paper.ReplaceAllString(s, ""), "-_ :·.,、")
	if s == "" || len([]rune(s)) > 40 {
		return Place{}, ""
	}
	if m := building.FindStringSubmatch(spelling(s)); m != nil {
		if b, ok := buildingOf(m[2], ""); ok {
			p.Building, s = b, strings.Trim(m[1], "-_ ")
			if m[3] != "" {
				p.Entrance = bare(m[3]) + "单元"
			}
		}
	}
	if m := quarter.FindStringSubmatch(s); m != nil {
		p.Community, s = m[1], m[2]
	}
	switch n := len([]rune(s)); {
	case n < 2 || n > 20 || strings.ContainsAny(s, "0123456789") && p.Building == "" && !yard.MatchString(s):
	case p.Building != "" || yard.MatchString(s):
		p.Compound = s
	case han.MatchString(s):
		guess = s
	}
	return p, guess
}

var han = regexp.MustCompile(`\p{Han}`)

// placeOf is what a sheet says of its place above its columns, and in its name; and what may be its compound.
func placeOf(g grid, header int) (p Place, guess string) {
	for i := range min(header, len(g.rows)) {
		row := g.rows[i]
		var texts []string
		for n, c := range row.cells {
			text := tidy(c.text)
			if text == "" {
				continue
			}
			texts = append(texts, text)
			if is, ok := meaning(c); ok && is.sure && n+1 < len(row.cells) { // the name in one cell, what it is in the next
				p = p.over(placed(is.column, row.cells[n+1].text))
			}
		}
		said := false
		for _, m := range spoken.FindAllStringSubmatch(strings.Join(texts, " "), -1) {
			if col, ok := plainly(plain(m[1])); ok {
				p, said = p.over(placed(col, m[2])), true
			}
		}
		if len(texts) == 1 && !said {
			from, may := titled(texts[0])
			p = p.over(from)
			if guess == "" {
				guess = may
			}
		}
	}
	if name := g.title(); !plainN.MatchString(name) {
		from, may := titled(name)
		if from.Building != "" || p.Compound == "" && from.Compound != "" {
			if p.Compound != "" && from.Compound != p.Compound {
				from.Compound = ""
			}
			p = p.over(Place{Building: from.Building, Entrance: from.Entrance})
		}
		if guess == "" {
			if guess = may; from.Compound != "" {
				guess = from.Compound
			}
		}
	}
	return p, guess
}

// title is what a sheet is called; a csv by its file, without its ending.
func (g *grid) title() string {
	if at := strings.LastIndexByte(g.name, '.'); g.name == g.file && at > 0 {
		return g.name[:at]
	}
	return g.name
}

// placed is a place of which one part is known.
func placed(col column, text string) (p Place) {
	text = plain(text)
	if _, isName := plainly(text); isName || empty(text) || len([]rune(text)) > maxName {
		return p
	}
	switch col {
	case "community":
		p.Community = text
	case "compound":
		p.Compound = text
	case "building":
		if b, ok := buildingOf(spelling(text), ""); ok {
			p.Building = b
		}
	case "entrance":
		if e, ok := entranceOf(spelling(text), ""); ok {
			p.Entrance = e
		}
	}
	return p
}
