package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"linli/internal/fault"
	"linli/internal/intake"
	"linli/internal/long"
	"linli/internal/roster"
)

// Whoever asks how far it has come, or for the rows that were not taken, may do so while it ends.
func TestARosterIsAskedForWhileItIsApplied(t *testing.T) {
	t.Parallel()
	var all rosters
	all.add("i1", &planned{plan: &intake.Plan{Errors: []roster.RowError{{Row: 1}}}, made: time.Now(), state: "ready"})
	_, err := all.begin(t.Context(), "i1", func(_ context.Context, x *planned) { all.end(x, []roster.RowError{{Row: 2}}, nil) })
	if err != nil {
		t.Fatal(err)
	}
	for done := false; !done; { // the race detector says what is wrong
		p, err := all.get("i1")
		if err != nil {
			t.Fatal(err)
		}
		if done = p.state == "done"; done != (len(p.untaken()) == 2) || done != (p.body("i1").Failed == 2) {
			t.Errorf("%s, and %d rows not taken", p.state, len(p.untaken()))
		}
	}
	<-all.applied
}

// What a roster says of people lies in memory for an hour and no longer, and is applied to what it was compared with.
func TestAPlanIsForgottenAfterAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all rosters
		all.add("i1", &planned{plan: &intake.Plan{}, made: time.Now(), state: "ready"})
		time.Sleep(planFor - time.Second)
		if _, err := all.get("i1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, err := all.get("i1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("it is there: %v", err)
		}
		if _, err := all.begin(t.Context(), "i1", nil); err == nil {
			t.Error("it is applied")
		}
	})
}

// A stop tells the roster that is applied to stop, waits until it has, and lets none begin.
func TestAStopWaitsForTheRosterThatIsApplied(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	s := &Server{Log: slog.New(slog.NewTextHandler(&said, nil))}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	s.Wait(late) // there was none
	for _, name := range []string{"i1", "i2"} {
		s.rosters.add(name, &planned{plan: &intake.Plan{}, made: time.Now(), state: "ready"})
	}
	step := make(chan struct{})
	_, err := s.rosters.begin(t.Context(), "i1", func(ctx context.Context, x *planned) {
		<-ctx.Done()
		<-step // the step that it was at
		s.rosters.end(x, nil, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if said.Len() > 0 {
		t.Errorf("it says %s", said.String())
	}
	s.Wait(late) // whatever the disk does, it comes back
	if said.Len() == 0 {
		t.Error("it does not say that it goes without")
	}
	close(step)
	s.Wait(t.Context())
	said.Reset()
	s.Wait(late) // it has ended, however late it is
	if said.Len() > 0 {
		t.Errorf("it says %s", said.String())
	}
	if p, err := s.rosters.get("i1"); err != nil || p.state != "done" {
		t.Errorf("it is %s, %v", p.state, err)
	}
	if _, err := s.rosters.begin(t.Context(), "i2", nil); !fault.Is(err, fault.Busy) {
		t.Errorf("another one: %v", err)
	}
}

// A form whose files trickle in holds nobody up beyond its time, and what had come is dropped.
func TestARosterThatTricklesInIsEndedByItsDeadline(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _, err := uploaded(w, r, 50*time.Millisecond)
		refused <- err
	}))
	t.Cleanup(s.Close)
	body, trickle := io.Pipe()
	t.Cleanup(func() { _ = trickle.Close() })
	form := multipart.NewWriter(trickle)
	go func() {
		part, err := form.CreateFormFile("file", "roster.csv")
		for err == nil { // until the server has had enough
			_, err = part.Write([]byte("和"))
		}
	}()
	go func() {
		if answer, err := http.Post(s.URL, form.FormDataContentType(), body); err == nil {
			_ = answer.Body.Close()
		}
	}()
	select {
	case err := <-refused:
		if !fault.Is(err, fault.TooLate) {
			t.Errorf("%v", err)
		}
	case <-time.After(long.Patience):
		t.Fatal("it is read for ever")
	}
}

func TestARosterSaysWhereItsHomesLie(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("places", `{"a.csv":{"a.csv":{"compound":"和园","community":"湖心社区"}}}`)
	_ = form.WriteField("columns", `{"a.csv":{"a.csv":["door","name"]}}`)
	part, _ := form.CreateFormFile("file", "a.csv")
	_, _ = part.Write([]byte("甲,乙\n3-2-501,王丽\n"))
	_ = form.Close()
	whole := bytes.Clone(body.Bytes())
	r := httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	files, adds, err := uploaded(httptest.NewRecorder(), r, time.Minute)
	if err != nil || adds || len(files) != 1 || files[0].Places["a.csv"] != (roster.Place{Compound: "和园", Community: "湖心社区"}) || len(files[0].Columns["a.csv"]) != 2 {
		t.Fatalf("%+v %v", files, err)
	}
	r = httptest.NewRequest("POST", "/", bytes.NewReader(bytes.ReplaceAll(whole, []byte("{"), []byte("["))))
	r.Header.Set("Content-Type", form.FormDataContentType())
	if _, _, err := uploaded(httptest.NewRecorder(), r, time.Minute); err == nil {
		t.Error("nonsense was taken")
	}
}
