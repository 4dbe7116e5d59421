package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"linli/internal/id"
	"linli/internal/journal"
)

// Door is what the office's roster says of one household, or of a shop's principal. Of several people Name and Phone are lists in
// the same order (王丽、李强 and 13800000501、13800000502, one that has none left empty): Known takes them apart.
type Door struct {
	Name   string `json:"name,omitempty"`
	Phone  string `json:"phone,omitempty"`
	People int    `json:"people,omitempty"`
	Tenure string `json:"tenure,omitempty"`
	Note   string `json:"note,omitempty"`
	Digest string `json:"digest,omitempty"` // of all that the roster says, for noticing changes
}

// Known is somebody of whom the roster says that they live behind a door; Phone is 11 digits or empty.
type Known struct{ Name, Phone string }

// Known are all whom the roster names behind a door. A phone that is one for several people may be that of each.
func (d Door) Known() (all []Known) {
	names, phones := strings.Split(d.Name, between), strings.Split(d.Phone, between)
	for i, name := range names {
		switch {
		case plainName(name) == "":
		case len(phones) == len(names):
			all = append(all, Known{name, phones[i]})
		case len(phones) == 1:
			all = append(all, Known{name, d.Phone})
		default:
			all = append(all, Known{Name: name})
		}
	}
	return all
}

// between stands between the people of one door.
const between = "、"

// Page is the doors of one building.
type Page map[id.Premises]Door

// PutPages keeps pages of the roster.
func (r *Register) PutPages(ctx context.Context, pages map[string]Page) error {
	items := make([]journal.Item, 0, len(pages))
	for name, page := range pages {
		plain, err := json.Marshal(page)
		if err != nil {
			return fmt.Errorf("register: page: %w", err)
		}
		items = append(items, journal.Item{Key: "page/" + name, Value: seal(r.keys.wrap, "page/"+name, plain)})
	}
	return wrap("pages", r.shelf.PutAll(ctx, items))
}

// Page is a page of the roster; empty when there is none.
func (r *Register) Page(ctx context.Context, name string) (Page, error) {
	page := Page{}
	sealed, _, err := r.shelf.Get(ctx, "page/"+name)
	if errors.Is(err, journal.ErrAbsent) {
		return page, nil
	}
	if err != nil {
		return nil, wrap("page", err)
	}
	plain, err := unseal(r.keys.wrap, "page/"+name, sealed)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plain, &page); err != nil {
		return nil, fmt.Errorf("register: page: %w", err)
	}
	return page, nil
}

// Light is how an application compares with the roster. Only those who decide on it may know.
type Light string

const (
	Green  Light = "green"  // the premises is known, and so is this name there
	Yellow Light = "yellow" // the premises is known, the name is another, or the roster has none
	Red    Light = "red"    // the premises is not in the roster
)

// Match compares a name with what the roster says of a door; found says whether the roster has the door.
func Match(door Door, found bool, name string) Light {
	if !found {
		return Red
	}
	for _, known := range door.Known() {
		if plainName(known.Name) == plainName(name) {
			return Green
		}
	}
	return Yellow
}

// SamePhone compares the phone of who applies with the one that the roster has for them at this door: of who is called so there, or else
// of anybody there. none: it has no phone to compare with.
func (d Door) SamePhone(name, phone string) (same, none bool) {
	all := d.Known()
	if called := slices.DeleteFunc(slices.Clone(all), func(k Known) bool { return plainName(k.Name) != plainName(name) }); len(called) > 0 {
		all = called
	}
	none = true
	for _, k := range all {
		if p, err := NormalisePhone(k.Phone); err == nil {
			same, none = same || p == phone, false
		}
	}
	return same, none
}

// plainName is a name without what people type differently: width, spaces, dots and apostrophes between parts, case.
func plainName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), unicode.Is(unicode.Cf, c), strings.ContainsRune("·•・．.‧∙⋅⸱'’‘ʼ", c):
			return -1
		}
		return unicode.ToLower(c)
	}, width.Fold.String(name))
}
