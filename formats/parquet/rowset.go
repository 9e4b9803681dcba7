package parquet

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/formats"
)

const (
	// maxPartRows bounds the memory for a row group, to 64 MiB.
	maxPartRows = 2 << 20

	// maxPartBytes bounds the memory for all that are worked on at a time.
	maxPartBytes = 64 << 20
)

// rowSet reads all rows once more, since it needs the columns of a row group in the
// order of their names.
func (f *file) rowSet(ctx context.Context, o *Options, t *formats.Table) (formats.Digest, error) {
	largest := int64(1)
	for g := range f.meta.RowGroups {
		largest = max(largest, f.meta.RowGroups[g].NumRows)
	}
	if largest > maxPartRows {
		return formats.Digest{}, formats.Unreadable("a row group of %d rows is too large to make a digest of the set of rows, which takes %d", largest, maxPartRows)
	}
	sorted := make([]int, len(f.leaves))
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortFunc(sorted, func(a, b int) int {
		return strings.Compare(f.leaves[a].path.String(), f.leaves[b].path.String())
	})
	set := formats.NewRowSet(t.Columns)
	workers := min(cmp.Or(o.Workers, runtime.GOMAXPROCS(0)), max(1, int(maxPartBytes/(largest*formats.DigestSize))))
	err := parallel(ctx, workers, len(f.meta.RowGroups), func(ctx context.Context, g int) (err error) {
		defer recoverTo(&err)
		return f.addRows(ctx, set, g, sorted)
	})
	return set.Digest(), err
}

// addRows adds the rows of one row group.
func (f *file) addRows(ctx context.Context, set *formats.RowSet, g int, sorted []int) error {
	part := set.Part(int(f.meta.RowGroups[g].NumRows))
	var observers []formats.Observer
	for _, i := range sorted {
		c, err := f.newColumn(i, &Options{Observe: part.Column})
		if err != nil {
			return err
		}
		c.group = g
		if err := c.readNext(ctx, f, g, nil); err != nil {
			return err
		}
		observers = append(observers, c.observer)
	}
	return part.Done(observers)
}
