package notify

import (
	"context"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/long"
	"linli/internal/pocket"
	"linli/internal/webpush"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "::1": false, "10.0.0.1": false, "172.16.3.4": false, "192.168.0.1": false,
		"169.254.169.254": false, "0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "fe80::1": false,
		"fc00::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::": false, "ff02::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	// At the moment of dialling, whatever the name said: no connection reaches the server.
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	l := New()
	r := newPush(l, nil)
	_, err := r.client.Get("http://localhost:" + fmt.Sprint(server.Listener.Addr().(*net.TCPAddr).Port))
	if !errors.Is(err, errPrivate) || asked {
		t.Errorf("dialled: %v, asked %v", err, asked)
	}
}

// A browser may not make the server call at doors of its own machine, its network, or at odd ports.
func TestPushEndpointsAreOfPublicHostsAtTheUsualPort(t *testing.T) {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding
	resolves := map[string]string{
		"push.example.org": "8.8.8.8", "localtest.example.org": "127.0.0.1", "rebound.example.org": "8.8.8.8 10.0.0.7", "six.example.org": "::1",
	}
	lookup := func(_ context.Context, host string) (list []netip.Addr, err error) {
		for _, a := range strings.Fields(resolves[host]) {
			list = append(list, netip.MustParseAddr(a))
		}
		if list == nil {
			err = errors.New("nobody answers")
		}
		return list, err
	}
	for endpoint, want := range map[string]bool{
		"https://push.example.org/x": true, "https://push.example.org:443/x": true, "https://unanswered.example.org/x": true, "https://8.8.8.8/x": true,
		"https://push.example.org:8443/x": false, "https://push.example.org:22/x": false, "https://push.example.org:80/x": false,
		"http://push.example.org/x": false, "https://a:b@push.example.org/x": false, "https:///x": false, "https://push.example.org/#x": false,
		"https://localhost/x": false, "https://LOCALHOST./x": false, "https://a.localhost/x": false, "https://localhost.localdomain/x": false,
		"https://printer.local/x": false, "https://metadata.google.internal/x": false, "https://router.lan/x": false, "https://1.0.0.127.in-addr.arpa/x": false,
		"https://intranet/x": false, "https://localtest.example.org/x": false, "https://rebound.example.org/x": false, "https://six.example.org/x": false,
		"https://127.0.0.1/x": false, "https://[::1]/x": false, "https://[::ffff:127.0.0.1]/x": false, "https://10.0.0.1/x": false, "https://127.1/x": false,
		"https://2130706433/x": false, "https://0x7f.0.0.1/x": false, "https://0177.0.0.01/x": false, "https://[fe80::1%25eth0]/x": false,
	} {
		s := Subscription{Endpoint: endpoint, P256dh: enc.EncodeToString(private.PublicKey().Bytes()), Auth: enc.EncodeToString(make([]byte, 16))}
		err := s.check(t.Context(), false, lookup)
		if (err == nil) != want || err != nil && (!fault.Is(err, fault.Invalid) || fault.Of(err).With["field"] != "endpoint") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	s := Subscription{Endpoint: "https://push.example.org/x", P256dh: "AAAA", Auth: "AAAA"}
	if err := s.check(t.Context(), false, lookup); !fault.Is(err, fault.Invalid) || fault.Of(err).With["field"] != "p256dh" {
		t.Errorf("keys that are none: %v", err)
	}
}

// bench is a ladder without an office: its one goroutine is the test.
func bench(t *testing.T, now *time.Time) *Ladder {
	t.Helper()
	l := New()
	l.Now, l.Log = func() time.Time { return *now }, slog.New(slog.NewTextHandler(io.Discard, nil))
	l.can = &measured{of: map[id.Person]*able{}, dirty: map[id.Person]bool{}}
	t.Cleanup(l.Close)
	return l
}

// The robot says at most twenty things a minute, in order, and loses none when its hook fails.
func TestTheRobotLosesNothing(t *testing.T) {
	var got []string
	fails := 2
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails > 0 {
			fails--
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		var m robotMessage
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		got = append(got, m.Text)
	}))
	defer server.Close()
	now := time.Now()
	l := bench(t, &now)
	l.Robot = server.URL
	l.robot = newRobot(l)
	for i := range 25 {
		l.robot.tell(&news{title: "和园", Ring: kind.Ring{Topic: kind.Emergency}}, fmt.Sprint(i))
	}
	turn := func() {
		for l.robot.pump(); l.robot.busy; {
			(<-l.calls)()
		}
	}
	turn()
	now = now.Add(robotWait)
	turn()
	if len(got) != 0 || len(l.robot.queue) != 25 {
		t.Fatalf("while the hook fails: %v", got)
	}
	now = now.Add(2 * robotWait)
	turn()
	if len(got) != perMinute {
		t.Fatalf("%d in a minute", len(got))
	}
	now = now.Add(time.Minute)
	turn()
	for i, text := range got {
		if text != fmt.Sprintf("和园 %d", i) {
			t.Errorf("%d: %s", i, text)
		}
	}
	if len(got) != 25 || l.Count("robot", "failed") != 2 || l.Count("robot", "sent") != 25 {
		t.Errorf("%d said", len(got))
	}
}

// A push service that does not answer holds up nobody but itself.
func TestASlowServiceStarvesNobody(t *testing.T) {
	stop := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer slow.Close()
	defer close(stop)
	served := make(chan bool, 1)
	fast := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served <- true }))
	defer fast.Close()
	now := time.Now()
	l := bench(t, &now)
	l.Local = true
	key, err := webpush.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sender, err := webpush.NewSender(key, "")
	if err != nil {
		t.Fatal(err)
	}
	r := newPush(l, sender)
	job := func(url string) pushJob {
		return pushJob{person: "p1", plain: []byte("{}"), sub: Subscription{
			Endpoint: url + "/x", Auth: "BTBZMqHH6r4Tts7J_aSIgg",
			P256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
		}}
	}
	for range 100 {
		r.put(job(slow.URL))
	}
	r.put(job(fast.URL))
	select {
	case <-served:
	case <-time.After(long.Patience):
		t.Error("the fast one was not asked")
	}
	if n := len(r.slots); n > perService+1 {
		t.Errorf("%d senders for one service", n)
	}
}

// What a way is worth: it works for thirty days since that was measured, and fails while the last that is known is a failure.
func TestAWayIsWhatWasMeasured(t *testing.T) {
	now := time.Now()
	m := &measured{of: map[id.Person]*able{}, dirty: map[id.Person]bool{}}
	is := func(want string) {
		t.Helper()
		if got := m.way("p1", "push").state(now); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	is("untried")
	m.failed("p1", "push", "w1", "unreachable", now)
	is("failing")
	now = now.Add(time.Second)
	m.worked("p1", "push", "w1", now)
	is("works")
	m.dirty = map[id.Person]bool{}
	now = now.Add(time.Minute)
	m.worked("p1", "push", "w1", now)
	if len(m.dirty) != 0 {
		t.Error("written down again a minute later")
	}
	now = now.Add(31 * 24 * time.Hour)
	is("untried")
}

// Every topic that a kind rings is one that people may turn off, or one of the two that nobody can.
func TestTopicsOfKindsAreKnown(t *testing.T) {
	known := func(topic string) bool {
		_, ok := pocket.Topics[topic]
		return (ok || topic == kind.Confirm || topic == kind.Emergency) && called[topic] != ""
	}
	for _, name := range kind.Names() {
		k := kind.Of(name)
		for _, act := range k.Acts {
			for _, facts := range []string{`{"confirm":true,"importance":"urgent","to":["p2"]}`, `{"importance":"normal","helper":"p2"}`} {
				r, ok := k.Load(json.RawMessage(facts)).(kind.Ringing)
				if !ok {
					t.Fatalf("%s: not a card", name)
				}
				for _, ring := range r.Rings(act, kind.Event{Post: kind.Post{By: "p1"}, By: "p2", Room: nobody{}}) {
					if !known(ring.Topic) {
						t.Errorf("%s.%s rings %q", name, act, ring.Topic)
					}
				}
			}
		}
	}
}

type nobody struct{}

func (nobody) Includes(id.Premises) bool      { return false }
func (nobody) Premises() int                  { return 0 }
func (nobody) Has(id.Person) bool             { return false }
func (nobody) Behind(id.Premises) []id.Person { return nil }
func (nobody) Owners() []id.Person            { return nil }
func (nobody) Badged(string) []id.Person      { return nil }
func (nobody) Calls(int64) int                { return 0 }
func (nobody) Shop(id.Premises) bool          { return false }
func (nobody) Shops() int                     { return 0 }

// Of a card that was held and reminded of in the same night, one is told.
func TestAReminderTakesThePlaceOfWhatItRemindsOf(t *testing.T) {
	now := time.Now()
	l := bench(t, &now)
	mine := func(item entry.Seq, at int64, press bool) *news {
		return &news{Room: "r1", Item: item, Entry: item, At: at, Press: press, Left: map[id.Person]rung{"p1": held}}
	}
	first, other, again := mine(1, 1, false), mine(2, 2, false), mine(1, 3, true)
	list := l.once("p1", []*news{again, other, first})
	if len(list) != 2 || list[0] != other || list[1] != again || len(first.Left) != 0 {
		t.Errorf("%d are told", len(list))
	}
}

func TestHooksAreSigned(t *testing.T) {
	signature := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature = r.Header.Get("Linli-Signature")
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	h := newHook(server.URL, "key")
	again, err := h.post(context.Background(), "x")
	if err == nil || again {
		t.Errorf("a redirect is no success, and not tried again: %v, %v", again, err)
	}
	if want := sign("key", []byte(`"x"`)); signature != want {
		t.Errorf("signed %q", signature)
	}
}

func sign(key string, body []byte) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write(body)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

// Whoever called again is forgotten when their hour is over: a day of callers is no more memory than an hour of them.
func TestWhoCalledAgainIsForgottenAfterTheirHour(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := New()
	l.Parts.Now = func() time.Time { return now }
	r := newSMS(l)
	for i := range 1000 {
		for n := range perCaller + 1 {
			if may := r.mayWiden(textMessage{caller: id.Person(fmt.Sprint("p", i))}); may != (n < perCaller) {
				t.Fatalf("message %d of one caller: %v", n, may)
			}
		}
		now = now.Add(time.Minute)
	}
	if len(r.again) > 61 {
		t.Errorf("%d callers are remembered", len(r.again))
	}
}

// What a stop breaks off is done at the next start, and no mistake.
func TestAStopIsQuietInTheLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l := New()
	l.Parts.Log = slog.New(slog.NewTextHandler(&log, nil))
	l.cancel()
	l.wrong("subscriptions were not read", fmt.Errorf("shelf: %w", l.ctx.Err()))
	if log.Len() > 0 {
		t.Error(log.String())
	}
	l.wrong("subscriptions were not read", errors.New("the disk is damaged"))
	if log.Len() == 0 {
		t.Error("what is wrong at a stop is logged")
	}
}
