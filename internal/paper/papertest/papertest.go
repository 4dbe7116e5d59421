// Package papertest reads what is printed, as a phone's camera does. Only tests use it.
package papertest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Codes reads the QR code of each picture in a PDF, in the file's order. The pictures hold nothing beside their code, and the reader is
// told so: where it has to look for the three corners it misses about one sharp code in 150.
func Codes(t testing.TB, page []byte) []string {
	t.Helper()
	var texts []string
	for _, b := range pictures(t, page) {
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, got.GetText())
	}
	return texts
}

// pictures finds the pictures of a PDF. It holds the compressed rows of a PNG as they are; only a new head is needed.
func pictures(t testing.TB, page []byte) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		_, object, found := bytes.Cut(page, []byte("/Subtype /Image"))
		if !found {
			return all
		}
		head, rest, ok := bytes.Cut(object, []byte("stream\n"))
		body, after, end := bytes.Cut(rest, []byte("\nendstream"))
		if !ok || !end {
			t.Fatal("a picture has no stream")
		}
		all = append(all, asPNG(head, body))
		page = after
	}
}

func asPNG(head, body []byte) []byte {
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
