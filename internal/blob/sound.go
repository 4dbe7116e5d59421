package blob

import (
	"cmp"
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

// nothingBeside is a small picture of the time before their hashes were kept: nobody can tell whether it is as it was made.
type nothingBeside struct{ hash string } // that it has now

func (nothingBeside) Error() string { return "blob: no hash is kept of this small picture" }

// compare reads a file to its end, and what it must have: its name, or for a small picture what stands beside it.
func compare(f *os.File) error {
	want, of := filepath.Base(f.Name()), strings.TrimSuffix(f.Name(), small)
	if of != f.Name() {
		sum, err := os.ReadFile(of + sumOf)
		if errors.Is(err, fs.ErrNotExist) {
			hash, err := hashed(f)
			return cmp.Or[error](err, nothingBeside{hash})
		}
		if err != nil {
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

// small opens the small picture of a file, where there is a sound one. What one from before their hashes were kept is now, it is from
// then on.
func (s *Store) small(hash string) *os.File {
	f, err := os.Open(s.path(hash) + small)
	if err != nil {
		return nil
	}
	err = s.sound.is(f)
	if old := (nothingBeside{}); errors.As(err, &old) {
		from := s.data(hash + sumOf)
		if os.WriteFile(from, []byte(old.hash), mode) == nil {
			_ = s.keep(from, hash, sumOf) // on a full disk the next time
		}
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		return f
	}
	f.Close() //nolint:errcheck // it was only read
	return nil
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

// Check compares every file of a store's folder with its name, and calls found for each that differs. It returns how many there are, and
// how many of them are small pictures from before their hashes were kept, of which it cannot be told.
func Check(ctx context.Context, dir string, found func(path string)) (n, unknown int, err error) {
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
		switch err := compare(f); {
		case fault.Is(err, fault.Damaged):
			found(path)
		case errors.As(err, &nothingBeside{}):
			unknown++
		default:
			return err
		}
		return nil
	})
	if err != nil {
		return n, unknown, fmt.Errorf("blob: check: %w", err)
	}
	return n, unknown, nil
}
