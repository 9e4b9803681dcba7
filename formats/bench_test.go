package formats_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

// Strings of 12 bytes, of which so many are distinct, given by index and by value.
func BenchmarkStrings(b *testing.B) {
	const rows = 1 << 20
	for _, distinct := range []int{1, 10, 200, 300, 5000, rows} {
		r := rand.New(rand.NewPCG(1, 2))
		var dictionary, values []byte
		for i := range distinct {
			dictionary = formats.AppendValue(dictionary, fmt.Appendf(nil, "word%08d", i))
		}
		indexes := make([]int32, rows)
		for i := range indexes {
			indexes[i] = r.Int32N(int32(distinct))
			values = append(values, dictionary[16*indexes[i]:][:16]...)
		}
		run := func(name string, feed func(*formats.Hasher) error) {
			b.Run(fmt.Sprintf("distinct=%d/%s", distinct, name), func(b *testing.B) {
				for b.Loop() {
					h, err := formats.NewHasher(formats.String, formats.Path{}.Field("a"))
					if err != nil {
						b.Fatal(err)
					}
					if err := feed(h); err != nil {
						b.Fatal(err)
					}
					h.Column()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/value")
			})
		}
		run("indexes", func(h *formats.Hasher) error {
			d, err := h.NewDictionary(dictionary, distinct)
			if err != nil {
				return err
			}
			return h.Indexes(d, indexes, nil, nil)
		})
		run("values", func(h *formats.Hasher) error { return h.Values(values, rows, nil, nil) })
	}
}

// Numbers of each kind; fixed(8) is the hash alone.
func BenchmarkNumbers(b *testing.B) {
	const size = 8 << 20
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]byte, size)
	for i := range values {
		values[i] = byte(r.Uint32()) &^ 0x40 // no exponent of a NaN
	}
	for _, t := range []formats.Type{formats.Fixed(8), formats.Int64, formats.Int32, formats.Uint64, formats.Float64, formats.Float32} {
		b.Run(string(t), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				h, err := formats.NewHasher(t, formats.Path{}.Field("a"))
				if err != nil {
					b.Fatal(err)
				}
				if err := h.Values(values, size/t.Width(), nil, nil); err != nil {
					b.Fatal(err)
				}
				h.Column()
			}
		})
	}
}
