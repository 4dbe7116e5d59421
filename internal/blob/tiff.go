package blob

import (
	"encoding/binary"
	"slices"
)

// isTIFF tells whether bytes begin a TIFF, or what many a camera's raw files are.
func isTIFF(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[:4]) {
	case "II*\x00", "MM\x00*", "II+\x00", "MM\x00+", "IIRO", "IIRS", "IIU\x00":
		return true
	}
	return false
}

// What a directory may say of the place.
const (
	tagGPS      = 0x8825
	tagExif     = 0x8769
	tagSub      = 0x014a
	tagInterop  = 0xa005
	tagNote     = 0x927c // the maker's own, which nobody can read
	mostEntries = 1024   // of a directory
	mostParts   = 64     // directories of a file
)

// telling are other entries that hold places: XMP, IPTC, Photoshop's, comments.
var telling = []uint16{0x02bc, 0x83bb, 0x8649, 0x9286, 0xc634}

// directories is a TIFF whose directories are being gone through: from base to end of a file.
type directories struct {
	p         *places
	base, end int64
	order     binary.ByteOrder
	big       bool // with offsets of eight bytes
	raw       bool // as a camera's sensor saw it: only with the maker's note can it be drawn
	seen      []int64
}

// tiff takes the place out of the directories of a TIFF, as Exif is one; false when it is none that can be gone through.
func (p *places) tiff(base, end int64) bool {
	head := p.at(base, 16)
	if !isTIFF(head) {
		return false
	}
	d := directories{p: p, base: base, end: end, order: binary.BigEndian}
	d.raw = base == 0 && (!slices.Contains([]byte("*+"), head[2]) && !slices.Contains([]byte("*+"), head[3]) || len(head) > 9 && string(head[8:10]) == "CR")
	if head[0] == 'I' {
		d.order = binary.LittleEndian
	}
	first := int64(d.order.Uint32(head[4:]))
	if head[2] == '+' || head[3] == '+' {
		if len(head) < 16 {
			return false
		}
		d.big, first = true, int64(d.order.Uint64(head[8:]))
	}
	return d.chain(first)
}

// entry is one of a directory.
type tiffEntry struct {
	tag   uint16
	bytes int64 // of its value
	value int64 // where that stands, from base
	first int64 // the value as a number
}

// sizes of the values of each type.
var typeBytes = []int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// chain goes through a directory and those behind it.
func (d *directories) chain(at int64) bool {
	sound := false
	for at > 0 && !slices.Contains(d.seen, at) && len(d.seen) < mostParts && d.p.err == nil {
		d.seen = append(d.seen, at)
		list, next, ok := d.read(at)
		if !ok {
			return sound
		}
		sound = true
		d.raw = d.raw || d.base == 0 && slices.ContainsFunc(list, func(e tiffEntry) bool { return e.tag == tagSub })
		var keep [][]byte
		for i, e := range list {
			switch {
			case e.tag == tagGPS:
				d.empty(e.first)
				continue
			case slices.Contains(telling, e.tag), e.tag == tagNote && !d.raw:
				d.blank(e)
				continue
			case e.tag == tagExif, e.tag == tagInterop:
				d.chain(e.first)
			case e.tag == tagSub:
				for _, sub := range d.numbers(e) {
					d.chain(sub)
				}
			}
			keep = append(keep, d.entry(at, i))
		}
		if len(keep) < len(list) {
			d.write(at, keep, len(list), next)
		}
		at = next
	}
	return sound
}

func (d *directories) widths() (count, entry, offset int64) {
	if d.big {
		return 8, 20, 8
	}
	return 2, 12, 4
}

// number reads an offset or count of the file's width.
func (d *directories) number(b []byte) int64 {
	switch {
	case d.big && len(b) >= 8:
		return int64(d.order.Uint64(b))
	case !d.big && len(b) >= 4:
		return int64(d.order.Uint32(b))
	}
	return 0
}

// read is the entries of a directory and where the next one is; not ok for what cannot be one.
func (d *directories) read(at int64) (list []tiffEntry, next int64, ok bool) {
	count, width, offset := d.widths()
	if at < 0 || d.base+at+count > d.end {
		return nil, 0, false
	}
	b := d.p.at(d.base+at, int(count))
	if int64(len(b)) < count {
		return nil, 0, false
	}
	n := int64(d.order.Uint16(b))
	if d.big {
		n = d.number(b)
	}
	if n <= 0 || n > mostEntries || d.base+at+count+n*width > d.end {
		return nil, 0, false
	}
	b = d.p.at(d.base+at+count, int(n*width+offset))
	for i := range n {
		e := b[i*width:][:width]
		kind := int(d.order.Uint16(e[2:]))
		if kind == 0 || kind >= len(typeBytes) || typeBytes[kind] == 0 {
			return nil, 0, false
		}
		many := d.number(e[4:])
		x := tiffEntry{tag: d.order.Uint16(e), value: at + count + i*width + 4 + offset}
		if many < 0 || many > d.end {
			return nil, 0, false
		}
		if x.bytes = many * typeBytes[kind]; x.bytes > offset {
			x.value = d.number(e[4+offset:])
		}
		if x.first = d.number(e[4+offset:]); kind == 3 {
			x.first = int64(d.order.Uint16(e[4+offset:]))
		}
		list = append(list, x)
	}
	return list, d.number(b[n*width:]), true
}

func (d *directories) entry(at int64, i int) []byte {
	count, width, _ := d.widths()
	return d.p.at(d.base+at+count+int64(i)*width, int(width))
}

// numbers are the offsets that an entry has.
func (d *directories) numbers(e tiffEntry) (list []int64) {
	_, _, offset := d.widths()
	for i := int64(0); i+offset <= min(e.bytes, mostParts*offset); i += offset {
		list = append(list, d.number(d.p.at(d.base+e.value+i, int(offset))))
	}
	return list
}

// blank empties the value of an entry.
func (d *directories) blank(e tiffEntry) {
	from := d.base + e.value
	d.p.blank(from, min(from+e.bytes, d.end), 0)
}

// empty takes all out of a directory that is about the place.
func (d *directories) empty(at int64) {
	list, _, ok := d.read(at)
	if !ok || slices.Contains(d.seen, at) {
		return
	}
	for _, e := range list {
		d.blank(e)
	}
	count, width, offset := d.widths()
	from := d.base + at
	d.p.blank(from, min(d.end, from+count+int64(len(list))*width+offset), 0)
}

// write puts a directory of fewer entries where it was.
func (d *directories) write(at int64, keep [][]byte, was int, next int64) {
	count, width, offset := d.widths()
	b := make([]byte, count+int64(was)*width+offset)
	if d.big {
		d.order.PutUint64(b, uint64(len(keep)))
	} else {
		d.order.PutUint16(b, uint16(len(keep)))
	}
	for i, e := range keep {
		copy(b[count+int64(i)*width:], e)
	}
	end := b[count+int64(len(keep))*width:]
	if d.big {
		d.order.PutUint64(end, uint64(next))
	} else {
		d.order.PutUint32(end, uint32(next))
	}
	d.p.put(d.base+at, b)
}
