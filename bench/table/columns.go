package table

import (
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/parquet-go/parquet-go"
)

// Columns is a table of random integers, of which nothing can be compressed. Two
// that differ in one thing have equal bytes in all other column chunks.
type Columns struct {
	Columns  int
	Groups   int // row groups
	Rows     int // of each group
	Changed  int // number of a column that has other values; 0 for none
	Appended int // rows of one group more
}

// WriteColumns writes c as Parquet, not compressed.
func WriteColumns(to io.Writer, c Columns) error {
	group := parquet.Group{}
	for i := range c.Columns {
		group[fmt.Sprintf("c%03d", i+1)] = parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.Plain)
	}
	w := parquet.NewGenericWriter[any](to, parquet.NewSchema("columns", group), parquet.PageBufferSize(1<<20))
	for g := range c.Groups {
		if err := c.writeGroup(w, g, c.Rows); err != nil {
			return err
		}
	}
	if c.Appended > 0 {
		if err := c.writeGroup(w, c.Groups, c.Appended); err != nil {
			return err
		}
	}
	return w.Close()
}

func (c *Columns) writeGroup(w *parquet.GenericWriter[any], group, rows int) error {
	values := make([]parquet.Value, 8192)
	for i, column := range w.ColumnWriters() {
		seed := uint64(i)
		if i+1 == c.Changed {
			seed += 1 << 32
		}
		random := rand.New(rand.NewPCG(seed, uint64(group)))
		for left := rows; left > 0; {
			batch := values[:min(left, len(values))]
			for n := range batch {
				batch[n] = parquet.Int64Value(int64(random.Uint64())).Level(0, 0, i)
			}
			if _, err := column.WriteRowValues(batch); err != nil {
				return err
			}
			left -= len(batch)
		}
	}
	return w.Flush()
}
