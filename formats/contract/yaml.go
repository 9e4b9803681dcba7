package contract

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An Error says what is wrong with a contract itself.
type Error struct {
	Line   int // 0 if it is about the whole
	Reason string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return "not a contract: " + e.Reason
	}
	return fmt.Sprintf("not a contract: line %d: %s", e.Line, e.Reason)
}

func errorf(format string, args ...any) error { return &Error{Reason: fmt.Sprintf(format, args...)} }

func at(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, fmt.Sprintf(format, args...)}
}

// A field is a key that is known, and what reads its value.
type field struct {
	key string
	set func(*yaml.Node) error
}

// fields reads a mapping. The nodes are gone through by hand since a decoder takes
// texts for what they look like: NO for false, 0.10 for 0.1.
func fields(n *yaml.Node, known []field) error {
	return entries(n, func(key, value *yaml.Node) error {
		var keys []string
		for _, f := range known {
			if f.key == key.Value {
				return f.set(value)
			}
			keys = append(keys, f.key)
		}
		return at(key, "there is no key %q; the keys are %s", key.Value, strings.Join(keys, ", "))
	})
}

// entries calls do for the entries of a mapping.
func entries(n *yaml.Node, do func(key, value *yaml.Node) error) error {
	if n = resolved(n); n.Kind != yaml.MappingNode {
		return at(n, "keys with values are expected here")
	}
	seen := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return at(key, "a key is a name")
		}
		if seen[key.Value] {
			return at(key, "the key %q stands twice", key.Value)
		}
		seen[key.Value] = true
		if err := do(key, value); err != nil {
			return err
		}
	}
	return nil
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return resolved(n).Tag == "!!null" }

// scalar returns a value as it is written.
func scalar(n *yaml.Node) (string, error) {
	n = resolved(n)
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", at(n, "one value is expected here")
	case isNull(n):
		return "", at(n, "there is no value here; put quotes around %q if it is one", n.Value)
	}
	return n.Value, nil
}

func text(n *yaml.Node) (*string, error) {
	s, err := scalar(n)
	return &s, err
}

func texts(n *yaml.Node) ([]string, error) {
	n = resolved(n)
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, at(n, "a list of values is expected here")
	}
	var all []string
	for _, item := range n.Content {
		s, err := scalar(item)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func boolean(n *yaml.Node) (bool, error) {
	switch s, err := scalar(n); {
	case err != nil:
		return false, err
	case s == "true" || s == "false":
		return s == "true", nil
	default:
		return false, at(n, "it is true or false, not %q", s)
	}
}

func count(n *yaml.Node) (*int64, error) {
	s, err := scalar(n)
	if err != nil {
		return nil, err
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return nil, at(n, "%q is not a number of rows", s)
	}
	return &v, nil
}

func number(n *yaml.Node) (*float64, error) {
	s, err := scalar(n)
	if err != nil {
		return nil, err
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return nil, at(n, "%q is not a number that is at least 0", s)
	}
	return &v, nil
}

func ratio(n *yaml.Node) (*float64, error) {
	v, err := number(n)
	if err == nil && *v > 1 {
		err = at(n, "a ratio is at most 1")
	}
	return v, err
}
