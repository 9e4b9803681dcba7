package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// fromRun are the variables that cairn gives to the programs it runs.
var fromRun = []string{"CAIRN_METRICS", "CAIRN_IN_", "CAIRN_OUT_", "CAIRN_PIN_"}

// Every variable CAIRN_… and every command line of cairn in the manifests is one
// that this cairn understands.
func TestManifestsAreUnderstood(t *testing.T) {
	flags := variables((&app{}).command())
	lines := 0
	eachManifest(t, func(t *testing.T, path string, node *yaml.Node) {
		if name := entry(node, "name"); strings.HasPrefix(name, "CAIRN_") && !flags[name] {
			t.Errorf("%s:%d: there is no flag for %s", path, node.Line, name)
		}
		if node.Kind == yaml.ScalarNode && strings.HasPrefix(node.Value, "CAIRN_") && !strings.ContainsAny(node.Value, " =\n") && !flags[node.Value] {
			t.Errorf("%s:%d: there is no flag for %s", path, node.Line, node.Value)
		}
		args := commandLine(node)
		if args == nil {
			return
		}
		lines++
		if err := parses(args); err != nil {
			t.Errorf("%s:%d: cairn %q: %v", path, node.Line, args, err)
		}
	})
	if lines < 8 {
		t.Errorf("only %d command lines were found", lines)
	}
}

// eachManifest calls visit with every node of every YAML file.
func eachManifest(t *testing.T, visit func(t *testing.T, path string, node *yaml.Node)) {
	t.Helper()
	err := filepath.WalkDir("../../deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for documents := yaml.NewDecoder(f); ; {
			var node yaml.Node
			if err := documents.Decode(&node); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			walk(&node, func(n *yaml.Node) { visit(t, path, n) })
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func walk(n *yaml.Node, visit func(*yaml.Node)) {
	visit(n)
	for _, child := range n.Content {
		walk(child, visit)
	}
}

// entry returns the text of a name in a mapping, and nothing for other nodes.
func entry(n *yaml.Node, name string) string {
	if value := lookup(n, name); value != nil {
		return value.Value
	}
	return ""
}

func lookup(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// commandLine returns what a container gives to cairn, and nil for one that does
// not run it.
func commandLine(n *yaml.Node) []string {
	image, words := entry(n, "image"), append(items(lookup(n, "command")), items(lookup(n, "args"))...)
	switch {
	case image == "" || len(words) == 0:
		return nil
	case words[0] == "cairn" || words[0] == "/cairn":
		return words[1:]
	case strings.HasPrefix(words[0], "/bin/sh"):
		_, line, found := strings.Cut(words[len(words)-1], "exec cairn ")
		if found {
			return strings.Fields(line)
		}
	case strings.Contains(image, "/cairn:"):
		return words
	}
	return nil
}

func items(n *yaml.Node) (texts []string) {
	if n != nil {
		for _, item := range n.Content {
			texts = append(texts, item.Value)
		}
	}
	return texts
}

// parses reports whether cairn has the verb, the flags, and takes as many
// arguments.
func parses(args []string) error {
	root := (&app{}).command()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd == root {
		return errors.New("no verb")
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd.Args == nil {
		return nil
	}
	return cmd.Args(cmd, cmd.Flags().Args())
}

// variables are those of all flags of all verbs.
func variables(root *cobra.Command) map[string]bool {
	found := make(map[string]bool)
	note := func(f *pflag.Flag) { found["CAIRN_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = true }
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(note)
		cmd.PersistentFlags().VisitAll(note)
	}
	return found
}

// No variable that a program is given is also that of a flag, or a cairn that the
// program starts would take it for one; but for the date, which it should take.
func TestVariablesOfRunAreNoFlags(t *testing.T) {
	for name := range variables((&app{}).command()) {
		if slices.ContainsFunc(fromRun, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			t.Errorf("%s is both", name)
		}
	}
}
