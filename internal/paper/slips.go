package paper

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
)

// SlipText is one door's slip.
type SlipText struct {
	Door string // on the stub alone, for who brings it; the slip itself names no door
	URL  string // what the QR leads to
}

// StairText is what the slips of one stair have in common.
type StairText struct {
	Office, Community, Room string
	Stair                   string // 3号楼 2单元, on the stubs
	Until                   string // the last day, as it is to be read
}

// Slips writes A4 pages of eight slips each, to be cut apart: beside each a stub with the door, torn off when it is brought. The slip
// carries no name and no door, so that who finds one learns nothing.
func Slips(w io.Writer, t StairText, slips []SlipText) error {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle(printable(t.Room+" "+t.Stair), true)
	pdf.SetCreator("Linli", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("sc", "", font)
	for i, s := range slips {
		if i%8 == 0 {
			pdf.AddPage()
		}
		// Medium: a fold or a scratch of a seventh may be lost.
		qr, err := qrcode.Encode(s.URL, qrcode.Medium, 400)
		if err != nil {
			return fmt.Errorf("paper: qr: %w", err)
		}
		name := fmt.Sprint("qr", i)
		pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(qr))
		slip(pdf, float64(i%2)*105, float64(i%8/2)*74.25, t, s, name)
	}
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("paper: slips: %w", err)
	}
	return nil
}

// slip draws one at a place of the page, 105 mm × 74.25 mm.
func slip(pdf *fpdf.Fpdf, x, y float64, t StairText, s SlipText, qr string) {
	const wide, high, stub = 105, 74.25, 12
	pdf.SetDrawColor(150, 145, 138)
	pdf.SetLineWidth(0.2)
	pdf.SetDashPattern([]float64{2, 2}, 0)
	pdf.Rect(x, y, wide, high, "D")
	pdf.Line(x, y+stub, x+wide, y+stub)
	pdf.SetTextColor(30, 28, 25)
	in(pdf, x+5, y+2, 12, 62, s.Door)
	pdf.SetTextColor(100, 95, 88)
	in(pdf, x+67, y+2, 7.5, 34, "送到后沿线撕下这一条")
	pdf.SetTextColor(30, 28, 25)
	pdf.ImageOptions(qr, x+4, y+stub+3, 46, 46, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	for i, text := range []string{t.Room, "请本户扫码入群"} {
		in(pdf, x+52, y+stub+5+float64(i)*9, 14-float64(i), 50, text)
	}
	pdf.SetTextColor(70, 66, 60)
	for i, text := range []string{"填姓名和手机号即可，不用再选门牌", "只能用一次，" + t.Until + "前有效", "不要转给别人，也不要拍照发出去"} {
		in(pdf, x+52, y+stub+26+float64(i)*6, 8.5, 50, text)
	}
	in(pdf, x+5, y+high-10, 8, 95, t.Office+"　"+t.Community)
	if no := trial(s.URL); no != "" {
		pdf.SetFillColor(255, 196, 87)
		pdf.Rect(x+52, y+stub+1, 50, 5, "F")
		in(pdf, x+53, y+stub+2, 7.5, 48, no)
	}
	pdf.SetDashPattern(nil, 0)
}

// in writes a line from a point on, in the largest type up to size that fits the width.
func in(pdf *fpdf.Fpdf, x, y, size, width float64, text string) {
	text = printable(text)
	for pdf.SetFont("sc", "", size); pdf.GetStringWidth(text) > width && size > 5; pdf.SetFont("sc", "", size) {
		size -= 0.5
	}
	pdf.SetXY(x, y)
	pdf.CellFormat(width, size/2, text, "", 0, "L", false, 0, "")
}
