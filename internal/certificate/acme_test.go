package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/certificate/certificatetest"
	"linli/internal/long"
)

// said is a log that may be read while it is written.
type said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func (s *said) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Reset()
}

// A certificate is fetched from a real authority (pebble), by either way in which it asks, shown, renewed while the server runs, and there again after
// a restart; where it is kept nobody else may look.
func TestACertificateIsFetchedAndRenewed(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"http", "tls alone"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			const name = "linli.example.cn"
			secure, plain := listen(t), listen(t)
			log := &said{}
			ports := [2]int{port(plain), port(secure)}
			authority := certificatetest.Pebble(t, ports[0], ports[1], 20*time.Second)
			roots := x509.NewCertPool()
			root, err := os.ReadFile(authority.Root)
			if err != nil || !roots.AppendCertsFromPEM(root) {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "tls")
			r := Request{
				Name: name, Email: "office@example.cn", CA: authority.URL, Roots: roots, Dir: dir, Host: "127.0.0.1", TLS: ports[1], HTTP: ports[0], check: time.Second,
			}
			if way != "http" {
				r.HTTP = 0
			}
			f, err := Fetch(r, time.Now, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err != nil {
				t.Fatal(err)
			}
			if !f.Expires().IsZero() {
				t.Error("an end of nothing")
			}
			office := &http.Server{Handler: http.NotFoundHandler(), TLSConfig: f.Config(), ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
			lead := &http.Server{Handler: f.Challenges(http.NotFoundHandler()), ReadHeaderTimeout: time.Minute}
			go func() { _ = office.ServeTLS(secure, "", "") }()
			go func() { _ = lead.Serve(plain) }()
			t.Cleanup(func() { _, _ = office.Close(), lead.Close() })
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { defer close(ended); f.Watch(ctx, nil) }()
			t.Cleanup(func() {
				stop()
				<-ended
				if t.Failed() {
					t.Log(log)
				}
			})
			shown := func(server string) *x509.Certificate {
				c, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: server}) //nolint:gosec // it is looked at
				if err != nil {
					return nil
				}
				defer c.Close()
				return c.ConnectionState().PeerCertificates[0]
			}
			var first *x509.Certificate
			long.Wait(t, "the first certificate", func() bool { first = shown(name); return first != nil })
			if err := first.VerifyHostname(name); err != nil || !f.Expires().Equal(first.NotAfter) {
				t.Errorf("%v, until %v, not %v", err, first.NotAfter, f.Expires())
			}
			if by := shown(""); by == nil || by.VerifyHostname(name) != nil {
				t.Error("who asks by the address is shown nothing")
			}
			long.Wait(t, "a renewed one", func() bool { c := shown(name); return c != nil && !c.Equal(first) && c.NotAfter.After(first.NotAfter) })
			if s := log.String(); !strings.Contains(s, "renewed=true") || strings.Contains(s, "office@") {
				t.Error("the log does not say that it was renewed, or names whom the authority writes to")
			}
			err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return nil //nolint:nilerr // locks come and go
				}
				if info, err := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s is open to others: %v", path, info.Mode())
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func port(l net.Listener) int {
	at, _ := l.Addr().(*net.TCPAddr)
	return at.Port
}
