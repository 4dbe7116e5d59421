package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"

	"linli/assets"
)

// heard is a terminal that calls a function when a word appears on it.
type heard struct {
	mu    sync.Mutex
	all   bytes.Buffer
	word  string
	begun func()
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all.Write(b)
	if bytes.Contains(b, []byte(h.word)) {
		h.begun()
	}
	return len(b), nil
}

// Somebody who starts the demo for the first time reads what it is doing from the first moment on, and how far it is.
func TestTheDemoSaysWhatItDoesWhileItFills(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out := &heard{word: demoPassword, begun: stop} // who may sign in is said last
	dir := t.TempDir()
	demo(ctx, []string{"-data", dir, "-listen", "127.0.0.1:0", "-at", "10:30", "-speed", "0"}, out, io.Discard)
	rest := out.all.String()
	for _, said := range []string{"打开数据", "导入花名册", "15000 户", "50%", "居民入群", "重放昨天", "10% (", "90% (", "重放今天到 10:30", "100% (", "居民登录", demoPassword} {
		_, behind, ok := strings.Cut(rest, said)
		if !ok {
			t.Fatalf("it does not say %q, or not in its turn:\n%s", said, &out.all)
		}
		rest = behind
	}
	// Who talks there has signed in, and so counts for their door.
	c := &Config{}
	if err := c.parse("demo", []string{"-data", dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	p, err := open(t.Context(), c, settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	day, err := fs.ReadFile(assets.Ruyihu, "day.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	events, err := readDay(day)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		who, err := p.Register.ByPhone(t.Context(), e.By.Phone)
		if err != nil {
			t.Fatalf("%s: %v", e.By.Phone, err)
		}
		if !p.Auth.ChosePassword(who) {
			t.Fatalf("%s has never signed in", e.By.Phone)
		}
	}
}

// What people say in the demo is written as Chinese is: a mark beside a Chinese character is a Chinese one.
func TestTheDemosTextsHaveChineseMarks(t *testing.T) {
	t.Parallel()
	day, err := fs.ReadFile(assets.Ruyihu, "day.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	half := regexp.MustCompile(`\p{Han}[,?!;:]|[,?!;:]\p{Han}`)
	for line := range bytes.Lines(day) {
		if found := half.Find(line); found != nil {
			t.Fatalf("%q in %s", found, line)
		}
	}
}
