package office

import (
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Link is what a poster's QR leads to. Knowing it lets one apply to its room, nothing more.
type Link struct {
	ID    id.Link   `json:"id"`
	Room  id.Room   `json:"room"`
	Seq   entry.Seq `json:"seq"`
	Made  int64     `json:"made"`
	By    id.Person `json:"by"`
	Ended int64     `json:"ended,omitempty"` // when it was ended; 0 while it is good
}

type linkFacts struct {
	Link id.Link `json:"link"`
	Room id.Room `json:"room,omitempty"`
}

func (s *State) mayLink(a *asking) ([]step, error) {
	f, err := take[linkFacts](a)
	switch {
	case err != nil:
		return nil, err
	case !proper(f.Link):
		return nil, invalid("link", "a link has an id")
	case s.core.Rooms[f.Room] == nil:
		return nil, fault.New(fault.NotFound, "there is no such room").And("field", "room")
	case s.core.Links[f.Link] != nil:
		return nil, fault.New(fault.Conflicting, "there is such a link already")
	}
	if err := a.may(s.at(f.Room), deciders); err != nil {
		return nil, err
	}
	return one(f), nil
}

func (s *State) linked(ev *event) {
	f, ok := read[linkFacts](ev.Entry)
	if !ok || f.Link == "" || s.core.Links[f.Link] != nil {
		return
	}
	s.core.Links[f.Link] = &Link{ID: f.Link, Room: f.Room, Seq: ev.seq, Made: ev.at, By: ev.By}
	s.links[f.Room] = append(s.links[f.Room], f.Link)
	ev.tell(Change{What: Poster, Room: f.Room})
}

func (s *State) mayUnlink(a *asking) ([]step, error) {
	f, err := take[linkFacts](a)
	if err != nil {
		return nil, err
	}
	l := s.core.Links[f.Link]
	if l == nil {
		return nil, fault.New(fault.NotFound, "there is no such link")
	}
	if err := a.may(s.at(l.Room), deciders); err != nil {
		return nil, err
	}
	if l.Ended != 0 {
		return nil, fault.New(fault.Unchanged, "the link has been ended")
	}
	return one(linkFacts{Link: l.ID, Room: l.Room}), nil
}

func (s *State) unlinked(ev *event) {
	f, ok := read[linkFacts](ev.Entry)
	if l := s.core.Links[f.Link]; ok && l != nil && l.Ended == 0 {
		l.Ended = max(ev.at, 1)
		ev.tell(Change{What: Poster, Room: l.Room})
	}
}
