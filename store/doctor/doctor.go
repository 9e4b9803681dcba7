// Package doctor finds out with real, racing requests whether a store keeps the
// promises of package store. Many servers that speak S3 do not: they ignore the
// conditions on a write, and then two publishers both win.
//
// [Examine] runs the [Checks] against a store and cleans up after itself. The
// conformance suite of the drivers, storetest, is the same checks and more.
package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"iter"

	"github.com/cairnstore/cairn/store"
)

// A Check is one promise and the way to test it.
type Check struct {
	Name    string // one word, stable
	Promise string // what holds if Run returns nil

	// Vital promises are those without which cairn refuses to write.
	Vital bool

	// Run returns an error that says what the store did instead. It uses keys
	// under prefix only, where nothing lies yet.
	Run func(ctx context.Context, s store.Store, prefix string) error
}

// A Finding is the outcome of one Check.
type Finding struct {
	Check Check
	Err   error // nil: the promise is kept
}

// Examine runs all [Checks] in a fresh folder of s and yields what each found.
// What could not be examined, because the store does not answer or refuses the
// credentials, ends it: then the second value is the error.
func Examine(ctx context.Context, s store.Store) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		folder := "_doctor/" + rand.Text() + "/"
		defer sweep(context.WithoutCancel(ctx), s, folder)
		for _, c := range Checks {
			err := c.Run(ctx, s, folder+c.Name+"/")
			if isObstacle(err) {
				yield(Finding{}, err)
				return
			}
			if !yield(Finding{c, err}, nil) {
				return
			}
		}
	}
}

// isObstacle reports whether err says nothing about the promise examined.
func isObstacle(err error) bool {
	for _, obstacle := range []error{store.ErrTemporary, store.ErrNoStore, fs.ErrPermission, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, obstacle) {
			return true
		}
	}
	return false
}

// sweep removes what the checks left. It does what it can: a store that cannot
// delete has told so already.
func sweep(ctx context.Context, s store.Store, folder string) {
	for info, err := range s.List(ctx, folder, nil) {
		if err != nil {
			return
		}
		s.Delete(ctx, info.Key)
	}
}
