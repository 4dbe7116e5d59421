package office

import (
	"math"
	"slices"
	"strings"

	"linli/internal/fault"
	"linli/internal/id"
)

// Policy is how a room is run.
type Policy struct {
	History   string `json:"history"`              // what a newcomer sees of what was before: all, since (a time), none
	Since     int64  `json:"since,omitempty"`      // ms, with since
	AutoGreen bool   `json:"auto_green,omitempty"` // a green application is approved by the server

	NoStickers bool     `json:"no_stickers,omitempty"` // nobody posts stickers
	Reserved   []string `json:"reserved,omitempty"`    // lanes in which only those post who answer for the room, sorted
}

// reservable are the lanes that can be reserved. Notices always are.
var reservable = []string{"chat", "request"}

// Setting is one of the things that a policy says.
type Setting string

// Settings are all of them.
var Settings = []Setting{"history", "auto_green", "stickers", "reserved"}

// take takes one setting over from another policy.
func (p *Policy) take(x Setting, from Policy) {
	switch x {
	case "history":
		p.History, p.Since = from.History, from.Since
	case "auto_green":
		p.AutoGreen = from.AutoGreen
	case "stickers":
		p.NoStickers = from.NoStickers
	case "reserved":
		p.Reserved = from.Reserved
	}
}

// same tells whether two policies say the same of one thing.
func (p Policy) same(x Setting, o Policy) bool {
	switch x {
	case "history":
		return p.History == o.History && p.Since == o.Since
	case "auto_green":
		return p.AutoGreen == o.AutoGreen
	case "stickers":
		return p.NoStickers == o.NoStickers
	}
	return slices.Equal(p.Reserved, o.Reserved)
}

// posts tells whether the same may be posted by the same.
func (p Policy) posts(o Policy) bool {
	return p.NoStickers == o.NoStickers && slices.Equal(p.Reserved, o.Reserved)
}

// saying is what a room, or the office, says of a policy itself. A room follows the office in all else.
type saying struct {
	Policy
	Own []Setting `json:"own,omitempty"` // what it says; none: all of it, as was said before there were any
}

// own is what it says; nothing where it is nothing.
func (y saying) own() []Setting {
	if y.Own == nil && y.History != "" {
		return Settings
	}
	return y.Own
}

// over is a policy where what it says takes the place of what another one says.
func (y saying) over(p Policy) Policy {
	for _, x := range y.own() {
		p.take(x, y.Policy)
	}
	return p
}

// policyFacts names what is different from now on, and nothing else. Old ones have neither sets nor follows and say all of a policy.
type policyFacts struct {
	Room id.Room `json:"room,omitempty"`
	Policy
	Sets    []Setting `json:"sets,omitempty"`    // what it says of the policy
	Follows []Setting `json:"follows,omitempty"` // where the room does as the office from now on
	Told    []posting `json:"told,omitempty"`    // the rooms that have to be told
	Rooms   []id.Room `json:"rooms,omitempty"`   // of an old one: the rooms that have to be told what it says
}

// posting is what may be posted in a room, and by whom.
type posting struct {
	Room       id.Room  `json:"room"`
	NoStickers bool     `json:"no_stickers,omitempty"`
	Reserved   []string `json:"reserved,omitempty"`
}

// after is what is said once something of it is different.
func (y saying) after(f *policyFacts) saying {
	if f.Sets == nil && f.Follows == nil {
		if f.History != "" {
			return saying{Policy: f.Policy}
		}
		return y
	}
	now := saying{}
	for _, x := range Settings {
		switch {
		case slices.Contains(f.Sets, x):
			now.take(x, f.Policy)
		case slices.Contains(y.own(), x) && !slices.Contains(f.Follows, x):
			now.take(x, y.Policy)
		default:
			continue
		}
		now.Own = append(now.Own, x)
	}
	return now
}

// policyAsked is a command: what is left out stays as it is.
type policyAsked struct {
	Room       id.Room   `json:"room"`
	History    string    `json:"history"`
	Since      int64     `json:"since"`
	AutoGreen  *bool     `json:"auto_green"`
	NoStickers *bool     `json:"no_stickers"`
	Reserved   []string  `json:"reserved"`
	Follows    []Setting `json:"follows"`
}

// sets is what a command speaks of, and what it says.
func (f *policyAsked) sets() (p Policy, list []Setting) {
	if f.History != "" {
		p.History, p.Since, list = f.History, f.Since, append(list, "history")
	}
	if f.AutoGreen != nil {
		p.AutoGreen, list = *f.AutoGreen, append(list, "auto_green")
	}
	if f.NoStickers != nil {
		p.NoStickers, list = *f.NoStickers, append(list, "stickers")
	}
	if f.Reserved != nil {
		p.Reserved, list = slices.Compact(slices.Sorted(slices.Values(f.Reserved))), append(list, "reserved")
	}
	return p, list
}

func (f *policyAsked) sound() error {
	switch {
	case f.History != "" && f.History != "all" && f.History != "since" && f.History != "none":
		return invalid("history", "history is all, since or none")
	case (f.History == "since") != (f.Since > 0):
		return invalid("since", "since goes with history since, and only with it")
	}
	for _, lane := range f.Reserved {
		if !slices.Contains(reservable, lane) {
			return invalid("reserved", "reserved are chat and request, or neither")
		}
	}
	_, sets := f.sets()
	for _, x := range f.Follows {
		if f.Room == "" || !slices.Contains(Settings, x) || slices.Contains(sets, x) {
			return invalid("follows", "a room follows the office in what it says nothing of itself")
		}
	}
	return nil
}

func (s *State) mayPolicy(a *asking) ([]step, error) {
	f, err := take[policyAsked](a)
	if err != nil {
		return nil, err
	}
	if err := f.sound(); err != nil {
		return nil, err
	}
	if err := s.mayRule(a, f.Room); err != nil {
		return nil, err
	}
	out := policyFacts{Room: f.Room}
	now, office, own := s.Policy(f.Room), s.Policy(""), s.core.Policies[f.Room].own()
	want, sets := f.sets()
	for _, x := range sets {
		switch {
		case want.same(x, now):
		case f.Room != "" && want.same(x, office): // as it is everywhere, and as it will be
			out.Follows = append(out.Follows, x)
		default:
			out.take(x, want)
			out.Sets = append(out.Sets, x)
		}
	}
	for _, x := range f.Follows {
		if slices.Contains(own, x) && !slices.Contains(out.Follows, x) {
			out.Follows = append(out.Follows, x)
		}
	}
	if out.Sets == nil && out.Follows == nil {
		return nil, fault.New(fault.Unchanged, "it is so already")
	}
	out.Told = s.switching(&out)
	return one(out), nil
}

// switching is what may be posted in the rooms where that is something else once a policy has changed.
func (s *State) switching(f *policyFacts) (told []posting) {
	after := s.core.Policies[f.Room].after(f)
	for r := range s.core.Rooms {
		office, own := s.core.Policies[""], s.core.Policies[r]
		switch f.Room {
		case "":
			office = after
		case r:
			own = after
		}
		if now := own.over(office.over(usualPolicy)); !s.Policy(r).posts(now) {
			told = append(told, posting{r, now.NoStickers, now.Reserved})
		}
	}
	slices.SortFunc(told, func(a, b posting) int { return strings.Compare(string(a.Room), string(b.Room)) })
	return told
}

func (s *State) ruled(ev *event) {
	f, ok := read[policyFacts](ev.Entry)
	if !ok {
		return
	}
	if now := s.core.Policies[f.Room].after(&f); now.own() == nil {
		delete(s.core.Policies, f.Room)
	} else {
		s.core.Policies[f.Room] = now
	}
	ev.tell(Change{What: Rules, Room: f.Room})
}

// usualPolicy is how rooms are run where nobody says anything.
var usualPolicy = Policy{History: "all"}

// Policy is how a room is run: what it says itself, and else the office. Of no room it is the office's.
func (s *State) Policy(r id.Room) Policy {
	p := s.core.Policies[""].over(usualPolicy)
	if r == "" {
		return p
	}
	return s.core.Policies[r].over(p)
}

// OwnPolicy is what a room says of its policy itself.
func (s *State) OwnPolicy(r id.Room) []Setting { return s.core.Policies[r].own() }

// Unseen is before when (ms) what was posted in a room, and before somebody came there, is not theirs to read: 0 where they read all, as
// who answers for the room does.
func (s *State) Unseen(p id.Person, r id.Room) int64 {
	policy := s.Policy(r)
	switch {
	case s.MayAdmit(p, r):
		return 0
	case policy.History == "none":
		return math.MaxInt64
	case policy.History == "since":
		return policy.Since
	}
	return 0
}
