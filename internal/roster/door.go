package roster

import (
	"regexp"
	"strconv"
	"strings"
)

// The parts that addresses are put together from, in capitals, half-width digits and one sort of dash.
const (
	number = `([东南西北中]?[0-9A-Z]{1,4})`                                              // of a building
	stair  = `([东南西北中甲乙丙丁]?(?:[0-9]{1,2}|[A-Z]{1,2}[0-9]?|[0-9][A-Z])|[东南西北中甲乙丙丁])` // of an entrance
	flat   = `[0-9A-Z]{1,6}[东南西北中左右]{0,2}|[东南西北中左右]{1,2}`                           // of a door
	floor  = `(?:([0-9]{1,2})(?:层|楼)-?)?`
	end    = `(?:室|号|户|房|家)?$`

	// rooms are what is behind a door that is no flat.
	rooms = `地下室|储藏室|储藏间|储物间|杂物间|车库|车位|商铺|商业|门面房|门面|门市房|门市|门店|底商|店面|店铺|铺面|铺|架空层|阁楼|平房|` +
		`传达室|门卫室|门卫|值班室|配电室|活动室|会议室|办公室|物业用房|物业|社区用房`
	// named are doors that are kept as they are written: 附1号, 商铺12, 501跃层, 501-502, 501、502, 地下1层3, -101.
	named = `附[0-9A-Z]{1,4}号?|(?:[0-9]{1,2}(?:层|楼))?(?:` + rooms + `)-?[0-9A-Z]{0,5}(?:-[0-9A-Z]{1,4})?号?|` +
		`[0-9]{1,6}(?:上跃|下跃|跃层|跃|复式|上层|下层|上|下|阁楼|地下室|附[0-9]{1,3}|[甲乙丙丁])|` +
		`[0-9]{2,6}[A-Z]?(?:[、,至][0-9A-Z]{1,6}){1,6}|(?:半?地下|负)[0-9]{0,2}(?:层|楼)?-?[0-9A-Z]{0,5}`
	doorway = `(` + flat + `|` + named + `|[0-9]{3,6}[A-Z]?(?:-[0-9A-Z]{1,6}){1,6}|-[0-9]{2,4}[A-Z]?)`
)

// The spellings of a whole address in one cell.
var (
	wordy = regexp.MustCompile(`^第?(?:` + number + `(?:号楼|栋|幢|座|#楼|楼|#)|([0-9]{1,3}-[0-9]{1,2})(?:号楼|栋|幢))(?:([A-Z])座)?-?(?:第?` +
		stair + `(?:单元|梯|门|号|#|-)-?)?` + floor + `第?` + doorway + end)
	numbered = regexp.MustCompile(`^第?` + number + `号-?(?:第?` + stair + `(?:单元|梯|门)-?)?` + floor + doorway + `(?:室|房)?$`)
	triple   = regexp.MustCompile(`^` + number + `-` + stair + `(?:(?:单元|梯|门)-?|-)` + doorway + end)
	upper    = regexp.MustCompile(`^第?` + stair + `(?:单元|梯)-?` + floor + `第?` + doorway + end) // without its building
	pair     = regexp.MustCompile(`^` + number + `-(` + flat + `)` + end)
	single   = regexp.MustCompile(`^第?(` + flat + `)` + end)
	kept     = regexp.MustCompile(`^(` + named + `)(?:室|户)?$`)
	below    = regexp.MustCompile(`^(?:-|负)([0-9]{2,4}[A-Z]?)` + end)
	storey   = regexp.MustCompile(`^([0-9]{1,2})(?:层|楼)([东南西北中左右]{1,2})户$`)
	hyphened = regexp.MustCompile(`^([0-9]{3,5})-([0-9]{1,5}|[A-Z])$`)
	floored  = regexp.MustCompile(`^([0-9]{1,2})(?:层|楼)-?([0-9]{3,4})` + end)

	house  = regexp.MustCompile(`^([0-9A-Z]{0,3}\p{Han}{1,6}?)??([0-9A-Z]{0,4})(?:号楼|栋|幢|座|#楼|楼|#|号)?$`)
	pairOf = regexp.MustCompile(`^([0-9]{1,3}-[0-9]{1,2})(?:号楼|栋|幢|座|#楼|楼|#|号)$`)
	tower  = regexp.MustCompile(`^([0-9]{1,4})(?:号楼|栋|幢|#楼|#)([A-Z])座$`)
	within = regexp.MustCompile(`^(.+(?:号楼|栋|幢|座|#楼|楼|#))第?` + stair + `(?:单元|梯|门)$`)
	stairs = regexp.MustCompile(`^([东南西北中甲乙丙丁]?[0-9A-Z]{0,3})(?:单元|梯|门|#|号)?$`)
	roomy  = regexp.MustCompile(`^(?:` + rooms + `)$`)
	dashed = regexp.MustCompile(`(号楼|栋|幢|座|楼|单元|梯|门)-([0-9]{3,4})` + end)

	// aside is a word in brackets: a side or a sort of flat belongs to the door, anything else is about it.
	aside = regexp.MustCompile(`\((\p{Han}{1,8})\)`)
	side  = regexp.MustCompile(`^(?:([东南西北中左右]{1,2})[户侧边]?|跃层|跃|复式|上|下|阁楼)$`)

	// counted is a number in Chinese where it counts something; 百合楼 has none.
	counted = regexp.MustCompile(`([〇零一二三四五六七八九十百]+)(号|栋|幢|座|#|楼|单元|梯|门|层|室|-|$)`)
	dashes  = strings.NewReplacer("—", "-", "–", "-", "－", "-", "‐", "-", "−", "-", "─", "-", "/", "-", "~", "-", "_", "-", "―", "-", "‑", "-", "﹣", "-")
)

// simpler are the traditional characters in headers and addresses.
var simpler = strings.NewReplacer("區", "区", "樓", "楼", "棟", "栋", "單", "单", "號", "号", "戶", "户", "電", "电", "話", "话", "門", "门", "業", "业", "機", "机", "備", "备", "註", "注",
	"聯", "联", "繫", "系", "絡", "络", "係", "系", "關", "关", "稱", "称", "層", "层", "間", "间", "數", "数", "員", "员", "產", "产", "權", "权", "東", "东", "鋪", "铺", "車", "车", "庫", "库", "躍", "跃", "複", "复")

// NormaliseDoor is a door in canonical spelling: 3号楼, 2单元, 501. The address may stand in three cells or whole in the last one
// (3#2-501, 3栋2单元501室, 3-2-501). Building and entrance may be missing (small yards); the door may not. Where the building has
// its own cell, 2-501 beside it is an entrance and a door. What is no flat is kept as it is written: 附1号, 商铺12, 501-502. What
// contradicts itself is not ok.
func NormaliseDoor(building, entrance, door string) (b, e, d string, ok bool) {
	r, ok := readDoor(building, entrance, door, false)
	return r.building, r.entrance, r.door, ok
}

// address is a door as it was read, and what is worth a word about it.
type address struct {
	building, entrance, door string
	remark                   string // a key of reasons; empty when there is nothing to say
}

// readDoor reads a door out of its three cells. parted says that the table has dashes before doors that are no signs of a door below
// the ground: 3号楼1单元-501 beside 3号楼1单元-101.
func readDoor(building, entrance, door string, parted bool) (a address, ok bool) {
	if empty(entrance) || entrance == "0" {
		entrance = ""
	}
	building, entrance = unbracketed(spelling(building), &a, true), unbracketed(spelling(entrance), &a, false)
	door = unbracketed(spelling(door), &a, false)
	if m := within.FindStringSubmatch(building); m != nil { // 3号楼2单元 in one cell
		if entrance != "" {
			if stairsOf, ok := entranceOf(entrance, ""); !ok || stairsOf != bare(m[2])+"单元" {
				return address{}, false
			}
		}
		building, entrance = m[1], m[2]
	}
	var n, s, d string
	if m := below.FindStringSubmatch(door); m != nil {
		d = "-" + m[1]
	} else if m := storey.FindStringSubmatch(door); m != nil {
		d = m[1] + "楼" + m[2] + "户"
	} else if m := single.FindStringSubmatch(door); m != nil {
		d = m[1]
	} else if m := hyphened.FindStringSubmatch(door); m != nil && (building != "" || len(m[2]) < 3 || m[1][:len(m[1])-2] == m[2][:len(m[2])-2]) {
		d = m[0]
	} else if m := floored.FindStringSubmatch(door); m != nil && building != "" && strings.HasPrefix(m[2], m[1]) {
		d = m[2]
	} else if m := wordy.FindStringSubmatch(door); m != nil {
		n, s, d = m[1]+m[2], m[4], flatOn(m[5], m[6])
		if m[3] != "" {
			n += "号楼" + m[3] + "座"
		}
	} else if m := triple.FindStringSubmatch(door); m != nil {
		n, s, d = m[1], m[2], m[3]
	} else if m := kept.FindStringSubmatch(door); m != nil {
		d = m[1]
	} else if m := upper.FindStringSubmatch(door); m != nil {
		s, d = m[1], flatOn(m[2], m[3])
	} else if m := numbered.FindStringSubmatch(door); m != nil {
		if n, s, d = m[1], m[2], flatOn(m[3], m[4]); building != "" && s == "" && entrance == "" {
			n, s = "", n
		}
	} else if m := pair.FindStringSubmatch(door); m != nil {
		if n, d = m[1], m[2]; building != "" && (entrance == "" || matches(entrance, n)) {
			n, s = "", n
		}
	} else {
		return address{}, false
	}
	if m := dashed.FindStringSubmatch(door); m != nil && m[2] == d && strings.Count(door, "-") == 1 && len(d) == 3 && d[0] < '4' && !parted {
		if a.remark = "dash"; strings.Contains("单元梯门", m[1]) {
			a.remark, d = "below", "-"+d
		}
	}
	n, s, d = bare(n), bare(s), strings.ReplaceAll(bare(d), ",", "、")
	if a.building, ok = buildingOf(building, n); !ok {
		return address{}, false
	}
	if a.entrance, ok = entranceOf(entrance, s); !ok {
		return address{}, false
	}
	a.door = d
	return a, true
}

// parted tells whether a dash before a door is no more than a dash: 3号楼1单元-501 is not five floors below the ground.
func parted(door string) bool {
	m := dashed.FindStringSubmatch(spelling(door))
	return m != nil && (len(m[2]) > 3 || m[2][0] >= '4')
}

// flatOn is a door that only says on which side it is, with its floor: 5楼东户. Other doors tell their floor themselves.
func flatOn(storey, door string) string {
	if storey != "" && side.MatchString(door) {
		return storey + "楼" + door + "户"
	}
	return door
}

func matches(entrance, n string) bool {
	is, ok := entranceOf(entrance, "")
	return ok && is == bare(n)+"单元"
}

// unbracketed takes words in brackets out of a part of an address. A side goes on belonging to it: 501(东) is 501东, 3号楼(东) is
// 东3号楼. What else it said is a remark.
func unbracketed(s string, a *address, building bool) string {
	return aside.ReplaceAllStringFunc(s, func(in string) string {
		word := strings.Trim(in, "()")
		m := side.FindStringSubmatch(word)
		if m == nil || !strings.HasSuffix(s, in) {
			a.remark = "aside"
		}
		switch {
		case m == nil:
			return ""
		case m[1] != "" && building:
			return m[1] + "座"
		case m[1] != "":
			return m[1]
		}
		return word
	})
}

// sided is a building of which the side is said behind its number: 3号楼(东).
var sided = regexp.MustCompile(`^(.*(?:号楼|栋|幢|座|#楼|楼|#))([东南西北中左右]{1,2})座$`)

// buildingOf is the canonical building of its own cell and of the number in the address, which must agree.
func buildingOf(cell, n string) (string, bool) {
	if cell == "" {
		cell = n
	}
	if cell == "" {
		return "", true
	}
	cell = strings.TrimPrefix(cell, "第")
	if m := sided.FindStringSubmatch(cell); m != nil {
		cell = m[2] + m[1]
	}
	if m := pairOf.FindStringSubmatch(cell); m != nil || cell == n && strings.Contains(n, "-") {
		own := cell
		if m != nil {
			own = m[1]
		}
		return own + "号楼", n == "" || n == own
	}
	if m := tower.FindStringSubmatch(cell); m != nil {
		own := bare(m[1])
		return own + "号楼" + m[2] + "座", n == "" || n == cell || n == own || n == own+"号楼"+m[2]+"座"
	}
	if roomy.MatchString(cell) {
		return cell, n == ""
	}
	m := house.FindStringSubmatch(cell)
	if m == nil || m[1]+m[2] == "" || strings.ContainsAny(m[1], "号楼栋幢座单元梯门室户房层") {
		return "", false
	}
	name, own := m[1], bare(m[2])
	if n != "" && n != own && n != name+own {
		return "", false
	}
	if own == "" {
		return name + "楼", true // 东楼, 综合楼
	}
	return name + own + "号楼", true
}

func entranceOf(cell, s string) (string, bool) {
	if cell == "" {
		cell = s
	}
	if cell == "" {
		return "", true
	}
	m := stairs.FindStringSubmatch(strings.TrimPrefix(cell, "第"))
	if m == nil || m[1] == "" || s != "" && s != bare(m[1]) {
		return "", false
	}
	return bare(m[1]) + "单元", true
}

// spelling is a part of an address in half-width capitals, with one sort of dash and Arabic numbers.
func spelling(s string) string {
	s = strings.TrimSuffix(dashes.Replace(simpler.Replace(strings.ToUpper(plain(s)))), ".0") // 501.0 is how some workbooks write numbers
	return counted.ReplaceAllStringFunc(s, func(run string) string {
		m := counted.FindStringSubmatch(run)
		return arabic(m[1]) + m[2]
	})
}

// arabic reads a Chinese number: 二十一 is 21, 五〇一 is 501.
func arabic(s string) string {
	const digits = "〇一二三四五六七八九"
	value := func(r rune) int {
		if r == '零' {
			return 0
		}
		return strings.IndexRune(digits, r) / len("〇")
	}
	if !strings.ContainsAny(s, "十百") {
		return strings.Map(func(r rune) rune { return rune('0' + value(r)) }, s)
	}
	total, current := 0, 0
	for _, r := range s {
		switch r {
		case '十':
			total, current = total+max(current, 1)*10, 0
		case '百':
			total, current = total+max(current, 1)*100, 0
		default:
			current = value(r)
		}
	}
	return strconv.Itoa(total + current)
}

// bare is a number without the zeros before it, which workbooks drop and keep as they like.
func bare(s string) string {
	if _, err := strconv.Atoi(s); err != nil {
		return s
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}

// splitAddress takes the compound off an address that names it: 绿城百合38号院4号楼2单元601 lies in 绿城百合38号院. The compound is the
// shortest beginning after which a whole address stands.
func splitAddress(address string) (compound, rest string, ok bool) {
	address, previous := plain(address), ' '
	if _, _, _, whole := NormaliseDoor("", "", address); whole {
		return "", "", false
	}
	for i, r := range address {
		if i > 0 && starts(r) && !(isDigit(r) && isDigit(previous)) {
			if b, _, _, ok := NormaliseDoor("", "", address[i:]); ok && b != "" {
				return address[:i], address[i:], true
			}
		}
		previous = r
	}
	return "", "", false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func starts(r rune) bool {
	return isDigit(r) || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("一二三四五六七八九十", r)
}
