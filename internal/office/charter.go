package office

import (
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

// Policy is how a room is run; the office's is the default for those without one of their own.
type Policy struct {
	History   string `json:"history"`              // what a newcomer sees of what was before: all, none
	AutoGreen bool   `json:"auto_green,omitempty"` // a green application is approved by the server
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
	f.Version = s.core.Charter + 1
	return one(f), nil
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

type policyFacts struct {
	Room id.Room `json:"room,omitempty"`
	Policy
}

func (s *State) mayPolicy(a *asking) ([]step, error) {
	f, err := take[policyFacts](a)
	if err != nil {
		return nil, err
	}
	if f.History != "all" && f.History != "none" {
		return nil, invalid("history", "history is all or none")
	}
	if err := s.mayRule(a, f.Room); err != nil {
		return nil, err
	}
	if old, ok := s.core.Policies[f.Room]; ok && old == f.Policy {
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	return one(f), nil
}

func (s *State) ruled(ev *event) {
	if f, ok := read[policyFacts](ev.Entry); ok && f.History != "" {
		s.core.Policies[f.Room] = f.Policy
		ev.tell(Change{What: Rules, Room: f.Room})
	}
}
