package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	path    string
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
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &plan{path: file}
	var document yaml.Node
	d := yaml.NewDecoder(f)
	if err := d.Decode(&document); err != nil {
		return nil, p.invalid(0, "is not YAML: %v", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, p.invalid(0, "holds more than one document")
	}
	root := document.Content[0]
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

func (p *plan) place(line int) string {
	if line == 0 {
		return p.path
	}
	return fmt.Sprintf("%s:%d", p.path, line)
}

func (p *plan) invalid(line int, format string, args ...any) error {
	return &layout.Error{Thing: "plan", Value: p.place(line), Reason: fmt.Sprintf(format, args...)}
}

// pairs returns the entries of a mapping, each name once.
func (p *plan) pairs(n *yaml.Node) ([]field, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.invalid(n.Line, "a mapping is due here, name: value")
	}
	var fields []field
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || slices.ContainsFunc(fields, func(f field) bool { return f.name == key.Value }) {
			return nil, p.invalid(key.Line, "%q is no name, or is there twice", key.Value)
		}
		fields = append(fields, field{key.Line, key.Value, n.Content[i+1]})
	}
	return fields, nil
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

// draftPlan returns a plan for files, for a person to fill in.
func draftPlan(files []*cairn.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s that the store does not have. Fill in every %q, delete the entries of what\n", plural(len(files), "file"), blank)
	b.WriteString("# nobody needs, and see with --dry-run what would be published.\n")
	if len(files) == 0 {
		b.WriteString("adopt: []\n")
		return b.String()
	}
	b.WriteString("adopt:\n")
	for _, f := range files {
		draftEntry(&b, f)
	}
	return b.String()
}

func draftEntry(b *strings.Builder, f *cairn.Finding) {
	remark := func(format string, args ...any) { fmt.Fprintf(b, "  # "+format+"\n", args...) }
	remark("%s, modified %s", size(f.Size), f.Modified.UTC().Format("2006-01-02"))
	if f.Twin != "" {
		remark("same bytes as %s; both can be versions of one artifact only", printable(f.Twin))
	}
	if f.Problem != "" {
		remark("%s", printable(problem(f)))
	}
	if err := layout.CheckPath(f.Path); err != nil {
		remark("cannot be published under this name: %s", printable(strconv.Quote(f.Path)))
		return
	}
	fmt.Fprintf(b, "  - path: %s\n", yamlText(f.Path))
	fmt.Fprintf(b, "    artifact: %q\n    date: %q\n", blank, blank)
	base := path.Base(f.Path)
	if better := withoutWords(base, f.Words); better != base {
		fmt.Fprintf(b, "    # as: %s\n", yamlText(better))
	}
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

// yamlText quotes a text where YAML might read something else in it. The escapes
// of Go are among those of YAML.
func yamlText(s string) string {
	if plainText.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// tokens are words, which begin anew at a capital, and what is between them.
var tokens = regexp.MustCompile(`\p{Lu}*[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]+|\p{Lu}+|\P{L}+`)

// withoutWords takes words out of the name of a file, each with what joins it to
// the one before. It returns a blank if nothing but an extension is left.
func withoutWords(name string, words []string) string {
	const joints = "._- ()[]"
	kept, cut := "", false
	for _, token := range tokens.FindAllString(name, -1) {
		if slices.Contains(words, strings.ToLower(token)) {
			kept, cut = strings.TrimRight(kept, joints), true
			continue
		}
		if cut {
			token = strings.TrimLeft(token, ")]")
			if kept == "" {
				token = strings.TrimLeft(token, joints)
			}
		}
		kept += token
		cut = cut && token == ""
	}
	if kept == "" || "."+kept == path.Ext(name) {
		return blank
	}
	return kept
}
