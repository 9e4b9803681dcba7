package layout

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
)

// A specBlock is a fenced block of SPEC.md.
type specBlock struct {
	info, text string
	after      string // the paragraph that follows
	line       int
}

// specBlocks takes SPEC.md apart.
func specBlocks(t *testing.T) (blocks []specBlock) {
	t.Helper()
	b, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(b), "\n```") // prose, block, prose, block, …, prose
	if len(parts)%2 == 0 {
		t.Fatal("SPEC.md has a block that does not end")
	}
	line := 0
	for i, part := range parts {
		if i%2 == 1 {
			info, text, _ := strings.Cut(part, "\n")
			after, _, _ := strings.Cut(strings.TrimSpace(parts[i+1]), "\n\n")
			blocks = append(blocks, specBlock{info, text, after, line})
		}
		line += strings.Count(part, "\n") + 1
	}
	return blocks
}

// TestSpec runs every example of SPEC.md.
func TestSpec(t *testing.T) {
	run := map[string]func(*testing.T, specBlock){
		"abnf":         func(*testing.T, specBlock) {},
		"refs valid":   specValidRefs,
		"refs invalid": specInvalidRefs,
		"keys":         specKeys,
	}
	seen := make(map[string]int)
	for kind := range reprint {
		run["json "+kind] = func(t *testing.T, b specBlock) { specObject(t, kind, b) }
	}
	for _, b := range specBlocks(t) {
		check, ok := run[b.info]
		if !ok {
			t.Errorf("SPEC.md:%d: a block of unknown kind %q", b.line, b.info)
			continue
		}
		seen[b.info]++
		check(t, b)
		if t.Failed() {
			t.Fatalf("in the block at SPEC.md:%d", b.line)
		}
	}
	for info := range run {
		if seen[info] == 0 {
			t.Errorf("SPEC.md has no example of %q", info)
		}
	}
}

// lines yields what stands first on each line of a block, and the rest of it.
func (b specBlock) lines(yield func(first, rest string) bool) {
	for line := range strings.Lines(b.text) {
		first, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !yield(first, strings.TrimSpace(rest)) {
			return
		}
	}
}

func specValidRefs(t *testing.T, b specBlock) {
	for s, form := range b.lines {
		r, err := ParseRef(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		got := "date"
		switch {
		case r.Version != "":
			got = "version"
		case r.Name != "":
			got = "name"
		case r.IsRange():
			got = "range"
		}
		if got != form || r.String() != s {
			t.Errorf("%s is a %s and prints as %s", s, got, r)
		}
	}
}

func specInvalidRefs(t *testing.T, b specBlock) {
	for s, why := range b.lines {
		_, err := ParseRef(s)
		checkRefusal(t, s, why, err)
	}
}

func specKeys(t *testing.T, b specBlock) {
	for s, kind := range b.lines {
		k, err := ParseKey(s)
		if kind == "unknown" {
			checkRefusal(t, s, "of no kind", err)
		} else if err != nil || string(k.Kind) != kind {
			t.Errorf("%s is a %q, %v", s, k.Kind, err)
		}
	}
}

var statedDigest = regexp.MustCompile("digest is\\s`(b3:[0-9a-f]+)`")

// specObject parses an example, once it is in canonical form, and compares its
// digest with the one that the prose states, if it does.
func specObject(t *testing.T, kind string, b specBlock) {
	body, err := jcs.Transform([]byte(b.text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := reprint[kind](body)
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	if !bytes.Equal(again, body) {
		t.Errorf("encodes as\n%s", again)
	}
	if m := statedDigest.FindStringSubmatch(b.after); m != nil && m[1] != Sum(body).String() {
		t.Errorf("its digest is %s, and %s is stated", Sum(body), m[1])
	} else if m == nil && kind == "manifest" {
		t.Errorf("no digest is stated")
	}
}

// TestSpecIsOneStory checks that the examples of SPEC.md are of one version.
func TestSpecIsOneStory(t *testing.T) {
	bodies := make(map[string][]byte)
	for _, b := range specBlocks(t) {
		if kind, ok := strings.CutPrefix(b.info, "json "); ok {
			body, err := jcs.Transform([]byte(b.text))
			if err != nil {
				t.Fatal(err)
			}
			bodies[kind] = append(bodies[kind], body...)
			if kind != "pointer" {
				continue
			}
			if p, err := ParsePointer(body); err != nil || p.Version != Sum(bodies["manifest"]) {
				t.Errorf("the pointer is at another version: %v", err)
			}
		}
	}
	m, err := ParseManifest(bodies["manifest"])
	if err != nil {
		t.Fatal(err)
	}
	x, err := ParseIndex(bodies["index"])
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecord(bodies["record"])
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEdge(bodies["edge"])
	if err != nil {
		t.Fatal(err)
	}
	id := Sum(bodies["manifest"])
	if x.Version != id || r.Version != id || e.Consumer.Version != id || e.Input != m.Inputs[0] {
		t.Error("the examples are of several versions")
	}
	for _, f := range m.Files {
		if _, ok := x.Find(f.Digest); !ok {
			t.Errorf("the index lacks %s", f.Path)
		}
	}
}
