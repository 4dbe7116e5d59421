package kind

import (
	"time"

	"linli/internal/fault"
	"linli/internal/id"
)

// BetweenNudges is how long whoever is to act on a card is left in peace after they were nudged about it.
const BetweenNudges = 24 * time.Hour

// mayNudge lets who posted a card nudge those for whom it waits, once a day. last is when that was done last (ms; 0 for never).
func mayNudge(ask Ask, waits bool, last int64) error {
	switch {
	case ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only who asked nudges")
	case !waits:
		return fault.New(fault.Closed, "nobody is waited for")
	case last != 0 && ask.Now < last+BetweenNudges.Milliseconds():
		return fault.New(fault.Quota, "they were nudged today").And("field", "nudge").And("until", last+BetweenNudges.Milliseconds())
	}
	return nil
}

// nudging rings each of them once.
func nudging(topic string, to ...id.Person) Ring {
	return Ring{Topic: topic, To: to, Says: "轻轻催一下"}
}
