package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain is a cell's text as it is compared: half-width, in the characters that are commonly written, without spaces and invisible ones.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || invisible(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// empty tells whether a cell says that there is nothing: 无, /, -, 暂无.
func empty(s string) bool {
	s = strings.Trim(strings.ToLower(plain(s)), `-/\_—–―.·*×~`)
	return s == "" || slices.Contains(nothing, s)
}

var nothing = strings.Fields("无 没有 空 暂无 不详 未知 未填 未提供 暂缺 缺 n/a na null none nil 无单元 无电话 无手机 没电话 〇 /")

// tidy is a cell's text as people read it: what cannot be seen is gone, and every gap is one space.
func tidy(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)), " ")
}

// invisible are characters that change what a text is without changing how it looks, or turn it around.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || strings.ContainsRune("\u034f\u115f\u1160\u3164\uffa0", r)
}

// spaced is a space that only sets two Chinese characters apart: 王　丽 is 王丽.
var spaced = regexp.MustCompile(`(\p{Han}) (\p{Han})`)

// dates are what table programs make of 3-12 and keep as text.
var dates = regexp.MustCompile(`(?i)^(?:(?:19|20)[0-9]{2}[-/.年][0-9]{1,2}(?:[-/.月][0-9]{1,2}日?)?(?:[0-9]{1,2}:[0-9:.]+)?|(?:[0-9]{2,4}年)?[0-9一二三四五六七八九十]{1,2}月(?:[0-9一二三四五六七八九十]{1,3}[日号]?)?|` +
	`[0-9]{1,2}[-/ ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*(?:[-/ ]?[0-9]{2,4})?|` +
	`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*[-/ ]?[0-9]{1,4}(?:,?[0-9]{4})?|[0-9]{1,2}/[0-9]{1,2}/(?:19|20)[0-9]{2}[0-9]{1,2}:[0-9:.]+)$`)

// dated tells whether a text is a date that was a door.
func dated(s string) bool { return dates.MatchString(plain(s)) }

// broken are what a workbook keeps of a formula that failed.
var broken = []string{"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"}

func (c cell) unsound() string {
	text := plain(c.text)
	switch {
	case c.formula, slices.Contains(broken, text):
		return "formula"
	case utf8.RuneCountInString(c.text) > maxCell:
		return "long"
	case strings.ContainsFunc(c.text, unread):
		return "character"
	case strings.ContainsAny(c.text, "<>\x00"), !utf8.ValidString(c.text), runs(text):
		return "markup"
	}
	for _, x := range c.text {
		if unicode.IsControl(x) && x != '\n' && x != '\t' && x != '\r' {
			return "markup"
		}
	}
	return ""
}

// unread is a character that was none in the file's encoding, or that only one program knows.
func unread(r rune) bool { return r == utf8.RuneError || unicode.Is(unicode.Co, r) }

// runs tells what a table program would run if it were pasted into a cell: =…, @…, and +… or -… that calls something.
func runs(text string) bool {
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@':
		return true
	case '+', '-':
		return strings.ContainsAny(text, "|(!")
	}
	return false
}
