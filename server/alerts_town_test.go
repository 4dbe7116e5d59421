package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"linli/internal/kind"
	"linli/internal/long"
)

// inside is a town whose program runs in this process, by a clock that the test moves.
type inside struct {
	*town
	clock *handClock
	p     *Program
	close func()
}

type handClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *handClock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// until moves the clock forward to the next time it is that hour where the rooms are.
func (c *handClock) until(hour int) {
	now := c.now().In(kind.Zone)
	next := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 1, 0, kind.Zone)
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	c.skip(next.Sub(now))
}

// newInside is newTown in this process, at ten in the morning.
func newInside(t *testing.T, change func(*Config)) (w *inside, room, link string) {
	t.Helper()
	built.once.Do(func() { buildTown(t) })
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(built.dir)); err != nil {
		t.Fatal(err)
	}
	c := &handClock{}
	c.until(10)
	w = serveInside(t, dir, c, change)
	// The town was built at whatever hour it is: what was held for its people is rung now, and nobody hears it yet.
	eventually(t, "the town is awake", func() bool {
		b, _, err := w.p.Journal.Shelf().Get(context.Background(), "alert/log/office/main")
		return err == nil && !strings.Contains(string(b), `"open"`)
	})
	return w, built.room, built.link
}

func serveInside(t *testing.T, dir string, clock *handClock, change func(*Config)) *inside {
	t.Helper()
	return serveBy(t, dir, clock, settings{now: clock.now}, change)
}

// serveBy is serveInside by settings of the test's own.
func serveBy(t *testing.T, dir string, clock *handClock, by settings, change func(*Config)) *inside {
	t.Helper()
	c := &Config{Data: dir, Listen: "127.0.0.1:0", Log: "text", Level: "error", Reserve: 1, SMSDaily: 200, PushLocal: true}
	if change != nil {
		change(c)
	}
	p, err := open(context.Background(), c, by)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.serveOn(ctx, listener, c, special{}) }()
	w := &inside{town: &town{t: t, dir: dir, url: "http://" + listener.Addr().String(), log: &lines{}}, clock: clock, p: p}
	w.close = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-done, p.Close()); err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	t.Cleanup(w.close)
	return w
}

// person is somebody's id.
func (a *api) person() string { return a.must("GET", "/me", nil)["person"].(string) }

// calls says something that calls people.
func (a *api) calls(room, text string, who ...*api) int {
	a.w.t.Helper()
	var to []string
	for _, p := range who {
		to = append(to, p.person())
	}
	seq, no := a.act(room, "text.post", 0, map[string]any{"to": to}, map[string]string{"text": text})
	if no != "" {
		a.w.t.Fatalf("refused: %s", no)
	}
	return seq
}

// online is a page that somebody has open.
func (a *api) online() *websocket.Conn {
	a.w.t.Helper()
	c := a.socket()
	hear(a.w.t, c, "hello")
	return c
}

// alerted is the next alert that a page hears.
func alerted(t *testing.T, c *websocket.Conn) answer {
	t.Helper()
	return hear(t, c, "alert")["alert"].(map[string]any)
}

// shown says that an alert was shown, signed in as nobody.
func (w *town) shown(alert answer) {
	w.t.Helper()
	w.nobody().must("POST", "/alerts/"+alert["receipt"].(string)+"/shown", map[string]any{})
}

// pushService is a stand-in for what browsers' makers run. It reads what it is given as the browser would, and checks who sends.
type pushService struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	browsers map[string]*browser // by path
	key      string              // that browsers subscribed with
}

// browser is one that takes pushes.
type browser struct {
	service *pushService
	path    string
	private *ecdh.PrivateKey
	auth    []byte
	id      string
	got     chan pushed

	answer []int // to the next pushes; 201 when there are none left
	all    []pushed
}

type pushed struct {
	Alert  answer
	Header http.Header
	plain  string
}

func newPushService(t *testing.T) *pushService {
	t.Helper()
	s := &pushService{t: t, browsers: map[string]*browser{}}
	server := httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *pushService) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.browsers[r.URL.Path]
	if b == nil {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	if len(b.answer) > 0 {
		status := b.answer[0]
		b.answer = b.answer[1:]
		w.Header().Set("Location", s.url+r.URL.Path)
		w.WriteHeader(status)
		return
	}
	if err := s.signed(r); err != nil {
		s.t.Errorf("who sends: %v", err)
	}
	plain, err := b.open(body)
	if err != nil || len(body) > 4096 {
		s.t.Errorf("a push of %d bytes: %v", len(body), err)
	}
	p := pushed{Header: r.Header, plain: string(plain)}
	if err := json.Unmarshal(plain, &p.Alert); err != nil {
		s.t.Errorf("%s: %v", plain, err)
	}
	b.all = append(b.all, p)
	b.got <- p
	w.WriteHeader(http.StatusCreated)
}

// signed checks the token: whose key, for which service, until when.
func (s *pushService) signed(r *http.Request) error {
	text, k, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid t="), ", k=")
	if k != s.key {
		return errors.New("another key than browsers subscribed with")
	}
	raw, err := base64.RawURLEncoding.DecodeString(k)
	if err != nil {
		return err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return err
	}
	token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(s.url), jwt.WithExpirationRequired())
	if err != nil {
		return err
	}
	if until, _ := token.Claims.GetExpirationTime(); time.Until(until.Time) > 24*time.Hour {
		return errors.New("it holds for more than a day")
	}
	return nil
}

// open decrypts a body (RFC 8291) as the browser does.
func (b *browser) open(body []byte) ([]byte, error) {
	if len(body) < 86 || body[20] != 65 {
		return nil, errors.New("no header")
	}
	salt, point, sealed := body[:16], body[21:86], body[86:]
	sender, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(sender)
	if err != nil {
		return nil, err
	}
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, "WebPush: info\x00"+string(b.private.PublicKey().Bytes())+string(point), 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil || len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.Join(err, errors.New("not one last record"))
	}
	return plain[:len(plain)-1], nil
}

// unsubscribed is a browser that nobody knows of yet.
func (s *pushService) unsubscribed() *browser {
	s.t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{service: s, path: "/" + rand.Text(), private: private, auth: []byte(rand.Text()[:16]), got: make(chan pushed, 64)}
}

// browser subscribes one of somebody's.
func (s *pushService) browser(a *api) *browser {
	s.t.Helper()
	b := s.unsubscribed()
	s.mu.Lock()
	s.browsers[b.path] = b
	s.key = a.must("GET", "/me/alerts", nil)["key"].(string)
	s.mu.Unlock()
	b.id = a.must("POST", "/me/pushes", b.subscription())["id"].(string)
	return b
}

func (b *browser) subscription() map[string]any {
	enc := base64.RawURLEncoding
	return map[string]any{"endpoint": b.service.url + b.path, "p256dh": enc.EncodeToString(b.private.PublicKey().Bytes()), "auth": enc.EncodeToString(b.auth)}
}

// next waits for a push.
func (b *browser) next() pushed {
	b.service.t.Helper()
	select {
	case p := <-b.got:
		return p
	case <-time.After(long.Patience):
		b.service.t.Fatal("no push")
		return pushed{}
	}
}

// silent checks that nothing but tests has come, behind a test that comes now.
func (b *browser) silent(a *api) {
	b.service.t.Helper()
	a.must("POST", "/me/alerts/test", map[string]any{})
	if p := b.next(); p.Alert["test"] != true {
		b.service.t.Errorf("a push came: %v", p.Alert)
	}
}

func (b *browser) answers(status ...int) {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	b.answer = slices.Clone(status)
}

// took is all that has come.
func (b *browser) took() []pushed {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	return slices.Clone(b.all)
}

// left is how many answers have not been given yet.
func (b *browser) left() int {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	return len(b.answer)
}

// hookServer is an operator's own program.
type hookServer struct {
	url string
	got chan hooked
}

type hooked struct {
	Body      answer
	Raw       []byte
	Signature string
}

func newHook(t *testing.T) *hookServer {
	t.Helper()
	h := &hookServer{got: make(chan hooked, 64)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var x hooked
		x.Raw, _ = io.ReadAll(r.Body)
		x.Signature = r.Header.Get("Linli-Signature")
		_ = json.Unmarshal(x.Raw, &x.Body)
		h.got <- x
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *hookServer) next(t *testing.T) hooked {
	t.Helper()
	select {
	case x := <-h.got:
		return x
	case <-time.After(long.Patience):
		t.Fatal("the hook was not asked")
		return hooked{}
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	long.Wait(t, what, so)
}
