package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// PlainPages is the floor of reading history: values under numbers in Badger, a page joined of those before a number. It has no
// rights, names, own parts or pins, and nobody asks by HTTP.
type PlainPages struct{ db *badger.DB }

// OpenPlainPages fills dir with a value for each number from 1 to n.
func OpenPlainPages(dir string, n int, value func(n int) []byte) (*PlainPages, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithNumVersionsToKeep(1).WithDetectConflicts(false).
		WithMemTableSize(32 << 20).WithValueThreshold(1 << 20).WithCompression(options.Snappy).WithBlockCacheSize(64 << 20).
		WithMetricsEnabled(false))
	if err != nil {
		return nil, err
	}
	b := db.NewWriteBatch()
	defer b.Cancel()
	for i := 1; i <= n; i++ {
		if err := b.Set(binary.BigEndian.AppendUint64(nil, uint64(i)), value(i)); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &PlainPages{db}, b.Flush()
}

// Page is the values of the limit numbers before a number, oldest first.
func (p *PlainPages) Page(before uint64, limit int) (page []byte, err error) {
	err = p.db.View(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Reverse, o.PrefetchValues = true, false
		it := txn.NewIterator(o)
		defer it.Close()
		var found [][]byte
		for it.Seek(binary.BigEndian.AppendUint64(nil, before-1)); it.Valid() && len(found) < limit; it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			found = append(found, value)
		}
		for i := len(found) - 1; i >= 0; i-- {
			page = append(append(page, found[i]...), ',')
		}
		return nil
	})
	return page, err
}

// Close ends it.
func (p *PlainPages) Close() error { return p.db.Close() }

// Caught is what came of resuming a room.
type Caught struct {
	Took  time.Duration // from asking to having it
	Bytes int
	Reset bool
	Items int // new ones
}

// CatchUp connects a member and resumes their room from a ch on.
func CatchUp(ctx context.Context, to string, m Member, after uint64) (c Caught, err error) {
	ws, _, err := websocket.Dial(ctx, to, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + m.Token}}})
	if err != nil {
		return c, err
	}
	defer ws.CloseNow() //nolint:errcheck // it is over
	ws.SetReadLimit(-1)
	if _, _, err := ws.Read(ctx); err != nil { // hello
		return c, err
	}
	began := time.Now()
	ask := fmt.Appendf(nil, `{"resume":[{"room":%q,"after":%d}]}`, m.Room, after)
	if err := ws.Write(ctx, websocket.MessageText, ask); err != nil {
		return c, err
	}
	for {
		_, b, err := ws.Read(ctx)
		if err != nil {
			return c, err
		}
		if !bytes.Contains(b, []byte(`"new":[`)) {
			continue
		}
		c.Took, c.Bytes = time.Since(began), len(b)
		var d struct {
			Reset bool
			New   []json.RawMessage
		}
		err = json.Unmarshal(b, &d)
		c.Reset, c.Items = d.Reset, len(d.New)
		return c, err
	}
}

// Percentiles of times, in ms.
func Percentiles(all []time.Duration) (p50, p99, worst float64) {
	s := sorted(all)
	return percentile(s, 0.5), percentile(s, 0.99), percentile(s, 1)
}
