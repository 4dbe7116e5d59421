package blob

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // formats that are read
	"image/jpeg"
	_ "image/png"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	_ "golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"

	"linli/internal/fault"
	"linli/internal/id"
)

// What drawing a picture anew may cost. All of it is looked up in the picture's header before anything is decoded; a picture that promises
// less than it is meets the time.
const (
	mostPixels  = 50_000_000      // of a picture
	mostScans   = 64              // of a JPEG that gets sharper as it comes
	mostDecoded = 256 << 20       // bytes of all pictures that are decoded at the same time
	mostWork    = 5 * time.Second // of a processor
	sip         = 512             // bytes that a decoder gets between two looks at the time
)

// sizes are how large a picture is kept: neither side above longer, unless the other one were below shorter then: what is long and narrow
// is to be read. Never more pixels than area.
type sizes struct{ longer, shorter, area int }

const (
	largeSide = 2560
	smallSide = 480
	longest   = 60_000 // pixels of a side that a JPEG can have, a little less
	quality   = 84
	strip     = 64 // rows that are worked on at once
)

var large = sizes{largeSide, 1080, 24_000_000}

// in is the size that a picture of w × h gets.
func (z sizes) in(w, h int) (int, int) {
	long, short := float64(max(w, h)), float64(min(w, h))
	scale := max(float64(z.longer)/long, float64(z.shorter)/short)
	scale = min(1, scale, longest/long, math.Sqrt(float64(z.area)/long/short))
	return max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))
}

func unreadable(what string) *fault.Fault { return fault.New(fault.Unreadable, what) }

// drawers are those whose pictures are being drawn anew: one of each person at a time, few at once, and no more memory than there is.
type drawers struct {
	slots  chan struct{}
	memory *semaphore.Weighted
	busy   map[id.Person]chan struct{} // closed when that one is done; under Store.mu
}

// turn waits until no other picture of this person is being drawn, and few of others.
func (s *Store) turn(ctx context.Context, p id.Person) (release func(), err error) {
	for {
		s.mu.Lock()
		other := s.draw.busy[p]
		if other == nil {
			break
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fault.New(fault.Busy, "another picture of yours is being drawn")
		}
	}
	mine := make(chan struct{})
	s.draw.busy[p] = mine
	s.mu.Unlock()
	free := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.draw.busy, p)
		close(mine)
	}
	select {
	case s.draw.slots <- struct{}{}:
		return func() { <-s.draw.slots; free() }, nil
	case <-ctx.Done():
		free()
		return nil, fault.New(fault.Busy, "many pictures are being drawn")
	}
}

// redraw replaces a picture by one drawn anew from its pixels, and puts a small one beside it. Nothing else of what came survives: no
// place, no camera, no script behind the pixels. It ends with the request.
func (s *Store) redraw(ctx context.Context, p id.Person, path string) (File, error) {
	release, err := s.turn(ctx, p)
	if err != nil {
		return File{}, err
	}
	defer release()
	f, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("blob: picture: %w", err)
	}
	defer f.Close()
	head, err := headOf(f)
	if err != nil {
		return File{}, err
	}
	if err := s.draw.memory.Acquire(ctx, head.memory); err != nil {
		return File{}, fault.New(fault.Busy, "many pictures are being drawn")
	}
	defer s.draw.memory.Release(head.memory)
	runtime.LockOSThread() // whose time is counted
	defer runtime.UnlockOSThread()
	work := s.effort(ctx)
	whole, less, err := drawn(work, f, head.turn)
	if err := work.over(); err != nil {
		return File{}, err
	}
	if err != nil {
		return File{}, err
	}
	for to, img := range map[string]image.Image{path: whole, path + small: less} {
		if err := encode(to, img); err != nil {
			return File{}, fmt.Errorf("blob: picture: %w", err)
		}
	}
	b := whole.Bounds()
	return File{Type: "image/jpeg", W: b.Dx(), H: b.Dy()}, nil
}

// effort is the work that is done for a request. It counts what a processor did for it, not how long a busy machine made it wait.
type effort struct {
	ctx  context.Context
	most time.Duration
	at   time.Time
	from time.Duration // of the thread
}

// effort begins now, on a thread that is locked.
func (s *Store) effort(ctx context.Context) effort {
	return effort{ctx, s.work, time.Now(), onThread()}
}

// over says why the work ends before it is done; nil while it goes on.
func (e effort) over() error {
	if e.ctx.Err() != nil {
		return fault.New(fault.Busy, "the request ended before the picture was drawn")
	}
	spent := onThread() - e.from
	if e.from == 0 {
		spent = time.Since(e.at)
	}
	if spent > e.most {
		return unreadable("it takes too long to read")
	}
	return nil
}

// onThread is how long a processor has worked for this thread; 0 where the system does not say.
func onThread() time.Duration {
	const thread = 1 // RUSAGE_THREAD of Linux
	var u syscall.Rusage
	if runtime.GOOS != "linux" || syscall.Getrusage(thread, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// drawn decodes a picture and makes a large and a small one of it, upright.
func drawn(work effort, f *os.File, turn int) (whole, less *image.RGBA, err error) {
	img, err := decode(work, f)
	if err != nil {
		return nil, nil, err
	}
	b := img.Bounds()
	w, h := large.in(b.Dx(), b.Dy())
	if whole, err = reduce(work, img, b, w, h); err != nil {
		return nil, nil, err
	}
	whole = upright(whole, turn)
	part := front(whole.Bounds())
	w, h = sizes{smallSide, 1, math.MaxInt32}.in(part.Dx(), part.Dy())
	less, err = reduce(work, whole, part, w, h)
	return whole, less, err
}

// front is what the small one shows of a picture that is long and narrow: its beginning, as a card has room for.
func front(b image.Rectangle) image.Rectangle {
	b.Max.X, b.Max.Y = min(b.Max.X, b.Min.X+2*b.Dy()), min(b.Max.Y, b.Min.Y+2*b.Dx())
	return b
}

// header is what a picture says of itself.
type header struct {
	memory int64 // bytes that decoding it takes
	turn   int   // how its camera was held: Exif orientation
}

// headOf looks at a picture before it is decoded: a few bytes may promise more pixels than there is memory, or more work than time.
func headOf(f *os.File) (h header, err error) {
	c, format, err := image.DecodeConfig(bufio.NewReader(f))
	switch {
	case err != nil && isHEIC(f):
		return h, fault.New(fault.Unreadable, "HEIC is not read here").And("format", "heic")
	case err != nil:
		return h, unreadable("not a picture that can be read")
	}
	at := func() *bufio.Reader { return bufio.NewReader(io.NewSectionReader(f, 0, math.MaxInt64)) }
	pixel := 4.0 // bytes
	switch format {
	case "jpeg":
		scan := scansOf(at())
		if scan.scans > mostScans {
			return h, unreadable("the picture has too many scans").And("limit", mostScans)
		}
		pixel, h.turn = scan.pixel, orientation(at())
	case "png":
		pixel = pngPixel(f)
	case "webp":
		w, high, moves := webpSize(at())
		if moves {
			return h, moving()
		}
		c.Width, c.Height, pixel = max(c.Width, w), max(c.Height, high), 8
	case "gif":
		pixel = 1
	}
	if format == "gif" && framesOf(at()) > 1 || format == "png" && isAPNG(at()) {
		return h, moving()
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height {
		return h, unreadable("the picture has too many pixels").And("limit", mostPixels)
	}
	h.memory = int64(float64(c.Width) * float64(c.Height) * pixel)
	if h.memory > mostDecoded {
		return h, unreadable("the picture takes too much memory")
	}
	_, err = f.Seek(0, io.SeekStart)
	return h, err
}

// moving is what a picture is told that would come to a stop here: as a file it goes on.
func moving() error {
	return fault.New(fault.Unreadable, "a picture that moves is sent as a file").And("format", "moving")
}

// scan is what the header of a JPEG says of the work it is.
type scan struct {
	scans int
	pixel float64 // bytes that each takes while it is decoded
}

// scansOf walks over the segments of a JPEG as its decoder will.
func scansOf(r *bufio.Reader) scan {
	s := scan{pixel: 4}
	if _, err := r.Discard(2); err != nil {
		return s
	}
	for {
		if _, err := r.ReadSlice(0xff); errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if err != nil {
			return s
		}
		mark, err := r.ReadByte()
		for ; err == nil && mark == 0xff; mark, err = r.ReadByte() { // fill
		}
		switch {
		case err != nil || mark == 0xd9:
			return s
		case mark == 0 || mark == 1 || mark >= 0xd0 && mark <= 0xd8: // within a scan, or without a length
			continue
		case mark == 0xda:
			s.scans++
		}
		var size [2]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return s
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if mark >= 0xc0 && mark <= 0xc2 && n >= 6 {
			frame, err := r.Peek(min(n, 6+3*4))
			if err != nil {
				return s
			}
			s.pixel = samples(frame, mark == 0xc2)
		}
		if _, err := r.Discard(max(0, n)); err != nil {
			return s
		}
	}
}

// samples is how many bytes a pixel of a JPEG takes: one for each sample, and four more while it gets sharper; four colours are mixed.
func samples(frame []byte, progressive bool) float64 {
	n, most, all := int(frame[5]), 1, 0
	for i := range min(n, (len(frame)-6)/3) {
		h, v := int(frame[7+3*i]>>4), int(frame[7+3*i]&15)
		all += h * v
		most = max(most, h*v)
	}
	each := float64(all) / float64(most)
	if progressive {
		each *= 5
	}
	if n == 4 {
		each += 4
	}
	return each
}

// pngPixel is how many bytes a pixel of a PNG takes: by its depth and colours, twice that when it comes in passes.
func pngPixel(f *os.File) float64 {
	head := make([]byte, 29)
	if _, err := f.ReadAt(head, 0); err != nil {
		return 16
	}
	pixel := 4.0
	if kind := head[25]; kind == 0 || kind == 3 { // grey, palette; see-through ones become colours
		pixel = 2
		if kind == 0 {
			pixel = 4
		}
	}
	if head[24] == 16 {
		pixel = 8
	}
	if head[28] != 0 {
		pixel *= 2
	}
	return pixel
}

// webpSize is the largest picture in a WebP, whatever its first chunk says, and whether it moves.
func webpSize(r *bufio.Reader) (w, h int, moves bool) {
	if _, err := r.Discard(12); err != nil {
		return 0, 0, false
	}
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return w, h, moves
		}
		n := int(binary.LittleEndian.Uint32(chunk[4:]))
		head, _ := r.Peek(min(n, 10))
		switch name := string(chunk[:4]); {
		case name == "ANIM":
			moves = true
		case name == "VP8 " && len(head) == 10:
			w, h = max(w, int(binary.LittleEndian.Uint16(head[6:])&0x3fff)), max(h, int(binary.LittleEndian.Uint16(head[8:])&0x3fff))
		case name == "VP8L" && len(head) >= 5:
			bits := binary.LittleEndian.Uint32(head[1:])
			w, h = max(w, int(bits&0x3fff)+1), max(h, int(bits>>14&0x3fff)+1)
		}
		if _, err := r.Discard(n + n&1); err != nil {
			return w, h, moves
		}
	}
}

// framesOf counts the pictures of a GIF, up to two.
func framesOf(r *bufio.Reader) (n int) {
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0
	}
	table := func(flags byte) bool {
		if flags&0x80 == 0 {
			return true
		}
		_, err := r.Discard(3 << (flags&7 + 1))
		return err == nil
	}
	blocks := func() bool {
		for {
			size, err := r.ReadByte()
			if err != nil || size == 0 {
				return err == nil
			}
			if _, err := r.Discard(int(size)); err != nil {
				return false
			}
		}
	}
	for ok := table(head[10]); ok && n < 2; {
		b, err := r.ReadByte()
		switch {
		case err != nil:
			return n
		case b == ',':
			n++
			place := make([]byte, 9)
			if _, err := io.ReadFull(r, place); err != nil {
				return n
			}
			if ok = table(place[8]); ok {
				_, err := r.ReadByte()
				ok = err == nil && blocks()
			}
		case b == '!':
			_, err := r.ReadByte()
			ok = err == nil && blocks()
		default:
			return n
		}
	}
	return n
}

// isAPNG tells whether a PNG moves.
func isAPNG(r *bufio.Reader) bool {
	if _, err := r.Discard(8); err != nil {
		return false
	}
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil || bytes.Equal(chunk[4:], []byte("IDAT")) {
			return false
		}
		if bytes.Equal(chunk[4:], []byte("acTL")) {
			return true
		}
		if _, err := r.Discard(int(binary.BigEndian.Uint32(chunk[:])) + 4); err != nil {
			return false
		}
	}
}

// sipping gives a decoder few bytes at a time, and none when the time is over.
type sipping struct {
	work effort
	f    io.Reader
}

func (s sipping) Read(b []byte) (int, error) {
	if err := s.work.over(); err != nil {
		return 0, err
	}
	return s.f.Read(b[:min(len(b), sip)])
}

// decode reads a picture.
func decode(work effort, f *os.File) (img image.Image, err error) {
	defer func() { // a decoder that stumbles over hostile bytes has not decoded them
		if p := recover(); p != nil {
			img, err = nil, unreadable("not a picture that can be read")
		}
	}()
	if img, _, err = image.Decode(sipping{work, f}); err != nil {
		return nil, unreadable("the picture is broken")
	}
	return img, nil
}

// isHEIC tells whether a file is as iPhones keep their photos. People can do something about that when they are told.
func isHEIC(f *os.File) bool {
	head := make([]byte, 12)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[4:8]) != "ftyp" {
		return false
	}
	return slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"}, string(head[8:]))
}

// reduce makes a part of a picture w × h large, on white, as the mean of what each new pixel covers: w and h are not above the part's.
func reduce(work effort, img image.Image, part image.Rectangle, w, h int) (*image.RGBA, error) {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	r := reducing{out: out, wide: float64(part.Dx()) / float64(w), high: float64(part.Dy()) / float64(h)}
	r.rows[0], r.rows[1], r.row = make([]float64, 4*w), make([]float64, 4*w), make([]float64, 4*w)
	rows := image.NewRGBA(image.Rect(0, 0, part.Dx(), min(strip, part.Dy())))
	for top := 0; top < part.Dy(); top += strip {
		if err := work.over(); err != nil {
			return nil, err
		}
		n := min(strip, part.Dy()-top)
		draw.Draw(rows, rows.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(rows, rows.Bounds(), img, part.Min.Add(image.Pt(0, top)), draw.Over)
		for y := range n {
			r.take(top+y, rows.Pix[y*rows.Stride:(y+1)*rows.Stride])
		}
	}
	return out, nil
}

// reducing goes through a picture row by row. A row lies in one new row, or across two.
type reducing struct {
	out        *image.RGBA
	wide, high float64      // old pixels for a new one
	rows       [2][]float64 // sums of the two new rows, by the last bit of their number
	row        []float64
}

func (r *reducing) take(y int, pix []byte) {
	clear(r.row)
	for x := range r.out.Rect.Dx() {
		from, to := float64(x)*r.wide, float64(x+1)*r.wide
		for i := int(from); i < len(pix)/4 && float64(i) < to; i++ {
			share := min(to, float64(i+1)) - max(from, float64(i))
			for c := range 4 {
				r.row[4*x+c] += share * float64(pix[4*i+c])
			}
		}
	}
	top, below := float64(y), float64(y+1)
	for at := int(top / r.high); at < r.out.Rect.Dy() && float64(at)*r.high < below; at++ {
		end := float64(at+1) * r.high
		share := min(end, below) - max(float64(at)*r.high, top)
		sum := r.rows[at&1]
		for i := range r.row {
			sum[i] += share * r.row[i]
		}
		if end <= below+1e-6 {
			r.put(at, sum)
		}
	}
}

// put writes a new row that is whole.
func (r *reducing) put(y int, sum []float64) {
	pix := r.out.Pix[y*r.out.Stride:]
	for i, v := range sum {
		pix[i] = uint8(min(255, v/(r.wide*r.high)+0.5))
	}
	clear(sum)
}

func encode(path string, img image.Image) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: quality}), f.Close())
}

// upright turns a picture as its camera was held: Exif orientation 1 to 8 (CIPA DC-008, 4.6.4 A).
func upright(img *image.RGBA, turn int) *image.RGBA {
	if turn <= 1 || turn > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if turn >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			at := [...]image.Point{
				2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y}, 5: {y, x}, 6: {y, w - 1 - x}, 7: {h - 1 - y, w - 1 - x}, 8: {h - 1 - y, x},
			}[turn]
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(b.Min.X+at.X, b.Min.Y+at.Y):])
		}
	}
	return out
}

// orientation reads the tag 0x0112 out of a JPEG's Exif; 1 when there is none.
func orientation(r *bufio.Reader) int {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head[:2]); err != nil || head[0] != 0xff || head[1] != 0xd8 {
		return 1
	}
	for {
		if _, err := io.ReadFull(r, head); err != nil || head[0] != 0xff || head[1] == 0xda {
			return 1
		}
		size := int(binary.BigEndian.Uint16(head[2:])) - 2
		if size < 0 {
			return 1
		}
		segment := make([]byte, size)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 1
		}
		if head[1] == 0xe1 && size > 14 && string(segment[:6]) == "Exif\x00\x00" {
			return turnOf(segment[6:])
		}
	}
}

// turnOf looks through the first directory of a TIFF.
func turnOf(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	n := int64(order.Uint16(tiff[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > int64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			return int(order.Uint16(tiff[e+8:]))
		}
	}
	return 1
}
