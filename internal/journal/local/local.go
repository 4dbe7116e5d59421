// Package local keeps a journal on this machine, in Badger.
//
// Badger syncs once for each transaction when SyncWrites is on, and concurrent transactions share nothing. So one goroutine
// commits: it takes every frame and every shelf value that waits, of all logs, writes them in one transaction with one sync,
// and then answers all. While it syncs the next batch gathers. The more there is to do, the cheaper each becomes. It alone
// writes, so what it checks (a head, a revision) still holds when it commits, without Badger's conflict detection.
//
// Values stay in the tree (the largest is 256 KiB, the threshold 1 MiB), so the value log holds nothing, there is no garbage
// to collect from it, and no loop that does.
//
// Badger skips a block that it cannot read as if it were empty, or panics over it (see unreadable). So a frame carries its own sum and its predecessor's hash, a
// log's head is written down twice, and blocks are checked as they are read: what is missing is noticed, by whoever reads.
//
// A full disk makes Badger fault in its memory maps, and again when it is opened and closed. Free space is therefore looked at before
// each commit, and what would go below the reserve is refused, but for what is vital; reading goes on. A ballast file stands in the folder
// that an operator may delete to get going again. See disk.go.
//
// When a commit fails nobody knows what of it is on disk. Then nothing more is stored until the program starts again, which
// reads what is there; an append of that commit keeps saying ErrUnknown, and reading goes on.
package local

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"linli/internal/dbfiles"
	"linli/internal/id"
	"linli/internal/journal"
)

// Options of a journal.
type Options struct {
	Reserve int64                           // bytes of free disk below which only what is vital is stored
	Free    func(dir string) (int64, error) // how much is free; nil: asks the file system
	Log     *slog.Logger
}

// Journal implements journal.Journal.
type Journal struct {
	log   *slog.Logger
	db    *badger.DB
	epoch [8]byte
	lost  []dbfiles.Lost // what was damaged once, and put aside

	in        chan *work
	done      chan struct{} // closed when the committer has ended
	closing   chan struct{}
	closeOnce func() error
	users     sync.RWMutex // held to read by whoever hands in work or reads, to write by Close

	// of the committer alone
	disk   disk
	rev    uint64
	write  func(*badger.Txn) error
	open   map[place]journal.ID // frames of the commit that failed
	broken atomic.Bool

	heads heads
	pos   atomic.Uint64 // the last position committed
	live  ring
}

// place is where a frame stands.
type place struct {
	log id.Log
	seq journal.Seq
}

// Open opens the journal in dir, making it when it is new. One process at a time may have it.
func Open(dir string, o Options) (*Journal, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	if dbfiles.InUse(dir) { // before anything is done to it
		return nil, fmt.Errorf("local: data folder in use: another process has %s", dir)
	}
	if err := dbfiles.Tidy(dir); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	d := newDisk(dir, o)
	if err := d.prepare(); err != nil {
		return nil, err
	}
	lost, err := mend(dir, o.Log)
	if err != nil {
		return nil, err
	}
	before, _ := filepath.Glob(filepath.Join(dir, "*.mem"))
	db, err := openDatabase(settings(dir, o.Log))
	if err != nil {
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, fmt.Errorf("local: data folder in use: another process has %s", dir)
		}
		return nil, fmt.Errorf("local: open: %w", err)
	}
	j := &Journal{
		log: o.Log, db: db, lost: lost, disk: d, in: make(chan *work, 1024), done: make(chan struct{}), closing: make(chan struct{}),
		write: (*badger.Txn).Commit, open: map[place]journal.ID{},
	}
	j.heads.known = map[id.Log]head{}
	j.live.woken = make(chan struct{})
	j.closeOnce = sync.OnceValue(j.close)
	if err := j.begin(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// Nobody else gets the room that this was found to have for it.
	for end := time.Now().Add(10 * time.Second); slices.ContainsFunc(before, there) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	j.disk.keepBallast()
	j.disk.look()
	go j.commitAll()
	return j, nil
}

// mend looks at the files before Badger opens them. What can be put aside is; with other damage the journal is not opened: nothing of it
// must be lost for good before somebody has looked.
func mend(dir string, log *slog.Logger) ([]dbfiles.Lost, error) {
	rot, err := dbfiles.Look(dir)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	for i := range rot {
		log.Error("the log is damaged: put back the last good copy of the data folder", "file", rot[i].File, "byte", rot[i].At, "what", rot[i].What)
	}
	for i := range rot {
		if rot[i].Lost == nil {
			return nil, fmt.Errorf("local: %w; it is not opened as it is. Put back the last good copy of the data folder", &rot[i])
		}
	}
	if len(rot) > 0 {
		if err := dbfiles.SetAside(dir, rot); err != nil {
			return nil, fmt.Errorf("local: %w", err)
		}
	}
	lost, err := dbfiles.Losses(dir)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	return lost, nil
}

// doubt is the damage for which what is found at a key, of this version (0: nothing is), may not be what was written last; nil mostly.
func (j *Journal) doubt(key []byte, version uint64) *dbfiles.Lost {
	for i := range j.lost {
		if l := &j.lost[i]; version <= l.Version && l.Covers(key) {
			return l
		}
	}
	return nil
}

// within tells whether keys of [from, to] can have been lost.
func (j *Journal) within(from, to []byte) bool {
	return slices.ContainsFunc(j.lost, func(l dbfiles.Lost) bool { return l.Between(from, to) })
}

// named puts the file into a report of damage.
func (j *Journal) named(err error) error {
	if d := (*journal.Damaged)(nil); len(j.lost) > 0 && errors.As(err, &d) && d.File == "" && d.Log != "" {
		if l := j.doubt(frameKey(d.Log, d.Seq), 0); l != nil {
			d.File = l.File
		} else if l := j.doubt(headKey(d.Log), 0); l != nil {
			d.File = l.File
		}
	}
	return err
}

// Sound is journal.Journal's: all of a log is read of which something may have been lost.
func (j *Journal) Sound(ctx context.Context, log id.Log) error {
	if !j.within(frameKey(log, 0), frameKey(log, ^journal.Seq(0))) && j.doubt(headKey(log), 0) == nil {
		return nil
	}
	for _, err := range j.Read(ctx, log, 0, 0) {
		if err != nil {
			return err
		}
	}
	return nil
}

func there(path string) bool { _, err := os.Stat(path); return err == nil }

func openDatabase(o badger.Options) (db *badger.DB, err error) {
	defer unreadable(&err)
	return badger.Open(o)
}

func settings(dir string, log *slog.Logger) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(quiet{log}).WithMetricsEnabled(false).
		WithSyncWrites(true).WithDetectConflicts(false).WithNumVersionsToKeep(1).
		WithMemTableSize(16 << 20).WithValueThreshold(1 << 20).WithValueLogFileSize(16 << 20).
		WithChecksumVerificationMode(options.OnBlockRead).
		WithCompression(options.Snappy).WithBlockCacheSize(16 << 20).WithNumCompactors(2)
}

// begin reads what the committer must know, and gives a new database its name.
func (j *Journal) begin() error {
	err := j.db.Update(func(txn *badger.Txn) (err error) {
		defer unreadable(&err)
		item, err := txn.Get(epochKey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			rand.Read(j.epoch[:]) //nolint:errcheck // never fails
			return txn.Set(epochKey, append([]byte{format}, j.epoch[:]...))
		}
		if err != nil {
			return err
		}
		b, err := item.ValueCopy(nil)
		if err == nil && (len(b) != 9 || b[0] != format) {
			err = errors.New("the data is of a format that this program does not know")
		}
		if err != nil {
			return err
		}
		copy(j.epoch[:], b[1:])
		if j.rev, err = numberAt(txn, revKey); err != nil {
			return err
		}
		if len(j.lost) > 0 { // the last one given may be lost: the clock is ahead of all
			j.rev = max(j.rev, uint64(time.Now().UnixNano()))
		}
		pos := lastPosition(txn)
		if j.doubt(positionKey(pos+1), 0) != nil { // some behind it are lost; they are not given again
			pos += 1 << 20
		}
		j.pos.Store(pos)
		return nil
	})
	if err != nil {
		return fmt.Errorf("local: begin: %w", err)
	}
	return nil
}

func numberAt(txn *badger.Txn, key []byte) (n uint64, err error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	b, err := item.ValueCopy(nil)
	if err == nil && len(b) != 8 {
		err = fmt.Errorf("%s: a number of %d bytes", key, len(b))
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// Shards is one: this machine follows all logs in one order.
func (j *Journal) Shards() int { return 1 }

// Close commits what waits, ends all followers and closes.
func (j *Journal) Close() error { return j.closeOnce() }

func (j *Journal) close() error {
	close(j.closing)
	j.users.Lock()
	close(j.in)
	j.users.Unlock()
	<-j.done
	if !j.disk.closes() {
		j.log.Warn("the disk has no room for closing the journal: the next start reads it from its write-ahead file")
		return nil
	}
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("local: close: %w", err)
	}
	j.disk.keepMargin()
	return nil
}

// Ready is journal.Journal's.
func (j *Journal) Ready() error {
	if j.broken.Load() {
		return fmt.Errorf("%w: a commit has failed", journal.ErrUnavailable)
	}
	return j.disk.present()
}

// view reads, unless the journal is closed. It is never held while somebody else's code runs.
func (j *Journal) view(f func(*badger.Txn) error) error {
	j.users.RLock()
	defer j.users.RUnlock()
	select {
	case <-j.closing:
		return journal.ErrClosed
	default:
	}
	return j.look(f)
}

// look is view for the committer, which outlives the closing.
func (j *Journal) look(f func(*badger.Txn) error) (err error) {
	defer unreadable(&err)
	return j.db.View(f)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", journal.ErrUnavailable, err) }

var errUnreadable = errors.New("unreadable")

// unreadable makes an error of Badger's panic over a rotten block. It stands around what only reads.
func unreadable(err *error) {
	if cause := recover(); cause != nil {
		*err = unavailable(fmt.Errorf("%w: %v", errUnreadable, cause))
	}
}

// damagedAt names the frame that could not be read.
func damagedAt(err error, log id.Log, seq journal.Seq) error {
	if errors.Is(err, errUnreadable) {
		return &journal.Damaged{Log: log, Seq: seq}
	}
	return err
}

// quiet passes on what Badger warns of.
type quiet struct{ log *slog.Logger }

func (q quiet) Errorf(f string, a ...any)   { q.log.Error("badger", "says", line(f, a)) }
func (q quiet) Warningf(f string, a ...any) { q.log.Warn("badger", "says", line(f, a)) }
func (quiet) Infof(string, ...any)          {}
func (quiet) Debugf(string, ...any)         {}

func line(format string, args []any) string { return strings.TrimSpace(fmt.Sprintf(format, args...)) }
