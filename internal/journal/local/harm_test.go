package local_test

import (
	"encoding/binary"
	"log/slog"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// harm changes the database of a closed journal behind its back.
func harm(t *testing.T, dir string, f func(*badger.Txn) error) {
	t.Helper()
	db, err := unlocked(func() (*badger.DB, error) { return badger.Open(badger.DefaultOptions(dir).WithLogger(nil)) })
	if err != nil {
		t.Fatal("harm:", err)
	}
	if err := db.Update(f); err != nil {
		t.Fatal("harm:", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal("harm:", err)
	}
}

func frameKey(log id.Log, seq journal.Seq) []byte {
	return binary.BigEndian.AppendUint64([]byte("j/"+string(log)+"\x00"), uint64(seq))
}

func lose(t *testing.T, dir string, log id.Log, seq journal.Seq) {
	t.Helper()
	harm(t, dir, func(txn *badger.Txn) error { return txn.Delete(frameKey(log, seq)) })
}

// change turns one bit of a frame's stored value; at counts from its end when negative.
func change(t *testing.T, dir string, log id.Log, seq journal.Seq, at int) {
	t.Helper()
	harm(t, dir, func(txn *badger.Txn) error {
		item, err := txn.Get(frameKey(log, seq))
		if err != nil {
			return err
		}
		value, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		if at < 0 {
			at += len(value)
		}
		value[at] ^= 4
		return txn.Set(frameKey(log, seq), value)
	})
}

// logTo shows a journal's log with the test's own.
func logTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
