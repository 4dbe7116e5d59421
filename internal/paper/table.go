// Package paper is what leaves Linli on paper or as a table: a room's poster with its QR, lists of doors, the rows of a roster
// that could not be taken.
package paper

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Table writes an xlsx with one sheet: a head row, and rows of texts. Every cell is text, so nothing in it can be run as a formula.
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
	for i, row := range append([][]string{head}, rows...) {
		cells := make([]any, len(row))
		for k, text := range row {
			cells[k] = excelize.Cell{Value: strings.ToValidUTF8(text, "�")}
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
	return x.Write(w)
}
