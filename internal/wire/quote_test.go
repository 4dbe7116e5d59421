package wire

import (
	"encoding/json"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/room"
)

// What is told to all quotes only what all may read: a source from before somebody came is left out, and whoever lacks it asks.
func TestALiveReplyQuotesWhatAllMayRead(t *testing.T) {
	s := room.New("r1")
	apply := func(at int64, e entry.Entry) room.Change { return s.Apply(at, &e) }
	joins := func(at int64, p string) {
		apply(at, entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(`{"quiet":true,"who":[{"person":"` + p + `","rev":1}]}`)})
	}
	says := func(at int64, re entry.Seq) Parts {
		c := apply(at, entry.Entry{Kind: "text.post", By: "p1", Re: re, Words: entry.Words(`{"text":"早上好\n各位"}`)})
		return Render(s, []room.Change{c})
	}
	joins(1, "p1")
	old := says(10, 0).Seq
	if got := says(11, old).Quotes; len(got) != 1 || string(got[0]) != `{"seq":2,"ch":2,"kind":"text","by":"p1","sum":"早上好"}` {
		t.Errorf("%s", got)
	}
	joins(20, "p2")
	if got := says(21, old).Quotes; len(got) != 0 {
		t.Errorf("of before p2 came: %s", got)
	}
	young := says(22, 0).Seq
	apply(23, entry.Entry{Kind: "item.retract", By: "p1", Re: young})
	if got := says(24, young).Quotes; len(got) != 1 || string(got[0]) != `{"seq":6,"ch":7,"kind":"text","by":"p1","retracted":true}` {
		t.Errorf("taken back: %s", got)
	}
}
