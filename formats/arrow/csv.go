package arrow

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/cairnstore/cairn/formats"
)

// InspectCSV returns what the table in the size bytes of r is: CSV of RFC 4180, in
// UTF-8, with a header. Options may be nil. r is read twice unless all types are given.
//
// It is strict, since what readers understand differently has no content to
// digest. Records have as many fields as the header. Lines end in LF or CRLF. A
// quote stands only around a whole field, or twice within quotes. A byte order mark at the
// beginning is passed over.
//
// A field without characters is null; so is "" in quotes, but in a column of
// type string or json it is the empty text. Otherwise quotes do not matter, and
// spaces do. The spellings are
//
//	bool        true, false; also True, TRUE and so on
//	integers    -12; no plus sign, no leading zeros, no -0
//	floats      as in JSON; also NaN, nan, inf, -inf, Infinity, -Infinity
//	decimal     -1.50, with at most as many decimals as the type
//	date        2026-06-17
//	time        23:59:59.5, with at most as many decimals as the unit; Z follows if in UTC
//	timestamp   2026-06-17T23:59:59.5, or a space instead of the T; with a zone, Z or +02:00 follows
//	uuid        6ba7b810-9dad-11d1-80b4-00c04fd430c8
//
// A type is inferred from all values of a column. It is the first of int64, float64,
// bool, date and timestamp(us,UTC) that all values are spelled as, and else
// string. So what has leading zeros is a string, and a timestamp without zone too. Integers beyond
// 2^53 do not make a float64, which would round them. A column of nulls has the
// type null, or string if some are in quotes.
//
// If the bytes are not such a file, or a value is not of its given type, or a
// given name is not in the header, the error wraps [formats.ErrUnreadable] and
// names the line; o.Bad makes it less strict. Errors of r, of observers and of the
// context are returned as they are.
// One record is held in memory at a time, and may have 16 MiB.
func InspectCSV(ctx context.Context, r io.ReaderAt, size int64, o *CSVOptions) (t *formats.Table, err error) {
	if o == nil {
		o = &CSVOptions{}
	}
	delimiter, err := o.delimiter()
	if err != nil {
		return nil, err
	}
	if err := checkTypes(o.Types); err != nil {
		return nil, err
	}
	s := &source{ctx: ctx, r: r, size: size, observe: o.Observe}
	defer s.settle(&err)
	names, types, err := csvColumns(s, delimiter, o)
	if err != nil {
		return nil, err
	}
	s.sketchFew(o.Sketch, len(names))
	columns, err := newTextColumns(s, names, types)
	if err != nil {
		return nil, err
	}
	lenient := o.Bad != nil
	malformed, row := int64(0), int64(0)
	rows, err := eachRecord(s, delimiter, func(in *csvReader, wrong error) error {
		defer func() { row++ }()
		if wrong != nil {
			if !lenient {
				return wrong
			}
			malformed++
			o.Bad(row, formats.Path{}, in.wrongFields())
			return endRow(columns)
		}
		for i, f := range in.fields {
			c, text := columns[i], in.buf[f.start:f.end]
			if c.field(text, f.quoted, lenient) {
				continue
			}
			if !lenient {
				return c.noSuch(text, in.line)
			}
			o.Bad(row, c.path, clip(string(text)))
		}
		return endRow(columns)
	})
	if err != nil {
		return nil, err
	}
	if malformed > 0 {
		for _, c := range columns {
			c.refusal = fmt.Sprintf("%d records have another number of fields than the header", malformed)
		}
	}
	return textTable(rows, columns)
}

// csvColumns returns the names and types of the columns.
func csvColumns(s *source, delimiter byte, o *CSVOptions) (names []string, types []formats.Type, err error) {
	in := newCSVReader(s, delimiter)
	if err := in.read(); err != nil {
		if err == io.EOF {
			err = formats.Unreadable("there is no header")
		}
		return nil, nil, err
	}
	for _, f := range in.fields {
		names = append(names, string(in.buf[f.start:f.end]))
	}
	for name := range o.Types {
		if o.Bad == nil && !slices.Contains(names, name) {
			return nil, nil, formats.Unreadable("there is no column %q", clip(name))
		}
	}
	types = make([]formats.Type, len(names))
	for i, name := range names {
		types[i] = o.Types[name]
	}
	if slices.Contains(types, "") {
		err = inferCSV(s, delimiter, types, o.Bad != nil)
	}
	return names, types, err
}

// inferCSV sets the types that are not set.
func inferCSV(s *source, delimiter byte, types []formats.Type, lenient bool) error {
	guesses := make([]guess, len(types))
	_, err := eachRecord(s, delimiter, func(in *csvReader, wrong error) error {
		if wrong != nil {
			if lenient {
				return nil
			}
			return wrong
		}
		for i, f := range in.fields {
			if types[i] == "" {
				guesses[i].see(in.buf[f.start:f.end], f.quoted)
			}
		}
		return nil
	})
	for i := range types {
		if types[i] == "" {
			types[i] = guesses[i].result()
		}
	}
	return err
}

// eachRecord calls do for the records after the header, and returns their number.
// It says what is wrong with one that has another number of fields.
func eachRecord(s *source, delimiter byte, do func(in *csvReader, wrong error) error) (rows int64, err error) {
	in := newCSVReader(s, delimiter)
	if err := in.read(); err != nil {
		return 0, err
	}
	in.header = len(in.fields)
	for ; ; rows++ {
		if err := in.read(); err != nil {
			if err == io.EOF {
				err = nil
			}
			return rows, err
		}
		var wrong error
		if len(in.fields) != in.header {
			wrong = in.broken("%s", in.wrongFields())
		}
		if err := do(in, wrong); err != nil {
			return rows, err
		}
	}
}
