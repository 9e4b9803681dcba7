package lineage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairnstore/cairn/layout"
)

// Expect refuses a closure that does not have exactly these versions of their
// artifacts: another version of one, or none. Nothing is expected of artifacts
// that are not among them.
func (g *Graph) Expect(expected ...*Version) *Violation {
	wanted := make(map[layout.Artifact][]*Version)
	for _, v := range slices.SortedFunc(slices.Values(expected), compare) {
		wanted[v.Pin.Artifact] = append(wanted[v.Pin.Artifact], v)
	}
	found := make(map[layout.Pin]bool)
	occurs := make(map[layout.Artifact]bool)
	for e := range g.edges {
		set := wanted[e.input.Pin.Artifact]
		right := slices.ContainsFunc(set, func(v *Version) bool { return v.Pin == e.input.Pin })
		if len(set) > 0 && !right {
			want := counterpart(set, e.input.Manifest.Date)
			return g.violation(RuleExpect, e, want.Pin, "%s, but %s is expected", g.leads(e), g.called(want))
		}
		found[e.input.Pin], occurs[e.input.Pin.Artifact] = true, true
	}
	for _, v := range slices.SortedFunc(slices.Values(expected), compare) {
		switch a := v.Pin.Artifact; {
		case !occurs[a]:
			return g.violation(RuleExpect, edge{}, v.Pin, "%s not go back to any version of %s, but %s is expected", g.subject(), a, g.called(v))
		case !found[v.Pin]:
			return g.violation(RuleExpect, edge{}, v.Pin, "%s not go back to %s, which is expected", g.subject(), g.called(v))
		}
	}
	return nil
}

// counterpart is the version of a set that one of date should have been.
func counterpart(set []*Version, date layout.Date) *Version {
	for _, v := range set {
		if v.Manifest.Date == date {
			return v
		}
	}
	return set[0]
}

// MaxAge refuses data that is more than days older than asOf. It looks at the
// artifacts of the roots and of the sources, and of each at the newest partition
// in the closure, so a window may reach further back. Ages are differences of
// dates.
func (g *Graph) MaxAge(days int, asOf layout.Date) *Violation {
	newest := make(map[layout.Artifact]*Version)
	for _, v := range slices.Concat(g.Roots, g.Sources()) {
		if had := newest[v.Pin.Artifact]; had == nil || compare(had, v) < 0 {
			newest[v.Pin.Artifact] = v
		}
	}
	for e := range g.edges {
		if e.input != newest[e.input.Pin.Artifact] {
			continue
		}
		if age := daysBetween(e.input.Manifest.Date, asOf); age > days {
			return g.violation(RuleMaxAge, e, layout.Pin{}, "%s",
				g.which(e, fmt.Sprintf("is of %s, %s before %s, and at most %d are allowed", e.input.Manifest.Date, plural(age, "day"), asOf, days)))
		}
	}
	return nil
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func day(d layout.Date) time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // a Date is a day of the calendar
	return t
}

func daysBetween(from, to layout.Date) int {
	return int((day(to).Unix() - day(from).Unix()) / (24 * 60 * 60))
}

// MinRows refuses a root whose tables have fewer rows together, or that has no
// table that was looked into.
func (g *Graph) MinRows(rows int64) *Violation {
	for _, v := range slices.SortedFunc(slices.Values(g.Roots), compare) {
		has := "has no table whose rows are known"
		if v.Manifest.HasTables() {
			n := rowsOf(v.Manifest)
			if n >= rows {
				continue
			}
			has = "has " + plural(int(n), "row")
		}
		return g.violation(RuleMinRows, edge{nil, v}, layout.Pin{}, "%s %s, and at least %d are required", g.called(v), has, rows)
	}
	return nil
}

func rowsOf(m *layout.Manifest) int64 {
	var n int64
	for _, f := range m.Files {
		if f.Table != nil {
			n += f.Table.Rows
		}
	}
	return n
}

// RequireDates refuses roots that lack the partition of any date between from
// and to, both included, of any of the artifacts.
func (g *Graph) RequireDates(from, to layout.Date, artifacts ...layout.Artifact) *Violation {
	has := make(map[partition]bool)
	for _, v := range g.Roots {
		has[partition{v.Pin.Artifact, v.Manifest.Date}] = true
	}
	for _, a := range slices.Sorted(slices.Values(artifacts)) {
		for t := day(from); !t.After(day(to)); t = t.AddDate(0, 0, 1) {
			if d := layout.Date(t.Format(time.DateOnly)); !has[partition{a, d}] {
				return g.violation(RuleRequireDates, edge{}, layout.Pin{Artifact: a},
					"%s of %s is missing, and every date of %s..%s is required", a, d, from, to)
			}
		}
	}
	return nil
}

// Tainted refuses a closure with a version that reasons has, and says why.
func (g *Graph) Tainted(reasons map[layout.Pin]string) *Violation {
	for e := range g.edges {
		if reason, ok := reasons[e.input.Pin]; ok {
			text := cmp.Or(strings.Join(strings.Fields(reason), " "), "no reason is given")
			return g.violation(RuleTaint, e, layout.Pin{}, "%s", g.which(e, "is tainted: "+text))
		}
	}
	return nil
}
