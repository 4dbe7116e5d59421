package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
)

// leftFor is how old the copy of a check has to be before it counts as left behind.
const leftFor = 24 * time.Hour

// tidy takes away, before anybody can ask for anything, what was written down for an entry that a kill kept from the log: people whom
// nobody knows, names that hold nowhere, phones of who was not let in, lines of the roster without their door. While a log is damaged,
// or the office's has acts of a newer program, nothing is touched: what they name is not known. What cannot be deleted now waits for the next start.
func (p *Program) tidy(ctx context.Context, data string) {
	copied := filepath.Join(data, "check.tmp")
	if info, err := os.Stat(copied); err == nil && time.Since(info.ModTime()) > leftFor {
		if err := os.RemoveAll(copied); err != nil {
			p.Log.Warn("what a check left behind was not deleted", "folder", copied, "err", err)
		}
	}
	asked := func(of func(*office.State) bool) (yes bool) {
		p.Engine.ReadOffice(func(o *office.State) { yes = of(o) })
		return yes
	}
	if len(p.Engine.Damages()) > 0 || !asked((*office.State).Whole) {
		return
	}
	named := register.Named{
		Person: func(who id.Person) bool { return asked(func(o *office.State) bool { return o.Names(who) }) },
		Owner: func(who id.Person) bool {
			return asked(func(o *office.State) bool { _, in := o.Person(who); return in })
		},
		Record: func(who id.Person, record string) bool {
			return asked(func(o *office.State) bool { return o.Shows(who, record) })
		},
		Door: func(page string, h id.Premises) bool {
			return asked(func(o *office.State) bool { x, there := o.Premises(h); return there && x.Page == page })
		},
	}
	t, err := p.Register.Tidy(ctx, named)
	secrets := 0
	if err == nil {
		secrets, err = p.Auth.Tidy(ctx, named.Person)
	}
	if err == nil {
		err = p.Pockets.Tidy(ctx, named.Person)
	}
	if err != nil && ctx.Err() == nil {
		p.Log.Warn("what no log names is not deleted yet", "err", err)
	}
	if t != (register.Tidied{}) || secrets > 0 {
		p.Log.Info("what a kill left and no log names is gone", "persons", t.Persons, "records", t.Records, "phones", t.Phones, "doors", t.Doors, "secrets", secrets)
	}
}
