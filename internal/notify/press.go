package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
)

const (
	gatherFor = 3 * time.Second // how long talk is gathered before somebody is told of it
	lateFor   = 12 * time.Hour  // a deadline that passed longer ago reminds nobody any more
)

// gather adds to what is said in a room just now.
func (l *Ladder) gather(r id.Room, more burst) {
	b := l.bursts[r]
	if b == nil {
		b = &burst{due: l.Now().Add(gatherFor)}
		l.bursts[r] = b
	}
	b.frame, b.seq, b.count = more.frame, more.seq, b.count+more.count
}

// sayBursts tells those of a room's talk who want to be told, once until they look.
func (l *Ladder) sayBursts() {
	for r, b := range l.bursts {
		if l.Now().Before(b.due) {
			continue
		}
		delete(l.bursts, r)
		rec := l.record(r.Log())
		n := &news{Room: r, Item: b.seq, Entry: b.seq, At: l.Now().UnixMilli(), Count: b.count, Ring: kind.Ring{Topic: "chat"}}
		err := l.Engine.ReadItem(l.ctx, r, b.seq, func(_ *room.State, i *room.Item) { n.By, n.At = i.By, i.At })
		if l.learn(n); err != nil || n.gone {
			continue
		}
		var members []id.Person
		_ = l.Engine.ReadRoom(r, func(s *room.State) {
			for p := range s.Members {
				members = append(members, p)
			}
		})
		for _, p := range members {
			if nudged := rec.Nudged[p]; nudged > 0 && l.Marks.Of(p, r).Seq < nudged {
				continue // told, and has not looked since
			}
			delete(rec.Nudged, p)
			if p != n.By && l.wants(p, n) {
				rec.Nudged[p] = b.seq
				n.Ring.To = append(n.Ring.To, p)
			}
		}
		if len(n.Ring.To) > 0 {
			l.begin(r.Log(), []*news{n})
		}
	}
}

// loadPresses finds a room's cards that must not stay unanswered.
func (l *Ladder) loadPresses(ctx context.Context, r id.Room) error {
	seqs, err := l.live(r)
	if err != nil {
		return fmt.Errorf("notify: live: %w", err)
	}
	for _, seq := range seqs {
		at := int64(0)
		err := l.Engine.ReadItem(ctx, r, seq, func(s *room.State, item *room.Item) {
			if p, ok := item.Card.(kind.Pressing); ok && !item.Retracted {
				at, _ = p.Presses(s.Viewer("", false, item).Post)
			}
		})
		if err != nil && fault.Of(err) == nil {
			return err
		}
		l.pressAt(r, seq, at)
	}
	return nil
}

func (l *Ladder) pressAt(r id.Room, seq entry.Seq, at int64) {
	if at != 0 {
		if l.press[r] == nil {
			l.press[r] = map[entry.Seq]int64{}
		}
		l.press[r][seq] = at
		return
	}
	delete(l.press[r], seq)
	if rec := l.record(r.Log()); rec.Pressed[seq] != 0 {
		delete(rec.Pressed, seq)
		rec.dirty = true
	}
}

// pressDue reminds those whom a card has waited for too long.
func (l *Ladder) pressDue() {
	now := l.Now().UnixMilli()
	for r, list := range l.press {
		rec := l.record(r.Log())
		var due []*news
		for seq, at := range list {
			if at > now || rec.Pressed[seq] == at {
				continue
			}
			n, homes, err := l.pressing(r, seq, at)
			if err != nil && !errors.Is(err, errOver) {
				l.Log.Warn("a reminder waits", "room", r, "item", seq, "err", err)
				continue
			}
			rec.Pressed[seq], rec.dirty = at, true
			if err != nil || now-at > lateFor.Milliseconds() {
				continue
			}
			due = append(due, n)
			if n.Ring.Staff {
				l.learn(n)
				text := n.plain
				if homes > 0 {
					text += fmt.Sprintf("（%d 户）", homes)
				}
				l.robot.tell(n, text)
			}
		}
		if len(due) > 0 {
			l.begin(r.Log(), due)
		}
	}
}

// errOver says that a card waits for nobody any more.
var errOver = errors.New("notify: it is over")

// pressing is a reminder of a card, to all whom it waits for, and behind how many doors they are.
func (l *Ladder) pressing(r id.Room, seq entry.Seq, at int64) (n *news, homes int, err error) {
	err = l.Engine.ReadItem(l.ctx, r, seq, func(s *room.State, item *room.Item) {
		card, ok := item.Card.(kind.Pressing)
		if !ok || item.Retracted {
			return
		}
		is, how := card.Presses(s.Viewer("", false, item).Post)
		if is != at {
			return
		}
		n = &news{Room: r, Item: seq, Entry: s.Seq(), At: l.Now().UnixMilli(), Press: true, Ring: how}
		doors := map[id.Premises]bool{}
		if w, ok := item.Card.(kind.Waiting); ok {
			for p, m := range s.Members {
				if w.Waits(s.Viewer(p, false, item)) == "" {
					continue
				}
				n.Ring.To = append(n.Ring.To, p)
				for _, h := range m.Premises {
					if _, ok := item.Card.(kind.Receipts); ok && !answered(item.Card, h) {
						doors[h] = true
					}
				}
			}
		}
		homes = len(doors)
	})
	if err == nil && n == nil {
		err = errOver
	}
	return n, homes, err
}

// answered tells whether a premises has confirmed. Every card has the method; only one with receipts says anything.
func answered(card kind.Card, h id.Premises) bool {
	r, ok := card.(kind.Receipts)
	if !ok {
		return false
	}
	_, done := r.Confirmed()[h]
	return done
}
