package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
)

// event is one line of a recorded day: who did what in which room, minutes after midnight.
type event struct {
	Minute float64 `json:"t"`
	ID     string  `json:"id"`
	Room   string  `json:"room"`
	Kind   string  `json:"kind"`
	By     struct {
		Phone string `json:"phone"`
	} `json:"by"`
	Of       string   `json:"of"`
	Text     string   `json:"text"`
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	Category string   `json:"category"`
	Confirm  bool     `json:"confirm"`
	Pin      bool     `json:"pin"`
	Options  []string `json:"options"`
	Per      string   `json:"per"`
	Closes   float64  `json:"closes"`
	Option   int      `json:"option"`
	Quantity int      `json:"quantity"`
	Stars    int      `json:"stars"`

	turn int // of its person in the day, from 1
}

// readDay reads a recorded day, in order of time.
func readDay(ndjson []byte) ([]event, error) {
	var day []event
	turns := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(ndjson))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("day: line %d: %w", len(day)+1, err)
		}
		turns[e.By.Phone]++
		e.turn = turns[e.By.Phone]
		day = append(day, e)
	}
	return day, lines.Err()
}

// at is when the event happens on the day that began at midnight.
func (e *event) at(midnight time.Time) time.Time {
	return midnight.Add(time.Duration(e.Minute * float64(time.Minute)))
}

// templates are the categories of the recorded day that have a template; the others are 其他.
var templates = map[string]bool{"买菜": true, "买药": true, "清理垃圾": true, "打印": true, "代取": true, "代取快递": true, "测量体温": true, "代缴": true, "维修": true, "陪护": true}

// command is what the event's person asks of the room: the same commands as everybody's. re is the item that it works on.
func (e *event) command(midnight time.Time, re entry.Seq, kind string) (entry.Command, bool) {
	c := entry.Command{Re: re}
	with := func(v map[string]any) { c.With, _ = json.Marshal(v) }
	words := func(v map[string]any) { c.Words, _ = json.Marshal(v) }
	switch e.Kind {
	case "text":
		c.Act = "text.post"
		words(map[string]any{"text": e.Text})
	case "notice":
		c.Act = "notice.post"
		with(map[string]any{"confirm": e.Confirm, "pin": e.Pin, "importance": "normal"})
		words(map[string]any{"title": e.Title, "body": e.Body})
	case "confirm":
		c.Act = "notice.confirm"
	case "request":
		c.Act = "request.post"
		template := e.Category
		if !templates[template] {
			template = "其他"
		}
		with(map[string]any{"template": template, "door": true})
		words(map[string]any{"text": e.Text})
	case "emergency":
		c.Act = "emergency.post"
		with(map[string]any{"category": "其他", "door": true})
		words(map[string]any{"text": e.Text})
	case "claim":
		c.Act = kind + ".claim"
	case "complete":
		c.Act = kind + ".complete"
		words(map[string]any{"note": e.Text})
	case "rate":
		c.Act = "request.rate"
		with(map[string]any{"stars": e.Stars})
	case "suggestion":
		c.Act = "suggestion.post"
		words(map[string]any{"text": e.Text})
	case "reply":
		c.Act = "suggestion.reply"
		with(map[string]any{"outcome": "noted"})
		words(map[string]any{"text": e.Text})
	case "poll":
		c.Act = "poll.post"
		with(map[string]any{"options": len(e.Options), "per": e.Per})
		words(map[string]any{"title": e.Title, "options": e.Options})
	case "vote":
		c.Act = "poll.vote"
		with(map[string]any{"option": e.Option})
	case "signup":
		c.Act = "signup.post"
		facts := map[string]any{"options": len(e.Options)}
		if e.Closes > e.Minute {
			facts["closes"] = midnight.Add(time.Duration(e.Closes) * time.Minute).UnixMilli()
		}
		with(facts)
		words(map[string]any{"title": e.Title, "options": e.Options})
	case "join":
		c.Act = "signup.join"
		with(map[string]any{"option": e.Option, "quantity": e.Quantity})
	default:
		return c, false
	}
	return c, true
}

// clock is the district's time: as fast as was asked, or standing still.
type clock struct {
	real, start time.Time
	speed       float64
}

// newClock starts at now, or stands still at HH:MM of today.
func newClock(speed float64, at string) *clock {
	c := &clock{real: time.Now(), start: time.Now(), speed: speed}
	if t, err := time.Parse("15:04", at); at != "" && err == nil {
		y, m, d := c.start.Date()
		c.start, c.speed = time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, time.Local), 0
	}
	return c
}

// Now is the time of the district.
func (c *clock) Now() time.Time {
	return c.start.Add(time.Duration(float64(time.Since(c.real)) * c.speed))
}

// until is how long to wait, by the wall's clock, until the district's shows t.
func (c *clock) until(t time.Time) time.Duration {
	if c.speed == 0 {
		return math.MaxInt64
	}
	return time.Duration(float64(t.Sub(c.Now())) / c.speed)
}

// sleep waits until the district's clock shows t; false when ctx ended first.
func (c *clock) sleep(ctx context.Context, t time.Time) bool {
	d := c.until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// midnight is when t's day began, where the office is.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// demoDevice is the device that acts for somebody of the recorded day. It never signs in.
func demoDevice(p id.Person) id.Device { return id.Derive[id.Device]("d", "demo", string(p)) }
