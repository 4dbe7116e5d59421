package office

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/legible"
)

const (
	// MaxWords is the size of a command's words in bytes.
	MaxWords = 24 << 10
	// MaxFacts is the size of a command's facts in bytes; a batch of places needs it.
	MaxFacts = 512 << 10
	// MaxBatch is how many things one command, and one entry, may carry.
	MaxBatch = 500
)

// act is one thing that can happen: the rule, asked once, and what it changes, for ever.
type act struct {
	decide func(*State, *asking) ([]step, error)
	apply  func(*State, *event)
	words  bool // it has words; others lose them
}

var acts map[string]act

func init() {
	acts = map[string]act{
		"office.found":         {decide: (*State).mayFound, apply: (*State).found},
		"places.put":           {decide: (*State).mayPut, apply: (*State).put},
		"places.remove":        {decide: (*State).mayRemove, apply: (*State).remove},
		"doors.withdraw":       {decide: (*State).mayWithdrawDoors, apply: (*State).remove},
		"room.open":            {decide: (*State).mayOpen, apply: (*State).open},
		"person.admit":         {decide: (*State).mayAdmit, apply: (*State).admit},
		"person.renamed":       {decide: (*State).mayRename, apply: (*State).renamed},
		"badge.set":            {decide: (*State).mayBadge, apply: (*State).badged},
		"slip.make":            {decide: (*State).maySlip, apply: (*State).slipped},
		"slip.end":             {decide: (*State).mayUnslip, apply: (*State).unslipped},
		"person.moved":         {decide: (*State).mayMove, apply: (*State).moved},
		"role.grant":           {decide: (*State).mayGrant, apply: (*State).granted},
		"role.revoke":          {decide: (*State).mayRevoke, apply: (*State).revoked},
		"link.make":            {decide: (*State).mayLink, apply: (*State).linked},
		"link.end":             {decide: (*State).mayUnlink, apply: (*State).unlinked},
		"application.submit":   {decide: (*State).maySubmit, apply: (*State).submitted, words: true},
		"application.amend":    {decide: (*State).mayAmend, apply: (*State).amended, words: true},
		"application.withdraw": {decide: (*State).mayWithdraw, apply: (*State).withdrawn},
		"application.ask":      {decide: (*State).mayAsk, apply: (*State).asked, words: true},
		"application.approve":  {decide: (*State).mayApprove, apply: (*State).approved},
		"application.reject":   {decide: (*State).mayReject, apply: (*State).rejected, words: true},
		"charter.set":          {decide: (*State).mayCharter, apply: (*State).chartered, words: true},
		"charter.accept":       {decide: (*State).mayAccept, apply: (*State).accepted},
		"policy.set":           {decide: (*State).mayPolicy, apply: (*State).ruled},
		"limits.set":           {decide: (*State).mayLimit, apply: (*State).limited},
		"telephone.set":        {decide: (*State).mayTelephone, apply: (*State).telephoned, words: true},
		"code.issue":           {decide: (*State).mayIssue, apply: (*State).issued},
		"look":                 {decide: (*State).mayLook, apply: (*State).noted},
		"person.bind":          {decide: (*State).mayBind, apply: (*State).admit},
		"person.left":          {decide: (*State).mayLeave, apply: (*State).moved},
		"person.removed":       {decide: (*State).mayRemovePerson, apply: (*State).personRemoved, words: true},
		"person.restored":      {decide: (*State).mayRestorePerson, apply: (*State).personRestored, words: true},
		"post.offer":           {decide: (*State).mayOffer, apply: (*State).postOffered},
		"post.accept":          {decide: (*State).mayTakePost, apply: (*State).postAccepted},
		"post.decline":         {decide: (*State).mayDecline, apply: (*State).postUnoffered},
		"post.withdraw":        {decide: (*State).mayWithdrawPost, apply: (*State).postUnoffered},
		"person.arrived":       {decide: (*State).mayArrive, apply: (*State).arrived},
		"second.set":           {decide: (*State).maySecond, apply: (*State).seconded},
		"code.reset":           {decide: (*State).mayReset, apply: (*State).reset},
		"code.first":           {decide: (*State).mayIssueFirst, apply: (*State).issuedFirst},
	}
}

// asking is a command on its way through its rule.
type asking struct {
	by    entry.Actor
	with  json.RawMessage
	words entry.Words
	as    string    // the office role used; the rule notes it
	of    id.Person // whom the words are about; the rule notes it
	now   int64
}

func (a *asking) server() bool { return a.by.Person == id.Server }

// step is one entry of those a command comes to: its facts, and its kind when it is not the act itself.
type step struct {
	kind  string
	facts any
}

func one(facts any) []step { return []step{{facts: facts}} }

// event is an entry on its way into the state.
type event struct {
	*entry.Entry
	seq     entry.Seq
	at      int64
	changes []Change
}

func (ev *event) tell(c Change) {
	c.Seq, c.By = ev.seq, ev.By
	ev.changes = append(ev.changes, c)
}

// Done says that a command had happened before; Seq is its answer, 0 when that is long ago.
type Done struct{ Seq entry.Seq }

func (*Done) Error() string { return "office: already done" }

// Decide says whether a command happens, now (ms) and asked by this actor, and as which entries; several when they would be
// too large for one. It changes nothing. What an actor may do is in by.Grants alone. Errors are faults, or *Done for a
// command that came before. A command without an id is taken as new.
func (s *State) Decide(by entry.Actor, c *entry.Command, now int64) ([]entry.Entry, error) {
	act, known := acts[c.Act]
	if !known {
		return nil, fault.New(fault.Invalid, "there is no such action").And("field", "act")
	}
	if by.Person == "" {
		return nil, fault.New(fault.SignIn, "nobody asks")
	}
	if err := s.fresh(by, c); err != nil {
		return nil, err
	}
	words, err := sound(c)
	if err != nil {
		return nil, err
	}
	if !act.words {
		words = nil
	}
	a := &asking{by: by, with: c.With, words: words, now: now}
	steps, err := act.decide(s, a)
	if fault.Is(err, fault.NotFound) && !a.server() && hidden(by, fault.Of(err)) {
		err = fault.New(fault.Forbidden, "no right to this here") // the same as for what is there and not theirs
	}
	if err != nil {
		return nil, err
	}
	entries := make([]entry.Entry, len(steps))
	for i, step := range steps {
		kind := step.kind
		if kind == "" {
			kind = c.Act
		}
		entries[i] = entry.Entry{Kind: kind, By: by.Person, As: a.as, Facts: marshal(step.facts)}
	}
	// The last carries the id, so that the same command is answered the same.
	entries[len(entries)-1].ID = c.ID
	if words != nil {
		entries[0].Words, entries[0].Of = words, a.of
	}
	return entries, nil
}

// hidden tells whether somebody is not to learn that a room or a community is not there: everybody but those who see all of them.
func hidden(by entry.Actor, f *fault.Fault) bool {
	return held(by.Grants, place{}, governors) == "" && (f.With["field"] == "room" || f.With["field"] == "community")
}

// fresh refuses a command that came before, or that stands too far behind its device's others to tell.
func (s *State) fresh(by entry.Actor, c *entry.Command) error {
	if c.ID == "" || by.Person == id.Server {
		return nil
	}
	device, n, ok := c.Device()
	if !ok || device != by.Device {
		return fault.New(fault.Invalid, "a command's id is <device>.<n> of the device that sends it").And("field", "id")
	}
	switch done, stale := s.core.Windows.Check(device, n); {
	case done:
		for _, a := range s.core.Answers {
			if a.ID == c.ID {
				return &Done{Seq: a.Seq}
			}
		}
		return &Done{}
	case stale:
		return fault.New(fault.Stale, "the number lies far behind this device's others")
	}
	return nil
}

// sound checks sizes and encodings before anything looks inside, and returns the words, compact.
func sound(c *entry.Command) (entry.Words, error) {
	switch {
	case len(c.Words) > MaxWords:
		return nil, fault.New(fault.TooLarge, "words are too long").And("field", "words").And("limit", MaxWords)
	case len(c.With) > MaxFacts:
		return nil, fault.New(fault.TooLarge, "facts are too long").And("field", "with").And("limit", MaxFacts)
	case !utf8.Valid(c.Words) || !utf8.Valid(c.With):
		return nil, fault.New(fault.Invalid, "text is not UTF-8")
	}
	if len(c.Words) == 0 || bytes.Equal(c.Words, []byte("null")) {
		return nil, nil
	}
	words, ok := legible.Words(c.Words)
	if !ok || words[0] != '{' {
		return nil, fault.New(fault.Invalid, "words are an object of texts").And("field", "words")
	}
	return words, nil
}

// Apply takes one entry into the state, in place, and says what it changed. at is its time in ms. It never refuses: what it
// does not understand is counted and otherwise left alone, so that an old program can live with a newer log.
func (s *State) Apply(seq entry.Seq, at int64, e *entry.Entry) []Change {
	s.core.Seq = seq
	if e.ID != "" {
		s.remember(e.ID)
	}
	act, known := acts[e.Kind]
	if !known {
		s.core.Strange = true
		return nil
	}
	s.been(e.By)
	ev := &event{Entry: e, seq: seq, at: at}
	act.apply(s, ev)
	return ev.changes
}

func (s *State) remember(command string) {
	c := entry.Command{ID: command}
	device, n, ok := c.Device()
	if !ok {
		return
	}
	s.core.Windows.Done(device, n)
	s.core.Answers = append(s.core.Answers, answer{command, s.core.Seq})
	if len(s.core.Answers) > keptAnswers {
		s.core.Answers = slices.Delete(s.core.Answers, 0, 1)
	}
}

// take reads a command's facts.
func take[F any](a *asking) (f F, err error) {
	if len(a.with) > 0 && json.Unmarshal(a.with, &f) != nil {
		return f, fault.New(fault.Invalid, "the facts of this action do not have its shape").And("field", "with")
	}
	return f, nil
}

// read reads an entry's facts; what cannot be read is left alone.
func read[F any](e *entry.Entry) (f F, ok bool) {
	return f, len(e.Facts) > 0 && e.Facts[0] == '{' && json.Unmarshal(e.Facts, &f) == nil
}

func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("office: facts are not JSON: " + err.Error())
	}
	return b
}

// say is for Decide: the words must have this text in them, not longer than limit letters.
func say(words entry.Words, field string, limit int) error {
	var texts map[string]json.RawMessage
	var text string
	if words == nil || json.Unmarshal(words, &texts) != nil || json.Unmarshal(texts[field], &text) != nil || legible.Blank(text) {
		return invalid(field, "a text is missing")
	}
	if utf8.RuneCountInString(text) > limit {
		return fault.New(fault.TooLarge, "the text is too long").And("field", field).And("limit", limit)
	}
	return nil
}

func invalid(field, reason string) error { return fault.New(fault.Invalid, reason).And("field", field) }

// named tells whether a text may name a thing: there, legible, not longer than limit letters.
func named(text string, limit int) bool {
	return !legible.Blank(text) && fits(text, limit)
}

func fits(text string, limit int) bool {
	return utf8.RuneCountInString(text) <= limit && legible.Name(text)
}

// proper tells whether a text can be an id: short, of letters, digits and few marks, so that it is safe in keys and URLs.
func proper[T ~string](name T) bool {
	return name != "" && len(name) <= 40 && !strings.ContainsFunc(string(name), func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f })
}
