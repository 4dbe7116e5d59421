package preview

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"linli/internal/fault"
)

// web is a fetcher in a world of one machine: whatever host is asked for, it is this handler on loopback that answers.
func web(t *testing.T, now func() time.Time, answer http.HandlerFunc, hosts ...string) *Fetcher {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	f := New(hosts, now)
	f.Client.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the names are not its own
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	return f
}

func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}
}

func TestAPageIsReadAsItsTitleAndDescription(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(`<html><head><meta charset="gbk"><title>停水通知</title></head>`)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ html, media, title, description string }{
		"plain": {`<title> 停水
			通知 </title><meta name=description content="今晚 8 点">`, "text/html; charset=utf-8", "停水 通知", "今晚 8 点"},
		"open graph first": {`<title>网站</title><meta property="og:title" content="停水"><meta name="description" content="网站"><meta property="og:description" content="今晚"/>`, "text/html", "停水", "今晚"},
		"another encoding": {gbk, "text/html", "停水通知", ""},
		"entities":         {`<title>&lt;b&gt;A&amp;B&lt;/b&gt;</title>`, "text/html; charset=utf-8", "<b>A&B</b>", ""},
		"markup inside":    {`<title><script>alert(1)</script></title>`, "text/html; charset=utf-8", "<script>alert(1)</script>", ""},
		"turned around":    {"<title>\u202egnp.exe\u0000\u200b</title>", "text/html; charset=utf-8", "gnp.exe", ""},
		"in the body":      {`<body><title>假的</title>`, "text/html; charset=utf-8", "", ""},
		"in a comment":     {`<!-- <title>假的</title> --><script>"<title>假的</title>"</script><title>真的</title>`, "text/html; charset=utf-8", "真的", ""},
		"never ending":     {"<title>停水</title>" + strings.Repeat("<meta name=x content=y>", 40_000), "text/html; charset=utf-8", "停水", ""},
		"one endless tag":  {"<title>停水</title><meta content=\"" + strings.Repeat("水", 400_000), "text/html; charset=utf-8", "停水", ""},
		"too late":         {"<!--" + strings.Repeat("x", mostPage) + "--><title>停水</title>", "text/html", "", ""},
		"no page":          {`<title>停水</title>`, "application/json", "", ""},
		"nothing":          {``, "text/html", "", ""},
	} {
		f := web(t, time.Now, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.media)
			_, _ = io.WriteString(w, c.html)
		}, "www.example.gov.cn")
		card, err := f.Of(t.Context(), "https://www.example.gov.cn/a")
		if card.Title != c.title || card.Description != c.description || (err == nil) != (c.title != "") {
			t.Errorf("%s: %+v %v", name, card, err)
		}
	}
	long := web(t, time.Now, page("<title>"+strings.Repeat("水", 5000)+"</title>"), "a.cn")
	card, err := long.Of(t.Context(), "https://a.cn/")
	if err != nil || utf8.RuneCountInString(card.Title) != mostTitle || card.Host != "a.cn" {
		t.Errorf("%+v %v", card, err)
	}
}

func TestOnlyListedHostsAreAsked(t *testing.T) {
	f := web(t, time.Now, page("<title>好</title>"), "www.example.gov.cn", ".city.gov.cn")
	for link, want := range map[string]bool{
		"https://www.example.gov.cn/a?b=1#c":       true,
		"https://WWW.Example.gov.cn/":              true,
		"https://www.example.gov.cn:443/":          true,
		"https://water.city.gov.cn/":               true,
		"https://city.gov.cn/":                     false,
		"https://evilcity.gov.cn/":                 false,
		"http://www.example.gov.cn/":               false,
		"https://www.example.gov.cn:8443/":         false,
		"https://example.gov.cn/":                  false,
		"https://www.example.gov.cn.evil.cn/":      false,
		"https://www.example.gov.cn@evil.cn/":      false,
		"https://me:secret@www.example.gov.cn/":    false,
		"https://127.0.0.1/":                       false,
		"file:///etc/passwd":                       false,
		"//www.example.gov.cn/":                    false,
		"https://www.example.gov.cn/%00":           true, // a path like any other
		"https://www.example.gov.cn\\@evil.cn/":    false,
		"https://www.example.gov.cn/" + long(2000): false,
	} {
		if _, err := f.Of(t.Context(), link); (err == nil) != want || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%.60s: %v", link, err)
		}
	}
	if _, err := New(nil, time.Now).Of(t.Context(), "https://www.example.gov.cn/"); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a list: %v", err)
	}
}

func long(n int) string { return strings.Repeat("a", n) }

func TestRedirectsStayOnTheList(t *testing.T) {
	var asked atomic.Int32
	f := web(t, time.Now, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/on":
			http.Redirect(w, r, "https://b.cn/page", http.StatusFound)
		case "/off":
			http.Redirect(w, r, "https://c.cn/page", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, "http://a.cn/page", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			page("<title>到了 "+r.Host+"</title>")(w, r)
		}
	}, "a.cn", "b.cn")
	if card, err := f.Of(t.Context(), "https://a.cn/on"); err != nil || card.Title != "到了 b.cn" || card.Host != "a.cn" {
		t.Errorf("%+v %v", card, err)
	}
	asked.Store(0)
	for _, path := range []string{"off", "plain"} {
		if card, err := f.Of(t.Context(), "https://a.cn/"+path); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %+v %v", path, card, err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d pages were asked for: a redirect was followed off the list", n)
	}
	if _, err := f.Of(t.Context(), "https://a.cn/round"); !fault.Is(err, fault.NotFound) {
		t.Errorf("round and round: %v", err)
	}
}

func TestPrivateAddressesAreNeverDialled(t *testing.T) {
	for _, ip := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1",
		"224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
	} {
		if public("tcp", net.JoinHostPort(ip, "443"), nil) == nil {
			t.Errorf("%s may be dialled", ip)
		}
	}
	for _, ip := range []string{"114.114.114.114", "2400:3200::1"} {
		if err := public("tcp", net.JoinHostPort(ip, "443"), nil); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	// A listed name that resolves to this machine: the page is there, and it is not asked.
	var asked atomic.Bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	s.Config.ConnState = func(net.Conn, http.ConnState) { asked.Store(true) }
	s.StartTLS()
	defer s.Close()
	f := New([]string{"localhost"}, time.Now)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	_, err := f.Client.Get("https://localhost:" + port) //nolint:bodyclose // there is none
	if err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("%v", err)
	}
	if asked.Load() {
		t.Error("it was dialled")
	}
}

func TestWhatWasFoundIsKeptForAWhileAndNotForEver(t *testing.T) {
	var asked atomic.Int32
	at := time.Now()
	f := web(t, func() time.Time { return at }, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/none" {
			http.NotFound(w, r)
			return
		}
		page("<title>好</title>")(w, r)
	}, "a.cn")
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() {
			if _, err := f.Of(context.Background(), "https://a.cn/#"+strconv.Itoa(int(asked.Load()))); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	want := func(n int32, path string) {
		t.Helper()
		_, _ = f.Of(t.Context(), "https://a.cn/"+path)
		if got := asked.Load(); got != n {
			t.Errorf("asked %d times, not %d", got, n)
		}
	}
	want(1, "")
	want(2, "none")
	want(2, "none")
	at = at.Add(keepNone + time.Second)
	want(3, "none")
	want(3, "")
	at = at.Add(keepFound)
	want(4, "")
	for i := range mostKept + 10 {
		_, _ = f.Of(t.Context(), "https://a.cn/"+strconv.Itoa(i))
	}
	if n := len(f.kept.cards); n != mostKept {
		t.Errorf("%d are kept", n)
	}
}

func TestLinksOfAText(t *testing.T) {
	f := New([]string{"a.cn", "b.gov.cn"}, time.Now)
	got := f.Links("看https://a.cn/1，还有 https://c.cn/ 和（https://b.gov.cn/x?y=1&z=2）。https://a.cn/1 http://a.cn/2 https://a.cn/3. https://a.cn/4")
	if want := []string{"https://a.cn/1", "https://b.gov.cn/x?y=1&z=2", "https://a.cn/3"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := f.Links(strings.Repeat("https://", 10_000)); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("<title>a</title>"), "text/html")
	f.Add([]byte("<meta property=og:title content='\xff\xfe'>"), "text/html; charset=utf-16")
	f.Fuzz(func(t *testing.T, page []byte, media string) {
		title, description := read(strings.NewReader(string(page)), media)
		if utf8.RuneCountInString(title) > mostTitle || utf8.RuneCountInString(description) > mostDescription || strings.ContainsAny(title+description, "\n\x00\u202e") {
			t.Errorf("%q %q", title, description)
		}
	})
}
