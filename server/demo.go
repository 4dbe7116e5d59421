package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"linli/assets"
	"linli/internal/auth"
	"linli/internal/engine"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/intake"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/roster"
	"linli/internal/view"
	"linli/internal/wire"
)

// demoPassword is everybody's.
const demoPassword = "linli2026"

// demo serves a district that lives: its roster taken in, most households admitted, yesterday replayed, today up to now, and then
// on by the clock, all through the commands that people use.
func demo(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	if err := c.parse("demo", args, errs); err != nil {
		return exit(err, errs)
	}
	ticks := newClock(c.Speed, c.At)
	tell := &telling{out: out}
	tell.step("打开数据 opening the data in %s", c.Data)
	// Thousands sign in at once, with a password that everybody knows: it may be cheap.
	p, err := open(ctx, c, settings{now: ticks.Now, auth: auth.Options{Cost: auth.Cost{Time: 1, Memory: 8}}})
	if err != nil {
		return exit(stopped(ctx, err), errs)
	}
	d := &district{Program: p, clock: ticks, tell: tell, people: map[string]id.Person{}, posted: map[string]place{}}
	if err := d.settle(ctx, out); err != nil {
		return exit(errors.Join(stopped(ctx, err), p.Close()), errs)
	}
	live, stop := context.WithCancel(ctx)
	p.work.Go(func() { d.live(live) })
	p.closes = append(p.closes, func() error { stop(); return nil })
	return exit(p.serve(ctx, c, special{demo: true}), errs)
}

// district is the demo's people and their recorded day.
type district struct {
	*Program
	clock *clock
	tell  *telling
	day   []event
	table *roster.Table
	rooms map[string]id.Room

	mu     sync.Mutex
	people map[string]id.Person // by phone
	posted map[string]place     // by command id: what the recorded day refers to

	once  sync.Once
	index []named
}

// telling says on the terminal what the demo is doing, so that nobody takes the wait for a hang.
type telling struct {
	mu    sync.Mutex
	out   io.Writer
	tenth int // of the step, as said last
}

// step begins a line of what is done now.
func (t *telling) step(format string, with ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tenth = 0
	fmt.Fprintf(t.out, "· "+format+" …\n", with...)
}

// part says each tenth of the step once.
func (t *telling) part(done, of int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tenth := 10 * done / max(of, 1); tenth > t.tenth {
		t.tenth = tenth
		fmt.Fprintf(t.out, "    %d%% (%d / %d)\n", 10*tenth, done, of)
	}
}

// place is where an item stands.
type place struct {
	seq  entry.Seq
	kind string
}

// settle brings the district up to now.
func (d *district) settle(ctx context.Context, out io.Writer) error {
	began := time.Now()
	if err := d.read(); err != nil {
		return err
	}
	d.tell.step("导入花名册 taking in the roster: %d 户 homes, %d 店 shops", len(d.table.Households), len(d.table.Shops))
	if err := d.takeIn(ctx); err != nil {
		return err
	}
	d.tell.step("居民入群 letting residents into %d 个群 rooms", len(d.rooms))
	if err := d.admit(ctx); err != nil {
		return err
	}
	if err := d.Engine.Settled(ctx); err != nil {
		return err
	}
	if err := d.recall(); err != nil {
		return err
	}
	now := d.clock.Now()
	today := midnight(now)
	yesterday := midnight(today.Add(-12 * time.Hour))
	d.tell.step("重放昨天 replaying yesterday")
	d.replay(ctx, yesterday, today)
	d.tell.step("重放今天到 %s replaying today until then", now.Format("15:04"))
	d.replay(ctx, today, now)
	if err := d.queue(ctx); err != nil {
		return err
	}
	d.tell.step("居民登录 signing residents in")
	if err := d.signIns(ctx); err != nil {
		return err
	}
	if err := d.accounts(ctx, out); err != nil {
		return err
	}
	d.Log.Info("the district is up", "took", time.Since(began).Round(time.Millisecond).String(), "people", len(d.people), "clock", now.Format("2006-01-02 15:04"))
	return ctx.Err()
}

func (d *district) read() error {
	day, err := fs.ReadFile(assets.Ruyihu, "day.ndjson")
	if err != nil {
		return err
	}
	if d.day, err = readDay(day); err != nil {
		return err
	}
	book, err := fs.ReadFile(assets.Ruyihu, "roster.xlsx")
	if err != nil {
		return err
	}
	d.table, err = roster.Parse([]roster.File{{Name: "roster.xlsx", Content: book}})
	return err
}

// takeIn imports the roster; when it is in already nothing changes.
func (d *district) takeIn(ctx context.Context) error {
	book, err := fs.ReadFile(assets.Ruyihu, "roster.xlsx")
	if err != nil {
		return err
	}
	plan, err := d.Intake.Preview(ctx, []roster.File{{Name: "roster.xlsx", Content: book}})
	if err != nil {
		return err
	}
	if plan.Counts.Added+plan.Counts.Changed > 0 {
		if _, err := d.Intake.Apply(ctx, plan, d.tell.part); err != nil {
			return err
		}
	}
	d.rooms = map[string]id.Room{}
	d.Engine.ReadOffice(func(s *office.State) {
		for _, r := range s.Rooms() {
			d.rooms[r.Name] = r.ID
		}
	})
	return nil
}

// resident is somebody whom the demo admits.
type resident struct {
	phone    string
	record   register.Record
	room     id.Room
	premises id.Premises
	badge    string
}

// admit lets in who acts in the recorded day, and six of seven shops: the others are the doors that are still to be reached.
func (d *district) admit(ctx context.Context) error {
	acts := map[string]bool{}
	for i := range d.day {
		acts[d.day[i].By.Phone] = true
	}
	var all []resident
	for i, h := range d.residents() {
		if acts[h.phone] || h.badge == "商户" && i%7 != 0 {
			all = append(all, h)
		}
	}
	records, phones := map[id.Person]register.Record{}, map[string]id.Person{}
	for _, h := range all {
		p, err := d.Register.ByPhone(ctx, h.phone)
		if fault.Is(err, fault.NotFound) {
			p, err = id.Derive[id.Person]("p", "demo", h.phone), nil
			records[p], phones[h.phone] = h.record, p
		}
		if err != nil {
			return err
		}
		d.people[h.phone] = p
	}
	if err := d.Register.PutAll(ctx, records); err != nil {
		return err
	}
	if err := d.Register.ClaimPhones(ctx, phones); err != nil {
		return err
	}
	for _, x := range d.table.Staff {
		p, err := d.Register.ByPhone(ctx, x.Phone)
		if err != nil {
			return err
		}
		d.people[x.Phone] = p
	}
	return d.letIn(ctx, all)
}

// residents are the heads of all households and the principals of all shops, where they belong.
func (d *district) residents() []resident {
	var all []resident
	d.Engine.ReadOffice(func(s *office.State) {
		for i := range d.table.Households {
			h := &d.table.Households[i]
			if x, ok := s.Premises(intake.HomeID(h.Compound, h.Building, h.Entrance, h.Door)); ok {
				badge := "业主"
				if h.Tenure == "出租" {
					badge = "租户"
				}
				all = append(all, resident{h.Phone, register.Record{Name: h.Name, Phone: h.Phone, Title: title(h.Name)}, x.Room, x.ID, badge})
			}
		}
		for i := range d.table.Shops {
			h := &d.table.Shops[i]
			if x, ok := s.Premises(intake.ShopID(h.Compound, h.Name, h.Address)); ok {
				all = append(all, resident{h.Phone, register.Record{Name: h.Principal, Phone: h.Phone, Title: title(h.Principal)}, x.Room, x.ID, "商户"})
			}
		}
	})
	return all
}

// title guesses how a made-up person is addressed, by the last character of a made-up name.
func title(name string) string {
	for _, c := range "丽芳秀英娟梅霞芬兰燕玲桂珍雪婷颖涵欣雅琳慧洁静敏艳云红香月玉萍莉娜然嘉雨可婧曦" {
		if strings.HasSuffix(name, string(c)) {
			return "女士"
		}
	}
	return "先生"
}

// letIn admits people many at a time, room by room, without a line for each.
func (d *district) letIn(ctx context.Context, all []resident) error {
	type admission struct {
		Person   id.Person   `json:"person"`
		Room     id.Room     `json:"room"`
		Premises id.Premises `json:"premises"`
		Badge    string      `json:"badge"`
	}
	bound := map[id.Person]bool{}
	d.Engine.ReadOffice(func(s *office.State) {
		for _, p := range d.people {
			who, _ := s.Person(p)
			bound[p] = slices.ContainsFunc(who.Bindings, func(b office.Binding) bool { return b.Premises != "" })
		}
	})
	var list []admission
	for _, h := range all {
		if p := d.people[h.phone]; !bound[p] && h.room != "" {
			list = append(list, admission{p, h.room, h.premises, h.badge})
		}
	}
	slices.SortStableFunc(list, func(a, b admission) int { return cmp.Compare(a.Room, b.Room) })
	for part := range slices.Chunk(list, 400) {
		with, err := json.Marshal(map[string]any{"people": part, "quiet": true})
		if err != nil {
			return err
		}
		_, err = d.Engine.As(ctx, id.Office, entry.Command{Act: "person.admit", With: with}, midnight(d.clock.Now()).Add(-48*time.Hour))
		if err != nil && !fault.Is(err, fault.Unchanged) {
			return err
		}
	}
	return nil
}

// recall finds what an earlier run has posted, so that today's claims find yesterday's requests.
func (d *district) recall() error {
	for _, r := range d.rooms {
		for before := entry.Seq(0); ; {
			page, err := d.View.Page(r, view.Who{}, view.Span{Before: before, Limit: view.MaxPage})
			if err != nil {
				return err
			}
			var delivery wire.Delivery
			if err := json.Unmarshal(page, &delivery); err != nil {
				return err
			}
			for _, item := range delivery.New {
				if item.ID != "" {
					d.posted[item.ID] = place{item.Seq, item.Kind}
				}
			}
			if delivery.First || len(delivery.New) == 0 {
				break
			}
			before = delivery.New[0].Seq
		}
	}
	return nil
}

// replay runs what happened between two times of one day, rooms side by side, each in its own order.
func (d *district) replay(ctx context.Context, from, to time.Time) {
	start := midnight(from)
	rooms := map[string][]int{}
	for i := range d.day {
		if at := d.day[i].at(start); !at.Before(from) && at.Before(to) {
			rooms[d.day[i].Room] = append(rooms[d.day[i].Room], i)
		}
	}
	all := 0
	for _, events := range rooms {
		all += len(events)
	}
	var work sync.WaitGroup
	var done atomic.Int64
	for _, events := range rooms {
		work.Go(func() { d.replayRoom(ctx, start, events, func() { d.tell.part(int(done.Add(1)), all) }) })
	}
	work.Wait()
}

// replayRoom keeps many commands of a room on the way, but none before the one that it refers to.
func (d *district) replayRoom(ctx context.Context, start time.Time, events []int, done func()) {
	const ahead = 64
	var waiting sync.WaitGroup
	sent := 0
	for _, i := range events {
		if ctx.Err() != nil {
			break
		}
		if d.day[i].Of != "" || sent == ahead {
			if _, known := d.place(start, d.day[i].Of); !known || sent == ahead {
				waiting.Wait()
				sent = 0
			}
		}
		sent++
		waiting.Add(1)
		d.send(start, i, func() { done(); waiting.Done() })
	}
	waiting.Wait()
}

// name is the id of an event's command: the same on every run of the demo, so that what was done is not done again.
func (d *district) name(start time.Time, i int) string {
	days := int(start.Sub(time.Date(2020, 1, 1, 0, 0, 0, 0, start.Location())).Hours()) / 24
	p := d.people[d.day[i].By.Phone]
	return fmt.Sprintf("%s.%d", demoDevice(p), days*1000+d.day[i].turn)
}

// place is where the item of an event of that day stands.
func (d *district) place(start time.Time, event string) (place, bool) {
	i, ok := slices.BinarySearchFunc(d.byID(), event, func(x named, id string) int { return strings.Compare(x.id, id) })
	if !ok {
		return place{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.posted[d.name(start, d.byID()[i].at)]
	return at, ok
}

// answered notes what came of one command.
type answered struct {
	d    *district
	id   string
	kind string
	done func()
}

func (a answered) Answered(all []engine.Answer) {
	for _, x := range all {
		if x.Err == nil && x.Seq != 0 && a.kind != "" {
			a.d.mu.Lock()
			if _, there := a.d.posted[a.id]; !there {
				a.d.posted[a.id] = place{x.Seq, a.kind}
			}
			a.d.mu.Unlock()
		}
	}
	a.done()
}

// send asks for an event in the name of its person. What the rules refuse is refused, as it would be to anybody.
func (d *district) send(start time.Time, i int, done func()) {
	e := &d.day[i]
	of := place{}
	if e.Of != "" {
		var ok bool
		if of, ok = d.place(start, e.Of); !ok {
			done()
			return
		}
	}
	c, ok := e.command(start, of.seq, of.kind)
	if !ok {
		done()
		return
	}
	c.ID = d.name(start, i)
	kind := ""
	if name, post := strings.CutSuffix(c.Act, ".post"); post {
		kind = name
	}
	p := d.people[e.By.Phone]
	d.Engine.Submit(d.rooms[e.Room].Log(), engine.Ask{
		Person: p, Device: demoDevice(p), Command: c, At: e.at(start), Asker: &answered{d, c.ID, kind, done},
	})
}

// live goes on with the day by the clock, and with the next.
func (d *district) live(ctx context.Context) {
	if d.clock.speed == 0 {
		return
	}
	now := d.clock.Now()
	for start := midnight(now); ; start = midnight(start.Add(36 * time.Hour)) {
		for i := range d.day {
			at := d.day[i].at(start)
			if at.Before(now) {
				continue
			}
			if !d.clock.sleep(ctx, at) {
				return
			}
			d.send(start, i, func() {})
		}
		now = start
	}
}

// named finds an event by its id.
type named struct {
	id string
	at int
}

func (d *district) byID() []named {
	d.once.Do(func() {
		for i := range d.day {
			d.index = append(d.index, named{d.day[i].ID, i})
		}
		slices.SortFunc(d.index, func(a, b named) int { return strings.Compare(a.id, b.id) })
	})
	return d.index
}

// queue puts some neighbours in front of one room's door: fitting the roster, nearly, and not at all.
func (d *district) queue(ctx context.Context) error {
	room := d.rooms[demoRoom]
	pending := 0
	var doors []office.Premises
	d.Engine.ReadOffice(func(s *office.State) {
		pending = len(s.Applications(office.Filter{Room: room}))
		for _, h := range s.PremisesOf(room) {
			if h.Kind == office.Home && len(s.Behind(h.ID)) == 0 {
				doors = append(doors, *h)
			}
		}
	})
	if pending > 0 {
		return nil
	}
	for i, h := range doors[:min(7, len(doors))] {
		page, err := d.Register.Page(ctx, h.Page)
		if err != nil {
			return err
		}
		says := page[h.ID]
		rec := register.Record{Name: says.Name, Phone: says.Phone, Title: title(says.Name)}
		facts := map[string]any{"premises": h.ID, "relation": "owner", "category": "业主", "charter": 0}
		words := map[string]string{}
		switch i {
		case 5:
			rec = register.Record{Name: "欧阳慧敏", Phone: "19800000105", Title: "女士"}
			facts["relation"], facts["category"], words["note"] = "family", "家属", "我是户主的儿媳，老人不会用手机"
		case 6:
			rec = register.Record{Name: "买买提·吐尔逊江", Phone: "19800000106", Title: "先生"}
			facts["relation"], facts["category"], facts["premises"], words["door"] = "tenant", "租户", "", "3号楼9单元903"
		}
		light := register.Match(says, facts["premises"] != "", rec.Name)
		p := id.Derive[id.Person]("p", "demo", rec.Phone)
		if err := d.Register.Put(ctx, p, rec); err != nil {
			return err
		}
		facts["application"], facts["person"], facts["room"], facts["light"] = id.New[id.Application]("a"), p, room, light
		c := entry.Command{Act: "application.submit"}
		c.With, _ = json.Marshal(facts)
		c.Words, _ = json.Marshal(words)
		at := d.clock.Now().Add(-time.Duration(40-5*i) * time.Minute)
		if _, err := d.Engine.As(ctx, id.Office, c, at); err != nil {
			return err
		}
	}
	return nil
}

// demoRoom is where the printed people live.
const demoRoom = "电力小区3号楼"

// signIns gives everybody who lives in the rooms a password: who talks there has signed in.
func (d *district) signIns(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(64)
	for _, p := range d.people {
		if !d.Auth.ChosePassword(p) {
			g.Go(func() error { return d.Auth.SetPassword(ctx, p, demoPassword) })
		}
	}
	return g.Wait()
}

// accounts gives four people a password, and says who they are.
func (d *district) accounts(ctx context.Context, out io.Writer) error {
	admin := register.Record{Name: "周敏", Phone: "19900000001", Title: "女士"}
	if !d.founded() {
		p := id.Derive[id.Person]("p", "demo", admin.Phone)
		if err := errors.Join(d.Register.Put(ctx, p, admin), d.Register.ClaimPhone(ctx, admin.Phone, p)); err != nil {
			return err
		}
		with, _ := json.Marshal(map[string]any{"name": d.table.Office.Name, "person": p})
		if _, err := d.Engine.As(ctx, id.Office, entry.Command{Act: "office.found", With: with}, time.Time{}); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n%s: %d people, password of each: %s\n\n", d.table.Office.Name, len(d.people), demoPassword)
	for _, a := range []struct{ role, phone string }{
		{"administrator 办事处管理员", admin.Phone},
		{"owner         群主", d.staffPhone("群主", "")},
		{"volunteer     志愿者", d.staffPhone("成员", "党员志愿者")},
		{"resident      居民", d.residentPhone()},
	} {
		p, err := d.Register.ByPhone(ctx, a.phone)
		if err != nil {
			return err
		}
		if !d.Auth.HasPassword(ctx, p) {
			if err := d.Auth.SetPassword(ctx, p, demoPassword); err != nil {
				return err
			}
		}
		rec, err := d.Register.Record(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-28s %s  %s\n", a.role, a.phone, rec.Name)
	}
	fmt.Fprintln(out)
	return nil
}

func (d *district) staffPhone(role, category string) string {
	for _, x := range d.table.Staff {
		if x.Room == demoRoom && x.Role == role && (category == "" || x.Category == category) {
			return x.Phone
		}
	}
	return ""
}

// residentPhone is that of a resident of the room who has no duty and asks for something in the recorded day.
func (d *district) residentPhone() string {
	staff := map[string]bool{}
	for _, x := range d.table.Staff {
		staff[x.Phone] = true
	}
	for i := range d.day {
		if e := &d.day[i]; e.Room == demoRoom && e.Kind == "request" && !staff[e.By.Phone] {
			return e.By.Phone
		}
	}
	return ""
}
