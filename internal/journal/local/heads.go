package local

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// head is a log's last frame: its number, and the hash that the next one must name.
type head struct {
	seq  journal.Seq
	hash journal.Hash
}

// heads knows the heads of the logs that were asked for. They move when a commit is on disk, never before.
type heads struct {
	mu    sync.RWMutex
	known map[id.Log]head
}

// at is a log's head, from memory or from disk.
func (h *heads) at(j *Journal, view func(func(*badger.Txn) error) error, log id.Log) (at head, err error) {
	h.mu.RLock()
	at, ok := h.known[log]
	h.mu.RUnlock()
	if ok {
		return at, nil
	}
	if err = view(func(txn *badger.Txn) error { at, err = j.load(txn, log); return err }); err != nil {
		return head{}, err
	}
	if at.seq == 0 {
		return at, nil // asking for what does not exist leaves no trace
	}
	return h.note(log, at), nil
}

// note keeps a head that was read, unless a commit has moved it since; it returns the one that holds.
func (h *heads) note(log id.Log, at head) head {
	h.mu.Lock()
	defer h.mu.Unlock()
	if moved, ok := h.known[log]; ok {
		return moved
	}
	h.known[log] = at
	return at
}

func (h *heads) move(to map[id.Log]head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for log, at := range to {
		h.known[log] = at
	}
}

// load finds a head on disk, in two places that must agree. Were the last frame alone believed, a block that Badger cannot
// read would look like a shorter log, and the next append would write history anew.
//
// Where the note of the head is known to be lost, the last frame alone is believed: it is known that no frame behind it was.
func (j *Journal) load(txn *badger.Txn, log id.Log) (head, error) {
	noted, version := head{}, uint64(0)
	item, err := txn.Get(headKey(log))
	if err == nil {
		version = item.Version()
		err = item.Value(func(value []byte) error { noted = readHead(value); return nil })
	}
	if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
		return head{}, unavailable(err)
	}
	last, err := lastFrame(txn, log)
	if err != nil {
		return head{}, damagedAt(err, log, max(noted.seq, 1))
	}
	if last == noted {
		return last, nil
	}
	if j.doubt(headKey(log), version) != nil && last.seq > noted.seq && !j.within(frameKey(log, last.seq), frameKey(log, ^journal.Seq(0))) {
		return last, nil
	}
	if last.seq < noted.seq {
		return head{}, &journal.Damaged{Log: log, Seq: last.seq + 1}
	}
	return head{}, &journal.Damaged{Log: log, Seq: last.seq}
}

// lastFrame is the last frame of a log that can be read; the zero head for a log that does not exist.
func lastFrame(txn *badger.Txn, log id.Log) (last head, err error) {
	defer unreadable(&err)
	o := badger.DefaultIteratorOptions
	o.Reverse, o.PrefetchValues, o.Prefix = true, false, logPrefix(log)
	it := txn.NewIterator(o)
	defer it.Close()
	if it.Seek(frameKey(log, ^journal.Seq(0))); !it.Valid() {
		return head{}, nil
	}
	k := it.Item().Key()
	seq := journal.Seq(binary.BigEndian.Uint64(k[len(k)-8:]))
	value, err := it.Item().ValueCopy(nil)
	if err != nil {
		return head{}, unavailable(err)
	}
	_, hash, err := decode(log, seq, value)
	return head{seq, hash}, err
}
