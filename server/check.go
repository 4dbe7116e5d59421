package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"linli/internal/blob"
	"linli/internal/dbfiles"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

// check verifies the data of a stopped server: the files of log and views block by block, every log's density and hash chain, every
// uploaded file, and that views built again from zero are the ones that are there. It works on a copy (tables are linked, not copied), so
// that the data are afterwards what they were.
func check(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	if err := c.parse("check", args, errs); err != nil {
		return exit(err, errs)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "log")); err != nil {
		return exit(err, errs)
	}
	for _, db := range []string{"log", "view"} {
		if dbfiles.InUse(filepath.Join(c.Data, db)) {
			return exit(fmt.Errorf("data folder in use: another process has %s", filepath.Join(c.Data, db)), errs)
		}
	}
	return exit(verify(ctx, c, out), errs)
}

var errDamaged = errors.New("damage was found: put back the last good copy of the data folder (views alone are built again when the folder view is deleted)")

func verify(ctx context.Context, c *Config, out io.Writer) (err error) {
	damaged := 0
	found := func(format string, args ...any) {
		damaged++
		fmt.Fprintf(out, format+"\n", args...)
	}
	for _, db := range []string{"log", "view"} {
		rot, err := dbfiles.Look(filepath.Join(c.Data, db))
		if err != nil {
			return err
		}
		for i := range rot {
			found("%v", &rot[i])
		}
	}
	lost, err := dbfiles.Losses(filepath.Join(c.Data, "log"))
	if err != nil {
		return err
	}
	for _, l := range lost {
		found("%s was put aside: it is damaged at byte %d", l.File, l.At)
	}
	files, unknown, err := blob.Check(ctx, filepath.Join(c.Data, "blob"), func(path string) { found("%s is damaged", path) })
	if err != nil {
		return err
	}
	copied := filepath.Join(c.Data, "check.tmp")
	defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
	if err := copyData(c.Data, copied); err != nil {
		return err
	}
	logs, frames, bad, err := verifyLogs(ctx, c, copied, func(d *journal.Damaged) { found("%v", d) })
	if err != nil {
		found("%v", err)
	}
	fmt.Fprintf(out, "%d logs, %d frames, %d damaged; %d uploaded files\n", logs, frames, bad, files)
	if unknown > 0 {
		fmt.Fprintf(out, "%d small pictures are older than their hashes, which are kept from when one is first looked at: whether they are as they were made cannot be told\n", unknown)
	}
	if damaged > 0 {
		return errDamaged
	}
	if _, err := os.Stat(filepath.Join(c.Data, "keys", "master.key")); err != nil {
		fmt.Fprintln(out, "the master key is not here: words and names were not opened, and the views were not compared")
		return nil
	}
	return compareViews(ctx, c, copied, out)
}

// copyData makes a copy of a data folder's databases and keys. Nothing of it is linked: Badger cuts a table that it no longer needs to
// nothing before it removes it, and under another name that would be the original.
func copyData(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	for _, part := range []string{"log", "view", "keys"} {
		err := filepath.WalkDir(filepath.Join(from, part), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(from, path)
			there := filepath.Join(to, rel)
			switch name := d.Name(); {
			case d.IsDir():
				return os.MkdirAll(there, 0o700)
			case name == "ballast" || name == "margin" || name == "LOCK":
				return nil
			}
			return copyFile(path, there)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func verifyLogs(ctx context.Context, c *Config, dir string, found func(*journal.Damaged)) (logs, frames, bad int, err error) {
	j, err := local.Open(filepath.Join(dir, "log"), local.Options{})
	if err != nil {
		return 0, 0, 0, err
	}
	err = journal.Check(ctx, j, func(x journal.Checked) {
		logs, frames = logs+1, frames+x.Frames
		if x.Damage != nil {
			bad++
			x.Damage.File = strings.Replace(x.Damage.File, dir, c.Data, 1)
			found(x.Damage)
		}
	})
	return logs, frames, bad, errors.Join(err, j.Close())
}

// compareViews builds the views from zero, beside a copy of those that are there.
func compareViews(ctx context.Context, c *Config, dir string, out io.Writer) error {
	on := *c
	on.Data = dir
	there, err := digest(ctx, &on)
	if err == nil {
		err = os.RemoveAll(filepath.Join(dir, "view"))
	}
	if err != nil {
		return err
	}
	again, err := digest(ctx, &on)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, again) {
		fmt.Fprintln(out, "the views are not what the logs say; delete the folder view, and they are built again")
		return errDamaged
	}
	fmt.Fprintln(out, "the views are what the logs say")
	return nil
}

func digest(ctx context.Context, c *Config) ([]byte, error) {
	p, err := open(ctx, c, settings{})
	if err != nil {
		return nil, err
	}
	p.Engine.Close()
	d, e := p.View.Digest()
	return d, errors.Join(e, p.Close())
}
