package room

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
)

// A story is rules, documentation and test at once; what it can say is in story.line. Stories of kinds lie with the kinds.
func TestStories(t *testing.T) {
	var files []string
	for _, pattern := range []string{"testdata/*.txt", "../kind/testdata/*/*.txt"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 5 {
		t.Fatalf("only %d stories found", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.ReplaceAll(file, "../kind/testdata/", ""), ".txt"), func(t *testing.T) {
			t.Parallel()
			tellStory(t, file)
		})
	}
}

// story is a room in which a story happens.
type story struct {
	t      *testing.T
	room   *State
	now    time.Time
	n      map[string]uint64 // of each person's device
	grants map[string][]entry.Grant
	log    []logged
}

// usual is how much one person may take on in a story.
var usual = entry.Limits{Residents: entry.Limit{Claims: 5, Contacts: 20}, Volunteers: entry.Limit{Claims: 20, Contacts: 100}}

type logged struct {
	at int64
	e  entry.Entry
}

func tellStory(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &story{
		t: t, room: New("r1"), now: time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC),
		n: map[string]uint64{}, grants: map[string][]entry.Grant{},
	}
	s.append(entry.Entry{Kind: "room.open", By: id.Server, Facts: json.RawMessage(`{"name":"和园3号楼","community":"c1"}`)})
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := s.line(text); err != nil {
			t.Fatalf("%s:%d: %s\n%v", filepath.Base(file), number, text, err)
		}
	}
	s.replay()
}

func (s *story) append(e entry.Entry) Change {
	s.log = append(s.log, logged{s.now.UnixMilli(), e})
	return s.room.Apply(s.now.UnixMilli(), &e)
}

// base is what entries the setup takes, so that a story's own numbers start at 1.
func (s *story) base() Seq {
	n := Seq(0)
	for _, l := range s.log {
		if l.e.ID == "" && l.e.Re == 0 {
			n++
		}
	}
	return n
}

func (s *story) line(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "member", "volunteer", "owner", "deputy":
		return s.enter(word, rest)
	case "above": // an office role above the room, of somebody who is not in it
		who := strings.Fields(rest)
		g := entry.Grant{Role: entry.Role(who[1])}
		if g.Role == entry.Secretary {
			if g.Community = "c1"; len(who) > 2 {
				g.Community = id.Community(who[2])
			}
		}
		s.grants[who[0]] = []entry.Grant{g}
		return nil
	case "gone": // left, or moved out: the office says so. It takes a number
		s.append(entry.Entry{Kind: "member.drop", By: id.Server, ID: fmt.Sprintf("doffice.%d", len(s.log)), Facts: marshal(dropFacts{Who: []loss{{Person: id.Person(rest)}}})})
		return nil
	case "door": // a premises nobody is behind yet
		return s.door(rest)
	case "at":
		at, err := time.Parse("15:04", rest)
		if err != nil {
			return err
		}
		s.now = time.Date(2026, 3, 6, at.Hour(), at.Minute(), 0, 0, time.UTC)
		return nil
	case "wait":
		d, err := time.ParseDuration(rest)
		s.now = s.now.Add(d)
		if err != nil {
			return err
		}
		return s.deadlines()
	case "as":
		who, what, _ := strings.Cut(rest, " ")
		return s.as(who, strings.TrimSpace(what))
	}
	return fmt.Errorf("a story cannot say %q", word)
}

func (s *story) enter(role, rest string) error {
	fields := strings.Fields(rest)
	n := Newcomer{Person: id.Person(fields[0]), Badge: "业主", Rev: 1}
	if role == "volunteer" {
		n.Badge = "志愿者"
	} else if role != "member" {
		n.Role, n.Badge = entry.Role(role), "群主"
		s.grants[fields[0]] = []entry.Grant{{Role: entry.Role(role), Room: "r1"}}
	}
	if len(fields) > 1 {
		if err := s.door(fields[1]); err != nil {
			return err
		}
		n.Premises = id.Premises(fields[1])
	}
	s.append(entry.Entry{Kind: "member.join", By: id.Server, Facts: marshal(joinFacts{Who: []Newcomer{n}, Quiet: true})})
	return nil
}

func (s *story) door(label string) error {
	if _, ok := s.room.Door(id.Premises(label)); ok {
		return nil
	}
	kind := "home"
	if !strings.Contains(label, "-") {
		kind = "shop"
	}
	s.append(entry.Entry{Kind: "room.premises", By: id.Server, Facts: marshal(map[string]any{
		"add": []map[string]string{{"id": label, "label": label, "kind": kind}},
	})})
	return nil
}

// as runs one line of somebody: a command and what comes of it, or what they see.
func (s *story) as(who, what string) error {
	what, want, _ := strings.Cut(what, "->")
	what, want = strings.TrimSpace(what), strings.TrimSpace(want)
	verb, rest, _ := strings.Cut(what, " ")
	switch verb {
	case "sees", "own":
		return s.look(who, verb, rest, want)
	}
	c, err := s.command(who, verb, rest)
	if err != nil {
		return err
	}
	by := entry.Actor{Person: id.Person(who), Device: id.Device("d" + who), Grants: s.grants[who]}
	m := s.room.Member(id.Person(who))
	by.Limit = usual.For(m != nil && kind.Helps(m.Badge))
	before := marshalState(s.room)
	entries, err := s.room.Decide(by, &c, s.now.UnixMilli())
	if after := marshalState(s.room); after != before {
		return fmt.Errorf("deciding changed the state")
	}
	if err != nil {
		f := fault.Of(err)
		if f == nil {
			return fmt.Errorf("not a fault: %w", err)
		}
		if got := "refused: " + string(f.Code); got != want {
			return fmt.Errorf("%s (%s)", got, f.Reason)
		}
		return nil
	}
	base := s.base()
	for _, e := range entries {
		s.append(e)
	}
	if got := fmt.Sprint(uint64(s.room.Seq() - base)); got != want && want != "ok" && want != "" {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

// command reads "claim 1 {facts} {words}", "post request {facts} {words}", "item.react 1 {facts}", "member.mute {facts} {words}".
func (s *story) command(who, verb, rest string) (entry.Command, error) {
	s.n[who]++
	c := entry.Command{ID: fmt.Sprintf("d%s.%d", who, s.n[who]), Act: verb}
	if verb == "post" {
		kind, after, _ := strings.Cut(rest, " ")
		c.Act, rest = kind+".post", after
	}
	first, after, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if n, err := strconv.ParseUint(first, 10, 64); err == nil {
		c.Re, rest = s.base()+Seq(n), after
	}
	if !strings.Contains(c.Act, ".") {
		if item := s.room.Held(c.Re); item != nil {
			c.Act = item.Kind + "." + c.Act
		} else {
			c.Act = "text." + c.Act
		}
	}
	d := json.NewDecoder(strings.NewReader(rest))
	if d.More() {
		if err := d.Decode(&c.With); err != nil {
			return c, err
		}
	}
	if d.More() {
		if err := d.Decode(&c.Words); err != nil {
			return c, err
		}
	}
	return c, nil
}

// look compares what is wanted with the item's state or the person's own part, as a subset.
func (s *story) look(who, what, rest, want string) error {
	n, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 64)
	if err != nil {
		return err
	}
	item := s.room.Held(s.base() + Seq(n))
	if item == nil {
		return fmt.Errorf("there is no item %d", n)
	}
	got := map[string]any{"retracted": item.Retracted, "pinned": item.Pinned, "react": item.React, "words": item.Words}
	var shown any
	if what == "own" {
		got, shown = map[string]any{}, item.Card.Own(s.room.Viewer(id.Person(who), false, item))
	} else if item.Card != nil {
		shown = item.Card.Shown()
	}
	if what == "own" && want == "null" {
		if string(marshal(shown)) != "null" {
			return fmt.Errorf("got %s", marshal(shown))
		}
		return nil
	}
	if shown != nil {
		if err := json.Unmarshal(marshal(shown), &got); err != nil {
			return err
		}
	}
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		return fmt.Errorf("want %s: %w", want, err)
	}
	_ = json.Unmarshal(marshal(got), &got)
	for k, v := range wanted {
		if string(marshal(got[k])) != string(marshal(v)) {
			return fmt.Errorf("%s is %s; all of it: %s", k, marshal(got[k]), marshal(got))
		}
	}
	return nil
}

// deadlines lets the server do what is due.
func (s *story) deadlines() error {
	for _, c := range s.room.Overdue(s.now.UnixMilli()) {
		entries, err := s.room.Decide(entry.Actor{Person: id.Server}, &c, s.now.UnixMilli())
		if err != nil {
			return fmt.Errorf("%s was due and refused: %w", c.Act, err)
		}
		for _, e := range entries {
			s.append(e)
		}
	}
	return nil
}

// replay folds the story's log again: whole, without words, and behind a checkpoint with no item in hand. Facts must agree.
func (s *story) replay() {
	again, mute, tail := New("r1"), New("r1"), New("r1")
	for i, l := range s.log {
		again.Apply(l.at, &l.e)
		silent := l.e
		silent.Words = nil
		mute.Apply(l.at, &silent)
		if i == len(s.log)/2 {
			b, err := tail.Checkpoint()
			if err != nil {
				s.t.Fatal(err)
			}
			if tail, err = Restore("r1", b); err != nil {
				s.t.Fatal(err)
			}
		}
		tail.Apply(l.at, &l.e)
	}
	if got, want := marshalState(again), marshalState(s.room); got != want {
		s.t.Errorf("a replay differs:\n%s\n%s", got, want)
	}
	if got, want := string(marshal(mute.core)), string(marshal(s.room.core)); got != want {
		s.t.Errorf("words decided something:\n%s\n%s", got, want)
	}
	if got, want := fmt.Sprint(tail.Tally(), tail.core.Pins, tail.core.Lanes, len(tail.core.Members)),
		fmt.Sprint(s.room.Tally(), s.room.core.Pins, s.room.core.Lanes, len(s.room.core.Members)); got != want {
		s.t.Errorf("the core behind a checkpoint differs:\n%s\n%s", got, want)
	}
}

// marshalState is everything of a state: core and hand.
func marshalState(s *State) string {
	items := map[Seq]any{}
	for seq, item := range s.hand {
		header := *item
		header.Card = nil
		var facts json.RawMessage
		if item.Card != nil {
			facts = item.Card.Facts()
		}
		items[seq] = []any{header, facts}
	}
	return string(marshal(s.core)) + string(marshal(items))
}
