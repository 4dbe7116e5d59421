package dbfiles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Badger writes into memory maps of files with holes. Where the disk has no block for a page that is written, the system ends the
// program (SIGBUS). So whoever has a database makes sure of the space before it is needed.

// Free is how many bytes of the folder's disk may be written.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("dbfiles: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil //nolint:unconvert // its type differs between systems
}

// InUse tells whether a program has the database open, as Badger tells it: by a lock on the folder.
func InUse(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// Need is how many bytes must be free for opening a database: it writes what a kill left in write-ahead files into tables, and gives
// the files' unused blocks back.
func Need(dir string) (int64, error) {
	const anyway = 1 << 20 // heads of new files, and the list of tables
	need := int64(anyway)
	list, _ := filepath.Glob(filepath.Join(dir, "*.mem"))
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err != nil {
			return 0, fmt.Errorf("dbfiles: %w", err)
		}
		used := int64(len(bytes.TrimRight(b, "\x00")))
		need += used + used/8
		var st syscall.Stat_t
		if syscall.Stat(path, &st) == nil {
			need -= max(st.Blocks*512-used, 0)
		}
	}
	return max(need, 0), nil
}

// Trim cuts write-ahead files behind their last whole transaction, as Badger would when it opens them for writing. It needs no space, and
// a database can be opened for reading alone then.
func Trim(dir string) error {
	list, _ := filepath.Glob(filepath.Join(dir, "*.mem"))
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err == nil {
			end, _ := written(b)
			err = os.Truncate(path, int64(end))
		}
		if err != nil {
			return fmt.Errorf("dbfiles: %w", err)
		}
	}
	return nil
}

// Hold gives a file of a certain size all its blocks, making it when it is not there. What cannot be held is an error, and a new file is
// taken away again.
func Hold(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = syscall.Fallocate(int(f.Fd()), 0, 0, size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		if info != nil && info.Size() == 0 {
			os.Remove(path) //nolint:errcheck // there is nothing more to do
		}
		return fmt.Errorf("dbfiles: %w", err)
	}
	return nil
}

// Ahead is the write-ahead file that is written now: the newest; empty when there is none.
func Ahead(dir string) string {
	list, _ := filepath.Glob(filepath.Join(dir, "*.mem"))
	if len(list) == 0 {
		return ""
	}
	return slices.Max(list)
}
