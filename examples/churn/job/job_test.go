package job_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairnstore/cairn/examples/churn/job"
)

// The same customers give the same bytes again, and a model that is worth having.
func TestJobs(t *testing.T) {
	var before [3][]byte
	for range 2 {
		dir := t.TempDir()
		customers, features, model := filepath.Join(dir, "customers.parquet"), filepath.Join(dir, "features.parquet"), filepath.Join(dir, "model.json")
		if err := job.WriteCustomers(customers, 1); err != nil {
			t.Fatal(err)
		}
		if err := job.WriteFeatures(customers, features); err != nil {
			t.Fatal(err)
		}
		metrics, err := job.Train(customers, features, model, 0.001)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(metrics)
		if metrics["auc"] < 0.8 || metrics["accuracy"] < 0.7 {
			t.Errorf("a poor model: %v", metrics)
		}
		for i, file := range []string{customers, features, model} {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if before[i] != nil && !bytes.Equal(b, before[i]) {
				t.Errorf("%s has other bytes again", file)
			}
			before[i] = b
		}
	}
}

func TestBadInput(t *testing.T) {
	if err := job.WriteCustomers(filepath.Join(t.TempDir(), "x"), 0); err == nil {
		t.Error("there is a week 0")
	}
	if _, err := job.Train("missing", "missing", "model", 0); err == nil {
		t.Error("a model of no file")
	}
}
