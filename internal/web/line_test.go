package web

import (
	"sync"
)

// line is a connection in memory: what was pushed waits until somebody takes it.
type line struct {
	mu     sync.Mutex
	frames [][]byte
	came   chan struct{} // something waits; one element
	code   int           // how it ended; 0 while it lives
}

func (l *line) Push(frame []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.code != 0 {
		return false
	}
	l.frames = append(l.frames, frame)
	select {
	case l.came <- struct{}{}:
	default:
	}
	return true
}

func (l *line) Bye(code int, _ string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.code == 0 {
		l.code = code
	}
}

func (l *line) Waiting() int { return 0 }
