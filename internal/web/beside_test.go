package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/wire"
)

// Of several that are done at once, one that panics fails alone.
func TestOfSeveralAtOnceOneThatPanicsFailsAlone(t *testing.T) {
	t.Parallel()
	errs := beside(4, func(i int) error {
		switch i {
		case 1:
			panic("13800000001")
		case 2:
			return fault.New(fault.Conflicting, "it changed")
		}
		return nil
	})
	var broken *fault.Panic
	if errs[0] != nil || !errors.As(errs[1], &broken) || !fault.Is(errs[2], fault.Conflicting) || errs[3] != nil {
		t.Error(errs)
	}
}

// Whoever waits for what another one began hears that it failed, and so does the next who asks.
func TestWhatIsDoneOnceForManyMayPanic(t *testing.T) {
	t.Parallel()
	var o once
	for range 2 {
		var broken *fault.Panic
		if err := o.do(context.Background(), itemRef{}, func(context.Context) error { panic("13800000001") }); !errors.As(err, &broken) {
			t.Error(err)
		}
	}
}

// A command and a resume that meet a mistake of ours are answered with it; the connection and the program go on.
func TestAConnectionOutlivesAMistakeOfOurs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	said := &line{}
	s := &Sockets{Log: slog.New(slog.NewTextHandler(&log, nil)), Rate: 20} // without its parts everything that is asked for is a mistake
	k := s.connect(said, id.Person("p1"), id.Device("d1"))
	k.hear([]byte(`{"do":[{"id":"d1.1","room":"r1","act":"text.post","words":{"text":"13800000001"}},{"id":"d1.2","room":"r1","act":"text.post"}]}`))
	k.resume(wire.Resume{Room: "r1"})
	heard := string(bytes.Join(said.frames, nil))
	for _, want := range []string{`["d1.1","internal"]`, `["d1.2","internal"]`, `"failed":{"code":"internal","room":"r1"}`} {
		if !strings.Contains(heard, want) {
			t.Errorf("%q does not say %s", heard, want)
		}
	}
	if strings.Contains(log.String(), "1380") || !strings.Contains(log.String(), "conn.go") {
		t.Error(&log)
	}
}
