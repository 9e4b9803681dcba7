package store_test

import (
	"errors"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
)

// plain is a Store that composes nothing.
type plain struct{ store.Store }

func TestWithPrefixOfPlainStore(t *testing.T) {
	c := store.WithPrefix(plain{mem.New()}, "some/prefix/").(store.Composer)
	_, composeErr := c.Compose(t.Context(), "k", 1, nil)
	_, foundErr := c.Compositions(t.Context(), "k")
	for _, err := range []error{composeErr, foundErr} {
		var wrapped *store.Error
		if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, &wrapped) || wrapped.Key != "some/prefix/k" {
			t.Errorf("%v", err)
		}
	}
	if l := c.Limits(); l != (store.Limits{}) {
		t.Errorf("parts of %+v", l)
	}
}
