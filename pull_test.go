package cairn_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// Files that are right are left alone, others replaced, and strangers kept.
func TestPullIntoUse(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := openRepo(t, s, nil)
	out := publish(t, r, publication(t, tree(t, "right", "right", "wrong", "right", "other/size", "right", "new", "right")))
	into := tree(t, "right", "right", "wrong", "wrong", "other/size", "longer than right", "stranger", "kept")
	s.Take()
	if err := mustResolve(t, r, out.Pin.String()).Pull(t.Context(), into, nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"right": "right", "wrong": "right", "other/size": "right", "new": "right", "stranger": "kept"}
	if got := readTree(t, into); !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	blobs := 0
	for _, c := range s.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindBlob {
			blobs++
		}
	}
	if blobs != 3 {
		t.Errorf("%d files were fetched, and 3 had to be", blobs)
	}
}

// A folder to pull into may hold links; none of them leads a file outside.
func TestPullStaysInside(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	out := publish(t, r, publication(t, tree(t, "folder/file", "new", "file", "new")))
	outside := tree(t, "file", "old")
	into := t.TempDir()
	for link, target := range map[string]string{"folder": outside, "file": filepath.Join(outside, "file")} {
		if err := os.Symlink(target, filepath.Join(into, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := mustResolve(t, r, out.Pin.String()).Pull(t.Context(), into, nil); err == nil {
		t.Error("a file was written through a link")
	}
	if got := readTree(t, outside); !maps.Equal(got, map[string]string{"file": "old"}) {
		t.Errorf("outside there is now %q", got)
	}
}

// A pull that fails leaves no file that is not whole, and no leftovers.
func TestPullOfDamage(t *testing.T) {
	s := mem.New()
	r := openRepo(t, s, nil)
	out := publish(t, r, publication(t, tree(t, "a", strings.Repeat("a", 20<<20), "b", "b")))
	for info, err := range s.List(t.Context(), string(flights)+"/date=", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if k, err := layout.ParseKey(info.Key); err == nil && k.Kind == layout.KindBlob && info.Size > 100 {
			damage(t, s, info.Key)
		}
	}
	into := t.TempDir()
	err := mustResolve(t, r, out.Pin.String()).Pull(t.Context(), into, nil)
	if !errors.Is(err, cairn.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	entries, err := os.ReadDir(into)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != "b" }) {
		t.Errorf("left behind: %v", entries)
	}
}

// What a pull that was killed has left is gone after the next, and never
// published.
func TestPullLeftovers(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	out := publish(t, r, publication(t, tree(t, "a", "a")))
	into := tree(t, ".cairn/parts/one/left", "half of a file", ".cairn/parts/two/left", "half of a file", "deep/.cairn/file", "not ours")
	if got := readTree(t, into); !maps.Equal(got, map[string]string{"deep/.cairn/file": "not ours"}) {
		t.Errorf("would publish %q", got)
	}
	if err := mustResolve(t, r, out.Pin.String()).Pull(t.Context(), into, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(into, ".cairn")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

func damage(t *testing.T, s *mem.Store, key string) {
	t.Helper()
	b, info, err := storetest.Read(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := s.Delete(t.Context(), info.Key); err != nil {
		t.Fatal(err)
	}
	put(t, s, key, b)
}
