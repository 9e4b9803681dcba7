// Package tables holds files of any format against contracts, and parts the rows
// that break one from the others.
//
// [Inspect] reads a file once, for what it holds and for its contract. [Split] reads
// it again and writes two files of the same format: the good rows as they are, and
// the bad ones, the dead letters, with a last column that says why.
//
// What is said of hostile files in formats/parquet and formats/arrow holds here too.
package tables

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow"
	"github.com/cairnstore/cairn/formats/arrow/spelling"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/formats/parquet"
)

// A Format is one that tables are stored in.
type Format string

// The formats.
const (
	Parquet Format = "parquet"
	IPC     Format = "arrow"
	CSV     Format = "csv"
	TSV     Format = "tsv"
	NDJSON  Format = "ndjson"
)

// IsText reports whether nothing but its name says of a file that it is a table.
func (f Format) IsText() bool { return f == CSV || f == TSV || f == NDJSON }

// FormatOf returns the format that a file claims to have, by its first bytes, 6 if
// there are as many, or by its name; "" if it claims none.
func FormatOf(name string, start []byte) Format {
	extension := strings.ToLower(filepath.Ext(name))
	switch {
	case strings.HasPrefix(string(start), "PAR1"):
		return Parquet
	case strings.HasPrefix(string(start), "ARROW1"):
		return IPC
	}
	return map[string]Format{
		".parquet": Parquet, ".feather": IPC, ".arrow": IPC,
		".csv": CSV, ".tsv": TSV, ".ndjson": NDJSON, ".jsonl": NDJSON,
	}[extension]
}

// Options are for [Inspect]. The zero Options are good.
type Options struct {
	// Sketch has columns say how many distinct values they have, and their quantiles.
	Sketch bool

	// Unordered has a Parquet table say also the digest of its rows in whatever order.
	Unordered bool

	// Chunk, if not nil, is told of the column chunks of a Parquet table, see
	// [parquet.Options].
	Chunk func(parquet.Chunk)

	// Contract, if not nil, is what the table must be.
	Contract *contract.Contract

	// Dir is where temporary files go that checking uniqueness takes for large tables.
	Dir string
}

// Inspect returns what the table in the size bytes of r is and, if there is a
// contract, how it breaks it. The contract's types are the types of CSV and NDJSON;
// there, a value that cannot be read as its type, and a record of another
// number of fields than the header, breaks the contract in its row and is no error.
// Options may be nil. Errors are those of the packages that read tables, and of
// temporary files.
func Inspect(ctx context.Context, f Format, r io.ReaderAt, size int64, o *Options) (*formats.Table, *contract.Report, error) {
	if o == nil {
		o = &Options{}
	}
	if o.Contract == nil {
		t, err := read(ctx, f, r, size, o, nil)
		return t, nil, err
	}
	k := o.Contract.Checker(o.Dir)
	defer k.Close()
	t, err := read(ctx, f, r, size, o, k)
	if err != nil {
		return nil, nil, err
	}
	report, err := k.Report(t)
	return t, report, err
}

// read reads a table for a checker, if there is one.
func read(ctx context.Context, f Format, r io.ReaderAt, size int64, o *Options, k *contract.Checker) (*formats.Table, error) {
	var types map[string]formats.Type
	var observe formats.Observe
	var bad arrow.Bad
	if k != nil {
		observe, bad, types = k.Observe, k.Bad, o.Contract.Types()
		// A column of a type that has no text is read as what it looks like, and breaks
		// the contract by that.
		maps.DeleteFunc(types, func(_ string, t formats.Type) bool {
			_, err := spelling.Of(t)
			return err != nil
		})
	}
	switch f {
	case Parquet:
		return parquet.Inspect(ctx, r, size, &parquet.Options{Sketch: o.Sketch, Unordered: o.Unordered, Chunk: o.Chunk, Observe: observe})
	case IPC:
		return arrow.InspectIPC(ctx, r, size, &arrow.IPCOptions{Sketch: o.Sketch, Observe: observe})
	case CSV, TSV:
		return arrow.InspectCSV(ctx, r, size, &arrow.CSVOptions{Delimiter: f.delimiter(), Types: types, Sketch: o.Sketch, Observe: observe, Bad: bad})
	case NDJSON:
		return arrow.InspectNDJSON(ctx, r, size, &arrow.NDJSONOptions{Types: types, Sketch: o.Sketch, Observe: observe, Bad: bad})
	}
	return nil, fmt.Errorf("%q is no format of tables", f)
}

func (f Format) delimiter() byte {
	if f == TSV {
		return '\t'
	}
	return ','
}

// Split writes the good rows of a table to good, if that is not nil, and the bad
// ones to bad, with the last column [arrow.ReasonColumn]. reason says why a row, counted from
// 0, is bad, and "" if it is good; it is that of a report on the same bytes. Some
// rows are held in memory at a time. A table that has such a column is
// refused; this and other errors of reading wrap [formats.ErrUnreadable].
func Split(ctx context.Context, f Format, r io.ReaderAt, size int64, reason func(row int64) string, good, bad io.Writer) error {
	to := &arrow.Split{Good: good, Bad: bad, Reason: reason}
	switch f {
	case Parquet:
		return splitParquet(ctx, r, size, to)
	case IPC:
		return arrow.SplitIPC(ctx, r, size, to)
	case CSV, TSV:
		return arrow.SplitCSV(ctx, r, size, &arrow.CSVOptions{Delimiter: f.delimiter()}, to)
	case NDJSON:
		return arrow.SplitNDJSON(ctx, r, size, to)
	}
	return fmt.Errorf("%q is no format of tables", f)
}
