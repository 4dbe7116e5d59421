// Package journal keeps logs. A log is a dense, append-only sequence of frames; it is the only durable truth. Everything
// else in the program can be computed again from it, and nothing above this package knows which engine keeps it.
//
// A frame is what one append wrote, and only the journal counts frames. What happened is inside the body, and is counted by
// entry.Seq. Frames of a log form a chain: each holds the hash of the canonical bytes of the one before, so that a missing
// or changed frame is noticed by whoever reads.
package journal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
)

// MaxBody is the largest body of a frame in bytes. Larger things are blobs, kept elsewhere.
const MaxBody = 256 << 10

type (
	Seq    uint64   // counts the frames of a log, dense from 1; 0 is the place before the first
	ID     [16]byte // made by whoever appends; names this one append for ever
	Hash   [16]byte // the first 16 bytes of SHA-256 over a frame's canonical bytes
	Cursor []byte   // opaque place in a shard; saved by a reader in the same transaction as what it read
)

// Frame is what one Append wrote: all of it or none.
type Frame struct {
	Log  id.Log
	Seq  Seq
	ID   ID
	Prev Hash   // of the frame before; zero for the first
	Body []byte // at most MaxBody; shared by all who read it, so never written to
	Gone bool   // redacted: the body was replaced; Seq, ID and the chain remain
	Was  Hash   // of a redacted frame: its hash as it was appended
}

// Link is what the next frame's Prev must be: the hash of this one as it was appended.
func (f *Frame) Link() Hash {
	if f.Gone {
		return f.Was
	}
	return f.Hash()
}

// Hash is the hash of the frame as it stands: over log, seq, id, prev and body, each length-prefixed or of fixed size.
func (f *Frame) Hash() Hash {
	h := sha256.New()
	var n [8]byte
	put := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	put([]byte(f.Log))
	binary.BigEndian.PutUint64(n[:], uint64(f.Seq))
	h.Write(n[:])
	h.Write(f.ID[:])
	h.Write(f.Prev[:])
	put(f.Body)
	return Hash(h.Sum(nil)[:16])
}

// Journal is implemented by every engine; journaltest holds the suite that they must pass.
type Journal interface {
	// Append adds one frame right after `after` and returns its Seq once it is durable: on disk.
	//   Idempotent: if frame after+1 already has this id, that is success, at any age.
	//   Same log, after and id means same body.
	//   *Conflict       somebody else was first; this frame was not and will never be appended at after+1
	//   ErrUnavailable  surely not appended
	//   ErrUnknown      ctx ended while the outcome was open; it may still land. Ask again with the same arguments
	//   ErrNoSpace      the disk is below its reserve: surely not appended. Reading goes on
	//   ErrTooLarge, *Damaged, ErrClosed
	Append(ctx context.Context, log id.Log, after Seq, name ID, body []byte) (Seq, error)

	// Read yields frames after `after`, in order, dense and verified, up to the head as of the call; at most limit (0: all).
	//   *Damaged  a frame is missing or wrong. Never skipped, never papered over
	Read(ctx context.Context, log id.Log, after Seq, limit int) iter.Seq2[Frame, error]

	// Sound is *Damaged when a frame of the log is known to be missing or wrong: a quick look, not Check.
	Sound(ctx context.Context, log id.Log) error

	// Head is the log's last frame number, 0 for a log that does not exist.
	Head(ctx context.Context, log id.Log) (Seq, error)

	// Logs yields the names of all logs of a shard, in no particular order.
	Logs(ctx context.Context, shard int) iter.Seq2[id.Log, error]

	// Follow yields the frames of all logs of a shard, from the cursor on (nil: from the beginning) and then live, each log
	// in order, dense, verified. An idle beat (Frame.Log == "") comes once when it has caught up with what was there at the
	// call, and then every second in which nothing comes, with the current cursor. It ends without an error when ctx ends.
	//   ErrEpoch   the cursor is of another shard or of another life of this one (an archive was restored): rebuild the views
	//   *Damaged   a frame is missing or wrong; Log is empty when the shard's own order has a hole. Whoever goes on hears the other logs,
	//              and nothing more of this one
	//   ErrClosed
	Follow(ctx context.Context, shard int, from Cursor) iter.Seq2[Step, error]

	// Redact overwrites one body, keeping Seq, ID and the original hash. Who follows may see either body until it returns.
	//   ErrAbsent  there is no such frame
	Redact(ctx context.Context, log id.Log, seq Seq, body []byte) error

	// Snapshot hands over all that Follow does not bring, as of one moment: each value on the shelf, in key order, and then each frame that
	// was redacted, in no particular order. It returns the cursor behind the last frame of that moment. What item and gone do holds the
	// moment, so they wait for nothing; an error of theirs ends it.
	//   ErrUnreadable  some of the shelf may be missing
	Snapshot(ctx context.Context, shard int, item func(Item) error, gone func(Frame) error) (Cursor, error)

	// Import stores frames of an archive as they were, redacted ones too, each right behind its log's last; one that is there already is
	// passed over. It is for a journal that nobody follows yet.
	//   *Damaged  a frame does not fit the one before it; those before it are stored
	//   ErrUnavailable, ErrUnknown, ErrNoSpace, ErrTooLarge, ErrClosed as with Append
	Import(ctx context.Context, frames []Frame) error

	Shards() int
	Shelf() Shelf
	// Ready is nil when an append would be stored now: ErrNoSpace, ErrUnavailable.
	Ready() error
	Close() error
}

type vital struct{}

// Vital marks what must be stored also when the disk is below its reserve, as long as there is any room at all: so that people can sign
// in and read. It is for small things on the shelf.
func Vital(ctx context.Context) context.Context { return context.WithValue(ctx, vital{}, true) }

// IsVital tells whether a context was marked so.
func IsVital(ctx context.Context) bool { return ctx.Value(vital{}) != nil }

// VitalShelf is a shelf on which every change is vital.
func VitalShelf(s Shelf) Shelf { return vitalShelf{s} }

type vitalShelf struct{ Shelf }

func (s vitalShelf) Put(ctx context.Context, key string, value []byte, when Rev, ttl time.Duration) (Rev, error) {
	return s.Shelf.Put(Vital(ctx), key, value, when, ttl)
}

func (s vitalShelf) Delete(ctx context.Context, key string, when Rev) error {
	return s.Shelf.Delete(Vital(ctx), key, when)
}

// Step is a frame and the cursor right behind it.
type Step struct {
	Frame  Frame
	Cursor Cursor
}

// Rev is the version of a value on the shelf; it changes with every Put.
type Rev uint64

const (
	Any    Rev = 0       // put whatever is there
	Absent Rev = ^Rev(0) // put only if nothing is there
)

// Shelf holds small mutable facts that have no history: devices, read positions, keys, the sealed register, uniqueness
// claims. A put is durable when it returns. Keys are UTF-8, at most 512 bytes; values at most MaxBody.
type Shelf interface {
	// What is not there is ErrAbsent; what may have been there and lies in a damaged part of the disk is ErrUnreadable, here and below.
	Get(ctx context.Context, key string) (value []byte, rev Rev, err error)
	// Put stores value under key if the present revision is when (Any, Absent or a Rev), else ErrChanged. ttl 0 keeps it;
	// otherwise it is gone after ttl, never before and at most a second later. A Rev never comes back.
	//   ErrUnavailable, ErrUnknown, ErrNoSpace, ErrTooLarge, ErrClosed as with Append; so with Delete and PutAll
	Put(ctx context.Context, key string, value []byte, when Rev, ttl time.Duration) (Rev, error)
	Delete(ctx context.Context, key string, when Rev) error // ErrChanged; deleting what is absent is no error
	// List yields the present keys with this prefix and their values, in key order; last ErrUnreadable when some may be missing.
	List(ctx context.Context, prefix string) iter.Seq2[Item, error]
	// PutAll stores many values as with Any, each until its Until, in few transactions: for imports. Not atomic as a whole.
	PutAll(ctx context.Context, items []Item) error
}

// Item is a key and its value on the shelf.
type Item struct {
	Key   string
	Value []byte
	Rev   Rev
	Until int64 // s since 1970: when it goes; 0 for never
}

var (
	ErrUnavailable = errors.New("journal: unavailable")
	ErrUnknown     = errors.New("journal: outcome unknown")
	ErrNoSpace     = error(fault.New(fault.NoSpace, "journal: disk below its reserve")) // told to people as it is
	ErrTooLarge    = errors.New("journal: body too large")
	ErrClosed      = errors.New("journal: closed")
	ErrEpoch       = errors.New("journal: restored from an archive")
	ErrAbsent      = errors.New("journal: absent")
	ErrUnreadable  = error(fault.New(fault.Damaged, "journal: damaged on disk")) // it may be there; told to people as it is
	ErrChanged     = errors.New("journal: changed by somebody else")
)

// Conflict says that another frame stands right after `after`.
type Conflict struct{ Head Seq }

func (c *Conflict) Error() string { return fmt.Sprintf("journal: conflict, head is %d", c.Head) }

// Damaged says which frame is missing or wrong, and in which file, where that is known.
type Damaged struct {
	Log  id.Log
	Seq  Seq
	File string
}

func (d *Damaged) Error() string {
	where := ""
	if d.File != "" {
		where = ", in " + d.File
	}
	return fmt.Sprintf("journal: damaged at %s frame %d%s", d.Log, d.Seq, where)
}
