package formats

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A Drift says how far the values of a column have moved.
type Drift struct {
	// PSI is the population stability index over the ten parts into which the
	// reference's deciles divide the values, and nulls as another part. By custom
	// 0.1 is worth a look and 0.25 is another population.
	PSI float64 `json:"psi"`
	// KS is the statistic of Kolmogorov and Smirnov: the largest difference between
	// the shares of values up to some value, from 0 to 1. Nulls do not count.
	KS float64 `json:"ks"`
}

// A Distribution is what is known of the values of one column in one table, as in
// [Column].
type Distribution struct {
	Values    int64 // how many there are
	Nulls     int64
	Min, Max  *string
	Quantiles []string
}

// DriftOf compares a column of type t with itself as it was. Each side may lie in
// several tables. ok is false if a side has no values, or no quantiles are known.
//
// Between quantiles, numbers and times are taken to be spread evenly, and other
// values to be equal to the one before. So both figures have an error of about
// 0.05 where few values are frequent, and of 0.02 where none is.
func DriftOf(t Type, reference, now []Distribution) (d Drift, ok bool) {
	was, ok1 := newMixture(t, reference)
	is, ok2 := newMixture(t, now)
	if !ok1 || !ok2 {
		return Drift{}, false
	}
	points := slices.Concat(was.points(), is.points())
	for _, p := range points {
		d.KS = max(d.KS, math.Abs(was.upTo(p)-is.upTo(p)))
	}
	d.PSI = stability(was, is)
	return d, true
}

// A point is a value that can be compared with others of its type: by number, or
// where it has none by text.
type point struct {
	number float64
	text   string
}

func (p point) less(o point) bool {
	return p.number < o.number || p.number == o.number && p.text < o.text
}

// pointOf reads the text of a value. Texts have no number.
func pointOf(t Type, text string) point {
	name, _, _ := strings.Cut(string(t), "(")
	if name == "string" || name == "bool" {
		return point{text: text}
	}
	layout, ok := map[string]string{"date": time.DateOnly, "time": time.TimeOnly, "timestamp": "2006-01-02T15:04:05"}[name]
	if !ok {
		number, _ := strconv.ParseFloat(text, 64)
		return point{number: number}
	}
	at, err := time.Parse(layout, strings.TrimSuffix(text, "Z"))
	if err != nil { // a year before 0 or after 9999
		return point{number: math.Inf(1 - 2*strings.Count(text[:min(1, len(text))], "-")), text: text}
	}
	return point{number: float64(at.UnixMicro())}
}

// A mixture is the distribution of a column over some tables.
type mixture struct {
	parts  []curve
	values float64
	nulls  float64
}

// A curve is the share of values up to each of some points: from 0 at the first
// to 1 at the last, in equal steps.
type curve struct {
	points []point
	weight float64
	even   bool // values are spread evenly between points
}

func newMixture(t Type, parts []Distribution) (m mixture, ok bool) {
	for _, p := range parts {
		m.nulls += float64(p.Nulls)
		if p.Values == 0 {
			continue
		}
		if len(p.Quantiles) == 0 {
			return m, false
		}
		c := curve{weight: float64(p.Values), even: t != String && t != Bool}
		texts := slices.Clone(p.Quantiles)
		first, last := texts[0], texts[len(texts)-1]
		if p.Min != nil && p.Max != nil {
			first, last = *p.Min, *p.Max
		}
		for _, text := range slices.Concat([]string{first}, texts, []string{last}) {
			c.points = append(c.points, pointOf(t, text))
		}
		m.values += c.weight
		m.parts = append(m.parts, c)
	}
	return m, m.values > 0
}

// upTo returns the share of values that are not larger than p.
func (m mixture) upTo(p point) (share float64) {
	for _, c := range m.parts {
		share += c.upTo(p) * c.weight / m.values
	}
	return share
}

func (c curve) upTo(p point) float64 {
	steps := len(c.points) - 1
	i := sort.Search(len(c.points), func(i int) bool { return p.less(c.points[i]) }) - 1 // the last one up to p
	switch {
	case i < 0:
		return 0
	case i == steps:
		return 1
	}
	return (float64(i) + c.within(i, p)) / float64(steps)
}

// within returns how much of the step after point i is up to p. Where values are
// not spread evenly it may be any part of it.
func (c curve) within(i int, p point) float64 {
	low, high := c.points[i].number, c.points[i+1].number
	switch {
	case !c.even:
		return 0.5
	case high > low && !math.IsInf(high-low, 0):
		return (p.number - low) / (high - low)
	}
	return 0
}

func (m mixture) points() (all []point) {
	for _, c := range m.parts {
		all = append(all, c.points...)
	}
	return all
}

// stability returns the population stability index.
func stability(was, is mixture) (psi float64) {
	const least = 1e-4 // of a share, since a part may be empty
	add := func(p, q float64) {
		p, q = max(p, least), max(q, least)
		psi += (q - p) * math.Log(q/p)
	}
	nulls := func(m mixture) float64 { return m.nulls / (m.nulls + m.values) }
	was0, is0 := 1-nulls(was), 1-nulls(is)
	p, q := 0.0, 0.0
	for _, edge := range was.deciles() {
		p2, q2 := was.upTo(edge), is.upTo(edge)
		add((p2-p)*was0, (q2-q)*is0)
		p, q = p2, q2
	}
	add((1-p)*was0, (1-q)*is0)
	if was.nulls+is.nulls > 0 {
		add(nulls(was), nulls(is))
	}
	return psi
}

// deciles returns points that divide the values into ten parts, as far as they
// can be divided, and the last point, beyond which there were none.
func (m mixture) deciles() (edges []point) {
	points := m.points()
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.less(b):
			return -1
		case b.less(a):
			return 1
		}
		return 0
	})
	for _, p := range points {
		if share := m.upTo(p); share >= float64(len(edges)+1)/10-1e-9 && share < 1 {
			edges = append(edges, p)
		}
	}
	return append(edges, points[len(points)-1])
}
