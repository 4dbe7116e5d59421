package main

import (
	"context"
	"crypto/x509"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"linli/internal/certificate"
	"linli/internal/web"
)

// edge is every address on which this server answers.
type edge struct {
	url   string            // of the main one, as it is reached from this machine
	shown certificate.Shown // nil: this server speaks http
	doors []door
	watch *http.Server // of metrics and profiles; nil: none
	work  sync.WaitGroup
}

// door is an address and who answers there.
type door struct {
	server   *http.Server
	listener net.Listener
}

// openEdge opens what else there is beside the main address. After an error everything is closed.
func openEdge(c *Config, main net.Listener, log *slog.Logger) (e *edge, err error) {
	e = &edge{url: "http://" + main.Addr().String()}
	office := door{server: newServer(log), listener: main}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	e.doors = append(e.doors, office)
	if c.speaksTLS() {
		e.url = "https://" + main.Addr().String()
		if err := e.secure(c, main, office.server, log); err != nil {
			return e, err
		}
	}
	if c.Metrics != "" {
		l, err := listen("listen-metrics", c.Metrics)
		if err != nil {
			return e, err
		}
		e.watch = newServer(log)
		e.doors = append(e.doors, door{e.watch, l})
		log.Info("metrics and profiles", "url", "http://"+l.Addr().String()+"/metrics")
	}
	return e, nil
}

// secure makes ready for speaking https: the certificate, and the address that leads there.
func (e *edge) secure(c *Config, main net.Listener, office *http.Server, log *slog.Logger) error {
	lead, port := web.ToHTTPS(c.Public, main.Addr()), 0
	var plain *http.Server
	if c.HTTP != "" {
		l, err := listen("listen-http", c.HTTP)
		if err != nil {
			return err
		}
		plain, port = newServer(log), portOf(l)
		e.doors = append(e.doors, door{plain, l})
		log.Info("who comes by http is led to https", "address", l.Addr().String())
	}
	if c.TLSACME {
		fetched, err := fetch(c, main, port, log)
		if err != nil {
			return err
		}
		e.shown, lead = fetched, fetched.Challenges(lead)
	} else {
		files, err := certificate.Files(c.TLSCert, c.TLSKey, time.Now, log)
		if err != nil {
			return err
		}
		e.shown = files
	}
	office.TLSConfig = e.shown.Config()
	if plain != nil {
		plain.Handler = lead
	}
	return nil
}

// fetch makes ready for fetching the certificate, which lies in the folder tls of the data.
func fetch(c *Config, main net.Listener, http int, log *slog.Logger) (*certificate.Fetched, error) {
	public, err := url.Parse(c.Public)
	if err != nil {
		return nil, fmt.Errorf("public: %w", err)
	}
	r := certificate.Request{
		Name: public.Hostname(), Email: c.TLSMail, CA: c.TLSCA, Dir: filepath.Join(c.Data, "tls"), TLS: portOf(main), HTTP: http,
	}
	if at, ok := main.Addr().(*net.TCPAddr); ok && !at.IP.IsUnspecified() {
		r.Host = at.IP.String()
	}
	if c.TLSRoot != "" {
		root, err := os.ReadFile(c.TLSRoot)
		if err != nil {
			return nil, fmt.Errorf("tls-ca-root: %w", err)
		}
		if r.Roots = x509.NewCertPool(); !r.Roots.AppendCertsFromPEM(root) {
			return nil, fmt.Errorf("tls-ca-root: %s holds no certificate (PEM)", c.TLSRoot)
		}
	}
	return certificate.Fetch(r, time.Now, log)
}

func portOf(l net.Listener) int {
	at, _ := l.Addr().(*net.TCPAddr)
	if at == nil {
		return 0
	}
	return at.Port
}

func newServer(log *slog.Logger) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: stdlog.New(complaints{log}, "", 0),
	}
}

// complaints are what net/http says of itself. Strangers who speak no TLS are no matter, and their addresses nobody's business.
type complaints struct{ log *slog.Logger }

func (c complaints) Write(b []byte) (int, error) {
	if said := strings.TrimSpace(string(b)); !strings.HasPrefix(said, "http: TLS handshake error") {
		c.log.Warn("http", "says", said)
	}
	return len(b), nil
}

// serve answers at every door until shutdown, at the main one by office, at that of metrics by watch, and looks after the certificate until ctx ends. What fails comes on
// the channel.
func (e *edge) serve(ctx context.Context, office http.Handler, watch func() http.Handler) <-chan error {
	failed := make(chan error, len(e.doors))
	e.doors[0].server.Handler = office
	if e.watch != nil {
		e.watch.Handler = watch()
	}
	for _, d := range e.doors {
		go func() {
			if d.server.TLSConfig != nil {
				failed <- d.server.ServeTLS(d.listener, "", "")
			} else {
				failed <- d.server.Serve(d.listener)
			}
		}()
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP) // also where there is nothing to look at again: it must not end the program
	go func() {
		defer signal.Stop(again)
		if e.shown != nil {
			e.shown.Watch(ctx, again)
		}
		<-ctx.Done()
	}()
	return failed
}

// shutdown lets requests end until ctx does, and breaks off what goes on then: an upload that trickles in goes on later, from where it is.
func (e *edge) shutdown(ctx context.Context) {
	for _, d := range e.doors {
		e.work.Go(func() {
			if d.server.Shutdown(ctx) != nil {
				_ = d.server.Close()
			}
		})
	}
	e.work.Wait()
}

// close breaks everything off.
func (e *edge) close() {
	for _, d := range e.doors {
		_, _ = d.server.Close(), d.listener.Close()
	}
}
