// Package audit keeps what those who answer for the office must be able to look up afterwards: failed sign-ins, codes, grants,
// refusals across levels, exports, settings. It holds ids and addresses, never a phone, a name or a word that somebody wrote.
//
// There is one log for each month, audit/2026-03. A line stands for all that happened alike within a minute, and says how
// often; it is written when its minute is over, or when the program stops, behind everything that people wait for. Note never
// waits for the disk and never fails: what the disk does not take stays in memory and is written when it does. A kill loses the
// minute in which it comes.
//
// Floods are bounded. A kind has so many lines of its own in an hour (perHour); what is beyond them, or beyond what may wait
// (mostWaiting), is counted in lines without subject and source.
//
// Nothing here deletes a month.
package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
)

// Kind is the sort of what happened. Kinds cross the wire and stand in logs: they are added, never renamed.
type Kind string

const (
	SignIn  Kind = "sign-in" // a sign-in that failed; subject: a keyed hash of the phone
	Code    Kind = "code"    // a code for signing in was issued, used or wrong; subject: the person, or the hash of the phone
	Grant   Kind = "grant"   // a role was offered, given or taken, somebody was removed or let back; subject: the person
	Refused Kind = "refused" // somebody who is signed in wanted what is not theirs; subject: the room or thing
	Export  Kind = "export"  // a table or a page for print was taken out; subject: the room or level
	Setting Kind = "setting" // a rule of the office or of a room was changed, or a door opened to it; subject: the room or thing
	Read    Kind = "read"    // these lines, or a trace, were read
)

// Kinds are all of them, as a page lists them.
var Kinds = []Kind{SignIn, Code, Grant, Refused, Export, Setting, Read}

const (
	perHour     = 1000      // lines of one kind
	mostWaiting = 10_000    // lines in memory
	perFrame    = 100 << 10 // bytes
	fieldBytes  = 80        // what is longer is cut
	month       = "2006-01" // a log's name
	prefix      = "audit/"  // before it
	every       = 10 * time.Second
	patience    = 2 * time.Second // with a disk that does not answer
)

// Line is what happened alike within a minute.
type Line struct {
	At      int64     `json:"at"` // ms, the beginning of the minute
	Kind    Kind      `json:"kind"`
	What    string    `json:"what"`              // in one word or two: failed, issued, the role, the call, the table, the rule
	By      id.Person `json:"by,omitempty"`      // who was signed in
	Subject string    `json:"subject,omitempty"` // an id, or a keyed hash
	Source  string    `json:"source,omitempty"`  // the address that it came from
	N       int       `json:"n"`                 // how often
}

// key is a line without its count.
func (l Line) key() Line { l.N = 0; return l }

// Options of a Log.
type Options struct {
	Now  func() time.Time
	Zone *time.Location // in which months begin
	Log  *slog.Logger
}

// Log is the months. Any number of goroutines may use it.
type Log struct {
	journal journal.Journal
	o       Options
	done    chan struct{}
	end     context.CancelFunc

	mu      sync.Mutex
	waiting map[Line]int // by key
	hour    int64
	used    map[Kind]int // lines of the hour

	writing sync.Mutex // held by who writes
	open    *frame     // of which nobody knows whether it is written
	said    bool       // that nothing can be written
}

// frame is one append, with the lines that are in it.
type frame struct {
	log   id.Log
	after journal.Seq
	name  journal.ID
	body  []byte
	lines []Line
}

type body struct {
	V     int    `json:"v"`
	Lines []Line `json:"lines"`
}

// Open begins to write behind.
func Open(j journal.Journal, o Options) *Log {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Log{journal: j, o: o, end: cancel, done: make(chan struct{}), waiting: map[Line]int{}, used: map[Kind]int{}}
	go l.run(ctx)
	return l
}

// Note writes behind that something happened now. It never blocks and never fails. A nil Log notes nothing.
func (l *Log) Note(kind Kind, what string, by id.Person, subject, source string) {
	if l == nil {
		return
	}
	minute := l.o.Now().Truncate(time.Minute)
	line := Line{At: minute.UnixMilli(), Kind: kind, What: cut(what), By: by, Subject: cut(subject), Source: cut(source)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if hour := minute.Truncate(time.Hour).UnixMilli(); hour != l.hour {
		l.hour = hour
		clear(l.used)
	}
	if _, there := l.waiting[line]; !there {
		switch {
		case len(l.waiting) >= mostWaiting:
			line = Line{At: l.hour, Kind: kind}
		case l.used[kind] >= perHour:
			line = Line{At: line.At, Kind: kind, What: line.What}
			if len(l.waiting) >= mostWaiting/2 {
				line.What = ""
			}
		default:
			l.used[kind]++
		}
	}
	l.waiting[line]++
}

func cut(s string) string {
	if len(s) <= fieldBytes {
		return s
	}
	return strings.ToValidUTF8(s[:fieldBytes], "")
}

func (l *Log) run(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.keep(ctx, l.o.Now().Truncate(time.Minute).UnixMilli())
		}
	}
}

// Close writes what waits, if the disk takes it within two seconds.
func (l *Log) Close() error {
	l.end()
	<-l.done
	l.keep(context.Background(), l.o.Now().Add(time.Hour).UnixMilli())
	return nil
}

// keep writes the lines of before a time. What cannot be written waits on.
func (l *Log) keep(ctx context.Context, before int64) {
	l.writing.Lock()
	defer l.writing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := l.write(ctx, before)
	switch {
	case err == nil:
		l.said = false
	case !l.said:
		l.said = true
		l.o.Log.Warn("the audit log waits for the disk", "err", err)
	}
}

func (l *Log) write(ctx context.Context, before int64) error {
	for {
		if l.open == nil {
			var err error
			if l.open, err = l.next(ctx, before); err != nil || l.open == nil {
				return err
			}
		}
		f := l.open
		_, err := l.journal.Append(ctx, f.log, f.after, f.name, f.body)
		var conflict *journal.Conflict
		if errors.As(err, &conflict) { // another life of this program was here
			l.open = nil
			continue
		}
		if errors.Is(err, journal.ErrUnknown) {
			return err // the same again, next time
		}
		l.open = nil
		if err != nil {
			return err
		}
		l.mu.Lock()
		for _, line := range f.lines {
			if left := l.waiting[line.key()] - line.N; left > 0 {
				l.waiting[line.key()] = left
			} else {
				delete(l.waiting, line.key())
			}
		}
		l.mu.Unlock()
	}
}

// next is the frame with the oldest lines that wait; nil: none.
func (l *Log) next(ctx context.Context, before int64) (*frame, error) {
	f, size := &frame{}, 0
	for _, line := range l.pending() {
		log := l.logOf(time.UnixMilli(line.At))
		if line.At >= before || f.log != "" && f.log != log || size > perFrame {
			break
		}
		f.log, f.lines = log, append(f.lines, line)
		size += 160 + len(line.What) + len(line.Subject) + len(line.Source)
	}
	if f.log == "" {
		return nil, nil
	}
	var err error
	if f.after, err = l.journal.Head(ctx, f.log); err != nil {
		return nil, err
	}
	if f.body, err = json.Marshal(body{1, f.lines}); err != nil {
		return nil, err
	}
	_, _ = rand.Read(f.name[:])
	return f, nil
}

// pending are the lines that wait, the oldest first.
func (l *Log) pending() []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Line, 0, len(l.waiting))
	for line, n := range l.waiting {
		line.N = n
		list = append(list, line)
	}
	slices.SortFunc(list, order)
	return list
}

func order(a, b Line) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What), cmp.Compare(a.By, b.By),
		cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Source, b.Source))
}

func (l *Log) logOf(t time.Time) id.Log { return id.Log(prefix + t.In(l.o.Zone).Format(month)) }

// Months are those of which there is something, the newest first; always the present one.
func (l *Log) Months(ctx context.Context) ([]string, error) {
	all := map[string]bool{l.o.Now().In(l.o.Zone).Format(month): true}
	for log, err := range l.journal.Logs(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if name, ok := strings.CutPrefix(string(log), prefix); ok {
			all[name] = true
		}
	}
	list := slices.Sorted(maps.Keys(all))
	slices.Reverse(list)
	return list, nil
}

// Want is what of a month somebody wants to read.
type Want struct {
	Month  string // 2026-03; empty: the present one
	Kind   Kind   // empty: all
	Before uint64 // the frame before which one reads on; 0: from the newest
	Limit  int    // about how many lines
}

const look = 32 // frames that are read at once

// Lines are those of a month, the newest first, and where one reads on (0: there is no more). What still waits to be written is
// among the newest.
func (l *Log) Lines(ctx context.Context, w Want) (list []Line, before uint64, err error) {
	if w.Month == "" {
		w.Month = l.o.Now().In(l.o.Zone).Format(month)
	}
	if _, err := time.Parse(month, w.Month); err != nil {
		return nil, 0, nil // there is no such month
	}
	log, found, oldest := id.Log(prefix+w.Month), map[Line]int{}, int64(math.MaxInt64)
	note := func(lines []Line) {
		for _, line := range lines {
			oldest = min(oldest, line.At)
			if w.Kind == "" || w.Kind == line.Kind {
				found[line.key()] += line.N
			}
		}
	}
	next := journal.Seq(w.Before)
	if next == 0 {
		l.writing.Lock() // what is written in this moment is not to be seen twice
		head, err := l.journal.Head(ctx, log)
		for _, line := range l.pending() {
			if l.logOf(time.UnixMilli(line.At)) == log {
				note([]Line{line})
			}
		}
		l.writing.Unlock()
		if err != nil {
			return nil, 0, fmt.Errorf("audit: %w", err)
		}
		next = head + 1
	}
	// A minute is read whole: it stands in two frames when the program was started again in it.
	enough := func(lines []Line) bool {
		return len(found) >= w.Limit && (len(lines) == 0 || lines[len(lines)-1].At < oldest)
	}
	for full := false; next > 1 && !full; {
		from := next - min(next, look+1)
		var some []body
		for f, err := range l.journal.Read(ctx, log, from, int(next-from-1)) {
			if err != nil {
				return nil, 0, fmt.Errorf("audit: %w", err)
			}
			var b body
			if err := json.Unmarshal(f.Body, &b); err != nil {
				return nil, 0, fmt.Errorf("audit: %s %d: %w", log, f.Seq, err)
			}
			some = append(some, b)
		}
		for i := len(some); i > 0; i-- {
			if full = enough(some[i-1].Lines); full {
				break
			}
			note(some[i-1].Lines)
			next--
		}
	}
	for line, n := range found {
		line.N = n
		list = append(list, line)
	}
	slices.SortFunc(list, func(a, b Line) int { return cmp.Or(cmp.Compare(b.At, a.At), order(a, b)) })
	if next > 1 {
		before = uint64(next)
	}
	return list, before, nil
}
