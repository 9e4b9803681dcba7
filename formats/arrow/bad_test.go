package arrow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

// A seen is an Observer that notes which rows have a value.
type seen struct {
	rows []bool
	fail error
}

func (s *seen) Observe(_ []byte, n int, def, _ []byte) error {
	for i := range max(n, len(def)) {
		s.rows = append(s.rows, def == nil || def[i] == 1)
	}
	return s.fail
}

// What cannot be read is told before its row is observed, has no value there,
// and takes the digest from what it concerns.
func TestBad(t *testing.T) {
	for _, c := range []struct {
		name    string
		inspect func(observe formats.Observe, bad Bad) (*formats.Table, error)
		bad     []string
		rows    map[string][]bool
		reason  string
	}{
		{"CSV", func(observe formats.Observe, bad Bad) (*formats.Table, error) {
			const text = "a,b\n1,x\ny,\n2\n3,4,5\n6,\xff\n"
			types := map[string]formats.Type{"a": formats.Int64, "b": formats.String, "none": formats.Date}
			return InspectCSV(t.Context(), strings.NewReader(text), int64(len(text)), &CSVOptions{Types: types, Observe: observe, Bad: bad})
		}, []string{`1 a "y"`, `2  "1 fields, and the header has 2"`, `3  "3 fields, and the header has 2"`, `4 b "�"`},
			map[string][]bool{"a": {true, false, false, false, true}, "b": {true, false, false, false, false}}, `column "a": 1 of its values cannot be read as int64`},
		{"NDJSON", func(observe formats.Observe, bad Bad) (*formats.Table, error) {
			const text = `{"a": 1}` + "\n" + `{"b": 2.5, "a": "1"}` + "\n" + `{"b": true}` + "\n" + `{"a": [1]}`
			types := map[string]formats.Type{"a": formats.Int64, "b": formats.Float64}
			return InspectNDJSON(t.Context(), strings.NewReader(text), int64(len(text)), &NDJSONOptions{Types: types, Observe: observe, Bad: bad})
		}, []string{`1 a "\"1\""`, `2 b "true"`, `3 a "[1]"`},
			map[string][]bool{"a": {true, false, false, false}, "b": {false, true, false, false}}, `column "a": 2 of its values cannot be read as int64`},
	} {
		watched := map[string]*seen{}
		var bad []string
		table, err := c.inspect(func(_ formats.Type, p formats.Path) (formats.Observer, error) {
			watched[p.String()] = &seen{}
			return watched[p.String()], nil
		}, func(row int64, p formats.Path, text string) {
			bad = append(bad, fmt.Sprintf("%d %s %q", row, p, text))
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !slices.Equal(bad, c.bad) {
			t.Errorf("%s: %q, want %q", c.name, bad, c.bad)
		}
		for name, want := range c.rows {
			if !slices.Equal(watched[name].rows, want) {
				t.Errorf("%s: %s has values in %v, want %v", c.name, name, watched[name].rows, want)
			}
		}
		if !table.Digest.IsZero() || table.Reason != c.reason {
			t.Errorf("%s: %s, %q", c.name, table.Digest, table.Reason)
		}
	}
}

// An observer that fails ends the reading with its error.
func TestObserverFails(t *testing.T) {
	errFull := errors.New("disk full")
	observe := func(formats.Type, formats.Path) (formats.Observer, error) { return &seen{fail: errFull}, nil }
	none := func(formats.Type, formats.Path) (formats.Observer, error) { return nil, errFull }
	for _, o := range []formats.Observe{observe, none} {
		if _, err := InspectCSV(t.Context(), strings.NewReader("a\n1\n"), 4, &CSVOptions{Observe: o}); err != errFull {
			t.Errorf("CSV: %v", err)
		}
		if _, err := InspectNDJSON(t.Context(), strings.NewReader(`{"a":1}`), 7, &NDJSONOptions{Observe: o}); err != errFull {
			t.Errorf("NDJSON: %v", err)
		}
	}
}
