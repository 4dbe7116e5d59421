package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// Copy makes a copy and returns it. The target has all of it when it returns without an error, and none of it that counts otherwise.
//   - whole begins a new generation; else one begins when the last is Whole old, or when anything about it is in doubt
//   - known tells that this machine has written to the target before: then an empty one is refused (ErrEmptied)
func (a *Archive) Copy(ctx context.Context, src Source, whole, known bool) (*Copy, error) {
	began := a.o.Now()
	if err := a.expected(ctx, known); err != nil {
		return nil, err
	}
	if err := a.claim(ctx); err != nil {
		return nil, err
	}
	before, n, err := a.basis(ctx)
	if err != nil {
		return nil, err
	}
	now := a.o.Now()
	name := fmt.Sprintf("%08d-%s", n, now.UTC().Format(stamp))
	if before != nil && before.Safe != a.o.Safe { // nothing that is there can be opened with the new key
		before, a.have = nil, map[string]bool{}
	}
	if before != nil && (whole || a.o.Whole > 0 && a.old(before, now)) {
		before = fresh(before)
	}
	c := &Copy{V: format, Name: name, Program: src.Program, Safe: a.o.Safe, At: now.UnixMilli(), Generation: name, Heads: map[id.Log]Head{}}
	if before != nil {
		c.Naming = before.Naming
	} else {
		c.Naming = random(32)
	}
	w := &writing{a: a, src: src, c: c, n: n}
	if before != nil && before.Generation != "" {
		c.Generation, c.Cursor, c.Heads = before.Generation, before.Cursor, maps.Clone(before.Heads)
		c.Frames = before.Frames
		for _, d := range before.Damaged { // it lacks the log still
			if !strings.HasPrefix(d, ofFile) {
				c.Damaged = append(c.Damaged, d)
			}
		}
		for _, p := range before.Parts {
			if p.kind() == framesD {
				c.Parts = append(c.Parts, p)
			}
		}
	}
	err = w.all(ctx, before)
	if errors.Is(err, journal.ErrEpoch) && c.Generation != name { // the office was restored meanwhile, or opened anew
		c.Generation, c.Cursor, c.Heads, c.Parts, c.CopyCounts = name, nil, map[id.Log]Head{}, nil, CopyCounts{}
		err = w.all(ctx, before)
	}
	if err != nil {
		return nil, err
	}
	c.Took = a.o.Now().Sub(began).Milliseconds()
	if err := w.seal(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// ErrEmptied says that a target that had copies has none.
var ErrEmptied = errors.New("archive: the target had copies and is empty now; is the right disk mounted there?")

func (a *Archive) expected(ctx context.Context, known bool) error {
	if !known {
		return nil
	}
	r, err := a.target.Get(ctx, "archive.json")
	if errors.Is(err, ErrAbsent) {
		return ErrEmptied
	}
	if err != nil {
		return err
	}
	return r.Close()
}

// basis is the copy that the next one adds to, and the next one's number: behind all that lie there, sound or not, with their parts.
func (a *Archive) basis(ctx context.Context) (before *Copy, n int, err error) {
	for _, kind := range []string{copies, framesD, shelfD, apartD, goneD, listD} {
		names, err := a.names(ctx, kind)
		if err != nil {
			return nil, 0, err
		}
		if len(names) > 0 {
			n = max(n, number(names[len(names)-1]))
		}
	}
	before, worse, err := a.Newest(ctx)
	switch {
	case errors.Is(err, ErrNoCopy):
		return nil, n + 1, nil
	case isDamaged(err):
		a.o.Log.Error("no copy in the archive can be read; a new generation begins", "target", a.target.String())
		return nil, n + 1, nil
	case err != nil:
		return nil, 0, err
	case worse > 0:
		a.o.Log.Error("the newest copies in the archive are damaged; a new generation begins", "target", a.target.String(), "copies", worse)
		before = fresh(before)
	}
	if before.V != format {
		before = fresh(before)
	}
	return before, n + 1, nil
}

// fresh is a copy of which a new generation takes no more than the names of files.
func fresh(c *Copy) *Copy {
	return &Copy{Name: c.Name, Naming: c.Naming, Parts: c.Parts, Safe: c.Safe}
}

// old tells whether a copy's generation has lasted long enough.
func (a *Archive) old(c *Copy, now time.Time) bool {
	began, ok := madeAt(c.Generation)
	return !ok || now.Sub(began) >= a.o.Whole || now.Before(began)
}

// writing is a copy in the making.
type writing struct {
	a   *Archive
	src Source
	c   *Copy
	n   int

	frames []journal.Frame
	bytes  int
	piece  int
}

func (w *writing) all(ctx context.Context, before *Copy) error {
	shelf, apart, gone, to, err := w.snapshot(ctx)
	if err != nil {
		return err
	}
	if err := w.follow(ctx, to); err != nil {
		return err
	}
	for _, p := range []struct {
		kind string
		pack *pack
		n    *int
	}{{shelfD, shelf, &w.c.Items}, {apartD, apart, &w.c.Apart}, {goneD, gone, &w.c.Gone}} {
		if *p.n = p.pack.n; p.pack.n == 0 && p.kind == goneD {
			continue
		}
		if err := w.packed(ctx, p.kind, p.pack, before); err != nil {
			return err
		}
	}
	w.c.Logs = len(w.c.Heads)
	return w.files(ctx, before)
}

// snapshot takes what lies on the shelf and what was redacted, and the place up to which frames belong to the same moment.
func (w *writing) snapshot(ctx context.Context) (shelf, apart, gone *pack, to journal.Cursor, err error) {
	for _, p := range []**pack{&shelf, &apart, &gone} {
		if *p, err = newPack(); err != nil {
			return nil, nil, nil, nil, err
		}
	}
	w.c.At = w.a.o.Now().UnixMilli()
	to, err = w.src.Journal.Snapshot(ctx, 0, func(i journal.Item) error {
		if strings.HasPrefix(i.Key, w.src.Apart) {
			return apart.add(ofItem(&i))
		}
		return shelf.add(ofItem(&i))
	}, func(f journal.Frame) error { return gone.add(ofFrame(&f)) })
	for _, p := range []*pack{shelf, apart, gone} {
		err = errors.Join(err, p.z.Close())
	}
	return shelf, apart, gone, to, err
}

// follow copies the frames behind the copy before, up to a place.
func (w *writing) follow(ctx context.Context, to journal.Cursor) error {
	if bytes.Equal(w.c.Cursor, to) {
		return nil
	}
	for step, err := range w.src.Journal.Follow(ctx, 0, w.c.Cursor) {
		var d *journal.Damaged
		switch {
		case errors.As(err, &d) && d.Log != "":
			if said := err.Error(); !slices.Contains(w.c.Damaged, said) {
				w.c.Damaged = append(w.c.Damaged, said) // the others go on
			}
			continue
		case err != nil:
			return err
		case step.Frame.Log == "": // caught up: with damage the place itself may not come
			w.c.Cursor = step.Cursor
			return w.flush(ctx)
		}
		f := step.Frame
		w.frames, w.bytes = append(w.frames, f), w.bytes+len(f.Body)+len(f.Log)+64
		link := f.Link()
		w.c.Heads[f.Log] = Head{f.Seq, hex.EncodeToString(link[:])}
		w.c.Frames++
		w.c.Cursor = step.Cursor
		last := bytes.Equal(step.Cursor, to)
		if last || w.bytes >= perPart {
			if err := w.flush(ctx); err != nil || last {
				return err
			}
		}
	}
	return ctx.Err()
}

func (w *writing) flush(ctx context.Context) error {
	if len(w.frames) == 0 {
		return nil
	}
	w.piece++
	p, err := w.a.put(ctx, fmt.Sprintf("%s/%08d-%06d", framesD, w.n, w.piece), func(to io.Writer) error {
		for i := range w.frames {
			if err := ofFrame(&w.frames[i]).write(to); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.frames, w.bytes = w.frames[:0], 0
	w.keep(p)
	return nil
}

func (w *writing) keep(p Part) {
	w.c.Parts = append(w.c.Parts, p)
	w.c.New += p.Bytes
}

// packed puts a pack, unless the copy before has the very same.
func (w *writing) packed(ctx context.Context, kind string, p *pack, before *Copy) error {
	if before != nil && w.c.Generation != w.c.Name {
		for _, had := range before.Parts {
			if had.kind() == kind && had.Clear == p.digest() {
				w.c.Parts = append(w.c.Parts, had)
				return nil
			}
		}
	}
	part, err := w.a.putAs(ctx, fmt.Sprintf("%s/%08d", kind, w.n), false, p.into)
	if err != nil {
		return err
	}
	part.Clear = p.digest()
	w.keep(part)
	return nil
}

// files copies what the target does not have, and writes the list.
func (w *writing) files(ctx context.Context, before *Copy) error {
	if err := w.a.know(ctx); err != nil {
		return err
	}
	list, err := newPack()
	if err != nil {
		return err
	}
	err = w.src.Files.Each(ctx, func(name string, size int64) error {
		there := fileName(w.c.Naming, name)
		if !w.a.have[there] {
			switch n, err := w.file(ctx, name, there); {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case errors.Is(err, errUnsound):
				w.c.Damaged = append(w.c.Damaged, ofFile+name)
				return nil
			case err != nil:
				return err
			default:
				w.c.New += n
				w.a.have[there] = true
			}
		}
		w.c.Files++
		return list.add(record{[]byte(name), number8(uint64(size))})
	})
	if err = errors.Join(err, list.z.Close()); err != nil {
		return err
	}
	return w.packed(ctx, listD, list, before)
}

// ofFile stands before a file among what could not be copied; the rest are logs.
const ofFile = "file "

var errUnsound = errors.New("archive: a file is not what it was")

func (w *writing) file(ctx context.Context, name, there string) (int64, error) {
	in, err := w.src.Files.Open(name)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	p, err := w.a.putAs(ctx, there, false, func(to io.Writer) error {
		sum := &counted{r: in, h: sha256.New()}
		if _, err := io.Copy(to, sum); err != nil {
			return err
		}
		if !w.src.Files.Sound(name, sum.h.Sum(nil)) {
			return errUnsound
		}
		return nil
	})
	return p.Bytes, err
}

// drop has the next copy bring a damaged file anew, where the office has it still; until it has come whole, what is there stays.
func (a *Archive) drop(c *Copy, name string) { delete(a.have, fileName(c.Naming, name)) }

// know lists the files that lie in the target, once.
func (a *Archive) know(ctx context.Context) error {
	if a.have != nil {
		return nil
	}
	have := map[string]bool{}
	for thing, err := range a.target.List(ctx, filesD+"/") {
		if err != nil {
			return err
		}
		have[thing.Name] = true
	}
	a.have = have
	return nil
}

// seal writes the manifest: from now on the copy counts.
func (w *writing) seal(ctx context.Context) error {
	_, err := w.a.put(ctx, copies+"/"+w.c.Name, w.c.write)
	return err
}
