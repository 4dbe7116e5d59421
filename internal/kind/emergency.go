package kind

import (
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// emergency is a call for help that several may answer: the first one's answer is the acknowledgement that the caller waits
// for. Nothing about it is refused for want of form. Who calls again while their call is open says more on the same card, and rings
// again; then it waits for another answer.
//
// Where nobody answers for the room but who calls, those above it are rung: its community's secretaries and the office's administrators.
// They are not in the room. They may open this card, which the room sees, answer it and end it, and nothing else there.
type emergency struct {
	Status     string      `json:"status"` // raised, acknowledged, resolved, false
	Category   string      `json:"category"`
	Door       bool        `json:"door"` // those who answer may learn the door
	Responders []responder `json:"responders,omitempty"`
	Resolved   int64       `json:"resolved,omitempty"`
	Resolver   id.Person   `json:"resolver,omitempty"`
	Note       entry.Words `json:"note,omitempty"`
	Above      bool        `json:"above,omitempty"`   // those above the room were rung
	Opened     []responder `json:"opened,omitempty"`  // which of them have opened it, and when
	Again      []calling   `json:"again,omitempty"`   // the last times that it was called again
	Times      int         `json:"times,omitempty"`   // how often it was called again
	Called     int64       `json:"called,omitempty"`  // when last, ms; 0 for never again
	Calling    bool        `json:"calling,omitempty"` // it was called again since somebody answered
}

// calling is that somebody calls again.
type calling struct {
	At       int64       `json:"at"`
	Category string      `json:"category"`
	Words    entry.Words `json:"words,omitempty"`
}

// responder is who answered, and when.
type responder struct {
	By id.Person `json:"by"`
	At int64     `json:"at"`
	As string    `json:"as,omitempty"` // the office role of who is not in the room: the room knows no name of theirs
}

// fromAbove completes what somebody does who is not in the room.
type fromAbove struct {
	As string `json:"as,omitempty"`
}

func (f *fromAbove) say(by Actor) {
	if f.As = ""; !by.Member {
		f.As = by.As
	}
}

const (
	raised       = "raised"
	acknowledged = "acknowledged"
	resolved     = "resolved"
	falseAlarm   = "false"
)

// shownResponders is how many of those who answered all see by name; the rest are a number.
const shownResponders = 12

// The card's state stays small: of calling again it keeps the last times, and shows their words as far as they come to so many bytes
// (some 200 characters), the last first; of those above the room who opened it the first few.
const (
	keptAgain   = 3
	againBytes  = 640
	shownOpened = 4
)

var categories = []string{"突发疾病", "人员被困", "火情", "水电气", "走失", "其他"}

var _ = declare(kind[emergency]{
	name:  "emergency",
	lane:  Needs,
	again: "again",
	actions: map[string]action[emergency]{
		"post":     actw(emergency.mayPost, emergency.post, "text"),
		"claim":    act(emergency.mayClaim, emergency.claim),
		"complete": actw(emergency.mayComplete, emergency.complete, "note"),
		"false":    act(emergency.mayBeFalse, emergency.wasFalse),
		"again":    actw(emergency.mayCallAgain, emergency.callAgain, "text"),
		"open":     act(emergency.mayOpen, emergency.open),
	},
	shown:    emergency.shown,
	own:      emergency.own,
	concerns: emergency.concerns,
	summary: func(w entry.Words, m emergency) string {
		return line("[紧急求助]", line(m.Category, word(w, "text")))
	},
})

type emergencyFacts struct {
	Category string      `json:"category"`
	Door     bool        `json:"door"`
	Above    bool        `json:"above,omitempty"` // nobody in the room answers for it but who calls
	For      id.Premises `json:"for,omitempty"`   // the door that it is behind, of somebody with several
}

func (emergency) mayPost(ask Ask, f *emergencyFacts, words entry.Words) (err error) {
	if err := member(ask); err != nil {
		return err
	}
	f.Above = !slices.ContainsFunc(ask.Room.Owners(), func(p id.Person) bool { return p != ask.By.Person })
	if f.For, err = home(ask, f.For); err != nil {
		f.For = "" // nothing about it is refused for want of form
	}
	if f.Category == "" {
		f.Category = "其他"
	}
	if !slices.Contains(categories, f.Category) {
		return fault.New(fault.Invalid, "there is no such category").And("field", "category")
	}
	return text(words, "text", 0, 500)
}

func (emergency) post(_ Event, f emergencyFacts) emergency {
	return emergency{Status: raised, Category: f.Category, Door: f.Door, Above: f.Above}
}

// mayCallAgain is for who calls: what they send while it is open.
func (m emergency) mayCallAgain(ask Ask, f *emergencyFacts, words entry.Words) error {
	switch {
	case ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only who called may")
	case m.over():
		return fault.New(fault.Closed, "it is over")
	}
	return m.mayPost(ask, f, words)
}

// callAgain keeps the door once it was given.
func (m emergency) callAgain(e Event, f emergencyFacts) emergency {
	m.Called, m.Door, m.Above, m.Calling = e.At, m.Door || f.Door, m.Above || f.Above, m.Status == acknowledged
	m.Again = append(slices.Clone(m.Again), calling{At: e.At, Category: f.Category, Words: kept(e.Words)})
	m.Again = m.Again[max(0, len(m.Again)-keptAgain):]
	m.Times++
	return m
}

// mayOpen lets those above the room look at the card who were rung.
func (m emergency) mayOpen(ask Ask, f *fromAbove) error {
	f.say(ask.By)
	switch {
	case ask.By.Member:
		return fault.New(fault.Unchanged, "a member sees it in the room")
	case !m.helpsFromAbove(ask.By):
		return fault.New(fault.NotMember, "not a member of this room")
	case m.OpenedBy(ask.By.Person):
		return fault.New(fault.Unchanged, "opened already")
	}
	return nil
}

func (m emergency) open(e Event, f fromAbove) emergency {
	m.Opened = append(m.Opened, responder{e.By, e.At, f.As})
	return m
}

// OpenedBy tells whether one of those above the room has opened it.
func (m emergency) OpenedBy(p id.Person) bool {
	return slices.ContainsFunc(m.Opened, func(r responder) bool { return r.By == p })
}

// helpsFromAbove tells whether somebody who is not in the room was rung as one of those above it.
func (m emergency) helpsFromAbove(by Actor) bool { return m.Above && by.Owner && !by.Member }

// Summons tells whether those above the room were rung.
func (m emergency) Summons() bool { return m.Above }

// Holder is who calls, until it is over: they have one call at once.
func (m emergency) Holder(p Post) id.Person {
	if m.over() {
		return ""
	}
	return p.By
}

func (m emergency) mayClaim(ask Ask, f *fromAbove) error {
	f.say(ask.By)
	switch {
	case !ask.By.Member && !m.helpsFromAbove(ask.By):
		return fault.New(fault.NotMember, "only members of the room answer here")
	case ask.By.Person == ask.Post.By:
		return fault.New(fault.Forbidden, "this is one's own call")
	case m.over():
		return fault.New(fault.Closed, "it is over")
	case m.answered(ask.By.Person) && !m.Calling:
		return fault.New(fault.Unchanged, "answered already")
	}
	return nil
}

func (m emergency) claim(e Event, f fromAbove) emergency {
	m.Status, m.Calling = acknowledged, false
	if !m.answered(e.By) {
		m.Responders = append(m.Responders, responder{e.By, e.At, f.As})
	}
	return m
}

func (m emergency) mayComplete(ask Ask, _ *nothing, words entry.Words) error {
	switch {
	case !m.answered(ask.By.Person) && !(ask.By.Owner && (ask.By.Member || m.Above)):
		return fault.New(fault.Forbidden, "only those who answered and owners may")
	case m.over():
		return fault.New(fault.Closed, "it is over")
	}
	return brief(words, "note", 0, remarked)
}

func (m emergency) complete(e Event, _ nothing) emergency {
	m.Status, m.Resolved, m.Resolver, m.Note = resolved, e.At, e.By, kept(e.Words)
	return m
}

func (m emergency) mayBeFalse(ask Ask, _ *nothing) error {
	switch {
	case ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only who called may")
	case m.over():
		return fault.New(fault.Closed, "it is over")
	}
	return nil
}

func (m emergency) wasFalse(Event, nothing) emergency {
	m.Status = falseAlarm
	return m
}

// Current tells whether somebody is in need still.
func (m emergency) Current() bool { return !m.over() }

// Live tells whether somebody may still be in need.
func (m emergency) Live() bool { return !m.over() }

// Waits waits for who answers for the room, until somebody has answered it, and when it is called again.
func (m emergency) Waits(v Viewer) string {
	if (v.Owner || m.answered(v.Person)) && m.wanting() {
		return "claim"
	}
	return ""
}

// wanting tells whether it waits for an answer.
func (m emergency) wanting() bool { return m.Status == raised || m.Calling && !m.over() }

func (m emergency) over() bool { return m.Status == resolved || m.Status == falseAlarm }

func (m emergency) answered(p id.Person) bool {
	return slices.ContainsFunc(m.Responders, func(r responder) bool { return r.By == p })
}

// MayContact lets those who answer, and owners, reach the caller until it is over; and the caller the first who answered.
func (m emergency) MayContact(v Viewer) (id.Person, bool) {
	switch {
	case m.over():
	case v.Person == v.Post.By:
		if len(m.Responders) > 0 {
			return m.Responders[0].By, true
		}
	case v.Owner || m.answered(v.Person):
		return v.Post.By, true
	}
	return "", false
}

// MayVisit lets those who may reach the caller come to the door, if that was said.
func (m emergency) MayVisit(v Viewer) bool {
	_, may := m.MayContact(v)
	return may && m.Door && v.Person != v.Post.By
}

// concerns are all who may reach the caller, or may no longer.
func (m emergency) concerns(e Event) []id.Person {
	var who []id.Person
	for _, r := range m.Responders {
		who = append(who, r.By)
	}
	if e.Room != nil {
		who = append(who, e.Room.Owners()...)
	}
	return who
}

// Rings rings those who answer for the room by every means, and tells all whose page is open; the caller learns that somebody comes.
func (m emergency) Rings(act string, e Event) []Ring {
	switch act {
	case "post", "again":
		says := ""
		if act == "again" {
			says = "再次呼救"
		}
		to := e.Room.Owners()
		for _, r := range m.Responders {
			to = append(to, r.By)
		}
		return []Ring{
			{Topic: Emergency, To: to, Loud: true, Text: true, Staff: true, Above: m.Above, Says: says},
			{Topic: Emergency, All: true, Open: true, Loud: true, Says: says},
		}
	case "claim":
		if len(m.Responders) == 1 || m.Times > 0 {
			return []Ring{{Topic: Emergency, To: []id.Person{e.Post.By}, Loud: true, Says: "已响应"}}
		}
	case "complete", "false":
		var to []id.Person
		for _, r := range m.Responders {
			to = append(to, r.By)
		}
		if act == "complete" {
			to = append(to, e.Post.By)
		}
		if len(to) > 0 {
			return []Ring{{Topic: "mine", To: to, Says: "已解除"}}
		}
	}
	return nil
}

// unanswered is how long a call may stay unanswered before those who answer for the room are rung again.
const unanswered = time.Minute

// Presses rings those again whom it waits for.
func (m emergency) Presses(p Post) (int64, Ring) {
	if !m.wanting() {
		return 0, Ring{}
	}
	return max(p.At, m.Called) + unanswered.Milliseconds(), Ring{Topic: Emergency, Loud: true, Text: true, Staff: true, Above: m.Above, Says: "还没有人响应"}
}

func (m emergency) shown() any {
	answers := some(m.Responders, shownResponders)
	return struct {
		Status     string      `json:"status"`
		Category   string      `json:"category"`
		Door       bool        `json:"door,omitempty"`
		Responders [][]any     `json:"responders"`
		More       int         `json:"more,omitempty"` // who answered too
		Resolved   int64       `json:"resolved,omitempty"`
		Resolver   id.Person   `json:"resolver,omitempty"`
		Note       entry.Words `json:"note,omitempty"`
		Above      bool        `json:"above,omitempty"`
		Opened     [][]any     `json:"opened,omitempty"`
		Again      []calling   `json:"again,omitempty"`
		Times      int         `json:"times,omitempty"`
		Calling    bool        `json:"calling,omitempty"`
	}{m.Status, m.Category, m.Door, answers, len(m.Responders) - len(answers), m.Resolved, m.Resolver, m.Note, m.Above, some(m.Opened, shownOpened), m.calledAgain(), m.Times, m.Calling}
}

// calledAgain is the last times, with as many of their words as all are sent.
func (m emergency) calledAgain() []calling {
	list, left := slices.Clone(m.Again), againBytes
	for i := len(list) - 1; i >= 0; i-- {
		if left -= len(list[i].Words); left < 0 {
			list[i].Words = nil
		}
	}
	return list
}

// some are those whom all see by name: [person, when], and their role where the room knows no name.
func some(list []responder, most int) [][]any {
	rows := make([][]any, 0, most)
	for _, r := range list[:min(len(list), most)] {
		row := []any{r.By, r.At}
		if r.As != "" {
			row = append(row, r.As)
		}
		rows = append(rows, row)
	}
	return rows
}

func (m emergency) own(v Viewer) any {
	var own struct {
		Caller    bool `json:"caller,omitempty"`
		Responder bool `json:"responder,omitempty"`
		Contact   bool `json:"contact"`
	}
	own.Caller, own.Responder = v.Person == v.Post.By, m.answered(v.Person)
	_, own.Contact = m.MayContact(v)
	if !own.Caller && !own.Responder && !own.Contact {
		return nil
	}
	return own
}
