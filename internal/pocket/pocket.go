// Package pocket is what somebody keeps for themselves: how they want to be reached, what they began to write, what they want to
// find again, how their rooms stand in their list, what they do not want to be reminded of. It has no history: the last word of any of their devices counts.
//
// On the shelf, all values sealed with the person's key:
//
//	own/<person>/choices            Choices
//	own/<person>/draft/<room>       Draft
//	own/<person>/standing/<room>    Standing
//	own/<person>/star/<room>/<seq>  Star
//	own/<person>/skip/<room>/<seq>  when it was put aside, ms
package pocket

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

// Limits of what somebody may keep.
const (
	MaxDraft = 4000 // characters
	MaxStars = 2000
	MaxSkips = 500
	maxMuted = 500 // rooms
)

// Topics are what a phone may ring for; true where it does unless somebody chose otherwise. Notices that have to be confirmed and
// emergencies are in none: nobody can turn them off.
var Topics = map[string]bool{
	"call":      true,  // somebody calls me or answers me
	"mine":      true,  // something of mine goes on: a request, an application
	"notice":    true,  // a notice that need not be confirmed
	"request":   true,  // somebody needs help, for those with a badge for it
	"admission": true,  // somebody wants to be let in, for those who decide
	"chat":      false, // everything said
}

// Lanes are what may be muted of a room.
var Lanes = []string{"chat", "notice", "request"}

// Choices are how somebody wants to be reached.
type Choices struct {
	Muted  map[id.Room][]string `json:"muted"`  // lanes that make no sound, by room
	Quiet  Hours                `json:"quiet"`  // when no phone rings, but for emergencies
	Topics map[string]bool      `json:"topics"` // where it is not as Topics has it
}

// Hours are from one full hour to another (0 to 23), over midnight when From is the later; equal for none.
type Hours struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// In tells whether an hour lies within.
func (h Hours) In(hour int) bool {
	if h.From <= h.To {
		return h.From <= hour && hour < h.To
	}
	return hour >= h.From || hour < h.To
}

// Default is what holds for who has chosen nothing: nights are quiet.
func Default() Choices {
	return Choices{Muted: map[id.Room][]string{}, Quiet: Hours{22, 7}, Topics: map[string]bool{}}
}

// Rings tells whether a topic rings a phone.
func (c *Choices) Rings(topic string) bool {
	if on, ok := c.Topics[topic]; ok {
		return on
	}
	return Topics[topic]
}

// Mutes tells whether a lane of a room makes no sound.
func (c *Choices) Mutes(r id.Room, lane string) bool { return slices.Contains(c.Muted[r], lane) }

// Check says what cannot be chosen, as fault.Invalid or fault.TooLarge.
func (c *Choices) Check() error {
	if min(c.Quiet.From, c.Quiet.To) < 0 || max(c.Quiet.From, c.Quiet.To) > 23 {
		return fault.New(fault.Invalid, "an hour is 0 to 23").And("field", "quiet")
	}
	for topic := range c.Topics {
		if _, ok := Topics[topic]; !ok {
			return fault.New(fault.Invalid, "there is no such topic").And("field", "topics")
		}
	}
	if len(c.Muted) > maxMuted {
		return fault.New(fault.TooLarge, "so many rooms").And("field", "muted").And("limit", maxMuted)
	}
	for r, lanes := range c.Muted {
		for _, l := range lanes {
			if !slices.Contains(Lanes, l) {
				return fault.New(fault.Invalid, "there is no such lane").And("field", "muted")
			}
		}
		if len(lanes) == 0 {
			delete(c.Muted, r)
		}
	}
	return nil
}

// Draft is what somebody began to write in a room.
type Draft struct {
	Room id.Room `json:"room"`
	Text string  `json:"text"`
	At   int64   `json:"at"` // ms
}

// Standing is how a room stands in somebody's own list. Marked unread does not move how far they have read: it says to come back.
type Standing struct {
	Room   id.Room `json:"room"`
	Pinned int64   `json:"pinned,omitempty"` // on top since then, ms
	Unread int64   `json:"unread,omitempty"` // marked unread then, ms; until it is opened
}

// Star is a message that somebody wants to find again.
type Star struct {
	Room id.Room   `json:"room"`
	Seq  entry.Seq `json:"seq"`
	At   int64     `json:"at,omitempty"` // when it was marked, ms
}

// Sealer seals with a person's key; Open answers nil when the person was forgotten.
type Sealer interface {
	Seal(p id.Person, plain []byte) ([]byte, error)
	Open(p id.Person, sealed []byte) ([]byte, error)
}

// Pockets are everybody's. Choices stay in memory once they were read: each message asks for them.
type Pockets struct {
	shelf journal.Shelf
	seal  Sealer

	mu      sync.RWMutex
	choices map[id.Person]Choices
}

// Open makes the pockets of what is on the shelf.
func Open(shelf journal.Shelf, seal Sealer) *Pockets {
	return &Pockets{shelf: shelf, seal: seal, choices: map[id.Person]Choices{}}
}

func key(p id.Person, parts ...string) string {
	return "own/" + string(p) + "/" + strings.Join(parts, "/")
}

func place(what string, r id.Room, seq entry.Seq) string {
	return what + "/" + string(r) + "/" + strconv.FormatUint(uint64(seq), 10)
}

// Choices are a person's own, or the default.
func (k *Pockets) Choices(ctx context.Context, p id.Person) (Choices, error) {
	k.mu.RLock()
	c, ok := k.choices[p]
	k.mu.RUnlock()
	if ok {
		return c, nil
	}
	c = Default()
	if err := k.get(ctx, p, key(p, "choices"), &c); err != nil {
		return c, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if later, ok := k.choices[p]; ok {
		return later, nil
	}
	k.choices[p] = c
	return c, nil
}

// Choose replaces a person's choices.
func (k *Pockets) Choose(ctx context.Context, p id.Person, c Choices) error {
	if err := c.Check(); err != nil {
		return err
	}
	if err := k.put(ctx, p, key(p, "choices"), c); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.choices[p] = c
	return nil
}

// Drafts are all that a person began to write.
func (k *Pockets) Drafts(ctx context.Context, p id.Person) (list []Draft, err error) {
	return all[Draft](ctx, k, p, "draft/")
}

// Draft keeps what was begun in a room; an empty text takes it away.
func (k *Pockets) Draft(ctx context.Context, p id.Person, d Draft) error {
	switch {
	case utf8.RuneCountInString(d.Text) > MaxDraft:
		return fault.New(fault.TooLarge, "a message has 4,000 characters at most").And("field", "text").And("limit", MaxDraft)
	case d.Text == "":
		return k.drop(ctx, key(p, "draft", string(d.Room)))
	}
	return k.put(ctx, p, key(p, "draft", string(d.Room)), d)
}

// Standings are of the rooms that a person put on top or marked unread.
func (k *Pockets) Standings(ctx context.Context, p id.Person) ([]Standing, error) {
	return all[Standing](ctx, k, p, "standing/")
}

// Stand puts a room on top or marks it unread, or no longer. What it was already, it stays since then.
func (k *Pockets) Stand(ctx context.Context, p id.Person, r id.Room, pinned, unread bool, now int64) (Standing, error) {
	m := Standing{Room: r}
	at := key(p, "standing", string(r))
	if err := k.get(ctx, p, at, &m); err != nil {
		return m, err
	}
	since := func(was int64, on bool) int64 {
		if !on {
			return 0
		}
		return cmp.Or(was, now)
	}
	m.Pinned, m.Unread = since(m.Pinned, pinned), since(m.Unread, unread)
	if m.Pinned == 0 && m.Unread == 0 {
		return m, k.drop(ctx, at)
	}
	return m, k.put(ctx, p, at, m)
}

// Stars are what a person wants to find again, the one marked last first.
func (k *Pockets) Stars(ctx context.Context, p id.Person) ([]Star, error) {
	list, err := all[Star](ctx, k, p, "star/")
	slices.SortFunc(list, func(a, b Star) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.Seq, a.Seq)) })
	return list, err
}

// Star marks a message, or takes the mark away. fault.TooLarge when there are too many.
func (k *Pockets) Star(ctx context.Context, p id.Person, s Star, on bool) error {
	return k.flag(ctx, p, "star", s, on, MaxStars)
}

// Skips are what a person put aside.
func (k *Pockets) Skips(ctx context.Context, p id.Person) ([]Star, error) {
	return all[Star](ctx, k, p, "skip/")
}

// Skip puts something aside that would wait for the person. Of very many the one put aside first is forgotten.
func (k *Pockets) Skip(ctx context.Context, p id.Person, s Star) error {
	list, err := k.Skips(ctx, p)
	if err != nil {
		return err
	}
	if len(list) >= MaxSkips {
		first := slices.MinFunc(list, func(a, b Star) int { return cmp.Compare(a.At, b.At) })
		if err := k.flag(ctx, p, "skip", first, false, 0); err != nil {
			return err
		}
	}
	return k.flag(ctx, p, "skip", s, true, MaxSkips)
}

// Unskip takes back that something was put aside.
func (k *Pockets) Unskip(ctx context.Context, p id.Person, s Star) error {
	return k.flag(ctx, p, "skip", s, false, 0)
}

func (k *Pockets) flag(ctx context.Context, p id.Person, what string, s Star, on bool, limit int) error {
	at := key(p, place(what, s.Room, s.Seq))
	if !on {
		return k.drop(ctx, at)
	}
	list, err := all[Star](ctx, k, p, what+"/")
	if err != nil {
		return err
	}
	if len(list) >= limit {
		return fault.New(fault.TooLarge, "so many are kept at most").And("field", what).And("limit", limit)
	}
	return k.put(ctx, p, at, s)
}

func (k *Pockets) get(ctx context.Context, p id.Person, at string, v any) error {
	sealed, _, err := k.shelf.Get(ctx, at)
	if errors.Is(err, journal.ErrAbsent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pocket: %w", err)
	}
	return k.read(p, sealed, v)
}

func (k *Pockets) read(p id.Person, sealed []byte, v any) error {
	plain, err := k.seal.Open(p, sealed)
	if err != nil || plain == nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("pocket: %w", err)
	}
	return nil
}

func (k *Pockets) put(ctx context.Context, p id.Person, at string, v any) error {
	plain, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("pocket: %w", err)
	}
	sealed, err := k.seal.Seal(p, plain)
	if err != nil {
		return err
	}
	if _, err := k.shelf.Put(ctx, at, sealed, journal.Any, 0); err != nil {
		return fmt.Errorf("pocket: %w", err)
	}
	return nil
}

// Forget deletes all that somebody kept for themselves.
func (k *Pockets) Forget(ctx context.Context, p id.Person) error {
	return k.forget(ctx, key(p, ""), func(id.Person) bool { return false })
}

// Tidy deletes what is of people who are not known. What lies in a damaged part of the disk is left.
func (k *Pockets) Tidy(ctx context.Context, known func(id.Person) bool) error {
	return k.forget(ctx, "own/", known)
}

func (k *Pockets) forget(ctx context.Context, prefix string, known func(id.Person) bool) error {
	var gone []string
	for item, err := range k.shelf.List(ctx, prefix) {
		if errors.Is(err, journal.ErrUnreadable) {
			continue
		}
		if err != nil {
			return fmt.Errorf("pocket: %w", err)
		}
		if who, _, _ := strings.Cut(strings.TrimPrefix(item.Key, "own/"), "/"); !known(id.Person(who)) {
			gone = append(gone, item.Key)
		}
	}
	for _, at := range gone {
		if err := k.drop(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

func (k *Pockets) drop(ctx context.Context, at string) error {
	if err := k.shelf.Delete(ctx, at, journal.Any); err != nil {
		return fmt.Errorf("pocket: %w", err)
	}
	return nil
}

func all[T any](ctx context.Context, k *Pockets, p id.Person, what string) (list []T, err error) {
	for item, err := range k.shelf.List(ctx, key(p, what)) {
		if err != nil {
			return nil, fmt.Errorf("pocket: %w", err)
		}
		var v T
		if err := k.read(p, item.Value, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
