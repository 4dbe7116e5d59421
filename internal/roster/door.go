package roster

import (
	"regexp"
	"strconv"
	"strings"
)

// The parts that addresses are put together from, in capitals and half-width digits.
const (
	number = `([东南西北中]?[0-9A-Z]{1,4})`             // of a building
	stair  = `([东南西北中]?[0-9A-Z]{1,3})`             // of an entrance
	flat   = `([0-9A-Z]{1,6}[东南西北中左右]?|[东南西北中左右])` // of a door
	end    = `(?:室|号|户|房)?$`
)

// The spellings of a whole address in one cell.
var (
	wordy  = regexp.MustCompile(`^` + number + `(?:号楼|栋|幢|座|#楼|楼|#)-?(?:` + stair + `(?:单元|梯|门|#|-)-?)?(?:[0-9]{1,2}层-?)?` + flat + end)
	triple = regexp.MustCompile(`^` + number + `-` + stair + `(?:(?:单元|梯|门)-?|-)` + flat + end)
	upper  = regexp.MustCompile(`^` + stair + `(?:单元|梯)-?(?:[0-9]{1,2}层-?)?` + flat + end) // without its building
	pair   = regexp.MustCompile(`^` + number + `-` + flat + end)
	single = regexp.MustCompile(`^` + flat + end)

	house  = regexp.MustCompile(`^([0-9A-Z]{0,3}\p{Han}{1,6}?)??([0-9A-Z]{0,4})(?:号楼|栋|幢|座|#楼|楼|#|号)?$`)
	stairs = regexp.MustCompile(`^([东南西北中甲乙丙丁]?[0-9A-Z]{0,3})(?:单元|梯|门|#)?$`)

	// counted is a number in Chinese where it counts something; 百合楼 has none.
	counted = regexp.MustCompile(`([〇零一二三四五六七八九十百]+)(号|栋|幢|座|#|楼|单元|梯|门|层|室|-|$)`)
	dashes  = strings.NewReplacer("—", "-", "–", "-", "－", "-", "‐", "-", "−", "-", "─", "-", "/", "-", "~", "-", "_", "-")
)

// NormaliseDoor is a door in canonical spelling: 3号楼, 2单元, 501. The address may stand in three cells or whole in the last one
// (3#2-501, 3栋2单元501室, 3-2-501). Building and entrance may be missing (small yards); the door may not. Where the building has
// its own cell, 2-501 beside it is an entrance and a door. What contradicts itself is not ok.
func NormaliseDoor(building, entrance, door string) (b, e, d string, ok bool) {
	building, entrance, door = spelling(building), spelling(entrance), spelling(door)
	var n, s string
	if m := single.FindStringSubmatch(door); m != nil {
		d = m[1]
	} else if m := wordy.FindStringSubmatch(door); m != nil {
		n, s, d = m[1], m[2], m[3]
	} else if m := triple.FindStringSubmatch(door); m != nil {
		n, s, d = m[1], m[2], m[3]
	} else if m := upper.FindStringSubmatch(door); m != nil {
		s, d = m[1], m[2]
	} else if m := pair.FindStringSubmatch(door); m != nil {
		if n, d = m[1], m[2]; building != "" && entrance == "" {
			n, s = "", n
		}
	} else {
		return "", "", "", false
	}
	n, s, d = bare(n), bare(s), bare(d)
	if b, ok = buildingOf(building, n); !ok {
		return "", "", "", false
	}
	if e, ok = entranceOf(entrance, s); !ok {
		return "", "", "", false
	}
	return b, e, d, true
}

// buildingOf is the canonical building of its own cell and of the number in the address, which must agree.
func buildingOf(cell, n string) (string, bool) {
	if cell == "" {
		cell = n
	}
	if cell == "" {
		return "", true
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
	m := stairs.FindStringSubmatch(cell)
	if m == nil || m[1] == "" || s != "" && s != bare(m[1]) {
		return "", false
	}
	return bare(m[1]) + "单元", true
}

// spelling is a part of an address in half-width capitals, with one sort of dash and Arabic numbers.
func spelling(s string) string {
	s = strings.TrimSuffix(dashes.Replace(strings.ToUpper(plain(s))), ".0") // 501.0 is how some workbooks write numbers
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
