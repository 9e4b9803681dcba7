package lineage

import (
	"fmt"

	"github.com/cairnstore/cairn/layout"
)

// A Rule is what a lineage can break.
type Rule string

// The rules.
const (
	RuleExpect       Rule = "expect"
	RuleNoMixed      Rule = "no-mixed"
	RuleMaxAge       Rule = "max-age"
	RuleMinRows      Rule = "min-rows"
	RuleRequireDates Rule = "require-dates"
	RuleTaint        Rule = "taint"
)

// A Violation is the first edge that breaks a rule. Its text is one sentence
// that names the edge, with pins that can be used as references.
type Violation struct {
	Rule     Rule
	Consumer layout.Pin // whose input it is; without a version where that is whoever asked
	Found    layout.Pin // the input; zero where one is missing
	Other    layout.Pin // what it should be, or what it does not go with; zero where there is none
	sentence string
}

func (v *Violation) Error() string { return v.sentence }

func (g *Graph) violation(rule Rule, e edge, other layout.Pin, format string, args ...any) *Violation {
	v := &Violation{Rule: rule, Other: other, sentence: fmt.Sprintf(format, args...)}
	if e.input != nil {
		v.Found = e.input.Pin
	}
	switch {
	case e.consumer != nil:
		v.Consumer = e.consumer.Pin
	case g.Consumer != nil:
		v.Consumer.Artifact = g.Consumer.Artifact
	}
	return v
}

func short(p layout.Pin) string { return string(p.Artifact) + "@" + p.Version.Short() }

// called is a pin for people, with the name or else the date of the version.
func (g *Graph) called(v *Version) string {
	name := ""
	if g.Name != nil {
		name = g.Name(v.Pin)
	}
	if name == "" {
		name = string(v.Manifest.Date)
	}
	return short(v.Pin) + " (" + name + ")"
}

// consumer is whoever asks, where that is known.
func (g *Graph) consumer() string {
	return fmt.Sprintf("%s of %s", g.Consumer.Artifact, g.Consumer.Date)
}

// leads begins a sentence with an edge.
func (g *Graph) leads(e edge) string {
	switch {
	case e.consumer != nil:
		return short(e.consumer.Pin) + " was made from " + g.called(e.input)
	case g.Consumer != nil:
		return g.consumer() + " would be made from " + g.called(e.input)
	}
	return g.called(e.input) + " was asked for"
}

// which says something of the input of an edge.
func (g *Graph) which(e edge, predicate string) string {
	if e.consumer == nil && g.Consumer == nil {
		return g.called(e.input) + " " + predicate
	}
	return g.leads(e) + ", which " + predicate
}

// subject is what does not have something, as a whole.
func (g *Graph) subject() string {
	switch n := len(g.Roots); {
	case g.Consumer != nil:
		return g.consumer() + " would"
	case n == 1:
		return short(g.Roots[0].Pin) + " does"
	case n > 1:
		return fmt.Sprintf("%s with %d more does", short(g.Roots[0].Pin), n-1)
	}
	return "an empty lineage does"
}
