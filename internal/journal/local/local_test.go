package local_test

import (
	"strings"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/journaltest"
	"linli/internal/journal/local"
	"linli/internal/long"
)

func open(t *testing.T, dir string) journal.Journal {
	t.Helper()
	j, err := unlocked(func() (*local.Journal, error) { return local.Open(dir, local.Options{Log: logTo(t)}) })
	if err != nil {
		t.Fatal("open:", err)
	}
	return j
}

// unlocked opens what was closed a moment ago. Another test may start a child just then, which holds a copy of the lock until it has
// become another program.
func unlocked[T any](open func() (T, error)) (x T, err error) {
	for end := time.Now().Add(long.Patience); time.Now().Before(end); {
		if x, err = open(); err == nil || !strings.Contains(err.Error(), "in use") && !strings.Contains(err.Error(), "directory lock") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return x, err
}

func TestSuite(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, journaltest.Engine{Open: open, Lose: lose, Change: func(t *testing.T, dir string, log id.Log, seq journal.Seq) {
		change(t, dir, log, seq, -1)
	}})
}
