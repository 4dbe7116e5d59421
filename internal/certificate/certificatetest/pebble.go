package certificatetest

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"linli/internal/long"
)

// Authority is pebble, the test authority of Let's Encrypt, on this machine. It asks for what it has to as a real one does; every name leads to
// 127.0.0.1 for it.
type Authority struct {
	URL  string // of its directory
	Root string // file with who issued its own certificate
}

// Pebble starts an authority that reaches the servers it certifies by these ports, whose certificates are good for so long.
func Pebble(t testing.TB, http80, https443 int, good time.Duration) Authority {
	t.Helper()
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	cert, key, _ := Pair(t, own, time.Now().AddDate(1, 0, 0), "127.0.0.1")
	at, manage := Port(t), Port(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", at), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", manage),
		"certificate": cert, "privateKey": key, "httpPort": http80, "tlsPort": https443, "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]any{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "test", "validityPeriod": int(good.Seconds())}},
	}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "pebble.json"), config, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	program := tool(t, "pebble")
	cmd := exec.Command(program, "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", names(t)) //nolint:gosec // a tool of ours
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	out, err := cmd.StdoutPipe()
	if err == nil {
		cmd.Stderr = cmd.Stdout
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for in := bufio.NewScanner(out); in.Scan(); {
			if testing.Verbose() {
				fmt.Println(in.Text())
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-ended
	})
	a := Authority{URL: fmt.Sprintf("https://127.0.0.1:%d/dir", at), Root: cert}
	asker := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} //nolint:gosec // it is only waited for
	long.Wait(t, "pebble answers", func() bool {
		res, err := asker.Get(a.URL)
		if err != nil {
			return false
		}
		return res.Body.Close() == nil
	})
	return a
}

// tool is the path of a program of the tools' module, which Go builds when it is not there.
func tool(t testing.TB, name string) string {
	t.Helper()
	root, err := os.Getwd()
	for ; err == nil; root = filepath.Dir(root) {
		if _, missing := os.Stat(filepath.Join(root, ".ci", "go.mod")); missing == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no .ci/go.mod above this folder")
		}
	}
	cmd := exec.Command("go", "tool", "-modfile=.ci/go.mod", "-n", name) //nolint:gosec // a name of ours
	cmd.Dir, cmd.Stderr = root, os.Stderr
	path, err := cmd.Output()
	if err != nil {
		t.Fatalf("go tool %s: %v", name, err)
	}
	return strings.TrimSpace(string(path))
}

// names is a name server for which every name is this machine's. Pebble asks it by TCP.
func names(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return l.Addr().String()
}

// answer answers the questions of one connection; each has its length before it, in 2 bytes.
func answer(c net.Conn) {
	defer c.Close()
	for {
		var size uint16
		if binary.Read(c, binary.BigEndian, &size) != nil {
			return
		}
		b := make([]byte, size)
		var m dnsmessage.Message
		if _, err := io.ReadFull(c, b); err != nil || m.Unpack(b) != nil {
			return
		}
		m.Response, m.Additionals = true, nil
		for _, q := range m.Questions {
			if q.Type == dnsmessage.TypeA {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
				})
			}
		}
		b, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil { //nolint:gosec // it is short
			return
		}
	}
}

// Port is one that nobody listens on.
func Port(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at, _ := l.Addr().(*net.TCPAddr)
	return at.Port
}
