// Package archive keeps copies of an office elsewhere, and gives one back.
//
// An archive is a folder or a bucket, its target. It knows the office by journal.Journal alone, so that any engine's copy can be restored
// into any other. Whatever lies there is compressed and sealed (age) for two who may open it: the safe, whose key is on paper and on no
// machine, and the machine itself, so that it can go on from its own copies and try them. In the target:
//
//	archive.json         whose archive this is; the one thing in clear
//	copies/<n>-<time>    a copy: what belongs to it (Copy). It is written last and all at once: without it nothing of a copy counts
//	frames/<n>-<i>       frames of all logs in the order in which they came, for all copies of a generation
//	shelf/<n>            everything on the shelf at one moment
//	gone/<n>             the frames that were redacted until then
//	apart/<n>            those items of the shelf that no past may bring back: people's keys
//	list/<n>             names and sizes of the files
//	files/<name>         a file, once, under a keyed hash of its name
//
// A copy holds frames and shelf as of one moment. It adds to what the one before it has; now and then one begins a new generation, so that
// what rots at the target does not rot for good. What was forgotten stays forgotten: of what is kept apart there is only the newest that a
// restore takes, whatever copy it restores, and older ones go after ThirtyDays.
//
// Whatever is doubtful begins a new generation. A copy that was cut off leaves parts that no copy names; the next one takes them away.
package archive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/time/rate"

	"linli/internal/id"
	"linli/internal/journal"
)

const (
	format       = 1
	mostManifest = 256 << 20 // bytes: a generation of a year has less
)

// Copy is one, as its manifest says it.
type Copy struct {
	V          int             `json:"v"`
	Name       string          `json:"name"`
	Program    string          `json:"program"` // the version that wrote it
	At         int64           `json:"at"`      // ms: its moment
	Took       int64           `json:"took"`    // ms
	Generation string          `json:"generation"`
	Cursor     journal.Cursor  `json:"cursor"` // behind its last frame
	Heads      map[id.Log]Head `json:"heads"`
	Parts      []Part          `json:"parts"` // frames from the generation's beginning, in order; then the others
	New        int64           `json:"new"`   // bytes that were written for it
	Naming     []byte          `json:"naming"`
	Safe       string          `json:"safe"` // the recipient whose key is in the safe: all parts are sealed for it
	CopyCounts
	Damaged []string `json:"damaged,omitempty"` // what could not be copied
}

// CopyCounts is how much is in a copy, or was found in it.
type CopyCounts struct {
	Logs   int `json:"logs"`
	Frames int `json:"frames"`
	Items  int `json:"items"` // on the shelf, without those kept apart
	Apart  int `json:"apart"`
	Gone   int `json:"gone"` // redacted frames
	Files  int `json:"files"`
}

// Head is a log's last frame: its number and its hash.
type Head struct {
	Seq  journal.Seq `json:"seq"`
	Hash string      `json:"hash"`
}

// Part is something that lies in the target.
type Part struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Sum   string `json:"sum"`             // SHA-256 of these bytes, hex: whether they are sound can be told without a key
	Clear string `json:"clear,omitempty"` // SHA-256 of what is sealed in it, hex, where the next copy may have the same
}

// kind is the folder that a part lies in.
func (p Part) kind() string { k, _, _ := strings.Cut(p.Name, "/"); return k }

// The folders of a target.
const (
	copies  = "copies"
	framesD = "frames"
	shelfD  = "shelf"
	apartD  = "apart"
	goneD   = "gone"
	listD   = "list"
	filesD  = "files"
)

// part is the one of a kind; ok is false when a copy has none.
func (c *Copy) part(kind string) (p Part, ok bool) {
	for _, p := range c.Parts {
		if p.kind() == kind {
			return p, true
		}
	}
	return p, false
}

func (c *Copy) write(w io.Writer) error { return json.NewEncoder(w).Encode(c) }

// Full tells whether a copy began its generation.
func (c *Copy) Full() bool { return c.Generation == c.Name }

// Files are the office's files beside its logs. Each has a name and never changes.
type Files interface {
	Each(ctx context.Context, do func(name string, size int64) error) error
	Open(name string) (io.ReadCloser, error) // fs.ErrNotExist when it went meanwhile
	Sound(name string, sum []byte) bool      // whether a file of this name can have this SHA-256
	Put(name string, r io.Reader) error      // whole or not at all; it must be sound
}

// Source is what copies are made of.
type Source struct {
	Journal journal.Journal
	Files   Files
	Apart   string // how the keys of items begin that no past may bring back
	Program string
}

// Options of an archive.
type Options struct {
	Safe  string        // the recipient whose key is in the safe (age1…)
	Keys  string        // folder in which the machine's own key lies; it is made when it is not there
	Whole time.Duration // how long a generation lasts
	Rate  int64         // bytes a second that are read at most; 0: as many as there are
	Now   func() time.Time
	Log   *slog.Logger
}

// Archive is one target, as the machine sees it. One goroutine at a time may use it.
type Archive struct {
	target  Target
	o       Options
	machine *age.X25519Identity
	seal    []age.Recipient
	pace    *rate.Limiter
	have    map[string]bool // files that lie in the target; nil: not known yet
}

var (
	// ErrForeign says that the target holds another office's archive.
	ErrForeign = errors.New("archive: the target holds another office's archive, or this one's from before its keys were made anew; name an empty folder")
	// ErrNoCopy says that there is none, or none at that time.
	ErrNoCopy = errors.New("archive: there is no such copy")
	// ErrNoKey says that a key does not open the archive.
	ErrNoKey = errors.New("archive: this key does not open it")
)

// Damaged says what of a copy is missing or not what was written.
type Damaged struct{ Part, What string }

func (d *Damaged) Error() string { return fmt.Sprintf("archive: %s: %s", d.Part, d.What) }

const machineKey = "archive.key"

// NewKey makes the pair of a safe: what is printed and put away, and what goes into the configuration.
func NewKey() (secret, recipient string, err error) {
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("archive: key: %w", err)
	}
	return pair.String(), pair.Recipient().String(), nil
}

// ValidRecipient tells whether a text can be the safe's in the configuration.
func ValidRecipient(text string) error {
	_, err := age.ParseX25519Recipient(text)
	if strings.HasPrefix(text, "AGE-SECRET-KEY") {
		return errors.New("this is the secret key, which belongs into the safe; the configuration has the one that begins with age1")
	}
	return err
}

// Open makes an archive of a target for the machine that writes it.
func Open(t Target, o Options) (*Archive, error) {
	safe, err := age.ParseX25519Recipient(o.Safe)
	if err != nil {
		return nil, fmt.Errorf("archive: the safe's key: %w", err)
	}
	machine, err := loadMachine(o.Keys)
	if err != nil {
		return nil, err
	}
	a := &Archive{target: t, o: o, machine: machine, seal: []age.Recipient{safe, machine.Recipient()}}
	if o.Rate > 0 {
		a.pace = rate.NewLimiter(rate.Limit(o.Rate), int(max(o.Rate, chunk)))
	}
	return a, nil
}

// OpenFor makes an archive of a target for who has one of its keys: to look and to restore.
func OpenFor(t Target, secret string) (*Archive, error) {
	pair, err := age.ParseX25519Identity(strings.TrimSpace(secret))
	if err != nil {
		return nil, fmt.Errorf("archive: not a key like AGE-SECRET-KEY-1…: %w", err)
	}
	return &Archive{target: t, machine: pair, o: Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}}, nil
}

// MachineKey is the machine's own key for an archive; fs.ErrNotExist when it has none.
func MachineKey(keys string) (secret string, err error) {
	b, err := os.ReadFile(filepath.Join(keys, machineKey))
	return strings.TrimSpace(string(b)), err
}

func loadMachine(keys string) (*age.X25519Identity, error) {
	secret, err := MachineKey(keys)
	if errors.Is(err, os.ErrNotExist) {
		secret, err = makeMachine(keys)
	}
	if err != nil {
		return nil, fmt.Errorf("archive: the machine's key: %w", err)
	}
	pair, err := age.ParseX25519Identity(secret)
	if err != nil {
		return nil, fmt.Errorf("archive: %s: %w", filepath.Join(keys, machineKey), err)
	}
	return pair, nil
}

func makeMachine(keys string) (secret string, err error) {
	if secret, _, err = NewKey(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return "", err
	}
	return secret, writeWhole(filepath.Join(keys, machineKey), strings.NewReader(secret+"\n"))
}

// head is archive.json.
type head struct {
	V    int    `json:"v"`
	Says string `json:"says"`
	Of   string `json:"of"` // the machine's recipient
}

// claim makes sure that the target is this office's.
func (a *Archive) claim(ctx context.Context) error {
	r, err := a.target.Get(ctx, "archive.json")
	if errors.Is(err, ErrAbsent) {
		b, _ := json.MarshalIndent(head{format, "Linli 邻里: copies of an office, sealed with age; `linli restore` reads them", a.machine.Recipient().String()}, "", " ")
		return a.target.Put(ctx, "archive.json", bytes.NewReader(b))
	}
	if err != nil {
		return err
	}
	defer r.Close()
	var h head
	if err := json.NewDecoder(io.LimitReader(r, 1<<16)).Decode(&h); err != nil {
		return &Damaged{"archive.json", "it is not what was written"}
	}
	switch {
	case h.V != format:
		return fmt.Errorf("archive: it is of format %d, which this program does not know", h.V)
	case h.Of != a.machine.Recipient().String():
		return ErrForeign
	}
	return nil
}

// List are the names of the copies, the oldest first.
func (a *Archive) List(ctx context.Context) (names []string, err error) {
	return a.names(ctx, copies)
}

func (a *Archive) names(ctx context.Context, kind string) (names []string, err error) {
	for thing, err := range a.target.List(ctx, kind+"/") {
		if err != nil {
			return nil, err
		}
		if name := strings.TrimPrefix(thing.Name, kind+"/"); number(name) > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(x, y string) int { return number(x) - number(y) })
	return names, nil
}

// number counts copies and their parts; clocks may be set back, numbers are not.
func number(name string) int {
	text, _, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// Read is a copy by its name.
func (a *Archive) Read(ctx context.Context, name string) (*Copy, error) {
	r, err := a.opened(ctx, copies+"/"+name)
	if errors.Is(err, ErrAbsent) {
		return nil, ErrNoCopy
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := &Copy{}
	err = json.NewDecoder(io.LimitReader(r, mostManifest)).Decode(c)
	if r.raw.err != nil {
		return nil, r.raw.err
	}
	if err != nil || c.Name != name {
		return nil, &Damaged{copies + "/" + name, "it is not what was written"}
	}
	if c.V > format {
		return nil, fmt.Errorf("archive: the copy %s is of format %d, which this program does not know", name, c.V)
	}
	return c, nil
}

// Newest is the newest copy that can be read, and how many newer ones cannot.
func (a *Archive) Newest(ctx context.Context) (c *Copy, worse int, err error) {
	names, err := a.List(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range slices.Backward(names) {
		c, err = a.Read(ctx, name)
		if err == nil {
			return c, worse, nil
		}
		if ctx.Err() != nil || !isDamaged(err) {
			return nil, worse, err
		}
		worse++
	}
	if err == nil {
		err = ErrNoCopy
	}
	return nil, worse, err
}

func isDamaged(err error) bool {
	var d *Damaged
	return errors.As(err, &d)
}

// fileName is where a file lies in the target: who sees the target cannot ask it for a file that they know.
func fileName(naming []byte, name string) string {
	h := hmac.New(sha256.New, naming)
	h.Write([]byte(name))
	hash := hex.EncodeToString(h.Sum(nil)[:20])
	return filesD + "/" + hash[:2] + "/" + hash
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand stops the program instead
	return b
}
