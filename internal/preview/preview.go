// Package preview says what stands behind a link: the title and description of a page, as text and nothing else. It asks only hosts
// that the operator listed, only by HTTPS, and only at public addresses, whatever a name resolves to: a link in a room must not become
// a way to look around inside the office's network. What it learns is kept in memory for a while.
package preview

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"linli/internal/fault"
)

const (
	within   = 5 * time.Second
	mostPage = 512 << 10 // bytes that are read of a page
	mostHops = 3         // redirects that are followed, between listed hosts alone
	atOnce   = 4         // pages that are fetched at the same time
	mostLink = 2000      // bytes of an address
	// MostLinks is how many links of one message are looked at.
	MostLinks = 3
)

// Card is what a page says of itself.
type Card struct {
	URL         string `json:"url"` // as it stands in the message
	Host        string `json:"host"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// Fetcher fetches pages of listed hosts. It is safe for concurrent use; one without hosts fetches nothing.
type Fetcher struct {
	Client *http.Client // dials public addresses alone; a test's may dial its own
	hosts  []string
	fetch  chan struct{}
	kept   shelf
}

// New is a fetcher for hosts: a name is that host alone, .name every host below it.
func New(hosts []string, now func() time.Time) *Fetcher {
	f := &Fetcher{fetch: make(chan struct{}, atOnce), kept: shelf{now: now, cards: map[string]*kept{}}}
	for _, h := range hosts {
		f.hosts = append(f.hosts, strings.ToLower(h))
	}
	dialer := &net.Dialer{Timeout: within, Control: public}
	f.Client = &http.Client{
		Timeout:       within,
		CheckRedirect: f.follow,
		Transport: &http.Transport{ // no proxy: it would dial in our place, and not look where
			DialContext: dialer.DialContext, TLSHandshakeTimeout: within, MaxConnsPerHost: atOnce, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: 32 << 10, ForceAttemptHTTP2: true,
		},
	}
	return f
}

// Hosts are those that may be asked.
func (f *Fetcher) Hosts() []string { return append([]string{}, f.hosts...) }

// links are written as the client finds them (chat/links.ts).
var links = regexp.MustCompile(`https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]*[\w/=&#%~-]`)

// Links are the addresses in a text that may be fetched, in order and each once.
func (f *Fetcher) Links(text string) (list []string) {
	for _, link := range links.FindAllString(text, -1) {
		if u, err := url.Parse(link); err == nil && f.may(u) && !slices.Contains(list, link) {
			if list = append(list, link); len(list) == MostLinks {
				break
			}
		}
	}
	return list
}

// may tells whether an address is one to be asked.
func (f *Fetcher) may(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && u.User == nil && (u.Port() == "" || u.Port() == "443") && len(u.String()) <= mostLink &&
		slices.ContainsFunc(f.hosts, func(h string) bool { return host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) })
}

func (f *Fetcher) follow(r *http.Request, via []*http.Request) error {
	if len(via) > mostHops || !f.may(r.URL) {
		return http.ErrUseLastResponse
	}
	return nil
}

// Of is the card of an address; fault.NotFound when there is none to be had.
func (f *Fetcher) Of(ctx context.Context, link string) (Card, error) {
	none := fault.New(fault.NotFound, "nothing is to be seen of this address")
	u, err := url.Parse(link)
	if err != nil || !f.may(u) {
		return Card{}, none
	}
	u.Fragment = ""
	k := f.kept.of(u.String())
	k.once.Do(func() {
		defer close(k.done)
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), within) // others wait for it as well
		defer cancel()
		select {
		case f.fetch <- struct{}{}:
			defer func() { <-f.fetch }()
			k.title, k.description = f.page(work, u.String())
		case <-work.Done():
		}
	})
	select {
	case <-k.done:
	case <-ctx.Done():
		return Card{}, none
	}
	if k.title == "" {
		return Card{}, none
	}
	return Card{URL: link, Host: u.Hostname(), Title: k.title, Description: k.description}, nil
}

// page fetches and reads; empty when it is not a page.
func (f *Fetcher) page(ctx context.Context, link string) (title, description string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", ""
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "zh-CN")
	req.Header.Set("User-Agent", "Linli")
	res, err := f.Client.Do(req)
	if err != nil {
		return "", ""
	}
	defer res.Body.Close()
	media, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if media = strings.TrimSpace(media); res.StatusCode != http.StatusOK || media != "text/html" && media != "application/xhtml+xml" {
		return "", ""
	}
	return read(io.LimitReader(res.Body, mostPage), res.Header.Get("Content-Type"))
}

// closed are the addresses that are nobody's website: special ranges that netip does not name (IANA special-purpose registries).
var closed = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

// public refuses to dial what is not on the open net. It sees the address that was resolved, so no name can talk it round.
func public(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return errors.New("preview: not a public address")
	}
	return nil
}

const (
	mostKept  = 500 // pages
	keepFound = 6 * time.Hour
	keepNone  = 10 * time.Minute
)

// shelf keeps what was found, and that nothing was.
type shelf struct {
	now   func() time.Time
	mu    sync.Mutex
	cards map[string]*kept
}

type kept struct {
	at                 time.Time
	once               sync.Once
	done               chan struct{}
	title, description string
}

// of is the place for an address: as it was kept, or a fresh one.
func (s *shelf) of(link string) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.cards[link]; k != nil && !k.old(s.now()) {
		return k
	}
	delete(s.cards, link)
	if len(s.cards) >= mostKept {
		oldest := ""
		for name, k := range s.cards {
			if oldest == "" || k.at.Before(s.cards[oldest].at) {
				oldest = name
			}
		}
		delete(s.cards, oldest)
	}
	k := &kept{at: s.now(), done: make(chan struct{})}
	s.cards[link] = k
	return k
}

func (k *kept) old(now time.Time) bool {
	select {
	case <-k.done:
	default:
		return false // it is being fetched
	}
	if k.title == "" {
		return now.Sub(k.at) > keepNone
	}
	return now.Sub(k.at) > keepFound
}
