package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/cairnstore/cairn/formats"
)

// A row is 5 integers, 4 floats, 2 timestamps, 2 booleans, 4 strings of few
// words, 2 strings of many, and an integer that may be null.
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

// writeFiles writes the same table by both writers with both compressions.
// pyarrow writes what it has read, as it writes by default.
func writeFiles(p *peer, dir string, rows int) ([]string, error) {
	var files []string
	for _, codec := range []compress.Codec{&parquetgo.Zstd, &parquetgo.Snappy} {
		name := strings.ToLower(codec.String())
		file := filepath.Join(dir, "parquet-go, "+name+".parquet")
		again := filepath.Join(dir, "pyarrow, "+name+".parquet")
		if err := writeFile(file, codec, rows); err != nil {
			return nil, err
		}
		if _, err := p.tell(order{File: file, Cores: 2, To: again, Codec: name}); err != nil {
			return nil, err
		}
		files = append(files, file, again)
	}
	return files, sameTable(files)
}

func writeFile(name string, codec compress.Codec, rows int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := parquetgo.NewGenericWriter[row](f, parquetgo.Compression(codec), parquetgo.PageBufferSize(1<<20), parquetgo.MaxRowsPerRowGroup(250_000))
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

// sameTable checks that what is going to be compared is the same table.
func sameTable(files []string) error {
	var first formats.Digest
	for i, file := range files {
		t, err := inspect(context.Background(), file, 0)
		if err != nil {
			return err
		}
		if i == 0 {
			first = t.Digest
		}
		if t.Digest != first || first.IsZero() {
			return fmt.Errorf("%s has the digest %s (%s), and the first file %s", file, t.Digest, t.Reason, first)
		}
	}
	return nil
}
