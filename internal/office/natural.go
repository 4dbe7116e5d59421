package office

import (
	"regexp"
	"strings"
)

// natural makes a text's sorting key: numbers in it, in Chinese or Arabic digits, sort by their value, so that 2号楼 comes before
// 10号楼 and 三单元 before 十单元. Keys compare as strings.
func natural(text string) string {
	var key strings.Builder
	runes := []rune(text)
	for i := 0; i < len(runes); {
		n, length := number(runes[i:])
		if length == 0 {
			key.WriteRune(narrow(runes[i]))
			i++
			continue
		}
		key.WriteByte('0')
		key.WriteByte(byte('0' + min(len(n), 70)))
		key.WriteString(n)
		i += length
	}
	return key.String()
}

// number reads the digits at the start, as Arabic digits without zeros in front, and says how many runes they are.
func number(runes []rune) (digits string, length int) {
	for length < len(runes) && narrow(runes[length]) >= '0' && narrow(runes[length]) <= '9' {
		digits += string(narrow(runes[length]))
		length++
	}
	if length > 0 {
		return strings.TrimLeft(digits, "0"), length
	}
	total, current := 0, 0
	for ; length < 8 && length < len(runes); length++ {
		at := strings.IndexRune(chineseDigits, runes[length])
		switch r := runes[length]; {
		case at >= 0:
			current = current*10 + at/3 // each of them is three bytes of UTF-8
		case r == '十':
			total, current = total+max(current, 1)*10, 0
		case r == '百':
			total, current = total+max(current, 1)*100, 0
		default:
			return decimal(total+current, length), length
		}
	}
	return decimal(total+current, length), length
}

const chineseDigits = "〇一二三四五六七八九"

func decimal(n, length int) string {
	if length == 0 || n == 0 {
		return ""
	}
	digits := ""
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return digits
}

// narrow makes full-width letters and digits plain, and small letters great.
func narrow(r rune) rune {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	if r >= 'a' && r <= 'z' {
		r -= 'a' - 'A'
	}
	return r
}

var (
	// buildingEnd is a building's name at the end of a room's: 和园3号楼.
	buildingEnd = regexp.MustCompile(`^(.+?)((?:[0-9０-９]+|[A-Za-z]|[一二三四五六七八九十]+)(?:号楼|栋|幢|座|楼|#))$`)
	partEnd     = regexp.MustCompile(`(号楼|栋|幢|座|楼|单元|门|号|室|#)$`)
)

// bare is the part of a place's name that people say: 3 for 3号楼, 2 for 2单元.
func bare(name string) string {
	name = strings.Map(narrow, strings.TrimSpace(name))
	if short := partEnd.ReplaceAllString(name, ""); short != "" {
		return short
	}
	return name
}
