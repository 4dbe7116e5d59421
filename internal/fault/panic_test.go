package fault

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// A panic is an error whose line in the log says what it was and where, and nothing that somebody wrote.
func TestAPanicIsAnErrorThatNamesNobody(t *testing.T) {
	t.Parallel()
	var list []int
	for _, c := range []struct {
		name, want string
		f          func() error
	}{
		{"of the runtime", "index out of range", func() error { list[len(list)]++; return nil }},
		{"of words", "string", func() error { panic("13800000001 张三") }},
		{"of an error", "*errors.errorString", func() error { panic(errors.New("13800000001 张三")) }},
	} {
		err := Caught(c.f)
		var p *Panic
		if !errors.As(err, &p) || Of(err) != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var said bytes.Buffer
		slog.New(slog.NewTextHandler(&said, nil)).Error("not done", "err", err)
		if !strings.Contains(said.String(), "panic_test.go") || strings.Contains(said.String(), "1380") || strings.Contains(said.String(), "张") {
			t.Errorf("%s: %s", c.name, &said)
		}
	}
	if err := Caught(func() error { return New(Busy, "not now") }); !Is(err, Busy) {
		t.Error(err)
	}
}
