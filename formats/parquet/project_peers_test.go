package parquet

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// peerProjection has pyarrow write a table in several forms, and compare columns as
// pyarrow and DuckDB read them from a file with those of its projection.
const peerProjection = `
import sys, os, json
import pyarrow as pa, pyarrow.parquet as pq
import duckdb

verb, folder = sys.argv[1:]
n = 5000
table = pa.table({
    "id": pa.array(range(n), pa.int64()),
    "city": pa.array([["Oslo", "Rome", None][i % 3] for i in range(n)]),
    "word": pa.array(["w%d" % (i % 9) for i in range(n)]).dictionary_encode(),
    "score": pa.array([None if i % 11 == 0 else i / 8 for i in range(n)], pa.float64()),
    "moment": pa.array(range(n), pa.timestamp("us", tz="Europe/Rome")),
    "tags": pa.array([None if i % 7 == 0 else ["t%d" % k for k in range(i % 4)] for i in range(n)], pa.list_(pa.string())),
    "place": pa.array([None if i % 5 == 0 else {"x": i / 4, "y": {"z": i}} for i in range(n)], pa.struct([("x", pa.float64()), ("y", pa.struct([("z", pa.int32())]))])),
    "prices": pa.array([[("a", i), ("b", None)] for i in range(n)], pa.map_(pa.string(), pa.int64())),
})
forms = {
    "plain": dict(use_dictionary=False, compression="none"),
    "snappy": dict(row_group_size=1000, compression="snappy", write_page_index=True),
    "zstd": dict(row_group_size=700, compression="zstd", data_page_version="2.0", data_page_size=2000, store_schema=False,
                 sorting_columns=[pq.SortingColumn(0)]),
}
columns = ["city", "word", "moment", "tags", "place", "prices"]
if verb == "write":
    for name, form in forms.items():
        pq.write_table(table, os.path.join(folder, name + ".parquet"), **form)
    sys.exit()
for name in forms:
    source, new = (os.path.join(folder, name + end) for end in (".parquet", ".new.parquet"))
    got, want = pq.read_table(new), pq.read_table(source, columns=columns)
    assert got.column_names == columns, got.column_names
    assert got.to_pylist() == want.to_pylist(), name + ": pyarrow reads other values"
    assert not pq.read_metadata(new).metadata, name + ": there is metadata"
    pq.ParquetFile(new).scan_contents()
    rows = lambda file: duckdb.sql("select city, word, epoch_us(moment), tags, place, prices from read_parquet('%s')" % file).fetchall()
    assert rows(new) == rows(source), name + ": DuckDB reads other values"
    nulls = lambda file: duckdb.sql("select count(*), count(city), count(place), min(epoch_us(moment)), max(word) from read_parquet('%s') where city is null or word = 'w3'" % file).fetchall()
    assert nulls(new) == nulls(source), name + ": DuckDB finds other rows"
`

// Files of other writers are projected so that other readers read the same.
func TestProjectPeers(t *testing.T) {
	python, err := filepath.Abs("../../.bin/peers/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the Python libraries are not installed; run: make peers")
		}
		t.Skip("the Python libraries are not installed; run: make peers")
	}
	dir := t.TempDir()
	peers := func(verb string) {
		t.Helper()
		if out, err := exec.Command(python, "-c", peerProjection, verb, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	peers("write")
	columns := []string{"city", "word", "moment", "tags", "place", "prices"}
	for _, name := range []string{"plain", "snappy", "zstd"} {
		source, err := os.ReadFile(filepath.Join(dir, name+".parquet"))
		if err != nil {
			t.Fatal(err)
		}
		file := projected(t, source, columns...)
		if got, want := inspect(t, file).Columns, columnsOf(inspect(t, source), columns...); len(want) != 8 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, and not %+v", name, got, want)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".new.parquet"), file, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	peers("compare")
}
