package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
)

// Into is where a copy is restored.
type Into struct {
	Journal journal.Journal
	Files   Files
	Dry     bool // files are read and judged, and not kept

	Apart string // as Source has it
	// Keeps tells whether an item may come back, by who is known by what was kept apart.
	Keeps func(item journal.Item, apart func(key string) bool) bool
	// Moment is when a frame was written, in ms; false when it does not say. Only for a restore to a moment.
	Moment func(f *journal.Frame) (ms int64, ok bool)
	// Said is told how far it is: bytes of the copy that were read, of so many.
	Said func(done, of int64)
}

// Found is what a restore found.
type Found struct {
	CopyCounts
	Copy    *Copy
	Apart   string   // the part of what is kept apart that was taken
	Wrong   []string // what was missing or not what was written; empty: all is there
	Unsound []string // the files among it
	Last    int64    // ms: the newest frame's moment, where it says one
}

// Pick is the copy to restore from: the newest, one by its name, or for a moment (ms) the first that was made after it. worse are newer ones,
// or with a moment any, that cannot be read.
func (a *Archive) Pick(ctx context.Context, name string, moment int64) (c *Copy, worse int, err error) {
	if name != "" {
		c, err = a.Read(ctx, name)
		return c, 0, err
	}
	if moment == 0 {
		return a.Newest(ctx)
	}
	names, err := a.List(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range slices.Backward(names) {
		one, err := a.Read(ctx, name)
		switch {
		case isDamaged(err):
			worse++
		case err != nil:
			return nil, worse, err
		case one.At >= moment:
			c = one
		}
	}
	if c == nil {
		return nil, worse, fmt.Errorf("%w: the newest is from before that moment", ErrNoCopy)
	}
	return c, worse, nil
}

// Restore gives a copy back into an empty journal, up to a moment in ms (0: all of it): with all that was written before the first frame
// of a later moment. What is damaged is named in Found, and what stands behind it is left out; an error says that nothing more could be done.
func (a *Archive) Restore(ctx context.Context, c *Copy, moment int64, into Into) (*Found, error) {
	r := &restoring{a: a, c: c, into: into, moment: moment, found: &Found{Copy: c}, redacted: map[place]journal.Frame{}, sums: map[string]string{}, lost: map[id.Log]bool{}, apart: map[string]bool{}}
	for _, p := range c.Parts {
		r.of += p.Bytes
		r.sums[p.Name] = p.Sum
	}
	if newest, _, err := a.Newest(ctx); err == nil { // of what is taken from a later one
		for _, p := range newest.Parts {
			r.sums[p.Name] = p.Sum
		}
	}
	for _, step := range []func(context.Context) error{r.gone, r.frames, r.keptApart, r.shelf, r.files} {
		if err := step(ctx); err != nil {
			return r.found, err
		}
	}
	return r.found, r.judge(ctx)
}

type place struct {
	log id.Log
	seq journal.Seq
}

type restoring struct {
	a        *Archive
	c        *Copy
	into     Into
	moment   int64
	found    *Found
	redacted map[place]journal.Frame
	apart    map[string]bool
	sums     map[string]string // of parts, by name
	lost     map[id.Log]bool   // of which a frame did not fit
	done, of int64
	over     bool // the moment has passed
}

// part reads one, and says what is wrong with it; the error is one that ends all.
func (r *restoring) part(ctx context.Context, p Part, fields int, do func(record) error) error {
	in, err := r.a.opened(ctx, p.Name)
	if err == nil {
		if err = records(in, fields, do); err == nil {
			err = in.is(r.sums[p.Name])
		}
		in.Close() //nolint:errcheck // it was only read
	}
	r.done += p.Bytes
	r.say()
	return r.wrong(ctx, p.Name, err)
}

func (r *restoring) say() {
	if r.into.Said != nil {
		r.into.Said(r.done, max(r.of, r.done))
	}
}

// wrong notes damage and lets the rest go on.
func (r *restoring) wrong(ctx context.Context, name string, err error) error {
	var bad *journal.Damaged
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrAbsent):
		r.found.Wrong = append(r.found.Wrong, name+": it is missing")
	case isDamaged(err), errors.As(err, &bad), fault.Is(err, fault.Damaged):
		r.found.Wrong = append(r.found.Wrong, err.Error())
	default:
		return err
	}
	return nil
}

// gone reads what was redacted until the copy, and until the newest one: that holds for the past too.
func (r *restoring) gone(ctx context.Context) error {
	names, err := r.a.names(ctx, goneD)
	if err != nil {
		return err
	}
	for _, name := range slices.Backward(names) {
		before := len(r.found.Wrong)
		if err := r.part(ctx, Part{Name: goneD + "/" + name}, frameFields, func(rec record) error {
			f := rec.frame()
			r.redacted[place{f.Log, f.Seq}] = f
			return nil
		}); err != nil || len(r.found.Wrong) == before {
			return err
		} // an older list has less; that this one cannot be read is said
	}
	return nil
}

// perImport is how many bytes of frames go into the journal at once.
const perImport = 1 << 20

func (r *restoring) frames(ctx context.Context) error {
	for _, p := range r.c.Parts {
		if p.kind() != framesD || r.over {
			continue
		}
		var batch []journal.Frame
		size := 0
		give := func() error {
			err := r.imports(ctx, batch)
			batch, size = batch[:0], 0
			return err
		}
		err := r.part(ctx, p, frameFields, func(rec record) error {
			f := rec.frame()
			if g, ok := r.redacted[place{f.Log, f.Seq}]; ok && g.ID == f.ID {
				f.Body, f.Gone, f.Was = g.Body, true, g.Was
			}
			if r.later(&f) || r.lost[f.Log] {
				return nil
			}
			batch, size = append(batch, f), size+len(f.Body)+64
			if size < perImport {
				return nil
			}
			return give()
		})
		if err == nil {
			err = give()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// imports stores frames. A log of which one does not fit ends there, and the others go on.
func (r *restoring) imports(ctx context.Context, batch []journal.Frame) error {
	for {
		err := r.into.Journal.Import(ctx, batch)
		var bad *journal.Damaged
		if !errors.As(err, &bad) {
			return err
		}
		r.found.Wrong = append(r.found.Wrong, fmt.Sprintf("of %s what stands behind frame %d is missing", bad.Log, bad.Seq-1))
		r.lost[bad.Log] = true
		batch = slices.DeleteFunc(batch, func(f journal.Frame) bool { return f.Log == bad.Log })
	}
}

// later tells whether a frame is behind the moment: one that says a later time, and all that came after it.
func (r *restoring) later(f *journal.Frame) bool {
	if r.into.Moment == nil || r.over {
		return r.over
	}
	at, ok := r.into.Moment(f)
	if ok && r.moment > 0 && at > r.moment {
		r.over = true
		return true
	}
	r.found.Last = max(r.found.Last, at)
	return false
}

// keptApart takes the newest of what is kept apart that can be read.
func (r *restoring) keptApart(ctx context.Context) error {
	names, err := r.a.names(ctx, apartD)
	if err != nil {
		return err
	}
	want := r.newestApart(ctx)
	for _, name := range slices.Backward(names) {
		p, before := Part{Name: apartD + "/" + name}, len(r.found.Wrong)
		clear(r.apart)
		var batch []journal.Item
		give := func() error {
			err := r.into.Journal.Shelf().PutAll(ctx, batch)
			batch = batch[:0]
			return err
		}
		if err := r.part(ctx, p, itemFields, func(rec record) error {
			i := rec.item()
			r.apart[i.Key] = true
			if batch = append(batch, i); len(batch) < 1000 {
				return nil
			}
			return give()
		}); err != nil {
			return err
		}
		if len(r.found.Wrong) > before {
			continue // an older one brings back what was forgotten since; it is said
		}
		r.found.Apart, r.found.CopyCounts.Apart = p.Name, len(r.apart)
		if number(name) < want {
			r.found.Wrong = append(r.found.Wrong, fmt.Sprintf("%s/%08d: it is missing; of what is kept apart there is an older one, which may bring back what was forgotten since", apartD, want))
		}
		return give()
	}
	if want > 0 {
		r.found.Wrong = append(r.found.Wrong, "nothing of what is kept apart can be read: no words and names can be")
	}
	return nil
}

// newestApart is the number of the newest part kept apart that this copy and the newest one name.
func (r *restoring) newestApart(ctx context.Context) int {
	named := func(c *Copy) int {
		p, _ := c.part(apartD)
		return number(strings.TrimPrefix(p.Name, apartD+"/"))
	}
	n := named(r.c)
	if newest, _, err := r.a.Newest(ctx); err == nil {
		n = max(n, named(newest))
	}
	return n
}

func (r *restoring) shelf(ctx context.Context) error {
	p, ok := r.c.part(shelfD)
	if !ok {
		return nil
	}
	var batch []journal.Item
	give := func() error {
		err := r.into.Journal.Shelf().PutAll(ctx, batch)
		batch = batch[:0]
		return err
	}
	err := r.part(ctx, p, itemFields, func(rec record) error {
		i := rec.item()
		r.found.Items++
		if strings.HasPrefix(i.Key, r.into.Apart) {
			return &Damaged{p.Name, "it has what is kept apart"}
		}
		if r.into.Keeps != nil && !r.into.Keeps(i, func(key string) bool { return r.apart[key] }) {
			return nil
		}
		if batch = append(batch, i); len(batch) < 1000 {
			return nil
		}
		return give()
	})
	return errors.Join(err, give())
}

func (r *restoring) files(ctx context.Context) error {
	p, ok := r.c.part(listD)
	if !ok {
		return nil
	}
	type file struct {
		name string
		size int64
	}
	var list []file
	err := r.part(ctx, p, listFields, func(rec record) error {
		list = append(list, file{string(rec[0]), int64(eight(rec[1]))})
		r.of += int64(eight(rec[1]))
		return nil
	})
	for _, f := range list {
		if err != nil {
			return err
		}
		before := len(r.found.Wrong)
		if err = r.wrong(ctx, "file "+f.name, r.file(ctx, f.name)); len(r.found.Wrong) > before {
			r.found.Unsound = append(r.found.Unsound, f.name)
		}
		r.done += f.size
		r.say()
	}
	return err
}

func (r *restoring) file(ctx context.Context, name string) error {
	in, err := r.a.unsealed(ctx, fileName(r.c.Naming, name))
	if err != nil {
		return err
	}
	defer in.Close()
	sum := &counted{r: in, h: sha256.New()}
	if r.into.Dry {
		_, err = io.Copy(&paced{ctx, io.Discard, r.a}, sum)
	} else {
		err = r.into.Files.Put(name, sum)
	}
	if err == nil && !r.into.Files.Sound(name, sum.h.Sum(nil)) {
		err = &Damaged{"file " + name, "it is not what its name says"}
	}
	if err == nil {
		r.found.Files++
	}
	return err
}

// judge compares what is there now with what the copy says.
func (r *restoring) judge(ctx context.Context) error {
	for log, err := range r.into.Journal.Logs(ctx, 0) {
		if err != nil {
			return err
		}
		last, err := r.into.Journal.Head(ctx, log)
		if err != nil {
			return err
		}
		r.found.Logs++
		r.found.Frames += int(last)
	}
	for _, d := range r.c.Damaged {
		if strings.HasPrefix(d, ofFile) {
			continue // the office had it no longer
		}
		r.found.Wrong = append(r.found.Wrong, "the office itself was damaged when it was copied: "+d)
	}
	if r.moment > 0 {
		return nil
	}
	for _, log := range slices.Sorted(maps.Keys(r.c.Heads)) {
		want := r.c.Heads[log]
		last, link, err := HeadOf(ctx, r.into.Journal, log, 0)
		if err != nil {
			return err
		}
		if last != want.Seq || link != want.Hash {
			r.found.Wrong = append(r.found.Wrong, fmt.Sprintf("%s ends at frame %d, and the copy at %d", log, last, want.Seq))
		}
	}
	return nil
}

// HeadOf is a log's last frame, or the one at a place, and its hash as Head has it.
func HeadOf(ctx context.Context, j journal.Journal, log id.Log, at journal.Seq) (journal.Seq, string, error) {
	if at == 0 {
		var err error
		if at, err = j.Head(ctx, log); err != nil || at == 0 {
			return 0, "", err
		}
	}
	for f, err := range j.Read(ctx, log, at-1, 1) {
		if err != nil {
			return 0, "", err
		}
		link := f.Link()
		return f.Seq, hex.EncodeToString(link[:]), nil
	}
	return 0, "", nil
}
