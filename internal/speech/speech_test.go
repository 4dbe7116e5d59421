package speech

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"linli/internal/fault"
)

// engine is one that answers as told.
func engine(t *testing.T, answer http.HandlerFunc) *Engine {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return New(s.URL)
}

func spell(e *Engine, b string) (string, error) {
	return e.Spell(context.Background(), "audio/mp4", int64(len(b)), strings.NewReader(b), 12)
}

func TestTheEngineHearsTheRecordingAndAnswersInWords(t *testing.T) {
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || string(b) != "what was said" || r.Header.Get("Content-Type") != "audio/mp4" {
			t.Errorf("%s %q %v", r.Method, b, r.Header)
		}
		_, _ = io.WriteString(w, `{"text":" 今晚\n停水\u202e\u0000 ","confidence":0.9}`)
	})
	if text, err := spell(e, "what was said"); err != nil || text != "今晚 停水" {
		t.Errorf("%q %v", text, err)
	}
}

func TestWhatIsNoAnswerIsNoText(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		want   fault.Code
	}{
		"silence":          {`{"text":" \u200b "}`, 200, fault.Unheard},
		"no text":          {`{}`, 200, fault.EngineDown},
		"another shape":    {`[1]`, 200, fault.EngineDown},
		"a page":           {`<html>`, 200, fault.EngineDown},
		"its mistake":      {`{"text":"今晚停水"}`, 500, fault.EngineDown},
		"somewhere else":   {`{"text":"今晚停水"}`, 302, fault.EngineDown},
		"without an end":   {`{"text":"` + strings.Repeat("水", mostAnswer), 200, fault.EngineDown},
		"nothing whatever": {``, 200, fault.EngineDown},
	} {
		e := engine(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.answer)
		})
		if text, err := spell(e, "x"); !fault.Is(err, c.want) {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := spell(New(gone.URL), "x"); !fault.Is(err, fault.EngineDown) {
		t.Errorf("away: %v", err)
	}
	if _, err := spell(New(""), "x"); !fault.Is(err, fault.NoEngine) {
		t.Errorf("none: %v", err)
	}
	if _, err := New("http://127.0.0.1:1/").Spell(t.Context(), "audio/mp4", MostAudio+1, strings.NewReader(""), 9); !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestALongTextIsCutWithASign(t *testing.T) {
	e := engine(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"一二三四五六七八九十一二三"}`)
	})
	if text, err := spell(e, "x"); err != nil || text != "一二三四五六七八九十一…" {
		t.Errorf("%q %v", text, err)
	}
}

func TestFewAreHeardAtOnceAndACrowdIsRefused(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	open := make(chan struct{})
	e := engine(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-open
		mu.Lock()
		now--
		mu.Unlock()
		_, _ = io.WriteString(w, `{"text":"好"}`)
	})
	var work sync.WaitGroup
	refused := make(chan error, atOnce+mayWait+1)
	for range atOnce + mayWait + 1 {
		work.Go(func() {
			if _, err := spell(e, "x"); err != nil {
				refused <- err
			}
		})
	}
	if err := <-refused; !fault.Is(err, fault.Busy) { // only one is too many, and it hears so at once
		t.Errorf("%v", err)
	}
	close(open)
	work.Wait()
	if len(refused) != 0 || most > atOnce {
		t.Errorf("%d more refused, %d at once", len(refused), most)
	}
}
