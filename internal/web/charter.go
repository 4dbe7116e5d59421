package web

import (
	"context"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/office"
)

type charterInput struct {
	Body struct {
		Room id.Room `json:"room,omitempty"` // empty: of all rooms without one of their own
		Text string  `json:"text"`
	}
}

func (s *Server) setCharter(ctx context.Context, in *charterInput) (*done, error) {
	_, err := s.asPerson(ctx, "charter.set", map[string]any{"room": in.Body.Room}, map[string]string{"text": in.Body.Text})
	return ok(), err
}

type acceptInput struct {
	Body struct {
		Room    id.Room `json:"room"`
		Version int     `json:"version"`
	}
}

// acceptCharter is a member's agreement to a charter that was changed after they came.
func (s *Server) acceptCharter(ctx context.Context, in *acceptInput) (*done, error) {
	_, err := s.asPerson(ctx, "charter.accept", map[string]any{"room": in.Body.Room, "version": in.Body.Version}, nil)
	return ok(), err
}

// limits is how much one person of the office may take on.
func (s *Server) limits(ctx context.Context, _ *none) (*body[entry.Limits], error) {
	if _, err := s.signedIn(ctx); err != nil {
		return nil, err
	}
	var l entry.Limits
	s.Engine.ReadOffice(func(o *office.State) { l = o.Limits() })
	return says(l), nil
}

type limitsInput struct{ Body entry.Limits }

func (s *Server) setLimits(ctx context.Context, in *limitsInput) (*done, error) {
	_, err := s.asPerson(ctx, "limits.set", in.Body, nil)
	return ok(), err
}

type policyInput struct {
	Body struct {
		Room      id.Room `json:"room,omitempty"` // empty: of all rooms without one of their own
		History   string  `json:"history"`
		Since     int64   `json:"since,omitempty"`
		AutoGreen bool    `json:"autoGreen,omitempty"`
		Stickers  *bool   `json:"stickers,omitempty"` // none: as it is
	}
}

func (s *Server) setPolicy(ctx context.Context, in *policyInput) (*done, error) {
	p := in.Body
	facts := map[string]any{"room": in.Body.Room, "history": p.History, "auto_green": p.AutoGreen}
	if p.Since != 0 {
		facts["since"] = p.Since
	}
	if p.Stickers == nil {
		s.Engine.ReadOffice(func(o *office.State) { facts["no_stickers"] = o.Policy(p.Room).NoStickers })
	} else {
		facts["no_stickers"] = !*p.Stickers
	}
	if _, err := s.asPerson(ctx, "policy.set", facts, nil); err != nil {
		return nil, err
	}
	return ok(), s.Engine.Settled(ctx) // what is answered holds in the rooms
}
