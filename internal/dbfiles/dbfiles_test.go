package dbfiles

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

func settings(dir string) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(nil).WithNumVersionsToKeep(1).WithDetectConflicts(false).
		WithMemTableSize(16 << 20).WithValueThreshold(1 << 20).WithValueLogFileSize(16 << 20).WithSyncWrites(false).
		WithCompression(options.Snappy)
}

const keys = 4000

func key(n int) []byte { return fmt.Appendf(nil, "k/%05d", n) }

// filled is a database of keys with values of 100 bytes.
func filled(t *testing.T, dir string) *badger.DB {
	t.Helper()
	db, err := badger.Open(settings(dir))
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for n := range keys / 4 {
		err := db.Update(func(txn *badger.Txn) error {
			for i := range 4 {
				v := make([]byte, 96)
				binary.LittleEndian.PutUint64(v, chance.Uint64())
				for at := 8; at < len(v); at += 8 {
					binary.LittleEndian.PutUint64(v[at:], chance.Uint64())
				}
				if err := txn.Set(key(4*n+i), v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func tableOf(t *testing.T, dir string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(list) != 1 {
		t.Fatalf("tables: %v, %v", list, err)
	}
	return list[0]
}

func look(t *testing.T, dir string) []Rot {
	t.Helper()
	rot, err := Look(dir)
	if err != nil {
		t.Fatal("look:", err)
	}
	return rot
}

func TestABitFlippedAnywhereInATableIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := filled(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	if rot := look(t, dir); rot != nil {
		t.Fatal("a sound one:", rot)
	}
	path := tableOf(t, dir)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		b := append([]byte(nil), sound...)
		at, bit := chance.IntN(len(b)), byte(1)<<chance.IntN(8)
		b[at] ^= bit
		if t := read(path, b, options.Snappy); len(t.rot) != 1 {
			// A packed block may be packed in two ways: then nothing that is read has changed.
			same := len(t.rot) == 0
			was := read(path, sound, options.Snappy)
			for i := range was.blocks {
				same = same && i < len(t.blocks) && string(was.blocks[i]) == string(t.blocks[i])
			}
			if !same {
				panic(fmt.Sprintf("byte %d, bit %x: %v", at, bit, t.rot))
			}
		}
	}
}

func TestATableThatWasPutAsideLeavesWhatIsSoundAndNamesWhatIsLost(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	if err := filled(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	size, err := os.Stat(tableOf(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 9 { // the last part of the table is its index
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		path := tableOf(t, dir)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[int(size.Size())*n/10] ^= 64
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		rot := look(t, dir)
		if len(rot) != 1 || rot[0].Lost == nil {
			t.Fatalf("part %d: %v", n, rot)
		}
		if err := SetAside(dir, rot); err != nil {
			t.Fatal("set aside:", err)
		}
		if again := look(t, dir); again != nil {
			t.Fatal("still damaged:", again)
		}
		lost, err := Losses(dir)
		if err != nil || len(lost) != 1 {
			t.Fatalf("lost: %v, %v", lost, err)
		}
		if kept, err := os.ReadFile(lost[0].File); err != nil || string(kept) != string(b) {
			t.Error("the damaged table was not kept:", err)
		}
		db, err := badger.Open(settings(dir))
		if err != nil {
			t.Fatal("open:", err)
		}
		gone := 0
		if err := db.View(func(txn *badger.Txn) error {
			for k := range keys {
				_, err := txn.Get(key(k))
				// The first of the next block may have had newer versions in the lost one.
				if covered := lost[0].Covers(key(k)); err != nil && !covered || err == nil && covered && string(key(k)) != string(lost[0].To) {
					t.Fatalf("part %d, key %d: covered %v, %v", n, k, covered, err)
				} else if err != nil {
					gone++
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if gone == 0 || gone > 100 {
			t.Errorf("%d keys are gone", gone)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed is a copy of a database's folder as a kill leaves it: everything is in the write-ahead file.
func killed(t *testing.T) string {
	t.Helper()
	db, dir := filled(t, t.TempDir()), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(db.Opts().Dir)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestABitFlippedInAWriteAheadFileIsNoTornEnd(t *testing.T) {
	t.Parallel()
	list, _ := filepath.Glob(filepath.Join(killed(t), "*.mem"))
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	end, ok := written(b)
	if !ok || end < keys*100 {
		t.Fatalf("sound: %d, %v", end, ok)
	}
	const last = 700 // bytes of the last transaction, and some
	chance := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		at, bit := 20+chance.IntN(end-20-last), byte(1)<<chance.IntN(8)
		b[at] ^= bit
		if _, ok := written(b); ok {
			t.Errorf("byte %d, bit %x was taken for a torn end", at, bit)
		}
		b[at] ^= bit
	}
	for cut := end - 300; cut < end; cut += 7 { // as a power cut leaves it
		torn := append([]byte(nil), b...)
		clear(torn[cut:])
		if _, ok := written(torn); !ok {
			t.Errorf("torn at %d: taken for damage", cut)
		}
	}
}

func TestADamagedListOfTablesIsFoundBeforeTablesAreDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := filled(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, badger.ManifestFilename)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range sound {
		b := append([]byte(nil), sound...)
		b[at] ^= 2
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if rot := look(t, dir); len(rot) != 1 {
			t.Errorf("byte %d: %v", at, rot)
		}
	}
	if err := os.WriteFile(path, sound[:len(sound)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	if rot := look(t, dir); len(rot) != 1 {
		t.Error("broken off:", rot)
	}
}

func TestHalfMadeFilesOfAKilledStartAreAsGoodAsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := filled(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"00090.mem": 0, "00091.mem": 7, "000090.vlog": 0, "000091.vlog": 19} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Tidy(dir); err != nil {
		t.Fatal(err)
	}
	db, err := badger.Open(settings(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
