package kind

import (
	"strings"

	"linli/internal/entry"
	"linli/internal/fault"
)

// video is one video; a picture out of it, for before it plays, may come second.
type video struct {
	attached
	Seconds int `json:"seconds,omitempty"`
}

// longestVideo is in seconds.
const longestVideo = 600

var _ = declare(kind[video]{
	name:    "video",
	lane:    Chat,
	actions: map[string]action[video]{"post": actw(video.mayPost, video.post, "text")},
	shown:   func(v video) any { return v },
	summary: func(words entry.Words, _ video) string { return line("[视频]", word(words, "text")) },
})

func (video) mayPost(ask Ask, with *video, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if err := with.few(2, ""); err != nil {
		return err
	}
	if !strings.HasPrefix(with.Files[0].Type, "video/") || len(with.Files) > 1 && !strings.HasPrefix(with.Files[1].Type, "image/") {
		return fault.New(fault.Invalid, "a video, and a picture of it").And("field", "files")
	}
	if with.Seconds < 0 || with.Seconds > longestVideo {
		return fault.New(fault.Invalid, "at most ten minutes").And("field", "seconds").And("limit", longestVideo)
	}
	return caption(words)
}

func (video) post(_ Event, with video) video { return with }

// Pass takes its length along.
func (v video) Pass() (Part, bool) { return Part{Seconds: v.Seconds}, true }
