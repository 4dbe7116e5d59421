package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linli/internal/auth"
	"linli/internal/engine/enginetest"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/roster"
)

// life is the program in this process on a folder, until the disk takes nothing more of it.
type life struct {
	*Program
	harm *enginetest.Harm
	town *town
}

func lives(t *testing.T, dir string) *life {
	t.Helper()
	return livesBy(t, dir, 1, settings{})
}

// livesBy is lives with a reserve of so many MiB, by settings of the test's own.
func livesBy(t *testing.T, dir string, reserve int64, s settings) *life {
	t.Helper()
	l := &life{}
	c := &Config{Data: dir, Reserve: reserve}
	s.log = slog.New(slog.DiscardHandler) // a disk that takes nothing is complained about, again and again
	s.auth = auth.Options{Cost: auth.Cost{Time: 1, Memory: 64}, Free: true}
	s.disk = func(j journal.Journal) journal.Journal { l.harm = enginetest.Harmed(j); return l.harm }
	p, err := open(t.Context(), c, s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.web(c, special{}).Handler())
	l.Program, l.town = p, &town{t: t, dir: dir, url: server.URL, log: &lines{}}
	p.closes = append(p.closes, func() error { server.Close(); return nil })
	return l
}

// ends is a kill: what was not stored is lost, and nobody tidies up.
func (l *life) ends() {
	l.harm.Die()
	_ = l.Close() // it says that nothing more was stored
}

// killed does something again and again from the same beginning, killed at its first write to the disk, its second, and so on until it
// comes to its end before. After each kill the program starts again; then nothing may stand there that the log does not name, and the same
// can be done again.
func killed(t *testing.T, from string, do func(l *life) (again func() error)) {
	t.Helper()
	for n := 1; ; n++ {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		l := lives(t, dir)
		act := do(l)
		l.harm.DieAt(n, false)
		err := act()
		died := l.harm.Dead()
		l.ends()
		l = lives(t, dir)
		for _, left := range unnamed(t, l.Program) {
			t.Errorf("killed at write %d: %s", n, left)
		}
		if again := do(l)(); again != nil && died {
			t.Errorf("killed at write %d (%v), the second time: %v", n, err, again)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if !died {
			if n == 1 || err != nil {
				t.Fatalf("never killed, and %v", err)
			}
			return
		}
	}
}

// unnamed lists what stands on the shelf and is named by no entry of the office, and whom of the office it lacks.
func unnamed(t *testing.T, p *Program) (list []string) {
	t.Helper()
	var people []id.Person
	records, persons, doors := map[string]bool{}, map[string]bool{}, map[id.Premises]string{}
	p.Engine.ReadOffice(func(o *office.State) {
		for _, a := range o.Applications(office.Filter{}) {
			persons[string(a.Person)], records[string(a.Person)+"/"+a.Record] = true, true
		}
		for item, err := range p.Journal.Shelf().List(t.Context(), "key/") {
			if err != nil {
				t.Fatal(err)
			}
			who := id.Person(strings.TrimPrefix(item.Key, "key/"))
			if x, in := o.Person(who); in {
				people, persons[string(who)], records[string(who)+"/"+x.Record] = append(people, who), true, true
			}
		}
		o.EachPremises(func(h *office.Premises) bool { doors[h.ID] = h.Page; return true })
	})
	for item, err := range p.Journal.Shelf().List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		sort, rest, _ := strings.Cut(item.Key, "/")
		who, more, _ := strings.Cut(rest, "/")
		switch {
		case sort == "applied" || sort == "phone":
			who = string(item.Value)
		case sort == "page":
			page, err := p.Register.Page(t.Context(), rest)
			if err != nil {
				t.Fatal(err)
			}
			for h := range page {
				if doors[h] != rest {
					list = append(list, "a line of the roster without a door: "+string(h))
				}
			}
		}
		switch sort {
		case "key", "reg", "pass", "dev", "code", "applied", "phone":
			if who != string(id.Server) && !persons[who] {
				list = append(list, item.Key+" is of nobody")
			}
		case "said":
			if !records[who+"/"+more] {
				list = append(list, item.Key+" holds nowhere")
			}
		}
	}
	for _, who := range people {
		rec, err := p.Register.Record(t.Context(), who)
		owner, no := p.Register.ByPhone(t.Context(), rec.Phone)
		if err = errors.Join(err, no); err != nil || owner != who {
			list = append(list, fmt.Sprintf("%s of the office has lost name or phone: %v", who, err))
		}
	}
	return list
}

// asked is a request that has to go well.
func asked(a *api, method, path string, body any) error {
	out := answer{}
	if status := a.ask(method, path, body, &out); status != 200 {
		return fmt.Errorf("%s %s: %d %v", method, path, status, out)
	}
	return nil
}

// builtBy is a copy of the town in which more was done.
func builtBy(t *testing.T, do func(w *town, room, link string)) (dir, room, link string) {
	t.Helper()
	w, room, link := newTown(t)
	do(w, room, link)
	w.stop()
	return w.dir, room, link
}

func TestAKillBetweenRegisterAndLogLeavesNobodyWhoApplied(t *testing.T) {
	t.Parallel()
	dir, _, link := builtBy(t, func(*town, string, string) {})
	killed(t, dir, func(l *life) func() error {
		w := l.town
		page := w.nobody().must("GET", "/join/"+link, nil)
		form := map[string]any{
			"name": wang.name, "title": wang.title, "phone": wang.phone, "password": password, "premises": w.doorOf(link, wang), "relation": "owner",
			"charter": page["charter"].(map[string]any)["version"], "tokens": true,
		}
		return func() error { return asked(w.nobody(), "POST", "/join/"+link, form) }
	})
}

func TestAKillBetweenRegisterAndLogLeavesNoNameThatWasOnlySaid(t *testing.T) {
	t.Parallel()
	dir, _, link := builtBy(t, func(w *town, _, link string) { w.apply(link, wang, "owner") })
	killed(t, dir, func(l *life) func() error {
		w := l.town
		a := w.as(wang)
		mine, page := a.application(), w.nobody().must("GET", "/join/"+link, nil)
		form := map[string]any{
			"name": "王方", "premises": w.doorOf(link, wang), "relation": "owner", "charter": page["charter"].(map[string]any)["version"],
		}
		return func() error { return asked(a, "PUT", "/applications/"+mine["id"].(string), form) }
	})
}

func TestAKillBetweenRegisterAndLogLeavesNoPhoneOfWhoWasNotLetIn(t *testing.T) {
	t.Parallel()
	dir, room, _ := builtBy(t, func(w *town, _, link string) { w.apply(link, wang, "owner") })
	killed(t, dir, func(l *life) func() error {
		own := l.town.as(keeper)
		list := own.must("GET", "/applications?room="+room+"&state=pending", nil)["applications"].([]any)
		if len(list) == 0 {
			return func() error { return nil } // it was approved, and the kill came behind that
		}
		a := list[0].(map[string]any)
		return func() error {
			return asked(own, "POST", "/applications/"+a["id"].(string)+"/approve", map[string]any{"version": a["version"]})
		}
	})
}

func TestAKillBetweenRegisterAndLogLeavesNobodyWhoWasAppointed(t *testing.T) {
	t.Parallel()
	dir, room, _ := builtBy(t, func(*town, string, string) {})
	killed(t, dir, func(l *life) func() error {
		boss := l.town.as(admin)
		return func() error {
			err := asked(boss, "POST", "/staff", map[string]any{"name": "田书记", "phone": "13900008099", "role": "deputy", "room": room})
			if err != nil && strings.Contains(err.Error(), "unchanged") { // the kill came behind it
				return nil
			}
			return err
		}
	})
}

func TestAKillBetweenRegisterAndLogLeavesNoLineOfTheRosterAndNoStaff(t *testing.T) {
	t.Parallel()
	dir, _, _ := builtBy(t, func(*town, string, string) {})
	file := func(name string) string {
		b, err := os.ReadFile(filepath.Join("..", "client-web", "e2e", "town", name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	doors := file("households")
	row := strings.Split(strings.TrimSpace(doors), "\n")[1]
	fields := strings.Split(row, ",")
	for i, x := range fields {
		if strings.HasPrefix(strings.TrimSpace(x), "1") && len(strings.TrimSpace(x)) == 3 { // the door
			fields[i] = "1901"
		}
	}
	more := []roster.File{
		{Name: "organization.csv", Content: []byte(file("organization"))},
		{Name: "households.csv", Content: []byte(strings.TrimSpace(doors) + "\n" + strings.Join(fields, ",") + "\n")},
		{Name: "shops.csv", Content: []byte(file("shops"))},
		{Name: "staff.csv", Content: []byte(strings.ReplaceAll(file("staff"), keeper.phone, "13900008077"))},
	}
	killed(t, dir, func(l *life) func() error {
		return func() error {
			plan, err := l.Intake.Preview(context.Background(), more)
			if err != nil || len(plan.Errors) > 0 {
				return errors.Join(err, fmt.Errorf("%v", plan.Errors))
			}
			_, err = l.Intake.Apply(context.Background(), plan, nil)
			return err
		}
	})
}

func TestAKillBetweenRegisterAndLogLeavesTheSetupToBeDoneAgain(t *testing.T) {
	t.Parallel()
	killed(t, t.TempDir(), func(l *life) func() error {
		if l.founded() {
			return func() error { return nil }
		}
		code, err := l.Auth.SetupCode(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return func() error {
			return asked(l.town.nobody(), "POST", "/setup", map[string]any{
				"code": code, "office": "如意示范办事处", "name": admin.name, "phone": admin.phone, "password": password, "tokens": true,
			})
		}
	})
}

// What a check that was killed left behind is a copy of all data.
func TestTheCopyOfAKilledCheckGoesAfterADay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, young := filepath.Join(dir, "check.tmp", "log"), time.Now().Add(-25*time.Hour)
	if err := os.MkdirAll(old, 0o700); err != nil {
		t.Fatal(err)
	}
	if l := lives(t, dir); l.Close() != nil {
		t.Error("it does not close")
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("a check that may be under way lost its copy: %v", err)
	}
	if err := os.Chtimes(filepath.Dir(old), young, young); err != nil {
		t.Fatal(err)
	}
	if l := lives(t, dir); l.Close() != nil {
		t.Error("it does not close")
	}
	if _, err := os.Stat(filepath.Dir(old)); err == nil {
		t.Error("the copy of a check that ended long ago is there")
	}
}

// A file that no message has goes at the next start, when it is old; while a log is damaged none goes, for what that one shows is not known.
func TestFilesThatNoMessageHasGoAtAStartButNoneWhileALogIsDamaged(t *testing.T) {
	t.Parallel()
	var shown string
	dir, room, _ := builtBy(t, func(w *town, room, _ string) {
		a := w.as(li)
		if _, no := a.bring(room, "file", []byte("nobody posts this"), 1); no != "" {
			t.Fatal(no)
		}
		u, _ := a.bring(room, "file", []byte("a message shows this"), 1)
		seq, no := a.post(room, "file", nil, map[string]any{"name": "通知.txt"}, u)
		if no != "" {
			t.Fatal(no)
		}
		for n := range 20 { // so that the room has a block of the disk for itself
			a.say(room, strings.Repeat("话", 10+n))
		}
		shown = filesAt(a, room, seq)[0].(map[string]any)["hash"].(string)
	})
	files := func(l *life) (list []string) {
		all, err := filepath.Glob(filepath.Join(l.town.dir, "blob", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			if filepath.Base(filepath.Dir(path)) != "up" {
				list = append(list, filepath.Base(path))
			}
		}
		return list
	}
	later := func() time.Time { return time.Now().Add(10 * 24 * time.Hour) }
	torn := t.TempDir()
	if err := os.CopyFS(torn, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l := livesBy(t, dir, 1, settings{files: later})
	eventually(t, "the file that nobody posted is gone", func() bool { return len(files(l)) == 1 })
	if list := files(l); list[0] != shown {
		t.Errorf("left is %v, not %s", list, shown)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}

	damageLog(t, torn, "room/"+room)
	if err := os.RemoveAll(filepath.Join(torn, "view")); err != nil { // made again from what can be read
		t.Fatal(err)
	}
	l = livesBy(t, torn, 1, settings{files: later})
	if len(l.Engine.Damages()) == 0 {
		t.Fatal("nothing is damaged")
	}
	l.sweepOnce(t.Context())
	if list := files(l); len(list) != 2 {
		t.Errorf("left is %v", list)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
