package legible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is a text of somebody else's making as one line of at most so many characters, with nothing unseen in it.
func Line(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if all := []rune(s); len(all) > most {
		s = string(all[:most-1]) + "…"
	}
	return s
}
