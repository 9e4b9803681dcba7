package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/open"
)

// The exit codes. They are an interface: a Job's podFailurePolicy rests on them.
const (
	exitRetry   = 1  // may succeed if tried again
	exitRefused = 2  // must not be tried again
	exitUsage   = 64 // EX_USAGE
	exitBug     = 70 // EX_SOFTWARE
)

// A failure is what an error means to whoever runs cairn.
type failure struct {
	Code    int    `json:"code"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// failures are tried in their order; the first that matches says what an error
// means.
var failures = []struct {
	matches func(error) bool
	code    int
	kind    string
	hint    string
}{
	{isUsage, exitUsage, "usage", "cairn VERB --help shows the form"},
	{isA[*open.URLError], exitUsage, "usage", ""},
	{is(cairn.ErrCorrupt), exitRefused, "corrupt", "nothing was taken from that object; the version must be restored or published again"},
	{is(cairn.ErrChanged), exitRefused, "changed", ""},
	{is(cairn.ErrRefused), exitRefused, "refused", ""},
	{isA[*layout.Error], exitRefused, "invalid", ""},
	{is(store.ErrNoStore), exitRefused, "no-store", "check the URL, or create the bucket first"},
	{isAny(syscall.ENOSPC, syscall.EDQUOT), exitRetry, "disk-full", "free some space"},
	{isAny(syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM), exitRetry, "out-of-resources", ""},
	{isAny(fs.ErrPermission, syscall.EROFS), exitRefused, "permission", "check the credentials and what they may do"},
	{is(store.ErrConflict), exitRetry, "conflict", ""},
	{is(store.ErrTemporary), exitRetry, "temporary", "try again; if it lasts, see that the server is up and can be reached"},
	{is(fs.ErrNotExist), exitRefused, "not-found", ""},
	{isAny(syscall.ENOTDIR, syscall.EISDIR, fs.ErrExist, fs.ErrInvalid), exitRefused, "bad-input", ""},
	{is(context.DeadlineExceeded), exitRetry, "timeout", ""},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isAny(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func explain(err error) failure {
	var stop *stopped
	if errors.As(err, &stop) {
		kind := map[syscall.Signal]string{syscall.SIGINT: "interrupted", syscall.SIGTERM: "terminated"}[stop.signal]
		return failure{128 + int(stop.signal), kind, err.Error(), "what was done so far is kept; run it again to go on"}
	}
	if isA[*bug](err) {
		return failure{exitBug, "bug", err.Error(), "please report it, with the lines above"}
	}
	if ended := (*programError)(nil); errors.As(err, &ended) {
		return failure{ended.code, "command", ended.text, ""}
	}
	for _, f := range failures {
		if f.matches(err) {
			return failure{f.code, f.kind, oneLine(err), f.hint}
		}
	}
	return failure{exitRetry, "other", oneLine(err), ""}
}

// oneLine is what a person reads in kubectl logs.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}

// report tells what went wrong, on stderr and in the termination log, and
// returns the exit code.
func (a *app) report(err error) int {
	if b := (*bug)(nil); errors.As(err, &b) {
		fmt.Fprintf(a.stderr, "panic: %v\n\n%s\n", b.value, b.stack)
	}
	f := explain(err)
	doc, _ := json.Marshal(map[string]failure{"error": f})
	if a.json {
		fmt.Fprintf(a.stderr, "%s\n", doc)
	} else {
		fmt.Fprintf(a.stderr, "cairn: error: %s\n", f.Message)
		if f.Hint != "" {
			fmt.Fprintf(a.stderr, "cairn: hint: %s\n", f.Hint)
		}
	}
	a.writeTerminationLog(doc)
	return f.Code
}

// writeTerminationLog leaves the error where Kubernetes shows it in the pod's
// status. The file is the kubelet's; without it there is nobody to read it.
func (a *app) writeTerminationLog(doc []byte) {
	f, err := os.OpenFile(a.terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer f.Close()
	f.Write(doc)
}
