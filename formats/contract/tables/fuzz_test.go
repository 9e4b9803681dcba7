package tables_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/contract/tables"
)

// Whatever the bytes, there is a report or an error that says why, without much
// memory; and no row is lost when a table is split by a report.
func FuzzInspect(f *testing.F) {
	c := parseContract(f, "columns: {i: {type: int64, min: 1, unique: true, nullable: false}, s: {type: string, allowed: [a, bb], pattern: '^.'}}\nsorted_by: [s, i]\nmax_null_ratio: 0.5\nrows: {max: 3}")
	seed := tableOf("i 1 2 2 null 5", "f 0.5 -1 2 3 4", "s a bb null bb c")
	for _, format := range allFormats {
		f.Add(string(format), seed.write(f, format))
	}
	f.Add("csv", []byte("\xef\xbb\xbfi,s\r\n1\r\nx,\xff\n\"\"\"\",\"\n\""))
	f.Add("ndjson", []byte("{}\n{\"i\": \"x\"} \r\n{\"i\": [{\"}\": 1}]}"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		format := tables.Format(name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		table, report, err := tables.Inspect(context.Background(), format, bytes.NewReader(b), int64(len(b)), &tables.Options{Contract: c, Dir: t.TempDir()})
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > uint64(256<<20+len(b)*16<<10) {
			t.Fatalf("%d bytes took %d bytes of memory", len(b), taken)
		}
		if err != nil {
			known := errors.Is(err, formats.ErrUnreadable) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			for _, one := range allFormats {
				if one == format && !known {
					t.Fatal(err)
				}
			}
			return
		}
		if report.BadRows == 0 || report.Rows != table.Rows || len(table.Columns) == 0 {
			return
		}
		var good, bad bytes.Buffer
		if err := tables.Split(context.Background(), format, bytes.NewReader(b), int64(len(b)), report.Reason, &good, &bad); err != nil {
			return
		}
		rows := int64(0)
		for _, part := range []*bytes.Buffer{&good, &bad} {
			found, _, err := tables.Inspect(context.Background(), format, bytes.NewReader(part.Bytes()), int64(part.Len()), nil)
			if err != nil {
				return // strictly, the parts of what could not be read cannot be read either
			}
			rows += found.Rows
		}
		if rows != report.Rows {
			t.Errorf("%d rows became %d", report.Rows, rows)
		}
	})
}
