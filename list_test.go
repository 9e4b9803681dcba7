package cairn_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
)

func TestArtifactsAndEntries(t *testing.T) {
	s := mem.New()
	r := openRepo(t, s, nil)
	var pins []layout.Pin
	for _, a := range []layout.Artifact{"features/churn/eu", "features/churn", "models/a/b/c", "features/churn-2"} {
		for _, d := range []layout.Date{"2026-06-18", "2026-06-17"} {
			p := publication(t, tree(t, "a", string(a)))
			p.Artifact, p.Date = a, d
			out := publish(t, r, p)
			if a == "features/churn" {
				pins = append(pins, out.Pin)
			}
		}
	}
	// What is not cairn's is passed over.
	for _, key := range []string{"README.md", "Other/_heads/x.json", "features/_heads/x", "_doctor/x/y", "x/date=2026-06-17/y"} {
		put(t, s, key, []byte("x"))
	}
	var artifacts []layout.Artifact
	for a, err := range r.Artifacts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		artifacts = append(artifacts, a)
	}
	slices.Sort(artifacts)
	if want := []layout.Artifact{"features/churn", "features/churn-2", "features/churn/eu", "models/a/b/c"}; !slices.Equal(artifacts, want) {
		t.Errorf("found %q", artifacts)
	}
	// A version that was replaced is listed only while something names it.
	p := publication(t, tree(t, "a", "other"))
	p.Artifact = "features/churn"
	other := publish(t, r, p)
	old := mustResolve(t, r, pins[1].String())
	if err := r.Label(t.Context(), old, "v1"); err != nil {
		t.Fatal(err)
	}
	if err := r.Point(t.Context(), other.Version, "prod", nil); err != nil {
		t.Fatal(err)
	}
	entries, err := r.Entries(t.Context(), "features/churn")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		pin   layout.Pin
		names string
	}
	var got []row
	for _, e := range entries {
		names := ""
		for _, n := range e.Names {
			names += string(n) + " "
		}
		got = append(got, row{e.Pin, names})
	}
	for _, want := range []row{{pins[0], ""}, {pins[1], "v1 "}, {other.Pin, "prod "}} {
		if !slices.Contains(got, want) {
			t.Errorf("%v is not among %v", want, got)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d entries", len(got))
	}
	if _, err := r.Entries(t.Context(), "features/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("entries of what is not there: %v", err)
	}
}

func TestReadingWhereThereIsNoStore(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	if _, err := resolve(t.Context(), r, "a/b@prod"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("resolve: %v", err)
	}
	for _, err := range r.Artifacts(t.Context()) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("artifacts: %v", err)
		}
	}
	if _, err := cairn.Open(t.Context(), mem.New(), nil); err != nil {
		t.Errorf("open: %v", err)
	}
}
