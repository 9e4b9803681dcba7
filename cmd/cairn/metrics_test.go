package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadMetrics(t *testing.T) {
	want := map[string]float64{"accuracy": 0.94, "loss": 1e-3}
	for _, text := range []string{
		`{"accuracy": 0.94, "loss": 0.001}` + "\n",
		"accuracy=0.94\nloss=1e-3",
		"\n accuracy = 0.94 \r\n\nloss=0.001\n",
	} {
		got, err := readMetrics(write(t, filepath.Join(t.TempDir(), "m"), []byte(text)))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		`{"accuracy": "0.94"}`, `{"accuracy": NaN}`, `{"a": {"b": 1}}`, `{"a": null}`, `{"a": 1} {"b": 2}`, `[1]`, `{"a": 1`,
		"accuracy", "accuracy=", "accuracy=NaN", "=1", "a=1\na=2", strings.Repeat("a", mostMetrics+1),
	} {
		if got, err := readMetrics(write(t, filepath.Join(t.TempDir(), "m"), []byte(text))); err == nil {
			t.Errorf("%.40q is read as %v", text, got)
		}
	}
	if got, err := readMetrics(filepath.Join(t.TempDir(), "none")); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
