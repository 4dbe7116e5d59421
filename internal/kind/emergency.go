package kind

import (
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// emergency is a call for help that several may answer: the first one's answer is the acknowledgement that the caller waits
// for. Nothing about it is refused for want of form.
type emergency struct {
	Status     string      `json:"status"` // raised, acknowledged, resolved, false
	Category   string      `json:"category"`
	Door       bool        `json:"door"` // those who answer may learn the door
	Responders []responder `json:"responders,omitempty"`
	Resolved   int64       `json:"resolved,omitempty"`
	Resolver   id.Person   `json:"resolver,omitempty"`
	Note       entry.Words `json:"note,omitempty"`
}

// responder is who answered, and when.
type responder struct {
	By id.Person `json:"by"`
	At int64     `json:"at"`
}

const (
	raised       = "raised"
	acknowledged = "acknowledged"
	resolved     = "resolved"
	falseAlarm   = "false"
)

// shownResponders is how many of those who answered all see by name; the rest are a number.
const shownResponders = 12

var categories = []string{"突发疾病", "人员被困", "火情", "水电气", "走失", "其他"}

var _ = declare(kind[emergency]{
	name: "emergency",
	lane: Needs,
	actions: map[string]action[emergency]{
		"post":     actw(emergency.mayPost, emergency.post),
		"claim":    act(emergency.mayClaim, emergency.claim),
		"complete": actw(emergency.mayComplete, emergency.complete),
		"false":    act(emergency.mayBeFalse, emergency.wasFalse),
	},
	shown:    emergency.shown,
	own:      emergency.own,
	concerns: emergency.concerns,
	summary: func(w entry.Words, m emergency) string {
		return line("[紧急求助]", line(m.Category, word(w, "text")))
	},
})

type emergencyFacts struct {
	Category string `json:"category"`
	Door     bool   `json:"door"`
}

func (emergency) mayPost(ask Ask, f *emergencyFacts, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
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
	return emergency{Status: raised, Category: f.Category, Door: f.Door}
}

func (m emergency) mayClaim(ask Ask, _ *nothing) error {
	switch {
	case !ask.By.Member:
		return fault.New(fault.NotMember, "only members of the room answer here")
	case ask.By.Person == ask.Post.By:
		return fault.New(fault.Forbidden, "this is one's own call")
	case m.over():
		return fault.New(fault.Closed, "it is over")
	case m.answered(ask.By.Person):
		return fault.New(fault.Unchanged, "answered already")
	}
	return nil
}

func (m emergency) claim(e Event, _ nothing) emergency {
	m.Status = acknowledged
	m.Responders = append(m.Responders, responder{e.By, e.At})
	return m
}

func (m emergency) mayComplete(ask Ask, _ *nothing, words entry.Words) error {
	switch {
	case !m.answered(ask.By.Person) && !ask.By.Owner:
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

// Live tells whether somebody may still be in need.
func (m emergency) Live() bool { return !m.over() }

// Waits waits for who answers for the room, until somebody has answered it.
func (m emergency) Waits(v Viewer) string {
	if v.Owner && m.Status == raised {
		return "claim"
	}
	return ""
}

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
	case "post":
		return []Ring{
			{Topic: Emergency, To: e.Room.Owners(), Loud: true, Text: true, Staff: true},
			{Topic: Emergency, All: true, Open: true, Loud: true},
		}
	case "claim":
		if len(m.Responders) == 1 {
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
	if m.Status != raised {
		return 0, Ring{}
	}
	return p.At + unanswered.Milliseconds(), Ring{Topic: Emergency, Loud: true, Text: true, Staff: true, Says: "还没有人响应"}
}

func (m emergency) shown() any {
	some := m.Responders[:min(len(m.Responders), shownResponders)]
	answers := make([][2]any, len(some))
	for i, r := range some {
		answers[i] = [2]any{r.By, r.At}
	}
	return struct {
		Status     string      `json:"status"`
		Category   string      `json:"category"`
		Door       bool        `json:"door,omitempty"`
		Responders [][2]any    `json:"responders"`
		More       int         `json:"more,omitempty"` // who answered too
		Resolved   int64       `json:"resolved,omitempty"`
		Resolver   id.Person   `json:"resolver,omitempty"`
		Note       entry.Words `json:"note,omitempty"`
	}{m.Status, m.Category, m.Door, answers, len(m.Responders) - len(some), m.Resolved, m.Resolver, m.Note}
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
