// Package internal holds the program's parts; this test holds the direction in which they may know each other.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may is the import table of docs/architecture.md: left may import right.
var may = map[string][]string{
	"id":                          {},
	"fault":                       {},
	"long":                        {},
	"legible":                     {},
	"entry":                       {"id", "fault"},
	"hub":                         {"id"},
	"socket":                      {"hub", "id"},
	"kind":                        {"entry", "legible", "id", "fault"},
	"room":                        {"kind", "legible", "entry", "id", "fault"},
	"office":                      {"legible", "entry", "id", "fault"},
	"wire":                        {"room", "kind", "entry", "id", "fault"},
	"journal":                     {"id", "fault"},
	"archive":                     {"journal", "id", "fault"},
	"dbfiles":                     {},
	"journal/local":               {"journal", "dbfiles", "id", "fault"},
	"journal/journaltest":         {"journal", "id", "fault"},
	"view":                        {"dbfiles", "room", "office", "wire", "kind", "entry", "id", "fault"},
	"search":                      {"entry", "id", "fault"},
	"engine":                      {"room", "office", "kind", "journal", "wire", "hub", "entry", "id", "fault"},
	"register":                    {"legible", "journal", "id", "fault"},
	"engine/enginetest":           {"long", "engine", "kind", "view", "register", "journal", "journal/local", "hub", "room", "wire", "entry", "id", "fault"},
	"twostep":                     {},
	"auth":                        {"twostep", "register", "journal", "id", "fault"},
	"audit":                       {"journal", "id"},
	"pocket":                      {"journal", "entry", "id", "fault"},
	"webpush":                     {},
	"notify":                      {"engine", "room", "office", "kind", "wire", "view", "hub", "pocket", "register", "webpush", "journal", "entry", "id", "fault"},
	"roster":                      {"id", "fault"},
	"paper":                       {"id", "fault"},
	"paper/papertest":             {},
	"blob":                        {"id", "fault"},
	"certificate":                 {},
	"certificate/certificatetest": {"long"},
	"speech":                      {"legible", "fault"},
	"preview":                     {"legible", "fault"},
	"intake":                      {"roster", "office", "register", "engine", "entry", "id", "fault"},
	"web":                         {"*", "-journal"},
	"web/gen":                     {"*", "-journal"},
	"bench":                       {"socket", "hub", "wire", "id"},
}

// homes says which package alone may use an outside library; tests may use what they like.
var homes = map[string][]string{
	"github.com/go-chi/chi/v5":            {"internal/web"},
	"github.com/danielgtaylor/huma/v2":    {"internal/web"},
	"github.com/coder/websocket":          {"internal/socket", "internal/bench"},
	"github.com/golang-jwt/jwt/v5":        {"internal/auth"},
	"github.com/pquerna/otp":              {"internal/twostep"},
	"github.com/go-webauthn/webauthn":     {"internal/twostep"},
	"github.com/dgraph-io/badger/v4":      {"internal/dbfiles", "internal/journal/local", "internal/view", "internal/bench"},
	"github.com/xuri/excelize/v2":         {"internal/roster", "internal/paper"},
	"github.com/prometheus/client_golang": {"internal/web"},
	"golang.org/x/crypto/argon2":          {"internal/auth"},
	"golang.org/x/crypto/x509roots":       {"server"},
	"github.com/mozillazg/go-pinyin":      {"internal/search"},
	"github.com/caddyserver/certmagic":    {"internal/certificate"},
	"go.uber.org/zap":                     {"internal/certificate"},
	"golang.org/x/net/dns/dnsmessage":     {"internal/certificate/certificatetest"},
	"golang.org/x/image":                  {"internal/blob"},
	"golang.org/x/net/html":               {"internal/preview"},
	"filippo.io/age":                      {"internal/archive"},
	"github.com/minio/minio-go/v7":        {"internal/archive"},
}

func TestPackagesKnowOnlyWhomTheyMay(t *testing.T) {
	eachFile(t, ".", func(path string, imports []string) {
		pkg := filepath.ToSlash(filepath.Dir(path))
		allowed, known := may[pkg]
		if !known {
			if pkg != "." {
				t.Errorf("%s is not in the import table", pkg)
			}
			return
		}
		for _, im := range imports {
			other, ours := strings.CutPrefix(im, "linli/internal/")
			if !ours || strings.HasSuffix(path, "_test.go") {
				continue
			}
			ok := slices.Contains(allowed, other) || slices.Contains(allowed, "*") && !slices.Contains(allowed, "-"+other)
			if !ok {
				t.Errorf("%s imports %s", path, other)
			}
		}
	})
}

func TestOutsideLibrariesHaveOneHome(t *testing.T) {
	eachFile(t, "..", func(path string, imports []string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		dir := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(filepath.ToSlash(path), "../")))
		for _, im := range imports {
			for library, home := range homes {
				if (im == library || strings.HasPrefix(im, library+"/")) && !slices.ContainsFunc(home, func(h string) bool {
					return dir == h || strings.HasPrefix(dir, h+"/")
				}) {
					t.Errorf("%s uses %s, whose home is %s", path, library, home)
				}
			}
		}
	})
}

func eachFile(t *testing.T, root string, f func(path string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		imports := make([]string, 0, len(file.Imports))
		for _, im := range file.Imports {
			p, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		f(path, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
