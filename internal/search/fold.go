package search

import (
	_ "embed" // the forms of characters
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// fold makes two ways of writing the same thing equal: full and half width, capitals, traditional and simplified characters, characters
// that nobody sees, runs of space.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	simple := simplified()
	space := true // none in front
	for _, r := range norm.NFKC.String(s) {
		switch {
		case r >= firstHan && r <= lastHan: // most of it
			b.WriteRune(simple.common[r-firstHan])
			space = false
			continue
		case r >= 0x3400 && (r <= 0x4dbf || r >= 0x20000):
			if is, ok := simple.rare[r]; ok {
				r = is
			}
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

//go:embed data/simplified.txt
var simplifiedText string

// forms are the simplified forms of characters: of those in the common block, itself where there is none; of rarer ones.
type forms struct {
	common [lastHan - firstHan + 1]rune
	rare   map[rune]rune
}

var simplified = sync.OnceValue(func() *forms {
	f := &forms{rare: map[rune]rune{}}
	for i := range f.common {
		f.common[i] = firstHan + rune(i)
	}
	for line := range strings.Lines(simplifiedText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, pair := range strings.Fields(line) {
			r := []rune(pair)
			if r[0] >= firstHan && r[0] <= lastHan {
				f.common[r[0]-firstHan] = r[1]
			} else {
				f.rare[r[0]] = r[1]
			}
		}
	}
	return f
})

// readings are how characters begin when they are spelled. A character that is read in one way has its letter; one of several (行 is
// hang and xing) has the number of a set of letters, from manyReadings on.
type readings struct {
	of   [lastHan - firstHan + 1]uint16 // 0 where there is none
	sets []string
}

const manyReadings = 0x80

var letters = sync.OnceValue(func() *readings {
	t := &readings{}
	number := map[string]uint16{}
	for r := rune(firstHan); r <= lastHan; r++ {
		set := ""
		for _, reading := range strings.Split(pinyin.PinyinDict[int(r)], ",") {
			plain := norm.NFD.String(reading) // ā is a and a mark
			if plain != "" && plain[0] >= 'a' && plain[0] <= 'z' && !strings.Contains(set, plain[:1]) {
				set += plain[:1]
			}
		}
		switch n, known := number[set]; {
		case set == "":
		case len(set) == 1:
			t.of[r-firstHan] = uint16(set[0])
		case known:
			t.of[r-firstHan] = n
		default:
			n = manyReadings + uint16(len(t.sets)) //nolint:gosec // there are some hundred
			number[set], t.of[r-firstHan] = n, n
			t.sets = append(t.sets, set)
		}
	}
	return t
})

// initials spells a folded text by the first letters of its characters: 出入证 is crz. A character with several readings is two bytes
// with their highest bit set, the number of its set. Latin letters and digits stand as they are, everything else ends a word.
func initials(folded string) []byte {
	table := letters()
	b := make([]byte, 0, len(folded)/3+1)
	han := false
	for _, r := range folded {
		switch {
		case r >= firstHan && r <= lastHan && table.of[r-firstHan] != 0:
			if n := table.of[r-firstHan]; n < manyReadings {
				b = append(b, byte(n))
			} else {
				b = append(b, 0x80|byte(n>>7), 0x80|byte(n))
			}
			han = true
		case r < 128 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			b = append(b, byte(r))
		case len(b) > 0 && b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	if !han {
		return nil // the text itself says it all
	}
	return b
}

// spelling seeks a word of first letters in initials: one bit for each of its letters, moved on with each character that may be read so.
type spelling struct {
	plain [256]uint64 // by a letter: where it stands in the word
	sets  []uint64    // the same by the number of a set
	last  uint64
}

func newSpelling(word string) *spelling {
	s := &spelling{last: 1 << (len(word) - 1)}
	for i := range len(word) {
		s.plain[word[i]] |= 1 << i
	}
	for _, set := range letters().sets {
		mask := uint64(0)
		for i := range len(set) {
			mask |= s.plain[set[i]]
		}
		s.sets = append(s.sets, mask)
	}
	return s
}

// in tells whether initials have the word.
func (s *spelling) in(initials []byte) bool {
	state := uint64(0)
	for i := 0; i < len(initials); i++ {
		mask := uint64(0)
		if c := initials[i]; c < 0x80 {
			mask = s.plain[c]
		} else if i++; i < len(initials) {
			mask = s.sets[int(c&0x7f)<<7+int(initials[i]&0x7f)-manyReadings]
		}
		if state = (state<<1 | 1) & mask; state&s.last != 0 {
			return true
		}
	}
	return false
}

// grouped are digits with anything but letters between them: 138-0000-0501.
var grouped = regexp.MustCompile(`[0-9]+(?:[^\p{L}\p{N}]{1,3}[0-9]+)+`)

// numbers are the digits of a folded text that stand in groups, as if nothing were between them, each behind a space.
func numbers(folded string) string {
	if !strings.ContainsAny(folded, "0123456789") {
		return ""
	}
	said := ""
	for _, m := range grouped.FindAllString(folded, -1) {
		if d := bareDigits(m); len(d) >= 5 {
			said += " " + d
		}
	}
	return said
}

// bareDigits are the digits of a text; empty when it has letters.
func bareDigits(s string) string {
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
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

// spelled tells whether a term may be initials: two Latin letters to sixty-four, and nothing else.
func spelled(term string) bool {
	for _, r := range term {
		if r < 'a' || r > 'z' {
			return false
		}
	}
	return len(term) >= 2 && len(term) <= 64
}
