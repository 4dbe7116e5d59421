package roster

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
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

// workbook reads an xlsx. How large it will be is looked at before anything is unpacked, and again while it is.
func workbook(f File) ([]grid, error) {
	bad := fault.New(fault.Unreadable, "not a workbook").And("file", f.Name)
	z, err := zip.NewReader(bytes.NewReader(f.Content), int64(len(f.Content)))
	if err != nil {
		return nil, bad
	}
	var size uint64
	for _, e := range z.File {
		if size += e.UncompressedSize64; size > MaxUnzipped || len(z.File) > 2000 {
			return nil, fault.New(fault.TooLarge, "the workbook unpacks to too much").And("limit", MaxUnzipped).And("file", f.Name)
		}
	}
	formulas, err := withFormulas(z)
	if err != nil {
		return nil, bad
	}
	x, err := excelize.OpenReader(bytes.NewReader(f.Content), excelize.Options{UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, bad
	}
	defer x.Close()
	var grids []grid
	total := 0
	for _, sheet := range x.GetSheetList() {
		g := grid{file: f.Name, name: sheet}
		rows, err := x.Rows(sheet)
		if err != nil {
			return nil, bad
		}
		for rows.Next() {
			if total++; total > MaxRows {
				return nil, fault.New(fault.TooLarge, "too many rows").And("limit", MaxRows).And("file", f.Name)
			}
			texts, err := rows.Columns(excelize.Options{RawCellValue: true})
			if err != nil {
				return nil, bad
			}
			cells := make([]cell, min(len(texts), maxColumns))
			for i := range cells {
				cells[i].text = texts[i]
			}
			g.rows = append(g.rows, cells)
		}
		if err := errors.Join(rows.Error(), rows.Close()); err != nil {
			return nil, bad
		}
		if formulas {
			markFormulas(x, &g)
		}
		grids = append(grids, g)
	}
	return grids, nil
}

// withFormulas tells whether any sheet has a formula, so that cells are asked one by one only where it is worth it. It counts what it
// unpacks: sizes in a zip are what somebody wrote there.
func withFormulas(z *zip.Reader) (bool, error) {
	left, found := int64(MaxUnzipped), false
	for _, e := range z.File {
		if !strings.HasPrefix(e.Name, "xl/worksheets/") {
			continue
		}
		r, err := e.Open()
		if err != nil {
			return false, err
		}
		buf, tail := make([]byte, 64<<10), []byte(nil)
		for {
			n, err := r.Read(buf)
			if left -= int64(n); left < 0 {
				r.Close()
				return false, errors.New("too much")
			}
			chunk := append(tail, buf[:n]...)
			found = found || bytes.Contains(chunk, []byte("<f>")) || bytes.Contains(chunk, []byte("<f "))
			tail = append([]byte(nil), chunk[max(0, len(chunk)-3):]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				r.Close()
				return false, err
			}
		}
		r.Close()
	}
	return found, nil
}

func markFormulas(x *excelize.File, g *grid) {
	for i := range g.rows {
		for k := range g.rows[i] {
			name, err := excelize.CoordinatesToCellName(k+1, i+1)
			if err != nil {
				continue
			}
			if formula, err := x.GetCellFormula(g.name, name); err == nil && formula != "" {
				g.rows[i][k].formula = true
			}
		}
	}
}

// table reads a csv in any of the encodings that offices have: UTF-8 with or without its mark, UTF-16, GB18030.
func table(f File) ([]grid, error) {
	text, ok := decode(f.Content)
	if !ok || strings.ContainsRune(text, 0) {
		return nil, fault.New(fault.Unreadable, "neither a workbook nor a table of text").And("file", f.Name)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator(text), -1, true
	g := grid{file: f.Name, name: f.Name}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Unreadable, "not a table of text").And("file", f.Name)
		}
		if len(g.rows) > MaxRows {
			return nil, fault.New(fault.TooLarge, "too many rows").And("limit", MaxRows).And("file", f.Name)
		}
		line, _ := r.FieldPos(0)
		for len(g.rows) < line-1 { // blank lines count too: errors name the line that a person sees
			g.rows = append(g.rows, nil)
		}
		cells := make([]cell, min(len(record), maxColumns))
		for i := range cells {
			cells[i].text = record[i]
		}
		g.rows = append(g.rows, cells)
	}
	return []grid{g}, nil
}

func decode(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b)
		return string(out), err == nil
	case utf8.Valid(b):
		return strings.TrimPrefix(string(b), "\ufeff"), true
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
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
