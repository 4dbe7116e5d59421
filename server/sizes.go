package main

import (
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// folders of the data, which metrics tell the sizes of.
var folders = []string{"log", "view", "blob", "keys", "tls", "archive"}

// sizes are what the folders of the data take on disk. Counting means looking at every file, so it is done once a minute at most, and never for
// more than a twentieth of the time.
type sizes struct {
	dir string

	mu    sync.Mutex
	bytes map[string]int64
	next  time.Time
}

func newSizes(dir string) *sizes { return &sizes{dir: dir} }

// all has the size of each folder.
func (s *sizes) all() map[string]func() float64 {
	of := map[string]func() float64{}
	for _, f := range folders {
		of[f] = func() float64 { return float64(s.of(f)) }
	}
	return of
}

func (s *sizes) of(folder string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if began := time.Now(); began.After(s.next) {
		s.bytes = map[string]int64{}
		for _, f := range folders {
			s.bytes[f] = onDisk(filepath.Join(s.dir, f))
		}
		s.next = time.Now().Add(max(time.Minute, 20*time.Since(began)))
	}
	return s.bytes[folder]
}

// onDisk is how many bytes of the disk a folder's files have; of one that is not there none. Files with holes have less than their length.
func onDisk(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that goes meanwhile takes no room
		}
		if info, err := d.Info(); err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				n += st.Blocks * 512
			}
		}
		return nil
	})
	return n
}
