package local

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// commitAll is the one committer. It ends when Close has closed the inbox and all of it is done.
func (j *Journal) commitAll() {
	defer close(j.done)
	for first := range j.in {
		batch, size := []*work{first}, first.size
	gather:
		for size < perCommit {
			select {
			case w, ok := <-j.in:
				if !ok {
					break gather
				}
				batch, size = append(batch, w), size+w.size
			default:
				break gather
			}
		}
		j.commit(batch, size)
		for _, w := range batch {
			close(w.done)
		}
	}
}

// pending is a commit in the making.
type pending struct {
	txn    *badger.Txn
	heads  map[id.Log]head // as they will be
	frames []ringed
	pos    uint64
}

// commit writes a batch in one transaction and says in each work what came of it. A work that is refused (a conflict) does
// not keep the others away; when the transaction as a whole fails, nothing of it happened.
func (j *Journal) commit(batch []*work, size int) {
	if err := j.room(size); err != nil {
		j.refuse(batch, err)
		return
	}
	p := &pending{txn: j.db.NewTransaction(true), heads: map[id.Log]head{}, pos: j.pos.Load()}
	defer p.txn.Discard()
	var written []*work
	for i, w := range batch {
		err := j.put(p, w)
		if errors.Is(err, badger.ErrTxnTooBig) && i > 0 {
			// What fits goes first; the work that did not fit may have left a part behind, so it starts anew.
			j.commit(batch[:i], size)
			j.commit(batch[i:], size)
			return
		}
		if w.err = err; err == nil {
			written = append(written, w)
		}
	}
	if len(written) == 0 {
		return
	}
	if err := p.txn.Commit(); err != nil {
		j.refuse(written, fmt.Errorf("%w: commit: %w", journal.ErrUnavailable, err))
		clear(j.heads) // read again from what is on disk
		j.o.Log.Error("journal: commit failed", "err", err)
		return
	}
	for log, h := range p.heads {
		j.heads[log] = h
	}
	j.announce(p)
}

func (j *Journal) refuse(batch []*work, err error) {
	for _, w := range batch {
		w.err = err
	}
}

// errHave says that the frame stands there already: success, with nothing to write.
var errHave = errors.New("have it")

func (j *Journal) put(p *pending, w *work) error {
	if w.shelf != nil {
		return w.shelf(p.txn)
	}
	err := j.putFrame(p, w.frame)
	if errors.Is(err, errHave) {
		return nil
	}
	return err
}

func (j *Journal) putFrame(p *pending, f *journal.Frame) error {
	h, ok := p.heads[f.Log]
	if !ok {
		var err error
		if h, err = j.head(f.Log); err != nil {
			return err
		}
	}
	if h.seq != f.Seq-1 {
		return j.conflict(p, f, h)
	}
	f.Prev = h.hash
	pos := p.pos + 1
	if err := p.txn.Set(frameKey(f.Log, f.Seq), encode(f, journal.Hash{})); err != nil {
		return err
	}
	if err := p.txn.Set(positionKey(pos), positionValue(f.Log, f.Seq)); err != nil {
		return err
	}
	p.pos = pos
	p.heads[f.Log] = head{f.Seq, f.Hash()}
	p.frames = append(p.frames, ringed{pos, *f})
	return nil
}

// conflict tells whether the frame that stands in the way is this very one.
func (j *Journal) conflict(p *pending, f *journal.Frame, h head) error {
	if f.Seq > h.seq {
		return &journal.Conflict{Head: h.seq}
	}
	item, err := p.txn.Get(frameKey(f.Log, f.Seq))
	if err != nil {
		return &journal.Damaged{Log: f.Log, Seq: f.Seq}
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	there, _, err := decode(f.Log, f.Seq, value)
	if err != nil {
		return err
	}
	if there.ID == f.ID {
		return errHave
	}
	return &journal.Conflict{Head: h.seq}
}

// head is a log's last frame and its hash, from memory or from disk.
func (j *Journal) head(log id.Log) (head, error) {
	if h, ok := j.heads[log]; ok {
		return h, nil
	}
	h := head{}
	err := j.db.View(func(txn *badger.Txn) error {
		f, hash, err := lastFrame(txn, log)
		if err == nil {
			h = head{f.Seq, hash}
		}
		return err
	})
	if err == nil {
		j.heads[log] = h
	}
	return h, err
}

// announce puts the new frames where followers find them, and wakes those.
func (j *Journal) announce(p *pending) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range p.frames {
		j.ring[r.pos%ringSize] = r
	}
	j.pos.Store(p.pos)
	close(j.woken)
	j.woken = make(chan struct{})
}

// room refuses what would take the disk below its reserve. The file system is asked now and then, not for each commit.
func (j *Journal) room(size int) error {
	j.written += int64(size)
	if time.Since(j.looked) < lookEvery && j.written < lookAfter {
		return j.space
	}
	n, err := j.o.Free(j.dir)
	if err != nil {
		return fmt.Errorf("%w: free space: %w", journal.ErrUnavailable, err)
	}
	j.looked, j.written = time.Now(), 0
	was := j.space
	j.space = nil
	if n < j.o.Reserve {
		j.space = journal.ErrNoSpace
	}
	if (was == nil) != (j.space == nil) {
		j.o.Log.Warn("journal: disk", "below its reserve", j.space != nil, "free_mib", n>>20)
	}
	return j.space
}
