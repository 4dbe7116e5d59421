package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// uncaught are the goroutines of these packages in which a panic may end the program, or is caught further in.
var uncaught = map[string]string{
	"socket/queue.go: q.start": "it writes bytes out",
	"web/resumes.go: t.work":   "each answer is caught, in conn.resume",
	"web/rosters.go: apply":    "what applies is caught, in applyPlan",
	"notify/push.go: r.serve":  "each push is caught",
	"notify/hook.go: r.send":   "each message is caught",
	"notify/notify.go: l.run":  "it holds what is rung: a start reads that anew",
}

// In a goroutine that is begun for a request, or for what one left behind, a panic is caught: it would end the program for everybody. Not so
// where the logs are written (engine, journal, view, audit): behind a panic nobody knows what is held there, and a start reads it anew.
func TestAPanicBesideARequestIsCaught(t *testing.T) {
	t.Parallel()
	begun := 0
	for _, name := range []string{"web", "search", "notify", "socket", "preview", "speech", "blob", "auth", "intake", "pocket", "roster", "paper", "register"} {
		paths, err := filepath.Glob(name + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			places := token.NewFileSet()
			file, err := parser.ParseFile(places, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				begins := beginning(n)
				if begins == nil {
					return true
				}
				begun++
				known := slices.ContainsFunc(calls(begins), func(c string) bool {
					return c == "fault.Caught" || uncaught[filepath.ToSlash(path)+": "+c] != ""
				})
				if !known {
					t.Errorf("%s: no fault.Caught stands around what is begun here", places.Position(n.Pos()))
				}
				return true
			})
		}
	}
	if begun < 8 {
		t.Errorf("only %d were looked at", begun)
	}
}

// beginning is what a go statement, or a Go of a group, lets run; nil of anything else.
func beginning(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" && len(n.Args) == 1 {
			return n.Args[0]
		}
	}
	return nil
}

// calls are the functions that are named in something: f and x.f.
func calls(n ast.Node) (list []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				list = append(list, x.Name+"."+n.Sel.Name)
			}
		case *ast.Ident:
			list = append(list, n.Name)
		}
		return true
	})
	return list
}
