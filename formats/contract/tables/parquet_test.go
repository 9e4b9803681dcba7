package tables_test

import (
	"bytes"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats/contract/tables"
)

// An order is a row with things within things.
type order struct {
	Zone  string           `parquet:"zone,dict"`
	ID    int64            `parquet:"id,delta"`
	Tags  []string         `parquet:"tags,list"`
	Price map[string]int64 `parquet:"price"`
	Buyer *struct {
		Name *string `parquet:"name,optional"`
		Age  int32   `parquet:"age"`
	} `parquet:"buyer,optional"`
	At int64 `parquet:"at,timestamp(microsecond)"`
}

func writeOrders(t *testing.T, orders []order) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquetgo.NewGenericWriter[order](&b, parquetgo.Compression(&parquetgo.Gzip), parquetgo.KeyValueMetadata("pandas", "{}"), parquetgo.MaxRowsPerRowGroup(7))
	if _, err := w.Write(orders); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The parts of a Parquet file have its columns, as they are nested, in their order,
// and its compression.
func TestSplitNestedParquet(t *testing.T) {
	var all, good, bad []order
	for i := range int64(40) {
		o := order{Zone: "z", ID: i, At: i * 1e6}
		for k := range i % 4 {
			o.Tags = append(o.Tags, string(rune('a'+k)))
		}
		if i%3 > 0 {
			o.Price = map[string]int64{"eur": i}
			o.Buyer = &struct {
				Name *string `parquet:"name,optional"`
				Age  int32   `parquet:"age"`
			}{Age: int32(i)}
		}
		all = append(all, o)
		if i%4 == 3 || i == 20 {
			bad = append(bad, o)
		} else {
			good = append(good, o)
		}
	}
	b := writeOrders(t, all)
	c := parseContract(t, "columns: {'tags[]': {allowed: [a, b]}, buyer.age: {max: 39}, id: {pattern: ''}}")
	if _, r := inspect(t, tables.Parquet, b, c); r.String() != `breaks its contract: column "id" is of type int64, for which a rule makes no sense: pattern: it is for columns of type string, not int64; column "tags[]": 10 rows not among the allowed a, b, such as row 4: "c", row 8: "c", row 12: "c"` {
		t.Error(r)
	}
	c = parseContract(t, "columns: {'tags[]': {allowed: [a, b]}, buyer.age: {max: 39}, at: {type: \"timestamp(us,UTC)\"}}\nsorted_by: [id]")
	_, r := inspect(t, tables.Parquet, b, c)
	if r.BadRows != 10 {
		t.Fatal(r)
	}
	var goodPart, badPart bytes.Buffer
	reason := func(row int64) string {
		if row == 20 {
			return "so"
		}
		return r.Reason(row)
	}
	if err := tables.Split(t.Context(), tables.Parquet, bytes.NewReader(b), int64(len(b)), reason, &goodPart, &badPart); err != nil {
		t.Fatal(err)
	}
	got, _ := inspect(t, tables.Parquet, goodPart.Bytes(), nil)
	if want, _ := inspect(t, tables.Parquet, writeOrders(t, good), nil); got.Digest != want.Digest || got.Digest.IsZero() {
		t.Errorf("the good rows are %+v, want %+v", got, want)
	}
	got, _ = inspect(t, tables.Parquet, badPart.Bytes(), nil)
	want, _ := inspect(t, tables.Parquet, writeOrders(t, bad), nil)
	if len(got.Columns) != len(want.Columns)+1 {
		t.Fatalf("%d columns, and there were %d", len(got.Columns), len(want.Columns))
	}
	for i, column := range want.Columns {
		if got.Columns[i].Name != column.Name || got.Columns[i].Digest != column.Digest {
			t.Errorf("column %d is %+v, want %+v", i, got.Columns[i], column)
		}
	}
	if last := got.Columns[len(got.Columns)-1]; last.Name != "cairn_reason" || *last.Max != "tags[]: not among the allowed a, b" || *last.Min != "so" {
		t.Errorf("%+v", last)
	}
	f, err := parquetgo.OpenFile(bytes.NewReader(goodPart.Bytes()), int64(goodPart.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := f.Lookup("pandas"); !ok || v != "{}" {
		t.Errorf("metadata %q, %v", v, ok)
	}
	if codec := f.Metadata().RowGroups[0].Columns[0].MetaData.Codec; codec != parquetgo.Gzip.CompressionCodec() {
		t.Errorf("compressed with %s", codec)
	}
	before, err := parquetgo.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := before.Schema().String(), f.Schema().String(); a != b {
		t.Errorf("the schema is\n%s\nand was\n%s", b, a)
	}
}
