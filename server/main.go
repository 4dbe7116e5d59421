// Linli 邻里: a group-chat server for a neighbourhood, on the office's own machine. One binary; this package puts its parts
// together and nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "golang.org/x/crypto/x509roots/fallback" // whom to believe where the system names nobody: a container, a bare Debian
)

// version is set when the program is built.
var version = "dev"

// command is one subcommand. It returns the exit code: 0 done, 1 refused or failed, 2 wrong usage.
type command struct {
	name, args, what string
	run              func(ctx context.Context, args []string, out, errs io.Writer) int
}

func commands() []command {
	return []command{
		{"serve", "[-data DIR] [-listen HOST:PORT]", "serve the office whose data lie in DIR", serve},
		{"demo", "[-data DIR] [-listen HOST:PORT] [-speed N] [-at HH:MM]", "the same with a living district to try things on", demo},
		{"import", "[-data DIR] [-dry-run] [-json] FILE…", "take in the office's roster; the server must not be running", importRoster},
		{"check", "[-data DIR]", "verify every log and the views; the server must not be running", check},
		{"backup", "[-data DIR] [-whole] [now|verify|list|key]", "copy the office to where -backup-to says, and try a copy; the server may be running", backup},
		{"restore", "-from PLACE -data DIR [-at TIME] [-key FILE]", "put an office back from a copy, into a folder that has none", restore},
		{"doctor", "[-data DIR] [the server's settings]", "say what is wrong with this installation and what to do; the server may be running", doctor},
		{"admin", "reset [-data DIR] [NAME]", "let an administrator in anew: no second step, and a code for a new password; the server must not be running", administer},
		{"bench", "WORKLOAD [-json]", "measure, beside the floor: fanout, idle, search, history", benchmark},
		{"version", "", "say which version this is", sayVersion},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		help(errs)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return helpOn(args[1:], out, errs)
	case seedCommand:
		return benchSeed(ctx, args[1:], out, errs)
	case floorCommand:
		return benchFloor(ctx, args[1:], out, errs)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], out, errs)
		}
	}
	fmt.Fprintf(errs, "linli: there is no command %q\n\n", args[0])
	help(errs)
	return 2
}

func help(w io.Writer) {
	fmt.Fprintln(w, "Linli 邻里 serves the group chats of a neighbourhood.")
	fmt.Fprintln(w)
	for _, c := range commands() {
		fmt.Fprintf(w, "  linli %-8s %s\n", c.name, c.what)
	}
	fmt.Fprintln(w, "\nlinli help COMMAND explains its flags. Each may also be set in the environment (LINLI_DATA for -data) or in a file")
	fmt.Fprintln(w, "(-config FILE) with a line for each: data /var/lib/linli.")
}

func helpOn(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		help(out)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			fmt.Fprintf(out, "linli %s %s\n\n%s.\n\n", c.name, c.args, c.what)
			return c.run(context.Background(), []string{"-h"}, out, out)
		}
	}
	fmt.Fprintf(errs, "linli: there is no command %q\n", args[0])
	return 2
}

func sayVersion(_ context.Context, _ []string, out, _ io.Writer) int {
	fmt.Fprintln(out, "linli", version)
	return 0
}

// exit says what became of a command.
func exit(err error, errs io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(errs, "linli:", err)
	return 1
}
