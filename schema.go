package cairn

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cairnstore/cairn/layout"
)

// checkSchema refuses a version that lacks a column of one that it replaces, or
// has it with another type: whoever reads it by name would break, or worse, not.
// It replaces the current version of its partition and those of its pointers.
// Columns of text files do not count: their types are guessed from the values.
func (w *publishing) checkSchema(ctx context.Context, m *layout.Manifest) error {
	if w.AllowSchemaChange || !m.HasTables() {
		return nil
	}
	replaced, err := w.replaced(ctx)
	if err != nil {
		return err
	}
	for _, v := range replaced {
		if err := compareSchemas(v, m); err != nil {
			return err
		}
	}
	return nil
}

// replaced returns the versions whose place the new one takes.
func (w *publishing) replaced(ctx context.Context) (versions []*Version, err error) {
	if w.before != nil {
		versions = append(versions, w.before)
	}
	for _, name := range w.Point {
		now, err := w.r.readState(ctx, w.Artifact, name)
		if err != nil {
			return nil, err
		}
		if now.absent() || w.before != nil && now.Version == w.before.Pin.Version {
			continue
		}
		v, err := w.r.version(ctx, now.Pin(), now.Session)
		if err != nil {
			return nil, err
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// compareSchemas looks for the columns of v, in any of its tables, in any of those
// of m.
func compareSchemas(v *Version, m *layout.Manifest) error {
	types := make(map[string]map[string]bool)
	for column := range columnsOf(m) {
		if types[column.Name] == nil {
			types[column.Name] = make(map[string]bool)
		}
		types[column.Name][column.Type] = true
	}
	for column := range columnsOf(v.Manifest) {
		switch now := types[column.Name]; {
		case now == nil:
			return fmt.Errorf("%w: column %q of %s, which this replaces, is missing; a change of schema has to be allowed", ErrRefused, column.Name, v.Pin)
		case !now[column.Type]:
			return fmt.Errorf("%w: column %q is %s in %s, which this replaces, and %s now; a change of schema has to be allowed",
				ErrRefused, column.Name, column.Type, v.Pin, anyOf(now))
		}
	}
	return nil
}

// columnsOf yields the columns of all tables that say themselves what they are.
func columnsOf(m *layout.Manifest) func(yield func(layout.Column) bool) {
	return func(yield func(layout.Column) bool) {
		for _, f := range m.Files {
			if f.Table == nil || isText(f.Path) {
				continue
			}
			for _, c := range f.Table.Columns {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// isText reports whether a table has this name that says nothing of its types.
func isText(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv", ".ndjson", ".jsonl":
		return true
	}
	return false
}

func anyOf(types map[string]bool) (one string) {
	for t := range types {
		if one == "" || t < one {
			one = t
		}
	}
	return one
}
