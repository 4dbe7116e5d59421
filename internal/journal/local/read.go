package local

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// One look at the database takes this many things or bytes: no read holds a transaction, or much memory, for long.
const (
	perLook      = 256
	bytesPerLook = 4 << 20
)

// Head is journal.Journal's.
func (j *Journal) Head(ctx context.Context, log id.Log) (journal.Seq, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	select {
	case <-j.closing:
		return 0, journal.ErrClosed
	default:
	}
	h, err := j.heads.at(j, j.view, log)
	return h.seq, j.named(err)
}

// Logs is journal.Journal's. A log counts when it has a head or a frame: one of them may have been lost.
func (j *Journal) Logs(ctx context.Context, shard int) iter.Seq2[id.Log, error] {
	return func(yield func(id.Log, error) bool) {
		var logs []id.Log
		err := j.view(func(txn *badger.Txn) error {
			o := badger.DefaultIteratorOptions
			o.PrefetchValues = false
			it := txn.NewIterator(o)
			defer it.Close()
			known := map[id.Log]bool{}
			add := func(name []byte) {
				if log := id.Log(name); !known[log] {
					known[log] = true
					logs = append(logs, log)
				}
			}
			for it.Seek([]byte("h/")); it.ValidForPrefix([]byte("h/")) && ctx.Err() == nil; it.Next() {
				add(it.Item().Key()[2:])
			}
			for it.Seek([]byte("j/")); it.ValidForPrefix([]byte("j/")) && ctx.Err() == nil; {
				k := it.Item().KeyCopy(nil)
				name := k[2 : len(k)-9]
				add(name)
				it.Seek(append(k[:2+len(name)], 1)) // behind the last frame of this log
			}
			return ctx.Err()
		})
		for _, log := range logs {
			if !yield(log, nil) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

// Read is journal.Journal's.
func (j *Journal) Read(ctx context.Context, log id.Log, after journal.Seq, limit int) iter.Seq2[journal.Frame, error] {
	return func(yield func(journal.Frame, error) bool) {
		last, err := j.Head(ctx, log)
		var damaged *journal.Damaged
		if errors.As(err, &damaged) {
			last = damaged.Seq - 1 // what stands before it can be read
		} else if err != nil {
			yield(journal.Frame{}, err)
			return
		}
		if limit > 0 && last-min(last, after) >= journal.Seq(limit) {
			last, err = after+journal.Seq(limit), nil
		}
		if after < last {
			if more, failed := j.readTo(ctx, log, after, last, yield); !more {
				return
			} else if failed != nil {
				err = failed
			}
		}
		if err != nil {
			yield(journal.Frame{}, j.named(err))
		}
	}
}

// readTo yields the frames behind after, up to last. It tells whether more may be yielded.
func (j *Journal) readTo(ctx context.Context, log id.Log, after, last journal.Seq, yield func(journal.Frame, error) bool) (bool, error) {
	chain, err := j.chainAt(log, after)
	for next := after + 1; err == nil && next <= last; {
		if err = ctx.Err(); err != nil {
			break
		}
		var frames []journal.Frame
		frames, err = j.some(log, next, last, &chain)
		for _, f := range frames {
			if !yield(f, nil) {
				return false, nil
			}
		}
		next += journal.Seq(len(frames))
	}
	return true, err
}

// chainAt is the hash that the frame behind seq must name.
func (j *Journal) chainAt(log id.Log, seq journal.Seq) (hash journal.Hash, err error) {
	if seq == 0 {
		return hash, nil
	}
	err = j.view(func(txn *badger.Txn) error {
		_, hash, err = j.frameAt(txn, log, seq)
		return err
	})
	return hash, err
}

func (j *Journal) frameAt(txn *badger.Txn, log id.Log, seq journal.Seq) (f journal.Frame, hash journal.Hash, err error) {
	defer func() { err = damagedAt(err, log, seq) }()
	defer unreadable(&err)
	item, err := txn.Get(frameKey(log, seq))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return f, hash, &journal.Damaged{Log: log, Seq: seq}
	}
	if err != nil {
		return f, hash, unavailable(err)
	}
	if j.doubt(item.Key(), item.Version()) != nil { // as it was before it was redacted
		return f, hash, &journal.Damaged{Log: log, Seq: seq}
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return f, hash, unavailable(err)
	}
	return decode(log, seq, value)
}

// some reads a few frames from next on, each verified against the one before. It reads at least one, or returns an error;
// what was read before an error is returned with it.
func (j *Journal) some(log id.Log, next, last journal.Seq, chain *journal.Hash) (frames []journal.Frame, err error) {
	err = j.view(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = logPrefix(log), int(min(last-next+1, perLook))
		it := txn.NewIterator(o)
		defer it.Close()
		it.Seek(frameKey(log, next))
		for size := 0; next <= last && len(frames) < perLook && size < bytesPerLook; it.Next() {
			if !it.Valid() || !bytes.Equal(it.Item().Key(), frameKey(log, next)) || j.doubt(it.Item().Key(), it.Item().Version()) != nil {
				return &journal.Damaged{Log: log, Seq: next}
			}
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return unavailable(err)
			}
			f, hash, err := decode(log, next, value)
			if err != nil {
				return err
			}
			if f.Prev != *chain {
				return &journal.Damaged{Log: log, Seq: next}
			}
			*chain = hash
			frames = append(frames, f)
			size += len(value)
			next++
		}
		return nil
	})
	return frames, damagedAt(err, log, next)
}

// Redact is journal.Journal's.
func (j *Journal) Redact(ctx context.Context, log id.Log, seq journal.Seq, body []byte) error {
	if len(body) > journal.MaxBody {
		return journal.ErrTooLarge
	}
	body = append([]byte(nil), body...)
	return j.give(ctx, &work{size: len(body) + len(log) + 256, change: func(b *batch) error {
		h, err := b.j.heads.at(b.j, b.j.look, log)
		if err != nil {
			return err
		}
		if pending, ok := b.heads[log]; ok {
			h = pending
		}
		if seq == 0 || seq > h.seq {
			return journal.ErrAbsent
		}
		f, hash, err := b.j.frameAt(b.txn, log, seq)
		if err != nil {
			return err
		}
		f.Body, f.Gone = body, true
		b.set(badger.NewEntry(frameKey(log, seq), encode(&f, hash)))
		b.set(badger.NewEntry(goneKey(log, seq), nil))
		b.removed = append(b.removed, place{log, seq})
		return nil
	}})
}
