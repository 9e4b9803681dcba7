package arrow

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/cairnstore/cairn/formats"
)

// reasonFor says that some rows are bad.
func reasonFor(rows ...int64) func(int64) string {
	return func(row int64) string {
		if slices.Contains(rows, row) {
			return `it "is" bad`
		}
		return ""
	}
}

// Records go on byte by byte, with one more field where they are bad.
func TestSplitCSV(t *testing.T) {
	for _, c := range []struct {
		text, good, bad string
		rows            []int64
	}{
		{"a,b\n1,2\n3,4\n", "a,b\n3,4\n", "a,b,cairn_reason\n1,2,\"it \"\"is\"\" bad\"\n", []int64{0}},
		{"a,b\r\n1,\"x\r\ny\"\r\n3,4", "a,b\r\n3,4", "a,b,cairn_reason\r\n1,\"x\r\ny\",\"it \"\"is\"\" bad\"\r\n", []int64{0}},
		{"\xef\xbb\xbf\"a\"\n1\n\n2", "\xef\xbb\xbf\"a\"\n1\n", "\xef\xbb\xbf\"a\",cairn_reason\n,\"it \"\"is\"\" bad\"\n2,\"it \"\"is\"\" bad\"", []int64{1, 2}},
		{"a,b\n1\n\"x\"\"\",2,3\n4,5\n", "a,b\n4,5\n", "a,b,cairn_reason\n\"1\",,\"it \"\"is\"\" bad\"\n\"\"\"x\"\"\"\"\"\",2,3\",,\"it \"\"is\"\" bad\"\n", []int64{0, 1}},
	} {
		var good, bad strings.Builder
		err := SplitCSV(t.Context(), strings.NewReader(c.text), int64(len(c.text)), nil, &Split{&good, &bad, reasonFor(c.rows...)})
		if err != nil || good.String() != c.good || bad.String() != c.bad {
			t.Errorf("%q: %v\n%q\n%q", c.text, err, good.String(), bad.String())
		}
		inspectCSV(t, bad.String(), nil)
	}
}

func TestSplitNDJSON(t *testing.T) {
	const text = "{ }\r\n{\"a\": {\"b\": \"}\"} } \n{\"a\": 1}"
	const reason = `"cairn_reason":"it \"is\" bad"}`
	for _, c := range []struct {
		good, bad string
		rows      []int64
	}{
		{"{\"a\": {\"b\": \"}\"} } \n{\"a\": 1}", "{ " + reason + "\r\n", []int64{0}},
		{"{ }\r\n", "{\"a\": {\"b\": \"}\"} ," + reason + " \n{\"a\": 1," + reason, []int64{1, 2}},
	} {
		var good, bad strings.Builder
		err := SplitNDJSON(t.Context(), strings.NewReader(text), int64(len(text)), &Split{&good, &bad, reasonFor(c.rows...)})
		if err != nil || good.String() != c.good || bad.String() != c.bad {
			t.Errorf("%v: %v\n%q\n%q", c.rows, err, good.String(), bad.String())
		}
		inspectNDJSON(t, bad.String(), nil)
	}
}

// Parts have the types, the kind of file and the compression of the whole.
func TestSplitIPC(t *testing.T) {
	columns := []struct {
		typ             arrow.DataType
		all, good, evil string
	}{
		{arrow.PrimitiveTypes.Int32, `[1, null, 3, 4]`, `[1, 4]`, `[null, 3]`},
		{arrow.FixedWidthTypes.Boolean, `[true, null, false, false]`, `[true, false]`, `[null, false]`},
		{arrow.BinaryTypes.LargeString, `["a", "b", "", null]`, `["a", null]`, `["b", ""]`},
		{pairs, `[{"x": 1, "l": [1, 2]}, null, {"x": 3, "l": []}, {"x": 4, "l": [null]}]`, `[{"x": 1, "l": [1, 2]}, {"x": 4, "l": [null]}]`, `[null, {"x": 3, "l": []}]`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[[{"key": "a", "value": 1}], null, [], [{"key": "b", "value": null}]]`, `[[{"key": "a", "value": 1}], [{"key": "b", "value": null}]]`, `[null, []]`},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), `[[1, 2], null, [3, 4], [5, 6]]`, `[[1, 2], [5, 6]]`, `[null, [3, 4]]`},
		{&arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1.50", null, "2.50", "3.50"]`, `["1.50", "3.50"]`, `[null, "2.50"]`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", null, "b", "a"]`, `["a", "a"]`, `[null, "b"]`},
	}
	for _, c := range columns {
		for _, w := range ways {
			batch := batchOf("c", fromJSON(t, c.typ, c.all))
			whole := w.write(t, batch, batch)
			var good, bad bytes.Buffer
			if err := SplitIPC(t.Context(), bytes.NewReader(whole), int64(len(whole)), &Split{&good, &bad, reasonFor(1, 2, 5, 6)}); err != nil {
				t.Fatalf("%s, %s: %v", c.typ, w.name, err)
			}
			twice := func(text string) formats.Digest {
				one := batchOf("c", fromJSON(t, c.typ, text))
				return inspect(t, w.write(t, one, one)).Columns[0].Digest
			}
			if got := inspect(t, good.Bytes()).Columns[0].Digest; got != twice(c.good) {
				t.Errorf("%s, %s: the good rows are others", c.typ, w.name)
			}
			letters := inspect(t, bad.Bytes())
			if letters.Columns[0].Digest != twice(c.evil) {
				t.Errorf("%s, %s: the bad rows are others", c.typ, w.name)
			}
			last := letters.Columns[len(letters.Columns)-1]
			if last.Name != ReasonColumn || *last.Min != `it "is" bad` || *last.Max != *last.Min {
				t.Errorf("%s, %s: %+v", c.typ, w.name, last)
			}
			if got := bytes.HasPrefix(good.Bytes(), []byte(fileMagic)); got != w.file {
				t.Errorf("%s: a file: %v", w.name, got)
			}
			if got, want := codecOf(t, good.Bytes()), codecOf(t, whole); got != want {
				t.Errorf("%s: compressed with %d, want %d", w.name, got, want)
			}
		}
	}
}

// codecOf returns the number of the compression of a file, -1 if there is none.
func codecOf(t *testing.T, b []byte) int {
	t.Helper()
	s := &source{ctx: t.Context(), r: bytes.NewReader(b), size: int64(len(b))}
	schema, next, err := openIPC(s)
	for err == nil {
		_, err = next()
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if !schema.compressed {
		return -1
	}
	return int(schema.codec)
}

// A table that has the column already is not split again; errors of writing stay
// what they are, and are none of the file.
func TestSplitErrors(t *testing.T) {
	batch := batchOf(ReasonColumn, fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`))
	for name, split := range map[string]func(to *Split) error{
		"CSV": func(to *Split) error {
			return SplitCSV(t.Context(), strings.NewReader("a,cairn_reason\n1,2\n"), 19, nil, to)
		},
		"NDJSON": func(to *Split) error {
			return SplitNDJSON(t.Context(), strings.NewReader(`{"cairn_reason": 1}`), 19, to)
		},
		"IPC": func(to *Split) error {
			b := ways[0].write(t, batch)
			return SplitIPC(t.Context(), bytes.NewReader(b), int64(len(b)), to)
		},
	} {
		err := split(&Split{Bad: io.Discard, Reason: reasonFor(0)})
		if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), ReasonColumn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := &Split{Good: io.Discard, Bad: fullDisk{}, Reason: reasonFor(0)}
	b := ways[1].write(t, batchOf("c", fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`)))
	for name, err := range map[string]error{
		"CSV":    SplitCSV(t.Context(), strings.NewReader("a\n1\n"), 4, nil, full),
		"NDJSON": SplitNDJSON(t.Context(), strings.NewReader(`{"a": 1}`), 8, full),
		"IPC":    SplitIPC(t.Context(), bytes.NewReader(b), int64(len(b)), full),
	} {
		if err != os.ErrClosed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }
