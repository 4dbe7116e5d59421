package register

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"linli/internal/fault"
	"linli/internal/legible"
)

// compound surnames of two characters that are in use.
var doubles = []string{
	"欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒", "夏侯", "轩辕", "端木", "百里", "南宫", "呼延", "独孤", "申屠", "太史", "澹台", "公冶", "宗政", "濮阳", "淳于", "单于", "拓跋", "闾丘", "赫连",
}

// Surname is the family name: one character, or two of a compound one; for names of the form 买买提·吐尔逊江 the first part.
func Surname(name string) string {
	name = strings.TrimSpace(name)
	if i := strings.IndexAny(name, "·•・"); i > 0 {
		return name[:i]
	}
	for _, d := range doubles {
		if strings.HasPrefix(name, d) && name != d {
			return d
		}
	}
	first, size := utf8.DecodeRuneInString(name)
	if !unicode.Is(unicode.Han, first) { // a foreign name: its first word
		word, _, _ := strings.Cut(name, " ")
		return word
	}
	return name[:size]
}

// official are the badges under which somebody acts for others, and is called by name.
var official = map[string]bool{
	"群主": true, "副群主": true, "社区工作人员": true, "办事处工作人员": true, "片警": true, "物业": true, "公共单位": true,
	"业委会": true, "党员志愿者": true, "志愿者": true,
}

// DisplayName is how a room knows a person, by the office's rule: residents by door and polite name (3-2-501 王女士), who acts for
// others by name. place is the door's label or the shop's name; empty for who has none in this room.
func DisplayName(rec Record, place, badge string) string {
	called := Short(rec)
	if official[badge] && (place == "" || rec.Title == "") {
		called = rec.Name
	}
	return strings.TrimSpace(place + " " + called)
}

// Short is the polite name alone: 王女士. Without a title it is 王邻居.
func Short(rec Record) string {
	title := rec.Title
	if title == "" {
		title = "邻居"
	}
	return Surname(rec.Name) + title
}

// NormalisePhone is a mainland mobile number as eleven digits: full-width digits, spaces, dashes and +86 are understood.
func NormalisePhone(phone string) (string, error) {
	digits := strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9' || c == '+':
			return c
		case unicode.IsSpace(c) || c == '-' || unicode.Is(unicode.Cf, c):
			return -1
		}
		return 'x'
	}, width.Fold.String(phone))
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "+86"), "0086")
	if len(digits) == 13 {
		digits = strings.TrimPrefix(digits, "86")
	}
	if len(digits) != 11 || digits[0] != '1' || digits[1] < '3' || strings.ContainsAny(digits, "x+") {
		return "", fault.New(fault.Invalid, "not a mobile number of eleven digits").And("field", "phone")
	}
	return digits, nil
}

// NormaliseName checks a real name: 1 to 40 characters, letters of any script, dots and spaces between; invisible characters
// are taken out.
func NormaliseName(name string) (string, error) {
	name = strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, strings.TrimSpace(name))
	n := 0
	for _, c := range name {
		n++
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" ·•・.'-", c) {
			return "", fault.New(fault.Invalid, "a name has letters only").And("field", "name")
		}
	}
	if n > 40 || legible.Blank(name) || !legible.Name(name) {
		return "", fault.New(fault.Invalid, "a name has 1 to 40 letters").And("field", "name")
	}
	return name, nil
}

// Masked is a phone as it may stand in a list: 199****1234.
func Masked(phone string) string {
	if len(phone) != 11 {
		return ""
	}
	return phone[:3] + "****" + phone[7:]
}
