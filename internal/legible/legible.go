// Package legible says what can be shown honestly. It is the one place where that is decided, for names and for what people write.
//
// A name stands beside other people's words, so it must be what it looks like: nothing unseen, nothing that turns the reading
// direction, no towers of accents. What people write is theirs: a text may hold anything that is text, and the client keeps it from
// disturbing its neighbours; only what no screen can show is not text (control characters, halves of characters).
package legible

import (
	"bytes"
	"encoding/json"
	"unicode"
	"unicode/utf8"
)

// marks are how many accents one letter of a name may carry: Vietnamese has two.
const marks = 2

// Name tells whether every character of a name is seen, stands where it is written and leaves its neighbours alone.
func Name(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	row := 0
	for _, r := range s {
		switch {
		case Unseen(r):
			return false
		case unicode.In(r, unicode.Mn, unicode.Me):
			if row++; row > marks {
				return false
			}
		default:
			row = 0
		}
	}
	return true
}

// Unseen is a character that shows nothing, or turns the others round.
func Unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co, unicode.Noncharacter_Code_Point) ||
		r == utf8.RuneError || blank(r)
}

// blank is a letter or sign that is nothing but empty room, and passes for a space where spaces are cut off.
func blank(r rune) bool {
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return false
}

// Text tells whether a text holds nothing but text: lines and tabs, and no other control character.
func Text(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || unicode.Is(unicode.Noncharacter_Code_Point, r) {
			return false
		}
	}
	return true
}

// Blank tells whether nothing of a text is seen.
func Blank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !Unseen(r) && !unicode.In(r, unicode.Mn, unicode.Me) {
			return false
		}
	}
	return true
}

// Words is a JSON value as it is kept: without spaces between, and with escapes written out, so that a half of a character becomes
// the sign for what cannot be read. Not ok when it is not JSON, or a text in it is no text.
func Words(words []byte) (kept []byte, ok bool) {
	var compact bytes.Buffer
	if json.Compact(&compact, words) != nil {
		return nil, false
	}
	kept = compact.Bytes()
	if !odd(kept) {
		return kept, true
	}
	read := json.NewDecoder(bytes.NewReader(kept))
	read.UseNumber()
	var value any
	if read.Decode(&value) != nil || !texts(value) {
		return nil, false
	}
	var out bytes.Buffer
	write := json.NewEncoder(&out)
	write.SetEscapeHTML(false)
	if write.Encode(value) != nil {
		return nil, false
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), true
}

// odd tells whether bytes of JSON may hold an escaped character or one that is not text. Nearly nothing does.
func odd(b []byte) bool {
	for i, c := range b {
		if c < 0x7f && c != '\\' || i+1 == len(b) {
			continue
		}
		next := b[i+1]
		switch {
		case c == 0x7f, c == '\\' && (next == 'u' || next == 'b' || next == 'f'), c == 0xc2 && next < 0xa0,
			c == 0xef && (next == 0xb7 || next == 0xbf), c >= 0xf0 && next&0x0f == 0x0f:
			return true
		}
	}
	return false
}

// texts tells whether all strings of a decoded value are texts.
func texts(v any) bool {
	switch v := v.(type) {
	case string:
		return Text(v)
	case []any:
		for _, e := range v {
			if !texts(e) {
				return false
			}
		}
	case map[string]any:
		for k, e := range v {
			if !Text(k) || !texts(e) {
				return false
			}
		}
	}
	return true
}
