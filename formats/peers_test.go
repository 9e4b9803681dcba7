package formats_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow"
	"github.com/cairnstore/cairn/formats/parquet"
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

// The same table has one digest, whoever wrote it and how; and a table that
// differs in one value, null, name, type or row has another.
func TestPeers(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command(python(t), "testdata/peers.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	first := map[formats.Digest]string{}
	same := 0
	for _, file := range list(t, dir, "same") {
		table := inspect(t, file)
		same++
		if table.Digest.IsZero() {
			t.Fatalf("%s has no digest: %s", file, table.Reason)
		}
		first[table.Digest] = file
	}
	if len(first) != 1 {
		t.Errorf("the same table has %d digests: %q", len(first), first)
	}
	for _, file := range list(t, dir, "other") {
		table := inspect(t, file)
		if twin, ok := first[table.Digest]; ok || table.Digest.IsZero() {
			t.Errorf("%s has the digest of %s", file, twin)
		}
		first[table.Digest] = file
	}
	t.Logf("%d files of the same table, %d of others", same, len(first)-1)
}

func list(t *testing.T, dir, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files in %s: %v", len(files), folder, err)
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
		table, err = arrow.InspectIPC(t.Context(), f, st.Size())
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
