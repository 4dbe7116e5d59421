package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/long"
)

// secret is what stands in every place of these files, as text and as numbers.
const secret = "+34.7466+113.6253/"

// directory is a TIFF of one or more pages with what a camera writes: how it was held, a maker's note, the place as numbers and as XMP.
func directory(order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}, pages int,
) []byte {
	mark := "MM\x00*"
	if order == binary.LittleEndian {
		mark = "II*\x00"
	}
	b := append([]byte(mark), 0, 0, 0, 8)
	order.PutUint32(b[4:], 8)
	for page := range pages {
		at := uint32(len(b))
		const entries = 5
		data := at + 2 + 12*entries + 4
		one := func(tag, kind uint16, n, value uint32) {
			b = append(b, make([]byte, 12)...)
			e := b[len(b)-12:]
			order.PutUint16(e, tag)
			order.PutUint16(e[2:], kind)
			order.PutUint32(e[4:], n)
			if kind == 3 {
				order.PutUint16(e[8:], uint16(value))
			} else {
				order.PutUint32(e[8:], value)
			}
		}
		xmp := "<x:xmpmeta>" + secret + "</x:xmpmeta>"
		note := data + uint32(len(xmp))
		gps := note + uint32(len(secret))
		end := gps + 2 + 12 + 4 + uint32(len(secret))
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], entries)
		one(0x0112, 3, 1, 6)
		one(0x02bc, 1, uint32(len(xmp)), data)
		one(0x010f, 2, 4, 0x41424300)
		one(0x8769, 4, 1, end)
		one(0x8825, 4, 1, gps)
		next := uint32(0)
		if page+1 < pages {
			next = end + 2 + 24 + 4
		}
		b = order.AppendUint32(b, next)
		b = append(b, xmp+secret...)
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], 1)
		one(0x0002, 2, uint32(len(secret)), gps+2+12+4)
		b = order.AppendUint32(b, 0)
		b = append(b, secret...)
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], 2)
		one(0x9286, 7, uint32(len(secret)), gps+2+12+4)
		one(0x927c, 7, uint32(len(secret)), note)
		b = order.AppendUint32(b, 0)
	}
	return b
}

func segment(mark byte, body string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, mark}, uint16(len(body)+2)), body...)
}

func riffChunk(name, body string) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
	return append(b, make([]byte, len(body)&1)...)
}

func riffOf(form string, chunks ...[]byte) []byte {
	body := append([]byte(form), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// track is one of a film with a handler and one sample, which lies at a place of the film.
func track(handler string, at, size uint32) []byte {
	number := func(n ...uint32) (b []byte) {
		for _, v := range n {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	return box("trak", box("tkhd", make([]byte, 80)), box("mdia",
		box("hdlr", make([]byte, 8), []byte(handler), make([]byte, 12)),
		box("minf", box("stbl", box("stsc", number(0, 1, 1, 1, 1)), box("stsz", number(0, 0, 1, size)), box("stco", number(0, 1, at)))),
	))
}

func element(name string, body []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte(name), 1<<56|uint64(len(body))), body...)
}

func TestAPhotoSentAsAFileTellsNoPlace(t *testing.T) {
	s, _ := store(t)
	big, little := directory(binary.BigEndian, 1), directory(binary.LittleEndian, 2)
	xmp := "<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + secret + "</x:xmpmeta>"
	var plain, still, round bytes.Buffer
	if err := jpeg.Encode(&plain, scene(40, 20), nil); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&still, scene(40, 20)); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&round, scene(40, 20), nil); err != nil {
		t.Fatal(err)
	}
	moving := bytes.Join([][]byte{
		box("ftyp", []byte("isommp42")), box("moov", box("mvhd", make([]byte, 100)), box("udta", box("\xa9xyz", []byte("\x00\x12\x15\xc7"+secret)))),
		box("mdat", []byte("pictures")),
	}, nil)
	shot := bytes.Join([][]byte{
		{0xff, 0xd8}, segment(0xe1, "Exif\x00\x00"+string(big)), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+xmp),
		segment(0xe1, "http://ns.adobe.com/xmp/extension/\x00"+secret), segment(0xed, "Photoshop 3.0\x00"+secret), segment(0xe2, "MPF\x00"+secret),
		segment(0xe7, secret), segment(0xfe, secret), plain.Bytes()[2:],
	}, nil)
	head := bytes.Join([][]byte{box("ftyp", []byte("isommp42")), box("mdat", []byte(secret+"sound"))}, nil)
	at := uint32(len(box("ftyp", []byte("isommp42"))) + 8)
	gopro := append(head, box("moov", box("mvhd", make([]byte, 100)), track("meta", at, uint32(len(secret))), track("vide", at+uint32(len(secret)), 5))...)
	bigTIFF := func() []byte {
		b := append([]byte("II+\x00\x08\x00\x00\x00"), 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
		e := make([]byte, 28)
		binary.LittleEndian.PutUint16(e, 0x02bc)
		binary.LittleEndian.PutUint16(e[2:], 1)
		binary.LittleEndian.PutUint64(e[4:], uint64(len(secret)))
		binary.LittleEndian.PutUint64(e[12:], uint64(len(b)+28))
		return append(append(b, e...), secret...)
	}
	heic := bytes.Join([][]byte{box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), box("meta", make([]byte, 4), box("iinf", make([]byte, 6))),
		box("mdat", []byte("\x00\x00\x00\x06Exif\x00\x00"), big, []byte("\x00\x00\x00\x00"), little, []byte(xmp), []byte("pixels"))}, nil)
	for name, c := range map[string]struct {
		as    As
		b     []byte
		keeps string // which stays in it
	}{
		"a JPEG":                               {Any, shot, ""},
		"a JPEG without its end":               {Any, shot[:len(shot)-2], ""},
		"a JPEG with odd bytes between":        {Any, bytes.Join([][]byte{{0xff, 0xd8, 0xff, 0xff}, shot[3:]}, nil), ""},
		"a photo that moves":                   {Any, append(bytes.Clone(shot), moving...), ""},
		"a photo behind a photo":               {Any, append(bytes.Clone(shot), shot...), ""},
		"a PNG":                                {Any, bytes.Join([][]byte{still.Bytes()[:33], chunk("eXIf", big), chunk("tEXt", []byte("c\x00"+secret)), chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp)), chunk("zTXt", []byte("Raw profile type exif\x00\x00"+secret)), still.Bytes()[33:], []byte(secret)}, nil), ""},
		"a WebP":                               {Any, riffOf("WEBP", riffChunk("VP8X", "\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), riffChunk("VP8L", "/pixels"), riffChunk("EXIF", string(big)), riffChunk("XMP ", xmp)), "/pixels"},
		"an AVI":                               {Any, riffOf("AVI ", riffChunk("LIST", "INFOIARL"+secret), riffChunk("LIST", "hdrlavih"), riffChunk("LIST", "movipixels"), riffChunk("_PMX", xmp)), "movipixels"},
		"a TIFF":                               {Any, big, "ABC"},
		"a TIFF of two pages":                  {Any, little, ""},
		"a BigTIFF":                            {Any, bigTIFF(), ""},
		"a GIF":                                {Any, bytes.Join([][]byte{round.Bytes()[:len(round.Bytes())-1], []byte("!\xfe\x12" + secret + "\x00"), []byte("!\xff\x0bXMP DataXMP\x12" + secret + "\x00;")}, nil), ""},
		"a HEIC":                               {Any, heic, "pixels"},
		"an AVIF":                              {Any, bytes.Replace(heic, []byte("heic\x00"), []byte("avif\x00"), 1), "pixels"},
		"a film":                               {Any, film(), "pictures and sound"},
		"a film of QuickTime":                  {Any, film()[16:], "pictures and sound"},
		"a film whose boxes break off":         {Any, film()[:len(film())-8], ""},
		"a film with the place among its keys": {Video, bytes.Join([][]byte{box("ftyp", []byte("qt  \x00\x00\x00\x00")), box("moov", box("meta", box("keys", []byte("com.apple.quicktime.location.ISO6709")), box("ilst", []byte(secret)))), box("mdat", []byte("pictures"))}, nil), "pictures"},
		"a film with a track of places":        {Video, gopro, "sound"},
		"a film in pieces":                     {Video, bytes.Join([][]byte{box("ftyp", []byte("iso5mp42")), box("moov", box("mvhd", make([]byte, 100))), box("moof", box("traf", box("udta", []byte(secret)))), box("mdat", []byte("pictures"))}, nil), "pictures"},
		"a recording with a place":             {Voice, bytes.Join([][]byte{box("ftyp", []byte("M4A \x00\x00\x00\x00")), box("moov", box("udta", []byte(secret))), box("mdat", []byte("sound"))}, nil), "sound"},
		"a WebM with tags":                     {Video, bytes.Join([][]byte{element("\x1a\x45\xdf\xa3", []byte("\x42\x82\x84webm")), {0x18, 0x53, 0x80, 0x67, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, element("\x12\x54\xc3\x67", []byte("LOCATION"+secret)), {0x1f, 0x43, 0xb6, 0x75, 0xff}, element("\xa3", []byte("pictures")), element("\x19\x41\xa4\x69", []byte(secret))}, nil), "pictures"},
		"a WebM as a file":                     {Any, bytes.Join([][]byte{element("\x1a\x45\xdf\xa3", []byte("\x42\x82\x84webm")), element("\x18\x53\x80\x67", bytes.Join([][]byte{element("\x1f\x43\xb6\x75", []byte("pictures")), element("\x12\x54\xc3\x67", []byte(secret))}, nil))}, nil), "pictures"},
		"a JPEG XL":                            {Any, bytes.Join([][]byte{box("JXL ", []byte("\r\n\x87\n")), box("ftyp", []byte("jxl \x00\x00\x00\x00")), box("Exif", []byte("\x00\x00\x00\x00"), big), box("xml ", []byte(xmp)), box("jxlc", []byte("pixels"))}, nil), "pixels"},
	} {
		if name != "a BigTIFF" && !bytes.Contains(c.b, []byte("113.6253")) {
			t.Fatalf("%s says no place to begin with", name)
		}
		f, err := put(t, s, c.as, c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := bytesOf(t, s, f.Hash, false)
		for _, word := range []string{"113.6253", "34.7466", "ISO6709", "LOCATION"} {
			if bytes.Contains(got, []byte(word)) {
				t.Errorf("%s still says %s", name, word)
			}
		}
		if !bytes.Contains(got, []byte(c.keeps)) {
			t.Errorf("%s lost %q", name, c.keeps)
		}
		if f.Size != int64(len(got)) {
			t.Errorf("%s: %d bytes, said %d", name, len(got), f.Size)
		}
	}
}

func TestAPhotoWithoutItsPlaceIsThePhotoItWas(t *testing.T) {
	s, _ := store(t)
	var plain, still bytes.Buffer
	if err := jpeg.Encode(&plain, scene(40, 20), nil); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&still, scene(40, 20)); err != nil {
		t.Fatal(err)
	}
	exif := segment(0xe1, "Exif\x00\x00"+string(directory(binary.LittleEndian, 1)))
	f, err := put(t, s, Any, bytes.Join([][]byte{{0xff, 0xd8}, exif, segment(0xe2, "ICC_PROFILE\x00colours"), plain.Bytes()[2:]}, nil))
	if err != nil {
		t.Fatal(err)
	}
	got := bytesOf(t, s, f.Hash, false)
	h, err := func() (header, error) {
		file, err := s.Read(f.Hash, false)
		if err != nil {
			return header{}, err
		}
		defer file.Close()
		return headOf(file)
	}()
	if img, broken := jpeg.Decode(bytes.NewReader(got)); broken != nil || img.Bounds().Dx() != 40 || err != nil || h.turn != 6 || !bytes.Contains(got, []byte("colours")) {
		t.Errorf("the JPEG: %v %v %+v", broken, err, h)
	}
	if f, err = put(t, s, Any, bytes.Join([][]byte{still.Bytes()[:33], chunk("tEXt", []byte("c\x00"+secret)), still.Bytes()[33:]}, nil)); err != nil {
		t.Fatal(err)
	}
	if got := bytesOf(t, s, f.Hash, false); !bytes.Equal(got, still.Bytes()) {
		t.Error("the PNG is not what it was without a note")
	}
}

func TestPhotosThatAreNotReadHereGoAsFiles(t *testing.T) {
	s, _ := store(t)
	for _, name := range []string{"head.heic", "scan.tiff", "animated.gif", "long-screenshot.png"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := put(t, s, Any, b)
		if err != nil || !strings.HasSuffix(name, ".png") && !bytes.Equal(bytesOf(t, s, f.Hash, false), b) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPlaces: whatever bytes come, taking the place out ends, and never makes a file longer.
func FuzzPlaces(f *testing.F) {
	for _, b := range [][]byte{directory(binary.BigEndian, 2), directory(binary.LittleEndian, 1), film(), []byte("GIF89a"), {0xff, 0xd8, 0xff, 0xe1, 0, 2}, []byte("RIFF\x00\x00\x00\x00WEBPLIST"), {0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x12, 0x54, 0xc3, 0x67, 0xff}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := t.TempDir() + "/f"
		if err := os.WriteFile(path, b, mode); err != nil {
			t.Fatal(err)
		}
		if err := unplace((&Store{work: long.Patience}).effort(t.Context()), path, false); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || len(got) > len(b) {
			t.Fatal(len(got), err)
		}
	})
}

func TestAFileWhosePlaceIsTooMuchWorkToFindIsRefused(t *testing.T) {
	numbers := func(list ...uint32) (b []byte) {
		for _, n := range list {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return b
	}
	jpegHead, gifHead := []byte{0xff, 0xd8, 0xff, 0xe0, 0, 2}, append([]byte("GIF89a"), 1, 0, 1, 0, 0, 0, 0, '!', 0xfe)
	// A track of text in thousands of chunks, each of them nearly the whole film.
	track := box("trak", box("mdia", box("hdlr", make([]byte, 8), []byte("text"), make([]byte, 12)), box("minf", box("stbl",
		box("stsz", numbers(0, 8<<20, 4000)), box("stsc", numbers(0, 1, 1, 1, 1)),
		box("stco", numbers(0, 4000), bytes.Repeat(numbers(64), 4000))))))
	film := slices.Concat(box("ftyp", []byte("isom\x00\x00\x00\x00")), box("mdat", make([]byte, 9<<20)), box("moov", track))
	for name, b := range map[string][]byte{
		"a photo with nothing but a head":     append(jpegHead, make([]byte, 2<<20)...),
		"a photo that begins again and again": append(jpegHead, bytes.Repeat([]byte{0xff, 0xda, 0, 2}, 1<<18)...),
		"a picture of comments of one letter": append(gifHead, bytes.Repeat([]byte{1, 'x'}, 1<<20)...),
		"a photo full of places":              append(jpegHead, bytes.Repeat([]byte("\x00\x00\x00\x20loci\x00\x00\x00\x01"), 1<<18)...),
		"a film of the same samples for ever": film,
	} {
		s, _ := store(t)
		s.work = 20 * time.Millisecond
		if _, err := put(t, s, Any, b); !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := unplace((&Store{work: long.Patience}).effort(gone), path, false); !fault.Is(err, fault.Busy) {
			t.Errorf("%s, of somebody who has gone away: %v", name, err)
		}
	}
}
