package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/certificate/certificatetest"
)

// said is the value of a key in the first line of the log with this message; "" when there is none yet.
func (w *town) said(message, key string) string {
	for _, l := range strings.Split(w.log.String(), "\n") {
		var line map[string]any
		if json.Unmarshal([]byte(l), &line) == nil && line["msg"] == message {
			value, _ := line[key].(string)
			return value
		}
	}
	return ""
}

// trusting is a browser that takes only these certificates.
func trusting(trusts ...*x509.Certificate) *http.Client {
	roots := x509.NewCertPool()
	for _, c := range trusts {
		roots.AddCert(c)
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// shownAt is the certificate that the program shows.
func shownAt(t *testing.T, address string) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// With files of its own the program speaks HTTPS, the socket too; who comes by http is led there; and new files are taken while people talk.
func TestHTTPSWithFilesOfItsOwn(t *testing.T) {
	t.Parallel()
	plain, room, _ := newTown(t)
	plain.stop()
	dir := t.TempDir()
	cert, key, first := certificatetest.Pair(t, dir, time.Now().Add(20*time.Hour), "127.0.0.1")
	w := serveTown(t, plain.dir, "-tls-cert", cert, "-tls-key", key, "-listen-http", "127.0.0.1:0")
	address, ok := strings.CutPrefix(w.url, "https://")
	if !ok {
		t.Fatal(w.url)
	}
	b := trusting(first)
	res, err := b.Get(w.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Proto != "HTTP/2.0" || res.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Error(res.Proto, res.Header)
	}
	if w.said("the certificate goes over soon", "until") == "" {
		t.Errorf("it does not warn of the end:\n%s", w.log)
	}
	by := w.said("who comes by http is led to https", "address")
	res, err = b.Get("http://" + by + "/join/x")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	_, port, _ := net.SplitHostPort(address)
	if res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "https://127.0.0.1:"+port+"/join/x" {
		t.Error(res.StatusCode, res.Header)
	}
	if res, err := b.Get("http://" + address + "/"); err == nil && res.StatusCode == http.StatusOK {
		t.Error("it answers http where it speaks https")
	}

	res, err = b.Post(w.url+"/api/v1/session", "application/json", strings.NewReader(`{"phone":"`+li.phone+`","password":"`+password+`","tokens":true}`))
	if err != nil {
		t.Fatal(err)
	}
	var session answer
	if err := json.NewDecoder(res.Body).Decode(&session); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for _, c := range res.Cookies() {
		if !c.Secure {
			t.Errorf("%s is not Secure", c.Name)
		}
	}
	line, _, err := websocket.Dial(context.Background(), w.url+"/api/v1/socket", &websocket.DialOptions{
		HTTPClient: trusting(first), HTTPHeader: http.Header{"Authorization": {"Bearer " + session["access"].(string)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer line.CloseNow() //nolint:errcheck // it is over
	hear(t, line, "hello")

	_, _, second := certificatetest.Pair(t, dir, time.Now().AddDate(1, 0, 0), "127.0.0.1")
	_ = w.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the second certificate", func() bool { return shownAt(t, address).Equal(second) })
	certificatetest.Replace(t, key, []byte("broken"))
	_ = w.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "a word about broken files", func() bool { return strings.Contains(w.log.String(), "the one before goes on being shown") })
	if !shownAt(t, address).Equal(second) {
		t.Error("broken files are shown")
	}
	// The socket is the one that was opened under the first certificate.
	tell(t, line, map[string]any{"do": []any{map[string]any{
		"id": session["device"].(string) + ".1", "room": room, "act": "text.post", "words": map[string]string{"text": "还在"},
	}}})
	hear(t, line, "ok")
	w.stop()
}

// A certificate that is over is shown still, so that what stands open goes on, and the log says so.
func TestACertificateThatIsOverDoesNotStopTheServer(t *testing.T) {
	t.Parallel()
	plain, _, _ := newTown(t)
	plain.stop()
	cert, key, _ := certificatetest.Pair(t, t.TempDir(), time.Now().Add(-time.Hour), "127.0.0.1")
	w := serveTown(t, plain.dir, "-tls-cert", cert, "-tls-key", key, "-listen-http", "")
	if w.said("the certificate is over: browsers open the page no more", "until") == "" {
		t.Errorf("the log does not say it:\n%s", w.log)
	}
	lax := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it is over
	res, err := lax.Get(w.url + "/readyz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	w.stop()
}

func TestFilesThatAreNoCertificateAreRefused(t *testing.T) {
	t.Parallel()
	cert, key, _ := certificatetest.Pair(t, t.TempDir(), time.Now().AddDate(1, 0, 0))
	certificatetest.Replace(t, key, []byte("broken"))
	out, code := program(t, "serve", "-data", t.TempDir(), "-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-listen-http", "")
	if code != 1 || !strings.Contains(out, key) {
		t.Errorf("%d %s", code, out)
	}
}

// With -tls-acme the program fetches its certificate from a real authority (pebble), while it leads there who comes by http, and has it again after a
// restart.
func TestTheProgramFetchesItsCertificate(t *testing.T) {
	t.Parallel()
	plain, _, _ := newTown(t)
	plain.stop()
	http80, https443 := certificatetest.Port(t), certificatetest.Port(t)
	ca := certificatetest.Pebble(t, http80, https443, 90*24*time.Hour)
	listen := fmt.Sprintf("127.0.0.1:%d", https443)
	settings := []string{
		"-tls-acme", "-tls-ca", ca.URL, "-tls-ca-root", ca.Root, "-tls-email", "office@example.cn", "-public", "https://linli.example.cn",
		"-listen", listen, "-listen-http", fmt.Sprintf("127.0.0.1:%d", http80),
	}
	w := serveTown(t, plain.dir, settings...)
	lax := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "linli.example.cn"}, DisableKeepAlives: true}, //nolint:gosec // nobody trusts pebble
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	eventually(t, "a certificate", func() bool {
		res, err := lax.Get("https://" + listen + "/readyz")
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	first := shownAt(t, listen)
	if err := first.VerifyHostname("linli.example.cn"); err != nil {
		t.Error(err)
	}
	res, err := lax.Get(fmt.Sprintf("http://127.0.0.1:%d/join/x", http80))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "https://linli.example.cn/join/x" {
		t.Error(res.StatusCode, res.Header)
	}
	if strings.Contains(w.log.String(), "office@") {
		t.Error("the log names whom the authority writes to")
	}
	w.stop()
	w = serveTown(t, plain.dir, settings...)
	eventually(t, "the certificate of before", func() bool {
		res, err := lax.Get("https://" + listen + "/readyz")
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	if !shownAt(t, listen).Equal(first) {
		t.Error("it fetched another one")
	}
	w.stop()
}

// SIGHUP, by which certificates are looked at again, ends no program that has none.
func TestAReloadEndsNoProgramWithoutACertificate(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	for range 3 {
		_ = w.cmd.Process.Signal(syscall.SIGHUP)
	}
	if status, _ := w.ready(); status != http.StatusOK {
		t.Error(status)
	}
	w.stop()
}
