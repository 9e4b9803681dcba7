package formats_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

const vectors = "../testdata/vectors/columnar"

// A vectorPath is a list of "[]", "{}" and {"name": …}.
type vectorPath struct{ formats.Path }

func (p *vectorPath) UnmarshalJSON(b []byte) error {
	var steps []json.RawMessage
	if err := json.Unmarshal(b, &steps); err != nil {
		return err
	}
	for _, s := range steps {
		switch string(s) {
		case `"[]"`:
			p.Path = p.List()
		case `"{}"`:
			p.Path = p.Map()
		default:
			var member struct{ Name string }
			if err := json.Unmarshal(s, &member); err != nil {
				return err
			}
			p.Path = p.Field(member.Name)
		}
	}
	return nil
}

type vectorEntry struct {
	Value *string
	Times int
	Def   *byte
	Rep   byte
}

type vectorColumn struct {
	Why   string
	Path  vectorPath
	Type  formats.Type
	Parts []struct {
		Count int
		Cycle []vectorEntry
	}
	Rows, Nulls int64
	Digest      formats.Digest
	Min, Max    *string
}

// batch is what a vector says, in the form of [formats.Hasher.Values].
type batch struct {
	values   [][]byte
	def, rep []byte
}

func (v *vectorColumn) batch(t testing.TB) batch {
	var b batch
	for _, part := range v.Parts {
		for i := range part.Count {
			e := part.Cycle[i%len(part.Cycle)]
			def := byte(0)
			if e.Value != nil {
				raw, err := hex.DecodeString(*e.Value)
				if err != nil {
					t.Fatal(err)
				}
				raw = bytes.Repeat(raw, max(1, e.Times))
				if v.Type.Width() == 0 {
					raw = formats.AppendValue(nil, raw)
				}
				b.values = append(b.values, raw)
				def = byte(v.Path.MaxDefinition())
			}
			if e.Def != nil {
				def = *e.Def
			}
			b.def = append(b.def, def)
			b.rep = append(b.rep, e.Rep)
		}
	}
	if v.Path.MaxRepetition() == 0 {
		b.rep = nil
	}
	return b
}

// feed hashes the batch in parts of so many entries, by value or, if dictionary
// is set, by index.
func (b batch) feed(t testing.TB, h *formats.Hasher, p formats.Path, fixed bool, size int, dictionary bool) {
	t.Helper()
	def, rep, values := b.def, b.rep, b.values
	for len(def) > 0 {
		k := min(size, len(def))
		d, r := def[:k], []byte(nil)
		if rep != nil {
			r, rep = rep[:k], rep[k:]
		}
		def = def[k:]
		n := 0
		for _, l := range d {
			if int(l) == p.MaxDefinition() {
				n++
			}
		}
		if n == k {
			d = nil
		}
		var err error
		if dictionary {
			err = feedIndexes(h, fixed, values[:n], d, r)
		} else {
			err = h.Values(join(values[:n]), n, d, r)
		}
		if err != nil {
			t.Fatal(err)
		}
		values = values[n:]
	}
}

func join(values [][]byte) (b []byte) {
	for _, v := range values {
		b = append(b, v...)
	}
	return b
}

// feedIndexes makes a dictionary in reverse order, with each value twice and one
// that is not used.
func feedIndexes(h *formats.Hasher, fixed bool, values [][]byte, def, rep []byte) error {
	var list [][]byte
	index := map[string]int32{}
	for i := len(values) - 1; i >= 0; i-- {
		v := string(values[i])
		if _, ok := index[v]; !ok {
			index[v] = int32(len(list))
			list = append(list, values[i], values[i])
		}
	}
	if len(list) > 0 {
		unused := formats.AppendValue(nil, []byte("\xff")) // neither a text nor used
		if fixed {
			unused = bytes.Repeat([]byte{0xff}, len(list[0]))
		}
		list = append(list, unused)
	}
	d, err := h.NewDictionary(join(list), len(list))
	if err != nil {
		return err
	}
	indexes := make([]int32, len(values))
	for i, v := range values {
		indexes[i] = index[string(v)] + int32(i%2)
	}
	return h.Indexes(d, indexes, def, rep)
}

func read(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func column(t testing.TB, v *vectorColumn, size int, dictionary bool) formats.Column {
	t.Helper()
	h, err := formats.NewHasher(v.Type, v.Path.Path)
	if err != nil {
		t.Fatal(err)
	}
	v.batch(t).feed(t, h, v.Path.Path, v.Type.Width() > 0, size, dictionary)
	return h.Column()
}

func TestColumnVectors(t *testing.T) {
	var cases []*vectorColumn
	read(t, "columns.json", &cases)
	for _, v := range cases {
		for _, size := range []int{1 << 20, 65536, 1000, 7} {
			for _, dictionary := range []bool{false, true} {
				if v.Rows > 10000 && size == 7 || v.Type == formats.Bool && dictionary {
					continue
				}
				c := column(t, v, size, dictionary)
				if c.Digest != v.Digest {
					t.Errorf("%s, %s, batches of %d, dictionary %v: digest %s, not %s (%s)",
						v.Why, v.Type, size, dictionary, c.Digest, v.Digest, c.Reason)
				}
				if c.Nulls != v.Nulls || text(c.Min) != text(v.Min) || text(c.Max) != text(v.Max) {
					t.Errorf("%s, %s, batches of %d, dictionary %v: %d nulls, from %s to %s, not %d, %s, %s",
						v.Why, v.Type, size, dictionary, c.Nulls, text(c.Min), text(c.Max), v.Nulls, text(v.Min), text(v.Max))
				}
			}
		}
	}
}

func text(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

// No two vectors have the same digest, but for those that say so.
func TestVectorsDiffer(t *testing.T) {
	var cases []*vectorColumn
	read(t, "columns.json", &cases)
	seen := map[formats.Digest]string{}
	for _, v := range cases {
		other, ok := seen[v.Digest]
		if same := v.Why == "a NaN with a payload is the same" || v.Why == "a NaN with a sign is the same"; ok != same {
			t.Errorf("%s, %s: same digest as %q: %v", v.Why, v.Type, other, ok)
		}
		seen[v.Digest] = v.Why
	}
}

func TestPathVectors(t *testing.T) {
	var cases []struct {
		Path                   vectorPath
		Text                   string
		Definition, Repetition int
	}
	read(t, "paths.json", &cases)
	for _, v := range cases {
		if v.Path.String() != v.Text || v.Path.MaxDefinition() != v.Definition || v.Path.MaxRepetition() != v.Repetition {
			t.Errorf("%q: %q, %d, %d", v.Text, v.Path, v.Path.MaxDefinition(), v.Path.MaxRepetition())
		}
	}
}

func TestTableVectors(t *testing.T) {
	var cases []struct {
		Why     string
		Rows    int64
		Columns []*vectorColumn
		Digest  formats.Digest
	}
	read(t, "tables.json", &cases)
	for _, v := range cases {
		var columns []formats.Column
		for _, c := range v.Columns {
			columns = append(columns, column(t, c, 1000, false))
		}
		table, err := formats.NewTable(v.Rows, columns)
		if err != nil || table.Digest != v.Digest {
			t.Errorf("%s: %v, %v, not %s", v.Why, table, err, v.Digest)
		}
	}
}
