package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/gowebpki/jcs"
)

// fresh makes an object of each kind.
var fresh = map[string]func() metadata{
	"marker":   func() metadata { return new(Marker) },
	"manifest": func() metadata { return new(Manifest) },
	"index":    func() metadata { return new(Index) },
	"ranges":   func() metadata { return new(Ranges) },
	"pointer":  func() metadata { return new(Pointer) },
	"record":   func() metadata { return new(Record) },
	"edge":     func() metadata { return new(Edge) },
}

// read reads an object of a kind as its parser does.
func read(kind string, src io.Reader, size int) (metadata, error) {
	v := fresh[kind]()
	if c, ok := v.(checked); ok {
		return v, decodeCheckedFrom(kind, src, int64(size), c)
	}
	return v, decodeFrom(kind, src, int64(size), v)
}

// viaLibraries is canonical with libraries alone.
func viaLibraries(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(b)
}

// readViaLibraries reads an object of a kind with libraries alone: it decodes,
// encodes again and compares.
func readViaLibraries(kind string, b []byte) (metadata, error) {
	v := fresh[kind]()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return nil, err
	}
	if err := v.validate(); err != nil {
		return nil, err
	}
	if v.head().Format != Format {
		return nil, errors.New("another format")
	}
	if again, err := viaLibraries(v); err != nil || !bytes.Equal(b, again) {
		return nil, fmt.Errorf("not canonical: %v", err)
	}
	if c, ok := v.(checked); ok {
		found := *c.check()
		*c.check() = Digest{}
		plain, err := viaLibraries(v)
		if *c.check() = found; err != nil || Sum(plain) != found {
			return nil, fmt.Errorf("a wrong check: %v", err)
		}
	}
	return v, nil
}

// FuzzCanonical compares the reader and the writer with the libraries: they
// accept the same bytes, find the same values in them, and write the same.
func FuzzCanonical(f *testing.F) {
	for kind := range fresh {
		for _, c := range seeds(f, kind) {
			f.Add(kind, c)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		if fresh[kind] == nil {
			return
		}
		checkAgainstLibraries(t, kind, b)
		checkAgainstLibraries(t, kind, resealed(b))
	})
}

// seeds returns objects of a kind, sound and broken ones.
func seeds(t testing.TB, kind string) (bodies [][]byte) {
	if kind == "ranges" {
		r := &Ranges{Blob: someDigest, Size: 10, Ranges: []Range{{0, 1, otherDigest}, {1, 9, someDigest}}}
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{b, bytes.Replace(b, []byte("10"), []byte("10.0"), 1), bytes.Replace(b, []byte(`"cairn":1`), []byte(`"cairn":2`), 1)}
	}
	for _, c := range readCases(t, kind) {
		bodies = append(bodies, c.bytes)
	}
	return bodies
}

func TestAgainstLibraries(t *testing.T) {
	for kind := range fresh {
		for _, b := range seeds(t, kind) {
			checkAgainstLibraries(t, kind, b)
			for range 25 { // one change somewhere
				mutant := slices.Clone(b)
				if len(mutant) == 0 {
					break
				}
				switch i := rand.IntN(len(mutant)); rand.IntN(4) {
				case 0:
					mutant[i] ^= 1 << rand.IntN(8)
				case 1:
					mutant = slices.Delete(mutant, i, i+1)
				case 2:
					alphabet := `{}[]",:\ -+.0159eEutfn` + "\x00\x1f\n\xff"
					mutant = slices.Insert(mutant, i, alphabet[rand.IntN(len(alphabet))])
				case 3:
					mutant = slices.Insert(mutant, i, mutant[i:min(i+rand.IntN(80), len(mutant))]...)
				}
				checkAgainstLibraries(t, kind, mutant)
				checkAgainstLibraries(t, kind, resealed(mutant))
			}
		}
	}
}

func checkAgainstLibraries(t *testing.T, kind string, b []byte) {
	t.Helper()
	got, err := read(kind, bytes.NewReader(b), len(b))
	want, refusal := readViaLibraries(kind, b)
	if (err == nil) != (refusal == nil) {
		t.Fatalf("%s\n%q\ngot %v, and from the libraries: %v", kind, b, err, refusal)
	}
	if err != nil {
		checkRefusal(t, string(b), "as the libraries do", err)
		checkNamesFormat(t, b, err)
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\n%s\nreads as %+v, and with the libraries as %+v", kind, b, got, want)
	}
	if again, err := canonical(got); err != nil || !bytes.Equal(again, b) {
		t.Fatalf("%s\n%s\nis written as\n%s %v", kind, b, again, err)
	}
}

// checkNamesFormat checks that whatever a newer cairn may write is refused for
// its format and for nothing else.
func checkNamesFormat(t *testing.T, b []byte, err error) {
	t.Helper()
	var members map[string]json.RawMessage
	if plain, bad := jcs.Transform(b); bad != nil || !bytes.Equal(plain, b) || json.Unmarshal(b, &members) != nil {
		return
	}
	var format int64 // zero if there is none, or null
	if json.Unmarshal(members["cairn"], &format) != nil || format == 0 || format == Format || max(format, -format) > maxInteger {
		return
	}
	if want := fmt.Sprintf("has format %d, and this cairn knows only format 1", format); !strings.Contains(err.Error(), want) {
		t.Fatalf("%s\nis refused with %v", b, err)
	}
}

func TestNewerFormats(t *testing.T) {
	for _, s := range []string{
		`{"cairn":2}`,
		`{"aaa":1,"cairn":2}`,
		`{"artifact":{"a":[null,"x",{"cairn":1}]},"cairn":2,"date":3}`,
		`{"artifact":"a/b","blobs":["\u0001","{",{}],"cairn":2}`,
		`{"artifact":"a/b","cairn":2,"date":"tomorrow"}`,
		`{"artifact":"a/b","cairn":3,"date":"2026-06-17"}`,
		`{"AAA":-0.5,"cairn":-1}`,
	} {
		for kind := range fresh {
			_, err := read(kind, strings.NewReader(s), len(s))
			checkNamesFormat(t, []byte(s), err)
		}
	}
}

// What a reader does may not depend on how its input is cut.
func TestReaderInPieces(t *testing.T) {
	for kind := range fresh {
		for _, b := range seeds(t, kind) {
			want, wantErr := read(kind, bytes.NewReader(b), len(b))
			for what, src := range map[string]io.Reader{
				"bytes":         iotest.OneByteReader(bytes.NewReader(b)),
				"halves":        iotest.HalfReader(bytes.NewReader(b)),
				"an early EOF":  iotest.DataErrReader(bytes.NewReader(b)),
				"a wrong guess": bytes.NewReader(b),
			} {
				size := len(b)
				if what == "a wrong guess" {
					size = -1
				}
				got, err := read(kind, src, size)
				if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%q in %s: got %v, want %v", b, what, err, wantErr)
				}
			}
		}
	}
}

// A manifest that cannot be read is not a broken one.
func TestReaderPassesErrorsOn(t *testing.T) {
	b := encoded(t, manyFiles(100))
	for _, n := range []int{0, 1, 10, len(b) / 2, len(b) - 1, len(b)} {
		_, _, err := ParseManifestFrom(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(io.ErrClosedPipe)), int64(len(b)))
		if err != io.ErrClosedPipe {
			t.Errorf("after %d bytes: got %v", n, err)
		}
	}
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestEncodeTo(t *testing.T) {
	m := manyFiles(1000)
	b, id, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var streamed bytes.Buffer
	if d, n, err := m.EncodeTo(&streamed); err != nil || d != id || n != int64(len(b)) || !bytes.Equal(streamed.Bytes(), b) {
		t.Errorf("got %s and %d bytes, %v; want %s and %d", d, n, err, id, len(b))
	}
	if _, _, err := m.EncodeTo(&failingWriter{len(b) - 1}); err != io.ErrClosedPipe {
		t.Errorf("got %v", err)
	}
	m.Files[0].Path = ".."
	streamed.Reset()
	_, _, err = m.EncodeTo(&streamed)
	checkRefusal(t, "a bad path", "", err)
	if streamed.Len() > 0 {
		t.Errorf("wrote %d bytes of what breaks a rule", streamed.Len())
	}
}

// TestWriterAgainstLibraries writes what has no rules but those of JSON.
func TestWriterAgainstLibraries(t *testing.T) {
	values := []any{true, "", []any{}, map[string]any{}, []any{nil, false, map[string]any{"": []any{"x"}}}, &Manifest{}, &Index{}, &Pointer{}, &Record{}}
	for range 2_000 {
		m := make(map[string]any)
		for range rand.IntN(6) {
			x := math.Float64frombits(rand.Uint64())
			if math.IsNaN(x) || math.IsInf(x, 0) {
				x = rand.NormFloat64() * math.Pow(10, float64(rand.IntN(50)-25))
			}
			m[randomText()], m[randomText()] = x, randomText()
		}
		values = append(values, m)
	}
	for _, v := range values {
		want, err := viaLibraries(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := canonical(v); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got  %s\nwant %s, %v", got, want, err)
		}
	}
}

func randomText() string {
	edges := []rune{0, '\b', '\t', '\n', '\v', '\f', '\r', 0x1f, ' ', '"', '/', '\\', 'a', 0x7f, 0x80, 0x7ff, 0x800, 0x2028, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff, 0x10000, 0x10ffff}
	text := make([]rune, rand.IntN(8))
	for i := range text {
		text[i] = edges[rand.IntN(len(edges))]
	}
	return string(text)
}

func TestCompareUTF16(t *testing.T) {
	for range 20_000 {
		a, b := randomText(), randomText()
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16(a, b); got != want {
			t.Errorf("%q and %q: got %d, want %d", a, b, got, want)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), "\xff", map[string]any{"\xff": 1.0}, maxInteger + 1, -maxInteger - 1, [2]int{}, uint(1), make(chan int), []any{[]any{math.NaN()}}} {
		if b, err := canonical(v); err == nil {
			t.Errorf("%v is written as %s", v, b)
		}
	}
}

// TestFoldersAndFiles compares checkPaths with the plain way to find a file that
// stands where another needs a folder.
func TestFoldersAndFiles(t *testing.T) {
	segments := []string{"a", "a-", "a0", "ab", "b"}
	for range 20_000 {
		paths := make(map[string]bool)
		for range 1 + rand.IntN(6) {
			var p []string
			for range 1 + rand.IntN(4) {
				p = append(p, segments[rand.IntN(len(segments))])
			}
			paths[strings.Join(p, "/")] = true
		}
		var files []File
		clash := false
		for p := range paths {
			files = append(files, File{Path: p})
			for i := range p {
				clash = clash || p[i] == '/' && paths[p[:i]]
			}
		}
		slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
		if err := checkPaths(files); (err != nil) != clash {
			t.Errorf("%v: got %v", files, err)
		}
	}
}
