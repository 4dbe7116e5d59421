// Package wire is what crosses the socket, as bytes: items, deliveries, commands. What a room's members see is encoded once
// and is the same bytes for all; what only one person sees goes to that person.
//
// The types here are the protocol (docs/protocol.md): the OpenAPI file and the client's types are made from them. The hot
// path does not marshal them but appends the same bytes by hand (encode.go); a test holds the two together.
package wire

import (
	"encoding/json"
	"reflect"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
)

// Item is what a post made: a fixed part, and a state with ch, the seq that changed it last.
type Item struct {
	Seq   entry.Seq         `json:"seq"`
	Ch    entry.Seq         `json:"ch"`
	Kind  string            `json:"kind"`
	By    id.Person         `json:"by"`
	As    string            `json:"as,omitempty"`
	At    int64             `json:"at"`
	ID    string            `json:"id,omitempty"`
	Re    entry.Seq         `json:"re,omitempty"`
	O     map[string]uint64 `json:"o,omitempty"`
	Words json.RawMessage   `json:"words,omitempty"`
	Sum   string            `json:"sum,omitempty"`
	State json.RawMessage   `json:"state,omitempty"`
}

// Flags are the parts of a state that any kind may have.
type Flags struct {
	Retracted bool                   `json:"retracted,omitempty"`
	Pinned    bool                   `json:"pinned,omitempty"`
	Edited    int64                  `json:"edited,omitempty"` // when its words were changed last, ms
	React     map[string][]id.Person `json:"react,omitempty"`
}

// Set is an item's state as it is now.
type Set struct {
	Seq   entry.Seq       `json:"seq"`
	Ch    entry.Seq       `json:"ch"`
	State json.RawMessage `json:"state"`
	Words json.RawMessage `json:"words,omitempty"` // of an item that was edited: as they are now
	Sum   string          `json:"sum,omitempty"`   // likewise
}

// Quote is what a reply shows of the message that it answers (its Re), beside the item where that is not told as well. A message that was
// taken back is quoted without a word of what it said, also when it is taken back later: its Set says so.
type Quote struct {
	Seq       entry.Seq `json:"seq"`
	Ch        entry.Seq `json:"ch"`
	Kind      string    `json:"kind,omitempty"`
	By        id.Person `json:"by,omitempty"`
	Sum       string    `json:"sum,omitempty"` // its first line, at most 60 characters; empty when its words were forgotten
	Retracted bool      `json:"retracted,omitempty"`
	Hidden    bool      `json:"hidden,omitempty"` // from before this reader came: nothing else is said of it
}

// Mine is what only the receiver sees of an item.
type Mine struct {
	Seq entry.Seq       `json:"seq"`
	Ch  entry.Seq       `json:"ch"`
	Own json.RawMessage `json:"own"`
}

// Name is how a room knows a person; the highest rev counts.
type Name struct {
	ID    id.Person `json:"id"`
	Rev   int       `json:"rev"`
	Name  string    `json:"name"`
	Badge string    `json:"badge,omitempty"`
}

// Delivery is what a room tells its members at once; a page and the answer to a resume have the same shape. A live one has From, an
// answer After, a page neither.
type Delivery struct {
	Room   id.Room     `json:"room"`
	Seq    entry.Seq   `json:"seq"`
	From   *entry.Seq  `json:"from,omitempty"`  // of a live one: the seq of the one that the room was told before it, 0 for none
	After  *entry.Seq  `json:"after,omitempty"` // of an answer: what the resume said
	Reset  bool        `json:"reset,omitempty"`
	First  bool        `json:"first,omitempty"` // of a page: nothing older exists
	New    []Item      `json:"new,omitempty"`
	Set    []Set       `json:"set,omitempty"`
	Quotes []Quote     `json:"quotes,omitempty"` // of replies among the new ones
	People []Name      `json:"people,omitempty"`
	Pins   []entry.Seq `json:"pins,omitempty"` // null when they did not change; [] when none is left
	Gone   []id.Person `json:"gone,omitempty"`
	Mine   []Mine      `json:"mine,omitempty"`

	Current map[kind.Lane]int `json:"current,omitempty"` // how many cards of each lane are not over, when that changed
	Rules   *Rules            `json:"rules,omitempty"`   // when they changed
}

// Rules are what may be posted in a room, and by whom.
type Rules struct {
	Without  []string    `json:"without,omitempty"`  // kinds that nobody may post
	Reserved []kind.Lane `json:"reserved,omitempty"` // lanes in which only those post who answer for the room
}

// Command is what a client asks for; see docs/protocol.md for acts, facts and words.
type Command struct {
	ID    string          `json:"id"`
	Room  id.Room         `json:"room,omitempty"`
	Act   string          `json:"act"`
	Re    entry.Seq       `json:"re,omitempty"`
	With  json.RawMessage `json:"with,omitempty"`
	Words json.RawMessage `json:"words,omitempty"`
}

// Resume asks what changed in a room since a ch.
type Resume struct {
	Room  id.Room   `json:"room"`
	After entry.Seq `json:"after"`
}

// Hint is a sign of life that may be lost.
type Hint struct {
	Room   id.Room   `json:"room"`
	Person id.Person `json:"person,omitempty"`
	Typing bool      `json:"typing"`
}

// FromClient is one message of a client: any of these.
type FromClient struct {
	Do     []Command `json:"do,omitempty"`
	Resume []Resume  `json:"resume,omitempty"`
	Read   []ReadTo  `json:"read,omitempty"`
	Hint   *Hint     `json:"hint,omitempty"`
}

// ReadTo is [room, seq]: read up to here; or [room, seq, lane]: of this lane alone.
type ReadTo struct {
	Room id.Room
	Seq  entry.Seq
	Lane string
}

func (r *ReadTo) UnmarshalJSON(b []byte) error {
	list := [3]any{&r.Room, &r.Seq, &r.Lane}
	return json.Unmarshal(b, &list)
}

func (r ReadTo) MarshalJSON() ([]byte, error) {
	if r.Lane == "" {
		return json.Marshal([]any{r.Room, r.Seq})
	}
	return json.Marshal([]any{r.Room, r.Seq, r.Lane})
}

// Hello is the first thing a connection hears.
type Hello struct {
	Person id.Person  `json:"person"`
	Device id.Device  `json:"device"`
	Now    int64      `json:"now"`
	N      uint64     `json:"n"`              // the greatest command number taken from this device
	Life   string     `json:"life,omitempty"` // of the office: another one since it was put back from a copy
	Rooms  []RoomHead `json:"rooms"`
}

// RoomHead is a room and the last seq of its log.
type RoomHead struct {
	ID  id.Room   `json:"id"`
	Seq entry.Seq `json:"seq"`
}

// Leave tells a person that they no longer hear a room.
type Leave struct {
	Room   id.Room         `json:"room"`
	Until  int64           `json:"until,omitempty"`
	Reason json.RawMessage `json:"reason,omitempty"`
	Self   bool            `json:"self,omitempty"` // they went out by themselves
}

// Muted tells a person that they may not post in a room until a time; 0 when they may again.
type Muted struct {
	Room   id.Room         `json:"room"`
	Until  int64           `json:"until"`
	Reason json.RawMessage `json:"reason,omitempty"`
}

// MyApplication is an applicant's own news.
type MyApplication struct {
	Application id.Application  `json:"application"`
	Room        id.Room         `json:"room"`
	State       string          `json:"state"`
	Place       int             `json:"place,omitempty"`
	Words       json.RawMessage `json:"words,omitempty"`
}

// Queued tells those who decide on applications that one changed.
type Queued struct {
	Room        id.Room        `json:"room"`
	Application id.Application `json:"application"`
	State       string         `json:"state"`
	Pending     int            `json:"pending"`
}

// Alert is what rings: on the socket, and sealed in a push.
type Alert struct {
	Receipt string    `json:"receipt"` // for saying that it was shown
	Topic   string    `json:"topic"`   // of those that may be turned off, or confirm, emergency, summary, test
	Room    id.Room   `json:"room,omitempty"`
	Seq     entry.Seq `json:"seq,omitempty"`
	Title   string    `json:"title"`
	Text    string    `json:"text"`
	Tag     string    `json:"tag"` // a later one with the same tag takes its place
	Loud    bool      `json:"loud,omitempty"`
	Test    bool      `json:"test,omitempty"`
	URL     string    `json:"url,omitempty"`   // where tapping it leads
	Badge   *int      `json:"badge,omitempty"` // of a push: how many things wait for this person
}

// Types are the socket's types, for the schema that the client's are made from.
func Types() []reflect.Type {
	var list []reflect.Type
	for _, v := range []any{
		Delivery{}, Rules{}, Item{}, Set{}, Mine{}, Name{}, Flags{}, FromClient{}, Command{}, Hello{}, Leave{}, Muted{}, MyApplication{}, Queued{}, Hint{}, Alert{},
	} {
		list = append(list, reflect.TypeOf(v))
	}
	return list
}
