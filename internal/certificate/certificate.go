// Package certificate has what this server shows of itself by TLS: the office's own files, looked at again when they change (Files), or what a
// certificate authority gives by ACME (Fetch).
//
// A certificate is never taken away for a worse one: what cannot be read, does not belong together or is over already is refused, and the
// one before stays. When one goes over, it goes on being shown, and the log says so: pages that stand open then go on, and a browser says
// to a person what is wrong better than a closed door does.
package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often files are asked whether they have changed, and the clock whether the certificate is near its end.
const lookEvery = time.Minute

// Shown is a certificate as listeners, metrics and the log know it.
type Shown interface {
	// Config is how a listener speaks TLS with the certificate of the moment.
	Config() *tls.Config
	// Expires is when the one of the moment goes over; zero while there is none.
	Expires() time.Time
	// Watch looks after it until ctx ends, and at once when again says so.
	Watch(ctx context.Context, again <-chan os.Signal)
}

// Keeper is Shown of files.
type Keeper struct {
	log       *slog.Logger
	now       func() time.Time
	cert, key string // files

	mu     sync.RWMutex
	shown  *tls.Certificate
	stamp  stamp // of the files when they were looked at last
	wrong  error // what was wrong with them then; nil: they are what is shown
	ending ending
}

// stamp tells whether files have changed.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// Files has the certificate of a pair of PEM files, the certificate's with those of its issuers behind it. They have to be good at the start.
func Files(cert, key string, now func() time.Time, log *slog.Logger) (*Keeper, error) {
	k := &Keeper{log: log, now: now, cert: cert, key: key}
	k.ending = ending{log: log, now: now, advice: "put a new pair of files in its place; no restart is needed"}
	stamp, err := k.stampOf()
	if err != nil {
		return nil, err
	}
	pair, err := Read(cert, key)
	if err != nil {
		return nil, err
	}
	k.shown, k.stamp = pair, stamp
	k.ending.warn(k.Expires(), k.cert)
	return k, nil
}

// Read reads a pair of files: that they are there, hold a certificate and a key, and belong together.
func Read(cert, key string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %s and %s: %w", cert, key, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("certificate: %s: %w", cert, err)
		}
	}
	return &pair, nil
}

// Config is Shown's.
func (k *Keeper) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			k.mu.RLock()
			defer k.mu.RUnlock()
			return k.shown, nil
		},
	}
}

// Expires is Shown's.
func (k *Keeper) Expires() time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.shown.Leaf.NotAfter
}

// Watch looks at the files each minute and whenever again says so, until ctx ends.
func (k *Keeper) Watch(ctx context.Context, again <-chan os.Signal) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.look(false)
		case <-again:
			k.look(true)
		}
	}
}

// look takes the files when they have changed, or were asked for, and they are good; and warns of the end.
func (k *Keeper) look(asked bool) {
	stamp, err := k.stampOf()
	k.mu.RLock()
	shown, same := k.shown, err == nil && stamp == k.stamp
	said := k.wrong
	k.mu.RUnlock()
	if same && !asked {
		k.ending.warn(k.Expires(), k.cert)
		return
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = Read(k.cert, k.key)
	}
	if err == nil && k.now().After(pair.Leaf.NotAfter) && shown.Leaf.NotAfter.After(pair.Leaf.NotAfter) {
		err = fmt.Errorf("certificate: %s is over since %s", k.cert, day(pair.Leaf.NotAfter))
	}
	k.mu.Lock()
	k.stamp, k.wrong = stamp, err
	if err == nil {
		k.shown = pair
	}
	k.mu.Unlock()
	switch {
	case err == nil:
		k.log.Info("the certificate was read again", "file", k.cert, "until", pair.Leaf.NotAfter.Format(time.RFC3339))
	case asked || said == nil || said.Error() != err.Error():
		k.log.Error("the certificate's files were not taken; the one before goes on being shown", "err", err, "until", shown.Leaf.NotAfter.Format(time.RFC3339))
	}
	k.ending.warn(k.Expires(), k.cert)
}

func (k *Keeper) stampOf() (s stamp, err error) {
	cert, err := os.Stat(k.cert)
	key, wrong := os.Stat(k.key)
	if err = errors.Join(err, wrong); err != nil {
		return s, fmt.Errorf("certificate: %w", err)
	}
	return stamp{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

func day(t time.Time) string { return t.Format("2006-01-02") }
