package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/long"
)

// sharpening is a JPEG that promises w × h pixels and gets sharper in n scans, with nothing in them.
func sharpening(w, h uint16, n int, sampling byte) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xc2, 0, 17, 8}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, h), w)
	b = append(b, 3, 1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0)
	for range n {
		b = append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0x01, 0)
	}
	return append(b, 0xff, 0xd9)
}

// promising is a PNG header: depth, colours, passes.
func promising(w, h uint32, depth, colours, passes byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return bytes.Join([][]byte{
		[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, depth, colours, 0, 0, passes)), chunk("IDAT", nil), chunk("IEND", nil),
	}, nil)
}

func TestAPictureThatIsTooMuchWorkIsRefusedByItsHeader(t *testing.T) {
	s, _ := store(t)
	lying := append([]byte("RIFF\xff\xff\x00\x00WEBPVP8X\x0a\x00\x00\x00"), 0, 0, 0, 0, 9, 0, 0, 9, 0, 0)
	lying = append(lying, "VP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f\x00"...)
	for name, b := range map[string][]byte{
		"a small JPEG of 900 scans":                        sharpening(4000, 3000, 900, 0x22),
		"a JPEG of one scan more than there may be":        sharpening(100, 100, mostScans+1, 0x22),
		"a JPEG of 51 megapixels":                          sharpening(8500, 6000, 1, 0x22),
		"48 megapixels that get sharper, in every colour":  sharpening(8000, 6000, 3, 0x11),
		"a PNG of 40 megapixels, deep and in passes":       promising(8000, 5000, 16, 6, 1),
		"a PNG of 35 megapixels in 16 bits":                promising(7000, 5000, 16, 2, 0),
		"a PNG of 51 megapixels":                           promising(8500, 6000, 8, 0, 0),
		"a WebP whose picture is larger than its own word": lying,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := put(t, s, Picture, b)
		runtime.ReadMemStats(&after)
		if !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 8<<20 {
			t.Errorf("%s: %d MiB were spent on it", name, spent>>20)
		}
	}
}

func TestALongScreenshotStaysReadable(t *testing.T) {
	s, _ := store(t)
	for name, size := range map[string]image.Point{"a whole page": {1080, 20_000}, "lying": {9000, 700}} {
		img := image.NewRGBA(image.Rectangle{Max: size})
		for x := range size.X {
			for y := range 256 {
				img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x / 64 * 64), 255})
			}
		}
		for done := 256 * img.Stride; done < len(img.Pix); done *= 2 {
			copy(img.Pix[done:], img.Pix[:done])
		}
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := put(t, s, Picture, b.Bytes())
		runtime.ReadMemStats(&after)
		if err != nil || min(f.W, f.H) != min(size.X, size.Y) || max(f.W, f.H) != max(size.X, size.Y) {
			t.Errorf("%s: %+v %v", name, f, err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > mostDecoded {
			t.Errorf("%s: %d MiB were spent on it", name, spent>>20)
		}
		small, err := jpeg.DecodeConfig(bytes.NewReader(bytesOf(t, s, f.Hash, true)))
		if err != nil || max(small.Width, small.Height) != smallSide || min(small.Width, small.Height) != smallSide/2 {
			t.Errorf("%s: small %d × %d, %v", name, small.Width, small.Height, err)
		}
	}
}

func TestTheLongScreenshotOfACaseIsNotMadeNarrow(t *testing.T) {
	s, _ := store(t)
	b, err := os.ReadFile("testdata/long-screenshot.png")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := put(t, s, Picture, b); err != nil || f.W != 720 || f.H != 7200 {
		t.Errorf("%+v %v", f, err)
	}
}

func TestWhatMovesIsNotStoppedWithoutAWord(t *testing.T) {
	s, _ := store(t)
	case1, err := os.ReadFile("testdata/animated.gif")
	if err != nil {
		t.Fatal(err)
	}
	var still bytes.Buffer
	if err := png.Encode(&still, scene(8, 8)); err != nil {
		t.Fatal(err)
	}
	apng := bytes.Join([][]byte{still.Bytes()[:33], chunk("acTL", make([]byte, 8)), still.Bytes()[33:]}, nil)
	moves := append([]byte("RIFF\x30\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0)
	for name, b := range map[string][]byte{"a GIF": case1, "an APNG": apng, "a WebP": moves} {
		_, err := put(t, s, Picture, b)
		if !fault.Is(err, fault.Unreadable) || fault.Of(err).With["format"] != "moving" {
			t.Errorf("%s: %v", name, err)
		}
		f, err := put(t, s, Any, b)
		if err != nil || !bytes.Equal(bytesOf(t, s, f.Hash, false), b) {
			t.Errorf("%s does not go as a file: %v", name, err)
		}
	}
}

func TestDrawingEndsWithItsTimeAndWithTheRequest(t *testing.T) {
	s, _ := store(t)
	b := photo(t, 3000, 2000, 1)
	s.work = time.Nanosecond
	if _, err := put(t, s, Picture, b); !fault.Is(err, fault.Unreadable) {
		t.Errorf("over its time: %v", err)
	}
	s.work = long.Patience
	u, err := s.Begin(zhang, "r1", Picture, int64(len(b)))
	if err == nil {
		_, err = s.Write(zhang, u.ID, 0, bytes.NewReader(b))
	}
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Finish(gone, zhang, u.ID)
	code(t, err, fault.Busy)
	if f, err := s.Finish(t.Context(), zhang, u.ID); err != nil || f.W != largeSide {
		t.Errorf("asked again it is not drawn: %+v %v", f, err)
	}
}

func TestOnePictureOfAPersonIsDrawnAtATime(t *testing.T) {
	s, _ := store(t)
	first, err := s.turn(t.Context(), zhang)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.turn(gone, zhang)
	code(t, err, fault.Busy)
	other, err := s.turn(t.Context(), li) // who holds up only their own
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.turn(gone, "p-wang") // and all slots are taken
	code(t, err, fault.Busy)
	got := make(chan func())
	go func() {
		next, err := s.turn(t.Context(), zhang)
		if err != nil {
			t.Error(err)
		}
		got <- next
	}()
	first()
	(<-got)()
	other()
	if len(s.draw.busy) != 0 || len(s.draw.slots) != 0 {
		t.Error("a turn was not given back")
	}
}

// What all decode together is bounded: who comes when there is no memory left waits for it, as long as their request goes on.
func TestAPictureWaitsForTheMemoryOfOthers(t *testing.T) {
	s, _ := store(t)
	b := photo(t, 300, 200, 1)
	u, err := s.Begin(zhang, "r1", Picture, int64(len(b)))
	if err == nil {
		_, err = s.Write(zhang, u.ID, 0, bytes.NewReader(b))
	}
	if err != nil {
		t.Fatal(err)
	}
	const others = mostDecoded - 1
	if !s.draw.memory.TryAcquire(others) {
		t.Fatal("there is less memory than all may use")
	}
	waiting := func(ctx context.Context) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := s.Finish(ctx, zhang, u.ID)
			done <- err
		}()
		long.Wait(t, "a picture that waits, or is drawn", func() bool {
			if s.draw.memory.TryAcquire(1) { // nobody passes who waits
				s.draw.memory.Release(1)
				return len(done) > 0
			}
			return true
		})
		if len(done) > 0 {
			t.Fatalf("it was drawn without memory: %v", <-done)
		}
		return done
	}
	gone, cancel := context.WithCancel(t.Context())
	done := waiting(gone)
	cancel()
	code(t, <-done, fault.Busy)
	done = waiting(t.Context())
	s.draw.memory.Release(others)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !s.draw.memory.TryAcquire(mostDecoded) {
		t.Error("memory was not given back")
	}
}

func TestPicturesAreReducedToTheMeanOfWhatTheyCover(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 5, 5))
	for i := range img.Pix {
		img.Pix[i] = 255
		if i%4 != 3 && (i/4%5+i/20)%2 == 0 {
			img.Pix[i] = 0
		}
	}
	out, err := reduce(effort{t.Context(), time.Minute, time.Now(), 0}, img, img.Bounds(), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 2 {
		for x := range 2 {
			if r := out.RGBAAt(x, y).R; r < 110 || r > 145 {
				t.Errorf("%d,%d: %d", x, y, r)
			}
		}
	}
}
