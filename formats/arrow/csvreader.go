package arrow

import (
	"bufio"
	"fmt"
	"io"

	"github.com/cairnstore/cairn/formats"
)

// maxRecord is the largest size of a record of CSV, or of a line of JSON, in bytes.
const maxRecord = 16 << 20

// A csvReader reads records. Package encoding/csv is not used because it changes
// them: it takes CRLF within quotes for LF, passes over empty lines, which are
// rows of a table of one column, and does not tell "" from an empty field.
type csvReader struct {
	r         *bufio.Reader
	delimiter byte

	line   int // where the record begins
	buf    []byte
	fields []csvField // of buf
	header int        // how many fields there should be

	keep   bool   // the record as it stands in the file
	raw    []byte // that record, with the end of its line
	marked bool   // the file begins with a byte order mark

	next int // the line of the next byte
}

type csvField struct {
	start, end int
	quoted     bool
}

const eof = -1

func newCSVReader(s *source, delimiter byte) *csvReader {
	in := &csvReader{r: bufio.NewReaderSize(io.NewSectionReader(s, 0, s.size), 64<<10), delimiter: delimiter, next: 1}
	if mark, _ := in.r.Peek(3); string(mark) == "\xef\xbb\xbf" {
		in.r.Discard(3)
		in.marked = true
	}
	return in
}

// read reads the next record. It is io.EOF if there is none.
func (in *csvReader) read() error {
	in.line, in.buf, in.fields, in.raw = in.next, in.buf[:0], in.fields[:0], in.raw[:0]
	if _, err := in.r.Peek(1); err != nil {
		return err
	}
	for {
		c, err := in.field()
		if err != nil {
			return err
		}
		if c == eof || c == '\n' {
			return nil
		}
		if len(in.fields) == maxFields {
			return in.broken("more than %d fields", maxFields)
		}
	}
}

// field reads a field and returns what ended it.
func (in *csvReader) field() (int, error) {
	f := csvField{start: len(in.buf)}
	c, err := in.byte()
	if err == nil && c == '"' {
		f.quoted = true
		c, err = in.quoted()
	} else {
		for err == nil && !in.endsField(c) {
			if c == '"' {
				return 0, in.broken("a quote within a field that is not quoted")
			}
			in.buf = append(in.buf, byte(c))
			c, err = in.byte()
		}
	}
	if err == nil && c == '\r' {
		if c, err = in.byte(); err == nil && c != '\n' {
			err = in.broken("a carriage return that ends no line")
		}
	}
	f.end = len(in.buf)
	in.fields = append(in.fields, f)
	return c, err
}

// quoted reads what is within quotes, and returns what follows them.
func (in *csvReader) quoted() (int, error) {
	for {
		c, err := in.byte()
		if err != nil {
			return 0, err
		}
		if c == eof {
			return 0, in.broken("a quote is not closed")
		}
		if c == '"' {
			if c, err = in.byte(); err != nil {
				return 0, err
			}
			if in.endsField(c) {
				return c, nil
			}
			if c != '"' {
				return 0, in.broken("a quoted field goes on after its quote")
			}
		}
		in.buf = append(in.buf, byte(c))
	}
}

func (in *csvReader) endsField(c int) bool {
	return c == int(in.delimiter) || c == '\n' || c == '\r' || c == eof
}

func (in *csvReader) byte() (int, error) {
	c, err := in.r.ReadByte()
	if err == io.EOF {
		return eof, nil
	}
	if err != nil {
		return 0, err
	}
	if c == '\n' {
		in.next++
	}
	if in.keep {
		in.raw = append(in.raw, c)
	}
	if len(in.buf) > maxRecord {
		return 0, in.broken("more than %d bytes in a record", maxRecord)
	}
	return int(c), nil
}

// wrongFields says what is wrong with a record of another number of fields.
func (in *csvReader) wrongFields() string {
	return fmt.Sprintf("%d fields, and the header has %d", len(in.fields), in.header)
}

func (in *csvReader) broken(format string, args ...any) error {
	return formats.Unreadable("line %d: %w", in.line, formats.Unreadable(format, args...))
}
