package kind

import (
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// suggestion is an idea or complaint about a service: neighbours' households support it, and those who answer for the room
// reply. A later reply takes the place of the one before: first noted, one day decided.
type suggestion struct {
	Support map[id.Premises]id.Person `json:"support,omitempty"` // who of which household
	Reply   *reply                    `json:"reply,omitempty"`
	Nudged  int64                     `json:"nudged,omitempty"` // when who answers for the room was nudged last
}

type reply struct {
	By      id.Person   `json:"by"`
	At      int64       `json:"at"`
	Outcome string      `json:"outcome"`
	Was     string      `json:"was,omitempty"` // what was decided before, when this decides otherwise
	Words   entry.Words `json:"words,omitempty"`
}

// outcomes of a suggestion; all but the first decide it.
var outcomes = []string{"noted", "adopted", "partly", "declined"}

var _ = declare(kind[suggestion]{
	name: "suggestion",
	lane: Chat,
	actions: map[string]action[suggestion]{
		"post":    actw(suggestion.mayPost, suggestion.post, "text"),
		"support": act(suggestion.maySupport, suggestion.support),
		"reply":   actw(suggestion.mayReply, suggestion.reply, "text"),
		"nudge":   act(suggestion.mayNudge, suggestion.nudge),
	},
	shown:   suggestion.shown,
	own:     suggestion.own,
	summary: func(w entry.Words, _ suggestion) string { return line("[建议]", word(w, "text")) },
})

func (suggestion) mayPost(ask Ask, _ *nothing, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	return text(words, "text", 1, 1000)
}

func (s suggestion) post(Event, nothing) suggestion { return s }

type supportFacts struct {
	For id.Premises `json:"for"` // the household that supports it
}

func (s suggestion) maySupport(ask Ask, f *supportFacts) error {
	home, err := household(ask, f.For)
	if err != nil {
		return err
	}
	f.For = home
	switch {
	case s.decided():
		return fault.New(fault.Closed, "it is decided")
	case home == ask.Post.For || ask.By.Person == ask.Post.By:
		return fault.New(fault.Unchanged, "it is this household's own")
	case s.Support[home] != "":
		return fault.New(fault.Unchanged, "the household supports it already")
	}
	return nil
}

func (s suggestion) support(e Event, f supportFacts) suggestion {
	if f.For == "" {
		return s
	}
	if s.Support == nil {
		s.Support = map[id.Premises]id.Person{}
	}
	if s.Support[f.For] == "" {
		s.Support[f.For] = e.By
	}
	return s
}

type replyFacts struct {
	Outcome string `json:"outcome"`
	Was     string `json:"was,omitempty"`
}

func (s suggestion) mayReply(ask Ask, f *replyFacts, words entry.Words) error {
	if err := owner(ask, "reply to it"); err != nil {
		return err
	}
	if f.Outcome == "" { // more is said, nothing else is decided
		f.Outcome = outcomes[0]
		if s.Reply != nil {
			f.Outcome = s.Reply.Outcome
		}
	}
	if !slices.Contains(outcomes, f.Outcome) {
		return fault.New(fault.Invalid, "outcome is noted, adopted, partly or declined").And("field", "outcome")
	}
	if f.Was = ""; s.decided() && f.Outcome != s.Reply.Outcome {
		if f.Outcome == outcomes[0] {
			return fault.New(fault.Closed, "it is decided; decide otherwise, or say more about it").And("field", "outcome")
		}
		f.Was = s.Reply.Outcome
	}
	return brief(words, "text", 1, 500)
}

// decided tells whether more was said than that it was noted.
func (s suggestion) decided() bool { return s.Reply != nil && s.Reply.Outcome != outcomes[0] }

func (s suggestion) reply(e Event, f replyFacts) suggestion {
	s.Reply = &reply{By: e.By, At: e.At, Outcome: f.Outcome, Was: f.Was, Words: kept(e.Words)}
	return s
}

func (s suggestion) mayNudge(ask Ask, _ *nothing) error {
	return mayNudge(ask, s.Reply == nil, s.Nudged)
}

func (s suggestion) nudge(e Event, _ nothing) suggestion {
	s.Nudged = e.At
	return s
}

// Rings tells the author of the reply, and those who answer for the room that the author still waits for one.
func (s suggestion) Rings(act string, e Event) []Ring {
	switch act {
	case "reply":
		return []Ring{{Topic: "mine", To: []id.Person{e.Post.By}, Says: "回复了"}}
	case "nudge":
		return []Ring{nudging("mine", e.Room.Owners()...)}
	}
	return nil
}

func (s suggestion) shown() any {
	return struct {
		Support int    `json:"support"`
		Reply   *reply `json:"reply,omitempty"`
		Nudged  int64  `json:"nudged,omitempty"`
	}{len(s.Support), s.Reply, s.Nudged}
}

// Live says that nobody has answered it.
func (s suggestion) Live() bool { return s.Reply == nil }

// Waits waits for who answers for the room.
func (s suggestion) Waits(v Viewer) string {
	if v.Owner {
		return "reply"
	}
	return ""
}

func (s suggestion) own(v Viewer) any {
	return perHome(v, func(h id.Premises) (supported, bool) { return supported{true, s.Support[h]}, s.Support[h] != "" })
}

// supported is that a household supports it, as that sees it.
type supported struct {
	Supported bool      `json:"supported"`
	By        id.Person `json:"by"`
}
