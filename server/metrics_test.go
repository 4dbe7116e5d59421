package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"linli/internal/certificate/certificatetest"
)

// metrics is what the program says of itself.
func (w *town) metrics() string {
	w.t.Helper()
	status, said := w.watched("/metrics")
	if status != http.StatusOK {
		w.t.Fatalf("metrics: %d %s", status, said)
	}
	return said
}

// watched asks at the address for metrics and profiles.
func (w *town) watched(path string) (status int, said string) {
	w.t.Helper()
	res, err := http.Get(strings.TrimSuffix(w.said("metrics and profiles", "url"), "/metrics") + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// Metrics know requests, sign-ins, queues and sizes; they know no path that somebody asked for, no room, nobody's name or phone; and what
// strangers ask for makes them no longer.
func TestMetricsCountAndNameNobody(t *testing.T) {
	t.Parallel()
	plain, room, link := newTown(t)
	plain.stop()
	cert, key, made := certificatetest.Pair(t, t.TempDir(), time.Now().AddDate(0, 0, 100), "127.0.0.1")
	secure := serveTown(t, plain.dir, "-tls-cert", cert, "-tls-key", key, "-listen-http", "")
	if said := secure.metrics(); !regexp.MustCompile(`(?m)^linli_certificate_expires_seconds 8\.6\d+e\+06$`).MatchString(said) {
		t.Errorf("no end of %v:\n%s", made.NotAfter, grep(said, "certificate"))
	}
	secure.stop()
	w := serveTown(t, plain.dir)
	a := w.as(li)
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": zhang.phone, "password": "geraten-123"})
	a.say(room, "今天停水吗")
	a.socket()
	a.must("GET", "/rooms/"+room, nil)
	w.nobody().must("GET", "/join/"+link, nil)
	a.must("POST", "/rooms/"+room+"/uploads", map[string]any{"as": "file", "size": 1000})
	strangers := func(from int) {
		for n := range 50 {
			for _, path := range []string{"/wp-admin/%d.php", "/api/v1/nothing/%d", "/api/v1/rooms/r%d", "/page/%d"} {
				req, _ := http.NewRequest([]string{"GET", "BREW"}[n%2], w.url+fmt.Sprintf(path, from+n), nil)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
			}
		}
	}
	strangers(0)
	said := w.metrics()
	for _, want := range []string{
		`linli_http_requests_total{class="2xx",method="GET",route="/api/v1/rooms/{room}"} 1`,
		`linli_http_requests_total{class="4xx",method="POST",route="/api/v1/session"} 1`,
		`linli_http_requests_total{class="1xx",method="GET",route="/api/v1/socket"} 1`,
		`linli_http_seconds_count{route="/api/v1/join/{link}"} 1`,
		`linli_sign_ins_total{outcome="ok",with="password"} 1`, `linli_sign_ins_total{outcome="wrong",with="password"} 1`,
		`linli_queue{of="log"} `, `linli_queue{of="pushes"} `, `linli_queue{of="texts"} `, `linli_queue{of="staff"} `, `linli_queue{of="uploads"} 1`,
		`linli_data_bytes{folder="log"} `, `linli_data_bytes{folder="view"} `, `linli_data_bytes{folder="blob"} `, `linli_data_bytes{folder="tls"} 0`,
		"linli_view_lag_entries ", "linli_connections 1", "linli_disk_free_bytes ",
	} {
		if !strings.Contains(said, "\n"+want) {
			t.Errorf("no %s in\n%s", want, grep(said, strings.FieldsFunc(want, func(r rune) bool { return r == '{' || r == ' ' })[0]))
		}
	}
	for _, secret := range []string{room, link, a.device, li.phone, zhang.phone, li.name, "wp-admin", "nothing/1", "BREW", "停水"} {
		if strings.Contains(said, secret) {
			t.Errorf("they know %s", secret)
		}
	}
	if grep(said, "linli_certificate") != "" {
		t.Error("the end of a certificate that there is not")
	}
	strangers(1000)
	if before, after := strings.Count(grep(said, "linli_"), "\n"), strings.Count(grep(w.metrics(), "linli_"), "\n"); after != before {
		t.Errorf("%d lines, then %d", before, after)
	}
}

func grep(text, word string) (found string) {
	for _, l := range strings.Split(text, "\n") {
		if strings.Contains(l, word) {
			found += l + "\n"
		}
	}
	return found
}

// Metrics and profiles stand on an address of their own and nowhere else; the command line, in which keys may stand, is not told.
func TestMetricsAndProfilesHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	for path, want := range map[string]int{
		"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 404, "/": 404, "/api/v1/setup": 404,
	} {
		if status, _ := w.watched(path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	for path, want := range map[string]int{"/metrics": 404, "/debug/pprof/heap": 0, "/debug/pprof/": 0} {
		res, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if want != 0 && res.StatusCode != want || strings.Contains(string(b), "profile") || strings.Contains(string(b), "linli_connections") {
			t.Errorf("%s on the office's address: %d %.100s", path, res.StatusCode, b)
		}
	}
}

// What the folders take on disk is counted once and kept for a minute: asking often costs nothing.
func TestSizesAreCountedOnceAMinuteAtMost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newSizes(dir)
	if n := s.all()["log"](); n != 0 {
		t.Errorf("%v bytes of nothing", n)
	}
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log", "x"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := s.of("log"); n != 0 {
		t.Errorf("counted again: %d", n)
	}
	s.next = time.Now()
	if n := s.of("log"); n < 100_000 || n > 200_000 {
		t.Errorf("%d bytes", n)
	}
}

// Each answer has an id; a believed proxy's is taken; a failure says it to the person and to the log, which names the route and nothing of the URL.
func TestRequestsHaveAnIDThatTheLogKnows(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	a := w.as(li)
	ask := func(path, id string) *http.Response {
		t.Helper()
		req, _ := http.NewRequest("GET", w.url+path, nil)
		req.Header.Set("Authorization", "Bearer "+a.access)
		if id != "" {
			req.Header.Set("X-Request-Id", id)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	ours := regexp.MustCompile(`^[A-Z2-7]{12}$`)
	for _, path := range []string{"/", "/readyz", "/api/v1/rooms", "/api/v1/nothing", "/assets/none.js", "/metrics"} {
		if id := ask(path, "").Header.Get("X-Request-Id"); !ours.MatchString(id) {
			t.Errorf("%s: %q", path, id)
		}
	}
	if id := ask("/readyz", "0af7651916cd43dd8448eb211c80319c").Header.Get("X-Request-Id"); id != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the proxy's is not taken: %s", id)
	}
	if id := ask("/readyz", "a b\tc, 13800000101").Header.Get("X-Request-Id"); !ours.MatchString(id) {
		t.Errorf("taken: %q", id)
	}
	res := ask("/api/v1/rooms/r0000000000/people?x=13800000101", "")
	eventually(t, "a line in the log", func() bool { return strings.Contains(w.log.String(), res.Header.Get("X-Request-Id")) })
	line := grep(w.log.String(), res.Header.Get("X-Request-Id"))
	if !strings.Contains(line, `"route":"/api/v1/rooms/{room}/people"`) || strings.Contains(line, "r0000000000") || strings.Contains(line, "1380000") {
		t.Errorf("the log says %s", line)
	}
	w.stop()
	w = serveTown(t, w.dir, "-proxies", "192.0.2.1")
	if id := ask("/readyz", "0af7651916cd43dd8448eb211c80319c").Header.Get("X-Request-Id"); !ours.MatchString(id) {
		t.Errorf("a stranger's is taken: %s", id)
	}
}
