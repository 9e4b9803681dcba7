package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// gateFlags are the rules that every verb takes that uses versions.
type gateFlags struct {
	expect, allowMixed  []string
	maxAge, asOf, dates string
	minRows             int64
}

func (g *gateFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&g.expect, "expect", nil, "ARTIFACT=VERSION that it must go back to, as after the @; repeatable")
	f.StringArrayVar(&g.allowMixed, "allow-mixed", nil, "artifact of which versions may be mixed; repeatable, and recorded by what is published")
	f.StringVar(&g.maxAge, "max-age", "", "days that the data may be older than --as-of, such as 7 or 7d")
	f.StringVar(&g.asOf, "as-of", "", "date that ages are counted from, YYYY-MM-DD")
	f.Int64Var(&g.minRows, "min-rows", 0, "rows that the tables of each version must have")
	f.StringVar(&g.dates, "require-dates", "", "dates that must all be there, YYYY-MM-DD..YYYY-MM-DD")
}

// admit applies a gate to versions, and --lock to what it expects.
func (a *app) admit(ctx context.Context, r *cairn.Repo, g *cairn.Gate, versions []*cairn.Version) (err error) {
	if g.Expect, err = a.lockRefs(ctx, r, g.Expect); err != nil {
		return err
	}
	return r.CheckVersions(ctx, versions, g)
}

// gate reads the flags for a use of refs. Ages are counted from asOf, if that is
// known and no other date is given.
func (g *gateFlags) gate(refs []layout.Ref, asOf layout.Date) (*cairn.Gate, error) {
	gate := new(cairn.Gate)
	for _, text := range g.expect {
		artifact, selector, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("--expect %q is not of the form ARTIFACT=VERSION", text)
		}
		a, err := layout.ParseArtifact(artifact)
		if err != nil {
			return nil, err
		}
		ref, err := parseRefIn(a, selector)
		if err != nil {
			return nil, err
		}
		gate.Expect = append(gate.Expect, ref)
	}
	for _, text := range g.allowMixed {
		a, err := layout.ParseArtifact(text)
		if err != nil {
			return nil, err
		}
		gate.AllowMixed = append(gate.AllowMixed, a)
	}
	if err := g.age(gate, asOf); err != nil {
		return nil, err
	}
	if gate.MinRows = g.minRows; g.minRows < 0 {
		return nil, usagef("--min-rows is a number of rows, not %d", g.minRows)
	}
	return gate, g.required(gate, refs)
}

func (g *gateFlags) age(gate *cairn.Gate, asOf layout.Date) error {
	var err error
	if g.asOf != "" {
		if asOf, err = layout.ParseDate(g.asOf); err != nil {
			return err
		}
	}
	switch {
	case g.maxAge == "":
		return nil
	case asOf == "":
		return usagef("--max-age needs --as-of, the date of the run; it is never taken from a clock")
	}
	gate.AsOf = asOf
	if gate.MaxAge, err = strconv.Atoi(strings.TrimSuffix(g.maxAge, "d")); err != nil || gate.MaxAge < 0 {
		return usagef("--max-age is a number of days, such as 7d, not %q", g.maxAge)
	}
	return nil
}

// required demands the dates of the artifacts that are used as ranges, or of all
// if none is.
func (g *gateFlags) required(gate *cairn.Gate, refs []layout.Ref) error {
	if g.dates == "" {
		return nil
	}
	if !strings.Contains(g.dates, "..") {
		return usagef("--require-dates is of the form YYYY-MM-DD..YYYY-MM-DD, not %q", g.dates)
	}
	ranges := false
	for _, ref := range refs {
		ranges = ranges || ref.IsRange()
	}
	seen := make(map[layout.Artifact]bool)
	for _, ref := range refs {
		if seen[ref.Artifact] || ranges && !ref.IsRange() {
			continue
		}
		seen[ref.Artifact] = true
		required, err := layout.ParseSelector(ref.Artifact, g.dates)
		if err != nil {
			return err
		}
		gate.RequireDates = append(gate.RequireDates, required)
	}
	return nil
}
