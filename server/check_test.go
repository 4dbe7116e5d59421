package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Check works on a copy. Badger empties tables that it no longer needs, and does so in the copy: no file of it may be one of the data.
func TestWhatIsEmptiedInTheCopyOfACheckStaysInTheData(t *testing.T) {
	t.Parallel()
	dir, _ := talked(t)
	to := filepath.Join(t.TempDir(), "copy")
	if err := copyData(dir, to); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(to, path)
		copied, e := os.Stat(path)
		original, err := os.Stat(filepath.Join(dir, rel))
		if e != nil || err != nil || os.SameFile(copied, original) || copied.Size() != original.Size() {
			t.Errorf("%s: %v, %v", rel, e, err)
		}
		n++
		return nil
	})
	if err != nil || n < 4 {
		t.Errorf("%d files, %v", n, err)
	}
}
