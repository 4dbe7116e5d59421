package office

import (
	"linli/internal/fault"
	"linli/internal/id"
)

// Slip is a piece of paper for one door: its QR fixes the door, works once and for thirty days, and leads into the room where the door
// is by then. A door has one at a time: a newer one makes the older worthless.
type Slip struct {
	ID       id.Slip     `json:"id"`
	Premises id.Premises `json:"premises"`
	Made     int64       `json:"made"`
	Until    int64       `json:"until"`
	By       id.Person   `json:"by"`
	Used     int64       `json:"used,omitempty"`  // when somebody applied with it, ms
	Ended    int64       `json:"ended,omitempty"` // when it was ended, ms
}

// SlipFor is how long a slip is good, ms.
const SlipFor = 30 * day

// Good is nil, or why a slip is no longer good.
func (s *Slip) Good(now int64) error {
	switch {
	case s.Ended != 0:
		return fault.New(fault.Revoked, "the slip was ended, or there is a newer one for its door")
	case s.Used != 0:
		return fault.New(fault.Taken, "the slip has been used")
	case s.Until <= now:
		return fault.New(fault.Expired, "the slip is past its time").And("until", s.Until)
	}
	return nil
}

type slipFacts struct {
	Room  id.Room `json:"room"`
	Until int64   `json:"until,omitempty"`
	Slips []struct {
		Slip     id.Slip     `json:"slip"`
		Premises id.Premises `json:"premises"`
	} `json:"slips,omitempty"`
	Premises []id.Premises `json:"premises,omitempty"` // whose slips end
}

// maySlip makes slips for doors of a room, by who decides on its applications.
func (s *State) maySlip(a *asking) ([]step, error) {
	f, err := take[slipFacts](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(s.at(f.Room), deciders); err != nil {
		return nil, err
	}
	if n := len(f.Slips); n == 0 || n > MaxBatch {
		return nil, fault.New(fault.TooLarge, "slips are made for 1 to 500 doors at once").And("limit", MaxBatch)
	}
	seen := map[id.Premises]bool{}
	for _, x := range f.Slips {
		switch {
		case !proper(x.Slip) || s.slips[x.Slip] != nil:
			return nil, invalid("slip", "a slip has an id of its own")
		case !s.lies(x.Premises, f.Room) || seen[x.Premises]:
			return nil, fault.New(fault.Conflicting, "the premises do not belong to this room").And("field", "premises")
		}
		seen[x.Premises] = true
	}
	f.Until, f.Premises = a.now+SlipFor, nil
	return one(f), nil
}

func (s *State) slipped(ev *event) {
	f, ok := read[slipFacts](ev.Entry)
	if !ok {
		return
	}
	for _, x := range f.Slips {
		if x.Slip == "" || x.Premises == "" {
			continue
		}
		if old := s.core.Slips[x.Premises]; old != nil {
			delete(s.slips, old.ID)
		}
		slip := &Slip{ID: x.Slip, Premises: x.Premises, Made: ev.at, Until: f.Until, By: ev.By}
		s.core.Slips[x.Premises], s.slips[x.Slip] = slip, slip
	}
}

func (s *State) mayUnslip(a *asking) ([]step, error) {
	f, err := take[slipFacts](a)
	if err != nil {
		return nil, err
	}
	if err := a.may(s.at(f.Room), deciders); err != nil {
		return nil, err
	}
	if len(f.Premises) > MaxBatch {
		return nil, fault.New(fault.TooLarge, "too many doors at once").And("limit", MaxBatch)
	}
	out := slipFacts{Room: f.Room}
	for _, h := range f.Premises {
		if x := s.core.Slips[h]; x != nil && s.lies(h, f.Room) && x.Good(a.now) == nil {
			out.Premises = append(out.Premises, h)
		}
	}
	if len(out.Premises) == 0 {
		return nil, fault.New(fault.Unchanged, "none of the doors has a slip that is good")
	}
	return one(out), nil
}

func (s *State) unslipped(ev *event) {
	f, ok := read[slipFacts](ev.Entry)
	if !ok {
		return
	}
	for _, h := range f.Premises {
		if x := s.core.Slips[h]; x != nil && x.Ended == 0 {
			x.Ended = max(ev.at, 1)
		}
	}
}

// mayUse tells whether one may apply with a slip now.
func (s *State) mayUse(slip id.Slip, r id.Room, h id.Premises, now int64) error {
	x := s.slips[slip]
	switch {
	case x == nil:
		return fault.New(fault.Revoked, "the slip was ended, or there is a newer one for its door")
	case x.Good(now) != nil:
		return x.Good(now)
	case x.Premises != h || !s.lies(h, r):
		return fault.New(fault.Conflicting, "the slip is for another door").And("field", "premises")
	}
	return nil
}

func (s *State) used(slip id.Slip, at int64) {
	if x := s.slips[slip]; x != nil && x.Used == 0 {
		x.Used = max(at, 1)
	}
}

// shut keeps until when a door lets nobody in by a slip, and forgets which doors did once.
func (s *State) shut(h id.Premises, until, at int64) {
	if h == "" || until == 0 {
		return
	}
	for door, past := range s.core.Shut {
		if past <= at {
			delete(s.core.Shut, door)
		}
	}
	s.core.Shut[h] = until
}

// mayLetIn tells whether an application may be approved by nobody in person: the room's policy wants it, it was made with a slip of
// its door, name, door and phone are as the roster has them, nothing more is asked for, and nothing was amiss before: nobody
// is let in so who was removed, from wherever, also when that is over.
func (s *State) mayLetIn(a *Application, now int64) bool {
	return s.Policy(a.Room).AutoGreen && a.For == "" && a.Slip != "" && !a.Off && a.asRoster() && household(a.Category) && a.plain() &&
		s.core.Shut[a.Premises] <= now && len(s.core.Removals[a.Person]) == 0
}

// Slip finds one by its id.
func (s *State) Slip(slip id.Slip) (Slip, bool) {
	if x := s.slips[slip]; x != nil {
		return *x, true
	}
	return Slip{}, false
}

// SlipOf is the latest slip of a door.
func (s *State) SlipOf(h id.Premises) (Slip, bool) {
	if x := s.core.Slips[h]; x != nil {
		return *x, true
	}
	return Slip{}, false
}

// MayLetIn tells whether an application may be approved by itself, now (ms).
func (s *State) MayLetIn(a id.Application, now int64) bool {
	x := s.core.Applications[a]
	return x != nil && x.Status == Pending && s.mayLetIn(x, now)
}

// wholeSlips derives what is not kept.
func (s *State) wholeSlips() {
	for _, x := range s.core.Slips {
		s.slips[x.ID] = x
	}
}
