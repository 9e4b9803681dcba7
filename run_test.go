package cairn_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/layout/lineage"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/open"
	"github.com/cairnstore/cairn/store/storetest"
)

// refTo returns a reference to what stands after the "@".
func refTo(t *testing.T, a layout.Artifact, selector string) layout.Ref {
	t.Helper()
	ref, err := layout.ParseSelector(a, selector)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// publishLabelled publishes one file of one line as a version of a, under a label.
func publishLabelled(t *testing.T, r *cairn.Repo, a layout.Artifact, label, line string, inputs ...layout.Ref) *cairn.Version {
	t.Helper()
	p := publication(t, tree(t, "file", line))
	p.Artifact, p.Label, p.Inputs = a, layout.Name(label), inputs
	return publish(t, r, p).Version
}

// What a run pulled is what its publications were made from, as it was when the
// run asked for it first.
func TestRun(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	v1 := publishLabelled(t, r, flights, "v1", "one")
	if err := r.Point(t.Context(), v1, "prod", nil); err != nil {
		t.Fatal(err)
	}
	other := publishLabelled(t, r, "datasets/airports", "v1", "airports")
	source := &layout.Source{Git: "0123456789abcdef"}
	run, err := r.Begin(t.Context(), &cairn.RunOptions{
		Date: june17, Source: source, Params: map[string]any{"lr": 0.1, "depth": 3.0},
		Inputs: []layout.Ref{refTo(t, flights, "prod")},
	})
	if err != nil {
		t.Fatal(err)
	}
	v2 := publishLabelled(t, r, flights, "v2", "two")
	if err := r.Point(t.Context(), v2, "prod", nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := run.Pull(t.Context(), refTo(t, flights, "prod"), dir); err != nil {
		t.Fatal(err)
	}
	if got := readTree(t, dir)["file"]; got != "one" {
		t.Errorf("the pointer moved, and the run sees %q", got)
	}
	if _, err := run.Pull(t.Context(), refTo(t, "datasets/airports", "2026-06-01..2026-06-30"), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	p := publication(t, tree(t, "model", "weights"))
	p.Artifact, p.Date, p.Params = "models/delay", "", map[string]any{"lr": 0.2}
	outcomes, err := run.Publish(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	m := outcomes[0].Manifest
	if len(m.Inputs) != 2 || m.Inputs[0].Version != other.Pin.Version || m.Inputs[1].Version != v1.Pin.Version {
		t.Errorf("inputs are %v", m.Inputs)
	}
	if m.Date != june17 || m.Source.Git != source.Git || m.Params["lr"] != 0.2 || m.Params["depth"] != 3.0 {
		t.Errorf("%s, %v, %v", m.Date, m.Source, m.Params)
	}
	records, err := outcomes[0].Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || len(records[0].Inputs) != 2 || records[0].Inputs[0].Ref != "datasets/flights@prod" {
		t.Errorf("the record says %v", records[0].Inputs)
	}
	if p.Date != "" || len(p.Inputs) != 0 || len(p.Params) != 1 {
		t.Errorf("the caller's publication was changed: %v", p)
	}
}

// The gate stops a run that would train on the wrong data, when it begins or
// with the input that is one too many, before a byte is downloaded.
func TestRunGate(t *testing.T) {
	recorder := storetest.NewRecorder(mem.New())
	r := openRepo(t, recorder, nil)
	v1 := publishLabelled(t, r, flights, "v1", "one")
	features := publishLabelled(t, r, "features/churn", "f1", "features", v1.Pin.Ref())
	publishLabelled(t, r, flights, "v2", "two")
	expect := &cairn.Gate{Expect: []layout.Ref{refTo(t, flights, "v2")}}
	recorder.Take()
	begin := func(g *cairn.Gate, inputs ...layout.Ref) (*cairn.Run, error) {
		return r.Begin(t.Context(), &cairn.RunOptions{Date: june17, Gate: g, Inputs: inputs})
	}
	refused := func(err error) {
		t.Helper()
		var broken *lineage.Violation
		if !errors.Is(err, cairn.ErrRefused) || !errors.As(err, &broken) {
			t.Errorf("%v", err)
		}
	}
	_, err := begin(expect, features.Pin.Ref())
	refused(err)
	_, err = begin(nil, features.Pin.Ref(), refTo(t, flights, "v2"))
	refused(err)

	run, err := begin(expect)
	if err != nil {
		t.Fatal(err)
	}
	_, err = run.Pull(t.Context(), features.Pin.Ref(), t.TempDir())
	refused(err)
	if _, err = run.Resolve(t.Context(), refTo(t, flights, "v2")); err != nil {
		t.Errorf("what was refused became an input: %v", err)
	}
	for _, call := range recorder.Take() {
		if call.Op == "create" || call.Op == "swap" || strings.Contains(call.Key, "/date=") && call.Op == "open" {
			t.Errorf("%s", call)
		}
	}
}

// A gate expects what its references meant when the run began.
func TestRunPinsItsGate(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	v1 := publishLabelled(t, r, flights, "v1", "one")
	if err := r.Point(t.Context(), v1, "prod", nil); err != nil {
		t.Fatal(err)
	}
	run, err := r.Begin(t.Context(), &cairn.RunOptions{
		Date: june17, Inputs: []layout.Ref{refTo(t, flights, "v1")}, Gate: &cairn.Gate{Expect: []layout.Ref{refTo(t, flights, "prod")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Point(t.Context(), publishLabelled(t, r, flights, "v2", "two"), "prod", nil); err != nil {
		t.Fatal(err)
	}
	p := publication(t, tree(t, "model", "weights"))
	p.Artifact = "models/delay"
	if _, err := run.Publish(t.Context(), p); err != nil {
		t.Error(err)
	}
}

// A run of several publications checks all of them before it stores any.
func TestRunPublishesAllOrNothing(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	v1 := publishLabelled(t, r, flights, "v1", "one")
	run, err := r.Begin(t.Context(), &cairn.RunOptions{Date: june17, Inputs: []layout.Ref{v1.Pin.Ref()}})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := publication(t, tree(t, "a", "a")), publication(t, tree(t, "b", "b"))
	good.Artifact, bad.Artifact = "models/good", "models/bad"
	bad.Metrics = map[string]float64{"": 1}
	if _, err := run.Publish(t.Context(), good, bad); err == nil {
		t.Fatal("it was published")
	}
	if v, err := resolve(t.Context(), r, "models/good@2026-06-17"); err == nil {
		t.Errorf("%s was published", v.Pin)
	}
	bad.Metrics = nil
	outcomes, err := run.Publish(t.Context(), good, bad)
	if err != nil || len(outcomes) != 2 || outcomes[1].Manifest.Artifact != "models/bad" || len(outcomes[1].Manifest.Inputs) != 1 {
		t.Errorf("%v, %v", outcomes, err)
	}
}

// What could not be published in the end is refused before the work begins.
func TestRunOptions(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	for _, o := range []*cairn.RunOptions{
		{},
		{Date: "today"},
		{Date: june17, Source: &layout.Source{Git: "main"}},
		{Date: june17, Params: map[string]any{"layers": 3}},
	} {
		var invalid *layout.Error
		if _, err := r.Begin(t.Context(), o); !errors.As(err, &invalid) {
			t.Errorf("%v: %v", o, err)
		}
	}
}

// A training job: its inputs are checked before they are downloaded, and the
// model says what it was made from.
func ExampleRepo_Begin() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	repo, err := repoWithFeatures(ctx, work)
	if err != nil {
		log.Fatal(err)
	}

	features := layout.Ref{Artifact: "features/churn", Name: "prod"}
	run, err := repo.Begin(ctx, &cairn.RunOptions{
		Date:   "2026-06-17",
		Inputs: []layout.Ref{features},
		Params: map[string]any{"lr": 0.1},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := run.Pull(ctx, features, filepath.Join(work, "in")); err != nil {
		log.Fatal(err)
	}
	model := filepath.Join(work, "model.bin") // trained on the files in work/in
	if err := os.WriteFile(model, []byte("weights"), 0o666); err != nil {
		log.Fatal(err)
	}
	files, err := cairn.Sources(model)
	if err != nil {
		log.Fatal(err)
	}
	outcomes, err := run.Publish(ctx, &cairn.Publication{
		Artifact: "models/churn",
		Files:    files,
		Metrics:  map[string]float64{"accuracy": 0.94},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, in := range outcomes[0].Manifest.Inputs {
		fmt.Println("made from", in.Artifact, in.Date)
	}
	// Output:
	// made from features/churn 2026-06-17
}

func repoWithFeatures(ctx context.Context, work string) (*cairn.Repo, error) {
	file := filepath.Join(work, "features.csv")
	if err := os.WriteFile(file, []byte("age,churned\n18,0\n"), 0o666); err != nil {
		return nil, err
	}
	s, err := open.URL(ctx, filepath.Join(work, "store"))
	if err != nil {
		return nil, err
	}
	repo, err := cairn.Open(ctx, s, nil)
	if err != nil {
		return nil, err
	}
	_, err = repo.Publish(ctx, &cairn.Publication{Artifact: "features/churn", Date: "2026-06-17",
		Files: []cairn.Source{{Path: "features.csv", File: file}}, Point: []layout.Name{"prod"}})
	return repo, err
}
