package formats_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	arrowparquet "github.com/apache/arrow/go/v17/parquet"
	arrowcompress "github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"
)

// peerRows and what follows are the tables of peers.py once more, in Go.
const peerRows = 2500

type peerRow struct {
	ID    int64   `parquet:"id"`
	Small int32   `parquet:"small"`
	Maybe *int64  `parquet:"maybe,optional"`
	Score float64 `parquet:"score"`
	Flag  bool    `parquet:"flag"`
	City  string  `parquet:"city"`
	Note  *string `parquet:"note,optional"`
	Day   int32   `parquet:"day,date"`
	At    int64   `parquet:"at,timestamp(microsecond:local)"`
}

type peerNested struct {
	Tags   []*string         `parquet:"tags,optional,list"`
	Spans  []peerSpan        `parquet:"spans,optional,list"`
	Place  *peerPlace        `parquet:"place,optional"`
	Prices map[string]*int64 `parquet:"prices,optional"`
}

type peerSpan struct {
	First int64  `parquet:"first"`
	Last  *int64 `parquet:"last,optional"`
}

type peerPlace struct {
	X float64  `parquet:"x"`
	Y *float64 `parquet:"y,optional"`
}

func peerTable() []peerRow {
	rows := make([]peerRow, peerRows)
	for i := range rows {
		n := int64(i)
		rows[i] = peerRow{
			ID: n, Small: int32(i % 7), Score: float64(i) / 8, Flag: i%3 == 0, City: []string{"Oslo", "Rome", "Lima"}[i%3],
			Day: int32(i % 400), At: 1_780_000_000_000_000 + n*1_000_003,
		}
		if i%5 != 0 {
			rows[i].Maybe = new(n * n)
		}
		if i%11 != 0 {
			rows[i].Note = new(fmt.Sprintf("row %d, é", i))
		}
	}
	return rows
}

func peerNestedTable() []peerNested {
	rows := make([]peerNested, peerRows)
	for i := range rows {
		r, n := &rows[i], int64(i)
		if i%7 != 0 {
			r.Tags = make([]*string, i%4)
			for k := range r.Tags {
				if k != 2 {
					r.Tags[k] = new(fmt.Sprintf("tag %d", (i+k)%9))
				}
			}
		}
		if i%13 != 0 {
			r.Spans = make([]peerSpan, i%3)
			for k := range r.Spans {
				if r.Spans[k].First = n; k == 0 {
					r.Spans[k].Last = new(n)
				}
			}
		}
		if i%6 != 0 {
			r.Place = &peerPlace{X: float64(i) / 4}
			if i%5 != 0 {
				r.Place.Y = new(-float64(i) / 4)
			}
		}
		if i%17 != 0 {
			r.Prices = map[string]*int64{}
			for k := range n % 3 {
				r.Prices[fmt.Sprint("key ", k)] = nil
				if k != 1 {
					r.Prices[fmt.Sprint("key ", k)] = new(n * k)
				}
			}
		}
	}
	return rows
}

// A form is one way to write a Parquet file.
type form struct {
	dictionary bool
	version    int
	group      int // rows
}

func forms(yield func(form) bool) {
	for _, dictionary := range []bool{true, false} {
		for version := 1; version <= 2; version++ {
			for _, group := range []int{1000, peerRows} {
				if !yield(form{dictionary, version, group}) {
					return
				}
			}
		}
	}
}

func (f form) String() string {
	return fmt.Sprintf("%s-v%d-%d", map[bool]string{true: "dictionary", false: "plain"}[f.dictionary], f.version, f.group)
}

// writeParquetGo writes rows below dir with parquet-go in every form and
// compression.
func writeParquetGo[T any](t *testing.T, dir string, rows []T) {
	codecs := map[string]compress.Codec{
		"none": &parquetgo.Uncompressed, "snappy": &parquetgo.Snappy, "gzip": &parquetgo.Gzip,
		"zstd": &parquetgo.Zstd, "brotli": &parquetgo.Brotli, "lz4raw": &parquetgo.Lz4Raw,
	}
	for name, codec := range codecs {
		for form := range forms {
			options := []parquetgo.WriterOption{
				parquetgo.Compression(codec), parquetgo.DataPageVersion(form.version), parquetgo.MaxRowsPerRowGroup(int64(form.group)), parquetgo.PageBufferSize(4096),
			}
			for _, kind := range []parquetgo.Kind{parquetgo.Int32, parquetgo.Int64, parquetgo.Double, parquetgo.ByteArray} {
				var e encoding.Encoding = &parquetgo.Plain
				if form.dictionary {
					e = &parquetgo.RLEDictionary
				}
				options = append(options, parquetgo.DefaultEncodingFor(kind, e))
			}
			writeFile(t, filepath.Join(dir, fmt.Sprintf("parquetgo-%s-%s.parquet", name, form)), func(out io.WriteSeeker) error {
				w := parquetgo.NewGenericWriter[T](out, options...)
				if _, err := w.Write(rows); err != nil {
					return err
				}
				return w.Close()
			})
		}
	}
}

// writeArrowGo writes a record below dir with arrow-go: as Parquet in every form
// and every compression that it has, of which LZ4 is none, and as Arrow files.
func writeArrowGo(t *testing.T, dir string, record arrow.Record) {
	codecs := map[string]arrowcompress.Compression{
		"none": arrowcompress.Codecs.Uncompressed, "snappy": arrowcompress.Codecs.Snappy, "gzip": arrowcompress.Codecs.Gzip,
		"zstd": arrowcompress.Codecs.Zstd, "brotli": arrowcompress.Codecs.Brotli,
	}
	for name, codec := range codecs {
		for form := range forms {
			properties := arrowparquet.NewWriterProperties(arrowparquet.WithCompression(codec), arrowparquet.WithDictionaryDefault(form.dictionary),
				arrowparquet.WithDataPageVersion(arrowparquet.DataPageVersion(form.version-1)), arrowparquet.WithDataPageSize(4096))
			writeFile(t, filepath.Join(dir, fmt.Sprintf("arrowgo-%s-%s.parquet", name, form)), func(out io.WriteSeeker) error {
				table := array.NewTableFromRecords(record.Schema(), []arrow.Record{record})
				return pqarrow.WriteTable(table, out, int64(form.group), properties, pqarrow.DefaultWriterProps())
			})
		}
	}
	for name, option := range map[string]ipc.Option{"none": ipc.WithSchema(record.Schema()), "lz4": ipc.WithLZ4(), "zstd": ipc.WithZstd()} {
		writeFile(t, filepath.Join(dir, "arrowgo-"+name+".feather"), func(out io.WriteSeeker) error {
			w, err := ipc.NewFileWriter(out, ipc.WithSchema(record.Schema()), option)
			if err != nil {
				return err
			}
			for start := int64(0); start < record.NumRows(); start += 700 {
				if err := w.Write(record.NewSlice(start, min(start+700, record.NumRows()))); err != nil {
					return err
				}
			}
			return w.Close()
		})
	}
}

func writeFile(t *testing.T, file string, write func(io.WriteSeeker) error) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Some writers close what they write to, if they can.
	if err := write(struct{ io.WriteSeeker }{f}); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func peerRecord() arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "small", Type: arrow.PrimitiveTypes.Int32},
		{Name: "maybe", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
		{Name: "flag", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "city", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
	}, nil))
	for _, r := range peerTable() {
		b.Field(0).(*array.Int64Builder).Append(r.ID)
		b.Field(1).(*array.Int32Builder).Append(r.Small)
		appendTo(b.Field(2), r.Maybe)
		b.Field(3).(*array.Float64Builder).Append(r.Score)
		b.Field(4).(*array.BooleanBuilder).Append(r.Flag)
		b.Field(5).(*array.StringBuilder).Append(r.City)
		appendTo(b.Field(6), r.Note)
		b.Field(7).(*array.Date32Builder).Append(arrow.Date32(r.Day))
		b.Field(8).(*array.TimestampBuilder).Append(arrow.Timestamp(r.At))
	}
	return b.NewRecord()
}

func peerNestedRecord() arrow.Record {
	null := func(name string, t arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: t, Nullable: true}
	}
	span := arrow.StructOf(null("first", arrow.PrimitiveTypes.Int64), null("last", arrow.PrimitiveTypes.Int64))
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		null("tags", arrow.ListOf(arrow.BinaryTypes.String)),
		null("spans", arrow.ListOf(span)),
		null("place", arrow.StructOf(null("x", arrow.PrimitiveTypes.Float64), null("y", arrow.PrimitiveTypes.Float64))),
		null("prices", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)),
	}, nil))
	tags, spans := b.Field(0).(*array.ListBuilder), b.Field(1).(*array.ListBuilder)
	place, prices := b.Field(2).(*array.StructBuilder), b.Field(3).(*array.MapBuilder)
	for _, r := range peerNestedTable() {
		tags.Append(r.Tags != nil)
		for _, tag := range r.Tags {
			appendTo(tags.ValueBuilder(), tag)
		}
		spans.Append(r.Spans != nil)
		for _, s := range r.Spans {
			span := spans.ValueBuilder().(*array.StructBuilder)
			span.Append(true)
			appendTo(span.FieldBuilder(0), &s.First)
			appendTo(span.FieldBuilder(1), s.Last)
		}
		if place.Append(r.Place != nil); r.Place != nil {
			appendTo(place.FieldBuilder(0), &r.Place.X)
			appendTo(place.FieldBuilder(1), r.Place.Y)
		}
		prices.Append(r.Prices != nil)
		for _, k := range slices.Sorted(maps.Keys(r.Prices)) {
			appendTo(prices.KeyBuilder(), &k)
			appendTo(prices.ItemBuilder(), r.Prices[k])
		}
	}
	return b.NewRecord()
}

// appendTo appends what v points to, or a null.
func appendTo[V any](b array.Builder, v *V) {
	if v == nil {
		b.AppendNull()
		return
	}
	b.(interface{ Append(V) }).Append(*v)
}
