package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/office"
	"linli/internal/room"
	"linli/internal/wire"
)

// climb is somebody who is being reached with news: most often one, or all that came while they slept.
type climb struct {
	person id.Person
	news   []*news
	next   rung
	tried  string // the channel that was rung last
	over   bool
}

// climbKey names a climb by its first news, as a receipt says it.
type climbKey struct {
	person id.Person
	room   id.Room
	entry  entry.Seq
	press  bool
}

func (c *climb) first() *news { return c.news[0] }

func (c *climb) key() climbKey {
	return climbKey{c.person, c.first().Room, c.first().Entry, c.first().Press}
}

func (c *climb) loud() bool { return len(c.news) == 1 && c.first().Ring.Loud }

// alarm tells whether somebody calls for help just now, for the first time: every way is rung at once, whoever notices it first.
func (n *news) alarm() bool {
	return n.Ring.Topic == kind.Emergency && n.Ring.Text && n.Entry == n.Item && !n.Press
}

// start rings somebody from a rung on, or holds the news until they are awake.
func (l *Ladder) start(p id.Person, list []*news, next rung) {
	c := &climb{person: p, news: list, next: next}
	if !c.loud() && l.asleep(p) {
		for _, n := range list {
			n.Left[p] = held
			l.record(n.log()).dirty = true
		}
		return
	}
	if l.climbs[c.key()] != nil { // two rings of one entry: once is enough
		for _, n := range list {
			l.done(p, n)
		}
		return
	}
	l.climbs[c.key()] = c
	l.step(c)
}

// step goes on to the next rung that leads to this person, and waits there for a sign; without one left it is over.
func (l *Ladder) step(c *climb) {
	if c.over {
		return
	}
	if c.tried == l.page.Channel() {
		l.can.failed(c.person, c.tried, "", "", l.Now())
	}
	key := c.key()
	for i, n := range c.news {
		l.refresh(n)
		if n.gone || !l.concerned(c.person, n) {
			l.done(c.person, n)
			c.news[i] = nil
		}
	}
	c.news = slices.DeleteFunc(c.news, func(n *news) bool { return n == nil })
	if len(c.news) == 0 {
		c.over = true
		delete(l.climbs, key)
		return
	}
	if now := c.key(); now != key { // its first news is over
		delete(l.climbs, key)
		l.climbs[now] = c
	}
	wait := time.Duration(0)
	for int(c.next) < len(l.rungs) {
		r := l.rungs[c.next]
		if wait > 0 && r == Rung(l.sms) && !c.first().alarm() {
			l.later(wait, func() { l.step(c) })
			return
		}
		c.next++
		for _, n := range c.news {
			n.Left[c.person] = c.next
			l.record(n.log()).dirty = true
		}
		if !r.Fits(c) || !r.Ring(c) {
			continue
		}
		c.tried = r.Channel()
		if !slices.ContainsFunc(l.rungs[c.next:], func(r Rung) bool { return r.Fits(c) }) {
			break
		}
		if wait = max(wait, r.Patience(c)); !c.loud() {
			l.later(wait, func() { l.step(c) })
			return
		}
	}
	l.end(c)
}

// end takes a climb away; its news need not reach this person any more.
func (l *Ladder) end(c *climb) {
	c.over = true
	delete(l.climbs, c.key())
	for _, n := range c.news {
		l.done(c.person, n)
	}
}

// learn reads what news say from the views, once.
func (l *Ladder) learn(n *news) {
	if n.learnt {
		return
	}
	n.learnt = true
	if n.Application != "" {
		l.learnApplication(n)
		return
	}
	var item room.Item
	err := l.Engine.ReadItem(l.ctx, n.Room, n.Item, func(s *room.State, i *room.Item) {
		n.title, item = s.Name(), *i
	})
	if err != nil || item.Retracted {
		n.gone = true
		return
	}
	n.lane = string(item.Lane)
	by, sum := l.nameOf(n.Room, n.By), item.Sum
	if sum == "" {
		sum = word(item.Words)
	}
	switch {
	case n.Press:
		n.text = sum + "：" + n.Ring.Says
	case n.Ring.Says != "":
		n.text = strings.TrimSpace(by+" "+n.Ring.Says) + "：" + sum
	case by != "":
		n.text = by + "：" + sum
	default:
		n.text = sum
	}
	if n.Count > 1 {
		n.text += fmt.Sprintf("（%d 条新消息）", n.Count)
	}
	n.text = cut(n.text, maxText)
	n.plain = headline(&item)
	if n.Ring.Says != "" {
		n.plain += "：" + n.Ring.Says
	}
}

// refresh looks again whether the item is there still.
func (l *Ladder) refresh(n *news) {
	l.learn(n)
	if n.Application != "" || n.gone {
		return
	}
	err := l.Engine.ReadItem(l.ctx, n.Room, n.Item, func(_ *room.State, i *room.Item) { n.gone = i.Retracted })
	n.gone = n.gone || err != nil
}

// headline is what an item is, as it may leave the machine in the clear: what the office said, and of what residents said only the kind.
func headline(item *room.Item) string {
	if item.As != "" && item.Lane == kind.Notices {
		return item.Sum
	}
	if k := kind.Of(item.Kind); k != nil && item.Card != nil {
		return k.Summary(nil, item.Card.Facts())
	}
	return ""
}

func (l *Ladder) learnApplication(n *news) {
	l.Engine.ReadOffice(func(o *office.State) {
		if r, ok := o.Room(n.Room); ok {
			n.title = r.Name
		}
		a, ok := o.Application(n.Application)
		switch {
		case !ok:
			n.gone = true
		case n.Ring.Topic == "admission":
			n.text = fmt.Sprintf("%d 份入群申请等您审核", max(1, o.PendingIn(n.Room)))
		default:
			what := "入群申请"
			if a.For == office.ForBadge {
				what = "身份申请"
			}
			n.inside = a.Status == office.Approved || a.For != ""
			n.text = "您的" + what + map[office.Status]string{office.Approved: "通过了", office.Asked: "要补充资料", office.Rejected: "没有通过"}[a.Status]
		}
	})
}

func (l *Ladder) nameOf(r id.Room, p id.Person) string {
	n, _ := l.View.NameOf(r, p)
	return n.Name
}

const maxText = 120 // characters of an alert's line

func cut(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// alert is what a climb says on a channel; push names the subscription that it goes to.
func (l *Ladder) alert(c *climb, channel string, push id.Push) *wire.Alert {
	n := c.first()
	a := &wire.Alert{
		Topic: n.Ring.Topic, Room: n.Room, Seq: n.Item, Title: n.title, Text: n.text, Tag: n.tag(), Loud: n.Ring.Loud,
		Receipt: l.receipt(c, channel, push), URL: l.url(c),
	}
	if len(c.news) > 1 {
		a.Topic, a.Room, a.Seq, a.Tag = "summary", "", 0, "summary"
		l.Engine.ReadOffice(func(o *office.State) { a.Title = o.Name() })
		a.Text = fmt.Sprintf("有 %d 件事：%s", len(c.news), tally(c.news))
	}
	return a
}

// tag is what a later alert replaces: of cards each its own, of talk and calls one a room.
func (n *news) tag() string {
	if n.Room == "" {
		return n.Ring.Topic
	}
	what := n.Ring.Topic
	if n.Application == "" && what != "chat" && what != "call" {
		what = fmt.Sprint(n.Item)
	}
	return string(n.Room) + "/" + what
}

// fromAbove tells whether somebody is rung for a card of a room that they are not in.
func (l *Ladder) fromAbove(c *climb) bool {
	n := c.first()
	return len(c.news) == 1 && n.Ring.Above && !l.member(n.Room, c.person)
}

// url is where tapping leads.
func (l *Ladder) url(c *climb) string {
	n := c.first()
	switch {
	case l.fromAbove(c):
		return fmt.Sprintf("/alarms/%s/%d", n.Room, n.Item)
	case len(c.news) > 1:
		return "/rooms"
	case n.Room == "":
		return "/me"
	case n.Ring.Topic == "admission":
		return "/admission"
	case n.inside:
		return "/rooms/" + string(n.Room)
	case n.Application != "":
		return "/pending"
	}
	return fmt.Sprintf("/rooms/%s?at=%d", n.Room, n.Item)
}

// called is what topics are called in a summary.
var called = map[string]string{
	"call": "叫到您", "mine": "您的事有进展", "notice": "公告", kind.Confirm: "公告待确认", "request": "求助", "admission": "入群申请", "chat": "新消息",
	kind.Emergency: "紧急求助",
}

// tally says how many of what: 公告待确认 2、叫到您 1.
func tally(list []*news) string {
	var topics []string
	count := map[string]int{}
	for _, n := range list {
		if count[n.Ring.Topic] == 0 {
			topics = append(topics, n.Ring.Topic)
		}
		count[n.Ring.Topic]++
	}
	for i, t := range topics {
		topics[i] = fmt.Sprintf("%s %d", called[t], count[t])
	}
	return strings.Join(topics, "、")
}

// ringPages rings those who have a page open, and nobody else.
func (l *Ladder) ringPages(n *news) {
	l.learn(n)
	if n.gone {
		return
	}
	var to []id.Person
	_ = l.Engine.ReadRoom(n.Room, func(s *room.State) {
		for p, m := range s.Members {
			if p != n.By && m.Role == "" {
				to = append(to, p)
			}
		}
	})
	for _, p := range to {
		l.page.Ring(&climb{person: p, news: []*news{n}})
	}
}

// test rings all of a person's pages and browsers, and says by which ways it was sent. It may be done three times a minute.
func (l *Ladder) test(p id.Person) (sent []string, ok bool) {
	now := l.Now()
	recent := slices.DeleteFunc(l.tested[p], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(recent) >= testsAMinute {
		l.tested[p] = recent
		return nil, false
	}
	l.tested[p] = append(recent, now)
	if len(l.tested) > 10_000 {
		clear(l.tested)
	}
	n := &news{Ring: kind.Ring{Topic: "test"}, learnt: true, text: "这是一条测试提醒：看到它，提醒就能到这台设备", At: now.UnixMilli()}
	l.Engine.ReadOffice(func(o *office.State) { n.title = o.Name() })
	c := &climb{person: p, news: []*news{n}}
	sent = []string{}
	for _, r := range []Rung{l.page, l.push} {
		if r.Ring(c) {
			sent = append(sent, r.Channel())
		}
	}
	return sent, true
}

const testsAMinute = 3

// announcements are what somebody is told at once on all their devices, at any hour: it concerns their account itself.
var announcements = map[office.What]string{
	office.Coded:   "有人为您的账号发了登录码，10 分钟内有效。不是您当面要的，请马上打开“我的”作废它",
	office.Offered: "有一个职务等您接受或谢绝，请打开“我的”查看",
}

// announce tells somebody what happens to their account. It is told once; what it is about stands in the page until it is answered.
func (l *Ladder) announce(p id.Person, what office.What) {
	n := &news{Ring: kind.Ring{Topic: "account"}, learnt: true, text: announcements[what], At: l.Now().UnixMilli()}
	l.Engine.ReadOffice(func(o *office.State) { n.title = o.Name() })
	c := &climb{person: p, news: []*news{n}}
	l.page.Ring(c)
	l.push.Ring(c)
}

// word is what somebody wrote; empty when it is forgotten.
func word(words entry.Words) string {
	var w struct{ Text string }
	_ = json.Unmarshal(words, &w)
	return w.Text
}
