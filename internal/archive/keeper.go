package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"linli/internal/fault"
	"linli/internal/journal"
)

// KeeperOptions are what copies are made of, when, and where to.
type KeeperOptions struct {
	Dir      string // for the keeper's own: state, lock, scratch
	Targets  []Target
	Archive  Options
	Source   Source
	Keep     Keep
	Every    time.Duration                                           // between copies
	VerifyAt int                                                     // the hour of the day, in Keep.Zone, from when on a copy is tried
	Scratch  func(dir string) (journal.Journal, func() error, error) // an empty journal to try a copy in, and how it is given up
	Free     func(dir string) (int64, error)
	Now      func() time.Time
	Log      *slog.Logger
}

// CopyPlace is what became of one target. It is what pages and doctors read.
type CopyPlace struct {
	Target   string       `json:"target"`
	Known    bool         `json:"known"` // it had copies once
	Copies   []CopyMade   `json:"copies"`
	Last     *CopyEnded   `json:"last,omitempty"`     // the last try to make a copy
	Verified *CopyVerdict `json:"verified,omitempty"` // the last try to restore one
	Swept    int64        `json:"swept,omitempty"`    // ms: when files that no copy has were taken away
}

// CopyMade is a copy that lies in a target.
type CopyMade struct {
	Name    string `json:"name"`
	At      int64  `json:"at"` // ms
	Whole   bool   `json:"whole"`
	New     int64  `json:"new"`   // bytes written for it
	Bytes   int64  `json:"bytes"` // of all of its parts but the files
	Took    int64  `json:"took"`  // ms
	Damaged int    `json:"damaged,omitempty"`
	CopyCounts
}

// CopyEnded is how a try ended, at ms. Why is empty when it was well: full, missing (the folder), emptied, foreign, damaged (the office itself: what is sound of it was copied), or other; Error says more,
// for who keeps the machine.
type CopyEnded struct {
	At    int64  `json:"at"`
	Why   string `json:"why,omitempty"`
	Error string `json:"error,omitempty"`
}

func why(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "full"
	case errors.Is(err, ErrEmptied):
		return "emptied"
	case errors.Is(err, ErrForeign):
		return "foreign"
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	}
	return "other"
}

// CopyVerdict is what a try to restore found.
type CopyVerdict struct {
	At    int64      `json:"at"`   // ms
	Took  int64      `json:"took"` // ms
	Copy  string     `json:"copy"`
	Was   CopyCounts `json:"was"`   // as the copy says, and the office agrees
	Is    CopyCounts `json:"is"`    // as it was restored
	Wrong []string   `json:"wrong"` // empty: it is the same
}

// CopyWork is what is being done now.
type CopyWork struct {
	What   string `json:"what"` // copy, verify
	Target string `json:"target"`
	Since  int64  `json:"since"` // ms
	Done   int64  `json:"done"`  // bytes, of a verification
	Of     int64  `json:"of"`
}

// CopyReport is all that there is to say.
type CopyReport struct {
	Places []CopyPlace `json:"places"`
	Work   *CopyWork   `json:"work,omitempty"`
	Every  int64       `json:"every"` // ms
	Next   int64       `json:"next"`  // ms
	Days   int         `json:"days"`
	Months int         `json:"months"`
}

// Keeper makes copies on a schedule and tries one each day. It is safe for concurrent use.
type Keeper struct {
	o        KeeperOptions
	archives []*Archive
	busy     sync.Mutex  // held by who works
	asks     chan string // what a page wants, at most one

	mu     sync.Mutex
	places []CopyPlace
	work   *CopyWork
	asked  *CopyWork // what a page wants, until it is begun
	next   time.Time
}

// ErrBusy says that a copy is being made or tried, here or by another process.
var ErrBusy = error(fault.New(fault.Busy, "a copy is being made or tried already"))

// NewKeeper opens the targets. Nothing is done before Run or a call.
func NewKeeper(o KeeperOptions) (*Keeper, error) {
	k := &Keeper{o: o, asks: make(chan string, 1)}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	had, err := ReadPlaces(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, t := range o.Targets {
		a, err := Open(t, o.Archive)
		if err != nil {
			return nil, err
		}
		k.archives = append(k.archives, a)
		p := CopyPlace{Target: t.String()}
		for _, h := range had {
			if h.Target == p.Target {
				p = h
			}
		}
		k.places = append(k.places, p)
	}
	k.next = k.due()
	return k, nil
}

// ReadPlaces is what a keeper wrote down in its folder; nothing when there was none.
func ReadPlaces(dir string) (places []CopyPlace, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		if json.Unmarshal(b, &places) != nil {
			return nil, nil // it is made anew: the targets know themselves
		}
	}
	return places, err
}

// due is when the next copy is to be made: Every after the oldest of the last ones, at once for who has none.
func (k *Keeper) due() time.Time {
	next := time.Time{}
	for i := range k.places {
		at := time.Time{}
		if l := k.places[i].Last; l != nil {
			at = time.UnixMilli(l.At).Add(k.o.Every)
		}
		if i == 0 || at.Before(next) {
			next = at
		}
	}
	if now := k.o.Now(); next.Sub(now) > k.o.Every { // the clock was set back
		next = now
	}
	return next
}

// Run makes copies when they are due, and tries the newest once a day, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	for {
		k.mu.Lock()
		wait := k.next.Sub(k.o.Now())
		k.mu.Unlock()
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case what := <-k.asks:
			timer.Stop()
			do := k.Verify
			if what == "copy" {
				do = func(ctx context.Context) error { return k.Copy(ctx, false) }
			}
			if err := do(ctx); err != nil && ctx.Err() == nil {
				k.o.Log.Error("copies: what a page wanted failed", "what", what, "err", err)
			}
			k.note(func() {
				if k.work == k.asked { // it did not come to it
					k.work = nil
				}
				k.asked = nil
			})
			continue
		case <-timer.C:
		}
		err := k.Copy(ctx, false)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) {
			k.o.Log.Error("no copy was made", "err", err)
		}
		k.note(func() { // whatever came of it, nothing is tried again at once
			if soon := k.o.Now().Add(time.Minute); k.next.Before(soon) {
				k.next = soon
			}
		})
		if ctx.Err() == nil && k.untried() {
			if err := k.Verify(ctx); err != nil && ctx.Err() == nil {
				k.o.Log.Error("the copy could not be tried", "err", err)
			}
		}
	}
}

// Ask has Run make a copy ("copy") or try one ("verify") as soon as it can; ErrBusy while it is at something.
func (k *Keeper) Ask(what string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.work != nil {
		return ErrBusy
	}
	select {
	case k.asks <- what:
		k.asked = &CopyWork{What: what, Since: k.o.Now().UnixMilli()}
		k.work = k.asked
		return nil
	default:
		return ErrBusy
	}
}

// untried tells whether today's try is due.
func (k *Keeper) untried() bool {
	now := k.o.Now().In(k.o.Keep.Zone)
	due := time.Date(now.Year(), now.Month(), now.Day(), k.o.VerifyAt, 0, 0, 0, k.o.Keep.Zone)
	if now.Before(due) {
		due = due.AddDate(0, 0, -1)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.places {
		p := &k.places[i]
		if len(p.Copies) > 0 && (p.Verified == nil || p.Verified.At < due.UnixMilli() || p.Verified.At > now.UnixMilli()) {
			return true
		}
	}
	return false
}

// begin takes the keeper for one piece of work, against other processes too.
func (k *Keeper) begin(what string) (end func(), err error) {
	if !k.busy.TryLock() {
		return nil, ErrBusy
	}
	lock, err := os.OpenFile(filepath.Join(k.o.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			lock.Close() //nolint:errcheck // nothing was written
			err = ErrBusy
		}
	}
	if err != nil {
		k.busy.Unlock()
		return nil, err
	}
	k.note(func() { k.work = &CopyWork{What: what, Since: k.o.Now().UnixMilli()} })
	return func() {
		k.note(func() { k.work = nil })
		lock.Close() //nolint:errcheck // nothing was written
		k.busy.Unlock()
	}, nil
}

func (k *Keeper) note(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
}

// Copy makes a copy in every target, whole ones if asked. The error joins those of the targets that got none; the others have theirs.
func (k *Keeper) Copy(ctx context.Context, whole bool) error {
	end, err := k.begin("copy")
	if err != nil {
		return err
	}
	defer end()
	var all error
	for i, a := range k.archives {
		k.note(func() { k.work.Target = k.places[i].Target })
		c, err := a.Copy(ctx, k.o.Source, whole || k.doubted(i), k.places[i].Known)
		if err == nil {
			k.made(i, c)
			err = k.prune(ctx, i)
		}
		if ctx.Err() != nil {
			return errors.Join(all, ctx.Err())
		}
		ended := &CopyEnded{At: k.o.Now().UnixMilli()}
		if err == nil && len(c.Damaged) > 0 {
			ended.Why, ended.Error = "damaged", c.Damaged[0]
		}
		if err != nil {
			ended.Why, ended.Error = why(err), err.Error()
			all = errors.Join(all, err)
			a.have = nil // whatever is there is looked at again
		}
		k.note(func() { k.places[i].Last = ended })
		all = errors.Join(all, k.write()) // whatever becomes of the next place
	}
	k.note(func() { k.next = k.due() })
	return all
}

// doubted tells whether what was tried last in a place was not what it should be, and nothing whole was made since.
func (k *Keeper) doubted(i int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := k.places[i].Verified
	if v == nil || len(v.Wrong) == 0 || v.Copy == "" { // it is sound, or could not be tried
		return false
	}
	for _, m := range k.places[i].Copies {
		if m.Whole && m.At > v.At {
			return false
		}
	}
	return true
}

func (k *Keeper) made(i int, c *Copy) {
	m := CopyMade{Name: c.Name, At: c.At, Whole: c.Full(), New: c.New, Took: c.Took, Damaged: len(c.Damaged), CopyCounts: c.CopyCounts}
	for _, p := range c.Parts {
		m.Bytes += p.Bytes
	}
	for _, d := range c.Damaged {
		k.o.Log.Error("this could not be copied", "what", d)
	}
	k.note(func() {
		k.places[i].Known = true
		k.places[i].Copies = append(k.places[i].Copies, m)
	})
}

// prune takes away what need not stay; once a day also the files that no copy has.
func (k *Keeper) prune(ctx context.Context, i int) error {
	now := k.o.Now().UnixMilli()
	k.mu.Lock()
	files := now-k.places[i].Swept > (24*time.Hour).Milliseconds() || k.places[i].Swept > now
	k.mu.Unlock()
	went, err := k.archives[i].Prune(ctx, k.o.Keep, files)
	k.note(func() {
		gone := map[string]bool{}
		for _, name := range went {
			gone[name] = true
		}
		left := []CopyMade(nil)
		for _, m := range k.places[i].Copies {
			if !gone[m.Name] {
				left = append(left, m)
			}
		}
		k.places[i].Copies = left
		if err == nil && files {
			k.places[i].Swept = now
		}
	})
	return err
}

// Verify restores the newest copy of every target into a scratch folder and compares it with what the copy says and with the office. The
// error says what kept it from that; what it found is in the report.
func (k *Keeper) Verify(ctx context.Context) error {
	end, err := k.begin("verify")
	if err != nil {
		return err
	}
	defer end()
	var all error
	for i := range k.archives {
		k.note(func() { k.work.Target, k.work.Done, k.work.Of = k.places[i].Target, 0, 0 })
		v, err := k.verify(ctx, i)
		if ctx.Err() != nil {
			return errors.Join(all, ctx.Err())
		}
		if err != nil {
			all = errors.Join(all, err)
			v = &CopyVerdict{At: k.o.Now().UnixMilli(), Wrong: []string{err.Error()}}
		}
		for _, w := range v.Wrong {
			k.o.Log.Error("a copy is not what it should be", "target", k.places[i].Target, "what", w)
		}
		k.note(func() { k.places[i].Verified = v })
	}
	return errors.Join(all, k.write())
}

func (k *Keeper) verify(ctx context.Context, i int) (v *CopyVerdict, err error) {
	a, began := k.archives[i], k.o.Now()
	c, worse, err := a.Newest(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(k.o.Dir, "scratch")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	need := int64(64 << 20)
	for _, p := range c.Parts {
		need += 4 * p.Bytes // clear, and while tables are made of it twice
	}
	if free, err := k.o.Free(dir); err == nil && free < need {
		return nil, fmt.Errorf("archive: %d MiB have to be free for a try to restore, and %d are", need>>20+1, free>>20)
	}
	j, done, err := k.o.Scratch(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	found, err := a.Restore(ctx, c, 0, Into{
		Journal: j, Files: k.o.Source.Files, Dry: true, Apart: k.o.Source.Apart,
		Said: func(done, of int64) { k.note(func() { k.work.Done, k.work.Of = done, of }) },
	})
	if err != nil {
		return nil, err
	}
	v = &CopyVerdict{Copy: c.Name, Was: c.CopyCounts, Is: found.CopyCounts, Wrong: append([]string{}, found.Wrong...)}
	if p, _ := c.part(apartD); p.Name != found.Apart { // of a later copy, which was cut off
		v.Was.Apart = found.CopyCounts.Apart
	}
	if worse > 0 {
		v.Wrong = append(v.Wrong, fmt.Sprintf("%d newer copies cannot be read", worse))
	}
	for _, name := range found.Unsound { // what the office has, the next copy brings anew
		a.drop(c, name)
	}
	if err := journal.Check(ctx, j, func(x journal.Checked) {
		if x.Damage != nil {
			v.Wrong = append(v.Wrong, x.Damage.Error())
		}
	}); err != nil {
		return nil, err
	}
	for log, head := range c.Heads { // the office has gone on, and what it had then is what the copy has
		at, hash, err := HeadOf(ctx, k.o.Source.Journal, log, head.Seq)
		if err != nil && ctx.Err() == nil || err == nil && (at != head.Seq || hash != head.Hash) {
			v.Wrong = append(v.Wrong, fmt.Sprintf("%s: the copy has not what the office had", log))
		}
	}
	for what, n := range map[string][2]int{
		"logs": {v.Was.Logs, v.Is.Logs}, "frames": {v.Was.Frames, v.Is.Frames}, "items on the shelf": {v.Was.Items, v.Is.Items},
		"items kept apart": {v.Was.Apart, v.Is.Apart}, "files": {v.Was.Files, v.Is.Files},
	} {
		if n[0] != n[1] {
			v.Wrong = append(v.Wrong, fmt.Sprintf("of %d %s %d were restored", n[0], what, n[1]))
		}
	}
	v.Is.Gone = v.Was.Gone
	v.At, v.Took = k.o.Now().UnixMilli(), k.o.Now().Sub(began).Milliseconds()
	return v, ctx.Err()
}

// Report is all that there is to say now.
func (k *Keeper) Report() CopyReport {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := CopyReport{Places: []CopyPlace{}, Every: k.o.Every.Milliseconds(), Next: k.next.UnixMilli(), Days: k.o.Keep.Days, Months: k.o.Keep.Months}
	if k.work != nil {
		w := *k.work
		r.Work = &w
	}
	for _, p := range k.places {
		p.Copies = append([]CopyMade{}, p.Copies...)
		r.Places = append(r.Places, p)
	}
	return r
}

func (k *Keeper) write() error {
	k.mu.Lock()
	b, err := json.Marshal(k.places)
	k.mu.Unlock()
	if err != nil {
		return fmt.Errorf("archive: state: %w", err)
	}
	return writeWhole(filepath.Join(k.o.Dir, "state.json"), strings.NewReader(string(b)))
}
