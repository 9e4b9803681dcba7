package formats_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

func distributionOf(t *testing.T, typ formats.Type, values [][]byte) formats.Distribution {
	t.Helper()
	c := sketch(t, typ, values, false)
	return formats.Distribution{Values: int64(len(values)), Nulls: c.Nulls, Min: c.Min, Max: c.Max, Quantiles: c.Quantiles}
}

func normal(seed uint64, n int, mean, deviation float64) (values [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		v := mean + deviation*r.NormFloat64()
		values = append(values, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
	}
	return values
}

func words(seed uint64, n int, shares ...float64) (values [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		x := r.Float64()
		for i, s := range shares {
			if x -= s; x < 0 || i == len(shares)-1 {
				values = append(values, fmt.Appendf(nil, "word %d", i))
				break
			}
		}
	}
	return values
}

// The figures of known distributions, whose exact drift can be computed.
func TestDrift(t *testing.T) {
	const n = 200_000
	for _, c := range []struct {
		name    string
		typ     formats.Type
		was, is [][]byte
		psi, ks float64
		error1  float64 // of each figure
	}{
		{"the same population", formats.Float64, normal(1, n, 0, 1), normal(2, n, 0, 1), 0, 0, 0.02},
		// KS of two normals half a deviation apart: 2Φ(1/4) − 1.
		{"moved by half a deviation", formats.Float64, normal(1, n, 0, 1), normal(2, n, 0.5, 1), 0.25, 0.197, 0.03},
		{"another population", formats.Float64, normal(1, n, 0, 1), normal(2, n, 100, 1), 17, 1, 2},
		{"the same words", formats.String, words(1, n, 0.5, 0.3, 0.2), words(2, n, 0.5, 0.3, 0.2), 0, 0, 0.051},
		// 2·(0.52 − 0.22)·ln(0.52/0.22)
		{"two words change places", formats.String, words(1, n, 0.52, 0.26, 0.22), words(2, n, 0.22, 0.26, 0.52), 0.516, 0.3, 0.06},
		{"one value", formats.String, words(1, n, 1), words(2, n, 1), 0, 0, 1e-9},
		{"one other value", formats.String, words(1, n, 1), words(2, n, 0, 1), 17, 1, 2},
	} {
		was, is := distributionOf(t, c.typ, c.was), distributionOf(t, c.typ, c.is)
		d, ok := formats.DriftOf(c.typ, []formats.Distribution{was}, []formats.Distribution{is})
		if !ok || math.Abs(d.PSI-c.psi) > c.error1 || math.Abs(d.KS-c.ks) > c.error1 {
			t.Errorf("%s: %+v, %v; want PSI %v, KS %v", c.name, d, ok, c.psi, c.ks)
		}
		// In two tables it is the same.
		half := len(c.is) / 2
		parts := []formats.Distribution{distributionOf(t, c.typ, c.is[:half]), distributionOf(t, c.typ, c.is[half:])}
		d2, ok := formats.DriftOf(c.typ, []formats.Distribution{was}, parts)
		if !ok || math.Abs(d.PSI-d2.PSI) > 0.1*d.PSI+0.06 || math.Abs(d.KS-d2.KS) > 0.051 {
			t.Errorf("%s: %+v in two tables, and %+v in one", c.name, d2, d)
		}
	}
}

func TestDriftOfNulls(t *testing.T) {
	was := distributionOf(t, formats.Float64, normal(1, 1000, 0, 1))
	is := was
	is.Nulls = 1000
	d, ok := formats.DriftOf(formats.Float64, []formats.Distribution{was}, []formats.Distribution{is})
	if !ok || d.KS != 0 || d.PSI < 1 {
		t.Errorf("half of the values became null: %+v", d)
	}
	if _, ok := formats.DriftOf(formats.Float64, []formats.Distribution{was}, []formats.Distribution{{Nulls: 10}}); ok {
		t.Error("nulls alone have a drift")
	}
	if _, ok := formats.DriftOf(formats.Binary, []formats.Distribution{{Values: 3}}, []formats.Distribution{{Values: 3}}); ok {
		t.Error("values without order have a drift")
	}
}

// Times of all kinds have a place between others.
func TestDriftOfTimes(t *testing.T) {
	text := func(s string) *string { return &s }
	for typ, texts := range map[formats.Type][3]string{
		formats.Date: {"2026-01-01", "2026-01-11", "2026-01-21"}, formats.Timestamp(formats.Micro, "UTC"): {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"},
		formats.Time(formats.Milli, ""): {"10:00:00", "11:00:00", "12:00:00"}, formats.Int64: {"-5", "0", "5"}, formats.Decimal(9, 2): {"1.00", "1.50", "2.00"},
		formats.Timestamp(formats.Milli, ""): {"-0500-01-01T00:00:00", "2026-01-01T00:00:00", "+12000-01-01T00:00:00"},
	} {
		low := formats.Distribution{Values: 10, Min: text(texts[0]), Max: text(texts[1]), Quantiles: []string{texts[0], texts[1]}}
		high := formats.Distribution{Values: 10, Min: text(texts[2]), Max: text(texts[2]), Quantiles: []string{texts[2], texts[2]}}
		d, ok := formats.DriftOf(typ, []formats.Distribution{low}, []formats.Distribution{high})
		if !ok || d.KS != 1 || math.IsNaN(d.PSI) {
			t.Errorf("%s: %+v, %v", typ, d, ok)
		}
		if same, _ := formats.DriftOf(typ, []formats.Distribution{low}, []formats.Distribution{low}); same.KS != 0 || same.PSI != 0 {
			t.Errorf("%s: %+v against itself", typ, same)
		}
	}
}
