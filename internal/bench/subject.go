package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// Subject is a server that can be measured.
type Subject interface {
	Name() string
	// Start seeds rooms with members, in a new directory, and serves them until Stop.
	Start(ctx context.Context, seed Seed) (*Endpoint, error)
}

// Seed is what a subject has when it comes up.
type Seed struct {
	Rooms   int
	Members int  // of each room
	TLS     bool // serve wss: with any certificate
}

// Endpoint is a subject that serves.
type Endpoint struct {
	URL     string // ws://host:port/path, or wss:
	Members []Member
	Process int          // whose CPU and memory count
	Settle  func() error // collects garbage and returns memory to the system
	Stop    func() error // ends it and removes what it kept
}

// Member is one who is admitted to a room and signed in.
type Member struct {
	Room   string `json:"room"`
	Device string `json:"device"` // commands are numbered <device>.<n>, from 1
	Token  string `json:"token"`  // sent as Authorization: Bearer
}

// Child is a subject that is a process. What it is given behind Command is -dir, -rooms and -members (of each room), and
// -tls if it is to serve wss:.
//
// It writes lines of JSON to its standard output: a Member for each member, in the order of rooms, and when it serves
// {"url":"ws://…"}. Then it attends to its standard input (see Attend) and ends when that ends. Limits on how fast a member
// may post have to be off.
type Child struct {
	Label   string
	Command []string
	Env     []string // added to the environment
}

// Name is what results call it.
func (c Child) Name() string { return c.Label }

// Start implements Subject.
func (c Child) Start(ctx context.Context, seed Seed) (*Endpoint, error) {
	dir, err := os.MkdirTemp("", "linli-bench-")
	if err != nil {
		return nil, err
	}
	args := append(c.Command[1:len(c.Command):len(c.Command)],
		"-dir", dir, "-rooms", strconv.Itoa(seed.Rooms), "-members", strconv.Itoa(seed.Members))
	if seed.TLS {
		args = append(args, "-tls")
	}
	cmd := exec.CommandContext(ctx, c.Command[0], args...) //nolint:gosec // the command is the caller's own
	cmd.Env, cmd.Stderr = append(os.Environ(), c.Env...), os.Stderr
	cmd.WaitDelay = 5 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	e, err := reached(in, out)
	if err != nil {
		in.Close()
		return nil, errors.Join(err, cmd.Wait(), os.RemoveAll(dir))
	}
	e.Process = cmd.Process.Pid
	e.Stop = func() error { return errors.Join(in.Close(), cmd.Wait(), os.RemoveAll(dir)) }
	return e, nil
}

// reached reads who may connect where, as the child tells it.
func reached(in io.Writer, out io.Reader) (*Endpoint, error) {
	lines := json.NewDecoder(bufio.NewReader(out))
	e := &Endpoint{}
	for e.URL == "" {
		var line struct {
			Member
			URL string `json:"url"`
		}
		if err := lines.Decode(&line); err != nil {
			return nil, fmt.Errorf("the server did not come up: %w", err)
		}
		if e.URL = line.URL; e.URL == "" {
			e.Members = append(e.Members, line.Member)
		}
	}
	e.Settle = func() error {
		if _, err := io.WriteString(in, "settle\n"); err != nil {
			return err
		}
		return lines.Decode(&struct{}{})
	}
	return e, nil
}

// Attend is the child's side of Child: it does what the lines of in ask for, and returns when in ends.
func Attend(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if lines.Text() == "settle" {
			debug.FreeOSMemory()
			if _, err := io.WriteString(out, "{}\n"); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// RaiseFiles lets this process open at least n files, or says why it may not. Sockets are files.
func RaiseFiles(n int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if l.Max < uint64(n) {
		return fmt.Errorf("%d files are needed, and the system allows %d", n, l.Max)
	}
	l.Cur = l.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}
