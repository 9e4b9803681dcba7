package gcs_test

import (
	"errors"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/doctor"
	"github.com/cairnstore/cairn/store/gcs"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
)

func TestConformance(t *testing.T) { storetest.Run(t, fake(t), nil) }

func TestConformanceUnderPrefix(t *testing.T) {
	storetest.Run(t, store.WithPrefix(fake(t), "some/prefix/"), nil)
}

func TestDoctor(t *testing.T) {
	found := 0
	for finding, err := range doctor.Examine(t.Context(), fake(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if finding.Err != nil {
			t.Errorf("%s: %v", finding.Check.Name, finding.Err)
		}
		found++
	}
	if found != len(doctor.Checks) {
		t.Errorf("%d findings, want %d", found, len(doctor.Checks))
	}
}

func TestNoBucketOnServer(t *testing.T) {
	fake(t)
	s := open(t, "none")
	_, swapErr := s.Swap(t.Context(), "k", store.NoToken, nil)
	for op, err := range map[string]error{"create": create(t, s, "k", ""), "swap": swapErr, "list": list(t, s, "").err} {
		if !errors.Is(err, store.ErrNoStore) {
			t.Errorf("%s in a bucket that does not exist: %v", op, err)
		}
	}
}

// fake returns an empty bucket of fake-gcs-server.
func fake(t *testing.T) *gcs.Store {
	t.Helper()
	s := server.GCS(t)
	t.Setenv("STORAGE_EMULATOR_HOST", s.Endpoint)
	return open(t, s.Bucket)
}

func open(t *testing.T, bucket string) *gcs.Store {
	t.Helper()
	s, err := gcs.New(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
