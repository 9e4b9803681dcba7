package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/examples/churn/job"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/open"
)

// The train job is stopped when the customers changed and their features did not,
// and goes on when these were made again.
func TestIncident(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	arrive := func(week int, date layout.Date, label layout.Name) {
		file := filepath.Join(t.TempDir(), "customers.parquet")
		if err := job.WriteCustomers(file, week); err != nil {
			t.Fatal(err)
		}
		s, err := open.URL(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		r, err := cairn.Open(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Publish(t.Context(), &cairn.Publication{Artifact: customers.Artifact, Date: date, Label: label,
			Files: []cairn.Source{{Path: "customers.parquet", File: file}}, Point: []layout.Name{"prod"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	work := func(name string, date layout.Date) error {
		return run(t.Context(), []string{name, store, string(date)})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	arrive(1, "2026-06-01", "v1")
	must(work("features", "2026-06-01"))
	must(work("train", "2026-06-01"))

	arrive(2, "2026-06-08", "v2")
	err := work("train", "2026-06-08")
	if !errors.Is(err, cairn.ErrRefused) || !strings.Contains(err.Error(), "(v1), but datasets/customers@b3:") {
		t.Fatalf("the features are of other customers, and it says %v", err)
	}
	must(work("features", "2026-06-08"))
	must(work("train", "2026-06-08"))
}
