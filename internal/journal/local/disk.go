package local

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"linli/internal/journal"
)

const (
	defaultReserve = 256 << 20
	ballastSize    = 64 << 20
	lookEvery      = 200 * time.Millisecond
	lookAfter      = 8 << 20 // bytes written
)

// disk knows whether there is room to write. It belongs to one goroutine.
type disk struct {
	dir     string
	reserve int64
	free    func(dir string) (int64, error)
	log     *slog.Logger

	looked  time.Time
	written int64 // since then
	err     error // what was seen then
}

func newDisk(dir string, o Options) disk {
	d := disk{dir: dir, reserve: o.Reserve, free: o.Free, log: o.Log}
	if d.reserve == 0 {
		d.reserve = defaultReserve
	}
	if d.free == nil {
		d.free = freeSpace
	}
	return d
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// room refuses what would take the disk below its reserve. The file system is asked now and then, not for each commit.
func (d *disk) room(size int) error {
	d.written += int64(size)
	if time.Since(d.looked) < lookEvery && d.written < lookAfter {
		return d.err
	}
	n, err := d.free(d.dir)
	if err != nil {
		return unavailable(err)
	}
	was := d.err
	d.looked, d.written, d.err = time.Now(), 0, nil
	if n < d.reserve {
		d.err = journal.ErrNoSpace
	}
	switch {
	case was == nil && d.err != nil:
		d.log.Error("the disk is below its reserve: nothing more is stored", "free_mib", n>>20, "reserve_mib", d.reserve>>20, "ballast", d.ballast())
	case was != nil && d.err == nil:
		d.log.Info("there is room on the disk again", "free_mib", n>>20)
	}
	return d.err
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// keepBallast makes the file that may be deleted when nothing else can be, where there is plenty of room for it.
func (d *disk) keepBallast() {
	if _, err := os.Stat(d.ballast()); err == nil {
		return
	}
	if n, err := d.free(d.dir); err != nil || n < 4*(d.reserve+ballastSize) {
		return
	}
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	// Not every file system can set space aside; a hole instead of it would be no ballast.
	if errors.Join(syscall.Fallocate(int(f.Fd()), 0, 0, ballastSize), f.Close()) != nil {
		os.Remove(d.ballast()) //nolint:errcheck // there is nothing more to do
	}
}
