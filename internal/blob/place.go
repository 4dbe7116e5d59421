package blob

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

// A photo or film that is sent as a file stays as it is, but for where it was taken: that is taken out, whichever container it came in.
// What else a camera wrote beside it goes too where places hide in it: packets of XMP and IPTC, comments, makers' notes, what stands
// behind the picture. Documents and archives are not looked into.
//
// All but PNG is changed in place: nothing moves, so that what points into the file stays right.

// unplaced takes the place out of an upload, with as much work as a picture may be: what its tables say, such as how many samples a track
// has, is only what somebody wrote there.
func (s *Store) unplaced(ctx context.Context, u *Upload) error {
	release, err := s.turn(ctx, u.Person)
	if err != nil {
		return err
	}
	defer release()
	runtime.LockOSThread() // whose time is counted
	defer runtime.UnlockOSThread()
	return unplace(s.effort(ctx), s.data(u.ID), u.As == Video)
}

// unplace takes the place out of a file. strict refuses a film that is broken, as one that is to be played.
func unplace(work effort, path string, strict bool) error {
	f, err := os.OpenFile(path, os.O_RDWR, mode)
	if err != nil {
		return fmt.Errorf("blob: place: %w", err)
	}
	defer f.Close()
	p, err := newPlaces(work, f)
	if err != nil {
		return err
	}
	switch head := p.at(0, 16); {
	case len(head) < 8:
		return nil
	case bytes.HasPrefix(head, []byte{0xff, 0xd8, 0xff}):
		p.jpeg()
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return p.png(path)
	case string(head[:4]) == "RIFF" || string(head[:4]) == "RF64":
		p.riff(12, p.size)
	case string(head[:4]) == "GIF8":
		p.gif()
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		p.matroska(0, p.size)
	case isTIFF(head):
		p.tiff(0, p.size)
	case slices.Contains(boxed, string(head[4:8])):
		if err := p.film(strict && string(head[4:8]) == "ftyp"); err != nil {
			return err
		}
	default:
		return nil
	}
	p.hidden()
	if p.err != nil {
		return fmt.Errorf("blob: place: %w", p.err)
	}
	return nil
}

// boxed are the boxes that a film or photo of boxes begins with.
var boxed = []string{"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "JXL ", "jP  "}

// places is a file whose places are being taken out.
type places struct {
	f     *os.File
	size  int64
	err   error // the first of reading and writing, or that it is too much work; what is done after it does nothing
	work  effort
	steps int // of reading and writing
}

func newPlaces(work effort, f *os.File) (*places, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("blob: place: %w", err)
	}
	return &places{f: f, size: info.Size(), work: work}, nil
}

// step counts one of reading or writing; false when nothing more is done.
func (p *places) step() bool {
	const look = 64 // steps between two looks at the time
	if p.steps++; p.steps%look == 0 && p.err == nil {
		p.err = p.work.over()
	}
	return p.err == nil
}

// at is up to n bytes from a place on.
func (p *places) at(at int64, n int) []byte {
	if !p.step() || at < 0 || at >= p.size {
		return nil
	}
	b := make([]byte, min(int64(n), p.size-at))
	if _, err := p.f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		p.err = err
		return nil
	}
	return b
}

func (p *places) put(at int64, b []byte) {
	if p.step() && at >= 0 && at+int64(len(b)) <= p.size {
		_, p.err = p.f.WriteAt(b, at)
	}
}

// blank fills from..to with a byte.
func (p *places) blank(from, to int64, with byte) {
	from, to = max(0, from), min(to, p.size)
	fill := bytes.Repeat([]byte{with}, int(max(0, min(32<<10, to-from))))
	for from < to && p.err == nil {
		n := min(int64(len(fill)), to-from)
		p.put(from, fill[:n])
		from += n
	}
}

// jpeg goes through the segments: Exif loses its place, and of the others only those stay that the picture is drawn by. It ends with its
// picture.
func (p *places) jpeg() {
	for at := int64(2); at < p.size && p.err == nil; {
		head := p.at(at, 4)
		switch {
		case len(head) < 2:
			return
		case head[0] != 0xff:
			at++
			continue
		case head[1] == 0xff:
			at++
			continue
		case head[1] == 0xd9:
			if at += 2; at < p.size {
				p.err = errors.Join(p.err, p.f.Truncate(at))
				p.size = at
			}
			return
		case head[1] <= 1 || head[1] >= 0xd0 && head[1] <= 0xd8:
			at += 2
			continue
		case len(head) < 4:
			return
		}
		end := at + 2 + int64(binary.BigEndian.Uint16(head[2:]))
		from := at + 4
		switch name := p.at(from, 12); {
		case head[1] == 0xe1 && bytes.HasPrefix(name, []byte("Exif\x00")) && p.tiff(from+6, min(end, p.size)):
		case head[1] == 0xe0, head[1] == 0xee, head[1] == 0xe2 && bytes.HasPrefix(name, []byte("ICC_PROFILE")):
		case head[1] >= 0xe0 && head[1] <= 0xef, head[1] == 0xfe:
			p.blank(from, end, 0)
		}
		if at = max(end, at+2); head[1] == 0xda {
			at = p.afterScan(at)
		}
	}
}

// afterScan is where the next segment begins behind the bytes of a scan.
func (p *places) afterScan(at int64) int64 {
	r := bufio.NewReaderSize(io.NewSectionReader(p.f, at, p.size-at), 64<<10)
	for {
		b, err := r.ReadByte()
		if err != nil {
			return p.size
		}
		if at++; b != 0xff {
			continue
		}
		next, err := r.Peek(1)
		if err != nil {
			return p.size
		}
		if next[0] != 0 && (next[0] < 0xd0 || next[0] > 0xd7) && next[0] != 0xff {
			return at - 1
		}
	}
}

// drawnBy are the chunks that a PNG is drawn by.
var drawnBy = []string{
	"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "hIST", "pHYs", "sPLT", "acTL", "fcTL", "fdAT",
	"cICP", "mDCV", "cLLI", "oFFs", "sTER",
}

// png writes the file anew without what the picture is not drawn by. One that breaks off ends there.
func (p *places) png(path string) error {
	r := bufio.NewReader(io.NewSectionReader(p.f, 8, p.size-8))
	out, err := os.OpenFile(path+".png", os.O_CREATE|os.O_TRUNC|os.O_RDWR, mode)
	if err != nil {
		return fmt.Errorf("blob: place: %w", err)
	}
	defer os.Remove(out.Name())
	w := bufio.NewWriter(out)
	_, err = w.WriteString("\x89PNG\r\n\x1a\n")
	for err == nil {
		var head [8]byte
		if _, broken := io.ReadFull(r, head[:]); broken != nil {
			break
		}
		n := int64(binary.BigEndian.Uint32(head[:])) + 4
		if name := string(head[4:]); !slices.Contains(drawnBy, name) {
			if _, broken := io.CopyN(io.Discard, r, n); broken != nil {
				break
			}
			continue
		}
		if _, err = w.Write(head[:]); err != nil {
			break
		}
		got, copied := io.CopyN(w, r, n)
		if string(head[4:]) == "IEND" || got < n {
			break
		}
		err = copied
	}
	if err = errors.Join(err, w.Flush(), out.Close()); err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("blob: place: %w", err)
	}
	return nil
}

// riff goes through the chunks of a WebP or AVI: what is not picture or sound becomes junk of the same length.
func (p *places) riff(at, end int64) {
	for steps := 0; at+8 <= end && steps < mostBoxes && p.err == nil; steps++ {
		head := p.at(at, 12)
		if len(head) < 8 {
			return
		}
		next := at + 8 + int64(binary.LittleEndian.Uint32(head[4:]))
		switch name := string(head[:4]); name {
		case "VP8X":
			if flags := p.at(at+8, 1); len(flags) == 1 {
				p.put(at+8, []byte{flags[0] &^ 0x0c}) // no Exif, no XMP
			}
		case "LIST":
			if len(head) == 12 && string(head[8:]) != "INFO" {
				if string(head[8:]) != "movi" {
					p.riff(at+12, min(next, end))
				}
				break
			}
			fallthrough
		case "EXIF", "XMP ", "IDIT", "_PMX", "strd", "strn", "exif", "bext", "iXML", "ID3 ", "id3 ":
			p.put(at, []byte("JUNK"))
			p.blank(at+8, next, 0)
		}
		at = next + next&1
	}
}

// gif goes through the blocks: comments, and what programs other than those that make it go round wrote, are emptied.
func (p *places) gif() {
	head := p.at(0, 13)
	if len(head) < 13 {
		return
	}
	at := int64(13)
	table := func(flags byte) {
		if flags&0x80 != 0 {
			at += 3 << (flags&7 + 1)
		}
	}
	blocks := func(empty bool) {
		for p.err == nil {
			size := p.at(at, 1)
			if at++; len(size) == 0 || size[0] == 0 {
				return
			}
			if empty {
				p.blank(at, at+int64(size[0]), ' ')
			}
			at += int64(size[0])
		}
	}
	for table(head[10]); at < p.size && p.err == nil; {
		b := p.at(at, 14)
		switch {
		case len(b) < 2:
			return
		case b[0] == ',' && len(b) >= 10:
			at += 10
			table(b[9])
			at++
			blocks(false)
		case b[0] == '!':
			keeps := b[1] == 0xf9 || b[1] == 0xff && len(b) == 14 && (string(b[3:14]) == "NETSCAPE2.0" || string(b[3:14]) == "ANIMEXTS1.0")
			at += 2
			blocks(!keeps && b[1] != 0x01)
		default:
			return
		}
	}
}

// matroska goes through the elements of a WebM: tags and attachments become void.
func (p *places) matroska(at, end int64) {
	for steps := 0; at < end && steps < mostBoxes && p.err == nil; steps++ {
		b := p.at(at, 12)
		name, n := vint(b, false)
		if n == 0 {
			return
		}
		size, m := vint(b[n:], true)
		if m == 0 {
			return
		}
		from := at + int64(n+m)
		next := from + size
		open := size == 1<<(7*m)-1 // its length is not known: what follows is in it, or behind it
		switch name {
		case 0x18538067: // Segment
			if !open {
				end = min(end, next)
			}
			next = from
		case 0x1254c367, 0x1941a469: // Tags, Attachments
			if open || next > p.size {
				next = p.size
			}
			p.void(at, next)
		default:
			if open {
				next = from
			}
		}
		if at = next; at < from {
			return
		}
	}
}

// void makes the bytes between two places an element without a meaning.
func (p *places) void(at, end int64) {
	n := end - at
	if n < 2 {
		return
	}
	p.blank(at, end, 0)
	if n < 9 {
		p.put(at, []byte{0xec, 0x80 | byte(n-2)})
		return
	}
	p.put(at, append([]byte{0xec}, binary.BigEndian.AppendUint64(nil, 1<<56|uint64(n-9))...))
}

// vint is a number of EBML, and how many bytes it has; 0 when it is none. A name keeps its first bit.
func vint(b []byte, value bool) (v int64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	for n = 1; b[0]&(0x80>>(n-1)) == 0; n++ {
	}
	if n > len(b) {
		return 0, 0
	}
	v = int64(b[0])
	if value {
		v &= 0x7f >> (n - 1)
	}
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
	}
	return v, n
}

// hidden looks through the whole of a photo or film for what was not found where it belongs: a directory of Exif, a packet of XMP, the
// place of a film within a photo that moves.
func (p *places) hidden() {
	const window, overlap = 1 << 20, 32
	marks := [][]byte{[]byte("II*\x00"), []byte("MM\x00*"), []byte("<x:xmpmeta"), []byte("<rdf:RDF"), []byte("\xa9xyz"), []byte("loci")}
	for at := int64(0); at < p.size && p.err == nil; at += window {
		b := p.at(at, window+overlap)
		for i, mark := range marks {
			for from := 0; ; {
				n := bytes.Index(b[from:], mark)
				if n < 0 || from+n >= window {
					break
				}
				from += n + len(mark)
				where := at + int64(from-len(mark))
				switch {
				case !bytes.Equal(p.at(where, len(mark)), mark): // what was emptied meanwhile
				case i < 2:
					if where > 0 {
						p.tiff(where, p.size)
					}
				case i == 2:
					p.packet(where, "</x:xmpmeta>")
				case i == 3:
					p.packet(where, "</rdf:RDF>")
				default:
					p.location(where, i == 4)
				}
			}
		}
	}
}

// packet empties XMP up to its end.
func (p *places) packet(at int64, end string) {
	const most = 64 << 10
	for from := at; from < p.size && p.err == nil; from += most {
		b := p.at(from, most+len(end))
		if n := bytes.Index(b, []byte(end)); n >= 0 {
			p.blank(at, from+int64(n+len(end)), ' ')
			return
		}
		if from-at > 16<<20 {
			return
		}
	}
	p.blank(at, min(p.size, at+most), ' ')
}

// location empties a box of a place, when it is one: +34.7466+113.6253/, or what 3GPP writes.
func (p *places) location(at int64, text bool) {
	b := p.at(at-4, 24)
	if at < 4 || len(b) < 20 {
		return
	}
	size := int64(binary.BigEndian.Uint32(b))
	if size < 12 || size > 1024 || text && !slices.Contains([]byte("+-"), b[12]) {
		return
	}
	if !text && !bytes.Equal(b[8:12], []byte{0, 0, 0, 0}) {
		return
	}
	p.put(at, []byte("free"))
	p.blank(at+4, at-4+size, 0)
}
