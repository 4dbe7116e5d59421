package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"linli/internal/long"
)

// counts is what an import says as JSON.
type counts struct {
	Communities, Rooms, Households, Shops, Added, Changed, Removed, Unchanged int
	Errors                                                                    []any
}

func takeRoster(t *testing.T, dir string, more ...string) (c counts) {
	t.Helper()
	args := append([]string{"import", "-data", dir, "-json"}, more...)
	cmd := exec.Command(os.Args[0], append(args, filepath.Join("..", "assets", "ruyihu", "roster.xlsx"))...) //nolint:gosec // ourselves
	cmd.Env = append(long.Environ(), asProgram+"=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, errs.String())
	}
	return c
}

// The whole of Ruyi Lake: a preview changes nothing, an import killed in the middle leaves a valid part, the same file goes on from
// there, and a third time there is nothing to do.
func TestTheRosterOfRuyiLake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dry := takeRoster(t, dir, "-dry-run")
	if dry.Communities != 7 || dry.Rooms != 78 || dry.Households != 15000 || dry.Shops != 936 || len(dry.Errors) != 0 {
		t.Fatalf("%+v", dry)
	}
	killed := 0
	for _, after := range long.Some(1, 1, []time.Duration{800, 1100, 1500}) {
		cmd := exec.Command(os.Args[0], "import", "-data", dir, filepath.Join("..", "assets", "ruyihu", "roster.xlsx")) //nolint:gosec // ourselves
		cmd.Env = append(long.Environ(), asProgram+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(after*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			killed++
		}
		stop.Stop()
		if out, code := program(t, "check", "-data", dir); code != 0 {
			t.Fatalf("killed after %d ms: check: %d\n%s", after, code, out)
		}
	}
	rest := takeRoster(t, dir)
	t.Logf("killed %d times; then %d to add, %d there already", killed, rest.Added, rest.Unchanged)
	if rest.Households != 15000 || rest.Added+rest.Unchanged != dry.Added || rest.Changed+rest.Removed != 0 {
		t.Errorf("going on: %+v", rest)
	}
	if again := takeRoster(t, dir); again.Added+again.Changed+again.Removed != 0 || again.Unchanged != dry.Added {
		t.Errorf("again: %+v", again)
	}
	w := serveTown(t, dir)
	boss := w.nobody().with(w.nobody().must("POST", "/setup", map[string]any{
		"code": w.code, "office": "如意湖街道办事处", "name": admin.name, "phone": admin.phone, "password": password, "tokens": true,
	}))
	var levels struct {
		Office      struct{ Homes, Shops struct{ All int } }
		Communities []struct {
			Rooms []struct{ Homes struct{ All int } }
		}
	}
	boss.ask("GET", "/levels", nil, &levels)
	rooms, homes := 0, 0
	for _, c := range levels.Communities {
		rooms += len(c.Rooms)
		for _, r := range c.Rooms {
			homes += r.Homes.All
		}
	}
	if len(levels.Communities) != 7 || rooms != 78 || homes != 15000 || levels.Office.Homes.All != 15000 || levels.Office.Shops.All != 936 {
		t.Errorf("%d communities, %d rooms, %d homes in rooms, office %+v", len(levels.Communities), rooms, homes, levels.Office)
	}
}
