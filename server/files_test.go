package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// bring uploads bytes in parts; it answers with the upload, or the refusal's code.
func (a *api) bring(room, as string, b []byte, parts int) (upload, refused string) {
	a.w.t.Helper()
	u := answer{}
	a.ask("POST", "/rooms/"+room+"/uploads", map[string]any{"as": as, "size": len(b)}, &u)
	if u["code"] != nil {
		return "", u["code"].(string)
	}
	upload = u["upload"].(string)
	for from, size := 0, (len(b)+parts-1)/parts; from < len(b); from += size {
		if status, out := a.part(upload, from, b[from:min(from+size, len(b))]); status != http.StatusOK {
			a.w.t.Fatalf("part at %d: %d %v", from, status, out)
		}
	}
	if a.ask("POST", "/uploads/"+upload+"/done", map[string]any{}, &u); u["code"] != nil {
		return "", u["code"].(string)
	}
	return upload, ""
}

func (a *api) part(upload string, at int, b []byte) (int, answer) {
	a.w.t.Helper()
	req, err := http.NewRequest("PATCH", a.w.url+"/api/v1/uploads/"+upload, bytes.NewReader(b))
	if err != nil {
		a.w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.access)
	req.Header.Set("Upload-Offset", strconv.Itoa(at))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.w.t.Fatal(err)
	}
	defer res.Body.Close()
	out := answer{}
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

// fetch gets bytes and what is said about them.
func (a *api) fetch(path string) (int, http.Header, []byte) {
	a.w.t.Helper()
	req, err := http.NewRequest("GET", a.w.url+"/api/v1"+path, nil)
	if err != nil {
		a.w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.access)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.w.t.Fatal(err)
	}
	return res.StatusCode, res.Header, b
}

func (a *api) post(room, kind string, with, words map[string]any, uploads ...string) (int, string) {
	a.w.t.Helper()
	files := []map[string]string{}
	for _, u := range uploads {
		files = append(files, map[string]string{"upload": u})
	}
	if with == nil {
		with = map[string]any{}
	}
	with["files"] = files
	return a.act(room, kind+".post", 0, with, words)
}

func filesAt(a *api, room string, seq int) []any {
	item := a.must("GET", "/rooms/"+room+"/items/"+strconv.Itoa(seq), nil)["new"].([]any)[0].(map[string]any)
	state, _ := item["state"].(map[string]any)
	list, _ := state["files"].([]any)
	return list
}

func pathOf(room string, seq int, file any) string {
	return "/rooms/" + room + "/items/" + strconv.Itoa(seq) + "/files/" + file.(map[string]any)["hash"].(string)
}

func snapshot(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 900, 600)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesVoicesAndFilesOfARoom(t *testing.T) {
	w, room, link := newTown(t)
	a, b := w.as(zhang), w.as(li)
	outside := w.apply(link, wang, "owner") // applied, not admitted

	one, _ := a.bring(room, "picture", snapshot(t), 3)
	two, _ := a.bring(room, "picture", snapshot(t), 1)
	seq, refused := a.post(room, "picture", nil, map[string]any{"text": "楼下的树倒了"}, one, two)
	if refused != "" {
		t.Fatal(refused)
	}
	files := filesAt(b, room, seq)
	if len(files) != 2 {
		t.Fatalf("%v", files)
	}
	path := pathOf(room, seq, files[0])
	status, head, large := b.fetch(path)
	if status != http.StatusOK || head.Get("Content-Type") != "image/jpeg" || !strings.Contains(head.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", status, head)
	}
	if _, _, small := b.fetch(path + "?small"); len(small) >= len(large) {
		t.Error("the small one is not smaller")
	}
	for who, x := range map[string]*api{"not admitted": outside, "nobody": w.nobody()} {
		if status, _, _ := x.fetch(path); status != http.StatusForbidden && status != http.StatusUnauthorized {
			t.Errorf("%s: %d", who, status)
		}
	}
	if status, _, _ := b.fetch(path[:len(path)-43] + strings.Repeat("A", 43)); status != http.StatusNotFound {
		t.Errorf("another hash: %d", status)
	}
	if _, refused := b.bring(room, "picture", []byte("<svg onload=alert(1)>"), 1); refused != "unreadable" {
		t.Errorf("a drawing with a script: %q", refused)
	}
	if _, refused := outside.bring(room, "picture", snapshot(t), 1); refused != "not-member" {
		t.Errorf("a stranger's upload: %q", refused)
	}
	if _, refused := b.post(room, "picture", nil, nil, one); refused != "not-found" {
		t.Errorf("somebody else's upload: %q", refused)
	}

	voice, refused := b.bring(room, "voice", []byte("OggS and what was said"), 1)
	if refused != "" {
		t.Fatal(refused)
	}
	if _, refused := b.post(room, "picture", nil, nil, voice); refused != "invalid" {
		t.Errorf("a voice as a picture: %q", refused)
	}
	if _, refused := b.post(room, "voice", map[string]any{"seconds": 3, "wave": "0359"}, nil, voice); refused != "" {
		t.Error(refused)
	}
	doc, _ := b.bring(room, "file", []byte("%PDF-1.7"), 1)
	for _, name := range []string{"../../etc/passwd", "通知\u202efdp.exe", "", ".hidden", "a\x00b"} {
		if _, refused := b.post(room, "file", nil, map[string]any{"name": name}, doc); refused != "invalid" {
			t.Errorf("a file called %q: %q", name, refused)
		}
	}
	fileSeq, refused := b.post(room, "file", nil, map[string]any{"name": "停水通知.pdf"}, doc)
	if refused != "" {
		t.Fatal(refused)
	}
	_, head, _ = a.fetch(pathOf(room, fileSeq, filesAt(a, room, fileSeq)[0]))
	if head.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment") {
		t.Errorf("a file is not only to be saved: %v", head)
	}

	// The shelf has what was brought; a reaction on it leaves it whole, also after a restart; taken back, it is gone for everybody.
	if shelf := a.must("GET", "/rooms/"+room+"/items?lane=files", nil)["new"].([]any); len(shelf) != 3 {
		t.Errorf("%d on the shelf", len(shelf))
	}
	w.stop()
	w = serveTown(t, w.dir)
	a, b = w.as(zhang), w.as(li)
	a.n, b.n = 100, 100
	if _, refused := b.act(room, "item.react", seq, map[string]any{"face": "收到", "on": true}, nil); refused != "" {
		t.Fatal(refused)
	}
	if n := len(filesAt(b, room, seq)); n != 2 {
		t.Errorf("%d files behind a reaction", n)
	}
	if _, refused := a.act(room, "item.retract", seq, nil, nil); refused != "" {
		t.Fatal(refused)
	}
	if status, _, _ := b.fetch(path); status != http.StatusNotFound {
		t.Errorf("taken back, and still there: %d", status)
	}
	if shelf := a.must("GET", "/rooms/"+room+"/items?lane=files", nil)["new"].([]any); len(shelf) != 2 {
		t.Errorf("%d on the shelf behind it", len(shelf))
	}
	w.stop()
	if out, code := program(t, "check", "-data", w.dir); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
}

// A file of elsewhere stands in nobody's post, however its name is written.
func TestAPostNamesNoFileButItsOwnUploads(t *testing.T) {
	w, room, _ := newTown(t)
	a, b := w.as(zhang), w.as(li)
	upload, _ := a.bring(room, "file", []byte("%PDF-1.7 甲的"), 1)
	seq, _ := a.post(room, "file", nil, map[string]any{"name": "甲.pdf"}, upload)
	his := filesAt(a, room, seq)[0].(map[string]any)
	upload, _ = b.bring(room, "file", []byte("%PDF-1.7 乙的"), 1)
	for _, name := range []string{"Files", "FILES", "file\u017f"} {
		seq, no := b.post(room, "file", map[string]any{name: []any{his}}, map[string]any{"name": "乙.pdf"}, upload)
		if no != "" {
			t.Fatalf("%s: %s", name, no)
		}
		if all := jsonText(t, filesAt(b, room, seq)); strings.Contains(all, his["hash"].(string)) {
			t.Errorf("%s: %s", name, all)
		}
		if _, no := b.post(room, "file", map[string]any{name: []any{his}}, map[string]any{"name": "乙.pdf"}); no != "invalid" {
			t.Errorf("%s alone: %q", name, no)
		}
	}
}

func TestUploadsThatLieAreRefusedInWords(t *testing.T) {
	w, room, _ := newTown(t)
	a, b := w.as(zhang), w.as(li)
	whole := []byte("%PDF-1.7 今晚停水")
	begin := func(as string, size any) answer {
		out := answer{}
		a.ask("POST", "/rooms/"+room+"/uploads", map[string]any{"as": as, "size": size}, &out)
		return out
	}
	for name, c := range map[string]struct {
		as   string
		size any
		want string
	}{
		"empty": {"file", 0, "invalid"}, "less than empty": {"file", -1, "invalid"}, "too large": {"picture", 26 << 20, "too-large"},
		"larger than there is": {"file", int64(1) << 62, "too-large"}, "of no kind": {"program", 9, "invalid"}, "size in words": {"file", "nine", "invalid"},
	} {
		if out := begin(c.as, c.size); out["code"] != c.want {
			t.Errorf("%s: %v", name, out)
		}
	}
	upload := begin("file", len(whole))["upload"].(string)
	offset := func(who *api, path, at string, part []byte) (int, any) {
		t.Helper()
		req, err := http.NewRequest("PATCH", w.url+"/api/v1/uploads/"+path, bytes.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+who.access)
		if at != "" {
			req.Header.Set("Upload-Offset", at)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		out := answer{}
		_ = json.NewDecoder(res.Body).Decode(&out)
		return res.StatusCode, out["code"]
	}
	for at, want := range map[string]string{
		"": "invalid", "x": "invalid", "1e3": "invalid", "99999999999999999999": "invalid", "-1": "conflicting", "1": "conflicting", "9223372036854775807": "conflicting",
	} {
		if status, code := offset(a, upload, at, whole); code != want || status >= 500 {
			t.Errorf("a part at %q: %d %v", at, status, code)
		}
	}
	a.no("conflicting", "POST", "/uploads/"+upload+"/done", map[string]any{})
	if status, code := offset(b, upload, "0", whole); code != "not-found" {
		t.Errorf("another's upload: %d %v", status, code)
	}
	for _, call := range []string{"GET /uploads/" + upload, "POST /uploads/" + upload + "/done", "DELETE /uploads/" + upload, "GET /uploads/..%2f..%2fkeys", "POST /uploads/%00/done"} {
		method, path, _ := strings.Cut(call, " ")
		var body any
		if method == "POST" {
			body = map[string]any{}
		}
		b.no("not-found", method, path, body)
	}
	if status, code := offset(a, upload, "0", append(bytes.Clone(whole), "and more"...)); code != "too-large" {
		t.Errorf("more than was said: %d %v", status, code)
	}
	a.must("POST", "/uploads/"+upload+"/done", map[string]any{})
	if status, code := offset(a, upload, "0", whole); code != "conflicting" {
		t.Errorf("a part after the end: %d %v", status, code)
	}
	for _, name := range []string{"C:\\Windows\\a.txt", "a/b", "..", ".", "CON\n", "a\x1bb", "通知\u202egpj.exe", "通知\u200b.pdf", "<b>.txt", strings.Repeat("长", 121)} {
		if _, refused := a.post(room, "file", nil, map[string]any{"name": name}, upload); refused != "invalid" && refused != "too-large" {
			t.Errorf("a file called %q: %q", name, refused)
		}
	}
	if _, refused := b.post(room, "file", nil, map[string]any{"name": "a.pdf"}, upload); refused != "not-found" {
		t.Errorf("another's upload is posted: %q", refused)
	}
	for _, files := range []any{nil, "all", 7, []any{}, []any{map[string]any{"upload": 7}}, []any{map[string]any{"hash": strings.Repeat("A", 43), "type": "text/html", "size": 9}}} {
		if _, refused := a.act(room, "file.post", 0, map[string]any{"files": files}, map[string]any{"name": "a.pdf"}); refused != "invalid" && refused != "not-found" {
			t.Errorf("files %v: %q", files, refused)
		}
	}
	if refused := func() string {
		_, refused := a.bring(room, "picture", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), 1)
		return refused
	}(); refused != "unreadable" {
		t.Errorf("a photo of an iPhone: %q", refused)
	}
	// A page that calls itself a document is only ever saved, whoever asks and however.
	doc, _ := a.bring(room, "file", []byte("<!doctype html><script>alert(document.cookie)</script>"), 1)
	seq, refused := a.post(room, "file", nil, map[string]any{"name": "通知.html"}, doc)
	if refused != "" {
		t.Fatal(refused)
	}
	for _, more := range []string{"", "?small"} {
		_, head, _ := b.fetch(pathOf(room, seq, filesAt(b, room, seq)[0]) + more)
		if head.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment") ||
			head.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(head.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%v", head)
		}
	}
	if strings.Contains(w.log.String(), "request failed") || strings.Contains(w.log.String(), "panic") {
		t.Errorf("something was our fault:\n%s", w.log)
	}
}
