// Package dbfiles knows the files of a Badger database from outside: whether their bytes are those that were written, and what space
// the database needs.
//
// Badger takes a block that it cannot read for an empty one, and some of its goroutines end the whole program over it. So the files are
// looked at before it opens them (Look). A table with damaged blocks is put aside and replaced by one of the blocks that are sound
// (SetAside), and which keys the lost ones held is written down: what is not found there, or is no newer than what was lost, is unreadable,
// not absent (Losses).
package dbfiles

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/proto"
)

// Rot is a part of a file whose bytes are not what was written.
type Rot struct {
	File string // its path
	At   int64  // the byte where the part begins
	What string // what is wrong with it
	Lost *Lost  // which keys a damaged block held; nil for damage that no database can be opened with
}

func (r *Rot) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", r.File, r.At, r.What)
}

// Lost is a range of keys that lay in a damaged block: from From on, up to To, of which newer versions may have been at its end (empty: to the
// end).
type Lost struct {
	File    string `json:"file"` // where the damaged table lies now
	At      int64  `json:"at"`   // byte
	From    []byte `json:"from"`
	To      []byte `json:"to,omitempty"`
	Version uint64 `json:"version"` // of the newest thing that can have been lost
}

// Look reads all files of a database that nobody has open, and lists what is not as it was written. A folder without a database is sound.
func Look(dir string) ([]Rot, error) {
	tables, rot, err := manifest(dir)
	if err != nil || rot != nil {
		return rot, err
	}
	for _, id := range slices.Sorted(keysOf(tables)) {
		path := table.NewFilename(id, dir)
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			rot = append(rot, Rot{File: path, What: "the file is missing"})
			continue
		}
		if err != nil {
			return rot, fmt.Errorf("dbfiles: %w", err)
		}
		t := read(path, b, tables[id].Compression)
		rot = append(rot, t.rot...)
	}
	ahead, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return rot, fmt.Errorf("dbfiles: %w", err)
	}
	for _, path := range ahead {
		b, err := os.ReadFile(path)
		if err != nil {
			return rot, fmt.Errorf("dbfiles: %w", err)
		}
		if at, ok := written(b); !ok {
			rot = append(rot, Rot{File: path, At: int64(at), What: "an entry does not fit its sum, and later ones stand behind it"})
		}
	}
	return rot, nil
}

func keysOf[V any](m map[uint64]V) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// manifest reads which tables there are. A torn end of it is what a power cut leaves, unless tables stand there that it does not name:
// those Badger would delete.
func manifest(dir string) (map[uint64]badger.TableManifest, []Rot, error) {
	path := filepath.Join(dir, badger.ManifestFilename)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if there, _ := filepath.Glob(filepath.Join(dir, "*.sst")); len(there) > 0 {
			return nil, []Rot{{File: path, What: "the file is missing"}}, nil
		}
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("dbfiles: %w", err)
	}
	defer f.Close()
	m, end, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return nil, []Rot{{File: path, What: err.Error()}}, nil //nolint:nilerr // it is what was found
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("dbfiles: %w", err)
	}
	if end != info.Size() {
		there, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
		for _, name := range there {
			id, ok := table.ParseFileID(filepath.Base(name))
			if _, named := m.Tables[id]; ok && !named {
				return nil, []Rot{{File: path, At: end, What: "it breaks off, and " + filepath.Base(name) + " stands in the folder that it does not name"}}, nil
			}
		}
	}
	return m.Tables, nil, nil
}

// looked is a table as it was read: its sound blocks, and what is not sound.
type looked struct {
	rot     []Rot
	blocks  [][]byte // entries of the sound ones
	offsets [][]uint32
	version uint64
}

// read looks at a table. Any bytes may come: it never panics.
func read(path string, b []byte, c options.CompressionType) (t looked) {
	bad := func(at int, what string) looked {
		t.rot = append(t.rot, Rot{File: path, At: int64(at), What: what})
		return t
	}
	defer func() {
		if cause := recover(); cause != nil {
			t = looked{rot: []Rot{{File: path, What: fmt.Sprint("the index cannot be read: ", cause)}}}
		}
	}()
	end := len(b) - 4
	sumAt := end - number(b, end)
	indexEnd := sumAt - 4
	if end < 0 || sumAt > end || indexEnd < 0 {
		return bad(max(end, 0), "the end of the table cannot be read")
	}
	start := indexEnd - number(b, indexEnd)
	if start < 0 || start > indexEnd {
		return bad(indexEnd, "the end of the table cannot be read")
	}
	if err := fits(b[start:indexEnd], b[sumAt:end]); err != nil {
		return bad(start, "the index does not fit its sum")
	}
	index := fb.GetRootAsTableIndex(b[start:indexEnd], 0)
	t.version = index.MaxVersion()
	var at, next fb.BlockOffset
	for i := range index.OffsetsLength() {
		index.Offsets(&at, i)
		from, size := int(at.Offset()), int(at.Len())
		entries, offsets, err := block(b[from:from+size], c)
		if err == nil {
			t.blocks, t.offsets = append(t.blocks, entries), append(t.offsets, offsets)
			continue
		}
		lost := &Lost{File: path, At: int64(from), From: y.Copy(y.ParseKey(at.KeyBytes())), Version: t.version}
		if i+1 < index.OffsetsLength() {
			index.Offsets(&next, i+1)
			lost.To = y.Copy(y.ParseKey(next.KeyBytes()))
		}
		t.rot = append(t.rot, Rot{File: path, At: int64(from), What: "a block " + err.Error(), Lost: lost})
	}
	return t
}

// number is the big-endian number of 4 bytes; more than any file has when there is none.
func number(b []byte, at int) int {
	if at < 0 || at+4 > len(b) {
		return 1 << 40
	}
	return int(binary.BigEndian.Uint32(b[at:]))
}

func fits(data, sum []byte) error {
	want := &pb.Checksum{}
	if err := proto.Unmarshal(sum, want); err != nil {
		return errors.New("has no sum")
	}
	if want.Algo != pb.Checksum_CRC32C && want.Algo != pb.Checksum_XXHash64 || y.VerifyChecksum(data, want) != nil {
		return errors.New("does not fit its sum")
	}
	return nil
}

// block unpacks a block: its entries, and where each begins.
func block(b []byte, c options.CompressionType) (entries []byte, offsets []uint32, err error) {
	switch c {
	case options.None:
	case options.Snappy:
		if b, err = s2.Decode(nil, b); err != nil {
			return nil, nil, errors.New("cannot be unpacked")
		}
	default:
		return nil, nil, errors.New("is packed in a way that is not ours")
	}
	end := len(b) - 4
	sumAt := end - number(b, end)
	if end < 0 || sumAt < 4 || sumAt > end {
		return nil, nil, errors.New("has no sum")
	}
	if err := fits(b[:sumAt], b[sumAt:end]); err != nil {
		return nil, nil, err
	}
	n := number(b, sumAt-4)
	first := sumAt - 4 - 4*n
	if first < 0 {
		return nil, nil, errors.New("has no entries")
	}
	for i := range n {
		offsets = append(offsets, binary.LittleEndian.Uint32(b[first+4*i:]))
	}
	return b[:first], offsets, nil
}

// each calls f with the entries of a block, keys with their version.
func each(entries []byte, offsets []uint32, f func(key []byte, v y.ValueStruct)) {
	const head = 4 // how much of the block's first key a key begins with, and the length of the rest
	var base []byte
	for i, from := range offsets {
		to := len(entries)
		if i+1 < len(offsets) {
			to = int(offsets[i+1])
		}
		e := entries[from:to]
		overlap, rest := int(binary.LittleEndian.Uint16(e)), int(binary.LittleEndian.Uint16(e[2:]))
		if i == 0 {
			base = e[head : head+rest]
		}
		key := append(slices.Clone(base[:overlap]), e[head:head+rest]...)
		var v y.ValueStruct
		v.Decode(e[head+rest:])
		f(key, v)
	}
}

// written is how far a write-ahead file was written; not ok when an entry there does not fit its sum although a later transaction stands
// behind it. What is torn at the very end was never acknowledged.
func written(b []byte) (end int, ok bool) {
	const head = 20
	if len(b) < head {
		return 0, true
	}
	if binary.BigEndian.Uint64(b) != 0 { // the key that it would be encrypted with
		return 0, false
	}
	at, txn := head, uint64(0)
	end = at
	for {
		e, n := entryAt(b, at)
		if n == 0 || txn != 0 && e.version != txn {
			break
		}
		if at += n; e.last {
			txn, end = 0, at
		} else if e.part {
			txn = e.version
		} else {
			end = at
		}
	}
	tail := bytes.TrimRight(b[end:], "\x00")
	for i := 0; i < len(tail); {
		e, n := entryAt(b, end+i)
		if n == 0 || e.version == 0 {
			i++
			continue
		}
		if txn == 0 {
			txn = e.version
		}
		if e.version != txn {
			return end, false
		}
		i += n
	}
	return end, true
}

// ahead is an entry of a write-ahead file.
type ahead struct {
	version    uint64
	part, last bool // of a transaction; the end of one
}

// entryAt reads an entry, with its length in bytes; 0 when there is none, or one that does not fit its sum.
func entryAt(b []byte, at int) (e ahead, n int) {
	const inTxn, endTxn, most = 1 << 6, 1 << 7, 22
	if at+2 > len(b) {
		return e, 0
	}
	i := at + 2
	var sizes [3]uint64
	for k := range sizes {
		v, used := binary.Uvarint(b[min(i, len(b)):min(i+10, len(b))])
		if used <= 0 {
			return e, 0
		}
		sizes[k], i = v, i+used
	}
	if sizes[0] == 0 || sizes[0] > 1<<16 || sizes[1] > 1<<24 || i-at > most {
		return e, 0
	}
	keyEnd := i + int(sizes[0])
	end := keyEnd + int(sizes[1])
	if end+4 > len(b) || crc32.Checksum(b[at:end], y.CastagnoliCrcTable) != binary.BigEndian.Uint32(b[end:]) {
		return e, 0
	}
	e.part, e.last = b[at]&inTxn != 0, b[at]&endTxn != 0
	switch {
	case e.last:
		e.version, _ = strconv.ParseUint(string(b[keyEnd:end]), 10, 64)
	case sizes[0] > 8:
		e.version = y.ParseTs(b[i:keyEnd])
	}
	return e, end + 4 - at
}

// Tidy takes away what a start that was killed left half made: write-ahead files and value logs without even a head. Badger would not open them.
func Tidy(dir string) error {
	for _, kind := range []string{"*.mem", "*.vlog"} {
		list, _ := filepath.Glob(filepath.Join(dir, kind))
		for _, path := range list {
			if info, err := os.Stat(path); err != nil || info.Size() >= 20 {
				continue
			}
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("dbfiles: %w", err)
			}
		}
	}
	return nil
}

const (
	aside  = "damaged"   // the folder for tables that were put aside
	losses = "lost.json" // in it: what they held
)

// SetAside puts every damaged table into the folder damaged, writes one of its sound blocks in its place, and notes what was lost. The
// database must not be open, and each rot one that has Lost.
func SetAside(dir string, rot []Rot) error {
	if err := os.MkdirAll(filepath.Join(dir, aside), 0o700); err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	tables, _, err := manifest(dir)
	if err != nil {
		return err
	}
	lost, err := Losses(dir)
	if err != nil {
		return err
	}
	sound := map[string][]byte{} // what takes the place of each file
	for i := range rot {
		r := &rot[i]
		kept := filepath.Join(dir, aside, filepath.Base(r.File))
		if sound[r.File] == nil {
			b, err := os.ReadFile(r.File)
			if err != nil {
				return fmt.Errorf("dbfiles: %w", err)
			}
			id, _ := table.ParseFileID(filepath.Base(r.File))
			t := read(r.File, b, tables[id].Compression)
			sound[r.File] = t.rebuilt(r.Lost.From, tables[id].Compression)
			if err := os.Link(r.File, kept); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("dbfiles: %w", err)
			}
		}
		l := *r.Lost
		l.File = kept
		lost = append(lost, l)
	}
	// What was lost is noted before anything looks sound again.
	text, err := json.MarshalIndent(lost, "", " ")
	if err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	if err := replace(filepath.Join(dir, aside, losses), text); err != nil {
		return err
	}
	for path, b := range sound {
		if err := replace(path, b); err != nil {
			return err
		}
	}
	return nil
}

// rebuilt is a table of the sound blocks. One without any has a mark of deletion where the first was.
func (t *looked) rebuilt(first []byte, c options.CompressionType) []byte {
	o := badger.DefaultOptions("")
	b := table.NewTableBuilder(table.Options{
		TableSize: 64 << 20, BlockSize: o.BlockSize, BloomFalsePositive: o.BloomFalsePositive, Compression: c,
	})
	defer b.Close()
	for i := range t.blocks {
		each(t.blocks[i], t.offsets[i], func(key []byte, v y.ValueStruct) { b.Add(key, v, 0) })
	}
	if b.Empty() {
		const deleted = 1
		b.Add(y.KeyWithTs(first, t.version), y.ValueStruct{Meta: deleted}, 0)
	}
	return b.Finish()
}

// replace writes a file that is either the old one or the new one, on disk before it returns.
func replace(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	d, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return fmt.Errorf("dbfiles: %w", err)
	}
	return nil
}

// Losses lists what was lost with tables that were put aside, ever.
func Losses(dir string) (list []Lost, err error) {
	b, err := os.ReadFile(filepath.Join(dir, aside, losses))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("dbfiles: what was lost: %w", err)
	}
	return list, nil
}

// Covers tells whether a key lay in the damaged block, or would have.
func (l *Lost) Covers(key []byte) bool {
	return bytes.Compare(l.From, key) <= 0 && (len(l.To) == 0 || bytes.Compare(key, l.To) <= 0)
}

// Between tells whether keys of [from, to] can have been lost.
func (l *Lost) Between(from, to []byte) bool {
	return bytes.Compare(l.From, to) <= 0 && (len(l.To) == 0 || bytes.Compare(from, l.To) <= 0)
}
