package contract

import (
	"bytes"
	"encoding/binary"

	"github.com/cairnstore/cairn/formats"
)

// An observer holds the values of one column against its rules.
type observer struct {
	checker *Checker
	column  *column // nil if the contract does not name it
	typ     formats.Type
	path    formats.Path
	width   int

	wrong  error // why there are no rules, though the contract has some
	tests  []test
	failed []*breach
	null   *breach
	unread *breach // rows whose value could not be read
	values *distinct
	sorted *neighbours

	rows, entries, nulls int64
}

func newObserver(k *Checker, t formats.Type, p formats.Path) *observer {
	return &observer{checker: k, typ: t, path: p, width: t.Width(), unread: newBreach()}
}

// setRules sets the rules of a column, if it has its type.
func (o *observer) setRules(c *column) {
	if c.typ != "" && c.typ != o.typ {
		return
	}
	tests, err := c.rules(o.typ)
	if err != nil {
		o.wrong = err
		return
	}
	o.tests = tests
	for range tests {
		o.failed = append(o.failed, newBreach())
	}
	if c.notNull {
		o.null = newBreach()
	}
	if c.unique {
		o.values = newDistinct(o.checker.dir, classOf(o.typ), o.checker.uniqueLimit())
	}
}

// Observe implements [formats.Observer].
func (o *observer) Observe(values []byte, n int, def, rep []byte) error {
	entries := n
	if def != nil {
		entries = len(def)
	}
	o.entries += int64(entries)
	o.nulls += int64(entries - n)
	if len(o.tests) == 0 && o.null == nil && o.values == nil && o.sorted == nil {
		o.countRows(entries, rep)
		return nil
	}
	for i := range entries {
		if rep == nil || rep[i] == 0 {
			o.rows++
		}
		row := o.rows - 1
		if def != nil && int(def[i]) != o.path.MaxDefinition() {
			o.noValue(row)
			continue
		}
		var v []byte
		v, values = o.cut(values)
		if err := o.value(row, v); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) countRows(entries int, rep []byte) {
	if rep == nil {
		o.rows += int64(entries)
		return
	}
	o.rows += int64(bytes.Count(rep, []byte{0}))
}

// cut takes the first of some values.
func (o *observer) cut(values []byte) (v, rest []byte) {
	if o.width > 0 {
		return values[:o.width], values[o.width:]
	}
	n := lengthBytes + int(binary.LittleEndian.Uint32(values))
	return values[lengthBytes:n], values[n:]
}

func (o *observer) value(row int64, v []byte) error {
	for i := range o.tests {
		if o.tests[i].fails(v) {
			o.failed[i].add(row, func() string { return textOf(o.typ, v) })
		}
	}
	if o.sorted != nil && !o.isUnsortable(row) {
		o.sorted.see(row, v, true)
	}
	if o.values != nil {
		return o.values.add(row, v)
	}
	return nil
}

func (o *observer) noValue(row int64) {
	if o.null != nil && !o.isUnread(row) {
		o.null.add(row, nil)
	}
	if o.sorted != nil && !o.isUnsortable(row) {
		o.sorted.see(row, nil, false)
	}
}

// isUnread reports whether a row has no value because it could not be read.
func (o *observer) isUnread(row int64) bool {
	return !o.unread.isEmpty() && o.unread.has(row) || !o.checker.malformed.isEmpty() && o.checker.malformed.has(row)
}
