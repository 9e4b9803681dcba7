package storetest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// publish composes "k" of a copied and a sent part, and then looks for others.
func publish(t *testing.T, s store.Composer) error {
	t.Helper()
	const half = 1 << 20
	body := make([]byte, half+1)
	sum := store.ChecksumOf(body)
	if err := s.Create(t.Context(), "from", storetest.Body(body), sum); err != nil {
		return err
	}
	c, err := s.Compose(t.Context(), "k", int64(len(body)), &store.ComposeOptions{Copies: true})
	if err != nil {
		return err
	}
	parts := []store.Part{
		{Number: 1, Size: half, Sum: store.ChecksumOf(body[:half])},
		{Number: 2, Off: half, Size: 1, Sum: store.ChecksumOf(body[half:])},
	}
	if parts[0], err = c.Copy(t.Context(), parts[0], storetest.Body(body[:half]), "from", 1); err != nil {
		return err
	}
	if parts[1], err = c.Put(t.Context(), parts[1], storetest.Body(body[half:])); err != nil {
		return err
	}
	if _, err = c.Find(t.Context(), parts); err != nil {
		return err
	}
	if err := c.Complete(t.Context(), parts, sum); err != nil {
		return err
	}
	c.Abort(t.Context())
	_, err = s.Compositions(t.Context(), "k")
	return err
}

var published = []string{"create from", "compose k", "copy k", "put k", "find k", "complete k", "abort k", "compositions k"}

func small() *mem.Store {
	s := mem.New()
	s.PartLimits.MinPart = 1
	return s
}

func TestRecorderOfComposer(t *testing.T) {
	r := storetest.NewRecorder(small())
	if err := publish(t, r); err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, c := range r.Take() {
		calls = append(calls, c.String())
	}
	if !slices.Equal(calls, published) {
		t.Errorf("%q, want %q", calls, published)
	}
}

func TestFaultyComposer(t *testing.T) {
	for at, call := range published {
		f := storetest.NewFaulty(small(), at, storetest.FailsBefore)
		err := publish(t, f)
		// An Abort has no answer.
		if f.Suffered() != call || (err == nil) != (call == "abort k") {
			t.Errorf("call %d: %q suffered, want %q: %v", at, f.Suffered(), call, err)
		}
	}
}

func TestInterceptedPlainStore(t *testing.T) {
	type plain struct{ store.Store }
	r := storetest.NewRecorder(plain{mem.New()})
	_, composeErr := r.Compose(t.Context(), "k", 1, nil)
	_, foundErr := r.Compositions(t.Context(), "k")
	if !errors.Is(composeErr, errors.ErrUnsupported) || !errors.Is(foundErr, errors.ErrUnsupported) {
		t.Errorf("%v, %v", composeErr, foundErr)
	}
	if calls := r.Take(); len(calls) != 0 {
		t.Errorf("the calls %v were made of a Store that composes nothing", calls)
	}
}

func TestUnconditionalComposer(t *testing.T) {
	s := storetest.Unconditional(small(), "create").(store.Composer)
	for i := range 2 {
		if err := publish(t, s); err != nil {
			t.Error(fmt.Errorf("time %d: %w", i, err))
		}
	}
}
