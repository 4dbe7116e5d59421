package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/long"
)

// The town: 和园3号楼 with an owner, a volunteer and residents, who talk to the program over real sockets. The program is this
// test binary run as another process, so that it can be killed.

const asProgram = "TOWN_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if code, said := serveSaid(os.Args[1:]); said {
			os.Exit(code)
		}
		main()
		return
	}
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

const password = "heyuan-2020"

type neighbour struct{ name, title, phone, entrance, door string }

var (
	zhang  = neighbour{"张建国", "先生", "13800000101", "1单元", "101"}
	li     = neighbour{"李秀英", "女士", "13800000102", "1单元", "102"}
	wang   = neighbour{"王芳", "女士", "13800000201", "1单元", "201"}
	liu    = neighbour{"刘洋", "先生", "13800000202", "1单元", "202"}
	admin  = neighbour{name: "周主任", phone: "13900008000"}
	keeper = neighbour{name: "周社工", phone: "13900008001"}
)

// town is a running program.
type town struct {
	t    *testing.T
	dir  string
	url  string
	code string // for setting up
	cmd  *exec.Cmd
	log  *lines

	up, down chan struct{} // closed when it serves, and when it has ended
}

// lines is what the program said, to be read while it says more.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// program runs a command of the program to its end.
func program(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := itself(args...)
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// serveTown starts the program on a folder and waits until it serves.
func serveTown(t *testing.T, dir string, more ...string) *town {
	t.Helper()
	return runTown(t, dir, append([]string{"serve"}, more...)...)
}

// runTown is serveTown by a command of another name.
func runTown(t *testing.T, dir string, command ...string) *town {
	t.Helper()
	w := startTown(t, dir, command...)
	select {
	case <-w.up:
	case <-w.down:
		t.Fatalf("it does not serve:\n%s", w.log)
	case <-time.After(long.Patience):
		t.Fatalf("it hangs:\n%s", w.log)
	}
	return w
}

// startTown starts the program and waits for nothing.
func startTown(t *testing.T, dir string, command ...string) *town {
	t.Helper()
	w := &town{t: t, dir: dir, log: &lines{}, up: make(chan struct{}), down: make(chan struct{})}
	args := append(command, "-data", dir)
	if !slices.Contains(command, "-listen") {
		args = append(args, "-listen", "127.0.0.1:0")
	}
	args = append(args, "-listen-metrics", "127.0.0.1:0", "-log", "json", "-level", "debug")
	w.cmd = itself(args...)
	pipe, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill(); _, _ = w.cmd.Process.Wait() })
	go func() {
		defer close(w.down)
		in, serving := bufio.NewScanner(pipe), false
		for in.Scan() {
			_, _ = w.log.Write(append(in.Bytes(), '\n'))
			var line struct{ Msg, URL, Code string }
			if json.Unmarshal(in.Bytes(), &line) != nil || serving {
				continue
			}
			if line.Code != "" {
				w.code = line.Code
			}
			if line.Msg == "serving" {
				w.url, serving = line.URL, true
				close(w.up)
			}
		}
	}()
	return w
}

func (w *town) stop() {
	w.t.Helper()
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	state, err := w.cmd.Process.Wait()
	if err != nil || state.ExitCode() != 0 {
		w.t.Errorf("it ended with %v, %v:\n%s", state, err, w.log)
	}
}

// api is somebody with a token; nobody without.
type api struct {
	w              *town
	access, device string
	n              int
}

type answer map[string]any

// ask calls the program and decodes what it answers into out, which may be nil.
func (a *api) ask(method, path string, body, out any) (status int) {
	a.w.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			a.w.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, a.w.url+"/api/v1"+path, r)
	if err != nil {
		a.w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.access != "" {
		req.Header.Set("Authorization", "Bearer "+a.access)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.w.t.Fatal(err)
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = b // whatever it is: a table, a page for print
	} else if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			a.w.t.Fatalf("%s %s: %s: %v", method, path, b, err)
		}
	}
	return res.StatusCode
}

// must is ask for what has to go well.
func (a *api) must(method, path string, body any) answer {
	a.w.t.Helper()
	for {
		out := answer{}
		status := a.ask(method, path, body, &out)
		with, _ := out["with"].(map[string]any)
		if wait, _ := with["retry"].(float64); status == http.StatusTooManyRequests && wait > 0 && wait <= 5 {
			time.Sleep(time.Duration(wait) * time.Second) // it asked too fast
			continue
		}
		if out["code"] == "busy" { // the same again is right
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if status != http.StatusOK {
			a.w.t.Fatalf("%s %s: %d %v", method, path, status, out)
		}
		return out
	}
}

// no is ask for what has to be refused.
func (a *api) no(code, method, path string, body any) {
	a.w.t.Helper()
	out := answer{}
	if a.ask(method, path, body, &out); out["code"] != code {
		a.w.t.Errorf("%s %s: %v, not %s", method, path, out, code)
	}
}

// act does something in a room; it answers with the seq, or the refusal's code.
func (a *api) act(room, act string, re int, with, words any) (seq int, refused string) {
	a.w.t.Helper()
	a.n++
	c := map[string]any{"id": fmt.Sprintf("%s.%d", a.device, a.n), "act": act, "room": room}
	if re != 0 {
		c["re"] = re
	}
	if with != nil {
		c["with"] = with
	}
	if words != nil {
		c["words"] = words
	}
	out := a.must("POST", "/rooms/"+room+"/commands", map[string]any{"do": []any{c}})
	if no, _ := out["no"].([]any); len(no) > 0 {
		return 0, no[0].([]any)[1].(string)
	}
	return int(out["ok"].([]any)[0].([]any)[1].(float64)), ""
}

func (a *api) say(room, text string) int {
	a.w.t.Helper()
	seq, refused := a.act(room, "text.post", 0, nil, map[string]string{"text": text})
	if refused != "" {
		a.w.t.Fatalf("refused: %s", refused)
	}
	return seq
}

// with keeps the tokens of a sign-in.
func (a *api) with(s answer) *api {
	a.access, _ = s["access"].(string)
	a.device, _ = s["device"].(string)
	return a
}

func (w *town) nobody() *api { return &api{w: w} }

func (w *town) as(r neighbour) *api {
	w.t.Helper()
	return w.nobody().with(w.nobody().must("POST", "/session", map[string]any{"phone": r.phone, "password": password, "tokens": true}))
}

// socket is a connection of a device; what it hears comes in order.
func (a *api) socket() *websocket.Conn {
	a.w.t.Helper()
	c, _, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(a.w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + a.access}},
	})
	if err != nil {
		a.w.t.Fatal(err)
	}
	c.SetReadLimit(-1)
	a.w.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// hear reads until a message has the key; it answers with that message.
func hear(t *testing.T, c *websocket.Conn, key string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long.Patience)
	defer cancel()
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", key, err)
		}
		m := answer{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if m[key] != nil {
			return m
		}
	}
}

func tell(t *testing.T, c *websocket.Conn, m any) {
	t.Helper()
	b, err := json.Marshal(m)
	if err == nil {
		err = c.Write(context.Background(), websocket.MessageText, b)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// apply asks to enter a room at its link.
func (w *town) apply(link string, r neighbour, relation string) *api {
	w.t.Helper()
	page := w.nobody().must("GET", "/join/"+link, nil)
	return w.nobody().with(w.nobody().must("POST", "/join/"+link, map[string]any{
		"name": r.name, "title": r.title, "phone": r.phone, "password": password, "premises": w.doorOf(link, r), "relation": relation,
		"charter": page["charter"].(map[string]any)["version"], "tokens": true,
	}))
}

func (w *town) doorOf(link string, r neighbour) string {
	w.t.Helper()
	var choice struct {
		Buildings []struct {
			Entrances []struct {
				Name  string
				Doors []struct{ Premises, Door string }
			}
		}
	}
	w.nobody().ask("GET", "/join/"+link+"/doors", nil, &choice)
	for _, b := range choice.Buildings {
		for _, e := range b.Entrances {
			for _, d := range e.Doors {
				if e.Name == r.entrance && d.Door == r.door {
					return d.Premises
				}
			}
		}
	}
	w.t.Fatalf("no door %s-%s", r.entrance, r.door)
	return ""
}

func (w *town) admit(by *api, link string, r neighbour) *api {
	w.t.Helper()
	a := w.apply(link, r, "owner")
	by.approve(a, "")
	return a
}

// application is the latest of somebody.
func (a *api) application() answer {
	a.w.t.Helper()
	return a.must("GET", "/applications/mine", nil)["applications"].([]any)[0].(map[string]any)
}

// approve lets in who applied, as the application stands, with a badge or as what they are to the door.
func (a *api) approve(applicant *api, badge string) {
	a.w.t.Helper()
	mine := applicant.application()
	a.must("POST", "/applications/"+mine["id"].(string)+"/approve", map[string]any{"version": mine["version"], "category": badge})
}

// built is the folder of a town that was built once for all tests.
var built struct {
	once            sync.Once
	dir, room, link string
}

// newTown is a program on a folder of its own with an administrator, an owner, and 张建国 and 李秀英 admitted.
func newTown(t *testing.T) (w *town, room, link string) {
	t.Helper()
	built.once.Do(func() { buildTown(t) })
	if built.room == "" {
		t.Fatal("the town was not built")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(built.dir)); err != nil {
		t.Fatal(err)
	}
	return serveTown(t, dir), built.room, built.link
}

func buildTown(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "linli-town-")
	if err != nil {
		t.Fatal(err)
	}
	built.dir = dir
	args := []string{"import", "-data", dir, "-json"}
	for _, f := range []string{"organization", "households", "shops", "staff"} {
		args = append(args, filepath.Join("..", "client-web", "e2e", "town", f+".csv"))
	}
	if out, code := program(t, args...); code != 0 {
		t.Fatalf("import: %d\n%s", code, out)
	}
	w := serveTown(t, dir)
	boss := w.nobody().with(w.nobody().must("POST", "/setup", map[string]any{
		"code": w.code, "office": "如意示范办事处", "name": admin.name, "phone": admin.phone, "password": password, "tokens": true,
	}))
	levels := boss.must("GET", "/levels", nil)
	room := levels["communities"].([]any)[0].(map[string]any)["rooms"].([]any)[0].(map[string]any)["id"].(string)
	for _, s := range boss.must("GET", "/staff?room="+room, nil)["staff"].([]any) {
		if s := s.(map[string]any); s["name"] == keeper.name {
			code := boss.must("POST", "/staff/"+s["person"].(string)+"/code", map[string]any{})
			w.nobody().must("POST", "/session/code", map[string]any{"phone": keeper.phone, "code": code["code"], "password": password})
		}
	}
	own := w.as(keeper)
	link := own.must("POST", "/rooms/"+room+"/links", map[string]any{})["link"].(string)
	w.admit(own, link, zhang)
	w.admit(own, link, li)
	w.stop()
	built.room, built.link = room, link
}
