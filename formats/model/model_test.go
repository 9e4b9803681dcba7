package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/want.json anew")

// fixtures are the files that the Python libraries wrote.
func fixtures(tb testing.TB) map[string][]byte {
	tb.Helper()
	files := make(map[string][]byte)
	paths, err := filepath.Glob("testdata/*")
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range paths {
		switch name := filepath.Base(path); filepath.Ext(name) {
		case ".py", ".md", ".json", "":
		default:
			files[name] = readFile(tb, path)
		}
	}
	return files
}

func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func inspect(b []byte, name string) (*Model, error) {
	return Inspect(context.Background(), bytes.NewReader(b), int64(len(b)), name)
}

func TestFixtures(t *testing.T) {
	const path = "testdata/want.json"
	got := make(map[string]*Model)
	for name, b := range fixtures(t) {
		m, err := inspect(b, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkModel(t, m, b)
		got[name] = m
	}
	text, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(readFile(t, path), &want); err != nil {
		t.Fatal(err)
	}
	for name, m := range got {
		line, _ := json.Marshal(m)
		var compact bytes.Buffer
		if json.Compact(&compact, want[name]); compact.String() != string(line) {
			t.Errorf("%s is\n%s\nnot\n%s", name, line, &compact)
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d files, %d wanted: %q", len(got), len(want), slices.Sorted(maps.Keys(got)))
	}
}

// Digests are those that Python works out from the arrays.
func TestDigests(t *testing.T) {
	var want map[string]string
	if err := json.Unmarshal(readFile(t, "testdata/digests.json"), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.safetensors", "plain.npz", "plain.gguf", "plain.npy"} {
		m, err := inspect(readFile(t, "testdata/"+name), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range m.Tensors {
			if digest, ok := want[tensor.Name]; ok && tensor.Digest != digest {
				t.Errorf("%s: %s has %s, not %s", name, tensor.Name, tensor.Digest, digest)
			}
		}
		if weights, ok := want[name]; ok && m.Weights != weights {
			t.Errorf("%s has %s, not %s", name, m.Weights, weights)
		}
	}
}

// The content decides, not the name; but a name that a program would run the
// file by counts.
func TestNames(t *testing.T) {
	files := fixtures(t)
	for name, b := range files {
		want, err := inspect(b, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inspect(b, "model")
		if needsName := name == "arrays-xz.joblib" || name == "arrays-lzma.joblib"; needsName {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s without its name: %v", name, err)
			}
			continue
		}
		if err != nil || got.Format != want.Format || got.ExecutesCode != want.ExecutesCode {
			t.Errorf("%s without its name: %+v, %v", name, got, err)
		}
	}
	m, err := inspect(files["plain.safetensors"], "model.PT")
	if err != nil || m.Format != Safetensors || !m.ExecutesCode || len(m.Warnings) != 1 {
		t.Errorf("safetensors named as PyTorch: %+v, %v", m, err)
	}
	m, err = inspect(files["protocol4.pkl"], "model.safetensors")
	if err != nil || m.Format != Pickle || !m.ExecutesCode || len(m.Warnings) != 1 {
		t.Errorf("pickle named as safetensors: %+v, %v", m, err)
	}
}

func TestUnknown(t *testing.T) {
	for _, text := range []string{"", "\x00", "N", "N. B.", "hello, world\n", "{}", "# Title\n\nText.\n", "PAR1\x15\x04PAR1",
		"(This is text.)\n", "%PDF-1.7\n", "\x89PNG\r\n\x1a\n", "\x1f\x8b\x08\x00", "x = 1\n", "I am. So.\n", strings.Repeat("\x00", 100)} {
		if m, err := inspect([]byte(text), "data.bin"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
	}
}

// An error of the reader or the context is returned as it is.
func TestOtherErrors(t *testing.T) {
	boom := errors.New("boom")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, b := range fixtures(t) {
		size := int64(len(b))
		want, _ := inspect(b, name)
		for good := range size {
			r := &failing{b: b, good: good, err: boom}
			m, err := Inspect(context.Background(), r, size, name)
			if r.failed && !errors.Is(err, boom) && !reflect.DeepEqual(m, want) {
				t.Fatalf("%s, failing at %d: %+v, %v", name, good, m, err)
			}
		}
		if _, err := Inspect(ended, bytes.NewReader(b), size, name); !errors.Is(err, context.Canceled) && !unread(name) {
			t.Errorf("%s, canceled: %v", name, err)
		}
		if _, err := Inspect(context.Background(), bytes.NewReader(b[:size/2]), size, name); !errors.Is(err, io.ErrUnexpectedEOF) && !unread(name) {
			t.Errorf("%s, shorter than said: %v", name, err)
		}
	}
}

// unread is for the files of which only the first bytes are looked at.
func unread(name string) bool {
	return strings.Contains(name, "-xz") || strings.Contains(name, "-lzma")
}

// A failing reader has only the first bytes.
type failing struct {
	b      []byte
	good   int64
	err    error
	failed bool
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, f.b[min(off, f.good):f.good])
	if n < len(p) {
		f.failed = true
		return n, f.err
	}
	return n, nil
}
