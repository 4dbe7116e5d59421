package office

import (
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
)

// ByHand are the doors that were counted or typed by hand and are in no table yet, of those communities where a person may put doors, in
// walking order.
func (s *State) ByHand(by id.Person) (list []*Premises) {
	for _, h := range s.core.Premises {
		if h.Hand && held(s.GrantsOf(by), in(h.Community), appointers) != "" {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, walking)
	return list
}

// Lives tells whether a door is somebody's: one is bound to it, or asks to come in from there.
func (s *State) Lives(h id.Premises) bool {
	return len(s.behind[h]) > 0 || slices.ContainsFunc(s.queue[s.roomOf(h)], func(a *Application) bool { return a.Premises == h })
}

func (s *State) roomOf(h id.Premises) id.Room {
	if p := s.core.Premises[h]; p != nil {
		return p.Room
	}
	return ""
}

// mayWithdrawDoors takes back doors that were added by hand. All of them or none: what a table has, and what is somebody's, stays.
func (s *State) mayWithdrawDoors(a *asking) ([]step, error) {
	f, err := take[struct {
		Premises []id.Premises `json:"premises"`
	}](a)
	if err != nil {
		return nil, err
	}
	steps, err := s.mayRemove(a) // whose doors are not theirs learns nothing of them
	if err != nil {
		return nil, err
	}
	for _, h := range f.Premises {
		p := s.core.Premises[h]
		switch {
		case p == nil:
			continue
		case !p.Hand:
			return nil, fault.New(fault.Conflicting, "the roster's table has this door; it goes with the table").And("field", "premises").And("premises", h)
		case s.Lives(h):
			return nil, fault.New(fault.Conflicting, "somebody lives there, or asks to come in from there").And("field", "lives").And("premises", h)
		}
	}
	return steps, nil
}
