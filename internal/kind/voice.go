package kind

import (
	"fmt"
	"strings"

	"linli/internal/entry"
	"linli/internal/fault"
)

// voice is something said aloud. How long it is and its waveform come from the device that recorded it: recordings do not say.
type voice struct {
	attached
	Seconds int    `json:"seconds"`
	Wave    string `json:"wave,omitempty"` // loudness of equal parts, a digit 0–9 each
}

const (
	longestVoice = 60 // seconds
	mostWave     = 60 // parts
)

var _ = declare(kind[voice]{
	name:    "voice",
	lane:    Chat,
	actions: map[string]action[voice]{"post": act(voice.mayPost, voice.post)},
	shown:   func(v voice) any { return v },
	summary: func(_ entry.Words, v voice) string { return fmt.Sprintf("[语音] %d″", v.Seconds) },
})

func (voice) mayPost(ask Ask, with *voice) error {
	if err := member(ask); err != nil {
		return err
	}
	switch {
	case with.Seconds < 1 || with.Seconds > longestVoice:
		return fault.New(fault.Invalid, "1 to 60 seconds").And("field", "seconds").And("limit", longestVoice)
	case len(with.Wave) > mostWave || strings.Trim(with.Wave, "0123456789") != "":
		return fault.New(fault.Invalid, "the waveform is digits").And("field", "wave")
	}
	return with.few(1, "audio/")
}

func (voice) post(_ Event, with voice) voice { return with }

// Pass takes its length along.
func (v voice) Pass() (Part, bool) { return Part{Seconds: v.Seconds}, true }
