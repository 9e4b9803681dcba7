package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// errDiffer makes diff --exit-code end with 1, as in git. It is no failure.
var errDiffer = errors.New("they differ")

func (a *app) diffCommand() *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "diff REF|PATH REF|PATH",
		Short: "Say how two versions differ, down to the columns",
		Long: `Say how the files of two versions differ: which were added, removed, renamed or
changed; for tables how many rows there are, and which columns were added,
removed, renamed, retyped or changed, and how far the values of those have moved:
PSI, the population stability index, where by custom 0.25 is another population;
and KS, the largest difference between the shares of values up to some value.
It is all in the manifests: no data is read from the store. Either side may also be a file or folder on this machine;
one with an @ in its name is written with ./ before it.`,
		Example: `  cairn diff datasets/flights@v1 datasets/flights@v2
  cairn diff features/delay@prod out/ --exit-code`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.diff(cmd.Context(), args[0], args[1], exitCode)
		},
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "end with 1 if they differ, as in git")
	a.lockFlag(cmd)
	return cmd
}

func (a *app) diff(ctx context.Context, before, after string, exitCode bool) error {
	r, err := a.openInspecting(ctx, nil)
	if err != nil {
		return err
	}
	old, err := a.filesOf(ctx, r, before)
	if err != nil {
		return err
	}
	now, err := a.filesOf(ctx, r, after)
	if err != nil {
		return err
	}
	diffs := cairn.Diff(old, now)
	for _, d := range diffs {
		if a.quiet {
			break
		}
		if err := a.print(nil, d, func() error { return a.printDiff(d) }); err != nil {
			return err
		}
	}
	if exitCode && len(diffs) > 0 {
		return errDiffer
	}
	return nil
}

// filesOf returns the files of what text means: a version, or a local path.
func (a *app) filesOf(ctx context.Context, r *cairn.Repo, text string) ([]layout.File, error) {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "/") || !strings.Contains(text, "@") {
		sources, err := cairn.Sources(text)
		if err != nil {
			return nil, err
		}
		return r.Describe(ctx, sources)
	}
	ref, err := layout.ParseRef(text)
	if err != nil {
		return nil, err
	}
	v, err := a.resolveOne(ctx, r, ref)
	if err != nil {
		return nil, err
	}
	return v.Manifest.Files, nil
}

func (a *app) printDiff(d cairn.FileDiff) error {
	line := d.Path + ": " + changeText(d.Change, d.From)
	switch {
	case d.Change == cairn.Reordered:
		line += fmt.Sprintf(", the same %d rows in another order", d.Rows[1])
	case d.Change == cairn.Reencoded:
		line += fmt.Sprintf(", the same %d rows in other bytes", d.Rows[1])
	case d.Rows != nil:
		line += fmt.Sprintf(", %d rows, now %d", d.Rows[0], d.Rows[1])
	default:
		line += fmt.Sprintf(", %s, now %s", size(d.Sizes[0]), size(d.Sizes[1]))
	}
	fmt.Fprintln(a.stdout, line)
	t := a.table()
	for _, c := range d.Columns {
		t.row("  "+c.Name, changeText(c.Change, c.From), columnText(c.Before), between(c), columnText(c.After), driftText(c))
	}
	return t.flush()
}

func changeText(c cairn.Change, from string) string {
	if from != "" {
		return string(c) + " from " + from
	}
	return string(c)
}

func between(c cairn.ColumnDiff) string {
	if c.Before != nil && c.After != nil {
		return "→"
	}
	return ""
}

func driftText(c cairn.ColumnDiff) string {
	if c.Drift == nil {
		return ""
	}
	return fmt.Sprintf("drift: PSI %.2f, KS %.2f", c.Drift.PSI, c.Drift.KS)
}

// columnText sums up a column.
func columnText(c *layout.Column) string {
	if c == nil {
		return ""
	}
	text := c.Type
	if c.Min != nil && c.Max != nil {
		text += fmt.Sprintf(" %s to %s", *c.Min, *c.Max)
	}
	if c.Nulls > 0 {
		text += fmt.Sprintf(", %d nulls", c.Nulls)
	}
	return text
}
