package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
)

func parsePlan(t *testing.T, text string) (*plan, error) {
	t.Helper()
	return readPlan(write(t, filepath.Join(t.TempDir(), "plan.yaml"), []byte(text)))
}

func TestPlan(t *testing.T) {
	p, err := parsePlan(t, `
# what is worth keeping
adopt:
  - path: ./old/features_final.csv
    artifact: features/churn
    date: 2026-03-01
    as: features.csv
    label: v1
    point: [prod, nightly]
    inputs: [datasets/customers@v1, datasets/regions@2026-01-01..2026-03-01]
    meta: {owner: risk, ticket: 17}
  - {path: "model/", artifact: models/churn, date: "2026-03-01", point: prod}
`)
	if err != nil || len(p.entries) != 2 {
		t.Fatalf("%v, %v", p, err)
	}
	one, two := p.entries[0], p.entries[1]
	for _, c := range []struct{ got, want string }{
		{one.path, "old/features_final.csv"},
		{string(one.Artifact), "features/churn"},
		{string(one.Date), "2026-03-01"},
		{one.as, "features.csv"},
		{string(one.Label), "v1"},
		{one.Meta["owner"], "risk"},
		{one.Meta["ticket"], "17"},
		{one.Meta[adoptedFrom], "old/features_final.csv"},
		{filepath.Base(one.place), "plan.yaml:4"},
		{two.path, "model"},
		{two.Meta[adoptedFrom], "model"},
		{filepath.Base(two.place), "plan.yaml:12"},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
	if len(one.Inputs) != 2 || !one.Inputs[1].IsRange() || len(one.Point) != 2 || len(two.Point) != 1 {
		t.Errorf("%v, %v, %v", one.Inputs, one.Point, two.Point)
	}
}

func TestPlanRefused(t *testing.T) {
	const entry = "adopt:\n  - {path: a, artifact: a/b, date: 2026-03-01, "
	for _, c := range []struct{ text, says string }{
		{"", "is not YAML"},
		{"\t", "is not YAML"},
		{"- a\n", "a mapping is due here"},
		{"adopt:\n", "a list with an entry for each version"},
		{"adopt: {}\n", "a list with an entry for each version"},
		{"adopt: []\nforce: true\n", "it has one field"},
		{"adopt: []\nadopt: []\n", `plan.yaml:2": "adopt" is no name, or is there twice`},
		{"adopt: []\n---\nadopt: []\n", "more than one document"},
		{"adopt:\n  - a\n", `plan.yaml:2": a mapping is due here`},
		{"adopt:\n  - path: a\n    artifact: ?\n", "line 3"},
		{"adopt:\n  - path: a\n    artifact: '?'\n", `plan.yaml:3": artifact is still "?"`},
		{"adopt:\n  - path: a\n    artifact:\n", `plan.yaml:3": artifact has no value`},
		{"adopt:\n  - path: a\n    artifact: [a/b]\n", `plan.yaml:3": one value is due here`},
		{"adopt:\n  - path: a\n    artifact: a\n", `plan.yaml:3": artifact: artifact "a": needs two`},
		{"adopt:\n  - artifact: a/b\n    date: 2026-03-01\n", `plan.yaml:2": the entry has no path`},
		{"adopt:\n  - path: &a x\n    artifact: *a\n", `plan.yaml:3": one value is due here`},
		{entry + "point: [prod, prod]}\n", "a/b@prod is there twice"},
		{entry + "label: 2026-03-01}\n", "label: it is a date"},
		{entry + "inputs: [datasets/customers]}\n", "does not say which version"},
		{entry + "meta: {a: [b]}}\n", "one value is due here"},
		{entry + "meta: {a: 1, a: 2}}\n", `"a" is no name, or is there twice`},
		{entry + "meta: {'': b}}\n", "needs a name"},
		{entry + "<<: {label: v1}}\n", `there is no field "<<"`},
	} {
		if p, err := parsePlan(t, c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, %v", c.text, p, err)
		}
	}
}

func TestWithoutWords(t *testing.T) {
	for _, c := range []struct{ name, words, want string }{
		{"features_final_fixed.csv", "final fixed", "features.csv"},
		{"final_features.csv", "final", "features.csv"},
		{"featuresFinal2.csv", "final", "features2.csv"},
		{"features (copy).csv", "copy", "features.csv"},
		{"features.csv.bak", "bak", "features.csv"},
		{"LATEST-model.pt", "latest", "model.pt"},
		{"finalists.csv", "final", "finalists.csv"},
		{"t.parquet", "backup", "t.parquet"},
		{"final.csv", "final", blank},
		{"latest", "latest", blank},
	} {
		if got := withoutWords(c.name, strings.Fields(c.words)); got != c.want {
			t.Errorf("%s without %s: %q, not %q", c.name, c.words, got, c.want)
		}
	}
}

// Whatever files are called, a draft is a plan once its blanks are filled in, and
// names them as they are.
func TestDraftIsAPlan(t *testing.T) {
	names := []string{"a b.csv", "a: b", "# a", "null", "-", "true", "x\ty\n", `"quoted" \ back`, "ärger.csv", "\u0085\u007f\u2028", "[a]", "?", "12", "a/~", "😀"}
	var files []*cairn.Finding
	for _, name := range append(names, "\xff.csv") {
		files = append(files, &cairn.Finding{Path: name, Modified: time.Unix(0, 0), Twin: "a\nb", Problem: "c\nd"})
	}
	draft := draftPlan(files)
	if !strings.Contains(draft, `no plan can name it: "\xff.csv"`) {
		t.Errorf("the name that is not UTF-8 is missing:\n%s", draft)
	}
	filled := strings.NewReplacer(`artifact: "?"`, "artifact: a/b", `as: "?"`, "as: x").Replace(draft)
	for day := range names {
		filled = strings.Replace(filled, `date: "?"`, "date: "+time.Unix(0, 0).AddDate(0, 0, day).UTC().Format(time.DateOnly), 1)
	}
	p, err := parsePlan(t, filled)
	if err != nil {
		t.Fatalf("%v\n%s", err, filled)
	}
	var got []string
	for _, e := range p.entries {
		got = append(got, e.path)
	}
	if !slices.Equal(got, names) {
		t.Errorf("%q, not %q", got, names)
	}
}

// The plan in docs/audit.md is one.
func TestPlanOfDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	p, err := parsePlan(t, example)
	if err != nil || len(p.entries) != 2 || p.entries[0].as != "features.csv" || len(p.entries[1].Inputs) != 1 {
		t.Errorf("%v, %v", p, err)
	}
}
