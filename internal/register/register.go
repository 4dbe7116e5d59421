// Package register is who lives where: names, phones, what the office's roster says of a household. It is the only place with
// personal data. Everything is sealed; each person has a key of their own, and forgetting somebody is deleting that key.
//
// It also seals words: the free text that somebody wrote, with the same key.
//
// On the shelf, all values sealed but the phones':
//
//	key/<person>    the person's key, wrapped by the master key
//	reg/<person>    Record, under the person's key: the first
//	said/<person>/<record>  Record that the person said later. It is in force once the office's log says so
//	phone/<hmac>    person: whose phone it is. Taken at approval, never by applying
//	page/<page>     what the roster says of one building's doors, under the master key
//
// Plain text leaves through Look, which calls the Witness first. Record is for the program's own use: display names, and
// comparing with the roster.
package register

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

// Record is a person's own.
type Record struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`           // as NormalisePhone leaves it
	Title string `json:"title,omitempty"` // 女士, 先生, or empty
}

// Witness is told who looks at whose data, and why (a key, no free text), before any plain text leaves; an error means that
// nothing does.
type Witness interface {
	Witness(ctx context.Context, by id.Person, of []id.Person, reason string) error
}

// Register is safe for any number of goroutines.
type Register struct {
	shelf   journal.Shelf
	keys    *Keyring
	witness Witness

	force func(id.Person) string // which record of a person is in force; empty: the first

	making sync.Mutex // held while first keys are made: the first of a person is the one

	mu    sync.RWMutex
	known map[id.Person]cipher.AEAD // nil: forgotten
}

// cached is how many persons' keys are kept in memory.
const cached = 50_000

// Open makes a register of what is on the shelf.
func Open(shelf journal.Shelf, keys *Keyring) *Register {
	return &Register{shelf: shelf, keys: keys, known: map[id.Person]cipher.AEAD{}, force: func(id.Person) string { return "" }}
}

// SetForce says who knows which of a person's records is in force. It is called once, before the first question.
func (r *Register) SetForce(f func(id.Person) string) { r.force = f }

// SetWitness says who is told of looks. It is called once, before the first look.
func (r *Register) SetWitness(w Witness) { r.witness = w }

// Keys is the register's keyring.
func (r *Register) Keys() *Keyring { return r.keys }

// Check tells whether the keys are those that the shelf was sealed with, by the first thing that there is.
func (r *Register) Check(ctx context.Context) error {
	for _, prefix := range []string{"key/", "page/"} {
		for item, err := range r.shelf.List(ctx, prefix) {
			if errors.Is(err, journal.ErrUnreadable) {
				continue
			}
			if err != nil {
				return wrap("check", err)
			}
			if _, err := unseal(r.keys.wrap, item.Key, item.Value); err != nil {
				return errors.New("register: the data was sealed with another master key; put back the file master.key that belongs to it")
			}
			break
		}
	}
	return nil
}

// errForgotten says that a person's key is gone.
var errForgotten = errors.New("register: forgotten")

// key is a person's, from memory or the shelf; errForgotten when there is none.
func (r *Register) key(ctx context.Context, p id.Person) (cipher.AEAD, error) {
	r.mu.RLock()
	aead, ok := r.known[p]
	r.mu.RUnlock()
	if ok {
		if aead == nil {
			return nil, errForgotten
		}
		return aead, nil
	}
	wrapped, _, err := r.shelf.Get(ctx, "key/"+string(p))
	if errors.Is(err, journal.ErrAbsent) {
		return nil, errForgotten
	}
	if err != nil {
		return nil, fmt.Errorf("register: key: %w", err)
	}
	return r.unwrap(p, wrapped)
}

func (r *Register) unwrap(p id.Person, wrapped []byte) (cipher.AEAD, error) {
	key, err := unseal(r.keys.wrap, "key/"+string(p), wrapped)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("register: key: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= cached {
		clear(r.known)
	}
	r.known[p] = aead
	return aead, nil
}

// Ensure makes keys for the persons that have none, all of them on disk when it returns.
func (r *Register) Ensure(ctx context.Context, persons ...id.Person) error {
	r.making.Lock()
	defer r.making.Unlock()
	var items []journal.Item
	for _, p := range persons {
		switch _, err := r.key(ctx, p); {
		case err == nil:
		case errors.Is(err, errForgotten):
			items = append(items, journal.Item{Key: "key/" + string(p), Value: r.newKey(p)})
		default:
			return err
		}
	}
	if len(items) == 1 { // two may want the first key of one person at once: the first wins
		_, err := r.shelf.Put(ctx, items[0].Key, items[0].Value, journal.Absent, 0)
		if err != nil && !errors.Is(err, journal.ErrChanged) {
			return fmt.Errorf("register: key: %w", err)
		}
	} else if err := r.shelf.PutAll(ctx, items); err != nil {
		return fmt.Errorf("register: keys: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, item := range items {
		delete(r.known, id.Person(item.Key[len("key/"):]))
	}
	return nil
}

func (r *Register) newKey(p id.Person) []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: crypto/rand stops the program instead
	return seal(r.keys.wrap, "key/"+string(p), key)
}

// Seal seals somebody's words. The first words of a person make their key, on disk before this returns.
func (r *Register) Seal(p id.Person, words []byte) ([]byte, error) {
	ctx := context.Background()
	aead, err := r.key(ctx, p)
	if errors.Is(err, errForgotten) {
		if err = r.Ensure(ctx, p); err == nil {
			aead, err = r.key(ctx, p)
		}
	}
	if err != nil {
		return nil, err
	}
	return seal(aead, "", words), nil
}

// Open opens what Seal sealed; nil when the person was forgotten, also when they have written again since, with another key.
func (r *Register) Open(p id.Person, sealed []byte) ([]byte, error) {
	aead, err := r.key(context.Background(), p)
	if errors.Is(err, errForgotten) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	words, err := unseal(aead, "", sealed)
	if err != nil {
		return nil, nil
	}
	return words, nil
}

// Put keeps a person's record.
func (r *Register) Put(ctx context.Context, p id.Person, rec Record) error {
	return r.PutAll(ctx, map[id.Person]Record{p: rec})
}

// PutAll keeps many persons' records.
func (r *Register) PutAll(ctx context.Context, records map[id.Person]Record) error {
	persons := make([]id.Person, 0, len(records))
	for p := range records {
		persons = append(persons, p)
	}
	if err := r.Ensure(ctx, persons...); err != nil {
		return err
	}
	items := make([]journal.Item, 0, len(records))
	for p, rec := range records {
		aead, err := r.key(ctx, p)
		if err != nil {
			return err
		}
		plain, err := json.Marshal(rec)
		if err != nil {
			return fmt.Errorf("register: record: %w", err)
		}
		items = append(items, journal.Item{Key: "reg/" + string(p), Value: seal(aead, "reg/"+string(p), plain)})
	}
	if err := r.shelf.PutAll(ctx, items); err != nil {
		return fmt.Errorf("register: records: %w", err)
	}
	return nil
}

// PutSaid keeps what a person says of themselves beside the record that is in force, under a name of its own. Nobody is called by it
// before the office's log says that it holds.
func (r *Register) PutSaid(ctx context.Context, p id.Person, name string, rec Record) error {
	if err := r.Ensure(ctx, p); err != nil {
		return err
	}
	aead, err := r.key(ctx, p)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("register: record: %w", err)
	}
	key := recordKey(p, name)
	_, err = r.shelf.Put(ctx, key, seal(aead, key, plain), journal.Any, 0)
	return wrap("record", err)
}

// DropSaid deletes what was said and does not hold.
func (r *Register) DropSaid(ctx context.Context, p id.Person, name string) error {
	if name == "" || name == r.force(p) {
		return nil
	}
	return wrap("record", r.shelf.Delete(ctx, recordKey(p, name), journal.Any))
}

func recordKey(p id.Person, name string) string {
	if name == "" {
		return "reg/" + string(p)
	}
	return "said/" + string(p) + "/" + name
}

// Record is a person's that is in force, for the program's own use; fault.NotFound when there is none or it was forgotten.
func (r *Register) Record(ctx context.Context, p id.Person) (Record, error) {
	return r.Said(ctx, p, "")
}

// Said is one of a person's records by its name; without a name, the one in force.
func (r *Register) Said(ctx context.Context, p id.Person, name string) (rec Record, err error) {
	if name == "" {
		name = r.force(p)
	}
	key := recordKey(p, name)
	sealed, _, err := r.shelf.Get(ctx, key)
	if errors.Is(err, journal.ErrAbsent) {
		return rec, fault.New(fault.NotFound, "no such person")
	}
	if err != nil {
		return rec, fmt.Errorf("register: record: %w", err)
	}
	aead, err := r.key(ctx, p)
	if errors.Is(err, errForgotten) {
		return rec, fault.New(fault.NotFound, "no such person")
	}
	if err != nil {
		return rec, err
	}
	plain, err := unseal(aead, key, sealed)
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(plain, &rec); err != nil {
		return rec, fmt.Errorf("register: record: %w", err)
	}
	return rec, nil
}

// Look is how somebody sees others' records. The witness is told first, once for all of them. Persons without a record are left out.
func (r *Register) Look(ctx context.Context, by id.Person, of []id.Person, reason string) (map[id.Person]Record, error) {
	if r.witness == nil {
		return nil, errors.New("register: nobody witnesses")
	}
	if len(of) > 0 {
		if err := r.witness.Witness(ctx, by, of, reason); err != nil {
			return nil, err
		}
	}
	records := make(map[id.Person]Record, len(of))
	for _, p := range of {
		rec, err := r.Record(ctx, p)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		records[p] = rec
	}
	return records, nil
}

// Forget deletes a person's key and record, and frees their phone. Their words can no longer be opened, here or in any copy.
func (r *Register) Forget(ctx context.Context, p id.Person) error {
	rec, err := r.Record(ctx, p)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if rec.Phone != "" {
		if err := r.ReleasePhone(ctx, rec.Phone, p); err != nil {
			return err
		}
	}
	if err := r.ForgetName(ctx, p); err != nil {
		return err
	}
	if err := r.shelf.Delete(ctx, "key/"+string(p), journal.Any); err != nil {
		return fmt.Errorf("register: forget: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[p] = nil
	return nil
}

// ForgetName deletes who somebody is, and leaves the key of what they wrote: that stays readable, by nobody's name but the one its room
// knows. Their phone is not let go.
func (r *Register) ForgetName(ctx context.Context, p id.Person) error {
	keys := []string{"reg/" + string(p)}
	for item, err := range r.shelf.List(ctx, "said/"+string(p)+"/") {
		if err != nil {
			return wrap("forget", err)
		}
		keys = append(keys, item.Key)
	}
	for _, key := range keys {
		if err := r.shelf.Delete(ctx, key, journal.Any); err != nil {
			return fmt.Errorf("register: forget: %w", err)
		}
	}
	return nil
}

func (r *Register) phoneKey(phone string) string {
	return "phone/" + hex.EncodeToString(mac(r.keys.phone, phone)[:16])
}

// ClaimPhone makes a phone a person's; again is fine. fault.PhoneTaken when it is another's.
func (r *Register) ClaimPhone(ctx context.Context, phone string, p id.Person) error {
	for {
		_, err := r.shelf.Put(ctx, r.phoneKey(phone), []byte(p), journal.Absent, 0)
		if !errors.Is(err, journal.ErrChanged) {
			return wrap("phone", err)
		}
		owner, err := r.ByPhone(ctx, phone)
		switch {
		case fault.Is(err, fault.NotFound): // let go meanwhile
		case err != nil:
			return err
		case owner != p:
			return fault.New(fault.PhoneTaken, "the phone belongs to another person")
		default:
			return nil
		}
	}
}

// ClaimPhones makes many phones their persons', for who has made sure that they are free.
func (r *Register) ClaimPhones(ctx context.Context, phones map[string]id.Person) error {
	items := make([]journal.Item, 0, len(phones))
	for phone, p := range phones {
		items = append(items, journal.Item{Key: r.phoneKey(phone), Value: []byte(p)})
	}
	return wrap("phones", r.shelf.PutAll(ctx, items))
}

// ReleasePhone frees a phone if it is this person's.
func (r *Register) ReleasePhone(ctx context.Context, phone string, p id.Person) error {
	owner, rev, err := r.shelf.Get(ctx, r.phoneKey(phone))
	if errors.Is(err, journal.ErrAbsent) || err == nil && id.Person(owner) != p {
		return nil
	}
	if err != nil {
		return wrap("phone", err)
	}
	return wrap("phone", r.shelf.Delete(ctx, r.phoneKey(phone), rev))
}

// ByPhone is whose phone it is; fault.NotFound when nobody's.
func (r *Register) ByPhone(ctx context.Context, phone string) (id.Person, error) {
	owner, _, err := r.shelf.Get(ctx, r.phoneKey(phone))
	if errors.Is(err, journal.ErrAbsent) {
		return "", fault.New(fault.NotFound, "nobody has this phone")
	}
	return id.Person(owner), wrap("phone", err)
}

// Keys is how the names of people's keys on the shelf begin: who has lost theirs is forgotten, in every copy too.
const Keys = "key/"

// Keeps tells whether an item of a copy may come back: not the records and phones of whoever has no key any more.
func Keeps(item journal.Item, has func(key string) bool) bool {
	kind, rest, _ := strings.Cut(item.Key, "/")
	switch kind {
	case "reg":
		return has(Keys + rest)
	case "said":
		person, _, _ := strings.Cut(rest, "/")
		return has(Keys + person)
	case "phone":
		return has(Keys + string(item.Value))
	}
	return true
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("register: %s: %w", what, err)
}
