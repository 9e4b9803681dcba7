// Command cairn publishes datasets, features and models to an object store as
// immutable versions, names them, and gets exactly those bytes back.
//
// A verb is a file: it parses, calls the SDK (package cairn), and prints.
// exit.go decides the exit code, env.go gives every flag its environment
// variable, output.go and progress.go say who reads what on which stream.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	// A failure that cannot be recovered from (out of memory, a deadlock) would
	// end the process with 2, which means a refusal here. This makes it a signal.
	debug.SetTraceback("crash")
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) (code int) {
	limitGarbage()
	a := &app{stdout: stdout, stderr: stderr}
	defer func() {
		if p := recover(); p != nil {
			code = a.report(&bug{p, debug.Stack()})
		}
	}()
	ctx, stop := untilSignal(context.Background())
	defer stop()
	root := a.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if errors.Is(err, errDiffer) {
		return 1
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !isA[*programError](err) {
			err = cause // what failed, failed because we were told to stop
		}
		return a.report(err)
	}
	return 0
}

// limitGarbage has the collector work harder where much is in use, such as the names
// of very many files, so that the process stays below 256 MiB. Below that it costs
// nothing. GOMEMLIMIT says otherwise.
func limitGarbage() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(192 << 20)
	}
}

// A stopped is the end that a signal makes.
type stopped struct{ signal syscall.Signal }

func (e *stopped) Error() string { return "stopped by " + e.signal.String() }

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The
// second one is not caught any more and ends the process at once.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(&stopped{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// An app is one run of the program: the flags of every verb and the streams.
type app struct {
	stdout, stderr io.Writer

	store          string
	cache          string
	json           bool
	quiet          bool
	progress       string
	terminationLog string
	lock           string
	outputs        string
}

const long = `cairn keeps datasets, features and models in an object store, as immutable
versions with names that say which one is meant, so that it can always be told
which data trained a model.

A reference is ARTIFACT@ and one of
  2026-06-17                  the partition of that date
  prod, v2                    a pointer, a label
  b3:7c1f0a94d2e8…            a version, by 12 or more digits of its id
  2026-06-01..2026-06-17      all partitions between two dates

Every flag can be given as CAIRN_<FLAG> in the environment, so --store is
CAIRN_STORE; one that can be repeated takes one value a line there.

Exit codes: 0 done · 1 may succeed if tried again · 2 must not be tried again ·
64 wrong usage · 70 a bug in cairn · 130 and 143 interrupted.`

const session = `  cairn push datasets/flights flights.parquet --date 2026-06-17 --label v1
  cairn point datasets/flights prod datasets/flights@v1
  cairn pull datasets/flights@prod data/`

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "cairn",
		Short:         "An artifact store for machine learning that knows which data trained a model",
		Long:          long,
		Example:       session,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("give a verb; cairn --help lists them")
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := flagsFromEnv(cmd.Flags()); err != nil {
				return err
			}
			return a.check()
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.store, "store", "", "URL of the store (default $XDG_DATA_HOME/cairn/store)")
	f.StringVar(&a.cache, "cache", "", "scratch folder (default $XDG_CACHE_HOME/cairn)")
	f.BoolVar(&a.json, "json", false, "print JSON on stdout")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print pins and nothing else")
	f.StringVar(&a.progress, "progress", "auto", "auto, plain or none")
	f.StringVar(&a.terminationLog, "termination-log", "/dev/termination-log", "write the error there too, if the file exists")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(
		a.pushCommand(), a.pullCommand(), a.runCommand(), a.resolveCommand(), a.showCommand(), a.lsCommand(),
		a.diffCommand(), a.pointCommand(), a.labelCommand(), a.logCommand(), a.rollbackCommand(), a.doctorCommand(),
		a.validateCommand(), a.inspectFileCommand(),
		a.traceCommand(), a.checkCommand(), a.taintCommand(), a.untaintCommand(),
		a.identifyCommand(), a.auditCommand(), a.adoptCommand(),
		manCommand(), inspectCommand(),
	)
	for _, cmd := range append(root.Commands(), root) {
		cmd.Args = asUsage(cmd.Args)
	}
	return root
}

// asUsage makes a complaint about arguments one about usage.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usagef("%s: %w; the form is: %s", cmd.Name(), err, cmd.UseLine())
		}
		return nil
	}
}

func (a *app) check() error {
	switch {
	case a.json && a.quiet:
		return usagef("--json and -q exclude each other")
	case a.progress != "auto" && a.progress != "plain" && a.progress != "none":
		return usagef("--progress is auto, plain or none, not %q", a.progress)
	}
	return nil
}

// A usageError is a command line that does not parse.
type usageError struct{ err error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// A bug is a panic.
type bug struct {
	value any
	stack []byte
}

func (e *bug) Error() string { return fmt.Sprintf("a bug in cairn: %v", e.value) }

func isUsage(err error) bool {
	var usage *usageError
	return errors.As(err, &usage)
}
