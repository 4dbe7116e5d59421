package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

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
	var links []office.Link
	s.Engine.ReadOffice(func(o *office.State) { links = o.Links(in.Room) })
	b := linksBody{Links: []linkRow{}}
	for _, l := range links {
		b.Links = append(b.Links, linkRow{l.ID, s.linkURL(ctx, l.ID), l.Made, l.Ended, s.Scans.Of(l.ID)})
	}
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

// poster is the room's A4 page with the QR; with ?stairs=1 a page for each stair, with ?building= and ?entrance= that of one. The code of
// a stair is the room's, and ends with it: it only says where whoever scans it stands.
func (s *Server) poster(w http.ResponseWriter, r *http.Request) {
	ctx, in, link := r.Context(), id.Room(chi.URLParam(r, "room")), id.Link(chi.URLParam(r, "link"))
	if _, err := s.answersFor(ctx, in); err != nil {
		s.refuse(w, r, err)
		return
	}
	url := s.linkURL(ctx, link)
	p, good, owners := paper.PosterText{}, false, []id.Person(nil)
	s.Engine.ReadOffice(func(o *office.State) {
		if good = leadsInto(o, link, in); !good {
			return
		}
		room, _ := o.Room(in)
		community, _ := o.Community(room.Community)
		p = paper.PosterText{Office: o.Name(), Room: room.Name, URL: url}
		if community != nil {
			p.Community = community.Name
		}
		owners = o.Owners(in)
		if tel, _, ok := o.Telephone(in); ok {
			p.Telephone = strings.TrimSpace(tel.Phone + " " + tel.When)
		}
	})
	p.Owner = s.nameOfOne(in, owners)
	if !good {
		s.refuse(w, r, fault.New(fault.NotFound, "no such link, or it was ended"))
		return
	}
	pages := []paper.PosterText{p}
	if q := r.URL.Query(); q.Has("stairs") || q.Has("building") {
		if pages = stairPages(p, s.doorsChoice(office.Room{ID: in}), q); len(pages) == 0 {
			s.refuse(w, r, fault.New(fault.NotFound, "the room has no such stair").And("field", "entrance"))
			return
		}
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="poster.pdf"`)
	if err := paper.Poster(w, p.Room, pages...); err != nil {
		s.Log.Error("poster failed", "room", in, "err", err)
	}
}

// leadsInto tells whether a link is one of a room's posters, and was not ended.
func leadsInto(o *office.State, l id.Link, r id.Room) bool {
	x, ok := o.Link(l)
	return ok && x.Room == r && x.Ended == 0
}

// posterCode is the code of the room's poster alone, to be looked at on a screen.
func (s *Server) posterCode(w http.ResponseWriter, r *http.Request) {
	ctx, in, l := r.Context(), id.Room(chi.URLParam(r, "room")), id.Link(chi.URLParam(r, "link"))
	if _, err := s.answersFor(ctx, in); err != nil {
		s.refuse(w, r, err)
		return
	}
	good := false
	s.Engine.ReadOffice(func(o *office.State) { good = leadsInto(o, l, in) })
	if !good {
		s.refuse(w, r, fault.New(fault.NotFound, "no such link, or it was ended"))
		return
	}
	png, err := paper.Code(s.linkURL(ctx, l), 512)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	if _, err := w.Write(png); err != nil {
		s.Log.Debug("code not sent", "room", in, "err", err)
	}
}

// stairPages are the posters of the stairs of a room that a query asks for: of all, or of one.
func stairPages(of paper.PosterText, all doorsChoice, q url.Values) (pages []paper.PosterText) {
	for _, b := range all.Buildings {
		for _, e := range b.Entrances {
			if q.Has("building") && (b.Name != q.Get("building") || e.Name != q.Get("entrance")) {
				continue
			}
			p := of
			p.Stair = strings.TrimSpace(b.Name + " " + e.Name)
			p.URL += "?" + url.Values{"building": {b.Name}, "entrance": {e.Name}}.Encode()
			pages = append(pages, p)
		}
	}
	return pages
}
