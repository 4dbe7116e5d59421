package main

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"linli/internal/dbfiles"
	"linli/internal/long"
)

// talked is the folder of a stopped town in which people have talked, with what they said.
func talked(t *testing.T) (dir string, texts []string) {
	t.Helper()
	w, room, _ := newTown(t)
	one, two := w.as(li), w.as(zhang)
	for n := range 20 {
		text := "第" + string(rune('一'+n)) + "句" + strings.Repeat("话", n)
		texts = append(texts, text)
		if n%2 == 0 {
			one.say(room, text)
		} else {
			two.say(room, text)
		}
	}
	if _, refused := one.bring(room, "file", []byte("%PDF-1.4 "+strings.Repeat("楼", 3000)), 1); refused != "" {
		t.Fatal(refused)
	}
	w.stop()
	for _, name := range []string{"ballast", "margin"} {
		_ = os.Remove(filepath.Join(w.dir, "log", name))
	}
	return w.dir, texts
}

// readable are the files whose bytes a read can reach.
func readable(t *testing.T, dir string) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"log/*.sst", "log/MANIFEST", "view/*.sst", "view/MANIFEST", "blob/*/*"} {
		list, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range list {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 && !strings.Contains(path, "blob"+string(filepath.Separator)+"up") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func flipped(t *testing.T, path string, at int, bit byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		b[at] ^= bit
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The proof that damage is never silent: of flips anywhere in bytes that a read can reach, check finds each, names the file and leaves
// the data as they are.
func TestCheckFindsEveryFlippedBit(t *testing.T) {
	t.Parallel()
	dir, _ := talked(t)
	if out, code := program(t, "check", "-data", dir, "-log", "json"); code != 0 || !strings.Contains(out, "0 damaged") {
		t.Fatalf("a sound one: %d\n%s", code, out)
	}
	paths := readable(t, dir)
	chance := rand.New(rand.NewPCG(60, 60))
	for n := range long.Runs(12, 60) {
		path := paths[n%len(paths)]
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := chance.IntN(int(info.Size())), byte(1)<<chance.IntN(8)
		flipped(t, path, at, bit)
		out, code := program(t, "check", "-data", dir, "-log", "json")
		if code != 1 || !strings.Contains(out, filepath.Base(path)) || !strings.Contains(out, "put back the last good copy") {
			t.Errorf("%s byte %d bit %x: %d\n%.600s", path, at, bit, code, out)
		}
		flipped(t, path, at, bit) // back
	}
	if out, code := program(t, "check", "-data", dir, "-log", "json"); code != 0 {
		t.Errorf("it changed the data: %d\n%s", code, out)
	}
}

// Whatever bit turns in log or views: who reads sees what was said, or that something is damaged; never less or otherwise without a word.
func TestAFlippedBitIsNeverServed(t *testing.T) {
	t.Parallel()
	dir, texts := talked(t)
	paths := readable(t, dir)
	chance := rand.New(rand.NewPCG(61, 61))
	for range long.Runs(8, 60) {
		scratch := t.TempDir()
		if err := os.CopyFS(scratch, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		path := paths[chance.IntN(len(paths))]
		rel, _ := filepath.Rel(dir, path)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := chance.IntN(int(info.Size())), byte(1)<<chance.IntN(8)
		flipped(t, filepath.Join(scratch, rel), at, bit)
		w, refused := tryTown(t, scratch)
		if refused != "" {
			if !strings.Contains(refused, filepath.Base(path)) || strings.Contains(refused, "goroutine") {
				t.Errorf("%s byte %d bit %x: it does not start:\n%.600s", rel, at, bit, refused)
			}
			continue
		}
		said := answer{}
		a := w.nobody()
		status := a.ask("POST", "/session", map[string]any{"phone": li.phone, "password": password, "tokens": true}, &said)
		if said["code"] == "damaged" {
			w.stop()
			continue
		}
		if status != http.StatusOK {
			t.Errorf("%s byte %d bit %x: sign-in: %d %v", rel, at, bit, status, said)
			w.stop()
			continue
		}
		a.with(said)
		page := answer{}
		if a.ask("GET", "/rooms/"+built.room+"/items?limit=100", nil, &page); page["code"] != "damaged" {
			all := jsonText(t, page)
			for _, text := range texts {
				if !strings.Contains(all, text) {
					t.Errorf("%s byte %d bit %x: %q is gone without a word", rel, at, bit, text)
				}
			}
		}
		w.stop()
	}
}

// tryTown is serveTown for a folder that may be refused; then it answers with what was said.
func tryTown(t *testing.T, dir string) (w *town, refused string) {
	t.Helper()
	w = startTown(t, dir, "serve")
	select {
	case <-w.up:
		return w, ""
	case <-w.down:
		return nil, w.log.String()
	}
}

func TestCheckOfACopyWithoutKeysMakesNone(t *testing.T) {
	t.Parallel()
	dir, _ := talked(t)
	if err := os.RemoveAll(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	out, code := program(t, "check", "-data", dir, "-log", "json")
	if code != 0 || !strings.Contains(out, "0 damaged") || !strings.Contains(out, "the master key is not here") {
		t.Errorf("%d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); !errors.Is(err, os.ErrNotExist) {
		t.Error("keys:", err)
	}
}

// damageLog turns a bit in a block that holds frames of a log.
func damageLog(t *testing.T, dir, log string) {
	t.Helper()
	tables, _ := filepath.Glob(filepath.Join(dir, "log", "*.sst"))
	for _, path := range tables {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 50; at < int(info.Size()); at += 200 {
			flipped(t, path, at, 1)
			rot, err := dbfiles.Look(filepath.Join(dir, "log"))
			if err == nil && len(rot) == 1 && rot[0].Lost != nil && strings.HasPrefix(string(rot[0].Lost.From), "j/"+log+"\x00") &&
				strings.HasPrefix(string(rot[0].Lost.To), "j/"+log+"\x00") {
				return
			}
			flipped(t, path, at, 1) // back
		}
	}
	t.Fatal("no block has frames of " + log + " alone")
}

// Whether a room is damaged is told to who is in it. Anybody else reads what they read of every room that they are not in, or that there is not.
func TestADamagedRoomTellsAStrangerWhatAnyRoomTellsThem(t *testing.T) {
	t.Parallel()
	dir, room, _ := builtBy(t, func(w *town, room, link string) {
		w.apply(link, wang, "owner")
		for n := range 20 {
			w.as(li).say(room, strings.Repeat("话", 10+n))
		}
	})
	ask := func(w *town, who *api, room string) (all []string) {
		one := answer{}
		for _, path := range []string{"", "/items?limit=5", "/items/3", "/days", "/people", "/items/3/contact", "/items/3/alarm", "/items/3/versions", "/items/3/receipts", "/taken"} {
			who.ask("GET", "/rooms/"+room+path, nil, &one)
			all = append(all, path+" "+jsonText(t, one["code"]))
			one = answer{}
		}
		for _, path := range []string{"/members", "/uploads", "/leave"} {
			who.ask("POST", "/rooms/"+room+path, map[string]map[string]any{"/uploads": {"as": "file", "size": 3}}[path], &one)
			all = append(all, path+" "+jsonText(t, one["code"]))
			one = answer{}
		}
		_, no := who.act(room, "text.post", 0, nil, map[string]string{"text": "在吗"})
		_, bad := who.act(room, "no.such", 0, nil, nil)
		return append(all, no, bad)
	}
	w := serveTown(t, dir)
	if sound, none := ask(w, w.as(wang), room), ask(w, w.as(wang), "r-none"); !slices.Equal(sound, none) {
		t.Errorf("of a sound room\n%q\nof none\n%q", sound, none)
	}
	w.stop()
	damageLog(t, dir, "room/"+room)
	w = serveTown(t, dir)
	if all := strings.Join(ask(w, w.as(li), room), " "); !strings.Contains(all, "damaged") {
		t.Fatalf("who is in it reads %s", all)
	}
	stranger := w.as(wang)
	if closed, none := ask(w, stranger, room), ask(w, stranger, "r-none"); !slices.Equal(closed, none) {
		t.Errorf("of the damaged room\n%q\nof none\n%q", closed, none)
	}
}

func TestADamagedRoomSaysSoOnItsPageAndADamagedOfficeOnAll(t *testing.T) {
	t.Parallel()
	whole, texts := talked(t)
	room := built.room
	for _, log := range []string{"room/" + room, "office/main"} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		damageLog(t, dir, log)
		if out, code := program(t, "check", "-data", dir, "-log", "json"); code != 1 || !strings.Contains(out, log+" frame ") || !strings.Contains(out, ".sst") {
			t.Errorf("check: %d\n%s", code, out)
		}
		w := serveTown(t, dir)
		one, own := w.as(li), w.as(keeper)
		if _, refused := one.act(room, "text.post", 0, nil, map[string]string{"text": "在吗"}); refused != "damaged" {
			t.Errorf("%s: said: %q", log, refused)
		}
		page := answer{}
		one.ask("GET", "/rooms/"+room+"/items?limit=100", nil, &page)
		row := one.must("GET", "/rooms", nil)["rooms"].([]any)[0].(map[string]any)
		closed := log != "office/main"
		if row["name"] == "" || row["member"] != true || row["doors"] == nil || (row["damaged"] == true) != closed || (page["code"] == "damaged") != closed {
			t.Errorf("%s: %v, %v", log, row, page)
		}
		for _, of := range []string{"/me/todo", "/me/tasks", "/me/catchup"} { // what is gathered from all rooms goes on
			one.must("GET", of, nil)
		}
		one.must("POST", "/search", map[string]any{"text": "在吗"})
		found := answer{}
		if one.ask("POST", "/search", map[string]any{"text": "在吗", "room": room}, &found); (found["code"] == "damaged") != closed {
			t.Errorf("%s: searched: %v", log, found)
		}
		if !closed && !strings.Contains(jsonText(t, page), texts[0]) {
			t.Errorf("%s: it reads %v", log, page)
		}
		for _, who := range []*api{one, own} { // a resident, and who answers for the room
			rooms := who.must("GET", "/rooms", nil)
			said, _ := rooms["damage"].([]any)
			if all := jsonText(t, rooms); closed && (len(said) > 0 || strings.Contains(all, ".sst") || strings.Contains(all, `"frame"`)) || !closed && len(said) != 1 {
				t.Errorf("%s: it is told %s", log, all)
			}
		}
		said, _ := w.as(admin).must("GET", "/rooms", nil)["damage"].([]any)
		if len(said) != 1 {
			t.Fatalf("%s: the page names %v", log, said)
		}
		if d := said[0].(map[string]any); d["log"] != log || d["frame"].(float64) < 1 || !strings.HasSuffix(d["file"].(string), ".sst") {
			t.Errorf("%s: the page names %v", log, d)
		}
		w.stop()
	}
}
