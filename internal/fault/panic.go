package fault

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// Panic is a panic that was caught: an internal error. What it says may be about somebody, so only the runtime's own words are kept, of
// anything else its type; where it was says the stack, which a log shows with the error.
type Panic struct{ what, stack string }

func (p *Panic) Error() string { return "panic: " + p.what }

// LogValue shows a log what it was and where.
func (p *Panic) LogValue() slog.Value {
	return slog.GroupValue(slog.String("panic", p.what), slog.String("stack", p.stack))
}

// Panicked makes an error of what recover gave, which is not nil, in the goroutine of the panic.
func Panicked(cause any) *Panic {
	p := &Panic{fmt.Sprintf("%T", cause), string(debug.Stack())}
	if e, ok := cause.(runtime.Error); ok { //nolint:errorlint // nobody wraps what panics
		p.what = e.Error()
	}
	return p
}

// Caught runs f; a panic in it is its error, a *Panic. In whatever a request begins beside itself it stands around everything, for there
// a panic would be the end of the program.
func Caught(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = Panicked(cause)
		}
	}()
	return f()
}
