package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/kind"
	"linli/internal/room"
)

// Hooks are the operator's own: a program that passes a message on to a group of the staff, one that sends text messages.

const hookIn = 10 * time.Second

// hook posts JSON to a URL. Any answer but 2xx is an error; again tells whether it may go better later.
type hook struct {
	url, secret string
	client      *http.Client
}

func newHook(url, secret string) hook {
	return hook{url, secret, &http.Client{
		Timeout:       hookIn,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (h *hook) post(ctx context.Context, body any) (again bool, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return false, fmt.Errorf("notify: hook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(b))
	if err != nil {
		return false, fmt.Errorf("notify: hook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		m := hmac.New(sha256.New, []byte(h.secret))
		m.Write(b)
		req.Header.Set("Linli-Signature", "sha256="+hex.EncodeToString(m.Sum(nil)))
	}
	res, err := h.client.Do(req)
	if err != nil {
		return true, errUnreachable // the error itself names the URL, which may hold a token
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return false, nil
	}
	return res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500, fmt.Errorf("notify: hook answered %d", res.StatusCode)
}

// robot says to the staff, where they work, what one of them should know: at most twenty messages a minute, one after the other, and
// none is lost while the program runs.
type robot struct {
	l     *Ladder
	hook  hook
	queue []robotMessage
	busy  bool
	from  time.Time   // not before
	sent  []time.Time // the last ones
	tries int
	waits atomic.Int64 // how long the queue is, for whoever asks
}

type robotMessage struct {
	Text  string `json:"text"`
	Room  string `json:"room"`
	Topic string `json:"topic"`
	At    int64  `json:"at"`
}

const (
	perMinute = 20
	robotWait = 5 * time.Second // after a failure, doubled up to
	robotMost = 5 * time.Minute
)

func newRobot(l *Ladder) *robot { return &robot{l: l, hook: newHook(l.Robot, l.Secret)} }

// robotTopic is what the staff is told under, where it is not the topic of those who are rung.
func robotTopic(n *news) string {
	if n.Press && n.Ring.Topic == "mine" {
		return "overdue"
	}
	return n.Ring.Topic
}

func (r *robot) tell(n *news, text string) {
	if r.hook.url == "" || n.gone {
		return
	}
	r.queue = append(r.queue, robotMessage{Text: n.title + " " + text, Room: n.title, Topic: robotTopic(n), At: n.At})
	r.waits.Store(int64(len(r.queue)))
}

// pump sends the first of the queue, when it may.
func (r *robot) pump() {
	now := r.l.Now()
	r.sent = slices.DeleteFunc(r.sent, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if r.busy || len(r.queue) == 0 || len(r.sent) >= perMinute || now.Before(r.from) {
		return
	}
	r.busy = true
	m := r.queue[0]
	r.l.work.Go(func() {
		err := fault.Caught(func() error {
			_, err := r.hook.post(r.l.ctx, m)
			return err
		})
		r.l.do(func() { r.came(err) })
	})
}

func (r *robot) came(err error) {
	r.busy = false
	now := r.l.Now()
	if err != nil {
		r.l.counts.add("robot", "failed")
		r.l.can.failed(id.Server, "robot", "", whyOf(err), now)
		r.l.Log.Warn("the robot's hook failed", "err", err)
		r.from = now.Add(min(robotMost, robotWait<<min(r.tries, 10)))
		r.tries++
		return
	}
	r.l.counts.add("robot", "sent")
	r.l.can.worked(id.Server, "robot", "", now)
	r.queue, r.tries, r.sent = r.queue[1:], 0, append(r.sent, now)
	r.waits.Store(int64(len(r.queue)))
	r.pump()
}

// sms sends text messages: for what is urgent and has not been noticed otherwise. It is the one place where a phone leaves the
// register, and each is written down as a look at the person's data before it does.
type sms struct {
	l    *Ladder
	hook hook

	mu    sync.Mutex
	queue []textMessage
	busy  bool
	again map[id.Person][]time.Time // when calling again has sent text messages, by caller
}

type textMessage struct {
	person id.Person
	at     place
	key    string // what is sent once: to a door of a notice, to a person of an emergency
	text   string
	caller id.Person // whose repeated call for help it is; counted against them
	alarm  bool      // of a call for help: never short of what others used up
	tries  int
}

const (
	perPerson = 5 // text messages a day
	smsTries  = 3
	perCaller = 3 // text messages an hour that calling again may send, of one caller
)

func newSMS(l *Ladder) *sms {
	return &sms{l: l, hook: newHook(l.SMS, l.Secret), again: map[id.Person][]time.Time{}}
}

func (*sms) Channel() string { return "sms" }

func (r *sms) Fits(c *climb) bool {
	return r.hook.url != "" && slices.ContainsFunc(c.news, func(n *news) bool { return n.Ring.Text })
}

func (*sms) Patience(*climb) time.Duration { return 0 }

// Ring queues one message for each of the news that is worth one.
func (r *sms) Ring(c *climb) bool {
	rang := false
	for _, n := range c.news {
		if !n.Ring.Text {
			continue
		}
		m := textMessage{person: c.person, at: place{n.Room, n.Item}, text: "【" + n.title + "】" + n.plain}
		m.key = string(n.Room) + "/" + strconv.FormatUint(uint64(n.Item), 10) + "/" + string(c.person)
		if n.Ring.Topic == kind.Confirm {
			door := r.l.door(n.Room, c.person)
			if door == "" || r.l.doorReached(m.at, door) {
				continue // who belongs to no household is none that is missing
			}
			m.key = strings.TrimSuffix(m.key, string(c.person)) + string(door)
		}
		if m.alarm = n.Ring.Topic == kind.Emergency; m.alarm && !n.alarm() && !n.Press {
			m.key += "/" + strconv.FormatUint(uint64(n.Entry), 10)
			m.caller = n.By
		}
		if r.l.Public != "" {
			m.text += " " + strings.TrimSuffix(r.l.Public, "/") + r.l.url(c)
		}
		r.put(m)
		rang = true
	}
	return rang
}

// door is the premises that somebody acts for in a room; empty for none.
func (l *Ladder) door(r id.Room, p id.Person) (h id.Premises) {
	_ = l.Engine.ReadRoom(r, func(s *room.State) {
		if m := s.Member(p); m != nil && len(m.Premises) > 0 {
			h = m.Premises[0]
		}
	})
	return h
}

func (r *sms) put(m textMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, m)
	if !r.busy {
		r.busy = true
		r.l.work.Go(r.send)
	}
}

// send empties the queue, one after the other.
func (r *sms) send() {
	for {
		r.mu.Lock()
		if len(r.queue) == 0 || r.l.ctx.Err() != nil {
			r.busy = false
			r.mu.Unlock()
			return
		}
		m := r.queue[0]
		r.queue = r.queue[1:]
		r.mu.Unlock()
		if err := fault.Caught(func() error { r.sendOne(m); return nil }); err != nil {
			r.l.wrong("a text message was not sent", err)
		}
	}
}

func (r *sms) sendOne(m textMessage) {
	l := r.l
	if !l.reaches(m.person, m.at) {
		return
	}
	if m.tries == 0 {
		ok, err := r.enter(m)
		if err != nil && m.alarm { // rather twice than never
			ok = r.mayWiden(m)
		}
		if err != nil {
			l.wrong("a text message was not written down", err)
		}
		if !ok {
			return
		}
	}
	records, err := l.Register.Look(l.ctx, id.Server, []id.Person{m.person}, "sms")
	if err != nil {
		l.wrong("a text message was not sent", err)
		return
	}
	rec, ok := records[m.person]
	if !ok || rec.Phone == "" {
		return
	}
	again, err := r.hook.post(l.ctx, struct {
		Phone string `json:"phone"`
		Text  string `json:"text"`
		ID    string `json:"id"`
	}{rec.Phone, m.text, m.key})
	if m.tries++; err != nil && again && m.tries < smsTries {
		l.do(func() { l.later(retryAfter(m.tries, 0), func() { r.put(m) }) })
		return
	}
	l.do(func() {
		if err != nil {
			l.Log.Warn("the hook for text messages failed", "err", err)
			l.counts.add("sms", "failed")
			l.can.failed(m.person, "sms", "", whyOf(err), l.Now())
			return
		}
		l.counts.add("sms", "sent")
		l.can.worked(m.person, "sms", "", l.Now())
		l.reach(m.at, m.person, "sms")
	})
}

// day is what was sent on one day, by key, to whom.
type day struct {
	Sent map[string]id.Person `json:"sent"`
}

func (r *sms) day(at time.Time) (key string, d day, err error) {
	key = "alert/sms/" + at.In(kind.Zone).Format("2006-01-02")
	b, _, err := r.l.Shelf.Get(r.l.ctx, key)
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if isAbsent(err) {
		err = nil
	}
	if d.Sent == nil {
		d.Sent = map[string]id.Person{}
	}
	return key, d, err
}

// alarms are what was sent on one day of calls for help, by key. They are neither held back by what else was sent nor counted with it:
// no caller can use up what reaches others.
const alarms = "alert/alarm/"

// mayWiden tells whether a caller may have one more text message sent by calling again, and counts it.
func (r *sms) mayWiden(m textMessage) bool {
	if m.caller == "" {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.l.Now()
	maps.DeleteFunc(r.again, func(_ id.Person, times []time.Time) bool { return now.Sub(times[len(times)-1]) >= time.Hour })
	recent := slices.DeleteFunc(r.again[m.caller], func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	if len(recent) >= perCaller {
		return false
	}
	r.again[m.caller] = append(recent, now)
	return true
}

// enterAlarm writes a message of a call for help down before it is sent; false when it was sent before, or calling again has sent enough.
func (r *sms) enterAlarm(m textMessage) (bool, error) {
	key := alarms + m.key
	if _, _, err := r.l.Shelf.Get(r.l.ctx, key); err == nil {
		return false, nil
	} else if !isAbsent(err) {
		return false, err
	}
	if !r.mayWiden(m) {
		r.l.counts.add("sms", "capped")
		return false, nil
	}
	_, err := r.l.Shelf.Put(r.l.ctx, key, []byte(m.person), journal.Any, 7*24*time.Hour)
	if err != nil {
		r.l.wrong("a text message was not written down", err)
	}
	return true, nil
}

// enter writes a message down before it is sent; false when it was sent before, or there were enough today.
func (r *sms) enter(m textMessage) (bool, error) {
	if m.alarm {
		return r.enterAlarm(m)
	}
	now := r.l.Now()
	key, today, err := r.day(now)
	if err != nil {
		return false, err
	}
	_, yesterday, err := r.day(now.Add(-24 * time.Hour))
	if err != nil {
		return false, err
	}
	if today.Sent[m.key] != "" || yesterday.Sent[m.key] != "" {
		return false, nil
	}
	mine := 0
	for _, p := range today.Sent {
		if p == m.person {
			mine++
		}
	}
	if len(today.Sent) >= r.l.Daily || mine >= perPerson {
		r.l.counts.add("sms", "capped")
		return false, nil
	}
	today.Sent[m.key] = m.person
	b, err := json.Marshal(today)
	if err == nil {
		_, err = r.l.Shelf.Put(r.l.ctx, key, b, journal.Any, 7*24*time.Hour)
	}
	return err == nil, err
}
