package kind

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// request is a need of one neighbour that exactly one helper takes on: whoever's claim stands first in the log. While it is
// under way the two may learn each other's phone, and the helper the door; before and after nobody does.
//
//	open → claimed → doing → done → closed → rated
//
// A released one is open again; one that turns out not to be done goes back to its helper; a cancelled one is over.
type request struct {
	Status     string             `json:"status"`
	Template   string             `json:"template"`
	By         int64              `json:"by,omitempty"` // until when it is needed
	Door       bool               `json:"door"`         // the helper comes to the door
	Fields     map[string]float64 `json:"fields,omitempty"`
	Helper     id.Person          `json:"helper,omitempty"`
	Former     id.Person          `json:"former,omitempty"`     // the helper before this one, who must learn that it is over
	Dispatched id.Person          `json:"dispatched,omitempty"` // who gave it to the helper, when it was not claimed
	Promise    int64              `json:"promise,omitempty"`    // until when the helper wants to be done
	Claimed    int64              `json:"claimed,omitempty"`
	Started    int64              `json:"started,omitempty"`
	Completed  int64              `json:"completed,omitempty"`
	Closed     int64              `json:"closed,omitempty"`
	Stars      int                `json:"stars,omitempty"`
	Note       entry.Words        `json:"note,omitempty"`   // of completing it
	Rating     entry.Words        `json:"rating,omitempty"` // of rating it
	Reason     entry.Words        `json:"reason,omitempty"` // of reopening or cancelling it
	Back       *returned          `json:"back,omitempty"`   // who gave it back last, and why, until it is done
	Nudged     int64              `json:"nudged,omitempty"` // when somebody was nudged last
	Steps      []step             `json:"steps,omitempty"`
	Skipped    int                `json:"skipped,omitempty"` // steps left out of the middle
}

const (
	open      = "open"
	claimed   = "claimed"
	doing     = "doing"
	done      = "done"
	closed    = "closed"
	rated     = "rated"
	cancelled = "cancelled"
)

const (
	silence  = 72 * time.Hour     // after which a completed request counts as confirmed
	regret   = 7 * 24 * time.Hour // how long after its end a request may be reopened
	remarked = 180                // characters of a note, a rating, a reason
	keptHead = 2                  // the first and the last steps are kept
	keptTail = 8
)

// templates are what is asked for. 其他 takes the rest.
var templates = []string{"买菜", "买药", "清理垃圾", "打印", "代取", "代取快递", "代缴", "测量体温", "维修", "陪护", "其他"}

// quantities are the numbers a request may carry. What else there is to say are words: nobody's number belongs into facts.
var quantities = []string{"copies", "pages", "bags", "budget", "pieces", "people"}

var _ = declare(kind[request]{
	name:  "request",
	lane:  Needs,
	takes: "claim",
	actions: map[string]action[request]{
		"post":     actw(request.mayPost, request.post, "text", "note", "list"),
		"claim":    act(request.mayClaim, request.claim),
		"release":  actw(request.mayRelease, request.release, "reason"),
		"dispatch": act(request.mayDispatch, request.dispatch),
		"start":    act(request.mayStart, request.start),
		"complete": actw(request.mayComplete, request.complete, "note"),
		"confirm":  act(request.mayConfirm, request.confirm),
		"reopen":   actw(request.mayReopen, request.reopen, "reason"),
		"rate":     actw(request.mayRate, request.rate, "text").speaking(),
		"cancel":   actw(request.mayCancel, request.cancel, "reason"),
		"lapse":    act(request.mayLapse, request.lapse),
		"nudge":    act(request.mayNudge, request.nudge),
	},
	shown:    request.shown,
	own:      request.own,
	concerns: func(r request, _ Event) []id.Person { return r.helpers() },
	summary:  func(w entry.Words, r request) string { return line("[求助]", line(r.Template, word(w, "text"))) },
})

type requestFacts struct {
	Template string             `json:"template"`
	By       int64              `json:"by,omitempty"`
	Door     bool               `json:"door"`
	Fields   map[string]float64 `json:"fields,omitempty"`
	For      id.Premises        `json:"for,omitempty"` // the door that it is for, of somebody with several
}

func (request) mayPost(ask Ask, f *requestFacts, words entry.Words) (err error) {
	if err := member(ask); err != nil {
		return err
	}
	if f.For, err = home(ask, f.For); err != nil {
		return err
	}
	if !slices.Contains(templates, f.Template) {
		return fault.New(fault.Invalid, "there is no such template").And("field", "template")
	}
	for name, n := range f.Fields {
		if !slices.Contains(quantities, name) || n < 0 || n > 100_000 {
			return fault.New(fault.Invalid, "fields are a few known numbers").And("field", "fields")
		}
	}
	if err := ahead(ask, "by", f.By); err != nil {
		return err
	}
	if err := text(words, "text", 1, 500); err != nil {
		return err
	}
	if err := text(words, "note", 0, 1000); err != nil {
		return err
	}
	return list(words, "list", 30, 60)
}

func (request) post(e Event, f requestFacts) request {
	r := request{Status: open, Template: f.Template, By: f.By, Door: f.Door, Fields: f.Fields}
	return r.note(e, "post", "")
}

type claimFacts struct {
	Promise int64  `json:"promise,omitempty"`
	Waited  *int64 `json:"waited,omitempty"` // how long (ms) it stood before somebody took it on by themselves; nil where somebody had it before
}

// Waited is how long (ms) whoever asked had waited, as the facts of an act say that takes a card on; false where they say nothing of it.
// It is written down when it is decided, so that a replay that has no card in hand counts it too.
func Waited(facts json.RawMessage) (ms int64, ok bool) {
	var f claimFacts
	if len(facts) == 0 || json.Unmarshal(facts, &f) != nil || f.Waited == nil {
		return 0, false
	}
	return *f.Waited, true
}

func (r request) mayClaim(ask Ask, f *claimFacts) error {
	if !ask.By.Member {
		return fault.New(fault.NotMember, "only members of the room help each other here")
	}
	switch {
	case ask.By.Person == ask.Post.By:
		return fault.New(fault.Forbidden, "this is one's own request")
	case r.over():
		return fault.New(fault.Closed, "the request is over")
	case r.Helper == ask.By.Person:
		return fault.New(fault.Unchanged, "claimed already")
	case r.Helper != "":
		return fault.New(fault.Taken, "somebody was first").And("by", r.Helper)
	}
	if most := ask.By.Claims; most > 0 && ask.Holds >= most {
		return fault.New(fault.Quota, "so many are taken on already; finish one first").And("field", "claims").And("limit", most)
	}
	f.Waited = nil
	if r.Former == "" {
		waited := ask.Now - ask.Post.At
		f.Waited = &waited
	}
	return ahead(ask, "promise", f.Promise)
}

// Holder is the helper, until it is done.
func (r request) Holder(Post) id.Person {
	if r.Status != claimed && r.Status != doing {
		return ""
	}
	return r.Helper
}

func (r request) claim(e Event, f claimFacts) request {
	return r.given(e.By, "", f.Promise, e.At).note(e, "claim", "")
}

// returned is that a request was given back.
type returned struct {
	By    id.Person   `json:"by"`
	At    int64       `json:"at"`
	Words entry.Words `json:"words,omitempty"`
}

// releaseFacts: of what was given back before it was shown why, the words stay unseen.
type releaseFacts struct {
	Why bool `json:"why,omitempty"` // the words are shown
}

func (r request) mayRelease(ask Ask, f *releaseFacts, words entry.Words) error {
	f.Why = true
	switch {
	case r.over() || r.Status == done:
		return fault.New(fault.Closed, "it is done")
	case !r.helps(ask.By) && !ask.By.Owner:
		return fault.New(fault.Forbidden, "only its helper and owners may release it")
	case r.Helper == "":
		return fault.New(fault.Unchanged, "nobody has claimed it")
	}
	return brief(words, "reason", 0, remarked)
}

func (r request) release(e Event, f releaseFacts) request {
	if f.Why {
		r.Back = &returned{e.By, e.At, kept(e.Words)}
	}
	return r.given("", "", 0, 0).note(e, "release", "")
}

type dispatchFacts struct {
	Person id.Person `json:"person"`
	Due    int64     `json:"due,omitempty"`
}

func (r request) mayDispatch(ask Ask, f *dispatchFacts) error {
	if err := owner(ask, "dispatch"); err != nil {
		return err
	}
	switch {
	case r.over() || r.Status == done:
		return fault.New(fault.Closed, "it is done")
	case f.Person == ask.Post.By:
		return fault.New(fault.Invalid, "that is who needs help").And("field", "person")
	case !ask.Room.Has(f.Person):
		return fault.New(fault.NotFound, "no such member").And("field", "person")
	case f.Person == r.Helper:
		return fault.New(fault.Unchanged, "they have it already")
	}
	return ahead(ask, "due", f.Due)
}

func (r request) dispatch(e Event, f dispatchFacts) request {
	return r.given(f.Person, e.By, f.Due, e.At).note(e, "dispatch", f.Person)
}

// given hands the request to a helper, or back to everybody when there is none.
func (r request) given(helper, dispatched id.Person, promise, at int64) request {
	if r.Helper != "" {
		r.Former = r.Helper
	}
	r.Status, r.Helper, r.Dispatched, r.Promise, r.Claimed, r.Started = claimed, helper, dispatched, promise, at, 0
	if helper == "" {
		r.Status = open
	}
	return r
}

// mayHelp lets only the helper go on, and only while it is under way.
func (r request) mayHelp(ask Ask) error {
	switch {
	case r.over():
		return fault.New(fault.Closed, "the request is over")
	case !r.helps(ask.By):
		return fault.New(fault.Forbidden, "only its helper may")
	case r.Status == done:
		return fault.New(fault.Unchanged, "it is done already")
	}
	return nil
}

func (r request) mayStart(ask Ask, _ *nothing) error {
	if err := r.mayHelp(ask); err != nil {
		return err
	}
	if r.Status == doing {
		return fault.New(fault.Unchanged, "started already")
	}
	return nil
}

func (r request) start(e Event, _ nothing) request {
	r.Status, r.Started = doing, e.At
	return r.note(e, "start", "")
}

func (r request) mayComplete(ask Ask, _ *nothing, words entry.Words) error {
	if err := r.mayHelp(ask); err != nil {
		return err
	}
	return brief(words, "note", 0, remarked)
}

func (r request) complete(e Event, _ nothing) request {
	r.Status, r.Completed, r.Note, r.Reason, r.Back = done, e.At, kept(e.Words), nil, nil
	return r.note(e, "complete", "")
}

// mayJudge lets only the requester say how it went.
func (r request) mayJudge(ask Ask) error {
	switch {
	case ask.By.Person != ask.Post.By:
		return fault.New(fault.Forbidden, "only who asked may")
	case r.Status == cancelled:
		return fault.New(fault.Closed, "the request was cancelled")
	case !r.over() && r.Status != done:
		return fault.New(fault.Conflicting, "it is not done yet")
	}
	return nil
}

func (r request) mayConfirm(ask Ask, _ *nothing) error {
	if err := r.mayJudge(ask); err != nil {
		return err
	}
	if r.over() {
		return fault.New(fault.Unchanged, "confirmed already")
	}
	return nil
}

func (r request) confirm(e Event, _ nothing) request {
	r.Status, r.Closed = closed, e.At
	return r.note(e, "confirm", "")
}

// mayNudge lets the asker nudge: who could take it on, then who has.
func (r request) mayNudge(ask Ask, _ *nothing) error {
	return mayNudge(ask, !r.over() && r.Status != done, r.nudged())
}

// nudged is when whoever is to act now was nudged last; 0 when it went to other hands since, or to nobody's.
func (r request) nudged() int64 {
	for _, step := range slices.Backward(r.Steps) {
		if slices.Contains([]string{"claim", "dispatch", "release", "reopen"}, step.Verb) {
			if step.At > r.Nudged {
				return 0
			}
			break
		}
	}
	return r.Nudged
}

func (r request) nudge(e Event, _ nothing) request {
	r.Nudged = e.At
	return r
}

type reopenFacts struct {
	Open bool `json:"open,omitempty"` // the helper is no longer in the room: anybody may claim it
}

func (r request) mayReopen(ask Ask, f *reopenFacts, words entry.Words) error {
	if err := r.mayJudge(ask); err != nil {
		return err
	}
	if r.over() && ask.Now > r.Closed+regret.Milliseconds() {
		return fault.New(fault.TooLate, "it ended too long ago; ask again").And("field", "reopen")
	}
	f.Open = !ask.Room.Has(r.Helper)
	return brief(words, "reason", 1, remarked)
}

func (r request) reopen(e Event, f reopenFacts) request {
	r.Completed, r.Closed, r.Stars, r.Note, r.Rating, r.Reason = 0, 0, 0, nil, nil, kept(e.Words)
	if f.Open {
		r = r.given("", "", 0, 0)
	} else {
		r.Status, r.Promise = doing, 0
	}
	return r.note(e, "reopen", "")
}

type rateFacts struct {
	Stars int `json:"stars"`
}

func (r request) mayRate(ask Ask, f *rateFacts, words entry.Words) error {
	if err := r.mayJudge(ask); err != nil {
		return err
	}
	switch {
	case r.Status == rated:
		return fault.New(fault.Unchanged, "rated already")
	case f.Stars < 1 || f.Stars > 5:
		return fault.New(fault.Invalid, "a rating is 1 to 5 stars").And("field", "stars")
	}
	return brief(words, "text", 0, remarked)
}

func (r request) rate(e Event, f rateFacts) request {
	r.Status, r.Stars, r.Rating = rated, f.Stars, kept(e.Words)
	if r.Closed == 0 { // who rates has no need to confirm
		r.Closed = e.At
	}
	return r.note(e, "rate", "")
}

func (r request) mayCancel(ask Ask, _ *nothing, words entry.Words) error {
	switch {
	case ask.By.Person != ask.Post.By && !ask.By.Owner:
		return fault.New(fault.Forbidden, "only who asked and owners may cancel it")
	case r.over():
		return fault.New(fault.Closed, "the request is over")
	case r.Status == done && !ask.By.Owner:
		return fault.New(fault.Closed, "it is done: confirm or reopen it")
	}
	return brief(words, "reason", 0, remarked)
}

func (r request) cancel(e Event, _ nothing) request {
	r.Status, r.Closed, r.Reason = cancelled, e.At, kept(e.Words)
	return r.note(e, "cancel", "")
}

func (r request) mayLapse(ask Ask, _ *nothing) error {
	if err := server(ask); err != nil {
		return err
	}
	if at, _ := r.Due(); at == 0 || ask.Now < at {
		return fault.New(fault.Unchanged, "nothing is waited for")
	}
	return nil
}

func (r request) lapse(e Event, _ nothing) request {
	r.Status, r.Closed = closed, e.At
	return r.note(e, "lapse", "")
}

// Due takes three days of silence for a yes.
func (r request) Due() (int64, string) {
	if r.Status != done {
		return 0, ""
	}
	return r.Completed + silence.Milliseconds(), "lapse"
}

// helping are the badges of those who help: a new request rings them.
var helping = []string{"志愿者", "党员志愿者"}

// Helps tells whether a badge is one of those who help.
func Helps(badge string) bool { return slices.Contains(helping, badge) }

// news is what the others involved are told of an act.
var news = map[string]string{
	"claim": "来帮您", "release": "退领了", "dispatch": "派了人", "start": "开始办", "complete": "办好了", "confirm": "确认办结", "reopen": "说还没办好",
	"rate": "评价了", "cancel": "取消了",
}

// Rings rings those who help when it is new, and then whoever of asker and helpers did not do it themselves.
func (r request) Rings(act string, e Event) []Ring {
	if act == "post" {
		var to []id.Person
		for _, badge := range helping {
			to = append(to, e.Room.Badged(badge)...)
		}
		return []Ring{{Topic: "request", To: to}}
	}
	if act == "nudge" {
		if r.Helper != "" {
			return []Ring{nudging("mine", r.Helper)}
		}
		var to []id.Person
		for _, badge := range helping {
			to = append(to, e.Room.Badged(badge)...)
		}
		owners := slices.DeleteFunc(slices.Clone(e.Room.Owners()), func(p id.Person) bool { return slices.Contains(to, p) })
		return []Ring{nudging("request", to...), nudging("mine", owners...)}
	}
	says, ok := news[act]
	if !ok {
		return nil
	}
	to := []id.Person{e.Post.By}
	switch act {
	case "dispatch":
		return []Ring{{Topic: "mine", To: []id.Person{r.Helper}, Says: "派给您"}, {Topic: "mine", To: to, Says: says}}
	case "release":
		to = append(to, r.Former)
	case "claim", "start", "complete":
	default:
		to = append(to, r.Helper)
	}
	return []Ring{{Topic: "mine", To: to, Says: says}}
}

// Presses reminds the helper, or tells the staff that nobody has come, when the time is there that was promised or wished for.
func (r request) Presses(Post) (int64, Ring) {
	how := Ring{Topic: "mine", Staff: true, Says: "到时间了"}
	switch r.Status {
	case open:
		return r.By, how
	case claimed, doing:
		return cmp.Or(r.Promise, r.By), how
	}
	return 0, how
}

// MayContact lets helper and requester reach each other while the request is under way.
func (r request) MayContact(v Viewer) (id.Person, bool) {
	if r.Helper == "" || r.over() {
		return "", false
	}
	switch v.Person {
	case r.Helper:
		return v.Post.By, true
	case v.Post.By:
		return r.Helper, true
	}
	return "", false
}

// MayVisit lets the helper come to the door, if they are asked to.
func (r request) MayVisit(v Viewer) bool {
	return r.Door && !r.over() && r.Helper != "" && v.Person == r.Helper
}

// Current tells whether it is open, taken on, or done and not confirmed yet.
func (r request) Current() bool { return !r.over() }

// Live tells whether it goes on.
func (r request) Live() bool { return !r.over() }

// Waits waits for the helper's next step, and then for the asker.
func (r request) Waits(v Viewer) string {
	switch {
	case r.Helper == v.Person && r.Status == claimed:
		return "start"
	case r.Helper == v.Person && r.Status == doing:
		return "complete"
	case v.Post.By == v.Person && r.Status == done:
		return "confirm"
	}
	return ""
}

// Task tells who may take it on, who is at it until its asker has confirmed, and who did it.
func (r request) Task(v Viewer) Task {
	switch {
	case r.Status == open && v.Person != v.Post.By:
		return OpenTask
	case r.Helper == "" || v.Person != r.Helper || r.Status == cancelled:
		return NoTask
	case r.over():
		return DoneTask
	}
	return MyTask
}

func (r request) over() bool {
	return r.Status == closed || r.Status == rated || r.Status == cancelled
}

func (r request) helps(by Actor) bool { return r.Helper != "" && r.Helper == by.Person }

// helpers are the present helper and the one before.
func (r request) helpers() []id.Person {
	var who []id.Person
	for _, p := range []id.Person{r.Helper, r.Former} {
		if p != "" {
			who = append(who, p)
		}
	}
	return who
}

// shown is the state but for whose it was before: that is between the room and them. Nor is it shown that others were nudged.
func (r request) shown() any {
	r.Nudged = r.nudged()
	r.Former, r.Steps = "", slices.Clone(r.Steps)
	return r
}

func (r request) own(v Viewer) any {
	_, contact := r.MayContact(v)
	switch {
	case v.Person == v.Post.By:
		return struct {
			Asker   bool `json:"asker"`
			Contact bool `json:"contact"`
		}{true, contact}
	case r.Helper != "" && v.Person == r.Helper:
		return struct {
			Helper  bool `json:"helper"`
			Contact bool `json:"contact"`
		}{true, contact}
	}
	return nil
}

// step is one thing that happened to a request: [verb, who, when], and for a dispatch to whom.
type step struct {
	Verb string
	By   id.Person
	At   int64
	To   id.Person
}

// note writes a step down. A card stays small however often it changes hands: the middle goes first.
func (r request) note(e Event, verb string, to id.Person) request {
	r.Steps = append(r.Steps, step{verb, e.By, e.At, to})
	if len(r.Steps) > keptHead+keptTail {
		r.Steps = slices.Delete(r.Steps, keptHead, keptHead+1)
		r.Skipped++
	}
	return r
}

func (s step) MarshalJSON() ([]byte, error) {
	row := []any{s.Verb, s.By, s.At}
	if s.To != "" {
		row = append(row, s.To)
	}
	return json.Marshal(row)
}

func (s *step) UnmarshalJSON(b []byte) error {
	row := []any{&s.Verb, &s.By, &s.At, &s.To}
	return json.Unmarshal(b, &row)
}

// Pass lets it be pointed to from another room. Who is not in this one learns what sort of need it is, and nothing that was written.
func (r request) Pass() (Part, bool) {
	return Part{Live: true, Sum: line("[求助]", r.Template)}, true
}
