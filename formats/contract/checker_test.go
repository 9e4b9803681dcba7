package contract

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

// A fed is a column with its entries.
type fed struct {
	typ      formats.Type
	path     formats.Path
	values   []byte
	n        int
	def, rep []byte
}

// check feeds columns to a checker, each entry on its own or all at once.
func check(t *testing.T, text string, each bool, columns ...fed) *Report {
	t.Helper()
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	k := c.Checker(t.TempDir())
	defer k.Close()
	var all []formats.Column
	for _, f := range columns {
		h, err := formats.NewHasher(f.typ, f.path)
		if err != nil {
			t.Fatal(err)
		}
		o, err := k.Observe(f.typ, f.path)
		if err != nil {
			t.Fatal(err)
		}
		if o != nil {
			h.Observe(o)
		}
		f.feed(t, h, each)
		all = append(all, h.Column())
	}
	rows := int64(0)
	if len(columns) > 0 {
		rows = columns[0].rows()
	}
	table, err := formats.NewTable(rows, all)
	if err != nil {
		t.Fatal(err)
	}
	r, err := k.Report(table)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f fed) feed(t *testing.T, h *formats.Hasher, each bool) {
	t.Helper()
	if !each {
		if err := h.Values(f.values, f.n, f.def, f.rep); err != nil {
			t.Fatal(err)
		}
		return
	}
	w, left := f.typ.Width(), f.values
	for i := range f.def {
		n := 0
		if int(f.def[i]) == f.path.MaxDefinition() {
			n = 1
		}
		var rep []byte
		if f.rep != nil {
			rep = f.rep[i : i+1]
		}
		if err := h.Values(left[:n*w], n, f.def[i:i+1], rep); err != nil {
			t.Fatal(err)
		}
		left = left[n*w:]
	}
}

func (f fed) rows() int64 {
	if f.rep == nil {
		return int64(len(f.def))
	}
	rows := int64(0)
	for _, r := range f.rep {
		if r == 0 {
			rows++
		}
	}
	return rows
}

func numbers(values ...int64) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// Below a list, a row is bad if one of its entries is, and counts once.
func TestNested(t *testing.T) {
	// [1, 9, 9], null, [], [null, 8], [7]
	f := fed{formats.Int64, formats.Path{}.Field("x").List(), numbers(1, 9, 9, 8, 7), 5, []byte{3, 3, 3, 0, 1, 2, 3, 3}, []byte{0, 1, 1, 0, 0, 0, 1, 0}}
	for _, each := range []bool{false, true} {
		for contract, want := range map[string]string{
			"columns: {'x[]': {max: 7}}":                `column "x[]": 2 rows above max 7, such as row 1: 9, row 4: 8`,
			"columns: {'x[]': {nullable: false}}":       `column "x[]": 3 rows without value, such as row 2, row 3, row 4`,
			"columns: {'x[]': {max_null_ratio: 0.375}}": "",
			"columns: {'x[]': {max_null_ratio: 0.37}}":  `column "x[]" has 3 nulls in 8 entries, more than the max_null_ratio 0.37`,
			"max_null_ratio: 0.37":                      `column "x[]" has 3 nulls in 8 entries, more than the max_null_ratio 0.37`,
			"columns: {x: }":                            `column "x" is missing`,
		} {
			if got := check(t, contract, each, f).String(); got != "breaks its contract: "+want && (want != "" || got != "meets its contract") {
				t.Errorf("%s: got %s\nwant %s", contract, got, want)
			}
		}
	}
}

// A column that cannot be checked to its end breaks the contract.
func TestNoDigest(t *testing.T) {
	c, err := Parse([]byte("columns: {s: {min: a}, d: {}, u: {}}\nsorted_by: [s]\nmax_null_ratio: 1"))
	if err != nil {
		t.Fatal(err)
	}
	k := c.Checker("")
	path := formats.Path{}.Field("s")
	h, err := formats.NewHasher(formats.String, path)
	if err != nil {
		t.Fatal(err)
	}
	o, err := k.Observe(formats.String, path)
	if err != nil {
		t.Fatal(err)
	}
	h.Observe(o)
	if err := h.Values(formats.AppendValue(nil, []byte("\xff")), 1, nil, nil); err != nil {
		t.Fatal(err)
	}
	twice := formats.Path{}.Field("d")
	table, err := formats.NewTable(1, []formats.Column{
		h.Column(), formats.Undigested(twice, "union", "no"), formats.Undigested(twice, "union", "no"),
		formats.Undigested(formats.Path{}.Field("u"), "union", "it is a union"), formats.Undigested(formats.Path{}.Field("v"), "union", "it is one too")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := k.Report(table)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range r.Violations {
		if !v.Table {
			t.Errorf("%s can be mended", v)
		}
		got = append(got, v.String())
	}
	for i, want := range []string{`column "s" cannot be checked: `, `column "d" is there 2 times`, `column "u" cannot be checked: it is a union`, `column "v" cannot be checked: it is one too`, `column "s" cannot be checked for its order: `} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("%q, want %q", got[i], want)
		}
	}
}

// Values that must be unique are found wherever they are, in memory and in files.
func TestUnique(t *testing.T) {
	defer func(n int) { inMemory = n }(inMemory)
	for _, inMemory = range []int{1, 1 << 20} {
		dir := t.TempDir()
		const rows = 200_000
		d := newDistinct(dir, signed, max(1<<14, inMemory))
		want := map[int64]bool{}
		for row := range int64(rows) {
			v := row * 7919
			if row%1000 == 999 || row == rows-1 {
				v = (row - row%1000) / 2 / 1000 * 1000 * 7919
				want[row] = row > 0
			}
			if err := d.add(row, numbers(v)); err != nil {
				t.Fatal(err)
			}
		}
		if (d.file != nil) != (inMemory == 1) {
			t.Errorf("with %d in memory there is a file: %v", inMemory, d.file != nil)
		}
		b := newBreach()
		if err := d.repeated(b); err != nil {
			t.Fatal(err)
		}
		if b.count != int64(len(want)) || int(b.set.GetCardinality()) != len(want) {
			t.Errorf("%d rows, want %d", b.count, len(want))
		}
		for row := range want {
			if !b.has(row) {
				t.Fatalf("row %d is not found", row)
			}
		}
		if got := b.examples; len(got) != 3 || got[0] != (Example{Row: 1000, SameAs: 1}) || got[1] != (Example{Row: 2000, SameAs: 1}) {
			t.Errorf("%+v", got)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("there is left %v, %v", left, err)
		}
	}
}

// Without room for its file a check ends with an error, and not with a report.
func TestUniqueWithoutDisk(t *testing.T) {
	d := newDistinct("/nowhere", plain, 2)
	if err := d.add(0, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := d.add(1, []byte("b")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// Orders are those that package formats has for its bounds.
func TestOrder(t *testing.T) {
	f32 := func(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }
	wide := func(low uint64, high int64) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, low), uint64(high))
	}
	for _, c := range []struct {
		typ    formats.Type
		values [][]byte // each above the one before
	}{
		{formats.Int8, [][]byte{{0x80}, {0xff}, {0}, {0x7f}}},
		{formats.Int64, [][]byte{numbers(math.MinInt64), numbers(-1), numbers(0), numbers(math.MaxInt64)}},
		{formats.Uint64, [][]byte{numbers(0), numbers(math.MaxInt64), numbers(-1)}},
		{formats.Bool, [][]byte{{0}, {1}}},
		{formats.Float16, [][]byte{{0, 0xfc}, {0, 0xbc}, {0, 0}, {1, 0}, {0, 0x3c}, {0, 0x7c}, {1, 0x7c}}},
		{formats.Float32, [][]byte{f32(float32(math.Inf(-1))), f32(-1), f32(0), f32(1e-40), f32(1), f32(float32(math.Inf(1))), f32(float32(math.NaN()))}},
		{formats.Decimal(20, 2), [][]byte{wide(0, math.MinInt64), wide(math.MaxUint64, -1), wide(0, 0), wide(1, 0), wide(math.MaxUint64, 0), wide(0, 1)}},
		{formats.String, [][]byte{{}, []byte("a"), []byte("aa"), []byte("b"), []byte("é")}},
	} {
		class := classOf(c.typ)
		for i, a := range c.values {
			for j, b := range c.values {
				if got := class.compare(a, b); got != compareInts(i, j) {
					t.Errorf("%s: % x and % x: %d", c.typ, a, b, got)
				}
			}
		}
	}
	if float.compare(f32(0), f32(float32(math.Copysign(0, -1)))) != 0 || float.compare(f32(float32(math.NaN())), binary.LittleEndian.AppendUint32(nil, 0xffc00001)) != 0 {
		t.Error("zeros and NaNs are not one")
	}
}

func compareInts(i, j int) int {
	switch {
	case i < j:
		return -1
	case i > j:
		return 1
	}
	return 0
}

// Values are shown as SPEC.md says, and where it does not, as is usual.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		typ   formats.Type
		value []byte
		want  string
	}{
		{formats.Int64, numbers(-3), "-3"},
		{formats.Bool, []byte{1}, "true"},
		{formats.Date, []byte{1, 0, 0, 0}, "1970-01-02"},
		{formats.Timestamp(formats.Milli, "UTC"), numbers(1), "1970-01-01T00:00:00.001Z"},
		{formats.Float64, numbers(int64(math.Float64bits(math.NaN()))), "NaN"},
		{formats.UUID, []byte("0123456789abcdef"), "30313233-3435-3637-3839-616263646566"},
		{formats.Binary, []byte{0xff, 0}, "ff00"},
		{formats.String, []byte(strings.Repeat("é", 100)), strings.Repeat("é", 40) + "…"},
	} {
		if got := textOf(c.typ, c.value); got != c.want {
			t.Errorf("%s: %q, want %q", c.typ, got, c.want)
		}
	}
}

// A report as JSON comes back the same.
func TestReportJSON(t *testing.T) {
	r := check(t, "columns: {x: {max: 1, unique: true, nullable: false}, y: {}}", false,
		fed{formats.Int64, formats.Path{}.Field("x"), numbers(1, 2, 2), 3, []byte{1, 1, 0, 1}, nil})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if again.String() != r.String() || again.BadRows != 3 || len(again.Violations) != 4 {
		t.Errorf("%s\n%s", text, r)
	}
}

func TestWithoutBadRows(t *testing.T) {
	for _, c := range []struct{ contract, want string }{
		{"columns: {x: {max: 1}}", ""},
		{"columns: {x: {max: 1}}\nmax_bad_ratio: 0.5", ""},
		{"columns: {x: {max: 1}}\nmax_bad_ratio: 0.4", "2 of 4 rows are bad, more than the max_bad_ratio 0.4"},
		{"columns: {x: {max: 0}}", "no row would be left"},
		{"columns: {x: {max: 1}}\nrows: {min: 3}", "2 rows would be left, fewer than the least, 3"},
		{"columns: {x: {max: 1}, y: {}}", "without its bad rows it would still"},
		{"columns: {x: {max: 1}}\nsorted_by: [x]", "without its bad rows it would still"},
	} {
		r := check(t, c.contract, false, fed{formats.Int64, formats.Path{}.Field("x"), numbers(1, 3, 2, 1), 4, []byte{1, 1, 1, 1}, nil})
		parsed, err := Parse([]byte(c.contract))
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.WithoutBadRows(r); got != c.want {
			t.Errorf("%s: %q, want %q", c.contract, got, c.want)
		}
	}
}
