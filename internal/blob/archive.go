package blob

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"linli/internal/fault"
)

// Each names what an archive copies: every blob by its hash, and its small picture behind it as <hash>.s.
func (s *Store) Each(ctx context.Context, do func(name string, size int64) error) error {
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && d.Name() == "up":
			return fs.SkipDir
		case d.IsDir() || !isHash(strings.TrimSuffix(d.Name(), small)):
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return do(d.Name(), info.Size())
	})
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}

// Open opens what Each has named; fs.ErrNotExist when it is gone. Whether its bytes are sound is for the caller to look at.
func (s *Store) Open(name string) (io.ReadCloser, error) {
	if !isHash(strings.TrimSuffix(name, small)) {
		return nil, fs.ErrNotExist
	}
	return os.Open(s.path(strings.TrimSuffix(name, small)) + name[len(strings.TrimSuffix(name, small)):])
}

// Sound tells whether a file of this name can have this SHA-256. A small picture is known by what lies beside it, where something does.
func (s *Store) Sound(name string, sum []byte) bool {
	want, is := strings.CutSuffix(name, small)
	if is {
		b, err := os.ReadFile(s.path(want) + sumOf)
		if err != nil {
			return true // it is older than its hash
		}
		want = string(b)
	}
	return base64.RawURLEncoding.EncodeToString(sum) == want
}

// Put stores what an archive gives back, whole or not at all; fault.Damaged when its bytes are not those that its name says.
func (s *Store) Put(name string, r io.Reader) (err error) {
	hash := strings.TrimSuffix(name, small)
	if !isHash(hash) {
		return fault.New(fault.Invalid, "not the name of a file")
	}
	at := s.data(name)
	defer os.Remove(at) //nolint:errcheck // it has moved, mostly
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err == nil {
		_, err = io.Copy(f, r)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	if name != hash {
		if err = os.Rename(at, s.data(hash)+small); err == nil {
			err = s.keepSmall(s.data(hash), hash)
		}
		return err
	}
	sum, err := hashOf(at)
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	if sum != hash {
		return fault.New(fault.Damaged, "the bytes are not those of this file")
	}
	return s.keep(at, hash, "")
}
