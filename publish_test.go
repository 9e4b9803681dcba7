package cairn_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

func TestPublishAndPull(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	dir := tree(t, "part-0.parquet", "zero", "deep/er/part-1.parquet", "one", "empty", "")
	p := publication(t, dir)
	p.Label, p.Point = "v1", []layout.Name{"prod", "candidate"}
	p.Params = map[string]any{"lr": 0.1, "depth": "deep", "fast": true}
	out := publish(t, r, p)
	if !out.Changed {
		t.Error("a first publication changed nothing")
	}
	for _, ref := range []string{"2026-06-17", "v1", "prod", "candidate", out.Pin.Version.String(), out.Pin.Version.Short()} {
		v := mustResolve(t, r, string(flights)+"@"+ref)
		if v.Pin != out.Pin {
			t.Errorf("@%s is %s, not %s", ref, v.Pin, out.Pin)
		}
		into := t.TempDir()
		if err := v.Pull(t.Context(), into, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := readTree(t, into), readTree(t, dir); !maps.Equal(got, want) {
			t.Errorf("@%s gave %q, not %q", ref, got, want)
		}
	}
}

// ids replaces what differs between two runs in a list of calls.
var ids = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64}`)

func traffic(calls []storetest.Call) string {
	var b strings.Builder
	for _, c := range calls {
		fmt.Fprintln(&b, ids.ReplaceAllStringFunc(c.String(), func(id string) string {
			if len(id) == 26 {
				return "ULID"
			}
			return "HASH"
		}))
	}
	return b.String()
}

// The order of a publication is its safety, and its length its cost.
func TestPublishTraffic(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	p := publication(t, tree(t, "a.csv", "a"))
	p.Label, p.Point = "v1", []layout.Name{"prod"}
	for _, step := range []struct{ name, want string }{
		{"first", `
create cairn.json
create cairn.json
swap cairn.json
open datasets/flights/_pointers/prod.json
open datasets/flights/_heads/2026-06-17.json
create datasets/flights/date=2026-06-17/ULID/HASH.csv
open datasets/flights/_pointers/v1.json
create datasets/flights/_manifests/HASH.json
create datasets/flights/date=2026-06-17/ULID/_blobs.json
swap datasets/flights/_heads/2026-06-17.json
create datasets/flights/_records/HASH/ULID.json
open datasets/flights/_pointers/v1.json
swap datasets/flights/_pointers/v1.json
open datasets/flights/_pointers/prod.json
swap datasets/flights/_pointers/prod.json
`},
		{"again", `
create cairn.json
swap cairn.json
open datasets/flights/_pointers/prod.json
open datasets/flights/_heads/2026-06-17.json
open datasets/flights/date=2026-06-17/ULID/_blobs.json
open datasets/flights/_pointers/v1.json
list datasets/flights/_records/HASH/
open datasets/flights/_pointers/v1.json
open datasets/flights/_pointers/prod.json
`},
	} {
		r := openRepo(t, s, nil)
		s.Take()
		publish(t, r, p)
		if got := traffic(s.Take()); startSorted(got) != startSorted(step.want) {
			t.Errorf("%s: got\n%s", step.name, got)
		}
	}
}

// startSorted sorts the calls with which a publication begins, since what is read is
// read while the store is probed.
func startSorted(traffic string) string {
	lines := strings.Split(strings.Trim(traffic, "\n"), "\n")
	n := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "HASH") || strings.Contains(l, "v1.json") })
	slices.Sort(lines[:n])
	return strings.Join(lines, "\n")
}

func TestPublishAgainIsNoOp(t *testing.T) {
	s := mem.New()
	dir := tree(t, "a", "a", "b", "b")
	first := publish(t, openRepo(t, s, nil), publication(t, dir))
	again := publish(t, openRepo(t, s, nil), publication(t, dir))
	if again.Pin != first.Pin || again.Changed {
		t.Errorf("published %s, then %s (changed: %t)", first.Pin, again.Pin, again.Changed)
	}
}

// Only bytes that the head's versions do not have are uploaded, and a version
// that was replaced can become current again without any.
func TestPublishReusesBase(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := openRepo(t, s, nil)
	v1 := tree(t, "a", "same", "b", "one")
	v2 := tree(t, "a", "same", "b", "two", "c", "two")
	first := publish(t, r, publication(t, v1))
	s.Take()
	second := publish(t, r, publication(t, v2))
	if n := countBlobs(s.Take()); n != 1 {
		t.Errorf("%d blobs were uploaded for one that is new", n)
	}
	third := publish(t, r, publication(t, v1))
	if n := countBlobs(s.Take()); n != 0 || third.Pin != first.Pin || !third.Changed {
		t.Errorf("%d blobs were uploaded for a version that is retained; %+v", n, third)
	}
	for _, c := range []struct {
		v    *cairn.Version
		want string
	}{{first.Version, v1}, {second.Version, v2}} {
		into := t.TempDir()
		if err := mustResolve(t, r, c.v.Pin.String()).Pull(t.Context(), into, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := readTree(t, into), readTree(t, c.want); !maps.Equal(got, want) {
			t.Errorf("%s gave %q, not %q", c.v.Pin, got, want)
		}
	}
}

func countBlobs(calls []storetest.Call) (n int) {
	for _, c := range calls {
		if key, err := layout.ParseKey(c.Key); err == nil && key.Kind == layout.KindBlob && c.Op == "create" {
			n++
		}
	}
	return n
}

func TestPublishInputs(t *testing.T) {
	s := mem.New()
	r := openRepo(t, s, nil)
	data := publish(t, r, publication(t, tree(t, "a", "a")))
	p := publication(t, tree(t, "f", "f"))
	p.Artifact = "features/delay"
	ref, err := layout.ParseRef(string(flights) + "@2026-06-17")
	if err != nil {
		t.Fatal(err)
	}
	p.Inputs = []layout.Ref{ref, data.Pin.Ref()}
	features := publish(t, r, p)
	if len(features.Manifest.Inputs) != 1 || features.Manifest.Inputs[0].Pin() != data.Pin {
		t.Errorf("inputs are %v", features.Manifest.Inputs)
	}
	if _, err := s.Stat(t.Context(), layout.EdgeKey(data.Pin.Version, features.Pin.Version).String()); err != nil {
		t.Error(err)
	}
	// The same input under another name is the same work.
	p.Inputs = p.Inputs[1:]
	if again := publish(t, r, p); again.Changed {
		t.Error("naming an input by its pin made another version")
	}
}

func TestPublishRefuses(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	dir := tree(t, "a", "a")
	p := publication(t, dir)
	p.Label = "v1"
	publish(t, r, p)
	for name, change := range map[string]func(*cairn.Publication){
		"no date":           func(p *cairn.Publication) { p.Date = "" },
		"no files":          func(p *cairn.Publication) { p.Files = nil },
		"two of a name":     func(p *cairn.Publication) { p.Files = append(p.Files, p.Files[0]) },
		"path that leaves":  func(p *cairn.Publication) { p.Files[0].Path = "../a" },
		"absolute path":     func(p *cairn.Publication) { p.Files[0].Path = "/a" },
		"artifact":          func(p *cairn.Publication) { p.Artifact = "features/latest" },
		"label taken":       func(p *cairn.Publication) { p.Label = "v1"; p.Params = map[string]any{"x": 1.0} },
		"label as pointer":  func(p *cairn.Publication) { p.Point = []layout.Name{"v1"} },
		"both":              func(p *cairn.Publication) { p.Label = "v2"; p.Point = []layout.Name{"v2"} },
		"head as pointer":   func(p *cairn.Publication) { p.Point = []layout.Name{layout.HeadName(june17)} },
		"name":              func(p *cairn.Publication) { p.Point = []layout.Name{"the-final"} },
		"input that is not": func(p *cairn.Publication) { p.Inputs = []layout.Ref{{Artifact: "a/b", Name: "c"}} },
		"file that is not":  func(p *cairn.Publication) { p.Files[0].File += "x" },
		"negative fence":    func(p *cairn.Publication) { p.Fence = -1 },
	} {
		p := publication(t, dir)
		change(p)
		if out, err := r.Publish(t.Context(), p); err == nil {
			t.Errorf("%s: published %s", name, out.Pin)
		}
	}
}

// growing is a file that another process is still writing.
func TestPublishFileThatChanges(t *testing.T) {
	dir := tree(t, "a", "before")
	file := filepath.Join(dir, "a")
	for name, change := range map[string]func() error{
		"grows": func() error { return os.WriteFile(file, []byte("before and after"), 0o666) },
		"same size": func() error {
			if err := os.WriteFile(file, []byte("BEFORE"), 0o666); err != nil {
				return err
			}
			return os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour))
		},
		"replaced": func() error {
			return errors.Join(os.WriteFile(file+"2", []byte("before"), 0o666), os.Rename(file+"2", file))
		},
		"same size and time": func() error {
			st, err := os.Stat(file)
			return errors.Join(err, os.WriteFile(file, []byte("BEFORE"), 0o666), os.Chtimes(file, time.Time{}, st.ModTime()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte("before"), 0o666); err != nil {
				t.Fatal(err)
			}
			// The file changes after it was hashed, when its bytes are about to go.
			s := onCreate(mem.New(), func(key string) {
				if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindBlob {
					if err := change(); err != nil {
						t.Error(err)
					}
				}
			})
			r := openRepo(t, s, nil)
			_, err := r.Publish(t.Context(), publication(t, dir))
			if !errors.Is(err, cairn.ErrChanged) {
				t.Errorf("got %v", err)
			}
			if _, err := resolve(t.Context(), r, string(flights)+"@2026-06-17"); err == nil {
				t.Error("a version was published all the same")
			}
		})
	}
}
