package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"linli/internal/archive"
	"linli/internal/id"
	"linli/internal/journal/local"
	"linli/internal/kind"
	"linli/internal/long"
)

// safe is where a test's copies go, and the key to them.
type safe struct {
	to, key   string
	file      string // with the secret, as it is typed off a sheet
	recipient string
}

func newSafe(t *testing.T) safe {
	t.Helper()
	out, code := program(t, "backup", "key")
	if code != 0 {
		t.Fatal(out)
	}
	s := safe{to: t.TempDir(), file: filepath.Join(t.TempDir(), "sheet")}
	for _, word := range strings.Fields(out) {
		switch {
		case strings.HasPrefix(word, "AGE-SECRET-KEY-1"):
			s.key = word
		case strings.HasPrefix(word, "age1"):
			s.recipient = word
		}
	}
	if err := os.WriteFile(s.file, []byte("linli\n  "+strings.ToLower(s.key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s safe) flags() []string {
	return []string{"-backup-to", s.to, "-backup-key", s.recipient, "-backup-every", "24h", "-backup-rate", "0"}
}

// backup does it by hand, and answers with what was said.
func (s safe) backup(t *testing.T, dir string, what ...string) string {
	t.Helper()
	out, code := program(t, append(append([]string{"backup", "-data", dir}, s.flags()...), what...)...)
	if code != 0 {
		t.Fatalf("backup %v: %d\n%s", what, code, out)
	}
	return out
}

// restored is a folder with the office put back, and its key.
func (s safe) restored(t *testing.T, from string, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "office")
	if out, code := program(t, append([]string{"restore", "-from", s.to, "-data", dir, "-key", s.file}, more...)...); code != 0 {
		t.Fatalf("restore: %d\n%s", code, out)
	}
	if err := os.CopyFS(filepath.Join(dir, "keys"), os.DirFS(filepath.Join(from, "keys"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// brought is the upload of a file that has come whole.
func (a *api) brought(room string, b []byte) string {
	a.w.t.Helper()
	upload, refused := a.bring(room, "file", b, 1)
	if refused != "" {
		a.w.t.Fatal(refused)
	}
	return upload
}

// headsOf are the last frames of all logs of a stopped program.
func headsOf(t *testing.T, dir string) map[id.Log]string {
	t.Helper()
	j, err := local.Open(filepath.Join(dir, "log"), local.Options{Reserve: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	heads := map[id.Log]string{}
	for log, err := range j.Logs(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		seq, hash, err := archive.HeadOf(context.Background(), j, log, 0)
		if err != nil {
			t.Fatal(err)
		}
		heads[log] = fmt.Sprint(seq, " ", hash)
	}
	return heads
}

func TestAnOfficeIsPutBackFromItsCopy(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	w, room, _ := newTown(t)
	w.stop()
	w = serveTown(t, w.dir, s.flags()...)
	a, b := w.as(zhang), w.as(li)
	a.say(room, "备份之前说的")
	upload := a.brought(room, []byte("一份要打印的表"))
	if _, refused := a.act(room, "file.post", 0, map[string]any{"files": []any{map[string]any{"upload": upload}}}, map[string]string{"name": "表.txt"}); refused != "" {
		t.Fatal(refused)
	}
	s.backup(t, w.dir)
	b.say(room, "第二次备份之前说的")
	if out := s.backup(t, w.dir); !strings.Contains(out, "new") {
		t.Error(out)
	}
	if out := s.backup(t, w.dir, "verify"); !strings.Contains(out, "sound") {
		t.Error(out)
	}
	if out := s.backup(t, w.dir, "list"); !strings.Contains(out, "2 copies") && !strings.Contains(out, "3 copies") { // one at the start
		t.Error(out)
	}
	page := func(w *town) string {
		var raw json.RawMessage
		w.as(keeper).ask("GET", "/rooms/"+room+"/items?limit=100", nil, &raw)
		return string(raw)
	}
	was := page(w)
	b.say(room, "备份之后说的")
	w.stop()

	dir := s.restored(t, w.dir)
	again := serveTown(t, dir)
	if now := page(again); now != was {
		t.Errorf("restored:\n%s\nwas:\n%s", now, was)
	}
	if life := hear(t, again.as(li).socket(), "hello")["hello"].(map[string]any)["life"]; life == nil { // pages begin anew
		t.Error("the office says that it is what it was")
	}
	again.as(li).say(room, "恢复以后接着说")
	again.stop()
	if out, code := program(t, "check", "-data", dir); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}

	// Over a living office nothing is restored, nor with another key, nor without the key of the data started.
	for what, args := range map[string][]string{
		"there is an office": {"-data", w.dir, "-key", s.file},
		"does not open":      {"-data", t.TempDir(), "-key", newSafe(t).file},
	} {
		out, code := program(t, append([]string{"restore", "-from", s.to}, args...)...)
		if code != 1 || !strings.Contains(out, what) {
			t.Errorf("%s: %d\n%s", what, code, out)
		}
	}
	if err := os.Remove(filepath.Join(dir, "keys", "master.key")); err != nil {
		t.Fatal(err)
	}
	out, code := program(t, "serve", "-data", dir, "-listen", "127.0.0.1:0")
	if code != 1 || !strings.Contains(out, "the key of the data is missing") {
		t.Errorf("without the key: %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys", "master.key")); err == nil {
		t.Error("another key was made in its place")
	}
}

// A server is killed while it makes copies under load, again and again. Then its newest copy is sound, and what is restored from it has
// the same heads as the office.
func TestKilledWhileItMakesCopies(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	w, room, _ := newTown(t)
	w.stop()
	w = serveTown(t, w.dir, s.flags()...)
	var posters []*poster
	for _, r := range []neighbour{zhang, li, keeper} {
		posters = append(posters, &poster{api: w.as(r), room: room, waiting: map[string]string{}, acked: map[string]int{}})
	}
	kills := long.Runs(5, 50)
	for range kills {
		var talking, copying sync.WaitGroup
		for _, p := range posters {
			p.api.w = w
			talking.Go(p.post)
		}
		c := &Config{Data: w.dir}
		copying.Go(func() {
			for {
				if _, err := c.ask(context.Background(), "now", rand.IntN(4) == 0); err != nil && !strings.Contains(err.Error(), "already") {
					return // it was killed
				}
			}
		})
		time.Sleep(time.Duration(50+rand.IntN(500)) * time.Millisecond)
		_ = w.cmd.Process.Kill()
		_, _ = w.cmd.Process.Wait()
		talking.Wait()
		copying.Wait()
		w = serveTown(t, w.dir, s.flags()...)
	}
	s.backup(t, w.dir)
	s.backup(t, w.dir, "verify")
	// To the second: what was acknowledged before a pause is there, and nothing from behind it.
	w.stop()
	then := headsOf(t, w.dir)
	at := time.Now()
	time.Sleep(1100 * time.Millisecond)
	w = serveTown(t, w.dir, s.flags()...)
	w.as(zhang).say(room, "后来说的")
	s.backup(t, w.dir)
	s.backup(t, w.dir, "verify")
	w.stop()
	now := headsOf(t, w.dir)
	if got := headsOf(t, s.restored(t, w.dir)); !sameHeads(got, now) {
		t.Errorf("the newest: %v, want %v", got, now)
	}
	if got := headsOf(t, s.restored(t, w.dir, "-at", at.In(kind.Zone).Format("2006-01-02 15:04:05"))); !sameHeads(got, then) {
		t.Errorf("to the second: %v, want %v", got, then)
	}
	acked := 0
	for _, p := range posters {
		acked += len(p.acked)
	}
	t.Logf("%d messages acknowledged across %d kills", acked, kills)
}

// sameHeads compares logs of office and rooms, and those of other kinds that both have: lines about the starts themselves may have come.
func sameHeads(got, want map[id.Log]string) bool {
	for log, head := range want {
		if !strings.HasPrefix(string(log), "audit/") && got[log] != head {
			return false
		}
	}
	return true
}

func TestBackupRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	dir := t.TempDir()
	for what, args := range map[string][]string{
		"where to":                 {"backup", "-data", dir},
		"for whom":                 {"backup", "-data", dir, "-backup-to", s.to},
		"belongs into the safe":    {"backup", "-data", dir, "-backup-to", s.to, "-backup-key", s.key},
		"lies in the data folder":  {"backup", "-data", dir, "-backup-to", filepath.Join(dir, "copies"), "-backup-key", s.recipient},
		"not below 1m":             {"backup", "-data", dir, "-backup-to", s.to, "-backup-key", s.recipient, "-backup-every", "1s"},
		"takes now":                {"backup", "-data", dir, "tomorrow"},
		"neither a folder nor":     {"backup", "-data", dir, "-backup-to", "ftp://x/y", "-backup-key", s.recipient},
		"no such file":             {"backup", "-data", filepath.Join(dir, "none"), "-backup-to", s.to, "-backup-key", s.recipient},
		"needs -from":              {"restore", "-data", dir},
		"a time like":              {"restore", "-data", filepath.Join(dir, "new"), "-from", s.to, "-key", s.file, "-at", "yesterday"},
		"there is no such copy":    {"restore", "-data", filepath.Join(dir, "new"), "-from", s.to, "-key", s.file},
		"the folder for copies is": {"restore", "-data", filepath.Join(dir, "new"), "-from", filepath.Join(dir, "gone"), "-key", s.file},
	} {
		out, code := program(t, args...)
		if code == 0 || !strings.Contains(out, what) {
			t.Errorf("%v: %d\n%s", args, code, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new", "log")); err == nil {
		t.Error("something was restored")
	}
}

// The disk of the copies fills, and has room again.
func TestACopyOntoAFullDisk(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	if err := syscall.Mount("linli-test", s.to, "tmpfs", 0, "size=300k"); err != nil {
		t.Skip("nothing may be mounted here:", err)
	}
	t.Cleanup(func() { syscall.Unmount(s.to, syscall.MNT_DETACH) }) //nolint:errcheck // there is nothing more to do
	w, room, _ := newTown(t)
	w.stop()
	w = serveTown(t, w.dir, s.flags()...)
	a := w.as(zhang)
	full := func() bool {
		out, code := program(t, append([]string{"backup", "-data", w.dir}, s.flags()...)...)
		return code == 1 && strings.Contains(out, "no space left")
	}
	noise := make([]byte, 60<<10)
	for n := 0; !full(); n++ {
		if n > 40 {
			t.Fatal("the disk does not fill")
		}
		for i := range noise {
			noise[i] = byte(rand.IntN(256))
		}
		a.brought(room, noise)
	}
	a.say(room, "说话不受影响")
	if out, code := program(t, "restore", "-from", s.to, "-data", filepath.Join(t.TempDir(), "x"), "-key", s.file); code != 0 && !strings.Contains(out, "no such copy") {
		t.Errorf("what is there cannot be restored: %d\n%s", code, out)
	}
	if err := syscall.Mount("linli-test", s.to, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	s.backup(t, w.dir)
	s.backup(t, w.dir, "verify")
	w.stop()
	if got, want := headsOf(t, s.restored(t, w.dir)), headsOf(t, w.dir); !sameHeads(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOneCopyAtATime(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	w, _, _ := newTown(t)
	w.stop()
	w = serveTown(t, w.dir, s.flags()...)
	c := &Config{Data: w.dir}
	eventually(t, "the end of the copy that a start makes", func() bool { _, err := c.ask(context.Background(), "now", false); return err == nil })
	var all sync.WaitGroup
	var mu sync.Mutex
	good, busy := 0, 0
	for range 8 {
		all.Go(func() {
			_, err := c.ask(context.Background(), "now", true)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				good++
			case strings.Contains(err.Error(), "already"):
				busy++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if good == 0 || good+busy != 8 {
		t.Errorf("%d made, %d refused", good, busy)
	}
	if _, err := (&Config{Data: t.TempDir()}).ask(context.Background(), "now", false); !errors.Is(err, errNobody) {
		t.Error("without a server:", err)
	}
}
