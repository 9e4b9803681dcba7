package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/layout"
)

// maxDrifted is how many columns an error names.
const maxDrifted = 3

// checkDrift compares tables with the version of the artifact that their contract
// names, by what the manifest says of it. Where there is none yet, there is nothing to
// compare.
func (a *app) checkDrift(ctx context.Context, r *cairn.Repo, artifact layout.Artifact, d *contract.Drift, tables []layout.File) error {
	ref, err := parseRefIn(artifact, d.Against)
	if err != nil {
		return err
	}
	v, err := a.resolveOne(ctx, r, ref)
	if errors.Is(err, fs.ErrNotExist) {
		a.note("no drift is measured: %s", err)
		return nil
	}
	if err != nil {
		return err
	}
	columns := d.Columns
	if len(columns) == 0 {
		columns = columnNames(tables)
	}
	var drifted []string
	for _, column := range columns {
		moved, ok := cairn.ColumnDrift(v.Manifest.Files, tables, column)
		switch {
		case ok && (d.PSI != nil && moved.PSI > *d.PSI || d.KS != nil && moved.KS > *d.KS):
			drifted = append(drifted, fmt.Sprintf("column %q has PSI %.2f, KS %.2f", column, moved.PSI, moved.KS))
		case !ok && len(d.Columns) > 0:
			return fmt.Errorf("%w: the drift of column %q from %s cannot be measured: one of them lacks it, has it with another type, or has no quantiles of it", cairn.ErrRefused, column, v.Pin)
		}
	}
	if len(drifted) == 0 {
		return nil
	}
	more := ""
	if n := len(drifted) - maxDrifted; n > 0 {
		more = fmt.Sprintf(", and %d more", n)
	}
	return fmt.Errorf("%w: the data drifted from %s by more than %s: %s%s", cairn.ErrRefused, v.Pin, bounds(d),
		strings.Join(drifted[:min(len(drifted), maxDrifted)], ", "), more)
}

func bounds(d *contract.Drift) string {
	var texts []string
	if d.PSI != nil {
		texts = append(texts, fmt.Sprintf("PSI %v", *d.PSI))
	}
	if d.KS != nil {
		texts = append(texts, fmt.Sprintf("KS %v", *d.KS))
	}
	return strings.Join(texts, " or ")
}

// columnNames returns the names of all columns, each once.
func columnNames(tables []layout.File) (names []string) {
	for _, f := range tables {
		if f.Table == nil {
			continue
		}
		for _, c := range f.Table.Columns {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
