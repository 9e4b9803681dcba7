// Package contract says what a table must be, and whether it is.
//
// A contract is a YAML file; docs/contracts.md says what stands in it. [Parse]
// reads one, and a [Checker] holds one table against it. The table is not read for
// that: the packages that read tables show the values to a checker while they hash
// them, and the checker reports:
//
//	c, err := contract.Parse(text)
//	…
//	k := c.Checker(os.TempDir())
//	defer k.Close()
//	table, err := parquet.Inspect(ctx, f, size, &parquet.Options{Observe: k.Observe})
//	…
//	report, err := k.Report(table)
//
// Columns are read one by one and several at once, so the rules are about columns;
// what is said of rows is put together in the end. Memory is bounded by bits for the
// rows that break a rule, and by some megabytes for each rule of uniqueness,
// whose values go to a temporary file when they are many.
//
// Package formats/contract/tables does this for files of any format, and parts the
// rows that break a contract from the others.
package contract

import (
	"regexp"

	"github.com/cairnstore/cairn/formats"
)

// A Contract is what a table must be. It does not change, and several goroutines
// may use it.
type Contract struct {
	// Drift is what is said of the change against another version; nil if nothing
	// is. A Checker has nothing to do with it.
	Drift *Drift

	columns      []column // in the order of the file
	minRows      *int64
	maxRows      *int64
	sortedBy     []string // texts of paths
	maxNullRatio *float64
	maxBadRatio  *float64
}

// A Drift is how far columns may move from those of another version.
type Drift struct {
	Against string   // what stands after the @ of a reference
	PSI     *float64 // largest population stability index; nil if there is no bound
	KS      *float64 // largest Kolmogorov-Smirnov statistic; nil if there is no bound
	Columns []string // texts of paths; empty for all that can be compared
}

// A column is what one column must be.
type column struct {
	name         string // the text of its path
	typ          formats.Type
	notNull      bool
	unique       bool
	min, max     *string
	allowed      []string
	pattern      *regexp.Regexp
	maxNullRatio *float64
}

// Types returns the types that are given for columns outside of structs, lists
// and maps, by the names of these columns: what a file needs to be told that does
// not say itself what its columns are.
func (c *Contract) Types() map[string]formats.Type {
	types := make(map[string]formats.Type)
	for _, col := range c.columns {
		if name, ok := flatName(col.name); ok && col.typ != "" {
			types[name] = col.typ
		}
	}
	return types
}

// column returns what is said of a column, nil if nothing is.
func (c *Contract) column(path string) *column {
	for i := range c.columns {
		if c.columns[i].name == path {
			return &c.columns[i]
		}
	}
	return nil
}

// flatName returns the name that the text of a path stands for, if the path is no
// more than a name.
func flatName(path string) (string, bool) {
	var name []byte
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '.', '[', '{':
			return "", false
		case '\\':
			if i++; i == len(path) {
				return "", false
			}
		}
		name = append(name, path[i])
	}
	return string(name), true
}
