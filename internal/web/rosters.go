package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"linli/internal/audit"
	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/intake"
	"linli/internal/office"
	"linli/internal/paper"
	"linli/internal/roster"
)

// rosters are the plans that wait for their word, in memory: the last few, for an hour.
type rosters struct {
	mu    sync.Mutex
	plans map[string]*planned
}

type planned struct {
	plan           *intake.Plan
	by             id.Person
	made           time.Time
	state          string // ready, applying, done, failed
	written, total int
	failure        *fault.Fault
}

const (
	plansKept = 8
	planFor   = time.Hour
	linesOf   = 200 // of each sort, in a preview
)

type rosterBody struct {
	ID      string              `json:"id"`
	State   string              `json:"state"` // unclear: nobody knows what the columns of a file mean; say so, and send it again
	Written int                 `json:"written"`
	Total   int                 `json:"total"`
	Counts  intake.Counts       `json:"counts"`
	Adds    []intake.Difference `json:"adds"`
	Changes []intake.Difference `json:"changes"`
	Removes []intake.Difference `json:"removes"`
	Errors  []roster.RowError   `json:"errors"`
	Failed  int                 `json:"failed"` // how many rows could not be taken; errors has the first
	Fault   *fault.Fault        `json:"fault,omitempty"`

	Headings []roster.Heading `json:"headings"` // how the columns were read
	Meanings []string         `json:"meanings"` // what a column may mean
}

func (x *planned) body(name string) rosterBody {
	b := rosterBody{
		ID: name, State: x.state, Written: x.written, Total: x.total, Counts: x.plan.Counts, Fault: x.failure,
		Adds: []intake.Difference{}, Changes: []intake.Difference{}, Removes: []intake.Difference{},
		Errors: append([]roster.RowError{}, x.plan.Errors[:min(linesOf, len(x.plan.Errors))]...), Failed: len(x.plan.Errors),
		Headings: append([]roster.Heading{}, x.plan.Headings...), Meanings: roster.Meanings(),
	}
	for _, d := range x.plan.Differences {
		list := map[string]*[]intake.Difference{"added": &b.Adds, "changed": &b.Changes, "removed": &b.Removes}[d.How]
		if list != nil && len(*list) < linesOf {
			*list = append(*list, d)
		}
	}
	return b
}

// mayImport: administrators.
func (s *Server) mayImport(ctx context.Context) (id.Person, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return p, err
	}
	may := false
	s.Engine.ReadOffice(func(o *office.State) {
		for _, g := range o.GrantsOf(p) {
			may = may || g.Role == entry.Admin
		}
	})
	if !may {
		return p, fault.New(fault.Forbidden, "only administrators may import")
	}
	return p, nil
}

// previewRoster parses and compares what was uploaded. Nothing is written.
func (s *Server) previewRoster(w http.ResponseWriter, r *http.Request) {
	p, err := s.mayImport(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	files, err := uploaded(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	plan, err := s.Intake.Preview(r.Context(), files)
	if fault.Is(err, fault.Unreadable) {
		if list, no := roster.Headings(files); no == nil && len(list) > 0 {
			w.Header().Set("Cache-Control", "no-store")
			writeJSON(w, (&planned{plan: &intake.Plan{Headings: list}, state: "unclear"}).body(""))
			return
		}
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	name := string(id.New[id.Log]("i"))
	x := &planned{plan: plan, by: p, made: time.Now(), state: "ready", total: plan.Total()}
	s.rosters.add(name, x)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, x.body(name))
}

func (x *rosters) add(name string, p *planned) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.plans == nil {
		x.plans = map[string]*planned{}
	}
	for old, q := range x.plans {
		if time.Since(q.made) > planFor && q.state != "applying" {
			delete(x.plans, old)
		}
	}
	for len(x.plans) >= plansKept {
		oldest := ""
		for old, q := range x.plans {
			if q.state != "applying" && (oldest == "" || q.made.Before(x.plans[oldest].made)) {
				oldest = old
			}
		}
		if oldest == "" {
			break
		}
		delete(x.plans, oldest)
	}
	x.plans[name] = p
}

// uploaded reads the files of a form, none larger than the roster may be, and what their columns mean where the form says so:
// {file: {sheet: [meaning of each column]}}.
func uploaded(w http.ResponseWriter, r *http.Request) ([]roster.File, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*roster.MaxFile)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, fault.New(fault.Invalid, "an upload is a form with files").And("field", "file")
	}
	var files []roster.File
	said := map[string]map[string][]string{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, tooLarge(err)
		}
		if part.FormName() == "columns" {
			if json.NewDecoder(io.LimitReader(part, maxBody)).Decode(&said) != nil {
				return nil, fault.New(fault.Invalid, "columns are {file: {sheet: [meaning]}}").And("field", "columns")
			}
			continue
		}
		if part.FileName() == "" {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, roster.MaxFile+1))
		if err != nil {
			return nil, tooLarge(err)
		}
		files = append(files, roster.File{Name: part.FileName(), Content: content})
	}
	for i := range files {
		files[i].Columns = said[files[i].Name]
	}
	return files, nil
}

func tooLarge(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "the upload is too large").And("limit", large.Limit)
	}
	return fault.New(fault.Invalid, "the upload broke off").And("field", "file")
}

type rosterInput struct {
	Roster string `path:"roster"`
}

// found is a plan that exists, for administrators.
func (s *Server) found(ctx context.Context, name string) (*planned, error) {
	if _, err := s.mayImport(ctx); err != nil {
		return nil, err
	}
	s.rosters.mu.Lock()
	defer s.rosters.mu.Unlock()
	x := s.rosters.plans[name]
	if x == nil {
		return nil, fault.New(fault.NotFound, "no such preview, or it is too old; upload again")
	}
	return x, nil
}

func (s *Server) rosterState(ctx context.Context, in *rosterInput) (*body[rosterBody], error) {
	x, err := s.found(ctx, in.Roster)
	if err != nil {
		return nil, err
	}
	s.rosters.mu.Lock()
	defer s.rosters.mu.Unlock()
	return says(x.body(in.Roster)), nil
}

// applyRoster begins to write a plan down. How far it has come is asked for.
func (s *Server) applyRoster(ctx context.Context, in *rosterInput) (*body[rosterBody], error) {
	x, err := s.found(ctx, in.Roster)
	if err != nil {
		return nil, err
	}
	s.rosters.mu.Lock()
	defer s.rosters.mu.Unlock()
	if x.state != "ready" {
		return nil, fault.New(fault.Unchanged, "it is being applied, or was")
	}
	for _, other := range s.rosters.plans {
		if other.state == "applying" {
			return nil, fault.New(fault.Busy, "another roster is being applied")
		}
	}
	s.note(ctx, audit.Setting, "roster", "")
	x.state = "applying"
	go s.applyPlan(context.WithoutCancel(ctx), x)
	return says(x.body(in.Roster)), nil
}

func (s *Server) applyPlan(ctx context.Context, x *planned) {
	err := s.Intake.Apply(ctx, x.plan, func(written, total int) {
		s.rosters.mu.Lock()
		defer s.rosters.mu.Unlock()
		x.written, x.total = written, total
	})
	if err == nil {
		err = s.Engine.Settled(ctx)
	}
	s.rosters.mu.Lock()
	defer s.rosters.mu.Unlock()
	x.state = "done"
	if err != nil {
		if x.state, x.failure = "failed", fault.Of(err); x.failure == nil {
			s.Log.Error("roster not applied", "err", err)
			x.failure = fault.New(fault.Internal, "something went wrong")
		}
	}
}

// rosterErrors gives the rows back that could not be taken, with the reason.
func (s *Server) rosterErrors(w http.ResponseWriter, r *http.Request) {
	x, err := s.found(r.Context(), chi.URLParam(r, "roster"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	var table [][]string
	for _, e := range x.plan.Errors {
		table = append(table, append([]string{e.File, e.Sheet, strconv.Itoa(e.Row), e.Text}, e.Cells...))
	}
	s.note(r.Context(), audit.Export, "errors.xlsx", "")
	s.xlsx(w, "errors.xlsx", func() error { return paper.Table(w, "错误行", []string{"文件", "表", "行", "原因"}, table) })
}
