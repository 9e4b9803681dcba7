package layout

import (
	"fmt"
	"strings"
)

// Error reports a name or a piece of metadata that breaks the rules of this
// package. It says what kind of thing it is, its text, and the rule.
type Error struct {
	Thing  string // what it was meant to be: "artifact", "date", "manifest"
	Value  string // the offending text; empty where it is a whole object
	Reason string
}

func (e *Error) Error() string {
	if e.Value == "" {
		return e.Thing + ": " + e.Reason
	}
	return fmt.Sprintf("%s %q: %s", e.Thing, clip(e.Value), e.Reason)
}

func invalid(thing, value, format string, args ...any) error {
	return &Error{Thing: thing, Value: value, Reason: fmt.Sprintf(format, args...)}
}

// clip keeps hostile input from flooding an error line.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
