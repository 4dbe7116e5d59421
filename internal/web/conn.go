package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"linli/internal/audit"
	"linli/internal/blob"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
	"linli/internal/socket"
	"linli/internal/view"
	"linli/internal/wire"
)

const (
	maxMessage  = 64 << 10 // bytes of one message of a client
	maxCommands = 32       // of one message
	maxReads    = 256
)

// Sockets serves the connections of all people: commands in, deliveries out (docs/protocol.md, The socket).
type Sockets struct {
	Engine *engine.Engine
	View   *view.View
	Hub    *hub.Hub
	Marks  *engine.Marks
	Blobs  *blob.Store
	Audit  *audit.Log
	Alive  func(id.Device) bool            // is the device still signed in?
	Owes   func(id.Person, id.Device) bool // is its second step due? nil: never
	Life   string                          // of the office, as Hello has it
	Rate   rate.Limit                      // commands a second of one connection; 0: 20
	Now    func() time.Time
	Log    *slog.Logger

	resumes resumes
}

// Start makes the sockets ready to serve.
func (s *Sockets) Start() {
	s.resumes.answer = (*conn).resume
	if s.Rate == 0 {
		s.Rate = 20
	}
}

// Serve upgrades a request of a device that has signed in, from whichever page: that was looked at before. It returns at once; the connection lives on in a goroutine of its own.
func (s *Sockets) Serve(w http.ResponseWriter, r *http.Request, person id.Person, device id.Device) {
	c, err := socket.Accept(w, r)
	if err != nil {
		return // the answer has been written
	}
	k := s.connect(c, person, device)
	k.source = address(r)
	opened := s.Hub.Open(person, device, c, k.hello)
	go func() {
		defer s.resumes.end(k)
		defer s.Hub.Close(opened)
		var broken *fault.Panic
		switch err := fault.Caught(func() error { return c.Listen(maxMessage, k.hear) }); {
		case errors.As(err, &broken):
			s.Log.Error("connection ended", "device", device, "err", err)
		case err != nil:
			s.Log.Debug("connection ended", "device", device, "err", err)
		}
	}()
}

// conn is one connection on the server's side.
type conn struct {
	*Sockets
	conn     hub.Conn
	person   id.Person
	device   id.Device
	source   string // the address that it came from
	pace     *rate.Limiter
	ctx      context.Context // ends with the connection
	cancel   context.CancelFunc
	resuming int // rooms that wait; guarded by Sockets.resumes
}

func (s *Sockets) connect(c hub.Conn, person id.Person, device id.Device) *conn {
	k := &conn{Sockets: s, conn: c, person: person, device: device, pace: rate.NewLimiter(s.Rate, int(s.Rate)*3+4)}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// hello says the first thing, before anything of a room can be heard, and returns what will be heard from here on.
func (k *conn) hello() []hub.Topic {
	if !k.Alive(k.device) || k.owes() {
		k.conn.Bye(hub.SignedOut, "signed out")
		return nil
	}
	rooms := k.Engine.RoomsOf(k.person)
	if rooms == nil {
		rooms = []wire.RoomHead{}
	}
	k.say("hello", wire.Hello{
		Person: k.person, Device: k.device, Now: k.Now().UnixMilli(), N: k.Engine.Greatest(k.device, rooms), Life: k.Life, Rooms: rooms,
	})
	return k.Engine.Topics(k.person, rooms)
}

func (k *conn) owes() bool { return k.Owes != nil && k.Owes(k.person, k.device) }

func (k *conn) say(key string, value any) {
	b, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		k.Log.Error("not JSON", "key", key, "err", err)
		return
	}
	k.conn.Push(hub.Frame(b))
}

// hear takes one message. What is not a message of the protocol ends the connection.
func (k *conn) hear(message []byte) {
	var m wire.FromClient
	if !utf8.Valid(message) || json.Unmarshal(message, &m) != nil || len(m.Do) > maxCommands || len(m.Resume) > maxResumes ||
		len(m.Read) > maxReads {
		k.conn.Bye(hub.Limits, "not a message of the protocol")
		return
	}
	if len(m.Do) > 0 && k.owes() {
		k.conn.Bye(hub.SignedOut, "the second step is due") // what was sent is sent again when it was taken
		return
	}
	for i := range m.Do {
		c := &m.Do[i]
		if err := fault.Caught(func() error { k.do(c); return nil }); err != nil {
			k.Answered([]engine.Answer{{Command: c.ID, Err: err}})
		}
	}
	if len(m.Resume) > 0 {
		k.resumes.ask(k, m.Resume)
	}
	for _, r := range m.Read {
		k.read(r)
	}
	if m.Hint != nil {
		k.hint(m.Hint)
	}
}

// do passes a command on. Who is too fast waits, and so do the commands behind: a refusal here would let them overtake.
func (k *conn) do(c *wire.Command) {
	time.Sleep(k.pace.Reserve().Delay())
	noteStranger(k.Engine, k.Audit, k.person, c.Room, c.Act, k.source)
	if err := complete(context.Background(), k.Engine, k.View, k.Blobs, k.person, c.Room, c); err != nil {
		k.Answered([]engine.Answer{{Command: c.ID, Err: err}})
		return
	}
	k.Engine.Submit(c.Room.Log(), engine.Ask{
		Person: k.person, Device: k.device, Asker: k,
		Command: entry.Command{ID: c.ID, Act: c.Act, Re: c.Re, With: c.With, Words: c.Words},
	})
}

// Answered tells what came of commands: ok and no.
func (k *conn) Answered(all []engine.Answer) {
	b, err := json.Marshal(answersOf(all, k.Log))
	if err != nil {
		k.Log.Error("not JSON", "err", err)
		return
	}
	k.conn.Push(hub.Frame(b))
}

// commandAnswers is ok and no as they go out, on the socket and by HTTP.
type commandAnswers struct {
	OK []any `json:"ok,omitempty"`
	No []any `json:"no,omitempty"`
}

func answersOf(all []engine.Answer, log *slog.Logger) (out commandAnswers) {
	for _, a := range all {
		if a.Err == nil {
			out.OK = append(out.OK, [2]any{a.Command, a.Seq})
			continue
		}
		f := faultOf(log, a.Err, "command", a.Command)
		no := []any{a.Command, f.Code}
		if len(f.With) > 0 {
			no = append(no, f.With)
		}
		out.No = append(out.No, no)
	}
	return out
}

// changes is what changed in a room since a ch, as this person may read it.
func (k *conn) changes(ctx context.Context, r wire.Resume) ([]byte, error) {
	if !k.member(r.Room) {
		return nil, fault.New(fault.NotMember, "not a member of this room")
	}
	if err := k.Engine.Seen(ctx, r.Room); err != nil {
		return nil, err
	}
	b, err := k.View.Resume(r.Room, reads(k.Engine, r.Room, k.person), r.After)
	if err != nil {
		return nil, err
	}
	// Removed meanwhile: the removal has been told, and nothing may come behind it.
	if !k.member(r.Room) {
		return nil, fault.New(fault.NotMember, "not a member of this room")
	}
	return b, nil
}

// reads is a person reading a room.
func reads(e *engine.Engine, r id.Room, p id.Person) view.Who {
	return view.Who{Since: e.Horizon(r, p), Mine: e.Mine(r, p)}
}

func (k *conn) member(r id.Room) (in bool) {
	_ = k.Engine.ReadRoom(r, func(s *room.State) { in = s.Has(k.person) })
	return in
}

// read moves a mark, and tells the person's other devices.
func (k *conn) read(r wire.ReadTo) {
	if !k.member(r.Room) || r.Lane != "" && !slices.Contains(lanes, kind.Lane(r.Lane)) {
		return
	}
	// A mark counts what the views have; they are a moment behind what was just heard.
	r.Seq = min(r.Seq, k.Engine.Head(r.Room))
	if err := k.View.Wait(context.Background(), r.Room.Log(), r.Seq); err != nil {
		return
	}
	moved, err := k.Marks.Read(k.person, r.Room, r.Seq, r.Lane)
	if err != nil {
		k.Log.Error("read mark failed", "room", r.Room, "err", err)
		return
	}
	if moved {
		b, _ := json.Marshal(map[string]any{"read": []wire.ReadTo{r}})
		k.Hub.Tell(k.person, hub.Frame(b))
	}
}

// hint passes a sign of life on to who is in the room now. It is no entry and may be lost.
func (k *conn) hint(h *wire.Hint) {
	if !k.pace.Allow() || !k.member(h.Room) {
		return
	}
	b, _ := json.Marshal(map[string]any{"hint": wire.Hint{Room: h.Room, Person: k.person, Typing: h.Typing}})
	k.Hub.Publish(hub.Room(h.Room), hub.Frame(b))
}

// faultOf is what somebody is told of an error, which is logged when it is none of theirs.
func faultOf(log *slog.Logger, err error, key string, of any) *fault.Fault {
	f := fault.Of(err)
	if f == nil {
		log.Error("not done", key, of, "err", err)
		f = fault.New(fault.Internal, "something went wrong")
	}
	return f
}

// bearer is the token of an Authorization header; empty when there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
