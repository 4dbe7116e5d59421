package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// typeOf is the media type of a file by its first bytes. What is to be a video or voice has to be one that browsers play; a file may
// be anything but a program: those are what swindlers send to neighbours.
func typeOf(path string, as As) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("blob: type: %w", err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("blob: type: %w", err)
	}
	head = head[:n]
	box := ""
	switch {
	case len(head) > 12 && string(head[4:8]) == "ftyp":
		box = "mp4"
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}) && bytes.Contains(head, []byte("webm")):
		box = "webm"
	case bytes.HasPrefix(head, []byte("OggS")):
		box = "ogg"
	}
	switch as {
	case Video:
		if box == "mp4" || box == "webm" {
			return "video/" + box, nil
		}
		return "", unreadable("not a video that browsers play")
	case Voice:
		if box != "" {
			return "audio/" + box, nil
		}
		return "", unreadable("not a recording that browsers play")
	}
	for _, program := range []string{"MZ", "\x7fELF", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "dex\n", "#!"} {
		if bytes.HasPrefix(head, []byte(program)) {
			return "", unreadable("programs are not taken")
		}
	}
	if apk, err := isApp(f); err != nil || apk {
		return "", errors.Join(err, unreadable("programs are not taken"))
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return t, nil
}

// isApp tells whether an archive is an Android or Java program: their manifest stands in its directory, at the end.
func isApp(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("blob: type: %w", err)
	}
	head := make([]byte, 4)
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != "PK\x03\x04" {
		return false, nil //nolint:nilerr // too short for an archive
	}
	end := make([]byte, min(info.Size(), 1<<20))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return false, fmt.Errorf("blob: type: %w", err)
	}
	return bytes.Contains(end, []byte("AndroidManifest.xml")) || bytes.Contains(end, []byte("META-INF/MANIFEST.MF")), nil
}

const (
	deep      = 4       // boxes within boxes that are looked through
	mostBoxes = 100_000 // of a film
)

// walker goes through the boxes of a film.
type walker struct {
	f    *os.File
	film bool // it has a moov
	seen int
}

// unplace takes out of an MP4 what its camera wrote beside pictures and sound, where it was taken among it: the boxes udta and meta
// become free space (ISO/IEC 14496-12, 8.1.2). A film whose boxes do not fit into one another is refused.
func unplace(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, mode)
	if err != nil {
		return fmt.Errorf("blob: video: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("blob: video: %w", err)
	}
	head := make([]byte, 8)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[4:]) != "ftyp" {
		return nil //nolint:nilerr // WebM says nothing of places
	}
	w := walker{f: f}
	if err := w.boxes(0, info.Size(), 0); err != nil {
		return err
	}
	if !w.film {
		return unreadable("the video is broken")
	}
	return nil
}

func (w *walker) boxes(at, end int64, depth int) error {
	head := make([]byte, 16)
	for at < end {
		w.seen++
		if _, err := w.f.ReadAt(head[:8], at); err != nil || w.seen > mostBoxes {
			return unreadable("the video is broken")
		}
		size, start := int64(binary.BigEndian.Uint32(head)), at+8
		switch size {
		case 0:
			size = end - at
		case 1:
			if _, err := w.f.ReadAt(head, at); err != nil {
				return unreadable("the video is broken")
			}
			size, start = int64(binary.BigEndian.Uint64(head[8:])), at+16
		}
		if size < start-at || size > end-at {
			return unreadable("the video is broken")
		}
		switch string(head[4:8]) {
		case "moov":
			w.film = true
			fallthrough
		case "trak", "mdia", "moof":
			if depth < deep {
				if err := w.boxes(start, at+size, depth+1); err != nil {
					return err
				}
			}
		case "udta", "meta", "uuid":
			if err := blank(w.f, at+4, start, at+size); err != nil {
				return fmt.Errorf("blob: video: %w", err)
			}
		}
		at += size
	}
	return nil
}

// blank makes a box free space with nothing in it.
func blank(f *os.File, name, start, end int64) error {
	if _, err := f.WriteAt([]byte("free"), name); err != nil {
		return err
	}
	zeros := make([]byte, 32<<10)
	for start < end {
		n := min(int64(len(zeros)), end-start)
		if _, err := f.WriteAt(zeros[:n], start); err != nil {
			return err
		}
		start += n
	}
	return nil
}
