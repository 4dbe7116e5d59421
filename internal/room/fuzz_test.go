package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
)

// FuzzRoom runs random commands of random people against a room, sane and insane ones, and holds what must always hold.
func FuzzRoom(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte{9, 0, 0, 9, 1, 0, 17, 33, 1, 80, 2, 2, 90, 3, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s, log := New("r1"), []entry.Entry(nil)
		take := func(e entry.Entry) {
			s.Apply(int64(len(log)), &e)
			log = append(log, e)
		}
		take(entry.Entry{Kind: "room.open", By: id.Server, Facts: json.RawMessage(`{"name":"和园","community":"c1"}`)})
		for i := range 5 {
			take(entry.Entry{Kind: "room.premises", By: id.Server, Facts: json.RawMessage(fmt.Sprintf(
				`{"add":[{"id":"h%d","label":"1-1-10%d","kind":"%s"}]}`, i, i, []string{"home", "shop"}[i%2]))})
			take(entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(fmt.Sprintf(
				`{"who":[{"person":"p%d","premises":"h%d","rev":1}],"quiet":true}`, i, i/2))})
		}
		n := map[id.Person]int{}
		for ; len(steps) >= 3; steps = steps[3:] {
			who := id.Person(fmt.Sprintf("p%d", steps[1]%6)) // p5 is a stranger
			n[who]++
			c := randomCommand(steps[0], steps[2], s.Seq())
			c.ID = fmt.Sprintf("d%s.%d", who, n[who])
			by := entry.Actor{Person: who, Device: id.Device("d" + who)}
			if who == "p0" {
				by.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
			}
			entries, err := s.Decide(by, &c, int64(len(log)))
			if err != nil && fault.Of(err) == nil {
				t.Fatalf("%s: %v is no fault", c.Act, err)
			}
			for _, e := range entries {
				take(e)
			}
			if _, err := s.Decide(by, &c, int64(len(log))); len(entries) > 0 {
				var done *Done
				if d, ok := err.(*Done); !ok {
					t.Fatalf("%s sent again: %v", c.Act, err)
				} else if done = d; done.Seq != s.Seq() {
					t.Fatalf("%s sent again: answer %d, was %d", c.Act, done.Seq, s.Seq())
				}
			}
		}
		holdsTogether(t, s, log)
	})
}

// randomCommand picks an act of any kind, or of the room, and facts that may or may not fit it.
func randomCommand(pick, detail byte, head Seq) entry.Command {
	var acts []string
	for _, name := range kind.Names() {
		for _, act := range kind.Of(name).Acts {
			acts = append(acts, name+"."+act)
		}
	}
	acts = append(acts, "member.remove")
	for act := range ownActs {
		acts = append(acts, act)
	}
	slices.Sort(acts)
	c := entry.Command{
		Act:   acts[int(pick)%len(acts)],
		Re:    Seq(detail) % (head + 2),
		Words: json.RawMessage(`{"text":"你好","title":"题","body":"文","options":["甲","乙"],"reason":"因","note":"记"}`),
	}
	c.With, _ = json.Marshal(map[string]any{
		"options": 2, "option": int(detail % 3), "quantity": int(detail%4) + 1, "stock": []int{3, 3}, "template": "买药", "stars": int(detail % 7),
		"person": fmt.Sprintf("p%d", detail%6), "until": int64(detail) * 10, "face": Faces[int(detail)%len(Faces)], "on": detail%2 == 0,
		"confirm": true, "pin": detail%3 == 0, "importance": "normal", "category": "其他", "per": "household",
	})
	if kind := c.Act[len(c.Act)-5:]; kind == ".post" {
		c.Re = 0
	}
	return c
}

// holdsTogether checks a room against its own log: a replay is the same, and everything that is counted can be counted again.
func holdsTogether(t *testing.T, s *State, log []entry.Entry) {
	t.Helper()
	again := New("r1")
	for i := range log {
		again.Apply(int64(i), &log[i])
	}
	if got, want := marshalState(again), marshalState(s); got != want {
		t.Fatalf("a replay differs:\n%s\n%s", got, want)
	}
	b, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	restored, err := Restore("r1", b)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Tally() != s.Tally() {
		t.Fatalf("coverage %+v, counted again %+v", s.Tally(), restored.Tally())
	}
	lanes := map[kind.Lane]uint64{}
	for _, item := range s.hand {
		if item.Lane != "" {
			lanes[item.Lane]++
		}
		if item.Pinned == item.Retracted && item.Retracted {
			t.Fatalf("item %d is pinned and taken back", item.Seq)
		}
	}
	for lane, n := range lanes {
		if s.Lane(lane) != n {
			t.Fatalf("lane %s: %d, counted again %d", lane, s.Lane(lane), n)
		}
	}
}
