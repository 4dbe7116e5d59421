package kind

import (
	"linli/internal/entry"
	"linli/internal/fault"
)

// place is where something is: an address in words, and where it lies on the earth when somebody tapped to say so.
type place struct {
	Lat float64 `json:"lat,omitempty"` // degrees, WGS 84
	Lon float64 `json:"lon,omitempty"`
}

var _ = declare(kind[place]{
	name:    "place",
	lane:    Chat,
	actions: map[string]action[place]{"post": actw(place.mayPost, place.post, "text")},
	shown:   func(p place) any { return p },
	summary: func(words entry.Words, _ place) string { return line("[位置]", word(words, "text")) },
})

func (place) mayPost(ask Ask, with *place, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if with.Lat < -90 || with.Lat > 90 || with.Lon < -180 || with.Lon > 180 {
		return fault.New(fault.Invalid, "not a place on the earth").And("field", "lat")
	}
	return text(words, "text", 1, 200)
}

func (place) post(_ Event, with place) place { return with }

// Pass lets it be pointed to from another room, without the address: that may be somebody's door.
func (place) Pass() (Part, bool) { return Part{Live: true, Sum: "[位置]"}, true }
