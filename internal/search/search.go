// Package search finds what was said, by any part of it: one character, half a word, a door, the first letters of a sentence.
//
// It keeps the folded text of each room in memory, in one run, and reads through it, newest first. There is no index that could
// miss a word: Chinese has no spaces to cut at. A room is read from the views when somebody first searches it and follows the log's
// batches from then on. Nothing lies on disk.
package search

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"

	"linli/internal/entry"
	"linli/internal/id"
)

// Source is where a room's text comes from.
type Source interface {
	// Items calls f with every item of a room as sent, in order.
	Items(room id.Room, f func(item []byte) error) error
}

// Index is the text of rooms. It is safe for any number of goroutines.
type Index struct {
	source Source
	mu     sync.Mutex
	rooms  map[id.Room]*text
}

// New is an index that has read nothing yet.
func New(source Source) *Index { return &Index{source: source, rooms: map[id.Room]*text{}} }

// text is what was said in one room.
type text struct {
	loading sync.Mutex // one reads it from the source at a time

	mu     sync.RWMutex
	ready  bool
	queued [][]byte // items that came while it was read
	run    []byte   // all texts, each followed by its initials
	said   []said   // in order of seq
	people []id.Person
	number map[id.Person]uint32
}

// said is one item's place in the run.
type said struct {
	seq        entry.Seq
	at         int64
	by         uint32
	lane       uint8
	start      uint32
	split, end uint32 // the text ends, and its initials
}

var lanes = []string{"", "chat", "notice", "request"}

// Apply takes the items of a batch. A room that nobody has searched yet is left for when somebody does.
func (x *Index) Apply(room id.Room, items [][]byte) {
	x.mu.Lock()
	t := x.rooms[room]
	x.mu.Unlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ready {
		t.queued = append(t.queued, items...)
		return
	}
	for _, item := range items {
		t.put(item)
	}
}

// room is a room's text, read when it was not. seen waits until the source has all that was applied before now.
func (x *Index) room(r id.Room, seen func(id.Room) error) (*text, error) {
	x.mu.Lock()
	t := x.rooms[r]
	if t == nil {
		t = &text{number: map[id.Person]uint32{}}
		x.rooms[r] = t // from here on nothing that is applied is lost
	}
	x.mu.Unlock()
	t.mu.RLock()
	ready := t.ready
	t.mu.RUnlock()
	if ready {
		return t, nil
	}
	t.loading.Lock()
	defer t.loading.Unlock()
	if t.ready { // written under loading and mu: this is enough to read it
		return t, nil
	}
	if err := seen(r); err != nil {
		return nil, err
	}
	fresh := &text{number: map[id.Person]uint32{}}
	if err := x.source.Items(r, func(item []byte) error { fresh.put(item); return nil }); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run, t.said, t.people, t.number = fresh.run, fresh.said, fresh.people, fresh.number
	for _, item := range t.queued {
		t.put(item)
	}
	t.queued, t.ready = nil, true
	return t, nil
}

// sent is what is read of an item as sent (wire.Item): no more than is sought.
type sent struct {
	Seq   entry.Seq       `json:"seq"`
	Kind  string          `json:"kind"`
	By    id.Person       `json:"by"`
	At    int64           `json:"at"`
	O     json.RawMessage `json:"o"`
	Words json.RawMessage `json:"words"`
}

// put adds an item or replaces it.
func (t *text) put(item []byte) {
	var w sent
	if json.Unmarshal(item, &w) != nil || w.Kind == "joined" {
		return
	}
	s := said{seq: w.Seq, at: w.At, by: t.person(w.By), start: uint32(len(t.run))}
	for i, lane := range lanes[1:] {
		if bytes.Contains(w.O, []byte(`"`+lane+`"`)) {
			s.lane = uint8(i + 1)
		}
	}
	words := fold(textOf(&w))
	at, there := slices.BinarySearchFunc(t.said, w.Seq, func(s said, seq entry.Seq) int { return cmp.Compare(s.seq, seq) })
	if there {
		old := t.said[at]
		if string(t.run[old.start:old.split]) == words {
			return // a state that changed says nothing new
		}
		clear(t.run[old.start:old.end]) // what was taken back is not kept here either
	}
	t.run = append(t.run, words...)
	s.split = uint32(len(t.run))
	t.run = append(t.run, initials(words)...)
	s.end = uint32(len(t.run))
	if there {
		t.said[at] = s
	} else {
		t.said = slices.Insert(t.said, at, s)
	}
}

func (t *text) person(p id.Person) uint32 {
	n, ok := t.number[p]
	if !ok {
		n = uint32(len(t.people))
		t.number[p], t.people = n, append(t.people, p)
	}
	return n
}

// textOf is all that somebody wrote into an item, whatever its kind: the strings of its words.
func textOf(w *sent) string {
	if w.Kind == "text" {
		var words struct{ Text string }
		_ = json.Unmarshal(w.Words, &words) // forgotten words are none
		return words.Text
	}
	var words any
	if len(w.Words) == 0 || json.Unmarshal(w.Words, &words) != nil {
		return ""
	}
	var parts []string
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case string:
			parts = append(parts, v)
		case []any:
			for _, e := range v {
				collect(e)
			}
		case map[string]any:
			for _, k := range sortedKeys(v) {
				collect(v[k])
			}
		}
	}
	collect(words)
	return strings.Join(parts, " ")
}

// sortedKeys has a title first: it is what one remembers.
func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if (a == "title") != (b == "title") {
			return cmp.Compare(b, "title") - cmp.Compare(a, "title")
		}
		return cmp.Compare(a, b)
	})
	return keys
}

// Room is where somebody may search: from when on they may read it (ms), and how people are called there.
type Room struct {
	ID     id.Room
	Since  int64
	NameOf func(id.Person) string
}

// Query is what is sought. Terms stand apart by spaces; all have to be found, in the text, in its initials, or in the author's name.
type Query struct {
	Text     string
	By       id.Person // only of this person
	From, To int64     // ms; To is not in it; 0 for no bound
	Lane     string    // only of this lane; counts are of all
	After    Hit       // only what stands behind this one, for the next page
	Limit    int
}

// Hit is where something was said.
type Hit struct {
	Room id.Room   `json:"room"`
	Seq  entry.Seq `json:"seq"`
	At   int64     `json:"at"`
}

// Found is the newest hits, and how many there are of each lane ("" for all).
type Found struct {
	Hits   []Hit
	Counts map[string]int
	More   bool
}

// Find searches rooms side by side. seen has to wait until the source has what was said in a room up to now.
func (x *Index) Find(ctx context.Context, rooms []Room, q Query, seen func(id.Room) error) (Found, error) {
	f := finder{q: q, terms: strings.Fields(fold(q.Text)), found: Found{Counts: map[string]int{}}}
	if len(f.terms) == 0 {
		return f.found, nil
	}
	work := make(chan Room)
	var hands sync.WaitGroup
	for range min(len(rooms), runtime.GOMAXPROCS(0)) {
		hands.Go(func() {
			for r := range work {
				f.room(x, r, seen)
			}
		})
	}
	for _, r := range rooms {
		if ctx.Err() != nil {
			break
		}
		work <- r
	}
	close(work)
	hands.Wait()
	if err := cmp.Or(f.err, ctx.Err()); err != nil {
		return Found{}, err
	}
	slices.SortFunc(f.found.Hits, newest)
	if len(f.found.Hits) > q.Limit {
		f.found.Hits, f.found.More = f.found.Hits[:q.Limit], true
	}
	return f.found, nil
}

// newest orders hits of all rooms.
func newest(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Room, b.Room), cmp.Compare(b.Seq, a.Seq))
}

type finder struct {
	q     Query
	terms []string
	mu    sync.Mutex
	found Found
	err   error
}

func (f *finder) room(x *Index, r Room, seen func(id.Room) error) {
	t, err := x.room(r.ID, seen)
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.err = cmp.Or(f.err, err)
		return
	}
	counts := make([]int, len(lanes))
	var hits []Hit
	t.mu.RLock()
	match := t.matcher(f.terms, r.NameOf)
	for i := len(t.said) - 1; i >= 0; i-- {
		s := &t.said[i]
		if !f.within(s, t, r.Since) || !match(s) {
			continue
		}
		counts[s.lane]++
		h := Hit{r.ID, s.seq, s.at}
		if len(hits) <= f.q.Limit && (f.q.Lane == "" || lanes[s.lane] == f.q.Lane) && (f.q.After == Hit{} || newest(f.q.After, h) < 0) {
			hits = append(hits, h)
		}
	}
	t.mu.RUnlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found.Hits = append(f.found.Hits, hits...)
	for i, n := range counts {
		if n > 0 {
			f.found.Counts[""] += n
			if i > 0 {
				f.found.Counts[lanes[i]] += n
			}
		}
	}
}

func (f *finder) within(s *said, t *text, since int64) bool {
	return s.end > s.start && s.at >= since && s.at >= f.q.From && (f.q.To == 0 || s.at < f.q.To) &&
		(f.q.By == "" || t.people[s.by] == f.q.By)
}

// matcher tells whether an item has all terms. Whose names have a term is found out once.
func (t *text) matcher(terms []string, nameOf func(id.Person) string) func(*said) bool {
	type term struct {
		text    []byte
		spelled bool
		authors []bool
	}
	list := make([]term, len(terms))
	for i, words := range terms {
		list[i] = term{text: []byte(words), spelled: spelled(words), authors: make([]bool, len(t.people))}
		for n, p := range t.people {
			name := fold(nameOf(p))
			list[i].authors[n] = strings.Contains(name, words)
		}
	}
	return func(s *said) bool {
		for i := range list {
			l := &list[i]
			if !bytes.Contains(t.run[s.start:s.split], l.text) && !l.authors[s.by] &&
				(!l.spelled || !bytes.Contains(t.run[s.split:s.end], l.text)) {
				return false
			}
		}
		return true
	}
}

// Has tells whether one item as sent would be found by a text: all of its terms in what was written, in its initials, or in the
// author's name.
func Has(item []byte, author, text string) bool {
	var w sent
	if json.Unmarshal(item, &w) != nil {
		return false
	}
	words, name := fold(textOf(&w)), fold(author)
	short := initials(words)
	for _, term := range strings.Fields(fold(text)) {
		if !strings.Contains(words, term) && !strings.Contains(name, term) && (!spelled(term) || !strings.Contains(short, term)) {
			return false
		}
	}
	return true
}

// Size is how many items are held, and in how many bytes.
func (x *Index) Size() (items, bytes int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, t := range x.rooms {
		t.mu.RLock()
		items, bytes = items+len(t.said), bytes+cap(t.run)+cap(t.said)*48
		t.mu.RUnlock()
	}
	return items, bytes
}
