package blob

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linli/internal/fault"
)

// flip turns a bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 8
	if err := os.WriteFile(path, b, mode); err != nil {
		t.Fatal(err)
	}
}

func TestAFlippedBitInAFileIsNotServed(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	file, err := put(t, s, Any, []byte("%PDF-1.4 住户守则"))
	if err != nil {
		t.Fatal(err)
	}
	bytesOf(t, s, file.Hash, false)
	flip(t, s.path(file.Hash))
	_, err = s.Read(file.Hash, false)
	code(t, err, fault.Damaged)
	damaged := 0
	if n, _, err := Check(t.Context(), s.dir, func(path string) {
		if path == s.path(file.Hash) {
			damaged++
		}
	}); err != nil || n != 1 || damaged != 1 {
		t.Errorf("check: %d files, %d damaged, %v", n, damaged, err)
	}
	if again, err := put(t, s, Any, []byte("%PDF-1.4 住户守则")); err != nil || again.Hash != file.Hash {
		t.Fatal("brought again:", err)
	}
	bytesOf(t, s, file.Hash, false)
}

func TestOfADamagedSmallPictureTheWholeOneIsServed(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	file, err := put(t, s, Picture, photo(t, 2000, 1500, 1))
	if err != nil {
		t.Fatal(err)
	}
	whole, less := bytesOf(t, s, file.Hash, false), bytesOf(t, s, file.Hash, true)
	if bytes.Equal(whole, less) {
		t.Fatal("there is no small picture")
	}
	flip(t, s.path(file.Hash)+small)
	if got := bytesOf(t, s, file.Hash, true); !bytes.Equal(got, whole) {
		t.Error("something else was served")
	}
	if n, _, err := Check(t.Context(), s.dir, func(path string) {
		if !strings.HasSuffix(path, small) {
			t.Error(path)
		}
	}); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// A store from before the hashes of small pictures were kept has none beside them.
func TestASmallPictureFromBeforeHashesWereKeptIsNotDamagedAndGetsItsHashWhenItIsRead(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	file, err := put(t, s, Picture, photo(t, 2000, 1500, 1))
	if err != nil {
		t.Fatal(err)
	}
	less, sum := bytesOf(t, s, file.Hash, true), s.path(file.Hash)+sumOf
	if err := os.Remove(sum); err != nil {
		t.Fatal(err)
	}
	s.sound.seen = map[string]seen{}
	check := func(wantUnknown int) {
		n, unknown, err := Check(t.Context(), s.dir, func(path string) { t.Errorf("%s is damaged", path) })
		if n != 2 || unknown != wantUnknown || err != nil {
			t.Errorf("%d files, of %d it cannot be told, %v", n, unknown, err)
		}
	}
	check(1)
	for range 2 {
		if got := bytesOf(t, s, file.Hash, true); !bytes.Equal(got, less) {
			t.Error("something else was served")
		}
		check(0)
	}
	flip(t, s.path(file.Hash)+small)
	if got := bytesOf(t, s, file.Hash, true); !bytes.Equal(got, bytesOf(t, s, file.Hash, false)) {
		t.Error("from then on a flipped bit is seen")
	}
}

// The most that a person may bring in a day is not more for who gives up what they brought, before or after it came, or breaks it.
func TestWhatIsDroppedCountsForTheDay(t *testing.T) {
	t.Parallel()
	s, c := store(t)
	const each = 100 << 20
	for n := range daily / each {
		u, err := s.Begin(zhang, "r1", Any, each)
		if err != nil {
			t.Fatal(n, err)
		}
		if err := s.Drop(zhang, u.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.State(zhang, u.ID)
		code(t, err, fault.NotFound)
		code(t, s.Drop(zhang, u.ID), fault.NotFound)
	}
	_, err := s.Begin(zhang, "r1", Any, each)
	code(t, err, fault.TooMany)
	again, err := Open(s.dir, 0, c.now) // a start changes nothing
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.Begin(zhang, "r1", Any, each)
	code(t, err, fault.TooMany)
	if _, err := again.Begin(li, "r1", Any, each); err != nil {
		t.Error("somebody else:", err)
	}
	c.at = c.at.Add(25 * time.Hour)
	if _, err := again.Begin(zhang, "r1", Any, each); err != nil {
		t.Error("the next day:", err)
	}
}

// slow is a body that waits in the middle until it may go on.
type slow struct {
	first    io.Reader
	reached  chan struct{}
	mayGo    chan struct{}
	finished bool
}

func (r *slow) Read(b []byte) (int, error) {
	if n, err := r.first.Read(b); !errors.Is(err, io.EOF) {
		return n, err
	}
	if !r.finished {
		r.finished = true
		close(r.reached)
		<-r.mayGo
		return copy(b, "rest"), nil
	}
	return 0, io.EOF
}

func TestWhatIsDroppedWhileItComesIsGone(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	u, err := s.Begin(zhang, "r1", Any, 9)
	if err != nil {
		t.Fatal(err)
	}
	body := &slow{first: strings.NewReader("%PDF-"), reached: make(chan struct{}), mayGo: make(chan struct{})}
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		s.Write(zhang, u.ID, 0, body) //nolint:errcheck // it is gone
	}()
	<-body.reached
	if err := s.Drop(zhang, u.ID); err != nil {
		t.Fatal(err)
	}
	close(body.mayGo)
	<-wrote
	_, err = s.Finish(t.Context(), zhang, u.ID)
	code(t, err, fault.NotFound)
	left, err := filepath.Glob(s.data("*"))
	if err != nil || len(left) != 1 || left[0] != s.data(u.ID+".json") {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestHalfMadeFilesOfUploadsAreTakenAway(t *testing.T) {
	t.Parallel()
	s, c := store(t)
	u, err := s.Begin(zhang, "r1", Any, 9)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uHALF", "uHALF.s", "uHALF.json", "uHALF.json.new"} {
		if err := os.WriteFile(s.data(name), []byte(`{"upl`), mode); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(s.dir, 0, c.now)
	if err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(s.data("*"))
	if len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	if _, err := again.State(zhang, u.ID); err != nil {
		t.Error(err)
	}
}
