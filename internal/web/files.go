package web

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"linli/internal/blob"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/view"
	"linli/internal/wire"
)

const (
	maxPart    = 8 << 20         // bytes of one part of an upload
	partWithin = 2 * time.Minute // a part may take; what came until then stays
)

type uploadInput struct {
	Room id.Room `path:"room"`
	Body struct {
		As   blob.As `json:"as"` // picture, video, voice, file
		Size int64   `json:"size"`
	}
}

type uploadBody struct {
	Upload string     `json:"upload"`
	At     int64      `json:"at"`   // bytes that are here
	Size   int64      `json:"size"` // of the whole
	File   *blob.File `json:"file,omitempty"`
}

func uploadOf(u blob.Upload) uploadBody {
	return uploadBody{Upload: u.ID, At: u.At, Size: u.Size, File: u.File}
}

// beginUpload takes what is to be posted in a room, from somebody who may post there.
func (s *Server) beginUpload(ctx context.Context, in *uploadInput) (*body[uploadBody], error) {
	c, err := s.mayHear(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	until := int64(0)
	if err := s.Engine.ReadRoom(in.Room, func(x *room.State) {
		if m := x.Member(c.Person); m != nil && m.Role == "" {
			until = m.Muted
		}
	}); err != nil {
		return nil, err
	}
	if until > s.Now().UnixMilli() {
		return nil, fault.New(fault.Muted, "muted in this room").And("until", until)
	}
	u, err := s.Blobs.Begin(c.Person, in.Room, in.Body.As, in.Body.Size)
	if err != nil {
		return nil, err
	}
	return says(uploadOf(u)), nil
}

type uploadRef struct {
	Upload string `path:"upload"`
}

func (s *Server) uploadState(ctx context.Context, in *uploadRef) (*body[uploadBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.Blobs.State(p, in.Upload)
	if err != nil {
		return nil, err
	}
	return says(uploadOf(u)), nil
}

// uploadPart is PATCH /uploads/{upload}: the bytes from Upload-Offset on.
func (s *Server) uploadPart(w http.ResponseWriter, r *http.Request) {
	p, err := s.signedIn(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	at, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		s.refuse(w, r, fault.New(fault.Invalid, "Upload-Offset says where the part begins").And("field", "Upload-Offset"))
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(partWithin))
	u, err := s.Blobs.Write(p, chi.URLParam(r, "upload"), at, http.MaxBytesReader(w, r.Body, maxPart))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(uploadOf(u))
}

// endUpload makes a file of an upload that is whole.
func (s *Server) endUpload(ctx context.Context, in *uploadRef) (*body[uploadBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.Blobs.Finish(ctx, p, in.Upload); err != nil {
		return nil, err
	}
	return s.uploadState(ctx, in)
}

func (s *Server) dropUpload(ctx context.Context, in *uploadRef) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return ok(), s.Blobs.Drop(p, in.Upload)
}

// complete fills in, at the door, what a client can only name: uploads, and messages of another room.
func complete(ctx context.Context, e *engine.Engine, v *view.View, blobs *blob.Store, person id.Person, r id.Room, c *wire.Command) error {
	if c.Act == kind.Forward+".post" {
		return passOn(ctx, e, v, person, c)
	}
	return attach(blobs, person, r, c)
}

// attach puts into a post what its uploads became. A client names uploads ({"files": [{"upload": "u…"}]}); what stands in the log are
// the files, as this server has seen them.
func attach(blobs *blob.Store, person id.Person, r id.Room, c *wire.Command) error {
	name, verb, _ := strings.Cut(c.Act, ".")
	if k := kind.Of(name); verb != "post" || k == nil || !k.Files {
		return nil
	}
	var facts map[string]json.RawMessage
	var named []struct {
		Upload string `json:"upload"`
	}
	if json.Unmarshal(c.With, &facts) != nil || json.Unmarshal(facts["files"], &named) != nil {
		return fault.New(fault.Invalid, "files are a list of uploads").And("field", "files")
	}
	files := []blob.File{}
	for _, n := range named {
		u, err := blobs.State(person, n.Upload)
		if err != nil {
			return err
		}
		if u.File == nil || u.Room != r {
			return fault.New(fault.Invalid, "an upload that is not whole, or for another room").And("field", "files")
		}
		files = append(files, *u.File)
	}
	var err error
	if facts["files"], err = json.Marshal(files); err == nil {
		c.With, err = json.Marshal(facts)
	}
	return err
}

// file is what an item of a room brought, for who may read the item.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	hash := chi.URLParam(r, "hash")
	f, name, until, err := s.fileOf(r, hash)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	less := r.URL.Query().Has("small")
	content, err := s.Blobs.Read(hash, less)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age="+strconv.FormatInt(s.kept(until), 10))
	h.Set("ETag", `"`+hash+map[bool]string{true: ".s"}[less]+`"`)
	h.Set("Content-Type", f.Type)
	if name != "" || !slices.Contains(shown, f.Type) {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// shown are the types that a page may show; everything else is only ever saved.
var shown = []string{"image/jpeg", "video/mp4", "video/webm", "audio/mp4", "audio/webm", "audio/ogg"}

// kept is for how many seconds a browser may keep a file: a day, and not beyond its time.
func (s *Server) kept(until int64) int64 {
	const day = 24 * 3600
	if until == 0 {
		return day
	}
	return max(0, min(day, (until-s.Now().UnixMilli())/1000))
}

// fileOf looks a file up in an item that the asker may read, what its sender called it, and until when it is kept (ms; 0 for ever).
func (s *Server) fileOf(r *http.Request, hash string) (f kind.File, name string, until int64, err error) {
	none := fault.New(fault.NotFound, "there is no such file")
	seq, err := strconv.ParseUint(chi.URLParam(r, "seq"), 10, 53)
	if err != nil {
		return f, "", 0, none
	}
	item, state, err := s.itemFor(r.Context(), id.Room(chi.URLParam(r, "room")), entry.Seq(seq))
	if err != nil {
		return f, "", 0, err
	}
	at := slices.IndexFunc(state.Files, func(f kind.File) bool { return f.Hash == hash })
	if at < 0 {
		return f, "", 0, none
	}
	until, err = s.notPast(item, state)
	return state.Files[at], kind.NameOf(item.Words, at), until, err
}

// notPast is until when an item's files are kept (ms; 0 for ever); fault.Expired when that is over.
func (s *Server) notPast(item *wire.Item, state *brought) (until int64, err error) {
	if s.Keep.Past(item.Kind, item.At, state.Pinned, s.Now().UnixMilli()) {
		return 0, fault.New(fault.Expired, "the file was kept until then").And("until", s.Keep.Until(item.Kind, item.At, state.Pinned))
	}
	return s.Keep.Until(item.Kind, item.At, state.Pinned), nil
}

// brought is the part of a state that speaks of files.
type brought struct {
	wire.Flags
	Files   []kind.File `json:"files"`
	Spelled string      `json:"spelled"`
}

// itemFor is an item as the asker may read it; fault.NotFound for one that was taken back as well.
func (s *Server) itemFor(ctx context.Context, in id.Room, seq entry.Seq) (*wire.Item, *brought, error) {
	c, err := s.mayHear(ctx, in)
	if err == nil {
		err = s.Engine.Seen(ctx, in)
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := s.View.Sent(in, reads(s.Engine, in, c.Person), seq)
	if err != nil {
		return nil, nil, err
	}
	item, state := &wire.Item{}, &brought{}
	if err := json.Unmarshal(b, item); err != nil {
		return nil, nil, err
	}
	if len(item.State) > 0 {
		if err := json.Unmarshal(item.State, state); err != nil {
			return nil, nil, err
		}
	}
	if state.Retracted {
		return nil, nil, fault.New(fault.NotFound, "it was taken back")
	}
	return item, state, nil
}
