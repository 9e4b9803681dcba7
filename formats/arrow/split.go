package arrow

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/cairnstore/cairn/formats"
)

// ReasonColumn is the name of the last column of bad rows, which says in a text why
// they are bad.
const ReasonColumn = "cairn_reason"

// A Split says where the rows of a table go.
type Split struct {
	Good io.Writer // gets a file of the good rows; nil if nobody wants them
	Bad  io.Writer // gets one of the bad rows, with the column ReasonColumn

	// Reason returns why a row, counted from 0, is bad, and "" if it is good. It is
	// called for the rows in their order.
	Reason func(row int64) string
}

// errReasonColumn is about a table that has been split already.
var errReasonColumn = formats.Unreadable("it has a column %s itself", ReasonColumn)

// SplitCSV parts the rows of CSV, which [InspectCSV] takes with the same options:
// Delimiter is the only one that counts. Records go on byte by byte. A bad record with
// another number of fields than the header stands, as it is, in quotes in the first
// field, so that the file of bad rows can be read.
func SplitCSV(ctx context.Context, r io.ReaderAt, size int64, o *CSVOptions, to *Split) (err error) {
	if o == nil {
		o = &CSVOptions{}
	}
	delimiter, err := o.delimiter()
	if err != nil {
		return err
	}
	s := &source{ctx: ctx, r: r, size: size}
	defer s.settle(&err)
	good, bad := s.sink(to.Good), s.sink(to.Bad)
	in := newCSVReader(s, delimiter)
	in.keep = true
	if err := in.read(); err != nil {
		return err
	}
	if in.header = len(in.fields); in.has(ReasonColumn) {
		return errReasonColumn
	}
	if in.marked {
		good.write([]byte("\xef\xbb\xbf"))
		bad.write([]byte("\xef\xbb\xbf"))
	}
	good.write(in.raw)
	bad.write(in.withReason(ReasonColumn))
	for row := int64(0); ; row++ {
		if err := in.read(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if reason := to.Reason(row); reason != "" {
			bad.write(in.withReason(reason))
		} else {
			good.write(in.raw)
		}
	}
	good.flush()
	bad.flush()
	return s.err
}

func (in *csvReader) has(name string) bool {
	return slices.ContainsFunc(in.fields, func(f csvField) bool { return string(in.buf[f.start:f.end]) == name })
}

// withReason returns the record with one more field.
func (in *csvReader) withReason(reason string) []byte {
	end := lineEnd(in.raw)
	body := in.raw[:len(in.raw)-len(end)]
	var out []byte
	if len(in.fields) == in.header {
		out = append(out, body...)
	} else {
		out = appendQuoted(out, body)
		out = append(out, bytes.Repeat([]byte{in.delimiter}, in.header-1)...)
	}
	out = append(out, in.delimiter)
	if reason == ReasonColumn {
		out = append(out, reason...)
	} else {
		out = appendQuoted(out, []byte(reason))
	}
	return append(out, end...)
}

func lineEnd(raw []byte) []byte {
	for _, end := range []string{"\r\n", "\n"} {
		if bytes.HasSuffix(raw, []byte(end)) {
			return []byte(end)
		}
	}
	return nil
}

func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	b = append(b, bytes.ReplaceAll(text, []byte{'"'}, []byte(`""`))...)
	return append(b, '"')
}

// SplitNDJSON parts the lines of NDJSON, which [InspectNDJSON] takes. Lines go on byte
// by byte.
func SplitNDJSON(ctx context.Context, r io.ReaderAt, size int64, to *Split) (err error) {
	s := &source{ctx: ctx, r: r, size: size}
	defer s.settle(&err)
	good, bad := s.sink(to.Good), s.sink(to.Bad)
	_, err = eachLine(s, func(l *jsonLine) error {
		members := 0
		err := l.members(func(name string, _ []byte) error {
			if members++; name == ReasonColumn {
				return errReasonColumn
			}
			return nil
		})
		if err != nil {
			return err
		}
		if reason := to.Reason(l.row); reason != "" {
			return bad.write(l.withReason(reason, members))
		}
		return good.write(l.raw)
	})
	if err != nil {
		return err
	}
	good.flush()
	bad.flush()
	return s.err
}

// withReason returns the line with one more member.
func (l *jsonLine) withReason(reason string, members int) []byte {
	brace := bytes.LastIndexByte(l.raw, '}')
	out := bytes.Clone(l.raw[:brace])
	if members > 0 {
		out = append(out, ',')
	}
	text, err := json.Marshal(reason)
	if err != nil {
		panic(err) // a text always has a form
	}
	out = append(out, `"`+ReasonColumn+`":`...)
	return append(append(out, text...), l.raw[brace:]...)
}

// A sink writes to a file, or to nobody. The source remembers its errors, which are
// none of what was read.
type sink struct {
	s *source
	w *bufio.Writer
}

func (s *source) sink(w io.Writer) *sink {
	if w == nil {
		w = io.Discard
	}
	return &sink{s, bufio.NewWriterSize(w, 64<<10)}
}

func (k *sink) write(b []byte) error {
	_, err := k.Write(b)
	return err
}

// Write implements io.Writer.
func (k *sink) Write(b []byte) (int, error) {
	n, err := k.w.Write(b)
	k.keep(err)
	return n, err
}

func (k *sink) flush() { k.keep(k.w.Flush()) }

func (k *sink) keep(err error) {
	if err != nil && k.s.err == nil {
		k.s.err = err
	}
}
