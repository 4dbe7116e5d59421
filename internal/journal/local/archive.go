package local

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/journal"
)

// Snapshot is journal.Journal's: one transaction reads it all.
func (j *Journal) Snapshot(ctx context.Context, _ int, item func(journal.Item) error, gone func(journal.Frame) error) (at journal.Cursor, err error) {
	err = j.view(func(txn *badger.Txn) error {
		at = (&follower{j: j, pos: lastPosition(txn)}).cursor()
		if err := j.eachItem(ctx, txn, item); err != nil {
			return err
		}
		return j.eachGone(ctx, txn, gone)
	})
	return at, err
}

func (j *Journal) eachItem(ctx context.Context, txn *badger.Txn, do func(journal.Item) error) error {
	if j.within([]byte("s/"), []byte("s/\xff")) {
		return journal.ErrUnreadable
	}
	o := badger.DefaultIteratorOptions
	o.Prefix = []byte("s/")
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item, err := readItem(it.Item())
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = do(item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) eachGone(ctx context.Context, txn *badger.Txn, do func(journal.Frame) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = []byte("g/"), false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		log, seq, ok := readPosition(it.Item().KeyCopy(nil)[2:]) // it has the same form
		if !ok {
			return unavailable(fmt.Errorf("the key %q", it.Item().Key()))
		}
		f, _, err := j.frameAt(txn, log, seq)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = do(f)
		}
		if err != nil {
			return j.named(err)
		}
	}
	return nil
}

// Import is journal.Journal's. What fits into half a commit is one.
func (j *Journal) Import(ctx context.Context, frames []journal.Frame) error {
	for len(frames) > 0 {
		n, size := 0, 0
		for n < len(frames) && (n == 0 || size < perCommit/2) {
			f := &frames[n]
			switch {
			case len(f.Body) > journal.MaxBody:
				return journal.ErrTooLarge
			case !valid(f.Log):
				return fmt.Errorf("local: %q is not the name of a log", f.Log)
			}
			size += len(f.Body) + 4*len(f.Log) + 256
			n++
		}
		part := make([]journal.Frame, n)
		for i, f := range frames[:n] {
			f.Body = append([]byte(nil), f.Body...) // the caller has it again while the committer still writes
			part[i] = f
		}
		var wrong error
		err := j.give(ctx, &work{size: size, change: func(b *batch) (err error) {
			wrong, err = b.imports(part)
			return err
		}})
		if err == nil {
			err = wrong // the committer has ended with it
		}
		if err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// imports puts frames behind their logs' heads, up to one that is wrong.
func (b *batch) imports(frames []journal.Frame) (wrong, err error) {
	for i := range frames {
		f := &frames[i]
		h, err := b.head(f.Log)
		if err != nil {
			return nil, err
		}
		switch {
		case f.Seq == h.seq+1 && f.Prev == h.hash:
			b.land(*f)
		case f.Seq > 0 && f.Seq <= h.seq:
			if err := b.conflict(f, h.seq); err != nil {
				return &journal.Damaged{Log: f.Log, Seq: f.Seq}, nil //nolint:nilerr // another stands there
			}
		default:
			return &journal.Damaged{Log: f.Log, Seq: f.Seq}, nil
		}
	}
	return nil, nil
}

// lastPosition is the last one that a transaction sees.
func lastPosition(txn *badger.Txn) uint64 {
	o := badger.DefaultIteratorOptions
	o.Reverse, o.PrefetchValues = true, false
	it := txn.NewIterator(o)
	defer it.Close()
	it.Seek(positionKey(^uint64(0)))
	if !it.ValidForPrefix([]byte("f/")) {
		return 0
	}
	return binary.BigEndian.Uint64(it.Item().Key()[2:])
}
