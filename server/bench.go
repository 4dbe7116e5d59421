package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/time/rate"

	"linli/internal/auth"
	"linli/internal/bench"
	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
)

// The subjects of a measurement are processes of their own: this binary with one of these commands.
const (
	seedCommand  = "bench-seed"
	floorCommand = "bench-floor"
)

// benchmark runs a workload against the floor and then against Linli. One JSON object a line.
func benchmark(ctx context.Context, args []string, out, errs io.Writer) int {
	fs := flag.NewFlagSet("linli bench", flag.ContinueOnError)
	fs.SetOutput(errs)
	workload := ""
	if len(args) > 0 && args[0] != "-h" {
		workload, args = args[0], args[1:]
	}
	o := bench.Defaults(workload)
	fs.Bool("json", true, "one JSON object a line; there is no other form")
	fs.IntVar(&o.Members, "members", o.Members, "of each room, all online")
	fs.IntVar(&o.Rooms, "rooms", o.Rooms, "how many rooms (district)")
	fs.Float64Var(&o.Rate, "rate", o.Rate, "messages a second in all rooms together (district)")
	fs.IntVar(&o.Connections, "connections", o.Connections, "how many (idle)")
	fs.IntVar(&o.Messages, "messages", o.Messages, "in all rooms together (search), in the room with a long history (history)")
	fs.DurationVar(&o.Time, "time", o.Time, "of the measured part")
	if err := fs.Parse(args); err != nil {
		return exit(usageUnlessHelp(err), errs)
	}
	if workload == "" {
		fmt.Fprintln(errs, "linli: bench which workload? fanout, idle, district, search, history")
		return 2
	}
	switch workload {
	case searchWorkload:
		return exit(benchSearch(ctx, o, out), errs)
	case historyWorkload:
		return exit(benchHistory(ctx, o, out), errs)
	}
	self, err := os.Executable()
	if err != nil {
		return exit(err, errs)
	}
	o.Subjects = []bench.Subject{
		bench.Child{Label: bench.FloorName, Command: []string{self, floorCommand}},
		bench.Child{Label: "linli", Command: []string{self, seedCommand}},
	}
	return exit(bench.Run(ctx, workload, o, out), errs)
}

func usageUnlessHelp(err error) error {
	if err == flag.ErrHelp { //nolint:errorlint // flag returns that very value
		return err
	}
	return errUsage
}

func benchFloor(ctx context.Context, args []string, out, errs io.Writer) int {
	return exit(bench.ServeFloor(ctx, args, os.Stdin, out), errs)
}

// benchSeed makes an office with rooms and members, says their tokens, and serves them: with rights, names and views, and no
// limit on how fast a member may post.
func benchSeed(ctx context.Context, args []string, out, errs io.Writer) int {
	fs := flag.NewFlagSet(seedCommand, flag.ContinueOnError)
	fs.SetOutput(errs)
	dir := fs.String("dir", "", "where")
	rooms := fs.Int("rooms", 1, "how many")
	members := fs.Int("members", 200, "of each room")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if err := bench.RaiseFiles(*rooms**members + 200); err != nil {
		return exit(err, errs)
	}
	c := &Config{Data: *dir, Listen: "127.0.0.1:0", Log: "text", Level: "warn", Reserve: 64}
	p, err := open(ctx, c, settings{auth: auth.Options{Cost: auth.Cost{Time: 1, Memory: 8}, Free: true}})
	if err != nil {
		return exit(err, errs)
	}
	if err := p.seed(ctx, *rooms, *members, out); err != nil {
		return exit(err, errs)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return exit(err, errs)
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		fmt.Fprintf(out, "{\"url\":\"ws://%s/api/v1/socket\"}\n", listener.Addr())
		if err := bench.Attend(os.Stdin, out); err != nil {
			p.Log.Error("attend", "err", err)
		}
	}()
	err = p.serveOn(ctx, listener, c, special{rate: rate.Inf})
	if e := p.Close(); err == nil {
		err = e
	}
	return exit(err, errs)
}

func (p *Program) seed(ctx context.Context, rooms, members int, out io.Writer) error {
	do := func(act string, facts any) error {
		with, err := json.Marshal(facts)
		if err == nil {
			_, err = p.Engine.As(ctx, id.Office, entry.Command{Act: act, With: with}, time.Time{})
		}
		return err
	}
	type admission struct {
		Person   id.Person   `json:"person"`
		Room     id.Room     `json:"room"`
		Premises id.Premises `json:"premises"`
		Badge    string      `json:"badge"`
	}
	community := id.Derive[id.Community]("c", "bench")
	if err := do("places.put", map[string]any{"communities": []office.Community{{ID: community, Name: "社区"}}}); err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	for n := range rooms {
		name := fmt.Sprintf("院%d", n)
		r := office.Room{ID: id.Derive[id.Room]("r", "bench", name), Name: name, Community: community, Compound: name}
		if err := do("places.put", map[string]any{"rooms": []office.Room{r}}); err != nil {
			return err
		}
		var people []admission
		var premises []office.Premises
		records := map[id.Person]register.Record{}
		for i := range members {
			h := office.Premises{
				ID: id.Derive[id.Premises]("h", name, fmt.Sprint(i)), Kind: office.Home, Community: community, Compound: name,
				Building: "1号楼", Entrance: fmt.Sprintf("%d单元", 1+i/100), Door: fmt.Sprint(101 + i%100),
			}
			m := admission{id.New[id.Person]("p"), r.ID, h.ID, "业主"}
			records[m.Person] = register.Record{Name: "王丽", Phone: fmt.Sprintf("139%08d", n*10000+i), Title: "女士"}
			people, premises = append(people, m), append(premises, h)
		}
		if err := p.Register.PutAll(ctx, records); err != nil {
			return err
		}
		for from := 0; from < members; from += 400 {
			to := min(from+400, members)
			if err := do("places.put", map[string]any{"premises": premises[from:to]}); err != nil {
				return err
			}
			if err := do("person.admit", map[string]any{"people": people[from:to], "quiet": true}); err != nil {
				return err
			}
		}
		for _, m := range people {
			s, err := p.Auth.Start(ctx, m.Person, auth.Where{Label: "bench"})
			if err != nil {
				return err
			}
			line, err := json.Marshal(bench.Member{Room: string(r.ID), Device: string(s.Device), Token: s.Access})
			if err != nil {
				return err
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	if err := p.Engine.Settled(ctx); err != nil {
		return err
	}
	return w.Flush()
}
