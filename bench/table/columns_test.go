package table

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// What a variant shares with the first table has the same bytes.
func TestColumns(t *testing.T) {
	base := Columns{Columns: 3, Groups: 2, Rows: 10_000}
	first := chunks(t, base)
	for _, c := range []struct {
		name    string
		columns Columns
		others  int // chunks that the first table has not
	}{
		{"same", base, 0},
		{"changed", Columns{Columns: 3, Groups: 2, Rows: 10_000, Changed: 2}, 2},
		{"added", Columns{Columns: 4, Groups: 2, Rows: 10_000}, 2},
		{"appended", Columns{Columns: 3, Groups: 2, Rows: 10_000, Appended: 100}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			others := 0
			for chunk := range chunks(t, c.columns) {
				if !first[chunk] {
					others++
				}
			}
			if others != c.others {
				t.Errorf("%d chunks are new, want %d", others, c.others)
			}
		})
	}
}

func chunks(t *testing.T, c Columns) map[string]bool {
	t.Helper()
	var file bytes.Buffer
	if err := WriteColumns(&file, c); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, group := range f.Metadata().RowGroups {
		for _, column := range group.Columns {
			m := column.MetaData
			all[string(file.Bytes()[m.DataPageOffset:m.DataPageOffset+m.TotalCompressedSize])] = true
		}
	}
	if want := (c.Groups + min(c.Appended, 1)) * c.Columns; len(all) != want {
		t.Fatalf("the table has %d different chunks, want %d", len(all), want)
	}
	return all
}
