package office

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// checkFolds holds for every log: its replay, its fold without words and the way through a checkpoint end in the same state.
func checkFolds(t *testing.T, s *State, log []logged) {
	t.Helper()
	checkInvariants(t, s)
	kept := checkpointOf(t, s)
	restored, err := Restore(kept)
	if err != nil {
		t.Fatal(err)
	}
	if again := checkpointOf(t, restored); string(again) != string(kept) {
		t.Errorf("restored, it says\n%s\nnot\n%s", again, kept)
	}
	checkDerived(t, s, restored)

	replayed, silent := New(), New()
	for i, l := range log {
		e := l.e
		replayed.Apply(entry.Seq(i+1), l.at, &e)
		e.Words = nil
		silent.Apply(entry.Seq(i+1), l.at, &e)
		if i == len(log)/2 {
			if replayed, err = Restore(checkpointOf(t, replayed)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if again := checkpointOf(t, replayed); string(again) != string(kept) {
		t.Errorf("replayed, it says\n%s\nnot\n%s", again, kept)
	}
	for _, a := range restored.core.Applications {
		a.Note, a.Text = nil, nil
	}
	for _, list := range restored.core.Decisions {
		for i := range list {
			list[i].Words = nil
		}
	}
	for _, list := range restored.core.Removals {
		for i := range list {
			list[i].Reason = nil
		}
	}
	for r := range restored.core.Telephones {
		restored.core.Telephones[r] = nil
	}
	for _, c := range restored.core.Charters {
		c.Words = nil
	}
	if a, b := checkpointOf(t, silent), checkpointOf(t, restored); string(a) != string(b) {
		t.Errorf("without words, it says\n%s\nnot\n%s", a, b)
	}
}

func checkpointOf(t *testing.T, s *State) []byte {
	t.Helper()
	b, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func checkDerived(t *testing.T, a, b *State) {
	t.Helper()
	for name, pair := range map[string][2]any{
		"within": {a.within, b.within}, "behind": {a.behind, b.behind}, "posts": {a.posts, b.posts}, "queue": {a.queue, b.queue},
		"mine": {a.mine, b.mine}, "looked": {a.looked, b.looked}, "links": {a.links, b.links}, "tally": {a.tally, b.tally},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v is derived, %v was kept up", name, pair[1], pair[0])
		}
	}
}

// checkInvariants counts again, in the simplest way, what the state keeps count of.
func checkInvariants(t *testing.T, s *State) {
	t.Helper()
	seen := map[id.Premises]id.Room{}
	for r, list := range s.within {
		var tally Tally
		for _, h := range list {
			if other, twice := seen[h.ID]; twice || h.Room != r {
				t.Errorf("%s is in %q and in %q, and says %q", h.ID, r, other, h.Room)
			}
			seen[h.ID] = r
			if h.Kind == Shop {
				tally.Shops++
			} else {
				tally.Homes++
			}
		}
		if s.tally[r] != tally {
			t.Errorf("%s has %v, and says %v", r, tally, s.tally[r])
		}
	}
	if len(seen) != len(s.core.Premises) {
		t.Errorf("%d premises are somewhere, %d in the roster", len(seen), len(s.core.Premises))
	}
	behind := map[id.Premises]map[id.Person]bool{}
	for p, who := range s.core.People {
		for i, b := range who.Bindings {
			if slices.ContainsFunc(who.Bindings[:i], func(x Binding) bool { return x.Room == b.Room && x.Premises == b.Premises }) {
				t.Errorf("%s is bound to %s in %s twice", p, b.Premises, b.Room)
			}
			if b.Premises != "" {
				if behind[b.Premises] == nil {
					behind[b.Premises] = map[id.Person]bool{}
				}
				behind[b.Premises][p] = true
			}
		}
		for _, g := range who.Grants {
			if !slices.Contains(s.posts[g], p) {
				t.Errorf("%s holds %v and is not found by it", p, g)
			}
		}
	}
	for h, people := range behind {
		if len(s.behind[h]) != len(people) {
			t.Errorf("behind %s are %v, and it says %v", h, people, s.behind[h])
		}
	}
	if len(behind) != len(s.behind) {
		t.Errorf("%d premises have somebody behind them, %d say so", len(behind), len(s.behind))
	}
	open := map[[2]string]bool{}
	for _, a := range s.core.Applications {
		key := [2]string{string(a.Person), string(a.Room)}
		if a.Open() && open[key] {
			t.Errorf("%s has two open applications for %s", a.Person, a.Room)
		}
		open[key] = open[key] || a.Open()
		if queued := slices.Contains(s.queue[a.Room], a); queued != a.Open() {
			t.Errorf("%s is %s, and in the queue: %v", a.ID, a.Status, queued)
		}
	}
}

// town makes random commands of a small district, right and wrong ones.
type town struct {
	random *rand.Rand
	state  *State
	log    []logged
	rooms  map[id.Room]map[id.Person]bool // members, as the effects make them
	rules  map[id.Room]roomRules          // as the effects make them
	n      uint64
}

func newTown(seed uint64) *town {
	w := &town{random: rand.New(rand.NewPCG(seed, 7)), state: New(), rooms: map[id.Room]map[id.Person]bool{}, rules: map[id.Room]roomRules{}}
	w.do(entry.Actor{Person: id.Server}, "office.found", map[string]any{"name": "办事处", "person": "p0"}, nil)
	w.do(entry.Actor{Person: id.Server}, "places.put", map[string]any{"communities": []any{
		map[string]any{"id": "c1", "name": "一社区"}, map[string]any{"id": "c2", "name": "二社区"},
	}}, nil)
	return w
}

func (w *town) pick(prefix string, n int) string {
	return fmt.Sprintf("%s%d", prefix, w.random.IntN(n))
}

func (w *town) one(of ...string) string { return of[w.random.IntN(len(of))] }

func (w *town) premises() map[string]any {
	n := w.random.IntN(24)
	h := map[string]any{
		"id": fmt.Sprintf("h%d", n), "kind": "home", "community": fmt.Sprintf("c%d", n%2+1), "compound": "和园",
		"building": fmt.Sprintf("%d号楼", n%4+1), "entrance": "1单元", "door": fmt.Sprint(100 + n), "page": w.one("", "g1"),
	}
	if n%5 == 1 {
		h["hand"] = true
	}
	if n%6 == 0 {
		h["kind"], h["name"], h["building"] = "shop", "小店", ""
	}
	return h
}

func (w *town) room() map[string]any {
	n := w.random.IntN(8)
	r := map[string]any{"id": fmt.Sprintf("r%d", n), "community": fmt.Sprintf("c%d", n%2+1), "name": fmt.Sprintf("和园%d号楼", n/2+1)}
	if n >= 6 {
		r["name"] = "和园"
	}
	return r
}

// approve decides on an application as it stands, now and then on one as it stood.
func (w *town) approve(by entry.Actor, name id.Application) error {
	facts := map[string]any{"application": name}
	if a, ok := w.state.Application(name); ok && w.random.IntN(9) > 0 {
		facts["version"] = a.Version
		if w.random.IntN(3) == 0 {
			facts["category"] = w.one("业主", "物业", "志愿者")
		}
	}
	return w.do(by, "application.approve", facts, nil)
}

// policy says something, or no more, of how a room or all of them are run.
func (w *town) policy(by entry.Actor, room string) error {
	yes, facts := w.n%2 == 0, map[string]any{}
	if w.n%3 > 0 {
		facts["room"] = room
	}
	switch w.n % 5 {
	case 0:
		facts["history"] = map[bool]string{true: "all", false: "none"}[yes]
	case 1:
		facts["no_stickers"], facts["auto_green"] = yes, !yes
	case 2:
		facts["reserved"] = []string{"chat", "request"}[w.n%2:]
	case 3:
		facts["reserved"] = []string{}
	default:
		facts["follows"] = []Setting{Settings[w.n%4], Settings[w.n%7%4]}
	}
	return w.do(by, "policy.set", facts, nil)
}

// step tries one random command by a random person with the roles held.
func (w *town) step() error {
	by := entry.Actor{Person: id.Person(w.pick("p", 9)), Device: "d"}
	if w.random.IntN(3) == 0 {
		by.Person = "p0"
	}
	by.Grants = w.state.GrantsOf(by.Person)
	person, room, premises := w.pick("p", 9), w.pick("r", 8), w.pick("h", 24)
	words := json.RawMessage(`{"text":"…","reason":"…"}`)
	form := map[string]any{
		"application": w.pick("a", 60), "person": by.Person, "room": room, "relation": w.one("owner", "tenant", "other"),
		"category": w.one("业主", "物业"), "light": w.one("green", "red"), "charter": w.random.IntN(2),
	}
	if w.random.IntN(2) == 0 {
		form["premises"] = premises
	}
	if v, _ := w.state.Charter(id.Room(room)); w.random.IntN(9) > 0 {
		form["charter"] = v
	}
	if w.random.IntN(3) == 0 {
		form["record"] = w.pick("n", 9)
	}
	if w.random.IntN(5) == 0 {
		form["for"], form["category"] = ForBadge, "志愿者"
	}
	if slip := id.Slip(w.pick("s", 40)); w.random.IntN(4) == 0 {
		form["slip"], form["phone"] = slip, w.random.IntN(2) == 0
		if x, ok := w.state.Slip(slip); ok {
			form["premises"] = x.Premises
			if h, ok := w.state.Premises(x.Premises); ok {
				form["room"] = h.Room
			}
		}
	}
	if w.n%97 == 0 {
		l := entry.Limit{Claims: 1 + int(w.n)%9, Contacts: 1 + int(w.n)%7}
		_ = w.do(by, "limits.set", map[string]any{"residents": l, "volunteers": l}, nil)
		_ = w.do(by, "telephone.set", map[string]any{"room": w.one("", room)}, json.RawMessage(fmt.Sprintf(`{"phone":"%d"}`, 110+w.n%9)))
		_ = w.do(by, "telephone.set", map[string]any{"room": w.one("", room), "off": true}, nil)
		_ = w.do(by, "second.set", map[string]any{"from": w.n % 3}, nil)
		_ = w.do(by, "code.reset", map[string]any{"person": person}, nil)
	}
	if w.n%11 == 0 {
		_ = w.policy(by, room)
	}
	switch w.random.IntN(37) {
	case 22:
		if who := w.state.core.People[id.Person(person)]; who != nil && len(who.Bindings) > 0 {
			room = string(who.Bindings[0].Room)
		}
		by.Grants = append(by.Grants, entry.Grant{Role: entry.Owner, Room: id.Room(room)})
		return w.do(by, "badge.set", map[string]any{"person": person, "room": room, "badge": w.one("", "志愿者", "业主")}, nil)
	case 31:
		if who := w.state.core.People[id.Person(person)]; who != nil && len(who.Bindings) > 0 {
			by.Person, room = id.Person(person), string(who.Bindings[0].Room)
		}
		return w.do(by, "person.left", map[string]any{"room": room}, nil)
	case 23:
		if h, ok := w.state.Premises(id.Premises(premises)); ok {
			room = string(h.Room)
		}
		if w.state.core.Slips[id.Premises(premises)] != nil && w.random.IntN(2) == 0 {
			return w.do(by, "slip.end", map[string]any{"room": room, "premises": []string{premises}}, nil)
		}
		return w.do(by, "slip.make", map[string]any{"room": room, "slips": []any{map[string]any{"slip": w.pick("s", 40), "premises": premises}}}, nil)
	case 24:
		return w.do(by, "application.withdraw", map[string]any{"application": form["application"]}, nil)
	case 25, 26, 27, 28:
		p := appointment{Person: id.Person(person), Role: entry.Role(w.one("owner", "deputy")), Room: id.Room(room)}
		if waiting := sortedKeys(w.state.core.Offers); len(waiting) > 0 { // one that is waiting, mostly
			other := waiting[0]
			if offers := w.state.core.Offers[other]; w.random.IntN(3) > 0 && len(offers) > 0 {
				p = appointment{Person: other, Role: offers[0].Role, Room: offers[0].Room, Community: offers[0].Community}
				by.Person = other
			}
		}
		act := w.one("post.offer", "post.accept", "post.accept", "post.decline", "post.withdraw")
		if act == "post.offer" || act == "post.withdraw" {
			by = entry.Actor{Person: "p0", Device: "d", Grants: w.state.GrantsOf("p0")}
		}
		return w.do(by, act, map[string]any{"person": p.Person, "role": p.Role, "room": p.Room, "community": p.Community}, nil)
	case 29, 30:
		with := map[string]any{"person": person, "room": room}
		if w.random.IntN(4) == 0 {
			with = map[string]any{"person": person, "community": w.one("c1", "c2")}
		}
		if w.random.IntN(2) == 0 {
			for _, p := range sortedKeys(w.state.core.Removals) {
				x := w.state.core.Removals[p][0]
				with = map[string]any{"person": p, "room": x.Room, "community": x.Community}
			}
			return w.do(by, "person.restored", with, nil)
		}
		if w.random.IntN(4) > 0 {
			with["until"] = int64(w.n+1)*60_000 + int64(w.random.IntN(20))*60_000 + 1
		}
		return w.do(by, "person.removed", with, words)
	case 0, 1, 2:
		var homes []any
		for range w.random.IntN(6) + 1 {
			homes = append(homes, w.premises())
		}
		return w.do(by, "places.put", map[string]any{"premises": homes}, nil)
	case 3:
		return w.do(by, "places.put", map[string]any{"rooms": []any{w.room()}, "premises": []any{w.premises()}}, nil)
	case 4:
		return w.do(by, "room.open", w.room(), nil)
	case 5:
		if w.random.IntN(2) == 0 {
			return w.do(by, "doors.withdraw", map[string]any{"premises": []any{premises}}, nil)
		}
		return w.do(by, "places.remove", map[string]any{"premises": []any{premises, w.pick("h", 24)}}, nil)
	case 6:
		return w.do(by, "person.admit", map[string]any{"people": []any{map[string]any{
			"person": person, "room": room, "premises": w.one("", premises), "badge": "业主", "role": w.one("", "", "owner", "deputy"),
		}}}, nil)
	case 7, 8:
		g := map[string]any{"person": person, "role": w.one("owner", "deputy"), "room": room}
		if w.random.IntN(3) == 0 {
			g = map[string]any{"person": person, "role": "secretary", "community": w.one("c1", "c2")}
		}
		if w.random.IntN(8) == 0 {
			g = map[string]any{"person": person, "role": "admin"}
		}
		if w.random.IntN(2) == 0 {
			return w.do(by, "role.revoke", g, nil)
		}
		return w.do(by, "role.grant", map[string]any{"grants": []any{g}}, nil)
	case 9, 10, 11, 12:
		return w.do(by, "application.submit", form, words)
	case 13:
		return w.do(by, "application.amend", form, words)
	case 14:
		return w.do(by, "application.ask", form, words)
	case 15, 16, 17:
		return w.approve(by, id.Application(form["application"].(string)))
	case 18:
		return w.do(by, "application.reject", form, words)
	case 19:
		if w.random.IntN(2) == 0 {
			if h, ok := w.state.Premises(id.Premises(premises)); ok {
				room = string(h.Room)
			}
			return w.do(by, "person.bind", map[string]any{"person": person, "room": room, "premises": premises, "relation": "owner"}, nil)
		}
		if who := w.state.core.People[id.Person(person)]; who != nil && len(who.Bindings) > 0 && w.random.IntN(2) == 0 {
			room, premises = string(who.Bindings[0].Room), string(who.Bindings[0].Premises)
		}
		return w.do(by, "person.moved", map[string]any{"person": person, "room": w.one("", room), "premises": w.one("", premises)}, nil)
	case 20:
		if w.random.IntN(2) == 0 {
			return w.do(by, "person.renamed", map[string]any{"person": person}, nil)
		}
		if w.random.IntN(3) == 0 {
			return w.do(by, "charter.set", map[string]any{"room": w.one("", room)}, words)
		}
		return w.do(by, "charter.accept", map[string]any{"room": room, "version": form["charter"]}, nil)
	default:
		if w.random.IntN(2) == 0 {
			return w.do(by, w.one("link.make", "link.end"), map[string]any{"link": w.pick("l", 9), "room": room}, nil)
		}
		switch w.random.IntN(3) {
		case 0:
			return w.do(by, "code.first", map[string]any{"people": person}, nil)
		case 1:
			return w.do(entry.Actor{Person: id.Server}, "person.arrived", map[string]any{"person": person}, nil)
		}
		if owners := w.state.Owners(id.Room(room)); len(owners) > 0 && w.random.IntN(2) == 0 {
			by.Person, by.Grants = owners[0], w.state.GrantsOf(owners[0])
			for _, p := range sortedKeys(w.state.core.People) {
				if who := w.state.core.People[p]; who.inside(id.Room(room)) && len(who.Grants) == 0 {
					person = string(p)
				}
			}
			return w.do(by, "code.issue", map[string]any{"person": person, "room": room}, nil)
		}
		return w.do(by, w.one("look", "code.issue"), map[string]any{"of": []string{person, "p1"}, "person": person, "reason": "members", "room": w.one("", room)}, nil)
	}
}

func (w *town) do(by entry.Actor, act string, with map[string]any, words entry.Words) error {
	w.n++
	c := entry.Command{Act: act, With: marshal(with), Words: words}
	if by.Device != "" {
		c.ID = fmt.Sprintf("%s.%d", by.Device, w.n)
	}
	now := int64(w.n) * 60_000
	entries, err := w.state.Decide(by, &c, now)
	if err != nil {
		return err
	}
	for i := range entries {
		seq := w.state.Seq() + 1
		w.state.Apply(seq, now, &entries[i])
		w.log = append(w.log, logged{now, entries[i]})
		w.follow(Effects(seq, &entries[i]))
	}
	return nil
}

// follow keeps the members of rooms, as rooms do.
func (w *town) follow(effects map[id.Room][]entry.Entry) {
	for r, list := range effects {
		if w.rooms[r] == nil {
			w.rooms[r] = map[id.Person]bool{}
		}
		for _, e := range list {
			switch e.Kind {
			case "room.rules":
				w.rules[r], _ = read[roomRules](&e)
			case "member.join":
				join, _ := read[memberJoin](&e)
				for _, n := range join.Who {
					w.rooms[r][n.Person] = true
				}
			case "member.removed":
				gone, _ := read[memberRemoved](&e)
				delete(w.rooms[r], gone.Person)
			case "member.drop":
				drop, _ := read[memberDrop](&e)
				for _, l := range drop.Who {
					if l.Badge == "" {
						delete(w.rooms[r], l.Person)
					}
				}
			}
		}
	}
}

// roomsFollow checks that the effects alone keep in each room exactly those whom the office binds to it, and what may be posted there.
func (w *town) roomsFollow(t *testing.T) {
	t.Helper()
	want := map[id.Room]map[id.Person]bool{}
	for p, who := range w.state.core.People {
		for _, r := range who.rooms() {
			if want[r] == nil {
				want[r] = map[id.Person]bool{}
			}
			want[r][p] = true
		}
	}
	for r := range w.state.core.Rooms {
		if !reflect.DeepEqual(want[r], w.rooms[r]) && len(want[r])+len(w.rooms[r]) > 0 {
			t.Errorf("room %s has %v, the office binds %v", r, w.rooms[r], want[r])
		}
		p, told := w.state.Policy(r), w.rules[r]
		if p.NoStickers != (len(told.Without) > 0) || !slices.Equal(p.Reserved, told.Reserved) {
			t.Errorf("room %s was told %+v, the office says %+v", r, told, p)
		}
	}
}

func TestRandomCommandsKeepTheOfficeWhole(t *testing.T) {
	t.Parallel()
	happened := map[string]int{}
	for seed := range uint64(40) {
		w := newTown(seed)
		for range 900 {
			if err := w.step(); err != nil && fault.Of(err) == nil {
				t.Fatal(err)
			}
		}
		for _, l := range w.log {
			happened[l.e.Kind]++
		}
		w.roomsFollow(t)
		checkFolds(t, w.state, w.log)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for kind := range acts {
		if happened[kind] == 0 {
			t.Errorf("%s never happened", kind)
		}
	}
}

func TestDecidingChangesNothing(t *testing.T) {
	t.Parallel()
	w := newTown(3)
	for range 300 {
		_ = w.step()
	}
	before := checkpointOf(t, w.state)
	for _, l := range w.log {
		c := entry.Command{Act: l.e.Kind, With: l.e.Facts, Words: l.e.Words}
		_, _ = w.state.Decide(entry.Actor{Person: id.Server}, &c, 1)
	}
	if string(checkpointOf(t, w.state)) != string(before) {
		t.Error("the state is another one")
	}
}

func FuzzOffice(f *testing.F) {
	f.Add(uint64(1), "places.put", []byte(`{"rooms":[{"id":"r1","name":"x"}],"premises":[{"id":"h1","room":"r1","was":"r2","behind":[{"person":"p1"}]}]}`))
	f.Add(uint64(2), "application.approve", []byte(`{"application":"a1","room":"r1","person":"p3","rev":2}`))
	f.Add(uint64(3), "person.admit", []byte(`{"people":[{"person":"p1","room":"r1","role":"owner"}]}`))
	f.Add(uint64(4), "look", []byte(`{"of":["p1","p1"],"reason":"x"}`))
	f.Add(uint64(5), "application.submit", []byte(`{"application":"a1","person":"p3","room":"r1"}`))
	f.Add(uint64(6), "role.grant", []byte(`{"grants":[{"person":"p1","role":"x"},{"person":""}]}`))
	f.Fuzz(func(t *testing.T, seed uint64, kind string, facts []byte) {
		w := newTown(seed)
		for range 30 {
			_ = w.step()
		}
		c := entry.Command{Act: kind, With: facts, Words: json.RawMessage(`{"text":"x"}`)}
		for _, by := range []entry.Actor{{Person: id.Server}, {Person: "p0", Grants: w.state.GrantsOf("p0")}, {Person: "p1"}} {
			_, _ = w.state.Decide(by, &c, 1)
		}
		e := entry.Entry{Kind: kind, By: "p1", ID: "d.99", Facts: facts}
		at := int64(w.n+1) * 60_000
		Effects(w.state.Seq()+1, &e)
		w.state.Apply(w.state.Seq()+1, at, &e)
		w.log = append(w.log, logged{at, e})
		checkFolds(t, w.state, w.log)
	})
}

func TestEntriesInAnyOrderKeepTheStateWhole(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		w := newTown(seed)
		for range 300 {
			_ = w.step()
		}
		log := append(slices.Clone(w.log), w.log...)
		w.random.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
		s := New()
		for i, l := range log {
			s.Apply(entry.Seq(i+1), l.at, &l.e)
		}
		if checkFolds(t, s, log); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
