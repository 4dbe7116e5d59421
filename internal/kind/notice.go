package kind

import (
	"maps"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// notice is what those who answer for the room tell everybody, and who has confirmed it. A confirmation is a household's or
// shop's, whoever of it gave it, or whoever told it at their door; people who belong to none confirm for themselves and are not counted.
type notice struct {
	Confirm    bool                    `json:"confirm"`
	Stays      bool                    `json:"pin"`        // into the notice bar, while it holds
	Importance string                  `json:"importance"` // normal, important, urgent
	Until      int64                   `json:"until,omitempty"`
	Of         int                     `json:"of"`                 // premises of the room when it was posted
	OfShops    int                     `json:"of_shops,omitempty"` // so many of them are shops
	Withdrawn  int64                   `json:"withdrawn,omitempty"`
	Expired    int64                   `json:"expired,omitempty"`
	Reason     entry.Words             `json:"reason,omitempty"` // for withdrawing it
	Homes      map[id.Premises]Receipt `json:"homes,omitempty"`
	People     map[id.Person]int64     `json:"people,omitempty"`    // of no premises; when
	Told       id.Premises             `json:"told,omitempty"`      // the door that the last word about a visit was of
	Version    int                     `json:"version,omitempty"`   // 2 after the first correction; 0 as it was posted
	Corrected  int64                   `json:"corrected,omitempty"` // when, last
	Corrector  id.Person               `json:"corrector,omitempty"`
	Reminded   []int64                 `json:"reminded,omitempty"` // when whoever has not confirmed this version was reminded by hand
	Texts      bool                    `json:"texts,omitempty"`    // the last reminder was worth text messages
	Before     map[string]int          `json:"before,omitempty"`   // who confirmed an earlier version, premises or person: which, the last
}

var importances = []string{"normal", "important", "urgent"}

var _ = declare(kind[notice]{
	name: "notice",
	lane: Notices,
	actions: map[string]action[notice]{
		"post":     actw(notice.mayPost, notice.post, "title", "body"),
		"confirm":  act(notice.mayConfirm, notice.confirm),
		"visit":    actw(notice.mayVisit, notice.visit, "note"),
		"withdraw": actw(notice.mayWithdraw, notice.withdraw, "reason"),
		"expire":   act(notice.mayExpire, notice.expire),
		"remind":   act(notice.mayRemind, notice.remind),
		"correct":  actw(notice.mayCorrect, notice.correct, "title", "body", "why"),
	},
	shown:    notice.shown,
	own:      notice.own,
	concerns: notice.concerns,
	summary:  func(w entry.Words, _ notice) string { return line("[公告]", word(w, "title")) },
})

type noticeFacts struct {
	Confirm    bool   `json:"confirm"`
	Pin        bool   `json:"pin"`
	Importance string `json:"importance"`
	Until      int64  `json:"until,omitempty"`
	Of         int    `json:"of"`
	OfShops    int    `json:"of_shops,omitempty"`
}

func (notice) mayPost(ask Ask, f *noticeFacts, words entry.Words) error {
	if err := owner(ask, "post a notice"); err != nil {
		return err
	}
	if f.Importance == "" {
		f.Importance = "normal"
	}
	if !slices.Contains(importances, f.Importance) {
		return fault.New(fault.Invalid, "importance is normal, important or urgent").And("field", "importance")
	}
	if err := ahead(ask, "until", f.Until); err != nil {
		return err
	}
	if err := text(words, "title", 1, 80); err != nil {
		return err
	}
	f.Of, f.OfShops = ask.Room.Premises(), ask.Room.Shops()
	return text(words, "body", 0, 4000)
}

func (notice) post(_ Event, f noticeFacts) notice {
	return notice{Confirm: f.Confirm, Stays: f.Pin, Importance: f.Importance, Until: f.Until, Of: f.Of, OfShops: f.OfShops}
}

type confirmFacts struct {
	For     id.Premises `json:"for,omitempty"`     // the premises that it counts for; empty for somebody who belongs to none
	Version int         `json:"version,omitempty"` // which one was read, from 1; 0 when that was not said
}

func (n notice) mayConfirm(ask Ask, f *confirmFacts) error {
	if err := member(ask); err != nil {
		return err
	}
	if len(ask.By.Homes) == 0 {
		f.For = ""
	} else {
		home, err := household(ask, f.For)
		if err != nil {
			return err
		}
		f.For = home
	}
	switch {
	case n.over() || n.Until != 0 && ask.Now >= n.Until:
		return fault.New(fault.Closed, "the notice no longer holds")
	case !n.Confirm:
		return fault.New(fault.Invalid, "the notice asks for no confirmation").And("field", "act")
	case f.Version != 0 && f.Version != n.version():
		return fault.New(fault.Conflicting, "it was corrected meanwhile").And("field", "notice").And("version", n.version())
	case n.confirmed(ask.By.Person, f.For):
		return fault.New(fault.Unchanged, "confirmed already")
	}
	return nil
}

func (n notice) confirm(e Event, f confirmFacts) notice {
	n.Told = ""
	switch {
	case n.confirmed(e.By, f.For):
	case f.For != "":
		if n.Homes == nil {
			n.Homes = map[id.Premises]Receipt{}
		}
		n.Homes[f.For] = Receipt{By: e.By, At: e.At}
	default:
		if n.People == nil {
			n.People = map[id.Person]int64{}
		}
		n.People[e.By] = e.At
	}
	return n
}

type visitFacts struct {
	For id.Premises `json:"for"`
	On  bool        `json:"on"` // false: nobody was there after all
}

// mayVisit lets those who answer for the room say at which doors they have told it themselves, whether somebody is behind them or not.
func (n notice) mayVisit(ask Ask, f *visitFacts, words entry.Words) error {
	if err := owner(ask, "say whom they have told"); err != nil {
		return err
	}
	r, told := n.Homes[f.For]
	switch {
	case n.over():
		return fault.New(fault.Closed, "the notice no longer holds")
	case !n.Confirm:
		return fault.New(fault.Invalid, "the notice asks for no confirmation").And("field", "act")
	case !ask.Room.Includes(f.For):
		return fault.New(fault.NotFound, "no such door in this room").And("field", "for")
	case f.On == told || told && !r.Visit:
		return fault.New(fault.Unchanged, "it stands so already")
	}
	return brief(words, "note", 0, 60)
}

func (n notice) visit(e Event, f visitFacts) notice {
	r, told := n.Homes[f.For]
	n.Told = f.For
	switch {
	case f.On && !told:
		if n.Homes == nil {
			n.Homes = map[id.Premises]Receipt{}
		}
		n.Homes[f.For] = Receipt{By: e.By, At: e.At, Visit: true, Note: kept(e.Words)}
	case !f.On && r.Visit:
		delete(n.Homes, f.For)
	}
	return n
}

func (n notice) confirmed(p id.Person, h id.Premises) bool {
	if h == "" {
		return n.People[p] != 0
	}
	_, ok := n.Homes[h]
	return ok
}

func (n notice) mayWithdraw(ask Ask, _ *nothing, words entry.Words) error {
	if err := owner(ask, "withdraw a notice"); err != nil {
		return err
	}
	switch {
	case n.Withdrawn != 0:
		return fault.New(fault.Unchanged, "withdrawn already")
	case n.Expired != 0:
		return fault.New(fault.Closed, "the notice has expired")
	}
	return brief(words, "reason", 1, 180)
}

func (n notice) withdraw(e Event, _ nothing) notice {
	n.Withdrawn, n.Reason = e.At, kept(e.Words)
	return n
}

// mostCorrections is how often a notice may be corrected.
const mostCorrections = 20

type correctFacts struct {
	By id.Person `json:"by"` // who found the mistake: the words are the author's
}

// mayCorrect lets those who answer for the room put a mistake right. Whoever confirmed what it said before is asked again.
func (n notice) mayCorrect(ask Ask, f *correctFacts, words entry.Words) error {
	if err := owner(ask, "correct a notice"); err != nil {
		return err
	}
	f.By = ask.By.Person
	switch {
	case n.over() || n.Until != 0 && ask.Now >= n.Until:
		return fault.New(fault.Closed, "the notice no longer holds")
	case n.Version > mostCorrections:
		return fault.New(fault.Quota, "it was changed often enough").And("field", "edits").And("limit", mostCorrections)
	}
	if err := text(words, "title", 1, 80); err != nil {
		return err
	}
	if err := text(words, "why", 0, 60); err != nil {
		return err
	}
	return text(words, "body", 0, 4000)
}

func (n notice) correct(e Event, f correctFacts) notice {
	if n.Before == nil {
		n.Before = map[string]int{}
	}
	for h := range n.Homes {
		n.Before[string(h)] = n.version()
	}
	for p := range n.People {
		n.Before[string(p)] = n.version()
	}
	n.Homes, n.People, n.Told, n.Reminded = nil, nil, "", nil
	n.Version, n.Corrected, n.Corrector = n.version()+1, e.At, f.By
	return n
}

const (
	// MostReminders is how often somebody may be reminded of one version by hand.
	MostReminders = 3
	// BetweenReminders is how long it takes at least.
	BetweenReminders = 30 * time.Minute
)

type remindFacts struct {
	Texts bool `json:"texts,omitempty"` // also by text messages, where page and phone go unnoticed
}

// mayRemind lets those who answer for the room ring whoever has not confirmed: a few times, by day.
func (n notice) mayRemind(ask Ask, _ *remindFacts) error {
	if err := owner(ask, "remind"); err != nil {
		return err
	}
	switch {
	case n.over() || n.Until != 0 && ask.Now >= n.Until:
		return fault.New(fault.Closed, "the notice no longer holds")
	case !n.Confirm:
		return fault.New(fault.Invalid, "the notice asks for no confirmation").And("field", "act")
	case n.here(ask.Room) >= ask.Room.Premises():
		return fault.New(fault.Unchanged, "all have confirmed")
	case len(n.Reminded) >= MostReminders:
		return fault.New(fault.Quota, "they were reminded often enough").And("field", "reminders").And("limit", MostReminders)
	}
	if i := len(n.Reminded) - 1; i >= 0 && ask.Now < n.Reminded[i]+BetweenReminders.Milliseconds() {
		return fault.New(fault.Quota, "they were reminded just now").And("field", "reminders").And("until", n.Reminded[i]+BetweenReminders.Milliseconds())
	}
	if hour := time.UnixMilli(ask.Now).In(Zone).Hour(); n.Importance != "urgent" && (hour >= quietFrom || hour < quietTo) {
		return fault.New(fault.QuietHours, "nobody is reminded at night").And("field", "reminders").And("from", quietFrom).And("to", quietTo)
	}
	return nil
}

// here is how many of the premises that have confirmed are the room's still.
func (n notice) here(room Room) (count int) {
	for h := range n.Homes {
		if room.Includes(h) {
			count++
		}
	}
	return count
}

func (n notice) remind(e Event, f remindFacts) notice {
	n.Reminded, n.Texts = append(slices.Clone(n.Reminded), e.At), f.Texts
	return n
}

func (n notice) version() int { return max(n.Version, 1) }

// Rewords: a correction is what the notice says from then on.
func (notice) Rewords(act string) bool { return act == "correct" }

// Versioned keeps what it said before: its readers compare.
func (notice) Versioned() bool { return true }

// concerns are those at whose door it was told, and after a correction all who are asked again.
func (n notice) concerns(e Event) []id.Person {
	who := e.Room.Behind(n.Told)
	if n.Corrected == 0 || n.Corrected != e.At {
		return who
	}
	who = append(slices.Clone(who), e.Room.Owners()...)
	for asked := range n.Before {
		who = append(who, e.Room.Behind(id.Premises(asked))...)
		if p := id.Person(asked); e.Room.Has(p) {
			who = append(who, p)
		}
	}
	return who
}

func (n notice) mayExpire(ask Ask, _ *nothing) error {
	if err := server(ask); err != nil {
		return err
	}
	if at, _ := n.Due(); at == 0 || ask.Now < at {
		return fault.New(fault.Unchanged, "the notice does not expire now")
	}
	return nil
}

func (n notice) expire(e Event, _ nothing) notice {
	n.Expired = e.At
	return n
}

func (n notice) over() bool { return n.Withdrawn != 0 || n.Expired != 0 }

// Due is when the notice expires.
func (n notice) Due() (int64, string) {
	if n.over() {
		return 0, ""
	}
	return n.Until, "expire"
}

// Pin puts the notice into the bar.
func (n notice) Pin() bool { return n.Stays }

// Settled takes it out of the bar when it no longer holds.
func (n notice) Settled() bool { return n.over() }

// Quiet keeps confirmations from everybody else: hundreds of them come within minutes, and change only own parts.
func (n notice) Quiet(act string) bool { return act == "confirm" || act == "visit" }

// Confirmed is who confirmed for which premises.
func (n notice) Confirmed() map[id.Premises]Receipt { return maps.Clone(n.Homes) }

// shown is the state but for who confirmed.
func (n notice) shown() any {
	n.Homes, n.People, n.Told, n.Before, n.Texts = nil, nil, "", nil, false
	return n
}

// Current says that it holds still.
func (n notice) Current() bool { return !n.over() }

// Live says that it has to be confirmed still.
func (n notice) Live() bool { return n.Confirm && !n.over() }

// Waits waits for one of each household.
func (n notice) Waits(v Viewer) string {
	if lacks(v, n.Homes) || len(v.Homes) == 0 && n.People[v.Person] == 0 {
		return "confirm"
	}
	return ""
}

// Rings rings everybody; what has to be confirmed cannot be turned off.
func (n notice) Rings(act string, _ Event) []Ring {
	switch act {
	case "post":
		return []Ring{{Topic: n.topic(), All: true}}
	case "correct":
		return []Ring{{Topic: n.topic(), All: true, Says: "更正了"}}
	case "remind": // whoever has confirmed is not concerned
		return []Ring{{Topic: Confirm, All: true, Text: n.Texts, Says: "请您确认"}}
	}
	return nil
}

func (n notice) topic() string {
	if n.Confirm {
		return Confirm
	}
	return "notice"
}

// patience is how long households have before they are reminded, once.
var patience = map[string]time.Duration{"urgent": time.Hour, "important": 4 * time.Hour, "normal": 24 * time.Hour}

// Presses comes back to the households that have not confirmed, unless the notice has ended by then.
func (n notice) Presses(p Post) (int64, Ring) {
	at := max(p.At, n.Corrected) + patience[n.Importance].Milliseconds()
	if !n.Live() || n.Until != 0 && at >= n.Until {
		return 0, Ring{}
	}
	return at, Ring{Topic: Confirm, Text: n.Importance != importances[0], Staff: true, Says: "还没有确认"}
}

// confirmed is a confirmation as its household sees it.
type confirmed struct {
	Confirmed bool      `json:"confirmed,omitempty"`
	By        id.Person `json:"by,omitempty"`
	At        int64     `json:"at,omitempty"`
	Visit     bool      `json:"visit,omitempty"` // told at the door
}

// own says whether the viewer's premises have confirmed, each of several, and who of them did; owners see how many premises have, of those that
// the room has now.
func (n notice) own(v Viewer) any {
	var own struct {
		confirmed
		Homes   map[id.Premises]confirmed `json:"homes,omitempty"`
		N       *int                      `json:"n,omitempty"`
		Shops   int                       `json:"shops,omitempty"`    // of those n
		Of      int                       `json:"of,omitempty"`       // so many premises there are
		OfShops int                       `json:"of_shops,omitempty"` // so many of them are shops
		Before  int                       `json:"before,omitempty"`   // the earlier version that they confirmed, before it was corrected
	}
	if !n.Confirm {
		return nil
	}
	own.Before = n.Before[string(v.Person)]
	for _, h := range v.Homes {
		own.Before = max(own.Before, n.Before[string(h)])
		r, ok := n.Homes[h]
		switch {
		case !ok:
		case len(v.Homes) == 1:
			own.confirmed = confirmed{true, r.By, r.At, r.Visit}
		default:
			if own.Homes == nil {
				own.Homes = map[id.Premises]confirmed{}
			}
			own.Homes[h] = confirmed{true, r.By, r.At, r.Visit}
		}
	}
	if at := n.People[v.Person]; at != 0 && !own.Confirmed && len(own.Homes) == 0 {
		own.confirmed = confirmed{Confirmed: true, By: v.Person, At: at}
	}
	if v.Owner {
		count := n.here(v.Room)
		own.N, own.Of, own.OfShops = &count, v.Room.Premises(), v.Room.Shops()
		for h := range n.Homes {
			if v.Room.Shop(h) {
				own.Shops++
			}
		}
	} else if !own.Confirmed && len(own.Homes) == 0 && own.Before == 0 {
		return nil
	}
	return own
}

// Pass lets it be pointed to from another room.
func (notice) Pass() (Part, bool) { return Part{Live: true}, true }
