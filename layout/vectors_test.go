package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const vectors = "../testdata/vectors/"

// A vector is one line of a grammar's file. See the README beside the files.
type vector struct {
	In   string
	OK   bool
	Why  string
	Kind string

	Artifact Artifact
	Name     string
	Version  string
	From, To Date
	Date     Date
	Session  ID
	Digest   string
	Ext      string
	Seq      int64
	ID       ID
}

func readVectors(t testing.TB, file string) (vs []vector) {
	t.Helper()
	readJSON(t, vectors+file, &vs)
	if len(vs) == 0 {
		t.Fatalf("%s is empty", file)
	}
	return vs
}

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// agree checks what came of parsing v.In: whether it parsed, and that what did
// prints as want.
func (v vector) agree(t *testing.T, printed, want string, err error) {
	t.Helper()
	if !v.OK {
		checkRefusal(t, v.In, v.Why, err)
		return
	}
	if err != nil {
		t.Errorf("%q: %v", v.In, err)
	} else if printed != want {
		t.Errorf("%q prints as %q, want %q", v.In, printed, want)
	}
}

// checkRefusal checks that err is an *Error that can be shown to a person.
func checkRefusal(t testing.TB, what, why string, err error) {
	t.Helper()
	if e := (*Error)(nil); err == nil || !errors.As(err, &e) {
		t.Errorf("%.200q: got %v, want an *Error: %s", what, err, why)
		return
	}
	if s := err.Error(); len(s) > 700 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Errorf("%.200q: the error does not fit a line: %.1000q", what, s)
	}
}

func TestDates(t *testing.T) {
	for _, v := range readVectors(t, "dates.json") {
		d, err := ParseDate(v.In)
		v.agree(t, string(d), v.In, err)
	}
}

func TestNames(t *testing.T) {
	for _, v := range readVectors(t, "names.json") {
		switch v.Kind {
		case "artifact":
			a, err := ParseArtifact(v.In)
			v.agree(t, string(a), v.In, err)
		case "name":
			n, err := ParseName(v.In)
			v.agree(t, string(n), v.Name, err)
			if stored := new(Name).UnmarshalText([]byte(v.In)); (stored == nil) != (v.OK && v.Name == v.In) {
				t.Errorf("%q as a stored name: %v", v.In, stored)
			}
		default:
			t.Errorf("%q is of unknown kind %q", v.In, v.Kind)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, v := range readVectors(t, "paths.json") {
		v.agree(t, v.In, v.In, CheckPath(v.In))
	}
	checkRefusal(t, "\xff", "not UTF-8", CheckPath("a\xff"))
}

func TestRefs(t *testing.T) {
	for _, v := range readVectors(t, "refs.json") {
		r, err := ParseRef(v.In)
		v.agree(t, r.String(), v.In, err)
		want := Ref{Artifact: v.Artifact, Version: v.Version, Name: Name(v.Name), From: v.From, To: v.To}
		if v.OK && r != want {
			t.Errorf("%q is %+v, want %+v", v.In, r, want)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, v := range readVectors(t, "keys.json") {
		k, err := ParseKey(v.In)
		v.agree(t, k.String(), v.In, err)
		want := Key{Kind: Kind(v.Kind), Artifact: v.Artifact, Date: v.Date, Session: v.Session, Name: Name(v.Name),
			Version: digestOf(t, v.Version), Digest: digestOf(t, v.Digest), Ext: v.Ext, Seq: v.Seq, ID: v.ID}
		if v.OK && k != want {
			t.Errorf("%q is %+v, want %+v", v.In, k, want)
		}
	}
}

func digestOf(t testing.TB, s string) (d Digest) {
	t.Helper()
	if s != "" {
		var err error
		if d, err = ParseDigest(s); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// reprint parses an object of each kind and encodes what it found.
var reprint = map[string]func(b []byte) ([]byte, error){
	"marker": func(b []byte) ([]byte, error) { return again(ParseMarker(b)) },
	"manifest": func(b []byte) ([]byte, error) {
		m, err := ParseManifest(b)
		if err != nil {
			return nil, err
		}
		again, _, err := m.Encode()
		return again, err
	},
	"index":   func(b []byte) ([]byte, error) { return again(ParseIndex(b)) },
	"ranges":  func(b []byte) ([]byte, error) { return again(ParseRanges(b)) },
	"pointer": func(b []byte) ([]byte, error) { return again(ParsePointer(b)) },
	"record":  func(b []byte) ([]byte, error) { return again(ParseRecord(b)) },
	"edge":    func(b []byte) ([]byte, error) { return again(ParseEdge(b)) },
}

func again(v interface{ Encode() ([]byte, error) }, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return v.Encode()
}

// An objectCase is one line of a cases.json.
type objectCase struct {
	File   string
	OK     bool
	Digest string
	Why    string
	bytes  []byte
}

func readCases(t testing.TB, kind string) (cases []objectCase) {
	t.Helper()
	readJSON(t, vectors+kind+"/cases.json", &cases)
	for i := range cases {
		b, err := os.ReadFile(vectors + kind + "/" + cases[i].File)
		if err != nil {
			t.Fatal(err)
		}
		cases[i].bytes = b
	}
	return cases
}

func TestObjects(t *testing.T) {
	for kind, reprint := range reprint {
		t.Run(kind, func(t *testing.T) {
			listed := 1 // cases.json
			for _, c := range readCases(t, kind) {
				listed++
				if c.OK == strings.HasPrefix(c.File, "bad-") {
					t.Errorf("%s is misnamed", c.File)
				}
				b, err := reprint(c.bytes)
				switch {
				case !c.OK:
					checkRefusal(t, c.File, c.Why, err)
				case err != nil:
					t.Errorf("%s (%s): %v", c.File, c.Why, err)
				case !bytes.Equal(b, c.bytes):
					t.Errorf("%s (%s): encodes as\n%s", c.File, c.Why, b)
				case Sum(b).String() != c.Digest:
					t.Errorf("%s: its digest is %s, want %s", c.File, Sum(b), c.Digest)
				}
			}
			if files, _ := filepath.Glob(vectors + kind + "/*"); len(files) != listed {
				t.Errorf("%d files, and %d in cases.json", len(files), listed)
			}
		})
	}
}
