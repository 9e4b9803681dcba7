package contract

import (
	"errors"
	"strings"
	"testing"
)

const whole = `
columns:
  age:      {type: int64, nullable: false, min: 0, max: 120}
  email:    {type: string, unique: true, pattern: '^[^@]+@[^@]+$'}
  country:  {type: string, allowed: [NO, DE, "null", 0.10]}
  at:       {type: "timestamp(us,UTC)", min: 2026-01-01T00:00:00Z}
  tags[]:   {nullable: false, max_null_ratio: 0.5}
  a\.b:
rows: {min: 1, max: 5000000}
sorted_by: [age, email]
max_null_ratio: 0.05
max_bad_ratio: 0.01
drift: {against: prod, psi: 0.2, ks: 0.1, columns: [age]}
`

func TestParse(t *testing.T) {
	c, err := Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.columns) != 6 || c.columns[0].name != "age" || *c.columns[0].max != "120" || !c.columns[0].notNull || c.columns[1].notNull {
		t.Errorf("%+v", c.columns)
	}
	// Values are what is written, whatever they look like.
	if got := strings.Join(c.columns[2].allowed, "|"); got != "NO|DE|null|0.10" {
		t.Error(got)
	}
	if *c.minRows != 1 || *c.maxRows != 5000000 || len(c.sortedBy) != 2 || *c.maxNullRatio != 0.05 || *c.maxBadRatio != 0.01 {
		t.Errorf("%+v", c)
	}
	if d := c.Drift; d.Against != "prod" || *d.PSI != 0.2 || *d.KS != 0.1 || len(d.Columns) != 1 {
		t.Errorf("%+v", d)
	}
	types := c.Types()
	if types["age"] != "int64" || types["at"] != "timestamp(us,UTC)" || len(types) != 4 {
		t.Errorf("%v", types)
	}
	if name, flat := flatName(`a\.b`); name != "a.b" || !flat {
		t.Errorf("%q, %v", name, flat)
	}
}

// What is wrong is named, with its line.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "it is empty"},
		{"# nothing\n", "it is empty"},
		{"{}", "it demands nothing"},
		{"max_bad_ratio: 0.1", "it demands nothing"},
		{"[]", "line 1: keys with values are expected here"},
		{"columns: [", "did not find expected node content"},
		{"rows: {min: 1}\n---\nrows: {min: 2}", "it has more than one document"},
		{"rows: {min: 1}\ncolumn: {}", `line 2: there is no key "column"; the keys are columns, rows, sorted_by, max_null_ratio, max_bad_ratio, drift`},
		{"rows: {min: 1}\nrows: {max: 1}", `line 2: the key "rows" stands twice`},
		{"columns:\n  a: {}\n  a: {}", `line 3: the key "a" stands twice`},
		{"columns:\n  a:\n    maximum: 1", `line 3: column "a": there is no key "maximum"; the keys are type, nullable,`},
		{"columns:\n  a: {min: 1, min: 2}", `line 2: column "a": the key "min" stands twice`},
		{"columns: {a: {type: int}}", `line 1: column "a": "int" is not a type of columns; such are`},
		{"columns: {a: {type: timestamp(us,UTC)}}", `column "a"`},
		{"columns: {a: {nullable: no}}", `column "a": it is true or false, not "no"`},
		{"columns: {a: {min: null}}", `there is no value here; put quotes around "null" if it is one`},
		{"columns: {a: {min: [1]}}", "one value is expected here"},
		{"columns: {a: {allowed: 1}}", "a list of values is expected here"},
		{"columns: {a: {allowed: []}}", "a list of values is expected here"},
		{"columns: {a: {pattern: '('}}", "the pattern is none of RE2: missing closing )"},
		{"columns: {'a[]': {unique: true}}", "unique is for columns outside of structs, lists and maps"},
		{"columns: {a: {type: int64, min: 1.5}}", `column "a": min: "1.5" is no int64`},
		{"columns: {a: {type: int64, min: 2, max: 1}}", "no value is at least 2 and at most 1"},
		{"columns: {a: {type: float64, max: NaN}}", "max: NaN bounds nothing"},
		{"columns: {a: {type: uuid, min: 1}}", "min: values of type uuid have no order"},
		{"columns: {a: {type: binary, allowed: [a]}}", "allowed: values of type binary cannot be written as text"},
		{"columns: {a: {type: int64, pattern: a}}", "pattern: it is for columns of type string, not int64"},
		{"columns: {a: {type: date, allowed: [2026-02-30]}}", `allowed: "2026-02-30" is no date`},
		{"rows: {min: -1}", `"-1" is not a number of rows`},
		{"rows: {min: 2, max: 1}", "no table has at least 2 and at most 1 rows"},
		{"max_null_ratio: 5", "a ratio is at most 1"},
		{"max_null_ratio: .nan", "is not a number that is at least 0"},
		{"sorted_by: [a, a]", `column "a" stands twice`},
		{"sorted_by: [a.b]", `sorted_by is for columns outside of structs, lists and maps, unlike "a.b"`},
		{"drift: {psi: 0.1}", "drift needs against"},
		{"drift: {against: v1}", "drift needs psi or ks"},
		{"drift: {against: v1, ks: 2}", "ks is at most 1"},
		{strings.Repeat("#", MaxBytes+1), "it has more than 262144 bytes"},
	} {
		_, err := Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "not a contract: ") {
			t.Errorf("%.60q\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("a: &a [*a]")
	f.Add("columns: {a: &x {min: 1}, b: *x}")
	f.Add("? [a]\n: b")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse([]byte(text))
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Errorf("%v is of another kind", err)
		}
		if (c == nil) != (err != nil) {
			t.Errorf("%v and %v", c, err)
		}
	})
}
