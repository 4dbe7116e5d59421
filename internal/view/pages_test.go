package view_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "linli/internal/engine/enginetest"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/view"
	"linli/internal/wire"
)

func seqsOf(d wire.Delivery) (seqs []entry.Seq) {
	for _, i := range d.New {
		seqs = append(seqs, i.Seq)
	}
	return seqs
}

func TestPagesOfARoom(t *testing.T) {
	t.Parallel()
	s := New(t)
	var said []entry.Seq
	for i := range 10 {
		said = append(said, s.Says(Zhang, fmt.Sprint(i)))
		s.Must(Li, "item.react", said[i], `{"face":"赞","on":true}`, "") // an entry that is no item
	}
	s.Seen()
	for _, c := range []struct {
		name  string
		span  view.Span
		want  []entry.Seq
		first bool
	}{
		{"the newest", view.Span{Limit: 3}, said[7:], false},
		{"all", view.Span{}, said, true},
		{"before one", view.Span{Before: said[4], Limit: 3}, said[1:4], false},
		{"up to the first", view.Span{Before: said[3], Limit: 3}, said[:3], true},
		{"before the first", view.Span{Before: said[0]}, nil, true},
		{"after one", view.Span{After: said[4], Limit: 3}, said[5:8], false},
		{"after what is no item", view.Span{After: said[4] + 1, Limit: 3}, said[5:8], false},
		{"after the last", view.Span{After: said[9]}, nil, false},
		{"around one", view.Span{Around: said[5], Limit: 4}, said[3:8], false},
		{"around the first", view.Span{Around: said[0], Limit: 4}, said[:3], true},
		{"too many", view.Span{Limit: view.MaxPage + 1}, said, true},
	} {
		b, err := s.View.Page(Heyuan, s.Who(Li), c.span)
		d := decode(t, b, err)
		if !slices.Equal(seqsOf(d), c.want) || d.First != c.first || d.Seq != said[9]+1 {
			t.Errorf("%s: %v, first %v, up to %d; want %v, %v", c.name, seqsOf(d), d.First, d.Seq, c.want, c.first)
		}
	}
	if b, err := s.View.Page("rnowhere", view.Who{}, view.Span{}); err != nil || len(decode(t, b, err).New) != 0 {
		t.Errorf("a room that is not there: %s, %v", b, err)
	}
	b, err := s.View.One(Heyuan, s.Who(Li), said[2])
	if d := decode(t, b, err); !slices.Equal(seqsOf(d), said[2:3]) || len(d.People) == 0 {
		t.Errorf("one: %s", b)
	}
	for _, seq := range []entry.Seq{0, said[2] + 1, 9999} {
		if _, err := s.View.One(Heyuan, s.Who(Li), seq); !fault.Is(err, fault.NotFound) {
			t.Errorf("there is an item %d: %v", seq, err)
		}
	}
	if last, err := s.View.Last(Heyuan); err != nil || !strings.Contains(string(last), fmt.Sprintf(`"seq":%d,`, said[9])) {
		t.Errorf("the last is %s, %v", last, err)
	}
}

// Unread is arithmetic: what an item is in its lane, and how far the lane had come at any seq.
func TestLanesAreCounted(t *testing.T) {
	t.Parallel()
	s := New(t)
	lanes := []string{"chat", "notice", "request"}
	counted := map[string]uint64{}
	var want []map[string]uint64
	at := []entry.Seq{}
	post := func(lane string, seq entry.Seq) {
		counted[lane]++
		item := s.Item(seq)
		if item.O[lane] != counted[lane] || len(item.O) != 1 {
			t.Errorf("item %d has %v, it is the %d. of %s", seq, item.O, counted[lane], lane)
		}
		now := map[string]uint64{}
		for l, n := range counted {
			now[l] = n
		}
		want, at = append(want, now), append(at, seq)
	}
	for range 3 {
		post("chat", s.Says(Zhang, "早"))
		post("notice", s.Must(Zhou, "notice.post", 0, `{"importance":"normal"}`, `{"title":"停水","body":"今晚"}`))
		post("request", s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"药"}`))
		call := s.Must(Zhang, "emergency.post", 0, `{}`, "")
		post("request", call)
		s.Must(Zhang, "emergency.false", call, "", "")
		s.Must(Zhou, "item.retract", s.Says(Li, "撤回"), "", "")
		counted["chat"]++ // it was said; taking it back does not turn the count back
	}
	for i, seq := range at {
		got, err := s.View.Ordinals(Heyuan, lanes, seq)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("at %d: %v, want %v, %v", seq, got, want[i], err)
		}
	}
	if got, err := s.View.Ordinals(Heyuan, lanes, at[0]-1); err != nil || len(got) != 0 {
		t.Errorf("before the first: %v, %v", got, err)
	}
	b, err := s.View.Page(Heyuan, s.Who(Li), view.Span{Lane: "request", Limit: 4})
	if d := decode(t, b, err); len(d.New) != 4 || d.First || slices.ContainsFunc(d.New, func(i wire.Item) bool { return i.O["request"] == 0 }) {
		t.Errorf("a page of one lane: %s", b)
	}
	before := s.Digest()
	s.Rebuild()
	if s.Seen(); s.Digest() != before {
		t.Error("built again the views differ")
	}
}

// Whoever comes later reads from the horizon on: pages, single items and resumes begin there. What is pinned is for everybody.
func TestHistoryHasAHorizon(t *testing.T) {
	t.Parallel()
	s := New(t)
	pinned := s.Must(Zhou, "notice.post", 0, `{"pin":true,"importance":"normal"}`, `{"title":"停水","body":"今晚"}`)
	var old, young []entry.Seq
	for range 5 {
		old = append(old, s.Says(Zhang, "之前"))
	}
	s.Wait(time.Hour)
	since := s.Now().UnixMilli()
	for range 5 {
		young = append(young, s.Says(Zhang, "之后"))
		s.Wait(time.Minute)
	}
	s.Seen()
	who := view.Who{Since: since}
	page := func(span view.Span) wire.Delivery {
		b, err := s.View.Page(Heyuan, who, span)
		return decode(t, b, err)
	}
	if d := page(view.Span{}); !slices.Equal(seqsOf(d), young) || !d.First {
		t.Errorf("the newest: %v, first %v", seqsOf(d), d.First)
	}
	for _, span := range []view.Span{{Before: young[0]}, {Before: old[2]}, {Lane: "notice"}} {
		if d := page(span); len(d.New) != 0 || !d.First {
			t.Errorf("%+v: %v, first %v", span, seqsOf(d), d.First)
		}
	}
	for _, span := range []view.Span{{After: 1, Limit: 2}, {After: old[2], Limit: 2}} {
		if d := page(span); !slices.Equal(seqsOf(d), young[:2]) {
			t.Errorf("%+v: %v", span, seqsOf(d))
		}
	}
	if d := page(view.Span{Around: old[4], Limit: 4}); !slices.Equal(seqsOf(d), young[:2]) {
		t.Errorf("around an old one: %v", seqsOf(d))
	}
	for seq, may := range map[entry.Seq]bool{old[4]: false, young[0]: true, pinned: true} {
		_, err := s.View.Sent(Heyuan, who, seq)
		if may != (err == nil) || !may && !fault.Is(err, fault.NotFound) {
			t.Errorf("item %d: %v", seq, err)
		}
	}
	s.Must(Li, "item.react", old[4], `{"face":"赞","on":true}`, "")
	s.Must(Li, "item.react", pinned, `{"face":"收到","on":true}`, "")
	s.Must(Li, "item.react", young[4], `{"face":"赞","on":true}`, "")
	s.Seen()
	b, err := s.View.Resume(Heyuan, who, young[4])
	d := decode(t, b, err)
	if len(d.Set) != 2 || d.Set[0].Seq != pinned || d.Set[1].Seq != young[4] {
		t.Errorf("a resume: %s", b)
	}
	b, err = s.View.Resume(Heyuan, who, 0)
	if d := decode(t, b, err); !slices.Equal(seqsOf(d), append([]entry.Seq{pinned}, young...)) || !d.First {
		t.Errorf("a reset: %s", b)
	}
	for at, want := range map[int64]entry.Seq{0: 1, since: young[0], since + 1: young[1], s.Now().UnixMilli(): young[4] + 1} {
		if got, err := s.View.Floor(Heyuan, at); got != want || err != nil {
			t.Errorf("the floor of %d is %d, not %d, %v", at, got, want, err)
		}
	}
}

// A reply on a page whose source is elsewhere brings who said it and its first line, and nothing of what was taken back or of what this
// reader may not see.
func TestAPageQuotesWhatItsRepliesAnswer(t *testing.T) {
	t.Parallel()
	s := New(t)
	quotes := func(who view.Who, span view.Span) []wire.Quote {
		t.Helper()
		s.Seen()
		b, err := s.View.Page(Heyuan, who, span)
		d := decode(t, b, err)
		for _, q := range d.Quotes {
			if q.By != "" && !slices.ContainsFunc(d.People, func(n wire.Name) bool { return n.ID == q.By }) {
				t.Errorf("nobody says who %s is", q.By)
			}
		}
		return d.Quotes
	}
	source := s.Must(Zhang, "text.post", 0, "", `{"text":"谁家有梯子\n六级的"}`)
	s.Wait(time.Hour)
	since := s.Now().UnixMilli()
	answer := s.Must(Li, "text.post", source, "", `{"text":"我家有"}`)
	s.Must(Wang, "text.post", answer, "", `{"text":"我家也有"}`)
	newest := view.Span{Limit: 2}
	want := wire.Quote{Seq: source, Ch: source, Kind: "text", By: Zhang, Sum: "谁家有梯子"}
	if got := quotes(view.Who{}, newest); !slices.Equal(got, []wire.Quote{want}) {
		t.Errorf("%+v", got)
	}
	if got := quotes(view.Who{}, view.Span{Limit: 3}); len(got) != 0 {
		t.Errorf("quoted beside what it quotes: %+v", got)
	}
	if got := quotes(view.Who{Since: since}, newest); !slices.Equal(got, []wire.Quote{{Seq: source, Hidden: true}}) {
		t.Errorf("from before they came: %+v", got)
	}
	s.Must(Zhou, "item.retract", source, "", "")
	if got := quotes(view.Who{}, newest); len(got) != 1 || !got[0].Retracted || got[0].Sum != "" {
		t.Errorf("taken back: %+v", got)
	}
}

// Behind nothing is the beginning, not the end; and page by page from there is all of it.
func TestPagesAfterZeroBeginAtTheBeginning(t *testing.T) {
	t.Parallel()
	s := New(t)
	var said []entry.Seq
	for range 7 {
		said = append(said, s.Says(Zhang, "早"))
	}
	s.Seen()
	var got []entry.Seq
	for after := entry.Seq(0); ; {
		b, err := s.View.Page(Heyuan, s.Who(Li), view.Span{After: after, Onward: true, Limit: 3})
		d := decode(t, b, err)
		if d.First != (after == 0) || d.From != nil || d.After != nil {
			t.Errorf("after %d: %s", after, b)
		}
		if len(d.New) == 0 {
			break
		}
		got = append(got, seqsOf(d)...)
		after = d.New[len(d.New)-1].Seq
	}
	if !slices.Equal(got, said) {
		t.Errorf("%v, said was %v", got, said)
	}
	b, err := s.View.Page(Heyuan, s.Who(Li), view.Span{Limit: 3})
	if d := decode(t, b, err); !slices.Equal(seqsOf(d), said[4:]) {
		t.Errorf("without a word about where: %s", b)
	}
}

// An answer says what it answers, also one that begins anew.
func TestAnAnswerToAResumeSaysBehindWhat(t *testing.T) {
	t.Parallel()
	s := New(t)
	held := s.Says(Zhang, "早")
	s.Says(Li, "早")
	s.Seen()
	for _, after := range []entry.Seq{0, held, held + 1, held + 100} {
		b, err := s.View.Resume(Heyuan, s.Who(Li), after)
		if d := decode(t, b, err); d.After == nil || *d.After != after || d.From != nil || d.Reset != (after == 0 || after > d.Seq) {
			t.Errorf("after %d: %s", after, b)
		}
	}
}

func TestWhoIsCalledFindsItUntilItIsTakenBack(t *testing.T) {
	t.Parallel()
	s := New(t)
	before := s.Says(Zhang, "早")
	mine := s.Must(Zhang, "text.post", 0, `{"to":["pli"]}`, `{"text":"李姐在吗"}`)
	all := s.Must(Zhou, "text.post", 0, `{"all":true}`, `{"text":"开会","why":"换届"}`)
	again := s.Must(Zhang, "text.post", 0, `{"to":["pli","pwang"]}`, `{"text":"都来"}`)
	called := func(p id.Person, after, want entry.Seq) {
		t.Helper()
		s.Seen()
		if got, err := s.View.Called(Heyuan, p, after); got != want || err != nil {
			t.Errorf("%s after %d: %d, not %d, %v", p, after, got, want, err)
		}
	}
	called(Li, 0, mine)
	called(Li, before, mine)
	called(Li, mine, all)
	called(Li, all, again)
	called(Li, again, 0)
	called(Wang, 0, all)
	called(Wang, all, again)
	called(Zhang, all, 0)
	s.Must(Zhang, "item.retract", mine, "", "")
	called(Li, 0, all)
	s.Must(Zhou, "item.retract", all, "", "")
	called(Li, 0, again)
	called(Zhang, 0, 0)
}

func liveOf(s *Street) (seqs []entry.Seq, err error) {
	err = s.View.EachLive(Heyuan, view.Who{}, func(seq entry.Seq, _, _ []byte) error {
		seqs = append(seqs, seq)
		return nil
	})
	return seqs, err
}

func TestWhatIsLiveIsListedUntilItIsOver(t *testing.T) {
	t.Parallel()
	s := New(t)
	live := func(want ...entry.Seq) {
		t.Helper()
		s.Seen()
		if got, err := liveOf(s); !slices.Equal(got, want) || err != nil {
			t.Errorf("live: %v, not %v, %v", got, want, err)
		}
	}
	s.Says(Zhang, "早")
	live()
	request := s.Must(Zhang, "request.post", 0, `{"template":"买药"}`, `{"text":"药"}`)
	poll := s.Must(Zhou, "poll.post", 0, `{"options":2}`, `{"title":"题","options":["甲","乙"]}`)
	signup := s.Must(Zhang, "signup.post", 0, `{"options":1}`, `{"title":"题","options":["甲"]}`)
	live(request, poll, signup)
	s.Must(Zhou, "poll.close", poll, "", "")
	s.Must(Zhang, "item.retract", signup, "", "")
	live(request)
	s.Must(Li, "request.claim", request, "", "")
	s.Must(Li, "request.complete", request, "", "")
	live(request)
	s.Must(Zhang, "request.confirm", request, "", "")
	live()
	s.Must(Zhang, "request.reopen", request, "", `{"reason":"没送到"}`)
	live(request)
}

func TestAFileIsUsedWhileAnItemHasIt(t *testing.T) {
	t.Parallel()
	s := New(t)
	picture := func(hash string) entry.Seq {
		return s.Must(Zhang, "picture.post", 0, fmt.Sprintf(`{"files":[{"hash":%q,"type":"image/jpeg","size":9},{"hash":"both","type":"image/jpeg","size":9}]}`, hash), "")
	}
	one, two := picture("one"), picture("two")
	uses := func(hash string, want bool) {
		t.Helper()
		s.Seen()
		if got, err := s.View.Uses(hash, func(string, int64, bool) bool { return false }); got != want || err != nil {
			t.Errorf("%s is used: %v, %v", hash, got, err)
		}
	}
	lane := func(want ...entry.Seq) {
		t.Helper()
		s.Seen()
		b, err := s.View.Page(Heyuan, s.Who(Li), view.Span{Lane: view.Files})
		if d := decode(t, b, err); !slices.Equal(seqsOf(d), want) {
			t.Errorf("with files: %v, not %v", seqsOf(d), want)
		}
	}
	uses("one", true)
	uses("on", false)
	lane(one, two)
	s.Must(Li, "item.react", one, `{"face":"赞","on":true}`, "")
	uses("one", true)
	s.Must(Zhang, "item.retract", one, "", "")
	uses("one", false)
	uses("both", true)
	lane(two)
	s.Must(Zhang, "item.retract", two, "", "")
	uses("both", false)
	lane()
}

// When all words are forgotten, everything else is as it was: who did what to which card, what is pinned, what is live, who is called.
func TestWithoutWordsTheFactsAreTheSame(t *testing.T) {
	t.Parallel()
	s := New(t)
	w := s.Walk(11)
	for range 500 {
		w.Step()
	}
	facts := func() (all []string) {
		s.Seen()
		if err := s.View.Items(Heyuan, func(b []byte) error {
			all = append(all, wordless(t, b))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		live, err := liveOf(s)
		if err != nil {
			t.Fatal(err)
		}
		called, err := s.View.Called(Heyuan, Li, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.View.Resume(Heyuan, s.Who(Li), 0)
		d := decode(t, b, err)
		return append(all, fmt.Sprint(live, called, d.Pins, len(d.Mine)))
	}
	said := func() (n int) {
		for _, d := range pages(t, s, s.Who(Li)) {
			for _, i := range d.New {
				if len(i.Words) > 0 {
					n++
				}
			}
		}
		return n
	}
	want, words := facts(), said()
	for _, p := range append([]id.Person{id.Server, Zhou, Passer}, Neighbours...) {
		if err := s.Register.Forget(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	s.Rebuild()
	got := facts()
	if len(got) != len(want) {
		t.Fatalf("%d items, were %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("without words\n%s\nwith them\n%s", got[i], want[i])
		}
	}
	if left := said(); words < 50 || left != 0 {
		t.Errorf("%d items say something still, of %d", left, words)
	}
}

// wordless is an item without the words that may be in it.
func wordless(t *testing.T, b []byte) string {
	t.Helper()
	var item any
	if err := json.Unmarshal(b, &item); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(strip(item))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, words := range []string{"words", "sum", "note", "rating", "reason"} {
			delete(v, words)
		}
		for k := range v {
			v[k] = strip(v[k])
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}
