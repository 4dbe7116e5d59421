package web

import (
	"context"
	"strings"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
)

type wantInput struct {
	Room id.Room `path:"room"`
	Body struct {
		Badge string `json:"badge"`
		Note  string `json:"note,omitempty"`
	}
}

// wantBadge asks, as a member, for a badge beyond one's relation, such as 志愿者: it waits in the owner's queue.
func (s *Server) wantBadge(ctx context.Context, in *wantInput) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	words, err := noteOf(in.Body.Note)
	if err != nil {
		return nil, err
	}
	_, err = s.server(ctx, "application.submit", map[string]any{
		"application": id.New[id.Application]("a"), "person": p, "room": in.Room, "for": office.ForBadge, "category": in.Body.Badge,
	}, words)
	return ok(), err
}

type badgeInput struct {
	Room   id.Room   `path:"room"`
	Person id.Person `path:"person"`
	Body   struct {
		Badge string `json:"badge"` // empty: what the relation to the door gives
	}
}

// setBadge gives a member another badge, or takes it; one may give up one's own.
func (s *Server) setBadge(ctx context.Context, in *badgeInput) (*done, error) {
	return s.settled(ctx, "badge.set", map[string]any{"person": in.Person, "room": in.Room, "badge": in.Body.Badge}, nil)
}

type nameInput struct {
	Room   id.Room   `path:"room"`
	Person id.Person `path:"person"`
	Body   struct {
		Name  string `json:"name"`
		Title string `json:"title,omitempty"`
	}
}

// rename corrects a member's real name: the rooms hear of it, and the person sees who did it.
func (s *Server) rename(ctx context.Context, in *nameInput) (*done, error) {
	c, err := s.answersFor(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	member := false
	s.Engine.ReadOffice(func(o *office.State) {
		who, _ := o.Person(in.Person)
		for _, b := range who.Bindings {
			member = member || b.Room == in.Room
		}
	})
	if !member {
		return nil, fault.New(fault.NotFound, "no such member")
	}
	was, err := s.Register.Record(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	rec, err := recordOf(strings.TrimSpace(in.Body.Name), in.Body.Title, was.Phone)
	if err != nil {
		return nil, err
	}
	if rec == was {
		return nil, fault.New(fault.Unchanged, "the name is this already")
	}
	facts := map[string]any{"person": in.Person, "room": in.Room, "record": id.New[string]("n")}
	if err := s.would(entry.Actor{Person: c.Person}, "person.renamed", facts, nil); err != nil {
		return nil, err
	}
	if err := s.Register.PutSaid(ctx, in.Person, facts["record"].(string), rec); err != nil {
		return nil, err
	}
	return s.settled(ctx, "person.renamed", facts, nil)
}
