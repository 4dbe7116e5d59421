package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Request is what an authority is asked for, and how it reaches us. Who asks accepts the authority's terms.
type Request struct {
	Name  string         // the host that the certificate is for
	Email string         // whom the authority may write to; empty: nobody
	CA    string         // URL of its directory; empty: Let's Encrypt
	Roots *x509.CertPool // who issued the authority's own certificate; nil: whom this machine trusts
	Dir   string         // where certificates and the account are kept
	Host  string         // of the address that is listened on; empty: all
	TLS   int            // port of https here: the authority reaches it by 443
	HTTP  int            // port of http here: the authority reaches it by 80; 0: none

	check time.Duration // how often it is asked whether the time for another has come; 0: as usual
}

// Fetched is Shown of an authority's certificates: the first is fetched, later ones when a third of the time is left.
type Fetched struct {
	name   string
	log    *slog.Logger
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	ending ending
	stop   sync.Once
}

// Fetch makes ready for fetching; Watch does it. What was fetched before lies in r.Dir and is shown at once.
func Fetch(r Request, now func() time.Time, log *slog.Logger) (*Fetched, error) {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	f := &Fetched{name: r.Name, log: log}
	f.ending = ending{log: log, now: now, advice: "it could not be renewed: lines before this one say why; the name must lead here by port 80 or 443"}
	said := zap.New(teller{log: log})
	f.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return f.magic, nil },
		RenewCheckInterval: r.check, Logger: said,
	})
	f.magic = certmagic.New(f.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: r.Dir}, Logger: said, OnEvent: f.event,
		DefaultServerName: r.Name, FallbackServerName: r.Name, // who asks by the address, as linli doctor
	})
	ca := r.CA
	if ca == "" {
		ca = certmagic.LetsEncryptProductionCA
	}
	f.issuer = certmagic.NewACMEIssuer(f.magic, certmagic.ACMEIssuer{
		CA: ca, Email: r.Email, Agreed: true, TrustedRoots: r.Roots, Logger: said, ListenHost: r.Host,
		AltTLSALPNPort: r.TLS, AltHTTPPort: r.HTTP, DisableHTTPChallenge: r.HTTP == 0,
	})
	f.magic.Issuers = []certmagic.Issuer{f.issuer}
	return f, nil
}

// Config is Shown's.
func (f *Fetched) Config() *tls.Config {
	c := f.magic.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.NextProtos = append([]string{"h2", "http/1.1"}, c.NextProtos...)
	return c
}

// Challenges answers what the authority asks by http, and leaves the rest to next.
func (f *Fetched) Challenges(next http.Handler) http.Handler {
	return f.issuer.HTTPChallengeHandler(next)
}

// Expires is Shown's.
func (f *Fetched) Expires() (until time.Time) {
	for _, c := range f.cache.AllMatchingCertificates(f.name) {
		if c.Leaf != nil && c.Leaf.NotAfter.After(until) {
			until = c.Leaf.NotAfter
		}
	}
	return until
}

// Watch is Shown's: it fetches, in the background, and tries again for as long as it takes. The listeners have to be open.
func (f *Fetched) Watch(ctx context.Context, again <-chan os.Signal) {
	defer f.stop.Do(f.cache.Stop)
	if err := f.magic.ManageAsync(ctx, []string{f.name}); err != nil {
		f.log.Error("no certificate is fetched", "name", f.name, "err", err)
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if until := f.Expires(); !until.IsZero() {
			f.ending.warn(until, f.name)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-again:
		}
	}
}

// event hears what came of fetching.
func (f *Fetched) event(_ context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		f.log.Info("a certificate was fetched", "name", f.name, "renewed", data["renewal"])
	case "cert_failed":
		f.log.Error("no certificate was fetched; it is tried again", "name", f.name, "err", data["error"],
			"advice", "the name must lead to this machine, by port 80 or 443")
	}
	return nil
}

// teller says in our log what certmagic warns of in its own. What goes well it says with paths in which the authority's correspondent is named.
type teller struct {
	log    *slog.Logger
	fields []zapcore.Field
}

func (teller) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (t teller) With(fields []zapcore.Field) zapcore.Core {
	return teller{t.log, slices.Concat(t.fields, fields)}
}

func (t teller) Check(e zapcore.Entry, into *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if t.Enabled(e.Level) {
		return into.AddCore(e, t)
	}
	return into
}

func (t teller) Write(e zapcore.Entry, fields []zapcore.Field) error {
	said := zapcore.NewMapObjectEncoder()
	for _, f := range slices.Concat(t.fields, fields) {
		f.AddTo(said)
	}
	args := []any{"says", e.Message}
	for _, key := range []string{"identifier", "identifiers", "subject", "challenge_type", "error", "problem", "attempt", "retrying_in", "elapsed"} {
		if v, ok := said.Fields[key]; ok {
			args = append(args, key, v)
		}
	}
	level := slog.LevelWarn
	if e.Level >= zapcore.ErrorLevel {
		level = slog.LevelError
	}
	t.log.Log(context.Background(), level, "acme", args...)
	return nil
}

func (teller) Sync() error { return nil }
