package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// townInside is the town in this very process, so that a test may move its clock and reach its parts.
func townInside(t *testing.T, c Config, s settings) (w *town, p *Program, room string) {
	t.Helper()
	w, room, _ = newTown(t)
	w.stop()
	c.Data, c.Log, c.Level = w.dir, "json", "error"
	p, err := open(t.Context(), &c, s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.web(&c, special{}).Handler())
	t.Cleanup(func() {
		server.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return &town{t: t, dir: w.dir, url: server.URL}, p, room
}

func TestFilesGoAtTheirDateAndTheMessageStays(t *testing.T) {
	var moved atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(moved.Load())) }
	w, p, room := townInside(t, Config{KeepFiles: 30}, settings{now: now, files: now})
	a, b, own := w.as(zhang), w.as(li), w.as(keeper)
	file := func(who *api, text string) (seq int, path, hash string) {
		t.Helper()
		u, _ := who.bring(room, "file", []byte(text), 1)
		seq, refused := who.post(room, "file", nil, map[string]any{"name": "通知.txt"}, u)
		if refused != "" {
			t.Fatal(refused)
		}
		f := filesAt(who, room, seq)[0]
		return seq, pathOf(room, seq, f), f.(map[string]any)["hash"].(string)
	}
	if f := a.must("GET", "/me", nil)["features"].(map[string]any); f["keepFiles"] != 30.0 || f["keepMedia"] != 0.0 {
		t.Errorf("%v", f)
	}
	seq, path, hash := file(a, "今晚停水")
	_, again, same := file(a, "大家都发的")
	pinned, pinnedPath, pinnedHash := file(a, "办事指南")
	if _, refused := own.act(room, "item.pin", pinned, map[string]any{"on": true}, nil); refused != "" {
		t.Fatal(refused)
	}
	u, _ := a.bring(room, "picture", snapshot(t), 1)
	picture, _ := a.post(room, "picture", nil, nil, u)
	picturePath := pathOf(room, picture, filesAt(a, room, picture)[0])
	status := func(path string) (int, http.Header) {
		t.Helper()
		status, head, _ := b.fetch(path)
		return status, head
	}

	y, m, d := time.Now().In(time.FixedZone("CST", 8*3600)).Date()
	last := time.Date(y, m, d+31, 0, 0, 0, 0, time.FixedZone("CST", 8*3600)) // the thirtieth day is whole
	until := time.Until(last)
	moved.Store(int64(until - time.Hour))
	_, fresh, _ := file(b, "大家都发的") // the same bytes, brought once more
	if got, head := status(path); got != http.StatusOK || head.Get("Cache-Control") == "private, max-age=86400" {
		t.Errorf("an hour before: %d %v", got, head)
	}
	moved.Store(int64(until + time.Minute))
	for what, c := range map[string]struct {
		path string
		want int
	}{
		"past its date": {path, 410}, "past, small": {path + "?small", 410}, "past, though its bytes came again": {again, 410},
		"brought again": {fresh, 200}, "pinned": {pinnedPath, 200}, "a picture, for ever": {picturePath, 200},
	} {
		if got, _ := status(c.path); got != c.want {
			t.Errorf("%s: %d, not %d", what, got, c.want)
		}
	}
	var gone struct {
		Code string
		With struct{ Until int64 }
	}
	if b.ask("GET", path, nil, &gone); gone.Code != "expired" || gone.With.Until != last.UnixMilli() {
		t.Errorf("%+v", gone)
	}
	p.sweepOnce(context.Background())
	for what, c := range map[string]struct {
		hash string
		want bool
	}{"past its date": {hash, false}, "brought again": {same, true}, "pinned": {pinnedHash, true}} {
		if p.Blobs.Has(c.hash) != c.want {
			t.Errorf("%s, after the sweep: there is %v", what, !c.want)
		}
	}
	if n := len(filesAt(b, room, seq)); n != 1 {
		t.Errorf("the message says no longer what it brought: %d files", n)
	}
	if got, _ := status(path); got != http.StatusGone {
		t.Errorf("after the sweep: %d", got)
	}
	if _, refused := own.act(room, "item.pin", pinned, map[string]any{"on": false}, nil); refused != "" {
		t.Fatal(refused)
	}
	if got, _ := status(pinnedPath); got != http.StatusGone {
		t.Errorf("no longer pinned: %d", got)
	}
	p.sweepOnce(context.Background())
	if p.Blobs.Has(pinnedHash) {
		t.Error("no longer pinned, after the sweep: it is there")
	}
}

func TestAVoiceIsSpelledOutOnceForAllWhoMayReadIt(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	answer := `{"text":"今晚挺水"}`
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, r.Header.Get("Content-Type")+" "+string(b))
		_, _ = io.WriteString(w, answer)
	}))
	defer engine.Close()
	says := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		answer = s
	}
	w, room, link := newTown(t)
	w.stop()
	plain := serveTown(t, w.dir)
	c := plain.as(zhang)
	if c.must("GET", "/me", nil)["features"].(map[string]any)["speech"] != false {
		t.Error("it is offered without an engine")
	}
	speak := func(a *api, said string) string {
		t.Helper()
		u, refused := a.bring(room, "voice", []byte("OggS "+said), 1)
		if refused != "" {
			t.Fatal(refused)
		}
		seq, refused := a.post(room, "voice", map[string]any{"seconds": 3}, nil, u)
		if refused != "" {
			t.Fatal(refused)
		}
		return "/rooms/" + room + "/items/" + strconv.Itoa(seq)
	}
	c.no("no-engine", "POST", speak(c, "without an engine")+"/spell", map[string]any{})
	plain.stop()

	w = serveTown(t, w.dir, "-speech-hook", engine.URL)
	a, b := w.as(zhang), w.as(li)
	a.n, b.n = 100, 100
	if a.must("GET", "/me", nil)["features"].(map[string]any)["speech"] != true {
		t.Error("it is not offered")
	}
	item := speak(a, "今晚停水")
	seq, _ := strconv.Atoi(item[strings.LastIndexByte(item, '/')+1:])
	outside := w.apply(link, wang, "owner")
	outside.no("not-member", "POST", item+"/spell", map[string]any{})
	var work sync.WaitGroup
	for range 5 {
		work.Go(func() { b.must("POST", item+"/spell", map[string]any{}) })
	}
	work.Wait()
	b.must("POST", item+"/spell", map[string]any{})
	if len(heard) != 1 || heard[0] != "audio/ogg OggS 今晚停水" {
		t.Errorf("the engine heard %q", heard)
	}
	shown := func() (text, by, sealed string) {
		t.Helper()
		i := b.must("GET", item, nil)["new"].([]any)[0].(map[string]any)
		words, _ := i["words"].(map[string]any)
		text, _ = words["text"].(string)
		by, _ = i["state"].(map[string]any)["spelled"].(string)
		return text, by, i["by"].(string)
	}
	if text, by, _ := shown(); text != "今晚挺水" || by != "machine" {
		t.Errorf("%q by %q", text, by)
	}
	found := func(what string) []any {
		t.Helper()
		return b.must("POST", "/search", map[string]any{"text": what})["hits"].([]any)
	}
	if n := len(found("挺水")); n != 1 {
		t.Errorf("found %d times", n)
	}
	if _, refused := b.act(room, "voice.spell", seq, nil, map[string]any{"text": "今晚停电"}); refused != "forbidden" {
		t.Errorf("a neighbour corrects it: %q", refused)
	}
	if _, refused := a.act(room, "voice.spell", seq, nil, map[string]any{"text": "今晚停水"}); refused != "" {
		t.Error(refused)
	}
	if text, by, _ := shown(); text != "今晚停水" || by != "author" || len(found("挺水")) != 0 || len(found("停水")) != 1 {
		t.Errorf("corrected: %q by %q", text, by)
	}
	b.must("POST", item+"/spell", map[string]any{})
	if text, _, _ := shown(); text != "今晚停水" {
		t.Errorf("asked again: %q", text)
	}

	other := speak(a, "something else")
	says(`{"text":"  "}`)
	b.no("unheard", "POST", other+"/spell", map[string]any{})
	says(`<html>`)
	b.no("engine-down", "POST", other+"/spell", map[string]any{})
	said := "/rooms/" + room + "/items/" + strconv.Itoa(a.say(room, "不是语音"))
	b.no("invalid", "POST", said+"/spell", map[string]any{})
	b.no("not-found", "POST", "/rooms/"+room+"/items/99999/spell", map[string]any{})
	if _, refused := a.act(room, "item.retract", seq, nil, nil); refused != "" {
		t.Fatal(refused)
	}
	b.no("not-found", "POST", item+"/spell", map[string]any{})
	if n := len(found("停水")); n != 0 {
		t.Errorf("taken back, and found %d times", n)
	}
	if log := w.log.String(); strings.Contains(log, "停水") || strings.Contains(log, "挺水") {
		t.Error("the log has what was said")
	}
	w.stop()
	if out, code := program(t, "check", "-data", w.dir); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
}

func TestLinksOfListedHostsAreShownWithTheirTitleToMembers(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Host+r.URL.Path)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<title>停水通知</title><meta name=description content="<img src=x onerror=alert(1)>">`)
	}))
	defer site.Close()
	w, p, room := townInside(t, Config{PreviewHosts: "www.example.gov.cn, .city.cn"}, settings{})
	p.Preview.Client.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the names are not its own
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, site.Listener.Addr().String())
		},
	}
	a := w.as(zhang)
	if f := a.must("GET", "/me", nil)["features"].(map[string]any)["previews"].([]any); len(f) != 2 || f[0] != "www.example.gov.cn" {
		t.Errorf("%v", f)
	}
	seq := a.say(room, "看 https://www.example.gov.cn/water 和 https://evil.cn/ 还有 http://www.example.gov.cn/plain")
	path := "/rooms/" + room + "/items/" + strconv.Itoa(seq) + "/previews"
	for range 2 {
		b, _ := json.Marshal(a.must("GET", path, nil)["previews"])
		want := `[{"description":"\u003cimg src=x onerror=alert(1)\u003e","host":"www.example.gov.cn","title":"停水通知","url":"https://www.example.gov.cn/water"}]`
		if string(b) != want {
			t.Errorf("%s", b)
		}
	}
	if len(asked) != 1 || asked[0] != "www.example.gov.cn/water" {
		t.Errorf("asked for %q", asked)
	}
	w.nobody().no("sign-in", "GET", path, nil)
	a.no("not-found", "GET", "/rooms/"+room+"/items/99999/previews", nil)
	if list := a.must("GET", "/rooms/"+room+"/items/"+strconv.Itoa(a.say(room, "没有链接"))+"/previews", nil)["previews"].([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
	if _, refused := a.act(room, "item.retract", seq, nil, nil); refused != "" {
		t.Fatal(refused)
	}
	a.no("not-found", "GET", path, nil)
	if len(asked) != 1 {
		t.Errorf("asked for %q", asked)
	}
}

func TestSpeechPreviewsAndDaysAreChecked(t *testing.T) {
	for _, args := range [][]string{
		{"-keep-files", "-1"}, {"-keep-media", "-1"}, {"-speech-hook", "localhost:9000"}, {"-speech-hook", "file:///etc/passwd"},
		{"-preview-hosts", "https://a.gov.cn"}, {"-preview-hosts", "127.0.0.1"}, {"-preview-hosts", "a.gov.cn,localhost"}, {"-preview-hosts", ".cn"}, {"-preview-hosts", "[::1]"},
	} {
		if err := new(Config).parse("serve", args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	t.Setenv("LINLI_KEEP_FILES", "30")
	t.Setenv("LINLI_PREVIEW_HOSTS", "a.gov.cn, .b.gov.cn")
	c := &Config{}
	if err := c.parse("serve", []string{"-keep-media", "90", "-speech-hook", "http://localhost:9000/asr"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if hosts := c.previewed(); c.KeepFiles != 30 || c.KeepMedia != 90 || len(hosts) != 2 || hosts[1] != ".b.gov.cn" {
		t.Errorf("%+v", c)
	}
}
