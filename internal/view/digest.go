package view

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/entry"
	"linli/internal/id"
)

// Digest is a hash of all that can be read, for comparing views with others built from the same logs. Checkpoints and places
// are left out: they depend on when the program was stopped.
func (v *View) Digest() ([]byte, error) {
	if err := v.settle(); err != nil {
		return nil, err
	}
	return v.digest()
}

func (v *View) digest() ([]byte, error) {
	h := sha256.New()
	err := v.db.View(func(txn *badger.Txn) error {
		for _, table := range []string{"i/", "k/", "c/", "l/", "n/", "t/", "b/", "m/", "o/", "u/"} {
			if err := each(txn, []byte(table), func(k, value []byte) error {
				h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(k))))
				h.Write(k)
				h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(value))))
				h.Write(value)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return h.Sum(nil), err
}

// settle waits until all batches taken so far are committed.
func (v *View) settle() error {
	v.mu.Lock()
	want := map[id.Log]entry.Seq{}
	for log, seq := range v.taken {
		want[log] = seq
	}
	v.mu.Unlock()
	for _, log := range slices.Sorted(maps.Keys(want)) {
		for { // nobody waits longer than a person would; this does
			err := v.Wait(context.Background(), log, want[log])
			if err == nil {
				break
			}
			v.mu.Lock()
			gone := v.gone
			v.mu.Unlock()
			if gone {
				return err
			}
		}
	}
	return nil
}
