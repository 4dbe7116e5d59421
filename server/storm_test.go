package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"linli/internal/long"
)

// Five hundred clients lose their connection at the same moment and come back with where they were, some a little behind, some far.
// Everybody is caught up, and who talks meanwhile is heard.
func TestAStormOfReconnects(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	devices, b := []*api{w.as(zhang), w.as(zhang), w.as(keeper), w.as(keeper)}, w.as(li)
	first := 0
	for n := range 120 {
		if seq := b.say(room, fmt.Sprintf("第 %d 句", n)); n == 0 {
			first = seq
		}
	}
	last := first + 119
	ctx, cancel := context.WithTimeout(context.Background(), long.Patience)
	defer cancel()
	const clients = 500
	failed := make(chan error, clients)
	start := make(chan struct{})
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			<-start
			after := []int{0, first, last - 3, last}[n%4]
			failed <- reconnect(ctx, devices[n/4%4], room, after, last)
		})
	}
	talks := b.socket()
	hear(t, talks, "hello")
	close(start)
	for n := range 20 { // they are acknowledged while the storm goes on
		b.n++
		id := fmt.Sprintf("%s.%d", b.device, b.n)
		tell(t, talks, map[string]any{"do": []any{map[string]any{
			"id": id, "room": room, "act": "text.post", "words": map[string]string{"text": fmt.Sprintf("风暴里 %d", n)},
		}}})
		hear(t, talks, "ok")
	}
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			t.Error(err)
		}
	}
}

// reconnect connects, asks for what changed after a ch, and reads until it has heard of last.
func reconnect(ctx context.Context, a *api, room string, after, last int) error {
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(a.w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + a.access}},
	})
	if err != nil {
		return err
	}
	defer c.CloseNow() //nolint:errcheck // it is over
	c.SetReadLimit(-1)
	ask := fmt.Sprintf(`{"resume":[{"room":%q,"after":%d}]}`, room, after)
	if err := c.Write(ctx, websocket.MessageText, []byte(ask)); err != nil {
		return err
	}
	seen, from := map[int]bool{}, after+1
	if after == 0 {
		from = last + 1 // until the reset says where it begins
	}
	for {
		_, m, err := c.Read(ctx)
		if err != nil {
			return fmt.Errorf("after %d: %w", after, err)
		}
		var d struct {
			Room  string
			Seq   int
			Reset bool
			New   []struct{ Seq int }
		}
		if err := json.Unmarshal(m, &d); err != nil {
			return err
		}
		if d.Room != room {
			continue
		}
		for _, i := range d.New {
			seen[i.Seq] = true
		}
		if d.Reset != (after == 0) && d.Reset {
			return fmt.Errorf("after %d: a reset", after)
		}
		if d.Reset {
			from = d.New[0].Seq
		}
		if after == 0 && from > last {
			continue
		}
		// Live deliveries come in between; what was asked for is there when everything up to last is.
		whole := true
		for seq := from; seq <= last && whole; seq++ {
			whole = seen[seq]
		}
		if whole && d.Seq >= last {
			return nil
		}
	}
}
