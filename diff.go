package cairn

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"slices"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Change says what became of a file or a column.
type Change string

// The changes.
const (
	Added     Change = "added"
	Removed   Change = "removed"
	Renamed   Change = "renamed"   // the same content under another name
	Changed   Change = "changed"   // other content
	Retyped   Change = "retyped"   // of a column: another type
	Reencoded Change = "reencoded" // of a file: the same data, other bytes
	Reordered Change = "reordered" // of a file: the same rows in another order, as far as that is known
)

// A FileDiff is how one file differs. Sizes are in bytes; of a file that was
// added or removed one of them is zero. Columns are those that differ, of two
// files that hold tables.
type FileDiff struct {
	Path    string       `json:"path"`
	Change  Change       `json:"change"`
	From    string       `json:"from,omitempty"` // the former path of a renamed file
	Sizes   [2]int64     `json:"sizes"`          // before and after
	Rows    *[2]int64    `json:"rows,omitempty"`
	Columns []ColumnDiff `json:"columns,omitempty"`
}

// A ColumnDiff is how one column differs. Before or After is nil for a column
// that was added or removed.
type ColumnDiff struct {
	Name   string         `json:"name"`
	Change Change         `json:"change"`
	From   string         `json:"from,omitempty"` // the former name of a renamed column
	Before *layout.Column `json:"before,omitempty"`
	After  *layout.Column `json:"after,omitempty"`
	Drift  *formats.Drift `json:"drift,omitempty"` // of a changed column, if both sides have sketches
}

// Diff says how the files of one version differ from those of another, in the
// order of their paths, from what their manifests say: no data is read. A
// column whose digest is found under another name was renamed.
func Diff(before, after []layout.File) []FileDiff {
	old := byName(before, func(f layout.File) string { return f.Path })
	now := byName(after, func(f layout.File) string { return f.Path })
	gone := map[layout.Digest]string{}
	for _, f := range before {
		if _, ok := now[f.Path]; !ok {
			gone[f.Digest] = f.Path
		}
	}
	var diffs []FileDiff
	renamed := map[string]bool{}
	for _, f := range after {
		was, ok := old[f.Path]
		from, moved := gone[f.Digest]
		switch {
		case ok && was.Digest == f.Digest:
		case ok:
			diffs = append(diffs, diffFile(was, f))
		case moved && !renamed[from]:
			renamed[from] = true
			diffs = append(diffs, FileDiff{Path: f.Path, Change: Renamed, From: from, Sizes: [2]int64{f.Size, f.Size}})
		default:
			diffs = append(diffs, FileDiff{Path: f.Path, Change: Added, Sizes: [2]int64{0, f.Size}})
		}
	}
	for _, f := range before {
		if _, ok := now[f.Path]; !ok && !renamed[f.Path] {
			diffs = append(diffs, FileDiff{Path: f.Path, Change: Removed, Sizes: [2]int64{f.Size, 0}})
		}
	}
	slices.SortFunc(diffs, func(a, b FileDiff) int { return cmp.Compare(a.Path, b.Path) })
	return diffs
}

func byName[T any](all []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(all))
	for _, v := range all {
		m[name(v)] = v
	}
	return m
}

// diffFile compares two files under one path whose bytes differ.
func diffFile(before, after layout.File) FileDiff {
	d := FileDiff{Path: after.Path, Change: Changed, Sizes: [2]int64{before.Size, after.Size}}
	if before.Table == nil || after.Table == nil {
		return d
	}
	d.Rows = &[2]int64{before.Table.Rows, after.Table.Rows}
	d.Columns = diffColumns(before.Table.Columns, after.Table.Columns)
	for i := range d.Columns {
		c := &d.Columns[i]
		if c.Change != Changed {
			continue
		}
		if drift, ok := ColumnDrift([]layout.File{before}, []layout.File{after}, c.Name); ok {
			c.Drift = &drift
		}
	}
	switch {
	case before.Table.SameData(after.Table):
		d.Change = Reencoded
	case before.Table.SameRows(after.Table):
		d.Change = Reordered
	}
	return d
}

// diffColumns lists what differs, in the order of the file after, and then what
// was removed.
func diffColumns(before, after []layout.Column) []ColumnDiff {
	old := byName(before, func(c layout.Column) string { return c.Name })
	now := byName(after, func(c layout.Column) string { return c.Name })
	gone := map[string]string{}
	for _, c := range before {
		if _, ok := now[c.Name]; !ok && c.Digest != "" {
			gone[c.Digest] = c.Name
		}
	}
	var diffs []ColumnDiff
	renamed := map[string]bool{}
	for _, c := range after {
		was, ok := old[c.Name]
		from, moved := gone[c.Digest]
		d := ColumnDiff{Name: c.Name, Before: &was, After: &c}
		switch {
		case ok && was.Type != c.Type:
			d.Change = Retyped
		case ok && (was.Digest != c.Digest || c.Digest == ""):
			d.Change = Changed // a column without digest may have changed
		case ok:
			continue
		case moved && !renamed[from]:
			renamed[from] = true
			was = old[from]
			d.Change, d.From = Renamed, from
		default:
			d.Change, d.Before = Added, nil
		}
		diffs = append(diffs, d)
	}
	for _, c := range before {
		if _, ok := now[c.Name]; !ok && !renamed[c.Name] {
			diffs = append(diffs, ColumnDiff{Name: c.Name, Change: Removed, Before: &c})
		}
	}
	return diffs
}

// Describe says of files on this machine what a manifest would say of them, in
// the order of their paths.
func (r *Repo) Describe(ctx context.Context, sources []Source) ([]layout.File, error) {
	described := make([]layout.File, len(sources))
	err := transfer.Each(ctx, 1, indices(len(sources)), func(ctx context.Context, i int) error {
		f, err := os.Open(sources[i].File)
		if err != nil {
			return err
		}
		defer f.Close()
		c, table, err := r.name(ctx, sources[i], f, nil, runtime.GOMAXPROCS(0))
		if err == nil {
			described[i] = c.file(table)
		}
		return err
	})
	slices.SortFunc(described, func(a, b layout.File) int { return cmp.Compare(a.Path, b.Path) })
	return described, err
}
