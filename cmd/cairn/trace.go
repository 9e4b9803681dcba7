package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

type traceOptions struct {
	down, verify bool
	format       string
}

// traceFormats say how a trace is printed.
var traceFormats = map[string]func(*app, *cairn.Trace) error{
	"tree":        (*app).printTree,
	"json":        (*app).printTraceJSON,
	"dot":         (*app).printDot,
	"mermaid":     (*app).printMermaid,
	"openlineage": (*app).printOpenLineage,
}

func (a *app) traceCommand() *cobra.Command {
	var o traceOptions
	cmd := &cobra.Command{
		Use:   "trace REF...",
		Short: "Show which data a version was made from, or what was made from it",
		Long: `Show what versions were made from, up to the datasets: of each the date, the
names, the commit, who published it and when, its parameters and metrics, and
whether its bytes are still there. With -q it prints the pins of the datasets,
the versions that were made from nothing: which data trained this model?

With --down it shows what was made from them, and with -q the pins of all that.

With --verify every byte of every version is read and compared first; the first
one that is wrong ends with exit code 2.`,
		Example: `  cairn trace models/churn@prod -q
  cairn trace datasets/customers@v1 --down
  cairn trace models/churn@prod --format mermaid`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json && !cmd.Flags().Changed("format") {
				o.format = "json"
			}
			if a.quiet && cmd.Flags().Changed("format") {
				return usagef("--format and -q exclude each other")
			}
			return a.trace(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.down, "down", false, "show what was made from it")
	f.StringVar(&o.format, "format", "tree", "tree, json, dot, mermaid or openlineage")
	f.BoolVar(&o.verify, "verify", false, "read and compare every byte of every version")
	a.lockFlag(cmd)
	return cmd
}

func (a *app) trace(ctx context.Context, o *traceOptions, texts []string) error {
	printIn, ok := traceFormats[o.format]
	if !ok {
		return usagef("--format is tree, json, dot, mermaid or openlineage, not %q", o.format)
	}
	refs, err := parseRefs(texts)
	if err != nil {
		return err
	}
	var meter transfer.Meter
	r, err := a.open(ctx, &meter)
	if err != nil {
		return err
	}
	if refs, err = a.lockRefs(ctx, r, refs); err != nil {
		return err
	}
	find := r.Trace
	if o.down {
		find = r.TraceDown
	}
	t, err := find(ctx, refs...)
	if err != nil {
		return err
	}
	if o.verify {
		if err := a.verifyTrace(ctx, r, t, &meter); err != nil {
			return err
		}
	}
	if a.quiet {
		return a.printTracePins(o, t)
	}
	return printIn(a, t)
}

func (a *app) verifyTrace(ctx context.Context, r *cairn.Repo, t *cairn.Trace, meter *transfer.Meter) error {
	stop := a.follow("verify", meter)
	err := r.VerifyTrace(ctx, t)
	stop()
	if err != nil {
		return err
	}
	gone := 0
	for _, v := range t.Versions {
		if v.Bytes == cairn.Gone {
			gone++
		}
	}
	a.note("verified %s of %s, %s", plural(int(meter.Files.Load()), "file"), plural(len(t.Versions)-gone, "version"), size(meter.Hashed.Load()))
	if gone > 0 {
		a.note("not verified: the bytes of %s are gone", plural(gone, "version"))
	}
	return nil
}

func (a *app) printTracePins(o *traceOptions, t *cairn.Trace) error {
	versions := t.Sources()
	if o.down {
		versions = slices.DeleteFunc(slices.Clone(t.Versions), func(v *cairn.Traced) bool { return slices.Contains(t.Roots, v) })
	}
	for _, v := range versions {
		if err := a.printPin(v.Pin, nil); err != nil {
			return err
		}
	}
	return nil
}

// traceDoc is a trace in JSON. Its edges are the inputs.
type traceDoc struct {
	Roots    []string    `json:"roots"`
	Versions []tracedDoc `json:"versions"`
}

type tracedDoc struct {
	resolved
	Names      []layout.Name      `json:"names"`
	Inputs     []string           `json:"inputs"`
	Files      int                `json:"files"`
	Size       int64              `json:"size"`
	Bytes      cairn.Presence     `json:"bytes"`
	By         string             `json:"by,omitempty"`
	At         string             `json:"at,omitempty"`
	Source     *layout.Source     `json:"source,omitempty"`
	Params     map[string]any     `json:"params,omitempty"`
	Metrics    map[string]float64 `json:"metrics,omitempty"`
	Meta       map[string]string  `json:"meta,omitempty"`
	AllowMixed []layout.Artifact  `json:"allow_mixed,omitempty"`
	Tainted    []string           `json:"tainted,omitempty"` // reasons
}

func (a *app) printTraceJSON(t *cairn.Trace) error {
	doc := &traceDoc{Roots: []string{}, Versions: []tracedDoc{}}
	for _, v := range t.Roots {
		doc.Roots = append(doc.Roots, v.Pin.String())
	}
	for _, v := range t.Versions {
		doc.Versions = append(doc.Versions, documentOf(v))
	}
	return a.documents().Encode(doc)
}

func documentOf(v *cairn.Traced) tracedDoc {
	m := v.Manifest
	doc := tracedDoc{resolved: describe(v.Version), Names: append([]layout.Name{}, v.Names...), Inputs: []string{},
		Files: len(m.Files), Size: m.Size(), Bytes: v.Bytes,
		Source: m.Source, Params: m.Params, Metrics: m.Metrics, Meta: m.Meta, AllowMixed: m.AllowMixed}
	for _, in := range m.Inputs {
		doc.Inputs = append(doc.Inputs, in.Pin().String())
	}
	if push := v.Pushed(); push != nil {
		doc.By, doc.At = push.By, push.At
	}
	for _, r := range v.Taints {
		doc.Tainted = append(doc.Tainted, r.Reason)
	}
	return doc
}
