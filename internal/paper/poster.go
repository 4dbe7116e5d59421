package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
)

// font is Noto Sans SC Medium, cut down to GB 2312 and the 8105 characters of the national table (OFL 1.1, font/OFL.txt). It is
// embedded so that a poster looks the same wherever it is printed.
//
//go:embed font/NotoSansSC-subset.ttf
var font []byte

// PosterText is what a room's poster says.
type PosterText struct {
	Office, Community, Room string
	Owner                   string // as the room knows them
	URL                     string // what the QR leads to
}

// Poster writes an A4 page to hang in the lift: the room's name in large type and the QR that one scans to apply.
func Poster(w io.Writer, p PosterText) error {
	// High: almost a third of the code may be scratched off.
	qr, err := qrcode.Encode(p.URL, qrcode.High, 1024)
	if err != nil {
		return fmt.Errorf("paper: qr: %w", err)
	}
	p.Office, p.Community, p.Room, p.Owner = printable(p.Office), printable(p.Community), printable(p.Room), printable(p.Owner)
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle(p.Room, true)
	pdf.SetCreator("Linli", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("sc", "", font)
	pdf.RegisterImageOptionsReader("qr", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(qr))
	pdf.AddPage()

	pdf.SetFillColor(20, 94, 104) // 黛青, the wall
	pdf.Rect(0, 0, 210, 62, "F")
	pdf.SetTextColor(255, 255, 255)
	fitted(pdf, 16, 14, p.Office+"　"+p.Community)
	fitted(pdf, 28, 40, p.Room)
	pdf.SetTextColor(30, 28, 25)
	line(pdf, 74, 24, "扫一扫，实名入群")
	pdf.ImageOptions("qr", 45, 90, 120, 120, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	line(pdf, 218, 17, "用微信或手机浏览器扫码，填姓名和门牌，群主审核后进群")
	line(pdf, 230, 17, "每户至少一人，每店一位负责人")
	if p.Owner != "" {
		fitted(pdf, 246, 17, "群主："+p.Owner)
	}
	pdf.SetTextColor(100, 95, 88)
	line(pdf, 262, 12, "不会用手机的邻居，请找群主或到社区服务站，当面就能办")
	fitted(pdf, 272, 10, printable(p.URL))
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("paper: poster: %w", err)
	}
	return nil
}

// line writes a centred line, y millimetres from the top, in points.
func line(pdf *fpdf.Fpdf, y, size float64, text string) {
	pdf.SetFont("sc", "", size)
	pdf.SetXY(10, y)
	pdf.CellFormat(190, size/2, text, "", 0, "C", false, 0, "")
}

// fitted is line in the largest type, up to size, that fits on the page.
func fitted(pdf *fpdf.Fpdf, y, size float64, text string) {
	for pdf.SetFont("sc", "", size); pdf.GetStringWidth(text) > 185 && size > 6; pdf.SetFont("sc", "", size) {
		size--
	}
	line(pdf, y, size, text)
}
