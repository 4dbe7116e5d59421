package web

import (
	"context"
	"encoding/json"

	"linli/internal/fault"
	"linli/internal/preview"
)

type previewsBody struct {
	Previews []preview.Card `json:"previews"`
}

// previews is what stands behind the links of a message, for who may read it. Which addresses are asked for says the message, never the
// asker.
func (s *Server) previews(ctx context.Context, in *itemRef) (*body[previewsBody], error) {
	item, _, err := s.itemFor(ctx, in.Room, in.Seq)
	if err != nil {
		return nil, err
	}
	var words struct{ Text string }
	_ = json.Unmarshal(item.Words, &words) // forgotten words have no links
	links := s.Preview.Links(words.Text)
	cards := make([]*preview.Card, len(links))
	for _, err := range beside(len(links), func(i int) error {
		c, err := s.Preview.Of(ctx, links[i])
		if err == nil {
			cards[i] = &c
		}
		return err
	}) {
		if err != nil && fault.Of(err) == nil {
			s.fail(ctx, err)
		}
	}
	out := previewsBody{Previews: []preview.Card{}}
	for _, c := range cards {
		if c != nil {
			out.Previews = append(out.Previews, *c)
		}
	}
	return says(out), nil
}
