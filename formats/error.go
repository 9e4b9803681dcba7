package formats

import (
	"errors"
	"fmt"
)

// ErrUnreadable is what a producer's error wraps if the file is none that it can
// read a table from: another format, broken, or hostile. Asking again gives the
// same answer. An error that does not wrap it came from reading the bytes or
// from the context.
var ErrUnreadable = errors.New("not a readable table")

// Unreadable returns an error that wraps [ErrUnreadable] and gives the reason in
// one sentence, without a full stop. Such an error among the arguments adds its
// reason only.
func Unreadable(format string, args ...any) error {
	for i, arg := range args {
		if u, ok := arg.(*unreadable); ok {
			args[i] = u.reason
		}
	}
	return &unreadable{fmt.Errorf(format, args...)}
}

type unreadable struct{ reason error }

func (u *unreadable) Error() string { return ErrUnreadable.Error() + ": " + u.reason.Error() }

func (u *unreadable) Unwrap() []error { return []error{ErrUnreadable, u.reason} }
