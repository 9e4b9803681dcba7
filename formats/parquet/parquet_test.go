package parquet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/zeebo/blake3"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/store/transfer"
)

// One table, however it is written, has one digest.
func TestStyles(t *testing.T) {
	want := inspect(t, write(t, style{encoding: plains, version: 1}, testColumns()))
	if want.Digest.IsZero() || want.Rows != testRows {
		t.Fatalf("%+v", want)
	}
	check := func(name string, s style) {
		t.Run(name, func(t *testing.T) {
			got := inspect(t, write(t, s, testColumns()))
			if got.Digest == want.Digest {
				return
			}
			t.Errorf("%s (%s), not %s", got.Digest, got.Reason, want.Digest)
			for i, c := range got.Columns {
				if c.Digest != want.Columns[i].Digest || c.Name != want.Columns[i].Name || c.Type != want.Columns[i].Type {
					t.Errorf("%+v, not %+v", c, want.Columns[i])
				}
			}
		})
	}
	for codec, c := range codecs {
		for encoding, e := range map[string]encodings{"default": nil, "plain": plains, "dictionary": dictionaries, "other": others} {
			for version := 1; version <= 2; version++ {
				for _, group := range []int{0, 1000} {
					check(fmt.Sprintf("%s/%s/v%d/group=%d", codec, encoding, version, group), style{codec: c, encoding: e, version: version, group: group})
				}
			}
		}
	}
	for _, list := range listStyles {
		for version := 1; version <= 2; version++ {
			for _, optional := range []bool{false, true} {
				for _, page := range []int{200, 64 << 10} {
					check(fmt.Sprintf("%s/v%d/optional=%v/page=%d", list, version, optional, page),
						style{codec: &parquetgo.Snappy, encoding: dictionaries, version: version, page: page, optional: optional, list: list, group: 700})
				}
			}
		}
	}
}

// Whatever is changed in one column changes the digest of this one only.
func TestChanges(t *testing.T) {
	columns := testColumns()
	want := inspect(t, write(t, style{}, columns))
	for i, c := range columns {
		change := func(name string, c testColumn) {
			t.Helper()
			changed := slices.Clone(columns)
			changed[i] = c
			got := inspect(t, write(t, style{optional: true}, changed))
			if got.Digest == want.Digest {
				t.Errorf("%s: %s: same digest", columns[i].name, name)
			}
			same := 0
			for _, a := range want.Columns {
				for _, b := range got.Columns {
					if a.Digest == b.Digest && a.Name == b.Name {
						same++
					}
				}
			}
			if same != len(want.Columns)-1 {
				t.Errorf("%s: %s: %d of %d columns are the same", columns[i].name, name, same, len(want.Columns))
			}
		}
		at := func(row int, f func() (parquetgo.Value, bool)) func(int) (parquetgo.Value, bool) {
			return func(i int) (parquetgo.Value, bool) {
				if i == row {
					return f()
				}
				return c.value(i)
			}
		}
		for _, row := range []int{0, 1500, testRows - 1} {
			null := c
			null.value = at(row, func() (parquetgo.Value, bool) { v, was := c.value(row); return v, !was })
			change(fmt.Sprintf("null in row %d", row), null)
			moved := c
			moved.value = at(row, func() (parquetgo.Value, bool) {
				for other := row + 1; ; other++ {
					v, null := c.value(other % testRows)
					if was, _ := c.value(row); !null && !parquetgo.Equal(v, was) {
						return v, false
					}
				}
			})
			change(fmt.Sprintf("value in row %d", row), moved)
		}
		renamed := c
		renamed.name += "2"
		if c.name != "null" && c.name != "nullword" {
			change("name", renamed)
		}
	}
}

// A renamed column keeps its digest, and one of another type does not.
func TestTypes(t *testing.T) {
	zero := func(node parquetgo.Node, v parquetgo.Value) formats.Column {
		columns := []testColumn{{"a", node, func(int) (parquetgo.Value, bool) { return v, false }}}
		return inspect(t, write(t, style{}, columns)).Columns[0]
	}
	i32, i64 := parquetgo.ValueOf(int32(0)), parquetgo.ValueOf(int64(0))
	bytes, fixed := parquetgo.ValueOf([]byte{}), parquetgo.ValueOf([16]byte{})
	ms, us, ns := parquetgo.Millisecond, parquetgo.Microsecond, parquetgo.Nanosecond
	seen := map[formats.Digest]formats.Type{}
	for _, c := range []struct {
		want  formats.Type
		node  parquetgo.Node
		value parquetgo.Value
	}{
		{"bool", parquetgo.Leaf(parquetgo.BooleanType), parquetgo.ValueOf(false)},
		{"int8", parquetgo.Int(8), i32}, {"int16", parquetgo.Int(16), i32}, {"int32", parquetgo.Int(32), i32}, {"int64", parquetgo.Int(64), i64},
		{"uint8", parquetgo.Uint(8), i32}, {"uint16", parquetgo.Uint(16), i32}, {"uint32", parquetgo.Uint(32), i32}, {"uint64", parquetgo.Uint(64), i64},
		{"float32", parquetgo.Leaf(parquetgo.FloatType), parquetgo.ValueOf(float32(0))}, {"float64", parquetgo.Leaf(parquetgo.DoubleType), parquetgo.ValueOf(0.0)},
		{"date", parquetgo.Date(), i32}, {"time(ms,UTC)", parquetgo.Time(ms), i32}, {"time(us,UTC)", parquetgo.Time(us), i64}, {"time(ns,UTC)", parquetgo.Time(ns), i64},
		{"time(us)", parquetgo.TimeAdjusted(us, false), i64},
		{"timestamp(ms,UTC)", parquetgo.Timestamp(ms), i64}, {"timestamp(us,UTC)", parquetgo.Timestamp(us), i64}, {"timestamp(ns,UTC)", parquetgo.Timestamp(ns), i64},
		{"timestamp(ms)", parquetgo.TimestampAdjusted(ms, false), i64},
		{"decimal(5,2)", parquetgo.Decimal(2, 5, parquetgo.Int32Type), i32}, {"decimal(5,1)", parquetgo.Decimal(1, 5, parquetgo.Int32Type), i32},
		{"decimal(18,2)", parquetgo.Decimal(2, 18, parquetgo.Int64Type), i64},
		{"uuid", parquetgo.UUID(), fixed}, {"fixed(16)", parquetgo.Leaf(parquetgo.FixedLenByteArrayType(16)), fixed},
		{"string", parquetgo.String(), bytes}, {"binary", parquetgo.Leaf(parquetgo.ByteArrayType), bytes},
		{"json", parquetgo.JSON(), bytes}, {"bson", parquetgo.BSON(), bytes},
	} {
		got := zero(c.node, c.value)
		if got.Type != c.want || got.Digest.IsZero() {
			t.Errorf("%s: %+v", c.want, got)
		}
		if other, ok := seen[got.Digest]; ok {
			t.Errorf("%s and %s have the same digest", got.Type, other)
		}
		seen[got.Digest] = got.Type
	}
	if enum := zero(parquetgo.Enum(), bytes); seen[enum.Digest] != "string" {
		t.Errorf("enum: %+v", enum)
	}
	wide := zero(parquetgo.Decimal(2, 5, parquetgo.Int64Type), i64)
	if seen[wide.Digest] != "decimal(5,2)" {
		t.Errorf("decimal(5,2) in 8 bytes: %+v", wide)
	}
	wide = zero(parquetgo.Decimal(2, 5, parquetgo.FixedLenByteArrayType(16)), fixed)
	if seen[wide.Digest] != "decimal(5,2)" {
		t.Errorf("decimal(5,2) in 16 bytes: %+v", wide)
	}
}

// What has no canonical form has no digest and a reason, and the other columns
// have theirs.
func TestUndigested(t *testing.T) {
	for _, c := range []struct {
		reason string
		node   parquetgo.Node
		value  parquetgo.Value
	}{
		{"not UTF-8", parquetgo.String(), parquetgo.ValueOf([]byte{0xff})},
		{"geometry", parquetgo.Geometry("OGC:CRS84"), parquetgo.ValueOf([]byte{1})},
		{"is no int8", parquetgo.Int(8), parquetgo.ValueOf(int32(128))},
		{"does not fit into decimal(5,2)", parquetgo.Decimal(2, 5, parquetgo.Int64Type), parquetgo.ValueOf(int64(1) << 40)},
	} {
		columns := []testColumn{
			{"a", c.node, func(int) (parquetgo.Value, bool) { return c.value, false }},
			col("b", parquetgo.Int(64), func(i int) int64 { return int64(i) }),
		}
		table := inspect(t, write(t, style{}, columns))
		a, b := table.Columns[0], table.Columns[1]
		if !table.Digest.IsZero() || !a.Digest.IsZero() || !strings.Contains(a.Reason, c.reason) || !strings.Contains(table.Reason, c.reason) || b.Digest.IsZero() {
			t.Errorf("%s: %+v", c.reason, table)
		}
	}
}

// Levels are counted as if everything were nullable, whatever is declared.
func TestNested(t *testing.T) {
	type member struct {
		X *int64 `parquet:"x,optional"`
	}
	type row struct {
		A *struct {
			B *int32 `parquet:"b.c,optional"`
		} `parquet:"a,optional"`
		M map[string]int64 `parquet:"m"`
		L []member         `parquet:"l,list"`
		R []member         `parquet:"r"`
	}
	rows := make([]row, 3)
	one, five := int64(1), int32(5)
	for i := 1; i < 3; i++ {
		rows[i].A = new(struct {
			B *int32 `parquet:"b.c,optional"`
		})
	}
	rows[2].A.B = &five
	rows[2].M = map[string]int64{"k": 7}
	rows[2].L = []member{{&one}, {}}
	rows[2].R = rows[2].L
	var file bytes.Buffer
	if err := parquetgo.Write(&file, rows); err != nil {
		t.Fatal(err)
	}
	table := inspect(t, file.Bytes())

	root := formats.Path{}
	for _, c := range []struct {
		typ      formats.Type
		path     formats.Path
		values   []byte
		def, rep []byte
	}{
		{formats.Int32, root.Field("a").Field("b.c"), []byte{5, 0, 0, 0}, []byte{0, 1, 2}, nil},
		{formats.String, root.Field("m").Map().Field("key"), formats.AppendValue(nil, []byte("k")), []byte{1, 1, 3}, []byte{0, 0, 0}},
		{formats.Int64, root.Field("m").Map().Field("value"), []byte{7, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 1, 3}, []byte{0, 0, 0}},
		{formats.Int64, root.Field("l").List().Field("x"), []byte{1, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 1, 4, 3}, []byte{0, 0, 0, 1}},
		{formats.Int64, root.Field("r").List().Field("x"), []byte{1, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 1, 4, 3}, []byte{0, 0, 0, 1}},
	} {
		h, err := formats.NewHasher(c.typ, c.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Values(c.values, 1, c.def, c.rep); err != nil {
			t.Fatal(err)
		}
		want := h.Column()
		i := slices.IndexFunc(table.Columns, func(got formats.Column) bool { return got.Name == want.Name })
		if i < 0 || table.Columns[i].Digest != want.Digest || table.Columns[i].Nulls != want.Nulls {
			t.Errorf("%s: %+v in %+v", c.path, want, table.Columns)
		}
	}
}

func TestBounds(t *testing.T) {
	table := inspect(t, write(t, style{}, testColumns()))
	for _, c := range table.Columns {
		want, ok := map[string][3]string{
			"bool": {"0", "false", "true"}, "int64": {"0", "-20993000002999", "0"}, "double": {"0", "0", "54.76312628037227"},
			"decimal": {"0", "-10.00", "19.99"}, "date": {"0", "1970-01-01", "1978-03-19"}, "word": {"0", "", "日本語"},
			"time": {"0", "00:00:00Z", "00:50:07.997Z"}, "null": {"750", "0", "2999"}, "nullword": {"1000", "", "é"}, "list": {"750", "1", "2999"},
		}[c.Name]
		if ok && (fmt.Sprint(c.Nulls) != want[0] || *c.Min != want[1] || *c.Max != want[2]) {
			t.Errorf("%s: %d nulls, from %q to %q, not %q", c.Name, c.Nulls, *c.Min, *c.Max, want)
		}
	}
}

func TestChunks(t *testing.T) {
	file := write(t, style{group: 1000, encoding: dictionaries}, testColumns())
	chunks, err := Chunks(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if want := 3 * (len(testColumns()) + 1); len(chunks) != want {
		t.Errorf("%d chunks, not %d", len(chunks), want)
	}
	end := int64(4)
	for _, c := range chunks {
		if c.Offset != end || c.Length <= 0 {
			t.Fatalf("%+v does not begin at %d", c, end)
		}
		end = c.Offset + c.Length
	}
}

// Inspect tells the digests of all chunks in the same pass, also of columns that
// it does not understand or stopped to read.
func TestChunkDigests(t *testing.T) {
	columns := append(testColumns(), col("broken", parquetgo.String(), func(int) string { return "\xff" }))
	file := write(t, style{group: 1000, encoding: dictionaries}, columns)
	want, err := Chunks(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range want {
		want[i].Digest = blake3.Sum256(file[c.Offset : c.Offset+c.Length])
	}
	var mu sync.Mutex
	var got []Chunk
	if _, err := Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), &Options{Chunk: func(c Chunk) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, c)
	}}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b Chunk) int { return cmp.Compare(a.Offset, b.Offset) })
	if !slices.Equal(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
}

// The digest of the set of rows depends on neither their order nor on how they are
// stored.
func TestUnordered(t *testing.T) {
	unordered := func(s style, columns []testColumn) formats.Digest {
		file := write(t, s, columns)
		table, err := Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), &Options{Unordered: true})
		if err != nil {
			t.Fatal(err)
		}
		return table.Unordered
	}
	want := unordered(style{}, testColumns())
	if want.IsZero() {
		t.Fatal("there is none")
	}
	if got := unordered(style{group: 1000, encoding: dictionaries}, testColumns()); got != want {
		t.Errorf("in row groups it is %s, not %s", got, want)
	}
	if got := unordered(style{reverse: true}, testColumns()); got != want {
		t.Errorf("backwards it is %s, not %s", got, want)
	}
	if inspect(t, write(t, style{reverse: true}, testColumns())).Digest == inspect(t, write(t, style{}, testColumns())).Digest {
		t.Error("the order of the rows does not show in the table's own digest")
	}
	swapped := testColumns()
	value := swapped[3].value
	swapped[3].value = func(i int) (parquetgo.Value, bool) { return value(i ^ 1) }
	if got := unordered(style{}, swapped); got == want {
		t.Error("one column in another order does not show")
	}
}

// A file is read once for its table and for the digest of its bytes. What many
// workers share they may have to read again, when one was held up for long.
func TestReadOnce(t *testing.T) {
	for _, file := range [][]byte{
		write(t, style{group: 1000, encoding: dictionaries}, testColumns()),
		write(t, style{}, testColumns()),
		benchFile(&parquetgo.Snappy, 200_000),
	} {
		for _, workers := range []int{1, 2, 8} {
			source := &countingReader{ReaderAt: bytes.NewReader(file)}
			s := transfer.NewSummer(source, int64(len(file)))
			if _, err := Inspect(t.Context(), s, int64(len(file)), &Options{Workers: workers}); err != nil {
				t.Fatal(err)
			}
			if sum, err := s.Sum(t.Context()); err != nil || sum.Digest != blake3.Sum256(file) {
				t.Errorf("the digest of the bytes is %s, %v", sum.Digest, err)
			}
			const footer = 256 << 10 // is read before all else
			if n, most := source.n.Load(), int64(len(file)+footer+len(file)*(workers-1)/100); n < int64(len(file)) || n > most {
				t.Errorf("%d workers read %d bytes of a file of %d", workers, n, len(file))
			}
		}
	}
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.ReaderAt
	n atomic.Int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// allocated returns how much memory f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostile(t *testing.T) {
	file := write(t, style{}, testColumns())
	footer := func(length uint32, body string) string {
		return "PAR1" + body + string([]byte{byte(length), byte(length >> 8), byte(length >> 16), byte(length >> 24)}) + "PAR1"
	}
	for _, c := range []struct{ name, file, reason string }{
		{"empty", "", "too few"},
		{"8 bytes", "PAR1PAR1", "too few"},
		{"magic only", "PAR1PAR1PAR1", "does not fit"},
		{"text", "this is not a Parquet file", "begin and end"},
		{"another beginning", "XXXX" + string(file[4:]), "begin and end"},
		{"cut off", string(file[:len(file)-1]), "begin and end"},
		{"encrypted", string(file[:len(file)-4]) + "PARE", "encrypted"},
		{"footer longer than the file", footer(1<<31, ""), "does not fit"},
		{"no footer", footer(0, ""), "cut off"},
		{"a long list", footer(8, "\x19\xfc\xff\xff\xff\xff\x07\x00"), "a list of"},
		{"a long text", footer(7, "\x18\xff\xff\xff\xff\x0f\x00"), "cut off"},
		{"deep", footer(1000, strings.Repeat("\x1c", 1000)), "nested"},
	} {
		var err error
		taken := allocated(func() {
			_, err = Inspect(t.Context(), strings.NewReader(c.file), int64(len(c.file)), nil)
		})
		if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", c.name, err)
		}
		if taken > 1<<20 {
			t.Errorf("%s: takes %d bytes", c.name, taken)
		}
	}
}

// A file that is broken at one place gives an error or, where the place is of
// no account, a table; no more than a little memory; and always the same.
func TestBroken(t *testing.T) {
	file := write(t, style{codec: &parquetgo.Zstd, encoding: dictionaries, list: "three levels, optional"}, testColumns()[15:])
	step := max(1, len(file)/500)
	for i := 0; i < len(file); i += step {
		broken := slices.Clone(file)
		broken[i] ^= 1 << (i % 8)
		var first, second *formats.Table
		var err error
		taken := allocated(func() {
			first, err = Inspect(t.Context(), bytes.NewReader(broken), int64(len(broken)), nil)
		})
		if err != nil && !errors.Is(err, formats.ErrUnreadable) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("byte %d: %v", i, err)
		}
		if taken > memoryCeiling {
			t.Errorf("byte %d: takes %d bytes", i, taken)
		}
		second, _ = Inspect(t.Context(), bytes.NewReader(broken), int64(len(broken)), nil)
		if first != nil && second != nil && first.Digest != second.Digest {
			t.Errorf("byte %d: two digests", i)
		}
	}
}

func TestErrors(t *testing.T) {
	file := write(t, style{}, testColumns())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inspect(ctx, bytes.NewReader(file), int64(len(file)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	failing := readerAt(func(b []byte, offset int64) (int, error) {
		if offset > 4 && offset < int64(len(file))/2 {
			return 0, os.ErrDeadlineExceeded
		}
		return bytes.NewReader(file).ReadAt(b, offset)
	})
	_, err := Inspect(t.Context(), failing, int64(len(file)), nil)
	if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, formats.ErrUnreadable) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type readerAt func([]byte, int64) (int, error)

func (r readerAt) ReadAt(b []byte, offset int64) (int, error) { return r(b, offset) }

// TestFlights reads a large real file, if there is one.
func TestFlights(t *testing.T) {
	name := os.Getenv("CAIRN_TEST_FLIGHTS")
	if name == "" {
		t.Skip("CAIRN_TEST_FLIGHTS is not set")
	}
	table, err := inspectFile(t, name, nil)
	if err != nil || table.Digest.IsZero() {
		t.Fatalf("%v, %v", table, err)
	}
	t.Logf("%s: %d rows", table.Digest, table.Rows)
	for _, c := range table.Columns {
		t.Logf("%-25s %-18s %7d nulls, from %s to %s", c.Name, c.Type, c.Nulls, text(c.Min), text(c.Max))
	}
}

func text(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}
