package formats_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
)

// python returns the interpreter that "make peers" installs with the pinned
// libraries of peers.txt.
func python(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../.bin/peers/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the Python libraries are not installed; run: make peers")
		}
		t.Skip("the Python libraries are not installed; run: make peers")
	}
	return path
}

// One table, by six libraries in every form that they can write: it has one
// digest. A table that differs in one value, null, name, type or row has another.
func TestPeers(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command(python(t), "testdata/peers.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	same, nested := filepath.Join(dir, "same"), filepath.Join(dir, "nested")
	writeParquetGo(t, same, peerTable())
	writeArrowGo(t, same, peerRecord())
	writeParquetGo(t, nested, peerNestedTable())
	writeArrowGo(t, nested, peerNestedRecord())

	base := inspect(t, filepath.Join(dir, "base", "base.parquet"))
	t.Run("same", func(t *testing.T) {
		files := list(t, same)
		for _, file := range files {
			if table := inspect(t, file); table.Digest != base.Digest || table.Digest.IsZero() {
				t.Errorf("%s has the digest %s (%s), and the first one %s", filepath.Base(file), table.Digest, table.Reason, base.Digest)
			}
		}
		t.Logf("%d files of the same table", len(files))
	})
	t.Run("other", func(t *testing.T) {
		seen := map[formats.Digest]string{base.Digest: "base"}
		for _, file := range list(t, filepath.Join(dir, "other")) {
			table := inspect(t, file)
			if twin, ok := seen[table.Digest]; ok || table.Digest.IsZero() {
				t.Errorf("%s has the digest of %s", file, twin)
			}
			seen[table.Digest] = file
			expectDiff(t, base, table, strings.TrimSuffix(filepath.Base(file), ".parquet"))
		}
		t.Logf("%d other tables", len(seen)-1)
	})
	t.Run("nested", func(t *testing.T) { comparePeerColumns(t, list(t, nested)) })
}

// expectDiff checks that a diff names the column of a table that is named after
// what was done to it, and no other.
func expectDiff(t *testing.T, before, after *formats.Table, name string) {
	t.Helper()
	column, what, _ := strings.Cut(name, "-")
	want := map[string]string{
		"value": column + " changed", "null": column + " changed", "nan": column + " changed",
		"type": column + " retyped", "name": "town renamed", "missing": "flag removed",
	}[what]
	if column == "row" {
		want = "id changed, small changed, maybe changed, score changed, flag changed, city changed, note changed, day changed, at changed"
	}
	var got []string
	diffs := cairn.Diff([]layout.File{fileOf(t, before)}, []layout.File{fileOf(t, after)})
	for _, c := range diffs[0].Columns {
		got = append(got, c.Name+" "+string(c.Change))
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("%s: the diff says %q", name, got)
	}
}

// fileOf returns what a manifest says of a table's file.
func fileOf(t *testing.T, table *formats.Table) layout.File {
	t.Helper()
	b, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	f := layout.File{Path: "table", Digest: layout.Sum(b)}
	if err := json.Unmarshal(b, &f.Table); err != nil {
		t.Fatal(err)
	}
	return f
}

// comparePeerColumns checks that each column has one digest in all files. Polars
// has no maps, so that column is not in its file.
func comparePeerColumns(t *testing.T, files []string) {
	first := map[string]formats.Column{}
	count := map[string]int{}
	for _, file := range files {
		for _, c := range inspect(t, file).Columns {
			if _, ok := first[c.Name]; !ok {
				first[c.Name] = c
			}
			count[c.Name]++
			if want := first[c.Name]; c.Digest != want.Digest || c.Digest.IsZero() {
				t.Errorf("%s: column %s has the digest %s (%s), and in %s %s", filepath.Base(file), c.Name, c.Digest, c.Reason, filepath.Base(files[0]), want.Digest)
			}
		}
	}
	want := map[string]int{}
	for _, name := range []string{"tags[]", "spans[].first", "spans[].last", "place.x", "place.y"} {
		want[name] = len(files)
	}
	want["prices{}.key"], want["prices{}.value"] = len(files)-1, len(files)-1
	if !maps.Equal(count, want) {
		t.Errorf("the columns are in so many files: %v", count)
	}
	t.Logf("%d files of the same nested columns", len(files))
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files in %s: %v", len(files), dir, err)
	}
	return files
}

// inspect looks into a file by its format. A CSV says less of its types than the
// others, so two of them are declared.
func inspect(t *testing.T, file string) *formats.Table {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var table *formats.Table
	switch filepath.Ext(file) {
	case ".parquet":
		table, err = parquet.Inspect(t.Context(), f, st.Size(), nil)
	case ".feather":
		table, err = arrow.InspectIPC(t.Context(), f, st.Size(), nil)
	case ".csv":
		table, err = arrow.InspectCSV(t.Context(), f, st.Size(), &arrow.CSVOptions{Types: map[string]formats.Type{
			"small": formats.Int32, "at": formats.Timestamp(formats.Micro, ""),
		}})
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return table
}
