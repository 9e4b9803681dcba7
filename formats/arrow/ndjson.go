package arrow

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/formats"
)

// maxMembers is the largest number of columns. Each line can name another one, and
// every column has as many rows as there are lines.
const maxMembers = 1 << 12

// InspectNDJSON returns what the table in the size bytes of r is: a JSON object on
// each line, whose members are columns, in the order in which they first occur.
// A member that is missing is null.
//
// It is strict: lines are not empty, no member occurs twice in an object, and
// all text is Unicode. r is read twice. A type that is given for a name that does
// not occur makes a column of nulls. Numbers may be given the types of
// integers, floats and decimals, true and false that of bool, and texts all other
// types of [CSVOptions], in the spelling of [InspectCSV]. Without a type given,
//
//   - numbers are int64 if all are spelled as such, else float64 unless one is an
//     integer beyond 2^53,
//   - true and false are bool, and texts are string, whatever they look like,
//   - a column of nulls has the type null.
//
// A column has no digest, and says why, if it holds an object or a list, values of several
// kinds, or numbers that neither type holds.
//
// If the bytes are not such a file, or a value is not of its given type, the
// error wraps [formats.ErrUnreadable] and names the line; o.Bad makes it less
// strict. Errors of r, of observers and of the context are returned as they are. One
// line is held in memory at a time, and may have 16 MiB. Options may be nil.
func InspectNDJSON(ctx context.Context, r io.ReaderAt, size int64, o *NDJSONOptions) (t *formats.Table, err error) {
	if o == nil {
		o = &NDJSONOptions{}
	}
	if err := checkTypes(o.Types); err != nil {
		return nil, err
	}
	s := &source{ctx: ctx, r: r, size: size, observe: o.Observe}
	defer s.settle(&err)
	columns, index, err := jsonColumns(s, o)
	if err != nil {
		return nil, err
	}
	var here []*textColumn // those that the line has
	rows, err := eachLine(s, func(l *jsonLine) error {
		here = here[:0]
		err := l.members(func(name string, value []byte) error {
			c := columns[index[name]]
			here = append(here, c)
			return c.member(value, l, o.Bad)
		})
		if err != nil {
			return err
		}
		return endMembers(here)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		if err := c.upTo(rows); err != nil {
			return nil, err
		}
	}
	return textTable(rows, columns)
}

// Kinds of values of JSON.
const (
	jsonNumber = 1 << iota
	jsonText
	jsonBool
	jsonNested
)

func jsonKind(value []byte) int {
	switch value[0] {
	case 'n':
		return 0
	case '"':
		return jsonText
	case 't', 'f':
		return jsonBool
	case '{', '[':
		return jsonNested
	default:
		return jsonNumber
	}
}

// kindOf returns the kind of JSON that values of a type have.
func kindOf(t formats.Type) int {
	switch t {
	case formats.Bool:
		return jsonBool
	case formats.Int8, formats.Int16, formats.Int32, formats.Int64,
		formats.Uint8, formats.Uint16, formats.Uint32, formats.Uint64,
		formats.Float32, formats.Float64:
		return jsonNumber
	}
	if strings.HasPrefix(string(t), "decimal(") {
		return jsonNumber
	}
	return jsonText
}

// A jsonGuess is what the members of a name are.
type jsonGuess struct {
	kinds   int
	numbers guess
}

// jsonColumns returns the columns and their indexes by name.
func jsonColumns(s *source, o *NDJSONOptions) ([]*textColumn, map[string]int, error) {
	index := make(map[string]int)
	var names []string
	var guesses []*jsonGuess
	add := func(name string) {
		index[name] = len(names)
		names, guesses = append(names, name), append(guesses, &jsonGuess{})
	}
	_, err := eachLine(s, func(l *jsonLine) error {
		return l.members(func(name string, value []byte) error {
			if _, ok := index[name]; !ok {
				if len(names) == maxMembers {
					return l.broken("more than %d members in all", maxMembers)
				}
				add(name)
			}
			guesses[index[name]].see(value)
			return nil
		})
	})
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(o.Types)) {
		if _, ok := index[name]; !ok {
			add(name)
		}
	}
	s.sketchFew(o.Sketch, len(names))
	var columns []*textColumn
	for i, name := range names {
		c, err := guesses[i].column(s, name, o.Types[name], gatherLimit(len(names)))
		if err != nil {
			return nil, nil, err
		}
		columns = append(columns, c)
	}
	return columns, index, nil
}

func (g *jsonGuess) see(value []byte) {
	kind := jsonKind(value)
	g.kinds |= kind
	if kind == jsonNumber {
		g.numbers.see(value, false)
	}
}

func (g *jsonGuess) column(s *source, name string, given formats.Type, limit int) (*textColumn, error) {
	t, reason := given, ""
	if t == "" {
		t, reason = g.result()
	}
	if reason != "" {
		path := formats.Path{}.Field(name)
		return &textColumn{name: name, path: path, undigested: formats.Undigested(path, t, reason)}, nil
	}
	return newTextColumn(s, name, t, limit)
}

func (g *jsonGuess) result() (t formats.Type, reason string) {
	switch g.kinds {
	case 0:
		return formats.Null, ""
	case jsonText:
		return formats.String, ""
	case jsonBool:
		return formats.Bool, ""
	case jsonNumber:
		if t := g.numbers.result(); t == formats.Int64 || t == formats.Float64 {
			return t, ""
		}
		return "number", "neither int64 nor float64 holds all of its numbers"
	}
	if g.kinds&jsonNested != 0 {
		return "nested", "objects and lists in JSON are not supported"
	}
	return "mixed", "its values are of several kinds"
}

// member reads the value of a line. If bad is nil, what cannot be read is an error.
func (c *textColumn) member(value []byte, l *jsonLine, bad Bad) error {
	if c.read {
		return l.broken("the member %q occurs twice", clip(c.name))
	}
	c.read = true
	if c.entries == nil {
		return nil
	}
	if err := c.upTo(l.row); err != nil {
		return err
	}
	kind := jsonKind(value)
	if kind == 0 {
		return nil
	}
	text := value
	if kind == jsonText {
		text = unquote(value)
	}
	switch {
	case kind == kindOf(c.typ) && c.value(text, bad != nil):
		return nil
	case bad == nil && kind == kindOf(c.typ):
		return c.noSuch(text, int(l.row)+1)
	case bad == nil:
		return l.broken("column %q: %s is no %s", clip(c.name), clip(string(value)), c.typ)
	case kind != kindOf(c.typ):
		c.bad++
	}
	bad(l.row, c.path, clip(string(value)))
	return nil
}

// endMembers ends the row for the columns that a line has.
func endMembers(here []*textColumn) error {
	for _, c := range here {
		if c.entries == nil {
			c.read = false
			continue
		}
		if err := c.end(); err != nil {
			return err
		}
	}
	return nil
}

// upTo adds nulls for the rows where the member was missing.
func (c *textColumn) upTo(rows int64) error {
	if c.entries == nil {
		return nil
	}
	return c.nulls(rows - c.rows)
}

// wholeLine is a bufio.SplitFunc for lines with what ends them.
func wholeLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// eachLine calls do for each line, and returns their number.
func eachLine(s *source, do func(*jsonLine) error) (rows int64, err error) {
	lines := bufio.NewScanner(io.NewSectionReader(s, 0, s.size))
	lines.Buffer(nil, maxRecord)
	lines.Split(wholeLine)
	l := &jsonLine{}
	for ; lines.Scan(); l.row++ {
		l.raw = lines.Bytes()
		l.text = bytes.TrimSuffix(l.raw, []byte("\n"))
		if err := l.check(); err != nil {
			return l.row, err
		}
		if err := do(l); err != nil {
			return l.row, err
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = l.broken("more than %d bytes", maxRecord)
		}
		return l.row, err
	}
	return l.row, nil
}
