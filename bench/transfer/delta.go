package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairnstore/cairn/bench/table"
)

const valueBytes = 8 // of a value of the table

// deltaCases send a table of which the server has an earlier version.
func (b *bench) deltaCases(s sizes) []*benchCase {
	first := table.Columns{Columns: s.columns, Groups: s.groups, Rows: s.rows}
	changed, added, appended := first, first, first
	changed.Changed = 7
	added.Columns++
	appended.Appended = s.groups * s.rows / 100
	column := int64(s.groups*s.rows) * valueBytes
	return []*benchCase{
		b.deltaCase("delta-changed", "one column has other values", first, changed, column, "s5cmd", "rclone", "DVC"),
		b.deltaCase("delta-added", "there is one column more", first, added, column, "s5cmd"),
		b.deltaCase("delta-appended", "there is one row group more, of 1 % of the rows", first, appended, int64(appended.Appended*s.columns)*valueBytes, "s5cmd"),
	}
}

func (b *bench) deltaCase(name, what string, before, after table.Columns, changed int64, peers ...string) *benchCase {
	size := int64(after.Columns) * (int64(after.Groups*after.Rows) + int64(after.Appended)) * valueBytes
	c := &benchCase{
		name: name, bytes: size, files: 1,
		about: fmt.Sprintf("A Parquet file of %s, of which the store has the version before: %s, %s. The others send a file whole, whatever is there.",
			mebibytes(size), what, mebibytes(changed)),
		among: append([]string{cairnName, cairnS3}, peers...),
		times: 3,
		extra: &extra{"bytes sent of those changed", func(s *sample) string {
			cell := fmt.Sprintf("%.3f", float64(s.Received)/float64(s.Changed))
			if s.Told > 0 {
				cell += fmt.Sprintf(" (%.3f by its own count)", float64(s.Told)/float64(s.Changed))
			}
			return cell
		}},
	}
	var old, local string
	c.prepare = func(ctx context.Context) (err error) {
		if old, err = b.table("first", before); err != nil {
			return err
		}
		if local, err = b.table(name, after); err != nil {
			return err
		}
		return errors.Join(warm(ctx, old), warm(ctx, local))
	}
	c.finish = func() error { return b.forget("table-" + name) }
	c.run = func(ctx context.Context, t *tool, _ int) (s sample, err error) {
		p, err := b.newPlace()
		if err != nil {
			return s, err
		}
		defer func() { err = errors.Join(err, b.leave(p)) }()
		if t.name == cairnName || t.name == cairnS3 {
			if _, err := b.do(ctx, t, b.job(up, old, p), nil); err != nil {
				return s, err
			}
		}
		s, err = b.do(ctx, t, b.job(up, local, p), nil)
		s.Changed = changed
		return s, err
	}
	return c
}
