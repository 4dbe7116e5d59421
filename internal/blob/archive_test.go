package blob

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"strings"
	"testing"

	"linli/internal/fault"
)

// What Each names can be put into another store, with small pictures and what tells that they are sound.
func TestAnotherStoreGetsTheSameFiles(t *testing.T) {
	t.Parallel()
	from, _ := store(t)
	to, _ := store(t)
	for _, b := range []string{"one", "two"} {
		sum, err := hashed(strings.NewReader(b))
		if err == nil {
			err = from.Put(sum, strings.NewReader(b))
		}
		if err == nil {
			err = from.Put(sum+small, strings.NewReader("small "+b))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err := from.Each(t.Context(), func(name string, size int64) error {
		n++
		in, err := from.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		b, err := io.ReadAll(in)
		if err != nil || int64(len(b)) != size {
			t.Errorf("%s: %d bytes of %d, %v", name, len(b), size, err)
		}
		sum := sha256.Sum256(b)
		if !from.Sound(name, sum[:]) {
			t.Errorf("%s is not sound", name)
		}
		if sum[3] ^= 1; from.Sound(name, sum[:]) {
			t.Errorf("%s is sound whatever it has", name)
		}
		return to.Put(name, bytes.NewReader(b))
	})
	if err != nil || n != 4 {
		t.Fatalf("%d files, %v", n, err)
	}
	if files, unknown, err := Check(t.Context(), to.dir, func(path string) { t.Error("damaged:", path) }); files != 4 || unknown != 0 || err != nil {
		t.Errorf("%d files, %d unknown, %v", files, unknown, err)
	}
	hash, _ := hashed(strings.NewReader("one"))
	if err := to.Put(hash, strings.NewReader("another")); !fault.Is(err, fault.Damaged) {
		t.Error("other bytes:", err)
	}
	if err := to.Put("../../x", strings.NewReader("x")); err == nil {
		t.Error("a path is taken for a name")
	}
	if _, err := to.Open("../../x"); !os.IsNotExist(err) {
		t.Error("a path is opened:", err)
	}
	left, err := os.ReadDir(to.dir + "/up")
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
