package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/cairnstore/cairn/layout"
)

// A yamlFile is a file that a person writes, and whose errors name the line.
type yamlFile struct {
	thing string // what it is called
	path  string
}

// document returns what stands in the file, one document.
func (y yamlFile) document() (*yaml.Node, error) {
	f, err := os.Open(y.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var document yaml.Node
	d := yaml.NewDecoder(f)
	if err := d.Decode(&document); err != nil {
		return nil, y.invalid(0, "is not YAML: %v", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, y.invalid(0, "holds more than one document")
	}
	return document.Content[0], nil
}

// place names a line, or the file as a whole for line 0.
func (y yamlFile) place(line int) string {
	if line == 0 {
		return y.path
	}
	return fmt.Sprintf("%s:%d", y.path, line)
}

func (y yamlFile) invalid(line int, format string, args ...any) error {
	return &layout.Error{Thing: y.thing, Value: y.place(line), Reason: fmt.Sprintf(format, args...)}
}

// A field is an entry of a mapping.
type field struct {
	line  int
	name  string
	value *yaml.Node
}

// pairs returns the entries of a mapping, each name once.
func (y yamlFile) pairs(n *yaml.Node) ([]field, error) {
	if n.Kind != yaml.MappingNode {
		return nil, y.invalid(n.Line, "a mapping is due here, name: value")
	}
	var fields []field
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || slices.ContainsFunc(fields, func(f field) bool { return f.name == key.Value }) {
			return nil, y.invalid(key.Line, "%q is no name, or is there twice", key.Value)
		}
		fields = append(fields, field{key.Line, key.Value, n.Content[i+1]})
	}
	return fields, nil
}
