package kind

import (
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// poll is a question with fixed answers: one ballot a household or one a person. The ballots are facts that only the fold
// sees; what all members see is the tally.
type poll struct {
	Options int               `json:"options"`
	Per     string            `json:"per"` // household, person
	Closes  int64             `json:"closes,omitempty"`
	Of      int               `json:"of"` // premises of the room when it was posted
	Open    bool              `json:"open"`
	Ballots map[string]ballot `json:"ballots,omitempty"` // by premises or person
}

type ballot struct {
	Option int       `json:"option"`
	By     id.Person `json:"by"`
}

var _ = declare(kind[poll]{
	name: "poll",
	lane: Chat,
	actions: map[string]action[poll]{
		"post":  actw(poll.mayPost, poll.post, "title", "options"),
		"vote":  act(poll.mayVote, poll.vote),
		"close": act(poll.mayClose, poll.close),
	},
	shown:   poll.shown,
	own:     poll.own,
	summary: func(w entry.Words, _ poll) string { return line("[投票]", word(w, "title")) },
})

type pollFacts struct {
	Options int    `json:"options"`
	Per     string `json:"per"`
	Closes  int64  `json:"closes,omitempty"`
	Of      int    `json:"of"`
}

func (poll) mayPost(ask Ask, f *pollFacts, words entry.Words) error {
	if err := owner(ask, "start a poll"); err != nil {
		return err
	}
	if f.Per == "" {
		f.Per = "household"
	}
	switch {
	case f.Options < 2 || f.Options > 10:
		return fault.New(fault.Invalid, "a poll has 2 to 10 options").And("field", "options")
	case f.Per != "household" && f.Per != "person":
		return fault.New(fault.Invalid, "per is household or person").And("field", "per")
	case f.Closes != 0 && f.Closes <= ask.Now:
		return fault.New(fault.Invalid, "closes lies in the past").And("field", "closes")
	}
	f.Of = ask.Room.Premises()
	if err := text(words, "title", 1, 80); err != nil {
		return err
	}
	return texts(words, "options", f.Options, 40)
}

func (poll) post(_ Event, f pollFacts) poll {
	return poll{Options: f.Options, Per: f.Per, Closes: f.Closes, Of: f.Of, Open: true}
}

type voteFacts struct {
	For    string `json:"for"` // the premises or person that the ballot counts for
	Option int    `json:"option"`
}

func (p poll) mayVote(ask Ask, f *voteFacts) error {
	if err := member(ask); err != nil {
		return err
	}
	if p.Per != "household" {
		f.For = string(ask.By.Person)
	} else {
		home, err := household(ask, id.Premises(f.For))
		if err != nil {
			return err
		}
		f.For = string(home)
	}
	switch {
	case !p.Open || p.Closes != 0 && ask.Now >= p.Closes:
		return fault.New(fault.Closed, "the poll is closed")
	case f.Option < 0 || f.Option >= p.Options:
		return fault.New(fault.Invalid, "there is no such option").And("field", "option")
	}
	return nil
}

func (p poll) vote(e Event, f voteFacts) poll {
	if p.Ballots == nil {
		p.Ballots = map[string]ballot{}
	}
	p.Ballots[f.For] = ballot{Option: f.Option, By: e.By}
	return p
}

func (p poll) mayClose(ask Ask, _ *nothing) error {
	switch {
	case !ask.By.Server && !ask.By.Owner && ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only the author and owners may close it")
	case !p.Open:
		return fault.New(fault.Closed, "the poll is closed")
	}
	return nil
}

func (p poll) close(Event, nothing) poll {
	p.Open = false
	return p
}

// Due closes the poll at its time.
func (p poll) Due() (int64, string) {
	if !p.Open {
		return 0, ""
	}
	return p.Closes, "close"
}

func (p poll) shown() any {
	votes := make([]int, p.Options)
	for _, b := range p.Ballots {
		if b.Option >= 0 && b.Option < len(votes) {
			votes[b.Option]++
		}
	}
	return struct {
		Open   bool   `json:"open"`
		Per    string `json:"per"`
		Votes  []int  `json:"votes"`
		Of     int    `json:"of"`
		Closes int64  `json:"closes,omitempty"`
	}{p.Open, p.Per, votes, p.Of, p.Closes}
}

// Live tells whether it takes ballots.
func (p poll) Live() bool { return p.Open }

// Waits waits for whoever has a ballot and has not cast it.
func (p poll) Waits(v Viewer) string {
	for _, voter := range p.voters(v) {
		if _, cast := p.Ballots[voter]; !cast {
			return "vote"
		}
	}
	return ""
}

// voters are those for whom the viewer may vote.
func (p poll) voters(v Viewer) (list []string) {
	if p.Per != "household" {
		return []string{string(v.Person)}
	}
	for _, h := range v.Homes {
		list = append(list, string(h))
	}
	return list
}

func (p poll) own(v Viewer) any {
	if p.Per == "household" {
		return perHome(v, func(h id.Premises) (ballot, bool) {
			b, ok := p.Ballots[string(h)]
			return b, ok
		})
	}
	if b, ok := p.Ballots[string(v.Person)]; ok {
		return b
	}
	return nil
}

// Pass lets it be pointed to from another room.
func (poll) Pass() (Part, bool) { return Part{Live: true}, true }
