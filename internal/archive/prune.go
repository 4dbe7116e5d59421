package archive

import (
	"context"
	"slices"
	"strings"
	"time"
)

// ThirtyDays is for how long old versions of what is kept apart stay: who is forgotten today can be found in no copy after that.
const ThirtyDays = 30 * 24 * time.Hour

// Keep is which copies stay: all of the last All, the last of each hour of the last Hourly, then of each day, then of each month.
type Keep struct {
	All    time.Duration
	Hourly time.Duration
	Days   int
	Months int
	Zone   *time.Location
}

// lastDays of those that have copies keep their last one whatever their age: a clock that is wrong for once takes no past away.
const lastDays = 7

// stays are the names of those that stay; the newest always does. Names are the oldest first.
func (k Keep) stays(names []string, now time.Time) map[string]bool {
	stay := map[string]bool{}
	hours, days, months := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, name := range slices.Backward(names) {
		at, ok := madeAt(name)
		if !ok {
			stay[name] = true
			continue
		}
		local, age := at.In(k.Zone), now.Sub(at)
		hour, day, month := local.Format("2006-01-02 15"), local.Format("2006-01-02"), local.Format("2006-01")
		switch {
		case i == len(names)-1, age < k.All, len(days) < lastDays && !days[day]:
			stay[name] = true
		case age < k.Hourly && !hours[hour]:
			stay[name] = true
		case age < time.Duration(k.Days)*24*time.Hour && !days[day]:
			stay[name] = true
		case now.AddDate(0, -k.Months, 0).Before(at) && !months[month]:
			stay[name] = true
		}
		hours[hour], days[day], months[month] = true, true, true // of an hour, day or month that has a later one the earlier ones go
	}
	return stay
}

// madeAt is when a copy was made, by its name.
func madeAt(name string) (time.Time, bool) {
	_, text, _ := strings.Cut(name, "-")
	at, err := time.Parse(stamp, text)
	return at, err == nil
}

const stamp = "20060102T150405Z"

// Prune takes away the copies that do not stay and then the parts that no copy has; files only when asked, since every list is read for
// that. It returns the names of the copies that went.
func (a *Archive) Prune(ctx context.Context, k Keep, files bool) (went []string, err error) {
	names, err := a.List(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	stay := k.stays(names, a.o.Now())
	newest := number(names[len(names)-1])
	held := map[string]bool{}
	var lists []listed
	for _, name := range names {
		if !stay[name] {
			if err := a.target.Remove(ctx, copies+"/"+name); err != nil {
				return went, err
			}
			went = append(went, name)
			continue
		}
		c, err := a.Read(ctx, name)
		if isDamaged(err) {
			return went, nil // what it has is not known: nothing more goes until it does
		}
		if err != nil {
			return went, err
		}
		for _, p := range c.Parts {
			if p.kind() == listD {
				lists = append(lists, listed{p.Name, c.Naming})
			}
			held[p.Name] = true
		}
	}
	for _, kind := range []string{framesD, shelfD, goneD, listD, apartD} {
		if err := a.sweep(ctx, kind, held, newest); err != nil {
			return went, err
		}
	}
	if files {
		err = a.sweepFiles(ctx, lists)
	}
	return went, err
}

// listed is a list that stays, and what its files are called by.
type listed struct {
	part   string
	naming []byte
}

// sweep takes away parts of one kind that no copy has, but none of a copy that is being made.
func (a *Archive) sweep(ctx context.Context, kind string, held map[string]bool, newest int) error {
	var things []Thing
	last := ""
	for thing, err := range a.target.List(ctx, kind+"/") {
		if err != nil {
			return err
		}
		things = append(things, thing)
		if n := strings.TrimPrefix(thing.Name, kind+"/"); number(n) > number(strings.TrimPrefix(last, kind+"/")) {
			last = thing.Name
		}
	}
	for _, thing := range things {
		gone := !held[thing.Name]
		switch kind {
		case apartD: // whatever copy names it: the past has no claim to it
			gone = a.o.Now().Sub(time.UnixMilli(thing.At)) > ThirtyDays && thing.Name != last || gone && thing.Name != last
		case goneD:
			gone = gone && thing.Name != last
		}
		if gone && number(strings.TrimPrefix(thing.Name, kind+"/")) <= newest {
			if err := a.target.Remove(ctx, thing.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Archive) sweepFiles(ctx context.Context, lists []listed) error {
	held, read := map[string]bool{}, map[string]bool{}
	for _, l := range lists {
		if read[l.part] {
			continue
		}
		read[l.part] = true
		in, err := a.opened(ctx, l.part)
		if err == nil {
			err = records(in, listFields, func(r record) error { held[fileName(l.naming, string(r[0]))] = true; return nil })
			in.Close() //nolint:errcheck // it was only read
		}
		if isDamaged(err) {
			return nil // what it had is not known
		}
		if err != nil {
			return err
		}
	}
	a.have = nil
	if err := a.know(ctx); err != nil {
		return err
	}
	for name := range a.have {
		if held[name] {
			continue
		}
		if err := a.target.Remove(ctx, name); err != nil {
			return err
		}
		delete(a.have, name)
	}
	return nil
}
