package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"linli/internal/fault"
)

// read makes sheets of a file, by what it is and not by what it is called.
func read(f File) ([]grid, error) {
	switch {
	case len(f.Content) == 0:
		return nil, fault.New(fault.Unreadable, "the file is empty").And("file", f.Name)
	case len(f.Content) > MaxFile:
		return nil, fault.New(fault.TooLarge, "the file is too large").And("limit", MaxFile).And("file", f.Name)
	case bytes.HasPrefix(f.Content, []byte("PK\x03\x04")):
		return workbook(f)
	case bytes.HasPrefix(f.Content, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, fault.New(fault.Unreadable, "an old .xls or an encrypted workbook; save it as .xlsx").And("file", f.Name)
	}
	return table(f)
}

// table reads a csv in any of the encodings that offices have: UTF-8 with or without its mark, UTF-16, GB18030.
func table(f File) ([]grid, error) {
	text, ok := decode(f.Content)
	if !ok || strings.ContainsRune(text, 0) {
		return nil, fault.New(fault.Unreadable, "neither a workbook nor a table of text").And("file", f.Name)
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	rows, err := records(text, false)
	if errors.Is(err, csv.ErrBareQuote) || errors.Is(err, csv.ErrQuote) {
		rows, err = records(text, true)
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

// records reads the rows of a csv. A loose one has quotation marks within words, which are taken as they stand; but when a cell then
// goes on over lines, a mark was left open and has swallowed the rows behind it.
func records(text string, loose bool) ([]line, error) {
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
		if len(rows) >= MaxRows {
			return nil, errMuch
		}
		at, _ := r.FieldPos(0) // blank lines count too: errors name the line that a person sees
		if loose && slices.ContainsFunc(record, func(s string) bool { return strings.Contains(s, "\n") }) {
			return nil, &csv.ParseError{StartLine: at, Err: csv.ErrQuote}
		}
		rows = append(rows, line{at, cellsOf(record)})
	}
}

// cellsOf takes what may be read of a row. A text that is too long is cut where it is still seen to be too long.
func cellsOf(texts []string) []cell {
	cells := make([]cell, min(len(texts), maxColumns))
	for i := range cells {
		if s := texts[i]; len(s) > maxCell*utf8.UTFMax {
			cells[i].text = strings.ToValidUTF8(s[:maxCell*utf8.UTFMax], "") + "…"
		} else {
			cells[i].text = strings.Clone(s)
		}
	}
	return cells
}

func decode(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return wide(b, unicode.UseBOM, unicode.LittleEndian)
	case utf8.Valid(b) && bytes.IndexByte(b, 0) < 0:
		return strings.TrimPrefix(string(b), "\ufeff"), true
	}
	// UTF-16 without its mark: separators and digits leave zeros in every other byte, and only there.
	switch even, odd := zeros(b); {
	case len(b)%2 == 0 && odd > len(b)/20 && even == 0:
		return wide(b, unicode.IgnoreBOM, unicode.LittleEndian)
	case len(b)%2 == 0 && even > len(b)/20 && odd == 0:
		return wide(b, unicode.IgnoreBOM, unicode.BigEndian)
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}

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
