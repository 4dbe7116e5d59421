package office

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

func TestCommandSentAgainIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	w := newTown(1)
	by := entry.Actor{Person: "p0", Device: "d1", Grants: w.state.GrantsOf("p0")}
	c := entry.Command{ID: "d1.1", Act: "room.open", With: json.RawMessage(`{"id":"r1","name":"和园","community":"c1"}`)}
	entries, err := w.state.Decide(by, &c, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer := w.state.Seq() + 1
	w.state.Apply(answer, 1, &entries[0])
	var done *Done
	if _, err := w.state.Decide(by, &c, 2); !errors.As(err, &done) || done.Seq != answer {
		t.Errorf("again: %v, want done at %d", err, answer)
	}
	by.Device = "d2"
	if _, err := w.state.Decide(by, &c, 2); !fault.Is(err, fault.Invalid) {
		t.Errorf("under another device: %v", err)
	}
}

func TestRoomOpenedOverManyDoorsComesInSeveralEntries(t *testing.T) {
	t.Parallel()
	w := newTown(1)
	server := entry.Actor{Person: id.Server}
	const doors = 2*MaxBatch + 100
	for from := 0; from < doors; from += 100 {
		var homes []any
		for i := from; i < from+100; i++ {
			homes = append(homes, map[string]any{"id": fmt.Sprintf("h%d", i), "kind": "home", "community": "c1", "compound": "和园", "building": "1号楼", "door": fmt.Sprint(i)})
		}
		if err := w.do(server, "places.put", map[string]any{"premises": homes}, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := len(w.log)
	by := entry.Actor{Person: "p0", Device: "d", Grants: w.state.GrantsOf("p0")}
	if err := w.do(by, "room.open", map[string]any{"id": "r1", "name": "和园", "community": "c1"}, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(w.log) - before; n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if tally := w.state.TallyOf("r1"); tally.Homes != doors {
		t.Errorf("%d homes in the room, want %d", tally.Homes, doors)
	}
	for i := before; i < len(w.log); i++ {
		if last := i == len(w.log)-1; last != (w.log[i].e.ID != "") {
			t.Errorf("entry %d has the id %q", i, w.log[i].e.ID)
		}
	}
	checkFolds(t, w.state, w.log)
}

func TestDoorsAndBuildingsAreListedInWalkingOrder(t *testing.T) {
	t.Parallel()
	want := []string{"1号楼", "2号楼", "３号楼", "四号楼", "10号楼", "十一号楼", "二十号楼", "二十一号楼", "101号楼", "A座", "b座", "东楼"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int {
		if natural(a) < natural(b) {
			return -1
		}
		return 1
	})
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestLabelsSayTheDoorWithoutTheCompound(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]Premises{
		"3-2-501": {Kind: Home, Compound: "和园", Building: "3号楼", Entrance: "2单元", Door: "501室"},
		"A-1203":  {Kind: Home, Building: "Ａ座", Door: "1203"},
		"东-101":   {Kind: Home, Building: "东楼", Door: "101"},
		"老王粮油":    {Kind: Shop, Compound: "和园", Name: "老王粮油", Door: "临街3号"},
	} {
		if got := h.Label(); got != want {
			t.Errorf("%+v is called %q, want %q", h, got, want)
		}
	}
}

// Before a policy named what it changed, each entry said all of one: a room with such a one has it whole, until it follows the office again.
func TestAnOldPolicyIsARoomsOwnWhole(t *testing.T) {
	t.Parallel()
	w := newTown(1)
	w.do(entry.Actor{Person: id.Server}, "places.put", map[string]any{"rooms": []any{w.room()}}, nil)
	r := w.state.Rooms()[0].ID
	old := func(room id.Room, facts string) map[id.Room][]entry.Entry {
		e := entry.Entry{Kind: "policy.set", By: "p0", Facts: json.RawMessage(strings.Replace(facts, "{", `{"room":"`+string(room)+`",`, 1))}
		w.state.Apply(w.state.Seq()+1, 1, &e)
		return Effects(w.state.Seq(), &e)
	}
	told := old(r, `{"history":"none","reserved":["chat"],"rooms":["`+string(r)+`"]}`)[r]
	if len(told) != 1 || string(told[0].Facts) != `{"reserved":["chat"]}` {
		t.Errorf("the room is told %v", told)
	}
	old("", `{"history":"all","auto_green":true,"no_stickers":true}`)
	if p := w.state.Policy(r); p.History != "none" || p.AutoGreen || p.NoStickers || !slices.Equal(p.Reserved, []string{"chat"}) {
		t.Errorf("%+v", p)
	}
	if own := w.state.OwnPolicy(r); !slices.Equal(own, Settings) {
		t.Errorf("its own: %v", own)
	}
	if err := w.do(entry.Actor{Person: id.Server}, "policy.set", map[string]any{"room": r, "follows": []string{"auto_green"}}, nil); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(checkpointOf(t, w.state))
	if err != nil {
		t.Fatal(err)
	}
	if p := again.Policy(r); p.History != "none" || !p.AutoGreen || p.NoStickers {
		t.Errorf("%+v", p)
	}
}

func TestUnknownAndBrokenEntriesAreCountedAndLeftAlone(t *testing.T) {
	t.Parallel()
	w := newTown(5)
	for range 200 {
		_ = w.step()
	}
	before := checkpointOf(t, w.state)
	seq := w.state.Seq()
	w.state.Apply(seq+1, 1, &entry.Entry{Kind: "weather.changed", By: "p1", Facts: json.RawMessage(`{"rain":true}`)})
	for kind := range acts {
		for _, facts := range []string{``, `null`, `[]`, `"x"`, `{"people":7,"premises":"x","grants":{},"application":[],"of":{},"room":1,"person":1,"name":1,"history":1,"version":"x","link":1,"id":1}`} {
			seq = w.state.Seq()
			w.state.Apply(seq, 1, &entry.Entry{Kind: kind, By: "p1", Facts: json.RawMessage(facts)})
			Effects(seq, &entry.Entry{Kind: kind, By: "p1", Facts: json.RawMessage(facts)})
		}
	}
	after, err := Restore(checkpointOf(t, w.state))
	if err != nil {
		t.Fatal(err)
	}
	after.core.Seq--
	if after.Whole() {
		t.Error("it takes itself to have understood all")
	}
	after.core.Strange = false
	if got := checkpointOf(t, after); string(got) != string(before) {
		t.Errorf("the state is\n%s\nnot\n%s", got, before)
	}
}

func TestOwnersAndApplicantLearnOfEachStep(t *testing.T) {
	t.Parallel()
	w := newTown(1)
	server := entry.Actor{Person: id.Server}
	if err := w.do(server, "room.open", map[string]any{"id": "r1", "name": "和园", "community": "c1"}, nil); err != nil {
		t.Fatal(err)
	}
	by := server
	step := func(act, with, words string) []Change {
		c := entry.Command{Act: act, With: json.RawMessage(with), Words: json.RawMessage(words)}
		entries, err := w.state.Decide(by, &c, 0)
		if err != nil {
			t.Fatal(act, err)
		}
		return w.state.Apply(w.state.Seq()+1, 0, &entries[0])
	}
	form := `"relation":"other","category":"物业","light":"green"}`
	if c := step("application.submit", `{"application":"a1","person":"p1","room":"r1",`+form, ""); len(c) != 1 || c[0].Status != Pending || c[0].Place != 1 || c[0].Pending != 1 || c[0].Person != "p1" || c[0].Room != "r1" || c[0].Community != "c1" {
		t.Errorf("submitted: %+v", c)
	}
	if c := step("application.ask", `{"application":"a1"}`, `{"text":"几号?"}`); len(c) != 1 || c[0].Status != Asked || c[0].Pending != 0 || string(c[0].Text) != `{"text":"几号?"}` {
		t.Errorf("asked: %+v", c)
	}
	step("application.amend", `{"application":"a1",`+form, "")
	by = entry.Actor{Person: "p9", Device: "d", Grants: []entry.Grant{{Role: entry.Admin}}}
	a1, _ := w.state.Application("a1")
	c := step("application.approve", fmt.Sprintf(`{"application":"a1","category":"物业","version":%d}`, a1.Version), "")
	by = server
	if len(c) != 2 || c[0].What != Admission || c[0].Status != Approved || c[0].Pending != 0 || c[1].What != Who || c[1].Person != "p1" {
		t.Errorf("approved: %+v", c)
	}
	c = step("role.grant", `{"grants":[{"person":"p1","role":"owner","room":"r1"}]}`, "")
	if len(c) != 1 || c[0].What != Role || !c[0].Gained || c[0].Role != entry.Owner || c[0].Room != "r1" {
		t.Errorf("granted: %+v", c)
	}
	c = step("role.revoke", `{"person":"p1","role":"owner","room":"r1"}`, "")
	if len(c) != 1 || c[0].What != Role || c[0].Gained || c[0].Person != "p1" {
		t.Errorf("revoked: %+v", c)
	}
}

func TestEachRoleReadsItsOwnLevelAlone(t *testing.T) {
	t.Parallel()
	w := newTown(1)
	server := entry.Actor{Person: id.Server}
	for _, r := range []string{`{"id":"r1","name":"和园","community":"c1"}`, `{"id":"r2","name":"河畔","community":"c2"}`} {
		var with map[string]any
		_ = json.Unmarshal([]byte(r), &with)
		if err := w.do(server, "room.open", with, nil); err != nil {
			t.Fatal(err)
		}
	}
	grant := func(g map[string]any) {
		if err := w.do(server, "role.grant", map[string]any{"grants": []any{g}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	grant(map[string]any{"person": "owner", "role": "owner", "room": "r1"})
	grant(map[string]any{"person": "secretary", "role": "secretary", "community": "c1"})
	grant(map[string]any{"person": "assessor", "role": "assessor"})
	for _, c := range []struct {
		who       id.Person
		community id.Community
		room      id.Room
		reads     bool
		admits    bool
	}{
		{"p0", "", "", true, false}, {"p0", "", "r2", true, true},
		{"assessor", "", "", true, false}, {"assessor", "", "r2", true, false},
		{"secretary", "", "", false, false}, {"secretary", "c1", "", true, false}, {"secretary", "c2", "", false, false},
		{"secretary", "", "r1", true, true}, {"secretary", "", "r2", false, false}, {"secretary", "c1", "r2", false, false},
		{"owner", "c1", "", false, false}, {"owner", "", "r1", true, true}, {"owner", "", "r2", false, false},
		{"nobody", "", "r1", false, false}, {"nobody", "", "", false, false},
	} {
		if got := w.state.MayRead(c.who, c.community, c.room); got != c.reads {
			t.Errorf("%s reads %q %q: %v", c.who, c.community, c.room, got)
		}
		if got := c.room != "" && w.state.MayAdmit(c.who, c.room); got != c.admits {
			t.Errorf("%s admits to %q: %v", c.who, c.room, got)
		}
	}
	if staff := w.state.Staff("c1", ""); len(staff) != 2 || staff[0].Person != "secretary" || staff[1].Person != "owner" {
		t.Errorf("the community's staff are %v", staff)
	}
	if staff := w.state.Staff("", ""); len(staff) != 4 || staff[0].Person != "p0" {
		t.Errorf("the office's staff are %v", staff)
	}
}

func TestDecisionsAndLooksKeepTheLatest(t *testing.T) {
	t.Parallel()
	s := New()
	s.core.Rooms["r1"] = &Room{ID: "r1", Name: "和园"}
	apply := func(at int64, kind, facts string) {
		s.Apply(s.Seq()+1, at, &entry.Entry{Kind: kind, By: "p0", Facts: json.RawMessage(facts)})
	}
	for i := range keptDecisions + 20 {
		at := int64(i) * 3_600_000
		apply(at, "application.submit", fmt.Sprintf(`{"application":"a%d","person":"p1","room":"r1"}`, i))
		apply(at+120_000, "application.reject", fmt.Sprintf(`{"application":"a%d"}`, i))
		apply(at, "look", fmt.Sprintf(`{"by":"p%d","of":"p1","reason":"x"}`, i%3))
	}
	all := s.Decisions("r1", 0)
	if len(all) != keptDecisions || all[0].Application != id.Application(fmt.Sprintf("a%d", keptDecisions+19)) {
		t.Errorf("%d decisions, the newest %v", len(all), all[0])
	}
	if wait, ok := s.MedianWait("r1"); !ok || wait != 2 {
		t.Errorf("median wait %d %v", wait, ok)
	}
	if n := len(s.Looks("p1", 0)); n != keptLooks {
		t.Errorf("%d looks", n)
	}
	if n := len(s.Applications(Filter{Person: "p1"})); n != 1 {
		t.Errorf("%d applications of the person are kept, want the latest", n)
	}
	checkInvariants(t, s)
}

// What was asked, and why not, is about the applicant: it goes with the application, from a checkpoint of before too.
func TestWhatWasSaidOfAnApplicationGoesWithIt(t *testing.T) {
	t.Parallel()
	s := New()
	s.core.Rooms["r1"] = &Room{ID: "r1", Name: "和园"}
	apply := func(kind, facts, words string) {
		s.Apply(s.Seq()+1, 1, &entry.Entry{Kind: kind, By: "p0", Facts: json.RawMessage(facts), Words: entry.Words(words)})
	}
	said := func(s *State) (list []string) {
		for _, d := range s.Decisions("r1", 0) {
			list = append(list, string(d.Words))
		}
		return list
	}
	apply("application.submit", `{"application":"a1","person":"p1","room":"r1"}`, `{"note":"…"}`)
	apply("application.reject", `{"application":"a1"}`, `{"reason":"查无此人"}`)
	apply("application.submit", `{"application":"a2","person":"p2","room":"r1"}`, "")
	apply("application.ask", `{"application":"a2"}`, `{"text":"您是哪一户？"}`)
	if got := said(s); !slices.Equal(got, []string{`{"text":"您是哪一户？"}`, `{"reason":"查无此人"}`}) {
		t.Errorf("said: %v", got)
	}
	before := checkpointOf(t, s)
	apply("application.submit", `{"application":"a3","person":"p1","room":"r1"}`, "")
	apply("application.withdraw", `{"application":"a2"}`, "")
	if got := said(s); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("said still: %v", got)
	}
	old := bytes.Replace(before, []byte(`"status":"asked"`), []byte(`"status":"withdrawn"`), 1)
	again, err := Restore(old)
	if err != nil {
		t.Fatal(err)
	}
	if got := said(again); !slices.Equal(got, []string{"", `{"reason":"查无此人"}`}) {
		t.Errorf("of a checkpoint: %v", got)
	}
}

// A page that reads itself again is no other look; whom it did not show before, for another reason, or a minute later, is.
func TestALookIsOnRecordOnceAMinute(t *testing.T) {
	t.Parallel()
	s, now := New(), int64(1_000_000)
	look := func(of []id.Person, reason string) (people, error) {
		c := entry.Command{Act: "look", With: marshal(lookFacts{By: "p9", Of: of, Reason: reason})}
		entries, err := s.Decide(entry.Actor{Person: id.Server}, &c, now)
		if err != nil {
			return nil, err
		}
		s.Apply(s.Seq()+1, now, &entries[0])
		f, _ := read[lookFacts](&entries[0])
		return f.Of, nil
	}
	for _, c := range []struct {
		of, on []id.Person
		reason string
		after  time.Duration
	}{
		{of: []id.Person{"p1", "p2"}, on: []id.Person{"p1", "p2"}, reason: "admission"},
		{of: []id.Person{"p1", "p2"}, reason: "admission", after: atOnce - time.Millisecond},
		{of: []id.Person{"p1", "p3"}, on: []id.Person{"p3"}, reason: "admission"},
		{of: []id.Person{"p1"}, on: []id.Person{"p1"}, reason: "members"},
		{of: []id.Person{"p1", "p3"}, on: []id.Person{"p1"}, reason: "admission", after: time.Millisecond},
	} {
		now += c.after.Milliseconds()
		on, err := look(c.of, c.reason)
		if !slices.Equal(on, c.on) || (err == nil) != (c.on != nil) || err != nil && !fault.Is(err, fault.Unchanged) {
			t.Errorf("%+v: %v, %v", c, on, err)
		}
	}
}

// district is the office at the size it is made for.
func district(tb testing.TB) *State {
	s := New()
	do := func(kind string, facts any) {
		by := entry.Actor{Person: id.Server}
		c := entry.Command{Act: kind, With: marshal(facts)}
		entries, err := s.Decide(by, &c, 0)
		if err != nil {
			tb.Fatal(err)
		}
		for i := range entries {
			s.Apply(s.Seq()+1, 0, &entries[i])
		}
	}
	f := placesFacts{Communities: []Community{{ID: "c1", Name: "湖心社区"}}}
	for r := range 80 {
		f.Rooms = append(f.Rooms, Room{ID: id.Room(fmt.Sprintf("r%d", r)), Name: fmt.Sprintf("院%d", r), Community: "c1"})
	}
	do("places.put", f)
	for r := range 80 {
		var f placesFacts
		var people admitFacts
		for n := range 200 {
			h := id.Premises(fmt.Sprintf("h%d-%d", r, n))
			f.Premises = append(f.Premises, placed{Premises: Premises{
				ID: h, Kind: Home, Community: "c1", Compound: fmt.Sprintf("院%d", r), Building: fmt.Sprintf("%d号楼", n/50+1),
				Entrance: fmt.Sprintf("%d单元", n/25%2+1), Door: fmt.Sprint(101 + n%25), Page: fmt.Sprintf("g%d", n/50),
			}})
			people.People = append(people.People, newcomer{Person: id.Person(fmt.Sprintf("p%d-%d", r, n)), Room: id.Room(fmt.Sprintf("r%d", r)), Premises: h, Badge: "业主"})
		}
		do("places.put", f)
		do("person.admit", people)
	}
	return s
}

func BenchmarkCheckpointOfTheDistrict(b *testing.B) {
	s := district(b)
	for b.Loop() {
		kept, err := s.Checkpoint()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(kept)))
	}
}

func BenchmarkRestoreOfTheDistrict(b *testing.B) {
	kept, err := district(b).Checkpoint()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Restore(kept); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImportOfTheDistrict(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		district(b)
	}
}
