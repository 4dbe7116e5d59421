package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

// town is an office to copy: logs, a shelf and files, with a clock of its own.
type town struct {
	*testing.T
	journal.Journal
	ctx   context.Context
	dir   string
	files *shoebox
	at    time.Time
	safe  string // secret
	o     Options
}

// shoebox is files in memory, named by their hash.
type shoebox struct {
	mu  sync.Mutex
	all map[string][]byte
}

func named(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *shoebox) Each(_ context.Context, do func(string, int64) error) error {
	s.mu.Lock()
	all := map[string]int{}
	for name, b := range s.all {
		all[name] = len(b)
	}
	s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := do(name, int64(all[name])); err != nil {
			return err
		}
	}
	return nil
}

func (s *shoebox) Open(name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.all[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (s *shoebox) Sound(name string, sum []byte) bool {
	return name == base64.RawURLEncoding.EncodeToString(sum)
}

func (s *shoebox) Put(name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[name] = b
	return nil
}

func (s *shoebox) add(b []byte) { s.Put(named(b), bytes.NewReader(b)) } //nolint:errcheck // it is in memory

func openJournal(t *testing.T, dir string) *local.Journal {
	t.Helper()
	j, err := local.Open(dir, local.Options{Reserve: 1 << 10, Free: func(string) (int64, error) { return 64 << 20, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // a test may have closed it
	return j
}

func newTown(t *testing.T) *town {
	t.Helper()
	secret, safe, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &town{
		T: t, Journal: openJournal(t, filepath.Join(t.TempDir(), "log")), ctx: t.Context(), dir: t.TempDir(), safe: secret,
		files: &shoebox{all: map[string][]byte{}}, at: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
	}
	w.o = Options{Safe: safe, Keys: t.TempDir(), Now: func() time.Time { return w.at }, Log: slog.New(slog.DiscardHandler)}
	return w
}

func (w *town) source() Source {
	return Source{Journal: w.Journal, Files: w.files, Apart: "key/", Program: "test"}
}

func (w *town) archive(targets ...Target) *Archive {
	w.Helper()
	var t Target = Folder{w.dir}
	if len(targets) > 0 {
		t = targets[0]
	}
	a, err := Open(t, w.o)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// body is what the tests' frames say: when, and what.
type body struct {
	At   int64
	Says string
}

// say appends to a log, and the clock goes on by a second.
func (w *town) say(log id.Log, says string) {
	w.Helper()
	w.at = w.at.Add(time.Second)
	b, _ := json.Marshal(body{w.at.UnixMilli(), says})
	head, err := w.Head(w.ctx, log)
	if err == nil {
		var name journal.ID
		copy(name[:], random(16))
		_, err = w.Append(w.ctx, log, head, name, b)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) shelve(key, value string) {
	w.Helper()
	if _, err := w.Shelf().Put(w.ctx, key, []byte(value), journal.Any, 0); err != nil {
		w.Fatal(err)
	}
}

// live is a day of talk.
func (w *town) live(n int) {
	w.Helper()
	for i := range n {
		w.say(id.Log(fmt.Sprintf("room/r%d", i%3)), fmt.Sprint("秘密的话 ", i))
	}
	w.say("office/main", "a post")
	w.shelve(fmt.Sprint("dev/", n), "a device")
	w.shelve(fmt.Sprint("key/p", n), "a key")
	w.shelve(fmt.Sprint("reg/p", n), "a record")
	w.files.add([]byte(fmt.Sprint("a picture ", n, strings.Repeat("x", 100_000))))
}

func (w *town) copy(a *Archive) *Copy {
	w.Helper()
	c, err := a.Copy(w.ctx, w.source(), false, false)
	if err != nil {
		w.Fatal("copy:", err)
	}
	if len(c.Damaged) > 0 {
		w.Fatal("copy:", c.Damaged)
	}
	return c
}

// home is where a test restores to.
type home struct {
	*local.Journal
	files *shoebox
}

// restore gives a copy back with the safe's key, as who stands before a new machine does.
func (w *town) restore(name string, moment int64, targets ...Target) (home, *Found) {
	w.Helper()
	var t Target = Folder{w.dir}
	if len(targets) > 0 {
		t = targets[0]
	}
	a, err := OpenFor(t, w.safe)
	if err != nil {
		w.Fatal(err)
	}
	c, _, err := a.Pick(w.ctx, name, moment)
	if err != nil {
		w.Fatal("pick:", err)
	}
	h := home{openJournal(w.T, filepath.Join(w.TempDir(), "log")), &shoebox{all: map[string][]byte{}}}
	found, err := a.Restore(w.ctx, c, moment, Into{
		Journal: h.Journal, Files: h.files, Apart: "key/", Moment: momentOf,
		Keeps: func(i journal.Item, apart func(string) bool) bool {
			p, is := strings.CutPrefix(i.Key, "reg/")
			return !is || apart("key/"+p)
		},
	})
	if err != nil {
		w.Fatal("restore:", err)
	}
	return h, found
}

func momentOf(f *journal.Frame) (int64, bool) {
	var b body
	err := json.Unmarshal(f.Body, &b)
	return b.At, err == nil && b.At > 0
}

// state is all that an office has, as text.
func state(t *testing.T, j journal.Journal, files *shoebox) string {
	t.Helper()
	var b strings.Builder
	ctx := t.Context()
	var logs []string
	for log, err := range j.Logs(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, string(log))
	}
	slices.Sort(logs)
	for _, log := range logs {
		for f, err := range j.Read(ctx, id.Log(log), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %d %x %x %v %s\n", log, f.Seq, f.ID, f.Link(), f.Gone, f.Body)
		}
	}
	for i, err := range j.Shelf().List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d %s\n", i.Key, i.Until, i.Value)
	}
	names := []string{}
	for name := range files.all {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintln(&b, names)
	return b.String()
}

func (w *town) same(h home, found *Found, want string) {
	w.Helper()
	if len(found.Wrong) > 0 {
		w.Error("wrong:", found.Wrong)
	}
	if got := state(w.T, h.Journal, h.files); got != want {
		w.Errorf("restored:\n%s\nwant:\n%s", got, want)
	}
}

func TestWhatIsCopiedIsRestored(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a := w.archive()
	var states []string
	var names []string
	for n := range 4 {
		w.live(10 + n)
		if n == 2 {
			if err := w.Shelf().Delete(w.ctx, "dev/11", journal.Any); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Shelf().Put(w.ctx, "code/1", []byte("for an hour"), journal.Any, 100000*time.Hour); err != nil {
				t.Fatal(err)
			}
			a = w.archive() // another start
		}
		c := w.copy(a)
		names, states = append(names, c.Name), append(states, state(t, w.Journal, w.files))
		if c.Full() != (n == 0) || c.Logs != 4 || c.Files != n+1 {
			t.Errorf("copy %d: whole %v, %+v", n, c.Full(), c.CopyCounts)
		}
	}
	idle := w.copy(a)
	if idle.New != 0 {
		t.Errorf("%d bytes of nothing new", idle.New)
	}
	h, found := w.restore("", 0)
	w.same(h, found, states[3])
	h, found = w.restore(names[3], 0)
	w.same(h, found, states[3])
	whole, err := a.Copy(w.ctx, w.source(), true, true)
	if err != nil || !whole.Full() {
		t.Fatalf("a whole copy: %+v, %v", whole, err)
	}
	h, found = w.restore(whole.Name, 0)
	w.same(h, found, states[3])
	// The machine's own key opens it too.
	secret, err := MachineKey(w.o.Keys)
	if err != nil {
		t.Fatal(err)
	}
	w.safe = secret
	h, found = w.restore("", 0)
	w.same(h, found, states[3])
}

func TestAGenerationEnds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.o.Whole = 24 * time.Hour
	a := w.archive()
	w.live(5)
	first := w.copy(a)
	w.at = w.at.Add(23 * time.Hour)
	second := w.copy(a)
	w.at = w.at.Add(time.Hour)
	third := w.copy(a)
	if !first.Full() || second.Generation != first.Name || !third.Full() {
		t.Errorf("generations: %s, %s, %s", first.Generation, second.Generation, third.Generation)
	}
	w.live(6)
	h, found := w.restore("", 0)
	_ = h
	if len(found.Wrong) > 0 {
		t.Error(found.Wrong)
	}
}

func TestARestoreToAMomentHasAllBeforeItAndNothingBehind(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a := w.archive()
	type then struct {
		at    int64
		heads map[id.Log]journal.Seq
	}
	var moments []then
	for n := range 30 {
		w.say(id.Log(fmt.Sprintf("room/r%d", n%4)), fmt.Sprint("word ", n))
		m := then{w.at.UnixMilli(), map[id.Log]journal.Seq{}}
		for log, err := range w.Logs(w.ctx, 0) {
			if err != nil {
				t.Fatal(err)
			}
			m.heads[log], _ = w.Head(w.ctx, log)
		}
		moments = append(moments, m)
		if n%7 == 6 {
			w.copy(a)
		}
	}
	w.copy(a)
	for _, n := range []int{0, 5, 6, 7, 13, 20, 28} {
		h, found := w.restore("", moments[n].at)
		if len(found.Wrong) > 0 || found.Last != moments[n].at {
			t.Errorf("moment %d: %v, last %d", n, found.Wrong, found.Last)
		}
		for log, want := range moments[n].heads {
			if got, err := h.Head(w.ctx, log); got != want || err != nil {
				t.Errorf("moment %d: %s ends at %d, %v; want %d", n, log, got, err, want)
			}
		}
	}
	b, err := OpenFor(Folder{w.dir}, w.safe)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Pick(w.ctx, "", w.at.Add(time.Minute).UnixMilli()); !errors.Is(err, ErrNoCopy) {
		t.Error("a moment behind the newest copy:", err)
	}
}

func TestWhatWasForgottenStaysForgotten(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a := w.archive()
	w.shelve("key/pwang", "wang's key")
	w.shelve("reg/pwang", "wang's record")
	w.shelve("key/pli", "li's key")
	w.shelve("reg/pli", "li's record")
	w.say("room/r1", "something unlawful")
	before := w.copy(a)
	if err := errors.Join(w.Shelf().Delete(w.ctx, "key/pwang", journal.Any), w.Redact(w.ctx, "room/r1", 1, []byte("{}"))); err != nil {
		t.Fatal(err)
	}
	w.shelve("key/pzhao", "zhao's key")
	w.at = w.at.Add(24 * time.Hour)
	w.copy(a)
	h, found := w.restore(before.Name, 0)
	if len(found.Wrong) > 0 {
		t.Error(found.Wrong)
	}
	got := state(t, h.Journal, h.files)
	for _, gone := range []string{"pwang", "unlawful"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s came back:\n%s", gone, got)
		}
	}
	for _, there := range []string{"li's key", "li's record", "zhao's key"} {
		if !strings.Contains(got, there) {
			t.Errorf("%s is not there:\n%s", there, got)
		}
	}
	// Thirty days later her key lies nowhere.
	w.at = time.Now().Add(ThirtyDays + time.Hour) // the folder's own clock is the machine's
	w.shelve("key/plate", "late's key")
	w.copy(a)
	if _, err := a.Prune(w.ctx, Keep{Days: 1000, Months: 100, Zone: time.UTC}, true); err != nil {
		t.Fatal(err)
	}
	left, err := a.names(w.ctx, apartD)
	if err != nil || len(left) != 1 {
		t.Errorf("kept apart: %v, %v", left, err)
	}
	h, found = w.restore(before.Name, 0) // the copy itself is there
	if len(found.Wrong) > 0 || strings.Contains(state(t, h.Journal, h.files), "wang") {
		t.Error("after thirty days:", found.Wrong)
	}
}

func TestNothingInTheTargetIsInClear(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a := w.archive()
	w.live(20)
	w.say("room/r1", "秘密的话")
	c := w.copy(a)
	secrets := []string{"秘密的话", "room/r1", "key/p20", "a picture", "office/main", "a record"}
	for name := range w.files.all {
		secrets = append(secrets, name)
	}
	n := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		b, err := os.ReadFile(path)
		for _, s := range secrets {
			if bytes.Contains(b, []byte(s)) || strings.Contains(path, s) {
				t.Errorf("%s says %q", path, s)
			}
		}
		if info, _ := d.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil || n < len(c.Parts)+2 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestTheWrongKeyOpensNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(3)
	w.copy(w.archive())
	other, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenFor(Folder{w.dir}, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Pick(w.ctx, "", 0); !errors.Is(err, ErrNoKey) {
		t.Error("another key:", err)
	}
	for _, rubbish := range []string{"", "AGE-SECRET-KEY-1", "rubbish", w.o.Safe} {
		if _, err := OpenFor(Folder{w.dir}, rubbish); err == nil {
			t.Errorf("%q is taken for a key", rubbish)
		}
	}
	if ValidRecipient(w.safe) == nil || ValidRecipient("rubbish") == nil || ValidRecipient(w.o.Safe) != nil {
		t.Error("what may stand in the configuration is not told from what may not")
	}
}

func TestATargetThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, other := newTown(t), newTown(t)
	w.live(3)
	w.copy(w.archive())
	other.dir = w.dir
	if _, err := other.archive().Copy(t.Context(), other.source(), false, false); !errors.Is(err, ErrForeign) {
		t.Error("another's:", err)
	}
	// A disk that is not plugged in: the folder is empty, or is not there.
	empty := t.TempDir()
	if _, err := w.archive(Folder{empty}).Copy(t.Context(), w.source(), false, true); !errors.Is(err, ErrEmptied) {
		t.Error("emptied:", err)
	}
	missing := filepath.Join(empty, "missing")
	if _, err := w.archive(Folder{missing}).Copy(t.Context(), w.source(), false, false); err == nil || there(missing) {
		t.Error("missing:", err)
	}
}

func there(path string) bool { _, err := os.Stat(path); return err == nil }

// faulty is a target that fails at one of its steps: before it, in the middle of what is written, or after it.
type faulty struct {
	Target
	left int
	how  string
}

var errFault = errors.New("the target is gone")

func (f *faulty) Put(ctx context.Context, name string, r io.Reader) error {
	if f.left--; f.left != 0 {
		return f.Target.Put(ctx, name, r)
	}
	switch f.how {
	case "before":
	case "half":
		half := io.MultiReader(io.LimitReader(r, 100), iotestErr{})
		return errors.Join(f.Target.Put(ctx, name, half), errFault)
	case "after":
		if err := f.Target.Put(ctx, name, r); err != nil {
			return err
		}
	}
	return errFault
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errFault }

func (f *faulty) Remove(ctx context.Context, name string) error {
	if f.left--; f.left == 0 {
		return errFault
	}
	return f.Target.Remove(ctx, name)
}

func (f *faulty) List(ctx context.Context, prefix string) iter.Seq2[Thing, error] {
	if f.left--; f.left == 0 {
		return func(yield func(Thing, error) bool) { yield(Thing{}, errFault) }
	}
	return f.Target.List(ctx, prefix)
}

func (f *faulty) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if f.left--; f.left == 0 {
		return nil, errFault
	}
	return f.Target.Get(ctx, name)
}

// A copy that is cut off at any step leaves the ones before as they were, and the next one is whole.
func TestACopyCutOffAtAnyStepHarmsNothing(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"before", "half", "after"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.live(4)
			w.copy(w.archive())
			keep := Keep{Days: 30, Months: 12, Zone: time.UTC}
			for step := 1; ; step++ {
				before, _ := w.restore("", 0)
				was := withoutKeys(state(t, before.Journal, before.files))
				before.Close() //nolint:errcheck // it was only read
				w.at = w.at.Add(time.Hour)
				w.live(step%5 + 1)
				f := &faulty{Target: Folder{w.dir}, left: step, how: how}
				a := w.archive(f)
				c, err := a.Copy(w.ctx, w.source(), step%7 == 0, true)
				if err == nil {
					_, err = a.Prune(w.ctx, keep, true)
				}
				if f.left > 0 && err == nil {
					break // it came to its end
				}
				if err != nil && !errors.Is(err, errFault) {
					t.Fatalf("step %d: %v", step, err)
				}
				h, found := w.restore("", 0)
				now := state(t, h.Journal, h.files)
				if whole := state(t, w.Journal, w.files); len(found.Wrong) > 0 || withoutKeys(now) != was && now != whole || c != nil && now != whole {
					t.Fatalf("step %d: neither what it was nor what it should be: %v", step, found.Wrong)
				}
				h.Close() //nolint:errcheck // it was only read
			}
			a := w.archive()
			w.copy(a)
			if _, err := a.Prune(w.ctx, keep, true); err != nil {
				t.Fatal(err)
			}
			h, found := w.restore("", 0)
			w.same(h, found, state(t, w.Journal, w.files))
			w.noOrphans(a)
		})
	}
}

// withoutKeys leaves out what is kept apart: of that the newest is restored whatever became of its copy.
func withoutKeys(state string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(state, "\n"), func(l string) bool { return strings.HasPrefix(l, "key/") }), "\n")
}

// noOrphans checks that all that lies in the target belongs to a copy.
func (w *town) noOrphans(a *Archive) {
	w.Helper()
	names, err := a.List(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	held := map[string]bool{"archive.json": true}
	for _, name := range names {
		c, err := a.Read(w.ctx, name)
		if err != nil {
			w.Fatal(err)
		}
		held[copies+"/"+name] = true
		for _, p := range c.Parts {
			held[p.Name] = true
		}
		for name := range w.files.all {
			held[fileName(c.Naming, name)] = true
		}
	}
	for thing, err := range a.target.List(w.ctx, "") {
		if err != nil {
			w.Fatal(err)
		}
		if !held[thing.Name] {
			w.Error("an orphan:", thing.Name)
		}
	}
}

func TestDamageInTheTargetIsNamed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(8)
	w.copy(w.archive())
	w.live(9)
	last := w.copy(w.archive())
	var paths []string
	for thing, err := range (Folder{w.dir}).List(w.ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, thing.Name)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, name := range paths {
		if name == "archive.json" || strings.HasPrefix(name, shelfD) && name != mustPart(last, shelfD) || strings.HasPrefix(name, listD) && name != mustPart(last, listD) ||
			strings.HasPrefix(name, apartD) && name != mustPart(last, apartD) || strings.HasPrefix(name, copies) && name != copies+"/"+last.Name {
			continue // it belongs to the copy before
		}
		path := filepath.Join(w.dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, harmed := range map[string][]byte{"flipped": flip(rnd, whole), "cut": whole[:len(whole)/2], "missing": nil} {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if harmed != nil {
				if err := os.WriteFile(path, harmed, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a, err := OpenFor(Folder{w.dir}, w.safe)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, copies) {
				c, worse, err := a.Newest(w.ctx)
				if err != nil || c.Name == last.Name || worse == 0 && what != "missing" {
					t.Errorf("%s %s: newest is %+v, %d, %v", name, what, c, worse, err)
				}
			} else if _, found := w.restore(last.Name, 0); len(found.Wrong) == 0 {
				t.Errorf("%s %s: nothing is said of it", name, what)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	// With the newest copy's own page damaged the next one begins a new generation, and is whole.
	path := filepath.Join(w.dir, copies, last.Name)
	b, _ := os.ReadFile(path)
	if err := os.WriteFile(path, flip(rnd, b), 0o600); err != nil {
		t.Fatal(err)
	}
	w.live(3)
	if c := w.copy(w.archive()); !c.Full() {
		t.Error("it goes on from a damaged one")
	}
	h, found := w.restore("", 0)
	w.same(h, found, state(t, w.Journal, w.files))
}

func mustPart(c *Copy, kind string) string { p, _ := c.part(kind); return p.Name }

func flip(rnd *rand.Rand, b []byte) []byte {
	c := slices.Clone(b)
	c[len(c)/3+rnd.IntN(len(c)/2)] ^= 1 << rnd.IntN(8)
	return c
}

func TestADamagedFileOfTheOfficeIsNotCopied(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(2)
	name := named([]byte("whole"))
	w.files.all[name] = []byte("rotten")
	c, err := w.archive().Copy(w.ctx, w.source(), false, false)
	if err != nil || len(c.Damaged) != 1 || c.Files != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, found := w.restore("", 0); len(found.Wrong) > 0 {
		t.Error(found.Wrong)
	}
}

func TestCopiesBeforeARestoreAreKeptAndTheNextIsWhole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(4)
	w.copy(w.archive())
	w.live(5)
	w.copy(w.archive())
	h, _ := w.restore("", 0)
	w.Journal, w.files = h.Journal, h.files // it goes on from there
	w.live(6)
	if c := w.copy(w.archive()); !c.Full() {
		t.Error("it adds to another life of the office")
	}
	again, found := w.restore("", 0)
	w.same(again, found, state(t, w.Journal, w.files))
}

func TestNumbersGoOnWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(2)
	first := w.copy(w.archive())
	w.at = w.at.Add(-1000 * time.Hour)
	w.live(3)
	second := w.copy(w.archive())
	a := w.archive()
	if c, _, err := a.Newest(w.ctx); err != nil || c.Name != second.Name || number(second.Name) != number(first.Name)+1 {
		t.Errorf("newest is %+v, %v", c, err)
	}
	if went, err := a.Prune(w.ctx, Keep{All: time.Hour, Days: 1, Months: 1, Zone: time.UTC}, true); err != nil || len(went) > 0 {
		t.Errorf("gone: %v, %v", went, err)
	}
}

func TestCopiesGrowOld(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var names []string
	n := 0
	for at := now.AddDate(-2, 0, 0); !at.After(now); at = at.Add(time.Hour) {
		n++
		names = append(names, fmt.Sprintf("%08d-%s", n, at.Format(stamp)))
	}
	stay := Keep{All: 48 * time.Hour, Days: 30, Months: 12, Zone: time.UTC}.stays(names, now)
	var kept []string
	for _, name := range names {
		if stay[name] {
			kept = append(kept, name[9:22])
		}
	}
	got := strings.Join(kept[:14], " ")
	want := "20251130T2300 20251231T2300 20260131T2300 20260228T2300 20260331T2300 20260430T2300 20260531T2300 20260630T2300 20260731T2300 20260831T2300 " +
		"20260930T2300 20261030T2300 20261031T2300 20261101T2300"
	if got != want || len(kept) != 10+28+49 {
		t.Errorf("%d stay: %s", len(kept), got)
	}
	if stay := (Keep{Zone: time.UTC}).stays(names, now.AddDate(10, 0, 0)); len(stay) != lastDays || !stay[names[len(names)-1]] {
		t.Error("with a clock that is wrong they all go")
	}
}

func TestPruneLeavesWhatACopyNeeds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.o.Whole = 7 * 24 * time.Hour
	a := w.archive()
	keep := Keep{All: 6 * time.Hour, Days: 5, Months: 2, Zone: time.UTC}
	states := map[string]string{}
	for range 60 {
		w.at = w.at.Add(4 * time.Hour)
		w.live(2)
		if len(w.files.all) > 3 {
			for name := range w.files.all {
				delete(w.files.all, name)
				break
			}
		}
		w.files.add([]byte(w.at.String()))
		c := w.copy(a)
		states[c.Name] = state(t, w.Journal, w.files)
		if _, err := a.Prune(w.ctx, keep, true); err != nil {
			t.Fatal(err)
		}
	}
	names, err := a.List(w.ctx)
	if err != nil || len(names) < 5 || len(names) > 10 {
		t.Fatalf("%d copies are left, %v", len(names), err)
	}
	for _, name := range []string{names[0], names[len(names)/2], names[len(names)-1]} {
		_, found := w.restore(name, 0)
		if len(found.Wrong) > 0 {
			t.Errorf("%s: %v", name, found.Wrong)
		}
	}
	h, found := w.restore("", 0)
	w.same(h, found, states[names[len(names)-1]])
}

func TestWithANewKeyForTheSafeEverythingIsSealedAnew(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(4)
	w.copy(w.archive())
	secret, safe, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	w.o.Safe, w.safe = safe, secret
	w.live(5)
	if c := w.copy(w.archive()); !c.Full() {
		t.Error("it adds to what the new key does not open")
	}
	h, found := w.restore("", 0)
	w.same(h, found, state(t, w.Journal, w.files))
}

// An older part, sealed as it should be, in the place of a newer one.
func TestAPartThatWasExchangedIsNoticed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(4)
	first := w.copy(w.archive())
	w.live(5)
	last := w.copy(w.archive())
	for _, kind := range []string{shelfD, apartD, listD} {
		old, _ := first.part(kind)
		now, _ := last.part(kind)
		path := filepath.Join(w.dir, now.Name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(w.dir, old.Name))
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, found := w.restore("", 0); len(found.Wrong) == 0 {
			t.Errorf("%s: nothing is said of it", kind)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// flaky is a target whose reads break in the middle, of one kind of thing.
type flaky struct {
	Target
	kind string
}

var errNetwork = errors.New("connection reset by peer")

func (f flaky) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := f.Target.Get(ctx, name)
	if err != nil || !strings.HasPrefix(name, f.kind) {
		return in, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(in, 300), broken{}), in}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errNetwork }

func TestANetworkThatBreaksIsNoDamage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(4)
	w.copy(w.archive())
	for _, kind := range []string{copies, framesD, shelfD, apartD, listD, filesD} {
		a, err := OpenFor(flaky{Folder{w.dir}, kind}, w.safe)
		if err != nil {
			t.Fatal(err)
		}
		var found *Found
		c, _, err := a.Pick(w.ctx, "", 0)
		if err == nil {
			found, err = a.Restore(w.ctx, c, 0, Into{Journal: openJournal(t, filepath.Join(t.TempDir(), "log")), Files: &shoebox{all: map[string][]byte{}}, Apart: "key/"})
		}
		if !errors.Is(err, errNetwork) || found != nil && len(found.Wrong) > 0 {
			t.Errorf("%s: %+v, %v", kind, found, err)
		}
	}
	// Whatever a try believes of it, the file is there still.
	k := w.keeper(t.TempDir(), flaky{Folder{w.dir}, filesD})
	if err := k.Verify(w.ctx); !errors.Is(err, errNetwork) {
		t.Error(err)
	}
	h, found := w.restore("", 0)
	w.same(h, found, state(t, w.Journal, w.files))
}

// lame is a journal of which one log is damaged.
type lame struct {
	journal.Journal
	log id.Log
}

func (l lame) Follow(ctx context.Context, shard int, from journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) {
		said := false
		for s, err := range l.Journal.Follow(ctx, shard, from) {
			if s.Frame.Log == l.log {
				if !said && !yield(journal.Step{}, &journal.Damaged{Log: l.log, Seq: 1}) {
					return
				}
				said = true
				continue
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func TestACopyOfADamagedOfficeSaysSoAndGoesOnSayingIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(5)
	w.say("room/r1", "the last is another's")
	w.Journal = lame{w.Journal, "room/r0"}
	k := w.keeper(t.TempDir())
	for n := range 2 {
		if err := errors.Join(k.Copy(w.ctx, false), k.Verify(w.ctx)); err != nil {
			t.Fatal(err)
		}
		p := k.Report().Places[0]
		if p.Last.Why != "damaged" || len(p.Verified.Wrong) == 0 || p.Copies[n].Damaged != 1 {
			t.Errorf("copy %d: %+v, %+v", n+1, p.Last, p.Verified)
		}
		w.say("room/r1", "it goes on")
	}
	if _, found := w.restore("", 0); len(found.Wrong) == 0 {
		t.Error("who restores it is not told")
	}
}

func TestARedactionOfAnotherLifeIsNotTakenForThisOnes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(6)
	first := w.copy(w.archive())
	was := state(t, w.Journal, w.files)
	other := newTown(t) // it begins from nothing, on the same machine
	other.dir, other.o = w.dir, w.o
	other.live(6)
	if err := other.Redact(other.ctx, "room/r1", 1, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	other.copy(other.archive())
	h, found := w.restore(first.Name, 0)
	if now := withoutKeys(state(t, h.Journal, h.files)); len(found.Wrong) > 0 || !strings.Contains(now, "room/r1 2") || len(now) < len(withoutKeys(was))-200 {
		t.Errorf("%v:\n%s", found.Wrong, now)
	}
}

// holed is a journal that does not bring one frame.
type holed struct {
	journal.Journal
	log id.Log
	seq journal.Seq
}

func (h holed) Follow(ctx context.Context, shard int, from journal.Cursor) iter.Seq2[journal.Step, error] {
	return func(yield func(journal.Step, error) bool) {
		for s, err := range h.Journal.Follow(ctx, shard, from) {
			if s.Frame.Log == h.log && s.Frame.Seq == h.seq {
				continue
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func TestOneFrameThatDoesNotFitTakesNoOtherLogWithIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(30)
	sound := w.Journal
	w.Journal = holed{sound, "room/r0", 4}
	if _, err := w.archive().Copy(w.ctx, w.source(), false, false); err != nil {
		t.Fatal(err)
	}
	h, found := w.restore("", 0)
	if len(found.Wrong) == 0 || found.Frames != 3+10+10+1 {
		t.Errorf("%d frames, %v", found.Frames, found.Wrong)
	}
	for log, want := range map[id.Log]journal.Seq{"room/r0": 3, "room/r1": 10, "room/r2": 10, "office/main": 1} {
		if got, err := h.Head(w.ctx, log); got != want || err != nil {
			t.Errorf("%s ends at %d, %v; want %d", log, got, err, want)
		}
	}
}

func TestOfListsOfWhatWasRedactedTheNewestThatCanBeReadHolds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.live(9)
	for seq := range journal.Seq(2) {
		if err := w.Redact(w.ctx, "room/r1", seq+1, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		w.copy(w.archive())
	}
	names, err := filepath.Glob(filepath.Join(w.dir, goneD, "*"))
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	if err := os.Truncate(names[1], 40); err != nil {
		t.Fatal(err)
	}
	h, found := w.restore("", 0)
	if gone := strings.Count(state(t, h.Journal, h.files), " true "); gone < 1 || len(found.Wrong) == 0 {
		t.Errorf("%d frames are gone, %v", gone, found.Wrong)
	}
}
