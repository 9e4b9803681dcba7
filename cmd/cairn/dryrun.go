package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/cairnstore/cairn/layout"
)

type dryRun struct {
	Date    string         `json:"date"`
	Inputs  []dryInput     `json:"inputs"`
	Outputs []dryOutput    `json:"outputs"`
	Source  *layout.Source `json:"source"`
	Params  map[string]any `json:"params"`
}

type dryInput struct {
	Name string   `json:"name"`
	Ref  string   `json:"ref"`
	Pins []string `json:"pins"`
}

type dryOutput struct {
	Artifact string `json:"artifact"`
	Path     string `json:"path,omitempty"`
}

// printJob prints what would run: pins alone for -q.
func (a *app) printJob(j *job) error {
	doc := &dryRun{string(j.options.Date), []dryInput{}, []dryOutput{}, j.options.Source, j.options.Params}
	var pins []string
	for _, in := range j.inputs {
		d := dryInput{in.name, in.ref.String(), in.pins()}
		doc.Inputs, pins = append(doc.Inputs, d), append(pins, d.Pins...)
	}
	for _, out := range j.outputs {
		doc.Outputs = append(doc.Outputs, dryOutput{string(out.artifact), out.path})
	}
	if a.quiet && len(pins) == 0 {
		return nil
	}
	return a.print(text(strings.Join(pins, "\n")), doc, func() error {
		t := a.table("date", doc.Date)
		for _, in := range doc.Inputs {
			for _, pin := range in.Pins {
				t.row("in", in.Name, pin, in.Ref)
			}
		}
		for _, out := range doc.Outputs {
			t.row("out", out.Artifact, cmp.Or(out.Path, "a new folder"))
		}
		t.row("git", cmp.Or(doc.Source.Git, "unknown or not clean"))
		showMap(t, "param", doc.Params)
		t.row("run", fmt.Sprintf("%q", doc.Source.Command))
		return t.flush()
	})
}

type text string

func (t text) String() string { return string(t) }
