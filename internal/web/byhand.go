package web

import (
	"context"

	"linli/internal/id"
	"linli/internal/office"
)

// byHandDoor is a door that was added by hand.
type byHandDoor struct {
	Premises id.Premises `json:"premises"`
	Label    string      `json:"label"`
	Lives    bool        `json:"lives,omitempty"` // it is somebody's: it cannot be taken back
}

// byHandHouse are the doors of a building that were added by hand; of a compound's shops without one.
type byHandHouse struct {
	Compound string       `json:"compound"`
	Building string       `json:"building,omitempty"`
	Doors    []byHandDoor `json:"doors"`
}

type byHandBody struct {
	Houses []byHandHouse `json:"houses"`
}

// byHand are the doors that no table has, house by house, for who may put doors there and take them back.
func (s *Server) byHand(ctx context.Context, _ *none) (*body[byHandBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	b := byHandBody{Houses: []byHandHouse{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, h := range o.ByHand(p) {
			if n := len(b.Houses); n == 0 || b.Houses[n-1].Compound != h.Compound || b.Houses[n-1].Building != h.Building {
				b.Houses = append(b.Houses, byHandHouse{Compound: h.Compound, Building: h.Building})
			}
			at := &b.Houses[len(b.Houses)-1]
			at.Doors = append(at.Doors, byHandDoor{h.ID, h.Label(), o.Lives(h.ID)})
		}
	})
	return says(b), nil
}

type withdrawDoorsInput struct {
	Body struct {
		Premises []id.Premises `json:"premises"` // up to 500
	}
}

// withdrawDoors takes doors back that were added by hand: all of these, or none.
func (s *Server) withdrawDoors(ctx context.Context, in *withdrawDoorsInput) (*done, error) {
	pages := map[string][]id.Premises{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, name := range in.Body.Premises {
			if h, ok := o.Premises(name); ok {
				pages[h.Page] = append(pages[h.Page], h.ID)
			}
		}
	})
	answer, err := s.settled(ctx, "doors.withdraw", map[string]any{"premises": in.Body.Premises}, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Intake.Forget(ctx, pages); err != nil {
		s.Log.Error("what the roster said of doors that are gone was not deleted", "err", err)
	}
	return answer, nil
}
