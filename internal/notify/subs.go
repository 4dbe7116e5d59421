package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/webpush"
)

// Subscription is a browser that takes pushes.
type Subscription struct {
	ID       id.Push   `json:"id"`
	Device   id.Device `json:"device"`
	Endpoint string    `json:"endpoint"`
	P256dh   string    `json:"p256dh"`
	Auth     string    `json:"auth"`
	Created  int64     `json:"created"` // ms
}

const (
	maxEndpoint = 1024 // bytes
	mostPushes  = 10   // of one person; the oldest gives way
)

func pushKey(p id.Person, name id.Push) string { return "push/" + string(p) + "/" + string(name) }

// check says what is wrong with a subscription, as fault.Invalid. Push services are public hosts at the usual port of https; local lets one be on
// this machine. lookup asks what a name stands for; one that cannot be asked now is looked at again when it is dialled.
func (s *Subscription) check(ctx context.Context, local bool, lookup func(context.Context, string) ([]netip.Addr, error)) error {
	bad := fault.New(fault.Invalid, "the endpoint of a push service is an https URL of a public host").And("field", "endpoint")
	u, err := url.Parse(s.Endpoint)
	if err != nil || len(s.Endpoint) > maxEndpoint || u.User != nil || u.Hostname() == "" || u.Fragment != "" {
		return bad
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, err := netip.ParseAddr(host)
	named := err != nil
	here := named && (host == "localhost" || strings.HasSuffix(host, ".localhost")) || !named && ip.Unmap().IsLoopback()
	switch {
	case here && local && (u.Scheme == "http" || u.Scheme == "https"):
	case u.Scheme != "https" || here || u.Port() != "" && u.Port() != "443":
		return bad
	case named && !publicName(host) || !named && !public(ip):
		return bad
	case named:
		ctx, cancel := context.WithTimeout(ctx, lookIn)
		defer cancel()
		found, _ := lookup(ctx, host)
		if slices.ContainsFunc(found, func(a netip.Addr) bool { return !public(a) }) {
			return bad
		}
	}
	if _, err := webpush.ReadKeys(s.P256dh, s.Auth); err != nil {
		return fault.New(fault.Invalid, "these are not a subscription's keys").And("field", "p256dh")
	}
	return nil
}

const lookIn = 3 * time.Second

// inside are endings of names that mean something on a machine or in a network alone.
var inside = []string{"localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "test", "invalid", "onion", "alt"}

// publicName tells whether a name may be that of a public host. What ends in a number is an address in one of its odd spellings.
func publicName(host string) bool {
	at := strings.LastIndexByte(host, '.')
	last := host[at+1:]
	return at > 0 && last != "" && (last[0] < '0' || last[0] > '9') && !slices.Contains(inside, last)
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Subscribe lets a browser be rung by pushes. One endpoint is one person's and one device's: whose it was before is rung there no more.
func (l *Ladder) Subscribe(ctx context.Context, p id.Person, s Subscription) (id.Push, error) {
	if err := s.check(ctx, l.Local, lookup); err != nil {
		return "", err
	}
	s.ID, s.Created = id.Derive[id.Push]("w", s.Endpoint), l.Now().UnixMilli()
	r := l.push
	r.shelf.Lock()
	defer r.shelf.Unlock()
	before, _, err := l.Shelf.Get(ctx, "pushed/"+string(s.ID))
	if err != nil && !isAbsent(err) {
		return "", fmt.Errorf("notify: pushed: %w", err)
	}
	if was := id.Person(before); was != "" && was != p {
		if err := r.delete(ctx, was, s.ID); err != nil {
			return "", err
		}
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("notify: subscription: %w", err)
	}
	sealed, err := l.Register.Seal(p, plain)
	if err != nil {
		return "", err
	}
	if err := l.Shelf.PutAll(ctx, []journal.Item{
		{Key: "pushed/" + string(s.ID), Value: []byte(p)}, {Key: pushKey(p, s.ID), Value: sealed},
	}); err != nil {
		return "", fmt.Errorf("notify: subscription: %w", err)
	}
	r.forget(p)
	list, err := r.read(ctx, p)
	for err == nil && len(list) > mostPushes {
		err = r.delete(ctx, p, list[0].ID)
		list = list[1:]
	}
	return s.ID, err
}

// Unsubscribe takes a subscription away; fault.NotFound when this person has no such one.
func (l *Ladder) Unsubscribe(ctx context.Context, p id.Person, name id.Push) error {
	list, err := l.push.of(ctx, p)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(s Subscription) bool { return s.ID == name }) {
		return fault.New(fault.NotFound, "no such subscription")
	}
	return l.push.drop(ctx, p, name)
}

// Ended takes away what a device that was signed out had subscribed.
func (l *Ladder) Ended(p id.Person, d id.Device) {
	if l.push == nil {
		return // not started: nobody is rung on a device that is not signed in
	}
	ctx := context.WithoutCancel(l.ctx)
	list, err := l.push.of(ctx, p)
	for _, s := range list {
		if err == nil && s.Device == d {
			err = l.push.drop(ctx, p, s.ID)
		}
	}
	if err != nil {
		l.wrong("a subscription was not dropped", err)
	}
}

// of are a person's subscriptions, the oldest first.
func (r *push) of(ctx context.Context, p id.Person) ([]Subscription, error) {
	r.mu.Lock()
	list, ok := r.subs[p]
	r.mu.Unlock()
	if ok {
		return list, nil
	}
	r.shelf.Lock()
	defer r.shelf.Unlock()
	return r.read(ctx, p)
}

// read reads a person's subscriptions from the shelf, which the caller has locked.
func (r *push) read(ctx context.Context, p id.Person) ([]Subscription, error) {
	list := []Subscription{}
	for item, err := range r.l.Shelf.List(ctx, "push/"+string(p)+"/") {
		if errors.Is(err, journal.ErrUnreadable) {
			continue // the others are rung
		}
		if err != nil {
			return nil, fmt.Errorf("notify: subscriptions: %w", err)
		}
		plain, err := r.l.Register.Open(p, item.Value)
		if err != nil {
			return nil, err
		}
		var s Subscription
		if json.Unmarshal(plain, &s) == nil { // of somebody who was forgotten nothing is left
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Subscription) int { return cmp.Compare(a.Created, b.Created) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.subs) > 20_000 {
		clear(r.subs)
	}
	r.subs[p] = list
	return list, nil
}

func (r *push) forget(p id.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subs, p)
}

func (r *push) drop(ctx context.Context, p id.Person, name id.Push) error {
	r.shelf.Lock()
	defer r.shelf.Unlock()
	return r.delete(ctx, p, name)
}

func (r *push) delete(ctx context.Context, p id.Person, name id.Push) error {
	defer r.forget(p)
	for _, key := range []string{pushKey(p, name), "pushed/" + string(name)} {
		if err := r.l.Shelf.Delete(ctx, key, journal.Any); err != nil {
			return fmt.Errorf("notify: subscription: %w", err)
		}
	}
	return nil
}
