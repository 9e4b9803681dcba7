package parquet

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/cairnstore/cairn/formats"
)

// A style is a way to write the same table.
type style struct {
	codec    compress.Codec
	encoding map[parquetgo.Kind]encoding.Encoding
	version  int
	page     int
	group    int
	optional bool // declare everything nullable
	list     string
	rows     int  // 0 stands for testRows
	reverse  bool // the last row comes first
}

const testRows = 3000

// A testColumn is a column with what it holds in each row.
type testColumn struct {
	name  string
	node  parquetgo.Node
	value func(i int) (v parquetgo.Value, null bool)
}

func col[T any](name string, node parquetgo.Node, value func(i int) T) testColumn {
	return testColumn{name, node, func(i int) (parquetgo.Value, bool) { return parquetgo.ValueOf(value(i)), false }}
}

// testColumns has a column of each type, two with nulls, and two of few words.
func testColumns() []testColumn {
	words := []string{"", "a", "é", "日本語", "a longer word than the others", "a longer word than"}
	return []testColumn{
		col("bool", parquetgo.Leaf(parquetgo.BooleanType), func(i int) bool { return i%3 == 0 }),
		col("int8", parquetgo.Int(8), func(i int) int32 { return int32(int8(i * 7)) }),
		col("int16", parquetgo.Int(16), func(i int) int32 { return int32(int16(i * 700)) }),
		col("int32", parquetgo.Int(32), func(i int) int32 { return int32(i * 70001) }),
		col("int64", parquetgo.Int(64), func(i int) int64 { return int64(i) * -7_000_000_001 }),
		col("uint8", parquetgo.Uint(8), func(i int) int32 { return int32(uint8(i * 7)) }),
		col("uint32", parquetgo.Uint(32), func(i int) int32 { return int32(i * 2_000_001) }),
		col("uint64", parquetgo.Uint(64), func(i int) int64 { return int64(i) * math.MaxInt64 }),
		col("float", parquetgo.Leaf(parquetgo.FloatType), func(i int) float32 { return float32(i) / -3 }),
		col("double", parquetgo.Leaf(parquetgo.DoubleType), func(i int) float64 {
			if i == 20 {
				return math.NaN()
			}
			return math.Sqrt(float64(i))
		}),
		col("date", parquetgo.Date(), func(i int) int32 { return int32(i) }),
		col("timestamp", parquetgo.Timestamp(parquetgo.Microsecond), func(i int) int64 { return int64(i) * 1_000_003 }),
		col("time", parquetgo.Time(parquetgo.Millisecond), func(i int) int32 { return int32(i * 1003) }),
		col("decimal", parquetgo.Decimal(2, 5, parquetgo.Int32Type), func(i int) int32 { return int32(i - 1000) }),
		col("uuid", parquetgo.UUID(), func(i int) [16]byte { return [16]byte{byte(i), byte(i >> 8), 15: 1} }),
		col("fixed", parquetgo.Leaf(parquetgo.FixedLenByteArrayType(3)), func(i int) [3]byte { return [3]byte{byte(i / 100), 1, 2} }),
		col("binary", parquetgo.Leaf(parquetgo.ByteArrayType), func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%5) }),
		col("word", parquetgo.String(), func(i int) string { return words[i%len(words)] }),
		col("text", parquetgo.String(), func(i int) string { return fmt.Sprintf("text %d of %d", i, i*i) }),
		col("json", parquetgo.JSON(), func(i int) []byte { return fmt.Appendf(nil, `{"a":%d}`, i%10) }),
		{"null", parquetgo.Int(64), func(i int) (parquetgo.Value, bool) { return parquetgo.ValueOf(int64(i)), i%4 == 1 }},
		{"nullword", parquetgo.String(), func(i int) (parquetgo.Value, bool) {
			return parquetgo.ValueOf(words[i%3]), i > 1000 && i < 2000 || i == 7
		}},
	}
}

// list returns the values of a row of the column "list", which has no nulls, so
// that each style can write it.
func list(i int) []int64 { return slices.Repeat([]int64{int64(i), 5}, i%4) }

// An annotated group is one with the type of a list around it.
type annotated struct {
	parquetgo.Group
	typ parquetgo.Type
}

func (a annotated) Type() parquetgo.Type { return a.typ }

// listNode returns the declaration of a list in a style, and the definition
// levels of an empty list and of an element.
func listNode(style string, leaf parquetgo.Node) (n parquetgo.Node, empty, element int) {
	three := func(e parquetgo.Node) parquetgo.Node { return parquetgo.List(e) }
	switch style {
	case "bare":
		return parquetgo.Repeated(leaf), 0, 1
	case "two levels":
		return annotated{parquetgo.Group{"array": parquetgo.Repeated(leaf)}, three(leaf).Type()}, 0, 1
	case "two levels, optional":
		return parquetgo.Optional(annotated{parquetgo.Group{"l_tuple": parquetgo.Repeated(leaf)}, three(leaf).Type()}), 1, 2
	case "three levels, optional":
		return parquetgo.Optional(three(parquetgo.Optional(leaf))), 1, 3
	case "three levels, optional list":
		return parquetgo.Optional(three(leaf)), 1, 2
	case "three levels, optional element":
		return three(parquetgo.Optional(leaf)), 0, 2
	default:
		return three(leaf), 0, 1
	}
}

var listStyles = []string{"", "bare", "two levels", "two levels, optional", "three levels, optional", "three levels, optional list", "three levels, optional element"}

// write writes the columns, and a list, in a style.
func write(t testing.TB, s style, columns []testColumn) []byte {
	t.Helper()
	group := parquetgo.Group{}
	leaf := func(c testColumn) parquetgo.Node {
		if e := s.encoding[c.node.Type().Kind()]; e != nil {
			return parquetgo.Encoded(c.node, e)
		}
		return c.node
	}
	nullable := func(c testColumn) bool { return s.optional || c.name == "null" || c.name == "nullword" }
	for _, c := range columns {
		if group[c.name] = leaf(c); nullable(c) {
			group[c.name] = parquetgo.Optional(leaf(c))
		}
	}
	listLeaf := testColumn{node: parquetgo.Int(64)}
	var empty, element int
	group["list"], empty, element = listNode(s.list, leaf(listLeaf))
	schema := parquetgo.NewSchema("test", group)
	index := map[string]int{}
	for i, path := range schema.Columns() {
		index[path[0]] = i
	}

	var out bytes.Buffer
	config := &parquetgo.WriterConfig{Schema: schema, Compression: s.codec, DataPageVersion: s.version, PageBufferSize: s.page}
	w := parquetgo.NewWriter(&out, config)
	rows := cmp.Or(s.rows, testRows)
	for n := range rows {
		i := n
		if s.reverse {
			i = rows - 1 - n
		}
		var row parquetgo.Row
		for _, c := range columns {
			v, null := c.value(i)
			switch {
			case null:
				v = parquetgo.NullValue().Level(0, 0, index[c.name])
			case nullable(c):
				v = v.Level(0, 1, index[c.name])
			default:
				v = v.Level(0, 0, index[c.name])
			}
			row = append(row, v)
		}
		values := list(i)
		if len(values) == 0 {
			row = append(row, parquetgo.NullValue().Level(0, empty, index["list"]))
		}
		for k, v := range values {
			row = append(row, parquetgo.ValueOf(v).Level(min(k, 1), element, index["list"]))
		}
		slices.SortStableFunc(row, func(a, b parquetgo.Value) int { return a.Column() - b.Column() })
		if _, err := w.WriteRows([]parquetgo.Row{row}); err != nil {
			t.Fatal(err)
		}
		if s.group > 0 && (n+1)%s.group == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func inspect(t testing.TB, file []byte) *formats.Table {
	t.Helper()
	table, err := Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

var codecs = map[string]compress.Codec{
	"none": &parquetgo.Uncompressed, "snappy": &parquetgo.Snappy, "gzip": &parquetgo.Gzip,
	"zstd": &parquetgo.Zstd, "lz4": &parquetgo.Lz4Raw, "brotli": &parquetgo.Brotli,
}

type encodings = map[parquetgo.Kind]encoding.Encoding

var dictionaries = encodings{
	parquetgo.Int32: &parquetgo.RLEDictionary, parquetgo.Int64: &parquetgo.RLEDictionary, parquetgo.Float: &parquetgo.RLEDictionary,
	parquetgo.Double: &parquetgo.RLEDictionary, parquetgo.ByteArray: &parquetgo.RLEDictionary, parquetgo.FixedLenByteArray: &parquetgo.RLEDictionary,
}

var plains = encodings{
	parquetgo.Int32: &parquetgo.Plain, parquetgo.Int64: &parquetgo.Plain, parquetgo.Float: &parquetgo.Plain,
	parquetgo.Double: &parquetgo.Plain, parquetgo.ByteArray: &parquetgo.Plain, parquetgo.FixedLenByteArray: &parquetgo.Plain,
}

var others = encodings{
	parquetgo.Int32: &parquetgo.DeltaBinaryPacked, parquetgo.Int64: &parquetgo.DeltaBinaryPacked, parquetgo.Boolean: &parquetgo.RLE,
	parquetgo.Float: &parquetgo.ByteStreamSplit, parquetgo.Double: &parquetgo.ByteStreamSplit,
	parquetgo.ByteArray: &parquetgo.DeltaByteArray, parquetgo.FixedLenByteArray: &parquetgo.DeltaByteArray,
}
