package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"linli/internal/archive"
	"linli/internal/fault"
)

// The running server hears commands of this machine on a socket in its data folder: who may open the folder may ask. Its path may be longer
// than an address of a socket can be, so both sides name it by the open folder.
const controlSocket = "control.sock"

// errNobody says that no server runs on the data folder.
var errNobody = errors.New("no server is running")

func controlPath(data string) (path string, dir *os.File, err error) {
	dir, err = os.Open(data)
	if err != nil {
		return "", nil, err
	}
	return filepath.Join("/proc/self/fd", fmt.Sprint(dir.Fd()), controlSocket), dir, nil
}

// order is what a command asks of the server, and outcome what comes back.
type order struct {
	What  string `json:"what"`
	Whole bool   `json:"whole"`
}

type outcome struct {
	Report *archive.CopyReport `json:"report,omitempty"`
	Error  string              `json:"error,omitempty"`
}

// control answers until ctx ends.
func (p *Program) control(ctx context.Context, c *Config) error {
	path, dir, err := controlPath(c.Data)
	if err != nil {
		return err
	}
	defer dir.Close()
	_ = os.Remove(filepath.Join(c.Data, controlSocket)) // of one that was killed: nobody else has the folder
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600) // the folder is its owner's alone already
	}
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	var obeying sync.WaitGroup
	defer obeying.Wait()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var a order
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&a); err != nil {
			http.Error(w, "not a command", http.StatusBadRequest)
			return
		}
		obeying.Add(1)
		defer obeying.Done()
		_ = json.NewEncoder(w).Encode(p.obey(ctx, a))
	})}
	go func() {
		<-ctx.Done()
		server.Close() //nolint:errcheck // it ends
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// obey does what is ordered to its end, also when who order has gone.
func (p *Program) obey(ctx context.Context, a order) (out outcome) {
	if p.Keeper == nil {
		out.Error = "the running server makes no copies: give it -backup-to and -backup-key, and start it again"
		return out
	}
	err := work(ctx, p.Keeper, a.What, a.Whole)
	r := p.Keeper.Report()
	out.Report = &r
	switch {
	case fault.Is(err, fault.Busy):
		out.Error = "a copy is being made or tried already; ask again when it has ended"
	case err != nil:
		out.Error = err.Error()
	}
	return out
}

// ask has the running server do something about copies; errNobody where none runs.
func (c *Config) ask(ctx context.Context, what string, whole bool) (*archive.CopyReport, error) {
	path, dir, err := controlPath(c.Data)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	b, err := json.Marshal(order{what, whole})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://linli/", bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, errNobody
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var out outcome
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("the server ended before it was done: %w", err)
	}
	if out.Error != "" {
		return out.Report, errors.New(out.Error)
	}
	return out.Report, nil
}
