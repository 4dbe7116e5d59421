package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"linli/internal/archive"
	"linli/internal/certificate"
	"linli/internal/dbfiles"
)

// finding is something about an installation that its operator should know: what it is, and what to do. A hint is no fault.
type finding struct {
	hint     bool
	what, do string
}

func wrong(do, what string, args ...any) finding {
	return finding{false, fmt.Sprintf(what, args...), do}
}

func hint(do, what string, args ...any) finding {
	return finding{true, fmt.Sprintf(what, args...), do}
}

// patient is an installation: its settings, and the server that runs on its data, if one does.
type patient struct {
	*Config
	now    time.Time
	pid    int  // of that server; 0 where it is not known
	runs   bool // it runs
	free   func(dir string) (int64, error)
	proc   string // where the system tells of its processes
	lookUp func(ctx context.Context, host string) ([]string, error)
	roots  *x509.CertPool // whom browsers trust; nil: whom this machine does
}

func newPatient(c *Config) *patient {
	p := &patient{Config: c, now: time.Now(), free: dbfiles.Free, proc: "/proc", lookUp: net.DefaultResolver.LookupHost}
	if p.runs = dbfiles.InUse(p.in("log")); p.runs {
		b, _ := os.ReadFile(p.in("log", "LOCK")) // where Badger says who has it
		p.pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
	}
	return p
}

// in is a path in the data folder.
func (p *patient) in(parts ...string) string {
	return filepath.Join(append([]string{p.Data}, parts...)...)
}

// examinations are all that a doctor looks at, in the order in which it tells. Each is short, asks nobody outside of this machine but for
// the office's own address and hooks, and changes nothing.
var examinations = []struct {
	name string
	look func(*patient) []finding
}{
	{"folder", (*patient).folder},
	{"keys", (*patient).keys},
	{"disk", (*patient).disk},
	{"damage", (*patient).damage},
	{"clock", (*patient).clock},
	{"process", (*patient).process},
	{"memory", (*patient).memory},
	{"server", (*patient).server},
	{"certificate", (*patient).certificate},
	{"public", (*patient).public},
	{"metrics", (*patient).metrics},
	{"hooks", (*patient).hooks},
	{"noted", (*patient).noted},
	{"copies", (*patient).copies},
}

// doctor says what is wrong with an installation, in words, each with what to do. It works while the server runs and while it is stopped.
func doctor(_ context.Context, args []string, out, errs io.Writer) int {
	c := &Config{}
	if err := c.parse("doctor", args, errs); err != nil {
		return exit(err, errs)
	}
	return newPatient(c).tell(out)
}

// tell looks at everything; 1 when something is wrong.
func (p *patient) tell(out io.Writer) int {
	faults, hints := 0, 0
	for _, x := range examinations {
		for _, f := range x.look(p) {
			label := "wrong"
			if f.hint {
				label = "hint"
				hints++
			} else {
				faults++
			}
			fmt.Fprintf(out, "%-6s %s: %s\n       → %s\n", label, x.name, f.what, f.do)
		}
	}
	state := "the server is stopped: its files were looked at"
	if p.runs {
		state = "the server runs"
	}
	fmt.Fprintf(out, "%s; %d wrong, %d hints. linli check reads every byte of the data, while the server is stopped.\n", state, faults, hints)
	if faults > 0 {
		return 1
	}
	return 0
}

// folder: the data are there, can be written, belong to one account, and are open to nobody else.
func (p *patient) folder() (list []finding) {
	info, err := os.Stat(p.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []finding{wrong("say where the data are: -data DIR. A server that starts on a folder that is not there makes a new office", "there is no folder %s", p.Data)}
	case err != nil:
		return []finding{wrong("let the account of the server read it", "%v", err)}
	case !info.IsDir():
		return []finding{wrong("say which folder: -data DIR", "%s is no folder", p.Data)}
	}
	if _, err := os.Stat(p.in("log")); errors.Is(err, fs.ErrNotExist) {
		list = append(list, hint("nothing, if this is to be a new office; else say where the data are: -data DIR", "%s has no log: nothing was ever stored here", p.Data))
	}
	// To write and to pass through.
	if err := syscall.Access(p.Data, 2|1); err != nil {
		list = append(list, wrong("run doctor as the account of the server, or: chown -R that account "+p.Data, "%s cannot be written: %v", p.Data, err))
	}
	owner, ok := ownerOf(info)
	for _, part := range append([]string{"."}, folders...) {
		entries, _ := os.ReadDir(p.in(part))
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				continue
			}
			if other, known := ownerOf(info); ok && known && other != owner {
				list = append(list, wrong(fmt.Sprintf("chown -R %d %s", owner, p.Data), "%s belongs to account %d, the folder to %d: perhaps a command was run as root", p.in(part, e.Name()), other, owner))
				ok = false // once is enough
			}
		}
	}
	for _, part := range folders {
		if info, err := os.Stat(p.in(part)); err == nil && info.Mode().Perm()&0o077 != 0 {
			list = append(list, wrong("chmod -R go-rwx "+p.in(part), "%s can be read by other accounts of this machine (%v)", p.in(part), info.Mode().Perm()))
		}
	}
	return list
}

func ownerOf(info fs.FileInfo) (uid uint32, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Uid, true
}

// keys: the master key is there, whole, and its owner's alone; and a copy of it lies elsewhere.
func (p *patient) keys() (list []finding) {
	path := p.in("keys", "master.key")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(p.in("log")); err == nil {
			return []finding{wrong("put back the copy of "+path+" that belongs to these data, before the server starts: a new key opens nothing of what is there", "the master key is not there")}
		}
		return nil
	}
	if err != nil {
		return []finding{wrong("let the account of the server read it", "%v", err)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		list = append(list, wrong("chmod 600 "+path, "%s can be read by other accounts of this machine (%v)", path, info.Mode().Perm()))
	}
	if text, err := os.ReadFile(path); err != nil {
		list = append(list, wrong("let the account of the server read it", "%v", err))
	} else if n := len(strings.TrimSpace(string(text))); n != 64 {
		list = append(list, wrong("put back a copy of it", "%s is no master key: %d characters, not 64", path, n))
	}
	return append(list, hint("keep a copy of "+path+" where no copy of the data is: without it a copy cannot be read, and who has both reads everything", "the master key lies beside the data"))
}

// disk: there is more room than the reserve, and what is set aside for the worst is there.
func (p *patient) disk() (list []finding) {
	n, err := p.free(p.Data)
	if err != nil {
		return nil // the folder is not there, which was said
	}
	const more = 48 << 20 // what the database itself works with
	reserve := max(p.Reserve<<20, more)
	ballast := p.in("log", "ballast")
	_, noBallast := os.Stat(ballast)
	switch {
	case n < reserve:
		do := fmt.Sprintf("make %d MiB of room", (reserve-n)>>20+1)
		if noBallast == nil && n+64<<20 >= reserve {
			do += ": " + ballast + " may be deleted, that is enough"
		}
		list = append(list, wrong(do, "the disk has %d MiB left, and below %d nothing more is stored", n>>20, reserve>>20))
	case n < 4*reserve:
		list = append(list, hint("make room, or move the data to a larger disk", "the disk has %d MiB left; below %d nothing more is stored", n>>20, reserve>>20))
	}
	if _, err := os.Stat(p.in("log")); noBallast != nil && err == nil {
		list = append(list, hint("make room: it is made again at a start when there is plenty", "%s is not there: 64 MiB that could be deleted when nothing else can", ballast))
	}
	var st syscall.Statfs_t
	if syscall.Statfs(p.Data, &st) == nil && st.Files > 0 && st.Ffree < 1000 {
		list = append(list, wrong("delete files, or move the data to another file system", "the disk takes only %d more files", st.Ffree))
	}
	return list
}

// damage: what starts have put aside, and of a stopped server what its files look like.
func (p *patient) damage() (list []finding) {
	const do = "stop the server, copy the folder as it is, and restore the last good copy, whole (operating.md, When something is wrong)"
	lost, err := dbfiles.Losses(p.in("log"))
	if err != nil {
		list = append(list, wrong(do, "%v", err))
	}
	for _, l := range lost {
		list = append(list, wrong(do, "%s was put aside: it was damaged at byte %d", l.File, l.At))
	}
	if p.runs {
		return list
	}
	for _, db := range []string{"log", "view"} {
		rot, err := dbfiles.Look(p.in(db))
		if err != nil {
			list = append(list, wrong("let the account of the server read it", "%v", err))
		}
		for i := range rot {
			if db == "view" {
				list = append(list, wrong("delete "+p.in("view")+" while the server is stopped: it is made again at the start", "%v", &rot[i]))
			} else {
				list = append(list, wrong(do, "%v", &rot[i]))
			}
		}
	}
	if info, err := os.Stat(p.in("check.tmp")); err == nil && p.now.Sub(info.ModTime()) > leftFor {
		list = append(list, hint("delete it, or start the server, which does", "%s was left behind by a check that was broken off", p.in("check.tmp")))
	}
	return list
}

// clockSlack is how far what was stored may be ahead of the clock.
const clockSlack = 2 * time.Minute

// clock: it is not behind what was stored, and is kept by somebody.
func (p *patient) clock() (list []finding) {
	const do = "set the clock and keep it: timedatectl set-ntp true. Nothing is lost, and order is kept by numbers; but what is said now seems older than what was said before, and ends of mutes, codes and cards come late"
	if newest, file := newestOf(p.Data); newest.Sub(p.now) > clockSlack {
		list = append(list, wrong(do, "the clock was set back: it says %s, and %s was written at %s", p.now.Format(time.DateTime), file, newest.Format(time.DateTime)))
	}
	if p.now.Year() < 2026 {
		list = append(list, wrong(do, "the clock says %s", p.now.Format(time.DateTime)))
	}
	const unsynchronised = 5 // TIME_ERROR of adjtimex
	if state, err := syscall.Adjtimex(&syscall.Timex{}); err == nil && state == unsynchronised {
		list = append(list, hint("timedatectl set-ntp true, unless something else keeps it", "no time server keeps this machine's clock"))
	}
	return list
}

// newestOf is when the databases were written last.
func newestOf(data string) (newest time.Time, file string) {
	for _, db := range []string{"log", "view"} {
		entries, _ := os.ReadDir(filepath.Join(data, db))
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.ModTime().After(newest) {
				newest, file = info.ModTime(), filepath.Join(data, db, e.Name())
			}
		}
	}
	return newest, file
}

// fewFiles is how many files a server may have open below which it is short of them: each connection is one, and each table.
const fewFiles = 4096

// process: the running server may open enough files, and is not root.
func (p *patient) process() (list []finding) {
	if p.pid == 0 {
		return nil
	}
	dir := filepath.Join(p.proc, strconv.Itoa(p.pid))
	limits, _ := os.ReadFile(filepath.Join(dir, "limits"))
	for _, l := range strings.Split(string(limits), "\n") {
		rest, ok := strings.CutPrefix(l, "Max open files")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			continue
		}
		most, err := strconv.Atoi(fields[0])
		if err != nil {
			continue // unlimited
		}
		const do = "LimitNOFILE=65536 in the unit of systemd, and a restart"
		open, _ := os.ReadDir(filepath.Join(dir, "fd"))
		switch {
		case most < fewFiles:
			list = append(list, wrong(do, "the server may have %d files open; each connection is one", most))
		case len(open) > most*4/5:
			list = append(list, wrong(do, "the server has %d files open, and may have %d", len(open), most))
		}
	}
	status, _ := os.ReadFile(filepath.Join(dir, "status"))
	for _, l := range strings.Split(string(status), "\n") {
		if f := strings.Fields(l); len(f) > 2 && f[0] == "Uid:" && f[2] == "0" {
			list = append(list, hint("give it an account of its own: User=linli in the unit, chown -R linli "+p.Data, "the server runs as root"))
		}
	}
	return list
}

// memory: there is some left.
func (p *patient) memory() []finding {
	b, _ := os.ReadFile(filepath.Join(p.proc, "meminfo"))
	for _, l := range strings.Split(string(b), "\n") {
		f := strings.Fields(l)
		if len(f) < 2 || f[0] != "MemAvailable:" {
			continue
		}
		kib, err := strconv.ParseInt(f[1], 10, 64)
		if err == nil && kib < 128<<10 {
			return []finding{wrong("stop what else runs here, or give the machine more", "this machine has %d MiB of memory left: the system ends programs when there is none", kib>>10)}
		}
		if err == nil && kib < 512<<10 {
			return []finding{hint("stop what else runs here, or give the machine more", "this machine has %d MiB of memory left", kib>>10)}
		}
	}
	return nil
}

// local is how the office's address is asked from this machine.
func (p *patient) local() string {
	host, port, _ := net.SplitHostPort(p.Listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if p.speaksTLS() {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}

const askIn = 5 * time.Second // whoever a doctor asks has so long

func asker(c *tls.Config) *http.Client {
	return &http.Client{
		Timeout: askIn, Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// server: the running one answers, takes commands, and is this program; for a stopped one its addresses are free.
func (p *patient) server() (list []finding) {
	if !p.runs {
		addresses := [][2]string{{"listen", p.Listen}, {"listen-metrics", p.Metrics}}
		if p.speaksTLS() {
			addresses = append(addresses, [2]string{"listen-http", p.HTTP})
		}
		for _, a := range addresses {
			if a[1] == "" {
				continue
			}
			l, err := listen(a[0], a[1])
			if err != nil {
				do := "choose another address"
				if errors.Is(err, syscall.EADDRINUSE) {
					do = "another program has it: ss -ltnp names it. Stop that, or choose another address"
				}
				list = append(list, wrong(do, "the server could not start: %v", err))
				continue
			}
			_ = l.Close()
		}
		return list
	}
	b := asker(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its certificate is looked at by itself
	res, err := b.Get(p.local() + "/readyz")
	if err != nil {
		return []finding{wrong("give doctor the settings that the server has (-listen, -tls-cert, -config); if they are the same, restart the server", "a server has these data open, and does not answer at %s: %v", p.local(), err)}
	}
	defer res.Body.Close()
	var said struct{ Code, Reason string }
	_ = json.NewDecoder(res.Body).Decode(&said)
	do := map[string]string{
		"not-ready": "wait: it reads its logs. If it stays so, its log says why", "no-space": "make room on the disk",
		"damaged": "restore the last good copy, whole (operating.md, When something is wrong)",
	}[said.Code]
	if do == "" {
		do = "its log says why"
	}
	if res.StatusCode != http.StatusOK {
		list = append(list, wrong(do, "the server takes no commands: %s (%s)", said.Reason, said.Code))
	}
	var api struct{ Info struct{ Version string } }
	if res, err := b.Get(p.local() + "/api/v1/openapi.json"); err == nil {
		_ = json.NewDecoder(res.Body).Decode(&api)
		_ = res.Body.Close()
	}
	if v := api.Info.Version; v != "" && v != version {
		list = append(list, hint("restart the server, if the program was replaced", "the server that runs is version %s, this program %s", v, version))
	}
	return list
}

// certificate: the files are a pair, good for the public name, not near their end, and what the server shows.
func (p *patient) certificate() (list []finding) {
	if p.TLSACME {
		return p.fetched()
	}
	if p.TLSCert == "" {
		return nil
	}
	pair, err := certificate.Read(p.TLSCert, p.TLSKey)
	if err != nil {
		return []finding{wrong("put a certificate and the key that belongs to it there; a running server goes on with the ones before, a start would fail", "%v", err)}
	}
	list = append(list, p.leaf(pair.Leaf, p.TLSCert)...)
	if info, err := os.Stat(p.TLSKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		list = append(list, wrong("chmod 640 "+p.TLSKey+", its group the server's", "%s can be read by every account of this machine", p.TLSKey))
	}
	if !p.runs {
		return list
	}
	address := strings.TrimPrefix(p.local(), "https://")
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: askIn}, "tcp", address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is compared
	if err != nil {
		return list // that it does not answer was said
	}
	defer c.Close()
	if shown := c.ConnectionState().PeerCertificates[0]; !shown.Equal(pair.Leaf) {
		list = append(list, wrong("wait a minute, or send SIGHUP; if it stays so, the server's log says why it did not take them", "the server shows another certificate (until %s) than %s has", shown.NotAfter.Format(time.DateOnly), p.TLSCert))
	}
	return list
}

// fetched: an authority has given a certificate, and gives the next in time.
func (p *patient) fetched() (list []finding) {
	const do = "the server's log says why (acme); the name must lead to this machine, by port 80 or 443, and nothing may stand before them"
	u, err := url.Parse(p.Public)
	if err != nil {
		return nil // refused at the start
	}
	files, _ := filepath.Glob(p.in("tls", "certificates", "*", u.Hostname(), u.Hostname()+".crt"))
	for _, file := range files {
		pair, err := certificate.Read(file, strings.TrimSuffix(file, ".crt")+".key")
		if err != nil {
			list = append(list, wrong("move it away, and restart the server: another is fetched", "%v", err))
			continue
		}
		for _, f := range p.leaf(pair.Leaf, file) {
			f.do = do
			list = append(list, f)
		}
	}
	if len(files) == 0 && p.runs {
		list = append(list, wrong(do, "no certificate for %s was fetched yet", u.Hostname()))
	}
	return list
}

// leaf: a certificate's time and names.
func (p *patient) leaf(c *x509.Certificate, where string) (list []finding) {
	const do = "renew it and put the new files in place; a running server takes them within a minute"
	left := c.NotAfter.Sub(p.now)
	switch {
	case left <= 0:
		list = append(list, wrong(do, "the certificate of %s is over since %s: browsers open the page no more", where, c.NotAfter.Format(time.DateTime)))
	case left < 7*24*time.Hour:
		list = append(list, wrong(do, "the certificate of %s is over in %d days", where, int(left.Hours()/24)))
	case left < 21*24*time.Hour:
		list = append(list, hint(do, "the certificate of %s is over in %d days", where, int(left.Hours()/24)))
	}
	if p.now.Before(c.NotBefore) {
		list = append(list, wrong("look at the clock; or wait", "the certificate of %s is good only from %s on", where, c.NotBefore.Format(time.DateTime)))
	}
	if u, err := url.Parse(p.Public); err == nil && u.Hostname() != "" {
		if err := c.VerifyHostname(u.Hostname()); err != nil {
			list = append(list, wrong("get one for that name, or set -public to the name it has", "the certificate of %s is not for %s", where, u.Hostname()))
		}
	}
	return list
}

// public: there is an address for people, phones can open it by https, it leads here, and its certificate is good.
func (p *patient) public() (list []finding) {
	if p.Public == "" {
		return []finding{hint("set -public to the address that people type", "-public is not set: posters are marked 试用, and Apple's phones are not rung")}
	}
	u, err := url.Parse(p.Public)
	if err != nil {
		return nil // refused at the start
	}
	if u.Scheme != "https" {
		list = append(list, wrong("give the server a certificate (-tls-cert), or put a proxy with one in front, and set -public to https://…", "%s is not https: phones ring for no such page, and send passwords in the clear", p.Public))
	}
	ctx, cancel := context.WithTimeout(context.Background(), askIn)
	defer cancel()
	if _, err := p.lookUp(ctx, u.Hostname()); err != nil {
		return append(list, wrong("add the name to the DNS, or correct -public", "%s has no address: %v", u.Hostname(), err))
	}
	res, err := asker(&tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12}).Get(strings.TrimSuffix(p.Public, "/") + "/healthz") //nolint:gosec // as browsers do
	var certificateError *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificateError):
		return append(list, wrong("renew it where HTTPS ends, and give it the issuers' certificates too", "browsers do not believe the certificate of %s: %v", p.Public, certificateError.Err))
	case err != nil && p.runs:
		return append(list, hint("open it from outside, with a phone on the mobile network: some networks do not let a machine see itself", "%s does not answer from here", p.Public))
	case err != nil:
		return list // nobody is there to answer
	}
	defer res.Body.Close()
	var said struct{ Alive bool }
	if _ = json.NewDecoder(io.LimitReader(res.Body, 1<<10)).Decode(&said); p.runs && !said.Alive {
		list = append(list, wrong("let the proxy pass everything of that name to "+p.Listen, "at %s somebody else answers (%d)", p.Public, res.StatusCode))
	}
	if res.TLS != nil && !p.speaksTLS() {
		list = append(list, p.leaf(res.TLS.PeerCertificates[0], p.Public)...)
	}
	return list
}

// metrics: strangers do not reach them.
func (p *patient) metrics() []finding {
	if p.Metrics == "" {
		return nil
	}
	host, _, _ := net.SplitHostPort(p.Metrics)
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return []finding{hint("-listen-metrics 127.0.0.1:9180, unless a firewall stands before it", "metrics and profiles can be asked for from other machines (%s)", p.Metrics)}
}

// hooks: who is to send messages can be reached. Nothing is sent; of their URLs, which may hold keys, only the host is named.
func (p *patient) hooks() (list []finding) {
	for _, h := range [][2]string{{"robot-hook", p.RobotHook}, {"sms-hook", p.SMSHook}, {"speech-hook", p.SpeechHook}} {
		u, err := url.Parse(h[1])
		if h[1] == "" || err != nil {
			continue
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
		}
		c, err := net.DialTimeout("tcp", net.JoinHostPort(u.Hostname(), port), askIn)
		if err != nil {
			list = append(list, wrong("start the program there, or correct -"+h[0], "-%s: nobody answers at %s port %s", h[0], u.Hostname(), port))
			continue
		}
		_ = c.Close()
		if h[0] != "speech-hook" && p.HookSecret == "" {
			list = append(list, hint("-hook-secret, by environment or file", "-%s: what is sent there is not signed", h[0]))
		}
	}
	return list
}

// noted: what the server has met in the last day that an operator has to mend.
func (p *patient) noted() (list []finding) {
	notes := readNotes(p.Data)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range notes {
			if !yield(n) {
				return
			}
		}
	}) {
		if n := notes[name]; p.now.Sub(time.UnixMilli(n.At)) < 24*time.Hour {
			list = append(list, wrong("mend that; it is told for a day after it was seen last", "%s (last seen %s)", n.Text, time.UnixMilli(n.At).Format(time.DateTime)))
		}
	}
	return list
}

// copies: they are made, and the last one that was tried could be restored.
func (p *patient) copies() (list []finding) {
	if p.BackupTo == "" {
		return []finding{hint("-backup-to, and what else operating.md says of copies; or copy the folder while the server is stopped", "no copies of the office are made: with this disk everything is lost")}
	}
	places, err := archive.ReadPlaces(p.in("archive"))
	if err != nil {
		list = append(list, wrong("let the account of the server read it", "%v", err))
	}
	if len(places) == 0 {
		list = append(list, wrong("linli backup now, and look at what it says", "no copy was made yet"))
	}
	for i := range places {
		at := &places[i]
		if at.Last != nil && at.Last.Why != "" {
			list = append(list, wrong("linli backup now, and look at what it says", "the last copy to %s failed: %s %s", at.Target, at.Last.Why, at.Last.Error))
		}
		newest := int64(0)
		for _, c := range at.Copies {
			newest = max(newest, c.At)
		}
		if age := p.now.Sub(time.UnixMilli(newest)); newest > 0 && age > max(24*time.Hour, 4*p.BackupEvery) {
			list = append(list, wrong("start the server; if it runs, its log says why none was made", "the newest copy at %s is of %s", at.Target, time.UnixMilli(newest).Format(time.DateTime)))
		}
		if v := at.Verified; v != nil && len(v.Wrong) > 0 {
			list = append(list, wrong("linli backup verify; until it is well, do not rely on that copy", "copy %s at %s could not be restored as it was: %s", v.Copy, at.Target, v.Wrong[0]))
		}
	}
	return list
}
