package paper

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Eight slips a page, and each page's QR codes lead where they should.
func TestSlipsAreEightAPage(t *testing.T) {
	t.Parallel()
	for n, pages := range map[int]int{1: 1, 8: 1, 9: 2, 30: 4} {
		var list []SlipText
		for i := range n {
			list = append(list, SlipText{Door: fmt.Sprintf("3-2-%d01", i), URL: fmt.Sprintf("https://linli.example.org/join/s0123456789abcde%d-0123456789abcdef0123", i)})
		}
		var b bytes.Buffer
		if err := Slips(&b, StairText{Office: "如意湖街道办事处", Community: "湖心社区", Room: "和园3号楼", Stair: "3号楼 2单元", Until: "12月28日"}, list); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(b.Bytes(), []byte("/Type /Page\n")); got != pages {
			t.Errorf("%d slips on %d pages", n, got)
		}
		img, err := png.Decode(bytes.NewReader(picture(t, b.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil || got.GetText() != list[0].URL && n == 1 {
			t.Errorf("got %v: %v", got, err)
		}
	}
}
