package kind

import "linli/internal/entry"

// picture is one to nine pictures with a line of text.
type picture struct{ attached }

var _ = declare(kind[picture]{
	name:    "picture",
	lane:    Chat,
	actions: map[string]action[picture]{"post": actw(picture.mayPost, picture.post, "text")},
	shown:   func(p picture) any { return p },
	summary: func(words entry.Words, _ picture) string { return line("[图片]", word(words, "text")) },
})

func (picture) mayPost(ask Ask, with *attached, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if err := with.few(mostFiles, "image/"); err != nil {
		return err
	}
	return caption(words)
}

func (p picture) post(e Event, with attached) picture { return picture{p.attached.post(e, with)} }
