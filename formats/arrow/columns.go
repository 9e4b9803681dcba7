package arrow

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/cairnstore/cairn/formats"
)

// columns are the leaf columns of an IPC file or stream.
type columns struct {
	source *source
	rows   int64
	leaves []*leaf
}

// A leaf is a leaf column and the way to it.
type leaf struct {
	root       int // the number of the field of the schema
	steps      []step
	arrays     []*rawArray // of the current batch: one for each step, and that of the leaf
	field      *field
	entries    *entries
	dictionary *dictionary
	undigested formats.Column // if entries is nil
}

// A step leads from an array to one below it.
type step struct {
	field *field
	child int  // which of the members, or key or value of a map
	rep   byte // the repetition level of what follows in the same list or map
}

func newColumns(s *source, fields []*field) (*columns, error) {
	c := &columns{source: s}
	for i, f := range fields {
		if err := c.grow(i, nil, f, formats.Path{}.Field(f.name)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// grow adds the leaves at and below a field.
func (c *columns) grow(root int, steps []step, f *field, p formats.Path) error {
	down := func(child int, f2 *field, p formats.Path) error {
		s := step{f, child, byte(p.MaxRepetition())}
		return c.grow(root, append(steps[:len(steps):len(steps)], s), f2, p)
	}
	switch {
	case f.reason != "":
		c.leaves = append(c.leaves, &leaf{root: root, undigested: formats.Undigested(p, f.typ, f.reason)})
		return nil
	case f.typ != "":
		h, err := c.source.hasher(f.typ, p)
		if err != nil {
			return err
		}
		e := newEntries(c.source.ctx, h, p)
		c.leaves = append(c.leaves, &leaf{root: root, steps: steps, field: f, entries: e})
		return nil
	case f.kind == kindStruct:
		for i, member := range f.children {
			if err := down(i, member, p.Field(member.name)); err != nil {
				return err
			}
		}
		return nil
	case f.kind == kindMap:
		key, value := f.children[0].children[0], f.children[0].children[1]
		return errors.Join(down(0, key, p.Map().Field("key")), down(1, value, p.Map().Field("value")))
	default:
		return down(0, f.children[0], p.List())
	}
}

func (c *columns) add(batch arrow.Record) error {
	c.rows += batch.NumRows()
	for _, l := range c.leaves {
		if l.entries == nil || l.entries.hasher.Refused() {
			continue
		}
		if err := l.add(batch); err != nil {
			return err
		}
	}
	return nil
}

func (c *columns) table() (*formats.Table, error) {
	var columns []formats.Column
	for _, l := range c.leaves {
		if l.entries == nil {
			columns = append(columns, l.undigested)
		} else {
			columns = append(columns, l.entries.hasher.Column())
		}
	}
	return formats.NewTable(c.rows, columns)
}

// add adds the entries of a batch.
func (l *leaf) add(batch arrow.Record) error {
	d := batch.Column(l.root).Data()
	l.arrays = l.arrays[:0]
	for _, s := range l.steps {
		l.arrays = append(l.arrays, newRawArray(d, s.field.kind))
		d = d.Children()[s.memberOf()]
		if s.field.kind == kindMap {
			if entries := newRawArray(d, kindStruct); entries.hasNull() {
				l.entries.hasher.Refuse("an entry of a map is null")
				return nil
			}
			d = d.Children()[s.child]
		}
	}
	l.arrays = append(l.arrays, newRawArray(d, l.field.kind))
	if l.field.index != nil {
		if err := l.setDictionary(d); err != nil {
			return err
		}
	}
	if err := l.slots(0, 0, int(batch.NumRows()), 0, 0, 0); err != nil {
		return err
	}
	err := l.entries.flush()
	clear(l.arrays)
	return err
}

// memberOf returns which of the arrays below the step leads on.
func (s step) memberOf() int {
	if s.field.kind == kindStruct {
		return s.child
	}
	return 0
}

func (a *rawArray) hasNull() bool {
	if a.n == 0 {
		return false
	}
	end, valid := a.run(0, a.n)
	return end < a.n || !valid
}

// slots adds what is in some slots of the i-th array on the way. All have the
// definition level def above it; the first has another repetition level than the rest.
func (l *leaf) slots(i, from, to, def int, first, rest byte) error {
	for from < to {
		end, valid := l.arrays[i].run(from, to)
		var err error
		if valid {
			err = l.valid(i, from, end, def+1, first, rest)
		} else {
			err = l.entries.none(end-from, def, first, rest)
		}
		if err != nil || l.entries.hasher.Refused() {
			return err
		}
		from, first = end, rest
	}
	return nil
}

// valid is slots for those that are not null, and count in def.
func (l *leaf) valid(i, from, to, def int, first, rest byte) error {
	if i == len(l.steps) {
		return l.values(from, to, def, first, rest)
	}
	s := l.steps[i]
	if s.field.kind == kindStruct {
		return l.slots(i+1, from, to, def, first, rest)
	}
	below := l.arrays[i+1].n
	for j := from; j < to; j++ {
		start, stop := l.list(i, j)
		if start < 0 || start > stop || stop > below {
			return formats.Unreadable("column %q: a list is outside of its elements", l.entries.path)
		}
		var err error
		if start == stop {
			err = l.entries.none(1, def, first, rest)
		} else {
			err = l.slots(i+1, start, stop, def+1, first, s.rep)
		}
		if err != nil || l.entries.hasher.Refused() {
			return err
		}
		first = rest
	}
	return nil
}

// list returns where the elements of the j-th list of the i-th array are.
func (l *leaf) list(i, j int) (start, stop int) {
	f := l.steps[i].field
	switch f.kind {
	case kindFixedList:
		return j * f.size, (j + 1) * f.size
	case kindLargeList:
		return offsets[uint64](l.arrays[i].buffers[0], j)
	default:
		return offsets[uint32](l.arrays[i].buffers[0], j)
	}
}

// values adds values.
func (l *leaf) values(from, to, def int, first, rest byte) error {
	a := l.arrays[len(l.steps)]
	if l.field.index != nil {
		return l.indexes(a, from, to, def, first, rest)
	}
	for from < to {
		next, err := l.entries.decode(l.field.decode, a, from, to)
		if err != nil {
			return err
		}
		if next == from {
			return nil
		}
		if err := l.entries.some(next-from, def, first, rest); err != nil {
			return err
		}
		from, first = next, rest
	}
	return nil
}
