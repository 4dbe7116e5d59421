package internal

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// All commands wait while somebody reads the office's state, and a room's while somebody reads the room's: nothing that may take a disk or
// another lock is asked from there, neither directly nor by what is called from there.
var (
	holding = []string{"ReadOffice", "ReadRoom", "EachRoom", "eachRoom", "ReadItem"}
	// pure are the packages that compute: what they know is given to them.
	pure = []string{"id", "fault", "entry", "legible", "kind", "room", "office", "wire", "roster"}
	// slow is what else waits.
	slow = []string{"os", "net", "io", "sync"}
	// allowed are those that take no disk, and no lock that is held over one.
	allowed = []string{"(*linli/internal/auth.Auth).ChosePassword", "linli/internal/intake.HomeID", "linli/internal/intake.ShopID"}
	clocks  = []string{"Now"}
)

func TestNothingElseIsReadWhileTheOfficeOrARoomIsHeld(t *testing.T) {
	t.Parallel()
	all, looked := compiled(t), 0
	for _, name := range []string{"engine", "notify", "intake", "web", "../server"} {
		h := all.held(t, name)
		for _, f := range h.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok && len(c.Args) > 0 && h.holds(c) {
					looked++
					h.look(c.Args[len(c.Args)-1], map[types.Object]bool{})
				}
				return true
			})
		}
	}
	if looked < 100 {
		t.Errorf("only %d were looked at", looked)
	}
}

// The test itself: what hides in a helper, a method value, a variable or an interface is found.
func TestWhatIsAskedThroughAHelperIsSeen(t *testing.T) {
	t.Parallel()
	all := compiled(t)
	for _, body := range []string{
		`s.helper()`, `func() { s.helper() }()`, `f := s.helper; f()`, `later()`, `var f = later; f()`, `s.any.Close()`, `s.ask()`, `slices.ContainsFunc([]int{1}, s.one)`, `(&other{s}).helper()`,
	} {
		found := 0
		h := &held{found: func(token.Pos, string) { found++ }, places: all.places}
		f, err := parser.ParseFile(h.places, "x.go", `package x
import ("os"; "io"; "slices")
type server struct { any io.Closer; ask func() }
type other struct { *server }
func (s *server) helper() { s.deeper() }
func (s *server) deeper() { os.Remove("x") }
func (s *server) one(int) bool { s.deeper(); return true }
func (s *server) ReadRoom(f func()) { f() }
var _ = slices.Max[[]int]
func (s *server) use() {
	later := func() { os.Remove("x") }
	_ = later
	s.ReadRoom(func() { `+body+` })
}`, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		h.check(t, "x", []*ast.File{f}, all)
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.FuncLit); ok && h.places.Position(lit.Pos()).Line == 13 {
				h.look(lit, map[types.Object]bool{})
				return false
			}
			return true
		})
		if found == 0 {
			t.Errorf("%s is not seen", body)
		}
	}
}

// held looks for what a package does while it holds a state.
type held struct {
	places *token.FileSet
	files  []*ast.File
	info   *types.Info
	here   *types.Package
	bodies map[types.Object][]ast.Node // of functions, and what variables that are one may be
	found  func(at token.Pos, what string)
}

func (h *held) check(t *testing.T, path string, files []*ast.File, from types.Importer) {
	t.Helper()
	h.files, h.bodies = files, map[types.Object][]ast.Node{}
	h.info = &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	var err error
	if h.here, err = (&types.Config{Importer: from}).Check(path, h.places, files, h.info); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				h.bodies[h.info.Defs[n.Name]] = []ast.Node{n.Body}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) {
						h.bodies[h.info.Defs[name]] = append(h.bodies[h.info.Defs[name]], n.Values[i])
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if name, ok := left.(*ast.Ident); ok && i < len(n.Rhs) {
						h.bodies[h.info.ObjectOf(name)] = append(h.bodies[h.info.ObjectOf(name)], n.Rhs[i])
					}
				}
			}
			return true
		})
	}
}

// holds tells whether a call holds a state while it runs its last argument.
func (h *held) holds(c *ast.CallExpr) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains(holding, s.Sel.Name) && strings.HasSuffix(h.info.Uses[s.Sel].Pkg().Path(), "internal/engine")
}

// look follows all that is named in a piece of the program.
func (h *held) look(n ast.Node, seen map[types.Object]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		of := h.info.Uses[name]
		switch of := of.(type) {
		case *types.Func:
			of = of.Origin()
			switch {
			case of.Pkg() == nil || seen[of]:
			case of.Pkg() == h.here && h.bodies[of] != nil:
				seen[of] = true
				for _, body := range h.bodies[of] {
					h.look(body, seen)
				}
			case h.waits(of):
				h.found(name.Pos(), of.FullName())
			}
		case *types.Var:
			_, function := of.Type().Underlying().(*types.Signature)
			switch {
			case !function || seen[of]:
			case of.IsField() && !slices.Contains(clocks, of.Name()):
				h.found(name.Pos(), of.Name())
			case h.bodies[of] != nil:
				seen[of] = true
				for _, body := range h.bodies[of] {
					h.look(body, seen)
				}
			}
		}
		return true
	})
}

func (h *held) waits(f *types.Func) bool {
	if slices.Contains(allowed, f.FullName()) {
		return false
	}
	path := f.Pkg().Path()
	if ours, ok := strings.CutPrefix(path, "linli/internal/"); ok {
		return !slices.Contains(pure, ours)
	}
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains(slow, first) || strings.Contains(first, ".")
}

// program is the program's packages as they are compiled.
type program struct {
	types.Importer
	places   *token.FileSet
	packages map[string]pkg
}

type pkg struct {
	ImportPath, Export, Dir string
	GoFiles                 []string
}

func compiled(t *testing.T) *program {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Export,Dir,GoFiles", "./...", "../server")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := &program{places: token.NewFileSet(), packages: map[string]pkg{}}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all.packages[p.ImportPath] = p
	}
	all.Importer = importer.ForCompiler(all.places, "gc", func(path string) (io.ReadCloser, error) { return os.Open(all.packages[path].Export) })
	return all
}

// held is one of the packages, to be looked at.
func (all *program) held(t *testing.T, name string) *held {
	t.Helper()
	path := filepath.ToSlash(filepath.Join("linli/internal", name))
	h := &held{places: all.places, found: func(at token.Pos, what string) {
		t.Errorf("%s: %s while a state is held", all.places.Position(at), what)
	}}
	var files []*ast.File
	for _, file := range all.packages[path].GoFiles {
		f, err := parser.ParseFile(all.places, filepath.Join(all.packages[path].Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	h.check(t, path, files, all)
	return h
}
