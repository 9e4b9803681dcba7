package arrow

import (
	"fmt"

	"github.com/cairnstore/cairn/formats"
)

// IPCOptions are for [InspectIPC]. The zero IPCOptions are good.
type IPCOptions struct {
	// Sketch has columns say how many distinct values they have, and their
	// quantiles, if there are not more than 512.
	Sketch bool

	// Observe, if not nil, says who is shown the values of a column.
	Observe formats.Observe
}

// CSVOptions are for [InspectCSV]. The zero CSVOptions are those of RFC 4180.
type CSVOptions struct {
	// Delimiter is the byte between fields; 0 stands for a comma.
	Delimiter byte

	// Types are the types of columns by name. Columns that are not here have the
	// type that is inferred. All types are possible but float16, fixed, binary and bson.
	Types map[string]formats.Type

	// Sketch has columns say how many distinct values they have, and their
	// quantiles, if there are not more than 512.
	Sketch bool

	// Observe, if not nil, says who is shown the values of a column.
	Observe formats.Observe

	// Bad, if not nil, is told of what cannot be read, where the error would end
	// the reading. A name of Types that is not in the header is passed over then.
	Bad Bad
}

// NDJSONOptions are for [InspectNDJSON]. The zero NDJSONOptions are good.
type NDJSONOptions struct {
	// Types are the types of columns by name, as in [CSVOptions]. Columns that are
	// not here have the type that is inferred.
	Types map[string]formats.Type

	// Sketch has columns say how many distinct values they have, and their
	// quantiles, if there are not more than 512.
	Sketch bool

	// Observe, if not nil, says who is shown the values of a column.
	Observe formats.Observe

	// Bad, if not nil, is told of values that cannot be read, where the error would
	// end the reading.
	Bad Bad
}

// A Bad function is told of something that cannot be read: a value that is not of
// the type that is given for its column, whose text is cut if it is long; or a
// record with another number of fields than the header, for which the path is the
// zero Path and the text says so. Rows count from 0.
//
// It is called before any value of that row is observed. To observers and in the table,
// there is no value in its place, in all columns of such a record; and what is
// concerned has no digest.
type Bad func(row int64, column formats.Path, text string)

func (o *CSVOptions) delimiter() (byte, error) {
	d := o.Delimiter
	if d == 0 {
		d = ','
	}
	if d == '"' || d == '\r' || d == '\n' || d >= 0x80 {
		return 0, fmt.Errorf("the byte %q cannot separate fields", d)
	}
	return d, nil
}
