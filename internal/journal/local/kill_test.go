package local_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

// loadDir is set in the child process that a test kills.
const loadDir = "LINLI_TEST_LOAD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(loadDir); dir != "" {
		if err := load(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if dir := os.Getenv(fullDir); dir != "" {
		if err := onAFullDisk(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// load writes to the journal in dir until it is killed, and says what was acknowledged: one line each, written at once.
func load(dir string, out io.Writer) error {
	j, err := local.Open(dir, local.Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, format, args...) //nolint:errcheck // the listener kills before it leaves
	}
	failed := make(chan error)
	for who := range 24 {
		log := id.Log(fmt.Sprint("room/r", who))
		go func() {
			after, err := j.Head(ctx, log)
			for n := 0; err == nil; n++ {
				name := journal.ID{byte(who), byte(after >> 16), byte(after >> 8), byte(after)}
				if after, err = j.Append(ctx, log, after, name, fmt.Appendf(nil, "%s after %d", log, after)); err == nil {
					say("frame %s %d\n", log, after)
				}
				if err == nil && n%5 == 0 {
					key := fmt.Sprint("read/", who)
					if _, err = j.Shelf().Put(ctx, key, fmt.Append(nil, after), journal.Any, 0); err == nil {
						say("shelf %s %d\n", key, after)
					}
				}
			}
			failed <- err
		}()
	}
	return <-failed
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	frames, shelf := map[string]uint64{}, map[string]uint64{}
	for round := range 4 {
		underLoad(t, dir, 1500*(round+1), func(what, key string, n uint64) {
			switch what {
			case "frame":
				frames[key] = max(frames[key], n)
			case "shelf":
				shelf[key] = max(shelf[key], n)
			}
		})
		afterTheKill(t, dir, frames, shelf)
	}
}

// underLoad runs a process that writes, kills it after so many acknowledgements, and hears all that it still said.
func underLoad(t *testing.T, dir string, acks int, heard func(what, key string, n uint64)) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), loadDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); n++ {
		var what, key string
		var seq uint64
		if _, err := fmt.Sscan(lines.Text(), &what, &key, &seq); err != nil {
			t.Errorf("said %q: %v", lines.Text(), err)
		}
		heard(what, key, seq)
		if n == acks {
			if err := child.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || n < acks {
		t.Fatalf("the process ended by itself after %d acknowledgements: %v", n, err)
	}
}

func afterTheKill(t *testing.T, dir string, frames, shelf map[string]uint64) {
	t.Helper()
	ctx := context.Background()
	j := open(t, dir)
	defer j.Close()
	there := 0
	err := journal.Check(ctx, j, func(c journal.Checked) {
		if c.Damage != nil {
			t.Error(c.Damage)
		}
		if acked := frames[string(c.Log)]; uint64(c.Frames) < acked {
			t.Errorf("%s has %d frames, %d were acknowledged", c.Log, c.Frames, acked)
		}
		there += c.Frames
	})
	if err != nil {
		t.Fatal("check:", err)
	}
	for log, n := range frames {
		for f, err := range j.Read(ctx, id.Log(log), journal.Seq(n)-1, 1) {
			if want := fmt.Sprintf("%s after %d", log, n-1); err != nil || string(f.Body) != want {
				t.Errorf("%s %d: %q, %v", log, n, f.Body, err)
			}
		}
	}
	for key, n := range shelf {
		value, _, err := j.Shelf().Get(ctx, key)
		var now uint64
		if _, e := fmt.Sscan(string(value), &now); err != nil || e != nil || now < n {
			t.Errorf("%s is %q, %d was acknowledged (%v)", key, value, n, err)
		}
	}
	followed := 0
	for step, err := range j.Follow(ctx, 0, nil) {
		if err != nil {
			t.Fatal("follow:", err)
		}
		if step.Frame.Log == "" {
			break
		}
		followed++
	}
	if followed != there {
		t.Errorf("%d frames are there, %d were followed", there, followed)
	}
}
