package model

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknown reports a file of no format that this package knows.
var ErrUnknown = errors.New("not a model file of a known format")

// An Error reports a file that is broken or hostile.
type Error struct {
	Format string // what the file seemed to be
	Offset int64  // of the byte where it shows; in a compressed part, counted from its start
	Field  string // what is wrong there, such as a tensor and its shape; may be empty
	Reason string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: byte %d: %s", e.Format, e.Offset, e.Reason)
	}
	return fmt.Sprintf("%s: byte %d: %s: %s", e.Format, e.Offset, e.Field, e.Reason)
}

func broken(format string, offset int64, field, reason string, args ...any) error {
	return &Error{Format: format, Offset: offset, Field: field, Reason: fmt.Sprintf(reason, args...)}
}

func isBroken(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// quote returns a thing and its name for an error line, which hostile names
// shall not flood.
func quote(thing, name string) string {
	return fmt.Sprintf("%s %q", thing, clip(name, 100))
}

// clip returns s as valid text, cut to about n bytes and the sign that
// something is missing.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// inEntry adds the name of an entry of a zip to an error about what is in it.
func inEntry(err error, name string) error {
	if e, ok := errors.AsType[*Error](err); ok {
		in := *e
		in.Field = strings.TrimSuffix(quote("entry", name)+": "+e.Field, ": ")
		return &in
	}
	return err
}
