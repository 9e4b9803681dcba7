package layout

import (
	"bytes"
	"regexp"
	"slices"
	"unicode/utf8"
)

// A Table is what is known of a file that holds one: the content, whatever the
// bytes are. Two files with equal table digests hold the same data. How the
// digests are computed is in formats/SPEC.md; here they are only texts.
type Table struct {
	Digest string `json:"digest,omitempty"` // "b3t:" and 64 digits; empty if a column has none
	Rows   int64  `json:"rows"`

	// Unordered is the digest of the rows in whatever order; empty if it was not
	// asked for.
	Unordered string `json:"unordered,omitempty"`

	Columns []Column `json:"columns"` // leaf columns, in the order of the file; at least one
}

// A Column is one leaf column of a [Table].
type Column struct {
	Name   string  `json:"name"`
	Type   string  `json:"type"`
	Digest string  `json:"digest,omitempty"` // of the values with their type; empty if that has no canonical form
	Nulls  int64   `json:"nulls,omitempty"`
	Min    *string `json:"min,omitempty"` // smallest and largest value, where they
	Max    *string `json:"max,omitempty"` // have an order and a short text

	Distinct  int64    `json:"distinct,omitempty"`  // about how many distinct values; 0 if not counted
	Quantiles []string `json:"quantiles,omitempty"` // texts in the order of the values that divide all into parts of the same number
}

// HasTables reports whether any file of m holds a table.
func (m *Manifest) HasTables() bool {
	return slices.ContainsFunc(m.Files, func(f File) bool { return f.Table != nil })
}

// SameData reports whether the files of m and o hold the same, each under the
// same path: the same bytes, or tables with the same digest, be it that of the
// rows in whatever order.
func (m *Manifest) SameData(o *Manifest) bool {
	return slices.EqualFunc(m.Files, o.Files, func(a, b File) bool {
		return a.Path == b.Path && (a.Digest == b.Digest || a.Table.SameData(b.Table) || a.Table.SameRows(b.Table))
	})
}

// SameData reports whether t and o are known to hold the same rows in the same
// order. Either may be nil.
func (t *Table) SameData(o *Table) bool {
	return t != nil && o != nil && t.Digest != "" && t.Digest == o.Digest
}

// SameRows reports whether t and o are known to hold the same rows, in whatever
// order. Either may be nil.
func (t *Table) SameRows(o *Table) bool {
	return t != nil && o != nil && t.Unordered != "" && t.Unordered == o.Unordered
}

// EqualButFiles reports whether m and o say the same of everything but their
// files.
func (m *Manifest) EqualButFiles(o *Manifest) bool {
	a, b := *m, *o
	a.Files, b.Files = nil, nil
	x, err1 := canonical(&a)
	y, err2 := canonical(&b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

var tableDigest = regexp.MustCompile(`^b3t:[0-9a-f]{64}$`)

func (t *Table) validate(file string) error {
	if t == nil {
		return nil
	}
	if t.Rows < 0 || t.Rows > maxInteger || len(t.Columns) == 0 {
		return invalid("table", file, "has a number of rows out of range, or no columns")
	}
	for _, c := range t.Columns {
		if err := c.validate(file); err != nil {
			return err
		}
	}
	if err := checkTableDigest(t.Unordered); err != nil {
		return err
	}
	return checkTableDigest(t.Digest)
}

func (c *Column) validate(file string) error {
	if !utf8.ValidString(c.Name) || c.Type == "" || !utf8.ValidString(c.Type) {
		return invalid("table", file, "has a column without a type, or with a name that is not UTF-8")
	}
	if c.Nulls < 0 || c.Nulls > maxInteger || c.Distinct < 0 || c.Distinct > maxInteger {
		return invalid("table", file, "has a number of nulls or distinct values out of range")
	}
	for _, s := range []*string{c.Min, c.Max} {
		if s != nil && !utf8.ValidString(*s) {
			return invalid("table", file, "has a value that is not UTF-8")
		}
	}
	for _, s := range c.Quantiles {
		if !utf8.ValidString(s) {
			return invalid("table", file, "has a value that is not UTF-8")
		}
	}
	return checkTableDigest(c.Digest)
}

func checkTableDigest(digest string) error {
	if digest != "" && !tableDigest.MatchString(digest) {
		return invalid("table digest", digest, `is not "b3t:" and 64 lower-case hexadecimal digits`)
	}
	return nil
}
