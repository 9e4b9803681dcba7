package arrow

import (
	"context"
	"fmt"

	"github.com/cairnstore/cairn/formats"
)

// maxGathered is about how many bytes of values all columns gather together.
const maxGathered = 8 << 20

// A textColumn is a column whose values are given as texts.
type textColumn struct {
	name       string
	typ        formats.Type
	parse      parser
	entries    *entries
	rows       int64          // so far
	undigested formats.Column // if entries is nil
}

func newTextColumns(ctx context.Context, names []string, types []formats.Type) ([]*textColumn, error) {
	var columns []*textColumn
	for i, name := range names {
		c, err := newTextColumn(ctx, name, types[i], gatherLimit(len(names)))
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

func newTextColumn(ctx context.Context, name string, t formats.Type, limit int) (*textColumn, error) {
	parse, err := parserOf(t)
	if err != nil {
		return nil, err
	}
	path := formats.Path{}.Field(name)
	h, err := formats.NewHasher(t, path)
	if err != nil {
		return nil, err
	}
	e := newEntries(ctx, h, path)
	e.limit = limit
	return &textColumn{name: name, typ: t, parse: parse, entries: e}, nil
}

// checkTypes checks the types that a caller has given.
func checkTypes(types map[string]formats.Type) error {
	for name, t := range types {
		if _, err := parserOf(t); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	return nil
}

// isText reports whether the values are texts as they stand.
func isText(t formats.Type) bool { return t == formats.String || t == formats.JSON }

// field adds a field of CSV.
func (c *textColumn) field(text []byte, quoted bool, line int) error {
	if len(text) == 0 && !(quoted && isText(c.typ)) {
		return c.nulls(1)
	}
	return c.value(text, line)
}

func (c *textColumn) nulls(n int64) error {
	c.rows += n
	return c.entries.none(int(n), 0, 0, 0)
}

func (c *textColumn) value(text []byte, line int) error {
	var ok bool
	if c.entries.values, ok = c.parse(c.entries.values, text); !ok {
		return formats.Unreadable("line %d: column %q: %q is no %s", line, clip(c.name), clip(string(text)), c.typ)
	}
	c.rows++
	return c.entries.some(1, 1, 0, 0)
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
		all = append(all, c.entries.hasher.Column())
	}
	return formats.NewTable(rows, all)
}
