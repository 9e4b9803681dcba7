package parquet

import (
	"bytes"
	"errors"
	"io"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats"
)

// memoryCeiling is more than a small file of some columns may take in all,
// whatever is in it.
const memoryCeiling = 256 << 20

// FuzzInspect looks for files that take memory out of proportion, that escape
// as a panic, or that have a digest by chance.
func FuzzInspect(f *testing.F) {
	columns := testColumns()
	for i, s := range []style{
		{codec: &parquetgo.Zstd, encoding: dictionaries},
		{codec: &parquetgo.Snappy, encoding: plains, version: 1, optional: true, list: "three levels, optional"},
		{codec: &parquetgo.Gzip, encoding: others, list: "two levels"},
		{codec: &parquetgo.Lz4Raw, list: "bare"},
		{encoding: dictionaries, optional: true},
	} {
		s.rows = 20
		f.Add(write(f, s, columns[4*i:4*i+3]))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var table *formats.Table
		var err error
		taken := allocated(func() {
			table, err = Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), nil)
		})
		if taken > memoryCeiling+uint64(64*len(file)) {
			t.Errorf("takes %d bytes", taken)
		}
		if err != nil {
			if !errors.Is(err, formats.ErrUnreadable) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			return
		}
		again, err := Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), nil)
		if err != nil || again.Digest != table.Digest {
			t.Errorf("%v and then %v, %v", table, again, err)
		}
	})
}
