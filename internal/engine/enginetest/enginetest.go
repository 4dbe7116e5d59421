// Package enginetest is a street to test in: journal, views, register, hub and engine on a temporary folder, joined as the
// program joins them, with a clock that stands still until it is moved.
//
// It can be harmed. The program may die between any two steps of its journal, somebody else may append, the disk may fill up,
// and the views may fall behind or be lost (harm.go). Nothing here stands in for a part's own logic.
package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/long"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/view"
	"linli/internal/wire"
)

// The street: two rooms, an owner for both, and neighbours of the first. 张建国 and 张太太 live behind one door.
const (
	Heyuan  id.Room   = "rheyuan3" // 和园3号楼
	Other   id.Room   = "rheyuan4" // 和园4号楼
	Zhou    id.Person = "pzhou"    // owner of both rooms
	Zhang   id.Person = "pzhang"
	ZhangB  id.Person = "pzhangb"
	Li      id.Person = "pli"
	Wang    id.Person = "pwang"
	Passer  id.Person = "ppasser" // in no room
	lake              = "chu"
	perRoom           = 6 // doors
)

// Neighbours are the people of the first room but its owner.
var Neighbours = []id.Person{Zhang, ZhangB, Li, Wang}

// Records are what the register has of them.
var Records = map[id.Person]register.Record{
	Zhou:   {Name: "周社工", Phone: "13900008001"},
	Zhang:  {Name: "张建国", Phone: "13800000101", Title: "先生"},
	ZhangB: {Name: "陈淑芬", Phone: "13800000102", Title: "女士"},
	Li:     {Name: "李秀英", Phone: "13800000103", Title: "女士"},
	Wang:   {Name: "王芳", Phone: "13800000104", Title: "女士"},
}

// Street is the parts. Engine and Hub are new in each life (Start).
type Street struct {
	T        testing.TB
	Dir      string
	Disk     *local.Journal // the journal itself, unharmed
	Register *register.Register
	Sealer   engine.Sealer // the register, unless a test says otherwise
	View     *view.View
	Hub      *hub.Hub
	Engine   *engine.Engine
	*Harm

	free atomic.Int64
	now  atomic.Int64

	mu sync.Mutex
	n  map[id.Person]int
}

// Empty is a street before its first entry, with a running engine.
func Empty(t testing.TB) *Street {
	t.Helper()
	s := &Street{T: t, Dir: t.TempDir(), n: map[id.Person]int{}}
	s.now.Store(time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC).UnixMilli())
	s.FreeSpace(90 << 20)
	var err error
	// So little space is free that no ballast is laid aside, and more than the reserve.
	s.Disk, err = local.Open(filepath.Join(s.Dir, "log"), local.Options{
		Reserve: 1 << 10, Free: func(string) (int64, error) { return s.free.Load(), nil },
	})
	s.must(err)
	keys, err := register.LoadKeys(filepath.Join(s.Dir, "keys"))
	s.must(err)
	s.Register = register.Open(s.Disk.Shelf(), keys)
	s.Sealer = s.Register
	s.OpenView()
	s.Start()
	t.Cleanup(s.close)
	return s
}

// New is a street where people live.
func New(t testing.TB) *Street {
	t.Helper()
	s := Empty(t)
	s.must(s.Register.PutAll(t.Context(), Records))
	s.Serve("office.found", map[string]any{"name": "如意湖街道办事处", "person": "padmin"})
	places := map[string]any{"communities": []any{map[string]any{"id": lake, "name": "湖心社区"}}}
	var rooms, doors, people []any
	for i, r := range []id.Room{Heyuan, Other} {
		building := fmt.Sprintf("%d号楼", i+3)
		rooms = append(rooms, map[string]any{"id": r, "name": "和园" + building, "community": lake, "compound": "和园", "building": building})
		for n := range perRoom {
			doors = append(doors, map[string]any{
				"id": Door(r, n+1), "kind": "home", "community": lake, "compound": "和园", "building": building, "entrance": "1单元", "door": fmt.Sprint(101 + n),
			})
		}
	}
	places["rooms"], places["premises"] = rooms, doors
	s.Serve("places.put", places)
	s.Serve("role.grant", map[string]any{"grants": []any{
		map[string]any{"person": Zhou, "role": "owner", "room": Heyuan}, map[string]any{"person": Zhou, "role": "owner", "room": Other},
	}})
	for i, p := range Neighbours {
		people = append(people, Admission(p, Heyuan, max(i, 1)))
	}
	s.Serve("person.admit", map[string]any{"people": people, "quiet": true})
	s.Settle()
	return s
}

// Door is the id of a room's n-th door, from 1.
func Door(r id.Room, n int) id.Premises { return id.Premises(fmt.Sprintf("h%s%d", r, n)) }

// Admission is one of person.admit's people: behind the n-th door of a room.
func Admission(p id.Person, r id.Room, n int) map[string]any {
	return map[string]any{"person": p, "room": r, "premises": Door(r, n), "relation": "owner"}
}

func (s *Street) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// OpenView opens the views, which were closed or lost.
func (s *Street) OpenView() {
	s.T.Helper()
	v, err := view.Open(s.ViewDir(), slog.New(slog.DiscardHandler), func(err error) { s.T.Error("the views stand still:", err) })
	s.must(err)
	s.View = v
}

// log is the test's own, to be read where it fails.
func (s *Street) log() *slog.Logger { return slog.New(slog.NewTextHandler(s.T.Output(), nil)) }

// ViewDir is where the views lie.
func (s *Street) ViewDir() string { return filepath.Join(s.Dir, "view") }

// Make makes an engine of the parts, in a new life, and does not start it.
func (s *Street) Make() (*engine.Engine, error) {
	s.Harm, s.Hub = Harmed(s.Disk), hub.New()
	return engine.New(engine.Parts{
		Journal: s.Harm, Hub: s.Hub, Reader: reader{s.View, s.Harm}, Sealer: s.Sealer, Names: names{s.Register},
		Now: s.Now, Log: s.log(),
	})
}

// Start begins a new life: a new engine on what the last one left.
func (s *Street) Start() {
	s.T.Helper()
	e, err := s.Make()
	s.must(err)
	s.Engine = e
	s.must(e.Start(s.T.Context()))
}

// Kill ends the engine where it stands: what it did not yet append is lost, and so is what the views had not yet taken.
func (s *Street) Kill() {
	s.Die()
	s.Engine.Close()
}

// Restart stops the engine as a program stops, and starts it again.
func (s *Street) Restart() {
	s.T.Helper()
	s.Engine.Close()
	s.Start()
}

// Rebuild stops the engine, throws the views away, and starts on the log alone.
func (s *Street) Rebuild() {
	s.T.Helper()
	s.Engine.Close()
	s.must(s.View.Close())
	s.must(os.RemoveAll(s.ViewDir()))
	s.OpenView()
	s.Start()
}

func (s *Street) close() {
	s.Engine.Close()
	if err := s.View.Close(); err != nil {
		s.T.Error(err)
	}
	if err := s.Disk.Close(); err != nil {
		s.T.Error(err)
	}
}

// Now is the office's clock.
func (s *Street) Now() time.Time { return time.UnixMilli(s.now.Load()) }

// Wait lets time pass on the office's clock. Nothing is due before somebody looks (Engine.Due).
func (s *Street) Wait(d time.Duration) { s.now.Add(d.Milliseconds()) }

// FreeSpace says how many bytes the disk has left; below 1024 nothing is stored.
func (s *Street) FreeSpace(bytes int64) { s.free.Store(bytes) }

// Serve lets the server do something in the office.
func (s *Street) Serve(act string, facts any) entry.Seq {
	s.T.Helper()
	with, err := json.Marshal(facts)
	s.must(err)
	seq, err := s.Engine.As(s.T.Context(), id.Office, entry.Command{Act: act, With: with}, time.Time{})
	if err != nil {
		s.T.Fatalf("%s: %v", act, err)
	}
	return seq
}

// Settle waits until the office's effects are in the rooms.
func (s *Street) Settle() {
	s.T.Helper()
	s.must(s.Engine.Settled(s.T.Context()))
}

// Device is a person's.
func Device(p id.Person) id.Device { return id.Device("d" + p) }

// Command is the next command of a person's device. with and words are JSON, or empty.
func (s *Street) Command(p id.Person, act string, re entry.Seq, with, words string) entry.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[p]++
	c := entry.Command{ID: fmt.Sprintf("%s.%d", Device(p), s.n[p]), Act: act, Re: re}
	if with != "" {
		c.With = json.RawMessage(with)
	}
	if words != "" {
		c.Words = json.RawMessage(words)
	}
	return c
}

// Do does something in the first room.
func (s *Street) Do(p id.Person, act string, re entry.Seq, with, words string) (entry.Seq, error) {
	return s.Send(p, s.Command(p, act, re, with, words))
}

// Send sends a command to the first room, for the first time or again.
func (s *Street) Send(p id.Person, c entry.Command) (entry.Seq, error) {
	return s.Engine.Do(s.T.Context(), Heyuan.Log(), p, Device(p), c)
}

// Must is Do for what has to go well.
func (s *Street) Must(p id.Person, act string, re entry.Seq, with, words string) entry.Seq {
	s.T.Helper()
	c := s.Command(p, act, re, with, words)
	for {
		seq, err := s.Send(p, c)
		if fault.Is(err, fault.Busy) && s.T.Context().Err() == nil { // the same again is right
			continue
		}
		if err != nil {
			s.T.Fatalf("%s %s %d: %v", p, act, re, err)
		}
		return seq
	}
}

// Says posts a text and returns its seq.
func (s *Street) Says(p id.Person, text string) entry.Seq {
	s.T.Helper()
	return s.Must(p, "text.post", 0, "", fmt.Sprintf(`{"text":%q}`, text))
}

// Refused sends a command that has to be refused.
func (s *Street) Refused(code fault.Code, p id.Person, act string, re entry.Seq, with, words string) {
	s.T.Helper()
	if seq, err := s.Do(p, act, re, with, words); !fault.Is(err, code) {
		s.T.Errorf("%s %s %d: answered %d, %v; not %s", p, act, re, seq, err, code)
	}
}

// Logged is an entry as it stands in the log, words sealed.
type Logged struct {
	Seq   entry.Seq       `json:"-"`
	Frame journal.Seq     `json:"-"`
	Kind  string          `json:"k"`
	By    id.Person       `json:"by"`
	ID    string          `json:"id"`
	Re    entry.Seq       `json:"re"`
	Cause entry.Seq       `json:"cause"`
	Facts json.RawMessage `json:"f"`
	Words []byte          `json:"w"`
}

// Read reads a whole log.
func (s *Street) Read(log id.Log) (all []Logged) {
	s.T.Helper()
	for f, err := range s.Disk.Read(context.Background(), log, 0, 0) {
		s.must(err)
		var body struct {
			From entry.Seq
			E    []Logged
		}
		s.must(json.Unmarshal(f.Body, &body))
		for i, e := range body.E {
			e.Seq, e.Frame = body.From+entry.Seq(i), f.Seq
			if e.Seq != entry.Seq(len(all)+1) {
				s.T.Fatalf("%s frame %d: seq %d stands at %d", log, f.Seq, e.Seq, len(all)+1)
			}
			all = append(all, e)
		}
	}
	return all
}

// Seen waits until the views of the first room have all that was told.
func (s *Street) Seen() {
	s.T.Helper()
	err := s.Engine.Seen(s.T.Context(), Heyuan)
	for late := time.Now().Add(long.Patience); fault.Is(err, fault.Busy) && time.Now().Before(late); { // nobody else waits longer than two seconds
		err = s.Engine.Seen(s.T.Context(), Heyuan)
	}
	s.must(err)
}

// Who is a person reading the first room, as at the door.
func (s *Street) Who(p id.Person) view.Who {
	return view.Who{Since: s.Engine.Horizon(Heyuan, p), Mine: s.Engine.Mine(Heyuan, p)}
}

// Item is an item of the first room as the views have it.
func (s *Street) Item(seq entry.Seq) (item wire.Item) {
	s.T.Helper()
	s.Seen()
	b, _, err := s.View.Item(Heyuan, seq)
	s.must(err)
	s.must(json.Unmarshal(b, &item))
	return item
}

// Digest is a hash of all views.
func (s *Street) Digest() string {
	s.T.Helper()
	b, err := s.View.Digest()
	s.must(err)
	return fmt.Sprintf("%x", b)
}

// reader is the views as the engine knows them. A life that has ended writes nothing more.
type reader struct {
	*view.View
	harm *Harm
}

func (r reader) Apply(b engine.Batch) {
	r.harm.views.pass(r.harm.dead)
	if !r.harm.Dead() {
		r.View.Apply(view.Batch{
			Log: b.Log, Frame: b.Frame, Seq: b.Seq, Published: b.Published, Cursor: b.Cursor, Parts: b.Parts, Names: b.Names, Checkpoint: b.Checkpoint,
		})
	}
}

func (r reader) Item(of id.Room, seq entry.Seq) (sent, kept []byte, err error) {
	r.harm.items.pass(r.harm.dead)
	return r.View.Item(of, seq)
}

// names is as in the program.
type names struct{ *register.Register }

func (n names) Name(ctx context.Context, _ id.Room, place string, who room.Newcomer) (wire.Name, error) {
	rec, err := n.Record(ctx, who.Person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return wire.Name{}, err
	}
	return wire.Name{ID: who.Person, Rev: who.Rev, Name: register.DisplayName(rec, place, who.Badge), Badge: who.Badge}, nil
}
