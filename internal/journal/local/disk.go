package local

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"linli/internal/dbfiles"
	"linli/internal/journal"
)

const (
	ballastSize = 64 << 20
	marginSize  = 24 << 20
	lookEvery   = 200 * time.Millisecond
	lookAfter   = 8 << 20 // bytes written

	aheadHeld = 12 << 20 // of a write-ahead file are held: so much surely fits into one memtable
	enough    = 48 << 20 // for a new write-ahead file and the table of the one before
)

// disk knows whether there is room to write. It belongs to one goroutine, but for present.
//
// Below the reserve nothing more is stored but what is vital. That goes on, on a disk without a byte left, as long as it fits into the
// write-ahead file, of which a good part is held with all its blocks. While nobody has the journal open a file named margin holds them for the next start.
type disk struct {
	dir     string
	reserve int64
	free    func(dir string) (int64, error)
	log     *slog.Logger

	looked  time.Time
	written int64 // since then
	n       int64 // bytes that were free then
	err     error // what was seen then
	low     bool

	ahead string // the write-ahead file
	held  int64  // bytes of it that have their blocks
	put   int64  // bytes put since it is the one
}

func newDisk(dir string, o Options) disk {
	d := disk{dir: dir, reserve: o.Reserve, free: o.Free, log: o.Log}
	if d.free == nil {
		d.free = dbfiles.Free
	}
	return d
}

// prepare makes sure that the journal can be opened, with what was set aside for that when the disk has nothing else.
func (d *disk) prepare() error {
	if err := os.Remove(d.margin()); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("local: margin: %w", err)
	}
	need, err := dbfiles.Need(d.dir)
	if err != nil {
		return fmt.Errorf("local: %w", err)
	}
	n, err := d.free(d.dir)
	if err == nil && n < need {
		return fmt.Errorf("local: %w: %d MiB free, %d are needed to start; make room%s", journal.ErrNoSpace, n>>20, need>>20+1, d.advice(n, need))
	}
	return nil
}

// advice names the ballast where deleting it is enough.
func (d *disk) advice(n, need int64) string {
	if info, err := os.Stat(d.ballast()); err != nil || n+info.Size() < need {
		return ""
	}
	return ": the file " + d.ballast() + " may be deleted, that is enough"
}

// room refuses what the disk has no room for: of what is not vital, what would take it below its reserve. The file system is asked now and
// then, not for each commit.
func (d *disk) room(size int, vital bool) error {
	d.written += int64(size)
	if time.Since(d.looked) >= lookEvery || d.written >= lookAfter {
		d.look()
	}
	switch {
	case d.err != nil:
		return d.err
	case !vital && d.n < d.reserve, d.n < enough && d.put+int64(size) > d.held:
		return journal.ErrNoSpace
	}
	d.put += int64(size)
	return nil
}

func (d *disk) look() {
	n, err := d.free(d.dir)
	if err != nil {
		d.err = unavailable(err)
		return
	}
	d.looked, d.written, d.n, d.err = time.Now(), 0, n, nil
	if ahead := dbfiles.Ahead(d.dir); ahead != d.ahead {
		d.ahead, d.held, d.put = ahead, 0, 0
	}
	for size := int64(aheadHeld); d.ahead != "" && size > d.held && size >= 64<<10; size /= 2 {
		if dbfiles.Hold(d.ahead, size) == nil {
			d.held = size
		}
	}
	switch low := n < max(d.reserve, 1); {
	case low && !d.low:
		d.log.Error("the disk is below its reserve: only sign-ins are stored", "free_mib", n>>20, "reserve_mib", d.reserve>>20,
			"advice", fmt.Sprintf("make %d MiB of room%s", (d.reserve-n)>>20+1, d.advice(n, d.reserve)))
	case !low && d.low:
		d.log.Info("there is room on the disk again", "free_mib", n>>20)
	}
	d.low = n < max(d.reserve, 1)
}

// present is whether frames are stored now and go on to be, for anybody who asks: with less than enough free only so many more fit.
func (d *disk) present() error {
	n, err := d.free(d.dir)
	if err != nil {
		return unavailable(err)
	}
	if n < max(d.reserve, enough) {
		return journal.ErrNoSpace
	}
	return nil
}

// closes tells whether there is room to write what the write-ahead file has into a table. Without, the next start does that.
func (d *disk) closes() bool {
	const more = 4 << 20
	d.look()
	return d.err == nil && d.n >= d.put+more
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }
func (d *disk) margin() string  { return filepath.Join(d.dir, "margin") }

// keepMargin sets aside, when the journal is closed, what the next start needs on a full disk.
func (d *disk) keepMargin() {
	n, err := d.free(d.dir)
	if err != nil {
		return
	}
	_ = dbfiles.Hold(d.margin(), min(marginSize, n/2)&^4095) // without it a start needs room
}

// keepBallast makes the file that may be deleted when nothing else can be, where there is plenty of room for it.
func (d *disk) keepBallast() {
	if info, err := os.Stat(d.ballast()); err == nil && info.Size() == ballastSize {
		return
	}
	if n, err := d.free(d.dir); err != nil || n < 4*(d.reserve+ballastSize) {
		return
	}
	_ = dbfiles.Hold(d.ballast(), ballastSize) // not every file system can set space aside; a hole instead of it would be no ballast
}
