package blob

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/long"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func store(t *testing.T) (*Store, *clock) {
	t.Helper()
	c := &clock{time.Now()}
	s, err := Open(t.TempDir(), 0, c.now)
	if err != nil {
		t.Fatal(err)
	}
	s.work = long.Patience // TestDrawingEndsWithItsTime… is about the time
	return s, c
}

const zhang, li = id.Person("p-zhang"), id.Person("p-li")

// put brings bytes in, whole.
func put(t *testing.T, s *Store, as As, b []byte) (File, error) {
	t.Helper()
	u, err := s.Begin(zhang, "r1", as, int64(len(b)))
	if err != nil {
		return File{}, err
	}
	if _, err := s.Write(zhang, u.ID, 0, bytes.NewReader(b)); err != nil {
		return File{}, err
	}
	return s.Finish(t.Context(), zhang, u.ID)
}

func bytesOf(t *testing.T, s *Store, hash string, less bool) []byte {
	t.Helper()
	f, err := s.Read(hash, less)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("want %s, got %v", want, err)
	}
}

// scene is wider than high, red on the left.
func scene(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 255, 255}
			if x < w/2 {
				c = color.RGBA{255, 0, 0, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

// photo is a JPEG with Exif: how the camera was held, and where.
func photo(t *testing.T, w, h, turn int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scene(w, h), nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00GPS 34.7466N 113.6253E")
	binary.BigEndian.PutUint16(tiff[18:], uint16(turn))
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append(append([]byte{0xff, 0xd8}, segment...), exif...), b.Bytes()[2:]...)
}

func TestPicturesAreDrawnAnew(t *testing.T) {
	s, _ := store(t)
	was := append(photo(t, 3000, 2000, 6), "<script>alert(1)</script>"...)
	f, err := put(t, s, Picture, was)
	if err != nil {
		t.Fatal(err)
	}
	large, less := bytesOf(t, s, f.Hash, false), bytesOf(t, s, f.Hash, true)
	for _, b := range [][]byte{large, less} {
		for _, secret := range []string{"GPS", "Exif", "script"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s survived", secret)
			}
		}
	}
	img, err := jpeg.Decode(bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	if b.Dy() != largeSide || b.Dx() != f.W || b.Dy() != f.H || f.W >= f.H {
		t.Errorf("%v, said %d × %d", b, f.W, f.H)
	}
	if r, _, blue, _ := img.At(b.Dx()/2, 10).RGBA(); r < blue {
		t.Error("what was left is not above: it was not turned by the camera's word")
	}
	small, err := jpeg.DecodeConfig(bytes.NewReader(less))
	if err != nil || max(small.Width, small.Height) != smallSide {
		t.Errorf("small: %v %v", small, err)
	}
	if int64(len(large)) != f.Size || f.Type != "image/jpeg" {
		t.Errorf("%+v", f)
	}
}

func TestEveryTurnOfTheCamera(t *testing.T) {
	// Where the red half of the scene is to be seen, for Exif orientation 1 to 8: left, right, above or below.
	want := []string{"left", "right", "right", "left", "above", "above", "below", "below"}
	for i, side := range want {
		img := upright(scene(40, 20).(*image.RGBA), i+1)
		b := img.Bounds()
		at := map[string]image.Point{
			"left": {2, b.Dy() / 2}, "right": {b.Dx() - 3, b.Dy() / 2}, "above": {b.Dx() / 2, 2}, "below": {b.Dx() / 2, b.Dy() - 3},
		}[side]
		if r, _, blue, _ := img.At(at.X, at.Y).RGBA(); r < blue {
			t.Errorf("orientation %d: red is not %s", i+1, side)
		}
	}
}

func TestOtherFormats(t *testing.T) {
	s, _ := store(t)
	var p, g bytes.Buffer
	if err := png.Encode(&p, image.NewNRGBA(image.Rect(0, 0, 30, 20))); err != nil { // all of it transparent
		t.Fatal(err)
	}
	if err := gif.Encode(&g, scene(30, 20), nil); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"png": p.Bytes(), "gif": g.Bytes()} {
		f, err := put(t, s, Picture, b)
		if err != nil || f.W != 30 || f.H != 20 {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
	f, err := put(t, s, Picture, p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(bytesOf(t, s, f.Hash, false)))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(3, 3).RGBA(); r < 0xf000 {
		t.Error("what was transparent is not white")
	}
}

// box is one of an MP4.
func box(name string, in ...[]byte) []byte {
	body := bytes.Join(in, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

func film() []byte {
	place := box("udta", box("\xa9xyz", []byte("+34.7466+113.6253/")))
	return bytes.Join([][]byte{
		box("ftyp", []byte("isommp42")), box("moov", box("mvhd", make([]byte, 100)), box("trak", box("tkhd", make([]byte, 80)), place), place),
		box("mdat", []byte("pictures and sound")),
	}, nil)
}

func TestVideosLoseTheirPlace(t *testing.T) {
	s, _ := store(t)
	was := film()
	f, err := put(t, s, Video, was)
	if err != nil {
		t.Fatal(err)
	}
	b := bytesOf(t, s, f.Hash, false)
	if bytes.Contains(b, []byte("113.6253")) || bytes.Contains(b, []byte("udta")) {
		t.Error("where it was taken survived")
	}
	if len(b) != len(was) || !bytes.Contains(b, []byte("pictures and sound")) || f.Type != "video/mp4" {
		t.Errorf("the film itself changed: %+v", f)
	}
}

func archive(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		if _, err := z.Create(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileUploadsAreRefusedOrHarmless(t *testing.T) {
	s, _ := store(t)
	var plain bytes.Buffer
	if err := png.Encode(&plain, scene(8, 8)); err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Clone(plain.Bytes())
	binary.BigEndian.PutUint32(bomb[16:], 60_000) // IHDR: width, height
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	photo := photo(t, 300, 200, 1)
	lying := box("moov", box("trak"))
	binary.BigEndian.PutUint32(lying[8:], 1<<30)
	for name, c := range map[string]struct {
		as As
		b  []byte
	}{
		"a bomb of pixels":            {Picture, bomb},
		"half a photo":                {Picture, photo[:len(photo)/2]},
		"a drawing with a script":     {Picture, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)},
		"a page":                      {Picture, []byte("<!doctype html><script>alert(1)</script>")},
		"a program as a picture":      {Picture, []byte("MZ\x90\x00 not a picture")},
		"a photo as a video":          {Video, photo},
		"half a film":                 {Video, film()[:60]},
		"a film without its middle":   {Video, box("ftyp", []byte("isommp42"))},
		"a box larger than its film":  {Video, append(box("ftyp", []byte("isommp42")), lying...)},
		"nothing but boxes":           {Video, append(box("ftyp", []byte("isommp42")), bytes.Repeat(box("free"), mostBoxes+1)...)},
		"a page as a voice":           {Voice, []byte("<html>")},
		"a program":                   {Any, []byte("MZ\x90\x00")},
		"a program of another system": {Any, []byte("\x7fELF\x02")},
		"a script":                    {Any, []byte("#!/bin/sh\nrm -rf /")},
		"an app as a document":        {Any, archive(t, "AndroidManifest.xml", "classes.dex")},
	} {
		if _, err := put(t, s, c.as, c.b); !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"a document": []byte("%PDF-1.7 …"), "a workbook": archive(t, "xl/workbook.xml"), "text": []byte("今晚停水"), "a page": []byte("<html>"),
	} {
		if _, err := put(t, s, Any, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(s.data("*.s")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnUploadGoesOnWhereItBroke(t *testing.T) {
	s, c := store(t)
	whole := []byte(strings.Repeat("停水通知", 1000))
	u, err := s.Begin(zhang, "r1", Any, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(bytes.NewReader(whole[:700]), failing{})
	_, err = s.Write(zhang, u.ID, 0, broken)
	code(t, err, fault.Busy)
	if s, err = Open(s.dir, 0, c.now); err != nil { // and the server was started again
		t.Fatal(err)
	}
	now, err := s.State(zhang, u.ID)
	if err != nil || now.At != 700 {
		t.Fatalf("%+v %v", now, err)
	}
	_, err = s.Finish(t.Context(), zhang, u.ID)
	code(t, err, fault.Conflicting)
	_, err = s.Write(zhang, u.ID, 0, bytes.NewReader(whole))
	code(t, err, fault.Conflicting)
	_, err = s.Write(li, u.ID, 700, bytes.NewReader(whole[700:]))
	code(t, err, fault.NotFound)
	_, err = s.Write(zhang, "../../keys/office", 700, bytes.NewReader(whole[700:]))
	code(t, err, fault.NotFound)
	if _, err = s.Write(zhang, u.ID, 700, bytes.NewReader(whole[700:])); err != nil {
		t.Fatal(err)
	}
	f, err := s.Finish(t.Context(), zhang, u.ID)
	if err != nil || !bytes.Equal(bytesOf(t, s, f.Hash, false), whole) {
		t.Fatalf("%+v %v", f, err)
	}
	again, err := s.Finish(t.Context(), zhang, u.ID)
	if err != nil || again != f {
		t.Errorf("the second time: %+v %v", again, err)
	}
	_, err = s.Finish(t.Context(), li, u.ID)
	code(t, err, fault.NotFound)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSizesAndFloods(t *testing.T) {
	s, _ := store(t)
	_, err := s.Begin(zhang, "r1", Picture, Limits[Picture]+1)
	code(t, err, fault.TooLarge)
	_, err = s.Begin(zhang, "r1", Picture, 0)
	code(t, err, fault.Invalid)
	_, err = s.Begin(zhang, "r1", "program", 5)
	code(t, err, fault.Invalid)
	u, err := s.Begin(zhang, "r1", Any, 3)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Write(zhang, u.ID, 0, strings.NewReader("more than said"))
	code(t, err, fault.TooLarge)
	var let atomic.Int32
	var all sync.WaitGroup
	for range 2 * open { // at once
		all.Go(func() {
			if _, err := s.Begin(zhang, "r1", Any, 1); err == nil {
				let.Add(1)
			}
		})
	}
	if all.Wait(); let.Load() != open-1 {
		t.Errorf("%d more were let begin at once, of %d", let.Load(), open-1)
	}
	_, err = s.Begin(zhang, "r1", Any, 1)
	code(t, err, fault.TooMany)
	if _, err := s.Begin(li, "r1", Any, 1); err != nil {
		t.Error("a neighbour pays for it:", err)
	}
	full, err := Open(t.TempDir(), 1<<62, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = full.Begin(zhang, "r1", Any, 1)
	code(t, err, fault.NoSpace)
	for _, hash := range []string{"", "../../../etc/passwd", strings.Repeat("A", 43), "AA/../../../keys"} {
		_, err := s.Read(hash, false)
		code(t, err, fault.NotFound)
	}
}

func TestSweepTakesWhatNobodyHas(t *testing.T) {
	s, c := store(t)
	var hashes []string
	for _, text := range []string{"used", "unposted"} {
		f, err := put(t, s, Any, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, f.Hash)
	}
	if _, err := s.Begin(zhang, "r1", Any, 5); err != nil {
		t.Fatal(err)
	}
	sweep := func(want int) {
		t.Helper()
		n, err := s.Sweep(context.Background(), func(hash string) (bool, error) { return hash == hashes[0], nil })
		if err != nil || n != want {
			t.Errorf("%d went, not %d: %v", n, want, err)
		}
	}
	sweep(0)
	c.at = c.at.Add(abandoned + time.Hour) // a device may still post what it has brought
	sweep(0)
	c.at = c.at.Add(unposted)
	sweep(1)
	if !s.Has(hashes[0]) || s.Has(hashes[1]) {
		t.Error("the wrong one went")
	}
	if left, _ := os.ReadDir(filepath.Join(s.dir, "up")); len(left) != 0 {
		t.Errorf("%d uploads are left", len(left))
	}
}
