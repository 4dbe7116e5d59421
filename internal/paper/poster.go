package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

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
	Stair                   string // of a room's building, for the poster of one; empty for that of the whole room
	Owner                   string // as the room knows them
	URL                     string // what the QR leads to
	Telephone               string // of who decides, as they chose to tell it; may be empty
}

// trial is what a paper says first whose address is not for phones: one that opens on this machine alone, or is not https. Empty for
// others.
func trial(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	ip, _ := netip.ParseAddr(host)
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost") || ip.IsLoopback():
		return "试用：地址只有这台电脑打得开，先不要张贴"
	case u.Scheme != "https":
		return "试用：地址不是 https，先不要张贴"
	}
	return ""
}

// Poster writes A4 pages to hang in the lift, one for each text: the room's name in large type and the QR that one scans to apply.
func Poster(w io.Writer, title string, pages ...PosterText) error {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle(printable(title), true)
	pdf.SetCreator("Linli", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("sc", "", font)
	for _, p := range pages {
		if err := posterPage(pdf, p); err != nil {
			return err
		}
	}
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("paper: poster: %w", err)
	}
	return nil
}

// Code is the QR of a poster's address as a PNG, size pixels wide. High: almost a third of it may be scratched off.
func Code(address string, size int) ([]byte, error) {
	qr, err := qrcode.Encode(address, qrcode.High, size)
	if err != nil {
		return nil, fmt.Errorf("paper: qr: %w", err)
	}
	return qr, nil
}

func posterPage(pdf *fpdf.Fpdf, p PosterText) error {
	qr, err := Code(p.URL, 1024)
	if err != nil {
		return err
	}
	p.Office, p.Community, p.Room, p.Owner, p.Stair = printable(p.Office), printable(p.Community), printable(p.Room), printable(p.Owner), printable(p.Stair)
	pdf.RegisterImageOptionsReader(p.URL, fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(qr))
	pdf.AddPage()

	pdf.SetFillColor(20, 94, 104) // 黛青, the wall
	pdf.Rect(0, 0, 210, 62, "F")
	pdf.SetTextColor(255, 255, 255)
	fitted(pdf, 16, 14, p.Office+"　"+p.Community)
	if p.Stair == "" {
		fitted(pdf, 28, 40, p.Room)
	} else {
		fitted(pdf, 24, 26, p.Room)
		fitted(pdf, 40, 36, p.Stair)
	}
	if t := trial(p.URL); t != "" {
		pdf.SetFillColor(255, 196, 87) // 灯黄
		pdf.Rect(0, 62, 210, 11, "F")
		pdf.SetTextColor(30, 28, 25)
		line(pdf, 64.5, 13, t)
	}
	pdf.SetTextColor(30, 28, 25)
	line(pdf, 76, 22, "扫一扫，实名入群")
	pdf.ImageOptions(p.URL, 45, 90, 120, 120, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	line(pdf, 218, 17, "用微信或手机浏览器扫码，填姓名和门牌，群主审核后进群")
	line(pdf, 230, 17, "每户至少一人，每店一位负责人")
	if p.Owner != "" {
		fitted(pdf, 246, 17, "群主："+p.Owner)
	}
	pdf.SetTextColor(100, 95, 88)
	if p.Telephone == "" {
		line(pdf, 262, 12, "不会用手机的邻居，请找群主或到社区服务站，当面就能办")
	} else {
		fitted(pdf, 262, 12, "不会用手机的邻居，请打 "+printable(p.Telephone)+"，或到社区服务站，当面就能办")
	}
	address, _, _ := strings.Cut(p.URL, "?") // what one can type
	fitted(pdf, 272, 10, printable(address))
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
