package kind

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/legible"
)

// What rules may ask of words: their shape and their length, never what they say.

// Own is of some words what an act itself shows: its own fields, each once. What else was sent with it goes nowhere.
func Own(words entry.Words, fields ...string) entry.Words {
	var w map[string]json.RawMessage
	if len(words) == 0 || len(fields) == 0 || json.Unmarshal(words, &w) != nil {
		return nil
	}
	read, whole := json.NewDecoder(bytes.NewReader(words)), 0 // of the same field twice only the last counts
	_, _ = read.Token()
	for ; read.More(); whole++ {
		var value json.RawMessage
		if _, err := read.Token(); err != nil || read.Decode(&value) != nil {
			return nil
		}
	}
	own := []byte{'{'}
	n := 0
	for _, name := range fields {
		value, ok := w[name]
		if !ok {
			continue
		}
		if n++; n > 1 {
			own = append(own, ',')
		}
		own = append(append(append(append(own, '"'), name...), `":`...), value...)
	}
	switch n {
	case 0:
		return nil
	case whole:
		return words
	}
	return append(own, '}')
}

// Brief checks words of one field that may be missing, of at most so many characters.
func Brief(words entry.Words, field string, most int) error { return brief(words, field, 0, most) }

// text checks one field of words: its length in characters between least and most.
func text(words entry.Words, field string, least, most int) error {
	var w map[string]json.RawMessage
	var s string
	if len(words) > 0 {
		if json.Unmarshal(words, &w) != nil {
			return fault.New(fault.Invalid, "words are an object of texts").And("field", "words")
		}
		if raw, ok := w[field]; ok && json.Unmarshal(raw, &s) != nil {
			return fault.New(fault.Invalid, field+" is a text").And("field", field)
		}
	}
	switch n := utf8.RuneCountInString(s); {
	case n < least, least > 0 && legible.Blank(s):
		return fault.New(fault.Invalid, field+" is missing").And("field", field)
	case n > most:
		return fault.Newf(fault.TooLarge, "%s has at most %d characters", field, most).And("field", field).And("limit", most)
	}
	return nil
}

// brief is text for words that the card goes on showing: a state is small, so nothing else may ride along with them.
func brief(words entry.Words, field string, least, most int) error {
	if err := text(words, field, least, most); err != nil {
		return err
	}
	var w map[string]json.RawMessage
	_ = json.Unmarshal(words, &w)
	if limit := len(w[field]) + 64; len(words) > limit {
		return fault.Newf(fault.TooLarge, "words with %s have nothing else", field).And("field", field).And("limit", most)
	}
	return nil
}

// texts checks a list of short texts in words: how many, and the length of each in characters.
func texts(words entry.Words, field string, count, most int) error {
	var w map[string]json.RawMessage
	var list []string
	if json.Unmarshal(words, &w) != nil || json.Unmarshal(w[field], &list) != nil || len(list) != count {
		return fault.Newf(fault.Invalid, "%s has one text for each", field).And("field", field)
	}
	for _, s := range list {
		if n := utf8.RuneCountInString(s); legible.Blank(s) || n > most {
			return fault.Newf(fault.Invalid, "each of %s has 1 to %d characters", field, most).And("field", field)
		}
	}
	return nil
}

// Word reads one text out of words for who quotes them; empty when it is forgotten.
func Word(words entry.Words, field string) string { return word(words, field) }

// FirstLine is the first line of a text that says something, cut to 60 characters.
func FirstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return short(strings.TrimSpace(s))
}

// word reads one text out of words for a summary; empty when it is forgotten.
func word(words entry.Words, field string) string {
	var w map[string]json.RawMessage
	var s string
	if json.Unmarshal(words, &w) == nil {
		_ = json.Unmarshal(w[field], &s)
	}
	return s
}

// line joins a summary's parts and keeps it to one short line.
func line(prefix, s string) string {
	if s == "" {
		return prefix
	}
	return prefix + " " + short(s)
}

// short cuts a text to 60 characters.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// list checks an optional list of short texts in words: at most count of them, each of at most most characters.
func list(words entry.Words, field string, count, most int) error {
	var w map[string]json.RawMessage
	var lines []string
	_ = json.Unmarshal(words, &w) // what is no object was refused before
	if raw, ok := w[field]; ok && json.Unmarshal(raw, &lines) != nil {
		return fault.New(fault.Invalid, field+" is a list of texts").And("field", field)
	}
	if len(lines) > count {
		return fault.Newf(fault.TooLarge, "%s has at most %d lines", field, count).And("field", field).And("limit", count)
	}
	for _, s := range lines {
		if n := utf8.RuneCountInString(s); legible.Blank(s) || n > most {
			return fault.Newf(fault.Invalid, "each of %s has 1 to %d characters", field, most).And("field", field)
		}
	}
	return nil
}

// kept is words as a state holds them: nil when there were none or they are forgotten.
func kept(words entry.Words) entry.Words {
	if s := string(words); s == "null" || s == "{}" || s == "" {
		return nil
	}
	return words
}
