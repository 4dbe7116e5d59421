package kind

import (
	"encoding/json"
	"strings"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/legible"
)

// File is something that was uploaded and is shown by a card. Its bytes lie beside the log, under their hash; the door has filled in
// what it is before a rule sees it.
type File struct {
	Hash string `json:"hash"`
	Type string `json:"type"` // media type, by its bytes
	Size int64  `json:"size"` // bytes
	W    int    `json:"w,omitempty"`
	H    int    `json:"h,omitempty"` // pixels
}

// attached is what cards with files have in common: at most nine, so that the state stays small.
type attached struct {
	Files []File `json:"files"`
}

// mostFiles is how many pictures one message has.
const mostFiles = 9

// Attached lists the files that belong to a card: who may read the card may read them.
func (a attached) Attached() []File { return a.Files }

// few checks how many files there are and that each is of a media type that begins so.
func (a attached) few(most int, media string) error {
	if len(a.Files) == 0 || len(a.Files) > most {
		return fault.Newf(fault.Invalid, "1 to %d files", most).And("field", "files").And("limit", most)
	}
	for _, f := range a.Files {
		if f.Hash == "" || f.Size <= 0 || !strings.HasPrefix(f.Type, media) {
			return fault.New(fault.Invalid, "the file is of another kind").And("field", "files")
		}
	}
	return nil
}

// caption checks the words beside files: a text that may be missing.
func caption(words entry.Words) error { return text(words, "text", 0, 1000) }

// fileName checks a name that goes back to people's own disks: no path, nothing unseen, nothing that turns the reading direction.
func fileName(words entry.Words) error {
	if err := text(words, "name", 1, 120); err != nil {
		return err
	}
	name := word(words, "name")
	if strings.ContainsAny(name, `/\:*?"<>|`) || strings.HasPrefix(name, ".") || !legible.Name(name) {
		return fault.New(fault.Invalid, "not a name for a file").And("field", "name")
	}
	return nil
}

// post is the state of a card with files behind its post.
func (a attached) post(_ Event, with attached) attached { return with }

// NameOf is what the i-th file of an item is called in its words, for who hands it out; empty when it has no name.
func NameOf(words json.RawMessage, i int) string {
	var w struct {
		Name  string   `json:"name"`
		Names []string `json:"names"`
	}
	if json.Unmarshal(words, &w) == nil && i < len(w.Names) {
		return w.Names[i]
	}
	return w.Name
}

// Pass lets files be passed on.
func (a attached) Pass() (Part, bool) { return Part{}, true }

// Keep is how many days the office keeps what was brought; 0 for ever. It is as the operator says today: what a message shows is counted
// from its own time, so that a date is known beforehand and nothing has to be written down when it comes.
type Keep struct {
	Files int // documents
	Media int // pictures, videos, voices
}

// Until is when the files of an item go (ms): at the end of the day, so many days after it was posted; 0 for never. What is pinned stays
// while it is pinned.
func (k Keep) Until(kind string, at int64, pinned bool) int64 {
	days := k.Media
	if kind == "file" {
		days = k.Files
	}
	if days <= 0 || pinned {
		return 0
	}
	y, m, d := time.UnixMilli(at).In(Zone).Date()
	return time.Date(y, m, d+days+1, 0, 0, 0, 0, Zone).UnixMilli()
}

// Past tells whether the files of an item are past their date.
func (k Keep) Past(kind string, at int64, pinned bool, now int64) bool {
	until := k.Until(kind, at, pinned)
	return until != 0 && now >= until
}
