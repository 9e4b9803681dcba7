package tables_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/formats/contract/tables"
)

// Every rule, met and broken, says the same in every format.
func TestRules(t *testing.T) {
	people := tableOf("i 1 2 2 null 5", "f 0.5 -1 2 3 4", "s a bb null bb c")
	for _, c := range []struct {
		contract string
		want     string // "" if it is met
	}{
		{"columns: {i: , f: {}, s: }", ""},
		{"columns: {i: {type: int64}, f: {type: float64}, s: {type: string}}", ""},
		{"columns: {x: }", `column "x" is missing`},
		{"columns: {i: {nullable: true}, f: {nullable: false}}", ""},
		{"columns: {s: {nullable: false}}", `column "s": 1 row without value, such as row 3`},
		{"columns: {f: {unique: true}}", ""},
		{"columns: {i: {unique: true}}", `column "i": 1 row repeating the value of an earlier row, such as row 3: as row 2`},
		{"columns: {s: {unique: true}}", `column "s": 1 row repeating the value of an earlier row, such as row 4: as row 2`},
		{"columns: {i: {type: int64, min: 1, max: 5}}", ""},
		{"columns: {i: {type: int64, min: 2}}", `column "i": 1 row below min 2, such as row 1: 1`},
		{"columns: {i: {type: int64, max: 1}}", `column "i": 3 rows above max 1, such as row 2: 2, row 3: 2, row 5: 5`},
		{"columns: {f: {type: float64, min: 0}}", `column "f": 1 row below min 0, such as row 2: -1`},
		{"columns: {s: {type: string, min: a, max: bb}}", `column "s": 1 row above max bb, such as row 5: "c"`},
		{"columns: {s: {type: string, allowed: [a, bb, c, d]}}", ""},
		{"columns: {s: {type: string, allowed: [a, c]}}", `column "s": 2 rows not among the allowed a, c, such as row 2: "bb", row 4: "bb"`},
		{"columns: {i: {type: int64, allowed: [1, 2]}}", `column "i": 1 row not among the allowed 1, 2, such as row 5: 5`},
		{"columns: {f: {type: float64, allowed: [0.50, -1, 2.0, 3, 4]}}", ""},
		{"columns: {s: {type: string, pattern: '[a-c]'}}", ""},
		{"columns: {s: {type: string, pattern: '^.$'}}", `column "s": 2 rows not matching ^.$, such as row 2: "bb", row 4: "bb"`},
		{"columns: {s: {max_null_ratio: 0.2}}", ""},
		{"columns: {s: {max_null_ratio: 0.19}}", `column "s" has 1 null in 5 rows, more than the max_null_ratio 0.19`},
		{"max_null_ratio: 0.2", ""},
		{"max_null_ratio: 0.1", `column "i" has 1 null in 5 rows, more than the max_null_ratio 0.1; column "s" has 1 null in 5 rows, more than the max_null_ratio 0.1`},
		{"max_null_ratio: 0.1\ncolumns: {s: {max_null_ratio: 1}, i: {max_null_ratio: 1}}", ""},
		{"rows: {min: 5, max: 5}", ""},
		{"rows: {min: 6}", `5 rows, fewer than the least, 6`},
		{"rows: {max: 4}", `5 rows, more than the most, 4`},
		{"sorted_by: [f]", `1 row out of order by f, such as row 2`},
		{"sorted_by: [i, f]", `1 row out of order by i, f, such as row 5`},
		{"sorted_by: [x]", `column "x" is missing, and the table should be sorted by it`},
		{"columns: {i: {type: int64, min: 2, max: 4}, s: {allowed: [a]}}", `column "i": 1 row below min 2, such as row 1: 1; column "i": 1 row above max 4, such as row 5: 5; column "s": 3 rows not among the allowed a, such as row 2: "bb", row 4: "bb", row 5: "c"`},
	} {
		for _, f := range allFormats {
			_, r := inspect(t, f, people.write(t, f), parseContract(t, c.contract))
			want := "meets its contract"
			if c.want != "" {
				want = "breaks its contract: " + c.want
			}
			if got := r.String(); got != want || r.OK() != (c.want == "") {
				t.Errorf("%s, %s\n got %s\nwant %s", c.contract, f, got, want)
			}
		}
	}
}

// What the file says itself is of another type, or a rule makes no sense for it.
func TestTypes(t *testing.T) {
	b := tableOf("i 1 2").write(t, tables.Parquet)
	for contract, want := range map[string]string{
		"columns: {i: {type: int32}}":         `column "i" has type int64, not int32`,
		"columns: {i: {min: a}}":              `column "i" is of type int64, for which a rule makes no sense: min: "a" is no int64`,
		"columns: {i: {pattern: a}}":          `column "i" is of type int64, for which a rule makes no sense: pattern: it is for columns of type string, not int64`,
		"columns: {i: {allowed: [1, 1.5]}}":   `column "i" is of type int64, for which a rule makes no sense: allowed: "1.5" is no int64`,
		"columns: {i: {type: uuid}}":          `column "i" has type int64, not uuid`,
		"columns: {i: {type: 'fixed(3)'}}":    `column "i" has type int64, not fixed(3)`,
		"columns: {i: {type: int64, min: 1}}": "",
	} {
		if _, r := inspect(t, tables.Parquet, b, parseContract(t, contract)); r.String() != "breaks its contract: "+want && (want != "" || !r.OK()) {
			t.Errorf("%s\n got %s\nwant %s", contract, r, want)
		}
	}
	// A type that has no text cannot be the type of a CSV.
	if _, r := inspect(t, tables.CSV, []byte("i\n1\n"), parseContract(t, "columns: {i: {type: binary}}")); r.String() != `breaks its contract: column "i" has type int64, not binary` {
		t.Error(r)
	}
}

// What cannot be read breaks the contract in its row, and in no other way.
func TestUnreadable(t *testing.T) {
	const text = "id,n,s\n1,10,a\n2,x,b\n3,30\n4,,\"\"\n5,50,\xff\n1,9,e\n"
	c := parseContract(t, "columns: {id: {type: int64, unique: true}, n: {type: int64, nullable: false, max: 40}, s: {type: string, nullable: false}}\nsorted_by: [n]\nmax_null_ratio: 0.2")
	table, r := inspect(t, tables.CSV, []byte(text), c)
	var got []string
	for _, v := range r.Violations {
		got = append(got, v.String())
	}
	want := []string{
		`1 row with another number of fields than the header, such as row 3: 2 fields, and the header has 3`,
		`column "id": 1 row repeating the value of an earlier row, such as row 6: as row 1`,
		`column "n": 1 row not of type int64, such as row 2: "x"`,
		`column "n": 1 row without value, such as row 4`,
		`column "n": 1 row above max 40, such as row 5: 50`,
		"column \"s\": 1 row not of type string, such as row 5: \"\uFFFD\"",
		`2 rows out of order by n, such as row 5, row 6`,
	}
	if !slices.Equal(got, want) || r.BadRows != 5 || r.Rows != 6 {
		t.Errorf("got %d bad rows\n%s\nwant\n%s", r.BadRows, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !table.Digest.IsZero() || !strings.Contains(table.Reason, "another number of fields") {
		t.Errorf("a table with bad rows has the digest %s, %q", table.Digest, table.Reason)
	}
	if why := r.Reason(4); why != "n: above max 40; s: not of type string" {
		t.Error(why)
	}

	const lines = `{"id": 1, "n": "x"}` + "\n" + `{"id": 2.5}` + "\n{\"n\": 7, \"id\": \"8\"}\n"
	_, r = inspect(t, tables.NDJSON, []byte(lines), parseContract(t, "columns: {id: {type: int64, nullable: false}, n: {type: int64, nullable: false}}"))
	if got := r.String(); got != `breaks its contract: column "id": 2 rows not of type int64, such as row 2: 2.5, row 3: "\"8\""; column "n": 1 row not of type int64, such as row 1: "\"x\""; column "n": 1 row without value, such as row 2` {
		t.Error(got)
	}
	for f, text := range map[tables.Format]string{tables.CSV: "a\n\"b", tables.NDJSON: "{\"a\": 1}\n{"} {
		_, _, err := tables.Inspect(t.Context(), f, strings.NewReader(text), int64(len(text)), &tables.Options{Contract: parseContract(t, "columns: {a: }")})
		if !errors.Is(err, formats.ErrUnreadable) {
			t.Errorf("%s that is no records: %v", f, err)
		}
	}
}

// NaN is outside of every range, after all numbers in order, and equal to itself.
func TestNaN(t *testing.T) {
	floats := table{names: []string{"f"}, columns: [][]any{{1.0, math.Copysign(0, -1), 0.0, nan, nan, nil}}}
	for _, f := range []tables.Format{tables.CSV, tables.Parquet, tables.IPC} {
		_, r := inspect(t, f, floats.write(t, f), parseContract(t, "columns: {f: {type: float64, unique: true, min: 0, max: 9, allowed: [0, 1]}}\nsorted_by: [f]"))
		var got []string
		for _, v := range r.Violations {
			got = append(got, v.String())
		}
		want := []string{
			`column "f": 2 rows below min 0, such as row 4: NaN, row 5: NaN`,
			`column "f": 2 rows above max 9, such as row 4: NaN, row 5: NaN`,
			`column "f": 2 rows not among the allowed 0, 1, such as row 4: NaN, row 5: NaN`,
			`column "f": 2 rows repeating the value of an earlier row, such as row 3: as row 2, row 5: as row 4`,
			`1 row out of order by f, such as row 2`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", f, got, want)
		}
	}
}

// Reports on random tables say what a check row by row finds, in every format; and
// the parts of a split table are what they should be.
func TestRandomTables(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	broken := 0
	for range 60 {
		whole, n := randomTable(random), newNaive(random)
		bad := n.check(whole)
		for _, f := range allFormats {
			b := whole.write(t, f)
			_, r := inspect(t, f, b, parseContract(t, n.contract()))
			if got := counts(r); fmt.Sprint(got) != fmt.Sprint(n.counts) || r.BadRows != int64(len(bad)) {
				t.Fatalf("%s\n%s: %d bad rows, %v\nwant %d, %v", n.contract(), f, r.BadRows, got, len(bad), n.counts)
			}
			if len(bad) > 0 {
				broken++
				split(t, f, b, whole, bad, r)
			}
		}
	}
	if broken < 50 {
		t.Errorf("only %d tables were split", broken)
	}
}

func counts(r *contract.Report) map[string]int {
	got := map[string]int{}
	for _, v := range r.Violations {
		got[v.Column+" "+v.Rule] = int(v.Rows)
	}
	return got
}

// split checks that both parts hold the rows that they should, and no others.
func split(t *testing.T, f tables.Format, b []byte, whole table, bad map[int]bool, r *contract.Report) {
	t.Helper()
	var good, letters bytes.Buffer
	if err := tables.Split(t.Context(), f, bytes.NewReader(b), int64(len(b)), r.Reason, &good, &letters); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	types := parseContract(t, "columns: {i1: {type: int64}, i2: {type: int64}, f: {type: float64}, s: {type: string}}")
	want, _ := inspect(t, f, whole.only(func(row int) bool { return !bad[row] }).write(t, f), types)
	if got, _ := inspect(t, f, good.Bytes(), types); got.Digest != want.Digest || got.Digest.IsZero() {
		t.Fatalf("%s: the good rows are %+v, want %+v", f, got, want)
	}
	rest := whole.only(func(row int) bool { return bad[row] })
	rest.names = append(slices.Clone(rest.names), "s_reason")
	var reasons []any
	for row := range whole.rows() {
		if bad[row] {
			reasons = append(reasons, r.Reason(row64(row)))
		}
	}
	rest.columns = append(rest.columns, reasons)
	want, _ = inspect(t, f, rest.write(t, f), types)
	got, _ := inspect(t, f, letters.Bytes(), types)
	last := len(got.Columns) - 1
	if f == tables.NDJSON {
		last = slices.IndexFunc(got.Columns, func(c formats.Column) bool { return c.Name == "cairn_reason" })
	}
	if got.Columns[last].Name != "cairn_reason" {
		t.Fatalf("%s: the last column is %s", f, got.Columns[last].Name)
	}
	for _, c := range got.Columns {
		name := c.Name
		if name == "cairn_reason" {
			name = "s_reason"
		}
		i := slices.IndexFunc(want.Columns, func(c formats.Column) bool { return c.Name == name })
		if i < 0 || want.Columns[i].Digest != c.Digest {
			t.Fatalf("%s: the bad rows are %+v, want %+v", f, got, want)
		}
	}
}

func row64(row int) int64 { return int64(row) }

func randomTable(random *rand.Rand) table {
	words := []string{"a", "b", "cc", "d,e", `f"`, "g\nh", "ü"}
	t := table{names: []string{"f", "i1", "i2", "s"}, columns: make([][]any, 4)}
	for range 1 + random.IntN(200) {
		for i, v := range []any{float64(random.IntN(40)) / 4, int64(random.IntN(4)), int64(random.IntN(1000)), words[random.IntN(len(words))]} {
			if random.IntN(20) == 0 {
				v = nil
			}
			t.columns[i] = append(t.columns[i], v)
		}
	}
	return t
}

// A naive is a contract that is checked row by row.
type naive struct {
	min, max, unique, notNull, allowed, pattern, sorted bool
	counts                                              map[string]int
}

func newNaive(random *rand.Rand) *naive {
	coin := func() bool { return random.IntN(2) == 0 }
	return &naive{coin(), coin(), coin(), coin(), coin(), coin(), coin(), map[string]int{}}
}

func (n *naive) contract() string {
	var b strings.Builder
	add := func(use bool, rule string) {
		if use {
			b.WriteString(", " + rule)
		}
	}
	b.WriteString("columns:\n  f: {type: float64")
	add(n.min, "min: 0.5")
	add(n.max, "max: 9")
	b.WriteString("}\n  i1: {type: int64")
	add(n.notNull, "nullable: false")
	b.WriteString("}\n  i2: {type: int64")
	add(n.unique, "unique: true")
	b.WriteString("}\n  s: {type: string")
	add(n.allowed, "allowed: [a, b, cc, 'd,e', 'ü']")
	add(n.pattern, "pattern: '^[a-g]'")
	b.WriteString("}\n")
	if n.sorted {
		b.WriteString("sorted_by: [i1, f]\n")
	}
	return b.String()
}

// check returns the rows that break a rule, and counts them by rules.
func (n *naive) check(t table) map[int]bool {
	bad := map[int]bool{}
	count := func(row int, breaks bool, rule string) {
		if breaks {
			bad[row] = true
			n.counts[rule]++
		}
	}
	seen := map[any]bool{}
	pattern := regexp.MustCompile("^[a-g]")
	for row := range t.rows() {
		f, i1, i2, s := t.columns[0][row], t.columns[1][row], t.columns[2][row], t.columns[3][row]
		if f != nil {
			count(row, n.min && f.(float64) < 0.5, "f min")
			count(row, n.max && f.(float64) > 9, "f max")
		}
		count(row, n.notNull && i1 == nil, "i1 nullable")
		if i2 != nil {
			count(row, n.unique && seen[i2], "i2 unique")
			seen[i2] = true
		}
		if s != nil {
			count(row, n.allowed && !slices.Contains([]string{"a", "b", "cc", "d,e", "ü"}, s.(string)), "s allowed")
			count(row, n.pattern && !pattern.MatchString(s.(string)), "s pattern")
		}
		if n.sorted && row > 0 && before(i1, t.columns[1][row-1], f, t.columns[0][row-1]) {
			n.counts[" sorted_by"]++
		}
	}
	return bad
}

// before reports whether (i, f) comes before (j, g), nulls last.
func before(i, j, f, g any) bool {
	order := compare(i, j)
	if order == 0 {
		order = compare(f, g)
	}
	return order < 0
}

func compare(a, b any) int {
	number := func(v any) float64 {
		switch v := v.(type) {
		case int64:
			return float64(v)
		case float64:
			return v
		}
		return math.Inf(1)
	}
	switch x, y := number(a), number(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
