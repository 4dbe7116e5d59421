package office

import (
	"linli/internal/entry"
	"linli/internal/id"
)

// What a change is about.
type What string

const (
	Admission What = "admission" // an application: its status, place and queue
	Role      What = "role"      // somebody gained or lost a role: what they may hear is different from now on
	Who       What = "who"       // what binds a person to a room
	Name      What = "name"      // how a person is called
	Place     What = "place"     // the office, a community or a room is new or called otherwise
	Counts    What = "counts"    // how many premises a room has
	Poster    What = "poster"    // a room's links
	Rules     What = "rules"     // charter or policy of a room; of the office when Room is empty
	Looked    What = "looked"    // somebody looked at one person's data
	Offered   What = "offered"   // a post waits for somebody, or no more
	Coded     What = "coded"     // somebody was given a code by which a person's account can be signed in to
)

// Change is what an entry made different, for those who tell people and keep subscriptions. Fields that do not concern it
// are empty.
type Change struct {
	What      What
	Seq       entry.Seq
	By        id.Person
	Person    id.Person // whom it concerns
	Room      id.Room
	Community id.Community

	Application id.Application
	Status      Status
	Place       int         // in the queue, from 1; 0 when not in it
	Pending     int         // how many wait in the room's queue now
	Text        entry.Words // what the applicant is told: {"text"} or {"reason"}

	Role   entry.Role
	Gained bool // or lost
}
