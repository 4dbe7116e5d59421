package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// note is something that the running server has met and its operator has to mend.
type note struct {
	At   int64  `json:"at"` // ms, when it was met last
	Text string `json:"text"`
}

// notes are kept in a file beside the data, so that linli doctor finds them, also when the server is stopped.
type notes struct {
	path string

	mu sync.Mutex
	of map[string]note
}

func openNotes(data string) *notes {
	return &notes{path: notesFile(data), of: readNotes(data)}
}

func notesFile(data string) string { return filepath.Join(data, "noted.json") }

// readNotes is what a server noted on these data; nothing when that cannot be read.
func readNotes(data string) map[string]note {
	of := map[string]note{}
	if b, err := os.ReadFile(notesFile(data)); err != nil || json.Unmarshal(b, &of) != nil {
		return map[string]note{}
	}
	return of
}

// note writes down what was met. It is a hint: where it cannot be written, the log has said it.
func (n *notes) note(name, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.of[name] = note{time.Now().UnixMilli(), text}
	b, err := json.Marshal(n.of)
	if err == nil {
		err = os.WriteFile(n.path+".new", b, 0o600)
	}
	if err == nil {
		_ = os.Rename(n.path+".new", n.path)
	}
}
