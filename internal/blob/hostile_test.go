package blob

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"linli/internal/fault"
)

// chunk is one of a PNG, sound in itself.
func chunk(name string, body []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), name...)
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngOf promises w × h pixels, with a few bytes of deflated nothing behind it.
func pngOf(t *testing.T, w, h uint32) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	head = append(head, 8, 0, 0, 0, 0) // one byte a pixel, grey
	var zeros bytes.Buffer
	z := zlib.NewWriter(&zeros)
	if _, err := io.CopyN(z, blank0{}, 1<<20); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head), chunk("IDAT", zeros.Bytes()), chunk("IEND", nil)}, nil)
}

type blank0 struct{}

func (blank0) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// frames is a GIF that moves.
func frames(t *testing.T, n int) []byte {
	t.Helper()
	p := color.Palette{color.Black, color.White}
	g := &gif.GIF{Config: image.Config{Width: 64, Height: 64, ColorModel: p}}
	for range n {
		g.Image, g.Delay = append(g.Image, image.NewPaletted(image.Rect(0, 0, 64, 64), p)), append(g.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is an archive that is a thousand times as large when somebody opens it.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("账单.txt")
	if err == nil {
		_, err = io.CopyN(w, blank0{}, 16<<20)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webp is one pixel, as an encoder of libwebp wrote it.
func webp(t *testing.T) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const page = "<!doctype html><script>alert(document.cookie)</script>"

func TestHostilePicturesAreRefusedOrComeOutHarmless(t *testing.T) {
	s, _ := store(t)
	photo := photo(t, 300, 200, 1)
	var plain bytes.Buffer
	if err := png.Encode(&plain, scene(40, 20)); err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(plain.Bytes())
	torn[len(torn)/2] ^= 0xff
	heic := append(box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), make([]byte, 500)...)
	if _, err := put(t, s, Picture, heic); err == nil || fault.Of(err).With["format"] != "heic" {
		t.Errorf("what a person could do about it is not said: %v", err)
	}
	for name, b := range map[string][]byte{
		"a PNG of 60,000 × 60,000":         pngOf(t, 60_000, 60_000),
		"a PNG one pixel high":             pngOf(t, 1<<31-1, 1),
		"a PNG without pixels":             pngOf(t, 0, 0),
		"a PNG with fewer bytes than said": pngOf(t, 5000, 5000),
		"a PNG with a flipped byte":        torn,
		"a JPEG without its end":           photo[:len(photo)-200],
		"the first bytes of a JPEG":        photo[:20],
		"the magic of a JPEG alone":        {0xff, 0xd8, 0xff},
		"half a WebP":                      webp(t)[:20],
		"the magic of a WebP alone":        []byte("RIFF\xff\xff\xff\xffWEBPVP8 "),
		"a GIF without a picture":          []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00;"),
		"a GIF that is a script":           []byte("GIF89a=1;alert(document.cookie)//"),
		"a photo of an iPhone":             heic,
		"an AVIF":                          box("ftyp", []byte("avif\x00\x00\x00\x00mif1avif")),
		"a TIFF":                           []byte("II*\x00\x08\x00\x00\x00"),
		"a drawing behind a declaration":   []byte("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
		"a page called .png":               []byte(page),
		"a document":                       []byte("%PDF-1.7"),
		"an archive":                       archive(t, "a.jpg"),
		"nothing but zeros":                make([]byte, 4096),
		"three thousand frames":            frames(t, 3000),
	} {
		if _, err := put(t, s, Picture, b); !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"a GIF that is a script too":  append(frames(t, 1), "=1;alert(document.cookie)//"...),
		"a photo that is an archive":  append(bytes.Clone(photo), archive(t, "secret.txt")...),
		"a photo that is a page":      append(bytes.Clone(photo), page...),
		"a PNG with a page in a note": bytes.Join([][]byte{plain.Bytes()[:33], chunk("tEXt", []byte("c\x00"+page)), plain.Bytes()[33:]}, nil),
		"a GIF of one frame":          frames(t, 1),
		"a WebP":                      webp(t),
	} {
		f, err := put(t, s, Picture, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, less := range []bool{false, true} {
			out := bytesOf(t, s, f.Hash, less)
			if http.DetectContentType(out) != "image/jpeg" || f.Type != "image/jpeg" {
				t.Errorf("%s: it came out as %s", name, http.DetectContentType(out))
			}
			for _, bad := range []string{"<script", "alert(", "PK\x03\x04", "secret"} {
				if bytes.Contains(out, []byte(bad)) {
					t.Errorf("%s: %q survived", name, bad)
				}
			}
			if !bytes.HasSuffix(out, []byte{0xff, 0xd9}) {
				t.Errorf("%s: something stands behind the picture", name)
			}
		}
	}
	left, _ := os.ReadDir(filepath.Join(s.dir, "up"))
	for _, e := range left {
		if !strings.HasSuffix(e.Name(), ".json") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

func TestHostileFilmsAndVoicesAreRefused(t *testing.T) {
	s, _ := store(t)
	whole := film()
	endless := append(box("ftyp", []byte("isommp42")), 0, 0, 0, 1, 'm', 'o', 'o', 'v', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	within := box("trak")
	for range 50_000 {
		within = append(box("trak"), within[:8]...)
	}
	for name, c := range map[string]struct {
		as As
		b  []byte
	}{
		"a film that breaks off in its index": {Video, whole[:len(whole)-80]},
		"only the beginning of a film":        {Video, whole[:12]},
		"a box of more bytes than there are":  {Video, endless},
		"a photo of an iPhone as a film":      {Video, box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))},
		"a WebM that is only its magic":       {Video, []byte{0x1a, 0x45, 0xdf, 0xa3}},
		"another Matroska":                    {Video, append([]byte{0x1a, 0x45, 0xdf, 0xa3}, "\x42\x82\x88matroska"...)},
		"an AVI":                              {Video, []byte("RIFF\x00\x00\x00\x00AVI LIST")},
		"a page as a film":                    {Video, []byte(page)},
		"an AMR":                              {Voice, []byte("#!AMR\n")},
		"a WAV":                               {Voice, []byte("RIFF\x00\x00\x00\x00WAVEfmt ")},
		"a page as a voice":                   {Voice, []byte(page)},
		"a photo as a voice":                  {Voice, photo(t, 30, 20, 1)},
	} {
		if _, err := put(t, s, c.as, c.b); !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := put(t, s, Video, bytes.Join([][]byte{box("ftyp", []byte("isommp42")), box("moov", within)}, nil)); err != nil && !fault.Is(err, fault.Unreadable) {
		t.Errorf("boxes in boxes: %v", err)
	}
}

func TestFilesOfEveryKindAreKeptByteForByteAndNeverOpened(t *testing.T) {
	s, _ := store(t)
	for name, b := range map[string][]byte{
		"a bomb": bomb(t), "a page in a document": []byte("%PDF-1.7\n" + page), "a drawing": []byte("<svg onload=alert(1)>"),
		"a photo of an iPhone": box("ftyp", []byte("heic")), "half an archive": archive(t, "a.txt")[:20], "one byte": {0},
	} {
		f, err := put(t, s, Any, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(bytesOf(t, s, f.Hash, false), b) || f.Size != int64(len(b)) {
			t.Errorf("%s: it was changed", name)
		}
	}
}

func TestTwoDevicesWriteOneUpload(t *testing.T) {
	s, _ := store(t)
	whole := []byte(strings.Repeat("停水通知", 20_000))
	u, err := s.Begin(zhang, "r1", Any, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{-1, 1, u.Size, u.Size + 1, 1 << 62} {
		_, err := s.Write(zhang, u.ID, at, bytes.NewReader(whole))
		code(t, err, fault.Conflicting)
	}
	// Both send all parts; whoever is late is told where it is and goes on from there.
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			for at := int64(0); at < u.Size; {
				now, err := s.Write(zhang, u.ID, at, bytes.NewReader(whole[at:min(at+1000, u.Size)]))
				switch {
				case err == nil:
					at = now.At
				case fault.Is(err, fault.Busy) || fault.Is(err, fault.Conflicting):
					if now, err = s.State(zhang, u.ID); err != nil {
						t.Error(err)
						return
					}
					at = now.At
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	f, err := s.Finish(t.Context(), zhang, u.ID)
	if err != nil || !bytes.Equal(bytesOf(t, s, f.Hash, false), whole) {
		t.Fatalf("%+v %v", f, err)
	}
	_, err = s.Write(zhang, u.ID, u.Size, bytes.NewReader(whole[:10]))
	code(t, err, fault.Conflicting)
	_, err = s.Write(zhang, u.ID, 0, bytes.NewReader(whole))
	code(t, err, fault.Conflicting)
	if !bytes.Equal(bytesOf(t, s, f.Hash, false), whole) {
		t.Error("a part after the end changed the file")
	}
}
