package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// notInFile are flags of run that a job file cannot give.
var notInFile = []string{"file", "dry-run", "help"}

// byName are repeatable flags whose values have a name before the "=". The
// command line replaces what a job file gives under the same name.
var byName = []string{"in", "out", "expect", "param"}

// A jobFile is a YAML file that gives flags of run by their names.
type jobFile struct {
	yamlFile
	flags *pflag.FlagSet // of run
}

// readJobFile sets those flags that the command line and the environment have
// not set, and returns the command that the file names, if it does.
func readJobFile(path string, flags *pflag.FlagSet) ([]string, error) {
	j := &jobFile{yamlFile{"job file", path}, flags}
	root, err := j.document()
	if err != nil {
		return nil, err
	}
	return j.apply(root)
}

func (j *jobFile) apply(root *yaml.Node) (command []string, err error) {
	fields, err := j.pairs(root)
	if err != nil {
		return nil, err
	}
	for _, field := range fields {
		if field.name == "command" {
			if command, err = j.texts(field.value); err != nil {
				return nil, err
			}
			continue
		}
		if err := j.set(field); err != nil {
			return nil, err
		}
	}
	return command, nil
}

// set gives a flag what the file says of it.
func (j *jobFile) set(field field) error {
	flag := j.flags.Lookup(field.name)
	if flag == nil || slices.Contains(notInFile, field.name) {
		return j.invalid(field.line, "there is no field %q; there are %s", field.name, strings.Join(j.known(), ", "))
	}
	values, err := j.values(flag, field.value)
	if err != nil {
		return err
	}
	given, repeatable := flag.Value.(pflag.SliceValue)
	switch {
	case slices.Contains(byName, flag.Name):
		values = slices.DeleteFunc(values, func(text string) bool { return hasName(given.GetSlice(), nameOf(text)) })
	case flag.Changed:
		return nil
	case !repeatable && len(values) != 1:
		return j.invalid(field.line, "%s takes one value", field.name)
	}
	for _, value := range values {
		if err := j.flags.Set(flag.Name, value); err != nil {
			return j.invalid(field.line, "%s: %v", field.name, err)
		}
	}
	return nil
}

// values returns the texts that the command line would have for n: of a list
// its items, of a mapping name=value for each entry.
func (j *jobFile) values(flag *pflag.Flag, n *yaml.Node) ([]string, error) {
	if !slices.Contains(byName, flag.Name) || n.Kind != yaml.MappingNode {
		return j.texts(n)
	}
	fields, err := j.pairs(n)
	if err != nil {
		return nil, err
	}
	var values []string
	for _, f := range fields {
		text, err := j.text(f.value)
		if err != nil {
			return nil, err
		}
		if f.value.Tag == "!!null" {
			values = append(values, f.name)
		} else {
			values = append(values, f.name+"="+text)
		}
	}
	return values, nil
}

func (j *jobFile) texts(n *yaml.Node) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		text, err := j.text(n)
		return []string{text}, err
	}
	var texts []string
	for _, item := range n.Content {
		text, err := j.text(item)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// text returns a scalar as it is written, as the command line would have it.
func (j *jobFile) text(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", j.invalid(n.Line, "one value is due here")
	}
	return n.Value, nil
}

// known lists the fields of a job file.
func (j *jobFile) known() []string {
	names := []string{"command"}
	j.flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInFile, f.Name) {
			names = append(names, f.Name)
		}
	})
	return names
}

func nameOf(text string) string {
	name, _, _ := strings.Cut(text, "=")
	return name
}

func hasName(texts []string, name string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return nameOf(text) == name })
}
