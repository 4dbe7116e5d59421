package web

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
)

type itemRef struct {
	Room id.Room   `path:"room"`
	Seq  entry.Seq `path:"seq"`
}

// spell has an engine write down what a voice says, for all who may read it. It is asked once: who comes second waits for the same, and
// who comes later finds it done.
func (s *Server) spell(ctx context.Context, in *itemRef) (*done, error) {
	item, state, err := s.itemFor(ctx, in.Room, in.Seq)
	switch {
	case err != nil:
		return nil, err
	case s.Speech == nil:
		return nil, fault.New(fault.NoEngine, "no engine for speech is set up")
	case item.Kind != "voice" || len(state.Files) == 0:
		return nil, fault.New(fault.Invalid, "only voices are spelled out").And("field", "seq")
	case state.Spelled != "":
		return ok(), nil
	}
	if _, err := s.notPast(item, state); err != nil {
		return nil, err
	}
	err = s.spelling.do(ctx, *in, func(ctx context.Context) error { return s.hear(ctx, in, state.Files[0]) })
	if err != nil {
		return nil, err
	}
	return ok(), nil
}

// hear asks the engine, and writes down what it heard.
func (s *Server) hear(ctx context.Context, in *itemRef, f kind.File) error {
	audio, err := s.Blobs.Read(f.Hash, false)
	if err != nil {
		return err
	}
	defer audio.Close()
	text, err := s.Speech.Spell(ctx, f.Type, f.Size, audio, kind.MostSpelled)
	if err != nil {
		return err
	}
	words, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err
	}
	_, err = s.Engine.As(ctx, in.Room.Log(), entry.Command{Act: "voice.spell", Re: in.Seq, Words: words}, time.Time{})
	if fault.Is(err, fault.Unchanged) { // the view that said otherwise was a moment behind
		return nil
	}
	return err
}

// once does what many ask for at the same time one single time.
type once struct {
	mu  sync.Mutex
	now map[itemRef]*underway
}

type underway struct {
	done chan struct{}
	err  error
}

// do waits for f, begun by whoever came first; it goes on when that one goes away.
func (o *once) do(ctx context.Context, what itemRef, f func(context.Context) error) error {
	o.mu.Lock()
	u := o.now[what]
	if u == nil {
		u = &underway{done: make(chan struct{}), err: fault.New(fault.Busy, "it was not finished")}
		if o.now == nil {
			o.now = map[itemRef]*underway{}
		}
		o.now[what] = u
		go func() {
			defer func() {
				o.mu.Lock()
				delete(o.now, what)
				o.mu.Unlock()
				close(u.done)
			}()
			work, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			u.err = fault.Caught(func() error { return f(work) })
		}()
	}
	o.mu.Unlock()
	select {
	case <-u.done:
		return u.err
	case <-ctx.Done():
		return fault.New(fault.Busy, "no answer yet")
	}
}
