package search

import (
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
