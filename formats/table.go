package formats

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/blake3"
)

const tableContext = "github.com/cairnstore/cairn 2026 columnar digest 1, table"

// A Table is what is known of a table. Its form as JSON is part of manifests.
type Table struct {
	// Digest is that of the content; zero if there is none.
	Digest Digest `json:"digest,omitzero"`
	// Reason says why there is no digest.
	Reason string `json:"reason,omitempty"`
	// Unordered is the digest of the rows in whatever order, a [RowSet]; zero if it was
	// not asked for.
	Unordered Digest `json:"unordered,omitzero"`
	// Rows is the number of rows.
	Rows int64 `json:"rows"`
	// Columns are the leaf columns, in the order of the file.
	Columns []Column `json:"columns"`
}

// A Column is what is known of one leaf column.
type Column struct {
	// Name is the text of the column's [Path].
	Name string `json:"name"`
	// Type is the logical type. A column without digest may have another word here.
	Type Type `json:"type"`
	// Digest is that of the values with their type; zero if there is none. It does
	// not depend on the name, so a renamed column keeps it.
	Digest Digest `json:"digest,omitzero"`
	// Reason says why there is no digest. Nothing below is set then.
	Reason string `json:"reason,omitempty"`
	// Nulls is the number of entries without value: null rows and, below a list,
	// also lists that are null or empty.
	Nulls int64 `json:"nulls,omitempty"`
	// Min and Max are texts of the smallest and the largest value; nil where the
	// type has no order, or there are no values, or the text would be long.
	Min *string `json:"min,omitempty"`
	Max *string `json:"max,omitempty"`
	// Distinct is about how many distinct values there are: exact up to 1,023, with a
	// standard error of 3 % beyond. It and Quantiles are set if asked for.
	Distinct int64 `json:"distinct,omitempty"`
	// Quantiles are the texts of the 19 values that divide all others, in their
	// order, into 20 parts of about the same number; nil where Min is for want of
	// an order. Long texts are cut to 32 bytes.
	Quantiles []string `json:"quantiles,omitempty"`

	rows int64
}

// Undigested returns a column that has no digest for the given reason. The type
// is for people; it need not be one of this package.
func Undigested(p Path, t Type, reason string) Column {
	return Column{Name: p.String(), Type: t, Reason: reason}
}

// NewTable combines columns, in the order of the file, to a table of so many
// rows. The table has no digest, and says why, if one of the columns has none or
// two have the same name. It is an error that wraps [ErrUnreadable] if the
// columns do not have that many rows, or a name is not UTF-8.
func NewTable(rows int64, columns []Column) (*Table, error) {
	for _, c := range columns {
		if !utf8.ValidString(c.Name) {
			return nil, Unreadable("the name of column %q is not UTF-8", c.Name)
		}
		if !c.Digest.IsZero() && c.rows != rows {
			return nil, Unreadable("column %q has %d rows and the table has %d", c.Name, c.rows, rows)
		}
	}
	t := &Table{Rows: rows, Columns: columns}
	if t.Reason = whyUndigested(columns); t.Reason == "" {
		t.Digest = digestTable(rows, columns)
	}
	return t, nil
}

func whyUndigested(columns []Column) string {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if c.Digest.IsZero() {
			return fmt.Sprintf("column %q: %s", c.Name, c.Reason)
		}
		if seen[c.Name] {
			return fmt.Sprintf("two columns are named %q", c.Name)
		}
		seen[c.Name] = true
	}
	return ""
}

func digestTable(rows int64, columns []Column) (d Digest) {
	sorted := slices.Clone(columns)
	slices.SortFunc(sorted, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	b := binary.LittleEndian.AppendUint64(nil, uint64(rows))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(sorted)))
	for _, c := range sorted {
		b = appendText(b, c.Name)
		b = appendText(b, string(c.Type))
		b = append(b, c.Digest[:]...)
	}
	h := blake3.NewDeriveKey(tableContext)
	h.Write(b)
	h.Sum(d[:0])
	return d
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}
