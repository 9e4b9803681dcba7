package contract

import (
	"strings"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/cairnstore/cairn/formats"
)

// neighbours is how each value of a column that a table is sorted by compares with
// the one in the row before. Nulls come last, and NaN comes after all numbers.
type neighbours struct {
	class  class
	down   rows // it should have come before the other
	differ rows // it is another

	begun bool
	value []byte // of the row before
	some  bool
}

func (n *neighbours) see(row int64, v []byte, some bool) {
	order := 0
	switch {
	case !n.begun || !some && !n.some:
	case some && n.some:
		order = n.class.compare(v, n.value)
	case some:
		order = -1
	default:
		order = 1
	}
	if order < 0 {
		n.down.add(row)
	}
	if order != 0 {
		n.differ.add(row)
	}
	n.begun, n.some, n.value = true, some, append(n.value[:0], v...)
}

// isUnsortable reports whether something in a row that the table is sorted by could
// not be read. Such a row is passed over in all of these columns.
func (o *observer) isUnsortable(row int64) bool {
	return !o.checker.unsortable.isEmpty() && o.checker.unsortable.has(row)
}

// reportOrder adds the rows that should come before the one above them. Without
// them the rest need not be sorted, so it is said of the table.
func (k *Checker) reportOrder(r *Report) {
	bad, equal := roaring64.New(), roaring64.New()
	equal.AddRange(0, uint64(k.table.Rows)) // rows that so far are as the one before
	for _, name := range k.contract.sortedBy {
		in, o, n := k.find(name)
		switch {
		case n == 0:
			r.table(name, RuleSorted, "is missing, and the table should be sorted by it")
			return
		case n > 1:
			r.table(name, RuleSorted, "is there %d times, and the table should be sorted by it", n)
			return
		case o == nil:
			r.table(name, RuleSorted, "cannot be checked for its order: %s", in.Reason)
			return
		case o.sorted.class == unordered && o.typ != formats.Null:
			r.table(name, RuleSorted, "is of type %s, which has no order", o.typ)
			return
		}
		down, differ := o.sorted.down.all(), o.sorted.differ.all()
		bad.Or(roaring64.And(down, equal))
		equal.AndNot(differ)
	}
	if bad.IsEmpty() {
		return
	}
	b := &breach{rows: rows{set: bad}, count: int64(bad.GetCardinality())}
	for i := bad.Iterator(); i.HasNext() && len(b.examples) < maxExamples; {
		b.examples = append(b.examples, Example{Row: int64(i.Next()) + 1})
	}
	r.rows("", RuleSorted, "out of order by "+strings.Join(k.contract.sortedBy, ", "), b)
}
