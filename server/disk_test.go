package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopsInTime stops the program, which has ten seconds by what it gives its parts; the limit here is only against hanging.
func (w *town) stopsInTime() {
	w.t.Helper()
	if talkIn+closeIn >= 10*time.Second {
		w.t.Errorf("its parts may take %v", talkIn+closeIn)
	}
	hangs := time.AfterFunc(time.Minute, func() { _ = w.cmd.Process.Kill() })
	defer hangs.Stop()
	w.stop()
}

// tight is a disk with a built town's data, on which there is soon no room: one of its own, filled to the last byte. Where nothing may be
// mounted it is only said to be full, by a file beside the data: then no write into a memory map can fault.
type tight struct {
	t    *testing.T
	dir  string
	said bool
}

// besideData is the end of the name of the file beside a data folder that says how many MiB of its disk are free.
const besideData = ".free"

func tightDisk(t *testing.T, size string) *tight {
	t.Helper()
	w, _, _ := newTown(t)
	w.stop()
	d := &tight{t: t, dir: filepath.Join(t.TempDir(), "data")}
	err := os.Mkdir(d.dir, 0o700)
	if err == nil {
		err = syscall.Mount("linli-test", d.dir, "tmpfs", 0, "size="+size)
	}
	if err != nil {
		t.Log("nothing may be mounted here; the disk is only said to be full:", err)
		d.said = true
		d.has("1000")
	} else {
		t.Cleanup(func() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) })
	}
	_ = os.Remove(filepath.Join(w.dir, "log", "ballast"))
	_ = os.Remove(filepath.Join(w.dir, "log", "margin"))
	if err := os.CopyFS(d.dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	return d
}

// has says how many MiB are free.
func (d *tight) has(free string) {
	d.t.Helper()
	err := os.WriteFile(d.dir+besideData+".new", []byte(free), 0o600)
	if err == nil {
		err = os.Rename(d.dir+besideData+".new", d.dir+besideData)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *tight) fill() (emptied func()) {
	d.t.Helper()
	if !d.said {
		return fillDisk(d.t, d.dir)
	}
	d.has("0")
	return func() { d.has("1000") }
}

// serveSaid is serve on a disk of which a file beside the data says how much is free; false where there is no such file.
func serveSaid(args []string) (code int, said bool) {
	at := slices.Index(args, "-data") + 1
	if at == 0 || at >= len(args) || args[0] != "serve" {
		return 0, false
	}
	file := args[at] + besideData
	if _, err := os.Stat(file); err != nil {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c := &Config{}
	if err := c.parse("serve", args[1:], os.Stderr); err != nil {
		return exit(err, os.Stderr), true
	}
	p, err := open(ctx, c, settings{free: func(string) (int64, error) {
		b, err := os.ReadFile(file)
		free, bad := strconv.ParseInt(string(b), 10, 64)
		return free << 20, errors.Join(err, bad)
	}})
	if err != nil {
		return exit(stopped(ctx, err), os.Stderr), true
	}
	return exit(p.serve(ctx, c, special{}), os.Stderr), true
}

// fillDisk takes every byte that is free.
func fillDisk(t *testing.T, dir string) (emptied func()) {
	t.Helper()
	path := filepath.Join(dir, "filling")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() { _ = os.Remove(path) }
}

func (w *town) ready() (status int, code string) {
	w.t.Helper()
	res, err := http.Get(w.url + "/readyz")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Code string }
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out.Code
}

// On a disk without a byte left people sign in, refresh and read; what cannot be stored is refused in words; it stops, is killed, starts
// again; and it recovers by itself.
func TestAFullDiskShutsNobodyOut(t *testing.T) {
	t.Parallel()
	d := tightDisk(t, "220m")
	w := serveTown(t, d.dir, "-reserve", "100")
	one := w.as(li)
	room := built.room
	last := one.say(room, "水还没停")
	emptied := d.fill()
	still := func(when string) {
		t.Helper()
		eventually(t, "a word about the disk", func() bool { _, code := w.ready(); return code == "no-space" })
		a := w.nobody()
		session := a.must("POST", "/session", map[string]any{"phone": li.phone, "password": password, "tokens": true})
		refreshed := w.nobody().must("POST", "/session/refresh", map[string]any{"refresh": session["refresh"]})
		a.with(refreshed)
		if page := a.must("GET", "/rooms/"+room+"/items?limit=20", nil); !strings.Contains(jsonText(t, page), "水还没停") {
			t.Errorf("%s: read: %v", when, page)
		}
		if _, code := a.act(room, "text.post", 0, nil, map[string]string{"text": "还有人吗"}); code != "no-space" && code != "" {
			t.Errorf("%s: said: %q", when, code)
		}
		if status := a.ask("DELETE", "/session", nil, nil); status != http.StatusOK {
			t.Errorf("%s: sign-out: %d", when, status)
		}
	}
	still("while it runs")
	w.stopsInTime()
	w = serveTown(t, d.dir, "-reserve", "100")
	still("after a stop and a start")
	_ = w.cmd.Process.Kill()
	_, _ = w.cmd.Process.Wait()
	w = serveTown(t, d.dir, "-reserve", "100")
	still("after a kill and a start")
	emptied()
	eventually(t, "room", func() bool { status, _ := w.ready(); return status == http.StatusOK })
	if next := w.as(li).say(room, "又有地方了"); next <= last {
		t.Errorf("said as %d", next)
	}
	w.stopsInTime()
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAStopDoesNotWaitForAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	w.stop()
	dir := w.dir
	w = serveTown(t, dir, "-reserve", "0")
	w.as(li).say(room, "存下来")
	// The folder has other files under the names that are written next; so the table cannot be made, whoever asks.
	for _, db := range []string{"log", "view"} {
		for n := range 40 {
			_ = os.Mkdir(filepath.Join(dir, db, "0000"+string(rune('0'+n/10))+string(rune('0'+n%10))+".sst"), 0o700)
		}
	}
	w.stopsInTime()
}

func TestAStopDoesNotWaitForAnUploadThatTrickles(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	one := w.as(li)
	u := one.must("POST", "/rooms/"+room+"/uploads", map[string]any{"as": "file", "size": 1 << 20})["upload"].(string)
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "PATCH /api/v1/uploads/"+u+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+one.access+
		"\r\nUpload-Offset: 0\r\nContent-Length: 1048576\r\n\r\n%PDF-1.4 "); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first bytes", func() bool { return one.must("GET", "/uploads/"+u, nil)["at"].(float64) > 0 })
	end := make(chan struct{})
	defer close(end)
	go func() {
		for {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = io.WriteString(c, "x")
			}
		}
	}()
	w.stopsInTime()
}
