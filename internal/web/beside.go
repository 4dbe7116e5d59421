package web

import (
	"sync"

	"linli/internal/fault"
)

// beside does n things at once, and returns what came of each when all are done; a panic is the error of that one alone.
func beside(n int, do func(int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = fault.Caught(func() error { return do(i) }) })
	}
	all.Wait()
	return errs
}
