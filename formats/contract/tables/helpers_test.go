package tables_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	goarrow "github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/formats/contract/tables"
)

// A table is columns of int64, float64 and string by their names; nil is null.
type table struct {
	names   []string
	columns [][]any // a value for each row
}

// tableOf makes a table of words, which are "NAME VALUE...", null for none.
func tableOf(columns ...string) table {
	var t table
	for _, column := range columns {
		words := strings.Split(column, " ")
		t.names = append(t.names, words[0])
		var values []any
		for _, w := range words[1:] {
			values = append(values, valueOf(w, words[0][0]))
		}
		t.columns = append(t.columns, values)
	}
	return t
}

// valueOf reads a value whose type the first letter of the column's name says.
func valueOf(word string, typ byte) any {
	switch {
	case word == "null":
		return nil
	case typ == 'i':
		v, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			panic(err)
		}
		return v
	case typ == 'f':
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			panic(err)
		}
		return v
	}
	return word
}

func (t table) rows() int { return len(t.columns[0]) }

// only returns the rows that keep says.
func (t table) only(keep func(row int) bool) table {
	out := table{names: t.names, columns: make([][]any, len(t.columns))}
	for i, values := range t.columns {
		for row, v := range values {
			if keep(row) {
				out.columns[i] = append(out.columns[i], v)
			}
		}
	}
	return out
}

var allFormats = []tables.Format{tables.CSV, tables.TSV, tables.NDJSON, tables.Parquet, tables.IPC}

func (t table) write(tb testing.TB, f tables.Format) []byte {
	tb.Helper()
	switch f {
	case tables.CSV:
		return t.csv(",")
	case tables.TSV:
		return t.csv("\t")
	case tables.NDJSON:
		return t.ndjson()
	case tables.Parquet:
		return t.parquet(tb)
	}
	return t.ipc(tb)
}

func (t table) csv(delimiter string) []byte {
	var b bytes.Buffer
	b.WriteString(strings.Join(t.names, delimiter) + "\n")
	for row := range t.rows() {
		var fields []string
		for _, values := range t.columns {
			switch v := values[row].(type) {
			case nil:
				fields = append(fields, "")
			case string:
				fields = append(fields, `"`+strings.ReplaceAll(v, `"`, `""`)+`"`)
			default:
				fields = append(fields, fmt.Sprint(v))
			}
		}
		b.WriteString(strings.Join(fields, delimiter) + "\r\n")
	}
	return b.Bytes()
}

func (t table) ndjson() []byte {
	var b bytes.Buffer
	for row := range t.rows() {
		line := map[string]any{}
		for i, values := range t.columns {
			if values[row] != nil {
				line[t.names[i]] = values[row]
			}
		}
		text, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		b.Write(append(text, '\n'))
	}
	return b.Bytes()
}

func (t table) parquet(tb testing.TB) []byte {
	group := parquetgo.Group{}
	for _, name := range t.names {
		leaf := map[byte]parquetgo.Node{
			'i': parquetgo.Encoded(parquetgo.Int(64), &parquetgo.RLEDictionary), 'f': parquetgo.Leaf(parquetgo.DoubleType), 's': parquetgo.Encoded(parquetgo.String(), &parquetgo.RLEDictionary),
		}[name[0]]
		group[name] = parquetgo.Optional(leaf)
	}
	var b bytes.Buffer
	schema := parquetgo.NewSchema("t", group)
	w := parquetgo.NewGenericWriter[any](&b, &parquetgo.WriterConfig{Schema: schema, Compression: &parquetgo.Zstd, MaxRowsPerRowGroup: 50, KeyValueMetadata: map[string]string{"who": "me"}})
	for line := range t.rows() {
		var row parquetgo.Row
		for column, path := range schema.Columns() {
			switch v := t.columns[slices.Index(t.names, path[0])][line]; v {
			case nil:
				row = append(row, parquetgo.NullValue().Level(0, 0, column))
			default:
				row = append(row, parquetgo.ValueOf(v).Level(0, 1, column))
			}
		}
		if _, err := w.WriteRows([]parquetgo.Row{row}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func (t table) ipc(tb testing.TB) []byte {
	var fields []goarrow.Field
	for _, name := range t.names {
		typ := map[byte]goarrow.DataType{'i': goarrow.PrimitiveTypes.Int64, 'f': goarrow.PrimitiveTypes.Float64, 's': goarrow.BinaryTypes.String}[name[0]]
		fields = append(fields, goarrow.Field{Name: name, Type: typ, Nullable: true})
	}
	schema := goarrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, values := range t.columns {
		for _, v := range values {
			switch v := v.(type) {
			case nil:
				b.Field(i).AppendNull()
			case int64:
				b.Field(i).(*array.Int64Builder).Append(v)
			case float64:
				b.Field(i).(*array.Float64Builder).Append(v)
			case string:
				b.Field(i).(*array.StringBuilder).Append(v)
			}
		}
	}
	batch := b.NewRecord()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(schema), ipc.WithZstd())
	for from := int64(0); from < batch.NumRows(); from += 70 {
		if err := w.Write(batch.NewSlice(from, min(from+70, batch.NumRows()))); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// parseContract parses a contract; a column without a type has that of its name.
func parseContract(tb testing.TB, text string) *contract.Contract {
	tb.Helper()
	c, err := contract.Parse([]byte(text))
	if err != nil {
		tb.Fatalf("%s\n%v", text, err)
	}
	return c
}

func inspect(tb testing.TB, f tables.Format, b []byte, c *contract.Contract) (*formats.Table, *contract.Report) {
	tb.Helper()
	t, r, err := tables.Inspect(tb.Context(), f, bytes.NewReader(b), int64(len(b)), &tables.Options{Contract: c, Dir: tb.TempDir()})
	if err != nil {
		tb.Fatalf("%s: %v", f, err)
	}
	return t, r
}

var nan = math.NaN()
