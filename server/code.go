package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/register"
)

// giveCode is the way back for an administrator to whom nobody else can give a code, as the last one who forgot the password: whoever may
// stop the server on its machine and open its keys. The person sees afterwards that it happened.
func giveCode(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	names, err := c.parseWith(c.flags("code", errs), args, errs)
	if err == nil && len(names) > 1 {
		fmt.Fprintln(errs, "linli: one administrator at a time, by name or phone")
		err = errUsage
	}
	if err != nil {
		return exit(err, errs)
	}
	p, err := open(ctx, c, settings{})
	if err != nil {
		return exit(err, errs)
	}
	defer p.Close() //nolint:errcheck // what matters is on disk
	name := ""
	if len(names) == 1 {
		name = names[0]
	}
	return exit(p.giveCode(ctx, name, out), errs)
}

// giveCode gives the administrator a code who is called so or has this phone; without a name the only one.
func (p *Program) giveCode(ctx context.Context, name string, out io.Writer) error {
	var admins []id.Person
	p.Engine.ReadOffice(func(o *office.State) { admins = o.Admins() })
	if len(admins) == 0 {
		return fmt.Errorf("the office has no administrator yet: start the server, its log says the setup code")
	}
	records := map[id.Person]register.Record{}
	for _, a := range admins {
		rec, err := p.Register.Record(ctx, a)
		if err != nil && !fault.Is(err, fault.NotFound) && !errors.Is(err, journal.ErrUnreadable) {
			return err
		}
		records[a] = rec // empty where it is lost: the others are still found
	}
	meant := slices.DeleteFunc(slices.Clone(admins), func(a id.Person) bool {
		return name != "" && name != records[a].Name && name != records[a].Phone
	})
	if len(meant) != 1 {
		fmt.Fprintln(out, "The administrators are:")
		for _, a := range admins {
			fmt.Fprintf(out, "  %s %s\n", records[a].Name, register.Masked(records[a].Phone))
		}
		if len(meant) == 0 {
			return fmt.Errorf("no administrator is called so or has this phone")
		}
		return fmt.Errorf("say which one: linli code NAME, or their phone")
	}
	with, err := jsonOf(map[string]any{"person": meant[0]})
	if err != nil {
		return err
	}
	if _, err := p.Engine.As(ctx, id.Office, entry.Command{Act: "code.issue", With: with}, time.Time{}); err != nil {
		return err
	}
	code, until, err := p.Auth.IssueCode(ctx, meant[0], id.Server)
	if err != nil {
		return err
	}
	rec := records[meant[0]]
	fmt.Fprintf(out, "%s %s: %s\nGood once, until %s. Start the server, and on the page sign in with phone and code (用验证码登录) and choose a new password.\n",
		rec.Name, rec.Phone, code, until.Format("15:04"))
	return nil
}
