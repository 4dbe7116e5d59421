package main

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"linli/internal/certificate/certificatetest"
)

// The settings that are installed are understood as they are, and also with every setting that only stands there as an example.
func TestTheSettingsThatAreInstalledAreUnderstood(t *testing.T) {
	t.Parallel()
	as := sample(t, "linli.conf")
	taken := regexp.MustCompile(`(?m)^# ([a-z-]+ \S+)$`).ReplaceAllString(as, "$1")
	if strings.Count(taken, "\n# ") == strings.Count(as, "\n# ") {
		t.Fatal("there are no examples in it")
	}
	for _, file := range []string{as, taken} {
		c, said := &Config{}, &strings.Builder{}
		if err := c.parse("serve", []string{"-config", write(t, filepath.Join(t.TempDir(), "linli.conf"), file)}, said); err != nil {
			t.Errorf("%s\nof\n%s", said, file)
		}
		if c.Data != "/var/lib/linli" || (c.Public != "") != (file == taken) {
			t.Errorf("it says %+v", c)
		}
	}
}

// A document names only files that are there.
func TestDocumentsNameFilesThatAreThere(t *testing.T) {
	t.Parallel()
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, doc := range append(docs, "../README.md", "../README.zh-CN.md") {
		b, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links.FindAllStringSubmatch(string(b), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), link[1])); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
}

// The board and the rules ask for metrics that there are.
func TestBoardAndRulesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	plain, _, _ := newTown(t)
	plain.as(li)
	there := plain.metrics()
	plain.stop()
	cert, key, _ := certificatetest.Pair(t, t.TempDir(), time.Now().AddDate(0, 0, 100), "127.0.0.1")
	secure := serveTown(t, plain.dir, "-tls-cert", cert, "-tls-key", key, "-listen-http", "")
	there += secure.metrics()

	asked := sample(t, "alerts.yml")
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(sample(t, "grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, x := range p.Targets {
			asked += "\n" + x.Expr
		}
	}
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(linli|process|go)_[a-z_]+`).FindAllString(asked, -1) {
		names[name] = true
	}
	if len(names) < 15 {
		t.Errorf("only %v is asked for", names)
	}
	for name := range names {
		if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(there) {
			t.Errorf("%s is asked for, and there is none", name)
		}
	}
}

// In an image that holds nothing but the program, the issuers of certificates are known all the same: pushes go by HTTPS.
func TestIssuersAreKnownWithoutASystem(t *testing.T) {
	t.Parallel()
	if os.Getenv("SSL_CERT_FILE") == "/nowhere" {
		if all, err := x509.SystemCertPool(); err != nil || all.Equal(x509.NewCertPool()) {
			t.Fatalf("nobody is known: %v", err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestIssuersAreKnownWithoutASystem$") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nowhere")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
