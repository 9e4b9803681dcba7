package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// parseJob reads a job file as "cairn run -f" with more arguments does.
func parseJob(t *testing.T, text string, args ...string) (*runOptions, []string, error) {
	t.Helper()
	var o runOptions
	var command []string
	cmd := &cobra.Command{Use: "run", SilenceErrors: true, SilenceUsage: true}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		command, err = o.command(cmd, args)
		return err
	}
	o.flags(cmd.Flags())
	cmd.SetArgs(append([]string{"-f", write(t, filepath.Join(t.TempDir(), "job.yaml"), []byte(text))}, args...))
	err := cmd.Execute()
	return &o, command, err
}

const wholeJob = `
date: 2026-06-17
in:
  features: features/churn@candidate
  customers: datasets/customers@v2
out:
  models/churn: ./model
  reports/churn:
param: {lr: 0.1, note: "a=b", deep: true}
metric-file: metrics.json
point: [candidate, nightly]
require-clean: true
command: [python, train.py, --epochs, 3]
`

func TestJobFile(t *testing.T) {
	o, command, err := parseJob(t, wholeJob)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want []string }{
		{[]string{o.date, o.metricFile}, []string{"2026-06-17", "metrics.json"}},
		{o.in, []string{"features=features/churn@candidate", "customers=datasets/customers@v2"}},
		{o.out, []string{"models/churn=./model", "reports/churn"}},
		{o.param, []string{"lr=0.1", "note=a=b", "deep=true"}},
		{o.point, []string{"candidate", "nightly"}},
		{command, []string{"python", "train.py", "--epochs", "3"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
	if !o.requireClean {
		t.Error("require-clean was passed over")
	}
}

// The command line goes before the file: for what has a name, name by name.
func TestJobFileIsOverridden(t *testing.T) {
	o, _, err := parseJob(t, wholeJob, "--date", "2026-06-18", "--in", "features=features/churn@v7", "--param", "lr=0.2", "--point", "test")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(o.in)
	slices.Sort(o.param)
	for _, c := range []struct{ got, want []string }{
		{[]string{o.date}, []string{"2026-06-18"}},
		{o.in, []string{"customers=datasets/customers@v2", "features=features/churn@v7"}},
		{o.param, []string{"deep=true", "lr=0.2", "note=a=b"}},
		{o.point, []string{"test"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}

func TestJobFileRefused(t *testing.T) {
	for _, c := range []struct {
		text, says string
		args       []string
	}{
		{"date: 2026-06-17\nins: {a: b/c@v1}\n", `job.yaml:2": there is no field "ins"; there are command, allow-mixed,`, nil},
		{"file: other.yaml\n", "no field", nil},
		{"dry-run: true\n", "no field", nil},
		{"date: 2026-06-17\ndate: 2026-06-18\n", `job.yaml:2": "date" is no name, or is there twice`, nil},
		{"in:\n  a: x/y@v1\n  a: x/y@v2\n", `job.yaml:3": "a" is no name, or is there twice`, nil},
		{"date: [2026-06-17, 2026-06-18]\n", "takes one value", nil},
		{"date: {a: b}\n", "one value is due here", nil},
		{"command: {a: b}\n", "one value is due here", nil},
		{"require-clean: perhaps\n", "require-clean", nil},
		{"- a\n", "a mapping is due here", nil},
		{"", "is not YAML", nil},
		{"\t", "is not YAML", nil},
		{"date: 2026-06-17\n---\ndate: 2026-06-18\n", "more than one document", nil},
		{"command: [a]\n", "names a command already", []string{"--", "b"}},
		{"date: 2026-06-17\n", "say what to run", nil},
	} {
		if o, command, err := parseJob(t, c.text, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, %v, %v", c.text, o, command, err)
		}
	}
}
