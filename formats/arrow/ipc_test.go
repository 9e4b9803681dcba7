package arrow

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/cairnstore/cairn/formats"
)

// A way is one of the ways to write batches.
type way struct {
	name    string
	file    bool
	options []ipc.Option
}

var ways = []way{
	{"stream", false, nil},
	{"file", true, nil},
	{"stream, LZ4", false, []ipc.Option{ipc.WithLZ4()}},
	{"file, LZ4", true, []ipc.Option{ipc.WithLZ4()}},
	{"stream, zstd", false, []ipc.Option{ipc.WithZstd()}},
	{"file, zstd", true, []ipc.Option{ipc.WithZstd()}},
}

func (w way) write(t testing.TB, batches ...arrow.Record) []byte {
	t.Helper()
	var b seekBuffer
	options := append([]ipc.Option{ipc.WithSchema(batches[0].Schema())}, w.options...)
	var out interface {
		Write(arrow.Record) error
		Close() error
	}
	if w.file {
		f, err := ipc.NewFileWriter(&b, options...)
		if err != nil {
			t.Fatal(err)
		}
		out = f
	} else {
		out = ipc.NewWriter(&b, options...)
	}
	for _, batch := range batches {
		if err := out.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A seekBuffer tells its position, which is all that a writer asks for.
type seekBuffer struct{ bytes.Buffer }

func (b *seekBuffer) Seek(int64, int) (int64, error) { return int64(b.Len()), nil }

func inspect(t testing.TB, b []byte) *formats.Table {
	t.Helper()
	table, err := InspectIPC(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func fromJSON(t testing.TB, dt arrow.DataType, text string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(text), array.WithUseNumber())
	if err != nil {
		t.Fatalf("%s: %v", dt, err)
	}
	return a
}

func batchOf(name string, a arrow.Array) arrow.Record {
	return batchOfField(arrow.Field{Name: name, Type: a.DataType(), Nullable: true}, a)
}

func batchOfField(f arrow.Field, a arrow.Array) arrow.Record {
	return recordOf([]arrow.Field{f}, []arrow.Array{a})
}

func recordOf(fields []arrow.Field, columns []arrow.Array) arrow.Record {
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(columns[0].Len()))
}

// entriesOf are what a Hasher should be given for a column.
type entriesOf struct {
	typ      formats.Type
	path     formats.Path
	values   []byte
	n        int
	def, rep []byte
}

func (e entriesOf) digest(t testing.TB) formats.Digest {
	t.Helper()
	h, err := formats.NewHasher(e.typ, e.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Values(e.values, e.n, e.def, e.rep); err != nil {
		t.Fatal(err)
	}
	return h.Column().Digest
}

var column = formats.Path{}.Field("c")

func le(v any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

func texts(all ...string) (b []byte) {
	for _, s := range all {
		b = formats.AppendValue(b, []byte(s))
	}
	return b
}

var flatTypes = []struct {
	arrow  arrow.DataType
	json   string // a value, null, another value
	typ    formats.Type
	values []byte
}{
	{arrow.FixedWidthTypes.Boolean, `[true, null, false]`, formats.Bool, []byte{1, 0}},
	{arrow.PrimitiveTypes.Int8, `[-1, null, 127]`, formats.Int8, le([]int8{-1, 127})},
	{arrow.PrimitiveTypes.Int16, `[-1, null, 1000]`, formats.Int16, le([]int16{-1, 1000})},
	{arrow.PrimitiveTypes.Int32, `[-1, null, 1000]`, formats.Int32, le([]int32{-1, 1000})},
	{arrow.PrimitiveTypes.Int64, `[-1, null, 9007199254740993]`, formats.Int64, le([]int64{-1, 1<<53 + 1})},
	{arrow.PrimitiveTypes.Uint8, `[1, null, 255]`, formats.Uint8, le([]uint8{1, 255})},
	{arrow.PrimitiveTypes.Uint16, `[1, null, 65535]`, formats.Uint16, le([]uint16{1, 65535})},
	{arrow.PrimitiveTypes.Uint32, `[1, null, 4294967295]`, formats.Uint32, le([]uint32{1, math.MaxUint32})},
	{arrow.PrimitiveTypes.Uint64, `[1, null, 18446744073709551615]`, formats.Uint64, le([]uint64{1, math.MaxUint64})},
	{arrow.FixedWidthTypes.Float16, `[1, null, -2]`, formats.Float16, le([]uint16{0x3c00, 0xc000})},
	{arrow.PrimitiveTypes.Float32, `[0.5, null, -2]`, formats.Float32, le([]float32{0.5, -2})},
	{arrow.PrimitiveTypes.Float64, `[0.1, null, -2]`, formats.Float64, le([]float64{0.1, -2})},
	{arrow.BinaryTypes.String, `["a", null, ""]`, formats.String, texts("a", "")},
	{arrow.BinaryTypes.LargeString, `["a", null, ""]`, formats.String, texts("a", "")},
	{arrow.BinaryTypes.StringView, `["a", null, "longer than twelve"]`, formats.String, texts("a", "longer than twelve")},
	{arrow.BinaryTypes.Binary, `["YQ==", null, ""]`, formats.Binary, texts("a", "")},
	{arrow.BinaryTypes.LargeBinary, `["YQ==", null, ""]`, formats.Binary, texts("a", "")},
	{arrow.BinaryTypes.BinaryView, `["YQ==", null, "YWFhYWFhYWFhYWFhYWFhYWFh"]`, formats.Binary, texts("a", strings.Repeat("a", 18))},
	{&arrow.FixedSizeBinaryType{ByteWidth: 3}, `["YWJj", null, "ZGVm"]`, formats.Fixed(3), []byte("abcdef")},
	{arrow.FixedWidthTypes.Date32, `["1970-01-02", null, "1969-12-31"]`, formats.Date, le([]int32{1, -1})},
	{arrow.FixedWidthTypes.Date64, `["1970-01-02", null, "1969-12-31"]`, formats.Date, le([]int32{1, -1})},
	{arrow.FixedWidthTypes.Time32s, `["00:00:01", null, "23:59:59"]`, formats.Time(formats.Milli, ""), le([]int32{1000, 86399000})},
	{arrow.FixedWidthTypes.Time32ms, `["00:00:01", null, "23:59:59"]`, formats.Time(formats.Milli, ""), le([]int32{1000, 86399000})},
	{arrow.FixedWidthTypes.Time64us, `["00:00:01", null, "23:59:59"]`, formats.Time(formats.Micro, ""), le([]int64{1e6, 86399e6})},
	{arrow.FixedWidthTypes.Time64ns, `["00:00:01", null, "23:59:59"]`, formats.Time(formats.Nano, ""), le([]int64{1e9, 86399e9})},
	{&arrow.TimestampType{Unit: arrow.Second}, `["1970-01-01 00:00:01", null, "1969-12-31 23:59:59"]`, formats.Timestamp(formats.Milli, ""), le([]int64{1000, -1000})},
	{&arrow.TimestampType{Unit: arrow.Millisecond}, `["1970-01-01 00:00:01", null, "1969-12-31 23:59:59"]`, formats.Timestamp(formats.Milli, ""), le([]int64{1000, -1000})},
	{&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Z"}, `["1970-01-01 00:00:01Z", null, "1969-12-31 23:59:59Z"]`, formats.Timestamp(formats.Micro, "UTC"), le([]int64{1e6, -1e6})},
	{&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Asia/Tokyo"}, `["1970-01-01 00:00:01Z", null, "1969-12-31 23:59:59Z"]`, formats.Timestamp(formats.Nano, "Asia/Tokyo"), le([]int64{1e9, -1e9})},
	{&arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1.50", null, "-1.50"]`, formats.Decimal(9, 2), le([]int32{150, -150})},
	{&arrow.Decimal128Type{Precision: 18, Scale: 2}, `["1.50", null, "-1.50"]`, formats.Decimal(18, 2), le([]int64{150, -150})},
	{&arrow.Decimal128Type{Precision: 38, Scale: 2}, `["1.50", null, "-1.50"]`, formats.Decimal(38, 2), le([]int64{150, 0, -150, -1})},
	{&arrow.Decimal256Type{Precision: 20, Scale: 2}, `["1.50", null, "-1.50"]`, formats.Decimal(20, 2), le([]int64{150, 0, -150, -1})},
	{&arrow.Decimal256Type{Precision: 76, Scale: 2}, `["1.50", null, "-1.50"]`, formats.Decimal(76, 2), le([]int64{150, 0, 0, 0, -150, -1, -1, -1})},
}

// Each flat type has the values that package formats says, however it is written.
func TestFlat(t *testing.T) {
	for _, c := range flatTypes {
		want := entriesOf{typ: c.typ, path: column, values: c.values, n: 2, def: []byte{1, 0, 1}}.digest(t)
		for name, a := range layouts(t, c.arrow, c.json) {
			for _, w := range ways {
				got := inspect(t, w.write(t, batchOf("c", a))).Columns[0]
				if got.Type != c.typ || got.Digest != want || got.Nulls != 1 || got.Name != "c" {
					t.Errorf("%s, %s, %s: %+v, want %s of %s", c.arrow, name, w.name, got, want, c.typ)
				}
			}
		}
	}
}

// layouts returns arrays of the same values.
func layouts(t *testing.T, dt arrow.DataType, text string) map[string]arrow.Array {
	plain := fromJSON(t, dt, text)
	n := int64(plain.Len())
	twice := concatenate(t, plain, plain, plain)
	all := map[string]arrow.Array{
		"plain":              plain,
		"slice":              array.NewSlice(twice, n, 2*n),
		"garbage under null": garbageUnderNulls(plain),
	}
	if dt.ID() != arrow.STRING_VIEW && dt.ID() != arrow.BINARY_VIEW {
		values := concatenate(t, fromJSON(t, dt, "[null]"), plain)
		indexes := fromJSON(t, arrow.PrimitiveTypes.Int16, "[1, null, 3]")
		all["dictionary"] = array.NewDictionaryArray(&arrow.DictionaryType{IndexType: indexes.DataType(), ValueType: dt}, indexes, values)
		toNull := fromJSON(t, arrow.PrimitiveTypes.Uint64, "[1, 0, 3]")
		all["index to null"] = array.NewDictionaryArray(&arrow.DictionaryType{IndexType: toNull.DataType(), ValueType: dt}, toNull, values)
	}
	return all
}

func concatenate(t *testing.T, arrays ...arrow.Array) arrow.Array {
	t.Helper()
	switch arrays[0].DataType().ID() {
	case arrow.STRING_VIEW, arrow.BINARY_VIEW:
		return concatenateViews(arrays)
	}
	a, err := array.Concatenate(arrays, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// concatenateViews does what the library does not.
func concatenateViews(arrays []arrow.Array) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, arrays[0].DataType())
	for _, a := range arrays {
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
			} else if err := b.AppendValueFromString(a.ValueStr(i)); err != nil {
				panic(err)
			}
		}
	}
	return b.NewArray()
}

// garbageUnderNulls returns a copy with other bytes under the second slot, which
// is null. Offsets and views stay: they have to be sound even there.
func garbageUnderNulls(a arrow.Array) arrow.Array {
	d := a.Data()
	buffers := append([]*memory.Buffer(nil), d.Buffers()...)
	fixed, ok := a.DataType().(arrow.FixedWidthDataType)
	switch {
	case ok && fixed.BitWidth() == 1:
		b := bytes.Clone(buffers[1].Bytes())
		b[0] |= 1 << 1
		buffers[1] = memory.NewBufferBytes(b)
	case ok && fixed.BitWidth() >= 8:
		b := bytes.Clone(buffers[1].Bytes())
		w := fixed.BitWidth() / 8
		copy(b[w:2*w], bytes.Repeat([]byte{0x5a}, w))
		buffers[1] = memory.NewBufferBytes(b)
	}
	return array.MakeFromData(array.NewData(a.DataType(), a.Len(), buffers, nil, a.NullN(), 0))
}

var item = arrow.Field{Name: "item", Type: arrow.PrimitiveTypes.Int32, Nullable: true}

var pairs = arrow.StructOf(
	arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	arrow.Field{Name: "l", Type: arrow.ListOfField(item), Nullable: true},
)

var int32s = func(v ...int32) []byte { return le(v) }

// Structs, lists and maps become entries with levels.
func TestNested(t *testing.T) {
	for _, c := range []struct {
		arrow arrow.DataType
		json  string
		want  []entriesOf
	}{
		{
			pairs, `[{"x": 1, "l": [1, 2]}, null, {"x": null, "l": []}, {"x": 2, "l": null}, {"x": 3, "l": [null, 3]}]`,
			[]entriesOf{
				{formats.Int32, column.Field("x"), int32s(1, 2, 3), 3, []byte{2, 0, 1, 2, 2}, nil},
				{formats.Int32, column.Field("l").List(), int32s(1, 2, 3), 3, []byte{4, 4, 0, 2, 1, 3, 4}, []byte{0, 1, 0, 0, 0, 0, 1}},
			},
		},
		{
			arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int32)), `[[[1, 2], [3]], null, [], [null, [], [null, 4]]]`,
			[]entriesOf{{formats.Int32, column.List().List(), int32s(1, 2, 3, 4), 4,
				[]byte{5, 5, 5, 0, 1, 2, 3, 4, 5}, []byte{0, 2, 1, 0, 0, 0, 1, 1, 2}}},
		},
		{
			arrow.LargeListOf(arrow.PrimitiveTypes.Int32), `[[1, 2], null, [], [null, 3]]`,
			[]entriesOf{{formats.Int32, column.List(), int32s(1, 2, 3), 3, []byte{3, 3, 0, 1, 2, 3}, []byte{0, 1, 0, 0, 0, 1}}},
		},
		{
			arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), `[[1, 2], null, [null, 3]]`,
			[]entriesOf{{formats.Int32, column.List(), int32s(1, 2, 3), 3, []byte{3, 3, 0, 2, 3}, []byte{0, 1, 0, 0, 1}}},
		},
		{
			arrow.ListOf(pairs), `[[{"x": 1, "l": [1]}, null], [{"x": 2, "l": []}]]`,
			[]entriesOf{
				{formats.Int32, column.List().Field("x"), int32s(1, 2), 2, []byte{4, 2, 4}, []byte{0, 1, 0}},
				{formats.Int32, column.List().Field("l").List(), int32s(1), 1, []byte{6, 2, 4}, []byte{0, 1, 0}},
			},
		},
		{
			arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32),
			`[[{"key": "a", "value": 1}, {"key": "b", "value": null}], null, [], [{"key": "a", "value": 2}]]`,
			[]entriesOf{
				{formats.String, column.Map().Field("key"), texts("a", "b", "a"), 3, []byte{3, 3, 0, 1, 3}, []byte{0, 1, 0, 0, 0}},
				{formats.Int32, column.Map().Field("value"), int32s(1, 2), 2, []byte{3, 2, 0, 1, 3}, []byte{0, 1, 0, 0, 0}},
			},
		},
		{
			arrow.Null, `[null, null]`,
			[]entriesOf{{formats.Null, column, nil, 0, []byte{0, 0}, nil}},
		},
	} {
		a := fromJSON(t, c.arrow, c.json)
		n := int64(a.Len())
		for name, a := range map[string]arrow.Array{"plain": a, "slice": array.NewSlice(concatenate(t, a, a, a), n, 2*n)} {
			for _, w := range ways {
				table := inspect(t, w.write(t, batchOf("c", a)))
				if len(table.Columns) != len(c.want) {
					t.Fatalf("%s: %d columns, want %d", c.arrow, len(table.Columns), len(c.want))
				}
				for i, want := range c.want {
					got := table.Columns[i]
					if got.Name != want.path.String() || got.Type != want.typ || got.Digest != want.digest(t) {
						t.Errorf("%s, %s, %s: column %s: %+v", c.arrow, name, w.name, want.path, got)
					}
				}
			}
		}
	}
}

// What lies under a null list does not show.
func TestGarbageUnderNullLists(t *testing.T) {
	for _, dt := range []arrow.DataType{
		arrow.ListOf(arrow.PrimitiveTypes.Int32),
		arrow.LargeListOf(arrow.PrimitiveTypes.Int32),
		arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32),
	} {
		clean := fromJSON(t, dt, `[[1, 2], null, [3, 4]]`)
		dirty := fromJSON(t, dt, `[[1, 2], [8, 9], [3, 4]]`).Data()
		buffers := append([]*memory.Buffer{memory.NewBufferBytes([]byte{0b101})}, dirty.Buffers()[1:]...)
		d := array.NewData(dt, 3, buffers, dirty.Children(), 1, 0)
		got, want := digestOf(t, array.MakeFromData(d)), digestOf(t, clean)
		if got != want {
			t.Errorf("%s: %s, want %s", dt, got, want)
		}
	}
}

func digestOf(t testing.TB, a arrow.Array) formats.Digest {
	t.Helper()
	return inspect(t, ways[0].write(t, batchOf("c", a))).Digest
}

// bigTable has more rows than a block, and than are gathered at a time.
func bigTable(t testing.TB) arrow.Record {
	const rows = 100_000
	m := memory.DefaultAllocator
	ids, words := array.NewInt64Builder(m), array.NewStringBuilder(m)
	lists := array.NewListBuilder(m, arrow.PrimitiveTypes.Int32)
	elements := lists.ValueBuilder().(*array.Int32Builder)
	flags := array.NewBooleanBuilder(m)
	for i := range rows {
		if i%11 == 0 {
			ids.AppendNull()
		} else {
			ids.Append(int64(i))
		}
		words.Append(fmt.Sprint("word", i%97))
		if i%7 == 0 {
			lists.AppendNull()
		} else {
			lists.Append(true)
			for k := range i % 5 {
				elements.Append(int32(k * i))
			}
		}
		flags.Append(i%3 == 0)
	}
	columns := []arrow.Array{ids.NewArray(), words.NewArray(), lists.NewArray(), flags.NewArray()}
	var fields []arrow.Field
	for i, name := range []string{"id", "word", "list", "flag"} {
		fields = append(fields, arrow.Field{Name: name, Type: columns[i].DataType(), Nullable: true})
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, rows)
}

func split(r arrow.Record, rows int64) (batches []arrow.Record) {
	for i := int64(0); i < r.NumRows(); i += rows {
		batches = append(batches, r.NewSlice(i, min(i+rows, r.NumRows())))
	}
	return batches
}

// Batches, compression and the order of columns do not show.
func TestBatches(t *testing.T) {
	big := bigTable(t)
	want := inspect(t, ways[0].write(t, big))
	if want.Digest.IsZero() || want.Rows != 100_000 {
		t.Fatalf("%+v", want)
	}
	for _, w := range ways {
		for _, rows := range []int64{997, 65536, 70001} {
			if got := inspect(t, w.write(t, split(big, rows)...)); got.Digest != want.Digest {
				t.Errorf("%s, batches of %d rows: %s, want %s", w.name, rows, got.Digest, want.Digest)
			}
		}
	}
	small := big.NewSlice(500, 600)
	one, many := inspect(t, ways[1].write(t, small)), inspect(t, ways[1].write(t, split(small, 1)...))
	if one.Digest != many.Digest {
		t.Errorf("batches of one row: %s, want %s", many.Digest, one.Digest)
	}
}

// Dictionaries that grow, or are replaced, do not show.
func TestDictionariesOfStreams(t *testing.T) {
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	batch := func(indexes, values string) arrow.Record {
		return batchOf("c", array.NewDictionaryArray(dt, fromJSON(t, arrow.PrimitiveTypes.Int32, indexes), fromJSON(t, arrow.BinaryTypes.String, values)))
	}
	want := digestOf(t, fromJSON(t, arrow.BinaryTypes.String, `["a", "b", "c", "a", null, "d"]`))
	grown := []arrow.Record{batch(`[0, 1]`, `["a", "b"]`), batch(`[2, 0]`, `["a", "b", "c"]`), batch(`[null, 3]`, `["a", "b", "c", "d"]`)}
	replaced := []arrow.Record{batch(`[0, 1]`, `["a", "b"]`), batch(`[1, 0]`, `["a", "c"]`), batch(`[null, 0]`, `["d"]`)}
	deltas := way{options: []ipc.Option{ipc.WithDictionaryDeltas(true)}}
	for name, b := range map[string][]byte{
		"deltas":   deltas.write(t, grown...),
		"grown":    ways[0].write(t, grown...),
		"replaced": ways[0].write(t, replaced...),
	} {
		if got := inspect(t, b); got.Digest != want {
			t.Errorf("%s: %s, want %s", name, got.Digest, want)
		}
	}
}

// Any change of content shows.
func TestChanges(t *testing.T) {
	table := func(names [2]string, a, b arrow.Array) arrow.Record {
		fields := []arrow.Field{{Name: names[0], Type: a.DataType(), Nullable: true}, {Name: names[1], Type: b.DataType(), Nullable: true}}
		return array.NewRecord(arrow.NewSchema(fields, nil), []arrow.Array{a, b}, int64(a.Len()))
	}
	ints := fromJSON(t, arrow.PrimitiveTypes.Int32, `[1, null, 3]`)
	words := fromJSON(t, arrow.BinaryTypes.String, `["a", "b", null]`)
	names := [2]string{"i", "w"}
	seen := map[formats.Digest]string{}
	for name, r := range map[string]arrow.Record{
		"itself":  table(names, ints, words),
		"value":   table(names, ints, fromJSON(t, arrow.BinaryTypes.String, `["a", "c", null]`)),
		"null":    table(names, ints, fromJSON(t, arrow.BinaryTypes.String, `["a", null, null]`)),
		"empty":   table(names, ints, fromJSON(t, arrow.BinaryTypes.String, `["a", "b", ""]`)),
		"name":    table([2]string{"i", "W"}, ints, words),
		"type":    table(names, fromJSON(t, arrow.PrimitiveTypes.Int64, `[1, null, 3]`), words),
		"order":   table(names, fromJSON(t, arrow.PrimitiveTypes.Int32, `[3, null, 1]`), words),
		"one row": table(names, ints, words).NewSlice(0, 2),
	} {
		d := inspect(t, ways[0].write(t, r)).Digest
		if other, ok := seen[d]; ok || d.IsZero() {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[d] = name
	}
	swapped := table([2]string{"w", "i"}, words, ints)
	if d := inspect(t, ways[0].write(t, swapped)).Digest; seen[d] != "itself" {
		t.Errorf("the order of columns shows")
	}
	required := batchOfField(arrow.Field{Name: "c", Type: arrow.PrimitiveTypes.Int32}, ints.(*array.Int32))
	if got, want := inspect(t, ways[0].write(t, required)).Digest, digestOf(t, ints); got != want {
		t.Errorf("declared nullability shows: %s, want %s", got, want)
	}
}

// What has no canonical form has no digest, but its neighbours do.
func TestUndigested(t *testing.T) {
	uuids := fromJSON(t, &arrow.FixedSizeBinaryType{ByteWidth: 16}, `["AAAAAAAAAAAAAAAAAAAAAA=="]`)
	extension := func(name string) arrow.Field {
		return arrow.Field{Name: "c", Type: uuids.DataType(), Metadata: arrow.MetadataFrom(map[string]string{"ARROW:extension:name": name})}
	}
	runEnds := array.NewRunEndEncodedArray(fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`), fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`), 1, 0)
	union, err := array.NewSparseUnionFromArrays(fromJSON(t, arrow.PrimitiveTypes.Int8, `[0]`), []arrow.Array{fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`)})
	if err != nil {
		t.Fatal(err)
	}
	lists := fromJSON(t, arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1]]`)
	listDictionary := array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: lists.DataType()}, fromJSON(t, arrow.PrimitiveTypes.Int8, `[0]`), lists)
	far := array.NewData(&arrow.TimestampType{Unit: arrow.Second}, 1, []*memory.Buffer{nil, memory.NewBufferBytes(le(int64(math.MaxInt64 / 999)))}, nil, 0, 0)
	noon := array.NewData(arrow.FixedWidthTypes.Date64, 1, []*memory.Buffer{nil, memory.NewBufferBytes(le(int64(1)))}, nil, 0, 0)
	large := array.NewData(&arrow.Decimal128Type{Precision: 9}, 1, []*memory.Buffer{nil, memory.NewBufferBytes(le([]int64{1 << 31, 0}))}, nil, 0, 0)
	latin := array.NewData(arrow.BinaryTypes.String, 1, []*memory.Buffer{nil, memory.NewBufferBytes(le([]int32{0, 1})), memory.NewBufferBytes([]byte{0xe9})}, nil, 0, 0)
	for _, c := range []struct {
		batch  arrow.Record
		reason string
	}{
		{batchOf("c", runEnds), "run-end encoding is not supported"},
		{batchOf("c", union), "a union has no canonical form"},
		{batchOf("c", fromJSON(t, arrow.FixedWidthTypes.Duration_s, `["1s"]`)), "a duration has no canonical form"},
		{batchOf("c", fromJSON(t, arrow.FixedWidthTypes.MonthInterval, `[{"months": 1}]`)), "an interval has no canonical form"},
		{batchOf("c", fromJSON(t, arrow.ListViewOf(arrow.PrimitiveTypes.Int32), `[[1]]`)), "list views are not supported"},
		{batchOf("c", fromJSON(t, arrow.StructOf(), `[{}]`)), "a struct without members"},
		{batchOf("c", listDictionary), "a dictionary of what is no flat value"},
		{batchOfField(extension("mine"), uuids), "the extension type mine is not known"},
		{batchOf("c", array.MakeFromData(far)), "a timestamp in seconds is too large for milliseconds"},
		{batchOf("c", array.MakeFromData(noon)), "a date in milliseconds is not midnight"},
		{batchOf("c", array.MakeFromData(large)), "a decimal has more digits than its type"},
		{batchOf("c", array.MakeFromData(latin)), "a text is not UTF-8"},
		{batchOfField(extension("arrow.uuid"), uuids), ""},
	} {
		fields := append(c.batch.Schema().Fields(), arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int32})
		columns := append(append([]arrow.Array(nil), c.batch.Columns()...), fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`))
		batch := array.NewRecord(arrow.NewSchema(fields, nil), columns, 1)
		for _, w := range ways {
			table := inspect(t, w.write(t, batch, batch))
			got, next := table.Columns[0], table.Columns[len(table.Columns)-1]
			if got.Reason != c.reason || got.Digest.IsZero() != (c.reason != "") || table.Digest.IsZero() != (c.reason != "") {
				t.Errorf("%s, %s: %+v, want %q", c.batch.Schema(), w.name, got, c.reason)
			}
			if next.Digest.IsZero() || next.Name != "id" || table.Rows != 2 {
				t.Errorf("%s, %s: %+v", c.batch.Schema(), w.name, next)
			}
		}
	}
}

// A file without batches, and a table without columns, are tables.
func TestEmpty(t *testing.T) {
	empty := batchOf("c", fromJSON(t, arrow.BinaryTypes.String, `[]`))
	for _, w := range ways {
		got := inspect(t, w.write(t, empty))
		if want := (entriesOf{typ: formats.String, path: column}).digest(t); got.Columns[0].Digest != want || got.Rows != 0 {
			t.Errorf("%s: %+v", w.name, got)
		}
	}
	if got := inspect(t, ways[1].write(t, array.NewRecord(arrow.NewSchema(nil, nil), nil, 3))); got.Rows != 3 || got.Digest.IsZero() {
		t.Errorf("%+v", got)
	}
}

// A file that is cut off anywhere is unreadable, a stream wherever it does not
// end with a message.
func TestCutOff(t *testing.T) {
	batch := batchOf("c", fromJSON(t, arrow.BinaryTypes.String, `["a", null, "b"]`))
	want := inspect(t, ways[0].write(t, batch))
	empty := inspect(t, ways[0].write(t, batch.NewSlice(0, 0)))
	for _, w := range ways {
		whole := w.write(t, batch)
		for n := range whole {
			table, err := InspectIPC(t.Context(), bytes.NewReader(whole[:n]), int64(n), nil)
			if err == nil && !w.file && (table.Digest == want.Digest || table.Digest == empty.Digest) {
				continue
			}
			if !errors.Is(err, formats.ErrUnreadable) {
				t.Fatalf("%s: %d of %d bytes: %v", w.name, n, len(whole), err)
			}
		}
	}
}

// Each byte of a file is changed to some others: there is an answer, in little memory.
func TestChangedBytes(t *testing.T) {
	a := fromJSON(t, pairs, `[{"x": 1, "l": [1, 2]}, null]`)
	for _, w := range ways {
		whole := w.write(t, batchOf("c", a))
		for i := range whole {
			for _, x := range []byte{1, 0x80, 0xff} {
				b := bytes.Clone(whole)
				b[i] ^= x
				bounded(t, b, func() (*formats.Table, error) { return InspectIPC(t.Context(), bytes.NewReader(b), int64(len(b)), nil) })
			}
		}
	}
}

func TestUnreadable(t *testing.T) {
	for name, b := range map[string]string{
		"empty":        "",
		"text":         "a,b\n1,2\n",
		"Feather 1":    "FEA1\x00\x00\x00\x00FEA1",
		"only magic":   "ARROW1",
		"no footer":    "ARROW1\x00\x00ARROW1\x00\x00xxxxxx",
		"large footer": "ARROW1\x00\x00\xff\xff\xff\x7fARROW1",
		"large stream": "\xff\xff\xff\xff\xff\xff\xff\x7f",
		"large old":    "\xff\xff\xff\x7f",
	} {
		table, err := InspectIPC(t.Context(), strings.NewReader(b), int64(len(b)), nil)
		if !errors.Is(err, formats.ErrUnreadable) {
			t.Errorf("%s: %+v, %v", name, table, err)
		}
	}
}

// Errors of the reader and the context are passed on.
func TestOtherErrors(t *testing.T) {
	batch := batchOf("c", fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, w := range ways {
		b := w.write(t, batch)
		if _, err := InspectIPC(ctx, bytes.NewReader(b), int64(len(b)), nil); err != context.Canceled {
			t.Errorf("%s: %v", w.name, err)
		}
		for fail := 1; ; fail++ {
			r := &failing{Reader: bytes.NewReader(b), left: fail}
			_, err := InspectIPC(t.Context(), r, int64(len(b)), nil)
			if err == nil {
				break
			}
			if err != errBroken {
				t.Fatalf("%s: read %d fails: %v", w.name, fail, err)
			}
		}
	}
}

var errBroken = errors.New("the disk is broken")

type failing struct {
	*bytes.Reader
	left int
}

func (f *failing) ReadAt(b []byte, offset int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errBroken
	}
	return f.Reader.ReadAt(b, offset)
}
