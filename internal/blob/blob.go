// Package blob keeps pictures, videos, voices and files on disk, beside the log: each under the hash of its bytes, once. What
// comes in is never what goes out by default: a picture is drawn anew, a video loses where it was taken, and what a file is says
// its first bytes, not its name.
//
//	blob/up/<upload>.json   an upload: whose, for which room, how far; when finished, what became of it
//	blob/up/<upload>        its bytes so far
//	blob/ab/<hash>          a blob; <hash>.s its small picture, <hash>.c the hash of that
//
// What is read is what was stored: a blob's bytes are compared with its name before they go out.
//
// A blob lives while an item of some room shows it or an upload that is not yet posted made it. Sweep takes the rest away. Who may
// read a blob is for the caller to say: this package knows hashes only.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"

	"linli/internal/fault"
	"linli/internal/id"
)

const (
	abandoned = 24 * time.Hour     // an unfinished upload is given up
	unposted  = 7 * 24 * time.Hour // a finished one that nobody posted; a device may be offline for days
	drawing   = 2                  // pictures that are drawn anew at the same time
	mode      = fs.FileMode(0o600) // nobody else on the machine reads them
	folder    = fs.FileMode(0o700)
	small     = ".s" // behind the hash of a small picture
	sumOf     = ".c" // behind the hash: that of the small picture's own bytes
)

// File is what an upload became, as a card shows it.
type File struct {
	Hash string `json:"hash"` // SHA-256 of the bytes, base64url
	Type string `json:"type"` // the media type that its bytes have
	Size int64  `json:"size"` // bytes
	W    int    `json:"w,omitempty"`
	H    int    `json:"h,omitempty"` // pixels, of a picture
}

// Store is a folder of blobs. It is safe for concurrent use.
type Store struct {
	dir     string
	reserve int64 // bytes of free disk below which nothing is taken
	now     func() time.Time
	draw    drawers
	work    time.Duration // mostWork
	sound   sound

	mu      sync.Mutex
	uploads map[string]Upload
	busy    map[string]bool // uploads that are being written or finished
}

// Open opens a store, making the folder when it is new. reserve is how many bytes of the disk stay free.
func Open(dir string, reserve int64, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "up"), folder); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	s := &Store{dir: dir, reserve: reserve, now: now, work: mostWork, uploads: map[string]Upload{}, busy: map[string]bool{}}
	s.draw = drawers{make(chan struct{}, drawing), semaphore.NewWeighted(mostDecoded), map[id.Person]chan struct{}{}}
	s.sound.seen = map[string]seen{}
	return s, s.load()
}

// room tells whether n more bytes fit on the disk.
func (s *Store) room(n int64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &st); err != nil {
		return fmt.Errorf("blob: disk: %w", err)
	}
	if int64(st.Bavail)*st.Bsize-n < s.reserve { //nolint:unconvert // its type differs between systems
		return fault.New(fault.NoSpace, "the disk is below its reserve; nothing was stored")
	}
	return nil
}

// isHash tells whether a string can be a hash: nothing else becomes part of a path.
func isHash(hash string) bool {
	b, err := base64.RawURLEncoding.DecodeString(hash)
	return err == nil && len(b) == sha256.Size
}

func (s *Store) path(hash string) string {
	return filepath.Join(s.dir, strings.ToLower(hash[:2]), hash)
}

// Read opens a blob, its small picture when that is wanted and there is a sound one. fault.NotFound when it is not there (any more),
// fault.Damaged when its bytes are not those that were stored.
func (s *Store) Read(hash string, less bool) (*os.File, error) {
	if !isHash(hash) {
		return nil, fault.New(fault.NotFound, "there is no such file")
	}
	if less {
		if f := s.small(hash); f != nil {
			return f, nil
		}
	}
	f, err := os.Open(s.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no such file")
	}
	if err == nil {
		if err = s.sound.is(f); err != nil {
			f.Close() //nolint:errcheck // it was only read
		}
	}
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return f, nil
}

// Has tells whether a blob is there.
func (s *Store) Has(hash string) bool {
	if !isHash(hash) {
		return false
	}
	_, err := os.Stat(s.path(hash))
	return err == nil
}

// hashOf reads a file to its end.
func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hashed(f)
}

func hashed(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// keep moves a finished file to its place, on disk before it returns.
func (s *Store) keep(from, hash, suffix string) error {
	to := s.path(hash) + suffix
	if err := os.MkdirAll(filepath.Dir(to), folder); err != nil {
		return err
	}
	if err := synced(from); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return synced(filepath.Dir(to))
}

// synced returns when a file or folder is on disk.
func synced(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Sweep takes away what nobody needs: uploads past their time, and blobs that neither an item (used) nor an upload has. It returns how
// many blobs went.
func (s *Store) Sweep(ctx context.Context, used func(hash string) (bool, error)) (gone int, err error) {
	held := s.sweepUploads()
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && d.Name() == "up":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		hash, _, _ := strings.Cut(d.Name(), ".")
		info, err := d.Info()
		if err != nil || !isHash(hash) || held[hash] || s.now().Sub(info.ModTime()) < abandoned {
			return nil //nolint:nilerr // gone meanwhile
		}
		if in, err := used(hash); err != nil || in {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		if path == s.path(hash) {
			gone++
		}
		return nil
	})
	if err != nil {
		return gone, fmt.Errorf("blob: sweep: %w", err)
	}
	return gone, nil
}

// sweepUploads takes away files that no upload has, drops uploads past their time and lists the blobs that the others made.
func (s *Store) sweepUploads() map[string]bool {
	held := map[string]bool{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy(abandoned)
	for name, u := range s.uploads {
		keep := abandoned
		if u.File != nil {
			keep = unposted
		}
		switch old := s.now().Sub(time.UnixMilli(u.Begun)) > keep; {
		case old && !s.busy[name]:
			s.forget(name)
		case u.File != nil:
			held[u.File.Hash] = true
		}
	}
	return held
}
