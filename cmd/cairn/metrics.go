package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cairnstore/cairn"
)

// mostMetrics bounds a file of metrics, in bytes.
const mostMetrics = 1 << 20

// readMetrics reads what a program wrote of its metrics: one JSON object of
// numbers, or lines name=number. A file that is not there holds none.
func readMetrics(file string) (map[string]float64, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostMetrics+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostMetrics {
		return nil, fmt.Errorf("%w: the metrics in %s are more than %s", cairn.ErrRefused, file, size(mostMetrics))
	}
	found, err := parseMetrics(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the metrics in %s are neither one JSON object of numbers nor lines name=number: %w", cairn.ErrRefused, file, err)
	}
	return found, nil
}

func parseMetrics(text []byte) (map[string]float64, error) {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("{")) {
		return parseJSONMetrics(text)
	}
	found := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		k = strings.TrimSpace(k)
		if _, twice := found[k]; !ok || k == "" || twice {
			return nil, fmt.Errorf("line %q", line)
		}
		number, err := parseNumber(strings.TrimSpace(v))
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		found[k] = number
	}
	return found, nil
}

func parseJSONMetrics(text []byte) (map[string]float64, error) {
	var values map[string]*float64 // of which null would else be 0
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, err
	}
	found := make(map[string]float64, len(values))
	for k, v := range values {
		if v == nil {
			return nil, fmt.Errorf("%s is null", k)
		}
		found[k] = *v
	}
	return found, nil
}
