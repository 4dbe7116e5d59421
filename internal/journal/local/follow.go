package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// Follow is journal.Journal's. A cursor is the database's epoch and a position.
func (j *Journal) Follow(ctx context.Context, shard int, from journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) {
		f := &follower{j: j, chains: map[id.Log]head{}}
		if len(from) > 0 {
			epoch, ok := bytes.CutPrefix(from, j.epoch[:])
			if !ok || len(epoch) != 8 {
				yield(journal.Step{}, journal.ErrEpoch)
				return
			}
			f.pos = binary.BigEndian.Uint64(epoch)
		}
		if f.pos > j.pos.Load() {
			yield(journal.Step{}, journal.ErrEpoch) // the reader has seen what is no longer here
			return
		}
		f.run(ctx, yield)
	}
}

type follower struct {
	j      *Journal
	pos    uint64
	chains map[id.Log]head // the last frame seen of each log
}

func (f *follower) cursor() journal.Cursor {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 16), f.j.epoch[:]...), f.pos)
}

func (f *follower) run(ctx context.Context, yield func(journal.Step, error) bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	beat := func() bool { return yield(journal.Step{Cursor: f.cursor()}, nil) }
	behind, start := true, f.j.pos.Load()
	for {
		woken := f.j.live.wait()
		for f.pos < f.j.pos.Load() && ctx.Err() == nil {
			if more, err := f.pass(ctx, yield); !more {
				return
			} else if err != nil {
				yield(journal.Step{}, err)
				return
			}
			if behind && f.pos >= start {
				break
			}
		}
		if ctx.Err() != nil {
			return
		}
		if behind {
			behind = false
			if !beat() {
				return
			}
			continue
		}
		select {
		case <-woken:
		case <-tick.C:
			if !beat() {
				return
			}
		case <-ctx.Done():
			return
		case <-f.j.closing:
			yield(journal.Step{}, journal.ErrClosed)
			return
		}
	}
}

// pass yields the next few frames: from memory when they came a moment ago, else from disk. It tells whether more are wanted.
func (f *follower) pass(ctx context.Context, yield func(journal.Step, error) bool) (bool, error) {
	frames := f.j.live.take(f.pos, perLook)
	var err error
	if len(frames) == 0 {
		frames, err = f.stored()
	}
	for i := range frames {
		s := &frames[i]
		if err := f.verify(s); err != nil {
			return true, err
		}
		if ctx.Err() != nil {
			return false, nil
		}
		f.pos = s.pos
		if !yield(journal.Step{Frame: s.frame, Cursor: f.cursor()}, nil) {
			return false, nil
		}
	}
	return true, err
}

// stored reads from disk. What was read before an error is returned with it.
func (f *follower) stored() (frames []stored, err error) {
	last := f.j.pos.Load()
	err = f.j.view(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = []byte("f/"), perLook
		it := txn.NewIterator(o)
		defer it.Close()
		it.Seek(positionKey(f.pos + 1))
		size := 0
		for pos := f.pos + 1; pos <= last && len(frames) < perLook && size < bytesPerLook; pos++ {
			if !it.Valid() || !bytes.Equal(it.Item().Key(), positionKey(pos)) {
				return fmt.Errorf("local: position %d: %w", pos, &journal.Damaged{})
			}
			s := stored{pos: pos}
			var log id.Log
			var seq journal.Seq
			ok := false
			err := it.Item().Value(func(value []byte) error { log, seq, ok = readPosition(value); return nil })
			if err != nil {
				return unavailable(err)
			}
			if !ok {
				return fmt.Errorf("local: position %d: %w", pos, &journal.Damaged{})
			}
			if s.frame, s.hash, err = frameAt(txn, log, seq); err != nil {
				return err
			}
			frames = append(frames, s)
			size += len(s.frame.Body)
			it.Next()
		}
		return nil
	})
	return frames, err
}

// verify checks that a frame stands right behind the last one seen of its log.
func (f *follower) verify(s *stored) error {
	log, seq := s.frame.Log, s.frame.Seq
	at, seen := f.chains[log]
	if !seen {
		hash, err := f.j.chainAt(log, seq-1)
		if err != nil {
			return err
		}
		at = head{seq - 1, hash}
	}
	if seq != at.seq+1 {
		return &journal.Damaged{Log: log, Seq: at.seq + 1}
	}
	if s.frame.Prev != at.hash {
		return &journal.Damaged{Log: log, Seq: seq}
	}
	f.chains[log] = head{seq, s.hash}
	return nil
}
