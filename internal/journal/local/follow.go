package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
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
		f := &follower{j: j, chains: map[id.Log]head{}, shut: map[id.Log]bool{}}
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
	shut   map[id.Log]bool // of which a damaged frame was met
	holes  bool            // positions are lost; the frames that stood there are found in their logs
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
				if !yield(journal.Step{}, f.j.named(err)) || !f.passOver(err) {
					return
				}
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
			if more, err := f.fillAll(ctx, yield); err != nil {
				yield(journal.Step{}, err)
				return
			} else if !more {
				return
			}
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
		if f.shut[s.frame.Log] || s.frame.Log == "" {
			f.pos = s.pos
			continue
		}
		if f.holes {
			if more, err := f.fill(ctx, s.frame.Log, s.frame.Seq-1, yield); err != nil || !more {
				return more, err
			}
			if s.frame.Seq <= f.chains[s.frame.Log].seq {
				f.pos = s.pos
				continue
			}
		}
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
			if there := it.Valid(); (!there || !bytes.Equal(it.Item().Key(), positionKey(pos))) && f.j.doubt(positionKey(pos), 0) != nil {
				f.holes = true
				if pos = last; there {
					pos = binary.BigEndian.Uint64(it.Item().Key()[2:]) - 1
				}
				frames = append(frames, stored{pos: pos})
				continue
			}
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
			if f.shut[log] {
				s.frame.Log = log // it is passed over
			} else if s.frame, s.hash, err = f.j.frameAt(txn, log, seq); err != nil {
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

// fill yields the frames of a log that lost their positions: all behind the last one seen, up to a frame. Whoever has seen one already does
// not mind. It tells whether more are wanted.
func (f *follower) fill(ctx context.Context, log id.Log, upTo journal.Seq, yield func(journal.Step, error) bool) (more bool, err error) {
	at := f.chains[log]
	if at.seq >= upTo {
		return true, nil
	}
	for frame, err := range f.j.Read(ctx, log, at.seq, int(upTo-at.seq)) {
		if err != nil {
			return true, err
		}
		if !yield(journal.Step{Frame: frame, Cursor: f.cursor()}, nil) {
			return false, nil
		}
	}
	hash, err := f.j.chainAt(log, upTo)
	f.chains[log] = head{upTo, hash}
	return true, err
}

// fillAll is fill for the ends of all logs.
func (f *follower) fillAll(ctx context.Context, yield func(journal.Step, error) bool) (more bool, err error) {
	if !f.holes {
		return true, nil
	}
	for log, err := range f.j.Logs(ctx, 0) {
		if err != nil {
			return true, err
		}
		last, err := f.j.Head(ctx, log)
		if err == nil && !f.shut[log] {
			more, err = f.fill(ctx, log, last, yield)
		}
		if err != nil {
			if !yield(journal.Step{}, f.j.named(err)) {
				return false, nil
			}
			if !f.passOver(err) {
				return true, err
			}
		} else if !more && !f.shut[log] {
			return false, nil
		}
	}
	return true, nil
}

// passOver goes on behind a damaged log, and tells whether that is possible.
func (f *follower) passOver(err error) bool {
	var d *journal.Damaged
	if !errors.As(err, &d) || d.Log == "" || f.shut[d.Log] {
		return false
	}
	f.shut[d.Log] = true
	return true
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
