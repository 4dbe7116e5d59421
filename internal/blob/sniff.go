package blob

import (
	"bytes"
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
