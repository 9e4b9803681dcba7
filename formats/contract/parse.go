package contract

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cairnstore/cairn/formats"
)

// MaxBytes is the largest size of a contract.
const MaxBytes = 256 << 10

// Parse reads a contract. It is strict: a key that is not known or stands twice, and
// a bound that is no value of its column's type, are errors, which name the line.
// Bounds of columns without type are read once there is a table.
func Parse(text []byte) (*Contract, error) {
	if len(text) > MaxBytes {
		return nil, errorf("it has more than %d bytes", MaxBytes)
	}
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	c := &Contract{}
	err = fields(root, []field{
		{"columns", c.setColumns},
		{"rows", c.setRows},
		{"sorted_by", c.setSortedBy},
		{"max_null_ratio", func(n *yaml.Node) (err error) { c.maxNullRatio, err = ratio(n); return err }},
		{"max_bad_ratio", func(n *yaml.Node) (err error) { c.maxBadRatio, err = ratio(n); return err }},
		{"drift", c.setDrift},
	})
	if err != nil {
		return nil, err
	}
	if len(c.columns) == 0 && c.minRows == nil && c.maxRows == nil && len(c.sortedBy) == 0 && c.maxNullRatio == nil && c.Drift == nil {
		return nil, errorf("it demands nothing")
	}
	return c, nil
}

// document returns the root of the only document of a text.
func document(text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err == io.EOF {
		return nil, errorf("it is empty")
	} else if err != nil {
		return nil, errorf("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&more); err != io.EOF {
		return nil, errorf("it has more than one document")
	}
	return doc.Content[0], nil
}

func (c *Contract) setColumns(n *yaml.Node) error {
	return entries(n, func(key, value *yaml.Node) error {
		col := column{name: key.Value}
		if err := col.set(value); err != nil {
			if e, ok := errors.AsType[*Error](err); ok {
				return &Error{e.Line, "column " + strconv.Quote(col.name) + ": " + e.Reason}
			}
			return err
		}
		c.columns = append(c.columns, col)
		return nil
	})
}

// set reads what is said of a column; nothing means that there must be one.
func (c *column) set(n *yaml.Node) error {
	if isNull(n) {
		return nil
	}
	nullable := true
	err := fields(n, []field{
		{"type", func(n *yaml.Node) error {
			text, err := scalar(n)
			c.typ = formats.Type(text)
			if err == nil && c.typ.Width() < 0 {
				err = at(n, "%q is not a type of columns; such are int64, float64, bool, date, string, decimal(18,2) and timestamp(us,UTC)", text)
			}
			return err
		}},
		{"nullable", func(n *yaml.Node) (err error) { nullable, err = boolean(n); return err }},
		{"unique", func(n *yaml.Node) (err error) { c.unique, err = boolean(n); return err }},
		{"min", func(n *yaml.Node) (err error) { c.min, err = text(n); return err }},
		{"max", func(n *yaml.Node) (err error) { c.max, err = text(n); return err }},
		{"allowed", func(n *yaml.Node) (err error) { c.allowed, err = texts(n); return err }},
		{"pattern", c.setPattern},
		{"max_null_ratio", func(n *yaml.Node) (err error) { c.maxNullRatio, err = ratio(n); return err }},
	})
	if err != nil {
		return err
	}
	c.notNull = !nullable
	if _, flat := flatName(c.name); c.unique && !flat {
		return at(n, "unique is for columns outside of structs, lists and maps")
	}
	if c.typ != "" {
		if _, err := c.rules(c.typ); err != nil {
			return at(n, "%s", err)
		}
	}
	return nil
}

func (c *column) setPattern(n *yaml.Node) error {
	text, err := scalar(n)
	if err != nil {
		return err
	}
	if c.pattern, err = regexp.Compile(text); err != nil {
		return at(n, "the pattern is none of RE2: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

func (c *Contract) setRows(n *yaml.Node) error {
	err := fields(n, []field{
		{"min", func(n *yaml.Node) (err error) { c.minRows, err = count(n); return err }},
		{"max", func(n *yaml.Node) (err error) { c.maxRows, err = count(n); return err }},
	})
	if err == nil && c.minRows != nil && c.maxRows != nil && *c.minRows > *c.maxRows {
		err = at(n, "no table has at least %d and at most %d rows", *c.minRows, *c.maxRows)
	}
	return err
}

func (c *Contract) setSortedBy(n *yaml.Node) (err error) {
	if c.sortedBy, err = columnNames(n); err != nil {
		return err
	}
	for _, name := range c.sortedBy {
		if _, flat := flatName(name); !flat {
			return at(n, "sorted_by is for columns outside of structs, lists and maps, unlike %q", name)
		}
	}
	return nil
}

func (c *Contract) setDrift(n *yaml.Node) error {
	d := &Drift{}
	err := fields(n, []field{
		{"against", func(n *yaml.Node) (err error) { d.Against, err = scalar(n); return err }},
		{"psi", func(n *yaml.Node) (err error) { d.PSI, err = number(n); return err }},
		{"ks", func(n *yaml.Node) (err error) { d.KS, err = number(n); return err }},
		{"columns", func(n *yaml.Node) (err error) { d.Columns, err = columnNames(n); return err }},
	})
	switch {
	case err != nil:
		return err
	case d.Against == "":
		return at(n, "drift needs against, the version to compare with")
	case d.PSI == nil && d.KS == nil:
		return at(n, "drift needs psi or ks")
	case d.KS != nil && *d.KS > 1:
		return at(n, "ks is at most 1")
	}
	c.Drift = d
	return nil
}

func columnNames(n *yaml.Node) ([]string, error) {
	names, err := texts(n)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, at(n, "column %q stands twice", name)
		}
	}
	return names, err
}
