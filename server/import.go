package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"linli/internal/fault"
	"linli/internal/intake"
	"linli/internal/roster"
)

func jsonOf(v any) (json.RawMessage, error) { return json.Marshal(v) }

func errorsNotFound(err error) bool { return fault.Is(err, fault.NotFound) }

// importRoster takes the office's tables in, on a stopped server.
func importRoster(ctx context.Context, args []string, out, errs io.Writer) int {
	var dry, asJSON bool
	var place roster.Place
	c := &Config{}
	fs := c.flags("import", errs)
	fs.BoolVar(&dry, "dry-run", false, "say what would change, and change nothing")
	fs.BoolVar(&asJSON, "json", false, "answer as one JSON object")
	fs.StringVar(&place.Compound, "compound", "", "of the homes that do not say theirs")
	fs.StringVar(&place.Community, "community", "", "of the homes that do not say theirs")
	files, err := c.parseWith(fs, args, errs)
	if err == nil && len(files) == 0 {
		fmt.Fprintln(errs, "linli: import which files?")
		err = errUsage
	}
	if err != nil {
		return exit(err, errs)
	}
	plan, err := takeIn(ctx, c, files, place, dry)
	if err != nil {
		return refuse(err, asJSON, out, errs)
	}
	if err := sayPlan(plan, asJSON, dry, out); err != nil || len(plan.Questions) == 0 {
		return exit(err, errs)
	}
	for _, q := range plan.Questions {
		fmt.Fprintf(errs, "linli: %s %s does not say its %s (%d rows); nothing was changed%s\n", q.File, q.Sheet, q.What, q.Rows, answers[q.What])
	}
	return 1
}

// answers say how a question is answered here.
var answers = map[string]string{
	"compound": ": say -compound NAME", "community": ": say -community NAME", "columns": ": name its columns as the page does, or import it there",
}

// refuse says why nothing changed.
func refuse(err error, asJSON bool, out, errs io.Writer) int {
	if f := fault.Of(err); f != nil && asJSON {
		_ = json.NewEncoder(out).Encode(map[string]any{"fault": f})
	}
	return exit(err, errs)
}

func takeIn(ctx context.Context, c *Config, names []string, place roster.Place, dry bool) (*intake.Plan, error) {
	var files []roster.File
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, roster.File{Name: name, Content: b, Places: map[string]roster.Place{"": place}})
	}
	p, err := open(ctx, c, settings{})
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // what matters is on disk
	plan, err := p.Intake.Preview(ctx, files)
	if err != nil || dry || len(plan.Questions) > 0 {
		return plan, err
	}
	refused, err := p.Intake.Apply(ctx, plan, nil)
	if err != nil {
		return nil, err
	}
	plan.Errors = append(plan.Errors, refused...)
	return plan, p.Engine.Settled(ctx)
}

func sayPlan(plan *intake.Plan, asJSON, dry bool, out io.Writer) error {
	if asJSON {
		errors := plan.Errors
		if errors == nil {
			errors = []roster.RowError{}
		}
		return json.NewEncoder(out).Encode(struct {
			intake.Counts
			Errors    []roster.RowError `json:"errors"`
			Remarks   []roster.RowError `json:"remarks"`
			Questions []roster.Question `json:"questions"`
			Skipped   []roster.Skipped  `json:"skipped"`
		}{plan.Counts, errors, append([]roster.RowError{}, plan.Remarks...), append([]roster.Question{}, plan.Questions...), append([]roster.Skipped{}, plan.Skipped...)})
	}
	n := plan.Counts
	fmt.Fprintf(out, "%d communities, %d rooms, %d households, %d shops, %d duties of staff\n", n.Communities, n.Rooms, n.Households, n.Shops, n.Staff)
	done := "done"
	if dry || len(plan.Questions) > 0 {
		done = "would be"
	}
	fmt.Fprintf(out, "%s: %d added, %d changed, %d removed, %d unchanged\n", done, n.Added, n.Changed, n.Removed, n.Unchanged)
	for _, e := range plan.Errors {
		fmt.Fprintf(out, "%s %s row %d: not taken: %s (%s)\n", e.File, e.Sheet, e.Row, e.Reason, e.Text)
	}
	for _, e := range plan.Remarks {
		fmt.Fprintf(out, "%s %s row %d: taken, but: %s (%s)\n", e.File, e.Sheet, e.Row, e.Reason, e.Text)
	}
	for _, x := range plan.Skipped {
		fmt.Fprintf(out, "%s %s: %d rows not taken: no table that is known\n", x.File, x.Sheet, x.Rows)
	}
	for _, h := range plan.Headings {
		if len(h.Left) > 0 {
			fmt.Fprintf(out, "%s %s: columns not taken: %q\n", h.File, h.Sheet, h.Left)
		}
	}
	return nil
}
