package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/id"
	"linli/internal/journal"
)

// batch is a commit in the making: one transaction, and what will be true when it is on disk.
type batch struct {
	j       *Journal
	txn     *badger.Txn
	heads   map[id.Log]head
	frames  []stored
	removed []place // redacted
	pos     uint64
	rev     uint64
	wrote   bool
	err     error // a write was refused, so none may stand
}

// commit writes works in one transaction and says in each what came of it. A work that is refused (a conflict) does not keep
// the others away; when the transaction as a whole fails, all of them are told so, since they were judged by one another.
func (j *Journal) commit(works []*work) {
	if j.broken.Load() {
		j.refuseAfterFailure(works)
		return
	}
	works = slices.DeleteFunc(works, func(w *work) bool {
		w.err = j.disk.room(w.size, w.vital)
		return w.err != nil
	})
	j.store(works)
}

// store is commit for what there is room for.
func (j *Journal) store(works []*work) {
	b := &batch{j: j, txn: j.db.NewTransaction(true), heads: map[id.Log]head{}, pos: j.pos.Load(), rev: j.rev}
	defer b.txn.Discard()
	for _, w := range works {
		w.err = b.put(w)
	}
	b.seal()
	switch {
	case errors.Is(b.err, badger.ErrTxnTooBig) && len(works) > 1:
		half := len(works) / 2
		j.store(works[:half])
		j.store(works[half:])
	case b.err != nil:
		refuse(works, unavailable(b.err))
		j.log.Error("journal: nothing of a batch was stored", "err", b.err)
	case b.wrote:
		if err := j.write(b.txn); err != nil {
			j.fail(b, works, err)
			return
		}
		j.rev = b.rev
		j.heads.move(b.heads)
		j.announce(b)
	}
}

func refuse(works []*work, err error) {
	for _, w := range works {
		w.err = err
	}
}

func (b *batch) set(e *badger.Entry) {
	if b.err == nil {
		b.wrote = true
		b.err = b.txn.SetEntry(e)
	}
}

func (b *batch) remove(key []byte) {
	if b.err == nil {
		b.wrote = true
		b.err = b.txn.Delete(key)
	}
}

// put writes a work, or returns why not before it wrote anything.
func (b *batch) put(w *work) (err error) {
	defer unreadable(&err)
	if w.frame != nil {
		return b.putFrame(*w.frame)
	}
	return w.change(b)
}

// head is a log's, with what this batch has put behind it.
func (b *batch) head(log id.Log) (head, error) {
	if h, ok := b.heads[log]; ok {
		return h, nil
	}
	h, err := b.j.heads.at(b.j, b.j.look, log)
	if err == nil {
		b.j.heads.note(log, h) // what a failed commit leaves in Badger's memory must not be taken for it
	}
	return h, err
}

func (b *batch) putFrame(f journal.Frame) error {
	h, err := b.head(f.Log)
	if err != nil {
		return err
	}
	if h.seq != f.Seq-1 || f.Seq == 0 {
		return b.conflict(&f, h.seq)
	}
	f.Prev = h.hash
	b.land(f)
	return nil
}

// land writes a frame that fits behind its log's head.
func (b *batch) land(f journal.Frame) {
	hash := f.Link()
	b.pos++
	b.set(badger.NewEntry(frameKey(f.Log, f.Seq), encode(&f, hash)))
	b.set(badger.NewEntry(positionKey(b.pos), positionValue(f.Log, f.Seq)))
	if f.Gone {
		b.set(badger.NewEntry(goneKey(f.Log, f.Seq), nil))
	}
	b.heads[f.Log] = head{f.Seq, hash}
	b.frames = append(b.frames, stored{b.pos, f, hash})
}

// conflict tells whether the frame that stands in the way is this very one: then it is nil, success.
func (b *batch) conflict(f *journal.Frame, head journal.Seq) error {
	if f.Seq == 0 || f.Seq > head {
		return &journal.Conflict{Head: head}
	}
	there, _, err := b.j.frameAt(b.txn, f.Log, f.Seq)
	if err != nil {
		return err
	}
	if there.ID != f.ID {
		return &journal.Conflict{Head: head}
	}
	return nil
}

// seal writes what is written once for a batch.
func (b *batch) seal() {
	for log, h := range b.heads {
		b.set(badger.NewEntry(headKey(log), headValue(h)))
	}
	if b.rev != b.j.rev {
		b.set(badger.NewEntry(revKey, binary.BigEndian.AppendUint64(nil, b.rev)))
	}
}

// announce puts the new frames where followers find them, and wakes those.
func (j *Journal) announce(b *batch) {
	j.live.mu.Lock()
	defer j.live.mu.Unlock()
	for _, s := range b.frames {
		j.live.put(s)
	}
	for _, p := range b.removed {
		j.live.remove(p)
	}
	if b.pos != j.pos.Load() {
		j.pos.Store(b.pos)
		close(j.live.woken)
		j.live.woken = make(chan struct{})
	}
}

// fail ends all writing: after a failed sync the system may call pages clean that never reached the disk.
func (j *Journal) fail(b *batch, works []*work, err error) {
	if errors.Is(err, badger.ErrBlockedWrites) || errors.Is(err, badger.ErrTxnTooBig) {
		refuse(works, unavailable(err)) // refused at the door
		return
	}
	j.log.Error("journal: a commit failed; nothing more is stored until the program starts again", "err", err)
	j.broken.Store(true)
	for _, s := range b.frames {
		j.open[place{s.frame.Log, s.frame.Seq}] = s.frame.ID
	}
	refuse(works, fmt.Errorf("%w: %w", journal.ErrUnknown, err))
}

func (j *Journal) refuseAfterFailure(works []*work) {
	for _, w := range works {
		w.err = fmt.Errorf("%w: a commit has failed", journal.ErrUnavailable)
		if f := w.frame; f != nil {
			if name, open := j.open[place{f.Log, f.Seq}]; open && name == f.ID {
				w.err = fmt.Errorf("%w: a commit has failed", journal.ErrUnknown)
			}
		}
	}
}
