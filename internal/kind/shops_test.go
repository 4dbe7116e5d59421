package kind

import (
	"encoding/json"
	"testing"

	"linli/internal/id"
)

// A notice counts its shops apart: of those that it is for, and of those that have confirmed, by themselves or at the door.
func TestANoticeCountsItsShopsApart(t *testing.T) {
	n := newTable(t, "notice")
	n.must("p0", "post", `{"confirm":true,"of_shops":9}`, `{"title":"停水"}`)
	own := func(shops, all int) {
		t.Helper()
		var got struct{ N, Shops int }
		if json.Unmarshal([]byte(asJSON(n.card.Own(n.viewer("p0")))), &got) != nil || got.N != all || got.Shops != shops {
			t.Errorf("%+v, not %d with %d shops", got, all, shops)
		}
	}
	var shown struct {
		Of      int `json:"of"`
		OfShops int `json:"of_shops"`
	}
	if json.Unmarshal([]byte(asJSON(n.card.Shown())), &shown) != nil || shown.Of != 3 || shown.OfShops != 1 {
		t.Errorf("%+v", shown)
	}
	n.must("p1", "confirm", `{"shop":true}`, ``)
	own(0, 1)
	n.must("p3", "confirm", ``, ``)
	own(1, 2)
	n.must("p0", "visit", `{"for":"h3","on":true,"shop":true}`, ``)
	own(1, 3)
	n.must("p0", "visit", `{"for":"h3","on":false}`, ``)
	n.must("p0", "correct", ``, `{"title":"停水","body":"明晚"}`)
	own(0, 0)
	n.must("p0", "visit", `{"for":"h2","on":true}`, ``)
	own(1, 1)
}

// changed is the street when the first door has gone and others have come.
type changed struct{ street }

func (changed) Premises() int               { return 7 }
func (changed) Shops() int                  { return 2 }
func (changed) Includes(h id.Premises) bool { return h != "h1" && street{}.Includes(h) }

// How many have confirmed, and of how many, is counted among the same doors: those that the room has when it is looked at.
func TestANoticeCountsTheDoorsThatThereAre(t *testing.T) {
	n := newTable(t, "notice")
	n.must("p0", "post", `{"confirm":true}`, `{"title":"停水"}`)
	n.must("p1", "confirm", ``, ``)
	n.must("p0", "visit", `{"for":"h2","on":true}`, ``)
	v := n.viewer("p0")
	for _, c := range []struct {
		room Room
		want string
	}{{street{}, `{"n":2,"shops":1,"of":3,"of_shops":1}`}, {changed{}, `{"n":1,"shops":1,"of":7,"of_shops":2}`}} {
		if v.Room = c.room; asJSON(n.card.Own(v)) != c.want {
			t.Errorf("%s, not %s", asJSON(n.card.Own(v)), c.want)
		}
	}
}
