package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats/contract/tables"
	"github.com/cairnstore/cairn/layout"
)

// bytesRead is what this process has read so far, as Linux counts it.
func bytesRead(t *testing.T) (n int64) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skipf("bytes that are read are counted on Linux only: %v", err)
	}
	if _, err := fmt.Sscanf(string(b), "rchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A file is read once for the digests of its bytes and of its columns.
func TestLookIntoReadsOnce(t *testing.T) {
	type row struct {
		A, B int64
		C    string
	}
	rows := make([]row, 300_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		rows[i] = row{r.Int64(), r.Int64(), fmt.Sprint(r.Int64())}
	}
	file := filepath.Join(t.TempDir(), "t.parquet")
	if err := parquet.WriteFile(file, rows, parquet.MaxRowsPerRowGroup(50_000)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := bytesRead(t)
	a, err := (&question{File: file, Format: tables.Parquet}).lookInto(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read, size := bytesRead(t)-before, int64(len(b))
	if a.Sum.Digest != layout.Sum(b) || a.Sum.Size != size || !strings.HasPrefix(a.Table.Digest, "b3t:") {
		t.Errorf("%+v", a)
	}
	if read < size || read > size+size/20 {
		t.Errorf("%d bytes were read of a file of %d", read, size)
	}
}
