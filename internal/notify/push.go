package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/webpush"
)

// push is the second rung: browsers that somebody has subscribed. Each push service has a few senders of its own, so that a slow one
// holds up nobody but itself.
type push struct {
	l      *Ladder
	sender *webpush.Sender
	client *http.Client
	slots  chan struct{}

	shelf sync.Mutex // what is read from it and what is in memory change together; before mu

	mu       sync.Mutex
	services map[string]*service
	subs     map[id.Person][]Subscription // what was read from the shelf
}

type service struct {
	queue   []pushJob
	senders int
}

type pushJob struct {
	person  id.Person
	at      place // of an item whose room's members alone may hear of it, and those above who were rung; empty for anybody
	sub     Subscription
	plain   []byte
	topic   string
	urgency string
	ttl     time.Duration
	tries   int
}

const (
	perService  = 4    // senders
	allSenders  = 64   // of all services together
	mostQueued  = 5000 // pushes that wait for one service; more are let go
	pushIn      = 10 * time.Second
	pushTries   = 3
	mostBackoff = 5 * time.Minute
	afterPush   = 25 * time.Second
)

var (
	errPrivate     = errors.New("notify: not a public address")
	errUnreachable = errors.New("notify: unreachable")
)

func newPush(l *Ladder, sender *webpush.Sender) *push {
	d := &net.Dialer{Timeout: 5 * time.Second, Control: publicOnly}
	if l.Local {
		d.Control = nil
	}
	return &push{
		l: l, sender: sender, slots: make(chan struct{}, allSenders), services: map[string]*service{}, subs: map[id.Person][]Subscription{},
		client: &http.Client{
			Timeout: pushIn,
			// No proxy: a subscription names any host it likes, and the address that is dialled is what is checked.
			Transport: &http.Transport{
				DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: pushIn, ForceAttemptHTTP2: true,
				MaxIdleConnsPerHost: perService, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// publicOnly refuses to connect to this machine and to networks that are not public, whatever a name resolves to.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) {
		return errPrivate
	}
	return nil
}

// reserved are networks that look public to net/netip and are not.
var reserved = func() (list []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func (*push) Channel() string { return "push" }

func (*push) Fits(*climb) bool { return true }

func (*push) Patience(*climb) time.Duration { return afterPush }

// Ring queues a push to each browser.
func (r *push) Ring(c *climb) bool {
	subs, err := r.of(r.l.ctx, c.person)
	if err != nil {
		r.l.wrong("subscriptions were not read", err)
		return false
	}
	rang := false
	for _, s := range subs {
		if !r.l.Alive(s.Device) {
			continue
		}
		a := r.l.alert(c, r.Channel(), s.ID)
		badge := r.l.badge(c.person)
		a.Badge, a.Test = &badge, a.Topic == "test"
		plain, err := json.Marshal(a)
		if err != nil {
			r.l.wrong("not JSON", err)
			continue
		}
		j := pushJob{person: c.person, sub: s, plain: plain, topic: topicOf(a.Tag), urgency: urgency(c), ttl: ttl(c)}
		if c.first().Application == "" {
			j.at = place{a.Room, a.Seq}
		}
		r.put(j)
		rang = true
	}
	return rang
}

// topicOf is the header by which a service lets a later push take the place of an earlier one: 32 letters at most.
func topicOf(tag string) string {
	sum := sha256.Sum256([]byte(tag))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

func urgency(c *climb) string {
	switch topic := c.first().Ring.Topic; {
	case c.loud(), topic == "call", topic == "test":
		return "high"
	case topic == "chat":
		return "low"
	}
	return "normal"
}

// ttl is how long a service keeps a push for a browser that is away.
func ttl(c *climb) time.Duration {
	switch topic := c.first().Ring.Topic; {
	case topic == "test":
		return time.Minute
	case c.loud(), topic == "chat":
		return time.Hour
	}
	return 24 * time.Hour
}

func (r *push) put(j pushJob) {
	u, err := url.Parse(j.sub.Endpoint)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.services[u.Host]
	if s == nil {
		s = &service{}
		r.services[u.Host] = s
	}
	if len(s.queue) >= mostQueued {
		r.l.counts.add("push", "failed")
		return
	}
	s.queue = append(s.queue, j)
	if s.senders < perService {
		s.senders++
		r.l.work.Go(func() { r.serve(u.Host, s) })
	}
}

// serve sends what waits for one service, and ends.
func (r *push) serve(host string, s *service) {
	for {
		r.mu.Lock()
		if len(s.queue) == 0 || r.l.ctx.Err() != nil {
			if s.senders--; s.senders == 0 {
				delete(r.services, host)
			}
			r.mu.Unlock()
			return
		}
		j := s.queue[0]
		s.queue = s.queue[1:]
		r.mu.Unlock()
		r.slots <- struct{}{}
		var status int
		var after time.Duration
		err := fault.Caught(func() (err error) {
			status, after, err = r.send(r.l.ctx, &j)
			return err
		})
		<-r.slots
		r.l.do(func() { r.came(&j, status, after, err) })
	}
}

func (r *push) send(ctx context.Context, j *pushJob) (status int, after time.Duration, err error) {
	keys, err := webpush.ReadKeys(j.sub.P256dh, j.sub.Auth)
	if err != nil {
		return 0, 0, err
	}
	body, err := webpush.Encrypt(keys, j.plain)
	if err != nil {
		return 0, 0, err
	}
	authorization, err := r.sender.Authorization(j.sub.Endpoint, time.Now())
	if err != nil {
		return 0, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, 0, fmt.Errorf("notify: push: %w", err)
	}
	for k, v := range map[string]string{
		"Authorization": authorization, "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
		"TTL": strconv.Itoa(int(j.ttl.Seconds())), "Urgency": j.urgency, "Topic": j.topic,
	} {
		req.Header.Set(k, v)
	}
	res, err := r.client.Do(req)
	if errors.Is(err, errPrivate) {
		return 0, 0, errPrivate
	}
	if err != nil {
		return 0, 0, errUnreachable // the error itself names the endpoint
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return res.StatusCode, time.Duration(seconds) * time.Second, nil
}

// came is what a service answered.
func (r *push) came(j *pushJob, status int, after time.Duration, err error) {
	l, now := r.l, r.l.Now()
	j.tries++
	switch {
	case err == nil && status >= 200 && status < 300:
		l.counts.add("push", "sent")
	case status == http.StatusNotFound || status == http.StatusGone:
		l.counts.add("push", "gone")
		l.can.failed(j.person, "push", j.sub.ID, "gone", now)
		if err := r.drop(l.ctx, j.person, j.sub.ID); err != nil {
			l.wrong("a subscription was not dropped", err)
		}
	case status == http.StatusTooManyRequests || status >= 500 || errors.Is(err, errUnreachable):
		if j.tries < pushTries {
			l.later(retryAfter(j.tries, after), func() { r.again(j) })
			return
		}
		l.counts.add("push", "failed")
		l.can.failed(j.person, "push", j.sub.ID, "unreachable", now)
	default:
		l.counts.add("push", "refused")
		l.can.failed(j.person, "push", j.sub.ID, "refused", now)
		l.Log.Warn("a push was refused", "status", status, "err", err)
	}
}

// again sends once more, unless the browser has gone meanwhile.
func (r *push) again(j *pushJob) {
	if !r.l.Alive(j.sub.Device) {
		return
	}
	subs, err := r.of(r.l.ctx, j.person)
	if err != nil {
		return
	}
	for _, s := range subs {
		if s.ID == j.sub.ID && (j.at.room == "" || r.l.reaches(j.person, j.at)) {
			r.put(*j)
		}
	}
}

// retryAfter is how long to wait before a try: 5 s, then 30 s, or as long as was asked for, within reason.
func retryAfter(tries int, asked time.Duration) time.Duration {
	wait := 5 * time.Second
	if tries > 1 {
		wait = 30 * time.Second
	}
	return min(max(wait, asked), mostBackoff)
}

// whyOf words an error as a client may show it.
func whyOf(err error) string {
	if errors.Is(err, errUnreachable) {
		return "unreachable"
	}
	return "refused"
}
