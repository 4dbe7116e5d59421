package local

import (
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

// perRead is how many frames are read in one look at the database: no read holds a transaction for long.
const perRead = 256

// lastFrame is a log's last frame, and its hash; the zero frame for a log that does not exist.
func lastFrame(txn *badger.Txn, log id.Log) (f journal.Frame, hash journal.Hash, err error) {
	o := badger.DefaultIteratorOptions
	o.Reverse, o.PrefetchSize = true, 1
	it := txn.NewIterator(o)
	defer it.Close()
	it.Seek(frameKey(log, ^journal.Seq(0)))
	if !it.ValidForPrefix(logPrefix(log)) {
		return f, hash, nil
	}
	k := it.Item().Key()
	value, err := it.Item().ValueCopy(nil)
	if err != nil {
		return f, hash, fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	return decode(log, journal.Seq(binary.BigEndian.Uint64(k[len(k)-8:])), value)
}

// Head is journal.Journal's.
func (j *Journal) Head(ctx context.Context, log id.Log) (seq journal.Seq, err error) {
	err = j.view(func(txn *badger.Txn) error {
		f, _, err := lastFrame(txn, log)
		seq = f.Seq
		return err
	})
	return seq, err
}

func (j *Journal) view(f func(*badger.Txn) error) error {
	j.senders.RLock()
	defer j.senders.RUnlock()
	select {
	case <-j.closing:
		return journal.ErrClosed
	default:
	}
	return j.db.View(f)
}

// Logs is journal.Journal's.
func (j *Journal) Logs(ctx context.Context, shard int) iter.Seq2[id.Log, error] {
	return func(yield func(id.Log, error) bool) {
		var logs []id.Log
		err := j.view(func(txn *badger.Txn) error {
			o := badger.DefaultIteratorOptions
			o.PrefetchValues = false
			it := txn.NewIterator(o)
			defer it.Close()
			for it.Seek([]byte("j/")); it.ValidForPrefix([]byte("j/")); {
				k := it.Item().Key()
				log := id.Log(k[2 : len(k)-9])
				logs = append(logs, log)
				it.Seek(append(append([]byte("j/"), log...), 1)) // behind the last frame of this log
			}
			return nil
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
		head, err := j.Head(ctx, log)
		if err != nil {
			yield(journal.Frame{}, err)
			return
		}
		if limit > 0 {
			head = min(head, after+journal.Seq(limit))
		}
		chain, err := j.chainAt(log, after)
		for next := after + 1; err == nil && next <= head; {
			if err = ctx.Err(); err != nil {
				break
			}
			var frames []journal.Frame
			frames, err = j.some(log, next, min(head, next+perRead-1), &chain)
			for _, f := range frames {
				if !yield(f, nil) {
					return
				}
			}
			next += journal.Seq(len(frames))
		}
		if err != nil {
			yield(journal.Frame{}, err)
		}
	}
}

// chainAt is the hash that the frame behind seq must name.
func (j *Journal) chainAt(log id.Log, seq journal.Seq) (hash journal.Hash, err error) {
	if seq == 0 {
		return hash, nil
	}
	err = j.view(func(txn *badger.Txn) error {
		_, hash, err = frameAt(txn, log, seq)
		return err
	})
	return hash, err
}

func frameAt(txn *badger.Txn, log id.Log, seq journal.Seq) (f journal.Frame, hash journal.Hash, err error) {
	item, err := txn.Get(frameKey(log, seq))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return f, hash, &journal.Damaged{Log: log, Seq: seq}
	}
	if err != nil {
		return f, hash, fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return f, hash, fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	return decode(log, seq, value)
}

// some reads frames from..to, each verified against the one before. What was read before an error is returned with it.
func (j *Journal) some(log id.Log, from, to journal.Seq, chain *journal.Hash) (frames []journal.Frame, err error) {
	err = j.view(func(txn *badger.Txn) error {
		for seq := from; seq <= to; seq++ {
			f, hash, err := frameAt(txn, log, seq)
			if err != nil {
				return err
			}
			if f.Prev != *chain {
				return &journal.Damaged{Log: log, Seq: seq}
			}
			*chain = hash
			frames = append(frames, f)
		}
		return nil
	})
	return frames, err
}

// Follow is journal.Journal's. The cursor is a position.
func (j *Journal) Follow(ctx context.Context, shard int, from journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) {
		pos, err := readCursor(from)
		if err != nil || pos > j.pos.Load() {
			yield(journal.Step{}, errors.Join(journal.ErrEpoch, err))
			return
		}
		f := &follower{j: j, pos: pos, chains: map[id.Log]head{}}
		f.run(ctx, yield)
	}
}

func cursorAt(pos uint64) journal.Cursor { return binary.BigEndian.AppendUint64(nil, pos) }

func readCursor(c journal.Cursor) (uint64, error) {
	switch len(c) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(c), nil
	}
	return 0, errors.New("local: not a cursor of this engine")
}

type follower struct {
	j      *Journal
	pos    uint64
	chains map[id.Log]head // the last frame seen of each log
}

func (f *follower) run(ctx context.Context, yield func(journal.Step, error) bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	beat := func() bool { return yield(journal.Step{Cursor: cursorAt(f.pos)}, nil) }
	first := true
	for {
		f.j.mu.Lock()
		woken := f.j.woken
		f.j.mu.Unlock()
		for f.pos < f.j.pos.Load() {
			steps, err := f.more()
			for _, s := range steps {
				if !yield(s, nil) {
					return
				}
			}
			if err != nil {
				yield(journal.Step{}, err)
				return
			}
			if ctx.Err() != nil {
				return
			}
		}
		if first {
			first = false
			if !beat() {
				return
			}
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

// more are the next steps: from memory when they came a moment ago, else from disk.
func (f *follower) more() ([]journal.Step, error) {
	frames := f.live()
	if len(frames) == 0 {
		var err error
		if frames, err = f.stored(); err != nil {
			return nil, err
		}
	}
	steps := make([]journal.Step, 0, len(frames))
	for i := range frames {
		fr := &frames[i]
		if err := f.verify(&fr.frame); err != nil {
			return steps, err
		}
		f.pos = fr.pos
		steps = append(steps, journal.Step{Frame: fr.frame, Cursor: cursorAt(fr.pos)})
	}
	return steps, nil
}

// live takes what the ring still has from the follower's position on.
func (f *follower) live() (frames []ringed) {
	f.j.mu.Lock()
	defer f.j.mu.Unlock()
	for pos := f.pos + 1; pos <= f.j.pos.Load() && len(frames) < perRead; pos++ {
		r := f.j.ring[pos%ringSize]
		if r.pos != pos {
			return frames
		}
		frames = append(frames, r)
	}
	return frames
}

func (f *follower) stored() (frames []ringed, err error) {
	err = f.j.view(func(txn *badger.Txn) error {
		for pos := f.pos + 1; pos <= f.j.pos.Load() && len(frames) < perRead; pos++ {
			item, err := txn.Get(positionKey(pos))
			if err != nil {
				return fmt.Errorf("local: position %d: %w", pos, err)
			}
			value, err := item.ValueCopy(nil)
			if err != nil {
				return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
			}
			log, seq, err := readPosition(value)
			if err != nil {
				return err
			}
			frame, _, err := frameAt(txn, log, seq)
			if err != nil {
				return err
			}
			frames = append(frames, ringed{pos, frame})
		}
		return nil
	})
	return frames, err
}

// verify checks that a frame stands right behind the last one seen of its log.
func (f *follower) verify(fr *journal.Frame) error {
	at, ok := f.chains[fr.Log]
	if !ok {
		hash, err := f.j.chainAt(fr.Log, fr.Seq-1)
		if err != nil {
			return err
		}
		at = head{fr.Seq - 1, hash}
	}
	if fr.Seq != at.seq+1 || fr.Prev != at.hash {
		return &journal.Damaged{Log: fr.Log, Seq: at.seq + 1}
	}
	hash := journal.Hash{}
	if fr.Gone {
		var err error
		if hash, err = f.j.chainAt(fr.Log, fr.Seq); err != nil {
			return err
		}
	} else {
		hash = fr.Hash()
	}
	f.chains[fr.Log] = head{fr.Seq, hash}
	return nil
}

// Redact is journal.Journal's.
func (j *Journal) Redact(ctx context.Context, log id.Log, seq journal.Seq, body []byte) error {
	if len(body) > journal.MaxBody {
		return journal.ErrTooLarge
	}
	return j.give(ctx, &work{size: len(body) + 256, shelf: func(txn *badger.Txn) error {
		f, hash, err := frameAt(txn, log, seq)
		if err != nil {
			return err
		}
		f.Body, f.Gone = append([]byte(nil), body...), true
		j.mu.Lock()
		for i := range j.ring {
			if r := &j.ring[i]; r.frame.Log == log && r.frame.Seq == seq {
				r.pos = 0 // followers read it from disk
			}
		}
		j.mu.Unlock()
		return txn.Set(frameKey(log, seq), encode(&f, hash))
	}})
}
