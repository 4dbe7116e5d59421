package kind

import (
	"slices"
	"strings"
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
)

// Who asked nudges once a day, and nobody else does; whoever is to act is rung once.
func TestWhoAskedNudgesOnceADay(t *testing.T) {
	for _, name := range []string{"request", "suggestion"} {
		b := newTable(t, name)
		b.must("p1", "post", `{"template":"买药"}`, `{"text":"楼道灯坏了"}`)
		for _, p := range []id.Person{"p0", "p3", id.Server} {
			b.refused(fault.Forbidden, p, "nudge", ``, ``)
		}
		b.must("p1", "nudge", ``, ``)
		first := b.now
		b.now += BetweenNudges.Milliseconds() - 1
		f := b.refused(fault.Quota, "p1", "nudge", ``, ``)
		if f.With["field"] != "nudge" || f.With["until"] != first+BetweenNudges.Milliseconds() {
			t.Errorf("%s: %v", name, f.With)
		}
		b.now++
		b.must("p1", "nudge", ``, ``)
	}
}

func TestANudgeRingsWhoeverIsToAct(t *testing.T) {
	rung := func(b *table, by id.Person) (who []id.Person) {
		t.Helper()
		for _, r := range b.card.(Ringing).Rings("nudge", Event{Post: b.post, By: by, At: b.now, Room: street{}}) {
			if r.All || r.Loud || r.Text || r.Says == "" {
				t.Errorf("%+v", r)
			}
			for _, p := range r.To {
				if slices.Contains(who, p) {
					t.Errorf("%s is rung twice", p)
				}
				who = append(who, p)
			}
		}
		return who
	}
	r := newTable(t, "request")
	r.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	all := street{}.Owners()
	for _, badge := range helping {
		all = append(all, street{}.Badged(badge)...)
	}
	slices.Sort(all)
	if got := slices.Sorted(slices.Values(rung(r, "p1"))); !slices.Equal(got, slices.Compact(all)) {
		t.Errorf("open: %v, not %v", got, all)
	}
	r.must("p3", "claim", ``, ``)
	r.must("p1", "nudge", ``, ``)
	if got := rung(r, "p1"); !slices.Equal(got, []id.Person{"p3"}) {
		t.Errorf("taken on: %v", got)
	}
	r.must("p3", "complete", ``, ``)
	r.now += BetweenNudges.Milliseconds()
	r.refused(fault.Closed, "p1", "nudge", ``, ``) // now it waits for who asked
	r.must("p1", "confirm", ``, ``)
	r.refused(fault.Closed, "p1", "nudge", ``, ``)

	s := newTable(t, "suggestion")
	s.must("p1", "post", ``, `{"text":"楼道灯坏了"}`)
	if got := rung(s, "p1"); !slices.Equal(got, street{}.Owners()) {
		t.Errorf("suggestion: %v", got)
	}
	s.must("p0", "reply", ``, `{"text":"看过了"}`)
	s.refused(fault.Closed, "p1", "nudge", ``, ``)
}

// Who takes it on, is given it, or finds it open again has not been nudged yet.
func TestANudgeIsOfWhoWasToActThen(t *testing.T) {
	b := newTable(t, "request")
	b.must("p1", "post", `{"template":"买药"}`, `{"text":"降压药"}`)
	for _, hands := range []struct {
		by         id.Person
		act, facts string
	}{{"p3", "claim", ``}, {"p3", "release", ``}, {"p0", "dispatch", `{"person":"p4"}`}, {"p0", "dispatch", `{"person":"p3"}`}} {
		b.must("p1", "nudge", ``, ``)
		b.now++
		b.refused(fault.Quota, "p1", "nudge", ``, ``)
		b.must(hands.by, hands.act, hands.facts, ``)
		if shown := asJSON(b.card.Shown()); strings.Contains(shown, "nudged") {
			t.Errorf("%s: %s", hands.act, shown)
		}
		b.now++
	}
	b.must("p1", "nudge", ``, ``)
	b.must("p3", "start", ``, ``) // the same hands
	b.refused(fault.Quota, "p1", "nudge", ``, ``)
}
