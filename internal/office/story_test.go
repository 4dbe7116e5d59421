package office

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// A story is a file of lines:
//
//	given heyuan                                  first the lines of testdata/given/heyuan.txt
//	as 周社工  approve a1                 -> ok     a command; ok, its seq, or "refused: code"
//	as 李(owner r9)  approve a1           -> …     with these roles instead of those held
//	as 周社工  role.revoke {…} words {…}  -> …     any act by its full name
//	then place a1                        -> 1      a question to the state
//	wait 24h                                        time passes
//	then effects r3                      -> …      what the last command brings to a room
//	then stickers r3                     -> true   may they be posted there?
//
// Every command takes a minute. Whatever the story, its log must fold the same when replayed, without words and through a
// checkpoint.
type story struct {
	t      *testing.T
	state  *State
	log    []logged
	now    int64
	number uint64
	last   map[id.Room][]entry.Entry
}

type logged struct {
	at int64
	e  entry.Entry
}

func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := &story{t: t, state: New()}
			s.tell(file)
			checkFolds(t, s.state, s.log)
		})
	}
}

func (s *story) tell(file string) {
	f, err := os.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		rest, want, _ := strings.Cut(rest, " -> ")
		rest, want = strings.TrimSpace(rest), strings.TrimSpace(want)
		var got string
		switch verb {
		case "given":
			s.tell("testdata/given/" + rest + ".txt")
			continue
		case "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				s.t.Fatal(err)
			}
			s.now += d.Milliseconds()
			continue
		case "as":
			got = s.command(rest)
			if want == "ok" && !strings.HasPrefix(got, "refused") {
				continue
			}
		case "then":
			got = strings.TrimSpace(s.question(rest))
		default:
			got = "no such line"
		}
		if got != want {
			s.t.Errorf("%s:%d: %s\n got %s\nwant %s", file, n, line, got, want)
		}
	}
}

var asLine = regexp.MustCompile(`^([^\s(]+)(?:\(([^)]*)\))?\s+(\S+)\s*(.*)$`)

func (s *story) command(line string) string {
	m := asLine.FindStringSubmatch(line)
	if m == nil {
		return "cannot be read"
	}
	by := entry.Actor{Person: id.Person(m[1]), Device: "d", Grants: s.state.GrantsOf(id.Person(m[1]))}
	if m[2] != "" {
		by.Grants = grants(m[2])
	}
	s.number++
	c := s.parse(m[1], m[3], m[4])
	if by.Person != id.Server {
		c.ID = fmt.Sprintf("d.%d", s.number)
	}
	s.now += 60_000
	entries, err := s.state.Decide(by, &c, s.now)
	if err != nil {
		if f := fault.Of(err); f != nil {
			return "refused: " + string(f.Code)
		}
		return err.Error()
	}
	s.last = map[id.Room][]entry.Entry{}
	for i := range entries {
		seq := s.state.Seq() + 1
		s.state.Apply(seq, s.now, &entries[i])
		s.log = append(s.log, logged{s.now, entries[i]})
		for r, list := range Effects(seq, &entries[i]) {
			s.last[r] = append(s.last[r], list...)
		}
	}
	return fmt.Sprint(s.state.Seq())
}

func grants(text string) (list []entry.Grant) {
	for _, one := range strings.Split(text, ",") {
		words := strings.Fields(one)
		g := entry.Grant{Role: entry.Role(words[0])}
		if len(words) > 1 && strings.HasPrefix(words[1], "c") {
			g.Community = id.Community(words[1])
		} else if len(words) > 1 {
			g.Room = id.Room(words[1])
		}
		list = append(list, g)
	}
	return list
}

// parse knows the short ways to say what is said often.
func (s *story) parse(who, act, rest string) entry.Command {
	rest, words, _ := strings.Cut(rest, " words ")
	c := entry.Command{Act: act, With: json.RawMessage(rest), Words: json.RawMessage(words)}
	if strings.Contains(act, ".") || act == "look" {
		return c
	}
	c.Act = "application." + act
	application, rest, _ := strings.Cut(rest, " ")
	with := map[string]any{"application": application}
	if act == "submit" || act == "amend" {
		maps.Copy(with, map[string]any{"relation": "owner", "category": "业主", "light": "green", "charter": 0})
	}
	if act == "submit" {
		room, more, _ := strings.Cut(rest, " ")
		with["room"], with["person"], rest = room, who, more
	}
	if app, ok := s.state.Application(id.Application(application)); ok && act == "approve" {
		with["version"] = app.Version // of what lies before them
	}
	if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, `"`) {
		c.Words = json.RawMessage(`{"` + map[string]string{"ask": "text", "reject": "reason"}[act] + `":` + rest + `}`)
	} else if rest != "" {
		var more map[string]any
		if err := json.Unmarshal([]byte(rest), &more); err != nil {
			s.t.Fatalf("%s: %v", rest, err)
		}
		maps.Copy(with, more)
	}
	c.With = marshal(with)
	return c
}

func (s *story) question(line string) string {
	what, rest, _ := strings.Cut(line, " ")
	arg := strings.Fields(rest + " _ _")
	r, o := id.Room(arg[0]), s.state
	switch what {
	case "pending":
		return list(o.Pending(r), func(a Application) string { return string(a.ID) })
	case "place":
		return fmt.Sprint(o.Place(id.Application(arg[0])))
	case "status":
		a, _ := o.Application(id.Application(arg[0]))
		return strings.TrimSpace(string(a.Status) + " " + string(a.Text))
	case "home": // the room of premises
		h, ok := o.Premises(id.Premises(arg[0]))
		if !ok {
			return "not in the roster"
		}
		return string(h.Room)
	case "doors":
		return list(o.PremisesOf(r), (*Premises).Label)
	case "behind":
		return list(o.Behind(id.Premises(arg[0])), func(p id.Person) string { return string(p) })
	case "bindings":
		who, _ := o.Person(id.Person(arg[0]))
		return list(who.Bindings, func(b Binding) string { return fmt.Sprintf("%s/%s/%s", b.Room, b.Premises, b.Badge) })
	case "version":
		a, _ := o.Application(id.Application(arg[0]))
		return fmt.Sprint(a.Version)
	case "record":
		return o.RecordOf(id.Person(arg[0]))
	case "alone": // may it be approved by itself?
		return fmt.Sprint(o.MayLetIn(id.Application(arg[0]), s.now))
	case "slip":
		x, ok := o.Slip(id.Slip(arg[0]))
		if !ok {
			return "no such slip"
		}
		if f := fault.Of(x.Good(s.now)); f != nil {
			return string(f.Code)
		}
		return "good for " + string(x.Premises)
	case "owners":
		return list(o.Owners(r), func(p id.Person) string { return string(p) })
	case "deciders":
		return list(o.Deciders(r), func(p id.Person) string { return string(p) })
	case "admins":
		return list(o.Admins(), func(p id.Person) string { return string(p) })
	case "role":
		return string(o.RoleIn(id.Person(arg[0]), id.Room(arg[1])))
	case "link":
		l, ok := o.Link(id.Link(arg[0]))
		return fmt.Sprintf("%s %v %v", l.Room, ok, l.Ended != 0)
	case "offers":
		return list(o.Offers(id.Person(arg[0])), func(x Offer) string { return string(x.Role) + ":" + string(x.Community) + string(x.Room) })
	case "removed":
		_, removed := o.Removed(id.Person(arg[0]), id.Room(arg[1]), s.now)
		return fmt.Sprint(removed)
	case "charter":
		version, words := o.Charter(r)
		return fmt.Sprintf("%d %s", version, words)
	case "telephone":
		tel, own, _ := o.Telephone(r)
		if own {
			return tel.Phone + " own"
		}
		return tel.Phone
	case "about":
		app, _ := o.Application(id.Application(arg[0]))
		return app.About
	case "history":
		return o.Policy(r).History
	case "second":
		return fmt.Sprint(o.SecondFrom())
	case "limits":
		l := o.Limits()
		return fmt.Sprint(l.Residents.Claims, l.Residents.Contacts, l.Volunteers.Claims, l.Volunteers.Contacts)
	case "own":
		return list(o.OwnPolicy(r), func(x Setting) string { return string(x) })
	case "alone-in": // may anybody be approved by itself?
		return fmt.Sprint(o.Policy(r).AutoGreen)
	case "stickers":
		return fmt.Sprint(!o.Policy(r).NoStickers)
	case "count":
		tally := o.TallyOf(r)
		return fmt.Sprintf("%d homes %d shops", tally.Homes, tally.Shops)
	case "rooms":
		return list(o.Rooms(), func(r *Room) string { return r.Name })
	case "decisions":
		return list(o.Decisions(r, 10), func(d Decision) string { return fmt.Sprintf("%s:%s:%s", d.Application, d.Verb, d.By) })
	case "wait":
		minutes, ok := o.MedianWait(r)
		return fmt.Sprint(minutes, ok)
	case "looks":
		return list(o.Looks(id.Person(arg[0]), 10), func(l Look) string { return string(l.By) + ":" + l.Reason })
	case "effects":
		return list(s.last[r], func(e entry.Entry) string { return e.Kind + string(e.Facts) + "by" + string(e.By) })
	case "concerns":
		return list(slices.Sorted(maps.Keys(s.last)), func(r id.Room) string { return string(r) })
	}
	return "no such question"
}

func list[T any](all []T, say func(T) string) string {
	words := make([]string, len(all))
	for i, x := range all {
		words[i] = say(x)
	}
	return strings.Join(words, " ")
}
