package contract

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/cairnstore/cairn/formats"
)

// A Checker holds one table against a contract while it is read.
type Checker struct {
	contract *Contract
	dir      string

	mu        sync.Mutex
	observers []*observer

	// What could not be read is told by the one goroutine that reads texts.
	malformed  *breach // records of CSV
	unsortable rows    // those where something that the table is sorted by is missing

	table  *formats.Table // once it is known
	places map[string][]int
	seen   map[string]*observer
}

// Checker returns a checker for one table. It keeps values that must be unique in
// temporary files in dir when they are many.
func (c *Contract) Checker(dir string) *Checker {
	return &Checker{contract: c, dir: dir, malformed: newBreach(), unsortable: newRows()}
}

// Close removes what is left of temporary files.
func (k *Checker) Close() error {
	for _, o := range k.observers {
		if o.values != nil {
			o.values.close()
		}
	}
	return nil
}

// Observe is a [formats.Observe]. Several goroutines may call it at once.
func (k *Checker) Observe(t formats.Type, p formats.Path) (formats.Observer, error) {
	c := k.contract.column(p.String())
	place := slices.Index(k.contract.sortedBy, p.String())
	if c == nil && place < 0 && k.contract.maxNullRatio == nil {
		return nil, nil
	}
	o := newObserver(k, t, p)
	if place >= 0 {
		o.sorted = &neighbours{class: classOf(t), down: newRows(), differ: newRows()}
	}
	if c != nil {
		o.column = c
		o.setRules(c)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.observers = append(k.observers, o)
	return o, nil
}

// Bad is an arrow.Bad function: a value that cannot be read breaks the rule of
// its type in its row, and a record of another number of fields that of fields.
func (k *Checker) Bad(row int64, p formats.Path, text string) {
	if p.String() == "" {
		k.malformed.add(row, func() string { return text })
		k.unsortable.add(row)
		return
	}
	for _, o := range k.observers {
		if o.path.String() == p.String() {
			o.unread.add(row, func() string { return clip(text) })
			if o.sorted != nil {
				k.unsortable.add(row)
			}
		}
	}
}

// uniqueLimit returns how many values of each column that must be unique are
// kept in memory.
func (k *Checker) uniqueLimit() int {
	columns := 0
	for _, c := range k.contract.columns {
		if c.unique {
			columns++
		}
	}
	return max(1<<14, inMemory/max(1, columns))
}

// setTable makes it known what the table is.
func (k *Checker) setTable(t *formats.Table) {
	k.table, k.places, k.seen = t, make(map[string][]int), make(map[string]*observer)
	for i, c := range t.Columns {
		k.places[c.Name] = append(k.places[c.Name], i)
	}
	for _, o := range k.observers {
		k.seen[o.path.String()] = o
	}
}

// find returns a column of the table, nil if there is not one, who observed it, nil
// if not to its end, and how many columns have its name.
func (k *Checker) find(name string) (in *formats.Column, o *observer, n int) {
	places := k.places[name]
	if len(places) != 1 {
		return nil, nil, len(places)
	}
	if o = k.seen[name]; o != nil && o.rows != k.table.Rows {
		o = nil
	}
	return &k.table.Columns[places[0]], o, 1
}

// Report says whether the table, which has been read to its end and is t, meets
// the contract. It is called once. An error comes from temporary files.
func (k *Checker) Report(t *formats.Table) (*Report, error) {
	k.setTable(t)
	r := &Report{Rows: t.Rows}
	c := k.contract
	if n := c.minRows; n != nil && t.Rows < *n {
		r.table("", RuleRows, "%s, fewer than the least, %d", plural(t.Rows, "row"), *n)
	}
	if n := c.maxRows; n != nil && t.Rows > *n {
		r.table("", RuleRows, "%s, more than the most, %d", plural(t.Rows, "row"), *n)
	}
	r.rows("", RuleFields, "with another number of fields than the header", k.malformed)
	for i := range c.columns {
		if err := k.reportColumn(r, &c.columns[i]); err != nil {
			return nil, err
		}
	}
	if c.maxNullRatio != nil {
		for _, col := range t.Columns {
			if c.column(col.Name) == nil {
				k.reportNulls(r, col.Name, *c.maxNullRatio)
			}
		}
	}
	k.reportOrder(r)
	slices.SortStableFunc(r.Violations, func(a, b Violation) int { return cmp.Compare(rank(a), rank(b)) })
	bad := roaring64.New()
	for _, b := range r.broken {
		if !b.table {
			bad.Or(b.set)
		}
	}
	r.BadRows = int64(bad.GetCardinality())
	return r, nil
}

// rank puts what is about the whole table first.
func rank(v Violation) int {
	if v.Table && v.Rows == 0 {
		return 0
	}
	return 1
}

// reportColumn adds what is wrong with a column that the contract names.
func (k *Checker) reportColumn(r *Report, c *column) error {
	in, o, n := k.find(c.name)
	switch {
	case n == 0:
		r.table(c.name, RuleColumn, "is missing")
		return nil
	case n > 1:
		r.table(c.name, RuleColumn, "is there %d times", n)
		return nil
	case c.typ != "" && in.Type != c.typ:
		r.table(c.name, RuleType, "has type %s, not %s", in.Type, c.typ)
		return nil
	case o == nil:
		r.table(c.name, RuleType, "cannot be checked: %s", in.Reason)
		return nil
	case o.wrong != nil:
		r.table(c.name, RuleType, "is of type %s, for which a rule makes no sense: %s", in.Type, o.wrong)
		return nil
	}
	r.rows(c.name, RuleType, "not of type "+string(in.Type), o.unread)
	if o.null != nil {
		r.rows(c.name, RuleNullable, "without value", o.null)
	}
	for i, test := range o.tests {
		r.rows(c.name, test.rule, test.reason, o.failed[i])
	}
	if o.values != nil {
		b := newBreach()
		if err := o.values.repeated(b); err != nil {
			return err
		}
		r.rows(c.name, RuleUnique, "repeating the value of an earlier row", b)
	}
	if limit := cmp.Or(c.maxNullRatio, k.contract.maxNullRatio); limit != nil {
		k.reportNulls(r, c.name, *limit)
	}
	return nil
}

// reportNulls adds a column that has too many nulls. What could not be read is none.
func (k *Checker) reportNulls(r *Report, name string, limit float64) {
	in, o, n := k.find(name)
	switch {
	case n > 1:
		r.table(name, RuleNulls, "is there %d times", n)
		return
	case o == nil:
		r.table(name, RuleNulls, "cannot be checked: %s", in.Reason)
		return
	}
	what := "row"
	if o.path.MaxRepetition() > 0 {
		what = "entry"
	}
	nulls := o.nulls - int64(roaring64.Or(o.unread.all(), k.malformed.all()).GetCardinality())
	if float64(nulls) > limit*float64(o.entries) {
		r.table(name, RuleNulls, "has %s in %s, more than the max_null_ratio %v", plural(nulls, "null"), plural(o.entries, what), limit)
	}
}

func plural(n int64, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "entry":
		return fmt.Sprintf("%d entries", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
