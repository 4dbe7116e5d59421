// Package paper is what leaves Linli on paper or as a table: a room's poster with its QR, lists of doors, the rows of a roster
// that could not be taken.
package paper

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxText is as much as a cell of a workbook holds.
const maxText = 32767

// Table writes an xlsx with one sheet: a head row, and rows of texts. Every cell is text and formatted as text, so that nothing
// in it is run as a formula, not even after somebody has edited the cell, and a phone keeps all its digits.
func Table(w io.Writer, sheet string, head []string, rows [][]string) error {
	x := excelize.NewFile()
	defer x.Close()
	if err := x.SetSheetName("Sheet1", sheet); err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	stream, err := x.NewStreamWriter(sheet)
	if err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	if err := stream.SetColWidth(1, max(1, len(head)), 16); err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	asText, err := x.NewStyle(&excelize.Style{NumFmt: textFormat})
	if err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	asHead, err := x.NewStyle(&excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	for i, row := range append([][]string{head}, rows...) {
		style := asText
		if i == 0 {
			style = asHead
		}
		cells := make([]any, len(row))
		for k, text := range row {
			cells[k] = excelize.Cell{StyleID: style, Value: legible(text)}
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return fmt.Errorf("paper: table: %w", err)
		}
		if err := stream.SetRow(at, cells); err != nil {
			return fmt.Errorf("paper: table: %w", err)
		}
	}
	if err := stream.Flush(); err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	if err := x.Write(w); err != nil {
		return fmt.Errorf("paper: table: %w", err)
	}
	return nil
}

// textFormat is the number format "@" of every workbook.
const textFormat = 49

// legible is a text without what a workbook's XML may not hold: one such character, and the file counts as damaged.
func legible(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "�"))
	for i, r := range runes {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			runes[i] = '�'
		}
	}
	return string(runes[:min(len(runes), maxText)])
}
