package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/journal"
)

// maxKey is the size of a shelf key in bytes.
const maxKey = 512

type shelf struct{ j *Journal }

// Shelf is journal.Journal's. A value is stored behind its revision.
func (j *Journal) Shelf() journal.Shelf { return shelf{j} }

func (s shelf) Get(ctx context.Context, key string) (value []byte, rev journal.Rev, err error) {
	err = s.j.view(func(txn *badger.Txn) error {
		value, rev, err = getShelf(txn, key)
		return err
	})
	return value, rev, err
}

func getShelf(txn *badger.Txn, key string) ([]byte, journal.Rev, error) {
	item, err := txn.Get(shelfKey(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, journal.Absent, journal.ErrAbsent
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	b, err := item.ValueCopy(nil)
	if err != nil || len(b) < 8 {
		return nil, 0, fmt.Errorf("%w: value of %d bytes: %w", journal.ErrUnavailable, len(b), err)
	}
	return b[8:], journal.Rev(binary.BigEndian.Uint64(b)), nil
}

func (s shelf) Put(ctx context.Context, key string, value []byte, when journal.Rev, ttl time.Duration) (rev journal.Rev, err error) {
	if err := fits(key, value); err != nil {
		return 0, err
	}
	value = append([]byte(nil), value...)
	err = s.j.give(ctx, &work{size: len(value) + 256, shelf: func(txn *badger.Txn) error {
		_, now, err := getShelf(txn, key)
		if err != nil && !errors.Is(err, journal.ErrAbsent) {
			return err
		}
		if when != journal.Any && when != now {
			return journal.ErrChanged
		}
		if rev = now + 1; now == journal.Absent {
			rev = journal.Rev(time.Now().UnixNano()) // never again a revision that somebody may still hold
		}
		return set(txn, key, value, rev, ttl)
	}})
	return rev, err
}

func set(txn *badger.Txn, key string, value []byte, rev journal.Rev, ttl time.Duration) error {
	e := badger.NewEntry(shelfKey(key), append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(value)), uint64(rev)), value...))
	if ttl > 0 {
		e = e.WithTTL(ttl)
	}
	return txn.SetEntry(e)
}

func fits(key string, value []byte) error {
	if len(key) == 0 || len(key) > maxKey || len(value) > journal.MaxBody {
		return journal.ErrTooLarge
	}
	return nil
}

func (s shelf) Delete(ctx context.Context, key string, when journal.Rev) error {
	return s.j.give(ctx, &work{size: 256, shelf: func(txn *badger.Txn) error {
		_, now, err := getShelf(txn, key)
		if errors.Is(err, journal.ErrAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		if when != journal.Any && when != now {
			return journal.ErrChanged
		}
		return txn.Delete(shelfKey(key))
	}})
}

func (s shelf) List(ctx context.Context, prefix string) iter.Seq2[journal.Item, error] {
	return func(yield func(journal.Item, error) bool) {
		from, full := shelfKey(prefix), shelfKey(prefix)
		for {
			items, err := s.some(from, full)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err == nil && len(items) == perRead {
				from = append(shelfKey(items[len(items)-1].Key), 0)
				err = ctx.Err()
				if err == nil {
					continue
				}
			}
			if err != nil {
				yield(journal.Item{}, err)
			}
			return
		}
	}
}

func (s shelf) some(from, prefix []byte) (items []journal.Item, err error) {
	err = s.j.view(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix = prefix
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Seek(from); it.Valid() && len(items) < perRead; it.Next() {
			b, err := it.Item().ValueCopy(nil)
			if err != nil || len(b) < 8 {
				return fmt.Errorf("%w: value of %d bytes: %w", journal.ErrUnavailable, len(b), err)
			}
			items = append(items, journal.Item{
				Key: string(it.Item().Key()[2:]), Value: b[8:], Rev: journal.Rev(binary.BigEndian.Uint64(b)),
			})
		}
		return nil
	})
	return items, err
}

// PutAll writes the values in a few transactions, each of which is whole or not at all.
func (s shelf) PutAll(ctx context.Context, items []journal.Item) error {
	for len(items) > 0 {
		n, size := 0, 0
		for n < len(items) && n < 2000 && (n == 0 || size+len(items[n].Value) < perCommit/2) {
			if err := fits(items[n].Key, items[n].Value); err != nil {
				return err
			}
			size += len(items[n].Value) + 128
			n++
		}
		part := items[:n]
		err := s.j.give(ctx, &work{size: size, shelf: func(txn *badger.Txn) error {
			for _, item := range part {
				_, now, err := getShelf(txn, item.Key)
				if err != nil && !errors.Is(err, journal.ErrAbsent) {
					return err
				}
				rev := now + 1
				if now == journal.Absent {
					rev = journal.Rev(time.Now().UnixNano())
				}
				if err := set(txn, item.Key, item.Value, rev, 0); err != nil {
					return err
				}
			}
			return nil
		}})
		if err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
