package arrow

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/cairnstore/cairn/formats"
)

// bounded runs inspect and fails the test if it takes more memory, freed or not,
// than bytes that may name a column in each few would explain.
func bounded(t *testing.T, b []byte, inspect func() (*formats.Table, error)) *formats.Table {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	table, err := inspect()
	runtime.ReadMemStats(&after)
	if taken, limit := after.TotalAlloc-before.TotalAlloc, uint64(128<<20+len(b)*16<<10); taken > limit {
		t.Fatalf("%d bytes took %d bytes of memory", len(b), taken)
	}
	if err != nil && !errors.Is(err, formats.ErrUnreadable) {
		t.Fatal(err)
	}
	if (err == nil) != (table != nil) {
		t.Fatalf("%v and %v", table, err)
	}
	return table
}

func FuzzIPC(f *testing.F) {
	maxInflated = 1 << 20
	for _, c := range []struct {
		typ  arrow.DataType
		json string
	}{
		{arrow.PrimitiveTypes.Int32, `[1, null]`},
		{arrow.FixedWidthTypes.Boolean, `[true, null]`},
		{arrow.BinaryTypes.String, `["a", null]`},
		{arrow.BinaryTypes.StringView, `["a", null, "longer than twelve"]`},
		{pairs, `[{"x": 1, "l": [1, 2]}, null]`},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), `[[1, 2], null]`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[[{"key": "a", "value": 1}], null]`},
		{&arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1.50", null]`},
		{arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int32), `[1, 1]`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", null, "a"]`},
	} {
		for _, w := range ways {
			f.Add(w.write(f, batchOf("c", fromJSON(f, c.typ, c.json))))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, b, func() (*formats.Table, error) {
			return InspectIPC(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
		})
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("id,word\r\n1,\"a\"\"\n\"\r\n,\"\"\n")
	f.Add("a;b\n1;2026-06-17T12:00:00Z\n-0.5;2026-06-17 12:00:00+01:00\n")
	f.Add("\xef\xbb\xbfc\n\ntrue\nNaN\n2026-06-17")
	f.Fuzz(func(t *testing.T, text string) {
		for _, delimiter := range []byte{',', ';'} {
			o := &CSVOptions{Delimiter: delimiter}
			first := bounded(t, []byte(text), func() (*formats.Table, error) {
				return InspectCSV(context.Background(), bytes.NewReader([]byte(text)), int64(len(text)), o)
			})
			if first == nil {
				continue
			}
			// The types that were inferred, given, come to the same.
			o.Types = make(map[string]formats.Type)
			for _, c := range first.Columns {
				if first.Reason == "" {
					o.Types[unescape(c.Name)] = c.Type
				}
			}
			again, err := InspectCSV(context.Background(), bytes.NewReader([]byte(text)), int64(len(text)), o)
			if err != nil || again.Digest != first.Digest {
				t.Fatalf("with the types given: %v, %v, first %v", again, err, first)
			}
		}
	})
}

// unescape returns the name that a path of one name stands for.
func unescape(path string) string {
	var name []byte
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' {
			i++
		}
		name = append(name, path[i])
	}
	return string(name)
}

func FuzzNDJSON(f *testing.F) {
	f.Add(`{"i": 1, "f": 0.5, "b": true, "s": "a\n\u00e9", "n": null, "o": {"x": [1, "}"]}}` + "\n{ }\r\n")
	f.Add("{\"a\": \"\\ud83d\\ude00\"}\n{\"a\": [\"\\\"\"]}")
	f.Fuzz(func(t *testing.T, text string) {
		bounded(t, []byte(text), func() (*formats.Table, error) {
			return InspectNDJSON(context.Background(), bytes.NewReader([]byte(text)), int64(len(text)), nil)
		})
	})
}
