package blob

import (
	"encoding/binary"
	"slices"
)

const (
	deep      = 8       // boxes within boxes that are looked through
	mostBoxes = 100_000 // of a film
)

// film goes through the boxes of a film or a photo of boxes. What its camera wrote beside pictures and sound becomes free space: the boxes
// udta, meta and uuid (ISO/IEC 14496-12, 8.1.2), and tracks that are neither pictures nor sound, with all that is in them: cameras write
// where they were into those. The directory of a photo (HEIF) stays; its Exif is looked for afterwards. strict refuses what is no sound film.
func (p *places) film(strict bool) error {
	w := walker{p: p, photo: slices.Contains(photos, string(p.at(8, 4))) || string(p.at(4, 4)) != "ftyp" && string(p.at(4, 4))[0] == 'J'}
	sound := w.boxes(0, p.size, 0)
	if strict && p.err == nil && (!sound || !w.film) {
		return unreadable("the video is broken")
	}
	return nil
}

// photos are the brands of photos.
var photos = []string{"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif", "avis", "jxl "}

// walker goes through boxes.
type walker struct {
	p     *places
	photo bool
	film  bool // it has a moov
	seen  int
}

// boxes is false when they do not fit into one another.
func (w *walker) boxes(at, end int64, depth int) bool {
	for at < end {
		w.seen++
		head := w.p.at(at, 16)
		if len(head) < 8 || w.seen > mostBoxes {
			return false
		}
		size, start := int64(binary.BigEndian.Uint32(head)), at+8
		switch size {
		case 0:
			size = end - at
		case 1:
			if len(head) < 16 {
				return false
			}
			size, start = int64(binary.BigEndian.Uint64(head[8:])), at+16
		}
		broken := size < start-at || size > end-at
		if broken {
			size = end - at
		}
		switch name := string(head[4:8]); name {
		case "trak":
			if w.tells(start, at+size) {
				w.samples(start, at+size)
				w.free(at, start, at+size)
				break
			}
			fallthrough
		case "moov", "mdia", "minf", "moof", "traf":
			w.film = w.film || name == "moov"
			if depth < deep && !w.boxes(start, at+size, depth+1) {
				return false
			}
		case "meta":
			if !w.photo || depth > 0 {
				w.free(at, start, at+size)
			}
		case "udta", "uuid", "Exif", "xml ", "brob":
			w.free(at, start, at+size)
		}
		if broken {
			return false
		}
		at += size
	}
	return true
}

// free makes a box free space with nothing in it.
func (w *walker) free(at, start, end int64) {
	w.p.put(at+4, []byte("free"))
	w.p.blank(start, end, 0)
}

// find is where the content of the first box on a way down is.
func (w *walker) find(at, end int64, way ...string) (from, to int64, ok bool) {
	for at+8 <= end {
		head := w.p.at(at, 8)
		if len(head) < 8 {
			return 0, 0, false
		}
		size := int64(binary.BigEndian.Uint32(head))
		if size < 8 || size > end-at {
			return 0, 0, false
		}
		if string(head[4:]) == way[0] {
			if len(way) == 1 {
				return at + 8, at + size, true
			}
			return w.find(at+8, at+size, way[1:]...)
		}
		at += size
	}
	return 0, 0, false
}

// shows are the handlers of tracks that are seen or heard, and what these need.
var shows = []string{"vide", "soun", "auxv", "pict", "tmcd", "clcp", "hint"}

// tells tells whether a track is something else.
func (w *walker) tells(from, to int64) bool {
	at, _, ok := w.find(from, to, "mdia", "hdlr")
	if !ok {
		return false
	}
	handler := w.p.at(at+8, 4)
	return len(handler) == 4 && !slices.Contains(shows, string(handler))
}

// samples empties what a track has in the film: each of its chunks, as many samples as stand in it.
func (w *walker) samples(from, to int64) {
	table := func(name string) (at int64, n int64) {
		at, _, ok := w.find(from, to, "mdia", "minf", "stbl", name)
		if !ok {
			return 0, 0
		}
		if b := w.p.at(at+4, 4); len(b) == 4 {
			return at + 8, int64(binary.BigEndian.Uint32(b))
		}
		return 0, 0
	}
	number := func(at int64) int64 {
		if b := w.p.at(at, 4); len(b) == 4 {
			return int64(binary.BigEndian.Uint32(b))
		}
		return 0
	}
	sizes, each := int64(0), int64(0)
	if at, size := table("stsz"); at != 0 { // here the first number is the size of all of them, the second how many
		sizes, each = at+4, size
	}
	offsets, chunks, width := int64(0), int64(0), int64(4)
	if offsets, chunks = table("stco"); offsets == 0 {
		offsets, chunks = table("co64")
		width = 8
	}
	runs, n := table("stsc")
	sample := int64(0)
	for chunk, run := int64(0), int64(0); chunk < min(chunks, mostBoxes) && w.p.err == nil; chunk++ {
		for run+1 < min(n, mostBoxes) && number(runs+12*(run+1)) <= chunk+1 {
			run++
		}
		at := number(offsets + width*chunk)
		if width == 8 {
			at = at<<32 | number(offsets+8*chunk+4)
		}
		for range min(number(runs+12*run+4), mostBoxes) {
			size := each
			if size == 0 {
				size = number(sizes + 4*sample)
			}
			w.p.blank(at, at+size, 0)
			if at += size; sample > mostBoxes || w.p.err != nil {
				return
			}
			sample++
		}
	}
}
