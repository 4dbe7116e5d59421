package local_test

import (
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/journaltest"
	"linli/internal/journal/local"
)

func open(t *testing.T, dir string) journal.Journal {
	t.Helper()
	j, err := local.Open(dir, local.Options{Log: logTo(t)})
	if err != nil {
		t.Fatal("open:", err)
	}
	return j
}

func TestSuite(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, journaltest.Engine{Open: open, Lose: lose, Change: func(t *testing.T, dir string, log id.Log, seq journal.Seq) {
		change(t, dir, log, seq, -1)
	}})
}
