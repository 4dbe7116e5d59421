package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
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

// rosters are the plans that wait for their word, in memory: the last few, for an hour. What they say of people is in the clear, and what
// they would change is counted from what there was.
type rosters struct {
	mu    sync.Mutex
	plans map[string]*planned

	stopped bool
	stop    context.CancelFunc // of the one that is applied, or was the last
	applied chan struct{}      // closed when that one has ended; nil: there was none

	reading sync.Mutex // held while files are read: it takes a core and a few hundred MB
}

type planned struct {
	plan           *intake.Plan // nobody changes it
	made           time.Time
	state          string // ready, applying, done, failed
	written, total int
	refused        []roster.RowError // by the office, when it was applied
	failure        *fault.Fault
}

// untaken are the rows that could not be taken.
func (x *planned) untaken() []roster.RowError {
	return append(slices.Clone(x.plan.Errors), x.refused...)
}

const (
	plansKept = 8
	planFor   = time.Hour
	linesOf   = 200 // of each sort, in a preview

	rosterWithin = 2 * time.Minute // a roster's files may take to come
)

type rosterBody struct {
	ID      string              `json:"id"`
	State   string              `json:"state"` // unclear: the files do not say something; answer the questions, and send them again
	Written int                 `json:"written"`
	Total   int                 `json:"total"`
	Counts  intake.Counts       `json:"counts"`
	Adds    []intake.Difference `json:"adds"`
	Changes []intake.Difference `json:"changes"`
	Removes []intake.Difference `json:"removes"`
	Errors  []roster.RowError   `json:"errors"`
	Failed  int                 `json:"failed"` // how many rows could not be taken; errors has the first
	Remarks []roster.RowError   `json:"remarks"`
	Marked  int                 `json:"marked"` // how many rows are taken that have remarks; remarks has the first of those
	Fault   *fault.Fault        `json:"fault,omitempty"`

	Headings []roster.Heading `json:"headings"` // how the columns were read
	Meanings []string         `json:"meanings"` // what a column may mean

	Questions   []roster.Question `json:"questions"`   // what the files do not say
	Skipped     []roster.Skipped  `json:"skipped"`     // sheets that are not taken
	Communities []string          `json:"communities"` // of the office, where there are questions
	Compounds   []string          `json:"compounds"`
}

func (x *planned) body(name string) rosterBody {
	untaken := x.untaken()
	b := rosterBody{
		ID: name, State: x.state, Written: x.written, Total: x.total, Counts: x.plan.Counts, Fault: x.failure,
		Adds: []intake.Difference{}, Changes: []intake.Difference{}, Removes: []intake.Difference{},
		Errors: append([]roster.RowError{}, untaken[:min(linesOf, len(untaken))]...), Failed: len(untaken),
		Headings: append([]roster.Heading{}, x.plan.Headings...), Meanings: roster.Meanings(),
		Remarks: append([]roster.RowError{}, x.plan.Remarks[:min(linesOf, len(x.plan.Remarks))]...), Marked: rowsOf(x.plan.Remarks),
		Questions: append([]roster.Question{}, x.plan.Questions...), Skipped: append([]roster.Skipped{}, x.plan.Skipped...),
		Communities: []string{}, Compounds: []string{},
	}
	for _, d := range x.plan.Differences {
		list := map[string]*[]intake.Difference{"added": &b.Adds, "changed": &b.Changes, "removed": &b.Removes}[d.How]
		if list != nil && len(*list) < linesOf {
			*list = append(*list, d)
		}
	}
	return b
}

// rowsOf counts the rows that remarks are about; those of one row stand together.
func rowsOf(remarks []roster.RowError) (n int) {
	for i, r := range remarks {
		if i == 0 || r.Row != remarks[i-1].Row || r.Sheet != remarks[i-1].Sheet || r.File != remarks[i-1].File {
			n++
		}
	}
	return n
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
	if _, err := s.mayImport(r.Context()); err != nil {
		s.refuse(w, r, err)
		return
	}
	files, adds, err := uploaded(w, r, rosterWithin)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if !s.rosters.reading.TryLock() {
		s.refuse(w, r, fault.New(fault.Busy, "another roster is being read"))
		return
	}
	defer s.rosters.reading.Unlock()
	look := s.Intake.Preview
	if adds {
		look = s.Intake.Additions
	}
	plan, err := look(r.Context(), files)
	if fault.Is(err, fault.Unreadable) {
		if list, no := roster.Headings(files); no == nil && len(list) > 0 {
			plan, err = &intake.Plan{Headings: list, Questions: unknown(list)}, nil
		}
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if len(plan.Questions) > 0 {
		b := (&planned{plan: plan, state: "unclear"}).body("")
		b.Communities, b.Compounds = s.placesKnown()
		writeJSON(w, b)
		return
	}
	name := string(id.New[id.Log]("i"))
	x := &planned{plan: plan, made: time.Now(), state: "ready", total: plan.Total()}
	s.rosters.add(name, x)
	writeJSON(w, x.body(name))
}

// unknown asks for the columns of sheets that nobody knows.
func unknown(list []roster.Heading) (all []roster.Question) {
	for _, h := range list {
		if h.Kind == "" {
			all = append(all, roster.Question{File: h.File, Sheet: h.Sheet, What: "columns"})
		}
	}
	return all
}

// placesKnown are the names of the office's communities and compounds, for somebody to choose from.
func (s *Server) placesKnown() (communities, compounds []string) {
	communities = []string{}
	seen := map[string]bool{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, c := range o.Communities() {
			communities = append(communities, c.Name)
		}
		o.EachPremises(func(h *office.Premises) bool {
			seen[h.Compound] = true
			return true
		})
	})
	delete(seen, "")
	return communities, append([]string{}, slices.Sorted(maps.Keys(seen))...)
}

func (x *rosters) add(name string, p *planned) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.plans == nil {
		x.plans = map[string]*planned{}
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
	time.AfterFunc(planFor, func() { x.drop(name) })
}

// drop forgets a plan, unless it is at work: then it goes with those that come later.
func (x *rosters) drop(name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.plans[name]; p != nil && p.state != "applying" {
		delete(x.plans, name)
	}
}

// uploaded reads the files of a form, none larger than the roster may be and all within a time, and what their columns mean and where
// their homes lie where the form says so: {file: {sheet: [meaning of each column]}}, {file: {sheet: place}}; and whether they are no whole
// table, but only add: the field adds, of any text.
func uploaded(w http.ResponseWriter, r *http.Request, within time.Duration) (files []roster.File, adds bool, err error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(within))
	r.Body = http.MaxBytesReader(w, r.Body, 2*roster.MaxFile)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, false, fault.New(fault.Invalid, "an upload is a form with files").And("field", "file")
	}
	said, places := map[string]map[string][]string{}, map[string]map[string]roster.Place{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, tooLarge(err)
		}
		if part.FormName() == "columns" {
			if json.NewDecoder(io.LimitReader(part, maxBody)).Decode(&said) != nil {
				return nil, false, fault.New(fault.Invalid, "columns are {file: {sheet: [meaning]}}").And("field", "columns")
			}
			continue
		}
		if part.FormName() == "adds" {
			adds = true
			continue
		}
		if part.FormName() == "places" {
			if json.NewDecoder(io.LimitReader(part, maxBody)).Decode(&places) != nil {
				return nil, false, fault.New(fault.Invalid, "places are {file: {sheet: place}}").And("field", "places")
			}
			continue
		}
		if part.FileName() == "" {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, roster.MaxFile+1))
		if err != nil {
			return nil, false, tooLarge(err)
		}
		files = append(files, roster.File{Name: part.FileName(), Content: content})
	}
	for i := range files {
		files[i].Columns, files[i].Places = said[files[i].Name], places[files[i].Name]
	}
	return files, adds, nil
}

func tooLarge(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "the upload is too large").And("limit", large.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fault.New(fault.TooLate, "the files took too long to come").And("field", "file")
	}
	return fault.New(fault.Invalid, "the upload broke off").And("field", "file")
}

// rosterTemplate is an empty roster to be filled in: its head, and one row that shows how and is never taken in.
func (s *Server) rosterTemplate(w http.ResponseWriter, r *http.Request) {
	if _, err := s.mayImport(r.Context()); err != nil {
		s.refuse(w, r, err)
		return
	}
	s.xlsx(w, "template.xlsx", func() error { return paper.Table(w, "住户", roster.TemplateHead, [][]string{roster.TemplateRow}) })
}

type rosterInput struct {
	Roster string `path:"roster"`
}

// found is a plan as it is now, for administrators.
func (s *Server) found(ctx context.Context, name string) (planned, error) {
	if _, err := s.mayImport(ctx); err != nil {
		return planned{}, err
	}
	return s.rosters.get(name)
}

func (x *rosters) get(name string) (planned, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.plans[name]; p != nil {
		return *p, nil
	}
	return planned{}, fault.New(fault.NotFound, "no such preview, or it is too old; upload again")
}

func (s *Server) rosterState(ctx context.Context, in *rosterInput) (*body[rosterBody], error) {
	x, err := s.found(ctx, in.Roster)
	if err != nil {
		return nil, err
	}
	return says(x.body(in.Roster)), nil
}

// applyRoster begins to write a plan down. How far it has come is asked for.
func (s *Server) applyRoster(ctx context.Context, in *rosterInput) (*body[rosterBody], error) {
	if _, err := s.found(ctx, in.Roster); err != nil {
		return nil, err
	}
	now, err := s.rosters.begin(context.WithoutCancel(ctx), in.Roster, s.applyPlan)
	if err != nil {
		return nil, err
	}
	s.note(ctx, audit.Setting, "roster", "")
	return says(now.body(in.Roster)), nil
}

// begin lets a plan be applied from now on: one at a time, and each once.
func (x *rosters) begin(ctx context.Context, name string, apply func(context.Context, *planned)) (planned, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.plans[name]
	if p == nil || p.state != "ready" {
		return planned{}, fault.New(fault.Unchanged, "it is being applied, or was")
	}
	for _, other := range x.plans {
		if other.state == "applying" {
			return planned{}, fault.New(fault.Busy, "another roster is being applied")
		}
	}
	if x.stopped {
		return planned{}, fault.New(fault.Busy, "the server is stopping")
	}
	p.state = "applying"
	ctx, x.stop = context.WithCancel(ctx)
	done := make(chan struct{})
	x.applied = done
	go func() { defer close(done); apply(ctx, p) }()
	return *p, nil
}

// Stop lets no roster be applied from now on, and the one that is stop where it is whole.
func (s *Server) Stop() {
	s.rosters.mu.Lock()
	defer s.rosters.mu.Unlock()
	s.rosters.stopped = true
	if s.rosters.stop != nil {
		s.rosters.stop()
	}
}

// Wait waits, behind Stop, until it has; no longer than ctx.
func (s *Server) Wait(ctx context.Context) {
	s.rosters.mu.Lock()
	applied := s.rosters.applied
	s.rosters.mu.Unlock()
	if applied == nil {
		return
	}
	select {
	case <-applied:
		return
	default:
	}
	select {
	case <-applied:
	case <-ctx.Done():
		s.Log.Warn("a roster that is being applied does not come to an end; what is written of it is whole")
	}
}

func (s *Server) applyPlan(ctx context.Context, x *planned) {
	var refused []roster.RowError
	err := fault.Caught(func() (err error) {
		refused, err = s.Intake.Apply(ctx, x.plan, func(written, total int) {
			s.rosters.mu.Lock()
			defer s.rosters.mu.Unlock()
			x.written, x.total = written, total
		})
		return err
	})
	if err == nil {
		var last entry.Seq
		s.Engine.ReadOffice(func(o *office.State) { last = o.Seq() })
		s.Engine.Followed(ctx, last)
	}
	if err != nil && fault.Of(err) == nil {
		s.Log.Error("roster not applied", "err", err)
	}
	s.rosters.end(x, refused, err)
}

func (x *rosters) end(p *planned, refused []roster.RowError, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p.refused, p.state = refused, "done"
	if err != nil {
		if p.state, p.failure = "failed", fault.Of(err); p.failure == nil {
			p.failure = fault.New(fault.Internal, "something went wrong")
		}
	}
}

// rosterErrors gives the rows back that could not be taken, or not all of them, with the reason.
func (s *Server) rosterErrors(w http.ResponseWriter, r *http.Request) {
	x, err := s.found(r.Context(), chi.URLParam(r, "roster"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	var table [][]string
	for _, e := range x.untaken() {
		table = append(table, append([]string{e.File, e.Sheet, strconv.Itoa(e.Row), "没有导入：" + e.Text}, e.Cells...))
	}
	for _, e := range x.plan.Remarks {
		table = append(table, append([]string{e.File, e.Sheet, strconv.Itoa(e.Row), "已导入，但：" + e.Text}, e.Cells...))
	}
	s.note(r.Context(), audit.Export, "errors.xlsx", "")
	s.xlsx(w, "errors.xlsx", func() error { return paper.Table(w, "错误行", []string{"文件", "表", "行", "原因"}, table) })
}
