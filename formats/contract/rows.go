package contract

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// rows is a set of rows. Those that follow one another are gathered, and added at
// once: they are many where a whole stretch of a table is the same.
type rows struct {
	set      *roaring64.Bitmap
	from, to uint64 // gathered
}

func newRows() rows { return rows{set: roaring64.New()} }

func (r *rows) add(row int64) {
	if n := uint64(row); n != r.to || r.from == r.to {
		r.settle()
		r.from = n
	}
	r.to = uint64(row) + 1
}

func (r *rows) settle() {
	if r.from < r.to {
		r.set.AddRange(r.from, r.to)
	}
	r.from, r.to = 0, 0
}

func (r *rows) has(row int64) bool {
	n := uint64(row)
	return n >= r.from && n < r.to || r.set.Contains(n)
}

func (r *rows) isEmpty() bool { return r.from == r.to && r.set.IsEmpty() }

// all returns the set.
func (r *rows) all() *roaring64.Bitmap {
	r.settle()
	return r.set
}

// A breach is the rows that break one rule.
type breach struct {
	rows
	count    int64
	examples []Example
}

func newBreach() *breach { return &breach{rows: newRows()} }

// maxExamples is how many rows are shown for each rule.
const maxExamples = 3

// add adds a row, none before those that are there. In a column below a list a
// row may come several times, one after the other.
func (b *breach) add(row int64, text func() string) {
	if b.to == uint64(row)+1 && b.from < b.to {
		return
	}
	b.rows.add(row)
	b.count++
	if len(b.examples) < maxExamples {
		e := Example{Row: row + 1}
		if text != nil {
			s := text()
			e.Value = &s
		}
		b.examples = append(b.examples, e)
	}
}
