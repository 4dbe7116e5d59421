package local_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"linli/internal/journal"
	"linli/internal/journal/local"
)

// fullDir is set in the child process that works on a full disk: a fault in a memory map ends it, and no test can catch that.
const (
	fullDir  = "LINLI_TEST_FULL_DIR"
	fullSaid = "LINLI_TEST_FULL_SAID" // the disk is not full; it is only said to be
)

const tinyReserve = 60 << 20

// onAFullDisk opens a journal, fills the disk to the last byte, does what is still done, and closes.
func onAFullDisk(disk string) error {
	ctx := context.Background()
	o, filled := local.Options{Reserve: tinyReserve}, filepath.Join(disk, "filling")
	take := fill
	if os.Getenv(fullSaid) != "" {
		take = func(path string) error { return os.WriteFile(path, nil, 0o600) }
		o.Free = func(string) (int64, error) {
			if _, err := os.Stat(filled); err == nil {
				return 0, nil
			}
			return 160 << 20, nil
		}
	}
	j, err := local.Open(filepath.Join(disk, "log"), o)
	if err != nil {
		return err
	}
	var round []byte
	if value, _, err := j.Shelf().Get(ctx, "round"); err == nil {
		round = value
	} else if _, err := j.Append(ctx, "room/r1", 0, journal.ID{1}, []byte("before")); err != nil {
		return fmt.Errorf("with room: %w", err)
	}
	if err := take(filled); err != nil {
		return err
	}
	for {
		if _, err = j.Append(ctx, "room/r2", journal.Seq(0), journal.ID{2}, nil); errors.Is(err, journal.ErrNoSpace) {
			break
		}
	}
	for n := range 2000 {
		if _, err := j.Shelf().Put(journal.Vital(ctx), fmt.Sprint("dev/", n), make([]byte, 300), journal.Any, 0); err != nil {
			return fmt.Errorf("sign-in %d: %w", n, err)
		}
	}
	if _, err := j.Shelf().Put(journal.Vital(ctx), "round", append(round, 'x'), journal.Any, 0); err != nil {
		return err
	}
	for f, err := range j.Read(ctx, "room/r1", 0, 0) {
		if err != nil || string(f.Body) != "before" {
			return fmt.Errorf("read: %s, %w", f.Body, err)
		}
	}
	return j.Close()
}

// fill takes every byte that is free.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Where nothing may be mounted, the same steps are taken on a disk that is only said to be full: all that differs is that no write into a
// memory map can fault there.
func TestSignInsStopsAndStartsOnADiskWithoutAByteLeft(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	env := append(os.Environ(), fullDir+"="+disk)
	if err := syscall.Mount("linli-test", disk, "tmpfs", 0, "size=160m"); err != nil {
		t.Log("nothing may be mounted here; the disk is only said to be full:", err)
		env = append(env, fullSaid+"=1")
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) }) //nolint:errcheck // there is nothing more to do
	const rounds = 3                                                // the first fills the disk; the others start on a full one
	for round := range rounds {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = env
		if said, err := child.CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v\n%.3000s", round, err, said)
		}
	}
	if err := os.Remove(filepath.Join(disk, "filling")); err != nil {
		t.Fatal(err)
	}
	j := open(t, filepath.Join(disk, "log"))
	defer j.Close()
	if value, _, err := j.Shelf().Get(context.Background(), "round"); err != nil || len(value) != rounds {
		t.Errorf("%q, %v", value, err)
	}
	if frames, damaged := check(t, j); frames == 0 || damaged != nil { // a second one may have come before the disk was looked at
		t.Errorf("%d frames, %v", frames, damaged)
	}
}
