package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"linli/internal/archive"
	"linli/internal/blob"
	"linli/internal/dbfiles"
	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/kind"
	"linli/internal/register"
)

const (
	allCopies    = 3 * time.Hour  // for so long every copy stays
	hourlyCopies = 48 * time.Hour // and the last of each hour
	verifyAt     = 4              // o'clock
)

// targets are where copies go.
func (c *Config) targets() (list []archive.Target, err error) {
	key, secret, _ := strings.Cut(c.BackupStore, ":")
	for _, text := range strings.Split(c.BackupTo, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		t, err := archive.OpenTarget(text, key, secret)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

func (c *Config) validBackup() error {
	list, err := c.targets()
	if err != nil {
		return fmt.Errorf("backup-to: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	if c.BackupKey == "" {
		return errors.New("backup-key: for whom are copies to be sealed? linli backup key makes one")
	}
	if err := archive.ValidRecipient(c.BackupKey); err != nil {
		return fmt.Errorf("backup-key: %w", err)
	}
	for _, t := range list {
		if f, is := t.(archive.Folder); is && liesIn(f.Dir, c.Data) {
			return fmt.Errorf("backup-to: %s lies in the data folder, and would be lost with it", f.Dir)
		}
	}
	switch {
	case c.BackupEvery < time.Minute:
		return errors.New("backup-every: not below 1m")
	case c.BackupRate < 0, c.BackupDays < 1, c.BackupMonths < 0, c.BackupWhole < 0:
		return errors.New("backup-rate, backup-whole, backup-months: not below 0; backup-days: at least 1")
	}
	return nil
}

func liesIn(path, dir string) bool {
	p, err := filepath.Abs(path)
	d, e := filepath.Abs(dir)
	return err == nil && e == nil && (p == d || strings.HasPrefix(p, d+string(filepath.Separator)))
}

// keeper makes copies of a journal and files; nil where none are wanted.
func (c *Config) keeper(j journal.Journal, files archive.Files, now func() time.Time) (*archive.Keeper, error) {
	targets, err := c.targets()
	if err != nil || len(targets) == 0 {
		return nil, err
	}
	log := c.logger()
	return archive.NewKeeper(archive.KeeperOptions{
		Dir: filepath.Join(c.Data, "archive"), Targets: targets,
		Archive: archive.Options{Safe: c.BackupKey, Keys: filepath.Join(c.Data, "keys"), Whole: c.BackupWhole, Rate: c.BackupRate << 20, Now: now, Log: log},
		Source:  archive.Source{Journal: j, Files: files, Apart: register.Keys, Program: version},
		Keep:    archive.Keep{All: allCopies, Hourly: hourlyCopies, Days: c.BackupDays, Months: c.BackupMonths, Zone: kind.Zone},
		Every:   c.BackupEvery, VerifyAt: verifyAt, Scratch: scratch, Free: dbfiles.Free, Now: now, Log: log,
	})
}

// scratch is an empty journal that sets nothing aside.
func scratch(dir string) (journal.Journal, func() error, error) {
	j, err := local.Open(filepath.Join(dir, "log"), local.Options{Reserve: 64 << 20})
	if err != nil {
		return nil, nil, err
	}
	return j, j.Close, nil
}

// backup is what an administrator does about copies by hand.
func backup(ctx context.Context, args []string, out, errs io.Writer) int {
	c, whole := &Config{}, false
	fs := c.flags("backup", errs)
	fs.BoolVar(&whole, "whole", false, "make a copy that adds to no other")
	rest, err := c.parseWith(fs, args, errs)
	what := "now"
	if err == nil && len(rest) == 1 {
		what = rest[0]
	}
	if err == nil && (len(rest) > 1 || !slices.Contains([]string{"now", "verify", "list", "key"}, what)) {
		fmt.Fprintln(errs, "linli: backup takes now, verify, list or key, behind its settings")
		err = errUsage
	}
	if err != nil {
		return exit(err, errs)
	}
	if what == "key" {
		return exit(makeBackupKey(out), errs)
	}
	if c.BackupTo == "" {
		return exit(errors.New("where to? say it with -backup-to, or in the file of -config: a folder on another disk, or s3://…"), errs)
	}
	return exit(c.backup(ctx, what, whole, out), errs)
}

// makeBackupKey makes the pair and says what is to be done with each half. The secret is stored nowhere.
func makeBackupKey(out io.Writer) error {
	secret, recipient, err := archive.NewKey()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `This key opens every copy of the office. It is shown once and stored nowhere:
print it or write it down, and put it into the safe.

  %s

This belongs into the configuration:

  backup-key %s

The key of the data is another, the file keys/master.key. It is in no copy. Put it
away too, on paper or a stick, in ANOTHER place: without it a copy gives back no
name and no word, and who has both can read everything.
`, secret, recipient)
	return err
}

// backup lets the running server do it, or does it where none is running.
func (c *Config) backup(ctx context.Context, what string, whole bool, out io.Writer) error {
	if what == "list" {
		return c.listCopies(ctx, out)
	}
	report, err := c.ask(ctx, what, whole)
	if errors.Is(err, errNobody) {
		report, err = c.backupAlone(ctx, what, whole)
	}
	if report != nil {
		sayReport(report, what, out)
	}
	if err == nil && what == "verify" && slices.ContainsFunc(report.Places, func(p archive.CopyPlace) bool { return p.Verified == nil || len(p.Verified.Wrong) > 0 }) {
		err = errors.New("a copy is not what it should be: make a whole one with linli backup -whole, and try that")
	}
	return err
}

// backupAlone is backup while no server runs.
func (c *Config) backupAlone(ctx context.Context, what string, whole bool) (*archive.CopyReport, error) {
	if _, err := os.Stat(filepath.Join(c.Data, "log")); err != nil {
		return nil, err
	}
	j, err := local.Open(filepath.Join(c.Data, "log"), local.Options{Reserve: c.Reserve << 20, Log: c.logger()})
	if err != nil {
		return nil, err
	}
	files, err := blob.Open(filepath.Join(c.Data, "blob"), c.Reserve<<20, time.Now)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	k, err := c.keeper(j, files, time.Now)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	err = work(ctx, k, what, whole)
	report := k.Report()
	return &report, errors.Join(err, j.Close())
}

func work(ctx context.Context, k *archive.Keeper, what string, whole bool) error {
	if what == "verify" {
		return k.Verify(ctx)
	}
	return k.Copy(ctx, whole)
}

func sayReport(r *archive.CopyReport, what string, out io.Writer) {
	for _, p := range r.Places {
		switch {
		case what == "verify" && p.Verified != nil && len(p.Verified.Wrong) == 0:
			v := p.Verified
			fmt.Fprintf(out, "%s: the copy %s is sound: %d logs, %d frames, %d keys, %d files, restored and compared in %s\n",
				p.Target, v.Copy, v.Is.Logs, v.Is.Frames, v.Is.Apart, v.Is.Files, took(v.Took))
		case what == "verify" && p.Verified != nil:
			for _, w := range p.Verified.Wrong {
				fmt.Fprintf(out, "%s: %s\n", p.Target, w)
			}
		case p.Last != nil && p.Last.Error != "":
			fmt.Fprintf(out, "%s: %s\n", p.Target, p.Last.Error)
		case len(p.Copies) > 0:
			m := p.Copies[len(p.Copies)-1]
			fmt.Fprintf(out, "%s: the copy %s, %s new, %d frames and %d files in all, in %s\n", p.Target, m.Name, mib(m.New), m.Frames, m.Files, took(m.Took))
		}
	}
}

func took(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// listCopies says what lies in the targets, as the targets have it.
func (c *Config) listCopies(ctx context.Context, out io.Writer) error {
	targets, err := c.targets()
	if err != nil {
		return err
	}
	secret, err := archive.MachineKey(filepath.Join(c.Data, "keys"))
	if err != nil {
		return fmt.Errorf("no copy was made from this folder yet: %w", err)
	}
	for _, t := range targets {
		a, err := archive.OpenFor(t, secret)
		if err != nil {
			return err
		}
		names, err := a.List(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			x, err := a.Read(ctx, name)
			if err != nil {
				fmt.Fprintf(out, "%s  %v\n", name, err)
				continue
			}
			sort := "adds to the one before"
			if x.Full() {
				sort = "whole"
			}
			fmt.Fprintf(out, "%s  %s  %9s  %d frames, %d files, %s\n", name, time.UnixMilli(x.At).In(kind.Zone).Format("2006-01-02 15:04:05"), mib(x.New), x.Frames, x.Files, sort)
		}
		fmt.Fprintf(out, "%s: %d copies\n", t, len(names))
	}
	return nil
}

// restore puts an office back. Nothing of it counts before the last step, which puts the logs in their place.
func restore(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	fs := c.flags("restore", errs)
	var o restoreOptions
	fs.StringVar(&o.from, "from", "", "`place` of the copies: a folder, or s3://… with -backup-store")
	fs.StringVar(&o.copy, "copy", "", "`name` of the copy (default: the newest, or with -at the first after that)")
	fs.StringVar(&o.at, "at", "", "`time` to go back to: 2026-03-04 15:30:00 in the office's time zone (default: all there is)")
	fs.StringVar(&o.key, "key", "", "`file` with the safe's key, AGE-SECRET-KEY-1… (default: it is asked for)")
	rest, err := c.parseWith(fs, args, errs)
	if err == nil && (len(rest) > 0 || o.from == "") {
		fmt.Fprintln(errs, "linli: restore needs -from PLACE, and takes settings alone")
		err = errUsage
	}
	if err != nil {
		return exit(err, errs)
	}
	return exit(c.restore(ctx, o, out), errs)
}

type restoreOptions struct{ from, copy, at, key string }

// secret is the safe's key, from a file or as it is typed.
func (o *restoreOptions) secret(in io.Reader, out io.Writer) (string, error) {
	if o.key != "" {
		b, err := os.ReadFile(o.key)
		return keyIn(string(b)), err
	}
	fmt.Fprintln(out, "The key from the safe (AGE-SECRET-KEY-1…):")
	line := make([]byte, 0, 128)
	one := make([]byte, 1)
	for len(line) < 1024 {
		if n, err := in.Read(one); n == 0 || err != nil || one[0] == '\n' {
			break
		}
		line = append(line, one[0])
	}
	return keyIn(string(line)), nil
}

// keyIn finds the key among what stands around it on a sheet.
func keyIn(text string) string {
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(strings.ToUpper(word), "AGE-SECRET-KEY-") {
			return strings.ToUpper(word)
		}
	}
	return strings.TrimSpace(text)
}

// moment is the last millisecond of a second that somebody named; 0 for none.
func (o *restoreOptions) moment() (int64, error) {
	if o.at == "" {
		return 0, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, o.at, kind.Zone); err == nil {
			return at.Add(time.Second).UnixMilli() - 1, nil
		}
	}
	return 0, errors.New("at: a time like 2026-03-04 15:30:00")
}

func (c *Config) restore(ctx context.Context, o restoreOptions, out io.Writer) (err error) {
	moment, err := o.moment()
	if err != nil {
		return err
	}
	logs, half := filepath.Join(c.Data, "log"), filepath.Join(c.Data, "log.restoring")
	if _, err := os.Stat(logs); err == nil {
		return fmt.Errorf("there is an office in %s, and nothing is restored over it: name another folder, or move %s and %s away first",
			c.Data, logs, filepath.Join(c.Data, "view"))
	}
	key, secret, _ := strings.Cut(c.BackupStore, ":")
	target, err := archive.OpenTarget(o.from, key, secret)
	if err != nil {
		return err
	}
	safe, err := o.secret(os.Stdin, out)
	if err != nil {
		return err
	}
	a, err := archive.OpenFor(target, safe)
	if err != nil {
		return err
	}
	x, worse, err := a.Pick(ctx, o.copy, moment)
	if errors.Is(err, archive.ErrNoKey) {
		return errors.New("this key does not open these copies: take the one that linli backup key showed together with the backup-key in the configuration")
	}
	if err != nil {
		return err
	}
	if worse > 0 {
		return fmt.Errorf("%d newer copies cannot be read: linli backup list names what there is, and -copy %s restores the newest that can be", worse, x.Name)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	lock, err := locked(filepath.Join(c.Data, "restore.lock"))
	if err != nil {
		return err
	}
	defer func() { lock.Close(); os.Remove(lock.Name()) }() //nolint:errcheck // it holds nothing
	fmt.Fprintf(out, "restoring %s, made %s: %d logs, %d frames, %d files\n", x.Name, time.UnixMilli(x.At).In(kind.Zone).Format("2006-01-02 15:04:05"), x.Logs, x.Frames, x.Files)
	found, err := c.restoreInto(ctx, a, x, moment, half, out)
	if err != nil {
		return err
	}
	for _, w := range found.Wrong {
		fmt.Fprintln(out, w)
	}
	if len(found.Wrong) > 0 && o.copy == "" {
		return fmt.Errorf("this copy is damaged; what could be restored lies in %s. linli backup list names the others, restore takes one with -copy; "+
			"to go on with what there is, rename that folder to %s", half, logs)
	}
	if err := os.RemoveAll(filepath.Join(c.Data, "view")); err != nil { // of another life
		return err
	}
	if err := os.Rename(half, logs); err != nil {
		return err
	}
	if dir, err := os.Open(c.Data); err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "restored: %d logs, %d frames, %d keys, %d files", found.Logs, found.Frames, found.CopyCounts.Apart, found.Files)
	if found.Last > 0 {
		fmt.Fprintf(out, "; the last entry is of %s", time.UnixMilli(found.Last).In(kind.Zone).Format("2006-01-02 15:04:05"))
	}
	fmt.Fprintln(out)
	if _, err := os.Stat(filepath.Join(c.Data, "keys", "master.key")); err != nil {
		fmt.Fprintf(out, "The key of the data is not here: put the file master.key back into %s before the server is started. Without it there are no names and no words.\n", filepath.Join(c.Data, "keys"))
	}
	return nil
}

func (c *Config) restoreInto(ctx context.Context, a *archive.Archive, x *archive.Copy, moment int64, half string, out io.Writer) (found *archive.Found, err error) {
	if err := os.RemoveAll(half); err != nil { // of a restore that was cut off
		return nil, err
	}
	j, err := local.Open(half, local.Options{Reserve: c.Reserve << 20, Log: c.logger()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	files, err := blob.Open(filepath.Join(c.Data, "blob"), c.Reserve<<20, time.Now)
	if err != nil {
		return nil, err
	}
	said := time.Now()
	found, err = a.Restore(ctx, x, moment, archive.Into{
		Journal: j, Files: files, Apart: register.Keys, Keeps: register.Keeps, Moment: momentOf,
		Said: func(done, of int64) {
			if time.Since(said) > 2*time.Second && of > 0 {
				said = time.Now()
				fmt.Fprintf(out, "%d of %s\n", done>>20, mib(of))
			}
		},
	})
	if err == nil { // pages that hold what is no longer here begin anew
		_, err = j.Shelf().Put(ctx, lifeKey, []byte(rand.Text()[:12]), journal.Any, 0)
	}
	return found, err
}

// momentOf is when a frame was written, as its body says; the first thing in it.
func momentOf(f *journal.Frame) (int64, bool) {
	var b struct {
		At    int64 `json:"at"`
		Lines []struct {
			At int64 `json:"at"`
		} `json:"lines"`
	}
	if json.Unmarshal(f.Body, &b) != nil {
		return 0, false
	}
	return b.At, b.At > 0
}

func locked(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close() //nolint:errcheck // it holds nothing
		return nil, errors.New("something is being restored into this folder already")
	}
	return f, nil
}
