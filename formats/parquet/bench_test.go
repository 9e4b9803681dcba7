package parquet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/cairnstore/cairn/bench/table"
)

const benchRows = 2_000_000

var benchFiles = sync.OnceValue(func() map[string][]byte {
	return map[string][]byte{"zstd": benchFile(&parquetgo.Zstd, benchRows), "snappy": benchFile(&parquetgo.Snappy, benchRows)}
})

func benchFile(codec compress.Codec, rows int) []byte {
	var b bytes.Buffer
	if err := table.Write(&b, codec, rows, min(table.RowsPerGroup, rows/8)); err != nil {
		panic(err)
	}
	return b.Bytes()
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
