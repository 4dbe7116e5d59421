// Package entry is what a log is made of, as rooms and the office share it: entries, the commands that ask for them, and
// who asks.
//
// An entry is for ever. Its facts decide and are plain JSON: ids, numbers, option indexes, times, template keys, never a
// name, phone or address of a person. Its words are all free text, one JSON value, which decides nothing and may be
// forgotten (null) without changing what happened. Words are sealed on their way into the journal and opened on their way
// out; in memory they are plain.
package entry

import (
	"encoding/json"
	"strconv"
	"strings"

	"linli/internal/id"
)

// Seq counts the entries of one log, dense from 1; 0 is the place before the first.
type Seq uint64

// Words is free text as one JSON value, usually an object such as {"text":"…"}; nil when there is none or it was forgotten.
type Words = json.RawMessage

// Unreadable stands for words whose key is damaged on disk: they are not forgotten, and pages say so.
var Unreadable = Words(`{"damaged":true}`)

// Entry is one thing that happened.
type Entry struct {
	Kind  string          `json:"k"`               // what: text.post, poll.vote, item.retract, member.join
	By    id.Person       `json:"by"`              // who
	As    string          `json:"as,omitempty"`    // the office role used, when it was not as a mere member
	ID    string          `json:"id,omitempty"`    // the command's id; empty for what the server did itself
	Re    Seq             `json:"re,omitempty"`    // the item acted upon or replied to
	Cause Seq             `json:"cause,omitempty"` // in a room: the office's entry that this follows from
	Of    id.Person       `json:"of,omitempty"`    // whom the words are about, when that is not who says them: they go with that person's data
	Facts json.RawMessage `json:"f,omitempty"`
	Words Words           `json:"w,omitempty"`
}

// Command is what somebody wants. ID is <device>.<n>, n counting up per device: the same again gives the same answer.
type Command struct {
	ID    string          `json:"id"`
	Act   string          `json:"act"` // <kind>.<action>, item.<action>, member.<action>; in the office <thing>.<verb>
	Re    Seq             `json:"re,omitempty"`
	With  json.RawMessage `json:"with,omitempty"`  // facts, as the action defines them
	Words Words           `json:"words,omitempty"` // free text, as the action defines it
	Cause Seq             `json:"-"`               // set by the server alone
}

// Device and number of a command's id; ok is false when the id is not of the form <device>.<n> with n ≥ 1.
func (c *Command) Device() (device id.Device, n uint64, ok bool) {
	at := strings.LastIndexByte(c.ID, '.')
	if at < 1 || len(c.ID) > 48 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(c.ID[at+1:], 10, 53)
	return id.Device(c.ID[:at]), n, err == nil && n > 0
}

// Role is what the office lets a person do somewhere.
type Role string

const (
	Admin     Role = "admin"     // office administrator: everything
	Assessor  Role = "assessor"  // 考核员: reads every number of the office
	Secretary Role = "secretary" // 社区书记: answers for a community
	Owner     Role = "owner"     // 群主: answers for a room
	Deputy    Role = "deputy"    // 副群主: shares the owner's work
)

// Actor is who asks, as the engine knows them: no caller can make one up.
type Actor struct {
	Person id.Person
	Device id.Device
	Grants []Grant // the office roles in force
	Limit  Limit   // how much they may take on, over all rooms
	Held   int     // open cards of the command's kind that they have taken on in other rooms
	Unseen int64   // ms; what was posted before this, and before they came, is not theirs to read
}

// Limits are how much one person may take on, and how many neighbours' phones they may see, so that nobody gathers them. Volunteers have
// limits of their own. 0 is none.
type Limits struct {
	Residents  Limit `json:"residents"`
	Volunteers Limit `json:"volunteers"`
}

// Limit is how much a person may do.
type Limit struct {
	Claims   int `json:"claims"`   // requests that they have taken on and not finished, at once
	Contacts int `json:"contacts"` // people whose phone a request showed them within 24 hours
}

// For is the limit of a volunteer or of anybody else.
func (l Limits) For(volunteer bool) Limit {
	if volunteer {
		return l.Volunteers
	}
	return l.Residents
}

// Grant is one role and where it holds: the office (both empty), a community, or a room.
type Grant struct {
	Role      Role         `json:"role"`
	Community id.Community `json:"community,omitempty"`
	Room      id.Room      `json:"room,omitempty"`
}
