package office

import (
	"encoding/json"
	"slices"
	"strings"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Charter is what a newcomer agrees to. Versions count through the whole office, so that a room's own charter and the
// office's are never mistaken for each other.
type Charter struct {
	Version int         `json:"version"`
	Words   entry.Words `json:"words,omitempty"` // {"text"}
	At      int64       `json:"at"`
	By      id.Person   `json:"by"`
}

type charterFacts struct {
	Room    id.Room `json:"room,omitempty"`
	Version int     `json:"version"`
}

func (s *State) mayCharter(a *asking) ([]step, error) {
	f, err := take[charterFacts](a)
	if err != nil {
		return nil, err
	}
	if err := s.mayRule(a, f.Room); err != nil {
		return nil, err
	}
	if err := say(a.words, "text", 5000); err != nil {
		return nil, err
	}
	// What they agreed to already, nobody is asked again.
	version, words := s.Charter(f.Room)
	switch own := s.core.Charters[f.Room]; {
	case version == 0 || textOf(words) != textOf(a.words):
		f.Version = s.core.Charter + 1
	case own != nil:
		return nil, fault.New(fault.Unchanged, "it says so already")
	default:
		f.Version = version
	}
	return one(f), nil
}

func textOf(words entry.Words) string {
	var w struct {
		Text string `json:"text"`
	}
	if len(words) > 0 && json.Unmarshal(words, &w) != nil {
		return ""
	}
	return strings.TrimSpace(w.Text)
}

// mayRule is for what can be set for one room, by those who answer for it, or for the office.
func (s *State) mayRule(a *asking, r id.Room) error {
	if r == "" {
		return a.may(place{}, governors)
	}
	if s.core.Rooms[r] == nil {
		return fault.New(fault.NotFound, "there is no such room").And("field", "room")
	}
	return a.may(s.at(r), deciders)
}

func (s *State) chartered(ev *event) {
	f, ok := read[charterFacts](ev.Entry)
	if !ok || f.Version < 1 {
		return
	}
	s.core.Charter = max(s.core.Charter, f.Version)
	s.core.Charters[f.Room] = &Charter{Version: f.Version, Words: ev.Words, At: ev.at, By: ev.By}
	ev.tell(Change{What: Rules, Room: f.Room})
}

// mayAccept lets anybody say that they have read and agree to the charter of a room, in the version that holds now.
func (s *State) mayAccept(a *asking) ([]step, error) {
	f, err := take[charterFacts](a)
	if err != nil {
		return nil, err
	}
	version, _ := s.Charter(f.Room)
	who := s.core.People[a.by.Person]
	switch {
	case who == nil || !slices.ContainsFunc(who.Bindings, func(b Binding) bool { return b.Room == f.Room }) && len(who.Grants) == 0:
		return nil, fault.New(fault.NotMember, "not a member of this room")
	case version == 0 || f.Version != version:
		return nil, fault.New(fault.Conflicting, "the charter has changed; read it again").And("field", "charter").And("version", version)
	case slices.Contains(who.Agreed, version):
		return nil, fault.New(fault.Unchanged, "agreed to already")
	}
	return one(f), nil
}

func (s *State) accepted(ev *event) {
	f, ok := read[charterFacts](ev.Entry)
	if who := s.core.People[ev.By]; ok && who != nil {
		who.agree(f.Version)
	}
}

func (p *Person) agree(version int) {
	if version > 0 && !slices.Contains(p.Agreed, version) {
		p.Agreed = append(p.Agreed, version)
	}
}
