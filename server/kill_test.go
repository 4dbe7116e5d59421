package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"linli/internal/long"
)

// poster says numbered things from one device, several at once, and sends again what was not acknowledged. Its memory outlives
// the program's.
type poster struct {
	api     *api
	room    string
	next    int
	waiting map[string]string // command → text, not acknowledged
	acked   map[string]int    // text → seq; 0 when the answer came from long ago
}

const outstanding = 8

// post talks until the connection ends.
func (p *poster) post() {
	ctx, cancel := context.WithTimeout(context.Background(), long.Patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(p.api.w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
		HTTPHeader: map[string][]string{"Authorization": {"Bearer " + p.api.access}},
	})
	if err != nil {
		return
	}
	defer c.CloseNow() //nolint:errcheck // it is over
	c.SetReadLimit(-1)
	send := func(id, text string) bool {
		b, _ := json.Marshal(map[string]any{"do": []any{map[string]any{
			"id": id, "room": p.room, "act": "text.post", "words": map[string]string{"text": text},
		}}})
		return c.Write(ctx, websocket.MessageText, b) == nil
	}
	fresh := func() bool {
		p.next++
		id := fmt.Sprintf("%s.%d", p.api.device, p.next)
		p.waiting[id] = fmt.Sprintf("%s:%d", p.api.device, p.next)
		return send(id, p.waiting[id])
	}
	for n := 1; n <= p.next; n++ { // in order, as a client does
		id := fmt.Sprintf("%s.%d", p.api.device, n)
		if text, open := p.waiting[id]; open && !send(id, text) {
			return
		}
	}
	for len(p.waiting) < outstanding {
		if !fresh() {
			return
		}
	}
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			OK [][2]any `json:"ok"`
			No [][]any  `json:"no"`
		}
		if json.Unmarshal(b, &m) != nil {
			continue
		}
		for _, ok := range m.OK {
			id, seq := ok[0].(string), int(ok[1].(float64))
			if text, open := p.waiting[id]; open {
				delete(p.waiting, id)
				p.acked[text] = seq
			}
		}
		if len(m.No) > 0 {
			return // it stops: again on the next connection, in order
		}
		for len(p.waiting) < outstanding {
			if !fresh() {
				return
			}
		}
	}
}

// The program is killed again and again while people talk. Whatever was acknowledged is there, once, where the acknowledgement said,
// and each device's messages are in its order.
func TestKilledWhilePeopleTalk(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	var posters []*poster
	for _, r := range []neighbour{zhang, li, keeper} {
		posters = append(posters, &poster{api: w.as(r), room: room, waiting: map[string]string{}, acked: map[string]int{}})
	}
	kills := long.Runs(6, 20)
	for round := range kills + 1 {
		var talking sync.WaitGroup
		for _, p := range posters {
			p.api.w = w
			talking.Go(p.post)
		}
		if round == kills {
			time.Sleep(time.Second)
			w.stop()
			talking.Wait()
			break
		}
		time.Sleep(time.Duration(30+rand.IntN(400)) * time.Millisecond)
		_ = w.cmd.Process.Kill()
		_, _ = w.cmd.Process.Wait()
		talking.Wait()
		w = serveTown(t, w.dir)
	}

	w = serveTown(t, w.dir)
	reader := w.as(keeper)
	at := map[string]int{} // text → seq
	last := map[string]int{}
	for after := 0; ; {
		p := reader.page(room, fmt.Sprintf("?after=%d&limit=100", after))
		if len(p.New) == 0 {
			break
		}
		for _, i := range p.New {
			if i.Seq <= after {
				t.Fatalf("seq %d behind %d", i.Seq, after)
			}
			after = i.Seq
			device, number, numbered := strings.Cut(i.Words.Text, ":")
			if !numbered {
				continue
			}
			n, _ := strconv.Atoi(number)
			if _, twice := at[i.Words.Text]; twice {
				t.Errorf("%s is there twice", i.Words.Text)
			}
			if n <= last[device] {
				t.Errorf("%s stands behind number %d of the same device", i.Words.Text, last[device])
			}
			at[i.Words.Text], last[device] = i.Seq, n
		}
	}
	acked := 0
	for _, p := range posters {
		acked += len(p.acked)
		for text, seq := range p.acked {
			if got, there := at[text]; !there || seq != 0 && got != seq {
				t.Errorf("%s was acknowledged as %d and is at %d", text, seq, got)
			}
		}
	}
	t.Logf("%d messages acknowledged across %d kills, %d stored", acked, kills, len(at))
	if acked < kills*outstanding {
		t.Errorf("only %d messages were acknowledged: this proves little", acked)
	}
	w.stop()
	if out, code := program(t, "check", "-data", w.dir); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
}

// The views may be thrown away: what is read is the same when they have been made again.
func TestViewsAreMadeAgain(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a, b := w.as(keeper), w.as(zhang), w.as(li)
	seq := a.say(room, "早上好")
	a.say(room, "要撤回的")
	own.act(room, "item.react", seq, map[string]any{"face": "赞", "on": true}, nil)
	notice, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "pin": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	b.act(room, "notice.confirm", notice, nil, nil)
	request, _ := a.act(room, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "降压药"})
	b.act(room, "request.claim", request, nil, nil)
	a.act(room, "item.retract", seq+1, nil, nil)
	read := func(w *town) (all []string) {
		for _, r := range []neighbour{keeper, zhang, li} {
			var page json.RawMessage
			w.as(r).ask("GET", "/rooms/"+room+"/items?limit=100", nil, &page)
			all = append(all, string(page))
		}
		return all
	}
	before := read(w)
	w.stop()
	if err := os.RemoveAll(w.dir + "/view"); err != nil {
		t.Fatal(err)
	}
	w = serveTown(t, w.dir)
	for i, after := range read(w) {
		if sorted(t, after) != sorted(t, before[i]) {
			t.Errorf("before\n%s\nafter\n%s", before[i], after)
		}
	}
}

// sorted is a page as text with the names in order: they come from a map.
func sorted(t *testing.T, page string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(page), &m); err != nil {
		t.Fatal(err)
	}
	people := map[string]any{}
	for _, p := range m["people"].([]any) {
		people[p.(map[string]any)["id"].(string)] = p
	}
	m["people"] = people
	b, _ := json.Marshal(m)
	return string(b)
}
