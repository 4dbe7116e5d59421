package kind

import (
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// message is what somebody says: words, and whom they call by it. Reply, retract and reactions are the item's.
type message struct {
	To    []id.Person `json:"to,omitempty"`    // called by name, or by a role they have
	Roles []string    `json:"roles,omitempty"` // as they were called: 物业, 片警, 值班
	All   bool        `json:"all,omitempty"`   // everybody in the room
	Named []id.Person `json:"named,omitempty"` // of To, where roles are called as well: who was called by name
}

const (
	mostCalled = 50 // people whom one message calls
	mostWhy    = 60 // characters of why everybody is called
	// AllPerWeek is how often those who answer for a room may call everybody within AllWithin. Everybody's phone rings: a notice
	// reaches them as well.
	AllPerWeek = 2
	// AllWithin is seven days.
	AllWithin = 7 * 24 * time.Hour
	quietFrom = 22 // o'clock: nobody calls everybody until quietTo; an emergency is a kind of its own
	quietTo   = 7
)

// Zone is the clock of the rooms: one in all of China.
var Zone = time.FixedZone("CST", 8*3600)

// onDuty are the words for who answers for the room.
var onDuty = []string{"值班", "群主"}

var _ = declare(kind[message]{
	name:    "text",
	lane:    Chat,
	actions: map[string]action[message]{"post": actw(message.mayPost, message.post, "text", "why")},
	shown:   message.shown,
})

func (m message) shown() any {
	if m.To == nil && !m.All {
		return nil
	}
	m.Named = nil
	return m
}

func (message) mayPost(ask Ask, with *message, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if err := text(words, "text", 1, 4000); err != nil {
		return err
	}
	if err := text(words, "why", 0, mostWhy); err != nil {
		return err
	}
	with.Named = nil
	if with.All {
		return mayCallAll(ask, words)
	}
	return with.call(ask)
}

// call finds out who is called: members by name, and those who have a role in this room.
func (m *message) call(ask Ask) error {
	for _, p := range m.To {
		if !ask.Room.Has(p) {
			return fault.New(fault.NotFound, "no such member").And("field", "to")
		}
	}
	if len(m.Roles) > 0 {
		slices.Sort(m.To)
		m.To = slices.Compact(m.To)
		m.Named = slices.Clone(m.To)
	}
	for _, r := range m.Roles {
		found := ask.Room.Badged(r)
		if slices.Contains(onDuty, r) {
			found = ask.Room.Owners()
		}
		if len(found) == 0 {
			return fault.New(fault.NotFound, "nobody here has this role").And("field", "roles")
		}
		m.To = append(m.To, found...)
	}
	slices.Sort(m.To)
	if m.To = slices.Compact(m.To); len(m.To) > mostCalled {
		return fault.New(fault.TooMany, "so many are called only all together").And("field", "to").And("limit", mostCalled)
	}
	return nil
}

// mayCallAll lets owners ring everybody's phone: seldom, by day, and saying why.
func mayCallAll(ask Ask, words entry.Words) error {
	if err := owner(ask, "call everybody"); err != nil {
		return err
	}
	if err := text(words, "why", 2, mostWhy); err != nil {
		return err
	}
	if hour := time.UnixMilli(ask.Now).In(Zone).Hour(); hour >= quietFrom || hour < quietTo {
		return fault.New(fault.QuietHours, "nobody is called at night").And("from", quietFrom).And("to", quietTo)
	}
	if ask.Room.Calls(ask.Now-AllWithin.Milliseconds()) >= AllPerWeek {
		return fault.New(fault.Quota, "everybody was called often enough this week").And("limit", AllPerWeek)
	}
	return nil
}

func (message) post(_ Event, with message) message { return with }

// Calls tells whom the message calls.
func (m message) Calls() (to []id.Person, all bool) { return m.To, m.All }

// Pass lets it be passed on.
func (message) Pass() (Part, bool) { return Part{}, true }

// Rings rings those whom the message calls: of a role who is on duty first.
func (m message) Rings(act string, _ Event) []Ring {
	if act != "post" || len(m.To) == 0 && !m.All {
		return nil
	}
	if len(m.Roles) == 0 || m.All {
		return []Ring{{Topic: "call", To: m.To, All: m.All}}
	}
	var rings []Ring
	if len(m.Named) > 0 {
		rings = append(rings, Ring{Topic: "call", To: m.Named})
	}
	others := slices.DeleteFunc(slices.Clone(m.To), func(p id.Person) bool { return slices.Contains(m.Named, p) })
	if len(others) > 0 {
		rings = append(rings, Ring{Topic: "call", To: others, Turns: true})
	}
	return rings
}
