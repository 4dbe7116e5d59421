package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// visitor is a browser: it keeps cookies, and comes from an address behind the proxy on this machine.
type visitor struct {
	t    *testing.T
	w    *town
	from string
	jar  http.CookieJar
}

func (w *town) visitor(from string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{w.t, w, from, jar}
}

func (b *visitor) ask(method, path, body string, more ...string) (status int, said string, res *http.Response) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.w.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", b.from)
	for i := 0; i < len(more); i += 2 {
		if more[i] == "Host" {
			req.Host = more[i+1]
		}
		req.Header.Set(more[i], more[i+1])
	}
	res, err = (&http.Client{Jar: b.jar}).Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(all), res
}

func (b *visitor) signIn(phone, password string) int {
	b.t.Helper()
	status, _, _ := b.ask("POST", "/session", `{"phone":"`+phone+`","password":"`+password+`"}`)
	return status
}

// Who signed in here once, and out again, is let in whatever others try with their phone; a browser of nobody waits, right or wrong.
func TestOthersTriesShutOutNoKnownBrowser(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own := w.visitor("192.0.2.1")
	if status := own.signIn(zhang.phone, password); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, said, _ := own.ask("DELETE", "/session", ""); status != http.StatusOK {
		t.Fatal(status, said)
	}
	for n := range 12 {
		w.visitor("198.51.100."+string(rune('1'+n%9))).signIn(zhang.phone, "geraten-123")
	}
	if status := w.visitor("203.0.113.5").signIn(zhang.phone, password); status != http.StatusTooManyRequests {
		t.Errorf("a browser of nobody: %d", status)
	}
	if status := own.signIn(zhang.phone, password); status != http.StatusOK {
		t.Errorf("the known browser: %d", status)
	}
	// Who guesses the old password in a signed-in session is counted as at the door.
	in := w.as(li)
	for range 8 {
		in.no("wrong", "PUT", "/me/password", map[string]any{"old": "geraten-123", "new": "changed-2020"})
	}
	in.no("too-many", "PUT", "/me/password", map[string]any{"old": password, "new": "changed-2020"})
	// And with the owner's code from wherever they are.
	person := w.nobody().with(w.token(own)).must("GET", "/me", nil)["person"].(string)
	code := w.as(keeper).must("POST", "/rooms/"+room+"/members/"+person+"/code", map[string]any{})["code"].(string)
	if status, said, _ := w.visitor("203.0.113.5").ask("POST", "/session/code", `{"phone":"`+zhang.phone+`","code":"`+code+`","password":"heyuan-2022"}`); status != http.StatusOK {
		t.Errorf("the owner's code: %d %s", status, said)
	}
	// The browser whose device the code ended reads why.
	status, said, _ := own.ask("POST", "/session/refresh", `{}`)
	if status != http.StatusGone || !strings.Contains(said, `"why":"code"`) {
		t.Errorf("the one before: %d %s", status, said)
	}
}

// token is what a browser's cookie opens.
func (w *town) token(b *visitor) answer {
	u, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range b.jar.Cookies(u) {
		if c.Name == "linli_access" {
			return answer{"access": c.Value}
		}
	}
	w.t.Fatal("no access cookie")
	return nil
}

// Signing out ends the device also when its access token is past its time.
func TestSigningOutNeedsNoFreshToken(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	b, other := w.visitor("192.0.2.1"), w.as(zhang)
	b.signIn(zhang.phone, password)
	u, _ := url.Parse(w.url)
	b.jar.SetCookies(u, []*http.Cookie{{Name: "linli_access", Path: "/", MaxAge: -1}})
	devices := func() int { return len(other.must("GET", "/me/devices", nil)["devices"].([]any)) }
	before := devices()
	if status, said, _ := b.ask("DELETE", "/session", ""); status != http.StatusOK {
		t.Fatal(status, said)
	}
	if n := devices(); n != before-1 {
		t.Errorf("%d devices before, %d after", before, n)
	}
}

// A page knows from a cookie of its own whether somebody is signed in, so that nobody asks in vain; it opens nothing.
func TestAPageKnowsWhetherSomebodyIsSignedIn(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	b := w.visitor("192.0.2.1")
	u, _ := url.Parse(w.url)
	until := func() string {
		for _, c := range b.jar.Cookies(u) {
			if c.Name == "linli_until" {
				return c.Value
			}
		}
		return ""
	}
	b.signIn(zhang.phone, password)
	if ms, err := strconv.ParseInt(until(), 10, 64); err != nil || ms <= time.Now().UnixMilli() {
		t.Errorf("signed in until %q", until())
	}
	if status, said, _ := b.ask("DELETE", "/session", ""); status != http.StatusOK || until() != "" {
		t.Error("signed out:", status, said, until())
	}
}

// A page of a room goes compressed to a browser that takes it so, and is the same page.
func TestAnswersGoCompressed(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	a := w.visitor("192.0.2.1")
	a.signIn(zhang.phone, password)
	_, plain, res := a.ask("GET", "/rooms", "", "Accept-Encoding", "identity")
	if res.Header.Get("Content-Encoding") != "" {
		t.Error("compressed, and not asked for")
	}
	_, packed, res := a.ask("GET", "/rooms", "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal(res.Header, err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != plain {
		t.Errorf("%s is not %s: %v", b, plain, err)
	}
}

// A proxy that does not pass on Host, a browser that says nothing of where it fetches from: pages of the public address are ours.
func TestBehindAProxyWithoutHost(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	w.stop()
	w = serveTown(t, w.dir, "-public", "https://linli.example.cn")
	a := w.as(zhang)
	b := w.visitor("192.0.2.1")
	ours := []string{"Origin", "https://linli.example.cn", "Host", "upstream:8080", "X-Forwarded-Proto", "https,http"}
	status, said, res := b.ask("POST", "/session", `{"phone":"`+zhang.phone+`","password":"`+password+`"}`, ours...)
	if status != http.StatusOK {
		t.Fatal(status, said)
	}
	for _, c := range res.Cookies() {
		if !c.Secure {
			t.Errorf("%s is not Secure", c.Name)
		}
	}
	dial := func(origin string) error {
		c, _, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
			Host: "upstream:8080", HTTPHeader: http.Header{"Authorization": {"Bearer " + a.access}, "Origin": {origin}},
		})
		if err == nil {
			_ = c.CloseNow()
		}
		return err
	}
	if err := dial("https://linli.example.cn"); err != nil {
		t.Errorf("the socket: %v", err)
	}
	if dial("https://elsewhere.example") == nil {
		t.Error("the socket opens for a page of elsewhere")
	}
	if status, said, _ := b.ask("POST", "/session", `{}`, "Origin", "https://elsewhere.example"); status != http.StatusForbidden || !strings.Contains(said, `"forbidden"`) {
		t.Errorf("another page: %d %s", status, said)
	}
	w.stop()
	if !strings.Contains(w.log.String(), "proxy_set_header Host") {
		t.Error("the log does not name the header")
	}
}

func TestSettingsThatWouldDoNothingAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  string
		want string // "" when it is taken
	}{
		{"a path", []string{"-public", "https://host/linli/"}, "", "host of its own"},
		{"a query", []string{"-public", "https://host/?x"}, "", "not a URL"},
		{"a name and password", []string{"-public", "https://a:b@host"}, "", "not a URL"},
		{"a slash", []string{"-public", "https://host/"}, "", ""},
		{"a network", []string{"-proxies", "172.18.0.0/16, 10.0.0.7,::1"}, "", ""},
		{"nobody", []string{"-proxies", ""}, "", ""},
		{"a name for a proxy", []string{"-proxies", "nginx"}, "", "172.18.0.0/16"},
		{"a misspelt variable", nil, "LINLI_RESERV=5", "LINLI_RESERVE?"},
		{"one in small letters", nil, "linli_data=x", "LINLI_DATA?"},
		{"one that is nothing like", nil, "LINLI_COLOUR_SCHEME=x", "no such setting"},
		{"one of the demo", nil, "LINLI_SPEED=5", ""},
		{"somebody else's", nil, "LINLIX=5", ""},
		{"a certificate without its key", []string{"-tls-cert", "cert.pem"}, "", "both or none"},
		{"https of its own, and another way for people", []string{"-tls-cert", "a", "-tls-key", "b", "-public", "http://host"}, "", "speaks https itself"},
		{"a certificate to fetch, for no name", []string{"-tls-acme"}, "", "for which name"},
		{"a certificate to fetch, for an address", []string{"-tls-acme", "-public", "https://192.0.2.1"}, "", "for which name"},
		{"a certificate to fetch, for people who come by http", []string{"-tls-acme", "-public", "http://linli.example.cn"}, "", "speaks https itself"},
		{"a certificate to fetch, and one of its own", []string{"-tls-acme", "-public", "https://linli.example.cn", "-tls-cert", "a", "-tls-key", "b"}, "", "not both"},
		{"an authority for nothing", []string{"-tls-ca", "https://ca.example.org/dir"}, "", "which is not set"},
		{"an authority by http", []string{"-tls-acme", "-public", "https://linli.example.cn", "-tls-ca", "http://ca.example.org/dir"}, "", "tls-ca"},
		{"a certificate to fetch", []string{"-tls-acme", "-public", "https://linli.example.cn"}, "", ""},
		{"no address", []string{"-tls-cert", "a", "-tls-key", "b", "-listen-http", "here"}, "", "listen-http"},
		{"https of its own", []string{"-tls-cert", "a", "-tls-key", "b", "-public", "https://host", "-listen-http", ""}, "", ""},
		{"no flag", []string{"data", "/srv"}, "", "hyphen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, v := range os.Environ() {
				if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(strings.ToUpper(name), "LINLI_") {
					t.Setenv(name, "")
					_ = os.Unsetenv(name)
				}
			}
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			var said strings.Builder
			err := new(Config).parse("serve", c.args, &said)
			if (err == nil) != (c.want == "") || !strings.Contains(said.String(), c.want) {
				t.Errorf("%v, and it says %q", err, said.String())
			}
		})
	}
}

// A stop in the middle of everything is no error: nothing warns, nothing complains.
func TestAStopIsQuietInTheLog(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	a, b := w.as(zhang), w.as(li)
	line := a.socket()
	hear(t, line, "hello")
	b.socket() // and one that says nothing and answers nothing
	half := b.must("POST", "/rooms/"+room+"/uploads", map[string]any{"as": "file", "size": 1000})
	if half["upload"] == nil {
		t.Fatal(half)
	}
	notice, refused := w.as(keeper).act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "urgent"}, map[string]any{"title": "停水", "body": "今晚"})
	if refused != "" || notice == 0 {
		t.Fatal(refused)
	}
	for n := range 20 {
		a.say(room, strings.Repeat("好", n+1))
		tell(t, line, map[string]any{"read": []any{[]any{room, notice}}, "resume": []any{map[string]any{"room": room, "after": 1}}})
	}
	idle, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://")) // a connection that never says what it wants
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	busy := w.as(zhang)
	talk := busy.socket()
	go func() { // somebody who goes on talking
		for n := 1; ; n++ {
			said, _ := json.Marshal(map[string]any{
				"do":     []any{map[string]any{"id": fmt.Sprintf("%s.%d", busy.device, n), "room": room, "act": "text.post", "words": map[string]string{"text": "又一句"}}},
				"resume": []any{map[string]any{"room": room, "after": 1}}, "read": []any{[]any{room, n}},
			})
			if talk.Write(context.Background(), websocket.MessageText, said) != nil {
				return
			}
		}
	}()
	go func() { // somebody whose upload trickles, and who goes away in the middle
		body, slow := io.Pipe()
		req, _ := http.NewRequest("PATCH", w.url+"/api/v1/uploads/"+half["upload"].(string), body)
		req.Header.Set("Authorization", "Bearer "+b.access)
		req.Header.Set("Upload-Offset", "0")
		go func() {
			_, _ = slow.Write(make([]byte, 10))
			_ = slow.CloseWithError(io.ErrUnexpectedEOF)
		}()
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	go func() { // somebody who goes on asking
		for {
			if res, err := http.Get(w.url + "/api/v1/setup"); err != nil {
				return
			} else {
				_ = res.Body.Close()
			}
		}
	}()
	hear(t, talk, "ok")
	w.stop()
	for _, l := range strings.Split(w.log.String(), "\n") {
		if strings.Contains(l, `"level":"ERROR"`) || strings.Contains(l, `"level":"WARN"`) || l != "" && !strings.HasPrefix(l, "{") {
			t.Errorf("it says %s", l)
		}
	}
	if !strings.Contains(w.log.String(), `"msg":"stopping"`) {
		t.Error("it does not say that it stops")
	}
}

// Nor is a stop while it starts.
func TestAStopWhileItStartsIsQuietToo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for name, run := range map[string]func(context.Context, []string, io.Writer, io.Writer) int{"serve": serve, "demo": demo} {
		var said strings.Builder
		if code := run(ctx, []string{"-data", t.TempDir(), "-listen", "127.0.0.1:0", "-level", "error"}, io.Discard, &said); code != 0 || said.Len() > 0 {
			t.Errorf("%s ended with %d, and said %q", name, code, said.String())
		}
	}
}
