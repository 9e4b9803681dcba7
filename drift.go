package cairn

import (
	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/layout"
)

// ColumnDrift says how far the values of one column of after have moved from
// those of before, over all tables among the files: from the sketches in
// manifests, without reading data. ok is false if one side lacks the column, has
// it with another type, or has no sketches of it.
func ColumnDrift(before, after []layout.File, column string) (d formats.Drift, ok bool) {
	t1, was := distributions(before, column)
	t2, is := distributions(after, column)
	if t1 != t2 || t1 == "" {
		return d, false
	}
	return formats.DriftOf(t1, was, is)
}

// distributions returns what is known of a column, and its type; "" if that is
// not the same in all tables.
func distributions(files []layout.File, column string) (t formats.Type, parts []formats.Distribution) {
	for _, f := range files {
		if f.Table == nil {
			continue
		}
		for _, c := range f.Table.Columns {
			if c.Name != column {
				continue
			}
			if t != "" && string(t) != c.Type {
				return "", nil
			}
			t = formats.Type(c.Type)
			parts = append(parts, distributionOf(f.Table.Rows, c))
		}
	}
	return t, parts
}

func distributionOf(rows int64, c layout.Column) formats.Distribution {
	d := formats.Distribution{Nulls: c.Nulls, Min: c.Min, Max: c.Max, Quantiles: c.Quantiles}
	if len(c.Quantiles) > 0 {
		d.Values = max(1, rows-c.Nulls) // below lists there may be more; it is a weight
	}
	return d
}
