package arrow

import (
	"fmt"
	"unicode/utf8"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow/spelling"
)

// maxGathered is about how many bytes of values all columns gather together.
const maxGathered = 8 << 20

// A textColumn is a column whose values are given as texts. A value is first
// read, and becomes part of the column when its row ends: so that whoever observes
// the column has been told before what in that row could not be read.
type textColumn struct {
	name       string
	path       formats.Path
	typ        formats.Type
	parse      spelling.Parser
	entries    *entries
	undigested formats.Column // if entries is nil

	rows    int64 // so far
	read    bool  // the row has been read
	some    bool  // and there is a value
	bad     int64 // values that could not be read
	refusal string
}

func newTextColumns(s *source, names []string, types []formats.Type) ([]*textColumn, error) {
	var columns []*textColumn
	for i, name := range names {
		c, err := newTextColumn(s, name, types[i], gatherLimit(len(names)))
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// gatherLimit returns how many bytes each of so many columns gathers.
func gatherLimit(columns int) int {
	return max(512, min(chunkBytes, maxGathered/columns))
}

func newTextColumn(s *source, name string, t formats.Type, limit int) (*textColumn, error) {
	parse, err := spelling.Of(t)
	if err != nil {
		return nil, err
	}
	path := formats.Path{}.Field(name)
	h, err := s.hasher(t, path)
	if err != nil {
		return nil, err
	}
	e := newEntries(s.ctx, h, path)
	e.limit = limit
	return &textColumn{name: name, path: path, typ: t, parse: parse, entries: e}, nil
}

// checkTypes checks the types that a caller has given.
func checkTypes(types map[string]formats.Type) error {
	for name, t := range types {
		if _, err := spelling.Of(t); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	return nil
}

// isText reports whether the values are texts as they stand.
func isText(t formats.Type) bool { return t == formats.String || t == formats.JSON }

// field reads a field of CSV, and reports whether it could be.
func (c *textColumn) field(text []byte, quoted, lenient bool) bool {
	c.read = true
	if len(text) == 0 && !(quoted && isText(c.typ)) {
		return true
	}
	return c.value(text, lenient)
}

// value reads a value, and reports whether it could be. What is not Unicode takes
// the digest from the column in the end; if lenient, it is bad here.
func (c *textColumn) value(text []byte, lenient bool) bool {
	start := len(c.entries.values)
	var ok bool
	c.entries.values, ok = c.parse(c.entries.values, text)
	if ok && lenient && isText(c.typ) {
		ok = utf8.Valid(text)
	}
	if !ok {
		c.entries.values = c.entries.values[:start]
		c.bad++
	}
	c.some = ok
	return ok
}

// end makes what has been read part of the column.
func (c *textColumn) end() error {
	some := c.some
	c.read, c.some = false, false
	c.rows++
	if some {
		return c.entries.some(1, 1, 0, 0)
	}
	return c.entries.none(1, 0, 0, 0)
}

func endRow(columns []*textColumn) error {
	for _, c := range columns {
		if err := c.end(); err != nil {
			return err
		}
	}
	return nil
}

func (c *textColumn) nulls(n int64) error {
	c.rows += n
	return c.entries.none(int(n), 0, 0, 0)
}

// noSuch says that a text is not of the column's type.
func (c *textColumn) noSuch(text []byte, line int) error {
	return formats.Unreadable("line %d: column %q: %q is no %s", line, clip(c.name), clip(string(text)), c.typ)
}

func textTable(rows int64, columns []*textColumn) (*formats.Table, error) {
	var all []formats.Column
	for _, c := range columns {
		if c.entries == nil {
			all = append(all, c.undigested)
			continue
		}
		if err := c.entries.flush(); err != nil {
			return nil, err
		}
		if c.bad > 0 {
			c.entries.hasher.Refuse(fmt.Sprintf("%d of its values cannot be read as %s", c.bad, c.typ))
		}
		if c.refusal != "" {
			c.entries.hasher.Refuse(c.refusal)
		}
		all = append(all, c.entries.hasher.Column())
	}
	return formats.NewTable(rows, all)
}
