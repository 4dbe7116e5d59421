package kind

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

func TestNoticeListsReceiptsByPremisesWhoeverConfirmed(t *testing.T) {
	b := newTable(t, "notice")
	b.must("p0", "post", `{"confirm":true}`, `{"title":"停水"}`)
	b.must("p2", "confirm", `{"for":"h2"}`, ``) // what a client says it is for counts for nothing
	b.must("p0", "confirm", ``, ``)
	b.refused(fault.Unchanged, "p1", "confirm", ``, ``)
	got := b.card.(Receipts).Confirmed()
	if len(got) != 1 || !reflect.DeepEqual(got["h1"], Receipt{By: "p2", At: start}) {
		t.Errorf("%v", got)
	}
	got["h2"] = Receipt{}
	if len(b.card.(Receipts).Confirmed()) != 1 {
		t.Error("who asks for the receipts may change them")
	}
	q := b.card.(Quiet)
	if !q.Quiet("confirm") || q.Quiet("withdraw") || q.Quiet("expire") {
		t.Error("a confirmation alone is quiet")
	}
}

func TestNoticeWithoutReasonIsNotWithdrawn(t *testing.T) {
	b := newTable(t, "notice")
	b.must("p0", "post", `{"confirm":true,"pin":true}`, `{"title":"停水"}`)
	b.refused(fault.Invalid, "p0", "withdraw", ``, `{"reason":""}`)
	b.refused(fault.TooLarge, "p0", "withdraw", ``, said("reason", remarked+1))
	b.refused(fault.TooLarge, "p0", "withdraw", ``, `{"reason":"因","other":"`+strings.Repeat("x", 700)+`"}`)
	b.must("p0", "withdraw", ``, said("reason", remarked))
}

func TestOneOfManyClaimsWinsAndTheOthersLearnWho(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	b.must("p3", "claim", ``, ``)
	for _, p := range []id.Person{"p2", "p4", "p0"} {
		if f := b.refused(fault.Taken, p, "claim", ``, ``); f.With["by"] != id.Person("p3") {
			t.Errorf("%v", f.With)
		}
	}
}

func TestOnlyHelperAndAskerReachEachOtherAndOnlyWhileItIsUnderWay(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	entitled := func() (who []string) {
		for p := range doors {
			if whose, ok := b.card.(Contact).MayContact(b.viewer(p)); ok {
				who = append(who, string(p+"→"+whose))
			}
		}
		slices.Sort(who)
		return who
	}
	pair := []string{"p1→p3", "p3→p1"}
	for _, c := range []struct {
		by              id.Person
		act, with, word string
		want            []string
	}{
		{"p3", "claim", ``, ``, pair},
		{"p3", "release", ``, ``, nil},
		{"p0", "dispatch", `{"person":"p4"}`, ``, []string{"p1→p4", "p4→p1"}},
		{"p0", "dispatch", `{"person":"p3"}`, ``, pair},
		{"p3", "start", ``, ``, pair},
		{"p3", "complete", ``, ``, pair},
		{"p1", "reopen", ``, `{"reason":"没好"}`, pair},
		{"p3", "complete", ``, ``, pair},
		{"p1", "confirm", ``, ``, nil},
		{"p1", "rate", `{"stars":2}`, ``, nil},
		{"p1", "reopen", ``, `{"reason":"没好"}`, pair},
		{"p1", "cancel", ``, ``, nil},
	} {
		b.must(c.by, c.act, c.with, c.word)
		if got := entitled(); !slices.Equal(got, c.want) {
			t.Errorf("after %s: %v, want %v", c.act, got, c.want)
		}
	}
}

func TestHelperLearnsThatTheRequestIsNoLongerTheirs(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	b.must("p3", "claim", ``, ``)
	b.must("p0", "dispatch", `{"person":"p4"}`, ``)
	if who := b.card.Concerns(Event{}); !slices.Contains(who, "p3") || !slices.Contains(who, "p4") {
		t.Errorf("a transfer concerns %v", who)
	}
	b.must("p0", "release", ``, ``)
	if who := b.card.Concerns(Event{}); !slices.Contains(who, "p4") {
		t.Errorf("a release concerns %v", who)
	}
	if b.card.Own(b.viewer("p3")) != nil || b.card.Own(b.viewer("p4")) != nil {
		t.Error("a former helper still has a part of their own")
	}
}

func TestRequestKeepsItsFirstAndLastSteps(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	for range 30 {
		b.now++
		b.must("p3", "claim", ``, ``)
		b.must("p3", "release", ``, ``)
	}
	b.must("p0", "dispatch", `{"person":"p4"}`, ``)
	var shown struct {
		Steps   [][]any `json:"steps"`
		Skipped int     `json:"skipped"`
	}
	if err := json.Unmarshal([]byte(asJSON(b.card.Shown())), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Steps) != keptHead+keptTail || shown.Skipped != 62-len(shown.Steps) {
		t.Errorf("%d steps, %d skipped", len(shown.Steps), shown.Skipped)
	}
	if first, last := fmt.Sprint(shown.Steps[0][:2]), fmt.Sprint(shown.Steps[len(shown.Steps)-1]); first != "[post p1]" ||
		!strings.HasPrefix(last, "[dispatch p0 ") || !strings.HasSuffix(last, " p4]") {
		t.Errorf("from %s to %s", first, last)
	}
}

func TestStateOfTheFullestCardsStaysSmall(t *testing.T) {
	const who = "p0123456789abcdef"
	r := request{
		Status: "cancelled", Template: "测量体温", By: start, Door: true, Helper: who, Former: who, Dispatched: who,
		Promise: start, Claimed: start, Started: start, Completed: start, Closed: start, Stars: 5, Skipped: 99,
		Note: entry.Words(said("note", remarked)), Rating: entry.Words(said("text", remarked)),
		Fields: map[string]float64{"budget": 99999, "copies": 99, "pages": 99},
	}
	for range keptHead + keptTail {
		r = r.note(Event{By: who, At: start}, "complete", "")
	}
	s := suggestion{Reply: &reply{By: who, At: start, Outcome: "declined", Words: entry.Words(said("text", 500))}}
	m := emergency{Status: "resolved", Category: "突发疾病", Resolver: who, Note: entry.Words(said("note", remarked))}
	m.Above, m.Times, m.Calling, m.Called = true, 400, true, start
	for range 400 {
		m.Opened = append(m.Opened, responder{who, start, ""})
		m = m.callAgain(Event{At: start, Words: entry.Words(said("text", 200))}, emergencyFacts{Category: "突发疾病"})
		m = m.callAgain(Event{At: start, Words: entry.Words(said("text", 500))}, emergencyFacts{Category: "突发疾病"})
		m = m.callAgain(Event{At: start}, emergencyFacts{Category: "突发疾病"})
		m.Responders = append(m.Responders, responder{who, start, ""})
	}
	for name, shown := range map[string]any{"request": r.shown(), "suggestion": s.shown(), "emergency": m.shown()} {
		if n := len(asJSON(shown)); n > 2048 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
}

func TestWordsThatACardKeepsCarryNothingElse(t *testing.T) {
	stuffed := func(field string) string {
		return fmt.Sprintf(`{%q:"好","more":%q}`, field, strings.Repeat("x", 2000))
	}
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	b.must("p3", "claim", ``, ``)
	b.refused(fault.TooLarge, "p3", "complete", ``, stuffed("note"))
	b.refused(fault.TooLarge, "p1", "cancel", ``, stuffed("reason"))
	b.must("p3", "complete", ``, said("note", remarked))
	b.refused(fault.TooLarge, "p1", "reopen", ``, stuffed("reason"))
	b.refused(fault.TooLarge, "p1", "rate", `{"stars":5}`, stuffed("text"))
	s := newTable(t, "suggestion")
	s.must("p1", "post", ``, `{"text":"开门"}`)
	s.refused(fault.TooLarge, "p0", "reply", ``, stuffed("text"))
	j := newTable(t, "signup")
	j.must("p1", "post", `{"options":1}`, `{"title":"鸡蛋","options":["甲"]}`)
	j.refused(fault.TooLarge, "p1", "join", `{"option":0,"quantity":1}`, stuffed("note"))
}

func TestSignupTellsHowMuchIsLeft(t *testing.T) {
	b := newTable(t, "signup")
	b.must("p1", "post", `{"options":2,"stock":[3,0]}`, `{"title":"鸡蛋","options":["甲","乙"]}`)
	b.must("p1", "join", `{"option":0,"quantity":2}`, ``)
	if f := b.refused(fault.OutOfStock, "p3", "join", `{"option":0,"quantity":2}`, ``); f.With["left"] != 1 {
		t.Errorf("%v", f.With)
	}
	b.must("p3", "join", `{"option":1,"quantity":99}`, ``)
	b.must("p2", "join", `{"option":0,"quantity":3}`, ``) // the household's own two count as free
}

func TestHouseholdIsTheActorsWhateverTheClientSays(t *testing.T) {
	for _, c := range []struct{ kind, post, words, act, with, lie string }{
		{"notice", `{"confirm":true}`, `{"title":"停水"}`, "confirm", `{"for":"h2"}`, "h2"},
		{"signup", `{"options":1}`, `{"title":"鸡蛋","options":["甲"]}`, "join", `{"for":"h2","option":0,"quantity":1}`, "h2"},
		{"suggestion", ``, `{"text":"开门"}`, "support", `{"for":"h2"}`, "h2"},
		{"poll", `{"options":2}`, `{"title":"开门","options":["是","否"]}`, "vote", `{"for":"h2","option":0}`, "h2"},
	} {
		b := newTable(t, c.kind)
		b.must("p0", "post", c.post, c.words)
		facts, err := b.ask("p1", c.act, c.with, ``)
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		if !strings.Contains(string(facts), `"for":"h1"`) {
			t.Errorf("%s: %s", c.kind, facts)
		}
	}
}

func TestEmergencyConcernsTheOwnersFromTheFirstMoment(t *testing.T) {
	b := newTable(t, "emergency")
	b.must("p1", "post", `{"door":true}`, ``)
	if who := b.card.Concerns(Event{Room: street{}}); !slices.Equal(who, []id.Person{"p0"}) {
		t.Errorf("%v", who)
	}
	if whose, ok := b.card.(Contact).MayContact(b.viewer("p0")); !ok || whose != "p1" {
		t.Errorf("the owner reaches %q", whose)
	}
	for _, p := range []id.Person{"p2", "p3", "p4", "stranger"} {
		if _, ok := b.card.(Contact).MayContact(b.viewer(p)); ok {
			t.Errorf("%s reaches the caller without having answered", p)
		}
	}
}

func TestReadersOfACardDoNotChangeIt(t *testing.T) {
	for _, name := range Names() {
		b := newTable(t, name)
		busy(b)
		before := string(b.card.Facts())
		var readers sync.WaitGroup // under -race, a reader that writes is found here
		for range 2 {
			readers.Go(func() {
				_, _ = b.card.Shown(), b.card.Facts()
				for p := range doors {
					_ = asJSON(b.card.Own(b.viewer(p)))
				}
			})
		}
		readers.Wait()
		if got := string(b.card.Facts()); got != before {
			t.Errorf("%s: %s, before %s", name, got, before)
		}
	}
}

// busy does to a card what can be done to it, in several orders.
func busy(b *table) {
	_ = b.do("p1", "post", everything, anything)
	_ = b.do("p0", "post", everything, anything)
	for range 3 {
		for _, act := range b.kind.Acts {
			for _, p := range []id.Person{"p3", "p0", "p1", "p2"} {
				if act != "post" {
					_ = b.do(p, act, everything, anything)
				}
			}
		}
	}
}

const (
	everything = `{"options":2,"option":1,"quantity":2,"stock":[3,3],"template":"买药","stars":4,"person":"p3","confirm":true,"pin":true,
		"category":"火情","per":"household","door":true,"parts":[{}]}`
	anything = `{"text":"文","title":"题","body":"文","options":["甲","乙"],"reason":"因","note":"记","parts":[{}]}`
)

func TestFilesAreKeptToTheEndOfTheirDay(t *testing.T) {
	at := time.Date(2026, 2, 27, 23, 59, 0, 0, Zone).UnixMilli()
	k := Keep{Files: 2, Media: 30}
	for name, c := range map[string]struct {
		kind   string
		pinned bool
		want   time.Time
	}{
		"a document": {"file", false, time.Date(2026, 3, 2, 0, 0, 0, 0, Zone)}, "a picture": {"picture", false, time.Date(2026, 3, 30, 0, 0, 0, 0, Zone)},
		"a voice": {"voice", false, time.Date(2026, 3, 30, 0, 0, 0, 0, Zone)},
	} {
		if got := k.Until(c.kind, at, c.pinned); got != c.want.UnixMilli() {
			t.Errorf("%s: %s", name, time.UnixMilli(got).In(Zone))
		}
		if k.Past(c.kind, at, false, c.want.UnixMilli()-1) || !k.Past(c.kind, at, false, c.want.UnixMilli()) {
			t.Errorf("%s goes at another moment", name)
		}
		if k.Until(c.kind, at, true) != 0 || k.Past(c.kind, at, true, at*2) || (Keep{}).Until(c.kind, at, false) != 0 || (Keep{}).Past(c.kind, at, false, at*2) {
			t.Errorf("%s: pinned or without a rule, it goes", name)
		}
	}
}
