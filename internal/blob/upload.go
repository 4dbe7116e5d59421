package blob

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
)

// As says what an upload is to become.
type As string

const (
	Picture As = "picture"
	Video   As = "video"
	Voice   As = "voice"
	Any     As = "file"
)

// Limits are the sizes of uploads in bytes.
var Limits = map[As]int64{Picture: 25 << 20, Video: 100 << 20, Voice: 2 << 20, Any: 100 << 20}

const (
	open  = 24      // uploads of a person that may be under way at the same time
	daily = 1 << 30 // bytes that a person may bring in 24 hours
	begun = 1000    // uploads that a person may begin in 24 hours
)

// Upload is something on its way in, in as many parts as it takes. A part that breaks off keeps what came of it.
type Upload struct {
	ID     string    `json:"upload"`
	Person id.Person `json:"person"`
	Room   id.Room   `json:"room"`
	As     As        `json:"as"`
	Size   int64     `json:"size"`
	At     int64     `json:"at"`    // bytes that are here
	Begun  int64     `json:"begun"` // ms
	File   *File     `json:"file,omitempty"`
	Gone   bool      `json:"gone,omitempty"` // dropped, or not what it was to be: its bytes are gone, and it counts for the day
}

func (s *Store) data(name string) string { return filepath.Join(s.dir, "up", name) }

// Begin starts an upload of size bytes.
func (s *Store) Begin(person id.Person, room id.Room, as As, size int64) (Upload, error) {
	limit, known := Limits[as]
	switch {
	case !known:
		return Upload{}, fault.New(fault.Invalid, "as is picture, video, voice or file").And("field", "as")
	case size <= 0:
		return Upload{}, fault.New(fault.Invalid, "the file is empty").And("field", "size")
	case size > limit:
		return Upload{}, fault.New(fault.TooLarge, "the file is too large").And("field", "size").And("limit", limit)
	}
	if err := s.room(size); err != nil {
		return Upload{}, err
	}
	u := Upload{ID: "u" + rand.Text(), Person: person, Room: room, As: as, Size: size, Begun: s.now().UnixMilli()}
	if err := s.quota(&u); err != nil {
		return Upload{}, err
	}
	err := os.WriteFile(s.data(u.ID), nil, mode)
	if err == nil {
		err = s.save(&u)
	}
	if err != nil {
		s.mu.Lock()
		delete(s.uploads, u.ID)
		s.mu.Unlock()
		return Upload{}, fmt.Errorf("blob: begin: %w", err)
	}
	return u, nil
}

// quota refuses a flood; what it lets through counts from then on.
func (s *Store) quota(next *Upload) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	underway, today, number := 0, next.Size, 1
	for _, u := range s.uploads {
		if u.Person != next.Person || next.Begun-u.Begun > abandoned.Milliseconds() {
			continue
		}
		today += u.Size
		number++
		if u.File == nil && !u.Gone {
			underway++
		}
	}
	if underway >= open || today > daily || number > begun {
		return fault.New(fault.TooMany, "too much in one day")
	}
	s.uploads[next.ID] = *next
	return nil
}

// Underway is how many uploads are on their way in.
func (s *Store) Underway() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.uploads {
		if u.File == nil && !u.Gone {
			n++
		}
	}
	return n
}

// load reads which uploads there are.
func (s *Store) load() error {
	list, err := filepath.Glob(s.data("*.json"))
	if err != nil {
		return fmt.Errorf("blob: uploads: %w", err)
	}
	for _, path := range list {
		var u Upload
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("blob: uploads: %w", err)
		}
		if json.Unmarshal(b, &u) == nil && u.ID != "" { // half a record is of an upload that never was acknowledged
			s.uploads[u.ID] = u
		}
	}
	s.tidy(0)
	return nil
}

// tidy takes away files beside the uploads that none of them has: what a kill left half made.
func (s *Store) tidy(older time.Duration) {
	list, _ := os.ReadDir(filepath.Join(s.dir, "up"))
	for _, f := range list {
		name, _, _ := strings.Cut(f.Name(), ".")
		u, there := s.uploads[name]
		info, err := f.Info()
		if err != nil || older > 0 && s.now().Sub(info.ModTime()) < older || there && (!u.Gone || f.Name() == name+".json") {
			continue
		}
		_ = os.Remove(s.data(f.Name()))
	}
}

// save writes an upload down, unless it is gone. It is not synced: an upload that a crash takes is sent again.
func (s *Store) save(u *Upload) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uploads[u.ID].Gone {
		return fault.New(fault.NotFound, "there is no such upload")
	}
	return s.put(u)
}

// put is save for who holds mu. The record is the old one or the new one, whatever ends the program.
func (s *Store) put(u *Upload) error {
	path := s.data(u.ID + ".json")
	b, err := json.Marshal(u)
	if err == nil {
		err = os.WriteFile(path+".new", b, mode)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("blob: upload: %w", err)
	}
	s.uploads[u.ID] = *u
	return nil
}

// remove takes an upload's bytes away. That it was begun is remembered for the day.
func (s *Store) remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[name]
	u.Gone = true
	s.uploads[name] = u
	_ = os.Remove(s.data(name))
	_ = os.Remove(s.data(name + small))
	_ = os.Remove(s.data(name + sumOf))
	return s.put(&u)
}

// forget takes away all of an upload. The caller holds mu.
func (s *Store) forget(name string) {
	delete(s.uploads, name)
	_ = os.Remove(s.data(name))
	_ = os.Remove(s.data(name + ".json"))
}

// State is how far an upload of this person is; fault.NotFound for one of somebody else.
func (s *Store) State(person id.Person, name string) (Upload, error) {
	s.mu.Lock()
	u, there := s.uploads[name]
	s.mu.Unlock()
	if !there || u.Person != person || u.Gone {
		return Upload{}, fault.New(fault.NotFound, "there is no such upload")
	}
	if u.At = u.Size; u.File == nil {
		info, err := os.Stat(s.data(name))
		if err != nil {
			return u, fmt.Errorf("blob: upload: %w", err)
		}
		u.At = info.Size()
	}
	return u, nil
}

// take keeps an upload for one request; another one meanwhile is refused as busy.
func (s *Store) take(name string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		return nil, fault.New(fault.Busy, "another request works on this upload")
	}
	s.busy[name] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, name)
	}, nil
}

// Write appends what r has, which begins at byte at of the whole. fault.Conflicting, with at, when the upload is elsewhere.
func (s *Store) Write(person id.Person, name string, at int64, r io.Reader) (Upload, error) {
	release, err := s.take(name)
	if err != nil {
		return Upload{}, err
	}
	defer release()
	u, err := s.State(person, name)
	switch {
	case err != nil:
		return u, err
	case u.File != nil || u.At != at:
		return u, fault.New(fault.Conflicting, "the upload is at another place").And("at", u.At)
	}
	if err := s.room(u.Size - u.At); err != nil {
		return u, err
	}
	f, err := os.OpenFile(s.data(name), os.O_WRONLY|os.O_APPEND, mode)
	if err != nil {
		return u, fmt.Errorf("blob: write: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, u.Size-u.At)) // what came before a break stays
	u.At += n
	if err := errors.Join(err, f.Close()); err != nil {
		return u, fault.New(fault.Busy, "the part broke off; go on from here").And("at", u.At)
	}
	if extra, _ := r.Read(make([]byte, 1)); extra > 0 {
		return u, fault.New(fault.TooLarge, "more came than was announced").And("limit", u.Size)
	}
	return u, nil
}

// Finish makes a blob of an upload that is whole; the same again gives the same. fault.Unreadable when it is not what it was to be:
// the upload is gone then.
func (s *Store) Finish(ctx context.Context, person id.Person, name string) (File, error) {
	release, err := s.take(name)
	if err != nil {
		return File{}, err
	}
	defer release()
	u, err := s.State(person, name)
	switch {
	case err != nil:
		return File{}, err
	case u.File != nil:
		return *u.File, nil
	case u.At != u.Size:
		return File{}, fault.New(fault.Conflicting, "the upload is not whole").And("at", u.At)
	}
	file, err := s.become(ctx, &u)
	if fault.Is(err, fault.Unreadable) {
		_ = s.remove(name) // it is refused either way
	}
	if err != nil {
		return File{}, err
	}
	u.File = &file
	if err := s.save(&u); err != nil {
		return File{}, err
	}
	return file, nil
}

// Drop gives an upload up, also one that is being written: what comes of that is nothing.
func (s *Store) Drop(person id.Person, name string) error {
	if _, err := s.State(person, name); err != nil {
		return err
	}
	return s.remove(name)
}

// become makes the blob.
func (s *Store) become(ctx context.Context, u *Upload) (file File, err error) {
	path := s.data(u.ID)
	if u.As == Picture {
		if file, err = s.redraw(ctx, u.Person, path); err != nil {
			return file, err
		}
	} else if file.Type, err = typeOf(path, u.As); err != nil {
		return file, err
	}
	if u.As != Picture {
		if err := s.unplaced(ctx, u); err != nil {
			return file, err
		}
	}
	info, err := os.Stat(path)
	if err == nil {
		file.Size = info.Size()
		file.Hash, err = hashOf(path)
	}
	if err == nil && u.As == Picture {
		err = s.keepSmall(path, file.Hash)
	}
	if err == nil {
		err = s.keep(path, file.Hash, "")
	}
	if err != nil {
		return file, fmt.Errorf("blob: keep: %w", err)
	}
	return file, nil
}
