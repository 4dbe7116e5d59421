package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// Target is where an archive lies. Names are of the form folder/name, of a-z, 0-9, T, Z, hyphens and dots.
type Target interface {
	// Put stores what is read, durably and all at once, in place of what was there.
	Put(ctx context.Context, name string, r io.Reader) error
	Get(ctx context.Context, name string) (io.ReadCloser, error) // ErrAbsent
	List(ctx context.Context, prefix string) iter.Seq2[Thing, error]
	Remove(ctx context.Context, name string) error // of what is absent: no error
	String() string                                // for people; without secrets
}

// Thing is something that lies in a target.
type Thing struct {
	Name  string
	Bytes int64
	At    int64 // ms: when it was written
}

// ErrAbsent says that nothing of that name lies in the target.
var ErrAbsent = errors.New("archive: absent")

const halfMade = ".part"

// Folder is a target on a disk of this machine, or one that is mounted.
type Folder struct{ Dir string }

func (f Folder) String() string { return f.Dir }

func (f Folder) path(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// there refuses a folder that is not there: what should be on a stick that is not plugged in must not fill the machine's own disk.
func (f Folder) there() error {
	info, err := os.Stat(f.Dir)
	if err != nil {
		return fmt.Errorf("archive: the folder for copies is not there: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("archive: %s is no folder", f.Dir)
	}
	return nil
}

// Put is Target's.
func (f Folder) Put(ctx context.Context, name string, r io.Reader) error {
	if err := f.there(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return writeWhole(f.path(name), &ended{ctx, r})
}

// writeWhole writes a file so that it is either whole or not there, and on disk when it returns.
func writeWhole(path string, r io.Reader) (err error) {
	half := path + halfMade
	out, err := os.OpenFile(half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	_, err = io.Copy(out, r)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(half, path)
	}
	if err != nil {
		os.Remove(half) //nolint:errcheck // the next one writes over it
		return fmt.Errorf("archive: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// ended ends reading with its context.
type ended struct {
	ctx context.Context
	r   io.Reader
}

func (e *ended) Read(b []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(b)
}

// Get is Target's.
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	if err := f.there(); err != nil {
		return nil, err
	}
	in, err := os.Open(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return in, nil
}

// List is Target's; half-made files are not listed.
func (f Folder) List(ctx context.Context, prefix string) iter.Seq2[Thing, error] {
	return func(yield func(Thing, error) bool) {
		if err := f.there(); err != nil {
			yield(Thing{}, err)
			return
		}
		stop := errors.New("stop")
		err := filepath.WalkDir(f.path(prefix), func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case d.IsDir() || strings.HasSuffix(path, halfMade):
				return ctx.Err()
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(f.Dir, path)
			if !yield(Thing{filepath.ToSlash(rel), info.Size(), info.ModTime().UnixMilli()}, nil) {
				return stop
			}
			return ctx.Err()
		})
		if err != nil && !errors.Is(err, stop) {
			yield(Thing{}, fmt.Errorf("archive: %w", err))
		}
	}
}

// Remove is Target's.
func (f Folder) Remove(_ context.Context, name string) error {
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}
