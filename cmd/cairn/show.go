package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show REF",
		Short:   "Show what a version is: its files, inputs, code, parameters, metrics",
		Example: "  cairn show datasets/flights@v1\n  cairn show models/delay@prod --json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.show(cmd.Context(), args[0]) },
	}
	a.lockFlag(cmd)
	return cmd
}

type shown struct {
	resolved
	Manifest *layout.Manifest `json:"manifest"`
	Records  []*layout.Record `json:"records"`
}

func (a *app) show(ctx context.Context, text string) error {
	_, versions, err := a.versions(ctx, text)
	if err != nil {
		return err
	}
	for _, v := range versions {
		records, err := v.Records(ctx)
		if err != nil {
			return err
		}
		if err := a.print(v.Pin, &shown{describe(v), v.Manifest, records}, func() error { return a.showHuman(v, records) }); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showHuman(v *cairn.Version, records []*layout.Record) error {
	m := v.Manifest
	t := a.table("pin", v.Pin.String())
	t.row("date", string(m.Date))
	for _, r := range records {
		line := seconds(r.At) + " by " + r.By
		if r.Reason != "" {
			line += ": " + printable(r.Reason)
		}
		t.row(r.Kind, line)
	}
	for _, in := range m.Inputs {
		t.row("input", in.Pin().String(), string(in.Date))
	}
	if m.Source != nil {
		for _, s := range [][2]string{{"git", m.Source.Git}, {"image", m.Source.Image}} {
			if s[1] != "" {
				t.row(s[0], s[1])
			}
		}
		if len(m.Source.Command) > 0 {
			t.row("command", fmt.Sprintf("%q", m.Source.Command))
		}
	}
	showMap(t, "param", m.Params)
	showMap(t, "metric", m.Metrics)
	showMap(t, "meta", m.Meta)
	if !m.Contract.IsZero() {
		t.row("contract", m.Contract.String())
	}
	t.row("files", fmt.Sprintf("%d, %s", len(m.Files), size(m.Size())))
	if err := t.flush(); err != nil {
		return err
	}
	t = a.table("\nDIGEST", "SIZE", "PATH", "")
	for _, f := range m.Files {
		t.row(f.Digest.String(), fmt.Sprint(f.Size), f.Path, shape(f.Table))
	}
	return t.flush()
}

func shape(t *layout.Table) string {
	if t == nil {
		return ""
	}
	return plural(int(t.Rows), "row") + " × " + plural(len(t.Columns), "column")
}

func showMap[V any](t *table, what string, values map[string]V) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		t.row(what, fmt.Sprintf("%s=%v", k, values[k]))
	}
}
