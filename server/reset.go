package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"linli/internal/audit"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/office"
	"linli/internal/register"
)

// administer is `linli admin reset`: the way back for an administrator whom nobody else can let in, as the last one who forgot the password or
// lost the second step. It is for whoever may stop the server on its machine and open its keys. The person sees afterwards that it happened.
func administer(ctx context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	flags := c.flags("admin", errs)
	if len(args) > 0 && args[0] == "reset" {
		args = args[1:]
	} else if !slices.ContainsFunc(args, func(a string) bool { return a == "-h" || a == "-help" || a == "--help" }) {
		fmt.Fprintln(errs, "linli: linli admin reset [-data DIR] [NAME]")
		return 2
	}
	names, err := c.parseWith(flags, args, errs)
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
	return exit(p.reset(ctx, name, out), errs)
}

// reset takes the second step away from the administrator who is called so or has this phone (without a name from the only one), and gives them
// a code for a new password.
func (p *Program) reset(ctx context.Context, name string, out io.Writer) error {
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
		return fmt.Errorf("say which one: linli admin reset NAME, or their phone")
	}
	with, err := jsonOf(map[string]any{"person": meant[0]})
	if err != nil {
		return err
	}
	if _, err := p.Engine.As(ctx, id.Office, entry.Command{Act: "code.reset", With: with}, time.Time{}); err != nil {
		return err
	}
	had := p.Auth.HasStep(ctx, meant[0])
	if err := p.Auth.ResetStep(ctx, meant[0]); err != nil {
		return err
	}
	p.Audit.Note(audit.Code, "code.reset", id.Server, string(meant[0]), "")
	code, until, err := p.Auth.IssueCode(ctx, meant[0], id.Server)
	if err != nil {
		return err
	}
	rec := records[meant[0]]
	if had {
		fmt.Fprintln(out, "Their second step of signing in is taken away.")
	}
	fmt.Fprintf(out, "%s %s: %s\nGood once, until %s. Start the server, and on the page sign in with phone and code (用验证码登录) and choose a new password.\n",
		rec.Name, rec.Phone, code, until.Format("15:04"))
	return nil
}
