package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linli/internal/archive"
	"linli/internal/certificate/certificatetest"
	"linli/internal/dbfiles"
)

// healthy is an installation with nothing wrong, that is stopped; proc is empty.
func healthy(t *testing.T) *patient {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"log", "view", "blob", "keys"} {
		if err := os.Mkdir(filepath.Join(dir, part), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "keys", "master.key"), strings.Repeat("ab", 32)+"\n")
	put(t, filepath.Join(dir, "log", "ballast"), "x")
	return &patient{
		Config: &Config{Data: dir, Listen: "127.0.0.1:0", Reserve: 256}, now: time.Now(), proc: t.TempDir(),
		free:   func(string) (int64, error) { return 100 << 30, nil },
		lookUp: func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil },
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// busy is an address that another program has.
func busy(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// nobody is an address where nobody answers.
func nobodyAt(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

// answering is a server that answers a path with this status and text.
func answering(t *testing.T, path string, status int, text string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s
}

// certified gives a patient certificate files that go over then.
func certified(t *testing.T, p *patient, until time.Time, hosts ...string) {
	t.Helper()
	p.TLSCert, p.TLSKey, _ = certificatetest.Pair(t, t.TempDir(), until, hosts...)
}

// copied gives a patient what its server wrote down of copies.
func copied(t *testing.T, p *patient, places ...archive.CopyPlace) {
	t.Helper()
	b, err := json.Marshal(places)
	if err != nil {
		t.Fatal(err)
	}
	p.BackupTo = "/srv/copies"
	put(t, p.in("archive", "state.json"), string(b))
}

// processes gives a patient a running server about which the system tells this.
func processes(t *testing.T, p *patient, limits, status string) {
	t.Helper()
	p.pid = 42
	put(t, filepath.Join(p.proc, "42", "limits"), limits)
	put(t, filepath.Join(p.proc, "42", "status"), status)
}

// Each thing that a doctor looks for is found when it is so, and not when it is not.
func TestADoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		name, look string
		hint       bool
		want       string // in what it is
		ill        func(t *testing.T, p *patient)
	}{
		{"no folder", "folder", false, "there is no folder", func(_ *testing.T, p *patient) { p.Data += "/none" }},
		{"a file", "folder", false, "is no folder", func(_ *testing.T, p *patient) { p.Data = p.in("keys", "master.key") }},
		{"no log", "folder", true, "has no log", func(_ *testing.T, p *patient) { _ = os.RemoveAll(p.in("log")) }},
		{"another's file", "folder", false, "belongs to account 12345", func(t *testing.T, p *patient) {
			put(t, p.in("log", "000001.sst"), "x")
			if err := os.Chown(p.in("log", "000001.sst"), 12345, -1); err != nil {
				t.Skip("only root gives files away: ", err)
			}
		}},
		{"an open folder", "folder", false, "can be read by other accounts", func(t *testing.T, p *patient) { chmod(t, p.in("log"), 0o755) }},
		{"not to be written", "folder", false, "cannot be written", func(t *testing.T, p *patient) {
			if os.Getuid() == 0 {
				t.Skip("root writes everywhere")
			}
			chmod(t, p.Data, 0o500)
			t.Cleanup(func() { chmod(t, p.Data, 0o700) })
		}},

		{"no key", "keys", false, "master key is not there", func(_ *testing.T, p *patient) { _ = os.Remove(p.in("keys", "master.key")) }},
		{"an open key", "keys", false, "can be read by other accounts", func(t *testing.T, p *patient) { chmod(t, p.in("keys", "master.key"), 0o644) }},
		{"half a key", "keys", false, "is no master key", func(t *testing.T, p *patient) { put(t, p.in("keys", "master.key"), "abab") }},
		{"the key beside the data", "keys", true, "lies beside the data", func(*testing.T, *patient) {}},

		{"a full disk", "disk", false, "nothing more is stored", func(_ *testing.T, p *patient) { p.free = freeMiB(200) }},
		{"a disk without what the database needs", "disk", false, "below 48", func(_ *testing.T, p *patient) { p.Reserve, p.free = 0, freeMiB(40) }},
		{"a disk that fills", "disk", true, "900 MiB left", func(_ *testing.T, p *patient) { p.free = freeMiB(900) }},
		{"no ballast", "disk", true, "ballast is not there", func(_ *testing.T, p *patient) { _ = os.Remove(p.in("log", "ballast")) }},

		{"what was put aside", "damage", false, "was put aside", func(t *testing.T, p *patient) {
			b, _ := json.Marshal([]dbfiles.Lost{{File: "000007.sst", At: 12}})
			put(t, p.in("log", "damaged", "lost.json"), string(b))
		}},
		{"a damaged log", "damage", false, "MANIFEST", func(t *testing.T, p *patient) { put(t, p.in("log", "000001.sst"), "x") }},
		{"damaged views", "damage", false, "MANIFEST", func(t *testing.T, p *patient) { put(t, p.in("view", "000001.sst"), "x") }},
		{"a check that was broken off", "damage", true, "left behind", func(t *testing.T, p *patient) {
			put(t, p.in("check.tmp", "x"), "x")
			p.now = p.now.Add(3 * day)
		}},

		{"a clock that was set back", "clock", false, "the clock was set back", func(_ *testing.T, p *patient) { p.now = p.now.Add(-time.Hour) }},
		{"a clock of long ago", "clock", false, "the clock says 1970", func(_ *testing.T, p *patient) { p.now = time.Unix(0, 0).UTC() }},

		{"few files", "process", false, "may have 1024 files open", func(t *testing.T, p *patient) {
			processes(t, p, "Max open files            1024                 4096                 files\n", "")
		}},
		{"nearly all files", "process", false, "has 3300 files open", func(t *testing.T, p *patient) {
			processes(t, p, "Max open files 4096 4096 files\n", "")
			for n := range 3300 {
				put(t, filepath.Join(p.proc, "42", "fd", fmt.Sprint(n)), "")
			}
		}},
		{"root", "process", true, "runs as root", func(t *testing.T, p *patient) { processes(t, p, "", "Name:\tlinli\nUid:\t0\t0\t0\t0\n") }},

		{"no memory", "memory", false, "97 MiB of memory", func(t *testing.T, p *patient) {
			put(t, filepath.Join(p.proc, "meminfo"), "MemTotal: 1 kB\nMemAvailable: 100000 kB\n")
		}},
		{"little memory", "memory", true, "292 MiB of memory", func(t *testing.T, p *patient) { put(t, filepath.Join(p.proc, "meminfo"), "MemAvailable: 300000 kB\n") }},

		{"a port that is taken", "server", false, "address already in use", func(t *testing.T, p *patient) { p.Listen = busy(t) }},
		{"a second port that is taken", "server", false, "listen-metrics", func(t *testing.T, p *patient) { p.Metrics = busy(t) }},
		{"a server elsewhere", "server", false, "does not answer at http://127.0.0.1", func(t *testing.T, p *patient) { p.runs, p.Listen = true, nobodyAt(t) }},
		{"a server without a disk", "server", false, "takes no commands: full (no-space)", func(t *testing.T, p *patient) {
			p.runs, p.Listen = true, hostOf(answering(t, "/readyz", 503, `{"code":"no-space","reason":"full"}`))
		}},
		{"an old server", "server", true, "version 0.1", func(t *testing.T, p *patient) {
			p.runs, p.Listen = true, hostOf(answering(t, "/api/v1/openapi.json", 200, `{"info":{"version":"0.1"}}`))
		}},

		{"a certificate without its key", "certificate", false, "private key does not match", func(t *testing.T, p *patient) {
			certified(t, p, p.now.Add(300*day))
			_, p.TLSKey, _ = certificatetest.Pair(t, t.TempDir(), p.now.Add(300*day))
		}},
		{"a certificate that is over", "certificate", false, "is over since", func(t *testing.T, p *patient) { certified(t, p, p.now.Add(-day)) }},
		{"one that is over this week", "certificate", false, "is over in 5 days", func(t *testing.T, p *patient) { certified(t, p, p.now.Add(5*day+time.Hour)) }},
		{"one that is over this month", "certificate", true, "is over in 15 days", func(t *testing.T, p *patient) { certified(t, p, p.now.Add(15*day+time.Hour)) }},
		{"one of tomorrow", "certificate", false, "good only from", func(t *testing.T, p *patient) { certified(t, p, p.now.Add(400*day)) }},
		{"one of another name", "certificate", false, "is not for linli.example.cn", func(t *testing.T, p *patient) {
			p.Public = "https://linli.example.cn"
			certified(t, p, p.now.Add(300*day), "other.example.cn")
		}},
		{"an open key of a certificate", "certificate", false, "every account", func(t *testing.T, p *patient) {
			certified(t, p, p.now.Add(300*day))
			chmod(t, p.TLSKey, 0o644)
		}},
		{"a server that shows another", "certificate", false, "shows another certificate", func(t *testing.T, p *patient) {
			certified(t, p, p.now.Add(300*day))
			s := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			p.runs, p.Listen = true, s.Listener.Addr().String()
		}},

		{"none was fetched yet", "certificate", false, "was fetched yet", func(_ *testing.T, p *patient) {
			p.TLSACME, p.Public, p.runs = true, "https://linli.example.cn", true
		}},
		{"one that was not renewed", "certificate", false, "is over in 3 days", func(t *testing.T, p *patient) {
			p.TLSACME, p.Public = true, "https://linli.example.cn"
			cert, key, _ := certificatetest.Pair(t, t.TempDir(), p.now.Add(3*day+time.Hour), "linli.example.cn")
			for file, to := range map[string]string{cert: ".crt", key: ".key"} {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				put(t, p.in("tls", "certificates", "ca", "linli.example.cn", "linli.example.cn"+to), string(b))
			}
		}},

		{"no public address", "public", true, "-public is not set", func(*testing.T, *patient) {}},
		{"a name that nobody has", "public", false, "has no address", func(_ *testing.T, p *patient) {
			p.Public = "https://linli.example.cn"
			p.lookUp = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
		}},
		{"http for people", "public", false, "is not https", func(t *testing.T, p *patient) { p.Public = answering(t, "/healthz", 200, `{"alive":true}`).URL }},
		{"somebody else there", "public", false, "somebody else answers (404)", func(t *testing.T, p *patient) { p.runs, p.Public = true, answering(t, "/other", 200, "").URL }},
		{"nobody there", "public", true, "does not answer from here", func(t *testing.T, p *patient) { p.runs, p.Public = true, "https://"+nobodyAt(t) }},
		{"a certificate that nobody issued", "public", false, "browsers do not believe the certificate", func(t *testing.T, p *patient) {
			s := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			p.Public = s.URL
		}},
		{"a proxy's certificate near its end", "public", false, "is over in 2 days", func(t *testing.T, p *patient) {
			s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"alive":true}`)) }))
			t.Cleanup(s.Close)
			p.roots = x509.NewCertPool()
			p.roots.AddCert(s.Certificate())
			p.runs, p.Public, p.now = true, s.URL, s.Certificate().NotAfter.Add(-2*day-time.Hour)
		}},

		{"metrics for everybody", "metrics", true, "from other machines", func(_ *testing.T, p *patient) { p.Metrics = ":9180" }},
		{"a hook where nobody is", "hooks", false, "nobody answers at 127.0.0.1", func(t *testing.T, p *patient) { p.SMSHook = "http://" + nobodyAt(t) + "/?key=secret" }},
		{"a hook without a secret", "hooks", true, "not signed", func(t *testing.T, p *patient) { p.RobotHook = "http://" + busy(t) + "/?key=secret" }},
		{"what the server met", "noted", false, "172.18.0.2", func(_ *testing.T, p *patient) {
			openNotes(p.Data).note("proxy", "a proxy at 172.18.0.2 is not named in -proxies")
		}},

		{"no copies", "copies", true, "no copies", func(*testing.T, *patient) {}},
		{"no copy yet", "copies", false, "no copy was made yet", func(_ *testing.T, p *patient) { p.BackupTo = "/srv/copies" }},
		{"a copy that failed", "copies", false, "failed: full", func(t *testing.T, p *patient) {
			copied(t, p, archive.CopyPlace{Target: "/srv/copies", Last: &archive.CopyEnded{Why: "full"}})
		}},
		{"an old copy", "copies", false, "the newest copy at /srv/copies is of", func(t *testing.T, p *patient) {
			copied(t, p, archive.CopyPlace{Target: "/srv/copies", Copies: []archive.CopyMade{{At: p.now.Add(-3 * day).UnixMilli()}}})
		}},
		{"a copy that is none", "copies", false, "could not be restored", func(t *testing.T, p *patient) {
			copied(t, p, archive.CopyPlace{Target: "/srv/copies", Verified: &archive.CopyVerdict{Wrong: []string{"12 logs, not 13"}}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := healthy(t)
			c.ill(t, p)
			for _, x := range examinations {
				if x.name != c.look {
					continue
				}
				found := x.look(p)
				for _, f := range found {
					if strings.Contains(f.what+f.do, "secret=") || strings.Contains(f.what, "key=secret") {
						t.Errorf("it tells a key: %s", f.what)
					}
					if strings.Contains(f.what, c.want) && f.hint == c.hint && f.do != "" {
						return
					}
				}
				t.Errorf("it found %+v", found)
			}
		})
	}
}

func freeMiB(mib int64) func(string) (int64, error) {
	return func(string) (int64, error) { return mib << 20, nil }
}

func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

// Of what is in order nothing is said but hints, and the program ends with 0; in words otherwise, and with 1. Nothing is changed.
func TestADoctorSaysNothingIsWrongWhenNothingIs(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	var said bytes.Buffer
	if code := p.tell(&said); code != 0 || strings.Contains(said.String(), "wrong ") && !strings.Contains(said.String(), "0 wrong") {
		t.Errorf("%d:\n%s", code, &said)
	}
	said.Reset()
	_ = os.Remove(p.in("keys", "master.key"))
	if code := p.tell(&said); code != 1 || !strings.Contains(said.String(), "wrong  keys: the master key is not there\n       → put back") {
		t.Errorf("%d:\n%s", code, &said)
	}
	if _, err := os.Stat(p.in("keys", "master.key")); err == nil {
		t.Error("it made a key")
	}
}

// Of a real office: while it runs, when it is stopped, and after something was done to it.
func TestADoctorOfARealOffice(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	w.stop()
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error { // the copy of the town is open to everybody
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	at := nobodyAt(t)
	w = serveTown(t, w.dir) // on a port that the doctor is told
	listen := strings.TrimPrefix(w.url, "http://")
	if out, code := program(t, "doctor", "-data", w.dir, "-listen", listen, "-reserve", "0"); code != 0 || !strings.Contains(out, "the server runs; 0 wrong") {
		t.Errorf("running: %d\n%s", code, out)
	}
	if out, code := program(t, "doctor", "-data", w.dir, "-listen", at, "-reserve", "0"); code != 1 || !strings.Contains(out, "does not answer at http://"+at) {
		t.Errorf("with another address: %d\n%s", code, out)
	}
	// A proxy of our own network that nobody named.
	w.stop()
	w = serveTown(t, w.dir, "-proxies", "192.0.2.1")
	w.visitor("198.51.100.7").ask("GET", "/setup", "")
	eventually(t, "a note", func() bool { return len(readNotes(w.dir)) > 0 })
	w.stop()
	out, code := program(t, "doctor", "-data", w.dir, "-listen", at, "-reserve", "0")
	if code != 1 || !strings.Contains(out, "a proxy at 127.0.0.1 is not named in -proxies") || strings.Contains(out, "198.51") || !strings.Contains(out, "the server is stopped") {
		t.Errorf("stopped: %d\n%s", code, out)
	}
	if _, code := program(t, "doctor", "-data", w.dir, "-no-such", "x"); code != 2 {
		t.Errorf("misspelt: %d", code)
	}
}

// The clock is set back between a stop and a start: the log warns, nothing is lost, what is said now stands behind what was said before, and times
// stay as they are.
func TestAClockThatWasSetBackLosesNothing(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	w.stop()
	speak := func(now func() time.Time, text string) (seq int, log string) {
		t.Helper()
		said := &lines{}
		c := &Config{Data: w.dir, Listen: "127.0.0.1:0", Log: "json", Level: "info"}
		ctx, stop := context.WithCancel(context.Background())
		p, err := open(ctx, c, settings{now: now, log: slog.New(slog.NewJSONHandler(said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", c.Listen)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- p.serveOn(ctx, listener, c, special{}) }()
		on := &town{t: t, url: "http://" + listener.Addr().String()}
		a := on.as(li)
		seq = a.say(room, text)
		stop()
		if err := errors.Join(<-ended, p.Close()); err != nil {
			t.Fatal(err)
		}
		return seq, said.String()
	}
	ahead := func() time.Time { return time.Now().Add(72 * time.Hour) }
	first, log := speak(ahead, "那时候说的")
	if strings.Contains(log, "set back") {
		t.Errorf("nothing was set back: %s", log)
	}
	second, log := speak(time.Now, "后来说的")
	if second <= first || !strings.Contains(log, "the clock was set back") {
		t.Errorf("%d behind %d; the log: %s", second, first, log)
	}
	w = serveTown(t, w.dir)
	page := w.as(zhang).page(room, "?limit=5")
	said, times := page.says(), map[string]int64{}
	for _, x := range page.New {
		times[x.Words.Text] = x.At
	}
	if n := len(said); n < 2 || said[n-2] != "那时候说的" || said[n-1] != "后来说的" {
		t.Errorf("shown: %v", said)
	}
	if times["那时候说的"]-times["后来说的"] < (71 * time.Hour).Milliseconds() {
		t.Errorf("times: %v", times)
	}
}
