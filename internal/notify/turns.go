package notify

import (
	"encoding/json"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/room"
	"linli/internal/view"
)

// A role is called: who is on duty is rung first, and the others when none of them has looked meanwhile.

// second is the rung of who waits for that.
const second rung = -2

const (
	turnFor    = 5 * time.Minute // how long those on duty have to look
	thereFor   = time.Hour       // how long somebody counts as there since they used a device
	mostLooked = 500             // how many messages after a call are looked through for an answer, the newest
)

// giveTurns has those wait who are not on duty; with nobody on duty all are rung at once. Who is rung by other news of the same entry,
// a reply, is not rung for it again.
func (l *Ladder) giveTurns(fresh []*news) {
	for _, n := range fresh {
		if !n.Ring.Turns {
			continue
		}
		duty := l.onDuty(n)
		if len(duty) == 0 {
			continue
		}
		for p := range n.Left {
			if slices.Contains(duty, p) {
				continue
			}
			n.Left[p] = second
			if slices.ContainsFunc(fresh, func(o *news) bool { _, rung := o.Left[p]; return rung && o != n && o.Entry == n.Entry }) {
				delete(n.Left, p)
			}
		}
	}
}

// onDuty are those of a role who have a page open or used a device within thereFor, want to be called, and want no quiet now.
func (l *Ladder) onDuty(n *news) (duty []id.Person) {
	there := map[id.Person]bool{}
	for _, p := range l.Seen(l.Now().Add(-thereFor)) {
		there[p] = true
	}
	for _, p := range n.Ring.To {
		if p != n.By && (there[p] || len(l.Hub.Present(p)) > 0) && l.member(n.Room, p) && l.wants(p, n) && !l.asleep(p) {
			duty = append(duty, p)
		}
	}
	return duty
}

// waitTurns rings those who wait when their turn comes, also after a restart.
func (l *Ladder) waitTurns(n *news) {
	for _, next := range n.Left {
		if next == second {
			l.later(time.UnixMilli(n.At).Add(turnFor).Sub(l.Now()), func() { l.ringSecond(n) })
			return
		}
	}
}

func (l *Ladder) ringSecond(n *news) {
	over := l.answered(n)
	for p, next := range n.Left {
		switch {
		case next != second:
		case over:
			l.done(p, n)
		default:
			l.start(p, []*news{n}, 0)
		}
	}
}

// answered tells whether one of those whom a role calls has read the call, put a face to it, or said anything in the room since.
func (l *Ladder) answered(n *news) (yes bool) {
	called := func(p id.Person) bool { return p != n.By && slices.Contains(n.Ring.To, p) }
	for _, p := range n.Ring.To {
		if called(p) && l.Marks.Of(p, n.Room).Seq >= n.Entry {
			return true
		}
	}
	err := l.Engine.ReadItem(l.ctx, n.Room, n.Item, func(_ *room.State, i *room.Item) {
		for _, who := range i.React {
			yes = yes || slices.ContainsFunc(who, called)
		}
	})
	if yes || err != nil { // what is gone rings nobody
		return yes
	}
	_ = l.Engine.Seen(l.ctx, n.Room) // what was said a moment ago counts; a view that stands still is said elsewhere
	err = l.View.Newest(n.Room, view.Who{}, "", n.Entry, mostLooked, func(_ entry.Seq, sent []byte) error {
		var said struct{ By id.Person }
		err := json.Unmarshal(sent, &said)
		yes = yes || called(said.By)
		return err
	})
	if err != nil {
		l.wrong("who answered is unknown", err)
	}
	return yes
}
