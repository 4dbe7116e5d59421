package kind

import "linli/internal/entry"

// message is what somebody says: words and nothing else. Its fold keeps nothing; reply, retract and reactions are the item's.
type message struct{}

var _ = declare(kind[message]{
	name:    "text",
	lane:    Chat,
	actions: map[string]action[message]{"post": actw(message.mayPost, message.post)},
	shown:   func(message) any { return nil },
})

func (message) mayPost(ask Ask, _ *nothing, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	return text(words, "text", 1, 4000)
}

func (m message) post(Event, nothing) message { return m }
