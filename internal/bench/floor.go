package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"linli/internal/hub"
	"linli/internal/socket"
)

// FloorName is the floor's name in results.
const FloorName = "floor"

// The floor is the least that a durable server can do on net/http, coder/websocket and Badger: messages are ordered, synced
// to disk, sent to all and acknowledged. It has no rights, names, views or kinds, and believes whoever says who they are.
//
//   - one goroutine for each room takes all that waits in its inbox, so order needs no lock
//   - one committer takes what all rooms bring and writes one transaction: one sync
//   - what a room commits together is encoded once, as one frame, and the same bytes are queued for all
//   - connections are those of package socket
type floor struct {
	db      *badger.DB
	commits chan *commit
	rooms   map[string]*floorRoom
	running sync.WaitGroup // the committer
}

// ServeFloor is the floor as a Child: it prints its members and where it listens, attends to in, and stops when that ends.
func ServeFloor(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	dir := flags.String("dir", "", "where to keep the log")
	rooms := flags.Int("rooms", 1, "how many rooms")
	members := flags.Int("members", 200, "how many members each has")
	secure := flags.Bool("tls", false, "serve TLS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := RaiseFiles(*rooms**members + 200); err != nil {
		return err
	}
	debug.SetGCPercent(50)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f, err := openFloor(ctx, *dir, *rooms)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, f.db.Close())
	}
	scheme := "ws://"
	if *secure {
		if listener, err = onTLS(listener); err != nil {
			return errors.Join(err, f.db.Close())
		}
		scheme = "wss://"
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // ends with Close below

	lines := json.NewEncoder(out)
	for r := range *rooms {
		for m := range *members {
			name := fmt.Sprintf("%dm%d", r, m)
			if err := lines.Encode(Member{Room: roomName(r), Device: "d" + name, Token: roomName(r) + "/d" + name}); err != nil {
				return err
			}
		}
	}
	if err := lines.Encode(map[string]string{"url": scheme + listener.Addr().String() + "/"}); err != nil {
		return err
	}
	err = Attend(in, out)
	server.Close()
	stop()
	f.running.Wait()
	return errors.Join(err, f.db.Close())
}

// onTLS serves with a certificate that nobody vouches for: the load does not ask.
func onTLS(l net.Listener) (net.Listener, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
	}), nil
}

func roomName(n int) string { return "r" + strconv.Itoa(n) }

func openFloor(ctx context.Context, dir string, rooms int) (*floor, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithSyncWrites(true).WithDetectConflicts(false).
		WithMemTableSize(16 << 20).WithNumVersionsToKeep(1).WithMetricsEnabled(false).WithLogger(nil))
	if err != nil {
		return nil, err
	}
	f := &floor{db: db, commits: make(chan *commit, rooms), rooms: map[string]*floorRoom{}}
	for n := range rooms {
		r := &floorRoom{name: roomName(n), wake: make(chan struct{}, 1), last: commit{done: make(chan error, 1)}}
		f.rooms[r.name] = r
		go r.run(ctx, f.commits)
	}
	f.running.Go(func() { f.commit(ctx) })
	return f, nil
}

// ServeHTTP connects a member to a room.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	room, device, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "/")
	at := f.rooms[room]
	if at == nil {
		http.Error(w, "no such room", http.StatusUnauthorized)
		return
	}
	conn, err := socket.Accept(w, r)
	if err != nil {
		return
	}
	by := "p" + strings.TrimPrefix(device, "d")
	at.join(conn)
	go func() {
		defer at.leave(conn)
		conn.Listen(64<<10, func(message []byte) { at.hear(conn, by, message) }) //nolint:errcheck // whatever ended it, it is over
	}()
}

// floorRoom orders messages and sends them to its members.
type floorRoom struct {
	name string
	wake chan struct{}
	last commit

	mu    sync.Mutex
	inbox []post

	members sync.RWMutex
	conns   []*socket.Conn

	seq uint64 // of run alone, like last
}

type post struct {
	from  *socket.Conn
	by    string
	id    string
	words json.RawMessage
}

func (r *floorRoom) hear(from *socket.Conn, by string, message []byte) {
	var m struct {
		Do []struct {
			ID    string          `json:"id"`
			Words json.RawMessage `json:"words"`
		} `json:"do"`
	}
	if json.Unmarshal(message, &m) != nil {
		return
	}
	r.mu.Lock()
	for _, c := range m.Do {
		r.inbox = append(r.inbox, post{from, by, c.ID, c.Words})
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *floorRoom) run(ctx context.Context, commits chan<- *commit) {
	var posts []post
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		r.mu.Lock()
		posts, r.inbox = r.inbox, posts[:0]
		r.mu.Unlock()
		if len(posts) == 0 {
			continue
		}
		first := r.seq + 1
		frame := r.encode(posts)
		r.last.key = binary.BigEndian.AppendUint64([]byte("j/"+r.name+"/"), first)
		r.last.value = frame
		commits <- &r.last
		if err := <-r.last.done; err != nil {
			return
		}
		r.publish(frame)
		acknowledge(posts, first)
		clear(posts)
	}
}

// encode numbers posts and makes them one frame.
func (r *floorRoom) encode(posts []post) []byte {
	at := time.Now().UnixMilli()
	b := make([]byte, hub.HeaderRoom, 100+400*len(posts))
	b = fmt.Appendf(b, `{"room":"%s","seq":%d,"new":[`, r.name, r.seq+uint64(len(posts)))
	for i := range posts {
		if i > 0 {
			b = append(b, ',')
		}
		r.seq++
		b = append(b, `{"seq":`...)
		b = strconv.AppendUint(b, r.seq, 10)
		b = append(b, `,"ch":`...)
		b = strconv.AppendUint(b, r.seq, 10)
		b = append(b, `,"kind":"text","by":"`...)
		b = append(b, posts[i].by...)
		b = append(b, `","at":`...)
		b = strconv.AppendInt(b, at, 10)
		b = append(b, `,"id":"`...)
		b = append(b, posts[i].id...)
		b = append(b, `","words":`...)
		b = append(b, posts[i].words...)
		b = append(b, '}')
	}
	return hub.Finish(append(b, "]}"...))
}

func (r *floorRoom) publish(frame []byte) {
	r.members.RLock()
	defer r.members.RUnlock()
	for _, c := range r.conns {
		c.Push(frame)
	}
}

// acknowledge tells each sender in one frame what of theirs is durable.
func acknowledge(posts []post, first uint64) {
	for i := range posts {
		from := posts[i].from
		if from == nil {
			continue // told already
		}
		b := append(make([]byte, hub.HeaderRoom, 300), `{"ok":[`...)
		for j := i; j < len(posts); j++ {
			if posts[j].from != from {
				continue
			}
			if j > i {
				b = append(b, ',')
			}
			b = append(append(append(b, `["`...), posts[j].id...), `",`...)
			b = append(strconv.AppendUint(b, first+uint64(j), 10), ']')
			posts[j].from = nil
		}
		from.Push(hub.Finish(append(b, "]}"...)))
	}
}

func (r *floorRoom) join(c *socket.Conn) {
	r.members.Lock()
	defer r.members.Unlock()
	r.conns = append(r.conns, c)
}

func (r *floorRoom) leave(c *socket.Conn) {
	r.members.Lock()
	defer r.members.Unlock()
	for i := range r.conns {
		if r.conns[i] == c {
			last := len(r.conns) - 1
			r.conns[i], r.conns[last] = r.conns[last], nil
			r.conns = r.conns[:last]
			return
		}
	}
}

// commit is what a room wants to be durable.
type commit struct {
	key, value []byte
	done       chan error
}

// commit makes durable what all rooms have brought by then, in one transaction.
func (f *floor) commit(ctx context.Context) {
	var all []*commit
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-f.commits:
			all = append(all[:0], c)
		}
		for more := true; more; {
			select {
			case c := <-f.commits:
				all = append(all, c)
			default:
				more = false
			}
		}
		err := f.db.Update(func(txn *badger.Txn) error {
			for _, c := range all {
				if err := txn.Set(c.key, c.value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range all {
			c.done <- err
		}
	}
}
