package kind

import (
	"linli/internal/entry"
	"linli/internal/fault"
)

// joined is the line that tells of a newcomer. The room makes it when somebody is admitted; it has no words, so nobody's
// name is in the log: whoever shows it puts the room's display name in front.
type joined struct{}

var _ = declare(kind[joined]{
	name:    "joined",
	actions: map[string]action[joined]{"post": act(joined.mayPost, joined.post)},
	shown:   func(joined) any { return joined{} },
	summary: func(entry.Words, joined) string { return "已实名入群" },
})

func (joined) mayPost(Ask, *nothing) error {
	return fault.New(fault.Forbidden, "only an admission says that somebody joined")
}

func (j joined) post(Event, nothing) joined { return j }
