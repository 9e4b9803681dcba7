// Package table has the table that the columnar digest is measured on: 5 integers,
// 4 floats, 2 timestamps, 2 booleans, 4 strings of few words, 2 strings of many,
// and an integer that may be null. It is the same one each time.
package table

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// RowsPerGroup is the number of rows of each row group but the last of a large
// table.
const RowsPerGroup = 250_000

type row struct {
	ID     int64   `parquet:"id"`
	User   int64   `parquet:"user"`
	Count  int32   `parquet:"count"`
	Score  int32   `parquet:"score"`
	Random int64   `parquet:"random"`
	Price  float64 `parquet:"price"`
	Amount float64 `parquet:"amount"`
	Lat    float64 `parquet:"lat"`
	Lon    float64 `parquet:"lon"`

	Created time.Time `parquet:"created,timestamp(microsecond)"`
	Updated time.Time `parquet:"updated,timestamp(microsecond)"`
	Active  bool      `parquet:"active"`
	Paid    bool      `parquet:"paid"`
	Country string    `parquet:"country,dict"`
	City    string    `parquet:"city,dict"`
	Kind    string    `parquet:"kind,dict"`
	Status  string    `parquet:"status,dict"`
	Session string    `parquet:"session,plain"`
	Comment string    `parquet:"comment,plain"`
	Age     *int64    `parquet:"age,optional"`
}

func newRow(r *rand.Rand, i int64) row {
	word := func(prefix string, n int) string { return fmt.Sprintf("%s-%03d", prefix, r.IntN(n)) }
	created := time.UnixMicro(1_700_000_000_000_000 + i*1_000 + r.Int64N(1000))
	made := row{
		ID: i, User: r.Int64N(200_000), Count: r.Int32N(100), Score: r.Int32(), Random: r.Int64(),
		Price: float64(r.IntN(100_000)) / 100, Amount: r.NormFloat64(), Lat: r.Float64()*180 - 90, Lon: r.Float64()*360 - 180,
		Created: created, Updated: created.Add(time.Duration(r.Int64N(1e15))), Active: r.IntN(2) == 0, Paid: r.IntN(10) == 0,
		Country: word("country", 10), City: word("some-city", 200), Kind: word("kind", 5), Status: word("status", 30),
		Session: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()),
		Comment: fmt.Sprintf("customer %d said %s about item %d", r.IntN(200_000), word("thing", 1000), r.IntN(50_000)),
	}
	if r.IntN(10) > 0 {
		made.Age = new(r.Int64N(100))
	}
	return made
}

// Write writes the first rows of the table as Parquet, so many to a row group.
func Write(to io.Writer, codec compress.Codec, rows, rowsPerGroup int) error {
	w := parquet.NewGenericWriter[row](to, parquet.Compression(codec), parquet.PageBufferSize(1<<20), parquet.MaxRowsPerRowGroup(int64(rowsPerGroup)))
	random := rand.New(rand.NewPCG(1, 2))
	batch := make([]row, 0, 10_000)
	for i := range rows {
		batch = append(batch, newRow(random, int64(i)))
		if len(batch) == cap(batch) || i == rows-1 {
			if _, err := w.Write(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return w.Close()
}
