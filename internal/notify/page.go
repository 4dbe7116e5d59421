package notify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/kind"
	"linli/internal/room"
)

// page is the first rung: all pages that somebody has open.
type page struct{ l *Ladder }

// onPage is how long a page has to say that it showed an alert.
const onPage = 6 * time.Second

func (*page) Channel() string { return "page" }

func (*page) Fits(*climb) bool { return true }

func (r *page) Ring(c *climb) bool {
	a := r.l.alert(c, r.Channel(), "")
	a.Test = a.Topic == "test"
	sent := r.l.say(c.person, a)
	if sent {
		r.l.counts.add(r.Channel(), "sent")
	}
	return sent
}

func (*page) Patience(*climb) time.Duration { return onPage }

// A receipt is sealed with the office's key: it says whom an alert reached and by what, so nothing has to be kept of alerts that are
// under way, and nobody can make one up.

const receiptFor = 24 * time.Hour

func (l *Ladder) receipt(c *climb, channel string, push id.Push) string {
	n := c.first()
	plain := strings.Join([]string{
		string(c.person), channel, string(push), string(n.Room), strconv.FormatUint(uint64(n.Entry), 10), strconv.FormatUint(uint64(n.Item), 10),
		strconv.FormatBool(n.pressing()), strconv.FormatBool(n.Press), strconv.FormatInt(l.Now().UnixMilli(), 10),
	}, "\n")
	sealed, err := l.Register.Seal(id.Server, []byte(plain))
	if err != nil {
		l.wrong("no receipt", err)
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Shown takes a receipt: an alert was shown. One that is past its day, or none of ours, says nothing.
func (l *Ladder) Shown(receipt string) {
	sealed, err := base64.RawURLEncoding.DecodeString(receipt)
	if err != nil || len(sealed) > 1024 {
		return
	}
	plain, err := l.Register.Open(id.Server, sealed)
	part := strings.Split(string(plain), "\n")
	if err != nil || len(part) != 9 {
		return
	}
	at, _ := strconv.ParseInt(part[8], 10, 64)
	if l.Now().UnixMilli()-at > receiptFor.Milliseconds() {
		return
	}
	ent, _ := strconv.ParseUint(part[4], 10, 64)
	item, _ := strconv.ParseUint(part[5], 10, 64)
	p, channel := id.Person(part[0]), part[1]
	l.do(func() {
		l.counts.add(channel, "shown")
		l.can.worked(p, channel, id.Push(part[2]), l.Now())
		if part[6] == "true" {
			l.reach(place{id.Room(part[3]), entry.Seq(item)}, p, channel)
		}
		if c := l.climbs[climbKey{p, id.Room(part[3]), entry.Seq(ent), part[7] == "true"}]; c != nil {
			for _, n := range c.news {
				if n.pressing() {
					l.reach(place{n.Room, n.Item}, p, channel)
				}
			}
			l.end(c)
		}
	})
}

// pressing tells whether it is kept who was reached with news: of what must not stay unanswered.
func (n *news) pressing() bool { return n.Ring.Text || n.Ring.Topic == kind.Confirm }

// reached is who was reached with an item, by the best channel that did.
type reached struct {
	People map[id.Person]string `json:"people"`
	dirty  bool
}

const reachedFor = 60 * 24 * time.Hour

func reachedKey(at place) string {
	return "alert/reached/" + string(at.room) + "/" + strconv.FormatUint(uint64(at.seq), 10)
}

func (l *Ladder) reachedOf(at place) *reached {
	r := l.reached[at]
	if r != nil {
		return r
	}
	r = &reached{}
	b, _, err := l.Shelf.Get(l.ctx, reachedKey(at))
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err != nil && !isAbsent(err) {
		l.wrong("who was reached is unknown", err)
	}
	if r.People == nil {
		r.People = map[id.Person]string{}
	}
	l.reached[at] = r
	return r
}

func (l *Ladder) reach(at place, p id.Person, channel string) {
	r := l.reachedOf(at)
	if old := r.People[p]; old == "" || rank(channel) < rank(old) {
		r.People[p], r.dirty = channel, true
	}
}

func rank(channel string) int {
	for i, c := range Channels {
		if c == channel {
			return i
		}
	}
	return len(Channels)
}

// mostReached is how many items are in memory; they come back from the shelf.
const mostReached = 500

func (l *Ladder) flushReached(ctx context.Context) {
	for at, r := range l.reached {
		if r.dirty {
			b, err := json.Marshal(r)
			if err == nil {
				_, err = l.Shelf.Put(ctx, reachedKey(at), b, journal.Any, reachedFor)
			}
			if err != nil {
				l.wrong("who was reached was not kept", err)
				continue
			}
			r.dirty = false
		}
		if len(l.reached) > mostReached {
			delete(l.reached, at)
		}
	}
}

// Reached is by what each member of a room was reached with an item, as far as that is known. Who has read so far has seen it on a page.
func (l *Ladder) Reached(ctx context.Context, r id.Room, seq entry.Seq) (by map[id.Person]string, err error) {
	err = l.ask(ctx, func() { by = l.known(place{r, seq}) })
	return by, err
}

func (l *Ladder) known(at place) map[id.Person]string {
	by := maps.Clone(l.reachedOf(at).People)
	var members []id.Person
	_ = l.Engine.ReadRoom(at.room, func(s *room.State) {
		for p := range s.Members {
			members = append(members, p)
		}
	})
	for _, p := range members {
		if l.Marks.Of(p, at.room).Seq >= at.seq {
			by[p] = l.page.Channel()
		}
	}
	return by
}

// doorReached tells whether somebody behind a door was reached with an item: then nobody else there needs a text message.
func (l *Ladder) doorReached(at place, door id.Premises) (yes bool) {
	known := l.known(at)
	_ = l.Engine.ReadRoom(at.room, func(s *room.State) {
		for _, p := range s.Behind(door) {
			yes = yes || known[p] != ""
		}
	})
	return yes
}
