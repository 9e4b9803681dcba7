package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// adoptedFrom is the member of a version's meta that says what its file was
// called before.
const adoptedFrom = "adopted_from"

// blank stands in a draft where a person has to decide.
const blank = "?"

// A plan is a YAML file that says which files of a folder become which versions.
type plan struct {
	yamlFile
	entries []*planEntry
}

// A planEntry asks for one version. Its publication has files once they are found.
type planEntry struct {
	cairn.Publication
	place  string // file and line, as errors name it
	path   string // below the folder, with slashes
	as     string
	folder bool
}

// readPlan reads a plan. What is wrong with one entry alone, whatever the folder
// and the store hold, is found here.
func readPlan(file string) (*plan, error) {
	p := &plan{yamlFile: yamlFile{"plan", file}}
	root, err := p.document()
	if err != nil {
		return nil, err
	}
	fields, err := p.pairs(root)
	if err != nil {
		return nil, err
	}
	if len(fields) != 1 || fields[0].name != "adopt" || fields[0].value.Kind != yaml.SequenceNode {
		return nil, p.invalid(root.Line, `it has one field, "adopt", a list with an entry for each version`)
	}
	for _, n := range fields[0].value.Content {
		e, err := p.entry(n)
		if err != nil {
			return nil, err
		}
		p.entries = append(p.entries, e)
	}
	return p, p.checkNames()
}

// A planField reads one field of an entry.
type planField struct {
	name string
	many bool // a list of values will do
	set  func(text string) error
}

func (e *planEntry) fields() []planField {
	return []planField{
		{"path", false, func(s string) (err error) { e.path, err = cleanPath(s); return err }},
		{"artifact", false, func(s string) (err error) { e.Artifact, err = layout.ParseArtifact(s); return err }},
		{"date", false, func(s string) (err error) { e.Date, err = layout.ParseDate(s); return err }},
		{"as", false, func(s string) error { e.as = s; return layout.CheckPath(s) }},
		{"label", false, func(s string) (err error) { e.Label, err = parseNamed(s); return err }},
		{"point", true, func(s string) error {
			name, err := parseNamed(s)
			e.Point = append(e.Point, name)
			return err
		}},
		{"inputs", true, func(s string) error {
			ref, err := layout.ParseRef(s)
			e.Inputs = append(e.Inputs, ref)
			return err
		}},
	}
}

// cleanPath refuses what is not below the folder, as far as the text says.
func cleanPath(s string) (string, error) {
	if !filepath.IsLocal(s) || slices.Contains(strings.Split(s, "/"), "..") {
		return "", errors.New(`it is relative to the folder, and does not lead out of it by ".."`)
	}
	return path.Clean(s), nil
}

// parseNamed parses a name that a person may give: heads move by publishing.
func parseNamed(s string) (layout.Name, error) {
	name, err := layout.ParseName(s)
	if _, head := name.Partition(); err == nil && head {
		err = errors.New("it is a date, which is said by the field date")
	}
	return name, err
}

func (p *plan) entry(n *yaml.Node) (*planEntry, error) {
	given, err := p.pairs(n)
	if err != nil {
		return nil, err
	}
	e := &planEntry{place: p.place(n.Line)}
	known := e.fields()
	for _, f := range given {
		i := slices.IndexFunc(known, func(k planField) bool { return k.name == f.name })
		switch {
		case f.name == "meta":
			err = p.setMeta(e, f.value)
		case i < 0:
			err = p.invalid(f.line, "there is no field %q; there are %s", f.name, namesOf(known))
		default:
			err = p.set(known[i], f.value)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, required := range []string{"path", "artifact", "date"} {
		if !slices.ContainsFunc(given, func(f field) bool { return f.name == required }) {
			return nil, e.invalid("the entry has no %s", required)
		}
	}
	return e, p.complete(e)
}

func namesOf(fields []planField) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return strings.Join(append(names, "meta"), ", ")
}

func (p *plan) set(f planField, n *yaml.Node) error {
	items := []*yaml.Node{n}
	if f.many && n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		text, err := p.text(item)
		if err != nil {
			return err
		}
		switch {
		case text == "":
			return p.invalid(item.Line, "%s has no value", f.name)
		case text == blank && f.name != "path":
			return p.invalid(item.Line, "%s is still %q; fill it in, or delete the entry", f.name, blank)
		}
		if err := f.set(text); err != nil {
			return p.invalid(item.Line, "%s: %v", f.name, err)
		}
	}
	return nil
}

// text returns a scalar as it is written.
func (p *plan) text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", p.invalid(n.Line, "one value is due here")
	}
	return n.Value, nil
}

func (p *plan) setMeta(e *planEntry, n *yaml.Node) error {
	fields, err := p.pairs(n)
	if err != nil {
		return err
	}
	e.Meta = make(map[string]string)
	for _, f := range fields {
		if f.name == adoptedFrom {
			return p.invalid(f.line, "meta %s is said by cairn itself", adoptedFrom)
		}
		if e.Meta[f.name], err = p.text(f.value); err != nil {
			return err
		}
	}
	return nil
}

// complete says where the version came from, and checks what its manifest will
// hold beside its files.
func (p *plan) complete(e *planEntry) error {
	if e.Meta == nil {
		e.Meta = make(map[string]string)
	}
	e.Meta[adoptedFrom] = e.path
	draft := &layout.Manifest{Artifact: e.Artifact, Date: e.Date, Meta: e.Meta,
		Files: []layout.File{{Path: "file", Digest: layout.Digest{1}}}}
	if _, _, err := draft.Encode(); err != nil {
		return e.invalid("%v", err)
	}
	return nil
}

// checkNames refuses two versions of one partition, and a name for two versions:
// only the last would have it, and adopting again would swap them for ever.
func (p *plan) checkNames() error {
	asked := make(map[string]string)
	for _, e := range p.entries {
		names := append([]layout.Name{layout.HeadName(e.Date)}, e.Point...)
		if e.Label != "" {
			names = append(names, e.Label)
		}
		for _, name := range names {
			ref := fmt.Sprintf("%s@%s", e.Artifact, name.Selector())
			if first, ok := asked[ref]; ok {
				return e.invalid("%s is there twice, first at %s, and can mean one version only", ref, first)
			}
			asked[ref] = e.place
		}
	}
	return nil
}

func (e *planEntry) invalid(format string, args ...any) error {
	return &layout.Error{Thing: "plan", Value: e.place, Reason: fmt.Sprintf(format, args...)}
}

// at says of an error which entry it is about, and leaves what it means.
func (e *planEntry) at(err error) error { return fmt.Errorf("plan %q: %w", e.place, err) }

// find finds the files of all entries below dir, none of them twice.
func (p *plan) find(dir string) error {
	top, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	taken := make(map[string]string)
	for _, e := range p.entries {
		if err := e.find(dir, top); err != nil {
			return err
		}
		for _, s := range e.Files {
			file := e.below(s)
			if first, ok := taken[file]; ok {
				return e.invalid("%s is there twice, first at %s", file, first)
			}
			taken[file] = e.place
		}
	}
	return nil
}

func (e *planEntry) find(dir, top string) error {
	file := filepath.Join(dir, filepath.FromSlash(e.path))
	is, err := filepath.EvalSymlinks(file)
	if err != nil {
		return e.at(err)
	}
	// An audit does not follow links either.
	if is != filepath.Join(top, filepath.FromSlash(e.path)) {
		return e.invalid("%s is, or is below, a symbolic link; name what it leads to", e.path)
	}
	st, err := os.Stat(file)
	if err != nil {
		return e.at(err)
	}
	e.folder = st.IsDir()
	switch {
	case e.as == "":
		e.Files, err = cairn.Sources(file)
	case e.folder:
		err = fmt.Errorf("%w: %s is a folder, whose files keep their paths, so that there is no other to store it as", cairn.ErrRefused, e.path)
	case !st.Mode().IsRegular():
		err = fmt.Errorf("%w: %s is neither a file nor a folder", cairn.ErrRefused, e.path)
	default:
		e.Files = []cairn.Source{{Path: e.as, File: file}}
	}
	if err != nil {
		return e.at(err)
	}
	return nil
}

// below returns where a file of the entry lies below the folder.
func (e *planEntry) below(s cairn.Source) string {
	if e.folder {
		return path.Join(e.path, s.Path)
	}
	return e.path
}
