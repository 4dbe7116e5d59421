package search

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// fold makes two ways of writing the same thing equal: full and half width, capitals, characters that nobody sees, runs of space.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := true // none in front
	for _, r := range norm.NFKC.String(s) {
		switch {
		case r >= firstHan && r <= lastHan: // most of it, and as it is
			b.WriteRune(r)
			space = false
			continue
		case unicode.IsSpace(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r):
			continue
		case r >= '\u2010' && r <= '\u2015' || r == '\u2212': // dashes and minuses, as phones put them into 3—2—501
			r = '-'
		}
		space = false
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.TrimSuffix(b.String(), " ")
}

const (
	firstHan = 0x4e00
	lastHan  = 0x9fff
)

// letters is the first letter of each Chinese character's commonest reading; 0 where there is none.
var letters = sync.OnceValue(func() *[lastHan - firstHan + 1]byte {
	var table [lastHan - firstHan + 1]byte
	for r, readings := range pinyin.PinyinDict {
		if r < firstHan || r > lastHan {
			continue
		}
		first := norm.NFD.String(readings) // ā is a and a mark
		if first != "" && first[0] >= 'a' && first[0] <= 'z' {
			table[r-firstHan] = first[0]
		}
	}
	return &table
})

// initials spells a folded text by the first letters of its characters: 出入证 is crz. Latin letters and digits stand as they are,
// everything else ends a word.
func initials(folded string) string {
	table := letters()
	b := make([]byte, 0, len(folded)/3+1)
	han := false
	for _, r := range folded {
		switch {
		case r >= firstHan && r <= lastHan && table[r-firstHan] != 0:
			b, han = append(b, table[r-firstHan]), true
		case r < 128 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			b = append(b, byte(r))
		case len(b) > 0 && b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	if !han {
		return "" // the text itself says it all
	}
	return string(b)
}

// door is one of a staircase, in any of the ways in which people say it: 3-2-501, 3#2-501, 3栋2单元501室.
var door = regexp.MustCompile(`(\d{1,3})(?:栋|幢|号楼|#楼?|-)(\d{1,2})(?:单元|-)(\d{2,4})`)

// doors are the doors in a folded text that are not said by numbers and dashes alone, as if they were, each behind a space.
func doors(folded string) string {
	if !strings.ContainsAny(folded, "#栋幢") && !strings.Contains(folded, "单元") {
		return ""
	}
	said := ""
	for _, m := range door.FindAllStringSubmatch(folded, -1) {
		said += " " + m[1] + "-" + m[2] + "-" + m[3]
	}
	return said
}

// terms are what has to be found: apart by spaces, but for what stands in quotes. A door is sought by numbers and dashes.
func terms(query string) (list []string) {
	folded := quotes.Replace(fold(query))
	for i, part := range strings.Split(folded, `"`) {
		if quoted := i%2 == 1 && strings.Count(folded, `"`) > i; quoted {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	for i, term := range list {
		whole := strings.TrimRight(term, "室号户")
		if m := door.FindStringSubmatch(whole); m != nil && m[0] == whole {
			list[i] = m[1] + "-" + m[2] + "-" + m[3]
		}
	}
	return list
}

var quotes = strings.NewReplacer("“", `"`, "”", `"`, "「", `"`, "」", `"`)

// Spell is how the Chinese in a name is spelled without tones: whole, and by first letters (李女士 is linvshi lns). Empty when there is
// none.
func Spell(name string) string {
	whole, short := "", ""
	for _, r := range name {
		readings := pinyin.PinyinDict[int(r)]
		if readings == "" {
			continue
		}
		first, _, _ := strings.Cut(readings, ",")
		plain := strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(strings.ReplaceAll(first, "ü", "v")))
		if plain == "" {
			continue
		}
		whole, short = whole+plain, short+plain[:1]
	}
	return strings.TrimSpace(whole + " " + short)
}

// spelled tells whether a term may be initials: two Latin letters or more, and nothing else.
func spelled(term string) bool {
	for _, r := range term {
		if r < 'a' || r > 'z' {
			return false
		}
	}
	return len(term) >= 2
}
