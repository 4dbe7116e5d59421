package paper

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

func poster(t *testing.T, p PosterText) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Poster(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPosterIsOnePageWithItsFontInside(t *testing.T) {
	t.Parallel()
	b := poster(t, PosterText{Office: "如意湖街道办事处", Community: "湖心社区", Room: "和园3号楼", Owner: "周社工", URL: "http://localhost:8080/join/l0"})
	if !bytes.HasPrefix(b, []byte("%PDF-")) || bytes.Count(b, []byte("/Type /Page\n")) != 1 || !bytes.Contains(b, []byte("/FontFile2")) {
		t.Errorf("%d bytes, not one page with an embedded font", len(b))
	}
}

func TestPosterLeadsToItsLink(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"http://localhost:8080/join/l0123456789abcdef",
		"https://linli.a-rather-long-name-of-a-host.example.org:8443/join/l0123456789abcdef",
	} {
		page := poster(t, PosterText{Office: "如意湖街道办事处", Room: "和园3号楼", URL: url})
		img, err := png.Decode(bytes.NewReader(picture(t, page)))
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil || got.GetText() != url {
			t.Errorf("got %v, want %s: %v", got, url, err)
		}
	}
}

// picture finds the page's picture. A PDF holds the compressed rows of a PNG as they are; only a new head is needed.
func picture(t *testing.T, page []byte) []byte {
	t.Helper()
	at := bytes.Index(page, []byte("/Subtype /Image"))
	if at < 0 {
		t.Fatal("the page has no picture")
	}
	object := page[at:]
	head, rest, ok := bytes.Cut(object, []byte("stream\n"))
	body, _, end := bytes.Cut(rest, []byte("\nendstream"))
	if !ok || !end {
		t.Fatal("the picture has no stream")
	}
	number := func(key string) uint32 {
		var n uint32
		for _, c := range head[bytes.Index(head, []byte(key))+len(key):] {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + uint32(c-'0')
		}
		return n
	}
	out := bytes.NewBufferString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		_ = binary.Write(out, binary.BigEndian, uint32(len(data)))
		both := append([]byte(kind), data...)
		out.Write(both)
		_ = binary.Write(out, binary.BigEndian, crc32.ChecksumIEEE(both))
	}
	colours := byte(0)
	if bytes.Contains(head, []byte("/Indexed")) {
		colours = 3
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, number("/Width ")), number("/Height "))
	chunk("IHDR", append(size, byte(number("/BitsPerComponent ")), colours, 0, 0, 0))
	if colours == 3 {
		chunk("PLTE", []byte{255, 255, 255, 0, 0, 0})
	}
	chunk("IDAT", body)
	chunk("IEND", nil)
	return out.Bytes()
}

func TestPosterTakesAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"𬱖𫖮号楼", "😀", "\xff\xfe", "a\u202eb", "", strings.Repeat("很长的名字", 12), "\ue000", "䶮喆堃"} {
		poster(t, PosterText{Office: name, Community: name, Room: name, Owner: name, URL: "http://localhost/join/l0"})
	}
}

func TestRareNamesAreInTheFont(t *testing.T) {
	t.Parallel()
	has := characters(t, font)
	for _, r := range printable(beyond) + "䶮喆堃璟鑫彧□，：" {
		if !has(r) {
			t.Errorf("%q (%U) is not in the font", r, r)
		}
	}
	if has('ก') || has(firstPrivate+rune(len(private))) {
		t.Error("the font is said to have what it has not")
	}
	if got := printable("\U0001f600"); got != "□" {
		t.Errorf("what the font lacks prints as %q", got)
	}
}

// characters reads which characters of the first plane a TrueType font has: its table cmap, format 4.
func characters(t *testing.T, ttf []byte) func(rune) bool {
	t.Helper()
	u16 := func(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
	u32 := func(b []byte, at int) int { return int(binary.BigEndian.Uint32(b[at:])) }
	var cmap []byte
	for i := range u16(ttf, 4) {
		if at := 12 + 16*i; string(ttf[at:at+4]) == "cmap" {
			cmap = ttf[u32(ttf, at+8):]
		}
	}
	for i := range u16(cmap, 2) {
		f := cmap[u32(cmap, 4+8*i+4):]
		if u16(f, 0) != 4 {
			continue
		}
		n := u16(f, 6) // twice the number of segments
		return func(r rune) bool {
			for k := 0; k < n; k += 2 {
				first, last := u16(f, 16+n+k), u16(f, 14+k)
				if int(r) > last || int(r) < first {
					continue
				}
				offset := u16(f, 16+3*n+k)
				if offset == 0 {
					return (int(r)+u16(f, 16+2*n+k))&0xffff != 0
				}
				return u16(f, 16+3*n+k+offset+2*(int(r)-first)) != 0
			}
			return false
		}
	}
	t.Fatal("the font has no table of the first plane")
	return nil
}
