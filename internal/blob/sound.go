package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"linli/internal/fault"
)

// again is after how long a file's bytes are compared once more.
const again = 24 * time.Hour

// sound knows which files were compared with their names: a video is asked for in many parts, and hashed once.
type sound struct {
	mu   sync.Mutex
	seen map[string]seen
}

// seen is a file as it was when it was compared.
type seen struct {
	size int64
	at   time.Time // of its last change
	when time.Time
}

// most is how many files are remembered.
const most = 10_000

// is tells whether an open file has the bytes that its name says: fault.Damaged. The file stands at its beginning afterwards.
func (s *sound) is(f *os.File) error {
	name := filepath.Base(f.Name())
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.mu.Lock()
	last, known := s.seen[name]
	s.mu.Unlock()
	if known && last.size == info.Size() && last.at.Equal(info.ModTime()) && time.Since(last.when) < again {
		return nil
	}
	if err := compare(f); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) >= most {
		clear(s.seen)
	}
	s.seen[name] = seen{info.Size(), info.ModTime(), time.Now()}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

var errDamaged = fault.New(fault.Damaged, "the file is damaged on the server's disk")

// compare reads a file to its end, and what it must have: its name, or for a small picture what stands beside it.
func compare(f *os.File) error {
	want, of := filepath.Base(f.Name()), strings.TrimSuffix(f.Name(), small)
	if of != f.Name() {
		sum, err := os.ReadFile(of + sumOf)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		want = string(sum)
	}
	hash, err := hashed(f)
	if err == nil && hash != want {
		err = errDamaged
	}
	return err
}

// keepSmall moves the small picture of a file to its place, its hash before it.
func (s *Store) keepSmall(path, hash string) error {
	sum, err := hashOf(path + small)
	if err == nil {
		err = os.WriteFile(path+sumOf, []byte(sum), mode)
	}
	if err == nil {
		err = s.keep(path+sumOf, hash, sumOf)
	}
	if err == nil {
		err = s.keep(path+small, hash, small)
	}
	return err
}

// Check compares every file of a store's folder with its name, and calls found for each that differs. It returns how many there are.
func Check(ctx context.Context, dir string, found func(path string)) (n int, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // there is no store yet
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && d.Name() == "up":
			return fs.SkipDir
		case d.IsDir() || !isHash(strings.TrimSuffix(d.Name(), small)):
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		n++
		if err := compare(f); fault.Is(err, fault.Damaged) {
			found(path)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("blob: check: %w", err)
	}
	return n, nil
}
