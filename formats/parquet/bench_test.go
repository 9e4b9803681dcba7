package parquet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

const benchRows = 2_000_000

// A benchRow is 5 integers, 4 floats, 2 timestamps, 2 booleans, 4 strings of few
// words, 2 strings of many, and an integer that may be null.
type benchRow struct {
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

var benchFiles = sync.OnceValue(func() map[string][]byte {
	return map[string][]byte{"zstd": benchFile(&parquetgo.Zstd, benchRows), "snappy": benchFile(&parquetgo.Snappy, benchRows)}
})

func benchFile(codec compress.Codec, n int) []byte {
	var b bytes.Buffer
	w := parquetgo.NewGenericWriter[benchRow](&b, parquetgo.Compression(codec), parquetgo.PageBufferSize(1<<20))
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]benchRow, 10_000)
	for start := 0; start < n; start += len(rows) {
		for i := range rows {
			rows[i] = newBenchRow(random, int64(start+i))
		}
		w.Write(rows)
		if start%(n/8) == 0 && start > 0 {
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func newBenchRow(r *rand.Rand, i int64) benchRow {
	word := func(prefix string, n int) string { return fmt.Sprintf("%s-%03d", prefix, r.IntN(n)) }
	created := time.UnixMicro(1_700_000_000_000_000 + i*1_000 + r.Int64N(1000))
	row := benchRow{
		ID: i, User: r.Int64N(200_000), Count: r.Int32N(100), Score: r.Int32(), Random: r.Int64(),
		Price: float64(r.IntN(100_000)) / 100, Amount: r.NormFloat64(), Lat: r.Float64()*180 - 90, Lon: r.Float64()*360 - 180,
		Created: created, Updated: created.Add(time.Duration(r.Int64N(1e15))), Active: r.IntN(2) == 0, Paid: r.IntN(10) == 0,
		Country: word("country", 10), City: word("some-city", 200), Kind: word("kind", 5), Status: word("status", 30),
		Session: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()),
		Comment: fmt.Sprintf("customer %d said %s about item %d", r.IntN(200_000), word("thing", 1000), r.IntN(50_000)),
	}
	if r.IntN(10) > 0 {
		age := r.Int64N(100)
		row.Age = &age
	}
	return row
}

// decodePages is what the library does to have the values of all pages.
func decodePages(file []byte, workers int) error {
	f, err := parquetgo.OpenFile(bytes.NewReader(file), int64(len(file)),
		&parquetgo.FileConfig{SkipPageIndex: true, SkipBloomFilters: true, ReadBufferSize: 64 << 10})
	if err != nil {
		return err
	}
	columns := len(f.RowGroups()[0].ColumnChunks())
	return parallel(context.Background(), workers, columns*len(f.RowGroups()), func(_ context.Context, i int) error {
		pages := f.RowGroups()[i/columns].ColumnChunks()[i%columns].Pages()
		defer pages.Close()
		for {
			p, err := pages.ReadPage()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			p.Data()
			parquetgo.Release(p)
		}
	})
}

// The ratio of decoding alone to Inspect is what the digest costs. Both run in
// turns, and the fastest of each counts, since others may be using the machine.
func BenchmarkInspect(b *testing.B) {
	for _, c := range []struct {
		codec   string
		workers int
		sketch  bool
	}{{"zstd", 1, false}, {"zstd", 2, false}, {"snappy", 1, false}, {"snappy", 2, false}, {"zstd", 2, true}} {
		b.Run(fmt.Sprintf("%s/workers=%d/sketch=%v", c.codec, c.workers, c.sketch), func(b *testing.B) {
			file := benchFiles()[c.codec]
			b.SetBytes(int64(len(file)))
			decode, inspect := time.Hour, time.Hour
			for b.Loop() {
				start := time.Now()
				if err := decodePages(file, c.workers); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if _, err := Inspect(b.Context(), bytes.NewReader(file), int64(len(file)), &Options{Workers: c.workers, Sketch: c.sketch}); err != nil {
					b.Fatal(err)
				}
				decode = min(decode, middle.Sub(start))
				inspect = min(inspect, time.Since(middle))
			}
			b.ReportMetric(decode.Seconds()*1e3, "decode-ms")
			b.ReportMetric(inspect.Seconds()*1e3, "inspect-ms")
			b.ReportMetric(decode.Seconds()/inspect.Seconds(), "decode/inspect")
		})
	}
}

// What Inspect takes, without the file.
func BenchmarkMemory(b *testing.B) {
	file := benchFiles()["zstd"]
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Inspect(b.Context(), bytes.NewReader(file), int64(len(file)), nil); err != nil {
			b.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/(1<<20), "allocated-MiB")
	}
}
