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
	"linli/internal/fault"
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
	kinds  []string
}

// said is one item's place in the run.
type said struct {
	seq        entry.Seq
	at         int64
	by         uint32
	lane       uint8
	kind       uint8
	files      bool // it brought some
	gone       bool // taken back or forgotten: nothing finds it
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
	t.run, t.said, t.people, t.number, t.kinds = fresh.run, fresh.said, fresh.people, fresh.number, fresh.kinds
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
	Sum   string          `json:"sum"`
	State json.RawMessage `json:"state"`
}

// state is what is read of an item's state.
type state struct {
	Retracted bool              `json:"retracted"`
	Files     []json.RawMessage `json:"files"`
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
	var now state
	if len(w.State) > 0 && json.Unmarshal(w.State, &now) != nil {
		return
	}
	words := ""
	if !now.Retracted {
		words = fold(textOf(&w))
	}
	s.kind, s.files = t.kindOf(w.Kind), len(now.Files) > 0
	s.gone = now.Retracted || words == "" && !s.files
	at, there := slices.BinarySearchFunc(t.said, w.Seq, func(s said, seq entry.Seq) int { return cmp.Compare(s.seq, seq) })
	if there {
		old := t.said[at]
		if string(t.run[old.start:old.split]) == words {
			t.said[at].gone = s.gone
			return // a state that changed says nothing new
		}
		clear(t.run[old.start:old.end]) // what was taken back is not kept here either
	}
	t.run = append(t.run, words...)
	s.split = uint32(len(t.run))
	t.run = append(t.run, beside(words)...)
	s.end = uint32(len(t.run))
	if there {
		t.said[at] = s
	} else {
		t.said = slices.Insert(t.said, at, s)
	}
}

// beside is what else a folded text is found by: its initials, its doors and its numbers in other ways of writing them.
func beside(words string) []byte {
	b := initials(words)
	b = append(b, doors(words)...)
	return append(b, numbers(words)...)
}

func (t *text) person(p id.Person) uint32 {
	n, ok := t.number[p]
	if !ok {
		n = uint32(len(t.people))
		t.number[p], t.people = n, append(t.people, p)
	}
	return n
}

func (t *text) kindOf(name string) uint8 {
	at := slices.Index(t.kinds, name)
	if at < 0 {
		at, t.kinds = len(t.kinds), append(t.kinds, name)
	}
	return uint8(at) //nolint:gosec // there are few kinds
}

// shown are the parts of a state that are words as people see them: what was asked for, and what was said to it later.
var shown = []string{"template", "category", "note", "rating", "reason", "reply"}

// textOf is all that an item says, whatever its kind: the strings of its words, and of its state those that are shown as words.
func textOf(w *sent) string {
	if w.Kind == "text" {
		var words struct{ Text string }
		_ = json.Unmarshal(w.Words, &words) // forgotten words are none
		return words.Text
	}
	if w.Kind == "sticker" { // it has no words; what it says is its line
		_, says, _ := strings.Cut(w.Sum, "] ")
		return says
	}
	var words any
	var later map[string]any
	_ = json.Unmarshal(w.Words, &words)
	_ = json.Unmarshal(w.State, &later)
	parts := texts(nil, words)
	for _, part := range shown {
		if part == "reply" { // of it only the words: who replied and when is nothing that was said
			reply, _ := later[part].(map[string]any)
			parts = texts(parts, reply["words"])
			continue
		}
		parts = texts(parts, later[part])
	}
	return strings.Join(parts, " ")
}

// texts appends the strings in a value.
func texts(parts []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(parts, v)
	case []any:
		for _, e := range v {
			parts = texts(parts, e)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			parts = texts(parts, v[k])
		}
	}
	return parts
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

// Query is what is sought. Terms stand apart by spaces, a quoted phrase is one term; all have to be found, in the text, in its initials,
// or in the author's name. Without a term, everything that the rest lets through is found: all pictures of somebody.
type Query struct {
	Text     string
	By       id.Person // only of this person
	From, To int64     // ms; To is not in it; 0 for no bound
	Kind     string    // only of this kind
	Files    bool      // only what brought files
	Lane     string    // only of this lane; counts are of all
	After    Hit       // only what stands behind this one, for the next page
	Limit    int
}

// narrow tells whether the query says anything beyond its terms.
func (q *Query) narrow() bool {
	return q.By != "" || q.From != 0 || q.To != 0 || q.Kind != "" || q.Files || q.Lane != ""
}

// Hit is where something was said.
type Hit struct {
	Room id.Room   `json:"room"`
	Seq  entry.Seq `json:"seq"`
	At   int64     `json:"at"`
}

// Found is the newest hits, and how many there are of each lane ("" for all). Without says how many more there would be without one
// of the conditions: by, day, kind, files.
type Found struct {
	Hits    []Hit
	Counts  map[string]int
	Without map[string]int
	More    bool
}

// Find searches rooms side by side. seen has to wait until the source has what was said in a room up to now.
func (x *Index) Find(ctx context.Context, rooms []Room, q Query, seen func(id.Room) error) (Found, error) {
	f := finder{q: q, terms: terms(q.Text), found: Found{Counts: map[string]int{}, Without: map[string]int{}}}
	if len(f.terms) == 0 && (strings.TrimSpace(q.Text) != "" || !q.narrow()) {
		return f.found, nil
	}
	work := make(chan Room)
	var hands sync.WaitGroup
	for range min(len(rooms), runtime.GOMAXPROCS(0)) {
		hands.Go(func() {
			for r := range work {
				if err := fault.Caught(func() error { return f.room(x, r, seen) }); err != nil {
					f.mu.Lock()
					f.err = cmp.Or(f.err, err)
					f.mu.Unlock()
				}
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

func (f *finder) room(x *Index, r Room, seen func(id.Room) error) error {
	t, err := x.room(r.ID, seen)
	if err != nil {
		return err
	}
	hits, counts, without := f.match(t, r)
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
	for i, n := range without {
		if n > 0 {
			f.found.Without[conditions[i]] += n
		}
	}
	return nil
}

// match looks through one room: its first hits, how many there are in each lane, and how many more there were without each condition.
func (f *finder) match(t *text, r Room) (hits []Hit, counts, without []int) {
	counts, without = make([]int, len(lanes)), make([]int, len(conditions))
	t.mu.RLock()
	defer t.mu.RUnlock()
	match := t.matcher(f.terms, r.NameOf)
	for i := len(t.said) - 1; i >= 0; i-- {
		s := &t.said[i]
		fails := f.fails(s, t, r.Since)
		if fails == excluded || !match(s) {
			continue
		}
		if fails != none {
			without[fails]++
			continue
		}
		counts[s.lane]++
		h := Hit{r.ID, s.seq, s.at}
		if len(hits) <= f.q.Limit && (f.q.Lane == "" || lanes[s.lane] == f.q.Lane) && (f.q.After == Hit{} || newest(f.q.After, h) < 0) {
			hits = append(hits, h)
		}
	}
	return hits, counts, without
}

// conditions are what may be dropped when nothing is found, as Found.Without names them.
var conditions = []string{"by", "day", "kind", "files"}

const (
	none     = -1 // of the conditions is failed
	excluded = -2 // more than one, or what no query reaches: taken back, or from before one may read
)

// fails is the one condition that an item does not meet.
func (f *finder) fails(s *said, t *text, since int64) int {
	if s.gone || s.at < since {
		return excluded
	}
	failed := none
	for i, no := range [...]bool{
		f.q.By != "" && t.people[s.by] != f.q.By,
		s.at < f.q.From || f.q.To != 0 && s.at >= f.q.To,
		f.q.Kind != "" && t.kinds[s.kind] != f.q.Kind,
		f.q.Files && !s.files,
	} {
		switch {
		case no && failed != none:
			return excluded
		case no:
			failed = i
		}
	}
	return failed
}

// term is one of a query, and how else it is found than as it stands.
type term struct {
	text    string
	spelled *spelling // as initials; nil when it cannot be
	beside  bool      // as a door or a number said in another way
	digits  string    // without what stands between them
}

func newTerm(text string) term {
	t := term{text: text}
	if spelled(text) {
		t.spelled = newSpelling(text)
	}
	isDoor := door.MatchString(text)
	if d := bareDigits(text); len(d) >= 5 && !isDoor {
		t.digits = d
	}
	t.beside = isDoor || t.digits != "" || bareDigits(text) == text
	return t
}

// in tells whether a text has the term, or what is beside it.
func (t *term) in(words, beside []byte) bool {
	if bytes.Contains(words, []byte(t.text)) {
		return true
	}
	if t.spelled != nil {
		return t.spelled.in(beside)
	}
	return t.beside && (bytes.Contains(beside, []byte(t.text)) ||
		t.digits != "" && (bytes.Contains(words, []byte(t.digits)) || bytes.Contains(beside, []byte(t.digits))))
}

// matcher tells whether an item has all terms. Whose names have a term is found out once.
func (t *text) matcher(terms []string, nameOf func(id.Person) string) func(*said) bool {
	list, authors := make([]term, len(terms)), make([][]bool, len(terms))
	for i, words := range terms {
		list[i], authors[i] = newTerm(words), make([]bool, len(t.people))
		for n, p := range t.people {
			authors[i][n] = strings.Contains(fold(nameOf(p)), words)
		}
	}
	return func(s *said) bool {
		for i := range list {
			if !authors[i][s.by] && !list[i].in(t.run[s.start:s.split], t.run[s.split:s.end]) {
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
	other := beside(words)
	for _, words1 := range terms(text) {
		if t := newTerm(words1); !strings.Contains(name, words1) && !t.in([]byte(words), other) {
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
