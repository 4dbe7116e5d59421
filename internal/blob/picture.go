package blob

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // formats that are read
	"image/jpeg"
	_ "image/png"
	"io"
	"os"
	"slices"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"linli/internal/fault"
)

const (
	mostPixels = 40_000_000 // of a picture that is opened at all; a decoded one takes four bytes for each
	largeSide  = 2560       // pixels of the longer side, as kept
	smallSide  = 480        // of the small one
	quality    = 84
)

func unreadable(what string) error { return fault.New(fault.Unreadable, what) }

// redraw replaces a picture by one drawn anew from its pixels, and puts a small one beside it. Nothing else of what came survives: no
// place, no camera, no script behind the pixels.
func redraw(path string) (File, error) {
	img, turn, err := decode(path)
	if err != nil {
		return File{}, err
	}
	large := upright(fit(img, largeSide), turn)
	for to, img := range map[string]image.Image{path: large, path + small: fit(large, smallSide)} {
		if err := encode(to, img); err != nil {
			return File{}, fmt.Errorf("blob: picture: %w", err)
		}
	}
	b := large.Bounds()
	return File{Type: "image/jpeg", W: b.Dx(), H: b.Dy()}, nil
}

// decode reads a picture, and how its camera was held. Its size is looked at first: a few bytes may promise more pixels than there is memory.
func decode(path string) (img image.Image, turn int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 1, fmt.Errorf("blob: picture: %w", err)
	}
	defer f.Close()
	defer func() { // a decoder that stumbles over hostile bytes has not decoded them
		if p := recover(); p != nil {
			img, err = nil, unreadable("not a picture that can be read")
		}
	}()
	c, _, err := image.DecodeConfig(bufio.NewReader(f))
	switch {
	case err != nil && isHEIC(f):
		return nil, 1, fault.New(fault.Unreadable, "HEIC is not read here").And("format", "heic")
	case err != nil:
		return nil, 1, unreadable("not a picture that can be read")
	case c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height:
		return nil, 1, unreadable("the picture has too many pixels")
	}
	if _, err = f.Seek(0, io.SeekStart); err == nil {
		turn = orientation(bufio.NewReader(f))
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 1, fmt.Errorf("blob: picture: %w", err)
	}
	if img, _, err = image.Decode(bufio.NewReader(f)); err != nil {
		return nil, 1, unreadable("the picture is broken")
	}
	return img, turn, nil
}

// isHEIC tells whether a file is as iPhones keep their photos. People can do something about that when they are told.
func isHEIC(f *os.File) bool {
	head := make([]byte, 12)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[4:8]) != "ftyp" {
		return false
	}
	return slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"}, string(head[8:]))
}

// fit is the picture on white, no side longer than most.
func fit(img image.Image, most int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if side := max(w, h); side > most {
		w, h = max(1, w*most/side), max(1, h*most/side)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	} else {
		draw.BiLinear.Scale(out, out.Bounds(), img, b, draw.Over, nil)
	}
	return out
}

func encode(path string, img image.Image) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: quality}), f.Close())
}

// upright turns a picture as its camera was held: Exif orientation 1 to 8 (CIPA DC-008, 4.6.4 A).
func upright(img image.Image, turn int) image.Image {
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
			var from image.Point
			switch turn {
			case 2:
				from = image.Pt(w-1-x, y)
			case 3:
				from = image.Pt(w-1-x, h-1-y)
			case 4:
				from = image.Pt(x, h-1-y)
			case 5:
				from = image.Pt(y, x)
			case 6:
				from = image.Pt(y, w-1-x)
			case 7:
				from = image.Pt(h-1-y, w-1-x)
			case 8:
				from = image.Pt(h-1-y, x)
			}
			out.Set(x, y, img.At(b.Min.X+from.X, b.Min.Y+from.Y))
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
