package view

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/wire"
)

// Limits of one look back at a room: who was away for a year is told of the latest, not of all.
const (
	mostChanges = 5000 // keys of the index of changes
	mostFetched = 300  // items read for it
)

// EachLive calls f with the items of a room that want something of somebody, oldest first, and what else was kept of each: those
// that this person may read. f must keep neither.
func (v *View) EachLive(room id.Room, who Who, f func(seq entry.Seq, sent, kept []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		may, err := v.reach(txn, room, who)
		if err != nil {
			return err
		}
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchValues = live(room), false
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			seq := tail(it.Item().Key())
			if !may(seq) {
				continue
			}
			if err := with(txn, room, seq, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// EachChanged calls f with the items of a room that something was done to after ch `after`, the one changed last first: at most
// mostFetched of those this person may read, but for what they did last themselves. An item that was only posted is not among them.
// f must keep neither.
func (v *View) EachChanged(room id.Room, who Who, person id.Person, after entry.Seq, f func(seq entry.Seq, sent, kept []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		may, err := v.reach(txn, room, who)
		if err != nil {
			return err
		}
		it := reverse(txn, changed(room))
		defer it.Close()
		keys, fetched := 0, 0
		for it.Seek(number(changed(room), ^entry.Seq(0))); it.Valid() && keys < mostChanges && fetched < mostFetched; it.Next() {
			keys++
			k := it.Item().Key()
			seq, ch := tail(k), tail(k[:len(k)-8])
			if ch <= after {
				break
			}
			if seq == ch || !may(seq) {
				continue
			}
			own := false
			if err := it.Item().Value(func(by []byte) error { own = id.Person(by) == person; return nil }); err != nil {
				return err
			}
			if own {
				continue
			}
			fetched++
			if err := with(txn, room, seq, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// EachLatest calls f with the newest items of a lane, the newest first: at most `limit` of those this person may read. f must keep
// neither what was sent nor kept.
func (v *View) EachLatest(room id.Room, who Who, l string, limit int, f func(seq entry.Seq, sent, kept []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		floor, err := v.floor(txn, room, who.Since)
		if err != nil {
			return err
		}
		it := reverse(txn, lane(room, l))
		defer it.Close()
		for it.Seek(number(lane(room, l), ^entry.Seq(0))); it.Valid() && limit > 0; it.Next() {
			seq := tail(it.Item().Key())
			if seq < floor {
				break
			}
			limit--
			if err := with(txn, room, seq, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// EachCall calls f with the items after a seq that call a person, alone or with everybody, the newest first: at most `limit` of
// each. f must keep neither what was sent nor kept.
func (v *View) EachCall(room id.Room, who Who, person id.Person, after entry.Seq, limit int, f func(seq entry.Seq, sent, kept []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		may, err := v.reach(txn, room, who)
		if err != nil {
			return err
		}
		var seqs []entry.Seq
		for _, p := range []id.Person{person, everybody} {
			seqs = append(seqs, callsSince(txn, room, p, after, limit)...)
		}
		slices.Sort(seqs)
		seqs = slices.Compact(seqs)
		slices.Reverse(seqs)
		for _, seq := range seqs {
			if !may(seq) {
				continue
			}
			if err := with(txn, room, seq, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func callsSince(txn *badger.Txn, room id.Room, p id.Person, after entry.Seq, limit int) (seqs []entry.Seq) {
	it := reverse(txn, calls(room, p))
	defer it.Close()
	for it.Seek(number(calls(room, p), ^entry.Seq(0))); it.Valid() && len(seqs) < limit; it.Next() {
		seq := tail(it.Item().Key())
		if seq <= after {
			break
		}
		seqs = append(seqs, seq)
	}
	return seqs
}

// Newest calls f with the items of a lane after a seq, the newest first, at most `limit`: those that this person may read.
func (v *View) Newest(room id.Room, who Who, lane string, after entry.Seq, limit int, f func(seq entry.Seq, sent []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		floor, err := v.floor(txn, room, who.Since)
		if err != nil {
			return err
		}
		found, _, err := backwards(txn, room, lane, max(floor, after+1), ^entry.Seq(0), limit)
		if err != nil {
			return err
		}
		for _, s := range slices.Backward(found) {
			if err := f(s.seq, s.item); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unread is the first item after a seq that may be unread for a person: another's, and not taken back; 0 when there is none.
func (v *View) Unread(room id.Room, person id.Person, after entry.Seq) (seq entry.Seq, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		found, err := forwards(txn, room, "", after, mostFetched)
		for _, s := range found {
			by, gone, err := authorOf(s.item)
			if err != nil {
				return err
			}
			if by != person && !gone {
				seq = s.seq
				break
			}
		}
		return err
	})
	return seq, err
}

// with looks at an item and what else was kept of it, where they lie.
func with(txn *badger.Txn, room id.Room, seq entry.Seq, f func(seq entry.Seq, sent, kept []byte) error) error {
	return peek(txn, number(items(room), seq), func(sent []byte) error {
		if sent == nil {
			return nil
		}
		return peek(txn, number(cards(room), seq), func(kept []byte) error { return f(seq, sent, kept) })
	})
}

// peek looks at a value without copying it; nil when there is none.
func peek(txn *badger.Txn, k []byte, f func(value []byte) error) error {
	item, err := txn.Get(k)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return f(nil)
	}
	if err != nil {
		return err
	}
	return item.Value(f)
}

// authorOf is who posted an item as sent, and whether it was taken back.
func authorOf(sent []byte) (by id.Person, gone bool, err error) {
	var item struct {
		By    id.Person
		State wire.Flags
	}
	err = json.Unmarshal(sent, &item)
	return item.By, item.State.Retracted, err
}

// Spared is how many items of each lane, behind so many and up to so many, are never unread for a person: their own, and what was taken
// back.
func (v *View) Spared(room id.Room, person id.Person, read, heads map[string]uint64) (map[string]uint64, error) {
	n := map[string]uint64{}
	err := v.db.View(func(txn *badger.Txn) error {
		for l, head := range heads {
			if head <= read[l] {
				continue
			}
			for _, who := range []id.Person{person, everybody} {
				n[l] += countOf(txn, spared(room, who, l), read[l], head)
			}
		}
		return nil
	})
	return n, err
}

// countOf is how many keys end with a number behind one and up to another.
func countOf(txn *badger.Txn, prefix []byte, after, upTo uint64) (n uint64) {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = prefix, false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(number(slices.Clone(prefix), entry.Seq(after+1))); it.Valid() && uint64(tail(it.Item().Key())) <= upTo; it.Next() {
		n++
	}
	return n
}
