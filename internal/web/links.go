package web

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/paper"
)

type linkRow struct {
	Link    id.Link `json:"link"`
	URL     string  `json:"url"`
	Created int64   `json:"created"`
	Revoked int64   `json:"revoked,omitempty"`
	Scans   int     `json:"scans"` // how often its page was opened
}

type linksBody struct {
	Links []linkRow `json:"links"`
}

func (s *Server) linkURL(ctx context.Context, l id.Link) string {
	return s.base(ctx) + "/join/" + string(l)
}

func (s *Server) links(ctx context.Context, in *roomInput) (*body[linksBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	b := linksBody{Links: []linkRow{}}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, l := range o.Links(in.Room) {
			b.Links = append(b.Links, linkRow{l.ID, s.linkURL(ctx, l.ID), l.Made, l.Ended, s.Scans.Of(l.ID)})
		}
	})
	return says(b), nil
}

func (s *Server) makeLink(ctx context.Context, in *roomInput) (*body[linkRow], error) {
	l := id.New[id.Link]("l")
	if _, err := s.asPerson(ctx, "link.make", map[string]any{"link": l, "room": in.Room}, nil); err != nil {
		return nil, err
	}
	return says(linkRow{Link: l, URL: s.linkURL(ctx, l), Created: s.Now().UnixMilli()}), nil
}

type linkInput struct {
	Room id.Room `path:"room"`
	Link id.Link `path:"link"`
}

// endLink makes every poster with this link worthless at once.
func (s *Server) endLink(ctx context.Context, in *linkInput) (*done, error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	theirs := false
	s.Engine.ReadOffice(func(o *office.State) {
		l, there := o.Link(in.Link)
		theirs = there && l.Room == in.Room
	})
	if !theirs {
		return nil, fault.New(fault.NotFound, "no such link of this room")
	}
	_, err := s.asPerson(ctx, "link.end", map[string]any{"link": in.Link}, nil)
	return ok(), err
}

// poster is the room's A4 page with the QR.
func (s *Server) poster(w http.ResponseWriter, r *http.Request) {
	ctx, in := r.Context(), id.Room(chi.URLParam(r, "room"))
	if _, err := s.answersFor(ctx, in); err != nil {
		s.refuse(w, r, err)
		return
	}
	p, good := paper.PosterText{}, false
	s.Engine.ReadOffice(func(o *office.State) {
		l, ok := o.Link(id.Link(chi.URLParam(r, "link")))
		if good = ok && l.Room == in && l.Ended == 0; !good {
			return
		}
		room, _ := o.Room(in)
		community, _ := o.Community(room.Community)
		p = paper.PosterText{Office: o.Name(), Room: room.Name, URL: s.linkURL(ctx, l.ID)}
		if community != nil {
			p.Community = community.Name
		}
		for _, owner := range o.Owners(in) {
			if n, ok := s.View.NameOf(in, owner); ok {
				p.Owner = n.Name
			}
		}
	})
	if !good {
		s.refuse(w, r, fault.New(fault.NotFound, "no such link, or it was ended"))
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="poster.pdf"`)
	if err := paper.Poster(w, p); err != nil {
		s.Log.Error("poster failed", "room", in, "err", err)
	}
}
