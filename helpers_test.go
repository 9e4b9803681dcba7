package cairn_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/storetest"
)

const (
	flights = layout.Artifact("datasets/flights")
	june17  = layout.Date("2026-06-17")
)

func openRepo(t *testing.T, s store.Store, o *cairn.Options) *cairn.Repo {
	t.Helper()
	r, err := cairn.Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tree writes files, given as paths and contents in turn, and returns the folder.
func tree(t *testing.T, pathsAndContents ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pathsAndContents); i += 2 {
		file := filepath.Join(dir, filepath.FromSlash(pathsAndContents[i]))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(pathsAndContents[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readTree returns the contents of all files below dir by their paths.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	sources, err := cairn.Sources(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		b, err := os.ReadFile(s.File)
		if err != nil {
			t.Fatal(err)
		}
		found[s.Path] = string(b)
	}
	return found
}

func publication(t *testing.T, dir string) *cairn.Publication {
	t.Helper()
	sources, err := cairn.Sources(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &cairn.Publication{Artifact: flights, Date: june17, Files: sources}
}

func publish(t *testing.T, r *cairn.Repo, p *cairn.Publication) *cairn.Outcome {
	t.Helper()
	out, err := r.Publish(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func resolve(ctx context.Context, r *cairn.Repo, ref string) (*cairn.Version, error) {
	parsed, err := layout.ParseRef(ref)
	if err != nil {
		return nil, err
	}
	versions, err := r.Resolve(ctx, parsed)
	if err != nil {
		return nil, err
	}
	return versions[0], nil
}

func mustResolve(t *testing.T, r *cairn.Repo, ref string) *cairn.Version {
	t.Helper()
	v, err := resolve(t.Context(), r, ref)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t *testing.T, s store.Store, key string, b []byte) {
	t.Helper()
	if err := s.Create(t.Context(), key, storetest.Body(b), store.ChecksumOf(b)); err != nil {
		t.Fatal(err)
	}
}
