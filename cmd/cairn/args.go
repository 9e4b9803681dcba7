package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// parseRefIn parses a reference to a, whole or without "ARTIFACT@".
func parseRefIn(a layout.Artifact, text string) (layout.Ref, error) {
	if !strings.Contains(text, "@") {
		return layout.ParseSelector(a, text)
	}
	ref, err := layout.ParseRef(text)
	if err == nil && ref.Artifact != a {
		err = fmt.Errorf("%w: %s is a version of another artifact than %s", cairn.ErrRefused, ref, a)
	}
	return ref, err
}

func parseRefs(texts []string) ([]layout.Ref, error) {
	var refs []layout.Ref
	for _, text := range texts {
		ref, err := layout.ParseRef(text)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// pairs parses values of the form k=v, each key once.
func pairs[V any](flag string, texts []string, parse func(string) (V, error)) (map[string]V, error) {
	found := make(map[string]V, len(texts))
	for _, text := range texts {
		k, v, ok := strings.Cut(text, "=")
		if !ok || k == "" {
			return nil, usagef("--%s %q is not of the form name=value", flag, text)
		}
		if _, twice := found[k]; twice {
			return nil, usagef("--%s gives %q twice", flag, k)
		}
		value, err := parse(v)
		if err != nil {
			return nil, usagef("--%s %s: %w", flag, k, err)
		}
		found[k] = value
	}
	return found, nil
}

func parseText(s string) (string, error) { return s, nil }

func parseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a finite number", s)
	}
	return v, nil
}

var significant = regexp.MustCompile(`^-?[0.]*|[eE].*$|\.`)

// parseParam reads a number or truth value as such, and all else as text. A
// number of more than 15 digits stays text, since JSON would round it.
func parseParam(s string) (any, error) {
	switch {
	case s == "true" || s == "false":
		return s == "true", nil
	case !json.Valid([]byte(s)) || len(significant.ReplaceAllString(s, "")) > 15:
		return s, nil
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return v, nil
	}
	return s, nil
}
