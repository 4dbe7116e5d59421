package kind

import (
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
)

// Whoever has not confirmed is reminded by hand: by who answers for the room, a few times, with time between, by day.
func TestANoticeIsRemindedOf(t *testing.T) {
	n := newTable(t, "notice")
	n.must("p0", "post", `{"confirm":true}`, `{"title":"停水"}`)
	n.refused(fault.Forbidden, "p1", "remind", ``, ``)
	n.must("p1", "confirm", ``, ``)
	n.must("p0", "remind", ``, ``)
	rings := func() Ring {
		t.Helper()
		list := n.card.(Ringing).Rings("remind", Event{Post: n.post, By: "p0", Room: street{}})
		if len(list) != 1 || list[0].Topic != Confirm || !list[0].All {
			t.Fatalf("%+v", list)
		}
		return list[0]
	}
	if rings().Text {
		t.Error("text messages that nobody asked for")
	}
	if f := n.refused(fault.Quota, "p0", "remind", ``, ``); f.With["until"] != n.now+BetweenReminders.Milliseconds() {
		t.Errorf("%v", f.With)
	}
	n.now += BetweenReminders.Milliseconds()
	n.must("p0", "remind", `{"texts":true}`, ``)
	if !rings().Text {
		t.Error("no text messages")
	}
	n.now += BetweenReminders.Milliseconds()
	n.must("p0", "remind", ``, ``)
	n.now += BetweenReminders.Milliseconds()
	n.refused(fault.Quota, "p0", "remind", ``, ``)
	// What is corrected is asked again, and may be reminded of again.
	n.must("p0", "correct", ``, `{"title":"停水","body":"明晚"}`)
	n.must("p0", "remind", ``, ``)
	n.must("p1", "confirm", ``, ``)
	n.must("p3", "confirm", ``, ``)
	n.must("p0", "visit", `{"for":"h3","on":true}`, ``)
	n.now += BetweenReminders.Milliseconds()
	n.refused(fault.Unchanged, "p0", "remind", ``, ``)
	n.must("p0", "withdraw", ``, `{"reason":"错了"}`)
	n.refused(fault.Closed, "p0", "remind", ``, ``)
}

func TestNobodyIsRemindedAtNight(t *testing.T) {
	for importance, may := range map[string]bool{"normal": false, "important": false, "urgent": true} {
		n := newTable(t, "notice")
		n.now = 1_772_809_200_000 // 23:00
		n.must("p0", "post", `{"confirm":true,"importance":"`+importance+`"}`, `{"title":"停水"}`)
		if may {
			n.must("p0", "remind", ``, ``)
		} else {
			n.refused(fault.QuietHours, "p0", "remind", ``, ``)
		}
	}
	n := newTable(t, "notice")
	n.must("p0", "post", `{}`, `{"title":"停水"}`)
	n.refused(fault.Invalid, "p0", "remind", ``, ``)
}

// fewer is the room once a door has left it.
type fewer struct {
	street
	gone id.Premises
}

func (fewer) Premises() int                 { return 2 }
func (f fewer) Includes(h id.Premises) bool { return h != f.gone && f.street.Includes(h) }

// A door that has left the room has no say in whether all have confirmed.
func TestWhoLeftTheRoomConfirmsForNobody(t *testing.T) {
	n := newTable(t, "notice")
	n.must("p0", "post", `{"confirm":true}`, `{"title":"停水"}`)
	n.must("p1", "confirm", ``, ``)
	n.must("p3", "confirm", ``, ``)
	ask := Ask{By: Actor{Person: "p0", Owner: true, Member: true}, Now: n.now, Post: n.post, Room: fewer{gone: "h1"}}
	if _, err := n.card.Act("remind", ask, nil, nil); err != nil {
		t.Error("one of two has confirmed: ", err)
	}
	ask.Room = fewer{gone: "h3"}
	if _, err := n.card.Act("remind", ask, nil, nil); !fault.Is(err, fault.Unchanged) {
		t.Errorf("both have: %v", err)
	}
}
