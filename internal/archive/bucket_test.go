package archive

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linli/internal/long"
)

// gateway is the path of versitygw, a server that speaks S3: .ci/check store builds it, and says so here.
const gateway = "LINLI_TEST_STORE"

// store starts a server of its own on loopback, and is a new bucket's place.
func store(t *testing.T) (place string) {
	t.Helper()
	bin := os.Getenv(gateway)
	if bin == "" {
		t.Skip("no object store is here: .ci/check store builds one and runs this")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "office"), 0o700); err != nil { // a folder is a bucket
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() //nolint:errcheck // only its number was wanted
	var said strings.Builder
	server := exec.Command(bin, "--access", "key", "--secret", "secret-of-the-store", "--port", address, "--quiet", "posix", dir)
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() }) //nolint:errcheck // it ends
	for end := time.Now().Add(long.Patience); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close() //nolint:errcheck // it answers
			return "s3+http://" + address + "/office/linli"
		}
		if time.Now().After(end) {
			t.Fatalf("the store does not answer:\n%s", said.String())
		}
	}
}

func bucket(t *testing.T, place string) Target {
	t.Helper()
	b, err := OpenTarget(place, "key", "secret-of-the-store")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABucketIsAsGoodAsAFolder(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := bucket(t, store(t))
	a := w.archive(b)
	w.files.add([]byte(strings.Repeat("a film of more than one piece", 700_000))) // 20 MB
	for range 3 {
		w.live(6)
		c, err := a.Copy(w.ctx, w.source(), false, false)
		if err != nil || len(c.Damaged) > 0 {
			t.Fatal(c, err)
		}
		w.at = w.at.Add(time.Hour)
	}
	h, found := w.restore("", 0, b)
	w.same(h, found, state(t, w.Journal, w.files))
	if _, err := a.Prune(w.ctx, Keep{Zone: time.UTC}, true); err != nil {
		t.Fatal(err)
	}
	names, err := a.List(w.ctx)
	if err != nil || len(names) != 1 {
		t.Errorf("left: %v, %v", names, err)
	}
	h, found = w.restore("", 0, b)
	w.same(h, found, state(t, w.Journal, w.files))
	w.noOrphans(a)
	if _, err := b.Get(w.ctx, "copies/none"); !errors.Is(err, ErrAbsent) {
		t.Error("what is not there:", err)
	}
	if err := b.Remove(w.ctx, "copies/none"); err != nil {
		t.Error("removing what is not there:", err)
	}
}

// What is cut off in the middle of going out is not there, and the next copy is whole.
func TestACopyToABucketThatIsCutOff(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := bucket(t, store(t))
	w.live(4)
	if _, err := w.archive(b).Copy(w.ctx, w.source(), false, false); err != nil {
		t.Fatal(err)
	}
	for step := 2; step < 14; step += 3 {
		w.live(step)
		f := &faulty{Target: b, left: step, how: "half"}
		if _, err := w.archive(f).Copy(w.ctx, w.source(), true, true); err != nil && !errors.Is(err, errFault) {
			t.Fatalf("step %d: %v", step, err)
		}
		if _, found := w.restore("", 0, b); len(found.Wrong) > 0 {
			t.Errorf("step %d: %v", step, found.Wrong)
		}
	}
	if _, err := w.archive(b).Copy(w.ctx, w.source(), false, true); err != nil {
		t.Fatal(err)
	}
	h, found := w.restore("", 0, b)
	w.same(h, found, state(t, w.Journal, w.files))
}

func TestAStoreThatRefusesOrDoesNotAnswerIsAnError(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(2)
	place := store(t)
	wrong, err := OpenTarget(place, "key", "another secret of the store")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.archive(wrong).Copy(w.ctx, w.source(), false, false); err == nil || strings.Contains(err.Error(), "another secret") {
		t.Error("a wrong secret:", err)
	}
	none := strings.Replace(place, "/office/", "/nobucket/", 1)
	if _, err := w.archive(bucket(t, none)).Copy(w.ctx, w.source(), false, false); err == nil {
		t.Error("a bucket that is not there")
	}
}

func TestPlacesOfCopiesAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/mnt/usb/linli", "copies", "s3://store.example.cn/bucket", "s3+http://10.0.0.9:9000/bucket/a/b"} {
		b, err := OpenTarget(good, "key", "secret")
		if err != nil || b.String() != good {
			t.Errorf("%s: %v, %v", good, b, err)
		}
	}
	for _, bad := range []string{"", "ftp://x/y", "s3://", "s3://host", "s3://user:word@host/bucket", "http://host/bucket"} {
		if b, err := OpenTarget(bad, "key", "secret"); err == nil {
			t.Errorf("%s is taken for %v", bad, b)
		}
	}
}
