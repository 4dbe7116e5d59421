package register

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

var (
	wang = Record{Name: "王丽", Phone: "19912341234", Title: "女士"}
	li   = Record{Name: "李大爷", Phone: "13800000102"}
)

// onDisk is a register on a journal of its own, in dir.
func onDisk(t *testing.T, dir string) (*Register, *local.Journal) {
	t.Helper()
	j, err := local.Open(filepath.Join(dir, "log"), local.Options{
		Reserve: 1 << 10, Free: func(string) (int64, error) { return 64 << 20, nil }, // no ballast
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // closed before, mostly
	keys, err := LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return Open(j.Shelf(), keys), j
}

// witnessed notes who looked, or refuses.
type witnessed struct {
	looks []string
	err   error
}

func (w *witnessed) Witness(_ context.Context, by id.Person, of []id.Person, reason string) error {
	w.looks = append(w.looks, fmt.Sprint(by, of, reason))
	return w.err
}

func TestEachPersonHasAKeyOfTheirOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, j := onDisk(t, dir)
	words := []byte(`{"text":"楼下的菜到了吗"}`)
	sealed, err := r.Seal("pwang", words)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := r.Seal("pwang", words)
	if bytes.Equal(sealed, again) || bytes.Contains(sealed, []byte("菜")) {
		t.Error("sealed words can be compared, or read")
	}
	if _, err := r.Seal("pli", words); err != nil { // has a key too
		t.Fatal(err)
	}
	if got, err := r.Open("pli", sealed); got != nil || err != nil {
		t.Errorf("another's key opens %q, %v", got, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, _ = onDisk(t, dir) // the first words made the key, on disk
	for _, s := range [][]byte{sealed, again} {
		if got, err := r.Open("pwang", s); !bytes.Equal(got, words) || err != nil {
			t.Errorf("opened: %q, %v", got, err)
		}
	}
	if got, err := r.Open("pnobody", sealed); got != nil || err != nil {
		t.Errorf("nobody's words: %q, %v", got, err)
	}
}

// What was sealed is bound to its place: a record or a key that is put in another's place cannot be read there.
func TestWhatIsMovedCannotBeRead(t *testing.T) {
	t.Parallel()
	r, j := onDisk(t, t.TempDir())
	ctx, shelf := t.Context(), j.Shelf()
	if err := r.PutAll(ctx, map[id.Person]Record{"pwang": wang, "pli": li}); err != nil {
		t.Fatal(err)
	}
	if err := r.PutPages(ctx, map[string]Page{"g1": {"h1": {Name: "王丽"}}}); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"key/pwang": "key/pli", "page/g1": "page/g2"} {
		value, _, err := shelf.Get(ctx, from)
		if err == nil {
			_, err = shelf.Put(ctx, to, value, journal.Any, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fresh := Open(shelf, r.Keys())
	if rec, err := fresh.Record(ctx, "pli"); err == nil {
		t.Errorf("read %+v", rec)
	}
	if page, err := fresh.Page(ctx, "g2"); err == nil {
		t.Errorf("read %+v", page)
	}
}

func TestForgettingSomebodyIsDeletingTheirKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, j := onDisk(t, dir)
	ctx := t.Context()
	for p, rec := range map[id.Person]Record{"pwang": wang, "pli": li} {
		if err := errors.Join(r.Put(ctx, p, rec), r.ClaimPhone(ctx, rec.Phone, p)); err != nil {
			t.Fatal(err)
		}
	}
	hers, _ := r.Seal("pwang", []byte(`{"text":"早"}`))
	his, _ := r.Seal("pli", []byte(`{"text":"好"}`))
	key, _, _ := j.Shelf().Get(ctx, "key/pwang")
	if err := errors.Join(r.Forget(ctx, "pwang"), r.Forget(ctx, "pwang"), r.Forget(ctx, "pnobody")); err != nil {
		t.Fatal(err)
	}
	check := func(r *Register) {
		t.Helper()
		if got, err := r.Open("pwang", hers); got != nil || err != nil {
			t.Errorf("her words: %q, %v", got, err)
		}
		if got, err := r.Open("pli", his); string(got) != `{"text":"好"}` || err != nil {
			t.Errorf("his words: %q, %v", got, err)
		}
		if rec, err := r.Record(ctx, "pwang"); !fault.Is(err, fault.NotFound) {
			t.Errorf("her record: %+v, %v", rec, err)
		}
		if p, err := r.ByPhone(ctx, wang.Phone); !fault.Is(err, fault.NotFound) {
			t.Errorf("her phone is %s's, %v", p, err)
		}
	}
	check(r)
	for item, err := range j.Shelf().List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(item.Key, "pwang") || bytes.Contains(item.Value, []byte("pwang")) || bytes.Equal(item.Value, key) {
			t.Errorf("left: %s", item.Key)
		}
	}
	// Who writes again after that has a new key. It does not open the old words, and that is no error: a log with them can be read.
	later, err := r.Seal("pwang", []byte(`{"text":"又来"}`))
	if err != nil {
		t.Fatal(err)
	}
	check(r)
	if got, err := r.Open("pwang", later); string(got) != `{"text":"又来"}` || err != nil {
		t.Errorf("her new words: %q, %v", got, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, _ = onDisk(t, dir)
	check(r)
}

// Many make first keys of the same people at once: one of each is the one, and all words can be opened with it.
func TestTheFirstKeyWins(t *testing.T) {
	t.Parallel()
	r, j := onDisk(t, t.TempDir())
	people := make([]id.Person, 20)
	for i := range people {
		people[i] = id.Person(fmt.Sprintf("p%d", i))
	}
	var mu sync.Mutex
	sealed := map[id.Person][][]byte{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if i%2 == 0 {
				if err := r.Ensure(t.Context(), people...); err != nil {
					t.Error(err)
				}
			}
			for _, p := range people {
				s, err := r.Seal(p, []byte(p))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				sealed[p] = append(sealed[p], s)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	fresh := Open(j.Shelf(), r.Keys())
	for p, list := range sealed {
		for _, s := range list {
			if got, err := fresh.Open(p, s); string(got) != string(p) || err != nil {
				t.Errorf("%s: %q, %v", p, got, err)
			}
		}
	}
}

// A phone is taken at approval: having a record takes none, so nobody can squat a neighbour's by applying.
func TestAPhoneIsTakenByClaimingItAlone(t *testing.T) {
	t.Parallel()
	r, _ := onDisk(t, t.TempDir())
	ctx := t.Context()
	squatter := Record{Name: "某某", Phone: wang.Phone}
	if err := errors.Join(r.Put(ctx, "psquat", squatter), r.Put(ctx, "pwang", wang)); err != nil {
		t.Fatal(err)
	}
	if p, err := r.ByPhone(ctx, wang.Phone); !fault.Is(err, fault.NotFound) {
		t.Errorf("taken by %s, %v", p, err)
	}
	if err := errors.Join(r.ClaimPhone(ctx, wang.Phone, "pwang"), r.ClaimPhone(ctx, wang.Phone, "pwang")); err != nil {
		t.Errorf("claimed, and again: %v", err)
	}
	if err := r.ClaimPhone(ctx, wang.Phone, "psquat"); !fault.Is(err, fault.PhoneTaken) {
		t.Errorf("claimed by another: %v", err)
	}
	if err := r.Forget(ctx, "psquat"); err != nil { // who never had it frees nothing
		t.Error(err)
	}
	if err := r.ReleasePhone(ctx, wang.Phone, "psquat"); err != nil {
		t.Error(err)
	}
	if p, err := r.ByPhone(ctx, wang.Phone); p != "pwang" || err != nil {
		t.Errorf("it is %s's, %v", p, err)
	}
	// Somebody lets it go while others want it: it is taken or somebody's, never nobody's.
	var race sync.WaitGroup
	for n := range 8 {
		race.Go(func() {
			p := id.Person(fmt.Sprint("prace", n))
			for range 200 {
				if err := r.ClaimPhone(ctx, "13800000777", p); err != nil && !fault.Is(err, fault.PhoneTaken) {
					t.Error(err)
				}
				if err := r.ReleasePhone(ctx, "13800000777", p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	race.Wait()
	if err := errors.Join(r.ReleasePhone(ctx, wang.Phone, "pwang"), r.ClaimPhone(ctx, wang.Phone, "pnew")); err != nil {
		t.Errorf("free, and claimed: %v", err)
	}
	var wins sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			p := id.Person(fmt.Sprintf("p%d", i))
			if err := r.ClaimPhone(ctx, "13800000999", p); err == nil {
				wins.Store(p, true)
			} else if !fault.Is(err, fault.PhoneTaken) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	winners := 0
	wins.Range(func(any, any) bool { winners++; return true })
	if winners != 1 {
		t.Errorf("%d have it", winners)
	}
}

// The look is on record before anything is seen; when it cannot be recorded, nothing is seen.
func TestALookIsWitnessedFirst(t *testing.T) {
	t.Parallel()
	r, _ := onDisk(t, t.TempDir())
	ctx := t.Context()
	if err := r.PutAll(ctx, map[id.Person]Record{"pwang": wang, "pli": li}); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Look(ctx, "powner", []id.Person{"pwang"}, "members"); err == nil {
		t.Errorf("seen with nobody to witness: %v", got)
	}
	w := &witnessed{}
	r.SetWitness(w)
	got, err := r.Look(ctx, "powner", []id.Person{"pwang", "pli", "pnobody"}, "members")
	if err != nil || len(got) != 2 || got["pwang"] != wang || got["pli"] != li {
		t.Errorf("%v, %v", got, err)
	}
	if len(w.looks) != 1 || w.looks[0] != "powner[pwang pli pnobody]members" {
		t.Errorf("witnessed: %q", w.looks)
	}
	w.err = fault.New(fault.NoSpace, "the disk is below its reserve")
	if got, err := r.Look(ctx, "powner", []id.Person{"pwang"}, "contact"); got != nil || !errors.Is(err, w.err) {
		t.Errorf("seen without being recorded: %v, %v", got, err)
	}
	if _, err := r.Look(ctx, "powner", nil, "members"); err != nil || len(w.looks) != 2 {
		t.Errorf("nobody looked at: %v, witnessed %q", err, w.looks)
	}
}

func TestPagesOfTheRoster(t *testing.T) {
	t.Parallel()
	r, _ := onDisk(t, t.TempDir())
	ctx := t.Context()
	if page, err := r.Page(ctx, "g3"); page == nil || len(page) != 0 || err != nil {
		t.Errorf("a page that is not there: %v, %v", page, err)
	}
	three := Page{"h501": {Name: "王丽", Phone: wang.Phone, People: 3, Tenure: "自住", Note: "三轮车", Digest: "d"}, "h502": {Name: "李大爷"}}
	if err := r.PutPages(ctx, map[string]Page{"g3": three, "g4": {"h1": {Name: "赵"}}}); err != nil {
		t.Fatal(err)
	}
	page, err := r.Page(ctx, "g3")
	if err != nil || len(page) != 2 || page["h501"] != three["h501"] || page["h502"] != three["h502"] {
		t.Errorf("%+v, %v", page, err)
	}
	for _, c := range []struct {
		door  string
		name  string
		light Light
	}{{"h501", "王丽", Green}, {"h501", " 王　丽 ", Green}, {"h501", "王莉", Yellow}, {"h777", "王丽", Red}, {"h502", "李大爷", Green}} {
		door, found := page[id.Premises(c.door)]
		if got := Match(door, found, c.name); got != c.light {
			t.Errorf("%s at %s is %s, not %s", c.name, c.door, got, c.light)
		}
	}
}

// Two people whom the roster names behind one door are two people, each with their own phone where it says so.
func TestTwoPeopleBehindADoorAreEachKnown(t *testing.T) {
	t.Parallel()
	two := Door{Name: "王丽、李强", Phone: "13800000501、"}
	for name, light := range map[string]Light{"王丽": Green, "李强": Green, "王丽、李强": Yellow, "": Yellow, "王": Yellow} {
		if got := Match(two, true, name); got != light {
			t.Errorf("%q is %s, not %s", name, got, light)
		}
	}
	for door, want := range map[Door][]Known{
		two: {{"王丽", "13800000501"}, {"李强", ""}},
		{Name: "王丽、李强", Phone: "13800000501"}:         {{"王丽", "13800000501"}, {"李强", "13800000501"}},
		{Name: "王丽", Phone: "13800000501"}:            {{"王丽", "13800000501"}},
		{Name: "王丽、李强", Phone: "13800000501、139、137"}: {{"王丽", ""}, {"李强", ""}},
		{Phone: "13800000501"}:                        nil,
	} {
		if got := door.Known(); !slices.Equal(got, want) {
			t.Errorf("%+v knows %+v", door, got)
		}
	}
}

// Nothing of what only the register may know lies in clear on the disk.
func TestNothingIsInClearOnTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, j := onDisk(t, dir)
	ctx := t.Context()
	var secrets []string
	records, phones := map[id.Person]Record{}, map[string]id.Person{}
	page := Page{}
	for i := range 200 {
		rec := Record{Name: fmt.Sprintf("隐私人%03d", i), Phone: fmt.Sprintf("138123%05d", i), Title: "女士"}
		p := id.Person(fmt.Sprintf("p%d", i))
		records[p], phones[rec.Phone] = rec, p
		page[id.Premises(fmt.Sprintf("h%d", i))] = Door{Name: "户主" + rec.Name, Phone: rec.Phone, Note: "三轮车停在楼下", Digest: r.Keys().Digest(rec.Name)}
		secrets = append(secrets, rec.Name, rec.Phone)
	}
	secrets = append(secrets, "三轮车", "楼下的菜")
	if err := errors.Join(r.PutAll(ctx, records), r.ClaimPhones(ctx, phones), r.PutPages(ctx, map[string]Page{"g1": page})); err != nil {
		t.Fatal(err)
	}
	sealed, err := r.Seal("p1", []byte(`{"text":"楼下的菜到了吗"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "room/r1", 0, journal.ID{1}, sealed); err != nil {
		t.Fatal(err)
	}
	scan := func(when string) {
		t.Helper()
		files := 0
		err := filepath.WalkDir(filepath.Join(dir, "log"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			for _, s := range secrets {
				if bytes.Contains(b, []byte(s)) {
					return fmt.Errorf("%s has %q in clear", filepath.Base(path), s)
				}
			}
			return err
		})
		if err != nil || files == 0 {
			t.Errorf("%s: %v, %d files", when, err, files)
		}
	}
	scan("while it runs")
	for item, err := range j.Shelf().List(ctx, "") { // tables on disk are compressed: what is in them, as it went in
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if strings.Contains(item.Key, s) || bytes.Contains(item.Value, []byte(s)) {
				t.Errorf("%s has %q in clear", item.Key, s)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	scan("when it is closed")
}

func TestTheMasterKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKeys(dir)
	if err != nil || !bytes.Equal(again.Tokens(), keys.Tokens()) || again.Digest("a", "b") != keys.Digest("a", "b") || keys.Digest("a", "b") == keys.Digest("ab") {
		t.Errorf("read again it is another: %v", err)
	}
	path := filepath.Join(dir, "master.key")
	for name, of := range map[string]string{dir: "drwx------", path: "-rw-------"} {
		if info, err := os.Stat(name); err != nil || info.Mode().String() != of {
			t.Errorf("%s is %s, %v", name, info.Mode(), err)
		}
	}
	for _, text := range []string{"", "no key", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("zz", 32)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "is not a master key") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Data that was sealed with another master key is refused in words, before anything is done with it: also when the folder of keys was
// lost and a new one made.
func TestAnotherMasterKeyIsRefusedInWords(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*Register) error{
		"people": func(r *Register) error { return r.Put(t.Context(), "pwang", wang) },
		"roster": func(r *Register) error {
			return r.PutPages(t.Context(), map[string]Page{"g1": {"h1": {Name: "王丽"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r, j := onDisk(t, dir)
			if err := r.Check(t.Context()); err != nil {
				t.Errorf("new: %v", err)
			}
			if err := errors.Join(fill(r), r.Check(t.Context()), j.Close(), os.RemoveAll(filepath.Join(dir, "keys"))); err != nil {
				t.Fatal(err)
			}
			r, _ = onDisk(t, dir)
			if err := r.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "another master key") {
				t.Errorf("it says: %v", err)
			}
		})
	}
}

// The phone of who applies is compared with that of who is called so behind the door.
func TestThePhoneIsThatOfWhoIsCalledSo(t *testing.T) {
	t.Parallel()
	two := Door{Name: "王丽、李强", Phone: "13800000501、13800000502"}
	for _, c := range []struct {
		door       Door
		name       string
		same, none bool
	}{
		{two, "王丽", true, false}, {two, "李强", false, false}, {two, "赵敏", true, false}, {Door{Name: "王丽"}, "王丽", false, true},
		{Door{Name: "王丽", Phone: "13900000000"}, "王丽", false, false}, {Door{Name: "王丽、李强", Phone: "、13800000501"}, "王丽", false, true},
		{Door{Name: "王丽", Phone: "138 0000 0501"}, "王丽", true, false}, {Door{}, "王丽", false, true},
	} {
		if same, none := c.door.SamePhone(c.name, "13800000501"); same != c.same || none != c.none {
			t.Errorf("%s at %+v: same %v, none %v", c.name, c.door, same, none)
		}
	}
}

// What somebody says of themselves is beside their record, not in its place, until it is in force; forgotten, all of it is.
func TestWhatIsSaidHoldsWhenItIsInForce(t *testing.T) {
	t.Parallel()
	r, _ := onDisk(t, t.TempDir())
	ctx, force := t.Context(), ""
	r.SetForce(func(id.Person) string { return force })
	if err := r.Put(ctx, "p1", Record{Name: "王丽"}); err != nil {
		t.Fatal(err)
	}
	if err := r.PutSaid(ctx, "p1", "n1", Record{Name: "周社工"}); err != nil {
		t.Fatal(err)
	}
	is := func(said, want string) {
		t.Helper()
		if rec, err := r.Said(ctx, "p1", said); rec.Name != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v; want %q", said, rec.Name, err, want)
		}
	}
	is("", "王丽")
	is("n1", "周社工")
	force = "n1"
	is("", "周社工")
	if err := r.DropSaid(ctx, "p1", "n1"); err != nil { // it holds
		t.Fatal(err)
	}
	is("", "周社工")
	if err := r.Forget(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	is("n1", "")
	force = ""
	is("", "")
}
