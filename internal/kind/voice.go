package kind

import (
	"fmt"
	"strings"

	"linli/internal/entry"
	"linli/internal/fault"
)

// voice is something said aloud. How long it is and its waveform come from the device that recorded it: recordings do not say. What
// was said may be spelled out once, by a machine, as the item's words; then its author says it better.
type voice struct {
	attached
	Seconds int    `json:"seconds"`
	Wave    string `json:"wave,omitempty"`    // loudness of equal parts, a digit 0–9 each
	Spelled string `json:"spelled,omitempty"` // who spelled it: machine or author; empty while nobody has
}

const (
	longestVoice = 60 // seconds
	mostWave     = 60 // parts
	// MostSpelled is how many characters a minute of speech may come to.
	MostSpelled = 500
	byMachine   = "machine"
	byAuthor    = "author"
)

var _ = declare(kind[voice]{
	name:    "voice",
	lane:    Chat,
	actions: map[string]action[voice]{"post": actw(voice.mayPost, voice.post), "spell": actw(voice.maySpell, voice.spell, "text")},
	shown:   func(v voice) any { return v },
	summary: func(_ entry.Words, v voice) string { return fmt.Sprintf("[语音] %d″", v.Seconds) },
})

func (voice) mayPost(ask Ask, with *voice, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	switch {
	case with.Seconds < 1 || with.Seconds > longestVoice:
		return fault.New(fault.Invalid, "1 to 60 seconds").And("field", "seconds").And("limit", longestVoice)
	case kept(words) != nil:
		return fault.New(fault.Invalid, "a voice says it all").And("field", "words")
	case len(with.Wave) > mostWave || strings.Trim(with.Wave, "0123456789") != "":
		return fault.New(fault.Invalid, "the waveform is digits").And("field", "wave")
	}
	with.Spelled = ""
	return with.few(1, "audio/")
}

func (voice) post(_ Event, with voice) voice { return with }

// Pass takes its length along.
func (v voice) Pass() (Part, bool) { return Part{Seconds: v.Seconds}, true }

type spelling struct {
	By string `json:"by"`
}

// maySpell lets the server write down what an engine heard, once, and the author correct it.
func (v voice) maySpell(ask Ask, with *spelling, words entry.Words) error {
	switch {
	case ask.By.Server && v.Spelled != "":
		return fault.New(fault.Unchanged, "it is spelled out already")
	case ask.By.Server:
		with.By = byMachine
	case ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only who said it may correct what was heard")
	case v.Spelled == "":
		return fault.New(fault.Invalid, "nothing is spelled out yet").And("field", "re")
	default:
		with.By = byAuthor
	}
	return text(words, "text", 1, MostSpelled)
}

func (v voice) spell(_ Event, with spelling) voice {
	if with.By != "" {
		v.Spelled = with.By
	}
	return v
}

// Rewords: what is spelled out is what was said.
func (voice) Rewords(act string) bool { return act == "spell" }
