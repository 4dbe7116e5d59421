package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"
)

// Config is all that an operator may say. Each key has a flag, an environment variable (LINLI_DATA for -data) and a line in
// the file of -config; flags win over the environment, the environment over the file.
type Config struct {
	Data    string // the folder with everything: logs, views, keys
	Listen  string // HOST:PORT
	HTTP    string // HOST:PORT that leads to https where this server speaks it itself; empty: none
	Metrics string // HOST:PORT for /metrics and profiles; empty: none
	TLSCert string // file with the certificate, and file with its key; empty: this server speaks http
	TLSKey  string
	TLSACME bool   // the certificate is fetched from an authority, for the host of Public
	TLSMail string // whom the authority may write to
	TLSCA   string // URL of its directory; empty: Let's Encrypt
	TLSRoot string // file with who issued the authority's own certificate; empty: whom this machine trusts
	Public  string // how residents reach the server, for posters and links; empty: as the request came
	Proxies string // addresses and networks of proxies that are believed, with commas
	Log     string // json or text
	Level   string // debug, info, warn, error
	Reserve int64  // MiB of free disk below which nothing more is stored

	RobotHook    string // URL that tells the staff, where they work
	SMSHook      string // URL that sends text messages
	HookSecret   string // what bodies to both are signed with
	SMSDaily     int    // text messages a day at most
	PushLocal    bool   // push services on this machine are fine: for tests
	KeepFiles    int    // days that documents are kept; 0 for ever
	KeepMedia    int    // days that pictures, videos and voices are kept; 0 for ever
	SpeechHook   string // URL of the engine that spells voices out; empty: none
	PreviewHosts string // hosts whose pages may be asked for their title, with commas; empty: none

	BackupTo     string        // where copies go: folders and buckets, with commas; empty: none are made
	BackupKey    string        // the safe's recipient
	BackupEvery  time.Duration // between copies
	BackupWhole  time.Duration // between copies that add to no other
	BackupRate   int64         // MiB a second at most
	BackupDays   int           // days of which the last copy stays
	BackupMonths int           // and months
	BackupStore  string        // the bucket's access key and secret, with a colon

	// of demo alone
	Speed float64
	At    string
}

const envPrefix = "LINLI"

// flags declares the keys of serve; those of demo too when it is.
func (c *Config) flags(name string, out io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("linli "+name, flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&c.Data, "data", "data", "`folder` with everything: logs, views, keys. Back it up whole")
	fs.StringVar(&c.Listen, "listen", "localhost:8080", "`address` to serve on. Phones need HTTPS: by -tls-cert, or by a proxy in front")
	fs.StringVar(&c.Metrics, "listen-metrics", "", "`address` for /metrics and /debug/pprof, as 127.0.0.1:9180; whoever reaches it reads them (default: none)")
	fs.StringVar(&c.TLSCert, "tls-cert", "", "`file` with this server's certificate and those of its issuers (PEM): -listen then speaks https. Read again when it changes, and at SIGHUP")
	fs.StringVar(&c.TLSKey, "tls-key", "", "`file` with the certificate's key (PEM)")
	fs.BoolVar(&c.TLSACME, "tls-acme", false, "fetch the certificate for the host of -public, and renew it: -listen then speaks https. Who sets it accepts the authority's terms")
	fs.StringVar(&c.TLSMail, "tls-email", "", "with -tls-acme: `address` that the authority may write to")
	fs.StringVar(&c.TLSCA, "tls-ca", "", "with -tls-acme: `URL` of the authority's directory (default: Let's Encrypt)")
	fs.StringVar(&c.TLSRoot, "tls-ca-root", "", "with -tls-acme: `file` with who issued the authority's own certificate (PEM), for one of your own network")
	fs.StringVar(&c.HTTP, "listen-http", ":80", "where this server speaks https: `address` that leads there whoever comes by http; empty: none")
	fs.StringVar(&c.Public, "public", "", "`URL` under which residents reach the server, for posters and links (default: as asked)")
	fs.StringVar(&c.Proxies, "proxies", "127.0.0.0/8,::1", "`addresses` and networks of proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody else's are")
	fs.StringVar(&c.Log, "log", "text", "how the program's own log looks: text or json")
	fs.StringVar(&c.Level, "level", "info", "how much it says: debug, info, warn or error")
	fs.Int64Var(&c.Reserve, "reserve", 256, "`MiB` of free disk below which nothing more is stored; reading goes on")
	fs.StringVar(&c.RobotHook, "robot-hook", "", "`URL` that is told what the staff should know: {text, room, topic, at} (default: none)")
	fs.StringVar(&c.SMSHook, "sms-hook", "", "`URL` that sends text messages: {phone, text, id}; for what is urgent and was not noticed otherwise (default: none)")
	fs.StringVar(&c.HookSecret, "hook-secret", "", "what bodies to both are signed with: Linli-Signature: sha256=HMAC in hex (default: not signed)")
	fs.IntVar(&c.SMSDaily, "sms-daily", 200, "text messages a day at most, of the whole office")
	fs.BoolVar(&c.PushLocal, "push-local", false, "push services may be on this machine and speak http: for tests")
	fs.IntVar(&c.KeepFiles, "keep-files", 0, "`days` that documents of a room are kept; 0 for ever")
	fs.IntVar(&c.KeepMedia, "keep-media", 0, "`days` that pictures, videos and voices are kept; 0 for ever")
	fs.StringVar(&c.SpeechHook, "speech-hook", "", "`URL` of an engine that is sent a voice and answers {\"text\":\"…\"} (default: none, and nobody is offered it)")
	fs.StringVar(&c.PreviewHosts, "preview-hosts", "", "`hosts` whose pages this server may ask for their title when they are linked: a.gov.cn,.b.cn (default: none)")
	fs.StringVar(&c.BackupTo, "backup-to", "", "`places` for copies of the office, with commas: a folder, or s3://store.example.cn/bucket/linli (default: none are made)")
	fs.StringVar(&c.BackupKey, "backup-key", "", "`age1…`: for whom copies are sealed; linli backup key makes it, and the secret for the safe")
	fs.DurationVar(&c.BackupEvery, "backup-every", 15*time.Minute, "how often a copy is made: as much can be lost with the machine")
	fs.DurationVar(&c.BackupWhole, "backup-whole", 7*24*time.Hour, "how often one is made that adds to no other")
	fs.Int64Var(&c.BackupRate, "backup-rate", 16, "`MiB` a second that copies are made with at most; 0 for as many as there are")
	fs.IntVar(&c.BackupDays, "backup-days", 30, "`days` of which the last copy stays; of the last two days one for each hour does")
	fs.IntVar(&c.BackupMonths, "backup-months", 12, "`months` of which the last copy stays")
	fs.StringVar(&c.BackupStore, "backup-store", "", "`key:secret` of the bucket. Give it by environment or file")
	fs.String("config", "", "`file` with a line for each key: data /var/lib/linli")
	if name == "demo" {
		fs.Float64Var(&c.Speed, "speed", 1, "how fast the district's clock runs")
		fs.StringVar(&c.At, "at", "", "`HH:MM` at which the district's clock stands still, for tests and pictures")
	}
	return fs
}

// errUsage says that the command line was wrong and that this has been said.
var errUsage = errors.New("usage")

// parse is for commands that take flags alone.
func (c *Config) parse(name string, args []string, out io.Writer) error {
	rest, err := c.parseWith(c.flags(name, out), args, out)
	if err == nil && len(rest) > 0 {
		fmt.Fprintf(out, "linli: %s takes no %q; settings begin with a hyphen: linli help %s\n", name, rest[0], name)
		return errUsage
	}
	return err
}

// parseWith takes flags that a command may have added to, and answers with what is left.
func (c *Config) parseWith(fs *flag.FlagSet, args []string, out io.Writer) (rest []string, err error) {
	err = ff.Parse(fs, args, ff.WithEnvVarPrefix(envPrefix), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser))
	if errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	if err == nil {
		err = misspelt(os.Environ(), fs)
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		fmt.Fprintln(out, "linli:", err)
		return nil, errUsage
	}
	return fs.Args(), nil
}

// Validate says what is wrong with the configuration, if anything.
func (c *Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if c.Data == "" {
		return errors.New("data: which folder?")
	}
	if _, _, err := net.SplitHostPort(c.Metrics); c.Metrics != "" && err != nil {
		return fmt.Errorf("listen-metrics: %w", err)
	}
	if err := c.validateTLS(); err != nil {
		return err
	}
	if err := publicURL(c.Public); err != nil {
		return err
	}
	if _, err := c.trusted(); err != nil {
		return err
	}
	for name, hook := range map[string]string{"robot-hook": c.RobotHook, "sms-hook": c.SMSHook} {
		if u, err := url.Parse(hook); hook != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return errors.New(name + ": not a URL like https://hooks.example.cn/linli")
		}
	}
	if c.SMSDaily < 0 {
		return errors.New("sms-daily: not below 0")
	}
	if err := c.validBackup(); err != nil {
		return err
	}
	if c.Log != "text" && c.Log != "json" {
		return errors.New("log: text or json")
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return errors.New("level: debug, info, warn or error")
	}
	if c.Reserve < 0 {
		return errors.New("reserve: not below 0")
	}
	if c.KeepFiles < 0 || c.KeepMedia < 0 {
		return errors.New("keep-files, keep-media: days, not below 0")
	}
	if c.SpeechHook != "" {
		if u, err := url.Parse(c.SpeechHook); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("speech-hook: not a URL like http://localhost:9000/asr")
		}
	}
	for _, h := range c.previewed() {
		if !hostName.MatchString(h) {
			return fmt.Errorf("preview-hosts: %q is not a host like www.example.gov.cn", h)
		}
	}
	if c.At != "" {
		if _, err := time.Parse("15:04", c.At); err != nil {
			return errors.New("at: a time like 10:30")
		}
	}
	if c.Speed < 0 || c.Speed > 10000 {
		return errors.New("speed: between 0 and 10000")
	}
	return nil
}

// validateTLS refuses what would leave this server without the https that was meant.
func (c *Config) validateTLS() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("tls-cert, tls-key: both or none")
	}
	if !c.TLSACME && c.TLSMail+c.TLSCA+c.TLSRoot != "" {
		return errors.New("tls-email, tls-ca, tls-ca-root: they say how -tls-acme fetches a certificate, which is not set")
	}
	if !c.speaksTLS() {
		return nil
	}
	if c.TLSACME {
		if c.TLSCert != "" {
			return errors.New("tls-acme: fetch the certificate, or have files of your own (-tls-cert); not both")
		}
		if u, err := url.Parse(c.Public); err != nil || !hostName.MatchString(u.Hostname()) {
			return errors.New("tls-acme: for which name? -public https://linli.example.org says it")
		}
		if u, err := url.Parse(c.TLSCA); c.TLSCA != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
			return errors.New("tls-ca: not a URL like https://ca.example.org/acme/directory")
		}
	}
	if _, _, err := net.SplitHostPort(c.HTTP); c.HTTP != "" && err != nil {
		return fmt.Errorf("listen-http: %w", err)
	}
	if strings.HasPrefix(c.Public, "http://") {
		return fmt.Errorf("public: this server speaks https itself, and %s says http", c.Public)
	}
	return nil
}

// speaksTLS tells whether this server speaks https itself.
func (c *Config) speaksTLS() bool { return c.TLSCert != "" || c.TLSACME }

// publicURL refuses an address that pages could not be served under: they ask for everything at the root of their host.
func publicURL(public string) error {
	if public == "" {
		return nil
	}
	u, err := url.Parse(public)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("public: not a URL like https://linli.example.org")
	}
	if strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("public: %s has a path, and this server needs a host of its own, like https://linli.%s", public, u.Host)
	}
	return nil
}

// trusted are the networks of proxies that are believed.
func (c *Config) trusted() (list []netip.Prefix, err error) {
	for _, said := range strings.Split(c.Proxies, ",") {
		if said = strings.TrimSpace(said); said == "" {
			continue
		}
		p, err := netip.ParsePrefix(said)
		if a, single := netip.ParseAddr(said); single == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("proxies: %q is neither an address like 172.18.0.2 nor a network like 172.18.0.0/16", said)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// misspelt refuses a variable of ours that no command knows: what an operator believes to have set has to be set.
func misspelt(environ []string, fs *flag.FlagSet) error {
	known := map[string]bool{}
	know := func(f *flag.Flag) { known[variable(f.Name)] = true }
	fs.VisitAll(know)
	(&Config{}).flags("demo", io.Discard).VisitAll(know) // the environment may be meant for several commands
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(strings.ToUpper(name), envPrefix+"_") && !known[name] {
			return fmt.Errorf("%s: there is no such setting%s; linli help serve lists them", name, nearest(name, known))
		}
	}
	return nil
}

func variable(flag string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// nearest is what somebody may have meant.
func nearest(name string, known map[string]bool) string {
	best, least := "", 3 // more letters apart is another word
	for k := range known {
		if d := distance(strings.ToUpper(name), k); d < least || d == least && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ", is it " + best + "?"
}

// distance is how many letters have to be put in, taken out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := corner
			if a[i] != b[j] {
				changed++
			}
			corner, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, changed)
		}
	}
	return row[len(b)]
}

// hostName is a name of letters, digits and hyphens with a dot in it; a dot in front stands for every host below. Addresses are none.
var hostName = regexp.MustCompile(`^\.?([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]+$`)

// previewed lists the hosts whose pages may be asked for.
func (c *Config) previewed() (hosts []string) {
	for _, h := range strings.Split(c.PreviewHosts, ",") {
		if h = strings.TrimSpace(h); h != "" {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// logger is the program's own log: to standard error, and never with personal data.
func (c *Config) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level))
	o := &slog.HandlerOptions{Level: level}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
