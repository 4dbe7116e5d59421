package kind

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// FuzzKinds lets anybody do anything to a card of every kind, sane or not, and holds what must always hold: nothing panics,
// a refusal is a fault, what is kept is what is read back, words decide nothing, and the promises of the kind are kept.
func FuzzKinds(f *testing.F) {
	f.Add(byte(3), []byte{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8})
	for seed := range uint64(48) { // long walks, six of each kind
		random := rand.New(rand.NewPCG(seed, 1))
		steps := make([]byte, 3*150)
		for i := range steps {
			steps[i] = byte(random.Uint32())
		}
		f.Add(byte(seed), steps)
	}
	f.Fuzz(func(t *testing.T, pick byte, steps []byte) {
		names := Names()
		b := newTable(t, names[int(pick)%len(names)])
		mute := newTable(t, b.kind.Name) // the same, with all words forgotten
		for ; len(steps) >= 3; steps = steps[3:] {
			act := b.kind.Acts[int(steps[0])%len(b.kind.Acts)]
			if b.seq == 0 {
				act = "post"
			} else if act == "post" {
				continue
			}
			by := []id.Person{"p0", "p1", "p2", "p3", "p4", "stranger", id.Server}[int(steps[1])%7]
			b.now += int64(steps[2]) * 3_600_000 / 4
			before := string(b.card.Facts())
			words := entry.Words(randomWords(steps[2]))
			facts, err := b.ask(by, act, randomFacts(steps[2], b.now), string(words))
			if got := string(b.card.Facts()); got != before {
				t.Fatalf("asking for %s changed the card: %s, before %s", act, got, before)
			}
			if err != nil {
				if fault.Of(err) == nil {
					t.Fatalf("%s: %v is no fault", act, err)
				}
				continue
			}
			mute.now = b.now
			b.take(by, act, facts, words)
			mute.take(by, act, facts, nil)
			if got := string(b.card.Facts()); got == before && act != "post" && b.kind.Name != "signup" && b.kind.Name != "poll" {
				t.Fatalf("%s was allowed and changed nothing: %s", act, got)
			}
			holds(t, b, mute)
		}
	})
}

// randomFacts are facts for any act, some of them out of bounds.
func randomFacts(n byte, now int64) string {
	if n%31 == 30 {
		return []string{``, `null`, `{}`, `[]`, `{"option":"a"}`, `{"for":"h2"}`}[n%6]
	}
	return asJSON(map[string]any{
		"options": 1 + n%3, "option": int(n%4) - 1, "quantity": n % 7, "stock": [][]int{{3}, {3, 3}, {3, 0, 5}}[n%3], "limit": n % 5,
		"closes": now + int64(n)*3_600_000, "until": now + int64(n)*3_600_000, "promise": now + 1, "due": now + int64(n%9), "by": now + 5,
		"template": templates[int(n)%len(templates)], "stars": n % 7, "person": fmt.Sprintf("p%d", n%6), "open": n%2 == 0,
		"confirm": n%4 != 0, "pin": n%2 == 0, "importance": "urgent", "category": categories[int(n)%len(categories)], "door": true,
		"per": []string{"household", "person"}[n%2], "outcome": outcomes[int(n)%len(outcomes)], "for": "h3", "of": 99,
		"name":  []string{"thanks", "winner"}[n%2],
		"parts": [][]Part{{{}}, {{}, {Kind: "poll", Room: "r2", Seq: 9}}, {{}, {Kind: "text"}, {Kind: "gossip"}}}[n%3],
	})
}

func randomWords(n byte) string {
	if n%29 == 28 {
		return []string{``, `null`, `{}`, `{"text":5}`, `{"options":"甲"}`}[n%5]
	}
	options := []string{`["甲"]`, `["甲","乙"]`, `["甲","乙","丙"]`}[n%3]
	parts := []string{`[{}]`, `[{},{"by":"甲"}]`, `[{},{},{"text":"丙"}]`}[n%3]
	return fmt.Sprintf(`{"text":"文","title":"题","body":"文","options":%s,"reason":"因","note":"记%d","parts":%s}`, options, n, parts)
}

func holds(t *testing.T, b, mute *table) {
	t.Helper()
	facts := b.card.Facts()
	loaded := b.kind.Load(facts)
	if got := string(loaded.Facts()); got != string(facts) {
		t.Fatalf("kept %s, read back %s", facts, got)
	}
	if got, want := asJSON(loaded.Shown()), asJSON(b.card.Shown()); got != want {
		t.Fatalf("shown %s, read back %s", want, got)
	} else if len(got) > 2048 {
		t.Fatalf("a state of %d bytes", len(got))
	}
	if got, want := wordless(asJSON(mute.card.Shown())), wordless(asJSON(b.card.Shown())); got != want {
		t.Fatalf("with words %s, without %s", want, got)
	}
	if got, want := wordless(string(mute.card.Facts())), wordless(string(facts)); got != want {
		t.Fatalf("with words %s, without %s", want, got)
	}
	for p := range doors {
		v := b.viewer(p)
		if whose, ok := b.card.(Contact).MayContact(v); ok && (whose == "" || whose == p || p != b.post.By && whose != b.post.By) {
			t.Fatalf("%s may reach %q", p, whose)
		}
		_ = asJSON(b.card.Own(v))
	}
	if at, act := b.card.(Deadline).Due(); at != 0 {
		server := Actor{Person: id.Server, Server: true}
		if _, err := b.card.Act(act, Ask{By: server, Now: at, Room: street{}, Post: b.post}, nil, nil); err != nil {
			t.Fatalf("%s is due at %d and refused: %v", act, at, err)
		}
	}
	promises(t, b, facts)
}

// promises are what each kind vouches for, whatever happened.
func promises(t *testing.T, b *table, facts json.RawMessage) {
	t.Helper()
	switch b.kind.Name {
	case "request":
		s := stateAs[request](facts)
		under := s.Status == claimed || s.Status == doing || s.Status == done || s.Status == closed || s.Status == rated
		switch {
		case under != (s.Helper != "") && s.Status != cancelled:
			t.Fatalf("%s with helper %q", s.Status, s.Helper)
		case s.Helper == b.post.By:
			t.Fatal("somebody helps themselves")
		case (s.Stars != 0) != (s.Status == rated):
			t.Fatalf("%s with %d stars", s.Status, s.Stars)
		case s.over() != (s.Closed != 0):
			t.Fatalf("%s, ended %d", s.Status, s.Closed)
		}
	case "notice":
		if s := stateAs[notice](facts); len(s.Homes) > s.Of || !s.Confirm && len(s.Homes)+len(s.People) > 0 {
			t.Fatalf("%d of %d confirmed", len(s.Homes), s.Of)
		}
	case "signup":
		s := stateAs[signup](facts)
		sum, all := 0, 0
		for _, r := range s.Rows {
			all += r.Quantity
		}
		for i, n := range s.totals() {
			sum += n
			if i < len(s.Stock) && s.Stock[i] != 0 && n > s.Stock[i] {
				t.Fatalf("%d of %d sold", n, s.Stock[i])
			}
		}
		if sum != all || len(s.Rows) > (street{}).Premises() {
			t.Fatalf("totals %d, rows %d", sum, all)
		}
		for home, r := range s.Rows {
			if doors[r.By] != home || s.Limit != 0 && r.Quantity > s.Limit {
				t.Fatalf("%s has %+v", home, r)
			}
		}
	case "emergency":
		s := stateAs[emergency](facts)
		seen := map[id.Person]bool{}
		for _, r := range s.Responders {
			if seen[r.By] || r.By == b.post.By {
				t.Fatalf("%s answered twice, or themselves", r.By)
			}
			seen[r.By] = true
		}
		if s.Status == raised && len(s.Responders) > 0 || s.Status == acknowledged && len(s.Responders) == 0 {
			t.Fatalf("%s with %d answers", s.Status, len(s.Responders))
		}
	case "suggestion":
		for home, p := range stateAs[suggestion](facts).Support {
			if doors[p] != home || home == b.post.For && home != "" {
				t.Fatalf("%s supports for %s", p, home)
			}
		}
	case "forward":
		files, cards := 0, 0
		for _, p := range stateAs[forward](facts).Parts {
			files += p.Files
			if p.Room != "" {
				cards++
			}
		}
		if s := stateAs[forward](facts); len(s.Parts) == 0 && b.seq > 0 || files != len(s.Files) || files+cards > mostBrought {
			t.Fatalf("%s", facts)
		}
	case "poll":
		s := stateAs[poll](facts)
		for key, v := range s.Ballots {
			if v.Option < 0 || v.Option >= s.Options || key != string(v.By) && key != string(doors[v.By]) {
				t.Fatalf("%s has the ballot %+v", key, v)
			}
		}
	}
}

func stateAs[S any](facts json.RawMessage) (s S) {
	if err := json.Unmarshal(facts, &s); err != nil {
		panic(err)
	}
	return s
}

// wordless is a state without what words may leave in it.
func wordless(state string) string {
	var v any
	if json.Unmarshal([]byte(state), &v) != nil {
		return state
	}
	return asJSON(strip(v))
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch k {
			case "note", "rating", "reason", "words":
				delete(v, k)
			default:
				v[k] = strip(x)
			}
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}
