package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"linli/internal/archive"
	"linli/internal/audit"
	"linli/internal/auth"
	"linli/internal/blob"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
	"linli/internal/intake"
	"linli/internal/journal"
	"linli/internal/journal/local"
	"linli/internal/kind"
	"linli/internal/notify"
	"linli/internal/office"
	"linli/internal/pocket"
	"linli/internal/preview"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/search"
	"linli/internal/view"
	"linli/internal/wire"
)

// Program is every part, joined. This file is the only wiring.
type Program struct {
	Log      *slog.Logger
	Journal  journal.Journal
	Register *register.Register
	Auth     *auth.Auth
	Hub      *hub.Hub
	View     *view.View
	Search   *search.Index
	Blobs    *blob.Store
	Engine   *engine.Engine
	Marks    *engine.Marks
	Scans    *engine.Scans
	Pockets  *pocket.Pockets
	Notify   *notify.Ladder
	Intake   *intake.Service
	Preview  *preview.Fetcher
	Audit    *audit.Log
	Keeper   *archive.Keeper // nil: no copies are made
	Life     string          // of the office: another one each time it was put back from a copy; empty before
	Keep     kind.Keep
	Now      func() time.Time

	waiting func() int // what waits for the journal's committer

	work   sync.WaitGroup
	cancel context.CancelFunc
	closes []func() error // in the order of opening
}

// settings are what open may be told beyond the configuration.
type settings struct {
	log   *slog.Logger     // nil: what the configuration says
	now   func() time.Time // the office's clock; nil: the machine's
	files func() time.Time // the clock that uploads and blobs grow old by; nil: the machine's, also where the office's runs faster
	auth  auth.Options
	free  func(dir string) (int64, error)       // bytes that the log's disk has; nil: the disk is asked
	disk  func(journal.Journal) journal.Journal // what stands before the disk; nil: nothing
}

// open builds every part and starts it. What was opened before an error is closed again.
func open(ctx context.Context, c *Config, s settings) (p *Program, err error) {
	p = &Program{Log: s.log, Now: s.now, Keep: kind.Keep{Files: c.KeepFiles, Media: c.KeepMedia}}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = c.logger()
	}
	p.Preview = preview.New(c.previewed(), p.Now)
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if err := p.openStores(ctx, c, s); err != nil {
		return p, err
	}
	p.Hub, p.Search, p.Notify = hub.New(), search.New(p.View), notify.New()
	p.Auth.OnEnd(func(who id.Person, d id.Device) {
		p.Hub.Drop(d)
		p.Notify.Ended(who, d)
	})
	p.Engine, err = engine.New(engine.Parts{
		Journal: p.Journal, Hub: p.Hub, Reader: reader{p.View, p.Search, p.Notify}, Sealer: p.Register, Names: names{p.Register}, Now: p.Now, Log: p.Log,
	})
	if err != nil {
		return p, err
	}
	p.closes = append(p.closes, func() error { p.Engine.Close(); return nil })
	p.Register.SetForce(func(who id.Person) (record string) {
		p.Engine.ReadOffice(func(s *office.State) { record = s.RecordOf(who) })
		return record
	})
	if err := p.Engine.Start(ctx); err != nil {
		return p, err
	}
	p.tidy(ctx, c.Data)
	p.Audit = audit.Open(p.Journal, audit.Options{Now: p.Now, Zone: kind.Zone, Log: p.Log})
	p.closes = append(p.closes, p.Audit.Close)
	p.Register.SetWitness(witness{p.Engine})
	p.Intake = &intake.Service{Engine: p.Engine, Register: p.Register}
	p.Marks, err = engine.NewMarks(ctx, p.Journal.Shelf(), p.ordinals)
	if err != nil {
		return p, err
	}
	marks, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.cancel = cancel
	if p.Scans, err = engine.NewScans(ctx, p.Journal.Shelf()); err != nil {
		return p, err
	}
	p.work.Go(func() {
		p.Scans.Keep(marks, func(err error) { p.Log.Error("scans were not kept", "err", err) })
	})
	p.work.Go(func() {
		p.Marks.Keep(marks, func(err error) { p.Log.Error("read marks were not kept", "err", err) })
	})
	p.work.Go(func() { p.sweep(marks) })
	p.closes = append(p.closes, func() error { cancel(); p.work.Wait(); return nil })
	if err := p.Notify.Start(ctx, notify.Parts{
		Engine: p.Engine, Marks: p.Marks, Hub: p.Hub, View: p.View, Pockets: p.Pockets, Register: p.Register, Shelf: p.Journal.Shelf(),
		Alive: p.Auth.Alive, Seen: p.Auth.SeenSince, Now: p.Now, Log: p.Log,
		Options: notify.Options{Robot: c.RobotHook, SMS: c.SMSHook, Secret: c.HookSecret, Daily: c.SMSDaily, Public: c.Public, Local: c.PushLocal},
	}); err != nil {
		return p, err
	}
	p.closes = append(p.closes, func() error { p.Notify.Close(); return nil })
	return p, nil
}

// openStores opens what lies on disk.
func (p *Program) openStores(ctx context.Context, c *Config, s settings) error {
	j, err := local.Open(filepath.Join(c.Data, "log"), local.Options{Reserve: c.Reserve << 20, Free: s.free, Log: p.Log})
	if err != nil {
		return err
	}
	p.Journal, p.waiting = j, j.Waiting
	p.closes = append(p.closes, j.Close)
	if s.disk != nil {
		p.Journal = s.disk(j)
	}
	if life, _, err := j.Shelf().Get(ctx, lifeKey); err == nil {
		p.Life = string(life)
	} else if !errors.Is(err, journal.ErrAbsent) && !errors.Is(err, journal.ErrUnreadable) {
		return err
	}
	if err := keysBelong(ctx, j, c.Data); err != nil {
		return err
	}
	keys, err := register.LoadKeys(filepath.Join(c.Data, "keys"))
	if err != nil {
		return err
	}
	p.Register = register.Open(p.Journal.Shelf(), keys)
	if err := p.Register.Check(ctx); err != nil {
		return err
	}
	p.Pockets = pocket.Open(p.Journal.Shelf(), p.Register)
	if p.Auth, err = auth.Open(ctx, p.Journal.Shelf(), p.Register, s.auth); err != nil {
		return err
	}
	if s.files == nil {
		s.files = time.Now
	}
	if p.Blobs, err = blob.Open(filepath.Join(c.Data, "blob"), c.Reserve<<20, s.files); err != nil {
		return err
	}
	if p.Keeper, err = c.keeper(p.Journal, p.Blobs, time.Now); err != nil {
		return err
	}
	p.View, err = view.Open(filepath.Join(c.Data, "view"), p.Log, func(err error) {
		p.Log.Error("the views stand still", "err", err)
	})
	if err != nil {
		return err
	}
	p.closes = append(p.closes, p.View.Close)
	return nil
}

// lifeKey is where the shelf says which life of the office this is.
const lifeKey = "life"

// keysBelong refuses to make a new master key beside data that were sealed with another: a restored office waits for its own.
func keysBelong(ctx context.Context, j journal.Journal, data string) error {
	path := filepath.Join(data, "keys", "master.key")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	for _, err := range j.Shelf().List(ctx, register.Keys) {
		if err == nil {
			return fmt.Errorf("the key of the data is missing: put the file master.key that belongs to this office back into %s", filepath.Dir(path))
		}
	}
	return nil
}

// sweep takes away, at the start and every hour, the files that no message has, or none whose time is not over.
func (p *Program) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		p.sweepOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweepOnce looks only while the views have all that the logs have, and every log can be read: what a damaged room shows is not known.
func (p *Program) sweepOnce(ctx context.Context) {
	if len(p.Engine.Damages()) > 0 || !p.viewed(ctx) {
		return
	}
	now := p.Now().UnixMilli()
	n, err := p.Blobs.Sweep(ctx, func(hash string) (bool, error) {
		return p.View.Uses(hash, func(kind string, at int64, pinned bool) bool { return p.Keep.Past(kind, at, pinned, now) })
	})
	if err != nil && ctx.Err() == nil {
		p.Log.Error("files were not swept", "err", err)
	}
	if n > 0 {
		p.Log.Info("files that no message has, or that are past their time, are gone", "files", n)
	}
}

// viewed tells whether the views have caught up with every room.
func (p *Program) viewed(ctx context.Context) bool {
	var rooms []id.Room
	p.Engine.EachRoom(func(s *room.State) { rooms = append(rooms, s.ID()) })
	for _, r := range rooms {
		if p.Engine.Failed() != nil || p.Engine.Seen(ctx, r) != nil {
			return false
		}
	}
	return true
}

// Close stops every part in reverse order. Nothing that was acknowledged is lost, with or without it.
func (p *Program) Close() error {
	var all error
	for len(p.closes) > 0 {
		last := len(p.closes) - 1
		all = errors.Join(all, p.closes[last]())
		p.closes = p.closes[:last]
	}
	return all
}

// closeWithin is Close for a program that ends: what the disk does not let close in time is left to the next start, which reads from the
// write-ahead files what was acknowledged.
func (p *Program) closeWithin(d time.Duration) error {
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(d):
		p.Log.Warn("the disk does not let the data be closed; the next start does that", "waited", d)
		return nil
	}
}

// ordinals waits for the views: who reads a message the moment it comes is ahead of them.
func (p *Program) ordinals(r id.Room, at entry.Seq) (map[string]uint64, error) {
	if err := p.View.Wait(context.Background(), r.Log(), at); err != nil {
		return nil, err
	}
	return p.View.Ordinals(r, []string{"chat", "notice", "request"}, at)
}

// reader is the views as the engine knows them.
type reader struct {
	*view.View
	search *search.Index
	notify *notify.Ladder
}

func (r reader) Apply(b engine.Batch) {
	if b.Parts != nil {
		items := make([][]byte, 0, len(b.Parts.Items))
		for i := range b.Parts.Items {
			items = append(items, b.Parts.Items[i].Item)
		}
		r.search.Apply(b.Parts.Room, items)
	}
	r.notify.Apply(&b)
	r.View.Apply(view.Batch{
		Log: b.Log, Frame: b.Frame, Seq: b.Seq, Published: b.Published, Cursor: b.Cursor, Parts: b.Parts, Names: b.Names, Checkpoint: b.Checkpoint,
	})
}

// names says how a room knows a person, by the office's rule and the register.
type names struct{ *register.Register }

func (n names) Name(ctx context.Context, _ id.Room, place string, who room.Newcomer) (wire.Name, error) {
	rec, err := n.Record(ctx, who.Person)
	if err != nil && !errorsNotFound(err) && !fault.Is(err, fault.Damaged) { // of what cannot be read the door is left
		return wire.Name{}, err
	}
	return wire.Name{ID: who.Person, Rev: who.Rev, Name: register.DisplayName(rec, place, who.Badge), Badge: who.Badge}, nil
}

// witness writes a look into the office's log before anything is seen.
type witness struct{ *engine.Engine }

func (w witness) Witness(ctx context.Context, by id.Person, of []id.Person, reason string) error {
	with, err := jsonOf(map[string]any{"by": by, "of": of, "reason": reason})
	if err != nil {
		return err
	}
	_, err = w.As(ctx, id.Office, entry.Command{Act: "look", With: with}, time.Time{})
	switch f := fault.Of(err); {
	case fault.Is(err, fault.Unchanged): // they are looking still
		return nil
	case f != nil && f.Code == fault.NoSpace:
		return f.And("field", "look")
	}
	return err
}

// founded tells whether the office has its administrator.
func (p *Program) founded() (yes bool) {
	p.Engine.ReadOffice(func(s *office.State) { yes = s.Founded() })
	return yes
}

// sayCode says the setup code in the log while it is needed.
func (p *Program) sayCode(ctx context.Context, url string) error {
	if p.founded() {
		return nil
	}
	code, err := p.Auth.SetupCode(ctx)
	if err != nil {
		return fmt.Errorf("setup code: %w", err)
	}
	p.Log.Info("the office has no administrator yet; open the page and use this code", "url", url, "code", code)
	return nil
}
