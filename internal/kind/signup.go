package kind

import (
	"cmp"
	"maps"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// signup is a numbered table that households add themselves to (接龙): one row each, of one option and a quantity. What
// everybody sees are the totals and the last rows; they are counted from the rows, so they cannot disagree.
type signup struct {
	Options int                 `json:"options"`
	Closes  int64               `json:"closes,omitempty"`
	Stock   []int               `json:"stock,omitempty"` // of each option; 0 for as many as are wanted
	Limit   int                 `json:"limit,omitempty"` // per household; 0 for none
	Open    bool                `json:"open"`
	Places  int                 `json:"places,omitempty"` // given so far
	Rows    map[id.Premises]row `json:"rows,omitempty"`
}

// row is what one household wants.
type row struct {
	Place    int         `json:"place"` // in the order of joining; changing the row keeps it
	Option   int         `json:"option"`
	Quantity int         `json:"quantity"`
	By       id.Person   `json:"by"`
	At       int64       `json:"at"`
	Note     entry.Words `json:"note,omitempty"`
}

const (
	mostQuantity = 99
	mostStock    = 100_000
	lastRows     = 3
)

var _ = declare(kind[signup]{
	name: "signup",
	lane: Chat,
	actions: map[string]action[signup]{
		"post":  actw(signup.mayPost, signup.post, "title", "options"),
		"join":  actw(signup.mayJoin, signup.join, "note"),
		"leave": act(signup.mayLeave, signup.leave),
		"close": act(signup.mayClose, signup.close),
	},
	shown:   signup.shown,
	own:     signup.own,
	summary: func(w entry.Words, _ signup) string { return line("[接龙]", word(w, "title")) },
})

type signupFacts struct {
	Options int   `json:"options"`
	Closes  int64 `json:"closes,omitempty"`
	Stock   []int `json:"stock,omitempty"`
	Limit   int   `json:"limit,omitempty"`
}

func (signup) mayPost(ask Ask, f *signupFacts, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	switch {
	case f.Options < 1 || f.Options > 20:
		return fault.New(fault.Invalid, "a sign-up has 1 to 20 options").And("field", "options")
	case len(f.Stock) != 0 && len(f.Stock) != f.Options:
		return fault.New(fault.Invalid, "stock has one number for each option").And("field", "stock")
	case slices.ContainsFunc(f.Stock, func(n int) bool { return n < 0 || n > mostStock }):
		return fault.New(fault.Invalid, "stock is a number of pieces, 0 for as many as are wanted").And("field", "stock")
	case f.Limit < 0 || f.Limit > mostQuantity:
		return fault.New(fault.Invalid, "limit is 1 to 99 for each household").And("field", "limit")
	}
	if err := ahead(ask, "closes", f.Closes); err != nil {
		return err
	}
	if err := text(words, "title", 1, 80); err != nil {
		return err
	}
	return texts(words, "options", f.Options, 40)
}

func (signup) post(_ Event, f signupFacts) signup {
	return signup{Options: f.Options, Closes: f.Closes, Stock: f.Stock, Limit: f.Limit, Open: true}
}

type joinFacts struct {
	For      id.Premises `json:"for"` // the household whose row it is
	Option   int         `json:"option"`
	Quantity int         `json:"quantity"`
}

func (s signup) mayJoin(ask Ask, f *joinFacts, words entry.Words) error {
	home, err := household(ask, f.For)
	if err != nil {
		return err
	}
	f.For = home
	switch {
	case s.shut(ask.Now):
		return fault.New(fault.Closed, "the sign-up is closed")
	case f.Option < 0 || f.Option >= s.Options:
		return fault.New(fault.Invalid, "there is no such option").And("field", "option")
	case f.Quantity < 1 || f.Quantity > mostQuantity:
		return fault.New(fault.Invalid, "quantity is 1 to 99").And("field", "quantity")
	case s.Limit != 0 && f.Quantity > s.Limit:
		return fault.Newf(fault.TooLarge, "at most %d for each household", s.Limit).And("field", "quantity").And("limit", s.Limit)
	}
	if err := brief(words, "note", 0, 60); err != nil {
		return err
	}
	if left, bounded := s.left(f.Option, home); bounded && f.Quantity > left {
		return fault.New(fault.OutOfStock, "more than is left").And("left", left)
	}
	return nil
}

// left is how many of an option a household may still have, counting what its own row holds now as free.
func (s signup) left(option int, home id.Premises) (n int, bounded bool) {
	if option >= len(s.Stock) || s.Stock[option] == 0 {
		return 0, false
	}
	n = s.Stock[option] - s.totals()[option]
	if r, ok := s.Rows[home]; ok && r.Option == option {
		n += r.Quantity
	}
	return n, true
}

func (s signup) join(e Event, f joinFacts) signup {
	if f.For == "" {
		return s
	}
	if s.Rows == nil {
		s.Rows = map[id.Premises]row{}
	}
	r, again := s.Rows[f.For]
	if !again {
		s.Places++
		r.Place = s.Places
	}
	r.Option, r.Quantity, r.By, r.At, r.Note = f.Option, f.Quantity, e.By, e.At, kept(e.Words)
	s.Rows[f.For] = r
	return s
}

type leaveFacts struct {
	For id.Premises `json:"for"`
}

func (s signup) mayLeave(ask Ask, f *leaveFacts) error {
	home, err := household(ask, f.For)
	if err != nil {
		return err
	}
	f.For = home
	if s.shut(ask.Now) {
		return fault.New(fault.Closed, "the sign-up is closed")
	}
	if _, ok := s.Rows[home]; !ok {
		return fault.New(fault.Unchanged, "the household is not on the list")
	}
	return nil
}

func (s signup) leave(_ Event, f leaveFacts) signup {
	delete(s.Rows, f.For)
	return s
}

func (s signup) mayClose(ask Ask, _ *nothing) error {
	switch {
	case !ask.By.Server && !ask.By.Owner && ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only the author and owners may close it")
	case !s.Open:
		return fault.New(fault.Closed, "the sign-up is closed")
	}
	return nil
}

func (s signup) close(Event, nothing) signup {
	s.Open = false
	return s
}

// Due closes the sign-up at its time.
func (s signup) Due() (int64, string) {
	if !s.Open {
		return 0, ""
	}
	return s.Closes, "close"
}

func (s signup) shut(now int64) bool { return !s.Open || s.Closes != 0 && now >= s.Closes }

func (s signup) totals() []int {
	totals := make([]int, max(0, s.Options))
	for _, r := range s.Rows {
		if r.Option >= 0 && r.Option < len(totals) {
			totals[r.Option] += r.Quantity
		}
	}
	return totals
}

// last are the rows that joined last, as [person, option, quantity], the latest at the end.
func (s signup) last() [][3]any {
	rows := slices.SortedFunc(maps.Values(s.Rows), func(a, b row) int { return cmp.Compare(a.Place, b.Place) })
	last := make([][3]any, 0, lastRows)
	for _, r := range rows[max(0, len(rows)-lastRows):] {
		last = append(last, [3]any{r.By, r.Option, r.Quantity})
	}
	return last
}

func (s signup) shown() any {
	return struct {
		Open   bool     `json:"open"`
		Rows   int      `json:"rows"`
		Totals []int    `json:"totals"`
		Last   [][3]any `json:"last"`
		Closes int64    `json:"closes,omitempty"`
		Stock  []int    `json:"stock,omitempty"`
		Limit  int      `json:"limit,omitempty"`
	}{s.Open, len(s.Rows), s.totals(), s.last(), s.Closes, s.Stock, s.Limit}
}

// Live tells whether one may still join.
func (s signup) Live() bool { return s.Open }

// Waits waits for every household.
func (s signup) Waits(v Viewer) string {
	if lacks(v, s.Rows) {
		return "join"
	}
	return ""
}

// ownRow is a row as its household sees it.
type ownRow struct {
	Option   int         `json:"option"`
	Quantity int         `json:"quantity"`
	By       id.Person   `json:"by"`
	Note     entry.Words `json:"note,omitempty"`
}

// own is the row of the viewer's household.
func (s signup) own(v Viewer) any {
	return perHome(v, func(h id.Premises) (ownRow, bool) {
		r, ok := s.Rows[h]
		return ownRow{r.Option, r.Quantity, r.By, r.Note}, ok
	})
}

// Pass lets it be pointed to from another room.
func (signup) Pass() (Part, bool) { return Part{Live: true}, true }
