// Package parquet says what the table in a Parquet file is: its rows, its
// columns and their digests, as package formats defines them. How the file was
// written does not show: compression, encodings, dictionaries, pages, row groups,
// declared nullability, the style of lists.
//
// [Inspect] reads every page once, decodes it to the values that it holds, and
// hashes them where they lie. It makes no rows and no objects of values.
//
// Pages are decoded here, with the codecs and encodings of parquet-go but not
// with its page reader: that one takes the values that a page declares and does
// not have from memory used before, so a broken file would have any digest; and
// reads all row groups with the compression of the first.
//
// A file may be broken or hostile. Sizes that it declares are checked against the
// file before memory is taken, and panics of the libraries become errors. What a
// codec does with bytes made for it is not bounded here: whoever reads files of
// strangers should do so in a process with limits.
package parquet

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cairnstore/cairn/formats"
)

// Options are for [Inspect]. The zero Options are good.
type Options struct {
	// Workers is how many columns are read at once; 0 stands for as many as
	// there are processors. Each worker holds one page and the dictionary of its column.
	Workers int

	// Observe, if not nil, says who is shown the values of a column. It is called
	// by several goroutines at once; each column is observed by one.
	Observe formats.Observe
}

// Inspect returns what the table in the size bytes of r is. The Reader is used
// by several goroutines at once. Options may be nil.
//
// A column whose type, compression or encoding is not supported has no digest,
// and says why; then the table has none either. If the bytes are no Parquet file,
// or a broken one, the error wraps [formats.ErrUnreadable]. Errors of r and of
// the context are returned as they are.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, o *Options) (*formats.Table, error) {
	if o == nil {
		o = &Options{}
	}
	f, err := open(r, size)
	if err != nil {
		return nil, err
	}
	columns := make([]formats.Column, len(f.leaves))
	err = parallel(ctx, cmp.Or(o.Workers, runtime.GOMAXPROCS(0)), f.largestFirst(), func(ctx context.Context, i int) (err error) {
		defer recoverTo(&err)
		columns[i], err = f.column(ctx, i, o.Observe)
		return err
	})
	if err != nil {
		return nil, err
	}
	return formats.NewTable(f.rows, append(columns, f.empty...))
}

// A Chunk is where the values of one leaf column in one row group lie.
type Chunk struct {
	Column   string // the text of the column's path
	RowGroup int
	Offset   int64
	Length   int64
}

// Chunks returns the places of all column chunks that lie in the file, unencrypted,
// by row group and then in the order of the columns. It reads the footer only.
// Errors are those of [Inspect].
func Chunks(r io.ReaderAt, size int64) ([]Chunk, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, err
	}
	var chunks []Chunk
	for g := range f.meta.RowGroups {
		for i, leaf := range f.leaves {
			if f.unreachable(g, i) != "" {
				continue
			}
			c := f.chunk(g, i)
			chunks = append(chunks, Chunk{leaf.path.String(), g, chunkOffset(c), c.TotalCompressedSize})
		}
	}
	return chunks, nil
}

// recoverTo turns a panic of a library into an error.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = formats.Unreadable("hostile or broken file: %v", p)
	}
}

// parallel calls do for each of the items until one fails, and returns the first
// error.
func parallel(ctx context.Context, workers int, items []int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(items)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				if err := do(ctx, items[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// largestFirst returns the numbers of the leaf columns so that the workers end
// at about the same time.
func (f *file) largestFirst() []int {
	items := make([]int, len(f.leaves))
	sizes := make([]int64, len(f.leaves))
	for i := range items {
		items[i] = i
		for g := range f.meta.RowGroups {
			sizes[i] += f.chunk(g, i).TotalUncompressedSize
		}
	}
	slices.SortStableFunc(items, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	return items
}
