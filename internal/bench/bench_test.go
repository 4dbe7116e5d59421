package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dgraph-io/badger/v4"
)

// The floor's process is this test's binary over again.
func TestMain(m *testing.M) {
	if os.Getenv("LINLI_TEST_FLOOR") != "" {
		if err := ServeFloor(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func theFloor(t *testing.T) Subject {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Child{Label: FloorName, Command: []string{self}, Env: []string{"LINLI_TEST_FLOOR=1"}}
}

func run(t *testing.T, workload string, o Options) Result {
	t.Helper()
	o.Subjects = []Subject{theFloor(t)}
	var out bytes.Buffer
	if err := Run(t.Context(), workload, o, &out); err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	t.Logf("%s", out.String())
	if r.Workload != workload || r.Subject != "floor" {
		t.Errorf("%+v", r)
	}
	return r
}

func TestFloorDeliversEveryMessageToEveryMemberOnce(t *testing.T) {
	t.Parallel()
	r := run(t, "fanout", Options{Members: 20, Senders: 3, Outstanding: 4, Characters: 60,
		Time: 300 * time.Millisecond, Warm: 50 * time.Millisecond})
	if r.Missing != 0 || r.Deliveries == 0 || r.AcksPerSecond <= 0 || r.P99 < r.P50 || r.P50 <= 0 {
		t.Errorf("%+v", r)
	}
	if r.Deliveries%20 != 0 {
		t.Errorf("%d deliveries to 20 members", r.Deliveries)
	}
}

func TestFloorServesTLS(t *testing.T) {
	t.Parallel()
	r := run(t, "fanout", Options{Members: 5, Senders: 1, Outstanding: 2, Characters: 60,
		Time: 100 * time.Millisecond, Warm: 10 * time.Millisecond, TLS: true})
	if r.Missing != 0 || r.Deliveries == 0 || !r.Params.TLS {
		t.Errorf("%+v", r)
	}
}

func TestResultsAreComparedWithTheFloor(t *testing.T) {
	least := Result{CPUPerDelivery: 0.4}
	if got := (Result{CPUPerDelivery: 0.5}).times(least); got != 1.25 {
		t.Errorf("%v times", got)
	}
	if got := (Result{KiBPerConnection: 12}).times(Result{KiBPerConnection: 8}); got != 1.5 {
		t.Errorf("%v times", got)
	}
	if got := least.times(Result{}); got != 0 {
		t.Errorf("%v times nothing", got)
	}
}

func TestDistrictKeepsRoomsApart(t *testing.T) {
	t.Parallel()
	r := run(t, "district", Options{Rooms: 5, Members: 4, Rate: 200, Characters: 60,
		Time: 300 * time.Millisecond, Warm: 50 * time.Millisecond})
	if r.Missing != 0 || r.Deliveries == 0 || r.Deliveries%4 != 0 {
		t.Errorf("%+v", r)
	}
}

func TestIdleConnectionsAreMeasured(t *testing.T) {
	t.Parallel()
	r := run(t, "idle", Options{Connections: 300})
	if r.KiBPerConnection <= 0 || r.ConnectsPerSecond <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestUnknownWorkloadIsRefused(t *testing.T) {
	if err := Run(t.Context(), "nonsense", Options{}, nil); err == nil || !strings.Contains(err.Error(), "fanout") {
		t.Errorf("%v", err)
	}
}

func TestServerThatDoesNotComeUpIsReported(t *testing.T) {
	s := Child{Label: "broken", Command: []string{"/bin/false"}}
	if _, err := s.Start(t.Context(), Seed{Rooms: 1, Members: 1}); err == nil || !strings.Contains(err.Error(), "did not come up") {
		t.Errorf("%v", err)
	}
}

// What the floor acknowledged is on disk: otherwise it would not be a floor to a durable server.
func TestFloorKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	lines, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- ServeFloor(t.Context(), []string{"-dir", dir, "-members", "2"}, in, out) }()
	e, err := reached(feed, lines)
	if err != nil {
		t.Fatal(err)
	}
	e.Process = os.Getpid()
	all, err := connect(t.Context(), e, 512, 1000) // smaller than a delivery: it grows
	if err != nil {
		t.Fatal(err)
	}
	for n := range 7 {
		if err := all.clients[n%2].once(message(1000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := all.acknowledged(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Settle(); err != nil {
		t.Error(err)
	}
	feed.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	all.close()

	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	kept := 0
	err = db.View(func(txn *badger.Txn) error {
		all := txn.NewIterator(badger.DefaultIteratorOptions)
		defer all.Close()
		for all.Rewind(); all.Valid(); all.Next() {
			if err := all.Item().Value(func(v []byte) error {
				kept += bytes.Count(v, item)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || kept != 7 {
		t.Errorf("%d of 7 messages are on disk, %v", kept, err)
	}
}

func TestMessagesHaveTheLengthAskedFor(t *testing.T) {
	for _, n := range []int{1, 60, 500} {
		if got := utf8.RuneCount(message(n)); got != n {
			t.Errorf("%d characters, want %d", got, n)
		}
	}
}

// BenchmarkFloor is what the goals in docs are ratios to: go test -run xxx -bench Floor -benchtime 1x ./internal/bench
func BenchmarkFloor(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range []struct {
		workload string
		members  int
		tls      bool
	}{
		{"fanout", 200, false}, {"fanout", 500, false}, {"fanout", 2000, false}, {"district", 50, false}, {"idle", 10_000, false},
		{"fanout", 200, true}, {"district", 50, true}, {"idle", 5_000, true},
	} {
		b.Run(fmt.Sprintf("%s/%d/tls=%v", w.workload, w.members, w.tls), func(b *testing.B) {
			for b.Loop() {
				o := Defaults(w.workload)
				o.Members, o.Connections, o.TLS = w.members, w.members, w.tls
				o.Subjects = []Subject{Child{Label: FloorName, Command: []string{self}, Env: []string{"LINLI_TEST_FLOOR=1"}}}
				if err := Run(b.Context(), w.workload, o, b.Output()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
