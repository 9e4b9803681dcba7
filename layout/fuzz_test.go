package layout

import (
	"bytes"
	"testing"
)

func FuzzParseRef(f *testing.F) {
	for _, v := range readVectors(f, "refs.json") {
		f.Add(v.In)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			checkRefusal(t, s, "fuzzed", err)
			return
		}
		if r.String() != s {
			t.Fatalf("%q prints as %q", s, r.String())
		}
		forms := 0
		for _, set := range []bool{r.Version != "", r.Name != "", r.From != ""} {
			if set {
				forms++
			}
		}
		if forms != 1 || r.To != "" && r.From == "" {
			t.Fatalf("%q is %+v", s, r)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, v := range readVectors(f, "keys.json") {
		f.Add(v.In)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseKey(s)
		if err != nil {
			checkRefusal(t, s, "fuzzed", err)
			return
		}
		if k.String() != s {
			t.Fatalf("%q prints as %q", s, k.String())
		}
		checkStoreKey(t, s)
	})
}

func FuzzManifest(f *testing.F) { fuzzObject(f, "manifest") }
func FuzzIndex(f *testing.F)    { fuzzObject(f, "index") }
func FuzzPointer(f *testing.F)  { fuzzObject(f, "pointer") }
func FuzzRecord(f *testing.F)   { fuzzObject(f, "record") }

// fuzzObject holds the parser of kind to what it promises: it refuses with an
// *Error or encodes the same bytes again. Since hardly any mutation keeps the
// check of an object right, each is also tried with the check it should have.
func fuzzObject(f *testing.F, kind string) {
	for _, c := range readCases(f, kind) {
		f.Add(c.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, resealed(b)} {
			again, err := reprint[kind](b)
			if err != nil {
				checkRefusal(t, string(b), "fuzzed", err)
			} else if !bytes.Equal(again, b) {
				t.Fatalf("%q\nencodes as\n%q", b, again)
			}
		}
	})
}

// resealed replaces the check of an object, where it has one, by the right one.
func resealed(b []byte) []byte {
	const begin, length = `"check":"`, len(digestPrefix) + 2*DigestSize
	at := bytes.Index(b, []byte(begin))
	if at < 0 || len(b) < at+len(begin)+length+2 {
		return b
	}
	end := at + len(begin) + length + len(`",`)
	plain := append(bytes.Clone(b[:at]), b[end:]...)
	return bytes.Join([][]byte{b[:at], []byte(begin + Sum(plain).String()), b[end-2:]}, nil)
}
