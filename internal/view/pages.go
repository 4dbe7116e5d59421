package view

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/wire"
)

const (
	// MaxPage is how many items one page holds.
	MaxPage = 100
	// NewestPage is how many items a reset brings.
	NewestPage = 50
	// MaxResume is how many changed items a resume brings; beyond it a reset is shorter.
	MaxResume = 300
)

// Span says which items a page has: the newest before a seq, the oldest after one, those around one or around the first of a time
// (ms), or the newest of all.
type Span struct {
	Before, After, Around entry.Seq
	Onward                bool // the oldest after After, also when that is 0: from the beginning
	At                    int64
	Limit                 int
	Lane                  string // only items of this lane; empty for all
}

// Who reads: from when on they may read what was posted (ms; 0 for all; pinned items are for everybody), and what they see of an
// item for themselves (a wire.Mine; nil for nothing), made of what is sent and what else was kept of it.
type Who struct {
	Since int64
	Mine  func(sent, kept []byte) ([]byte, error)
}

// Page is a page of a room as this person may see it, encoded.
func (v *View) Page(room id.Room, who Who, span Span) (page []byte, err error) {
	if span.Limit <= 0 {
		span.Limit = NewestPage
	}
	span.Limit = min(span.Limit, MaxPage)
	err = v.db.View(func(txn *badger.Txn) error {
		d, err := newPieces(txn, room)
		if err != nil {
			return err
		}
		floor, err := v.floor(txn, room, who.Since)
		if err != nil {
			return err
		}
		if span.At > 0 {
			if span.Around, err = v.floor(txn, room, span.At); err != nil {
				return err
			}
			span.Around = max(span.Around, floor)
		}
		var found []stored
		switch {
		case span.Around > 0:
			var older, newer []stored
			if older, d.First, err = backwards(txn, room, span.Lane, floor, span.Around+1, span.Limit/2+1); err == nil {
				newer, err = forwards(txn, room, span.Lane, max(span.Around, floor-1), span.Limit/2)
			}
			found = append(older, newer...)
		case span.Onward || span.After > 0:
			d.First = span.After < floor
			found, err = forwards(txn, room, span.Lane, max(span.After, floor-1), span.Limit)
		default:
			if span.Before == 0 {
				span.Before = ^entry.Seq(0)
			}
			found, d.First, err = backwards(txn, room, span.Lane, floor, span.Before, span.Limit)
		}
		if err != nil {
			return err
		}
		page, err = v.finish(txn, d, who, found, nil)
		return err
	})
	return page, err
}

// One is a page with one item; fault.NotFound when there is no item of this seq for this person.
func (v *View) One(room id.Room, who Who, seq entry.Seq) (page []byte, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		item, err := v.one(txn, room, who, seq)
		if err != nil {
			return err
		}
		d, err := newPieces(txn, room)
		if err != nil {
			return err
		}
		page, err = v.finish(txn, d, who, []stored{{seq, item}}, nil)
		return err
	})
	return page, err
}

// Sent is an item as this person may read it; fault.NotFound when there is none for them.
func (v *View) Sent(room id.Room, who Who, seq entry.Seq) (item []byte, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		item, err = v.one(txn, room, who, seq)
		return err
	})
	return item, err
}

func (v *View) one(txn *badger.Txn, room id.Room, who Who, seq entry.Seq) ([]byte, error) {
	may, err := v.reach(txn, room, who)
	if err != nil {
		return nil, err
	}
	item, err := get(txn, number(items(room), seq))
	if err == nil && (item == nil || !may(seq)) {
		err = fault.New(fault.NotFound, "there is no such message")
	}
	return item, err
}

// Resume is what changed in a room since ch `after`, for this person: each changed item once, as it is now. After 0, when more than
// MaxResume changed, or after what has not happened here (the log was put back), it is a reset with the newest items and the pinned ones.
func (v *View) Resume(room id.Room, who Who, after entry.Seq) (delivery []byte, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		d, err := newPieces(txn, room)
		if err != nil {
			return err
		}
		d.After = &after
		seqs, ok := []entry.Seq(nil), false
		if after > 0 && after <= d.Seq {
			seqs, ok = changedSince(txn, room, after)
		}
		if !ok {
			d.Reset = true
			floor, err := v.floor(txn, room, who.Since)
			if err != nil {
				return err
			}
			found, first, err := backwards(txn, room, "", floor, ^entry.Seq(0), NewestPage)
			if err != nil {
				return err
			}
			d.First = first
			delivery, err = v.finish(txn, d, who, found, nil)
			return err
		}
		may, err := v.reach(txn, room, who)
		if err != nil {
			return err
		}
		var found, sets []stored
		for _, seq := range slices.DeleteFunc(seqs, func(seq entry.Seq) bool { return !may(seq) }) {
			item, err := get(txn, number(items(room), seq))
			if err != nil {
				return err
			}
			if seq > after {
				found = append(found, stored{seq, item})
			} else {
				sets = append(sets, stored{seq, item})
			}
		}
		for p, n := range v.renamedSince(room, after) {
			_ = p
			d.People = append(d.People, n)
		}
		delivery, err = v.finish(txn, d, who, found, sets)
		return err
	})
	return delivery, err
}

// People are the display names of a room's people, encoded, one by one.
func (v *View) People(room id.Room) [][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := make([][]byte, 0, len(v.names[room]))
	for _, n := range v.names[room] {
		list = append(list, n.wire)
	}
	return list
}

// Name is how a room knows a person, as sent; nil when it does not.
func (v *View) Name(room id.Room, person id.Person) []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.names[room][person].wire
}

// NameOf is the display name of a person in a room.
func (v *View) NameOf(room id.Room, person id.Person) (n wire.Name, ok bool) {
	b := v.Name(room, person)
	return n, b != nil && json.Unmarshal(b, &n) == nil
}

// Item is an item as sent, and what else was kept of it; fault.NotFound when there is none.
func (v *View) Item(room id.Room, seq entry.Seq) (sent, kept []byte, err error) {
	if sent, err = v.value(number(items(room), seq)); err != nil {
		return nil, nil, err
	}
	if sent == nil {
		return nil, nil, fault.New(fault.NotFound, "there is no such message")
	}
	kept, err = v.value(number(cards(room), seq))
	return sent, kept, err
}

// Ordinals are how far each lane has come at a seq.
func (v *View) Ordinals(room id.Room, lanes []string, at entry.Seq) (map[string]uint64, error) {
	ordinals := map[string]uint64{}
	err := v.db.View(func(txn *badger.Txn) error {
		for _, l := range lanes {
			it := reverse(txn, lane(room, l))
			if it.Seek(number(lane(room, l), at)); it.Valid() {
				if err := it.Item().Value(func(b []byte) error {
					ordinals[l] = binary.BigEndian.Uint64(b)
					return nil
				}); err != nil {
					it.Close()
					return err
				}
			}
			it.Close()
		}
		return nil
	})
	return ordinals, err
}

// Items calls f with every item of a room as sent, in order; f must not keep it.
func (v *View) Items(room id.Room, f func(item []byte) error) error {
	return v.db.View(func(txn *badger.Txn) error {
		return each(txn, items(room), func(_, item []byte) error { return f(item) })
	})
}

// Called is the first item after a seq by which another calls a person, alone or with everybody, and that was not taken back; 0 when there is none.
func (v *View) Called(room id.Room, person id.Person, after entry.Seq) (first entry.Seq, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		for _, p := range []id.Person{person, everybody} {
			seq, err := calledAfter(txn, room, p, person, after)
			if err != nil {
				return err
			}
			if seq != 0 && (first == 0 || seq < first) {
				first = seq
			}
		}
		return nil
	})
	return first, err
}

func calledAfter(txn *badger.Txn, room id.Room, person, reader id.Person, after entry.Seq) (entry.Seq, error) {
	prefix := calls(room, person)
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = prefix, false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(number(slices.Clone(prefix), after+1)); it.Valid(); it.Next() {
		seq := tail(it.Item().Key())
		item, err := get(txn, number(items(room), seq))
		if err != nil {
			return 0, err
		}
		if item == nil {
			continue
		}
		if by, gone, err := authorOf(item); err == nil && by != reader && !gone {
			return seq, nil
		}
	}
	return 0, nil
}

// Last is the newest item of a room as sent; nil when it has none.
func (v *View) Last(room id.Room) (item []byte, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		found, _, err := backwards(txn, room, "", 0, ^entry.Seq(0), 1)
		if len(found) > 0 {
			item = found[0].item
		}
		return err
	})
	return item, err
}

// Floor is the first item of a room that was posted at or after a time (ms); one more than the last when none was.
func (v *View) Floor(room id.Room, since int64) (seq entry.Seq, err error) {
	err = v.db.View(func(txn *badger.Txn) error {
		seq, err = v.floor(txn, room, since)
		return err
	})
	return seq, err
}

// floor searches by halves: items stand in order of their times.
func (v *View) floor(txn *badger.Txn, room id.Room, since int64) (entry.Seq, error) {
	if since <= 0 {
		return 1, nil
	}
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = items(room), false
	it := txn.NewIterator(o)
	defer it.Close()
	last, err := head(txn, room)
	if err != nil {
		return 0, err
	}
	low, high := entry.Seq(1), last+1 // what is sought is in [low, high]
	for low < high {
		middle := low + (high-low)/2
		it.Seek(number(items(room), middle))
		if !it.Valid() {
			high = middle
			continue
		}
		at := int64(0)
		if err := it.Item().Value(func(b []byte) error { at = timeOf(b); return nil }); err != nil {
			return 0, err
		}
		if at >= since {
			high = middle
		} else {
			low = tail(it.Item().Key()) + 1
		}
	}
	return low, nil
}

// timeOf is when an item was posted (ms). What is encoded in front of it (wire.Item) holds no text of anybody's.
func timeOf(item []byte) (ms int64) {
	_, rest, _ := bytes.Cut(item, []byte(`"at":`))
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		ms = ms*10 + int64(c-'0')
	}
	return ms
}

// Days are those of the n days of 24 hours from a time on (ms) on which something was posted that this person may read, counted
// from 0. It costs a search by halves for each day, whatever lies between.
func (v *View) Days(room id.Room, who Who, from int64, n int) (days []int, err error) {
	const day = 24 * 60 * 60 * 1000
	err = v.db.View(func(txn *badger.Txn) error {
		for d := 0; d < n; d++ {
			seq, err := v.floor(txn, room, max(from+int64(d)*day, who.Since, 1))
			if err != nil {
				return err
			}
			found, err := forwards(txn, room, "", seq-1, 1)
			if err != nil || len(found) == 0 {
				return err
			}
			if d = int((timeOf(found[0].item) - from) / day); d < n {
				days = append(days, d)
			}
		}
		return nil
	})
	return days, err
}

// reach tells which items a person may read: what was posted since their time, and what is pinned.
func (v *View) reach(txn *badger.Txn, room id.Room, who Who) (func(entry.Seq) bool, error) {
	floor, err := v.floor(txn, room, who.Since)
	if err != nil {
		return nil, err
	}
	pins, err := pinned(txn, room)
	return func(seq entry.Seq) bool { return seq >= floor || slices.Contains(pins, seq) }, err
}

func pinned(txn *badger.Txn, room id.Room) ([]entry.Seq, error) {
	list := []entry.Seq{}
	b, err := get(txn, keyPins(room))
	if err == nil && b != nil {
		err = json.Unmarshal(b, &list)
	}
	return list, err
}

type stored struct {
	seq  entry.Seq
	item []byte
}

// backwards are the newest items before a seq and not below the floor, oldest first; first when nothing older is left.
func backwards(txn *badger.Txn, room id.Room, l string, floor, before entry.Seq, limit int) (found []stored, first bool, err error) {
	prefix := items(room)
	if l != "" {
		prefix = lane(room, l)
	}
	it := reverse(txn, prefix)
	defer it.Close()
	for it.Seek(number(slices.Clone(prefix), before-1)); it.Valid() && tail(it.Item().Key()) >= floor; it.Next() {
		if len(found) == limit {
			slices.Reverse(found)
			return found, false, nil
		}
		if found, err = take(txn, room, l, it.Item(), found); err != nil {
			return nil, false, err
		}
	}
	slices.Reverse(found)
	return found, true, nil
}

// forwards are the oldest items after a seq.
func forwards(txn *badger.Txn, room id.Room, l string, after entry.Seq, limit int) (found []stored, err error) {
	prefix := items(room)
	if l != "" {
		prefix = lane(room, l)
	}
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = prefix, false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(number(slices.Clone(prefix), after+1)); it.Valid() && len(found) < limit; it.Next() {
		if found, err = take(txn, room, l, it.Item(), found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func take(txn *badger.Txn, room id.Room, l string, at *badger.Item, found []stored) ([]stored, error) {
	seq := tail(at.Key())
	var item []byte
	var err error
	if l == "" {
		item, err = at.ValueCopy(nil)
	} else {
		item, err = get(txn, number(items(room), seq))
	}
	return append(found, stored{seq, item}), err
}

// reverse iterates from the end. Values lie in the tree, beside their keys: reading them ahead would only read more of them.
func reverse(txn *badger.Txn, prefix []byte) *badger.Iterator {
	o := badger.DefaultIteratorOptions
	o.Reverse, o.Prefix, o.PrefetchValues = true, prefix, false
	return txn.NewIterator(o)
}

func get(txn *badger.Txn, k []byte) ([]byte, error) {
	item, err := txn.Get(k)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

// changedSince lists the items changed after ch, each once and in order of seq; not ok when there are too many.
func changedSince(txn *badger.Txn, room id.Room, after entry.Seq) (seqs []entry.Seq, ok bool) {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = changed(room), false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(number(changed(room), after+1)); it.Valid(); it.Next() {
		if len(seqs) == MaxResume {
			return nil, false
		}
		seqs = append(seqs, tail(it.Item().Key()))
	}
	slices.Sort(seqs)
	return slices.Compact(seqs), true
}

// finish adds names, own parts and pins, and encodes.
func (v *View) finish(txn *badger.Txn, d wire.Pieces, who Who, found, sets []stored) ([]byte, error) {
	var err error
	if d.Pins, err = pinned(txn, d.Room); err != nil {
		return nil, err
	}
	if d.Reset {
		if found, err = withPins(txn, d.Room, found, d.Pins); err != nil {
			return nil, err
		}
	}
	for _, f := range found {
		d.New = append(d.New, f.item)
	}
	for _, s := range sets {
		set, err := setOf(s.item)
		if err != nil {
			return nil, err
		}
		d.Set = append(d.Set, set)
	}
	if d.Quotes, err = v.quotes(txn, d.Room, who, found); err != nil {
		return nil, err
	}
	shown := append(slices.Clone(found), sets...)
	if d.Mine, err = mines(txn, d.Room, who, shown); err != nil {
		return nil, err
	}
	speak := slices.Clone(d.Quotes)
	for _, s := range shown {
		speak = append(speak, s.item)
	}
	d.People = append(d.People, v.namesIn(d.Room, speak)...)
	return wire.AppendDelivery(nil, d), nil
}

// quotes are of what the items answer and is not among them, as it is now and as this person may read it.
func (v *View) quotes(txn *badger.Txn, room id.Room, who Who, found []stored) (list [][]byte, err error) {
	var may func(entry.Seq) bool
	seen := map[entry.Seq]bool{0: true}
	for _, f := range found {
		seen[f.seq] = true
	}
	for _, f := range found {
		seq, err := answers(f.item)
		if err != nil {
			return nil, err
		}
		if seen[seq] {
			continue
		}
		seen[seq] = true
		if may == nil {
			if may, err = v.reach(txn, room, who); err != nil {
				return nil, err
			}
		}
		if err := peek(txn, number(items(room), seq), func(sent []byte) error {
			if sent == nil {
				return nil
			}
			quote, err := wire.QuoteOf(sent, may(seq))
			list = append(list, quote)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// answers is the seq of what an item replies to; 0 for most.
func answers(item []byte) (entry.Seq, error) {
	if !bytes.Contains(item, []byte(`"re":`)) {
		return 0, nil
	}
	var w struct{ Re entry.Seq }
	err := json.Unmarshal(item, &w)
	return w.Re, err
}

// mines are the reader's own parts of what is shown.
func mines(txn *badger.Txn, room id.Room, who Who, shown []stored) (list [][]byte, err error) {
	for _, s := range shown {
		kept, err := get(txn, number(cards(room), s.seq))
		if err != nil || kept == nil || who.Mine == nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		mine, err := who.Mine(s.item, kept)
		if err != nil {
			return nil, err
		}
		if mine != nil {
			list = append(list, mine)
		}
	}
	return list, nil
}

// withPins adds the pinned items that the page does not show anyway.
func withPins(txn *badger.Txn, room id.Room, found []stored, pins []entry.Seq) ([]stored, error) {
	for _, seq := range pins {
		if slices.ContainsFunc(found, func(s stored) bool { return s.seq == seq }) {
			continue
		}
		item, err := get(txn, number(items(room), seq))
		if err != nil {
			return nil, err
		}
		if item != nil {
			found = append(found, stored{seq, item})
		}
	}
	slices.SortFunc(found, func(a, b stored) int { return int(a.seq) - int(b.seq) })
	return found, nil
}

// setOf cuts an item down to its state.
func setOf(item []byte) ([]byte, error) {
	var w wire.Item
	if err := json.Unmarshal(item, &w); err != nil {
		return nil, err
	}
	if len(w.State) == 0 {
		w.State = json.RawMessage("{}")
	}
	set := wire.Set{Seq: w.Seq, Ch: w.Ch, State: w.State}
	var flags wire.Flags
	if err := json.Unmarshal(w.State, &flags); err != nil {
		return nil, err
	}
	if flags.Edited != 0 {
		set.Words, set.Sum = w.Words, w.Sum
	}
	return json.Marshal(set)
}

// newPieces begins a page: it goes as far as what it is read from, which may be less than what is in by now.
func newPieces(txn *badger.Txn, room id.Room) (wire.Pieces, error) {
	seq, err := head(txn, room)
	return wire.Pieces{Room: room, Seq: seq}, err
}

func head(txn *badger.Txn, room id.Room) (entry.Seq, error) {
	b, err := get(txn, keyAt(room.Log()))
	if err != nil || len(b) < 16 {
		return 0, err
	}
	return entry.Seq(binary.BigEndian.Uint64(b[8:])), nil
}

func (v *View) renamedSince(room id.Room, after entry.Seq) map[id.Person][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := map[id.Person][]byte{}
	for p, n := range v.names[room] {
		if n.at > after {
			list[p] = n.wire
		}
	}
	return list
}

// Named are the display names of all people that an item, as sent, speaks of.
func (v *View) Named(room id.Room, item []byte) (list []wire.Name, err error) {
	for _, b := range v.namesIn(room, [][]byte{item}) {
		var n wire.Name
		if err := json.Unmarshal(b, &n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// namesIn are the names of all people that items and quotes speak of: whoever's id stands in their bytes as a JSON string.
func (v *View) namesIn(room id.Room, shown [][]byte) [][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list [][]byte
	seen := map[string]bool{}
	for _, b := range shown {
		for {
			at := bytes.Index(b, []byte(`"p`))
			if at < 0 {
				break
			}
			b = b[at+1:]
			end := bytes.IndexByte(b, '"')
			if end < 0 {
				break
			}
			if p := string(b[:end]); !seen[p] {
				seen[p] = true
				if n, ok := v.names[room][id.Person(p)]; ok {
					list = append(list, n.wire)
				}
			}
		}
	}
	return list
}
