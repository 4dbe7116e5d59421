package kind

import (
	"cmp"
	"encoding/json"
	"fmt"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Forward is the name of the kind that passes on what was said in another room.
const Forward = "forward"

// forward is what somebody brought here from another room. A client names no more than a room and messages of it; the door has filled in
// what they are (Forwarding), so nobody puts words into a neighbour's mouth. What was said is quoted, files come along, a card with a
// life of its own stays where it is and is pointed to.
type forward struct {
	attached
	Parts []Part `json:"parts"`
}

// Part is one message that is passed on. What was said stands at the same place of the words.
type Part struct {
	Kind    string    `json:"kind,omitempty"` // empty for text
	Files   int       `json:"files,omitempty"`
	Seconds int       `json:"seconds,omitempty"`
	Room    id.Room   `json:"room,omitempty"` // of a card: where it lives
	Seq     entry.Seq `json:"seq,omitempty"`
	Live    bool      `json:"-"` // it is pointed to and not quoted
	Sum     string    `json:"-"` // what is said of it where it cannot be read; empty for its own one line
}

// quoted is what was said, as its room knew it: a name without a door.
type quoted struct {
	Room string `json:"room"`
	By   string `json:"by"`
	At   int64  `json:"at"`
	Text string `json:"text,omitempty"`
	Sum  string `json:"sum,omitempty"` // of what is no text: one line
}

// along is the words of a forward.
type along struct {
	Text  string   `json:"text,omitempty"` // what is said to it
	Parts []quoted `json:"parts"`
	Names []string `json:"names,omitempty"` // what the files are called, where they have a name
}

// Limits of one forward, so that its state stays small: messages, and how many files and cards they bring.
const (
	MostForwarded = 50
	mostBrought   = 9
)

var _ = declare(kind[forward]{
	name:    Forward,
	lane:    Chat,
	actions: map[string]action[forward]{"post": actw(forward.mayPost, forward.post, "text", "parts", "names")},
	shown:   func(f forward) any { return f },
	summary: func(words entry.Words, f forward) string { return f.summary(words) },
})

func (forward) mayPost(ask Ask, with *forward, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if len(with.Parts) == 0 || len(with.Parts) > MostForwarded {
		return fault.Newf(fault.Invalid, "1 to %d messages", MostForwarded).And("field", "seqs").And("limit", MostForwarded)
	}
	files, cards := 0, 0
	for _, p := range with.Parts {
		if files += p.Files; p.Files < 0 || p.Files > mostFiles || Of(p.Kind) == nil && p.Kind != "" {
			return fault.New(fault.Invalid, "not a message that can be passed on").And("field", "seqs")
		}
		if p.Room != "" {
			cards++
		}
	}
	switch {
	case files != len(with.Files):
		return fault.New(fault.Invalid, "files are those of the messages").And("field", "files")
	case files+cards > mostBrought:
		return fault.Newf(fault.TooLarge, "at most %d files and cards at once", mostBrought).And("field", "files").And("limit", mostBrought)
	}
	if files > 0 {
		if err := with.few(mostBrought, ""); err != nil {
			return err
		}
	}
	var said along
	if json.Unmarshal(words, &said) != nil || len(said.Parts) != len(with.Parts) {
		return fault.New(fault.Invalid, "one quotation for each message").And("field", "words")
	}
	return text(words, "text", 0, 500)
}

func (forward) post(_ Event, with forward) forward { return with }

func (f forward) summary(words entry.Words) string {
	var said along
	_ = json.Unmarshal(words, &said)
	switch n := len(f.Parts); {
	case n != 1:
		return fmt.Sprintf("[转发] %d 条消息", n)
	case len(said.Parts) != 1:
		return "[转发]"
	}
	q := said.Parts[0]
	return line("[转发]", q.By+"："+q.Text+q.Sum)
}

// Passed is a message on its way into another room, as it stands in its own.
type Passed struct {
	Room     id.Room
	RoomName string
	Seq      entry.Seq
	Kind     string
	By       string // how its room calls the author, without a door
	At       int64
	Words    entry.Words
	Sum      string
	Card     Card
}

// Forwarding makes the facts and words of a forward out of messages, and of what is said to them. What was passed on before keeps its
// first source. fault.Forbidden for what stays where it was said.
func Forwarding(list []Passed, text string) (facts, words json.RawMessage, err error) {
	f, said := forward{}, along{Text: text}
	for _, m := range list {
		c, ok := m.Card.(Passing)
		var part Part
		if ok {
			part, ok = c.Pass()
		}
		switch {
		case m.Kind == Forward:
			err = f.again(&said, m)
		case !ok:
			err = fault.New(fault.Forbidden, "this stays where it was said").And("field", "seqs").And("kind", m.Kind)
		default:
			f.quote(&said, m, part)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if facts, err = json.Marshal(f); err == nil {
		words, err = json.Marshal(said)
	}
	return facts, words, err
}

func (f *forward) quote(said *along, m Passed, part Part) {
	q := quoted{Room: m.RoomName, By: m.By, At: m.At}
	if part.Live {
		part.Room, part.Seq, q.Sum = m.Room, m.Seq, cmp.Or(part.Sum, m.Sum)
	} else {
		if q.Text = word(m.Words, "text"); q.Text == "" {
			q.Sum = m.Sum
		}
		files := m.Card.(Attached).Attached() // every card has the method
		part.Files = len(files)
		f.bring(said, files, func(int) string { return NameOf(m.Words, 0) })
	}
	if part.Kind = m.Kind; m.Kind == "text" {
		part.Kind = ""
	}
	f.Parts, said.Parts = append(f.Parts, part), append(said.Parts, q)
}

// bring takes files along with their names.
func (f *forward) bring(said *along, files []File, name func(i int) string) {
	for i, file := range files {
		f.Files = append(f.Files, file)
		if n := name(i); n != "" {
			said.Names = append(said.Names, make([]string, len(f.Files)-1-len(said.Names))...)
			said.Names = append(said.Names, n)
		}
	}
}

// again takes over what was passed on before.
func (f *forward) again(said *along, m Passed) error {
	var old forward
	var before along
	if json.Unmarshal(m.Card.Facts(), &old) != nil || json.Unmarshal(m.Words, &before) != nil || len(before.Parts) != len(old.Parts) {
		return fault.New(fault.Retracted, "nothing of it is left")
	}
	f.bring(said, old.Files, func(i int) string { return NameOf(m.Words, i) })
	f.Parts, said.Parts = append(f.Parts, old.Parts...), append(said.Parts, before.Parts...)
	return nil
}
