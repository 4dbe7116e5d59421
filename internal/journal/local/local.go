// Package local keeps a journal on this machine, in Badger.
//
// Badger syncs once for each transaction when SyncWrites is on, and concurrent transactions share nothing. So one goroutine
// commits: it takes every frame and every shelf value that waits, of all logs, writes them in one transaction with one sync,
// and then answers all. While it syncs the next batch gathers. The more there is to do, the cheaper each becomes.
//
// Values stay in the tree (bodies are at most 256 KiB), so there is no value log to collect garbage from.
//
// A full disk makes Badger fault in its memory maps, and again when it is opened. Free space is therefore looked at before
// each commit, and what would go below the reserve is refused; reading goes on. A ballast file stands in the folder that an
// operator may delete to get going again.
package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"linli/internal/id"
	"linli/internal/journal"
)

// Options of a journal.
type Options struct {
	Reserve int64                           // bytes of free disk below which nothing is stored; 0: 256 MiB
	Free    func(dir string) (int64, error) // how much is free; nil: asks the file system
	Log     *slog.Logger
}

const (
	defaultReserve = 256 << 20
	ballastSize    = 64 << 20
	ringSize       = 1024    // live frames kept for followers
	perCommit      = 2 << 20 // bytes of one transaction
	lookEvery      = 200 * time.Millisecond
	lookAfter      = 8 << 20 // bytes written
)

// Journal implements journal.Journal.
type Journal struct {
	dir  string
	o    Options
	db   *badger.DB
	in   chan *work
	done chan struct{}

	closing   chan struct{}
	closeOnce sync.Once
	senders   sync.RWMutex // held to read by who hands in work, to write by Close

	// of the committer alone
	heads   map[id.Log]head
	looked  time.Time
	written int64
	space   error

	mu    sync.Mutex
	woken chan struct{} // closed and renewed when pos moved
	pos   atomic.Uint64 // the last position committed
	ring  [ringSize]ringed
}

type head struct {
	seq  journal.Seq
	hash journal.Hash
}

type ringed struct {
	pos   uint64
	frame journal.Frame
}

// work is one thing for the committer: a frame, or a change on the shelf.
type work struct {
	frame *journal.Frame // Seq is where it must stand
	shelf func(txn *badger.Txn) error
	size  int
	err   error
	done  chan struct{}
}

// Open opens the journal in dir, making it when it is new. One process at a time may have it.
func Open(dir string, o Options) (*Journal, error) {
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Free == nil {
		o.Free = free
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	if n, err := o.Free(dir); err == nil && n < o.Reserve/2 {
		return nil, fmt.Errorf("local: %w: %d MiB free; make space, the file %q may be deleted", journal.ErrNoSpace, n>>20, "ballast")
	}
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithDetectConflicts(false).
		WithNumVersionsToKeep(1).WithMemTableSize(16 << 20).WithValueThreshold(1 << 20).WithValueLogFileSize(64 << 20).
		WithCompression(options.Snappy).WithBlockCacheSize(16 << 20).WithNumCompactors(2).WithMetricsEnabled(false))
	if err != nil {
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, fmt.Errorf("local: another process uses %s", dir)
		}
		return nil, fmt.Errorf("local: open: %w", err)
	}
	j := &Journal{
		dir: dir, o: o, db: db, in: make(chan *work, 1024), done: make(chan struct{}), closing: make(chan struct{}),
		heads: map[id.Log]head{}, woken: make(chan struct{}),
	}
	last, err := j.lastPosition()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	j.pos.Store(last)
	j.keepBallast()
	go j.commitAll()
	return j, nil
}

func free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// keepBallast makes the file that may be deleted when nothing else can be, where there is space for it.
func (j *Journal) keepBallast() {
	path := filepath.Join(j.dir, "ballast")
	if _, err := os.Stat(path); err == nil {
		return
	}
	if n, err := j.o.Free(j.dir); err != nil || n < 4*(j.o.Reserve+ballastSize) {
		return
	}
	f, err := os.Create(path)
	if err == nil {
		err = syscall.Fallocate(int(f.Fd()), 0, 0, ballastSize)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		os.Remove(path)
	}
}

func (j *Journal) lastPosition() (pos uint64, err error) {
	err = j.db.View(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Reverse, o.PrefetchValues = true, false
		it := txn.NewIterator(o)
		defer it.Close()
		it.Seek(positionKey(^uint64(0)))
		if it.ValidForPrefix([]byte("f/")) {
			pos = binary.BigEndian.Uint64(it.Item().Key()[2:])
		}
		return nil
	})
	return pos, err
}

// Shards is one: this machine follows all logs in one order.
func (j *Journal) Shards() int { return 1 }

// Close commits what waits and closes.
func (j *Journal) Close() error {
	first := false
	j.closeOnce.Do(func() {
		first = true
		close(j.closing)
		j.senders.Lock()
		close(j.in)
		j.senders.Unlock()
	})
	<-j.done
	if !first {
		return nil
	}
	return j.db.Close()
}

// give hands work to the committer and waits until it is done. When ctx ends first the outcome is open.
func (j *Journal) give(ctx context.Context, w *work) error {
	w.done = make(chan struct{})
	if err := j.send(ctx, w); err != nil {
		return err
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		select {
		case <-w.done:
			return w.err
		default:
			return fmt.Errorf("%w: %w", journal.ErrUnknown, ctx.Err())
		}
	}
}

func (j *Journal) send(ctx context.Context, w *work) error {
	j.senders.RLock()
	defer j.senders.RUnlock()
	select {
	case <-j.closing:
		return journal.ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, ctx.Err())
	default:
	}
	select {
	case j.in <- w:
		return nil
	case <-j.closing:
		return journal.ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, ctx.Err())
	}
}

// Append is journal.Journal's.
func (j *Journal) Append(ctx context.Context, log id.Log, after journal.Seq, name journal.ID, body []byte) (journal.Seq, error) {
	if len(body) > journal.MaxBody {
		return 0, journal.ErrTooLarge
	}
	if !valid(log) {
		return 0, fmt.Errorf("local: %q is not the name of a log", log)
	}
	f := &journal.Frame{Log: log, Seq: after + 1, ID: name, Body: append([]byte(nil), body...)}
	if err := j.give(ctx, &work{frame: f, size: len(body) + 256}); err != nil {
		return 0, err
	}
	return after + 1, nil
}

// valid tells whether a log has a name of the form kind/id.
func valid(log id.Log) bool {
	slash := -1
	for i := 0; i < len(log); i++ {
		c := log[i]
		switch {
		case c == '/' && slash < 0:
			slash = i
		case c >= 'a' && c <= 'z':
		case slash >= 0 && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return slash > 0 && slash < len(log)-1 && len(log)-slash <= 41
}
