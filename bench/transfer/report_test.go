package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T, dir, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// What is written as JSON has all samples, and can be read again.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := (&report{Runs: 5, Cases: []*result{raced()}}).write(dir); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.NewDecoder(open(t, dir, "results.json")).Decode(&r); err != nil {
		t.Fatal(err)
	}
	if cairn := r.Cases[0].Tools[1]; len(cairn.Samples) != 3 || cairn.Median == nil || cairn.Wall != 1 {
		t.Errorf("of cairn there is %+v", cairn)
	}
}

func TestValueAfter(t *testing.T) {
	const text = "MemTotal:       24600000 kB\nmodel name\t: AMD EPYC\nmodel name\t: another\n"
	for name, want := range map[string]string{"MemTotal": "24600000 kB", "model name": "AMD EPYC", "flags": "unknown"} {
		if got := valueAfter(text, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
