// Package storetest decides whether something is a [store.Store], and breaks
// Stores on purpose.
//
// [Run] is the conformance suite of every driver. [Recorder] keeps the exact
// traffic between a caller and a Store, and [Faulty] makes a chosen call fail
// before it takes effect, or after.
package storetest

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/doctor"
)

// Known lists the checks that a server is known to fail, by name, each with
// what it does instead. A known failure that does not happen fails the test, so
// the list stays true.
type Known map[string]string

// Run runs every check against s, and those of a [store.Composer] if s composes. It
// works below a fresh prefix and leaves behind what it wrote.
func Run(t *testing.T, s store.Store, known Known) {
	folder := "storetest-" + rand.Text() + "/"
	all := slices.Concat(doctor.Checks, checks)
	if ok, err := composes(t.Context(), s, folder); err != nil {
		t.Fatal(err)
	} else if ok {
		all = append(all, composeChecks...)
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			err := c.Run(t.Context(), s, folder+c.Name+"/")
			if why, ok := known[c.Name]; ok {
				if err == nil {
					t.Fatalf("passes, and is listed as a known failure: %s", why)
				}
				t.Skipf("known failure: %s\n%v", why, err)
			}
			if err != nil {
				t.Fatalf("%s: %v", c.Promise, err)
			}
		})
	}
}
