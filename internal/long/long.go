// Package long says how much of a long test is run: a sample that is the same every time, or all of it where LINLI_LONG is 1
// (make long). Only tests use it.
package long

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// Patience is how long a test waits at most for what has to come. It measures nothing: it is there so that a test that waits for ever
// ends, however busy the machine is.
const Patience = 10 * time.Minute

// Wait waits until something is so.
func Wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came: %s", what)
		}
	}
}

// Variable is the environment variable; a program that a test starts is not given it.
const Variable = "LINLI_LONG"

// All tells whether all of it is run.
func All() bool { return os.Getenv(Variable) == "1" }

// Runs is how often something is done that is done so often as a sample, and so often in all.
func Runs(sample, all int) int {
	if All() {
		return all
	}
	return sample
}

// Some is a sample of so many, in their order, drawn by a seed; all of them where all is run.
func Some[T any](seed uint64, sample int, all []T) []T {
	if All() || sample >= len(all) {
		return all
	}
	var some []T
	draw := rand.New(rand.NewPCG(seed, 20260306)) //nolint:gosec // the same every time
	for i, x := range all {
		if draw.IntN(len(all)-i) < sample-len(some) {
			some = append(some, x)
		}
	}
	return some
}

// Environ is the environment of a program that a test starts.
func Environ() (env []string) {
	for _, line := range os.Environ() {
		if len(line) <= len(Variable) || line[:len(Variable)+1] != Variable+"=" {
			env = append(env, line)
		}
	}
	return env
}
