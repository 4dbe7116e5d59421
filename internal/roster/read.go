package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"linli/internal/fault"
)

// read makes sheets of a file, by what it is and not by what it is called. left is what may still be read of all files together.
func read(f *File, left *allowance) ([]grid, error) {
	switch {
	case len(f.Content) == 0:
		return nil, fault.New(fault.Unreadable, "the file is empty").And("file", f.Name)
	case len(f.Content) > MaxFile:
		return nil, fault.New(fault.TooLarge, "the file is too large").And("limit", MaxFile).And("file", f.Name)
	case bytes.HasPrefix(f.Content, []byte("PK\x03\x04")):
		return workbook(f, left)
	case bytes.HasPrefix(f.Content, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, resave(f, "an old .xls, a .et or a workbook with a password")
	}
	return table(f, left)
}

// resave refuses what a table program can read and we cannot; With has the ending under which to save it once more.
func resave(f *File, what string) error {
	return fault.New(fault.Unreadable, what+"; open it with Excel or WPS and save it as .xlsx").And("file", f.Name).And("save", ".xlsx")
}

// pages are the beginnings of what programs write under the names of workbooks.
var pages = regexp.MustCompile(`(?i)^\s*(?:<\?xml|<!doctype|<!--|<html|<head|<meta|<table|<style|<workbook|<div|<body|mime-version:|\{\\rtf|<\w+:|%pdf|ID;P|content-type:)`)

// table reads a csv in any of the encodings that offices have: UTF-8 with or without its mark, UTF-16, GB18030.
func table(f *File, left *allowance) ([]grid, error) {
	text, ok := decode(f.Content)
	if !ok || strings.ContainsRune(text, 0) {
		return nil, fault.New(fault.Unreadable, "neither a workbook nor a table of text").And("file", f.Name)
	}
	if pages.MatchString(text[:min(len(text), 400)]) {
		return nil, resave(f, "no workbook, whatever it is called")
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	budget := *left
	rows, err := records(text, false, left)
	if errors.Is(err, csv.ErrBareQuote) || errors.Is(err, csv.ErrQuote) {
		*left = budget
		rows, err = records(text, true, left)
	}
	var at *csv.ParseError
	switch {
	case errors.Is(err, errMuch):
		return nil, fault.New(fault.TooLarge, "too many rows").And("limit", MaxRows).And("file", f.Name)
	case errors.As(err, &at):
		return nil, fault.New(fault.Unreadable, "a quotation mark is opened and not closed").And("file", f.Name).And("row", at.StartLine)
	case err != nil:
		return nil, fault.New(fault.Unreadable, "not a table of text").And("file", f.Name)
	}
	return []grid{{file: f.Name, name: f.Name, rows: rows}}, nil
}

// records reads the rows of a csv, and no further than there may be. A loose one has quotation marks within words, which are taken as
// they stand; but when a cell then goes on over lines, a mark was left open and has swallowed the rows behind it.
func records(text string, loose bool, left *allowance) ([]line, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = separator(text), -1, loose, true
	var rows []line
	for {
		record, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if left.rows, left.cells = left.rows-1, left.cells-len(record); left.rows < 0 || left.cells < 0 {
			return nil, errMuch
		}
		at, _ := r.FieldPos(0) // blank lines count too: errors name the line that a person sees
		if loose && slices.ContainsFunc(record, func(s string) bool { return strings.Contains(s, "\n") }) {
			return nil, &csv.ParseError{StartLine: at, Err: csv.ErrQuote}
		}
		cells := cellsOf(record)
		for i := range cells {
			cells[i].text = literal(cells[i].text)
		}
		rows = append(rows, line{at, cells})
	}
}

// quoted is how a number is kept from becoming one in a csv: ="13800000501", or '13800000501.
var quoted = regexp.MustCompile(`^\s*(?:="([^"=]*)"|['‘’\x60]([0-9+].*))\s*$`)

func literal(s string) string {
	if m := quoted.FindStringSubmatch(s); m != nil {
		return m[1] + m[2]
	}
	return s
}

// cellsOf takes what may be read of a row. A text that is too long is cut where it is still seen to be too long.
func cellsOf(texts []string) []cell {
	cells := make([]cell, min(len(texts), maxColumns))
	for i := range cells {
		if s := texts[i]; len(s) > maxCell*utf8.UTFMax {
			cells[i].text = strings.ToValidUTF8(s[:maxCell*utf8.UTFMax], "") + "…"
		} else {
			cells[i].text = strings.ReplaceAll(strings.Clone(s), yan, "䶮")
		}
	}
	return cells
}

// yan is where old encodings kept 䶮, which is in names.
const yan = "\ue863"

func decode(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return wide(b, unicode.UseBOM, unicode.LittleEndian)
	case utf8.Valid(b) && bytes.IndexByte(b, 0) < 0:
		return strings.TrimPrefix(string(b), "\ufeff"), true
	}
	// UTF-16 without its mark: separators and digits leave zeros in every other byte, and only there.
	switch even, odd := zeros(b); {
	case odd > len(b)/20 && even == 0:
		return wide(b, unicode.IgnoreBOM, unicode.LittleEndian)
	case even > len(b)/20 && odd == 0:
		return wide(b, unicode.IgnoreBOM, unicode.BigEndian)
	}
	// Some characters may be none in the encoding that nearly all are in: their rows say so, and the others are read. Text in another
	// encoding is hardly ever UTF-8 by chance.
	text := ""
	if good, wrong := runesIn(b); good > 4*wrong {
		text = strings.TrimPrefix(strings.ToValidUTF8(string(b), bad), "\ufeff")
	} else if out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil {
		text = string(out)
	} else {
		return "", false
	}
	return text, strings.Count(text, bad) <= max(3, utf8.RuneCountInString(text)/100)
}

// runesIn counts the characters of more than one byte that are good UTF-8, and the bytes that are none.
func runesIn(b []byte) (good, wrong int) {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			wrong++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good, wrong
}

// bad stands where a character was none.
const bad = "\ufffd"

func wide(b []byte, mark unicode.BOMPolicy, order unicode.Endianness) (string, bool) {
	out, err := unicode.UTF16(order, mark).NewDecoder().Bytes(b)
	return string(out), err == nil
}

func zeros(b []byte) (even, odd int) {
	for i, c := range b {
		switch {
		case c == 0 && i%2 == 0:
			even++
		case c == 0:
			odd++
		}
	}
	return even, odd
}

// separator is the one of comma, tab and semicolon that the first lines have most of.
func separator(text string) rune {
	head := text[:min(len(text), 2000)]
	best, most := ',', 0
	for _, c := range []rune{',', '\t', ';'} {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}
