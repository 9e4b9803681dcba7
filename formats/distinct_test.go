package formats

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/zeebo/xxh3"
)

func TestShortHashes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		v := r.Uint64()
		b := binary.LittleEndian.AppendUint64(nil, v)
		if got, want := xxh3Of8(v), xxh3.Hash(b); got != want {
			t.Fatalf("8 bytes of %x: %x, not %x", v, got, want)
		}
		if got, want := xxh3Of4(uint32(v)), xxh3.Hash(b[:4]); got != want {
			t.Fatalf("4 bytes of %x: %x, not %x", v, got, want)
		}
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000, 1023, 1024, 1500, 5000, 100_000, 3_000_000} {
		d := newDistinct()
		for range 2 { // whatever comes again does not count
			for i := range n {
				d.add(xxh3Of8(uint64(i)))
			}
		}
		got := d.estimate()
		if n < distinctHashes && got != int64(n) {
			t.Errorf("%d values are counted as %d", n, got)
		}
		if math.Abs(float64(got)-float64(n)) > 0.1*float64(n) {
			t.Errorf("%d values are estimated as %d", n, got)
		}
	}
}

// The estimate is that of the definition: from the sorted hashes of all values.
func TestDistinctIsAsDefined(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		d := newDistinct()
		seen := map[uint64]bool{}
		n := r.IntN(10_000)
		for range n {
			h := r.Uint64() >> r.IntN(40)
			seen[h] = true
			d.add(h)
		}
		all := d.sorted()
		for _, h := range all[:min(len(all), distinctHashes)] {
			if !seen[h] {
				t.Fatalf("hash %x was not added", h)
			}
			delete(seen, h)
		}
		if len(all) >= distinctHashes {
			for h := range seen {
				if h < all[distinctHashes-1] {
					t.Fatalf("hash %x was lost", h)
				}
			}
		} else if len(seen) > 0 {
			t.Fatalf("%d hashes were lost", len(seen))
		}
	}
}
