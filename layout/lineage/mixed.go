package lineage

import (
	"maps"
	"slices"

	"github.com/cairnstore/cairn/layout"
)

// NoMixed refuses two versions of one partition anywhere in the closure, the
// consumer's own included; and, for each version and for the consumer, two groups
// of inputs, grouped by artifact, that each lead to a single version of some
// artifact, but not to the same one. A group leads to its members and to all
// they were made from. Groups that lead to several versions may differ: these
// are windows over many partitions.
//
// A mixture of an artifact that a manifest allows is accepted in what only that
// version leads to: what came in by another way as well was not meant. One of
// except is accepted everywhere.
func (g *Graph) NoMixed(except ...layout.Artifact) *Violation {
	m := &mixing{Graph: g, everywhere: make(map[layout.Artifact]bool), below: make(map[layout.Artifact][]map[*Version]bool)}
	if g.Consumer != nil {
		except = slices.Concat(except, g.Consumer.AllowMixed)
	}
	for _, a := range except {
		m.everywhere[a] = true
	}
	for _, v := range g.Versions {
		for _, a := range v.Manifest.AllowMixed {
			m.below[a] = append(m.below[a], g.onlyBelow(v))
		}
	}
	if v := m.partitions(); v != nil {
		return v
	}
	return m.groups()
}

// mixing is a Graph with the mixtures that are allowed.
type mixing struct {
	*Graph
	everywhere map[layout.Artifact]bool
	below      map[layout.Artifact][]map[*Version]bool
}

// allowed reports whether one exception for a covers all of versions.
func (m *mixing) allowed(a layout.Artifact, versions ...*Version) bool {
	if m.everywhere[a] {
		return true
	}
	return slices.ContainsFunc(m.below[a], func(below map[*Version]bool) bool {
		return !slices.ContainsFunc(versions, func(v *Version) bool { return !below[v] })
	})
}

type partition struct {
	layout.Artifact
	layout.Date
}

// partitions looks for two versions of one partition.
func (m *mixing) partitions() *Violation {
	seen := make(map[partition][]*Version)
	for _, v := range m.Versions {
		p := partition{v.Pin.Artifact, v.Manifest.Date}
		if c := m.Consumer; c != nil && p == (partition{c.Artifact, c.Date}) && !m.everywhere[p.Artifact] {
			e := m.edgeTo(v, nil)
			return m.violation(RuleNoMixed, e, layout.Pin{Artifact: c.Artifact}, "%s",
				m.which(e, "is another version of the partition that is to be published"))
		}
		for _, other := range seen[p] {
			if !m.allowed(p.Artifact, v, other) {
				return m.apart(nil, m.edgeTo(other, v), m.edgeTo(v, other))
			}
		}
		seen[p] = append(seen[p], v)
	}
	return nil
}

// A reach says, for each artifact that something leads to, to which version, or
// nil if to several.
type reach map[layout.Artifact]*Version

func (r reach) add(a layout.Artifact, v *Version) {
	if had, ok := r[a]; ok && had != v {
		v = nil
	}
	r[a] = v
}

func (r reach) addAll(o reach) {
	for a, v := range o {
		r.add(a, v)
	}
}

// groups looks for two groups of inputs that lead to different single versions.
func (m *mixing) groups() *Violation {
	reaches := make(map[*Version]reach, len(m.Versions)) // of a version with itself
	seen := make(map[*Version]bool, len(m.Versions))
	for _, v := range m.Versions {
		m.walk(v, seen, func(v *Version) {
			r := reach{v.Pin.Artifact: v}
			for _, in := range m.Inputs(v) {
				r.addAll(reaches[in])
			}
			reaches[v] = r
		})
	}
	if v := m.groupsOf(nil, slices.SortedFunc(slices.Values(m.Roots), compare), reaches); v != nil {
		return v
	}
	for _, v := range m.Versions {
		if v := m.groupsOf(v, m.Inputs(v), reaches); v != nil {
			return v
		}
	}
	return nil
}

// groupsOf does it for one consumer, whose inputs are sorted.
func (m *mixing) groupsOf(consumer *Version, inputs []*Version, reaches map[*Version]reach) *Violation {
	type single struct {
		version *Version
		group   layout.Artifact
	}
	first := make(map[layout.Artifact]single)
	for len(inputs) > 0 {
		group := inputs[0].Pin.Artifact
		together := make(reach)
		for len(inputs) > 0 && inputs[0].Pin.Artifact == group {
			together.addAll(reaches[inputs[0]])
			inputs = inputs[1:]
		}
		for _, a := range slices.Sorted(maps.Keys(together)) {
			v := together[a]
			had, ok := first[a]
			switch {
			case v == nil:
			case !ok:
				first[a] = single{v, group}
			case had.version != v && !m.allowedAt(consumer, a):
				return m.apart(consumer, m.edgeWithin(consumer, had.group, had.version), m.edgeWithin(consumer, group, v))
			}
		}
	}
	return nil
}

func (m *mixing) allowedAt(consumer *Version, a layout.Artifact) bool {
	if consumer == nil {
		return m.everywhere[a]
	}
	return m.allowed(a, consumer)
}

// edgeWithin returns the first edge to v on the way from consumer through a
// group of its inputs.
func (m *mixing) edgeWithin(consumer *Version, group layout.Artifact, v *Version) edge {
	inputs := m.Roots
	if consumer != nil {
		inputs = m.Inputs(consumer)
	}
	below := make(map[*Version]bool)
	for _, in := range inputs {
		if in == v {
			return edge{consumer, v}
		}
		if in.Pin.Artifact == group {
			m.walk(in, below, func(*Version) {})
		}
	}
	for e := range m.edges {
		if e.input == v && below[e.consumer] {
			return e
		}
	}
	return edge{consumer, v}
}

// apart says that the inputs of two edges below consumer do not go together.
// What consumer itself takes is named second, beside what came in from further
// away.
func (m *mixing) apart(consumer *Version, one, two edge) *Violation {
	if one.consumer == consumer && two.consumer != consumer {
		one, two = two, one
	}
	beside := "but " + m.leads(two)
	switch {
	case one.consumer == two.input:
		beside = "another version of its own partition"
	case two.consumer == consumer, two.consumer == one.consumer:
		beside = "but " + m.called(two.input) + " is used beside it"
	}
	return m.violation(RuleNoMixed, one, two.input.Pin, "%s, %s", m.leads(one), beside)
}
