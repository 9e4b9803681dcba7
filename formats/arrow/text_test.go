package arrow

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	goparquet "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/parquet"
)

func inspectCSV(t *testing.T, text string, o *CSVOptions) *formats.Table {
	t.Helper()
	table, err := InspectCSV(t.Context(), strings.NewReader(text), int64(len(text)), o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return table
}

func inspectNDJSON(t *testing.T, text string, types map[string]formats.Type) *formats.Table {
	t.Helper()
	table, err := InspectNDJSON(t.Context(), strings.NewReader(text), int64(len(text)), &NDJSONOptions{Types: types})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return table
}

const micros = formats.Type("timestamp(us,UTC)")

// The type of a column is inferred from all of its values.
func TestInfer(t *testing.T) {
	for _, c := range []struct {
		values string // separated by |
		want   formats.Type
	}{
		{"0|-1|9223372036854775807|-9223372036854775808", formats.Int64},
		{"1||2", formats.Int64},
		{`1|""|"2"`, formats.Int64},
		{"9223372036854775808", formats.String},
		{"01", formats.String},
		{"+1", formats.String},
		{" 1", formats.String},
		{"-0", formats.Float64},
		{"1|2.5", formats.Float64},
		{"1e3|NaN|-inf", formats.Float64},
		{"1|9007199254740992|0.5", formats.Float64},
		{"9007199254740993|0.5", formats.String},
		{"00000000000000000000|0.5", formats.String},
		{"1e400", formats.String},
		{"1_000", formats.String},
		{"0x1p4", formats.String},
		{".5", formats.String},
		{"5.", formats.String},
		{"true|False|TRUE", formats.Bool},
		{"true|1", formats.String},
		{"2026-06-17|0001-01-01", formats.Date},
		{"2026-02-29", formats.String},
		{"2026-6-17", formats.String},
		{"2026-06-17T23:59:59Z|2026-06-17 23:59:59.123456+02:00", micros},
		{"2026-06-17T23:59:59", formats.String},
		{"2026-06-17T23:59:59.1234567Z", formats.String},
		{"2026-06-17T24:00:00Z", formats.String},
		{"2026-06-17|2026-06-17T00:00:00Z", formats.String},
		{"a", formats.String},
		{"|", formats.Null},
		{`|""`, formats.String},
	} {
		table := inspectCSV(t, "c,d\n"+strings.ReplaceAll(c.values, "|", ",x\n")+",x\n", nil)
		if got := table.Columns[0]; got.Type != c.want || got.Digest.IsZero() {
			t.Errorf("%s: %+v, want %s", c.values, got, c.want)
		}
	}
}

// A text stands for the value that package formats says, if the type is given.
func TestGivenTypes(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		typ    formats.Type
		text   string // ! before what is none
		values []byte
	}{
		{formats.Int8, "-128", le(int8(-128))},
		{formats.Int8, "!128", nil},
		{formats.Int16, "-32768", le(int16(-32768))},
		{formats.Int64, "-9223372036854775808", le(int64(math.MinInt64))},
		{formats.Int64, "!9223372036854775808", nil},
		{formats.Uint8, "255", []byte{255}},
		{formats.Uint8, "!-1", nil},
		{formats.Uint64, "18446744073709551615", le(uint64(math.MaxUint64))},
		{formats.Uint64, "!18446744073709551616", nil},
		{formats.Float32, "0.1", le(float32(0.1))},
		{formats.Float64, "-0", le(math.Copysign(0, -1))},
		{formats.Float64, "12345678901234567890", le(12345678901234567890.0)},
		{formats.Float32, "!1e39", nil},
		{formats.Bool, "True", []byte{1}},
		{formats.Bool, "!1", nil},
		{formats.Date, "1969-12-31", le(int32(-1))},
		{formats.Date, "0001-01-01", le(int32(-719162))},
		{"time(ms)", "23:59:59.5", le(int32(86399500))},
		{"time(us)", "00:00:00.000001", le(int64(1))},
		{"time(us)", "!00:00:00.0000001", nil},
		{"time(ns,UTC)", "00:00:01Z", le(int64(1e9))},
		{"time(ns,UTC)", "!00:00:01", nil},
		{"time(ns)", "!00:00:01Z", nil},
		{"time(ns)", "!00:00:01.", nil},
		{"timestamp(ms)", "1969-12-31 23:59:59.999", le(int64(-1))},
		{"timestamp(ms)", "!1969-12-31 23:59:59.999Z", nil},
		{"timestamp(us,UTC)", "1970-01-01T01:00:00+01:00", le(int64(0))},
		{"timestamp(us,UTC)", "1969-12-31T22:30:00-01:30", le(int64(0))},
		{"timestamp(us,UTC)", "!1970-01-01T01:00:00", nil},
		{"timestamp(ns,Asia/Tokyo)", "1970-01-01T09:00:00+09:00", le(int64(0))},
		{"timestamp(ns)", "!2263-01-01 00:00:00", nil},
		{"timestamp(ns)", "2262-04-11 23:47:15.999999999", le(int64(9223372035999999999))},
		{"decimal(9,2)", "-1.5", le(int32(-150))},
		{"decimal(9,2)", "-0.00", le(int32(0))},
		{"decimal(9,2)", "9999999.99", le(int32(999999999))},
		{"decimal(9,2)", "!10000000.00", nil},
		{"decimal(9,2)", "!1.500", nil},
		{"decimal(9,2)", "!1.", nil},
		{"decimal(9,2)", "!", nil},
		{"decimal(3,-2)", "-12300", le(int32(-123))},
		{"decimal(3,-2)", "!12345", nil},
		{"decimal(38,0)", "-1", bytes.Repeat([]byte{0xff}, 16)},
		{"decimal(76,0)", "1", append([]byte{1}, make([]byte, 31)...)},
		{formats.UUID, "6ba7b810-9dad-11d1-80b4-00C04FD430C8", unhex("6ba7b8109dad11d180b400c04fd430c8")},
		{formats.UUID, "!6ba7b8109dad11d180b400c04fd430c8", nil},
		{formats.UUID, "!6ba7b810-9dad-11d1-80b4-00c04fd4-0c8", nil},
		{formats.String, "a b", texts("a b")},
		{formats.JSON, "[1]", texts("[1]")},
		{formats.Null, "!x", nil},
	} {
		text, bad := strings.CutPrefix(c.text, "!")
		if bad && text == "" {
			continue
		}
		file := "c\n\"" + text + "\"\n\n"
		table, err := InspectCSV(t.Context(), strings.NewReader(file), int64(len(file)), &CSVOptions{Types: map[string]formats.Type{"c": c.typ}})
		if bad {
			if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("%s as %s: %+v, %v", c.text, c.typ, table, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s as %s: %v", c.text, c.typ, err)
			continue
		}
		want := entriesOf{typ: c.typ, path: column, values: c.values, n: 1, def: []byte{1, 0}}.digest(t)
		if got := table.Columns[0]; got.Digest != want {
			t.Errorf("%s as %s: %+v, want %s", c.text, c.typ, got, want)
		}
	}
}

// How CSV is written does not show.
func TestCSVSpellings(t *testing.T) {
	want := inspectCSV(t, "id,word\n1,a\n2,\"b,\"\"\n\"\n,\n", nil)
	if want.Rows != 3 || want.Columns[0].Type != formats.Int64 || *want.Columns[1].Max != "b,\"\n" || want.Columns[1].Nulls != 1 {
		t.Errorf("%+v", want)
	}
	for name, c := range map[string]struct {
		text string
		o    CSVOptions
	}{
		"CRLF":          {"id,word\r\n1,a\r\n2,\"b,\"\"\n\"\r\n,\r\n", CSVOptions{}},
		"no last LF":    {"id,word\n1,a\n2,\"b,\"\"\n\"\n,", CSVOptions{}},
		"mark":          {"\xef\xbb\xbfid,word\n1,a\n2,\"b,\"\"\n\"\n,\n", CSVOptions{}},
		"quotes":        {"\"id\",\"word\"\n\"1\",\"a\"\n2,\"b,\"\"\n\"\n\"\",\n", CSVOptions{}},
		"delimiter":     {"id;word\n1;a\n2;\"b,\"\"\n\"\n;\n", CSVOptions{Delimiter: ';'}},
		"tab":           {"id\tword\n1\ta\n2\t\"b,\"\"\n\"\n\t\n", CSVOptions{Delimiter: '\t'}},
		"given types":   {"id,word\n1,a\n2,\"b,\"\"\n\"\n,\n", CSVOptions{Types: map[string]formats.Type{"id": "int64", "word": "string"}}},
		"order":         {"word,id\na,1\n\"b,\"\"\n\",2\n,\n", CSVOptions{}},
		"one type":      {"id,word\n1,a\n2,\"b,\"\"\n\"\n,\n", CSVOptions{Types: map[string]formats.Type{"id": "int64"}}},
		"quoted header": {"\"i\"\"d\",word\n1,a\n", CSVOptions{}},
	} {
		got := inspectCSV(t, c.text, &c.o)
		if name == "quoted header" {
			if got.Columns[0].Name != `i"d` {
				t.Errorf("%s: %+v", name, got)
			}
		} else if got.Digest != want.Digest {
			t.Errorf("%s: %+v, want %s", name, got, want.Digest)
		}
	}
	for name, text := range map[string]string{
		"empty text":     "id,word\n1,a\n2,\"b,\"\"\n\"\n,\"\"\n",
		"CRLF in quotes": "id,word\n1,a\n2,\"b,\"\"\r\n\"\n,\n",
	} {
		if got := inspectCSV(t, text, nil); got.Digest == want.Digest {
			t.Errorf("%s does not show", name)
		}
	}
}

func TestCSVEdges(t *testing.T) {
	if got := inspectCSV(t, "c\n\na\n\n", nil); got.Rows != 3 || got.Columns[0].Nulls != 2 {
		t.Errorf("empty lines of one column: %+v", got)
	}
	if got := inspectCSV(t, "a,b\n", nil); got.Rows != 0 || got.Columns[1].Type != formats.Null || got.Digest.IsZero() {
		t.Errorf("no rows: %+v", got)
	}
	if got := inspectCSV(t, "a,a\n1,2\n", nil); got.Reason != `two columns are named "a"` {
		t.Errorf("the same name twice: %+v", got)
	}
	if got := inspectCSV(t, "a\n\xff\n", nil); got.Columns[0].Reason != "a text is not UTF-8" {
		t.Errorf("not UTF-8: %+v", got)
	}
	for text, want := range map[string]string{
		"":                         "no header",
		"a,b\n1\n":                 "line 2: 1 fields, and the header has 2",
		"a,b\n1,2\n1,2,3\n":        "line 3: 3 fields",
		"a,b\n1,2\n\n":             "line 3: 1 fields",
		"a,b\n\"1\n\n\",2\n3\n":    "line 5: 1 fields",
		"a\nx\"y\n":                "line 2: a quote within",
		"a\n\"x\"y\n":              "line 2: a quoted field goes on",
		"a\n\"x\n":                 "line 2: a quote is not closed",
		"a\nx\ry\n":                "line 2: a carriage return",
		"\xff,b\n1,2\n":            "not UTF-8",
		strings.Repeat(",", 1<<16): "more than 65536 fields",
		"a\n\"" + strings.Repeat("x", maxRecord+1) + "\"\n": "line 2: more than 16777216 bytes",
	} {
		_, err := InspectCSV(t.Context(), strings.NewReader(text), int64(len(text)), nil)
		if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	text := "a\n1\n"
	for name, o := range map[string]CSVOptions{
		"no such column": {Types: map[string]formats.Type{"b": formats.Int64}},
		"no such type":   {Types: map[string]formats.Type{"a": "int"}},
		"binary":         {Types: map[string]formats.Type{"a": formats.Binary}},
		"quote":          {Delimiter: '"'},
	} {
		_, err := InspectCSV(t.Context(), strings.NewReader(text), int64(len(text)), &o)
		if err == nil || errors.Is(err, formats.ErrUnreadable) != (name == "no such column") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNDJSON(t *testing.T) {
	text := `{"i": 1, "f": 0.5, "b": true, "s": "a\n\u00e9", "m": 1, "n": null, "o": {"x": [1, "}"]}, "big": 18446744073709551615}
 { "s" : "2026-06-17" , "i":-2,"f":3 , "m":"x"} ` + "\r" + `
{}
{"f": -0, "late": false}`
	table := inspectNDJSON(t, text, nil)
	type short struct {
		name   string
		typ    formats.Type
		nulls  int64
		reason string
	}
	want := []short{
		{"i", "int64", 2, ""},
		{"f", "float64", 1, ""},
		{"b", "bool", 3, ""},
		{"s", "string", 2, ""},
		{"m", "mixed", 0, "its values are of several kinds"},
		{"n", "null", 4, ""},
		{"o", "nested", 0, "objects and lists in JSON are not supported"},
		{"big", "number", 0, "neither int64 nor float64 holds all of its numbers"},
		{"late", "bool", 3, ""},
	}
	for i, c := range table.Columns {
		if got := (short{c.Name, c.Type, c.Nulls, c.Reason}); got != want[i] {
			t.Errorf("%+v, want %+v", got, want[i])
		}
	}
	if len(table.Columns) != len(want) || table.Rows != 4 || *table.Columns[3].Max != "a\né" {
		t.Errorf("%+v", table)
	}
	given := map[string]formats.Type{"big": formats.Uint64, "d": formats.Date, "absent": formats.Int32}
	table = inspectNDJSON(t, `{"big": 18446744073709551615, "d": "2026-06-17"}`, given)
	if table.Digest.IsZero() || *table.Columns[0].Max != "18446744073709551615" || *table.Columns[1].Max != "2026-06-17" || table.Columns[2].Nulls != 1 {
		t.Errorf("%+v", table)
	}
	if got := inspectNDJSON(t, "", nil); got.Rows != 0 || len(got.Columns) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestNDJSONUnreadable(t *testing.T) {
	for text, want := range map[string]string{
		"{}\n\n":                              "line 2: it is not JSON",
		"{}\n[]":                              "line 2: it is no object",
		"{} {}":                               "line 1: it is not JSON",
		"{\n}":                                "line 1",
		"{}\n{\"a\": 1, \"a\": 1}":            "line 2: the member \"a\" occurs twice",
		`{"a": 1, "\u0061": 2}`:               "occurs twice",
		"{\"a\": [], \"a\": []}":              "occurs twice",
		"{\"a\": \"\xff\"}":                   "it is not JSON",
		`{"a": "\ud800"}`:                     "surrogate",
		`{"a": "\ud800\u0041"}`:               "surrogate",
		`{"a": "\udc00\ud800"}`:               "surrogate",
		`{"\ud800": 1}`:                       "surrogate",
		`{"d": 1}`:                            `line 1: column "d": 1 is no date`,
		`{"d": "x"}`:                          `column "d": "x" is no date`,
		strings.Repeat(" ", maxRecord) + "{}": "more than 16777216 bytes",
	} {
		_, err := InspectNDJSON(t.Context(), strings.NewReader(text), int64(len(text)), &NDJSONOptions{Types: map[string]formats.Type{"d": formats.Date}})
		if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	if got := inspectNDJSON(t, `{"a": "\ud83d\ude00\\ud800"}`, nil); *got.Columns[0].Max != "\U0001F600\\ud800" {
		t.Errorf("%+v", got.Columns[0])
	}
}

// One table has one digest in all formats, once its types are given.
func TestAgreement(t *testing.T) {
	types := map[string]formats.Type{"id": formats.Int32, "price": "decimal(9,2)", "day": formats.Date, "at": "timestamp(ms,UTC)", "word": formats.String}
	csv := "id,price,day,at,word\n1,1.50,2026-06-17,2026-06-17T12:00:00Z,a\n,,,,\n-3,-0.05,1969-12-31,1969-12-31T23:59:59.5Z,\"\"\n"
	json := `{"id": 1, "price": 1.50, "day": "2026-06-17", "at": "2026-06-17T12:00:00Z", "word": "a"}
{}
{"id": -3, "price": -0.05, "day": "1969-12-31", "at": "1969-12-31T23:59:59.5Z", "word": ""}
`
	var fields []arrow.Field
	var columns []arrow.Array
	for _, c := range []struct {
		name string
		typ  arrow.DataType
		json string
	}{
		{"id", arrow.PrimitiveTypes.Int32, `[1, null, -3]`},
		{"price", &arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1.50", null, "-0.05"]`},
		{"day", arrow.FixedWidthTypes.Date32, `["2026-06-17", null, "1969-12-31"]`},
		{"at", arrow.FixedWidthTypes.Timestamp_ms, `["2026-06-17T12:00:00Z", null, "1969-12-31T23:59:59.5Z"]`},
		{"word", arrow.BinaryTypes.String, `["a", null, ""]`},
	} {
		columns = append(columns, fromJSON(t, c.typ, c.json))
		fields = append(fields, arrow.Field{Name: c.name, Type: c.typ, Nullable: true})
	}
	want := inspect(t, ways[0].write(t, recordOf(fields, columns))).Digest
	if got := inspectCSV(t, csv, &CSVOptions{Types: types}).Digest; got != want || got.IsZero() {
		t.Errorf("CSV: %s, want %s", got, want)
	}
	if got := inspectNDJSON(t, json, types).Digest; got != want {
		t.Errorf("NDJSON: %s, want %s", got, want)
	}
	if got := parquetTable(t).Digest; got != want {
		t.Errorf("Parquet: %s, want %s", got, want)
	}
}

// parquetTable is the table of TestAgreement.
func parquetTable(t *testing.T) *formats.Table {
	t.Helper()
	type row struct {
		ID    *int32  `parquet:"id,optional"`
		Price *int32  `parquet:"price,optional,decimal(2:9)"`
		Day   *int32  `parquet:"day,optional,date"`
		At    *int64  `parquet:"at,optional,timestamp(millisecond)"`
		Word  *string `parquet:"word,optional"`
	}
	noon := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	err := goparquet.Write(&b, []row{
		{new(int32(1)), new(int32(150)), new(int32(noon.Unix() / 86400)), new(noon.UnixMilli()), new("a")},
		{},
		{new(int32(-3)), new(int32(-5)), new(int32(-1)), new(int64(-500)), new("")},
	})
	if err != nil {
		t.Fatal(err)
	}
	table, err := parquet.Inspect(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// Errors of the reader and the context are passed on from texts too.
func TestOtherErrorsOfTexts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	text := []byte("{}\n{}\n")
	for fail := range 3 {
		r := &failing{Reader: bytes.NewReader(text), left: fail}
		if _, err := InspectCSV(t.Context(), r, int64(len(text)), nil); err != errBroken && fail < 2 {
			t.Errorf("CSV: %v", err)
		}
		r.left = fail
		if _, err := InspectNDJSON(t.Context(), r, int64(len(text)), nil); err != errBroken && fail < 2 {
			t.Errorf("NDJSON: %v", err)
		}
	}
	if _, err := InspectCSV(ctx, bytes.NewReader(text), int64(len(text)), nil); err != context.Canceled {
		t.Errorf("CSV: %v", err)
	}
	if _, err := InspectNDJSON(ctx, bytes.NewReader(text), int64(len(text)), nil); err != context.Canceled {
		t.Errorf("NDJSON: %v", err)
	}
}
