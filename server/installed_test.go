package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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
