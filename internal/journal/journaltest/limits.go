package journaltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"linli/internal/journal"
)

// nothing checks that a journal is as new.
func (l *lab) nothing() {
	l.Helper()
	for log, err := range l.Logs(l.ctx, 0) {
		l.Errorf("there is a log: %s, %v", log, err)
	}
	for item, err := range l.Shelf().List(l.ctx, "") {
		l.Errorf("there is something on the shelf: %.20s, %v", item.Key, err)
	}
	for step := range l.replay(nil) {
		l.Errorf("there is a frame: %v", step.Frame.Seq)
	}
}

func limits(t *testing.T, e Engine) {
	l := newLab(t, e)
	large := make([]byte, journal.MaxBody+1)
	key := strings.Repeat("k", 512)
	_, appendErr := l.Append(l.ctx, logName(1), 0, newID(), large)
	_, putErr := l.Shelf().Put(l.ctx, "k", large, journal.Any, 0)
	_, keyErr := l.Shelf().Put(l.ctx, key+"k", nil, journal.Any, 0)
	allErr := l.Shelf().PutAll(l.ctx, []journal.Item{{Key: "k", Value: large}})
	for n, err := range []error{appendErr, putErr, keyErr, allErr} {
		if !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := l.Shelf().Put(l.ctx, "", nil, journal.Any, 0); err == nil {
		t.Error("an empty key was taken")
	}
	l.nothing()
	l.reopen()
	l.nothing()

	l.appends(logName(1), 0, newID(), string(large[1:]))
	l.appends(logName(1), 1, newID(), "")
	if _, err := l.Shelf().Put(l.ctx, key, large[1:], journal.Absent, 0); err != nil {
		t.Error("the largest value under the longest key:", err)
	}
	if frames := l.reads(logName(1)); len(frames[0].Body) != journal.MaxBody || len(frames[1].Body) != 0 {
		t.Errorf("bodies of %d and %d bytes", len(frames[0].Body), len(frames[1].Body))
	}
	if value, _, err := l.Shelf().Get(l.ctx, key); len(value) != journal.MaxBody || err != nil {
		t.Errorf("value of %d bytes, %v", len(value), err)
	}
}

func cancelled(t *testing.T, e Engine) {
	l := newLab(t, e)
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	var callers sync.WaitGroup
	for n := range 32 {
		callers.Go(func() {
			_, err := l.Append(ctx, logName(n), 0, newID(), []byte("never"))
			_, putErr := l.Shelf().Put(ctx, fmt.Sprint("k", n), nil, journal.Absent, 0)
			allErr := l.Shelf().PutAll(ctx, []journal.Item{{Key: fmt.Sprint("a", n)}})
			deleteErr := l.Shelf().Delete(ctx, fmt.Sprint("k", n), journal.Any)
			redactErr := l.Redact(ctx, logName(n), 1, nil)
			for call, err := range []error{err, putErr, allErr, deleteErr, redactErr} {
				if !errors.Is(err, journal.ErrUnavailable) || !errors.Is(err, context.Canceled) {
					t.Errorf("call %d: %v", call, err)
				}
			}
		})
	}
	callers.Wait()
	l.nothing()
	l.reopen()
	l.nothing()

	// Reading that was cancelled says so, and is not taken for the end of a log.
	l.fill(logName(1), 3)
	for _, err := range l.Read(ctx, logName(1), 0, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Error("read:", err)
		}
	}
	if _, err := l.Head(ctx, logName(1)); !errors.Is(err, context.Canceled) {
		t.Error("head:", err)
	}
	for _, err := range l.Logs(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Error("logs:", err)
		}
	}
	if _, _, err := l.Shelf().Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Error("get:", err)
	}
}

func closed(t *testing.T, e Engine) {
	l := newLab(t, e)
	l.fill(logName(1), 3)
	following := make(chan error)
	caughtUp := make(chan struct{})
	go func() {
		var last error
		for step, err := range l.Follow(l.ctx, 0, nil) {
			if last = err; err == nil && step.Frame.Log == "" {
				select {
				case <-caughtUp:
				default:
					close(caughtUp)
				}
			}
		}
		following <- last
	}()
	<-caughtUp
	l.shut()
	if err := <-following; !errors.Is(err, journal.ErrClosed) {
		t.Error("a follower when the journal closes:", err)
	}
	if err := l.Close(); err != nil {
		t.Error("closing again:", err)
	}
	_, appendErr := l.Append(l.ctx, logName(1), 3, newID(), nil)
	_, headErr := l.Head(l.ctx, logName(1))
	_, putErr := l.Shelf().Put(l.ctx, "k", nil, journal.Any, 0)
	_, _, getErr := l.Shelf().Get(l.ctx, "k")
	_, readErr := l.readUntil(logName(1))
	_, listErr := first(l, "")
	var logsErr, followErr error
	for _, logsErr = range l.Logs(l.ctx, 0) {
	}
	for _, followErr = range l.Follow(l.ctx, 0, nil) {
	}
	errs := []error{
		appendErr, headErr, putErr, getErr, readErr, listErr, logsErr, followErr, l.Redact(l.ctx, logName(1), 1, nil),
		l.Shelf().Delete(l.ctx, "k", journal.Any), l.Shelf().PutAll(l.ctx, []journal.Item{{Key: "k"}}),
	}
	for n, err := range errs {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("call %d: %v", n, err)
		}
	}
}
