package engine

import "linli/internal/id"

// Waiting tells whether commands of a room wait to be decided, or one of them is being written.
func (e *Engine) Waiting(r id.Room) bool {
	l := e.known(r)
	l.queue.Lock()
	defer l.queue.Unlock()
	return l.writing
}
