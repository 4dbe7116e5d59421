// Package view is what is read: items as they go out, names, own parts, an index of what changed when. It is computed from
// the logs, kept in a Badger database of its own without syncing, and may be deleted at any time: it is then built again.
//
// Batches come from the follower of the logs, in order, and are committed together a few milliseconds later, all tables
// and the cursor in one transaction. So a view is never ahead of the log, always whole, and behind the deliveries; who
// must not read the past says how far the view has to be (Wait).
package view

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"linli/internal/dbfiles"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/wire"
)

const (
	pause    = 10 * time.Millisecond  // how long batches gather before a commit
	backlog  = 4096                   // batches that may wait; more hold the follower up
	patience = 2 * time.Second        // how long a reader waits for the view to be where it must be
	perTxn   = 3 << 20                // bytes of one commit, below Badger's limit for a memtable of 32 MiB
	enough   = 40 << 20               // bytes of free disk with which a commit is safe: the table of a full memtable, and a new one
	roomFor  = 200 * time.Millisecond // between two looks for room
)

// Batch is one frame as the views take it.
type Batch struct {
	Log        id.Log
	Frame      uint64
	Seq        entry.Seq // behind the frame
	Published  entry.Seq // behind the last delivery to all
	Cursor     []byte    // in the journal, behind the frame
	Parts      *wire.Parts
	Names      []wire.Name // of who joined or was renamed
	Checkpoint []byte      // of the log's state behind the frame; usually none
}

// View is the read models of all rooms.
type View struct {
	db    *badger.DB
	in    chan Batch
	done  chan struct{}
	fatal func(error)
	write func(*badger.Txn) error // commits
	free  func() (int64, error)   // bytes of disk
	still bool                    // the disk had no room to open them for writing: what they have can be read
	end   chan struct{}           // closed by Close

	mu    sync.Mutex
	moved *sync.Cond
	at    map[id.Log]place
	names map[id.Room]map[id.Person]name
	taken map[id.Log]entry.Seq // how far the batches go that Apply was given
	gone  bool
}

// place is how far a log is in.
type place struct {
	frame          uint64
	seq, published entry.Seq
}

// name is a display name as on the wire, and the seq that made it so.
type name struct {
	at   entry.Seq
	wire []byte
}

// Open opens the views in dir, emptying them when they are of another version or cannot be read. One process at a time may have
// them. fatal is told when a commit fails: the views then stand still.
func Open(dir string, log *slog.Logger, fatal func(error)) (*View, error) {
	return openWith(dir, log, fatal, func() (int64, error) { return dbfiles.Free(filepath.Dir(dir)) })
}

func openWith(dir string, log *slog.Logger, fatal func(error), free func() (int64, error)) (*View, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("view: open: %w", err)
	}
	if dbfiles.InUse(dir) { // before anything is done to it
		return nil, errInUse
	}
	need, err := dbfiles.Need(dir)
	if err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	n, err := free()
	still := err == nil && n < need
	var db *badger.DB
	if still {
		log.Warn("the disk has no room for new views: what they have can be read, until a start with room", "free_kib", n>>10, "needed_kib", need>>10)
		db, err = openStill(dir)
	} else {
		db, err = openOrEmpty(dir, log)
	}
	if err != nil {
		return nil, err
	}
	v := &View{
		db: db, in: make(chan Batch, backlog), done: make(chan struct{}), fatal: fatal, write: (*badger.Txn).Commit, free: free, still: still, end: make(chan struct{}),
		at: map[id.Log]place{}, names: map[id.Room]map[id.Person]name{},
		taken: map[id.Log]entry.Seq{},
	}
	v.moved = sync.NewCond(&v.mu)
	if err := v.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go v.run()
	return v, nil
}

// openStill opens views for reading alone, which writes nothing. Those that are not as they were written, or of another version, cannot be
// made again without room.
func openStill(dir string) (*badger.DB, error) {
	full := fault.New(fault.NoSpace, "view: the disk has no room for making the views")
	if rot, err := dbfiles.Look(dir); err != nil || len(rot) > 0 {
		return nil, errors.Join(full, err)
	}
	if err := dbfiles.Trim(dir); err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	db, err := open(dir, true)
	if err != nil {
		return nil, errors.Join(full, err)
	}
	if versionOf(db) != version {
		return nil, errors.Join(full, db.Close())
	}
	return db, nil
}

// openOrEmpty opens the database, or a new one in its place when its files are not as they were written. Badger may end the whole program
// over what it cannot read: so a file beside the folder says that it is being opened, and who finds it there does not try again.
func openOrEmpty(dir string, log *slog.Logger) (*badger.DB, error) {
	opening := dir + ".opening"
	_, crashed := os.Stat(opening)
	if err := os.WriteFile(opening, nil, 0o600); err != nil {
		return nil, fmt.Errorf("view: open: %w", err)
	}
	defer os.Remove(opening) //nolint:errcheck // at worst they are built once more
	if crashed == nil {
		log.Warn("the views could not be opened the last time: they are built again from the log")
		return emptied(dir)
	}
	rot, err := dbfiles.Look(dir)
	if len(rot) > 0 {
		err = &rot[0]
	}
	if err != nil {
		log.Error("the views are damaged: they are built again from the log", "places", len(rot), "err", err)
		return emptied(dir)
	}
	if err := dbfiles.Tidy(dir); err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	db, err := open(dir, false)
	switch {
	case errors.Is(err, errInUse):
		return nil, err
	case err != nil:
		log.Warn("the views cannot be read: they are built again from the log", "err", err)
		return emptied(dir)
	}
	is := versionOf(db)
	if is == version {
		return db, nil
	}
	if is != "" {
		log.Info("views of another version: they are built again from the log", "was", is, "is", version)
	}
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("view: empty: %w", err)
	}
	return emptied(dir)
}

// emptied is a new database where there was another, or something else.
func emptied(dir string) (*badger.DB, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("view: empty: %w", err)
	}
	db, err := open(dir, false)
	if err != nil {
		return nil, err
	}
	if err := db.Update(func(txn *badger.Txn) error { return txn.Set(keyVersion, []byte(version)) }); err != nil {
		return nil, errors.Join(fmt.Errorf("view: version: %w", err), db.Close())
	}
	return db, nil
}

var errInUse = errors.New("view: in use: another process has the views open")

func open(dir string, still bool) (db *badger.DB, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("view: open: %v", cause)
		}
	}()
	o := badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(false).WithNumVersionsToKeep(1).
		WithDetectConflicts(false).WithMemTableSize(32 << 20).WithValueThreshold(1 << 20).
		WithCompression(options.Snappy).WithBlockCacheSize(64 << 20).WithNumCompactors(2).WithMetricsEnabled(false).
		WithChecksumVerificationMode(options.OnBlockRead).WithReadOnly(still)
	db, err = badger.Open(o)
	if err != nil && strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return nil, errInUse
	}
	if err != nil {
		return nil, fmt.Errorf("view: open: %w", err)
	}
	return db, nil
}

// versionOf is empty for new views, and for what cannot be read.
func versionOf(db *badger.DB) (is string) {
	_ = db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(keyVersion)
		if err != nil {
			return err
		}
		return item.Value(func(b []byte) error { is = string(b); return nil })
	})
	return is
}

// load reads what is kept in memory: places and names.
func (v *View) load() error {
	return v.db.View(func(txn *badger.Txn) error {
		if err := each(txn, []byte("a/"), func(k, b []byte) error {
			log := id.Log(k[2 : len(k)-1])
			v.at[log] = place{binary.BigEndian.Uint64(b), entry.Seq(binary.BigEndian.Uint64(b[8:])), entry.Seq(binary.BigEndian.Uint64(b[16:]))}
			return nil
		}); err != nil {
			return err
		}
		return each(txn, []byte("n/"), func(k, b []byte) error {
			parts := bytes.Split(k[2:], []byte{0})
			v.remember(id.Room(parts[0]), id.Person(parts[1]), name{entry.Seq(binary.BigEndian.Uint64(b)), bytes.Clone(b[8:])})
			return nil
		})
	})
}

func each(txn *badger.Txn, prefix []byte, f func(k, value []byte) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix = prefix
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		k := it.Item().Key()
		if err := it.Item().Value(func(b []byte) error { return f(k, b) }); err != nil {
			return err
		}
	}
	return nil
}

// Apply takes a batch. It waits only while very many batches wait already.
func (v *View) Apply(b Batch) {
	v.mu.Lock()
	v.taken[b.Log] = b.Seq
	for _, n := range b.Names {
		v.remember(b.Parts.Room, n.ID, name{b.Seq, mustJSON(n)})
	}
	v.mu.Unlock()
	v.in <- b
}

func (v *View) remember(room id.Room, p id.Person, n name) {
	if v.names[room] == nil {
		v.names[room] = map[id.Person]name{}
	}
	v.names[room][p] = n
}

// Close commits what waits and closes the database. Where the disk has no room for that, the next start goes on from what is there.
func (v *View) Close() error {
	close(v.in)
	close(v.end)
	<-v.done
	v.over()
	if !v.still && !v.room() {
		return nil
	}
	return v.db.Close()
}

// room tells whether the disk has what a commit, or closing, may need.
func (v *View) room() bool {
	n, err := v.free()
	return err == nil && n >= enough
}

// wait returns when there is room for a commit; false when the views are closed first.
func (v *View) wait() bool {
	for !v.room() {
		select {
		case <-time.After(roomFor):
		case <-v.end:
			return v.room()
		}
	}
	return true
}

// run commits batches until Close, many at a time.
func (v *View) run() {
	defer close(v.done)
	for first := range v.in {
		batches, size := []Batch{first}, weight(first)
		timer := time.NewTimer(pause)
	gather:
		for size < perTxn {
			select {
			case b, ok := <-v.in:
				if !ok {
					break gather
				}
				batches, size = append(batches, b), size+weight(b)
			case <-timer.C:
				break gather
			}
		}
		timer.Stop()
		if v.still || !v.wait() { // the next start goes on from here
			v.over()
			v.drop()
			return
		}
		if err := v.commit(batches); err != nil {
			v.stand(fmt.Errorf("view: commit: %w", err))
			return
		}
	}
}

// stand is what is left to do when a commit has failed: to hold nobody up. A commit behind the failed one would move the cursor past
// it, and what was in it would be missing for ever; the next start goes on from the last good one.
func (v *View) stand(err error) {
	v.over()
	v.fatal(err)
	v.drop()
}

// drop holds nobody up: what comes is not kept.
func (v *View) drop() {
	for range v.in { //nolint:revive // nobody wants it
	}
}

// over tells all who wait that nothing more comes.
func (v *View) over() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gone = true
	v.moved.Broadcast()
}

// weight is about how many bytes a batch adds to a commit.
func weight(b Batch) int {
	n := 256 + len(b.Checkpoint) + 128*len(b.Names)
	if b.Parts != nil {
		for _, r := range b.Parts.Items {
			n += 400 + len(r.Item) + len(r.Kept)
		}
	}
	return n
}

// commit writes batches in one transaction; when they are too much for one, in halves. A frame that is too much by itself comes
// item by item, its place in the log with the last: who stops in between begins with it again.
func (v *View) commit(batches []Batch) error {
	txn := v.db.NewTransaction(true)
	defer txn.Discard()
	var err error
	for i := range batches {
		if err = put(txn, &batches[i]); err != nil {
			break
		}
	}
	if err == nil {
		err = v.write(txn)
	}
	if first, rest := halves(batches); errors.Is(err, badger.ErrTxnTooBig) && first != nil {
		if err := v.commit(first); err != nil {
			return err
		}
		return v.commit(rest)
	}
	if err != nil {
		return err
	}
	v.mu.Lock()
	for _, b := range batches {
		if b.Frame != 0 {
			v.at[b.Log] = place{b.Frame, b.Seq, b.Published}
		}
	}
	v.moved.Broadcast()
	v.mu.Unlock()
	return nil
}

// halves are the first and the rest of what is too much; nil when it cannot be less. The first part of a frame has no number.
func halves(batches []Batch) (first, rest []Batch) {
	if half := len(batches) / 2; half > 0 {
		return batches[:half], batches[half:]
	}
	b := batches[0]
	if b.Parts == nil || len(b.Parts.Items) < 2 {
		return nil, nil
	}
	half := len(b.Parts.Items) / 2
	parts := *b.Parts
	parts.Items = b.Parts.Items[half:]
	part := Batch{Log: b.Log, Parts: &wire.Parts{Room: b.Parts.Room, Items: b.Parts.Items[:half]}}
	b.Parts = &parts
	return []Batch{part}, []Batch{b}
}

// put writes one batch into a transaction.
func put(txn *badger.Txn, b *Batch) error {
	if b.Frame != 0 {
		if err := putPlace(txn, b); err != nil {
			return err
		}
	}
	if b.Parts == nil {
		return nil
	}
	return putParts(txn, b)
}

func putPlace(txn *badger.Txn, b *Batch) error {
	var at [24]byte
	binary.BigEndian.PutUint64(at[:], b.Frame)
	binary.BigEndian.PutUint64(at[8:], uint64(b.Seq))
	binary.BigEndian.PutUint64(at[16:], uint64(b.Published))
	sets := []struct{ k, v []byte }{{keyCursor, b.Cursor}, {keyAt(b.Log), at[:]}}
	if b.Checkpoint != nil {
		sets = append(sets, struct{ k, v []byte }{keyCheckpoint(b.Log), append(at[:8:8], b.Checkpoint...)})
	}
	for _, s := range sets {
		if err := txn.Set(s.k, s.v); err != nil {
			return err
		}
	}
	return nil
}

func putParts(txn *badger.Txn, b *Batch) error {
	p := b.Parts
	for i := range p.Items {
		if err := putItem(txn, p.Room, &p.Items[i]); err != nil {
			return err
		}
	}
	for _, n := range b.Names {
		if err := txn.Set(keyName(p.Room, n.ID), append(number(nil, b.Seq), mustJSON(n)...)); err != nil {
			return err
		}
	}
	if p.Repin {
		return txn.Set(keyPins(p.Room), mustJSON(p.Pins))
	}
	return nil
}

func putItem(txn *badger.Txn, room id.Room, r *wire.Record) error {
	sets := []struct{ k, v []byte }{
		{number(items(room), r.Seq), r.Item},
		{number(number(changed(room), r.Ch), r.Seq), []byte(r.Last)},
	}
	if r.Kept != nil {
		sets = append(sets, struct{ k, v []byte }{number(cards(room), r.Seq), r.Kept})
	}
	if r.New && r.Lane != "" {
		sets = append(sets, struct{ k, v []byte }{number(lane(room, r.Lane), r.Seq), number(nil, entry.Seq(r.Ordinal))})
	}
	called := r.To
	if r.All {
		called = append(slices.Clone(called), everybody)
	}
	for _, p := range called {
		sets = append(sets, struct{ k, v []byte }{number(calls(room, p), r.Seq), nil})
	}
	for _, s := range sets {
		if err := txn.Set(s.k, s.v); err != nil {
			return err
		}
	}
	if r.Was != 0 && r.Was != r.Ch {
		if err := txn.Delete(number(number(changed(room), r.Was), r.Seq)); err != nil {
			return err
		}
	}
	if err := putLive(txn, room, r); err != nil {
		return err
	}
	if err := putSpared(txn, room, r); err != nil {
		return err
	}
	return putFiles(txn, room, r)
}

// putLive notes an item that wants something of somebody, until it is over.
func putLive(txn *badger.Txn, room id.Room, r *wire.Record) error {
	k := number(live(room), r.Seq)
	switch {
	case r.Live:
		return txn.Set(k, nil)
	case r.New:
		return nil
	}
	was, err := txn.Get(k)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return txn.Delete(was.KeyCopy(nil))
}

// putSpared notes whose an item is, and that it was taken back: for them, and then for nobody, it is ever unread.
func putSpared(txn *badger.Txn, room id.Room, r *wire.Record) error {
	if r.Lane == "" || !r.New && !r.Gone {
		return nil
	}
	own := number(spared(room, r.By, r.Lane), entry.Seq(r.Ordinal))
	if !r.Gone {
		return txn.Set(own, nil)
	}
	if err := txn.Delete(own); err != nil {
		return err
	}
	return txn.Set(number(spared(room, everybody, r.Lane), entry.Seq(r.Ordinal)), nil)
}

// putFiles notes what an item brought, until it is taken back.
func putFiles(txn *badger.Txn, room id.Room, r *wire.Record) error {
	if len(r.Files) == 0 || !r.New && !r.Gone {
		return nil
	}
	keys := [][]byte{number(lane(room, Files), r.Seq)}
	for _, hash := range r.Files {
		keys = append(keys, number(append(files(hash), key('r', string(room))...), r.Seq))
	}
	for _, k := range keys {
		err := txn.Delete(k)
		if !r.Gone {
			err = txn.Set(k, number(nil, 0))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// everybody stands for all members where somebody is called.
const everybody id.Person = "*"

// Files is the lane of all items that brought files.
const Files = "files"

// Uses tells whether any item has brought this file, was not taken back, and is not past its time (past, asked of the item's kind, time
// in ms, and whether it is pinned).
func (v *View) Uses(hash string, past func(kind string, at int64, pinned bool) bool) (used bool, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		prefix := files(hash)
		return each(txn, prefix, func(k, _ []byte) error {
			if used {
				return nil
			}
			room, _, _ := bytes.Cut(k[len(prefix)+len("r/"):], []byte{0})
			sent, err := get(txn, number(items(id.Room(room)), tail(k)))
			if err != nil || sent == nil {
				return err
			}
			var item struct {
				Kind  string     `json:"kind"`
				At    int64      `json:"at"`
				State wire.Flags `json:"state"`
			}
			if err := json.Unmarshal(sent, &item); err != nil {
				return err
			}
			used = !past(item.Kind, item.At, item.State.Pinned)
			return nil
		})
	})
	return used, err
}

// Cursor is the place in the journal behind all that is in; nil when nothing is.
func (v *View) Cursor() (cursor []byte, err error) {
	return v.value(keyCursor)
}

// At is the last frame of a log that is in, and the seq behind it.
func (v *View) At(log id.Log) (frame uint64, seq entry.Seq) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.at[log]
	return p.frame, p.seq
}

// Published is the seq behind the last delivery to all of a room, as of the last frame that is in.
func (v *View) Published(log id.Log) entry.Seq {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at[log].published
}

// Checkpoint is the last one kept of a log's state, and the frame it stands behind; nil and 0 when there is none.
func (v *View) Checkpoint(log id.Log) (state []byte, frame uint64, err error) {
	b, err := v.value(keyCheckpoint(log))
	if err != nil || len(b) < 8 {
		return nil, 0, err
	}
	return b[8:], binary.BigEndian.Uint64(b), nil
}

func (v *View) value(k []byte) (value []byte, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(k)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	return value, err
}

// Wait returns when the log is in at least up to seq: fault.Busy after two seconds.
func (v *View) Wait(ctx context.Context, log id.Log, seq entry.Seq) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.at[log].seq >= seq {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.moved.Broadcast()
	})
	defer stop()
	for v.at[log].seq < seq {
		if ctx.Err() != nil || v.gone {
			return fault.New(fault.Busy, "the view is behind")
		}
		v.moved.Wait()
	}
	return nil
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("view: not JSON: " + err.Error())
	}
	return b
}
