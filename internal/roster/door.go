package roster

import (
	"regexp"
	"strings"
)

// The spellings of a whole address in one cell: 3号楼2单元501室, 3栋2单元501, 3#2-501, 3-2-501, 3号楼501, 3-501.
var (
	wordy  = regexp.MustCompile(`^([0-9A-Za-z]{1,4})(?:号楼|栋|幢|座|#楼|楼|#)(?:([0-9A-Za-z]{1,3})(?:单元|梯|门|-))?([0-9A-Za-z]{1,6})(?:室|号|户|房)?$`)
	dashed = regexp.MustCompile(`^([0-9A-Za-z]{1,4})(?:号楼|栋|幢|座|#|楼)?-(?:([0-9A-Za-z]{1,3})(?:单元|梯)?-)?([0-9A-Za-z]{1,6})(?:室|号|户|房)?$`)
	single = regexp.MustCompile(`^([0-9A-Za-z]{1,6})(?:室|号|户|房)?$`)
	house  = regexp.MustCompile(`^([0-9A-Za-z]{1,4})(?:号楼|栋|幢|座|#楼|楼|#|号)?$`)
	stairs = regexp.MustCompile(`^([0-9A-Za-z]{1,3})(?:单元|梯|门|#)?$`)
)

// chinese are the numbers that buildings and entrances are written with.
var chinese = strings.NewReplacer("十一", "11", "十二", "12", "十三", "13", "十四", "14", "十五", "15", "十六", "16", "十七", "17", "十八", "18",
	"十九", "19", "二十", "20", "十", "10", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")

// NormaliseDoor is a door in canonical spelling: 3号楼, 2单元, 501. The address may stand in three cells or whole in the last one.
// Building and entrance may be missing (small yards); the door may not.
func NormaliseDoor(building, entrance, door string) (b, e, d string, ok bool) {
	building, entrance, door = chinese.Replace(plain(building)), chinese.Replace(plain(entrance)), plain(door)
	door = strings.NewReplacer("—", "-", "–", "-", "－", "-", "/", "-", "~", "-").Replace(strings.TrimSuffix(door, ".0"))
	var n, s string
	if m := single.FindStringSubmatch(door); m != nil {
		d = m[1]
	} else if m := wordy.FindStringSubmatch(chinese.Replace(door)); m != nil {
		n, s, d = m[1], m[2], m[3]
	} else if m := dashed.FindStringSubmatch(chinese.Replace(door)); m != nil {
		n, s, d = m[1], m[2], m[3]
	} else {
		return "", "", "", false
	}
	if building != "" {
		m := house.FindStringSubmatch(strings.TrimSuffix(building, ".0"))
		if m == nil || n != "" && n != m[1] {
			return "", "", "", false
		}
		n = m[1]
	}
	if entrance != "" {
		m := stairs.FindStringSubmatch(strings.TrimSuffix(entrance, ".0"))
		if m == nil || s != "" && s != m[1] {
			return "", "", "", false
		}
		s = m[1]
	}
	if n != "" {
		b = n + "号楼"
	}
	if s != "" {
		e = s + "单元"
	}
	return b, e, d, true
}
