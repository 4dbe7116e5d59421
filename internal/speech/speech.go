// Package speech asks an engine what was said in a recording. The engine is somebody else's program behind one URL, which the
// operator named: it is sent the recording and answers with a text. Nothing is kept here.
package speech

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"linli/internal/fault"
	"linli/internal/legible"
)

const (
	within     = 20 * time.Second
	atOnce     = 2        // recordings that the engine hears at the same time
	mayWait    = 16       // that wait for it; more are refused as busy
	mostAnswer = 64 << 10 // bytes of an answer
)

// MostAudio is the size of a recording in bytes.
const MostAudio = 2 << 20

// Engine spells out recordings. It is safe for concurrent use; nil is an office without one.
type Engine struct {
	url    string
	client *http.Client
	queue  chan struct{} // those who wait and those who are heard
	heard  chan struct{}
}

// New is the engine behind a URL; nil when there is none.
func New(url string) *Engine {
	if url == "" {
		return nil
	}
	return &Engine{
		url: url, queue: make(chan struct{}, atOnce+mayWait), heard: make(chan struct{}, atOnce),
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Spell is the text of a recording of a media type and size (bytes), at most `most` characters of it. Faults: NoEngine, EngineDown (no
// sound answer within 20 seconds), Unheard (nothing was understood), TooLarge, Busy. An error's words never carry what was said.
func (e *Engine) Spell(ctx context.Context, media string, size int64, audio io.Reader, most int) (string, error) {
	if e == nil {
		return "", fault.New(fault.NoEngine, "no engine for speech is set up")
	}
	if size > MostAudio {
		return "", fault.New(fault.TooLarge, "the recording is too large").And("limit", MostAudio)
	}
	select {
	case e.queue <- struct{}{}:
		defer func() { <-e.queue }()
	default:
		return "", fault.New(fault.Busy, "many recordings wait to be heard")
	}
	select {
	case e.heard <- struct{}{}:
		defer func() { <-e.heard }()
	case <-ctx.Done():
		return "", fault.New(fault.Busy, "many recordings wait to be heard")
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	text, ok := e.ask(ctx, media, size, audio)
	if !ok {
		return "", fault.New(fault.EngineDown, "the engine for speech does not answer")
	}
	if text = legible.Line(text, most); text == "" {
		return "", fault.New(fault.Unheard, "nothing was understood")
	}
	return text, nil
}

// ask sends the recording; not ok when what comes back is no answer.
func (e *Engine) ask(ctx context.Context, media string, size int64, audio io.Reader) (text string, ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, audio)
	if err != nil {
		return "", false
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", media)
	req.Header.Set("Accept", "application/json")
	res, err := e.client.Do(req)
	if err != nil {
		return "", false
	}
	defer res.Body.Close()
	var said struct {
		Text *string `json:"text"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, mostAnswer)).Decode(&said)
	if err != nil || res.StatusCode != http.StatusOK || said.Text == nil {
		return "", false
	}
	return *said.Text, true
}
