// Package lineage decides from manifests alone whether versions go together. It
// does no I/O: [Load] is given a function that reads manifests, and the rules are
// methods of the [Graph] that it returns.
//
// A rule returns nil, or the [Violation] of the first edge that breaks it:
// breadth first from what was asked for, and on one level by artifact, date and
// version. So the same lineage gives the same sentence, whoever asks.
package lineage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/cairnstore/cairn/layout"
)

// A Version is a version and what it says of itself.
type Version struct {
	Pin      layout.Pin
	Manifest *layout.Manifest
}

// A Fetch reads the manifests of pins, in their order. Each must be the one that
// its pin names.
type Fetch func(ctx context.Context, pins []layout.Pin) ([]*layout.Manifest, error)

// A Graph is a closure: the versions that something takes, its roots, what they
// were made from, and so on up to the versions without inputs, the sources.
type Graph struct {
	// Roots are in the order of [Load], each once.
	Roots []*Version

	// Versions are all of them, roots included, breadth first.
	Versions []*Version

	// Consumer is the version that is about to be made from the roots, if it is
	// known: what it is called, and which of its mixtures are allowed.
	Consumer *layout.Manifest

	// Name, if not nil, returns what people call a version, such as a label, or
	// nothing. It is called only for a sentence that is needed.
	Name func(layout.Pin) string

	byPin map[layout.Pin]*Version
}

// Load returns the closure of roots. It calls fetch once for each level, with
// all pins that no level before had, so it waits as many times as the closure is
// deep and reads each manifest once. A manifest that says of an input what the
// input does not say of itself is a [*layout.Error].
func Load(ctx context.Context, roots []*Version, fetch Fetch) (*Graph, error) {
	g := &Graph{byPin: make(map[layout.Pin]*Version)}
	for _, v := range roots {
		if g.byPin[v.Pin] == nil {
			g.byPin[v.Pin] = v
			g.Roots = append(g.Roots, v)
		}
	}
	level := slices.SortedFunc(slices.Values(g.Roots), compare)
	for len(level) > 0 {
		g.Versions = append(g.Versions, level...)
		next, err := g.fetchInputs(ctx, level, fetch)
		if err != nil {
			return nil, err
		}
		level = next
	}
	return g, g.checkInputs()
}

// fetchInputs returns the inputs of a level that are new to g.
func (g *Graph) fetchInputs(ctx context.Context, level []*Version, fetch Fetch) ([]*Version, error) {
	var pins []layout.Pin
	for _, v := range level {
		for _, in := range v.Manifest.Inputs {
			if _, known := g.byPin[in.Pin()]; !known {
				g.byPin[in.Pin()] = nil
				pins = append(pins, in.Pin())
			}
		}
	}
	if len(pins) == 0 {
		return nil, nil
	}
	manifests, err := fetch(ctx, pins)
	if err != nil {
		return nil, err
	}
	next := make([]*Version, len(pins))
	for i, pin := range pins {
		next[i] = &Version{pin, manifests[i]}
		g.byPin[pin] = next[i]
	}
	slices.SortFunc(next, compare)
	return next, nil
}

func (g *Graph) checkInputs() error {
	for _, v := range g.Versions {
		for _, in := range v.Manifest.Inputs {
			if date := g.byPin[in.Pin()].Manifest.Date; date != in.Date {
				return &layout.Error{Thing: "manifest", Value: v.Pin.String(), Reason: fmt.Sprintf("says that its input %s is of %s, and that is of %s", in.Pin(), in.Date, date)}
			}
		}
	}
	return nil
}

func compare(a, b *Version) int {
	return cmp.Or(cmp.Compare(a.Pin.Artifact, b.Pin.Artifact), cmp.Compare(a.Manifest.Date, b.Manifest.Date),
		slices.Compare(a.Pin.Version[:], b.Pin.Version[:]))
}

// Find returns the version with that pin, or nil if it is not in g.
func (g *Graph) Find(pin layout.Pin) *Version { return g.byPin[pin] }

// Inputs returns what v was made from, by artifact, date and version.
func (g *Graph) Inputs(v *Version) []*Version {
	inputs := make([]*Version, len(v.Manifest.Inputs))
	for i, in := range v.Manifest.Inputs {
		inputs[i] = g.byPin[in.Pin()]
	}
	return inputs
}

// Sources returns the versions without inputs, breadth first.
func (g *Graph) Sources() []*Version {
	var sources []*Version
	for _, v := range g.Versions {
		if len(v.Manifest.Inputs) == 0 {
			sources = append(sources, v)
		}
	}
	return sources
}

// An edge leads from a version to one of its inputs. The consumer of a root is
// nil: it is whoever asked.
type edge struct{ consumer, input *Version }

// edges yields all edges, breadth first.
func (g *Graph) edges(yield func(edge) bool) {
	for _, v := range slices.SortedFunc(slices.Values(g.Roots), compare) {
		if !yield(edge{nil, v}) {
			return
		}
	}
	for _, v := range g.Versions {
		for _, in := range g.Inputs(v) {
			if !yield(edge{v, in}) {
				return
			}
		}
	}
}

// edgeTo returns the first edge to v that does not come from other, or if there
// is none the one that does.
func (g *Graph) edgeTo(v, other *Version) edge {
	for e := range g.edges {
		if e.input == v && (other == nil || e.consumer != other) {
			return e
		}
	}
	return edge{other, v}
}

// walk calls visit for v and everything it was made from, inputs before their
// consumers, each once over all walks that share seen.
func (g *Graph) walk(v *Version, seen map[*Version]bool, visit func(*Version)) {
	if seen[v] {
		return
	}
	seen[v] = true
	for _, in := range g.Inputs(v) {
		g.walk(in, seen, visit)
	}
	visit(v)
}

// onlyBelow returns v and everything that the roots lead to through v alone.
func (g *Graph) onlyBelow(v *Version) map[*Version]bool {
	elsewhere := map[*Version]bool{v: true} // so that no walk goes through it
	for _, root := range g.Roots {
		g.walk(root, elsewhere, func(*Version) {})
	}
	below := map[*Version]bool{v: true}
	for _, other := range g.Versions {
		if !elsewhere[other] {
			below[other] = true
		}
	}
	return below
}
