package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/long"
)

// withProxies is the environment variable with the folder that Debian's packages of Caddy and nginx are unpacked in (.ci/check proxies).
const withProxies = "TOWN_PROXIES"

const host = "linli.example.cn" // as the samples name the office

// sample reads one of the files that an office installs, with what has to be otherwise on this machine. Every old text has to be there.
func sample(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "assets", "install", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(b), oldnew[i]) {
			t.Fatalf("%s has no %q", name, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(b))
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort is a port of this machine that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// caddy is Debian's with the sample: its port, its office's, and a certificate of its own making.
func caddy(t *testing.T, dir, port, upstream string) *exec.Cmd {
	file := "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tstorage file_system " + dir + "\n}\n" +
		sample(t, "Caddyfile", host+" {", "https://"+host+":"+port+" {\n\ttls internal\n\tbind 127.0.0.1", "127.0.0.1:8080", upstream)
	cmd := exec.Command(os.Getenv(withProxies)+"/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", write(t, filepath.Join(dir, "Caddyfile"), file)) //nolint:gosec // a test's
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return cmd
}

// nginx is Debian's with its own settings, and the sample as its only site.
func nginx(t *testing.T, dir, port, upstream string) *exec.Cmd {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, is, is, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certAt := write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	keyAt := write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sealed})))
	plain := freePort(t)
	site := write(t, filepath.Join(dir, "site"), sample(t, "nginx.conf",
		"listen 80;", "listen 127.0.0.1:"+plain+";", "\tlisten [::]:80;\n", "",
		"listen 443 ssl", "listen 127.0.0.1:"+port+" ssl", "\tlisten [::]:443 ssl http2;\n", "",
		"/etc/ssl/linli.pem", certAt, "/etc/ssl/linli.key", keyAt, "127.0.0.1:8080", upstream))
	at := os.Getenv(withProxies)
	whole, err := os.ReadFile(filepath.Join(at, "etc/nginx/nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	temporary := "http {\n"
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += what + "_temp_path " + dir + "/" + what + ";\n"
	}
	conf := strings.NewReplacer("/etc/nginx/sites-enabled/*", site, "/etc/nginx/", at+"/etc/nginx/", "/run/nginx.pid", dir+"/pid",
		"/var/log/nginx", dir, "http {", temporary).Replace(string(whole))
	return exec.Command(at+"/usr/sbin/nginx", "-e", dir+"/error.log", "-g", "daemon off;", "-c", write(t, filepath.Join(dir, "nginx.conf"), conf)) //nolint:gosec // a test's
}

// from is a browser with an address of its own on this machine, to whom the office's name leads to the proxy. It takes whatever certificate.
func from(address, port string) *http.Client {
	dial := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial.DialContext(ctx, network, "127.0.0.1:"+port)
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own proxy
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}
}

// Debian's Caddy and nginx with the samples that are installed: what an operator copies works.
func TestBehindDebiansProxies(t *testing.T) {
	if os.Getenv(withProxies) == "" {
		t.Skip("it needs Debian's caddy and nginx, and a minute of silence: .ci/check proxies")
	}
	for name, proxy := range map[string]func(t *testing.T, dir, port, upstream string) *exec.Cmd{"caddy": caddy, "nginx": nginx} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			at := "https://" + host + ":" + port
			w, room, _ := newTown(t)
			w.stop()
			w = serveTown(t, w.dir, "-public", at, "-proxies", "127.0.0.1")
			behind(t, proxy, port, strings.TrimPrefix(w.url, "http://"))
			through(t, w, at, room, port)
			w.stop()
			for _, hint := range []string{"proxy_set_header", "Upgrade and Connection"} {
				if strings.Contains(w.log.String(), hint) {
					t.Errorf("the log complains of the proxy: %s", hint)
				}
			}
		})
	}
}

// behind runs a proxy until the test ends, and waits until the office answers through it.
func behind(t *testing.T, proxy func(t *testing.T, dir, port, upstream string) *exec.Cmd, port, upstream string) {
	t.Helper()
	cmd := proxy(t, t.TempDir(), port, upstream)
	said := &lines{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() {
			t.Log(said)
		}
	})
	long.Wait(t, "the office answers through the proxy", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the proxy ended: %v\n%s", err, said)
		default:
		}
		res, err := from("127.0.0.1", port).Get("https://" + host + ":" + port + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

// request asks through a proxy; it answers with what was said.
func request(t *testing.T, c *http.Client, method, at, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// through does what phones do, by the office's name.
func through(t *testing.T, w *town, at, room, port string) {
	t.Helper()
	api := at + "/api/v1"
	browser := from("127.0.0.2", port)
	signIn := func(c *http.Client, phone, word string, headers ...string) (*http.Response, string) {
		t.Helper()
		said, _ := json.Marshal(map[string]any{"phone": phone, "password": word, "tokens": word == password})
		return request(t, c, "POST", api+"/session", string(said), headers...)
	}

	// The scheme is believed, and a page of the office's name is ours.
	res, said := signIn(browser, zhang.phone, password, "Origin", at, "X-Forwarded-Proto", "http")
	if res.StatusCode != http.StatusOK || len(res.Cookies()) == 0 {
		t.Fatalf("signing in: %s %s", res.Status, said)
	}
	for _, c := range res.Cookies() {
		if !c.Secure {
			t.Errorf("%s is not Secure", c.Name)
		}
	}
	session := answer{}
	if err := json.Unmarshal([]byte(said), &session); err != nil {
		t.Fatal(err)
	}
	bearer := []string{"Authorization", "Bearer " + session["access"].(string)}

	// The socket, which says nothing and hears nothing for a minute, is open afterwards.
	line, _, err := websocket.Dial(context.Background(), strings.Replace(api, "https", "wss", 1)+"/socket", &websocket.DialOptions{
		HTTPClient: browser, HTTPHeader: http.Header{"Authorization": {bearer[1]}, "Origin": {at}},
	})
	if err != nil {
		t.Fatalf("the socket: %v", err)
	}
	defer func() { _ = line.CloseNow() }()
	line.SetReadLimit(-1)
	hear(t, line, "hello")
	minute := time.After(time.Minute + time.Second)
	const last = "一分钟以后还听得到"
	heard := make(chan error, 1)
	go func() { // reading answers the pings
		for {
			_, b, err := line.Read(context.Background())
			if err != nil || strings.Contains(string(b), last) {
				heard <- err
				return
			}
		}
	}()

	// A file of 100 MiB, in parts.
	const whole, part = 100 << 20, 8 << 20
	res, said = request(t, browser, "POST", api+"/rooms/"+room+"/uploads", fmt.Sprintf(`{"as":"file","size":%d}`, whole), bearer...)
	upload := answer{}
	if err := json.Unmarshal([]byte(said), &upload); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("an upload: %s %s", res.Status, said)
	}
	bytesOf := bytes.Repeat([]byte("linli"), part/5+1)
	for begin := 0; begin < whole; begin += part {
		res, said := request(t, browser, "PATCH", api+"/uploads/"+upload["upload"].(string), string(bytesOf[:min(part, whole-begin)]),
			append(bearer, "Upload-Offset", fmt.Sprint(begin), "Content-Type", "application/octet-stream")...)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("the part at %d: %s %s", begin, res.Status, said)
		}
	}
	if res, said := request(t, browser, "POST", api+"/uploads/"+upload["upload"].(string)+"/done", `{}`, bearer...); res.StatusCode != http.StatusOK {
		t.Errorf("the whole file: %s %s", res.Status, said)
	}

	// What Prometheus reads is not for everybody, however it is written.
	for _, path := range []string{"/metrics", "/metrics/", "//metrics", "/./metrics", "/%6detrics", "/x/../metrics", "/metrics?x", "/Metrics"} {
		res, said := request(t, browser, "GET", at+path, "")
		if strings.Contains(said, "linli_") || path == "/metrics" && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}

	// Wrong passwords count for the address they come from, whatever that says of itself; another address is not held back.
	held := false
	for n := 0; n < 300 && !held; n++ {
		res, _ := signIn(browser, fmt.Sprintf("139%08d", n), "geraten-123", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n%250+1))
		held = res.StatusCode == http.StatusTooManyRequests
	}
	if !held {
		t.Error("nobody is held back")
	}
	if res, said := signIn(from("127.0.0.3", port), li.phone, password); res.StatusCode != http.StatusOK {
		t.Errorf("somebody at another address: %s %s", res.Status, said)
	}

	select {
	case err := <-heard:
		t.Fatalf("the silent socket: %v", err)
	case <-minute:
	}
	w.as(li).say(room, last)
	if err := <-heard; err != nil {
		t.Fatalf("after a minute: %v", err)
	}
}
