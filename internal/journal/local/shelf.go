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

// Shelf is journal.Journal's. A value is stored behind its revision. Revisions are counted over the whole shelf and for ever:
// one that somebody still holds never comes back, not even when the key was deleted and put again.
func (j *Journal) Shelf() journal.Shelf { return shelf{j} }

func (s shelf) Get(ctx context.Context, key string) (value []byte, rev journal.Rev, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	err = s.j.view(func(txn *badger.Txn) error {
		item, err := s.j.itemAt(txn, key)
		value, rev = item.Value, item.Rev
		return err
	})
	return value, rev, err
}

func (j *Journal) itemAt(txn *badger.Txn, key string) (journal.Item, error) {
	if key == "" || len(key) > maxKey {
		return journal.Item{}, journal.ErrAbsent
	}
	item, err := txn.Get(shelfKey(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		if j.doubt(shelfKey(key), 0) != nil {
			return journal.Item{}, journal.ErrUnreadable
		}
		return journal.Item{}, journal.ErrAbsent
	}
	if err != nil {
		return journal.Item{}, unavailable(err)
	}
	if j.doubt(item.Key(), item.Version()) != nil {
		return journal.Item{}, journal.ErrUnreadable
	}
	return readItem(item)
}

func readItem(item *badger.Item) (journal.Item, error) {
	key := string(item.Key()[len("s/"):])
	b, err := item.ValueCopy(nil)
	if err != nil {
		return journal.Item{}, unavailable(err)
	}
	if len(b) < 8 {
		return journal.Item{}, unavailable(fmt.Errorf("a value of %d bytes", len(b)))
	}
	return journal.Item{Key: key, Value: b[8:], Rev: journal.Rev(binary.BigEndian.Uint64(b)), Until: int64(item.ExpiresAt())}, nil
}

func (s shelf) Put(ctx context.Context, key string, value []byte, when journal.Rev, ttl time.Duration) (journal.Rev, error) {
	if err := fits(key, value); err != nil {
		return 0, err
	}
	var rev journal.Rev
	value = append([]byte(nil), value...)
	err := s.j.give(ctx, &work{size: sizeOf(key, value), change: func(b *batch) error {
		if err := b.unchanged(key, when); err != nil {
			return err
		}
		until := int64(0)
		if ttl > 0 {
			// Badger counts in seconds: rounded up, so that nothing goes before its time.
			until = time.Now().Add(ttl + time.Second - 1).Unix()
		}
		rev = b.shelve(key, value, until)
		return nil
	}})
	if err != nil {
		return 0, err // the committer may be at rev still
	}
	return rev, nil
}

// unchanged tells whether a key has the revision that somebody believes it has.
func (b *batch) unchanged(key string, when journal.Rev) error {
	if when == journal.Any {
		return nil
	}
	item, err := b.j.itemAt(b.txn, key)
	switch {
	case errors.Is(err, journal.ErrAbsent):
		item.Rev = journal.Absent
	case err != nil:
		return err
	}
	if item.Rev != when {
		return journal.ErrChanged
	}
	return nil
}

func (b *batch) shelve(key string, value []byte, until int64) journal.Rev {
	b.rev++
	e := badger.NewEntry(shelfKey(key), append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(value)), b.rev), value...))
	e.ExpiresAt = uint64(until)
	b.set(e)
	return journal.Rev(b.rev)
}

func sizeOf(key string, value []byte) int { return len(key) + len(value) + 128 }

func fits(key string, value []byte) error {
	if key == "" {
		return errors.New("local: a shelf key is empty")
	}
	if len(key) > maxKey || len(value) > journal.MaxBody {
		return journal.ErrTooLarge
	}
	return nil
}

func (s shelf) Delete(ctx context.Context, key string, when journal.Rev) error {
	return s.j.give(ctx, &work{size: 1024, change: func(b *batch) error {
		_, err := b.j.itemAt(b.txn, key)
		if errors.Is(err, journal.ErrAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.unchanged(key, when); err != nil {
			return err
		}
		b.remove(shelfKey(key))
		return nil
	}})
}

func (s shelf) List(ctx context.Context, prefix string) iter.Seq2[journal.Item, error] {
	return func(yield func(journal.Item, error) bool) {
		from := shelfKey(prefix)
		for {
			items, err := s.some(from, shelfKey(prefix))
			for _, item := range items {
				if err := ctx.Err(); err != nil {
					yield(journal.Item{}, err)
					return
				}
				if !yield(item, nil) {
					return
				}
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(journal.Item{}, err)
				return
			}
			if len(items) == 0 {
				if s.j.within(shelfKey(prefix), append(shelfKey(prefix), 0xff)) {
					yield(journal.Item{}, journal.ErrUnreadable)
				}
				return
			}
			from = append(shelfKey(items[len(items)-1].Key), 0)
		}
	}
}

// some are a few items from a key on; none when there are no more.
func (s shelf) some(from, prefix []byte) (items []journal.Item, err error) {
	err = s.j.view(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = prefix, perLook
		it := txn.NewIterator(o)
		defer it.Close()
		size := 0
		for it.Seek(from); it.Valid() && len(items) < perLook && size < bytesPerLook; it.Next() {
			if s.j.doubt(it.Item().Key(), it.Item().Version()) != nil {
				continue // List says so
			}
			item, err := readItem(it.Item())
			if err != nil {
				return err
			}
			items = append(items, item)
			size += len(item.Value)
		}
		return nil
	})
	return items, err
}

// PutAll writes the values in a few transactions, each of which is whole or not at all.
func (s shelf) PutAll(ctx context.Context, items []journal.Item) error {
	for i := range items {
		if err := fits(items[i].Key, items[i].Value); err != nil {
			return err
		}
	}
	for len(items) > 0 {
		n, size := 0, 0
		for n < len(items) && (n == 0 || size+sizeOf(items[n].Key, items[n].Value) <= perCommit/2) {
			size += sizeOf(items[n].Key, items[n].Value)
			n++
		}
		// The copies are for when ctx ends: the caller has the items again while the committer still writes.
		part := make([]journal.Item, n)
		for i, item := range items[:n] {
			part[i] = journal.Item{Key: item.Key, Value: append([]byte(nil), item.Value...), Until: item.Until}
		}
		err := s.j.give(ctx, &work{size: size, change: func(b *batch) error {
			for _, item := range part {
				b.shelve(item.Key, item.Value, item.Until)
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
