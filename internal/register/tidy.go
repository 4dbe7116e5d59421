package register

import (
	"context"
	"errors"
	"slices"
	"strings"

	"linli/internal/id"
	"linli/internal/journal"
)

// What stands here is written down before the office's log says it, so that nothing is told that cannot be looked up. Where the program
// is killed between the two, it stays behind, and nothing names it: Tidy takes it away at the next start, when nothing is under way.

// Named is what the office's log names.
type Named struct {
	Person func(id.Person) bool                  // it knows of somebody
	Owner  func(id.Person) bool                  // somebody has been let in or appointed, so that a phone may be theirs
	Record func(id.Person, string) bool          // a record of somebody's is in force, or one of their applications shows it
	Door   func(page string, h id.Premises) bool // a door is on a page of the roster
}

// Tidied is what Tidy took away.
type Tidied struct{ Persons, Records, Phones, Doors int }

// Tidy deletes what is named nowhere: keys and records of persons, what somebody said of themselves, phones, what the roster says of
// doors. Only who knows that nothing is under way may call it, and only with a log that can be read whole. Where a part of the shelf
// cannot be read, that is left alone.
func (r *Register) Tidy(ctx context.Context, named Named) (t Tidied, err error) {
	persons := map[id.Person]bool{}
	for _, prefix := range []string{"key/", "reg/", "said/"} {
		err := r.each(ctx, prefix, func(rest string, _ []byte) error {
			who, record, _ := strings.Cut(rest, "/")
			p := id.Person(who)
			switch {
			case !strings.HasPrefix(who, "p"): // the office's own keys
			case !named.Person(p):
				persons[p] = true
			case record != "" && !named.Record(p, record):
				t.Records++
				return r.shelf.Delete(ctx, recordKey(p, record), journal.Any)
			}
			return nil
		})
		if err != nil {
			return t, err
		}
	}
	for p := range persons {
		if err := r.Forget(ctx, p); err != nil {
			return t, err
		}
		t.Persons++
	}
	err = r.each(ctx, "phone/", func(rest string, owner []byte) error {
		if named.Owner(id.Person(owner)) {
			return nil
		}
		t.Phones++
		return r.shelf.Delete(ctx, "phone/"+rest, journal.Any)
	})
	if err != nil {
		return t, err
	}
	return t, r.each(ctx, "page/", func(name string, _ []byte) error {
		page, err := r.Page(ctx, name)
		if err != nil {
			return err
		}
		left := Page{}
		for h, d := range page {
			if named.Door(name, h) {
				left[h] = d
			}
		}
		if len(left) == len(page) {
			return nil
		}
		t.Doors += len(page) - len(left)
		return r.PutPages(ctx, map[string]Page{name: left})
	})
}

// each calls f for all that the shelf can read below a prefix, with the rest of the key.
func (r *Register) each(ctx context.Context, prefix string, f func(rest string, value []byte) error) error {
	var items []journal.Item // f may write
	for item, err := range r.shelf.List(ctx, prefix) {
		if errors.Is(err, journal.ErrUnreadable) {
			continue
		}
		if err != nil {
			return wrap("tidy", err)
		}
		items = append(items, journal.Item{Key: item.Key, Value: slices.Clone(item.Value)})
	}
	for _, item := range items {
		if err := f(item.Key[len(prefix):], item.Value); err != nil {
			return wrap("tidy", err)
		}
	}
	return nil
}
