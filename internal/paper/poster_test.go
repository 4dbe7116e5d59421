package paper

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"linli/internal/paper/papertest"
)

func poster(t *testing.T, p PosterText) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Poster(&b, p.Room, p); err != nil {
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
		if got := papertest.Codes(t, page); !slices.Equal(got, []string{url}) {
			t.Errorf("got %v, want %s", got, url)
		}
	}
}

// says is what stands on a PDF's pages: the texts of its streams, one a line.
func says(t *testing.T, page []byte) string {
	t.Helper()
	var text strings.Builder
	for rest := page; ; {
		_, after, ok := bytes.Cut(rest, []byte("stream\n"))
		if !ok {
			return text.String()
		}
		stream, next, _ := bytes.Cut(after, []byte("\nendstream"))
		rest = next
		z, err := zlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(z)
		if err != nil {
			continue // a font, cut where its bytes say endstream
		}
		for _, m := range shown.FindAllSubmatch(content, -1) {
			raw := escaped.ReplaceAllFunc(m[1], func(b []byte) []byte {
				if b[1] == 'r' {
					return []byte{'\r'}
				}
				return b[1:]
			})
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(raw[2*i:])
			}
			text.WriteString(string(utf16.Decode(units)) + "\n")
		}
	}
}

var (
	shown   = regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\) ?Tj`)
	escaped = regexp.MustCompile(`(?s)\\(.)`)
)

// Whose address is no use to a phone says so on the paper itself; every other paper does not.
func TestPaperWithAnAddressThatPhonesCannotOpenSaysTrial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, says string }{
		{"http://localhost:8080/join/l0", "试用：地址只有这台电脑打得开，先不要张贴"},
		{"https://localhost/join/l0", "试用：地址只有这台电脑打得开，先不要张贴"},
		{"http://127.0.0.1:8080/join/l0", "试用：地址只有这台电脑打得开，先不要张贴"},
		{"http://[::1]:8080/join/l0", "试用：地址只有这台电脑打得开，先不要张贴"},
		{"http://192.168.1.7:8080/join/l0", "试用：地址不是 https，先不要张贴"},
		{"http://linli.example.org/join/l0", "试用：地址不是 https，先不要张贴"},
		{"https://linli.example.org/join/l0", ""},
	} {
		var slips bytes.Buffer
		if err := Slips(&slips, StairText{Room: "和园3号楼"}, []SlipText{{Door: "3-2-501", URL: c.url}}); err != nil {
			t.Fatal(err)
		}
		for name, page := range map[string][]byte{"poster": poster(t, PosterText{Room: "和园3号楼", URL: c.url}), "slips": slips.Bytes()} {
			text := says(t, page)
			if !strings.Contains(text, "和园3号楼") {
				t.Fatalf("the %s cannot be read: %q", name, text)
			}
			if c.says != "" && !strings.Contains(text, c.says) || c.says == "" && strings.Contains(text, "试用") {
				t.Errorf("the %s of %s says %q", name, c.url, text)
			}
		}
	}
}

func TestPosterTellsTheTelephoneThatWasChosen(t *testing.T) {
	t.Parallel()
	at := "https://linli.example.org/join/l0"
	if text := says(t, poster(t, PosterText{Room: "和园3号楼", URL: at, Telephone: "0371-6888 1234 8:30—18:00"})); !strings.Contains(text, "请打 0371-6888 1234 8:30—18:00") {
		t.Errorf("it says %q", text)
	}
	if text := says(t, poster(t, PosterText{Room: "和园3号楼", URL: at})); strings.Contains(text, "请打") {
		t.Errorf("without one it says %q", text)
	}
}

// Each stair has a page of its own, and its own code.
func TestPostersOfStairsAreOnePaper(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	pages := []PosterText{
		{Room: "和园3号楼", Stair: "3号楼 1单元", URL: "https://linli.example.org/join/l0?building=3%E5%8F%B7%E6%A5%BC&entrance=1%E5%8D%95%E5%85%83"},
		{Room: "和园3号楼", Stair: "3号楼 2单元", URL: "https://linli.example.org/join/l0?building=3%E5%8F%B7%E6%A5%BC&entrance=2%E5%8D%95%E5%85%83"},
	}
	if err := Poster(&b, "和园3号楼", pages...); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b.Bytes(), []byte("/Type /Page\n")); n != 2 {
		t.Errorf("%d pages", n)
	}
	if n := bytes.Count(b.Bytes(), []byte("/Subtype /Image")); n < 2 {
		t.Errorf("%d codes", n)
	}
	if text := says(t, b.Bytes()); !strings.Contains(text, "3号楼 1单元") || !strings.Contains(text, "3号楼 2单元") || strings.Contains(text, "?building") {
		t.Errorf("it says %q", text)
	}
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
