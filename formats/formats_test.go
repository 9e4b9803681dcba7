package formats_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

func TestDigestText(t *testing.T) {
	want := "b3t:" + strings.Repeat("0a", 32)
	d, err := formats.ParseDigest(want)
	if err != nil || d.String() != want {
		t.Errorf("%s, %v", d, err)
	}
	for _, bad := range []string{"", "b3:" + want[4:], want[:67], want + "0", strings.ToUpper(want), "b3t:" + strings.Repeat("00", 32), "b3t:" + strings.Repeat("0g", 32)} {
		if d, err := formats.ParseDigest(bad); err == nil {
			t.Errorf("%q is %s", bad, d)
		}
	}
}

func TestTypes(t *testing.T) {
	for typ, width := range map[formats.Type]int{
		"null": 0, "bool": 1, "string": 0, "fixed(7)": 7, "decimal(9,0)": 4, "decimal(10,0)": 8, "decimal(38,38)": 16, "decimal(76,-3)": 32,
		"time(ms)": 4, "time(ns,UTC)": 8, "timestamp(us)": 8, "timestamp(us,UTC)": 8, "timestamp(ms,Europe/Berlin)": 8,
		"": -1, "int": -1, "Int64": -1, "fixed(0)": -1, "fixed(07)": -1, "fixed(7": -1, "fixed(7,)": -1, "decimal(77,0)": -1, "decimal(0,0)": -1, "decimal(5, 2)": -1,
		"time(s)": -1, "time(ms,Z)": -1, "timestamp(us,)": -1, "timestamp(us,Z)": -1, "timestamp(us,+00:00)": -1,
	} {
		if got := typ.Width(); got != width {
			t.Errorf("%q: width %d, not %d", typ, got, width)
		}
	}
}

// A batch that contradicts itself is an error; what is in it may only take the
// digest away.
func TestContradictions(t *testing.T) {
	flat := formats.Path{}.Field("a")
	for _, c := range []struct {
		name     string
		typ      formats.Type
		path     formats.Path
		values   string
		n        int
		def, rep string
	}{
		{"too few bytes", formats.Int32, flat, "\x00\x00\x00", 1, "", ""},
		{"too many bytes", formats.Int32, flat, "\x00\x00\x00\x00\x00", 1, "", ""},
		{"a value for a null", formats.Int8, flat, "\x00", 1, "\x00", ""},
		{"no value for an entry", formats.Int8, flat, "", 0, "\x01", ""},
		{"a level too high", formats.Int8, flat, "\x00", 1, "\x01\x02", ""},
		{"a text cut off", formats.String, flat, "\x02\x00\x00\x00a", 1, "", ""},
		{"a length cut off", formats.String, flat, "\x02\x00", 1, "", ""},
		{"a text too many", formats.String, flat, "\x00\x00\x00\x00\x00\x00\x00\x00", 1, "", ""},
		{"repetition without list", formats.Int8, flat, "\x00", 1, "", "\x00"},
		{"list without repetition", formats.Int8, flat.List(), "\x00", 1, "", ""},
		{"a list that does not begin", formats.Int8, flat.List(), "\x00", 1, "", "\x01"},
		{"a list nested too deeply", formats.Int8, flat.List(), "\x00\x00", 2, "", "\x00\x02"},
	} {
		h, err := formats.NewHasher(c.typ, c.path)
		if err != nil {
			t.Fatal(err)
		}
		var def, rep []byte
		if c.def != "" {
			def = []byte(c.def)
		}
		if c.rep != "" {
			rep = []byte(c.rep)
		}
		if err := h.Values([]byte(c.values), c.n, def, rep); !errors.Is(err, formats.ErrUnreadable) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	h, _ := formats.NewHasher(formats.String, flat)
	d, err := h.NewDictionary(formats.AppendValue(nil, []byte("a")), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int32{1, -1} {
		if err := h.Indexes(d, []int32{i}, nil, nil); !errors.Is(err, formats.ErrUnreadable) {
			t.Errorf("index %d: %v", i, err)
		}
	}
}

func TestUndigested(t *testing.T) {
	text := func(s string) []byte { return formats.AppendValue(nil, []byte(s)) }
	feed := map[string]func(*formats.Hasher) error{
		"values": func(h *formats.Hasher) error { return h.Values(text("\xff"), 1, nil, nil) },
		"values after many": func(h *formats.Hasher) error {
			var b []byte
			for i := range 2000 {
				b = append(b, text(strings.Repeat("x", i%40)+string(rune('a'+i%26))+string(rune('a'+i/26)))...)
			}
			// Each half is no UTF-8, while both together are.
			return h.Values(append(append(b, text("\xc3")...), text("\xa9")...), 2002, nil, nil)
		},
		"indexes": func(h *formats.Hasher) error {
			d, err := h.NewDictionary(text("\xff"), 1)
			if err != nil {
				return err
			}
			return h.Indexes(d, []int32{0}, nil, nil)
		},
		"refused": func(h *formats.Hasher) error { h.Refuse("a text is not UTF-8"); return nil },
	}
	for name, f := range feed {
		h, err := formats.NewHasher(formats.String, formats.Path{}.Field("a"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f(h); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c := h.Column(); !c.Digest.IsZero() || c.Reason != "a text is not UTF-8" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestNewTable(t *testing.T) {
	number := func(name string, rows int) formats.Column {
		h, err := formats.NewHasher(formats.Int8, formats.Path{}.Field(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Values(make([]byte, rows), rows, nil, nil); err != nil {
			t.Fatal(err)
		}
		return h.Column()
	}
	a, b := number("a", 2), number("b", 2)
	if a.Digest != b.Digest {
		t.Error("a renamed column has another digest")
	}
	table, err := formats.NewTable(2, []formats.Column{a, b})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(table)
	want := `{"digest":"` + table.Digest.String() + `","rows":2,"columns":[` +
		`{"name":"a","type":"int8","digest":"` + a.Digest.String() + `","min":"0","max":"0"},` +
		`{"name":"b","type":"int8","digest":"` + b.Digest.String() + `","min":"0","max":"0"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, not %s", got, want)
	}
	for reason, columns := range map[string][]formats.Column{
		`two columns are named "a"`: {a, a},
		`column "c": it is strange`: {a, formats.Undigested(formats.Path{}.Field("c"), "strange", "it is strange")},
	} {
		table, err := formats.NewTable(2, columns)
		if err != nil || !table.Digest.IsZero() || table.Reason != reason {
			t.Errorf("%s: %+v, %v", reason, table, err)
		}
	}
	for name, columns := range map[string][]formats.Column{
		"other rows": {a, number("c", 3)},
		"not UTF-8":  {number("\xff", 2)},
	} {
		if _, err := formats.NewTable(2, columns); !errors.Is(err, formats.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
