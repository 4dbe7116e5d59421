package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"linli/assets"
	"linli/internal/bench"
	"linli/internal/id"
	"linli/internal/search"
)

const searchWorkload = "search"

// sought is what people seek: what everybody says, what almost nobody does, one character, initials, a door, nothing that is there.
var sought = []string{
	"快递", "核酸", "出入证", "停水", "谢谢", "物业", "的", "水", "老人 药", "南门 几点", "crz", "wy", "kdd", "3-2-501", "12-1-1204", "A4纸",
	"我家在上海东边", "谁也没说过的话", "xqzzvw", "8 号",
}

// chatter is made-up talk: sentences of the demo's day, mixed and numbered so that no two are the same.
type chatter struct {
	sentences []string
	messages  int // of each room
}

func (d chatter) Items(r id.Room, f func([]byte) error) error {
	seed := uint64(0)
	for _, c := range []byte(r) {
		seed = seed*31 + uint64(c)
	}
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same talk each time
	for n := range d.messages {
		text := d.sentences[random.IntN(len(d.sentences))]
		if random.IntN(3) == 0 {
			text += "，" + d.sentences[random.IntN(len(d.sentences))]
		}
		words, err := json.Marshal(map[string]string{"text": fmt.Sprintf("%s%d", text, random.IntN(100_000))})
		if err != nil {
			return err
		}
		item := fmt.Appendf(nil, `{"seq":%d,"ch":%d,"kind":"text","by":"p%d","at":%d,"id":"d.%d","o":{"chat":%d},"words":%s}`,
			n+1, n+1, random.IntN(300), 1_700_000_000_000+int64(n)*60_000, n, n+1, words)
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}

// found is one line of the workload search.
type found struct {
	Workload        string  `json:"workload"`
	Params          any     `json:"params"`
	Subject         string  `json:"subject"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	Worst           float64 `json:"worst_ms"`
	CPUPerMessage   float64 `json:"cpu_us_per_message,omitempty"` // to take one in
	BytesPerMessage float64 `json:"bytes_per_message,omitempty"`
	Seconds         float64 `json:"read_s,omitempty"` // to read all of it for the first time
	TimesFloor      float64 `json:"times_floor,omitempty"`
}

// benchSearch measures somebody who is in every room, seeking in all of them. The floor is one pass of bytes.Contains through the same
// text as one run, on one core.
func benchSearch(ctx context.Context, o bench.Options, out io.Writer) error {
	day, err := fs.ReadFile(assets.Ruyihu, "day.ndjson")
	if err != nil {
		return err
	}
	d := chatter{messages: o.Messages / o.Rooms}
	for line := range bytes.Lines(day) {
		var e struct{ Text string }
		if json.Unmarshal(line, &e) == nil && e.Text != "" && !slices.Contains(d.sentences, e.Text) {
			d.sentences = append(d.sentences, e.Text)
		}
	}
	if len(d.sentences) == 0 {
		return fmt.Errorf("no talk to measure with")
	}
	var rooms []search.Room
	for n := range o.Rooms {
		rooms = append(rooms, search.Room{ID: id.Room(fmt.Sprintf("r%d", n)), NameOf: func(p id.Person) string {
			n := len(p)
			return fmt.Sprintf("%d-%d-%s01 王女士", n, n%3+1, strings.TrimPrefix(string(p), "p"))
		}})
	}
	params := map[string]int{"rooms": o.Rooms, "messages": d.messages * o.Rooms}

	var run []byte
	for _, r := range rooms {
		_ = d.Items(r.ID, func(item []byte) error {
			var w struct{ Words struct{ Text string } }
			err := json.Unmarshal(item, &w)
			run = append(run, w.Words.Text...)
			return err
		})
	}
	floor := found{Workload: searchWorkload, Params: params, Subject: bench.FloorName}
	floor.P50, floor.P99, floor.Worst = times(o.Time/4, func(q string) error { bytes.Count(run, []byte(q)); return nil })
	if err := json.NewEncoder(out).Encode(floor); err != nil {
		return err
	}
	run = nil

	x := search.New(d)
	seen := func(id.Room) error { return nil }
	find := func(q string) error {
		_, err := x.Find(ctx, rooms, search.Query{Text: q, Limit: 30}, seen)
		return err
	}
	began := time.Now()
	if err := find("快递"); err != nil {
		return err
	}
	f := found{Workload: searchWorkload, Params: params, Subject: "linli", Seconds: time.Since(began).Seconds()}
	items, size := x.Size()
	f.BytesPerMessage = float64(size) / float64(items)
	runtime.GC()
	f.P50, f.P99, f.Worst = times(o.Time, find)
	f.TimesFloor = f.P50 / floor.P50
	taken := 0
	began = time.Now()
	_ = chatter{d.sentences, 100_000}.Items("r0", func(item []byte) error {
		x.Apply("r0", [][]byte{bytes.Replace(item, []byte(`"seq":`), []byte(`"seq":9`), 1)})
		taken++
		return nil
	})
	making := time.Now()
	_ = chatter{d.sentences, 100_000}.Items("r0", func(item []byte) error {
		_ = bytes.Replace(item, []byte(`"seq":`), []byte(`"seq":9`), 1)
		return nil
	})
	f.CPUPerMessage = float64((making.Sub(began) - time.Since(making)).Microseconds()) / float64(taken)
	return json.NewEncoder(out).Encode(f)
}

// times asks the questions in turn for a while, and says how long they took, in ms.
func times(d time.Duration, ask func(string) error) (p50, p99, worst float64) {
	var all []time.Duration
	for began, n := time.Now(), 0; time.Since(began) < d || n < 3*len(sought); n++ {
		at := time.Now()
		if ask(sought[n%len(sought)]) != nil {
			break
		}
		all = append(all, time.Since(at))
	}
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	ms := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
	return ms(0.5), ms(0.99), ms(1)
}
