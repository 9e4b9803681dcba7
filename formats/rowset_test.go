package formats_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

// A row of the tests has a number that may be null, and a list of words.
type row struct {
	number string // 8 bytes; empty for null
	words  []string
}

// setOf returns the digest of the set of rows, given in parts of so many.
func setOf(t *testing.T, rows []row, part int) formats.Digest {
	t.Helper()
	number, words := formats.Path{}.Field("number"), formats.Path{}.Field("words").List()
	var columns []formats.Column
	for path, typ := range map[formats.Path]formats.Type{number: formats.Int64, words: formats.String} {
		h, err := formats.NewHasher(typ, path)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, h.Column())
	}
	s := formats.NewRowSet(columns)
	for group := range slices.Chunk(rows, part) {
		p := s.Part(len(group))
		a, err1 := p.Column(formats.Int64, number)
		b, err2 := p.Column(formats.String, words)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for _, r := range group {
			if r.number == "" {
				a.Observe(nil, 0, []byte{0}, nil)
			} else {
				a.Observe([]byte(r.number), 1, nil, nil)
			}
			if r.words == nil {
				b.Observe(nil, 0, []byte{0}, []byte{0})
			}
			for i, w := range r.words {
				b.Observe(formats.AppendValue(nil, []byte(w)), 1, []byte{3}, []byte{byte(min(i, 1))})
			}
		}
		if err := p.Done([]formats.Observer{a, b}); err != nil {
			t.Fatal(err)
		}
	}
	return s.Digest()
}

func TestRowSet(t *testing.T) {
	var rows []row
	for i := range 1000 {
		r := row{number: fmt.Sprintf("%08d", i%300), words: []string{fmt.Sprint(i % 7), "b"}}
		if i%10 == 0 {
			r.number = ""
		}
		if i%9 == 0 {
			r.words = nil
		}
		rows = append(rows, r)
	}
	want := setOf(t, rows, 1000)
	shuffled := slices.Clone(rows)
	slices.Reverse(shuffled)
	shuffled[3], shuffled[700] = shuffled[700], shuffled[3]
	if got := setOf(t, shuffled, 37); got != want {
		t.Errorf("in another order, and in parts: %s, not %s", got, want)
	}
	change := func(name string, f func(rows []row) []row) {
		if setOf(t, f(slices.Clone(rows)), 1000) == want {
			t.Errorf("%s does not show", name)
		}
	}
	change("a row that is missing", func(rows []row) []row { return rows[1:] })
	change("a row that is there twice", func(rows []row) []row { return append(rows, rows[5]) })
	change("one row twice instead of another", func(rows []row) []row { rows[6] = rows[5]; return rows })
	change("another number", func(rows []row) []row { rows[5].number = "8bytes!!"; return rows })
	change("a null", func(rows []row) []row { rows[5].number = ""; return rows })
	change("two rows that exchange a cell", func(rows []row) []row {
		rows[5].number, rows[6].number = rows[6].number, rows[5].number
		return rows
	})
	change("a list in two", func(rows []row) []row {
		rows[5].words, rows[9].words = rows[5].words[:1], rows[5].words[1:]
		return rows
	})
}

// The digest of these rows, some of which take more than a chunk of BLAKE3, is for
// ever. It was first computed by streams of another library.
func TestRowSetVector(t *testing.T) {
	var rows []row
	for i := range 50 {
		rows = append(rows, row{number: "8bytes!!", words: []string{string(make([]byte, i*100)), "b"}})
	}
	if got := setOf(t, rows, 7).String(); got != "b3t:1375bf596e7f3462a6a9ef36971b64f5688c437646a7a64b09b2c3f26260525f" {
		t.Errorf("it is %s", got)
	}
}
