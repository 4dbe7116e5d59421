package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"linli/internal/journal"
)

// check verifies the data of a stopped server: every log's density and hash chain, and that views built again from zero are the
// ones that are there.
func check(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	if err := c.parse("check", args, errs); err != nil {
		return exit(err, errs)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "log")); err != nil {
		return exit(err, errs)
	}
	return exit(verify(ctx, c, out), errs)
}

var errDamaged = errors.New("damage was found")

func verify(ctx context.Context, c *Config, out io.Writer) error {
	p, err := open(ctx, c, settings{})
	if err != nil {
		return err
	}
	logs, frames, damaged := 0, 0, 0
	err = journal.Check(ctx, p.Journal, func(x journal.Checked) {
		logs, frames = logs+1, frames+x.Frames
		if x.Damage != nil {
			damaged++
			fmt.Fprintf(out, "%s: %v\n", x.Log, x.Damage)
		}
	})
	p.Engine.Close()
	there, e := p.View.Digest()
	if err = errors.Join(err, e, p.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d logs, %d frames, %d damaged\n", logs, frames, damaged)
	if damaged > 0 {
		return errDamaged
	}
	again, err := rebuilt(ctx, c)
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

// rebuilt is the digest of views that are built from zero, beside the ones that are there.
func rebuilt(ctx context.Context, c *Config) (digest []byte, err error) {
	was, aside := filepath.Join(c.Data, "view"), filepath.Join(c.Data, "view.aside")
	if err := os.Rename(was, aside); err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(was), os.Rename(aside, was))
	}()
	p, err := open(ctx, c, settings{})
	if err != nil {
		return nil, err
	}
	p.Engine.Close()
	digest, e := p.View.Digest()
	return digest, errors.Join(e, p.Close())
}
