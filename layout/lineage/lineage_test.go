package lineage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/layout"
)

// A world is a set of made-up versions, called "ARTIFACT DATE NUMBER", in which
// the artifact a stands for kind/a.
type world map[string]*Version

// made adds the version spec, made from inputs, which may mix the artifacts that
// follow a "!" in spec.
func (w world) made(spec string, inputs ...string) *Version {
	name, allow, _ := strings.Cut(spec, "!")
	name = strings.TrimSpace(name)
	f := strings.Fields(name)
	m := &layout.Manifest{Artifact: "kind/" + layout.Artifact(f[0]), Date: layout.Date("2026-06-" + f[1])}
	for _, in := range inputs {
		v := w[in]
		m.Inputs = append(m.Inputs, layout.Input{Artifact: v.Pin.Artifact, Date: v.Manifest.Date, Version: v.Pin.Version})
	}
	for _, a := range strings.Fields(allow) {
		m.AllowMixed = append(m.AllowMixed, "kind/"+layout.Artifact(a))
	}
	v := &Version{layout.Pin{Artifact: m.Artifact, Version: layout.Sum([]byte(name))}, m}
	w[name] = v
	return v
}

func (w world) fetch(_ context.Context, pins []layout.Pin) ([]*layout.Manifest, error) {
	manifests := make([]*layout.Manifest, len(pins))
	for i, pin := range pins {
		for _, v := range w {
			if v.Pin == pin {
				manifests[i] = v.Manifest
			}
		}
	}
	return manifests, nil
}

func (w world) graph(t *testing.T, roots ...string) *Graph {
	t.Helper()
	var versions []*Version
	for _, name := range roots {
		versions = append(versions, w[name])
	}
	g, err := Load(t.Context(), versions, w.fetch)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// text is the sentence of v in which pins read as the names of the world.
func (w world) text(v *Violation) string {
	if v == nil {
		return ""
	}
	s := v.Error()
	for name, version := range w {
		f := strings.Fields(name)
		s = strings.ReplaceAll(s, short(version.Pin), f[0]+f[2])
	}
	return s
}

func TestLoad(t *testing.T) {
	w := world{}
	w.made("d 01 1")
	w.made("d 02 1")
	w.made("f 01 1", "d 01 1")
	w.made("f 02 1", "d 02 1", "d 01 1")
	w.made("m 02 1", "f 01 1", "f 02 1", "d 01 1")
	var levels []int
	read := make(map[layout.Pin]int)
	g, err := Load(t.Context(), []*Version{w["m 02 1"], w["m 02 1"]}, func(ctx context.Context, pins []layout.Pin) ([]*layout.Manifest, error) {
		levels = append(levels, len(pins))
		for _, pin := range pins {
			read[pin]++
		}
		return w.fetch(ctx, pins)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(levels, []int{3, 1}) {
		t.Errorf("levels of %d", levels)
	}
	for pin, n := range read {
		if n != 1 {
			t.Errorf("%s was read %d times", pin, n)
		}
	}
	var order []string
	for _, v := range g.Versions {
		order = append(order, string(v.Pin.Artifact[5:])+string(v.Manifest.Date[8:]))
	}
	if got := strings.Join(order, " "); got != "m02 d01 f01 f02 d02" || len(g.Roots) != 1 {
		t.Errorf("the order is %s", got)
	}
	if got := len(g.Sources()); got != 2 {
		t.Errorf("%d sources", got)
	}

	errGone := errors.New("gone")
	if _, err := Load(t.Context(), []*Version{w["m 02 1"]}, func(context.Context, []layout.Pin) ([]*layout.Manifest, error) {
		return nil, errGone
	}); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
	// Two versions that disagree about a third.
	w["f 02 1"].Manifest.Inputs[1].Date = "2026-06-03"
	var invalid *layout.Error
	if _, err := Load(t.Context(), []*Version{w["m 02 1"]}, w.fetch); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
}

// Every rule, and its sentence. A sentence that is empty means no violation.
func TestRules(t *testing.T) {
	w := world{}
	for _, d := range []string{"01", "02", "03"} {
		w.made("d " + d + " 1")
		w.made("f "+d+" 1", "d "+d+" 1")
	}
	w.made("d 01 2")
	w.made("f 01 2", "d 01 2")
	w.made("l 01 1", "d 01 1")
	w.made("l 02 1", "d 02 1")
	w.made("w 03 1", "f 01 1", "f 02 1", "f 03 1")
	w.made("x 03 1", "f 02 1", "f 03 1")
	w.made("w 03 2", "f 01 2", "f 02 1", "f 03 1")
	w.made("m 01 1", "d 01 2", "f 01 1")
	w.made("m 02 1", "f 01 1", "l 02 1")
	w.made("a 01 1 ! d", "d 01 2", "f 01 1")
	w.made("b 01 1", "a 01 1")
	w.made("f 01 3", "f 01 1")
	w.made("d 01 3 ! d", "d 01 1")
	w.made("g 01 1", "d 01 3")
	w["f 01 1"].Manifest.Files = []layout.File{{Table: &layout.Table{Rows: 7}}, {}, {Table: &layout.Table{Rows: 5}}}
	w["f 02 1"].Manifest.Files = []layout.File{{Table: &layout.Table{Rows: 20}}}
	w["f 03 1"].Manifest.Files = []layout.File{{}}
	names := map[layout.Pin]string{w["d 01 1"].Pin: "v1", w["d 01 2"].Pin: "v2"}
	f01 := w["f 01 1"].Manifest

	expect := func(names ...string) func(*Graph) *Violation {
		return func(g *Graph) *Violation {
			var versions []*Version
			for _, name := range names {
				versions = append(versions, w[name])
			}
			return g.Expect(versions...)
		}
	}
	noMixed := func(except ...layout.Artifact) func(*Graph) *Violation {
		return func(g *Graph) *Violation { return g.NoMixed(except...) }
	}
	maxAge := func(days int, asOf layout.Date) func(*Graph) *Violation {
		return func(g *Graph) *Violation { return g.MaxAge(days, asOf) }
	}
	minRows := func(n int64) func(*Graph) *Violation {
		return func(g *Graph) *Violation { return g.MinRows(n) }
	}
	dates := func(from, to layout.Date) func(*Graph) *Violation {
		return func(g *Graph) *Violation { return g.RequireDates(from, to, "kind/f") }
	}
	tainted := func(name string) func(*Graph) *Violation {
		return func(g *Graph) *Violation {
			return g.Tainted(map[layout.Pin]string{w[name].Pin: "the ages\nare in months"})
		}
	}
	model := &layout.Manifest{Artifact: "kind/m", Date: "2026-06-01"}
	mixing := &layout.Manifest{Artifact: "kind/m", Date: "2026-06-01", AllowMixed: []layout.Artifact{"kind/d"}}

	for _, c := range []struct {
		what     string
		roots    string
		consumer *layout.Manifest
		rule     func(*Graph) *Violation
		want     string
	}{
		{"the right version", "f 01 1", nil, expect("d 01 1"), ""},
		{"the wrong version", "f 01 1", nil, expect("d 01 2"), "f1 was made from d1 (v1), but d2 (v2) is expected"},
		{"the wrong version of what is asked for", "d 01 1", nil, expect("d 01 2"), "d1 (v1) was asked for, but d2 (v2) is expected"},
		{"the wrong version as an input", "d 01 1", model, expect("d 01 2"), "kind/m of 2026-06-01 would be made from d1 (v1), but d2 (v2) is expected"},
		{"a missing artifact", "l 01 1", nil, expect("f 01 1"), "l1 does not go back to any version of kind/f, but f1 (2026-06-01) is expected"},
		{"a missing artifact of several", "d 01 1,l 01 1", nil, expect("f 01 1"), "d1 with 1 more does not go back to any version of kind/f, but f1 (2026-06-01) is expected"},
		{"a missing artifact as input", "", model, expect("f 01 1"), "kind/m of 2026-06-01 would not go back to any version of kind/f, but f1 (2026-06-01) is expected"},
		{"several, all there", "w 03 1", nil, expect("f 01 1", "f 02 1", "f 03 1"), ""},
		{"several, one missing", "x 03 1", nil, expect("f 01 1", "f 02 1", "f 03 1"), "x1 does not go back to f1 (2026-06-01), which is expected"},
		{"several, one too many", "w 03 1", nil, expect("f 01 1", "f 02 1"), "w1 was made from f1 (2026-06-03), but f1 (2026-06-01) is expected"},
		{"several, one of them another", "w 03 2", nil, expect("f 01 1", "f 02 1", "f 03 1"), "w2 was made from f2 (2026-06-01), but f1 (2026-06-01) is expected"},

		{"one version by two paths", "f 01 1,l 01 1", nil, noMixed(), ""},
		{"two versions by two paths, equal dates", "m 01 1", nil, noMixed(), "m1 was made from d2 (v2), but f1 was made from d1 (v1)"},
		{"the same as inputs", "d 01 2,f 01 1", model, noMixed(), "f1 was made from d1 (v1), but d2 (v2) is used beside it"},
		{"the same, asked for", "d 01 1,d 01 2", nil, noMixed(), "D was asked for, but D is used beside it"},
		{"two versions by two paths, different dates", "m 02 1", nil, noMixed(), "f1 was made from d1 (v1), but l1 was made from d1 (2026-06-02)"},
		{"the same as inputs, different dates", "f 01 1,l 02 1", model, noMixed(), "f1 was made from d1 (v1), but l1 was made from d1 (2026-06-02)"},
		{"one of them direct, different dates", "f 01 1,d 02 1", model, noMixed(), "f1 was made from d1 (v1), but d1 (2026-06-02) is used beside it"},
		{"two windows of increments", "w 03 1,x 03 1", model, noMixed(), ""},
		{"a window and an increment", "w 03 1,f 02 1", model, noMixed(), ""},
		{"a corrected partition under half of a window", "w 03 1,w 03 2", nil, noMixed(), "W was asked for, but W is used beside it"},
		{"a corrected partition under a window and an increment", "w 03 1,l 01 1,f 01 2", model, noMixed(), "f2 was made from d2 (v2), but l1 was made from d1 (v1)"},
		{"from another version of the same partition", "f 01 1", &layout.Manifest{Artifact: "kind/f", Date: "2026-06-01"}, noMixed(),
			"kind/f of 2026-06-01 would be made from f1 (2026-06-01), which is another version of the partition that is to be published"},
		{"the same, published", "f 01 3", nil, noMixed(), "f3 was made from f1 (2026-06-01), another version of its own partition"},
		{"an exception", "m 01 1", nil, noMixed("kind/d"), ""},
		{"an exception for another", "m 01 1", nil, noMixed("kind/l"), "m1 was made from d2 (v2), but f1 was made from d1 (v1)"},
		{"an exception that the consumer records", "d 01 2,f 01 1", mixing, noMixed(), ""},
		{"an exception recorded", "a 01 1", nil, noMixed(), ""},
		{"an exception recorded further up", "b 01 1", nil, noMixed(), ""},
		{"an exception beside what it is for", "b 01 1,l 01 1", nil, noMixed(), "l1 was made from d1 (v1), but a1 was made from d2 (v2)"},
		{"an exception for a successor, beside what was made before", "d 01 3,f 01 1", nil, noMixed(), "f1 was made from d1 (v1), but d3 (2026-06-01) is used beside it"},
		{"an exception for a successor", "g 01 1", nil, noMixed(), ""},
		{"an exception recorded elsewhere", "a 01 1,m 01 1", nil, noMixed(), "a1 was made from d2 (v2), but f1 was made from d1 (v1)"},

		{"fresh", "f 01 1", nil, maxAge(7, "2026-06-08"), ""},
		{"too old", "f 01 1", nil, maxAge(7, "2026-06-09"), "f1 (2026-06-01) is of 2026-06-01, 8 days before 2026-06-09, and at most 7 are allowed"},
		{"an old source", "d 02 1,f 01 1", model, maxAge(7, "2026-06-09"),
			"kind/m of 2026-06-01 would be made from f1 (2026-06-01), which is of 2026-06-01, 8 days before 2026-06-09, and at most 7 are allowed"},
		{"a source too old", "m 02 1", nil, maxAge(0, "2026-06-03"), "m1 (2026-06-02) is of 2026-06-02, 1 day before 2026-06-03, and at most 0 are allowed"},
		{"an old beginning of a window", "w 03 1", nil, maxAge(0, "2026-06-03"), ""},
		{"from the future", "w 03 1", nil, maxAge(0, "2026-06-01"), ""},

		{"rows enough", "f 01 1,f 02 1", nil, minRows(12), ""},
		{"too few rows", "f 01 1,f 02 1", nil, minRows(13), "f1 (2026-06-01) has 12 rows, and at least 13 are required"},
		{"no table", "f 03 1,f 02 1", nil, minRows(1), "f1 (2026-06-03) has no table whose rows are known, and at least 1 are required"},

		{"all dates", "f 01 1,f 02 1,f 03 1", nil, dates("2026-06-01", "2026-06-03"), ""},
		{"a missing date", "f 01 1,f 03 1,d 02 1", nil, dates("2026-06-01", "2026-06-03"), "kind/f of 2026-06-02 is missing, and every date of 2026-06-01..2026-06-03 is required"},
		{"a missing last date", "f 01 1", nil, dates("2026-06-01", "2026-06-02"), "kind/f of 2026-06-02 is missing, and every date of 2026-06-01..2026-06-02 is required"},

		{"untainted", "m 02 1", nil, tainted("d 03 1"), ""},
		{"a tainted grandparent", "m 02 1", nil, tainted("d 01 1"), "f1 was made from d1 (v1), which is tainted: the ages are in months"},
		{"tainted itself", "d 01 1", nil, tainted("d 01 1"), "d1 (v1) is tainted: the ages are in months"},
		{"a tainted input", "d 01 1", model, tainted("d 01 1"), "kind/m of 2026-06-01 would be made from d1 (v1), which is tainted: the ages are in months"},
	} {
		var roots []string
		for name := range strings.SplitSeq(c.roots, ",") {
			if name != "" {
				roots = append(roots, name)
			}
		}
		g := w.graph(t, roots...)
		g.Consumer, g.Name = c.consumer, func(p layout.Pin) string { return names[p] }
		v := c.rule(g)
		got := w.text(v)
		want := c.want
		// Which of two siblings comes first is decided by their digests.
		if strings.ContainsAny(want, "DW") {
			want = strings.NewReplacer("D", "d1 (v1)", "W", "w1 (2026-06-03)").Replace(want)
			got = strings.NewReplacer("d2 (v2)", "d1 (v1)", "w2", "w1").Replace(got)
		}
		if got != want {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, want)
		}
		// In another order, the same sentence.
		slices.Reverse(roots)
		again := w.graph(t, roots...)
		again.Consumer, again.Name = g.Consumer, g.Name
		if v2 := c.rule(again); len(roots) > 1 && c.what != "a missing artifact of several" && w.text(v2) != w.text(v) {
			t.Errorf("%s: another sentence in another order: %s", c.what, w.text(v2))
		}
	}
	if v := w.graph(t, "f 01 1").Expect(w["d 01 2"]); v.Consumer != w["f 01 1"].Pin || v.Found != w["d 01 1"].Pin || v.Other != w["d 01 2"].Pin || v.Rule != RuleExpect {
		t.Errorf("got %+v", v)
	} else if !strings.Contains(v.Error(), "kind/d@"+v.Found.Version.Short()+" (2026-06-01)") {
		t.Errorf("without names: %s", v)
	}
	if f01.Inputs[0].Artifact != "kind/d" {
		t.Fatal("the world changed")
	}
}

// subtreeOf returns what the version i of w leads to, i included.
func subtreeOf(w []*Version, i int) map[int]bool {
	s := map[int]bool{i: true}
	for _, j := range inputsOf(w, i) {
		for k := range subtreeOf(w, j) {
			s[k] = true
		}
	}
	return s
}

func inputsOf(w []*Version, i int) (inputs []int) {
	for _, in := range w[i].Manifest.Inputs {
		inputs = append(inputs, slices.IndexFunc(w, func(v *Version) bool { return v.Pin == in.Pin() }))
	}
	return inputs
}

// leadsAround reports whether some way from version i to target avoids version
// around.
func leadsAround(w []*Version, i, target, around int) bool {
	if i == around {
		return false
	}
	return i == target || slices.ContainsFunc(inputsOf(w, i), func(j int) bool { return leadsAround(w, j, target, around) })
}

// mixes is the definition of mixed versions without any thought of speed. The
// last version of w is the consumer.
func mixes(w []*Version) bool {
	last := len(w) - 1
	trees := make([]map[int]bool, len(w))
	for i := range w {
		trees[i] = subtreeOf(w, i)
	}
	closure := trees[last]
	exempt := func(a layout.Artifact, versions ...int) bool {
		for i := range closure {
			around := func(j int) bool { return leadsAround(w, last, j, i) }
			if slices.Contains(w[i].Manifest.AllowMixed, a) && !slices.ContainsFunc(versions, around) {
				return true
			}
		}
		return false
	}
	for i := range closure {
		for j := range closure {
			a, b := w[i], w[j]
			if i != j && a.Pin.Artifact == b.Pin.Artifact && a.Manifest.Date == b.Manifest.Date && !exempt(a.Pin.Artifact, i, j) {
				return true
			}
		}
	}
	for i := range closure {
		groups := make(map[layout.Artifact]map[int]bool)
		for _, in := range w[i].Manifest.Inputs {
			if groups[in.Artifact] == nil {
				groups[in.Artifact] = make(map[int]bool)
			}
			for k := range trees[slices.IndexFunc(w, func(v *Version) bool { return v.Pin == in.Pin() })] {
				groups[in.Artifact][k] = true
			}
		}
		only := func(group, a layout.Artifact) (only int, ok bool) {
			n := 0
			for k := range groups[group] {
				if w[k].Pin.Artifact == a {
					only, n = k, n+1
				}
			}
			return only, n == 1
		}
		for g := range groups {
			for h := range groups {
				for _, v := range w {
					a := v.Pin.Artifact
					x, ok1 := only(g, a)
					y, ok2 := only(h, a)
					if ok1 && ok2 && x != y && !exempt(a, i) {
						return true
					}
				}
			}
		}
	}
	return false
}

// Every lineage of four versions and their consumer, of three artifacts and two
// dates, and of three with every exception that one of them may have, is judged
// as the definition says.
func TestNoMixedExhaustively(t *testing.T) {
	verdicts := make(map[bool]int)
	check := func(w []*Version) {
		last := w[len(w)-1]
		byPin := make(map[layout.Pin]*layout.Manifest)
		for _, v := range w {
			byPin[v.Pin] = v.Manifest
		}
		fetch := func(_ context.Context, pins []layout.Pin) ([]*layout.Manifest, error) {
			found := make([]*layout.Manifest, len(pins))
			for i, pin := range pins {
				found[i] = byPin[pin]
			}
			return found, nil
		}
		var roots []*Version
		for _, in := range last.Manifest.Inputs {
			roots = append(roots, &Version{in.Pin(), byPin[in.Pin()]})
		}
		asInputs, err := Load(t.Context(), roots, fetch)
		if err != nil {
			t.Fatal(err)
		}
		asInputs.Consumer = last.Manifest
		published, err := Load(t.Context(), []*Version{last}, fetch)
		if err != nil {
			t.Fatal(err)
		}
		want := mixes(w)
		verdicts[want]++
		// What could not be published is refused when it is read, and the other way round.
		for what, g := range map[string]*Graph{"about to be published": asInputs, "published": published} {
			if v := g.NoMixed(); (v != nil) != want {
				for _, v := range w {
					t.Logf("%s of %s from %v, allows %v", short(v.Pin), v.Manifest.Date, v.Manifest.Inputs, v.Manifest.AllowMixed)
				}
				t.Fatalf("%s: got %v", what, v)
			}
		}
	}
	for n := range 4 {
		for w := range worlds(n + 1) {
			check(w)
		}
	}
	for w := range worlds(3) {
		for _, v := range w {
			for a := range 3 {
				v.Manifest.AllowMixed = []layout.Artifact{artifactOf(a)}
				check(w)
				v.Manifest.AllowMixed = nil
			}
		}
	}
	t.Logf("%d are refused, %d are not", verdicts[true], verdicts[false])
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Error("all have the same verdict")
	}
}

func artifactOf(i int) layout.Artifact { return layout.Artifact(fmt.Sprintf("kind/%c", 'a'+i)) }

// isClosure reports whether all of w belongs to the closure of the last of it.
func isClosure(w []*Version) bool { return len(subtreeOf(w, len(w)-1)) == len(w) }

// worlds yields all lineages of n versions and a consumer that leads to all of
// them, up to the names of artifacts and dates.
func worlds(n int) func(func([]*Version) bool) {
	w := make([]*Version, n+1)
	return func(yield func([]*Version) bool) {
		var next func(i, artifacts int) bool
		next = func(i, artifacts int) bool {
			if i == len(w) {
				return !isClosure(w) || yield(w)
			}
			for a := range min(artifacts+1, 3) {
				for date := range min(i+1, 2) {
					for edges := range 1 << i {
						if i == n && edges == 0 {
							continue
						}
						m := &layout.Manifest{Artifact: artifactOf(a), Date: layout.Date(fmt.Sprintf("2026-06-0%d", date+1))}
						for j := range i {
							if edges>>j&1 == 1 {
								m.Inputs = append(m.Inputs, layout.Input{Artifact: w[j].Pin.Artifact, Date: w[j].Manifest.Date, Version: w[j].Pin.Version})
							}
						}
						slices.SortFunc(m.Inputs, func(a, b layout.Input) int { return strings.Compare(string(a.Artifact), string(b.Artifact)) })
						w[i] = &Version{layout.Pin{Artifact: m.Artifact, Version: layout.Digest{byte(i + 1)}}, m}
						if !next(i+1, max(artifacts, a+1)) {
							return false
						}
					}
				}
			}
			return true
		}
		next(0, 0)
	}
}
