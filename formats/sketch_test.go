package formats_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/cairnstore/cairn/formats"
)

// wantDistinct is the definition of SPEC.md, over all values at once.
func wantDistinct(values [][]byte) int64 {
	set := map[uint64]bool{}
	for _, v := range values {
		set[xxh3.Hash(v)] = true
	}
	if len(set) < 1024 {
		return int64(len(set))
	}
	var hashes []uint64
	for h := range set {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	n := new(big.Int).Lsh(big.NewInt(1023), 64)
	return n.Div(n, new(big.Int).SetUint64(hashes[1023])).Int64()
}

// wantSample returns the numbers of the values that are in the sample of n.
func wantSample(n int) (kept []int) {
	level := 0
	for n>>level >= 8192 {
		level++
	}
	for group := 0; group<<level < n; group++ {
		at := group
		for l := level; l > 0; l-- {
			h := xxh3.Hash(binary.LittleEndian.AppendUint64(nil, uint64(at)<<6|uint64(l)))
			at = 2*at + int(h>>63)
		}
		if at < n {
			kept = append(kept, at)
		}
	}
	return kept
}

func quantilesOf[T any](sample []T, compare func(a, b T) int) (at []T) {
	slices.SortFunc(sample, compare)
	for i := 1; i < 20 && len(sample) > 0; i++ {
		at = append(at, sample[(i*len(sample)+19)/20-1])
	}
	return at
}

// What a Hasher says of its values is as SPEC.md defines it, in whatever batches
// and dictionaries they come.
func TestSketches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 19, 8191, 8192, 8193, 16384, 100_003} {
		for _, distinct := range []int{1, 7, 1500, 1 << 30} {
			t.Run(fmt.Sprintf("%d of %d", n, distinct), func(t *testing.T) {
				numbers := make([]int64, n)
				for i := range numbers {
					numbers[i] = r.Int64N(int64(distinct)) - 3
				}
				testSketch(t, formats.Int64, numbers,
					func(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) },
					func(a, b int64) int { return int(max(-1, min(1, a-b))) },
					func(v int64) string { return strconv.FormatInt(v, 10) })
				words := make([]string, n)
				for i, v := range numbers {
					words[i] = fmt.Sprintf("%*s–%d", 27+i%5, "wörter", v)
				}
				testSketch(t, formats.String, words, func(v string) []byte { return []byte(v) },
					func(a, b string) int { return slices.Compare([]byte(a), []byte(b)) }, func(v string) string { return v })
			})
		}
	}
}

func testSketch[T any](t *testing.T, typ formats.Type, all []T, bytes func(T) []byte, compare func(a, b T) int, text func(T) string) {
	t.Helper()
	var values [][]byte
	for _, v := range all {
		values = append(values, bytes(v))
	}
	var sample []T
	for _, i := range wantSample(len(all)) {
		sample = append(sample, all[i])
	}
	var quantiles []string
	for _, v := range quantilesOf(sample, compare) {
		quantiles = append(quantiles, clip(text(v)))
	}
	for _, byIndex := range []bool{false, true} {
		c := sketch(t, typ, values, byIndex)
		if want := wantDistinct(values); c.Distinct != want {
			t.Errorf("%s, by index %v: %d distinct values, not %d", typ, byIndex, c.Distinct, want)
		}
		if !slices.Equal(c.Quantiles, quantiles) {
			t.Errorf("%s, by index %v: quantiles %q, not %q", typ, byIndex, c.Quantiles, quantiles)
		}
	}
}

// clip keeps the whole characters of the first 32 bytes.
func clip(s string) string {
	end := 0
	for i, c := range s {
		if i+utf8.RuneLen(c) > 32 {
			break
		}
		end = i + utf8.RuneLen(c)
	}
	return s[:end]
}

// sketch feeds values in batches of all sizes, by value or by dictionaries.
func sketch(t *testing.T, typ formats.Type, values [][]byte, byIndex bool) formats.Column {
	t.Helper()
	h, err := formats.NewHasher(typ, formats.Path{}.Field("a"))
	if err != nil {
		t.Fatal(err)
	}
	h.Sketch()
	if typ.Width() == 0 {
		values = slices.Clone(values)
		for i, v := range values {
			values[i] = formats.AppendValue(nil, v)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for len(values) > 0 {
		n := min(len(values), 1+r.IntN(20_000))
		if byIndex {
			err = feedIndexes(h, typ.Width() > 0, values[:n], nil, nil)
		} else {
			err = h.Values(join(values[:n]), n, nil, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		values = values[n:]
	}
	return h.Column()
}

// NaNs have no rank, booleans do, and what has no order has no quantiles.
func TestSketchesOfOtherTypes(t *testing.T) {
	f64 := func(bits uint64) []byte { return binary.LittleEndian.AppendUint64(nil, bits) }
	for _, c := range []struct {
		typ       formats.Type
		values    [][]byte
		distinct  int64
		quantiles int
		first     string
	}{
		{formats.Float64, [][]byte{f64(0x7ff8000000000000), f64(0xfff8000000000001), f64(0x4000000000000000)}, 2, 19, "2"},
		{formats.Float64, [][]byte{f64(0x7ff8000000000000)}, 1, 0, ""},
		{formats.Int64, [][]byte{f64(math.MaxInt64), f64(math.MaxInt64)}, 1, 19, "9223372036854775807"},
		{formats.Uint64, [][]byte{f64(math.MaxUint64)}, 1, 19, "18446744073709551615"},
		{formats.Bool, [][]byte{{1}, {0}, {1}, {1}}, 2, 19, "false"},
		{formats.Bool, [][]byte{{1}}, 1, 19, "true"},
		{formats.Fixed(3), [][]byte{{1, 2, 3}, {1, 2, 3}, {0, 0, 0}}, 2, 0, ""},
		{formats.Binary, [][]byte{{}, {1}, {}}, 2, 0, ""},
		{formats.Decimal(30, 2), [][]byte{append([]byte{200}, make([]byte, 15)...), slices.Repeat([]byte{0xff}, 16)}, 2, 19, "-0.01"},
	} {
		for _, byIndex := range []bool{false, true} {
			got := sketch(t, c.typ, c.values, byIndex)
			if got.Distinct != c.distinct || len(got.Quantiles) != c.quantiles || c.quantiles > 0 && got.Quantiles[0] != c.first {
				t.Errorf("%s, by index %v: %d distinct values, quantiles %q", c.typ, byIndex, got.Distinct, got.Quantiles)
			}
		}
	}
}
