package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"linli/assets"
	"linli/internal/fault"
	"linli/internal/hub"
	"linli/internal/id"
)

func init() {
	if err := mime.AddExtensionType(".webmanifest", "application/manifest+json"); err != nil {
		panic(err) // it is well formed
	}
}

func roomTopic(r id.Room) hub.Topic { return hub.Room(r) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// unbuilt is what there is instead of a client that was not built.
const unbuilt = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>邻里</title><h1>前端未构建</h1><p>服务在运行，但这个程序里没有网页。请运行 <code>make build</code> 再启动。</p>
<p lang="en">The server runs, but this binary has no web client in it. Run <code>make build</code> and start it again.</p></html>`

// csp is what a page may load: files of this server, and of styles in the page one, by its hash.
func csp(style string) string {
	return "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'" + style +
		"; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

var styleTag = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

// pageCSP allows the one style that stands in the built page, which shows it before its stylesheet is there.
var pageCSP = sync.OnceValue(func() string {
	page, _ := fs.ReadFile(assets.Client, "index.html") // unbuilt, it has none
	style := styleTag.FindSubmatch(page)
	if style == nil {
		return csp("")
	}
	sum := sha256.Sum256(style[1])
	return csp(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
})

// client serves the built client: files with a hash in their names are kept for ever, pictures for an hour, everything else is asked
// for again; a path that is no file is a page of the client's own.
func (s *Server) client(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.refuse(w, r, fault.New(fault.NotFound, "there is nothing here"))
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	h := w.Header()
	switch ext := path.Ext(name); {
	case strings.HasPrefix(name, "assets/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	case ext == ".svg" || ext == ".png":
		h.Set("Cache-Control", "public, max-age=3600")
	default:
		h.Set("Cache-Control", "no-cache")
	}
	if info, err := fs.Stat(assets.Client, name); name == "" || err != nil || info.IsDir() {
		if path.Ext(name) != "" {
			h.Set("Cache-Control", "no-cache")
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		name = "index.html"
	}
	if name == "index.html" {
		h.Set("Content-Security-Policy", pageCSP())
	}
	if s.serveFile(w, r, name) {
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, unbuilt)
}

// shared answers a browser in which the client's worker, which takes what other apps share, is not there. Nothing of it is read.
func (s *Server) shared(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/share?lost", http.StatusSeeOther)
}

// serveFile sends a file, compressed when it was built so and the browser takes it; false when there is none.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	kind := mime.TypeByExtension(path.Ext(name))
	for _, c := range []struct{ ext, encoding string }{{".br", "br"}, {".gz", "gzip"}, {"", ""}} {
		if c.encoding != "" && !strings.Contains(r.Header.Get("Accept-Encoding"), c.encoding) {
			continue
		}
		f, err := assets.Client.Open(name + c.ext)
		if err != nil {
			continue
		}
		defer f.Close()
		content, ok := f.(io.ReadSeeker)
		if !ok {
			continue
		}
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		if c.encoding != "" {
			w.Header().Set("Content-Encoding", c.encoding)
		}
		w.Header().Add("Vary", "Accept-Encoding")
		http.ServeContent(w, r, "", time.Time{}, content)
		return true
	}
	return false
}

func (s *Server) noSuchCall(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, fault.New(fault.NotFound, "there is no such call"))
}

func (s *Server) noSuchMethod(w http.ResponseWriter, r *http.Request) {
	if at := chi.RouteContext(r.Context()); at != nil && at.Routes != nil {
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if at.Routes.Match(chi.NewRouteContext(), m, r.URL.Path) {
				w.Header().Add("Allow", m)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusMethodNotAllowed)
	_ = json.NewEncoder(w).Encode(answer{fault.New(fault.Invalid, "there is no such call by this method").And("field", "method")})
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]bool{"alive": true})
}

// metricsElsewhere answers a program that asks for metrics where people ask.
func (s *Server) metricsElsewhere(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, fault.New(fault.NotFound, "metrics have an address of their own: -listen-metrics"))
}

// readyz is 200 when commands are taken: caught up with the log, and the disk above its reserve.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.Engine.Able(); err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(s.fail(r.Context(), err))
		return
	}
	writeJSON(w, map[string]bool{"ready": true})
}
