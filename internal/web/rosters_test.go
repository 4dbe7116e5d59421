package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/roster"
)

// A form whose files trickle in holds nobody up beyond its time, and what had come is dropped.
func TestARosterThatTricklesInIsEndedByItsDeadline(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := uploaded(w, r, 50*time.Millisecond)
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
	case <-time.After(time.Minute):
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
	files, err := uploaded(httptest.NewRecorder(), r, time.Minute)
	if err != nil || len(files) != 1 || files[0].Places["a.csv"] != (roster.Place{Compound: "和园", Community: "湖心社区"}) || len(files[0].Columns["a.csv"]) != 2 {
		t.Fatalf("%+v %v", files, err)
	}
	r = httptest.NewRequest("POST", "/", bytes.NewReader(bytes.ReplaceAll(whole, []byte("{"), []byte("["))))
	r.Header.Set("Content-Type", form.FormDataContentType())
	if _, err := uploaded(httptest.NewRecorder(), r, time.Minute); err == nil {
		t.Error("nonsense was taken")
	}
}
