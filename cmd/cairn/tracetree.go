package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// siblings is the most versions of one artifact that a tree shows one by one,
// side by side or each made from the one before.
const siblings = 3

// A treeLine is one line of a tree. Below it may stand notes, indented like it.
type treeLine struct {
	cells []string // the first with the branches before it
	below string   // the branches of the notes
	notes []string
}

type tree struct {
	lines []treeLine
	shown map[*cairn.Traced]bool
}

// printTree prints a trace for people: what is shown once is not shown again,
// and many versions of one artifact, such as a window of increments, are one
// line, as is a long chain of them.
func (a *app) printTree(t *cairn.Trace) error {
	tr := &tree{shown: make(map[*cairn.Traced]bool), lines: []treeLine{{cells: []string{"VERSION", "DATE", "NAMES", "GIT", "PUBLISHED"}}}}
	for _, group := range groupsOf(t.Roots) {
		tr.add(group, "", "")
	}
	widths := make([]int, len(tr.lines[0].cells))
	for _, line := range tr.lines {
		for i, cell := range line.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range tr.lines {
		text := ""
		for i, cell := range line.cells {
			text += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(text, " "))
		for _, note := range line.notes {
			if _, err := fmt.Fprintln(a.stdout, line.below+a.dim(note)); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupsOf divides versions, which are sorted, into what makes a line each.
func groupsOf(versions []*cairn.Traced) [][]*cairn.Traced {
	var groups [][]*cairn.Traced
	for len(versions) > 0 {
		n := 1
		for n < len(versions) && versions[n].Pin.Artifact == versions[0].Pin.Artifact {
			n++
		}
		if n > siblings {
			groups = append(groups, versions[:n])
		} else {
			groups = slices.AppendSeq(groups, slices.Chunk(versions[:n], 1))
		}
		versions = versions[n:]
	}
	return groups
}

// add adds a group and what is below it. The branch leads to the group's line,
// and rest past it.
func (t *tree) add(group []*cairn.Traced, branch, rest string) {
	next := nextOf(group)
	again := !slices.ContainsFunc(group, func(v *cairn.Traced) bool { return !t.shown[v] })
	line := treeLine{cells: cellsOf(group), below: rest + "    "}
	line.cells[0] = branch + line.cells[0]
	if again && len(next) > 0 {
		line.cells = append(line.cells[:2], "↑ shown above")
		t.lines = append(t.lines, line)
		return
	}
	for _, v := range group {
		t.shown[v] = true
	}
	if !again {
		line.notes = notesOf(group)
	}
	groups := groupsOf(next)
	if len(groups) > 0 {
		line.below = rest + "│   "
	}
	t.lines = append(t.lines, line)
	for i, g := range groups {
		g = chained(g)
		if i < len(groups)-1 {
			t.add(g, rest+"├── ", rest+"│   ")
		} else {
			t.add(g, rest+"└── ", rest+"    ")
		}
	}
}

// chained puts a version together with those of its artifact that it was made
// from, each from the one before, if they are many.
func chained(group []*cairn.Traced) []*cairn.Traced {
	if len(group) > 1 {
		return group
	}
	chain := slices.Clone(group)
	for {
		var same []*cairn.Traced
		for _, n := range chain[len(chain)-1].Next {
			if n.Pin.Artifact == group[0].Pin.Artifact {
				same = append(same, n)
			}
		}
		if len(same) != 1 {
			break
		}
		chain = append(chain, same[0])
	}
	if len(chain) <= siblings {
		return group
	}
	slices.SortFunc(chain, cairn.CompareTraced)
	return chain
}

// nextOf is what is next to any version of a group and not in it, sorted.
func nextOf(group []*cairn.Traced) []*cairn.Traced {
	if len(group) == 1 {
		return group[0].Next
	}
	seen := make(map[*cairn.Traced]bool)
	for _, v := range group {
		seen[v] = true
	}
	var next []*cairn.Traced
	for _, v := range group {
		for _, n := range v.Next {
			if !seen[n] {
				seen[n] = true
				next = append(next, n)
			}
		}
	}
	slices.SortFunc(next, cairn.CompareTraced)
	return next
}

func cellsOf(group []*cairn.Traced) []string {
	v, last := group[0], group[len(group)-1]
	if len(group) > 1 {
		return []string{string(v.Pin.Artifact), fmt.Sprintf("%s..%s", v.Manifest.Date, last.Manifest.Date), fmt.Sprintf("%d versions", len(group)), commonGit(group)}
	}
	cells := []string{string(v.Pin.Artifact) + "@" + v.Pin.Version.Short(), string(v.Manifest.Date), namesText(v.Names), commonGit(group), ""}
	if push := v.Pushed(); push != nil {
		cells[4] = seconds(push.At) + " by " + printable(push.By)
	}
	return cells
}

func namesText(names []layout.Name) string {
	var texts []string
	for _, n := range names {
		texts = append(texts, string(n))
	}
	return strings.Join(texts, ", ")
}

// commonGit is the commit of all of a group, shortened as git does, if it is one.
func commonGit(group []*cairn.Traced) string {
	commit := ""
	for i, v := range group {
		git := ""
		if v.Manifest.Source != nil {
			git = v.Manifest.Source.Git
		}
		if i > 0 && git != commit {
			return ""
		}
		commit = git
	}
	return commit[:min(len(commit), 10)]
}

// notesOf are what is below the line of a group: how it was made, and what is
// wrong with it.
func notesOf(group []*cairn.Traced) (notes []string) {
	if len(group) == 1 {
		if made := madeOf(group[0].Manifest); made != "" {
			notes = append(notes, made)
		}
	}
	reason := ""
	bad := make(map[string]int)
	for _, v := range group {
		if len(v.Taints) > 0 {
			reason = ": " + printable(v.Taints[0].Reason)
			bad["tainted"]++
		}
		if v.Bytes != cairn.Present {
			bad["bytes "+string(v.Bytes)]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(bad)) {
		note := "! " + what
		if len(group) > 1 {
			note = fmt.Sprintf("! %d of %d %s", bad[what], len(group), what)
		}
		if what == "tainted" {
			note += reason
		}
		notes = append(notes, note)
	}
	return notes
}

func madeOf(m *layout.Manifest) string {
	var parts []string
	add := func(texts []string) {
		if len(texts) > 0 {
			parts = append(parts, strings.Join(texts, " "))
		}
	}
	add(assignments(m.Params))
	add(assignments(m.Metrics))
	if m.Source != nil && m.Source.Image != "" {
		add([]string{"image " + m.Source.Image[:min(len(m.Source.Image), len("sha256:")+12)]})
	}
	return strings.Join(parts, " · ")
}

func assignments[V any](values map[string]V) (texts []string) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		texts = append(texts, printable(k)+"="+printable(fmt.Sprint(values[k])))
	}
	return texts
}

// dim makes text stand back on a terminal.
func (a *app) dim(text string) string {
	f, ok := a.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}
