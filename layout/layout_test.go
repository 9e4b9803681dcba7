package layout

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
)

var (
	longArtifact = Artifact(strings.Repeat(strings.Repeat("s", 56)+"/", 8) + strings.Repeat("s", 56))
	longName     = Name(strings.Repeat("n", maxSegment))
	someID       = ID("01JD3ZK8Q5X7N2M4P6R8T0V1W3")
	someDigest   = Sum([]byte("some"))
	otherDigest  = Sum([]byte("other"))
)

// TestKeyConstructors checks that every key that can be built is read again, and
// that a store can hold it.
func TestKeyConstructors(t *testing.T) {
	var keys []Key
	keys = append(keys, MarkerKey(), EdgeKey(someDigest, otherDigest))
	for _, a := range []Artifact{"features/churn", "a/2026-06-17", "a/b.json", "a/cairn.json", "date/heads", longArtifact} {
		p := Pin{a, someDigest}
		keys = append(keys, ManifestKey(p), RecordKey(p, someID), IndexKey(a, "2026-06-17", someID))
		for _, file := range []string{"x", "x.parquet", "x.PARQUET", "x.tar.gz", ".csv", "x.bao", "x.BAO", "x.", "d.d/x", "x.ü", "x.\u212a", "x." + strings.Repeat("e", 16), "x." + strings.Repeat("e", 17)} {
			keys = append(keys, BlobKey(a, "2026-06-17", someID, otherDigest, file))
		}
		for _, n := range []Name{"prod", "v2", "heads", "pointers", "x.json", "2026-06-17x", "2026", "b3", "date", "date-2026-06-17", HeadName("2026-06-17"), HeadName("0001-01-01"), longName} {
			keys = append(keys, PointerKey(a, n), HistoryKey(a, n, 1, someDigest), HistoryKey(a, n, maxInteger, someDigest))
		}
	}
	seen := make(map[string]bool)
	longest := 0
	for _, k := range keys {
		s := k.String()
		parsed, err := ParseKey(s)
		if err != nil {
			t.Errorf("%+v: %v", k, err)
		} else if parsed != k {
			t.Errorf("%s is read as %+v, not %+v", s, parsed, k)
		}
		checkStoreKey(t, s)
		longest = max(longest, len(s))
		seen[s] = true
	}
	for s := range seen { // no object lies where another has its folder
		for i := range len(s) {
			if s[i] == '/' && seen[s[:i]] {
				t.Errorf("%s lies under the object %s", s, s[:i])
			}
		}
	}
	if longest != 681 {
		t.Errorf("the longest key has %d bytes, and SPEC.md says 681", longest)
	}
}

// checkStoreKey checks s against what every object store can hold: plain
// characters, no segment that starts with a dot, at most 1,000 bytes.
func checkStoreKey(t *testing.T, s string) {
	t.Helper()
	if len(s) > 1000 {
		t.Errorf("%s has %d bytes", s, len(s))
	}
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" || segment[0] == '.' || len(segment) > 255 || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._=-") != "" {
			t.Errorf("no store holds the segment %q", segment)
		}
	}
}

func TestSelectorsOfNames(t *testing.T) {
	for _, n := range []Name{"prod", "v2", "a..b", "2026-06-17x", HeadName("2026-06-17")} {
		r, err := ParseSelector("a/b", n.Selector())
		if err != nil {
			t.Errorf("%s: %v", n, err)
		} else if d, head := n.Partition(); r.Name != n && !(head && r.From == d) {
			t.Errorf("%s selects %+v", n, r)
		}
	}
}

func TestCheckIsFilledIn(t *testing.T) {
	b, err := (&Record{Kind: RecordPush, Artifact: "a/b", Version: someDigest, By: "x", At: "2026-06-18T02:14:08Z"}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b { // any one flipped bit is found
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, err := ParseRecord(b); err == nil {
				t.Errorf("a flip of bit %d of byte %d is not noticed", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
	r.By, r.Check = "y", otherDigest // a stale check does not matter
	if b, err = r.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseRecord(b); err != nil {
		t.Error(err)
	}
}

// TestEncodeRefuses checks that what cannot be read again cannot be written.
func TestEncodeRefuses(t *testing.T) {
	for what, change := range map[string]func(m *Manifest){
		"no files":          func(m *Manifest) { m.Files = nil },
		"a bad path":        func(m *Manifest) { m.Files[0].Path = "../x" },
		"two equal paths":   func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) },
		"a path not UTF-8":  func(m *Manifest) { m.Files[0].Path = "\xff" },
		"overflowing sizes": func(m *Manifest) { m.Files = append(m.Files, File{Path: "y", Size: maxInteger, Digest: someDigest}) },
		"NaN":               func(m *Manifest) { m.Params = map[string]any{"p": math.NaN()} },
		"infinity":          func(m *Manifest) { m.Metrics = map[string]float64{"p": math.Inf(-1)} },
		"an int":            func(m *Manifest) { m.Params = map[string]any{"p": 1} },
		"nil":               func(m *Manifest) { m.Params = map[string]any{"p": nil} },
		"a list":            func(m *Manifest) { m.Params = map[string]any{"p": []any{}} },
		"text not UTF-8":    func(m *Manifest) { m.Meta = map[string]string{"p": "\xff"} },
		"a name not UTF-8":  func(m *Manifest) { m.Meta = map[string]string{"\xff": ""} },
		"empty source":      func(m *Manifest) { m.Source = new(Source) },
		"a command not UTF-8": func(m *Manifest) {
			m.Source = &Source{Command: []string{"\xed\xa0\x80"}}
		},
	} {
		m := smallManifest()
		change(m)
		_, _, err := m.Encode()
		checkRefusal(t, what, "", err)
	}
	x := &Index{Artifact: "a/b", Date: "2026-06-17", Version: someDigest}
	_, err := x.Encode()
	checkRefusal(t, "an index of nothing", "", err)
	x.Blobs = []Blob{{someDigest, someID, "/etc"}}
	_, err = x.Encode()
	checkRefusal(t, "an extension without dot", "", err)
}

func smallManifest() *Manifest {
	return &Manifest{Artifact: "a/b", Date: "2026-06-17", Files: []File{{Path: "x", Size: 1, Digest: someDigest}}}
}

// TestNumbers checks that a parameter is read as the same number that was
// written, whatever the number, in one text only.
func TestNumbers(t *testing.T) {
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 1e-7, 9.999999999999999e-7, 1e20, 1e21, 999999999999999900000, 1 << 53, 1<<53 + 2,
		4.35, 333333333.33333329, 5e-324, 2.2250738585072014e-308, math.MaxFloat64, math.Pi}
	for range 20_000 {
		if x := math.Float64frombits(rand.Uint64()); !math.IsNaN(x) && !math.IsInf(x, 0) {
			numbers = append(numbers, x)
		}
	}
	for _, x := range numbers {
		m := smallManifest()
		m.Params = map[string]any{"p": x}
		b, _, err := m.Encode()
		if err != nil {
			t.Fatalf("%v: %v", x, err)
		}
		m, err = ParseManifest(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if m.Params["p"] != x {
			t.Errorf("%v is read as %v", x, m.Params["p"])
		}
	}
}

// TestStrings does the same for text, with everything that some encoder of JSON
// escapes and RFC 8785 does not, or the other way round.
func TestStrings(t *testing.T) {
	texts := []string{"", `"\/`, "<a href='x'>&amp;</a>", "\u2028\u2029", "\x00\b\t\n\v\f\r\x1f\x7f\u0080", "\ufffd", "\ufeff", "\ufffe\uffff", "\U0001F4A7\U0010FFFF", `\u003c`}
	m := smallManifest()
	m.Params, m.Meta = map[string]any{}, map[string]string{}
	for _, s := range texts {
		m.Params["x"+s], m.Meta["x"+s] = s, s
	}
	b, _, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseManifest(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range texts {
		if read.Params["x"+s] != s || read.Meta["x"+s] != s {
			t.Errorf("%q is read as %q", s, read.Params["x"+s])
		}
	}
	if !strings.Contains(string(b), "\u2028") || !strings.Contains(string(b), "<a href") {
		t.Errorf("escapes what RFC 8785 does not: %s", b)
	}
}

// TestAllocation bounds what hostile input can cost: memory in proportion to
// its size, whatever it says.
func TestAllocation(t *testing.T) {
	const size, most = 256 << 10, 256 // bytes; bytes allocated for each of them
	fill := func(before, unit, after string) []byte {
		return []byte(before + strings.Repeat(unit, size/len(unit)) + after)
	}
	for what, b := range map[string][]byte{
		"arrays":            fill("", "[", ""),
		"objects":           fill("", `{"a":`, ""),
		"a long number":     fill(`{"cairn":`, "1", "}"),
		"a long fraction":   fill(`{"cairn":1,"params":{"a":0.`, "1", "}}"),
		"a long exponent":   fill(`{"cairn":1,"params":{"a":1e`, "1", "}}"),
		"a long string":     fill(`{"artifact":"`, "a", `","cairn":1}`),
		"escapes":           fill(`{"artifact":"`, `\u0000`, `","cairn":1}`),
		"not UTF-8":         fill(`{"artifact":"`, "\xff", `","cairn":1}`),
		"segments":          fill(`{"artifact":"`, "a/", `a","cairn":1}`),
		"a long member":     fill(`{"cairn":1,"`, "a", `":1}`),
		"members":           fill(`{"cairn":1`, `,"a":1`, "}"),
		"format numbers":    fill(`{"cairn":1`, `,"cairn":1`, "}"),
		"empty files":       fill(`{"cairn":1,"files":[{}`, ",{}", "]}"),
		"files of nothing":  fill(`{"cairn":1,"files":[0`, ",0", "]}"),
		"empty inputs":      fill(`{"cairn":1,"inputs":[{}`, ",{}", "]}"),
		"null inputs":       fill(`{"cairn":1,"inputs":[null`, ",null", "]}"),
		"empty blobs":       fill(`{"blobs":[{}`, ",{}", `],"cairn":1}`),
		"empty retained":    fill(`{"cairn":1,"retained":[{}`, ",{}", "]}"),
		"arguments":         fill(`{"cairn":1,"source":{"command":[""`, `,""`, "]}}"),
		"lists in params":   fill(`{"cairn":1,"params":{"a":[[]`, ",[]", "]}}"),
		"numbers in params": fill(`{"cairn":1,"params":{"a":[0`, ",0", "]}}"),
		"objects in params": fill(`{"cairn":1,"params":{"a":[{"":0}`, `,{"":0}`, "]}}"),
		"a long path": fill(`{"artifact":"a/b","cairn":1,"date":"2026-06-17","files":[{"digest":"`+someDigest.String()+`","path":"`,
			"a/", `a","size":1}]}`),
		"nested params": []byte(`{"cairn":1,"params":{"a":` + strings.Repeat("[", 9990) + strings.Repeat("]", 9990) + "}}"),
	} {
		for kind, reprint := range reprint {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := reprint(b)
			runtime.ReadMemStats(&after)
			checkRefusal(t, what, "hostile", err)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > uint64(most*len(b)) {
				t.Errorf("%s as %s: %d bytes cost %d, %d each", what, kind, len(b), spent, spent/uint64(len(b)))
			}
		}
	}
}

// TestCanonicalJSON checks the writer, and the library that it is compared with,
// against the examples of RFC 8785, since every digest rests on them.
func TestCanonicalJSON(t *testing.T) {
	var v any
	in := `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`
	want := `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
	if err := json.Unmarshal([]byte(in), &v); err != nil {
		t.Fatal(err)
	}
	if b, err := canonical(v); err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
	if b, err := jcs.Transform([]byte(in)); err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestDigestOfKnownBytes(t *testing.T) {
	// As b3sum prints them.
	for in, want := range map[string]string{
		"":    "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
		"abc": "b3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
	} {
		if d := Sum([]byte(in)); d.String() != want {
			t.Errorf("%q: %s", in, d)
		} else if back, err := ParseDigest(want); err != nil || back != d || !strings.HasPrefix(want, d.Short()) {
			t.Errorf("%s is read as %s, %v", want, back, err)
		}
	}
}
