package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"
)

// The exit codes of a shell for a program that it cannot start.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

// A programError is the end of a program that cairn ran, and whose exit code it
// passes on.
type programError struct {
	code int
	text string
}

func (e *programError) Error() string { return e.text }

// A wrapped program is started in the place of whoever started cairn: it has the
// streams, gets the signals, and decides the exit code.
type wrapped struct {
	argv    []string
	path    string // of the file that argv[0] names
	signals chan os.Signal
}

// wrap finds the program that argv names. From here on it takes over the
// signals that end it.
func wrap(argv []string) (*wrapped, error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, errNotStarted(argv[0], err)
	}
	p := &wrapped{argv, path, make(chan os.Signal, 16)}
	signal.Notify(p.signals, syscall.SIGINT, syscall.SIGTERM)
	return p, nil
}

func errNotStarted(name string, err error) error {
	code := exitNotExecutable
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = exitNotFound
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if e := (*exec.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &programError{code, fmt.Sprintf("%s cannot be started: %v", name, err)}
}

// release gives the signals back.
func (p *wrapped) release() { signal.Stop(p.signals) }

// run starts the program and waits for its end. Signals that come before it is
// started end ctx; later ones are forwarded. Off a terminal the program has a
// process group of its own, which gets the signals, and of which nothing is left
// running. On a terminal it stays in cairn's, or it could neither read nor be
// stopped from there, and what the terminal sends goes to both anyway.
func (p *wrapped) run(ctx context.Context, env []string) error {
	cmd := &exec.Cmd{Path: p.path, Args: p.argv, Env: env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	grouped := !term.IsTerminal(int(os.Stdin.Fd()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: grouped}
	endWithParent(cmd.SysProcAttr)
	signal.Notify(p.signals, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	// The kernel ties the death of the child to that of the thread that started
	// it, not to that of the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return errNotStarted(p.argv[0], err)
	}
	ended := make(chan struct{})
	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)
		p.forward(cmd.Process.Pid, grouped, ended)
	}()
	err := cmd.Wait()
	close(ended)
	<-forwarded
	if grouped {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return p.outcome(cmd.ProcessState, err)
}

func (p *wrapped) forward(pid int, grouped bool, ended <-chan struct{}) {
	for {
		select {
		case s := <-p.signals:
			switch {
			case grouped:
				syscall.Kill(-pid, s.(syscall.Signal))
			case s != syscall.SIGINT && s != syscall.SIGQUIT: // the terminal's own
				syscall.Kill(pid, s.(syscall.Signal))
			}
		case <-ended:
			return
		}
	}
}

func (p *wrapped) outcome(state *os.ProcessState, err error) error {
	if state == nil {
		return err
	}
	status := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled():
		n := status.Signal()
		return &programError{128 + int(n), fmt.Sprintf("%s was ended by signal %d (%v), and nothing is published", p.argv[0], int(n), n)}
	case state.ExitCode() != 0:
		return &programError{state.ExitCode(), fmt.Sprintf("%s ended with exit code %d, and nothing is published", p.argv[0], state.ExitCode())}
	}
	return err
}
