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
	"context"
	"io"

	"github.com/cairnstore/cairn/formats"
)

// Options are for [Inspect]. The zero Options are good.
type Options struct {
	// Workers is how many column chunks are read at once; 0 stands for as many as
	// there are processors. Each worker holds one page and the dictionary of its chunk.
	Workers int

	// Sketch has columns say how many distinct values they have, and their quantiles.
	Sketch bool

	// Unordered has the table say also the digest of its rows in whatever order. The
	// file is read once more for it.
	Unordered bool

	// Observe, if not nil, says who is shown the values of a column. It is called
	// by several goroutines at once; each column is observed by one.
	Observe formats.Observe

	// Chunk, if not nil, is told of each column chunk that lies in the file, with the
	// digest of its bytes. It is called by several goroutines at once.
	Chunk func(Chunk)
}

// Inspect returns what the table in the size bytes of r is. The Reader is used
// by several goroutines at once, which go through the file from front to back.
// Options may be nil.
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
	columns, err := f.scan(ctx, o)
	if err != nil {
		return nil, err
	}
	t, err := formats.NewTable(f.rows, append(columns, f.empty...))
	if err == nil && o.Unordered && !t.Digest.IsZero() {
		t.Unordered, err = f.rowSet(ctx, o, t)
	}
	return t, err
}

// A Chunk is where the values of one leaf column in one row group lie.
type Chunk struct {
	Column   string // the text of the column's path
	RowGroup int
	Offset   int64
	Length   int64
	Digest   [32]byte // BLAKE3 of the bytes; set by [Options.Chunk] only
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
		for i := range f.leaves {
			if f.unreachable(g, i) == "" {
				chunks = append(chunks, f.chunkAt(g, i))
			}
		}
	}
	return chunks, nil
}

func (f *file) chunkAt(g, i int) Chunk {
	c := f.chunk(g, i)
	return Chunk{Column: f.leaves[i].path.String(), RowGroup: g, Offset: chunkOffset(c), Length: c.TotalCompressedSize}
}

// recoverTo turns a panic of a library into an error.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = formats.Unreadable("hostile or broken file: %v", p)
	}
}
